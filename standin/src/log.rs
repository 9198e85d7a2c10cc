//! What the server has stored: events in one order, their streams, and the file they are kept in.

use std::{collections::HashMap, path::Path, sync::Arc};

use bytes::Bytes;
use parking_lot::RwLock;
use prost::Message;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::{
    file::File,
    wire::{Empty, Expected},
};

/// Most appends that one sync of the file takes.
const GROUP: usize = 256;
const QUEUE: usize = 1024;

/// An event as it is stored and as the file holds it.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Stored {
    #[prost(uint64, tag = "1")]
    pub position: u64,
    #[prost(bytes = "bytes", tag = "2")]
    pub id: Bytes,
    #[prost(string, tag = "3")]
    pub stream: String,
    #[prost(uint64, tag = "4")]
    pub revision: u64,
    #[prost(string, tag = "5")]
    pub kind: String,
    #[prost(string, tag = "6")]
    pub content_type: String,
    #[prost(bytes = "bytes", tag = "7")]
    pub custom_metadata: Bytes,
    #[prost(bytes = "bytes", tag = "8")]
    pub data: Bytes,
    /// In ticks of 100 nanoseconds since 1970.
    #[prost(uint64, tag = "9")]
    pub created: u64,
}

/// An event as somebody proposes it.
#[derive(Clone, Debug)]
pub struct Proposed {
    pub id: Uuid,
    pub kind: String,
    pub content_type: String,
    pub custom_metadata: Bytes,
    pub data: Bytes,
}

impl Proposed {
    /// What counts against the largest append.
    pub fn size(&self) -> usize {
        self.data.len() + self.custom_metadata.len() + 2 * self.kind.len()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Written now, or by an earlier append of the same events.
    Written {
        revision: Option<u64>,
        position: Option<u64>,
    },
    WrongExpectedVersion {
        current: Option<u64>,
    },
    Deleted,
}

/// What is asked of a stream.
#[derive(Clone, Debug)]
pub enum Change {
    Append(Vec<Proposed>),
    /// Nothing before the end is read any more; the stream goes on.
    Delete,
    /// The stream is gone for good.
    Tombstone,
}

#[derive(Debug, Default)]
struct Stream {
    /// Places in [`State::events`].
    events: Vec<usize>,
    truncate_before: u64,
    tombstoned: bool,
}

#[derive(Debug, Default)]
struct State {
    events: Vec<Arc<Stored>>,
    streams: HashMap<String, Stream>,
    ids: HashMap<Uuid, usize>,
    /// Where the next event begins.
    end: u64,
    /// How many events are durable, and may be read.
    visible: usize,
}

struct Request {
    stream: String,
    expected: Expected,
    change: Change,
    answer: oneshot::Sender<Outcome>,
}

/// The events of a server, shared by its nodes.
#[derive(Debug)]
pub struct Log {
    state: Arc<RwLock<State>>,
    queue: mpsc::Sender<Request>,
    visible: watch::Receiver<usize>,
}

impl Log {
    /// In the folder, where one is given; otherwise in memory.
    pub fn open(folder: Option<&Path>) -> std::io::Result<Arc<Self>> {
        let mut state = State::default();
        let file = match folder {
            None => None,
            Some(folder) => {
                let (file, events) = File::open(folder)?;
                for event in events {
                    state.take(event);
                }
                state.visible = state.events.len();
                Some(file)
            }
        };
        let (visible_sender, visible) = watch::channel(state.visible);
        let state = Arc::new(RwLock::new(state));
        let (queue, requests) = mpsc::channel(QUEUE);
        std::thread::Builder::new().name("standin-writer".to_owned()).spawn({
            let state = Arc::clone(&state);
            move || write(&state, file, requests, &visible_sender)
        })?;
        Ok(Arc::new(Self { state, queue, visible }))
    }

    /// None when the writer has ended: the file cannot be written.
    pub async fn change(
        &self,
        stream: &str,
        expected: Expected,
        change: Change,
    ) -> Option<Outcome> {
        let (answer, outcome) = oneshot::channel();
        let stream = stream.to_owned();
        self.queue.send(Request { stream, expected, change, answer }).await.ok()?;
        outcome.await.ok()
    }

    /// How many events may be read; moves with every one.
    pub fn watch(&self) -> watch::Receiver<usize> {
        self.visible.clone()
    }

    pub fn count(&self) -> usize {
        *self.visible.borrow()
    }

    /// The event with this place in the order of all.
    pub fn event(&self, place: usize) -> Option<Arc<Stored>> {
        let state = self.state.read();
        (place < state.visible).then(|| Arc::clone(&state.events[place]))
    }

    /// How many events begin before this position.
    pub fn place_of(&self, position: u64) -> usize {
        let state = self.state.read();
        state.events[..state.visible].partition_point(|event| event.position < position)
    }

    /// The stream's events that may be read, by revision; none where it is not there.
    pub fn stream(&self, name: &str) -> Look {
        let state = self.state.read();
        let Some(stream) = state.streams.get(name) else { return Look::NotFound };
        if stream.tombstoned {
            return Look::Deleted;
        }
        let count = stream.events.partition_point(|place| *place < state.visible) as u64;
        if count <= stream.truncate_before {
            Look::NotFound
        } else {
            Look::Events { first: stream.truncate_before, count }
        }
    }

    pub fn stream_event(&self, name: &str, revision: u64) -> Option<Arc<Stored>> {
        let state = self.state.read();
        let place = *state.streams.get(name)?.events.get(usize::try_from(revision).ok()?)?;
        (place < state.visible).then(|| Arc::clone(&state.events[place]))
    }

    /// Changes a stored event behind everybody's back, in memory. For tests of damage.
    pub fn tamper(&self, id: Uuid, tamper: impl FnOnce(&mut Stored)) -> bool {
        let mut state = self.state.write();
        let Some(place) = state.ids.get(&id).copied() else { return false };
        let mut event = (*state.events[place]).clone();
        tamper(&mut event);
        state.events[place] = Arc::new(event);
        true
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    NotFound,
    Deleted,
    Events { first: u64, count: u64 },
}

impl State {
    fn take(&mut self, event: Stored) {
        let place = self.events.len();
        // As bytes of a log on disk, so that positions are no counter.
        self.end = event.position + 64 + event.encoded_len() as u64;
        if let Ok(id) = Uuid::from_slice(&event.id) {
            self.ids.insert(id, place);
        }
        if event.kind == "$metadata"
            && let Some(of) = event.stream.strip_prefix("$$")
            && let Ok(metadata) = serde_json::from_slice::<serde_json::Value>(&event.data)
            && let Some(truncate_before) = metadata.get("$tb").and_then(serde_json::Value::as_u64)
        {
            let stream = self.streams.entry(of.to_owned()).or_default();
            stream.truncate_before = stream.truncate_before.max(truncate_before);
        }
        let stream = self.streams.entry(event.stream.clone()).or_default();
        stream.tombstoned |= event.kind == "$streamDeleted";
        stream.events.push(place);
        self.events.push(Arc::new(event));
    }

    fn decide(&mut self, request: &Request, fresh: &mut Vec<Stored>) -> Outcome {
        let stream = self.streams.entry(request.stream.clone()).or_default();
        if stream.tombstoned {
            return Outcome::Deleted;
        }
        let count = stream.events.len() as u64;
        let current = count.checked_sub(1);
        let ids: Vec<Uuid> = match &request.change {
            Change::Append(events) => events.iter().map(|event| event.id).collect(),
            Change::Delete | Change::Tombstone => Vec::new(),
        };
        // The revision that the first event would have.
        let next = match request.expected {
            Expected::NoStream(Empty {}) => Some(0),
            Expected::Revision(revision) => revision.checked_add(1),
            Expected::Any(Empty {}) => self.first_of(&request.stream, &ids).or(Some(count)),
            Expected::StreamExists(Empty {}) if count == 0 => None,
            Expected::StreamExists(Empty {}) => {
                self.first_of(&request.stream, &ids).or(Some(count))
            }
        };
        match next {
            Some(next) if next == count => {}
            Some(next) if next < count && !ids.is_empty() => {
                return self.already(&request.stream, next, &ids, current);
            }
            _ => return Outcome::WrongExpectedVersion { current },
        }
        let events = match &request.change {
            Change::Append(events) => events.clone(),
            Change::Tombstone => vec![system("$streamDeleted", Bytes::new())],
            Change::Delete => {
                let metadata = Bytes::from(format!("{{\"$tb\":{count}}}"));
                let stream = format!("$${}", request.stream);
                let revision = self.streams.get(&stream).map_or(0, |s| s.events.len() as u64);
                return self.put(&stream, revision, vec![system("$metadata", metadata)], fresh);
            }
        };
        self.put(&request.stream, count, events, fresh)
    }

    fn put(
        &mut self,
        stream: &str,
        first: u64,
        events: Vec<Proposed>,
        fresh: &mut Vec<Stored>,
    ) -> Outcome {
        let mut position = None;
        let last = (first + events.len() as u64).checked_sub(1);
        for (revision, event) in (first..).zip(events) {
            let stored = Stored {
                position: self.end,
                id: Bytes::copy_from_slice(event.id.as_bytes()),
                stream: stream.to_owned(),
                revision,
                kind: event.kind,
                content_type: event.content_type,
                custom_metadata: event.custom_metadata,
                data: event.data,
                created: now_in_ticks(),
            };
            position = Some(stored.position);
            fresh.push(stored.clone());
            self.take(stored);
        }
        Outcome::Written { revision: last, position }
    }

    /// Where in the stream the first of these ids stands.
    fn first_of(&self, stream: &str, ids: &[Uuid]) -> Option<u64> {
        let event = &self.events[*self.ids.get(ids.first()?)?];
        (event.stream == stream).then_some(event.revision)
    }

    /// The same events again are no other append. A part of them is not the same.
    fn already(&self, stream: &str, next: u64, ids: &[Uuid], current: Option<u64>) -> Outcome {
        let wrong = Outcome::WrongExpectedVersion { current };
        let Some(stream) = self.streams.get(stream) else { return wrong };
        let mut last = None;
        for (revision, id) in (next..).zip(ids) {
            let place = usize::try_from(revision).ok().and_then(|r| stream.events.get(r));
            let Some(event) = place.map(|place| &self.events[*place]) else { return wrong };
            if event.id != id.as_bytes().as_slice() {
                return wrong;
            }
            last = Some(event);
        }
        Outcome::Written {
            revision: last.map(|event| event.revision),
            position: last.map(|event| event.position),
        }
    }
}

fn system(kind: &str, data: Bytes) -> Proposed {
    Proposed {
        id: Uuid::new_v4(),
        kind: kind.to_owned(),
        content_type: "application/json".to_owned(),
        custom_metadata: Bytes::new(),
        data,
    }
}

/// Ends when nobody can ask any more, or when the file cannot be written.
fn write(
    state: &RwLock<State>,
    mut file: Option<File>,
    mut requests: mpsc::Receiver<Request>,
    visible: &watch::Sender<usize>,
) {
    while let Some(first) = requests.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(next) = requests.try_recv()
        {
            group.push(next);
        }
        let mut answers = Vec::new();
        let mut fresh = Vec::new();
        let count = {
            let mut state = state.write();
            for request in group {
                let outcome = state.decide(&request, &mut fresh);
                answers.push((request.answer, outcome));
            }
            state.events.len()
        };
        if let Some(file) = &mut file
            && !fresh.is_empty()
            && let Err(error) = file.append(fresh)
        {
            eprintln!("standin: the file cannot be written: {error}");
            return;
        }
        state.write().visible = count;
        visible.send_replace(count);
        for (answer, outcome) in answers {
            let _ = answer.send(outcome);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a server has a clock")]
fn now_in_ticks() -> u64 {
    let since_1970 =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_nanos() / 100).unwrap_or(u64::MAX)
}
