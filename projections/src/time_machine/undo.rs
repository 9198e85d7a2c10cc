//! How a step back is made, and what a step changed: temporary triggers write down, for every row
//! that is touched, what it was before. Undoing puts those rows back, newest first.

use std::collections::HashSet;

use eventlog::{
    LogError,
    sql::{Row, Tx, Value},
    values,
};
use rusqlite::Connection;

use super::{error::TimeError, roll::broken};
use crate::{build::Build, projection::AnyProjection};

/// Rows that were touched; once there are more, the oldest half is forgotten.
const MOST_ROWS: i64 = 100_000;

/// A row that an event changed, before and after. None where there was none, or is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub table: &'static str,
    pub columns: Vec<String>,
    pub before: Option<Vec<Value>>,
    pub after: Option<Vec<Value>>,
}

/// The state after the event `seq` can be had again by undoing all rows after `row`.
#[derive(Clone, Copy)]
struct Mark {
    seq: u64,
    row: i64,
}

struct Watched {
    table: &'static str,
    /// As the build names it.
    physical: String,
    columns: Vec<Column>,
    /// Places of the columns of its primary key.
    key: Vec<usize>,
}

struct Column {
    name: String,
    /// JSON has no bytes: they are written as hexadecimal digits.
    is_bytes: bool,
}

pub(super) struct Undo {
    tables: Vec<Watched>,
    /// Oldest first; each at an earlier event than the next.
    marks: Vec<Mark>,
    last_row: i64,
}

impl Undo {
    /// Begins to write down what happens to the tables of these read models.
    pub fn watch<'a>(
        connection: &Connection,
        projections: impl Iterator<Item = (&'a dyn AnyProjection, Build)>,
    ) -> Result<Self, TimeError> {
        let create = "CREATE TEMP TABLE time_machine_undo \
                      (n INTEGER PRIMARY KEY AUTOINCREMENT, place INTEGER, row_key TEXT, row_before TEXT)";
        connection.execute_batch(create).map_err(|error| broken(&error))?;
        let mut tables = Vec::new();
        for (projection, build) in projections {
            for table in projection.tables() {
                let watched = Watched::new(connection, table.name, build.table(table.name))?;
                let script = watched.triggers(tables.len());
                connection.execute_batch(&script).map_err(|error| broken(&error))?;
                tables.push(watched);
            }
        }
        Ok(Self { tables, marks: Vec::new(), last_row: 0 })
    }

    /// Name, columns and key columns of a table.
    pub fn describe(&self, table: &str) -> Option<(&'static str, Vec<String>, Vec<&str>)> {
        let watched = self.tables.iter().find(|watched| watched.table == table)?;
        let name = |column: &Column| column.name.clone();
        let key = watched.key.iter().map(|at| watched.columns[*at].name.as_str()).collect();
        Some((watched.table, watched.columns.iter().map(name).collect(), key))
    }

    /// The earliest event that can be gone back to.
    pub fn earliest(&self) -> Option<u64> {
        self.marks.first().map(|mark| mark.seq)
    }

    /// The last event at or before `seq` that can be gone back to at once.
    pub fn nearest(&self, seq: u64) -> Option<u64> {
        let after = self.marks.partition_point(|mark| mark.seq <= seq);
        after.checked_sub(1).map(|place| self.marks[place].seq)
    }

    /// The state now is the one after `seq`; more is about to be folded.
    pub async fn mark(&mut self, tx: &mut Tx, seq: u64) -> Result<(), LogError> {
        let oldest = self.marks.first().map_or(self.last_row, |mark| mark.row);
        if self.last_row - oldest > MOST_ROWS {
            self.marks.drain(..self.marks.len() / 2);
            let kept = self.marks.first().map_or(self.last_row, |mark| mark.row);
            tx.execute("DELETE FROM time_machine_undo WHERE n <= $1", &values![kept]).await?;
        }
        self.marks.push(Mark { seq, row: self.last_row });
        Ok(())
    }

    /// What was folded since the mark did not come to pass.
    pub fn unmark(&mut self) {
        self.marks.pop();
    }

    /// What was folded since the last mark is written down to here.
    pub async fn folded(&self, tx: &mut Tx) -> Result<i64, LogError> {
        let rows = tx.query("SELECT COALESCE(MAX(n), 0) FROM time_machine_undo", &[]).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.int(0))?.max(self.last_row))
    }

    pub const fn committed(&mut self, last_row: i64) {
        self.last_row = last_row;
    }

    /// What was changed since the last mark, which is at `seq`.
    pub async fn changes(&self, tx: &mut Tx, seq: u64) -> Result<Vec<Change>, LogError> {
        let Some(mark) = self.marks.last().filter(|mark| mark.seq == seq) else {
            return Ok(Vec::new());
        };
        let mut seen = HashSet::new();
        let mut changes = Vec::new();
        let select =
            "SELECT place, row_key, row_before FROM time_machine_undo WHERE n > $1 ORDER BY n";
        for row in tx.query(select, &values![mark.row]).await? {
            let touched = self.touched(&row)?;
            if !seen.insert((touched.watched.table, row.text(1)?.to_owned())) {
                continue;
            }
            let sql = touched.watched.select_by_key();
            let after = tx.query(&sql, &touched.key).await?.pop().map(|Row(values)| values);
            if touched.before != after {
                let columns = touched.watched.columns.iter().map(|column| column.name.clone());
                changes.push(Change {
                    table: touched.watched.table,
                    columns: columns.collect(),
                    before: touched.before,
                    after,
                });
            }
        }
        Ok(changes)
    }

    /// Puts back what was before everything after `seq`, where there is a mark.
    pub async fn undo_to(&mut self, tx: &mut Tx, seq: u64) -> Result<(), LogError> {
        let Some(place) = self.marks.iter().position(|mark| mark.seq == seq) else {
            return Err(LogError::Setup(format!("#{seq} cannot be undone to")));
        };
        let mark = self.marks[place];
        let select =
            "SELECT place, row_key, row_before FROM time_machine_undo WHERE n > $1 ORDER BY n DESC";
        for row in tx.query(select, &values![mark.row]).await? {
            let Touched { watched, key, before } = self.touched(&row)?;
            tx.execute(&watched.delete_by_key(), &key).await?;
            if let Some(before) = before {
                tx.execute(&watched.insert(), &before).await?;
            }
        }
        // Putting back was written down too, and is forgotten with the rest.
        tx.execute("DELETE FROM time_machine_undo WHERE n > $1", &values![mark.row]).await?;
        Ok(())
    }

    /// Once that is committed.
    pub fn undone_to(&mut self, seq: u64) {
        if let Some(place) = self.marks.iter().position(|mark| mark.seq == seq) {
            self.last_row = self.marks[place].row;
            self.marks.truncate(place);
        }
    }

    fn touched(&self, row: &Row) -> Result<Touched<'_>, LogError> {
        let place = usize::try_from(row.int(0)?).unwrap_or(usize::MAX);
        let watched = self.tables.get(place);
        let watched = watched.ok_or_else(|| LogError::Corrupt("an unknown table".to_owned()))?;
        let key_columns: Vec<&Column> =
            watched.key.iter().map(|at| &watched.columns[*at]).collect();
        let key = values_of(row.text(1)?, &key_columns)?;
        let columns: Vec<&Column> = watched.columns.iter().collect();
        let before = row.opt_text(2)?.map(|text| values_of(text, &columns)).transpose()?;
        Ok(Touched { watched, key, before })
    }
}

struct Touched<'a> {
    watched: &'a Watched,
    key: Vec<Value>,
    before: Option<Vec<Value>>,
}

impl Watched {
    fn new(
        connection: &Connection,
        table: &'static str,
        physical: String,
    ) -> Result<Self, TimeError> {
        let read = || {
            let sql = "SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([&physical], |row| {
                let kind: String = row.get(1)?;
                let is_bytes = ["bytea", "blob"].iter().any(|name| kind.eq_ignore_ascii_case(name));
                Ok((Column { name: row.get(0)?, is_bytes }, row.get::<_, i64>(2)?))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        let mut key = Vec::new();
        let mut columns = Vec::new();
        for (column, place) in read().map_err(|error| broken(&error))? {
            if place > 0 {
                key.push((place, columns.len()));
            }
            columns.push(column);
        }
        key.sort_unstable();
        let key: Vec<usize> = key.into_iter().map(|(_, at)| at).collect();
        if key.is_empty() {
            return Err(TimeError::Broken(format!("the table {table} has no primary key")));
        }
        Ok(Self { table, physical, columns, key })
    }

    fn triggers(&self, place: usize) -> String {
        let Self { physical, .. } = self;
        let array = |columns: &mut dyn Iterator<Item = &Column>, row: &str| {
            let parts: Vec<String> = columns
                .map(|Column { name, is_bytes }| match is_bytes {
                    true => format!(
                        "CASE WHEN {row}.{name} IS NULL THEN NULL ELSE hex({row}.{name}) END"
                    ),
                    false => format!("{row}.{name}"),
                })
                .collect();
            format!("json_array({})", parts.join(", "))
        };
        let key = |row| array(&mut self.key.iter().map(|at| &self.columns[*at]), row);
        let whole = |row| array(&mut self.columns.iter(), row);
        let trigger = |when: &str, key: String, before: String| {
            format!(
                "CREATE TEMP TRIGGER undo_{physical}_{when} AFTER {when} ON {physical} BEGIN \
                 INSERT INTO time_machine_undo (place, row_key, row_before) VALUES ({place}, {key}, {before}); \
                 END;"
            )
        };
        [
            trigger("INSERT", key("new"), "NULL".to_owned()),
            trigger("UPDATE", key("new"), whole("old")),
            trigger("DELETE", key("old"), whole("old")),
        ]
        .concat()
    }

    fn by_key(&self) -> String {
        let parts = (1..).zip(&self.key);
        let parts = parts.map(|(number, at)| format!("{} = ${number}", self.columns[*at].name));
        parts.collect::<Vec<_>>().join(" AND ")
    }

    fn column_names(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn select_by_key(&self) -> String {
        format!("SELECT {} FROM {} WHERE {}", self.column_names(), self.physical, self.by_key())
    }

    fn delete_by_key(&self) -> String {
        format!("DELETE FROM {} WHERE {}", self.physical, self.by_key())
    }

    fn insert(&self) -> String {
        let places: Vec<_> = (1..=self.columns.len()).map(|number| format!("${number}")).collect();
        let (names, places) = (self.column_names(), places.join(", "));
        format!("INSERT INTO {} ({names}) VALUES ({places})", self.physical)
    }
}

/// What a trigger wrote down.
fn values_of(text: &str, columns: &[&Column]) -> Result<Vec<Value>, LogError> {
    let corrupt = || LogError::Corrupt("what was written down to undo cannot be read".to_owned());
    let parsed: Vec<serde_json::Value> = serde_json::from_str(text).map_err(|_| corrupt())?;
    if parsed.len() != columns.len() {
        return Err(corrupt());
    }
    let value = |(json, column): (serde_json::Value, &&Column)| match json {
        serde_json::Value::Null => Some(Value::Int(None)),
        serde_json::Value::Number(number) => number.as_i64().map(Value::from),
        serde_json::Value::String(text) if column.is_bytes => unhex(&text).map(Value::from),
        serde_json::Value::String(text) => Some(Value::from(text)),
        _ => None,
    };
    parsed.into_iter().zip(columns).map(value).collect::<Option<_>>().ok_or_else(corrupt)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
