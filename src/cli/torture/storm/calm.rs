//! How much of what the storm began has not come to its end: while it rages there is no more of it
//! than the bot gets done between kills, and afterwards all of it is waited for.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use eventlog::{sql, system_clock, values};
use projections::Status;
use tokio::task::JoinHandle;

use super::scene::Scene;
use crate::{
    cli::bench::Failed,
    config::{Config, ConfigArgs},
    node::{Access, Node},
    processes::{Outbox, status},
};

/// A machine may be slow; what makes no progress for so long has come to no end.
const PATIENCE: Duration = Duration::from_mins(3);
/// Effects that may wait while the storm goes on.
const ENOUGH: u64 = 60;
/// What fires within so long belongs to the storm.
const SOON_SECS: i64 = 600;
const LOOK: Duration = Duration::from_millis(200);

/// Says whether the bot has too much to do, until it is over. A bot that only falls further behind
/// would be tested for nothing but its queue.
pub(super) fn watch(
    folder: &Path,
    scene: Arc<Scene>,
    over: Arc<AtomicBool>,
) -> Result<JoinHandle<()>, Failed> {
    let outbox = Outbox::new(sql::open_work(folder)?, system_clock());
    Ok(tokio::spawn(async move {
        while !over.load(Ordering::Relaxed) {
            // Whoever is killed while it writes may hold it for a moment.
            if let Ok(unfinished) = outbox.unfinished().await {
                scene.busy.store(unfinished > ENOUGH, Ordering::Relaxed);
            }
            tokio::time::sleep(LOOK).await;
        }
    }))
}

/// The store of the bot that runs in this folder, once nothing is left to fold, to react to, to be
/// drawn or to do in Discord.
pub(super) async fn reached(folder: &Path) -> Result<Node, Failed> {
    let data_dir = Some(folder.to_string_lossy().into_owned());
    let args = ConfigArgs { data_dir, ..ConfigArgs::default() };
    let variables: [(String, String); 0] = [];
    let config = Config::load(&args, variables, folder).map_err(|error| error.to_string())?;
    let node = Node::open(config, Access::Read).await?;
    let (mut least, mut since) = (u64::MAX, Instant::now());
    loop {
        let head = node.log.head().await?;
        let left = left(&node).await?;
        // What one thing came to while the others were looked at is an event.
        if left == 0 && node.log.head().await? == head {
            return Ok(node);
        }
        if left < least {
            (least, since) = (left, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            let parked = status::parked(&node.work).await?;
            return Err(format!("{left} things come to no end; parked: {parked:?}").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn left(node: &Node) -> Result<u64, Failed> {
    let builds = Status::new(node.store.clone()).builds(&*node.log, (node.clock)()).await?;
    let processes = status::processes(&node.work, &*node.log).await?;
    // The others wait for the end of a warning or a timeout, which is days away.
    let soon = (node.clock)().plus_secs(SOON_SECS);
    let sql = "SELECT COUNT(*) FROM timers \
               WHERE state = 'firing' OR (state = 'waiting' AND next_at <= $1)";
    let rows = node.work.query(sql, &values![soon]).await?;
    let timers = rows.first().map_or(Ok(0), |row| row.count(0))?;
    Ok(timers
        + node.outbox.unfinished().await?
        + builds.iter().map(|build| build.lag_events).sum::<u64>()
        + processes.iter().map(|process| process.lag_events + process.parked_guilds).sum::<u64>())
}
