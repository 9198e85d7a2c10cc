//! Numbers over time: any metric, of all or of one channel, member or command, split or not, in
//! spans of any length. A chart is one query, and one more for its lines; never one for each point.

use std::{collections::BTreeMap, fmt::Write as _};

use domain::{ChannelId, GuildId, PersonId};
use eventlog::{
    LogError,
    sql::{Row, Value},
    values,
};

pub use super::spans::{MAX_SPANS, Spans};
use super::{
    Slot,
    days::{self, Persons},
    members::Did,
};
use crate::{economy::person, store::ReadStore};

/// Lines of one chart, and of a list of the most.
pub const MAX_LINES: u32 = 25;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    Messages,
    Replies,
    Attachments,
    Reactions,
    /// Members who did anything.
    Active,
    Joins,
    Leaves,
    /// Joins without leaves.
    Growth,
    VoiceMinutes,
    Commands,
    CommandsRefused,
    CommandsFailed,
    /// How long a command took, on average.
    CommandMillis,
    Cases,
    /// Movements of bytes, and how many bytes moved.
    Movements,
    Bytes,
    /// How many bytes there were at the end.
    Supply,
    /// Of each hundred bytes there were at the end, how many had been passed on: sent to somebody
    /// or spent.
    Velocity,
    Giveaways,
    Entries,
}

/// What numbers are kept apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    Channel,
    Member,
    Command,
    /// Of a case, or of a movement of bytes.
    Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    Channel(ChannelId),
    Member(PersonId),
    /// A command's or a kind's name.
    Word(String),
}

/// Of what: everything where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub channel: Option<ChannelId>,
    pub member: Option<PersonId>,
    pub command: Option<String>,
    pub kind: Option<String>,
}

impl Filter {
    fn of(key: &Key, split: Split) -> Self {
        match key {
            Key::Channel(channel) => Self { channel: Some(*channel), ..Self::default() },
            Key::Member(member) => Self { member: Some(*member), ..Self::default() },
            Key::Word(word) if split == Split::Command => {
                Self { command: Some(word.clone()), ..Self::default() }
            }
            Key::Word(word) => Self { kind: Some(word.clone()), ..Self::default() },
        }
    }

    fn keys(&self) -> Vec<(Split, Value)> {
        let word = |word: &String| Value::Text(Some(word.clone()));
        [
            self.channel.map(|channel| (Split::Channel, channel.as_i64().into())),
            self.member.map(|member| (Split::Member, member.into())),
            self.command.as_ref().map(|command| (Split::Command, word(command))),
            self.kind.as_ref().map(|kind| (Split::Kind, word(kind))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Split {
    const fn column(self) -> &'static str {
        match self {
            Self::Channel => "a.channel",
            Self::Member => "a.person",
            Self::Command => "a.command",
            Self::Kind => "a.kind",
        }
    }

    fn key(self, row: &Row, column: usize) -> Result<Key, LogError> {
        Ok(match self {
            Self::Channel => Key::Channel(
                ChannelId::from_i64(row.int(column)?)
                    .map_err(|error| LogError::Corrupt(error.to_string()))?,
            ),
            Self::Member => Key::Member(person(row.int(column)?)?),
            Self::Command | Self::Kind => Key::Word(row.text(column)?.to_owned()),
        })
    }
}

/// A table that sums are kept in, and by what apart.
struct Kept {
    table: &'static str,
    by: &'static [Split],
}

const SLOTS: Kept = Kept { table: "activity_slots", by: &[] };
const CHANNELS: Kept = Kept { table: "activity_channels", by: &[Split::Channel] };
const MEMBERS: Kept = Kept { table: "activity_members", by: &[Split::Member] };
const USES: Kept = Kept { table: "command_uses", by: &[Split::Command, Split::Member] };
/// What is made of all kinds together has no part of one.
const WHOLE_TALLIES: Kept = Kept { table: "tallies", by: &[] };
const TALLIES: Kept = Kept { table: "tallies", by: &[Split::Kind] };

/// How a metric is made of rows.
#[derive(Clone, Copy)]
enum Made {
    Sum(&'static str),
    /// Of microseconds.
    Minutes(&'static str),
    Persons,
    Average(&'static str, &'static str),
}

impl Made {
    /// Where a condition is given, of those rows that it is true for.
    fn sql(self, when: Option<&str>) -> String {
        let only = |column: &str| match when {
            None => column.to_owned(),
            Some(when) => format!("CASE WHEN {when} THEN {column} ELSE 0 END"),
        };
        let sum = |column: &str| format!("CAST(COALESCE(SUM({}), 0) AS bigint)", only(column));
        match (self, when) {
            (Self::Sum(column), _) => sum(column),
            (Self::Minutes(column), _) => format!("({} / 60000000)", sum(column)),
            (Self::Persons, None) => "CAST(COUNT(DISTINCT a.person) AS bigint)".to_owned(),
            (Self::Persons, Some(when)) => {
                format!("CAST(COUNT(DISTINCT CASE WHEN {when} THEN a.person END) AS bigint)")
            }
            (Self::Average(of, among), _) => {
                format!("COALESCE({} / NULLIF({}, 0), 0)", sum(of), sum(among))
            }
        }
    }
}

const USED: &str = "a.done + a.refused + a.failed";
const BYTES_CAME: &str = "CASE WHEN a.kind IN ('start', 'grant', 'daily', 'refund') THEN a.amount \
                          WHEN a.kind IN ('take', 'spend') THEN -a.amount ELSE 0 END";

const BYTES_PASSED_ON: &str = "CASE WHEN a.kind IN ('transfer', 'spend') THEN a.amount ELSE 0 END";

/// What is added, and how much of it makes one.
type Measure = (fn(&Did) -> i64, i64);

impl Metric {
    /// Tables that have it, the smallest first; a condition on their rows; how it is made.
    const fn kept(self) -> (&'static [Kept], &'static str, Made) {
        const EVERYWHERE: &[Kept] = &[SLOTS, CHANNELS, MEMBERS];
        match self {
            Self::Messages => (EVERYWHERE, "", Made::Sum("a.messages")),
            Self::Reactions => (EVERYWHERE, "", Made::Sum("a.reactions")),
            Self::VoiceMinutes => (EVERYWHERE, "", Made::Minutes("a.voice_micros")),
            Self::Replies => (&[SLOTS], "", Made::Sum("a.replies")),
            Self::Attachments => (&[SLOTS], "", Made::Sum("a.attachments")),
            Self::Joins => (&[SLOTS], "", Made::Sum("a.joins")),
            Self::Leaves => (&[SLOTS], "", Made::Sum("a.leaves")),
            Self::Growth => (&[SLOTS], "", Made::Sum("a.joins - a.leaves")),
            Self::Active => (&[MEMBERS], "", Made::Persons),
            Self::Commands => (&[USES], "", Made::Sum(USED)),
            Self::CommandsRefused => (&[USES], "", Made::Sum("a.refused")),
            Self::CommandsFailed => (&[USES], "", Made::Sum("a.failed")),
            Self::CommandMillis => (&[USES], "", Made::Average("a.millis", USED)),
            Self::Cases => (&[TALLIES], " AND a.what = 'case'", Made::Sum("a.count")),
            Self::Movements => (&[TALLIES], " AND a.what = 'bytes'", Made::Sum("a.count")),
            Self::Bytes => (&[TALLIES], " AND a.what = 'bytes'", Made::Sum("a.amount")),
            Self::Supply => (&[TALLIES], " AND a.what = 'bytes'", Made::Sum(BYTES_CAME)),
            Self::Velocity => {
                (&[WHOLE_TALLIES], " AND a.what = 'bytes'", Made::Sum(BYTES_PASSED_ON))
            }
            Self::Giveaways => {
                let made = " AND a.what = 'giveaway' AND a.kind = 'created'";
                (&[TALLIES], made, Made::Sum("a.count"))
            }
            Self::Entries => {
                let entered = " AND a.what = 'giveaway' AND a.kind = 'entered'";
                (&[TALLIES], entered, Made::Sum("a.count"))
            }
        }
    }

    /// Where what was done is all it takes.
    const fn of_what_was_done(self) -> Option<Measure> {
        match self {
            Self::Messages => Some((|did| did.messages, 1)),
            Self::Reactions => Some((|did| did.reactions, 1)),
            Self::VoiceMinutes => Some((|did| did.voice_micros, 60_000_000)),
            _ => None,
        }
    }

    /// Whether numbers of parts make the number of the whole.
    pub const fn adds_up(self) -> bool {
        !matches!(self, Self::Active | Self::CommandMillis | Self::Supply | Self::Velocity)
    }

    /// Whether its number in a span stands on all that was before.
    pub const fn goes_on(self) -> bool {
        matches!(self, Self::Supply | Self::Velocity)
    }

    /// The read model that it comes from, where nothing is filtered or split.
    pub const fn read_model(self, split: Option<Split>, filter: &Filter) -> &'static str {
        let by_member = matches!(split, Some(Split::Member)) || filter.member.is_some();
        match self {
            Self::Active
            | Self::Commands
            | Self::CommandsRefused
            | Self::CommandsFailed
            | Self::CommandMillis => "activity_members",
            Self::Messages | Self::Reactions | Self::VoiceMinutes if by_member => {
                "activity_members"
            }
            Self::Cases
            | Self::Movements
            | Self::Bytes
            | Self::Supply
            | Self::Velocity
            | Self::Giveaways
            | Self::Entries => "tallies",
            _ => "activity_slots",
        }
    }
}

/// What is asked of a store: which rows, and how a number is made of them.
struct Asking {
    table: &'static str,
    /// After `WHERE a.guild = $1`.
    only: String,
    parameters: Vec<Value>,
    made: Made,
}

impl Asking {
    /// None where numbers are not kept so.
    fn of(guild: GuildId, metric: Metric, split: Option<Split>, filter: &Filter) -> Option<Self> {
        let (tables, condition, made) = metric.kept();
        let keys = filter.keys();
        let has = |kept: &&Kept| {
            let filtered = keys.iter().map(|(key, _)| *key);
            filtered.chain(split).all(|key| kept.by.contains(&key))
        };
        let table = tables.iter().find(has)?.table;
        let mut parameters = values![guild].to_vec();
        let mut only = condition.to_owned();
        for (key, value) in keys {
            parameters.push(value);
            let _ = write!(only, " AND {} = ${}", key.column(), parameters.len());
        }
        Some(Self { table, only, parameters, made })
    }

    /// Persons, and not whether one of them was there.
    const fn counts_everybody(&self) -> bool {
        matches!(self.made, Made::Persons) && self.only.is_empty()
    }
}

/// The metric in each span, 0 where nothing was; none where numbers are not kept so.
pub async fn series(
    store: &ReadStore,
    guild: GuildId,
    metric: Metric,
    filter: &Filter,
    spans: &Spans,
) -> Result<Option<Vec<i64>>, LogError> {
    let Some(asking) = Asking::of(guild, metric, None, filter) else { return Ok(None) };
    let mut numbers = vec![0; spans.all().len()];
    if asking.counts_everybody() {
        days::persons(store, guild, spans.all(), |place, who| numbers[place] = who.count()).await?;
        return Ok(Some(numbers));
    }
    let Asking { table, only, parameters, made } = &asking;
    // Each span looks its rows up and adds them as they come: nothing is sorted.
    let sql = format!(
        "{}SELECT CAST(spans.place AS bigint), (SELECT {} FROM {table} a WHERE a.guild = $1 \
         AND a.slot >= spans.since AND a.slot < spans.until{only}) FROM spans",
        spans.table(),
        made.sql(None)
    );
    for row in store.query(&sql, parameters).await? {
        let place = usize::try_from(row.count(0)?).unwrap_or(usize::MAX);
        if let Some(number) = numbers.get_mut(place) {
            *number = row.int(1)?;
        }
    }
    if matches!(metric, Metric::Supply) {
        let mut supply = before(store, &asking, spans.whole().0).await?;
        for number in &mut numbers {
            supply += *number;
            *number = supply;
        }
    }
    if matches!(metric, Metric::Velocity) {
        let supply = Box::pin(series(store, guild, Metric::Supply, filter, spans)).await?;
        for (passed_on, supply) in numbers.iter_mut().zip(supply.into_iter().flatten()) {
            *passed_on = passed_on.saturating_mul(100).checked_div(supply.max(0)).unwrap_or(0);
        }
    }
    Ok(Some(numbers))
}

/// What had come to be before a slot.
async fn before(store: &ReadStore, asking: &Asking, slot: Slot) -> Result<i64, LogError> {
    let Asking { table, only, parameters, made } = asking;
    let sql = format!(
        "SELECT {} FROM {table} a WHERE a.guild = $1 AND a.slot < {}{only}",
        made.sql(None),
        slot.0
    );
    let rows = store.query(&sql, parameters).await?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// One line of a list: how much it was, and how much in the time before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub key: Key,
    pub now: i64,
    pub before: i64,
}

/// A stretch of time and the one that it is compared with, which ends where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    pub before: Slot,
    pub from: Slot,
    pub until: Slot,
}

/// Those with most first, or those that gained most; none where numbers are not kept so.
pub async fn most(
    store: &ReadStore,
    guild: GuildId,
    (metric, split, filter): (Metric, Split, &Filter),
    time: Compared,
    rising: bool,
    limit: u32,
) -> Result<Option<Vec<Line>>, LogError> {
    let asking = Asking::of(guild, metric, Some(split), filter);
    let Some(Asking { table, only, parameters, made }) = asking else { return Ok(None) };
    if let (Some((of, whole)), true) = (metric.of_what_was_done(), only.is_empty()) {
        let sums = sums_of_all(store, guild, split, of, time).await?;
        let lines = sums.into_iter().map(|(key, [now, before])| Line {
            key,
            now: now / whole,
            before: before / whole,
        });
        return Ok(Some(first_of(lines, rising, limit)));
    }
    let key = split.column();
    let (now, before) = (
        made.sql(Some(&format!("a.slot >= {}", time.from.0))),
        made.sql(Some(&format!("a.slot < {}", time.from.0))),
    );
    let order = if rising { "of_now - of_before" } else { "of_now" };
    let sql = format!(
        "SELECT of_key, of_now, of_before FROM (SELECT {key} AS of_key, {now} AS of_now, \
         {before} AS of_before FROM {table} a \
         WHERE a.guild = $1 AND a.slot >= {} AND a.slot < {}{only} GROUP BY {key}) sums \
         WHERE {order} > 0 ORDER BY {order} DESC, of_key LIMIT {}",
        time.before.0,
        time.until.0,
        limit.min(MAX_LINES)
    );
    let rows = store.query(&sql, &parameters).await?;
    let line =
        |row: &Row| Ok(Line { key: split.key(row, 0)?, now: row.int(1)?, before: row.int(2)? });
    rows.iter().map(line).collect::<Result<_, LogError>>().map(Some)
}

/// Those with most of these lines; of as many, in the order of their keys.
fn first_of(lines: impl Iterator<Item = Line>, rising: bool, limit: u32) -> Vec<Line> {
    let order = |line: &Line| if rising { line.now - line.before } else { line.now };
    let mut lines: Vec<_> = lines.filter(|line| order(line) > 0).collect();
    let most_first = |one: &Line, other: &Line| {
        order(other).cmp(&order(one)).then_with(|| one.key.cmp(&other.key))
    };
    let limit = limit.min(MAX_LINES) as usize;
    // Of a hundred thousand members only a few are put in order.
    if limit < lines.len() {
        lines.select_nth_unstable_by(limit, most_first);
        lines.truncate(limit);
    }
    lines.sort_unstable_by(most_first);
    lines
}

/// What every member did, or what was done in every channel, now and before.
async fn sums_of_all(
    store: &ReadStore,
    guild: GuildId,
    split: Split,
    of: fn(&Did) -> i64,
    Compared { before, from, until }: Compared,
) -> Result<Vec<(Key, [i64; 2])>, LogError> {
    if split == Split::Channel {
        let mut sums: BTreeMap<ChannelId, [i64; 2]> = BTreeMap::new();
        days::walk_channels(store, guild, &[], (before, until), |slot, channel, did| {
            sums.entry(channel).or_default()[usize::from(slot < from)] += of(did);
        })
        .await?;
        return Ok(sums.into_iter().map(|(channel, sums)| (Key::Channel(channel), sums)).collect());
    }
    // By their numbers, which have no large gaps.
    let mut sums: Vec<[i64; 2]> = Vec::new();
    days::walk(store, guild, (before, until), |slot, person, did| {
        let person = person.0 as usize;
        if person >= sums.len() {
            sums.resize((person + 1).next_power_of_two(), [0; 2]);
        }
        sums[person][usize::from(slot < from)] += of(did);
    })
    .await?;
    Ok((0..).map(|person| Key::Member(PersonId(person))).zip(sums).collect())
}

/// The metric of each of these in each span.
pub async fn lines(
    store: &ReadStore,
    guild: GuildId,
    (metric, split, filter): (Metric, Split, &Filter),
    keys: &[Key],
    spans: &Spans,
) -> Result<Vec<Vec<i64>>, LogError> {
    let mut numbers = vec![vec![0; spans.all().len()]; keys.len()];
    let asking = Asking::of(guild, metric, Some(split), filter);
    let Some(Asking { table, mut only, mut parameters, made }) = asking else {
        return Ok(numbers);
    };
    if let (Some(of), Split::Channel, "") = (metric.of_what_was_done(), split, only.as_str()) {
        return lines_of_channels(store, guild, of, keys, spans).await;
    }
    let places: Vec<_> = keys
        .iter()
        .flat_map(|key| Filter::of(key, split).keys())
        .map(|(_, value)| {
            parameters.push(value);
            format!("${}", parameters.len())
        })
        .collect();
    if places.is_empty() {
        return Ok(numbers);
    }
    let key = split.column();
    let _ = write!(only, " AND {key} IN ({})", places.join(", "));
    // The order of a cross join is kept: each span looks its rows up.
    let sql = format!(
        "{}SELECT CAST(spans.place AS bigint), {key}, {} FROM spans CROSS JOIN {table} a \
         WHERE a.guild = $1 AND a.slot >= spans.since AND a.slot < spans.until{only} \
         GROUP BY spans.place, {key}",
        spans.table(),
        made.sql(None)
    );
    for row in store.query(&sql, &parameters).await? {
        let place = usize::try_from(row.count(0)?).unwrap_or(usize::MAX);
        let found = split.key(&row, 1)?;
        let line = keys.iter().position(|key| *key == found);
        if let Some(number) = line.and_then(|line| numbers[line].get_mut(place)) {
            *number = row.int(2)?;
        }
    }
    Ok(numbers)
}

async fn lines_of_channels(
    store: &ReadStore,
    guild: GuildId,
    (of, whole): Measure,
    keys: &[Key],
    spans: &Spans,
) -> Result<Vec<Vec<i64>>, LogError> {
    let channels = |key: &Key| match key {
        Key::Channel(channel) => Some(*channel),
        Key::Member(_) | Key::Word(_) => None,
    };
    let channels: Vec<_> = keys.iter().map(channels).collect();
    let only: Vec<_> = channels.iter().flatten().copied().collect();
    let mut sums = vec![vec![0; spans.all().len()]; keys.len()];
    if !only.is_empty() {
        days::walk_channels(store, guild, &only, spans.whole(), |slot, channel, did| {
            let line = channels.iter().position(|known| *known == Some(channel));
            if let Some(line) = line.and_then(|line| sums.get_mut(line)) {
                spans.around(slot, |place| line[place] += of(did));
            }
        })
        .await?;
    }
    sums.iter_mut().flatten().for_each(|sum| *sum /= whole);
    Ok(sums)
}

/// In slots. The first of all began on a Thursday: three days after a Monday.
const WEEK: i64 = 7 * 96;
const THURSDAY: i64 = 3 * 96;

/// A stretch of time in which a community's clock was so many slots ahead of UTC.
pub type Segment = (Slot, Slot, i64);

/// The metric by day of the week (Monday is 0) and hour; none where numbers are not kept so.
pub async fn week(
    store: &ReadStore,
    guild: GuildId,
    metric: Metric,
    filter: &Filter,
    segments: &[Segment],
) -> Result<Option<[[i64; 24]; 7]>, LogError> {
    // What there is at the end of an hour is no sum over the weeks.
    let asking = Asking::of(guild, metric, None, filter).filter(|_| metric != Metric::Velocity);
    let Some(asking) = asking else { return Ok(None) };
    let asking_everybody = asking.counts_everybody();
    let Asking { table, only, parameters, made } = asking;
    let mut map = [[0; 24]; 7];
    if segments.is_empty() {
        return Ok(Some(map));
    }
    if asking_everybody {
        return persons_of_the_week(store, guild, segments).await.map(Some);
    }
    let rows: Vec<_> = segments
        .iter()
        .map(|(since, until, ahead)| format!("({}, {}, {})", since.0, until.0, ahead + THURSDAY))
        .collect();
    let sql = format!(
        "WITH spans (since, until, shift) AS (VALUES {}) \
         SELECT CAST((a.slot + spans.shift) % {WEEK} / 4 AS bigint), {} \
         FROM spans CROSS JOIN {table} a \
         WHERE a.guild = $1 AND a.slot >= spans.since AND a.slot < spans.until{only} \
         GROUP BY (a.slot + spans.shift) % {WEEK} / 4",
        rows.join(", "),
        made.sql(None)
    );
    for row in store.query(&sql, &parameters).await? {
        let hour = usize::try_from(row.count(0)?).unwrap_or(0);
        if let Some(number) = map.get_mut(hour / 24).and_then(|day| day.get_mut(hour % 24)) {
            *number = row.int(1)?;
        }
    }
    Ok(Some(map))
}

/// Who did anything, by day of the week and hour.
async fn persons_of_the_week(
    store: &ReadStore,
    guild: GuildId,
    segments: &[Segment],
) -> Result<[[i64; 24]; 7], LogError> {
    let mut hours = vec![Persons::default(); 7 * 24];
    for (since, until, ahead) in segments {
        let hour = |slot: Slot| (slot.0 + ahead + THURSDAY).rem_euclid(WEEK) / 4;
        days::persons_of(store, guild, (*since, *until), hour, &mut hours).await?;
    }
    let mut map = [[0; 24]; 7];
    for (number, persons) in map.as_flattened_mut().iter_mut().zip(&hours) {
        *number = persons.count();
    }
    Ok(map)
}
