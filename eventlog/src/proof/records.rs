//! Checkpoints and keys as rows, for moving them with their log: whoever moves them needs no
//! master key, because the secrets stay wrapped. Trees are not moved; they are made again.

use std::{collections::HashMap, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{GuildId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Proofs, store};
use crate::{
    log::LogError,
    sql::{Db, Row, Value},
    values,
};

/// Checkpoints that are read and written at once.
const PAGE: u64 = 2_000;

/// The tables of proofs, without the master key.
#[derive(Debug)]
pub struct Records(Db);

/// A key that signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    pub number: u32,
    pub public_key: Blob,
    /// The secret, wrapped with the master key; empty where only the public key was kept.
    #[serde(default, skip_serializing_if = "Blob::is_empty")]
    pub wrapped_key: Blob,
    pub made_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    pub guild: GuildId,
    pub size: u64,
    pub root: Blob,
    pub key: u32,
    pub signature: Blob,
    pub sealed_at: Timestamp,
}

/// Bytes, in JSON as Base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

impl Blob {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl SigningKey {
    /// Without the secret.
    pub fn public_part(self) -> Self {
        Self { wrapped_key: Blob::default(), ..self }
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(D::Error::custom)
    }
}

impl Proofs {
    /// The same tables, for moving them.
    pub fn records(&self) -> Records {
        Records(self.db.clone())
    }
}

impl Records {
    pub fn sqlite(directory: &Path) -> Result<Self, LogError> {
        store::open_sqlite(directory).map(Self)
    }

    /// The schema is brought up to date when the log is opened.
    pub const fn postgres(pool: sqlx::PgPool) -> Self {
        Self(Db::Postgres(pool))
    }

    pub async fn keys(&self) -> Result<Vec<SigningKey>, LogError> {
        let sql = "SELECT number, public_key, wrapped_key, made_at, retired_at FROM proof_keys \
                   ORDER BY number";
        self.0.query(sql, &[]).await?.iter().map(key).collect()
    }

    /// Checkpoints after that of a guild and size, in their order.
    pub async fn after(&self, guild: i64, size: u64) -> Result<Vec<Signature>, LogError> {
        let sql = "SELECT guild, size, root, key, signature, sealed_at FROM checkpoints \
                   WHERE guild > $1 OR (guild = $1 AND size > $2) ORDER BY guild, size LIMIT $3";
        self.0.query(sql, &values![guild, size, PAGE]).await?.iter().map(signature).collect()
    }

    /// The first key that both have and that is not the same, if there is one.
    pub async fn conflict(&self, keys: &[SigningKey]) -> Result<Option<u32>, LogError> {
        let ours = self.keys().await?;
        let differs = |our: &&SigningKey| {
            !keys.iter().any(|key| key.number == our.number && key.public_key == our.public_key)
        };
        Ok(ours.iter().find(differs).map(|key| key.number))
    }

    /// Adds the keys that are not here, and the secret to one that was kept without it.
    pub async fn add_keys(&self, keys: &[SigningKey]) -> Result<(), LogError> {
        let mut tx = self.0.begin().await?;
        for key in keys {
            let sql = "INSERT INTO proof_keys (number, public_key, wrapped_key, made_at, retired_at) \
                       VALUES ($1, $2, $3, $4, $5) ON CONFLICT (number) DO UPDATE \
                       SET wrapped_key = excluded.wrapped_key \
                       WHERE proof_keys.public_key = excluded.public_key \
                       AND length(proof_keys.wrapped_key) = 0 AND proof_keys.retired_at IS NULL";
            let retired = Value::Int(key.retired_at.map(Timestamp::as_micros));
            let (public, wrapped) = (key.public_key.0.as_slice(), key.wrapped_key.0.as_slice());
            let mut row = values![key.number, public, wrapped, key.made_at].to_vec();
            row.push(retired);
            tx.execute(sql, &row).await?;
        }
        tx.commit().await
    }

    /// Adds checkpoints that come after those that a guild has here; answers how many.
    pub async fn add(&self, page: &[Signature]) -> Result<usize, LogError> {
        let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(0) };
        let sql = "SELECT guild, MAX(size) FROM checkpoints WHERE guild >= $1 AND guild <= $2 \
                   GROUP BY guild";
        let mut here = HashMap::new();
        let mut tx = self.0.begin().await?;
        for row in tx.query(sql, &values![first.guild, last.guild]).await? {
            here.insert(row.int(0)?, row.count(1)?);
        }
        let is_new = |one: &&Signature| {
            here.get(&one.guild.as_i64()).is_none_or(|largest| one.size > *largest)
        };
        let row = |one: &Signature| {
            let (root, signature) = (one.root.0.as_slice(), one.signature.0.as_slice());
            values![one.guild, one.size, root, one.key, signature, one.sealed_at]
        };
        let rows: Vec<_> = page.iter().filter(is_new).map(row).collect();
        if !rows.is_empty() {
            let sql = "INSERT INTO checkpoints (guild, size, root, key, signature, sealed_at) \
                       VALUES ($1, $2, $3, $4, $5, $6)";
            tx.execute_many(sql, &rows).await?;
        }
        tx.commit().await?;
        Ok(rows.len())
    }

    /// Everything that is not there yet; answers how many checkpoints that were.
    pub async fn copy_to(&self, other: &Self) -> Result<usize, LogError> {
        other.add_keys(&self.keys().await?).await?;
        let (mut guild, mut size, mut copied) = (i64::MIN, 0, 0);
        loop {
            let page = self.after(guild, size).await?;
            let Some(last) = page.last() else { return Ok(copied) };
            (guild, size) = (last.guild.as_i64(), last.size);
            copied += other.add(&page).await?;
        }
    }

    /// Nothing more is signed with the keys that are here: the history they signed has been cut.
    pub async fn retire_keys(&self, now: Timestamp) -> Result<(), LogError> {
        let sql = "UPDATE proof_keys SET retired_at = $1 WHERE retired_at IS NULL";
        self.0.execute(sql, &values![now]).await.map(drop)
    }
}

fn key(row: &Row) -> Result<SigningKey, LogError> {
    Ok(SigningKey {
        number: u32::try_from(row.int(0)?).unwrap_or_default(),
        public_key: Blob(row.blob(1)?.to_vec()),
        wrapped_key: Blob(row.blob(2)?.to_vec()),
        made_at: Timestamp::from_micros(row.int(3)?),
        retired_at: row.opt_int(4)?.map(Timestamp::from_micros),
    })
}

fn signature(row: &Row) -> Result<Signature, LogError> {
    let bad = |error: domain::InvalidId| LogError::Corrupt(format!("a checkpoint: {error}"));
    Ok(Signature {
        guild: GuildId::from_i64(row.int(0)?).map_err(bad)?,
        size: row.count(1)?,
        root: Blob(row.blob(2)?.to_vec()),
        key: u32::try_from(row.int(3)?).unwrap_or_default(),
        signature: Blob(row.blob(4)?.to_vec()),
        sealed_at: Timestamp::from_micros(row.int(5)?),
    })
}
