//! Between an event and its stored text.
//!
//! Stored names and versions are explicit and never change. What an older version of reeve wrote
//! is brought up to date by upcasters when it is read; the log itself keeps what was written.

use std::sync::Arc;

use domain::DomainEvent;
use schemars::Schema;

use crate::{
    envelope::{MAX_EVENT_BYTES, Recorded},
    log::LogError,
};

/// Raised with every new event type or version. A log remembers the highest contract that wrote
/// to it; a binary that knows less does not open it.
const CONTRACT: u32 = 1;

pub fn contract_version() -> u32 {
    CONTRACT
}

pub fn encode<E: DomainEvent>(event: &E) -> Result<Arc<str>, LogError> {
    let text = serde_json::to_string(event)
        .map_err(|error| LogError::Setup(format!("{}: {error}", event.event_type())))?;
    if text.len() > MAX_EVENT_BYTES {
        return Err(LogError::TooLarge { size: text.len(), limit: MAX_EVENT_BYTES });
    }
    Ok(text.into())
}

/// The event that was stored, after checking that it is what was written.
pub fn decode<E: DomainEvent>(recorded: &Recorded) -> Result<E, LogError> {
    recorded.verify()?;
    let parse_failed =
        |error: serde_json::Error| recorded.corrupt(&format!("it does not parse: {error}"));
    let known = |version| {
        E::TYPES.iter().any(|known| known.name == recorded.type_name && known.version == version)
    };
    if known(recorded.type_version) {
        return serde_json::from_str(&recorded.payload).map_err(parse_failed);
    }
    let mut version = recorded.type_version;
    let mut payload = serde_json::from_str(&recorded.payload).map_err(parse_failed)?;
    while let Some(upcaster) =
        E::UPCASTERS.iter().find(|up| up.name == recorded.type_name && up.from == version)
    {
        payload = (upcaster.up)(payload);
        version += 1;
        if known(version) {
            return serde_json::from_value(payload).map_err(parse_failed);
        }
    }
    Err(LogError::UnknownType {
        name: recorded.type_name.to_string(),
        version: recorded.type_version,
    })
}

/// One aggregate's events: what its golden files and JSON schemas are made from.
#[derive(Debug)]
pub struct Family {
    pub capability: &'static str,
    pub types: &'static [domain::EventType],
    pub schema: Schema,
    pub upcasts: &'static [domain::Upcaster],
    /// Reads a stored event and writes it again, for the golden files.
    pub rewrite: fn(&Recorded) -> Result<Arc<str>, LogError>,
}

fn family<D: domain::Decider<Event: schemars::JsonSchema>>() -> Family {
    Family {
        capability: D::CAPABILITY,
        types: D::Event::TYPES,
        schema: schemars::schema_for!(D::Event),
        upcasts: D::Event::UPCASTERS,
        rewrite: |recorded| encode(&decode::<D::Event>(recorded)?),
    }
}

/// Every aggregate's events. A new aggregate adds its line here.
pub fn families() -> Vec<Family> {
    vec![
        family::<domain::economy::Economy>(),
        family::<domain::settings::Settings<domain::economy::EconomySettings>>(),
        family::<domain::people::People>(),
    ]
}

/// Whether this binary can read events of this type and version.
pub fn is_known(name: &str, version: u32) -> bool {
    use std::{collections::HashSet, sync::LazyLock};
    static KNOWN: LazyLock<HashSet<(&'static str, u32)>> = LazyLock::new(|| {
        let current = |family: &Family| family.types.iter().map(|t| (t.name, t.version));
        let older = |family: &Family| family.upcasts.iter().map(|up| (up.name, up.from));
        families().iter().flat_map(|f| current(f).chain(older(f)).collect::<Vec<_>>()).collect()
    });
    // A set of 'static names is asked with a shorter-lived one.
    KNOWN.iter().any(|(known, v)| *v == version && *known == name)
}
