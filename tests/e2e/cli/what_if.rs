//! `reeve what-if`: the same history under other settings.

use serde_json::{Value, json};

use crate::support::{ANN, BEN, GUILD, House};

fn house() -> House {
    let house = House::new();
    house.economy(&["settings", r#"{"transfer_cooldown_secs": 0, "daily_amount": "10"}"#]);
    house.economy(&["daily", ANN]);
    house.economy(&["grant", ANN, "90"]);
    house.economy(&["send", ANN, BEN, "60", "between us"]);
    house.economy(&["send", ANN, BEN, "25"]);
    house
}

fn what_if(house: &House, arguments: &[&str]) -> Value {
    let asked = house.reeve(&[&["what-if", "--guild", GUILD, "--json"], arguments].concat());
    asked.ok().json()["what_if"].clone()
}

#[test]
fn given_other_settings_then_the_difference_is_shown() {
    let house = house();
    let before = house.reeve(&["events", "--json"]).ok().json();
    let more = what_if(&house, &["--set", "daily.amount=200"]);
    assert_eq!(more["supply"], json!({"recorded": "100", "other": "290"}));
    assert_eq!(more["daily_rewards"], json!({"recorded": "10", "other": "200"}));
    assert_eq!(more["transfers"]["refused"]["count"], 0);
    assert_eq!(more["most_changed"][0], json!({"person": 1, "recorded": "15", "other": "205"}));

    let capped = what_if(&house, &["--set", "max_transfer=50", "--set", "daily.mode=off"]);
    assert_eq!(capped["supply"], json!({"recorded": "100", "other": "90"}));
    let transfers = &capped["transfers"];
    assert_eq!((&transfers["recorded"], &transfers["recorded_amount"]), (&json!(2), &json!("85")));
    assert_eq!(transfers["refused"]["by_rule"], json!({"economy.amount_too_large": 1}));
    assert_eq!(
        (&transfers["examples"][0]["from"], &transfers["examples"][0]["amount"]),
        (&json!(1), &json!("60"))
    );
    assert_eq!(capped["refused"]["daily_rewards"]["count"], 1);

    // At a moment before the transfers, and under what was in force anyway.
    let early = what_if(&house, &["--at", "#4", "--set", "max_transfer=50"]);
    assert_eq!((&early["transfers"]["recorded"], &early["movements"]), (&json!(0), &json!(2)));
    let same = what_if(&house, &["--set", "daily.amount=10"]);
    assert_eq!((&same["most_changed"], &same["refused"]), (&json!([]), &json!({})));

    let human = house.reeve(&["what-if", "--set", "max_transfer=50"]).ok();
    let human = human
        .says("had max_transfer=50 been so all along")
        .says("1 of them (60 in all) would have been refused: economy.amount_too_large 1")
        .says(&format!("{ANN} to {BEN}, 60: You can move at most 50 at a time."))
        .says("What this answer lacks:");
    assert!(!human.out.contains("between us"));
    assert_eq!(house.reeve(&["events", "--json"]).ok().json(), before, "nothing is written");
}

#[test]
fn given_transfers_that_were_refused_then_it_is_told_which_would_have_been_allowed() {
    let house = house();
    house.reeve(&["economy", "send", BEN, ANN, "90"]).exits(1).says("which is not enough for 90");
    house.reeve(&["economy", "send", ANN, BEN, "1001"]).exits(1);
    let types = house.reeve(&["events", "--json", "--type", "refusals."]).ok().json();
    assert_eq!(types["events"].as_array().unwrap().len(), 2);
    let more = what_if(&house, &["--set", "starting_balance=5"]);
    let allowed = &more["transfers"]["newly_allowed"];
    assert_eq!((&allowed["of"], &allowed["count"]), (&json!(2), &json!(1)));
    assert_eq!(
        (&allowed["examples"][0]["from"], &allowed["examples"][0]["amount"]),
        (&json!(2), &json!("90"))
    );
    let human = house.reeve(&["what-if", "--set", "starting_balance=5"]).ok();
    human
        .says("2 refused transfers were kept; 1 of them (90 in all) would have been allowed.")
        .says(&format!("{BEN} to {ANN}, 90"));
}

#[test]
fn given_what_cannot_be_asked_then_it_is_said_what_can() {
    let house = house();
    let ask = |arguments: &[&str]| house.reeve(&[&["what-if"], arguments].concat());
    ask(&[]).exits(2).says("such as --set daily.amount=200");
    ask(&["--set", "daily.amount=lots"]).exits(2).says("use a whole number");
    ask(&["--set", "daily.amount=-5"]).exits(2).says("use 0 to 1,000,000");
    ask(&["--set", "nonsense=1"]).exits(2).says("what can: daily.amount");
    ask(&["--set", "daily.amount=1", "--set", "daily_amount=2"]).exits(2).says("given twice");
    ask(&["--set", "tiers.CHAR.multiplier=5000"]).exits(1).says("no community could save this");
    ask(&["--set", "daily.amount=1", "--at", "#99"]).exits(1).says("has not happened yet");
    ask(&["--set", "daily.amount=1", "--guild", "7"]).exits(1).says("nothing ever happened");
    // Settings of the installation are still settings of the installation.
    ask(&["--set", "daily.amount=1", "--set", "log.format=nonsense"]).exits(2).says("log.format");
    ask(&["--set", "daily.amount=1", "--set", "log.filter=debug"]).exits(0);
}
