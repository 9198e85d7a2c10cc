//! How codes do: campaigns with their makers and numbers, and who redeemed them.

use domain::{CampaignId, GuildId, Timestamp, UserId, campaign::Reward};
use projections::codes::{campaigns, uses};

use super::MODULE;
use crate::{ActionError, Actions, Caller, Permission};

pub const MAX_PAGE: u32 = 50;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignLine {
    pub campaign: CampaignId,
    pub name: String,
    pub at: Timestamp,
    /// None where the person was erased.
    pub creator: Option<UserId>,
    pub reward: Reward,
    pub codes: u32,
    pub uses: u32,
    pub uses_most: Option<u32>,
    pub delivered: u32,
    pub failed: u32,
    pub until: Option<Timestamp>,
    pub revoked: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignPage {
    /// Newest first.
    pub lines: Vec<CampaignLine>,
    /// Where the next page begins; none where this was the last one.
    pub next: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redemption {
    pub number: u32,
    /// None where the person was erased.
    pub who: Option<UserId>,
    pub at: Timestamp,
    pub state: uses::State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedemptionPage {
    /// Newest first.
    pub lines: Vec<Redemption>,
    pub next: Option<u32>,
}

impl Actions {
    #[tracing::instrument(name = "codes.list", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn campaigns(
        &self,
        guild: GuildId,
        caller: &Caller,
        before: Option<u64>,
        limit: u32,
    ) -> Result<CampaignPage, ActionError> {
        self.look_at_codes(guild, caller).await?;
        let limit = limit.clamp(1, MAX_PAGE);
        // One more tells whether there is a next page.
        let mut page = campaigns::page(self.store(), guild, before, limit + 1).await?;
        let more = page.len() > limit as usize;
        page.truncate(limit as usize);
        let next = page.last().filter(|_| more).map(|last| last.seq);
        let mut lines = Vec::with_capacity(page.len());
        for line in page {
            lines.push(self.campaign_line(guild, line).await?);
        }
        Ok(CampaignPage { lines, next })
    }

    /// One campaign, and who redeemed its codes.
    #[tracing::instrument(name = "codes.stats", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn campaign_stats(
        &self,
        guild: GuildId,
        caller: &Caller,
        campaign: CampaignId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Option<(CampaignLine, RedemptionPage)>, ActionError> {
        self.look_at_codes(guild, caller).await?;
        let Some(line) = campaigns::of(self.store(), guild, campaign).await? else {
            return Ok(None);
        };
        let limit = limit.clamp(1, MAX_PAGE);
        let mut page = uses::page(self.store(), guild, campaign, before, limit + 1).await?;
        let more = page.len() > limit as usize;
        page.truncate(limit as usize);
        let next = page.last().filter(|_| more).map(|last| last.number);
        let mut lines = Vec::with_capacity(page.len());
        for uses::Use { number, person, at, state } in page {
            let who = self.people().user(guild, person).await?;
            lines.push(Redemption { number, who, at, state });
        }
        let line = self.campaign_line(guild, line).await?;
        Ok(Some((line, RedemptionPage { lines, next })))
    }

    async fn campaign_line(
        &self,
        guild: GuildId,
        line: campaigns::Line,
    ) -> Result<CampaignLine, ActionError> {
        Ok(CampaignLine {
            campaign: line.campaign,
            name: line.name,
            at: line.at,
            creator: self.people().user(guild, line.creator).await?,
            reward: line.reward,
            codes: line.codes,
            uses: line.uses,
            uses_most: line.uses_most,
            delivered: line.delivered,
            failed: line.failed,
            until: line.until,
            revoked: line.revoked,
        })
    }

    async fn look_at_codes(&self, guild: GuildId, caller: &Caller) -> Result<(), ActionError> {
        self.open_to(guild, caller, Some(&MODULE)).await?;
        self.authorise(guild, caller, Permission::ManageEconomy).await
    }
}
