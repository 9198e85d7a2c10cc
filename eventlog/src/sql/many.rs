//! Many rows at once: what a statement itself costs is shared by them.

use std::fmt::Write as _;

use rusqlite::Connection;
use sqlx::{AssertSqlSafe, Postgres, Transaction};

use super::{PgQuery, SqliteValue, Value, bound};
use crate::{log::LogError, postgres::from_sqlx, sqlite::from_sqlite};

/// Rows that one statement carries on SQLite.
const SOME: usize = 16;
/// And on PostgreSQL.
const MANY: usize = 10_000;

pub(super) fn sqlite<const N: usize>(
    connection: &Connection,
    sql: &str,
    rows: &[[Value; N]],
) -> Result<(), LogError> {
    let run = || {
        let mut rest = rows;
        if rows.len() >= SOME
            && let Some(sql) = of_some(sql, N)
        {
            let mut statement = connection.prepare_cached(&sql)?;
            let some = rows.chunks_exact(SOME);
            rest = some.remainder();
            for rows in some {
                for (number, value) in rows.iter().flatten().enumerate() {
                    statement.raw_bind_parameter(number + 1, SqliteValue(value))?;
                }
                statement.raw_execute()?;
            }
        }
        if rest.is_empty() {
            return Ok(());
        }
        let mut statement = connection.prepare_cached(sql)?;
        let mut places = [0; N];
        for (number, place) in places.iter_mut().enumerate() {
            *place = statement.parameter_index(&format!("${}", number + 1))?.unwrap_or(0);
        }
        for row in rest {
            for (place, value) in places.iter().zip(row) {
                statement.raw_bind_parameter(*place, SqliteValue(value))?;
            }
            statement.raw_execute()?;
        }
        Ok(())
    };
    run().map_err(|error: rusqlite::Error| from_sqlite(&error))
}

pub(super) async fn postgres<const N: usize>(
    transaction: &mut Transaction<'_, Postgres>,
    sql: &str,
    rows: &[[Value; N]],
) -> Result<(), LogError> {
    for rows in rows.chunks(MANY) {
        let Some(statement) = over_arrays(sql, &rows[0]) else {
            for row in rows {
                let query = bound(sql, row).execute(&mut **transaction);
                query.await.map_err(|error| from_sqlx(&error))?;
            }
            continue;
        };
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for column in 0..N {
            query = bind_column(query, rows, column);
        }
        query.execute(&mut **transaction).await.map_err(|error| from_sqlx(&error))?;
    }
    Ok(())
}

/// What stands before and after `VALUES ($1, …, $n)`. None where anything but the parameters in
/// their order stands there: such a statement goes row by row.
fn around_values(sql: &str, columns: usize) -> Option<(&str, &str)> {
    let start = sql.find("VALUES (")?;
    let end = start + sql[start..].find(')')?;
    let given = sql[start + "VALUES (".len()..end].split(',').map(str::trim);
    given
        .eq((1..=columns).map(|number| format!("${number}")))
        .then(|| (&sql[..start], &sql[end + 1..]))
}

/// `VALUES ($1, $2)` becomes `VALUES (?, ?), (?, ?) …`.
fn of_some(sql: &str, columns: usize) -> Option<String> {
    let (before, after) = around_values(sql, columns)?;
    if before.contains('$') || after.contains('$') {
        return None;
    }
    let row = format!("({})", vec!["?"; columns].join(", "));
    Some(format!("{before}VALUES {}{after}", vec![row; SOME].join(", ")))
}

/// `VALUES ($1, $2)` becomes `SELECT * FROM unnest($1::bigint[], $2::text[])`.
fn over_arrays(sql: &str, first: &[Value]) -> Option<String> {
    let (before, after) = around_values(sql, first.len())?;
    let mut arrays = String::new();
    for (index, value) in first.iter().enumerate() {
        let kind = match value {
            Value::Int(_) => "bigint",
            Value::Text(_) => "text",
            Value::Blob(_) => "bytea",
        };
        let comma = if index == 0 { "" } else { ", " };
        let _ = write!(arrays, "{comma}${}::{kind}[]", index + 1);
    }
    // `WHERE true` keeps `ON CONFLICT` from being read as a join's condition.
    Some(format!("{before}SELECT * FROM unnest({arrays}) WHERE true{after}"))
}

fn bind_column<'q, const N: usize>(
    query: PgQuery<'q>,
    rows: &[[Value; N]],
    column: usize,
) -> PgQuery<'q> {
    match &rows[0][column] {
        Value::Int(_) => query.bind(
            rows.iter()
                .map(|row| if let Value::Int(value) = &row[column] { *value } else { None })
                .collect::<Vec<_>>(),
        ),
        Value::Text(_) => query.bind(
            rows.iter()
                .map(|row| if let Value::Text(value) = &row[column] { value.clone() } else { None })
                .collect::<Vec<_>>(),
        ),
        Value::Blob(_) => query.bind(
            rows.iter()
                .map(|row| if let Value::Blob(value) = &row[column] { value.clone() } else { None })
                .collect::<Vec<_>>(),
        ),
    }
}
