//! What other processes write, folded into the cached states as it is heard of. Only a hint: a
//! state that missed something is found stale by the log when it decides, and loaded again.

use std::{
    any::Any,
    sync::{Arc, Weak, atomic::Ordering},
};

use domain::Decider;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{Bus, Shared, Slot};
use crate::{
    codec,
    envelope::{Position, Recorded, StreamId},
    log::{LogError, Slice, Stretch},
};

const PAGE: usize = 500;
/// Reading more than this would cost more than loading again what is asked for.
const MOST_EVENTS: u64 = 5_000;

/// A slot, whichever aggregate's it is.
pub(super) trait AnySlot: Any + Send + Sync {
    fn follow(&self, recorded: &Recorded);
}

impl<D: Decider> AnySlot for Slot<D> {
    /// Takes the event if it is the next one. Where decisions of our own are on their way, the
    /// state is ahead of it: then the log turns those away and the state is loaded again.
    fn follow(&self, recorded: &Recorded) {
        let mut guard = self.cached.lock();
        let next = guard
            .as_mut()
            .filter(|cached| cached.fence.holds() && cached.version + 1 == recorded.version);
        let Some(cached) = next else { return };
        if let Ok(event) = codec::decode(recorded) {
            D::evolve(&mut cached.state, &event);
            cached.version = recorded.version;
            cached.recent.insert(recorded.id);
            self.since_snapshot.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Bus {
    /// The version that is cached, where the state is sound.
    pub fn cached_version<D: Decider>(&self, stream: &StreamId) -> Option<u64> {
        let slot: Arc<Slot<D>> = self.0.cache.lock().slot(stream);
        let cached = slot.cached.lock();
        cached.as_ref().filter(|cached| cached.fence.holds()).map(|cached| cached.version)
    }
}

pub(super) async fn follow(shared: Weak<Shared>, mut others: Receiver<Stretch>) {
    loop {
        let stretch = match others.recv().await {
            Ok(stretch) => stretch,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let Some(shared) = shared.upgrade() else { return };
        if let Err(error) = take(&shared, stretch).await {
            tracing::debug!(%error, "what others wrote was not read");
        }
    }
}

async fn take(shared: &Shared, stretch: Stretch) -> Result<(), LogError> {
    if stretch.to.0.saturating_sub(stretch.after.0) > MOST_EVENTS {
        return Ok(());
    }
    let mut after = stretch.after;
    while after < stretch.to {
        let page = shared.log.read_all(after, PAGE, Slice::ALL).await?;
        for recorded in &page.events {
            let slot = shared.cache.lock().peek(&recorded.stream);
            if let Some(slot) = slot {
                slot.follow(recorded);
            }
        }
        after = page.up_to.max(Position(after.0 + 1));
    }
    Ok(())
}
