//! The settings of one capability in one guild. Every change is an event, so that each decision
//! can name the version that ruled it and history can be asked under which rules it was made.
//!
//! Rules:
//! - Settings that break their own limits are refused as a whole, each problem named.
//! - Saving what is already in force changes nothing.
//! - A change of one field stands on what is in force when it is decided, so that two people who
//!   change two fields at once both get their way.
//! - Versions count 1, 2, 3 …; version 0 is the default nobody has changed yet.

mod fields;

use std::{fmt::Debug, marker::PhantomData};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use fields::{Column, Field, FieldValue, Kind, channels_in, channels_of, roles_in, roles_of};

use crate::{Decider, DomainEvent, EventType, Refusal, Upcaster, Weigh};

/// What a capability lets a guild configure.
pub trait Configurable:
    Default + Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static
{
    /// Stream category: `<capability>_settings`.
    const CAPABILITY: &'static str;
    const TYPES: &'static [EventType];
    const UPCASTERS: &'static [Upcaster] = &[];

    /// Every setting, in the order in which people see them.
    fn fields() -> &'static [Field];
    fn get(&self, field: &str) -> Option<FieldValue>;
    /// False where there is no such field, or it holds another kind of value.
    fn put(&mut self, field: &str, value: FieldValue) -> bool;
    fn weight_bytes(&self) -> usize;

    /// What is wrong beyond the limits of single fields, as `field: what to do`.
    fn problems_together(&self) -> Vec<String> {
        Vec::new()
    }

    /// Everything that is wrong, as `field: what to do`. Empty when the settings are sound.
    fn problems(&self) -> Vec<String> {
        let of_field = |field: &Field| self.get(field.name).map(|value| field.problems(&value));
        let mut problems: Vec<_> = Self::fields().iter().filter_map(of_field).flatten().collect();
        problems.extend(self.problems_together());
        problems
    }
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
pub enum Change<T> {
    /// All of them at once.
    To(T),
    /// One field, the others as they are.
    Field { name: String, value: FieldValue },
    /// Several fields, the others as they are; only over the version that somebody looked at,
    /// where that is said.
    Fields { over: Option<u32>, fields: Vec<(String, FieldValue)> },
    /// One row of a list, in the place of the row that begins with the same.
    Row { name: String, row: Vec<FieldValue> },
    /// One field, or all of them, as they were before anybody changed them.
    Reset { name: Option<String> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event<T> {
    Changed { version: u32, values: T },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("These settings cannot be saved: {}.", .0.join("; "))]
    Problems(Vec<String>),
    #[error("There is no setting {0:?} here.")]
    NoSuchField(String),
    #[error(
        "Somebody else has changed these settings meanwhile: you looked at version {seen}, and now \
         it is {now}. Look at them again."
    )]
    Stale { seen: u32, now: u32 },
}

impl<T: Configurable> Change<T> {
    /// What the settings would be.
    fn over(&self, values: &T) -> Result<T, Invalid> {
        let (name, value) = match self {
            Self::To(to) => return Ok(to.clone()),
            Self::Fields { fields, .. } => return with_fields(values, fields),
            Self::Reset { name: None } => return Ok(T::default()),
            Self::Field { name, value } => (name, Some(value.clone())),
            Self::Row { name, row } => (name, values.get(name).and_then(|list| list.with(row))),
            Self::Reset { name: Some(name) } => (name, T::default().get(name)),
        };
        let mut values = values.clone();
        let put = value.is_some_and(|value| values.put(name, value));
        if put { Ok(values) } else { Err(Invalid::NoSuchField(name.clone())) }
    }
}

fn with_fields<T: Configurable>(values: &T, fields: &[(String, FieldValue)]) -> Result<T, Invalid> {
    let mut values = values.clone();
    for (name, value) in fields {
        if !values.put(name, value.clone()) {
            return Err(Invalid::NoSuchField(name.clone()));
        }
    }
    Ok(values)
}

impl<T: Configurable> Decider for Settings<T> {
    const CAPABILITY: &'static str = T::CAPABILITY;
    const SNAPSHOT_VERSION: u32 = 4;
    type State = InForce<T>;
    type Command = Change<T>;
    type Event = Event<T>;
    type Refusal = Invalid;

    fn decide(state: &InForce<T>, command: &Change<T>) -> Result<Vec<Event<T>>, Invalid> {
        if let Change::Fields { over: Some(seen), .. } = command
            && *seen != state.version
        {
            return Err(Invalid::Stale { seen: *seen, now: state.version });
        }
        let values = command.over(&state.values)?;
        let problems = values.problems();
        if !problems.is_empty() {
            return Err(Invalid::Problems(problems));
        }
        if state.values == values {
            return Ok(Vec::new());
        }
        Ok(vec![Event::Changed { version: state.version + 1, values }])
    }

    fn evolve(state: &mut InForce<T>, event: &Event<T>) {
        let Event::Changed { version, values } = event;
        *state = InForce { version: *version, values: values.clone() };
    }
}

impl<T: Configurable> DomainEvent for Event<T> {
    const TYPES: &'static [EventType] = T::TYPES;
    const UPCASTERS: &'static [Upcaster] = T::UPCASTERS;

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
        match self {
            Self::Problems(_) => "settings.invalid",
            Self::NoSuchField(_) => "settings.no_such_field",
            Self::Stale { .. } => "settings.stale",
        }
    }
}

#[cfg(test)]
mod tests;
