//! How our streams are called on the server, and what is stored beside an event's payload.
//!
//! `economy/41` becomes `reeve.economy-41`, `case/41/17` becomes `reeve.case-41-17`: the namespace,
//! then the server's own custom of a category before the first hyphen.

use std::{borrow::Cow, sync::Arc};

use domain::{EventId, GuildId, Timestamp};
use eventstore::{EventData, RecordedEvent};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    envelope::{Entry, EventHash, NewEvent, Position, Recorded, StreamId},
    log::LogError,
};

const MAX_NAMESPACE: usize = 32;

/// The part of a server that is one log: all of its streams begin with this and a dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace(String);

impl Namespace {
    pub fn new(name: &str) -> Result<Self, LogError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > MAX_NAMESPACE || !name.chars().all(plain) {
            return Err(LogError::Setup(format!(
                "a namespace has 1 to {MAX_NAMESPACE} characters out of a-z, 0-9 and _, not {name:?}"
            )));
        }
        Ok(Self(name.to_owned()))
    }

    /// What all event streams begin with, and nothing else.
    pub(super) fn prefix(&self) -> String {
        format!("{}.", self.0)
    }

    /// The stream that says which log this is and who may read it.
    pub(super) fn charter(&self) -> String {
        format!("{}:log", self.0)
    }

    /// A stream to try one's rights on.
    pub(super) fn probe(&self, id: Uuid) -> String {
        format!("{}:probe-{}", self.0, id.simple())
    }

    pub(super) fn stream(&self, stream: &StreamId) -> Result<String, LogError> {
        let category = stream.category();
        if category.contains('-') {
            return Err(LogError::Setup(format!(
                "a category without a hyphen is needed for EventStoreDB, not {category:?}"
            )));
        }
        let name = format!("{}.{category}-{}", self.0, stream.guild());
        Ok(match stream.aggregate_id().split_once('/') {
            Some((_, part)) => format!("{name}-{part}"),
            None => name,
        })
    }

    pub(super) fn parse(&self, name: &str) -> Result<StreamId, LogError> {
        let strange = || LogError::Corrupt(format!("the stream {name:?} is none of this log's"));
        let rest = name.strip_prefix(&self.0).and_then(|rest| rest.strip_prefix('.'));
        let (category, rest) = rest.and_then(|rest| rest.split_once('-')).ok_or_else(strange)?;
        let aggregate_id = match rest.split_once('-') {
            Some((guild, part)) => Cow::Owned(format!("{guild}/{part}")),
            None => Cow::Borrowed(rest),
        };
        StreamId::from_columns(category, &aggregate_id)
    }
}

/// What is stored beside the payload, as JSON. The metadata's text stays byte for byte as it is.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Envelope<'a> {
    /// Version of the event's type.
    version: u32,
    /// Microseconds since 1970, as the writer's clock had it.
    at: i64,
    /// Drawn for each append, so that its writer knows it again.
    pub append: Uuid,
    /// Hash of the event with guild sequence 0 and this time: what the writer knew.
    seal: Cow<'a, str>,
    #[serde(borrow)]
    metadata: &'a RawValue,
    /// Of an event that comes from another log: what it was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<Kept<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept<'a> {
    guild_seq: u64,
    #[serde(borrow)]
    hash: Cow<'a, str>,
}

/// An event on its way to the server.
pub(super) fn proposed(
    stream: &StreamId,
    version: u64,
    event: &NewEvent,
    metadata: &Arc<str>,
    at: Timestamp,
    append: Uuid,
) -> Result<EventData, LogError> {
    let draft = Entry {
        position: Position::START,
        id: event.id,
        stream: stream.clone(),
        version,
        guild_seq: 0,
        type_name: Cow::Borrowed(event.event_type.name),
        type_version: event.event_type.version,
        at,
        metadata: Arc::clone(metadata),
        payload: Arc::clone(&event.payload),
        hash: EventHash([0; 32]),
    };
    data(&draft, append, None)
}

/// An event of another log, as it was there.
pub(super) fn imported(event: &Recorded, append: Uuid) -> Result<EventData, LogError> {
    let hash = Cow::Owned(event.hash.to_string());
    let kept = Kept { guild_seq: event.guild_seq, hash };
    data(&Entry { guild_seq: 0, ..(**event).clone() }, append, Some(kept))
}

fn data(draft: &Entry, append: Uuid, kept: Option<Kept<'_>>) -> Result<EventData, LogError> {
    let bad = |what: &str| LogError::Setup(format!("event {}: {what}", draft.id));
    let metadata: &RawValue = serde_json::from_str(&draft.metadata)
        .map_err(|error| bad(&format!("its metadata is not JSON: {error}")))?;
    if metadata.get() != &*draft.metadata {
        return Err(bad("its metadata has spaces around it"));
    }
    let envelope = Envelope {
        version: draft.type_version,
        at: draft.at.as_micros(),
        append,
        seal: Cow::Owned(draft.compute_hash().to_string()),
        metadata,
        kept,
    };
    let envelope = serde_json::to_vec(&envelope).map_err(|error| bad(&error.to_string()))?;
    // The payload is text that was made as JSON; the type says so to the server's own tools.
    let payload = RawBytes(&draft.payload).event(&draft.type_name)?;
    Ok(payload.id(draft.id.0).metadata(envelope.into()))
}

/// The client makes an event from a value to print or from bytes, and calls the latter binary.
struct RawBytes<'a>(&'a str);

impl RawBytes<'_> {
    fn event(&self, type_name: &str) -> Result<EventData, LogError> {
        let unprintable = |error: serde_json::Error| {
            LogError::Setup(format!("the payload of a {type_name} is not JSON: {error}"))
        };
        let raw: &RawValue = serde_json::from_str(self.0).map_err(unprintable)?;
        if raw.get() == self.0 {
            EventData::json(type_name, &raw).map_err(unprintable)
        } else {
            // Spaces around it, which printing would lose.
            Ok(EventData::binary(type_name, self.0.as_bytes().to_vec().into()))
        }
    }
}

/// An event as the server has it, before it is counted.
#[derive(Debug)]
pub(super) struct Draft {
    /// Without position, guild sequence and hash, and with the writer's time.
    pub entry: Entry,
    pub append: Uuid,
    pub kept: Option<(u64, String)>,
    pub commit: u64,
    pub prepare: u64,
    seal: String,
}

impl Draft {
    pub fn read(namespace: &Namespace, event: &RecordedEvent) -> Result<Self, LogError> {
        let stream = namespace.parse(event.stream_id())?;
        let corrupt = |what: String| {
            LogError::Corrupt(format!(
                "event {} of {stream} ({}): {what}",
                event.id, event.revision
            ))
        };
        let envelope: Envelope<'_> = serde_json::from_slice(&event.custom_metadata)
            .map_err(|error| corrupt(format!("its envelope does not parse: {error}")))?;
        let payload = std::str::from_utf8(&event.data)
            .map_err(|_| corrupt("its payload is no text".to_owned()))?;
        Ok(Self {
            append: envelope.append,
            kept: envelope.kept.map(|kept| (kept.guild_seq, kept.hash.into_owned())),
            commit: event.position.commit,
            prepare: event.position.prepare,
            seal: envelope.seal.into_owned(),
            entry: Entry {
                position: Position::START,
                id: EventId(event.id),
                version: event.revision + 1,
                guild_seq: 0,
                type_name: Cow::Owned(event.event_type.clone()),
                type_version: envelope.version,
                at: Timestamp::from_micros(envelope.at),
                metadata: envelope.metadata.get().into(),
                payload: payload.into(),
                hash: EventHash([0; 32]),
                stream,
            },
        })
    }

    pub fn guild(&self) -> GuildId {
        self.entry.guild()
    }

    /// Refuses what is not what its writer wrote.
    pub fn check_seal(&self) -> Result<(), LogError> {
        if self.entry.compute_hash().to_string() == self.seal {
            Ok(())
        } else {
            Err(self.entry.corrupt("it is not what its writer sealed"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_keep_their_names_on_the_server() {
        let reeve = Namespace::new("reeve").unwrap();
        for (stream, name) in [
            ("economy/42", "reeve.economy-42"),
            ("case/42/17", "reeve.case-42-17"),
            ("campaign/42/a/b-c", "reeve.campaign-42-a/b-c"),
            ("campaign/42/-", "reeve.campaign-42--"),
        ] {
            let stream: StreamId = stream.parse().unwrap();
            assert_eq!(reeve.stream(&stream).unwrap(), name);
            assert_eq!(reeve.parse(name).unwrap(), stream);
        }
        for strange in
            ["economy-42", "other.economy-42", "reeve.economy", "reeve.economy-x", "$all"]
        {
            assert!(reeve.parse(strange).is_err(), "{strange}");
        }
        let hyphen = StreamId::of_guild("a-b", GuildId::new(1).unwrap());
        assert!(reeve.stream(&hyphen).is_err());
        assert!(Namespace::new("Reeve!").is_err());
    }
}
