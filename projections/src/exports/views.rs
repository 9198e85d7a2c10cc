//! Views `analyst_…` with the names and columns of the registry, for people who ask in SQL.
//!
//! On PostgreSQL a view is *replaced* when a new build takes the place of the old one, never dropped:
//! who was granted it keeps it, and views that somebody made on top of it go on working. That is why
//! columns of a list are only ever added, at the end. On SQLite a view holds nothing but its text.
//!
//! What a view says is noted in `analyst_views`, so that a start changes nothing that is as it should
//! be: an analyst's long question does not stand in its way.

use std::path::Path;

use eventlog::{LogError, sql::Tx, values};
use rusqlite::Connection;

use super::{Column, Export, Kind, made_of, registered};
use crate::{
    build::Build,
    projection::{AnyProjection, Names},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// Moments and days as each store's own people expect them.
fn shown(column: &Column, dialect: Dialect) -> String {
    let of = column.of;
    match (column.kind, dialect) {
        (Kind::Moment, Dialect::Sqlite) => format!(
            "strftime('%Y-%m-%dT%H:%M:%S', ({of}) / 1000000, 'unixepoch') || \
             printf('.%06dZ', ({of}) % 1000000)"
        ),
        (Kind::Moment, Dialect::Postgres) => {
            format!("timestamptz 'epoch' + ({of}) * interval '1 microsecond'")
        }
        (Kind::Day, Dialect::Sqlite) => format!("date(({of}) * 86400, 'unixepoch')"),
        (Kind::Day, Dialect::Postgres) => format!("date '1970-01-01' + ({of})::integer"),
        (Kind::Truth, Dialect::Postgres) => format!("({of}) <> 0"),
        _ => of.to_owned(),
    }
}

/// What a column is, in the words of a store.
pub(super) const fn type_name(kind: Kind, dialect: Dialect) -> &'static str {
    match (kind, dialect) {
        (Kind::Number | Kind::Person | Kind::Snowflake | Kind::Truth, Dialect::Sqlite) => "INTEGER",
        (Kind::Moment | Kind::Day | Kind::Text | Kind::Sealed(_), Dialect::Sqlite) => "TEXT",
        (Kind::Number | Kind::Person | Kind::Snowflake, Dialect::Postgres) => "bigint",
        (Kind::Truth, Dialect::Postgres) => "boolean",
        (Kind::Moment, Dialect::Postgres) => "timestamptz",
        (Kind::Day, Dialect::Postgres) => "date",
        (Kind::Text | Kind::Sealed(_), Dialect::Postgres) => "text",
    }
}

pub(super) fn columns(export: &Export) -> impl Iterator<Item = &'static Column> {
    export.columns.iter().filter(|column| !column.is_sealed())
}

/// `SELECT guild, … FROM balances_v1`
fn select(export: &Export, names: &Names, dialect: Dialect) -> String {
    let of = columns(export).map(|column| {
        let shown = shown(column, dialect);
        format!("{shown} AS \"{}\"", column.name)
    });
    let of: Vec<_> = of.collect();
    format!("SELECT guild, {} FROM {}", of.join(", "), names.fill(export.from))
}

/// Points the views of a read model at a build, where they do not show it already.
pub(crate) async fn point(
    tx: &mut Tx,
    projection: &dyn AnyProjection,
    build: Build,
) -> Result<(), LogError> {
    let dialect = if tx.is_sqlite() { Dialect::Sqlite } else { Dialect::Postgres };
    let names = Names::new(projection.tables(), build);
    for export in made_of(projection) {
        let (view, select) = (export.view(), select(export, &names, dialect));
        let known = "SELECT definition FROM analyst_views WHERE name = $1";
        let known = tx.query(known, &values![view.as_str()]).await?;
        if known.first().is_some_and(|row| row.text(0).is_ok_and(|text| text == select)) {
            continue;
        }
        match dialect {
            Dialect::Sqlite => {
                tx.execute(&format!("DROP VIEW IF EXISTS {view}"), &[]).await?;
                tx.execute(&format!("CREATE VIEW {view} AS {select}"), &[]).await?;
            }
            Dialect::Postgres => replace(tx, export, &view, &select).await?,
        }
        let note = "INSERT INTO analyst_views (name, definition) VALUES ($1, $2) \
                    ON CONFLICT (name) DO UPDATE SET definition = excluded.definition";
        tx.execute(note, &values![view, select]).await?;
    }
    Ok(())
}

async fn replace(tx: &mut Tx, export: &Export, view: &str, select: &str) -> Result<(), LogError> {
    tx.execute("SAVEPOINT before_view", &[]).await?;
    let create = format!("CREATE OR REPLACE VIEW {view} AS {select}");
    if let Err(error) = tx.execute(&create, &[]).await {
        tracing::warn!(
            view, %error,
            "a view of analysts has other columns now and is made anew; grant it again, and make \
             again what stood on it"
        );
        tx.execute("ROLLBACK TO SAVEPOINT before_view", &[]).await?;
        tx.execute(&format!("DROP VIEW IF EXISTS {view} CASCADE"), &[]).await?;
        tx.execute(&create, &[]).await?;
    }
    tx.execute("RELEASE SAVEPOINT before_view", &[]).await?;
    let quoted = |text: &str| text.replace('\'', "''");
    let about = format!("COMMENT ON VIEW {view} IS '{}'", quoted(export.about));
    tx.execute(&about, &[]).await?;
    for column in columns(export) {
        let name = column.name;
        let about = format!("COMMENT ON COLUMN {view}.\"{name}\" IS '{}'", quoted(column.about));
        tx.execute(&about, &[]).await?;
    }
    Ok(())
}

/// The same views in a connection of the time machine, for as long as that lives.
pub(crate) fn lend(
    connection: &Connection,
    projection: &dyn AnyProjection,
    names: &Names,
) -> rusqlite::Result<()> {
    for export in made_of(projection) {
        let select = select(export, names, Dialect::Sqlite);
        connection.execute_batch(&format!("CREATE TEMP VIEW {} AS {select}", export.view()))?;
    }
    Ok(())
}

/// A file of its own with the lists of one community, for any tool that reads SQLite.
pub(crate) struct Snapshot;

impl Snapshot {
    /// Makes the tables, empty, in a database that is attached under this name.
    pub(super) fn lay_out(
        connection: &Connection,
        schema: &str,
        exports: &[&'static Export],
    ) -> rusqlite::Result<()> {
        connection.execute_batch(&format!(
            "CREATE TABLE {schema}.analyst_about (guild INTEGER, seq INTEGER, at TEXT);
             CREATE TABLE {schema}.analyst_columns
                (list TEXT, \"column\" TEXT, type TEXT, about TEXT)"
        ))?;
        for export in exports {
            connection.execute_batch(&table(export, schema))?;
        }
        Ok(())
    }

    /// Fills a new file with what the temporary views of a connection show.
    pub(crate) fn write(
        connection: &Connection,
        path: &Path,
        exports: &[&'static Export],
        (guild, seq, at): (i64, i64, &str),
    ) -> rusqlite::Result<()> {
        let path = path.display().to_string();
        connection.execute("ATTACH DATABASE ?1 AS snapshot", [path])?;
        // Whoever wants the file puts it in its place once it is whole.
        connection.execute_batch("PRAGMA snapshot.synchronous = OFF")?;
        let filled = fill(connection, exports, (guild, seq, at));
        if filled.is_err() && !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        connection.execute_batch("DETACH DATABASE snapshot")?;
        filled
    }
}

fn fill(
    connection: &Connection,
    exports: &[&'static Export],
    about: (i64, i64, &str),
) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN")?;
    Snapshot::lay_out(connection, "snapshot", exports)?;
    connection.execute("INSERT INTO snapshot.analyst_about VALUES (?1, ?2, ?3)", about)?;
    let mut describe =
        connection.prepare("INSERT INTO snapshot.analyst_columns VALUES (?1, ?2, ?3, ?4)")?;
    for export in exports {
        let view = export.view();
        let copy = format!("INSERT INTO snapshot.{view} SELECT * FROM temp.{view}");
        connection.execute_batch(&copy)?;
    }
    for export in registered() {
        for column in columns(export) {
            let kind = type_name(column.kind, Dialect::Sqlite);
            describe.execute((export.view(), column.name, kind, column.about))?;
        }
    }
    connection.execute_batch("COMMIT")
}

fn table(export: &Export, schema: &str) -> String {
    let of = columns(export)
        .map(|column| format!("\"{}\" {}", column.name, type_name(column.kind, Dialect::Sqlite)));
    let of: Vec<_> = of.collect();
    format!("CREATE TABLE {schema}.{} (guild INTEGER, {})", export.view(), of.join(", "))
}
