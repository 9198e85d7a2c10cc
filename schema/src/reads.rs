//! Who looked at what is kept of members: for who keeps watch over access, and for members
//! themselves as far as the community tells them.

use actions::{Permission, reads::READERS_OF_READS};
use async_graphql::{Enum, Object};
use domain::access::SeeReads;
use projections::reads::{self, Filter, ReadRow};

use crate::{
    blocks::user_id,
    guard::May,
    page::{Asked, List, cost},
    people::Person,
    scalars::{Long, Snowflake, Time},
    scope::Scope,
    trouble::Answer,
};

const WATCHERS: &[Permission] = READERS_OF_READS;

/// What somebody looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ReadKind {
    CaseOpened,
    /// Everything there is against somebody.
    RecordOpened,
    CasesBrowsed,
    LogRead,
    LogSearched,
    FileOpened,
    ListTaken,
    ListSearched,
    HistorySearched,
    /// More than are told one by one.
    ManyOpened,
}

impl ReadKind {
    fn of(what: &str) -> Self {
        match what {
            "case_opened" => Self::CaseOpened,
            "record_opened" => Self::RecordOpened,
            "cases_browsed" => Self::CasesBrowsed,
            "log_read" => Self::LogRead,
            "log_searched" => Self::LogSearched,
            "file_opened" => Self::FileOpened,
            "list_taken" => Self::ListTaken,
            "list_searched" => Self::ListSearched,
            "history_searched" => Self::HistorySearched,
            _ => Self::ManyOpened,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ReadVia {
    Dashboard,
    Discord,
    /// A file that was taken along.
    Download,
}

/// What members learn of those who looked at what is kept of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "SeeReads")]
pub enum ReadsShown {
    Nothing,
    /// What and when, and not by whom.
    When,
    Who,
}

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "ReadsOnGuild")]
impl OnGuild {
    /// Who looked at what is kept of members, newest first.
    #[graphql(guard = "May(&self.0, WATCHERS)", complexity = "cost(first, child_complexity)")]
    async fn reads(
        &self,
        #[graphql(desc = "Only by this person")] by: Option<Snowflake>,
        #[graphql(desc = "Only about this person")] about: Option<Snowflake>,
        #[graphql(desc = "Only by operators of this bot", default)] operators: bool,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<List<Read>> {
        let asked = Asked::read(first, after.as_deref())?;
        let guild = self.0.guild();
        let mut filter = Filter { operators, ..Filter::default() };
        for (user, person) in [(by, &mut filter.who), (about, &mut filter.whom)] {
            let Some(user) = user else { continue };
            *person = self.0.actions().people().find(guild, user_id(user)?).await?;
            if person.is_none() {
                return Ok(asked.page(Vec::new(), |_| 0));
            }
        }
        let store = self.0.reading("reads").await?;
        let rows = reads::page(&store, guild, &filter, asked.before, asked.wanted()).await?;
        Ok(self.page(asked, rows))
    }

    /// Who of the staff looked at what is kept of you, newest first, as far as this community tells.
    #[graphql(complexity = "cost(first, child_complexity)")]
    async fn reads_of_yours(
        &self,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<List<Read>> {
        let asked = Asked::read(first, after.as_deref())?;
        let (guild, store) = (self.0.guild(), self.0.reading("reads").await?);
        let (actions, caller) = (self.0.actions(), self.0.caller());
        let rows = actions.reads_of_own(&store, guild, caller, asked.before, asked.wanted());
        Ok(self.page(asked, rows.await?))
    }

    /// How much of that this community tells its members.
    async fn reads_shown(&self) -> Answer<ReadsShown> {
        Ok(self.0.actions().members_see_reads(self.0.guild()).await?.into())
    }
}

impl OnGuild {
    fn page(&self, asked: Asked, rows: Vec<ReadRow>) -> List<Read> {
        let lines = rows.into_iter().map(|row| Read { scope: self.0.clone(), row });
        asked.page(lines.collect(), |line| line.row.seq)
    }
}

/// That somebody looked.
pub struct Read {
    scope: Scope,
    row: ReadRow,
}

#[Object]
impl Read {
    /// The event's number in the community.
    async fn seq(&self) -> Long {
        Long(self.row.seq.cast_signed())
    }

    async fn at(&self) -> Time {
        Time(self.row.at)
    }

    async fn what(&self) -> ReadKind {
        ReadKind::of(&self.row.what)
    }

    /// Who looked; none once they were erased, and where you are not told.
    async fn who(&self) -> Option<Person> {
        self.row.who.map(|number| Person::of(self.scope.guild(), number))
    }

    /// Whether they run this bot, and were let in.
    async fn by_operator(&self) -> bool {
        self.row.operator
    }

    async fn whom(&self) -> Option<Person> {
        self.row.whom.map(|number| Person::of(self.scope.guild(), number))
    }

    async fn case(&self) -> Option<u32> {
        self.row.case.map(|case| case.0)
    }

    /// The name of the list that was taken along.
    async fn list(&self) -> Option<&str> {
        self.row.list.as_deref()
    }

    async fn via(&self) -> ReadVia {
        match self.row.via.as_str() {
            "discord" => ReadVia::Discord,
            "download" => ReadVia::Download,
            _ => ReadVia::Dashboard,
        }
    }
}
