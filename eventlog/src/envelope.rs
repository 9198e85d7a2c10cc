//! An event as it is stored, and what its hash covers.

use std::{
    borrow::Cow,
    fmt,
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use domain::{Actor, Cause, EventId, EventType, GuildId, IdempotencyKey, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Builder;

use crate::LogError;

/// No event's payload may be larger, on any backend.
pub const MAX_EVENT_BYTES: usize = 256 * 1024;
/// No single append may be larger, all its events and their metadata together.
pub const MAX_APPEND_BYTES: usize = 1024 * 1024;

/// No part of a stream's name may be longer.
const MAX_NAME_BYTES: usize = 200;

/// One aggregate's events: `economy/41771983423143937`, or with a part of its own,
/// `case/41771983423143937/17`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    category: Cow<'static, str>,
    guild: GuildId,
    part: Option<Box<str>>,
}

impl StreamId {
    pub fn of_guild(category: &'static str, guild: GuildId) -> Self {
        Self { category: Cow::Borrowed(category), guild, part: None }
    }

    pub fn part(category: &'static str, guild: GuildId, part: &str) -> Self {
        Self { category: Cow::Borrowed(category), guild, part: Some(part.into()) }
    }

    /// From the two columns that store it.
    pub fn from_columns(category: &str, aggregate_id: &str) -> Result<Self, LogError> {
        let (guild, part) = match aggregate_id.split_once('/') {
            Some((guild, part)) => (guild, Some(part.into())),
            None => (aggregate_id, None),
        };
        let guild = guild.parse().map_err(|error: domain::InvalidId| {
            LogError::Corrupt(format!("stream {category}/{aggregate_id}: {error}"))
        })?;
        Ok(Self { category: Cow::Owned(category.to_owned()), guild, part })
    }

    /// Refuses names that not every backend can hold.
    pub(crate) fn check(&self) -> Result<(), LogError> {
        let bad = |name: &str| {
            name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control)
        };
        if bad(&self.category)
            || self.category.contains('/')
            || self.part.as_deref().is_some_and(bad)
        {
            return Err(LogError::Setup(format!(
                "a part of a stream's name has 1 to {MAX_NAME_BYTES} bytes without control \
                 characters, and the category has no slash; not so {:?}",
                self.to_string()
            )));
        }
        Ok(())
    }

    pub fn category(&self) -> &str {
        &self.category
    }

    pub const fn guild(&self) -> GuildId {
        self.guild
    }

    /// Its name among the guild's streams: `economy`, `case/17`.
    pub fn within_guild(&self) -> Cow<'_, str> {
        match &self.part {
            None => Cow::Borrowed(&self.category),
            Some(part) => Cow::Owned(format!("{}/{part}", self.category)),
        }
    }

    /// The second column: what follows the category.
    pub fn aggregate_id(&self) -> String {
        match &self.part {
            None => self.guild.to_string(),
            Some(part) => format!("{}/{part}", self.guild),
        }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.category, self.guild)?;
        self.part.as_ref().map_or(Ok(()), |part| write!(f, "/{part}"))
    }
}

impl std::str::FromStr for StreamId {
    type Err = LogError;
    fn from_str(text: &str) -> Result<Self, LogError> {
        let (category, rest) = text.split_once('/').ok_or_else(|| {
            LogError::Corrupt(format!("a stream is named like economy/<guild>, not {text:?}"))
        })?;
        Self::from_columns(category, rest)
    }
}

/// Where an event stands in its backend. Opaque: it never leaves the process.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    pub const START: Self = Self(0);
}

/// Who, why and under which rules: stored as JSON beside the payload, covered by the hash. A flat
/// object of texts, because that is what a stock cqrs-es repository reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    pub actor: Actor,
    #[serde(flatten)]
    pub cause: Cause,
    pub key: IdempotencyKey,
    /// Version of the settings that ruled the decision.
    #[serde(default, with = "number_as_text", skip_serializing_if = "Option::is_none")]
    pub policy: Option<u32>,
}

mod number_as_text {
    use std::borrow::Cow;

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub fn serialize<S: Serializer>(
        number: &Option<u32>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match number {
            Some(number) => serializer.collect_str(number),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u32>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map(Some).map_err(D::Error::custom)
    }
}

/// SHA-256 over everything an event is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EventHash(pub [u8; 32]);

impl fmt::Debug for EventHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for EventHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// An event as the log holds it. All who follow the log share it; whoever changes one changes a
/// copy of their own.
#[derive(Clone)]
pub struct Recorded(Arc<Shared>);

struct Shared {
    entry: Entry,
    /// Somebody has found that it is what was written.
    checked: AtomicBool,
}

/// All that an event is.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub position: Position,
    pub id: EventId,
    pub stream: StreamId,
    /// 1, 2, 3 … within the stream.
    pub version: u64,
    /// 1, 2, 3 … within the guild; the same on every backend, for ever.
    pub guild_seq: u64,
    pub type_name: Cow<'static, str>,
    pub type_version: u32,
    pub at: Timestamp,
    /// Exact JSON text of [`Metadata`].
    pub metadata: Arc<str>,
    /// Exact JSON text of the event.
    pub payload: Arc<str>,
    pub hash: EventHash,
}

impl Recorded {
    /// What is about to be written, with the hash that belongs to it.
    pub(crate) fn new(mut entry: Entry) -> Self {
        entry.hash = entry.compute_hash();
        Self(Arc::new(Shared { entry, checked: AtomicBool::new(true) }))
    }

    /// At another place of its backend, which is no part of what it says.
    #[must_use]
    pub fn placed(mut self, position: Position) -> Self {
        self.position = position;
        self
    }

    /// Refuses an event that is not what was written. Asked by all who share it, and found out once.
    pub(crate) fn check(&self) -> Result<(), LogError> {
        if !self.0.checked.load(Ordering::Relaxed) {
            self.verify()?;
            self.0.checked.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl From<Entry> for Recorded {
    fn from(entry: Entry) -> Self {
        Self(Arc::new(Shared { entry, checked: AtomicBool::new(false) }))
    }
}

impl Deref for Recorded {
    type Target = Entry;
    fn deref(&self) -> &Entry {
        &self.0.entry
    }
}

impl DerefMut for Recorded {
    fn deref_mut(&mut self) -> &mut Entry {
        let shared = Arc::make_mut(&mut self.0);
        *shared.checked.get_mut() = false;
        &mut shared.entry
    }
}

impl Clone for Shared {
    fn clone(&self) -> Self {
        Self { entry: self.entry.clone(), checked: AtomicBool::new(false) }
    }
}

impl PartialEq for Recorded {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl Entry {
    pub const fn guild(&self) -> GuildId {
        self.stream.guild()
    }

    pub fn metadata(&self) -> Result<Metadata, LogError> {
        serde_json::from_str(&self.metadata)
            .map_err(|error| self.corrupt(&format!("its metadata does not parse: {error}")))
    }

    /// Refuses an event that is not what was written.
    pub fn verify(&self) -> Result<(), LogError> {
        if self.compute_hash() == self.hash {
            Ok(())
        } else {
            Err(self.corrupt("its content does not match its hash"))
        }
    }

    pub(crate) fn corrupt(&self, what: &str) -> LogError {
        LogError::Corrupt(format!(
            "event {} ({} v{}, {} version {}): {what}",
            self.id, self.type_name, self.type_version, self.stream, self.version
        ))
    }

    /// Hash over a fixed header, the fixed-width fields in big-endian order, then every text
    /// with its length before it. Described for other implementations in `docs/event-hash.md`.
    pub(crate) fn compute_hash(&self) -> EventHash {
        let mut hasher = Sha256::new();
        hasher.update(b"reeve.event.v1\n");
        hasher.update(self.id.0.as_bytes());
        hasher.update(self.guild().get().to_be_bytes());
        hasher.update(self.guild_seq.to_be_bytes());
        hasher.update(self.version.to_be_bytes());
        hasher.update(u64::from(self.type_version).to_be_bytes());
        hasher.update(self.at.as_micros().to_be_bytes());
        let aggregate_id = self.stream.aggregate_id();
        for text in
            [self.stream.category(), &aggregate_id, &self.type_name, &self.metadata, &self.payload]
        {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
        EventHash(hasher.finalize().into())
    }
}

/// An event on its way to the log.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub id: EventId,
    pub event_type: EventType,
    pub payload: Arc<str>,
}

/// Same stream, key and index: same id, so the log's unique ids keep a key from acting twice.
///
/// A hash, with the milliseconds in front where the key tells when it began: then new ids stand
/// beside each other in the log's index, and an append touches its last page instead of any.
pub fn event_id(stream: &StreamId, key: &IdempotencyKey, index: usize) -> EventId {
    let name = format!("reeve.event-id.v1\n{stream}\n{}\n{index}", key.as_str());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(name)[..16]);
    if let Some(millis) = key.began_millis() {
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    }
    EventId(Builder::from_custom_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_survive_their_text() {
        for text in ["economy/42", "case/42/17", "campaign/42/a/b"] {
            assert_eq!(text.parse::<StreamId>().unwrap().to_string(), text);
        }
        assert!("economy".parse::<StreamId>().is_err());
        assert!("economy/x".parse::<StreamId>().is_err());
    }

    #[test]
    fn same_key_same_event_id() {
        let stream = StreamId::of_guild("economy", GuildId::new(42).unwrap());
        let other = StreamId::of_guild("economy", GuildId::new(43).unwrap());
        let key = IdempotencyKey::new("interaction/1").unwrap();
        assert_eq!(event_id(&stream, &key, 0), event_id(&stream, &key, 0));
        assert_ne!(event_id(&stream, &key, 0), event_id(&stream, &key, 1));
        assert_ne!(event_id(&stream, &key, 0), event_id(&other, &key, 0));
    }

    #[test]
    fn ids_of_what_began_later_sort_later() {
        let stream = StreamId::of_guild("economy", GuildId::new(42).unwrap());
        let id = |began: u64, index| {
            let key = IdempotencyKey::new(format!("interaction/{}", began << 22)).unwrap();
            event_id(&stream, &key, index)
        };
        assert!((0..50).all(|index| id(300_000_000_000, index) < id(300_000_000_001, 50 - index)));
        assert_ne!(id(300_000_000_000, 0), id(300_000_000_000, 1));
        assert_eq!(id(300_000_000_000, 0).0.get_version_num(), 8);
    }
}
