//! Reading events' hashes and nothing else of them.

use domain::GuildId;
use sqlx::{PgPool, Row as _, postgres::PgRow};

use super::from_sqlx;
use crate::{
    envelope::{EventHash, Position},
    leaves::Leaf,
    log::LogError,
};

pub(super) async fn all(
    pool: &PgPool,
    after: Position,
    limit: usize,
) -> Result<Vec<Leaf>, LogError> {
    let sql = "SELECT position, guild, guild_seq, hash FROM events \
               WHERE position > $1 ORDER BY position LIMIT $2";
    let query = sqlx::query(sql).bind(signed(after.0)).bind(signed(limit));
    let rows = query.fetch_all(pool).await.map_err(|error| from_sqlx(&error))?;
    let leaf = |row: &PgRow| {
        Some(Leaf {
            position: Position(row.try_get::<i64, _>(0).ok()?.unsigned_abs()),
            guild: GuildId::from_i64(row.try_get(1).ok()?).ok()?,
            guild_seq: row.try_get::<i64, _>(2).ok()?.unsigned_abs(),
            hash: hash(row, 3)?,
        })
    };
    rows.iter().map(|row| leaf(row).ok_or_else(damaged)).collect()
}

pub(super) async fn of_guild(
    pool: &PgPool,
    guild: GuildId,
    after_seq: u64,
    limit: usize,
) -> Result<Vec<EventHash>, LogError> {
    let sql = "SELECT hash FROM events WHERE guild = $1 AND guild_seq > $2 \
               ORDER BY guild_seq LIMIT $3";
    let query = sqlx::query(sql).bind(guild.as_i64()).bind(signed(after_seq)).bind(signed(limit));
    let rows = query.fetch_all(pool).await.map_err(|error| from_sqlx(&error))?;
    rows.iter().map(|row| hash(row, 0).ok_or_else(damaged)).collect()
}

fn hash(row: &PgRow, column: usize) -> Option<EventHash> {
    row.try_get::<&[u8], _>(column).ok()?.try_into().ok().map(EventHash)
}

fn damaged() -> LogError {
    LogError::Corrupt("a row of the log does not hold what it should".to_owned())
}

fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
