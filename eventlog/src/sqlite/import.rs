//! Events of another log, put in as they are, and the marks that close a log meanwhile.
//!
//! Imports go through a connection of their own while the writer is shut, so that the writer never
//! has to know of rows that it did not count.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};

use super::{DirectoryLock, SqliteOptions, connect, from_sqlite, read, write};
use crate::{
    envelope::{Position, Recorded},
    log::LogError,
    moving::{self, Mark},
    sql::off_the_workers,
};

#[derive(Debug)]
pub(super) struct Importer {
    path: PathBuf,
    options: SqliteOptions,
    /// None where another process may be writing.
    lock: Option<Weak<DirectoryLock>>,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    _lock: Arc<DirectoryLock>,
}

/// How a page was taken.
enum Taken {
    All,
    /// Some of it was there before.
    Clash,
}

impl Importer {
    pub fn new(path: &Path, options: SqliteOptions, lock: Option<&Arc<DirectoryLock>>) -> Self {
        let lock = lock.map(Arc::downgrade);
        Self { path: path.to_owned(), options, lock, open: Mutex::new(None) }
    }

    /// From here on the directory is ours for as long as this log is open, also after the writer
    /// has let go of it.
    pub fn hold(&self) -> Result<&Self, LogError> {
        let mut open = self.open.lock();
        if open.is_none() {
            let lock = self.lock.as_ref().and_then(Weak::upgrade).ok_or(LogError::ShuttingDown)?;
            let connection = connect(&self.path, &self.options)?;
            // The same as for the writer: one plain INSERT that never replaces.
            let triggers = rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
            connection.set_db_config(triggers, false).map_err(|error| from_sqlite(&error))?;
            *open = Some(Open { connection, _lock: lock });
        }
        Ok(self)
    }

    pub fn import(&self, events: &[Recorded]) -> Result<(), LogError> {
        let open = self.open.lock();
        let Some(Open { connection, .. }) = &*open else { return Err(LogError::ShuttingDown) };
        off_the_workers(|| {
            events.iter().try_for_each(Recorded::check)?;
            if let Taken::All = in_transaction(connection, || insert(connection, events, false))? {
                return Ok(());
            }
            match in_transaction(connection, || insert(connection, events, true))? {
                Taken::All => Ok(()),
                Taken::Clash => Err(LogError::Corrupt(
                    "another event stands in the place of one that is to be put in".to_owned(),
                )),
            }
        })
    }

    /// Also while another process writes: SQLite lets the two take turns.
    pub fn set_mark(&self, mark: Mark, text: Option<&str>) -> Result<(), LogError> {
        off_the_workers(|| {
            let connection = connect(&self.path, &self.options)?;
            let changed = match text {
                Some(text) => connection.execute(
                    "INSERT INTO log_meta (key, value) VALUES (?1, ?2) \
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    params![mark.key(), text],
                ),
                None => connection.execute("DELETE FROM log_meta WHERE key = ?1", [mark.key()]),
            };
            changed.map(|_| ()).map_err(|error| from_sqlite(&error))
        })
    }
}

pub(super) fn mark(connection: &Connection, mark: Mark) -> Result<Option<String>, LogError> {
    connection
        .query_row("SELECT value FROM log_meta WHERE key = ?1", [mark.key()], |row| row.get(0))
        .optional()
        .map_err(|error| from_sqlite(&error))
}

/// Asked in the transaction of every append, so that nothing slips in after a mark was set.
pub(super) fn refuse_when_closed(connection: &Connection) -> Result<(), LogError> {
    let sql = "SELECT key || ' ' || value FROM log_meta WHERE key IN ('closed', 'filling') \
               ORDER BY key LIMIT 1";
    let found: Option<String> = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
        .map_err(|error| from_sqlite(&error))?;
    found.map_or(Ok(()), |mark| Err(moving::closed(&mark)))
}

fn insert(connection: &Connection, events: &[Recorded], look: bool) -> Result<Taken, LogError> {
    let mut position = read::head(connection)?;
    for event in events {
        if look && let Some(there) = read::find(connection, event.id)? {
            moving::same(&there, event)?;
            continue;
        }
        position = Position(position.0 + 1);
        match write::insert(connection, &[event.clone().placed(position)]) {
            Ok(()) => {}
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                return Ok(Taken::Clash);
            }
            Err(error) => return Err(from_sqlite(&error)),
        }
    }
    Ok(Taken::All)
}

/// All of a page or nothing of it.
fn in_transaction(
    connection: &Connection,
    work: impl FnOnce() -> Result<Taken, LogError>,
) -> Result<Taken, LogError> {
    let run = |sql| connection.execute_batch(sql).map_err(|error| from_sqlite(&error));
    run("BEGIN IMMEDIATE")?;
    let taken = work().and_then(|taken| match taken {
        Taken::All => run("COMMIT").map(|()| Taken::All),
        Taken::Clash => Ok(Taken::Clash),
    });
    if !connection.is_autocommit() {
        run("ROLLBACK")?;
    }
    taken
}
