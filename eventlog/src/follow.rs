//! Following a log: what is there, then what comes, without loss or repetition.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{
    envelope::Position,
    log::{EventLog, LogError, Page, Slice},
};

/// Looks for itself this often, should it ever miss a wake-up.
const POLL: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Follower {
    log: Arc<dyn EventLog>,
    woken: watch::Receiver<Position>,
    after: Position,
    slice: Slice,
}

impl Follower {
    pub fn new(log: Arc<dyn EventLog>, after: Position, slice: Slice) -> Self {
        let woken = log.watch();
        Self { log, woken, after, slice }
    }

    /// The next events; waits for some when there are none, and in a rush lets people go first. A page may be empty where only
    /// others' guilds had news: it still moves the position.
    pub async fn next(&mut self, limit: usize) -> Result<Page, LogError> {
        loop {
            self.woken.mark_unchanged();
            self.log.tail().rush().over().await;
            let page = self.log.tail().read(&*self.log, self.after, limit, self.slice).await?;
            if page.up_to > self.after {
                self.after = page.up_to;
                return Ok(page);
            }
            match tokio::time::timeout(POLL, self.woken.changed()).await {
                Ok(Ok(())) | Err(_) => {}
                // Nobody writes here any more, but another process may.
                Ok(Err(_)) => tokio::time::sleep(POLL).await,
            }
        }
    }

    /// Goes on from another position: after a rebuild, or when a batch must be read again.
    pub const fn seek(&mut self, after: Position) {
        self.after = after;
    }

    pub const fn position(&self) -> Position {
        self.after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tail::tests::long;

    #[tokio::test]
    async fn given_nobody_who_writes_then_a_follower_looks_once_in_a_while() {
        let log = Arc::new(long(0, 0));
        let mut follower =
            Follower::new(Arc::clone(&log) as Arc<dyn EventLog>, Position::START, Slice::ALL);
        let nothing = tokio::time::timeout(POLL / 4, follower.next(10)).await;
        assert!(nothing.is_err());
        assert_eq!(log.reads(), 1);
    }
}
