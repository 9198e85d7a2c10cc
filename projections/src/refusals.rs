//! What was refused: who tried what on whom, which rule said no, and when.

use std::fmt::Write as _;

use domain::{
    Bytes, Decider, GuildId, PersonId, Timestamp,
    people::{self, People},
    refusals::{Event, Refusals as OfRefusals},
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

pub const MAX_PAGE: u32 = 100;

#[derive(Debug)]
pub struct Refusals;

#[derive(Debug, Default)]
pub struct Batch {
    rows: Vec<[Value; 8]>,
    erased: Vec<(GuildId, PersonId)>,
}

impl Projection for Refusals {
    const NAME: &'static str = "refusals";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[OfRefusals::CAPABILITY, People::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "refusals",
        create: "CREATE TABLE {refusals} (
            guild  bigint NOT NULL,
            seq    bigint NOT NULL, -- of the guild: also the order
            at     bigint NOT NULL,
            who    bigint, -- none once erased
            whom   bigint, -- none where there was nobody, or once erased
            what   text   NOT NULL,
            rule   text   NOT NULL,
            amount bigint, -- of a transfer
            PRIMARY KEY (guild, seq)
        );
        CREATE INDEX {refusals}_who ON {refusals} (guild, who, seq);
        CREATE INDEX {refusals}_whom ON {refusals} (guild, whom, seq);
        CREATE INDEX {refusals}_rule ON {refusals} (guild, rule, seq);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        if event.stream.category() == People::CAPABILITY {
            let people::Event::PersonErased { person } = decode(event)?;
            batch.erased.push((event.guild(), person));
            return Ok(());
        }
        let (who, whom, what, rule, amount, at) = match decode::<Event>(event)? {
            Event::TransferRefused { from, to, amount, at, rule } => {
                let (what, rule) = ("bytes send".to_owned(), rule.name().to_owned());
                (from, Some(to), what, rule, Some(amount), at)
            }
            Event::ActionRefused { who, whom, what, rule, at } => (who, whom, what, rule, None, at),
        };
        batch.rows.push([
            event.guild().into(),
            event.guild_seq.into(),
            at.into(),
            who.into(),
            Value::Int(whom.map(|whom| i64::from(whom.0))),
            what.into(),
            rule.into(),
            Value::Int(amount.map(|Bytes(amount)| amount)),
        ]);
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let insert = "INSERT INTO {refusals} (guild, seq, at, who, whom, what, rule, amount) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        tables.execute_many(insert, batch.rows).await?;
        for (guild, person) in batch.erased {
            for erase in [
                "UPDATE {refusals} SET who = NULL WHERE guild = $1 AND who = $2",
                "UPDATE {refusals} SET whom = NULL WHERE guild = $1 AND whom = $2",
            ] {
                tables.execute(erase, &values![guild, person]).await?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub seq: u64,
    pub at: Timestamp,
    pub who: Option<PersonId>,
    pub whom: Option<PersonId>,
    pub what: String,
    pub rule: String,
}

impl Refused {
    fn read(row: &Row) -> Result<Self, LogError> {
        let person = |column| row.opt_int(column)?.map(crate::economy::person).transpose();
        Ok(Self {
            seq: row.count(0)?,
            at: Timestamp::from_micros(row.int(1)?),
            who: person(2)?,
            whom: person(3)?,
            what: row.text(4)?.to_owned(),
            rule: row.text(5)?.to_owned(),
        })
    }
}

/// Which refusals; all of a guild where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub who: Option<PersonId>,
    pub rule: Option<String>,
}

/// Newest first, before `before` where that is given.
pub async fn page(
    store: &ReadStore,
    guild: GuildId,
    filter: &Filter,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Refused>, LogError> {
    let mut sql = "SELECT seq, at, who, whom, what, rule FROM refusals \
                   WHERE guild = $1 AND seq < $2"
        .to_owned();
    let before = before.map_or(i64::MAX, u64::cast_signed);
    let mut parameters = values![guild, before, limit.clamp(1, MAX_PAGE)].to_vec();
    if let Some(who) = filter.who {
        parameters.push(who.into());
        let _ = write!(sql, " AND who = ${}", parameters.len());
    }
    if let Some(rule) = &filter.rule {
        parameters.push(rule.as_str().into());
        let _ = write!(sql, " AND rule = ${}", parameters.len());
    }
    sql.push_str(" ORDER BY seq DESC LIMIT $3");
    store.query(&sql, &parameters).await?.iter().map(Refused::read).collect()
}
