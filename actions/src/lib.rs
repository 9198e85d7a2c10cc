//! What someone may do. Slash commands, GraphQL, REST, processes and the command line all come
//! through here: one place where a thing is allowed or refused.
//!
//! An action authorises, translates Discord's ids into person numbers, loads the settings and
//! facts that the decision needs, builds the command, dispatches it, and returns what the
//! decision's own events say. No rule of the domain lives here.

mod caller;
pub mod economy;
mod error;
pub mod import;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    Actor, Cause, CorrelationId, GuildId, IdempotencyKey, InvalidId, PersonId, Timestamp,
    economy::{EconomySettings, Terms},
};
use eventlog::{Bus, Clock, People, Request, StreamId};
use lru::LruCache;
use parking_lot::Mutex;
use projections::ReadStore;

pub use caller::{Caller, Permission, Who};
pub use error::ActionError;

/// No settings are older than this when they rule a decision.
const SETTINGS_AGE: Duration = Duration::from_secs(2);
const CACHED_SETTINGS: usize = 10_000;

/// Everything actions stand on.
#[derive(Clone)]
pub struct Actions {
    bus: Bus,
    store: ReadStore,
    clock: Clock,
    terms: Arc<Mutex<LruCache<GuildId, (Terms, Instant)>>>,
    /// When a refusal of a sender was kept.
    refusals: Arc<Mutex<LruCache<(GuildId, PersonId), Timestamp>>>,
}

impl std::fmt::Debug for Actions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Actions").field("bus", &self.bus).finish_non_exhaustive()
    }
}

impl Actions {
    pub fn new(bus: Bus, store: ReadStore, clock: Clock) -> Self {
        let terms = Arc::new(Mutex::new(LruCache::unbounded()));
        let refusals = Arc::new(Mutex::new(LruCache::unbounded()));
        Self { bus, store, clock, terms, refusals }
    }

    pub const fn bus(&self) -> &Bus {
        &self.bus
    }

    pub fn people(&self) -> &Arc<People> {
        self.bus.people()
    }

    pub const fn store(&self) -> &ReadStore {
        &self.store
    }

    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Who asks, and under which key; everything that follows from it has the same correlation.
    async fn request(
        &self,
        guild: GuildId,
        caller: &Caller,
        key: &IdempotencyKey,
        policy: Option<u32>,
    ) -> Result<Request, ActionError> {
        let actor = match &caller.who {
            Who::Member(user) => Actor::Person(self.people().person(guild, *user).await?),
            Who::Process(name) => Actor::Process((*name).to_owned()),
            Who::Operator => Actor::Operator,
            Who::Import => Actor::Import,
        };
        let correlation = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, key.as_str().as_bytes());
        let cause = Cause { correlation: CorrelationId(correlation), causation: None };
        Ok(Request { actor, cause, key: key.clone(), policy })
    }

    /// The economy's settings in force.
    pub async fn economy_terms(&self, guild: GuildId) -> Result<Terms, ActionError> {
        if let Some((terms, read)) = self.terms.lock().get(&guild)
            && read.elapsed() < SETTINGS_AGE
        {
            return Ok(Arc::clone(terms));
        }
        let stream = settings_stream(guild);
        let terms = self
            .bus
            .read::<economy::SettingsOfEconomy, _>(&stream, |state, _| Arc::new(state.clone()))
            .await?;
        let mut cache = self.terms.lock();
        cache.put(guild, (Arc::clone(&terms), Instant::now()));
        if cache.len() > CACHED_SETTINGS {
            cache.pop_lru();
        }
        Ok(terms)
    }

    fn forget_terms(&self, guild: GuildId) {
        self.terms.lock().pop(&guild);
    }
}

fn settings_stream(guild: GuildId) -> StreamId {
    use domain::settings::Configurable as _;
    StreamId::of_guild(EconomySettings::CAPABILITY, guild)
}

/// A key for something that is asked once and for all by hand.
pub fn fresh_key(what: &str) -> Result<IdempotencyKey, InvalidId> {
    IdempotencyKey::new(format!("{what}/{}", uuid::Uuid::new_v4()))
}
