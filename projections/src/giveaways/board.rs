//! The board: every giveaway of a guild, how it stands, and how many are in.

use std::collections::HashMap;

use domain::{
    ChannelId, Decider, GiveawayId, GuildId, MessageId, Timestamp,
    giveaways::{Event, Exclusion, Giveaway},
};
use eventlog::{
    LogError, Recorded, decode,
    sql::{Row, Value},
    values,
};

use super::{giveaway, giveaway_of};
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
    made: Option<(Timestamp, Option<ChannelId>)>,
    prize: Option<String>,
    winners: Option<u32>,
    ends_at: Option<Timestamp>,
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
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[Giveaway::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "giveaways",
        create: "CREATE TABLE {giveaways} (
            guild    bigint NOT NULL,
            giveaway text   NOT NULL,
            made_at  bigint NOT NULL,
            channel  bigint, -- none only in what was written before it was kept
            message  bigint, -- none until it is posted
            prize    text   NOT NULL,
            winners  bigint NOT NULL,
            ends_at  bigint NOT NULL,
            status   text   NOT NULL,
            entries  bigint NOT NULL, -- of those who are in
            seq      bigint NOT NULL, -- of the last event
            PRIMARY KEY (guild, giveaway)
        );
        CREATE INDEX {giveaways}_status ON {giveaways} (guild, status, made_at);
        CREATE INDEX {giveaways}_made ON {giveaways} (guild, made_at);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let change = batch.changes.entry((event.guild(), giveaway_of(event)?)).or_default();
        change.seq = event.guild_seq;
        match decode::<Event>(event)? {
            Event::Created { channel, terms, at, .. } => {
                change.made = Some((at, channel));
                change.prize = Some(terms.prize);
                change.winners = Some(terms.winners);
                change.ends_at = Some(terms.ends_at);
                change.status = Some(Status::Open);
            }
            Event::Edited { terms, .. } => {
                change.prize = Some(terms.prize);
                change.winners = Some(terms.winners);
                change.ends_at = Some(terms.ends_at);
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
            Event::Closed { at, .. } => {
                change.status = Some(Status::Closed);
                change.ends_at = Some(at);
            }
            Event::Cancelled { .. } => change.status = Some(Status::Cancelled),
            Event::DrawBegun { .. } => change.status = Some(Status::Drawn),
            _ => {}
        }
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let mut changes: Vec<_> = batch.changes.into_iter().collect();
        changes.sort_unstable_by_key(|(key, _)| *key);
        for ((guild, giveaway), change) in changes {
            if let Some((made_at, channel)) = change.made {
                let insert = "INSERT INTO {giveaways} (guild, giveaway, made_at, channel, message, \
                              prize, winners, ends_at, status, entries, seq) \
                              VALUES ($1, $2, $3, $4, NULL, '', 0, $3, 'open', 0, $5)";
                let channel = Value::Int(channel.map(ChannelId::as_i64));
                let row = [
                    guild.into(),
                    giveaway.to_string().into(),
                    made_at.into(),
                    channel,
                    change.seq.into(),
                ];
                tables.execute(insert, &row).await?;
            }
            let update = "UPDATE {giveaways} SET message = COALESCE($3, message), \
                          prize = COALESCE($4, prize), winners = COALESCE($5, winners), \
                          ends_at = COALESCE($6, ends_at), status = COALESCE($7, status), \
                          entries = entries + $8, seq = $9 WHERE guild = $1 AND giveaway = $2";
            let row = [
                guild.into(),
                giveaway.to_string().into(),
                Value::Int(change.message.map(MessageId::as_i64)),
                Value::Text(change.prize),
                Value::Int(change.winners.map(i64::from)),
                Value::Int(change.ends_at.map(Timestamp::as_micros)),
                Value::Text(change.status.map(|status| status.word().to_owned())),
                change.entries.into(),
                change.seq.into(),
            ];
            tables.execute(update, &row).await?;
        }
        Ok(())
    }
}

/// A line of the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub giveaway: GiveawayId,
    pub made_at: Timestamp,
    pub channel: Option<ChannelId>,
    pub message: Option<MessageId>,
    pub prize: String,
    pub winners: u32,
    /// When it ends, or ended.
    pub ends_at: Timestamp,
    pub status: Status,
    pub entries: u64,
}

const COLUMNS: &str =
    "giveaway, made_at, channel, message, prize, winners, ends_at, status, entries";

impl Line {
    fn read(row: &Row) -> Result<Self, LogError> {
        let corrupt = |what: &str| LogError::Corrupt(format!("giveaways: {what}"));
        let channel = row.opt_int(2)?.map(ChannelId::from_i64).transpose();
        let message = row.opt_int(3)?.map(MessageId::from_i64).transpose();
        Ok(Self {
            giveaway: giveaway(row.text(0)?)?,
            made_at: Timestamp::from_micros(row.int(1)?),
            channel: channel.map_err(|_| corrupt("a channel is none"))?,
            message: message.map_err(|_| corrupt("a message is none"))?,
            prize: row.text(4)?.to_owned(),
            winners: u32::try_from(row.int(5)?).map_err(|_| corrupt("winners"))?,
            ends_at: Timestamp::from_micros(row.int(6)?),
            status: Status::of(row.text(7)?).ok_or_else(|| corrupt("a status is none"))?,
            entries: row.count(8)?,
        })
    }
}

/// Newest first, of one status or of all; before `before`, where that is given.
pub async fn page(
    store: &ReadStore,
    guild: GuildId,
    status: Option<Status>,
    before: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<Line>, LogError> {
    let before = before.unwrap_or(Timestamp::from_micros(i64::MAX));
    let limit = limit.clamp(1, MAX_PAGE);
    let rows = match status {
        None => {
            let sql = format!(
                "SELECT {COLUMNS} FROM giveaways WHERE guild = $1 AND made_at < $2 \
                 ORDER BY made_at DESC, giveaway LIMIT $3"
            );
            store.query(&sql, &values![guild, before, limit]).await?
        }
        Some(status) => {
            let sql = format!(
                "SELECT {COLUMNS} FROM giveaways WHERE guild = $1 AND status = $4 AND made_at < $2 \
                 ORDER BY made_at DESC, giveaway LIMIT $3"
            );
            store.query(&sql, &values![guild, before, limit, status.word()]).await?
        }
    };
    rows.iter().map(Line::read).collect()
}
