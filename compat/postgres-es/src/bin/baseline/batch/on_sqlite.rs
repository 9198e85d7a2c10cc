use std::{fs, path::Path, time::Instant};

use anyhow::{Context as _, ensure};
use rusqlite::{Connection, params};

use super::{BATCH, Fold, METADATA, Outcome, RECORDED_AT, outcome};
use crate::history::{FIRST_GUILD, History};

const LOG: &str = include_str!("../../../../../../migrations/sqlite/0001_log.sql");
const VIEW: &str = "
CREATE TABLE balances (
    guild INTEGER NOT NULL, person INTEGER NOT NULL, balance INTEGER NOT NULL,
    PRIMARY KEY (guild, person)) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoints (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT;
INSERT INTO checkpoints VALUES ('balances', 0);";

const FILL: &str = "
INSERT INTO events (
    position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
    guild, guild_seq, event_id, recorded_at, hash)
VALUES (?1, 'economy', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?3, randomblob(16), ?9, randomblob(32))";

const PAGE: &str = "
SELECT position, guild, payload FROM events WHERE position > ? ORDER BY position LIMIT ?";
const UPSERT: &str = "
INSERT INTO balances (guild, person, balance) VALUES (?, ?, ?)
ON CONFLICT (guild, person) DO UPDATE SET balance = balance + excluded.balance";
const ADVANCE: &str = "UPDATE checkpoints SET position = ? WHERE name = 'balances'";

pub fn run(file: &Path, history: &History, aggregates: u32) -> anyhow::Result<Outcome> {
    ensure!(!file.exists(), "{} exists already; name a new file", file.display());
    let outcome = fill(file, history, aggregates).and_then(|()| rebuild(file));
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        let _ = fs::remove_file(name);
    }
    outcome
}

fn open(file: &Path, synchronous: &str) -> anyhow::Result<Connection> {
    let connection = Connection::open(file)
        .with_context(|| format!("cannot open the SQLite file {}", file.display()))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    Ok(connection)
}

fn fill(file: &Path, history: &History, aggregates: u32) -> anyhow::Result<()> {
    let mut connection = open(file, "OFF")?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(LOG)?;
    transaction.execute_batch(VIEW)?;
    {
        let mut insert = transaction.prepare(FILL)?;
        let mut position = 0_i64;
        for (index, payload) in history.payloads.iter().enumerate() {
            let kind = &history.event_types[index];
            let version = &history.event_versions[index];
            for guild in (FIRST_GUILD..).take(aggregates as usize) {
                position += 1;
                insert.execute(params![
                    position,
                    guild.to_string(),
                    index + 1,
                    kind,
                    version,
                    payload,
                    METADATA,
                    guild,
                    RECORDED_AT + position
                ])?;
            }
        }
    }
    transaction.commit()?;
    connection.execute_batch("ANALYZE")?;
    Ok(())
}

/// With a sync for every commit, as Reeve runs SQLite. One prepared statement per row: without a
/// network in between, that is what a multi-row upsert saves on PostgreSQL.
fn rebuild(file: &Path) -> anyhow::Result<Outcome> {
    let mut connection = open(file, "FULL")?;
    let mut fold = Fold::default();
    let (mut position, mut events, mut rows) = (0_i64, 0, 0);
    let began = Instant::now();
    loop {
        let transaction = connection.transaction()?;
        let before = events;
        {
            let mut page = transaction.prepare_cached(PAGE)?;
            let mut page = page.query(params![position, BATCH])?;
            while let Some(row) = page.next()? {
                position = row.get(0)?;
                fold.add(row.get(1)?, row.get_ref(2)?.as_str()?)?;
                events += 1;
            }
        }
        if events == before {
            break;
        }
        {
            let mut upsert = transaction.prepare_cached(UPSERT)?;
            for change in fold.drain_sorted() {
                rows += upsert.execute(change)? as u64;
            }
            transaction.prepare_cached(ADVANCE)?.execute([position])?;
        }
        transaction.commit()?;
    }
    Ok(outcome("sqlite", events, rows, began))
}
