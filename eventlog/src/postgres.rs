//! PostgreSQL: for several processes, and for installations that have one anyway.
//!
//! Appends go through one SQL function that takes an advisory lock, so positions become visible
//! in order and without gaps: a plain `bigserial` reader skips events that commit out of order.
//! Batches make the lock cheap: one round trip and one commit for everything that waits.

mod import;
mod leaves;
mod read;
mod write;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{EventId, GuildId};
use sqlx::{
    Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::{
    sync::{Mutex, broadcast, watch},
    task::JoinHandle,
};
use uuid::Uuid;

pub use crate::log::ServerOptions;
use crate::{
    contract_version,
    envelope::{EventHash, Position, Recorded, StreamId},
    leaves::Leaves,
    log::{Appender, EventLog, LogError, Page, Slice, Stretch},
    migrate, moving,
    tail::Tail,
};

/// Told to other processes after commits; they would notice within [`POLL`] anyway.
const CHANNEL: &str = "reeve_log";
/// Stretches of others that wait to be read; whoever is later than that misses some.
const STRETCHES: usize = 64;
const POLL: Duration = Duration::from_secs(1);
/// A transaction whose owner died silently holds its locks no longer than this.
const SESSION: &str = "SET idle_in_transaction_session_timeout = '60s'";

#[derive(Debug)]
pub struct PostgresLog {
    pool: PgPool,
    appender: Appender,
    head: watch::Receiver<Position>,
    tail: Arc<Tail>,
    others: broadcast::Sender<Stretch>,
    writer: Mutex<Option<JoinHandle<()>>>,
    followers: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

/// Parses a URL and makes a pool that connects when it is first used.
pub fn pool(url: &str, connections: u32) -> Result<PgPool, LogError> {
    let options: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| {
        // The text may hold the password: only say what is wrong with it.
        LogError::Setup(format!("the database URL is not valid: {error}"))
    })?;
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(|connection, _| {
            Box::pin(async move { sqlx::raw_sql(SESSION).execute(connection).await.map(|_| ()) })
        })
        .connect_lazy_with(options))
}

impl PostgresLog {
    /// Brings the schema up to date and opens the log.
    pub async fn open(pool: PgPool, options: ServerOptions) -> Result<Self, LogError> {
        let connect = pool.connect_options();
        let mut connection =
            PgConnection::connect_with(&connect).await.map_err(|error| from_sqlx(&error))?;
        migrate::postgres(&mut connection, migrate::POSTGRES).await?;
        let log_contract = read::contract(&mut connection).await?;
        if log_contract > contract_version() {
            return Err(LogError::NewerThanBinary { log: log_contract, ours: contract_version() });
        }
        if log_contract < contract_version() {
            read::set_contract(&mut connection, contract_version()).await?;
        }
        let (appender, queue) = Appender::new(options.queue);
        let (stop, stopped) = watch::channel(false);
        let (head_sender, head) = watch::channel(read::head(&mut connection).await?);
        let tail = Arc::new(Tail::default());
        let tells = (head_sender.clone(), Arc::clone(&tail));
        let (writer, written) =
            write::Writer::start(connection, connect, options, tells, queue, stopped).await?;
        let (others, _) = broadcast::channel(STRETCHES);
        let us = Uuid::new_v4();
        let followers = vec![
            tokio::spawn(listen(pool.clone(), us, head_sender, others.clone())),
            tokio::spawn(notify(pool.clone(), us, written)),
        ];
        let writer = Mutex::new(Some(writer));
        Ok(Self { pool, appender, head, tail, others, writer, followers, stop })
    }

    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }
}

impl Drop for PostgresLog {
    fn drop(&mut self) {
        self.followers.iter().for_each(JoinHandle::abort);
    }
}

/// Hears of other processes' commits, and looks for itself when it hears nothing.
async fn listen(
    pool: PgPool,
    us: Uuid,
    head: watch::Sender<Position>,
    others: broadcast::Sender<Stretch>,
) {
    let mut listener = None;
    loop {
        if listener.is_none() {
            listener = match PgListener::connect_with(&pool).await {
                Ok(mut connected) => connected.listen(CHANNEL).await.ok().map(|()| connected),
                Err(_) => None,
            };
        }
        match &mut listener {
            None => tokio::time::sleep(POLL).await,
            Some(connected) => match tokio::time::timeout(POLL, connected.recv()).await {
                Ok(Ok(notification)) => {
                    if let Some((writer, stretch)) = heard(notification.payload()) {
                        advance(&head, stretch.to);
                        if writer != us {
                            // Nobody may be listening, which is fine.
                            let _ = others.send(stretch);
                        }
                        continue;
                    }
                }
                Ok(Err(_)) => listener = None,
                Err(_elapsed) => {}
            },
        }
        if let Ok(mut connection) = pool.acquire().await
            && let Ok(position) = read::head(&mut connection).await
        {
            advance(&head, position);
        }
    }
}

/// Tells other processes of our commits, outside of the commit's own path and at most every few
/// milliseconds.
async fn notify(pool: PgPool, us: Uuid, mut written: watch::Receiver<Position>) {
    const PAUSE: Duration = Duration::from_millis(5);
    let mut after = *written.borrow();
    while written.changed().await.is_ok() {
        let to = *written.borrow_and_update();
        let stretch = Stretch { after, to };
        after = to;
        let told = sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(format!("{us} {} {}", stretch.after.0, stretch.to.0))
            .execute(&pool)
            .await;
        if let Err(error) = told {
            tracing::debug!(%error, "could not tell other processes of new events");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Who wrote, and what.
fn heard(notice: &str) -> Option<(Uuid, Stretch)> {
    let mut words = notice.split(' ');
    let writer = words.next()?.parse().ok()?;
    let mut position = || words.next()?.parse().ok().map(Position);
    Some((writer, Stretch { after: position()?, to: position()? }))
}

fn advance(head: &watch::Sender<Position>, to: Position) {
    head.send_if_modified(|head| {
        let newer = to > *head;
        if newer {
            *head = to;
        }
        newer
    });
}

pub(crate) fn from_sqlx(error: &sqlx::Error) -> LogError {
    use sqlx::Error as E;
    match error {
        E::Database(database) => from_database(&**database),
        E::ColumnDecode { .. } | E::Decode(_) => LogError::Corrupt(error.to_string()),
        other => LogError::Unavailable(other.to_string()),
    }
}

fn from_database(error: &dyn sqlx::error::DatabaseError) -> LogError {
    let text = error.message().to_owned();
    let code = error.code().unwrap_or_default();
    match &*code {
        moving::CLOSED_CODE => moving::closed(&text),
        "53100" => LogError::DiskFull(text),
        "58030" => LogError::DiskFailed(text),
        "XX001" | "XX002" => LogError::Corrupt(text),
        // Read only: what a server says while another takes over. Lock not available; cancelled.
        "25006" | "55P03" | "57014" => LogError::Unavailable(text),
        // Connections, serialisation, resources, a server that stops or starts.
        _ if ["08", "40", "53", "57P"].iter().any(|class| code.starts_with(class)) => {
            LogError::Unavailable(text)
        }
        _ => LogError::Setup(format!("the database refused a statement ({code}): {text}")),
    }
}

#[async_trait]
impl EventLog for PostgresLog {
    fn backend(&self) -> &'static str {
        "postgres"
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
        let mut connection = self.pool.acquire().await.map_err(|error| from_sqlx(&error))?;
        read::head(&mut connection).await
    }

    async fn stream_head(&self, stream: &StreamId) -> Result<u64, LogError> {
        read::stream_head(&self.pool, stream).await
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        read::stream(&self.pool, stream, after_version, limit).await
    }

    async fn read_guild(
        &self,
        guild: GuildId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<Recorded>, LogError> {
        read::guild(&self.pool, guild, after_seq, limit).await
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
        let events = read::all(&self.pool, after, limit, slice).await?;
        let up_to = match events.last() {
            Some(last) if events.len() == limit => last.position,
            last => head.max(last.map_or(after, |event| event.position)),
        };
        Ok(Page { events, up_to })
    }

    async fn find(&self, id: EventId) -> Result<Option<Recorded>, LogError> {
        Ok(read::by_ids(&self.pool, &[id.0]).await?.pop())
    }

    fn written_by_others(&self) -> Option<broadcast::Receiver<Stretch>> {
        Some(self.others.subscribe())
    }

    async fn import(&self, events: &[Recorded]) -> Result<(), LogError> {
        import::import(&self.pool, events).await
    }

    async fn mark(&self, mark: moving::Mark) -> Result<Option<String>, LogError> {
        import::mark(&self.pool, mark).await
    }

    async fn set_mark(&self, mark: moving::Mark, text: Option<&str>) -> Result<(), LogError> {
        import::set_mark(&self.pool, mark, text).await
    }

    async fn read_leaves(&self, after: Position, limit: usize) -> Result<Leaves, LogError> {
        let limit = limit.max(1);
        if let Some(leaves) = self.tail.leaves(|| *self.head.borrow(), after, limit) {
            return Ok(leaves);
        }
        let known = *self.head.borrow();
        let head = if known > after { known } else { self.head().await? };
        let leaves = leaves::all(&self.pool, after, limit).await?;
        let up_to = match leaves.last() {
            Some(last) if leaves.len() == limit => last.position,
            last => head.max(last.map_or(after, |leaf| leaf.position)),
        };
        Ok(Leaves { leaves, up_to })
    }

    async fn read_hashes(
        &self,
        guild: GuildId,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<EventHash>, LogError> {
        leaves::of_guild(&self.pool, guild, after_seq, limit).await
    }

    async fn shutdown(&self) {
        self.stop.send_replace(true);
        // Whoever asks second waits as well.
        let mut writer = self.writer.lock().await;
        if let Some(writer) = writer.take() {
            let _ = writer.await;
        }
    }
}
