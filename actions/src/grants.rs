//! Roles that a community gives to one person for a time. Whether one holds is decided when it is
//! asked for, so that it ends at its moment and not when somebody gets round to it.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    Decider as _, GuildId, IdempotencyKey, PersonId, Personal, Timestamp, UserId,
    access::AccessSettings,
    grants::{Command, Event, Grant, Grants, Role},
};
use eventlog::{StreamId, decode};
use lru::LruCache;
use parking_lot::Mutex;

use crate::{ActionError, Actions, Caller, Guard, Permission, Standing, Who};

/// No list is older than this when somebody is let through.
const AGE: Duration = Duration::from_secs(2);
/// And none older than this, though nothing was told of a change.
const LONGEST: Duration = Duration::from_mins(5);
/// Lists of this many communities.
const CACHED: usize = 10_000;
const PAGE: usize = 500;

/// Whatever was given in one community and not taken back; some may have ended.
type List = Arc<Vec<(PersonId, Role, Grant)>>;

#[derive(Clone)]
pub(crate) struct Cache(Arc<Mutex<LruCache<GuildId, Read>>>);

#[derive(Clone)]
struct Read {
    list: List,
    /// Of the stream.
    version: u64,
    at: Instant,
}

impl Default for Cache {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::unbounded())))
    }
}

/// A grant that holds, for whoever may see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantLine {
    pub person: PersonId,
    pub role: Role,
    /// None where an operator gave it.
    pub by: Option<PersonId>,
    pub since: Timestamp,
    pub until: Timestamp,
    /// None where it cannot be opened any more.
    pub reason: Option<String>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    pub whom: UserId,
    pub role: Role,
    pub until: Timestamp,
    pub reason: &'a str,
}

impl Actions {
    /// The same member, with the roles of ours that they were given here and that hold now.
    pub async fn with_grants(
        &self,
        guild: GuildId,
        user: UserId,
        mut standing: Standing,
    ) -> Result<Standing, ActionError> {
        let list = self.grant_list(guild).await?;
        let now = self.now();
        // In most communities nobody was given anything.
        if list.iter().all(|(_, _, grant)| !grant.holds(now)) {
            return Ok(standing);
        }
        let Some(person) = self.people().find(guild, user).await? else { return Ok(standing) };
        let theirs = list.iter().filter(|(whose, _, grant)| *whose == person && grant.holds(now));
        standing.granted.extend(theirs.map(|(_, role, _)| *role));
        Ok(standing)
    }

    async fn grant_list(&self, guild: GuildId) -> Result<List, ActionError> {
        let stream = stream(guild);
        let known = self.grants.0.lock().get(&guild).cloned();
        if let Some(known) = &known
            && self.still_granted(known, &stream)
        {
            return Ok(Arc::clone(&known.list));
        }
        let at = Instant::now();
        let read = self.bus().read::<Grants, _>(&stream, |state, version| {
            (Arc::new(state.all().collect::<Vec<_>>()), version)
        });
        let (list, version) = read.await?;
        let mut cache = self.grants.0.lock();
        cache.put(guild, Read { list: Arc::clone(&list), version, at });
        if cache.len() > CACHED {
            cache.pop_lru();
        }
        Ok(list)
    }

    /// As settings are used again: see `in_force.rs`.
    fn still_granted(&self, known: &Read, stream: &StreamId) -> bool {
        let newest = || self.bus().cached_version::<Grants>(stream);
        let age = known.at.elapsed();
        age < AGE || (self.settings.told && age < LONGEST && newest() == Some(known.version))
    }

    /// Gives somebody a role for a time; given again while it holds, its end and reason are
    /// replaced.
    #[tracing::instrument(name = "grants.give", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn give_role(
        &self,
        guild: GuildId,
        caller: &Caller,
        wish: Wish<'_>,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let Wish { whom, role, until, reason } = wish;
        self.may_grant(guild, caller, whom, role, key).await?;
        let person = self.people().person(guild, whom).await?;
        let by = match caller.user() {
            Some(user) => Some(self.people().person(guild, user).await?),
            None => None,
        };
        let reason = Personal::clear(person, reason.trim().to_owned());
        let command = Command::Give { person, role, until, reason, by, at: self.now() };
        self.change_grants(guild, caller, &command, key).await
    }

    /// Takes a role back before its end; nothing happens where it does not hold.
    #[tracing::instrument(name = "grants.take_back", level = "debug", skip_all, fields(guild.id = %guild))]
    pub async fn take_role_back(
        &self,
        guild: GuildId,
        caller: &Caller,
        whom: UserId,
        role: Role,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let what = ("grant", Some(whom));
        self.authorise_to(what, guild, caller, Permission::ManageAccess, key).await?;
        let Some(person) = self.people().find(guild, whom).await? else { return Ok(()) };
        let command = Command::TakeBack { person, role, at: self.now() };
        self.change_grants(guild, caller, &command, key).await
    }

    /// The grants that hold, with their reasons; those that end first come first.
    pub async fn granted_roles(
        &self,
        guild: GuildId,
        caller: &Caller,
    ) -> Result<Vec<GrantLine>, ActionError> {
        if !self.permissions(guild, caller).await?.contains(&Permission::ViewAudit) {
            self.authorise(guild, caller, Permission::ManageAccess).await?;
        }
        let now = self.now();
        let mut reasons = self.reasons_of_grants(guild).await?;
        let list = self.grant_list(guild).await?;
        let mut lines = Vec::new();
        for (person, role, grant) in list.iter().filter(|(_, _, grant)| grant.holds(now)) {
            let mut reason = None;
            if let Some((id, mut event)) = reasons.remove(&(*person, *role)) {
                self.people().open_event(guild, id, &mut event).await?;
                if let Event::Given { reason: opened, .. }
                | Event::EndMoved { reason: opened, .. } = event
                {
                    reason = opened.value().cloned();
                }
            }
            let Grant { by, since, until } = *grant;
            lines.push(GrantLine { person: *person, role: *role, by, since, until, reason });
        }
        lines.sort_by_key(|line| (line.until, line.person));
        Ok(lines)
    }

    async fn reasons_of_grants(
        &self,
        guild: GuildId,
    ) -> Result<HashMap<(PersonId, Role), (domain::EventId, Event)>, ActionError> {
        let (stream, mut after) = (stream(guild), 0);
        let mut reasons = HashMap::new();
        loop {
            let page = self.bus().log().read_stream(&stream, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(reasons) };
            after = last.version;
            for recorded in &page {
                let event: Event = decode(recorded)?;
                match &event {
                    Event::Given { person, role, .. } | Event::EndMoved { person, role, .. } => {
                        reasons.insert((*person, *role), (recorded.id, event));
                    }
                    Event::TakenBack { person, role, .. } => {
                        reasons.remove(&(*person, *role));
                    }
                }
            }
        }
    }

    /// What whoever asks may in a community.
    pub async fn permissions(
        &self,
        guild: GuildId,
        caller: &Caller,
    ) -> Result<Vec<Permission>, ActionError> {
        let access = self.settings::<AccessSettings>(guild).await?;
        let held = |permission: &Permission| caller.may(*permission, &access.values);
        Ok(Permission::ALL.into_iter().filter(held).collect())
    }

    /// Whoever manages access may, not to themselves, and nothing that they do not hold.
    async fn may_grant(
        &self,
        guild: GuildId,
        caller: &Caller,
        whom: UserId,
        role: Role,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let what = ("grant", Some(whom));
        self.authorise_to(what, guild, caller, Permission::ManageAccess, key).await?;
        if matches!(caller.who, Who::Member(user) if user == whom) {
            return Err(Guard::Yourself.into());
        }
        let held = self.permissions(guild, caller).await?;
        let given = Permission::ALL.into_iter().filter(|permission| permission.is_given_by(role));
        for permission in given {
            if !held.contains(&permission) {
                let error = ActionError::Guarded(Guard::Permission(permission));
                self.note_refusal(guild, caller, Some(whom), "grant", &error, key).await;
                return Err(error);
            }
        }
        Ok(())
    }

    async fn change_grants(
        &self,
        guild: GuildId,
        caller: &Caller,
        command: &Command,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let request = self.request(guild, caller, key, None).await?;
        self.bus().execute::<Grants>(&stream(guild), command, &request).await?;
        self.grants.0.lock().pop(&guild);
        Ok(())
    }
}

fn stream(guild: GuildId) -> StreamId {
    StreamId::of_guild(Grants::CAPABILITY, guild)
}
