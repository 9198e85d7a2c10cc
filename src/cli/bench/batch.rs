//! The rebuild as one would write it by hand, as an upper bound: read 1,000 events by position,
//! decode the payload, fold in memory, write the balances and the checkpoint, commit. It trusts
//! the rows (no hashes) and knows one shape of event (no versions).

use std::{collections::HashMap, fmt, time::Instant};

use domain::{Bytes, PersonId, economy::Event};
use eventlog::sqlite::log_path;
use rusqlite::{Connection, params};
use serde::Serialize;
use sqlx::{PgPool, Row as _};

use super::{
    Failed,
    rebuild::{self, Args},
    store::{Backend, Store, on_fresh_store},
};

const PAGE: i64 = 1_000;

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    pub store: Backend,
    pub events: u64,
    pub events_per_s: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, events_per_s, .. } = self;
        write!(f, "{events} events at {events_per_s:.0} events/s")
    }
}

pub(super) async fn run(args: Args) -> Result<Outcome, Failed> {
    let backend = args.backend()?;
    on_fresh_store(backend, &args.ground, async |store| {
        rebuild::fill(store, args.size).await?;
        build(store, backend).await
    })
    .await
}

pub(super) async fn build(store: &Store, backend: Backend) -> Result<Outcome, Failed> {
    let began = Instant::now();
    let events = match &store.pool {
        Some(pool) => on_postgres(pool).await?,
        None => on_sqlite(store)?,
    };
    let events_per_s = super::per_second(events, began.elapsed());
    Ok(Outcome { store: backend, events, events_per_s })
}

/// Changes of balances within one page.
#[derive(Default)]
struct Changes(HashMap<(i64, PersonId), i64>);

impl Changes {
    fn add(&mut self, guild: i64, payload: &str) -> Result<(), Failed> {
        let mut change = |person, Bytes(amount)| {
            *self.0.entry((guild, person)).or_default() += amount;
        };
        match serde_json::from_str(payload)? {
            Event::AccountOpened { person, starting } => change(person, starting),
            Event::BytesGranted { to, amount, .. }
            | Event::DailyAwarded { to, amount, .. }
            | Event::SpendRefunded { to, amount, .. } => change(to, amount),
            Event::BytesTaken { from, amount, .. } | Event::BytesSpent { from, amount, .. } => {
                change(from, -amount);
            }
            Event::BytesTransferred { from, to, amount, .. } => {
                change(from, -amount);
                change(to, amount);
            }
            Event::SpendSettled { .. } => {}
        }
        Ok(())
    }

    /// In the order of the table's key.
    fn take_sorted(&mut self) -> Vec<(i64, i64, i64)> {
        let changes = self.0.drain();
        let mut rows: Vec<_> =
            changes.map(|((guild, person), by)| (guild, i64::from(person.0), by)).collect();
        rows.sort_unstable();
        rows
    }
}

const TABLES: &str = "
DROP TABLE IF EXISTS hand_balances;
CREATE TABLE hand_balances (
    guild bigint NOT NULL, person bigint NOT NULL, balance bigint NOT NULL,
    PRIMARY KEY (guild, person));
DROP TABLE IF EXISTS hand_checkpoint;
CREATE TABLE hand_checkpoint (position bigint NOT NULL);
INSERT INTO hand_checkpoint VALUES (0);";

async fn on_postgres(pool: &PgPool) -> Result<u64, Failed> {
    sqlx::raw_sql(TABLES).execute(pool).await?;
    let page = "SELECT position, guild, payload::text FROM events \
                WHERE position > $1 ORDER BY position LIMIT $2";
    let upsert = "INSERT INTO hand_balances (guild, person, balance) \
                  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) \
                  ON CONFLICT (guild, person) \
                  DO UPDATE SET balance = hand_balances.balance + excluded.balance";
    let (mut position, mut events) = (0_i64, 0);
    let mut changes = Changes::default();
    loop {
        let mut transaction = pool.begin().await?;
        let rows = sqlx::query(page).bind(position).bind(PAGE).fetch_all(&mut *transaction).await?;
        let Some(last) = rows.last() else { return Ok(events) };
        position = last.try_get(0)?;
        for row in &rows {
            changes.add(row.try_get(1)?, row.try_get(2)?)?;
        }
        let (mut guilds, mut people, mut amounts) = (Vec::new(), Vec::new(), Vec::new());
        for (guild, person, by) in changes.take_sorted() {
            guilds.push(guild);
            people.push(person);
            amounts.push(by);
        }
        let upsert = sqlx::query(upsert).bind(guilds).bind(people).bind(amounts);
        upsert.execute(&mut *transaction).await?;
        let advance = sqlx::query("UPDATE hand_checkpoint SET position = $1").bind(position);
        advance.execute(&mut *transaction).await?;
        transaction.commit().await?;
        events += rows.len() as u64;
    }
}

/// Without a network in between, one prepared statement per row is what a multi-row upsert is on
/// PostgreSQL. Every commit is synced.
fn on_sqlite(store: &Store) -> Result<u64, Failed> {
    let log = Connection::open(log_path(&store.folder))?;
    let mut view = Connection::open(store.folder.join("hand.db"))?;
    view.pragma_update(None, "journal_mode", "WAL")?;
    view.pragma_update(None, "synchronous", "FULL")?;
    view.execute_batch(TABLES)?;
    let mut page = log.prepare(
        "SELECT position, guild, payload FROM events WHERE position > ?1 ORDER BY position LIMIT ?2",
    )?;
    let (mut position, mut events) = (0_i64, 0);
    let mut changes = Changes::default();
    loop {
        let before = events;
        let mut rows = page.query(params![position, PAGE])?;
        while let Some(row) = rows.next()? {
            position = row.get(0)?;
            changes.add(row.get(1)?, row.get_ref(2)?.as_str()?)?;
            events += 1;
        }
        if events == before {
            return Ok(events);
        }
        let transaction = view.transaction()?;
        {
            let mut upsert = transaction.prepare_cached(
                "INSERT INTO hand_balances (guild, person, balance) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (guild, person) DO UPDATE SET balance = balance + excluded.balance",
            )?;
            for row in changes.take_sorted() {
                upsert.execute(row)?;
            }
        }
        transaction.execute("UPDATE hand_checkpoint SET position = ?1", [position])?;
        transaction.commit()?;
    }
}
