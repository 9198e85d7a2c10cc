//! The table against the schema, and what requests may say.

use std::collections::BTreeSet;

use super::*;

fn asked<'a>(method: &'a str, path: &'a str, query: &'a str) -> Asked<'a> {
    Asked { method, path, query, key: Some("k"), body: Value::Null }
}

fn read(asked: &Asked<'_>) -> Result<Value, String> {
    let (plan, names) = find(asked).map_err(|answered| answered.body.to_string())?;
    words::variables(plan, &API.types, &names, asked)
}

#[test]
fn given_the_table_then_every_line_is_an_operation_and_no_two_are_the_same() {
    let mut seen = BTreeSet::new();
    for plan in API.plans() {
        let route = plan.route;
        // Names differ, places do not: `/a/{x}` and `/a/{y}` would be the same.
        let place: Vec<_> = route.path.split('/').collect();
        let place: Vec<_> =
            place.iter().map(|word| if word.starts_with('{') { "{}" } else { *word }).collect();
        assert!(seen.insert((route.method, place.join("/"))), "{} stands there twice", route.path);
        assert!(route.about.ends_with('.'), "{}", route.about);
        async_graphql::parser::parse_query(&plan.document)
            .unwrap_or_else(|error| panic!("{}: {error}\n{}", route.path, plan.document));
    }
    assert!(seen.len() > 90, "{}", seen.len());
}

// proves: API-01, API-12
#[test]
fn given_what_a_key_may_do_then_rest_has_it() {
    let done: BTreeSet<_> = API.plans().map(|plan| plan.route.operation).collect();
    let missing: Vec<_> = API
        .types
        .fields("Mutation")
        .iter()
        .filter(|field| schema::needs("Mutation", &field.name) != schema::Needs::Person)
        .filter(|field| !done.contains(field.name.as_str()))
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(missing, [""; 0], "mutations that no path does");
    let of = |holder: &str, under: &str| -> Vec<String> {
        let fields = API.types.fields(holder).iter();
        fields.map(|field| format!("{under}{}", field.name)).collect()
    };
    let all = [
        of("Economy", "economy."),
        of("Moderation", "moderation."),
        of("Giveaways", "giveaways."),
        of("Codes", "codes."),
        of("Squads", "squads."),
        of("Tiers", "tiers."),
        of("Levels", "levels."),
        of("Activity", "activity."),
    ];
    // Numbers that stand in their capability's own answer, and drafts that only a dashboard makes.
    let beside = [
        "economy.currency",
        "economy.supply",
        "economy.holders",
        "codes.on",
        "squads.switchCost",
        "squads.minimumBalance",
        "activity.timeZone",
        "moderation.undoPreview",
        "levels.outlook",
    ];
    let missing: Vec<_> = all
        .into_iter()
        .flatten()
        .filter(|name| !done.contains(name.as_str()) && !beside.contains(&name.as_str()))
        .collect();
    assert_eq!(missing, [""; 0], "questions that no path asks");
}

// proves: API-11
#[test]
fn given_the_openapi_document_in_the_tree_then_it_is_what_is_served() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let served = openapi::text();
    if std::env::var_os("REEVE_TEST_UPDATE").is_some() {
        std::fs::write(&path, &served).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == served,
        "docs/openapi.json is stale; refresh it with \
         REEVE_TEST_UPDATE=1 cargo nextest run -p reeve openapi"
    );
    let document: Value = serde_json::from_str(&served).unwrap();
    let mut ids = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{method} {path}: {id} is another's");
            let names: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
            for name in path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
                let of_path = |known: &&&Value| known["name"] == name && known["in"] == "path";
                assert!(names.iter().find(of_path).is_some(), "{path} does not tell of {name}");
            }
        }
    }
    let mut names = Vec::new();
    references(&document, &mut names);
    for name in names {
        let there = document.pointer(name.trim_start_matches('#'));
        assert!(there.is_some(), "{name} is not there");
    }
}

fn references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| references(one, names)),
        Value::Object(fields) => {
            names.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|one| references(one, names));
        }
        _ => {}
    }
}

#[test]
fn given_an_address_then_its_words_become_what_the_question_asks() {
    let told =
        read(&asked("GET", "/guilds/7/transactions", "first=5&user=9&kinds=a&kinds=b&asOf=%2312"));
    assert_eq!(
        told.unwrap(),
        json!({ "guild": "7", "first": 5, "asOf": "#12", "filter": { "user": "9", "kinds": ["a", "b"] } })
    );
    let told = read(&asked("GET", "/guilds/7/activity/series", "metric=messages&since=2026-01-01"));
    assert_eq!(
        told.unwrap(),
        json!({ "guild": "7", "metric": "MESSAGES", "range": { "since": "2026-01-01" } })
    );
    let told = read(&asked("GET", "/guilds/7/giveaways/templates", ""));
    assert_eq!(told.unwrap(), json!({ "guild": "7" }), "a word, and no giveaway");
    let told = read(&asked("GET", "/guilds/7/settings/a%2Fb%20c", ""));
    assert_eq!(told.unwrap()["capability"], "a/b c");

    let body = json!({ "amount": "25", "reason": "x" });
    let grant = Asked { body, ..asked("POST", "/guilds/7/members/9/grants", "") };
    assert_eq!(
        read(&grant).unwrap(),
        json!({ "input": { "guild": "7", "user": "9", "amount": "25", "reason": "x", "key": "k" } })
    );
}

// proves: API-07
#[test]
fn given_what_no_path_takes_then_it_is_told_what_is_wrong() {
    for (path, query, says) in [
        ("/guilds/7/transactions", "first=many", "first: this is no whole number"),
        (
            "/guilds/7/transactions",
            "colour=red",
            "\\\"colour\\\" is not known here; there are asOf, user",
        ),
        ("/guilds/7/transactions", "first=1&first=2", "first: say it once"),
        ("/guilds/7/transactions", "user=%zz", "not percent-encoded"),
        ("/guilds/7/transactions", "user=%ff", "not percent-encoded"),
        ("/guilds/7/activity/series", "", "\"metric\" is missing"),
        ("/guilds/7/activity/series", "metric=luck", "there are messages"),
        ("/guilds/7/keys", "everybodys=maybe", "say true or false"),
        ("/guilds/7/horoscopes", "", "nothing at this address"),
        ("/guilds//transactions", "", "nothing at this address"),
        ("/guilds/%ff/transactions", "", "nothing at this address"),
        ("", "", "nothing at this address"),
    ] {
        let told = read(&asked("GET", path, query)).unwrap_err().replace('\\', "");
        assert!(told.contains(&says.replace('\\', "")), "{path}?{query}: {told}");
    }
    let many = "user=1&".repeat(61);
    assert!(
        read(&asked("GET", "/guilds/7/transactions", &many)).unwrap_err().contains("at most 60")
    );

    let grants = "/guilds/7/members/9/grants";
    for (body, says) in [
        (json!([]), "is to be an object"),
        (json!({}), "\"amount\" is missing"),
        (json!({ "amount": "1", "user": "8" }), "\"user\" is not known here"),
        (json!({ "amount": "1", "key": "x" }), "\"key\" is not known here"),
    ] {
        let told = read(&Asked { body, ..asked("POST", grants, "") }).unwrap_err();
        assert!(told.contains(says), "{told}");
    }
    let without = Asked { key: None, body: json!({ "amount": "1" }), ..asked("POST", grants, "") };
    assert!(read(&without).unwrap_err().contains("Idempotency-Key is missing"));
    assert!(read(&asked("POST", grants, "amount=1")).unwrap_err().contains("in the body"));
    let wrong = find(&asked("DELETE", grants, "")).err().unwrap();
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(wrong.allow.as_deref(), Some("POST"));
}

#[test]
fn given_answers_then_lists_say_where_they_go_on_and_refusals_are_errors() {
    let (list, _) = find(&asked("GET", "/guilds/7/transactions", "")).ok().unwrap();
    let page =
        json!({ "nodes": [{ "seq": "3" }], "pageInfo": { "hasNextPage": true, "endCursor": "c" } });
    assert_eq!(shaped(list, page).body, json!({ "items": [{ "seq": "3" }], "next": "c" }));
    let last = json!({ "nodes": [], "pageInfo": { "hasNextPage": false, "endCursor": "c" } });
    assert_eq!(shaped(list, last).body, json!({ "items": [], "next": null }));
    let nothing = shaped(list, Value::Null);
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);

    let (grant, _) = find(&asked("POST", "/guilds/7/members/9/grants", "")).ok().unwrap();
    let done = json!({ "done": { "status": "DONE", "refusal": null }, "amount": "25" });
    assert_eq!(shaped(grant, done).body, json!({ "status": "DONE", "amount": "25" }));
    let refusal = json!({ "rule": "economy.not_enough", "text": "No." });
    let said_no = json!({ "done": { "status": "REFUSED", "refusal": refusal }, "amount": null });
    let answered = shaped(grant, said_no);
    assert_eq!(answered.status, StatusCode::CONFLICT);
    assert_eq!(answered.body["errors"][0]["extensions"]["rule"], "economy.not_enough");
}

#[test]
fn given_the_page_for_people_then_it_has_every_path_and_no_script() {
    let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let page = rt.block_on(page()).0;
    for plan in API.plans() {
        assert!(page.contains(&plan.route.path.replace('/', "/<wbr>")), "{}", plan.route.path);
    }
    assert!(!page.contains("<script") && !page.contains("style="), "the policy lets none through");
}
