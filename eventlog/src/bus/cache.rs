//! Cached aggregates, bounded in bytes.

use std::{
    any::Any,
    collections::VecDeque,
    sync::{Arc, atomic::AtomicU64},
};

use domain::{Decider, EventId, Weigh as _};
use lru::LruCache;
use parking_lot::Mutex;

use super::follow::AnySlot;
use crate::{envelope::StreamId, log::Fence};

/// Keys that an aggregate remembers, to answer a repetition without deciding again.
const RECENT_KEYS: usize = 64;
/// What a slot takes beside its state: the id, the keys, the map's entry.
const SLOT_BYTES: usize = 512;

/// One aggregate's place in the cache.
pub(super) struct Slot<D: Decider> {
    pub cached: Mutex<Option<Cached<D>>>,
    /// Held while the state is loaded, so that it is loaded once.
    pub loading: tokio::sync::Mutex<()>,
    /// Events since the last snapshot that we know of.
    pub since_snapshot: AtomicU64,
}

pub(super) struct Cached<D: Decider> {
    pub state: D::State,
    /// Events that the state has seen, also those not durable yet.
    pub version: u64,
    pub fence: Fence,
    pub recent: RecentKeys,
}

#[derive(Debug, Default)]
pub(super) struct RecentKeys(VecDeque<EventId>);

impl RecentKeys {
    pub fn contains(&self, id: EventId) -> bool {
        self.0.contains(&id)
    }

    pub fn insert(&mut self, id: EventId) {
        if self.0.len() == RECENT_KEYS {
            self.0.pop_front();
        }
        self.0.push_back(id);
    }
}

impl<D: Decider> Slot<D> {
    fn new() -> Self {
        Self {
            cached: Mutex::new(None),
            loading: tokio::sync::Mutex::new(()),
            since_snapshot: AtomicU64::new(0),
        }
    }

    pub fn weight(&self) -> usize {
        let cached = self.cached.lock();
        let weight = cached.as_ref().map_or(0, |cached| {
            cached.state.weight_bytes() + cached.recent.0.capacity() * size_of::<EventId>()
        });
        SLOT_BYTES + weight
    }
}

pub(super) struct Cache {
    slots: LruCache<StreamId, Entry>,
    bytes: usize,
    limit: usize,
}

struct Entry {
    slot: Arc<dyn AnySlot>,
    bytes: usize,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache")
            .field("slots", &self.slots.len())
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl Cache {
    pub fn new(limit: usize) -> Self {
        Self { slots: LruCache::unbounded(), bytes: 0, limit }
    }

    pub fn slot<D: Decider>(&mut self, stream: &StreamId) -> Arc<Slot<D>> {
        if let Some(entry) = self.slots.get(stream)
            && let Ok(slot) = (Arc::clone(&entry.slot) as Arc<dyn Any + Send + Sync>).downcast()
        {
            return slot;
        }
        let slot = Arc::new(Slot::<D>::new());
        let entry = Entry { slot: Arc::clone(&slot) as Arc<dyn AnySlot>, bytes: SLOT_BYTES };
        self.bytes += SLOT_BYTES;
        if let Some(other) = self.slots.put(stream.clone(), entry) {
            self.bytes -= other.bytes;
        }
        self.make_room();
        slot
    }

    /// What is there, without counting as use.
    pub fn peek(&self, stream: &StreamId) -> Option<Arc<dyn AnySlot>> {
        self.slots.peek(stream).map(|entry| Arc::clone(&entry.slot))
    }

    /// Takes note of an aggregate's weight, and lets others go where that is too much.
    pub fn weigh(&mut self, stream: &StreamId, bytes: usize) {
        if let Some(entry) = self.slots.get_mut(stream) {
            self.bytes = self.bytes - entry.bytes + bytes;
            entry.bytes = bytes;
        }
        self.make_room();
    }

    /// Lets the least recently used go. One that is in use stays.
    fn make_room(&mut self) {
        let mut in_use = Vec::new();
        while self.bytes > self.limit && !self.slots.is_empty() {
            let Some((stream, entry)) = self.slots.pop_lru() else { break };
            if Arc::strong_count(&entry.slot) > 1 {
                in_use.push((stream, entry));
            } else {
                self.bytes -= entry.bytes;
            }
        }
        for (stream, entry) in in_use {
            self.slots.put(stream, entry);
        }
    }

    pub fn in_use(&self) -> (usize, usize) {
        (self.slots.len(), self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use domain::{GuildId, economy::Economy, people::People};

    use super::*;

    fn stream(number: u64) -> StreamId {
        StreamId::of_guild("economy", GuildId::new(number).unwrap())
    }

    #[test]
    fn given_slots_that_are_never_loaded_then_they_are_bounded_too() {
        let mut cache = Cache::new(10 * SLOT_BYTES);
        for number in 1..=1000 {
            cache.slot::<Economy>(&stream(number));
        }
        assert_eq!(cache.in_use(), (10, 10 * SLOT_BYTES));
    }

    #[test]
    fn given_slots_in_use_then_only_the_others_make_room() {
        let mut cache = Cache::new(3 * SLOT_BYTES);
        let held = [cache.slot::<Economy>(&stream(1)), cache.slot::<Economy>(&stream(2))];
        for number in 3..=20 {
            cache.slot::<Economy>(&stream(number));
        }
        for (number, held) in (1..).zip(&held) {
            assert!(Arc::ptr_eq(held, &cache.slot::<Economy>(&stream(number))));
        }
        assert_eq!(cache.in_use(), (3, 3 * SLOT_BYTES));
        cache.weigh(&stream(1), 100 * SLOT_BYTES);
        assert_eq!(cache.in_use(), (2, 101 * SLOT_BYTES));
        drop(held);
        cache.weigh(&stream(1), SLOT_BYTES);
        assert_eq!(cache.in_use().1, 2 * SLOT_BYTES);
    }

    #[test]
    fn given_one_stream_as_two_aggregates_then_its_weight_counts_once() {
        let mut cache = Cache::new(100 * SLOT_BYTES);
        for _ in 0..10 {
            cache.slot::<Economy>(&stream(1));
            cache.slot::<People>(&stream(1));
        }
        assert_eq!(cache.in_use(), (1, SLOT_BYTES));
    }

    #[test]
    fn given_many_keys_then_the_last_are_remembered() {
        let mut recent = RecentKeys::default();
        let id = |number| EventId(uuid::Uuid::from_u128(number));
        (0..200).for_each(|number| recent.insert(id(number)));
        assert!(!recent.contains(id(199 - RECENT_KEYS as u128)));
        assert!(recent.contains(id(200 - RECENT_KEYS as u128)));
        assert_eq!(recent.0.len(), RECENT_KEYS);
    }
}
