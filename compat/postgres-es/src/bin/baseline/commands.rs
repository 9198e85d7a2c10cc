//! Closed loop: every client sends its next command when the last one has succeeded.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;
use compat_postgres_es::Stock;
use cqrs_es::{AggregateError, CqrsFramework, EventStore};
use domain::{
    Bytes, PersonId,
    economy::{Command, Terms},
};
use postgres_es::postgres_cqrs;
use serde::Serialize;
use sqlite_es::{default_sqlite_pool, sqlite_cqrs};
use tokio::task::JoinSet;

use crate::{
    Backend, Store,
    history::{FIRST_GUILD, History},
    per_second, postgres, sqlite,
};

/// As many members as every guild has: with a history of 50 each has an open account.
const MEMBERS: u32 = 50;
const WARM_UP: Duration = Duration::from_secs(1);
/// Beyond this many connections PostgreSQL only gets slower.
const MAX_CONNECTIONS: u32 = 64;
/// Guilds that a hot aggregate moves on through with `--renew-after`.
const SPARES: u32 = 2_000;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    store: Store,
    #[arg(long, default_value_t = 64)]
    clients: u32,
    /// Clients choose among so many at random.
    #[arg(long, default_value_t = 10_000)]
    aggregates: u32,
    /// Events that each aggregate begins with.
    #[arg(long, default_value_t = 50)]
    history: u32,
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Move on to fresh aggregates after so many commands, so that a hot one stays short. (The
    /// stock store reads all events for every command: a hot aggregate makes it ever slower.)
    #[arg(long, default_value_t = 0, value_name = "COMMANDS")]
    renew_after: u64,
}

#[derive(Debug, Serialize)]
pub struct Outcome {
    backend: Backend,
    clients: u32,
    aggregates: u32,
    commands_per_s: f64,
    p50_us: u32,
    p99_us: u32,
    /// Attempts that lost against another command on the same aggregate, and were repeated.
    conflicts: u64,
    errors: u64,
    commands: u64,
    preload_ms: u128,
}

/// What the clients do, shared by all of them.
#[derive(Debug)]
struct Load {
    aggregates: u32,
    renew_after: u64,
    guilds: u32,
    succeeded: AtomicU64,
    from: Instant,
    until: Instant,
    terms: Terms,
    first_error: OnceLock<String>,
}

#[derive(Debug, Default)]
struct Tally {
    latencies_us: Vec<u32>,
    conflicts: u64,
    errors: u64,
}

pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    ensure!(args.clients > 0 && args.aggregates > 0 && args.seconds > 0, "nothing to measure");
    let history = History::new(args.history, MEMBERS)?;
    let guilds = args.aggregates + if args.renew_after > 0 { SPARES } else { 0 };
    let started = Instant::now();
    match args.store.backend {
        Backend::PostgresEs => {
            let connections = args.clients.min(MAX_CONNECTIONS);
            postgres::with_schema(args.store.url()?, connections, async |pool| {
                postgres::fill_stock(pool, guilds, &history).await?;
                let preload = started.elapsed();
                measure(postgres_cqrs(pool.clone(), Vec::new(), ()), &args, guilds, preload).await
            })
            .await
        }
        Backend::SqliteEs => {
            let folder = args.store.folder()?;
            let file = folder.path().join("stock.sqlite");
            sqlite::fill_stock(&file, guilds, &history)?;
            let preload = started.elapsed();
            let pool = default_sqlite_pool(&format!("sqlite://{}", file.display())).await;
            let cqrs = sqlite_cqrs(pool.clone(), Vec::new(), ());
            let outcome = measure(cqrs, &args, guilds, preload).await;
            pool.close().await;
            outcome
        }
    }
}

async fn measure<S: EventStore<Stock, AC: Send> + 'static>(
    cqrs: CqrsFramework<Stock, S>,
    args: &Args,
    guilds: u32,
    preload: Duration,
) -> anyhow::Result<Outcome> {
    let cqrs = Arc::new(cqrs);
    let from = Instant::now() + WARM_UP;
    let window = Duration::from_secs(args.seconds);
    let load = Arc::new(Load {
        aggregates: args.aggregates,
        renew_after: args.renew_after,
        guilds,
        succeeded: AtomicU64::new(0),
        from,
        until: from + window,
        terms: Terms::default(),
        first_error: OnceLock::new(),
    });
    let mut clients = JoinSet::new();
    for number in 0..args.clients {
        clients.spawn(client(Arc::clone(&cqrs), Arc::clone(&load), number));
    }
    let mut all = Tally::default();
    for tally in clients.join_all().await {
        all.latencies_us.extend(tally.latencies_us);
        all.conflicts += tally.conflicts;
        all.errors += tally.errors;
    }
    if let Some(error) = load.first_error.get() {
        eprintln!("baseline: the first of {} errors: {error}", all.errors);
    }
    all.latencies_us.sort_unstable();
    Ok(Outcome {
        backend: args.store.backend,
        clients: args.clients,
        aggregates: args.aggregates,
        commands_per_s: per_second(all.latencies_us.len() as u64, window),
        p50_us: percentile(&all.latencies_us, 50),
        p99_us: percentile(&all.latencies_us, 99),
        conflicts: all.conflicts,
        errors: all.errors,
        commands: all.latencies_us.len() as u64,
        preload_ms: preload.as_millis(),
    })
}

/// Repeats each command until it succeeds; what ends inside the window counts.
async fn client<S: EventStore<Stock, AC: Send>>(
    cqrs: Arc<CqrsFramework<Stock, S>>,
    load: Arc<Load>,
    number: u32,
) -> Tally {
    let mut tally = Tally::default();
    let mut random = Random(u64::from(number) + 1);
    while Instant::now() < load.until {
        let guild = load.choose(&mut random);
        let to = PersonId(random.below(MEMBERS) + 1);
        let started = Instant::now();
        loop {
            let terms = Arc::clone(&load.terms);
            let command = Command::Grant { to, amount: Bytes(1), reason: None, terms };
            let outcome = cqrs.execute(&guild, command).await;
            let now = Instant::now();
            let counts = now >= load.from && now < load.until;
            match outcome {
                Ok(()) => {
                    load.succeeded.fetch_add(1, Ordering::Relaxed);
                    if counts {
                        let took = (now - started).as_micros();
                        tally.latencies_us.push(u32::try_from(took).unwrap_or(u32::MAX));
                    }
                    break;
                }
                Err(AggregateError::AggregateConflict) => tally.conflicts += u64::from(counts),
                Err(error) => {
                    tally.errors += u64::from(counts);
                    load.first_error.get_or_init(|| error.to_string());
                }
            }
            if now >= load.until {
                break;
            }
        }
    }
    tally
}

impl Load {
    fn choose(&self, random: &mut Random) -> String {
        let renewed = self.succeeded.load(Ordering::Relaxed).checked_div(self.renew_after);
        let first = u32::try_from(renewed.unwrap_or(0) % u64::from(self.guilds)).unwrap_or(0);
        let index = (first + random.below(self.aggregates)) % self.guilds;
        (FIRST_GUILD + i64::from(index)).to_string()
    }
}

/// SplitMix64: small, and the same in every run.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(bound)).unwrap_or(0)
    }
}

fn percentile(sorted: &[u32], percent: usize) -> u32 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().unwrap_or(0)
}
