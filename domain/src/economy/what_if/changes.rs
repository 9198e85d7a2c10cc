//! Settings that are asked about, as `name=value`.

use std::str::FromStr;

use super::super::{DailyMode, EconomySettings, StreakTier};
use crate::{Bytes, settings::Configurable as _};

/// The names of what can be asked about.
const NAMES: &str = "daily.amount, daily.mode (automatic, command or off), starting_balance, \
                     max_transfer, transfer_cooldown_secs, tiers (JSON), tiers.NAME.multiplier and \
                     tiers.NAME.from_days";

/// Settings over those that were in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes(Vec<Change>);

#[derive(Clone, Debug, PartialEq)]
enum Change {
    DailyAmount(Bytes),
    Daily(DailyMode),
    StartingBalance(Bytes),
    MaxTransfer(Bytes),
    TransferCooldownSecs(u32),
    Tiers(Vec<StreakTier>),
    Multiplier(String, u32),
    FromDays(String, u32),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChange {
    #[error("say what to change as name=value, such as daily.amount=200; not {0:?}")]
    NoValue(String),
    #[error("{0:?} cannot be asked about; what can: {NAMES}")]
    UnknownName(String),
    #[error("{name}={value}: {problem}")]
    BadValue { name: String, value: String, problem: String },
    #[error("{0} is given twice")]
    Twice(String),
    #[error("no community could save this over its settings of version {version}: {}", .problems.join("; "))]
    Unsound { version: u32, problems: Vec<String> },
}

impl Changes {
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidChange> {
        let mut changes = Vec::new();
        let mut names = Vec::new();
        for text in texts {
            let (name, value) =
                text.split_once('=').ok_or_else(|| InvalidChange::NoValue(text.to_owned()))?;
            let (name, value) = (name.trim().replace("daily.amount", "daily_amount"), value.trim());
            if names.contains(&name) {
                return Err(InvalidChange::Twice(name));
            }
            changes.push(Change::parse(&name, value)?);
            names.push(name);
        }
        let changes = Self(changes);
        // A value that no settings may have is refused at once; what depends on the rest of them
        // when they are known.
        let mut values = EconomySettings::default();
        let tier = |change: &&Change| {
            matches!(change, Change::Tiers(_) | Change::Multiplier(..) | Change::FromDays(..))
        };
        let plain = Self(changes.0.iter().filter(|change| !tier(change)).cloned().collect());
        plain.over(&mut values);
        let problems = values.problems();
        if let Some(problem) = problems.first() {
            let (name, problem) = problem.split_once(": ").unwrap_or(("", problem));
            return Err(InvalidChange::BadValue {
                name: name.to_owned(),
                value: "…".to_owned(),
                problem: problem.to_owned(),
            });
        }
        Ok(changes)
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the changes over these settings; answers the tiers that they do not have.
    pub(super) fn over(&self, settings: &mut EconomySettings) -> Vec<String> {
        let mut missing = Vec::new();
        for change in &self.0 {
            match change {
                Change::DailyAmount(amount) => settings.daily_amount = *amount,
                Change::Daily(mode) => settings.daily = *mode,
                Change::StartingBalance(amount) => settings.starting_balance = *amount,
                Change::MaxTransfer(amount) => settings.max_transfer = *amount,
                Change::TransferCooldownSecs(secs) => settings.transfer_cooldown_secs = *secs,
                Change::Tiers(tiers) => settings.tiers.clone_from(tiers),
                Change::Multiplier(name, _) | Change::FromDays(name, _) => {
                    match settings.tiers.iter_mut().find(|tier| tier.name == *name) {
                        Some(tier) => change.of_tier(tier),
                        None => missing.push(name.clone()),
                    }
                }
            }
        }
        missing
    }

    pub(super) fn touches_daily(&self) -> bool {
        self.0.iter().any(|change| matches!(change, Change::Daily(_)))
    }
}

impl Change {
    fn parse(name: &str, value: &str) -> Result<Self, InvalidChange> {
        let bad = |problem: String| InvalidChange::BadValue {
            name: name.to_owned(),
            value: value.chars().take(80).collect(),
            problem,
        };
        let amount = || number::<Bytes>(value).map_err(bad);
        let count = || number::<u32>(value).map_err(bad);
        Ok(match name {
            "daily_amount" => Self::DailyAmount(amount()?),
            "daily" | "daily.mode" => Self::Daily(match value {
                "automatic" => DailyMode::Automatic,
                "command" => DailyMode::Command,
                "off" => DailyMode::Off,
                _ => return Err(bad("use automatic, command or off".to_owned())),
            }),
            "starting_balance" => Self::StartingBalance(amount()?),
            "max_transfer" => Self::MaxTransfer(amount()?),
            "transfer_cooldown_secs" => Self::TransferCooldownSecs(count()?),
            "tiers" => {
                Self::Tiers(serde_json::from_str(value).map_err(|error| bad(error.to_string()))?)
            }
            _ => {
                let tier = name.strip_prefix("tiers.").and_then(|rest| rest.rsplit_once('.'));
                match tier {
                    Some((tier, "multiplier")) => Self::Multiplier(tier.to_owned(), count()?),
                    Some((tier, "from_days")) => Self::FromDays(tier.to_owned(), count()?),
                    _ => return Err(InvalidChange::UnknownName(name.to_owned())),
                }
            }
        })
    }

    const fn of_tier(&self, tier: &mut StreakTier) {
        match self {
            Self::Multiplier(_, multiplier) => tier.multiplier = *multiplier,
            Self::FromDays(_, days) => tier.from_days = *days,
            _ => {}
        }
    }
}

fn number<T: FromStr>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| "use a whole number".to_owned())
}
