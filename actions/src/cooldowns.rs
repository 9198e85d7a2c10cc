//! Cooldowns of commands: how long a member waits before using one again. What is shorter than
//! the database knows is answered from memory; what is claimed is durable, so that a restart
//! forgets nothing, and where several processes share a database they share cooldowns too.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::{GuildId, Timestamp, UserId, modules::CommandSettings};
use eventlog::{LogError, Together, values};
use lru::LruCache;
use parking_lot::Mutex;

use crate::{ActionError, Actions};

/// Claims that are remembered, to refuse a repetition without asking the store.
const REMEMBERED: usize = 50_000;
/// How often cooldowns that are over are swept out of the store.
const SWEEP_EVERY_SECS: i64 = 10 * 60;

type Claim = (GuildId, UserId, Box<str>);

#[derive(Clone)]
pub(crate) struct Cooldowns {
    free_at: Arc<Mutex<LruCache<Claim, Timestamp>>>,
    swept_at: Arc<AtomicI64>,
    /// Where they are kept. Those who begin one at the same moment wait for one commit.
    together: Together,
}

impl Cooldowns {
    pub(crate) fn new(together: Together) -> Self {
        Self {
            free_at: Arc::new(Mutex::new(LruCache::unbounded())),
            swept_at: Arc::new(AtomicI64::new(i64::MIN)),
            together,
        }
    }
}

impl Actions {
    /// How long somebody waits between two uses of a command here: as the guild says, else the
    /// operator, else the command itself.
    pub async fn cooldown_of(
        &self,
        guild: GuildId,
        command: &str,
        default: Duration,
    ) -> Result<Duration, ActionError> {
        let settings = self.settings::<CommandSettings>(guild).await?;
        let by_guild = settings.values.cooldown_secs(command);
        let decided = by_guild.or_else(|| self.policy.cooldowns.get(command).copied());
        let longest = Duration::from_secs(u64::from(CommandSettings::MAX_COOLDOWN_SECS));
        let wanted = decided.map_or(default, |secs| Duration::from_secs(u64::from(secs)));
        Ok(wanted.min(longest))
    }

    /// Begins the member's cooldown for this command; refused with the time left where it has not
    /// passed yet. Of several at once, one is let through.
    pub async fn claim_cooldown(
        &self,
        guild: GuildId,
        user: UserId,
        command: &str,
        default: Duration,
    ) -> Result<(), ActionError> {
        let cooldown = self.cooldown_of(guild, command, default).await?;
        if cooldown.is_zero() {
            return Ok(());
        }
        let now = self.now();
        let claim: Claim = (guild, user, Box::from(command));
        let known = self.cooldowns.free_at.lock().get(&claim).copied();
        if let Some(free_at) = known.filter(|free_at| now < *free_at) {
            return Err(wait(now, free_at));
        }
        let micros = i64::try_from(cooldown.as_micros()).unwrap_or(i64::MAX);
        let until = Timestamp::from_micros(now.as_micros().saturating_add(micros));
        let taken = match self.take(guild, user, command, now, until).await {
            Ok(taken) => taken,
            // Whoever cannot be held back by the store is held back by this process alone: a
            // cooldown is no reason to fail a command.
            Err(error) => {
                tracing::warn!(%error, "cooldowns cannot be kept; this process remembers them");
                Taken::Now
            }
        };
        let free_at = match taken {
            Taken::Now => until,
            Taken::Before(free_at) => free_at,
        };
        {
            let mut remembered = self.cooldowns.free_at.lock();
            remembered.put(claim, free_at);
            if remembered.len() > REMEMBERED {
                remembered.pop_lru();
            }
        }
        self.sweep(now).await;
        match taken {
            Taken::Now => Ok(()),
            Taken::Before(free_at) => Err(wait(now, free_at)),
        }
    }

    /// Gives a claim back, where the command came to nothing.
    pub async fn release_cooldown(
        &self,
        guild: GuildId,
        user: UserId,
        command: &str,
    ) -> Result<(), ActionError> {
        self.cooldowns.free_at.lock().pop(&(guild, user, Box::from(command)));
        let who = self.people().keyed_hash(guild, user);
        let sql = "DELETE FROM cooldowns WHERE guild = $1 AND who = $2 AND command = $3";
        let claim = values![guild, who, command].to_vec();
        self.cooldowns.together.execute(sql, claim).await?;
        Ok(())
    }

    async fn take(
        &self,
        guild: GuildId,
        user: UserId,
        command: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Taken, LogError> {
        let who = self.people().keyed_hash(guild, user);
        let take = "INSERT INTO cooldowns (guild, who, command, free_at) \
                    VALUES ($1, $2, $3, $4) ON CONFLICT (guild, who, command) \
                    DO UPDATE SET free_at = excluded.free_at WHERE cooldowns.free_at <= $5";
        let row = values![guild, who.as_slice(), command, until, now];
        if self.cooldowns.together.execute(take, row.to_vec()).await? == 1 {
            return Ok(Taken::Now);
        }
        let sql = "SELECT free_at FROM cooldowns WHERE guild = $1 AND who = $2 AND command = $3";
        let rows = self.work.query(sql, &values![guild, who, command]).await?;
        // Swept meanwhile: then it is over within a moment.
        let free_at = rows.first().map_or(Ok(now.as_micros()), |row| row.int(0))?;
        Ok(Taken::Before(Timestamp::from_micros(free_at)))
    }

    /// Now and then, by whoever comes by.
    async fn sweep(&self, now: Timestamp) {
        let swept = &self.cooldowns.swept_at;
        let last = swept.load(Ordering::Relaxed);
        let due = now.as_secs().saturating_sub(last) >= SWEEP_EVERY_SECS;
        let mine =
            || swept.compare_exchange(last, now.as_secs(), Ordering::Relaxed, Ordering::Relaxed);
        if due && mine().is_ok() {
            let sql = "DELETE FROM cooldowns WHERE free_at <= $1";
            if let Err(error) = self.work.execute(sql, &values![now]).await {
                tracing::warn!(%error, "cooldowns that are over were not swept; trying again later");
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Taken {
    Now,
    /// By an earlier use, until then.
    Before(Timestamp),
}

fn wait(now: Timestamp, free_at: Timestamp) -> ActionError {
    ActionError::OnCooldown { wait_secs: free_at.secs_since(now).max(1) }
}
