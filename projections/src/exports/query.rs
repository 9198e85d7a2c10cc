//! Questions in SQL over a snapshot. Nothing can be changed by one: the file is opened for reading
//! only, an authorizer lets through what a `SELECT` needs and nothing else, and what a question may
//! take (time, rows, length of a value) is bounded.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rusqlite::{
    Connection, OpenFlags, Statement,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
    types::ValueRef,
};

use super::{Export, Snapshot, registered};

/// Longest question, in bytes.
const MOST_SQL: i32 = 20_000;
/// Longest text or row, in bytes; none of ours comes near.
const MOST_LENGTH: i32 = 4_000_000;
/// Steps of SQLite's machine between two looks at the clock.
const STEPS: i32 = 1_000;

/// What a question may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub rows: u64,
    pub time: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error("ask one thing at a time: there is a second statement behind the first")]
    Several,
    #[error("there is no question: write a SELECT")]
    Nothing,
    #[error("only questions can be asked: SELECT, WITH and VALUES; this would do something else")]
    NotAQuestion,
    #[error("a question takes no parameters here: write the value in place of {0}")]
    Parameters(String),
    #[error("{0}. The lists are: {1}")]
    NoSuchTable(String, String),
    #[error("SQLite does not understand it: {0}")]
    Wrong(String),
    #[error(
        "it took more than {0} s and was stopped; ask for less, such as a shorter time, or raise \
         --seconds"
    )]
    TooLong(u64),
    #[error("the snapshot cannot be read: {0}")]
    Broken(String),
}

/// A value of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A question that can be asked, and the lists that it needs.
#[derive(Debug)]
pub struct Question {
    sql: String,
    pub needs: Vec<&'static Export>,
}

impl Question {
    /// Reads a question against empty lists, so that nothing is built for one that cannot be asked.
    pub fn read(sql: &str) -> Result<Self, QueryError> {
        let connection = Connection::open_in_memory().map_err(broken)?;
        Snapshot::lay_out(&connection, "main", registered()).map_err(broken)?;
        let touched = Arc::new(Mutex::new(BTreeSet::new()));
        guard(&connection, Some(Arc::clone(&touched))).map_err(broken)?;
        drop(prepare(&connection, sql)?);
        let touched = touched.lock().clone();
        let needed = |export: &&&'static Export| touched.contains(&export.view());
        let needs = registered().iter().filter(needed).copied().collect();
        Ok(Self { sql: sql.to_owned(), needs })
    }
}

/// Hears the names of the columns, and then one row after another, until it has heard enough.
pub type Listener<'a> = dyn FnMut(&[String], Option<Vec<Cell>>) -> bool + 'a;

/// Asks a snapshot and tells its answer. Answers how many rows there were, and whether there would
/// be more.
pub fn ask(
    snapshot: &Path,
    question: &Question,
    limits: Limits,
    told: &mut Listener<'_>,
) -> Result<(u64, bool), QueryError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(snapshot, flags).map_err(broken)?;
    connection.pragma_update(None, "query_only", true).map_err(broken)?;
    guard(&connection, None).map_err(broken)?;
    let ends = Instant::now() + limits.time;
    connection.progress_handler(STEPS, Some(move || Instant::now() >= ends)).map_err(broken)?;
    let mut statement = prepare(&connection, &question.sql)?;
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    told(&columns, None);
    let mut rows = statement.raw_query();
    let mut count = 0;
    while let Some(row) = rows.next().map_err(|error| stopped(&error, limits))? {
        if count == limits.rows {
            return Ok((count, true));
        }
        let cells = (0..columns.len()).map(|at| row.get_ref(at).map(cell));
        let cells = cells.collect::<rusqlite::Result<_>>().map_err(broken)?;
        count += 1;
        if !told(&columns, Some(cells)) {
            break;
        }
    }
    Ok((count, false))
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Real(value) => Cell::Real(value),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
    }
}

/// From here on the connection does nothing but answer, and notes which tables it was asked of.
fn guard(
    connection: &Connection,
    touched: Option<Arc<Mutex<BTreeSet<String>>>>,
) -> rusqlite::Result<()> {
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, MOST_SQL),
        (Limit::SQLITE_LIMIT_LENGTH, MOST_LENGTH),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 50),
    ] {
        connection.set_limit(limit, most)?;
    }
    let judge = move |context: AuthContext<'_>| match context.action {
        AuthAction::Select | AuthAction::Recursive => Authorization::Allow,
        // The pragmas that change nothing tell of files and folders.
        AuthAction::Read { table_name, .. } if !table_name.starts_with("pragma_") => {
            if let Some(touched) = &touched {
                touched.lock().insert(table_name.to_owned());
            }
            Authorization::Allow
        }
        AuthAction::Function { function_name }
            if !function_name.eq_ignore_ascii_case("load_extension") =>
        {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    };
    connection.authorizer(Some(judge))
}

fn prepare<'c>(connection: &'c Connection, sql: &str) -> Result<Statement<'c>, QueryError> {
    let statement = connection.prepare(sql).map_err(|error| wrong(&error))?;
    if statement.column_count() == 0 {
        let is_empty = sql.trim().trim_end_matches(';').is_empty();
        return Err(if is_empty { QueryError::Nothing } else { QueryError::NotAQuestion });
    }
    if !statement.readonly() {
        return Err(QueryError::NotAQuestion);
    }
    if statement.parameter_count() > 0 {
        let name = statement.parameter_name(1).unwrap_or("?").to_owned();
        return Err(QueryError::Parameters(name));
    }
    Ok(statement)
}

fn wrong(error: &rusqlite::Error) -> QueryError {
    use rusqlite::{Error, ErrorCode};
    let text = match error {
        Error::MultipleStatement => return QueryError::Several,
        Error::SqlInputError { error, .. } | Error::SqliteFailure(error, _)
            if error.code == ErrorCode::AuthorizationForStatementDenied =>
        {
            return QueryError::NotAQuestion;
        }
        Error::SqlInputError { msg, .. } => msg.clone(),
        Error::SqliteFailure(_, Some(text)) => text.clone(),
        error => error.to_string(),
    };
    if text.starts_with("not authorized") {
        return QueryError::NotAQuestion;
    }
    if text.starts_with("no such table") {
        let names: Vec<_> = registered().iter().map(|export| export.view()).collect();
        return QueryError::NoSuchTable(text, names.join(", "));
    }
    QueryError::Wrong(text)
}

fn stopped(error: &rusqlite::Error, limits: Limits) -> QueryError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::OperationInterrupted) => {
            QueryError::TooLong(limits.time.as_secs())
        }
        _ => wrong(error),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn broken(error: rusqlite::Error) -> QueryError {
    QueryError::Broken(error.to_string())
}
