//! `reeve maintenance` and `reeve block`, alone and beside a running server.

use serde_json::{Value, json};

use crate::support::{ANN, BEN, GUILD, House};

fn files_holding(house: &House, secret: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![house.data()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                let holds = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                found.extend(holds.then(|| path.display().to_string()));
            }
        }
    }
    found
}

fn switches(house: &House) {
    let maintenance = |arguments: &[&str]| house.reeve(&[&["maintenance"], arguments].concat());
    maintenance(&["status"]).ok().says("Maintenance is off.");
    maintenance(&["on", "--notice", "Back at noon."])
        .ok()
        .says("Maintenance is on. People are told: Back at noon.");
    let status = maintenance(&["status", "--json"]).ok().json();
    assert_eq!(status, json!({ "maintenance": true, "notice": "Back at noon." }));
    maintenance(&["on", "--notice", &"x".repeat(301)]).exits(1).says("notice: use 1 to 300");
    maintenance(&["off"]).ok().says("Maintenance is off.");
    let events = house.reeve(&["events", "--type", "platform_settings.changed"]).ok();
    assert_eq!(events.out.lines().filter(|line| line.contains("by operator")).count(), 2);
}

// proves: GRD-12
#[test]
fn given_an_operator_at_the_console_then_maintenance_goes_on_and_off_and_is_on_record() {
    let house = House::new();
    house.economy(&["grant", ANN, "1"]);
    switches(&house);
}

// proves: GRD-12
#[test]
fn given_a_running_server_then_it_switches_maintenance_itself() {
    let house = House::new();
    house.economy(&["grant", ANN, "1"]);
    let _server = house.serve(&[]);
    switches(&house);
}

fn blocks(house: &House) {
    let block = |arguments: &[&str]| house.reeve(&[&["block"], arguments].concat());
    let list = |arguments: &[&str]| -> Value {
        block(&[&["list", "--json"], arguments].concat()).ok().json()["blocked"].clone()
    };
    assert_eq!(list(&[]), json!([]));
    block(&["add", "--user", ANN, "--reason", "sells accounts", "--for", "30d"])
        .ok()
        .says("is blocked until ");
    block(&["add", "--community", GUILD, "--reason", "a raid began there"])
        .ok()
        .says("until it is lifted");
    block(&["add", "--user", BEN, "--guild", GUILD, "--reason", "a quarrel"]).ok();
    let everywhere = list(&[]);
    assert_eq!(everywhere[0]["who"], format!("user {ANN}"));
    assert_eq!(everywhere[0]["reason"], "sells accounts");
    assert_eq!(everywhere[1]["who"], format!("community {GUILD}"));
    assert_eq!(everywhere[1]["until"], Value::Null);
    assert_eq!(list(&["--guild", GUILD])[0]["reason"], "a quarrel");
    block(&["lift", "--user", ANN]).ok().says("is not blocked any more");
    assert_eq!(list(&[]).as_array().unwrap().len(), 1);
    // Neither who nor why stands anywhere in the clear.
    for secret in ["sells accounts", "a raid began there", "a quarrel"] {
        assert_eq!(files_holding(house, secret), Vec::<String>::new(), "{secret}");
    }
}

// proves: GRD-10
#[test]
fn given_an_operator_at_the_console_then_users_and_communities_are_blocked_with_sealed_reasons() {
    let house = House::new();
    house.economy(&["grant", ANN, "1"]);
    blocks(&house);
}

// proves: GRD-10
#[test]
fn given_a_running_server_then_it_blocks_itself() {
    let house = House::new();
    house.economy(&["grant", ANN, "1"]);
    let _server = house.serve(&[]);
    blocks(&house);
}

#[test]
fn given_bad_input_then_it_says_what_to_do() {
    let house = House::new();
    house.economy(&["grant", ANN, "1"]);
    let block = |arguments: &[&str]| house.reeve(&[&["block", "add"], arguments].concat());
    block(&["--user", ANN]).exits(2).says("--reason");
    block(&["--reason", "x"]).exits(2).says("--user");
    block(&["--user", ANN, "--community", GUILD, "--reason", "x"]).exits(2).says("cannot be used");
    block(&["--user", ANN, "--reason", "x", "--for", "soon"]).exits(2).says("such as 12h or 30d");
    block(&["--user", ANN, "--reason", " "]).exits(1).says("Say why");
    block(&["--user", ANN, "--reason", "x", "--for", "0s"]).exits(1).says("Choose a later end");
    let house = house.with("REEVE_OPERATORS", ANN);
    block_of(&house, ANN).exits(1).says("An operator of this bot cannot be blocked.");
}

fn block_of(house: &House, user: &str) -> crate::support::Answer {
    house.reeve(&["block", "add", "--user", user, "--reason", "x"])
}

// proves: OPS-21
#[test]
fn given_a_feature_that_is_not_there_then_nothing_starts_and_the_variable_is_named() {
    let house = House::new().with("REEVE_FEATURES", "no-ecnomy");
    house.reeve(&["maintenance", "status"]).exits(2).says("features (REEVE_FEATURES)");
}
