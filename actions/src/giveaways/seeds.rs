//! Where the numbers that nobody may guess come from.
//!
//! A giveaway's seed follows from the installation's key, so that it need not be kept: it is
//! committed to when the giveaway is made, and comes into the log with the draw. A salt is fresh.

use domain::{GiveawayId, GuildId, digest::Digest, giveaways::commitment};

use crate::Actions;

/// Names the key; another way to make seeds gets another name.
const PURPOSE: &str = "reeve.giveaways.seed.1";

impl Actions {
    /// The seed of a giveaway that is made now.
    pub(super) fn giveaway_seed(&self, guild: GuildId, id: GiveawayId) -> Digest {
        seed(&self.people().key_for(PURPOSE), guild, id)
    }

    /// The seed that was committed to, also where the installation's key has changed since; none
    /// where the old key is not configured any more.
    pub(super) fn committed_seed(
        &self,
        guild: GuildId,
        id: GiveawayId,
        committed: Digest,
    ) -> Option<Digest> {
        let keys = self.people().keys_for(PURPOSE);
        let mut seeds = keys.iter().map(|key| seed(key, guild, id));
        seeds.find(|seed| commitment(id, seed) == committed)
    }
}

fn seed(key: &[u8; 32], guild: GuildId, id: GiveawayId) -> Digest {
    Digest::keyed(key, &[&guild.get().to_be_bytes(), id.0.as_bytes()])
}

/// For one entry, told to nobody but the member.
pub(super) fn salt() -> Digest {
    Digest(rand::random())
}
