//! All connections of this process: they begin as Discord allows, one that crashes begins again,
//! and they end without losing what was begun.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::FutureExt as _;
use tokio::{sync::watch, task::JoinHandle};

use super::{
    health::State,
    shard::{self, End, Line},
};

/// Between a crash and the next beginning, doubling up to the second.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// Whoever ran this long has recovered from the crash before.
const RECOVERED: Duration = Duration::from_mins(2);

#[derive(Debug)]
pub struct Gateway {
    tasks: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
    refused: watch::Receiver<Option<String>>,
}

impl Gateway {
    pub fn start(
        line: Line,
        numbers: std::ops::RangeInclusive<u32>,
        stop: watch::Sender<bool>,
    ) -> Self {
        let (refuse, refused) = watch::channel(None);
        let line = Arc::new(line);
        let begin = |number| {
            let (line, refuse) = (Arc::clone(&line), refuse.clone());
            tokio::spawn(keep(line, number, refuse))
        };
        let tasks = numbers.map(begin).collect();
        Self { tasks, stop, refused }
    }

    /// Until Discord will not have us any more; what a person has to do then.
    pub async fn refused(&mut self) -> String {
        let why = self.refused.wait_for(Option::is_some).await.map(|why| why.clone());
        match why {
            Ok(why) => why.unwrap_or_default(),
            // All connections ended as they were told.
            Err(_) => std::future::pending().await,
        }
    }

    /// No new events; what they began is finished, and where the sessions stand is saved.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

async fn keep(line: Arc<Line>, number: u32, refuse: watch::Sender<Option<String>>) {
    let health = line.edge.health.clone();
    let crashed = |wait: Duration| {
        health.shard(number, State::Reconnecting);
        metrics::counter!("reeve_discord_shard_crashes_total").increment(1);
        let id = projections::error_id();
        tracing::error!(
            error.id = id,
            shard = number,
            wait_secs = wait.as_secs(),
            "a connection to Discord crashed; it begins again"
        );
    };
    let run = || shard::run(&line, number);
    let end = supervise(run, crashed, FIRST_WAIT, line.stop.clone()).await;
    if let Some(End::Refused(why)) = end {
        line.edge.health.shard(number, State::Stopped);
        line.edge.health.stopped(&why);
        refuse.send_replace(Some(why));
    }
}

/// Runs it until it ends by itself; after a crash it begins again, later each time.
async fn supervise<T, F: Future<Output = T>>(
    mut run: impl FnMut() -> F,
    mut crashed: impl FnMut(Duration),
    first_wait: Duration,
    mut stop: watch::Receiver<bool>,
) -> Option<T> {
    let mut wait = first_wait;
    loop {
        let began = Instant::now();
        // Each run begins with nothing of the one before, so nothing half done is seen again.
        if let Ok(end) = AssertUnwindSafe(run()).catch_unwind().await {
            return Some(end);
        }
        if began.elapsed() > RECOVERED {
            wait = first_wait;
        }
        crashed(wait);
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(LONGEST_WAIT),
            () = shard::told(&mut stop) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(1);

    // proves: OPS-10
    #[tokio::test]
    async fn given_a_connection_that_crashes_then_it_begins_again_later_each_time() {
        let (_stop, stopped) = watch::channel(false);
        let (mut runs, mut waits) = (0, Vec::new());
        let run = || {
            runs += 1;
            let crash = runs < 4;
            async move {
                assert!(!crash, "on purpose");
                "ended"
            }
        };
        let end = supervise(run, |wait| waits.push(wait.as_millis()), FIRST, stopped).await;
        assert_eq!((end, waits), (Some("ended"), vec![1, 2, 4]));
    }

    #[tokio::test]
    async fn given_a_stop_while_it_waits_then_it_does_not_begin_again() {
        let (stop, stopped) = watch::channel(false);
        let run = || async { panic!("on purpose") };
        let crashed = |_| {
            stop.send_replace(true);
        };
        assert_eq!(supervise::<(), _>(run, crashed, FIRST_WAIT, stopped).await, None);
    }
}
