//! What two logs must agree on to be the same: of every guild how many events, and a hash over
//! their hashes in order.

use std::collections::BTreeMap;

use domain::{GuildId, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::{
    envelope::{EventHash, Recorded},
    log::LogError,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    pub events: u64,
    pub last_at: Timestamp,
    guilds: BTreeMap<GuildId, GuildTally>,
}

/// The chain begins with 32 zero bytes; each event makes it SHA-256(chain ‖ the event's hash).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuildTally {
    /// Also the guild's last sequence: it counts without gaps.
    pub events: u64,
    pub chain: EventHash,
}

impl Default for Tally {
    fn default() -> Self {
        Self { events: 0, last_at: Timestamp::NEVER, guilds: BTreeMap::new() }
    }
}

impl Tally {
    /// Counts an event whose hash somebody else recomputes.
    pub fn count(&mut self, event: &Recorded) -> Result<(), LogError> {
        let nothing = GuildTally { events: 0, chain: EventHash([0; 32]) };
        let guild = self.guilds.entry(event.guild()).or_insert(nothing);
        if event.guild_seq != guild.events + 1 {
            return Err(event.corrupt(&format!(
                "it has guild sequence {} where {} was to come",
                event.guild_seq,
                guild.events + 1
            )));
        }
        let mut chain = Sha256::new();
        chain.update(guild.chain.0);
        chain.update(event.hash.0);
        *guild = GuildTally { events: event.guild_seq, chain: EventHash(chain.finalize().into()) };
        self.events += 1;
        self.last_at = self.last_at.max(event.at);
        Ok(())
    }

    /// Recomputes the event's hash and counts it.
    pub fn check(&mut self, event: &Recorded) -> Result<(), LogError> {
        event.check()?;
        self.count(event)
    }

    pub fn guilds(&self) -> impl ExactSizeIterator<Item = (GuildId, GuildTally)> {
        self.guilds.iter().map(|(guild, tally)| (*guild, *tally))
    }

    /// How many events of a guild were counted.
    pub fn of(&self, guild: GuildId) -> u64 {
        self.guilds.get(&guild).map_or(0, |guild| guild.events)
    }

    /// The first thing in which the other differs, in words.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let of = |tally: &Self, guild| tally.guilds.get(guild).map_or(0, |guild| guild.events);
        for guild in self.guilds.keys().chain(other.guilds.keys()) {
            let (ours, theirs) = (of(self, guild), of(other, guild));
            if ours != theirs {
                return Some(format!("guild {guild} has {ours} events here and {theirs} there"));
            }
            if self.guilds.get(guild) != other.guilds.get(guild) {
                return Some(format!("the {ours} events of guild {guild} are not the same"));
            }
        }
        None
    }
}
