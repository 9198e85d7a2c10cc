//! Visits of operators in a community that is not theirs: who runs this installation has no right
//! inside of any, unless they break the glass, and then everybody there can see it.
//!
//! Rules:
//! - An operator says why, in words that the community reads, and is let in for [`LASTS_SECS`].
//! - One who is inside already is not let in again; after the end they say why anew.
//! - The community can end it at once, and so can the operator.
//! - At most [`MAX_VISITS`] at a time in one community.
//!
//! What visitors look at is recorded like every other read (`reads.rs`), what they do under their
//! own name.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Decider, DomainEvent, EventType, PersonId, Personal, PersonalField, Timestamp, Weigh};

pub const LASTS_SECS: i64 = 60 * 60;
pub const MIN_REASON_CHARS: usize = 10;
pub const MAX_REASON_CHARS: usize = 300;
pub const MAX_VISITS: usize = 20;

#[derive(Debug)]
pub struct Visits;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    visits: BTreeMap<PersonId, Visit>,
}

/// An operator inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    pub since: Timestamp,
    pub until: Timestamp,
}

#[derive(Clone, Debug)]
pub enum Command {
    Begin { operator: PersonId, reason: Personal<String>, at: Timestamp },
    End { operator: PersonId, by: Option<PersonId>, at: Timestamp },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Begun {
        operator: PersonId,
        reason: Personal<String>,
        until: Timestamp,
        at: Timestamp,
    },
    /// Before its time.
    Ended {
        operator: PersonId,
        /// None where it was done at the console.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<PersonId>,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "Say why, in {MIN_REASON_CHARS} to {MAX_REASON_CHARS} characters. The community reads it."
    )]
    ReasonInvalid,
    #[error("You are let in here already, until {0}.")]
    AlreadyInside(Timestamp),
    #[error("{MAX_VISITS} operators are in this community already.")]
    TooMany,
}

impl Visit {
    pub fn lasts(&self, at: Timestamp) -> bool {
        at < self.until
    }
}

impl Decider for Visits {
    const CAPABILITY: &'static str = "visits";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Begin { operator, reason, at } => {
                let chars = reason.value().map_or(0, |text| text.chars().count());
                if !(MIN_REASON_CHARS..=MAX_REASON_CHARS).contains(&chars) {
                    return Err(Refusal::ReasonInvalid);
                }
                let (operator, at) = (*operator, *at);
                if let Some(visit) = state.of(operator, at) {
                    return Err(Refusal::AlreadyInside(visit.until));
                }
                if state.under_way(at).count() >= MAX_VISITS {
                    return Err(Refusal::TooMany);
                }
                let (reason, until) = (reason.clone(), at.plus_secs(LASTS_SECS));
                Ok(vec![Event::Begun { operator, reason, until, at }])
            }
            Command::End { operator, by, at } => {
                let (operator, by, at) = (*operator, *by, *at);
                let ended = state.of(operator, at).map(|_| Event::Ended { operator, by, at });
                Ok(ended.into_iter().collect())
            }
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Begun { operator, until, at, .. } => {
                state.visits.retain(|_, visit| visit.lasts(*at));
                state.visits.insert(*operator, Visit { since: *at, until: *until });
            }
            Event::Ended { operator, .. } => {
                state.visits.remove(operator);
            }
        }
    }
}

impl State {
    /// The visit of one operator, while it lasts.
    pub fn of(&self, operator: PersonId, at: Timestamp) -> Option<Visit> {
        self.visits.get(&operator).copied().filter(|visit| visit.lasts(at))
    }

    pub fn under_way(&self, at: Timestamp) -> impl Iterator<Item = (PersonId, Visit)> {
        self.all().filter(move |(_, visit)| visit.lasts(at))
    }

    /// Some may be over.
    pub fn all(&self) -> impl Iterator<Item = (PersonId, Visit)> {
        self.visits.iter().map(|(operator, visit)| (*operator, *visit))
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] =
        &[EventType::new("visits.begun", 1), EventType::new("visits.ended", 1)];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::Begun { .. } => 0,
            Self::Ended { .. } => 1,
        }]
    }

    fn visit_personal(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn PersonalField)) {
        if let Self::Begun { reason, .. } = self {
            visit("reason", reason);
        }
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        size_of::<Self>() + self.visits.len() * 2 * size_of::<(PersonId, Visit)>()
    }
}

impl crate::Refusal for Refusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::ReasonInvalid => "visits.reason_invalid",
            Self::AlreadyInside(_) => "visits.already_inside",
            Self::TooMany => "visits.too_many",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Refusal as _;

    const OPS: PersonId = PersonId(40);

    fn noon() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn begin(operator: PersonId, reason: &str, at: Timestamp) -> Command {
        Command::Begin { operator, reason: Personal::clear(operator, reason.to_owned()), at }
    }

    fn act(state: &mut State, command: &Command) -> Result<usize, Refusal> {
        let events = Visits::decide(state, command)?;
        for event in &events {
            Visits::evolve(state, event);
        }
        Ok(events.len())
    }

    const WHY: &str = "a member reports lost bytes";

    #[test]
    fn given_an_operator_who_says_why_then_they_are_inside_for_an_hour() {
        let mut state = State::default();
        assert_eq!(act(&mut state, &begin(OPS, WHY, noon())), Ok(1));
        assert!(state.of(OPS, noon().plus_secs(3_599)).is_some());
        assert_eq!(state.of(OPS, noon().plus_secs(3_600)), None);
        assert_eq!(state.of(PersonId(41), noon()), None);
        let until = noon().plus_secs(3_600);
        let again = act(&mut state, &begin(OPS, WHY, noon().plus_secs(60)));
        assert_eq!(again, Err(Refusal::AlreadyInside(until)));
        assert_eq!(act(&mut state, &begin(OPS, WHY, until)), Ok(1), "anew, with a reason");
    }

    #[test]
    fn given_no_good_reason_then_nobody_is_let_in() {
        let mut state = State::default();
        let long = "x".repeat(MAX_REASON_CHARS + 1);
        for reason in ["", "look", long.as_str()] {
            let refusal = act(&mut state, &begin(OPS, reason, noon())).unwrap_err();
            assert_eq!(refusal.rule(), "visits.reason_invalid", "{reason}");
        }
    }

    #[test]
    fn given_a_visit_then_it_can_be_ended_once_and_at_once() {
        let mut state = State::default();
        let end = |at| Command::End { operator: OPS, by: Some(PersonId(1)), at };
        assert_eq!(act(&mut state, &end(noon())), Ok(0), "nobody is inside");
        act(&mut state, &begin(OPS, WHY, noon())).unwrap();
        assert_eq!(act(&mut state, &end(noon().plus_secs(60))), Ok(1));
        assert_eq!(state.of(OPS, noon().plus_secs(60)), None);
        assert_eq!(act(&mut state, &end(noon().plus_secs(60))), Ok(0));
    }

    #[test]
    fn given_many_operators_then_no_more_fit_until_some_are_out() {
        let mut state = State::default();
        for number in 0..MAX_VISITS {
            let operator = PersonId(u32::try_from(number).unwrap() + 1);
            assert_eq!(act(&mut state, &begin(operator, WHY, noon())), Ok(1));
        }
        let next = |secs| begin(OPS, WHY, noon().plus_secs(secs));
        assert_eq!(act(&mut state, &next(60)), Err(Refusal::TooMany));
        assert_eq!(act(&mut state, &next(3_600)), Ok(1));
        assert_eq!(state.all().count(), 1);
        assert!(state.weight_bytes() < 4 * 1024);
    }
}
