//! Fires timers: sleeps until the next one is due, gives its command, writes it down.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::GuildId;
use eventlog::{LogError, sql::Tx, values};
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::watch;

use super::{
    Shared,
    lease::{Fault, Lease},
    reaction::{Orders, Trouble},
    stopped,
    timers::{self, Timer},
};

const LEASE: &str = "timers";
const LEASE_SECS: i64 = 15;
const RETRY: Duration = Duration::from_secs(1);
/// Another process may set a timer, or somebody a virtual clock, without our hearing of it.
const LOOK: Duration = Duration::from_secs(1);
/// Fired together.
const BATCH: usize = 100;
/// Guilds whose timers fire at the same time.
const GUILDS: usize = 16;
/// After a fault, a timer is tried again after a second, then ever later up to this.
const MAX_PAUSE_SECS: i64 = 300;

pub(super) struct AlarmClock {
    pub shared: Arc<Shared>,
}

/// What became of a timer that was fired.
enum Fired {
    Done(Orders),
    Later(String),
    Dead(String),
}

impl AlarmClock {
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let kinds: Vec<&str> =
            self.shared.processes.iter().flat_map(|process| process.timers()).copied().collect();
        if kinds.is_empty() {
            return;
        }
        loop {
            match self.hold(&kinds, &mut stop).await {
                Ok(()) => return,
                Err(Fault::NotHeld) => {}
                Err(error) => tracing::warn!(%error, "timers cannot fire; trying again"),
            }
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    async fn hold(&self, kinds: &[&str], stop: &mut watch::Receiver<bool>) -> Result<(), Fault> {
        let shared = &*self.shared;
        let now = (shared.clock)();
        let lease = Lease::claim(&shared.db, LEASE, &shared.owner, LEASE_SECS, now).await?;
        let lease = lease.ok_or(Fault::NotHeld)?;
        // What was firing when somebody was killed fires again, with the same key.
        let mut tx = shared.db.begin().await?;
        lease.hold(&mut tx, now).await?;
        tx.execute("UPDATE timers SET state = 'waiting' WHERE state = 'firing'", &[]).await?;
        tx.commit().await?;
        let mut renew = tokio::time::interval(Duration::from_secs(LEASE_SECS.unsigned_abs() / 3));
        loop {
            if *stop.borrow() {
                lease.release(&shared.db).await;
                return Ok(());
            }
            let now = (shared.clock)();
            let due = timers::due(&shared.db, kinds, now, BATCH).await?;
            if !due.is_empty() {
                self.fire(&lease, due).await?;
                continue;
            }
            let pause = timers::next_in(&shared.db, kinds, now).await?.unwrap_or(LOOK).min(LOOK);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shared.timers.news.notified() => {}
                () = stopped(stop) => {}
                _ = renew.tick() => lease.renew(&shared.db, (shared.clock)()).await?,
            }
        }
    }

    async fn fire(&self, lease: &Lease, due: Vec<Timer>) -> Result<(), Fault> {
        let shared = &*self.shared;
        let mut tx = shared.db.begin().await?;
        lease.hold(&mut tx, (shared.clock)()).await?;
        let mut by_guild = BTreeMap::<GuildId, Vec<Timer>>::new();
        for timer in due {
            // Cancelled or set anew since it was read: then it is not ours to fire.
            if mark(&mut tx, &timer, "waiting", "firing").await? {
                by_guild.entry(timer.guild).or_default().push(timer);
            }
        }
        tx.commit().await?;
        let fired: Vec<(Timer, Fired)> = futures::stream::iter(by_guild.into_values())
            .map(|timers| self.fire_in_order(timers).boxed())
            .buffer_unordered(GUILDS)
            .concat()
            .await;
        let now = (shared.clock)();
        let mut tx = shared.db.begin().await?;
        lease.hold(&mut tx, now).await?;
        for (timer, outcome) in fired {
            match outcome {
                Fired::Done(orders) => {
                    mark(&mut tx, &timer, "firing", "done").await?;
                    let fired = "UPDATE timers SET fired_at = $2 WHERE id = $1";
                    tx.execute(fired, &values![timer.id.to_string(), now]).await?;
                    shared.write(&mut tx, &orders, now).await?;
                    metrics::counter!("reeve_timers_fired_total", "kind" => timer.kind)
                        .increment(1);
                }
                Fired::Later(error) => {
                    let secs = (1_i64 << timer.tries.min(10)).min(MAX_PAUSE_SECS);
                    tracing::warn!(
                        timer.kind = timer.kind, guild.id = %timer.guild, error,
                        "a timer could not fire; it is tried again"
                    );
                    let later = "UPDATE timers SET state = 'waiting', next_at = $2, \
                                 tries = tries + 1, error = $3 WHERE id = $1 AND state = 'firing'";
                    let at = now.plus_secs(secs);
                    tx.execute(later, &values![timer.id.to_string(), at, error]).await?;
                }
                Fired::Dead(error) => {
                    let id = projections::error_id();
                    tracing::error!(
                        timer.kind = timer.kind, guild.id = %timer.guild, error.id = id, error,
                        "a timer cannot be dealt with; it waits for you"
                    );
                    let dead = "UPDATE timers SET state = 'dead', tries = tries + 1, error = $2 \
                                WHERE id = $1 AND state = 'firing'";
                    tx.execute(dead, &values![timer.id.to_string(), error]).await?;
                }
            }
        }
        tx.commit().await?;
        shared.tell_of_news();
        Ok(())
    }

    /// One guild's.
    async fn fire_in_order(&self, timers: Vec<Timer>) -> Vec<(Timer, Fired)> {
        let mut fired = Vec::with_capacity(timers.len());
        for timer in timers {
            let outcome = self.fire_one(&timer).await;
            fired.push((timer, outcome));
        }
        fired
    }

    async fn fire_one(&self, timer: &Timer) -> Fired {
        let Some(process) = self.shared.process(&timer.process) else {
            return Fired::Later(format!("there is no process {}", timer.process));
        };
        let source = format!("timer/{}", timer.id);
        let mut reaction = self.shared.reaction(&**process, timer.guild, source);
        match super::caught(process.fire(timer, &mut reaction)).await {
            Ok(()) => Fired::Done(reaction.orders),
            Err(Trouble::Later(error)) => Fired::Later(error),
            Err(Trouble::Poison(error)) => Fired::Dead(error),
        }
    }
}

/// Whether this very setting was in the state that it is taken from.
async fn mark(tx: &mut Tx, timer: &Timer, from: &str, to: &str) -> Result<bool, LogError> {
    let sql = "UPDATE timers SET state = $3 WHERE id = $1 AND state = $2";
    Ok(tx.execute(sql, &values![timer.id.to_string(), from, to]).await? == 1)
}
