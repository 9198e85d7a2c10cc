//! Weekly leaderboards: what each member gained in a week, Monday to Sunday in UTC. Past weeks
//! stay.

use std::collections::HashMap;

use domain::{
    Bytes, Decider, GuildId, PersonId, UtcDay,
    economy::{Economy, Event},
};
use eventlog::{LogError, Recorded, decode, values};

use super::balances::MAX_TOP;
use crate::{
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

#[derive(Debug)]
pub struct Weekly;

impl Projection for Weekly {
    const NAME: &'static str = "weekly_gains";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[Economy::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "weekly_gains",
        create: "CREATE TABLE {weekly_gains} (
            guild  bigint NOT NULL,
            week   bigint NOT NULL, -- its Monday, in days since 1970
            person bigint NOT NULL,
            gained bigint NOT NULL,
            PRIMARY KEY (guild, week, person)
        );
        CREATE INDEX {weekly_gains}_top ON {weekly_gains} (guild, week, gained DESC, person);",
    }];
    type Batch = HashMap<(GuildId, UtcDay, PersonId), i64>;

    fn fold(batch: &mut Self::Batch, event: &Recorded) -> Result<(), LogError> {
        let recorded = event.at.utc_day();
        let (day, person, Bytes(amount)) = match decode::<Event>(event)? {
            Event::AccountOpened { person, starting } => (recorded, person, starting),
            Event::BytesGranted { to, amount, .. } => (recorded, to, amount),
            Event::DailyAwarded { to, day, amount, .. } => (day, to, amount),
            Event::BytesTransferred { to, amount, at, .. } => (at.utc_day(), to, amount),
            // A refund gives back what was the member's own.
            Event::SpendRefunded { .. }
            | Event::BytesTaken { .. }
            | Event::BytesSpent { .. }
            | Event::SpendSettled { .. } => return Ok(()),
        };
        *batch.entry((event.guild(), day.week_start(), person)).or_default() += amount;
        Ok(())
    }

    async fn write(batch: Self::Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let mut gains: Vec<_> = batch.into_iter().filter(|(_, gained)| *gained != 0).collect();
        gains.sort_unstable_by_key(|(key, _)| *key);
        let rows: Vec<_> = gains
            .iter()
            .map(|((guild, week, person), gained)| values![*guild, *week, *person, *gained])
            .collect();
        let add = "INSERT INTO {weekly_gains} (guild, week, person, gained) \
                   VALUES ($1, $2, $3, $4) ON CONFLICT (guild, week, person) DO UPDATE SET \
                   gained = {weekly_gains}.gained + excluded.gained";
        tables.execute_many(add, rows).await
    }
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Gain {
    pub person: PersonId,
    pub gained: Bytes,
}

/// The board of the week that `day` lies in.
pub async fn top(
    store: &ReadStore,
    guild: GuildId,
    day: UtcDay,
    limit: u32,
) -> Result<Vec<Gain>, LogError> {
    let sql = "SELECT person, gained FROM weekly_gains WHERE guild = $1 AND week = $2 \
               ORDER BY gained DESC, person LIMIT $3";
    let rows = store.query(sql, &values![guild, day.week_start(), limit.min(MAX_TOP)]).await?;
    rows.iter()
        .map(|row| Ok(Gain { person: super::person(row.int(0)?)?, gained: Bytes(row.int(1)?) }))
        .collect()
}
