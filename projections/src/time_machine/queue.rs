//! How many look at the past at once.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Progress, Visit, error::TimeError};

/// How many views a role may have open; none for as many as it likes.
pub type Quota = Arc<dyn Fn(&str) -> Option<usize> + Send + Sync>;

pub(super) struct Queue {
    builds: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    most_waiting: usize,
    quota: Quota,
    seats: Arc<Mutex<HashMap<&'static str, usize>>>,
}

/// A view that is open; free again when it is dropped.
pub(super) struct Seat {
    role: &'static str,
    seats: Arc<Mutex<HashMap<&'static str, usize>>>,
}

/// Somebody who waits; no longer when it is dropped.
struct Waiting(Arc<AtomicUsize>);

impl Queue {
    pub fn new(builds: usize, most_waiting: usize, quota: Quota) -> Self {
        Self {
            builds: Arc::new(Semaphore::new(builds.max(1))),
            waiting: Arc::default(),
            most_waiting,
            quota,
            seats: Arc::default(),
        }
    }

    pub fn seat(&self, role: &'static str) -> Result<Seat, TimeError> {
        let mut seats = self.seats.lock();
        let taken = seats.entry(role).or_default();
        if let Some(most) = (self.quota)(role)
            && *taken >= most
        {
            return Err(TimeError::Quota { role, most });
        }
        *taken += 1;
        Ok(Seat { role, seats: Arc::clone(&self.seats) })
    }

    /// A place to build in, as soon as there is one.
    pub async fn enter(&self, visit: &Visit) -> Result<OwnedSemaphorePermit, TimeError> {
        if let Ok(place) = Arc::clone(&self.builds).try_acquire_owned() {
            return Ok(place);
        }
        let ahead = self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(Arc::clone(&self.waiting));
        if ahead >= self.most_waiting {
            return Err(TimeError::Busy { waiting: ahead });
        }
        (visit.progress)(Progress::Waiting { ahead });
        let place = Arc::clone(&self.builds).acquire_owned().await;
        place.map_err(|error| TimeError::Broken(error.to_string()))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.seats.lock();
        if let Some(taken) = seats.get_mut(self.role) {
            *taken = taken.saturating_sub(1);
        }
    }
}
