//! Every movement of bytes: who gave, who received, how much, why and when. Reasons stay sealed
//! here; who shows one opens it, and who was erased has none.

use std::fmt::Write as _;

use domain::{
    Bytes, Decider, EventId, GuildId, PersonId, Personal, Sealed, Timestamp, UtcDay,
    economy::{Economy, Event, Reason},
    people::{self, People},
};
use eventlog::{
    LogError, Recorded, decode,
    sql::{Row, Value},
    values,
};

use crate::{
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

pub const MAX_PAGE: u32 = 500;

#[derive(Debug)]
pub struct Transactions;

#[derive(Debug, Default)]
pub struct Batch {
    rows: Vec<[Value; 10]>,
    erased: Vec<(GuildId, PersonId)>,
}

impl Projection for Transactions {
    const NAME: &'static str = "transactions";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[Economy::CAPABILITY, People::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "transactions",
        create: "CREATE TABLE {transactions} (
            guild        bigint NOT NULL,
            seq          bigint NOT NULL, -- of the guild: also the order
            at           bigint NOT NULL,
            kind         text   NOT NULL,
            giver        bigint, -- none where the bytes came from the community
            receiver     bigint, -- none where they went to it
            amount       bigint NOT NULL,
            event_id     text   NOT NULL,
            reason_owner bigint,
            reason       text, -- sealed
            PRIMARY KEY (guild, seq)
        );
        CREATE INDEX {transactions}_giver ON {transactions} (guild, giver, seq);
        CREATE INDEX {transactions}_receiver ON {transactions} (guild, receiver, seq);
        CREATE INDEX {transactions}_reason ON {transactions} (guild, reason_owner);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        if event.stream.category() == People::CAPABILITY {
            let people::Event::PersonErased { person } = decode(event)?;
            batch.erased.push((event.guild(), person));
            return Ok(());
        }
        let (kind, giver, receiver, amount, reason) = match decode::<Event>(event)? {
            Event::AccountOpened { starting: Bytes::ZERO, .. } | Event::SpendSettled { .. } => {
                return Ok(());
            }
            Event::AccountOpened { person, starting } => {
                ("start", None, Some(person), starting, None)
            }
            Event::BytesGranted { to, amount, reason } => ("grant", None, Some(to), amount, reason),
            Event::BytesTaken { from, amount, reason } => {
                ("take", Some(from), None, amount, reason)
            }
            Event::BytesTransferred { from, to, amount, reason, .. } => {
                ("transfer", Some(from), Some(to), amount, reason)
            }
            Event::DailyAwarded { to, amount, .. } => ("daily", None, Some(to), amount, None),
            Event::BytesSpent { from, amount, .. } => ("spend", Some(from), None, amount, None),
            Event::SpendRefunded { to, amount, .. } => ("refund", None, Some(to), amount, None),
        };
        let number = |person: Option<PersonId>| Value::Int(person.map(|p| i64::from(p.0)));
        let (owner, sealed) = sealed_reason(&reason);
        batch.rows.push([
            event.guild().into(),
            event.guild_seq.into(),
            event.at.into(),
            kind.into(),
            number(giver),
            number(receiver),
            amount.into(),
            event.id.to_string().into(),
            number(owner),
            Value::Text(sealed),
        ]);
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let insert = "INSERT INTO {transactions} (guild, seq, at, kind, giver, receiver, amount, \
                      event_id, reason_owner, reason) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        tables.execute_many(insert, batch.rows).await?;
        for (guild, person) in batch.erased {
            let erase = "UPDATE {transactions} SET reason = NULL \
                         WHERE guild = $1 AND reason_owner = $2";
            tables.execute(erase, &values![guild, person]).await?;
        }
        Ok(())
    }
}

fn sealed_reason(reason: &Reason) -> (Option<PersonId>, Option<String>) {
    match reason {
        None => (None, None),
        Some(Personal::Sealed(sealed)) => (Some(sealed.owner), Some(sealed.sealed.clone())),
        Some(other) => (Some(other.owner()), None),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    pub seq: u64,
    pub at: Timestamp,
    pub kind: String,
    pub giver: Option<PersonId>,
    pub receiver: Option<PersonId>,
    pub amount: Bytes,
    pub event: EventId,
    /// Sealed as field `reason` of the event; erased where the owner is.
    pub reason: Reason,
}

const COLUMNS: &str = "seq, at, kind, giver, receiver, amount, event_id, reason_owner, reason";

impl Transaction {
    fn read(row: &Row) -> Result<Self, LogError> {
        let person = |column| row.opt_int(column)?.map(super::person).transpose();
        let reason = person(7)?.map(|owner| match row.opt_text(8) {
            Ok(Some(sealed)) => Personal::Sealed(Sealed { owner, sealed: sealed.to_owned() }),
            _ => Personal::Erased { owner },
        });
        let event = row.text(6)?;
        let event =
            event.parse().map_err(|_| LogError::Corrupt(format!("{event} is no event id")))?;
        Ok(Self {
            seq: row.count(0)?,
            at: Timestamp::from_micros(row.int(1)?),
            kind: row.text(2)?.to_owned(),
            giver: person(3)?,
            receiver: person(4)?,
            amount: Bytes(row.int(5)?),
            event: EventId(event),
            reason,
        })
    }
}

/// Newest first, before `before` where that is given; of one person or of all.
pub async fn page(
    store: &ReadStore,
    guild: GuildId,
    person: Option<PersonId>,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Transaction>, LogError> {
    let before = before.map_or(i64::MAX, u64::cast_signed);
    let limit = limit.min(MAX_PAGE);
    let rows = match person {
        None => {
            let sql = format!(
                "SELECT {COLUMNS} FROM transactions WHERE guild = $1 AND seq < $2 \
                 ORDER BY seq DESC LIMIT $3"
            );
            store.query(&sql, &values![guild, before, limit]).await?
        }
        Some(person) => {
            let sql = format!(
                "SELECT {COLUMNS} FROM transactions \
                 WHERE guild = $1 AND (giver = $4 OR receiver = $4) AND seq < $2 \
                 ORDER BY seq DESC LIMIT $3"
            );
            store.query(&sql, &values![guild, before, limit, person]).await?
        }
    };
    rows.iter().map(Transaction::read).collect()
}

/// Which movements; all of a guild where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Who gave or received.
    pub person: Option<PersonId>,
    /// `transfer`, `grant` …; any where there are none.
    pub kinds: Vec<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub at_least: Option<Bytes>,
}

/// Newest first, before `before` where that is given.
pub async fn search(
    store: &ReadStore,
    guild: GuildId,
    filter: &Filter,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Transaction>, LogError> {
    let mut sql = format!("SELECT {COLUMNS} FROM transactions WHERE guild = $1 AND seq < $2");
    let before = before.map_or(i64::MAX, u64::cast_signed);
    let mut parameters = values![guild, before, limit.clamp(1, MAX_PAGE)].to_vec();
    let mut place = |value: Value| {
        parameters.push(value);
        parameters.len()
    };
    if let Some(person) = filter.person {
        let at = place(person.into());
        let _ = write!(sql, " AND (giver = ${at} OR receiver = ${at})");
    }
    if !filter.kinds.is_empty() {
        let kinds = filter.kinds.iter().take(MOST_KINDS);
        let places: Vec<_> =
            kinds.map(|kind| format!("${}", place(kind.as_str().into()))).collect();
        let _ = write!(sql, " AND kind IN ({})", places.join(", "));
    }
    for (condition, value) in [
        ("at >=", filter.since.map(Value::from)),
        ("at <", filter.until.map(Value::from)),
        ("amount >=", filter.at_least.map(Value::from)),
    ] {
        if let Some(value) = value {
            let _ = write!(sql, " AND {condition} ${}", place(value));
        }
    }
    sql.push_str(" ORDER BY seq DESC LIMIT $3");
    store.query(&sql, &parameters).await?.iter().map(Transaction::read).collect()
}

/// Kinds that one search names.
const MOST_KINDS: usize = 10;
/// Days that a flow is told for.
pub const MAX_FLOW_DAYS: i32 = 400;

/// What one kind of movement came to on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    pub day: UtcDay,
    pub kind: String,
    pub count: u64,
    pub amount: Bytes,
}

/// Day by day, from one day to another, both with them.
pub async fn flow(
    store: &ReadStore,
    guild: GuildId,
    first: UtcDay,
    last: UtcDay,
) -> Result<Vec<Flow>, LogError> {
    const MICROS_PER_DAY: i64 = 86_400_000_000;
    let sql = "SELECT at / 86400000000, kind, COUNT(*), CAST(SUM(amount) AS bigint) \
               FROM transactions WHERE guild = $1 AND at >= $2 AND at < $3 \
               GROUP BY at / 86400000000, kind ORDER BY at / 86400000000, kind";
    let first = first.0.max(last.0.saturating_sub(MAX_FLOW_DAYS - 1));
    let from = i64::from(first) * MICROS_PER_DAY;
    let to = (i64::from(last.0) + 1) * MICROS_PER_DAY;
    let read = |row: &Row| {
        let day = i32::try_from(row.int(0)?).unwrap_or_default();
        let (kind, count) = (row.text(1)?.to_owned(), row.count(2)?);
        Ok(Flow { day: UtcDay(day), kind, count, amount: Bytes(row.int(3)?) })
    };
    store.query(sql, &values![guild, from, to]).await?.iter().map(read).collect()
}
