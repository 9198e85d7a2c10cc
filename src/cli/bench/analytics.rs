//! A year of a large community: its numbers built from the log by the real projection runtime, then
//! every kind of chart asked for.

use std::{
    fmt,
    future::Future,
    time::{Duration, Instant},
};

use domain::{
    ChannelId, Decider as _, GuildId, PersonId, Timestamp,
    activity::{Activity, Counts, Event, Minute, Row},
};
use eventlog::{LogError, StreamId};
use projections::activity::{
    Slot,
    cohorts::cohorts,
    series::{Compared, Filter, Key, Metric, Spans, Split, lines, most, series, week},
};
use serde::Serialize;

use super::{
    Failed, history,
    memory::own_rss_mb,
    rebuild,
    store::{Backend, Ground, Store, on_fresh_store},
};

const PROJECTIONS: [&str; 3] = ["activity_slots", "activity_members", "tallies"];
const DAYS: i64 = 365;
const DAY_SECS: i64 = 86_400;
/// Who did something in one window, at most.
const ROWS: u32 = 4;
/// Of so many windows one is somebody who comes.
const JOINS_EVERY: u32 = 10;
/// Of one append.
const AT_A_TIME: u32 = 16;
const TIMES: usize = 15;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// sqlite or postgres
    #[arg(long, default_value = "sqlite")]
    backend: Backend,
    #[command(flatten)]
    ground: Ground,
    /// Windows of activity in the year
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    events: u32,
    /// Members of the community
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(10..))]
    members: u32,
    /// Its channels
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=500))]
    channels: u32,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    pub store: Backend,
    pub events: u64,
    pub events_per_s: f64,
    pub rss_mb: f64,
    pub charts: Vec<Chart>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Chart {
    pub name: &'static str,
    pub p50_ms: f64,
    pub worst_ms: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, events_per_s, rss_mb, .. } = self;
        write!(f, "{events} events at {events_per_s:.0} events/s; {rss_mb} MB")?;
        for Chart { name, p50_ms, worst_ms } in &self.charts {
            write!(f, "\n{name}: {p50_ms} ms, at worst {worst_ms} ms")?;
        }
        Ok(())
    }
}

pub(super) async fn run(args: Args) -> Result<Outcome, Failed> {
    on_fresh_store(args.backend, &args.ground, async |store| {
        let guild = history::guild(0)?;
        let year = Year::up_to_now(args.events, args.members, args.channels);
        year.fill(store, guild).await?;
        store.analyze().await?;
        let head = store.log.head().await?.0;
        let began = Instant::now();
        let runtime = rebuild::start(store, &PROJECTIONS).await?;
        let built = rebuild::reach(store, &PROJECTIONS, head, began).await;
        let took = began.elapsed();
        let rss_mb = own_rss_mb();
        runtime.shutdown().await;
        built?;
        Ok(Outcome {
            store: args.backend,
            events: head,
            events_per_s: super::per_second(head, took),
            rss_mb,
            charts: charts(store, guild, &year).await?,
        })
    })
    .await
}

pub(super) struct Year {
    windows: u32,
    members: u32,
    channels: u32,
    begins: Timestamp,
}

impl Year {
    pub fn up_to_now(windows: u32, members: u32, channels: u32) -> Self {
        let now = Timestamp::from_secs(eventlog::system_clock()().as_secs() / DAY_SECS * DAY_SECS);
        Self { windows, members, channels, begins: now.plus_secs(-DAYS * DAY_SECS) }
    }

    pub async fn fill(&self, store: &Store, guild: GuildId) -> Result<(), Failed> {
        let stream = StreamId::of_guild(Activity::CAPABILITY, guild);
        let window = |nth| self.window(nth);
        history::fill_stream(&*store.log, &stream, self.windows, AT_A_TIME, window).await
    }

    /// A few are there always, most now and then; every now and then somebody comes.
    fn window(&self, nth: u32) -> Result<Event, Failed> {
        let secs = i64::from(nth) * DAYS * DAY_SECS / i64::from(self.windows);
        if nth.is_multiple_of(JOINS_EVERY) {
            let person = PersonId(nth / JOINS_EVERY % self.members + 1);
            return Ok(Event::MemberJoined { person, at: self.begins.plus_secs(secs) });
        }
        let mixed = |place: u32| (nth * ROWS + place).wrapping_mul(2_654_435_761) >> 4;
        let row = |place: u32| {
            let (mix, spread) = (mixed(place), mixed(place + 7));
            let circle = if mix.is_multiple_of(4) { self.members / 100 } else { self.members };
            let channel = u64::from(spread % self.channels) + 1;
            Ok::<_, Failed>(Row {
                person: PersonId(mix % circle.max(1) + 1),
                channel: ChannelId::new(channel << 22)?,
                counts: Counts { messages: mix % 5 + 1, reactions: mix % 2, ..Counts::default() },
            })
        };
        let rows = (0..=nth % ROWS).map(row).collect::<Result<_, _>>()?;
        let at = self.begins.plus_secs(secs / 60 * 60);
        Ok(Event::Recorded {
            session: "measured".to_owned(),
            from_seq: u64::from(nth),
            to_seq: u64::from(nth) + 1,
            newest: None,
            heard_until: None,
            minutes: vec![Minute { at, rows }],
            voice: Vec::new(),
            voice_until: None,
            uses: Vec::new(),
        })
    }

    fn day(&self, day: i64) -> Slot {
        Slot::of(self.begins.plus_secs(day * DAY_SECS))
    }

    /// So many spans of so many hours, the last of which ends with the year.
    fn spans(&self, many: i64, hours: i64) -> Result<Spans, Failed> {
        let end = self.day(DAYS).0;
        let spans = (0..many)
            .rev()
            .map(|ago| (Slot(end - (ago + 1) * hours * 4), Slot(end - ago * hours * 4)));
        Ok(Spans::new(spans.collect()).ok_or("too many spans")?)
    }
}

async fn charts(store: &Store, guild: GuildId, year: &Year) -> Result<Vec<Chart>, Failed> {
    let (read, all) = (&store.read, Filter::default());
    let (days, hours, weeks) = (year.spans(365, 24)?, year.spans(720, 1)?, year.spans(52, 168)?);
    let (month, quarter) = (year.spans(30, 24)?, year.spans(13, 168)?);
    let last_month = Compared { before: year.day(305), from: year.day(335), until: year.day(365) };
    let channels = |count: u64| {
        let key = |number: u64| Ok::<_, Failed>(Key::Channel(ChannelId::new(number << 22)?));
        (1..=count).map(key).collect::<Result<Vec<_>, _>>()
    };
    let channels = channels(5.min(u64::from(year.channels)))?;
    let by_channel = (Metric::Messages, Split::Channel, &all);
    let by_member = (Metric::Messages, Split::Member, &all);
    let five: Vec<_> = (1..=5).map(|number| Key::Member(PersonId(number))).collect();
    let one = Filter { member: Some(PersonId(1)), ..Filter::default() };
    let whole = [(year.day(0), year.day(DAYS), 0)];
    let of_weeks: Vec<_> = (13..26)
        .map(|week| {
            let begins = year.begins.plus_secs(week * 7 * DAY_SECS);
            (begins, begins.plus_secs(7 * DAY_SECS))
        })
        .collect();
    let messages = Metric::Messages;
    Ok(vec![
        timed("messages by day, a year", || series(read, guild, messages, &all, &days)).await?,
        timed("messages by hour, 30 days", || series(read, guild, messages, &all, &hours)).await?,
        timed("messages by week, 5 channels", || lines(read, guild, by_channel, &channels, &weeks))
            .await?,
        timed("messages by day, 5 members, a year", || lines(read, guild, by_member, &five, &days))
            .await?,
        timed("one member's messages by day, a year", || {
            series(read, guild, messages, &one, &days)
        })
        .await?,
        timed("heatmap, a year", || week(read, guild, messages, &all, &whole)).await?,
        timed("top channels, 30 days", || most(read, guild, by_channel, last_month, false, 10))
            .await?,
        timed("top members, 30 days", || most(read, guild, by_member, last_month, false, 10))
            .await?,
        timed("active members by day, 30 days", || {
            series(read, guild, Metric::Active, &all, &month)
        })
        .await?,
        timed("active members by week, 13 weeks", || {
            series(read, guild, Metric::Active, &all, &quarter)
        })
        .await?,
        timed("active members by day, a year", || series(read, guild, Metric::Active, &all, &days))
            .await?,
        timed("active members by hour of the week, a year", || {
            week(read, guild, Metric::Active, &all, &whole)
        })
        .await?,
        timed("cohorts of 13 weeks", || cohorts(read, guild, &of_weeks)).await?,
    ])
}

async fn timed<T, F>(name: &'static str, ask: impl Fn() -> F) -> Result<Chart, Failed>
where
    F: Future<Output = Result<T, LogError>>,
{
    ask().await?;
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        ask().await?;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    let millis = |took: Duration| (took.as_secs_f64() * 10_000.0).round() / 10.0;
    Ok(Chart { name, p50_ms: millis(took[TIMES / 2]), worst_ms: millis(took[TIMES - 1]) })
}
