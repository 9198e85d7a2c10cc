//! The audit log of a guild: who did what to whom, and why.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{By, World, guild::Guild};
use crate::{gateway::hub::Audience, limits, permissions::Permissions, snowflake::Id};

pub const GUILD_UPDATE: u16 = 1;
pub const CHANNEL_CREATE: u16 = 10;
pub const CHANNEL_UPDATE: u16 = 11;
pub const CHANNEL_DELETE: u16 = 12;
pub const OVERWRITE_CREATE: u16 = 13;
pub const OVERWRITE_UPDATE: u16 = 14;
pub const OVERWRITE_DELETE: u16 = 15;
pub const MEMBER_KICK: u16 = 20;
pub const MEMBER_PRUNE: u16 = 21;
pub const MEMBER_BAN_ADD: u16 = 22;
pub const MEMBER_BAN_REMOVE: u16 = 23;
pub const MEMBER_UPDATE: u16 = 24;
pub const MEMBER_ROLE_UPDATE: u16 = 25;
pub const MEMBER_MOVE: u16 = 26;
pub const MEMBER_DISCONNECT: u16 = 27;
pub const BOT_ADD: u16 = 28;
pub const ROLE_CREATE: u16 = 30;
pub const ROLE_UPDATE: u16 = 31;
pub const ROLE_DELETE: u16 = 32;
pub const INVITE_CREATE: u16 = 40;
pub const INVITE_DELETE: u16 = 42;
pub const WEBHOOK_CREATE: u16 = 50;
pub const WEBHOOK_UPDATE: u16 = 51;
pub const WEBHOOK_DELETE: u16 = 52;
pub const MESSAGE_DELETE: u16 = 72;
pub const MESSAGE_BULK_DELETE: u16 = 73;
pub const MESSAGE_PIN: u16 = 74;
pub const MESSAGE_UNPIN: u16 = 75;
pub const THREAD_CREATE: u16 = 110;
pub const THREAD_UPDATE: u16 = 111;
pub const THREAD_DELETE: u16 = 112;
pub const AUTOMOD_RULE_CREATE: u16 = 140;
pub const AUTOMOD_RULE_UPDATE: u16 = 141;
pub const AUTOMOD_RULE_DELETE: u16 = 142;
pub const AUTOMOD_BLOCK_MESSAGE: u16 = 143;
pub const AUTOMOD_FLAG: u16 = 144;
pub const AUTOMOD_TIMEOUT: u16 = 145;

/// One thing that became another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub key: Cow<'static, str>,
    pub old: Value,
    pub new: Value,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub id: Id,
    pub action: u16,
    pub user: Id,
    pub target: Option<Id>,
    pub reason: Option<String>,
    pub changes: Vec<Change>,
    pub options: Option<Value>,
}

impl Entry {
    pub fn to_json(&self) -> Value {
        let changes = self.changes.iter().map(|change| {
            let mut wire = json!({ "key": change.key });
            if !change.old.is_null() {
                wire["old_value"] = change.old.clone();
            }
            if !change.new.is_null() {
                wire["new_value"] = change.new.clone();
            }
            wire
        });
        let changes: Vec<_> = changes.collect();
        let mut entry = json!({
            "id": self.id,
            "action_type": self.action,
            "user_id": self.user,
            "target_id": self.target,
        });
        if !changes.is_empty() {
            entry["changes"] = json!(changes);
        }
        if let Some(reason) = &self.reason {
            entry["reason"] = json!(reason);
        }
        if let Some(options) = &self.options {
            entry["options"] = options.clone();
        }
        entry
    }
}

impl World {
    /// Writes an entry, and tells the bots that may read the log.
    pub fn audit(
        &mut self,
        guild: Id,
        action: u16,
        target: Option<Id>,
        by: &By,
        changes: Vec<Change>,
        options: Option<Value>,
    ) {
        let id = self.next_id();
        let entry = Entry {
            id,
            action,
            user: by.user,
            target,
            reason: by.reason.clone(),
            changes,
            options,
        };
        let mut wire = entry.to_json();
        let Some(found) = self.guilds.get_mut(&guild) else { return };
        if found.audit_log.len() >= limits::AUDIT_LOG_ENTRIES {
            found.audit_log.pop_front();
        }
        found.audit_log.push_back(entry);
        let apps = Arc::clone(&found.apps);
        let readers = apps.iter().copied().filter(|app| {
            let bot = self.applications.get(app).map(|app| app.bot);
            bot.is_some_and(|bot| self.may(guild, bot, Permissions::VIEW_AUDIT_LOG))
        });
        let audience = Audience { apps: readers.collect(), guild: Some(guild) };
        wire["guild_id"] = json!(guild);
        self.hub().publish(&crate::gateway::hub::Event {
            kind: "GUILD_AUDIT_LOG_ENTRY_CREATE",
            audience,
            d: wire,
            content: None,
        });
    }

    /// Entries from the newest on.
    pub fn audit_log(
        guild: &Guild,
        user: Option<Id>,
        action: Option<u16>,
        before: Option<Id>,
    ) -> impl Iterator<Item = &Entry> {
        guild.audit_log.iter().rev().filter(move |entry| {
            user.is_none_or(|user| entry.user == user)
                && action.is_none_or(|action| entry.action == action)
                && before.is_none_or(|before| entry.id < before)
        })
    }
}
