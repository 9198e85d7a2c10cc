//! What a guild decides about its economy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bytes, EventType, RoleId, Upcaster,
    settings::{Column, Configurable, Field, FieldValue, Kind},
};

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
    /// Roles for what a member has received in all.
    pub role_rewards: Vec<RoleReward>,
    /// Whether daily rewards count as received; transfers from other members always do, and what
    /// the community grants never does.
    pub received_counts_daily: bool,
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

/// A role for whoever has received that much in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleReward {
    pub at: Bytes,
    pub role: RoleId,
}

impl DailyMode {
    const WORDS: [&str; 3] = ["automatic", "command", "off"];

    const fn word(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Command => "command",
            Self::Off => "off",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Automatic, Self::Command, Self::Off].into_iter().find(|mode| mode.word() == word)
    }
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
            role_rewards: Vec::new(),
            received_counts_daily: false,
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
    pub const MAX_ROLE_REWARDS: usize = 20;

    /// The tier that a streak of this length has reached.
    pub fn tier(&self, streak_days: u32) -> Option<&StreakTier> {
        self.tiers.iter().rev().find(|tier| tier.from_days <= streak_days)
    }
}

const NAME: Kind = Kind::Text { min_chars: 1, max_chars: EconomySettings::MAX_NAME_CHARS };
const TIER: &[Column] = &[
    Column { name: "days", kind: Kind::Count { min: 1, max: u32::MAX } },
    Column { name: "name", kind: NAME },
    Column {
        name: "multiplier",
        kind: Kind::Count { min: 1, max: EconomySettings::MAX_MULTIPLIER },
    },
];
const REWARD: &[Column] = &[
    Column { name: "received", kind: Kind::Amount { min: Bytes(1), max: Bytes::LIMIT } },
    Column { name: "role", kind: Kind::Role },
];

const FIELDS: &[Field] = &[
    Field { name: "currency", title: "Currency", help: "What people call it.", kind: NAME },
    Field {
        name: "starting_balance",
        title: "Starting balance",
        help: "What a member begins with, once.",
        kind: Kind::Amount { min: Bytes::ZERO, max: EconomySettings::MAX_STARTING_BALANCE },
    },
    Field {
        name: "daily",
        title: "Daily reward",
        help: "Automatic: the first message of the day pays. Command: members ask for it.",
        kind: Kind::Choice(&DailyMode::WORDS),
    },
    Field {
        name: "daily_amount",
        title: "Daily amount",
        help: "What one day pays, before the streak multiplies it.",
        kind: Kind::Amount { min: Bytes::ZERO, max: EconomySettings::MAX_DAILY_AMOUNT },
    },
    Field {
        name: "max_transfer",
        title: "Largest transfer",
        help: "The most that one transfer may move.",
        kind: Kind::Amount { min: Bytes(1), max: EconomySettings::MAX_TRANSFER },
    },
    Field {
        name: "transfer_cooldown_secs",
        title: "Time between transfers",
        help: "How long a member waits before the next transfer.",
        kind: Kind::Duration { min_secs: 0, max_secs: EconomySettings::MAX_COOLDOWN_SECS },
    },
    Field {
        name: "tiers",
        title: "Streak tiers",
        help: "From how many days in a row the reward is multiplied, such as 8:CHAR:2, 16:SHORT:4.",
        kind: Kind::List { most: EconomySettings::MAX_TIERS, columns: TIER },
    },
    Field {
        name: "role_rewards",
        title: "Role rewards",
        help: "Roles for what a member has received in all, such as 100:@Friend, 500:@Star.",
        kind: Kind::List { most: EconomySettings::MAX_ROLE_REWARDS, columns: REWARD },
    },
    Field {
        name: "received_counts_daily",
        title: "Daily rewards count as received",
        help: "On: role rewards count daily rewards too. Off: only what other members sent.",
        kind: Kind::Switch,
    },
];

impl Configurable for EconomySettings {
    const CAPABILITY: &'static str = "economy_settings";
    const TYPES: &'static [EventType] = &[EventType::new("economy_settings.changed", 2)];
    const UPCASTERS: &'static [Upcaster] =
        &[Upcaster { name: "economy_settings.changed", from: 1, up: without_role_rewards }];

    fn fields() -> &'static [Field] {
        FIELDS
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        Some(match field {
            "currency" => FieldValue::Text(self.currency.clone()),
            "starting_balance" => FieldValue::Amount(self.starting_balance),
            "daily" => FieldValue::Choice(self.daily.word().to_owned()),
            "daily_amount" => FieldValue::Amount(self.daily_amount),
            "max_transfer" => FieldValue::Amount(self.max_transfer),
            "transfer_cooldown_secs" => FieldValue::Duration(self.transfer_cooldown_secs),
            "tiers" => FieldValue::List(self.tiers.iter().map(StreakTier::row).collect()),
            "role_rewards" => {
                FieldValue::List(self.role_rewards.iter().map(RoleReward::row).collect())
            }
            "received_counts_daily" => FieldValue::Switch(self.received_counts_daily),
            _ => return None,
        })
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        match (field, value) {
            ("currency", FieldValue::Text(name)) => self.currency = name,
            ("starting_balance", FieldValue::Amount(amount)) => self.starting_balance = amount,
            ("daily", FieldValue::Choice(word)) => match DailyMode::of(&word) {
                Some(mode) => self.daily = mode,
                None => return false,
            },
            ("daily_amount", FieldValue::Amount(amount)) => self.daily_amount = amount,
            ("max_transfer", FieldValue::Amount(amount)) => self.max_transfer = amount,
            ("transfer_cooldown_secs", FieldValue::Duration(secs)) => {
                self.transfer_cooldown_secs = secs;
            }
            ("tiers", FieldValue::List(rows)) => {
                let Some(tiers) = rows.into_iter().map(StreakTier::of).collect() else {
                    return false;
                };
                self.tiers = tiers;
            }
            ("role_rewards", FieldValue::List(rows)) => {
                let Some(rewards) = rows.iter().map(|row| RoleReward::of(row)).collect() else {
                    return false;
                };
                self.role_rewards = rewards;
            }
            ("received_counts_daily", FieldValue::Switch(on)) => self.received_counts_daily = on,
            _ => return false,
        }
        true
    }

    fn problems_together(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.tiers.is_sorted_by(|one, next| one.from_days < next.from_days) {
            problems.push("tiers: order them by days, each longer than the one before".to_owned());
        }
        let rewards = &self.role_rewards;
        let again = |(place, reward): (usize, &RoleReward)| {
            rewards[..place].iter().any(|other| other.role == reward.role)
        };
        if rewards.iter().enumerate().any(again) {
            problems.push("role_rewards: name each role once".to_owned());
        }
        problems
    }

    fn weight_bytes(&self) -> usize {
        self.currency.len()
            + self.tiers.len() * (size_of::<StreakTier>() + Self::MAX_NAME_CHARS)
            + self.role_rewards.len() * size_of::<RoleReward>()
    }
}

impl StreakTier {
    fn row(&self) -> Vec<FieldValue> {
        vec![
            FieldValue::Count(self.from_days),
            FieldValue::Text(self.name.clone()),
            FieldValue::Count(self.multiplier),
        ]
    }

    fn of(row: Vec<FieldValue>) -> Option<Self> {
        match <[FieldValue; 3]>::try_from(row) {
            Ok(
                [
                    FieldValue::Count(from_days),
                    FieldValue::Text(name),
                    FieldValue::Count(multiplier),
                ],
            ) => Some(Self { from_days, name, multiplier }),
            _ => None,
        }
    }
}

impl RoleReward {
    fn row(&self) -> Vec<FieldValue> {
        vec![FieldValue::Amount(self.at), FieldValue::Role(self.role)]
    }

    fn of(row: &[FieldValue]) -> Option<Self> {
        match *row {
            [FieldValue::Amount(at), FieldValue::Role(role)] => Some(Self { at, role }),
            _ => None,
        }
    }
}

/// Version 1 knew no role rewards.
fn without_role_rewards(mut payload: serde_json::Value) -> serde_json::Value {
    let values = payload.pointer_mut("/changed/values");
    if let Some(values) = values.and_then(serde_json::Value::as_object_mut) {
        values.insert("role_rewards".to_owned(), serde_json::json!([]));
        values.insert("received_counts_daily".to_owned(), serde_json::json!(false));
    }
    payload
}
