//! A log whose past is read only as fast as a test lets it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use domain::{EventId, GuildId};
use eventlog::{Appender, EventLog, LogError, Page, Position, Recorded, Slice, StreamId, Tail};
use tokio::sync::watch;

use super::gate::Gate;

#[derive(Debug)]
pub struct SlowLog {
    log: Arc<dyn EventLog>,
    tail: Tail,
    before: AtomicU64,
    gate: Gate,
}

impl SlowLog {
    pub fn new(log: &Arc<dyn EventLog>) -> Self {
        let (tail, before) = (Tail::default(), AtomicU64::new(0));
        Self { log: Arc::clone(log), tail, before, gate: Gate::new() }
    }

    /// Pages that begin before this position wait until they are let through.
    pub fn slow_down_before(&self, position: Position) {
        self.before.store(position.0, Ordering::SeqCst);
    }

    pub fn let_through(&self, pages: usize) {
        self.gate.let_through(pages);
    }

    /// Readers that wait now.
    pub fn waits(&self) -> usize {
        self.gate.waits()
    }

    pub fn speed_up(&self) {
        self.slow_down_before(Position::START);
        self.gate.open();
    }
}

#[async_trait]
impl EventLog for SlowLog {
    fn backend(&self) -> &'static str {
        self.log.backend()
    }

    fn appender(&self) -> &Appender {
        self.log.appender()
    }

    fn watch(&self) -> watch::Receiver<Position> {
        self.log.watch()
    }

    fn tail(&self) -> &Tail {
        &self.tail
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.log.head().await
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<u64, LogError> {
        self.log.stream_head(stream).await
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        self.log.read_stream(stream, after_version, limit).await
    }

    async fn read_guild(
        &self,
        guild: GuildId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        self.log.read_guild(guild, after_seq, limit).await
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
        slice: Slice,
    ) -> Result<Page, LogError> {
        if after.0 < self.before.load(Ordering::SeqCst) {
            self.gate.pass().await;
        }
        self.log.read_all(after, limit, slice).await
    }

    async fn find(&self, id: EventId) -> Result<Option<Recorded>, LogError> {
        self.log.find(id).await
    }

    async fn shutdown(&self) {
        self.log.shutdown().await;
    }
}
