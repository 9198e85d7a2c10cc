//! The gate that everything a member asks for goes through, in one order: not too many at once,
//! not blocked, no maintenance, the module is on, the permission is there, the cooldown is over.
//! What is refused here is kept where it is worth keeping.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use domain::{GuildId, IdempotencyKey, Timestamp, UserId};
use lru::LruCache;
use parking_lot::Mutex;

use crate::{ActionError, Actions, Caller, Permission, Who, modules::Module};

/// Commands of one user, wherever they are, within [`WINDOW_SECS`]: more is a flood.
pub const MOST_IN_WINDOW: usize = 12;
pub const WINDOW_SECS: i64 = 10;
/// Users whose last commands are remembered.
const REMEMBERED: usize = 10_000;

/// What somebody asks to be let through for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The command as people write it, without the slash: `bytes send`.
    pub command: &'a str,
    /// The first member that it names.
    pub whom: Option<UserId>,
    pub module: Option<&'a Module>,
    pub permission: Option<Permission>,
    pub operators_only: bool,
    /// How long the member waits before the next one, where nobody has decided otherwise.
    pub cooldown: Duration,
    /// It may have been let through before, and was not answered: it does not count twice.
    pub again: bool,
}

#[derive(Clone)]
pub(crate) struct Floods(Arc<Mutex<LruCache<UserId, VecDeque<Timestamp>>>>);

impl Default for Floods {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::unbounded())))
    }
}

impl Floods {
    /// Counts one more; says how long to wait where it is one too many. Those that are refused
    /// count as well: who goes on hammering goes on waiting.
    fn count(&self, user: UserId, now: Timestamp) -> Result<(), i64> {
        let mut recent = self.0.lock();
        let times = recent.get_or_insert_mut(user, VecDeque::new);
        let begin = now.plus_secs(-WINDOW_SECS);
        times.retain(|at| *at > begin);
        let full = times.len() >= MOST_IN_WINDOW;
        if full {
            times.pop_front();
        }
        times.push_back(now);
        if recent.len() > REMEMBERED {
            recent.pop_lru();
        }
        if full { Err(WINDOW_SECS) } else { Ok(()) }
    }
}

impl Actions {
    /// Lets a member through, or refuses and keeps the refusal. The edge asks this once for each
    /// command; what an action itself needs it asks again.
    pub async fn admit(
        &self,
        guild: GuildId,
        caller: &Caller,
        ask: &Ask<'_>,
        key: &IdempotencyKey,
    ) -> Result<(), ActionError> {
        let admitted = self.try_to_admit(guild, caller, ask).await;
        if let Err(error) = &admitted {
            self.note_refusal(guild, caller, ask.whom, ask.command, error, key).await;
        }
        admitted
    }

    async fn try_to_admit(
        &self,
        guild: GuildId,
        caller: &Caller,
        ask: &Ask<'_>,
    ) -> Result<(), ActionError> {
        let Who::Member(user) = caller.who else { return Ok(()) };
        if !ask.again
            && let Err(wait_secs) = self.floods.count(user, self.now())
        {
            return Err(ActionError::TooFast { wait_secs });
        }
        self.open_to(guild, caller, ask.module).await?;
        if ask.operators_only {
            self.require_operator(caller)?;
        }
        if let Some(permission) = ask.permission {
            self.authorise(guild, caller, permission).await?;
        }
        if ask.again {
            return Ok(());
        }
        self.claim_cooldown(guild, user, ask.command, ask.cooldown).await
    }

    /// Whether this bot serves this caller here at all, and with this module. What runs by itself
    /// goes on under maintenance.
    pub async fn open_to(
        &self,
        guild: GuildId,
        caller: &Caller,
        module: Option<&Module>,
    ) -> Result<(), ActionError> {
        let Who::Member(user) = caller.who else { return Ok(()) };
        self.require_unblocked(guild, user).await?;
        if !self.is_operator(user) {
            let maintenance = self.maintenance().await?;
            if maintenance.on {
                return Err(ActionError::Maintenance { notice: maintenance.notice });
            }
        }
        match module {
            Some(module) => self.require_module(guild, module).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: u64) -> UserId {
        UserId::new(number).unwrap()
    }

    // proves: GRD-13
    #[test]
    fn given_a_flood_of_one_user_then_they_wait_and_others_do_not() {
        let floods = Floods::default();
        let start = Timestamp::from_secs(1_795_003_200);
        for _ in 0..MOST_IN_WINDOW {
            assert_eq!(floods.count(user(1), start), Ok(()));
        }
        assert_eq!(floods.count(user(1), start), Err(WINDOW_SECS));
        assert_eq!(floods.count(user(2), start), Ok(()));
        // Hammering on does not get through.
        for secs in 1..60 {
            for _ in 0..3 {
                let refused = floods.count(user(1), start.plus_secs(secs)).is_err();
                assert!(refused, "after {secs} s");
            }
        }
        assert_eq!(floods.count(user(1), start.plus_secs(59 + WINDOW_SECS)), Ok(()));
    }

    #[test]
    fn given_more_users_than_are_remembered_then_the_oldest_are_forgotten() {
        let floods = Floods::default();
        let now = Timestamp::from_secs(1_795_003_200);
        for number in 1..=REMEMBERED as u64 + 100 {
            let _ = floods.count(user(number), now);
        }
        assert_eq!(floods.0.lock().len(), REMEMBERED);
    }
}
