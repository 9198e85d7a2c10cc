//! What someone may do. Slash commands, GraphQL, REST, processes and the command line all come
//! through here: one place where a thing is allowed or refused.
//!
//! An action authorises, translates Discord's ids into person numbers, loads the settings and
//! facts that the decision needs, builds the command, dispatches it, and returns what the
//! decision's own events say. No rule of the domain lives here.

pub mod activity;
pub mod blocks;
mod bound_roles;
mod caller;
pub mod codes;
mod cooldowns;
pub mod economy;
mod error;
pub mod exports;
pub mod gate;
pub mod giveaways;
pub mod grants;
pub mod guards;
pub mod import;
mod in_force;
pub mod keys;
pub mod levels;
pub mod logs;
pub mod mirror;
pub mod moderation;
pub mod modules;
mod platform;
mod policy;
pub mod reads;
mod refused;
pub mod settings;
pub mod squads;
mod standing;
pub mod tiers;
pub mod visits;
pub mod webhooks;

use std::sync::Arc;

use domain::{
    Actor, Cause, CorrelationId, GuildId, IdempotencyKey, InvalidId, Timestamp, UserId,
    access::AccessSettings,
};
use eventlog::{Bus, Clock, People, Request, Together, sql::Db};
use projections::ReadStore;

pub use bound_roles::{RoleFacts, unknown_role};
pub use caller::{Caller, ThroughKey, Who};
pub use error::ActionError;
pub use guards::Guard;
pub use platform::Maintenance;
pub use policy::Policy;
pub use refused::RefusalLine;
pub use standing::{BotStanding, Permission, Permissions, Standing, Target};

/// Everything actions stand on.
#[derive(Clone)]
pub struct Actions {
    bus: Bus,
    store: ReadStore,
    /// Cooldowns: durable, and no part of history.
    work: Db,
    clock: Clock,
    policy: Arc<Policy>,
    settings: in_force::Cache,
    blocks: blocks::Cache,
    keys: keys::Cache,
    webhooks: webhooks::Cache,
    cooldowns: cooldowns::Cooldowns,
    floods: gate::Floods,
    refused: refused::Recent,
    noted: reads::Noted,
    grants: grants::Cache,
    paid_today: economy::daily::PaidToday,
    keeps: logs::Keeps,
    day_keys: logs::DayKeys,
    archive_pages: logs::Pages,
    leavers: levels::leavers::Cache,
    gaps: activity::gaps::Gaps,
}

impl std::fmt::Debug for Actions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Actions").field("bus", &self.bus).finish_non_exhaustive()
    }
}

impl Actions {
    /// `work` is where cooldowns are kept; `policy` is what the operator has decided.
    pub fn new(bus: Bus, store: ReadStore, work: Db, clock: Clock, policy: Policy) -> Self {
        let settings = in_force::Cache::new(&**bus.log());
        Self {
            bus,
            store,
            cooldowns: cooldowns::Cooldowns::new(Together::new(work.clone())),
            work,
            clock,
            policy: Arc::new(policy),
            settings,
            blocks: blocks::Cache::default(),
            keys: keys::Cache::default(),
            webhooks: webhooks::Cache::default(),
            floods: gate::Floods::default(),
            refused: refused::Recent::default(),
            noted: reads::Noted::default(),
            grants: grants::Cache::default(),
            paid_today: economy::daily::PaidToday::default(),
            keeps: logs::Keeps::default(),
            day_keys: logs::DayKeys::default(),
            archive_pages: logs::Pages::default(),
            leavers: levels::leavers::Cache::default(),
            gaps: activity::gaps::Gaps::default(),
        }
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

    /// Where people's browsers reach the dashboard, where the operator has said so.
    pub fn dashboard(&self) -> Option<&str> {
        self.policy.dashboard.as_deref()
    }

    /// Whether this user runs this installation. That gives no right inside a community.
    pub fn is_operator(&self, user: UserId) -> bool {
        self.policy.operators.contains(&user)
    }

    /// Refuses whoever does not have this permission in the guild.
    pub async fn authorise(
        &self,
        guild: GuildId,
        caller: &Caller,
        permission: Permission,
    ) -> Result<(), ActionError> {
        let access = self.settings::<AccessSettings>(guild).await?;
        if caller.may(permission, &access.values) {
            return Ok(());
        }
        Err(ActionError::Guarded(Guard::Permission(permission)))
    }

    /// The same for an action by its name, on somebody or nobody; that it was refused is kept.
    async fn authorise_to(
        &self,
        (what, whom): (&str, Option<UserId>),
        guild: GuildId,
        caller: &Caller,
        permission: Permission,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let allowed = self.authorise(guild, caller, permission).await;
        if let Err(error) = &allowed {
            self.note_refusal(guild, caller, whom, what, error, key).await;
        }
        allowed
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
}

impl Actions {
    /// A key for what goes on by itself. It has the moment in it: what is made with such keys lies
    /// together in the log's index (`eventlog::event_id`).
    pub fn own_key(&self, what: &'static str) -> IdempotencyKey {
        let now = self.now().first_snowflake();
        let key = format!("{what}/{now}/{}", uuid::Uuid::new_v4());
        IdempotencyKey::new(key).expect("a word, a number and an id are a key")
    }
}

/// A key for something that is asked once and for all by hand.
pub fn fresh_key(what: &str) -> Result<IdempotencyKey, InvalidId> {
    IdempotencyKey::new(format!("{what}/{}", uuid::Uuid::new_v4()))
}
