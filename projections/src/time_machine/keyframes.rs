//! Keyframes: a read model after every so many events of a guild, on disk.
//!
//! A keyframe is a file with the pages that changed since the keyframe before it, so that a long
//! history costs what its rows cost and not that times the number of keyframes. Those of one guild
//! and read model form a chain; each names the checksum of the state it stands on, so that files
//! of different makings never mix. What is damaged is dropped with all that stand on it.
//!
//! They hold what the read model holds: what is personal is sealed.

mod frame;

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::SystemTime,
};

use domain::GuildId;
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use self::frame::{Frame, Head};
use super::{
    error::TimeError,
    history::History,
    pages::{AT_ONCE, PAGE_BYTES, Pages, checksum},
    scratch::make_folder,
};

/// Its time of change says when a chain was last of use.
const USED: &str = "used";
const SUFFIX: &str = "keyframe";

/// One guild's keyframes of one read model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ChainKey {
    pub guild: GuildId,
    pub projection: &'static str,
    pub version: u32,
}

/// A state that keyframes led to.
#[derive(Default)]
pub(super) struct Restored {
    pub seq: u64,
    pub pages: Pages,
}

pub(super) struct Shelf {
    folder: PathBuf,
    most_bytes: u64,
    /// Names of the chains of today's read models.
    current: HashSet<String>,
    turns: Mutex<HashMap<ChainKey, Weak<tokio::sync::Mutex<()>>>>,
}

impl ChainKey {
    fn name(&self) -> String {
        chain_name(self.projection, self.version)
    }
}

fn chain_name(projection: &str, version: u32) -> String {
    format!("{projection}-v{version}")
}

impl Shelf {
    pub fn open(
        folder: &Path,
        current: Vec<(&'static str, u32)>,
        most_bytes: u64,
    ) -> Result<Self, TimeError> {
        make_folder(folder)?;
        let current =
            current.into_iter().map(|(name, version)| chain_name(name, version)).collect();
        Ok(Self { folder: folder.to_owned(), most_bytes, current, turns: Mutex::default() })
    }

    /// One at a time adds to a chain of this process; others would only do the same work again.
    pub async fn turn(&self, key: &ChainKey) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock();
            turns.retain(|_, turn| turn.strong_count() > 0);
            let known = turns.get(key).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::default();
                turns.insert(key.clone(), Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }

    /// Writes the newest state at or before `seq` to a file. A chain that ends with another event
    /// than this history has is of another log.
    pub async fn restore(
        &self,
        key: &ChainKey,
        seq: u64,
        target: &Path,
        history: &History,
    ) -> Result<Restored, TimeError> {
        loop {
            let mut frames = self.chain(key)?;
            frames.retain(|frame| frame.head.seq <= seq);
            let Some(newest) = frames.last() else {
                // Damage found in the last round may have left half a file.
                remove(target)?;
                return Ok(Restored::default());
            };
            let event = history.event(newest.head.seq).await?;
            if event.is_none_or(|event| event.hash.to_string() != newest.head.last) {
                tracing::warn!(
                    guild.id = %key.guild, projection = key.projection,
                    "keyframes of another history are dropped"
                );
                self.drop_from(key, 0)?;
                continue;
            }
            let seq = newest.head.seq;
            let target = target.to_owned();
            let written = tokio::task::spawn_blocking(move || write_state(&frames, &target));
            match written.await.map_err(|error| TimeError::Broken(error.to_string()))? {
                Ok(pages) => {
                    let _ = fs::write(self.chain_folder(key).join(USED), b"1");
                    return Ok(Restored { seq, pages });
                }
                Err(Unreadable { seq: damaged, error }) => {
                    tracing::warn!(
                        guild.id = %key.guild, projection = key.projection, damaged, %error,
                        "a keyframe is damaged; it is dropped and made again"
                    );
                    Self::damaged();
                    self.drop_from(key, damaged)?;
                }
            }
        }
    }

    /// Keeps the state that a file holds. Not kept where there is no room for it even without the
    /// other chains; then it is computed again when it is needed.
    pub fn keep(
        &self,
        key: &ChainKey,
        (seq, last): (u64, String),
        database: &Path,
        before: &Pages,
        after: &Pages,
    ) -> Result<bool, TimeError> {
        let head = Head {
            guild: key.guild,
            projection: key.projection.to_owned(),
            version: key.version,
            seq,
            last,
            pages: u32::try_from(after.0.len()).unwrap_or(u32::MAX),
            before: before.digest(),
            after: after.digest(),
        };
        let changed = after.changed_since(before);
        let bytes = changed.len() as u64 * PAGE_BYTES as u64;
        if !self.make_room(key, bytes)? {
            return Ok(false);
        }
        let folder = self.chain_folder(key);
        make_folder(&folder)?;
        fs::write(folder.join(USED), b"1")?;
        let path = folder.join(file_name(seq));
        // Beside the throw-away database: whoever sweeps up after a crash finds it there.
        let unfinished = database.with_extension(SUFFIX);
        let written = frame::write(&unfinished, &head, &changed, after, database)
            .and_then(|()| fs::rename(&unfinished, &path));
        if let Err(error) = written {
            let _ = fs::remove_file(&unfinished);
            return Err(error.into());
        }
        metrics::counter!("reeve_time_machine_keyframes_total").increment(1);
        Ok(true)
    }

    /// The keyframes of a chain that stand on each other, oldest first.
    fn chain(&self, key: &ChainKey) -> Result<Vec<Frame>, TimeError> {
        let folder = self.chain_folder(key);
        let mut seqs: Vec<u64> = match fs::read_dir(&folder) {
            Ok(entries) => entries.flatten().filter_map(|entry| seq_of(&entry.path())).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        seqs.sort_unstable();
        let mut frames: Vec<Frame> = Vec::with_capacity(seqs.len());
        for seq in seqs {
            let stands_on = frames.last().map_or(0, |frame| frame.head.after);
            let frame = Frame::open(&folder.join(file_name(seq))).and_then(|frame| {
                let Head { guild, projection, version, .. } = &frame.head;
                let ours = *guild == key.guild
                    && projection == key.projection
                    && *version == key.version
                    && frame.head.seq == seq;
                let fits = ours && frame.head.before == stands_on;
                fits.then_some(frame).ok_or_else(|| io::Error::other("it stands on another"))
            });
            match frame {
                Ok(frame) => frames.push(frame),
                Err(error) => {
                    tracing::warn!(
                        guild.id = %key.guild, projection = key.projection, seq, %error,
                        "a keyframe cannot be used; it is dropped and made again"
                    );
                    Self::damaged();
                    self.drop_from(key, seq)?;
                    break;
                }
            }
        }
        Ok(frames)
    }

    fn damaged() {
        metrics::counter!("reeve_time_machine_damaged_keyframes_total").increment(1);
    }

    /// Drops the keyframes of a chain from this one on; all from 0.
    fn drop_from(&self, key: &ChainKey, seq: u64) -> Result<(), TimeError> {
        let folder = self.chain_folder(key);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries.flatten() {
            if seq_of(&entry.path()).is_some_and(|found| found >= seq) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    pub fn forget_guild(&self, guild: GuildId) -> Result<(), TimeError> {
        match fs::remove_dir_all(self.folder.join(guild.to_string())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    pub fn bytes(&self) -> u64 {
        self.chains().iter().map(|chain| chain.bytes).sum()
    }

    /// Whether so many bytes fit beside what is there, once others have made room.
    fn make_room(&self, key: &ChainKey, bytes: u64) -> Result<bool, TimeError> {
        let ours = self.chain_folder(key);
        let mut chains = self.chains();
        // Nobody needs those of read models that are no more; then the least recently used.
        chains.sort_by_key(|chain| (chain.is_current, chain.used));
        let mut total: u64 = chains.iter().map(|chain| chain.bytes).sum();
        for chain in chains {
            let obsolete = !chain.is_current;
            if chain.path == ours || (!obsolete && total + bytes <= self.most_bytes) {
                continue;
            }
            fs::remove_dir_all(&chain.path).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
            total -= chain.bytes;
        }
        Ok(total + bytes <= self.most_bytes)
    }

    fn chains(&self) -> Vec<OnDisk> {
        let folders = |path: &Path| {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect::<Vec<_>>()
        };
        let guilds = folders(&self.folder);
        guilds
            .iter()
            .flat_map(|guild| folders(guild))
            .map(|path| {
                let files = fs::read_dir(&path).into_iter().flatten().flatten();
                let bytes = files.filter_map(|file| file.metadata().ok()).map(|m| m.len()).sum();
                let used = fs::metadata(path.join(USED)).and_then(|used| used.modified());
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                OnDisk {
                    is_current: self.current.contains(name),
                    used: used.unwrap_or(SystemTime::UNIX_EPOCH),
                    bytes,
                    path,
                }
            })
            .collect()
    }

    fn chain_folder(&self, key: &ChainKey) -> PathBuf {
        self.folder.join(key.guild.to_string()).join(key.name())
    }
}

struct OnDisk {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
    is_current: bool,
}

fn file_name(seq: u64) -> String {
    format!("{seq:012}.{SUFFIX}")
}

fn seq_of(path: &Path) -> Option<u64> {
    let named = path.extension().is_some_and(|extension| extension == SUFFIX);
    path.file_stem()?.to_str()?.parse().ok().filter(|_| named)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// From this keyframe on nothing can be used.
struct Unreadable {
    seq: u64,
    error: io::Error,
}

/// Writes the state that these keyframes lead to: of each page the newest, so that every page is
/// written once.
fn write_state(frames: &[Frame], target: &Path) -> Result<Pages, Unreadable> {
    let Some(newest) = frames.last() else { return Ok(Pages::default()) };
    let target_failed = |error| Unreadable { seq: newest.head.seq, error };
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(target)
        .map_err(target_failed)?;
    let count = newest.head.pages as usize;
    let mut pages = vec![None; count];
    for frame in frames.iter().rev() {
        let seq = frame.head.seq;
        write_pages(frame, &file, &mut pages).map_err(|error| Unreadable { seq, error })?;
    }
    let pages: Option<Vec<u64>> = pages.into_iter().collect();
    match pages.map(Pages) {
        Some(pages) if pages.digest() == newest.head.after => Ok(pages),
        _ => Err(target_failed(io::Error::other("its pages are not all there"))),
    }
}

/// Writes those pages of a keyframe that no newer one has.
fn write_pages(frame: &Frame, target: &File, pages: &mut [Option<u64>]) -> io::Result<()> {
    let source = File::open(&frame.path)?;
    let mut buffer = vec![0; AT_ONCE * PAGE_BYTES];
    for (run, index) in (0_u64..).zip(frame.index.chunks(AT_ONCE)) {
        let bytes = &mut buffer[..index.len() * PAGE_BYTES];
        let at = frame.pages_at + run * (AT_ONCE * PAGE_BYTES) as u64;
        let wanted = |number: u32| matches!(pages.get(number as usize), Some(None));
        if !index.iter().any(|(number, _)| wanted(*number)) {
            continue;
        }
        source.read_exact_at(bytes, at)?;
        let mut place = 0;
        while place < index.len() {
            let (first, _) = index[place];
            let start = place;
            // Neighbours that are wanted go together.
            while let Some(&(number, expected)) = index.get(place)
                && number as usize == first as usize + (place - start)
                && let Some(slot @ None) = pages.get_mut(number as usize)
            {
                let page = &bytes[place * PAGE_BYTES..(place + 1) * PAGE_BYTES];
                if checksum(page) != expected {
                    return Err(io::Error::other(format!("page {number} is damaged")));
                }
                *slot = Some(expected);
                place += 1;
            }
            if place == start {
                place += 1;
                continue;
            }
            let run = &bytes[start * PAGE_BYTES..place * PAGE_BYTES];
            target.write_all_at(run, u64::from(first) * PAGE_BYTES as u64)?;
        }
    }
    Ok(())
}
