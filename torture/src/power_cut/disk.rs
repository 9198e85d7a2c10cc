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
        let mut content = self.durable.clone();
        for (change, fate) in weather.fates(self.pending.len(), sectors, rng) {
            match (self.pending[change].1, fate) {
                (_, Fate::Dropped) => {}
                (Change::Truncate { size }, _) => content.resize(size, 0),
                (Change::Write { offset, bytes }, fate) => {
                    write(&mut content, offset, bytes, &fate, weather.stale_holes, rng);
                }
            }
        }
        content
    }
}

/// Writes what `fate` lets through. What the file grows by without being written is a hole.
fn write(
    content: &mut Vec<u8>,
    offset: usize,
    bytes: &[u8],
    fate: &Fate,
    stale_holes: bool,
    rng: &mut impl Rng,
) {
    let mut grow_to = |content: &mut Vec<u8>, size: usize| {
        let hole = content.len();
        grow(content, size);
        if stale_holes && hole < content.len() {
            rng.fill(&mut content[hole..]);
        }
    };
    for (sector, range) in sectors(offset, bytes.len()).enumerate() {
        if matches!(fate, Fate::Torn { sectors, .. } if !sectors[sector]) {
            continue;
        }
        grow_to(content, offset + range.start);
        grow(content, offset + range.end);
        content[offset + range.start..offset + range.end].copy_from_slice(&bytes[range]);
    }
    if let Fate::Torn { grown: true, .. } = fate {
        grow_to(content, offset + bytes.len());
    }
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
