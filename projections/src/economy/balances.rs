//! Balances, and the all-time leaderboard.

use std::collections::HashMap;

use domain::Decider;
use domain::{
    Bytes, GuildId, PersonId,
    economy::{Economy, Event},
    people::{self, People},
};
use eventlog::{LogError, Recorded, decode, sql::Row, values};

use crate::{
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

pub const DEFAULT_TOP: u32 = 10;
pub const MAX_TOP: u32 = 100;

#[derive(Debug)]
pub struct Balances;

#[derive(Debug, Default)]
pub struct Batch {
    deltas: HashMap<(GuildId, PersonId), Delta>,
    erased: Vec<(GuildId, PersonId)>,
}

#[derive(Debug, Default)]
struct Delta {
    balance: i64,
    received: i64,
    sent: i64,
    earned: i64,
}

impl Projection for Balances {
    const NAME: &'static str = "balances";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[Economy::CAPABILITY, People::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "balances",
        create: "CREATE TABLE {balances} (
            guild    bigint NOT NULL,
            person   bigint NOT NULL,
            balance  bigint NOT NULL,
            received bigint NOT NULL, -- from other members
            sent     bigint NOT NULL, -- to other members
            earned   bigint NOT NULL, -- daily rewards, grants and the starting balance
            erased   bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (guild, person)
        );
        CREATE INDEX {balances}_top ON {balances} (guild, balance DESC, person);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let guild = event.guild();
        if event.stream.category() == People::CAPABILITY {
            let people::Event::PersonErased { person } = decode(event)?;
            batch.erased.push((guild, person));
            return Ok(());
        }
        let mut of = |person, change: &dyn Fn(&mut Delta)| {
            change(batch.deltas.entry((guild, person)).or_default());
        };
        match decode::<Event>(event)? {
            Event::AccountOpened { person, starting: Bytes(amount) } => of(person, &|delta| {
                delta.balance += amount;
                delta.earned += amount;
            }),
            Event::BytesGranted { to, amount: Bytes(amount), .. }
            | Event::DailyAwarded { to, amount: Bytes(amount), .. } => of(to, &|delta| {
                delta.balance += amount;
                delta.earned += amount;
            }),
            Event::BytesTaken { from, amount: Bytes(amount), .. }
            | Event::BytesSpent { from, amount: Bytes(amount), .. } => {
                of(from, &|delta| delta.balance -= amount);
            }
            Event::SpendRefunded { to, amount: Bytes(amount), .. } => {
                of(to, &|delta| delta.balance += amount);
            }
            Event::BytesTransferred { from, to, amount: Bytes(amount), .. } => {
                of(from, &|delta| {
                    delta.balance -= amount;
                    delta.sent += amount;
                });
                of(to, &|delta| {
                    delta.balance += amount;
                    delta.received += amount;
                });
            }
            Event::SpendSettled { .. } => {}
        }
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let mut deltas: Vec<_> = batch.deltas.into_iter().collect();
        deltas.sort_unstable_by_key(|(key, _)| *key);
        let rows: Vec<_> = deltas
            .iter()
            .map(|((guild, person), delta)| {
                values![*guild, *person, delta.balance, delta.received, delta.sent, delta.earned]
            })
            .collect();
        let add = "INSERT INTO {balances} (guild, person, balance, received, sent, earned) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (guild, person) DO UPDATE SET \
                   balance = {balances}.balance + excluded.balance, \
                   received = {balances}.received + excluded.received, \
                   sent = {balances}.sent + excluded.sent, \
                   earned = {balances}.earned + excluded.earned";
        tables.execute_many(add, rows).await?;
        for (guild, person) in batch.erased {
            let erase = "UPDATE {balances} SET erased = 1 WHERE guild = $1 AND person = $2";
            tables.execute(erase, &values![guild, person]).await?;
        }
        Ok(())
    }
}

/// A member's line. The number of an erased member stays, and says nothing.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Balance {
    pub person: PersonId,
    pub balance: Bytes,
    pub received: Bytes,
    pub sent: Bytes,
    pub earned: Bytes,
    pub erased: bool,
}

const COLUMNS: &str = "person, balance, received, sent, earned, erased";

impl Balance {
    fn read(row: &Row) -> Result<Self, LogError> {
        Ok(Self {
            person: super::person(row.int(0)?)?,
            balance: Bytes(row.int(1)?),
            received: Bytes(row.int(2)?),
            sent: Bytes(row.int(3)?),
            earned: Bytes(row.int(4)?),
            erased: row.int(5)? != 0,
        })
    }
}

pub async fn of(
    store: &ReadStore,
    guild: GuildId,
    person: PersonId,
) -> Result<Option<Balance>, LogError> {
    let sql = format!("SELECT {COLUMNS} FROM balances WHERE guild = $1 AND person = $2");
    let rows = store.query(&sql, &values![guild, person]).await?;
    rows.first().map(Balance::read).transpose()
}

/// The richest first; equal balances in order of first sight, so that places do not jump.
pub async fn top(store: &ReadStore, guild: GuildId, limit: u32) -> Result<Vec<Balance>, LogError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM balances WHERE guild = $1 ORDER BY balance DESC, person LIMIT $2"
    );
    let rows = store.query(&sql, &values![guild, limit.min(MAX_TOP)]).await?;
    rows.iter().map(Balance::read).collect()
}

/// Bytes of all members together.
pub async fn supply(store: &ReadStore, guild: GuildId) -> Result<Bytes, LogError> {
    let sql = "SELECT CAST(COALESCE(SUM(balance), 0) AS bigint) FROM balances WHERE guild = $1";
    let rows = store.query(sql, &values![guild]).await?;
    rows.first().map_or(Ok(Bytes::ZERO), |row| row.int(0).map(Bytes))
}

/// How many have more than nothing.
pub async fn holders(store: &ReadStore, guild: GuildId) -> Result<u64, LogError> {
    let sql = "SELECT COUNT(*) FROM balances WHERE guild = $1 AND balance > 0";
    store.query(sql, &values![guild]).await?.first().map_or(Ok(0), |row| row.count(0))
}
