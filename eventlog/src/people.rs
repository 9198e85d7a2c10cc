//! The people registry: who a person number stands for, and that person's key.
//!
//! It lies beside the log, never in it. Erasing a person destroys the row, and with it everything
//! that was sealed with the key: in the log, in read models, in snapshots and in backups of them.
//! The list of erasures is kept apart from all stores, so that no restore brings anyone back.

mod arrivals;
pub mod backup;
mod crypto;
mod erasures;
mod registry;
mod store;

use std::{
    collections::HashMap,
    hash::Hash,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use domain::{DomainEvent, EventId, GuildId, PersonId, PersonalField, Timestamp, UserId};
use lru::LruCache;
use parking_lot::Mutex;

use self::{
    arrivals::Arrivals,
    store::{New, Store},
};
pub use self::{
    crypto::{DataKey, DayKey, MasterKey},
    erasures::{Erasure, Erasures},
    registry::{Numbers, Registry},
    store::Row,
};
use crate::{
    log::{Clock, LogError},
    turns::NoAnswer,
};

const CACHED_KEYS: usize = 65_536;
/// What a day's key is wrapped for.
const DAYS: &str = "days";
/// Another process may erase somebody; after this long our copy of the key is gone too.
const KEY_AGE_SECS: u32 = 60;

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

impl From<NoAnswer> for PeopleError {
    fn from(none: NoAnswer) -> Self {
        Self::Store(none.into())
    }
}

/// The registry of all guilds.
#[derive(Debug)]
pub struct People {
    store: Store,
    arrivals: Arrivals,
    master: MasterKey,
    previous: Option<MasterKey>,
    erasures: Erasures,
    clock: Clock_,
    keys: Mutex<Kept<(GuildId, PersonId), Arc<DataKey>>>,
    persons: Mutex<Kept<(GuildId, UserId), PersonId>>,
}

/// What was read from the store not long ago. What was read before somebody was erased is not
/// kept after it, or a slow reader would bring that person back.
#[derive(Debug)]
struct Kept<K: Hash + Eq, V> {
    /// And since which second.
    values: LruCache<K, (V, u32)>,
    began: Instant,
    erasures: u64,
}

/// When a reading of the store began, in erasures.
#[derive(Clone, Copy)]
struct Since(u64);

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
        Self::open(Store::postgres(pool).await?, options, clock).await
    }

    async fn open(store: Store, options: PeopleOptions, clock: Clock) -> Result<Self, PeopleError> {
        let PeopleOptions { master, previous, erasures_file } = options;
        let expected = master.check_value();
        let found = store.check_value(&expected).await?;
        let people = Self {
            store,
            arrivals: Arrivals::default(),
            master,
            previous: previous.clone(),
            erasures: Erasures::open(&erasures_file)?,
            clock: Clock_(clock),
            keys: Mutex::default(),
            persons: Mutex::default(),
        };
        if found != expected {
            match previous {
                Some(previous) if previous.check_value() == found => {
                    people.rewrap(&previous, &expected).await?;
                }
                _ => return Err(PeopleError::WrongMasterKey),
            }
        }
        // A restored registry may hold people who were erased since, and may not know their
        // numbers as given.
        let erased = people.erasures.all()?;
        let erased: Vec<_> = erased.iter().map(|one| (one.guild, one.person)).collect();
        people.store.destroy(&erased).await?;
        Ok(people)
    }

    /// The person's number, given at first sight. Durable when this returns.
    pub async fn person(&self, guild: GuildId, user: UserId) -> Result<PersonId, PeopleError> {
        let kept = self.persons.lock().get(&(guild, user));
        if let Ok(person) = kept {
            return Ok(person);
        }
        let persons = self.persons(guild, [user]).await?;
        let none = || LogError::Corrupt("people: somebody was given no number".to_owned());
        Ok(persons.get(&user).copied().ok_or_else(none)?)
    }

    /// The same for many: with one look at the store, and one transaction for who is new.
    pub async fn persons(
        &self,
        guild: GuildId,
        users: impl IntoIterator<Item = UserId>,
    ) -> Result<HashMap<UserId, PersonId>, PeopleError> {
        let (mut persons, mut asked) = (HashMap::new(), Vec::new());
        let since = {
            let mut kept = self.persons.lock();
            for user in users {
                match kept.get(&(guild, user)) {
                    Ok(person) => drop(persons.insert(user, person)),
                    Err(_) => asked.push((user, self.master.tag(guild, user))),
                }
            }
            kept.since()
        };
        if asked.is_empty() {
            return Ok(persons);
        }
        let tags: Vec<_> = asked.iter().map(|(_, tag)| tag.as_slice()).collect();
        let found = self.store.find(guild, &tags).await?;
        let (mut came, mut news) = (Vec::new(), Vec::new());
        for (user, tag) in &asked {
            if !found.contains_key(tag) {
                let key = DataKey::generate()?;
                let (tag, sealed_user) = (tag.clone(), key.seal_user(*user)?);
                news.push(New { guild, tag, sealed_user, key, at: self.now() });
                came.push(*user);
            }
        }
        let given = if news.is_empty() {
            Vec::new()
        } else {
            self.arrivals.number(&self.store, &self.master, news).await?
        };
        let found = asked.iter().filter_map(|(user, tag)| Some((*user, *found.get(tag)?)));
        let numbered: Vec<_> = found.chain(came.into_iter().zip(given)).collect();
        let mut kept = self.persons.lock();
        for (user, person) in numbered {
            kept.keep((guild, user), person, since);
            persons.insert(user, person);
        }
        Ok(persons)
    }

    /// The person's number, if this user was ever seen here and not erased.
    pub async fn find(
        &self,
        guild: GuildId,
        user: UserId,
    ) -> Result<Option<PersonId>, PeopleError> {
        let since = self.persons.lock().since();
        let tag = self.master.tag(guild, user);
        let found = self.store.find(guild, &[&tag]).await?;
        let person = found.get(&tag).copied();
        if let Some(person) = person {
            self.persons.lock().keep((guild, user), person, since);
        }
        Ok(person)
    }

    /// In which of these guilds this user was ever seen and not erased, with their number there.
    pub async fn find_in(
        &self,
        guilds: &[GuildId],
        user: UserId,
    ) -> Result<Vec<(GuildId, PersonId)>, PeopleError> {
        let tags: Vec<_> =
            guilds.iter().map(|guild| (*guild, self.master.tag(*guild, user))).collect();
        Ok(self.store.find_in(&tags).await?)
    }

    /// A member as nobody can read who it is: for what is kept a while and counts per member, and
    /// has no number yet.
    pub fn keyed_hash(&self, guild: GuildId, user: UserId) -> Vec<u8> {
        self.master.keyed_hash(guild, user)
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

    /// Who several numbers stand for, in one look; those that were erased are left out.
    pub async fn users(
        &self,
        guild: GuildId,
        persons: &[PersonId],
    ) -> Result<HashMap<PersonId, UserId>, PeopleError> {
        let mut users = HashMap::with_capacity(persons.len());
        for row in self.store.rows_of(guild, persons).await? {
            let key = self.master.unwrap(&row.wrapped_key, guild, row.person)?;
            users.extend(key.open_user(&row.sealed_user).map(|user| (row.person, user)));
        }
        Ok(users)
    }

    /// The person's key from memory.
    pub fn cached_key(&self, guild: GuildId, person: PersonId) -> Option<Arc<DataKey>> {
        self.keys.lock().get(&(guild, person)).ok()
    }

    pub async fn key(&self, guild: GuildId, person: PersonId) -> Result<Arc<DataKey>, PeopleError> {
        if let Some(key) = self.cached_key(guild, person) {
            return Ok(key);
        }
        let mut keys = self.keys(guild, [person]).await?;
        keys.remove(&person).ok_or(PeopleError::NoKey { guild, person })
    }

    /// The keys of several, with one look at the store; of those who were erased there is none.
    pub async fn keys(
        &self,
        guild: GuildId,
        persons: impl IntoIterator<Item = PersonId>,
    ) -> Result<HashMap<PersonId, Arc<DataKey>>, PeopleError> {
        let (mut keys, mut asked) = (HashMap::new(), Vec::new());
        let since = {
            let mut kept = self.keys.lock();
            for person in persons {
                match kept.get(&(guild, person)) {
                    Ok(key) => drop(keys.insert(person, key)),
                    Err(_) => asked.push(person),
                }
            }
            kept.since()
        };
        for row in self.store.rows_of(guild, &asked).await? {
            let key = Arc::new(self.master.unwrap(&row.wrapped_key, guild, row.person)?);
            self.keys.lock().keep((guild, row.person), Arc::clone(&key), since);
            keys.insert(row.person, key);
        }
        Ok(keys)
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

    /// A key for one purpose, the same in every process of this installation.
    pub fn key_for(&self, purpose: &str) -> [u8; 32] {
        self.master.for_purpose(purpose)
    }

    /// The same for this key and the one before it, as long as that is configured: for what was
    /// made under the old one and is not over yet.
    pub fn keys_for(&self, purpose: &str) -> Vec<[u8; 32]> {
        let keys = std::iter::once(&self.master).chain(&self.previous);
        keys.map(|key| key.for_purpose(purpose)).collect()
    }

    /// A community's own key for one purpose. Made at random once and kept like a person's, so that
    /// it outlives a change of the master key: for hashes that events hold.
    pub async fn community_key(
        &self,
        guild: GuildId,
        purpose: &str,
    ) -> Result<[u8; 32], PeopleError> {
        let itself = UserId::new(guild.get()).map_err(|error| {
            PeopleError::Store(LogError::Corrupt(format!("a community's id: {error}")))
        })?;
        let number = self.person(GuildId::PLATFORM, itself).await?;
        Ok(self.key(GuildId::PLATFORM, number).await?.for_purpose(purpose))
    }

    /// A new key of a community's day, and the same as it may be stored. Whoever destroys what is
    /// stored has destroyed what was sealed with it.
    pub async fn new_day_key(
        &self,
        guild: GuildId,
        context: &str,
    ) -> Result<(DayKey, Vec<u8>), PeopleError> {
        DayKey::generate(self.community_key(guild, DAYS).await?, context)
    }

    /// None where it is damaged, or of another context.
    pub async fn open_day_key(
        &self,
        guild: GuildId,
        context: &str,
        wrapped: &[u8],
    ) -> Result<Option<DayKey>, PeopleError> {
        Ok(DayKey::unwrap(self.community_key(guild, DAYS).await?, context, wrapped))
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

    /// Puts a row of a key backup back, unless it is there.
    pub(crate) async fn restore_row(&self, row: &Row) -> Result<bool, PeopleError> {
        self.store.restore(row).await
    }

    /// Whether the registry holds this person.
    pub(crate) async fn is_here(
        &self,
        guild: GuildId,
        person: PersonId,
    ) -> Result<bool, PeopleError> {
        Ok(self.store.row(guild, person).await?.is_some())
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
        self.store.destroy(&[(guild, person)]).await?;
        self.keys.lock().forget(|(of, owner), _| *of == guild && *owner == person);
        self.persons.lock().forget(|(of, _), known| *of == guild && *known == person);
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

impl<K: Hash + Eq + Clone, V: Clone> Kept<K, V> {
    /// What is kept of this; otherwise, when the reading begins.
    fn get(&mut self, key: &K) -> Result<V, Since> {
        let now = self.second();
        if let Some((value, kept)) = self.values.get(key) {
            if now - *kept < KEY_AGE_SECS {
                return Ok(value.clone());
            }
            self.values.pop(key);
        }
        Err(self.since())
    }

    const fn since(&self) -> Since {
        Since(self.erasures)
    }

    fn second(&self) -> u32 {
        u32::try_from(self.began.elapsed().as_secs()).unwrap_or(u32::MAX)
    }

    fn keep(&mut self, key: K, value: V, since: Since) {
        if since.0 != self.erasures {
            return;
        }
        self.values.put(key, (value, self.second()));
        if self.values.len() > CACHED_KEYS {
            self.values.pop_lru();
        }
    }

    fn forget(&mut self, is_gone: impl Fn(&K, &V) -> bool) {
        self.erasures += 1;
        let gone: Vec<K> = self
            .values
            .iter()
            .filter(|(key, (value, _))| is_gone(key, value))
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            self.values.pop(&key);
        }
    }
}

impl<K: Hash + Eq, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self { values: LruCache::unbounded(), began: Instant::now(), erasures: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_an_erasure_during_a_reading_then_what_was_read_is_not_kept() {
        let mut kept = Kept::<u32, &str>::default();
        let since = kept.get(&1).unwrap_err();
        kept.forget(|key, _| *key == 1);
        kept.keep(1, "read before the erasure", since);
        let since = kept.get(&1).unwrap_err();
        kept.keep(1, "read after it", since);
        assert_eq!(kept.get(&1).ok(), Some("read after it"));
        kept.forget(|key, _| *key == 2);
        assert_eq!(kept.get(&1).ok(), Some("read after it"));
    }

    #[test]
    fn given_more_than_fit_then_the_oldest_go() {
        let mut kept = Kept::<usize, ()>::default();
        for key in 0..=CACHED_KEYS {
            let since = kept.since();
            kept.keep(key, (), since);
        }
        assert_eq!(kept.values.len(), CACHED_KEYS);
        assert!(kept.get(&0).is_err());
        assert!(kept.get(&CACHED_KEYS).is_ok());
    }
}
