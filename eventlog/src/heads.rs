//! What the one writer knows of the log's ends: enough to give every event its place and hash
//! before the database is asked.

use std::{borrow::Cow, collections::HashMap, hash::Hash, sync::Arc};

use domain::{GuildId, Timestamp};
use lru::LruCache;

use crate::{
    envelope::{Entry, EventHash, Position, Recorded, StreamId},
    log::{Append, Appended, Fence},
};

/// How many streams' and guilds' ends are remembered; the others are read again when needed.
const REMEMBERED: usize = 65_536;

#[derive(Debug)]
pub(crate) struct Heads {
    pub position: u64,
    /// Time of the last event: later events are never earlier.
    pub last_at: Timestamp,
    streams: LruCache<StreamId, u64>,
    guilds: LruCache<GuildId, u64>,
}

impl Heads {
    pub fn new(position: u64, last_at: Timestamp) -> Self {
        Self { position, last_at, streams: LruCache::unbounded(), guilds: LruCache::unbounded() }
    }

    pub fn forget(&mut self) {
        self.streams.clear();
        self.guilds.clear();
    }

    pub fn stream(&mut self, stream: &StreamId) -> Option<u64> {
        self.streams.get(stream).copied()
    }

    pub fn guild(&mut self, guild: GuildId) -> Option<u64> {
        self.guilds.get(&guild).copied()
    }

    pub fn learn_stream(&mut self, stream: StreamId, head: u64) {
        remember(&mut self.streams, stream, head);
    }

    pub fn learn_guild(&mut self, guild: GuildId, head: u64) {
        remember(&mut self.guilds, guild, head);
    }

    /// Somebody else's event: brings up to date what is remembered, and learns nothing new.
    pub fn observe(&mut self, stream: &StreamId, version: u64, guild_seq: u64) {
        if let Some(head) = self.streams.peek_mut(stream) {
            *head = (*head).max(version);
        }
        if let Some(head) = self.guilds.peek_mut(&stream.guild()) {
            *head = (*head).max(guild_seq);
        }
    }

    pub fn plan(&mut self, now: Timestamp) -> Plan<'_> {
        Plan {
            position: self.position,
            at: now.max(self.last_at),
            streams: HashMap::new(),
            guilds: HashMap::new(),
            broken: Vec::new(),
            heads: self,
        }
    }
}

fn remember<K: Hash + Eq>(cache: &mut LruCache<K, u64>, key: K, head: u64) {
    cache.put(key, head);
    if cache.len() > REMEMBERED {
        cache.pop_lru();
    }
}

/// The places that one batch would take. Dropped, it has changed nothing.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    heads: &'a mut Heads,
    position: u64,
    at: Timestamp,
    streams: HashMap<StreamId, u64>,
    guilds: HashMap<GuildId, u64>,
    /// Cached states of which a decision was turned away: the later ones stand on nothing.
    broken: Vec<Fence>,
}

impl Plan<'_> {
    /// Gives an append's events their places. The stream's and guild's ends must be known.
    /// Turned away, it says why.
    pub fn place(&mut self, append: &Append) -> Result<Vec<Recorded>, Appended> {
        if !append.fence.holds() || self.broken.iter().any(|broken| broken.same(&append.fence)) {
            return Err(Appended::Superseded);
        }
        let guild = append.stream.guild();
        let head = self.stream_head(&append.stream);
        if head != append.expected {
            self.break_fence(&append.fence);
            return Err(Appended::Conflict { head });
        }
        if append.events.is_empty() {
            return Ok(Vec::new());
        }
        let mut guild_seq = self.guild_head(guild);
        let mut version = head;
        let mut rows = Vec::with_capacity(append.events.len());
        for event in &append.events {
            self.position += 1;
            guild_seq += 1;
            version += 1;
            rows.push(Recorded::new(Entry {
                position: Position(self.position),
                id: event.id,
                stream: append.stream.clone(),
                version,
                guild_seq,
                type_name: Cow::Borrowed(event.event_type.name),
                type_version: event.event_type.version,
                at: self.at,
                metadata: Arc::clone(&append.metadata),
                payload: Arc::clone(&event.payload),
                hash: EventHash([0; 32]),
            }));
        }
        self.streams.insert(append.stream.clone(), version);
        self.guilds.insert(guild, guild_seq);
        Ok(rows)
    }

    /// Takes back the last append that was placed.
    pub fn take_back(&mut self, rows: &[Recorded]) {
        if let Some(first) = rows.first() {
            self.position = first.position.0 - 1;
            self.streams.insert(first.stream.clone(), first.version - 1);
            self.guilds.insert(first.guild(), first.guild_seq - 1);
        }
    }

    pub fn break_fence(&mut self, fence: &Fence) {
        self.broken.push(fence.clone());
    }

    /// The batch is durable: its ends are the log's ends now.
    pub fn commit(self) {
        let Self { heads, position, at, streams, guilds, broken } = self;
        broken.iter().for_each(Fence::raise);
        if position > heads.position {
            heads.last_at = at;
        }
        heads.position = position;
        for (stream, head) in streams {
            heads.learn_stream(stream, head);
        }
        for (guild, head) in guilds {
            heads.learn_guild(guild, head);
        }
    }

    fn stream_head(&mut self, stream: &StreamId) -> u64 {
        let planned = self.streams.get(stream).copied();
        planned.or_else(|| self.heads.stream(stream)).unwrap_or(0)
    }

    fn guild_head(&mut self, guild: GuildId) -> u64 {
        let planned = self.guilds.get(&guild).copied();
        planned.or_else(|| self.heads.guild(guild)).unwrap_or(0)
    }
}
