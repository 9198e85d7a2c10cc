//! A read model for tests: how many events a guild has, and the sum of what was granted. Two
//! versions of it, with different tables.

use std::collections::BTreeMap;

use domain::{
    Bytes, Decider, GuildId,
    economy::{Economy, Event},
};
use eventlog::{LogError, Recorded, decode, values};
use projections::{Projection, Table, Tables};

use super::House;

#[derive(Debug)]
pub struct Tally;

#[derive(Debug)]
pub struct TallyTwo;

impl Tally {
    /// The table of version 1 takes no larger sum.
    pub const MOST: i64 = 1_000_000;
    /// Folding a grant of this much is a defect in both versions.
    pub const DEFECT: i64 = 777_777;
}

type Batch = BTreeMap<GuildId, (i64, i64)>;

fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
    let granted = match decode::<Event>(event)? {
        Event::BytesGranted { amount: Bytes(amount), .. } => amount,
        _ => 0,
    };
    assert_ne!(granted, Tally::DEFECT, "a defect");
    let (events, sum) = batch.entry(event.guild()).or_default();
    *events += 1;
    *sum += granted;
    Ok(())
}

impl House {
    /// Guild (as the tests number them), events and sum.
    pub async fn tally(&self) -> Vec<(u64, i64, i64)> {
        let rows = self.rows("SELECT guild, events, sum FROM tally ORDER BY guild").await;
        rows.iter()
            .map(|row| (row.count(0).unwrap() >> 22, row.int(1).unwrap(), row.int(2).unwrap()))
            .collect()
    }
}

impl Projection for Tally {
    const NAME: &'static str = "tally";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[Economy::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "tally",
        create: "CREATE TABLE {tally} (
            guild  bigint NOT NULL PRIMARY KEY,
            events bigint NOT NULL,
            sum    bigint NOT NULL CHECK (sum <= 1000000)
        );",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        fold(batch, event)
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let rows: Vec<_> =
            batch.iter().map(|(guild, (n, sum))| values![*guild, *n, *sum]).collect();
        let add = "INSERT INTO {tally} (guild, events, sum) VALUES ($1, $2, $3) \
                   ON CONFLICT (guild) DO UPDATE SET events = {tally}.events + excluded.events, \
                   sum = {tally}.sum + excluded.sum";
        tables.execute_many(add, rows).await
    }
}

impl Projection for TallyTwo {
    const NAME: &'static str = "tally";
    const VERSION: u32 = 2;
    const CATEGORIES: &'static [&'static str] = &[Economy::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "tally",
        create: "CREATE TABLE {tally} (
            guild  bigint NOT NULL PRIMARY KEY,
            events bigint NOT NULL,
            sum    bigint NOT NULL,
            twice  bigint NOT NULL -- what version 1 did not know
        );
        CREATE INDEX {tally}_top ON {tally} (sum DESC);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        fold(batch, event)
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let rows: Vec<_> =
            batch.iter().map(|(guild, (n, sum))| values![*guild, *n, *sum, 2 * sum]).collect();
        let add = "INSERT INTO {tally} (guild, events, sum, twice) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (guild) DO UPDATE SET events = {tally}.events + excluded.events, \
                   sum = {tally}.sum + excluded.sum, twice = {tally}.twice + excluded.twice";
        tables.execute_many(add, rows).await
    }
}
