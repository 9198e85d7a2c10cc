//! Proof that a guild's history is what it was.
//!
//! Per guild an RFC 6962 Merkle tree stands over the hashes of its events, in guild sequence. A
//! [`Sealer`] follows the log and signs the tree's root as a checkpoint; [`export`] writes a bundle
//! that anybody checks offline with `reeve verify`, or with a page of Python
//! (`docs/proof-bundle.md`).
//!
//! - The tree is derived: what is stored of it can be thrown away and is made again from the log.
//! - A checkpoint is never changed nor deleted. A log that contradicts one raises an alarm, and
//!   nothing more is signed for that guild.
//! - Erasing a person changes no event, so no proof either.

mod bundle;
mod check;
mod checkpoint;
mod keys;
mod prover;
mod records;
mod sealer;
mod store;
mod tree;

use std::path::Path;

pub use self::{
    bundle::{Exported, Selection, export},
    check::{Checked, check},
    checkpoint::{Checkpoint, Signed, signed_note, verifier_key},
    keys::StoredKey,
    records::{Records, Signature, SigningKey},
    sealer::{Sealer, SealerOptions, Witness, seal_now},
    store::{Alarm, Status},
    tree::{Frontier, Hash, consistency_path, cover, inclusion_path, leaf, node, subtree},
};
use crate::{
    log::{Clock, LogError},
    people::{MasterKey, PeopleError},
    sql::Db,
};

#[derive(Clone, Debug, thiserror::Error)]
pub enum ProofError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Key(#[from] PeopleError),
    /// What was asked for cannot be proven, and why.
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Contradiction(String),
    #[error("the bundle cannot be written: {0}")]
    Write(String),
}

/// Trees, checkpoints and the keys that sign them.
#[derive(Clone)]
pub struct Proofs {
    db: Db,
    master: MasterKey,
    /// The master key before a change of keys.
    previous: Option<MasterKey>,
    clock: Clock,
}

impl std::fmt::Debug for Proofs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proofs").field("db", &self.db).finish_non_exhaustive()
    }
}

impl Proofs {
    pub fn sqlite(
        directory: &Path,
        master: MasterKey,
        previous: Option<MasterKey>,
        clock: Clock,
    ) -> Result<Self, LogError> {
        Ok(Self { db: store::open_sqlite(directory)?, master, previous, clock })
    }

    /// The schema is brought up to date when the log is opened.
    pub const fn postgres(
        pool: sqlx::PgPool,
        master: MasterKey,
        previous: Option<MasterKey>,
        clock: Clock,
    ) -> Self {
        Self { db: Db::Postgres(pool), master, previous, clock }
    }
}
