//! The follower: reads what the index lacks, then follows the subscription on `$all`, and begins
//! again wherever one of the two fails.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use eventstore::{RecordedEvent, StreamPosition, SubscribeToAllOptions, SubscriptionEvent};
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior},
};

use super::{
    count::{Count, Waiting},
    gate::Gate,
    index,
    names::Draft,
    server::Server,
};
use crate::{envelope::Position, log::LogError, postgres::from_sqlx};

/// Events that one entry into the index takes.
const CHUNK: usize = 1_024;
/// Events that one read of the past takes.
const PAGE: usize = 4_000;
const BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// How often it is looked whether the subscription has gone quiet, as they do.
const LOOK: Duration = Duration::from_millis(250);
/// What is known to be written and does not come for so long is read instead.
const QUIET: Duration = Duration::from_secs(1);
/// How often the server is asked whether there is something that nobody told of.
const ASK: Duration = Duration::from_secs(10);
/// How often the log is read where no subscription can be had.
const POLL: Duration = Duration::from_millis(50);
/// How often people are told how far a long catching-up is.
const TELL: Duration = Duration::from_secs(5);

/// What the follower shares with those who write and read.
#[derive(Debug)]
pub(super) struct Shared {
    pub server: Server,
    pub pool: PgPool,
    pub gate: Gate,
    pub append_timeout: Duration,
    pub waiting: Waiting,
    pub head: watch::Sender<Position>,
    /// The commit position of the last append that was answered to this process.
    pub acked: AtomicU64,
    /// The commit position up to which this process has counted, and told those who wait; nothing
    /// until it has found the last event that the index knows on the server.
    pub counted: AtomicU64,
    /// Time of the last event that was counted, so that clocks do not go back.
    pub last_at: AtomicI64,
    pub state: watch::Sender<State>,
    /// The subscription is live, as the server says.
    pub live: AtomicBool,
    /// Subscriptions that could not be ended. After the first one the log is read instead.
    pub stuck: AtomicU64,
}

#[derive(Clone, Debug)]
pub(super) enum State {
    CatchingUp,
    /// Everything that was there at the start is counted.
    Following,
    Failing(LogError),
}

impl Shared {
    pub fn advance(&self, to: u64) {
        self.head.send_if_modified(|head| {
            let newer = to > head.0;
            head.0 = head.0.max(to);
            newer
        });
    }
}

/// Whatever the server's configuration says: what was answered stands in the index for good, so that
/// a refusal may rest on it.
const SESSION: &str = "
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off';
    SET idle_in_transaction_session_timeout = '10s'";

/// Ends only with the task.
pub(super) async fn follow(shared: Arc<Shared>) {
    let mut backoff = BACKOFF;
    let mut count = None;
    loop {
        let began = Instant::now();
        let Err(error) = session(&shared, &mut count).await;
        shared.live.store(false, Ordering::Relaxed);
        if !matches!(*shared.state.borrow(), State::Following) {
            shared.state.send_replace(State::Failing(error.clone()));
        }
        if matches!(error, LogError::Unavailable(_)) {
            tracing::warn!(%error, "following the log begins again");
        } else {
            tracing::error!(%error, "the log cannot be followed");
        }
        metrics::counter!("reeve_log_follower_restarts_total").increment(1);
        backoff = if began.elapsed() > MAX_BACKOFF { BACKOFF } else { backoff };
        tokio::time::sleep(backoff).await;
        backoff = (backoff * 2).min(MAX_BACKOFF);
    }
}

enum Never {}

/// Goes on where this process has counted to, also where others are further: somebody here may wait
/// for what is in between.
async fn session(shared: &Arc<Shared>, count: &mut Option<Count>) -> Result<Never, LogError> {
    let connect = shared.pool.connect_options();
    let mut connection =
        PgConnection::connect_with(&connect).await.map_err(|error| from_sqlx(&error))?;
    sqlx::raw_sql(SESSION).execute(&mut connection).await.map_err(|error| from_sqlx(&error))?;
    let indexed = index::checkpoint(&mut connection).await?;
    let count = match count {
        Some(count) if count.at.position <= indexed.position => count,
        taken_back => taken_back.insert(Count::from(indexed)),
    };
    catch_up(shared, &mut connection, count).await?;
    shared.state.send_replace(State::Following);
    live(shared, &mut connection, count).await
}

/// Reads to the end.
async fn catch_up(
    shared: &Shared,
    connection: &mut PgConnection,
    count: &mut Count,
) -> Result<(), LogError> {
    let mut told = Instant::now();
    loop {
        let from = count.at.server_position();
        // The place itself is read again, if there is one.
        let page = shared.server.page(from, PAGE + usize::from(from.is_some())).await?;
        if let (Some(from), first) = (from, page.first())
            && first.is_none_or(|first| first.position != from)
        {
            return Err(LogError::Corrupt(
                "EventStoreDB no longer holds the last event that the index knows; was an older \
                 backup restored, or another server put in its place? If that was meant, empty \
                 the tables esdb_events and esdb_checkpoint"
                    .to_owned(),
            ));
        }
        shared.counted.store(count.at.commit, Ordering::Release);
        let before = count.at.position;
        take(shared, connection, count, &page).await?;
        if count.at.position == before {
            return Ok(());
        }
        if told.elapsed() > TELL {
            told = Instant::now();
            tracing::info!(position = count.at.position, "the index catches up with the log");
        }
    }
}

async fn take(
    shared: &Shared,
    connection: &mut PgConnection,
    count: &mut Count,
    events: &[RecordedEvent],
) -> Result<(), LogError> {
    for chunk in events.chunks(CHUNK) {
        let namespace = &shared.server.namespace;
        let drafts = chunk.iter().map(|event| Draft::read(namespace, event));
        let drafts = drafts.collect::<Result<Vec<_>, _>>()?;
        // Their writers wait until the head has moved as well.
        let before = count.at.position;
        let taken = count.take(connection, drafts, &shared.waiting, |at| {
            shared.last_at.fetch_max(at.last_at.as_micros(), Ordering::AcqRel);
            shared.advance(at.position);
        });
        taken.await?;
        shared.counted.store(count.at.commit, Ordering::Release);
        metrics::counter!("reeve_log_indexed_total").increment(count.at.position - before);
    }
    Ok(())
}

/// Follows the subscription until it fails or has gone quiet.
async fn live(
    shared: &Arc<Shared>,
    connection: &mut PgConnection,
    count: &mut Count,
) -> Result<Never, LogError> {
    if shared.stuck.load(Ordering::Relaxed) > 0 {
        return poll(shared, connection, count).await;
    }
    let (mut news, ended) = subscribe(shared, count.at.server_position())?;
    let Err(error) = hear(shared, connection, count, &mut news).await;
    drop(news);
    let until = Instant::now() + QUIET;
    while !ended.load(Ordering::Acquire) {
        if Instant::now() > until {
            shared.stuck.fetch_add(1, Ordering::Relaxed);
            tracing::error!(
                "EventStoreDB's client does not come back from a subscription and takes a \
                 processor's time; from now on the log is polled. Restart this process when it suits"
            );
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Err(error)
}

/// Takes what the subscription brings.
async fn hear(
    shared: &Shared,
    connection: &mut PgConnection,
    count: &mut Count,
    news: &mut mpsc::Receiver<RecordedEvent>,
) -> Result<Never, LogError> {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asked = Instant::now();
    let mut moved = (Instant::now(), count.at.position);
    let mut chunk = Vec::new();
    loop {
        tokio::select! {
            taken = news.recv_many(&mut chunk, CHUNK) => {
                if taken == 0 {
                    return Err(LogError::Unavailable("the subscription ended".to_owned()));
                }
                take(shared, connection, count, &chunk).await?;
                chunk.clear();
            }
            _ = look.tick() => {
                let indexed = index::checkpoint(&mut *connection).await?;
                shared.advance(indexed.position);
                if indexed.position < count.at.position {
                    return Err(LogError::Unavailable("the index was taken back".to_owned()));
                }
                let mut behind = indexed.position > count.at.position
                    || shared.acked.load(Ordering::Acquire) > count.at.commit;
                if asked.elapsed() > ASK {
                    asked = Instant::now();
                    let last = shared.server.last_commit().await?;
                    behind |= last.is_some_and(|last| last > count.at.commit);
                }
                if !behind || moved.1 != count.at.position {
                    moved = (Instant::now(), count.at.position);
                } else if moved.0.elapsed() > QUIET {
                    return Err(LogError::Unavailable("the subscription has gone quiet".to_owned()));
                }
            }
        }
    }
}

/// Without a subscription.
async fn poll(
    shared: &Shared,
    connection: &mut PgConnection,
    count: &mut Count,
) -> Result<Never, LogError> {
    loop {
        catch_up(shared, connection, count).await?;
        tokio::time::sleep(POLL).await;
    }
}

/// A subscription of its own thread: the client never returns from one that the server ended
/// without an error, and must not take a worker of ours with it.
fn subscribe(
    shared: &Arc<Shared>,
    after: Option<eventstore::Position>,
) -> Result<(mpsc::Receiver<RecordedEvent>, Arc<AtomicBool>), LogError> {
    let (sender, receiver) = mpsc::channel(CHUNK);
    let ended = Arc::new(AtomicBool::new(false));
    let (number, client) = shared.server.client()?;
    let options = SubscribeToAllOptions::default()
        .position(after.map_or(StreamPosition::Start, StreamPosition::Position))
        .filter(shared.server.filter());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| LogError::Setup(format!("no thread for the subscription: {error}")))?;
    let shared = Arc::clone(shared);
    let end = Ended(Arc::clone(&ended));
    let work = move || {
        let _end = end;
        runtime.block_on(async {
            let mut subscription = client.subscribe_to_all(&options).await;
            loop {
                let next = tokio::select! {
                    next = subscription.next_subscription_event() => next,
                    () = sender.closed() => return,
                };
                match next {
                    Ok(SubscriptionEvent::EventAppeared(event)) => {
                        if let Some(event) = event.event
                            && sender.send(event).await.is_err()
                        {
                            return;
                        }
                    }
                    Ok(SubscriptionEvent::CaughtUp(_)) => {
                        shared.live.store(true, Ordering::Relaxed);
                    }
                    Ok(SubscriptionEvent::FellBehind(_)) => {
                        shared.live.store(false, Ordering::Relaxed);
                        tracing::info!("the subscription has fallen behind and catches up");
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(%error, "the subscription was dropped");
                        shared.server.note(number, &error);
                        return;
                    }
                }
            }
        });
    };
    std::thread::Builder::new()
        .name("esdb-subscription".to_owned())
        .spawn(work)
        .map_err(|error| LogError::Setup(format!("no thread for the subscription: {error}")))?;
    Ok((receiver, ended))
}

/// Says that a thread has ended, however it did.
struct Ended(Arc<AtomicBool>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
