//! Waits until everything that the storm began has come to its end.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use eventlog::values;
use projections::Status;

use crate::{
    cli::bench::Failed,
    config::{Config, ConfigArgs},
    node::{Access, Node},
    processes::status,
};

/// A machine may be slow; what makes no progress for so long has come to no end.
const PATIENCE: Duration = Duration::from_mins(3);
const LOOK: Duration = Duration::from_millis(200);

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
        let left = left(&node).await?;
        if left == 0 {
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
    let effects = node.outbox.counts().await?;
    // Of other timers there are some that fire in a month.
    let sql = "SELECT COUNT(*) FROM timers WHERE state IN ('waiting', 'firing') \
               AND kind LIKE 'giveaway.%'";
    let rows = node.work.query(sql, &values![]).await?;
    let timers = rows.first().map_or(Ok(0), |row| row.count(0))?;
    Ok(effects.waiting
        + effects.calling
        + effects.unknown
        + effects.untold
        + timers
        + builds.iter().map(|build| build.lag_events).sum::<u64>()
        + processes.iter().map(|process| process.lag_events + process.parked_guilds).sum::<u64>())
}
