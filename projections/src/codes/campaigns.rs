//! Campaigns: what each gives, within which limits, and how far it is.

use std::collections::BTreeMap;

use domain::{
    Bytes, CampaignId, Decider, GuildId, PersonId, RoleId, Timestamp,
    campaign::{Campaign, Event, Limits, Reward},
    codes::{self, Codes},
};
use eventlog::{
    LogError, Recorded, decode,
    sql::{Row, Value},
    values,
};

use super::{campaign, campaign_of, small};
use crate::{
    economy::person,
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

pub const MAX_PAGE: u32 = 100;

#[derive(Debug)]
pub struct Campaigns;

#[derive(Debug, Default)]
pub struct Batch {
    made: Vec<[Value; 10]>,
    limits: BTreeMap<(GuildId, CampaignId), Limits>,
    changes: BTreeMap<(GuildId, CampaignId), Change>,
}

#[derive(Debug, Default)]
struct Change {
    codes: i64,
    uses: i64,
    delivered: i64,
    failed: i64,
    revoked: i64,
}

impl Projection for Campaigns {
    const NAME: &'static str = "campaigns";
    const VERSION: u32 = 2;
    const CATEGORIES: &'static [&'static str] = &[Campaign::CAPABILITY, Codes::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "campaigns",
        create: "CREATE TABLE {campaigns} (
            guild           bigint NOT NULL,
            campaign        text   NOT NULL,
            seq             bigint NOT NULL, -- of the guild: also the order
            at              bigint NOT NULL,
            name            text   NOT NULL,
            creator         bigint NOT NULL,
            reward          text   NOT NULL, -- bytes, role or tier
            amount          bigint,
            role            bigint,
            days            bigint,
            uses_most       bigint,
            uses_per_code   bigint,
            uses_per_member bigint NOT NULL DEFAULT 1,
            from_at         bigint,
            until_at        bigint,
            only_for        text   NOT NULL DEFAULT '', -- roles; whoever has one may redeem
            codes           bigint NOT NULL DEFAULT 0,
            uses            bigint NOT NULL DEFAULT 0,
            delivered       bigint NOT NULL DEFAULT 0,
            failed          bigint NOT NULL DEFAULT 0,
            revoked         bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (guild, campaign)
        );
        CREATE INDEX {campaigns}_seq ON {campaigns} (guild, seq);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let guild = event.guild();
        if event.stream.category() == Codes::CAPABILITY {
            let codes::Event::CodesRegistered { campaign, codes, .. } = decode(event)?;
            let registered = i64::try_from(codes.len()).unwrap_or(i64::MAX);
            batch.changes.entry((guild, campaign)).or_default().codes += registered;
            return Ok(());
        }
        let id = (guild, campaign_of(event)?);
        let change = batch.changes.entry(id).or_default();
        match decode::<Event>(event)? {
            Event::Created { name, by, reward, limits, at } => {
                let (kind, amount, role, days) = columns(reward);
                let seq = event.guild_seq;
                batch.made.push([
                    guild.into(),
                    id.1.to_string().into(),
                    seq.into(),
                    at.into(),
                    name.into(),
                    by.into(),
                    kind.into(),
                    Value::Int(amount),
                    Value::Int(role),
                    Value::Int(days),
                ]);
                batch.limits.insert(id, limits);
            }
            Event::LimitsSet { limits, .. } => {
                batch.limits.insert(id, limits);
            }
            Event::Redeemed { .. } => change.uses += 1,
            Event::RewardDelivered { .. } => change.delivered += 1,
            Event::RewardFailed { .. } => change.failed += 1,
            Event::RewardOrderedAgain { .. } => change.failed -= 1,
            Event::Revoked { .. } => change.revoked = 1,
            Event::CodeRevoked { .. } => {}
        }
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let insert = "INSERT INTO {campaigns} (guild, campaign, seq, at, name, creator, reward, \
                      amount, role, days) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        tables.execute_many(insert, batch.made).await?;
        for ((guild, id), limits) in batch.limits {
            let set = "UPDATE {campaigns} SET uses_most = $3, uses_per_code = $4, \
                       uses_per_member = $5, from_at = $6, until_at = $7, only_for = $8 \
                       WHERE guild = $1 AND campaign = $2";
            let count = |count: Option<u32>| Value::Int(count.map(i64::from));
            let time = |time: Option<Timestamp>| Value::Int(time.map(Timestamp::as_micros));
            let row = [
                guild.into(),
                id.to_string().into(),
                count(limits.uses),
                count(limits.uses_per_code),
                limits.uses_per_member.into(),
                time(limits.from),
                time(limits.until),
                roles_text(&limits.roles).into(),
            ];
            tables.execute(set, &row).await?;
        }
        for ((guild, id), change) in batch.changes {
            let Change { codes, uses, delivered, failed, revoked } = change;
            let add = "UPDATE {campaigns} SET codes = codes + $3, uses = uses + $4, \
                       delivered = delivered + $5, failed = failed + $6, \
                       revoked = CASE WHEN $7 = 1 THEN 1 ELSE revoked END \
                       WHERE guild = $1 AND campaign = $2";
            let row = values![guild, id.to_string(), codes, uses, delivered, failed, revoked];
            tables.execute(add, &row).await?;
        }
        Ok(())
    }
}

fn roles_text(roles: &[RoleId]) -> String {
    roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn columns(reward: Reward) -> (&'static str, Option<i64>, Option<i64>, Option<i64>) {
    match reward {
        Reward::Bytes { amount } => ("bytes", Some(amount.0), None, None),
        Reward::Role { role } => ("role", None, Some(role.as_i64()), None),
        Reward::Tier { role, days } => ("tier", None, Some(role.as_i64()), Some(i64::from(days))),
    }
}

/// A campaign and its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub campaign: CampaignId,
    pub seq: u64,
    pub at: Timestamp,
    pub name: String,
    pub creator: PersonId,
    pub reward: Reward,
    pub uses_most: Option<u32>,
    pub uses_per_code: Option<u32>,
    pub uses_per_member: u32,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Whoever has one of these may redeem; none: everybody.
    pub only_for: Vec<RoleId>,
    pub codes: u32,
    pub uses: u32,
    pub delivered: u32,
    /// Rewards that could not be delivered, and were not ordered again since.
    pub failed: u32,
    pub revoked: bool,
}

const COLUMNS: &str = "campaign, seq, at, name, creator, reward, amount, role, days, uses_most, \
                       uses_per_code, uses_per_member, from_at, until_at, codes, uses, delivered, \
                       failed, revoked, only_for";

impl Line {
    fn read(row: &Row) -> Result<Self, LogError> {
        let corrupt = |what: &str| LogError::Corrupt(format!("campaigns: {what}"));
        let role = || {
            let role = row.opt_int(7)?.unwrap_or(0);
            RoleId::from_i64(role).map_err(|_| corrupt("a role is none"))
        };
        let reward = match row.text(5)? {
            "bytes" => Reward::Bytes { amount: Bytes(row.opt_int(6)?.unwrap_or(0)) },
            "role" => Reward::Role { role: role()? },
            "tier" => Reward::Tier { role: role()?, days: small(row.opt_int(8)?.unwrap_or(0))? },
            _ => return Err(corrupt("a reward of no kind")),
        };
        Ok(Self {
            campaign: campaign(row.text(0)?)?,
            seq: row.count(1)?,
            at: Timestamp::from_micros(row.int(2)?),
            name: row.text(3)?.to_owned(),
            creator: person(row.int(4)?)?,
            reward,
            uses_most: row.opt_int(9)?.map(small).transpose()?,
            uses_per_code: row.opt_int(10)?.map(small).transpose()?,
            uses_per_member: small(row.int(11)?)?,
            from: row.opt_int(12)?.map(Timestamp::from_micros),
            until: row.opt_int(13)?.map(Timestamp::from_micros),
            only_for: row.text(19)?.split(',').filter_map(|role| role.parse().ok()).collect(),
            codes: small(row.int(14)?)?,
            uses: small(row.int(15)?)?,
            delivered: small(row.int(16)?)?,
            failed: small(row.int(17)?)?,
            revoked: row.int(18)? != 0,
        })
    }
}

pub async fn of(
    store: &ReadStore,
    guild: GuildId,
    campaign: CampaignId,
) -> Result<Option<Line>, LogError> {
    let sql = format!("SELECT {COLUMNS} FROM campaigns WHERE guild = $1 AND campaign = $2");
    let rows = store.query(&sql, &values![guild, campaign.to_string()]).await?;
    rows.first().map(Line::read).transpose()
}

/// Newest first, before `before` where that is given.
pub async fn page(
    store: &ReadStore,
    guild: GuildId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Line>, LogError> {
    let before = before.map_or(i64::MAX, u64::cast_signed);
    let sql = format!(
        "SELECT {COLUMNS} FROM campaigns WHERE guild = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3"
    );
    let rows = store.query(&sql, &values![guild, before, limit.min(MAX_PAGE)]).await?;
    rows.iter().map(Line::read).collect()
}
