//! The port: what every backend does, and `eventlog::contract` proves of each.

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{EventId, GuildId, Timestamp};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::{
    envelope::{
        EventHash, MAX_APPEND_BYTES, MAX_EVENT_BYTES, NewEvent, Position, Recorded, StreamId,
    },
    leaves::{Leaf, Leaves},
    moving::Mark,
    tail::Tail,
};

/// Where the time of an append comes from; a virtual clock plays months in seconds.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

pub fn system_clock() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
    Arc::new(|| {
        let since_1970 =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
    })
}

/// How a log on a server is opened.
#[derive(Clone)]
pub struct ServerOptions {
    pub clock: Clock,
    /// Most appends that are under way at a time.
    pub batch: usize,
    pub queue: usize,
    /// How long an append is tried while the server or the index cannot be reached.
    pub append_timeout: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            clock: system_clock(),
            batch: 512,
            queue: 4096,
            append_timeout: Duration::from_secs(30),
        }
    }
}

impl std::fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerOptions").field("batch", &self.batch).finish_non_exhaustive()
    }
}

/// An append-only log of every guild's events.
///
/// Order is what readers may rely on: positions become visible in order and without gaps, so a
/// reader that has seen position *n* will never meet a smaller one later.
#[async_trait]
pub trait EventLog: Send + Sync + Debug {
    /// `sqlite`, `postgres` …
    fn backend(&self) -> &'static str;

    /// The bounded queue before the one writer.
    fn appender(&self) -> &Appender;

    /// The last position known to be written; moves when there is something new to read.
    fn watch(&self) -> watch::Receiver<Position>;

    /// What was written last, for all who follow.
    fn tail(&self) -> &Tail;

    /// The last position in the store.
    async fn head(&self) -> Result<Position, LogError>;

    /// How many events a stream has.
    async fn stream_head(&self, stream: &StreamId) -> Result<u64, LogError>;

    /// The events of one stream after `version`, at most `limit`.
    async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError>;

    /// The events of one guild after `guild_seq`, at most `limit`.
    async fn read_guild(
        &self,
        guild: GuildId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError>;

    /// Every event after a position, at most `limit`; of some guilds only, where a slice is given.
    async fn read_all(&self, after: Position, limit: usize, slice: Slice)
    -> Result<Page, LogError>;

    async fn find(&self, id: EventId) -> Result<Option<Recorded>, LogError>;

    /// What other processes write, as it is heard of; none where nobody else can write. Only a
    /// hint: some may be missed.
    fn written_by_others(&self) -> Option<broadcast::Receiver<Stretch>> {
        None
    }

    /// Puts events of another log or of a backup in as they are: ids, versions, guild sequences,
    /// times and hashes stay, positions are this log's own. In the order of the source, into a log
    /// that nobody else writes. Durable when this returns; what is there already is left as it is,
    /// so that a killed move goes on. An event that is not what its hash says is refused. A log that
    /// took imports is opened anew before it is appended to.
    async fn import(&self, _events: &[Recorded]) -> Result<(), LogError> {
        Err(LogError::Setup(format!("the {} backend takes no imports", self.backend())))
    }

    /// What stands beside the events about the log itself.
    async fn mark(&self, _mark: Mark) -> Result<Option<String>, LogError> {
        Ok(None)
    }

    /// Sets or lifts a mark, durably. Once a mark that closes the log is set, no append that was
    /// not answered yet is written, by no process.
    async fn set_mark(&self, mark: Mark, _text: Option<&str>) -> Result<(), LogError> {
        Err(LogError::Setup(format!("the {} backend keeps no mark {mark:?}", self.backend())))
    }

    /// The places and hashes of all events after a position, at most `limit`.
    async fn read_leaves(&self, after: Position, limit: usize) -> Result<Leaves, LogError> {
        let page = self.read_all(after, limit, Slice::ALL).await?;
        let leaf = |event: &Recorded| Leaf {
            position: event.position,
            guild: event.guild(),
            guild_seq: event.guild_seq,
            hash: event.hash,
        };
        Ok(Leaves { leaves: page.events.iter().map(leaf).collect(), up_to: page.up_to })
    }

    /// The hashes of one guild's events after `guild_seq`, at most `limit`.
    async fn read_hashes(
        &self,
        guild: GuildId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<EventHash>, LogError> {
        let events = self.read_guild(guild, after_seq, limit).await?;
        Ok(events.iter().map(|event| event.hash).collect())
    }

    /// Writes what is queued, then ends. Reads go on working.
    async fn shutdown(&self);
}

/// A share of the guilds, so that several readers can divide a log between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    pub index: u16,
    pub of: u16,
}

impl Slice {
    pub const ALL: Self = Self { index: 0, of: 1 };

    /// Snowflakes carry their time above bit 22; the low bits are nearly constant.
    pub const fn contains(self, guild: GuildId) -> bool {
        (guild.get() >> 22) % self.of as u64 == self.index as u64
    }
}

/// What was read, and up to where that is all there is.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub events: Vec<Recorded>,
    pub up_to: Position,
}

/// One aggregate's new events, all or nothing, on top of exactly `expected` earlier ones.
/// Without events it only checks that the stream is still where the decision found it.
#[derive(Debug)]
pub struct Append {
    pub stream: StreamId,
    pub expected: u64,
    /// Id of the first event that the command's key would give; looked up when nothing is written.
    pub first_id: EventId,
    pub events: Vec<NewEvent>,
    pub metadata: Arc<str>,
    pub fence: Fence,
}

impl Append {
    pub fn size_bytes(&self) -> usize {
        self.events.iter().map(|event| event.payload.len() + self.metadata.len()).sum()
    }

    /// What no backend may store, whoever asks.
    fn check(&self) -> Result<(), LogError> {
        let too_large = |size, limit| Err(LogError::TooLarge { size, limit });
        let largest = self.events.iter().map(|event| event.payload.len()).max().unwrap_or(0);
        if largest > MAX_EVENT_BYTES {
            return too_large(largest, MAX_EVENT_BYTES);
        }
        if self.size_bytes() > MAX_APPEND_BYTES {
            return too_large(self.size_bytes(), MAX_APPEND_BYTES);
        }
        self.stream.check()
    }
}

#[derive(Debug, PartialEq)]
pub enum Appended {
    /// Durable.
    Written(Vec<Recorded>),
    /// There was nothing to write, and the stream is where it was expected.
    Unchanged,
    /// The key acted before; its events are in the log. Said also where the stream has moved on
    /// since, so an append may be repeated as it was.
    Duplicate,
    /// Somebody else wrote to the stream; it has this many events now.
    Conflict { head: u64 },
    /// An earlier append of the same cached state failed, so this decision stands on nothing.
    Superseded,
}

impl Appended {
    /// The events that are in the log since.
    pub fn rows(&self) -> Option<&[Recorded]> {
        match self {
            Self::Written(rows) => Some(rows),
            _ => None,
        }
    }
}

/// Ties appends to the cached state they were decided on. When one of them is not written, the
/// writer raises the generation, and all later ones of that state are turned away.
#[derive(Clone, Debug, Default)]
pub struct Fence {
    current: Arc<AtomicU64>,
    mine: u64,
}

impl Fence {
    /// A fence of today's generation.
    pub fn renewed(&self) -> Self {
        Self { current: Arc::clone(&self.current), mine: self.current.load(Ordering::Acquire) }
    }

    pub fn holds(&self) -> bool {
        self.current.load(Ordering::Acquire) == self.mine
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.current, &other.current) && self.mine == other.mine
    }

    pub fn raise(&self) {
        let _ = self.current.compare_exchange(
            self.mine,
            self.mine + 1,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
    }
}

/// Events after one position up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub after: Position,
    pub to: Position,
}

/// A fault of the log, in words that say what to do. Refusals of rules are not faults.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LogError {
    #[error("the event log is not reachable: {0}")]
    Unavailable(String),
    #[error(
        "it is unknown whether this was written; repeat it with the same key to find out ({0})"
    )]
    OutcomeUnknown(String),
    #[error("the disk is full; free some space, nothing was written: {0}")]
    DiskFull(String),
    #[error(
        "the disk failed while the log was being written; the log refuses writes until the \
         process is restarted on a healthy disk: {0}"
    )]
    DiskFailed(String),
    #[error("the log is damaged: {0}; restore from a backup or see `reeve doctor`")]
    Corrupt(String),
    #[error(
        "event type {name} v{version} is not known to this version of reeve; install the version \
         that wrote it, or a newer one"
    )]
    UnknownType { name: String, version: u32 },
    #[error(
        "the log was written by a newer reeve (contract {log}, this one reads up to {ours}); \
         install that version or a newer one"
    )]
    NewerThanBinary { log: u32, ours: u32 },
    #[error("{directory} is in use by another reeve process{holder}; stop it first")]
    InUse { directory: String, holder: String },
    #[error("an event of {size} bytes is over the limit of {limit}")]
    TooLarge { size: usize, limit: usize },
    #[error("the log is shutting down; repeat the command once it is back")]
    ShuttingDown,
    /// The log is being moved, has moved, or is being filled.
    #[error("{0}")]
    Closed(String),
    #[error("{0}")]
    Setup(String),
}

/// A bounded queue: whoever wants to append waits for a place first, so load is held back
/// instead of piling up.
#[derive(Clone, Debug)]
pub struct Appender {
    queue: mpsc::Sender<Queued>,
}

#[derive(Debug)]
pub(crate) struct Queued {
    pub append: Append,
    pub answer: oneshot::Sender<Result<Appended, LogError>>,
}

/// A place in the queue. Filling it takes no time, so it can be done under an aggregate's lock.
#[derive(Debug)]
pub struct Place<'a>(mpsc::Permit<'a, Queued>);

#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<Appended, LogError>>);

impl Appender {
    pub(crate) fn new(capacity: usize) -> (Self, mpsc::Receiver<Queued>) {
        let (queue, receiver) = mpsc::channel(capacity);
        (Self { queue }, receiver)
    }

    pub async fn reserve(&self) -> Result<Place<'_>, LogError> {
        self.queue.reserve().await.map(Place).map_err(|_| LogError::ShuttingDown)
    }

    pub async fn append(&self, append: Append) -> Result<Appended, LogError> {
        self.reserve().await?.fill(append).outcome().await
    }

    /// Appends that wait for the writer.
    pub fn queued(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

impl Place<'_> {
    pub fn fill(self, append: Append) -> Pending {
        let (answer, outcome) = oneshot::channel();
        match append.check() {
            Ok(()) => self.0.send(Queued { append, answer }),
            Err(error) => {
                append.fence.raise();
                let _ = answer.send(Err(error));
            }
        }
        Pending(outcome)
    }
}

impl Pending {
    pub async fn outcome(self) -> Result<Appended, LogError> {
        self.0.await.unwrap_or_else(|_| {
            Err(LogError::OutcomeUnknown("the writer ended before it answered".to_owned()))
        })
    }
}
