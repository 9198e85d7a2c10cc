//! How old payloads are brought up to date, shown on an aggregate that exists only here.

use domain::{Actor, Cause, CorrelationId, DomainEvent, EventType, IdempotencyKey, Upcaster};
use eventlog::{LogError, Metadata, Recorded, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stored::Stored;

/// The third way to say that a lamp was lit. The first one had a level by name, the second one
/// a percentage, and no lamp had a colour. Version 2 of dimming was never written by a release,
/// so nothing leads from version 1 to 3: a mistake, to see what it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Lamp {
    Lit { percent: u32, colour: String },
    Dimmed { by: u32 },
}

impl DomainEvent for Lamp {
    const TYPES: &'static [EventType] =
        &[EventType::new("lamp.lit", 3), EventType::new("lamp.dimmed", 3)];
    const UPCASTERS: &'static [Upcaster] = &[
        Upcaster { name: "lamp.lit", from: 2, up: with_colour },
        Upcaster { name: "lamp.lit", from: 1, up: in_percent },
        Upcaster { name: "lamp.dimmed", from: 1, up: |payload| payload },
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::Lit { .. } => 0,
            Self::Dimmed { .. } => 1,
        }]
    }
}

fn in_percent(payload: Value) -> Value {
    let percent = match payload["lit"]["level"].as_str() {
        Some("low") => 20,
        Some("high") => 100,
        _ => return payload,
    };
    json!({ "lit": { "percent": percent } })
}

fn with_colour(mut payload: Value) -> Value {
    payload["lit"]["colour"] = json!("white");
    payload
}

fn stored(name: &str, version: u32, payload: &str) -> Recorded {
    let cause = Cause { correlation: CorrelationId(Uuid::from_u128(2)), causation: None };
    let key = IdempotencyKey::new("lamp/1").unwrap();
    let metadata = Metadata { actor: Actor::Operator, cause, key, policy: None };
    let stored = Stored {
        event_id: Uuid::from_u128(1),
        guild: "42".to_owned(),
        guild_seq: "1".to_owned(),
        aggregate_type: "lamp".to_owned(),
        aggregate_id: "42".to_owned(),
        sequence: "1".to_owned(),
        event_type: name.to_owned(),
        event_version: version.to_string(),
        recorded_at: "0".to_owned(),
        metadata: serde_json::to_string(&metadata).unwrap(),
        payload: payload.to_owned(),
        hash: String::new(),
    };
    stored.hashed().recorded()
}

fn lit(percent: u32, colour: &str) -> Lamp {
    Lamp::Lit { percent, colour: colour.to_owned() }
}

#[track_caller]
fn assert_corrupt(recorded: &Recorded) {
    let read = decode::<Lamp>(recorded);
    assert!(matches!(read, Err(LogError::Corrupt(_))), "{read:?}");
}

#[test]
fn given_the_version_of_today_then_it_is_read_as_it_is() {
    let payload = encode(&lit(50, "red")).unwrap();
    assert_eq!(&*payload, r#"{"lit":{"percent":50,"colour":"red"}}"#);
    assert_eq!(decode::<Lamp>(&stored("lamp.lit", 3, &payload)).unwrap(), lit(50, "red"));
}

#[test]
fn given_the_last_version_then_one_upcaster_brings_it_up_to_date() {
    let recorded = stored("lamp.lit", 2, r#"{"lit":{"percent":50}}"#);
    assert_eq!(decode::<Lamp>(&recorded).unwrap(), lit(50, "white"));
}

#[test]
fn given_an_older_version_then_upcasters_follow_one_another_and_the_log_stays_as_it_is() {
    let recorded = stored("lamp.lit", 1, r#"{"lit":{"level":"low"}}"#);
    let before = recorded.clone();
    assert_eq!(decode::<Lamp>(&recorded).unwrap(), lit(20, "white"));
    assert_eq!(recorded, before);
}

#[test]
fn given_a_missing_link_then_the_type_is_unknown_and_nothing_is_guessed() {
    let recorded = stored("lamp.dimmed", 1, r#"{"dimmed":{"by":5}}"#);
    let unknown = decode::<Lamp>(&recorded).unwrap_err();
    assert!(
        matches!(&unknown, LogError::UnknownType { name, version: 1 } if name == "lamp.dimmed"),
        "{unknown:?}"
    );
}

#[test]
fn given_a_newer_version_or_another_type_then_it_is_unknown() {
    for (name, version) in [("lamp.lit", 4), ("lamp.lit", 0), ("lamp.lit", u32::MAX), ("lit", 3)] {
        let recorded = stored(name, version, r#"{"lit":{"percent":50,"colour":"red"}}"#);
        let read = decode::<Lamp>(&recorded);
        assert!(matches!(read, Err(LogError::UnknownType { .. })), "{name} v{version}: {read:?}");
    }
}

#[test]
fn given_an_old_payload_that_is_none_then_it_is_corrupt() {
    assert_corrupt(&stored("lamp.lit", 1, r#"{"lit":{"level":"blinding"}}"#));
    assert_corrupt(&stored("lamp.lit", 1, r#"{"lit":{"#));
}

#[test]
fn given_a_payload_under_another_types_name_then_it_is_corrupt() {
    assert_corrupt(&stored("lamp.dimmed", 3, r#"{"lit":{"percent":50,"colour":"red"}}"#));
}

#[test]
fn given_old_payload_whose_hash_is_wrong_then_no_upcaster_sees_it() {
    let mut recorded = stored("lamp.lit", 2, r#"{"lit":{"percent":50}}"#);
    recorded.payload = r#"{"lit":{"percent":51}}"#.into();
    assert_corrupt(&recorded);
}
