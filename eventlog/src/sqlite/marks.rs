//! Reading events' hashes and nothing else of them.

use domain::GuildId;
use rusqlite::{Connection, params};

use super::{from_sqlite, read};
use crate::{
    envelope::{EventHash, Position},
    log::LogError,
    marks::{Mark, Marks},
};

pub(super) fn all(
    connection: &Connection,
    after: Position,
    limit: usize,
) -> Result<Marks, LogError> {
    let limit = limit.max(1);
    let head = read::head(connection)?;
    let sql = "SELECT position, guild, guild_seq, hash FROM events \
               WHERE position > ?1 ORDER BY position LIMIT ?2";
    let select = || {
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map(params![signed(after.0), signed(limit)], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get(3)?))
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    let rows = select().map_err(|error| from_sqlite(&error))?;
    let mark = |(position, guild, guild_seq, hash): (i64, i64, i64, _)| {
        Ok(Mark {
            position: Position(position.unsigned_abs()),
            guild: GuildId::from_i64(guild)
                .map_err(|error| LogError::Corrupt(format!("row {position}: {error}")))?,
            guild_seq: guild_seq.unsigned_abs(),
            hash: EventHash(hash),
        })
    };
    let marks = rows.into_iter().map(mark).collect::<Result<Vec<_>, LogError>>()?;
    let up_to = match marks.last() {
        Some(last) if marks.len() == limit => last.position,
        last => head.max(last.map_or(after, |mark| mark.position)),
    };
    Ok(Marks { marks, up_to })
}

pub(super) fn of_guild(
    connection: &Connection,
    guild: GuildId,
    after_seq: u64,
    limit: usize,
) -> Result<Vec<EventHash>, LogError> {
    let sql = "SELECT hash FROM events WHERE guild = ?1 AND guild_seq > ?2 \
               ORDER BY guild_seq LIMIT ?3";
    let select = || {
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement
            .query_map(params![guild.as_i64(), signed(after_seq), signed(limit)], |row| {
                row.get(0).map(EventHash)
            })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    select().map_err(|error| from_sqlite(&error))
}

fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
