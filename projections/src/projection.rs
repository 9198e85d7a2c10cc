//! What a read model is.

use std::{
    collections::HashMap,
    future::Future,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
};

use async_trait::async_trait;
use domain::GuildId;
use eventlog::{
    LogError, Recorded,
    sql::{Row, Tx, Value},
};

use crate::build::Build;

/// A named, versioned fold of events into its own tables.
///
/// Events are folded in memory, a batch at a time, and written once. Raise [`Projection::VERSION`]
/// when the tables or the fold change: a new build is then made beside the live one.
pub trait Projection: Send + Sync + 'static {
    const NAME: &'static str;
    const VERSION: u32;
    /// Its tables, each keyed by guild first.
    const TABLES: &'static [Table];
    /// `CREATE INDEX IF NOT EXISTS {name}_… ON {name} (…)`: those that only readers use, whose rows
    /// would be put at places all over them. They are made of all rows at once when a build has
    /// caught up.
    const INDEXES: &'static [&'static str] = &[];
    /// First parts of the event types that it folds: `economy`, `people` …
    const CATEGORIES: &'static [&'static str];

    type Batch: Default + Send;

    /// Folds one event in memory. An error parks the event's guild; the others go on.
    fn fold(batch: &mut Self::Batch, event: &Recorded) -> Result<(), LogError>;

    /// Once all is folded: what can be made ready before the store is asked for, because whoever
    /// writes to SQLite keeps all others waiting.
    fn arrange(_: &mut Self::Batch) {}

    /// Writes what was folded. The checkpoint moves in the same transaction.
    fn write(
        batch: Self::Batch,
        tables: &mut Tables<'_>,
    ) -> impl Future<Output = Result<(), LogError>> + Send;
}

/// A table of a projection. In its SQL and everywhere else in the projection, `{name}` stands for
/// the table of the build at hand; the plain name is a view of the live one.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    pub name: &'static str,
    /// `CREATE TABLE {name} (…)` and its indexes, named `{name}_…`. With `{clustered}` at the end
    /// SQLite keeps its rows, which must be small, in the tree of the primary key.
    pub create: &'static str,
}

impl Table {
    pub fn statements(&self, names: &Names, tx: &Tx) -> String {
        let clustered = if tx.is_sqlite() { "WITHOUT ROWID" } else { "" };
        names.fill(&self.create.replace("{clustered}", clustered))
    }
}

/// Rows that are values at once; they may be made one after the other.
const ROWS_AT_ONCE: usize = 4_096;

/// A projection's tables inside a transaction.
#[derive(Debug)]
pub struct Tables<'a> {
    tx: &'a mut Tx,
    names: &'a Names,
}

/// From `{balances}` to `balances_v2`.
#[derive(Debug)]
pub struct Names(HashMap<&'static str, String>);

impl Names {
    pub fn new(tables: &[Table], build: Build) -> Self {
        Self(tables.iter().map(|table| (table.name, build.table(table.name))).collect())
    }

    pub fn fill(&self, sql: &str) -> String {
        let mut filled = String::with_capacity(sql.len() + 32);
        let mut rest = sql;
        while let Some(start) = rest.find('{') {
            let name = rest[start + 1..].split('}').next().unwrap_or_default();
            filled.push_str(&rest[..start]);
            filled.push_str(self.0.get(name).map_or(name, String::as_str));
            rest = &rest[(start + name.len() + 2).min(rest.len())..];
        }
        filled.push_str(rest);
        filled
    }
}

impl<'a> Tables<'a> {
    pub const fn new(tx: &'a mut Tx, names: &'a Names) -> Self {
        Self { tx, names }
    }

    pub async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, LogError> {
        self.tx.execute(&self.names.fill(sql), parameters).await
    }

    /// The same statement for many rows, which differ in what `ON CONFLICT` names.
    pub async fn execute_many<const N: usize>(
        &mut self,
        sql: &str,
        rows: impl IntoIterator<Item = [Value; N], IntoIter: Send> + Send,
    ) -> Result<(), LogError> {
        let mut rows = rows.into_iter();
        let sql = self.names.fill(sql);
        let mut some = Vec::with_capacity(rows.size_hint().0.min(ROWS_AT_ONCE));
        loop {
            some.extend(rows.by_ref().take(ROWS_AT_ONCE));
            if some.is_empty() {
                return Ok(());
            }
            self.tx.execute_many(&sql, &some).await?;
            some.clear();
        }
    }

    pub async fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, LogError> {
        self.tx.query(&self.names.fill(sql), parameters).await
    }
}

#[derive(Debug)]
pub enum ApplyError {
    /// This event of the batch cannot be folded.
    Poison { index: usize, error: LogError },
    /// The store did not take the rows.
    Store(LogError),
}

/// A [`Projection`] of any kind, as the runtime drives it.
#[async_trait]
pub trait AnyProjection: Send + Sync {
    fn name(&self) -> &'static str;
    fn version(&self) -> u32;
    fn tables(&self) -> &'static [Table];
    fn indexes(&self) -> &'static [&'static str];
    fn follows(&self, event: &Recorded) -> bool;
    /// Folds those of `events` that the projection follows and whose guild is not among the blocked
    /// ones.
    fn fold(
        &self,
        events: &[Recorded],
        blocked: &(dyn Fn(GuildId) -> bool + Sync),
    ) -> Result<Folded, ApplyError>;

    /// Folds and writes; answers how many events it were.
    async fn apply(
        &self,
        events: &[Recorded],
        blocked: &(dyn Fn(GuildId) -> bool + Sync),
        tables: &mut Tables<'_>,
    ) -> Result<usize, ApplyError> {
        let folded = self.fold(events, blocked)?;
        let count = folded.events;
        folded.write(tables).await.map_err(ApplyError::Store)?;
        Ok(count)
    }
}

/// What was folded, and is to be written.
pub struct Folded {
    pub events: usize,
    batch: Box<dyn Batch>,
}

impl std::fmt::Debug for Folded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Folded").field("events", &self.events).finish_non_exhaustive()
    }
}

impl Folded {
    pub fn new(events: usize, batch: impl Batch + 'static) -> Self {
        Self { events, batch: Box::new(batch) }
    }

    pub async fn write(self, tables: &mut Tables<'_>) -> Result<(), LogError> {
        self.batch.write(tables).await
    }
}

/// The rows of some events, in memory.
#[async_trait]
pub trait Batch: Send {
    async fn write(self: Box<Self>, tables: &mut Tables<'_>) -> Result<(), LogError>;
}

/// None where no event was folded.
struct BatchOf<P: Projection>(Option<P::Batch>);

#[async_trait]
impl<P: Projection> Batch for BatchOf<P> {
    async fn write(self: Box<Self>, tables: &mut Tables<'_>) -> Result<(), LogError> {
        match self.0 {
            Some(batch) => P::write(batch, tables).await,
            None => Ok(()),
        }
    }
}

struct Boxed<P>(PhantomData<fn() -> P>);

/// A read model for [`Runtime::start`](crate::Runtime::start).
pub fn boxed<P: Projection>() -> Box<dyn AnyProjection> {
    Box::new(Boxed::<P>(PhantomData))
}

#[async_trait]
impl<P: Projection> AnyProjection for Boxed<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn version(&self) -> u32 {
        P::VERSION
    }

    fn tables(&self) -> &'static [Table] {
        P::TABLES
    }

    fn indexes(&self) -> &'static [&'static str] {
        P::INDEXES
    }

    fn follows(&self, event: &Recorded) -> bool {
        let category = event.type_name.split('.').next().unwrap_or_default();
        P::CATEGORIES.contains(&category)
    }

    fn fold(
        &self,
        events: &[Recorded],
        blocked: &(dyn Fn(GuildId) -> bool + Sync),
    ) -> Result<Folded, ApplyError> {
        let mut batch = P::Batch::default();
        let mut folded = 0;
        for (index, event) in events.iter().enumerate() {
            if self.follows(event) && !blocked(event.guild()) {
                fold_one::<P>(&mut batch, event)
                    .map_err(|error| ApplyError::Poison { index, error })?;
                folded += 1;
            }
        }
        if folded > 0 {
            P::arrange(&mut batch);
        }
        Ok(Folded::new(folded, BatchOf::<P>((folded > 0).then_some(batch))))
    }
}

/// A defect in a fold is one guild's trouble too. Its batch is thrown away, as with any error.
fn fold_one<P: Projection>(batch: &mut P::Batch, event: &Recorded) -> Result<(), LogError> {
    catch_unwind(AssertUnwindSafe(|| P::fold(batch, event))).unwrap_or_else(|_| {
        Err(LogError::Setup(format!(
            "folding {} into {} panicked; this is a defect of reeve, please report it",
            event.type_name,
            P::NAME
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_braces_become_the_builds_tables() {
        let tables = [Table { name: "balances", create: "" }];
        let names = Names::new(&tables, Build { version: 2, number: 2 });
        assert_eq!(
            names.fill("UPDATE {balances} SET x = {balances}.x; SELECT 1"),
            "UPDATE balances_v2 SET x = balances_v2.x; SELECT 1"
        );
    }
}
