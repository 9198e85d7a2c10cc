//! Discord's own auto-moderation: rules of a guild that act on messages before anybody sees them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Answer, By, Refusal, World, audit,
    member::MemberEdit,
    message::{Author, NewMessage},
};
use crate::{limits, permissions::Permissions, snowflake::Id};

/// Triggers on the wire.
pub mod trigger {
    pub const KEYWORD: u64 = 1;
    pub const SPAM: u64 = 3;
    pub const PRESET: u64 = 4;
    pub const MENTIONS: u64 = 5;
    pub const PROFILE: u64 = 6;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    pub id: Id,
    pub guild: Id,
    pub creator: Id,
    /// What was declared: name, event and trigger type, metadata, actions, exemptions, enabled.
    pub body: Map<String, Value>,
}

impl Rule {
    pub fn trigger(&self) -> u64 {
        self.body.get("trigger_type").and_then(Value::as_u64).unwrap_or(0)
    }

    fn is_enabled(&self) -> bool {
        self.body.get("enabled").and_then(Value::as_bool).unwrap_or(false)
    }

    pub fn to_json(&self) -> Value {
        let mut wire = self.body.clone();
        let mut default = |key: &str, value: Value| {
            wire.entry(key.to_owned()).or_insert(value);
        };
        default("name", json!(""));
        default("event_type", json!(1));
        default("trigger_type", json!(1));
        default("trigger_metadata", json!({}));
        default("actions", json!([]));
        default("enabled", json!(false));
        default("exempt_roles", json!([]));
        default("exempt_channels", json!([]));
        wire.insert("id".to_owned(), json!(self.id));
        wire.insert("guild_id".to_owned(), json!(self.guild));
        wire.insert("creator_id".to_owned(), json!(self.creator));
        Value::Object(wire)
    }

    fn list<'a>(&'a self, of: &'a str) -> impl Iterator<Item = &'a str> {
        let metadata = self.body.get("trigger_metadata");
        let list = metadata.and_then(|metadata| metadata.get(of)).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    }

    fn exempts(&self, list: &str, id: Id) -> bool {
        let list = self.body.get(list).and_then(Value::as_array);
        let id = id.to_string();
        list.into_iter().flatten().any(|exempt| exempt.as_str() == Some(id.as_str()))
    }

    /// What in a text the rule stands against: the keyword, and the part of the text.
    fn matches(&self, content: &str) -> Option<(Option<String>, String)> {
        match self.trigger() {
            trigger::KEYWORD => {
                let lower = content.to_lowercase();
                let allowed: Vec<_> = self.list("allow_list").map(str::to_lowercase).collect();
                let words: Vec<&str> = lower.split_whitespace().collect();
                self.list("keyword_filter").find_map(|keyword| {
                    let (part, plain) = keyword_in(&lower, &words, &keyword.to_lowercase())?;
                    let allowed = allowed.iter().any(|allowed| allowed.trim_matches('*') == plain);
                    (!allowed).then(|| (Some(keyword.to_owned()), part))
                })
            }
            trigger::MENTIONS => {
                let limit = self.body.get("trigger_metadata");
                let limit = limit.and_then(|limit| limit.get("mention_total_limit"));
                let limit = limit.and_then(Value::as_u64)?;
                let mentions = content.matches("<@").count() as u64;
                (mentions > limit).then(|| (None, content.to_owned()))
            }
            _ => None,
        }
    }
}

/// Whether a keyword is in a text: a whole word, or a part of one where it has a star.
fn keyword_in(text: &str, words: &[&str], keyword: &str) -> Option<(String, String)> {
    let (open_before, open_after) = (keyword.starts_with('*'), keyword.ends_with('*'));
    let plain = keyword.trim_matches('*');
    if plain.is_empty() {
        return None;
    }
    if plain.contains(' ') {
        return text.contains(plain).then(|| (plain.to_owned(), plain.to_owned()));
    }
    let found = words.iter().find(|word| {
        let word = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        match (open_before, open_after) {
            (true, true) => word.contains(plain),
            (true, false) => word.ends_with(plain),
            (false, true) => word.starts_with(plain),
            (false, false) => word == plain,
        }
    });
    found.map(|word| ((*word).to_owned(), plain.to_owned()))
}

impl World {
    pub fn automod_rule(&self, guild: Id, rule: Id) -> Answer<&Rule> {
        self.guild(guild)?.automod.get(&rule).ok_or(Refusal::UNKNOWN_AUTOMOD_RULE)
    }

    pub fn create_automod_rule(
        &mut self,
        guild: Id,
        body: Map<String, Value>,
        by: &By,
    ) -> Answer<Id> {
        let id = self.next_id();
        let rule = Rule { id, guild, creator: by.user, body };
        let rules = &mut self.guild_mut(guild)?.automod;
        let most = match rule.trigger() {
            trigger::KEYWORD => limits::AUTOMOD_KEYWORD_RULES,
            _ => 1,
        };
        if rules.values().filter(|other| other.trigger() == rule.trigger()).count() >= most {
            return Err(Refusal::MOST_AUTOMOD_RULES);
        }
        let wire = rule.to_json();
        rules.insert(id, rule);
        self.emit("AUTO_MODERATION_RULE_CREATE", guild, wire);
        self.audit(guild, audit::AUTOMOD_RULE_CREATE, Some(id), by, Vec::new(), None);
        Ok(id)
    }

    pub fn edit_automod_rule(
        &mut self,
        guild: Id,
        id: Id,
        changes: Map<String, Value>,
        by: &By,
    ) -> Answer {
        let rules = &mut self.guild_mut(guild)?.automod;
        let rule = rules.get_mut(&id).ok_or(Refusal::UNKNOWN_AUTOMOD_RULE)?;
        rule.body.extend(changes);
        let wire = rule.to_json();
        self.emit("AUTO_MODERATION_RULE_UPDATE", guild, wire);
        self.audit(guild, audit::AUTOMOD_RULE_UPDATE, Some(id), by, Vec::new(), None);
        Ok(())
    }

    pub fn delete_automod_rule(&mut self, guild: Id, id: Id, by: &By) -> Answer {
        let rule = self.guild_mut(guild)?.automod.remove(&id);
        let wire = rule.ok_or(Refusal::UNKNOWN_AUTOMOD_RULE)?.to_json();
        self.emit("AUTO_MODERATION_RULE_DELETE", guild, wire);
        self.audit(guild, audit::AUTOMOD_RULE_DELETE, Some(id), by, Vec::new(), None);
        Ok(())
    }

    /// Lets the rules look at what a member is about to write. A refusal says that it was blocked.
    /// Who manages the guild is not looked at, nor are bots.
    pub(crate) fn moderate(&mut self, channel: Id, user: Id, content: &str) -> Answer {
        let Some(guild) = self.channel(channel)?.guild else { return Ok(()) };
        if self.user(user)?.bot || self.may(guild, user, Permissions::MANAGE_GUILD) {
            return Ok(());
        }
        let roles = self.member(guild, user)?.roles.clone();
        let rules = self.guild(guild)?.automod.values();
        let hits = rules.filter(|rule| {
            rule.is_enabled()
                && !rule.exempts("exempt_channels", channel)
                && !roles.iter().any(|role| rule.exempts("exempt_roles", *role))
        });
        let hits = hits.filter_map(|rule| Some((rule.clone(), rule.matches(content)?)));
        let hits: Vec<_> = hits.collect();
        let mut blocked = false;
        for (rule, (keyword, part)) in hits {
            let actions = rule.body.get("actions").and_then(Value::as_array).cloned();
            for action in actions.unwrap_or_default() {
                blocked |= action["type"] == 1;
                self.automod_acts(&rule, &action, channel, user, content)?;
                let wire = json!({
                    "guild_id": guild,
                    "action": action,
                    "rule_id": rule.id,
                    "rule_trigger_type": rule.trigger(),
                    "user_id": user,
                    "channel_id": channel,
                    "content": content,
                    "matched_keyword": keyword,
                    "matched_content": part,
                });
                self.emit("AUTO_MODERATION_ACTION_EXECUTION", guild, wire);
            }
        }
        if blocked { Err(Refusal::BLOCKED_BY_AUTOMOD) } else { Ok(()) }
    }

    fn automod_acts(
        &mut self,
        rule: &Rule,
        action: &Value,
        channel: Id,
        user: Id,
        content: &str,
    ) -> Answer {
        let name = rule.body.get("name").and_then(Value::as_str).unwrap_or_default();
        let options = json!({
            "auto_moderation_rule_name": name,
            "auto_moderation_rule_trigger_type": rule.trigger().to_string(),
            "channel_id": channel,
        });
        let by = By::user(user);
        let metadata = &action["metadata"];
        let kind = match action["type"].as_u64() {
            Some(1) => audit::AUTOMOD_BLOCK_MESSAGE,
            Some(2) => {
                let alert = metadata["channel_id"].as_str().and_then(|id| id.parse().ok());
                if let Some(alert) = alert.filter(|alert| self.channels.contains_key(alert)) {
                    let embed = json!({
                        "type": "auto_moderation_message",
                        "description": content,
                        "fields": [
                            { "name": "rule_name", "value": name, "inline": false },
                            { "name": "channel_id", "value": channel, "inline": false },
                        ],
                    });
                    let new = NewMessage {
                        embeds: vec![embed],
                        kind: super::message::kind::AUTOMOD_ACTION,
                        ..NewMessage::default()
                    };
                    self.create_message(alert, Author::User(user), new)?;
                }
                audit::AUTOMOD_FLAG
            }
            Some(3) => {
                let seconds = metadata["duration_seconds"].as_u64().unwrap_or(60);
                let until = self.now_ms() + seconds * 1_000;
                let edit =
                    MemberEdit { timeout_until_ms: Some(Some(until)), ..MemberEdit::default() };
                self.edit_member(rule.guild, user, edit, &by)?;
                audit::AUTOMOD_TIMEOUT
            }
            _ => return Ok(()),
        };
        self.audit(rule.guild, kind, Some(user), &by, Vec::new(), Some(options));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, keyword: &str) -> bool {
        let words: Vec<_> = text.split_whitespace().collect();
        keyword_in(text, &words, keyword).is_some()
    }

    #[test]
    fn given_a_keyword_then_it_is_a_whole_word_unless_it_has_a_star() {
        assert!(found("buy cheap gold now", "cheap"));
        assert!(found("buy (cheap) gold", "cheap"));
        assert!(!found("cheapest gold", "cheap"));
        assert!(found("cheapest gold", "cheap*"));
        assert!(!found("dirtcheapest", "cheap*"));
        assert!(found("dirtcheapest", "*cheap*"));
        assert!(found("dirtcheap", "*cheap"));
        assert!(found("very free nitro here", "free nitro"));
        assert!(!found("anything", "*"));
    }
}
