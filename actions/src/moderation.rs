//! What someone may do about somebody else's conduct.
//!
//! What people ask for is here and in the files beside; what happens by itself, at its time or
//! because Discord answered, is in `upkeep.rs`.

pub mod upkeep;

use domain::{
    Decider as _, GuildId, IdempotencyKey,
    moderation::{Command, Event, Moderation, ModerationSettings, Terms},
};
use eventlog::{Decision, StreamId};

use crate::{
    ActionError, Actions, Caller,
    modules::{Module, Offer},
};

pub const MODULE: Module = Module {
    name: "moderation",
    title: "Moderation",
    about: "Warnings, timeouts, kicks and bans, each with a case that can be read and appealed.",
    offer: Offer::Standard,
};

impl Actions {
    /// The policy in force, with its version.
    pub async fn moderation_terms(&self, guild: GuildId) -> Result<Terms, ActionError> {
        self.settings::<ModerationSettings>(guild).await
    }

    /// Decides something about a guild's moderation.
    async fn moderate(
        &self,
        guild: GuildId,
        caller: &Caller,
        key: &IdempotencyKey,
        command: &Command,
    ) -> Result<Decision<Event>, ActionError> {
        let policy = match command {
            Command::Warn { terms, .. } => Some(terms.version),
            Command::Punish { order, .. } | Command::PunishMany { order, .. } => {
                Some(order.terms.version)
            }
            _ => None,
        };
        let request = self.request(guild, caller, key, policy).await?;
        let stream = StreamId::of_guild(Moderation::CAPABILITY, guild);
        Ok(self.bus().execute::<Moderation>(&stream, command, &request).await?)
    }
}
