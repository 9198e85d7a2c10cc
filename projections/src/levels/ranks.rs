//! Everybody's experience, and who has most.

use std::collections::BTreeMap;

use domain::{
    Decider, GuildId, PersonId,
    levels::{Event, Levels},
    people::{self, People},
};
use eventlog::{LogError, Recorded, decode, values};

use crate::{
    economy::person,
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

/// The most that one look takes.
pub const MAX_TOP: u32 = 500;
/// No community has more members who ever earned anything; beyond it nobody is looked at.
const MAX_ALL: u32 = 1_000_000;

#[derive(Debug)]
pub struct Ranks;

/// What events did to one member's experience: from what it was, or to what it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    to: Option<i64>,
    plus: i64,
}

#[derive(Debug, Default)]
pub struct Batch {
    changes: BTreeMap<(GuildId, PersonId), Change>,
    erased: Vec<(GuildId, PersonId)>,
}

impl Projection for Ranks {
    const NAME: &'static str = "level_ranks";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[Levels::CAPABILITY, People::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "level_ranks",
        create: "CREATE TABLE {level_ranks} (
            guild  bigint NOT NULL,
            person bigint NOT NULL,
            xp     bigint NOT NULL,
            PRIMARY KEY (guild, person)
        );
        CREATE INDEX {level_ranks}_top ON {level_ranks} (guild, xp DESC, person);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let guild = event.guild();
        if event.stream.category() == People::CAPABILITY {
            let people::Event::PersonErased { person } = decode(event)?;
            batch.erased.push((guild, person));
            return Ok(());
        }
        let mut add = |person, xp| {
            batch.changes.entry((guild, person)).or_default().plus += i64::from(xp);
        };
        match decode::<Event>(event)? {
            Event::Earned { text, voice, .. } => {
                for gain in &text {
                    add(gain.person, gain.xp);
                }
                for gain in &voice {
                    add(gain.person, gain.xp);
                }
            }
            Event::VoiceSkipped { voice, .. } => {
                for gain in &voice {
                    add(gain.person, gain.xp);
                }
            }
            Event::XpChanged { person, to, .. } => {
                // A rule keeps it far below.
                let to = i64::try_from(to).unwrap_or(i64::MAX);
                batch.changes.insert((guild, person), Change { to: Some(to), plus: 0 });
            }
            Event::VoiceChanged { .. }
            | Event::LevelReached { .. }
            | Event::RoleOrdered { .. }
            | Event::RoleDone { .. }
            | Event::RoleFailed { .. } => {}
        }
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let (mut added, mut set) = (Vec::new(), Vec::new());
        for ((guild, person), Change { to, plus }) in batch.changes {
            match to {
                Some(to) => set.push(values![guild, person, to + plus]),
                None if plus != 0 => added.push(values![guild, person, plus]),
                None => {}
            }
        }
        let add = "INSERT INTO {level_ranks} (guild, person, xp) VALUES ($1, $2, $3) \
                   ON CONFLICT (guild, person) DO UPDATE SET xp = {level_ranks}.xp + excluded.xp";
        tables.execute_many(add, added).await?;
        let put = "INSERT INTO {level_ranks} (guild, person, xp) VALUES ($1, $2, $3) \
                   ON CONFLICT (guild, person) DO UPDATE SET xp = excluded.xp";
        tables.execute_many(put, set).await?;
        for (guild, person) in batch.erased {
            let erase = "DELETE FROM {level_ranks} WHERE guild = $1 AND person = $2";
            tables.execute(erase, &values![guild, person]).await?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Ranked {
    pub person: PersonId,
    pub xp: u64,
}

pub(super) fn ranked(row: &eventlog::sql::Row) -> Result<Ranked, LogError> {
    Ok(Ranked { person: person(row.int(0)?)?, xp: row.count(1)? })
}

/// Who has most first; who has as much stands in order of first sight.
pub async fn top(
    store: &ReadStore,
    guild: GuildId,
    after: u32,
    limit: u32,
) -> Result<Vec<Ranked>, LogError> {
    let sql = "SELECT person, xp FROM level_ranks WHERE guild = $1 AND xp > 0 \
               ORDER BY xp DESC, person LIMIT $2 OFFSET $3";
    let rows = store.query(sql, &values![guild, limit.min(MAX_TOP), after]).await?;
    rows.iter().map(ranked).collect()
}

/// Everybody who has anything, in no order.
pub async fn all(store: &ReadStore, guild: GuildId) -> Result<Vec<Ranked>, LogError> {
    let sql = "SELECT person, xp FROM level_ranks WHERE guild = $1 AND xp > 0 LIMIT $2";
    store.query(sql, &values![guild, MAX_ALL]).await?.iter().map(ranked).collect()
}

/// Those who stand behind somebody, for whoever reads the whole board; from the first on where
/// nobody is named.
pub async fn behind(
    store: &ReadStore,
    guild: GuildId,
    last: Option<Ranked>,
    limit: u32,
) -> Result<Vec<Ranked>, LogError> {
    let sql = "SELECT person, xp FROM level_ranks WHERE guild = $1 AND xp > 0 AND xp <= $2 \
               AND (xp < $2 OR person > $3) ORDER BY xp DESC, person LIMIT $4";
    let xp = last.map_or(i64::MAX, |last| i64::try_from(last.xp).unwrap_or(i64::MAX));
    let person = last.map_or(-1, |last| i64::from(last.person.0));
    let rows = store.query(sql, &values![guild, xp, person, limit.min(MAX_TOP)]).await?;
    rows.iter().map(ranked).collect()
}

/// How many stand before somebody who has so much, and how many there are.
pub async fn before(
    store: &ReadStore,
    guild: GuildId,
    person: PersonId,
    xp: u64,
) -> Result<(u64, u64), LogError> {
    let xp = i64::try_from(xp).unwrap_or(i64::MAX);
    let sql = "SELECT CAST(COALESCE(SUM(CASE WHEN person <> $2 AND \
               (xp > $3 OR (xp = $3 AND person < $2)) THEN 1 ELSE 0 END), 0) AS bigint), \
               CAST(COUNT(*) AS bigint) FROM level_ranks WHERE guild = $1 AND xp > 0";
    let rows = store.query(sql, &values![guild, person, xp]).await?;
    rows.first().map_or(Ok((0, 0)), |row| Ok((row.count(0)?, row.count(1)?)))
}

/// What somebody has.
pub async fn of(store: &ReadStore, guild: GuildId, person: PersonId) -> Result<u64, LogError> {
    let sql = "SELECT xp FROM level_ranks WHERE guild = $1 AND person = $2";
    let rows = store.query(sql, &values![guild, person]).await?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}
