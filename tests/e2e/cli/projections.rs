//! `reeve projections`, alone and beside a running server.

use serde_json::json;

use crate::support::{ANN, BEN, GUILD, House, OTHER_GUILD, eventually, strings};

/// Those that fold what the economy says.
const OF_THE_ECONOMY: [&str; 4] = ["balances", "tallies", "transactions", "weekly_gains"];

/// Which version a read model is of; its first build has the same number.
fn version(name: &str) -> i64 {
    let registered = projections::registered();
    let model = registered.iter().find(|model| model.name() == name).unwrap();
    i64::from(model.version())
}

/// Every read model there is, in the order of the list.
fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = projections::registered().iter().map(|model| model.name()).collect();
    names.sort_unstable();
    names
}

/// Which build of `balances` is live. All others are at their first.
fn build(house: &House) -> i64 {
    let list = house.reeve(&["projections", "list", "--json"]).ok().json();
    assert_eq!(strings(&list["projections"], "name"), names());
    assert!(strings(&list["projections"], "state").iter().all(|state| state == "live"));
    let mut balances = 0;
    for model in list["projections"].as_array().unwrap() {
        let build = model["build"].as_i64().unwrap();
        if model["name"] == "balances" {
            balances = build;
        } else {
            assert_eq!(build, version(model["name"].as_str().unwrap()), "{model}");
        }
    }
    balances
}

fn two_communities() -> House {
    let house = House::new();
    house.economy(&["grant", ANN, "100"]);
    house.economy(&["grant", BEN, "20"]);
    house.reeve(&["economy", "--guild", OTHER_GUILD, "grant", ANN, "5"]).ok();
    house
}

fn board(house: &House) -> serde_json::Value {
    house.economy(&["heap", "--json"]).json()
}

#[test]
fn given_a_store_then_the_list_says_how_far_each_read_model_is() {
    let house = House::new();
    house.reeve(&["projections", "list"]).exits(2).says("there is no log");
    house.economy(&["grant", ANN, "100"]);
    let human = house.reeve(&["projections", "list"]).ok();
    for name in names() {
        let line = human.out.lines().find(|line| line.starts_with(name)).unwrap();
        let cells: Vec<_> = line.split_whitespace().collect();
        // Nothing else happened here.
        let folded = if OF_THE_ECONOMY.contains(&name) { "2" } else { "0" };
        let version = &version(name).to_string();
        assert_eq!(cells, [name, version, version, "live", folded, "0", "0", "s", "0"]);
    }
    assert_eq!(build(&house), 1);
    house.reeve(&["projections", "dead-letters"]).ok().says("No dead letters");
    house.reeve(&["projections", "retry", "balances"]).ok().says("balances: no guild waits.");
    let unknown = house.reeve(&["projections", "rebuild", "balance"]).exits(2);
    unknown.says("there is no read model balance; there are balances");
}

#[test]
fn given_nobody_else_then_rebuild_does_it_here() {
    let house = two_communities();
    let before = board(&house);
    // What was lost or damaged in a read model is computed again.
    house.shell("read.db").execute_batch("UPDATE balances_v1 SET balance = 7").unwrap();
    assert_ne!(board(&house), before);
    house.reeve(&["projections", "rebuild", "balances"]).ok().says("balances: build 2 is live");
    assert_eq!(board(&house), before);
    assert_eq!(build(&house), 2);

    house.shell("read.db").execute_batch("UPDATE balances_v1_b2 SET balance = 7").unwrap();
    let one = house.reeve(&["projections", "rebuild", "balances", "--guild", GUILD, "--json"]).ok();
    assert_eq!(one.json()["answer"], "4 events folded; the guild is up to date");
    assert_eq!(board(&house), before);
    assert_eq!(build(&house), 2, "in place");
    let other = house.reeve(&["economy", "--guild", OTHER_GUILD, "heap", "--json"]).ok().json();
    assert_eq!(other["supply"], "7", "the other community was left alone");
}

#[test]
fn given_a_running_server_then_rebuild_is_done_by_it() {
    let house = two_communities();
    let before = board(&house);
    let server = house.serve(&[]);
    let answer = house.reeve(&["projections", "rebuild", "balances", "--json"]).ok().json();
    assert_eq!(answer, json!({ "projection": "balances", "answer": "build 2 is live" }));
    eventually("the board as before", || (board(&house) == before).then_some(()));
    assert_eq!(build(&house), 2);
    let one = house.reeve(&["projections", "rebuild", "balances", "--guild", GUILD]).ok();
    one.says("balances: 4 events folded; the guild is up to date");
    assert_eq!(board(&house), before);
    assert!(server.logged("a new build is live").is_some(), "{}", server.log());
}

#[test]
fn given_an_event_that_cannot_be_folded_then_its_guild_waits_until_a_retry() {
    let house = two_communities();
    house.tamper(2, "100", "900");
    house.reeve(&["projections", "rebuild", "balances"]).ok();
    let letters = house.reeve(&["projections", "dead-letters", "--json"]).exits(1).json();
    let letter = &letters["dead_letters"][0];
    assert_eq!(letter["guild"], GUILD);
    assert_eq!((&letter["guild_seq"], &letter["attempts"]), (&json!(2), &json!(1)));
    let error_id = letter["error_id"].as_str().unwrap();
    let human = house.reeve(&["projections", "dead-letters"]).exits(1).says(error_id);
    human.says("does not match its hash");
    house.reeve(&["doctor"]).exits(1).says(error_id).says("reeve projections retry balances");
    let other = house.reeve(&["economy", "--guild", OTHER_GUILD, "heap", "--json"]).ok().json();
    assert_eq!(other["supply"], "5", "the others go on");

    let retry = house.reeve(&["projections", "retry", "balances", "--json"]).exits(1).json();
    assert_eq!(retry["guilds"][0]["guild"], GUILD);
    let letters = house.reeve(&["projections", "dead-letters", "--json"]).exits(1).json();
    assert_eq!(letters["dead_letters"][0]["attempts"], 2);

    house.tamper(2, "900", "100");
    let retry = house.reeve(&["projections", "retry", "balances", "--guild", GUILD]).ok();
    retry.says("events folded; the guild is up to date");
    house.reeve(&["projections", "dead-letters"]).ok();
    assert_eq!(board(&house)["supply"], "120");
}

#[test]
fn given_a_running_server_and_a_parked_guild_then_retry_is_done_by_it() {
    let house = two_communities();
    house.tamper(2, "100", "900");
    house.reeve(&["projections", "rebuild", "balances"]).ok();
    let server = house.serve(&[]);
    house.reeve(&["projections", "retry", "balances"]).exits(1).says("does not match its hash");
    house.tamper(2, "900", "100");
    house.reeve(&["projections", "retry", "balances"]).ok().says("the guild is up to date");
    house.reeve(&["projections", "dead-letters"]).ok();
    assert_eq!(board(&house)["supply"], "120");
    assert_eq!(server.get("/readyz").0, 200);
}

#[test]
fn given_a_server_without_the_worker_role_then_rebuild_says_that_nobody_took_it() {
    let house = two_communities();
    let _server = house.serve(&["--role", "api"]);
    let nobody = house.reeve(&["projections", "rebuild", "balances"]).exits(3);
    nobody.says("no running process took the request").says("worker role");
}
