//! Who is in which giveaway, under which number, and how that ended. The salt is the member's own:
//! with it they find their entry among the published ones.

use std::collections::HashMap;

use domain::{
    Decider, GiveawayId, GuildId, PersonId, Timestamp,
    digest::Digest,
    giveaways::{Event, Giveaway},
    people::{self, People},
};
use eventlog::{
    LogError, Recorded, decode,
    sql::{Row, Value},
    values,
};

use super::{digest, giveaway, giveaway_of};
use crate::{
    economy::person,
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

pub const MAX_PAGE: u32 = 500;

#[derive(Debug)]
pub struct Entrants;

#[derive(Debug, Default)]
pub struct Batch {
    changes: HashMap<(GuildId, GiveawayId, u32), Change>,
    erased: Vec<(GuildId, PersonId)>,
}

#[derive(Debug, Default)]
struct Change {
    entered: Option<(PersonId, u32, Digest, Timestamp)>,
    standing: Option<&'static str>,
}

impl Projection for Entrants {
    const NAME: &'static str = "giveaway_entrants";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[Giveaway::CAPABILITY, People::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "giveaway_entrants",
        create: "CREATE TABLE {giveaway_entrants} (
            guild    bigint NOT NULL,
            giveaway text   NOT NULL,
            entry    bigint NOT NULL,
            person   bigint, -- none once erased
            weight   bigint NOT NULL,
            salt     text, -- none once erased
            standing text   NOT NULL,
            at       bigint NOT NULL,
            PRIMARY KEY (guild, giveaway, entry)
        );
        CREATE INDEX {giveaway_entrants}_person ON {giveaway_entrants} (guild, person, at);
        CREATE INDEX {giveaway_entrants}_standing
            ON {giveaway_entrants} (guild, standing, at);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let guild = event.guild();
        if event.stream.category() == People::CAPABILITY {
            let people::Event::PersonErased { person } = decode(event)?;
            // Those of this page are written first.
            batch.erased.push((guild, person));
            return Ok(());
        }
        let giveaway = giveaway_of(event)?;
        let mut stands = |entry: u32, standing: &'static str| {
            batch.changes.entry((guild, giveaway, entry)).or_default().standing = Some(standing);
        };
        match decode::<Event>(event)? {
            Event::Entered { entry, person, weight, salt, at, .. } => {
                let change = batch.changes.entry((guild, giveaway, entry)).or_default();
                *change =
                    Change { entered: Some((person, weight, salt, at)), standing: Some("in") };
            }
            Event::EntryExcluded { entry, why, .. } => stands(entry, super::timeline::word(why)),
            Event::CandidateDrawn { entry, .. } => stands(entry, "candidate"),
            Event::CandidateDisqualified { entry, .. } => stands(entry, "disqualified"),
            Event::WinnerConfirmed { entry, claim_until, .. } => {
                stands(entry, if claim_until.is_some() { "to_claim" } else { "won" });
            }
            Event::PrizeClaimed { entry, .. } => stands(entry, "won"),
            Event::ClaimLapsed { entry, .. } => stands(entry, "lapsed"),
            Event::WinnerRerolled { entry, .. } => stands(entry, "rerolled"),
            _ => {}
        }
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let mut changes: Vec<_> = batch.changes.into_iter().collect();
        changes.sort_unstable_by_key(|(key, _)| *key);
        let (mut entered, mut stood) = (Vec::new(), Vec::new());
        for ((guild, giveaway, entry), change) in changes {
            let standing = change.standing.unwrap_or("in");
            match change.entered {
                Some((person, weight, salt, at)) => entered.push(values![
                    guild,
                    giveaway.to_string(),
                    entry,
                    person,
                    weight,
                    salt.to_string(),
                    standing,
                    at
                ]),
                None => stood.push(values![guild, giveaway.to_string(), entry, standing]),
            }
        }
        let insert = "INSERT INTO {giveaway_entrants} (guild, giveaway, entry, person, weight, \
                      salt, standing, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                      ON CONFLICT (guild, giveaway, entry) DO UPDATE SET \
                      person = excluded.person, weight = excluded.weight, salt = excluded.salt, \
                      standing = excluded.standing, at = excluded.at";
        tables.execute_many(insert, entered).await?;
        for row in stood {
            let update = "UPDATE {giveaway_entrants} SET standing = $4 \
                          WHERE guild = $1 AND giveaway = $2 AND entry = $3";
            tables.execute(update, &row).await?;
        }
        for (guild, person) in batch.erased {
            let erase = "UPDATE {giveaway_entrants} SET person = NULL, salt = NULL \
                         WHERE guild = $1 AND person = $2";
            tables.execute(erase, &values![guild, person]).await?;
        }
        Ok(())
    }
}

/// An entry. Of who was erased only the number stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrant {
    pub giveaway: GiveawayId,
    pub entry: u32,
    pub person: Option<PersonId>,
    pub weight: u32,
    pub salt: Option<Digest>,
    /// `in`, why it is out, or what became of it in the draw.
    pub standing: String,
    pub at: Timestamp,
}

const COLUMNS: &str = "giveaway, entry, person, weight, salt, standing, at";

impl Entrant {
    fn read(row: &Row) -> Result<Self, LogError> {
        let number = |column| {
            u32::try_from(row.int(column)?)
                .map_err(|_| LogError::Corrupt("giveaway_entrants: a number is none".to_owned()))
        };
        Ok(Self {
            giveaway: giveaway(row.text(0)?)?,
            entry: number(1)?,
            person: row.opt_int(2)?.map(person).transpose()?,
            weight: number(3)?,
            salt: row.opt_text(4)?.map(digest).transpose()?,
            standing: row.text(5)?.to_owned(),
            at: Timestamp::from_micros(row.int(6)?),
        })
    }
}

/// In order of their numbers, after `after`; of one standing where that is given.
pub async fn page(
    store: &ReadStore,
    guild: GuildId,
    giveaway: GiveawayId,
    standing: Option<&str>,
    after: u32,
    limit: u32,
) -> Result<Vec<Entrant>, LogError> {
    let of = if standing.is_some() { "AND standing = $5" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS} FROM giveaway_entrants WHERE guild = $1 AND giveaway = $2 AND entry > $3 \
         {of} ORDER BY entry LIMIT $4"
    );
    let limit = limit.clamp(1, MAX_PAGE);
    let mut parameters = values![guild, giveaway.to_string(), after, limit].to_vec();
    parameters.extend(standing.map(Value::from));
    store.query(&sql, &parameters).await?.iter().map(Entrant::read).collect()
}

/// How many stand how.
pub async fn by_standing(
    store: &ReadStore,
    guild: GuildId,
    giveaway: GiveawayId,
) -> Result<Vec<(String, u64)>, LogError> {
    let sql = "SELECT standing, COUNT(*) FROM giveaway_entrants \
               WHERE guild = $1 AND giveaway = $2 GROUP BY standing ORDER BY standing";
    let rows = store.query(sql, &values![guild, giveaway.to_string()]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.count(1)?))).collect()
}

pub async fn entry(
    store: &ReadStore,
    guild: GuildId,
    giveaway: GiveawayId,
    entry: u32,
) -> Result<Option<Entrant>, LogError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM giveaway_entrants \
         WHERE guild = $1 AND giveaway = $2 AND entry = $3"
    );
    let rows = store.query(&sql, &values![guild, giveaway.to_string(), entry]).await?;
    rows.first().map(Entrant::read).transpose()
}

/// Everything that somebody took part in, newest first.
pub async fn of_person(
    store: &ReadStore,
    guild: GuildId,
    person: PersonId,
    limit: u32,
) -> Result<Vec<Entrant>, LogError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM giveaway_entrants WHERE guild = $1 AND person = $2 \
         ORDER BY at DESC, giveaway LIMIT $3"
    );
    let rows = store.query(&sql, &values![guild, person, limit.clamp(1, MAX_PAGE)]).await?;
    rows.iter().map(Entrant::read).collect()
}

/// Who has won something here, the newest first, each once.
pub async fn winners(
    store: &ReadStore,
    guild: GuildId,
    limit: u32,
) -> Result<Vec<PersonId>, LogError> {
    let sql = "SELECT person, MAX(at) FROM giveaway_entrants \
               WHERE guild = $1 AND standing = 'won' AND person IS NOT NULL \
               GROUP BY person ORDER BY MAX(at) DESC, person LIMIT $2";
    let parameters: &[Value] = &values![guild, limit];
    store.query(sql, parameters).await?.iter().map(|row| person(row.int(0)?)).collect()
}
