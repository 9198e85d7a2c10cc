//! One keyframe's file: a word that says what it is, a head, the numbers and checksums of its
//! pages, a checksum of all that, then the pages.

use std::{
    fs::File,
    io::{self, BufWriter, Read as _, Write as _},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use domain::GuildId;
use serde::{Deserialize, Serialize};

use super::super::pages::{PAGE_BYTES, Pages, checksum};

const WORD: &[u8; 16] = b"reeve.keyframe.1";
const MOST_HEAD_BYTES: u32 = 4096;
const INDEX_ENTRY: usize = 12;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub guild: GuildId,
    pub projection: String,
    pub version: u32,
    /// The guild's last event in it, and that event's hash.
    pub seq: u64,
    pub last: String,
    /// Pages of the whole database.
    pub pages: u32,
    /// Checksums of the database at the keyframe before, and here.
    pub before: u64,
    pub after: u64,
}

#[derive(Debug)]
pub(super) struct Frame {
    pub path: PathBuf,
    pub head: Head,
    /// Numbers and checksums of the pages that it has, in order.
    pub index: Vec<(u32, u64)>,
    pub pages_at: u64,
}

impl Frame {
    /// Reads everything but the pages, and checks it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut word = [0; WORD.len()];
        file.read_exact(&mut word)?;
        let (head_bytes, entries) = (number(&mut file)?, number(&mut file)?);
        let pages_bytes = u64::from(entries) * PAGE_BYTES as u64;
        let before = (WORD.len() + 8) as u64 + u64::from(head_bytes);
        let pages_at = before + u64::from(entries) * INDEX_ENTRY as u64 + 8;
        // Asked before memory is: a length may be damaged like anything else.
        if word != *WORD
            || head_bytes > MOST_HEAD_BYTES
            || file.metadata()?.len() != pages_at + pages_bytes
        {
            return Err(io::Error::other("it is cut short or no keyframe"));
        }
        let length = usize::try_from(pages_at - (WORD.len() + 8) as u64 - 8);
        let mut bytes = vec![0; length.map_err(io::Error::other)?];
        file.read_exact(&mut bytes)?;
        let mut expected = [0; 8];
        file.read_exact(&mut expected)?;
        if checksum(&bytes) != u64::from_le_bytes(expected) {
            return Err(io::Error::other("its head is damaged"));
        }
        let (head, index) = bytes.split_at(head_bytes as usize);
        let head: Head = serde_json::from_slice(head)?;
        let index = index.chunks_exact(INDEX_ENTRY).map(entry).collect();
        Ok(Self { path: path.to_owned(), head, index, pages_at })
    }
}

fn number(file: &mut File) -> io::Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn entry(bytes: &[u8]) -> (u32, u64) {
    let (number, checksum) = bytes.split_at(4);
    let number = number.try_into().map(u32::from_le_bytes).unwrap_or_default();
    (number, checksum.try_into().map(u64::from_le_bytes).unwrap_or_default())
}

/// Writes those pages of a database to a new file.
pub(super) fn write(
    path: &Path,
    head: &Head,
    changed: &[u32],
    pages: &Pages,
    database: &Path,
) -> io::Result<()> {
    let source = File::open(database)?;
    let mut described = serde_json::to_vec(head)?;
    let head_bytes = u32::try_from(described.len()).map_err(io::Error::other)?;
    let entries = u32::try_from(changed.len()).map_err(io::Error::other)?;
    for number in changed {
        described.extend(number.to_le_bytes());
        described.extend(pages.0[*number as usize].to_le_bytes());
    }
    let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    let mut file = BufWriter::with_capacity(1 << 20, file);
    file.write_all(WORD)?;
    file.write_all(&head_bytes.to_le_bytes())?;
    file.write_all(&entries.to_le_bytes())?;
    file.write_all(&described)?;
    file.write_all(&checksum(&described).to_le_bytes())?;
    let mut page = [0; PAGE_BYTES];
    for number in changed {
        source.read_exact_at(&mut page, u64::from(*number) * PAGE_BYTES as u64)?;
        file.write_all(&page)?;
    }
    file.flush()
}
