//! Options of a command, checked and resolved as Discord's client does it before it sends them.

use serde_json::{Map, Value, json};

use super::{Failed, Given};
use crate::{snowflake::Id, world::World};

/// Kinds of options on the wire.
pub mod kind {
    pub const SUBCOMMAND: u64 = 1;
    pub const GROUP: u64 = 2;
    pub const TEXT: u64 = 3;
    pub const INTEGER: u64 = 4;
    pub const FLAG: u64 = 5;
    pub const USER: u64 = 6;
    pub const CHANNEL: u64 = 7;
    pub const ROLE: u64 = 8;
    pub const MENTIONABLE: u64 = 9;
    pub const NUMBER: u64 = 10;
    pub const FILE: u64 = 11;
}

/// What an integer may be at most, so that every client can count it.
const LARGEST_INTEGER: i64 = (1 << 53) - 1;
const LONGEST_TEXT: u64 = 6_000;

/// Turns what is given into what is sent, and collects whom and what it names.
pub(super) struct Resolver<'a> {
    world: &'a World,
    guild: Option<Id>,
    user: Id,
    resolved: Map<String, Value>,
}

impl<'a> Resolver<'a> {
    pub fn new(world: &'a World, guild: Option<Id>, user: Id) -> Self {
        Self { world, guild, user, resolved: Map::new() }
    }

    /// What was named, by kind and id.
    pub fn into_resolved(self) -> Map<String, Value> {
        self.resolved
    }

    /// The value of an option on the wire.
    pub fn value(&mut self, definition: &Value, given: &Given) -> Result<Value, Failed> {
        let name = definition["name"].as_str().unwrap_or_default();
        let refuse = |why: String| Failed::client(format!("{name}: {why}"));
        let value = match definition["type"].as_u64().unwrap_or(0) {
            kind::TEXT => {
                let text = text_of(given).ok_or_else(|| refuse("it takes text".into()))?;
                check_length(definition, &text).map_err(refuse)?;
                json!(text)
            }
            kind::INTEGER => {
                let number = match given {
                    Given::Integer(number) => Some(*number),
                    Given::Text(text) => choice_or(definition, text, |text| text.parse().ok()),
                    _ => None,
                };
                let number = number.ok_or_else(|| refuse("it takes a whole number".into()))?;
                if !(-LARGEST_INTEGER..=LARGEST_INTEGER).contains(&number) {
                    return Err(refuse("the number is too large".into()));
                }
                #[expect(clippy::cast_precision_loss, reason = "it is at most 53 bits long")]
                check_range(definition, number as f64).map_err(refuse)?;
                json!(number)
            }
            kind::NUMBER => {
                let number = match given {
                    #[expect(clippy::cast_precision_loss, reason = "a person typed it")]
                    Given::Integer(number) => Some(*number as f64),
                    Given::Number(number) => Some(*number),
                    Given::Text(text) => choice_or(definition, text, |text| text.parse().ok()),
                    _ => None,
                };
                let number = number.filter(|number| number.is_finite());
                let number = number.ok_or_else(|| refuse("it takes a number".into()))?;
                check_range(definition, number).map_err(refuse)?;
                json!(number)
            }
            kind::FLAG => match given {
                Given::Flag(flag) => json!(flag),
                Given::Text(text) if ["true", "false"].contains(&text.to_lowercase().as_str()) => {
                    json!(text.eq_ignore_ascii_case("true"))
                }
                _ => return Err(refuse("it takes true or false".into())),
            },
            kind::USER => json!(self.user(given).map_err(refuse)?),
            kind::ROLE => json!(self.role(given).map_err(refuse)?),
            kind::CHANNEL => json!(self.channel(definition, given).map_err(refuse)?),
            kind::MENTIONABLE => match self.role(given) {
                Ok(role) => json!(role),
                Err(_) => json!(self.user(given).map_err(refuse)?),
            },
            kind::FILE => {
                let Given::File(file) = given else {
                    return Err(refuse("it takes a file".into()));
                };
                let id = file["id"].as_str().unwrap_or("1").to_owned();
                self.note("attachments", &id, file.clone());
                json!(id)
            }
            _ => return Err(refuse("it is no option with a value".into())),
        };
        let choices = definition["choices"].as_array().filter(|choices| !choices.is_empty());
        if let Some(choices) = choices {
            return picked(choices, &value).ok_or_else(|| {
                let known = choices.iter().filter_map(|choice| choice["name"].as_str());
                let known: Vec<_> = known.collect();
                refuse(format!("it is one of: {}", known.join(", ")))
            });
        }
        Ok(value)
    }

    fn note(&mut self, kind: &str, id: &str, what: Value) {
        let known = self.resolved.entry(kind.to_owned()).or_insert_with(|| json!({}));
        known[id] = what;
    }

    pub fn user(&mut self, given: &Given) -> Result<Id, String> {
        let found = self.find(given, &["<@!", "<@", "@"], |world, name| {
            let here = self.guild.and_then(|guild| world.member_named(guild, name));
            here.or_else(|| world.user_named(name)).or_else(|| {
                let mut bots = world.users.values().filter(|user| user.bot);
                bots.find(|user| user.username == name).map(|user| user.id)
            })
        });
        let user = found.filter(|id| self.world.users.contains_key(id));
        let user = user.ok_or("it takes a user, and there is none of that name")?;
        self.note("users", &user.to_string(), self.world.user_json(user));
        let guild = self.guild.and_then(|guild| self.world.guilds.get(&guild));
        if let Some(guild) = guild.filter(|guild| guild.members.contains_key(&user)) {
            let mut member = self.world.partial_member_json(guild, user);
            member["permissions"] = json!(self.world.permissions(guild.id, user));
            self.note("members", &user.to_string(), member);
        }
        Ok(user)
    }

    pub fn role(&mut self, given: &Given) -> Result<Id, String> {
        let guild = self.guild.and_then(|guild| self.world.guilds.get(&guild));
        let guild = guild.ok_or("roles are of guilds only")?;
        let found = self.find(given, &["<@&", "@"], |_, name| {
            guild.roles.values().find(|role| role.name == name).map(|role| role.id)
        });
        let role = found.and_then(|id| guild.roles.get(&id));
        let role = role.ok_or("it takes a role, and there is none of that name")?;
        self.note("roles", &role.id.to_string(), role.to_json());
        Ok(role.id)
    }

    pub fn channel(&mut self, definition: &Value, given: &Given) -> Result<Id, String> {
        let guild = self.guild.ok_or("channels are of guilds only")?;
        let found = self
            .find(given, &["<#", "#"], |world, name| world.channel_named(guild, name))
            .and_then(|id| self.world.channels.get(&id))
            .filter(|channel| channel.guild == Some(guild));
        let channel = found.ok_or("it takes a channel, and there is none of that name")?;
        let types = definition["channel_types"].as_array().filter(|types| !types.is_empty());
        if types.is_some_and(|types| !types.contains(&json!(channel.kind as u8))) {
            return Err("a channel of that type cannot be chosen".into());
        }
        let mut wire = self.world.channel_wire(channel, true);
        wire["permissions"] = json!(self.world.permissions_in(channel.id, self.user));
        let id = channel.id;
        self.note("channels", &id.to_string(), wire);
        Ok(id)
    }

    /// Notes a message that a command is used on.
    pub fn message(&mut self, channel: Id, message: Id) -> Result<(), Failed> {
        let wire = self.world.shown_message_json(channel, message)?;
        self.note("messages", &message.to_string(), wire);
        Ok(())
    }

    /// An id as it is, in a mention, or by a name.
    fn find(
        &self,
        given: &Given,
        marks: &[&str],
        by_name: impl Fn(&World, &str) -> Option<Id>,
    ) -> Option<Id> {
        match given {
            Given::Id(id) => Some(*id),
            Given::Integer(id) => u64::try_from(*id).ok().and_then(Id::new),
            Given::Text(text) => {
                let mark = marks.iter().find_map(|mark| text.strip_prefix(mark));
                let plain = mark.unwrap_or(text);
                let plain = plain.strip_suffix('>').unwrap_or(plain);
                by_name(self.world, plain).or_else(|| plain.parse().ok())
            }
            _ => None,
        }
    }
}

fn text_of(given: &Given) -> Option<String> {
    Some(match given {
        Given::Text(text) => text.clone(),
        Given::Integer(number) => number.to_string(),
        Given::Number(number) => number.to_string(),
        Given::Id(id) => id.to_string(),
        Given::Flag(_) | Given::File(_) | Given::Several(_) => return None,
    })
}

/// Text as a number; or the number that stands behind a choice of that name.
fn choice_or<T: serde::de::DeserializeOwned>(
    definition: &Value,
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let choices = definition["choices"].as_array();
    let mut choices = choices.into_iter().flatten();
    let named = choices.find(|choice| choice["name"].as_str() == Some(text));
    match named {
        Some(choice) => serde_json::from_value(choice["value"].clone()).ok(),
        None => parse(text),
    }
}

/// The value of the choice that was meant, by its value or its name.
fn picked(choices: &[Value], value: &Value) -> Option<Value> {
    let found = choices.iter().find(|choice| {
        choice["value"] == *value
            || choice["name"] == *value
            || (choice["value"].is_number() && choice["value"].as_f64() == value.as_f64())
    });
    found.map(|choice| choice["value"].clone())
}

fn check_length(definition: &Value, text: &str) -> Result<(), String> {
    let length = text.chars().count() as u64;
    let least = definition["min_length"].as_u64().unwrap_or(0);
    let most = definition["max_length"].as_u64().unwrap_or(LONGEST_TEXT);
    if length < least {
        return Err(format!("it takes at least {least} letters"));
    }
    if length > most {
        return Err(format!("it takes at most {most} letters"));
    }
    Ok(())
}

fn check_range(definition: &Value, number: f64) -> Result<(), String> {
    if let Some(least) = definition["min_value"].as_f64().filter(|least| number < *least) {
        return Err(format!("it is at least {least}"));
    }
    if let Some(most) = definition["max_value"].as_f64().filter(|most| number > *most) {
        return Err(format!("it is at most {most}"));
    }
    Ok(())
}
