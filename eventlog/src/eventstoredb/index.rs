//! The index in PostgreSQL: where each event stands.

use std::collections::{HashMap, HashSet};

use domain::{EventId, GuildId, Timestamp};
use sqlx::{PgConnection, PgExecutor, Row as _, postgres::PgRow};
use uuid::Uuid;

use crate::{
    envelope::{EventHash, Position, Recorded, StreamId},
    log::{LogError, Slice},
    postgres::from_sqlx,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT position, guild_seq, aggregate_type, aggregate_id, sequence, event_id, ",
            "recorded_at, hash, commit_position, prepare_position FROM esdb_events ",
            $rest
        )
    };
}

/// Where an event stands; its content is on the server.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub position: Position,
    pub guild_seq: u64,
    pub stream: StreamId,
    pub version: u64,
    pub id: EventId,
    pub at: Timestamp,
    pub hash: EventHash,
    pub commit: u64,
    pub prepare: u64,
}

/// How far the index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checkpoint {
    pub position: u64,
    pub last_at: Timestamp,
    pub commit: u64,
    pub prepare: u64,
}

impl Checkpoint {
    /// Where the server is to be read on from, none at the beginning.
    pub const fn server_position(&self) -> Option<eventstore::Position> {
        match self.position {
            0 => None,
            _ => Some(eventstore::Position { commit: self.commit, prepare: self.prepare }),
        }
    }

    pub const fn has_seen(&self, commit: u64, prepare: u64) -> bool {
        self.position > 0
            && (commit < self.commit || (commit == self.commit && prepare <= self.prepare))
    }
}

/// The index of this log; of another one it refuses.
pub(super) async fn adopt(connection: &mut PgConnection, log: Uuid) -> Result<(), LogError> {
    let sql = "INSERT INTO esdb_checkpoint (log, last_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let never = Timestamp::NEVER.as_micros();
    let done = sqlx::query(sql).bind(log).bind(never).execute(&mut *connection).await;
    done.map_err(|error| from_sqlx(&error))?;
    let row = sqlx::query("SELECT log FROM esdb_checkpoint").fetch_one(connection).await;
    let found: Uuid = row.map_err(|error| from_sqlx(&error))?.get(0);
    if found == log {
        return Ok(());
    }
    Err(LogError::Setup(format!(
        "the index in PostgreSQL is of the log {found}, and EventStoreDB holds the log {log}; give \
         each log a database of its own, or empty the tables esdb_events and esdb_checkpoint to \
         have the index made anew"
    )))
}

pub(super) async fn checkpoint(executor: impl PgExecutor<'_>) -> Result<Checkpoint, LogError> {
    let sql = "SELECT position, last_at, commit_position, prepare_position FROM esdb_checkpoint";
    let row = sqlx::query(sql).fetch_optional(executor).await.map_err(|error| from_sqlx(&error))?;
    let row = row.ok_or_else(|| {
        LogError::Unavailable("the index in PostgreSQL was emptied; open the log again".to_owned())
    })?;
    Ok(Checkpoint {
        position: unsigned(row.get(0)),
        last_at: Timestamp::from_micros(row.get(1)),
        commit: unsigned(row.get(2)),
        prepare: unsigned(row.get(3)),
    })
}

/// Enters counted events on top of `base`; how far the index is then.
pub(super) async fn enter(
    connection: &mut PgConnection,
    base: u64,
    events: &[(Recorded, u64, u64)],
) -> Result<u64, LogError> {
    let numbers =
        |value: fn(&(Recorded, u64, u64)) -> i64| events.iter().map(value).collect::<Vec<_>>();
    let categories: Vec<&str> = events.iter().map(|(event, ..)| event.stream.category()).collect();
    let aggregate_ids: Vec<String> =
        events.iter().map(|(event, ..)| event.stream.aggregate_id()).collect();
    let ids: Vec<Uuid> = events.iter().map(|(event, ..)| event.id.0).collect();
    let hashes: Vec<&[u8]> = events.iter().map(|(event, ..)| event.hash.0.as_slice()).collect();
    let sql = "SELECT esdb_index($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let row = sqlx::query(sql)
        .bind(signed(base))
        .bind(numbers(|(event, ..)| event.guild().as_i64()))
        .bind(numbers(|(event, ..)| event.guild_seq.cast_signed()))
        .bind(categories)
        .bind(aggregate_ids)
        .bind(numbers(|(event, ..)| event.version.cast_signed()))
        .bind(ids)
        .bind(numbers(|(event, ..)| event.at.as_micros()))
        .bind(hashes)
        .bind(numbers(|(_, commit, _)| commit.cast_signed()))
        .bind(numbers(|(_, _, prepare)| prepare.cast_signed()))
        .fetch_one(connection)
        .await;
    match row {
        Ok(row) => Ok(unsigned(row.get(0))),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(LogError::Corrupt(
            format!("an event is in EventStoreDB that cannot be another one's successor: {error}"),
        )),
        Err(error) => Err(from_sqlx(&error)),
    }
}

/// Ends of guilds as they were at a position.
pub(super) async fn guild_heads(
    connection: &mut PgConnection,
    guilds: &[GuildId],
    at: u64,
) -> Result<Vec<u64>, LogError> {
    let sql = "SELECT COALESCE((SELECT guild_seq FROM esdb_events \
               WHERE guild = asked.id AND position <= $2 ORDER BY guild_seq DESC LIMIT 1), 0) \
               FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (id, nth) ORDER BY nth";
    let ids: Vec<i64> = guilds.iter().map(|guild| guild.as_i64()).collect();
    let rows = sqlx::query(sql).bind(ids).bind(signed(at)).fetch_all(connection).await;
    let rows = rows.map_err(|error| from_sqlx(&error))?;
    Ok(rows.iter().map(|row| unsigned(row.get(0))).collect())
}

pub(super) async fn stream_head(
    executor: impl PgExecutor<'_>,
    stream: &StreamId,
) -> Result<u64, LogError> {
    let sql = "SELECT COALESCE(max(sequence), 0) FROM esdb_events \
               WHERE aggregate_type = $1 AND aggregate_id = $2";
    let query = sqlx::query(sql).bind(stream.category()).bind(stream.aggregate_id());
    let row = query.fetch_one(executor).await.map_err(|error| from_sqlx(&error))?;
    Ok(unsigned(row.get(0)))
}

/// Which of these ids are in the log.
pub(super) async fn known_ids(
    executor: impl PgExecutor<'_>,
    ids: &[Uuid],
) -> Result<HashSet<EventId>, LogError> {
    let sql = "SELECT event_id FROM esdb_events WHERE event_id = ANY($1)";
    let rows = sqlx::query(sql).bind(ids).fetch_all(executor).await.map_err(|e| from_sqlx(&e))?;
    Ok(rows.iter().map(|row| EventId(row.get(0))).collect())
}

/// The hashes of those of these ids that are in the log.
pub(super) async fn known_hashes(
    executor: impl PgExecutor<'_>,
    ids: &[Uuid],
) -> Result<HashMap<EventId, Vec<u8>>, LogError> {
    let sql = "SELECT event_id, hash FROM esdb_events WHERE event_id = ANY($1)";
    let rows = sqlx::query(sql).bind(ids).fetch_all(executor).await.map_err(|e| from_sqlx(&e))?;
    Ok(rows.iter().map(|row| (EventId(row.get(0)), row.get(1))).collect())
}

pub(super) async fn of_stream(
    executor: impl PgExecutor<'_>,
    stream: &StreamId,
    after: u64,
    limit: usize,
) -> Result<Vec<Place>, LogError> {
    let sql = select!(
        "WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 \
         ORDER BY sequence LIMIT $4"
    );
    let query = sqlx::query(sql)
        .bind(stream.category())
        .bind(stream.aggregate_id())
        .bind(signed(after))
        .bind(signed(limit));
    places(query.fetch_all(executor).await)
}

pub(super) async fn of_guild(
    executor: impl PgExecutor<'_>,
    guild: GuildId,
    after: u64,
    limit: usize,
) -> Result<Vec<Place>, LogError> {
    let sql = select!("WHERE guild = $1 AND guild_seq > $2 ORDER BY guild_seq LIMIT $3");
    let query = sqlx::query(sql).bind(guild.as_i64()).bind(signed(after)).bind(signed(limit));
    places(query.fetch_all(executor).await)
}

pub(super) async fn of_all(
    executor: impl PgExecutor<'_>,
    after: Position,
    limit: usize,
    slice: Slice,
) -> Result<Vec<Place>, LogError> {
    let sql = select!(
        "WHERE position > $1 AND ($3 = 1 OR (guild >> 22) % $3 = $4) ORDER BY position LIMIT $2"
    );
    let query = sqlx::query(sql)
        .bind(signed(after.0))
        .bind(signed(limit))
        .bind(i64::from(slice.of))
        .bind(i64::from(slice.index));
    places(query.fetch_all(executor).await)
}

pub(super) async fn of_id(
    executor: impl PgExecutor<'_>,
    id: EventId,
) -> Result<Vec<Place>, LogError> {
    let query = sqlx::query(select!("WHERE event_id = $1")).bind(id.0);
    places(query.fetch_all(executor).await)
}

fn places(rows: Result<Vec<PgRow>, sqlx::Error>) -> Result<Vec<Place>, LogError> {
    rows.map_err(|error| from_sqlx(&error))?.iter().map(place).collect()
}

fn place(row: &PgRow) -> Result<Place, LogError> {
    let position = unsigned(row.get(0));
    let hash: &[u8] = row.get(7);
    let hash = hash.try_into().map_err(|_| {
        LogError::Corrupt(format!("row {position} of the index: its hash is not 32 bytes"))
    })?;
    Ok(Place {
        position: Position(position),
        guild_seq: unsigned(row.get(1)),
        stream: StreamId::from_columns(row.get(2), row.get(3))?,
        version: unsigned(row.get(4)),
        id: EventId(row.get(5)),
        at: Timestamp::from_micros(row.get(6)),
        hash: EventHash(hash),
        commit: unsigned(row.get(8)),
        prepare: unsigned(row.get(9)),
    })
}

fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    number.unsigned_abs()
}
