//! Writing: what waits for one stream goes to the server as one append; streams do not wait for each
//! other. The server's expected revision is the referee between processes, and there is no lock.

use std::{collections::HashMap, sync::Arc};

use domain::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::{Id, JoinHandle, JoinSet},
};

use super::{ServerOptions, follow::Shared, lane};
use crate::{envelope::StreamId, log::Queued};

/// What a lane needs to know besides its appends.
#[derive(Clone, Debug)]
pub(super) struct Means {
    pub shared: Arc<Shared>,
}

pub(super) fn start(
    shared: Arc<Shared>,
    options: ServerOptions,
    queue: mpsc::Receiver<Queued>,
    stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let means = Means { shared };
    let writer = Writer {
        means,
        options,
        lanes: JoinSet::new(),
        streams: HashMap::new(),
        waiting: HashMap::new(),
        in_flight: 0,
    };
    tokio::spawn(writer.run(queue, stop))
}

struct Writer {
    means: Means,
    options: ServerOptions,
    /// One task for each stream that is being written to.
    lanes: JoinSet<()>,
    streams: HashMap<Id, (StreamId, usize)>,
    /// What came for a stream while it was being written to.
    waiting: HashMap<StreamId, Vec<Queued>>,
    /// Appends that were taken from the queue and have no answer yet.
    in_flight: usize,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Queued>, mut stop: watch::Receiver<bool>) {
        let mut open = true;
        let mut taken = Vec::new();
        while open || !self.lanes.is_empty() {
            let room = self.options.batch.saturating_sub(self.in_flight);
            tokio::select! {
                Some(ended) = self.lanes.join_next_with_id() => {
                    self.ended(match &ended {
                        Ok((id, ())) => *id,
                        Err(failed) => failed.id(),
                    });
                }
                count = queue.recv_many(&mut taken, room), if open && room > 0 => {
                    open = count > 0;
                    self.take(&mut taken);
                }
                // An error means that the log was dropped, which is a stop as well.
                _ = stop.wait_for(|stop| *stop), if !queue.is_closed() => queue.close(),
            }
        }
    }

    fn take(&mut self, taken: &mut Vec<Queued>) {
        if taken.is_empty() {
            return;
        }
        metrics::counter!("reeve_log_batches_total").increment(1);
        metrics::counter!("reeve_log_appends_total").increment(taken.len() as u64);
        let at = self.now();
        self.in_flight += taken.len();
        let mut idle = Vec::new();
        for queued in taken.drain(..) {
            let stream = &queued.append.stream;
            if let Some(waiting) = self.waiting.get_mut(stream) {
                waiting.push(queued);
            } else {
                idle.push(stream.clone());
                self.waiting.insert(stream.clone(), vec![queued]);
            }
        }
        for stream in idle {
            self.open_lane(stream, at);
        }
    }

    /// Never before the last event that is known.
    fn now(&self) -> Timestamp {
        let last = self.means.shared.last_at.load(std::sync::atomic::Ordering::Acquire);
        (self.options.clock)().max(Timestamp::from_micros(last))
    }

    fn open_lane(&mut self, stream: StreamId, at: Timestamp) {
        let Some(waiting) = self.waiting.get_mut(&stream) else { return };
        let appends = std::mem::take(waiting);
        let count = appends.len();
        let task = self.lanes.spawn(lane::write(self.means.clone(), stream.clone(), appends, at));
        self.streams.insert(task.id(), (stream, count));
    }

    fn ended(&mut self, id: Id) {
        let Some((stream, count)) = self.streams.remove(&id) else { return };
        self.in_flight -= count;
        if self.waiting.get(&stream).is_none_or(Vec::is_empty) {
            self.waiting.remove(&stream);
        } else {
            let at = self.now();
            self.open_lane(stream, at);
        }
    }
}
