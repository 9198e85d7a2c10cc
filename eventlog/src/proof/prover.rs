//! The hashes that a proof consists of: from stored subtrees where they are large, from the log
//! where they are small.

use std::{num::NonZeroUsize, ops::Range};

use domain::GuildId;
use lru::LruCache;

use super::{
    ProofError, Proofs,
    store::STORED_LEVEL,
    tree::{Frontier, Hash, Perfect, cover, leaf, subtree},
};
use crate::log::{EventLog, LogError};

/// Leaves under one stored subtree of the lowest level.
const CHUNK: u64 = 1 << STORED_LEVEL;
const CHUNKS_KEPT: NonZeroUsize = NonZeroUsize::new(8).expect("eight is not zero");
const NODES_KEPT: NonZeroUsize = NonZeroUsize::new(65_536).expect("it is not zero");
/// Hashes that are read at once when a tree is made again.
const PAGE: usize = 8_192;

pub(super) struct Prover<'a> {
    proofs: &'a Proofs,
    log: &'a dyn EventLog,
    guild: GuildId,
    /// Of stretches of 256 leaves, the hashes of all full subtrees, by level.
    chunks: LruCache<u64, Vec<Vec<Hash>>>,
    nodes: LruCache<Perfect, Hash>,
}

impl<'a> Prover<'a> {
    pub fn new(proofs: &'a Proofs, log: &'a dyn EventLog, guild: GuildId) -> Self {
        // Room for all of them at once would cost more than the few hashes that are mostly asked for.
        let (chunks, mut nodes) = (LruCache::new(CHUNKS_KEPT), LruCache::unbounded());
        nodes.resize(NODES_KEPT);
        Self { proofs, log, guild, chunks, nodes }
    }

    /// The hashes of the full subtrees over these leaves, from the left.
    pub async fn cover(&mut self, leaves: Range<u64>) -> Result<Vec<Hash>, ProofError> {
        let mut hashes = Vec::new();
        for place in cover(leaves) {
            hashes.push(self.perfect(place).await?);
        }
        Ok(hashes)
    }

    /// The hashes of subtrees of the RFC.
    pub async fn subtrees(&mut self, of: &[Range<u64>]) -> Result<Vec<Hash>, ProofError> {
        let mut hashes = Vec::with_capacity(of.len());
        for leaves in of {
            hashes.push(subtree(&self.cover(leaves.clone()).await?));
        }
        Ok(hashes)
    }

    pub async fn frontier(&mut self, size: u64) -> Result<Frontier, ProofError> {
        Ok(Frontier::new(size, self.cover(0..size).await?))
    }

    async fn perfect(&mut self, place: Perfect) -> Result<Hash, ProofError> {
        if place.level < STORED_LEVEL {
            return self.of_chunk(place).await;
        }
        if let Some(hash) = self.nodes.get(&place) {
            return Ok(*hash);
        }
        let hash = match self.proofs.node(self.guild, place).await? {
            Some(hash) => hash,
            // Derived, and gone: made again.
            None => self.again(place).await?,
        };
        self.nodes.put(place, hash);
        Ok(hash)
    }

    async fn of_chunk(&mut self, place: Perfect) -> Result<Hash, ProofError> {
        let level = usize::from(place.level);
        let number = (place.index << place.level) / CHUNK;
        let within = usize::try_from(place.index - ((number * CHUNK) >> place.level));
        let within = within.unwrap_or(usize::MAX);
        let found = |chunk: &Vec<Vec<Hash>>| chunk.get(level)?.get(within).copied();
        if let Some(hash) = self.chunks.get(&number).and_then(found) {
            return Ok(hash);
        }
        // A stretch at the end of the log is read again when it has grown.
        let first = number * CHUNK;
        let limit = usize::try_from(CHUNK).unwrap_or(usize::MAX);
        let hashes = self.log.read_hashes(self.guild, first, limit).await?;
        let mut levels = vec![Vec::new(); usize::from(STORED_LEVEL) + 1];
        let mut tree = Frontier::default();
        for hash in &hashes {
            tree.push(leaf(hash), |at, hash| levels[usize::from(at.level)].push(*hash));
        }
        let hash = found(&levels);
        self.chunks.put(number, levels);
        hash.ok_or_else(|| {
            ProofError::Contradiction(format!(
                "guild {} has {} events in its log, and checkpoints speak of more",
                self.guild,
                first + hashes.len() as u64
            ))
        })
    }

    /// A large subtree from the log, with all stored ones below it.
    async fn again(&mut self, place: Perfect) -> Result<Hash, ProofError> {
        let (mut at, end) = (place.index << place.level, (place.index + 1) << place.level);
        let first = at;
        let mut tree = Frontier::default();
        while at < end {
            let limit = usize::try_from(end - at).unwrap_or(PAGE).min(PAGE);
            let hashes = self.log.read_hashes(self.guild, at, limit).await?;
            if hashes.is_empty() {
                let text = format!("guild {}: event {} is missing", self.guild, at + 1);
                return Err(LogError::Corrupt(text).into());
            }
            at += hashes.len() as u64;
            let mut made = Vec::new();
            for hash in &hashes {
                tree.push(leaf(hash), |within, hash| {
                    if within.level >= STORED_LEVEL {
                        let index = within.index + (first >> within.level);
                        let place = Perfect { level: within.level, index };
                        made.push((self.guild, place, *hash));
                    }
                });
            }
            self.proofs.store_nodes(&made).await?;
        }
        Ok(tree.root())
    }
}
