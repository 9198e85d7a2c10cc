//! Any guild at any moment.

mod asking;
mod keyframes;
mod moments;
mod odd;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use domain::{GuildId, Moment};
use eventlog::{
    EventLog,
    sql::{Row, Value},
    values,
};
use projections::{AnyProjection, TimeMachine, TimeOptions, View, Visit};

use crate::support::{House, Random, guild};

/// Every row of every table, by table.
pub type Dump = BTreeMap<&'static str, Vec<Row>>;

/// Small enough that a short history has many keyframes.
pub fn small() -> TimeOptions {
    TimeOptions { every: 7, lookback: 5, ..TimeOptions::default() }
}

pub fn machine(folder: &Path, house: &House, options: TimeOptions) -> TimeMachine {
    machine_of(folder, house, projections::registered(), options)
}

pub fn machine_of(
    folder: &Path,
    house: &House,
    projections: Vec<Box<dyn AnyProjection>>,
    options: TimeOptions,
) -> TimeMachine {
    let log: Arc<dyn EventLog> = Arc::clone(&house.log);
    TimeMachine::open(folder, log, house.clock.clock(), projections, options).unwrap()
}

pub async fn at(machine: &TimeMachine, guild: GuildId, seq: u64) -> View {
    let all = machine.projections();
    machine.at(guild, Moment::Seq(seq), &all, Visit::of("auditor")).await.unwrap()
}

pub async fn dump(view: &View) -> Dump {
    let mut dump = Dump::new();
    for rows in view.everything().await.unwrap() {
        assert_eq!(rows.total, rows.rows.len() as u64);
        dump.insert(rows.table, rows.rows.iter().map(alike).collect());
    }
    dump
}

/// What the live read models of a house show of a guild.
pub async fn live(house: &House, guild: GuildId, view: &View) -> Dump {
    let mut dump = Dump::new();
    for table in view.tables() {
        let columns = view.rows(table, 1).await.unwrap().columns.join(", ");
        let sql = format!("SELECT {columns} FROM {table} WHERE guild = $1");
        let mut rows: Vec<Row> =
            house.store.query(&sql, &values![guild]).await.unwrap().iter().map(alike).collect();
        // Keys come first in every table of ours, and they are numbers.
        rows.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        dump.insert(table, rows);
    }
    dump
}

/// SQLite cannot tell of which kind a null is.
fn alike(row: &Row) -> Row {
    let alike = |value: &Value| match value {
        Value::Text(None) | Value::Blob(None) => Value::Int(None),
        other => other.clone(),
    };
    Row(row.0.iter().map(alike).collect())
}

/// A guild that comes to at least so many events, among others that live at the same time.
pub async fn busy(house: &House, seed: u64, events: u64) -> GuildId {
    let (here, mut random) = (guild(1), Random::of(seed));
    let guilds = [here, guild(2)];
    let mut erased = false;
    loop {
        let head = house.history(here).await.len() as u64;
        if head >= events {
            return here;
        }
        if head >= events / 2 && !erased {
            erased = true;
            let person = house.somebody(here, 70 + seed).await;
            house.grant(here, person, 9, Some("between us")).await;
            house.bus.erase_person(here, person).await.unwrap();
        }
        house.something(&mut random, &guilds, 6).await;
    }
}
