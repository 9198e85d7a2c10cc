//! Appeals: a member asks that a case be looked at again, and a moderator answers.

use domain::{
    CaseNumber, GuildId, IdempotencyKey, Personal,
    case::{self, Event, Kind},
};

use super::{MODULE, Opening, Pardoned, no_such_case, refused};
use crate::{ActionError, Actions, Caller};

/// What a decision on an appeal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    Refused,
    Accepted(Pardoned),
}

impl Actions {
    /// Answers the number of the appeal: 1 for the first against that case.
    #[tracing::instrument(name = "moderation.appeal", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn appeal(
        &self,
        guild: GuildId,
        caller: &Caller,
        number: CaseNumber,
        text: &str,
        key: &IdempotencyKey,
    ) -> Result<u32, ActionError> {
        let user = caller.user().ok_or(ActionError::NotYourself)?;
        // Also somebody who was banned appeals, who is no member. Who was never seen here has no
        // case, and is not given a number for asking.
        let who = self.people().find(guild, user).await?.ok_or_else(no_such_case)?;
        self.open_to(guild, caller, Some(&MODULE)).await?;
        if !self.moderation_terms(guild).await?.values.appeals {
            let text = "This community takes no appeals here. Speak to its moderators.";
            return Err(refused("moderation.appeals_off", text));
        }
        let row = self.case_row(guild, number).await?;
        // A note about somebody is nobody's business but the moderators'.
        // And a case that is somebody else's does not exist for them.
        if row.kind == Kind::Note || row.hidden || row.person != who {
            return Err(no_such_case());
        }
        let text = Personal::clear(who, text.trim().to_owned());
        let command = case::Command::Appeal { who, text, at: self.now() };
        let decision = self.say_of_case(guild, caller, &Opening::of(&row), key, &command).await?;
        let appealed = decision.events.iter().find_map(|event| match event {
            Event::Appealed { number, .. } => Some(*number),
            _ => None,
        });
        appealed.ok_or_else(super::used_for_something_else)
    }

    /// An appeal that is accepted is a pardon.
    #[tracing::instrument(name = "moderation.decide_appeal", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn decide_appeal(
        &self,
        guild: GuildId,
        caller: &Caller,
        number: CaseNumber,
        (accepted, text): (bool, Option<&str>),
        key: &IdempotencyKey,
    ) -> Result<Decided, ActionError> {
        let (row, by) = self.handle_case("appeal answer", guild, caller, number, key).await?;
        let reason = super::about(row.person, text);
        let at = self.now();
        let command = case::Command::DecideAppeal { by: by.clone(), accepted, text: reason, at };
        self.say_of_case(guild, caller, &Opening::of(&row), key, &command).await?;
        if !accepted {
            return Ok(Decided::Refused);
        }
        match self.pardon(guild, caller, &row, by, text, key).await {
            // It was taken back meanwhile, so there is nothing left to forgive.
            Err(ActionError::Refused { rule: "case.wrong_status", .. }) => {
                Ok(Decided::Accepted(Pardoned::OnRecord))
            }
            pardoned => pardoned.map(Decided::Accepted),
        }
    }
}
