//! The key that signs checkpoints: made at the first start, wrapped with the master key, kept
//! beside the checkpoints. Old public keys stay, because what they signed stays.

use domain::Timestamp;
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use super::{ProofError, Proofs};
use crate::{
    log::LogError,
    people::{MasterKey, PeopleError},
    sql::{Row, Tx},
    values,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    pub number: u32,
    pub public_key: [u8; 32],
    pub made_at: Timestamp,
    /// Since when another key signs.
    pub retired_at: Option<Timestamp>,
}

/// The key that signs now, with its number.
pub(super) struct CurrentKey {
    pub number: u32,
    pub key: SigningKey,
}

const SELECT: &str =
    "SELECT number, public_key, wrapped_key, made_at, retired_at FROM proof_keys ORDER BY number";

impl Proofs {
    /// All keys that ever signed here, oldest first.
    pub async fn keys(&self) -> Result<Vec<StoredKey>, ProofError> {
        let rows = self.db.query(SELECT, &[]).await?;
        Ok(rows.iter().map(stored).collect::<Result<_, _>>()?)
    }

    /// The key that signs; made now, where there is none yet.
    pub async fn key(&self) -> Result<StoredKey, ProofError> {
        self.current_key().await?;
        let keys = self.keys().await?;
        let current = keys.into_iter().rev().find(|key| key.retired_at.is_none());
        current.ok_or_else(|| LogError::Corrupt("proof_keys: no key signs".to_owned()).into())
    }

    pub(super) async fn current_key(&self) -> Result<CurrentKey, ProofError> {
        let mut rows = self.db.query(SELECT, &[]).await?;
        let next = rows.last().map_or(Ok(Some(1)), next_number)?;
        if let Some(next) = next {
            let mut tx = self.db.begin().await?;
            let retire = "UPDATE proof_keys SET retired_at = $1 WHERE retired_at IS NULL";
            tx.execute(retire, &values![(self.clock)()]).await?;
            self.make_key(&mut tx, next).await?;
            tx.commit().await?;
            rows = self.db.query(SELECT, &[]).await?;
        }
        let row = rows.last().ok_or_else(|| LogError::Corrupt("proof_keys: empty".to_owned()))?;
        let StoredKey { number, public_key, .. } = stored(row)?;
        let secret = self.unwrap(number, row.blob(2)?).await?;
        let key = SigningKey::from_bytes(&secret);
        if key.verifying_key().to_bytes() != public_key {
            let text = format!("proof_keys: key {number} is not the one it says it is");
            return Err(LogError::Corrupt(text).into());
        }
        Ok(CurrentKey { number, key })
    }

    /// From now on a new key signs. The old public key stays, for what it signed.
    pub async fn rotate_key(&self) -> Result<StoredKey, ProofError> {
        let current = self.current_key().await?;
        let mut tx = self.db.begin().await?;
        let retire = "UPDATE proof_keys SET retired_at = $2 WHERE number = $1 \
                      AND retired_at IS NULL";
        if tx.execute(retire, &values![current.number, (self.clock)()]).await? == 1 {
            self.make_key(&mut tx, current.number + 1).await?;
        }
        tx.commit().await?;
        self.key().await
    }

    /// Lets a known key sign, so that test vectors are the same every time.
    #[cfg(feature = "contract")]
    pub async fn use_secret(&self, secret: [u8; 32]) -> Result<(), ProofError> {
        let public_key = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
        let wrapped = self.master.wrap_secret(&secret, &context(1))?;
        let sql = "INSERT INTO proof_keys (number, public_key, wrapped_key, made_at) \
                   VALUES (1, $1, $2, $3)";
        self.db.execute(sql, &values![public_key.as_slice(), wrapped, (self.clock)()]).await?;
        Ok(())
    }

    async fn make_key(&self, tx: &mut Tx, number: u32) -> Result<(), ProofError> {
        let secret = MasterKey::new_secret()?;
        let public_key = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
        let wrapped = self.master.wrap_secret(&secret, &context(number))?;
        // Another process may be as quick: then its key it is.
        let sql = "INSERT INTO proof_keys (number, public_key, wrapped_key, made_at) \
                   VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        let row = values![number, public_key.as_slice(), wrapped, (self.clock)()];
        tx.execute(sql, &row).await?;
        Ok(())
    }

    async fn unwrap(&self, number: u32, wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, ProofError> {
        if let Some(secret) = self.master.unwrap_secret(wrapped, &context(number)) {
            return Ok(secret);
        }
        let previous = self.previous.as_ref();
        let secret = previous.and_then(|key| key.unwrap_secret(wrapped, &context(number)));
        let secret = secret.ok_or(PeopleError::WrongMasterKey)?;
        let wrapped = self.master.wrap_secret(&secret, &context(number))?;
        let sql = "UPDATE proof_keys SET wrapped_key = $2 WHERE number = $1";
        self.db.execute(sql, &values![number, wrapped]).await?;
        Ok(secret)
    }
}

/// Of the key that has to be made, where the last one cannot sign: it was retired, or only its
/// public part came with a backup.
fn next_number(last: &Row) -> Result<Option<u32>, LogError> {
    let key = stored(last)?;
    let signs = key.retired_at.is_none() && !last.blob(2)?.is_empty();
    Ok((!signs).then_some(key.number + 1))
}

fn context(number: u32) -> Vec<u8> {
    [b"reeve.proof-key".as_slice(), &number.to_be_bytes()].concat()
}

fn stored(row: &Row) -> Result<StoredKey, LogError> {
    let bad = |_| LogError::Corrupt("proof_keys: a public key has another length".to_owned());
    Ok(StoredKey {
        number: u32::try_from(row.int(0)?).unwrap_or_default(),
        public_key: row.blob(1)?.try_into().map_err(bad)?,
        made_at: Timestamp::from_micros(row.int(3)?),
        retired_at: row.opt_int(4)?.map(Timestamp::from_micros),
    })
}
