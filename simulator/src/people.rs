//! People who act: members who write, use commands, press buttons, come and go. What they do goes
//! the way a real client's doing goes, and what the client would refuse is refused here.
//!
//! ```no_run
//! # async fn story(sim: &simulator::Sim, guild: simulator::Id) -> Result<(), simulator::people::Failed> {
//! use simulator::given;
//! let (maren, tobi) = (sim.member(guild, "maren")?, sim.member(guild, "tobi")?);
//! let general = sim.channel(guild, "general")?;
//! maren.says(general, "good morning")?;
//! let answer = maren.uses(general, "/bytes send", given! { user: &tobi, amount: 5 }).await?;
//! assert!(answer.is_ephemeral());
//! let done = answer.presses("Confirm").await?;
//! assert!(done.text().contains("sent"));
//! # Ok(())
//! # }
//! ```

pub mod answer;
mod complete;
mod components;
mod form;
pub mod given;
mod moderator;
mod options;
mod slash;
mod speech;
#[cfg(test)]
mod tests;
mod typed;
pub mod view;
mod wait;

use std::time::Duration;

pub use self::{
    answer::Answer,
    given::{Filled, Given},
    view::View,
};
use crate::{
    server::Sim,
    snowflake::Id,
    world::{Refusal, World},
};

/// How long somebody waits for an answer in real time, whatever the clock says.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Why something did not come about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// Discord said no.
    #[error("Discord refuses: {0}")]
    Refused(#[from] Refusal),
    /// A client would not even send it.
    #[error("a client would not send this: {0}")]
    Client(String),
    /// No first response within three seconds.
    #[error("The application did not respond")]
    NoResponse,
    /// What was waited for did not come.
    #[error("{what} did not come within {secs} s")]
    Patience { what: String, secs: u64 },
}

impl Failed {
    fn client(why: impl Into<String>) -> Self {
        Self::Client(why.into())
    }
}

/// Somebody, in a guild.
#[derive(Clone, Debug)]
pub struct Person {
    pub(crate) sim: Sim,
    pub user: Id,
    pub guild: Id,
}

impl Sim {
    /// A member by their username; somebody new of that name joins where there is none.
    pub fn member(&self, guild: Id, username: &str) -> Result<Person, Failed> {
        let mut world = self.world.lock();
        let user = match world.member_named(guild, username) {
            Some(user) => user,
            None => match world.user_named(username) {
                Some(user) => user,
                None => world.add_user(username, None)?,
            },
        };
        world.add_member(guild, user)?;
        drop(world);
        Ok(self.person(guild, user))
    }

    /// Somebody who is not, or not yet, in the guild.
    pub fn stranger(&self, guild: Id, username: &str) -> Result<Person, Failed> {
        let mut world = self.world.lock();
        let user = match world.user_named(username) {
            Some(user) => user,
            None => world.add_user(username, None)?,
        };
        drop(world);
        Ok(self.person(guild, user))
    }

    /// The owner of a guild, who may do everything by hand.
    pub fn admin(&self, guild: Id) -> Result<Person, Failed> {
        let owner = self.world.lock().guild(guild)?.owner;
        Ok(self.person(guild, owner))
    }

    pub fn person(&self, guild: Id, user: Id) -> Person {
        Person { sim: self.clone(), user, guild }
    }

    /// A channel by its name.
    pub fn channel(&self, guild: Id, name: &str) -> Result<Id, Failed> {
        let found = self.world.lock().channel_named(guild, name);
        found.ok_or(Failed::Refused(Refusal::UNKNOWN_CHANNEL))
    }

    /// A role by its name.
    pub fn role(&self, guild: Id, name: &str) -> Result<Id, Failed> {
        let world = self.world.lock();
        let found = world.guild(guild)?.roles.values().find(|role| role.name == name);
        found.map(|role| role.id).ok_or(Failed::Refused(Refusal::UNKNOWN_ROLE))
    }

    /// A message as the wire shows it now.
    pub fn view(&self, channel: Id, message: Id) -> Result<View, Failed> {
        Ok(View(self.world.lock().shown_message_json(channel, message)?))
    }
}

impl Person {
    /// The same person in another guild.
    pub fn in_guild(&self, guild: Id) -> Self {
        Self { sim: self.sim.clone(), user: self.user, guild }
    }

    /// `<@175928847299117063>`
    pub fn mention(&self) -> String {
        format!("<@{}>", self.user)
    }

    /// The names of the roles they have.
    pub fn roles(&self) -> Vec<String> {
        let world = self.sim.world.lock();
        let Some(guild) = world.guilds.get(&self.guild) else { return Vec::new() };
        let Some(member) = guild.members.get(&self.user) else { return Vec::new() };
        let roles = member.roles.iter().filter_map(|role| guild.roles.get(role));
        roles.map(|role| role.name.clone()).collect()
    }

    pub fn is_member(&self) -> bool {
        self.sim.world.lock().member(self.guild, self.user).is_ok()
    }
}

impl World {
    pub fn user_named(&self, username: &str) -> Option<Id> {
        let mut users = self.users.values();
        users.find(|user| user.username == username && !user.bot).map(|user| user.id)
    }

    pub fn member_named(&self, guild: Id, name: &str) -> Option<Id> {
        let members = &self.guilds.get(&guild)?.members;
        let named = |wanted: &dyn Fn(&crate::world::user::User) -> bool| {
            let users = members.keys().filter_map(|user| self.users.get(user));
            let mut users = users.filter(|user| wanted(user));
            users.next().map(|user| user.id)
        };
        named(&|user| user.username == name)
            .or_else(|| named(&|user| user.global_name.as_deref() == Some(name)))
    }
}
