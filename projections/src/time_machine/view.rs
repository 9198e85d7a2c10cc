//! A guild's read models as they were, for ordinary queries, and the way from one event to the
//! next.

use std::{fmt, path::Path, sync::Arc};

use domain::{GuildId, Moment};
use eventlog::{
    Recorded,
    sql::{Db, Row},
    values,
};
use rusqlite::Connection;
use tokio::task::JoinHandle;

use super::{
    Shared, Visit,
    error::TimeError,
    history::History,
    queue::Seat,
    roll::{Roll, alone, broken, build, fold, settle},
    scratch::Place,
    undo::{Change, Undo},
};
use crate::{
    exports::{Export, Snapshot, views},
    projection::{AnyProjection, Names, Tables},
    store::ReadStore,
};

/// Events that are folded, and undone, at once.
const CHUNK: u64 = 500;
/// So many events before where somebody steps back are folded one by one, so that the next steps
/// back only undo.
const FINE: u64 = 64;
/// Memory for pages of each read model.
const CACHE_KIB: i64 = 8 * 1024;

/// One event of the way: what it was, and the rows that it changed.
#[derive(Clone, Debug)]
pub struct Step {
    pub event: Recorded,
    pub changes: Vec<Change>,
}

/// The first rows of a table, in order of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    pub table: &'static str,
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
    pub total: u64,
}

pub struct View {
    shared: Arc<Shared>,
    history: History,
    projections: Vec<Arc<dyn AnyProjection>>,
    visit: Visit,
    /// The last event in it.
    event: Recorded,
    body: Body,
    behind: Option<Behind>,
    _seat: Seat,
}

/// A snapshot that is gone when this is dropped.
pub struct SnapshotFile(Place);

impl fmt::Debug for SnapshotFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SnapshotFile").field(&self.0.path).finish()
    }
}

impl SnapshotFile {
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

/// The databases of a view, attached to one connection.
struct Body {
    store: ReadStore,
    folds: Vec<(Arc<dyn AnyProjection>, Names)>,
    undo: Undo,
    /// The last event in it. Another than the view's after a step that failed half way.
    seq: u64,
    _places: Vec<Place>,
}

/// What comes once all that can be undone is used up, being made ready: the same moment, with a
/// stretch of its own to undo.
struct Behind {
    seq: u64,
    building: JoinHandle<Result<Body, TimeError>>,
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.building.abort();
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("event", &self.event).finish_non_exhaustive()
    }
}

impl View {
    pub(super) async fn open(
        shared: Arc<Shared>,
        projections: Vec<Arc<dyn AnyProjection>>,
        event: Recorded,
        visit: Visit,
        seat: Seat,
    ) -> Result<Self, TimeError> {
        let history = History::new(Arc::clone(&shared.log), event.guild());
        let body = Body::at(&shared, &history, &projections, event.guild_seq, &visit).await?;
        Ok(Self { shared, history, projections, visit, event, body, behind: None, _seat: seat })
    }

    /// What ordinary queries run on.
    pub const fn store(&self) -> &ReadStore {
        &self.body.store
    }

    pub fn guild(&self) -> GuildId {
        self.event.guild()
    }

    /// The last event in it.
    pub const fn event(&self) -> &Recorded {
        &self.event
    }

    /// Names of the tables that it has.
    pub fn tables(&self) -> Vec<&'static str> {
        let tables = self.projections.iter().flat_map(|projection| projection.tables());
        tables.map(|table| table.name).collect()
    }

    /// One event on.
    pub async fn forward(&mut self) -> Result<Step, TimeError> {
        let seq = self.event.guild_seq;
        self.mend().await?;
        let next = self.history.after(seq, 1).await?.pop();
        let next = next.ok_or(TimeError::AtTheEnd { seq })?;
        self.body.fold(&self.history, std::slice::from_ref(&next)).await?;
        self.event = next.clone();
        let changes = self.body.changes(seq).await?;
        Ok(Step { event: next, changes })
    }

    /// One event back: the event that is undone, and what it had changed.
    pub async fn back(&mut self) -> Result<Step, TimeError> {
        let seq = self.event.guild_seq;
        let (guild, first) = (self.event.guild(), self.event.at);
        let Some(before) = self.history.event(seq - 1).await? else {
            return Err(TimeError::BeforeFirst { guild, first });
        };
        self.mend().await?;
        self.look_behind();
        if self.body.undo.nearest(seq - 1).is_none() {
            self.rebuild(seq).await?;
        }
        if let Some(nearest) = self.body.undo.nearest(seq - 1).filter(|found| *found < seq - 1) {
            self.body.undo_to(nearest).await?;
            self.body.fold_to(&self.history, seq, FINE).await?;
        }
        let changes = self.body.changes(seq - 1).await?;
        self.body.undo_to(seq - 1).await?;
        let event = std::mem::replace(&mut self.event, before);
        Ok(Step { event, changes })
    }

    /// To another moment, the nearest way.
    pub async fn go(&mut self, moment: Moment) -> Result<(), TimeError> {
        let event = self.history.at(moment, (self.shared.clock)()).await?;
        self.mend().await?;
        let (from, to) = (self.body.seq, event.guild_seq);
        if to < from
            && let Some(nearest) = self.body.undo.nearest(to)
        {
            self.body.undo_to(nearest).await?;
            self.body.fold_to(&self.history, to, FINE).await?;
        } else if to > from && to - from <= self.shared.options.lookback {
            self.body.fold_to(&self.history, to, 0).await?;
        } else if to != from {
            self.rebuild(to).await?;
        }
        self.event = event;
        Ok(())
    }

    /// The first rows of one of its tables.
    pub async fn rows(&self, table: &str, limit: u32) -> Result<Rows, TimeError> {
        let Some((table, columns, key)) = self.body.undo.describe(table) else {
            let known = self.tables().join(", ");
            return Err(TimeError::UnknownTable { name: table.to_owned(), known });
        };
        let guild = self.guild();
        let sql = format!(
            "SELECT {} FROM {table} WHERE guild = $1 ORDER BY {} LIMIT $2",
            columns.join(", "),
            key.join(", ")
        );
        let rows = self.store().query(&sql, &values![guild, limit]).await?;
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE guild = $1");
        let total = self.store().query(&sql, &values![guild]).await?;
        let total = total.first().map_or(Ok(0), |row| row.count(0))?;
        Ok(Rows { table, columns, rows, total })
    }

    /// Every row of every table: equal views are of equal read models, on whatever backend.
    pub async fn everything(&self) -> Result<Vec<Rows>, TimeError> {
        let mut everything = Vec::new();
        for table in self.tables() {
            everything.push(self.rows(table, u32::MAX).await?);
        }
        Ok(everything)
    }

    /// Writes these lists, as they are at this moment, into a new SQLite file, and nothing else. The
    /// view must have the read models that they are made of.
    pub async fn snapshot(
        &self,
        path: &Path,
        exports: &[&'static Export],
    ) -> Result<(), TimeError> {
        let Db::Sqlite(sqlite) = &self.body.store.0 else {
            return Err(TimeError::Broken("a view is no SQLite".to_owned()));
        };
        let connection = Arc::clone(&sqlite.writer).lock_owned().await;
        let (path, exports) = (path.to_owned(), exports.to_vec());
        let (guild, seq) = (self.guild().as_i64(), self.event.guild_seq.cast_signed());
        let at = self.event.at.to_string();
        let writing = tokio::task::spawn_blocking(move || {
            Snapshot::write(&connection, &path, &exports, (guild, seq, &at))
        });
        let written = writing.await.map_err(|error| TimeError::Broken(error.to_string()))?;
        written.map_err(|error| broken(&error))
    }

    /// The same in a file of the time machine's own, which is gone when nobody holds it any more.
    pub async fn snapshot_to_ask(
        &self,
        exports: &[&'static Export],
    ) -> Result<SnapshotFile, TimeError> {
        let place = self.shared.scratch.place();
        self.snapshot(&place.path, exports).await?;
        Ok(SnapshotFile(place))
    }

    /// After a step that failed half way, or was given up, the view is where it was before it.
    async fn mend(&mut self) -> Result<(), TimeError> {
        let seq = self.event.guild_seq;
        if self.body.seq == seq { Ok(()) } else { self.rebuild(seq).await }
    }

    async fn rebuild(&mut self, seq: u64) -> Result<(), TimeError> {
        if let Some(mut behind) = self.behind.take()
            && behind.seq == seq
            && let Ok(Ok(body)) = (&mut behind.building).await
        {
            self.body = body;
            return Ok(());
        }
        let Self { shared, history, projections, visit, .. } = &*self;
        self.body = Body::at(shared, history, projections, seq, visit).await?;
        Ok(())
    }

    /// Some way through what can be undone, the stretch before it is begun with.
    fn look_behind(&mut self) {
        let Some(seq) = self.body.undo.earliest().filter(|earliest| *earliest > 0) else { return };
        let left = self.event.guild_seq.saturating_sub(seq);
        if left > self.shared.options.lookback * 3 / 4 {
            return;
        }
        if self.behind.as_ref().is_some_and(|behind| behind.seq == seq) {
            return;
        }
        let (shared, history) = (Arc::clone(&self.shared), self.history.clone());
        let (projections, visit) = (self.projections.clone(), Visit::of(self.visit.role));
        let building =
            tokio::spawn(
                async move { Body::at(&shared, &history, &projections, seq, &visit).await },
            );
        self.behind = Some(Behind { seq, building });
    }
}

impl Body {
    /// The moment after an event, that can be undone from.
    async fn at(
        shared: &Arc<Shared>,
        history: &History,
        projections: &[Arc<dyn AnyProjection>],
        seq: u64,
        visit: &Visit,
    ) -> Result<Self, TimeError> {
        let base = seq.saturating_sub(shared.options.lookback);
        let rolls = shared.rolls(history.guild, projections, base, visit).await?;
        let mut body = Self::of(rolls, base)?;
        body.fold_to(history, seq, 0).await?;
        Ok(body)
    }

    fn of(rolls: Vec<Roll>, seq: u64) -> Result<Self, TimeError> {
        let connection = Connection::open_in_memory().map_err(|error| broken(&error))?;
        let mut folds = Vec::with_capacity(rolls.len());
        let mut places = Vec::with_capacity(rolls.len());
        for (number, roll) in rolls.into_iter().enumerate() {
            let (projection, names, place) = roll.close();
            let path = place.path.display().to_string();
            let schema = format!("p{number}");
            let attach = || {
                connection.execute(&format!("ATTACH DATABASE ?1 AS {schema}"), [&path])?;
                settle(&connection, &schema)?;
                connection.execute_batch(&format!("PRAGMA {schema}.cache_size = -{CACHE_KIB}"))
            };
            attach().map_err(|error: rusqlite::Error| broken(&error))?;
            views::lend(&connection, &*projection, &names).map_err(|error| broken(&error))?;
            folds.push((projection, names));
            places.push(place);
        }
        let builds = folds.iter().map(|(projection, _)| (&**projection, build(&**projection)));
        let undo = Undo::watch(&connection, builds)?;
        Ok(Self { store: ReadStore(alone(connection)), folds, undo, seq, _places: places })
    }

    /// Folds up to an event; the last `fine` of them one by one.
    async fn fold_to(&mut self, history: &History, to: u64, fine: u64) -> Result<(), TimeError> {
        while self.seq < to {
            let left = to - self.seq;
            let one_by_one = left <= fine;
            let take = if one_by_one { left } else { (left - fine).min(CHUNK) };
            let events = history.after(self.seq, take).await?;
            if events.is_empty() {
                return Err(TimeError::AtTheEnd { seq: self.seq });
            }
            let at_once = if one_by_one { 1 } else { events.len() };
            for events in events.chunks(at_once) {
                self.fold(history, events).await?;
            }
        }
        Ok(())
    }

    async fn fold(&mut self, history: &History, events: &[Recorded]) -> Result<(), TimeError> {
        let Some(last) = events.last() else { return Ok(()) };
        let mut tx = self.store.0.begin().await?;
        self.undo.mark(&mut tx, self.seq).await?;
        for (projection, names) in &self.folds {
            let mut tables = Tables::new(&mut tx, names);
            if let Err(error) = fold(&**projection, events, &mut tables, history.guild).await {
                self.undo.unmark();
                return Err(error);
            }
        }
        let written_down = self.undo.folded(&mut tx).await?;
        tx.commit().await?;
        self.undo.committed(written_down);
        self.seq = last.guild_seq;
        Ok(())
    }

    async fn undo_to(&mut self, seq: u64) -> Result<(), TimeError> {
        let mut tx = self.store.0.begin().await?;
        self.undo.undo_to(&mut tx, seq).await?;
        tx.commit().await?;
        self.undo.undone_to(seq);
        self.seq = seq;
        Ok(())
    }

    /// What was changed by the last event, which came after this one.
    async fn changes(&self, seq: u64) -> Result<Vec<Change>, TimeError> {
        let mut tx = self.store.0.begin().await?;
        Ok(self.undo.changes(&mut tx, seq).await?)
    }
}
