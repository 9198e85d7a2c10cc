//! Why the ledger says no, in words that the person who asked understands.

use super::{MAX_PURPOSE_CHARS, MAX_REASON_CHARS};
use crate::{
    Bytes,
    text::{Wait, grouped},
};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("The amount must be at least 1.")]
    AmountTooSmall,
    #[error("You can move at most {max} at a time.")]
    AmountTooLarge { max: Bytes },
    #[error("The balance is {balance}, which is not enough for {needed}.")]
    NotEnough { balance: Bytes, needed: Bytes },
    #[error("That would pass the most that one member can hold, {}.", Bytes::LIMIT)]
    BalanceLimit,
    #[error("You cannot send to yourself.")]
    SelfTransfer,
    #[error("You can send again in {}.", Wait(*.wait_secs))]
    Cooldown { wait_secs: i64 },
    #[error("Today's reward has been paid already. The next one is in {}.", Wait(*.wait_secs))]
    DailyAlreadyPaid { wait_secs: i64 },
    #[error("Daily rewards are switched off here.")]
    DailyOff,
    #[error("Daily rewards come with your first message of the day here.")]
    DailyIsAutomatic,
    #[error("Daily rewards must be asked for here.")]
    DailyMustBeRequested,
    #[error("The reason must not be longer than {MAX_REASON_CHARS} characters.")]
    ReasonTooLong,
    #[error("A spend needs a purpose of 1 to {MAX_PURPOSE_CHARS} characters.")]
    PurposeInvalid,
    #[error("This spend exists already.")]
    SpendExists,
    #[error("This spend is not open: it was settled or refunded, or never made.")]
    SpendNotOpen,
    #[error("Too many purchases are under way in this community. Try again in a minute.")]
    TooManyOpenSpends,
}

impl Refusal {
    /// What the person is told, in the community's own currency.
    pub fn told_in(&self, currency: &str) -> String {
        let amount = |amount: &Bytes| format!("{} {currency}", grouped(amount.0));
        match self {
            Self::AmountTooLarge { max } => {
                format!("You can move at most {} at a time.", amount(max))
            }
            Self::NotEnough { balance, needed } => format!(
                "The balance is {}, which is not enough for {}.",
                amount(balance),
                grouped(needed.0)
            ),
            Self::BalanceLimit => format!(
                "That would pass the most that one member can hold, {}.",
                amount(&Bytes::LIMIT)
            ),
            _ => self.to_string(),
        }
    }
}

impl crate::Refusal for Refusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::AmountTooSmall => "economy.amount_too_small",
            Self::AmountTooLarge { .. } => "economy.amount_too_large",
            Self::NotEnough { .. } => "economy.not_enough",
            Self::BalanceLimit => "economy.balance_limit",
            Self::SelfTransfer => "economy.self_transfer",
            Self::Cooldown { .. } => "economy.cooldown",
            Self::DailyAlreadyPaid { .. } => "economy.daily_already_paid",
            Self::DailyOff => "economy.daily_off",
            Self::DailyIsAutomatic => "economy.daily_is_automatic",
            Self::DailyMustBeRequested => "economy.daily_must_be_requested",
            Self::ReasonTooLong => "economy.reason_too_long",
            Self::PurposeInvalid => "economy.purpose_invalid",
            Self::SpendExists => "economy.spend_exists",
            Self::SpendNotOpen => "economy.spend_not_open",
            Self::TooManyOpenSpends => "economy.too_many_open_spends",
        }
    }
}
