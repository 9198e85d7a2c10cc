//! What was written last, at hand for everybody in this process who follows the log.
//!
//! Twenty processes and projections stand at the end of the log and want each new event. What this
//! process wrote itself is handed over by the writer; what others wrote is read by whoever comes
//! first, and the others find it here.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::{
    behind::Behind,
    envelope::{Position, Recorded},
    leaves::{Hashes, Leaf, Leaves},
    log::{Appended, EventLog, LogError, Page, Slice},
    rush::Rush,
};

/// So much of the end of the log is kept in memory.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// What an event takes besides its texts.
const EACH_BYTES: usize = 256;

#[derive(Debug, Default)]
pub struct Tail {
    kept: tokio::sync::Mutex<Stretch>,
    /// What the writer handed over and nobody has asked for yet: it must not wait for whoever reads.
    written: Mutex<Stretch>,
    /// Of the same, for the sealer: it needs no more.
    hashes: Mutex<Hashes>,
    /// For those who are not at the end.
    behind: Behind,
    rush: Rush,
}

/// Every event after one position, up to another.
#[derive(Debug, Default)]
struct Stretch {
    /// Somebody follows the log.
    begun: bool,
    events: VecDeque<Recorded>,
    bytes: usize,
    after: Position,
    up_to: Position,
}

impl Tail {
    /// Who goes before those who follow the log.
    pub const fn rush(&self) -> &Rush {
        &self.rush
    }

    /// The same as `read_all` of this log.
    pub async fn read(
        &self,
        log: &dyn EventLog,
        after: Position,
        limit: usize,
        slice: Slice,
    ) -> Result<Page, LogError> {
        let mut kept = self.kept.lock().await;
        self.begin(&mut kept, || *log.watch().borrow());
        if after < kept.after {
            drop(kept);
            return self.behind.read(log, after, limit, slice).await;
        }
        self.behind.forget(kept.after);
        if after >= kept.up_to {
            kept.take_up(&mut self.written.lock(), after);
        }
        if after >= kept.up_to {
            // Those who wait meanwhile want the same.
            let page = log.read_all(after, limit, Slice::ALL).await?;
            kept.add(after, page.events, page.up_to);
        }
        let page = kept.page(after, limit, slice);
        kept.forget();
        Ok(page)
    }

    /// The same as `read_leaves` of this log, which ends here now; none where they are not at hand.
    pub fn leaves(
        &self,
        head: impl FnOnce() -> Position,
        after: Position,
        limit: usize,
    ) -> Option<Leaves> {
        self.hashes.lock().after(head, after, limit)
    }

    /// What is past when somebody first asks is not the end any more.
    fn begin(&self, kept: &mut Stretch, head: impl FnOnce() -> Position) {
        if !kept.begun {
            let head = head();
            *kept = Stretch { begun: true, after: head, up_to: head, ..Stretch::default() };
            self.written.lock().begun = true;
        }
    }

    /// Told by the log's writer, before it tells anybody of the new head.
    pub(crate) fn written(&self, outcomes: &[Appended], head: Position) {
        let rows = || outcomes.iter().filter_map(Appended::rows).flatten();
        let Some(first) = rows().next() else { return };
        let after = Position(first.position.0 - 1);
        // Others may have written between; an append that was in doubt may be an older one.
        let mut places = after.0;
        let mut follows = |event: &Recorded| {
            places += 1;
            event.position.0 == places
        };
        if !rows().all(&mut follows) || places != head.0 {
            return;
        }
        self.hashes.lock().add(after, rows().map(Leaf::of), head);
        let mut written = self.written.lock();
        if written.begun {
            written.add(after, rows().cloned(), head);
            written.forget();
        }
    }
}

impl Stretch {
    fn add(
        &mut self,
        after: Position,
        events: impl IntoIterator<Item = Recorded>,
        up_to: Position,
    ) {
        if after > self.up_to {
            *self = Self { begun: true, after, up_to: after, ..Self::default() };
        }
        let new = events.into_iter().filter(|event| event.position > self.up_to);
        for event in new {
            self.bytes += size(&event);
            self.events.push_back(event);
        }
        self.up_to = self.up_to.max(up_to).max(after);
    }

    /// What was written since, unless something before it is only in the log.
    fn take_up(&mut self, written: &mut Self, asked: Position) {
        if written.after <= asked && written.up_to > self.up_to {
            let (after, up_to) = (written.after, written.up_to);
            let events = std::mem::take(&mut written.events);
            *written = Self { begun: true, after: up_to, up_to, ..Self::default() };
            self.add(after, events, up_to);
        }
    }

    fn since(&self, after: Position) -> impl Iterator<Item = &Recorded> {
        let from = self.events.partition_point(|event| event.position <= after);
        self.events.range(from..)
    }

    fn page(&self, after: Position, limit: usize, slice: Slice) -> Page {
        let mut page = Page { events: Vec::new(), up_to: self.up_to };
        for event in self.since(after) {
            if !slice.contains(event.guild()) {
                continue;
            }
            if page.events.len() == limit {
                page.up_to = page.events.last().map_or(after, |last| last.position);
                break;
            }
            page.events.push(event.clone());
        }
        page
    }

    fn forget(&mut self) {
        while self.bytes > MOST_BYTES
            && let Some(first) = self.events.pop_front()
        {
            self.bytes -= size(&first);
            self.after = first.position;
        }
    }
}

pub(crate) fn size(event: &Recorded) -> usize {
    event.payload.len() + event.metadata.len() + EACH_BYTES
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };

    use async_trait::async_trait;
    use domain::{EventId, GuildId, Timestamp};
    use tokio::sync::watch;

    use super::*;
    use crate::{Appender, Entry, EventHash, StreamId};

    /// A log of so many events of two guilds in turns, each with a payload of so many bytes. Its
    /// writer is gone.
    #[derive(Debug)]
    pub(crate) struct Long {
        appender: Appender,
        tail: Tail,
        events: AtomicU64,
        bytes: usize,
        reads: AtomicU64,
    }

    pub(crate) fn long(events: u64, bytes: usize) -> Long {
        let (appender, _) = Appender::new(1);
        let (events, reads) = (AtomicU64::new(events), AtomicU64::new(0));
        Long { appender, tail: Tail::default(), events, bytes, reads }
    }

    impl Long {
        fn event(&self, position: u64) -> Recorded {
            // Their snowflakes differ in what slices look at.
            let guild = GuildId::new((1 + position % 2) << 22).unwrap();
            Recorded::from(Entry {
                position: Position(position),
                id: EventId(uuid::Uuid::from_u128(u128::from(position))),
                stream: StreamId::of_guild("economy", guild),
                version: position,
                guild_seq: position,
                type_name: "economy.spend_settled".into(),
                type_version: 1,
                at: Timestamp::from_secs(1),
                metadata: "{}".into(),
                payload: "x".repeat(self.bytes).into(),
                hash: EventHash([0; 32]),
            })
        }

        async fn next(&self, after: u64, limit: usize, slice: Slice) -> (Vec<u64>, u64) {
            let page = self.tail.read(self, Position(after), limit, slice).await.unwrap();
            let direct = self.read_all(Position(after), limit, slice).await.unwrap();
            self.reads.fetch_sub(1, Ordering::SeqCst);
            let positions = |page: &Page| -> Vec<_> {
                page.events.iter().map(|event| event.position.0).collect()
            };
            // It may know of less at once, but leaves nothing out of what it tells.
            let told = positions(&page);
            let until = positions(&direct).into_iter().take_while(|at| *at <= page.up_to.0);
            assert_eq!(told, until.collect::<Vec<_>>());
            (told, page.up_to.0)
        }

        pub(crate) fn reads(&self) -> u64 {
            self.reads.load(Ordering::SeqCst)
        }
    }

    #[async_trait]
    impl EventLog for Long {
        fn backend(&self) -> &'static str {
            "long"
        }
        fn appender(&self) -> &Appender {
            &self.appender
        }
        fn watch(&self) -> watch::Receiver<Position> {
            watch::channel(Position::START).1
        }
        fn tail(&self) -> &Tail {
            &self.tail
        }
        async fn head(&self) -> Result<Position, LogError> {
            Ok(Position(self.events.load(Ordering::SeqCst)))
        }
        async fn stream_head(&self, _: &StreamId) -> Result<u64, LogError> {
            Ok(0)
        }
        async fn read_stream(
            &self,
            _: &StreamId,
            _: u64,
            _: usize,
        ) -> Result<Vec<Recorded>, LogError> {
            Ok(Vec::new())
        }
        async fn read_guild(
            &self,
            _: GuildId,
            _: u64,
            _: usize,
        ) -> Result<Vec<Recorded>, LogError> {
            Ok(Vec::new())
        }
        async fn read_all(
            &self,
            after: Position,
            limit: usize,
            slice: Slice,
        ) -> Result<Page, LogError> {
            self.reads.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            let head = self.events.load(Ordering::SeqCst);
            let all = (after.0 + 1..=head).map(|position| self.event(position));
            let events: Vec<_> =
                all.filter(|event| slice.contains(event.guild())).take(limit).collect();
            let full = events.len() == limit;
            let last = events.last().map_or(after, |last| last.position);
            Ok(Page { events, up_to: if full { last } else { Position(head).max(after) } })
        }
        async fn find(&self, _: EventId) -> Result<Option<Recorded>, LogError> {
            Ok(None)
        }
        async fn shutdown(&self) {}
    }

    #[tokio::test]
    async fn given_many_who_follow_then_what_is_new_is_read_once() {
        let log = long(100, 10);
        for _ in 0..20 {
            assert_eq!(log.next(98, 10, Slice::ALL).await, (vec![99, 100], 100));
        }
        assert_eq!(log.reads(), 1);
        log.events.store(102, Ordering::SeqCst);
        for _ in 0..20 {
            assert_eq!(log.next(100, 10, Slice::ALL).await, (vec![101, 102], 102));
            assert_eq!(log.next(99, 1, Slice::ALL).await, (vec![100], 100));
        }
        assert_eq!(log.reads(), 2);
        let nothing = log.next(102, 10, Slice::ALL).await;
        assert_eq!((nothing, log.reads()), ((Vec::new(), 102), 3));
    }

    #[tokio::test]
    async fn given_slices_then_each_gets_its_own_and_goes_past_what_is_others() {
        let log = long(100, 10);
        let [even, odd] = [0, 1].map(|index| Slice { index, of: 2 });
        let (ours, up_to) = log.next(90, 10, even).await;
        assert_eq!((ours.len(), up_to), (5, 100));
        assert_eq!(log.next(90, 10, odd).await.0.len(), 5);
        assert_eq!(log.next(90, 2, odd).await.0.len(), 2);
        assert_eq!(log.reads(), 1);
    }

    #[tokio::test]
    async fn given_whoever_is_behind_then_they_read_themselves_and_disturb_nobody() {
        let log = long(1_000, 10);
        assert_eq!(log.next(990, 100, Slice::ALL).await.1, 1_000);
        assert_eq!(log.next(0, 5, Slice::ALL).await, (vec![1, 2, 3, 4, 5], 5));
        assert_eq!(log.next(5, 5, Slice::ALL).await, (vec![6, 7, 8, 9, 10], 10));
        assert_eq!(log.reads(), 3);
        assert_eq!(log.next(995, 100, Slice::ALL).await.1, 1_000);
        assert_eq!(log.reads(), 3, "the end is still there");
        // Somebody goes ahead of what is kept: the others are behind now.
        log.events.store(2_000, Ordering::SeqCst);
        assert_eq!(log.next(1_990, 100, Slice::ALL).await.1, 2_000);
        assert_eq!(log.next(1_000, 2, Slice::ALL).await, (vec![1_001, 1_002], 1_002));
        assert_eq!(log.reads(), 5);
    }

    #[tokio::test]
    async fn given_large_events_then_no_more_is_kept_than_there_is_room_for() {
        let log = Arc::new(long(100, MOST_BYTES / 10));
        // A page may be larger than that; it is told whole.
        assert_eq!(log.next(0, 100, Slice::ALL).await.0.len(), 100);
        let kept = log.tail.kept.lock().await;
        assert!(kept.bytes <= MOST_BYTES && kept.events.len() == 9, "{}", kept.bytes);
        assert_eq!(kept.after, Position(91));
        drop(kept);
        assert_eq!(log.next(91, 100, Slice::ALL).await.0.len(), 9);
        assert_eq!(log.reads(), 1);
        assert_eq!(log.next(90, 100, Slice::ALL).await.0.len(), 10);
        assert_eq!(log.reads(), 2);
    }

    impl Long {
        /// As a writer does that has just written these.
        fn wrote(&self, positions: std::ops::RangeInclusive<u64>) {
            let head = *positions.end();
            self.events.fetch_max(head, Ordering::SeqCst);
            let rows = positions.map(|position| self.event(position)).collect();
            self.tail.written(&[Appended::Unchanged, Appended::Written(rows)], Position(head));
        }
    }

    #[tokio::test]
    async fn given_what_the_writer_hands_over_then_nobody_reads_it() {
        let log = long(100, 10);
        assert_eq!(log.next(100, 10, Slice::ALL).await, (Vec::new(), 100));
        assert_eq!(log.reads(), 1);
        log.wrote(101..=103);
        log.wrote(104..=104);
        assert_eq!(log.next(100, 10, Slice::ALL).await, (vec![101, 102, 103, 104], 104));
        assert_eq!(log.next(102, 1, Slice::ALL).await, (vec![103], 103));
        assert_eq!(log.reads(), 1);
    }

    #[test]
    fn given_a_sealer_then_it_is_handed_the_hashes_of_what_is_written() {
        let log = long(100, 10);
        let next = |after, limit| {
            let leaves = log.tail.leaves(|| Position(100), Position(after), limit)?;
            let places = leaves.leaves.iter().map(|leaf| leaf.position.0).collect::<Vec<_>>();
            Some((places, leaves.up_to.0))
        };
        log.wrote(99..=100);
        assert_eq!(next(100, 10), None, "it has just begun");
        log.wrote(101..=103);
        assert_eq!(next(99, 10), None, "what was before is in the log");
        assert_eq!(next(101, 1), Some((vec![102], 102)));
        assert_eq!(next(101, 10), Some((vec![102, 103], 103)), "asked again after a fault");
        log.wrote(104..=104);
        assert_eq!(next(103, 10), Some((vec![104], 104)));
        assert_eq!(next(104, 10), None);
        // Another process wrote 105.
        log.wrote(106..=106);
        assert_eq!(next(104, 10), None);
        assert_eq!(next(105, 10), Some((vec![106], 106)));
        assert_eq!(log.reads(), 0);
    }

    #[tokio::test]
    async fn given_others_who_write_between_then_theirs_is_read() {
        let log = long(100, 10);
        assert_eq!(log.next(100, 10, Slice::ALL).await, (Vec::new(), 100));
        // 101 and 102 are another process's.
        log.wrote(103..=104);
        assert_eq!(log.next(100, 10, Slice::ALL).await, (vec![101, 102, 103, 104], 104));
        assert_eq!(log.reads(), 2);
        log.wrote(105..=105);
        assert_eq!(log.next(104, 10, Slice::ALL).await, (vec![105], 105));
        assert_eq!(log.reads(), 2);
    }

    #[tokio::test]
    async fn given_more_than_there_is_room_for_then_who_waited_reads_the_log() {
        let log = long(0, MOST_BYTES / 10);
        assert_eq!(log.next(0, 10, Slice::ALL).await, (Vec::new(), 0));
        (1..=30).for_each(|position| log.wrote(position..=position));
        let bytes = log.tail.written.lock().bytes;
        assert!(bytes <= MOST_BYTES, "{bytes}");
        assert_eq!(log.next(0, 100, Slice::ALL).await.0.len(), 30);
        assert_eq!(log.reads(), 2);
        log.wrote(31..=31);
        assert_eq!(log.next(30, 10, Slice::ALL).await, (vec![31], 31));
        assert_eq!(log.reads(), 2);
    }

    #[test]
    fn given_an_append_that_was_in_doubt_then_it_is_not_taken_for_the_end() {
        let log = long(200, 10);
        log.tail.written.lock().begun = true;
        log.tail.written(&[Appended::Written(vec![log.event(90)])], Position(200));
        assert!(log.tail.written.lock().events.is_empty());
    }
}
