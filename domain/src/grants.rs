//! Roles of ours that a community gives to one person for a time: an auditor for a week, a
//! moderator for an evening. Beside what Discord's permissions and the named roles give.
//!
//! Rules:
//! - A grant has an end, at most [`MAX_DAYS`] away, and a reason. At its end it holds no more, by
//!   itself, without anybody having to do something.
//! - One person holds one role once; given again while it holds, its end and reason are replaced.
//! - Taking back what does not hold changes nothing.
//! - At most [`MAX_GRANTS`] hold in one community at a time.
//! - Nobody gives more than they hold; that is asked before, by whoever knows who asks.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Decider, DomainEvent, EventType, PersonId, Personal, PersonalField, Timestamp, Weigh};

pub const MAX_GRANTS: usize = 200;
pub const MAX_REASON_CHARS: usize = 300;
pub const MAX_DAYS: i64 = 366;
const DAY_SECS: i64 = 86_400;

#[derive(Debug)]
pub struct Grants;

/// What a community can have somebody be; the same that it can name Discord's roles for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Admin,
    Moderator,
    /// Runs giveaways.
    Host,
    Auditor,
    Analyst,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    grants: BTreeMap<(PersonId, Role), Grant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// None where an operator gave it.
    pub by: Option<PersonId>,
    pub since: Timestamp,
    pub until: Timestamp,
}

#[derive(Clone, Debug)]
pub enum Command {
    Give {
        person: PersonId,
        role: Role,
        until: Timestamp,
        reason: Personal<String>,
        by: Option<PersonId>,
        at: Timestamp,
    },
    TakeBack {
        person: PersonId,
        role: Role,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Given {
        person: PersonId,
        role: Role,
        until: Timestamp,
        reason: Personal<String>,
        /// None where an operator gave it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<PersonId>,
        at: Timestamp,
    },
    /// It holds until another moment.
    EndMoved {
        person: PersonId,
        role: Role,
        until: Timestamp,
        reason: Personal<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<PersonId>,
        at: Timestamp,
    },
    TakenBack {
        person: PersonId,
        role: Role,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("Say why, in 1 to {MAX_REASON_CHARS} characters.")]
    ReasonInvalid,
    #[error("It would have ended already. Choose a later end.")]
    EndsInThePast,
    #[error("It may last {MAX_DAYS} days at most. Choose an earlier end; it can be moved later.")]
    TooLong,
    #[error("{MAX_GRANTS} hold here already. Take back what is no longer needed.")]
    TooMany,
}

impl Role {
    pub const ALL: [Self; 5] =
        [Self::Admin, Self::Moderator, Self::Host, Self::Auditor, Self::Analyst];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Moderator => "moderator",
            Self::Host => "host",
            Self::Auditor => "auditor",
            Self::Analyst => "analyst",
        }
    }

    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

impl Grant {
    pub fn holds(&self, at: Timestamp) -> bool {
        at < self.until
    }
}

impl Decider for Grants {
    const CAPABILITY: &'static str = "grants";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Give { person, role, until, reason, by, at } => {
                let (person, role, until, by, at) = (*person, *role, *until, *by, *at);
                let chars = reason.value().map_or(0, |text| text.chars().count());
                if !(1..=MAX_REASON_CHARS).contains(&chars) {
                    return Err(Refusal::ReasonInvalid);
                }
                if until <= at {
                    return Err(Refusal::EndsInThePast);
                }
                if until > at.plus_secs(MAX_DAYS * DAY_SECS) {
                    return Err(Refusal::TooLong);
                }
                let reason = reason.clone();
                if state.held(person, role).is_some_and(|grant| grant.holds(at)) {
                    return Ok(vec![Event::EndMoved { person, role, until, reason, by, at }]);
                }
                if state.all().filter(|(_, _, grant)| grant.holds(at)).count() >= MAX_GRANTS {
                    return Err(Refusal::TooMany);
                }
                Ok(vec![Event::Given { person, role, until, reason, by, at }])
            }
            Command::TakeBack { person, role, at } => {
                let (person, role, at) = (*person, *role, *at);
                let holds = state.held(person, role).is_some_and(|grant| grant.holds(at));
                Ok(holds.then_some(Event::TakenBack { person, role, at }).into_iter().collect())
            }
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Given { person, role, until, by, at, .. } => {
                if state.grants.len() >= MAX_GRANTS {
                    state.grants.retain(|_, grant| grant.holds(*at));
                }
                let grant = Grant { by: *by, since: *at, until: *until };
                state.grants.insert((*person, *role), grant);
            }
            Event::EndMoved { person, role, until, by, .. } => {
                if let Some(grant) = state.grants.get_mut(&(*person, *role)) {
                    (grant.until, grant.by) = (*until, *by);
                }
            }
            Event::TakenBack { person, role, .. } => {
                state.grants.remove(&(*person, *role));
            }
        }
    }
}

impl State {
    fn held(&self, person: PersonId, role: Role) -> Option<&Grant> {
        self.grants.get(&(person, role))
    }

    /// Whatever was given and not taken back, in order of number; some may have ended.
    pub fn all(&self) -> impl Iterator<Item = (PersonId, Role, Grant)> {
        self.grants.iter().map(|((person, role), grant)| (*person, *role, *grant))
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("grants.given", 1),
        EventType::new("grants.end_moved", 1),
        EventType::new("grants.taken_back", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::Given { .. } => 0,
            Self::EndMoved { .. } => 1,
            Self::TakenBack { .. } => 2,
        }]
    }

    fn visit_personal(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn PersonalField)) {
        if let Self::Given { reason, .. } | Self::EndMoved { reason, .. } = self {
            visit("reason", reason);
        }
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        size_of::<Self>() + self.grants.len() * 2 * size_of::<((PersonId, Role), Grant)>()
    }
}

impl crate::Refusal for Refusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::ReasonInvalid => "grants.reason_invalid",
            Self::EndsInThePast => "grants.ends_in_the_past",
            Self::TooLong => "grants.too_long",
            Self::TooMany => "grants.too_many",
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

    fn give(person: PersonId, role: Role, secs: i64, at: Timestamp) -> Command {
        let reason = Personal::clear(person, "an audit".to_owned());
        let (until, by) = (at.plus_secs(secs), Some(PersonId(9)));
        Command::Give { person, role, until, reason, by, at }
    }

    fn act(state: &mut State, command: &Command) -> Result<Vec<&'static str>, Refusal> {
        let events = Grants::decide(state, command)?;
        for event in &events {
            Grants::evolve(state, event);
        }
        Ok(events.iter().map(|event| event.event_type().name).collect())
    }

    #[test]
    fn given_a_grant_then_it_holds_to_its_end_and_not_a_second_longer() {
        let mut state = State::default();
        let given = act(&mut state, &give(ANN, Role::Auditor, 3_600, noon()));
        assert_eq!(given, Ok(vec!["grants.given"]));
        let (person, role, grant) = state.all().next().unwrap();
        assert_eq!((person, role, grant.by), (ANN, Role::Auditor, Some(PersonId(9))));
        assert!(grant.holds(noon().plus_secs(3_599)));
        assert!(!grant.holds(noon().plus_secs(3_600)));
        let back = |secs| Command::TakeBack {
            person: ANN,
            role: Role::Auditor,
            at: noon().plus_secs(secs),
        };
        assert_eq!(act(&mut state, &back(3_600)), Ok(vec![]), "it has ended by itself");
        assert_eq!(act(&mut state, &back(60)), Ok(vec!["grants.taken_back"]));
        assert_eq!(act(&mut state, &back(60)), Ok(vec![]), "nobody holds it");
    }

    #[test]
    fn given_a_grant_that_holds_then_giving_it_again_moves_its_end_both_ways() {
        let mut state = State::default();
        act(&mut state, &give(ANN, Role::Moderator, 3_600, noon())).unwrap();
        let at = noon().plus_secs(600);
        for secs in [86_400, 60] {
            let moved = act(&mut state, &give(ANN, Role::Moderator, secs, at));
            assert_eq!(moved, Ok(vec!["grants.end_moved"]));
            let (_, _, grant) = state.all().next().unwrap();
            assert_eq!((grant.since, grant.until), (noon(), at.plus_secs(secs)));
        }
        let over = noon().plus_secs(660);
        let again = act(&mut state, &give(ANN, Role::Moderator, 60, over));
        assert_eq!(again, Ok(vec!["grants.given"]), "it had ended");
        let other = act(&mut state, &give(ANN, Role::Auditor, 60, over));
        assert_eq!(other, Ok(vec!["grants.given"]), "another role");
        assert_eq!(state.all().count(), 2);
    }

    #[test]
    fn given_no_reason_or_a_wrong_end_then_it_is_refused() {
        let mut state = State::default();
        for (secs, refusal) in [
            (0, Refusal::EndsInThePast),
            (-5, Refusal::EndsInThePast),
            (MAX_DAYS * DAY_SECS + 1, Refusal::TooLong),
        ] {
            assert_eq!(act(&mut state, &give(ANN, Role::Admin, secs, noon())), Err(refusal));
        }
        let long = "x".repeat(MAX_REASON_CHARS + 1);
        for text in ["", long.as_str()] {
            let Command::Give { person, role, until, by, at, .. } =
                give(ANN, Role::Admin, 60, noon())
            else {
                unreachable!()
            };
            let reason = Personal::clear(ANN, text.to_owned());
            let command = Command::Give { person, role, until, reason, by, at };
            let refusal = act(&mut state, &command).unwrap_err();
            assert_eq!(refusal.rule(), "grants.reason_invalid");
        }
    }

    #[test]
    fn given_as_many_as_there_may_be_then_no_more_until_some_have_ended() {
        let mut state = State::default();
        for number in 1..=u32::try_from(MAX_GRANTS).unwrap() {
            let secs = if number == 1 { 60 } else { 86_400 };
            act(&mut state, &give(PersonId(number), Role::Analyst, secs, noon())).unwrap();
        }
        let next = |secs| give(PersonId(9_000), Role::Analyst, 60, noon().plus_secs(secs));
        assert_eq!(act(&mut state, &next(59)), Err(Refusal::TooMany));
        assert_eq!(act(&mut state, &next(60)), Ok(vec!["grants.given"]));
        assert_eq!(state.all().count(), MAX_GRANTS);
        assert!(state.weight_bytes() < 32 * 1024);
    }
}
