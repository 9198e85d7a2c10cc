//! Visits over GraphQL: an operator sees nothing of a community but while they are let in.

use std::sync::atomic::Ordering;

use actions::Permissions;
use schema::SignedIn;
use serde_json::{Value, json};

use crate::house::{AUDITOR_ROLE, House, OPERATOR, code, guild, signed_in};

async fn sees(house: &House, who: &SignedIn, inner: &str) -> Value {
    let question = format!("{{ guild(id: \"{}\") {{ {inner} }} }}", guild());
    House::answered(house.ask(Some(who), question.as_str()).await)["guild"].clone()
}

async fn does(house: &House, who: &SignedIn, what: &str, input: &str, told: &str) -> Value {
    let question =
        format!("mutation {{ {what}(input: {{guild: \"{}\", {input}}}) {{ {told} }} }}", guild());
    let response = house.ask(Some(who), question.as_str()).await;
    match code(&response) {
        Some(code) => json!(code),
        None => House::answered(response)[what].clone(),
    }
}

const BEGIN: &str = "reason: \"a member reports lost bytes\"";
const BEGUN: &str = "done { status refusal { rule } } until";
const LINES: &str = "visits { operator { name } lasts isYours reason }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_an_operator_then_they_are_inside_for_an_hour_and_those_who_watch_see_it() {
    let house = House::new().await;
    let (admin, ops) = (house.admin(), signed_in(OPERATOR));
    let auditor = house.joins(106, Permissions::NONE, &[AUDITOR_ROLE]);
    assert_eq!(sees(&house, &ops, "eventCount").await, Value::Null);
    let begun = does(&house, &ops, "visitBegin", &format!("{BEGIN}, key: \"a\""), BEGUN).await;
    assert_eq!(begun["done"]["status"], "DONE", "{begun}");
    assert_eq!(begun["until"], json!("2026-11-18T13:00:00.000000Z"));
    let again = does(&house, &ops, "visitBegin", &format!("{BEGIN}, key: \"b\""), BEGUN).await;
    assert_eq!(again["done"]["refusal"]["rule"], "visits.already_inside");

    let inside = sees(&house, &ops, "permissions").await["permissions"].to_string();
    assert!(inside.contains("VIEW_RECORDS") && !inside.contains("MANAGE_ACCESS"), "{inside}");
    let line = |yours: bool, lasts: bool| {
        json!([{
            "operator": { "name": "User 900" }, "lasts": lasts, "isYours": yours,
            "reason": "a member reports lost bytes",
        }])
    };
    for watcher in [&admin, &auditor] {
        assert_eq!(sees(&house, watcher, LINES).await["visits"], line(false, true));
    }
    assert_eq!(sees(&house, &ops, LINES).await["visits"], line(true, true));
    let who = sees(&house, &admin, "events(first: 1) { nodes { sentence } }").await;
    let sentence = who["events"]["nodes"][0]["sentence"].to_string();
    assert!(sentence.starts_with("\"User 900 runs this bot and was let in until"), "{sentence}");

    // They rank below everybody: nobody is punished in a visit.
    house.member(301);
    let ban = does(
        &house,
        &ops,
        "punish",
        "user: \"301\", deed: BAN, key: \"c\"",
        "done { status refusal { rule } }",
    );
    assert_eq!(ban.await, json!("FORBIDDEN"));

    house.now.fetch_add(3_600, Ordering::SeqCst);
    assert_eq!(sees(&house, &ops, "eventCount").await, Value::Null, "the hour is over");
    assert_eq!(sees(&house, &admin, LINES).await["visits"], line(false, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_visit_then_those_who_manage_access_end_it_and_others_may_not() {
    let house = House::new().await;
    let (admin, ops) = (house.admin(), signed_in(OPERATOR));
    let auditor = house.joins(106, Permissions::NONE, &[AUDITOR_ROLE]);
    let member = house.member(301);
    house.gives(301, 5, None).await;
    for (who, expected) in [(&member, "FORBIDDEN"), (&admin, "FORBIDDEN")] {
        let begun = does(&house, who, "visitBegin", &format!("{BEGIN}, key: \"a\""), BEGUN).await;
        assert_eq!(begun, json!(expected), "only operators");
    }
    does(&house, &ops, "visitBegin", &format!("{BEGIN}, key: \"a\""), BEGUN).await;
    let end = format!("operator: \"{OPERATOR}\", key: \"out\"");
    for who in [&member, &auditor] {
        let ended = does(&house, who, "visitEnd", &end, "status").await;
        assert_eq!(ended, json!("FORBIDDEN"));
    }
    assert!(sees(&house, &ops, "eventCount").await["eventCount"].is_string());
    assert_eq!(does(&house, &admin, "visitEnd", &end, "status").await["status"], "DONE");
    assert_eq!(sees(&house, &ops, "eventCount").await, Value::Null);

    // And one's own, with another reason the next time.
    let reason = "reason: \"the owner asked for help\", key: \"d\"";
    does(&house, &ops, "visitBegin", reason, BEGUN).await;
    assert_eq!(does(&house, &ops, "visitEnd", "key: \"e\"", "status").await["status"], "DONE");
    assert_eq!(sees(&house, &ops, "eventCount").await, Value::Null);
    let all = sees(&house, &admin, "visits { reason lasts }").await;
    let reasons: Vec<_> =
        all["visits"].as_array().unwrap().iter().map(|one| &one["reason"]).collect();
    assert_eq!(reasons, ["the owner asked for help", "a member reports lost bytes"]);
}
