//! One read model in a throw-away database of its own.

use std::{fs::File, sync::Arc};

use domain::GuildId;
use eventlog::{
    LogError, Recorded, is_known,
    sql::{Db, Sqlite},
};
use rusqlite::Connection;
use tokio::sync::Mutex;

use super::{
    error::TimeError,
    history::History,
    keyframes::{ChainKey, Shelf},
    pages::{PAGE_BYTES, Pages},
    scratch::{Place, Scratch},
};
use crate::{
    build::Build,
    projection::{AnyProjection, ApplyError, Names, Tables},
    runtime::{point_views, run_statements},
};

/// Memory for pages while many events are folded.
const CACHE_KIB: i64 = 16 * 1024;

pub(super) struct Roll {
    pub projection: Arc<dyn AnyProjection>,
    pub names: Names,
    pub place: Place,
    /// The last event in it.
    pub seq: u64,
    db: Db,
    last: String,
    /// As the last keyframe has it, while keyframes can be added.
    kept: Option<Pages>,
}

impl Roll {
    /// From the newest keyframe at or before `seq`; empty where there is none.
    pub async fn newest(
        shelf: &Shelf,
        scratch: &Arc<Scratch>,
        key: &ChainKey,
        projection: &Arc<dyn AnyProjection>,
        history: &History,
        seq: u64,
    ) -> Result<Self, TimeError> {
        let place = scratch.place();
        let restored = shelf.restore(key, seq, &place.path, history).await?;
        let db = open(&place)?;
        let names = names(&**projection);
        if restored.seq == 0 {
            create(&db, &**projection, &names).await?;
        }
        let (seq, kept) = (restored.seq, Some(restored.pages));
        let projection = Arc::clone(projection);
        Ok(Self { projection, names, place, seq, db, last: String::new(), kept })
    }

    pub async fn fold_to(
        &mut self,
        history: &History,
        to: u64,
        told: &(dyn Fn(u64) + Sync),
    ) -> Result<(), TimeError> {
        let mut pages = history.pages(self.seq, to);
        while self.seq < to {
            let Some(page) = pages.recv().await else {
                return Err(TimeError::Broken("the reader of the log ended".to_owned()));
            };
            let page = page?;
            let mut tx = self.db.begin().await?;
            let mut tables = Tables::new(&mut tx, &self.names);
            fold(&*self.projection, &page, &mut tables, history.guild).await?;
            tx.commit().await?;
            if let Some(last) = page.last() {
                self.seq = last.guild_seq;
                self.last = last.hash.to_string();
            }
            told(self.seq);
        }
        Ok(())
    }

    /// Adds a keyframe of what it holds now.
    pub async fn keep(&mut self, shelf: &Arc<Shelf>, key: &ChainKey) -> Result<(), TimeError> {
        let Some(before) = self.kept.take() else { return Ok(()) };
        let (shelf, key) = (Arc::clone(shelf), key.clone());
        let (path, seq, last) = (self.place.path.clone(), self.seq, self.last.clone());
        let keeping = tokio::task::spawn_blocking(move || {
            let after = Pages::of(&File::open(&path)?)?;
            let kept = shelf.keep(&key, (seq, last), &path, &before, &after)?;
            Ok::<_, TimeError>(kept.then_some(after))
        });
        let kept = keeping.await.map_err(|error| TimeError::Broken(error.to_string()))?;
        self.kept = match kept {
            Ok(Some(kept)) => Some(kept),
            Ok(None) => {
                tracing::warn!(
                    projection = self.projection.name(),
                    seq,
                    "there is no room for more keyframes; looking back is slower from here on; \
                     time_machine.keyframes sets how much they may take"
                );
                None
            }
            // Keyframes only save time; without them it goes on.
            Err(error) => {
                tracing::warn!(%error, "a keyframe cannot be kept");
                None
            }
        };
        Ok(())
    }

    /// Closes the database and leaves its file.
    pub fn close(self) -> (Arc<dyn AnyProjection>, Names, Place) {
        (self.projection, self.names, self.place)
    }
}

/// A read model's tables as the first build of its version has them.
fn names(projection: &dyn AnyProjection) -> Names {
    Names::new(projection.tables(), build(projection))
}

pub(super) fn build(projection: &dyn AnyProjection) -> Build {
    Build { version: projection.version(), number: projection.version() }
}

/// One connection for everything: nobody else knows of the file, and nobody needs it after a crash.
fn open(place: &Place) -> Result<Db, TimeError> {
    let open = || {
        let connection = Connection::open(&place.path)?;
        connection.pragma_update(None, "page_size", PAGE_BYTES.cast_signed())?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        settle(&connection, "main")?;
        Ok(connection)
    };
    open().map(alone).map_err(|error: rusqlite::Error| broken(&error))
}

/// Nothing is waited for on the disk; a transaction can still be taken back.
pub(super) fn settle(connection: &Connection, schema: &str) -> rusqlite::Result<()> {
    let ask = |pragma: &str| {
        connection.query_row(&format!("PRAGMA {schema}.{pragma}"), [], |_| Ok(())).or_else(
            |error| match error {
                rusqlite::Error::QueryReturnedNoRows => Ok(()),
                error => Err(error),
            },
        )
    };
    ask("journal_mode = MEMORY")?;
    ask("locking_mode = EXCLUSIVE")?;
    ask("synchronous = OFF")
}

pub(super) fn alone(connection: Connection) -> Db {
    connection.set_prepared_statement_cache_capacity(128);
    let connection = Arc::new(Mutex::new(connection));
    Db::Sqlite(Sqlite::of_one(connection))
}

pub(super) fn broken(error: &rusqlite::Error) -> TimeError {
    TimeError::Disk(error.to_string())
}

async fn create(db: &Db, projection: &dyn AnyProjection, names: &Names) -> Result<(), TimeError> {
    let mut tx = db.begin().await?;
    for table in projection.tables() {
        let statements = table.statements(names, &tx);
        run_statements(&mut tx, &statements).await?;
    }
    for index in projection.indexes() {
        tx.execute(&names.fill(index), &[]).await?;
    }
    point_views(&mut tx, projection, build(projection)).await?;
    Ok(tx.commit().await?)
}

/// Folds events of a guild, or says which of them cannot be folded.
pub(super) async fn fold(
    projection: &dyn AnyProjection,
    events: &[Recorded],
    tables: &mut Tables<'_>,
    guild: GuildId,
) -> Result<(), TimeError> {
    let poison = |event: &Recorded, error| TimeError::Poison {
        guild,
        projection: projection.name(),
        seq: event.guild_seq,
        error,
    };
    let unknown = |event: &&Recorded| {
        projection.follows(event) && !is_known(&event.type_name, event.type_version)
    };
    if let Some(event) = events.iter().find(unknown) {
        let name = event.type_name.to_string();
        return Err(poison(event, LogError::UnknownType { name, version: event.type_version }));
    }
    match projection.apply(events, &|_| false, tables).await {
        Ok(_) => Ok(()),
        Err(ApplyError::Poison { index, error }) => Err(poison(&events[index], error)),
        Err(ApplyError::Store(error)) => Err(error.into()),
    }
}
