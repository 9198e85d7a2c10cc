//! Gives what was redeemed: bytes through the ledger, roles in Discord, days in a tier.
//!
//! | step | repeated | refused | killed |
//! |---|---|---|---|
//! | a use in bytes: pay it | its key in the ledger is the use's own, so it is paid once whatever is noted | noted as failed, with the reason | the event comes again; an order with an outcome is left alone |
//! | a use of a role: an effect that gives it | the same effect, left as it is | its event parks the guild | the event comes again |
//! | a use of days in a tier: grant them | the key grants once | noted as failed | as with bytes |
//! | the effect ended: note what came of it | the key notes once; an order that is not open any more is left alone | never | the outcome is told again |
//!
//! What failed waits for somebody who may manage codes (`/codes retry`): that is another order.

use actions::codes::RewardOrder;
use async_trait::async_trait;
use domain::{
    CampaignId,
    campaign::{Event, Failure, Reward},
};
use eventlog::Recorded;

use super::{
    Deed, Effect, Ended, Process, Reaction, Trouble,
    effect::code::{ERASED, MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_MEMBER, UNKNOWN_ROLE},
};

#[derive(Debug)]
pub struct Codes;

#[async_trait]
impl Process for Codes {
    fn name(&self) -> &'static str {
        "codes"
    }

    fn follows(&self, type_name: &str) -> bool {
        matches!(type_name, "campaign.redeemed" | "campaign.reward_ordered_again")
    }

    async fn react(&self, event: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        let campaign = campaign_of(event)?;
        let (order, reward) = match eventlog::decode(event)? {
            Event::Redeemed { number, person, reward, .. } => {
                (RewardOrder { campaign, number, person, attempt: 1 }, reward)
            }
            Event::RewardOrderedAgain { number, person, attempt, reward, .. } => {
                (RewardOrder { campaign, number, person, attempt }, reward)
            }
            _ => return Ok(()),
        };
        let key = reaction.key("reward")?;
        let (guild, actions) = (reaction.guild(), reaction.actions().clone());
        match reward {
            Reward::Bytes { amount } => actions.pay_reward(guild, order, amount, &key).await?,
            Reward::Tier { role, days } => {
                actions.grant_reward(guild, order, (role, days), &key).await?;
            }
            Reward::Role { role } => {
                let deed = Deed::GiveRole { person: order.person, role };
                reaction.effect("give", deed, &note(order)).await?;
            }
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
        let order = read(&effect.note, person)
            .ok_or_else(|| Trouble::Poison(format!("no use is named {:?}", effect.note)))?;
        let outcome = match ended {
            Ended::Done(_) => Ok(()),
            Ended::Failed { code, .. } => Err(failure(*code)),
            Ended::Dropped => Err(Failure::Unavailable),
        };
        let key = reaction.key("note")?;
        Ok(reaction.actions().note_reward(effect.guild, order, outcome, &key).await?)
    }
}

/// Comes back with the outcome: `<campaign>/<number>/<attempt>`.
fn note(order: RewardOrder) -> String {
    format!("{}/{}/{}", order.campaign, order.number, order.attempt)
}

fn read(note: &str, person: domain::PersonId) -> Option<RewardOrder> {
    let mut parts = note.split('/');
    let campaign = CampaignId(parts.next()?.parse().ok()?);
    let (number, attempt) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(RewardOrder { campaign, number, person, attempt })
}

fn campaign_of(event: &Recorded) -> Result<CampaignId, Trouble> {
    let stream = event.stream.within_guild();
    let part = stream.split_once('/').and_then(|(_, part)| part.parse().ok());
    part.map(CampaignId).ok_or_else(|| Trouble::Poison(format!("no campaign is named {stream}")))
}

const fn failure(code: u64) -> Failure {
    match code {
        UNKNOWN_MEMBER | ERASED => Failure::MemberGone,
        UNKNOWN_ROLE => Failure::RoleGone,
        MISSING_ACCESS | MISSING_PERMISSIONS => Failure::NotAllowed,
        _ => Failure::Unavailable,
    }
}
