//! Another log's events, as they were there.

use std::{future::ready, sync::Arc, task::Poll, time::Duration};

use eventstore::EventData;
use futures::{StreamExt as _, future::Either, stream::FuturesOrdered};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    follow::Shared,
    index, marks, names,
    server::{CALL, Session, Trouble},
};
use crate::{
    envelope::{MAX_APPEND_BYTES, Position, Recorded},
    log::LogError,
    moving::{self, Mark},
};

/// Most events of one append; each has an envelope beside what is counted here.
const MOST_EVENTS: usize = 500;
/// Appends of which the answer may be waited for at the same time, and what they may hold.
const UNDER_WAY: usize = 512;
const BYTES_UNDER_WAY: usize = 4 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_mins(1);
const BACKOFF: Duration = Duration::from_millis(50);
/// How often it is looked whether all is counted, should the head not say so.
const LOOK: Duration = Duration::from_millis(500);

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
        event.check()?;
        match known.get(&event.id) {
            None => new.push(event),
            Some(hash) if *hash == event.hash.0 => {}
            Some(_) => return Err(event.corrupt("the target holds another event of this id")),
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let head = shared.head.borrow().0 + new.len() as u64;
    write(shared, &new).await?;
    indexed(shared, &ids, Position(head)).await
}

/// The order of all events is a promise, because a moment of the log is a place in it. The server
/// takes the appends of one session in the order in which they come, so they need not wait for each
/// other's answers; that they were taken in that order, the answers say.
async fn write(shared: &Shared, events: &[&Recorded]) -> Result<(), LogError> {
    let mut under_way = FuturesOrdered::new();
    let mut bytes = 0;
    let mut answered = Answered::default();
    for run in runs(events) {
        while under_way.len() >= UNDER_WAY || bytes > BYTES_UNDER_WAY {
            let Some(answer) = under_way.next().await else { break };
            bytes -= answered.take(shared, answer, &mut under_way).await?;
        }
        let append = Append::of(shared, run)?;
        bytes += append.bytes;
        let mut sending = Box::pin(append.send(shared.server.session().await));
        // Sent now: who is asked first is sent first.
        match futures::poll!(&mut sending) {
            Poll::Ready(answer) => under_way.push_back(Either::Left(ready(answer))),
            Poll::Pending => under_way.push_back(Either::Right(sending)),
        }
    }
    while let Some(answer) = under_way.next().await {
        answered.take(shared, answer, &mut under_way).await?;
    }
    Ok(())
}

/// Events that follow each other in one stream, so many as one append may have.
fn runs<'a>(events: &'a [&'a Recorded]) -> impl Iterator<Item = &'a [&'a Recorded]> {
    let mut left = events;
    std::iter::from_fn(move || {
        let first = left.first()?;
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
        left = rest;
        Some(run)
    })
}

/// A run of a stream on its way.
struct Append {
    first: Recorded,
    stream: String,
    events: Vec<EventData>,
    bytes: usize,
}

/// What became of it: its commit position, where the session took it.
type Answer = (Append, Option<u64>);

impl Append {
    fn of(shared: &Shared, run: &[&Recorded]) -> Result<Self, LogError> {
        let first = run[0].clone();
        let stream = shared.server.namespace.stream(&first.stream)?;
        let append = Uuid::new_v4();
        let events =
            run.iter().map(|event| names::imported(event, append)).collect::<Result<_, _>>()?;
        let bytes = run.iter().map(|event| event.payload.len() + event.metadata.len()).sum();
        Ok(Self { first, stream, events, bytes })
    }

    fn head(&self) -> u64 {
        self.first.version - 1
    }

    /// Without a pause of 40 ms, and without waiting for those before it.
    async fn send(self, session: Option<Session<'_>>) -> Answer {
        let Some(session) = session else { return (self, None) };
        let events = self.events.clone();
        let at = session.append(&self.stream, self.head(), events, CALL).await;
        (self, at)
    }

    /// By itself: what went wrong in the session, the same append says. Twice is once.
    async fn again(self, shared: &Shared) -> Result<u64, LogError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let events = self.events.clone();
            match shared.server.append(&self.stream, self.head(), events, CALL).await {
                Ok(_) => break,
                Err(Trouble::WrongVersion) => {
                    return Err(self.first.corrupt(
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
        // Where it stands, whoever wrote it: this append, or the one whose answer was lost.
        let page = shared.server.stream_page(&self.stream, self.head(), 1).await?;
        let found = page.first().filter(|event| event.id == self.first.id.0);
        found.map(|event| event.position.commit).ok_or_else(|| {
            self.first.corrupt("the target does not have it, although it was written")
        })
    }
}

/// Where the events are that were answered.
#[derive(Default)]
struct Answered(u64);

impl Answered {
    /// Takes note of an answer, and of all the others where that append was not taken: it is sent
    /// again by itself, and so are they, in their order. Tells how many bytes are not on their way
    /// any more.
    async fn take<F: Future<Output = Answer>>(
        &mut self,
        shared: &Shared,
        answer: Answer,
        others: &mut FuturesOrdered<F>,
    ) -> Result<usize, LogError> {
        let mut answers = vec![answer];
        if answers[0].1.is_none() {
            answers.extend(others.by_ref().collect::<Vec<_>>().await);
        }
        let mut bytes = 0;
        for (append, at) in answers {
            bytes += append.bytes;
            let first = append.first.clone();
            let at = match at {
                Some(at) => at,
                None => append.again(shared).await?,
            };
            if at < self.0 {
                return Err(first.corrupt(
                    "the connection broke, and the target has it after events that come later; \
                     import into an empty log again",
                ));
            }
            self.0 = at;
        }
        Ok(bytes)
    }
}

/// Waits until all of them are counted, which brings the log to this head where nobody else writes. A
/// number that comes out different stops the follower.
async fn indexed(shared: &Shared, ids: &[Uuid], head: Position) -> Result<(), LogError> {
    let deadline = Instant::now() + PATIENCE;
    let mut moved = shared.head.subscribe();
    let mut failing = shared.state.subscribe();
    loop {
        let there = async { moved.wait_for(|now| *now >= head).await.is_ok() };
        let _ = tokio::time::timeout(LOOK, there).await;
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
        tokio::time::sleep(BACKOFF).await;
    }
}
