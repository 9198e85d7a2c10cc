//! Reading: the index says where, the server says what.

use std::collections::HashMap;

use domain::EventId;
use eventstore::RecordedEvent;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, future::BoxFuture};

use super::{follow::Shared, index::Place, names::Draft};
use crate::{
    envelope::{Entry, Recorded, StreamId},
    log::LogError,
};

/// Streams that are read at a time for one page.
const AT_ONCE: usize = 16;
/// What opening a stream costs, in events read.
const OPENING: u64 = 20;
/// Events that one read of the server takes.
const PAGE: usize = 4_000;

/// A run of one stream's events.
struct Run {
    stream: StreamId,
    first: u64,
    count: u64,
}

/// The events of these places, in their order.
pub(super) async fn events(shared: &Shared, places: &[Place]) -> Result<Vec<Recorded>, LogError> {
    let (Some(first), Some(last)) = (places.first(), places.last()) else {
        return Ok(Vec::new());
    };
    let runs = runs(places);
    let by_stream = places.len() as u64 + OPENING * runs.len() as u64;
    let span = last.position.0.abs_diff(first.position.0) + 1;
    let found = if runs.len() > 1 && span < by_stream {
        in_order(shared, first, last).await?
    } else {
        let reading: Vec<BoxFuture<'_, _>> =
            runs.into_iter().map(|run| stream(shared, run).boxed()).collect();
        let found: Vec<Vec<RecordedEvent>> =
            futures::stream::iter(reading).buffer_unordered(AT_ONCE).try_collect().await?;
        found.into_iter().flatten().collect()
    };
    let mut found: HashMap<EventId, RecordedEvent> =
        found.into_iter().map(|event| (EventId(event.id), event)).collect();
    places.iter().map(|place| recorded(shared, place, found.remove(&place.id))).collect()
}

fn runs(places: &[Place]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open: HashMap<&StreamId, usize> = HashMap::new();
    for place in places {
        if let Some(run) = open.get(&place.stream).and_then(|nth| runs.get_mut(*nth))
            && run.first + run.count == place.version
        {
            run.count += 1;
        } else {
            open.insert(&place.stream, runs.len());
            runs.push(Run { stream: place.stream.clone(), first: place.version, count: 1 });
        }
    }
    runs
}

async fn stream(shared: &Shared, run: Run) -> Result<Vec<RecordedEvent>, LogError> {
    let name = shared.server.namespace.stream(&run.stream)?;
    let (mut after, end) = (run.first - 1, run.first - 1 + run.count);
    let mut found = Vec::new();
    while after < end {
        let count = PAGE.min(usize::try_from(end - after).unwrap_or(PAGE));
        let page = shared.server.stream_page(&name, after, count).await?;
        let Some(last) = page.last() else { break };
        after = last.revision + 1;
        found.extend(page);
    }
    Ok(found)
}

/// Everything between two places, others' events included.
async fn in_order(
    shared: &Shared,
    first: &Place,
    last: &Place,
) -> Result<Vec<RecordedEvent>, LogError> {
    let mut from = eventstore::Position { commit: first.commit, prepare: first.prepare };
    let mut found: Vec<RecordedEvent> = Vec::new();
    loop {
        let seen = usize::from(!found.is_empty());
        let page = shared.server.page(Some(from), PAGE + seen).await?;
        let news = page.into_iter().skip(seen);
        let before = found.len();
        found.extend(news);
        let Some(end) = found.last().filter(|_| found.len() > before) else { return Ok(found) };
        if (end.position.commit, end.position.prepare) >= (last.commit, last.prepare) {
            return Ok(found);
        }
        from = end.position;
    }
}

/// Numbers and hash as they were counted, content as the server has it now.
fn recorded(
    shared: &Shared,
    place: &Place,
    event: Option<RecordedEvent>,
) -> Result<Recorded, LogError> {
    let Some(event) = event else {
        return Err(LogError::Corrupt(format!(
            "event {} of {} (version {}) is in the index and not in EventStoreDB; somebody deleted \
             or truncated the stream",
            place.id, place.stream, place.version
        )));
    };
    let draft = Draft::read(&shared.server.namespace, &event)?;
    Ok(Recorded::from(Entry {
        position: place.position,
        stream: place.stream.clone(),
        version: place.version,
        guild_seq: place.guild_seq,
        at: place.at,
        hash: place.hash,
        ..draft.entry
    }))
}
