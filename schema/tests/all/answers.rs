//! What is answered: now, at a moment of the past, and to whom in how much detail.

use std::sync::atomic::Ordering;

use actions::Permissions;
use serde_json::{Value, json};

use crate::house::{ANALYST_ROLE, House, MODERATOR_ROLE, code, guild};

pub async fn of_guild(house: &House, who: &schema::SignedIn, as_of: &str, inner: &str) -> Value {
    let as_of = if as_of.is_empty() { String::new() } else { format!(", asOf: \"{as_of}\"") };
    let question = format!("{{ guild(id: \"{}\"{as_of}) {{ {inner} }} }}", guild());
    House::answered(house.ask(Some(who), question.as_str()).await)["guild"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_moment_of_the_past_then_everything_is_as_it_was() {
    let house = House::new().await;
    let admin = house.admin();
    house.gives(101, 100, None).await;
    let head = of_guild(&house, &admin, "", "eventCount").await["eventCount"].clone();
    let then = format!("#{}", head.as_str().unwrap());
    house.now.fetch_add(86_400, Ordering::SeqCst);
    house.gives(102, 50, None).await;
    house.caught_up().await;
    let inner = "economy { supply holders board { place amount person { name } } } eventCount \
                 asOf { seq }";
    let now = of_guild(&house, &admin, "", inner).await;
    assert_eq!(now["economy"]["supply"], "150");
    assert_eq!(now["asOf"], Value::Null);
    let past = of_guild(&house, &admin, &then, inner).await;
    assert_eq!(past["economy"]["supply"], "100");
    assert_eq!(past["economy"]["holders"], "1");
    assert_eq!(past["asOf"]["seq"], head);
    assert_eq!(past["eventCount"], head);
    assert_eq!(
        past["economy"]["board"],
        json!([{ "place": 1, "amount": "100", "person": { "name": "User 101" } }])
    );
    // A later event is not to be had through the past.
    let later = head.as_str().unwrap().parse::<u64>().unwrap() + 1;
    let later = format!("event(seq: \"{later}\") {{ id }}");
    assert_eq!(of_guild(&house, &admin, &then, &later).await["event"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_what_somebody_wrote_then_only_who_may_reads_it() {
    let house = House::new().await;
    house.gives(101, 100, Some("for the poem")).await;
    house.caught_up().await;
    let inner = "economy { transactions { nodes { kind reason } } }";
    let read = |answer: &Value| answer["economy"]["transactions"]["nodes"][0]["reason"].clone();
    let moderator = house.joins(104, Permissions::NONE, &[MODERATOR_ROLE]);
    assert_eq!(read(&of_guild(&house, &moderator, "", inner).await), "for the poem");
    let analyst = house.joins(107, Permissions::NONE, &[ANALYST_ROLE]);
    assert_eq!(read(&of_guild(&house, &analyst, "", inner).await), Value::Null);
    // Whom it was written to reads their own.
    let receiver = house.member(101);
    let own = "economy { transactions(filter: {user: \"101\"}) { nodes { kind reason } } }";
    assert_eq!(read(&of_guild(&house, &receiver, "", own).await), "for the poem");
    // And nobody reads another member's list.
    let other = house.member(103);
    let question = format!("{{ guild(id: \"{}\") {{ {own} }} }}", guild());
    let refused = house.ask(Some(&other), question.as_str()).await;
    assert_eq!(code(&refused).as_deref(), Some("FORBIDDEN"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_page_of_people_then_their_names_are_asked_for_together() {
    let house = House::new().await;
    let admin = house.admin();
    for number in 0..30 {
        house.gives(1_000 + number, 5 + i64::try_from(number).unwrap(), None).await;
    }
    house.caught_up().await;
    house.town.asked.store(0, Ordering::SeqCst);
    let inner = "economy { board(first: 30) { person { number name avatarUrl erased userId } } }";
    let answer = of_guild(&house, &admin, "", inner).await;
    let lines = answer["economy"]["board"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[0]["person"]["name"]), (30, &json!("User 1029")));
    let asked = house.town.asked.load(Ordering::SeqCst);
    assert!(asked <= 3, "names were asked for {asked} times");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_history_then_it_is_read_page_by_page_to_its_beginning() {
    let house = House::new().await;
    let admin = house.admin();
    for _ in 0..25 {
        house.gives(101, 1, None).await;
    }
    let mut seqs: Vec<u64> = Vec::new();
    let mut after = String::new();
    loop {
        let inner =
            format!("events(first: 7{after}) {{ nodes {{ seq sentence sound }} endCursor }}");
        let page = of_guild(&house, &admin, "", &inner).await["events"].clone();
        for node in page["nodes"].as_array().unwrap() {
            assert_eq!(node["sound"], true);
            seqs.push(node["seq"].as_str().unwrap().parse().unwrap());
        }
        match page["endCursor"].as_str() {
            Some(cursor) => after = format!(", after: \"{cursor}\""),
            None => break,
        }
    }
    let all: Vec<_> = (1..=seqs[0]).rev().collect();
    assert_eq!(seqs, all, "every event once, newest first");
    let inner = "events(first: 3, filter: {types: [\"economy.bytes_granted\"]}) \
                 { nodes { type sentence payload } }";
    let page = of_guild(&house, &admin, "", inner).await["events"].clone();
    assert_eq!(page["nodes"].as_array().unwrap().len(), 3);
    assert_eq!(page["nodes"][0]["sentence"], "An operator gave 1 to User 101");
    // Settings came before; looking for them goes back far enough.
    let inner = "events(first: 5, filter: {types: [\"access_settings.\"]}) { nodes { seq } }";
    let page = of_guild(&house, &admin, "", inner).await["events"].clone();
    assert_eq!(page["nodes"].as_array().unwrap().len(), 3);
    // Words are those of the sentence, with the names that the log has not.
    let with = async |words: &str| {
        let inner =
            format!("events(first: 50, filter: {{words: {words}}}) {{ nodes {{ sentence }} }}");
        let page = of_guild(&house, &admin, "", &inner).await["events"]["nodes"].clone();
        page.as_array().unwrap().len()
    };
    assert_eq!(with("[\"GAVE\", \"user 101\"]").await, 25);
    assert_eq!(with("[\"bytes_granted\"]").await, 25, "types have words too");
    assert_eq!(with("[\"gave\", \"nobody\"]").await, 0);
    let many = format!("events(filter: {{words: [\"{}\"]}}) {{ nodes {{ seq }} }}", "x".repeat(61));
    let question = format!("{{ guild(id: \"{}\") {{ {many} }} }}", guild());
    let refused = house.ask(Some(&admin), question.as_str()).await;
    assert!(refused.errors[0].message.contains("at most 10, of 60"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_key_that_is_sent_twice_then_it_moves_bytes_once() {
    let house = House::new().await;
    let admin = house.admin();
    let grant = |key: &str, amount: i64| {
        format!(
            "mutation {{ bytesGrant(input: {{guild: \"{}\", user: \"101\", amount: \"{amount}\", \
             reason: \"well done\", key: \"{key}\"}}) {{ done {{ status refusal {{ rule text }} }} \
             amount }} }}",
            guild()
        )
    };
    let ask = async |question: String| {
        House::answered(house.ask(Some(&admin), question.as_str()).await)["bytesGrant"].clone()
    };
    assert_eq!(ask(grant("one", 10)).await["done"]["status"], "DONE");
    let again = ask(grant("one", 10)).await;
    assert_eq!((&again["done"]["status"], &again["amount"]), (&json!("REPEATED"), &json!("10")));
    let refused = ask(grant("two", -5)).await;
    assert_eq!(refused["done"]["status"], "REFUSED");
    assert!(refused["done"]["refusal"]["text"].as_str().unwrap().ends_with('.'));
    house.caught_up().await;
    let supply = of_guild(&house, &admin, "", "economy { supply }").await;
    assert_eq!(supply["economy"]["supply"], "10");
}
