//! The log of a community: an entry for each thing that was noted, to be looked through by kind,
//! member and time. What messages said is not here; see the archive.

use std::fmt::Write as _;

use domain::{
    ChannelId, Decider, EventId, GuildId, MessageId, PersonId, Personal, Sealed, Timestamp,
    logs::{Difference, Entry, Event, Kind, Logs, Names},
    people::{self, People},
};
use eventlog::{
    LogError, Recorded, decode,
    sql::{Row, Value},
    values,
};

use crate::{
    economy::person,
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

pub const MAX_PAGE: u32 = 100;

#[derive(Debug)]
pub struct LogEntries;

#[derive(Debug, Default)]
pub struct Batch {
    rows: Vec<[Value; 14]>,
    /// In their order: each about what was noted before it.
    then: Vec<Then>,
}

#[derive(Debug)]
enum Then {
    Attributed { guild: GuildId, message: MessageId, by: PersonId, author: Option<PersonId> },
    Erased { guild: GuildId, person: PersonId },
}

impl Projection for LogEntries {
    const NAME: &'static str = "log_entries";
    const VERSION: u32 = 1;
    const CATEGORIES: &'static [&'static str] = &[Logs::CAPABILITY, People::CAPABILITY];
    const TABLES: &'static [Table] = &[Table {
        name: "log_entries",
        create: "CREATE TABLE {log_entries} (
            guild    bigint NOT NULL,
            seq      bigint NOT NULL, -- of the guild: also the order
            event    text   NOT NULL, -- what the names are sealed for
            at       bigint NOT NULL,
            kind     text   NOT NULL,
            person   bigint, -- whom it is about; none where nobody knows, or once erased
            by_whom  bigint,
            channel  bigint,
            from_channel bigint,
            message  bigint, -- the first of them
            messages text   NOT NULL, -- all of them, with commas
            subject  text,
            changes  text   NOT NULL,
            names    text,   -- sealed with the key of the person
            PRIMARY KEY (guild, seq)
        );
        CREATE INDEX {log_entries}_person ON {log_entries} (guild, person, seq);
        CREATE INDEX {log_entries}_by ON {log_entries} (guild, by_whom, seq);
        CREATE INDEX {log_entries}_kind ON {log_entries} (guild, kind, seq);
        CREATE INDEX {log_entries}_message ON {log_entries} (guild, message);",
    }];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let guild = event.guild();
        if event.stream.category() == People::CAPABILITY {
            let people::Event::PersonErased { person } = decode(event)?;
            batch.then.push(Then::Erased { guild, person });
            return Ok(());
        }
        match decode::<Event>(event)? {
            Event::Noted { entry, .. } => batch.rows.push(row(event, entry)?),
            Event::DeletionAttributed { message, by, author, .. } => {
                batch.then.push(Then::Attributed { guild, message, by, author });
            }
            Event::MemberLeftOut { .. } | Event::MemberTakenIn { .. } => {}
        }
        Ok(())
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let insert = "INSERT INTO {log_entries} (guild, seq, event, at, kind, person, by_whom, \
                      channel, from_channel, message, messages, subject, changes, names) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        tables.execute_many(insert, batch.rows).await?;
        for then in batch.then {
            match then {
                Then::Attributed { guild, message, by, author } => {
                    let attribute = "UPDATE {log_entries} SET by_whom = $3, \
                                     person = COALESCE(person, $4) WHERE guild = $1 \
                                     AND message = $2 AND kind IN ('message_deleted', \
                                     'messages_purged')";
                    let [guild, message, by] = values![guild, message.as_i64(), by];
                    tables.execute(attribute, &[guild, message, by, number(author)]).await?;
                }
                Then::Erased { guild, person } => {
                    for erase in [
                        "UPDATE {log_entries} SET person = NULL, names = NULL \
                         WHERE guild = $1 AND person = $2",
                        "UPDATE {log_entries} SET by_whom = NULL \
                         WHERE guild = $1 AND by_whom = $2",
                    ] {
                        tables.execute(erase, &values![guild, person]).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn row(event: &Recorded, entry: Entry) -> Result<[Value; 14], LogError> {
    let unreadable = |error: serde_json::Error| LogError::Corrupt(error.to_string());
    let names = match entry.names {
        Some(Personal::Sealed(sealed)) => Some(sealed.sealed),
        _ => None,
    };
    let channel = |channel: Option<ChannelId>| Value::Int(channel.map(ChannelId::as_i64));
    let all: Vec<_> = entry.messages.iter().map(ToString::to_string).collect();
    Ok([
        event.guild().into(),
        event.guild_seq.into(),
        event.id.0.to_string().into(),
        entry.at.into(),
        entry.kind.word().into(),
        number(entry.person),
        number(entry.by),
        channel(entry.channel),
        channel(entry.from),
        Value::Int(entry.messages.first().map(|message| message.as_i64())),
        all.join(",").into(),
        Value::Text(entry.subject),
        serde_json::to_string(&entry.changes).map_err(unreadable)?.into(),
        Value::Text(names),
    ])
}

fn number(person: Option<PersonId>) -> Value {
    Value::Int(person.map(|person| i64::from(person.0)))
}

/// An entry as it was noted.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub seq: u64,
    pub event: EventId,
    pub at: Timestamp,
    pub kind: Kind,
    pub person: Option<PersonId>,
    pub by: Option<PersonId>,
    pub channel: Option<ChannelId>,
    pub from: Option<ChannelId>,
    pub messages: Vec<MessageId>,
    pub subject: Option<String>,
    pub changes: Vec<Difference>,
    pub names: Option<Personal<Names>>,
}

const COLUMNS: &str = "seq, event, at, kind, person, by_whom, channel, from_channel, messages, \
                       subject, changes, names";

impl Line {
    fn read(row: &Row) -> Result<Self, LogError> {
        let corrupt = |what: &str| LogError::Corrupt(format!("log_entries: {what}"));
        let somebody = |column| row.opt_int(column)?.map(person).transpose();
        let channel = |column| Ok::<_, LogError>(row.opt_int(column)?.and_then(channel_of));
        let whom = somebody(4)?;
        let sealed = row.opt_text(11)?.map(str::to_owned);
        let names = whom.zip(sealed);
        let messages = row.text(8)?.split(',').filter_map(|id| id.parse().ok()).collect();
        Ok(Self {
            seq: row.count(0)?,
            event: EventId(row.text(1)?.parse().map_err(|_| corrupt("an id is no id"))?),
            at: Timestamp::from_micros(row.int(2)?),
            kind: Kind::of(row.text(3)?).ok_or_else(|| corrupt("a kind is none"))?,
            person: whom,
            by: somebody(5)?,
            channel: channel(6)?,
            from: channel(7)?,
            messages,
            subject: row.opt_text(9)?.map(str::to_owned),
            changes: serde_json::from_str(row.text(10)?)
                .map_err(|error| corrupt(&error.to_string()))?,
            names: names.map(|(owner, sealed)| Personal::Sealed(Sealed { owner, sealed })),
        })
    }
}

fn channel_of(id: i64) -> Option<ChannelId> {
    ChannelId::from_i64(id).ok()
}

/// Which entries; all of a guild where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Whom it is about, or who did it.
    pub who: Option<PersonId>,
    /// One of these.
    pub kinds: Vec<Kind>,
    pub channel: Option<ChannelId>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// Newest first, before `before` where that is given.
pub async fn page(
    store: &ReadStore,
    guild: GuildId,
    filter: &Filter,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Line>, LogError> {
    let mut sql = format!("SELECT {COLUMNS} FROM log_entries WHERE guild = $1 AND seq < $2");
    let before = before.map_or(i64::MAX, u64::cast_signed);
    let mut parameters = values![guild, before, limit.clamp(1, MAX_PAGE)].to_vec();
    let mut also = |condition: &str, value: Value| {
        parameters.push(value);
        let place = format!("${}", parameters.len());
        let _ = write!(sql, " AND {}", condition.replace('?', &place));
    };
    if let Some(who) = filter.who {
        also("(person = ? OR by_whom = ?)", who.into());
    }
    if let Some(channel) = filter.channel {
        also("(channel = ? OR from_channel = ?)", channel.as_i64().into());
    }
    if let Some(from) = filter.from {
        also("at >= ?", from.into());
    }
    if let Some(until) = filter.until {
        also("at < ?", until.into());
    }
    if !filter.kinds.is_empty() {
        // Words of our own, never of whoever asks.
        let words: Vec<_> = filter.kinds.iter().map(|kind| format!("'{}'", kind.word())).collect();
        let _ = write!(sql, " AND kind IN ({})", words.join(", "));
    }
    sql.push_str(" ORDER BY seq DESC LIMIT $3");
    store.query(&sql, &parameters).await?.iter().map(Line::read).collect()
}
