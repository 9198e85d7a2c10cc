//! EventStoreDB, or KurrentDB as it is called now: for clusters, with an index in PostgreSQL.
//!
//! The server is the truth: an append is in the log if and only if the server took it at its
//! expected revision. What the server does not know (guild sequences, positions without gaps, which
//! key acted before) is counted from its one order of all events by a follower in every process,
//! which all come to the same numbers, and stands in PostgreSQL. An append is answered when its
//! events are counted. ADR 9 says why, and what happens when something crashes in between.

mod charter;
mod count;
mod follow;
mod gate;
mod health;
mod import;
mod index;
mod lane;
mod marks;
mod names;
mod read;
mod server;
mod write;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{EventId, GuildId};
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
};

use self::{
    count::Waiting,
    follow::{Shared, State},
    gate::Gate,
    server::Server,
};
pub use self::{
    health::{Finding, Grade, examine},
    names::Namespace,
};
pub use crate::log::ServerOptions;
use crate::{
    contract_version,
    envelope::{Position, Recorded, StreamId},
    log::{Appender, EventLog, LogError, Page, Slice},
    migrate,
    moving::Mark,
    postgres::from_sqlx,
    tail::Tail,
};

/// How often it is looked how far the count is when a log is opened.
const LOOK: Duration = Duration::from_millis(10);

/// How an event's stream is called on the server.
#[cfg(feature = "contract")]
pub(crate) fn stream_name(namespace: &Namespace, event: &Recorded) -> String {
    namespace.stream(&event.stream).unwrap_or_default()
}

/// Makes the log look as if a reeve of this contract had written it.
#[cfg(feature = "contract")]
pub(crate) async fn pretend_contract(
    url: &str,
    namespace: Namespace,
    version: u32,
) -> Result<(), LogError> {
    charter::pretend(&Server::new(url, namespace)?, version).await
}

#[derive(Debug)]
pub struct EsdbLog {
    shared: Arc<Shared>,
    appender: Appender,
    head: watch::Receiver<Position>,
    tail: Tail,
    writer: Mutex<Option<JoinHandle<()>>>,
    followers: [JoinHandle<()>; 2],
    stop: watch::Sender<bool>,
}

impl EsdbLog {
    /// Opens the log at this URL, whose index is in this database, and brings the index up to date.
    pub async fn open(
        url: &str,
        namespace: Namespace,
        pool: PgPool,
        options: ServerOptions,
    ) -> Result<Self, LogError> {
        let server = Server::new(url, namespace)?;
        let connect = pool.connect_options();
        let mut connection =
            PgConnection::connect_with(&connect).await.map_err(|error| from_sqlx(&error))?;
        migrate::postgres(&mut connection, migrate::POSTGRES).await?;
        let charter = charter::adopt(&server, contract_version()).await?;
        index::adopt(&mut connection, charter).await?;
        let indexed = index::checkpoint(&mut connection).await?;
        drop(connection.close().await);

        let (head_sender, head) = watch::channel(Position(indexed.position));
        let shared = Arc::new(Shared {
            server,
            pool,
            gate: Gate::default(),
            append_timeout: options.append_timeout,
            waiting: Waiting::default(),
            head: head_sender,
            acked: AtomicU64::new(0),
            counted: AtomicU64::new(0),
            last_at: AtomicI64::new(indexed.last_at.as_micros()),
            state: watch::channel(State::CatchingUp).0,
            live: AtomicBool::new(false),
            stuck: AtomicU64::new(0),
        });
        let kept = Arc::clone(&shared);
        let followers = [
            tokio::spawn(follow::follow(Arc::clone(&shared))),
            tokio::spawn(async move { kept.gate.keep(&connect).await }),
        ];
        let (appender, queue) = Appender::new(options.queue);
        let (stop, stopped) = watch::channel(false);
        let writer = write::start(Arc::clone(&shared), options, queue, stopped);
        let writer = Mutex::new(Some(writer));
        let tail = Tail::default();
        let log = Self { shared, appender, head, tail, writer, followers, stop };
        // Everything that was there before is counted before anybody reads or decides. What others
        // write meanwhile is not waited for: that may never end. A server that holds less than the
        // index knows is found out by the follower, so that one is waited for in any case.
        let before = log.shared.server.last_commit().await?.unwrap_or(0).max(indexed.commit);
        let mut state = log.shared.state.subscribe();
        loop {
            match &*state.borrow_and_update() {
                State::Failing(error) => return Err(error.clone()),
                State::CatchingUp if log.shared.counted.load(Ordering::Acquire) < before => {}
                _ => break,
            }
            let _ = tokio::time::timeout(LOOK, state.changed()).await;
        }
        Ok(log)
    }

    pub fn pool(&self) -> &PgPool {
        &self.shared.pool
    }
}

impl Drop for EsdbLog {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.followers.iter().for_each(JoinHandle::abort);
    }
}

#[async_trait]
impl EventLog for EsdbLog {
    fn backend(&self) -> &'static str {
        "eventstoredb"
    }

    fn appender(&self) -> &Appender {
        &self.appender
    }

    fn watch(&self) -> watch::Receiver<Position> {
        self.head.clone()
    }

    fn tail(&self) -> &Tail {
        &self.tail
    }

    async fn head(&self) -> Result<Position, LogError> {
        Ok(Position(index::checkpoint(&self.shared.pool).await?.position))
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<u64, LogError> {
        index::stream_head(&self.shared.pool, stream).await
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        let places = index::of_stream(&self.shared.pool, stream, after_version, limit).await?;
        read::events(&self.shared, &places).await
    }

    async fn read_guild(
        &self,
        guild: GuildId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        let places = index::of_guild(&self.shared.pool, guild, after_seq, limit).await?;
        read::events(&self.shared, &places).await
    }

    async fn read_all(
        &self,
        after: Position,
        limit: usize,
        slice: Slice,
    ) -> Result<Page, LogError> {
        let limit = limit.max(1);
        // Whatever position was seen before the page is read, all up to it is visible to it.
        let known = *self.head.borrow();
        let head = if known > after { known } else { self.head().await? };
        let places = index::of_all(&self.shared.pool, after, limit, slice).await?;
        let up_to = match places.last() {
            Some(last) if places.len() == limit => last.position,
            last => head.max(last.map_or(after, |place| place.position)),
        };
        Ok(Page { events: read::events(&self.shared, &places).await?, up_to })
    }

    async fn find(&self, id: EventId) -> Result<Option<Recorded>, LogError> {
        let places = index::of_id(&self.shared.pool, id).await?;
        Ok(read::events(&self.shared, &places).await?.pop())
    }

    async fn import(&self, events: &[Recorded]) -> Result<(), LogError> {
        import::import(&self.shared, events).await
    }

    async fn mark(&self, mark: Mark) -> Result<Option<String>, LogError> {
        marks::get(&self.shared, mark).await
    }

    async fn set_mark(&self, mark: Mark, text: Option<&str>) -> Result<(), LogError> {
        marks::set(&self.shared, mark, text).await
    }

    async fn shutdown(&self) {
        self.stop.send_replace(true);
        // Whoever asks second waits as well.
        let mut writer = self.writer.lock().await;
        if let Some(writer) = writer.take() {
            let _ = writer.await;
            let [_, gate] = &self.followers;
            gate.abort();
            self.shared.gate.sign_off(&self.shared.pool).await;
        }
    }
}
