//! Backups of a log, in one format for every backend.
//!
//! A backup is a folder, or the same files as a tar stream: `backup.json`, segments of events as
//! lines of JSON, `numbers.jsonl` (how many person numbers each guild has given), `erasures.jsonl`,
//! `guilds.jsonl` (the end and the chain of hashes of every guild), `signing-keys.jsonl` (public
//! ones) with segments of the checkpoints they signed, and last of all `manifest.json`
//! with the SHA-256 of all others: without it a backup was cut short.
//!
//! Invariants: no keys and nothing that finds a person are in it (those are in key backups, which
//! expire); it is a prefix of the log, which needs no pause and no snapshot because a log only grows;
//! every event's hash is recomputed when it is made, verified and restored; memory does not grow
//! with the log.

mod lines;
mod make;
mod read;
mod restore;
mod shelf;
mod tar;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::{
    make::{Made, Making, make},
    read::{Kept, verify},
    restore::{Moment, Restored, Restoring, restore},
    shelf::{Shelf, Sink},
};
use crate::{log::LogError, moving::MoveError, people::PeopleError};

/// Raised when an older reeve could not read it.
pub const FORMAT: u32 = 1;
pub const HEADER: &str = "backup.json";
pub const NUMBERS: &str = "numbers.jsonl";
pub const ERASURES: &str = "erasures.jsonl";
pub const GUILDS: &str = "guilds.jsonl";
pub const SIGNING_KEYS: &str = "signing-keys.jsonl";
pub const MANIFEST: &str = "manifest.json";

/// Events go into a new segment after this many bytes or events.
const SEGMENT_BYTES: usize = 8 * 1024 * 1024;
pub const SEGMENT_EVENTS: usize = 20_000;
/// No file of a backup may be larger: it is read as a whole.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// The first file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub reeve_backup: u32,
    pub id: String,
    /// The log it is of.
    pub log: String,
    /// The newest event contract that may be in it.
    pub contract: u32,
    pub begun: Timestamp,
    /// Tells which master key the key backups of this log need.
    pub key_check: Option<String>,
}

/// The last file. A line with the SHA-256 of its own text follows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub reeve_backup: u32,
    pub id: String,
    pub events: u64,
    pub guilds: u64,
    pub last_at: Option<Timestamp>,
    pub made: Timestamp,
    pub files: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error("cannot use {place}: {problem}")]
    Io { place: String, problem: String },
    /// What was asked for cannot be done like this.
    #[error("{0}")]
    Refused(String),
    #[error("the backup is cut short: {0}; make a new one, or take an older one")]
    CutShort(String),
    #[error("the backup is damaged: {0}; take another one")]
    Damaged(String),
}

impl From<MoveError> for BackupError {
    fn from(error: MoveError) -> Self {
        match error {
            MoveError::Log(error) => Self::Log(error),
            MoveError::People(error) => Self::People(error),
            MoveError::Refused(text) | MoveError::Different(text) => Self::Refused(text),
        }
    }
}

/// `events-000001.jsonl`
fn segment_name(number: usize) -> String {
    format!("events-{number:06}.jsonl")
}

/// `checkpoints-000001.jsonl`
fn signed_name(number: usize) -> String {
    format!("checkpoints-{number:06}.jsonl")
}

fn is_signed(name: &str) -> bool {
    name.strip_prefix("checkpoints-").is_some_and(|rest| rest.strip_suffix(".jsonl").is_some())
}

fn is_segment(name: &str) -> bool {
    name.strip_prefix("events-").is_some_and(|rest| rest.strip_suffix(".jsonl").is_some())
}
