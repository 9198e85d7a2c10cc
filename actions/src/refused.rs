//! What is kept of refusals: transfers, for looking back under other settings, and actions that
//! somebody was not allowed, for looking at who tries what.

use std::sync::Arc;

use domain::{
    Decider as _, GuildId, IdempotencyKey, PersonId, Timestamp, UserId,
    refusals::{Command, Denied, EVERY_SECS, Keep, Refusals},
};
use eventlog::{Request, StreamId};
use lru::LruCache;
use parking_lot::Mutex;
use projections::refusals::{self, Filter, Refused};
use uuid::Uuid;

use crate::{ActionError, Actions, Caller, Permission};

/// Refusals of which it is remembered that one was kept.
const REMEMBERED: usize = 10_000;

/// When one was kept, by what repetitions of it have in common.
#[derive(Clone)]
pub(crate) struct Recent(Arc<Mutex<LruCache<Sameness, Timestamp>>>);

/// Guild, who, whom, what, and the rule.
type Sameness = (GuildId, u64, Option<u64>, Box<str>, &'static str);

impl Default for Recent {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::unbounded())))
    }
}

impl Recent {
    fn was_kept(&self, sameness: &Sameness, at: Timestamp) -> bool {
        self.0.lock().get(sameness).is_some_and(|kept| at < kept.plus_secs(EVERY_SECS))
    }

    fn keep(&self, sameness: Sameness, at: Timestamp) {
        let mut recent = self.0.lock();
        recent.put(sameness, at);
        if recent.len() > REMEMBERED {
            recent.pop_lru();
        }
    }
}

/// A line for whoever may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalLine {
    /// Pages go on before it.
    pub cursor: u64,
    pub at: Timestamp,
    /// None where the person was erased.
    pub who: Option<UserId>,
    pub whom: Option<UserId>,
    pub what: String,
    pub rule: String,
}

impl Actions {
    /// Keeps that somebody was not allowed something, where that is worth keeping. Whoever was
    /// refused hears so all the same where this fails: it is only for looking back.
    pub async fn note_refusal(
        &self,
        guild: GuildId,
        caller: &Caller,
        whom: Option<UserId>,
        command: &str,
        error: &ActionError,
        key: &IdempotencyKey,
    ) {
        let (Some(who), Some(rule)) = (caller.user(), error.rule()) else { return };
        if !error.is_about_access() {
            return;
        }
        let at = self.now();
        let sameness = (guild, who.get(), whom.map(UserId::get), Box::from(command), rule);
        // Whoever hammers at a refusal costs no write, nor the question whether it is one.
        if self.refused.was_kept(&sameness, at) {
            return;
        }
        if matches!(error, ActionError::TooFast { .. }) {
            tracing::warn!(guild.id = %guild, command, "abuse: one user floods this bot with commands");
            metrics::counter!("reeve_floods_total").increment(1);
        }
        let kept = async {
            let who = self.people().person(guild, who).await?;
            let whom = match whom {
                Some(whom) => Some(self.people().person(guild, whom).await?),
                None => None,
            };
            let (what, rule) = (command.to_owned(), rule.to_owned());
            let request = self.request(guild, caller, key, None).await?;
            let denied = Command::Action(Denied { who, whom, what, rule, at });
            self.keep(guild, &denied, request).await
        };
        match kept.await {
            Ok(()) => self.refused.keep(sameness, at),
            Err(error) => tracing::warn!(guild.id = %guild, %error, "a refusal is not kept"),
        }
    }

    /// A transfer that other settings might have allowed.
    pub(crate) async fn keep_transfer(
        &self,
        guild: GuildId,
        caller: &Caller,
        key: &IdempotencyKey,
        policy: u32,
        refused: Keep,
    ) {
        let at = refused.at;
        // By person number: an operator may send for somebody.
        let sameness = (guild, u64::from(refused.from.0), None, Box::from(""), "transfer");
        if self.refused.was_kept(&sameness, at) {
            return;
        }
        let kept = async {
            let request = self.request(guild, caller, key, Some(policy)).await?;
            self.keep(guild, &Command::Transfer(refused), request).await
        };
        match kept.await {
            Ok(()) => self.refused.keep(sameness, at),
            Err(error) => tracing::warn!(guild.id = %guild, %error, "a refusal is not kept"),
        }
    }

    async fn keep(
        &self,
        guild: GuildId,
        command: &Command,
        mut request: Request,
    ) -> Result<(), ActionError> {
        let of_request = Uuid::new_v5(&Uuid::NAMESPACE_OID, request.key.as_str().as_bytes());
        request.key = IdempotencyKey::new(format!("refused/{of_request}"))
            .map_err(|error| ActionError::BadInput(error.to_string()))?;
        let stream = StreamId::of_guild(Refusals::CAPABILITY, guild);
        self.bus().execute::<Refusals>(&stream, command, &request).await?;
        Ok(())
    }

    /// A page of what was refused here, newest first, for whoever may view records.
    pub async fn refusals(
        &self,
        guild: GuildId,
        caller: &Caller,
        who: Option<UserId>,
        rule: Option<&str>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<RefusalLine>, ActionError> {
        self.authorise(guild, caller, Permission::ViewRecords).await?;
        let person = match who {
            None => None,
            Some(who) => match self.people().find(guild, who).await? {
                Some(person) => Some(person),
                None => return Ok(Vec::new()),
            },
        };
        let filter = Filter { who: person, rule: rule.map(str::to_owned) };
        let page = refusals::page(self.store(), guild, &filter, before, limit).await?;
        let mut lines = Vec::with_capacity(page.len());
        for Refused { seq, at, who, whom, what, rule } in page {
            let who = self.user(guild, who).await?;
            let whom = self.user(guild, whom).await?;
            lines.push(RefusalLine { cursor: seq, at, who, whom, what, rule });
        }
        Ok(lines)
    }

    /// Who that is; none where nobody, or somebody who was erased.
    pub(crate) async fn user(
        &self,
        guild: GuildId,
        person: Option<PersonId>,
    ) -> Result<Option<UserId>, ActionError> {
        match person {
            Some(person) => Ok(self.people().user(guild, person).await?),
            None => Ok(None),
        }
    }
}
