//! `reeve economy`

use serde_json::json;

use crate::support::{ANN, BEN, CAT, GUILD, House, OTHER_GUILD, strings};

#[test]
fn given_a_grant_then_balance_board_and_history_show_it() {
    let house = House::new();
    house.economy(&["grant", ANN, "1500", "won the contest"]).says("101 was given 1,500 bytes.");
    house.economy(&["grant", BEN, "20"]);
    house.economy(&["take", ANN, "300", "broke a rule"]).says("101 lost 300 bytes.");
    house.economy(&["read", ANN]).says("101 has 1,200 bytes").says("earned 1,500");
    house.economy(&["read", CAT]).says("103 has 0 bytes.");

    let heap = house.economy(&["heap", "--json"]).json();
    assert_eq!(strings(&heap["top"], "balance"), ["1200", "20"]);
    assert_eq!(heap["supply"], "1220");
    house.economy(&["heap"]).says("1     101    1,200").says("All members together: 1,220");

    let day = house.economy(&["heap", "--week", "2020-01-01"]);
    day.says("Nobody gained anything in the week of 2019-12-30.");
}

// proves: ECO-12
#[test]
fn given_movements_of_every_kind_then_the_history_has_all_of_them_page_by_page() {
    let house = House::new();
    house.economy(&["grant", ANN, "500", "a prize"]);
    house.economy(&["take", ANN, "50", "a fine"]);
    house.economy(&["send", ANN, BEN, "30", "for lunch"]);
    house.economy(&["daily", BEN]);
    let history = |more: &[&str]| {
        let answer = house.economy(&[&["history", "--json"], more].concat());
        answer.json()["transactions"].clone()
    };
    let all = history(&[]);
    let lines = all.as_array().unwrap().iter().map(|line| {
        json!([line["kind"], line["giver"], line["receiver"], line["amount"], line["reason"]])
    });
    let expected = [
        json!(["daily", "community", BEN, "10", null]),
        json!(["transfer", ANN, BEN, "30", "for lunch"]),
        json!(["take", ANN, "community", "50", "a fine"]),
        json!(["grant", "community", ANN, "500", "a prize"]),
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
    assert!(strings(&all, "at").is_sorted_by(|later, earlier| later >= earlier));
    assert_eq!(strings(&history(&["--user", BEN]), "kind"), ["daily", "transfer"]);

    let mut paged = Vec::new();
    let mut before = "9223372036854775807".to_owned();
    while let Some(line) = history(&["--limit", "1", "--before", &before]).get(0) {
        before = line["seq"].as_str().unwrap().to_owned();
        paged.push(line.clone());
    }
    assert_eq!(json!(paged), all);
    house.economy(&["history", "--limit", "1"]).says("More with --before");
    let unknown = house.reeve(&["economy", "history", "--user", CAT]);
    unknown.exits(1).says("User 103 was never seen");
}

// proves: ECO-04, ECO-05
#[test]
fn given_a_transfer_then_both_sides_move_and_the_rules_of_that_community_hold() {
    let house = House::new();
    house.economy(&["grant", ANN, "2000"]);
    let refuses = |arguments: &[&str], text: &str| {
        let before = (house.balance(ANN), house.balance(BEN));
        let arguments = [&["economy", "--guild", GUILD, "send"], arguments].concat();
        house.reeve(&arguments).exits(1).says(text);
        assert_eq!((house.balance(ANN), house.balance(BEN)), before);
    };
    refuses(&[ANN, BEN, "1001"], "You can move at most 1,000 bytes at a time.");
    refuses(&[ANN, BEN, "0"], "The amount must be at least 1.");
    refuses(&[ANN, ANN, "5"], "You cannot send to yourself.");
    refuses(&[BEN, ANN, "5"], "The balance is 0 bytes, which is not enough for 5.");
    house.economy(&["send", ANN, BEN, "1000"]).says("101 sent 102 1,000 bytes.");
    assert_eq!((house.balance(ANN), house.balance(BEN)), (1000, 1000));
    refuses(&[ANN, BEN, "5"], "You can send again in ");

    let other = |arguments: &[&str]| {
        house.reeve(&[&["economy", "--guild", OTHER_GUILD], arguments].concat())
    };
    other(&["settings", r#"{"max_transfer": "7", "transfer_cooldown_secs": 0}"#]).ok();
    other(&["grant", ANN, "100"]).ok();
    other(&["send", ANN, BEN, "8"]).exits(1).says("at most 7");
    for _ in 0..2 {
        other(&["send", ANN, BEN, "7"]).ok();
    }
    other(&["read", BEN]).ok().says("has 14 bytes");
}

#[test]
fn given_more_taken_than_there_is_then_refused() {
    let house = House::new();
    house.economy(&["grant", ANN, "10"]);
    let refused = house.reeve(&["economy", "take", ANN, "11", "--json"]).exits(1);
    let text = "The balance is 10 bytes, which is not enough for 11.";
    assert!(refused.err.contains(&format!("reeve: {text}")), "{}", refused.err);
    assert_eq!(refused.json()["error"], json!({ "kind": "refused", "text": text, "id": null }));
    assert_eq!(house.balance(ANN), 10);
}

#[test]
fn given_a_daily_reward_then_once_a_day_and_as_the_community_wants_it() {
    let house = House::new();
    house.economy(&["daily", ANN]).says("day 1 of a streak, earned 10 bytes");
    let again = house.reeve(&["economy", "daily", ANN]).exits(1);
    again.says("Today's reward has been paid already. The next one is in");
    house.economy(&[
        "settings",
        r#"{"daily": "command", "daily_amount": "25", "currency": "coins"}"#,
    ]);
    house.economy(&["daily", BEN]).says("earned 25 coins");
    house.economy(&["settings", r#"{"daily": "off"}"#]);
    house.reeve(&["economy", "daily", CAT]).exits(1).says("Daily rewards are switched off here.");
}

#[test]
fn given_settings_then_each_change_is_a_version_and_bad_ones_are_refused() {
    let house = House::new();
    house.economy(&["grant", ANN, "1"]);
    let shown = house.economy(&["settings", "--json"]).json();
    assert_eq!(
        (&shown["version"], &shown["settings"]["max_transfer"]),
        (&json!(0), &json!("1000"))
    );
    let changed = house.economy(&["settings", r#"{"max_transfer": "5"}"#, "--json"]).json();
    assert_eq!(changed["version"], 1);
    assert_eq!(changed["settings"]["max_transfer"], "5");
    assert_eq!(changed["settings"]["daily_amount"], "10", "the others stay");
    let change = |change| house.reeve(&["economy", "settings", change]);
    change(r#"{"max_transfer": "0"}"#).exits(1).says("max_transfer: use 1 to 1,000,000,000");
    change(r#"{"max_transfr": "5"}"#).exits(2).says("unknown field `max_transfr`");
    change("not json").exits(2).says("these settings cannot be used");
    change("[]").exits(2).says("these settings cannot be used");
    assert_eq!(house.economy(&["settings", "--json"]).json(), changed);
}

#[test]
fn given_a_key_twice_then_bytes_move_once() {
    let house = House::new();
    let grant = ["grant", ANN, "40", "--key", "order/7", "--json"];
    assert_eq!(house.economy(&grant).json(), json!({ "amount": "40", "repeated": false }));
    assert_eq!(house.economy(&grant).json(), json!({ "amount": "40", "repeated": true }));
    assert_eq!(house.balance(ANN), 40);
    let take = house.reeve(&["economy", "take", ANN, "40", "--key", "order/7"]).exits(1);
    take.says("This key was used for something else.");
    assert_eq!(house.balance(ANN), 40);
    house.reeve(&["economy", "grant", ANN, "1", "--key", ""]).exits(2).says("key");
}

#[test]
fn given_no_guild_then_the_only_one_is_meant_and_otherwise_it_must_be_said() {
    let house = House::new();
    let read = ["economy", "read", ANN];
    house.reeve(&read).exits(2).says("there is no log in data");
    house.reeve(&["economy", "grant", ANN, "5"]).exits(2).says("say --guild: nothing has happened");
    house.economy(&["grant", ANN, "5"]);
    house.reeve(&read).ok().says("101 has 5 bytes");
    house.reeve(&["economy", "--guild", OTHER_GUILD, "grant", ANN, "6"]).ok();
    house.reeve(&read).exits(2).says("say --guild: there are several communities");
    house.economy(&["read", ANN]).says("101 has 5 bytes");
}

// proves: ECO-08
#[test]
fn given_the_board_then_it_orders_by_balance_with_stable_ties_and_a_limit() {
    let house = House::new();
    for (user, amount) in [("105", "20"), ("104", "20"), ("106", "30"), ("107", "20")] {
        house.economy(&["grant", user, amount]);
    }
    house.reeve(&["economy", "--guild", OTHER_GUILD, "grant", ANN, "999"]).ok();
    let places = |limit: &[&str]| {
        let heap = house.economy(&[&["heap"], limit].concat());
        let line = |line: &str| line.split_whitespace().nth(1).unwrap().to_owned();
        heap.out.lines().skip(1).take_while(|line| !line.is_empty()).map(line).collect::<Vec<_>>()
    };
    assert_eq!(places(&[]), ["106", "105", "104", "107"], "ties in order of first sight");
    assert_eq!(places(&["2"]), ["106", "105"]);
    for wrong in ["0", "101", "-1", "ten"] {
        house.reeve(&["economy", "heap", wrong]).exits(2);
    }
    house.economy(&["send", "106", "104", "15"]);
    assert_eq!(places(&[]), ["104", "105", "107", "106"]);
}

#[test]
fn given_bad_ids_and_amounts_then_usage_errors_say_what_is_allowed() {
    let house = House::new();
    house.economy(&["grant", ANN, "5"]);
    let allowed = "a number from 1 to 9223372036854775807";
    for user in ["0", "abc", "9223372036854775808", "1 ", "+1", "１", ""] {
        house.reeve(&["economy", "read", user]).exits(2).says(allowed);
        house.reeve(&["economy", "--guild", user, "read", ANN]).exits(2).says(allowed);
    }
    for amount in ["1.5", "ten", "9223372036854775808"] {
        house.reeve(&["economy", "grant", ANN, amount]).exits(2);
    }
    house.reeve(&["economy", "grant", ANN, "9223372036854775807"]).exits(1);
    house.reeve(&["economy", "heap", "--week", "yesterday"]).exits(2);
    let usage = house.reeve(&["economy", "read", "abc", "--json"]).exits(2).json();
    assert_eq!(usage["error"]["kind"], "usage");
    assert_eq!(house.balance(ANN), 5);
}
