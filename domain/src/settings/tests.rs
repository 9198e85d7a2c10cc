//! One version after the other, and nothing unsound.

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

    fn fields() -> &'static [Field] {
        &[
            Field {
                name: "colour",
                title: "Colour",
                help: "",
                kind: Kind::Text { min_chars: 1, max_chars: 8 },
            },
            Field {
                name: "brightness",
                title: "Brightness",
                help: "",
                kind: Kind::Count { min: 0, max: 10 },
            },
        ]
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        match field {
            "colour" => Some(FieldValue::Text(self.colour.clone())),
            "brightness" => Some(FieldValue::Count(u32::from(self.brightness))),
            _ => None,
        }
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        match (field, value) {
            ("colour", FieldValue::Text(colour)) => self.colour = colour,
            ("brightness", FieldValue::Count(level)) => {
                self.brightness = u8::try_from(level).unwrap_or(u8::MAX);
            }
            _ => return false,
        }
        true
    }

    fn problems_together(&self) -> Vec<String> {
        let glaring = self.colour == "white" && self.brightness == 10;
        glaring.then(|| "brightness: white may be at most 9".to_owned()).into_iter().collect()
    }

    fn weight_bytes(&self) -> usize {
        self.colour.len()
    }
}

fn lamp(colour: &str, brightness: u8) -> Lamp {
    Lamp { colour: colour.to_owned(), brightness }
}

fn decide(state: &InForce<Lamp>, to: Lamp) -> Result<Vec<Event<Lamp>>, Invalid> {
    Settings::decide(state, &Change::To(to))
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
    assert_eq!(
        refusal.to_string(),
        "These settings cannot be saved: colour: use 1 to 8 characters, no spaces around them; \
         brightness: use 0 to 10."
    );
    assert_eq!(refusal.rule(), "settings.invalid");
    let problem = |text: &str| Err(Invalid::Problems(vec![text.to_owned()]));
    assert_eq!(decide(&given([]), lamp("red", 11)), problem("brightness: use 0 to 10"));
    let together = problem("brightness: white may be at most 9");
    assert_eq!(decide(&given([]), lamp("white", 10)), together);
}

#[test]
fn given_change_then_its_stored_form_carries_version_and_values() {
    let event = Event::Changed { version: 1, values: lamp("red", 5) };
    let json = serde_json::to_string(&event).expect("JSON");
    assert_eq!(json, r#"{"changed":{"version":1,"values":{"colour":"red","brightness":5}}}"#);
    assert_eq!(serde_json::from_str::<Event<Lamp>>(&json).expect("read"), event);
}

fn change(state: &InForce<Lamp>, change: &Change<Lamp>) -> Result<Vec<Event<Lamp>>, Invalid> {
    Settings::decide(state, change)
}

#[test]
fn given_two_people_who_change_two_fields_then_both_get_their_way() {
    let red = given([lamp("red", 5)]);
    let brighter = Change::Field { name: "brightness".to_owned(), value: FieldValue::Count(7) };
    let changed = Event::Changed { version: 2, values: lamp("red", 7) };
    assert_eq!(change(&red, &brighter), Ok(vec![changed]));
}

#[test]
fn given_a_field_reset_then_the_others_stay_and_without_a_name_all_are_reset() {
    let state = given([lamp("red", 7)]);
    let reset = |name: Option<&str>| Change::Reset { name: name.map(str::to_owned) };
    let one = change(&state, &reset(Some("brightness")));
    assert_eq!(one, Ok(vec![Event::Changed { version: 2, values: lamp("red", 5) }]));
    let all = change(&state, &reset(None));
    assert_eq!(all, Ok(vec![Event::Changed { version: 2, values: Lamp::default() }]));
    assert_eq!(change(&given([]), &reset(None)), Ok(Vec::new()), "nothing to reset");
}

#[test]
fn given_a_field_that_is_not_there_or_of_another_kind_then_refuses_by_name() {
    let value = FieldValue::Count(1);
    for name in ["size", "colour"] {
        let field = Change::Field { name: name.to_owned(), value: value.clone() };
        let refusal = change(&given([]), &field).expect_err("no such field");
        assert_eq!(refusal, Invalid::NoSuchField(name.to_owned()));
        assert_eq!(refusal.rule(), "settings.no_such_field");
    }
}
