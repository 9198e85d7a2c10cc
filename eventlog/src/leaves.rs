//! Events without their content: where each stands, and its hash. All that proofs are made of.

use domain::GuildId;

use crate::envelope::{EventHash, Position, Recorded};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    pub position: Position,
    pub guild: GuildId,
    pub guild_seq: u64,
    pub hash: EventHash,
}

impl Leaf {
    pub(crate) const fn of(event: &Recorded) -> Self {
        let Recorded { position, guild_seq, hash, .. } = *event;
        Self { position, guild: event.guild(), guild_seq, hash }
    }
}

/// What was read, and up to where that is all there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaves {
    pub leaves: Vec<Leaf>,
    pub up_to: Position,
}
