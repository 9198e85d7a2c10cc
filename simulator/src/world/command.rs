//! Commands of an application: for every guild, or for one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Answer, Refusal, World};
use crate::{permissions::Permissions, snowflake::Id};

/// Kinds of commands on the wire.
pub mod kind {
    pub const CHAT: u8 = 1;
    pub const USER: u8 = 2;
    pub const MESSAGE: u8 = 3;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Command {
    pub id: Id,
    pub application: Id,
    pub guild: Option<Id>,
    /// Another one after every change.
    pub version: Id,
    pub kind: u8,
    pub name: String,
    /// What the application declared, checked and made whole.
    pub body: Map<String, Value>,
}

impl Command {
    pub fn to_json(&self) -> Value {
        let mut wire = self.body.clone();
        let mut default = |key: &str, value: Value| {
            wire.entry(key.to_owned()).or_insert(value);
        };
        default("name_localizations", Value::Null);
        default("description", json!(""));
        default("description_localizations", Value::Null);
        default("default_member_permissions", Value::Null);
        default("nsfw", json!(false));
        if self.guild.is_none() {
            default("dm_permission", json!(true));
            default("contexts", Value::Null);
            default("integration_types", json!([0]));
        }
        wire.insert("id".to_owned(), json!(self.id));
        wire.insert("application_id".to_owned(), json!(self.application));
        wire.insert("version".to_owned(), json!(self.version));
        wire.insert("type".to_owned(), json!(self.kind));
        wire.insert("name".to_owned(), json!(self.name));
        if let Some(guild) = self.guild {
            wire.insert("guild_id".to_owned(), json!(guild));
        }
        Value::Object(wire)
    }

    pub fn options(&self) -> &[Value] {
        self.body.get("options").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// What a member needs by default to see it; nothing: everybody does.
    pub fn needs(&self) -> Option<Permissions> {
        self.body.get("default_member_permissions").and_then(Permissions::read)
    }

    fn named(body: &Map<String, Value>) -> (u8, String) {
        let kind = body.get("type").and_then(Value::as_u64).unwrap_or(1);
        let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
        (u8::try_from(kind).unwrap_or(kind::CHAT), name.to_owned())
    }
}

impl World {
    pub fn commands(&self, app: Id, guild: Option<Id>) -> Answer<Vec<&Command>> {
        let all = &self.application(app)?.commands;
        Ok(all.iter().filter(|command| command.guild == guild).collect())
    }

    pub fn command(&self, app: Id, guild: Option<Id>, id: Id) -> Answer<&Command> {
        let all = &self.application(app)?.commands;
        let found = all.iter().find(|command| command.id == id && command.guild == guild);
        found.ok_or(Refusal::UNKNOWN_COMMAND)
    }

    /// Declares a command. One of the same kind and name is replaced, and keeps its id; where
    /// nothing differs it keeps its version too. Tells whether it is new.
    pub fn put_command(
        &mut self,
        app: Id,
        guild: Option<Id>,
        body: Map<String, Value>,
    ) -> Answer<(Id, bool)> {
        let version = self.next_id();
        let (kind, name) = Command::named(&body);
        let all = &mut self.application_mut(app)?.commands;
        let known = all
            .iter_mut()
            .find(|command| command.guild == guild && command.kind == kind && command.name == name);
        if let Some(known) = known {
            if known.body != body {
                known.body = body;
                known.version = version;
            }
            return Ok((known.id, false));
        }
        let id = version;
        all.push(Command { id, application: app, guild, version, kind, name, body });
        Ok((id, true))
    }

    /// Declares all commands of an application (in a guild) at once; those not named go.
    pub fn set_commands(
        &mut self,
        app: Id,
        guild: Option<Id>,
        bodies: Vec<Map<String, Value>>,
    ) -> Answer<Vec<Id>> {
        let mut kept = Vec::new();
        for body in bodies {
            kept.push(self.put_command(app, guild, body)?.0);
        }
        let all = &mut self.application_mut(app)?.commands;
        all.retain(|command| command.guild != guild || kept.contains(&command.id));
        Ok(kept)
    }

    /// Changes a command by its id; it may take another name.
    pub fn edit_command(
        &mut self,
        app: Id,
        guild: Option<Id>,
        id: Id,
        changes: Map<String, Value>,
    ) -> Answer {
        let version = self.next_id();
        let all = &mut self.application_mut(app)?.commands;
        let found = all.iter_mut().find(|command| command.id == id && command.guild == guild);
        let found = found.ok_or(Refusal::UNKNOWN_COMMAND)?;
        let before = found.body.clone();
        found.body.extend(changes);
        found.name = Command::named(&found.body).1;
        if found.body != before {
            found.version = version;
        }
        Ok(())
    }

    pub fn delete_command(&mut self, app: Id, guild: Option<Id>, id: Id) -> Answer {
        self.command(app, guild, id)?;
        self.application_mut(app)?.commands.retain(|command| command.id != id);
        Ok(())
    }

    /// The command that a member means by its name here: one of the guild goes before a global one.
    pub fn find_command(&self, guild: Option<Id>, kind: u8, name: &str) -> Option<&Command> {
        let here = |app: &&super::Application| {
            guild.is_none_or(|guild| {
                self.guilds.get(&guild).is_some_and(|guild| guild.apps.contains(&app.id))
            })
        };
        let apps: Vec<_> = self.applications.values().filter(here).collect();
        let find = |place: Option<Id>| {
            let all = apps.iter().flat_map(|app| &app.commands);
            let mut all = all.filter(move |command| command.guild == place);
            all.find(|command| command.kind == kind && command.name == name)
        };
        guild.and_then(|guild| find(Some(guild))).or_else(|| find(None))
    }
}
