//! Roles of a guild, from @everyone (position 0) up.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Answer, By, Refusal, World, audit::Change};
use crate::{limits, permissions::Permissions, snowflake::Id};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    pub id: Id,
    pub name: String,
    pub color: u32,
    pub hoist: bool,
    pub mentionable: bool,
    pub position: i64,
    pub permissions: Permissions,
    /// Belongs to a bot, and goes when it goes.
    pub bot: Option<Id>,
    pub unicode_emoji: Option<String>,
}

impl Role {
    pub fn to_json(&self) -> Value {
        let mut role = json!({
            "id": self.id,
            "name": self.name,
            "description": null,
            "color": self.color,
            "colors": { "primary_color": self.color, "secondary_color": null, "tertiary_color": null },
            "hoist": self.hoist,
            "icon": null,
            "unicode_emoji": self.unicode_emoji,
            "position": self.position,
            "permissions": self.permissions,
            "managed": self.bot.is_some(),
            "mentionable": self.mentionable,
            "flags": 0,
        });
        if let Some(bot) = self.bot {
            role["tags"] = json!({ "bot_id": bot });
        }
        role
    }
}

/// What a role should be; what is not named stays, or is as Discord makes it.
#[derive(Clone, Debug, Default)]
pub struct RoleEdit {
    pub name: Option<String>,
    pub color: Option<u32>,
    pub hoist: Option<bool>,
    pub mentionable: Option<bool>,
    pub permissions: Option<Permissions>,
    pub unicode_emoji: Option<Option<String>>,
}

impl RoleEdit {
    pub fn named(name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..Self::default() }
    }

    fn apply(self, role: &mut Role) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut note = |key, old: Value, new: Value| {
            if old != new {
                changes.push(Change { key: Cow::Borrowed(key), old, new });
            }
        };
        if let Some(name) = self.name {
            note("name", json!(role.name), json!(name));
            role.name = name;
        }
        if let Some(color) = self.color {
            note("color", json!(role.color), json!(color));
            role.color = color;
        }
        if let Some(hoist) = self.hoist {
            note("hoist", json!(role.hoist), json!(hoist));
            role.hoist = hoist;
        }
        if let Some(mentionable) = self.mentionable {
            note("mentionable", json!(role.mentionable), json!(mentionable));
            role.mentionable = mentionable;
        }
        if let Some(permissions) = self.permissions {
            note("permissions", json!(role.permissions), json!(permissions));
            role.permissions = permissions;
        }
        if let Some(emoji) = self.unicode_emoji {
            note("unicode_emoji", json!(role.unicode_emoji), json!(emoji));
            role.unicode_emoji = emoji;
        }
        changes
    }
}

impl World {
    pub fn role(&self, guild: Id, role: Id) -> Answer<&Role> {
        self.guild(guild)?.roles.get(&role).ok_or(Refusal::UNKNOWN_ROLE)
    }

    /// A new role, just above @everyone; those above move up.
    pub fn create_role(&mut self, guild: Id, edit: RoleEdit, by: &By) -> Answer<Id> {
        let everyone = self.role(guild, guild)?.permissions;
        if self.guild(guild)?.roles.len() >= limits::MOST_ROLES {
            return Err(Refusal::MOST_ROLES);
        }
        let id = self.next_id();
        let mut role = Role {
            id,
            name: "new role".to_owned(),
            color: 0,
            hoist: false,
            mentionable: false,
            position: 1,
            permissions: everyone,
            bot: None,
            unicode_emoji: None,
        };
        edit.apply(&mut role);
        let name = role.name.clone();
        let wire = role.to_json();
        let guild_mut = self.guild_mut(guild)?;
        for other in guild_mut.roles.values_mut().filter(|other| other.position >= 1) {
            other.position += 1;
        }
        guild_mut.roles.insert(id, role);
        self.emit("GUILD_ROLE_CREATE", guild, json!({ "guild_id": guild, "role": wire }));
        let change = Change { key: Cow::Borrowed("name"), old: Value::Null, new: json!(name) };
        self.audit(guild, super::audit::ROLE_CREATE, Some(id), by, vec![change], None);
        Ok(id)
    }

    pub fn edit_role(&mut self, guild: Id, role: Id, edit: RoleEdit, by: &By) -> Answer {
        let found = self.guild_mut(guild)?.roles.get_mut(&role).ok_or(Refusal::UNKNOWN_ROLE)?;
        let changes = edit.apply(found);
        let wire = found.to_json();
        if changes.is_empty() {
            return Ok(());
        }
        self.emit("GUILD_ROLE_UPDATE", guild, json!({ "guild_id": guild, "role": wire }));
        self.audit(guild, super::audit::ROLE_UPDATE, Some(role), by, changes, None);
        Ok(())
    }

    /// Gives roles new places. Those not named keep their order around them; @everyone stays below.
    pub fn move_roles(&mut self, guild: Id, places: &[(Id, i64)], by: &By) -> Answer {
        let found = self.guild_mut(guild)?;
        if places.iter().any(|(role, _)| !found.roles.contains_key(role)) {
            return Err(Refusal::UNKNOWN_ROLE);
        }
        let wanted = |role: &Role| {
            let place = places.iter().find(|(id, _)| *id == role.id);
            // Where two want one place, the one that was moved there is above.
            place.map_or((role.position, 0), |(_, place)| (*place, 1))
        };
        let others = found.roles.values().filter(|role| role.id != guild);
        let mut order: Vec<_> =
            others.map(|role| (wanted(role), std::cmp::Reverse(role.id), role.id)).collect();
        order.sort_unstable();
        let mut moved = Vec::new();
        for (position, (_, _, id)) in (1..).zip(order) {
            if let Some(role) = found.roles.get_mut(&id)
                && role.position != position
            {
                let change = Change {
                    key: Cow::Borrowed("position"),
                    old: json!(role.position),
                    new: json!(position),
                };
                role.position = position;
                moved.push((id, change, role.to_json()));
            }
        }
        for (id, change, wire) in moved {
            self.emit("GUILD_ROLE_UPDATE", guild, json!({ "guild_id": guild, "role": wire }));
            if places.iter().any(|(named, _)| *named == id) {
                self.audit(guild, super::audit::ROLE_UPDATE, Some(id), by, vec![change], None);
            }
        }
        Ok(())
    }

    /// The role goes, and nobody has it any more.
    pub fn delete_role(&mut self, guild: Id, role: Id, by: &By) -> Answer {
        let found = self.guild_mut(guild)?;
        let known = found.roles.get(&role).ok_or(Refusal::UNKNOWN_ROLE)?;
        if role == guild || known.bot.is_some() {
            return Err(Refusal::INVALID_ROLE);
        }
        let (position, name) = (known.position, known.name.clone());
        found.roles.remove(&role);
        for other in found.roles.values_mut().filter(|other| other.position > position) {
            other.position -= 1;
        }
        for member in found.members.values_mut() {
            member.roles.retain(|held| *held != role);
        }
        let channels: Vec<_> = found.channels.iter().copied().collect();
        for channel in channels {
            if let Some(channel) = self.channels.get_mut(&channel) {
                channel.overwrites.retain(|overwrite| overwrite.id != role);
            }
        }
        self.emit("GUILD_ROLE_DELETE", guild, json!({ "guild_id": guild, "role_id": role }));
        let change = Change { key: Cow::Borrowed("name"), old: json!(name), new: Value::Null };
        self.audit(guild, super::audit::ROLE_DELETE, Some(role), by, vec![change], None);
        Ok(())
    }

    /// Roles of a guild as interactions resolve them: by id.
    pub fn roles_by_id(&self, guild: Id, ids: &[Id]) -> Map<String, Value> {
        let roles = self.guilds.get(&guild).map(|guild| &guild.roles);
        let found = ids.iter().filter_map(|id| roles?.get(id));
        found.map(|role| (role.id.to_string(), role.to_json())).collect()
    }
}
