//! Roles for what a member has received: who is to get which, and whether Discord gave it.
//!
//! Rules:
//! - Whoever has received as much as a reward asks for is ordered its role: once per member and
//!   role, whatever is spent later, and whatever the settings become.
//! - An order is only an intent. It ends in one outcome: the role was given, or it was not, with
//!   the reason. A failed order never looks like a role.
//! - Who was not there when the role was to be given gets it with their next movement. Every other
//!   failure waits until the member, or somebody for them, asks for a check.
//! - A check orders again what was earned and the member does not have: roles that could not be
//!   given, and roles that were lost by leaving the community. What is under way is not ordered
//!   twice.
//! - Outcomes that belong to no open order change nothing.
//!
//! Memory: about 40 bytes for each role that somebody earned.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bytes, Decider, DomainEvent, EventType, PersonId, RoleId, Weigh, economy::Terms, people::Never,
};

#[derive(Debug)]
pub struct Awards;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    awards: HashMap<(PersonId, RoleId), Award>,
}

/// How it stands with one role of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    pub state: AwardState,
    /// Which order this is: 1, 2, 3 …
    pub attempt: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AwardState {
    Ordered,
    Given,
    Failed(Failure),
}

/// Why a role was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The member has left.
    MemberGone,
    /// The role was deleted.
    RoleGone,
    /// The bot lacks the permission, or stands below the role.
    NotAllowed,
    /// Discord could not be reached, or refused for another reason, until it was given up.
    Unavailable,
}

#[derive(Clone, Debug)]
pub enum Command {
    /// After a movement: order what became due.
    OrderDue { person: PersonId, received: Bytes, terms: Terms },
    /// On request: order what was earned and is not there. `has` are the member's roles now.
    Check { person: PersonId, received: Bytes, has: Vec<RoleId>, terms: Terms },
    /// An order came to this.
    Note { person: PersonId, role: RoleId, attempt: u32, outcome: Outcome },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Given,
    Failed(Failure),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    RoleOrdered { person: PersonId, role: RoleId, attempt: u32, at: Bytes, received: Bytes },
    RoleGiven { person: PersonId, role: RoleId, attempt: u32 },
    RoleFailed { person: PersonId, role: RoleId, attempt: u32, why: Failure },
}

impl Decider for Awards {
    const CAPABILITY: &'static str = "awards";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Never;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Never> {
        Ok(match command {
            Command::OrderDue { person, received, terms } => {
                let due = |award: Option<Award>, _| match award.map(|award| award.state) {
                    None | Some(AwardState::Failed(Failure::MemberGone)) => true,
                    Some(AwardState::Ordered | AwardState::Given | AwardState::Failed(_)) => false,
                };
                state.order(*person, *received, terms, due)
            }
            Command::Check { person, received, has, terms } => {
                let due = |award: Option<Award>, role| {
                    let under_way = award.is_some_and(|award| award.state == AwardState::Ordered);
                    !under_way && !has.contains(&role)
                };
                state.order(*person, *received, terms, due)
            }
            Command::Note { person, role, attempt, outcome } => {
                let (person, role, attempt) = (*person, *role, *attempt);
                let open = Some(Award { state: AwardState::Ordered, attempt });
                if state.award(person, role) != open {
                    return Ok(Vec::new());
                }
                vec![match *outcome {
                    Outcome::Given => Event::RoleGiven { person, role, attempt },
                    Outcome::Failed(why) => Event::RoleFailed { person, role, attempt, why },
                }]
            }
        })
    }

    fn evolve(state: &mut State, event: &Event) {
        let (person, role, attempt, becomes) = match *event {
            Event::RoleOrdered { person, role, attempt, .. } => {
                (person, role, attempt, AwardState::Ordered)
            }
            Event::RoleGiven { person, role, attempt } => {
                (person, role, attempt, AwardState::Given)
            }
            Event::RoleFailed { person, role, attempt, why } => {
                (person, role, attempt, AwardState::Failed(why))
            }
        };
        state.awards.insert((person, role), Award { state: becomes, attempt });
    }
}

impl State {
    pub fn award(&self, person: PersonId, role: RoleId) -> Option<Award> {
        self.awards.get(&(person, role)).copied()
    }

    fn order(
        &self,
        person: PersonId,
        received: Bytes,
        terms: &Terms,
        due: impl Fn(Option<Award>, RoleId) -> bool,
    ) -> Vec<Event> {
        let order = |reward: &crate::economy::RoleReward| {
            let award = self.award(person, reward.role);
            let attempt = award.map_or(1, |award| award.attempt.saturating_add(1));
            let (role, at) = (reward.role, reward.at);
            (reward.at <= received && due(award, role)).then_some(Event::RoleOrdered {
                person,
                role,
                attempt,
                at,
                received,
            })
        };
        terms.values.role_rewards.iter().filter_map(order).collect()
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("awards.role_ordered", 1),
        EventType::new("awards.role_given", 1),
        EventType::new("awards.role_failed", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::RoleOrdered { .. } => 0,
            Self::RoleGiven { .. } => 1,
            Self::RoleFailed { .. } => 2,
        }]
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        let entry = size_of::<((PersonId, RoleId), Award)>() + 1;
        size_of::<Self>() + self.awards.capacity() * 8 / 7 * entry
    }
}

impl Failure {
    /// What the member is told.
    pub const fn told(self) -> &'static str {
        match self {
            Self::MemberGone => "you were not in this community when it was to be given",
            Self::RoleGone => "the role was deleted",
            Self::NotAllowed => "this bot may not give that role",
            Self::Unavailable => "Discord could not be reached",
        }
    }
}

#[cfg(test)]
mod tests;
