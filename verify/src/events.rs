//! The events of a bundle, each held against the signed history.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use serde::Deserialize;

use crate::{
    event::{Event, Place},
    lines::Batch,
    note::{self, Checkpoint},
    tree::{Hash, root_of_path},
};

/// Threads that check events.
const THREADS: usize = 2;
/// Lines that a thread takes at a time.
const SHARE: usize = 64;
/// No proof in a tree of 64-bit size is longer.
const MAX_PATH: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine<'a> {
    #[serde(borrow)]
    event: Event<'a>,
    proof: Option<Vec<String>>,
}

/// Which events the bundle says it shows.
#[derive(Clone, Debug)]
pub enum What {
    Range { from: u64, to: u64 },
    Stream(String),
    Person(u64),
}

/// What events are held against.
pub struct Frame<'a> {
    pub what: &'a What,
    pub checkpoint: &'a Checkpoint,
    pub erased: &'a HashSet<u64>,
}

/// An event whose own proof holds, where it has one.
pub struct Seen {
    pub leaf: Hash,
    pub place: Place,
    pub erased: bool,
}

/// Checks all lines of a batch on two threads, and does something else meanwhile.
pub fn check_all(
    batch: &Batch,
    frame: &Frame<'_>,
    meanwhile: impl FnOnce(),
) -> Vec<Result<Seen, String>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let begin = next.fetch_add(SHARE, Ordering::Relaxed);
            let Some(lines) = batch.lines.get(begin..) else { return done };
            if lines.is_empty() {
                return done;
            }
            let share = lines.iter().take(SHARE);
            let seen = share.map(|line| look(&batch.bytes[line.clone()], frame));
            done.push((begin, seen.collect::<Vec<_>>()));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..THREADS).map(|_| scope.spawn(work)).collect();
        meanwhile();
        let mut done = work();
        for other in others {
            done.extend(other.join().expect("looking at a line does not panic"));
        }
        done
    });
    done.sort_unstable_by_key(|(begin, _)| *begin);
    done.into_iter().flat_map(|(_, seen)| seen).collect()
}

fn look(line: &[u8], frame: &Frame<'_>) -> Result<Seen, String> {
    let line: EventLine<'_> =
        serde_json::from_slice(line).map_err(|error| format!("it is no event: {error}"))?;
    let event = &line.event;
    let (leaf, place) = match (frame.what, &line.proof) {
        (What::Range { .. }, None) => {
            let (leaf, place) = event.leaf().ok_or("a field is not what it must be")?;
            if place.guild != frame.checkpoint.guild {
                return Err(format!("the event is one of guild {}", place.guild));
            }
            (leaf, place)
        }
        (What::Stream(_) | What::Person(_), Some(proof)) => {
            proven(event, &decode(proof)?, frame.checkpoint)?
        }
        (What::Range { .. }, Some(_)) => return Err("it has a proof of its own".to_owned()),
        _ => return Err("its proof is missing".to_owned()),
    };
    match frame.what {
        What::Stream(stream) if !event.is_of_stream(stream) => {
            return Err(format!("the event is not one of {stream}"));
        }
        What::Person(person) if !event.concerns(*person) => {
            return Err(format!("the event does not name person {person}"));
        }
        _ => {}
    }
    Ok(Seen { leaf, place, erased: event.belongs_to(frame.erased) })
}

/// The leaf of an event whose own path leads to the signed root.
pub fn proven(
    event: &Event<'_>,
    path: &[Hash],
    checkpoint: &Checkpoint,
) -> Result<(Hash, Place), String> {
    let (leaf, place) = event.leaf().ok_or("a field is not what it must be")?;
    if place.guild != checkpoint.guild {
        return Err(format!("the event is one of guild {}", place.guild));
    }
    let index = place.guild_seq.checked_sub(1).ok_or("its guild sequence is 0")?;
    if root_of_path(index, checkpoint.size, leaf, path) != Some(checkpoint.root) {
        return Err(
            "the event is not the one that was signed: it or its proof was altered".to_owned()
        );
    }
    Ok((leaf, place))
}

pub fn decode(texts: &[String]) -> Result<Vec<Hash>, String> {
    if texts.len() > MAX_PATH {
        return Err("its proof is longer than any can be".to_owned());
    }
    let hash = |text: &String| note::hash(text).ok_or("a hash of its proof is not one".to_owned());
    texts.iter().map(hash).collect()
}
