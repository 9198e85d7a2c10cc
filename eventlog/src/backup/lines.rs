//! An event as a line of a backup: everything that its hash covers, and the hash.

use std::{borrow::Cow, fmt::Write as _};

use domain::{EventId, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    envelope::{Entry, EventHash, Position, Recorded, StreamId},
    log::LogError,
};

/// Payload and metadata are the exact texts that were written, as JSON strings.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    id: Uuid,
    #[serde(borrow)]
    stream: Cow<'a, str>,
    version: u64,
    guild_seq: u64,
    #[serde(rename = "type", borrow)]
    name: Cow<'a, str>,
    type_version: u32,
    at_micros: i64,
    #[serde(borrow)]
    metadata: Cow<'a, str>,
    #[serde(borrow)]
    payload: Cow<'a, str>,
    #[serde(borrow)]
    hash: Cow<'a, str>,
}

pub(super) fn write(text: &mut Vec<u8>, event: &Recorded) -> Result<(), LogError> {
    let line = Line {
        id: event.id.0,
        stream: event.stream.to_string().into(),
        version: event.version,
        guild_seq: event.guild_seq,
        name: Cow::Borrowed(&event.type_name),
        type_version: event.type_version,
        at_micros: event.at.as_micros(),
        metadata: Cow::Borrowed(&event.metadata),
        payload: Cow::Borrowed(&event.payload),
        hash: event.hash.to_string().into(),
    };
    serde_json::to_writer(&mut *text, &line).map_err(|error| LogError::Setup(error.to_string()))?;
    text.push(b'\n');
    Ok(())
}

/// The event, unless the line holds none. Its hash is not looked at here.
pub(super) fn read(line: &[u8]) -> Option<Recorded> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    Some(Recorded::from(Entry {
        position: Position::START,
        id: EventId(line.id),
        stream: line.stream.parse::<StreamId>().ok()?,
        version: line.version,
        guild_seq: line.guild_seq,
        type_name: Cow::Owned(line.name.into_owned()),
        type_version: line.type_version,
        at: Timestamp::from_micros(line.at_micros),
        metadata: line.metadata.as_ref().into(),
        payload: line.payload.as_ref().into(),
        hash: hash(&line.hash)?,
    }))
}

pub(super) fn hash(hex: &str) -> Option<EventHash> {
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(EventHash(bytes))
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// One line of JSON for each.
pub(super) fn json_lines<T: Serialize>(all: impl Iterator<Item = T>) -> Result<Vec<u8>, LogError> {
    let mut text = Vec::new();
    for one in all {
        serde_json::to_writer(&mut text, &one)
            .map_err(|error| LogError::Setup(error.to_string()))?;
        text.push(b'\n');
    }
    Ok(text)
}

/// What the lines hold; on the first that does not, its number.
pub(super) fn from_json_lines<T: for<'a> Deserialize<'a>>(text: &[u8]) -> Result<Vec<T>, usize> {
    split(text).map(|(number, line)| serde_json::from_slice(line).map_err(|_| number)).collect()
}

/// Lines with their numbers, from 1.
pub(super) fn split(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let lines = (!text.is_empty()).then(|| text.split(|byte| *byte == b'\n'));
    (1..).zip(lines.into_iter().flatten())
}
