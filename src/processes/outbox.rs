//! What is still to be done in Discord, and what became of it: rows of the work store.

use std::sync::Arc;

use domain::{GuildId, Timestamp, WebhookId};
use eventlog::{
    Clock, LogError,
    sql::{Db, Row, Tx, Value},
    values,
};
use serde::Serialize;
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    effect::{self, Deed, Effect, Way},
    lease::Fault,
    reaction::Ordered,
};

/// Effects that are not finished, on each way. Beyond it processes wait, and with them what they would order.
pub const MAX_OPEN: u64 = 100_000;
/// How long it is remembered what became of one.
pub const KEEP_DONE_SECS: i64 = 7 * 86_400;
pub const KEEP_DEAD_SECS: i64 = 90 * 86_400;
/// Rows that one round of tidying deletes.
const TIDY_ROWS: u64 = 1_000;
const MAX_LISTED: u64 = 500;
const MAX_ERROR_CHARS: usize = 300;

#[derive(Clone)]
pub struct Outbox {
    db: Db,
    clock: Clock,
    news: Arc<News>,
}

/// That something may have been ordered, for whoever sends on each way.
#[derive(Default)]
struct News {
    discord: Notify,
    webhooks: Notify,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outbox")
    }
}

/// An effect as people look at it: nothing of what is written in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub id: String,
    pub kind: String,
    pub process: String,
    pub guild: GuildId,
    pub target: String,
    pub state: String,
    pub tries: u64,
    pub created_at: String,
    pub next_at: String,
    pub result: Option<String>,
    pub error_code: Option<i64>,
    pub error: Option<String>,
    /// Its process could not be told what became of it.
    pub untold: bool,
}

/// What a webhook was told, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: String,
    /// The event's number in the community.
    pub seq: u64,
    pub trial: bool,
    pub state: String,
    pub tries: u64,
    pub created_at: Timestamp,
    /// When it was sent last.
    pub sent_at: Option<Timestamp>,
    /// When it is tried again, where it is.
    pub next_at: Timestamp,
    /// The receiver's status, where it took it.
    pub status: Option<u16>,
    pub error: Option<String>,
}

/// How many there are in each state, and how long the oldest has waited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub waiting: u64,
    pub calling: u64,
    pub unknown: u64,
    pub done: u64,
    pub dead: u64,
    pub dropped: u64,
    pub untold: u64,
    pub oldest_waiting_secs: i64,
}

impl Outbox {
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock, news: Arc::default() }
    }

    /// Orders effects outside of a process's step; one that is there already is left as it is.
    pub async fn put(&self, ordered: &[Ordered]) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        put(&mut tx, ordered, (self.clock)()).await?;
        tx.commit().await?;
        self.tell();
        Ok(())
    }

    pub(super) fn tell(&self) {
        self.news.discord.notify_one();
        self.news.webhooks.notify_one();
    }

    pub(super) fn news(&self, way: Way) -> &Notify {
        match way {
            Way::Discord => &self.news.discord,
            Way::Webhooks => &self.news.webhooks,
        }
    }

    /// Looks at the clock now: for whoever moved a virtual one.
    pub fn poke(&self) {
        self.tell();
    }

    pub async fn counts(&self) -> Result<Counts, LogError> {
        self.count("SELECT state, COUNT(*), MIN(created_at) FROM effects GROUP BY state").await
    }

    /// Those that are not carried out yet, or whose process is not told yet what became of them.
    pub async fn unfinished(&self) -> Result<u64, LogError> {
        let sql = "SELECT COUNT(*) FROM effects \
                   WHERE state IN ('waiting', 'calling', 'unknown') OR tell <> 0";
        let rows = self.db.query(sql, &[]).await?;
        rows.first().map_or(Ok(0), |row| row.count(0))
    }

    /// Of those that are not done; what is done is most of them, and counting it takes a while.
    pub(super) async fn open_counts(&self) -> Result<Counts, LogError> {
        let sql = "SELECT state, COUNT(*), MIN(created_at) FROM effects \
                   WHERE state IN ('waiting', 'calling', 'unknown', 'dead') GROUP BY state";
        self.count(sql).await
    }

    async fn count(&self, sql: &str) -> Result<Counts, LogError> {
        let mut counts = Counts::default();
        let now = (self.clock)();
        for row in self.db.query(sql, &[]).await? {
            let number = row.count(1)?;
            let oldest = now.secs_since(Timestamp::from_micros(row.int(2)?));
            let place = match row.text(0)? {
                "waiting" => &mut counts.waiting,
                "calling" => &mut counts.calling,
                "unknown" => &mut counts.unknown,
                "done" => &mut counts.done,
                "dead" => &mut counts.dead,
                _ => &mut counts.dropped,
            };
            *place += number;
            if matches!(row.text(0)?, "waiting" | "calling" | "unknown") {
                counts.oldest_waiting_secs = counts.oldest_waiting_secs.max(oldest);
            }
        }
        let rows = self.db.query("SELECT COUNT(*) FROM effects WHERE tell = 2", &[]).await?;
        counts.untold = rows.first().map_or(Ok(0), |row| row.count(0))?;
        Ok(counts)
    }

    /// Those in one state (`untold`: whose process could not be told), or all that are not done;
    /// the newest first.
    pub async fn list(&self, state: Option<&str>, most: u64) -> Result<Vec<Listed>, LogError> {
        const COLUMNS: &str = "id, kind, process, guild, target, state, tries, created_at, \
                               next_at, result, error_code, error, tell";
        let most = most.min(MAX_LISTED);
        let rows = match state {
            None => {
                let sql = format!(
                    "SELECT {COLUMNS} FROM effects WHERE state IN ('waiting', 'calling', \
                     'unknown', 'dead') OR tell = 2 ORDER BY number DESC LIMIT $1"
                );
                self.db.query(&sql, &values![most]).await?
            }
            Some("untold") => {
                let sql = format!(
                    "SELECT {COLUMNS} FROM effects WHERE tell = 2 ORDER BY number DESC LIMIT $1"
                );
                self.db.query(&sql, &values![most]).await?
            }
            Some(state) => {
                let sql = format!(
                    "SELECT {COLUMNS} FROM effects WHERE state = $1 ORDER BY number DESC LIMIT $2"
                );
                self.db.query(&sql, &values![state, most]).await?
            }
        };
        rows.iter().map(listed).collect()
    }

    /// What a webhook was told last, the newest first.
    pub async fn deliveries(
        &self,
        guild: GuildId,
        webhook: WebhookId,
        most: u64,
    ) -> Result<Vec<Delivery>, LogError> {
        let sql = "SELECT number, id, payload, state, tries, created_at, last_call_at, next_at, \
                   result, error FROM effects WHERE target = $1 \
                   AND kind IN ('deliver', 'try_webhook') AND guild = $2 \
                   ORDER BY number DESC LIMIT $3";
        let mut found = Vec::new();
        for target in [effect::deliveries(webhook), effect::trials(webhook)] {
            let rows = self.db.query(sql, &values![target, guild, most]).await?;
            for row in &rows {
                found.push((row.count(0)?, delivery(row)?));
            }
        }
        found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        let newest = usize::try_from(most).unwrap_or(usize::MAX);
        Ok(found.into_iter().take(newest).map(|(_, delivery)| delivery).collect())
    }

    /// Tries again what is dead or was dropped, or tells again who could not be told. Answers how
    /// many that were: all of them where no id is given.
    pub async fn retry(&self, id: Option<Uuid>) -> Result<u64, LogError> {
        let mut tx = self.db.begin().await?;
        let select = "SELECT id, state FROM effects WHERE (state IN ('dead', 'dropped') OR \
                      tell = 2) AND ($1 = '' OR id = $1) ORDER BY number LIMIT $2";
        let wanted = id.map_or(String::new(), |id| id.to_string());
        let rows = tx.query(select, &values![wanted, MAX_OPEN]).await?;
        let first = take_numbers(&mut tx, rows.len() as u64).await?;
        for (number, row) in (first..).zip(&rows) {
            let sql = if row.text(1)? == "done" {
                "UPDATE effects SET number = $2, tell = 1, next_at = $3 WHERE id = $1"
            } else {
                // Its patience begins anew; whether a call may have been carried out is kept.
                "UPDATE effects SET number = $2, tell = 0, next_at = $3, created_at = $3, \
                 tries = 0, round = round + 1, finished_at = NULL, error_code = NULL, \
                 error = NULL, \
                 state = CASE WHEN unsure = 1 THEN 'unknown' ELSE 'waiting' END WHERE id = $1"
            };
            tx.execute(sql, &values![row.text(0)?, number, (self.clock)()]).await?;
        }
        tx.commit().await?;
        self.tell();
        Ok(rows.len() as u64)
    }

    /// Leaves an effect undone, for good; false where it is finished, or under way.
    pub async fn drop_one(&self, id: Uuid) -> Result<bool, LogError> {
        let sql = "UPDATE effects SET state = 'dropped', finished_at = $2, \
                   error = 'dropped by an operator', tell = CASE WHEN state = 'dead' \
                   THEN tell ELSE 1 END \
                   WHERE id = $1 AND state IN ('waiting', 'unknown', 'dead')";
        Ok(self.db.execute(sql, &values![id.to_string(), (self.clock)()]).await? == 1)
    }

    /// Forgets what became of those that were finished long ago.
    pub async fn tidy(&self) -> Result<u64, LogError> {
        let now = (self.clock)();
        let sql = "DELETE FROM effects WHERE number IN (SELECT number FROM effects \
                   WHERE tell <> 1 AND ((state IN ('done', 'dropped') AND finished_at < $1) \
                   OR (state = 'dead' AND finished_at < $2)) LIMIT $3)";
        let (done, dead) = (now.plus_secs(-KEEP_DONE_SECS), now.plus_secs(-KEEP_DEAD_SECS));
        let forgotten = self.db.execute(sql, &values![done, dead, TIDY_ROWS]).await?;
        let sql = "DELETE FROM timers WHERE state = 'done' AND fired_at < $1";
        Ok(forgotten + self.db.execute(sql, &values![done]).await?)
    }
}

/// Writes effects into a transaction. One that was ordered before is left as it is.
pub(super) async fn put(tx: &mut Tx, ordered: &[Ordered], now: Timestamp) -> Result<(), Fault> {
    if ordered.is_empty() {
        return Ok(());
    }
    for way in Way::ALL {
        if !ordered.iter().any(|one| one.deed.kind().way == way) {
            continue;
        }
        let count = format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM effects WHERE state IN ('waiting', 'unknown') \
             AND {} LIMIT $1) AS open_ones",
            way.in_sql()
        );
        let rows = tx.query(&count, &values![MAX_OPEN]).await?;
        if rows.first().map_or(Ok(0), |row| row.count(0))? >= MAX_OPEN {
            return Err(Fault::Later(format!(
                "{MAX_OPEN} effects wait; no more are ordered until some are done (see \
                 `reeve effects list`)"
            )));
        }
    }
    let first = take_numbers(tx, ordered.len() as u64).await?;
    for (number, one) in (first..).zip(ordered) {
        let insert = "INSERT INTO effects (number, id, process, kind, guild, target, route, \
                      payload, note, priority, state, unsure, limited, tries, round, next_at, \
                      created_at, tell) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
                      'waiting', 0, 0, 0, 0, $11, $11, 0) ON CONFLICT (id) DO NOTHING";
        let kind = one.deed.kind();
        let row = values![
            number,
            one.id.to_string(),
            one.process,
            kind.name,
            one.guild,
            one.deed.target(),
            one.deed.route(one.guild),
            effect::encode(&one.deed)?,
            one.note.as_str(),
            kind.priority as i64,
            now,
        ];
        tx.execute(insert, &row).await?;
    }
    Ok(())
}

/// The first of so many numbers. Whoever has them commits before the next is given any, so a
/// reader that has seen one never meets a smaller one later.
async fn take_numbers(tx: &mut Tx, many: u64) -> Result<u64, LogError> {
    let sql = "UPDATE work_counters SET value = value + $1 WHERE name = 'effects'";
    tx.execute(sql, &values![many]).await?;
    let rows = tx.query("SELECT value FROM work_counters WHERE name = 'effects'", &[]).await?;
    let last = rows.first().map_or(Ok(0), |row| row.count(0))?;
    Ok(last - many + 1)
}

pub(super) const EFFECT_COLUMNS: &str = "number, id, process, guild, payload, unsure, tries, \
                                         round, created_at, first_call_at, last_call_at, note";

pub(super) fn read(row: &Row) -> Result<Effect, LogError> {
    let corrupt = |what: &str| LogError::Corrupt(format!("effects: {what}"));
    let small = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
    Ok(Effect {
        number: row.count(0)?,
        id: Uuid::parse_str(row.text(1)?).map_err(|_| corrupt("an id is no id"))?,
        process: row.text(2)?.to_owned(),
        guild: GuildId::from_i64(row.int(3)?).map_err(|_| corrupt("a guild is none"))?,
        deed: serde_json::from_str(row.text(4)?)
            .map_err(|error| corrupt(&format!("a payload of another version: {error}")))?,
        unsure: row.int(5)? == 1,
        tries: small(row.int(6)?),
        round: small(row.int(7)?),
        created_at: Timestamp::from_micros(row.int(8)?),
        first_call_at: row.opt_int(9)?.map(Timestamp::from_micros),
        last_call_at: row.opt_int(10)?.map(Timestamp::from_micros),
        note: row.text(11)?.to_owned(),
    })
}

fn delivery(row: &Row) -> Result<Delivery, LogError> {
    let corrupt = |what: String| LogError::Corrupt(format!("effects: {what}"));
    let deed: Deed = serde_json::from_str(row.text(2)?)
        .map_err(|error| corrupt(format!("a payload of another version: {error}")))?;
    let (seq, trial) = match deed {
        Deed::Deliver { seq, .. } => (seq, false),
        Deed::TryWebhook { seq, .. } => (seq, true),
        other => return Err(corrupt(format!("{} is no delivery", other.kind().name))),
    };
    Ok(Delivery {
        id: row.text(1)?.to_owned(),
        seq,
        trial,
        state: row.text(3)?.to_owned(),
        tries: row.count(4)?,
        created_at: Timestamp::from_micros(row.int(5)?),
        sent_at: row.opt_int(6)?.map(Timestamp::from_micros),
        next_at: Timestamp::from_micros(row.int(7)?),
        status: row.opt_text(8)?.and_then(|status| status.parse().ok()),
        error: row.opt_text(9)?.map(str::to_owned),
    })
}

fn listed(row: &Row) -> Result<Listed, LogError> {
    let text = |column| Ok::<_, LogError>(row.opt_text(column)?.map(str::to_owned));
    let moment = |column| Ok::<_, LogError>(Timestamp::from_micros(row.int(column)?).to_string());
    Ok(Listed {
        id: row.text(0)?.to_owned(),
        kind: row.text(1)?.to_owned(),
        process: row.text(2)?.to_owned(),
        guild: GuildId::from_i64(row.int(3)?)
            .map_err(|_| LogError::Corrupt("effects: a guild is none".to_owned()))?,
        target: row.text(4)?.to_owned(),
        state: row.text(5)?.to_owned(),
        tries: row.count(6)?,
        created_at: moment(7)?,
        next_at: moment(8)?,
        result: text(9)?,
        error_code: row.opt_int(10)?,
        error: text(11)?,
        untold: row.int(12)? == 2,
    })
}

/// As it is kept: Discord's answers may be long.
pub(super) fn short(text: &str) -> String {
    text.chars().take(MAX_ERROR_CHARS).collect()
}

pub(super) fn opt_text(text: Option<&str>) -> Value {
    Value::Text(text.map(str::to_owned))
}
