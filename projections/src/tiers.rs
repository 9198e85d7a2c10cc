//! Tiers, and who holds which until when.

use domain::{
    Bytes, Decider, GuildId, PersonId, RoleId, Timestamp,
    people::{self, People},
    tiers::Event,
};
use eventlog::{LogError, Recorded, decode, sql::Row, values};

use crate::{
    economy::person,
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

pub const MAX_PAGE: u32 = 100;

#[derive(Debug)]
pub struct Tiers;

/// In their order: a tier may be granted, end and be granted again within one batch.
#[derive(Debug, Default)]
pub struct Batch(Vec<(GuildId, Step)>);

#[derive(Debug)]
enum Step {
    Tier { role: RoleId, name: String, bonus: i64 },
    TierGone(RoleId),
    Held(PersonId, RoleId, Timestamp),
    Ended(PersonId, RoleId),
    Erased(PersonId),
}

impl Projection for Tiers {
    const NAME: &'static str = "tiers";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] =
        &[domain::tiers::Tiers::CAPABILITY, People::CAPABILITY];
    const TABLES: &'static [Table] = &[
        Table {
            name: "tiers",
            create: "CREATE TABLE {tiers} (
                guild       bigint NOT NULL,
                role        bigint NOT NULL,
                name        text   NOT NULL,
                daily_bonus bigint NOT NULL,
                PRIMARY KEY (guild, role)
            );",
        },
        Table {
            name: "tier_holders",
            create: "CREATE TABLE {tier_holders} (
                guild    bigint NOT NULL,
                role     bigint NOT NULL,
                person   bigint NOT NULL,
                until_at bigint NOT NULL,
                PRIMARY KEY (guild, role, person)
            );
            CREATE INDEX {tier_holders}_end ON {tier_holders} (guild, role, until_at, person);",
        },
    ];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let guild = event.guild();
        if event.stream.category() == People::CAPABILITY {
            let people::Event::PersonErased { person } = decode(event)?;
            batch.0.push((guild, Step::Erased(person)));
            return Ok(());
        }
        let step = match decode::<Event>(event)? {
            Event::Set { role, name, daily_bonus, .. } => {
                Step::Tier { role, name, bonus: daily_bonus.0 }
            }
            Event::Removed { role, .. } => Step::TierGone(role),
            Event::Granted { person, role, until, .. } => Step::Held(person, role, until),
            Event::Ended { person, role, .. } => Step::Ended(person, role),
            Event::RoleOrdered { .. } | Event::RoleGiven { .. } | Event::RoleFailed { .. } => {
                return Ok(());
            }
        };
        batch.0.push((guild, step));
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        for (guild, step) in batch.0 {
            write(guild, step, tables).await?;
        }
        Ok(())
    }
}

async fn write(guild: GuildId, step: Step, tables: &mut Tables<'_>) -> Result<u64, LogError> {
    match step {
        Step::Tier { role, name, bonus } => {
            let put = "INSERT INTO {tiers} (guild, role, name, daily_bonus) \
                       VALUES ($1, $2, $3, $4) ON CONFLICT (guild, role) DO UPDATE SET \
                       name = excluded.name, daily_bonus = excluded.daily_bonus";
            tables.execute(put, &values![guild, role.as_i64(), name, bonus]).await
        }
        Step::TierGone(role) => {
            let delete = "DELETE FROM {tiers} WHERE guild = $1 AND role = $2";
            tables.execute(delete, &values![guild, role.as_i64()]).await
        }
        Step::Held(person, role, until) => {
            let put = "INSERT INTO {tier_holders} (guild, role, person, until_at) \
                       VALUES ($1, $2, $3, $4) ON CONFLICT (guild, role, person) \
                       DO UPDATE SET until_at = excluded.until_at";
            tables.execute(put, &values![guild, role.as_i64(), person, until]).await
        }
        Step::Ended(person, role) => {
            let delete = "DELETE FROM {tier_holders} \
                          WHERE guild = $1 AND role = $2 AND person = $3";
            tables.execute(delete, &values![guild, role.as_i64(), person]).await
        }
        Step::Erased(person) => {
            let delete = "DELETE FROM {tier_holders} WHERE guild = $1 AND person = $2";
            tables.execute(delete, &values![guild, person]).await
        }
    }
}

/// Who holds a tier until when, the earliest end first.
pub async fn holders(
    store: &ReadStore,
    guild: GuildId,
    role: RoleId,
    skip: u32,
    limit: u32,
) -> Result<Vec<(PersonId, Timestamp)>, LogError> {
    let sql = "SELECT person, until_at FROM tier_holders WHERE guild = $1 AND role = $2 \
               ORDER BY until_at, person LIMIT $3 OFFSET $4";
    let row = values![guild, role.as_i64(), limit.min(MAX_PAGE), skip];
    let rows = store.query(sql, &row).await?;
    let read = |row: &Row| Ok((person(row.int(0)?)?, Timestamp::from_micros(row.int(1)?)));
    rows.iter().map(read).collect()
}

/// A tier, and how many hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub role: RoleId,
    pub name: String,
    pub daily_bonus: Bytes,
    pub holders: u64,
}

/// Every tier of a guild, by name.
pub async fn all(store: &ReadStore, guild: GuildId) -> Result<Vec<Line>, LogError> {
    let sql = "SELECT role, name, daily_bonus, (SELECT COUNT(*) FROM tier_holders \
               WHERE tier_holders.guild = tiers.guild AND tier_holders.role = tiers.role) \
               FROM tiers WHERE guild = $1 ORDER BY name, role LIMIT $2";
    let read = |row: &Row| {
        let (role, name) = (role(row.int(0)?)?, row.text(1)?.to_owned());
        Ok(Line { role, name, daily_bonus: Bytes(row.int(2)?), holders: row.count(3)? })
    };
    store.query(sql, &values![guild, MAX_PAGE]).await?.iter().map(read).collect()
}

/// Which tiers somebody holds until when, the earliest end first.
pub async fn of_person(
    store: &ReadStore,
    guild: GuildId,
    person: PersonId,
) -> Result<Vec<(RoleId, Timestamp)>, LogError> {
    let sql = "SELECT role, until_at FROM tier_holders WHERE guild = $1 AND person = $2 \
               ORDER BY until_at, role LIMIT $3";
    let rows = store.query(sql, &values![guild, person, MAX_PAGE]).await?;
    let read = |row: &Row| Ok((role(row.int(0)?)?, Timestamp::from_micros(row.int(1)?)));
    rows.iter().map(read).collect()
}

fn role(number: i64) -> Result<RoleId, LogError> {
    RoleId::from_i64(number).map_err(|_| LogError::Corrupt("tiers: a role is none".to_owned()))
}
