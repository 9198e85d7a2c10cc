//! The settings of one capability in one guild. Every change is an event, so that each decision
//! can name the version that ruled it and history can be asked under which rules it was made.
//!
//! Rules:
//! - Settings that break their own limits are refused as a whole, each problem named.
//! - Saving what is already in force changes nothing.
//! - Versions count 1, 2, 3 …; version 0 is the default nobody has changed yet.

use std::{fmt::Debug, marker::PhantomData};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Decider, DomainEvent, EventType, Refusal, Weigh};

/// What a capability lets a guild configure.
pub trait Configurable:
    Default + Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static
{
    /// Stream category: `<capability>_settings`.
    const CAPABILITY: &'static str;
    const TYPES: &'static [EventType];

    /// Everything that is wrong, as `field: what to do`. Empty when the settings are sound.
    fn problems(&self) -> Vec<String>;
    fn weight_bytes(&self) -> usize;
}

#[derive(Debug)]
pub struct Settings<T>(PhantomData<fn() -> T>);

/// The settings in force, and which version they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InForce<T> {
    pub version: u32,
    pub values: T,
}

#[derive(Clone, Debug)]
pub struct Change<T> {
    pub to: T,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event<T> {
    Changed { version: u32, values: T },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("These settings cannot be saved: {}.", .problems.join("; "))]
pub struct Invalid {
    pub problems: Vec<String>,
}

impl<T: Configurable> Decider for Settings<T> {
    const CAPABILITY: &'static str = T::CAPABILITY;
    const SNAPSHOT_VERSION: u32 = 1;
    type State = InForce<T>;
    type Command = Change<T>;
    type Event = Event<T>;
    type Refusal = Invalid;

    fn decide(state: &InForce<T>, command: &Change<T>) -> Result<Vec<Event<T>>, Invalid> {
        let problems = command.to.problems();
        if !problems.is_empty() {
            return Err(Invalid { problems });
        }
        if state.values == command.to {
            return Ok(Vec::new());
        }
        Ok(vec![Event::Changed { version: state.version + 1, values: command.to.clone() }])
    }

    fn evolve(state: &mut InForce<T>, event: &Event<T>) {
        let Event::Changed { version, values } = event;
        *state = InForce { version: *version, values: values.clone() };
    }
}

impl<T: Configurable> DomainEvent for Event<T> {
    const TYPES: &'static [EventType] = T::TYPES;

    fn event_type(&self) -> EventType {
        T::TYPES[0]
    }
}

impl<T: Configurable> Weigh for InForce<T> {
    fn weight_bytes(&self) -> usize {
        size_of::<Self>() + self.values.weight_bytes()
    }
}

impl Refusal for Invalid {
    fn rule(&self) -> &'static str {
        "settings.invalid"
    }
}
