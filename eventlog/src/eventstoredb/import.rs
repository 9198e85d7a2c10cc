//! Another log's events, as they were there.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use uuid::Uuid;

use super::{
    follow::Shared,
    index, marks, names,
    server::{CALL, Trouble},
};
use crate::{
    envelope::{MAX_APPEND_BYTES, Recorded},
    log::LogError,
    moving::{self, Mark},
};

/// Most events of one append; each has an envelope beside what is counted here.
const MOST_EVENTS: usize = 500;
const PATIENCE: Duration = Duration::from_mins(1);
const BACKOFF: Duration = Duration::from_millis(50);

pub(super) async fn import(shared: &Arc<Shared>, events: &[Recorded]) -> Result<(), LogError> {
    // It may be filled while a mark says that it is, and not once it has moved away.
    if let Some(mark) = marks::closing(&shared.pool).await?
        && mark.starts_with(Mark::Closed.key())
    {
        return Err(moving::closed(&mark));
    }
    let ids: Vec<Uuid> = events.iter().map(|event| event.id.0).collect();
    let known = index::known_hashes(&shared.pool, &ids).await?;
    let mut new: Vec<&Recorded> = Vec::with_capacity(events.len());
    for event in events {
        event.verify()?;
        match known.get(&event.id) {
            None => new.push(event),
            Some(hash) if *hash == event.hash.0 => {}
            Some(_) => return Err(event.corrupt("the target holds another event of this id")),
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    write(shared, &new).await?;
    indexed(shared, &ids).await
}

/// One run of a stream after the other, each once the one before is written: the order of all
/// events is a promise, because a moment of the log is a place in it.
async fn write(shared: &Shared, events: &[&Recorded]) -> Result<(), LogError> {
    let mut left = events;
    while let Some(first) = left.first() {
        let mut bytes = 0;
        let run = left
            .iter()
            .zip(first.version..)
            .take(MOST_EVENTS)
            .take_while(|(event, version)| {
                bytes += event.payload.len() + event.metadata.len();
                event.stream == first.stream
                    && event.version == *version
                    && (bytes <= MAX_APPEND_BYTES / 2 || event.version == first.version)
            })
            .count();
        let (run, rest) = left.split_at(run);
        put(shared, run).await?;
        left = rest;
    }
    Ok(())
}

async fn put(shared: &Shared, run: &[&Recorded]) -> Result<(), LogError> {
    let first = run[0];
    let name = shared.server.namespace.stream(&first.stream)?;
    let append = Uuid::new_v4();
    let events: Vec<_> =
        run.iter().map(|event| names::imported(event, append)).collect::<Result<_, _>>()?;
    let deadline = Instant::now() + PATIENCE;
    // Without a pause of 40 ms. What went wrong there, the same append by itself says.
    let head = first.version - 1;
    if shared.server.append_in_session(&name, head, events.clone(), CALL).await.is_ok() {
        return Ok(());
    }
    loop {
        match shared.server.append(&name, head, events.clone(), CALL).await {
            Ok(_) => return Ok(()),
            Err(Trouble::WrongVersion) => {
                return Err(first.corrupt(
                    "the target holds another event in its place; import into an empty log to \
                     which nobody else writes",
                ));
            }
            Err(Trouble::NotSent(_) | Trouble::Unknown(_)) if Instant::now() < deadline => {
                tokio::time::sleep(BACKOFF).await;
            }
            Err(trouble) => return Err(trouble.into()),
        }
    }
}

/// Waits until all of them are counted. A number that comes out different stops the follower.
async fn indexed(shared: &Shared, ids: &[Uuid]) -> Result<(), LogError> {
    let deadline = Instant::now() + PATIENCE;
    let mut moved = shared.head.subscribe();
    let mut failing = shared.state.subscribe();
    loop {
        moved.mark_unchanged();
        if index::known_ids(&shared.pool, ids).await?.len() == ids.len() {
            return Ok(());
        }
        if let super::State::Failing(error) = &*failing.borrow_and_update() {
            return Err(error.clone());
        }
        if Instant::now() > deadline {
            return Err(LogError::Unavailable(
                "what was imported is not in the index yet; go on once `reeve doctor` says it is"
                    .to_owned(),
            ));
        }
        let _ = tokio::time::timeout(Duration::from_secs(1), moved.changed()).await;
    }
}
