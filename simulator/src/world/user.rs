//! Users: people and bots, the same in every guild.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, Refusal, World};
use crate::{limits, snowflake::Id};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    pub id: Id,
    pub username: String,
    pub global_name: Option<String>,
    pub avatar: Option<String>,
    pub bot: bool,
    pub locale: String,
    /// Whether strangers and bots may write to them.
    pub takes_direct_messages: bool,
    /// `online`, `idle`, `dnd` or `offline`, and what they do.
    pub status: String,
    pub activities: Vec<Value>,
    /// Direct messages with them: the other user, and the channel.
    pub direct: Vec<(Id, Id)>,
}

impl User {
    /// How Discord describes a user to others.
    pub fn to_json(&self) -> Value {
        let mut user = json!({
            "id": self.id,
            "username": self.username,
            "discriminator": if self.bot { "0001" } else { "0" },
            "global_name": self.global_name,
            "avatar": self.avatar,
            "avatar_decoration_data": null,
            "collectibles": null,
            "primary_guild": null,
            "banner": null,
            "accent_color": null,
            "public_flags": 0,
            "flags": 0,
        });
        if self.bot {
            user["bot"] = json!(true);
        }
        user
    }

    /// How Discord describes a user to itself; the address only to whom it was granted.
    pub fn to_own_json(&self, with_email: bool) -> Value {
        let mut user = self.to_json();
        user["bot"] = json!(self.bot);
        user["mfa_enabled"] = json!(self.bot);
        user["locale"] = json!(self.locale);
        user["verified"] = json!(true);
        user["premium_type"] = json!(0);
        user["email"] = if with_email && !self.bot {
            json!(format!("{}@example.org", self.username))
        } else {
            Value::Null
        };
        user
    }

    /// The name that others see where no guild gives another.
    pub fn display_name(&self) -> &str {
        self.global_name.as_deref().unwrap_or(&self.username)
    }
}

impl World {
    /// Somebody signs up. Names are as Discord wants them: 2–32 of `a-z0-9_.`.
    pub fn add_user(&mut self, username: &str, global_name: Option<&str>) -> Answer<Id> {
        self.add_account(username, global_name, false)
    }

    pub(super) fn add_account(
        &mut self,
        username: &str,
        global_name: Option<&str>,
        bot: bool,
    ) -> Answer<Id> {
        let length = username.chars().count();
        let plain = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_.".contains(letter)
        };
        if !(2..=32).contains(&length) || !(bot || username.chars().all(plain)) {
            let rule = "a username has 2 to 32 lower-case letters, digits, `_` or `.`";
            return Err(Refusal::wrong(rule));
        }
        if self.users.len() >= limits::MOST_USERS {
            return Err(Refusal::WORLD_IS_FULL);
        }
        let id = self.next_id();
        let user = User {
            id,
            username: username.to_owned(),
            global_name: global_name.map(ToOwned::to_owned),
            avatar: None,
            bot,
            locale: "en-US".to_owned(),
            takes_direct_messages: true,
            status: "online".to_owned(),
            activities: Vec::new(),
            direct: Vec::new(),
        };
        self.users.insert(id, user);
        Ok(id)
    }

    pub fn user(&self, id: Id) -> Answer<&User> {
        self.users.get(&id).ok_or(Refusal::UNKNOWN_USER)
    }

    pub fn user_mut(&mut self, id: Id) -> Answer<&mut User> {
        self.users.get_mut(&id).ok_or(Refusal::UNKNOWN_USER)
    }

    /// A user on the wire; one that is gone is shown as Discord shows a deleted account.
    pub fn user_json(&self, id: Id) -> Value {
        match self.users.get(&id) {
            Some(user) => user.to_json(),
            None => json!({
                "id": id,
                "username": format!("deleted_user_{:08x}", id.get() & 0xffff_ffff),
                "discriminator": "0",
                "global_name": null,
                "avatar": null,
                "public_flags": 0,
            }),
        }
    }

    /// Somebody changes their name or their picture; every guild they share with a bot hears it.
    pub fn edit_user(
        &mut self,
        id: Id,
        username: Option<&str>,
        avatar: Option<Option<&str>>,
    ) -> Answer {
        let user = self.user_mut(id)?;
        if let Some(name) = username {
            name.clone_into(&mut user.username);
        }
        if let Some(avatar) = avatar {
            user.avatar = avatar.map(ToOwned::to_owned);
        }
        let own = user.to_own_json(false);
        if let Some(app) = self.application_of(id) {
            self.emit_to("USER_UPDATE", app, None, own);
        }
        let theirs = self.guilds.values().filter(|guild| guild.members.contains_key(&id));
        let guilds: Vec<_> = theirs.map(|guild| guild.id).collect();
        for guild in guilds {
            self.emit_member_update(guild, id);
        }
        Ok(())
    }

    /// Somebody is there, away, or does something else; told to who may hear of it.
    pub fn set_presence(&mut self, id: Id, status: &str, activities: Vec<Value>) {
        let Some(user) = self.users.get_mut(&id) else { return };
        // Who wants to be invisible looks offline.
        let status = if status == "invisible" { "offline" } else { status };
        status.clone_into(&mut user.status);
        user.activities = activities;
        let theirs = self.guilds.values().filter(|guild| guild.members.contains_key(&id));
        for guild in theirs {
            let wire = self.presence_json(id, Some(guild.id));
            self.emit("PRESENCE_UPDATE", guild.id, wire);
        }
    }

    pub fn presence_json(&self, id: Id, guild: Option<Id>) -> Value {
        let user = self.users.get(&id);
        let status = user.map_or("offline", |user| user.status.as_str());
        let client = if status == "offline" { json!({}) } else { json!({ "desktop": status }) };
        let mut wire = json!({
            "user": { "id": id },
            "status": status,
            "activities": user.map_or(&[][..], |user| user.activities.as_slice()),
            "client_status": client,
        });
        if let Some(guild) = guild {
            wire["guild_id"] = json!(guild);
        }
        wire
    }
}
