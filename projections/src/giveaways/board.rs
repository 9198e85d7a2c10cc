//! The board: every giveaway of a guild, how it stands, and how many are in.

use std::collections::HashMap;

use domain::{
    ChannelId, Decider, GiveawayId, GuildId, MessageId, Timestamp,
    digest::Digest,
    giveaways::{Event, Exclusion, Giveaway, Terms},
};
use eventlog::{
    LogError, Recorded, decode,
    sql::{Row, Value},
    values,
};

use super::{digest, giveaway, giveaway_of};
use crate::{
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

pub const MAX_PAGE: u32 = 100;

#[derive(Debug)]
pub struct Board;

#[derive(Debug, Default)]
pub struct Batch {
    changes: HashMap<(GuildId, GiveawayId), Change>,
}

/// What a page of events changes about one giveaway; what is none stays.
#[derive(Debug, Default)]
struct Change {
    made: Option<(Timestamp, Option<ChannelId>, Digest)>,
    terms: Option<Terms>,
    ends_at: Option<Timestamp>,
    root: Option<Digest>,
    draw: Option<(MessageId, Digest)>,
    status: Option<Status>,
    message: Option<MessageId>,
    entries: i64,
    /// The last event, by which pages go on.
    seq: u64,
}

/// How a giveaway stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Open,
    Paused,
    /// Nobody enters any more; the draw is on its way.
    Closed,
    Drawn,
    Cancelled,
    /// Discord would not post it.
    Failed,
}

impl Status {
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Paused, Self::Closed, Self::Drawn, Self::Cancelled, Self::Failed];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Closed => "closed",
            Self::Drawn => "drawn",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

impl Projection for Board {
    const NAME: &'static str = "giveaways";
    const VERSION: u32 = 2;
    const CATEGORIES: &'static [&'static str] = &[Giveaway::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "giveaways",
        create: "CREATE TABLE {giveaways} (
            guild      bigint NOT NULL,
            giveaway   text   NOT NULL,
            made_at    bigint NOT NULL,
            channel    bigint, -- none only in what was written before it was kept
            message    bigint, -- none until it is posted
            terms      text   NOT NULL, -- as JSON
            ends_at    bigint NOT NULL,
            status     text   NOT NULL,
            entries    bigint NOT NULL, -- of those who are in
            seq        bigint NOT NULL, -- of the last event
            commitment text   NOT NULL,
            root       text, -- none until it is closed
            drawn_from bigint, -- the message; none until it is drawn
            seed       text,
            PRIMARY KEY (guild, giveaway)
        );
        CREATE INDEX {giveaways}_status ON {giveaways} (guild, status, made_at);
        CREATE INDEX {giveaways}_made ON {giveaways} (guild, made_at);
        CREATE INDEX {giveaways}_id ON {giveaways} (giveaway);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let change = batch.changes.entry((event.guild(), giveaway_of(event)?)).or_default();
        change.seq = event.guild_seq;
        match decode::<Event>(event)? {
            Event::Created { channel, terms, commitment, at, .. } => {
                change.made = Some((at, channel, commitment));
                change.ends_at = Some(terms.ends_at);
                change.terms = Some(terms);
                change.status = Some(Status::Open);
            }
            Event::Edited { terms, .. } => {
                change.ends_at = Some(terms.ends_at);
                change.terms = Some(terms);
            }
            Event::Posted { message, .. } => change.message = Some(message),
            Event::PostFailed { .. } => change.status = Some(Status::Failed),
            Event::Entered { .. } => change.entries += 1,
            // Whoever is left out of the draw was in all the same.
            Event::EntryExcluded { why: Exclusion::Left | Exclusion::Removed, .. } => {
                change.entries -= 1;
            }
            Event::Paused { .. } => change.status = Some(Status::Paused),
            Event::Resumed { ends_at, .. } => {
                change.status = Some(Status::Open);
                change.ends_at = Some(ends_at);
            }
            Event::Closed { root, at, .. } => {
                change.status = Some(Status::Closed);
                change.ends_at = Some(at);
                change.root = Some(root);
            }
            Event::Cancelled { .. } => change.status = Some(Status::Cancelled),
            Event::DrawBegun { message, seed, .. } => {
                change.status = Some(Status::Drawn);
                change.draw = Some((message, seed));
            }
            _ => {}
        }
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let mut changes: Vec<_> = batch.changes.into_iter().collect();
        changes.sort_unstable_by_key(|(key, _)| *key);
        for ((guild, giveaway), change) in changes {
            let terms = change.terms.as_ref().map(written).transpose()?;
            if let Some((made_at, channel, commitment)) = change.made {
                let insert = "INSERT INTO {giveaways} (guild, giveaway, made_at, channel, message, \
                              terms, ends_at, status, entries, seq, commitment) \
                              VALUES ($1, $2, $3, $4, NULL, '', $3, 'open', 0, $5, $6)";
                let channel = Value::Int(channel.map(ChannelId::as_i64));
                let row = [
                    guild.into(),
                    giveaway.to_string().into(),
                    made_at.into(),
                    channel,
                    change.seq.into(),
                    commitment.to_string().into(),
                ];
                tables.execute(insert, &row).await?;
            }
            let update = "UPDATE {giveaways} SET message = COALESCE($3, message), \
                          terms = COALESCE($4, terms), ends_at = COALESCE($5, ends_at), \
                          status = COALESCE($6, status), entries = entries + $7, seq = $8, \
                          root = COALESCE($9, root), drawn_from = COALESCE($10, drawn_from), \
                          seed = COALESCE($11, seed) WHERE guild = $1 AND giveaway = $2";
            let (drawn_from, seed) = change.draw.unzip();
            let row = [
                guild.into(),
                giveaway.to_string().into(),
                Value::Int(change.message.map(MessageId::as_i64)),
                Value::Text(terms),
                Value::Int(change.ends_at.map(Timestamp::as_micros)),
                Value::Text(change.status.map(|status| status.word().to_owned())),
                change.entries.into(),
                change.seq.into(),
                Value::Text(change.root.map(|root| root.to_string())),
                Value::Int(drawn_from.map(MessageId::as_i64)),
                Value::Text(seed.map(|seed| seed.to_string())),
            ];
            tables.execute(update, &row).await?;
        }
        Ok(())
    }
}

fn written(terms: &Terms) -> Result<String, LogError> {
    serde_json::to_string(terms).map_err(|error| LogError::Corrupt(format!("terms: {error}")))
}

/// A line of the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub guild: GuildId,
    pub giveaway: GiveawayId,
    pub made_at: Timestamp,
    pub channel: Option<ChannelId>,
    pub message: Option<MessageId>,
    pub terms: Terms,
    /// When it ends, or ended.
    pub ends_at: Timestamp,
    pub status: Status,
    pub entries: u64,
    pub commitment: Digest,
    /// Of all entries, once it is closed.
    pub root: Option<Digest>,
    /// The message that it was drawn from, and the seed, once it is drawn.
    pub draw: Option<(MessageId, Digest)>,
}

const COLUMNS: &str = "guild, giveaway, made_at, channel, message, terms, ends_at, status, \
                       entries, commitment, root, drawn_from, seed";

impl Line {
    fn read(row: &Row) -> Result<Self, LogError> {
        let corrupt = |what: &str| LogError::Corrupt(format!("giveaways: {what}"));
        let message = |column| {
            let message = row.opt_int(column)?.map(MessageId::from_i64).transpose();
            message.map_err(|_| corrupt("a message is none"))
        };
        let channel = row.opt_int(3)?.map(ChannelId::from_i64).transpose();
        let seed = row.opt_text(12)?.map(digest).transpose()?;
        Ok(Self {
            guild: GuildId::from_i64(row.int(0)?).map_err(|_| corrupt("a guild is none"))?,
            giveaway: giveaway(row.text(1)?)?,
            made_at: Timestamp::from_micros(row.int(2)?),
            channel: channel.map_err(|_| corrupt("a channel is none"))?,
            message: message(4)?,
            terms: serde_json::from_str(row.text(5)?).map_err(|_| corrupt("terms are none"))?,
            ends_at: Timestamp::from_micros(row.int(6)?),
            status: Status::of(row.text(7)?).ok_or_else(|| corrupt("a status is none"))?,
            entries: row.count(8)?,
            commitment: digest(row.text(9)?)?,
            root: row.opt_text(10)?.map(digest).transpose()?,
            draw: message(11)?.zip(seed),
        })
    }
}

/// Newest first, of these states or of all; before `before`, where that is given.
pub async fn page(
    store: &ReadStore,
    guild: GuildId,
    statuses: &[Status],
    before: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<Line>, LogError> {
    let before = before.unwrap_or(Timestamp::from_micros(i64::MAX));
    let mut parameters = values![guild, before, limit.clamp(1, MAX_PAGE)].to_vec();
    let places: Vec<_> = (0..statuses.len()).map(|place| format!("${}", place + 4)).collect();
    let of = match statuses {
        [] => String::new(),
        _ => format!("AND status IN ({})", places.join(", ")),
    };
    parameters.extend(statuses.iter().map(|status| Value::from(status.word())));
    let sql = format!(
        "SELECT {COLUMNS} FROM giveaways WHERE guild = $1 AND made_at < $2 {of} \
         ORDER BY made_at DESC, giveaway LIMIT $3"
    );
    store.query(&sql, &parameters).await?.iter().map(Line::read).collect()
}

/// One giveaway of a guild.
pub async fn one(
    store: &ReadStore,
    guild: GuildId,
    giveaway: GiveawayId,
) -> Result<Option<Line>, LogError> {
    Ok(several(store, guild, &[giveaway]).await?.pop())
}

/// Those of these that a guild has, in no order; at most a page of them.
pub async fn several(
    store: &ReadStore,
    guild: GuildId,
    giveaways: &[GiveawayId],
) -> Result<Vec<Line>, LogError> {
    let asked: Vec<_> = giveaways.iter().take(MAX_PAGE as usize).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<_> = (0..asked.len()).map(|place| format!("${}", place + 2)).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM giveaways WHERE guild = $1 AND giveaway IN ({})",
        places.join(", ")
    );
    let mut parameters = values![guild].to_vec();
    parameters.extend(asked.iter().map(|giveaway| Value::from(giveaway.to_string())));
    store.query(&sql, &parameters).await?.iter().map(Line::read).collect()
}

/// The giveaway of this id, in whichever guild it is: for whoever was given its address.
pub async fn anywhere(store: &ReadStore, giveaway: GiveawayId) -> Result<Option<Line>, LogError> {
    let sql = format!("SELECT {COLUMNS} FROM giveaways WHERE giveaway = $1 LIMIT 1");
    let rows = store.query(&sql, &values![giveaway.to_string()]).await?;
    rows.first().map(Line::read).transpose()
}
