//! Carries a move between squads through: paid, made, the role given, settled; or all of it taken
//! back.
//!
//! | step | repeated | refused | killed |
//! |---|---|---|---|
//! | `MoveBegun`: take what it costs, then make the move | the move's own key takes it once; a move that does not wait any more is left alone | the move is refused | the event comes again |
//! | `MoveRefused`: give back what was taken | the move's own key gives back once | nothing was taken: left alone | the event comes again |
//! | `Joined`: an effect that gives the role | the same effect, left as it is | its event parks the guild | the event comes again |
//! | the effect ended: note what came of it | the key notes once; a move that is not open is left alone | never | the outcome is told again |
//! | `RoleGiven`: settle what was paid, an effect that takes the former role | as above | as above | the event comes again |
//! | `MoveUndone`: give back what was paid; the role, where nobody knows whether it was given, is taken | as above | as above | the event comes again |
//! | `Left`, `Released`: effects that take the role | the same effects | as above | the event comes again |
//! | `RolesRepaired`: effects that give and take roles | the same effects | Discord will not: the next preview shows it again | the event comes again |
//! | `Deleted`, `Released` with more: let the next members go | the key lets go once | never | the event comes again |
//!
//! The former role goes when the new one is there, so that a refusal leaves nobody without one.

use async_trait::async_trait;
use domain::squads::{Event, Failure, MoveId, Owed};
use eventlog::Recorded;

use super::{
    Deed, Effect, Ended, Process, Reaction, Trouble,
    effect::code::{ERASED, MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_MEMBER, UNKNOWN_ROLE},
};

/// What is ordered for no move.
const REPAIR: &str = "repair";

#[derive(Debug)]
pub struct Squads;

#[async_trait]
impl Process for Squads {
    fn name(&self) -> &'static str {
        "squads"
    }

    fn follows(&self, type_name: &str) -> bool {
        matches!(
            type_name,
            "squads.move_begun"
                | "squads.move_refused"
                | "squads.joined"
                | "squads.role_given"
                | "squads.move_undone"
                | "squads.left"
                | "squads.deleted"
                | "squads.released"
                | "squads.roles_repaired"
        )
    }

    async fn react(&self, event: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        let (guild, actions) = (reaction.guild(), reaction.actions().clone());
        match eventlog::decode(event)? {
            Event::MoveBegun { person, id, cost, .. } => {
                let key = reaction.key("paid")?;
                actions.pay_for_move(guild, person, id, cost, &key).await?;
            }
            Event::MoveRefused { id, .. } => actions.refund_move(guild, id).await?,
            Event::Joined { person, id, role, .. } => {
                let deed = Deed::GiveRole { person, role };
                reaction.effect("give", deed, &id.to_string()).await?;
            }
            Event::RoleGiven { person, id, former, cost, .. } => {
                if cost.is_positive() {
                    actions.settle_move(guild, id).await?;
                }
                if let Some(role) = former {
                    reaction.effect("take", Deed::TakeRole { person, role }, "").await?;
                }
            }
            Event::MoveUndone { person, id, role, cost, why, .. } => {
                if cost.is_positive() {
                    actions.refund_move(guild, id).await?;
                }
                if let (Some(role), Failure::Unavailable) = (role, why) {
                    reaction.effect("take", Deed::TakeRole { person, role }, "").await?;
                }
            }
            Event::Left { person, role, .. } => {
                reaction.effect("take", Deed::TakeRole { person, role }, "").await?;
            }
            Event::Deleted { squad, at, .. } => {
                let key = reaction.key("release")?;
                actions.release_squad(guild, squad, at, &key).await?;
            }
            Event::Released { squad, role, people, more, at } => {
                for person in people {
                    let step = format!("take/{}", person.0);
                    reaction.effect(&step, Deed::TakeRole { person, role }, "").await?;
                }
                if more {
                    let key = reaction.key("release")?;
                    actions.release_squad(guild, squad, at, &key).await?;
                }
            }
            Event::RolesRepaired { give, take, .. } => {
                for Owed { person, role } in give {
                    let (step, deed) =
                        (format!("give/{}", person.0), Deed::GiveRole { person, role });
                    reaction.effect(&step, deed, REPAIR).await?;
                }
                for Owed { person, role } in take {
                    let step = format!("take/{}/{role}", person.0);
                    reaction.effect(&step, Deed::TakeRole { person, role }, REPAIR).await?;
                }
            }
            Event::Created { .. } | Event::Edited { .. } => {}
        }
        Ok(())
    }

    async fn outcome(
        &self,
        effect: &Effect,
        ended: &Ended,
        reaction: &mut Reaction,
    ) -> Result<(), Trouble> {
        let Deed::GiveRole { person, .. } = effect.deed else { return Ok(()) };
        if effect.note == REPAIR {
            return Ok(());
        }
        let id = effect.note.parse().map(MoveId);
        let id = id.map_err(|_| Trouble::Poison(format!("no move is named {:?}", effect.note)))?;
        let given = match ended {
            Ended::Done(_) => Ok(()),
            Ended::Failed { code, .. } => Err(failure(*code)),
            Ended::Dropped => Err(Failure::Unavailable),
        };
        let key = reaction.key("note")?;
        Ok(reaction.actions().note_squad_role(effect.guild, person, id, given, &key).await?)
    }
}

const fn failure(code: u64) -> Failure {
    match code {
        UNKNOWN_MEMBER | ERASED => Failure::MemberGone,
        UNKNOWN_ROLE => Failure::RoleGone,
        MISSING_ACCESS | MISSING_PERMISSIONS => Failure::NotAllowed,
        _ => Failure::Unavailable,
    }
}
