//! Events without their content: where each stands, and its hash. All that proofs are made of.

use std::collections::VecDeque;

use domain::GuildId;

use crate::envelope::{Entry, EventHash, Position, Recorded};

/// So many of what was written last are kept in memory: a megabyte or two.
const MOST_HASHES: usize = 16_384;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    pub position: Position,
    pub guild: GuildId,
    pub guild_seq: u64,
    pub hash: EventHash,
}

impl Leaf {
    pub(crate) fn of(event: &Recorded) -> Self {
        let Entry { position, guild_seq, hash, .. } = **event;
        Self { position, guild: event.guild(), guild_seq, hash }
    }
}

/// What was read, and up to where that is all there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaves {
    pub leaves: Vec<Leaf>,
    pub up_to: Position,
}

/// Hashes of every event after one position, up to another. Whoever asks for them follows alone.
#[derive(Debug, Default)]
pub(crate) struct Hashes {
    /// Somebody asks for them.
    begun: bool,
    leaves: VecDeque<Leaf>,
    after: Position,
    up_to: Position,
}

impl Hashes {
    pub fn after(
        &mut self,
        head: impl FnOnce() -> Position,
        after: Position,
        limit: usize,
    ) -> Option<Leaves> {
        if !self.begun {
            let head = head();
            (self.begun, self.after, self.up_to) = (true, head, head);
        }
        if after < self.after || after >= self.up_to {
            return None;
        }
        while self.leaves.pop_front_if(|leaf| leaf.position <= after).is_some() {}
        self.after = after;
        let leaves = self.leaves.iter().take(limit).copied().collect::<Vec<_>>();
        let up_to = match leaves.last() {
            Some(last) if leaves.len() == limit => last.position,
            _ => self.up_to,
        };
        Some(Leaves { leaves, up_to })
    }

    pub fn add(&mut self, after: Position, leaves: impl Iterator<Item = Leaf>, up_to: Position) {
        if !self.begun {
            return;
        }
        if after != self.up_to {
            self.leaves.clear();
            self.after = after;
        }
        self.leaves.extend(leaves);
        self.up_to = up_to;
        while self.leaves.len() > MOST_HASHES
            && let Some(first) = self.leaves.pop_front()
        {
            self.after = first.position;
        }
    }
}
