//! Faults on request.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::watch;

/// What becomes of one append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteFault {
    /// Not written, and the answer is that the server is not available.
    Lost,
    /// Written, and the answer is lost.
    AnswerLost,
    /// The answer is lost at once, and the append is written this much later.
    Late(Duration),
    /// Written, and answered this much later.
    Slow(Duration),
    /// Not written, and never answered.
    Silence,
    /// Turned away to another node.
    NotLeader { host: String, port: u16 },
}

/// How a subscription ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drop {
    /// With an error.
    Unavailable,
    /// As if there was nothing more to come.
    Gracefully,
}

/// What the next calls suffer. Shared: a test keeps one end.
#[derive(Debug)]
pub struct Faults {
    writes: Mutex<VecDeque<WriteFault>>,
    /// Before every answer of a read, in milliseconds.
    slow_reads_ms: AtomicU64,
    failing_reads: AtomicU64,
    /// Every change ends all subscriptions there are.
    drops: watch::Sender<(u64, Drop)>,
    /// Subscriptions say nothing more, and nobody is told.
    stalled: watch::Sender<bool>,
    /// Writes that were hit.
    hit: AtomicU64,
    /// Writes that were answered and have not landed yet.
    late: AtomicU64,
    subscriptions: AtomicU64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            writes: Mutex::default(),
            slow_reads_ms: AtomicU64::new(0),
            failing_reads: AtomicU64::new(0),
            drops: watch::channel((0, Drop::Unavailable)).0,
            stalled: watch::channel(false).0,
            hit: AtomicU64::new(0),
            late: AtomicU64::new(0),
            subscriptions: AtomicU64::new(0),
        }
    }
}

impl Faults {
    /// One of the next appends suffers this; each fault hits one append, in this order.
    pub fn of_next_write(&self, fault: WriteFault) {
        self.writes.lock().push_back(fault);
    }

    /// Every read waits so long before each page of its answer.
    pub fn slow_reads(&self, pause: Duration) {
        let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self.slow_reads_ms.store(millis, Ordering::SeqCst);
    }

    /// So many of the next reads fail.
    pub fn fail_reads(&self, count: u64) {
        self.failing_reads.store(count, Ordering::SeqCst);
    }

    pub fn drop_subscriptions(&self, how: Drop) {
        self.drops.send_modify(|(count, drop)| (*count, *drop) = (*count + 1, how));
    }

    pub fn stall_subscriptions(&self, stalled: bool) {
        self.stalled.send_replace(stalled);
    }

    /// Appends that suffered something.
    pub fn hits(&self) -> u64 {
        self.hit.load(Ordering::SeqCst)
    }

    /// Appends that were given up and have not landed yet.
    pub fn late(&self) -> u64 {
        self.late.load(Ordering::SeqCst)
    }

    pub(crate) fn is_late(&self) {
        self.late.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn has_landed(&self) {
        self.late.fetch_sub(1, Ordering::SeqCst);
    }

    /// Subscriptions that were begun.
    pub fn subscriptions(&self) -> u64 {
        self.subscriptions.load(Ordering::SeqCst)
    }

    pub(crate) fn next_write(&self) -> Option<WriteFault> {
        let fault = self.writes.lock().pop_front()?;
        self.hit.fetch_add(1, Ordering::SeqCst);
        Some(fault)
    }

    pub(crate) fn read_pause(&self) -> Option<Duration> {
        let millis = self.slow_reads_ms.load(Ordering::SeqCst);
        (millis > 0).then(|| Duration::from_millis(millis))
    }

    pub(crate) fn read_fails(&self) -> bool {
        let less = |count: u64| count.checked_sub(1);
        self.failing_reads.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }

    pub(crate) fn subscribed(&self) -> (watch::Receiver<(u64, Drop)>, watch::Receiver<bool>) {
        self.subscriptions.fetch_add(1, Ordering::SeqCst);
        (self.drops.subscribe(), self.stalled.subscribe())
    }
}
