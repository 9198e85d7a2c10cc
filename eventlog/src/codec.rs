//! Between an event and its stored text.
//!
//! Stored names and versions are explicit and never change. What an older version of reeve wrote
//! is brought up to date by upcasters when it is read; the log itself keeps what was written.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use domain::{DomainEvent, IdempotencyKey, PersonId};
use schemars::Schema;

use crate::{
    envelope::{MAX_EVENT_BYTES, NewEvent, Recorded, StreamId, event_id},
    log::LogError,
    people::People,
};

/// Raised with every new event type or version. A log remembers the highest contract that wrote
/// to it; a binary that knows less does not open it.
const CONTRACT: u32 = 15;

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

/// Why a decision's events cannot be stored yet.
#[derive(Debug)]
pub(crate) enum Unstorable {
    /// This person's key is not in memory.
    NeedsKey(PersonId),
    Failed(LogError),
}

/// Seals what is personal with the keys in memory and turns events into what is stored. Asked
/// again with the same events, it goes on where a key was missing.
pub(crate) fn seal<E: DomainEvent>(
    people: &People,
    stream: &StreamId,
    key: &IdempotencyKey,
    events: &mut [E],
) -> Result<Vec<NewEvent>, Unstorable> {
    let mut stored = Vec::with_capacity(events.len());
    for (index, event) in events.iter_mut().enumerate() {
        let id = event_id(stream, key, index);
        let mut problem = None;
        event.visit_personal(&mut |name, field| {
            let Some(clear) = field.clear_bytes() else { return };
            let owner = field.owner();
            let Some(key) = people.cached_key(stream.guild(), owner) else {
                problem = Some(Unstorable::NeedsKey(owner));
                return;
            };
            match key.seal_field(owner, id, name, &clear) {
                Ok(sealed) => field.seal(sealed),
                Err(error) => {
                    problem = Some(Unstorable::Failed(LogError::Setup(error.to_string())));
                }
            }
        });
        if let Some(problem) = problem {
            return Err(problem);
        }
        let payload = encode(event).map_err(Unstorable::Failed)?;
        stored.push(NewEvent { id, event_type: event.event_type(), payload });
    }
    Ok(stored)
}

/// The event that was stored, after checking that it is what was written.
pub fn decode<E: DomainEvent>(recorded: &Recorded) -> Result<E, LogError> {
    recorded.check()?;
    let event: E = parse(recorded)?;
    if event.event_type().name != recorded.type_name {
        return Err(recorded.corrupt(&format!("its payload is of type {}", event.event_type())));
    }
    Ok(event)
}

fn parse<E: DomainEvent>(recorded: &Recorded) -> Result<E, LogError> {
    let parse_failed =
        |error: serde_json::Error| recorded.corrupt(&format!("it does not parse: {error}"));
    let known = |version| {
        E::TYPES.iter().any(|known| known.name == recorded.type_name && known.version == version)
    };
    let mut version = recorded.type_version;
    if known(version) {
        return serde_json::from_str(&recorded.payload).map_err(parse_failed);
    }
    let mut payload = None;
    while let Some(upcaster) =
        E::UPCASTERS.iter().find(|up| up.name == recorded.type_name && up.from == version)
    {
        let stored = match payload {
            Some(payload) => payload,
            None => serde_json::from_str(&recorded.payload).map_err(parse_failed)?,
        };
        let upcast = (upcaster.up)(stored);
        version += 1;
        if known(version) {
            return serde_json::from_value(upcast).map_err(parse_failed);
        }
        payload = Some(upcast);
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
        family::<domain::awards::Awards>(),
        family::<domain::blocks::Blocks>(),
        family::<domain::settings::Settings<domain::access::AccessSettings>>(),
        family::<domain::settings::Settings<domain::modules::CommandSettings>>(),
        family::<domain::settings::Settings<domain::modules::ModuleSettings>>(),
        family::<domain::settings::Settings<domain::platform::PlatformSettings>>(),
        family::<domain::people::People>(),
        family::<domain::refusals::Refusals>(),
        family::<domain::reads::Reads>(),
        family::<domain::grants::Grants>(),
        family::<domain::visits::Visits>(),
        family::<domain::moderation::Moderation>(),
        family::<domain::settings::Settings<domain::moderation::ModerationSettings>>(),
        family::<domain::case::Case>(),
        family::<domain::giveaways::Giveaway>(),
        family::<domain::settings::Settings<domain::giveaways::GiveawaySettings>>(),
        family::<domain::codes::Codes>(),
        family::<domain::campaign::Campaign>(),
        family::<domain::activity::Activity>(),
        family::<domain::settings::Settings<domain::activity::ActivitySettings>>(),
        family::<domain::levels::Levels>(),
        family::<domain::settings::Settings<domain::levels::LevelSettings>>(),
        family::<domain::logs::Logs>(),
        family::<domain::settings::Settings<domain::logs::LogSettings>>(),
        family::<domain::squads::Squads>(),
        family::<domain::settings::Settings<domain::squads::SquadSettings>>(),
        family::<domain::tiers::Tiers>(),
        family::<domain::keys::Keys>(),
        family::<domain::webhooks::Webhooks>(),
    ]
}

/// Whether this binary can read events of this type and version.
pub fn is_known(name: &str, version: u32) -> bool {
    /// By name, a type's versions: the one written today and those with an upcaster.
    static KNOWN: LazyLock<HashMap<&'static str, Vec<u32>>> = LazyLock::new(|| {
        let mut known = HashMap::<_, Vec<u32>>::new();
        for family in families() {
            family.types.iter().for_each(|t| known.entry(t.name).or_default().push(t.version));
            family.upcasts.iter().for_each(|up| known.entry(up.name).or_default().push(up.from));
        }
        known
    });
    KNOWN.get(name).is_some_and(|versions| versions.contains(&version))
}
