//! Moderation over GraphQL: who sees how much of a case, who may do what to whom, and the appeal of
//! somebody who was banned.

use std::sync::atomic::Ordering;

use actions::{Caller, Permissions};
use domain::GuildId;
use schema::SignedIn;
use serde_json::{Value, json};

use crate::house::{ANALYST_ROLE, BOT, House, MODERATOR_ROLE, OPERATOR, code, guild, signed_in};

async fn asked(house: &House, who: &SignedIn, inner: &str) -> Value {
    asked_then(house, who, "", inner).await
}

async fn asked_then(house: &House, who: &SignedIn, as_of: &str, inner: &str) -> Value {
    let as_of = if as_of.is_empty() { String::new() } else { format!(", asOf: \"{as_of}\"") };
    let question =
        format!("{{ guild(id: \"{}\"{as_of}) {{ moderation {{ {inner} }} }} }}", guild());
    let answer = House::answered(house.ask(Some(who), question.as_str()).await);
    answer["guild"]["moderation"].clone()
}

/// Carries a mutation out, with a key of its own where none is named.
async fn does(house: &House, who: &SignedIn, what: &str, input: &str, told: &str) -> Value {
    let key = format!("{what}/{input}").replace(['"', '\\', ' ', ':', ','], "");
    let key: String = key.chars().take(120).collect();
    let question = format!(
        "mutation {{ {what}(input: {{guild: \"{}\", key: \"{key}\", {input}}}) {{ {told} }} }}",
        guild()
    );
    let answer = House::answered(house.ask(Some(who), question.as_str()).await);
    house.caught_up().await;
    answer[what].clone()
}

const MADE: &str = "done { status refusal { rule text } } number activeWarnings";

fn moderator(house: &House) -> SignedIn {
    house.joins(104, Permissions::NONE, &[MODERATOR_ROLE])
}

fn numbers(cases: &Value) -> Vec<u64> {
    let nodes = cases["nodes"].as_array().unwrap();
    nodes.iter().map(|case| case["number"].as_u64().unwrap()).collect()
}

// proves: DSH-10, MOD-09
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_cases_then_every_filter_finds_its_own_and_nobody_reads_what_is_kept_from_them() {
    let house = House::new().await;
    let (one, two) = (moderator(&house), house.joins(105, Permissions::NONE, &[MODERATOR_ROLE]));
    house.member(301);
    house.member(302);
    for (who, what, input) in [
        (&one, "warn", "user: \"301\", reason: \"spam\""),
        (&two, "warn", "user: \"302\", severity: MAJOR"),
        (&one, "punish", "user: \"302\", deed: BAN, reason: \"scam\""),
        (&one, "memberNote", "user: \"301\", text: \"an alt of 302\""),
        (&two, "memberNote", "user: \"104\", text: \"too strict lately\""),
    ] {
        let made = does(&house, who, what, input, MADE).await;
        assert_eq!(made["done"]["status"], "DONE", "{made}");
    }
    house.now.fetch_add(86_400, Ordering::SeqCst);
    does(&house, &two, "warn", "user: \"301\", reason: \"again\"", MADE).await;
    does(&house, &two, "caseHide", "number: 1, on: true", "status").await;
    for (filter, found) in [
        ("{}", vec![6, 4, 3, 2]),
        ("{hidden: true}", vec![6, 4, 3, 2, 1]),
        ("{user: \"301\", hidden: true}", vec![6, 4, 1]),
        ("{moderator: \"105\"}", vec![6, 2]),
        ("{kind: BAN}", vec![3]),
        ("{status: OPEN, kind: NOTE}", vec![4]),
        ("{active: true}", vec![6, 2]),
        ("{user: \"999\"}", vec![]),
        ("{since: \"2026-11-19T00:00:00Z\"}", vec![6]),
    ] {
        let inner = format!("cases(filter: {filter}) {{ nodes {{ number }} }}");
        let answer = asked(&house, &one, &inner).await;
        // The note about the moderator who asks is not for them.
        assert_eq!(numbers(&answer["cases"]), found, "{filter}");
    }
    let answer = asked(&house, &two, "cases(first: 2) { nodes { number } pageInfo { endCursor } }");
    let answer = answer.await;
    assert_eq!(numbers(&answer["cases"]), [6, 5]);
    let cursor = answer["cases"]["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
    let inner = format!("cases(first: 9, after: \"{cursor}\") {{ nodes {{ number }} }}");
    assert_eq!(numbers(&asked(&house, &two, &inner).await["cases"]), [4, 3, 2]);
    let counts = asked(&house, &one, "caseCounts { kind all active }").await;
    assert_eq!(
        counts["caseCounts"],
        json!([
            { "kind": "BAN", "all": "1", "active": "0" },
            { "kind": "NOTE", "all": "1", "active": "0" },
            { "kind": "WARNING", "all": "2", "active": "2" },
        ])
    );
    let inner = "moderators { moderator { name } cases kinds { kind cases } }";
    let busiest = asked(&house, &one, inner).await["moderators"][0].clone();
    assert_eq!(
        (&busiest["moderator"]["name"], &busiest["cases"]),
        (&json!("User 104"), &json!("3"))
    );

    // Others than staff are refused, and of one case not even told that it is there.
    for outsider in [house.member(301), house.joins(107, Permissions::NONE, &[ANALYST_ROLE])] {
        let question = format!(
            "{{ guild(id: \"{}\") {{ moderation {{ cases {{ nodes {{ number }} }} }} }} }}",
            guild()
        );
        let refused = house.ask(Some(&outsider), question.as_str()).await;
        assert_eq!(code(&refused).as_deref(), Some("FORBIDDEN"));
        let other = asked(&house, &outsider, "case(number: 2) { number }").await;
        assert_eq!(other["case"], Value::Null);
    }
}

// proves: MOD-06, MOD-07, LOG-09
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_one_case_then_staff_read_all_of_it_and_its_member_what_is_held_against_them() {
    let house = House::new().await;
    let staff = moderator(&house);
    let tom = house.member(301);
    house.member(302);
    does(&house, &staff, "warn", "user: \"301\", reason: \"spam\"", MADE).await;
    does(&house, &staff, "warn", "user: \"302\", reason: \"also spam\"", MADE).await;
    for (what, input) in [
        ("caseReason", "number: 1, text: \"spam in three channels\""),
        ("caseNote", "number: 1, text: \"spoke with them\""),
        ("caseEvidence", "number: 1, text: \"three links\""),
        ("caseLink", "number: 1, other: 2, on: true"),
        ("caseResolve", "number: 1, on: true"),
    ] {
        let done = does(&house, &staff, what, input, "status refusal { text }").await;
        assert_eq!(done["status"], "DONE", "{what}: {done}");
    }
    let inner = "case(number: 1) { number reason status severity active whole notes evidence links \
                 older newer by { person { name } rule } similar { number } \
                 timeline { nodes { what text detail other policy by { person { name } } } } }";
    let case = asked(&house, &staff, inner).await["case"].clone();
    assert_eq!(case["reason"], "spam in three channels");
    assert_eq!((&case["status"], &case["active"]), (&json!("RESOLVED"), &json!(true)));
    assert_eq!((&case["notes"], &case["evidence"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&case["links"], &case["older"], &case["newer"]),
        (&json!([2]), &Value::Null, &json!(2))
    );
    assert_eq!(case["similar"], json!([{ "number": 2 }]));
    assert_eq!(case["by"]["person"]["name"], "User 104");
    let nodes = case["timeline"]["nodes"].as_array().unwrap();
    let told: Vec<_> = nodes.iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    assert_eq!(told, ["status", "linked", "evidence", "note", "reason", "opened"]);
    let opened = nodes.last().unwrap();
    // Nothing of it was lost by the edit, and it says which settings decided it.
    assert_eq!((&opened["text"], &opened["policy"]), (&json!("spam"), &json!(0)));
    assert_eq!(nodes[3]["text"], "spoke with them");

    let own = asked(&house, &tom, inner).await["case"].clone();
    assert_eq!((&own["reason"], &own["whole"]), (&json!("spam in three channels"), &json!(false)));
    assert_eq!((&own["by"], &own["notes"], &own["links"]), (&Value::Null, &json!(0), &json!([])));
    assert_eq!((&own["timeline"]["nodes"], &own["similar"]), (&json!([]), &json!([])));
    assert_eq!(own["newer"], Value::Null, "the next case is somebody else's");
    let record = "record(user: \"301\") { counts { kind all } recent { number by { rule } } }";
    let own = asked(&house, &tom, record).await["record"].clone();
    assert_eq!(own["counts"], json!([{ "kind": "WARNING", "all": "1" }]));
    assert_eq!(own["recent"], json!([{ "number": 1, "by": null }]));

    // A record that the community does not show, and what is hidden, is not for its member.
    does(&house, &staff, "caseHide", "number: 1, on: true", "status").await;
    assert_eq!(asked(&house, &tom, "case(number: 1) { number }").await["case"], Value::Null);
    let (off, operator) = (actions::fresh_key("test").unwrap(), Caller::operator());
    let set = house.actions.change_setting(
        guild(),
        &operator,
        "moderation",
        "members_see_record",
        "off",
        &off,
    );
    set.await.unwrap();
    let question = format!("{{ guild(id: \"{}\") {{ moderation {{ {record} }} }} }}", guild());
    let refused = house.ask(Some(&tom), question.as_str()).await;
    assert_eq!(code(&refused).as_deref(), Some("REFUSED"));
    let whole = asked(&house, &staff, record).await["record"]["recent"].clone();
    assert_eq!(whole, json!([]), "hidden ones are in the list when they are asked for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_moment_of_the_past_then_cases_stand_as_they_stood() {
    let house = House::new().await;
    let admin = house.admin();
    house.member(301);
    does(&house, &admin, "warn", "user: \"301\", reason: \"spam\"", MADE).await;
    let question = format!("{{ guild(id: \"{}\") {{ eventCount }} }}", guild());
    let head = House::answered(house.ask(Some(&admin), question.as_str()).await);
    let then = format!("#{}", head["guild"]["eventCount"].as_str().unwrap());
    house.now.fetch_add(3_600, Ordering::SeqCst);
    does(&house, &admin, "casePardon", "number: 1, reason: \"mercy\"", "pardoned").await;
    does(&house, &admin, "warn", "user: \"301\"", MADE).await;
    let inner = "cases { nodes { number status active reason } } moderators { cases } \
                 record(user: \"301\") { active { number } }";
    let now = asked(&house, &admin, inner).await;
    assert_eq!(numbers(&now["cases"]), [2, 1]);
    assert_eq!(now["cases"]["nodes"][1]["status"], "PARDONED");
    assert_eq!(now["record"]["active"], json!([{ "number": 2 }]));
    let past = asked_then(&house, &admin, &then, inner).await;
    let stood = json!([{ "number": 1, "status": "OPEN", "active": true, "reason": "spam" }]);
    assert_eq!(past["cases"]["nodes"], stood);
    assert_eq!(past["moderators"], json!([{ "cases": "1" }]));
    assert_eq!(past["record"]["active"], json!([{ "number": 1 }]));
}

// proves: GRD-02, GRD-04, GRD-05
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_deed_over_http_then_the_same_guards_stand_before_it_as_in_discord() {
    let house = House::new().await;
    let staff = moderator(&house);
    house.owner(300);
    house.member(301);
    house.joins(303, Permissions::NONE, &[MODERATOR_ROLE]);
    let member = house.member(302);
    let warn = |user: u64, key: &str| {
        format!(
            "mutation {{ warn(input: {{guild: \"{}\", user: \"{user}\", key: \"{key}\"}}) \
             {{ {MADE} }} }}",
            guild()
        )
    };
    for (who, user, said) in [
        (&staff, 104, "You cannot do this to yourself."),
        (&staff, 300, "Nobody can do this to the owner of this community."),
        (&staff, BOT, "This bot cannot do this to itself."),
        (&staff, 303, "Your highest role must be above theirs for this."),
        (&member, 301, "You need the permission \"Moderate\" for this"),
    ] {
        let answer = house.ask(Some(who), warn(user, &format!("guard-{user}")).as_str()).await;
        assert_eq!(code(&answer).as_deref(), Some("FORBIDDEN"), "{user}");
        assert!(answer.errors[0].message.starts_with(said), "{}", answer.errors[0].message);
    }
    let answer = House::answered(house.ask(Some(&staff), warn(301, "once").as_str()).await);
    assert_eq!(
        (&answer["warn"]["number"], &answer["warn"]["activeWarnings"]),
        (&json!(1), &json!(1))
    );
    // The same key again is the same case.
    let again = House::answered(house.ask(Some(&staff), warn(301, "once").as_str()).await);
    assert_eq!(
        (&again["warn"]["done"]["status"], &again["warn"]["number"]),
        (&json!("REPEATED"), &json!(1))
    );
    house.caught_up().await;
    let gone = "user: \"999\", deed: TIMEOUT, durationSecs: 600";
    let refused = does(&house, &staff, "punish", gone, MADE).await["done"].clone();
    assert_eq!(refused["refusal"]["rule"], "moderation.not_a_member");
    let endless = does(&house, &staff, "punish", "user: \"301\", deed: TIMEOUT", MADE).await;
    assert_eq!(endless["done"]["refusal"]["text"], "A timeout needs a length.");
    let refusals =
        format!("{{ guild(id: \"{}\") {{ refusals {{ nodes {{ what rule }} }} }} }}", guild());
    let kept = House::answered(house.ask(Some(&staff), refusals.as_str()).await);
    let kept = kept["guild"]["refusals"]["nodes"].as_array().unwrap().len();
    assert!(kept >= 5, "{kept} refusals were kept");
}

// proves: MOD-15
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_somebody_who_was_banned_then_they_appeal_and_read_the_answer() {
    let house = House::new().await;
    let staff = moderator(&house);
    house.member(301);
    house.member(302);
    does(&house, &staff, "punish", "user: \"301\", deed: BAN, reason: \"scam\"", MADE).await;
    does(&house, &staff, "warn", "user: \"302\"", MADE).await;
    does(&house, &staff, "memberNote", "user: \"301\", text: \"a nuisance\"", MADE).await;
    house.leaves(301);
    let banned = signed_in(301);
    let punished = "{ viewer { punished { guild name isMember takesAppeals cases { number kind reason \
                    appeals appeal appealed { text } answer { text } } } } }";
    let own = async || {
        let answer = House::answered(house.ask(Some(&banned), punished).await);
        answer["viewer"]["punished"].clone()
    };
    let held = own().await;
    assert_eq!(held.as_array().unwrap().len(), 1);
    assert_eq!((&held[0]["name"], &held[0]["isMember"]), (&json!("A community"), &json!(false)));
    let case = json!({ "number": 1, "kind": "BAN", "reason": "scam", "appeals": 0, "appeal": null,
                       "appealed": null, "answer": null });
    assert_eq!(held[0]["cases"], json!([case]), "neither the note nor somebody else's case");

    let told = "done { status refusal { rule text } } number";
    for number in [2, 3, 77] {
        let input = format!("number: {number}, text: \"it was not me\"");
        let refused = does(&house, &banned, "appeal", &input, told).await;
        let rule = &refused["done"]["refusal"]["rule"];
        assert_eq!(rule, "case.no_such_case", "case {number} is not there for them");
    }
    let appealed =
        does(&house, &banned, "appeal", "number: 1, text: \"my account was stolen\"", told);
    assert_eq!(appealed.await["number"], 1);
    let twice = does(&house, &banned, "appeal", "number: 1, text: \"hello?\"", told).await;
    assert_eq!(twice["done"]["refusal"]["rule"], "case.appeal_open");

    let queue = "appeals { nodes { text case { number appeal person { name } } } }";
    let waiting = asked(&house, &staff, queue).await["appeals"]["nodes"].clone();
    let case = json!({ "number": 1, "appeal": "open", "person": { "name": "User 301" } });
    assert_eq!(waiting, json!([{ "text": "my account was stolen", "case": case }]));
    let answer = "number: 1, accept: false, text: \"the logs say otherwise\"";
    does(&house, &staff, "appealDecide", answer, "done { status }").await;
    assert_eq!(asked(&house, &staff, queue).await["appeals"]["nodes"], json!([]));
    let case = own().await[0]["cases"][0].clone();
    assert_eq!((&case["appeals"], &case["appeal"]), (&json!(1), &json!("refused")));
    assert_eq!(case["appealed"]["text"], "my account was stolen");
    assert_eq!(case["answer"]["text"], "the logs say otherwise");

    // Whoever was never here learns nothing, and gets no number for asking.
    let before = house.actions.people().count().await.unwrap();
    let stranger = signed_in(555);
    let refused = does(&house, &stranger, "appeal", "number: 1, text: \"me too\"", told).await;
    assert_eq!(refused["done"]["refusal"]["rule"], "case.no_such_case");
    let nothing = House::answered(house.ask(Some(&stranger), punished).await);
    assert_eq!(nothing["viewer"]["punished"], json!([]));
    assert_eq!(house.actions.people().count().await.unwrap(), before);
}

// proves: MOD-14
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_cases_of_two_communities_then_operators_list_them_all_and_admins_do_not() {
    let house = House::new().await;
    let elsewhere = GuildId::new(77_777).unwrap();
    for (place, whom, moment) in
        [(guild(), 301, 0), (elsewhere, 301, 0), (elsewhere, 302, 60), (guild(), 303, 60)]
    {
        house.now.fetch_add(moment, Ordering::SeqCst);
        house.warns(place, whom).await;
    }
    house.caught_up().await;
    let operator = signed_in(OPERATOR);
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let question = format!(
            "{{ operations {{ cases(first: 3{after}) {{ nodes {{ guild guildName number person \
             {{ name }} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
        );
        let answer = House::answered(house.ask(Some(&operator), question.as_str()).await);
        let page = answer["operations"]["cases"].clone();
        seen.extend(page["nodes"].as_array().unwrap().iter().map(|case| {
            let name = case["guildName"].as_str().map(str::to_owned);
            (case["guild"].as_str().unwrap().to_owned(), case["number"].as_u64().unwrap(), name)
        }));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = format!(", after: {}", page["pageInfo"]["endCursor"]);
    }
    let here = |number| (guild().to_string(), number, Some("A community".to_owned()));
    let there = |number| (elsewhere.to_string(), number, None);
    assert_eq!(seen, [here(2), there(2), here(1), there(1)]);
    let question = format!(
        "{{ operations {{ cases(filter: {{guild: \"{elsewhere}\"}}) {{ nodes {{ number }} }} }} }}"
    );
    let answer = House::answered(house.ask(Some(&operator), question.as_str()).await);
    assert_eq!(numbers(&answer["operations"]["cases"]), [2, 1]);
    let refused = house.ask(Some(&house.admin()), question.as_str()).await;
    assert_eq!(code(&refused).as_deref(), Some("FORBIDDEN"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_moderator_who_went_wrong_then_their_cases_are_taken_back_after_a_preview() {
    let house = House::new().await;
    let (admin, staff) = (house.admin(), moderator(&house));
    for number in [301, 302, 303] {
        house.member(number);
        let input = format!("user: \"{number}\", reason: \"because\"");
        does(&house, &staff, "warn", &input, MADE).await;
    }
    let preview = "undoPreview(cause: {moderator: \"104\"}) { warnings timeouts bans step }";
    let told = asked(&house, &admin, preview).await["undoPreview"].clone();
    assert_eq!(told, json!({ "warnings": "3", "timeouts": "0", "bans": "0", "step": "3" }));
    let question = format!("{{ guild(id: \"{}\") {{ moderation {{ {preview} }} }} }}", guild());
    let refused = house.ask(Some(&staff), question.as_str()).await;
    assert_eq!(code(&refused).as_deref(), Some("FORBIDDEN"));
    let told = "done { status refusal { rule } } cases left";
    let nothing = does(&house, &admin, "casesUndo", "cause: {}", told).await;
    assert_eq!(nothing["done"]["refusal"]["rule"], "moderation.no_cause");
    let undone = does(&house, &admin, "casesUndo", "cause: {moderator: \"104\"}", told).await;
    assert_eq!((&undone["cases"], &undone["left"]), (&json!(3), &json!("0")));
    let left = asked(&house, &admin, "cases(filter: {active: true}) { nodes { number } }").await;
    assert_eq!(numbers(&left["cases"]), [0; 0]);
}
