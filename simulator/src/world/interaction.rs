//! Interactions: what a member does with an application, as the application hears of it.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Answer, Refusal, World};
use crate::{limits, snowflake::Id};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Command = 2,
    Component = 3,
    Autocomplete = 4,
    Modal = 5,
}

/// The first response of the application.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// A message, which may be still loading.
    Message(Id),
    /// The message with the component is changed, now or later.
    Update,
    Choices(Vec<Value>),
    Modal(Value),
}

#[derive(Debug)]
pub struct Interaction {
    pub id: Id,
    pub token: String,
    pub application: Id,
    pub kind: Kind,
    pub user: Id,
    pub guild: Option<Id>,
    pub channel: Id,
    pub made_ms: u64,
    /// The message whose component was used.
    pub message: Option<Id>,
    /// `/economy send`, for people who look.
    pub name: String,
    pub response: Option<Response>,
    /// Its response said only that something follows.
    pub deferred: bool,
    /// What was sent after the first response.
    pub followups: Vec<Id>,
    /// Counts every change of it, so that whoever waits need not look twice.
    pub(crate) changed: watch::Sender<u64>,
}

impl Interaction {
    pub fn is_too_late(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.made_ms) >= millis(limits::FIRST_RESPONSE)
    }

    pub fn token_is_dead(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.made_ms) >= millis(limits::INTERACTION_TOKEN)
    }

    /// Its response said only that a message will be changed, or that something else follows.
    pub const fn is_deferred_update(&self) -> bool {
        self.deferred && matches!(self.response, Some(Response::Update))
    }

    pub(super) fn touch(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// The message that answers it, or the one it changes.
    pub fn original(&self) -> Option<Id> {
        match self.response {
            Some(Response::Message(id)) => Some(id),
            Some(Response::Update) => self.message,
            _ => None,
        }
    }
}

pub(super) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What a member does with an application.
#[derive(Clone, Debug)]
pub struct NewInteraction {
    pub application: Id,
    pub kind: Kind,
    pub user: Id,
    pub guild: Option<Id>,
    pub channel: Id,
    pub message: Option<Id>,
    pub name: String,
    pub data: Value,
}

impl World {
    /// Makes an interaction and tells its application of it.
    pub fn create_interaction(&mut self, new: NewInteraction) -> Answer<Id> {
        self.application(new.application)?;
        let (id, now) = (self.next_id(), self.now_ms());
        let secret = self.secret(160);
        let token = BASE64_URL_SAFE_NO_PAD.encode(format!("interaction:{id}:{secret}"));
        let wire = self.interaction_json(id, &token, &new)?;
        self.forget_old_interactions();
        let interaction = Interaction {
            id,
            token,
            application: new.application,
            kind: new.kind,
            user: new.user,
            guild: new.guild,
            channel: new.channel,
            made_ms: now,
            message: new.message,
            name: new.name,
            response: None,
            deferred: false,
            followups: Vec::new(),
            changed: watch::Sender::new(0),
        };
        self.interactions.insert(id, interaction);
        self.interactions_by_age.push_back(id);
        self.emit_to("INTERACTION_CREATE", new.application, new.guild, wire);
        Ok(id)
    }

    fn forget_old_interactions(&mut self) {
        while self.interactions_by_age.len() >= limits::MOST_INTERACTIONS {
            if let Some(oldest) = self.interactions_by_age.pop_front() {
                self.interactions.remove(&oldest);
            }
        }
    }

    fn interaction_json(&self, id: Id, token: &str, new: &NewInteraction) -> Answer<Value> {
        let channel = self.channel(new.channel)?;
        let user = self.user(new.user)?;
        let mut place = self.channel_wire(channel, true);
        place["permissions"] = json!(self.permissions_in(new.channel, new.user));
        let app_permissions = self.permissions_in(new.channel, new.application);
        let mut wire = json!({
            "id": id,
            "application_id": new.application,
            "type": new.kind as u8,
            "data": new.data,
            "channel": place,
            "channel_id": new.channel,
            "token": token,
            "version": 1,
            "app_permissions": app_permissions,
            "locale": user.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "attachment_size_limit": 10_485_760,
        });
        if let Some(guild) = new.guild {
            let guild = self.guild(guild)?;
            let mut member = self.member_json(guild, new.user);
            if member.is_null() {
                return Err(Refusal::UNKNOWN_MEMBER);
            }
            member["permissions"] = json!(self.permissions_in(new.channel, new.user));
            wire["member"] = member;
            wire["guild_id"] = json!(guild.id);
            wire["guild_locale"] = json!(guild.preferred_locale);
            wire["guild"] = json!({
                "id": guild.id, "locale": guild.preferred_locale, "features": guild.features,
            });
            wire["authorizing_integration_owners"] = json!({ "0": guild.id });
            wire["context"] = json!(0);
        } else {
            wire["user"] = user.to_json();
            wire["authorizing_integration_owners"] = json!({ "0": "0" });
            wire["context"] = json!(1);
        }
        if let Some(message) = new.message {
            wire["message"] = self.shown_message_json(new.channel, message)?;
        }
        Ok(wire)
    }

    /// A message as its reader sees it: of the channel, or meant for them alone.
    pub fn shown_message_json(&self, channel: Id, id: Id) -> Answer<Value> {
        match self.ephemeral.get(&id) {
            Some(message) => Ok(self.message_wire(message, false)),
            None => self.message_json(channel, id),
        }
    }

    pub fn interaction(&self, id: Id) -> Answer<&Interaction> {
        self.interactions.get(&id).ok_or(Refusal::UNKNOWN_INTERACTION)
    }

    /// The interaction, for who knows its token in the first 15 minutes.
    pub fn interaction_by_token(&self, application: Id, token: &str) -> Answer<&Interaction> {
        let plain = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
        let plain = plain.and_then(|plain| String::from_utf8(plain).ok());
        let id = plain.as_deref().and_then(|plain| plain.split(':').nth(1)?.parse().ok());
        let found = id.and_then(|id: Id| self.interactions.get(&id)).filter(|found| {
            found.token == token
                && found.application == application
                && !found.token_is_dead(self.now_ms())
        });
        found.ok_or(Refusal::INVALID_WEBHOOK_TOKEN)
    }
}
