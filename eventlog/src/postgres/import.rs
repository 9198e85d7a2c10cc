//! Events of another log, put in as they are, and the marks that close a log meanwhile.

use std::{collections::HashMap, fmt::Write as _};

use domain::EventId;
use sqlx::{PgConnection, PgPool, Row as _, error::DatabaseError};

use super::{from_sqlx, read};
use crate::{
    envelope::{Entry, Recorded},
    log::LogError,
    moving::{self, Mark},
};

const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('reeve.events'), \
                    current_schema()::regnamespace::oid::int)";
const COPY: &str = "COPY events (position, event_id, aggregate_type, aggregate_id, sequence, \
                    guild, guild_seq, event_type, event_version, recorded_at, metadata, payload, \
                    hash) FROM STDIN";
const UNIQUE_VIOLATION: &str = "23505";

pub(super) async fn import(pool: &PgPool, events: &[Recorded]) -> Result<(), LogError> {
    events.iter().try_for_each(Recorded::check)?;
    if events.is_empty() || insert(pool, events).await? {
        return Ok(());
    }
    // Some of the page was there before: only the rest goes in.
    let ids: Vec<_> = events.iter().map(|event| event.id.0).collect();
    let there = read::by_ids(pool, &ids).await?;
    let there: HashMap<EventId, Recorded> =
        there.into_iter().map(|event| (event.id, event)).collect();
    let mut rest = Vec::new();
    for event in events {
        match there.get(&event.id) {
            Some(there) => moving::same(there, event)?,
            None => rest.push(event.clone()),
        }
    }
    if rest.is_empty() || insert(pool, &rest).await? {
        return Ok(());
    }
    Err(LogError::Corrupt(
        "another event stands in the place of one that is to be put in".to_owned(),
    ))
}

/// False where a place or an id is taken; then nothing was put in.
async fn insert(pool: &PgPool, events: &[Recorded]) -> Result<bool, LogError> {
    let mut transaction = pool.begin().await.map_err(|error| from_sqlx(&error))?;
    match copy(&mut transaction, events).await {
        Ok(()) => {
            transaction.commit().await.map_err(|error| from_sqlx(&error))?;
            Ok(true)
        }
        Err(error) => {
            let code = error.as_database_error().and_then(DatabaseError::code);
            if code.as_deref() != Some(UNIQUE_VIOLATION) {
                return Err(from_sqlx(&error));
            }
            transaction.rollback().await.map_err(|error| from_sqlx(&error))?;
            Ok(false)
        }
    }
}

async fn copy(connection: &mut PgConnection, events: &[Recorded]) -> Result<(), sqlx::Error> {
    sqlx::query(LOCK).execute(&mut *connection).await?;
    sqlx::raw_sql("SET LOCAL reeve.importing = 'on'; SET LOCAL synchronous_commit = 'on'")
        .execute(&mut *connection)
        .await?;
    let head = sqlx::query("SELECT COALESCE(max(position), 0) FROM events")
        .fetch_one(&mut *connection)
        .await?
        .get::<i64, _>(0);
    let bytes = events.iter().map(|event| event.payload.len() + event.metadata.len() + 400).sum();
    let mut text = String::with_capacity(bytes);
    for (event, position) in events.iter().zip(head + 1..) {
        line(&mut text, event, position);
    }
    let mut copy = connection.copy_in_raw(COPY).await?;
    copy.send(text.into_bytes()).await?;
    copy.finish().await.map(drop)
}

/// One line of COPY's text format.
fn line(text: &mut String, event: &Recorded, position: i64) {
    let Entry { id, version, guild_seq, type_version, hash, .. } = &**event;
    let _ = write!(text, "{position}\t{id}\t");
    escape(text, event.stream.category());
    text.push('\t');
    escape(text, &event.stream.aggregate_id());
    let _ = write!(text, "\t{version}\t{}\t{guild_seq}\t", event.guild());
    escape(text, &event.type_name);
    let _ = write!(text, "\t{type_version}\t{}\t", event.at.as_micros());
    escape(text, &event.metadata);
    text.push('\t');
    escape(text, &event.payload);
    let _ = writeln!(text, "\t\\\\x{hash}");
}

fn escape(text: &mut String, value: &str) {
    let mut rest = value;
    while let Some(at) = rest.find(['\\', '\t', '\n', '\r']) {
        text.push_str(&rest[..at]);
        text.push_str(match rest.as_bytes()[at] {
            b'\\' => "\\\\",
            b'\t' => "\\t",
            b'\n' => "\\n",
            _ => "\\r",
        });
        rest = &rest[at + 1..];
    }
    text.push_str(rest);
}

pub(super) async fn mark(pool: &PgPool, mark: Mark) -> Result<Option<String>, LogError> {
    sqlx::query_scalar("SELECT value FROM log_meta WHERE key = $1")
        .bind(mark.key())
        .fetch_optional(pool)
        .await
        .map_err(|error| from_sqlx(&error))
}

pub(super) async fn set_mark(
    pool: &PgPool,
    mark: Mark,
    text: Option<&str>,
) -> Result<(), LogError> {
    let set = async {
        let mut transaction = pool.begin().await?;
        // Whoever appends holds it: none is half-way through when the mark is there.
        sqlx::query(LOCK).execute(&mut *transaction).await?;
        let sql = match text {
            Some(_) => {
                "INSERT INTO log_meta (key, value) VALUES ($1, $2) \
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value"
            }
            None => "DELETE FROM log_meta WHERE key = $1 AND $2::text IS NULL",
        };
        sqlx::query(sql).bind(mark.key()).bind(text).execute(&mut *transaction).await?;
        transaction.commit().await
    };
    set.await.map_err(|error: sqlx::Error| from_sqlx(&error))
}
