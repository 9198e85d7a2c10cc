//! Bans.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, By, Refusal, World, audit};
use crate::snowflake::Id;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ban {
    pub user: Id,
    pub reason: Option<String>,
}

impl World {
    /// Somebody is thrown out, whether they are here or not, and may not come back. Their messages
    /// of the last seconds go too.
    pub fn ban(&mut self, guild: Id, user: Id, delete_secs: u64, by: &By) -> Answer {
        self.user(user)?;
        let found = self.guild_mut(guild)?;
        if found.bans.contains_key(&user) {
            return Ok(());
        }
        found.bans.insert(user, Ban { user, reason: by.reason.clone() });
        if found.members.contains_key(&user) {
            self.remove_member(guild, user)?;
        }
        let wire = json!({ "guild_id": guild, "user": self.user_json(user) });
        self.emit("GUILD_BAN_ADD", guild, wire);
        self.audit(guild, audit::MEMBER_BAN_ADD, Some(user), by, Vec::new(), None);
        if delete_secs > 0 {
            let since = self.now_ms().saturating_sub(delete_secs * 1_000);
            self.delete_messages_of(guild, user, since);
        }
        Ok(())
    }

    pub fn unban(&mut self, guild: Id, user: Id, by: &By) -> Answer {
        if self.guild_mut(guild)?.bans.remove(&user).is_none() {
            return Err(Refusal::UNKNOWN_BAN);
        }
        let wire = json!({ "guild_id": guild, "user": self.user_json(user) });
        self.emit("GUILD_BAN_REMOVE", guild, wire);
        self.audit(guild, audit::MEMBER_BAN_REMOVE, Some(user), by, Vec::new(), None);
        Ok(())
    }

    pub fn ban_json(&self, ban: &Ban) -> Value {
        json!({ "reason": ban.reason, "user": self.user_json(ban.user) })
    }
}
