//! Moderation: cases with everything that was said of them, members' records, appeals, and who did
//! how much. Who sees how much of a case is decided by `actions`, as for slash commands.

mod appeals;
mod case;
mod edit;
mod everywhere;
mod files;
mod own;
mod punish;
mod undo;

use actions::{
    Permission,
    moderation::{MODULE, Sight},
};
use async_graphql::{InputObject, MergedObject, Object, SimpleObject};
use domain::{PersonId, Timestamp, case::Kind, reads::Thing};
use projections::moderation::{
    cases::{self, Counts, Filter, Order},
    moderators,
};

pub use everywhere::{Everywhere, EverywhereFilter, Last, list as everywhere};
pub use own::{Punished, punished};

use self::{
    appeals::OpenAppeal,
    case::{Case, CaseKind, CaseStatus, Seen},
    undo::{UndoCause, UndoPreview},
};
use crate::{
    blocks::user_id,
    guard::May,
    page::{Asked, List, cost},
    people::Person,
    scalars::{Long, Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

/// Cases that a record shows at once; all of them are in the list.
const RECENT: u32 = 5;

#[derive(Debug, MergedObject, Default)]
pub struct Mutations(punish::Mutations, edit::Mutations, undo::Mutations, appeals::Mutations);

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "ModerationOnGuild")]
impl OnGuild {
    async fn moderation(&self) -> Answer<Moderation> {
        // Members are refused where it is off; who reads records looks back at what was.
        if !self.0.may(&[Permission::ViewRecords]).await? {
            self.0.actions().require_module(self.0.guild(), &MODULE).await?;
        }
        Ok(Moderation(self.0.clone()))
    }
}

pub struct Moderation(Scope);

#[Object]
impl Moderation {
    /// Cases, newest first. What you are not told of yourself is not among them.
    #[graphql(
        guard = "May(&self.0, &[Permission::ViewRecords])",
        complexity = "cost(first, child_complexity)"
    )]
    async fn cases(
        &self,
        filter: Option<CaseFilter>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<List<Case>> {
        let asked = Asked::read(first, after.as_deref())?;
        let seen = Seen::by(&self.0).await?;
        let Some(filter) = filter.unwrap_or_default().known(&seen).await? else {
            return Ok(asked.page(Vec::new(), |_| 0));
        };
        self.0.looks_at(filter.person.map_or(Thing::Cases, |whom| Thing::Record { whom })).await;
        let store = self.0.reading("cases").await?;
        let after = asked.before.map(case::number).transpose()?;
        let (order, guild) = (Order::NewestFirst, self.0.guild());
        let rows = cases::page(&store, guild, &filter, order, after, asked.wanted()).await?;
        let lines = rows.into_iter().map(|row| seen.case(row)).collect();
        Ok(asked.page(lines, |case: &Case| u64::from(case.row.number.0)))
    }

    /// How many cases of each kind a filter finds.
    #[graphql(guard = "May(&self.0, &[Permission::ViewRecords])")]
    async fn case_counts(&self, filter: Option<CaseFilter>) -> Answer<Vec<KindCount>> {
        let seen = Seen::by(&self.0).await?;
        let Some(filter) = filter.unwrap_or_default().known(&seen).await? else {
            return Ok(Vec::new());
        };
        let store = self.0.reading("cases").await?;
        let counts = cases::counts(&store, self.0.guild(), &filter, seen.at).await?;
        Ok(counts.iter().map(KindCount::of).collect())
    }

    /// One case: with View Records, or your own where the community shows you. None where there is
    /// no such case for you.
    async fn case(&self, number: u32) -> Answer<Option<Case>> {
        let seen = Seen::by(&self.0).await?;
        let (guild, number) = (self.0.guild(), domain::CaseNumber(number));
        let row = cases::one(&*self.0.reading("cases").await?, guild, number).await?;
        let actions = self.0.actions();
        let sight = actions.sight_of_case(guild, self.0.caller(), row.as_ref()).await;
        match (sight, row) {
            (Ok(Sight::All), Some(row)) => {
                self.0.looks_at(Thing::Case { case: number, whom: row.person }).await;
                Ok(Some(Case { all: true, ..seen.case(row) }))
            }
            (Ok(Sight::Own), Some(row)) => Ok(Some(Case { all: false, ..seen.case(row) })),
            (Ok(_), None) => Ok(None),
            (Err(error), _) if error.rule() == Some("case.no_such_case") => Ok(None),
            (Err(error), _) => Err(error.into()),
        }
    }

    /// What there is against somebody: with View Records, or against you where the community shows
    /// you.
    #[graphql(complexity = "10 * child_complexity")]
    async fn record(&self, user: Snowflake) -> Answer<Record> {
        let (guild, user) = (self.0.guild(), user_id(user)?);
        let actions = self.0.actions();
        let sight = actions.sight_of_record(guild, self.0.caller(), user).await?;
        let person = actions.people().find(guild, user).await?;
        if let (Sight::All, Some(whom)) = (sight, person) {
            self.0.looks_at(Thing::Record { whom }).await;
        }
        Ok(Record { seen: Seen::by(&self.0).await?, person, all: sight == Sight::All })
    }

    /// Who did how much, busiest first.
    #[graphql(
        guard = "May(&self.0, &[Permission::ViewRecords])",
        complexity = "20 * child_complexity"
    )]
    async fn moderators(&self) -> Answer<Vec<Workload>> {
        let store = self.0.reading("moderators").await?;
        let guild = self.0.guild();
        let mut all: Vec<(PersonId, Workload)> = Vec::new();
        for row in moderators::activity(&store, guild, None).await? {
            if all.last().is_none_or(|(person, _)| *person != row.person) {
                let (moderator, last_at) = (Person::of(guild, row.person), Time(row.last_at));
                let begun = Workload { moderator, cases: Long(0), last_at, kinds: Vec::new() };
                all.push((row.person, begun));
            }
            let Some((_, workload)) = all.last_mut() else { continue };
            workload.cases.0 += row.cases.cast_signed();
            workload.last_at = Time(workload.last_at.0.max(row.last_at));
            let (kind, cases) = (row.kind.into(), Long(row.cases.cast_signed()));
            workload.kinds.push(KindDone { kind, cases });
        }
        all.sort_by(|(one, first), (other, second)| {
            second.cases.0.cmp(&first.cases.0).then(one.cmp(other))
        });
        Ok(all.into_iter().map(|(_, workload)| workload).collect())
    }

    /// Appeals that nobody has answered, those that wait longest first.
    #[graphql(
        guard = "May(&self.0, &[Permission::ViewRecords])",
        complexity = "cost(first, child_complexity)"
    )]
    async fn appeals(&self, first: Option<i32>, after: Option<String>) -> Answer<List<OpenAppeal>> {
        self.0.looks_at(Thing::Cases).await;
        appeals::open(&self.0, &Asked::read(first, after.as_deref())?).await
    }

    /// What taking back by cause would come to, with Manage Settings.
    #[graphql(guard = "May(&self.0, &[Permission::ManageSettings])")]
    async fn undo_preview(&self, cause: UndoCause) -> Answer<UndoPreview> {
        if self.0.then().is_some() {
            return Err(Trouble::bad_input("What is past cannot be undone; leave asOf out."));
        }
        undo::preview(&self.0, cause).await
    }
}

/// Which cases: all that is named must hold.
#[derive(InputObject, Default)]
pub struct CaseFilter {
    /// About whom.
    pub user: Option<Snowflake>,
    /// Whose hand it was.
    pub moderator: Option<Snowflake>,
    /// A rule of the bot's that made them, such as `ladder`.
    pub rule: Option<String>,
    pub kind: Option<CaseKind>,
    pub status: Option<CaseStatus>,
    /// Only what counts or is in force.
    pub active: Option<bool>,
    /// Those that were ordered together with this case.
    pub batch_of: Option<u32>,
    /// Only those with an appeal that waits for an answer.
    pub appeal_open: Option<bool>,
    /// Hidden ones as well.
    pub hidden: Option<bool>,
    pub since: Option<Time>,
    pub until: Option<Time>,
}

impl CaseFilter {
    /// With person numbers; none where it names somebody who was never seen here.
    async fn known(self, seen: &Seen) -> Answer<Option<Filter>> {
        let (scope, guild) = (&seen.scope, seen.scope.guild());
        let yes = |asked: Option<bool>| asked == Some(true);
        let mut known = Filter {
            rule: self.rule,
            kind: self.kind.map(Kind::from),
            status: self.status.map(Into::into),
            active: yes(self.active).then_some(seen.at),
            appeal_open: yes(self.appeal_open),
            hidden_too: yes(self.hidden),
            since: self.since.map(|since| since.0),
            until: self.until.map(|until| until.0),
            untold: seen.viewer,
            ..Filter::default()
        };
        for (user, person) in
            [(self.user, &mut known.person), (self.moderator, &mut known.moderator)]
        {
            let Some(user) = user else { continue };
            let found = scope.actions().people().find(guild, user_id(user)?).await?;
            let Some(found) = found else { return Ok(None) };
            *person = Some(found);
        }
        if let Some(number) = self.batch_of {
            let store = scope.reading("cases").await?;
            let row = cases::one(&store, guild, domain::CaseNumber(number)).await?;
            let Some(batch) = row.and_then(|row| row.batch) else { return Ok(None) };
            known.batch = Some(batch);
        }
        Ok(Some(known))
    }
}

#[derive(SimpleObject)]
pub struct KindCount {
    pub kind: CaseKind,
    pub all: Long,
    /// Those that still count or are in force.
    pub active: Long,
}

impl KindCount {
    fn of(counts: &Counts) -> Self {
        let (all, active) = (counts.all.cast_signed(), counts.active.cast_signed());
        Self { kind: counts.kind.into(), all: Long(all), active: Long(active) }
    }
}

/// What a moderator did.
#[derive(SimpleObject)]
pub struct Workload {
    pub moderator: Person,
    pub cases: Long,
    pub last_at: Time,
    pub kinds: Vec<KindDone>,
}

#[derive(SimpleObject)]
pub struct KindDone {
    pub kind: CaseKind,
    pub cases: Long,
}

/// What there is against somebody.
pub struct Record {
    seen: Seen,
    /// None where they were never seen here.
    person: Option<PersonId>,
    all: bool,
}

impl Record {
    fn filter(&self, person: PersonId) -> Filter {
        let but = if self.all { Vec::new() } else { vec![Kind::Note] };
        Filter { person: Some(person), but, untold: self.seen.viewer, ..Filter::default() }
    }

    async fn cases(&self, filter: Filter, limit: u32) -> Answer<Vec<Case>> {
        let scope = &self.seen.scope;
        let store = scope.reading("cases").await?;
        let order = Order::NewestFirst;
        let rows = cases::page(&store, scope.guild(), &filter, order, None, limit).await?;
        Ok(rows.into_iter().map(|row| Case { all: self.all, ..self.seen.case(row) }).collect())
    }
}

#[Object]
impl Record {
    async fn person(&self) -> Option<Person> {
        self.person.map(|number| Person::of(self.seen.scope.guild(), number))
    }

    /// How many cases of each kind there are.
    async fn counts(&self) -> Answer<Vec<KindCount>> {
        let Some(person) = self.person else { return Ok(Vec::new()) };
        let scope = &self.seen.scope;
        let store = scope.reading("cases").await?;
        let filter = self.filter(person);
        let counts = cases::counts(&store, scope.guild(), &filter, self.seen.at).await?;
        Ok(counts.iter().map(KindCount::of).collect())
    }

    /// What counts or is in force.
    async fn active(&self) -> Answer<Vec<Case>> {
        let Some(person) = self.person else { return Ok(Vec::new()) };
        let filter = Filter { active: Some(self.seen.at), ..self.filter(person) };
        self.cases(filter, cases::MAX_PAGE).await
    }

    /// The newest cases.
    async fn recent(&self) -> Answer<Vec<Case>> {
        let Some(person) = self.person else { return Ok(Vec::new()) };
        self.cases(self.filter(person), RECENT).await
    }
}

/// The moment that is looked at.
fn moment(scope: &Scope) -> Timestamp {
    scope.then().map_or_else(|| scope.actions().now(), |event| event.at)
}
