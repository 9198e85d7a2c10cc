//! Gives the roles of tiers, ends what was granted at its time, and pays the daily bonus.
//!
//! | step | repeated | refused | killed |
//! |---|---|---|---|
//! | `Granted`: an effect that gives the role, a timer for the end | the same effect and timer, left as they are; an extension's timer replaces the one before | its event parks the guild | the event comes again |
//! | `RoleOrdered`: an effect that gives the role | the same effect | its event parks the guild | the event comes again |
//! | the timer: end what was granted | the key ends once; what was extended since is left alone | never | it fires again |
//! | `Ended`: an effect that takes the role, no timer | the same effect | its event parks the guild | the event comes again |
//! | the effect ended: note what came of it | the key notes once; an order that is not open any more is left alone | never | the outcome is told again |
//! | a daily reward: pay the bonus | the key pays once | a full account gets none | the event comes again |

use actions::tiers::TierOrder;
use async_trait::async_trait;
use domain::{
    PersonId, RoleId, economy,
    tiers::{Event, Failure},
};
use eventlog::Recorded;
use serde_json::json;

use super::{
    Deed, Effect, Ended, Process, Reaction, Timer, Trouble,
    effect::code::{ERASED, MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_MEMBER, UNKNOWN_ROLE},
};

const ENDS: &str = "tier_ends";

#[derive(Debug)]
pub struct Tiers;

#[async_trait]
impl Process for Tiers {
    fn name(&self) -> &'static str {
        "tiers"
    }

    fn follows(&self, type_name: &str) -> bool {
        matches!(
            type_name,
            "tiers.granted" | "tiers.role_ordered" | "tiers.ended" | "economy.daily_awarded"
        )
    }

    async fn react(&self, event: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        if event.type_name == "economy.daily_awarded" {
            let economy::Event::DailyAwarded { to, .. } = eventlog::decode(event)? else {
                return Ok(());
            };
            let (guild, key) = (reaction.guild(), reaction.key("bonus")?);
            return Ok(reaction.actions().pay_tier_bonus(guild, to, event.at, &key).await?);
        }
        match eventlog::decode(event)? {
            Event::Granted { person, role, until, attempt, .. } => {
                give(TierOrder { person, role, attempt }, reaction).await?;
                let payload = json!({ "person": person, "role": role });
                reaction.set_timer(ENDS, &timer_key(person, role), until, &payload).await?;
            }
            Event::RoleOrdered { person, role, attempt, .. } => {
                give(TierOrder { person, role, attempt }, reaction).await?;
            }
            Event::Ended { person, role, .. } => {
                reaction.effect("take", Deed::TakeRole { person, role }, "").await?;
                reaction.cancel_timer(ENDS, &timer_key(person, role));
            }
            Event::Set { .. }
            | Event::Removed { .. }
            | Event::RoleGiven { .. }
            | Event::RoleFailed { .. } => {}
        }
        Ok(())
    }

    fn timers(&self) -> &'static [&'static str] {
        &[ENDS]
    }

    async fn fire(&self, timer: &Timer, reaction: &mut Reaction) -> Result<(), Trouble> {
        let poison = |_| Trouble::Poison(format!("no tier is named {}", timer.payload));
        let read = |name: &str| timer.payload[name].clone();
        let person: PersonId = serde_json::from_value(read("person")).map_err(poison)?;
        let role: RoleId = serde_json::from_value(read("role")).map_err(poison)?;
        let key = reaction.key("expire")?;
        Ok(reaction.actions().expire_tier(timer.guild, (person, role), &key).await?)
    }

    async fn outcome(
        &self,
        effect: &Effect,
        ended: &Ended,
        reaction: &mut Reaction,
    ) -> Result<(), Trouble> {
        let Deed::GiveRole { person, role } = effect.deed else { return Ok(()) };
        let attempt = effect
            .note
            .parse()
            .map_err(|_| Trouble::Poison(format!("no attempt is named {:?}", effect.note)))?;
        let given = match ended {
            Ended::Done(_) => Ok(()),
            Ended::Failed { code, .. } => Err(failure(*code)),
            Ended::Dropped => Err(Failure::Unavailable),
        };
        let (order, key) = (TierOrder { person, role, attempt }, reaction.key("note")?);
        Ok(reaction.actions().note_tier_role(effect.guild, order, given, &key).await?)
    }
}

async fn give(order: TierOrder, reaction: &mut Reaction) -> Result<(), Trouble> {
    let deed = Deed::GiveRole { person: order.person, role: order.role };
    reaction.effect("give", deed, &order.attempt.to_string()).await.map(drop)
}

fn timer_key(person: PersonId, role: RoleId) -> String {
    format!("{}/{role}", person.0)
}

const fn failure(code: u64) -> Failure {
    match code {
        UNKNOWN_MEMBER | ERASED => Failure::MemberGone,
        UNKNOWN_ROLE => Failure::RoleGone,
        MISSING_ACCESS | MISSING_PERMISSIONS => Failure::NotAllowed,
        _ => Failure::Unavailable,
    }
}
