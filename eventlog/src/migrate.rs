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
    "shared/0021_archive_pages",
    "shared/0022_resumed",
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
    "shared/0021_archive_pages",
    "shared/0022_resumed",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::TestDatabase;

    const KEEP: &str = "INSERT INTO message_archive \
                        (guild, message, version_at, day, channel, person, sealed) \
                        VALUES (1, 20, 30, 0, 40, 2, 'sealed')";
    const LOOK: &str = "SELECT first_message, page, last_message, day, versions \
                        FROM message_pages WHERE guild = 1";
    const PAGE: (i64, i64, i64, i64, &str) = (20, 30, 20, 0, "20 30 40 2 sealed");

    fn before_pages(all: &[Migration]) -> &[Migration] {
        let pages = all.iter().take_while(|one| one.id != "shared/0021_archive_pages").count();
        &all[..pages]
    }

    // proves: LOG-01
    #[test]
    fn given_messages_that_are_kept_in_rows_then_each_becomes_a_page() {
        let mut connection = Connection::open_in_memory().unwrap();
        sqlite(&mut connection, before_pages(SQLITE_WORK)).unwrap();
        connection.execute_batch(KEEP).unwrap();
        sqlite(&mut connection, SQLITE_WORK).unwrap();
        let page = connection.query_one(LOOK, [], |row| {
            let lines: String = row.get(4)?;
            assert_eq!(lines, PAGE.4);
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, PAGE.4))
        });
        assert_eq!(page.unwrap(), PAGE);
    }

    // proves: LOG-01
    #[tokio::test]
    async fn given_messages_that_are_kept_in_rows_then_each_becomes_a_page_also_on_postgres() {
        let Some(database) = TestDatabase::create().await else { return };
        let mut connection = PgConnection::connect(&database.url()).await.unwrap();
        postgres(&mut connection, before_pages(POSTGRES)).await.unwrap();
        sqlx::query(KEEP).execute(&mut connection).await.unwrap();
        postgres(&mut connection, POSTGRES).await.unwrap();
        let page: (i64, i64, i64, i64, String) =
            sqlx::query_as(LOOK).fetch_one(&mut connection).await.unwrap();
        assert_eq!((page.0, page.1, page.2, page.3, page.4.as_str()), PAGE);
        connection.close().await.unwrap();
    }
}
