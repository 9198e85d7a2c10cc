//! Who was active when, when they came, and which commands they used. The number of an erased
//! member stays, so that sums stay true; it says nothing of anybody.

use std::collections::BTreeMap;

use domain::{
    Decider, GuildId, PersonId, Timestamp,
    activity::{Activity, Event, UseOutcome},
    voice::Stretch,
};
use eventlog::{LogError, Recorded, decode, sql::Row, values};

use super::{
    Slot,
    days::{self, Days},
    in_slots,
};
use crate::{
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

/// Commands that one look takes.
pub const MAX_USES: u32 = 100;

#[derive(Debug)]
pub struct Members;

/// What one member did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Did {
    pub messages: i64,
    pub reactions: i64,
    pub voice_micros: i64,
    pub commands: i64,
}

impl Did {
    pub(super) const fn add(&mut self, more: &Self) {
        self.messages += more.messages;
        self.reactions += more.reactions;
        self.voice_micros += more.voice_micros;
        self.commands += more.commands;
    }
}

/// How one member used one command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Uses {
    pub done: i64,
    pub refused: i64,
    pub failed: i64,
    pub millis: i64,
}

#[derive(Debug, Default)]
pub struct Batch {
    /// What follows, once all is folded.
    days: Days,
    /// In the order of the table's key, which is that of time: rows then follow each other.
    did: BTreeMap<(GuildId, Slot, PersonId), Did>,
    /// First and last.
    joined: BTreeMap<(GuildId, PersonId), (Timestamp, Timestamp)>,
    uses: BTreeMap<(GuildId, Slot, String, PersonId), Uses>,
}

impl Batch {
    fn of(&mut self, guild: GuildId, slot: Slot, person: PersonId) -> &mut Did {
        self.did.entry((guild, slot, person)).or_default()
    }

    fn voice(&mut self, guild: GuildId, stretches: &[Stretch]) {
        for stretch in stretches {
            for (slot, micros) in in_slots(stretch) {
                self.of(guild, slot, stretch.person).voice_micros += micros;
            }
        }
    }
}

impl Projection for Members {
    const NAME: &'static str = "activity_members";
    const VERSION: u32 = 3;
    const CATEGORIES: &'static [&'static str] = &[Activity::CAPABILITY];
    const TABLES: &'static [Table] = &[
        Table {
            name: "activity_members",
            create: "CREATE TABLE {activity_members} (
                guild        bigint NOT NULL,
                slot         bigint NOT NULL, -- quarters of an hour since 1970
                person       bigint NOT NULL,
                messages     bigint NOT NULL,
                reactions    bigint NOT NULL,
                voice_micros bigint NOT NULL,
                commands     bigint NOT NULL,
                -- Not clustered: SQLite would look a member's rows up by their slots.
                PRIMARY KEY (guild, slot, person)
            );",
        },
        Table {
            name: "activity_days",
            create: "CREATE TABLE {activity_days} (
                guild  bigint NOT NULL,
                day    bigint NOT NULL, -- of UTC, since 1970
                packed bytea  NOT NULL, -- its rows of activity_members
                PRIMARY KEY (guild, day)
            );",
        },
        Table {
            name: "activity_joins",
            create: "CREATE TABLE {activity_joins} (
                guild    bigint NOT NULL,
                person   bigint NOT NULL,
                first_at bigint NOT NULL,
                last_at  bigint NOT NULL,
                PRIMARY KEY (guild, person)
            ) {clustered};",
        },
        Table {
            name: "command_uses",
            create: "CREATE TABLE {command_uses} (
                guild   bigint NOT NULL,
                slot    bigint NOT NULL,
                command text   NOT NULL,
                person  bigint NOT NULL,
                done    bigint NOT NULL,
                refused bigint NOT NULL,
                failed  bigint NOT NULL,
                millis  bigint NOT NULL, -- of all together
                PRIMARY KEY (guild, slot, command, person)
            ) {clustered};",
        },
    ];
    const INDEXES: &'static [&'static str] = &[
        "CREATE INDEX IF NOT EXISTS {activity_members}_person \
         ON {activity_members} (guild, person, slot)",
        "CREATE INDEX IF NOT EXISTS {activity_joins}_first ON {activity_joins} (guild, first_at)",
    ];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let guild = event.guild();
        match decode::<Event>(event)? {
            Event::MemberJoined { person, at } => {
                let known = batch.joined.entry((guild, person)).or_insert((at, at));
                *known = (known.0.min(at), known.1.max(at));
            }
            Event::MemberLeft { .. } | Event::VoiceChanged { .. } | Event::GapRecovered { .. } => {}
            Event::Recorded { minutes, voice, uses, .. } => {
                for minute in &minutes {
                    for row in &minute.rows {
                        let did = batch.of(guild, Slot::of(minute.at), row.person);
                        did.messages += i64::from(row.counts.messages);
                        did.reactions += i64::from(row.counts.reactions);
                    }
                }
                batch.voice(guild, &voice);
                for used in uses {
                    let slot = Slot::of(used.at);
                    batch.of(guild, slot, used.person).commands += 1;
                    let uses = (guild, slot, used.command, used.person);
                    let uses = batch.uses.entry(uses).or_default();
                    *match used.outcome {
                        UseOutcome::Done => &mut uses.done,
                        UseOutcome::Refused => &mut uses.refused,
                        UseOutcome::Failed => &mut uses.failed,
                    } += 1;
                    uses.millis += i64::from(used.millis);
                }
            }
            Event::ObservationGap { voice, .. } => batch.voice(guild, &voice),
        }
        Ok(())
    }

    fn arrange(batch: &mut Batch) {
        batch.days = Days::of_members(std::mem::take(&mut batch.did));
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        batch.days.add_to_members(tables).await?;
        let rows = batch.days.rows().map(|(guild, _, (slot, person), did)| {
            let Did { messages, reactions, voice_micros, commands } = did;
            values![guild, slot.0, person, messages, reactions, voice_micros, commands]
        });
        tables.execute_many(ADD, rows).await?;
        let rows: Vec<_> = batch
            .joined
            .into_iter()
            .map(|((guild, person), (first, last))| values![guild, person, first, last])
            .collect();
        tables.execute_many(JOINED, rows).await?;
        let rows: Vec<_> = batch
            .uses
            .into_iter()
            .map(|((guild, slot, command, person), uses)| {
                let Uses { done, refused, failed, millis } = uses;
                values![guild, slot.0, command, person, done, refused, failed, millis]
            })
            .collect();
        tables.execute_many(USED, rows).await
    }
}

const ADD: &str = "INSERT INTO {activity_members} \
    (guild, slot, person, messages, reactions, voice_micros, commands) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (guild, slot, person) DO UPDATE SET \
    messages = {activity_members}.messages + excluded.messages, \
    reactions = {activity_members}.reactions + excluded.reactions, \
    voice_micros = {activity_members}.voice_micros + excluded.voice_micros, \
    commands = {activity_members}.commands + excluded.commands";
const JOINED: &str = "INSERT INTO {activity_joins} (guild, person, first_at, last_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (guild, person) DO UPDATE SET \
    first_at = CASE WHEN excluded.first_at < {activity_joins}.first_at \
    THEN excluded.first_at ELSE {activity_joins}.first_at END, \
    last_at = CASE WHEN excluded.last_at > {activity_joins}.last_at \
    THEN excluded.last_at ELSE {activity_joins}.last_at END";
const USED: &str = "INSERT INTO {command_uses} \
    (guild, slot, command, person, done, refused, failed, millis) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
    ON CONFLICT (guild, slot, command, person) DO UPDATE SET \
    done = {command_uses}.done + excluded.done, \
    refused = {command_uses}.refused + excluded.refused, \
    failed = {command_uses}.failed + excluded.failed, \
    millis = {command_uses}.millis + excluded.millis";

/// Who wrote most in that time.
pub async fn top(
    store: &ReadStore,
    guild: GuildId,
    from: Slot,
    until: Slot,
    limit: u32,
) -> Result<Vec<(PersonId, Did)>, LogError> {
    let mut did: BTreeMap<PersonId, Did> = BTreeMap::new();
    days::walk(store, guild, (from, until), |_, person, more| {
        did.entry(person).or_default().add(more);
    })
    .await?;
    let mut did: Vec<_> = did.into_iter().collect();
    did.sort_by_key(|(_, did)| std::cmp::Reverse(did.messages));
    did.truncate(limit.min(100) as usize);
    Ok(did)
}

/// How commands were used in that time, the most used first; of one member where one is named.
pub async fn uses(
    store: &ReadStore,
    guild: GuildId,
    who: Option<PersonId>,
    (from, until): (Slot, Slot),
    limit: u32,
) -> Result<Vec<(String, Uses)>, LogError> {
    let sql = "SELECT command, CAST(SUM(done) AS bigint), CAST(SUM(refused) AS bigint), \
               CAST(SUM(failed) AS bigint), CAST(SUM(millis) AS bigint) \
               FROM command_uses WHERE guild = $1 AND slot >= $2 AND slot < $3 \
               AND ($4 < 0 OR person = $4) \
               GROUP BY command ORDER BY SUM(done + refused + failed) DESC, command LIMIT $5";
    let who = who.map_or(-1, |person| i64::from(person.0));
    let rows = store.query(sql, &values![guild, from.0, until.0, who, limit.min(MAX_USES)]).await?;
    let read = |row: &Row| {
        let (done, refused) = (row.int(1)?, row.int(2)?);
        let (failed, millis) = (row.int(3)?, row.int(4)?);
        Ok((row.text(0)?.to_owned(), Uses { done, refused, failed, millis }))
    };
    rows.iter().map(read).collect()
}

/// What is known of one member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// In the time that was asked for.
    pub did: Did,
    /// Ever.
    pub first: Option<Slot>,
    pub last: Option<Slot>,
    pub joined: Option<Timestamp>,
}

/// What one member did from one slot up to another; none of whom nothing is known at all.
pub async fn of(
    store: &ReadStore,
    guild: GuildId,
    who: PersonId,
    from: Slot,
    until: Slot,
) -> Result<Option<Seen>, LogError> {
    let sql = "SELECT MIN(slot), MAX(slot), \
               CAST(COALESCE(SUM(CASE WHEN slot >= $3 AND slot < $4 THEN messages END), 0) AS bigint), \
               CAST(COALESCE(SUM(CASE WHEN slot >= $3 AND slot < $4 THEN reactions END), 0) AS bigint), \
               CAST(COALESCE(SUM(CASE WHEN slot >= $3 AND slot < $4 THEN voice_micros END), 0) \
               AS bigint), \
               CAST(COALESCE(SUM(CASE WHEN slot >= $3 AND slot < $4 THEN commands END), 0) AS bigint) \
               FROM activity_members WHERE guild = $1 AND person = $2";
    let rows = store.query(sql, &values![guild, who, from.0, until.0]).await?;
    let mut seen = Seen::default();
    if let Some(row) = rows.first() {
        seen.first = row.opt_int(0)?.map(Slot);
        seen.last = row.opt_int(1)?.map(Slot);
        let (messages, reactions) = (row.int(2)?, row.int(3)?);
        let (voice_micros, commands) = (row.int(4)?, row.int(5)?);
        seen.did = Did { messages, reactions, voice_micros, commands };
    }
    let sql = "SELECT last_at FROM activity_joins WHERE guild = $1 AND person = $2";
    let rows = store.query(sql, &values![guild, who]).await?;
    let joined = rows.first().map(|row| row.int(0)).transpose()?;
    seen.joined = joined.map(Timestamp::from_micros);
    Ok((seen.first.is_some() || seen.joined.is_some()).then_some(seen))
}
