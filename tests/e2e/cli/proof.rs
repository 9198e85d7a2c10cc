//! `reeve proof` and `reeve verify`

use std::path::Path;

use serde_json::Value;

use crate::support::{ANN, BEN, GUILD, House, OTHER_GUILD, database, eventually};

fn community(house: &House) {
    house.economy(&["grant", ANN, "100", "a prize"]);
    house.economy(&["send", ANN, BEN, "7"]);
}

fn key(house: &House) -> String {
    house.reeve(&["proof", "key", "--guild", GUILD]).ok().out.trim().to_owned()
}

fn export(house: &House, arguments: &[&str]) -> Value {
    let common = ["proof", "export", "--guild", GUILD, "--out", "bundle", "--json"];
    house.reeve(&[&common, arguments].concat()).ok().json()
}

fn verify(house: &House, arguments: &[&str]) -> Value {
    house.reeve(&[&["verify", "bundle", "--json"], arguments].concat()).ok().json()
}

/// The same on both stores.
fn on_both(test: impl Fn(House)) {
    test(House::new());
    if let Some(database) = database() {
        test(House::on(&database));
    }
}

#[test]
fn given_a_history_then_its_bundle_is_checked_with_nothing_but_the_file_and_the_key() {
    on_both(|house| {
        community(&house);
        let exported = export(&house, &[]);
        assert_eq!((&exported["events"], &exported["size"]), (&4.into(), &4.into()), "{exported}");
        let key = key(&house);
        assert_eq!(exported["verifier_key"], key);
        assert!(key.starts_with(&format!("reeve/{GUILD}+")), "{key}");

        // Somewhere else, where there is no store and the settings are nonsense.
        let elsewhere = House::new().with("REEVE_STORE", "nonsense");
        std::fs::copy(house.root().join("bundle"), elsewhere.root().join("bundle")).unwrap();
        let report = verify(&elsewhere, &["--key", &key]);
        assert_eq!(report["valid"], true);
        assert_eq!((&report["events"], &report["erased"]), (&4.into(), &0.into()));
        assert_eq!(report["problems"], serde_json::json!([]));
        assert_eq!(report["trusted_key"], true);
        elsewhere.reeve(&["verify", "bundle"]).ok().says("VALID: 4 events").says("--key");
        assert!(!elsewhere.data().exists(), "checking makes nothing");
    });
}

#[test]
fn given_an_erased_member_then_valid_and_so_many_erased() {
    let house = House::new();
    community(&house);
    house.reeve(&["people", "erase", "--guild", GUILD, "--user", ANN, "--yes"]).ok();
    export(&house, &[]);
    let report = verify(&house, &[]);
    assert_eq!((&report["valid"], &report["erased"]), (&true.into(), &1.into()), "{report}");
    house.reeve(&["verify", "bundle"]).ok().says("VALID: 5 events, 1 erased");
    let bundle = std::fs::read_to_string(house.root().join("bundle")).unwrap();
    assert!(!bundle.contains("a prize"), "what is sealed leaves the house sealed");
    // Who it was appears nowhere.
    assert!(!bundle.contains(&format!("\"{ANN}\"")));
}

#[test]
fn given_selections_then_only_those_events_are_in_the_bundle() {
    let house = House::new();
    community(&house);
    house.economy(&["settings", r#"{"max_transfer": "50"}"#]);
    let count = |arguments: &[&str]| {
        let exported = export(&house, arguments);
        assert_eq!(verify(&house, &[])["events"], exported["events"]);
        exported["events"].as_u64().unwrap()
    };
    assert_eq!(count(&[]), 5);
    assert_eq!(count(&["--from", "2", "--to", "3"]), 2);
    assert_eq!(count(&["--stream", &format!("economy_settings/{GUILD}")]), 1);
    assert_eq!(count(&["--person", "2"]), 2);
    for (arguments, text) in [
        (&["--from", "9"][..], "only 5 events"),
        (&["--from", "3", "--to", "2"], "counted from 1"),
        (&["--person", "77"], "nothing to prove"),
    ] {
        let common = ["proof", "export", "--guild", GUILD, "--out", "other"];
        house.reeve(&[&common, arguments].concat()).exits(1).says(text);
    }
    assert!(!house.root().join("other").exists());
    house
        .reeve(&["proof", "export", "--guild", OTHER_GUILD, "--out", "other"])
        .exits(1)
        .says("no events");
    house.reeve(&["proof", "export", "--guild", GUILD]).exits(2);
}

#[test]
fn given_a_kept_checkpoint_then_history_since_is_shown_to_be_only_added() {
    let house = House::new();
    community(&house);
    let note = house.reeve(&["proof", "checkpoint", "--guild", GUILD]).ok().out;
    let kept = house.root().join("kept");
    std::fs::write(&kept, note.trim_end().to_owned() + "\n").unwrap();
    house.economy(&["grant", BEN, "1"]);
    export(&house, &["--from", "5", "--since", "kept"]);
    let report = verify(&house, &["--checkpoint", "kept", "--key", &key(&house)]);
    assert!(report["proves"].to_string().contains("the checkpoint that you gave"), "{report}");

    house.reeve(&["economy", "--guild", OTHER_GUILD, "grant", BEN, "3"]).ok();
    let other = house.reeve(&["proof", "checkpoint", "--guild", OTHER_GUILD]).ok().out;
    std::fs::write(house.root().join("other"), other.trim_end().to_owned() + "\n").unwrap();
    let invalid =
        house.reeve(&["verify", "bundle", "--json", "--checkpoint", "other"]).exits(1).json();
    assert_eq!(invalid["valid"], false);
    house
        .reeve(&["proof", "export", "--guild", GUILD, "--out", "x", "--since", "other"])
        .exits(1)
        .says("is one of guild");
    house
        .reeve(&["proof", "checkpoint", "--guild", GUILD, "--size", "77"])
        .exits(1)
        .says("exactly 77");
}

#[test]
fn given_one_changed_byte_then_1_and_given_no_bundle_then_2() {
    let house = House::new();
    community(&house);
    export(&house, &[]);
    let path = house.root().join("bundle");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let report = house.reeve(&["verify", "bundle", "--json"]).exits(1).json();
    assert_eq!(report["valid"], false);
    assert_eq!(report["problems"].as_array().unwrap().len(), 1);
    house.reeve(&["verify", "bundle"]).exits(1).says("NOT VALID");

    std::fs::write(&path, "a letter").unwrap();
    house.reeve(&["verify", "bundle"]).exits(2).says("this is no proof bundle");
    house.reeve(&["verify", "nowhere"]).exits(2).says("cannot be read");
    house.reeve(&["verify", "bundle", "--key", "no key"]).exits(2);
}

#[test]
fn given_a_running_server_then_it_seals_by_itself_and_an_export_beside_it_waits_for_that() {
    on_both(|house| {
        community(&house);
        let server = house.serve(&[]);
        let size = || {
            let note = house.reeve(&["proof", "checkpoint", "--guild", GUILD, "--json"]);
            (note.code == 0).then(|| note.json()["size"].as_u64().unwrap())
        };
        assert_eq!(eventually("sealed by the server", size), 4);
        assert_eq!(export(&house, &[])["events"], 4);
        let (_, metrics) = server.get("/metrics");
        for name in [
            "reeve_proof_checkpoints_total",
            "reeve_proof_lag_seconds",
            "reeve_proof_contradictions",
        ] {
            assert!(metrics.contains(name), "{name}");
        }
        let (status, _, log) = server.stop();
        assert!(status.success(), "{log}");
    });
}

#[test]
fn given_a_rewritten_history_then_doctor_and_every_export_say_so() {
    let house = House::new();
    community(&house);
    let kept = house.reeve(&["proof", "checkpoint", "--guild", GUILD]).ok().out;
    house.reeve(&["proof", "check", "--guild", GUILD]).ok();
    house.reeve(&["doctor"]).ok().says("proofs         up to date, 1 checkpoints");
    house.tamper(2, r#""100""#, r#""900""#);
    house.reeve(&["proof", "check", "--guild", GUILD]).exits(1).says("PROBLEM");
    let doctor = house.reeve(&["doctor"]).exits(1);
    doctor.says("contradicts what was signed of it");
    for arguments in [
        &["proof", "export", "--guild", GUILD, "--out", "bundle"][..],
        &["proof", "checkpoint", "--guild", GUILD],
    ] {
        house.reeve(arguments).exits(1).says("contradicts");
    }
    assert!(!Path::new(&house.root().join("bundle")).exists());
    assert!(kept.contains(GUILD));
}

#[test]
fn given_a_new_signing_key_then_the_old_one_is_kept_for_what_it_signed() {
    let house = House::new();
    community(&house);
    let old = key(&house);
    house.reeve(&["proof", "checkpoint", "--guild", GUILD]).ok();
    house.reeve(&["proof", "rotate-key"]).ok().says("With --yes");
    assert_eq!(key(&house), old);
    house.reeve(&["proof", "rotate-key", "--yes"]).ok();
    let new = key(&house);
    assert_ne!(new, old);
    let all = house.reeve(&["proof", "key", "--guild", GUILD, "--all"]).ok().out;
    assert_eq!(all.lines().collect::<Vec<_>>(), [new.as_str(), old.as_str()]);
    // The old one has signed the checkpoint, the new one the bundle.
    export(&house, &[]);
    house.reeve(&["verify", "bundle", "--key", &old]).exits(1);
    verify(&house, &["--key", &new, "--key", &old]);
    house.economy(&["grant", BEN, "1"]);
    export(&house, &[]);
    verify(&house, &["--key", &new]);
}
