//! Questions that SQLite answers sooner than their asker's other tasks could move to another thread
//! (ADR 46).

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::{BuildHasher as _, BuildHasherDefault},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::off_the_workers;

/// A question that takes no longer is not worth moving the worker's other tasks to another thread.
const QUICK: Duration = Duration::from_micros(200);
/// Questions that are known to be quick; they are few, but some texts are made for one asking.
const MOST_QUICK: usize = 2_000;

/// Questions that were answered quickly the last time, by their text.
#[derive(Debug, Default)]
pub struct Quick(Mutex<HashSet<u64>>);

impl Quick {
    /// Does it where it is asked for, if that was quick the last time, else off the workers.
    pub fn run<T>(&self, question: &str, work: impl FnOnce() -> T) -> T {
        if self.knows(question) {
            self.timed(question, work)
        } else {
            off_the_workers(|| self.timed(question, work))
        }
    }

    pub fn knows(&self, question: &str) -> bool {
        self.0.lock().contains(&hash(question))
    }

    /// Does it here, and remembers whether it was quick.
    pub fn timed<T>(&self, question: &str, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = work();
        let is_quick = began.elapsed() < QUICK;
        let (mut known, question) = (self.0.lock(), hash(question));
        if !is_quick {
            known.remove(&question);
        } else if known.len() < MOST_QUICK {
            known.insert(question);
        }
        done
    }
}

fn hash(question: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(question)
}
