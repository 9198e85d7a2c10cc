//! The registry's tables.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use domain::{GuildId, PersonId, Timestamp};
use rusqlite::Connection;

use super::{DataKey, PeopleError};
use crate::{
    log::LogError,
    migrate,
    postgres::from_sqlx,
    sql::{self, Db, Durability, Tx, Value},
    sqlite::from_sqlite,
    values,
};

const FILE: &str = "people.db";
/// In `people_meta` while deleted rows may still be found in the files.
const SWEEP: &str = "sweep";

#[derive(Debug)]
pub(super) struct Store(pub(super) Db);

/// A person as the registry stores one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub guild: GuildId,
    pub person: PersonId,
    pub user_tag: Vec<u8>,
    pub sealed_user: Vec<u8>,
    pub wrapped_key: Vec<u8>,
    pub created_at: Timestamp,
}

const INSERT: &str = "INSERT INTO people \
    (guild, person, user_tag, sealed_user, wrapped_key, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6)";
/// People whom one statement asks for.
const ASKED_AT_ONCE: usize = 64;

/// The living rows move to a new file, and the old one is cut to nothing at the commit. (A
/// `VACUUM FULL` would take dead rows along while any transaction is older than they are.)
const SWEEP_POSTGRES: &str = "
    LOCK TABLE people IN ACCESS EXCLUSIVE MODE;
    CREATE TEMPORARY TABLE living ON COMMIT DROP AS SELECT * FROM people;
    TRUNCATE people;
    INSERT INTO people SELECT * FROM living";

/// This number, and every one below it, was given.
pub(super) const GIVEN: &str = "INSERT INTO people_numbers (guild, last) VALUES ($1, $2) \
    ON CONFLICT (guild) DO UPDATE SET last = \
    CASE WHEN people_numbers.last < $2 THEN $2 ELSE people_numbers.last END";

/// Somebody who may be new.
#[derive(Debug)]
pub(super) struct New {
    pub guild: GuildId,
    pub tag: Vec<u8>,
    pub sealed_user: Vec<u8>,
    pub key: DataKey,
    pub at: Timestamp,
}

impl Store {
    pub fn sqlite(directory: &Path) -> Result<Self, LogError> {
        let path = directory.join(FILE);
        let mut connection = Connection::open(&path).map_err(|error| from_sqlite(&error))?;
        migrate::sqlite(&mut connection, migrate::SQLITE_PEOPLE)?;
        drop(connection);
        Db::open_sqlite(&path, Durability::Full).map(Self)
    }

    pub async fn postgres(pool: sqlx::PgPool) -> Result<Self, LogError> {
        let mut connection = pool.acquire().await.map_err(|error| from_sqlx(&error))?;
        migrate::postgres(&mut connection, migrate::POSTGRES).await?;
        drop(connection);
        Ok(Self(Db::Postgres(pool)))
    }

    /// The check value of the master key that the registry was made with: `ours`, when it is new.
    pub async fn check_value(&self, ours: &[u8]) -> Result<Vec<u8>, LogError> {
        let insert = "INSERT INTO people_meta (key, value) VALUES ('master-key', $1) \
                      ON CONFLICT DO NOTHING";
        let select = "SELECT value FROM people_meta WHERE key = 'master-key'";
        let found = self.0.query(select, &[]).await?;
        if let Some(row) = found.first() {
            return row.blob(0).map(<[u8]>::to_vec);
        }
        self.0.execute(insert, &values![ours]).await?;
        let found = self.0.query(select, &[]).await?;
        found.first().map_or(Ok(Vec::new()), |row| row.blob(0).map(<[u8]>::to_vec))
    }

    /// The numbers of these people of one guild; of whom there is none, nothing.
    pub async fn find(
        &self,
        guild: GuildId,
        tags: &[&[u8]],
    ) -> Result<HashMap<Vec<u8>, PersonId>, LogError> {
        let mut found = HashMap::with_capacity(tags.len());
        for tags in tags.chunks(ASKED_AT_ONCE) {
            let (sql, parameters) = find_some(guild, tags);
            for row in self.0.query(&sql, &parameters).await? {
                found.insert(row.blob(0)?.to_vec(), person(row.int(1)?)?);
            }
        }
        Ok(found)
    }

    /// The same person in several guilds, in as few statements as go.
    pub async fn find_in(
        &self,
        tags: &[(GuildId, Vec<u8>)],
    ) -> Result<Vec<(GuildId, PersonId)>, LogError> {
        /// Guilds of one statement.
        const AT_ONCE: usize = 100;
        let mut found = Vec::new();
        for tags in tags.chunks(AT_ONCE) {
            let pair = |place: usize| {
                format!("(guild = ${} AND user_tag = ${})", 2 * place + 1, 2 * place + 2)
            };
            let pairs: Vec<_> = (0..tags.len()).map(pair).collect();
            let sql = format!("SELECT guild, person FROM people WHERE {}", pairs.join(" OR "));
            let mut parameters = Vec::with_capacity(2 * tags.len());
            for (guild, tag) in tags {
                parameters.extend(values![*guild, tag.as_slice()]);
            }
            for row in self.0.query(&sql, &parameters).await? {
                let guild = GuildId::from_i64(row.int(0)?)
                    .map_err(|error| LogError::Corrupt(error.to_string()))?;
                found.push((guild, person(row.int(1)?)?));
            }
        }
        Ok(found)
    }

    pub async fn row(&self, guild: GuildId, person: PersonId) -> Result<Option<Row>, LogError> {
        let sql = "SELECT guild, person, user_tag, sealed_user, wrapped_key, created_at \
                   FROM people WHERE guild = $1 AND person = $2";
        let rows = self.0.query(sql, &values![guild, person]).await?;
        rows.first().map(read).transpose()
    }

    /// Rows of several people of one guild, in as few statements as go.
    pub async fn rows_of(
        &self,
        guild: GuildId,
        persons: &[PersonId],
    ) -> Result<Vec<Row>, LogError> {
        let mut found = Vec::with_capacity(persons.len());
        for persons in persons.chunks(ASKED_AT_ONCE) {
            let (places, parameters) =
                asked_for(guild, persons.iter().map(|person| (*person).into()));
            let sql = format!(
                "SELECT guild, person, user_tag, sealed_user, wrapped_key, created_at \
                 FROM people WHERE guild = $1 AND person IN ({places})"
            );
            for row in self.0.query(&sql, &parameters).await? {
                found.push(read(&row)?);
            }
        }
        Ok(found)
    }

    pub async fn rows_after(
        &self,
        (guild, person): (i64, i64),
        limit: usize,
    ) -> Result<Vec<Row>, PeopleError> {
        let sql = "SELECT guild, person, user_tag, sealed_user, wrapped_key, created_at \
                   FROM people WHERE guild > $1 OR (guild = $1 AND person > $2) \
                   ORDER BY guild, person LIMIT $3";
        let rows = self.0.query(sql, &values![guild, person, limit as u64]).await?;
        rows.iter().map(|row| Ok(read(row)?)).collect()
    }

    pub async fn count(&self) -> Result<u64, PeopleError> {
        let rows = self.0.query("SELECT COUNT(*) FROM people", &[]).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.count(0))?)
    }

    /// Gives each of them the next number of their guild, or tells the one that they have, all in
    /// one transaction. Durable when this returns.
    pub async fn insert(
        &self,
        all: &[&New],
        wrap: impl Fn(&New, GuildId, PersonId) -> Result<Vec<u8>, PeopleError>,
    ) -> Result<Vec<PersonId>, PeopleError> {
        // Everybody locks the counters of guilds in the same order, so that nobody waits in a ring.
        let mut guilds = BTreeMap::<GuildId, Vec<usize>>::new();
        for (at, new) in all.iter().enumerate() {
            guilds.entry(new.guild).or_default().push(at);
        }
        let mut given = vec![PersonId(0); all.len()];
        let mut tx = self.0.begin().await?;
        for (guild, places) in guilds {
            let news: Vec<&New> = places.iter().map(|at| all[*at]).collect();
            let numbers = number(&mut tx, guild, &news, &wrap).await?;
            for (at, person) in places.into_iter().zip(numbers) {
                given[at] = person;
            }
        }
        tx.commit().await?;
        Ok(given)
    }

    pub async fn restore(&self, row: &Row) -> Result<bool, PeopleError> {
        let mut tx = self.0.begin().await?;
        let insert = format!("{INSERT} ON CONFLICT DO NOTHING");
        let inserted = tx.execute(&insert, &row_values(row)).await? == 1;
        tx.execute(GIVEN, &values![row.guild, row.person]).await?;
        tx.commit().await?;
        Ok(inserted)
    }

    pub async fn replace_all(&self, rows: &[Row], check: &[u8]) -> Result<(), PeopleError> {
        let mut tx = self.0.begin().await?;
        let update = "UPDATE people SET user_tag = $3, wrapped_key = $4 \
                      WHERE guild = $1 AND person = $2";
        for row in rows {
            let (tag, key) = (row.user_tag.as_slice(), row.wrapped_key.as_slice());
            tx.execute(update, &values![row.guild, row.person, tag, key]).await?;
        }
        let meta = "UPDATE people_meta SET value = $1 WHERE key = 'master-key'";
        tx.execute(meta, &values![check]).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes these rows and what the store keeps of deleted rows. Their numbers stay given.
    pub async fn destroy(&self, people: &[(GuildId, PersonId)]) -> Result<(), PeopleError> {
        let mut tx = self.0.begin().await?;
        let mut gone = 0;
        for (guild, person) in people {
            let sql = "DELETE FROM people WHERE guild = $1 AND person = $2";
            gone += tx.execute(sql, &values![*guild, *person]).await?;
            tx.execute(GIVEN, &values![*guild, *person]).await?;
        }
        if gone > 0 {
            let due = "INSERT INTO people_meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            tx.execute(due, &values![SWEEP, [1_u8].as_slice()]).await?;
        }
        tx.commit().await?;
        self.sweep().await
    }

    /// Both stores leave bytes of deleted rows where they lay: in free space of pages, and SQLite
    /// in its write-ahead log. Tried until it is done, also after a crash.
    async fn sweep(&self) -> Result<(), PeopleError> {
        let due = "SELECT value FROM people_meta WHERE key = $1";
        if self.0.query(due, &values![SWEEP]).await?.is_empty() {
            return Ok(());
        }
        let script = if self.0.is_sqlite() { "VACUUM" } else { SWEEP_POSTGRES };
        let swept = match self.0.run_script(script).await {
            Ok(()) => self.0.empty_write_ahead_log().await,
            Err(error) => Err(error),
        };
        match swept {
            Ok(true) => {
                let done = "DELETE FROM people_meta WHERE key = $1";
                self.0.execute(done, &values![SWEEP]).await?;
            }
            Ok(false) => tracing::warn!(
                "people.db is being read: what is left of an erased row in its write-ahead log \
                 goes with the next erasure or restart"
            ),
            Err(error) => tracing::warn!(
                %error, "what is left of an erased row goes with the next erasure or restart"
            ),
        }
        Ok(())
    }
}

fn read(row: &sql::Row) -> Result<Row, LogError> {
    Ok(Row {
        guild: GuildId::from_i64(row.int(0)?)
            .map_err(|error| LogError::Corrupt(format!("people: {error}")))?,
        person: person(row.int(1)?)?,
        user_tag: row.blob(2)?.to_vec(),
        sealed_user: row.blob(3)?.to_vec(),
        wrapped_key: row.blob(4)?.to_vec(),
        created_at: Timestamp::from_micros(row.int(5)?),
    })
}

pub(super) fn row_values(row: &Row) -> [sql::Value; 6] {
    values![
        row.guild,
        row.person,
        row.user_tag.as_slice(),
        row.sealed_user.as_slice(),
        row.wrapped_key.as_slice(),
        row.created_at,
    ]
}

/// Of one guild; some may have come twice, and some may have their number already.
async fn number(
    tx: &mut Tx,
    guild: GuildId,
    news: &[&New],
    wrap: &impl Fn(&New, GuildId, PersonId) -> Result<Vec<u8>, PeopleError>,
) -> Result<Vec<PersonId>, PeopleError> {
    // Locks the guild's counter: two processes take turns from here to the commit.
    let lock = "INSERT INTO people_numbers (guild, last) VALUES ($1, 0) \
                ON CONFLICT (guild) DO UPDATE SET last = people_numbers.last RETURNING last";
    let rows = tx.query(lock, &values![guild]).await?;
    let before = rows.first().map_or(Ok(0), |row| row.int(0))?;
    let tags: Vec<_> = news.iter().map(|new| new.tag.as_slice()).collect();
    let mut known = HashMap::with_capacity(tags.len());
    for tags in tags.chunks(ASKED_AT_ONCE) {
        let (sql, parameters) = find_some(guild, tags);
        for row in tx.query(&sql, &parameters).await? {
            known.insert(row.blob(0)?.to_vec(), person(row.int(1)?)?);
        }
    }
    let (mut last, mut rows) = (before, Vec::new());
    let mut given = Vec::with_capacity(news.len());
    for new in news {
        if let Some(person) = known.get(&new.tag) {
            given.push(*person);
            continue;
        }
        last += 1;
        let number = person(last)?;
        let wrapped = wrap(new, guild, number)?;
        let New { tag, sealed_user, at, .. } = new;
        rows.push(values![guild, number, tag.as_slice(), sealed_user.as_slice(), wrapped, *at]);
        known.insert(tag.clone(), number);
        given.push(number);
    }
    if last > before {
        tx.execute(GIVEN, &values![guild, last]).await?;
        // A number that is somebody's already is an error, and nobody here is given one.
        tx.execute_many(INSERT, &rows).await?;
    }
    Ok(given)
}

/// Which of these tags of a guild have which number.
fn find_some(guild: GuildId, tags: &[&[u8]]) -> (String, Vec<Value>) {
    let (places, parameters) = asked_for(guild, tags.iter().map(|tag| (*tag).into()));
    let sql =
        format!("SELECT user_tag, person FROM people WHERE guild = $1 AND user_tag IN ({places})");
    (sql, parameters)
}

/// A guild and several of something: their places in a statement, and all of its parameters. There
/// are few such statements, so that the store knows each of them already: in the places that are left
/// over the last one stands again.
fn asked_for(guild: GuildId, asked: impl ExactSizeIterator<Item = Value>) -> (String, Vec<Value>) {
    let many = asked.len().next_power_of_two();
    let places: Vec<_> = (2..2 + many).map(|place| format!("${place}")).collect();
    let mut parameters = values![guild].to_vec();
    parameters.extend(asked);
    if let Some(last) = parameters.last().cloned() {
        parameters.resize(1 + many, last);
    }
    (places.join(", "), parameters)
}

fn person(number: i64) -> Result<PersonId, LogError> {
    u32::try_from(number)
        .map(PersonId)
        .map_err(|_| LogError::Corrupt(format!("people: {number} is no person number")))
}
