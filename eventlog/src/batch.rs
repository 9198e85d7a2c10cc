//! Group commit: what waits together is written together.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use crate::log::{Appended, LogError, Queued};

/// No append waits longer than this for others to come.
const MAX_PATIENCE: Duration = Duration::from_millis(1);

pub(crate) struct Batches {
    queue: mpsc::Receiver<Queued>,
    stop: watch::Receiver<bool>,
    most: usize,
    /// Appends of the last batch, and when it was handed out.
    last: usize,
    handed_out: Instant,
}

impl Batches {
    pub fn new(queue: mpsc::Receiver<Queued>, stop: watch::Receiver<bool>, most: usize) -> Self {
        Self { queue, stop, most, last: 0, handed_out: Instant::now() }
    }

    /// The next batch, as soon as there is one; none once the log was told to stop and
    /// everything that waited was written.
    pub async fn next(&mut self) -> Option<Vec<Queued>> {
        let writing = self.handed_out.elapsed();
        let mut batch = Vec::with_capacity(self.last.max(8));
        tokio::select! {
            biased;
            count = self.queue.recv_many(&mut batch, self.most) => {
                if count == 0 {
                    return None;
                }
            }
            () = stopped(&mut self.stop) => {
                self.queue.close();
                if self.queue.recv_many(&mut batch, self.most).await == 0 {
                    return None;
                }
            }
        }
        self.gather(&mut batch, writing / 2).await;
        metrics::counter!("reeve_log_batches_total").increment(1);
        metrics::counter!("reeve_log_appends_total").increment(batch.len() as u64);
        self.last = batch.len();
        self.handed_out = Instant::now();
        Some(batch)
    }

    /// Clients that were answered together ask again together. Committing the first of them alone
    /// would cost the others a whole round, so the writer lets them come, for as long as that is
    /// sure to cost less than the round.
    async fn gather(&mut self, batch: &mut Vec<Queued>, patience: Duration) {
        let expected = self.last.min(self.most);
        let until = Instant::now() + patience.min(MAX_PATIENCE);
        while batch.len() < expected && Instant::now() < until {
            // Others of this runtime first, then others of this machine.
            tokio::task::yield_now().await;
            std::thread::yield_now();
            while batch.len() < self.most {
                match self.queue.try_recv() {
                    Ok(queued) => batch.push(queued),
                    Err(_) => break,
                }
            }
        }
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the log was dropped, which is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

pub(crate) fn answer(batch: Vec<Queued>, outcomes: Vec<Appended>) {
    for (queued, outcome) in batch.into_iter().zip(outcomes) {
        let _ = queued.answer.send(Ok(outcome));
    }
}

/// Nothing of the batch was written, as far as is known: no decision that stands on it may stay.
pub(crate) fn fail(batch: Vec<Queued>, error: &LogError) {
    for queued in batch {
        queued.append.fence.raise();
        let _ = queued.answer.send(Err(error.clone()));
    }
}
