//! Squads, tiers and codes over GraphQL: who makes them, who is in them, who redeemed what.

use actions::{Caller, Permissions, Standing};
use domain::{Bytes, UserId, squads::SquadId};
use schema::SignedIn;
use serde_json::{Value, json};

use crate::house::{House, code, guild, user};

fn key() -> domain::IdempotencyKey {
    actions::fresh_key("test").unwrap()
}

async fn of_guild(house: &House, who: &SignedIn, as_of: &str, inner: &str) -> Value {
    let question = format!("{{ guild(id: \"{}\"{as_of}) {{ {inner} }} }}", guild());
    House::answered(house.ask(Some(who), question.as_str()).await)["guild"].clone()
}

async fn does(house: &House, who: &SignedIn, name: &str, input: &str, rest: &str) -> Value {
    let guild = guild();
    let question = format!("mutation {{ {name}(input: {{guild: \"{guild}\", {input}}}) {rest} }}");
    House::answered(house.ask(Some(who), question.as_str()).await)[name].clone()
}

const DONE: &str = "{ status refusal { rule text } }";

async fn joins(house: &House, who: UserId, squad: u32) {
    let (caller, at) = (Caller::member(who, Standing::everyone()), house.actions.now());
    let (squad, key) = (SquadId(squad), key());
    let joined = house.actions.join_squad(guild(), &caller, squad, Bytes::ZERO, at, &key);
    joined.await.unwrap();
}

// proves: DSH-11, SQD-01
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_an_admin_then_squads_are_made_changed_closed_and_deleted_by_the_same_rules() {
    let house = House::new().await;
    let (admin, member) = (house.owner(201), house.member(103));
    let make = |name: &str, role: &str, key: &str| {
        format!("name: \"{name}\", description: \"of the east\", role: \"{role}\", key: \"{key}\"")
    };
    let made = does(&house, &admin, "squadCreate", &make("Red", "501", "a"), DONE).await;
    assert_eq!(made["status"], "DONE", "{made}");
    does(&house, &admin, "squadCreate", &make("Blue", "502", "b"), DONE).await;
    for (input, rule) in [
        (make("Red", "503", "c"), "squads.name_taken"),
        (make("Green", "501", "d"), "squads.role_taken"),
        (make("Green", "999", "e"), "role.unknown"),
    ] {
        let refused = does(&house, &admin, "squadCreate", &input, DONE).await;
        assert_eq!(refused["refusal"]["rule"], rule, "{input}");
    }
    let question = format!(
        "mutation {{ squadCreate(input: {{guild: \"{}\", {}}}) {{ status }} }}",
        guild(),
        make("Mine", "504", "f")
    );
    let refused = house.ask(Some(&member), question.as_str()).await;
    assert_eq!(code(&refused).as_deref(), Some("FORBIDDEN"));
    // Who may not give a role by hand does not have the bot give it.
    let manager = house.joins(210, Permissions::MANAGE_GUILD, &[]);
    let refused = does(&house, &manager, "squadCreate", &make("Mine", "504", "g"), DONE).await;
    assert_eq!(refused["refusal"]["rule"], "role.permission");

    joins(&house, user(103), 1).await;
    joins(&house, user(104), 1).await;
    house.caught_up().await;
    let inner = "squads { list { id name role active members } switchCost minimumBalance \
                 members(squad: 1) { nodes { person { name } } } \
                 of(user: \"103\") { squad { name } } }";
    let shown = of_guild(&house, &member, "", inner).await;
    let head = of_guild(&house, &admin, "", "eventCount").await["eventCount"].clone();
    let then = format!(", asOf: \"#{}\"", head.as_str().unwrap());
    let squads = &shown["squads"];
    assert_eq!(squads["switchCost"], "50");
    assert_eq!(
        squads["list"][0],
        json!({ "id": 1, "name": "Red", "role": "501", "active": true, "members": "2" })
    );
    assert_eq!(squads["members"]["nodes"].as_array().unwrap().len(), 2);
    assert_eq!(squads["of"], json!({ "squad": { "name": "Red" } }));

    // Its role stays while somebody is in it; its name may change, and it may be closed.
    let role = does(&house, &admin, "squadEdit", "squad: 1, role: \"505\", key: \"h\"", DONE).await;
    assert_eq!(role["status"], "REFUSED", "{role}");
    let closed = "squad: 1, name: \"Crimson\", active: false, key: \"i\"";
    assert_eq!(does(&house, &admin, "squadEdit", closed, DONE).await["status"], "DONE");
    let gone = does(&house, &admin, "squadDelete", "squad: 2, key: \"j\"", DONE).await;
    assert_eq!(gone["status"], "DONE");
    house.caught_up().await;
    let list = of_guild(&house, &member, "", "squads { list { name active members } }").await;
    let crimson = json!([{ "name": "Crimson", "active": false, "members": "2" }]);
    assert_eq!(list["squads"]["list"], crimson);
    let before = of_guild(&house, &member, &then, "squads { list { name active } }").await;
    assert_eq!(before["squads"]["list"][0], json!({ "name": "Red", "active": true }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_tiers_then_staff_makes_and_gives_them_and_sees_who_holds_them() {
    let house = House::new().await;
    let (admin, member) = (house.owner(201), house.member(103));
    let set = "role: \"501\", name: \"Gold\", dailyBonus: \"5\", key: \"a\"";
    assert_eq!(does(&house, &admin, "tierSet", set, DONE).await["status"], "DONE");
    let given = "{ done { status refusal { rule } } until }";
    let give = |role: &str, days: u32, key: &str| {
        format!("user: \"103\", role: \"{role}\", days: {days}, key: \"{key}\"")
    };
    let gave = does(&house, &admin, "tierGive", &give("501", 30, "b"), given).await;
    assert_eq!(gave["done"]["status"], "DONE", "{gave}");
    assert!(gave["until"].is_string());
    let none = does(&house, &admin, "tierGive", &give("502", 30, "c"), given).await;
    assert_eq!(none["done"]["status"], "REFUSED");
    let nobody = "user: \"999\", role: \"501\", days: 1, key: \"d\"";
    let question =
        format!("mutation {{ tierGive(input: {{guild: \"{}\", {nobody}}}) {given} }}", guild());
    let refused = house.ask(Some(&admin), question.as_str()).await;
    assert_eq!(code(&refused).as_deref(), Some("BAD_INPUT"));
    house.caught_up().await;
    let inner = "tiers { list { name dailyBonus holders } of(user: \"103\") { name until } }";
    let shown = of_guild(&house, &member, "", inner).await["tiers"].clone();
    assert_eq!(shown["list"], json!([{ "name": "Gold", "dailyBonus": "5", "holders": "1" }]));
    assert_eq!(shown["of"][0]["name"], "Gold");
    let holders = "tiers { holders(role: \"501\") { nodes { place person { name } until } } }";
    let held = of_guild(&house, &admin, "", holders).await;
    assert_eq!(held["tiers"]["holders"]["nodes"][0]["person"]["name"], "User 103");
    let take = "user: \"103\", role: \"501\", key: \"e\"";
    assert_eq!(does(&house, &admin, "tierTake", take, DONE).await["status"], "DONE");
    let remove = "role: \"501\", key: \"f\"";
    assert_eq!(does(&house, &admin, "tierRemove", remove, DONE).await["status"], "DONE");
    house.caught_up().await;
    let shown = of_guild(&house, &member, "", inner).await["tiers"].clone();
    assert_eq!(shown, json!({ "list": [], "of": [] }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_codes_then_they_are_shown_once_and_counted_and_revoked() {
    let house = House::new().await;
    let admin = house.admin();
    let made = "{ done { status refusal { rule } } id codes }";
    let input = "name: \"Spring\", bytes: \"25\", count: 3, uses: 10, key: \"a\"";
    let spring = does(&house, &admin, "campaignCreate", input, made).await;
    assert_eq!(spring["done"]["status"], "DONE", "{spring}");
    let codes = spring["codes"].as_array().unwrap().clone();
    assert_eq!(codes.len(), 3);
    // Whose answer was lost asks again, and sees the same.
    assert_eq!(does(&house, &admin, "campaignCreate", input, made).await["codes"], json!(codes));
    let taken = format!("name: \"Other\", bytes: \"1\", code: {}, key: \"b\"", codes[0]);
    let taken = does(&house, &admin, "campaignCreate", &taken, made).await;
    assert_eq!(taken["done"]["refusal"]["rule"], "codes.code_taken");

    let caller = Caller::member(user(103), Standing::everyone());
    let (now, code_text) = (house.actions.now(), codes[0].as_str().unwrap());
    house.actions.redeem_code(guild(), &caller, code_text, now, &key()).await.unwrap();
    house.caught_up().await;
    let id = spring["id"].as_str().unwrap();
    let inner = format!(
        "codes {{ campaigns {{ nodes {{ name codes uses usesMost usesPerMember revoked \
         reward {{ bytes role days }} }} }} uses(id: \"{id}\") {{ nodes {{ number person {{ name }} state }} }} }}"
    );
    let shown = of_guild(&house, &admin, "", &inner).await["codes"].clone();
    assert_eq!(
        shown["campaigns"]["nodes"],
        json!([{ "name": "Spring", "codes": 3, "uses": 1, "usesMost": 10, "usesPerMember": 1,
                 "revoked": false, "reward": { "bytes": "25", "role": null, "days": null } }])
    );
    let used = json!([{ "number": 1, "person": { "name": "User 103" }, "state": "under_way" }]);
    assert_eq!(shown["uses"]["nodes"], used);
    // No code, and no hash of one, is anywhere to be asked for again.
    let plain = code_text.replace('-', "");
    let everything = of_guild(
        &house,
        &admin,
        "",
        &format!("{inner} events(first: 50) {{ nodes {{ payload }} }}"),
    )
    .await;
    assert!(!everything.to_string().contains(&plain), "the code is told again");

    let limit = format!("campaign: \"{id}\", uses: null, usesPerMember: 2, key: \"c\"");
    assert_eq!(does(&house, &admin, "campaignLimit", &limit, DONE).await["status"], "DONE");
    let one = format!("code: {}, key: \"d\"", codes[1]);
    assert_eq!(does(&house, &admin, "codeRevoke", &one, DONE).await["status"], "DONE");
    let all = format!("campaign: \"{id}\", key: \"e\"");
    assert_eq!(does(&house, &admin, "campaignRevoke", &all, DONE).await["status"], "DONE");
    house.caught_up().await;
    let shown =
        of_guild(&house, &admin, "", &inner).await["codes"]["campaigns"]["nodes"][0].clone();
    assert_eq!((&shown["usesMost"], &shown["usesPerMember"]), (&Value::Null, &json!(2)));
    assert_eq!(shown["revoked"], true);
}
