//! What a use of a code gives: paid by the process of codes, noted with its outcome, and ordered
//! again by whoever may manage codes where it failed.

use domain::{
    Bytes, CampaignId, GuildId, IdempotencyKey, PersonId, Personal, Refusal as _, RoleId,
    campaign::{Campaign, Command, Failure},
    economy,
    tiers::Giver,
};
use eventlog::PeopleError;

use super::{campaign_stream, refused};
use crate::{ActionError, Actions, Caller};

/// Rewards that are ordered again at once; whoever has more asks again.
pub const MAX_RETRIES: usize = 100;
const PROCESS: &str = "codes";
const REASON: &str = "A code was redeemed";

/// A reward that somebody is to be given now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RewardOrder {
    pub campaign: CampaignId,
    /// The use's number.
    pub number: u32,
    pub person: PersonId,
    /// Its outcome is noted with it.
    pub attempt: u32,
}

impl Actions {
    /// Pays a reward in bytes, once for each use however often it is ordered, and notes what came
    /// of it. An order that has its outcome already is left alone.
    #[tracing::instrument(name = "codes.pay", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn pay_reward(
        &self,
        guild: GuildId,
        order: RewardOrder,
        amount: Bytes,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        if !self.awaits_reward(guild, order).await? {
            return Ok(());
        }
        // The same for every attempt: whatever was noted, a use is never paid twice.
        let paid = use_key(order)?;
        let terms = self.economy_terms(guild).await?;
        let reason = Some(Personal::clear(order.person, REASON.to_owned()));
        let grant = economy::Command::Grant { to: order.person, amount, reason, terms };
        let outcome = match self.economy(guild, &Caller::process(PROCESS), &paid, grant).await {
            Ok(_) => Ok(()),
            Err(ActionError::People(PeopleError::NoKey { .. })) => Err(Failure::MemberGone),
            Err(ActionError::Refused { rule, .. })
                if rule == economy::Refusal::BalanceLimit.rule() =>
            {
                Err(Failure::BalanceLimit)
            }
            Err(error) if error.is_fault() => return Err(error),
            Err(_) => Err(Failure::Unavailable),
        };
        self.note_reward(guild, order, outcome, key).await
    }

    /// Grants a reward's days in a tier, once for each use, and notes what came of it.
    #[tracing::instrument(name = "codes.grant", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn grant_reward(
        &self,
        guild: GuildId,
        order: RewardOrder,
        (role, days): (RoleId, u32),
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        if !self.awaits_reward(guild, order).await? {
            return Ok(());
        }
        let RewardOrder { campaign, number, person, .. } = order;
        let (by, granted) = (Giver::Code { campaign, number }, use_key(order)?);
        let outcome = match self.grant_tier(guild, (person, role), days, by, &granted).await {
            Ok(()) => Ok(()),
            Err(error) if error.is_fault() => return Err(error),
            // The tier was removed, or has no room.
            Err(_) => Err(Failure::NotAllowed),
        };
        self.note_reward(guild, order, outcome, key).await
    }

    /// What an order came to. Of an order that is not open any more nothing changes.
    #[tracing::instrument(name = "codes.note", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn note_reward(
        &self,
        guild: GuildId,
        order: RewardOrder,
        outcome: Result<(), Failure>,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let RewardOrder { campaign, number, attempt, .. } = order;
        let command = Command::Note { number, attempt, outcome, at: self.now() };
        let caller = Caller::process(PROCESS);
        self.campaign(guild, campaign, &caller, key, &command).await.map(drop)
    }

    /// Orders the campaign's failed rewards again: this one, or the first of them all. Answers how
    /// many.
    #[tracing::instrument(name = "codes.retry", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn retry_rewards(
        &self,
        guild: GuildId,
        caller: &Caller,
        campaign: CampaignId,
        number: Option<u32>,
        key: &IdempotencyKey,
    ) -> Result<usize, ActionError> {
        self.manage_codes(guild, caller, "codes retry", key).await?;
        let stream = campaign_stream(guild, campaign);
        let failed = self.bus().read::<Campaign, _>(&stream, |state, _| {
            let wanted = state.failed_rewards().filter(|of| number.is_none_or(|n| n == *of));
            wanted.take(MAX_RETRIES).collect::<Vec<_>>()
        });
        let failed = failed.await?;
        if failed.is_empty() {
            return Err(refused(&domain::campaign::Refusal::NotFailed));
        }
        for number in &failed {
            let key = IdempotencyKey::new(format!("{}/{number}", key.as_str()));
            let key = key.map_err(|error| ActionError::BadInput(error.to_string()))?;
            let command = Command::Retry { number: *number, at: self.now() };
            match self.campaign(guild, campaign, caller, &key, &command).await {
                // Somebody else was quicker.
                Ok(_) | Err(ActionError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(failed.len())
    }

    async fn awaits_reward(&self, guild: GuildId, order: RewardOrder) -> Result<bool, ActionError> {
        let RewardOrder { campaign, number, attempt, .. } = order;
        let stream = campaign_stream(guild, campaign);
        let read =
            self.bus().read::<Campaign, _>(&stream, |state, _| state.awaits(number, attempt));
        Ok(read.await?)
    }
}

/// Names a use in other ledgers, for good.
fn use_key(order: RewardOrder) -> Result<IdempotencyKey, ActionError> {
    let key = format!("codes/{}/{}", order.campaign, order.number);
    IdempotencyKey::new(key).map_err(|error| ActionError::BadInput(error.to_string()))
}
