//! What a guild decides about its economy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bytes, EventType, settings::Configurable};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EconomySettings {
    /// What people call the currency.
    pub currency: String,
    /// What a member begins with, once.
    pub starting_balance: Bytes,
    pub daily: DailyMode,
    /// What one day pays before the streak's multiplier.
    pub daily_amount: Bytes,
    /// Streak tiers, shortest streak first.
    pub tiers: Vec<StreakTier>,
    /// The most that one transfer may move.
    pub max_transfer: Bytes,
    /// How long a member waits between two transfers.
    pub transfer_cooldown_secs: u32,
}

/// How the day's reward is given. The rule is the same: once per member and UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DailyMode {
    /// By the first message of the day.
    Automatic,
    /// By asking for it.
    Command,
    Off,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreakTier {
    pub from_days: u32,
    pub name: String,
    pub multiplier: u32,
}

impl Default for EconomySettings {
    fn default() -> Self {
        let tier = |from_days, name: &str, multiplier| StreakTier {
            from_days,
            name: name.to_owned(),
            multiplier,
        };
        Self {
            currency: "bytes".to_owned(),
            starting_balance: Bytes::ZERO,
            daily: DailyMode::Automatic,
            daily_amount: Bytes(10),
            tiers: vec![
                tier(8, "CHAR", 2),
                tier(16, "SHORT", 4),
                tier(32, "INT", 16),
                tier(64, "LONG", 256),
            ],
            max_transfer: Bytes(1_000),
            transfer_cooldown_secs: 24 * 60 * 60,
        }
    }
}

impl EconomySettings {
    pub const MAX_STARTING_BALANCE: Bytes = Bytes(1_000_000);
    pub const MAX_DAILY_AMOUNT: Bytes = Bytes(1_000_000);
    pub const MAX_TRANSFER: Bytes = Bytes(1_000_000_000);
    pub const MAX_COOLDOWN_SECS: u32 = 30 * 24 * 60 * 60;
    pub const MAX_TIERS: usize = 16;
    pub const MAX_MULTIPLIER: u32 = 1_000;
    pub const MAX_NAME_CHARS: usize = 32;

    /// The tier that a streak of this length has reached.
    pub fn tier(&self, streak_days: u32) -> Option<&StreakTier> {
        self.tiers.iter().rev().find(|tier| tier.from_days <= streak_days)
    }
}

impl Configurable for EconomySettings {
    const CAPABILITY: &'static str = "economy_settings";
    const TYPES: &'static [EventType] = &[EventType::new("economy_settings.changed", 1)];

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut require = |holds: bool, problem: String| {
            if !holds {
                problems.push(problem);
            }
        };
        let name_fits = |name: &str| {
            (1..=Self::MAX_NAME_CHARS).contains(&name.chars().count()) && name.trim() == name
        };
        let amount = |least: i64, value: Bytes, most: Bytes| (Bytes(least)..=most).contains(&value);

        require(
            name_fits(&self.currency),
            format!(
                "currency: use 1 to {} characters, no spaces around them",
                Self::MAX_NAME_CHARS
            ),
        );
        require(
            amount(0, self.starting_balance, Self::MAX_STARTING_BALANCE),
            format!("starting_balance: use 0 to {}", Self::MAX_STARTING_BALANCE),
        );
        require(
            amount(0, self.daily_amount, Self::MAX_DAILY_AMOUNT),
            format!("daily_amount: use 0 to {}", Self::MAX_DAILY_AMOUNT),
        );
        require(
            amount(1, self.max_transfer, Self::MAX_TRANSFER),
            format!("max_transfer: use 1 to {}", Self::MAX_TRANSFER),
        );
        require(
            self.transfer_cooldown_secs <= Self::MAX_COOLDOWN_SECS,
            format!("transfer_cooldown_secs: use 0 to {}", Self::MAX_COOLDOWN_SECS),
        );
        require(
            self.tiers.len() <= Self::MAX_TIERS,
            format!("tiers: use at most {}", Self::MAX_TIERS),
        );
        require(
            self.tiers.windows(2).all(|pair| pair[0].from_days < pair[1].from_days),
            "tiers: order them by from_days, each longer than the one before".to_owned(),
        );
        for tier in &self.tiers {
            require(
                tier.from_days >= 1
                    && (1..=Self::MAX_MULTIPLIER).contains(&tier.multiplier)
                    && name_fits(&tier.name),
                format!(
                    "tiers: {:?} needs a name of 1 to {} characters, at least 1 day and a \
                     multiplier of 1 to {}",
                    tier.name,
                    Self::MAX_NAME_CHARS,
                    Self::MAX_MULTIPLIER
                ),
            );
        }
        problems
    }

    fn weight_bytes(&self) -> usize {
        self.currency.len() + self.tiers.len() * (size_of::<StreakTier>() + Self::MAX_NAME_CHARS)
    }
}
