//! Follows the log and signs each guild's tree: one process at a time, at most a second behind.

mod pass;

use std::{sync::Arc, time::Duration};

use domain::GuildId;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout},
};

use self::pass::Pass;
use super::{ProofError, Proofs};
use crate::{
    envelope::Position,
    log::{EventLog, LogError},
};

/// How long a process keeps sealing to itself without a sign of life.
const LEASE_SECS: i64 = 10;
const RENEW: Duration = Duration::from_secs(3);
const RETRY: Duration = Duration::from_millis(500);
const MAX_RETRY: Duration = Duration::from_secs(4);
/// Between two looks at a log that is being written.
const PAUSE: Duration = Duration::from_millis(10);
/// So few events wait to be read together.
const FEW: u64 = 128;
const FEW_WAIT: Duration = Duration::from_millis(100);
/// Between two looks at a log that is quiet here; another process may write to it.
const LOOK: Duration = Duration::from_millis(400);

/// Told of every checkpoint, as soon as it is stored: who posts them to a channel of the guild's
/// own. It must not wait. Whoever must not miss one follows the checkpoints in the store.
pub trait Witness: Send + Sync {
    fn sealed(&self, guild: GuildId, size: u64, note: &str);
}

#[derive(Clone)]
pub struct SealerOptions {
    pub witness: Option<Arc<dyn Witness>>,
    /// Most checkpoints that are signed in a second, over all guilds, while fewer events than that
    /// happen: then no guild is a second behind.
    pub checkpoints_per_second: u32,
    /// A busier log leaves less time for signing: one checkpoint for so many events. Guilds then
    /// take turns, and one that would be 256 events behind is sealed before its turn.
    pub events_per_checkpoint: u32,
}

impl Default for SealerOptions {
    fn default() -> Self {
        Self { witness: None, checkpoints_per_second: 1_000, events_per_checkpoint: 128 }
    }
}

impl std::fmt::Debug for SealerOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let per_second = self.checkpoints_per_second;
        f.debug_struct("SealerOptions").field("per_second", &per_second).finish_non_exhaustive()
    }
}

/// A running sealer.
#[derive(Debug)]
pub struct Sealer {
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Sealer {
    /// Begins to seal. Where another process does, it waits for its turn.
    pub fn start(proofs: Proofs, log: Arc<dyn EventLog>, options: SealerOptions) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(run(proofs, log, options, stopped));
        Self { task, stop }
    }

    /// Seals what is left, and lets another process have its turn.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        let _ = self.task.await;
    }
}

/// Seals everything up to the end of the log, for a process that is about to end.
pub async fn seal_now(proofs: &Proofs, log: &Arc<dyn EventLog>) -> Result<(), ProofError> {
    let options = SealerOptions::default();
    let owner = uuid::Uuid::new_v4().to_string();
    let Some(mut pass) = Pass::begin(proofs, log, &options, &owner).await? else {
        return Err(ProofError::Refused(
            "another process seals this log; ask again in a second".to_owned(),
        ));
    };
    while pass.read().await? {
        pass.seal_all().await?;
    }
    pass.seal_all().await?;
    Ok(proofs.release(&owner).await?)
}

async fn run(
    proofs: Proofs,
    log: Arc<dyn EventLog>,
    options: SealerOptions,
    mut stop: watch::Receiver<bool>,
) {
    let owner = uuid::Uuid::new_v4().to_string();
    let mut pause = RETRY;
    while !is_over(&stop) {
        let began = Instant::now();
        if let Err(error) = hold(&proofs, &log, &options, &owner, &mut stop).await {
            // What went well for a while is tried again soon.
            pause = if began.elapsed() > RENEW { RETRY } else { MAX_RETRY.min(pause * 2) };
            tracing::warn!(%error, "sealing cannot go on; trying again");
        }
        tokio::select! {
            () = sleep(pause) => {}
            () = stopped(&mut stop) => {}
        }
    }
    if let Err(error) = proofs.release(&owner).await {
        tracing::debug!(%error, "the lease of the sealer is left to run out");
    }
}

/// Seals until it is told to stop, or until another process has the lease.
async fn hold(
    proofs: &Proofs,
    log: &Arc<dyn EventLog>,
    options: &SealerOptions,
    owner: &str,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), ProofError> {
    let Some(mut pass) = Pass::begin(proofs, log, options, owner).await? else { return Ok(()) };
    let mut written = log.watch();
    let mut renew = Instant::now() + RENEW;
    while !is_over(stop) {
        let next = Instant::now() + PAUSE;
        let more = pass.read().await?;
        pass.seal_due().await?;
        if Instant::now() >= renew {
            pass.renew().await?;
            renew = Instant::now() + RENEW;
        }
        if !more {
            let look = pass.next_due().map_or(LOOK, |due| due.min(LOOK));
            tokio::select! {
                () = news(&mut written, pass.position(), look) => {}
                () = stopped(stop) => break,
            }
        }
        sleep_until(next).await;
    }
    while pass.read().await? {
        pass.seal_all().await?;
    }
    pass.seal_all().await
}

/// Waits for something new in the log, and not for ever: another process may write to it. A few
/// events wait a moment for more.
async fn news(written: &mut watch::Receiver<Position>, read: Position, at_most: Duration) {
    let many = |head: &Position| head.0 >= read.0 + FEW;
    let more = async {
        written.wait_for(|head| *head > read).await?;
        let _ = timeout(FEW_WAIT, written.wait_for(many)).await;
        Ok::<_, watch::error::RecvError>(())
    };
    if matches!(timeout(at_most, more).await, Ok(Err(_))) {
        // Nobody writes here any more.
        sleep(at_most).await;
    }
}

/// Told to stop, or left alone.
fn is_over(stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err()
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

impl From<NotHeld> for ProofError {
    fn from(_: NotHeld) -> Self {
        LogError::Unavailable("another process seals now".to_owned()).into()
    }
}

/// Another process took the lease.
#[derive(Debug)]
struct NotHeld;
