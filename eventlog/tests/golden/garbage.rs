//! Whatever lies in a log, reading it ends in an event or in an error that says what is wrong.

use std::sync::LazyLock;

use eventlog::{Family, LogError, Recorded};
use proptest::prelude::*;
use serde_json::Value;

use crate::{every_golden_event, stored::Stored};

static GOLDEN: LazyLock<Vec<(Family, Stored)>> = LazyLock::new(|| {
    every_golden_event().into_iter().map(|(family, _, event)| (family, event)).collect()
});

fn any_golden() -> impl Strategy<Value = &'static (Family, Stored)> {
    any::<prop::sample::Index>().prop_map(|index| index.get(&GOLDEN))
}

/// Names that events use, so that random JSON comes close to them.
fn any_name() -> impl Strategy<Value = String> {
    let known = vec!["to", "from", "amount", "reason", "owner", "sealed", "at", "values", "tiers"];
    prop_oneof![prop::sample::select(known).prop_map(str::to_owned), "\\PC{0,6}"]
}

fn any_text() -> impl Strategy<Value = String> {
    let close = vec!["10", "-1", "2026-11-20", "2026-02-30", "9223372036854775808", "off", "AAAA"];
    prop_oneof![prop::sample::select(close).prop_map(str::to_owned), "\\PC{0,12}"]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any_name(), inner), 0..6)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// An event, or the log's word that it is damaged; and what was read can be written again.
fn assert_read_or_corrupt(family: &Family, recorded: &Recorded) {
    match (family.rewrite)(recorded) {
        Ok(written) => {
            serde_json::from_str::<Value>(&written).unwrap();
        }
        Err(LogError::Corrupt(_)) => {}
        Err(error) => panic!("{}: {error:?}", recorded.payload),
    }
}

fn corrupt(family: &Family, recorded: &Recorded) -> bool {
    matches!((family.rewrite)(recorded), Err(LogError::Corrupt(_)))
}

proptest! {
    #[test]
    fn given_any_json_under_a_known_name_then_it_is_read_or_corrupt(
        (family, event) in any_golden(),
        json in any_json(),
        tagged in any::<bool>(),
    ) {
        let tag = event.event_type.rsplit('.').next().unwrap();
        let payload = if tagged { serde_json::json!({ tag: json }) } else { json }.to_string();
        let stored = Stored { payload, ..event.clone() }.hashed();
        assert_read_or_corrupt(family, &stored.recorded());
    }

    #[test]
    fn given_a_value_of_a_payload_replaced_then_it_is_read_or_corrupt(
        (family, event) in any_golden(),
        field in any::<prop::sample::Index>(),
        json in any_json(),
    ) {
        let mut payload: Value = serde_json::from_str(&event.payload).unwrap();
        let fields = payload.as_object_mut().unwrap().values_mut().next().unwrap();
        let fields = fields.as_object_mut().unwrap();
        let count = fields.len();
        *fields.values_mut().nth(field.index(count)).unwrap() = json;
        let stored = Stored { payload: payload.to_string(), ..event.clone() }.hashed();
        assert_read_or_corrupt(family, &stored.recorded());
    }

    #[test]
    fn given_any_text_as_payload_or_metadata_then_it_is_corrupt(
        (family, event) in any_golden(),
        text in "\\PC{0,40}",
    ) {
        prop_assume!(serde_json::from_str::<Value>(&text).is_err());
        let stored = Stored { payload: text.clone(), ..event.clone() }.hashed();
        prop_assert!(corrupt(family, &stored.recorded()));
        let stored = Stored { metadata: text, ..event.clone() }.hashed();
        prop_assert!(matches!(stored.recorded().metadata(), Err(LogError::Corrupt(_))));
    }

    #[test]
    fn given_truncated_texts_then_they_are_corrupt(
        (family, event) in any_golden(),
        at in any::<prop::sample::Index>(),
    ) {
        let cut = |text: &str| -> String {
            let chars = text.chars().count();
            text.chars().take(at.index(chars)).collect()
        };
        let stored = Stored { payload: cut(&event.payload), ..event.clone() }.hashed();
        prop_assert!(corrupt(family, &stored.recorded()));
        let stored = Stored { metadata: cut(&event.metadata), ..event.clone() }.hashed();
        prop_assert!(matches!(stored.recorded().metadata(), Err(LogError::Corrupt(_))));
    }

    #[test]
    fn given_a_wrong_hash_then_it_is_corrupt(
        (family, event) in any_golden(),
        bit in 0..256_usize,
    ) {
        let mut recorded = event.recorded();
        recorded.hash.0[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(corrupt(family, &recorded));
    }

    #[test]
    fn given_any_other_name_or_version_then_it_is_unknown(
        (family, event) in any_golden(),
        name in "[a-z_]{0,12}\\.?[a-z_]{0,12}",
        version in any::<u32>(),
    ) {
        let known = |name: &str, version: u32| eventlog::is_known(name, version);
        for (name, version) in [(&name, 1), (&event.event_type, version)] {
            if known(name, version) {
                continue;
            }
            let (event_type, event_version) = (name.clone(), version.to_string());
            let stored = Stored { event_type, event_version, ..event.clone() }.hashed();
            let read = (family.rewrite)(&stored.recorded());
            let unknown = matches!(
                &read,
                Err(LogError::UnknownType { name: said, version: v }) if said == name && *v == version
            );
            prop_assert!(unknown, "{:?}", read);
        }
    }
}

/// One column after the other is changed under the old hash.
#[test]
fn given_any_column_changed_then_it_is_corrupt() {
    for (family, event) in GOLDEN.iter() {
        let original = event.recorded();
        // Found right once, which is remembered, and of this one only.
        assert!((family.rewrite)(&original).is_ok());
        let mut changed = vec![original.clone(); 9];
        changed[0].id.0 = uuid::Uuid::from_u128(event.event_id.as_u128() ^ 1);
        changed[1].stream = format!("{}/43", family.capability).parse().unwrap();
        changed[2].stream = format!("{}/x", original.stream).parse().unwrap();
        changed[3].version += 1;
        changed[4].guild_seq += 1;
        changed[5].type_version += 1;
        changed[6].at = original.at.plus_secs(1);
        changed[7].metadata = format!("{} ", event.metadata).into();
        changed[8].payload = format!("{} ", event.payload).into();
        for recorded in changed {
            assert!(corrupt(family, &recorded), "{recorded:?}");
        }
        // Where it lies in its backend is no part of it.
        let moved = original.placed(eventlog::Position(99));
        assert!((family.rewrite)(&moved).is_ok());
    }
}

#[test]
fn given_nesting_without_end_then_it_is_corrupt() {
    let (family, event) = &GOLDEN[0];
    for open in ["[", r#"{"account_opened":"#] {
        let stored = Stored { payload: open.repeat(50_000), ..event.clone() }.hashed();
        assert!(corrupt(family, &stored.recorded()));
    }
}
