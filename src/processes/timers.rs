//! What is to happen at its time. A timer that is set fires once for that setting: its command has
//! a key made of the setting's id, so that a crash between firing and writing it down does no harm.
//!
//! A setting replaces the one before it under the same kind, guild and key. A timer that has begun
//! to fire cannot be called back. Payloads hold no personal text: they are not sealed.

use std::{sync::Arc, time::Duration};

use domain::{GuildId, Timestamp};
use eventlog::{
    Clock, LogError,
    sql::{Db, Row, Tx},
    values,
};
use tokio::sync::Notify;
use uuid::Uuid;

pub const MAX_PAYLOAD_BYTES: usize = 4096;
pub const MAX_KEY_BYTES: usize = 200;
/// Of one kind in one guild.
pub const MAX_TIMERS: u64 = 10_000;

/// A timer that is to be set.
#[derive(Clone, Debug)]
pub struct NewTimer {
    id: Uuid,
    process: &'static str,
    kind: &'static str,
    guild: GuildId,
    key: String,
    due: Timestamp,
    payload: String,
}

impl NewTimer {
    /// `source` is what sets it: set again by the same, it is the same setting.
    pub(super) fn new(
        process: &'static str,
        kind: &'static str,
        guild: GuildId,
        key: &str,
        due: Timestamp,
        payload: &serde_json::Value,
        source: &str,
    ) -> Result<Self, String> {
        let payload = payload.to_string();
        if payload.len() > MAX_PAYLOAD_BYTES {
            let size = payload.len();
            return Err(format!("a timer's payload of {size} bytes is over {MAX_PAYLOAD_BYTES}"));
        }
        if key.is_empty() || key.len() > MAX_KEY_BYTES || key.chars().any(char::is_control) {
            return Err(format!("a timer's key has 1 to {MAX_KEY_BYTES} bytes, not {}", key.len()));
        }
        let name = format!("reeve.timer/{source}/{kind}/{guild}/{key}/{}", due.as_micros());
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
        Ok(Self { id, process, kind, guild, key: key.to_owned(), due, payload })
    }
}

/// What is to become of a timer.
#[derive(Clone, Debug)]
pub(super) enum Timed {
    Set(NewTimer),
    /// Sets it, or leaves the one that is due sooner.
    Sooner(NewTimer),
    Cancel {
        kind: &'static str,
        guild: GuildId,
        key: String,
    },
}

impl Timed {
    /// Whether setting both comes to what setting one of them does.
    pub fn is_the_same_as(&self, other: &Self) -> bool {
        let (Self::Set(one), Self::Set(other)) = (self, other) else { return false };
        let name = |timer: &NewTimer| (timer.kind, timer.guild, timer.due);
        name(one) == name(other) && one.key == other.key && one.payload == other.payload
    }
}

/// A timer whose time has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Timer {
    pub id: Uuid,
    pub process: String,
    pub kind: String,
    pub guild: GuildId,
    pub key: String,
    pub due: Timestamp,
    pub payload: serde_json::Value,
    pub(super) tries: u32,
}

/// Sets and cancels timers.
#[derive(Clone)]
pub struct Timers {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) news: Arc<Notify>,
}

impl std::fmt::Debug for Timers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Timers")
    }
}

impl Timers {
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock, news: Arc::new(Notify::new()) }
    }

    /// Sets a timer durably; `source` names who asks, so that asking twice sets it once.
    #[expect(clippy::too_many_arguments, reason = "a timer is that many facts")]
    pub async fn set(
        &self,
        process: &'static str,
        kind: &'static str,
        guild: GuildId,
        key: &str,
        due: Timestamp,
        payload: &serde_json::Value,
        source: &str,
    ) -> Result<(), LogError> {
        let timer = NewTimer::new(process, kind, guild, key, due, payload, source)
            .map_err(LogError::Setup)?;
        if let Some(problem) = self.is_full(kind, guild).await? {
            return Err(LogError::Setup(problem));
        }
        self.write(&[Timed::Set(timer)]).await.map(|_| ())
    }

    /// Why no more can be set, where that is so.
    pub(super) async fn is_full(
        &self,
        kind: &str,
        guild: GuildId,
    ) -> Result<Option<String>, LogError> {
        let count = "SELECT COUNT(*) FROM timers WHERE kind = $1 AND guild = $2 \
                     AND state = 'waiting'";
        let rows = self.db.query(count, &values![kind, guild]).await?;
        let full = rows.first().map_or(Ok(0), |row| row.count(0))? >= MAX_TIMERS;
        Ok(full.then(|| {
            format!(
                "a community can have {MAX_TIMERS} timers of the kind {kind}; wait for some to \
                 fire, or cancel some"
            )
        }))
    }

    /// Whether it was in time.
    pub async fn cancel(
        &self,
        kind: &'static str,
        guild: GuildId,
        key: &str,
    ) -> Result<bool, LogError> {
        let cancel = Timed::Cancel { kind, guild, key: key.to_owned() };
        self.write(&[cancel]).await.map(|changed| changed == 1)
    }

    async fn write(&self, timed: &[Timed]) -> Result<u64, LogError> {
        let mut tx = self.db.begin().await?;
        let changed = write(&mut tx, timed, (self.clock)()).await?;
        tx.commit().await?;
        self.news.notify_one();
        Ok(changed)
    }

    /// Looks at the clock now: for whoever moved a virtual one.
    pub fn poke(&self) {
        self.news.notify_one();
    }
}

/// Sets and cancels in the order given; answers how many rows that changed.
pub(super) async fn write(tx: &mut Tx, timed: &[Timed], now: Timestamp) -> Result<u64, LogError> {
    let mut changed = 0;
    for one in timed {
        changed += match one {
            Timed::Set(timer) => set(tx, timer, now).await?,
            Timed::Sooner(timer) => set_sooner(tx, timer, now).await?,
            Timed::Cancel { kind, guild, key } => {
                let delete = "DELETE FROM timers WHERE kind = $1 AND guild = $2 AND timer_key = $3 \
                              AND state = 'waiting'";
                tx.execute(delete, &values![*kind, *guild, key.as_str()]).await?
            }
        };
    }
    Ok(changed)
}

async fn set(tx: &mut Tx, timer: &NewTimer, now: Timestamp) -> Result<u64, LogError> {
    let insert = "INSERT INTO timers (kind, guild, timer_key, id, process, due_at, next_at, \
                  payload, state, tries, error, set_at, fired_at) \
                  VALUES ($1, $2, $3, $4, $5, $6, $6, $7, 'waiting', 0, NULL, $8, NULL) \
                  ON CONFLICT (kind, guild, timer_key) DO UPDATE SET id = excluded.id, \
                  process = excluded.process, due_at = excluded.due_at, \
                  next_at = excluded.next_at, payload = excluded.payload, state = 'waiting', \
                  tries = 0, error = NULL, set_at = excluded.set_at, fired_at = NULL \
                  WHERE timers.id <> excluded.id";
    let row = values![
        timer.kind,
        timer.guild,
        timer.key.as_str(),
        timer.id.to_string(),
        timer.process,
        timer.due,
        timer.payload.as_str(),
        now,
    ];
    tx.execute(insert, &row).await
}

/// One that is firing just now, or could not, fires once more as what it is: it may have looked
/// already, and what it was there for is not forgotten.
async fn set_sooner(tx: &mut Tx, timer: &NewTimer, now: Timestamp) -> Result<u64, LogError> {
    let insert = "INSERT INTO timers (kind, guild, timer_key, id, process, due_at, next_at, \
                  payload, state, tries, error, set_at, fired_at) \
                  VALUES ($1, $2, $3, $4, $5, $6, $6, $7, 'waiting', 0, NULL, $8, NULL) \
                  ON CONFLICT (kind, guild, timer_key) DO UPDATE SET id = excluded.id, \
                  process = excluded.process, \
                  due_at = CASE WHEN timers.state IN ('firing', 'dead') \
                  AND timers.due_at < excluded.due_at THEN timers.due_at \
                  ELSE excluded.due_at END, \
                  next_at = CASE WHEN timers.state IN ('firing', 'dead') \
                  AND timers.due_at < excluded.due_at THEN timers.due_at \
                  ELSE excluded.due_at END, \
                  payload = excluded.payload, state = 'waiting', tries = 0, error = NULL, \
                  set_at = excluded.set_at, fired_at = NULL \
                  WHERE timers.id <> excluded.id \
                  AND (timers.state <> 'waiting' OR excluded.due_at < timers.due_at)";
    let row = values![
        timer.kind,
        timer.guild,
        timer.key.as_str(),
        timer.id.to_string(),
        timer.process,
        timer.due,
        timer.payload.as_str(),
        now,
    ];
    tx.execute(insert, &row).await
}

const COLUMNS: &str = "id, process, kind, guild, timer_key, due_at, payload, tries";

/// Those of these kinds whose time has come, the earliest first.
pub(super) async fn due(
    db: &Db,
    kinds: &[&str],
    now: Timestamp,
    most: usize,
) -> Result<Vec<Timer>, LogError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM timers WHERE state = 'waiting' AND next_at <= $1 \
         AND kind IN ({}) ORDER BY next_at, id LIMIT $2",
        quoted(kinds)
    );
    db.query(&sql, &values![now, most as u64]).await?.iter().map(read).collect()
}

/// How long until the next of these kinds is due.
pub(super) async fn next_in(
    db: &Db,
    kinds: &[&str],
    now: Timestamp,
) -> Result<Option<Duration>, LogError> {
    let sql = format!(
        "SELECT MIN(next_at) FROM timers WHERE state = 'waiting' AND kind IN ({})",
        quoted(kinds)
    );
    let rows = db.query(&sql, &[]).await?;
    let next = rows.first().map_or(Ok(None), |row| row.opt_int(0))?;
    Ok(next.map(|next| {
        Duration::from_micros(next.saturating_sub(now.as_micros()).try_into().unwrap_or(0))
    }))
}

/// Kinds are names in our code, with nothing in them that SQL would read.
fn quoted(kinds: &[&str]) -> String {
    let names: Vec<_> = kinds.iter().map(|kind| format!("'{}'", kind.replace('\'', ""))).collect();
    names.join(", ")
}

fn read(row: &Row) -> Result<Timer, LogError> {
    let corrupt = |what: &str| LogError::Corrupt(format!("timers: {what}"));
    Ok(Timer {
        id: Uuid::parse_str(row.text(0)?).map_err(|_| corrupt("an id is no id"))?,
        process: row.text(1)?.to_owned(),
        kind: row.text(2)?.to_owned(),
        guild: GuildId::from_i64(row.int(3)?).map_err(|_| corrupt("a guild is none"))?,
        key: row.text(4)?.to_owned(),
        due: Timestamp::from_micros(row.int(5)?),
        payload: serde_json::from_str(row.text(6)?).map_err(|_| corrupt("a payload is no JSON"))?,
        tries: u32::try_from(row.int(7)?).unwrap_or(u32::MAX),
    })
}
