//! Webhooks: addresses that post into a channel under any name.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, By, Refusal, World, audit};
use crate::{limits, snowflake::Id};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Webhook {
    pub id: Id,
    pub guild: Id,
    pub channel: Id,
    pub name: String,
    pub avatar: Option<String>,
    pub token: String,
    pub creator: Id,
    pub application: Option<Id>,
}

impl World {
    pub fn create_webhook(&mut self, channel: Id, name: &str, by: &By) -> Answer<Id> {
        let guild = self.channel(channel)?.guild.ok_or(Refusal::NOT_THIS_DM)?;
        let here = self.webhooks.values().filter(|webhook| webhook.channel == channel);
        if here.count() >= limits::MOST_WEBHOOKS_IN_CHANNEL {
            return Err(Refusal::MOST_WEBHOOKS);
        }
        let (id, token) = (self.next_id(), self.secret(68));
        let webhook = Webhook {
            id,
            guild,
            channel,
            name: name.to_owned(),
            avatar: None,
            token,
            creator: by.user,
            application: self.application_of(by.user),
        };
        self.webhooks.insert(id, webhook);
        self.webhooks_changed(guild, channel);
        self.audit(guild, audit::WEBHOOK_CREATE, Some(id), by, Vec::new(), None);
        Ok(id)
    }

    pub fn webhook(&self, id: Id) -> Answer<&Webhook> {
        self.webhooks.get(&id).ok_or(Refusal::UNKNOWN_WEBHOOK)
    }

    /// The webhook, for who knows its token.
    pub fn webhook_with_token(&self, id: Id, token: &str) -> Answer<&Webhook> {
        let webhook = self.webhook(id)?;
        if webhook.token == token { Ok(webhook) } else { Err(Refusal::INVALID_WEBHOOK_TOKEN) }
    }

    pub fn edit_webhook(
        &mut self,
        id: Id,
        name: Option<String>,
        channel: Option<Id>,
        by: &By,
    ) -> Answer {
        if let Some(channel) = channel {
            self.channel(channel)?;
        }
        let webhook = self.webhooks.get_mut(&id).ok_or(Refusal::UNKNOWN_WEBHOOK)?;
        let before = webhook.channel;
        if let Some(name) = name {
            webhook.name = name;
        }
        if let Some(channel) = channel {
            webhook.channel = channel;
        }
        let (guild, channel) = (webhook.guild, webhook.channel);
        if before != channel {
            self.webhooks_changed(guild, before);
        }
        self.webhooks_changed(guild, channel);
        self.audit(guild, audit::WEBHOOK_UPDATE, Some(id), by, Vec::new(), None);
        Ok(())
    }

    pub fn delete_webhook(&mut self, id: Id, by: &By) -> Answer {
        let webhook = self.webhooks.remove(&id).ok_or(Refusal::UNKNOWN_WEBHOOK)?;
        self.webhooks_changed(webhook.guild, webhook.channel);
        self.audit(webhook.guild, audit::WEBHOOK_DELETE, Some(id), by, Vec::new(), None);
        Ok(())
    }

    fn webhooks_changed(&self, guild: Id, channel: Id) {
        let wire = json!({ "guild_id": guild, "channel_id": channel });
        self.emit_in("WEBHOOKS_UPDATE", channel, wire);
    }

    /// With its token for who may have it, with its maker for who did not come by the token.
    pub fn webhook_json(&self, webhook: &Webhook, with_token: bool, with_user: bool) -> Value {
        let mut wire = json!({
            "application_id": webhook.application,
            "avatar": webhook.avatar,
            "channel_id": webhook.channel,
            "guild_id": webhook.guild,
            "id": webhook.id,
            "name": webhook.name,
            "type": 1,
        });
        if with_token {
            wire["token"] = json!(webhook.token);
        }
        if with_user {
            wire["user"] = self.user_json(webhook.creator);
        }
        wire
    }
}
