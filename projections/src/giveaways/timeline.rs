//! Everything that happened in a giveaway but the coming and going of entrants: from its making
//! over the draw, with every exclusion and its reason, to the last claim.

use domain::{
    Decider, EventId, GiveawayId, GuildId, PersonId, Personal, Sealed, Timestamp,
    giveaways::{DrawnFor, Event, Exclusion, Giveaway},
    people::{self, People},
};
use eventlog::{
    LogError, Recorded, decode,
    sql::{Row, Value},
    values,
};

use super::giveaway_of;
use crate::{
    economy::person,
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

pub const MAX_PAGE: u32 = 500;

#[derive(Debug)]
pub struct Timeline;

#[derive(Debug, Default)]
pub struct Batch {
    rows: Vec<[Value; 13]>,
    erased: Vec<(GuildId, PersonId)>,
}

/// What an event says, in the columns of the table.
#[derive(Default)]
struct Said {
    what: &'static str,
    entry: Option<u32>,
    person: Option<PersonId>,
    by: Option<PersonId>,
    why: Option<&'static str>,
    /// The pick, or how many.
    number: Option<u64>,
    reason: Option<Personal<String>>,
}

impl Said {
    fn new(what: &'static str) -> Self {
        Self { what, ..Self::default() }
    }

    fn by(self, by: PersonId) -> Self {
        Self { by: Some(by), ..self }
    }

    fn about(self, entry: u32, person: PersonId) -> Self {
        Self { entry: Some(entry), person: Some(person), ..self }
    }

    fn number(self, number: impl Into<u64>) -> Self {
        Self { number: Some(number.into()), ..self }
    }

    fn why(self, why: &'static str) -> Self {
        Self { why: Some(why), ..self }
    }
}

/// Why an entry is not drawn, in a word.
pub(super) const fn word(why: Exclusion) -> &'static str {
    match why {
        Exclusion::Left => "left",
        Exclusion::Removed => "removed",
        Exclusion::Blocked => "blocked",
        Exclusion::LeftServer => "left_server",
        Exclusion::NoLongerEligible => "no_longer_eligible",
        Exclusion::PreviousWinner => "previous_winner",
    }
}

const fn drawn_for(why: DrawnFor) -> &'static str {
    match why {
        DrawnFor::Prize => "prize",
        DrawnFor::Disqualification => "disqualification",
        DrawnFor::Lapse => "lapse",
        DrawnFor::Reroll => "reroll",
    }
}

impl Projection for Timeline {
    const NAME: &'static str = "giveaway_timeline";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[Giveaway::CAPABILITY, People::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "giveaway_timeline",
        create: "CREATE TABLE {giveaway_timeline} (
            guild        bigint NOT NULL,
            giveaway     text   NOT NULL,
            seq          bigint NOT NULL, -- of the guild: also the order
            at           bigint NOT NULL,
            what         text   NOT NULL,
            entry        bigint,
            person       bigint, -- none once erased
            done_by      bigint, -- none once erased, or where nobody did it
            why          text,
            number       bigint, -- of the pick, or how many
            event_id     text   NOT NULL,
            reason_owner bigint,
            reason       text, -- sealed
            PRIMARY KEY (guild, giveaway, seq)
        );
        CREATE INDEX {giveaway_timeline}_person ON {giveaway_timeline} (guild, person);
        CREATE INDEX {giveaway_timeline}_by ON {giveaway_timeline} (guild, done_by);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        if event.stream.category() == People::CAPABILITY {
            let people::Event::PersonErased { person } = decode(event)?;
            batch.erased.push((event.guild(), person));
            return Ok(());
        }
        // Entrants have a table of their own, and there may be very many of them.
        if event.type_name == "giveaway.entered" {
            return Ok(());
        }
        let Some((said, at)) = said(decode(event)?) else { return Ok(()) };
        let person = |person: Option<PersonId>| Value::Int(person.map(|one| i64::from(one.0)));
        let (owner, sealed) = match said.reason {
            Some(Personal::Sealed(sealed)) => (Some(sealed.owner), Some(sealed.sealed)),
            _ => (None, None),
        };
        batch.rows.push([
            event.guild().into(),
            giveaway_of(event)?.to_string().into(),
            event.guild_seq.into(),
            at.into(),
            said.what.into(),
            Value::Int(said.entry.map(i64::from)),
            person(said.person),
            person(said.by),
            Value::Text(said.why.map(str::to_owned)),
            Value::Int(said.number.map(u64::cast_signed)),
            event.id.to_string().into(),
            person(owner),
            Value::Text(sealed),
        ]);
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let insert = "INSERT INTO {giveaway_timeline} (guild, giveaway, seq, at, what, entry, \
                      person, done_by, why, number, event_id, reason_owner, reason) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        tables.execute_many(insert, batch.rows).await?;
        for (guild, person) in batch.erased {
            for erase in [
                "UPDATE {giveaway_timeline} SET person = NULL, reason = NULL \
                 WHERE guild = $1 AND person = $2",
                "UPDATE {giveaway_timeline} SET done_by = NULL WHERE guild = $1 AND done_by = $2",
            ] {
                tables.execute(erase, &values![guild, person]).await?;
            }
        }
        Ok(())
    }
}

fn said(event: Event) -> Option<(Said, Timestamp)> {
    Some(match event {
        Event::Entered { .. } => return None,
        Event::Created { by, at, .. } => (Said::new("created").by(by), at),
        Event::Posted { at, .. } => (Said::new("posted"), at),
        Event::PostFailed { code, at } => (Said::new("post_failed").number(code), at),
        Event::Edited { by, at, .. } => (Said::new("edited").by(by), at),
        Event::EntryExcluded { entry, person, why, by, at } => {
            let said = Said::new("excluded").about(entry, person).why(word(why));
            (Said { by, ..said }, at)
        }
        Event::Paused { by, at } => (Said::new("paused").by(by), at),
        Event::Resumed { by, at, .. } => (Said::new("resumed").by(by), at),
        Event::Closed { entries, by, at, .. } => {
            (Said { by, ..Said::new("closed").number(entries) }, at)
        }
        Event::Cancelled { by, at } => (Said::new("cancelled").by(by), at),
        Event::DrawBegun { at, .. } => (Said::new("draw_begun"), at),
        Event::CandidateDrawn { k, entry, person, why, at, .. } => {
            (Said::new("drawn").about(entry, person).why(drawn_for(why)).number(k), at)
        }
        Event::NobodyLeft { prizes, at, .. } => (Said::new("nobody_left").number(prizes), at),
        Event::CandidateDisqualified { entry, person, why, at } => {
            (Said::new("disqualified").about(entry, person).why(word(why)), at)
        }
        Event::WinnerConfirmed { entry, person, at, .. } => {
            (Said::new("confirmed").about(entry, person), at)
        }
        Event::ClaimOpened { entry, person, message, at, .. } => {
            let what = if message.is_some() { "called" } else { "not_called" };
            (Said::new(what).about(entry, person), at)
        }
        Event::PrizeClaimed { entry, person, at } => {
            (Said::new("claimed").about(entry, person), at)
        }
        Event::ClaimLapsed { entry, person, at } => (Said::new("lapsed").about(entry, person), at),
        Event::WinnerRerolled { entry, person, by, reason, at } => {
            let said = Said::new("rerolled").about(entry, person).by(by);
            (Said { reason: Some(reason), ..said }, at)
        }
        Event::RerollsExhausted { rerolls, at } => {
            (Said::new("rerolls_exhausted").number(rerolls), at)
        }
    })
}

/// A line of what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub seq: u64,
    pub at: Timestamp,
    pub what: String,
    pub entry: Option<u32>,
    pub person: Option<PersonId>,
    pub by: Option<PersonId>,
    pub why: Option<String>,
    pub number: Option<u64>,
    pub event: EventId,
    /// Sealed as field `reason` of the event.
    pub reason: Option<Personal<String>>,
}

const COLUMNS: &str =
    "seq, at, what, entry, person, done_by, why, number, event_id, reason_owner, reason";

impl Line {
    fn read(row: &Row) -> Result<Self, LogError> {
        let number = |column| Ok::<_, LogError>(row.opt_int(column)?.map(i64::cast_unsigned));
        let who = |column| row.opt_int(column)?.map(person).transpose();
        let event = row.text(8)?;
        let event =
            event.parse().map_err(|_| LogError::Corrupt(format!("{event} is no event id")))?;
        let reason = who(9)?.map(|owner| match row.opt_text(10) {
            Ok(Some(sealed)) => Personal::Sealed(Sealed { owner, sealed: sealed.to_owned() }),
            _ => Personal::Erased { owner },
        });
        Ok(Self {
            seq: row.count(0)?,
            at: Timestamp::from_micros(row.int(1)?),
            what: row.text(2)?.to_owned(),
            entry: number(3)?.and_then(|entry| u32::try_from(entry).ok()),
            person: who(4)?,
            by: who(5)?,
            why: row.opt_text(6)?.map(str::to_owned),
            number: number(7)?,
            event: EventId(event),
            reason,
        })
    }
}

/// Oldest first, after `after`.
pub async fn page(
    store: &ReadStore,
    guild: GuildId,
    giveaway: GiveawayId,
    after: u64,
    limit: u32,
) -> Result<Vec<Line>, LogError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM giveaway_timeline \
         WHERE guild = $1 AND giveaway = $2 AND seq > $3 ORDER BY seq LIMIT $4"
    );
    let parameters = values![guild, giveaway.to_string(), after, limit.clamp(1, MAX_PAGE)];
    store.query(&sql, &parameters).await?.iter().map(Line::read).collect()
}

/// Most picks that are told of one draw, with those who had to be replaced.
pub const MAX_PICKS: u32 = 1_000;

/// Somebody who was drawn, and what became of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// 0, 1, 2 … in the order of the draw.
    pub k: u64,
    pub entry: u32,
    pub person: Option<PersonId>,
    /// For which reason somebody was drawn: `prize`, `disqualification`, `lapse` or `reroll`.
    pub why: String,
    pub at: Timestamp,
    /// `drawn`, `disqualified`, `confirmed`, `claimed`, `lapsed` or `rerolled`.
    pub state: String,
    /// Since when it stands so.
    pub since: Timestamp,
}

/// Everybody who was drawn, in order.
pub async fn picks(
    store: &ReadStore,
    guild: GuildId,
    giveaway: GiveawayId,
) -> Result<Vec<Pick>, LogError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM giveaway_timeline WHERE guild = $1 AND giveaway = $2 AND what IN \
         ('drawn', 'disqualified', 'confirmed', 'claimed', 'lapsed', 'rerolled') \
         ORDER BY seq LIMIT $3"
    );
    // Each may be confirmed and claimed, lapse or be rerolled after it was drawn.
    let most = MAX_PICKS * 3;
    let mut picks: Vec<Pick> = Vec::new();
    for row in store.query(&sql, &values![guild, giveaway.to_string(), most]).await? {
        let Line { at, what, entry: Some(entry), person, why, number, .. } = Line::read(&row)?
        else {
            continue;
        };
        if what == "drawn" {
            let (why, k) = (why.unwrap_or_default(), number.unwrap_or(0));
            picks.push(Pick { k, entry, person, why, at, state: what, since: at });
        } else if let Some(pick) = picks.iter_mut().find(|pick| pick.entry == entry) {
            (pick.state, pick.since) = (what, at);
        }
    }
    Ok(picks)
}
