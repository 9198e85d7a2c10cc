//! Reactions on messages.

use serde_json::{Value, json};

use super::{
    Answer, Refusal, World,
    message::{Author, Message, Reaction},
};
use crate::{limits, snowflake::Id};

/// An emoji off the wire: `👍`, or `name:id` of a guild's own.
pub fn read_emoji(text: &str) -> Value {
    match text.rsplit_once(':') {
        Some((name, id)) if id.parse::<Id>().is_ok() => {
            let animated = name.starts_with("a:");
            let name = name.trim_start_matches("a:").trim_start_matches(':');
            json!({ "id": id, "name": name, "animated": animated })
        }
        _ => json!({ "id": null, "name": text }),
    }
}

/// One emoji is the same as another by its id, or by its character where it has none.
pub fn same_emoji(one: &Value, other: &Value) -> bool {
    if one["id"].is_null() && other["id"].is_null() {
        // The selector that asks for the colourful form says nothing.
        let plain = |emoji: &Value| emoji["name"].as_str().map(|name| name.replace('\u{fe0f}', ""));
        plain(one) == plain(other)
    } else {
        one["id"] == other["id"]
    }
}

impl World {
    fn reacted(&mut self, channel: Id, message: Id) -> Answer<&mut Message> {
        let found = self.channel_mut(channel)?;
        found.messages.get_mut(&message).ok_or(Refusal::UNKNOWN_MESSAGE)
    }

    pub fn add_reaction(&mut self, channel: Id, message: Id, user: Id, emoji: &Value) -> Answer {
        let found = self.reacted(channel, message)?;
        let full = found.reactions.len() >= limits::MOST_REACTIONS;
        match found.reactions.iter_mut().find(|known| same_emoji(&known.emoji, emoji)) {
            Some(known) if known.by.contains(&user) => return Ok(()),
            Some(known) => known.by.push(user),
            None if full => return Err(Refusal::MOST_REACTIONS),
            None => found.reactions.push(Reaction { emoji: emoji.clone(), by: vec![user] }),
        }
        let author = match found.author {
            Author::User(user) => Some(user),
            Author::Webhook { .. } => None,
        };
        let mut wire = self.reaction_json(channel, message, user, emoji);
        if let Some(author) = author {
            wire["message_author_id"] = json!(author);
        }
        let guild = self.channel(channel)?.guild.and_then(|guild| self.guilds.get(&guild));
        if let Some(guild) = guild {
            wire["member"] = self.member_json(guild, user);
        }
        self.emit_in("MESSAGE_REACTION_ADD", channel, wire);
        Ok(())
    }

    pub fn remove_reaction(&mut self, channel: Id, message: Id, user: Id, emoji: &Value) -> Answer {
        let found = self.reacted(channel, message)?;
        let known = found.reactions.iter_mut().find(|known| same_emoji(&known.emoji, emoji));
        let Some(known) = known else { return Err(Refusal::UNKNOWN_EMOJI) };
        let before = known.by.len();
        known.by.retain(|other| *other != user);
        if known.by.len() == before {
            return Ok(());
        }
        found.reactions.retain(|reaction| !reaction.by.is_empty());
        let wire = self.reaction_json(channel, message, user, emoji);
        self.emit_in("MESSAGE_REACTION_REMOVE", channel, wire);
        Ok(())
    }

    /// All reactions, or all of one emoji.
    pub fn clear_reactions(&mut self, channel: Id, message: Id, emoji: Option<&Value>) -> Answer {
        let found = self.reacted(channel, message)?;
        match emoji {
            None => found.reactions.clear(),
            Some(emoji) => found.reactions.retain(|known| !same_emoji(&known.emoji, emoji)),
        }
        let mut wire = json!({ "channel_id": channel, "message_id": message });
        if let Some(guild) = self.channel(channel)?.guild {
            wire["guild_id"] = json!(guild);
        }
        let kind = match emoji {
            None => "MESSAGE_REACTION_REMOVE_ALL",
            Some(emoji) => {
                wire["emoji"] = emoji.clone();
                "MESSAGE_REACTION_REMOVE_EMOJI"
            }
        };
        self.emit_in(kind, channel, wire);
        Ok(())
    }

    fn reaction_json(&self, channel: Id, message: Id, user: Id, emoji: &Value) -> Value {
        let mut wire = json!({
            "user_id": user,
            "channel_id": channel,
            "message_id": message,
            "emoji": emoji,
            "burst": false,
            "type": 0,
        });
        if let Some(guild) = self.channels.get(&channel).and_then(|channel| channel.guild) {
            wire["guild_id"] = json!(guild);
        }
        wire
    }
}
