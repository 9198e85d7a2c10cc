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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Lamp {
        colour: String,
        brightness: u8,
    }

    impl Default for Lamp {
        fn default() -> Self {
            Self { colour: "white".to_owned(), brightness: 5 }
        }
    }

    impl Configurable for Lamp {
        const CAPABILITY: &'static str = "lamp_settings";
        const TYPES: &'static [EventType] = &[EventType::new("lamp_settings.changed", 1)];

        fn problems(&self) -> Vec<String> {
            let colour = self.colour.is_empty().then(|| "colour: name one".to_owned());
            let brightness = (self.brightness > 10).then(|| "brightness: use 0 to 10".to_owned());
            colour.into_iter().chain(brightness).collect()
        }

        fn weight_bytes(&self) -> usize {
            self.colour.len()
        }
    }

    fn lamp(colour: &str, brightness: u8) -> Lamp {
        Lamp { colour: colour.to_owned(), brightness }
    }

    fn decide(state: &InForce<Lamp>, to: Lamp) -> Result<Vec<Event<Lamp>>, Invalid> {
        Settings::decide(state, &Change { to })
    }

    fn given(changes: impl IntoIterator<Item = Lamp>) -> InForce<Lamp> {
        let mut state = InForce::default();
        for to in changes {
            for event in decide(&state, to).expect("sound") {
                Settings::evolve(&mut state, &event);
            }
        }
        state
    }

    #[test]
    fn given_nothing_saved_then_the_defaults_are_in_force_as_version_0() {
        assert_eq!(given([]), InForce { version: 0, values: lamp("white", 5) });
    }

    #[test]
    fn given_changes_then_versions_count_from_1() {
        let changed = |version, values| Ok(vec![Event::Changed { version, values }]);
        assert_eq!(decide(&given([]), lamp("red", 5)), changed(1, lamp("red", 5)));
        let twice = given([lamp("red", 5), lamp("blue", 5)]);
        assert_eq!(twice, InForce { version: 2, values: lamp("blue", 5) });
        assert_eq!(decide(&twice, lamp("red", 5)), changed(3, lamp("red", 5)));
    }

    #[test]
    fn given_the_same_settings_then_saving_them_changes_nothing() {
        assert_eq!(decide(&given([]), Lamp::default()), Ok(Vec::new()));
        let red = given([lamp("red", 5)]);
        assert_eq!(decide(&red, lamp("red", 5)), Ok(Vec::new()));
        assert_eq!(given([lamp("red", 5), lamp("red", 5)]), red);
    }

    #[test]
    fn given_settings_with_problems_then_all_of_them_are_named_and_none_is_saved() {
        let refusal = decide(&given([]), lamp("", 11)).expect_err("two problems");
        assert_eq!(refusal.problems, ["colour: name one", "brightness: use 0 to 10"]);
        assert_eq!(
            refusal.to_string(),
            "These settings cannot be saved: colour: name one; brightness: use 0 to 10."
        );
        assert_eq!(refusal.rule(), "settings.invalid");
        let one_problem = decide(&given([]), lamp("red", 11)).expect_err("one problem");
        assert_eq!(one_problem.problems, ["brightness: use 0 to 10"]);
    }

    #[test]
    fn given_change_then_its_stored_form_carries_version_and_values() {
        let event = Event::Changed { version: 1, values: lamp("red", 5) };
        let json = serde_json::to_string(&event).expect("JSON");
        assert_eq!(json, r#"{"changed":{"version":1,"values":{"colour":"red","brightness":5}}}"#);
        assert_eq!(serde_json::from_str::<Event<Lamp>>(&json).expect("read"), event);
    }
}
