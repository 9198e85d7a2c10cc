//! What operators see of projections: how far they are, what waits, what went wrong.

use domain::{GuildId, Timestamp};
use eventlog::{EventLog, LogError, Position, Slice, sql::Row, values};
use serde::Serialize;

use crate::store::ReadStore;

/// One build of one projection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BuildStatus {
    pub name: String,
    pub version: u32,
    pub build: u32,
    /// `live`, or `building`.
    pub state: String,
    /// Events folded so far.
    pub applied: u64,
    pub lag_events: u64,
    /// How long the oldest event that is not folded yet has been waiting.
    pub lag_secs: i64,
    /// Of a build in the making.
    pub percent: u8,
    pub parked_guilds: u64,
    pub paused: Option<String>,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    pub projection: String,
    pub guild: GuildId,
    pub guild_seq: u64,
    pub event: String,
    pub event_type: String,
    pub error_id: String,
    pub error: String,
    pub attempts: u64,
    pub at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct Status(ReadStore);

impl Status {
    pub const fn new(store: ReadStore) -> Self {
        Self(store)
    }

    pub async fn builds(
        &self,
        log: &dyn EventLog,
        now: Timestamp,
    ) -> Result<Vec<BuildStatus>, LogError> {
        let head = log.head().await?;
        let sql = "SELECT b.name, b.version, b.build, b.state, MIN(c.position), \
                   CAST(SUM(c.applied) AS bigint), MAX(c.paused), MAX(c.updated_at), \
                   (SELECT COUNT(*) FROM projection_blocked p \
                    WHERE p.name = b.name AND p.build = b.build), MIN(b.started_at) \
                   FROM projection_builds b JOIN projection_checkpoints c \
                   ON c.name = b.name AND c.build = b.build \
                   GROUP BY b.name, b.version, b.build, b.state ORDER BY b.name, b.build";
        let mut builds = Vec::new();
        for row in self.0.query(sql, &[]).await? {
            let position = Position(row.count(4)?);
            let oldest = if position < head {
                log.read_all(position, 1, Slice::ALL).await?.events.pop()
            } else {
                None
            };
            builds.push(build_status(&row, head, oldest.map(|event| event.at), now)?);
        }
        Ok(builds)
    }

    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, LogError> {
        let sql = "SELECT name, guild, guild_seq, event_id, event_type, error_id, error, attempts, \
                   at FROM projection_dead_letters ORDER BY name, guild LIMIT 1000";
        self.0.query(sql, &[]).await?.iter().map(dead_letter).collect()
    }

    /// Guilds of a projection's live build that wait.
    pub async fn parked(&self, name: &str) -> Result<Vec<GuildId>, LogError> {
        let sql = "SELECT p.guild FROM projection_blocked p JOIN projection_builds b \
                   ON b.name = p.name AND b.build = p.build \
                   WHERE p.name = $1 AND b.state = 'live' ORDER BY p.guild";
        let rows = self.0.query(sql, &values![name]).await?;
        rows.iter().map(|row| guild(row.int(0)?)).collect()
    }
}

fn build_status(
    row: &Row,
    head: Position,
    oldest: Option<Timestamp>,
    now: Timestamp,
) -> Result<BuildStatus, LogError> {
    let position = row.count(4)?;
    let lag_events = head.0.saturating_sub(position);
    let done = position.min(head.0) * 100;
    Ok(BuildStatus {
        name: row.text(0)?.to_owned(),
        version: u32::try_from(row.int(1)?).unwrap_or_default(),
        build: u32::try_from(row.int(2)?).unwrap_or_default(),
        state: row.text(3)?.to_owned(),
        applied: row.count(5)?,
        lag_events,
        lag_secs: oldest.map_or(0, |at| now.secs_since(at)),
        percent: u8::try_from(done.checked_div(head.0).unwrap_or(100)).unwrap_or(100),
        parked_guilds: row.count(8)?,
        paused: row.opt_text(6)?.map(str::to_owned),
        updated_at: Timestamp::from_micros(row.int(7)?),
    })
}

fn dead_letter(row: &Row) -> Result<DeadLetter, LogError> {
    Ok(DeadLetter {
        projection: row.text(0)?.to_owned(),
        guild: guild(row.int(1)?)?,
        guild_seq: row.count(2)?,
        event: row.text(3)?.to_owned(),
        event_type: row.text(4)?.to_owned(),
        error_id: row.text(5)?.to_owned(),
        error: row.text(6)?.to_owned(),
        attempts: row.count(7)?,
        at: Timestamp::from_micros(row.int(8)?),
    })
}

fn guild(number: i64) -> Result<GuildId, LogError> {
    GuildId::from_i64(number).map_err(|error| LogError::Corrupt(error.to_string()))
}
