//! Stored events as files, and a second implementation of their hash: what `docs/event-hash.md`
//! says, written without the first one.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use domain::{EventId, Timestamp};
use eventlog::{Entry, EventHash, Position, Recorded, StreamId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Every column but the position, which is the backend's own and not part of the event.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    pub event_id: Uuid,
    pub guild: String,
    pub guild_seq: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: String,
    pub event_type: String,
    pub event_version: String,
    /// Microseconds since 1970.
    pub recorded_at: String,
    /// Exact text.
    pub metadata: String,
    /// Exact text.
    pub payload: String,
    pub hash: String,
}

impl Stored {
    pub fn recorded(&self) -> Recorded {
        let stream = StreamId::from_columns(&self.aggregate_type, &self.aggregate_id).unwrap();
        assert_eq!(stream.guild().to_string(), self.guild, "the guild's two columns differ");
        let mut hash = [0; 32];
        assert_eq!(self.hash.len(), 64, "{}", self.hash);
        for (byte, index) in hash.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&self.hash[index..index + 2], 16).unwrap();
        }
        Recorded::from(Entry {
            position: Position(1),
            id: EventId(self.event_id),
            stream,
            version: self.sequence.parse().unwrap(),
            guild_seq: self.guild_seq.parse().unwrap(),
            type_name: Cow::Owned(self.event_type.clone()),
            type_version: self.event_version.parse().unwrap(),
            at: Timestamp::from_micros(self.recorded_at.parse().unwrap()),
            metadata: self.metadata.as_str().into(),
            payload: self.payload.as_str().into(),
            hash: EventHash(hash),
        })
    }

    /// With the hash that belongs to it.
    pub fn hashed(mut self) -> Self {
        self.hash = format!("{:x}", HashOf(&self));
        self
    }
}

/// The bytes under a hash, in the order of `docs/event-hash.md`.
pub fn hashed_bytes(event: &Stored) -> Vec<u8> {
    let unsigned = |text: &str| text.parse::<u64>().unwrap().to_be_bytes();
    let mut bytes = b"reeve.event.v1\n".to_vec();
    bytes.extend(event.event_id.as_bytes());
    for number in [&event.guild, &event.guild_seq, &event.sequence, &event.event_version] {
        bytes.extend(unsigned(number));
    }
    bytes.extend(event.recorded_at.parse::<i64>().unwrap().to_be_bytes());
    let Stored { aggregate_type, aggregate_id, event_type, metadata, payload, .. } = event;
    for text in [aggregate_type, aggregate_id, event_type, metadata, payload] {
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes
}

struct HashOf<'a>(&'a Stored);

impl std::fmt::LowerHex for HashOf<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Sha256::digest(hashed_bytes(self.0)).iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub fn schema_path(name: &str, version: u32) -> PathBuf {
    repository().join(format!("schema/events/{name}.v{version}.schema.json"))
}

pub fn golden_path(name: &str, version: u32) -> PathBuf {
    repository().join(format!("schema/events/golden/{name}.v{version}.json"))
}

/// Whether files are to be brought up to date.
pub fn updating() -> bool {
    std::env::var("REEVE_TEST_UPDATE").is_ok_and(|value| value == "1")
}

/// Whole or not at all: other tests read meanwhile.
pub fn write(path: &Path, content: &impl Serialize) {
    let text = serde_json::to_string_pretty(content).unwrap() + "\n";
    let partial = format!("{}-{}", path.file_name().unwrap().display(), std::process::id());
    let partial = Path::new(env!("CARGO_TARGET_TMPDIR")).join(partial);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&partial, text).unwrap();
    fs::rename(&partial, path).unwrap();
}

pub fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|error| {
        panic!("{}: {error}; REEVE_TEST_UPDATE=1 makes what is missing", path.display())
    });
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
