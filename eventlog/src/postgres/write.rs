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

use super::{ServerOptions, advance, from_sqlx, read};
use crate::{
    batch,
    envelope::{Position, Recorded, StreamId},
    heads::Heads,
    log::{Appended, LogError, Queued},
    tail::Tail,
};

/// After this many tries that lost the race against another process, the lock is held while
/// counting, so that every process makes progress.
const OPTIMISTIC_TRIES: usize = 2;
/// When others wrote more than this since we last looked, what we remember is dropped instead.
const CATCH_UP: usize = 10_000;
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// What the writing session insists on, whatever the server's configuration says: a commit is
/// waited for, and a connection that died silently does not keep the others' lock for long.
const SESSION: &str = "
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off';
    SET idle_in_transaction_session_timeout = '10s';
    SET tcp_keepalives_idle = 10;
    SET tcp_keepalives_interval = 5;
    SET tcp_keepalives_count = 3";

pub(super) struct Writer {
    /// None after it was lost.
    connection: Option<PgConnection>,
    connect: Arc<PgConnectOptions>,
    options: ServerOptions,
    heads: Heads,
    head: watch::Sender<Position>,
    tail: Arc<Tail>,
    /// The last position of our own making, for those who tell other processes.
    written: watch::Sender<Position>,
}

/// How one try to write a batch ended.
enum Try {
    /// The outcomes stand in [`Findings::on_the_wire`].
    Done,
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
    /// What the present try has sent, or is about to.
    on_the_wire: Vec<Appended>,
    /// Events of tries that got no answer, by the id of the first of each append.
    sent: HashMap<EventId, Vec<Vec<Recorded>>>,
    /// Appends whose first id is in the log: ours when the events are those we sent.
    written: HashMap<EventId, Option<Vec<Recorded>>>,
    /// Ask the log before anything is written: a key acted before, or a try got no answer. The
    /// server may still be busy with that one, so it is asked before every further try.
    look_up: bool,
}

impl Findings {
    /// No answer came: what was sent may be in the log, or get there yet.
    fn lost_sight(&mut self) {
        self.look_up = true;
        for outcome in self.on_the_wire.drain(..) {
            if let Appended::Written(events) = outcome {
                self.sent.entry(events[0].id).or_default().push(events);
            }
        }
    }

    async fn look_up(
        &mut self,
        connection: &mut PgConnection,
        batch: &[Queued],
    ) -> Result<(), LogError> {
        let ids: Vec<_> = batch.iter().map(|queued| queued.append.first_id.0).collect();
        for event in read::by_ids(connection, &ids).await? {
            let same = |sent: &&Vec<Recorded>| {
                sent[0].hash == event.hash && sent[0].position == event.position
            };
            let ours = self.sent.get(&event.id).and_then(|tries| tries.iter().find(same)).cloned();
            self.written.insert(event.id, ours);
        }
        Ok(())
    }

    /// What to say of an append whose events are in the log.
    fn answer(&self, first_id: EventId) -> Option<Appended> {
        Some(match self.written.get(&first_id)? {
            Some(events) => Appended::Written(events.clone()),
            None => Appended::Duplicate,
        })
    }
}

impl Writer {
    /// Answers the task, and where it tells of what it has written.
    pub async fn start(
        mut connection: PgConnection,
        connect: Arc<PgConnectOptions>,
        options: ServerOptions,
        (head, tail): (watch::Sender<Position>, Arc<Tail>),
        queue: mpsc::Receiver<Queued>,
        stop: watch::Receiver<bool>,
    ) -> Result<(JoinHandle<()>, watch::Receiver<Position>), LogError> {
        insist(&mut connection).await?;
        let position = read::head(&mut connection).await?;
        let heads = Heads::new(position.0, read::last_at(&mut connection).await?);
        let batches = batch::Batches::new(queue, stop, options.batch);
        let (written, own) = watch::channel(position);
        let connection = Some(connection);
        let writer = Self { connection, connect, options, heads, head, tail, written };
        Ok((tokio::spawn(writer.run(batches)), own))
    }

    async fn run(mut self, mut batches: batch::Batches) {
        while let Some(batch) = batches.next().await {
            match self.settle(&batch).await {
                Ok(outcomes) => {
                    let position = Position(self.heads.position);
                    self.tail.written(&outcomes, position);
                    advance(&self.head, position);
                    if outcomes.iter().any(|outcome| matches!(outcome, Appended::Written(_))) {
                        advance(&self.written, position);
                    }
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
        loop {
            // A server that went away without a word is given up in time for another try.
            let patience = self.options.append_timeout / 3;
            let hold = lost_races >= OPTIMISTIC_TRIES;
            let tried = self.try_once(batch, &mut findings, hold);
            let tried = match tokio::time::timeout(patience, tried).await {
                Ok(tried) => tried,
                Err(_) => Ok(Try::Lost(LogError::Unavailable("no answer in time".to_owned()))),
            };
            match tried {
                Ok(Try::Done) => return Ok(findings.on_the_wire),
                Ok(Try::Stale) => lost_races += 1,
                // Looked up, they are set aside; a place that stays taken is not a known key.
                Ok(Try::Known) if taken < 3 => {
                    findings.look_up = true;
                    self.heads.forget();
                    taken += 1;
                }
                Ok(Try::Known) => {
                    return Err(LogError::Corrupt(
                        "a place in the log is taken already".to_owned(),
                    ));
                }
                Ok(Try::Lost(error)) => {
                    self.connection = None;
                    findings.lost_sight();
                    if Instant::now() + backoff >= deadline {
                        return Err(findings.judge(error));
                    }
                    tracing::warn!(%error, "the log's database is not reachable; trying again");
                    tokio::time::sleep(backoff).await;
                    backoff = (backoff * 2).min(MAX_BACKOFF);
                }
                Err(error) => return Err(findings.judge(error)),
            }
        }
    }

    /// Errors are final; what may pass is a [`Try::Lost`].
    async fn try_once(
        &mut self,
        batch: &[Queued],
        findings: &mut Findings,
        hold: bool,
    ) -> Result<Try, LogError> {
        if let Err(error) = self.connect().await {
            return Ok(Try::Lost(error));
        }
        let Some(connection) = &mut self.connection else {
            return Ok(Try::Lost(LogError::Unavailable("no connection".to_owned())));
        };
        let now = (self.options.clock)();
        let tried = if hold {
            hold_and_write(connection, &mut self.heads, batch, findings, now).await
        } else {
            match write(connection, &mut self.heads, batch, findings, now).await {
                Ok(Try::Stale) => catch_up(connection, &mut self.heads).await.map(|()| Try::Stale),
                other => other,
            }
        };
        match tried {
            Err(error @ LogError::Unavailable(_)) => Ok(Try::Lost(error)),
            other => other,
        }
    }

    /// A connection that knows where the log ends.
    async fn connect(&mut self) -> Result<(), LogError> {
        if self.connection.is_none() {
            let mut connection = PgConnection::connect_with(&self.connect)
                .await
                .map_err(|error| from_sqlx(&error))?;
            insist(&mut connection).await?;
            let position = read::head(&mut connection).await?;
            self.heads = Heads::new(position.0, read::last_at(&mut connection).await?);
            self.connection = Some(connection);
        }
        Ok(())
    }
}

impl Findings {
    /// An error does not say what became of tries that got no answer.
    fn judge(&self, error: LogError) -> LogError {
        if self.sent.is_empty() { error } else { LogError::OutcomeUnknown(error.to_string()) }
    }
}

async fn insist(connection: &mut PgConnection) -> Result<(), LogError> {
    sqlx::raw_sql(SESSION).execute(connection).await.map(|_| ()).map_err(|error| from_sqlx(&error))
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
    match write(&mut transaction, heads, batch, findings, now).await? {
        // What was counted is forgotten with the connection, should the commit get no answer.
        Try::Done => Ok(match transaction.commit().await {
            Ok(()) => Try::Done,
            Err(error) => Try::Lost(from_sqlx(&error)),
        }),
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
    findings.on_the_wire.clear();
    learn_heads(connection, heads, batch).await?;
    if findings.look_up {
        findings.look_up(connection, batch).await?;
    }
    let expected_head = heads.position;
    let mut plan = heads.plan(now);
    let mut outcomes = Vec::with_capacity(batch.len());
    let mut placed = HashSet::new();
    for Queued { append, .. } in batch {
        let id = append.first_id;
        let known = placed.contains(&id).then_some(Appended::Duplicate);
        outcomes.push(match known.or_else(|| findings.answer(id)) {
            Some(written @ Appended::Written(_)) => written,
            Some(duplicate) => {
                plan.break_fence(&append.fence);
                duplicate
            }
            None => match plan.place(append) {
                Err(refused) => refused,
                Ok(events) if events.is_empty() => Appended::Unchanged,
                Ok(events) => {
                    placed.insert(id);
                    Appended::Written(events)
                }
            },
        });
    }
    recognise_keys(connection, batch, &mut outcomes).await?;
    // From here on the outcomes are somebody's, also when this future is dropped.
    findings.on_the_wire = outcomes;
    let rows: Vec<&Recorded> = findings
        .on_the_wire
        .iter()
        .filter_map(|outcome| match outcome {
            Appended::Written(events) if placed.contains(&events[0].id) => Some(events),
            _ => None,
        })
        .flatten()
        .collect();
    match append(connection, expected_head, &rows).await {
        Ok(head) if head == expected_head => {
            plan.commit();
            Ok(Try::Done)
        }
        Ok(_) => {
            findings.on_the_wire.clear();
            Ok(Try::Stale)
        }
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            findings.on_the_wire.clear();
            Ok(Try::Known)
        }
        Err(error) => {
            let error = from_sqlx(&error);
            if !matches!(error, LogError::Unavailable(_)) {
                findings.on_the_wire.clear();
            }
            Err(error)
        }
    }
}

/// Appends that were turned away or had nothing to write, while their key acted before.
async fn recognise_keys(
    connection: &mut PgConnection,
    batch: &[Queued],
    outcomes: &mut [Appended],
) -> Result<(), LogError> {
    let in_question =
        |outcome: &Appended| matches!(outcome, Appended::Unchanged | Appended::Conflict { .. });
    let ids: Vec<_> = batch
        .iter()
        .zip(&*outcomes)
        .filter(|(_, outcome)| in_question(outcome))
        .map(|(queued, _)| queued.append.first_id.0)
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let known = read::known_ids(connection, &ids).await?;
    for (queued, outcome) in batch.iter().zip(outcomes) {
        if in_question(outcome) && known.contains(&queued.append.first_id) {
            *outcome = Appended::Duplicate;
        }
    }
    Ok(())
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
