//! Marks of a log in EventStoreDB, in the database of its index.

use std::time::Duration;

use sqlx::{PgExecutor, PgPool};

use super::{follow::Shared, gate};
use crate::{log::LogError, moving::Mark, postgres::from_sqlx};

/// How long it is waited for appends that are under way, beyond the time that they are tried.
const GRACE: Duration = Duration::from_secs(15);

/// A mark that is not settled is written, and not everybody has let go of the log yet.
#[derive(Clone, Debug)]
struct Row {
    text: String,
    settled: bool,
}

/// The mark that closes the log, as `<key> <text>`, settled or not.
pub(super) async fn closing(executor: impl PgExecutor<'_>) -> Result<Option<String>, LogError> {
    let sql = "SELECT key || ' ' || value FROM esdb_marks WHERE key IN ('closed', 'filling') \
               ORDER BY key LIMIT 1";
    sqlx::query_scalar(sql).fetch_optional(executor).await.map_err(|error| from_sqlx(&error))
}

/// A closing mark that is seen is a mark that holds: whoever asks waits until it does.
pub(super) async fn get(shared: &Shared, mark: Mark) -> Result<Option<String>, LogError> {
    let Some(row) = row(&shared.pool, mark).await? else {
        return if mark == Mark::LogId { charter(&shared.pool).await.map(Some) } else { Ok(None) };
    };
    if !row.settled {
        settle(shared, mark).await?;
    }
    Ok(Some(row.text))
}

pub(super) async fn set(shared: &Shared, mark: Mark, text: Option<&str>) -> Result<(), LogError> {
    let before = row(&shared.pool, mark).await?;
    let Some(text) = text else {
        put(&shared.pool, mark, None).await?;
        shared.gate.nudge();
        return Ok(());
    };
    // Nobody came in since an earlier text was settled.
    let settled = !closes(mark) || before.as_ref().is_some_and(|before| before.settled);
    put(&shared.pool, mark, Some(&Row { text: text.to_owned(), settled })).await?;
    if settled {
        return Ok(());
    }
    shared.gate.nudge();
    if let Err(error) = settle(shared, mark).await {
        // The log is not closed for all, so it is closed for nobody.
        put(&shared.pool, mark, before.as_ref()).await?;
        shared.gate.nudge();
        return Err(error);
    }
    Ok(())
}

const fn closes(mark: Mark) -> bool {
    matches!(mark, Mark::Closed | Mark::Filling)
}

async fn settle(shared: &Shared, mark: Mark) -> Result<(), LogError> {
    let connect = shared.pool.connect_options();
    let patience = shared.append_timeout + GRACE;
    gate::alone(&connect, patience, async |session| {
        let sql = "UPDATE esdb_marks SET settled = true WHERE key = $1";
        let done = sqlx::query(sql).bind(mark.key()).execute(session).await;
        done.map(drop).map_err(|error| from_sqlx(&error))
    })
    .await
}

async fn row(pool: &PgPool, mark: Mark) -> Result<Option<Row>, LogError> {
    let sql = "SELECT value, settled FROM esdb_marks WHERE key = $1";
    let found: Option<(String, bool)> = sqlx::query_as(sql)
        .bind(mark.key())
        .fetch_optional(pool)
        .await
        .map_err(|error| from_sqlx(&error))?;
    Ok(found.map(|(text, settled)| Row { text, settled }))
}

async fn put(pool: &PgPool, mark: Mark, row: Option<&Row>) -> Result<(), LogError> {
    let sql = match row {
        Some(_) => {
            "INSERT INTO esdb_marks (key, value, settled) VALUES ($1, $2, $3) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, settled = excluded.settled"
        }
        None => "DELETE FROM esdb_marks WHERE key = $1 AND $2::text IS NULL AND $3",
    };
    let query = sqlx::query(sql)
        .bind(mark.key())
        .bind(row.map(|row| &row.text))
        .bind(row.is_none_or(|row| row.settled));
    query.execute(pool).await.map(drop).map_err(|error| from_sqlx(&error))
}

/// The name that the log has on the server.
async fn charter(pool: &PgPool) -> Result<String, LogError> {
    let sql = "SELECT log::text FROM esdb_checkpoint";
    sqlx::query_scalar(sql).fetch_one(pool).await.map_err(|error| from_sqlx(&error))
}
