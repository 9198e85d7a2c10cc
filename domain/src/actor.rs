//! Who did something, and why it came about.

use serde::{Deserialize, Serialize};

use crate::{CorrelationId, EventId, PersonId};

/// Who is answerable for an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A member of the guild.
    Person(PersonId),
    /// A rule or timer of ours, by the name of its process.
    Process(String),
    /// Somebody at the console of this installation.
    Operator,
    /// History brought from elsewhere.
    Import,
}

/// Why an event came about: the request it belongs to, and the event that led to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    pub correlation: CorrelationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<EventId>,
}
