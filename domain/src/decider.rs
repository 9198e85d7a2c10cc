//! What an aggregate is: a state, commands that may be refused, events that may not.

use std::fmt::{Debug, Display};

use serde::{Serialize, de::DeserializeOwned};

use crate::PersonalField;

/// An aggregate: the unit inside which a rule holds at every moment.
///
/// `decide` owns every rule; `evolve` never fails and never checks. Both are synchronous and see
/// neither clock nor randomness. The state holds what decisions read, and no more.
pub trait Decider: Send + Sync + 'static {
    /// Name of the capability: first part of the stream's name and of every event type.
    const CAPABILITY: &'static str;
    /// Version of the state's binary form. Raise it when [`Decider::State`] changes: older
    /// snapshots are then thrown away and the state is folded from events again.
    const SNAPSHOT_VERSION: u32;

    type State: Default + Serialize + DeserializeOwned + Weigh + Send + Sync + 'static;
    type Command: Debug + Send + Sync;
    type Event: DomainEvent;
    type Refusal: Refusal;

    /// The events that `command` causes; none when there is nothing left to do.
    fn decide(
        state: &Self::State,
        command: &Self::Command,
    ) -> Result<Vec<Self::Event>, Self::Refusal>;

    fn evolve(state: &mut Self::State, event: &Self::Event);
}

/// A fact as it is stored. Its serde form is the payload, tagged with the last part of its name.
pub trait DomainEvent:
    Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static
{
    /// Every type this aggregate writes today. Stored names never change; a new shape is a new
    /// version plus an upcaster in the codec.
    const TYPES: &'static [EventType];
    /// From every older version ever written to the next one.
    const UPCASTERS: &'static [Upcaster] = &[];

    fn event_type(&self) -> EventType;

    /// Shows every personal field, by name, to a visitor that seals or opens it.
    fn visit_personal(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn PersonalField)) {
        let _ = visit;
    }
}

/// Brings a payload of version `from` into the shape of version `from + 1`.
#[derive(Clone, Copy, Debug)]
pub struct Upcaster {
    pub name: &'static str,
    pub from: u32,
    pub up: fn(serde_json::Value) -> serde_json::Value,
}

/// The stored name of a kind of event, such as `economy.bytes_granted`, and its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventType {
    pub name: &'static str,
    pub version: u32,
}

impl EventType {
    pub const fn new(name: &'static str, version: u32) -> Self {
        Self { name, version }
    }
}

impl Display for EventType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} v{}", self.name, self.version)
    }
}

/// A rule said no. Display is what the person who asked is told.
pub trait Refusal: std::error::Error + Clone + PartialEq + Send + Sync + 'static {
    /// Stable name of the rule, for logs, metrics and translations.
    fn rule(&self) -> &'static str;
}

/// How much memory a cached state takes, about.
pub trait Weigh {
    fn weight_bytes(&self) -> usize;
}
