//! From one backend to another, while the source is written or not.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Closed, FilledBy, Filler, Filling, Mark, Pages, Tally, check, log_id, read, set};
use crate::{
    envelope::Position,
    log::{EventLog, LogError},
    people::{Erasures, PeopleError, Registry},
    proof::Records,
};

/// The source is closed once less than this is left to copy, or when so many rounds in turn came no
/// nearer, because it is written faster than it is read.
const NEAR: u64 = 2_000;
const IN_VAIN: usize = 3;

#[derive(Clone, Debug, thiserror::Error)]
pub enum MoveError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    People(#[from] PeopleError),
    /// What was asked for cannot be done like this.
    #[error("{0}")]
    Refused(String),
    #[error(
        "the copy is not what the source is: {0}; the source is as it was; empty the target and \
         start again"
    )]
    Different(String),
}

/// A log with what lies beside it.
#[derive(Debug)]
pub struct Side {
    pub log: Arc<dyn EventLog>,
    pub people: Registry,
    pub proofs: Records,
    pub erasures: PathBuf,
    /// How people call it: no password in it.
    pub name: String,
}

#[derive(Debug)]
pub struct Migration {
    pub source: Side,
    pub target: Side,
    /// Copies while the source is written, and closes it only for the end.
    pub live: bool,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Copying { done: u64, of: u64 },
    Checking { done: u64, of: u64 },
    Closed,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Moved {
    pub events: u64,
    pub guilds: usize,
    pub people: u64,
    pub checkpoints: usize,
    pub erasures: usize,
    /// It was done before; nothing was left to do.
    pub already: bool,
    pub secs: f64,
    pub events_per_sec: u64,
    /// How long the source took no events before the switch.
    pub pause_ms: u64,
}

/// What is being copied, and what was compared so far.
struct Under<'a> {
    migration: &'a Migration,
    filler: Filler,
    copied: Position,
    target: Tally,
    checked: Position,
    progress: &'a (dyn Fn(Step) + Sync),
}

impl Migration {
    pub async fn run(&self, progress: &(dyn Fn(Step) + Sync)) -> Result<Moved, MoveError> {
        let began = Instant::now();
        let (source, target) = (&*self.source.log, &*self.target.log);
        let from = log_id(source).await?;
        if target.mark(Mark::LogId).await?.as_ref() == Some(&from) {
            return Err(refused("the source and the target are the same log"));
        }
        if self.source.people.is_same(&self.target.people).await? {
            return Err(MoveError::Refused(format!(
                "{} and {} keep their people and read models in one database, and what was computed \
                 there from one log is wrong for the other; give the target a database of its own \
                 (for EventStoreDB: database.url) and name the old one with its URL",
                self.source.name, self.target.name
            )));
        }
        if let Some(filling) = read::<Filling>(source, Mark::Filling).await? {
            return Err(MoveError::Refused(format!(
                "{} is not complete: it is being filled from {}; finish that first",
                self.source.name, filling.from
            )));
        }
        let to = log_id(target).await?;
        let closed: Option<Closed> = read(source, Mark::Closed).await?;
        if self.is_done(closed.as_ref(), &to).await? {
            return self.done_before().await;
        }
        let Some(_held) = self.target.people.hold().await? else {
            return Err(MoveError::Refused(format!(
                "another process is filling {} at this moment; let it finish",
                self.target.name
            )));
        };
        self.claim(&from).await?;
        let mut under = Under {
            migration: self,
            filler: Filler::new(Arc::clone(&self.target.log)).await?,
            copied: Position::START,
            target: Tally::default(),
            checked: Position::START,
            progress,
        };
        let moved = under.move_all(&to, closed.is_none()).await;
        let (people, checkpoints, pause) = match moved {
            Ok(moved) => moved,
            Err(error) => return Err(self.reopen(error).await),
        };
        let took = began.elapsed();
        let tally = under.target;
        Ok(Moved {
            events: tally.events,
            guilds: tally.guilds().len(),
            people,
            checkpoints,
            erasures: Erasures::read(&self.target.erasures)?.len(),
            already: false,
            secs: took.as_secs_f64(),
            events_per_sec: rate(tally.events, took),
            pause_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// Whether an earlier run came to its end. Refuses a source that goes somewhere else.
    async fn is_done(&self, closed: Option<&Closed>, to: &str) -> Result<bool, MoveError> {
        let Some(closed) = closed else { return Ok(false) };
        if closed.to_log != to {
            let how = if closed.done { "has moved" } else { "is being moved" };
            return Err(MoveError::Refused(format!(
                "{} {how} to {}, which is not this target; finish that migration, or give it up \
                 with `reeve migrate log --abandon`",
                self.source.name, closed.to
            )));
        }
        let filling: Option<Filling> = read(&*self.target.log, Mark::Filling).await?;
        Ok(closed.done && filling.is_none())
    }

    async fn done_before(&self) -> Result<Moved, MoveError> {
        let events = self.source.log.head().await?.0;
        Ok(Moved {
            events,
            guilds: 0,
            people: 0,
            checkpoints: 0,
            erasures: 0,
            already: true,
            secs: 0.0,
            events_per_sec: 0,
            pause_ms: 0,
        })
    }

    /// Takes an empty target, or the one that an earlier run began to fill.
    async fn claim(&self, from: &str) -> Result<(), MoveError> {
        let (log, name) = (&*self.target.log, &self.target.name);
        let filling: Option<Filling> = read(log, Mark::Filling).await?;
        match filling {
            Some(Filling { by: FilledBy::Migration, from_id, .. }) if from_id == from => {
                return Ok(());
            }
            Some(filling) => {
                return Err(MoveError::Refused(format!(
                    "{name} is being filled from {}; finish that, or choose an empty target",
                    filling.from
                )));
            }
            None => {}
        }
        let events = log.head().await?.0;
        if events > 0 {
            return Err(MoveError::Refused(format!(
                "{name} is not empty: it holds {events} events; choose an empty target"
            )));
        }
        if !self.target.people.is_empty().await? {
            return Err(MoveError::Refused(format!(
                "{name} has no events but knows people; choose an empty target"
            )));
        }
        let keys = self.source.proofs.keys().await?;
        if let Some(key) = self.target.proofs.conflict(&keys).await? {
            return Err(MoveError::Refused(format!(
                "{name} has no events but a key {key} of its own that signs checkpoints; choose an \
                 empty target"
            )));
        }
        let (from_id, from) = (from.to_owned(), self.source.name.clone());
        let filling = Filling { by: FilledBy::Migration, from_id, from };
        Ok(set(log, Mark::Filling, &filling).await?)
    }

    async fn close(&self, to: &str, done: bool) -> Result<(), LogError> {
        let closed = Closed { to: self.target.name.clone(), to_log: to.to_owned(), done };
        set(&*self.source.log, Mark::Closed, &closed).await?;
        tracing::info!(log.to = closed.to, log.moved = done, "the log takes no events any more");
        Ok(())
    }

    /// It came to nothing: the source takes events again.
    async fn reopen(&self, error: MoveError) -> MoveError {
        let log = &*self.source.log;
        match read::<Closed>(log, Mark::Closed).await {
            Ok(Some(Closed { done: false, .. })) => {}
            Ok(_) => return error,
            Err(other) => {
                tracing::error!(error = %other, "it is unknown whether the source takes events");
                return error;
            }
        }
        if let Err(other) = log.set_mark(Mark::Closed, None).await {
            tracing::error!(
                error = %other,
                "the source takes no events; start the migration again, or give it up with \
                 `reeve migrate log --abandon`"
            );
        }
        error
    }

    async fn move_people(&self, all: bool) -> Result<u64, MoveError> {
        let erased = Erasures::read(&self.source.erasures)?;
        if self.source.erasures != self.target.erasures && !erased.is_empty() {
            Erasures::open(&self.target.erasures)?.add_all(&erased)?;
        }
        Ok(self.source.people.copy_to(&self.target.people, &erased, all).await?)
    }
}

impl Under<'_> {
    /// Answers how many people and checkpoints there are and how long the source was closed.
    async fn move_all(
        &mut self,
        to: &str,
        open: bool,
    ) -> Result<(u64, usize, Duration), MoveError> {
        let mut closed = Instant::now();
        if !self.migration.live && open {
            self.migration.close(to, false).await?;
        }
        let mut left = self.copy().await?;
        let (mut least, mut in_vain) = (left, 0);
        while left > NEAR && in_vain < IN_VAIN {
            left = self.copy().await?;
            in_vain = if left < least { 0 } else { in_vain + 1 };
            least = least.min(left);
        }
        let mut people = self.migration.move_people(true).await?;
        let Migration { source, target, .. } = self.migration;
        let mut checkpoints = source.proofs.copy_to(&target.proofs).await?;
        self.check().await?;
        if self.migration.live && open {
            closed = Instant::now();
            self.migration.close(to, false).await?;
            (self.progress)(Step::Closed);
        }
        while self.copy().await? > 0 {}
        self.filler.finish().await?;
        people += self.migration.move_people(false).await?;
        checkpoints += source.proofs.copy_to(&target.proofs).await?;
        self.check().await?;
        if let Some(difference) = self.filler.tally.difference(&self.target) {
            return Err(MoveError::Different(difference));
        }
        self.migration.close(to, true).await?;
        self.migration.target.log.set_mark(Mark::Filling, None).await?;
        Ok((people, checkpoints, closed.elapsed()))
    }

    /// Copies to where the source ends now; answers how much it has grown meanwhile.
    async fn copy(&mut self) -> Result<u64, MoveError> {
        let source = &self.migration.source.log;
        let head = source.head().await?;
        let mut pages = Pages::new(Arc::clone(source), self.copied, head).ahead();
        while let Some(page) = pages.recv().await {
            self.filler.take(page?).await?;
            let done = self.filler.tally.events;
            (self.progress)(Step::Copying { done, of: head.0.max(done) });
        }
        self.copied = head;
        Ok(source.head().await?.0.saturating_sub(head.0))
    }

    /// Reads back what the target holds since it was last looked at.
    async fn check(&mut self) -> Result<(), MoveError> {
        self.filler.finish().await?;
        let of = self.filler.tally.events;
        let progress = |done| (self.progress)(Step::Checking { done, of });
        let log = &self.migration.target.log;
        self.checked = check(log, self.checked, &mut self.target, &progress).await?;
        Ok(())
    }
}

/// Gives a migration up that has not come to its end: the source takes events again. The target
/// stays marked as incomplete.
pub async fn abandon(source: &dyn EventLog) -> Result<(), MoveError> {
    match read::<Closed>(source, Mark::Closed).await? {
        None => Err(refused("no migration of this log was begun, or it never closed it")),
        Some(Closed { done: true, to, .. }) => Err(MoveError::Refused(format!(
            "this log has moved to {to} for good: events may have been written there since"
        ))),
        Some(_) => Ok(source.set_mark(Mark::Closed, None).await?),
    }
}

fn rate(events: u64, took: Duration) -> u64 {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    events.saturating_mul(1_000) / millis
}

fn refused(text: &str) -> MoveError {
    MoveError::Refused(text.to_owned())
}
