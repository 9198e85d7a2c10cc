//! An aggregate for tests: texts, as many and as large as wanted. Its format is an argument.

use domain::{Decider, DomainEvent, EventType, PersonId, Personal, PersonalField, Refusal, Weigh};
use serde::{Deserialize, Serialize};

#[derive(Debug)]
pub struct Notes<const FORMAT: u32 = 1>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub texts: Vec<String>,
    pub secrets: u64,
}

#[derive(Clone, Debug)]
pub enum Command {
    Write(Vec<String>),
    /// Written unless there are that many already: a rule that reads the state.
    WriteBelow(usize, String),
    Confide(PersonId, String),
    Refuse,
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Written { text: String },
    Confided { secret: Personal<String> },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no")]
pub struct No;

impl<const FORMAT: u32> Decider for Notes<FORMAT> {
    const CAPABILITY: &'static str = "notes";
    const SNAPSHOT_VERSION: u32 = FORMAT;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = No;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, No> {
        match command {
            Command::Write(texts) => {
                Ok(texts.iter().map(|text| Event::Written { text: text.clone() }).collect())
            }
            Command::WriteBelow(most, text) if state.texts.len() < *most => {
                Ok(vec![Event::Written { text: text.clone() }])
            }
            Command::Confide(owner, text) => {
                Ok(vec![Event::Confided { secret: Personal::clear(*owner, text.clone()) }])
            }
            Command::WriteBelow(..) | Command::Refuse => Err(No),
            Command::Nothing => Ok(Vec::new()),
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Written { text } => state.texts.push(text.clone()),
            Event::Confided { .. } => state.secrets += 1,
        }
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] =
        &[EventType::new("notes.written", 1), EventType::new("notes.confided", 1)];

    fn event_type(&self) -> EventType {
        Self::TYPES[usize::from(matches!(self, Self::Confided { .. }))]
    }

    fn visit_personal(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn PersonalField)) {
        if let Self::Confided { secret } = self {
            visit("secret", secret);
        }
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        self.texts.iter().map(|text| text.len() + size_of::<String>()).sum()
    }
}

impl Refusal for No {
    fn rule(&self) -> &'static str {
        "notes.no"
    }
}

pub fn write(text: impl Into<String>) -> Command {
    Command::Write(vec![text.into()])
}
