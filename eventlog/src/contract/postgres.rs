//! The PostgreSQL backend as the suite sees it: a database that goes with the test.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, PgPool, Row as _};

use super::{Backend, Keys, Options, Remains, Tamper, TestDatabase};
use crate::{
    envelope::Recorded,
    log::{EventLog, LogError},
    people::{People, PeopleError, PeopleOptions, Registry},
    postgres::{PostgresLog, ServerOptions},
    proof::Proofs,
    snapshots::Snapshots,
};

#[derive(Debug)]
pub struct PostgresBackend {
    pool: PgPool,
    files: tempfile::TempDir,
    started_at: String,
    // Last: dropped after those who use it.
    database: TestDatabase,
}

impl PostgresBackend {
    pub fn over(database: TestDatabase) -> Self {
        let files = tempfile::TempDir::with_prefix("reeve-contract-").unwrap();
        Self { pool: database.pool(8), files, started_at: String::new(), database }
    }

    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    async fn text(&self, sql: &str) -> String {
        sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(&self.pool).await.unwrap().get(0)
    }

    /// The files of this database, where they can be read from here: base, and the part of the
    /// server's journal that was written since the test began.
    async fn files(&self) -> Vec<Remains> {
        let data = self.text("SHOW data_directory").await;
        let oid =
            self.text("SELECT oid::text FROM pg_database WHERE datname = current_database()").await;
        let first = self.text(&format!("SELECT pg_walfile_name('{}')", self.started_at)).await;
        let last = self.text("SELECT pg_walfile_name(pg_current_wal_insert_lsn())").await;
        let read = |folder: &Path, journal: bool| {
            let Ok(files) = std::fs::read_dir(folder) else {
                println!("not searched, because it cannot be read: {}", folder.display());
                return Vec::new();
            };
            files
                .filter_map(Result::ok)
                .filter(|file| {
                    let name = file.file_name().into_string().unwrap_or_default();
                    !journal || (first <= name && name <= last)
                })
                .filter_map(|file| {
                    let bytes = std::fs::read(file.path()).ok()?;
                    let name = file.path().display().to_string();
                    Some(Remains { name, bytes, server_journal: journal })
                })
                .collect()
        };
        let data = Path::new(&data);
        let mut found: Vec<Remains> = read(&data.join("base").join(oid), false);
        found.extend(read(&data.join("pg_wal"), true));
        found
    }
}

#[async_trait]
impl Backend for PostgresBackend {
    async fn fresh() -> Option<Self> {
        let mut backend = Self::over(TestDatabase::create().await?);
        backend.started_at = backend.text("SELECT pg_current_wal_insert_lsn()::text").await;
        Some(backend)
    }

    fn named(name: &str) -> Self {
        Self::over(TestDatabase::of_url(name))
    }

    fn name(&self) -> String {
        self.database.url()
    }

    async fn open(&self, options: Options) -> Result<Arc<dyn EventLog>, LogError> {
        let Options { clock, queue, batch } = options;
        let options = ServerOptions { clock, batch, queue, ..ServerOptions::default() };
        Ok(Arc::new(PostgresLog::open(self.database.pool(8), options).await?))
    }

    async fn beside(&self, _: &Arc<dyn EventLog>) -> Arc<dyn EventLog> {
        self.open(Options::default()).await.unwrap()
    }

    async fn people(&self, keys: Keys) -> Result<People, PeopleError> {
        let Keys { master, previous, clock } = keys;
        let options = PeopleOptions { master, previous, erasures_file: self.erasures_file() };
        People::open_postgres(self.pool.clone(), options, clock.0).await
    }

    async fn registry(&self) -> Registry {
        Registry::postgres(self.pool.clone()).await.unwrap()
    }

    fn proofs(&self) -> Proofs {
        let Keys { master, previous, clock } = Keys::default();
        Proofs::postgres(self.pool.clone(), master, previous, clock.0)
    }

    fn erasures_file(&self) -> PathBuf {
        self.files.path().join("erasures")
    }

    fn snapshots(&self) -> Snapshots {
        Snapshots::postgres(self.pool.clone())
    }

    async fn try_to_change(&self, event: &Recorded) -> Vec<(&'static str, bool)> {
        let at = event.position.0;
        let attempts = [
            ("UPDATE", format!("UPDATE events SET payload = '{{}}' WHERE position = {at}")),
            ("DELETE", format!("DELETE FROM events WHERE position = {at}")),
            ("TRUNCATE", "TRUNCATE events".to_owned()),
            (
                "UPSERT",
                format!(
                    "INSERT INTO events SELECT * FROM events WHERE position = {at} \
                     ON CONFLICT (position) DO UPDATE SET payload = '{{}}'"
                ),
            ),
            (
                "MERGE",
                format!(
                    "MERGE INTO events USING (SELECT {at} AS at) AS old ON events.position = old.at \
                     WHEN MATCHED THEN DELETE"
                ),
            ),
        ];
        let mut tried = Vec::new();
        for (name, sql) in attempts {
            let error = self.database.administer(&sql).await.err().map(|error| error.to_string());
            let refused = error.as_ref().is_some_and(|e| e.contains("never changed or deleted"));
            assert!(refused || error.is_none(), "{name} failed otherwise: {error:?}");
            tried.push((name, refused));
        }
        tried
    }

    async fn tamper(&self, event: &Recorded, tamper: Tamper) -> bool {
        let set = match tamper {
            Tamper::Payload(payload) => format!("payload = '{payload}'"),
            Tamper::Stream => "aggregate_id = 'no guild'".to_owned(),
        };
        let at = event.position.0;
        let script = format!(
            "ALTER TABLE events DISABLE TRIGGER USER; \
             UPDATE events SET {set} WHERE position = {at}; \
             ALTER TABLE events ENABLE TRIGGER USER"
        );
        self.database.administer(&script).await.unwrap();
        true
    }

    async fn pretend_contract(&self, version: u32) {
        let script = format!("UPDATE log_meta SET value = '{version}' WHERE key = 'contract'");
        self.database.administer(&script).await.unwrap();
    }

    async fn stored_secrets(&self, guild: domain::GuildId) -> Vec<Vec<u8>> {
        let sql = "SELECT unnest(ARRAY[wrapped_key, user_tag, sealed_user]) FROM people \
                   WHERE guild = $1";
        let rows = sqlx::query(sql).bind(guild.as_i64()).fetch_all(&self.pool).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn everything_stored(&self) -> Vec<Remains> {
        // What memory holds goes to the files first.
        self.database.administer("CHECKPOINT").await.unwrap();
        let tables = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'";
        let mut found = Vec::new();
        for table in sqlx::query(tables).fetch_all(&self.pool).await.unwrap() {
            let name: String = table.get(0);
            let rows = format!("SELECT {name}::text FROM {name}");
            let rows = sqlx::query(AssertSqlSafe(rows)).fetch_all(&self.pool).await.unwrap();
            let text: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            let bytes = text.join("\n").into_bytes();
            found.push(Remains { name, bytes, server_journal: false });
        }
        found.extend(self.files().await);
        let list = std::fs::read(self.files.path().join("erasures")).unwrap_or_default();
        found.push(Remains { name: "erasures".to_owned(), bytes: list, server_journal: false });
        // The server takes samples of its tables in its own time. Let that be at the worst one:
        // before whatever the case does next.
        self.database.administer("ANALYZE").await.unwrap();
        found
    }
}
