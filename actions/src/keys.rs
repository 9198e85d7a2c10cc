//! Keys to the API: who makes one, which are in force, and when each was used. A key belongs to one
//! member in one community; what asks with it is a [`Caller`] that may no more than its owner at that
//! moment, and than its scopes name.
//!
//! Which keys there are is history, so one that was revoked is refused wherever the log is read. What
//! was read is believed for [`AGE`]; only here it is forgotten at once.

pub mod text;

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    Decider as _, GuildId, IdempotencyKey, KeyId, PersonId, Personal, Timestamp,
    digest::Digest,
    keys::{Command, Event, Key, Keys, LONGEST_SECS, Scope},
};
use eventlog::{LogError, StreamId, decode, sql::Db, values};
use lru::LruCache;
use parking_lot::Mutex;

use crate::{ActionError, Actions, Caller, Permission, ThroughKey};

/// A key that was revoked in another process is let through for so long at most.
const AGE: Duration = Duration::from_secs(1);
/// Communities whose keys are remembered.
const CACHED: NonZeroUsize = NonZeroUsize::new(2_000).expect("it is not zero");
/// When a key was last used is written down this often.
const USED_EVERY: Duration = Duration::from_mins(1);
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");
const PAGE: usize = 500;

/// A key that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub id: KeyId,
    pub guild: GuildId,
    pub owner: PersonId,
    pub scopes: Vec<Scope>,
    pub ends_at: Timestamp,
}

impl Held {
    pub fn through(&self) -> ThroughKey {
        ThroughKey { scopes: self.scopes.clone(), ends_at: self.ends_at }
    }
}

/// What somebody wants a key to be.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub name: &'a str,
    pub scopes: &'a [Scope],
    pub ends_at: Timestamp,
}

/// A key that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub id: KeyId,
    /// The key itself. It is told once: none where this had been asked for before.
    pub secret: Option<String>,
}

/// A line of a list of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLine {
    pub id: KeyId,
    pub owner: PersonId,
    /// None where its owner was erased.
    pub name: Option<String>,
    pub scopes: Vec<Scope>,
    pub made_at: Timestamp,
    pub ends_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

type List = Arc<HashMap<KeyId, Key>>;

#[derive(Clone)]
pub(crate) struct Cache(Arc<Kept>);

struct Kept {
    lists: Mutex<LruCache<GuildId, (List, Instant)>>,
    used: Mutex<LruCache<KeyId, Instant>>,
}

impl Default for Cache {
    fn default() -> Self {
        let lists = Mutex::new(LruCache::new(CACHED));
        Self(Arc::new(Kept { lists, used: Mutex::new(LruCache::new(REMEMBERED)) }))
    }
}

fn stream(guild: GuildId) -> StreamId {
    StreamId::of_guild(Keys::CAPABILITY, guild)
}

impl Actions {
    /// The key with this hash; none where there is none in force.
    pub async fn key_of(&self, guild: GuildId, hash: &Digest) -> Result<Option<Held>, ActionError> {
        let keys = self.keys_of(guild).await?;
        let found = keys.iter().find(|(_, key)| key.hash == *hash);
        Ok(found.and_then(|(id, key)| self.in_force(guild, *id, key)))
    }

    pub async fn key_by_id(&self, guild: GuildId, id: KeyId) -> Result<Option<Held>, ActionError> {
        let keys = self.keys_of(guild).await?;
        Ok(keys.get(&id).and_then(|key| self.in_force(guild, id, key)))
    }

    fn in_force(&self, guild: GuildId, id: KeyId, key: &Key) -> Option<Held> {
        let (owner, scopes, ends_at) = (key.owner, key.scopes.clone(), key.ends_at);
        key.holds(self.now()).then_some(Held { id, guild, owner, scopes, ends_at })
    }

    async fn keys_of(&self, guild: GuildId) -> Result<List, ActionError> {
        if let Some((list, at)) = self.keys.0.lists.lock().get(&guild)
            && at.elapsed() < AGE
        {
            return Ok(Arc::clone(list));
        }
        let at = Instant::now();
        let list = self.keys_now(guild).await?;
        self.keys.0.lists.lock().put(guild, (Arc::clone(&list), at));
        Ok(list)
    }

    async fn keys_now(&self, guild: GuildId) -> Result<List, ActionError> {
        let all = |state: &domain::keys::State, _| {
            Arc::new(state.all().map(|(id, key)| (id, key.clone())).collect::<HashMap<_, _>>())
        };
        Ok(self.bus().read::<Keys, _>(&stream(guild), all).await?)
    }

    /// Makes a key for whoever asks. One that is made with a key may no more than that one, and ends
    /// no later.
    #[tracing::instrument(name = "keys.create", level = "debug", skip_all)]
    pub async fn create_key(
        &self,
        guild: GuildId,
        caller: &Caller,
        wanted: &Wanted<'_>,
        key: &IdempotencyKey,
    ) -> Result<Made, ActionError> {
        let user = caller.user().ok_or(ActionError::NotYourself)?;
        self.require_unblocked(guild, user).await?;
        if let Some(through) = caller.key() {
            let more = wanted.scopes.iter().any(|scope| !through.scopes.contains(scope));
            if more || wanted.ends_at > through.ends_at {
                let text = "A key that is made with a key has no more scopes than that one, and ends \
                            no later.";
                return Err(ActionError::Refused {
                    rule: "keys.more_than_its_own",
                    text: text.into(),
                });
            }
        }
        let owner = self.people().person(guild, user).await?;
        let secret = text::fresh(guild);
        let command = Command::Create {
            key: KeyId(uuid::Uuid::new_v4()),
            owner,
            name: Personal::clear(owner, wanted.name.trim().to_owned()),
            hash: text::hash(&secret),
            scopes: wanted.scopes.to_vec(),
            ends_at: wanted.ends_at,
            at: self.now(),
        };
        let request = self.request(guild, caller, key, None).await?;
        let made = self.bus().execute::<Keys>(&stream(guild), &command, &request).await?;
        self.keys.0.lists.lock().pop(&guild);
        let id = made.events.iter().find_map(|event| match event {
            Event::Created { key, .. } => Some(*key),
            Event::Revoked { .. } => None,
        });
        let id = id.ok_or_else(|| {
            ActionError::BadInput("This idempotency key did something else before.".to_owned())
        })?;
        Ok(Made { id, secret: (!made.repeated).then_some(secret) })
    }

    /// Revokes a key of whoever asks, or anybody's where they manage access.
    #[tracing::instrument(name = "keys.revoke", level = "debug", skip_all)]
    pub async fn revoke_key(
        &self,
        guild: GuildId,
        caller: &Caller,
        id: KeyId,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let manages = self.authorise(guild, caller, Permission::ManageAccess).await.is_ok();
        let of = match caller.user() {
            Some(user) if !manages => Some(self.people().person(guild, user).await?),
            _ => None,
        };
        let command = Command::Revoke { key: id, of, at: self.now() };
        let request = self.request(guild, caller, key, None).await?;
        self.bus().execute::<Keys>(&stream(guild), &command, &request).await?;
        self.keys.0.lists.lock().pop(&guild);
        let sql = "DELETE FROM api_key_uses WHERE key_id = $1";
        self.work.execute(sql, &values![id.to_string()]).await?;
        Ok(())
    }

    /// The keys in force of whoever asks, or everybody's where they manage access; newest first.
    pub async fn keys(
        &self,
        guild: GuildId,
        caller: &Caller,
        everybodys: bool,
    ) -> Result<Vec<KeyLine>, ActionError> {
        let own = if everybodys {
            self.authorise(guild, caller, Permission::ManageAccess).await?;
            None
        } else {
            let user = caller.user().ok_or(ActionError::NotYourself)?;
            let Some(person) = self.people().find(guild, user).await? else {
                return Ok(Vec::new());
            };
            Some(person)
        };
        let now = self.now();
        let all = self.keys_now(guild).await?;
        let wanted = |key: &Key| key.holds(now) && own.is_none_or(|own| key.owner == own);
        let mut names = self.names_of_keys(guild, |id| all.get(&id).is_some_and(wanted)).await?;
        let used = uses(&self.work, guild).await?;
        let line = |(id, key): (&KeyId, &Key)| KeyLine {
            id: *id,
            owner: key.owner,
            name: names.remove(id),
            scopes: key.scopes.clone(),
            made_at: key.made_at,
            ends_at: key.ends_at,
            used_at: used.get(&id.to_string()).copied(),
        };
        let mut lines: Vec<_> = all.iter().filter(|(_, key)| wanted(key)).map(line).collect();
        lines.sort_by_key(|line| (std::cmp::Reverse(line.made_at), line.id));
        Ok(lines)
    }

    async fn names_of_keys(
        &self,
        guild: GuildId,
        wanted: impl Fn(KeyId) -> bool,
    ) -> Result<HashMap<KeyId, String>, ActionError> {
        let (mut names, mut after) = (HashMap::new(), 0);
        loop {
            let page = self.bus().log().read_stream(&stream(guild), after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(names) };
            after = last.version;
            for recorded in &page {
                let mut event: Event = decode(recorded)?;
                let Event::Created { key, .. } = &event else { continue };
                let id = *key;
                if !wanted(id) {
                    continue;
                }
                self.people().open_event(guild, recorded.id, &mut event).await?;
                if let Event::Created { name, .. } = event {
                    names.extend(name.value().cloned().map(|name| (id, name)));
                }
            }
        }
    }

    /// That a key was used, at most once a minute.
    pub async fn note_key_used(&self, guild: GuildId, id: KeyId) -> Result<(), ActionError> {
        {
            let mut used = self.keys.0.used.lock();
            if used.get(&id).is_some_and(|at| at.elapsed() < USED_EVERY) {
                return Ok(());
            }
            used.put(id, Instant::now());
        }
        let now = self.now();
        let gone = "DELETE FROM api_key_uses WHERE used_at < $1";
        self.work.execute(gone, &values![now.plus_secs(-LONGEST_SECS)]).await?;
        let sql = "INSERT INTO api_key_uses (key_id, guild_id, used_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (key_id) DO UPDATE SET used_at = excluded.used_at";
        self.work.execute(sql, &values![id.to_string(), guild, now]).await?;
        Ok(())
    }
}

async fn uses(work: &Db, guild: GuildId) -> Result<HashMap<String, Timestamp>, LogError> {
    let sql = "SELECT key_id, used_at FROM api_key_uses WHERE guild_id = $1";
    let rows = work.query(sql, &values![guild]).await?;
    let line = |row: &eventlog::sql::Row| {
        Ok((row.text(0)?.to_owned(), Timestamp::from_micros(row.int(1)?)))
    };
    rows.iter().map(line).collect()
}
