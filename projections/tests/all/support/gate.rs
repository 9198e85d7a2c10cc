//! A gate that lets through as many as a test says.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

#[derive(Debug)]
pub struct Gate {
    permits: Semaphore,
    waiting: AtomicUsize,
}

/// Somebody before the gate; whoever is killed there does not wait any longer.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Gate {
    pub fn new() -> Self {
        Self { permits: Semaphore::new(0), waiting: AtomicUsize::new(0) }
    }

    pub fn let_through(&self, passes: usize) {
        self.permits.add_permits(passes);
    }

    pub fn open(&self) {
        self.let_through(Semaphore::MAX_PERMITS / 2);
    }

    /// How many stand before it now. Who finds it open has never waited.
    pub fn waits(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    pub async fn pass(&self) {
        if let Ok(permit) = self.permits.try_acquire() {
            return permit.forget();
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(&self.waiting);
        self.permits.acquire().await.unwrap().forget();
    }
}
