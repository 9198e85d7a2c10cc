//! One request on its way through: who asks, for what, and with what in hand.

use parking_lot::MutexGuard;
use serde_json::Value;

use super::{
    Shared, form,
    multipart::Sent,
    refusal::{MISSING_ACCESS, MISSING_PERMISSIONS, MISSING_SCOPE, Refusal, UNAUTHORIZED},
};
use crate::{
    permissions::Permissions,
    snowflake::Id,
    world::{self, By, World},
};

/// Who sent the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    Bot {
        application: Id,
        user: Id,
    },
    /// A person, for whom an application speaks, within what they granted.
    Person {
        user: Id,
        application: Id,
        scopes: Vec<String>,
        expires_ms: u64,
    },
    /// Nobody in particular: a token in the path says enough.
    Anybody,
}

/// What goes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub json: Option<Value>,
}

impl Answer {
    pub fn json(json: Value) -> Self {
        Self { status: 200, json: Some(json) }
    }

    pub fn created(json: Value) -> Self {
        Self { status: 201, json: Some(json) }
    }

    pub const EMPTY: Self = Self { status: 204, json: None };
}

pub type Done = Result<Answer, Refusal>;

#[derive(Debug)]
pub struct Call {
    pub sim: Shared,
    pub caller: Caller,
    pub path: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
    pub sent: Sent,
    pub reason: Option<String>,
    /// Where this server is reached, for addresses in answers.
    pub host: String,
}

impl Call {
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.sim.world.lock()
    }

    pub fn part(&self, name: &str) -> &str {
        let found = self.path.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// An id in the path.
    pub fn id(&self, name: &str) -> Result<Id, Refusal> {
        let text = self.part(name);
        text.parse().map_err(|_| {
            let message = format!("Value \"{text}\" is not snowflake.");
            form::refused(name, "NUMBER_TYPE_COERCE", message)
        })
    }

    pub fn asked(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub fn asked_id(&self, name: &str) -> Result<Option<Id>, Refusal> {
        let Some(text) = self.asked(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            let message = format!("Value \"{text}\" is not snowflake.");
            form::refused(name, "NUMBER_TYPE_COERCE", message)
        })
    }

    pub fn asked_flag(&self, name: &str) -> bool {
        matches!(self.asked(name), Some("true" | "1" | "True"))
    }

    /// A number of things to list, within Discord's bounds for it.
    pub fn limit(&self, least: usize, most: usize, usual: usize) -> Result<usize, Refusal> {
        let Some(text) = self.asked("limit") else { return Ok(usual) };
        let Ok(number) = text.parse::<usize>() else {
            let message = format!("Value \"{text}\" is not int.");
            return Err(form::refused("limit", "NUMBER_TYPE_COERCE", message));
        };
        if number < least {
            let message = format!("int value should be greater than or equal to {least}.");
            return Err(form::refused("limit", "NUMBER_TYPE_MIN", message));
        }
        if number > most {
            let message = format!("int value should be less than or equal to {most}.");
            return Err(form::refused("limit", "NUMBER_TYPE_MAX", message));
        }
        Ok(number)
    }

    /// The user who asks: the bot's own, or the person.
    pub fn user(&self) -> Result<Id, Refusal> {
        match &self.caller {
            Caller::Bot { user, .. } | Caller::Person { user, .. } => Ok(*user),
            Caller::Anybody => Err(UNAUTHORIZED),
        }
    }

    pub fn bot(&self) -> Result<(Id, Id), Refusal> {
        match &self.caller {
            Caller::Bot { application, user } => Ok((*application, *user)),
            _ => Err(UNAUTHORIZED),
        }
    }

    /// A person granted this, or it is a bot, which needs no grant.
    pub fn scope(&self, scope: &str) -> Result<(), Refusal> {
        match &self.caller {
            Caller::Person { scopes, .. } if !scopes.iter().any(|known| known == scope) => {
                Err(MISSING_SCOPE)
            }
            Caller::Anybody => Err(UNAUTHORIZED),
            _ => Ok(()),
        }
    }

    /// As whom it is done, and why.
    pub fn by(&self) -> Result<By, Refusal> {
        Ok(By { user: self.user()?, reason: self.reason.clone() })
    }

    /// The guild in the path, in which the bot is a member.
    pub fn guild(&self, world: &World) -> Result<Id, Refusal> {
        let id = self.id("guild_id")?;
        let (_, bot) = self.bot()?;
        if world.guild(id)?.members.contains_key(&bot) { Ok(id) } else { Err(MISSING_ACCESS) }
    }

    /// The guild in the path, in which the bot may do this.
    pub fn guild_for(&self, world: &World, need: Permissions) -> Result<Id, Refusal> {
        let guild = self.guild(world)?;
        self.need(world, guild, need)?;
        Ok(guild)
    }

    pub fn need(&self, world: &World, guild: Id, need: Permissions) -> Result<(), Refusal> {
        let (_, bot) = self.bot()?;
        if world.may(guild, bot, need) { Ok(()) } else { Err(MISSING_PERMISSIONS) }
    }

    /// The channel in the path, which the bot can see.
    pub fn channel(&self, world: &World) -> Result<Id, Refusal> {
        let id = self.id("channel_id")?;
        let (_, bot) = self.bot()?;
        let channel = world.channel(id)?;
        let sees = match channel.guild {
            Some(_) => world.may_in(id, bot, Permissions::VIEW_CHANNEL),
            None => channel.recipients.contains(&bot),
        };
        if sees { Ok(id) } else { Err(MISSING_ACCESS) }
    }

    /// The channel in the path, in which the bot may do this. In a direct message everybody may.
    pub fn channel_for(&self, world: &World, need: Permissions) -> Result<Id, Refusal> {
        let channel = self.channel(world)?;
        self.need_in(world, channel, need)?;
        Ok(channel)
    }

    pub fn need_in(&self, world: &World, channel: Id, need: Permissions) -> Result<(), Refusal> {
        let (_, bot) = self.bot()?;
        let direct = world.channel(channel)?.guild.is_none();
        let may = direct || world.may_in(channel, bot, need);
        if may { Ok(()) } else { Err(MISSING_PERMISSIONS) }
    }

    /// The bot stands above that member, as kicks, bans and nicknames need it.
    pub fn above(&self, world: &World, guild: Id, target: Id) -> Result<(), Refusal> {
        let (_, bot) = self.bot()?;
        if world.can_act_on(guild, bot, target) { Ok(()) } else { Err(MISSING_PERMISSIONS) }
    }
}

impl From<world::Refusal> for Refusal {
    fn from(refusal: world::Refusal) -> Self {
        let world::Refusal { status, code, message } = refusal;
        Self { status, code, message, errors: None }
    }
}
