//! The embedded backend: one directory, nothing to install.
//!
//! WAL with `synchronous=FULL`: what was acknowledged survives a power cut (`reeve torture
//! power-cuts` shows what weaker settings lose). One thread owns the only writing connection and
//! commits everything that waits in the queue as one transaction. A lock file keeps a second
//! process from writing; reading beside a running process is allowed.

mod import;
mod leaves;
mod read;
mod write;

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};

use async_trait::async_trait;
use domain::{EventId, GuildId};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Mutex, watch};

use self::read::Readers;
use crate::{
    contract_version,
    envelope::{EventHash, Position, Recorded, StreamId},
    leaves::Leaves,
    log::{Appender, Clock, EventLog, LogError, Page, Slice, system_clock},
    migrate, moving,
    tail::Tail,
};

const LOG_FILE: &str = "log.db";
const LOCK_FILE: &str = "lock";
/// Pages in the write-ahead log before they go to the database.
pub(crate) const CHECKPOINT_PAGES: i64 = 16_000;
/// The write-ahead log's file is cut to this after a checkpoint.
pub(crate) const WAL_LIMIT_BYTES: i64 = 64 * 1024 * 1024;
/// Most memory for pages that the writer keeps.
const CACHE_KIB: i64 = 2 * 1024;

/// How a SQLite log is opened. The defaults are the safe ones.
#[derive(Clone)]
pub struct SqliteOptions {
    pub synchronous: Synchronous,
    /// A registered SQLite file system; the torture tests record what goes through it.
    pub vfs: Option<String>,
    pub clock: Clock,
    /// Most appends that one transaction takes.
    pub batch: usize,
    /// Most appends that wait.
    pub queue: usize,
}

/// SQLite's own word for when it waits for the disk. Anything but `Full` loses acknowledged
/// events in a power cut; the others exist so that tests can prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    Full,
    Normal,
    Off,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            synchronous: Synchronous::Full,
            vfs: None,
            clock: system_clock(),
            batch: 512,
            queue: 4096,
        }
    }
}

impl std::fmt::Debug for SqliteOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteOptions")
            .field("synchronous", &self.synchronous)
            .field("batch", &self.batch)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub struct SqliteLog {
    appender: Appender,
    head: watch::Receiver<Position>,
    tail: Arc<Tail>,
    readers: Readers,
    writer: Mutex<Option<JoinHandle<()>>>,
    stop: watch::Sender<bool>,
    importer: import::Importer,
}

/// Holds a data directory for this process; released when dropped, also by a crash.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    pub fn take(directory: &Path) -> Result<Self, LogError> {
        let setup = |error: std::io::Error| {
            LogError::Setup(format!(
                "cannot use the data directory {}: {error}",
                directory.display()
            ))
        };
        std::fs::create_dir_all(directory).map_err(setup)?;
        let path = directory.join(LOCK_FILE);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(setup)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = holder.trim();
                let holder =
                    if holder.is_empty() { String::new() } else { format!(" (process {holder})") };
                return Err(LogError::InUse { directory: directory.display().to_string(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(setup(error)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(setup)?;
        write!(file, "{}", std::process::id()).map_err(setup)?;
        Ok(Self { _file: file })
    }
}

impl SqliteLog {
    /// Opens the log for writing. `lock` proves that no other process does.
    pub fn open(
        directory: &Path,
        lock: Arc<DirectoryLock>,
        options: SqliteOptions,
    ) -> Result<Self, LogError> {
        let path = log_path(directory);
        let mut connection = connect(&path, &options)?;
        migrate::sqlite(&mut connection, migrate::SQLITE_LOG)?;
        let log_contract = read::contract(&connection)?;
        if log_contract > contract_version() {
            return Err(LogError::NewerThanBinary { log: log_contract, ours: contract_version() });
        }
        if log_contract < contract_version() {
            read::set_contract(&connection, contract_version())?;
        }
        let readers = Readers::new(&path, options.vfs.clone())?;
        let (appender, queue) = Appender::new(options.queue);
        let (stop, stopped) = watch::channel(false);
        let importer = import::Importer::new(&path, options.clone(), Some(&lock));
        let tail = Arc::new(Tail::default());
        let told = Arc::clone(&tail);
        let (writer, head) = write::Writer::start(connection, options, queue, stopped, told, lock)?;
        Ok(Self { appender, head, tail, readers, writer: Mutex::new(Some(writer)), stop, importer })
    }

    /// Opens a log that another process may be writing. Appending to it says that it is shut.
    pub fn read_only(directory: &Path) -> Result<Self, LogError> {
        let path = log_path(directory);
        if !path.exists() {
            return Err(LogError::Setup(format!(
                "there is no log in {}; start `reeve serve` or `reeve demo` there first",
                directory.display()
            )));
        }
        let connection = read::open_read_only(&path, None)?;
        let log_contract = read::contract(&connection)?;
        if log_contract > contract_version() {
            return Err(LogError::NewerThanBinary { log: log_contract, ours: contract_version() });
        }
        let (stop, _) = watch::channel(true);
        let (_, head) = watch::channel(read::head(&connection)?);
        let (appender, _) = Appender::new(1);
        let readers = Readers::new(&path, None)?;
        let importer = import::Importer::new(&path, SqliteOptions::default(), None);
        Ok(Self {
            appender,
            head,
            tail: Arc::default(),
            readers,
            writer: Mutex::new(None),
            stop,
            importer,
        })
    }
}

pub fn log_path(directory: &Path) -> PathBuf {
    directory.join(LOG_FILE)
}

fn connect(path: &Path, options: &SqliteOptions) -> Result<Connection, LogError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = match &options.vfs {
            None => Connection::open_with_flags(path, flags)?,
            Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs.as_str())?,
        };
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(
            None,
            "synchronous",
            match options.synchronous {
                Synchronous::Full => "FULL",
                Synchronous::Normal => "NORMAL",
                Synchronous::Off => "OFF",
            },
        )?;
        connection.pragma_update(None, "busy_timeout", 5_000)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        // A checkpoint copies each page once, however often it was written: rare ones copy less.
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "journal_size_limit", WAL_LIMIT_BYTES)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| from_sqlite(&error))
}

pub(crate) fn from_sqlite(error: &rusqlite::Error) -> LogError {
    use rusqlite::ErrorCode as Code;
    let text = error.to_string();
    // The index of the write-ahead log could not grow: SQLite calls that an I/O error.
    let index_full = error
        .sqlite_error()
        .is_some_and(|sqlite| sqlite.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE);
    match error.sqlite_error_code() {
        _ if index_full => LogError::DiskFull(text),
        Some(Code::DiskFull) => LogError::DiskFull(text),
        Some(Code::SystemIoFailure) => LogError::DiskFailed(text),
        // A row that a rule of the schema turns away is one that must not exist.
        Some(Code::DatabaseCorrupt | Code::NotADatabase | Code::ConstraintViolation) => {
            LogError::Corrupt(text)
        }
        _ => LogError::Unavailable(text),
    }
}

#[async_trait]
impl EventLog for SqliteLog {
    fn backend(&self) -> &'static str {
        "sqlite"
    }

    fn appender(&self) -> &Appender {
        &self.appender
    }

    fn watch(&self) -> watch::Receiver<Position> {
        self.head.clone()
    }

    fn tail(&self) -> &Tail {
        &self.tail
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.readers.run("head", read::head).await
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<u64, LogError> {
        let stream = stream.clone();
        self.readers
            .run("stream head", move |connection| read::stream_head(connection, &stream))
            .await
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        let stream = stream.clone();
        self.readers
            .run("stream", move |connection| {
                read::stream(connection, &stream, after_version, limit)
            })
            .await
    }

    async fn read_guild(
        &self,
        guild: GuildId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        self.readers
            .run("guild", move |connection| read::guild(connection, guild, after_seq, limit))
            .await
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
        slice: Slice,
    ) -> Result<Page, LogError> {
        self.readers.run("all", move |connection| read::all(connection, after, limit, slice)).await
    }

    async fn find(&self, id: EventId) -> Result<Option<Recorded>, LogError> {
        self.readers.run("find", move |connection| read::find(connection, id)).await
    }

    async fn import(&self, events: &[Recorded]) -> Result<(), LogError> {
        // Whoever asks now is told that the log is shut: the places it counted on are taken.
        let importer = self.importer.hold()?;
        self.shutdown().await;
        importer.import(events)
    }

    async fn mark(&self, mark: moving::Mark) -> Result<Option<String>, LogError> {
        self.readers.run("mark", move |connection| import::mark(connection, mark)).await
    }

    async fn set_mark(&self, mark: moving::Mark, text: Option<&str>) -> Result<(), LogError> {
        self.importer.set_mark(mark, text)
    }

    async fn read_leaves(&self, after: Position, limit: usize) -> Result<Leaves, LogError> {
        let head = || *self.head.borrow();
        match self.tail.leaves(head, after, limit) {
            Some(leaves) => Ok(leaves),
            None => {
                self.readers
                    .run("leaves", move |connection| leaves::all(connection, after, limit))
                    .await
            }
        }
    }

    async fn read_hashes(
        &self,
        guild: GuildId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<EventHash>, LogError> {
        self.readers
            .run("hashes", move |connection| leaves::of_guild(connection, guild, after_seq, limit))
            .await
    }

    async fn shutdown(&self) {
        self.stop.send_replace(true);
        // Whoever asks second waits as well.
        let mut writer = self.writer.lock().await;
        if let Some(writer) = writer.take() {
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        }
    }
}
