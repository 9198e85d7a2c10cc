//! Reading events' hashes and nothing else of them.

use domain::GuildId;
use rusqlite::{Connection, params};

use super::{from_sqlite, read};
use crate::{
    envelope::{EventHash, Position},
    leaves::{Leaf, Leaves},
    log::LogError,
};

pub(super) fn all(
    connection: &Connection,
    after: Position,
    limit: usize,
) -> Result<Leaves, LogError> {
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
    let leaf = |(position, guild, guild_seq, hash): (i64, i64, i64, _)| {
        Ok(Leaf {
            position: Position(position.unsigned_abs()),
            guild: GuildId::from_i64(guild)
                .map_err(|error| LogError::Corrupt(format!("row {position}: {error}")))?,
            guild_seq: guild_seq.unsigned_abs(),
            hash: EventHash(hash),
        })
    };
    let leaves = rows.into_iter().map(leaf).collect::<Result<Vec<_>, LogError>>()?;
    let up_to = match leaves.last() {
        Some(last) if leaves.len() == limit => last.position,
        last => head.max(last.map_or(after, |leaf| leaf.position)),
    };
    Ok(Leaves { leaves, up_to })
}

pub(super) fn of_guild(
    connection: &Connection,
    guild: GuildId,
    after_seq: u64,
    limit: usize,
) -> Result<Vec<EventHash>, LogError> {
    let sql = "SELECT hash FROM places CROSS JOIN events USING (position) \
               WHERE places.guild = ?1 AND places.stream = ?2 AND places.number > ?3 \
               ORDER BY places.number LIMIT ?4";
    let select = || {
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map(
            params![guild.as_i64(), read::OF_GUILD, signed(after_seq), signed(limit)],
            |row| row.get(0).map(EventHash),
        )?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    select().map_err(|error| from_sqlite(&error))
}

fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
