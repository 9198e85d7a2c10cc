//! A view of balances, rebuilt the way cqrs-es offers it: `QueryReplay` hands every event to a
//! `GenericQuery`, which loads the guild's view, changes it and stores it, durably, one by one.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use compat_postgres_es::{Balances, Stock};
use cqrs_es::{
    EventEnvelope, Query,
    persist::{GenericQuery, PersistedEventRepository, QueryReplay, ViewRepository},
};
use postgres_es::{PostgresEventRepository, PostgresViewRepository};
use serde::Serialize;
use sqlite_es::{SqliteEventRepository, SqliteViewRepository, default_sqlite_pool};

use crate::{Backend, Store, history::History, per_second, postgres, sqlite};

/// As postgres-es's own pool; one replay never has more than two in use.
const CONNECTIONS: u32 = 10;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    store: Store,
    #[arg(long, default_value_t = 200_000)]
    events: u32,
    #[arg(long, default_value_t = 100)]
    aggregates: u32,
    /// Members of each guild, so how large its view is.
    #[arg(long, default_value_t = 50)]
    members: u32,
    /// Stop after so many seconds and count what was done.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

#[derive(Debug, Serialize)]
pub struct Outcome {
    backend: Backend,
    events_per_s: f64,
    events: u64,
    errors: u64,
}

/// When the first event came, so that the sorting before it is not held against the replay: in
/// a run cut short it would weigh too much.
#[derive(Debug, Default)]
struct Progress {
    began: OnceLock<Instant>,
    dispatched: AtomicU64,
    errors: AtomicU64,
}

struct Counted<Q> {
    query: Q,
    progress: Arc<Progress>,
}

#[async_trait::async_trait]
impl<Q: Query<Stock>> Query<Stock> for Counted<Q> {
    async fn dispatch(&self, aggregate_id: &str, events: &[EventEnvelope<Stock>]) {
        self.progress.began.get_or_init(Instant::now);
        self.query.dispatch(aggregate_id, events).await;
        self.progress.dispatched.fetch_add(events.len() as u64, Ordering::Relaxed);
    }
}

pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    ensure!(args.aggregates > 0 && args.members > 0, "nothing to rebuild");
    let history = History::new(args.events.div_ceil(args.aggregates), args.members)?;
    match args.store.backend {
        Backend::PostgresEs => {
            postgres::with_schema(args.store.url()?, CONNECTIONS, async |pool| {
                postgres::fill_stock(pool, args.aggregates, &history).await?;
                let events = PostgresEventRepository::new(pool.clone());
                let view = PostgresViewRepository::new("balances", pool.clone());
                replay(events, view, &args).await
            })
            .await
        }
        Backend::SqliteEs => {
            let folder = args.store.folder()?;
            let file = folder.path().join("stock.sqlite");
            sqlite::fill_stock(&file, args.aggregates, &history)?;
            let pool = default_sqlite_pool(&format!("sqlite://{}", file.display())).await;
            let events = SqliteEventRepository::new(pool.clone());
            let view = SqliteViewRepository::new("balances", pool.clone());
            let outcome = replay(events, view, &args).await;
            pool.close().await;
            outcome
        }
    }
}

async fn replay<R, V>(events: R, view: V, args: &Args) -> anyhow::Result<Outcome>
where
    R: PersistedEventRepository,
    V: ViewRepository<Balances, Stock> + 'static,
{
    let progress = Arc::new(Progress::default());
    let mut query = GenericQuery::new(Arc::new(view));
    let noted = Arc::clone(&progress);
    query.use_error_handler(Box::new(move |error| {
        if noted.errors.fetch_add(1, Ordering::Relaxed) == 0 {
            eprintln!("baseline: the first error of the view: {error}");
        }
    }));
    let replay = QueryReplay::new(events, Counted { query, progress: Arc::clone(&progress) });
    let limit = Duration::from_secs(args.seconds);
    match tokio::time::timeout(limit, replay.replay_all()).await {
        Ok(outcome) => outcome.context("the replay failed")?,
        Err(_elapsed) => {}
    }
    let began = progress.began.get().context("the replay saw no event")?;
    let events = progress.dispatched.load(Ordering::Relaxed);
    Ok(Outcome {
        backend: args.store.backend,
        events_per_s: per_second(events, began.elapsed()),
        events,
        errors: progress.errors.load(Ordering::Relaxed),
    })
}
