//! The registry as rows, for moving it: whoever moves it needs no key, because keys stay wrapped.

use std::path::Path;

use domain::{GuildId, PersonId};

use super::{Erasure, PeopleError, Row, store::Store};
use crate::{log::LogError, postgres::from_sqlx, sql::Db, values};

const PAGE: usize = 1_000;

/// The registry's tables, without the keys that would open them.
#[derive(Debug)]
pub struct Registry(Store);

/// Nobody else fills the store while this lives.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "it holds the lock")] Option<sqlx::PgConnection>);

/// How many numbers a guild has given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    pub guild: GuildId,
    pub last: PersonId,
}

impl Registry {
    pub fn sqlite(directory: &Path) -> Result<Self, LogError> {
        Store::sqlite(directory).map(Self)
    }

    pub async fn postgres(pool: sqlx::PgPool) -> Result<Self, LogError> {
        Store::postgres(pool).await.map(Self)
    }

    /// Whether both are one: a lock that one takes is taken for the other.
    pub async fn is_same(&self, other: &Self) -> Result<bool, LogError> {
        let (Db::Postgres(one), Db::Postgres(other)) = (&self.0.0, &other.0.0) else {
            return Ok(false);
        };
        let key = i64::from_be_bytes(rand::random());
        let lock = "SELECT pg_try_advisory_xact_lock($1)";
        let asked = async {
            let mut one = one.begin().await?;
            let mut other = other.begin().await?;
            let first: bool = sqlx::query_scalar(lock).bind(key).fetch_one(&mut *one).await?;
            let second: bool = sqlx::query_scalar(lock).bind(key).fetch_one(&mut *other).await?;
            Ok(first && !second)
        };
        asked.await.map_err(|error: sqlx::Error| from_sqlx(&error))
    }

    /// Keeps a second process from filling the same store; none while one does. An embedded store
    /// has the lock of its directory for that.
    pub async fn hold(&self) -> Result<Option<Held>, LogError> {
        let Db::Postgres(pool) = &self.0.0 else { return Ok(Some(Held(None))) };
        let lock = "SELECT pg_try_advisory_lock(hashtext('reeve.filling'), \
                    current_schema()::regnamespace::oid::int)";
        let connection = pool.acquire().await.map_err(|error| from_sqlx(&error))?;
        // Outside of the pool: the lock goes when this connection does.
        let mut connection = connection.detach();
        let taken: bool = sqlx::query_scalar(lock)
            .fetch_one(&mut connection)
            .await
            .map_err(|error| from_sqlx(&error))?;
        Ok(taken.then_some(Held(Some(connection))))
    }

    pub async fn is_empty(&self) -> Result<bool, PeopleError> {
        Ok(self.0.count().await? == 0 && self.numbers_after(None, 1).await?.is_empty())
    }

    /// Tells which master key wrapped the keys; none in a registry that was never used.
    pub async fn key_check(&self) -> Result<Option<Vec<u8>>, LogError> {
        let sql = "SELECT value FROM people_meta WHERE key = 'master-key'";
        let found = self.0.0.query(sql, &[]).await?;
        found.first().map(|row| row.blob(0).map(<[u8]>::to_vec)).transpose()
    }

    pub async fn set_key_check(&self, check: &[u8]) -> Result<(), LogError> {
        let sql = "INSERT INTO people_meta (key, value) VALUES ('master-key', $1) \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        self.0.0.execute(sql, &values![check]).await.map(drop)
    }

    /// Guild by guild, how many numbers were given.
    pub async fn numbers_after(
        &self,
        guild: Option<GuildId>,
        limit: usize,
    ) -> Result<Vec<Numbers>, LogError> {
        let after = guild.map_or(0, GuildId::as_i64);
        let sql = "SELECT guild, last FROM people_numbers WHERE guild > $1 ORDER BY guild LIMIT $2";
        let rows = self.0.0.query(sql, &values![after, limit as u64]).await?;
        let bad = |error: &dyn std::fmt::Display| LogError::Corrupt(format!("people: {error}"));
        rows.iter()
            .map(|row| {
                let guild = GuildId::from_i64(row.int(0)?).map_err(|error| bad(&error))?;
                let last = u32::try_from(row.int(1)?).map_err(|error| bad(&error))?;
                Ok(Numbers { guild, last: PersonId(last) })
            })
            .collect()
    }

    /// Numbers up to these were given, so that none is given twice.
    pub async fn give(&self, numbers: &[Numbers]) -> Result<(), LogError> {
        let mut tx = self.0.0.begin().await?;
        for Numbers { guild, last } in numbers {
            tx.execute(super::store::GIVEN, &values![*guild, *last]).await?;
        }
        tx.commit().await
    }

    /// Copies everybody that the other registry lacks, and lets go who was erased; answers how many
    /// rows were looked at. Repeating it copies what has come since.
    pub async fn copy_to(
        &self,
        other: &Self,
        erased: &[Erasure],
        all: bool,
    ) -> Result<u64, PeopleError> {
        let mut copied = 0;
        let check = self.key_check().await?;
        if let Some(check) = &check {
            // Another master key means that every row was written anew.
            let same = other.key_check().await?.as_deref() == Some(check);
            if all || !same {
                other.set_key_check(check).await?;
            }
            copied += self.copy_rows(other, all || !same).await?;
        }
        let erased: Vec<_> = erased.iter().map(|one| (one.guild, one.person)).collect();
        other.0.destroy(&erased).await?;
        Ok(copied)
    }

    async fn copy_rows(&self, other: &Self, all: bool) -> Result<u64, PeopleError> {
        let (mut copied, mut guild) = (0, None);
        loop {
            let page = self.numbers_after(guild, PAGE).await?;
            let Some(last) = page.last() else { return Ok(copied) };
            guild = Some(last.guild);
            for numbers in &page {
                let known = if all { None } else { other.last_of(numbers.guild).await? };
                if known != Some(numbers.last) {
                    copied += self.copy_guild(other, *numbers, known).await?;
                }
            }
            other.give(&page).await?;
        }
    }

    async fn copy_guild(
        &self,
        other: &Self,
        numbers: Numbers,
        known: Option<PersonId>,
    ) -> Result<u64, PeopleError> {
        let guild = numbers.guild.as_i64();
        let mut after = (guild, known.map_or(-1, |person| i64::from(person.0)));
        let mut copied = 0;
        loop {
            let mut rows = self.0.rows_after(after, PAGE).await?;
            let full = rows.len() == PAGE;
            rows.retain(|row| row.guild == numbers.guild);
            let Some(last) = rows.last() else { return Ok(copied) };
            after = (guild, i64::from(last.person.0));
            copied += rows.len() as u64;
            let more = full && rows.len() == PAGE;
            other.put(&rows).await?;
            if !more {
                return Ok(copied);
            }
        }
    }

    /// A row takes the place of the one that is there: the keys may have been wrapped anew.
    async fn put(&self, rows: &[Row]) -> Result<(), LogError> {
        let sql = "INSERT INTO people \
                   (guild, person, user_tag, sealed_user, wrapped_key, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (guild, person) DO UPDATE SET \
                   user_tag = excluded.user_tag, wrapped_key = excluded.wrapped_key";
        let rows: Vec<_> = rows.iter().map(super::store::row_values).collect();
        let mut tx = self.0.0.begin().await?;
        tx.execute_many(sql, &rows).await?;
        tx.commit().await
    }

    async fn last_of(&self, guild: GuildId) -> Result<Option<PersonId>, LogError> {
        let sql = "SELECT last FROM people_numbers WHERE guild = $1";
        let rows = self.0.0.query(sql, &values![guild]).await?;
        let last = rows.first().map(|row| row.count(0)).transpose()?;
        Ok(last.and_then(|last| u32::try_from(last).ok()).map(PersonId))
    }

    /// Lets go whoever is on this list; numbers stay given.
    pub async fn destroy(&self, erased: &[Erasure]) -> Result<(), PeopleError> {
        let erased: Vec<_> = erased.iter().map(|one| (one.guild, one.person)).collect();
        self.0.destroy(&erased).await
    }
}
