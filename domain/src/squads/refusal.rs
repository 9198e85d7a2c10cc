//! Why something about squads was refused, in words for the person who asked.

use super::{MAX_DESCRIPTION_CHARS, MAX_NAME_CHARS, MAX_SQUADS};
use crate::{Bytes, text::grouped};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("There is no such squad here. Pick one from the list.")]
    NoSuchSquad,
    #[error("A squad needs a name of 1 to {MAX_NAME_CHARS} characters, without spaces around it.")]
    NameInvalid,
    #[error("A description has at most {MAX_DESCRIPTION_CHARS} characters, in one line.")]
    DescriptionInvalid,
    #[error("Another squad has this name already. Choose another one.")]
    NameTaken,
    #[error("Another squad has this role already. Choose another one.")]
    RoleTaken,
    #[error("This community has {MAX_SQUADS} squads, which is the most. Delete one first.")]
    TooManySquads,
    #[error(
        "This squad has members who carry its role. Make a new squad with the other role, and \
         delete this one."
    )]
    HasMembers,
    #[error("This squad takes no new members just now.")]
    Inactive,
    #[error("You are in this squad already.")]
    AlreadyIn,
    #[error("You are in no squad.")]
    NotIn,
    #[error("Your last change of squads is still on its way. Try again in a minute.")]
    UnderWay,
    #[error("{}", too_little(*.minimum, *.balance, "bytes"))]
    BelowMinimum { minimum: Bytes, balance: Bytes },
    #[error("{}", not_enough(*.cost, *.balance, "bytes"))]
    NotEnough { cost: Bytes, balance: Bytes },
    #[error("{}", changed(*.cost, "bytes"))]
    CostChanged { cost: Bytes },
    #[error("Many members are changing squads just now. Try again in a minute.")]
    TooManyMoves,
}

impl Refusal {
    /// With amounts in the community's own currency.
    pub fn told_in(&self, currency: &str) -> String {
        match self {
            Self::BelowMinimum { minimum, balance } => too_little(*minimum, *balance, currency),
            Self::NotEnough { cost, balance } => not_enough(*cost, *balance, currency),
            Self::CostChanged { cost } => changed(*cost, currency),
            other => other.to_string(),
        }
    }
}

fn too_little(minimum: Bytes, balance: Bytes, currency: &str) -> String {
    let (minimum, balance) = (grouped(minimum.0), grouped(balance.0));
    format!("For squads you need at least {minimum} {currency}. You have {balance}.")
}

fn not_enough(cost: Bytes, balance: Bytes, currency: &str) -> String {
    let (cost, balance) = (grouped(cost.0), grouped(balance.0));
    format!("Changing to another squad costs {cost} {currency}. You have {balance}.")
}

fn changed(cost: Bytes, currency: &str) -> String {
    let cost = grouped(cost.0);
    format!("Changing to another squad costs {cost} {currency} by now. Use the command again.")
}

impl crate::Refusal for Refusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchSquad => "squads.no_such_squad",
            Self::NameInvalid => "squads.name_invalid",
            Self::DescriptionInvalid => "squads.description_invalid",
            Self::NameTaken => "squads.name_taken",
            Self::RoleTaken => "squads.role_taken",
            Self::TooManySquads => "squads.too_many_squads",
            Self::HasMembers => "squads.has_members",
            Self::Inactive => "squads.inactive",
            Self::AlreadyIn => "squads.already_in",
            Self::NotIn => "squads.not_in",
            Self::UnderWay => "squads.under_way",
            Self::BelowMinimum { .. } => "squads.below_minimum",
            Self::NotEnough { .. } => "squads.not_enough",
            Self::CostChanged { .. } => "squads.cost_changed",
            Self::TooManyMoves => "squads.too_many_moves",
        }
    }
}
