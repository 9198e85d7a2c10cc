//! The balances built from nothing by the real projection runtime: read, check hashes, decode,
//! fold, write rows and checkpoint, until the checkpoint is at the head and on the disk.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::ValueEnum as _;
use eventlog::{system_clock, values};
use projections::{Runtime, RuntimeOptions};
use rusqlite::Connection;
use serde::Serialize;

use super::{
    Failed, history,
    memory::own_rss_mb,
    store::{Backend, Ground, Store, on_fresh_store},
};

const PROJECTION: &str = "balances";
const LOOK: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_mins(10);
/// So that neighbours in the log are different guilds' events, as in life.
const AT_A_TIME: u32 = 4;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// sqlite or postgres (as the setting of that name)
    #[arg(long)]
    store: String,
    #[command(flatten)]
    pub ground: Ground,
    #[command(flatten)]
    pub size: Size,
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Size {
    /// Events in the log
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub events: u32,
    /// Guilds among which they are
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub guilds: u32,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    pub store: Backend,
    pub events: u64,
    pub events_per_s: f64,
    pub rss_mb: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, events_per_s, rss_mb, .. } = self;
        write!(f, "{events} events at {events_per_s:.0} events/s; {rss_mb} MB")
    }
}

impl Args {
    pub fn backend(&self) -> Result<Backend, Failed> {
        Ok(Backend::from_str(&self.store, false).map_err(|error| format!("--store: {error}"))?)
    }
}

pub(super) async fn run(args: Args) -> Result<Outcome, Failed> {
    let backend = args.backend()?;
    on_fresh_store(backend, &args.ground, async |store| {
        fill(store, args.size).await?;
        rebuild(store, backend).await
    })
    .await
}

/// A log of lively guilds.
pub(super) async fn fill(store: &Store, size: Size) -> Result<(), Failed> {
    let per_guild = size.events.div_ceil(size.guilds);
    history::fill(&*store.log, size.guilds, per_guild, AT_A_TIME, history::lively).await?;
    store.analyze().await
}

pub(super) async fn rebuild(store: &Store, backend: Backend) -> Result<Outcome, Failed> {
    let head = store.log.head().await?.0;
    let began = Instant::now();
    let runtime = start(store, &[PROJECTION]).await?;
    let built = reach(store, &[PROJECTION], head, began).await;
    let took = began.elapsed();
    let rss_mb = own_rss_mb();
    runtime.shutdown().await;
    built?;
    Ok(Outcome {
        store: backend,
        events: head,
        events_per_s: super::per_second(head, took),
        rss_mb,
    })
}

/// The runtime with these projections only.
pub(super) async fn start(store: &Store, names: &[&str]) -> Result<Runtime, Failed> {
    let mut only = projections::registered();
    only.retain(|projection| names.contains(&projection.name()));
    let (read, log) = (store.read.clone(), Arc::clone(&store.log));
    Ok(Runtime::start(only, read, log, system_clock(), RuntimeOptions::default()).await?)
}

pub(super) async fn reach(
    store: &Store,
    names: &[&str],
    head: u64,
    began: Instant,
) -> Result<(), Failed> {
    let sql = "SELECT MIN(position) FROM projection_checkpoints WHERE name = $1";
    for name in names {
        loop {
            let rows = store.read.query(sql, &values![*name]).await?;
            if rows.first().is_some_and(|row| row.count(0).is_ok_and(|position| position >= head)) {
                break;
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("{name} did not reach the head of the log").into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
    // SQLite's read models are not synced commit by commit, because they can be computed again.
    // Here they are to be durable, so the last sync is waited for.
    if store.pool.is_none() {
        let connection = Connection::open(store.folder.join("read.db"))?;
        connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(()))?;
    }
    Ok(())
}

/// Forgets what was built, so that it can be built again.
pub(super) async fn forget(store: &Store) -> Result<(), Failed> {
    let forget = format!(
        "DROP VIEW {PROJECTION}; DROP TABLE {PROJECTION}_v1; \
         DELETE FROM projection_builds; DELETE FROM projection_checkpoints;"
    );
    match &store.pool {
        Some(pool) => {
            sqlx::raw_sql(sqlx::AssertSqlSafe(forget)).execute(pool).await?;
        }
        None => Connection::open(store.folder.join("read.db"))?.execute_batch(&forget)?,
    }
    Ok(())
}
