//! Reading: columns listed, rows turned into events.

use std::{borrow::Cow, collections::HashSet};

use domain::{EventId, GuildId, Timestamp};
use sqlx::{PgConnection, PgExecutor, Row as _, postgres::PgRow};
use uuid::Uuid;

use super::from_sqlx;
use crate::{
    envelope::{Entry, EventHash, Position, Recorded, StreamId},
    log::{LogError, Slice},
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT position, event_id, aggregate_type, aggregate_id, sequence, guild_seq, ",
            "event_type, event_version, recorded_at, metadata::text, payload::text, hash ",
            "FROM events ",
            $rest
        )
    };
}

pub(super) async fn stream(
    executor: impl PgExecutor<'_>,
    stream: &StreamId,
    after: u64,
    limit: usize,
) -> Result<Vec<Recorded>, LogError> {
    let sql = select!(
        "WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 \
         ORDER BY sequence LIMIT $4"
    );
    let query = sqlx::query(sql)
        .bind(stream.category())
        .bind(stream.aggregate_id())
        .bind(signed(after))
        .bind(signed(limit));
    recorded(query.fetch_all(executor).await)
}

pub(super) async fn guild(
    executor: impl PgExecutor<'_>,
    guild: GuildId,
    after: u64,
    limit: usize,
) -> Result<Vec<Recorded>, LogError> {
    let sql = select!("WHERE guild = $1 AND guild_seq > $2 ORDER BY guild_seq LIMIT $3");
    let query = sqlx::query(sql).bind(guild.as_i64()).bind(signed(after)).bind(signed(limit));
    recorded(query.fetch_all(executor).await)
}

pub(super) async fn all(
    executor: impl PgExecutor<'_>,
    after: Position,
    limit: usize,
    slice: Slice,
) -> Result<Vec<Recorded>, LogError> {
    if slice == Slice::ALL {
        let sql = select!("WHERE position > $1 ORDER BY position LIMIT $2");
        let query = sqlx::query(sql).bind(signed(after.0)).bind(signed(limit));
        return recorded(query.fetch_all(executor).await);
    }
    let sql = select!("WHERE position > $1 AND (guild >> 22) % $3 = $4 ORDER BY position LIMIT $2");
    let query = sqlx::query(sql)
        .bind(signed(after.0))
        .bind(signed(limit))
        .bind(i64::from(slice.of))
        .bind(i64::from(slice.index));
    recorded(query.fetch_all(executor).await)
}

pub(super) async fn by_ids(
    executor: impl PgExecutor<'_>,
    ids: &[Uuid],
) -> Result<Vec<Recorded>, LogError> {
    let sql = select!("WHERE event_id = ANY($1)");
    recorded(sqlx::query(sql).bind(ids).fetch_all(executor).await)
}

/// Which of these ids are in the log.
pub(super) async fn known_ids(
    executor: impl PgExecutor<'_>,
    ids: &[Uuid],
) -> Result<HashSet<EventId>, LogError> {
    let sql = "SELECT event_id FROM events WHERE event_id = ANY($1)";
    let rows = sqlx::query(sql).bind(ids).fetch_all(executor).await.map_err(|e| from_sqlx(&e))?;
    Ok(rows.iter().map(|row| EventId(row.get(0))).collect())
}

/// What others wrote after a position, without payloads: where each event stands.
pub(super) async fn places_after(
    executor: impl PgExecutor<'_>,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, StreamId, u64, u64, Timestamp)>, LogError> {
    let sql = "SELECT position, aggregate_type, aggregate_id, sequence, guild_seq, recorded_at \
               FROM events WHERE position > $1 ORDER BY position LIMIT $2";
    let rows = sqlx::query(sql)
        .bind(signed(after))
        .bind(signed(limit))
        .fetch_all(executor)
        .await
        .map_err(|error| from_sqlx(&error))?;
    rows.iter()
        .map(|row| {
            let stream = StreamId::from_columns(row.get(1), row.get(2))?;
            let at = Timestamp::from_micros(row.get(5));
            Ok((unsigned(row.get(0)), stream, unsigned(row.get(3)), unsigned(row.get(4)), at))
        })
        .collect()
}

pub(super) async fn head(connection: &mut PgConnection) -> Result<Position, LogError> {
    let sql = "SELECT COALESCE(max(position), 0) FROM events";
    one(connection, sqlx::query(sql)).await.map(Position)
}

pub(super) async fn last_at(connection: &mut PgConnection) -> Result<Timestamp, LogError> {
    let sql = "SELECT recorded_at FROM events ORDER BY position DESC LIMIT 1";
    let row = sqlx::query(sql).fetch_optional(connection).await.map_err(|e| from_sqlx(&e))?;
    Ok(row.map_or(Timestamp::NEVER, |row| Timestamp::from_micros(row.get(0))))
}

pub(super) async fn stream_head(
    executor: impl PgExecutor<'_>,
    stream: &StreamId,
) -> Result<u64, LogError> {
    let sql = "SELECT COALESCE(max(sequence), 0) FROM events \
               WHERE aggregate_type = $1 AND aggregate_id = $2";
    one(executor, sqlx::query(sql).bind(stream.category()).bind(stream.aggregate_id())).await
}

/// Ends of many streams in one round trip, in the order asked.
pub(super) async fn stream_heads(
    connection: &mut PgConnection,
    streams: &[StreamId],
) -> Result<Vec<u64>, LogError> {
    let sql = "SELECT COALESCE((SELECT max(sequence) FROM events \
               WHERE aggregate_type = asked.type AND aggregate_id = asked.id), 0) \
               FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (type, id, nth) \
               ORDER BY nth";
    let types: Vec<&str> = streams.iter().map(StreamId::category).collect();
    let ids: Vec<String> = streams.iter().map(StreamId::aggregate_id).collect();
    heads(sqlx::query(sql).bind(types).bind(ids).fetch_all(connection).await)
}

pub(super) async fn guild_heads(
    connection: &mut PgConnection,
    guilds: &[GuildId],
) -> Result<Vec<u64>, LogError> {
    let sql = "SELECT COALESCE((SELECT max(guild_seq) FROM events WHERE guild = asked.id), 0) \
               FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (id, nth) ORDER BY nth";
    let ids: Vec<i64> = guilds.iter().map(|guild| guild.as_i64()).collect();
    heads(sqlx::query(sql).bind(ids).fetch_all(connection).await)
}

/// The event contract that the log's newest writer knew.
pub(super) async fn contract(connection: &mut PgConnection) -> Result<u32, LogError> {
    let sql = "SELECT value FROM log_meta WHERE key = 'contract'";
    let row = sqlx::query(sql).fetch_optional(connection).await.map_err(|e| from_sqlx(&e))?;
    let Some(row) = row else { return Ok(0) };
    row.get::<&str, _>(0)
        .parse()
        .map_err(|_| LogError::Corrupt("log_meta.contract is not a number".to_owned()))
}

pub(super) async fn set_contract(
    connection: &mut PgConnection,
    version: u32,
) -> Result<(), LogError> {
    let sql = "INSERT INTO log_meta (key, value) VALUES ('contract', $1) \
               ON CONFLICT (key) DO UPDATE SET value = \
               greatest(log_meta.value::int, excluded.value::int)::text";
    sqlx::query(sql)
        .bind(version.to_string())
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(|error| from_sqlx(&error))
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

async fn one(executor: impl PgExecutor<'_>, query: Query<'_>) -> Result<u64, LogError> {
    let row = query.fetch_one(executor).await.map_err(|error| from_sqlx(&error))?;
    Ok(unsigned(row.get(0)))
}

fn heads(rows: Result<Vec<PgRow>, sqlx::Error>) -> Result<Vec<u64>, LogError> {
    let rows = rows.map_err(|error| from_sqlx(&error))?;
    Ok(rows.iter().map(|row| unsigned(row.get(0))).collect())
}

fn recorded(rows: Result<Vec<PgRow>, sqlx::Error>) -> Result<Vec<Recorded>, LogError> {
    rows.map_err(|error| from_sqlx(&error))?.iter().map(event).collect()
}

fn event(row: &PgRow) -> Result<Recorded, LogError> {
    let position = unsigned(row.get(0));
    let corrupt = |what: &str| LogError::Corrupt(format!("row {position} of the log: {what}"));
    let hash: &[u8] = row.get(11);
    Ok(Recorded::from(Entry {
        position: Position(position),
        id: EventId(row.get(1)),
        stream: StreamId::from_columns(row.get(2), row.get(3))?,
        version: unsigned(row.get(4)),
        guild_seq: unsigned(row.get(5)),
        type_name: Cow::Owned(row.get(6)),
        type_version: row
            .get::<&str, _>(7)
            .parse()
            .map_err(|_| corrupt("the version of its type is not a number"))?,
        at: Timestamp::from_micros(row.get(8)),
        metadata: row.get::<&str, _>(9).into(),
        payload: row.get::<&str, _>(10).into(),
        hash: EventHash(hash.try_into().map_err(|_| corrupt("its hash is not 32 bytes"))?),
    }))
}

fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    number.unsigned_abs()
}
