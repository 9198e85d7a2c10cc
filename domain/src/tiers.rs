//! A guild's tiers: a role with benefits, that a member holds for a time.
//!
//! Rules:
//! - A tier is a role with a name and its benefits. What is removed can be granted no more; whoever
//!   holds it keeps it until its end.
//! - A grant lasts so many days. Granted again while it lasts, it is extended by them: never
//!   doubled, never shortened, and not beyond [`MAX_DAYS`] from now.
//! - Its end comes by itself, or by somebody who takes it. An end that is told too early, or after
//!   an extension, ends nothing.
//! - The role is an intent with an attempt. It ends in one outcome; what failed, or was lost by
//!   leaving, is ordered again when somebody asks for a check.
//! - Of several tiers with a daily bonus the highest counts.
//!
//! Memory: at most [`MAX_BYTES_PER_HOLDING`] for each tier that somebody holds.

mod events;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use events::Event;

use crate::{Bytes, CampaignId, Decider, PersonId, RoleId, Timestamp, Weigh};

pub const MAX_TIERS: usize = 20;
pub const MAX_NAME_CHARS: usize = 32;
pub const MAX_BONUS: Bytes = Bytes(1_000_000);
pub const MAX_DAYS: u32 = 3_650;
/// Each has a timer, of which a guild has room for 10,000.
pub const MAX_HOLDINGS: usize = 9_000;
pub const MAX_BYTES_PER_HOLDING: usize = 72;
const DAY_SECS: i64 = 86_400;

#[derive(Debug)]
pub struct Tiers;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    tiers: BTreeMap<RoleId, Tier>,
    holdings: HashMap<(PersonId, RoleId), Holding>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub name: String,
    /// Beside each daily reward.
    pub daily_bonus: Bytes,
}

/// A tier that somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    pub until: Timestamp,
    pub role: RoleState,
    attempt: u32,
}

/// How it stands with a holding's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoleState {
    Ordered,
    Given,
    Failed(Failure),
}

/// Why the role was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    MemberGone,
    RoleGone,
    NotAllowed,
    Unavailable,
}

/// Where a grant came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Giver {
    Member(PersonId),
    Code { campaign: CampaignId, number: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    Expired,
    Taken { by: PersonId },
}

#[derive(Clone, Debug)]
pub enum Command {
    Set {
        role: RoleId,
        name: String,
        daily_bonus: Bytes,
        by: PersonId,
        at: Timestamp,
    },
    Remove {
        role: RoleId,
        by: PersonId,
        at: Timestamp,
    },
    Grant {
        person: PersonId,
        role: RoleId,
        days: u32,
        by: Giver,
        at: Timestamp,
    },
    Take {
        person: PersonId,
        role: RoleId,
        by: PersonId,
        at: Timestamp,
    },
    Expire {
        person: PersonId,
        role: RoleId,
        at: Timestamp,
    },
    /// Order again what is held and not there. `has` are the member's roles now.
    Check {
        person: PersonId,
        has: Vec<RoleId>,
        at: Timestamp,
    },
    /// What became of an order.
    Note {
        person: PersonId,
        role: RoleId,
        attempt: u32,
        given: Result<(), Failure>,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("No tier has this role. /tiers set makes it one.")]
    NoSuchTier,
    #[error("A tier needs a name of 1 to {MAX_NAME_CHARS} characters, without spaces around it.")]
    NameInvalid,
    #[error("Another tier has this name already. Choose another one.")]
    NameTaken,
    #[error("The daily bonus must be from 0 to {MAX_BONUS}.")]
    BonusInvalid,
    #[error("This community has {MAX_TIERS} tiers, which is the most. Remove one first.")]
    TooManyTiers,
    #[error("Choose 1 to {MAX_DAYS} days. Nobody can hold a tier for longer than that from now.")]
    DaysInvalid,
    #[error("{MAX_HOLDINGS} tiers are held in this community, which is the most.")]
    TooManyHoldings,
    #[error("They do not hold this tier.")]
    NotHeld,
}

impl Decider for Tiers {
    const CAPABILITY: &'static str = "tiers";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        Ok(match command {
            Command::Set { role, name, daily_bonus, by, at } => {
                state.set(*role, name, *daily_bonus, *by, *at)?.into_iter().collect()
            }
            Command::Remove { role, by, at } => {
                state.tiers.get(role).ok_or(Refusal::NoSuchTier)?;
                vec![Event::Removed { role: *role, by: *by, at: *at }]
            }
            Command::Grant { person, role, days, by, at } => {
                vec![state.grant(*person, *role, *days, *by, *at)?]
            }
            Command::Take { person, role, by, at } => {
                state.holding(*person, *role).ok_or(Refusal::NotHeld)?;
                let (person, role, at) = (*person, *role, *at);
                vec![Event::Ended { person, role, why: EndReason::Taken { by: *by }, at }]
            }
            Command::Expire { person, role, at } => {
                let held = state.holding(*person, *role).filter(|held| held.until <= *at);
                let (person, role, at) = (*person, *role, *at);
                let ended = Event::Ended { person, role, why: EndReason::Expired, at };
                held.map(|_| ended).into_iter().collect()
            }
            Command::Check { person, has, at } => state.check(*person, has, *at),
            Command::Note { person, role, attempt, given, at } => {
                let (person, role, attempt, at) = (*person, *role, *attempt, *at);
                let held = state
                    .holding(person, role)
                    .filter(|held| held.attempt == attempt && held.role == RoleState::Ordered);
                let noted = match *given {
                    Ok(()) => Event::RoleGiven { person, role, attempt, at },
                    Err(why) => Event::RoleFailed { person, role, attempt, why, at },
                };
                held.map(|_| noted).into_iter().collect()
            }
        })
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Set { role, name, daily_bonus, .. } => {
                let tier = Tier { name: name.clone(), daily_bonus: *daily_bonus };
                state.tiers.insert(*role, tier);
            }
            Event::Removed { role, .. } => {
                state.tiers.remove(role);
            }
            Event::Granted { person, role, until, attempt, .. } => {
                let (until, attempt) = (*until, *attempt);
                let holding = Holding { until, role: RoleState::Ordered, attempt };
                state.holdings.insert((*person, *role), holding);
            }
            Event::Ended { person, role, .. } => {
                state.holdings.remove(&(*person, *role));
            }
            Event::RoleOrdered { person, role, attempt, .. } => {
                state.becomes(*person, *role, *attempt, RoleState::Ordered);
            }
            Event::RoleGiven { person, role, attempt, .. } => {
                state.becomes(*person, *role, *attempt, RoleState::Given);
            }
            Event::RoleFailed { person, role, attempt, why, .. } => {
                state.becomes(*person, *role, *attempt, RoleState::Failed(*why));
            }
        }
    }
}

impl State {
    pub fn tiers(&self) -> impl Iterator<Item = (RoleId, &Tier)> {
        self.tiers.iter().map(|(role, tier)| (*role, tier))
    }

    pub fn is_tier(&self, role: RoleId) -> bool {
        self.tiers.contains_key(&role)
    }

    pub fn holding(&self, person: PersonId, role: RoleId) -> Option<Holding> {
        self.holdings.get(&(person, role)).copied()
    }

    pub fn held_by(&self, person: PersonId) -> impl Iterator<Item = (RoleId, Holding)> {
        let held = self.holdings.iter().filter(move |((who, _), _)| *who == person);
        held.map(|((_, role), held)| (*role, *held))
    }

    /// What a member gets beside a daily reward of that moment.
    pub fn daily_bonus(&self, person: PersonId, at: Timestamp) -> Bytes {
        let held = self
            .tiers
            .iter()
            .filter(|(role, _)| self.holding(person, **role).is_some_and(|held| held.until > at));
        held.map(|(_, tier)| tier.daily_bonus).max().unwrap_or(Bytes::ZERO)
    }

    fn set(
        &self,
        role: RoleId,
        name: &str,
        daily_bonus: Bytes,
        by: PersonId,
        at: Timestamp,
    ) -> Result<Option<Event>, Refusal> {
        let chars = name.chars().count();
        let odd = name.trim() != name || name.chars().any(char::is_control);
        if !(1..=MAX_NAME_CHARS).contains(&chars) || odd {
            return Err(Refusal::NameInvalid);
        }
        let lower = name.to_lowercase();
        let same = |(of, tier): (&RoleId, &Tier)| *of != role && tier.name.to_lowercase() == lower;
        if self.tiers.iter().any(same) {
            return Err(Refusal::NameTaken);
        }
        if !(Bytes::ZERO..=MAX_BONUS).contains(&daily_bonus) {
            return Err(Refusal::BonusInvalid);
        }
        if !self.is_tier(role) && self.tiers.len() >= MAX_TIERS {
            return Err(Refusal::TooManyTiers);
        }
        let new = Tier { name: name.to_owned(), daily_bonus };
        let changed = self.tiers.get(&role) != Some(&new);
        Ok(changed.then_some(Event::Set { role, name: new.name, daily_bonus, by, at }))
    }

    fn grant(
        &self,
        person: PersonId,
        role: RoleId,
        days: u32,
        by: Giver,
        at: Timestamp,
    ) -> Result<Event, Refusal> {
        if !self.is_tier(role) {
            return Err(Refusal::NoSuchTier);
        }
        let held = self.holding(person, role);
        if held.is_none() && self.holdings.len() >= MAX_HOLDINGS {
            return Err(Refusal::TooManyHoldings);
        }
        let from = held.map_or(at, |held| held.until.max(at));
        let until = from.plus_secs(i64::from(days) * DAY_SECS);
        let longest = at.plus_secs(i64::from(MAX_DAYS) * DAY_SECS);
        if days == 0 || days > MAX_DAYS || until > longest {
            return Err(Refusal::DaysInvalid);
        }
        let attempt = held.map_or(1, |held| held.attempt.saturating_add(1));
        Ok(Event::Granted { person, role, days, until, attempt, by, at })
    }

    fn check(&self, person: PersonId, has: &[RoleId], at: Timestamp) -> Vec<Event> {
        let mut held: Vec<_> =
            self.holdings.iter().filter(|((who, _), _)| *who == person).collect();
        held.sort_unstable_by_key(|((_, role), _)| *role);
        let missing = held.into_iter().filter(|((_, role), held)| {
            held.until > at && held.role != RoleState::Ordered && !has.contains(role)
        });
        let order = |((_, role), held): (&(PersonId, RoleId), &Holding)| {
            let (role, attempt) = (*role, held.attempt.saturating_add(1));
            Event::RoleOrdered { person, role, attempt, at }
        };
        missing.map(order).collect()
    }

    fn becomes(&mut self, person: PersonId, role: RoleId, attempt: u32, state: RoleState) {
        if let Some(held) = self.holdings.get_mut(&(person, role)) {
            *held = Holding { role: state, attempt, ..*held };
        }
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        let holding = size_of::<((PersonId, RoleId), Holding)>() + 1;
        size_of::<Self>()
            + self.tiers.len() * (size_of::<(RoleId, Tier)>() + MAX_NAME_CHARS)
            + self.holdings.capacity() * 8 / 7 * holding
    }
}

impl crate::Refusal for Refusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchTier => "tiers.no_such_tier",
            Self::NameInvalid => "tiers.name_invalid",
            Self::NameTaken => "tiers.name_taken",
            Self::BonusInvalid => "tiers.bonus_invalid",
            Self::TooManyTiers => "tiers.too_many_tiers",
            Self::DaysInvalid => "tiers.days_invalid",
            Self::TooManyHoldings => "tiers.too_many_holdings",
            Self::NotHeld => "tiers.not_held",
        }
    }
}
