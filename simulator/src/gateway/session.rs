//! A session: what a shard was told, what it has still to be told, and what it may hear again when
//! it comes back. It outlives its connections.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};

use crate::{limits, snowflake::Id};

pub const AUTHENTICATION_FAILED: u16 = 4004;

/// Something done to a connection by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Close with this code.
    Close(u16),
    /// Drop the connection without a word.
    Cut,
    /// Tell it to come back (op 7), and close.
    Reconnect,
    /// Tell it that its session is worth nothing (op 9), or worth a resume.
    Invalidate { resumable: bool },
    /// Leave it open and say nothing more, not even to heartbeats.
    Zombie,
}

/// What comes of a connection's wish to take a session.
#[derive(Debug)]
pub(super) enum Attach {
    /// It has it, under this number, and is told by this what to do.
    Taken(u64, mpsc::Receiver<Order>),
    /// What the client has not seen is forgotten already.
    TooOld,
    /// The client says it has seen what was never sent.
    NeverSaid,
}

/// An event as it was numbered for this session.
#[derive(Clone, Debug)]
pub struct Numbered {
    pub seq: u64,
    pub kind: &'static str,
    pub body: Bytes,
}

impl Numbered {
    /// On request: whoever listens sees only that a number is missing.
    pub(super) fn is_lost(&self) -> bool {
        self.body.is_empty()
    }
}

#[derive(Debug)]
pub struct Session {
    pub id: String,
    pub application: Id,
    pub bot: Id,
    pub shard: u32,
    pub shards: u32,
    pub intents: u64,
    state: Mutex<State>,
    over: AtomicBool,
    /// Wakes the connection: there is something to send.
    pub(super) more: Notify,
    /// Wakes whoever waits for room.
    room: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The last number that was given out.
    seq: u64,
    /// The last number that was handed to a connection.
    sent: u64,
    events: VecDeque<Numbered>,
    bytes: usize,
    sent_bytes: usize,
    orders: Option<mpsc::Sender<Order>>,
    /// Counts the connections, so that an old one cannot detach a new one.
    connection: u64,
    left: Option<Instant>,
}

impl State {
    /// Forgets what was sent and is too old or too much to be kept.
    fn trim(&mut self) {
        while let Some(oldest) = self.events.front() {
            let sent = self.events.len() - usize::try_from(self.seq - self.sent).unwrap_or(0);
            let too_much = sent > limits::REPLAY_EVENTS || self.sent_bytes > limits::REPLAY_BYTES;
            if oldest.seq > self.sent || !too_much {
                return;
            }
            let length = oldest.body.len();
            self.bytes -= length;
            self.sent_bytes -= length;
            self.events.pop_front();
        }
    }
}

impl Session {
    pub fn new(
        id: String,
        application: Id,
        bot: Id,
        (shard, shards): (u32, u32),
        intents: u64,
    ) -> Self {
        Self {
            id,
            application,
            bot,
            shard,
            shards,
            intents,
            state: Mutex::default(),
            over: AtomicBool::new(false),
            more: Notify::new(),
            room: Notify::new(),
        }
    }

    /// Numbers an event and queues it. A client that is far too slow loses its session.
    pub fn push(&self, kind: &'static str, body: Bytes) {
        let mut state = self.state.lock();
        if self.over.load(Ordering::Acquire) {
            return;
        }
        let waiting = state.seq - state.sent;
        let late = state.left.is_some_and(|left| {
            left.elapsed() > limits::SESSION_KEPT || waiting >= limits::REPLAY_EVENTS as u64
        });
        let slow = waiting >= limits::QUEUE_EVENTS as u64
            || state.bytes - state.sent_bytes + body.len() > limits::QUEUE_BYTES;
        if late || slow {
            drop(state);
            if slow {
                tracing::warn!(session = self.id, "a client is too slow; its session ends");
            }
            self.end();
            return;
        }
        state.seq += 1;
        state.bytes += body.len();
        let seq = state.seq;
        state.events.push_back(Numbered { seq, kind, body });
        drop(state);
        self.more.notify_one();
    }

    /// What comes next, at most so many; it counts as sent. Only the connection that has the
    /// session may take; another one wakes that one, and gives up.
    pub(super) fn take(&self, connection: u64, most: usize, into: &mut Vec<Numbered>) -> bool {
        let mut state = self.state.lock();
        if state.connection != connection {
            drop(state);
            self.more.notify_one();
            return false;
        }
        let waiting = usize::try_from(state.seq - state.sent).unwrap_or(usize::MAX);
        let from = state.events.len() - waiting.min(state.events.len());
        into.extend(state.events.range(from..).take(most).cloned());
        if let Some(last) = into.last() {
            state.sent = last.seq;
            state.sent_bytes += into.iter().map(|event| event.body.len()).sum::<usize>();
            state.trim();
            drop(state);
            self.room.notify_waiters();
        }
        true
    }

    /// How many events wait to be sent.
    pub fn waiting(&self) -> u64 {
        let state = self.state.lock();
        state.seq - state.sent
    }

    pub fn seq(&self) -> u64 {
        self.state.lock().seq
    }

    /// Comes back when fewer than so many events wait, or nobody will ever take them.
    pub async fn until_fewer_than(&self, most: u64) {
        loop {
            let room = self.room.notified();
            if self.waiting() < most || self.is_over() {
                return;
            }
            room.await;
        }
    }

    /// A connection takes the session; one that had it before loses it. `from` is the last number
    /// that the client has seen.
    pub(super) fn attach(&self, from: Option<u64>) -> Attach {
        let mut state = self.state.lock();
        if let Some(from) = from {
            let oldest = state.events.front().map_or(state.seq + 1, |event| event.seq);
            if from > state.seq {
                return Attach::NeverSaid;
            }
            if from + 1 < oldest {
                return Attach::TooOld;
            }
            state.sent = from;
            let sent = state.events.iter().filter(|event| event.seq <= from);
            state.sent_bytes = sent.map(|event| event.body.len()).sum();
        }
        let (orders, taken) = mpsc::channel(limits::ORDERS);
        if let Some(before) = state.orders.replace(orders) {
            // Whoever is gone cannot be told.
            let _ = before.try_send(Order::Close(4000));
        }
        state.connection += 1;
        state.left = None;
        let connection = state.connection;
        drop(state);
        self.more.notify_one();
        Attach::Taken(connection, taken)
    }

    /// The connection is gone; the session waits for another.
    pub(super) fn detach(&self, connection: u64) {
        let mut state = self.state.lock();
        if state.connection == connection {
            state.orders = None;
            state.left = Some(Instant::now());
        }
    }

    pub fn is_connected(&self) -> bool {
        self.state.lock().orders.is_some()
    }

    /// Hands an order to the connection, where there is one.
    pub fn order(&self, order: Order) -> bool {
        let state = self.state.lock();
        let sent = state.orders.as_ref().is_some_and(|orders| orders.try_send(order).is_ok());
        drop(state);
        if sent && order == (Order::Invalidate { resumable: false }) {
            self.over.store(true, Ordering::Release);
        }
        sent
    }

    /// Nobody can take it up any more.
    pub fn end(&self) {
        self.over.store(true, Ordering::Release);
        let mut state = self.state.lock();
        state.events.clear();
        (state.bytes, state.sent_bytes) = (0, 0);
        state.sent = state.seq;
        if let Some(orders) = state.orders.take() {
            let _ = orders.try_send(Order::Close(4000));
        }
        drop(state);
        self.room.notify_waiters();
    }

    /// Ended, or left for so long that nobody may come back.
    pub fn is_over(&self) -> bool {
        let left = self.state.lock().left;
        self.over.load(Ordering::Acquire)
            || left.is_some_and(|left| left.elapsed() > limits::SESSION_KEPT)
    }
}
