//! What every answer stands on: one for all shards of a process.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{Arc, OnceLock, atomic::AtomicI64},
};

use actions::Actions;
use domain::{GuildId, Timestamp, UserId};
use lru::LruCache;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::{
    activity::Lane,
    command::Capability,
    confirm::{Drafts, Spent},
    custom_id::Signer,
    gaps::Gaps,
    guilds::Guilds,
    health::Health,
    members::Members,
    mirror::Mirror,
    places::Places,
    prefix::Minute,
    sessions::Progress,
    studio::Studio,
};

/// Interactions of which it is remembered that they came. Discord may send one twice, within
/// seconds.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(8_192).expect("it is not zero");

const LEARNING: usize = 16;

pub struct Edge {
    pub actions: Actions,
    pub guilds: Guilds,
    pub signer: Signer,
    pub health: Health,
    pub spent: Spent,
    pub drafts: Drafts,
    pub studio: Studio,
    /// Where members are asked for whom Discord did not tell of.
    pub members: OnceLock<Arc<dyn Members>>,
    /// Where members are copied, as long as Discord tells of them.
    pub mirror: OnceLock<Mirror>,
    /// Where roles and channels are copied.
    pub made_of: OnceLock<Places>,
    /// Where it is asked for what we missed.
    pub gaps: OnceLock<Gaps>,
    /// Ourselves, as Discord's user.
    pub us: UserId,
    pub capabilities: &'static [Capability],
    /// Whether communities may switch on commands behind a prefix.
    pub prefix_commands: bool,
    /// Whether Discord tells us what messages say.
    pub reads_content: bool,
    pub minute: Minute,
    /// How many communities are asked about at once.
    pub learning: Semaphore,
    came: Mutex<LruCache<u64, ()>>,
    /// How far each shard is in its session.
    places: Mutex<BTreeMap<u32, Arc<Progress>>>,
    /// What each shard has heard of what goes on.
    lanes: Mutex<BTreeMap<u32, Arc<Lane>>>,
    /// By how many milliseconds this machine's clock is ahead of Discord's.
    clock_ahead_millis: AtomicI64,
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edge").field("us", &self.us).finish_non_exhaustive()
    }
}

impl Edge {
    pub fn new(
        actions: Actions,
        us: UserId,
        capabilities: &'static [Capability],
        health: Health,
        prefix_commands: bool,
    ) -> Self {
        let signer = Signer::new(&actions.people().key_for(super::custom_id::PURPOSE));
        Self {
            actions,
            guilds: Guilds::default(),
            signer,
            health,
            spent: Spent::default(),
            drafts: Drafts::default(),
            studio: Studio::default(),
            members: OnceLock::new(),
            mirror: OnceLock::new(),
            gaps: OnceLock::new(),
            made_of: OnceLock::new(),
            us,
            capabilities,
            prefix_commands,
            reads_content: prefix_commands,
            minute: Minute::default(),
            learning: Semaphore::new(LEARNING),
            came: Mutex::new(LruCache::new(REMEMBERED)),
            places: Mutex::default(),
            lanes: Mutex::default(),
            clock_ahead_millis: AtomicI64::new(0),
        }
    }

    /// True for the first of the same interaction.
    pub fn is_first(&self, interaction: u64) -> bool {
        self.came.lock().put(interaction, ()).is_none()
    }

    pub fn place_is(&self, shard: u32, progress: Arc<Progress>) {
        self.places.lock().insert(shard, progress);
    }

    /// How far a shard is in the session that it has now.
    pub fn place(&self, shard: u32) -> Option<Arc<Progress>> {
        self.places.lock().get(&shard).cloned()
    }

    /// Until everything that was told of a community up to now is recorded.
    pub async fn all_recorded(&self, guild: GuildId) {
        let place = self.guilds.told_by(guild).and_then(|shard| self.place(shard));
        if let Some(place) = place {
            place.recorded(place.seen()).await;
        }
    }

    pub fn lane_is(&self, shard: u32, lane: Arc<Lane>) {
        self.lanes.lock().insert(shard, lane);
    }

    pub fn lane(&self, shard: u32) -> Option<Arc<Lane>> {
        self.lanes.lock().get(&shard).cloned()
    }

    /// Now, by Discord's clock.
    pub fn discord_now(&self) -> Timestamp {
        let ahead = self.clock_ahead_millis.load(std::sync::atomic::Ordering::Relaxed);
        Timestamp::from_micros(self.actions.now().as_micros() - ahead * 1_000)
    }

    pub fn clock_is_ahead(&self, millis: i64) {
        self.clock_ahead_millis.store(millis, std::sync::atomic::Ordering::Relaxed);
    }

    /// How long ago Discord made what has this id, in milliseconds.
    pub fn age_millis(&self, id: u64) -> i64 {
        let ahead = self.clock_ahead_millis.load(std::sync::atomic::Ordering::Relaxed);
        let now = self.actions.now().as_micros() / 1_000;
        now - Timestamp::of_snowflake(id).as_micros() / 1_000 - ahead
    }
}
