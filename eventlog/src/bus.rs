//! Commands to aggregates.
//!
//! A decision is made on a cached state, under the aggregate's own lock: decide, seal what is
//! personal, enqueue the append, apply the events, release. Only then durability is awaited, so
//! a busy aggregate is decided on while its last events are still being written, and the writer
//! commits many aggregates' decisions at once.
//!
//! When an append is not written, everything decided on top of it is turned away by the writer
//! (see [`Fence`](crate::Fence)) and decided again here, on what the log really holds. A decision
//! without events is confirmed against the log too, so no refusal comes from a stale cache.

mod cache;
mod erase;
mod follow;
mod load;

use std::{fmt::Debug, mem, sync::Arc, time::Instant};

use domain::{Actor, Cause, Decider, EventId, IdempotencyKey, PersonId};
use parking_lot::Mutex;

use self::cache::{Cache, Cached, Slot};
pub use self::erase::finish_erasures;
use crate::{
    codec::{self, Unstorable},
    envelope::{MAX_APPEND_BYTES, Metadata, Recorded, StreamId, event_id},
    log::{Append, Appended, EventLog, LogError},
    people::{People, PeopleError},
    snapshots::Snapshots,
};

/// A decision that loses the race this often in a row meets another process's flood.
const MAX_TRIES: usize = 100;

#[derive(Clone, Copy, Debug)]
pub struct BusOptions {
    /// Memory for cached aggregates; the least recently used make room.
    pub cache_bytes: usize,
    /// Events of one aggregate between two snapshots.
    pub snapshot_every: u64,
}

impl Default for BusOptions {
    fn default() -> Self {
        Self { cache_bytes: 64 * 1024 * 1024, snapshot_every: 1000 }
    }
}

/// Events that are read at once.
const PAGE: usize = 256;
/// Some are weighed member by member; a few events change little of a large one.
const WEIGH_EVERY: u64 = 64;
/// No event has this id.
const NO_EVENT: EventId = EventId(uuid::Uuid::nil());

/// Who asks, why, and under which key.
#[derive(Clone, Debug)]
pub struct Request {
    pub actor: Actor,
    pub cause: Cause,
    pub key: IdempotencyKey,
    /// Version of the settings that the command carries.
    pub policy: Option<u32>,
}

/// What a command did. Its events are durable.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision<E> {
    /// As stored: what is personal is sealed. Empty when there was nothing to do.
    pub events: Vec<E>,
    pub recorded: Vec<Recorded>,
    /// The key acted before, and these are the events it made then.
    pub repeated: bool,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum CommandError<R: std::error::Error + 'static> {
    /// A rule said no; nothing was written.
    #[error("{0}")]
    Refused(R),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error("too many others are changing {stream} at the same moment; try again")]
    Contended { stream: String },
}

#[derive(Clone, Debug)]
pub struct Bus(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    log: Arc<dyn EventLog>,
    people: Arc<People>,
    snapshots: Option<Snapshots>,
    cache: Mutex<Cache>,
    snapshotting: tokio::sync::Mutex<()>,
    options: BusOptions,
}

/// How a decision went, under the aggregate's lock.
enum Step<'a, D: Decider> {
    /// Enqueued; with the answer if the log takes it.
    Enqueued(crate::log::Pending, Result<Vec<D::Event>, D::Refusal>, EventId),
    /// The cached state is no longer sound, or not there yet.
    Reload(crate::log::Place<'a>),
    NeedsKey(PersonId),
    /// The key is among those that acted recently.
    Repeated(EventId),
    TooLarge(LogError),
}

impl Bus {
    pub fn new(
        log: Arc<dyn EventLog>,
        people: Arc<People>,
        snapshots: Option<Snapshots>,
        options: BusOptions,
    ) -> Self {
        let cache = Mutex::new(Cache::new(options.cache_bytes));
        let snapshotting = tokio::sync::Mutex::default();
        let others = log.written_by_others();
        let shared = Arc::new(Shared { log, people, snapshots, cache, snapshotting, options });
        if let Some(others) = others {
            tokio::spawn(follow::follow(Arc::downgrade(&shared), others));
        }
        Self(shared)
    }

    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.0.log
    }

    pub fn people(&self) -> &Arc<People> {
        &self.0.people
    }

    /// Decides and answers when the events are durable.
    pub async fn execute<D: Decider>(
        &self,
        stream: &StreamId,
        command: &D::Command,
        request: &Request,
    ) -> Result<Decision<D::Event>, CommandError<D::Refusal>> {
        let began = Instant::now();
        let result = self.try_execute::<D>(stream, command, request).await;
        let outcome = match &result {
            Ok(decision) if decision.repeated => "repeated",
            Ok(_) => "done",
            Err(CommandError::Refused(_)) => "refused",
            Err(_) => "failed",
        };
        metrics::counter!("reeve_commands_total", "capability" => D::CAPABILITY, "outcome" => outcome)
            .increment(1);
        metrics::histogram!("reeve_command_seconds", "capability" => D::CAPABILITY)
            .record(began.elapsed().as_secs_f64());
        result
    }

    async fn try_execute<D: Decider>(
        &self,
        stream: &StreamId,
        command: &D::Command,
        request: &Request,
    ) -> Result<Decision<D::Event>, CommandError<D::Refusal>> {
        let metadata = metadata(request)?;
        let slot: Arc<Slot<D>> = self.0.cache.lock().slot(stream);
        let mut has_lost = false;
        for _ in 0..MAX_TRIES {
            let place = self.0.log.appender().reserve().await?;
            let first_id = match self.step(&slot, stream, command, request, &metadata, place) {
                Step::Enqueued(pending, answer, first_id) => match pending.outcome().await? {
                    Appended::Written(recorded) => {
                        self.after_write(stream, &slot, &recorded);
                        let events = answer.unwrap_or_default();
                        return Ok(Decision { events, recorded, repeated: false });
                    }
                    Appended::Unchanged => {
                        let events = answer.map_err(CommandError::Refused)?;
                        return Ok(Decision { events, recorded: Vec::new(), repeated: false });
                    }
                    Appended::Duplicate => first_id,
                    Appended::Conflict { .. } | Appended::Superseded => {
                        metrics::counter!("reeve_command_retries_total").increment(1);
                        // Of many that come again after a crash, each would make the others lose.
                        if !mem::replace(&mut has_lost, true)
                            && let Some(decision) =
                                self.made::<D>(stream, first_id, request).await?
                        {
                            return Ok(decision);
                        }
                        continue;
                    }
                },
                Step::Repeated(first_id) => first_id,
                Step::Reload(place) => {
                    drop(place);
                    metrics::counter!("reeve_cache_loads_total").increment(1);
                    self.load(&slot, stream).await?;
                    continue;
                }
                Step::NeedsKey(person) => {
                    self.0.people.key(stream.guild(), person).await?;
                    continue;
                }
                Step::TooLarge(error) => return Err(error.into()),
            };
            if let Some(decision) = self.repeated::<D>(stream, first_id, request).await? {
                return Ok(decision);
            }
            // Its events were on their way, but were not written: the key has not acted.
        }
        Err(CommandError::Contended { stream: stream.to_string() })
    }

    fn step<'a, D: Decider>(
        &self,
        slot: &Slot<D>,
        stream: &StreamId,
        command: &D::Command,
        request: &Request,
        metadata: &Arc<str>,
        place: crate::log::Place<'a>,
    ) -> Step<'a, D> {
        let mut guard = slot.cached.lock();
        let Some(cached) = guard.as_mut().filter(|cached| cached.fence.holds()) else {
            return Step::Reload(place);
        };
        let first_id = event_id(stream, &request.key, 0);
        if cached.recent.contains(first_id) {
            return Step::Repeated(first_id);
        }
        let decided = D::decide(&cached.state, command);
        let mut events = Vec::new();
        let mut stored = Vec::new();
        let answer = match decided {
            Ok(decided) => {
                events = decided;
                match codec::seal(&self.0.people, stream, &request.key, &mut events) {
                    Ok(sealed) => stored = sealed,
                    Err(Unstorable::NeedsKey(person)) => return Step::NeedsKey(person),
                    Err(Unstorable::Failed(error)) => return Step::TooLarge(error),
                }
                Ok(())
            }
            Err(refusal) => Err(refusal),
        };
        let append = Append {
            stream: stream.clone(),
            expected: cached.version,
            first_id,
            events: stored,
            metadata: Arc::clone(metadata),
            fence: cached.fence.clone(),
        };
        if append.size_bytes() > MAX_APPEND_BYTES {
            let size = append.size_bytes();
            return Step::TooLarge(LogError::TooLarge { size, limit: MAX_APPEND_BYTES });
        }
        let pending = place.fill(append);
        if !events.is_empty() {
            for event in &events {
                D::evolve(&mut cached.state, event);
            }
            cached.version += events.len() as u64;
            cached.recent.insert(first_id);
        }
        Step::Enqueued(pending, answer.map(|()| events), first_id)
    }

    /// The events that a key made before; none when they never reached the log.
    async fn repeated<D: Decider>(
        &self,
        stream: &StreamId,
        first_id: EventId,
        request: &Request,
    ) -> Result<Option<Decision<D::Event>>, CommandError<D::Refusal>> {
        // They may be on their way: an append that only checks comes after them in the queue.
        let check = check(stream, u64::MAX, first_id, crate::Fence::default());
        self.0.log.appender().append(check).await?;
        self.made::<D>(stream, first_id, request).await
    }

    /// The events of a key that the log has.
    async fn made<D: Decider>(
        &self,
        stream: &StreamId,
        first_id: EventId,
        request: &Request,
    ) -> Result<Option<Decision<D::Event>>, CommandError<D::Refusal>> {
        let Some(first) = self.0.log.find(first_id).await? else { return Ok(None) };
        let mut recorded = vec![first];
        while let Some(last) = recorded.last() {
            let page = self.0.log.read_stream(stream, last.version, PAGE).await?;
            let before = recorded.len();
            let made_by_key = |(index, event): &(usize, Recorded)| {
                event.id == event_id(stream, &request.key, before + index)
            };
            let page = page.into_iter().enumerate().take_while(made_by_key);
            recorded.extend(page.map(|(_, event)| event));
            if recorded.len() - before < PAGE {
                break;
            }
        }
        let events = recorded.iter().map(codec::decode).collect::<Result<_, _>>()?;
        Ok(Some(Decision { events, recorded, repeated: true }))
    }

    /// Reads an aggregate's state as the log has it, for answers and tools. What is still on its
    /// way to the log is waited for; `read` is asked again where the log has moved on.
    pub async fn read<D: Decider, T>(
        &self,
        stream: &StreamId,
        read: impl Fn(&D::State, u64) -> T,
    ) -> Result<T, LogError> {
        let slot: Arc<Slot<D>> = self.0.cache.lock().slot(stream);
        loop {
            let found = {
                let cached = slot.cached.lock();
                let sound = cached.as_ref().filter(|cached| cached.fence.holds());
                sound.map(|cached| {
                    let check = check(stream, cached.version, NO_EVENT, cached.fence.clone());
                    (read(&cached.state, cached.version), check)
                })
            };
            let Some((value, check)) = found else {
                self.load(&slot, stream).await?;
                continue;
            };
            let (fence, version) = (check.fence.clone(), check.expected);
            match self.0.log.appender().append(check).await {
                Ok(Appended::Unchanged) => return Ok(value),
                Ok(_) => {}
                // Nothing of ours is on its way any more, so the log can be asked.
                Err(LogError::ShuttingDown) => {
                    if self.0.log.stream_head(stream).await? == version {
                        return Ok(value);
                    }
                    fence.raise();
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Cached aggregates and the memory they take.
    pub fn cache_use(&self) -> (usize, usize) {
        self.0.cache.lock().in_use()
    }

    fn after_write<D: Decider>(
        &self,
        stream: &StreamId,
        slot: &Arc<Slot<D>>,
        recorded: &[Recorded],
    ) {
        let events = recorded.len() as u64;
        let version = recorded.last().map_or(0, |last| last.version);
        let before = version - events;
        if version <= WEIGH_EVERY || version / WEIGH_EVERY > before / WEIGH_EVERY {
            self.weigh(stream, slot);
        }
        self.snapshot_when_due(stream, slot, events);
    }

    /// Everything accepted is written, then the log is shut.
    pub async fn shutdown(&self) {
        self.0.log.shutdown().await;
    }
}

/// An append that writes nothing: it only asks whether the stream is still where it was.
fn check(stream: &StreamId, expected: u64, first_id: EventId, fence: crate::Fence) -> Append {
    let (stream, metadata) = (stream.clone(), Arc::from(""));
    Append { stream, expected, first_id, events: Vec::new(), metadata, fence }
}

fn metadata<R: std::error::Error>(request: &Request) -> Result<Arc<str>, CommandError<R>> {
    let metadata = Metadata {
        actor: request.actor.clone(),
        cause: request.cause,
        key: request.key.clone(),
        policy: request.policy,
    };
    serde_json::to_string(&metadata)
        .map(Into::into)
        .map_err(|error| LogError::Setup(format!("metadata: {error}")).into())
}
