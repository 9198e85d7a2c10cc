//! What is made up for of a gap: messages that were written while nothing was heard are read from
//! Discord afterwards, kept until all of them are there, and then counted in the order in which they
//! were written.
//!
//! Each message counts once. A gap is a range of message ids: above the newest that was told live
//! before it, and below its end, with some seconds for clocks that differ. In each channel it ends
//! with the first message that was told live since. Once counting has begun nothing is added to it:
//! what is told live later than that, and lies in it, was read and is dropped. Whoever stops in the
//! middle goes on where it was; a part that was counted has a key, and counts no second time.

mod counting;
mod moves;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use domain::{
    ChannelId, Decider as _, GuildId, IdempotencyKey, MessageId, PersonId, Timestamp, UserId,
    activity::{Activity, Length, Written},
    levels::Levels,
};
use eventlog::{
    LogError, StreamId,
    sql::{Row, Value},
    values,
};
use parking_lot::Mutex;
use tokio::sync::{Mutex as Turn, OnceCell, OwnedMutexGuard};

use super::{Heard, MODULE, Told};
use crate::{ActionError, Actions};

/// How far two clocks may differ before somebody is told of it, and what is on its way.
const SLACK_SECS: i64 = 3;
/// Clocks that differ by so much are taken for the same.
const CLOCKS_DIFFER_SECS: i64 = 2;
/// What was heard so long before a gap is recorded.
const RECORDED_WITHIN_SECS: i64 = 60;
/// What is told later than that was told before.
const REMEMBERED_SECS: i64 = 86_400;
const FORGOTTEN_SECS: i64 = 30 * REMEMBERED_SECS;
const MAX_OPEN: u32 = 10_000;
/// Messages that one recovery counts.
pub const MAX_MESSAGES: u64 = 50_000;

/// A gap that is being made up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenGap {
    pub guild: GuildId,
    pub begin: Timestamp,
    pub until: Timestamp,
    /// Messages above this …
    pub after: u64,
    /// … and below this.
    pub before: u64,
    pub step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is not known yet which channels are to be read.
    Waiting,
    Reading,
    Counting,
}

/// A channel that is still to be read, from above this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    pub channel: ChannelId,
    pub after: u64,
    pub pages: u64,
}

/// How it ended with a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Read,
    /// This bot may not, or could not.
    Unread,
    /// There is more than one recovery takes.
    Cut,
}

/// A message of a person, as it was read.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub id: MessageId,
    pub user: UserId,
    pub how: Written,
}

/// What live messages are held against; only of communities that had a gap not long ago.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gaps(Arc<Known>);

type Ranges = Arc<Turn<Vec<Range>>>;

#[derive(Debug, Default)]
struct Known {
    loaded: OnceCell<()>,
    of: Mutex<HashMap<GuildId, Ranges>>,
}

#[derive(Debug)]
struct Range {
    begin: Timestamp,
    until: Timestamp,
    after: u64,
    before: u64,
    /// What is in it was read, and is being counted.
    is_counted: bool,
    /// From there on all was told live.
    live: HashMap<ChannelId, u64>,
}

/// What is left of what was told live, and the turn of whoever records it.
pub(super) struct Sifted {
    /// None where all of it is left.
    pub heard: Option<Vec<Heard>>,
    _turn: OwnedMutexGuard<Vec<Range>>,
}

impl Gaps {
    fn of(&self, guild: GuildId) -> Option<Ranges> {
        self.0.of.lock().get(&guild).cloned()
    }

    fn made_of(&self, guild: GuildId) -> Ranges {
        Arc::clone(self.0.of.lock().entry(guild).or_default())
    }
}

impl Actions {
    /// Gaps of this moment that are not made up for yet, the oldest first.
    pub async fn open_gaps(&self) -> Result<Vec<OpenGap>, ActionError> {
        let select = "SELECT guild, begin_at, until_at, after_id, before_id, state FROM gaps \
                      WHERE state <> 'done' ORDER BY until_at, guild LIMIT $1";
        let rows = self.work.query(select, &values![MAX_OPEN]).await?;
        Ok(rows.iter().map(OpenGap::read).collect::<Result<_, _>>()?)
    }

    /// Nothing was heard in this time: what can be had of it is to be asked for.
    pub(super) async fn open_gap(
        &self,
        guild: GuildId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<(), ActionError> {
        self.load_gaps().await?;
        let ranges = self.gaps.made_of(guild);
        let mut ranges = ranges.lock_owned().await;
        // We were there at the end of the one before, also where nobody wrote down since when.
        let ends = ranges.iter().filter(|range| range.begin <= from).map(|range| range.until);
        let from = ends.max().map_or(from, |end| end.max(from));
        if until <= from {
            return Ok(());
        }
        let newest = self.newest_told(guild).await?;
        let oldest = from.plus_secs(-RECORDED_WITHIN_SECS).first_snowflake();
        let mut after = newest.map_or(oldest, |newest| newest.get().max(oldest));
        let before = until.plus_secs(SLACK_SECS).first_snowflake();
        let recent = self.now().plus_secs(-REMEMBERED_SECS);
        ranges.retain(|range| !range.is_counted || range.until > recent);
        let mut tx = self.work.begin().await?;
        // Two gaps have no message in common.
        for range in ranges.iter_mut() {
            if range.is_counted {
                after = after.max(range.before);
                continue;
            }
            after = after.max(range.before.min(from.first_snowflake()));
            range.before = range.before.min(after);
            let cut = "UPDATE gaps SET before_id = $3 WHERE guild = $1 AND begin_at = $2";
            tx.execute(cut, &values![guild, range.begin, range.before]).await?;
        }
        let put = "INSERT INTO gaps (guild, begin_at, until_at, after_id, before_id, state, \
                   unlisted, messages) VALUES ($1, $2, $3, $4, $5, 'waiting', 0, 0) \
                   ON CONFLICT (guild, begin_at) DO NOTHING";
        tx.execute(put, &values![guild, from, until, after, before]).await?;
        tx.commit().await?;
        let live = HashMap::new();
        ranges.push(Range { begin: from, until, after, before, is_counted: false, live });
        Ok(())
    }

    /// Holds what was told live against gaps, and notes where in each channel hearing began again.
    /// None where there is no gap near.
    pub(super) async fn sift(
        &self,
        guild: GuildId,
        heard: &[Heard],
    ) -> Result<Option<Sifted>, ActionError> {
        self.load_gaps().await?;
        let Some(ranges) = self.gaps.of(guild) else { return Ok(None) };
        let mut ranges = ranges.lock_owned().await;
        let (mut began, mut dropped) = (HashMap::new(), HashSet::new());
        for heard in heard {
            let Told::Message { id, channel, .. } = heard.what else { continue };
            let id = id.get();
            for range in ranges.iter().filter(|range| range.after < id && id < range.before) {
                let place = (range.begin, channel);
                let live = began.get(&place).or_else(|| range.live.get(&channel)).copied();
                if live.is_some_and(|live| live <= id) {
                    continue;
                }
                if range.is_counted {
                    dropped.insert(id);
                } else {
                    began.insert(place, id);
                }
            }
        }
        if !began.is_empty() {
            self.note_live(guild, &began).await?;
            for ((begin, channel), id) in began {
                let range = ranges.iter_mut().find(|range| range.begin == begin);
                if let Some(range) = range {
                    range.live.insert(channel, id);
                }
            }
        }
        let is_left = |heard: &&Heard| match heard.what {
            Told::Message { id, .. } => !dropped.contains(&id.get()),
            _ => true,
        };
        let left = || heard.iter().filter(is_left).cloned().collect();
        let heard = (!dropped.is_empty()).then(left);
        Ok(Some(Sifted { heard, _turn: ranges }))
    }

    /// Which channels are to be read, and how many are not.
    pub async fn begin_reading(
        &self,
        gap: &OpenGap,
        channels: &[ChannelId],
        unlisted: u64,
    ) -> Result<(), ActionError> {
        let rows: Vec<_> = channels
            .iter()
            .map(|channel| values![gap.guild, gap.begin, channel.as_i64(), 0, "reading"])
            .collect();
        let mut tx = self.work.begin().await?;
        let put = "INSERT INTO gap_channels (guild, begin_at, channel, pages, state) \
                   VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (guild, begin_at, channel) DO UPDATE SET state = excluded.state";
        for row in &rows {
            tx.execute(put, row).await?;
        }
        let update = "UPDATE gaps SET state = 'reading', unlisted = $3 \
                      WHERE guild = $1 AND begin_at = $2 AND state = 'waiting'";
        tx.execute(update, &values![gap.guild, gap.begin, unlisted]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What is still to be read of a gap.
    pub async fn unread_of(&self, gap: &OpenGap) -> Result<Vec<Unread>, ActionError> {
        let select = "SELECT channel, read_id, pages FROM gap_channels WHERE guild = $1 AND \
                      begin_at = $2 AND state = 'reading' ORDER BY channel";
        let rows = self.work.query(select, &values![gap.guild, gap.begin]).await?;
        let unread = |row: &Row| {
            let read = row.opt_int(1)?.map_or(0, i64::cast_unsigned);
            let (channel, pages) = (channel(row, 0)?, row.count(2)?);
            Ok::<_, LogError>(Unread { channel, after: read.max(gap.after), pages })
        };
        Ok(rows.iter().map(unread).collect::<Result<_, _>>()?)
    }

    /// Keeps what was read of a channel, and how far that is, together.
    pub async fn keep_page(
        &self,
        gap: &OpenGap,
        channel: ChannelId,
        found: &[Found],
        read: u64,
        end: Option<End>,
    ) -> Result<(), ActionError> {
        let mut persons = HashMap::new();
        for user in found.iter().map(|found| found.user).collect::<BTreeSet<_>>() {
            persons.insert(user, self.people().person(gap.guild, user).await?);
        }
        let within = |found: &&Found| (gap.after + 1..gap.before).contains(&found.id.get());
        let mut tx = self.work.begin().await?;
        let put = "INSERT INTO gap_messages (guild, begin_at, message, channel, person, reply, \
                   attachments, length) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                   ON CONFLICT (guild, begin_at, message) DO NOTHING";
        for found in found.iter().filter(within) {
            let [guild, begin, message, channel, person, reply, attachments] = values![
                gap.guild,
                gap.begin,
                found.id.as_i64(),
                channel.as_i64(),
                persons[&found.user],
                found.how.reply,
                found.how.attachments
            ];
            let length = Value::Int(found.how.length.map(length_number));
            let row = [guild, begin, message, channel, person, reply, attachments, length];
            tx.execute(put, &row).await?;
        }
        let state = match end {
            None => "reading",
            Some(End::Read) => "read",
            Some(End::Unread) => "unread",
            Some(End::Cut) => "cut",
        };
        let update = "UPDATE gap_channels SET read_id = $4, pages = pages + 1, state = $5 \
                      WHERE guild = $1 AND begin_at = $2 AND channel = $3";
        let row = values![gap.guild, gap.begin, channel.as_i64(), read, state];
        tx.execute(update, &row).await?;
        tx.commit().await?;
        Ok(())
    }

    /// How many messages of a gap wait to be counted.
    pub async fn kept_of(&self, gap: &OpenGap) -> Result<u64, ActionError> {
        let select = "SELECT COUNT(*) FROM gap_messages WHERE guild = $1 AND begin_at = $2";
        let rows = self.work.query(select, &values![gap.guild, gap.begin]).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.count(0))?)
    }

    /// Whether anything here counts messages.
    pub async fn counts_messages(&self, guild: GuildId) -> Result<bool, ActionError> {
        Ok(self.module_is_on(guild, &MODULE).await?
            || self.module_is_on(guild, &crate::levels::MODULE).await?)
    }

    /// The newest message that was told live here, by whoever counts.
    async fn newest_told(&self, guild: GuildId) -> Result<Option<MessageId>, ActionError> {
        let stream = StreamId::of_guild(Activity::CAPABILITY, guild);
        let counted = self.bus().read::<Activity, _>(&stream, |state, _| state.newest()).await?;
        let stream = StreamId::of_guild(Levels::CAPABILITY, guild);
        let earned = self.bus().read::<Levels, _>(&stream, |state, _| state.newest()).await?;
        Ok(counted.max(earned))
    }

    async fn note_live(
        &self,
        guild: GuildId,
        began: &HashMap<(Timestamp, ChannelId), u64>,
    ) -> Result<(), ActionError> {
        let put = "INSERT INTO gap_channels (guild, begin_at, channel, live_id, pages, state) \
                   VALUES ($1, $2, $3, $4, 0, 'known') \
                   ON CONFLICT (guild, begin_at, channel) DO UPDATE SET live_id = \
                   CASE WHEN gap_channels.live_id IS NULL \
                   OR gap_channels.live_id > excluded.live_id \
                   THEN excluded.live_id ELSE gap_channels.live_id END";
        let mut tx = self.work.begin().await?;
        for ((begin, channel), id) in began {
            tx.execute(put, &values![guild, *begin, channel.as_i64(), *id]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What another run of this process left, once.
    async fn load_gaps(&self) -> Result<(), ActionError> {
        let load = async || {
            let recent = self.now().plus_secs(-REMEMBERED_SECS);
            let select = "SELECT guild, begin_at, until_at, after_id, before_id, state FROM gaps \
                          WHERE state <> 'done' OR until_at > $1 \
                          ORDER BY until_at DESC LIMIT $2";
            let rows = self.work.query(select, &values![recent, MAX_OPEN]).await?;
            let mut loaded: HashMap<GuildId, Vec<Range>> = HashMap::new();
            for row in &rows {
                let OpenGap { guild, begin, until, after, before, .. } = OpenGap::read(row)?;
                let is_counted = matches!(row.text(5)?, "counting" | "done");
                let live = self.live_of(guild, begin).await?;
                let range = Range { begin, until, after, before, is_counted, live };
                loaded.entry(guild).or_default().push(range);
            }
            let loaded = loaded.into_iter().map(|(guild, of)| (guild, Arc::new(Turn::new(of))));
            *self.gaps.0.of.lock() = loaded.collect();
            Ok::<_, ActionError>(())
        };
        self.gaps.0.loaded.get_or_try_init(load).await.copied()
    }

    async fn live_of(
        &self,
        guild: GuildId,
        begin: Timestamp,
    ) -> Result<HashMap<ChannelId, u64>, LogError> {
        let select = "SELECT channel, live_id FROM gap_channels WHERE guild = $1 \
                      AND begin_at = $2 AND live_id IS NOT NULL";
        let rows = self.work.query(select, &values![guild, begin]).await?;
        rows.iter().map(|row| Ok((channel(row, 0)?, row.count(1)?))).collect()
    }
}

impl OpenGap {
    fn read(row: &Row) -> Result<Self, LogError> {
        let step = match row.text(5)? {
            "waiting" => Step::Waiting,
            "reading" => Step::Reading,
            _ => Step::Counting,
        };
        Ok(Self {
            guild: GuildId::from_i64(row.int(0)?).map_err(|error| corrupt(&error))?,
            begin: Timestamp::from_micros(row.int(1)?),
            until: Timestamp::from_micros(row.int(2)?),
            after: row.count(3)?,
            before: row.count(4)?,
            step,
        })
    }
}

fn gap_key(begin: Timestamp, part: &str) -> Result<IdempotencyKey, ActionError> {
    IdempotencyKey::new(format!("gap/{}/{part}", begin.as_micros()))
        .map_err(|error| ActionError::BadInput(error.to_string()))
}

const fn length_number(length: Length) -> i64 {
    match length {
        Length::Short => 1,
        Length::Medium => 2,
        Length::Long => 3,
    }
}

fn channel(row: &Row, column: usize) -> Result<ChannelId, LogError> {
    ChannelId::from_i64(row.int(column)?).map_err(|error| corrupt(&error))
}

fn person(row: &Row, column: usize) -> Result<PersonId, LogError> {
    let number = row.int(column)?;
    u32::try_from(number)
        .map(PersonId)
        .map_err(|_| LogError::Corrupt(format!("{number} is nobody")))
}

fn corrupt(error: &domain::InvalidId) -> LogError {
    LogError::Corrupt(error.to_string())
}
