//! Why an action did not happen.

use domain::Refusal;
use eventlog::{CommandError, LogError, PeopleError};

use crate::Permission;

#[derive(Clone, Debug, thiserror::Error)]
pub enum ActionError {
    /// A rule said no: data that goes back to whoever asked.
    #[error("{text}")]
    Refused { rule: &'static str, text: String },
    #[error("You need the permission \"{}\" for this.", .0.name())]
    NotAllowed(Permission),
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
