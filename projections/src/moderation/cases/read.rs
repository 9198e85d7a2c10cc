//! Looking cases up: one by its number, pages by what they have in common, and their numbers.

use std::fmt::Write as _;

use domain::{
    BatchId, CaseNumber, ChannelId, EventId, GuildId, MessageId, PersonId, Personal, Timestamp,
    case::{Kind, Place, Status},
    moderation::By,
};
use eventlog::{
    LogError,
    sql::{Row, Value},
    values,
};

use super::super::{kind_of, kind_word, read_by, read_text, status_of};
use crate::store::ReadStore;

pub const MAX_PAGE: u32 = 200;
/// As many as a case can have of notes, evidence, links and appeals together, and more.
pub const MAX_ENTRIES: u32 = 1_000;

/// A case as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    pub number: CaseNumber,
    pub person: PersonId,
    pub kind: Kind,
    /// `minor` or `major`, of a warning.
    pub severity: Option<String>,
    pub by: By,
    /// `order`, `ladder`, `batch` or `observed`.
    pub origin: String,
    pub batch: Option<BatchId>,
    /// The warning that took a step of the ladder.
    pub led_by: Option<CaseNumber>,
    pub at: Timestamp,
    /// Of a warning: until when it counts.
    pub until: Option<Timestamp>,
    /// `counts`, `under_way`, `in_force`, `done`, `failed` or `over`.
    pub standing: String,
    pub status: Status,
    pub failure: Option<String>,
    pub hidden: bool,
    /// The event that says the reason.
    pub reason_event: EventId,
    pub reason: Option<Personal<String>>,
    pub notes: u32,
    pub evidence: u32,
    pub appeals: u32,
    /// `open`, `accepted` or `refused`.
    pub appeal: Option<String>,
}

/// Something that was said or done about a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub seq: u64,
    pub at: Timestamp,
    pub what: String,
    pub by: By,
    pub detail: Option<String>,
    pub other: Option<CaseNumber>,
    pub event: EventId,
    pub text: Option<Personal<String>>,
    pub place: Option<Place>,
}

/// Which cases; all of a guild that are not hidden where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub person: Option<PersonId>,
    /// Whose hand it was.
    pub moderator: Option<PersonId>,
    pub rule: Option<String>,
    pub batch: Option<BatchId>,
    pub kind: Option<Kind>,
    /// Of none of these kinds.
    pub but: Vec<Kind>,
    /// `minor` or `major`, of warnings.
    pub severity: Option<String>,
    /// Without what this person is not told of themselves: notes about them, and what is hidden.
    pub untold: Option<PersonId>,
    pub status: Option<Status>,
    /// What still counts or is in force at that moment.
    pub active: Option<Timestamp>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub appeal_open: bool,
    pub hidden_too: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    NewestFirst,
    OldestFirst,
}

/// How many cases of a kind there are, and how many of them still mean something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    pub kind: Kind,
    pub all: u64,
    pub active: u64,
}

pub(super) const COLUMNS: &str = "number, person, kind, severity, moderator, acting_for, rule, origin, \
                       batch, led_by, at, until, standing, status, failure, hidden, \
                       reason_event, reason_owner, reason, notes, evidence, appeals, appeal";

impl CaseRow {
    pub(super) fn read(row: &Row) -> Result<Self, LogError> {
        let word = |column| row.opt_text(column).map(|text| text.map(str::to_owned));
        Ok(Self {
            number: case_number(row, 0)?,
            person: crate::economy::person(row.int(1)?)?,
            kind: kind_of(row.text(2)?).ok_or_else(|| strange(row, 2))?,
            severity: word(3)?,
            by: read_by(row, 4)?,
            origin: row.text(7)?.to_owned(),
            batch: match row.opt_text(8)? {
                Some(text) => Some(BatchId(text.parse().map_err(|_| strange(row, 8))?)),
                None => None,
            },
            led_by: row.opt_int(9)?.map(|_| case_number(row, 9)).transpose()?,
            at: Timestamp::from_micros(row.int(10)?),
            until: row.opt_int(11)?.map(Timestamp::from_micros),
            standing: row.text(12)?.to_owned(),
            status: status_of(row.text(13)?).ok_or_else(|| strange(row, 13))?,
            failure: word(14)?,
            hidden: row.int(15)? != 0,
            reason_event: event_id(row, 16)?,
            reason: read_text(row, 17)?,
            notes: small(row, 19)?,
            evidence: small(row, 20)?,
            appeals: small(row, 21)?,
            appeal: word(22)?,
        })
    }

    /// Whether it still counts or is in force at that moment.
    pub fn is_active(&self, at: Timestamp) -> bool {
        match self.standing.as_str() {
            "counts" => self.until.is_none_or(|until| at < until),
            "in_force" => true,
            _ => false,
        }
    }
}

impl Entry {
    pub(super) fn read(row: &Row) -> Result<Self, LogError> {
        let place = match (row.opt_int(11)?, row.opt_int(12)?) {
            (Some(channel), Some(message)) => Some(Place {
                channel: ChannelId::from_i64(channel).map_err(|_| strange(row, 11))?,
                message: MessageId::from_i64(message).map_err(|_| strange(row, 12))?,
            }),
            _ => None,
        };
        Ok(Self {
            seq: row.count(0)?,
            at: Timestamp::from_micros(row.int(1)?),
            what: row.text(2)?.to_owned(),
            by: read_by(row, 3)?,
            detail: row.opt_text(6)?.map(str::to_owned),
            other: row.opt_int(7)?.map(|_| case_number(row, 7)).transpose()?,
            text: read_text(row, 8)?,
            event: event_id(row, 10)?,
            place,
        })
    }
}

pub(super) fn strange(row: &Row, column: usize) -> LogError {
    LogError::Corrupt(format!("column {column} of a case holds {:?}", row.0.get(column)))
}

pub(super) fn small(row: &Row, column: usize) -> Result<u32, LogError> {
    u32::try_from(row.int(column)?).map_err(|_| strange(row, column))
}

fn case_number(row: &Row, column: usize) -> Result<CaseNumber, LogError> {
    small(row, column).map(CaseNumber)
}

pub(super) fn event_id(row: &Row, column: usize) -> Result<EventId, LogError> {
    row.text(column)?.parse().map(EventId).map_err(|_| strange(row, column))
}

/// Still counts or is in force; `$n` is the moment.
pub(super) fn is_active(moment: usize) -> String {
    format!(
        "(standing = 'in_force' OR (standing = 'counts' AND (until IS NULL OR until > ${moment})))"
    )
}

impl Filter {
    /// What stands behind WHERE; the guild is the first parameter.
    fn clause(&self, guild: GuildId) -> (String, Vec<Value>) {
        let mut sql = "guild = $1".to_owned();
        let mut parameters = values![guild].to_vec();
        let mut and = |condition: &str, value: Value| {
            parameters.push(value);
            let _ = write!(sql, " AND {condition} ${}", parameters.len());
        };
        for (column, person) in [("person =", self.person), ("moderator =", self.moderator)] {
            if let Some(person) = person {
                and(column, person.into());
            }
        }
        if let Some(rule) = &self.rule {
            and("rule =", rule.as_str().into());
        }
        if let Some(batch) = self.batch {
            and("batch =", batch.to_string().into());
        }
        if let Some(kind) = self.kind {
            and("kind =", kind_word(kind).into());
        }
        for kind in &self.but {
            and("kind <>", kind_word(*kind).into());
        }
        if let Some(severity) = &self.severity {
            and("severity =", severity.as_str().into());
        }
        if let Some(status) = self.status {
            and("status =", status.word().into());
        }
        if let Some(since) = self.since {
            and("at >=", since.into());
        }
        if let Some(until) = self.until {
            and("at <=", until.into());
        }
        if let Some(at) = self.active {
            parameters.push(at.into());
            let _ = write!(sql, " AND {}", is_active(parameters.len()));
        }
        if let Some(person) = self.untold {
            parameters.push(person.into());
            let place = parameters.len();
            let _ = write!(sql, " AND NOT (person = ${place} AND (kind = 'note' OR hidden <> 0))");
        }
        if self.appeal_open {
            sql.push_str(" AND appeal = 'open'");
        }
        if !self.hidden_too {
            sql.push_str(" AND hidden = 0");
        }
        (sql, parameters)
    }
}

pub async fn one(
    store: &ReadStore,
    guild: GuildId,
    number: CaseNumber,
) -> Result<Option<CaseRow>, LogError> {
    let sql = format!("SELECT {COLUMNS} FROM cases WHERE guild = $1 AND number = $2");
    let rows = store.query(&sql, &values![guild, number.0]).await?;
    rows.first().map(CaseRow::read).transpose()
}

/// Those of these numbers that there are, at most [`MAX_PAGE`] numbers.
pub async fn several(
    store: &ReadStore,
    guild: GuildId,
    numbers: &[CaseNumber],
) -> Result<Vec<CaseRow>, LogError> {
    let numbers = &numbers[..numbers.len().min(MAX_PAGE as usize)];
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<_> = (2..2 + numbers.len()).map(|place| format!("${place}")).collect();
    let places = places.join(", ");
    let sql = format!("SELECT {COLUMNS} FROM cases WHERE guild = $1 AND number IN ({places})");
    let mut parameters = values![guild].to_vec();
    parameters.extend(numbers.iter().map(|number| Value::from(number.0)));
    store.query(&sql, &parameters).await?.iter().map(CaseRow::read).collect()
}

/// Behind `after` in that order, where it is given.
pub async fn page(
    store: &ReadStore,
    guild: GuildId,
    filter: &Filter,
    order: Order,
    after: Option<CaseNumber>,
    limit: u32,
) -> Result<Vec<CaseRow>, LogError> {
    let (clause, mut parameters) = filter.clause(guild);
    let mut sql = format!("SELECT {COLUMNS} FROM cases WHERE {clause}");
    let (behind, direction) = match order {
        Order::NewestFirst => ("<", "DESC"),
        Order::OldestFirst => (">", "ASC"),
    };
    if let Some(after) = after {
        parameters.push(after.0.into());
        let _ = write!(sql, " AND number {behind} ${}", parameters.len());
    }
    parameters.push(limit.clamp(1, MAX_PAGE).into());
    let _ = write!(sql, " ORDER BY number {direction} LIMIT ${}", parameters.len());
    store.query(&sql, &parameters).await?.iter().map(CaseRow::read).collect()
}

/// How many there are of each kind, in the order of the kinds' words.
pub async fn counts(
    store: &ReadStore,
    guild: GuildId,
    filter: &Filter,
    at: Timestamp,
) -> Result<Vec<Counts>, LogError> {
    let (clause, mut parameters) = filter.clause(guild);
    parameters.push(at.into());
    let active = is_active(parameters.len());
    let sql = format!(
        "SELECT kind, COUNT(*), CAST(SUM(CASE WHEN {active} THEN 1 ELSE 0 END) AS bigint) \
         FROM cases WHERE {clause} GROUP BY kind ORDER BY kind"
    );
    let rows = store.query(&sql, &parameters).await?;
    let read = |row: &Row| {
        let kind = kind_of(row.text(0)?).ok_or_else(|| strange(row, 0))?;
        Ok(Counts { kind, all: row.count(1)?, active: row.count(2)? })
    };
    rows.iter().map(read).collect()
}

/// What was said and done about a case, newest first, before `before` where that is given.
pub async fn entries(
    store: &ReadStore,
    guild: GuildId,
    number: CaseNumber,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>, LogError> {
    let sql = "SELECT seq, at, what, moderator, acting_for, rule, detail, other, text_owner, \
               text, event_id, channel, message FROM case_entries \
               WHERE guild = $1 AND number = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4";
    let before = before.map_or(i64::MAX, u64::cast_signed);
    let limit = limit.clamp(1, MAX_ENTRIES);
    let rows = store.query(sql, &values![guild, number.0, before, limit]).await?;
    rows.iter().map(Entry::read).collect()
}

/// The cases that belong to one, by everything that was said of it, newest first.
pub fn links(entries: &[Entry]) -> Vec<CaseNumber> {
    let mut links = Vec::new();
    for entry in entries.iter().rev() {
        match (entry.what.as_str(), entry.other) {
            ("linked", Some(other)) if !links.contains(&other) => links.push(other),
            ("unlinked", Some(other)) => links.retain(|link| *link != other),
            _ => {}
        }
    }
    links.sort_unstable();
    links
}
