//! An event of a bundle: its hash, and the little that is asked of its content.

use std::{borrow::Cow, collections::HashSet};

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    note::number,
    tree::{Hash, leaf_hash},
};

/// Fields of events in which a person stands.
const PERSONS: [&str; 4] = ["person", "from", "to", "owner"];

/// Everything that the hash covers, under the names of the log's columns.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names of the columns")]
pub struct Event<'a> {
    #[serde(borrow)]
    event_id: Cow<'a, str>,
    #[serde(borrow)]
    guild: Cow<'a, str>,
    #[serde(borrow)]
    guild_seq: Cow<'a, str>,
    #[serde(borrow)]
    aggregate_type: Cow<'a, str>,
    #[serde(borrow)]
    aggregate_id: Cow<'a, str>,
    #[serde(borrow)]
    sequence: Cow<'a, str>,
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    event_version: Cow<'a, str>,
    #[serde(borrow)]
    recorded_at: Cow<'a, str>,
    #[serde(borrow)]
    metadata: Cow<'a, str>,
    #[serde(borrow)]
    payload: Cow<'a, str>,
}

/// Where an event stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub guild: u64,
    pub guild_seq: u64,
    /// Within its stream.
    pub version: u64,
}

impl Event<'_> {
    /// The leaf that stands for the event, and where; none where a field is not what it must be.
    pub fn leaf(&self) -> Option<(Hash, Place)> {
        let place = Place {
            guild: number(&self.guild)?,
            guild_seq: number(&self.guild_seq)?,
            version: number(&self.sequence)?,
        };
        let mut hasher = Sha256::new();
        hasher.update(b"reeve.event.v1\n");
        hasher.update(uuid(&self.event_id)?);
        hasher.update(place.guild.to_be_bytes());
        hasher.update(place.guild_seq.to_be_bytes());
        hasher.update(place.version.to_be_bytes());
        hasher.update(number(&self.event_version)?.to_be_bytes());
        hasher.update(signed_number(&self.recorded_at)?.to_be_bytes());
        for text in [
            &self.aggregate_type,
            &self.aggregate_id,
            &self.event_type,
            &self.metadata,
            &self.payload,
        ] {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
        Some((leaf_hash(&hasher.finalize()), place))
    }

    pub fn is_of_stream(&self, stream: &str) -> bool {
        stream.split_once('/') == Some((&*self.aggregate_type, &*self.aggregate_id))
    }

    /// Whether it holds a text that belongs to one of these people.
    pub fn belongs_to(&self, people: &HashSet<u64>) -> bool {
        !people.is_empty()
            && memchr::memmem::find(self.payload.as_bytes(), b"\"sealed\"").is_some()
            && objects(&self.payload, |fields| {
                let sealed =
                    fields.len() == 2 && fields.get("sealed").is_some_and(Value::is_string);
                let owner = fields.get("owner").and_then(Value::as_u64);
                sealed && owner.is_some_and(|owner| people.contains(&owner))
            })
    }

    /// Whether it names a person: as who did it, or in one of the fields for persons.
    pub fn concerns(&self, person: u64) -> bool {
        let metadata = serde_json::from_str::<Value>(&self.metadata).unwrap_or_default();
        metadata.get("actor").and_then(Value::as_str) == Some(&*format!("person:{person}"))
            || objects(&self.payload, |fields| {
                let is_it = |name: &&str| fields.get(*name).and_then(Value::as_u64) == Some(person);
                PERSONS.iter().any(is_it)
            })
    }

    /// Who was erased, where that is what the event says.
    pub fn erased_person(&self) -> Option<u64> {
        if self.aggregate_type != "people" || self.event_type != "people.person_erased" {
            return None;
        }
        let payload: Value = serde_json::from_str(&self.payload).ok()?;
        payload.get("person_erased")?.get("person")?.as_u64()
    }
}

/// Whether an object somewhere in this JSON is one of those that are looked for.
fn objects(json: &str, is_it: impl Fn(&serde_json::Map<String, Value>) -> bool) -> bool {
    let mut within: Vec<Value> = serde_json::from_str(json).into_iter().collect();
    while let Some(value) = within.pop() {
        match value {
            Value::Object(fields) if is_it(&fields) => return true,
            Value::Object(fields) => within.extend(fields.into_iter().map(|(_, value)| value)),
            Value::Array(values) => within.extend(values),
            _ => {}
        }
    }
    false
}

fn signed_number(text: &str) -> Option<i64> {
    match text.strip_prefix('-') {
        None => number(text)?.try_into().ok(),
        Some(digits) => 0_i64.checked_sub_unsigned(number(digits).filter(|number| *number > 0)?),
    }
}

/// 8-4-4-4-12 lower-case digits.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 || [8, 13, 18, 23].iter().any(|place| bytes[*place] != b'-') {
        return None;
    }
    let mut id = [0; 16];
    let mut digits = bytes.iter().filter(|byte| **byte != b'-');
    for byte in &mut id {
        *byte = digit(*digits.next()?)? << 4 | digit(*digits.next()?)?;
    }
    digits.next().is_none().then_some(id)
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}
