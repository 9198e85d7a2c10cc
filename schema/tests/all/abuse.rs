//! Questions that nobody in their right mind asks.

use schema::Limits;

use crate::house::{House, code, guild};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_questions_that_cost_too_much_then_they_are_refused_before_anything_is_read() {
    let house = House::new().await;
    let admin = house.admin();
    let guild = guild();
    let deep = (0..20).fold("id".to_owned(), |inner, _| format!("causes {{ {inner} }}"));
    let aliases = (0..31).map(|n| format!("a{n}: status {{ log }} ")).collect::<Vec<_>>().concat();
    let top: String = (0..40).map(|_| "status { log } ".to_owned()).collect();
    let inner = (0..31).map(|n| format!("a{n}: name ")).collect::<Vec<_>>().concat();
    let wide = "transactions(first: 100) { nodes { seq at kind giver { number name } \
                receiver { number name } } edges { node { seq at kind amount } } }";
    let wide = (0..9).map(|n| format!("w{n}: economy {{ {wide} }} ")).collect::<Vec<_>>().concat();
    let nested = "{".repeat(200) + &"}".repeat(200);
    let directives = "@include(if: true)".repeat(20);
    for (what, question) in [
        ("deep", format!("{{ guild(id: \"{guild}\") {{ events {{ nodes {{ {deep} }} }} }} }}")),
        ("aliases", format!("{{ {aliases} }}")),
        ("fields at the top", format!("{{ {top} }}")),
        (
            "aliases in a fragment",
            format!("{{ guild(id: \"{guild}\") {{ ...f }} }} fragment f on Guild {{ {inner} }}"),
        ),
        ("wide", format!("{{ guild(id: \"{guild}\") {{ {wide} }} }}")),
        ("nested text", nested),
        ("directives", format!("{{ status {directives} {{ log }} }}")),
        (
            "a fragment in itself",
            format!("{{ guild(id: \"{guild}\") {{ ...f }} }} fragment f on Guild {{ name ...f }}"),
        ),
    ] {
        let response = house.ask(Some(&admin), question.as_str()).await;
        assert!(!response.errors.is_empty(), "{what} is answered: {:?}", response.data);
        let told = &response.errors[0].message;
        assert!(told.len() < 500, "{what}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_input_that_is_none_then_it_is_refused_in_words() {
    let house = House::new().await;
    let admin = house.admin();
    house.gives(101, 5, None).await;
    let guild = guild();
    for inner in [
        "events(first: 0) { endCursor }",
        "events(first: 101) { endCursor }",
        "events(after: \"nonsense\") { endCursor }",
        "refusals(after: \"@5\") { nodes { seq } }",
        "economy { board(first: 1000) { place } }",
        "economy { week(weeksAgo: -1) { week } }",
        "economy { supplyByDay(days: 100000) { day } }",
        "event { id }",
        "timeline(stretches: 0) { first }",
        "settingsOf(capability: \"none\") { name }",
    ] {
        let question = format!("{{ guild(id: \"{guild}\") {{ {inner} }} }}");
        let response = house.ask(Some(&admin), question.as_str()).await;
        let code = code(&response);
        assert!(
            matches!(code.as_deref(), Some("BAD_INPUT" | "NOT_FOUND")),
            "{inner}: {code:?} {:?}",
            response.errors
        );
    }
    for question in [
        "{ guild(id: \"0\") { name } }",
        "{ guild(id: \"abc\") { name } }",
        "{ guild(id: \"99999999999999999999999\") { name } }",
        "{ guild(id: \"-1\") { name } }",
        "{ guild(id: \"1\", asOf: \"yesterday-ish\") { name } }",
    ] {
        let response = house.ask(Some(&admin), question).await;
        assert!(!response.errors.is_empty(), "{question} is answered");
        assert_ne!(code(&response).as_deref(), Some("FAULT"), "{question}");
    }
    let future = format!("{{ guild(id: \"{guild}\", asOf: \"#999999\") {{ eventCount }} }}");
    let response = house.ask(Some(&admin), future.as_str()).await;
    assert_eq!(code(&response).as_deref(), Some("BAD_INPUT"), "{:?}", response.errors);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_introspection_switched_off_then_nobody_learns_what_there_is() {
    let limits = Limits { introspection: false, ..Limits::default() };
    let house = House::with(limits).await;
    let response = house.ask(None, "{ __schema { types { name } } }").await;
    let told = response.data.into_json().unwrap_or_default().to_string();
    assert!(!told.contains("Economy"), "{told}");
    let response = house.ask(None, "{ statsu { log } }").await;
    assert!(!response.errors[0].message.contains("status"), "{:?}", response.errors);
}
