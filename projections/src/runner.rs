//! One slice of one build: reads, folds, writes rows and checkpoint together.

use std::{collections::HashSet, sync::Arc, time::Duration};

use domain::{GuildId, Timestamp};
use eventlog::{
    Clock, EventLog, Follower, LogError, Page, Position, Recorded, Slice, Together, is_known,
    sql::{Tx, Value},
    values,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use crate::{
    build::Build,
    errors::error_id,
    projection::{AnyProjection, ApplyError, Folded, Names, Tables},
    store::ReadStore,
};

/// How long a process keeps a slice without a sign of life.
const LEASE_SECS: i64 = 10;
const RENEW: Duration = Duration::from_secs(3);
const RETRY: Duration = Duration::from_millis(500);
/// As long as a fault stays the same, it is tried again ever more rarely.
const MAX_RETRY: Duration = Duration::from_secs(4);
/// Pages that are read ahead while one is written.
const READ_AHEAD: usize = 1;
/// Far behind, so many times more events are folded together: the same rows are then written so
/// much less often, which is what a rebuild mostly does.
const FAR_BEHIND: usize = 5;
/// So many pages of that size are worked on at once, by all projections together. They take turns,
/// and with few of them stay near each other: then the log is read once for all.
pub(crate) const LARGE_PAGES: usize = 4;
const STORE_TRIES: u32 = 3;
/// From where it was to where it is, as long as the slice is ours.
const ADVANCE: &str = "UPDATE projection_checkpoints SET position = $5, applied = applied + $6, \
                       updated_at = $7, lease_until = $8, paused = NULL \
                       WHERE name = $1 AND build = $2 AND slice = $3 AND owner = $9 \
                       AND position = $4";

/// What an operator asks of a running slice.
#[derive(Debug)]
pub(crate) struct Order {
    pub guild: GuildId,
    /// Begin again from the guild's first event, not from where it was parked.
    pub from_start: bool,
    pub answer: oneshot::Sender<Result<String, String>>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    pub position: Position,
    /// This process holds the slice.
    pub held: bool,
}

pub(crate) struct Runner {
    pub projection: Arc<dyn AnyProjection>,
    pub build: Build,
    pub slice: Slice,
    pub store: ReadStore,
    pub log: Arc<dyn EventLog>,
    pub clock: Clock,
    pub owner: String,
    pub batch: usize,
    pub large_pages: Arc<Semaphore>,
    pub together: Together,
    pub orders: mpsc::Receiver<Order>,
    pub progress: watch::Sender<Progress>,
}

/// Why a slice cannot be gone on with.
enum Fault {
    /// Another process has it, or the build is gone.
    NotHeld,
    Log(LogError),
}

impl From<LogError> for Fault {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

/// A slice that this process holds.
struct Held {
    position: Position,
    blocked: HashSet<GuildId>,
    names: Names,
    /// The indexes that only readers use are there.
    indexed: bool,
}

/// What was read: those events that the projection follows.
struct Read {
    page: Page,
    /// There is nothing after it yet.
    last: bool,
    /// Given back when it is folded.
    _large: Option<OwnedSemaphorePermit>,
}

impl Runner {
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut pause = RETRY;
        loop {
            let before = self.progress.borrow().position;
            match self.hold(&mut stop).await {
                Ok(()) => break,
                Err(Fault::NotHeld) => {
                    pause = RETRY;
                    if self.progress.borrow().held {
                        let (projection, slice) = (self.projection.name(), self.slice.index);
                        tracing::info!(
                            projection,
                            slice,
                            "the slice is let go: another process has it, or its build is gone"
                        );
                    }
                    self.progress.send_modify(|progress| progress.held = false);
                }
                // Still held as far as the alarm is concerned: it stands still.
                Err(Fault::Log(error)) => {
                    let moved = self.progress.borrow().position > before;
                    pause = if moved { RETRY } else { MAX_RETRY.min(pause * 2) };
                    let (name, slice) = (self.projection.name(), self.slice.index);
                    let id = error_id();
                    tracing::warn!(
                        projection = name, slice, error.id = id, %error,
                        "a projection cannot go on; trying again"
                    );
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stopped(&mut stop) => break,
            }
        }
        if let Err(error) = self.release().await {
            tracing::debug!(%error, "a lease is left to run out");
        }
    }

    async fn claim(&self) -> Result<Held, Fault> {
        let now = (self.clock)();
        // One process at a time holds an embedded store: whoever had the lease is gone.
        let free_since =
            if self.store.is_sqlite() { Timestamp::from_micros(i64::MAX) } else { now };
        let claim = "UPDATE projection_checkpoints SET owner = $5, lease_until = $6 \
                     WHERE name = $1 AND build = $2 AND slice = $3 \
                     AND (owner = $5 OR lease_until < $4)";
        let until = now.plus_secs(LEASE_SECS);
        let name = self.projection.name();
        let slice = self.slice.index;
        let owner = self.owner.as_str();
        let mut tx = self.store.0.begin().await?;
        let parameters = values![name, self.build.number, slice, free_since, owner, until];
        if tx.execute(claim, &parameters).await? == 0 {
            return Err(Fault::NotHeld);
        }
        self.ask_again(&mut tx).await?;
        let select = "SELECT position FROM projection_checkpoints \
                      WHERE name = $1 AND build = $2 AND slice = $3";
        let rows = tx.query(select, &values![name, self.build.number, slice]).await?;
        let position = rows.first().map_or(Ok(0), |row| row.count(0))?;
        let select = "SELECT guild FROM projection_blocked WHERE name = $1 AND build = $2";
        let mut blocked = HashSet::new();
        for row in tx.query(select, &values![name, self.build.number]).await? {
            blocked.extend(GuildId::from_i64(row.int(0)?).ok());
        }
        tx.commit().await?;
        let names = Names::new(self.projection.tables(), self.build);
        self.progress.send_replace(Progress { position: Position(position), held: true });
        Ok(Held { position: Position(position), blocked, names, indexed: false })
    }

    /// What whoever held the slice before was asked and did not finish is done by us.
    async fn ask_again(&self, tx: &mut Tx) -> Result<(), LogError> {
        let sql = "UPDATE operator_requests SET state = 'asked' WHERE state = 'running' \
                   AND verb IN ('retry', 'rebuild_guild') AND subject = $1 \
                   AND (guild >> 22) % $3 = $4 AND EXISTS (SELECT 1 FROM projection_builds \
                   WHERE name = $1 AND build = $2 AND state = 'live')";
        let Slice { index, of } = self.slice;
        let parameters = values![self.projection.name(), self.build.number, of, index];
        tx.execute(sql, &parameters).await.map(|_| ())
    }

    /// Claims the slice and folds until it is told to stop.
    async fn hold(&mut self, stop: &mut watch::Receiver<bool>) -> Result<(), Fault> {
        let mut held = self.claim().await?;
        let mut pages = self.read_ahead(held.position);
        let mut renew = tokio::time::interval(RENEW);
        renew.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stopped(stop) => return Ok(()),
                Some(order) = self.orders.recv() => {
                    let answer = match self.carry_out(&mut held, &order).await {
                        Ok(answer) => Ok(answer),
                        Err(Fault::Log(error)) => Err(error.to_string()),
                        Err(Fault::NotHeld) => return Err(Fault::NotHeld),
                    };
                    let _ = order.answer.send(answer);
                }
                _ = renew.tick() => {
                    let mut tx = self.store.0.begin().await?;
                    self.renew(&mut tx).await?;
                    tx.commit().await?;
                }
                read = pages.recv() => {
                    let read = read.unwrap_or_else(|| {
                        Err(LogError::Unavailable("the reader ended".to_owned()))
                    })?;
                    // Before the last page, so that whoever is up to date has them.
                    if read.last && !held.indexed {
                        self.make_indexes(&mut held).await?;
                    }
                    self.take(&mut held, &read.page).await?;
                }
            }
        }
    }

    /// Reads the next pages while this one is written. Ends when its receiver is dropped.
    fn read_ahead(&self, after: Position) -> mpsc::Receiver<Result<Read, LogError>> {
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        let mut follower = Follower::new(Arc::clone(&self.log), after, self.slice);
        let (batch, large_pages) = (self.batch, Arc::clone(&self.large_pages));
        let (projection, head) = (Arc::clone(&self.projection), self.log.watch());
        tokio::spawn(async move {
            let mut far_behind = false;
            loop {
                let next = async {
                    if !far_behind {
                        return (follower.next(batch).await, None);
                    }
                    // Nobody closes it.
                    let permit = Arc::clone(&large_pages).acquire_owned().await.ok();
                    (follower.next(batch * FAR_BEHIND).await, permit)
                };
                let (page, large) = tokio::select! {
                    read = next => read,
                    () = sender.closed() => return,
                };
                let most = if far_behind { batch * FAR_BEHIND } else { batch };
                // Whoever waits for news must not keep a large page's place.
                far_behind = page.as_ref().is_ok_and(|page| page.events.len() >= most)
                    && follower.position() < *head.borrow();
                let failed = page.is_err();
                let read = page.map(|mut page| {
                    page.events.retain(|event| projection.follows(event));
                    Read { page, last: !far_behind, _large: large }
                });
                if sender.send(read).await.is_err() || failed {
                    return;
                }
            }
        });
        receiver
    }

    /// The slices of a projection take turns: whoever makes an index keeps writers of rows away.
    async fn make_indexes(&self, held: &mut Held) -> Result<(), Fault> {
        let (name, build) = (self.projection.name(), self.build.number);
        let indexes = self.projection.indexes();
        if !indexes.is_empty() {
            let mut tx = self.store.0.begin().await?;
            // The build before the checkpoint, as whoever swaps builds does: nobody waits in a circle.
            let hold = "UPDATE projection_builds SET state = state WHERE name = $1 AND build = $2";
            held_if(tx.execute(hold, &values![name, build]).await? == 1)?;
            self.renew(&mut tx).await?;
            for index in indexes {
                tx.execute(&held.names.fill(index), &[]).await?;
            }
            tx.commit().await?;
        }
        held.indexed = true;
        Ok(())
    }

    /// Folds a page and moves the checkpoint.
    async fn take(&self, held: &mut Held, page: &Page) -> Result<(), Fault> {
        if page.events.is_empty() {
            return self.pass(held, page.up_to).await;
        }
        let is_unknown = |event: &Recorded| !is_known(&event.type_name, event.type_version);
        let unknown = page.events.iter().position(is_unknown);
        let Some(index) = unknown else {
            return self.fold(held, &page.events, page.up_to).await;
        };
        // Never skipped: whoever wrote it knows what it means, so a newer binary must fold it.
        let event = &page.events[index];
        let before = Position(event.position.0 - 1);
        if before > held.position {
            self.fold(held, &page.events[..index], before).await?;
        }
        let error = LogError::UnknownType {
            name: event.type_name.to_string(),
            version: event.type_version,
        };
        let pause = "UPDATE projection_checkpoints SET paused = $4 \
                     WHERE name = $1 AND build = $2 AND slice = $3 AND owner = $5";
        let (name, owner) = (self.projection.name(), self.owner.as_str());
        let reason = error.to_string();
        let parameters = values![name, self.build.number, self.slice.index, reason, owner];
        self.store.0.execute(pause, &parameters).await?;
        Err(error.into())
    }

    /// Nothing was for this projection.
    async fn pass(&self, held: &mut Held, up_to: Position) -> Result<(), Fault> {
        let advance = self.advance(held.position, up_to, 0).to_vec();
        held_if(self.together.execute(ADVANCE, advance).await? == 1)?;
        held.position = up_to;
        self.progress.send_replace(Progress { position: up_to, held: true });
        Ok(())
    }

    async fn fold(
        &self,
        held: &mut Held,
        events: &[Recorded],
        up_to: Position,
    ) -> Result<(), Fault> {
        let mut tries = 0;
        loop {
            let blocked = |guild| held.blocked.contains(&guild);
            // Before the store is asked for: whoever folds keeps nobody waiting who writes.
            let outcome = match self.projection.fold(events, &blocked) {
                Ok(folded) => self.write(held, folded, up_to).await?,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(folded) => {
                    held.position = up_to;
                    self.progress.send_replace(Progress { position: up_to, held: true });
                    metrics::counter!("reeve_projection_events_total", "projection" => self.projection.name())
                        .increment(folded);
                    return Ok(());
                }
                Err(ApplyError::Poison { index, error }) => {
                    self.park(held, events, &events[index], &error).await?;
                }
                Err(ApplyError::Store(error)) => {
                    tries += 1;
                    if tries < STORE_TRIES {
                        tokio::time::sleep(RETRY).await;
                    } else if !self.is_refusal(&error) || !self.park_culprits(held, events).await? {
                        return Err(error.into());
                    }
                }
            }
        }
    }

    /// Writes rows and checkpoint together; answers how many events were folded.
    async fn write(
        &self,
        held: &Held,
        folded: Folded,
        up_to: Position,
    ) -> Result<Result<u64, ApplyError>, Fault> {
        let count = folded.events as u64;
        let mut tx = self.store.0.begin().await?;
        // First, so that whoever lost the slice finds out before it touches a row, and so that
        // everybody locks the checkpoint before rows.
        let advance = self.advance(held.position, up_to, count);
        held_if(tx.execute(ADVANCE, &advance).await? == 1)?;
        let mut tables = Tables::new(&mut tx, &held.names);
        if let Err(error) = folded.write(&mut tables).await {
            return Ok(Err(ApplyError::Store(error)));
        }
        tx.commit().await?;
        Ok(Ok(count))
    }

    /// Whether the store will not have these rows, as opposed to any rows.
    fn is_refusal(&self, error: &LogError) -> bool {
        match error {
            // What SQLite says of a broken constraint, too.
            LogError::Unavailable(_) => self.store.is_sqlite(),
            LogError::DiskFull(_) | LogError::DiskFailed(_) => false,
            _ => true,
        }
    }

    /// The store refuses the whole batch: finds the guilds whose own events it refuses.
    async fn park_culprits(&self, held: &mut Held, events: &[Recorded]) -> Result<bool, Fault> {
        let guilds: HashSet<GuildId> = events.iter().map(|event| event.guild()).collect();
        let mut found = false;
        for guild in guilds {
            if held.blocked.contains(&guild) {
                continue;
            }
            let mut tx = self.store.0.begin().await?;
            self.renew(&mut tx).await?;
            let mut tables = Tables::new(&mut tx, &held.names);
            let others = |other| other != guild;
            let applied = self.projection.apply(events, &others, &mut tables).await;
            drop(tx);
            match applied {
                Err(ApplyError::Store(error)) if self.is_refusal(&error) => {
                    if let Some(first) = events.iter().find(|event| event.guild() == guild) {
                        self.park(held, events, first, &error).await?;
                        found = true;
                    }
                }
                Err(ApplyError::Store(error)) => return Err(error.into()),
                Ok(_) | Err(ApplyError::Poison { .. }) => {}
            }
        }
        Ok(found)
    }

    /// Sets a guild aside in this build: it waits at its first event of this batch.
    async fn park(
        &self,
        held: &mut Held,
        events: &[Recorded],
        poison: &Recorded,
        error: &LogError,
    ) -> Result<(), Fault> {
        let guild = poison.guild();
        let first = events.iter().find(|event| event.guild() == guild).unwrap_or(poison);
        let id = self.dead_letter(first.guild_seq, poison, error).await?;
        held.blocked.insert(guild);
        tracing::error!(
            projection = self.projection.name(),
            guild.id = %guild,
            guild.seq = poison.guild_seq,
            event.r#type = %poison.type_name,
            error.id = id,
            %error,
            "an event cannot be folded; its guild waits, the others go on"
        );
        metrics::counter!("reeve_projection_parked_total", "projection" => self.projection.name())
            .increment(1);
        Ok(())
    }

    /// Keeps the event that could not be folded, and blocks its guild from `next_seq`, unless it
    /// is blocked already.
    async fn dead_letter(
        &self,
        next_seq: u64,
        poison: &Recorded,
        error: &LogError,
    ) -> Result<String, Fault> {
        let (name, build, now) = (self.projection.name(), self.build.number, (self.clock)());
        let (id, reason, guild) = (error_id(), error.to_string(), poison.guild());
        let mut tx = self.store.0.begin().await?;
        self.renew(&mut tx).await?;
        let block = "INSERT INTO projection_blocked (name, build, guild, next_seq, reason, since) \
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name, build, guild) \
                     DO UPDATE SET reason = excluded.reason";
        let row = values![name, build, guild, next_seq, reason.as_str(), now];
        tx.execute(block, &row).await?;
        let letter = "INSERT INTO projection_dead_letters \
                      (name, build, guild, guild_seq, event_id, event_type, error_id, error, \
                       attempts, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9) \
                      ON CONFLICT (name, build, guild) DO UPDATE SET \
                      guild_seq = excluded.guild_seq, event_id = excluded.event_id, \
                      event_type = excluded.event_type, error_id = excluded.error_id, \
                      error = excluded.error, at = excluded.at, \
                      attempts = projection_dead_letters.attempts + 1";
        let kind = format!("{} v{}", poison.type_name, poison.type_version);
        let event = poison.id.to_string();
        let seq = poison.guild_seq;
        let row = values![name, build, guild, seq, event, kind, id.as_str(), reason, now];
        tx.execute(letter, &row).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Catches a parked guild up, or rebuilds it alone.
    async fn carry_out(&self, held: &mut Held, order: &Order) -> Result<String, Fault> {
        let (name, build) = (self.projection.name(), self.build.number);
        if order.from_start {
            let now = (self.clock)();
            let mut tx = self.store.0.begin().await?;
            self.renew(&mut tx).await?;
            for table in self.projection.tables() {
                let delete = format!("DELETE FROM {{{}}} WHERE guild = $1", table.name);
                tx.execute(&held.names.fill(&delete), &values![order.guild]).await?;
            }
            let block = "INSERT INTO projection_blocked (name, build, guild, next_seq, reason, since) \
                         VALUES ($1, $2, $3, 1, 'being rebuilt', $4) \
                         ON CONFLICT (name, build, guild) DO UPDATE SET next_seq = 1";
            tx.execute(block, &values![name, build, order.guild, now]).await?;
            tx.commit().await?;
            held.blocked.insert(order.guild);
        } else if !held.blocked.contains(&order.guild) {
            return Ok("it is not parked".to_owned());
        }
        let folded = self.catch_up(held, order.guild).await?;
        Ok(format!("{folded} events folded; the guild is up to date"))
    }

    async fn catch_up(&self, held: &mut Held, guild: GuildId) -> Result<u64, Fault> {
        let (name, build) = (self.projection.name(), self.build.number);
        let select = "SELECT next_seq FROM projection_blocked \
                      WHERE name = $1 AND build = $2 AND guild = $3";
        let rows = self.store.query(select, &values![name, build, guild]).await?;
        let mut next_seq = rows.first().map_or(Ok(1), |row| row.count(0))?;
        let (mut total, mut limit) = (0, self.batch);
        loop {
            let events = self.log.read_guild(guild, next_seq - 1, limit).await?;
            let owed = &events[..events.partition_point(|event| event.position <= held.position)];
            let mut tx = self.store.0.begin().await?;
            self.renew(&mut tx).await?;
            let Some(last) = owed.last() else {
                for table in ["projection_blocked", "projection_dead_letters"] {
                    let delete = format!(
                        "DELETE FROM {table} WHERE name = $1 AND build = $2 AND guild = $3"
                    );
                    tx.execute(&delete, &values![name, build, guild]).await?;
                }
                tx.commit().await?;
                held.blocked.remove(&guild);
                return Ok(total);
            };
            let mut tables = Tables::new(&mut tx, &held.names);
            let (at, error) = match self.projection.apply(owed, &|_| false, &mut tables).await {
                Ok(_) => {
                    next_seq = last.guild_seq + 1;
                    let update = "UPDATE projection_blocked SET next_seq = $4 \
                                  WHERE name = $1 AND build = $2 AND guild = $3";
                    tx.execute(update, &values![name, build, guild, next_seq]).await?;
                    tx.commit().await?;
                    total += owed.len() as u64;
                    limit = self.batch.min(limit * 2);
                    continue;
                }
                Err(ApplyError::Poison { index, error }) => (index, error),
                // Which of them it refuses is found by halves.
                Err(ApplyError::Store(error)) if self.is_refusal(&error) => (owed.len() / 2, error),
                Err(ApplyError::Store(error)) => return Err(error.into()),
            };
            drop(tx);
            if at == 0 {
                self.dead_letter(next_seq, &owed[0], &error).await?;
                return Err(error.into());
            }
            // What comes before it can be folded.
            limit = at;
        }
    }

    /// Parameters of [`ADVANCE`].
    fn advance(&self, from: Position, to: Position, folded: u64) -> [Value; 9] {
        let now = (self.clock)();
        values![
            self.projection.name(),
            self.build.number,
            self.slice.index,
            from.0,
            to.0,
            folded,
            now,
            now.plus_secs(LEASE_SECS),
            self.owner.as_str(),
        ]
    }

    /// Still ours, and for longer.
    async fn renew(&self, tx: &mut Tx) -> Result<(), Fault> {
        held_if(self.lease_until(tx, (self.clock)().plus_secs(LEASE_SECS)).await?)
    }

    async fn release(&self) -> Result<(), LogError> {
        let mut tx = self.store.0.begin().await?;
        self.lease_until(&mut tx, Timestamp::from_secs(0)).await?;
        tx.commit().await
    }

    async fn lease_until(&self, tx: &mut Tx, until: Timestamp) -> Result<bool, LogError> {
        let sql = "UPDATE projection_checkpoints SET lease_until = $5 \
                   WHERE name = $1 AND build = $2 AND slice = $3 AND owner = $4";
        let (name, owner) = (self.projection.name(), self.owner.as_str());
        let parameters = values![name, self.build.number, self.slice.index, owner, until];
        Ok(tx.execute(sql, &parameters).await? == 1)
    }
}

const fn held_if(held: bool) -> Result<(), Fault> {
    if held { Ok(()) } else { Err(Fault::NotHeld) }
}

pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the runtime was dropped, which is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}
