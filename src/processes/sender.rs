//! Takes effects out of the outbox and has them carried out. One process at a time does, on each way:
//! Discord allows a bot 50 requests a second in all, which one can make. Receivers of webhooks have
//! calls of their own, so that nobody who hangs keeps a ban waiting.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use domain::{GuildId, Timestamp};
use eventlog::{LogError, values};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, MissedTickBehavior},
};

use super::{
    Shared,
    effect::{KINDS, Kind, Priority, Way, WhenUnknown},
    errand::{Errand, Next, later},
    hands::Hands,
    lanes::{Lanes, Light},
    lease::{Fault, Lease},
    stopped,
};

/// Longer than any call.
const LEASE_SECS: i64 = 40;
const RENEW: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(1);
/// Another process may order something, or an operator ask for a retry, without our hearing of it.
const LOOK: Duration = Duration::from_secs(1);
const TIDY: Duration = Duration::from_mins(10);
/// Effects that are known in memory; the others wait in the store. Of deliveries all are: those that
/// do not get through would keep the others out.
const WINDOW: usize = 20_000;
const WINDOW_OF_WEBHOOKS: usize = 100_000;
const PAGE: usize = 1_000;
/// Calls under way at the same time.
const CALLS: usize = 32;
/// What Discord said to a call whose answer nobody read may have been to wait: on its route, and
/// everywhere.
const AFTER_KILL: Duration = Duration::from_secs(2);
const AFTER_KILL_ALL: Duration = Duration::from_millis(500);
/// After so many unclear answers in a row one call at a time feels its way.
const IN_DOUBT: u32 = 8;

pub(super) struct Sender {
    pub shared: Arc<Shared>,
    pub hands: Arc<dyn Hands>,
    pub way: Way,
}

type Back = (Light, Result<Next, Fault>);

/// What is known of the outbox while it is held.
struct Held {
    errand: Arc<Errand>,
    lanes: Lanes,
    /// Everything up to this number is known.
    cursor: u64,
    /// There may be more behind the cursor.
    more: bool,
    under_way: JoinSet<Back>,
    /// In doubt, no call is made before.
    paused_until: Option<Timestamp>,
    /// What Discord said to whoever sent before us.
    closed_until: Option<Timestamp>,
}

impl Sender {
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            match self.hold(&mut stop).await {
                Ok(()) => return,
                Err(Fault::NotHeld) => {}
                Err(error) => {
                    let id = projections::error_id();
                    tracing::warn!(error.id = id, %error, "effects wait; trying again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    async fn hold(&self, stop: &mut watch::Receiver<bool>) -> Result<(), Fault> {
        let shared = &*self.shared;
        let now = (shared.clock)();
        let (lease, window) = match self.way {
            Way::Discord => ("effects", WINDOW),
            Way::Webhooks => ("deliveries", WINDOW_OF_WEBHOOKS),
        };
        let lease = Lease::claim(&shared.db, lease, &shared.owner, LEASE_SECS, now).await?;
        let lease = lease.ok_or(Fault::NotHeld)?;
        let under_way = self.recover(&lease).await?;
        let errand = Errand {
            shared: Arc::clone(&self.shared),
            hands: Arc::clone(&self.hands),
            lease: lease.clone(),
            failures: 0.into(),
        };
        let mut held = Held {
            errand: Arc::new(errand),
            lanes: Lanes::default(),
            cursor: 0,
            more: true,
            under_way: JoinSet::new(),
            paused_until: None,
            closed_until: None,
        };
        if !under_way.is_empty() {
            held.closed_until = Some(later(now, AFTER_KILL_ALL));
        }
        for route in &under_way {
            held.lanes.hold_route(route, Instant::now() + AFTER_KILL);
        }
        let mut renew = tokio::time::interval(RENEW);
        renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tidy = tokio::time::interval(TIDY);
        tidy.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while held.more && held.lanes.len() < window {
                self.load(&mut held).await?;
            }
            self.send(&mut held);
            let pause = self.pause(&held);
            tokio::select! {
                biased;
                () = stopped(stop) => break,
                Some(back) = held.under_way.join_next(), if !held.under_way.is_empty() => {
                    self.take_back(&mut held, back)?;
                    while let Some(back) = held.under_way.try_join_next() {
                        self.take_back(&mut held, back)?;
                    }
                }
                _ = renew.tick() => lease.renew(&shared.db, (shared.clock)()).await?,
                _ = look.tick() => held.more = true,
                () = shared.outbox.news(self.way).notified() => held.more = true,
                _ = tidy.tick(), if self.way == Way::Discord => {
                    if let Err(error) = shared.outbox.tidy().await {
                        tracing::warn!(%error, "finished effects could not be forgotten");
                    }
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
        // Calls that were begun come to their end; nothing new is begun.
        while let Some(back) = held.under_way.join_next().await {
            self.take_back(&mut held, back)?;
        }
        lease.release(&shared.db).await;
        Ok(())
    }

    /// Nobody knows what became of the calls that were under way when somebody was killed.
    /// Answers on which routes.
    async fn recover(&self, lease: &Lease) -> Result<Vec<Arc<str>>, Fault> {
        let now = (self.shared.clock)();
        let mut tx = self.shared.db.begin().await?;
        lease.hold(&mut tx, now).await?;
        let ours = self.way.in_sql();
        let select =
            format!("SELECT DISTINCT route FROM effects WHERE state = 'calling' AND {ours}");
        let mut routes = Vec::new();
        for row in tx.query(&select, &[]).await? {
            routes.push(row.text(0)?.into());
        }
        let dropped = |kind: &&Kind| kind.way == self.way && kind.when_unknown == WhenUnknown::Drop;
        for kind in KINDS.iter().filter(dropped) {
            let drop = "UPDATE effects SET state = 'dropped', unsure = 1, finished_at = $2, \
                        error = 'the process was killed during the call', tell = 1 \
                        WHERE state = 'calling' AND kind = $1";
            tx.execute(drop, &values![kind.name, now]).await?;
        }
        let unknown = format!(
            "UPDATE effects SET state = 'unknown', unsure = 1 WHERE state = 'calling' AND {ours}"
        );
        let many = tx.execute(&unknown, &[]).await?;
        tx.commit().await?;
        if many > 0 {
            tracing::info!(
                effects = many,
                "calls were under way at the last stop; looking after them"
            );
        }
        Ok(routes)
    }

    async fn load(&self, held: &mut Held) -> Result<(), Fault> {
        let sql = format!(
            "SELECT number, guild, target, route, priority, next_at, tell, limited FROM effects \
             WHERE number > $1 AND (state IN ('waiting', 'unknown') OR tell = 1) AND {} \
             ORDER BY number LIMIT $2",
            self.way.in_sql()
        );
        let rows = self.shared.db.query(&sql, &values![held.cursor, PAGE as u64]).await?;
        held.more = rows.len() == PAGE;
        let now = (self.shared.clock)();
        for row in &rows {
            let number = row.count(0)?;
            let guild = GuildId::from_i64(row.int(1)?)
                .map_err(|_| LogError::Corrupt(format!("effect {number}: a guild is none")))?;
            let light = Light {
                number,
                guild,
                target: row.text(2)?.into(),
                route: row.text(3)?.into(),
                priority: Priority::of_column(row.int(4)?),
                next_at: Timestamp::from_micros(row.int(5)?),
                tell_only: row.int(6)? == 1,
            };
            held.cursor = number;
            if light.next_at > now {
                // What Discord said last holds for whoever comes after, too.
                match row.int(7)? {
                    1 => {
                        let until = Instant::now() + between(now, light.next_at);
                        held.lanes.hold_route(&light.route, until);
                    }
                    2 => held.closed_until = held.closed_until.max(Some(light.next_at)),
                    _ => {}
                }
            }
            held.lanes.push(light, now);
        }
        Ok(())
    }

    /// Begins as many calls as there is room for.
    fn send(&self, held: &mut Held) {
        let now = (self.shared.clock)();
        if held.closed_until.is_some_and(|until| until > now) {
            return;
        }
        let in_doubt = held.errand.failures.load(Ordering::Relaxed) >= IN_DOUBT;
        let most = if in_doubt { 1 } else { CALLS };
        if in_doubt && held.paused_until.is_some_and(|until| until > now) {
            return;
        }
        while held.under_way.len() < most {
            let Some(light) = held.lanes.next((self.shared.clock)(), Instant::now()) else {
                return;
            };
            if !light.tell_only
                && self.way == Way::Discord
                && let Some(wait) = self.hands.no_room_for(&light.route)
            {
                held.lanes.hold(&light, Instant::now() + wait);
                continue;
            }
            let errand = Arc::clone(&held.errand);
            held.under_way.spawn(async move {
                let next = errand.run(&light).await;
                (light, next)
            });
        }
    }

    fn take_back(
        &self,
        held: &mut Held,
        back: Result<Back, tokio::task::JoinError>,
    ) -> Result<(), Fault> {
        let (light, next) =
            back.map_err(|error| Fault::Later(format!("a call ended badly: {error}")))?;
        let now = (self.shared.clock)();
        match next {
            Ok(Next::Finished) => held.lanes.done(&light, now),
            Ok(Next::Again(light)) => held.lanes.again(light, now),
            Err(fault) => return Err(fault),
        }
        let failures = held.errand.failures.load(Ordering::Relaxed);
        held.paused_until =
            (failures >= IN_DOUBT).then(|| later(now, held.errand.pause(failures - IN_DOUBT)));
        Ok(())
    }

    /// How long nothing can be done, as far as is known.
    fn pause(&self, held: &Held) -> Duration {
        let in_doubt = held.errand.failures.load(Ordering::Relaxed) >= IN_DOUBT;
        if held.under_way.len() >= if in_doubt { 1 } else { CALLS } {
            return LOOK;
        }
        let (asleep, room) = held.lanes.wakes_at();
        let now = (self.shared.clock)();
        // Nothing is begun before that is over, whatever else is due.
        if let Some(closed) = held.paused_until.max(held.closed_until).filter(|at| *at > now) {
            return between(now, closed).clamp(Duration::from_millis(1), LOOK);
        }
        let room = room.map(|at| at.saturating_duration_since(Instant::now()));
        let least =
            [asleep.map(|at| between(now, at)), room].into_iter().flatten().min().unwrap_or(LOOK);
        // Never quite nothing: what is due now has been begun, or waits for a call to end.
        least.clamp(Duration::from_millis(1), LOOK)
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    let micros = to.as_micros().saturating_sub(from.as_micros());
    Duration::from_micros(micros.try_into().unwrap_or(0))
}
