//! The world: everything that a Discord knows, and the verbs that change it. Each verb is named in
//! Discord's words, changes the world, writes the audit log, and tells the gateway.
//!
//! Nobody's permission is asked here unless a method says so: whoever calls has done that, with
//! [`World::may`], [`World::may_in`] and [`World::can_act_on`].

pub mod application;
pub mod audit;
pub mod automod;
pub mod ban;
pub mod channel;
pub mod command;
pub mod guild;
pub mod interaction;
pub mod invite;
pub mod kept;
pub mod member;
pub mod message;
pub mod nonce;
pub mod reaction;
pub mod refusal;
pub mod response;
pub mod rights;
pub mod role;
mod shown;
#[cfg(test)]
mod tests;
pub mod thread;
pub mod user;
pub mod voice;
pub mod webhook;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;

use crate::{
    clock::Clock,
    gateway::hub::{Audience, ContentRule, Event, Hub},
    snowflake::{Id, Mint},
};

use self::{
    application::Application, channel::Channel, guild::Guild, interaction::Interaction,
    invite::Invite, message::Message, user::User, webhook::Webhook,
};
pub use refusal::Refusal;

/// What a verb gives: something, or Discord's refusal.
pub type Answer<T = ()> = Result<T, Refusal>;

/// Who does it, and what they write into the audit log as the reason.
#[derive(Clone, Debug)]
pub struct By {
    pub user: Id,
    pub reason: Option<String>,
}

impl By {
    pub fn user(user: Id) -> Self {
        Self { user, reason: None }
    }

    pub fn because(user: Id, reason: impl Into<String>) -> Self {
        Self { user, reason: Some(reason.into()) }
    }
}

#[derive(Debug)]
pub struct World {
    pub clock: Clock,
    hub: Arc<Hub>,
    mint: Mint,
    rng: StdRng,
    pub users: HashMap<Id, User>,
    pub applications: BTreeMap<Id, Application>,
    pub guilds: BTreeMap<Id, Guild>,
    pub channels: HashMap<Id, Channel>,
    pub webhooks: BTreeMap<Id, Webhook>,
    pub invites: BTreeMap<String, Invite>,
    pub interactions: HashMap<Id, Interaction>,
    /// From the oldest on, to forget them in that order.
    interactions_by_age: VecDeque<Id>,
    /// Answers that only one person sees, from the oldest on.
    pub ephemeral: BTreeMap<Id, Message>,
}

impl World {
    pub fn new(clock: Clock, hub: Arc<Hub>, seed: u64) -> Self {
        Self {
            clock,
            hub,
            mint: Mint::default(),
            rng: StdRng::seed_from_u64(seed),
            users: HashMap::new(),
            applications: BTreeMap::new(),
            guilds: BTreeMap::new(),
            channels: HashMap::new(),
            webhooks: BTreeMap::new(),
            invites: BTreeMap::new(),
            interactions: HashMap::new(),
            interactions_by_age: VecDeque::new(),
            ephemeral: BTreeMap::new(),
        }
    }

    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// A fresh id, of now.
    pub fn next_id(&mut self) -> Id {
        let now = self.now_ms();
        self.mint.next(now)
    }

    /// Letters and digits that nobody guesses, the same for the same seed.
    pub fn secret(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..length).map(|_| char::from(LETTERS[self.rng.random_range(0..LETTERS.len())])).collect()
    }

    /// Tells every bot of a guild.
    pub fn emit(&self, kind: &'static str, guild: Id, d: Value) {
        let Some(apps) = self.guilds.get(&guild).map(|guild| Arc::clone(&guild.apps)) else {
            return;
        };
        let audience = Audience { apps, guild: Some(guild) };
        self.hub.publish(&Event { kind, audience, d, content: None });
    }

    /// Tells the bots that can see a channel: those of its guild, or the one of a direct message.
    pub fn emit_in(&self, kind: &'static str, channel: Id, d: Value) {
        self.emit_content(kind, channel, d, None);
    }

    /// The same, of a message whose content not everybody may read.
    pub fn emit_content(
        &self,
        kind: &'static str,
        channel: Id,
        d: Value,
        content: Option<ContentRule>,
    ) {
        if let Some(audience) = self.audience(channel) {
            self.hub.publish(&Event { kind, audience, d, content });
        }
    }

    /// Tells one application.
    pub fn emit_to(&self, kind: &'static str, app: Id, guild: Option<Id>, d: Value) {
        let audience = Audience { apps: Arc::from([app]), guild };
        self.hub.publish(&Event { kind, audience, d, content: None });
    }

    /// Which bots see a channel.
    fn audience(&self, channel: Id) -> Option<Audience> {
        let channel = self.channels.get(&channel)?;
        let Some(guild_id) = channel.guild else {
            let apps = channel.recipients.iter().filter_map(|user| self.application_of(*user));
            return Some(Audience { apps: apps.collect(), guild: None });
        };
        let guild = self.guilds.get(&guild_id)?;
        let sees = |app: &Id| {
            self.applications.get(app).is_some_and(|app| self.may_see(channel, guild, app.bot))
        };
        // Almost always every bot sees it, and then nothing is copied.
        let apps = if guild.apps.iter().all(sees) {
            Arc::clone(&guild.apps)
        } else {
            guild.apps.iter().copied().filter(sees).collect()
        };
        Some(Audience { apps, guild: Some(guild_id) })
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}
