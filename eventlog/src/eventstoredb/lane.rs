//! One stream's appends, from the queue to their answers.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use domain::{EventId, Timestamp};
use eventstore::EventData;
use tokio::{sync::mpsc, time::Instant};
use uuid::Uuid;

use super::{
    count::Seen,
    index, names,
    server::{CALL, Trouble},
    write::Means,
};
use crate::{
    envelope::{MAX_APPEND_BYTES, StreamId},
    log::{Append, Appended, Fence, LogError, Queued},
};

const BACKOFF: Duration = Duration::from_millis(10);
const MAX_BACKOFF: Duration = Duration::from_secs(1);
/// How often it is looked whether events were counted before they were waited for.
const LOOK: Duration = Duration::from_millis(100);
/// Lost races after which something else must be wrong.
const ROUNDS: usize = 100;

/// Answers everybody.
pub(super) async fn write(means: Means, stream: StreamId, appends: Vec<Queued>, at: Timestamp) {
    let deadline = Instant::now() + means.shared.append_timeout;
    let mut lane = Lane { means, stream, left: appends.into(), at, deadline };
    if let Err(error) = lane.settle().await {
        tracing::error!(%error, appends = lane.left.len(), "appends were not written");
        for queued in lane.left {
            queued.append.fence.raise();
            let _ = queued.answer.send(Err(error.clone()));
        }
    }
}

struct Lane {
    means: Means,
    stream: StreamId,
    /// Those who have no answer yet, in their order.
    left: VecDeque<Queued>,
    at: Timestamp,
    deadline: Instant,
}

/// What is to become of an append.
enum Plan {
    Write(Vec<EventData>),
    Say(Appended),
    /// Only its own caller is wrong.
    Refuse(LogError),
}

/// What became of a write.
enum Written {
    Events(Vec<Seen>),
    /// Somebody else's events stand there.
    Lost,
    /// The server takes no more than this at once.
    TooLarge(usize),
}

impl Lane {
    async fn settle(&mut self) -> Result<(), LogError> {
        let shared = Arc::clone(&self.means.shared);
        let _inside = shared.gate.enter(&shared.pool, self.deadline).await?;
        let name = self.means.shared.server.namespace.stream(&self.stream)?;
        // Every append that was answered is in the index. One that is under way may be on the
        // server already; then it refuses ours, and knows better.
        let mut head = self.indexed().await?;
        let mut certain = false;
        let mut most_bytes = MAX_APPEND_BYTES;
        for _ in 0..ROUNDS {
            if self.left.is_empty() {
                return Ok(());
            }
            let known = self.known().await?;
            let nonce = Uuid::new_v4();
            let Some(plans) = self.plan(head, &known, certain, nonce) else {
                head = self.look(&name).await?;
                certain = true;
                continue;
            };
            let group = self.group(&plans, most_bytes);
            if group.is_empty() {
                self.say(plans);
                return Ok(());
            }
            match self.put(&name, head, &plans, &group, nonce).await? {
                Written::Events(events) => {
                    let end = group.last().map_or(0, |last| last + 1);
                    head += events.len() as u64;
                    self.answer(plans, end, events);
                    certain = false;
                }
                Written::Lost => {
                    head = self.look(&name).await?;
                    certain = true;
                }
                Written::TooLarge(limit) if group.len() > 1 => {
                    most_bytes = (most_bytes / 2).min(limit);
                }
                Written::TooLarge(limit) => self.refuse_first(&plans, limit),
            }
        }
        Err(LogError::Unavailable(format!("{} is contended; try again", self.stream)))
    }

    /// Keys that acted before. Asked after the head was known, so none of its events is missed.
    async fn known(&self) -> Result<HashSet<EventId>, LogError> {
        let ids: Vec<Uuid> = self.left.iter().map(|queued| queued.append.first_id.0).collect();
        let mut backoff = BACKOFF;
        loop {
            match index::known_ids(&self.means.shared.pool, &ids).await {
                Err(LogError::Unavailable(_)) if self.pause(&mut backoff).await => {}
                answer => return answer,
            }
        }
    }

    /// How many of the stream's events the index knows.
    async fn indexed(&self) -> Result<u64, LogError> {
        let mut backoff = BACKOFF;
        loop {
            match index::stream_head(&self.means.shared.pool, &self.stream).await {
                Err(LogError::Unavailable(_)) if self.pause(&mut backoff).await => {}
                answer => return answer,
            }
        }
    }

    /// Before somebody who cannot be reached is asked again. False when the time is over.
    async fn pause(&self, backoff: &mut Duration) -> bool {
        if Instant::now() + *backoff >= self.deadline {
            return false;
        }
        tokio::time::sleep(*backoff).await;
        *backoff = (*backoff * 2).min(MAX_BACKOFF);
        true
    }

    /// None where the stream's true end must be known first.
    fn plan(
        &self,
        mut head: u64,
        known: &HashSet<EventId>,
        certain: bool,
        nonce: Uuid,
    ) -> Option<Vec<Plan>> {
        let mut placed = HashSet::new();
        let mut broken: Vec<&Fence> = Vec::new();
        let mut plans = Vec::with_capacity(self.left.len());
        for Queued { append, .. } in &self.left {
            let id = append.first_id;
            let said = if !append.fence.holds() || broken.iter().any(|b| b.same(&append.fence)) {
                Appended::Superseded
            } else if known.contains(&id) || placed.contains(&id) {
                Appended::Duplicate
            } else if append.expected != head {
                if append.expected > head && !certain {
                    return None;
                }
                Appended::Conflict { head }
            } else if append.events.is_empty() {
                // What was ever answered is in the index, so a refusal may stand on it.
                Appended::Unchanged
            } else {
                match self.events_of(append, head, nonce) {
                    Err(error) => {
                        broken.push(&append.fence);
                        plans.push(Plan::Refuse(error));
                    }
                    Ok(events) => {
                        placed.insert(id);
                        head += append.events.len() as u64;
                        plans.push(Plan::Write(events));
                    }
                }
                continue;
            };
            if matches!(said, Appended::Conflict { .. } | Appended::Duplicate) {
                broken.push(&append.fence);
            }
            plans.push(Plan::Say(said));
        }
        Some(plans)
    }

    /// The first of those to be written that go into one append together.
    fn group(&self, plans: &[Plan], most_bytes: usize) -> Vec<usize> {
        let mut group = Vec::new();
        let mut bytes = 0;
        for (nth, (plan, queued)) in plans.iter().zip(&self.left).enumerate() {
            if matches!(plan, Plan::Write(_)) {
                bytes += queued.append.size_bytes();
                if bytes > most_bytes && !group.is_empty() {
                    break;
                }
                group.push(nth);
            }
        }
        group
    }

    fn events_of(
        &self,
        append: &Append,
        head: u64,
        nonce: Uuid,
    ) -> Result<Vec<EventData>, LogError> {
        let versions = head + 1..;
        versions
            .zip(&append.events)
            .map(|(version, event)| {
                names::proposed(&self.stream, version, event, &append.metadata, self.at, nonce)
            })
            .collect()
    }

    /// Tries until it is known what became of it. The same events at the same revision are the same
    /// append to the server, however often it gets them; so a try without an answer is repeated.
    async fn put(
        &self,
        name: &str,
        head: u64,
        plans: &[Plan],
        group: &[usize],
        nonce: Uuid,
    ) -> Result<Written, LogError> {
        let (mut events, mut ids) = (Vec::new(), Vec::new());
        for nth in group {
            if let Plan::Write(own) = &plans[*nth] {
                events.extend(own.iter().cloned());
            }
            ids.extend(self.left[*nth].append.events.iter().map(|event| event.id));
        }
        let (sender, seen) = mpsc::unbounded_channel();
        self.means.shared.waiting.expect(&ids, &sender);
        let put = self.try_until_known(name, head, events, seen, ids.len(), nonce).await;
        self.means.shared.waiting.forget(&ids);
        put
    }

    async fn try_until_known(
        &self,
        name: &str,
        head: u64,
        events: Vec<EventData>,
        mut seen: mpsc::UnboundedReceiver<Seen>,
        count: usize,
        nonce: Uuid,
    ) -> Result<Written, LogError> {
        let shared = &self.means.shared;
        let mut backoff = BACKOFF;
        let patience = CALL.min(shared.append_timeout / 3);
        shared.gate.may_send(self.deadline).await?;
        let quick = shared.server.append_in_session(name, head, events.clone(), patience).await;
        let mut sent = match quick {
            Ok(commit) => {
                shared.acked.fetch_max(commit, Ordering::AcqRel);
                return self.counted(&mut seen, count, commit, nonce).await;
            }
            Err(sent) => sent,
        };
        loop {
            if let Err(error) = shared.gate.may_send(self.deadline).await {
                return Err(if sent { LogError::OutcomeUnknown(error.to_string()) } else { error });
            }
            let trouble = match shared.server.append(name, head, events.clone(), patience).await {
                Ok(commit) => {
                    shared.acked.fetch_max(commit, Ordering::AcqRel);
                    return self.counted(&mut seen, count, commit, nonce).await;
                }
                Err(Trouble::WrongVersion) => return Ok(Written::Lost),
                Err(Trouble::TooLarge(limit)) => return Ok(Written::TooLarge(limit)),
                Err(Trouble::Final(error)) if sent => {
                    return Err(LogError::OutcomeUnknown(error.to_string()));
                }
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::NotSent(text)) => text,
                Err(Trouble::Unknown(text)) => {
                    sent = true;
                    text
                }
            };
            tracing::warn!(error = trouble, "an append got no answer; it is repeated");
            if !self.pause(&mut backoff).await {
                return Err(if sent {
                    LogError::OutcomeUnknown(trouble)
                } else {
                    LogError::Unavailable(trouble)
                });
            }
        }
    }

    /// Waits until the follower of this process has given the events their numbers.
    async fn counted(
        &self,
        seen: &mut mpsc::UnboundedReceiver<Seen>,
        count: usize,
        commit: u64,
        nonce: Uuid,
    ) -> Result<Written, LogError> {
        let mut events = Vec::with_capacity(count);
        while events.len() < count {
            let passed = self.means.shared.counted.load(Ordering::Acquire) >= commit;
            let next = match seen.try_recv() {
                Ok(event) => Some(event),
                // Passed before anybody here waited for them: then another process wrote them.
                Err(_) if passed => return Ok(Written::Lost),
                Err(_) => tokio::time::timeout(LOOK, seen.recv()).await.unwrap_or(None),
            };
            events.extend(next);
            if Instant::now() >= self.deadline && events.len() < count {
                return Err(LogError::OutcomeUnknown(
                    "it is in EventStoreDB, and the index in PostgreSQL is not that far".to_owned(),
                ));
            }
        }
        // The same keys, written by another process at the same place.
        if events.iter().any(|(_, append)| *append != nonce) {
            return Ok(Written::Lost);
        }
        Ok(Written::Events(events))
    }

    /// The stream's end as the server knows it, once the index knows it as well.
    async fn look(&self, name: &str) -> Result<u64, LogError> {
        let shared = &self.means.shared;
        let mut backoff = BACKOFF;
        let there = loop {
            match shared.server.stream_head(name).await {
                Ok(there) => break there,
                Err(Trouble::Final(error)) => return Err(error),
                Err(_) if self.pause(&mut backoff).await => {}
                Err(trouble) => return Err(trouble.into()),
            }
        };
        let mut moved = shared.head.subscribe();
        loop {
            moved.mark_unchanged();
            let indexed = self.indexed().await?;
            if indexed >= there {
                return Ok(indexed);
            }
            if tokio::time::timeout_at(self.deadline, moved.changed()).await.is_err() {
                return Err(LogError::Unavailable(format!(
                    "the index in PostgreSQL is not as far as EventStoreDB: {indexed} of {there} \
                     events of {}; see `reeve doctor`",
                    self.stream
                )));
            }
        }
    }

    /// Answers the first `end` of the plans, now that what they stand on is durable.
    fn answer(&mut self, plans: Vec<Plan>, end: usize, events: Vec<Seen>) {
        let mut events = events.into_iter().map(|(event, _)| event);
        for plan in plans.into_iter().take(end) {
            let Some(queued) = self.left.pop_front() else { return };
            match plan {
                Plan::Write(_) => {
                    let own = events.by_ref().take(queued.append.events.len()).collect();
                    let _ = queued.answer.send(Ok(Appended::Written(own)));
                }
                other => tell(queued, other),
            }
        }
    }

    fn say(&mut self, plans: Vec<Plan>) {
        for (queued, plan) in self.left.drain(..).zip(plans) {
            tell(queued, plan);
        }
    }

    /// The first that was to be written is larger than the server takes.
    fn refuse_first(&mut self, plans: &[Plan], limit: usize) {
        let nth = plans.iter().position(|plan| matches!(plan, Plan::Write(_)));
        if let Some(queued) = nth.and_then(|nth| self.left.remove(nth)) {
            let size = queued.append.size_bytes();
            tracing::error!(
                size,
                limit,
                "EventStoreDB's MaxAppendSize is too small; see docs/eventstoredb.md"
            );
            tell(queued, Plan::Refuse(LogError::TooLarge { size, limit }));
        }
    }
}

fn tell(queued: Queued, plan: Plan) {
    let answer = match plan {
        Plan::Say(said) => {
            if matches!(said, Appended::Conflict { .. } | Appended::Duplicate) {
                queued.append.fence.raise();
            }
            Ok(said)
        }
        Plan::Refuse(error) => {
            queued.append.fence.raise();
            Err(error)
        }
        Plan::Write(_) => Err(LogError::OutcomeUnknown("the lane ended early".to_owned())),
    };
    let _ = queued.answer.send(answer);
}
