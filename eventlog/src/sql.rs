//! One SQL text for both stores.
//!
//! Everything beside the log (people, snapshots, read models, checkpoints) is written in the SQL
//! that SQLite and PostgreSQL share: `$1` parameters, `ON CONFLICT … DO UPDATE`, `RETURNING`, and
//! columns of 64-bit integers, text and bytes. Money, time and ids are integers.

mod many;
mod quick;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use rusqlite::{Connection, types::ValueRef};
use sqlx::{
    AssertSqlSafe, Column as _, PgPool, Postgres, Row as _, TypeInfo as _,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

pub(crate) use self::quick::Quick;

use crate::{
    log::LogError,
    migrate,
    postgres::from_sqlx,
    sqlite::{CHECKPOINT_PAGES, WAL_LIMIT_BYTES, from_sqlite},
};

/// A column's value. PostgreSQL wants to know the type of a null.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Blob(Option<Vec<u8>>),
}

macro_rules! value_from {
    ($($rust:ty => $variant:ident, $convert:expr;)+) => {$(
        impl From<$rust> for Value {
            fn from(value: $rust) -> Self {
                Self::$variant(Some($convert(value)))
            }
        }
    )+};
}
value_from! {
    i64 => Int, |v| v;
    i32 => Int, i64::from;
    u32 => Int, i64::from;
    u16 => Int, i64::from;
    u64 => Int, u64::cast_signed;
    bool => Int, i64::from;
    &str => Text, str::to_owned;
    String => Text, |v| v;
    Vec<u8> => Blob, |v| v;
    &[u8] => Blob, <[u8]>::to_vec;
    domain::GuildId => Int, domain::GuildId::as_i64;
    domain::MessageId => Int, domain::MessageId::as_i64;
    domain::PersonId => Int, |v: domain::PersonId| i64::from(v.0);
    domain::Bytes => Int, |v: domain::Bytes| v.0;
    domain::Timestamp => Int, domain::Timestamp::as_micros;
    domain::UtcDay => Int, |v: domain::UtcDay| i64::from(v.0);
}

/// Parameters of a statement, in the order of `$1`, `$2` …
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { [$($crate::sql::Value::from($value)),*] };
}

/// A row that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

impl Row {
    pub fn int(&self, column: usize) -> Result<i64, LogError> {
        self.opt_int(column)?.ok_or_else(|| unexpected(column, "a number"))
    }

    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, LogError> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(*value),
            Some(Value::Text(None) | Value::Blob(None)) => Ok(None),
            _ => Err(unexpected(column, "a number")),
        }
    }

    pub fn text(&self, column: usize) -> Result<&str, LogError> {
        self.opt_text(column)?.ok_or_else(|| unexpected(column, "text"))
    }

    pub fn opt_text(&self, column: usize) -> Result<Option<&str>, LogError> {
        match self.0.get(column) {
            Some(Value::Text(value)) => Ok(value.as_deref()),
            Some(Value::Int(None) | Value::Blob(None)) => Ok(None),
            _ => Err(unexpected(column, "text")),
        }
    }

    pub fn blob(&self, column: usize) -> Result<&[u8], LogError> {
        match self.0.get(column) {
            Some(Value::Blob(Some(value))) => Ok(value),
            _ => Err(unexpected(column, "bytes")),
        }
    }

    pub fn count(&self, column: usize) -> Result<u64, LogError> {
        self.int(column).map(i64::unsigned_abs)
    }
}

fn unexpected(column: usize, what: &str) -> LogError {
    LogError::Corrupt(format!("column {column} of a row is not {what}"))
}

/// Connections that read a SQLite store: so many questions are answered at once.
const READERS: usize = 4;
/// Memory for pages of connections to what is being done, where single rows are asked for and
/// written. Whoever asks for charts has SQLite's own.
const READER_CACHE_KIB: i64 = 512;
const WRITER_CACHE_KIB: i64 = 1024;

/// A store of tables. On SQLite one connection writes and the transactions take turns.
#[derive(Clone, Debug)]
pub enum Db {
    Sqlite(Sqlite),
    Postgres(PgPool),
}

#[derive(Clone, Debug)]
pub struct Sqlite {
    pub writer: Arc<Mutex<Connection>>,
    readers: Arc<Readers>,
    quick: Arc<Quick>,
    commits: Arc<AtomicU64>,
}

impl Sqlite {
    /// Everything through one connection.
    pub fn of_one(connection: Arc<Mutex<Connection>>) -> Self {
        let reader = Arc::clone(&connection);
        Self::of(connection, Readers { open: None, all: vec![reader].into(), next: 0.into() })
    }

    fn of(writer: Arc<Mutex<Connection>>, readers: Readers) -> Self {
        let (readers, quick, commits) = (Arc::new(readers), Arc::default(), Arc::default());
        Self { writer, readers, quick, commits }
    }
}

/// Whoever asks takes one that is free; where none is, one is opened, up to [`READERS`]; then they
/// wait in turn, each for the next.
struct Readers {
    open: Option<Box<dyn Fn() -> Result<Connection, LogError> + Send + Sync>>,
    all: parking_lot::Mutex<Vec<Arc<Mutex<Connection>>>>,
    next: AtomicUsize,
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").field("open", &self.all.lock().len()).finish_non_exhaustive()
    }
}

impl Readers {
    async fn one(&self) -> Result<OwnedMutexGuard<Connection>, LogError> {
        let next = {
            let mut all = self.all.lock();
            let free = all.iter().find_map(|reader| Arc::clone(reader).try_lock_owned().ok());
            if let Some(free) = free {
                return Ok(free);
            }
            let open = self.open.as_ref().filter(|_| all.len() < READERS);
            let next = match open {
                Some(open) => {
                    all.push(Arc::new(Mutex::new(open()?)));
                    all.len() - 1
                }
                None => self.next.fetch_add(1, Ordering::Relaxed) % all.len(),
            };
            Arc::clone(&all[next])
        };
        Ok(next.lock_owned().await)
    }
}

/// How long a commit on SQLite waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// What was committed survives a power cut.
    Full,
    /// A power cut may undo the last commits as a whole: for what can be computed again.
    Recomputable,
}

impl Db {
    pub fn open_sqlite(path: &Path, durability: Durability) -> Result<Self, LogError> {
        let path = path.to_owned();
        let open = move |cache_kib: i64| -> rusqlite::Result<Connection> {
            let connection = Connection::open(&path)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            let synchronous = match durability {
                Durability::Full => "FULL",
                Durability::Recomputable => "NORMAL",
            };
            connection.pragma_update(None, "synchronous", synchronous)?;
            connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
            connection.pragma_update(None, "journal_size_limit", WAL_LIMIT_BYTES)?;
            connection.pragma_update(None, "busy_timeout", 5_000)?;
            connection.pragma_update(None, "secure_delete", true)?;
            if durability == Durability::Full {
                connection.pragma_update(None, "cache_size", -cache_kib)?;
            }
            connection.set_prepared_statement_cache_capacity(128);
            Ok(connection)
        };
        let writer = open(WRITER_CACHE_KIB).map_err(|error| from_sqlite(&error))?;
        let reader = move || open(READER_CACHE_KIB).map_err(|error| from_sqlite(&error));
        // The first at once: it must not be the first question that finds a file that cannot be read.
        let all = vec![Arc::new(Mutex::new(reader()?))].into();
        let readers = Readers { open: Some(Box::new(reader)), all, next: 0.into() };
        Ok(Self::Sqlite(Sqlite::of(Arc::new(Mutex::new(writer)), readers)))
    }

    pub const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// How often this process has written; none where others may write too.
    pub fn commits(&self) -> Option<u64> {
        match self {
            Self::Sqlite(sqlite) => Some(sqlite.commits.load(Ordering::Acquire)),
            Self::Postgres(_) => None,
        }
    }

    pub async fn begin(&self) -> Result<Tx, LogError> {
        match self {
            Self::Sqlite(sqlite) => {
                let connection = Arc::clone(&sqlite.writer).lock_owned().await;
                // Nobody else writes: there is nothing to wait for.
                sqlite_execute(&connection, "BEGIN IMMEDIATE", &[])?;
                let commits = Arc::clone(&sqlite.commits);
                Ok(Tx(Inner::Sqlite(SqliteTx { connection, commits })))
            }
            Self::Postgres(pool) => {
                let transaction = pool.begin().await.map_err(|error| from_sqlx(&error))?;
                Ok(Tx(Inner::Postgres(transaction)))
            }
        }
    }

    /// Reads what is committed.
    pub async fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, LogError> {
        match self {
            Self::Sqlite(sqlite) => {
                let connection = sqlite.readers.one().await?;
                sqlite.quick.run(sql, || sqlite_query(&connection, sql, parameters))
            }
            Self::Postgres(pool) => {
                let rows = bound(sql, parameters)
                    .fetch_all(pool)
                    .await
                    .map_err(|error| from_sqlx(&error))?;
                rows.iter().map(postgres_row).collect()
            }
        }
    }

    /// One statement as a transaction of its own.
    pub async fn execute(&self, sql: &str, parameters: &[Value]) -> Result<u64, LogError> {
        let mut tx = self.begin().await?;
        let changed = tx.execute(sql, parameters).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Copies SQLite's write-ahead log into the database and empties it; false where somebody
    /// who reads stands in the way. Nothing to do elsewhere.
    pub(crate) async fn empty_write_ahead_log(&self) -> Result<bool, LogError> {
        let Self::Sqlite(sqlite) = self else { return Ok(true) };
        let connection = sqlite.writer.lock().await;
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let rows = off_the_workers(|| sqlite_query(&connection, sql, &[]))?;
        rows.first().map_or(Ok(true), |row| Ok(row.int(0)? == 0))
    }

    /// Applies a script of several statements.
    pub async fn run_script(&self, script: &str) -> Result<(), LogError> {
        match self {
            Self::Sqlite(sqlite) => {
                let done = sqlite.writer.lock().await.execute_batch(script);
                sqlite.commits.fetch_add(1, Ordering::AcqRel);
                done.map_err(|error| from_sqlite(&error))
            }
            Self::Postgres(pool) => sqlx::raw_sql(AssertSqlSafe(script))
                .execute(pool)
                .await
                .map(|_| ())
                .map_err(|error| from_sqlx(&error)),
        }
    }
}

/// What is being done and must not be forgotten, beside the embedded log: sessions, timers,
/// effects, cooldowns.
pub fn open_work(directory: &Path) -> Result<Db, LogError> {
    let path = directory.join("work.db");
    let mut connection = Connection::open(&path)
        .map_err(|error| LogError::Setup(format!("cannot open {}: {error}", path.display())))?;
    migrate::sqlite(&mut connection, migrate::SQLITE_WORK)?;
    drop(connection);
    Db::open_sqlite(&path, Durability::Full)
}

/// A transaction; dropped without [`Tx::commit`], it has changed nothing.
#[derive(Debug)]
pub struct Tx(Inner);

#[derive(Debug)]
enum Inner {
    Sqlite(SqliteTx),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Tx {
    pub const fn is_sqlite(&self) -> bool {
        matches!(self.0, Inner::Sqlite(_))
    }

    pub async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, LogError> {
        match &mut self.0 {
            Inner::Sqlite(tx) => sqlite_execute(&tx.connection, sql, parameters),
            Inner::Postgres(transaction) => bound(sql, parameters)
                .execute(&mut **transaction)
                .await
                .map(|done| done.rows_affected())
                .map_err(|error| from_sqlx(&error)),
        }
    }

    pub async fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, LogError> {
        match &mut self.0 {
            Inner::Sqlite(tx) => sqlite_query(&tx.connection, sql, parameters),
            Inner::Postgres(transaction) => {
                let rows = bound(sql, parameters)
                    .fetch_all(&mut **transaction)
                    .await
                    .map_err(|error| from_sqlx(&error))?;
                rows.iter().map(postgres_row).collect()
            }
        }
    }

    /// The same statement for many rows. Of `INSERT … VALUES ($1, …, $n) …` one statement carries
    /// many of them; they must then differ in what `ON CONFLICT` names.
    pub async fn execute_many<const N: usize>(
        &mut self,
        sql: &str,
        rows: &[[Value; N]],
    ) -> Result<(), LogError> {
        match &mut self.0 {
            Inner::Sqlite(tx) => many::sqlite(&tx.connection, sql, rows),
            Inner::Postgres(transaction) => many::postgres(transaction, sql, rows).await,
        }
    }

    pub async fn commit(self) -> Result<(), LogError> {
        match self.0 {
            Inner::Sqlite(tx) => {
                off_the_workers(|| sqlite_execute(&tx.connection, "COMMIT", &[]))?;
                tx.commits.fetch_add(1, Ordering::AcqRel);
                Ok(())
            }
            Inner::Postgres(transaction) => {
                transaction.commit().await.map_err(|error| from_sqlx(&error))
            }
        }
    }
}

/// The writing connection; whoever has it is alone.
#[derive(Debug)]
struct SqliteTx {
    connection: OwnedMutexGuard<Connection>,
    commits: Arc<AtomicU64>,
}

impl Drop for SqliteTx {
    fn drop(&mut self) {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

/// Lets other tasks of this worker move away while the disk is waited for, or much is computed.
pub fn off_the_workers<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

fn sqlite_execute(
    connection: &Connection,
    sql: &str,
    parameters: &[Value],
) -> Result<u64, LogError> {
    let run = || {
        let mut statement = connection.prepare_cached(sql)?;
        for (number, value) in parameters.iter().enumerate() {
            bind_sqlite(&mut statement, number, value)?;
        }
        statement.raw_execute()
    };
    run().map(|changed| changed as u64).map_err(|error| from_sqlite(&error))
}

fn sqlite_query(
    connection: &Connection,
    sql: &str,
    parameters: &[Value],
) -> Result<Vec<Row>, LogError> {
    let run = || {
        let mut statement = connection.prepare_cached(sql)?;
        for (number, value) in parameters.iter().enumerate() {
            bind_sqlite(&mut statement, number, value)?;
        }
        let columns = statement.column_count();
        let mut found = statement.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let value = |column| {
                Ok(match row.get_ref(column)? {
                    ValueRef::Null => Value::Int(None),
                    ValueRef::Integer(value) => Value::Int(Some(value)),
                    ValueRef::Real(_) => Value::Text(None),
                    ValueRef::Text(bytes) => {
                        Value::Text(Some(String::from_utf8_lossy(bytes).into_owned()))
                    }
                    ValueRef::Blob(bytes) => Value::Blob(Some(bytes.to_vec())),
                })
            };
            rows.push(Row((0..columns).map(value).collect::<rusqlite::Result<_>>()?));
        }
        Ok(rows)
    };
    run().map_err(|error: rusqlite::Error| from_sqlite(&error))
}

fn bind_sqlite(
    statement: &mut rusqlite::Statement<'_>,
    number: usize,
    value: &Value,
) -> rusqlite::Result<()> {
    match statement.parameter_index(&format!("${}", number + 1))? {
        Some(place) => statement.raw_bind_parameter(place, SqliteValue(value)),
        None => Ok(()),
    }
}

struct SqliteValue<'a>(&'a Value);

impl rusqlite::ToSql for SqliteValue<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(match self.0 {
            Value::Int(Some(value)) => ValueRef::Integer(*value),
            Value::Text(Some(value)) => ValueRef::Text(value.as_bytes()),
            Value::Blob(Some(value)) => ValueRef::Blob(value),
            Value::Int(None) | Value::Text(None) | Value::Blob(None) => ValueRef::Null,
        }))
    }
}

type PgQuery<'q> = Query<'q, Postgres, PgArguments>;

fn bound<'q>(sql: &str, parameters: &[Value]) -> PgQuery<'q> {
    let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    for value in parameters {
        query = match value {
            Value::Int(value) => query.bind(*value),
            Value::Text(value) => query.bind(value.clone()),
            Value::Blob(value) => query.bind(value.clone()),
        };
    }
    query
}

fn postgres_row(row: &PgRow) -> Result<Row, LogError> {
    let value = |column: &sqlx::postgres::PgColumn| {
        let index = column.ordinal();
        let read = || {
            Ok(match column.type_info().name() {
                "INT8" => Value::Int(row.try_get(index)?),
                "INT4" => Value::Int(row.try_get::<Option<i32>, _>(index)?.map(i64::from)),
                "BOOL" => Value::Int(row.try_get::<Option<bool>, _>(index)?.map(i64::from)),
                "BYTEA" => Value::Blob(row.try_get(index)?),
                _ => Value::Text(row.try_get(index)?),
            })
        };
        read().map_err(|error: sqlx::Error| from_sqlx(&error))
    };
    row.columns().iter().map(value).collect::<Result<_, _>>().map(Row)
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    /// SQLite would look at each value for its plan (`.cargo/config.toml`).
    #[test]
    fn given_another_limit_then_a_statement_is_not_prepared_anew() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE words (word text PRIMARY KEY)").unwrap();
        let mut statement =
            connection.prepare("SELECT word FROM words WHERE word > ?1 LIMIT ?2").unwrap();
        for limit in 1..5 {
            assert!(!statement.exists(("a", limit)).unwrap());
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }

    #[tokio::test]
    async fn given_many_who_ask_at_once_then_no_more_connections_are_opened_than_are_needed() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&folder.path().join("a.db"), Durability::Full).unwrap();
        let Db::Sqlite(sqlite) = &db else { panic!("it is SQLite") };
        let opened = || sqlite.readers.all.lock().len();
        for _ in 0..10 {
            db.query("SELECT 1", &[]).await.unwrap();
        }
        assert_eq!(opened(), 1, "one after another");
        let mut held = Vec::new();
        for _ in 0..READERS {
            held.push(sqlite.readers.one().await.unwrap());
        }
        assert_eq!(opened(), READERS);
        let mut next = Box::pin(db.query("SELECT 1", &[]));
        assert!(futures::poll!(&mut next).is_pending());
        held.clear();
        assert_eq!(next.await.unwrap().len(), 1);
        assert_eq!(opened(), READERS);
    }
}
