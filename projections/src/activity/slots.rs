//! Sums per quarter of an hour: of the community, of each channel, and when nobody looked.

use std::collections::BTreeMap;

use domain::{
    ChannelId, Decider, GuildId, Timestamp,
    activity::{Activity, Event, Recovery, Row as Counted, UseOutcome},
    voice::Stretch,
};
use eventlog::{LogError, Recorded, decode, sql::Row, values};

use super::{
    Slot,
    days::{self, Days},
    in_slots,
    members::Did,
};
use crate::{
    projection::{Projection, Table, Tables},
    store::ReadStore,
};

/// Quarters of an hour that one look takes: a bit more than a year.
pub const MAX_SLOTS: i64 = 370 * 96;
/// Gaps that one look takes.
pub const MAX_GAPS: u32 = 1_000;

#[derive(Debug)]
pub struct Slots;

/// What happened in one slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Sums {
    pub messages: i64,
    pub replies: i64,
    pub attachments: i64,
    pub reactions: i64,
    pub joins: i64,
    pub leaves: i64,
    pub voice_micros: i64,
    /// Of that, neither muted, deafened nor alone.
    pub voice_counted_micros: i64,
    pub commands: i64,
    pub commands_failed: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ChannelSums {
    pub messages: i64,
    pub reactions: i64,
    pub voice_micros: i64,
}

#[derive(Debug, Default)]
pub struct Batch {
    /// What was done in channels, once all is folded.
    days: Days,
    sums: BTreeMap<(GuildId, Slot), Sums>,
    channels: BTreeMap<(GuildId, ChannelId, Slot), ChannelSums>,
    gaps: Vec<(GuildId, Timestamp, Timestamp)>,
    recovered: Vec<(GuildId, Recovery)>,
}

/// A time in which nobody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    pub from: Timestamp,
    pub until: Timestamp,
    /// What was made up for, where that is over.
    pub recovered: Option<Recovered>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Messages that were counted afterwards.
    pub messages: i64,
    /// Channels that could not be read.
    pub unread: i64,
    /// There was more than one recovery takes.
    pub cut: bool,
}

impl Batch {
    fn at(&mut self, guild: GuildId, slot: Slot) -> &mut Sums {
        self.sums.entry((guild, slot)).or_default()
    }

    fn channel(&mut self, guild: GuildId, channel: ChannelId, slot: Slot) -> &mut ChannelSums {
        self.channels.entry((guild, channel, slot)).or_default()
    }

    fn counted(&mut self, guild: GuildId, slot: Slot, row: &Counted) {
        let counts = row.counts;
        let sums = self.at(guild, slot);
        sums.messages += i64::from(counts.messages);
        sums.replies += i64::from(counts.replies);
        sums.attachments += i64::from(counts.attachments);
        sums.reactions += i64::from(counts.reactions);
        let channel = self.channel(guild, row.channel, slot);
        channel.messages += i64::from(counts.messages);
        channel.reactions += i64::from(counts.reactions);
    }

    fn voice(&mut self, guild: GuildId, stretches: &[Stretch]) {
        for stretch in stretches {
            for (slot, micros) in in_slots(stretch) {
                let sums = self.at(guild, slot);
                sums.voice_micros += micros;
                sums.voice_counted_micros += if stretch.counts { micros } else { 0 };
                self.channel(guild, stretch.channel, slot).voice_micros += micros;
            }
        }
    }
}

impl Projection for Slots {
    const NAME: &'static str = "activity_slots";
    const VERSION: u32 = 3;
    const CATEGORIES: &'static [&'static str] = &[Activity::CAPABILITY];
    const TABLES: &'static [Table] = &[
        Table {
            name: "activity_slots",
            create: "CREATE TABLE {activity_slots} (
                guild                bigint NOT NULL,
                slot                 bigint NOT NULL, -- quarters of an hour since 1970
                messages             bigint NOT NULL,
                replies              bigint NOT NULL,
                attachments          bigint NOT NULL,
                reactions            bigint NOT NULL,
                joins                bigint NOT NULL,
                leaves               bigint NOT NULL,
                voice_micros         bigint NOT NULL,
                voice_counted_micros bigint NOT NULL,
                commands             bigint NOT NULL,
                commands_failed      bigint NOT NULL,
                PRIMARY KEY (guild, slot)
            ) {clustered};",
        },
        Table {
            name: "activity_channels",
            create: "CREATE TABLE {activity_channels} (
                guild        bigint NOT NULL,
                channel      bigint NOT NULL,
                slot         bigint NOT NULL,
                messages     bigint NOT NULL,
                reactions    bigint NOT NULL,
                voice_micros bigint NOT NULL,
                PRIMARY KEY (guild, channel, slot)
            ) {clustered};",
        },
        Table {
            name: "activity_channel_days",
            create: "CREATE TABLE {activity_channel_days} (
                guild   bigint NOT NULL,
                day     bigint NOT NULL, -- of UTC, since 1970
                channel bigint NOT NULL,
                packed  bytea  NOT NULL, -- its rows of activity_channels
                PRIMARY KEY (guild, day, channel)
            );",
        },
        Table {
            name: "activity_gaps",
            create: "CREATE TABLE {activity_gaps} (
                guild     bigint NOT NULL,
                begin_at  bigint NOT NULL,
                until_at  bigint NOT NULL,
                recovered bigint, -- messages that were counted afterwards
                unread    bigint,
                cut       bigint,
                PRIMARY KEY (guild, begin_at)
            );",
        },
    ];
    type Batch = Batch;

    fn fold(batch: &mut Batch, event: &Recorded) -> Result<(), LogError> {
        let guild = event.guild();
        match decode::<Event>(event)? {
            Event::MemberJoined { at, .. } => batch.at(guild, Slot::of(at)).joins += 1,
            Event::MemberLeft { at, .. } => batch.at(guild, Slot::of(at)).leaves += 1,
            Event::VoiceChanged { .. } => {}
            Event::Recorded { minutes, voice, uses, .. } => {
                for minute in &minutes {
                    let slot = Slot::of(minute.at);
                    minute.rows.iter().for_each(|row| batch.counted(guild, slot, row));
                }
                batch.voice(guild, &voice);
                for used in &uses {
                    let sums = batch.at(guild, Slot::of(used.at));
                    sums.commands += 1;
                    sums.commands_failed += i64::from(used.outcome == UseOutcome::Failed);
                }
            }
            Event::ObservationGap { from, until, voice, .. } => {
                batch.voice(guild, &voice);
                batch.gaps.push((guild, from, until));
            }
            Event::GapRecovered { recovery } => batch.recovered.push((guild, recovery)),
        }
        Ok(())
    }

    fn arrange(batch: &mut Batch) {
        let channels = std::mem::take(&mut batch.channels).into_iter();
        batch.days = Days::of_channels(channels.map(|(place, sums)| {
            let ChannelSums { messages, reactions, voice_micros } = sums;
            (place, Did { messages, reactions, voice_micros, commands: 0 })
        }));
    }

    async fn write(batch: Batch, tables: &mut Tables<'_>) -> Result<(), LogError> {
        let rows: Vec<_> = batch
            .sums
            .into_iter()
            .map(|((guild, slot), s)| {
                values![
                    guild,
                    slot.0,
                    s.messages,
                    s.replies,
                    s.attachments,
                    s.reactions,
                    s.joins,
                    s.leaves,
                    s.voice_micros,
                    s.voice_counted_micros,
                    s.commands,
                    s.commands_failed
                ]
            })
            .collect();
        tables.execute_many(ADD, rows).await?;
        batch.days.add_to_channels(tables).await?;
        let rows = batch.days.rows().map(|(guild, channel, (slot, _), did)| {
            values![guild, channel, slot.0, did.messages, did.reactions, did.voice_micros]
        });
        tables.execute_many(ADD_CHANNEL, rows).await?;
        let gaps: Vec<_> =
            batch.gaps.into_iter().map(|(g, from, to)| values![g, from, to]).collect();
        let add = "INSERT INTO {activity_gaps} (guild, begin_at, until_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (guild, begin_at) DO UPDATE SET until_at = excluded.until_at";
        tables.execute_many(add, gaps).await?;
        // What was known of a gap already may have made its event shorter.
        let done = "UPDATE {activity_gaps} SET recovered = $4, unread = $5, cut = $6 \
                    WHERE guild = $1 AND begin_at < $3 AND until_at > $2";
        for (guild, made_up) in batch.recovered {
            let Recovery { from, until, messages, unread, cut, .. } = made_up;
            tables.execute(done, &values![guild, from, until, messages, unread, cut]).await?;
        }
        Ok(())
    }
}

const ADD: &str = "INSERT INTO {activity_slots} (guild, slot, messages, replies, attachments, \
    reactions, joins, leaves, voice_micros, voice_counted_micros, commands, commands_failed) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
    ON CONFLICT (guild, slot) DO UPDATE SET \
    messages = {activity_slots}.messages + excluded.messages, \
    replies = {activity_slots}.replies + excluded.replies, \
    attachments = {activity_slots}.attachments + excluded.attachments, \
    reactions = {activity_slots}.reactions + excluded.reactions, \
    joins = {activity_slots}.joins + excluded.joins, \
    leaves = {activity_slots}.leaves + excluded.leaves, \
    voice_micros = {activity_slots}.voice_micros + excluded.voice_micros, \
    voice_counted_micros = {activity_slots}.voice_counted_micros + excluded.voice_counted_micros, \
    commands = {activity_slots}.commands + excluded.commands, \
    commands_failed = {activity_slots}.commands_failed + excluded.commands_failed";
const ADD_CHANNEL: &str = "INSERT INTO {activity_channels} \
    (guild, channel, slot, messages, reactions, voice_micros) VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (guild, channel, slot) DO UPDATE SET \
    messages = {activity_channels}.messages + excluded.messages, \
    reactions = {activity_channels}.reactions + excluded.reactions, \
    voice_micros = {activity_channels}.voice_micros + excluded.voice_micros";

impl Sums {
    fn read(row: &Row) -> Result<Self, LogError> {
        Ok(Self {
            messages: row.int(1)?,
            replies: row.int(2)?,
            attachments: row.int(3)?,
            reactions: row.int(4)?,
            joins: row.int(5)?,
            leaves: row.int(6)?,
            voice_micros: row.int(7)?,
            voice_counted_micros: row.int(8)?,
            commands: row.int(9)?,
            commands_failed: row.int(10)?,
        })
    }

    pub const fn add(&mut self, more: &Self) {
        self.messages += more.messages;
        self.replies += more.replies;
        self.attachments += more.attachments;
        self.reactions += more.reactions;
        self.joins += more.joins;
        self.leaves += more.leaves;
        self.voice_micros += more.voice_micros;
        self.voice_counted_micros += more.voice_counted_micros;
        self.commands += more.commands;
        self.commands_failed += more.commands_failed;
    }
}

/// What happened from one slot up to another, which is not among them. Slots without anything are
/// left out.
pub async fn between(
    store: &ReadStore,
    guild: GuildId,
    from: Slot,
    until: Slot,
) -> Result<Vec<(Slot, Sums)>, LogError> {
    let sql = "SELECT slot, messages, replies, attachments, reactions, joins, leaves, \
               voice_micros, voice_counted_micros, commands, commands_failed \
               FROM activity_slots WHERE guild = $1 AND slot >= $2 AND slot < $3 \
               ORDER BY slot LIMIT $4";
    let rows = store.query(sql, &values![guild, from.0, until.0, MAX_SLOTS]).await?;
    rows.iter().map(|row| Ok((Slot(row.int(0)?), Sums::read(row)?))).collect()
}

/// The channels where most was written in that time.
pub async fn top_channels(
    store: &ReadStore,
    guild: GuildId,
    from: Slot,
    until: Slot,
    limit: u32,
) -> Result<Vec<(ChannelId, ChannelSums)>, LogError> {
    let mut sums: BTreeMap<ChannelId, ChannelSums> = BTreeMap::new();
    days::walk_channels(store, guild, &[], (from, until), |_, channel, did| {
        let sums = sums.entry(channel).or_default();
        sums.messages += did.messages;
        sums.reactions += did.reactions;
        sums.voice_micros += did.voice_micros;
    })
    .await?;
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.messages));
    sums.truncate(limit.min(100) as usize);
    Ok(sums)
}

/// When nobody looked, in that time.
pub async fn gaps(
    store: &ReadStore,
    guild: GuildId,
    from: Slot,
    until: Slot,
) -> Result<Vec<Gap>, LogError> {
    let sql = "SELECT begin_at, until_at, recovered, unread, cut FROM activity_gaps \
               WHERE guild = $1 AND until_at > $2 AND begin_at < $3 ORDER BY begin_at LIMIT $4";
    let rows = store.query(sql, &values![guild, from.start(), until.start(), MAX_GAPS]).await?;
    let at = Timestamp::from_micros;
    let read = |row: &Row| {
        let recovered = match row.opt_int(2)? {
            None => None,
            Some(messages) => {
                Some(Recovered { messages, unread: row.int(3)?, cut: row.int(4)? != 0 })
            }
        };
        Ok(Gap { from: at(row.int(0)?), until: at(row.int(1)?), recovered })
    };
    rows.iter().map(read).collect()
}
