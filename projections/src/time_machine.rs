//! Any guild, at any moment: the same read models over a throw-away SQLite, filled from the log.
//!
//! [`TimeMachine::at`] gives a [`View`], whose [`View::store`] is what ordinary queries run on; the
//! view can be moved one event at a time, both ways. It works on any backend, because it only reads
//! one guild's events through the log's port.
//!
//! - Only the read models that were asked for are built.
//! - Every [`TimeOptions::every`] events of a guild a *keyframe* of each is kept on disk, as the
//!   pages that changed since the one before ([`keyframes`]). Keyframes can be thrown away at any
//!   time; a damaged one, or one of another history, is dropped and made again.
//! - A view can be undone for at least [`TimeOptions::lookback`] events ([`undo`]); before that is
//!   used up, the stretch before it is made ready beside it.
//! - At most [`TimeOptions::builds`] are built at once, a bounded number wait, and each role may
//!   have so many views open ([`TimeOptions::quota`]).
//!
//! What is personal stays sealed here, as in the log: who was erased can be read at no moment, and
//! in no keyframe. Who may look is decided by the caller, by *today's* permissions.

mod error;
mod history;
mod keyframes;
mod pages;
mod queue;
mod roll;
mod scratch;
mod undo;
mod view;

use std::{fmt, path::Path, sync::Arc};

use domain::{GuildId, Moment};
use eventlog::{Clock, EventLog};

pub use self::{
    error::TimeError,
    queue::Quota,
    undo::Change,
    view::{Rows, SnapshotFile, Step, View},
};
use self::{
    history::History,
    keyframes::{ChainKey, Shelf},
    queue::Queue,
    roll::Roll,
    scratch::Scratch,
};
use crate::projection::AnyProjection;

const KEYFRAMES: &str = "keyframes";
const SCRATCH: &str = "scratch";
/// Each is a database that SQLite attaches; ours is built for 125 (`.cargo/config.toml`).
const MOST_PROJECTIONS: usize = 100;

#[derive(Clone)]
pub struct TimeOptions {
    /// Events of a guild from one keyframe to the next.
    pub every: u64,
    /// Events that a view can be undone for, at least.
    pub lookback: u64,
    /// Disk for keyframes; the least recently used make room.
    pub keyframe_bytes: u64,
    /// How many are built at once.
    pub builds: usize,
    /// How many may wait for that.
    pub waiting: usize,
    /// How many views somebody of this role may have open; none for as many as they like.
    pub quota: Quota,
}

impl Default for TimeOptions {
    fn default() -> Self {
        Self {
            every: 20_000,
            lookback: 2_000,
            keyframe_bytes: 1 << 30,
            builds: 2,
            waiting: 16,
            quota: Arc::new(|_| None),
        }
    }
}

impl fmt::Debug for TimeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeOptions").field("every", &self.every).finish_non_exhaustive()
    }
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many are before it.
    Waiting { ahead: usize },
    /// So many of the guild's events are folded.
    Folding { projection: &'static str, done: u64, of: u64 },
}

/// Who looks, and whom to tell how far it is.
#[derive(Clone)]
pub struct Visit {
    pub role: &'static str,
    pub progress: Arc<dyn Fn(Progress) + Send + Sync>,
}

impl Visit {
    pub fn of(role: &'static str) -> Self {
        Self { role, progress: Arc::new(|_| {}) }
    }
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("role", &self.role).finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub struct TimeMachine(Arc<Shared>);

struct Shared {
    log: Arc<dyn EventLog>,
    clock: Clock,
    projections: Vec<Arc<dyn AnyProjection>>,
    shelf: Arc<Shelf>,
    scratch: Arc<Scratch>,
    queue: Queue,
    options: TimeOptions,
}

impl fmt::Debug for TimeMachine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeMachine").field("log", &self.0.log).finish_non_exhaustive()
    }
}

impl TimeMachine {
    /// Keeps its keyframes and throw-away databases in `folder`, which several processes may share.
    pub fn open(
        folder: &Path,
        log: Arc<dyn EventLog>,
        clock: Clock,
        projections: Vec<Box<dyn AnyProjection>>,
        options: TimeOptions,
    ) -> Result<Self, TimeError> {
        let projections: Vec<Arc<dyn AnyProjection>> =
            projections.into_iter().map(Arc::from).collect();
        let current = projections.iter().map(|known| (known.name(), known.version())).collect();
        let shelf = Shelf::open(&folder.join(KEYFRAMES), current, options.keyframe_bytes)?;
        let scratch = Scratch::open(&folder.join(SCRATCH))?;
        let queue = Queue::new(options.builds, options.waiting, Arc::clone(&options.quota));
        let shelf = Arc::new(shelf);
        Ok(Self(Arc::new(Shared { log, clock, projections, shelf, scratch, queue, options })))
    }

    /// These read models of a guild as they were at a moment. Whether the visitor may look is the
    /// caller's to decide, by today's permissions.
    pub async fn at(
        &self,
        guild: GuildId,
        moment: Moment,
        projections: &[&str],
        visit: Visit,
    ) -> Result<View, TimeError> {
        let chosen = self.0.chosen(projections)?;
        let seat = self.0.queue.seat(visit.role)?;
        let history = History::new(Arc::clone(&self.0.log), guild);
        let event = history.at(moment, (self.0.clock)()).await?;
        View::open(Arc::clone(&self.0), chosen, event, visit, seat).await
    }

    /// The event that a guild had come to at a moment.
    pub async fn event_at(
        &self,
        guild: GuildId,
        moment: Moment,
    ) -> Result<eventlog::Recorded, TimeError> {
        History::new(Arc::clone(&self.0.log), guild).at(moment, (self.0.clock)()).await
    }

    /// The read model that a table belongs to.
    pub fn projection_of(&self, table: &str) -> Result<&'static str, TimeError> {
        let has = |known: &&Arc<dyn AnyProjection>| known.tables().iter().any(|t| t.name == table);
        self.0.projections.iter().find(has).map(|known| known.name()).ok_or_else(|| {
            let tables = self.0.projections.iter().flat_map(|known| known.tables());
            let known = tables.map(|table| table.name).collect::<Vec<_>>().join(", ");
            TimeError::UnknownTable { name: table.to_owned(), known }
        })
    }

    /// Names of all read models.
    pub fn projections(&self) -> Vec<&'static str> {
        self.0.projections.iter().map(|known| known.name()).collect()
    }

    /// Throws a guild's keyframes away; they are made again when somebody looks.
    pub fn forget(&self, guild: GuildId) -> Result<(), TimeError> {
        self.0.shelf.forget_guild(guild)
    }

    /// Disk that keyframes take.
    pub fn keyframe_bytes(&self) -> u64 {
        self.0.shelf.bytes()
    }
}

impl Shared {
    fn chosen(&self, names: &[&str]) -> Result<Vec<Arc<dyn AnyProjection>>, TimeError> {
        let mut chosen: Vec<Arc<dyn AnyProjection>> = Vec::with_capacity(names.len());
        for name in names {
            let found = self.projections.iter().find(|known| known.name() == *name);
            let found = found.ok_or_else(|| TimeError::UnknownProjection {
                name: (*name).to_owned(),
                known: self.projections.iter().map(|p| p.name()).collect::<Vec<_>>().join(", "),
            })?;
            if !chosen.iter().any(|taken| taken.name() == found.name()) {
                chosen.push(Arc::clone(found));
            }
        }
        if chosen.len() > MOST_PROJECTIONS {
            return Err(TimeError::TooManyProjections { most: MOST_PROJECTIONS });
        }
        Ok(chosen)
    }

    /// Throw-away databases of these read models after the event `seq`, one each, side by side.
    async fn rolls(
        self: &Arc<Self>,
        guild: GuildId,
        projections: &[Arc<dyn AnyProjection>],
        seq: u64,
        visit: &Visit,
    ) -> Result<Vec<Roll>, TimeError> {
        let _place = self.queue.enter(visit).await?;
        let began = std::time::Instant::now();
        let mut building = tokio::task::JoinSet::new();
        for (index, projection) in projections.iter().enumerate() {
            let (shared, projection) = (Arc::clone(self), Arc::clone(projection));
            let visit = visit.clone();
            building
                .spawn(async move { (index, shared.roll(guild, projection, seq, &visit).await) });
        }
        let mut rolls = Vec::with_capacity(projections.len());
        while let Some(built) = building.join_next().await {
            let (index, roll) = built.map_err(|error| TimeError::Broken(error.to_string()))?;
            rolls.push((index, roll?));
        }
        metrics::histogram!("reeve_time_machine_build_seconds")
            .record(began.elapsed().as_secs_f64());
        rolls.sort_unstable_by_key(|(index, _)| *index);
        Ok(rolls.into_iter().map(|(_, roll)| roll).collect())
    }

    /// One read model after the event `seq`: from the last keyframe before it, making those that
    /// are missing on the way.
    async fn roll(
        &self,
        guild: GuildId,
        projection: Arc<dyn AnyProjection>,
        seq: u64,
        visit: &Visit,
    ) -> Result<Roll, TimeError> {
        let key = ChainKey { guild, projection: projection.name(), version: projection.version() };
        let turn = self.shelf.turn(&key).await;
        let history = History::new(Arc::clone(&self.log), guild);
        let mut roll =
            Roll::newest(&self.shelf, &self.scratch, &key, &projection, &history, seq).await?;
        let name = projection.name();
        let told = |done| (visit.progress)(Progress::Folding { projection: name, done, of: seq });
        loop {
            let next = (roll.seq / self.options.every + 1) * self.options.every;
            if next > seq {
                break;
            }
            roll.fold_to(&history, next, &told).await?;
            roll.keep(&self.shelf, &key).await?;
        }
        drop(turn);
        roll.fold_to(&history, seq, &told).await?;
        Ok(roll)
    }
}
