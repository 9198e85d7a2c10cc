//! Whom this bot does not serve, in one guild or anywhere. Asked before everything that a member
//! does, so the answer comes from memory: lists are read again when they changed, or after a while.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    Decider as _, GuildId, IdempotencyKey, PersonId, Personal, Timestamp, UserId,
    blocks::{Block, Blocks, Command, Event, Subject},
};
use eventlog::{StreamId, decode};
use lru::LruCache;
use parking_lot::Mutex;

use crate::{ActionError, Actions, Caller, Guard, Permission, Who};

/// No list is older than this when somebody is let through.
const AGE: Duration = Duration::from_secs(2);
/// Who they are is asked of the registry again after this long, though the list has not changed:
/// somebody may have been erased.
const IDS_AGE: Duration = Duration::from_mins(5);
/// Lists of this many scopes.
const CACHED: usize = 10_000;
const PAGE: usize = 500;

/// Where a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Guild(GuildId),
    /// Everywhere.
    Platform,
}

/// Who or what is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    User(UserId),
    /// A whole community; in the platform's scope only.
    Guild(GuildId),
}

/// A line of the list, for whoever may manage it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockLine {
    /// None where the person was erased.
    pub who: Option<Blocked>,
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    /// None where it cannot be opened any more.
    pub reason: Option<String>,
}

impl Scope {
    const fn guild(self) -> GuildId {
        match self {
            Self::Guild(guild) => guild,
            Self::Platform => GuildId::PLATFORM,
        }
    }
}

impl Blocked {
    /// What an id of the registry stands for.
    pub fn of(id: UserId, what: Subject) -> Result<Self, ActionError> {
        let guild = || GuildId::new(id.get());
        match what {
            Subject::Person => Ok(Self::User(id)),
            Subject::Guild => match guild() {
                Ok(guild) => Ok(Self::Guild(guild)),
                Err(error) => Err(ActionError::BadInput(error.to_string())),
            },
        }
    }

    /// Its id in the registry. Discord's ids differ among all its things, so one holds both.
    pub fn as_user(self) -> Result<UserId, ActionError> {
        match self {
            Self::User(user) => Ok(user),
            Self::Guild(guild) => {
                UserId::new(guild.get()).map_err(|error| ActionError::BadInput(error.to_string()))
            }
        }
    }

    pub const fn subject(self) -> Subject {
        match self {
            Self::User(_) => Subject::Person,
            Self::Guild(_) => Subject::Guild,
        }
    }
}

/// Of one scope: until when each id is blocked.
type List = Arc<HashMap<(u64, bool), Block>>;

/// What holds for members of one community.
struct BlocksOf {
    guild: GuildId,
    everywhere: List,
    here: List,
    now: Timestamp,
}

impl BlocksOf {
    fn check(&self, user: UserId) -> Result<(), ActionError> {
        let holds = |list: &List, key: (u64, bool)| {
            list.get(&key).copied().filter(|block| block.holds(self.now))
        };
        if holds(&self.everywhere, (self.guild.get(), true)).is_some() {
            return Err(ActionError::CommunityBlocked);
        }
        if let Some(block) = holds(&self.everywhere, (user.get(), false)) {
            return Err(ActionError::Blocked { everywhere: true, until: block.until });
        }
        match holds(&self.here, (user.get(), false)) {
            Some(block) => Err(ActionError::Blocked { everywhere: false, until: block.until }),
            None => Ok(()),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Cache(Arc<Mutex<LruCache<GuildId, Read>>>);

#[derive(Clone)]
struct Read {
    list: List,
    /// Of the stream.
    version: u64,
    /// When the stream was looked at.
    at: Instant,
    /// When the ids were read.
    ids_at: Instant,
}

impl Default for Cache {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::unbounded())))
    }
}

impl Actions {
    /// Refuses who is blocked, or whose community is.
    pub async fn require_unblocked(&self, guild: GuildId, user: UserId) -> Result<(), ActionError> {
        self.blocks_of(guild).await?.check(user)
    }

    /// Whoever of them is served.
    pub async fn unblocked(
        &self,
        guild: GuildId,
        mut users: Vec<UserId>,
    ) -> Result<Vec<UserId>, ActionError> {
        let blocks = self.blocks_of(guild).await?;
        users.retain(|user| blocks.check(*user).is_ok());
        Ok(users)
    }

    async fn blocks_of(&self, guild: GuildId) -> Result<BlocksOf, ActionError> {
        let everywhere = self.block_list(GuildId::PLATFORM).await?;
        let here = self.block_list(guild).await?;
        Ok(BlocksOf { guild, everywhere, here, now: self.now() })
    }

    /// Whether this bot serves a community at all.
    pub async fn serves_guild(&self, guild: GuildId) -> Result<bool, ActionError> {
        let list = self.block_list(GuildId::PLATFORM).await?;
        Ok(!list.get(&(guild.get(), true)).is_some_and(|block| block.holds(self.now())))
    }

    async fn block_list(&self, scope: GuildId) -> Result<List, ActionError> {
        let stream = StreamId::of_guild(Blocks::CAPABILITY, scope);
        let known = self.blocks.0.lock().get(&scope).cloned();
        if let Some(known) = &known
            && self.still_lists(known, &stream)
        {
            return Ok(Arc::clone(&known.list));
        }
        let at = Instant::now();
        let read = self.bus().read::<Blocks, _>(&stream, |state, version| {
            (state.all().collect::<Vec<_>>(), version)
        });
        let (all, version) = read.await?;
        let same = |known: &Read| known.version == version && known.ids_at.elapsed() < IDS_AGE;
        let read = if let Some(known) = known.filter(same) {
            Read { at, ..known }
        } else {
            let list = Arc::new(self.ids_of(scope, all).await?);
            Read { list, version, at, ids_at: at }
        };
        let list = Arc::clone(&read.list);
        let mut cache = self.blocks.0.lock();
        cache.put(scope, read);
        if cache.len() > CACHED {
            cache.pop_lru();
        }
        Ok(list)
    }

    /// As settings are used again: see `in_force.rs`.
    fn still_lists(&self, known: &Read, stream: &StreamId) -> bool {
        let newest = || self.bus().cached_version::<Blocks>(stream);
        known.at.elapsed() < AGE
            || (self.settings.told
                && known.ids_at.elapsed() < IDS_AGE
                && newest() == Some(known.version))
    }

    async fn ids_of(
        &self,
        scope: GuildId,
        all: Vec<(PersonId, Block)>,
    ) -> Result<HashMap<(u64, bool), Block>, ActionError> {
        let mut ids = HashMap::with_capacity(all.len());
        for (person, block) in all {
            // Who was erased has no id any more: nobody can be told from it.
            if let Some(user) = self.people().user(scope, person).await? {
                ids.insert((user.get(), block.what == Subject::Guild), block);
            }
        }
        Ok(ids)
    }

    /// Blocks somebody; blocking again replaces reason and end.
    #[tracing::instrument(name = "blocks.block", level = "debug", skip_all)]
    pub async fn block(
        &self,
        scope: Scope,
        caller: &Caller,
        who: Blocked,
        reason: &str,
        until: Option<Timestamp>,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.may_block(scope, caller, who, key).await?;
        let guild = scope.guild();
        let subject = self.people().person(guild, who.as_user()?).await?;
        let reason = Personal::clear(subject, reason.trim().to_owned());
        let (what, at) = (who.subject(), self.now());
        let command = Command::Block { subject, what, reason, until, at };
        self.change_blocks(guild, caller, &command, key).await
    }

    /// Lifts a block; nothing happens where there is none.
    #[tracing::instrument(name = "blocks.unblock", level = "debug", skip_all)]
    pub async fn unblock(
        &self,
        scope: Scope,
        caller: &Caller,
        who: Blocked,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        self.may_block(scope, caller, who, key).await?;
        let guild = scope.guild();
        let Some(subject) = self.people().find(guild, who.as_user()?).await? else { return Ok(()) };
        let command = Command::Unblock { subject, at: self.now() };
        self.change_blocks(guild, caller, &command, key).await
    }

    /// The blocks in force, with their reasons, for whoever may manage them.
    pub async fn blocked(
        &self,
        scope: Scope,
        caller: &Caller,
    ) -> Result<Vec<BlockLine>, ActionError> {
        self.may_manage_blocks(scope, caller).await?;
        let (guild, now) = (scope.guild(), self.now());
        let stream = StreamId::of_guild(Blocks::CAPABILITY, guild);
        let mut reasons = HashMap::new();
        let mut after = 0;
        loop {
            let page = self.bus().log().read_stream(&stream, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.version;
            for recorded in &page {
                let event: Event = decode(recorded)?;
                if let Event::Blocked { subject, .. } = &event {
                    reasons.insert(*subject, (recorded.id, event));
                }
            }
        }
        let read =
            self.bus().read::<Blocks, _>(&stream, |state, _| state.all().collect::<Vec<_>>());
        let in_force = read.await?.into_iter().filter(|(_, block)| block.holds(now));
        let mut lines = Vec::new();
        for (subject, block) in in_force {
            let id = self.people().user(guild, subject).await?;
            let who = id.and_then(|id| Blocked::of(id, block.what).ok());
            let mut reason = None;
            if let Some((id, mut event)) = reasons.remove(&subject) {
                self.people().open_event(guild, id, &mut event).await?;
                if let Event::Blocked { reason: opened, .. } = event {
                    reason = opened.value().cloned();
                }
            }
            lines.push(BlockLine { who, since: block.since, until: block.until, reason });
        }
        Ok(lines)
    }

    async fn change_blocks(
        &self,
        guild: GuildId,
        caller: &Caller,
        command: &Command,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let request = self.request(guild, caller, key, None).await?;
        let stream = StreamId::of_guild(Blocks::CAPABILITY, guild);
        self.bus().execute::<Blocks>(&stream, command, &request).await?;
        self.blocks.0.lock().pop(&guild);
        Ok(())
    }

    async fn may_manage_blocks(&self, scope: Scope, caller: &Caller) -> Result<(), ActionError> {
        match scope {
            Scope::Platform => self.require_operator(caller),
            Scope::Guild(guild) => self.authorise(guild, caller, Permission::ManageAccess).await,
        }
    }

    async fn may_block(
        &self,
        scope: Scope,
        caller: &Caller,
        who: Blocked,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let allowed = self.may_manage_blocks(scope, caller).await;
        if let Err(error) = &allowed {
            let whom = if let Blocked::User(user) = who { Some(user) } else { None };
            self.note_refusal(scope.guild(), caller, whom, "block", error, key).await;
        }
        allowed?;
        match (who, scope, &caller.who) {
            (Blocked::User(user), _, Who::Member(member)) if user == *member => {
                Err(Guard::Yourself.into())
            }
            (Blocked::User(user), Scope::Platform, _) if self.is_operator(user) => {
                Err(ActionError::BadInput("An operator of this bot cannot be blocked.".to_owned()))
            }
            (Blocked::Guild(_), Scope::Guild(_), _) => Err(ActionError::BadInput(
                "A community can only be blocked by an operator, everywhere.".to_owned(),
            )),
            _ => Ok(()),
        }
    }
}
