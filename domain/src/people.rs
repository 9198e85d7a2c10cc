//! What the log remembers of people as people: that somebody was erased.
//!
//! Who a person number stands for is never in the log; the people registry beside it knows, until
//! the person is erased. Rules:
//! - A person is erased once; erasing again changes nothing.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Decider, DomainEvent, EventType, PersonId, Refusal, Weigh};

#[derive(Debug)]
pub struct People;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Erased(BTreeSet<PersonId>);

#[derive(Clone, Debug)]
pub struct Erase {
    pub person: PersonId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    PersonErased { person: PersonId },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Never {}

impl Decider for People {
    const CAPABILITY: &'static str = "people";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = Erased;
    type Command = Erase;
    type Event = Event;
    type Refusal = Never;

    fn decide(state: &Erased, command: &Erase) -> Result<Vec<Event>, Never> {
        if state.0.contains(&command.person) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::PersonErased { person: command.person }])
    }

    fn evolve(state: &mut Erased, event: &Event) {
        let Event::PersonErased { person } = event;
        state.0.insert(*person);
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[EventType::new("people.person_erased", 1)];

    fn event_type(&self) -> EventType {
        Self::TYPES[0]
    }
}

impl Weigh for Erased {
    fn weight_bytes(&self) -> usize {
        self.0.len() * 12
    }
}

impl Refusal for Never {
    fn rule(&self) -> &'static str {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_erased_person_then_erasing_again_changes_nothing() {
        let mut state = Erased::default();
        let erase = Erase { person: PersonId(3) };
        for event in People::decide(&state, &erase).unwrap() {
            People::evolve(&mut state, &event);
        }
        assert_eq!(People::decide(&state, &erase), Ok(Vec::new()));
    }
}
