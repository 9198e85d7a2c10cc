//! The one writer: everything that waits becomes one transaction with one sync.

use std::{
    sync::{Arc, LazyLock},
    thread::JoinHandle,
};

use rusqlite::{Connection, ErrorCode, ToSql};
use tokio::sync::{mpsc, watch};

use super::{DirectoryLock, SqliteOptions, from_sqlite, import, read};
use crate::{
    batch,
    envelope::{Position, Recorded},
    heads::{Heads, Plan},
    log::{Appended, LogError, Queued},
    tail::Tail,
};

/// Events that one statement carries, where an append has as many.
const SOME: usize = 8;
static INSERT_ONE: LazyLock<[String; 2]> = LazyLock::new(|| statements(1));
static INSERT_SOME: LazyLock<[String; 2]> = LazyLock::new(|| statements(SOME));

pub(super) struct Writer {
    connection: Connection,
    options: SqliteOptions,
    heads: Heads,
    head: watch::Sender<Position>,
    tail: Arc<Tail>,
    /// Set when the disk failed: nothing more is written until a restart.
    failed: Option<LogError>,
    _lock: Arc<DirectoryLock>,
}

impl Writer {
    pub fn start(
        connection: Connection,
        options: SqliteOptions,
        queue: mpsc::Receiver<Queued>,
        stop: watch::Receiver<bool>,
        tail: Arc<Tail>,
        lock: Arc<DirectoryLock>,
    ) -> Result<(JoinHandle<()>, watch::Receiver<Position>), LogError> {
        let position = read::head(&connection)?;
        let heads = Heads::new(position.0, read::last_at(&connection)?);
        let (head, watch) = watch::channel(position);
        connection.set_prepared_statement_cache_capacity(32);
        // The triggers keep everybody else from changing events. This connection runs plain
        // INSERTs, which never replace: looking at every index before each row would cost it a
        // quarter of its time.
        let triggers = rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
        connection.set_db_config(triggers, false).map_err(|error| from_sqlite(&error))?;
        let writer = Self { connection, options, heads, head, tail, failed: None, _lock: lock };
        let thread = std::thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || writer.run(queue, stop))
            .map_err(|error| LogError::Setup(format!("cannot start the log's writer: {error}")))?;
        Ok((thread, watch))
    }

    fn run(mut self, queue: mpsc::Receiver<Queued>, stop: watch::Receiver<bool>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let Ok(runtime) = runtime else {
            tracing::error!("the log's writer cannot wait: no runtime; it ends");
            return;
        };
        let mut batches = batch::Batches::new(queue, stop, self.options.batch);
        while let Some(batch) = runtime.block_on(batches.next()) {
            self.write(batch);
        }
        if self.failed.is_some() {
            // What a failing disk still holds of the last commits is the restart's to find out.
            let keep = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            let _ = self.connection.set_db_config(keep, true);
            return;
        }
        // Leaves one file behind where everything was read; a failure here costs nothing.
        let _ = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }

    fn write(&mut self, batch: Vec<Queued>) {
        if let Some(failed) = &self.failed {
            return batch::fail(batch, failed);
        }
        let outcomes = match self.transact(&batch) {
            Ok(outcomes) => outcomes,
            Err(error) => {
                if !self.connection.is_autocommit() {
                    let _ = self.connection.execute_batch("ROLLBACK");
                }
                if matches!(error, LogError::DiskFailed(_)) {
                    tracing::error!(%error, "the disk failed under the log");
                    self.failed = Some(error.clone());
                }
                return batch::fail(batch, &error);
            }
        };
        let written = Position(self.heads.position);
        self.tail.written(&outcomes, written);
        self.head.send_if_modified(|head| std::mem::replace(head, written) != written);
        batch::answer(batch, outcomes);
    }

    fn transact(&mut self, batch: &[Queued]) -> Result<Vec<Appended>, LogError> {
        for queued in batch {
            let stream = &queued.append.stream;
            if self.heads.stream(stream).is_none() {
                let head = read::stream_head(&self.connection, stream)?;
                self.heads.learn_stream(stream.clone(), head);
            }
            if self.heads.guild(stream.guild()).is_none() {
                let head = read::guild_head(&self.connection, stream.guild())?;
                self.heads.learn_guild(stream.guild(), head);
            }
        }
        let connection = &self.connection;
        let writes = batch.iter().any(|queued| !queued.append.events.is_empty());
        if writes {
            execute(connection, "BEGIN IMMEDIATE")?;
            import::refuse_when_closed(connection)?;
        }
        let mut plan = self.heads.plan((self.options.clock)());
        let mut outcomes = Vec::with_capacity(batch.len());
        for queued in batch {
            outcomes.push(write_one(connection, &mut plan, queued)?);
        }
        if writes {
            execute(connection, "COMMIT")?;
        }
        plan.commit();
        Ok(outcomes)
    }
}

fn write_one(
    connection: &Connection,
    plan: &mut Plan<'_>,
    queued: &Queued,
) -> Result<Appended, LogError> {
    let append = &queued.append;
    let rows = match plan.place(append) {
        Ok(rows) => rows,
        Err(conflict @ Appended::Conflict { .. }) => {
            let known = read::is_known(connection, append.first_id)?;
            return Ok(if known { Appended::Duplicate } else { conflict });
        }
        Err(refused) => return Ok(refused),
    };
    if rows.is_empty() {
        let known = read::is_known(connection, append.first_id)?;
        return Ok(if known { Appended::Duplicate } else { Appended::Unchanged });
    }
    let mut rest = rows.as_slice();
    while !rest.is_empty() {
        let (some, others) = rest.split_at(if rest.len() < SOME { 1 } else { SOME });
        match insert(connection, some) {
            Ok(()) => rest = others,
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                // The id is the key's: this command was stored before. Nothing of it was inserted
                // now, because its events share the key and the first one comes first.
                if rest.len() == rows.len() && read::is_known(connection, append.first_id)? {
                    plan.take_back(&rows);
                    plan.break_fence(&append.fence);
                    return Ok(Appended::Duplicate);
                }
                return Err(LogError::Corrupt(format!("a place is taken already: {error}")));
            }
            Err(error) => return Err(from_sqlite(&error)),
        }
    }
    Ok(Appended::Written(rows))
}

/// One event, or [`SOME`], all or none of them.
pub(super) fn insert(connection: &Connection, rows: &[Recorded]) -> rusqlite::Result<()> {
    let [events, places] = if rows.len() == 1 { &*INSERT_ONE } else { &*INSERT_SOME };
    let mut statement = connection.prepare_cached(events)?;
    let mut place = 0;
    let mut bind = |value: &dyn ToSql| {
        place += 1;
        statement.raw_bind_parameter(place, value)
    };
    for row in rows {
        bind(&row.position.0.cast_signed())?;
        bind(&row.stream.category())?;
        bind(&row.stream.aggregate_id())?;
        bind(&row.version.cast_signed())?;
        bind(&row.type_name)?;
        bind(&row.type_version.to_string())?;
        bind(&row.payload)?;
        bind(&row.metadata)?;
        bind(&row.guild().as_i64())?;
        bind(&row.guild_seq.cast_signed())?;
        bind(&row.id.0.as_bytes().as_slice())?;
        bind(&row.at.as_micros())?;
        bind(&row.hash.0.as_slice())?;
    }
    statement.raw_execute()?;
    let mut statement = connection.prepare_cached(places)?;
    let mut place = 0;
    let mut bind = |value: &dyn ToSql| {
        place += 1;
        statement.raw_bind_parameter(place, value)
    };
    for row in rows {
        let (guild, position) = (row.guild().as_i64(), row.position.0.cast_signed());
        bind(&guild)?;
        bind(&row.guild_seq.cast_signed())?;
        bind(&position)?;
        bind(&guild)?;
        bind(&row.stream.within_guild())?;
        bind(&row.version.cast_signed())?;
        bind(&position)?;
    }
    statement.raw_execute()?;
    Ok(())
}

/// What inserts so many events, and their places.
fn statements(events: usize) -> [String; 2] {
    let each = |values: &str| vec![values; events].join(", ");
    [
        format!(
            "INSERT INTO events (position, aggregate_type, aggregate_id, sequence, event_type, \
             event_version, payload, metadata, guild, guild_seq, event_id, recorded_at, hash) \
             VALUES {}",
            each("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        ),
        format!(
            "INSERT INTO places (guild, stream, number, position) VALUES {}",
            each("(?, '', ?, ?), (?, ?, ?, ?)")
        ),
    ]
}

fn execute(connection: &Connection, sql: &str) -> Result<(), LogError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]))
        .map(|_| ())
        .map_err(|error| from_sqlite(&error))
}
