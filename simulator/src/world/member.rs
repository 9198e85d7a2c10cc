//! Members of a guild: joining, leaving, nicknames, roles, timeouts.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Answer, By, Refusal, World,
    audit::{self, Change},
    guild::Guild,
    role::Role,
};
use crate::{clock::timestamp, permissions::Permissions, snowflake::Id};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Member {
    pub user: Id,
    pub nick: Option<String>,
    pub avatar: Option<String>,
    /// Without @everyone.
    pub roles: Vec<Id>,
    pub joined_ms: u64,
    pub timeout_until_ms: Option<u64>,
    pub deaf: bool,
    pub mute: bool,
    pub pending: bool,
    pub flags: u64,
}

impl Member {
    /// A timeout that is over is none.
    pub fn is_timed_out(&self, now_ms: u64) -> bool {
        self.timeout_until_ms.is_some_and(|until| until > now_ms)
    }
}

/// What of a member should change.
#[derive(Clone, Debug, Default)]
pub struct MemberEdit {
    pub nick: Option<Option<String>>,
    pub roles: Option<Vec<Id>>,
    pub timeout_until_ms: Option<Option<u64>>,
    pub mute: Option<bool>,
    pub deaf: Option<bool>,
}

impl World {
    pub fn member(&self, guild: Id, user: Id) -> Answer<&Member> {
        self.guild(guild)?.members.get(&user).ok_or(Refusal::UNKNOWN_MEMBER)
    }

    fn member_mut(&mut self, guild: Id, user: Id) -> Answer<&mut Member> {
        self.guild_mut(guild)?.members.get_mut(&user).ok_or(Refusal::UNKNOWN_MEMBER)
    }

    /// Without the user, as messages and interactions have it.
    pub fn partial_member_json(&self, guild: &Guild, user: Id) -> Value {
        let Some(member) = guild.members.get(&user) else { return Value::Null };
        json!({
            "avatar": member.avatar,
            "banner": null,
            "communication_disabled_until": member.timeout_until_ms.map(timestamp),
            "deaf": member.deaf,
            "flags": member.flags,
            "joined_at": timestamp(member.joined_ms),
            "mute": member.mute,
            "nick": member.nick,
            "pending": member.pending,
            "premium_since": null,
            "roles": member.roles,
        })
    }

    /// With the user; null where nobody is member.
    pub fn member_json(&self, guild: &Guild, user: Id) -> Value {
        let mut member = self.partial_member_json(guild, user);
        if member.is_object() {
            member["user"] = self.user_json(user);
        }
        member
    }

    /// Somebody joins. A bot brings a role of its own, and hears of the guild.
    pub fn add_member(&mut self, guild: Id, user: Id) -> Answer {
        let is_bot = self.user(user)?.bot;
        let joined_ms = self.now_ms();
        let found = self.guild_mut(guild)?;
        if found.bans.contains_key(&user) {
            return Err(Refusal::USER_IS_BANNED);
        }
        if found.members.contains_key(&user) {
            return Ok(());
        }
        let member = Member {
            user,
            nick: None,
            avatar: None,
            roles: Vec::new(),
            joined_ms,
            timeout_until_ms: None,
            deaf: false,
            mute: false,
            pending: false,
            flags: 0,
        };
        found.members.insert(user, member);
        let found = self.guild(guild)?;
        let mut wire = self.member_json(found, user);
        wire["guild_id"] = json!(guild);
        self.emit("GUILD_MEMBER_ADD", guild, wire);
        if is_bot && let Some(app) = self.application_of(user) {
            let found = self.guild_mut(guild)?;
            let apps: Vec<_> = found.apps.iter().copied().chain([app]).collect();
            found.apps = Arc::from(apps);
            let wire = self.guild_create_json(guild, user, crate::limits::LARGE_GUILD, false)?;
            self.emit_to("GUILD_CREATE", app, Some(guild), wire);
        }
        Ok(())
    }

    /// Somebody with the right to do so adds a bot, with these permissions as its own role.
    pub fn add_bot(&mut self, guild: Id, app: Id, permissions: Permissions, by: &By) -> Answer {
        let (bot, name) = {
            let app = self.application(app)?;
            (app.bot, app.name.clone())
        };
        if self.guild(guild)?.members.contains_key(&bot) {
            return Ok(());
        }
        let role = self.next_id();
        let found = self.guild_mut(guild)?;
        for other in found.roles.values_mut().filter(|other| other.position >= 1) {
            other.position += 1;
        }
        let of_bot = Role {
            id: role,
            name,
            color: 0,
            hoist: false,
            mentionable: false,
            position: 1,
            permissions,
            bot: Some(bot),
            unicode_emoji: None,
        };
        let wire = of_bot.to_json();
        found.roles.insert(role, of_bot);
        self.emit("GUILD_ROLE_CREATE", guild, json!({ "guild_id": guild, "role": wire }));
        self.audit(guild, audit::BOT_ADD, Some(bot), by, Vec::new(), None);
        self.add_member(guild, bot)?;
        self.member_mut(guild, bot)?.roles.push(role);
        self.emit_member_update(guild, bot);
        Ok(())
    }

    /// Somebody is in the guild no more, however that came to be.
    pub fn remove_member(&mut self, guild: Id, user: Id) -> Answer {
        self.member(guild, user)?;
        if self.guild(guild)?.voice.contains_key(&user) {
            self.leave_voice(guild, user)?;
        }
        let found = self.guild_mut(guild)?;
        found.members.remove(&user);
        let threads: Vec<_> = found.threads.iter().copied().collect();
        for thread in threads {
            if let Some(thread) = self.channels.get_mut(&thread) {
                thread.thread_members.remove(&user);
            }
        }
        let wire = json!({ "guild_id": guild, "user": self.user_json(user) });
        if let Some(app) = self.application_of(user) {
            self.emit_to("GUILD_DELETE", app, Some(guild), json!({ "id": guild }));
            let found = self.guild_mut(guild)?;
            found.apps = found.apps.iter().copied().filter(|other| *other != app).collect();
            found.roles.retain(|_, role| role.bot != Some(user));
        }
        self.emit("GUILD_MEMBER_REMOVE", guild, wire);
        Ok(())
    }

    pub fn kick(&mut self, guild: Id, user: Id, by: &By) -> Answer {
        self.remove_member(guild, user)?;
        self.audit(guild, audit::MEMBER_KICK, Some(user), by, Vec::new(), None);
        Ok(())
    }

    /// Changes a member; each kind of change is an entry of the audit log.
    pub fn edit_member(&mut self, guild: Id, user: Id, edit: MemberEdit, by: &By) -> Answer {
        let known = &self.guild(guild)?.roles;
        if edit.roles.iter().flatten().any(|role| *role == guild || !known.contains_key(role)) {
            return Err(Refusal::INVALID_ROLE);
        }
        let voice = (edit.mute, edit.deaf);
        let member = self.member_mut(guild, user)?;
        let (mut changes, mut role_changes) = (Vec::new(), Vec::new());
        let mut note = |key, old: Value, new: Value| {
            if old != new {
                changes.push(Change { key: Cow::Borrowed(key), old, new });
            }
        };
        if let Some(nick) = edit.nick {
            let nick = nick.filter(|nick| !nick.is_empty());
            note("nick", json!(member.nick), json!(nick));
            member.nick = nick;
        }
        if let Some(until) = edit.timeout_until_ms {
            let key = "communication_disabled_until";
            note(key, json!(member.timeout_until_ms.map(timestamp)), json!(until.map(timestamp)));
            member.timeout_until_ms = until;
        }
        if let Some(mute) = edit.mute {
            note("mute", json!(member.mute), json!(mute));
            member.mute = mute;
        }
        if let Some(deaf) = edit.deaf {
            note("deaf", json!(member.deaf), json!(deaf));
            member.deaf = deaf;
        }
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        if let Some(mut roles) = edit.roles {
            roles.sort_unstable();
            roles.dedup();
            added.extend(roles.iter().copied().filter(|role| !member.roles.contains(role)));
            removed.extend(member.roles.iter().copied().filter(|role| !roles.contains(role)));
            member.roles = roles;
        }
        let found = self.guild(guild)?;
        for (key, roles) in [("$add", added), ("$remove", removed)] {
            let named = roles.iter().filter_map(|role| found.roles.get(role));
            let named: Vec<_> =
                named.map(|role| json!({ "id": role.id, "name": role.name })).collect();
            if !named.is_empty() {
                role_changes.push(Change {
                    key: Cow::Borrowed(key),
                    old: Value::Null,
                    new: json!(named),
                });
            }
        }
        if changes.is_empty() && role_changes.is_empty() {
            return Ok(());
        }
        self.emit_member_update(guild, user);
        if !changes.is_empty() {
            self.audit(guild, audit::MEMBER_UPDATE, Some(user), by, changes, None);
        }
        if !role_changes.is_empty() {
            self.audit(guild, audit::MEMBER_ROLE_UPDATE, Some(user), by, role_changes, None);
        }
        if voice != (None, None) {
            self.emit_voice_state(guild, user);
        }
        Ok(())
    }

    pub fn add_member_role(&mut self, guild: Id, user: Id, role: Id, by: &By) -> Answer {
        self.role(guild, role)?;
        let mut roles = self.member(guild, user)?.roles.clone();
        roles.push(role);
        self.edit_member(
            guild,
            user,
            MemberEdit { roles: Some(roles), ..MemberEdit::default() },
            by,
        )
    }

    pub fn remove_member_role(&mut self, guild: Id, user: Id, role: Id, by: &By) -> Answer {
        self.role(guild, role)?;
        let mut roles = self.member(guild, user)?.roles.clone();
        roles.retain(|held| *held != role);
        self.edit_member(
            guild,
            user,
            MemberEdit { roles: Some(roles), ..MemberEdit::default() },
            by,
        )
    }

    pub(super) fn emit_member_update(&self, guild: Id, user: Id) {
        let Some(found) = self.guilds.get(&guild) else { return };
        let mut wire = self.member_json(found, user);
        if wire.is_object() {
            wire["guild_id"] = json!(guild);
            self.emit("GUILD_MEMBER_UPDATE", guild, wire);
        }
    }

    /// Members whose name or nickname begins so, as Discord's search does it.
    pub fn search_members(&self, guild: Id, begins: &str, limit: usize) -> Answer<Vec<Id>> {
        let begins = begins.to_lowercase();
        let found = self.guild(guild)?.members.values().filter(|member| {
            let user = self.users.get(&member.user);
            let names = [
                member.nick.as_deref(),
                user.map(|user| user.username.as_str()),
                user.and_then(|user| user.global_name.as_deref()),
            ];
            names.iter().flatten().any(|name| name.to_lowercase().starts_with(&begins))
        });
        Ok(found.take(limit).map(|member| member.user).collect())
    }

    /// Members after this one, in the order of their ids.
    pub fn list_members(&self, guild: Id, after: Option<Id>, limit: usize) -> Answer<Vec<Id>> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        let members = self.guild(guild)?.members.range((from, Unbounded));
        Ok(members.take(limit).map(|(user, _)| *user).collect())
    }
}
