//! The embedded backend as the suite sees it: a directory that goes with the test.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use rusqlite::Connection;

use super::{Backend, Keys, Options, Remains, Tamper};
use crate::{
    envelope::Recorded,
    log::{EventLog, LogError},
    people::{People, PeopleError, PeopleOptions, Registry},
    proof::Proofs,
    snapshots::Snapshots,
    sqlite::{DirectoryLock, SqliteLog, SqliteOptions, log_path},
};

#[derive(Debug)]
pub struct SqliteBackend {
    directory: PathBuf,
    _own: Option<tempfile::TempDir>,
}

impl SqliteBackend {
    pub fn at(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), _own: None }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A connection as somebody with a SQLite shell has it.
    pub fn shell(&self) -> Connection {
        Connection::open(log_path(&self.directory)).unwrap()
    }
}

#[async_trait]
impl Backend for SqliteBackend {
    async fn fresh() -> Option<Self> {
        let own = tempfile::TempDir::with_prefix("reeve-contract-").unwrap();
        Some(Self { directory: own.path().to_owned(), _own: Some(own) })
    }

    fn named(name: &str) -> Self {
        Self::at(Path::new(name))
    }

    fn name(&self) -> String {
        self.directory.to_str().expect("temporary directories have plain names").to_owned()
    }

    async fn open(&self, options: Options) -> Result<Arc<dyn EventLog>, LogError> {
        let Options { clock, queue, batch } = options;
        let options = SqliteOptions { clock, batch, queue, ..SqliteOptions::default() };
        let lock = Arc::new(DirectoryLock::take(&self.directory)?);
        Ok(Arc::new(SqliteLog::open(&self.directory, lock, options)?))
    }

    async fn beside(&self, first: &Arc<dyn EventLog>) -> Arc<dyn EventLog> {
        Arc::clone(first)
    }

    async fn people(&self, keys: Keys) -> Result<People, PeopleError> {
        let Keys { master, previous, clock } = keys;
        let options = PeopleOptions { master, previous, erasures_file: self.erasures_file() };
        People::open_sqlite(&self.directory, options, clock.0).await
    }

    fn snapshots(&self) -> Snapshots {
        Snapshots::sqlite(&self.directory).unwrap()
    }

    async fn registry(&self) -> Registry {
        Registry::sqlite(&self.directory).unwrap()
    }

    fn proofs(&self) -> Proofs {
        let Keys { master, previous, clock } = Keys::default();
        Proofs::sqlite(&self.directory, master, previous, clock.0).unwrap()
    }

    fn erasures_file(&self) -> PathBuf {
        self.directory.join("erasures")
    }

    async fn try_to_change(&self, event: &Recorded) -> Vec<(&'static str, bool)> {
        let shell = self.shell();
        let position = event.position.0.cast_signed();
        let columns = "position, aggregate_type, aggregate_id, sequence, event_type, \
                       event_version, payload, metadata, guild, guild_seq, event_id, recorded_at, \
                       hash";
        let copy = |change: &str, verb: &str| {
            let changed = columns.replace(change.split_once(" AS ").map_or("", |(_, c)| c), change);
            format!(
                "{verb} INTO events ({columns}) SELECT {changed} FROM events WHERE position = ?1"
            )
        };
        let attempts = [
            ("UPDATE", "UPDATE events SET payload = '{}' WHERE position = ?1".to_owned()),
            ("DELETE", "DELETE FROM events WHERE position = ?1".to_owned()),
            ("REPLACE", copy("'{}' AS payload", "REPLACE")),
            (
                "REPLACE at another position",
                copy("position + 1000 AS position", "INSERT OR REPLACE"),
            ),
            (
                "UPSERT",
                copy("'{}' AS payload", "INSERT").replace("?1", "?1 AND true")
                    + " ON CONFLICT (position) DO UPDATE SET payload = '{}'",
            ),
            (
                "UPDATE OR REPLACE",
                "UPDATE OR REPLACE events SET event_version = '2' WHERE position = ?1".to_owned(),
            ),
        ];
        attempts
            .into_iter()
            .map(|(name, sql)| {
                let error = shell.execute(&sql, [position]).err().map(|error| error.to_string());
                let refused =
                    error.as_ref().is_some_and(|e| e.contains("never changed or deleted"));
                assert!(refused || error.is_none(), "{name} failed otherwise: {error:?}");
                (name, refused)
            })
            .collect()
    }

    async fn tamper(&self, event: &Recorded, tamper: Tamper) -> bool {
        let shell = self.shell();
        shell.execute_batch("DROP TRIGGER events_no_update").unwrap();
        let (column, value) = match tamper {
            Tamper::Payload(payload) => ("payload", payload),
            Tamper::Stream => ("aggregate_id", "no guild"),
        };
        let sql = format!("UPDATE events SET {column} = ?1 WHERE position = ?2");
        shell.execute(&sql, (value, event.position.0.cast_signed())).unwrap() == 1
    }

    async fn pretend_contract(&self, version: u32) {
        let sql = "UPDATE log_meta SET value = ?1 WHERE key = 'contract'";
        assert_eq!(self.shell().execute(sql, [version.to_string()]).unwrap(), 1);
    }

    async fn stored_secrets(&self, guild: domain::GuildId) -> Vec<Vec<u8>> {
        let people = Connection::open(self.directory.join("people.db")).unwrap();
        let mut secrets = Vec::new();
        for column in ["wrapped_key", "user_tag", "sealed_user"] {
            let sql = format!("SELECT {column} FROM people WHERE guild = ?1");
            let mut select = people.prepare(&sql).unwrap();
            let rows = select.query_map([guild.as_i64()], |row| row.get(0)).unwrap();
            secrets.extend(rows.map(Result::unwrap));
        }
        secrets
    }

    async fn everything_stored(&self) -> Vec<Remains> {
        let files = std::fs::read_dir(&self.directory).unwrap();
        files
            .map(|file| {
                let path = file.unwrap().path();
                let bytes = std::fs::read(&path).unwrap();
                Remains { name: path.display().to_string(), bytes, server_journal: false }
            })
            .collect()
    }
}
