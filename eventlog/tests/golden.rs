//! The event contract: what was ever written is read for ever.
//!
//! `schema/events/golden/` holds, for every type and version that ever was written, stored events
//! with their exact texts and hashes. `schema/events/` holds the JSON Schema of each payload, made
//! from the code. `REEVE_TEST_UPDATE=1` writes schemas anew, but not where that would break what
//! is in logs out there, and makes golden files that are missing; it never changes one.

#![expect(clippy::unwrap_used, reason = "a test fails where something is wrong")]

#[path = "golden/garbage.rs"]
mod garbage;
#[path = "golden/hash.rs"]
mod hash;
#[path = "golden/samples.rs"]
mod samples;
#[path = "golden/schema.rs"]
mod schema;
#[path = "golden/stored.rs"]
mod stored;
#[path = "golden/upcasting.rs"]
mod upcasting;

use std::{collections::BTreeSet, fs, path::Path};

use domain::EventType;
use eventlog::{Family, LogError, families};
use serde_json::{Value, json};

use self::stored::{Stored, golden_path, repository, schema_path, updating};

/// Every type and version that may lie in a log: those written today and those with an upcaster.
fn every_version(family: &Family) -> Vec<EventType> {
    let older = family.upcasts.iter().map(|up| EventType::new(up.name, up.from));
    family.types.iter().copied().chain(older).collect()
}

fn golden(event_type: EventType) -> Vec<Stored> {
    let path = golden_path(event_type.name, event_type.version);
    if !path.exists() && updating() {
        let of_type = |sample: &Stored| {
            (sample.event_type.as_str(), sample.event_version.as_str())
                == (event_type.name, event_type.version.to_string().as_str())
        };
        let samples: Vec<_> = samples::samples().into_iter().filter(of_type).collect();
        assert!(!samples.is_empty(), "add a sample of {event_type} to golden/samples.rs");
        stored::write(&path, &samples);
    }
    stored::read(&path)
}

fn every_golden_event() -> Vec<(Family, EventType, Stored)> {
    let of_type = |index: usize, event_type: EventType| {
        let family = move || families().swap_remove(index);
        golden(event_type).into_iter().map(move |event| (family(), event_type, event))
    };
    let all: Vec<_> = families()
        .iter()
        .enumerate()
        .flat_map(|(index, family)| {
            every_version(family).into_iter().flat_map(move |t| of_type(index, t))
        })
        .collect();
    assert!(all.len() >= 16, "{}", all.len());
    all
}

fn is_current(family: &Family, event_type: EventType) -> bool {
    family.types.contains(&event_type)
}

fn tag_of(payload: &Value) -> String {
    let fields = payload.as_object().expect("a payload is an object");
    assert_eq!(fields.len(), 1, "a payload has one tag: {payload}");
    fields.keys().next().unwrap().clone()
}

#[test]
fn every_type_has_a_golden_file_and_a_schema_and_nothing_else_lies_there() {
    let files = |path: &Path| -> BTreeSet<_> {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_file()).collect()
    };
    let mut expected = (BTreeSet::new(), BTreeSet::new());
    for event_type in families().iter().flat_map(every_version) {
        golden(event_type);
        expected.0.insert(golden_path(event_type.name, event_type.version));
        expected.1.insert(schema_path(event_type.name, event_type.version));
    }
    let events = repository().join("schema/events");
    expected.1.insert(events.join("contract.txt"));
    assert_eq!(files(&events.join("golden")), expected.0);
    assert_eq!(files(&events), expected.1);
}

#[test]
fn types_are_distinct_and_belong_to_one_capability() {
    let mut seen = BTreeSet::new();
    for family in families() {
        for event_type in every_version(&family) {
            assert!(seen.insert(event_type), "{event_type} is there twice");
            let (capability, _) = event_type.name.rsplit_once('.').expect("capability.event");
            assert_eq!(capability, family.capability, "{event_type}");
            assert!(event_type.version >= 1, "{event_type}");
            assert!(eventlog::is_known(event_type.name, event_type.version), "{event_type}");
        }
        let newest = |name| family.types.iter().filter(|t| t.name == name).count();
        assert!(family.types.iter().all(|t| newest(t.name) == 1), "one version is written today");
    }
    assert!(!eventlog::is_known("economy.account_opened", 2));
    assert!(!eventlog::is_known("economy.account_opened", 0));
    assert!(!eventlog::is_known("economy.account", 1));
}

#[test]
fn every_upcaster_leads_to_what_is_written_today() {
    for family in families() {
        for up in family.upcasts {
            let mut version = up.from;
            while family.upcasts.iter().any(|next| next.name == up.name && next.from == version) {
                version += 1;
            }
            let reached = EventType { name: up.name, version };
            assert!(is_current(&family, reached), "{} v{} ends at {reached}", up.name, up.from);
        }
    }
}

#[test]
fn golden_events_are_read_today_and_written_to_the_same_byte() {
    for (family, event_type, event) in every_golden_event() {
        let recorded = event.recorded();
        assert_eq!(event.hash, event.clone().hashed().hash, "{event_type}: hash by the document");
        recorded.verify().unwrap();
        assert_eq!(recorded.type_name, event_type.name);
        assert_eq!(recorded.type_version, event_type.version);
        assert_eq!(recorded.stream.category(), family.capability);
        let written = (family.rewrite)(&recorded).unwrap_or_else(|e| panic!("{event_type}: {e}"));
        if is_current(&family, event_type) {
            assert_eq!(&*written, event.payload, "{event_type} is written in another way today");
        }
    }
}

#[test]
fn golden_metadata_is_read_today_and_written_to_the_same_byte() {
    for (_, event_type, event) in every_golden_event() {
        let metadata = event.recorded().metadata().unwrap();
        let written = serde_json::to_string(&metadata).unwrap();
        assert_eq!(written, event.metadata, "{event_type}");
    }
}

#[test]
fn golden_payloads_are_tagged_with_the_last_part_of_their_type() {
    for (_, event_type, event) in every_golden_event() {
        let payload: Value = serde_json::from_str(&event.payload).unwrap();
        assert_eq!(tag_of(&payload), schema::tag(event_type.name));
    }
    for family in families() {
        let tags: BTreeSet<_> = schema::variants(&family).into_iter().map(|(tag, _)| tag).collect();
        let named: BTreeSet<_> = family.types.iter().map(|t| schema::tag(t.name)).collect();
        assert_eq!(tags, named, "{}: variants and TYPES differ", family.capability);
    }
}

#[test]
fn golden_payloads_keep_to_their_schema_and_show_every_optional_field_there_and_not_there() {
    for family in families() {
        for event_type in every_version(&family) {
            let schema = committed(event_type);
            let payloads: Vec<Value> = golden(event_type)
                .iter()
                .map(|event| serde_json::from_str(&event.payload).unwrap())
                .collect();
            for payload in &payloads {
                let violations = schema::violations(payload, &schema);
                assert!(violations.is_empty(), "{event_type}: {violations:?}");
            }
            for field in schema::optional_fields(&schema) {
                let there = payloads.iter().filter(|p| p.pointer(&field).is_some()).count();
                assert!((1..payloads.len()).contains(&there), "{event_type}: {field}");
            }
        }
    }
}

#[test]
fn given_payload_without_a_required_field_then_schema_and_code_refuse_it() {
    let mut refused = 0;
    for (family, event_type, event) in every_golden_event() {
        let schema = committed(event_type);
        let payload: Value = serde_json::from_str(&event.payload).unwrap();
        for (path, field) in schema::required_fields(&schema) {
            let mut broken = payload.clone();
            let removed =
                broken.pointer_mut(&path).and_then(|at| at.as_object_mut()?.remove(&field));
            removed.unwrap_or_else(|| panic!("{event_type}: {path}/{field} is required"));
            assert!(!schema::violations(&broken, &schema).is_empty(), "{event_type}: {broken}");
            if is_current(&family, event_type) {
                let stored = Stored { payload: broken.to_string(), ..event.clone() }.hashed();
                let read = (family.rewrite)(&stored.recorded());
                assert!(matches!(read, Err(LogError::Corrupt(_))), "{event_type}: {read:?}");
            }
            refused += 1;
        }
    }
    assert!(refused > 50, "{refused}");
}

fn committed(event_type: EventType) -> Value {
    let path = schema_path(event_type.name, event_type.version);
    if !path.exists() && updating() {
        let families = families();
        let family = families.iter().find(|family| family.types.contains(&event_type));
        let family = family.unwrap_or_else(|| panic!("the schema of {event_type} was deleted"));
        stored::write(&path, &schema::of_type(family, &event_type));
    }
    stored::read(&path)
}

fn advice(event_type: EventType, problems: &[String]) -> String {
    let next = event_type.version + 1;
    format!(
        "{event_type} lies in logs out there, and this change breaks them or the binaries that \
         read them:\n  {}\nLeave version {} as it is. Make version {next} beside it: \
         EventType::new({:?}, {next}), an Upcaster from {}, a sample for its golden file; then \
         raise CONTRACT in eventlog/src/codec.rs (now {}).",
        problems.join("\n  "),
        event_type.version,
        event_type.name,
        event_type.version,
        eventlog::contract_version(),
    )
}

#[test]
fn schemas_on_disk_are_those_of_the_code_and_no_version_changes_its_shape() {
    let mut stale = Vec::new();
    for family in families() {
        for event_type in family.types {
            let generated = schema::of_type(&family, event_type);
            let committed = committed(*event_type);
            let problems = schema::incompatibilities(&committed, &generated);
            assert!(problems.is_empty(), "{}", advice(*event_type, &problems));
            if committed != generated {
                stale.push(event_type.to_string());
                if updating() {
                    stored::write(&schema_path(event_type.name, event_type.version), &generated);
                }
            }
        }
    }
    assert!(
        stale.is_empty() || updating(),
        "out of date: {stale:?}; run this test with REEVE_TEST_UPDATE=1"
    );
}

#[test]
fn given_a_changed_schema_then_what_breaks_is_named_and_the_rest_is_let_through() {
    let settings = EventType::new("economy_settings.changed", 2);
    let awarded = EventType::new("economy.daily_awarded", 1);
    let change = |event_type: EventType, path: &str, edit: fn(&mut Value)| {
        let families = families();
        let family = families.iter().find(|f| f.types.contains(&event_type)).unwrap();
        let old = schema::of_type(family, &event_type);
        let mut new = old.clone();
        edit(new.pointer_mut(path).unwrap_or_else(|| panic!("{path}")));
        assert_ne!(old, new, "the change changes nothing");
        schema::incompatibilities(&old, &new)
    };
    let fields = "/properties/daily_awarded";
    let remove: fn(&mut Value) = |node| {
        node["properties"].as_object_mut().unwrap().remove("tier");
    };
    assert_eq!(change(awarded, fields, remove), ["/daily_awarded/tier was removed"]);

    let require: fn(&mut Value) =
        |node| node["required"].as_array_mut().unwrap().push(json!("tier"));
    assert_eq!(change(awarded, fields, require), ["/daily_awarded/tier is newly required"]);

    let add_required: fn(&mut Value) = |node| {
        node["properties"]["why"] = json!({ "type": "string" });
        node["required"].as_array_mut().unwrap().push(json!("why"));
    };
    assert_eq!(change(awarded, fields, add_required), ["/daily_awarded/why is newly required"]);

    let retype: fn(&mut Value) = |node| node["properties"]["streak_days"]["type"] = json!("string");
    assert_eq!(
        change(awarded, fields, retype),
        [r#"/daily_awarded/streak_days: type was "integer" and is "string""#]
    );

    let retype_shared: fn(&mut Value) = |node| node["type"] = json!("integer");
    assert_eq!(
        change(awarded, "/$defs/Bytes", retype_shared),
        [r#"/daily_awarded/amount: type was "string" and is "integer""#]
    );

    let loosen: fn(&mut Value) =
        |node| node["required"].as_array_mut().unwrap().retain(|name| name != "streak_days");
    assert_eq!(change(awarded, fields, loosen).len(), 1);

    let rename_tag: fn(&mut Value) = |node| {
        let variant = node["properties"]["daily_awarded"].take();
        node["properties"] = json!({ "daily_paid": variant });
        node["required"] = json!(["daily_paid"]);
    };
    assert_eq!(change(awarded, "", rename_tag).len(), 2);

    let add_choice: fn(&mut Value) =
        |node| node["oneOf"].as_array_mut().unwrap().push(json!({ "const": "weekly" }));
    assert_eq!(change(settings, "/$defs/DailyMode", add_choice).len(), 1);

    let add_to_closed: fn(&mut Value) =
        |node| node["properties"]["colour"] = json!({ "type": "string" });
    assert_eq!(
        change(settings, "/$defs/EconomySettings", add_to_closed),
        ["/changed/values/colour is new where a binary of today refuses what it does not know"]
    );

    let reword: fn(&mut Value) = |node| node["oneOf"][1]["description"] = json!("Otherwise said.");
    assert_eq!(change(settings, "/$defs/DailyMode", reword), [""; 0]);
    assert_eq!(change(awarded, fields, add_to_closed), [""; 0], "an optional field is let through");

    let advice = advice(awarded, &["/daily_awarded/tier was removed".to_owned()]);
    for part in ["economy.daily_awarded v1", "version 2", "Upcaster from 1", "raise CONTRACT"] {
        assert!(advice.contains(part), "{advice}");
    }
}

/// `schema/events/contract.txt`: the contract's number and every type that it stands for.
#[test]
fn given_a_new_type_then_the_contract_was_raised() {
    let path = repository().join("schema/events/contract.txt");
    let mut types: Vec<_> = families()
        .iter()
        .flat_map(every_version)
        .map(|event_type| event_type.to_string())
        .collect();
    types.sort();
    let ours = format!("contract {}\n{}\n", eventlog::contract_version(), types.join("\n"));
    let committed = fs::read_to_string(&path).unwrap_or_default();
    if committed == ours {
        return;
    }
    let number = |text: &str| {
        text.lines().next().and_then(|line| line.strip_prefix("contract ")?.parse::<u32>().ok())
    };
    assert!(
        number(&committed).is_none_or(|committed| committed < eventlog::contract_version()),
        "the event types changed: raise CONTRACT in eventlog/src/codec.rs, so that an older binary \
         does not open a log it cannot read"
    );
    assert!(updating(), "{} is stale; REEVE_TEST_UPDATE=1 writes it anew", path.display());
    fs::write(&path, ours).unwrap();
}
