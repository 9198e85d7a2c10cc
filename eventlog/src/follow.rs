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

    /// The next events; waits for some when there are none. A page may be empty where only
    /// others' guilds had news: it still moves the position.
    pub async fn next(&mut self, limit: usize) -> Result<Page, LogError> {
        loop {
            self.woken.mark_unchanged();
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
    use std::sync::atomic::{AtomicU64, Ordering};

    use async_trait::async_trait;
    use domain::{EventId, GuildId};

    use super::*;
    use crate::{
        envelope::{Recorded, StreamId},
        log::Appender,
        tail::Tail,
    };

    /// A log that never has anything, and whose writer is gone.
    #[derive(Debug)]
    struct Still {
        appender: Appender,
        tail: Tail,
        reads: AtomicU64,
    }

    #[async_trait]
    impl EventLog for Still {
        fn backend(&self) -> &'static str {
            "still"
        }
        fn appender(&self) -> &Appender {
            &self.appender
        }
        fn watch(&self) -> watch::Receiver<Position> {
            watch::channel(Position::START).1
        }
        fn tail(&self) -> &Tail {
            &self.tail
        }
        async fn head(&self) -> Result<Position, LogError> {
            Ok(Position::START)
        }
        async fn stream_head(&self, _: &StreamId) -> Result<u64, LogError> {
            Ok(0)
        }
        async fn read_stream(
            &self,
            _: &StreamId,
            _: u64,
            _: usize,
        ) -> Result<Vec<Recorded>, LogError> {
            Ok(Vec::new())
        }
        async fn read_guild(
            &self,
            _: GuildId,
            _: u64,
            _: usize,
        ) -> Result<Vec<Recorded>, LogError> {
            Ok(Vec::new())
        }
        async fn read_all(&self, _: Position, _: usize, _: Slice) -> Result<Page, LogError> {
            self.reads.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok(Page::default())
        }
        async fn find(&self, _: EventId) -> Result<Option<Recorded>, LogError> {
            Ok(None)
        }
        async fn shutdown(&self) {}
    }

    #[tokio::test]
    async fn given_nobody_who_writes_then_a_follower_looks_once_in_a_while() {
        let (appender, _) = Appender::new(1);
        let log = Arc::new(Still { appender, tail: Tail::default(), reads: AtomicU64::new(0) });
        let mut follower =
            Follower::new(Arc::clone(&log) as Arc<dyn EventLog>, Position::START, Slice::ALL);
        let nothing = tokio::time::timeout(POLL / 4, follower.next(10)).await;
        assert!(nothing.is_err());
        assert_eq!(log.reads.load(Ordering::SeqCst), 1);
    }
}
