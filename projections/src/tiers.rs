//! Tiers, and who holds which until when.

use domain::{
    Decider, GuildId, PersonId, RoleId, Timestamp,
    people::{self, People},
    tiers::Event,
};
use eventlog::{LogError, Recorded, decode, values};

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
pub struct Batch(Vec<(GuildId, Row)>);

#[derive(Debug)]
enum Row {
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
            batch.0.push((guild, Row::Erased(person)));
            return Ok(());
        }
        let row = match decode::<Event>(event)? {
            Event::Set { role, name, daily_bonus, .. } => {
                Row::Tier { role, name, bonus: daily_bonus.0 }
            }
            Event::Removed { role, .. } => Row::TierGone(role),
            Event::Granted { person, role, until, .. } => Row::Held(person, role, until),
            Event::Ended { person, role, .. } => Row::Ended(person, role),
            Event::RoleOrdered { .. } | Event::RoleGiven { .. } | Event::RoleFailed { .. } => {
                return Ok(());
            }
        };
        batch.0.push((guild, row));
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        for (guild, row) in batch.0 {
            write(guild, row, tables).await?;
        }
        Ok(())
    }
}

async fn write(guild: GuildId, row: Row, tables: &mut Tables<'_>) -> Result<u64, LogError> {
    match row {
        Row::Tier { role, name, bonus } => {
            let put = "INSERT INTO {tiers} (guild, role, name, daily_bonus) \
                       VALUES ($1, $2, $3, $4) ON CONFLICT (guild, role) DO UPDATE SET \
                       name = excluded.name, daily_bonus = excluded.daily_bonus";
            tables.execute(put, &values![guild, role.as_i64(), name, bonus]).await
        }
        Row::TierGone(role) => {
            let delete = "DELETE FROM {tiers} WHERE guild = $1 AND role = $2";
            tables.execute(delete, &values![guild, role.as_i64()]).await
        }
        Row::Held(person, role, until) => {
            let put = "INSERT INTO {tier_holders} (guild, role, person, until_at) \
                       VALUES ($1, $2, $3, $4) ON CONFLICT (guild, role, person) \
                       DO UPDATE SET until_at = excluded.until_at";
            tables.execute(put, &values![guild, role.as_i64(), person, until]).await
        }
        Row::Ended(person, role) => {
            let delete = "DELETE FROM {tier_holders} \
                          WHERE guild = $1 AND role = $2 AND person = $3";
            tables.execute(delete, &values![guild, role.as_i64(), person]).await
        }
        Row::Erased(person) => {
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
    let read =
        |row: &eventlog::sql::Row| Ok((person(row.int(0)?)?, Timestamp::from_micros(row.int(1)?)));
    rows.iter().map(read).collect()
}
