//! The lines of a bundle, and what of an event's text they depend on.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufWriter, Write as _},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{Actor, GuildId, PersonId};
use ed25519_dalek::SigningKey;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Selection;
use crate::{
    envelope::Recorded,
    proof::{
        ProofError,
        checkpoint::{origin, signed_note},
        tree::Hash,
    },
};

/// The form of the lines. Another form will have another number.
const FORMAT: u32 = 1;
/// Fields of events in which a person stands.
const PERSONS: [&str; 4] = ["person", "from", "to", "owner"];

pub(super) struct Lines {
    file: BufWriter<File>,
    /// Over everything that was written.
    hasher: Sha256,
    bytes: u64,
    line: Vec<u8>,
}

/// An event with everything that its hash covers, under the names of the log's columns.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the columns")]
struct Event<'a> {
    event_id: String,
    guild: GuildId,
    guild_seq: String,
    aggregate_type: &'a str,
    aggregate_id: String,
    sequence: String,
    event_type: &'a str,
    event_version: String,
    recorded_at: String,
    metadata: &'a str,
    payload: &'a str,
}

// The first field is what a line is known by, so these are no maps, which have an order of their own.
#[derive(Serialize)]
struct SinceLine<'a> {
    since: &'a str,
    consistency: Vec<String>,
}

#[derive(Serialize)]
struct RangeLine {
    left: Vec<String>,
    right: Vec<String>,
}

#[derive(Serialize)]
struct EventLine<'a> {
    event: Event<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<Vec<String>>,
}

#[derive(Serialize)]
struct ErasedLine<'a> {
    erased: Event<'a>,
    proof: Vec<String>,
}

impl Lines {
    pub fn new(file: BufWriter<File>) -> Self {
        Self { file, hasher: Sha256::new(), bytes: 0, line: Vec::new() }
    }

    pub fn header(
        &mut self,
        guild: GuildId,
        selection: &Selection,
        range: Option<(u64, u64)>,
    ) -> Result<(), ProofError> {
        // Written by hand: a reader may rely on how a bundle begins.
        let begin = format!("{{\"reeve_proof\":{FORMAT},\"guild\":\"{guild}\",");
        let what = match (selection, range) {
            (Selection::Stream(stream), _) => {
                let name = serde_json::to_string(&stream.to_string()).unwrap_or_default();
                format!("\"stream\":{name}}}")
            }
            (Selection::Person(person), _) => format!("\"person\":\"{}\"}}", person.0),
            (Selection::Range { from, .. }, range) => {
                let to = range.map_or(*from, |(_, to)| to);
                format!("\"from\":\"{from}\",\"to\":\"{to}\"}}")
            }
        };
        self.put((begin + &what).as_bytes())
    }

    pub fn key(&mut self, verifier_key: &str) -> Result<(), ProofError> {
        self.write(&json!({ "key": verifier_key }))
    }

    pub fn checkpoint(&mut self, note: &str) -> Result<(), ProofError> {
        self.write(&json!({ "checkpoint": note }))
    }

    pub fn since(&mut self, note: &str, consistency: &[Hash]) -> Result<(), ProofError> {
        self.write(&SinceLine { since: note, consistency: texts(consistency) })
    }

    pub fn erased(&mut self, event: &Recorded, path: &[Hash]) -> Result<(), ProofError> {
        self.write(&ErasedLine { erased: of(event), proof: texts(path) })
    }

    pub fn range(&mut self, left: &[Hash], right: &[Hash]) -> Result<(), ProofError> {
        self.write(&RangeLine { left: texts(left), right: texts(right) })
    }

    pub fn event(&mut self, event: &Recorded, path: Option<&[Hash]>) -> Result<(), ProofError> {
        self.write(&EventLine { event: of(event), proof: path.map(texts) })
    }

    /// The last line says, signed, what is before it. Answers how long the bundle is.
    pub fn end(
        &mut self,
        guild: GuildId,
        events: u64,
        key: &SigningKey,
    ) -> Result<u64, ProofError> {
        let digest = STANDARD.encode(self.hasher.clone().finalize());
        let text = format!("{}\nbundle of {events} events\n{digest}\n", origin(guild));
        self.write(&json!({ "end": signed_note(guild, &text, key) }))?;
        let finish = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        finish.map_err(|error| ProofError::Write(error.to_string()))?;
        Ok(self.bytes)
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), ProofError> {
        let mut text = std::mem::take(&mut self.line);
        text.clear();
        serde_json::to_writer(&mut text, line)
            .map_err(|error| ProofError::Write(error.to_string()))?;
        let written = self.put(&text);
        self.line = text;
        written
    }

    fn put(&mut self, text: &[u8]) -> Result<(), ProofError> {
        self.hasher.update(text);
        self.hasher.update(b"\n");
        self.bytes += text.len() as u64 + 1;
        let written = self.file.write_all(text).and_then(|()| self.file.write_all(b"\n"));
        written.map_err(|error| ProofError::Write(error.to_string()))
    }
}

fn of(event: &Recorded) -> Event<'_> {
    Event {
        event_id: event.id.0.to_string(),
        guild: event.guild(),
        guild_seq: event.guild_seq.to_string(),
        aggregate_type: event.stream.category(),
        aggregate_id: event.stream.aggregate_id(),
        sequence: event.version.to_string(),
        event_type: &event.type_name,
        event_version: event.type_version.to_string(),
        recorded_at: event.at.as_micros().to_string(),
        metadata: &event.metadata,
        payload: &event.payload,
    }
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}

/// Whose sealed texts a payload holds.
pub(super) fn owners(payload: &str, found: &mut BTreeSet<u32>) {
    if !payload.contains("\"sealed\"") {
        return;
    }
    let mut within: Vec<Value> = serde_json::from_str(payload).into_iter().collect();
    while let Some(value) = within.pop() {
        match value {
            Value::Object(fields) => {
                if fields.len() == 2 && fields.get("sealed").is_some_and(Value::is_string) {
                    let owner = fields.get("owner").and_then(Value::as_u64);
                    found.extend(owner.and_then(|owner| u32::try_from(owner).ok()));
                }
                within.extend(fields.into_iter().map(|(_, value)| value));
            }
            Value::Array(values) => within.extend(values),
            _ => {}
        }
    }
}

/// Whether an event names a person: as who did it, or in one of the fields for persons.
pub(super) fn concerns(event: &Recorded, person: PersonId) -> bool {
    if event.metadata().is_ok_and(|metadata| metadata.actor == Actor::Person(person)) {
        return true;
    }
    if !event.payload.contains(&person.0.to_string()) {
        return false;
    }
    let number = Value::from(person.0);
    let mut within: Vec<Value> = serde_json::from_str(&event.payload).into_iter().collect();
    while let Some(value) = within.pop() {
        match value {
            Value::Object(fields) => {
                if PERSONS.iter().any(|name| fields.get(*name) == Some(&number)) {
                    return true;
                }
                within.extend(fields.into_iter().map(|(_, value)| value));
            }
            Value::Array(values) => within.extend(values),
            _ => {}
        }
    }
    false
}
