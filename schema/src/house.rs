//! What answers stand on. What only the edge knows (Discord, the outbox, sessions) comes through
//! ports, because the edge lies above this crate.

use std::{collections::HashMap, fmt, sync::Arc};

use actions::{Actions, BotStanding, RoleFacts, Standing, moderation::Subject};
use async_trait::async_trait;
use domain::{ChannelId, GuildId, RoleId, Timestamp, UserId, WebhookId};
use eventlog::{EventLog, Position};
use projections::TimeMachine;

use crate::{
    abuse::Limits,
    scope::PastViews,
    trouble::Trouble,
    viewer::{Account, SignedIn},
};

pub struct House {
    pub actions: Actions,
    pub time_machine: TimeMachine,
    pub directory: Arc<dyn Directory>,
    pub operations: Arc<dyn Operations>,
    pub accounts: Arc<dyn Accounts>,
    pub limits: Limits,
    pub(crate) past: PastViews,
}

/// How much there is in the log and how often read models were written: where both are the same, so
/// is what a community is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub head: Position,
    pub commits: u64,
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("House").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl House {
    pub fn new(
        actions: Actions,
        time_machine: TimeMachine,
        directory: Arc<dyn Directory>,
        operations: Arc<dyn Operations>,
        accounts: Arc<dyn Accounts>,
        limits: Limits,
    ) -> Self {
        let past = PastViews::default();
        Self { actions, time_machine, directory, operations, accounts, limits, past }
    }

    /// What had been written when it was asked; none where other processes write too.
    pub fn written(&self) -> Option<Written> {
        let commits = self.actions.store().commits()?;
        Some(Written { head: *self.log().watch().borrow(), commits })
    }

    pub(crate) fn log(&self) -> &Arc<dyn EventLog> {
        self.actions.bus().log()
    }
}

/// Discord does not tell at the moment.
#[derive(Clone, Debug, thiserror::Error)]
#[error("Discord does not answer at the moment. Try again in a minute.")]
pub struct Unknown;

impl From<Unknown> for Trouble {
    fn from(unknown: Unknown) -> Self {
        Self::new(crate::Code::Busy, unknown.to_string())
    }
}

/// What Discord knows of people and communities. Answers come from memory where they are fresh; how
/// somebody stands is never older than a minute.
#[async_trait]
pub trait Directory: Send + Sync {
    /// How somebody stands in a community; none where they are no member, or we are not there.
    async fn standing(&self, guild: GuildId, user: UserId) -> Result<Option<Standing>, Unknown>;

    /// Somebody an action is about, member or not.
    async fn subject(&self, guild: GuildId, user: UserId) -> Result<Subject, Unknown>;

    /// What this bot may do in a community.
    async fn bot(&self, guild: GuildId) -> Result<BotStanding, Unknown>;

    /// Names and pictures; who cannot be found is left out.
    async fn profiles(&self, guild: GuildId, users: &[UserId]) -> HashMap<UserId, Profile>;

    /// A role that this bot may be asked to give, and what it may there; none where there is none.
    async fn role_facts(&self, guild: GuildId, role: RoleId) -> Result<Option<RoleFacts>, Unknown>;

    /// None where we are not there.
    async fn community(&self, guild: GuildId) -> Result<Option<Community>, Unknown>;
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// As people see it in the community.
    pub name: String,
    pub avatar_url: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Community {
    pub name: String,
    pub icon_url: Option<String>,
    pub members: u32,
    /// Highest first.
    pub roles: Vec<Role>,
    pub channels: Vec<Channel>,
}

#[derive(Clone, Debug)]
pub struct Role {
    pub id: RoleId,
    pub name: String,
    /// As `#5865f2`; none where it has none of its own.
    pub colour: Option<String>,
    pub position: u16,
}

/// As `#5865f2`; none where there is none of its own.
pub fn colour(number: u32) -> Option<String> {
    (number > 0).then(|| format!("#{:06x}", number & 0x00ff_ffff))
}

#[derive(Clone, Debug)]
pub struct Channel {
    pub id: ChannelId,
    pub name: String,
    /// Discord's number of its kind.
    pub kind: u8,
}

/// What is under way, and what does not get on.
#[async_trait]
pub trait Operations: Send + Sync {
    async fn effects(&self, state: Option<&str>, most: u64) -> Result<Vec<Effect>, Trouble>;
    async fn effect_counts(&self) -> Result<EffectCounts, Trouble>;
    /// Tries again what is dead or was dropped; answers how many that were.
    async fn retry_effect(&self, id: uuid::Uuid) -> Result<u64, Trouble>;
    async fn drop_effect(&self, id: uuid::Uuid) -> Result<bool, Trouble>;
    async fn processes(&self) -> Result<Vec<ProcessLine>, Trouble>;
    async fn parked_guilds(&self) -> Result<Vec<ParkedGuild>, Trouble>;
    /// Where requests to this process come from, those that asked last first.
    async fn callers(&self) -> Result<Vec<CallerLine>, Trouble>;
    /// What a webhook was told last, the newest first.
    async fn deliveries(
        &self,
        guild: GuildId,
        webhook: WebhookId,
        most: u64,
    ) -> Result<Vec<Delivery>, Trouble>;
    async fn retry_process(&self, process: &str, guild: Option<GuildId>) -> Result<u64, Trouble>;
}

/// An address, and what came from it within a day.
#[derive(Clone, Debug)]
pub struct CallerLine {
    pub address: String,
    pub requests: u64,
    /// Without a key or session that may.
    pub refused: u64,
    pub too_many: u64,
    pub last_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct Effect {
    pub id: String,
    pub kind: String,
    pub process: String,
    pub guild: GuildId,
    pub state: String,
    pub tries: u64,
    pub created_at: String,
    pub next_at: String,
    pub error: Option<String>,
}

/// What a webhook was told, or is to be.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub id: String,
    pub seq: u64,
    pub trial: bool,
    pub state: String,
    pub tries: u64,
    pub created_at: Timestamp,
    pub sent_at: Option<Timestamp>,
    pub next_at: Timestamp,
    pub status: Option<u16>,
    pub error: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct EffectCounts {
    pub waiting: u64,
    pub calling: u64,
    pub unknown: u64,
    pub done: u64,
    pub dead: u64,
    pub dropped: u64,
    pub oldest_waiting_secs: i64,
}

#[derive(Clone, Debug)]
pub struct ProcessLine {
    pub name: String,
    pub events: u64,
    pub lag_events: u64,
    pub parked_guilds: u64,
    pub paused: Option<String>,
}

#[derive(Clone, Debug)]
pub struct ParkedGuild {
    pub process: String,
    pub guild: GuildId,
    pub seq: u64,
    pub event_type: String,
    pub error_id: String,
    pub error: String,
    pub tries: u64,
}

/// Who is signed in where.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Whether a session still holds; it may have been revoked, or have ended.
    async fn is_signed_in(&self, who: &SignedIn) -> Result<bool, Trouble>;
    async fn sessions(&self, whose: Account) -> Result<Vec<SessionLine>, Trouble>;
    /// False where there is no such session of theirs.
    async fn revoke(&self, whose: Account, session: &str) -> Result<bool, Trouble>;
}

#[derive(Clone, Debug)]
pub struct SessionLine {
    /// Names it; it is not what signs in.
    pub id: String,
    pub began_at: Timestamp,
    pub seen_at: Timestamp,
    pub ends_at: Timestamp,
    /// What the browser said it was.
    pub client: String,
}
