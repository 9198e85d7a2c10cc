//! What is asked of numbers, and the lines that are answered.

use actions::activity as rules;
use async_graphql::{Enum, InputObject, SimpleObject};
use projections::activity::{members::Uses, series, slots};

use crate::{
    people::Person,
    scalars::{Day, Long, Snowflake, Time},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "ActivityMetric", remote = "series::Metric")]
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
    /// How long a command took on average, in milliseconds.
    CommandMillis,
    Cases,
    /// How often bytes moved.
    Movements,
    /// How many bytes moved.
    Bytes,
    /// How many bytes there were at the end.
    Supply,
    /// Of each hundred bytes that there were at the end, how many had been sent or spent.
    Velocity,
    Giveaways,
    /// Into giveaways.
    Entries,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "ActivitySplit", remote = "series::Split")]
pub enum Split {
    Channel,
    Member,
    Command,
    /// Of cases, or of movements of bytes.
    Kind,
}

/// How long the steps of a chart are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "rules::Every")]
pub enum Every {
    Hour,
    Day,
    /// From Monday.
    Week,
    Month,
}

/// Only what was in one channel, by one member, by one command, or of one kind.
#[derive(InputObject, Default)]
pub struct ActivityFilter {
    pub channel: Option<Snowflake>,
    pub user: Option<Snowflake>,
    pub command: Option<String>,
    pub kind: Option<String>,
}

/// Days of the community.
#[derive(InputObject, Default)]
pub struct DayRange {
    /// The first day.
    pub since: Option<Day>,
    /// The last day; today where it is left out.
    pub until: Option<Day>,
    /// So many days up to the last, where the first is left out; else 30.
    pub days: Option<i32>,
}

/// Numbers over time, and those of as many days before.
#[derive(SimpleObject)]
pub struct Chart {
    /// When each step begins. Where summer time ends, an hour comes twice.
    pub starts: Vec<Time>,
    /// When the last one ends.
    pub until: Time,
    pub values: Vec<Long>,
    /// Of the whole time. Of members: how many there were, each once. Of the supply: at the end.
    pub sum: Long,
    /// Step by step; there can be one more or less, where a month or a change of the clock lies
    /// in only one of the two times.
    pub before: Vec<Long>,
    pub sum_before: Long,
    /// Those with most, where a split was asked for.
    pub lines: Vec<ChartLine>,
}

/// What a line is of: a channel, a member, or a command or kind by its name.
#[derive(SimpleObject, Default)]
#[graphql(name = "LineOf")]
pub struct Of {
    pub channel: Option<Snowflake>,
    pub person: Option<Person>,
    pub word: Option<String>,
}

#[derive(SimpleObject)]
pub struct ChartLine {
    pub of: Of,
    pub values: Vec<Long>,
    pub sum: Long,
}

#[derive(SimpleObject)]
pub struct MostLine {
    pub of: Of,
    pub now: Long,
    /// In as many days before.
    pub before: Long,
}

/// Members who did anything.
#[derive(SimpleObject)]
pub struct ActiveMembers {
    /// Today.
    pub daily: Long,
    /// In the last 7 days, with today.
    pub weekly: Long,
    /// In the last 30 days, with today.
    pub monthly: Long,
    /// Of those of 30 days, the share that was there today: between 0 and 1.
    pub stickiness: f64,
}

impl ActiveMembers {
    pub fn of(daily: i64, weekly: i64, monthly: i64) -> Self {
        let share = |part: i64, of: i64| {
            // Members of a community: far below what a float can hold.
            let (part, of) = (u32::try_from(part), u32::try_from(of.max(1)));
            f64::from(part.unwrap_or(u32::MAX)) / f64::from(of.unwrap_or(u32::MAX))
        };
        let stickiness = share(daily, monthly);
        Self { daily: Long(daily), weekly: Long(weekly), monthly: Long(monthly), stickiness }
    }
}

#[derive(SimpleObject)]
pub struct CohortLine {
    /// The week's Monday.
    pub week: Day,
    /// How many came in it for the first time.
    pub came: Long,
    /// How many of them did something in each week after it, up to this one.
    pub stayed: Vec<Long>,
}

#[derive(SimpleObject)]
pub struct CommandLine {
    /// Without its options: `bytes send`.
    pub command: String,
    pub done: Long,
    /// A rule said no.
    pub refused: Long,
    /// It was our fault.
    pub failed: Long,
    /// How long one took on average.
    pub millis: Long,
}

impl CommandLine {
    pub fn of(command: String, uses: &Uses) -> Self {
        let all = uses.done + uses.refused + uses.failed;
        Self {
            command,
            done: Long(uses.done),
            refused: Long(uses.refused),
            failed: Long(uses.failed),
            millis: Long(uses.millis / all.max(1)),
        }
    }
}

#[derive(SimpleObject)]
pub struct GapLine {
    pub from: Time,
    pub until: Time,
    /// What was made up for afterwards; nothing as long as that is not over.
    pub recovered: Option<RecoveredLine>,
}

/// Messages of a gap can be asked for afterwards. Reactions, voice, edits and deletions of it stay
/// unknown.
#[derive(SimpleObject)]
#[graphql(name = "RecoveredGap")]
pub struct RecoveredLine {
    /// Messages that were counted afterwards.
    pub messages: Long,
    /// Channels that could not be read.
    pub unread: Long,
    /// There was more than one recovery takes.
    pub cut: bool,
}

impl GapLine {
    pub fn of(gap: slots::Gap) -> Self {
        let recovered = gap.recovered.map(|made_up| RecoveredLine {
            messages: Long(made_up.messages),
            unread: Long(made_up.unread),
            cut: made_up.cut,
        });
        Self { from: Time(gap.from), until: Time(gap.until), recovered }
    }
}

/// What stands out in an hour, held against the same hour of the eight weeks before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "rules::Oddity")]
pub enum Oddity {
    /// So many came at once.
    Joins,
    /// Hardly anybody wrote, where many do. Where nobody looked it is never told.
    Silence,
}

/// Hours that are not like others.
#[derive(SimpleObject)]
#[graphql(name = "Anomaly")]
pub struct AnomalyLine {
    pub what: Oddity,
    pub from: Time,
    pub until: Time,
    /// Joins, or messages, in that time.
    pub count: Long,
    /// How many there usually are.
    pub usual: Long,
}

impl AnomalyLine {
    pub fn of(anomaly: &rules::Anomaly) -> Self {
        let rules::Anomaly { what, from, until, count, usual } = *anomaly;
        let (from, until) = (Time(from), Time(until));
        Self { what: what.into(), from, until, count: Long(count), usual: Long(usual) }
    }
}

#[derive(SimpleObject)]
pub struct MemberActivity {
    pub messages: Long,
    pub reactions: Long,
    pub voice_minutes: Long,
    pub commands: Long,
    /// Ever; none where they did nothing yet.
    pub first_active: Option<Day>,
    pub last_active: Option<Day>,
    /// When they came last, where that was seen.
    pub joined: Option<Time>,
    /// When each of the days begins.
    pub starts: Vec<Time>,
    pub messages_by_day: Vec<Long>,
}
