//! What a giveaway refuses, in the words that people read.

use super::{
    MAX_CLAIM_SECS, MAX_ENTRIES, MAX_LEFT_OUT, MAX_PRIZE_CHARS, MAX_REASON_CHARS, MAX_REROLLS,
    MAX_ROLES, MAX_WEIGHT, MAX_WINNERS,
};
use crate::text::duration;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("There is no such giveaway here.")]
    NoSuchGiveaway,
    #[error("This giveaway exists already.")]
    Exists,
    #[error("Name the prize in 1 to {MAX_PRIZE_CHARS} characters, no spaces around them.")]
    PrizeInvalid,
    #[error("Choose 1 to {MAX_WINNERS} winners.")]
    WinnersInvalid,
    #[error("Choose an end from 10 seconds to 365 days from now.")]
    EndInvalid,
    #[error("Winners can have at most {} to claim.", duration(MAX_CLAIM_SECS))]
    ClaimInvalid,
    #[error("Choose 0 to {MAX_REROLLS} rerolls.")]
    RerollsInvalid,
    #[error("Name at most {MAX_ROLES} roles of a kind, each once.")]
    RolesInvalid,
    #[error("Nobody could enter: a role is both required and forbidden.")]
    NobodyCouldEnter,
    #[error("Bonus entries begin at 1, and all of them together stay below {MAX_WEIGHT}.")]
    BonusInvalid,
    #[error("You cannot take part in this giveaway.")]
    Blocked,
    #[error("You need another role to take part.")]
    RoleNeeded,
    #[error("One of your roles keeps you from taking part.")]
    RoleForbidden,
    #[error("You need level {needed} to take part.")]
    LevelTooLow { needed: u32 },
    #[error("Your Discord account must be {days} days old to take part.")]
    AccountTooYoung { days: u32 },
    #[error("You must have been a member here for {days} days to take part.")]
    MemberTooShort { days: u32 },
    #[error("You were taken out of this giveaway.")]
    TakenOut,
    #[error("This giveaway has {MAX_ENTRIES} entries, which is the most.")]
    Full,
    #[error("This giveaway is paused.")]
    Paused,
    #[error("This giveaway has ended.")]
    Ended,
    #[error("This giveaway was called off.")]
    Cancelled,
    #[error("This giveaway has not been closed yet.")]
    NotClosed,
    #[error("This giveaway has not ended yet.")]
    NotOverYet,
    #[error("This giveaway has not been drawn yet.")]
    NotDrawn,
    #[error("This giveaway has been drawn already.")]
    DrawnAlready,
    #[error("The seed is not the one that was committed to.")]
    WrongSeed,
    #[error("At most {MAX_LEFT_OUT} members can be left out by name.")]
    TooManyLeftOut,
    #[error("Only the winner can claim.")]
    NotTheWinner,
    #[error("The time to claim is over.")]
    ClaimTooLate,
    #[error("The winner is being looked at. Try again in a moment.")]
    NotConfirmed,
    #[error("Say why, in 1 to {MAX_REASON_CHARS} characters.")]
    ReasonInvalid,
    #[error("All {most} rerolls have been used.")]
    NoRerollsLeft { most: u32 },
}

impl crate::Refusal for Refusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchGiveaway => "giveaway.no_such_giveaway",
            Self::Exists => "giveaway.exists",
            Self::PrizeInvalid => "giveaway.prize_invalid",
            Self::WinnersInvalid => "giveaway.winners_invalid",
            Self::EndInvalid => "giveaway.end_invalid",
            Self::ClaimInvalid => "giveaway.claim_invalid",
            Self::RerollsInvalid => "giveaway.rerolls_invalid",
            Self::RolesInvalid => "giveaway.roles_invalid",
            Self::NobodyCouldEnter => "giveaway.nobody_could_enter",
            Self::BonusInvalid => "giveaway.bonus_invalid",
            Self::Blocked => "giveaway.blocked",
            Self::RoleNeeded => "giveaway.role_needed",
            Self::RoleForbidden => "giveaway.role_forbidden",
            Self::LevelTooLow { .. } => "giveaway.level_too_low",
            Self::AccountTooYoung { .. } => "giveaway.account_too_young",
            Self::MemberTooShort { .. } => "giveaway.member_too_short",
            Self::TakenOut => "giveaway.taken_out",
            Self::Full => "giveaway.full",
            Self::Paused => "giveaway.paused",
            Self::Ended => "giveaway.ended",
            Self::Cancelled => "giveaway.cancelled",
            Self::NotClosed => "giveaway.not_closed",
            Self::NotOverYet => "giveaway.not_over_yet",
            Self::NotDrawn => "giveaway.not_drawn",
            Self::DrawnAlready => "giveaway.drawn_already",
            Self::WrongSeed => "giveaway.wrong_seed",
            Self::TooManyLeftOut => "giveaway.too_many_left_out",
            Self::NotTheWinner => "giveaway.not_the_winner",
            Self::ClaimTooLate => "giveaway.claim_too_late",
            Self::NotConfirmed => "giveaway.not_confirmed",
            Self::ReasonInvalid => "giveaway.reason_invalid",
            Self::NoRerollsLeft { .. } => "giveaway.no_rerolls_left",
        }
    }
}
