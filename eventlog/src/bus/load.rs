//! From the log to a cached state, and snapshots off the hot path.

use std::sync::{Arc, atomic::Ordering};

use domain::Decider;

use super::{Bus, Cached, Slot, cache::RecentKeys};
use crate::{
    codec,
    envelope::{EventHash, StreamId},
    log::{EventLog, Fence, LogError},
    snapshots::{Snapshot, Snapshots},
};

const PAGE: usize = 1000;

/// A state as the log has it.
struct Folded<D: Decider> {
    state: D::State,
    version: u64,
    last_hash: EventHash,
    since_snapshot: u64,
    recent: RecentKeys,
}

impl Bus {
    /// Brings the slot's state to what the log holds, unless somebody else just did.
    pub(super) async fn load<D: Decider>(
        &self,
        slot: &Slot<D>,
        stream: &StreamId,
    ) -> Result<(), LogError> {
        let _loading = slot.loading.lock().await;
        let fence = match &*slot.cached.lock() {
            Some(cached) if cached.fence.holds() => return Ok(()),
            Some(cached) => cached.fence.renewed(),
            None => Fence::default(),
        };
        let folded = fold::<D>(&*self.0.log, self.0.snapshots.as_ref(), stream).await?;
        slot.since_snapshot.store(folded.since_snapshot, Ordering::Relaxed);
        let Folded { state, version, recent, .. } = folded;
        let cached = Cached { state, version, fence, recent };
        *slot.cached.lock() = Some(cached);
        self.weigh(stream, slot);
        Ok(())
    }

    /// The slot's lock is not waited for while everybody waits for the cache's.
    pub(super) fn weigh<D: Decider>(&self, stream: &StreamId, slot: &Slot<D>) {
        let bytes = slot.weight();
        self.0.cache.lock().weigh(stream, bytes);
    }

    /// Makes a snapshot in the background, from the log and not from the cached state: the
    /// aggregate goes on meanwhile.
    pub(super) fn snapshot_when_due<D: Decider>(
        &self,
        stream: &StreamId,
        slot: &Arc<Slot<D>>,
        events: u64,
    ) {
        let Some(snapshots) = self.0.snapshots.clone() else { return };
        let since = slot.since_snapshot.fetch_add(events, Ordering::Relaxed) + events;
        if since < self.0.options.snapshot_every {
            return;
        }
        slot.since_snapshot.store(0, Ordering::Relaxed);
        let (shared, stream) = (Arc::clone(&self.0), stream.clone());
        tokio::spawn(async move {
            // One after the other: each holds a whole state in memory.
            let _turn = shared.snapshotting.lock().await;
            let log = &shared.log;
            if let Err(error) = make_snapshot::<D>(&**log, &snapshots, &stream).await {
                tracing::warn!(%error, %stream, "no snapshot was made; loading takes longer");
            }
        });
    }
}

async fn make_snapshot<D: Decider>(
    log: &dyn EventLog,
    snapshots: &Snapshots,
    stream: &StreamId,
) -> Result<(), LogError> {
    let folded = fold::<D>(log, Some(snapshots), stream).await?;
    let bytes = postcard::to_stdvec(&folded.state)
        .map_err(|error| LogError::Setup(format!("snapshot of {stream}: {error}")))?;
    let snapshot = Snapshot { version: folded.version, last_hash: folded.last_hash, bytes };
    snapshots.save(stream, D::SNAPSHOT_VERSION, &snapshot).await
}

async fn fold<D: Decider>(
    log: &dyn EventLog,
    snapshots: Option<&Snapshots>,
    stream: &StreamId,
) -> Result<Folded<D>, LogError> {
    let mut folded = Folded::<D> {
        state: D::State::default(),
        version: 0,
        last_hash: EventHash([0; 32]),
        since_snapshot: 0,
        recent: RecentKeys::default(),
    };
    if let Some(snapshots) = snapshots
        && let Ok(Some(snapshot)) = snapshots.load(log, stream, D::SNAPSHOT_VERSION).await
        && let Ok(state) = postcard::from_bytes(&snapshot.bytes)
    {
        folded.state = state;
        folded.version = snapshot.version;
        folded.last_hash = snapshot.last_hash;
    }
    loop {
        let page = log.read_stream(stream, folded.version, PAGE).await?;
        for recorded in &page {
            if recorded.version != folded.version + 1 {
                return Err(LogError::Corrupt(format!(
                    "{stream}: version {} is followed by {}",
                    folded.version, recorded.version
                )));
            }
            D::evolve(&mut folded.state, &codec::decode(recorded)?);
            folded.version = recorded.version;
            folded.last_hash = recorded.hash;
            folded.since_snapshot += 1;
            folded.recent.insert(recorded.id);
        }
        if page.len() < PAGE {
            return Ok(folded);
        }
    }
}
