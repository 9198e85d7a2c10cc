//! The disk at one moment of the journal: what is durable, and what is still on its way.

use std::{collections::BTreeMap, ops::Range, path::Path};

use rand::{Rng, RngExt};

use super::{
    image::Image,
    weather::{Fate, SECTOR_BYTES, Weather},
};
use crate::journal::{FileId, Journal, Operation};

/// Replays a journal; it can go forward but not back.
#[derive(Debug, Default)]
pub struct Disk<'j> {
    replayed: usize,
    files: BTreeMap<FileId, File<'j>>,
    names: BTreeMap<&'j Path, Name>,
    acknowledged: u64,
}

#[derive(Debug, Default)]
struct File<'j> {
    durable: Vec<u8>,
    /// With their positions in the journal.
    pending: Vec<(usize, Change<'j>)>,
}

#[derive(Debug, Clone, Copy)]
enum Change<'j> {
    Write { offset: usize, bytes: &'j [u8] },
    Truncate { size: usize },
}

/// What a name may stand for after a crash: the first state is durable, each further one came at a
/// position of the journal.
#[derive(Debug)]
struct Name {
    states: Vec<(usize, Option<FileId>)>,
}

impl<'j> Disk<'j> {
    /// Goes on to the moment when the first `until` operations of the journal have happened.
    pub fn replay(&mut self, journal: &'j Journal, until: usize) {
        let operations = journal.operations();
        for (at, operation) in operations.iter().enumerate().take(until).skip(self.replayed) {
            self.apply(at, operation);
        }
        self.replayed = self.replayed.max(until.min(operations.len()));
    }

    /// The highest mark so far, 0 without any.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// What is left if the power fails now.
    pub fn crash(&self, weather: Weather, rng: &mut impl Rng) -> Image {
        let mut image = Image::default();
        for (path, name) in &self.names {
            let (_, state) = name.states[weather.state(name.states.len(), rng)];
            if let Some(file) = state.and_then(|id| self.files.get(&id)) {
                image.files.insert(path.to_path_buf(), file.crash(weather, rng));
            }
        }
        image
    }

    fn apply(&mut self, at: usize, operation: &'j Operation) {
        match operation {
            Operation::Adopt { file, path, bytes } => {
                self.files.insert(*file, File { durable: bytes.clone(), pending: Vec::new() });
                self.names.insert(path, Name { states: vec![(at, Some(*file))] });
            }
            Operation::Create { file, path } => {
                self.files.insert(*file, File::default());
                self.name(path).states.push((at, Some(*file)));
            }
            Operation::Delete { path } => self.name(path).states.push((at, None)),
            Operation::Write { file, offset, bytes } => {
                self.change(at, *file, Change::Write { offset: *offset, bytes });
            }
            Operation::Truncate { file, size } => {
                self.change(at, *file, Change::Truncate { size: *size });
            }
            Operation::Sync { file, covers, .. } => {
                if let Some(synced) = self.files.get_mut(file) {
                    synced.settle(*covers);
                }
                for name in self.names.values_mut() {
                    name.settle(|position, state| position < *covers && state == Some(*file));
                }
            }
            Operation::SyncDirectory { directory, covers } => {
                for (path, name) in &mut self.names {
                    if path.parent() == Some(directory) {
                        name.settle(|position, _| position < *covers);
                    }
                }
                self.forget_unreachable();
            }
            Operation::Mark(mark) => self.acknowledged = self.acknowledged.max(*mark),
        }
    }

    fn name(&mut self, path: &'j Path) -> &mut Name {
        self.names.entry(path).or_insert_with(|| Name { states: vec![(0, None)] })
    }

    fn change(&mut self, at: usize, file: FileId, change: Change<'j>) {
        // A file without a reachable name may still be written to; nobody will find it.
        if let Some(file) = self.files.get_mut(&file) {
            file.pending.push((at, change));
        }
    }

    fn forget_unreachable(&mut self) {
        let names = &self.names;
        self.files.retain(|id, _| {
            names.values().flat_map(|name| &name.states).any(|(_, state)| *state == Some(*id))
        });
    }
}

impl Name {
    /// The last state for which this holds is durable; what the name stood for before is gone.
    fn settle(&mut self, durable: impl Fn(usize, Option<FileId>) -> bool) {
        if let Some(last) = self.states.iter().rposition(|(at, state)| durable(*at, *state)) {
            self.states.drain(..last);
        }
    }
}

impl File<'_> {
    /// Makes durable what came before position `covers`, in the order it came.
    fn settle(&mut self, covers: usize) {
        let still_pending = self.pending.partition_point(|(at, _)| *at < covers);
        for (_, change) in self.pending.drain(..still_pending) {
            match change {
                Change::Write { offset, bytes } => {
                    grow(&mut self.durable, offset + bytes.len());
                    self.durable[offset..offset + bytes.len()].copy_from_slice(bytes);
                }
                Change::Truncate { size } => self.durable.resize(size, 0),
            }
        }
    }

    fn crash(&self, weather: Weather, rng: &mut impl Rng) -> Vec<u8> {
        let sectors = |change: usize| match self.pending[change].1 {
            Change::Write { offset, bytes } => sectors(offset, bytes.len()).count(),
            Change::Truncate { .. } => 0,
        };
        let mut survivors = Vec::new();
        for (change, fate) in weather.fates(self.pending.len(), sectors, rng) {
            match self.pending[change].1 {
                _ if fate == Fate::Dropped => {}
                Change::Truncate { size } => survivors.push(Survivor::Truncate { size }),
                Change::Write { offset, bytes } => survive(&mut survivors, offset, bytes, &fate),
            }
        }
        apply(&self.durable, &survivors, weather.stale_holes, rng)
    }
}

/// A piece of a change which reached the disk.
#[derive(Debug)]
enum Survivor<'j> {
    Truncate { size: usize },
    Write { offset: usize, bytes: &'j [u8] },
    Grow { size: usize },
}

/// The sectors of a write which `fate` lets through, and the length it leaves behind.
fn survive<'j>(survivors: &mut Vec<Survivor<'j>>, offset: usize, bytes: &'j [u8], fate: &Fate) {
    let Fate::Torn { sectors: reached, grown } = fate else {
        return survivors.push(Survivor::Write { offset, bytes });
    };
    for (range, _) in sectors(offset, bytes.len()).zip(reached).filter(|(_, reached)| **reached) {
        survivors.push(Survivor::Write { offset: offset + range.start, bytes: &bytes[range] });
    }
    if *grown {
        survivors.push(Survivor::Grow { size: offset + bytes.len() });
    }
}

/// Applies the survivors one after the other: what a truncation takes away and nobody writes again
/// is a hole. Each byte is touched once however often the file shrinks and grows, because lengths
/// are worked out first.
fn apply(
    durable: &[u8],
    survivors: &[Survivor<'_>],
    stale_holes: bool,
    rng: &mut impl Rng,
) -> Vec<u8> {
    // From the last to the first: how much of what was there before each survivor is left at last.
    let mut left = usize::MAX;
    let mut writes = Vec::new();
    for survivor in survivors.iter().rev() {
        match *survivor {
            Survivor::Truncate { size } => left = left.min(size),
            Survivor::Write { offset, bytes } => {
                let len = bytes.len().min(left.saturating_sub(offset));
                writes.push((offset, &bytes[..len]));
            }
            Survivor::Grow { .. } => {}
        }
    }
    let size = survivors.iter().fold(durable.len(), |size, survivor| match *survivor {
        Survivor::Truncate { size } => size,
        Survivor::Write { offset, bytes } => size.max(offset + bytes.len()),
        Survivor::Grow { size: grown } => size.max(grown),
    });

    let mut content = Vec::with_capacity(size);
    content.extend_from_slice(&durable[..durable.len().min(left).min(size)]);
    let hole = content.len();
    content.resize(size, 0);
    if stale_holes {
        rng.fill(&mut content[hole..]);
    }
    for (offset, bytes) in writes.into_iter().rev().filter(|(_, bytes)| !bytes.is_empty()) {
        content[offset..offset + bytes.len()].copy_from_slice(bytes);
    }
    content
}

fn grow(content: &mut Vec<u8>, size: usize) {
    if content.len() < size {
        content.resize(size, 0);
    }
}

/// The pieces of a write of `len` bytes at `offset`, one for each sector it touches, as ranges of
/// the written bytes.
fn sectors(offset: usize, len: usize) -> impl Iterator<Item = Range<usize>> {
    let first = offset / SECTOR_BYTES;
    let end = (offset + len).div_ceil(SECTOR_BYTES);
    (first..if len == 0 { first } else { end }).map(move |sector| {
        let start = (sector * SECTOR_BYTES).max(offset) - offset;
        let end = ((sector + 1) * SECTOR_BYTES).min(offset + len) - offset;
        start..end
    })
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    /// What `apply` means, without its shortcuts.
    fn one_by_one(durable: &[u8], survivors: &[Survivor<'_>]) -> Vec<u8> {
        let mut content = durable.to_vec();
        for survivor in survivors {
            match *survivor {
                Survivor::Truncate { size } => content.resize(size, 0),
                Survivor::Grow { size } => grow(&mut content, size),
                Survivor::Write { offset, bytes } => {
                    grow(&mut content, offset + bytes.len());
                    content[offset..offset + bytes.len()].copy_from_slice(bytes);
                }
            }
        }
        content
    }

    #[test]
    fn given_any_survivors_then_the_content_is_as_if_applied_one_by_one() {
        let ink: Vec<u8> = (1..=60).collect();
        for seed in 0..3_000 {
            let mut rng = StdRng::seed_from_u64(seed);
            let survivors: Vec<_> = (0..rng.random_range(0..8))
                .map(|_| match (rng.random_range(0..4), rng.random_range(0..40)) {
                    (0, size) => Survivor::Truncate { size },
                    (1, size) => Survivor::Grow { size },
                    (_, offset) => {
                        let start = rng.random_range(0..ink.len());
                        let bytes = &ink[start..rng.random_range(start + 1..=ink.len())];
                        Survivor::Write { offset, bytes }
                    }
                })
                .collect();
            let durable = &ink[..rng.random_range(0..20)];
            let applied = apply(durable, &survivors, false, &mut rng);
            assert_eq!(applied, one_by_one(durable, &survivors), "{durable:?} {survivors:?}");
        }
    }
}
