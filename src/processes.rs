//! What Reeve does about what happened: one file per process.
//!
//! A process follows the log and reacts to each event of its own, in the guild's order: with
//! *commands*, given through `actions` under keys made of (process, event, step), and with *rows*:
//! effects to be carried out in Discord, timers set and cancelled. Commands are finished before the
//! checkpoint moves; rows are written with it. So after a crash the same events are reacted to
//! again, and nothing happens twice. A process is never rebuilt nor replayed: a new one begins at
//! the head of the log, or where it says.
//!
//! To add a process: a file beside `awards.rs` with its steps, and for each of them what happens
//! when it is repeated, refused or killed; one line in [`registered`]; a test with the harness in
//! `tests/harness.rs`, which does all three.

mod alarm_clock;
pub mod awards;
pub mod case_posts;
pub mod cases;
pub mod codes;
pub mod effect;
mod errand;
pub mod evidence;
mod follow;
pub mod giveaways;
pub mod hands;
mod lanes;
mod lease;
pub mod levels;
pub mod logs;
pub mod moderation;
pub mod outbox;
mod reaction;
pub mod reports;
mod sender;
pub mod squads;
pub mod status;
#[cfg(test)]
mod tests;
pub mod tiers;
pub mod timers;
pub mod webhooks;

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use actions::Actions;
use async_trait::async_trait;
use domain::{GuildId, Timestamp};
use eventlog::{
    Clock, EventLog, LogError, People, Recorded, Slice, Together,
    sql::{Db, Tx},
};
use futures::FutureExt as _;
use tokio::{sync::watch, task::JoinSet};

use self::{alarm_clock::AlarmClock, follow::Following, reaction::Orders, sender::Sender};
pub use self::{
    effect::{Content, Deed, Effect, Letter},
    hands::{Hands, Outcome, Seen},
    lease::Fault,
    outbox::Outbox,
    reaction::{Ordered, Reaction, Trouble},
    timers::{Timer, Timers},
};

/// How often the numbers for metrics are counted.
const MEASURE: Duration = Duration::from_secs(10);

/// Where a process begins to follow the log when there is no checkpoint of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// What is yet to happen.
    Head,
    /// Everything there is: for a process that owes something for the past.
    Start,
}

/// What became of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With the id that Discord gave, where it gave one.
    Done(Option<String>),
    /// Discord refused for good (with its code), or never answered clearly (0).
    Failed { code: u64, text: String },
    /// Left undone: its kind is dropped when in doubt, or an operator said so.
    Dropped,
}

/// Something that is to be done whenever something has happened. All of it may be asked again for
/// the same event, timer or effect, and must come to the same then: see [`Reaction`].
#[async_trait]
pub trait Process: Send + Sync + 'static {
    /// Stands in keys and rows: it never changes.
    fn name(&self) -> &'static str;

    fn begins(&self) -> Begin {
        Begin::Head
    }

    /// Whether it reacts to events of this type.
    fn follows(&self, type_name: &str) -> bool;

    async fn react(&self, event: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble>;

    /// Kinds of timers that it sets.
    fn timers(&self) -> &'static [&'static str] {
        &[]
    }

    /// One of its timers is due.
    async fn fire(&self, timer: &Timer, _: &mut Reaction) -> Result<(), Trouble> {
        Err(Trouble::Poison(format!("{} does not know timers of kind {}", self.name(), timer.kind)))
    }

    /// Asked before each call: whether one of its effects is still wanted. What is not is dropped;
    /// so what waited for Discord too long does not undo what was decided since.
    async fn wants(&self, _: &Effect, _: &Actions) -> Result<bool, Trouble> {
        Ok(true)
    }

    /// One of its effects came to an end.
    async fn outcome(&self, _: &Effect, _: &Ended, _: &mut Reaction) -> Result<(), Trouble> {
        Ok(())
    }
}

/// Every process there is. A new one adds its line here.
pub fn registered() -> Vec<Arc<dyn Process>> {
    vec![
        Arc::new(awards::Awards),
        Arc::new(levels::Levels),
        Arc::new(logs::Logs),
        Arc::new(reports::Reports),
        Arc::new(moderation::Moderation),
        Arc::new(cases::Cases),
        Arc::new(case_posts::CasePosts),
        Arc::new(evidence::Evidence),
        Arc::new(giveaways::Giveaways),
        Arc::new(codes::Codes),
        Arc::new(squads::Squads),
        Arc::new(tiers::Tiers),
        Arc::new(webhooks::Webhooks::default()),
    ]
}

/// Between 0 and 1, for pauses that shall not be the same for all.
pub type Jitter = Arc<dyn Fn() -> f64 + Send + Sync>;

pub fn random_jitter() -> Jitter {
    Arc::new(rand::random::<f64>)
}

/// What processes stand on.
#[derive(Clone)]
pub struct Ground {
    pub log: Arc<dyn EventLog>,
    pub db: Db,
    pub actions: Actions,
    pub clock: Clock,
    pub jitter: Jitter,
    /// Parts into which a new process is divided.
    pub slices: u16,
    /// Where effects are ordered outside of any process.
    pub outbox: Outbox,
    pub timers: Timers,
}

impl std::fmt::Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ground").field("log", &self.log).finish_non_exhaustive()
    }
}

/// What all parts of the runtime share.
struct Shared {
    log: Arc<dyn EventLog>,
    db: Db,
    actions: Actions,
    clock: Clock,
    jitter: Jitter,
    owner: String,
    processes: Vec<Arc<dyn Process>>,
    outbox: Outbox,
    timers: Timers,
    together: Together,
}

impl Shared {
    fn process(&self, name: &str) -> Option<&Arc<dyn Process>> {
        self.processes.iter().find(|process| process.name() == name)
    }

    fn people(&self) -> &People {
        self.actions.people()
    }

    fn reaction(&self, process: &dyn Process, guild: GuildId, source: String) -> Reaction {
        Reaction::new(process.name(), guild, source, &self.actions, &self.timers)
    }

    async fn write(&self, tx: &mut Tx, orders: &Orders, now: Timestamp) -> Result<(), Fault> {
        outbox::put(tx, &orders.effects, now).await?;
        timers::write(tx, &orders.timers, now).await?;
        for (sql, parameters) in &orders.rows {
            tx.execute(sql, parameters).await?;
        }
        Ok(())
    }

    /// Something may have been ordered.
    fn tell_of_news(&self) {
        self.outbox.tell();
        self.timers.news.notify_one();
    }
}

/// The processes of this binary, at work.
#[derive(Debug)]
pub struct Processes {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Processes {
    /// Without hands, effects are ordered and wait.
    pub async fn start(
        ground: Ground,
        processes: Vec<Arc<dyn Process>>,
        hands: Option<Arc<dyn Hands>>,
    ) -> Result<Self, LogError> {
        let (stop, stopping) = watch::channel(false);
        let Ground { log, db, actions, clock, jitter, slices, outbox, timers } = ground;
        let owner = uuid::Uuid::new_v4().to_string();
        let together = Together::new(db.clone());
        let shared = Arc::new(Shared {
            log,
            db,
            actions,
            clock,
            jitter,
            owner,
            processes,
            outbox,
            timers,
            together,
        });
        let mut tasks = JoinSet::new();
        for process in &shared.processes {
            let of = follow::slices_of(&shared, &**process, slices.max(1)).await?;
            for index in 0..of {
                let (shared, process) = (Arc::clone(&shared), Arc::clone(process));
                let following = Following { shared, process, slice: Slice { index, of } };
                tasks.spawn(following.run(stopping.clone()));
            }
        }
        tasks.spawn(AlarmClock { shared: Arc::clone(&shared) }.run(stopping.clone()));
        if let Some(hands) = hands {
            for way in effect::Way::ALL {
                let (shared, hands) = (Arc::clone(&shared), Arc::clone(&hands));
                tasks.spawn(Sender { shared, hands, way }.run(stopping.clone()));
            }
        }
        tasks.spawn(logs::sweep(shared.actions.clone(), stopping.clone()));
        tasks.spawn(status::measure(shared, MEASURE, stopping));
        Ok(Self { stop, tasks })
    }

    /// Ends what was begun and lets go of everything.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// A defect in a process is one guild's trouble, not everybody's.
async fn caught(step: impl Future<Output = Result<(), Trouble>>) -> Result<(), Trouble> {
    AssertUnwindSafe(step).catch_unwind().await.unwrap_or_else(|panic: Box<dyn Any + Send>| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        tracing::error!(panic = said.unwrap_or("without a word"), "a process panicked");
        Err(Trouble::Poison("it panicked; this is a defect of reeve, please report it".to_owned()))
    })
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the runtime was dropped, which is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}
