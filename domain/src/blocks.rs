//! Whom this bot does not serve: in one guild, or (in the platform's scope) anywhere.
//!
//! Rules:
//! - A block has a reason and, if wanted, a moment at which it ends by itself.
//! - Blocking again replaces end and reason.
//! - Unblocking somebody who is not blocked changes nothing.
//! - At most [`MAX_BLOCKED`] in one scope at a time; ended ones make room.
//!
//! In the platform's scope a blocked guild has a number and a key like a person, so that its
//! reason is sealed too and no id stands in the log.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Decider, DomainEvent, EventType, PersonId, Personal, PersonalField, Timestamp, Weigh};

pub const MAX_BLOCKED: usize = 10_000;
pub const MAX_REASON_CHARS: usize = 300;

#[derive(Debug)]
pub struct Blocks;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    blocked: BTreeMap<PersonId, Block>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    pub what: Subject,
    pub since: Timestamp,
    /// None: until it is lifted.
    pub until: Option<Timestamp>,
}

/// What a number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Person,
    /// A whole community; in the platform's scope only.
    Guild,
}

#[derive(Clone, Debug)]
pub enum Command {
    Block {
        subject: PersonId,
        what: Subject,
        reason: Personal<String>,
        until: Option<Timestamp>,
        at: Timestamp,
    },
    Unblock {
        subject: PersonId,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Blocked {
        subject: PersonId,
        what: Subject,
        reason: Personal<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        at: Timestamp,
    },
    Unblocked {
        subject: PersonId,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("Say why, in 1 to {MAX_REASON_CHARS} characters.")]
    ReasonInvalid,
    #[error("The block would have ended already. Choose a later end.")]
    EndsInThePast,
    #[error("{MAX_BLOCKED} are blocked here already. Lift blocks that are no longer needed.")]
    TooMany,
}

impl Decider for Blocks {
    const CAPABILITY: &'static str = "blocks";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Block { subject, what, reason, until, at } => {
                let chars = reason.value().map_or(0, |text| text.chars().count());
                if !(1..=MAX_REASON_CHARS).contains(&chars) {
                    return Err(Refusal::ReasonInvalid);
                }
                if until.is_some_and(|until| until <= *at) {
                    return Err(Refusal::EndsInThePast);
                }
                let known = state.blocked.contains_key(subject);
                let in_force = state.blocked.values().filter(|block| block.holds(*at)).count();
                if !known && in_force >= MAX_BLOCKED {
                    return Err(Refusal::TooMany);
                }
                let (subject, what, reason) = (*subject, *what, reason.clone());
                Ok(vec![Event::Blocked { subject, what, reason, until: *until, at: *at }])
            }
            Command::Unblock { subject, at } => {
                let in_force = state.blocked.get(subject).is_some_and(|block| block.holds(*at));
                let event = Event::Unblocked { subject: *subject, at: *at };
                Ok(in_force.then_some(event).into_iter().collect())
            }
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Blocked { subject, what, until, at, .. } => {
                if state.blocked.len() >= MAX_BLOCKED {
                    state.blocked.retain(|_, block| block.holds(*at));
                }
                let block = Block { what: *what, since: *at, until: *until };
                state.blocked.insert(*subject, block);
            }
            Event::Unblocked { subject, .. } => {
                state.blocked.remove(subject);
            }
        }
    }
}

impl Block {
    pub fn holds(&self, at: Timestamp) -> bool {
        self.until.is_none_or(|until| at < until)
    }
}

impl State {
    /// Everybody who was blocked and not unblocked, in order of number; some may have ended.
    pub fn all(&self) -> impl Iterator<Item = (PersonId, Block)> {
        self.blocked.iter().map(|(subject, block)| (*subject, *block))
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] =
        &[EventType::new("blocks.blocked", 1), EventType::new("blocks.unblocked", 1)];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::Blocked { .. } => 0,
            Self::Unblocked { .. } => 1,
        }]
    }

    fn visit_personal(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn PersonalField)) {
        if let Self::Blocked { reason, .. } = self {
            visit("reason", reason);
        }
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        size_of::<Self>() + self.blocked.len() * 2 * size_of::<(PersonId, Block)>()
    }
}

impl crate::Refusal for Refusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::ReasonInvalid => "blocks.reason_invalid",
            Self::EndsInThePast => "blocks.ends_in_the_past",
            Self::TooMany => "blocks.too_many",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Refusal as _;

    const ANN: PersonId = PersonId(1);

    fn noon() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn block(subject: PersonId, reason: &str, hours: Option<i64>) -> Command {
        Command::Block {
            subject,
            what: Subject::Person,
            reason: Personal::clear(subject, reason.to_owned()),
            until: hours.map(|hours| noon().plus_secs(hours * 3_600)),
            at: noon(),
        }
    }

    fn act(state: &mut State, command: &Command) -> Result<usize, Refusal> {
        let events = Blocks::decide(state, command)?;
        for event in &events {
            Blocks::evolve(state, event);
        }
        Ok(events.len())
    }

    // proves: GRD-10
    #[test]
    fn given_a_block_with_an_end_then_it_holds_until_then_and_can_be_lifted_before() {
        let mut state = State::default();
        assert_eq!(act(&mut state, &block(ANN, "spam", Some(2))), Ok(1));
        let (subject, in_force) = state.all().next().unwrap();
        assert_eq!(subject, ANN);
        assert!(in_force.holds(noon().plus_secs(7_199)));
        assert!(!in_force.holds(noon().plus_secs(7_200)));
        let lift = |secs| Command::Unblock { subject: ANN, at: noon().plus_secs(secs) };
        assert_eq!(act(&mut state, &lift(7_200)), Ok(0), "it has ended by itself");
        assert_eq!(act(&mut state, &lift(60)), Ok(1));
        assert_eq!(act(&mut state, &lift(60)), Ok(0), "nobody is blocked");
        assert_eq!(state.all().count(), 0);
    }

    #[test]
    fn given_a_block_without_reason_or_with_an_end_behind_us_then_it_is_refused() {
        let mut state = State::default();
        let long = "x".repeat(MAX_REASON_CHARS + 1);
        for reason in ["", long.as_str()] {
            let refusal = act(&mut state, &block(ANN, reason, None)).unwrap_err();
            assert_eq!(refusal.to_string(), "Say why, in 1 to 300 characters.");
            assert_eq!(refusal.rule(), "blocks.reason_invalid");
        }
        assert_eq!(act(&mut state, &block(ANN, "spam", Some(0))), Err(Refusal::EndsInThePast));
    }

    #[test]
    fn given_a_full_list_then_no_more_fit_until_some_have_ended() {
        let mut state = State::default();
        for number in 1..=MAX_BLOCKED {
            let subject = PersonId(u32::try_from(number).unwrap());
            let hours = (number == 1).then_some(1);
            assert_eq!(act(&mut state, &block(subject, "spam", hours)), Ok(1));
        }
        let next = block(PersonId(20_000), "spam", None);
        assert_eq!(act(&mut state, &next), Err(Refusal::TooMany));
        assert_eq!(act(&mut state, &block(PersonId(2), "again", None)), Ok(1), "one that is there");
        let Command::Block { subject, what, reason, until, .. } = next else { unreachable!() };
        let at = noon().plus_secs(3_600);
        let later = Command::Block { subject, what, reason, until, at };
        assert_eq!(act(&mut state, &later), Ok(1));
        assert_eq!(state.all().count(), MAX_BLOCKED);
        assert!(state.weight_bytes() < 2 * 1024 * 1024);
    }
}
