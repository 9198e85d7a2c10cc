//! A log moved from one backend to another, and backed up and restored: read, hashes checked,
//! written durably, read back, every hash recomputed and compared.

use std::{fmt, time::Instant};

use clap::ValueEnum as _;
use eventlog::{
    backup::{self, Making, Moment, Restoring, SEGMENT_EVENTS, Shelf, Sink},
    moving::{Migration, Side},
    people::Registry,
    system_clock,
};
use serde::Serialize;

use super::{
    Failed,
    memory::own_rss_mb,
    per_second,
    rebuild::{self, Size},
    store::{Backend, Folder, Ground, Site, Store},
};

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// sqlite, postgres or eventstoredb
    #[arg(long, default_value = "sqlite")]
    from: String,
    /// sqlite, postgres or eventstoredb
    #[arg(long, default_value = "postgres")]
    to: String,
    #[command(flatten)]
    ground: Ground,
    #[command(flatten)]
    size: Size,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    from: Backend,
    to: Backend,
    events: u64,
    migrated_events_per_s: f64,
    pause_ms: u64,
    backed_up_events_per_s: f64,
    backup_mb: u64,
    restored_events_per_s: f64,
    rss_mb: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, events, pause_ms, rss_mb, backup_mb, .. } = self;
        let (from, to) = (from.name(), to.name());
        let (migrated, restored) = (self.migrated_events_per_s, self.restored_events_per_s);
        let backed_up = self.backed_up_events_per_s;
        write!(
            f,
            "{events} events from {from} to {to}: migrated {migrated:.0} events/s (pause \
             {pause_ms} ms), backed up {backed_up:.0} events/s ({backup_mb} MB), restored \
             {restored:.0} events/s; {rss_mb} MB"
        )
    }
}

pub(super) async fn run(args: Args) -> Result<Outcome, Failed> {
    let backend = |name: &str| Backend::from_str(name, false);
    let (from, to) = (backend(&args.from)?, backend(&args.to)?);
    let sites = [
        Site::make(from, &args.ground).await?,
        Site::make(to, &args.ground).await?,
        Site::make(to, &args.ground).await?,
    ];
    let measured = measure(&sites, &args, (from, to)).await;
    for site in sites {
        site.remove().await?;
    }
    measured
}

async fn measure(
    [source, target, third]: &[Site; 3],
    args: &Args,
    (from, to): (Backend, Backend),
) -> Result<Outcome, Failed> {
    let filled = source.open().await?;
    rebuild::fill(&filled, args.size).await?;
    let events = filled.log.head().await?.0;

    let folder = Folder::make_in(&args.ground.dir())?;
    let place = folder.path().join("backup");
    let made = side(&filled).await?;
    let making = Making {
        log: &made.log,
        people: &made.people,
        proofs: &made.proofs,
        erasures: &made.erasures,
        now: system_clock()(),
        segment: SEGMENT_EVENTS,
    };
    let began = Instant::now();
    let made = backup::make(&making, &mut Sink::Folder(place.clone()), &|_, _| {}).await?;
    let backed_up = per_second(events, began.elapsed());

    let store = third.open().await?;
    let Side { log, people, proofs, erasures, name } = side(&store).await?;
    let until = Moment::End;
    let also = Vec::new();
    let (now, proofs) = (system_clock()(), &proofs);
    let (log, people, erasures) = (&log, &people, erasures.as_path());
    let restoring = Restoring { log, people, proofs, now, erasures, also, name, until };
    let began = Instant::now();
    backup::restore(&restoring, Shelf::open(&place)?, &|_| {}).await?;
    let restored = per_second(events, began.elapsed());
    store.close().await;

    let store = target.open().await?;
    let migration =
        Migration { source: side(&filled).await?, target: side(&store).await?, live: true };
    let began = Instant::now();
    let moved = migration.run(&|_| {}).await?;
    let migrated = per_second(events, began.elapsed());
    drop(migration);
    store.close().await;
    filled.close().await;
    Ok(Outcome {
        from,
        to,
        events: moved.events,
        migrated_events_per_s: migrated,
        pause_ms: moved.pause_ms,
        backed_up_events_per_s: backed_up,
        backup_mb: made.bytes / 1_000_000,
        restored_events_per_s: restored,
        rss_mb: own_rss_mb(),
    })
}

async fn side(store: &Store) -> Result<Side, Failed> {
    let people = match &store.pool {
        Some(pool) => Registry::postgres(pool.clone()).await?,
        None => Registry::sqlite(&store.folder)?,
    };
    let proofs = store.proofs.records();
    let (log, erasures) = (std::sync::Arc::clone(&store.log), store.folder.join("erasures"));
    Ok(Side { log, people, proofs, erasures, name: store.log.backend().to_owned() })
}
