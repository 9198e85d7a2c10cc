//! `reeve doctor`, and what every command says where something is broken.

use serde_json::Value;

use crate::support::{ANN, GUILD, House};

fn findings(answer: &Value, state: &str) -> Vec<String> {
    let all = answer["findings"].as_array().unwrap();
    all.iter()
        .filter(|finding| finding["state"] == state)
        .map(|finding| finding["check"].as_str().unwrap().to_owned())
        .collect()
}

fn community() -> House {
    let house = House::new();
    house.economy(&["grant", ANN, "100"]);
    house
}

#[test]
fn given_a_healthy_store_then_doctor_exits_0() {
    let house = community();
    let healthy = house.reeve(&["doctor", "--json"]).ok().json();
    assert_eq!(healthy["healthy"], true);
    assert!(findings(&healthy, "problem").is_empty());
    for check in
        ["configuration", "log", "history", "immutability", "people", "read models", "proofs"]
    {
        assert!(findings(&healthy, "ok").contains(&check.to_owned()), "{check}: {healthy}");
    }
    house.reeve(&["doctor"]).ok().says("the last 2 events are whole and in order");
    house.reeve(&["doctor", "--full"]).ok().says("all 2 events are whole and in order");
    house.reeve(&["doctor", "--quick"]).ok().says("sqlite with 2 events");
    let server = house.serve(&[]);
    house.reeve(&["doctor"]).ok();
    drop(server);
    let production = House::new().with("REEVE_ENVIRONMENT", "production");
    let production = production.with("REEVE_MASTER_KEY", &"ab".repeat(32));
    production.economy(&["grant", ANN, "100"]);
    production.reeve(&["doctor"]).ok().says("Everything is in order.");
}

#[test]
fn given_a_tampered_payload_then_history_and_immutability_are_problems() {
    let house = community();
    house.tamper(2, "100", "900");
    let sick = house.reeve(&["doctor", "--json"]).exits(1).json();
    assert_eq!(sick["healthy"], false);
    assert_eq!(findings(&sick, "problem"), ["history", "immutability"]);
    let human = house.reeve(&["doctor", "--full"]).exits(1);
    let human = human.says("PROBLEM  history").says("does not match its hash");
    human.says("PROBLEM  immutability").says("Something needs you");
    house.reeve(&["doctor", "--quick"]).ok();
}

#[test]
fn given_another_master_key_then_it_is_said_and_nothing_is_touched() {
    let house = community();
    let file = house.data().join("master.key");
    let key = std::fs::read_to_string(&file).unwrap();

    let other = "cd".repeat(32);
    std::fs::write(&file, &other).unwrap();
    let wrong = "the master key is not the one that this registry was made with";
    house.reeve(&["doctor"]).exits(1).says("PROBLEM  store").says(wrong);
    let refused = house.reeve(&["economy", "grant", ANN, "1"]).exits(2).says(wrong);
    assert!(!refused.err.contains(&other) && !refused.err.contains(&key));

    std::fs::remove_file(&file).unwrap();
    let gone = "master.key is gone, and the people registry was made with that key";
    house.reeve(&["doctor"]).exits(1).says(gone);
    house.reeve(&["economy", "grant", ANN, "1"]).exits(2).says(gone);
    assert!(!file.exists(), "no fresh key may stand in the place of the lost one");

    std::fs::write(&file, "short").unwrap();
    house.reeve(&["economy", "grant", ANN, "1"]).exits(2).says("64 hexadecimal");
    std::fs::write(&file, &key).unwrap();
    assert_eq!(house.balance(ANN), 100);
}

#[test]
fn given_no_log_then_every_command_that_reads_says_what_to_do() {
    let house = House::new();
    let text = "there is no log in data; start `reeve serve` or `reeve demo` there first";
    house.reeve(&["doctor"]).exits(1).says(text);
    house.reeve(&["doctor", "--quick"]).exits(1).says(text);
    for arguments in [
        &["events"][..],
        &["projections", "list"],
        &["people", "erasures"],
        &["economy", "--guild", GUILD, "heap"],
    ] {
        house.reeve(arguments).exits(2).says(text);
    }
    assert!(!house.data().exists(), "reading makes nothing");
}

#[test]
fn given_a_second_process_then_it_says_who_holds_the_directory() {
    let house = community();
    let server = house.serve(&[]);
    let holder = format!("in use by another reeve process (process {})", server.pid());
    let refused = house.reeve(&["economy", "grant", ANN, "1", "--json"]).exits(2).says(&holder);
    assert_eq!(refused.json()["error"]["kind"], "setup");
    assert_eq!(house.balance(ANN), 100, "reading beside it is fine");
}

#[test]
fn given_a_fault_then_its_id_stands_in_the_log_too() {
    let house = community();
    house.shell("read.db").execute_batch("DROP VIEW balances").unwrap();
    let log = house.root().join("reeve.log");
    let log_file = format!("log.file={}", log.display());
    let arguments = ["economy", "--guild", GUILD, "heap", "--json", "--set", &log_file];
    let fault = house.reeve(&arguments).exits(3);
    let error = fault.json()["error"].clone();
    assert_eq!(error["kind"], "fault");
    let id = error["id"].as_str().unwrap();
    assert!(id.starts_with("E-") && id.len() == 12, "{id}");
    let told = fault.err.lines().find(|line| line.starts_with("reeve: ")).unwrap();
    assert!(told.ends_with(&format!("[{id}]")), "{told}");
    let in_log = |text: &str| {
        let line = text.lines().find(|line| line.contains("\"error.id\"")).unwrap().to_owned();
        serde_json::from_str::<Value>(&line).unwrap()["fields"]["error.id"].clone()
    };
    assert_eq!(in_log(&fault.err), id);
    assert_eq!(in_log(&std::fs::read_to_string(log).unwrap()), id);
}

#[test]
fn given_damaged_files_then_a_clear_fault_and_no_panic() {
    for file in ["log.db", "people.db", "read.db"] {
        let house = community();
        let path = house.data().join(file);
        for side in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(house.data().join(format!("{file}{side}")));
        }
        std::fs::write(&path, b"this is no database, and long enough to be looked at".repeat(99))
            .unwrap();
        for arguments in [&["economy", "--guild", GUILD, "heap"][..], &["doctor"]] {
            let answer = house.reeve(arguments);
            assert!(matches!(answer.code, 1..=3), "{file}: {}", answer.code);
            assert!(!answer.err.contains("panicked"), "{file}: {}", answer.err);
            answer.says("not a database");
        }
        house.reeve(&["doctor"]).exits(1).says("PROBLEM");
    }
}
