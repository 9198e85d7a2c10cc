//! The people registry: who a person number stands for, and that person's key.
//!
//! It lies beside the log, never in it. Erasing a person destroys the row, and with it everything
//! that was sealed with the key: in the log, in read models, in snapshots and in backups of them.
//! The list of erasures is kept apart from all stores, so that no restore brings anyone back.

pub mod backup;
mod crypto;
mod erasures;
mod store;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{DomainEvent, EventId, GuildId, PersonId, PersonalField, Timestamp, UserId};
use lru::LruCache;
use parking_lot::Mutex;

use self::store::Store;
pub use self::{
    crypto::{DataKey, MasterKey},
    erasures::{Erasure, Erasures},
    store::Row,
};
use crate::log::{Clock, LogError};

const CACHED_KEYS: usize = 65_536;
/// Another process may erase somebody; after this long our copy of the key is gone too.
const KEY_AGE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, thiserror::Error)]
pub enum PeopleError {
    #[error(transparent)]
    Store(#[from] LogError),
    #[error("the master key must be 64 hexadecimal digits or 32 bytes in base64")]
    MasterKeyFormat,
    #[error(
        "the master key is not the one that this registry was made with; set the right \
         REEVE_MASTER_KEY (or key file), or the old one as REEVE_PREVIOUS_MASTER_KEY to change keys"
    )]
    WrongMasterKey,
    #[error("person {person} of guild {guild} has no key: erased, or never seen here")]
    NoKey { guild: GuildId, person: PersonId },
    #[error("the key of person {person} of guild {guild} is damaged; restore it from a key backup")]
    DamagedKey { guild: GuildId, person: PersonId },
    #[error("the system gives no random numbers: {0}")]
    NoRandomness(String),
    #[error("this text is too long to seal")]
    TooLongToSeal,
    #[error("the list of erasures {path} cannot be used: {problem}")]
    Erasures { path: String, problem: String },
    #[error("{0}")]
    Backup(String),
}

/// The registry of all guilds.
#[derive(Debug)]
pub struct People {
    store: Store,
    master: MasterKey,
    erasures: Erasures,
    clock: Clock_,
    keys: Mutex<LruCache<(GuildId, PersonId), (Arc<DataKey>, Instant)>>,
    persons: Mutex<LruCache<(GuildId, UserId), (PersonId, Instant)>>,
}

struct Clock_(Clock);

impl std::fmt::Debug for Clock_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// What a registry needs besides its store.
#[derive(Clone, Debug)]
pub struct PeopleOptions {
    pub master: MasterKey,
    /// The key before a change of keys: everything is wrapped anew at opening.
    pub previous: Option<MasterKey>,
    pub erasures_file: PathBuf,
}

impl People {
    pub async fn open_sqlite(
        directory: &Path,
        options: PeopleOptions,
        clock: Clock,
    ) -> Result<Self, PeopleError> {
        Self::open(Store::sqlite(directory)?, options, clock).await
    }

    pub async fn open_postgres(
        pool: sqlx::PgPool,
        options: PeopleOptions,
        clock: Clock,
    ) -> Result<Self, PeopleError> {
        Self::open(Store::postgres(pool), options, clock).await
    }

    async fn open(store: Store, options: PeopleOptions, clock: Clock) -> Result<Self, PeopleError> {
        let PeopleOptions { master, previous, erasures_file } = options;
        let expected = master.check_value();
        let found = store.check_value(&expected).await?;
        let people = Self {
            store,
            master,
            erasures: Erasures::open(&erasures_file)?,
            clock: Clock_(clock),
            keys: Mutex::new(LruCache::unbounded()),
            persons: Mutex::new(LruCache::unbounded()),
        };
        if found != expected {
            match previous {
                Some(previous) if previous.check_value() == found => {
                    people.rewrap(&previous, &expected).await?;
                }
                _ => return Err(PeopleError::WrongMasterKey),
            }
        }
        // A restored registry may hold people who were erased since.
        for erasure in people.erasures.all()? {
            people.destroy(erasure.guild, erasure.person).await?;
        }
        Ok(people)
    }

    /// The person's number, given at first sight. Durable when this returns.
    pub async fn person(&self, guild: GuildId, user: UserId) -> Result<PersonId, PeopleError> {
        if let Some(person) = fresh(&mut self.persons.lock(), &(guild, user)) {
            return Ok(person);
        }
        if let Some(person) = self.find(guild, user).await? {
            return Ok(person);
        }
        let key = DataKey::generate()?;
        let tag = self.master.tag(guild, user);
        let sealed_user = key.seal_user(user)?;
        let now = (self.clock.0)();
        let wrap = |person| self.master.wrap(&key, guild, person);
        let person = self.store.insert(guild, &tag, &sealed_user, now, wrap).await?;
        keep(&mut self.persons.lock(), (guild, user), person);
        Ok(person)
    }

    /// The person's number, if this user was ever seen here and not erased.
    pub async fn find(
        &self,
        guild: GuildId,
        user: UserId,
    ) -> Result<Option<PersonId>, PeopleError> {
        let person = self.store.find(guild, &self.master.tag(guild, user)).await?;
        if let Some(person) = person {
            keep(&mut self.persons.lock(), (guild, user), person);
        }
        Ok(person)
    }

    /// Who a number stands for; none once erased.
    pub async fn user(
        &self,
        guild: GuildId,
        person: PersonId,
    ) -> Result<Option<UserId>, PeopleError> {
        let Some(row) = self.store.row(guild, person).await? else { return Ok(None) };
        let key = self.master.unwrap(&row.wrapped_key, guild, person)?;
        Ok(key.open_user(&row.sealed_user))
    }

    /// The person's key from memory.
    pub fn cached_key(&self, guild: GuildId, person: PersonId) -> Option<Arc<DataKey>> {
        fresh(&mut self.keys.lock(), &(guild, person))
    }

    pub async fn key(&self, guild: GuildId, person: PersonId) -> Result<Arc<DataKey>, PeopleError> {
        if let Some(key) = self.cached_key(guild, person) {
            return Ok(key);
        }
        let row = self.store.row(guild, person).await?;
        let row = row.ok_or(PeopleError::NoKey { guild, person })?;
        let key = Arc::new(self.master.unwrap(&row.wrapped_key, guild, person)?);
        keep(&mut self.keys.lock(), (guild, person), Arc::clone(&key));
        Ok(key)
    }

    /// Opens what can be opened of an event's personal fields; what cannot is erased.
    pub async fn open_event<E: DomainEvent>(
        &self,
        guild: GuildId,
        id: EventId,
        event: &mut E,
    ) -> Result<(), PeopleError> {
        let mut owners = Vec::new();
        event.visit_personal(&mut |_, field| owners.push(field.owner()));
        let mut keys = HashMap::new();
        for owner in owners {
            match self.key(guild, owner).await {
                Ok(key) => drop(keys.insert(owner, key)),
                Err(PeopleError::NoKey { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        event.visit_personal(&mut |name, field: &mut dyn PersonalField| {
            let opened = match (keys.get(&field.owner()), field.sealed()) {
                (Some(key), Some(sealed)) => key.open_field(sealed, id, name),
                _ => None,
            };
            if !opened.is_some_and(|bytes| field.open(&bytes)) {
                field.erase();
            }
        });
        Ok(())
    }

    /// How many people the registry holds.
    pub async fn count(&self) -> Result<u64, PeopleError> {
        self.store.count().await
    }

    /// A page of the registry, for key backups and for changing the master key.
    pub async fn rows_after(
        &self,
        after: (i64, i64),
        limit: usize,
    ) -> Result<Vec<Row>, PeopleError> {
        self.store.rows_after(after, limit).await
    }

    /// Puts a row of a key backup back, unless it is there or was erased.
    pub(crate) async fn restore_row(&self, row: &Row) -> Result<bool, PeopleError> {
        if self.erasures.contains(row.guild, row.person)? {
            return Ok(false);
        }
        self.store.restore(row).await
    }

    pub(crate) fn master(&self) -> &MasterKey {
        &self.master
    }

    pub fn now(&self) -> Timestamp {
        (self.clock.0)()
    }

    pub const fn erasures(&self) -> &Erasures {
        &self.erasures
    }

    /// First step of an erasure: from now on no restart and no restore forgets it.
    pub fn list_erasure(&self, guild: GuildId, person: PersonId) -> Result<(), PeopleError> {
        self.erasures.add(Erasure { guild, person, at: self.now() })
    }

    /// Last step of an erasure: the row and the key are gone.
    pub async fn destroy(&self, guild: GuildId, person: PersonId) -> Result<(), PeopleError> {
        self.store.destroy(guild, person).await?;
        self.keys.lock().pop(&(guild, person));
        let mut persons = self.persons.lock();
        let users: Vec<_> = persons
            .iter()
            .filter(|((of, _), (known, _))| *of == guild && *known == person)
            .map(|(key, _)| *key)
            .collect();
        for user in users {
            persons.pop(&user);
        }
        Ok(())
    }

    async fn rewrap(&self, previous: &MasterKey, check: &[u8]) -> Result<(), PeopleError> {
        let mut rewrapped = Vec::new();
        let mut after = (i64::MIN, i64::MIN);
        loop {
            let rows = self.store.rows_after(after, 1000).await?;
            let Some(last) = rows.last() else { break };
            after = (last.guild.as_i64(), i64::from(last.person.0));
            for mut row in rows {
                let key = previous.unwrap(&row.wrapped_key, row.guild, row.person)?;
                let user = key
                    .open_user(&row.sealed_user)
                    .ok_or(PeopleError::DamagedKey { guild: row.guild, person: row.person })?;
                row.wrapped_key = self.master.wrap(&key, row.guild, row.person)?;
                row.user_tag = self.master.tag(row.guild, user);
                rewrapped.push(row);
            }
        }
        self.store.replace_all(&rewrapped, check).await
    }
}

fn fresh<K: std::hash::Hash + Eq, V: Clone>(
    cache: &mut LruCache<K, (V, Instant)>,
    key: &K,
) -> Option<V> {
    let (value, kept) = cache.get(key)?;
    if kept.elapsed() < KEY_AGE {
        return Some(value.clone());
    }
    cache.pop(key);
    None
}

fn keep<K: std::hash::Hash + Eq, V>(cache: &mut LruCache<K, (V, Instant)>, key: K, value: V) {
    cache.put(key, (value, Instant::now()));
    if cache.len() > CACHED_KEYS {
        cache.pop_lru();
    }
}
