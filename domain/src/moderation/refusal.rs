//! What moderation refuses, in the words that people read.

use super::{MAX_ACTIVE_WARNINGS, MAX_BATCH, MAX_REASON_CHARS, MAX_RULE_CHARS};
use crate::CaseNumber;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("You cannot do that to yourself.")]
    Yourself,
    #[error("Act for another moderator: not for yourself, and not for the member it is about.")]
    ActingFor,
    #[error("A rule's name has 1 to {MAX_RULE_CHARS} characters.")]
    RuleName,
    #[error("The reason must not be longer than {MAX_REASON_CHARS} characters.")]
    ReasonTooLong,
    #[error("Write 1 to {MAX_REASON_CHARS} characters.")]
    TextInvalid,
    #[error("Choose a length from 1 minute to 5 years.")]
    DurationInvalid,
    #[error("A timeout needs a length.")]
    DurationNeeded,
    #[error("This has no length. Leave it out.")]
    NoDuration,
    #[error("A ban deletes messages of at most 7 days, and nothing else deletes any.")]
    DeleteInvalid,
    #[error("That is under way already, as case {case}.")]
    UnderWay { case: CaseNumber },
    #[error("This member is banned for good already, by case {case}.")]
    BannedAlready { case: CaseNumber },
    #[error("What case {case} put in force is being changed just now. Try again in a moment.")]
    BeingChanged { case: CaseNumber },
    #[error("Case {case} is no longer in force.")]
    NotInForce { case: CaseNumber },
    #[error("This member has {MAX_ACTIVE_WARNINGS} active warnings. Pardon some first.")]
    TooManyWarnings,
    #[error("Too much is under way in this community. Try again in a minute.")]
    TooManyOrders,
    #[error("Name 1 to {MAX_BATCH}, each once.")]
    BatchInvalid,
    #[error("All of them are punished so already.")]
    NobodyLeft,
    #[error("This community has no more case numbers.")]
    NoNumbersLeft,
}

impl crate::Refusal for Refusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::Yourself => "moderation.yourself",
            Self::ActingFor => "moderation.acting_for",
            Self::RuleName => "moderation.rule_name",
            Self::ReasonTooLong => "moderation.reason_too_long",
            Self::TextInvalid => "moderation.text_invalid",
            Self::DurationInvalid => "moderation.duration_invalid",
            Self::DurationNeeded => "moderation.duration_needed",
            Self::NoDuration => "moderation.no_duration",
            Self::DeleteInvalid => "moderation.delete_invalid",
            Self::UnderWay { .. } => "moderation.under_way",
            Self::BannedAlready { .. } => "moderation.banned_already",
            Self::BeingChanged { .. } => "moderation.being_changed",
            Self::NotInForce { .. } => "moderation.not_in_force",
            Self::TooManyWarnings => "moderation.too_many_warnings",
            Self::TooManyOrders => "moderation.too_many_orders",
            Self::BatchInvalid => "moderation.batch_invalid",
            Self::NobodyLeft => "moderation.nobody_left",
            Self::NoNumbersLeft => "moderation.no_numbers_left",
        }
    }
}
