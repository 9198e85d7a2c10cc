//! Runs every projection: keeps its builds, gives each slice a runner, swaps a finished build in,
//! and carries out what operators ask for.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::GuildId;
use eventlog::{
    Clock, EventLog, LogError, Position, Recorded, Slice, Together, is_known, sql::Tx, values,
};
use tokio::{
    sync::{Semaphore, mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::{
    alarm::{Alarm, RunnerKey, Watched},
    build::Build,
    exports::views,
    projection::{AnyProjection, Names, Tables},
    requests::{Request, Requests, Verb},
    runner::{LARGE_PAGES, Order, Progress, Runner, stopped},
    status::Status,
    store::ReadStore,
};

/// How often builds and requests are looked at.
const TICK: Duration = Duration::from_millis(500);
const TIDY: Duration = Duration::from_mins(1);
/// What does not come to an end in this time at a shutdown is left alone; it commits nothing.
const SHUTDOWN: Duration = Duration::from_secs(5);
const ORDERS: usize = 16;
/// A build this close to the head is swapped in. What readers have seen already it folds in the
/// same moment; the rest it catches up with while live.
const NEAR: u64 = 1_000;
const KEEP_REQUESTS_SECS: i64 = 7 * 86_400;

#[derive(Clone, Debug)]
pub struct RuntimeOptions {
    /// Most events that are folded together.
    pub batch: usize,
    /// Into how many slices the guilds are divided; on SQLite there is one.
    pub slices: u16,
    /// A projection that has work and makes no progress for this long raises an alarm.
    pub stall_alarm: Duration,
}

impl Default for RuntimeOptions {
    fn default() -> Self {
        Self { batch: 2_000, slices: 4, stall_alarm: Duration::from_mins(1) }
    }
}

#[derive(Debug)]
pub struct Runtime {
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
    requests: Requests,
}

struct Running {
    orders: mpsc::Sender<Order>,
    progress: watch::Receiver<Progress>,
    task: JoinHandle<()>,
}

struct Supervisor {
    projections: Vec<Arc<dyn AnyProjection>>,
    store: ReadStore,
    log: Arc<dyn EventLog>,
    clock: Clock,
    options: RuntimeOptions,
    owner: String,
    stop: watch::Receiver<bool>,
    runners: HashMap<RunnerKey, Running>,
    watched: Watched,
    requests: Requests,
    /// Projections whose builds a newer binary made.
    overtaken: HashSet<&'static str>,
    large_pages: Arc<Semaphore>,
    together: Together,
}

/// A build as the store has it.
struct Known {
    build: Build,
    live: bool,
    slices: u16,
    /// Of its slowest slice.
    position: Position,
}

impl Runtime {
    /// Starts all projections. On SQLite the caller holds the directory's lock.
    pub async fn start(
        projections: Vec<Box<dyn AnyProjection>>,
        store: ReadStore,
        log: Arc<dyn EventLog>,
        clock: Clock,
        options: RuntimeOptions,
    ) -> Result<Self, LogError> {
        let (stop, stopped) = watch::channel(false);
        let owner = uuid::Uuid::new_v4().to_string();
        let slices = if store.is_sqlite() { 1 } else { options.slices };
        let requests = Requests::new(store.clone());
        let projections: Vec<Arc<dyn AnyProjection>> =
            projections.into_iter().map(Arc::from).collect();
        let watched = Watched::default();
        let alarm = Alarm {
            names: projections.iter().map(|projection| projection.name()).collect(),
            watched: Arc::clone(&watched),
            log: Arc::clone(&log),
            status: Status::new(store.clone()),
            clock: Arc::clone(&clock),
            patience: options.stall_alarm,
        };
        let together = Together::new(store.0.clone());
        let mut supervisor = Supervisor {
            projections,
            store,
            log,
            clock,
            options: RuntimeOptions { slices, ..options },
            owner,
            stop: stopped.clone(),
            runners: HashMap::new(),
            watched,
            requests: requests.clone(),
            overtaken: HashSet::new(),
            large_pages: Arc::new(Semaphore::new(LARGE_PAGES)),
            together,
        };
        supervisor.reconcile().await?;
        supervisor.refresh_views().await?;
        let task = tokio::spawn(supervisor.run());
        tokio::spawn(alarm.run(stopped));
        Ok(Self { task, stop, requests })
    }

    pub const fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Lets every slice finish its batch and give up its lease.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        let _ = self.task.await;
    }
}

impl Supervisor {
    async fn run(mut self) {
        let mut stop = self.stop.clone();
        let mut tidied = Instant::now();
        loop {
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                () = stopped(&mut stop) => break,
            }
            let outcome = tokio::select! {
                outcome = self.reconcile() => outcome,
                () = stopped(&mut stop) => break,
            };
            if let Err(error) = outcome {
                tracing::warn!(%error, "projections cannot be looked after; trying again");
            }
            if tidied.elapsed() >= TIDY {
                tidied = Instant::now();
                let long_ago = (self.clock)().plus_secs(-KEEP_REQUESTS_SECS);
                if let Err(error) = self.requests.forget_before(long_ago).await {
                    tracing::warn!(%error, "old requests of operators stay");
                }
            }
        }
        let end = tokio::time::Instant::now() + SHUTDOWN;
        for (_, mut running) in self.runners.drain() {
            if tokio::time::timeout_at(end, &mut running.task).await.is_err() {
                running.task.abort();
            }
        }
    }

    async fn reconcile(&mut self) -> Result<(), LogError> {
        for projection in self.projections.clone() {
            let mut builds = self.builds(projection.name()).await?;
            let live = builds.iter().any(|known| known.live);
            let newest = builds.iter().map(|known| known.build.version).max().unwrap_or_default();
            if newest < projection.version() {
                let mut tx = self.store.0.begin().await?;
                let build = next_build(&*projection, &builds);
                self.create(&mut tx, &*projection, build, !live).await?;
                tx.commit().await?;
                builds = self.builds(projection.name()).await?;
            } else if newest > projection.version() && self.overtaken.insert(projection.name()) {
                // Two versions that rebuild each other's tables would never come to an end.
                tracing::warn!(
                    projection = projection.name(),
                    version = projection.version(),
                    newest,
                    "a newer reeve has built this projection; this one leaves it alone unless it \
                     is asked to rebuild it"
                );
            }
            if self.swap_when_ready(&*projection, &builds).await? {
                builds = self.builds(projection.name()).await?;
            }
            self.keep_running(&projection, &builds);
        }
        self.serve_requests().await
    }

    /// This binary's lists may have more columns than those of the one that ran here before.
    async fn refresh_views(&self) -> Result<(), LogError> {
        for projection in &self.projections {
            let builds = self.builds(projection.name()).await?;
            let ours = |known: &&Known| known.live && known.build.version == projection.version();
            if let Some(live) = builds.iter().find(ours) {
                let mut tx = self.store.0.begin().await?;
                // Processes that start together take turns, and none comes after a swap.
                let hold = "UPDATE projection_builds SET state = state \
                            WHERE name = $1 AND build = $2 AND state = 'live'";
                if tx.execute(hold, &values![projection.name(), live.build.number]).await? == 1 {
                    views::point(&mut tx, &**projection, live.build).await?;
                    tx.commit().await?;
                }
            }
        }
        Ok(())
    }

    async fn builds(&self, name: &str) -> Result<Vec<Known>, LogError> {
        let sql = "SELECT b.version, b.build, b.state, b.slices, MIN(c.position) \
                   FROM projection_builds b JOIN projection_checkpoints c \
                   ON c.name = b.name AND c.build = b.build WHERE b.name = $1 \
                   GROUP BY b.version, b.build, b.state, b.slices ORDER BY b.build";
        let number = |value: i64| u32::try_from(value).unwrap_or_default();
        self.store
            .query(sql, &values![name])
            .await?
            .iter()
            .map(|row| {
                Ok(Known {
                    build: Build { version: number(row.int(0)?), number: number(row.int(1)?) },
                    live: row.text(2)? == "live",
                    slices: u16::try_from(row.int(3)?).unwrap_or(1),
                    position: Position(row.count(4)?),
                })
            })
            .collect()
    }

    /// Makes a build's tables and checkpoints. The very first one of a projection is live at once.
    async fn create(
        &self,
        tx: &mut Tx,
        projection: &dyn AnyProjection,
        build: Build,
        live: bool,
    ) -> Result<(), LogError> {
        let now = (self.clock)();
        let (name, state) = (projection.name(), if live { "live" } else { "building" });
        let insert = "INSERT INTO projection_builds (name, build, version, state, slices, started_at) \
                      VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let slices = self.options.slices;
        let row = values![name, build.number, build.version, state, slices, now];
        if tx.execute(insert, &row).await? == 0 {
            return Ok(());
        }
        for slice in 0..slices {
            let insert = "INSERT INTO projection_checkpoints \
                          (name, build, slice, position, applied, owner, lease_until, updated_at) \
                          VALUES ($1, $2, $3, 0, 0, '', 0, $4)";
            tx.execute(insert, &values![name, build.number, slice, now]).await?;
        }
        let names = Names::new(projection.tables(), build);
        for table in projection.tables() {
            run_statements(tx, &table.statements(&names, tx)).await?;
        }
        if live {
            point_views(tx, projection, build).await?;
            views::point(tx, projection, build).await?;
        }
        tracing::info!(
            projection = name,
            build = build.number,
            version = build.version,
            "new build"
        );
        Ok(())
    }

    /// Repoints the views at a build that has caught up, and drops the one before it; whether it
    /// did.
    async fn swap_when_ready(
        &self,
        projection: &dyn AnyProjection,
        builds: &[Known],
    ) -> Result<bool, LogError> {
        let ready = builds
            .iter()
            .rev()
            .find(|known| !known.live && known.build.version == projection.version());
        let Some(ready) = ready else { return Ok(false) };
        let head = self.log.head().await?;
        if ready.position.0 + NEAR < head.0 {
            return Ok(false);
        }
        let name = projection.name();
        let mut tx = self.store.0.begin().await?;
        let promote = "UPDATE projection_builds SET state = 'live' \
                       WHERE name = $1 AND build = $2 AND state = 'building'";
        if tx.execute(promote, &values![name, ready.build.number]).await? == 0
            || !self.level(&mut tx, projection, ready, builds).await?
        {
            return Ok(false);
        }
        point_views(&mut tx, projection, ready.build).await?;
        views::point(&mut tx, projection, ready.build).await?;
        for old in builds.iter().filter(|known| known.build.number < ready.build.number) {
            for table in projection.tables() {
                let drop = format!("DROP TABLE IF EXISTS {}", old.build.table(table.name));
                tx.execute(&drop, &[]).await?;
            }
            for table in [
                "projection_builds",
                "projection_checkpoints",
                "projection_blocked",
                "projection_dead_letters",
            ] {
                let delete = format!("DELETE FROM {table} WHERE name = $1 AND build = $2");
                tx.execute(&delete, &values![name, old.build.number]).await?;
            }
        }
        tx.commit().await?;
        tracing::info!(projection = name, build = ready.build.number, "a new build is live");
        Ok(true)
    }

    /// Brings a build to where the live one is, so that no reader goes back in time; false where
    /// that is too far, or cannot be folded.
    async fn level(
        &self,
        tx: &mut Tx,
        projection: &dyn AnyProjection,
        ready: &Known,
        builds: &[Known],
    ) -> Result<bool, LogError> {
        let name = projection.name();
        // From here on every runner of the projection waits with its next batch.
        // Row by row in the order in which those lock them who write several together.
        let all =
            "SELECT build, slice FROM projection_checkpoints WHERE name = $1 ORDER BY build, slice";
        let lock = "UPDATE projection_checkpoints SET updated_at = updated_at \
                    WHERE name = $1 AND build = $2 AND slice = $3";
        for row in tx.query(all, &values![name]).await? {
            tx.execute(lock, &values![name, row.int(0)?, row.int(1)?]).await?;
        }
        let select = "SELECT build, slice, position FROM projection_checkpoints WHERE name = $1";
        let mut shown = Position::START;
        let mut slices = Vec::new();
        for row in tx.query(select, &values![name]).await? {
            let (build, position) = (row.int(0)?, Position(row.count(2)?));
            if build == i64::from(ready.build.number) {
                slices.push((u16::try_from(row.int(1)?).unwrap_or_default(), position));
            } else if builds.iter().any(|b| b.live && i64::from(b.build.number) == build) {
                shown = shown.max(position);
            }
        }
        let select = "SELECT guild FROM projection_blocked WHERE name = $1 AND build = $2";
        let mut blocked = HashSet::new();
        for row in tx.query(select, &values![name, ready.build.number]).await? {
            blocked.extend(GuildId::from_i64(row.int(0)?).ok());
        }
        let names = Names::new(projection.tables(), ready.build);
        let limit = usize::try_from(NEAR).unwrap_or(usize::MAX);
        for (index, position) in slices.into_iter().filter(|(_, position)| *position < shown) {
            let slice = Slice { index, of: ready.slices };
            let mut page = self.log.read_all(position, limit, slice).await?;
            page.events.retain(|event| event.position <= shown);
            let is_unknown = |event: &Recorded| {
                projection.follows(event) && !is_known(&event.type_name, event.type_version)
            };
            if page.up_to < shown || page.events.iter().any(is_unknown) {
                return Ok(false);
            }
            let mut tables = Tables::new(tx, &names);
            let blocked = |guild| blocked.contains(&guild);
            let Ok(folded) = projection.apply(&page.events, &blocked, &mut tables).await else {
                return Ok(false);
            };
            let advance = "UPDATE projection_checkpoints SET position = $4, applied = applied + $5 \
                           WHERE name = $1 AND build = $2 AND slice = $3";
            let parameters = values![name, ready.build.number, index, shown.0, folded as u64];
            tx.execute(advance, &parameters).await?;
        }
        Ok(true)
    }

    /// A runner for every slice of every build that this binary's code can fold.
    fn keep_running(&mut self, projection: &Arc<dyn AnyProjection>, builds: &[Known]) {
        let name = projection.name();
        self.runners.retain(|(of, build, _), running| {
            let wanted = *of != name || builds.iter().any(|known| known.build.number == *build);
            if !wanted {
                running.task.abort();
            }
            wanted && !running.task.is_finished()
        });
        self.watched.lock().retain(|key, _| self.runners.contains_key(key));
        for known in builds.iter().filter(|known| known.build.version == projection.version()) {
            for index in 0..known.slices {
                let key = (name, known.build.number, index);
                if self.runners.contains_key(&key) {
                    continue;
                }
                let (orders, receiver) = mpsc::channel(ORDERS);
                let (progress, watched) =
                    watch::channel(Progress { position: known.position, held: false });
                let runner = Runner {
                    projection: Arc::clone(projection),
                    build: known.build,
                    slice: Slice { index, of: known.slices },
                    store: self.store.clone(),
                    log: Arc::clone(&self.log),
                    clock: Arc::clone(&self.clock),
                    owner: self.owner.clone(),
                    batch: self.options.batch,
                    large_pages: Arc::clone(&self.large_pages),
                    together: self.together.clone(),
                    orders: receiver,
                    progress,
                };
                let task = tokio::spawn(runner.run(self.stop.clone()));
                self.watched.lock().insert(key, watched.clone());
                self.runners.insert(key, Running { orders, progress: watched, task });
            }
        }
    }

    async fn serve_requests(&mut self) -> Result<(), LogError> {
        for request in self.requests.waiting().await? {
            match request.verb {
                Verb::Rebuild => self.begin_rebuild(&request).await?,
                Verb::RebuildGuild | Verb::Retry => self.order(&request).await?,
                // Taken by whoever holds the command bus.
                Verb::Erase | Verb::Maintenance | Verb::Block | Verb::Unblock => {}
            }
        }
        for request in self.requests.running().await? {
            if request.verb == Verb::Rebuild {
                let builds = self.builds(&request.subject).await?;
                if builds.len() == 1 && builds[0].live {
                    let answer = Ok(format!("build {} is live", builds[0].build.number));
                    self.requests.finish(&request.id, &answer).await?;
                }
            }
        }
        Ok(())
    }

    async fn begin_rebuild(&self, request: &Request) -> Result<(), LogError> {
        let Some(projection) = self.named(&request.subject) else {
            let error = Err(format!("there is no projection {}", request.subject));
            return self.requests.finish(&request.id, &error).await;
        };
        let mut tx = self.store.0.begin().await?;
        if !Requests::begin_in(&mut tx, &request.id, "building").await? {
            return Ok(()); // another process was quicker
        }
        let builds = self.builds(projection.name()).await?;
        if builds.len() > 1 {
            drop(tx);
            let error = Err("it is being rebuilt already".to_owned());
            return self.requests.finish(&request.id, &error).await;
        }
        let build = next_build(&**projection, &builds);
        self.create(&mut tx, &**projection, build, false).await?;
        tx.commit().await
    }

    /// Hands a guild's request to the runner that holds its slice, if that is one of ours.
    async fn order(&self, request: &Request) -> Result<(), LogError> {
        let (Some(projection), Some(guild)) = (self.named(&request.subject), request.guild) else {
            let error = Err(format!("there is no projection {}", request.subject));
            return self.requests.finish(&request.id, &error).await;
        };
        let builds = self.builds(projection.name()).await?;
        let Some(live) = builds.iter().find(|known| known.live) else { return Ok(()) };
        let slice =
            (0..live.slices).find(|index| Slice { index: *index, of: live.slices }.contains(guild));
        let key = (projection.name(), live.build.number, slice.unwrap_or_default());
        let Some(running) = self.runners.get(&key).filter(|r| r.progress.borrow().held) else {
            return Ok(());
        };
        // While all its places are taken, the runner is asked again in the next round.
        let Ok(place) = running.orders.try_reserve() else { return Ok(()) };
        if !self.requests.begin(&request.id, "folding").await? {
            return Ok(());
        }
        let (answer, answered) = oneshot::channel();
        place.send(Order { guild, from_start: request.verb == Verb::RebuildGuild, answer });
        let (requests, id) = (self.requests.clone(), request.id.clone());
        tokio::spawn(async move {
            let told = match answered.await {
                Ok(result) => requests.finish(&id, &result).await,
                // Whoever holds the slice next does it.
                Err(_stopped) => requests.put_back(&id).await,
            };
            if let Err(error) = told {
                tracing::warn!(%error, "the answer to an operator's request was lost");
            }
        });
        Ok(())
    }

    fn named(&self, name: &str) -> Option<&Arc<dyn AnyProjection>> {
        self.projections.iter().find(|projection| projection.name() == name)
    }
}

fn next_build(projection: &dyn AnyProjection, builds: &[Known]) -> Build {
    let last = builds.iter().map(|known| known.build.number).max().unwrap_or(0);
    Build { version: projection.version(), number: (last + 1).max(projection.version()) }
}

pub(crate) async fn run_statements(tx: &mut Tx, script: &str) -> Result<(), LogError> {
    let without_comments: String = script
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    for statement in without_comments.split(';').filter(|text| !text.trim().is_empty()) {
        tx.execute(statement, &[]).await?;
    }
    Ok(())
}

/// The plain names show this build from the commit on.
pub(crate) async fn point_views(
    tx: &mut Tx,
    projection: &dyn AnyProjection,
    build: Build,
) -> Result<(), LogError> {
    for table in projection.tables() {
        tx.execute(&format!("DROP VIEW IF EXISTS {}", table.name), &[]).await?;
        let physical = build.table(table.name);
        let create = format!("CREATE VIEW {} AS SELECT * FROM {physical}", table.name);
        tx.execute(&create, &[]).await?;
    }
    Ok(())
}
