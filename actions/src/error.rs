//! Why an action did not happen.

use domain::{Refusal, Timestamp, text::Wait};
use eventlog::{CommandError, LogError, PeopleError};

use crate::{Guard, Permission, modules::Module};

#[derive(Clone, Debug, thiserror::Error)]
pub enum ActionError {
    /// A rule said no: data that goes back to whoever asked.
    #[error("{text}")]
    Refused { rule: &'static str, text: String },
    /// A guard said no: who may do what to whom.
    #[error(transparent)]
    Guarded(#[from] Guard),
    #[error("Only an operator of this bot can do this.")]
    NotAnOperator,
    #[error("{}", blocked(*.everywhere, *.until))]
    Blocked { everywhere: bool, until: Option<Timestamp> },
    #[error("This bot does not serve this community.")]
    CommunityBlocked,
    #[error("{notice}")]
    Maintenance { notice: String },
    #[error(
        "{} is switched off in this community. Somebody with the permission {} can switch it on \
         with /modules.", .module.title, Permission::ManageSettings.discord()
    )]
    ModuleOff { module: Module },
    #[error("{} is switched off by the operator of this bot.", .module.title)]
    ModuleNotOffered { module: Module },
    #[error("You can use this again in {}.", Wait(*.wait_secs))]
    OnCooldown { wait_secs: i64 },
    #[error("You are asking for things too quickly. Wait {} and try again.", Wait(*.wait_secs))]
    TooFast { wait_secs: i64 },
    #[error("You can only do this for yourself.")]
    NotYourself,
    #[error("Nobody can ask for this; it follows from something else.")]
    NotForMembers,
    #[error("{0}")]
    BadInput(String),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error("Too many others are changing this at the same moment. Try again.")]
    Contended,
}

impl ActionError {
    /// Something is broken, as opposed to not allowed.
    pub const fn is_fault(&self) -> bool {
        matches!(self, Self::Log(_) | Self::People(_) | Self::Contended)
    }

    /// Stable name of the rule that said no; none where nothing did.
    pub const fn rule(&self) -> Option<&'static str> {
        Some(match self {
            Self::Refused { rule, .. } => rule,
            Self::Guarded(guard) => guard.rule(),
            Self::NotAnOperator => "guard.operator",
            Self::Blocked { .. } => "guard.blocked",
            Self::CommunityBlocked => "guard.community_blocked",
            Self::Maintenance { .. } => "maintenance",
            Self::ModuleOff { .. } => "module.off",
            Self::ModuleNotOffered { .. } => "module.not_offered",
            Self::OnCooldown { .. } => "cooldown",
            Self::TooFast { .. } => "guard.flood",
            Self::NotYourself => "guard.not_yourself",
            Self::NotForMembers => "guard.not_for_members",
            Self::BadInput(_) => "input",
            Self::Log(_) | Self::People(_) | Self::Contended => return None,
        })
    }

    /// Whether it is kept that somebody tried: they were not allowed, or abuse this bot.
    pub const fn is_about_access(&self) -> bool {
        matches!(
            self,
            Self::Guarded(_)
                | Self::NotAnOperator
                | Self::Blocked { .. }
                | Self::TooFast { .. }
                | Self::NotYourself
        )
    }
}

fn blocked(everywhere: bool, until: Option<Timestamp>) -> String {
    let place = if everywhere { "" } else { " in this community" };
    match until {
        None => format!("You are blocked from using this bot{place}."),
        Some(until) => {
            let text = until.to_string();
            let (day, clock) = text.split_once('T').unwrap_or((&text, ""));
            let clock = clock.get(..5).unwrap_or_default();
            format!("You are blocked from using this bot{place} until {day} {clock} UTC.")
        }
    }
}

impl<R: Refusal> From<CommandError<R>> for ActionError {
    fn from(error: CommandError<R>) -> Self {
        match error {
            CommandError::Refused(refusal) => {
                Self::Refused { rule: refusal.rule(), text: refusal.to_string() }
            }
            CommandError::Log(error) => Self::Log(error),
            CommandError::People(error) => Self::People(error),
            CommandError::Contended { .. } => Self::Contended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{economy::MODULE, standing::Permissions};

    fn every_refusal() -> Vec<ActionError> {
        let until = Some(Timestamp::from_secs(1_795_003_200));
        let listed = vec![
            ActionError::Refused { rule: "x", text: "The text of a rule.".to_owned() },
            ActionError::Guarded(Guard::BotPermission(Permissions::MANAGE_ROLES)),
            ActionError::NotAnOperator,
            ActionError::Blocked { everywhere: true, until: None },
            ActionError::Blocked { everywhere: false, until },
            ActionError::CommunityBlocked,
            ActionError::Maintenance { notice: "Back at noon.".to_owned() },
            ActionError::ModuleOff { module: MODULE },
            ActionError::ModuleNotOffered { module: MODULE },
            ActionError::OnCooldown { wait_secs: 90 },
            ActionError::TooFast { wait_secs: 10 },
            ActionError::NotYourself,
            ActionError::NotForMembers,
            ActionError::Contended,
        ];
        for error in &listed {
            // Here the compiler asks for a new error; it belongs into the list above as well.
            match error {
                ActionError::Refused { .. }
                | ActionError::Guarded(_)
                | ActionError::NotAnOperator
                | ActionError::Blocked { .. }
                | ActionError::CommunityBlocked
                | ActionError::Maintenance { .. }
                | ActionError::ModuleOff { .. }
                | ActionError::ModuleNotOffered { .. }
                | ActionError::OnCooldown { .. }
                | ActionError::TooFast { .. }
                | ActionError::NotYourself
                | ActionError::NotForMembers
                | ActionError::Contended
                // Made where they are refused, and told to an operator or as a fault.
                | ActionError::BadInput(_)
                | ActionError::Log(_)
                | ActionError::People(_) => {}
            }
        }
        listed
    }

    // proves: CMD-13
    #[test]
    fn given_every_refusal_then_it_is_told_in_whole_sentences_without_internal_words() {
        for error in every_refusal() {
            let text = error.to_string();
            assert!(text.starts_with(char::is_uppercase) && text.ends_with('.'), "{text}");
            let lower = text.to_lowercase();
            for word in
                ["aggregate", "projection", "snowflake", "stream", "guild", "policy", "null"]
            {
                assert!(!lower.contains(word), "{text:?} says {word:?}");
            }
        }
    }

    #[test]
    fn given_a_block_with_an_end_then_it_is_told_in_minutes() {
        let until = Some(Timestamp::from_secs(1_795_003_200));
        let told = ActionError::Blocked { everywhere: false, until }.to_string();
        assert_eq!(
            told,
            "You are blocked from using this bot in this community until 2026-11-18 12:00 UTC."
        );
    }
}
