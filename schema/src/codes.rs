//! Codes: campaigns, how they do, and who redeemed what. A code itself is shown once, in the answer
//! to whoever made it; nobody can look it up later, because only its hash is kept.

mod managing;

use actions::{Permission, codes as rules};
use async_graphql::{ID, Object, SimpleObject};
use domain::{CampaignId, campaign::Reward};
use projections::codes::{campaigns, uses};

pub use managing::Mutations;

use crate::{
    guard::May,
    page::{Asked, List, cost},
    people::Person,
    scalars::{Long, Snowflake, Time},
    scope::Scope,
    trouble::{Answer, Trouble},
};

/// Who sees campaigns, and who redeemed what.
const STAFF: &[Permission] = &[Permission::ManageEconomy, Permission::ViewAudit];

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "CodesOnGuild")]
impl OnGuild {
    /// What was made of codes here; members redeem them in Discord.
    #[graphql(guard = "May(&self.0, STAFF)")]
    async fn codes(&self) -> Codes {
        Codes(self.0.clone())
    }
}

pub struct Codes(Scope);

pub fn campaign_id(id: &ID) -> Answer<CampaignId> {
    let parsed = uuid::Uuid::parse_str(id).map(CampaignId);
    parsed.map_err(|_| Trouble::bad_input("This is no campaign's id."))
}

#[Object]
impl Codes {
    /// Whether codes can be made and redeemed here now.
    async fn on(&self) -> Answer<bool> {
        Ok(self.0.actions().module_is_on(self.0.guild(), &rules::MODULE).await?)
    }

    /// Newest first.
    #[graphql(complexity = "cost(first, child_complexity)")]
    async fn campaigns(&self, first: Option<i32>, after: Option<String>) -> Answer<List<Campaign>> {
        let asked = Asked::read(first, after.as_deref())?;
        let guild = self.0.guild();
        let store = self.0.reading("campaigns").await?;
        let lines = campaigns::page(&store, guild, asked.before, asked.wanted()).await?;
        let of = |line| Campaign::of(guild, line);
        let rows = lines.into_iter().map(of).collect();
        Ok(asked.page(rows, |row: &Campaign| row.seq.0.cast_unsigned()))
    }

    async fn campaign(&self, id: ID) -> Answer<Option<Campaign>> {
        let guild = self.0.guild();
        let store = self.0.reading("campaigns").await?;
        let line = campaigns::of(&store, guild, campaign_id(&id)?).await?;
        Ok(line.map(|line| Campaign::of(guild, line)))
    }

    /// Who redeemed codes of a campaign, newest first.
    #[graphql(complexity = "cost(first, child_complexity)")]
    async fn uses(
        &self,
        id: ID,
        first: Option<i32>,
        after: Option<String>,
    ) -> Answer<List<CodeUse>> {
        let asked = Asked::read(first, after.as_deref())?;
        let (guild, id) = (self.0.guild(), campaign_id(&id)?);
        let before = asked.before.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        let store = self.0.reading("code_uses").await?;
        let rows = uses::page(&store, guild, id, before, asked.wanted()).await?;
        let line = |row: uses::Use| CodeUse {
            number: row.number,
            person: Person::of(guild, row.person),
            at: Time(row.at),
            state: match row.state {
                uses::State::UnderWay => "under_way".to_owned(),
                uses::State::Delivered => "delivered".to_owned(),
                uses::State::Failed(why) => why,
            },
        };
        Ok(asked.page(rows.into_iter().map(line).collect(), |row| u64::from(row.number)))
    }
}

#[derive(SimpleObject)]
pub struct Campaign {
    pub id: ID,
    pub name: String,
    /// The number of the event that made it.
    pub seq: Long,
    pub made_at: Time,
    pub creator: Person,
    pub reward: CodeReward,
    /// How many codes it has.
    pub codes: u32,
    pub uses: u32,
    /// Rewards that were delivered.
    pub delivered: u32,
    /// Rewards that could not be delivered, and were not ordered again since.
    pub failed: u32,
    /// Of all its codes together; none for no limit.
    pub uses_most: Option<u32>,
    pub uses_per_code: Option<u32>,
    pub uses_per_member: u32,
    pub starts: Option<Time>,
    pub ends: Option<Time>,
    /// Whoever has one of these roles may redeem; none: everybody.
    pub only_for: Vec<Snowflake>,
    pub revoked: bool,
}

impl Campaign {
    fn of(guild: domain::GuildId, line: campaigns::Line) -> Self {
        Self {
            id: ID(line.campaign.to_string()),
            name: line.name,
            seq: Long(line.seq.cast_signed()),
            made_at: Time(line.at),
            creator: Person::of(guild, line.creator),
            reward: CodeReward::of(line.reward),
            codes: line.codes,
            uses: line.uses,
            delivered: line.delivered,
            failed: line.failed,
            uses_most: line.uses_most,
            uses_per_code: line.uses_per_code,
            uses_per_member: line.uses_per_member,
            starts: line.from.map(Time),
            ends: line.until.map(Time),
            only_for: line.only_for.iter().map(|role| Snowflake(role.get())).collect(),
            revoked: line.revoked,
        }
    }
}

/// Bytes, a role for good, or a tier for some days.
#[derive(SimpleObject)]
pub struct CodeReward {
    pub bytes: Option<Long>,
    pub role: Option<Snowflake>,
    pub days: Option<u32>,
}

impl CodeReward {
    fn of(reward: Reward) -> Self {
        let none = Self { bytes: None, role: None, days: None };
        match reward {
            Reward::Bytes { amount } => Self { bytes: Some(Long(amount.0)), ..none },
            Reward::Role { role } => Self { role: Some(Snowflake(role.get())), ..none },
            Reward::Tier { role, days } => {
                Self { role: Some(Snowflake(role.get())), days: Some(days), ..none }
            }
        }
    }
}

/// Somebody redeemed a code.
#[derive(SimpleObject)]
pub struct CodeUse {
    /// 1, 2, 3 … in the campaign.
    pub number: u32,
    pub person: Person,
    pub at: Time,
    /// Of the reward: `under_way`, `delivered`, or why it could not be.
    pub state: String,
}
