//! From a backup into an empty log.

use std::{path::Path, sync::Arc, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    BackupError, Kept, Shelf,
    read::{Part, parts},
};
use crate::{
    envelope::{Position, Recorded},
    log::EventLog,
    moving::{FilledBy, Filler, Filling, Mark, Tally, check, read, set},
    people::{Erasure, Erasures, Registry},
    proof::Records,
};

/// Events that go in at a time.
const PAGE: usize = 8_000;

/// Where a backup goes.
#[derive(Debug)]
pub struct Restoring<'a> {
    pub log: &'a Arc<dyn EventLog>,
    pub people: &'a Registry,
    pub proofs: &'a Records,
    pub now: Timestamp,
    /// The list of erasures of the target. Everybody on it stays erased, and everybody that the
    /// backup's own list names.
    pub erasures: &'a Path,
    /// Who was erased according to other lists.
    pub also: Vec<Erasure>,
    /// How people call the target: no password in it.
    pub name: String,
    pub until: Moment,
}

/// Up to where a log is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    End,
    /// What had happened then, in all guilds: up to the first event that is later.
    Time(Timestamp),
    /// So many events from the beginning.
    Events(u64),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Restored {
    pub events: u64,
    pub guilds: usize,
    /// Events of the backup that lie after the moment.
    pub left_out: u64,
    pub last_at: Option<Timestamp>,
    pub erasures: usize,
    pub checkpoints: usize,
    /// It was done before; only what lies beside the log was looked at again.
    pub already: bool,
    pub backup: Kept,
    pub secs: f64,
}

/// On a log that was filled from a backup.
#[derive(Debug, Serialize, Deserialize)]
struct Done {
    id: String,
    events: u64,
}

/// Fills the log, checks what was read and then what was written.
pub async fn restore(
    restoring: &Restoring<'_>,
    shelf: Shelf,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Restored, BackupError> {
    let began = Instant::now();
    let log = restoring.log;
    let name = shelf.name();
    let Some(_held) = restoring.people.hold().await? else {
        return Err(BackupError::Refused(format!(
            "another process is filling {} at this moment; let it finish",
            restoring.name
        )));
    };
    let mut parts = parts(shelf);
    let mut filler = None;
    let mut left_out = 0;
    let mut already = false;
    let mut checkpoints = 0;
    let mut erased = Erasures::read(restoring.erasures)?;
    merge(&mut erased, restoring.also.clone());
    let kept = loop {
        let part = parts
            .recv()
            .await
            .ok_or_else(|| BackupError::CutShort("its reader ended early".to_owned()))?;
        let part = part.map_err(|error| half_done(error, filler.is_some(), restoring))?;
        match part {
            Part::Header(header) => {
                already = claim(restoring, &header.id, &name).await?;
                filler = Some(Filler::new(Arc::clone(log)).await?);
                if let Some(check) = header.key_check.and_then(|text| STANDARD.decode(text).ok()) {
                    restoring.people.set_key_check(&check).await?;
                }
            }
            Part::Events(mut events) => {
                let Some(filler) = &mut filler else { continue };
                let all = events.len();
                if left_out == 0 {
                    restoring.until.cut(&mut events, filler.tally.events);
                } else {
                    events.clear();
                }
                left_out += (all - events.len()) as u64;
                for page in events.chunks(PAGE) {
                    filler.take(page.to_vec()).await?;
                    progress(filler.tally.events);
                }
            }
            Part::Numbers(numbers) => {
                for page in numbers.chunks(PAGE) {
                    restoring.people.give(page).await?;
                }
            }
            Part::Erasures(list) => merge(&mut erased, list),
            Part::Keys(keys) => {
                restoring.proofs.add_keys(&keys).await?;
                if left_out > 0 {
                    // What they signed later is no longer so. A new key says that it begins anew.
                    restoring.proofs.retire_keys(restoring.now).await?;
                }
            }
            Part::Checkpoints(mut page) => {
                let tally = filler.as_ref().map(|filler| &filler.tally);
                page.retain(|one| tally.is_some_and(|tally| one.size <= tally.of(one.guild)));
                for page in page.chunks(PAGE) {
                    checkpoints += restoring.proofs.add(page).await?;
                }
            }
            Part::End(kept) => break kept,
        }
    };
    let Some(mut filler) = filler else {
        return Err(BackupError::CutShort("it holds nothing".to_owned()));
    };
    filler.finish().await?;
    let mut written = Tally::default();
    check(log, Position::START, &mut written, &|_| {}).await?;
    if let Some(difference) = filler.tally.difference(&written) {
        return Err(BackupError::Refused(format!(
            "{} does not hold what the backup does: {difference}; empty it and restore again",
            restoring.name
        )));
    }
    let list = Erasures::open(restoring.erasures)?;
    list.add_all(&erased)?;
    restoring.people.destroy(&erased).await?;
    let done = Done { id: kept.id.clone(), events: written.events };
    set(&**log, Mark::Restored, &done).await?;
    log.set_mark(Mark::Filling, None).await?;
    Ok(Restored {
        events: written.events,
        guilds: written.guilds().len(),
        left_out,
        last_at: (written.events > 0).then_some(written.last_at),
        erasures: erased.len(),
        checkpoints,
        already,
        backup: kept,
        secs: began.elapsed().as_secs_f64(),
    })
}

/// Takes an empty target, or one that an earlier run began to fill from this backup. Answers
/// whether that run came to its end, and nothing has happened since.
async fn claim(restoring: &Restoring<'_>, id: &str, from: &str) -> Result<bool, BackupError> {
    let (log, name) = (&**restoring.log, &restoring.name);
    match read::<Filling>(log, Mark::Filling).await? {
        Some(Filling { by: FilledBy::Restore, from_id, .. }) if from_id == id => {
            return Ok(false);
        }
        Some(filling) => {
            return Err(BackupError::Refused(format!(
                "{name} is being filled from {}; finish that, or choose an empty target",
                filling.from
            )));
        }
        None => {}
    }
    let events = log.head().await?.0;
    let done = read::<Done>(log, Mark::Restored).await?;
    if let Some(done) = done.filter(|done| done.id == id) {
        if done.events == events {
            return Ok(true);
        }
        return Err(BackupError::Refused(format!(
            "{name} was restored from this backup before and has {events} events now; to have only \
             the backup again, restore it into an empty store"
        )));
    }
    if events > 0 || log.mark(Mark::Closed).await?.is_some() {
        return Err(BackupError::Refused(format!(
            "{name} is not empty: it holds {events} events; a backup is restored into an empty one"
        )));
    }
    if !restoring.people.is_empty().await? {
        return Err(BackupError::Refused(format!(
            "{name} has no events but knows people; a backup is restored into an empty one"
        )));
    }
    let (from_id, from) = (id.to_owned(), from.to_owned());
    let filling = Filling { by: FilledBy::Restore, from_id, from };
    set(log, Mark::Filling, &filling).await?;
    Ok(false)
}

/// A backup that ends early leaves a target that says so.
fn half_done(error: BackupError, begun: bool, restoring: &Restoring<'_>) -> BackupError {
    let name = &restoring.name;
    let more = format!("; {name} is marked as incomplete and takes no events: empty it first");
    match error {
        BackupError::CutShort(text) if begun => BackupError::CutShort(text + &more),
        BackupError::Damaged(text) if begun => BackupError::Damaged(text + &more),
        error => error,
    }
}

fn merge(erased: &mut Vec<Erasure>, list: Vec<Erasure>) {
    let known: std::collections::HashSet<_> =
        erased.iter().map(|one| (one.guild, one.person)).collect();
    erased.extend(list.into_iter().filter(|one| !known.contains(&(one.guild, one.person))));
}

impl Moment {
    /// Leaves what had happened by then; `before` events came before these.
    fn cut(self, events: &mut Vec<Recorded>, before: u64) {
        let end = match self {
            Self::End => None,
            Self::Time(time) => events.iter().position(|event| event.at > time),
            Self::Events(most) => usize::try_from(most.saturating_sub(before)).ok(),
        };
        events.truncate(end.unwrap_or(events.len()));
    }
}
