//! Another log's events, as they were there.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, future::BoxFuture};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    follow::Shared,
    index, names,
    server::{CALL, Trouble},
};
use crate::{
    envelope::{MAX_APPEND_BYTES, Recorded},
    log::LogError,
};

/// Guilds that are written at a time: the order counts within a guild only.
const AT_ONCE: usize = 64;
/// Most events of one append; each has an envelope beside what is counted here.
const MOST_EVENTS: usize = 500;
const PATIENCE: Duration = Duration::from_mins(1);
const BACKOFF: Duration = Duration::from_millis(50);

pub(super) async fn import(shared: &Arc<Shared>, events: &[Recorded]) -> Result<(), LogError> {
    let ids: Vec<Uuid> = events.iter().map(|event| event.id.0).collect();
    let known = index::known_ids(&shared.pool, &ids).await?;
    let mut guilds: BTreeMap<_, Vec<&Recorded>> = BTreeMap::new();
    for event in events.iter().filter(|event| !known.contains(&event.id)) {
        event.verify()?;
        guilds.entry(event.guild()).or_default().push(event);
    }
    let writing: Vec<BoxFuture<'_, _>> =
        guilds.into_values().map(|events| guild(shared, events).boxed()).collect();
    let commits: Vec<u64> =
        futures::stream::iter(writing).buffer_unordered(AT_ONCE).try_collect().await?;
    match commits.into_iter().max() {
        None => Ok(()),
        Some(_) => indexed(shared, &ids).await,
    }
}

/// One run of a stream after the other. Answers where on the server the last one is.
async fn guild(shared: &Shared, events: Vec<&Recorded>) -> Result<u64, LogError> {
    let mut left = &events[..];
    let mut commit = 0;
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
        commit = put(shared, run).await?;
        left = rest;
    }
    Ok(commit)
}

async fn put(shared: &Shared, run: &[&Recorded]) -> Result<u64, LogError> {
    let first = run[0];
    let name = shared.server.namespace.stream(&first.stream)?;
    let append = Uuid::new_v4();
    let events: Vec<_> =
        run.iter().map(|event| names::imported(event, append)).collect::<Result<_, _>>()?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match shared.server.append(&name, first.version - 1, events.clone(), CALL).await {
            Ok(commit) => return Ok(commit),
            Err(Trouble::WrongVersion) => {
                return Err(LogError::Setup(format!(
                    "{} has other events here than in the log they come from; import into an empty \
                     log to which nobody else writes",
                    first.stream
                )));
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
