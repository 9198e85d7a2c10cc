//! What each member earned in a day, a week (from Monday) and a month, in UTC. What staff gave
//! is not earned.

use std::collections::BTreeMap;

use domain::{
    Decider, GuildId, PersonId, Timestamp, UtcDay,
    levels::{Event, Levels},
    people::{self, People},
};
use eventlog::{LogError, Recorded, decode, values};

use super::ranks::{MAX_TOP, Ranked, ranked};
use crate::{
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

#[derive(Debug)]
pub struct Periods;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    Day,
    Week,
    Month,
}

impl Period {
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The first day of the period that a day lies in.
    pub fn start(self, day: UtcDay) -> UtcDay {
        match self {
            Self::Day => day,
            Self::Week => day.week_start(),
            Self::Month => day.month_start(),
        }
    }

    const fn number(self) -> i64 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
        }
    }
}

#[derive(Debug, Default)]
pub struct Batch {
    earned: BTreeMap<(GuildId, Period, UtcDay, PersonId), i64>,
    erased: Vec<(GuildId, PersonId)>,
}

impl Batch {
    fn add(&mut self, guild: GuildId, person: PersonId, at: Timestamp, xp: u32) {
        for period in Period::ALL {
            let key = (guild, period, period.start(at.utc_day()), person);
            *self.earned.entry(key).or_default() += i64::from(xp);
        }
    }
}

impl Projection for Periods {
    const NAME: &'static str = "level_periods";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[Levels::CAPABILITY, People::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "level_periods",
        create: "CREATE TABLE {level_periods} (
            guild  bigint NOT NULL,
            period bigint NOT NULL, -- 1 a day, 7 a week, 30 a month
            start  bigint NOT NULL, -- its first day, in days since 1970
            person bigint NOT NULL,
            xp     bigint NOT NULL,
            PRIMARY KEY (guild, period, start, person)
        );
        CREATE INDEX {level_periods}_top ON {level_periods} (guild, period, start, xp DESC, person);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let guild = event.guild();
        if event.stream.category() == People::CAPABILITY {
            let people::Event::PersonErased { person } = decode(event)?;
            batch.erased.push((guild, person));
            return Ok(());
        }
        match decode::<Event>(event)? {
            Event::Earned { text, voice, .. } => {
                for gain in &text {
                    batch.add(guild, gain.person, gain.at, gain.xp);
                }
                for gain in &voice {
                    batch.add(guild, gain.person, gain.until, gain.xp);
                }
            }
            Event::VoiceSkipped { voice, .. } => {
                for gain in &voice {
                    batch.add(guild, gain.person, gain.until, gain.xp);
                }
            }
            Event::XpChanged { .. }
            | Event::VoiceChanged { .. }
            | Event::LevelReached { .. }
            | Event::RoleOrdered { .. }
            | Event::RoleDone { .. }
            | Event::RoleFailed { .. } => {}
        }
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let rows: Vec<_> = batch
            .earned
            .into_iter()
            .filter(|(_, xp)| *xp != 0)
            .map(|((guild, period, start, person), xp)| {
                values![guild, period.number(), start, person, xp]
            })
            .collect();
        let add = "INSERT INTO {level_periods} (guild, period, start, person, xp) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (guild, period, start, person) \
                   DO UPDATE SET xp = {level_periods}.xp + excluded.xp";
        tables.execute_many(add, rows).await?;
        for (guild, person) in batch.erased {
            let erase = "DELETE FROM {level_periods} WHERE guild = $1 AND person = $2";
            tables.execute(erase, &values![guild, person]).await?;
        }
        Ok(())
    }
}

/// Who earned most in the period that `day` lies in.
pub async fn top(
    store: &ReadStore,
    guild: GuildId,
    (period, day): (Period, UtcDay),
    after: u32,
    limit: u32,
) -> Result<Vec<Ranked>, LogError> {
    let sql = "SELECT person, xp FROM level_periods \
               WHERE guild = $1 AND period = $2 AND start = $3 \
               ORDER BY xp DESC, person LIMIT $4 OFFSET $5";
    let start = period.start(day);
    let values = values![guild, period.number(), start, limit.min(MAX_TOP), after];
    store.query(sql, &values).await?.iter().map(ranked).collect()
}

/// The first day of the period so many before the one that `day` lies in.
pub fn back(period: Period, day: UtcDay, ago: i32) -> UtcDay {
    let start = period.start(day);
    match period {
        Period::Day => UtcDay(start.0.saturating_sub(ago)),
        Period::Week => UtcDay(start.0.saturating_sub(7 * ago)),
        Period::Month => (0..ago).fold(start, |month, _| period.start(UtcDay(month.0 - 1))),
    }
}
