//! Guards: what holds for every action on a person, whatever the action is. Pure functions, each
//! with refusals in words that the person who asked understands.
//!
//! The order is fixed, so that the same case always gets the same answer: oneself, this bot, the
//! owner, the permission, the rank, then what this bot itself may do.

use domain::{UserId, access::AccessSettings};

use crate::standing::{BotStanding, Permission, Permissions, Standing, Target};

/// A guard said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Guard {
    #[error("You cannot do this to yourself.")]
    Yourself,
    #[error("This bot cannot do this to itself.")]
    BotItself,
    #[error("Nobody can do this to the owner of this community.")]
    Owner,
    #[error("You need the permission \"{}\" for this: {} in Discord grants it.", .0.name(), .0.discord())]
    Permission(Permission),
    #[error("Your highest role must be above theirs for this.")]
    Rank,
    #[error(
        "This bot is missing the permission {0} here. Give its role that permission, and try again."
    )]
    BotPermission(Permissions),
    #[error(
        "This bot's highest role must be above theirs. Move its role up in the list of roles, and try again."
    )]
    BotRank,
}

impl Guard {
    /// Stable name of the rule.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Yourself => "guard.yourself",
            Self::BotItself => "guard.bot_itself",
            Self::Owner => "guard.owner",
            Self::Permission(_) => "guard.permission",
            Self::Rank => "guard.rank",
            Self::BotPermission(_) => "guard.bot_permission",
            Self::BotRank => "guard.bot_rank",
        }
    }
}

/// Who asks for an action on somebody.
#[derive(Clone, Copy, Debug)]
pub struct Acting<'a> {
    pub user: UserId,
    pub standing: &'a Standing,
    pub access: &'a AccessSettings,
}

/// Whether this member may do something on that one: all that is asked of the member.
pub fn member_may(
    acting: Acting<'_>,
    permission: Permission,
    target: &Target,
) -> Result<(), Guard> {
    if acting.user == target.user {
        return Err(Guard::Yourself);
    }
    may_be_done_to(target)?;
    if !permission.is_held_by(acting.standing, acting.access) {
        return Err(Guard::Permission(permission));
    }
    // The owner stands above all roles.
    if !acting.standing.is_owner && acting.standing.top_rank <= target.top_rank {
        return Err(Guard::Rank);
    }
    Ok(())
}

/// Whether it may be done to this one at all, whoever asks: also for rules and processes.
pub fn may_be_done_to(target: &Target) -> Result<(), Guard> {
    if target.is_bot_itself {
        return Err(Guard::BotItself);
    }
    if target.is_owner {
        return Err(Guard::Owner);
    }
    Ok(())
}

/// Whether this bot can do it: it has Discord's permissions, and stands above the target.
pub fn bot_may(bot: &BotStanding, needed: Permissions, target: &Target) -> Result<(), Guard> {
    bot_has(bot, needed)?;
    bot_outranks(bot, target.top_rank)
}

pub fn bot_has(bot: &BotStanding, needed: Permissions) -> Result<(), Guard> {
    let missing = bot.permissions.missing(needed);
    if missing.is_empty() { Ok(()) } else { Err(Guard::BotPermission(missing)) }
}

/// Of a member's highest role, or of a role that is to be given or taken.
pub fn bot_outranks(bot: &BotStanding, rank: u16) -> Result<(), Guard> {
    if bot.top_rank > rank { Ok(()) } else { Err(Guard::BotRank) }
}

#[cfg(test)]
mod tests;
