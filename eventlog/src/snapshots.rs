//! Snapshots: an aggregate's state at some version, so that loading it needs only the tail.
//!
//! They lie in the SQL store, in chunks, and may be thrown away at any time. A snapshot of another
//! format, or of a history that this log does not have, is not used.

use std::path::Path;

use rusqlite::Connection;

use crate::{
    envelope::{EventHash, StreamId},
    log::{EventLog, LogError},
    migrate,
    sql::{Db, Durability},
    sqlite::from_sqlite,
    values,
};

const FILE: &str = "snapshots.db";
const CHUNK_BYTES: usize = 512 * 1024;

#[derive(Clone, Debug)]
pub struct Snapshots(Db);

#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Events of the stream that are in it.
    pub version: u64,
    /// Hash of the last of them.
    pub last_hash: EventHash,
    pub bytes: Vec<u8>,
}

impl Snapshots {
    pub fn sqlite(directory: &Path) -> Result<Self, LogError> {
        let path = directory.join(FILE);
        let mut connection = Connection::open(&path).map_err(|error| from_sqlite(&error))?;
        migrate::sqlite(&mut connection, migrate::SQLITE_SNAPSHOTS)?;
        drop(connection);
        Db::open_sqlite(&path, Durability::Recomputable).map(Self)
    }

    pub const fn postgres(pool: sqlx::PgPool) -> Self {
        Self(Db::Postgres(pool))
    }

    /// The stream's snapshot, if there is one of this format and `log` has the same history.
    pub async fn load(
        &self,
        log: &dyn EventLog,
        stream: &StreamId,
        format: u32,
    ) -> Result<Option<Snapshot>, LogError> {
        let sql = "SELECT chunk, chunks, version, last_hash, bytes FROM snapshots \
                   WHERE stream = $1 AND format = $2 ORDER BY chunk";
        let rows = self.0.query(sql, &values![stream.to_string(), format]).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let whole = first.int(1)? == i64::try_from(rows.len()).unwrap_or(-1);
        let Ok(last_hash) = <[u8; 32]>::try_from(first.blob(3)?) else { return Ok(None) };
        let mut snapshot = Snapshot {
            version: first.count(2)?,
            last_hash: EventHash(last_hash),
            bytes: Vec::new(),
        };
        for row in &rows {
            snapshot.bytes.extend_from_slice(row.blob(4)?);
        }
        let last = log.read_stream(stream, snapshot.version.saturating_sub(1), 1).await?;
        let same_history = last.first().is_some_and(|event| event.hash == snapshot.last_hash);
        Ok((whole && same_history).then_some(snapshot))
    }

    pub async fn save(
        &self,
        stream: &StreamId,
        format: u32,
        snapshot: &Snapshot,
    ) -> Result<(), LogError> {
        let name = stream.to_string();
        let mut tx = self.0.begin().await?;
        tx.execute("DELETE FROM snapshots WHERE stream = $1", &values![name.as_str()]).await?;
        let insert = "INSERT INTO snapshots \
                      (stream, chunk, chunks, format, version, last_hash, bytes) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let chunks = snapshot.bytes.chunks(CHUNK_BYTES);
        let count = chunks.len() as u64;
        for (chunk, bytes) in (0_u64..).zip(chunks) {
            let hash = snapshot.last_hash.0.as_slice();
            let row = values![name.as_str(), chunk, count, format, snapshot.version, hash, bytes];
            tx.execute(insert, &row).await?;
        }
        tx.commit().await
    }

    pub async fn forget(&self, stream: &StreamId) -> Result<(), LogError> {
        let sql = "DELETE FROM snapshots WHERE stream = $1";
        self.0.execute(sql, &values![stream.to_string()]).await.map(|_| ())
    }
}
