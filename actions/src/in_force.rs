//! The settings in force, from memory: no decision waits for a store to learn its rules, and none
//! stands on rules that were changed more than [`UNASKED`] ago.
//!
//! What was read is used again as long as the command bus, which hears of what is written here and
//! by other processes, knows no newer version. Where nobody tells it of others, or should a hint be
//! lost, the log is asked: after [`UNASKED`] there, after [`LONGEST`] in any case. Whoever reacts to a
//! change of settings finds that change in them ([`Actions::heard_of`]).

use std::{
    any::Any,
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    GuildId,
    economy::Terms,
    settings::{Configurable, InForce, Settings},
};
use eventlog::{EventLog, Recorded, StreamId};
use lru::LruCache;
use parking_lot::Mutex;

use crate::{ActionError, Actions};

/// So long they are used without a look at the bus.
const UNASKED: Duration = Duration::from_secs(2);
/// No older settings rule a decision, whatever happened to the hints.
const LONGEST: Duration = Duration::from_mins(5);
/// Settings of this many guilds and capabilities.
const CACHED: usize = 20_000;

#[derive(Clone)]
pub(crate) struct Cache {
    read: Arc<Mutex<LruCache<Key, Read>>>,
    /// Whether the bus hears of what other processes write.
    pub(crate) told: bool,
}

/// A capability's settings in a guild.
type Key = (Cow<'static, str>, GuildId);

#[derive(Clone)]
struct Read {
    /// None where only the version is known, of a change that was heard of.
    values: Option<Arc<dyn Any + Send + Sync>>,
    /// Of the stream.
    version: u64,
    at: Instant,
}

impl Cache {
    pub fn new(log: &dyn EventLog) -> Self {
        let told = log.written_by_others().is_some();
        Self { read: Arc::new(Mutex::new(LruCache::unbounded())), told }
    }

    /// Unless what is kept is newer, or as new and has the values.
    fn keep(&self, key: Key, read: Read) {
        let mut kept = self.read.lock();
        let is_older = |known: &Read| {
            read.version < known.version || read.version == known.version && read.values.is_none()
        };
        if kept.peek(&key).is_some_and(is_older) {
            return;
        }
        kept.put(key, read);
        if kept.len() > CACHED {
            kept.pop_lru();
        }
    }
}

impl Actions {
    /// A capability's settings in force.
    pub async fn settings<T: Configurable>(
        &self,
        guild: GuildId,
    ) -> Result<Arc<InForce<T>>, ActionError> {
        let key = key::<T>(guild);
        let stream = settings_stream::<T>(guild);
        let known = self.settings.read.lock().get(&key).cloned();
        if let Some(known) = known
            && self.still_holds::<T>(&known, &stream)
            && let Some(Ok(values)) = known.values.map(Arc::downcast)
        {
            return Ok(values);
        }
        let at = Instant::now();
        let read = self
            .bus()
            .read::<Settings<T>, _>(&stream, |state, version| (Arc::new(state.clone()), version));
        let (values, version) = read.await?;
        self.settings.keep(key, Read { values: Some(Arc::clone(&values) as _), version, at });
        Ok(values)
    }

    /// Of a change of settings: nothing older is used from now on.
    pub fn heard_of(&self, event: &Recorded) {
        let key = (Cow::Owned(event.stream.category().to_owned()), event.guild());
        let (version, at) = (event.version, Instant::now());
        self.settings.keep(key, Read { values: None, version, at });
    }

    fn still_holds<T: Configurable>(&self, known: &Read, stream: &StreamId) -> bool {
        let age = known.at.elapsed();
        let newest = || self.bus().cached_version::<Settings<T>>(stream);
        age < UNASKED || (self.settings.told && age < LONGEST && newest() == Some(known.version))
    }

    /// After a change of our own.
    pub(crate) fn forget_settings<T: Configurable>(&self, guild: GuildId) {
        self.settings.read.lock().pop(&key::<T>(guild));
    }

    /// The economy's settings in force.
    pub async fn economy_terms(&self, guild: GuildId) -> Result<Terms, ActionError> {
        self.settings(guild).await
    }
}

const fn key<T: Configurable>(guild: GuildId) -> Key {
    (Cow::Borrowed(T::CAPABILITY), guild)
}

pub(crate) fn settings_stream<T: Configurable>(guild: GuildId) -> StreamId {
    StreamId::of_guild(T::CAPABILITY, guild)
}
