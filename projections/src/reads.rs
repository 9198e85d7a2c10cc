//! Who looked at what is kept of members: which case, whose record, which list, and when.

use std::fmt::Write as _;

use domain::{
    CaseNumber, Decider, DomainEvent as _, GuildId, PersonId, Timestamp,
    people::{self, People},
    reads::{Event, Reads as OfReads, Via},
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

pub const MAX_PAGE: u32 = 101;

#[derive(Debug)]
pub struct Reads;

#[derive(Debug, Default)]
pub struct Batch {
    rows: Vec<[Value; 9]>,
    erased: Vec<(GuildId, PersonId)>,
}

impl Projection for Reads {
    const NAME: &'static str = "reads";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[OfReads::CAPABILITY, People::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "reads",
        create: "CREATE TABLE {reads} (
            guild    bigint NOT NULL,
            seq      bigint NOT NULL, -- of the guild: also the order
            at       bigint NOT NULL,
            operator bigint NOT NULL, -- whether they run this bot
            who      bigint, -- none once erased
            whom     bigint, -- none where it was about nobody alone, and once erased
            what     text   NOT NULL,
            detail   text, -- a case's number, or the name of a list
            via      text   NOT NULL,
            PRIMARY KEY (guild, seq)
        );
        CREATE INDEX {reads}_who ON {reads} (guild, who, seq);
        CREATE INDEX {reads}_whom ON {reads} (guild, whom, seq);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        if event.stream.category() == People::CAPABILITY {
            let people::Event::PersonErased { person } = decode(event)?;
            batch.erased.push((event.guild(), person));
            return Ok(());
        }
        let read: Event = decode(event)?;
        let (who, via, at) = read.by();
        let number = |person: Option<PersonId>| Value::Int(person.map(|one| i64::from(one.0)));
        let case = read.case().map(|case| case.0.to_string());
        let detail = case.or_else(|| read.list().map(str::to_owned));
        batch.rows.push([
            event.guild().into(),
            event.guild_seq.into(),
            at.into(),
            read.is_by_operator().into(),
            who.into(),
            number(read.whom()),
            what(&read).into(),
            Value::Text(detail),
            via_name(via).into(),
        ]);
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let insert = "INSERT INTO {reads} (guild, seq, at, operator, who, whom, what, detail, via) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        tables.execute_many(insert, batch.rows).await?;
        for (guild, person) in batch.erased {
            for erase in [
                "UPDATE {reads} SET who = NULL WHERE guild = $1 AND who = $2",
                "UPDATE {reads} SET whom = NULL WHERE guild = $1 AND whom = $2",
            ] {
                tables.execute(erase, &values![guild, person]).await?;
            }
        }
        Ok(())
    }
}

/// The last part of the event's type, such as `case_opened`.
fn what(read: &Event) -> &'static str {
    let name = read.event_type().name;
    name.split_once('.').map_or(name, |(_, what)| what)
}

const fn via_name(via: Via) -> &'static str {
    match via {
        Via::Dashboard => "dashboard",
        Via::Discord => "discord",
        Via::Download => "download",
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRow {
    pub seq: u64,
    pub at: Timestamp,
    /// Whether they run this bot, and were let in.
    pub operator: bool,
    /// None once they were erased.
    pub who: Option<PersonId>,
    pub whom: Option<PersonId>,
    /// `case_opened`, `record_opened` …
    pub what: String,
    pub case: Option<CaseNumber>,
    /// The name of a list.
    pub list: Option<String>,
    pub via: String,
}

impl ReadRow {
    fn read(row: &Row) -> Result<Self, LogError> {
        let person = |column| row.opt_int(column)?.map(crate::economy::person).transpose();
        let what = row.text(5)?.to_owned();
        let detail = row.opt_text(6)?;
        let case = detail.and_then(|detail| detail.parse().ok()).map(CaseNumber);
        let list = detail.filter(|_| what.starts_with("list_")).map(str::to_owned);
        Ok(Self {
            seq: row.count(0)?,
            at: Timestamp::from_micros(row.int(1)?),
            operator: row.int(2)? != 0,
            who: person(3)?,
            whom: person(4)?,
            case: case.filter(|_| list.is_none()),
            list,
            via: row.text(7)?.to_owned(),
            what,
        })
    }
}

/// Which reads; all of a guild where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub who: Option<PersonId>,
    pub whom: Option<PersonId>,
    /// Those by operators only.
    pub operators: bool,
}

/// Newest first, before `before` where that is given.
pub async fn page(
    store: &ReadStore,
    guild: GuildId,
    filter: &Filter,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<ReadRow>, LogError> {
    let mut sql = "SELECT seq, at, operator, who, whom, what, detail, via FROM reads \
                   WHERE guild = $1 AND seq < $2"
        .to_owned();
    let before = before.map_or(i64::MAX, u64::cast_signed);
    let mut parameters = values![guild, before, limit.clamp(1, MAX_PAGE)].to_vec();
    for (column, person) in [("who", filter.who), ("whom", filter.whom)] {
        if let Some(person) = person {
            parameters.push(person.into());
            let _ = write!(sql, " AND {column} = ${}", parameters.len());
        }
    }
    if filter.operators {
        sql.push_str(" AND operator = 1");
    }
    sql.push_str(" ORDER BY seq DESC LIMIT $3");
    store.query(&sql, &parameters).await?.iter().map(ReadRow::read).collect()
}
