//! People who wait for an answer go first. What follows from an event can wait a moment, and is done
//! the quicker the more of it is done at once.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

/// So many who wait are a rush.
const MANY: usize = 16;
/// So long it may keep others waiting: a rush that does not end must not stop them.
const AT_MOST: Duration = Duration::from_millis(250);

/// How many people wait for an answer of this process.
#[derive(Clone, Debug, Default)]
pub struct Rush(Arc<watch::Sender<usize>>);

/// Somebody waits, until this is dropped.
#[derive(Debug)]
pub struct Waiting(Rush);

impl Rush {
    pub fn wait(&self) -> Waiting {
        self.0.send_modify(|waiting| *waiting += 1);
        Waiting(self.clone())
    }

    /// Comes back at once where few wait.
    pub async fn over(&self) {
        if *self.0.borrow() >= MANY {
            let few = |waiting: &usize| *waiting < MANY;
            let _ = timeout(AT_MOST, self.0.subscribe().wait_for(few)).await;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.send_modify(|waiting| *waiting -= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn given_a_rush_then_others_wait_until_it_is_over_and_not_for_ever() {
        let rush = Rush::default();
        let few: Vec<_> = (1..MANY).map(|_| rush.wait()).collect();
        let began = Instant::now();
        rush.over().await;
        assert!(began.elapsed() < AT_MOST, "a few are no rush");
        let one_more = rush.wait();
        rush.over().await;
        assert!(began.elapsed() >= AT_MOST, "it waits, and not for ever");
        let mut over = std::pin::pin!(rush.over());
        assert!(futures::poll!(over.as_mut()).is_pending());
        drop(one_more);
        over.await;
        drop(few);
        assert_eq!(*rush.0.borrow(), 0);
    }
}
