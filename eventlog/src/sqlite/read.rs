//! Reading: a few read-only connections, used off the async threads unless that is quickly done.

use std::{borrow::Cow, path::Path, path::PathBuf, sync::Arc};

use domain::{EventId, GuildId, Timestamp};
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::from_sqlite;
use crate::{
    envelope::{Entry, EventHash, Position, Recorded, StreamId},
    log::{LogError, Page, Slice},
    sql::Quick,
};

const READERS: usize = 4;

#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    vfs: Option<String>,
    idle: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
    quick: Arc<Quick>,
}

impl Readers {
    pub fn new(path: &Path, vfs: Option<String>) -> Result<Self, LogError> {
        let first = open_read_only(path, vfs.as_deref())?;
        Ok(Self {
            path: path.to_owned(),
            vfs,
            idle: Arc::new(Mutex::new(vec![first])),
            places: Arc::new(Semaphore::new(READERS)),
            quick: Arc::default(),
        })
    }

    /// `question` names it, for what is known of how long it takes.
    pub async fn run<T: Send + 'static>(
        &self,
        question: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let place =
            Arc::clone(&self.places).acquire_owned().await.map_err(|_| LogError::ShuttingDown)?;
        let idle = Arc::clone(&self.idle);
        let (path, vfs) = (self.path.clone(), self.vfs.clone());
        let (quick, was_quick) = (Arc::clone(&self.quick), self.quick.knows(question));
        let reading = move || {
            let kept = idle.lock().pop();
            let connection = match kept {
                Some(connection) => connection,
                None => open_read_only(&path, vfs.as_deref())?,
            };
            let result = quick.timed(question, || read(&connection));
            idle.lock().push(connection);
            drop(place);
            result
        };
        if was_quick {
            return reading();
        }
        let reading = tokio::task::spawn_blocking(reading);
        reading.await.map_err(|error| LogError::Unavailable(error.to_string()))?
    }
}

pub(super) fn open_read_only(path: &Path, vfs: Option<&str>) -> Result<Connection, LogError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = match vfs {
            None => Connection::open_with_flags(path, flags)?,
            Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        };
        connection.pragma_update(None, "busy_timeout", 5_000)?;
        Ok(connection)
    };
    open().map_err(|error| from_sqlite(&error))
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT events.position, event_id, aggregate_type, aggregate_id, sequence, guild_seq, ",
            "event_type, event_version, recorded_at, metadata, payload, hash FROM ",
            $rest
        )
    };
}

/// The events of a guild's (`stream` is empty) or of a stream's places, in their order.
fn placed(
    connection: &Connection,
    guild: GuildId,
    stream: &str,
    after: u64,
    limit: usize,
) -> Result<Vec<Recorded>, LogError> {
    // A cross join is how SQLite is told which table comes first.
    let sql = select!(
        "places CROSS JOIN events USING (position) \
         WHERE places.guild = ?1 AND places.stream = ?2 AND places.number > ?3 \
         ORDER BY places.number LIMIT ?4"
    );
    rows(connection, sql, params![guild.as_i64(), stream, signed(after), signed(limit)])
}

/// The last number of a guild or stream; 0 without one.
fn last_place(connection: &Connection, guild: GuildId, stream: &str) -> Result<u64, LogError> {
    let sql = "SELECT COALESCE(max(number), 0) FROM places WHERE guild = ?1 AND stream = ?2";
    one(connection, sql, params![guild.as_i64(), stream])
}

/// What stands in `places.stream` for the guild's own count.
pub(super) const OF_GUILD: &str = "";

pub(super) fn stream(
    connection: &Connection,
    stream: &StreamId,
    after: u64,
    limit: usize,
) -> Result<Vec<Recorded>, LogError> {
    placed(connection, stream.guild(), &stream.within_guild(), after, limit)
}

pub(super) fn guild(
    connection: &Connection,
    guild: GuildId,
    after: u64,
    limit: usize,
) -> Result<Vec<Recorded>, LogError> {
    placed(connection, guild, OF_GUILD, after, limit)
}

pub(super) fn all(
    connection: &Connection,
    after: Position,
    limit: usize,
    slice: Slice,
) -> Result<Page, LogError> {
    let limit = limit.max(1);
    let head = head(connection)?;
    let events = if slice == Slice::ALL {
        let sql = select!("events WHERE position > ?1 ORDER BY position LIMIT ?2");
        rows(connection, sql, params![signed(after.0), signed(limit)])?
    } else {
        let sql = select!(
            "events WHERE position > ?1 AND (guild >> 22) % ?3 = ?4 ORDER BY position LIMIT ?2"
        );
        rows(connection, sql, params![signed(after.0), signed(limit), slice.of, slice.index])?
    };
    let up_to = match events.last() {
        Some(last) if events.len() == limit => last.position,
        last => head.max(last.map_or(after, |event| event.position)),
    };
    Ok(Page { events, up_to })
}

pub(super) fn find(connection: &Connection, id: EventId) -> Result<Option<Recorded>, LogError> {
    let sql = select!("events WHERE event_id = ?1");
    Ok(rows(connection, sql, params![id.0.as_bytes().as_slice()])?.pop())
}

pub(super) fn is_known(connection: &Connection, id: EventId) -> Result<bool, LogError> {
    connection
        .prepare_cached("SELECT 1 FROM events WHERE event_id = ?1")
        .and_then(|mut statement| statement.exists(params![id.0.as_bytes().as_slice()]))
        .map_err(|error| from_sqlite(&error))
}

pub(super) fn head(connection: &Connection) -> Result<Position, LogError> {
    one(connection, "SELECT COALESCE(max(position), 0) FROM events", params![]).map(Position)
}

pub(super) fn last_at(connection: &Connection) -> Result<Timestamp, LogError> {
    connection
        .query_row("SELECT recorded_at FROM events ORDER BY position DESC LIMIT 1", [], |row| {
            row.get(0).map(Timestamp::from_micros)
        })
        .optional()
        .map(|at| at.unwrap_or(Timestamp::NEVER))
        .map_err(|error| from_sqlite(&error))
}

pub(super) fn stream_head(connection: &Connection, stream: &StreamId) -> Result<u64, LogError> {
    last_place(connection, stream.guild(), &stream.within_guild())
}

pub(super) fn guild_head(connection: &Connection, guild: GuildId) -> Result<u64, LogError> {
    last_place(connection, guild, OF_GUILD)
}

/// The event contract that the log's newest writer knew.
pub(super) fn contract(connection: &Connection) -> Result<u32, LogError> {
    let sql = "SELECT CAST(value AS INTEGER) FROM log_meta WHERE key = 'contract'";
    connection
        .query_row(sql, [], |row| row.get(0))
        .optional()
        .map(Option::unwrap_or_default)
        .map_err(|error| from_sqlite(&error))
}

pub(super) fn set_contract(connection: &Connection, version: u32) -> Result<(), LogError> {
    let sql = "INSERT INTO log_meta (key, value) VALUES ('contract', ?1) \
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    connection
        .execute(sql, params![version.to_string()])
        .map(|_| ())
        .map_err(|error| from_sqlite(&error))
}

fn one(connection: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<u64, LogError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row(params, |row| row.get::<_, i64>(0)))
        .map(i64::unsigned_abs)
        .map_err(|error| from_sqlite(&error))
}

fn rows(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<Recorded>, LogError> {
    let mut statement = connection.prepare_cached(sql).map_err(|error| from_sqlite(&error))?;
    let mut rows = statement.query(params).map_err(|error| from_sqlite(&error))?;
    let mut events = Vec::new();
    while let Some(row) = rows.next().map_err(|error| from_sqlite(&error))? {
        events.push(recorded(row)?);
    }
    Ok(events)
}

fn recorded(row: &Row<'_>) -> Result<Recorded, LogError> {
    let position = row.get::<_, i64>(0).map(i64::unsigned_abs).map_err(|e| from_sqlite(&e))?;
    let corrupt = |what: &str| LogError::Corrupt(format!("row {position} of the log: {what}"));
    let text = |index| row.get_ref(index).ok()?.as_str().ok();
    let number = |index| row.get::<_, i64>(index).ok().map(i64::unsigned_abs);
    let read = || {
        Some(Entry {
            position: Position(position),
            id: EventId(Uuid::from_bytes(row.get(1).ok()?)),
            stream: StreamId::from_columns(text(2)?, text(3)?).ok()?,
            version: number(4)?,
            guild_seq: number(5)?,
            type_name: Cow::Owned(text(6)?.to_owned()),
            type_version: text(7)?.parse().ok()?,
            at: Timestamp::from_micros(row.get(8).ok()?),
            metadata: text(9)?.into(),
            payload: text(10)?.into(),
            hash: EventHash(row.get(11).ok()?),
        })
    };
    read().map(Recorded::from).ok_or_else(|| corrupt("a column does not hold what it should"))
}

/// Counts of events fit SQLite's signed integers for the next million years.
fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
