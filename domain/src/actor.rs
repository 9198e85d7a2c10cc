//! Who did something, and why it came about.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{CorrelationId, EventId, InvalidId, PersonId};

/// Who is answerable for an event. As text: `person:12`, `process:escalation`, `operator`,
/// `import`.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(PersonId(number)) => write!(f, "person:{number}"),
            Self::Process(name) => write!(f, "process:{name}"),
            Self::Operator => f.write_str("operator"),
            Self::Import => f.write_str("import"),
        }
    }
}

impl FromStr for Actor {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let parsed = match text.split_once(':') {
            Some(("person", number)) => number.parse().ok().map(|n| Self::Person(PersonId(n))),
            Some(("process", name)) if !name.is_empty() => Some(Self::Process(name.to_owned())),
            None if text == "operator" => Some(Self::Operator),
            None if text == "import" => Some(Self::Import),
            _ => None,
        };
        let expected = "person:<number>, process:<name>, operator or import";
        parsed.ok_or_else(|| InvalidId::new("an actor", expected, text))
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::parsed(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_survive_their_text() {
        for text in ["person:12", "process:daily", "process:a:b", "operator", "import"] {
            assert_eq!(text.parse::<Actor>().unwrap().to_string(), text);
        }
        for bad in ["", "person", "person:", "person:-1", "process:", "somebody", "operator:1"] {
            assert!(bad.parse::<Actor>().is_err(), "{bad}");
        }
    }
}
