//! What went wrong, as an answer: a code for programs, a sentence for people, and for a fault the id
//! under which an operator finds it in the log.

use actions::ActionError;
use async_graphql::{Error, ErrorExtensions as _};
use eventlog::{LogError, PeopleError};
use projections::{TimeError, error_id};

pub type Answer<T> = Result<T, Trouble>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Nobody is signed in.
    Unauthenticated,
    /// Somebody is, and may not.
    Forbidden,
    NotFound,
    BadInput,
    /// A rule said no.
    Refused,
    /// Too many at once; ask again.
    Busy,
    /// Something is broken.
    Fault,
}

impl Code {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::BadInput => "BAD_INPUT",
            Self::Refused => "REFUSED",
            Self::Busy => "BUSY",
            Self::Fault => "FAULT",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Trouble {
    pub code: Code,
    pub text: String,
    /// The rule that said no.
    pub rule: Option<&'static str>,
    /// Of a fault.
    pub error_id: Option<String>,
}

impl Trouble {
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), rule: None, error_id: None }
    }

    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "Sign in first.")
    }

    pub fn forbidden(text: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, text)
    }

    pub fn bad_input(text: impl Into<String>) -> Self {
        Self::new(Code::BadInput, text)
    }

    pub fn not_found(text: impl Into<String>) -> Self {
        Self::new(Code::NotFound, text)
    }

    /// Logged here, once, with its id; the answer says nothing of what it was.
    pub fn fault(error: &dyn std::fmt::Display) -> Self {
        let id = error_id();
        tracing::error!(error.id = id, %error, "a question could not be answered");
        let text = format!("Something broke on our side. Try again; an operator finds it as {id}.");
        Self { code: Code::Fault, text, rule: None, error_id: Some(id) }
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        Self::new(trouble.text).extend_with(|_, extensions| {
            extensions.set("code", trouble.code.name());
            if let Some(rule) = trouble.rule {
                extensions.set("rule", rule);
            }
            if let Some(id) = trouble.error_id {
                extensions.set("errorId", id);
            }
        })
    }
}

impl From<ActionError> for Trouble {
    fn from(error: ActionError) -> Self {
        let code = match &error {
            ActionError::Log(_) | ActionError::People(_) => return Self::fault(&error),
            ActionError::Contended | ActionError::TooFast { .. } => Code::Busy,
            ActionError::BadInput(_) => Code::BadInput,
            error if error.is_about_access() => Code::Forbidden,
            _ => Code::Refused,
        };
        Self { code, text: error.to_string(), rule: error.rule(), error_id: None }
    }
}

impl From<LogError> for Trouble {
    fn from(error: LogError) -> Self {
        Self::fault(&error)
    }
}

impl From<PeopleError> for Trouble {
    fn from(error: PeopleError) -> Self {
        Self::fault(&error)
    }
}

impl From<TimeError> for Trouble {
    fn from(error: TimeError) -> Self {
        match &error {
            TimeError::Busy { .. } | TimeError::Quota { .. } => {
                Self::new(Code::Busy, sentence(&error))
            }
            _ if error.is_refusal() => Self::new(Code::BadInput, sentence(&error)),
            _ => Self::fault(&error),
        }
    }
}

fn sentence(error: &TimeError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).chain(['.']).collect()
}
