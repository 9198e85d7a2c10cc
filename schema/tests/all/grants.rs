//! Roles for a time, over GraphQL: they open what they open, to their moment and not longer.

use std::sync::atomic::Ordering;

use actions::Permissions;
use schema::SignedIn;
use serde_json::{Value, json};

use crate::house::{House, code, guild};

async fn asks(house: &House, who: &SignedIn, inner: &str) -> Result<Value, Option<String>> {
    let question = format!("{{ guild(id: \"{}\") {{ {inner} }} }}", guild());
    let response = house.ask(Some(who), question.as_str()).await;
    if response.errors.is_empty() { Ok(House::answered(response)) } else { Err(code(&response)) }
}

async fn does(house: &House, who: &SignedIn, what: &str, input: &str, key: &str) -> Value {
    let question = format!(
        "mutation {{ {what}(input: {{guild: \"{}\", user: \"301\", key: \"{key}\", {input}}}) \
         {{ status refusal {{ rule text }} }} }}",
        guild()
    );
    let response = house.ask(Some(who), question.as_str()).await;
    if response.errors.is_empty() {
        House::answered(response)[what].clone()
    } else {
        json!(code(&response))
    }
}

fn until(house: &House, secs: i64) -> String {
    let at = domain::Timestamp::from_secs(house.now.load(Ordering::SeqCst) + secs);
    format!("role: AUDITOR, until: \"{at}\", reason: \"the yearly audit\"")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_role_for_a_time_then_it_opens_pages_until_its_end_and_says_who_gave_it() {
    let house = House::new().await;
    let (admin, ann) = (house.admin(), house.member(301));
    house.gives(301, 5, None).await;
    let audit = "eventCount permissions";
    assert_eq!(asks(&house, &ann, audit).await, Err(Some("FORBIDDEN".to_owned())));
    let given = does(&house, &admin, "grantGive", &until(&house, 3_600), "one").await;
    assert_eq!(given["status"], "DONE", "{given}");
    let seen = asks(&house, &ann, audit).await.unwrap();
    assert_eq!(
        seen["guild"]["permissions"],
        json!(["VIEW_RECORDS", "VIEW_AUDIT", "VIEW_ANALYTICS"])
    );
    let lines = "grants { person { name } role until by { name } reason }";
    let grants = asks(&house, &ann, lines).await.unwrap()["guild"]["grants"].clone();
    let grant = &grants[0];
    assert_eq!(grant["person"]["name"], "User 301");
    assert_eq!(grant["by"]["name"], "User 200");
    assert_eq!((&grant["role"], &grant["reason"]), (&json!("AUDITOR"), &json!("the yearly audit")));

    // Given again, the end is another one.
    let moved = does(&house, &admin, "grantGive", &until(&house, 7_200), "two").await;
    assert_eq!(moved["status"], "DONE", "{moved}");
    house.now.fetch_add(7_199, Ordering::SeqCst);
    assert!(asks(&house, &ann, audit).await.is_ok());
    house.now.fetch_add(1, Ordering::SeqCst);
    assert_eq!(asks(&house, &ann, audit).await, Err(Some("FORBIDDEN".to_owned())));
    assert_eq!(asks(&house, &admin, lines).await.unwrap()["guild"]["grants"], json!([]));

    // And taken back before its end it opens nothing at once.
    does(&house, &admin, "grantGive", &until(&house, 3_600), "three").await;
    assert!(asks(&house, &ann, audit).await.is_ok());
    let taken = does(&house, &admin, "grantTake", "role: AUDITOR", "four").await;
    assert_eq!(taken["status"], "DONE", "{taken}");
    assert_eq!(asks(&house, &ann, audit).await, Err(Some("FORBIDDEN".to_owned())));

    let sentences = "events(filter: {types: [\"grants.\"]}) { nodes { sentence } }";
    let told = asks(&house, &admin, sentences).await.unwrap();
    let newest = &told["guild"]["events"]["nodes"][0]["sentence"];
    assert_eq!(*newest, json!("User 200 took back that User 301 is auditor"));
    assert_eq!(told["guild"]["events"]["nodes"].as_array().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_somebody_who_may_not_or_asks_for_too_much_then_it_is_refused_with_its_rule() {
    let house = House::new().await;
    let (admin, ann) = (house.admin(), house.member(301));
    let manager = house.joins(302, Permissions::MANAGE_GUILD, &[]);
    for who in [&ann, &manager] {
        let refused = does(&house, who, "grantGive", &until(&house, 60), "a").await;
        assert_eq!(refused, json!("FORBIDDEN"));
        let refused = does(&house, who, "grantTake", "role: AUDITOR", "b").await;
        assert_eq!(refused, json!("FORBIDDEN"));
    }
    // Not even who was made an admin for a time can make others something.
    let made = until(&house, 3_600).replace("AUDITOR", "ADMIN");
    assert_eq!(does(&house, &admin, "grantGive", &made, "c").await["status"], "DONE");
    let refused = does(&house, &ann, "grantGive", &until(&house, 60), "d").await;
    assert_eq!(refused, json!("FORBIDDEN"));
    for (secs, rule) in [(0, "grants.ends_in_the_past"), (40_000_000, "grants.too_long")] {
        let refused = does(&house, &admin, "grantGive", &until(&house, secs), "e").await;
        assert_eq!(refused["refusal"]["rule"], rule, "{refused}");
    }
    let wordless = until(&house, 60).replace("the yearly audit", " ");
    let refused = does(&house, &admin, "grantGive", &wordless, "f").await;
    assert_eq!(refused["refusal"]["rule"], "grants.reason_invalid", "{refused}");
    let owner = house.owner(301);
    let own = does(&house, &owner, "grantGive", &until(&house, 60), "g").await;
    assert_eq!(own, json!("FORBIDDEN"), "to themselves");
}
