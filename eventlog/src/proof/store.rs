//! The tables of proofs: subtrees, checkpoints, alarms, and who seals.

use std::{collections::HashMap, path::Path};

use domain::{GuildId, Timestamp};
use rusqlite::Connection;
use serde::Serialize;

use super::{
    ProofError, Proofs,
    checkpoint::{Checkpoint, Signed},
    keys::CurrentKey,
    tree::{Hash, Perfect},
};
use crate::{
    envelope::Position,
    log::{EventLog, LogError, Slice},
    migrate,
    sql::{Db, Durability, Row, Tx, Value},
    sqlite::from_sqlite,
    values,
};

const FILE: &str = "proof.db";
/// Most alarms that are shown at once.
const SHOWN_ALARMS: u64 = 20;

/// Smaller full subtrees are not stored: they are made from at most 256 hashes of the log.
pub(super) const STORED_LEVEL: u8 = 8;

/// A power cut may undo the last checkpoints as a whole. The log is durable and a signature of
/// Ed25519 is the same every time, so exactly those are made again.
pub(super) fn open_sqlite(directory: &Path) -> Result<Db, LogError> {
    let path = directory.join(FILE);
    let mut connection = Connection::open(&path).map_err(|error| from_sqlite(&error))?;
    migrate::sqlite(&mut connection, migrate::SQLITE_PROOF)?;
    drop(connection);
    Db::open_sqlite(&path, Durability::Recomputable)
}

/// A guild whose log contradicts what was signed of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alarm {
    pub guild: GuildId,
    pub text: String,
    pub found_at: Timestamp,
}

/// How sealing is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Events of the log from the first one on that is not sealed.
    pub lag_events: u64,
    /// How long ago that one happened.
    pub lag_secs: i64,
    pub checkpoints: u64,
    pub alarms: Vec<Alarm>,
}

/// What one pass of the sealer writes, all or nothing.
#[derive(Debug, Default)]
pub(super) struct Sealed {
    pub nodes: Vec<(GuildId, Perfect, Hash)>,
    pub checkpoints: Vec<Signed>,
    /// Everything up to here is sealed.
    pub position: Position,
}

impl Proofs {
    /// The newest checkpoint of a guild.
    pub async fn latest(&self, guild: GuildId) -> Result<Option<Signed>, LogError> {
        self.checkpoint_where(guild, "ORDER BY size DESC LIMIT 1", None).await
    }

    /// The oldest checkpoint that holds at least so many events.
    pub async fn at_least(&self, guild: GuildId, size: u64) -> Result<Option<Signed>, LogError> {
        self.checkpoint_where(guild, "AND size >= $2 ORDER BY size LIMIT 1", Some(size)).await
    }

    /// The checkpoint of exactly this size.
    pub async fn of_size(&self, guild: GuildId, size: u64) -> Result<Option<Signed>, LogError> {
        self.checkpoint_where(guild, "AND size = $2", Some(size)).await
    }

    async fn checkpoint_where(
        &self,
        guild: GuildId,
        rest: &str,
        size: Option<u64>,
    ) -> Result<Option<Signed>, LogError> {
        let sql = format!("{SELECT} WHERE guild = $1 {rest}");
        let mut parameters = values![guild].to_vec();
        parameters.extend(size.map(Value::from));
        self.db.query(&sql, &parameters).await?.first().map(signed).transpose()
    }

    /// The checkpoints of a guild after a size, oldest first.
    pub async fn after(
        &self,
        guild: GuildId,
        size: u64,
        limit: u64,
    ) -> Result<Vec<Signed>, LogError> {
        let sql = format!("{SELECT} WHERE guild = $1 AND size > $2 ORDER BY size LIMIT $3");
        self.db.query(&sql, &values![guild, size, limit]).await?.iter().map(signed).collect()
    }

    /// Guilds that have checkpoints, in order of their ids.
    pub async fn guilds_after(&self, guild: i64, limit: u64) -> Result<Vec<GuildId>, LogError> {
        let sql = "SELECT DISTINCT guild FROM checkpoints WHERE guild > $1 ORDER BY guild LIMIT $2";
        self.db
            .query(sql, &values![guild, limit])
            .await?
            .iter()
            .map(|row| guild_of(row, 0))
            .collect()
    }

    pub(super) async fn node(
        &self,
        guild: GuildId,
        place: Perfect,
    ) -> Result<Option<Hash>, LogError> {
        let sql = "SELECT hash FROM proof_nodes WHERE guild = $1 AND level = $2 AND idx = $3";
        let parameters = values![guild, u32::from(place.level), place.index];
        self.db.query(sql, &parameters).await?.first().map(|row| bytes(row, 0)).transpose()
    }

    pub(super) async fn store_nodes(
        &self,
        nodes: &[(GuildId, Perfect, Hash)],
    ) -> Result<(), LogError> {
        let mut tx = self.db.begin().await?;
        write_nodes(&mut tx, nodes).await?;
        tx.commit().await
    }

    pub async fn status(&self, log: &dyn EventLog) -> Result<Status, ProofError> {
        let rows = self.db.query("SELECT position FROM proof_sealer", &[]).await?;
        let sealed = Position(rows.first().ok_or_else(missing_sealer)?.count(0)?);
        let count = self.db.query("SELECT COUNT(*) FROM checkpoints", &[]).await?;
        let waiting = log.read_all(sealed, 1, Slice::ALL).await?.events;
        let since = waiting.first().map(|event| event.at.as_micros());
        let waits = since.map_or(0, |since| ((self.clock)().as_micros() - since) / 1_000_000);
        Ok(Status {
            lag_events: log.head().await?.0.saturating_sub(sealed.0),
            lag_secs: waits.max(0),
            checkpoints: count.first().map_or(Ok(0), |row| row.count(0))?,
            alarms: self.alarms().await?,
        })
    }

    pub async fn alarms(&self) -> Result<Vec<Alarm>, LogError> {
        let sql = "SELECT guild, text, found_at FROM proof_alarms ORDER BY found_at LIMIT $1";
        let alarm = |row: &Row| {
            let at = Timestamp::from_micros(row.int(2)?);
            Ok(Alarm { guild: guild_of(row, 0)?, text: row.text(1)?.to_owned(), found_at: at })
        };
        self.db.query(sql, &values![SHOWN_ALARMS]).await?.iter().map(alarm).collect()
    }

    pub(super) async fn alarmed_guilds(&self) -> Result<Vec<GuildId>, LogError> {
        let rows = self.db.query("SELECT guild FROM proof_alarms", &[]).await?;
        rows.iter().map(|row| guild_of(row, 0)).collect()
    }

    /// Keeps that a guild's log contradicts what was signed; the first finding stays.
    pub(super) async fn raise_alarm(&self, guild: GuildId, text: &str) -> Result<(), LogError> {
        let sql = "INSERT INTO proof_alarms (guild, text, found_at) VALUES ($1, $2, $3) \
                   ON CONFLICT DO NOTHING";
        if self.db.execute(sql, &values![guild, text, (self.clock)()]).await? == 1 {
            tracing::error!(
                guild.id = %guild,
                problem = text,
                "the log contradicts a signed checkpoint; nothing more is signed for this guild"
            );
        }
        Ok(())
    }

    /// Takes the lease; answers up to where everything is sealed. None where another process
    /// has it.
    pub(super) async fn claim(&self, owner: &str, secs: i64) -> Result<Option<Position>, LogError> {
        let now = (self.clock)();
        // One process at a time holds an embedded store: whoever had the lease is gone.
        let free_since = if self.db.is_sqlite() { Timestamp::from_micros(i64::MAX) } else { now };
        let claim = "UPDATE proof_sealer SET owner = $1, lease_until = $2, updated_at = $3 \
                     WHERE id = 1 AND (owner = $1 OR lease_until < $4) RETURNING position";
        let mut tx = self.db.begin().await?;
        let rows = tx.query(claim, &values![owner, now.plus_secs(secs), now, free_since]).await?;
        tx.commit().await?;
        rows.first().map(|row| row.count(0).map(Position)).transpose()
    }

    /// Writes what was sealed, if this process still has the lease.
    pub(super) async fn write_sealed(
        &self,
        owner: &str,
        secs: i64,
        key: &CurrentKey,
        sealed: &Sealed,
    ) -> Result<bool, LogError> {
        let now = (self.clock)();
        let mut tx = self.db.begin().await?;
        let advance = "UPDATE proof_sealer SET position = $1, lease_until = $2, updated_at = $3 \
                       WHERE id = 1 AND owner = $4";
        let row = values![sealed.position.0, now.plus_secs(secs), now, owner];
        if tx.execute(advance, &row).await? != 1 {
            return Ok(false);
        }
        write_nodes(&mut tx, &sealed.nodes).await?;
        if !sealed.checkpoints.is_empty() {
            let sql = "INSERT INTO checkpoints (guild, size, root, key, signature, sealed_at) \
                       VALUES ($1, $2, $3, $4, $5, $6)";
            let row = |signed: &Signed| {
                let Checkpoint { guild, size, root } = &signed.checkpoint;
                let signature = signed.signature.as_slice();
                values![*guild, *size, root.as_slice(), key.number, signature, now]
            };
            let rows: Vec<_> = sealed.checkpoints.iter().map(row).collect();
            tx.execute_many(sql, &rows).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    pub(super) async fn release(&self, owner: &str) -> Result<(), LogError> {
        let sql = "UPDATE proof_sealer SET lease_until = 0 WHERE id = 1 AND owner = $1";
        self.db.execute(sql, &values![owner]).await.map(drop)
    }
}

const SELECT: &str = "SELECT guild, size, root, public_key, signature FROM checkpoints \
                      JOIN proof_keys ON number = key";

async fn write_nodes(tx: &mut Tx, nodes: &[(GuildId, Perfect, Hash)]) -> Result<(), LogError> {
    // One statement must not meet a row twice; the last one counts.
    let by_place: HashMap<_, _> =
        nodes.iter().map(|(guild, place, hash)| ((*guild, *place), hash)).collect();
    let row = |((guild, place), hash): (&(GuildId, Perfect), &&Hash)| {
        values![*guild, u32::from(place.level), place.index, hash.as_slice()]
    };
    let rows: Vec<_> = by_place.iter().map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO proof_nodes (guild, level, idx, hash) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (guild, level, idx) DO UPDATE SET hash = excluded.hash";
    tx.execute_many(sql, &rows).await
}

fn signed(row: &Row) -> Result<Signed, LogError> {
    Ok(Signed {
        checkpoint: Checkpoint {
            guild: guild_of(row, 0)?,
            size: row.count(1)?,
            root: bytes(row, 2)?,
        },
        public_key: bytes(row, 3)?,
        signature: bytes(row, 4)?,
    })
}

fn guild_of(row: &Row, column: usize) -> Result<GuildId, LogError> {
    let bad = |error: domain::InvalidId| LogError::Corrupt(format!("a proof: {error}"));
    GuildId::from_i64(row.int(column)?).map_err(bad)
}

fn bytes<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], LogError> {
    let bad = |_| LogError::Corrupt(format!("column {column} of a proof has another length"));
    row.blob(column)?.try_into().map_err(bad)
}

fn missing_sealer() -> LogError {
    LogError::Corrupt("proof_sealer: its row is gone".to_owned())
}
