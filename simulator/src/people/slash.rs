//! Commands: chosen, filled in and sent.

use serde_json::{Map, Value, json};

use super::{
    Answer, Failed, Filled, Given, Person,
    options::{Resolver, kind as option_kind},
};
use crate::{
    permissions::Permissions,
    snowflake::Id,
    world::{
        World,
        command::{Command, kind},
        interaction::{Kind, NewInteraction},
    },
};

impl Person {
    /// Uses a command: `/bytes send`, with its options. Comes back when the application has
    /// responded, and where it said that it would take longer, when it has done so.
    pub async fn uses(
        &self,
        channel: Id,
        command: &str,
        options: Filled,
    ) -> Result<Answer, Failed> {
        let new = self.call(channel, command, &options, None)?;
        self.interacts(new).await
    }

    /// Uses a command of the menu on somebody.
    pub async fn uses_on_user(
        &self,
        channel: Id,
        command: &str,
        target: &Self,
    ) -> Result<Answer, Failed> {
        let new = {
            let world = self.sim.world.lock();
            let (found, guild) = self.find_command(&world, channel, kind::USER, command)?;
            let mut resolver = Resolver::new(&world, guild, self.user);
            let id = resolver.user(&Given::Id(target.user)).map_err(Failed::client)?;
            let data = menu_data(found, id, resolver);
            self.new_command(found, guild, channel, command.to_owned(), data)
        };
        self.interacts(new).await
    }

    /// Uses a command of the menu on a message.
    pub async fn uses_on_message(
        &self,
        channel: Id,
        command: &str,
        message: Id,
    ) -> Result<Answer, Failed> {
        let new = {
            let world = self.sim.world.lock();
            let (found, guild) = self.find_command(&world, channel, kind::MESSAGE, command)?;
            let mut resolver = Resolver::new(&world, guild, self.user);
            resolver.message(channel, message)?;
            let data = menu_data(found, message, resolver);
            self.new_command(found, guild, channel, command.to_owned(), data)
        };
        self.interacts(new).await
    }

    /// The commands that a client would offer them here.
    pub fn commands(&self, channel: Id) -> Vec<String> {
        let world = self.sim.world.lock();
        let guild = world.channels.get(&channel).and_then(|channel| channel.guild);
        let apps = world.applications.values();
        let all = apps.flat_map(|app| &app.commands);
        let all = all.filter(|command| command.guild.is_none() || command.guild == guild);
        let mut names: Vec<_> = all
            .filter(|command| self.is_shown(&world, command, guild, channel).is_ok())
            .map(|command| match command.kind {
                kind::CHAT => format!("/{}", command.name),
                _ => command.name.clone(),
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    fn find_command<'a>(
        &self,
        world: &'a World,
        channel: Id,
        kind: u8,
        name: &str,
    ) -> Result<(&'a Command, Option<Id>), Failed> {
        let guild = world.channel(channel)?.guild;
        let found = world.find_command(guild, kind, name);
        let found = found.ok_or_else(|| {
            Failed::client(format!("there is no command {name:?} here; is it deployed?"))
        })?;
        self.is_shown(world, found, guild, channel)?;
        Ok((found, guild))
    }

    /// Whether a client would show a command to them, and let them send it.
    fn is_shown(
        &self,
        world: &World,
        command: &Command,
        guild: Option<Id>,
        channel: Id,
    ) -> Result<(), Failed> {
        let name = &command.name;
        let Some(guild) = guild else {
            let with_bot = world.channel(channel)?.recipients.contains(&command.application);
            let contexts = command.body.get("contexts").and_then(Value::as_array);
            let in_direct = match contexts {
                Some(contexts) => contexts.contains(&json!(1)),
                None => command.body.get("dm_permission") != Some(&json!(false)),
            };
            if with_bot && in_direct {
                return Ok(());
            }
            return Err(Failed::client(format!("{name} is not for direct messages")));
        };
        let contexts = command.body.get("contexts").and_then(Value::as_array);
        if contexts.is_some_and(|contexts| !contexts.contains(&json!(0))) {
            return Err(Failed::client(format!("{name} is not for guilds")));
        }
        world.member(guild, self.user)?;
        let held = world.permissions_in(channel, self.user);
        if !held.has(Permissions::VIEW_CHANNEL | Permissions::USE_APPLICATION_COMMANDS) {
            return Err(Failed::client("they may not use commands in this channel"));
        }
        let shown = match command.needs() {
            None => true,
            // Nobody but administrators, until somebody says otherwise.
            Some(Permissions::NONE) => held.has(Permissions::ADMINISTRATOR),
            Some(needed) => held.has(needed),
        };
        if shown { Ok(()) } else { Err(Failed::client(format!("{name} is not shown to them"))) }
    }

    /// The interaction that a filled-in command is; `focus` is the option that is being typed.
    pub(super) fn call(
        &self,
        channel: Id,
        path: &str,
        filled: &Filled,
        focus: Option<&str>,
    ) -> Result<NewInteraction, Failed> {
        let mut words = path.trim().trim_start_matches('/').split_whitespace();
        let name = words.next().ok_or_else(|| Failed::client("name a command"))?;
        let words: Vec<&str> = words.collect();
        let world = self.sim.world.lock();
        let (command, guild) = self.find_command(&world, channel, kind::CHAT, name)?;
        let (taken, definitions) = descend(command.options(), &words)?;
        let mut resolver = Resolver::new(&world, guild, self.user);
        let leaves = fill(&mut resolver, definitions, filled, focus)?;
        let options = taken.iter().rev().fold(leaves, |inner, step| {
            vec![json!({ "name": step["name"], "type": step["type"], "options": inner })]
        });
        let mut data = json!({ "id": command.id, "name": command.name, "type": command.kind });
        if !options.is_empty() {
            data["options"] = json!(options);
        }
        if let Some(guild) = command.guild {
            data["guild_id"] = json!(guild);
        }
        let resolved = resolver.into_resolved();
        if !resolved.is_empty() {
            data["resolved"] = Value::Object(resolved);
        }
        let full = [&[name], &words[..]].concat().join(" ");
        let mut new = self.new_command(command, guild, channel, full, data);
        if focus.is_some() {
            new.kind = Kind::Autocomplete;
        }
        Ok(new)
    }

    fn new_command(
        &self,
        command: &Command,
        guild: Option<Id>,
        channel: Id,
        name: String,
        data: Value,
    ) -> NewInteraction {
        NewInteraction {
            application: command.application,
            kind: Kind::Command,
            user: self.user,
            guild,
            channel,
            message: None,
            name,
            data,
        }
    }
}

fn menu_data(command: &Command, target: Id, resolver: Resolver<'_>) -> Value {
    let mut data = json!({
        "id": command.id, "name": command.name, "type": command.kind, "target_id": target,
        "resolved": resolver.into_resolved(),
    });
    if let Some(guild) = command.guild {
        data["guild_id"] = json!(guild);
    }
    data
}

/// Goes down to the subcommand that the words name: the steps taken, and the options there.
fn descend<'a>(
    options: &'a [Value],
    words: &[&str],
) -> Result<(Vec<&'a Value>, &'a [Value]), Failed> {
    let is_step = |option: &&Value| {
        matches!(option["type"].as_u64(), Some(option_kind::SUBCOMMAND | option_kind::GROUP))
    };
    let (mut steps, mut here) = (Vec::new(), options);
    for word in words {
        let step = here.iter().filter(is_step).find(|option| option["name"] == *word);
        let step =
            step.ok_or_else(|| Failed::client(format!("there is no subcommand {word:?}")))?;
        steps.push(step);
        here = step["options"].as_array().map_or(&[], Vec::as_slice);
    }
    if here.iter().any(|option| is_step(&option)) {
        let names = here.iter().filter_map(|option| option["name"].as_str());
        let names: Vec<_> = names.collect();
        return Err(Failed::client(format!("choose a subcommand: {}", names.join(", "))));
    }
    Ok((steps, here))
}

/// The options on the wire, in the order in which they are declared.
fn fill(
    resolver: &mut Resolver<'_>,
    definitions: &[Value],
    filled: &Filled,
    focus: Option<&str>,
) -> Result<Vec<Value>, Failed> {
    let known = |name: &str| definitions.iter().any(|option| option["name"] == *name);
    if let Some((name, _)) = filled.iter().find(|(name, _)| !known(name)) {
        return Err(Failed::client(format!("there is no option {name:?}")));
    }
    if let Some(name) = focus.filter(|name| !known(name)) {
        return Err(Failed::client(format!("there is no option {name:?} to complete")));
    }
    let mut wire = Vec::new();
    for definition in definitions {
        let name = definition["name"].as_str().unwrap_or_default();
        let mut given = filled.iter().filter(|(filled, _)| filled == name);
        let (one, another) = (given.next(), given.next());
        if another.is_some() {
            return Err(Failed::client(format!("{name} is given twice")));
        }
        let mut option: Map<String, Value> = Map::new();
        option.insert("name".to_owned(), json!(name));
        option.insert("type".to_owned(), definition["type"].clone());
        let value = match one {
            // What is being typed is sent as it stands, whatever the option takes.
            Some((_, Given::Text(text))) if focus == Some(name) => json!(text),
            Some((_, given)) => resolver.value(definition, given)?,
            None if focus == Some(name) => json!(""),
            None if definition["required"] == true && focus.is_none() => {
                return Err(Failed::client(format!("{name} is required")));
            }
            None => continue,
        };
        if focus == Some(name) {
            if definition["autocomplete"] != true {
                return Err(Failed::client(format!("{name} is not completed by the application")));
            }
            option.insert("focused".to_owned(), json!(true));
        }
        option.insert("value".to_owned(), value);
        wire.push(Value::Object(option));
    }
    Ok(wire)
}
