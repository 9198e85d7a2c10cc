//! Why an answer is not what was asked for, and what the person who asked is told.
//!
//! A rule that said no speaks for itself. What went wrong comes in three classes, each with words
//! of its own and an id that the log has too: the command could not be understood, Discord did not
//! do its part, or something of ours is broken.

use actions::ActionError;
use twilight_http::{
    api_error::ApiError,
    error::{Error as HttpError, ErrorType},
};

use super::{
    custom_id::TooLong,
    reply::Reply,
    text::{Lang, Text, text},
};

#[derive(Debug)]
pub enum Failure {
    /// A rule said no, in words for people.
    Refused(String),
    /// The command could not be understood.
    Command(String),
    /// Discord refused or did not answer.
    Discord(String),
    /// Something of ours is broken.
    System(String),
}

const COMMAND: Text = text(
    "I could not do that: {problem} If it goes on, tell the operator this id: `{id}`.",
    "Das ging nicht: {problem} Wenn es so bleibt, nenne dem Betreiber diese Nummer: `{id}`.",
);
const DISCORD: Text = text(
    "Discord did not do its part. Try again in a minute. If it goes on, tell the operator this \
     id: `{id}`.",
    "Discord hat nicht mitgemacht. Versuch es in einer Minute noch einmal. Wenn es so bleibt, \
     nenne dem Betreiber diese Nummer: `{id}`.",
);
const SYSTEM: Text = text(
    "Something of mine is broken. Nothing was lost. Try again later; if it goes on, tell the \
     operator this id: `{id}`.",
    "Bei mir ist etwas kaputt. Es ging nichts verloren. Versuch es später noch einmal; wenn es so \
     bleibt, nenne dem Betreiber diese Nummer: `{id}`.",
);

impl Failure {
    pub fn refused(text: Text, lang: Lang) -> Self {
        Self::Refused(text.say(lang).to_owned())
    }

    /// For metrics.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Command(_) => "misunderstood",
            Self::Discord(_) => "discord",
            Self::System(_) => "failed",
        }
    }

    /// What is told, once the log has it under the same id.
    pub fn tell(&self, lang: Lang, command: &str) -> Reply {
        let id = match self {
            Self::Refused(text) => return Reply::bad(text.clone()),
            _ => projections::error_id(),
        };
        match self {
            Self::Refused(text) => Reply::bad(text.clone()),
            Self::Command(problem) => {
                tracing::info!(error.id = id, command, problem, "a command was not understood");
                Reply::bad(COMMAND.fill(lang, &[("problem", problem), ("id", &id)]))
            }
            Self::Discord(problem) => {
                tracing::warn!(error.id = id, command, problem, "Discord did not do its part");
                Reply::bad(DISCORD.fill(lang, &[("id", &id)]))
            }
            Self::System(problem) => {
                tracing::error!(error.id = id, command, problem, "a command failed");
                Reply::bad(SYSTEM.fill(lang, &[("id", &id)]))
            }
        }
    }
}

impl From<ActionError> for Failure {
    fn from(error: ActionError) -> Self {
        if error.is_fault() {
            Self::System(error.to_string())
        } else {
            Self::Refused(error.to_string())
        }
    }
}

impl From<eventlog::LogError> for Failure {
    fn from(error: eventlog::LogError) -> Self {
        Self::System(error.to_string())
    }
}

impl From<eventlog::PeopleError> for Failure {
    fn from(error: eventlog::PeopleError) -> Self {
        Self::System(error.to_string())
    }
}

impl From<domain::InvalidId> for Failure {
    fn from(error: domain::InvalidId) -> Self {
        Self::System(error.to_string())
    }
}

impl From<TooLong> for Failure {
    fn from(error: TooLong) -> Self {
        Self::System(error.to_string())
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self::Discord(describe(&error))
    }
}

/// What a call came to, without what was in it: bodies hold what people wrote, and paths tokens.
pub fn describe(error: &HttpError) -> String {
    match error.kind() {
        ErrorType::Response { status, error: ApiError::General(error), .. } => {
            format!("{}: {} ({})", status.get(), error.message, error.code)
        }
        ErrorType::Response { status, .. } => format!("status {}", status.get()),
        ErrorType::Unauthorized => "the token is wrong or was revoked".to_owned(),
        ErrorType::RequestTimedOut => "no answer in time".to_owned(),
        ErrorType::RequestError => "the connection failed".to_owned(),
        ErrorType::RequestCanceled => "the call was given up".to_owned(),
        ErrorType::Parsing { .. } => "an answer that cannot be read".to_owned(),
        ErrorType::Validation => "Discord would not take this".to_owned(),
        _ => "the call could not be made".to_owned(),
    }
}

/// Discord's own code of an error, such as 10062.
pub fn code(error: &HttpError) -> Option<u64> {
    match error.kind() {
        ErrorType::Response { error: ApiError::General(error), .. } => Some(error.code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves: CMD-09
    #[test]
    fn given_each_class_of_error_then_its_own_words_come_with_an_id_and_no_detail() {
        let detail = "disk /var/lib/reeve is full".to_owned();
        let mut told = Vec::new();
        for failure in [
            Failure::Command("`amount` is missing.".to_owned()),
            Failure::Discord(detail.clone()),
            Failure::System(detail),
        ] {
            for lang in [Lang::En, Lang::De] {
                let reply = failure.tell(lang, "/bytes send");
                assert!(reply.private, "{}", reply.body);
                assert!(reply.body.contains("`E-"), "{}", reply.body);
                assert!(!reply.body.contains("/var"), "{}", reply.body);
                told.push(reply.body);
            }
        }
        let before = |text: &String| text.split("`E-").next().unwrap_or_default().to_owned();
        let mut words: Vec<_> = told.iter().map(before).collect();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), 6, "each class and language has words of its own");
    }

    #[test]
    fn given_a_rule_that_said_no_then_its_words_are_told_without_an_id() {
        let reply = Failure::Refused("You cannot send to yourself.".into()).tell(Lang::En, "");
        assert_eq!((reply.body.as_str(), reply.private), ("You cannot send to yourself.", true));
    }
}
