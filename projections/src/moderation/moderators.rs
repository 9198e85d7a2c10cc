//! Who did how much: cases of each kind that a moderator made, and when they made the last one.

use std::collections::BTreeMap;

use domain::{
    Decider, GuildId, PersonId, Timestamp,
    case::Kind,
    moderation::{Event, Moderation},
};
use eventlog::{LogError, Recorded, decode, sql::Row, values};

use super::{kind_of, kind_of_deed, kind_word};
use crate::{
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

/// Moderators times kinds: more than any community has.
pub const MAX_ROWS: u32 = 2_000;

#[derive(Debug)]
pub struct Moderators;

#[derive(Debug, Default)]
pub struct Batch(BTreeMap<(GuildId, PersonId, &'static str), (u64, Timestamp)>);

impl Projection for Moderators {
    const NAME: &'static str = "moderators";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[Moderation::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "moderators",
        create: "CREATE TABLE {moderators} (
            guild   bigint NOT NULL,
            person  bigint NOT NULL, -- whose hand it was
            kind    text   NOT NULL,
            cases   bigint NOT NULL,
            last_at bigint NOT NULL,
            PRIMARY KEY (guild, person, kind)
        );",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let (by, kind, at) = match decode::<Event>(event)? {
            Event::MemberWarned { by, at, .. } => (by, Kind::Warning, at),
            Event::MemberNoted { by, at, .. } => (by, Kind::Note, at),
            Event::DeedOrdered { by, deed, at, .. } | Event::DeedObserved { by, deed, at, .. } => {
                (by, kind_of_deed(deed), at)
            }
            _ => return Ok(()),
        };
        if let Some(person) = by.member() {
            let key = (event.guild(), person, kind_word(kind));
            let (cases, last) = batch.0.entry(key).or_insert((0, at));
            *cases += 1;
            *last = at.max(*last);
        }
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let row =
            |((guild, person, kind), (cases, last))| values![guild, person, kind, cases, last];
        let rows: Vec<_> = batch.0.into_iter().map(row).collect();
        let add = "INSERT INTO {moderators} (guild, person, kind, cases, last_at) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (guild, person, kind) DO UPDATE SET \
                   cases = {moderators}.cases + excluded.cases, last_at = excluded.last_at";
        tables.execute_many(add, rows).await
    }
}

/// Cases of one kind that one moderator made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    pub person: PersonId,
    pub kind: Kind,
    pub cases: u64,
    pub last_at: Timestamp,
}

impl Activity {
    fn read(row: &Row) -> Result<Self, LogError> {
        let word = row.text(1)?;
        let kind = kind_of(word);
        Ok(Self {
            person: crate::economy::person(row.int(0)?)?,
            kind: kind.ok_or_else(|| LogError::Corrupt(format!("{word} is no kind of case")))?,
            cases: row.count(2)?,
            last_at: Timestamp::from_micros(row.int(3)?),
        })
    }
}

/// Of one moderator, or of all.
pub async fn activity(
    store: &ReadStore,
    guild: GuildId,
    person: Option<PersonId>,
) -> Result<Vec<Activity>, LogError> {
    let columns = "SELECT person, kind, cases, last_at FROM moderators WHERE guild = $1";
    let order = "ORDER BY person, kind LIMIT $2";
    let rows = match person {
        None => store.query(&format!("{columns} {order}"), &values![guild, MAX_ROWS]).await?,
        Some(person) => {
            let sql = format!("{columns} AND person = $3 {order}");
            store.query(&sql, &values![guild, MAX_ROWS, person]).await?
        }
    };
    rows.iter().map(Activity::read).collect()
}
