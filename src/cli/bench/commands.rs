//! Commands per second: decide on an aggregate, append one event, wait until it is durable.
//! A closed loop: every client sends its next command when it has the last one's answer.

use std::{
    collections::HashSet,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    Bytes, DISCORD_EPOCH_MILLIS, PersonId, Personal, UserId,
    economy::{Command, Economy, Terms},
};
use eventlog::{Bus, Clock};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::Serialize;
use tokio::task::JoinSet;

use super::{
    Failed,
    history::{self, MEMBERS},
    latency::Latencies,
    memory::{own_cpu_secs, own_rss_mb},
    metrics,
    store::{Backend, Ground, Store, on_fresh_store},
};

/// After all aggregates were loaded.
const WARM_UP: Duration = Duration::from_secs(1);
/// With sealed reasons the members who may be given one have keys; not more than are kept in
/// memory.
const KEYS: u32 = 20_000;
/// Events of a history that are written as one append.
const HISTORY_APPEND: u32 = 500;
/// Who prepare a store together.
const HANDS: u32 = 64;
/// About 60 characters, as people write them.
const REASON: &str = "Helped three newcomers to set up their first bot, thank you!";

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Where the log is
    #[arg(long)]
    pub backend: Backend,
    #[command(flatten)]
    pub ground: Ground,
    #[command(flatten)]
    pub shape: Shape,
}

/// What is asked of the command bus.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Shape {
    /// Clients, each with one command at a time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub clients: u32,
    /// Guilds; clients choose among them at random
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub aggregates: u32,
    /// How long it is measured, after a second to warm up
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: u64,
    /// Give every command a reason, which is sealed with the member's key
    #[arg(long)]
    pub sealed: bool,
    /// Events that each aggregate begins with
    #[arg(long, default_value_t = 50)]
    pub history: u32,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    pub backend: Backend,
    pub clients: u32,
    pub aggregates: u32,
    pub sealed: bool,
    pub commands_per_s: f64,
    pub p50_us: u64,
    pub p99_us: u64,
    /// Decisions that somebody else's write had overtaken, and that were made again.
    pub conflicts: u64,
    /// Aggregates folded from their histories, before the measurement.
    pub loads_per_s: f64,
    /// Processor time of this process for each command, in microseconds: what stays the same on
    /// a machine that is busy with other things.
    pub cpu_us: f64,
    pub rss_mb: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { commands_per_s, p50_us, p99_us, conflicts, rss_mb, .. } = self;
        write!(
            f,
            "{commands_per_s:.0} commands/s; p50 {p50_us} µs, p99 {p99_us} µs; {conflicts} \
             conflicts; {rss_mb} MB"
        )
    }
}

pub(super) async fn run(args: Args) -> Result<Outcome, Failed> {
    let Args { backend, ground, shape } = args;
    on_fresh_store(backend, &ground, async |store| {
        prepare(store, shape).await?;
        measure(store, backend, shape).await
    })
    .await
}

/// Histories, and keys where they are needed.
pub(super) async fn prepare(store: &Store, shape: Shape) -> Result<(), Failed> {
    let (guilds, events) = (shape.aggregates, shape.history);
    history::fill(&*store.log, guilds, events, HISTORY_APPEND, history::plain).await?;
    store.analyze().await?;
    if shape.sealed { register(store, shape).await } else { Ok(()) }
}

/// Members are seen for the first time, so that they have a number and a key.
pub(super) async fn register(store: &Store, shape: Shape) -> Result<(), Failed> {
    let mut hands = JoinSet::new();
    for first in 0..HANDS {
        let people = Arc::clone(&store.people);
        hands.spawn(async move {
            for index in (first..shape.aggregates).step_by(HANDS as usize) {
                for member in 1..=shape.members() {
                    let user = UserId::new(u64::from(member))?;
                    people.person(history::guild(index)?, user).await?;
                }
            }
            Ok::<_, Failed>(())
        });
    }
    hands.join_all().await.into_iter().collect()
}

/// Brings every aggregate into the cache, as a node that has been up for a while has them.
async fn load(store: &Store, shape: Shape) -> Result<(), Failed> {
    let mut hands = JoinSet::new();
    for first in 0..HANDS {
        let bus = store.bus.clone();
        hands.spawn(async move {
            for index in (first..shape.aggregates).step_by(HANDS as usize) {
                bus.read::<Economy, _>(&history::stream(index)?, |_, version| version).await?;
            }
            Ok::<_, Failed>(())
        });
    }
    hands.join_all().await.into_iter().collect()
}

impl Shape {
    /// Members of a guild who get grants.
    fn members(self) -> u32 {
        if self.sealed { (KEYS / self.aggregates).clamp(1, MEMBERS) } else { MEMBERS }
    }
}

pub(super) async fn measure(
    store: &Store,
    backend: Backend,
    shape: Shape,
) -> Result<Outcome, Failed> {
    let loading = Instant::now();
    load(store, shape).await?;
    let loads_per_s = super::per_second(shape.aggregates.into(), loading.elapsed());
    let conflicts_before = metrics::retries();
    let cpu_before = own_cpu_secs();
    let from = Instant::now() + WARM_UP;
    let until = from + Duration::from_secs(shape.seconds);
    let mut clients = JoinSet::new();
    for number in 0..shape.clients {
        let client = Client {
            bus: store.bus.clone(),
            shape,
            random: StdRng::seed_from_u64(u64::from(number)),
            number: number.into(),
            sent: 0,
            clock: eventlog::system_clock(),
            terms: Terms::default(),
        };
        clients.spawn(client.work(from, until));
    }
    let (mut all, mut commands) = (Latencies::default(), 0_u32);
    let mut problems = HashSet::new();
    for worked in clients.join_all().await {
        match worked {
            Ok((latencies, sent)) => {
                all.add(&latencies);
                commands += sent;
            }
            Err(error) => drop(problems.insert(error.to_string())),
        }
    }
    if let Some(problem) = problems.into_iter().next() {
        return Err(format!("a command failed: {problem}").into());
    }
    Ok(Outcome {
        backend,
        clients: shape.clients,
        aggregates: shape.aggregates,
        sealed: shape.sealed,
        commands_per_s: super::per_second(all.count(), until - from),
        p50_us: all.percentile(50),
        p99_us: all.percentile(99),
        conflicts: metrics::retries() - conflicts_before,
        loads_per_s,
        cpu_us: ((own_cpu_secs() - cpu_before) / f64::from(commands) * 1e7).round() / 10.0,
        rss_mb: own_rss_mb(),
    })
}

struct Client {
    bus: Bus,
    shape: Shape,
    random: StdRng,
    number: u64,
    sent: u64,
    clock: Clock,
    terms: Terms,
}

impl Client {
    /// What ends between the two moments counts. Answers also how many commands were sent.
    async fn work(mut self, from: Instant, until: Instant) -> Result<(Latencies, u32), Failed> {
        let mut latencies = Latencies::default();
        for sent in 1.. {
            let stream = history::stream(self.random.random_range(0..self.shape.aggregates))?;
            let to = PersonId(self.random.random_range(1..=self.shape.members()));
            let reason = self.shape.sealed.then(|| Personal::clear(to, REASON.to_owned()));
            let terms = Arc::clone(&self.terms);
            let command = Command::Grant { to, amount: Bytes(1), reason, terms };
            self.sent += 1;
            let request = history::request("interaction", self.snowflake())?;
            let began = Instant::now();
            self.bus.execute::<Economy>(&stream, &command, &request).await?;
            let now = Instant::now();
            if now >= until {
                return Ok((latencies, sent));
            }
            if now >= from {
                latencies.record(now - began);
            }
        }
        Err("too many commands".into())
    }

    /// An id as Discord gives one: the time, then who gave it, then a count.
    fn snowflake(&self) -> u64 {
        let millis = (self.clock)().as_micros().unsigned_abs() / 1000 - DISCORD_EPOCH_MILLIS;
        (millis << 22) | ((self.number % 4096) << 10) | (self.sent % 1024)
    }
}
