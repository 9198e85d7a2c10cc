//! Who may ask what: every operation of the schema, asked by everybody, against the table in
//! `schema/authorization.txt`.

use std::collections::BTreeMap;

use actions::{Caller, Permissions, Standing, keys::Wanted};
use domain::keys::Scope;
use futures::StreamExt as _;
use schema::{Identity, SignedIn};
use serde_json::Value;

use crate::{
    draws,
    house::{
        ANALYST_ROLE, AUDITOR_ROLE, House, MODERATOR_ROLE, OPERATOR, code, guild, operator_by_name,
        signed_in, user,
    },
};

/// Types whose fields are operations; the others are lines of what these answer.
const HOLDERS: [&str; 14] = [
    "Query",
    "Viewer",
    "Guild",
    "Economy",
    "Moderation",
    "Activity",
    "Levels",
    "Giveaways",
    "Codes",
    "Squads",
    "Tiers",
    "Operations",
    "Mutation",
    "Subscription",
];
/// Holders that hang on a community, and under which name.
const OF_GUILD: [(&str, &str); 7] = [
    ("Economy", "economy"),
    ("Activity", "activity"),
    ("Levels", "levels"),
    ("Giveaways", "giveaways"),
    ("Codes", "codes"),
    ("Squads", "squads"),
    ("Tiers", "tiers"),
];

/// What an operation is asked with, where it needs something.
fn arguments(operation: &str, key: &str) -> String {
    let guild = guild();
    let moved =
        || format!("(input: {{guild: \"{guild}\", user: \"777\", amount: \"1\", key: \"{key}\"}})");
    let blocked = |rest: &str| {
        format!("(input: {{guild: \"{guild}\", user: \"555\", key: \"{key}\"{rest}}})")
    };
    let settings = |rest: &str| {
        format!("(input: {{guild: \"{guild}\", capability: \"economy\", key: \"{key}\", {rest}}})")
    };
    let punished = |rest: &str| {
        format!("(input: {{guild: \"{guild}\", user: \"777\", key: \"{key}\"{rest}}})")
    };
    let hooked = |rest: &str| {
        let id = uuid::Uuid::nil();
        format!("(input: {{guild: \"{guild}\", id: \"{id}\", key: \"{key}\"{rest}}})")
    };
    let of_case =
        |rest: &str| format!("(input: {{guild: \"{guild}\", number: 1, key: \"{key}\"{rest}}})");
    match operation {
        "Query.guild" | "Subscription.changed" | "Subscription.events" => {
            let name = if operation == "Query.guild" { "id" } else { "guild" };
            format!("({name}: \"{guild}\")")
        }
        "Guild.settingsOf" => "(capability: \"economy\")".to_owned(),
        "Guild.event" => "(seq: \"1\")".to_owned(),
        "Activity.series" | "Activity.week" => "(metric: MESSAGES)".to_owned(),
        "Activity.most" => "(metric: MESSAGES, split: CHANNEL)".to_owned(),
        "Activity.member" | "Levels.member" | "Economy.account" | "Moderation.record" => {
            "(user: \"777\")".to_owned()
        }
        "Levels.outlook" => "(draft: {reset: \"curve\"})".to_owned(),
        "Moderation.case" => "(number: 1)".to_owned(),
        "Moderation.undoPreview" => "(cause: {moderator: \"777\"})".to_owned(),
        "Mutation.sessionRevoke" => "(id: \"nobody's\")".to_owned(),
        "Mutation.bytesGrant" | "Mutation.bytesTake" | "Mutation.bytesSend" => moved(),
        "Mutation.settingsChange" => settings("fields: [{name: \"daily_amount\", text: \"5\"}]"),
        "Mutation.settingsReset" => settings("field: \"daily_amount\""),
        "Mutation.settingsRevert" => settings("version: 0"),
        "Mutation.moduleSwitch" => {
            format!(
                "(input: {{guild: \"{guild}\", module: \"economy\", on: true, key: \"{key}\"}})"
            )
        }
        "Mutation.warn" => punished(""),
        "Mutation.punish" => punished(", deed: BAN"),
        "Mutation.memberNote" => punished(", text: \"quiet\""),
        "Mutation.caseReason"
        | "Mutation.caseNote"
        | "Mutation.caseEvidence"
        | "Mutation.appeal" => of_case(", text: \"as it was\""),
        "Mutation.caseHide" | "Mutation.caseResolve" => of_case(", on: false"),
        "Mutation.caseLink" => of_case(", other: 2, on: false"),
        "Mutation.caseDuration" | "Mutation.casePardon" => of_case(""),
        "Mutation.appealDecide" => of_case(", accept: false"),
        "Mutation.casesUndo" => {
            format!(
                "(input: {{guild: \"{guild}\", key: \"{key}\", cause: {{moderator: \"777\"}}}})"
            )
        }
        "Mutation.keyCreate" => format!(
            "(input: {{guild: \"{guild}\", key: \"{key}\", name: \"x\", scopes: [KEYS], endsAt: \
             \"2026-11-20T12:00:00Z\"}})"
        ),
        "Mutation.keyRevoke" => format!(
            "(input: {{guild: \"{guild}\", key: \"{key}\", id: \"{}\"}})",
            uuid::Uuid::nil()
        ),
        "Guild.webhookDeliveries" => format!("(id: \"{}\")", uuid::Uuid::nil()),
        "Mutation.webhookCreate" => format!(
            "(input: {{guild: \"{guild}\", key: \"{key}\", name: \"x\", kinds: [ECONOMY], address: \
             \"https://example.org/hook\"}})"
        ),
        "Mutation.webhookChange" => hooked(", name: \"x\", kinds: [ECONOMY]"),
        "Mutation.webhookSwitch" => hooked(", on: true"),
        "Mutation.webhookTurnSecret" | "Mutation.webhookTest" | "Mutation.webhookDelete" => {
            hooked("")
        }
        "Mutation.block" => blocked(", reason: \"spam\""),
        "Mutation.unblock" => blocked(""),
        "Mutation.grantGive" => {
            blocked(", role: AUDITOR, until: \"2026-11-20T00:00:00Z\", reason: \"an audit\"")
        }
        // Refused for its reason, or the operator would be inside from here on.
        "Mutation.visitBegin" => {
            format!("(input: {{guild: \"{guild}\", reason: \"short\", key: \"{key}\"}})")
        }
        "Mutation.visitEnd" => {
            format!("(input: {{guild: \"{guild}\", operator: \"777\", key: \"{key}\"}})")
        }
        "Mutation.grantTake" => blocked(", role: AUDITOR"),
        "Mutation.readModelAsk" => "(input: {name: \"balances\", verb: RETRY})".to_owned(),
        "Mutation.effectRetry" | "Mutation.effectDrop" => {
            "(id: \"0193690f-79bd-84f6-9419-69ed78770e3f\")".to_owned()
        }
        "Mutation.processRetry" => "(process: \"none\")".to_owned(),
        operation if draws::arguments(operation, "").is_some() => {
            draws::arguments(operation, key).unwrap_or_default()
        }
        "Mutation.maintenanceSwitch" => format!("(input: {{on: false, key: \"{key}\"}})"),
        _ => String::new(),
    }
}

/// Every operation with whether it answers an object.
async fn operations(house: &House) -> Vec<(String, bool)> {
    const WRAPPED: &str = "kind ofType { kind ofType { kind ofType { kind } } }";
    let question =
        format!("{{ __schema {{ types {{ name fields {{ name type {{ {WRAPPED} }} }} }} }} }}");
    let answer = House::answered(house.ask(None, question.as_str()).await);
    let mut operations = Vec::new();
    for holder in HOLDERS {
        let types = answer["__schema"]["types"].as_array().unwrap();
        let found = types.iter().find(|known| known["name"] == holder);
        let found = found.unwrap_or_else(|| panic!("there is no type {holder}"));
        for field in found["fields"].as_array().unwrap() {
            let name = field["name"].as_str().unwrap();
            let is_object = field["type"].to_string().contains("\"OBJECT\"");
            operations.push((format!("{holder}.{name}"), is_object));
        }
    }
    operations
}

fn question(operation: &str, is_object: bool, key: &str) -> (String, String) {
    let (holder, name) = operation.split_once('.').unwrap();
    let rest = if is_object { " { __typename }" } else { "" };
    let asked = format!("{name}{}{rest}", arguments(operation, key));
    let guild = arguments("Query.guild", "");
    match holder {
        "Query" => (format!("{{ {asked} }}"), format!("/{name}")),
        "Viewer" => (format!("{{ viewer {{ {asked} }} }}"), "/viewer".to_owned()),
        "Guild" => (format!("{{ guild{guild} {{ {asked} }} }}"), "/guild".to_owned()),
        "Operations" => (format!("{{ operations {{ {asked} }} }}"), "/operations".to_owned()),
        "Mutation" => (format!("mutation {{ {asked} }}"), String::new()),
        // Its fields answer nothing where there is nothing for whoever asks.
        "Moderation" => {
            let question = format!("{{ guild{guild} {{ moderation {{ {asked} }} }} }}");
            (question, format!("/guild/moderation/{name}"))
        }
        holder if holder != "Subscription" => {
            let (_, below) = OF_GUILD.iter().find(|(name, _)| *name == holder).unwrap();
            (format!("{{ guild{guild} {{ {below} {{ {asked} }} }} }}"), format!("/guild/{below}"))
        }
        _ => (format!("subscription {{ {asked} }}"), String::new()),
    }
}

/// Whether somebody is answered; anything else than an answer or a refusal is a defect.
async fn is_answered(
    house: &House,
    (name, who): (&str, Option<&Identity>),
    operation: &(String, bool),
) -> bool {
    let key = format!("{}/{name}", operation.0);
    let (question, there) = question(&operation.0, operation.1, &key);
    let response = if operation.0.starts_with("Subscription") {
        let mut news = house.schema.execute_stream(house.asked_as(who, question.as_str()));
        // Things happen until somebody is told, or refused.
        loop {
            tokio::select! {
                biased;
                response = news.next() => break response.unwrap(),
                () = house.gives(778, 1, None) => tokio::task::yield_now().await,
            }
        }
    } else {
        house.schema.execute(house.asked_as(who, question.as_str())).await
    };
    let data = response.data.clone().into_json().unwrap();
    match code(&response).as_deref() {
        None => {
            assert!(response.errors.is_empty(), "{question}: {:?}", response.errors);
            data.pointer(&there).is_some_and(|there| *there != Value::Null)
        }
        Some("UNAUTHENTICATED" | "FORBIDDEN") => false,
        Some(_) => panic!("{question}: {:?}", response.errors),
    }
}

/// An admin's key asks: it has this scope, and may read.
async fn key_of(house: &House, owner: u64, scope: Scope) -> SignedIn {
    let caller = Caller::member(user(owner), Standing::with(Permissions::ADMINISTRATOR));
    let ends_at = house.actions.now().plus_secs(30 * 86_400);
    let wanted = Wanted { name: "a key", scopes: &[Scope::Read, scope], ends_at };
    let once = actions::fresh_key("test").unwrap();
    let made = house.actions.create_key(guild(), &caller, &wanted, &once).await.unwrap();
    let held = house.actions.key_by_id(guild(), made.id).await.unwrap();
    SignedIn { key: held, ..signed_in(owner) }
}

/// Operation, and by whom: what the table says.
fn table() -> (Vec<String>, BTreeMap<String, Vec<bool>>) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("authorization.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let personas = lines.next().unwrap().split_whitespace().skip(1).map(str::to_owned).collect();
    let mut table = BTreeMap::new();
    for line in lines {
        let mut words = line.split_whitespace();
        let operation = words.next().unwrap().to_owned();
        let answers = words.map(|word| match word {
            "yes" => true,
            "no" => false,
            other => panic!("{operation}: {other:?} is neither yes nor no"),
        });
        let before = table.insert(operation.clone(), answers.collect());
        assert!(before.is_none(), "{operation} stands there twice");
    }
    (personas, table)
}

// proves: API-04
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_every_operation_then_it_is_answered_to_whom_the_table_says() {
    let house = House::new().await;
    house.gives(777, 1_000, None).await;
    house.warns(guild(), 777).await;
    house.caught_up().await;
    draws::prepared(&house, &[777, 103, 104, 105, 106, 107]).await;
    house.caught_up().await;
    // They were members once: the registry knows them.
    house.gives(102, 5, None).await;
    let known: Vec<(&str, Option<SignedIn>)> = vec![
        ("anonymous", None),
        ("stranger", Some(signed_in(101))),
        ("ex-member", Some(signed_in(102))),
        ("member", Some(house.member(103))),
        ("moderator", Some(house.joins(104, Permissions::NONE, &[MODERATOR_ROLE]))),
        ("admin", Some(house.joins(105, Permissions::ADMINISTRATOR, &[]))),
        ("auditor", Some(house.joins(106, Permissions::NONE, &[AUDITOR_ROLE]))),
        ("analyst", Some(house.joins(107, Permissions::NONE, &[ANALYST_ROLE]))),
        ("operator", Some(signed_in(OPERATOR))),
    ];
    let person = Identity::Person;
    let mut personas: Vec<_> =
        known.into_iter().map(|(name, who)| (name, who.map(person))).collect();
    personas.push(("by-name", Some(operator_by_name())));
    let names = Scope::ALL.map(|scope| format!("key:{}", scope.word()));
    for (name, scope) in names.iter().zip(Scope::ALL) {
        personas.push((name, Some(person(key_of(&house, 105, scope).await))));
    }
    let (columns, table) = table();
    let names: Vec<_> = personas.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(columns, names, "the columns of the table");

    let operations = operations(&house).await;
    let mut wrong = Vec::new();
    for operation in &operations {
        let Some(expected) = table.get(&operation.0) else {
            wrong.push(format!("{} is not in the table", operation.0));
            continue;
        };
        assert_eq!(expected.len(), personas.len(), "{}", operation.0);
        for ((name, who), expected) in personas.iter().zip(expected) {
            let answered = is_answered(&house, (*name, who.as_ref()), operation).await;
            if answered != *expected {
                let told = if answered { "is answered" } else { "is refused" };
                wrong.push(format!("{} {told} to {name}", operation.0));
            }
        }
    }
    for known in table.keys() {
        if !operations.iter().any(|(operation, _)| operation == known) {
            wrong.push(format!("{known} is in the table, and there is no such operation"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n  {}", wrong.len(), wrong.join("\n  "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_somebody_who_loses_their_role_or_session_then_the_next_question_is_refused() {
    let house = House::new().await;
    let admin = house.admin();
    let question = format!("{{ guild(id: \"{}\") {{ eventCount }} }}", guild());
    House::answered(house.ask(Some(&admin), question.as_str()).await);
    house.member(200);
    let refused = house.ask(Some(&admin), question.as_str()).await;
    assert_eq!(code(&refused).as_deref(), Some("FORBIDDEN"));
    house.leaves(200);
    let gone = House::answered(house.ask(Some(&admin), question.as_str()).await);
    assert_eq!(gone["guild"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_listener_who_is_signed_out_then_they_hear_no_more() {
    let house = House::new().await;
    let admin = house.admin();
    let question = format!("subscription {{ events(guild: \"{}\") {{ seq }} }}", guild());
    let mut news = house.schema.execute_stream(house.asked(Some(&admin), question.as_str()));
    let first = loop {
        tokio::select! {
            biased;
            response = news.next() => break response.unwrap(),
            () = house.gives(778, 1, None) => tokio::task::yield_now().await,
        }
    };
    assert!(first.errors.is_empty(), "{:?}", first.errors);
    house.town.ended.lock().insert(admin.session.clone());
    house.gives(778, 1, None).await;
    // What had been read before is told; then it ends with the reason.
    let last = loop {
        let response = news.next().await.expect("the reason is told");
        if !response.errors.is_empty() {
            break response;
        }
        house.gives(778, 1, None).await;
    };
    assert_eq!(code(&last).as_deref(), Some("UNAUTHENTICATED"));
    assert!(news.next().await.is_none(), "it goes on");
}

// proves: API-04
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_key_then_it_may_no_more_than_its_owner_now_and_nothing_elsewhere() {
    let house = House::new().await;
    house.admin();
    let key = key_of(&house, 200, Scope::Audit).await;
    let question = format!("{{ guild(id: \"{}\") {{ eventCount permissions }} }}", guild());
    let told = House::answered(house.ask(Some(&key), question.as_str()).await);
    assert_eq!(told["guild"]["permissions"], serde_json::json!(["VIEW_AUDIT", "VIEW_ANALYTICS"]));
    // Its owner loses what they may, then leaves: so does the key.
    house.member(200);
    let refused = house.ask(Some(&key), question.as_str()).await;
    assert_eq!(code(&refused).as_deref(), Some("FORBIDDEN"));
    house.leaves(200);
    let gone = House::answered(house.ask(Some(&key), question.as_str()).await);
    assert_eq!(gone["guild"], Value::Null);
    // An admin of two communities: the key is of one of them.
    house.admin();
    let elsewhere = domain::GuildId::new(7).unwrap();
    let mut key = key;
    if let Some(held) = &mut key.key {
        held.guild = elsewhere;
    }
    let nothing = House::answered(house.ask(Some(&key), question.as_str()).await);
    assert_eq!(nothing["guild"], Value::Null);
    let doing = format!(
        "mutation {{ keyCreate(input: {{guild: \"{}\", key: \"k\", name: \"x\", scopes: [READ], \
         endsAt: \"2026-11-20T12:00:00Z\"}}) {{ status }} }}",
        guild()
    );
    let refused = house.ask(Some(&key), doing.as_str()).await;
    assert_eq!(code(&refused).as_deref(), Some("FORBIDDEN"));
}

/// What a name hides from the eye, it does not hide from the table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_aliases_and_fragments_then_a_key_is_refused_all_the_same() {
    let house = House::new().await;
    house.admin();
    let key = key_of(&house, 200, Scope::Read).await;
    for question in [
        "mutation { guild: block(input: {guild: \"G\", user: \"555\", reason: \"x\", key: \"k\"}) { status } }",
        "mutation { ...Hidden } fragment Hidden on Mutation { viewer: sessionRevoke(id: \"x\") }",
        "{ viewer { name: sessions { id } } }",
        "{ guild(id: \"G\") { name: keys { id } } }",
        "{ ... on Query { guild: operations { effects { id } } } }",
    ] {
        let question = question.replace('G', &guild().to_string());
        let refused = house.ask(Some(&key), question.as_str()).await;
        assert_eq!(code(&refused).as_deref(), Some("FORBIDDEN"), "{question}");
    }
}
