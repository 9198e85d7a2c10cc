//! What cases begin with.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{
    Actor, Bytes, Cause, CorrelationId, Decider, EventType, GuildId, IdempotencyKey, PersonId,
    Timestamp,
    economy::{Command, EconomySettings, SpendId, Terms},
    settings::InForce,
};
use parking_lot::{Condvar, Mutex};
use uuid::Uuid;

use super::{Backend, Keys, Options};
use crate::{
    Bus, BusOptions, Request,
    envelope::{Metadata, NewEvent, Recorded, StreamId, event_id},
    log::{Append, Clock, EventLog, Fence},
    people::People,
};

/// Long enough for the slowest machine; whoever waits for a fact fails after it.
const PATIENCE: Duration = Duration::from_secs(30);

pub const ANN: PersonId = PersonId(1);
pub const BEN: PersonId = PersonId(2);

/// Guilds whose ids differ where slices look.
pub fn guild(number: u64) -> GuildId {
    GuildId::new((number << 22) + 7).unwrap()
}

pub fn stream(number: u64) -> StreamId {
    StreamId::of_guild("test", guild(number))
}

pub fn economy(number: u64) -> StreamId {
    StreamId::of_guild("economy", guild(number))
}

pub fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text).unwrap()
}

/// A key that nobody else uses.
pub fn new_key() -> IdempotencyKey {
    key(&Uuid::new_v4().to_string())
}

pub fn request(key: &IdempotencyKey) -> Request {
    let cause = Cause { correlation: CorrelationId(Uuid::nil()), causation: None };
    Request { actor: Actor::Person(ANN), cause, key: key.clone(), policy: None }
}

pub fn metadata(key: &IdempotencyKey) -> Arc<str> {
    let Request { actor, cause, key, policy } = request(key);
    serde_json::to_string(&Metadata { actor, cause, key, policy }).unwrap().into()
}

/// An append as somebody who knows the port builds one.
pub fn append(stream: &StreamId, expected: u64, key: &IdempotencyKey, payloads: &[&str]) -> Append {
    let event = |(index, payload): (usize, &&str)| NewEvent {
        id: event_id(stream, key, index),
        event_type: EventType::new("test.happened", 1),
        payload: Arc::from(*payload),
    };
    Append {
        stream: stream.clone(),
        expected,
        first_id: event_id(stream, key, 0),
        events: payloads.iter().enumerate().map(event).collect(),
        metadata: metadata(key),
        fence: Fence::default(),
    }
}

/// An event as somebody stores it who changes it and knows how hashes are made.
pub fn rehashed(mut event: Recorded) -> Recorded {
    event.hash = event.compute_hash();
    event
}

/// Waits until something is so.
pub async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// Waits for something that must come.
pub async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, coming).await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// A store with its log, registry and bus.
pub struct House<B: Backend> {
    pub store: B,
    pub log: Arc<dyn EventLog>,
    pub people: Arc<People>,
    pub bus: Bus,
}

impl<B: Backend> std::fmt::Debug for House<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House").field("log", &self.log).finish_non_exhaustive()
    }
}

impl<B: Backend> House<B> {
    pub async fn new(store: B) -> Self {
        Self::with(store, Options::default()).await
    }

    pub async fn with(store: B, options: Options) -> Self {
        let log = store.open(options).await.unwrap();
        let people = Arc::new(store.people(Keys::default()).await.unwrap());
        let bus = Bus::new(Arc::clone(&log), Arc::clone(&people), None, BusOptions::default());
        Self { store, log, people, bus }
    }

    /// Another bus, over the log as another process has it.
    pub async fn second_bus(&self) -> Bus {
        let log = self.store.beside(&self.log).await;
        Bus::new(log, Arc::clone(&self.people), None, BusOptions::default())
    }

    /// Another bus of this process, with nothing cached.
    pub fn new_bus(&self, options: BusOptions) -> Bus {
        let snapshots = Some(self.store.snapshots());
        Bus::new(Arc::clone(&self.log), Arc::clone(&self.people), snapshots, options)
    }

    /// Shut down and started again.
    pub async fn restarted(self) -> Self {
        let Self { store, log, people, bus } = self;
        log.shutdown().await;
        drop((log, people, bus));
        Self::new(store).await
    }
}

/// What an aggregate's state says.
pub async fn look<D: Decider, T>(
    bus: &Bus,
    stream: StreamId,
    read: impl Fn(&D::State, u64) -> T,
) -> T {
    bus.read::<D, T>(&stream, read).await.unwrap()
}

/// Terms under which anything may be moved at any time.
pub fn terms() -> Terms {
    let values = EconomySettings {
        max_transfer: Bytes(1_000_000),
        transfer_cooldown_secs: 0,
        ..EconomySettings::default()
    };
    Arc::new(InForce { version: 1, values })
}

pub fn grant(to: PersonId, amount: i64) -> Command {
    Command::Grant { to, amount: Bytes(amount), reason: None, terms: terms() }
}

pub fn transfer(from: PersonId, to: PersonId, amount: i64) -> Command {
    let (amount, at) = (Bytes(amount), Timestamp::from_secs(1));
    Command::Transfer { from, to, amount, reason: None, at, terms: terms() }
}

pub fn spend(from: PersonId, amount: i64) -> Command {
    let spend = SpendId(Uuid::new_v4());
    let purpose = "a test".to_owned();
    Command::Spend { spend, from, amount: Bytes(amount), purpose, terms: terms() }
}

/// A clock at which the log's writer can be made to wait.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<GateState>);

#[derive(Debug, Default)]
struct GateState {
    closed: Mutex<bool>,
    opened: Condvar,
    waiting: AtomicU64,
}

impl Gate {
    pub fn options(&self) -> Options {
        Options { clock: self.clock(), ..Options::default() }
    }

    pub fn clock(&self) -> Clock {
        let gate = self.clone();
        let clock = crate::log::system_clock();
        Arc::new(move || {
            gate.pass();
            clock()
        })
    }

    pub fn close(&self) {
        *self.0.closed.lock() = true;
    }

    pub fn open(&self) {
        *self.0.closed.lock() = false;
        self.0.opened.notify_all();
    }

    /// Waits until the writer stands before the closed gate.
    pub async fn reached(&self) {
        eventually("the writer at the gate", async || self.0.waiting.load(Ordering::SeqCst) > 0)
            .await;
    }

    fn pass(&self) {
        if !*self.0.closed.lock() {
            return;
        }
        let wait = || {
            self.0.waiting.fetch_add(1, Ordering::SeqCst);
            let mut closed = self.0.closed.lock();
            while *closed {
                self.0.opened.wait(&mut closed);
            }
            self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        };
        // A backend's writer may be a thread or a task.
        if tokio::runtime::Handle::try_current().is_ok() {
            tokio::task::block_in_place(wait);
        } else {
            wait();
        }
    }
}

/// A clock that stands where it is put.
#[derive(Clone, Debug)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    pub fn at(secs: i64) -> Self {
        Self(Arc::new(AtomicI64::new(secs)))
    }

    pub fn set(&self, secs: i64) {
        self.0.store(secs, Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Arc::new(move || Timestamp::from_secs(now.load(Ordering::SeqCst)))
    }
}
