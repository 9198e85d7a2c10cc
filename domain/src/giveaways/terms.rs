//! What is given, to whom and until when.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    MAX_CLAIM_SECS, MAX_DURATION_SECS, MAX_PRIZE_CHARS, MAX_REROLLS, MAX_ROLES, MAX_WEIGHT,
    MAX_WINNERS, MIN_DURATION_SECS, Refusal,
};
use crate::{RoleId, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    pub prize: String,
    pub winners: u32,
    pub ends_at: Timestamp,
    pub requires: Requirements,
    /// More chances for members with a role; several add up.
    pub bonus: Vec<Bonus>,
    /// How long a winner has to claim; 0: nothing has to be claimed.
    pub claim_secs: u32,
    pub max_rerolls: u32,
}

/// Zero and no roles require nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    pub all_of: Vec<RoleId>,
    pub any_of: Vec<RoleId>,
    pub none_of: Vec<RoleId>,
    pub level: u32,
    pub account_days: u32,
    pub member_days: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bonus {
    pub role: RoleId,
    pub entries: u32,
}

/// What is known of a member who enters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub roles: Vec<RoleId>,
    pub level: u32,
    pub account_days: u32,
    pub member_days: u32,
    /// Whom this bot does not serve, or who may not take part here.
    pub blocked: bool,
}

impl Terms {
    pub(super) fn check(&self, at: Timestamp) -> Result<(), Refusal> {
        let chars = self.prize.chars().count();
        if !(1..=MAX_PRIZE_CHARS).contains(&chars) || self.prize.trim() != self.prize {
            return Err(Refusal::PrizeInvalid);
        }
        if !(1..=MAX_WINNERS).contains(&self.winners) {
            return Err(Refusal::WinnersInvalid);
        }
        let earliest = at.plus_secs(MIN_DURATION_SECS);
        if !(earliest..=at.plus_secs(MAX_DURATION_SECS)).contains(&self.ends_at) {
            return Err(Refusal::EndInvalid);
        }
        if self.claim_secs > MAX_CLAIM_SECS {
            return Err(Refusal::ClaimInvalid);
        }
        if self.max_rerolls > MAX_REROLLS {
            return Err(Refusal::RerollsInvalid);
        }
        let bonus: Vec<RoleId> = self.bonus.iter().map(|bonus| bonus.role).collect();
        let requires = &self.requires;
        for roles in [&requires.all_of, &requires.any_of, &requires.none_of, &bonus] {
            let again = |(place, role): (usize, &RoleId)| roles[..place].contains(role);
            if roles.len() > MAX_ROLES || roles.iter().enumerate().any(again) {
                return Err(Refusal::RolesInvalid);
            }
        }
        let never = |role: &RoleId| requires.none_of.contains(role);
        if requires.all_of.iter().any(never)
            || (!requires.any_of.is_empty() && requires.any_of.iter().all(never))
        {
            return Err(Refusal::NobodyCouldEnter);
        }
        let most: u64 = self.bonus.iter().map(|bonus| u64::from(bonus.entries)).sum();
        let nothing = self.bonus.iter().any(|bonus| bonus.entries == 0);
        if nothing || most >= u64::from(MAX_WEIGHT) {
            return Err(Refusal::BonusInvalid);
        }
        Ok(())
    }

    /// How many chances a member with these roles has.
    pub(super) fn weight(&self, roles: &[RoleId]) -> u32 {
        let counts = |bonus: &&Bonus| roles.contains(&bonus.role);
        self.bonus.iter().filter(counts).map(|bonus| bonus.entries).sum::<u32>() + 1
    }

    /// Those of a member's roles that these terms name: the others are nobody's business.
    pub(super) fn named(&self, roles: &[RoleId]) -> Vec<RoleId> {
        let requires = &self.requires;
        let named = |role: &RoleId| {
            [&requires.all_of, &requires.any_of, &requires.none_of]
                .iter()
                .any(|list| list.contains(role))
                || self.bonus.iter().any(|bonus| bonus.role == *role)
        };
        roles.iter().copied().filter(named).collect()
    }
}

impl Requirements {
    pub fn check(&self, facts: &Facts) -> Result<(), Refusal> {
        if facts.blocked {
            return Err(Refusal::Blocked);
        }
        let has = |role: &RoleId| facts.roles.contains(role);
        let any = self.any_of.is_empty() || self.any_of.iter().any(has);
        if !self.all_of.iter().all(has) || !any {
            return Err(Refusal::RoleNeeded);
        }
        if self.none_of.iter().any(has) {
            return Err(Refusal::RoleForbidden);
        }
        if facts.level < self.level {
            return Err(Refusal::LevelTooLow { needed: self.level });
        }
        if facts.account_days < self.account_days {
            return Err(Refusal::AccountTooYoung { days: self.account_days });
        }
        if facts.member_days < self.member_days {
            return Err(Refusal::MemberTooShort { days: self.member_days });
        }
        Ok(())
    }
}
