//! Where read models lie: a file beside the embedded log, or the PostgreSQL that holds the log.

use std::path::Path;

use eventlog::{
    LogError, migrate,
    sql::{Db, Durability, Row, Value},
};

const FILE: &str = "read.db";

#[derive(Clone, Debug)]
pub struct ReadStore(pub(crate) Db);

impl ReadStore {
    /// A power cut may undo the last commits, rows and checkpoint together: then those events
    /// are folded again.
    pub fn sqlite(directory: &Path) -> Result<Self, LogError> {
        let path = directory.join(FILE);
        let mut connection = rusqlite::Connection::open(&path)
            .map_err(|error| LogError::Setup(format!("cannot open {}: {error}", path.display())))?;
        migrate::sqlite(&mut connection, migrate::SQLITE_READ)?;
        drop(connection);
        Db::open_sqlite(&path, Durability::Recomputable).map(Self)
    }

    /// The schema is brought up to date when the log is opened.
    pub const fn postgres(pool: sqlx::PgPool) -> Self {
        Self(Db::Postgres(pool))
    }

    pub async fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, LogError> {
        self.0.query(sql, parameters).await
    }

    /// How often this process has written to it; none where others may write too.
    pub fn commits(&self) -> Option<u64> {
        self.0.commits()
    }

    pub const fn is_sqlite(&self) -> bool {
        self.0.is_sqlite()
    }
}
