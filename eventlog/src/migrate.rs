//! Numbered SQL scripts, each applied once, in order, in a transaction of its own. A script that
//! was applied never changes: its text is checked by hash.

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::{envelope::EventHash, log::LogError, postgres::from_sqlx, sqlite::from_sqlite};

#[derive(Debug)]
pub struct Migration {
    pub id: &'static str,
    pub sql: &'static str,
}

macro_rules! migrations {
    ($($path:literal),+ $(,)?) => {
        &[$(Migration {
            id: $path,
            sql: include_str!(concat!("../../migrations/", $path, ".sql")),
        }),+]
    };
}

pub const SQLITE_LOG: &[Migration] = migrations!["sqlite/0001_log"];
pub const SQLITE_PEOPLE: &[Migration] = migrations!["sqlite/0002_people"];
pub const SQLITE_SNAPSHOTS: &[Migration] = migrations!["sqlite/0003_snapshots"];
pub const SQLITE_READ: &[Migration] =
    migrations!["shared/0001_projections", "shared/0013_analyst_views"];
/// What is being done and must not be forgotten: sessions, timers, effects, cooldowns.
pub const SQLITE_WORK: &[Migration] = migrations![
    "shared/0002_gateway",
    "shared/0003_effects",
    "shared/0004_rules",
    "shared/0005_case_posts",
    "shared/0007_codes",
    "shared/0009_sign_in",
    "shared/0010_logs",
    "shared/0011_mirror",
    "shared/0012_evidence",
    "shared/0014_api_keys",
    "shared/0015_operators",
    "shared/0017_deliveries",
    "shared/0018_gaps",
    "shared/0019_places",
    "shared/0020_archive",
];
pub const SQLITE_PROOF: &[Migration] = migrations!["sqlite/0004_proof"];
pub const POSTGRES: &[Migration] = migrations![
    "postgres/0001_log",
    "postgres/0002_people",
    "postgres/0003_moving",
    "postgres/0004_proof",
    "postgres/0005_eventstoredb",
    "shared/0001_projections",
    "shared/0002_gateway",
    "shared/0003_effects",
    "shared/0004_rules",
    "shared/0005_case_posts",
    "shared/0007_codes",
    "shared/0009_sign_in",
    "shared/0010_logs",
    "shared/0011_mirror",
    "shared/0012_evidence",
    "shared/0013_analyst_views",
    "shared/0014_api_keys",
    "shared/0015_operators",
    "shared/0017_deliveries",
    "shared/0018_gaps",
    "shared/0019_places",
    "shared/0020_archive",
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS reeve_migrations (
    id text PRIMARY KEY, hash text NOT NULL)";

pub fn sqlite(connection: &mut Connection, migrations: &[Migration]) -> Result<(), LogError> {
    let apply = |connection: &mut Connection| -> rusqlite::Result<Result<(), LogError>> {
        connection.execute_batch(TABLE)?;
        let mut applied = Vec::new();
        {
            let mut statement =
                connection.prepare("SELECT id, hash FROM reeve_migrations ORDER BY id")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                applied.push((row.get(0)?, row.get(1)?));
            }
        }
        let pending = match pending(migrations, &applied) {
            Ok(pending) => pending,
            Err(error) => return Ok(Err(error)),
        };
        for migration in pending {
            let transaction = connection.transaction()?;
            transaction.execute_batch(migration.sql)?;
            transaction.execute(
                "INSERT INTO reeve_migrations (id, hash) VALUES (?1, ?2)",
                (migration.id, hash(migration)),
            )?;
            transaction.commit()?;
        }
        Ok(Ok(()))
    };
    apply(connection).map_err(|error| from_sqlite(&error))?
}

/// Two processes that start together take turns.
pub async fn postgres(
    connection: &mut PgConnection,
    migrations: &[Migration],
) -> Result<(), LogError> {
    let mut transaction = connection.begin().await.map_err(|error| from_sqlx(&error))?;
    let sql = "SELECT pg_advisory_xact_lock(hashtext('reeve.migrations'), \
               current_schema()::regnamespace::oid::int)";
    sqlx::query(sql).execute(&mut *transaction).await.map_err(|error| from_sqlx(&error))?;
    sqlx::query(TABLE).execute(&mut *transaction).await.map_err(|error| from_sqlx(&error))?;
    let applied = sqlx::query("SELECT id, hash FROM reeve_migrations ORDER BY id")
        .fetch_all(&mut *transaction)
        .await
        .map_err(|error| from_sqlx(&error))?
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect::<Vec<_>>();
    for migration in pending(migrations, &applied)? {
        sqlx::raw_sql(migration.sql)
            .execute(&mut *transaction)
            .await
            .map_err(|error| from_sqlx(&error))?;
        sqlx::query("INSERT INTO reeve_migrations (id, hash) VALUES ($1, $2)")
            .bind(migration.id)
            .bind(hash(migration))
            .execute(&mut *transaction)
            .await
            .map_err(|error| from_sqlx(&error))?;
    }
    transaction.commit().await.map_err(|error| from_sqlx(&error))
}

fn pending<'a>(
    migrations: &'a [Migration],
    applied: &[(String, String)],
) -> Result<Vec<&'a Migration>, LogError> {
    for (id, found) in applied {
        match migrations.iter().find(|migration| migration.id == id) {
            None => {
                return Err(LogError::Setup(format!(
                    "the database has migration {id}, which this version of reeve does not know; \
                     install the version that made it or a newer one"
                )));
            }
            Some(migration) if hash(migration) != *found => {
                return Err(LogError::Setup(format!(
                    "migration {id} was applied with another text than this version has; \
                     the database was made by a build that was never released"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(migrations.iter().filter(|m| !applied.iter().any(|(id, _)| id == m.id)).collect())
}

fn hash(migration: &Migration) -> String {
    EventHash(Sha256::digest(migration.sql.as_bytes()).into()).to_string()
}
