//! Who looked, over GraphQL: what staff open is in the access log, and what is their own is not.

use std::sync::atomic::Ordering;

use actions::Permissions;
use futures::StreamExt as _;
use schema::SignedIn;
use serde_json::{Value, json};

use crate::house::{AUDITOR_ROLE, House, MODERATOR_ROLE, guild};

async fn in_guild(house: &House, who: &SignedIn, inner: &str) -> Value {
    let question = format!("{{ guild(id: \"{}\") {{ {inner} }} }}", guild());
    let answer = House::answered(house.ask(Some(who), question.as_str()).await);
    // In the order in which they were asked, and folded.
    house.actions.reads_written().await;
    house.caught_up().await;
    answer["guild"].clone()
}

const LINES: &str = "nodes { what case list via byOperator who { name } whom { name } }";

async fn looked(house: &House, who: &SignedIn, field: &str) -> Vec<(String, Option<String>)> {
    let answer = in_guild(house, who, &format!("list: {field} {{ {LINES} }}")).await;
    let line = |line: &Value| {
        let name = line["who"]["name"].as_str().map(str::to_owned);
        (line["what"].as_str().unwrap().to_owned(), name)
    };
    answer["list"]["nodes"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_staff_who_open_pages_then_the_access_log_says_so_once_and_nobodys_own_is_in_it() {
    let house = House::new().await;
    let moderator = house.joins(104, Permissions::NONE, &[MODERATOR_ROLE]);
    let auditor = house.joins(106, Permissions::NONE, &[AUDITOR_ROLE]);
    let member = house.member(301);
    house.gives(301, 5, None).await;
    house.warns(guild(), 301).await;
    house.caught_up().await;
    let case = "moderation { case(number: 1) { number } }";
    let record = "moderation { record(user: \"301\") { person { number } } }";
    for _ in 0..2 {
        for inner in [
            case,
            record,
            "moderation { cases(filter: {user: \"301\"}) { nodes { number } } }",
            "moderation { cases { nodes { number } } }",
            "moderation { appeals { nodes { seq } } }",
            "logs { nodes { seq } }",
            "logs(filter: {user: \"301\"}) { nodes { seq } }",
        ] {
            in_guild(&house, &moderator, inner).await;
        }
        in_guild(&house, &auditor, "events(filter: {by: \"104\"}) { nodes { seq } }").await;
        in_guild(&house, &auditor, "events { nodes { seq } }").await;
        in_guild(&house, &auditor, "reads { nodes { seq } }").await;
        for inner in [case, record] {
            in_guild(&house, &member, inner).await;
        }
    }
    let (one, two) = (Some("User 104".to_owned()), Some("User 106".to_owned()));
    let line = |what: &str, who: &Option<String>| (what.to_owned(), who.clone());
    let all = [
        line("HISTORY_SEARCHED", &two),
        line("LOG_SEARCHED", &one),
        line("LOG_READ", &one),
        line("CASES_BROWSED", &one),
        line("RECORD_OPENED", &one),
        line("CASE_OPENED", &one),
    ];
    assert_eq!(looked(&house, &auditor, "reads").await, all);
    assert_eq!(looked(&house, &auditor, "reads(by: \"106\")").await, all[..1]);
    assert_eq!(looked(&house, &auditor, "reads(about: \"104\")").await, all[..1]);
    assert_eq!(looked(&house, &auditor, "reads(operators: true)").await, []);
    assert_eq!(looked(&house, &auditor, "reads(by: \"999\")").await, []);
    let mine = looked(&house, &member, "readsOfYours").await;
    assert_eq!(mine.len(), 3, "{mine:?}");
    assert!(mine.iter().all(|(_, who)| who.is_none()), "{mine:?}");
    assert_eq!(in_guild(&house, &member, "readsShown").await["readsShown"], "WHEN");
    assert_eq!(looked(&house, &moderator, "readsOfYours").await.len(), 1);

    // As of the moment before somebody looked, nobody had.
    let question =
        format!("{{ guild(id: \"{}\", asOf: \"#4\") {{ reads {{ nodes {{ seq }} }} }} }}", guild());
    let then = House::answered(house.ask(Some(&auditor), question.as_str()).await);
    assert_eq!(then["guild"]["reads"]["nodes"], json!([]));

    house.now.fetch_add(900, Ordering::SeqCst);
    in_guild(&house, &moderator, case).await;
    let again = looked(&house, &auditor, "reads(first: 1)").await;
    assert_eq!(again, [line("CASE_OPENED", &one)]);
    let sentence = in_guild(&house, &auditor, "events(first: 1) { nodes { sentence } }").await;
    let sentence = &sentence["events"]["nodes"][0]["sentence"];
    assert_eq!(*sentence, json!("User 104 looked at case 1 about User 301"));
    let others = "events(filter: {without: [\"reads.\"]}, first: 1) { nodes { type } }";
    let others = in_guild(&house, &auditor, others).await;
    assert_eq!(others["events"]["nodes"], json!([{ "type": "moderation.member_warned" }]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_page_that_waits_for_news_then_that_somebody_looked_is_none() {
    let house = House::new().await;
    let moderator = house.joins(104, Permissions::NONE, &[MODERATOR_ROLE]);
    house.warns(guild(), 301).await;
    house.caught_up().await;
    let question =
        format!("subscription {{ changed(guild: \"{}\") {{ seq capabilities }} }}", guild());
    let mut news = house.schema.execute_stream(house.asked(Some(&moderator), question.as_str()));
    // Things happen until the listener is there.
    loop {
        tokio::select! {
            biased;
            first = news.next() => break drop(House::answered(first.unwrap())),
            () = house.gives(302, 5, None) => tokio::task::yield_now().await,
        }
    }
    in_guild(&house, &moderator, "moderation { case(number: 1) { number } }").await;
    house.gives(302, 5, None).await;
    let head = in_guild(&house, &house.admin(), "eventCount").await["eventCount"].clone();
    loop {
        let told = House::answered(news.next().await.unwrap())["changed"].clone();
        assert_eq!(told["capabilities"], json!(["economy"]));
        if told["seq"] == head {
            break;
        }
    }
}
