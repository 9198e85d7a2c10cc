//! Group commit: what waits together is written together.

use tokio::sync::{mpsc, watch};

use crate::log::{Appended, LogError, Queued};

pub(crate) struct Batches {
    queue: mpsc::Receiver<Queued>,
    stop: watch::Receiver<bool>,
    most: usize,
    last: usize,
}

impl Batches {
    pub fn new(queue: mpsc::Receiver<Queued>, stop: watch::Receiver<bool>, most: usize) -> Self {
        Self { queue, stop, most, last: 0 }
    }

    /// The next batch, as soon as there is one; none once the log was told to stop and
    /// everything that waited was written.
    pub async fn next(&mut self) -> Option<Vec<Queued>> {
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
        self.gather(&mut batch).await;
        self.last = batch.len();
        Some(batch)
    }

    /// Clients that were answered together ask again together. Committing the first of them alone
    /// would cost the others a whole round, so the writer lets them run before it commits; it
    /// gives up as soon as one turn brings nobody new.
    async fn gather(&mut self, batch: &mut Vec<Queued>) {
        while batch.len() < self.last.min(self.most) {
            tokio::task::yield_now().await;
            let room = self.most - batch.len();
            let before = batch.len();
            while batch.len() - before < room {
                match self.queue.try_recv() {
                    Ok(queued) => batch.push(queued),
                    Err(_) => break,
                }
            }
            if batch.len() == before {
                break;
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
