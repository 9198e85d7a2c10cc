//! Uses of codes: who redeemed, when, and what became of the reward.

use domain::{
    CampaignId, Decider, GuildId, PersonId, Timestamp,
    campaign::{Campaign, Event},
};
use eventlog::{
    LogError, Recorded, decode,
    sql::{Row, Value},
    values,
};

use super::{campaign_of, small};
use crate::{
    economy::person,
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

pub const MAX_PAGE: u32 = 100;
const UNDER_WAY: &str = "under_way";
const DELIVERED: &str = "delivered";

#[derive(Debug)]
pub struct CodeUses;

#[derive(Debug, Default)]
pub struct Batch {
    made: Vec<[Value; 6]>,
    /// In their order: a reward may fail and be ordered again in one batch.
    states: Vec<[Value; 4]>,
}

impl Projection for CodeUses {
    const NAME: &'static str = "code_uses";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[Campaign::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "code_uses",
        create: "CREATE TABLE {code_uses} (
            guild    bigint NOT NULL,
            campaign text   NOT NULL,
            number   bigint NOT NULL,
            person   bigint NOT NULL,
            at       bigint NOT NULL,
            state    text   NOT NULL, -- under_way, delivered, or why it failed
            PRIMARY KEY (guild, campaign, number)
        );
        CREATE INDEX {code_uses}_person ON {code_uses} (guild, person);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let (guild, campaign) = (event.guild(), campaign_of(event)?.to_string());
        let (number, state) = match decode::<Event>(event)? {
            Event::Redeemed { number, person, at, .. } => {
                batch.made.push(values![guild, campaign, number, person, at, UNDER_WAY]);
                return Ok(());
            }
            Event::RewardDelivered { number, .. } => (number, DELIVERED.to_owned()),
            Event::RewardFailed { number, why, .. } => (number, why.name().to_owned()),
            Event::RewardOrderedAgain { number, .. } => (number, UNDER_WAY.to_owned()),
            Event::Created { .. }
            | Event::LimitsSet { .. }
            | Event::CodeRevoked { .. }
            | Event::Revoked { .. } => return Ok(()),
        };
        batch.states.push(values![guild, campaign, number, state]);
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let insert = "INSERT INTO {code_uses} (guild, campaign, number, person, at, state) \
                      VALUES ($1, $2, $3, $4, $5, $6)";
        tables.execute_many(insert, batch.made).await?;
        for row in &batch.states {
            let set = "UPDATE {code_uses} SET state = $4 \
                       WHERE guild = $1 AND campaign = $2 AND number = $3";
            tables.execute(set, row).await?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    pub number: u32,
    pub person: PersonId,
    pub at: Timestamp,
    pub state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    UnderWay,
    Delivered,
    /// With the reason's name.
    Failed(String),
}

impl Use {
    fn read(row: &Row) -> Result<Self, LogError> {
        let state = match row.text(3)? {
            UNDER_WAY => State::UnderWay,
            DELIVERED => State::Delivered,
            why => State::Failed(why.to_owned()),
        };
        let at = Timestamp::from_micros(row.int(2)?);
        Ok(Self { number: small(row.int(0)?)?, person: person(row.int(1)?)?, at, state })
    }
}

/// The newest first, before the use of this number where that is given.
pub async fn page(
    store: &ReadStore,
    guild: GuildId,
    campaign: CampaignId,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<Use>, LogError> {
    let before = before.map_or(i64::MAX, i64::from);
    let sql = "SELECT number, person, at, state FROM code_uses \
               WHERE guild = $1 AND campaign = $2 AND number < $3 ORDER BY number DESC LIMIT $4";
    let row = values![guild, campaign.to_string(), before, limit.min(MAX_PAGE)];
    store.query(sql, &row).await?.iter().map(Use::read).collect()
}
