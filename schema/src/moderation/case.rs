//! One case, as whoever asks may see it.

use actions::Permission;
use async_graphql::{Enum, Object, SimpleObject};
use domain::{
    CaseNumber, PersonId, Timestamp,
    case::{Kind, Status},
    moderation::By,
};
use projections::moderation::cases::{self, CaseRow, Entry, Filter, Order};

use super::files::{self, CaseFile};
use crate::{
    page::{Asked, List, cost},
    people::Person,
    scalars::{EventId, Long, Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

/// Cases of the same kind that are shown beside one.
const SIMILAR: u32 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Kind")]
pub enum CaseKind {
    Warning,
    Note,
    Timeout,
    EndTimeout,
    Kick,
    Ban,
    Unban,
    Softban,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Status")]
pub enum CaseStatus {
    Open,
    Resolved,
    Expired,
    Failed,
    Revoked,
    Pardoned,
}

pub fn number(number: u64) -> Answer<CaseNumber> {
    let number = u32::try_from(number).ok().map(CaseNumber);
    number.ok_or_else(|| Trouble::bad_input("after: this is no cursor of this list."))
}

/// Who looks, and at which moment.
#[derive(Clone)]
pub struct Seen {
    pub scope: Scope,
    /// None where they were never seen here.
    pub viewer: Option<PersonId>,
    pub at: Timestamp,
}

impl Seen {
    pub async fn by(scope: &Scope) -> Answer<Self> {
        let viewer = scope.actions().person_of(scope.guild(), scope.caller()).await?;
        Ok(Self { at: super::moment(scope), viewer, scope: scope.clone() })
    }

    /// A case in a list for whoever may view records; of their own they see less.
    pub fn case(&self, row: CaseRow) -> Case {
        Case { all: Some(row.person) != self.viewer, seen: self.clone(), row }
    }
}

pub struct Case {
    pub seen: Seen,
    pub row: CaseRow,
    /// Whether all of it is seen, or what its member may see.
    pub all: bool,
}

#[Object]
impl Case {
    /// 1, 2, 3 … in the community.
    async fn number(&self) -> u32 {
        self.row.number.0
    }

    /// About whom.
    async fn person(&self) -> Person {
        Person::of(self.seen.scope.guild(), self.row.person)
    }

    async fn kind(&self) -> CaseKind {
        self.row.kind.into()
    }

    /// `minor` or `major`, of a warning.
    async fn severity(&self) -> Option<&str> {
        self.row.severity.as_deref()
    }

    /// Who is answerable; none for its member.
    async fn by(&self) -> Option<Answerable> {
        self.all.then(|| Answerable::of(&self.seen.scope, &self.row.by))
    }

    /// `order`, `ladder`, `batch`, or `observed` where it was done by hand in Discord.
    async fn origin(&self) -> &str {
        &self.row.origin
    }

    /// The warning that took the step of the ladder that this is.
    async fn led_by(&self) -> Option<u32> {
        self.row.led_by.map(|number| number.0)
    }

    async fn at(&self) -> Time {
        Time(self.row.at)
    }

    /// Its end; of a warning, until when it counts.
    async fn until(&self) -> Option<Time> {
        self.row.until.map(Time)
    }

    /// `counts`, `under_way`, `in_force`, `done`, `failed` or `over`.
    async fn standing(&self) -> &str {
        &self.row.standing
    }

    /// Whether it counts or is in force.
    async fn active(&self) -> bool {
        self.row.is_active(self.seen.at)
    }

    async fn status(&self) -> CaseStatus {
        self.row.status.into()
    }

    /// Why Discord did not do it.
    async fn failure(&self) -> Option<&str> {
        self.row.failure.as_deref()
    }

    async fn hidden(&self) -> bool {
        self.row.hidden
    }

    /// None where nothing was written, and where it was erased.
    async fn reason(&self) -> Answer<Option<String>> {
        let (scope, row) = (&self.seen.scope, &self.row);
        let (id, text) = (row.reason_event, row.reason.clone());
        Ok(scope.actions().text_of_case(scope.guild(), id, text).await?)
    }

    /// How many notes stand beside it.
    async fn notes(&self) -> u32 {
        if self.all { self.row.notes } else { 0 }
    }

    async fn evidence(&self) -> u32 {
        if self.all { self.row.evidence } else { 0 }
    }

    /// How often it was appealed against.
    async fn appeals(&self) -> u32 {
        self.row.appeals
    }

    /// `open`, `accepted` or `refused`: the last appeal.
    async fn appeal(&self) -> Option<&str> {
        self.row.appeal.as_deref()
    }

    /// Whether all of it is shown to you, or what its member may see.
    async fn whole(&self) -> bool {
        self.all
    }

    /// Everything that was said and done about it, newest first; nothing for its member.
    #[graphql(complexity = "cost(first, child_complexity)")]
    async fn timeline(&self, first: Option<i32>, after: Option<String>) -> Answer<List<CaseEntry>> {
        let asked = Asked::read(first, after.as_deref())?;
        if !self.all {
            return Ok(asked.page(Vec::new(), |_| 0));
        }
        let scope = &self.seen.scope;
        let store = scope.reading("cases").await?;
        let (guild, number) = (scope.guild(), self.row.number);
        let rows = cases::entries(&store, guild, number, asked.before, asked.wanted()).await?;
        let lines = rows.into_iter().map(|row| CaseEntry { scope: scope.clone(), row });
        Ok(asked.page(lines.collect(), |entry| entry.row.seq))
    }

    /// The cases that moderators linked with it.
    #[graphql(complexity = "10")]
    async fn links(&self) -> Answer<Vec<u32>> {
        if !self.all {
            return Ok(Vec::new());
        }
        let scope = &self.seen.scope;
        let store = scope.reading("cases").await?;
        let (guild, number) = (scope.guild(), self.row.number);
        let all = cases::entries(&store, guild, number, None, cases::MAX_ENTRIES).await?;
        Ok(cases::links(&all).iter().map(|link| link.0).collect())
    }

    /// The files of the messages that are its evidence; none for its member.
    #[graphql(complexity = "10 + child_complexity")]
    async fn files(&self) -> Answer<Vec<CaseFile>> {
        if !self.all {
            return Ok(Vec::new());
        }
        files::of_case(&self.seen.scope, self.row.number).await
    }

    /// The newest other cases of the same kind and severity: what was done elsewhere.
    #[graphql(complexity = "5 * child_complexity")]
    async fn similar(&self) -> Answer<Vec<Self>> {
        if !self.all {
            return Ok(Vec::new());
        }
        let (kind, severity) = (Some(self.row.kind), self.row.severity.clone());
        let filter = Filter { kind, severity, untold: self.seen.viewer, ..Filter::default() };
        let scope = &self.seen.scope;
        let store = scope.reading("cases").await?;
        let order = Order::NewestFirst;
        let rows = cases::page(&store, scope.guild(), &filter, order, None, SIMILAR + 1).await?;
        let others = rows.into_iter().filter(|row| row.number != self.row.number);
        Ok(others.take(SIMILAR as usize).map(|row| self.seen.case(row)).collect())
    }

    /// The number of the case before it that you may see.
    #[graphql(complexity = "5")]
    async fn older(&self) -> Answer<Option<u32>> {
        self.beside(Order::NewestFirst).await
    }

    /// The number of the case after it that you may see.
    #[graphql(complexity = "5")]
    async fn newer(&self) -> Answer<Option<u32>> {
        self.beside(Order::OldestFirst).await
    }
}

impl Case {
    async fn beside(&self, order: Order) -> Answer<Option<u32>> {
        let scope = &self.seen.scope;
        let mut filter = Filter { hidden_too: true, untold: self.seen.viewer, ..Filter::default() };
        if !scope.may(&[Permission::ViewRecords]).await? {
            filter.person = Some(self.row.person);
        }
        let store = scope.reading("cases").await?;
        let after = Some(self.row.number);
        let rows = cases::page(&store, scope.guild(), &filter, order, after, 1).await?;
        Ok(rows.first().map(|row| row.number.0))
    }
}

/// Who is answerable for something: all none where Discord did not say who.
#[derive(SimpleObject)]
pub struct Answerable {
    /// Whose hand it was.
    pub person: Option<Person>,
    /// In whose name they acted, where that was another moderator's.
    pub acting_for: Option<Person>,
    /// A rule of the bot's, such as `ladder`.
    pub rule: Option<String>,
}

impl Answerable {
    pub fn of(scope: &Scope, by: &By) -> Self {
        let of = |number: PersonId| Some(Person::of(scope.guild(), number));
        let (person, acting_for, rule) = match by {
            By::Member(person) => (of(*person), None, None),
            By::ActingFor { moderator, whom } => (of(*moderator), of(*whom), None),
            By::Rule(rule) => (None, None, Some(rule.clone())),
            By::Unknown => (None, None, None),
        };
        Self { person, acting_for, rule }
    }
}

/// Something that was said or done about a case.
pub struct CaseEntry {
    scope: Scope,
    row: Entry,
}

#[Object]
impl CaseEntry {
    /// The event's number in the community.
    async fn seq(&self) -> Long {
        Long(self.row.seq.cast_signed())
    }

    async fn event(&self) -> EventId {
        EventId(self.row.event.0)
    }

    async fn at(&self) -> Time {
        Time(self.row.at)
    }

    /// `opened`, `applied`, `failed`, `step`, `lifting`, `lift_failed`, `renewal_failed`, `retimed`,
    /// `expired`, `pardoned`, `undone`, `replaced`, `lifted`, `note`, `reason`, `evidence`, `hidden`,
    /// `shown`, `linked`, `unlinked`, `status`, `appeal` or `decision`.
    async fn what(&self) -> &str {
        &self.row.what
    }

    async fn by(&self) -> Answerable {
        Answerable::of(&self.scope, &self.row.by)
    }

    /// The deed of a step, why Discord failed, the new end in seconds since 1970, the new status, the
    /// number of the evidence, or `accepted` and `refused` of a decision.
    async fn detail(&self) -> Option<&str> {
        self.row.detail.as_deref()
    }

    /// Another case that it is about.
    async fn other(&self) -> Option<u32> {
        self.row.other.map(|number| number.0)
    }

    /// None where nothing was written, and where it was erased.
    async fn text(&self) -> Answer<Option<String>> {
        let (guild, id, text) = (self.scope.guild(), self.row.event, self.row.text.clone());
        Ok(self.scope.actions().text_of_case(guild, id, text).await?)
    }

    /// Where a message stood that is evidence.
    async fn place(&self) -> Option<MessagePlace> {
        self.row.place.map(|place| MessagePlace {
            channel: Snowflake(place.channel.get()),
            message: Snowflake(place.message.get()),
        })
    }

    /// The version of moderation's settings, with the ladder, that decided it: of what opened the
    /// case, and of a step.
    #[graphql(complexity = "5")]
    async fn policy(&self) -> Answer<Option<u32>> {
        if !matches!(self.row.what.as_str(), "opened" | "step") {
            return Ok(None);
        }
        let event = self.scope.house().log().find(self.row.event).await?;
        Ok(match event {
            Some(event) => event.metadata()?.policy,
            None => None,
        })
    }
}

/// Where a message stood.
#[derive(SimpleObject)]
pub struct MessagePlace {
    pub channel: Snowflake,
    pub message: Snowflake,
}
