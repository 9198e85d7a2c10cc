//! What is read and not yet sealed, and the sealing of it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::GuildId;
use lru::LruCache;

use super::{LEASE_SECS, NotHeld, SealerOptions};
use crate::{
    envelope::Position,
    leaves::Leaf,
    log::{EventLog, LogError},
    proof::{
        ProofError, Proofs,
        checkpoint::Checkpoint,
        keys::CurrentKey,
        prover::Prover,
        store::{STORED_LEVEL, Sealed},
        tree::{self, Frontier, Hash, Perfect},
    },
};

/// Hashes that are read at once.
const PAGE: usize = 4_096;
/// A guild with so many events that were read and not sealed is sealed at once. As many may be
/// in the log that were not read yet, which makes 256.
const MOST_EVENTS: u64 = 128;
/// Checkpoints that are signed in a second however busy the log is.
const AT_LEAST: f64 = 50.0;
/// So long an event waits for others that are sealed with it.
const WAIT: Duration = Duration::from_millis(500);
/// Checkpoints of so much time are written together, unless one of them must not wait.
const TOGETHER: Duration = Duration::from_millis(250);
/// Trees of guilds that are kept in memory, besides those with something to seal.
const TREES_KEPT: NonZeroUsize = NonZeroUsize::new(32_768).expect("it is not zero");
/// With so many guilds to seal, nothing more is read until some are sealed.
const MOST_PENDING: usize = 65_536;

/// One process's time as the one that seals.
pub(super) struct Pass<'a> {
    proofs: &'a Proofs,
    log: &'a Arc<dyn EventLog>,
    options: &'a SealerOptions,
    owner: &'a str,
    key: CurrentKey,
    /// Read up to here.
    position: Position,
    trees: LruCache<GuildId, Frontier>,
    pending: HashMap<GuildId, Pending>,
    /// Those guilds and since when, the one that waits longest first; some were sealed meanwhile.
    order: VecDeque<(GuildId, Instant)>,
    /// Of those, the ones that must not wait.
    urgent: Vec<GuildId>,
    /// Guilds whose log contradicts what was signed.
    frozen: HashSet<GuildId>,
    /// Checkpoints that may be signed now, and since when that is counted.
    allowance: (f64, Instant),
    /// Events that are read and not sealed.
    behind: u64,
    /// Events that were read since the allowance was counted.
    read: u32,
}

struct Pending {
    tree: Frontier,
    nodes: Vec<(GuildId, Perfect, Hash)>,
    events: u64,
    urgent: bool,
    since: Instant,
    /// Of the first event that is not sealed.
    first: Position,
}

impl<'a> Pass<'a> {
    /// Takes the lease; none where another process has it.
    pub async fn begin(
        proofs: &'a Proofs,
        log: &'a Arc<dyn EventLog>,
        options: &'a SealerOptions,
        owner: &'a str,
    ) -> Result<Option<Self>, ProofError> {
        let key = proofs.current_key().await?;
        let Some(position) = proofs.claim(owner, LEASE_SECS).await? else { return Ok(None) };
        let mut pass = Self {
            proofs,
            log,
            options,
            owner,
            key,
            position,
            trees: LruCache::new(TREES_KEPT),
            pending: HashMap::new(),
            order: VecDeque::new(),
            urgent: Vec::new(),
            frozen: HashSet::new(),
            allowance: (0.0, Instant::now()),
            behind: 0,
            read: 0,
        };
        pass.frozen.extend(proofs.alarmed_guilds().await?);
        let head = log.head().await?;
        if head < position {
            pass.find_shortened(head).await?;
        }
        Ok(Some(pass))
    }

    /// The log is shorter than what was sealed: finds the guilds that lost something.
    async fn find_shortened(&mut self, head: Position) -> Result<(), ProofError> {
        let mut after = i64::MIN;
        loop {
            let guilds = self.proofs.guilds_after(after, 1_000).await?;
            let Some(last) = guilds.last() else { break };
            after = last.as_i64();
            for guild in guilds {
                let Some(latest) = self.proofs.latest(guild).await? else { continue };
                let size = latest.checkpoint.size;
                if self.log.read_hashes(guild, size - 1, 1).await?.is_empty() {
                    let text =
                        format!("a checkpoint was signed over {size} events; the log has fewer");
                    self.freeze(guild, &text).await?;
                }
            }
        }
        self.position = head;
        Ok(())
    }

    async fn freeze(&mut self, guild: GuildId, text: &str) -> Result<(), ProofError> {
        self.frozen.insert(guild);
        Ok(self.proofs.raise_alarm(guild, text).await?)
    }

    /// Reads what is new; whether there may be more.
    pub async fn read(&mut self) -> Result<bool, ProofError> {
        if self.pending.len() >= MOST_PENDING {
            return Ok(true);
        }
        let page = self.log.read_leaves(self.position, PAGE).await?;
        let full = page.leaves.len() >= PAGE;
        self.read = self.read.saturating_add(u32::try_from(page.leaves.len()).unwrap_or(u32::MAX));
        for leaf in &page.leaves {
            if !self.frozen.contains(&leaf.guild) {
                self.take(leaf).await?;
            }
        }
        self.position = self.position.max(page.up_to);
        Ok(full)
    }

    async fn take(&mut self, leaf: &Leaf) -> Result<(), ProofError> {
        let guild = leaf.guild;
        if !self.pending.contains_key(&guild) {
            let kept = self.trees.pop(&guild);
            let tree = match kept {
                Some(tree) => tree,
                None => match self.load(guild).await? {
                    Some(tree) => tree,
                    None => return Ok(()),
                },
            };
            if leaf.guild_seq <= tree.size() {
                self.trees.put(guild, tree);
                return Ok(());
            }
            let (since, first) = (Instant::now(), leaf.position);
            let nodes = Vec::new();
            let pending = Pending { tree, nodes, events: 0, since, first, urgent: false };
            self.pending.insert(guild, pending);
            self.order.push_back((guild, since));
        }
        let Some(pending) = self.pending.get_mut(&guild) else { return Ok(()) };
        // Events that were read before this one and are not in the tree: they were sealed by a
        // process whose checkpoints a power cut has undone.
        while leaf.guild_seq > pending.tree.size() + 1 {
            let missing = leaf.guild_seq - pending.tree.size() - 1;
            let limit = usize::try_from(missing).unwrap_or(PAGE).min(PAGE);
            let hashes = self.log.read_hashes(guild, pending.tree.size(), limit).await?;
            if hashes.is_empty() {
                let text = format!("guild {guild}: event {} is missing", pending.tree.size() + 1);
                return Err(LogError::Corrupt(text).into());
            }
            for hash in &hashes {
                pending.add(guild, &tree::leaf(hash));
            }
            self.behind += hashes.len() as u64;
        }
        if leaf.guild_seq == pending.tree.size() + 1 {
            pending.add(guild, &tree::leaf(&leaf.hash));
            self.behind += 1;
            if pending.events >= MOST_EVENTS && !pending.urgent {
                pending.urgent = true;
                self.urgent.push(guild);
            }
        }
        Ok(())
    }

    /// The tree that was signed last, if the log still has it.
    async fn load(&mut self, guild: GuildId) -> Result<Option<Frontier>, ProofError> {
        let Some(latest) = self.proofs.latest(guild).await? else {
            return Ok(Some(Frontier::default()));
        };
        let Checkpoint { size, root, .. } = latest.checkpoint;
        let stored = Prover::new(self.proofs, &**self.log, guild).frontier(size).await;
        let stored = match stored {
            Ok(tree) if tree.root() == root => return Ok(Some(tree)),
            Ok(_) | Err(ProofError::Contradiction(_)) => stored,
            Err(error) => return Err(error),
        };
        // The stored subtrees may be what is wrong: the log itself decides.
        let checked = super::super::check(self.proofs, &**self.log, guild).await?;
        if checked.problem.is_none() {
            let tree = Prover::new(self.proofs, &**self.log, guild).frontier(size).await?;
            if tree.root() == root {
                tracing::warn!(guild.id = %guild, "damaged subtrees of its proof were made again");
                return Ok(Some(tree));
            }
        }
        let text = stored.err().map_or_else(
            || format!("the first {size} events are not those that were signed"),
            |error| error.to_string(),
        );
        self.freeze(guild, &text).await?;
        Ok(None)
    }

    pub const fn position(&self) -> Position {
        self.position
    }

    /// The guild that waits longest.
    fn oldest(&mut self) -> Option<(GuildId, Instant)> {
        while let Some((guild, since)) = self.order.front().copied() {
            if self.pending.get(&guild).is_some_and(|pending| pending.since == since) {
                return Some((guild, since));
            }
            self.order.pop_front();
        }
        None
    }

    /// Until the next guild must be sealed.
    pub fn next_due(&mut self) -> Option<Duration> {
        let (_, since) = self.oldest()?;
        Some(WAIT.saturating_sub(since.elapsed()).max(TOGETHER))
    }

    /// Seals what has waited long enough, as much as may be signed now.
    pub async fn seal_due(&mut self) -> Result<(), ProofError> {
        let (left, counted) = self.allowance;
        let passed = counted.elapsed();
        if self.urgent.is_empty() && passed < TOGETHER {
            return Ok(());
        }
        let (secs, events) = (passed.as_secs_f64(), f64::from(std::mem::take(&mut self.read)));
        let rate = f64::from(self.options.checkpoints_per_second.max(1));
        let busy = events / f64::from(self.options.events_per_checkpoint.max(1));
        let at_rest = (rate * secs - events).max(0.0);
        let allowed = (left + busy.max(AT_LEAST.min(rate) * secs) + at_rest).min(rate);
        // What must not wait does not, and is taken off what the others may have.
        let mut due: Vec<_> =
            self.urgent.drain(..).filter_map(|guild| self.pending.remove_entry(&guild)).collect();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small count"
        )]
        let most = allowed.max(0.0) as usize;
        while due.len() < most
            && let Some((guild, since)) = self.oldest()
            && since.elapsed() >= WAIT
        {
            due.extend(self.pending.remove_entry(&guild));
        }
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let spent = due.len() as f64;
        self.allowance = (allowed - spent, Instant::now());
        self.seal(due).await
    }

    pub async fn seal_all(&mut self) -> Result<(), ProofError> {
        self.urgent.clear();
        self.order.clear();
        let all = self.pending.drain().collect();
        self.seal(all).await
    }

    async fn seal(&mut self, due: Vec<(GuildId, Pending)>) -> Result<(), ProofError> {
        let mut sealed = Sealed::default();
        let mut kept = Vec::with_capacity(due.len());
        for (guild, pending) in due {
            let (size, root) = (pending.tree.size(), pending.tree.root());
            sealed.nodes.extend(pending.nodes);
            sealed.checkpoints.push(Checkpoint { guild, size, root }.sign(&self.key.key));
            self.behind -= pending.events;
            kept.push((guild, pending.tree));
        }
        sealed.position = self.low_water();
        if !sealed.checkpoints.is_empty() {
            self.write(&sealed).await?;
        }
        for (guild, tree) in kept {
            self.trees.put(guild, tree);
        }
        self.measure();
        Ok(())
    }

    /// Everything up to here is sealed.
    fn low_water(&mut self) -> Position {
        let oldest = self.oldest().and_then(|(guild, _)| self.pending.get(&guild));
        oldest.map_or(self.position, |pending| Position(pending.first.0 - 1))
    }

    async fn write(&self, sealed: &Sealed) -> Result<(), ProofError> {
        if !self.proofs.write_sealed(self.owner, LEASE_SECS, &self.key, sealed).await? {
            return Err(NotHeld.into());
        }
        metrics::counter!("reeve_proof_checkpoints_total")
            .increment(sealed.checkpoints.len() as u64);
        if let Some(witness) = &self.options.witness {
            for signed in &sealed.checkpoints {
                let Checkpoint { guild, size, .. } = signed.checkpoint;
                witness.sealed(guild, size, &signed.note());
            }
        }
        Ok(())
    }

    /// Still ours, and for longer. Another key may sign from now on.
    pub async fn renew(&mut self) -> Result<(), ProofError> {
        self.key = self.proofs.current_key().await?;
        let sealed = Sealed { position: self.low_water(), ..Sealed::default() };
        self.write(&sealed).await?;
        self.measure();
        Ok(())
    }

    fn measure(&mut self) {
        let waits = self.oldest().map_or(Duration::ZERO, |(_, since)| since.elapsed());
        metrics::gauge!("reeve_proof_lag_seconds").set(waits.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        metrics::gauge!("reeve_proof_lag_events").set(self.behind as f64);
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        metrics::gauge!("reeve_proof_contradictions").set(self.frozen.len() as f64);
    }
}

impl Pending {
    fn add(&mut self, guild: GuildId, leaf: &Hash) {
        self.events += 1;
        self.tree.push(*leaf, |place, hash| {
            if place.level >= STORED_LEVEL {
                self.nodes.push((guild, place, *hash));
            }
        });
    }
}
