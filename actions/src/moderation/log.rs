//! Looking cases up. Whoever may view records sees all of it; a member sees what is held against
//! them, where the community wants that: neither notes about them, nor what was hidden, nor whose
//! hand it was.

use domain::{
    CaseNumber, EventId, GuildId, PersonId, Personal, Timestamp, UserId,
    case::{self, Kind, Place, Status},
    moderation::{By, Event, Moderation, Sanction},
    reads::{Thing, Via},
};
use projections::moderation::{
    cases::{self, CaseRow, Counts, Entry, Filter, Order},
    moderators,
};

use super::{CaseFile, MODULE, no_such_case, refused, stream};
use crate::{ActionError, Actions, Caller, Permission};

pub const MAX_CASES_PAGE: u32 = 50;
const RECENT: u32 = 5;

/// Who is answerable, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ByWhom {
    /// None where they were erased.
    Member(Option<UserId>),
    ActingFor {
        moderator: Option<UserId>,
        whom: Option<UserId>,
    },
    Rule(String),
    Unknown,
    /// Not told to whoever looks.
    Withheld,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseLine {
    pub number: CaseNumber,
    /// None where they were erased.
    pub about: Option<UserId>,
    pub kind: Kind,
    pub severity: Option<String>,
    pub by: ByWhom,
    pub at: Timestamp,
    pub until: Option<Timestamp>,
    /// `counts`, `under_way`, `in_force`, `done`, `failed` or `over`.
    pub standing: String,
    pub active: bool,
    pub status: Status,
    pub failure: Option<String>,
    pub reason: Option<String>,
    pub led_by: Option<CaseNumber>,
    pub observed: bool,
    pub hidden: bool,
    pub notes: u32,
    pub evidence: u32,
    pub appeals: u32,
    pub appeal: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFilter {
    pub about: Option<UserId>,
    pub moderator: Option<UserId>,
    pub rule: Option<String>,
    pub kind: Option<Kind>,
    pub status: Option<Status>,
    pub active: bool,
    /// Those that were ordered together with this one.
    pub batch_of: Option<CaseNumber>,
    pub appeal_open: bool,
    pub hidden_too: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasePage {
    pub lines: Vec<CaseLine>,
    /// Where the next page begins; none where this was the last one.
    pub next: Option<CaseNumber>,
}

/// How much of a case, or of a record, somebody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    All,
    /// Their own: neither notes, nor what is hidden, nor whose hand it was, nor what was said of it.
    Own,
}

/// Something that was said or done about a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    pub at: Timestamp,
    pub what: String,
    pub by: ByWhom,
    pub detail: Option<String>,
    pub other: Option<CaseNumber>,
    pub text: Option<String>,
    pub place: Option<Place>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseHistory {
    pub case: CaseLine,
    /// Newest first.
    pub entries: Vec<HistoryEntry>,
    pub next: Option<u64>,
    /// The cases that belong to it.
    pub links: Vec<CaseNumber>,
    /// The files of its evidence.
    pub files: Vec<CaseFile>,
}

/// What there is against somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub active_warnings: usize,
    pub in_force: Vec<Sanction>,
    pub counts: Vec<Counts>,
    /// Newest first.
    pub recent: Vec<CaseLine>,
}

/// What a moderator did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// None where they were erased.
    pub moderator: Option<UserId>,
    pub kinds: Vec<(Kind, u64)>,
    pub cases: u64,
    pub last_at: Timestamp,
}

impl Actions {
    /// One case with what was said about it, a page at a time.
    #[tracing::instrument(name = "moderation.case", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn case_history(
        &self,
        guild: GuildId,
        caller: &Caller,
        number: CaseNumber,
        before: Option<u64>,
        limit: u32,
    ) -> Result<CaseHistory, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let row = self.case_row(guild, number).await;
        let sight = self.sight_of_case(guild, caller, row.as_ref().ok()).await?;
        let row = row?;
        if sight == Sight::Own {
            let case = self.case_line(guild, row, false).await?;
            let (entries, next, links, files) = (Vec::new(), None, Vec::new(), Vec::new());
            return Ok(CaseHistory { case, entries, next, links, files });
        }
        let thing = Thing::Case { case: number, whom: row.person };
        self.note_read(guild, caller, thing, Via::Discord).await;
        let links = self.links_of(guild, number).await?;
        let files = self.files_of(guild, number).await?;
        let limit = limit.clamp(1, MAX_CASES_PAGE);
        let mut page = cases::entries(self.store(), guild, number, before, limit + 1).await?;
        let more = page.len() > limit as usize;
        page.truncate(limit as usize);
        let next = page.last().filter(|_| more).map(|last| last.seq);
        let mut entries = Vec::with_capacity(page.len());
        for entry in page {
            entries.push(self.history_entry(guild, entry).await?);
        }
        let case = self.case_line(guild, row, true).await?;
        Ok(CaseHistory { case, entries, next, links, files })
    }

    /// A page of cases, newest first.
    #[tracing::instrument(name = "moderation.cases", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn cases(
        &self,
        guild: GuildId,
        caller: &Caller,
        filter: &CaseFilter,
        after: Option<CaseNumber>,
        limit: u32,
    ) -> Result<CasePage, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.view_records(guild, caller, filter.about, "cases").await?;
        if !(1..=MAX_CASES_PAGE).contains(&limit) {
            return Err(ActionError::BadInput(format!("limit: use 1 to {MAX_CASES_PAGE}")));
        }
        let Some(mut known) = self.known_filter(guild, filter).await? else {
            return Ok(CasePage { lines: Vec::new(), next: None });
        };
        let own = self.person_of(guild, caller).await?;
        known.untold = own;
        let thing = known.person.map_or(Thing::Cases, |whom| Thing::Record { whom });
        self.note_read(guild, caller, thing, Via::Discord).await;
        let order = Order::NewestFirst;
        let page = cases::page(self.store(), guild, &known, order, after, limit + 1);
        let mut page = page.await?;
        let more = page.len() > limit as usize;
        page.truncate(limit as usize);
        let next = page.last().filter(|_| more).map(|last| last.number);
        let mut lines = Vec::with_capacity(page.len());
        for row in page {
            let all = Some(row.person) != own;
            lines.push(self.case_line(guild, row, all).await?);
        }
        Ok(CasePage { lines, next })
    }

    /// How many cases of each kind the filter finds.
    pub async fn case_counts(
        &self,
        guild: GuildId,
        caller: &Caller,
        filter: &CaseFilter,
    ) -> Result<Vec<Counts>, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.view_records(guild, caller, filter.about, "cases").await?;
        let Some(mut known) = self.known_filter(guild, filter).await? else {
            return Ok(Vec::new());
        };
        known.untold = self.person_of(guild, caller).await?;
        Ok(cases::counts(self.store(), guild, &known, self.now()).await?)
    }

    /// What there is against somebody. What counts and is in force is as it was just decided.
    #[tracing::instrument(name = "moderation.record", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn record(
        &self,
        guild: GuildId,
        caller: &Caller,
        of: UserId,
    ) -> Result<Record, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        let all = self.sight_of_record(guild, caller, of).await? == Sight::All;
        let at = self.now();
        let Some(person) = self.people().find(guild, of).await? else {
            return Ok(Record {
                active_warnings: 0,
                in_force: Vec::new(),
                counts: Vec::new(),
                recent: Vec::new(),
            });
        };
        if all {
            self.note_read(guild, caller, Thing::Record { whom: person }, Via::Discord).await;
        }
        let stream = stream(guild);
        let read = self.bus().read::<Moderation, _>(&stream, |state, _| {
            (state.active_warnings(person, at), state.sanctions(person).to_vec())
        });
        let (active_warnings, in_force) = read.await?;
        let but = if all { Vec::new() } else { vec![Kind::Note] };
        let filter = Filter { person: Some(person), but, ..Filter::default() };
        let counts = cases::counts(self.store(), guild, &filter, at).await?;
        let order = Order::NewestFirst;
        let rows = cases::page(self.store(), guild, &filter, order, None, RECENT).await?;
        let mut recent = Vec::with_capacity(rows.len());
        for row in rows {
            recent.push(self.case_line(guild, row, all).await?);
        }
        Ok(Record { active_warnings, in_force, counts, recent })
    }

    /// Who did how much, busiest first; of one moderator or of all.
    pub async fn moderator_activity(
        &self,
        guild: GuildId,
        caller: &Caller,
        who: Option<UserId>,
    ) -> Result<Vec<Activity>, ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.view_records(guild, caller, who, "moderator").await?;
        let person = match who {
            None => None,
            Some(who) => match self.people().find(guild, who).await? {
                Some(person) => Some(person),
                None => return Ok(Vec::new()),
            },
        };
        let rows = moderators::activity(self.store(), guild, person).await?;
        let mut all: Vec<(PersonId, Activity)> = Vec::new();
        for row in rows {
            if all.last().is_none_or(|(person, _)| *person != row.person) {
                let moderator = self.user(guild, Some(row.person)).await?;
                let (kinds, last_at) = (Vec::new(), row.last_at);
                all.push((row.person, Activity { moderator, kinds, cases: 0, last_at }));
            }
            if let Some((_, activity)) = all.last_mut() {
                activity.kinds.push((row.kind, row.cases));
                activity.cases += row.cases;
                activity.last_at = activity.last_at.max(row.last_at);
            }
        }
        all.sort_by(|(one, first), (other, second)| {
            second.cases.cmp(&first.cases).then(one.cmp(other))
        });
        Ok(all.into_iter().map(|(_, activity)| activity).collect())
    }

    async fn view_records(
        &self,
        guild: GuildId,
        caller: &Caller,
        whom: Option<UserId>,
        what: &str,
    ) -> Result<(), ActionError> {
        let key = crate::fresh_key("records");
        let key = key.map_err(|error| ActionError::BadInput(error.to_string()))?;
        let permission = Permission::ViewRecords;
        self.authorise_to((what, whom), guild, caller, permission, &key).await
    }

    /// How much of a case somebody sees. Their own never shows all of it, whatever they may; and who
    /// may not look learns nothing about which numbers there are.
    pub async fn sight_of_case(
        &self,
        guild: GuildId,
        caller: &Caller,
        row: Option<&CaseRow>,
    ) -> Result<Sight, ActionError> {
        if let Some(row) = row
            && self.person_of(guild, caller).await? == Some(row.person)
        {
            if row.kind == Kind::Note || row.hidden {
                return Err(no_such_case());
            }
            self.shows_record(guild).await?;
            return Ok(Sight::Own);
        }
        match self.view_records(guild, caller, None, "case view").await {
            Ok(()) => Ok(Sight::All),
            Err(error) if error.is_fault() => Err(error),
            Err(_) => Err(no_such_case()),
        }
    }

    /// How much of somebody's record is seen.
    pub async fn sight_of_record(
        &self,
        guild: GuildId,
        caller: &Caller,
        of: UserId,
    ) -> Result<Sight, ActionError> {
        if caller.user() == Some(of) {
            self.shows_record(guild).await?;
            return Ok(Sight::Own);
        }
        self.view_records(guild, caller, Some(of), "record").await?;
        Ok(Sight::All)
    }

    async fn shows_record(&self, guild: GuildId) -> Result<(), ActionError> {
        if self.moderation_terms(guild).await?.values.members_see_record {
            return Ok(());
        }
        let text = "This community does not show members their record.";
        Err(refused("moderation.record_not_shown", text))
    }

    /// Whoever asks, as they are known here; none where they never were, or are ours.
    pub async fn person_of(
        &self,
        guild: GuildId,
        caller: &Caller,
    ) -> Result<Option<PersonId>, ActionError> {
        match caller.user() {
            Some(user) => Ok(self.people().find(guild, user).await?),
            None => Ok(None),
        }
    }

    /// With person numbers; none where it names somebody who was never seen here.
    pub(super) async fn known_filter(
        &self,
        guild: GuildId,
        filter: &CaseFilter,
    ) -> Result<Option<Filter>, ActionError> {
        let mut known = Filter {
            rule: filter.rule.clone(),
            kind: filter.kind,
            status: filter.status,
            active: filter.active.then(|| self.now()),
            appeal_open: filter.appeal_open,
            hidden_too: filter.hidden_too,
            ..Filter::default()
        };
        for (user, person) in
            [(filter.about, &mut known.person), (filter.moderator, &mut known.moderator)]
        {
            if let Some(user) = user {
                let Some(found) = self.people().find(guild, user).await? else { return Ok(None) };
                *person = Some(found);
            }
        }
        if let Some(number) = filter.batch_of {
            let batch = self.case_row(guild, number).await?.batch;
            known.batch = Some(batch.ok_or_else(|| {
                refused(
                    "moderation.no_batch",
                    format!("Case {number} was not ordered with others."),
                )
            })?);
        }
        Ok(Some(known))
    }

    async fn links_of(
        &self,
        guild: GuildId,
        number: CaseNumber,
    ) -> Result<Vec<CaseNumber>, ActionError> {
        let all = cases::entries(self.store(), guild, number, None, cases::MAX_ENTRIES).await?;
        Ok(cases::links(&all))
    }

    pub(super) async fn case_line(
        &self,
        guild: GuildId,
        row: CaseRow,
        all: bool,
    ) -> Result<CaseLine, ActionError> {
        let active = row.is_active(self.now());
        let by = if all { self.by_whom(guild, row.by).await? } else { ByWhom::Withheld };
        Ok(CaseLine {
            number: row.number,
            about: self.user(guild, Some(row.person)).await?,
            kind: row.kind,
            severity: row.severity,
            by,
            at: row.at,
            until: row.until,
            standing: row.standing,
            active,
            status: row.status,
            failure: row.failure,
            reason: self.text_of_case(guild, row.reason_event, row.reason).await?,
            led_by: row.led_by,
            observed: row.origin == "observed",
            hidden: row.hidden,
            notes: if all { row.notes } else { 0 },
            evidence: if all { row.evidence } else { 0 },
            appeals: row.appeals,
            appeal: row.appeal,
        })
    }

    async fn history_entry(
        &self,
        guild: GuildId,
        entry: Entry,
    ) -> Result<HistoryEntry, ActionError> {
        Ok(HistoryEntry {
            at: entry.at,
            by: self.by_whom(guild, entry.by).await?,
            what: entry.what,
            detail: entry.detail,
            other: entry.other,
            text: self.text_of_case(guild, entry.event, entry.text).await?,
            place: entry.place,
        })
    }

    async fn by_whom(&self, guild: GuildId, by: By) -> Result<ByWhom, ActionError> {
        Ok(match by {
            By::Member(person) => ByWhom::Member(self.user(guild, Some(person)).await?),
            By::ActingFor { moderator, whom } => ByWhom::ActingFor {
                moderator: self.user(guild, Some(moderator)).await?,
                whom: self.user(guild, Some(whom)).await?,
            },
            By::Rule(rule) => ByWhom::Rule(rule),
            By::Unknown => ByWhom::Unknown,
        })
    }

    /// A text in the clear; none where it was erased. It is sealed as field `reason` or `text` of
    /// the event with this id. Whether the caller may read it is for whoever asks to find out.
    pub async fn text_of_case(
        &self,
        guild: GuildId,
        id: EventId,
        text: Option<Personal<String>>,
    ) -> Result<Option<String>, ActionError> {
        let Some(text) = text else { return Ok(None) };
        let (case, at, by) = (CaseNumber(0), Timestamp::NEVER, By::Unknown);
        let mut event = case::Event::ReasonEdited { by: by.clone(), text: text.clone(), at };
        self.people().open_event(guild, id, &mut event).await?;
        if let case::Event::ReasonEdited { text, .. } = &event
            && let Some(text) = text.value()
        {
            return Ok(Some(text.clone()));
        }
        let (person, reason) = (text.owner(), Some(text));
        let mut event = Event::WarningPardoned { case, person, by, reason, undo: None, at };
        self.people().open_event(guild, id, &mut event).await?;
        Ok(match event {
            Event::WarningPardoned { reason: Some(reason), .. } => reason.value().cloned(),
            _ => None,
        })
    }
}
