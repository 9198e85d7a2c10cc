//! The history that every aggregate begins with: the members' accounts are opened, then each in
//! turn is granted 1. The same rows in every store.

use domain::{Bytes, DomainEvent as _, PersonId, economy::Event};

/// Aggregates are guilds of these ids and the following; all have as many digits, so that their
/// order as text is their order as numbers.
pub const FIRST_GUILD: i64 = 1_100_000_000_000_000_000;

/// One aggregate's stored events in three columns, by sequence from 1.
#[derive(Debug, Default)]
pub struct History {
    pub event_types: Vec<String>,
    pub event_versions: Vec<String>,
    pub payloads: Vec<String>,
}

impl History {
    pub fn new(events: u32, members: u32) -> anyhow::Result<Self> {
        let mut history = Self::default();
        for index in 0..events {
            let event = event(index, members);
            let kind = event.event_type();
            history.event_types.push(kind.name.to_owned());
            history.event_versions.push(kind.version.to_string());
            history.payloads.push(serde_json::to_string(&event)?);
        }
        Ok(history)
    }
}

fn event(index: u32, members: u32) -> Event {
    let person = PersonId(index % members + 1);
    if index < members {
        Event::AccountOpened { person, starting: Bytes::ZERO }
    } else {
        Event::BytesGranted { to: person, amount: Bytes(1), reason: None }
    }
}
