//! How processes, timers and effects stand: for operators, `reeve doctor` and metrics.

use std::{sync::Arc, time::Duration};

use domain::{GuildId, Timestamp};
use eventlog::{EventLog, LogError, sql::Db, values};
use serde::Serialize;
use tokio::sync::watch;

use super::{Shared, stopped};

/// Parked guilds and dead timers that are shown.
const MAX_SHOWN: u64 = 200;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProcessStatus {
    pub name: String,
    pub slices: u64,
    pub events: u64,
    /// Events of the log that it has not looked at.
    pub lag_events: u64,
    pub parked_guilds: u64,
    pub paused: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parked {
    pub process: String,
    pub guild: GuildId,
    pub guild_seq: u64,
    pub event_type: String,
    pub error_id: String,
    pub error: String,
    pub tries: u64,
    pub since: String,
    /// A retry was asked for and is not done yet.
    pub retry_asked: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadTimer {
    pub id: String,
    pub process: String,
    pub kind: String,
    pub guild: GuildId,
    pub key: String,
    pub due: String,
    pub error: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TimerCounts {
    pub waiting: u64,
    pub dead: u64,
    /// How long the most overdue has waited.
    pub overdue_secs: i64,
}

pub async fn processes(db: &Db, log: &dyn EventLog) -> Result<Vec<ProcessStatus>, LogError> {
    let head = log.head().await?;
    let sql = "SELECT name, COUNT(*), CAST(SUM(events) AS bigint), MIN(position), MAX(paused), \
               (SELECT COUNT(*) FROM process_blocked b WHERE b.name = c.name) \
               FROM process_checkpoints c GROUP BY name ORDER BY name";
    let rows = db.query(sql, &[]).await?;
    let read = |row: &eventlog::sql::Row| {
        Ok(ProcessStatus {
            name: row.text(0)?.to_owned(),
            slices: row.count(1)?,
            events: row.count(2)?,
            lag_events: head.0.saturating_sub(row.count(3)?),
            paused: row.opt_text(4)?.map(str::to_owned),
            parked_guilds: row.count(5)?,
        })
    };
    rows.iter().map(read).collect()
}

pub async fn parked(db: &Db) -> Result<Vec<Parked>, LogError> {
    let sql = "SELECT name, guild, event_seq, event_type, error_id, error, tries, since, \
               retry_asked FROM process_blocked ORDER BY since, name, guild LIMIT $1";
    let rows = db.query(sql, &values![MAX_SHOWN]).await?;
    let read = |row: &eventlog::sql::Row| {
        Ok(Parked {
            process: row.text(0)?.to_owned(),
            guild: guild(row.int(1)?)?,
            guild_seq: row.count(2)?,
            event_type: row.text(3)?.to_owned(),
            error_id: row.text(4)?.to_owned(),
            error: row.text(5)?.to_owned(),
            tries: row.count(6)?,
            since: Timestamp::from_micros(row.int(7)?).to_string(),
            retry_asked: row.int(8)? == 1,
        })
    };
    rows.iter().map(read).collect()
}

/// Asks whoever runs a process to try a parked guild again (all of them where none is named);
/// answers how many that are.
pub async fn ask_retry(db: &Db, process: &str, guild: Option<GuildId>) -> Result<u64, LogError> {
    let sql = "UPDATE process_blocked SET retry_asked = 1 WHERE name = $1 \
               AND ($2 = 0 OR guild = $2)";
    db.execute(sql, &values![process, guild.map_or(0, GuildId::as_i64)]).await
}

pub async fn timers(db: &Db, now: Timestamp) -> Result<TimerCounts, LogError> {
    let sql = "SELECT state, COUNT(*), MIN(due_at) FROM timers \
               WHERE state IN ('waiting', 'firing', 'dead') GROUP BY state";
    let mut counts = TimerCounts::default();
    for row in db.query(sql, &[]).await? {
        if row.text(0)? == "dead" {
            counts.dead = row.count(1)?;
        } else {
            counts.waiting += row.count(1)?;
            let overdue = now.secs_since(Timestamp::from_micros(row.int(2)?));
            counts.overdue_secs = counts.overdue_secs.max(overdue);
        }
    }
    Ok(counts)
}

/// Timers that should have fired by now.
pub async fn timers_due(db: &Db, now: Timestamp) -> Result<u64, LogError> {
    let sql = "SELECT COUNT(*) FROM timers WHERE state = 'firing' \
               OR (state = 'waiting' AND next_at <= $1)";
    let rows = db.query(sql, &values![now]).await?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

pub async fn dead_timers(db: &Db) -> Result<Vec<DeadTimer>, LogError> {
    let sql = "SELECT id, process, kind, guild, timer_key, due_at, error FROM timers \
               WHERE state = 'dead' ORDER BY due_at, id LIMIT $1";
    let rows = db.query(sql, &values![MAX_SHOWN]).await?;
    let read = |row: &eventlog::sql::Row| {
        Ok(DeadTimer {
            id: row.text(0)?.to_owned(),
            process: row.text(1)?.to_owned(),
            kind: row.text(2)?.to_owned(),
            guild: guild(row.int(3)?)?,
            key: row.text(4)?.to_owned(),
            due: Timestamp::from_micros(row.int(5)?).to_string(),
            error: row.opt_text(6)?.unwrap_or_default().to_owned(),
        })
    };
    rows.iter().map(read).collect()
}

/// Fires a dead timer again (all of them where none is named); answers how many that are.
pub async fn revive_timers(db: &Db, process: &str, now: Timestamp) -> Result<u64, LogError> {
    let sql = "UPDATE timers SET state = 'waiting', next_at = $2, tries = 0 \
               WHERE state = 'dead' AND process = $1";
    db.execute(sql, &values![process, now]).await
}

fn guild(column: i64) -> Result<GuildId, LogError> {
    GuildId::from_i64(column).map_err(|_| LogError::Corrupt("a guild is none".to_owned()))
}

/// Keeps the gauges at what is so.
pub(super) async fn measure(shared: Arc<Shared>, every: Duration, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = measure_once(&shared).await {
            tracing::debug!(%error, "processes could not be measured");
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stopped(&mut stop) => return,
        }
    }
}

async fn measure_once(shared: &Shared) -> Result<(), LogError> {
    for process in processes(&shared.db, &*shared.log).await? {
        let name = process.name;
        gauge("reeve_process_lag_events", name.clone(), process.lag_events);
        gauge("reeve_process_parked_guilds", name, process.parked_guilds);
    }
    let effects = shared.outbox.open_counts().await?;
    for (state, number) in [
        ("waiting", effects.waiting),
        ("calling", effects.calling),
        ("unknown", effects.unknown),
        ("dead", effects.dead),
        ("untold", effects.untold),
    ] {
        metrics::gauge!("reeve_effects", "state" => state).set(as_gauge(number));
    }
    let oldest = effects.oldest_waiting_secs.unsigned_abs();
    metrics::gauge!("reeve_effects_oldest_waiting_seconds").set(as_gauge(oldest));
    let timers = timers(&shared.db, (shared.clock)()).await?;
    metrics::gauge!("reeve_timers", "state" => "waiting").set(as_gauge(timers.waiting));
    metrics::gauge!("reeve_timers", "state" => "dead").set(as_gauge(timers.dead));
    let overdue = timers.overdue_secs.unsigned_abs();
    metrics::gauge!("reeve_timers_overdue_seconds").set(as_gauge(overdue));
    Ok(())
}

fn gauge(metric: &'static str, process: String, number: u64) {
    metrics::gauge!(metric, "process" => process).set(as_gauge(number));
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is no ledger")]
const fn as_gauge(number: u64) -> f64 {
    number as f64
}
