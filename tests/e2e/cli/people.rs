//! `reeve people`

use serde_json::{Value, json};

use crate::support::{ANN, BEN, CAT, GUILD, House, eventually};

fn show(house: &House, who: &[&str]) -> Value {
    house.reeve(&[&["people", "show", "--json", "--guild", GUILD], who].concat()).ok().json()
}

#[test]
fn given_a_member_then_show_says_who_a_number_is() {
    let house = House::new();
    house.economy(&["grant", ANN, "100"]);
    let ann = show(&house, &["--user", ANN]);
    assert_eq!(
        (&ann["person"], &ann["user"], &ann["erased"]),
        (&json!(1), &json!(ANN), &json!(false))
    );
    assert_eq!(ann["balance"]["balance"], "100");
    assert_eq!(show(&house, &["--person", "1"]), ann);
    assert_eq!(show(&house, &["--person", "9"])["user"], Value::Null);

    let people = |arguments: &[&str]| house.reeve(&[&["people", "show"], arguments].concat());
    people(&["--guild", GUILD, "--person", "9"]).ok().says("never seen here");
    people(&["--guild", GUILD, "--user", CAT]).exits(1).says("User 103 was never seen in guild");
    people(&["--guild", GUILD]).exits(2).says("--user");
    people(&["--user", ANN]).exits(2).says("--guild");
    people(&["--guild", GUILD, "--user", ANN, "--person", "1"])
        .exits(2)
        .says("cannot be used with");
}

#[test]
fn given_no_yes_then_erase_only_says_what_it_would_do() {
    let house = House::new();
    house.economy(&["grant", ANN, "100", "a reason"]);
    let erase = ["people", "erase", "--guild", GUILD, "--user", ANN];
    house.reeve(&erase).ok().says("This would erase person #1").says("Say --yes to do it.");
    let json = house.reeve(&[&erase[..], &["--json"]].concat()).ok().json();
    assert_eq!(json["erased"], false);
    assert_eq!(show(&house, &["--user", ANN])["erased"], false);
    house.reeve(&["people", "erasures"]).ok().says("Nobody was erased.");
}

fn erases(house: &House) {
    let who = ["--guild", GUILD, "--user", ANN];
    let erased = house.reeve(&[&["people", "erase", "--yes"], &who[..]].concat()).ok();
    erased.says("Person #1 of guild").says("is erased.");
    assert_eq!(show(house, &["--person", "1"])["erased"], true);
    assert_eq!(show(house, &["--person", "1"])["user"], Value::Null);
    house.reeve(&[&["people", "show"], &who[..]].concat()).exits(1).says("or was erased");
    house.reeve(&["people", "erasures"]).ok().says(&format!("guild {GUILD}  person #1"));
    let board = house.economy(&["heap"]).says("#1 (erased)");
    assert!(!board.out.contains(ANN), "{}", board.out);
    eventually("the reason is gone from the history", || {
        let history = house.economy(&["history", "--json"]).json();
        let gone = history["transactions"][1]["reason"] == "(erased)";
        (gone && history["transactions"][0]["reason"] == "of Ben").then_some(())
    });
    assert_eq!(house.economy(&["heap", "--json"]).json()["supply"], "120", "sums stay");
    // By number it can be repeated, and does nothing more.
    let again = ["people", "erase", "--yes", "--guild", GUILD, "--person", "1"];
    house.reeve(&again).ok();
    let erasures = house.reeve(&["people", "erasures", "--json"]).ok().json();
    assert_eq!(erasures["erasures"].as_array().unwrap().len(), 1);
    let unknown = ["people", "erase", "--yes", "--guild", GUILD, "--person", "77"];
    house.reeve(&unknown).exits(1).says("erased, or never seen here");
}

fn two_members() -> House {
    let house = House::new();
    house.economy(&["grant", ANN, "100", "of Ann"]);
    house.economy(&["grant", BEN, "20", "of Ben"]);
    house
}

#[test]
fn given_nobody_else_then_erase_does_it_here() {
    let house = two_members();
    erases(&house);
    // Whoever comes back is somebody new.
    house.economy(&["grant", ANN, "1"]);
    assert_eq!(show(&house, &["--user", ANN])["person"], 3);
}

#[test]
fn given_a_running_server_then_erase_is_done_by_it() {
    let house = two_members();
    let _server = house.serve(&[]);
    erases(&house);
}

#[test]
fn given_a_key_backup_then_it_brings_back_all_but_the_erased() {
    let house = two_members();
    let backup = house.reeve(&["people", "backup-keys", "keys.backup"]).ok();
    backup.says("2 keys written to keys.backup; of no use after");
    house.reeve(&["people", "restore-keys", "keys.backup"]).ok().says("0 keys put back, 2 left");
    house.reeve(&["people", "erase", "--guild", GUILD, "--user", ANN, "--yes"]).ok();

    house.shell("people.db").execute_batch("DELETE FROM people").unwrap();
    house.economy(&["history"]).says("(erased)");
    let restored = house.reeve(&["people", "restore-keys", "keys.backup", "--json"]).ok().json();
    assert_eq!((&restored["people"], &restored["skipped"]), (&json!(1), &json!(1)));
    house.economy(&["history"]).says("of Ben").says("#1 (erased)");

    std::fs::write(house.root().join("not.backup"), "something else\n").unwrap();
    house.reeve(&["people", "restore-keys", "not.backup"]).exits(2).says("does not begin like one");
    house.reeve(&["people", "restore-keys", "absent.backup"]).exits(2).says("cannot be read");
}
