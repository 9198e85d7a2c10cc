//! Gives the roles that members have earned by what they received.
//!
//! | step | repeated | refused | killed |
//! |---|---|---|---|
//! | a movement of bytes: order what became due to its receiver | the key orders once | never | the event comes again |
//! | `RoleOrdered`: an effect that gives the role | the same effect, left as it is | its event parks the guild | the event comes again |
//! | the effect ended: note what came of it | the key notes once; an order that is not open any more is left alone | never | the outcome is told again |
//!
//! It begins at the head of the log: members who had earned a role before are given it with their
//! next movement, or when they ask.

use actions::economy::RoleOrder;
use async_trait::async_trait;
use domain::{
    PersonId,
    awards::{self, Failure, Outcome},
    economy,
};
use eventlog::Recorded;

use super::{
    Deed, Effect, Ended, Process, Reaction, Trouble,
    effect::code::{ERASED, MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_MEMBER, UNKNOWN_ROLE},
};

#[derive(Debug)]
pub struct Awards;

#[async_trait]
impl Process for Awards {
    fn name(&self) -> &'static str {
        "awards"
    }

    fn follows(&self, type_name: &str) -> bool {
        matches!(
            type_name,
            "economy.bytes_transferred" | "economy.daily_awarded" | "awards.role_ordered"
        )
    }

    async fn react(&self, event: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        if event.type_name == "awards.role_ordered" {
            return give(eventlog::decode(event)?, reaction).await;
        }
        let Some(person) = receiver(&eventlog::decode(event)?) else { return Ok(()) };
        let (guild, key) = (reaction.guild(), reaction.key("due")?);
        reaction.actions().order_due_awards(guild, person, &key).await?;
        Ok(())
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
        let outcome = match ended {
            Ended::Done(_) => Outcome::Given,
            Ended::Failed { code, .. } => Outcome::Failed(failure(*code)),
            Ended::Dropped => Outcome::Failed(Failure::Unavailable),
        };
        let (order, key) = (RoleOrder { person, role, attempt }, reaction.key("note")?);
        let noted = reaction.actions().note_award_outcome(effect.guild, order, outcome, &key).await;
        Ok(noted?)
    }
}

async fn give(event: awards::Event, reaction: &mut Reaction) -> Result<(), Trouble> {
    let awards::Event::RoleOrdered { person, role, attempt, .. } = event else { return Ok(()) };
    let deed = Deed::GiveRole { person, role };
    reaction.effect("give", deed, &attempt.to_string()).await.map(|_| ())
}

/// Who received something; what the community itself grants does not count.
const fn receiver(event: &economy::Event) -> Option<PersonId> {
    match event {
        economy::Event::BytesTransferred { to, .. } | economy::Event::DailyAwarded { to, .. } => {
            Some(*to)
        }
        _ => None,
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
