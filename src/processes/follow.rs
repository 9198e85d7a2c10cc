//! One slice of one process: reads the log, reacts to each event, writes rows and checkpoint
//! together. It goes forward only: nothing that it did is ever done again by reading it anew.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use domain::GuildId;
use eventlog::{Follower, LogError, Page, Position, Recorded, Slice, is_known, sql::Tx, values};
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture};
use tokio::{sync::watch, time::MissedTickBehavior};

use super::{
    Begin, Process, Shared,
    lease::{Fault, Lease},
    reaction::{Orders, Trouble},
    stopped,
};

const LEASE_SECS: i64 = 15;
const RENEW: Duration = Duration::from_secs(3);
const RETRY: Duration = Duration::from_millis(500);
/// As long as a fault stays, it is tried again ever more rarely.
const MAX_RETRY: Duration = Duration::from_secs(30);
/// Events that are reacted to before the checkpoint moves, at most.
const PAGE: usize = 200;
/// From where it was to where it is, as long as the work is ours.
const ADVANCE: &str = "UPDATE process_checkpoints SET position = $4, events = events + $5, \
                       updated_at = $6, paused = NULL \
                       WHERE name = $1 AND slice = $2 AND position = $3 \
                       AND EXISTS (SELECT 1 FROM work_leases l \
                       WHERE l.name = $7 AND l.owner = $8 AND l.epoch = $9)";
/// Guilds whose events are reacted to at the same time.
const GUILDS: usize = 16;
/// Events of a parked guild that are caught up with in one transaction.
const CATCH_UP: usize = 50;

pub(super) struct Following {
    pub shared: Arc<Shared>,
    pub process: Arc<dyn Process>,
    pub slice: Slice,
}

/// How quickly a slice goes forward. Where something failed, later and in small steps: what went
/// well before the next failure stays done.
struct Pace {
    pause: Duration,
    page: usize,
}

impl Pace {
    const FULL: Self = Self { pause: RETRY, page: PAGE };

    fn failed(&mut self) {
        *self = Self { pause: MAX_RETRY.min(self.pause * 2), page: 1 };
    }

    fn went_well(&mut self) {
        *self = Self { pause: RETRY, page: PAGE.min(self.page * 2) };
    }
}

/// A slice that this process holds.
struct Held {
    lease: Lease,
    position: Position,
    blocked: HashSet<GuildId>,
}

/// How far one guild's events of a page were reacted to.
struct Reacted<'a> {
    orders: Orders,
    events: u64,
    stopped: Option<(&'a Recorded, Trouble)>,
}

impl Following {
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut pace = Pace::FULL;
        loop {
            match self.hold(&mut stop, &mut pace).await {
                Ok(()) => return,
                Err(Fault::NotHeld) => pace = Pace::FULL,
                Err(error) => {
                    let (process, slice) = (self.process.name(), self.slice.index);
                    let id = projections::error_id();
                    tracing::warn!(
                        process, slice, error.id = id, %error,
                        "a process cannot go on; trying again"
                    );
                    pace.failed();
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pace.pause) => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    async fn hold(&self, stop: &mut watch::Receiver<bool>, pace: &mut Pace) -> Result<(), Fault> {
        let mut held = self.claim().await?;
        let log = Arc::clone(&self.shared.log);
        let mut follower = Follower::new(log, held.position, self.slice);
        let mut renew = tokio::time::interval(RENEW);
        renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stopped(stop) => break,
                _ = renew.tick() => {
                    held.lease.renew(&self.shared.db, (self.shared.clock)()).await?;
                    self.retry_where_asked(&mut held).await?;
                }
                page = follower.next(pace.page) => {
                    self.take(&mut held, page?).await?;
                    pace.went_well();
                }
            }
        }
        held.lease.release(&self.shared.db).await;
        Ok(())
    }

    async fn claim(&self) -> Result<Held, Fault> {
        let (shared, name) = (&*self.shared, self.process.name());
        let now = (shared.clock)();
        let lease = format!("process/{name}/{}", self.slice.index);
        let lease = Lease::claim(&shared.db, &lease, &shared.owner, LEASE_SECS, now).await?;
        let lease = lease.ok_or(Fault::NotHeld)?;
        let head = shared.log.head().await?;
        let select = "SELECT position FROM process_checkpoints WHERE name = $1 AND slice = $2";
        let rows = shared.db.query(select, &values![name, self.slice.index]).await?;
        let mut position = Position(rows.first().map_or(Ok(0), |row| row.count(0))?);
        if position > head {
            // Another log stands here than the one that was followed: a restored or a moved one.
            // What it tells again was reacted to already.
            tracing::warn!(
                process = name,
                checkpoint = position.0,
                head = head.0,
                "the log is shorter than what was followed; going on from its end"
            );
            let sql = "UPDATE process_checkpoints SET position = $3 WHERE name = $1 AND slice = $2";
            shared.db.execute(sql, &values![name, self.slice.index, head.0]).await?;
            position = head;
        }
        let mut blocked = HashSet::new();
        let select = "SELECT guild FROM process_blocked WHERE name = $1";
        for row in shared.db.query(select, &values![name]).await? {
            blocked.extend(GuildId::from_i64(row.int(0)?).ok());
        }
        Ok(Held { lease, position, blocked })
    }

    /// Reacts to a page and moves the checkpoint.
    async fn take(&self, held: &mut Held, page: Page) -> Result<(), Fault> {
        let wanted = |event: &&Recorded| self.process.follows(&event.type_name);
        let unknown = page
            .events
            .iter()
            .find(|event| wanted(event) && !is_known(&event.type_name, event.type_version));
        let Some(unknown) = unknown else {
            return self.react(held, &page.events, page.up_to).await;
        };
        // Never skipped: a newer binary knows what to do about it.
        let before = Position(unknown.position.0 - 1);
        if before > held.position {
            let earlier = page.events.partition_point(|event| event.position <= before);
            self.react(held, &page.events[..earlier], before).await?;
        }
        let error = LogError::UnknownType {
            name: unknown.type_name.to_string(),
            version: unknown.type_version,
        };
        let sql = "UPDATE process_checkpoints SET paused = $3 WHERE name = $1 AND slice = $2";
        let parameters = values![self.process.name(), self.slice.index, error.to_string()];
        self.shared.db.execute(sql, &parameters).await?;
        Err(error.into())
    }

    async fn react(
        &self,
        held: &mut Held,
        events: &[Recorded],
        up_to: Position,
    ) -> Result<(), Fault> {
        let mut by_guild = BTreeMap::<GuildId, Vec<&Recorded>>::new();
        for event in events {
            if self.process.follows(&event.type_name) && !held.blocked.contains(&event.guild()) {
                by_guild.entry(event.guild()).or_default().push(event);
            }
        }
        let guilds: Vec<BoxFuture<'_, Reacted<'_>>> =
            by_guild.into_values().map(|events| self.react_to(events).boxed()).collect();
        let reacted: Vec<Reacted<'_>> =
            futures::stream::iter(guilds).buffer_unordered(GUILDS).collect().await;
        let (mut orders, mut count, mut poison) = (Orders::default(), 0, Vec::new());
        for one in reacted {
            match one.stopped {
                // Its commands have keys, so that the whole page can be reacted to again.
                Some((_, Trouble::Later(error))) => return Err(Fault::Later(error)),
                Some((event, Trouble::Poison(error))) => poison.push((event, error)),
                None => {}
            }
            orders.append(one.orders);
            count += one.events;
        }
        let (shared, now) = (&*self.shared, (self.shared.clock)());
        let (name, slice) = (self.process.name(), self.slice.index);
        let Lease { name: lease, owner, epoch, .. } = &held.lease;
        let (lease, owner) = (lease.as_str(), owner.as_str());
        let parameters =
            values![name, slice, held.position.0, up_to.0, count, now, lease, owner, *epoch];
        if orders.is_empty() && poison.is_empty() {
            if shared.together.execute(ADVANCE, parameters.to_vec()).await? != 1 {
                return Err(Fault::NotHeld);
            }
        } else {
            let mut tx = shared.db.begin().await?;
            held.lease.hold(&mut tx, now).await?;
            if tx.execute(ADVANCE, &parameters).await? != 1 {
                return Err(Fault::NotHeld);
            }
            for (event, error) in &poison {
                self.park(&mut tx, event, error).await?;
            }
            shared.write(&mut tx, &orders, now).await?;
            tx.commit().await?;
            shared.tell_of_news();
        }
        held.position = up_to;
        held.blocked.extend(poison.iter().map(|(event, _)| event.guild()));
        metrics::counter!("reeve_process_events_total", "process" => name).increment(count);
        Ok(())
    }

    /// One guild's events, in their order.
    async fn react_to<'a>(&self, events: Vec<&'a Recorded>) -> Reacted<'a> {
        let mut reacted = Reacted { orders: Orders::default(), events: 0, stopped: None };
        for event in events {
            let source = format!("event/{}", event.id);
            let mut reaction = self.shared.reaction(&*self.process, event.guild(), source);
            if event.type_name.ends_with("_settings.changed") {
                reaction.actions().heard_of(event);
            }
            match super::caught(self.process.react(event, &mut reaction)).await {
                Ok(()) => {
                    reacted.orders.append(reaction.orders);
                    reacted.events += 1;
                }
                Err(trouble) => {
                    reacted.stopped = Some((event, trouble));
                    break;
                }
            }
        }
        reacted
    }

    /// Sets a guild aside in this process: it waits at this event.
    async fn park(&self, tx: &mut Tx, event: &Recorded, error: &str) -> Result<(), LogError> {
        let (name, id, now) = (self.process.name(), projections::error_id(), (self.shared.clock)());
        let kind = format!("{} v{}", event.type_name, event.type_version);
        tracing::error!(
            process = name,
            guild.id = %event.guild(),
            guild.seq = event.guild_seq,
            event.r#type = kind,
            error.id = id,
            error,
            "a process cannot deal with an event; its guild waits, the others go on"
        );
        metrics::counter!("reeve_process_parked_total", "process" => name).increment(1);
        let insert = "INSERT INTO process_blocked (name, guild, next_seq, event_seq, event_type, \
                      error_id, error, tries, since, retry_asked) \
                      VALUES ($1, $2, $3, $3, $4, $5, $6, 1, $7, 0) \
                      ON CONFLICT (name, guild) DO UPDATE SET next_seq = excluded.next_seq, \
                      event_seq = excluded.event_seq, event_type = excluded.event_type, \
                      error_id = excluded.error_id, error = excluded.error, \
                      tries = process_blocked.tries + 1, retry_asked = 0";
        let error = super::outbox::short(error);
        let row = values![name, event.guild(), event.guild_seq, kind, id, error, now];
        tx.execute(insert, &row).await.map(|_| ())
    }

    /// Tries parked guilds again that an operator asked for.
    async fn retry_where_asked(&self, held: &mut Held) -> Result<(), Fault> {
        if held.blocked.is_empty() {
            return Ok(());
        }
        let select = "SELECT guild, next_seq FROM process_blocked \
                      WHERE name = $1 AND retry_asked = 1 ORDER BY guild";
        let rows = self.shared.db.query(select, &values![self.process.name()]).await?;
        for row in rows {
            let Ok(guild) = GuildId::from_i64(row.int(0)?) else { continue };
            // Another slice looks after the others.
            if self.slice.contains(guild) && held.blocked.contains(&guild) {
                self.catch_up(held, guild, row.count(1)?).await?;
            }
        }
        Ok(())
    }

    async fn catch_up(
        &self,
        held: &mut Held,
        guild: GuildId,
        mut next_seq: u64,
    ) -> Result<(), Fault> {
        let (shared, name) = (&*self.shared, self.process.name());
        loop {
            let events = shared.log.read_guild(guild, next_seq - 1, CATCH_UP).await?;
            let owed = &events[..events.partition_point(|event| event.position <= held.position)];
            let wanted = owed.iter().filter(|event| self.process.follows(&event.type_name));
            let reacted = self.react_to(wanted.collect()).await;
            let now = (shared.clock)();
            let mut tx = shared.db.begin().await?;
            held.lease.hold(&mut tx, now).await?;
            shared.write(&mut tx, &reacted.orders, now).await?;
            let done = match (&reacted.stopped, owed.last()) {
                (Some((_, Trouble::Later(error))), _) => return Err(Fault::Later(error.clone())),
                (Some((event, Trouble::Poison(error))), _) => {
                    self.park(&mut tx, event, error).await?;
                    true
                }
                (None, None) => {
                    let delete = "DELETE FROM process_blocked WHERE name = $1 AND guild = $2";
                    tx.execute(delete, &values![name, guild]).await?;
                    held.blocked.remove(&guild);
                    tracing::info!(process = name, guild.id = %guild, "a parked guild goes on");
                    true
                }
                (None, Some(last)) => {
                    next_seq = last.guild_seq + 1;
                    let update = "UPDATE process_blocked SET next_seq = $3 \
                                  WHERE name = $1 AND guild = $2";
                    tx.execute(update, &values![name, guild, next_seq]).await?;
                    false
                }
            };
            tx.commit().await?;
            shared.tell_of_news();
            if done {
                return Ok(());
            }
        }
    }
}

/// The slices of a process, made when it first begins: at the head of the log, or at its start.
pub(super) async fn slices_of(
    shared: &Shared,
    process: &dyn Process,
    wanted: u16,
) -> Result<u16, LogError> {
    let head = match process.begins() {
        Begin::Head => shared.log.head().await?,
        Begin::Start => Position::START,
    };
    let (name, now) = (process.name(), (shared.clock)());
    let mut tx = shared.db.begin().await?;
    // Two processes that start together agree on one number.
    let lock = "UPDATE work_counters SET value = value WHERE name = 'effects'";
    tx.execute(lock, &[]).await?;
    let select = "SELECT slices FROM process_checkpoints WHERE name = $1 LIMIT 1";
    let rows = tx.query(select, &values![name]).await?;
    if let Some(row) = rows.first() {
        return Ok(u16::try_from(row.int(0)?).unwrap_or(1));
    }
    for slice in 0..wanted {
        let insert = "INSERT INTO process_checkpoints (name, slice, slices, position, events, \
                      updated_at, paused) VALUES ($1, $2, $3, $4, 0, $5, NULL)";
        tx.execute(insert, &values![name, slice, wanted, head.0, now]).await?;
    }
    tx.commit().await?;
    tracing::info!(process = name, position = head.0, "a new process begins");
    Ok(wanted)
}
