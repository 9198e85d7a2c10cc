//! The one writer of this process. Other processes may write too: the batch is counted on top of
//! the head we know, and the database takes it only if that is still the head.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use domain::{EventId, GuildId};
use sqlx::{Connection as _, PgConnection, Row as _, postgres::PgConnectOptions};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::Instant,
};

use super::{PostgresOptions, advance, from_sqlx, read};
use crate::{
    batch,
    envelope::{Position, Recorded, StreamId},
    heads::Heads,
    log::{Appended, LogError, Queued},
};

/// After this many tries that lost the race against another process, the lock is held while
/// counting, so that every process makes progress.
const OPTIMISTIC_TRIES: usize = 2;
/// When others wrote more than this since we last looked, what we remember is dropped instead.
const CATCH_UP: usize = 10_000;
const MAX_BACKOFF: Duration = Duration::from_secs(2);

pub(super) struct Writer {
    /// None after it was lost.
    connection: Option<PgConnection>,
    connect: Arc<PgConnectOptions>,
    options: PostgresOptions,
    heads: Heads,
    head: watch::Sender<Position>,
}

/// How one try to write a batch ended.
enum Try {
    Done(Vec<Appended>),
    /// Another process wrote since we counted.
    Stale,
    /// Some ids of the batch are in the log already.
    Known,
    /// The connection was lost; the batch may or may not have been committed.
    Lost(LogError),
}

/// What was found out about a batch over several tries.
#[derive(Default)]
struct Findings {
    /// Events that a try sent, by the id of the first of each append.
    sent: HashMap<EventId, Vec<Recorded>>,
    /// Appends whose first id is in the log: ours when the events are those we sent.
    written: HashMap<EventId, Option<Vec<Recorded>>>,
}

impl Findings {
    /// Remembers what was sent when its outcome is not known, to recognise it in the log.
    fn sent(&mut self, outcomes: Vec<Appended>) {
        for outcome in outcomes {
            if let Appended::Written(events) = outcome {
                self.sent.insert(events[0].id, events);
            }
        }
    }
}

impl Writer {
    pub async fn start(
        mut connection: PgConnection,
        connect: Arc<PgConnectOptions>,
        options: PostgresOptions,
        head: watch::Sender<Position>,
        queue: mpsc::Receiver<Queued>,
        stop: watch::Receiver<bool>,
    ) -> Result<JoinHandle<()>, LogError> {
        let position = read::head(&mut connection).await?;
        let heads = Heads::new(position.0, read::last_at(&mut connection).await?);
        let batches = batch::Batches::new(queue, stop, options.batch);
        let writer = Self { connection: Some(connection), connect, options, heads, head };
        Ok(tokio::spawn(writer.run(batches)))
    }

    async fn run(mut self, mut batches: batch::Batches) {
        while let Some(batch) = batches.next().await {
            match self.settle(&batch).await {
                Ok(outcomes) => {
                    advance(&self.head, Position(self.heads.position));
                    batch::answer(batch, outcomes);
                }
                Err(error) => {
                    tracing::error!(%error, appends = batch.len(), "a batch was not written");
                    batch::fail(batch, &error);
                }
            }
        }
        if let Some(connection) = self.connection {
            let _ = connection.close().await;
        }
    }

    /// Tries until it is known what became of every append, or until the time is over.
    async fn settle(&mut self, batch: &[Queued]) -> Result<Vec<Appended>, LogError> {
        let deadline = Instant::now() + self.options.append_timeout;
        let mut findings = Findings::default();
        let mut backoff = Duration::from_millis(10);
        let mut lost_races = 0;
        let mut taken = 0;
        let mut lookup = false;
        loop {
            let tried = match self.connected(lookup.then_some((batch, &mut findings))).await {
                Ok(()) => {
                    lookup = false;
                    let hold = lost_races >= OPTIMISTIC_TRIES;
                    self.try_once(batch, &mut findings, hold).await?
                }
                Err(error) => Try::Lost(error),
            };
            match tried {
                Try::Done(outcomes) => return Ok(outcomes),
                Try::Stale => lost_races += 1,
                // Looked up, they are set aside; a place that stays taken is not a known key.
                Try::Known if taken < 3 => {
                    lookup = true;
                    taken += 1;
                }
                Try::Known => {
                    return Err(LogError::Corrupt(
                        "a place in the log is taken already".to_owned(),
                    ));
                }
                Try::Lost(error) => {
                    self.connection = None;
                    lookup = true;
                    if Instant::now() + backoff >= deadline {
                        return Err(if findings.sent.is_empty() {
                            error
                        } else {
                            LogError::OutcomeUnknown(error.to_string())
                        });
                    }
                    tracing::warn!(%error, "the log's database is not reachable; trying again");
                    tokio::time::sleep(backoff).await;
                    backoff = (backoff * 2).min(MAX_BACKOFF);
                }
            }
        }
    }

    /// A connection that knows where the log ends. With `lookup`, also which of the batch's
    /// events are in the log: asked after a lost connection and after an id was taken.
    async fn connected(
        &mut self,
        lookup: Option<(&[Queued], &mut Findings)>,
    ) -> Result<(), LogError> {
        if self.connection.is_none() {
            let mut connection = PgConnection::connect_with(&self.connect)
                .await
                .map_err(|error| from_sqlx(&error))?;
            let position = read::head(&mut connection).await?;
            self.heads = Heads::new(position.0, read::last_at(&mut connection).await?);
            self.connection = Some(connection);
        }
        let Some(connection) = &mut self.connection else {
            return Err(LogError::Unavailable("no connection".to_owned()));
        };
        if let Some((batch, findings)) = lookup {
            let ids: Vec<_> = batch.iter().map(|queued| queued.append.first_id.0).collect();
            for event in read::by_ids(&mut *connection, &ids).await? {
                let ours = findings.sent.get(&event.id);
                let ours = ours.filter(|sent| sent[0].hash == event.hash).cloned();
                findings.written.insert(event.id, ours);
            }
            catch_up(connection, &mut self.heads).await?;
        }
        Ok(())
    }

    async fn try_once(
        &mut self,
        batch: &[Queued],
        findings: &mut Findings,
        hold: bool,
    ) -> Result<Try, LogError> {
        let Some(connection) = &mut self.connection else {
            return Ok(Try::Lost(LogError::Unavailable("no connection".to_owned())));
        };
        let now = (self.options.clock)();
        let tried = if hold {
            hold_and_write(connection, &mut self.heads, batch, findings, now).await
        } else {
            let stale = match write(connection, &mut self.heads, batch, findings, now).await {
                Ok(Try::Stale) => catch_up(connection, &mut self.heads).await.map(|()| Try::Stale),
                Ok(other) => return Ok(other),
                Err(error) => Err(error),
            };
            stale
        };
        match tried {
            Err(error @ LogError::Unavailable(_)) => Ok(Try::Lost(error)),
            other => other,
        }
    }
}

/// Counts and writes while nobody else can.
async fn hold_and_write(
    connection: &mut PgConnection,
    heads: &mut Heads,
    batch: &[Queued],
    findings: &mut Findings,
    now: domain::Timestamp,
) -> Result<Try, LogError> {
    let sqlx_error = |error: sqlx::Error| from_sqlx(&error);
    let mut transaction = connection.begin().await.map_err(sqlx_error)?;
    let lock = "SELECT pg_advisory_xact_lock(hashtext('reeve.events'), \
                current_schema()::regnamespace::oid::int)";
    sqlx::query(lock).execute(&mut *transaction).await.map_err(sqlx_error)?;
    catch_up(&mut transaction, heads).await?;
    let tried = write(&mut transaction, heads, batch, findings, now).await?;
    match tried {
        Try::Done(outcomes) => match transaction.commit().await {
            Ok(()) => Ok(Try::Done(outcomes)),
            Err(error) => {
                findings.sent(outcomes);
                Ok(Try::Lost(from_sqlx(&error)))
            }
        },
        other => {
            transaction.rollback().await.map_err(sqlx_error)?;
            Ok(other)
        }
    }
}

async fn write(
    connection: &mut PgConnection,
    heads: &mut Heads,
    batch: &[Queued],
    findings: &mut Findings,
    now: domain::Timestamp,
) -> Result<Try, LogError> {
    learn_heads(connection, heads, batch).await?;
    let repeated = repeated_keys(connection, batch).await?;
    let expected_head = heads.position;
    let mut plan = heads.plan(now);
    let mut outcomes = Vec::with_capacity(batch.len());
    for Queued { append, .. } in batch {
        outcomes.push(match findings.written.get(&append.first_id) {
            Some(Some(events)) => Appended::Written(events.clone()),
            Some(None) => {
                plan.break_fence(&append.fence);
                Appended::Duplicate
            }
            None => match plan.place(append) {
                Err(refused) => refused,
                Ok(events) if !events.is_empty() => Appended::Written(events),
                Ok(_) if repeated.contains(&append.first_id) => Appended::Duplicate,
                Ok(_) => Appended::Unchanged,
            },
        });
    }
    let written_before = |event: &Recorded| event.position.0 <= expected_head;
    let rows: Vec<&Recorded> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Appended::Written(events) if !written_before(&events[0]) => Some(events),
            _ => None,
        })
        .flatten()
        .collect();
    match append(connection, expected_head, &rows).await {
        Ok(head) if head == expected_head => {}
        Ok(_) => return Ok(Try::Stale),
        Err(error) => {
            findings.sent(outcomes);
            return match error {
                sqlx::Error::Database(error) if error.is_unique_violation() => Ok(Try::Known),
                error => Err(from_sqlx(&error)),
            };
        }
    }
    plan.commit();
    Ok(Try::Done(outcomes))
}

/// Ends of streams and guilds that are not remembered. What is read here may be newer than the
/// head we count on; then the database says that we are stale.
async fn learn_heads(
    connection: &mut PgConnection,
    heads: &mut Heads,
    batch: &[Queued],
) -> Result<(), LogError> {
    let mut streams: HashSet<&StreamId> = HashSet::new();
    let mut guilds: HashSet<GuildId> = HashSet::new();
    for Queued { append, .. } in batch {
        if heads.stream(&append.stream).is_none() {
            streams.insert(&append.stream);
        }
        if heads.guild(append.stream.guild()).is_none() {
            guilds.insert(append.stream.guild());
        }
    }
    if !streams.is_empty() {
        let streams: Vec<StreamId> = streams.into_iter().cloned().collect();
        let found = read::stream_heads(connection, &streams).await?;
        for (stream, head) in streams.into_iter().zip(found) {
            heads.learn_stream(stream, head);
        }
    }
    if !guilds.is_empty() {
        let guilds: Vec<GuildId> = guilds.into_iter().collect();
        let found = read::guild_heads(connection, &guilds).await?;
        for (guild, head) in guilds.into_iter().zip(found) {
            heads.learn_guild(guild, head);
        }
    }
    Ok(())
}

/// Of the appends that write nothing: those whose key acted before.
async fn repeated_keys(
    connection: &mut PgConnection,
    batch: &[Queued],
) -> Result<HashSet<EventId>, LogError> {
    let ids: Vec<_> = batch
        .iter()
        .filter(|queued| queued.append.events.is_empty())
        .map(|queued| queued.append.first_id.0)
        .collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    Ok(read::by_ids(connection, &ids).await?.into_iter().map(|event| event.id).collect())
}

/// Learns what other processes wrote since we last looked.
async fn catch_up(connection: &mut PgConnection, heads: &mut Heads) -> Result<(), LogError> {
    let news = read::places_after(&mut *connection, heads.position, CATCH_UP).await?;
    if news.len() == CATCH_UP {
        heads.forget();
        heads.position = read::head(connection).await?.0;
        heads.last_at = read::last_at(connection).await?;
        return Ok(());
    }
    for (position, stream, version, guild_seq, at) in news {
        heads.observe(&stream, version, guild_seq);
        heads.position = position;
        heads.last_at = at;
    }
    Ok(())
}

/// One round trip. The answer is the head that the database found; the rows are in only if that
/// is the expected one.
async fn append(
    connection: &mut PgConnection,
    expected_head: u64,
    rows: &[&Recorded],
) -> Result<u64, sqlx::Error> {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let head = if rows.is_empty() {
        sqlx::query("SELECT COALESCE(max(position), 0) FROM events").fetch_one(connection).await?
    } else {
        let column =
            |value: fn(&Recorded) -> i64| rows.iter().map(|r| value(r)).collect::<Vec<_>>();
        let text = |value: fn(&Recorded) -> &str| rows.iter().map(|r| value(r)).collect::<Vec<_>>();
        let aggregate_ids: Vec<_> = rows.iter().map(|row| row.stream.aggregate_id()).collect();
        let versions: Vec<_> = rows.iter().map(|row| row.type_version.to_string()).collect();
        let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
        let hashes: Vec<&[u8]> = rows.iter().map(|row| row.hash.0.as_slice()).collect();
        let sql = "SELECT reeve_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        sqlx::query(sql)
            .bind(signed(expected_head))
            .bind(text(|row| row.stream.category()))
            .bind(aggregate_ids)
            .bind(column(|row| row.version.cast_signed()))
            .bind(text(|row| &row.type_name))
            .bind(versions)
            .bind(text(|row| &row.payload))
            .bind(text(|row| &row.metadata))
            .bind(column(|row| row.guild().as_i64()))
            .bind(column(|row| row.guild_seq.cast_signed()))
            .bind(ids)
            .bind(column(|row| row.at.as_micros()))
            .bind(hashes)
            .fetch_one(connection)
            .await?
    };
    Ok(head.get::<i64, _>(0).unsigned_abs())
}
