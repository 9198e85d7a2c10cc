//! The stored form: names, tags, and what belongs to a person.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::Sealed;

fn sealed_reason() -> Personal<String> {
    Personal::Sealed(Sealed { owner: ANN, sealed: "bm9uY2U_c2VhbGVk".to_owned() })
}

/// Every variant, with everything in it that can be there.
fn one_of_each() -> Vec<Event> {
    let (amount, at, reason) = (Bytes(5), noon(), Some(sealed_reason()));
    vec![
        opened(ANN, 25),
        Event::BytesGranted { to: ANN, amount, reason: reason.clone() },
        Event::BytesTaken { from: ANN, amount, reason: reason.clone() },
        Event::BytesTransferred { from: ANN, to: BEN, amount, reason, at },
        awarded(ANN, "2026-11-20", 8, Some("CHAR"), 20),
        spent(1, ANN, 5),
        settled(1),
        refunded(1, ANN, 5),
    ]
}

/// The only key of the object an event is stored as.
fn tag(event: &Event) -> String {
    let json = serde_json::to_value(event).expect("JSON");
    let object = json.as_object().expect("an object");
    assert_eq!(object.len(), 1, "{json}");
    object.keys().next().expect("a tag").clone()
}

fn assert_round_trip(event: &Event) -> Result<(), TestCaseError> {
    let json = serde_json::to_string(event).expect("JSON");
    let back: Event = serde_json::from_str(&json).expect(&json);
    prop_assert_eq!(&back, event);
    Ok(())
}

#[test]
fn given_event_of_every_variant_then_its_json_gives_the_same_event() {
    for event in one_of_each() {
        assert_round_trip(&event).expect("the same");
    }
}

#[test]
fn given_event_of_every_variant_then_its_tag_is_the_last_part_of_its_name() {
    for event in one_of_each() {
        assert_eq!(event.event_type().name, format!("economy.{}", tag(&event)));
    }
}

#[test]
fn given_all_variants_then_each_has_one_stored_type_and_every_type_has_a_variant() {
    let listed: BTreeSet<EventType> = Event::TYPES.iter().copied().collect();
    assert_eq!(listed.len(), Event::TYPES.len(), "a type is listed twice");

    let made: Vec<EventType> = one_of_each().iter().map(Event::event_type).collect();
    assert_eq!(made.len(), listed.len());
    assert_eq!(made.into_iter().collect::<BTreeSet<_>>(), listed);

    // The schema knows every variant there is, so that one missing above is found here.
    let schema = serde_json::to_value(schemars::schema_for!(Event)).expect("JSON");
    let variants = schema["oneOf"].as_array().expect("variants");
    let variants: BTreeSet<&str> =
        variants.iter().filter_map(|variant| variant["required"][0].as_str()).collect();
    let tags: Vec<String> = one_of_each().iter().map(tag).collect();
    assert_eq!(variants, tags.iter().map(String::as_str).collect());
}

#[test]
fn given_no_reason_then_none_is_stored() {
    for event in [granted(ANN, 5), taken(ANN, 5), transferred(ANN, BEN, 5, noon())] {
        let json = serde_json::to_value(&event).expect("JSON");
        assert!(!json.to_string().contains("reason"), "{json}");
        assert_round_trip(&event).expect("the same");
    }
}

#[test]
fn given_clear_reason_then_the_event_cannot_be_stored() {
    let (amount, reason) = (Bytes(5), Some(note("won the quiz")));
    for event in [
        Event::BytesGranted { to: ANN, amount, reason: reason.clone() },
        Event::BytesTaken { from: ANN, amount, reason: reason.clone() },
        Event::BytesTransferred { from: ANN, to: BEN, amount, reason, at: noon() },
    ] {
        assert!(serde_json::to_string(&event).is_err(), "{event:?}");
    }
}

#[test]
fn given_event_with_a_reason_then_whoever_seals_is_shown_it_once() {
    for mut event in one_of_each() {
        let json = serde_json::to_value(&event).expect("JSON");
        let has_reason = json[tag(&event)].get("reason").is_some();
        let mut shown = Vec::new();
        event.visit_personal(&mut |name, field| shown.push((name, field.owner())));
        assert_eq!(shown, if has_reason { vec![("reason", ANN)] } else { Vec::new() });
    }
}

// proves: ECO-12
#[test]
fn given_transfer_then_its_stored_form_names_both_sides_amount_reason_and_time() {
    let event = Event::BytesTransferred {
        from: ANN,
        to: BEN,
        amount: Bytes(5),
        reason: Some(sealed_reason()),
        at: noon(),
    };
    let expected: Value = serde_json::json!({ "bytes_transferred": {
        "from": 1,
        "to": 2,
        "amount": "5",
        "reason": { "owner": 1, "sealed": "bm9uY2U_c2VhbGVk" },
        "at": "2026-11-20T12:00:00.000000Z",
    }});
    assert_eq!(serde_json::to_value(&event).expect("JSON"), expected);
}

proptest! {
    #[test]
    fn given_any_values_then_the_json_gives_the_same_event(
        from: u32,
        to: u32,
        amount: i64,
        secs in 0_i64..4_000_000_000,
        micros in 0_i64..1_000_000,
        streak_days: u32,
        tier: Option<String>,
        purpose: String,
        sealed: String,
    ) {
        let (from, to, amount) = (PersonId(from), PersonId(to), Bytes(amount));
        let at = Timestamp::from_micros(secs * 1_000_000 + micros);
        let reason = Some(Personal::Sealed(Sealed { owner: from, sealed }));
        let (spend, day) = (SpendId(Uuid::from_u128(u128::from(from.0) << 64)), at.utc_day());
        for event in [
            Event::BytesTransferred { from, to, amount, reason, at },
            Event::DailyAwarded { to, day, streak_days, tier, amount },
            Event::BytesSpent { spend, from, amount, purpose },
        ] {
            assert_round_trip(&event)?;
        }
    }
}
