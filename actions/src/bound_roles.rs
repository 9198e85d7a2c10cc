//! Roles that this bot is to give by itself: for a code, in a squad, with a tier. What is bound to
//! one is a way to that role, so nobody binds a role that they could not give by hand.

use domain::RoleId;

use crate::{ActionError, BotStanding, Caller, Permissions, Who, guards::bot_has};

/// A role, as Discord told of it, and what this bot may do there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleFacts {
    pub role: RoleId,
    /// Its place in the list of roles; 0 is the one that everybody has.
    pub rank: u16,
    /// It belongs to a bot, to boosting or to a shop: Discord gives and takes it.
    pub managed: bool,
    pub bot: BotStanding,
}

impl RoleFacts {
    /// Whether this caller may have this bot give the role from now on.
    pub fn may_be_bound_by(&self, caller: &Caller) -> Result<(), ActionError> {
        if self.rank == 0 {
            let text = "Choose a role of this community, and not the one that everybody has.";
            return Err(refused("role.of_everybody", text));
        }
        if self.managed {
            let text = "Discord or another bot gives and takes this role. Choose one that somebody \
                        of this community made.";
            return Err(refused("role.managed", text));
        }
        bot_has(&self.bot, Permissions::MANAGE_ROLES).map_err(ActionError::Guarded)?;
        if self.bot.top_rank <= self.rank {
            let text = "This bot's highest role must be above that role. Move its role up in the \
                        list of roles, and try again.";
            return Err(refused("role.above_the_bot", text));
        }
        let standing = caller.standing();
        let member = matches!(caller.who, Who::Member(_));
        if member && !standing.is_owner {
            if !standing.has(Permissions::MANAGE_ROLES) {
                return Err(refused(
                    "role.permission",
                    "You need Discord's permission \"Manage Roles\" for what gives a role.",
                ));
            }
            if standing.top_rank <= self.rank {
                let text = "Your highest role must be above a role that you have this bot give.";
                return Err(refused("role.above_you", text));
            }
        }
        Ok(())
    }
}

/// Where Discord has told of no such role.
pub fn unknown_role() -> ActionError {
    let text = "There is no such role here. Choose one from the list.";
    refused("role.unknown", text)
}

fn refused(rule: &'static str, text: &str) -> ActionError {
    ActionError::Refused { rule, text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use domain::UserId;

    use super::*;
    use crate::Standing;

    fn facts(rank: u16) -> RoleFacts {
        let bot = BotStanding { permissions: Permissions::MANAGE_ROLES, top_rank: 10 };
        RoleFacts { role: RoleId::new(5).unwrap(), rank, managed: false, bot }
    }

    fn member(top_rank: u16, permissions: Permissions) -> Caller {
        let standing = Standing { permissions, top_rank, ..Standing::everyone() };
        Caller::member(UserId::new(7).unwrap(), standing)
    }

    // proves: SQD-01
    #[test]
    fn given_a_role_then_only_who_could_give_it_by_hand_binds_it() {
        let admin = member(8, Permissions::MANAGE_ROLES);
        let rule = |facts: RoleFacts, caller: &Caller| match facts.may_be_bound_by(caller) {
            Ok(()) => "",
            Err(error) => error.rule().unwrap(),
        };
        assert_eq!(rule(facts(5), &admin), "");
        assert_eq!(rule(facts(0), &admin), "role.of_everybody");
        assert_eq!(rule(RoleFacts { managed: true, ..facts(5) }, &admin), "role.managed");
        assert_eq!(rule(facts(10), &admin), "role.above_the_bot");
        assert_eq!(rule(facts(8), &admin), "role.above_you");
        assert_eq!(rule(facts(9), &Caller::operator()), "");
        assert_eq!(rule(facts(5), &member(8, Permissions::NONE)), "role.permission");
        let owner = Caller::member(UserId::new(7).unwrap(), Standing::owner());
        assert_eq!(rule(facts(9), &owner), "");
        let bot = BotStanding { permissions: Permissions::NONE, top_rank: 10 };
        assert_eq!(rule(RoleFacts { bot, ..facts(5) }, &admin), "guard.bot_permission");
    }
}
