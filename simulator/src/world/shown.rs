//! A message as the wire shows it.

use serde_json::{Value, json};

use super::{
    Answer, World,
    message::{Author, Message},
};
use crate::{clock::timestamp, snowflake::Id};

impl World {
    pub fn message_json(&self, channel: Id, id: Id) -> Answer<Value> {
        Ok(self.message_wire(self.message(channel, id)?, false))
    }

    /// A message on the wire; the gateway says guild and member with it, REST does not.
    pub fn message_wire(&self, message: &Message, on_gateway: bool) -> Value {
        let mut wire = self.message_base(message);
        if on_gateway && let Some(guild) = message.guild {
            wire["guild_id"] = json!(guild);
            if let (Some(guild), Author::User(user)) = (self.guilds.get(&guild), &message.author) {
                let member = self.partial_member_json(guild, *user);
                if !member.is_null() {
                    wire["member"] = member;
                }
            }
        }
        let mentions = message.mentions.iter().map(|user| {
            let mut wire = self.user_json(*user);
            let guild = message.guild.and_then(|guild| self.guilds.get(&guild));
            if let Some(guild) = guild.filter(|_| on_gateway) {
                let member = self.partial_member_json(guild, *user);
                if !member.is_null() {
                    wire["member"] = member;
                }
            }
            wire
        });
        wire["mentions"] = mentions.collect();
        if let Some((channel, answered)) = message.answers_to {
            wire["message_reference"] = json!({
                "type": 0, "channel_id": channel, "message_id": answered,
                "guild_id": message.guild,
            });
            if message.guild.is_none()
                && let Some(reference) = wire["message_reference"].as_object_mut()
            {
                reference.remove("guild_id");
            }
            let referenced = self.message(channel, answered).ok();
            wire["referenced_message"] =
                referenced.map_or(Value::Null, |message| self.message_base(message));
        }
        if let Some(thread) = message.thread.and_then(|thread| self.channels.get(&thread)) {
            wire["thread"] = self.channel_wire(thread, true);
        }
        wire
    }

    /// Without what other messages and the guild say of it.
    fn message_base(&self, message: &Message) -> Value {
        let author = match &message.author {
            Author::User(user) => self.user_json(*user),
            Author::Webhook { id, name, avatar } => json!({
                "id": id, "username": name, "avatar": avatar, "discriminator": "0000",
                "global_name": null, "public_flags": 0, "flags": 0, "bot": true,
                "primary_guild": null,
            }),
        };
        let mut wire = json!({
            "id": message.id,
            "channel_id": message.channel,
            "type": message.kind,
            "content": message.content,
            "author": author,
            "timestamp": timestamp(message.made_ms),
            "edited_timestamp": message.edited_ms.map(timestamp),
            "tts": message.tts,
            "mention_everyone": message.mention_everyone,
            "mentions": [],
            "mention_roles": message.mention_roles,
            "attachments": message.attachments,
            "embeds": message.embeds,
            "components": message.components,
            "pinned": message.pinned,
            "flags": message.flags,
        });
        if let Author::Webhook { id, .. } = &message.author {
            wire["webhook_id"] = json!(id);
        }
        if let Some(application) = message.application {
            wire["application_id"] = json!(application);
        }
        if let Some(interaction) = &message.interaction {
            wire["interaction_metadata"] = interaction.clone();
        }
        if !message.reactions.is_empty() {
            let reactions = message.reactions.iter().map(|reaction| {
                json!({
                    "emoji": reaction.emoji,
                    "count": reaction.by.len(),
                    "count_details": { "burst": 0, "normal": reaction.by.len() },
                    "burst_colors": [],
                    "me": false,
                    "me_burst": false,
                    "burst_me": false,
                    "burst_count": 0,
                })
            });
            wire["reactions"] = reactions.collect();
        }
        wire
    }
}
