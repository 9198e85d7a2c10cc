//! `reeve replay`: a community at any moment.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{ANN, BEN, GUILD, House, OTHER_GUILD, strings};

/// Ann is granted 100, then sends Ben 1, 2, 3 …
fn house(transfers: u32) -> House {
    let house = House::new();
    house.economy(&["settings", r#"{"transfer_cooldown_secs": 0}"#]);
    house.economy(&["grant", ANN, "100", "a prize for nobody else to read"]);
    for amount in 1..=transfers {
        house.economy(&["send", ANN, BEN, &amount.to_string()]);
    }
    house
}

fn replay(house: &House, arguments: &[&str]) -> Value {
    house.reeve(&[&["replay", "--guild", GUILD, "--json"], arguments].concat()).ok().json()
}

/// Person number and balance.
fn balances(answer: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = answer["tables"]["balances"]["rows"].as_array().unwrap();
    rows.iter().map(|row| (text(&row["person"]), text(&row["balance"]))).collect()
}

fn of(pairs: &[(u32, u32)]) -> Vec<(String, String)> {
    pairs.iter().map(|(person, balance)| (person.to_string(), balance.to_string())).collect()
}

#[test]
fn given_a_number_or_a_time_then_the_read_models_are_as_they_were() {
    let house = house(3);
    // Settings, account, grant; then Ben's account with the first transfer.
    let events = house.reeve(&["events", "--json"]).ok().json()["events"].clone();
    assert_eq!(events.as_array().unwrap().len(), 7);
    assert_eq!(balances(&replay(&house, &[])), of(&[(1, 94), (2, 6)]));
    assert_eq!(balances(&replay(&house, &["--at", "#5"])), of(&[(1, 99), (2, 1)]));
    assert_eq!(balances(&replay(&house, &["--at", "seq:3"])), of(&[(1, 100)]));
    assert_eq!(balances(&replay(&house, &["--at", "#1"])), of(&[]));
    let then = events[5]["at"].as_str().unwrap();
    let answer = replay(&house, &["--at", then]);
    assert_eq!((&answer["seq"], &answer["at"]), (&json!("6"), &json!(then)));
    assert_eq!(balances(&answer), of(&[(1, 97), (2, 3)]));
    assert_eq!(balances(&replay(&house, &["--at", "0s ago"])), of(&[(1, 94), (2, 6)]));
    assert_eq!(answer["event"], events[5]);

    let only = replay(&house, &["--at", "#6", "--table", "transactions", "--rows", "1"]);
    let tables = only["tables"].as_object().unwrap();
    assert_eq!(tables.keys().collect::<Vec<_>>(), ["transactions"]);
    assert_eq!(tables["transactions"]["total"], "3");
    assert_eq!(tables["transactions"]["rows"].as_array().unwrap().len(), 1);

    let human = house.reeve(&["replay", "--at", "#6"]).ok();
    let human = human.says("after its event #6").says("BALANCES").says("WEEKLY_GAINS");
    assert!(!human.out.contains("a prize"), "sealed, then as now: {}", human.out);
    house.reeve(&["replay", "--at", "#6", "--rows", "1"]).ok().says("the first 1 of 3 rows");
}

#[test]
fn given_a_step_then_it_shows_what_one_event_changed_and_both_ways_lead_to_the_same() {
    let house = house(3);
    let on = replay(&house, &["--at", "#5", "--step", "+1"]);
    assert_eq!(on["seq"], "6");
    assert_eq!(balances(&on), of(&[(1, 97), (2, 3)]));
    let step = &on["steps"][0];
    assert_eq!((&step["undone"], &step["event"]["guild_seq"]), (&json!(false), &json!(6)));
    let changes = step["changes"].as_array().unwrap();
    let of_table = |table: &str| -> Vec<&Value> {
        changes.iter().filter(|change| change["table"] == table).collect()
    };
    let sides = |change: &Value| {
        let side = |side: &str| change[side]["balance"].as_str().unwrap().to_owned();
        (side("before"), side("after"))
    };
    let balances_changed: Vec<_> = of_table("balances").into_iter().map(sides).collect();
    let pair = |before: &str, after: &str| (before.to_owned(), after.to_owned());
    assert_eq!(balances_changed, [pair("99", "97"), pair("1", "3")]);
    let added = of_table("transactions");
    assert_eq!((added.len(), &added[0]["before"]), (1, &Value::Null));
    assert_eq!(added[0]["after"]["amount"], "2");

    let back = replay(&house, &["--at", "#6", "--step", "-1"]);
    assert_eq!((&back["seq"], &back["steps"][0]["undone"]), (&json!("5"), &json!(true)));
    assert_eq!(back["steps"][0]["changes"], step["changes"]);
    assert_eq!(back["tables"], replay(&house, &["--at", "#5"])["tables"]);
    assert_eq!(replay(&house, &["--step", "-6"])["seq"], "1");

    let human = house.reeve(&["replay", "--at", "#5", "--step", "+1"]).ok();
    human.says("on to").says("balances  person=1  balance 99 → 97  sent 1 → 3");
}

#[test]
fn given_what_cannot_be_looked_at_then_it_is_said_what_can() {
    let house = house(1);
    house.reeve(&["economy", "--guild", OTHER_GUILD, "grant", BEN, "3"]).ok();
    let ask =
        |arguments: &[&str]| house.reeve(&[&["replay", "--guild", GUILD], arguments].concat());
    ask(&["--at", "#0"]).exits(1).says("begins with #1 at");
    ask(&["--at", "2000-01-01"]).exits(1).says("begins with #1 at");
    ask(&["--at", "#999"]).exits(1).says("has come to #5").says("#999 has not happened yet");
    ask(&["--at", "2999-01-01T00:00:00Z"]).exits(1).says("is in the future");
    ask(&["--step", "+1"]).exits(1).says("#5 is the guild's last event");
    ask(&["--at", "#1", "--step", "-1"]).exits(1).says("begins with #1");
    ask(&["--at", "yesterday"]).exits(2).says("a moment looks like #1234");
    ask(&["--table", "secrets"]).exits(2).says("there are balances, weekly_gains, transactions");
    ask(&["--step", "1001"]).exits(2);
    ask(&["--rows", "0"]).exits(2);
    house.reeve(&["replay", "--guild", "7"]).exits(1).says("nothing ever happened in guild 7");
    house.reeve(&["replay"]).exits(2).says("say --guild: there are several");
    let refused = house.reeve(&["replay", "--guild", "7", "--json"]).exits(1).json();
    assert_eq!(refused["error"]["kind"], "refused");
    House::new().reeve(&["replay", "--guild", "7"]).exits(2).says("there is no log");
}

#[test]
fn given_a_running_server_then_the_past_is_shown_beside_it_and_nothing_is_left_lying_about() {
    let house = house(3);
    let _server = house.serve(&[]);
    // The server has a time machine of its own for the dashboard.
    let scratch = house.data().join("time-machine").join("scratch");
    let lying_about = || -> BTreeSet<_> {
        let entries = std::fs::read_dir(&scratch).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name()).filter(|name| name != "lock").collect()
    };
    let before = lying_about();
    assert_eq!(balances(&replay(&house, &["--at", "#5"])), of(&[(1, 99), (2, 1)]));
    assert_eq!(lying_about(), before);
}

#[test]
fn given_an_ordinary_question_with_a_moment_then_it_is_answered_as_of_then() {
    let house = house(3);
    let supply = |moment: &str| {
        let heap = house.economy(&["heap", "--json", "--at", moment]).json();
        let top = heap["top"].as_array().unwrap().len();
        (heap["supply"].as_str().unwrap().to_owned(), top)
    };
    assert_eq!(supply("#3"), ("100".to_owned(), 1));
    assert_eq!(supply("#1"), ("0".to_owned(), 0));
    assert_eq!(supply("now"), ("100".to_owned(), 2));
    let history = house.economy(&["history", "--json", "--at", "#6", "--user", BEN]).json();
    assert_eq!(strings(&history["transactions"], "amount"), ["2", "1"]);
    let week = house.economy(&["heap", "--week", "2000-01-01", "--json", "--at", "#6"]).json();
    assert_eq!(week["top"], json!([]));
    house.reeve(&["economy", "read", ANN, "--at", "#3"]).exits(2).says("for heap and history");
    house.reeve(&["economy", "heap", "--at", "#99"]).exits(1).says("has not happened yet");
}

#[test]
fn given_moments_in_other_commands_then_they_are_written_the_same_way() {
    let house = house(3);
    let since = |moment: &str, more: &[&str]| {
        let asked = house.reeve(&[&["events", "--json", "--since", moment], more].concat()).ok();
        asked.json()["events"].as_array().unwrap().len()
    };
    assert_eq!(since("#6", &["--guild", GUILD]), 2);
    assert_eq!(since("1h ago", &[]), 7);
    assert_eq!(since("0s ago", &[]), 0);
    house.reeve(&["events", "--since", "#6"]).exits(2).says("say --guild");
    house.reeve(&["events", "--since", "soon"]).exits(2).says("a moment looks like");
}
