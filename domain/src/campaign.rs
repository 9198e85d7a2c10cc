//! A campaign: codes with one reward, and who has redeemed them.
//!
//! Rules:
//! - A campaign has a creator, a reward and limits: uses in all, uses of one code, uses by one
//!   member, a time, and roles of which a member needs one.
//! - A use is counted when it is decided, and has a number: 1, 2, 3 …, never past the limit.
//! - The reward is an intent with the use's number. It ends in one outcome, delivered or failed; a
//!   failed one can be ordered again, a delivered one never. A use is not given back.
//! - Who has used it up, comes too early or too late, or lacks the role is told so.
//! - Limits can be changed, but not below what has been used. The reward never changes.
//! - What is revoked, one code or all of them, stays revoked; what was redeemed stays redeemed.
//!
//! Memory: at most [`MAX_BYTES_PER_MEMBER`] for each member who redeemed a code of their own, at
//! 100,000 of them. Uses that were delivered are not held one by one.

mod events;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

pub use events::Event;

use crate::{Bytes, Decider, PersonId, RoleId, Timestamp, Weigh, digest::Digest, text::Wait};

pub const MAX_NAME_CHARS: usize = 64;
pub const MAX_USES: u32 = 1_000_000;
pub const MAX_USES_OF_ONE: u32 = 1_000;
pub const MAX_ROLES: usize = 20;
pub const MAX_TIER_DAYS: u32 = 3_650;
/// Rewards that are under way or failed; whoever delivers them is behind if there are more.
pub const MAX_OPEN_REWARDS: usize = 10_000;
pub const MAX_BYTES_PER_MEMBER: usize = 128;

#[derive(Debug)]
pub struct Campaign;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    made: Option<Made>,
    revoked: bool,
    uses: u32,
    of_person: HashMap<PersonId, u32>,
    of_code: HashMap<Digest, CodeUse>,
    /// By the use's number.
    open_rewards: BTreeMap<u32, OpenReward>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Made {
    reward: Reward,
    limits: Limits,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct CodeUse {
    uses: u32,
    revoked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OpenReward {
    person: PersonId,
    attempt: u32,
    failed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reward {
    Bytes {
        amount: Bytes,
    },
    Role {
        role: RoleId,
    },
    /// A role for so many days.
    Tier {
        role: RoleId,
        days: u32,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// None: as often as there are members to redeem it.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "count_or_null")]
    pub uses: Option<u32>,
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "count_or_null")]
    pub uses_per_code: Option<u32>,
    pub uses_per_member: u32,
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "time_or_null")]
    pub from: Option<Timestamp>,
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, schema_with = "time_or_null")]
    pub until: Option<Timestamp>,
    /// One of them is needed; none: anybody may.
    pub roles: Vec<RoleId>,
}

/// Always there in JSON, null where there is no limit: binary snapshots cannot leave fields out.
fn count_or_null(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["integer", "null"], "format": "uint32", "minimum": 0 })
}

fn time_or_null(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "format": "date-time" })
}

/// Why a reward was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    MemberGone,
    RoleGone,
    NotAllowed,
    /// The member can hold no more bytes.
    BalanceLimit,
    Unavailable,
}

impl Failure {
    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MemberGone => "member_gone",
            Self::RoleGone => "role_gone",
            Self::NotAllowed => "not_allowed",
            Self::BalanceLimit => "balance_limit",
            Self::Unavailable => "unavailable",
        }
    }
}

#[derive(Clone, Debug)]
pub enum Command {
    Create {
        name: String,
        by: PersonId,
        reward: Reward,
        limits: Limits,
        at: Timestamp,
    },
    SetLimits {
        by: PersonId,
        limits: Limits,
        at: Timestamp,
    },
    Redeem(Redeem),
    /// What became of a use's reward.
    Note {
        number: u32,
        attempt: u32,
        outcome: Result<(), Failure>,
        at: Timestamp,
    },
    /// Order a reward that failed again.
    Retry {
        number: u32,
        at: Timestamp,
    },
    RevokeCode {
        code: Digest,
        by: PersonId,
        at: Timestamp,
    },
    Revoke {
        by: PersonId,
        at: Timestamp,
    },
}

/// A member redeems a code of this campaign, with what is known of the member now.
#[derive(Clone, Debug)]
pub struct Redeem {
    pub person: PersonId,
    pub code: Digest,
    pub roles: Vec<RoleId>,
    /// Whom this bot does not serve.
    pub blocked: bool,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("There is no such campaign here.")]
    NoSuchCampaign,
    #[error("This campaign exists already.")]
    Exists,
    #[error("A campaign needs a name of 1 to {MAX_NAME_CHARS} characters.")]
    NameInvalid,
    #[error(
        "The reward must be at least 1 byte and at most {}, or 1 to {MAX_TIER_DAYS} days.",
        Bytes::LIMIT
    )]
    RewardInvalid,
    #[error(
        "Choose 1 to {MAX_USES} uses in all and of one code, and 1 to {MAX_USES_OF_ONE} by one member."
    )]
    UsesInvalid,
    #[error("The end must be later than the beginning and later than now.")]
    TimeInvalid,
    #[error("Name at most {MAX_ROLES} roles, each once.")]
    RolesInvalid,
    #[error("{used} uses have been made already. Choose at least as many.")]
    BelowUses { used: u32 },
    #[error("This code is no longer valid.")]
    Revoked,
    #[error("This code can be redeemed in {}.", Wait(*.wait_secs))]
    TooEarly { wait_secs: i64 },
    #[error("This code has expired.")]
    Expired,
    #[error("You need another role to redeem this code.")]
    RoleNeeded,
    #[error("You cannot redeem codes here.")]
    Blocked,
    #[error("You have redeemed this already.")]
    RedeemedAlready,
    #[error("This code has been used up.")]
    UsedUp,
    #[error("Many rewards are on their way just now. Try again in a minute.")]
    TooManyOpen,
    #[error("There is no failed reward with this number.")]
    NotFailed,
}

impl Decider for Campaign {
    const CAPABILITY: &'static str = "campaign";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        if let Command::Create { name, by, reward, limits, at } = command {
            return state.create(name, *by, *reward, limits, *at).map(|event| vec![event]);
        }
        let made = state.made.as_ref().ok_or(Refusal::NoSuchCampaign)?;
        Ok(match command {
            Command::Create { .. } => None,
            Command::SetLimits { by, limits, at } => {
                limits.check(*at)?;
                let used = state.uses;
                if limits.uses.is_some_and(|uses| uses < used) {
                    return Err(Refusal::BelowUses { used });
                }
                let event = Event::LimitsSet { by: *by, limits: limits.clone(), at: *at };
                (made.limits != *limits).then_some(event)
            }
            Command::Redeem(redeem) => Some(state.redeem(made, redeem)?),
            Command::Note { number, attempt, outcome, at } => {
                let open = state.open_rewards.get(number);
                let open = open.filter(|open| open.attempt == *attempt && !open.failed);
                let (number, attempt, at) = (*number, *attempt, *at);
                open.map(|open| match outcome {
                    Ok(()) => Event::RewardDelivered { number, person: open.person, attempt, at },
                    Err(why) => {
                        Event::RewardFailed { number, person: open.person, attempt, why: *why, at }
                    }
                })
            }
            Command::Retry { number, at } => {
                let open = state.open_rewards.get(number).filter(|open| open.failed);
                let open = open.ok_or(Refusal::NotFailed)?;
                let (person, attempt) = (open.person, open.attempt.saturating_add(1));
                let (number, reward, at) = (*number, made.reward, *at);
                Some(Event::RewardOrderedAgain { number, person, attempt, reward, at })
            }
            Command::RevokeCode { code, by, at } => {
                let revoked = state.of_code.get(code).is_some_and(|code| code.revoked);
                (!revoked).then_some(Event::CodeRevoked { code: *code, by: *by, at: *at })
            }
            Command::Revoke { by, at } => {
                (!state.revoked).then_some(Event::Revoked { by: *by, at: *at })
            }
        }
        .into_iter()
        .collect())
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Created { reward, limits, .. } => {
                state.made = Some(Made { reward: *reward, limits: limits.clone() });
            }
            Event::LimitsSet { limits, .. } => {
                if let Some(made) = &mut state.made {
                    made.limits = limits.clone();
                }
            }
            Event::Redeemed { number, person, code, .. } => {
                state.uses = *number;
                let uses = state.of_person.entry(*person).or_default();
                *uses = uses.saturating_add(1);
                let code = state.of_code.entry(*code).or_default();
                code.uses = code.uses.saturating_add(1);
                let open = OpenReward { person: *person, attempt: 1, failed: false };
                state.open_rewards.insert(*number, open);
            }
            Event::RewardDelivered { number, .. } => {
                state.open_rewards.remove(number);
            }
            Event::RewardFailed { number, .. } => {
                if let Some(open) = state.open_rewards.get_mut(number) {
                    open.failed = true;
                }
            }
            Event::RewardOrderedAgain { number, attempt, .. } => {
                if let Some(open) = state.open_rewards.get_mut(number) {
                    *open = OpenReward { attempt: *attempt, failed: false, ..*open };
                }
            }
            Event::CodeRevoked { code, .. } => {
                state.of_code.entry(*code).or_default().revoked = true;
            }
            Event::Revoked { .. } => state.revoked = true,
        }
    }
}

impl State {
    /// Uses so far.
    pub fn uses(&self) -> u32 {
        self.uses
    }

    /// Uses that are left, where they are limited.
    pub fn left(&self) -> Option<u32> {
        let most = self.made.as_ref()?.limits.uses?;
        Some(most.saturating_sub(self.uses))
    }

    pub fn limits(&self) -> Option<&Limits> {
        self.made.as_ref().map(|made| &made.limits)
    }

    /// Whether this very order of a reward has no outcome yet.
    pub fn awaits(&self, number: u32, attempt: u32) -> bool {
        let open = self.open_rewards.get(&number);
        open.is_some_and(|open| open.attempt == attempt && !open.failed)
    }

    /// The uses whose reward was not delivered, the earliest first.
    pub fn failed_rewards(&self) -> impl Iterator<Item = u32> {
        self.open_rewards.iter().filter(|(_, open)| open.failed).map(|(number, _)| *number)
    }

    fn create(
        &self,
        name: &str,
        by: PersonId,
        reward: Reward,
        limits: &Limits,
        at: Timestamp,
    ) -> Result<Event, Refusal> {
        if self.made.is_some() {
            return Err(Refusal::Exists);
        }
        let chars = name.chars().count();
        if !(1..=MAX_NAME_CHARS).contains(&chars) || name.chars().any(char::is_control) {
            return Err(Refusal::NameInvalid);
        }
        let sound = match reward {
            Reward::Bytes { amount } => (Bytes(1)..=Bytes::LIMIT).contains(&amount),
            Reward::Role { .. } => true,
            Reward::Tier { days, .. } => (1..=MAX_TIER_DAYS).contains(&days),
        };
        if !sound {
            return Err(Refusal::RewardInvalid);
        }
        limits.check(at)?;
        Ok(Event::Created { name: name.to_owned(), by, reward, limits: limits.clone(), at })
    }

    fn redeem(&self, made: &Made, redeem: &Redeem) -> Result<Event, Refusal> {
        let Redeem { person, code, roles, blocked, at } = redeem;
        let limits = &made.limits;
        let of_code = self.of_code.get(code).copied().unwrap_or_default();
        if *blocked {
            return Err(Refusal::Blocked);
        }
        if self.revoked || of_code.revoked {
            return Err(Refusal::Revoked);
        }
        if let Some(from) = limits.from.filter(|from| at < from) {
            return Err(Refusal::TooEarly { wait_secs: from.secs_since(*at) });
        }
        if limits.until.is_some_and(|until| *at >= until) {
            return Err(Refusal::Expired);
        }
        if !limits.roles.is_empty() && !limits.roles.iter().any(|role| roles.contains(role)) {
            return Err(Refusal::RoleNeeded);
        }
        if self.of_person.get(person).copied().unwrap_or(0) >= limits.uses_per_member {
            return Err(Refusal::RedeemedAlready);
        }
        let used_up = limits.uses.is_some_and(|uses| self.uses >= uses)
            || limits.uses_per_code.is_some_and(|uses| of_code.uses >= uses)
            || self.uses >= MAX_USES;
        if used_up {
            return Err(Refusal::UsedUp);
        }
        if self.open_rewards.len() >= MAX_OPEN_REWARDS {
            return Err(Refusal::TooManyOpen);
        }
        let (number, reward) = (self.uses.saturating_add(1), made.reward);
        Ok(Event::Redeemed { number, person: *person, code: *code, reward, at: *at })
    }
}

impl Limits {
    /// One use by one member, and no other limit.
    pub fn once_each() -> Self {
        Self {
            uses: None,
            uses_per_code: None,
            uses_per_member: 1,
            from: None,
            until: None,
            roles: Vec::new(),
        }
    }

    fn check(&self, at: Timestamp) -> Result<(), Refusal> {
        let within = |uses: Option<u32>| uses.is_none_or(|uses| (1..=MAX_USES).contains(&uses));
        let by_one = (1..=MAX_USES_OF_ONE).contains(&self.uses_per_member);
        if !within(self.uses) || !within(self.uses_per_code) || !by_one {
            return Err(Refusal::UsesInvalid);
        }
        let begins = self.from.unwrap_or(at).max(at);
        if self.until.is_some_and(|until| until <= begins) {
            return Err(Refusal::TimeInvalid);
        }
        let again = |(place, role): (usize, &RoleId)| self.roles[..place].contains(role);
        if self.roles.len() > MAX_ROLES || self.roles.iter().enumerate().any(again) {
            return Err(Refusal::RolesInvalid);
        }
        Ok(())
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        let roles = self.made.as_ref().map_or(0, |made| made.limits.roles.len());
        size_of::<Self>()
            + roles * size_of::<RoleId>()
            + self.of_person.capacity() * 8 / 7 * (size_of::<(PersonId, u32)>() + 1)
            + self.of_code.capacity() * 8 / 7 * (size_of::<(Digest, CodeUse)>() + 1)
            + self.open_rewards.len() * 2 * size_of::<(u32, OpenReward)>()
    }
}

impl crate::Refusal for Refusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchCampaign => "campaign.no_such_campaign",
            Self::Exists => "campaign.exists",
            Self::NameInvalid => "campaign.name_invalid",
            Self::RewardInvalid => "campaign.reward_invalid",
            Self::UsesInvalid => "campaign.uses_invalid",
            Self::TimeInvalid => "campaign.time_invalid",
            Self::RolesInvalid => "campaign.roles_invalid",
            Self::BelowUses { .. } => "campaign.below_uses",
            Self::Revoked => "campaign.revoked",
            Self::TooEarly { .. } => "campaign.too_early",
            Self::Expired => "campaign.expired",
            Self::RoleNeeded => "campaign.role_needed",
            Self::Blocked => "campaign.blocked",
            Self::RedeemedAlready => "campaign.redeemed_already",
            Self::UsedUp => "campaign.used_up",
            Self::TooManyOpen => "campaign.too_many_open",
            Self::NotFailed => "campaign.not_failed",
        }
    }
}
