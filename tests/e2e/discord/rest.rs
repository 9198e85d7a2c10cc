//! An ordinary HTTP client with a key: it makes, reads, changes and deletes each thing, in the words of
//! `docs/openapi.json`, and is told what is wrong.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator::permissions::Permissions;

use super::{
    dashboard::{Answer, Browser, send, town, town_with},
    keys::{Program, made},
    town::Town,
};
use crate::support::{Server, eventually};

const ALL: &str =
    "READ, RECORDS, AUDIT, ECONOMY, MODERATION, GIVEAWAYS, SQUADS, SETTINGS, ACCESS, KEYS";
/// Looking is as often as one likes here.
const UNHURRIED: &[(&str, &str)] = &[
    ("REEVE_HTTP_REQUESTS_PER_MINUTE_PER_KEY", "1000000"),
    ("REEVE_HTTP_REQUESTS_PER_MINUTE_PER_ADDRESS", "10000000"),
];
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A program, and where it is at home.
struct Client {
    program: Program,
    guild: String,
    asked: std::cell::Cell<u32>,
}

impl Client {
    fn of(town: &Town, server: &Server, scopes: &str) -> Self {
        let guild = town.community.guild.to_string();
        let mut owner = Browser::at(server);
        owner.signs_in(town.owner().person.user);
        let (secret, _) = made(&mut owner, &guild, scopes, scopes);
        Self { program: Program::with(server, &secret), guild, asked: 0.into() }
    }

    fn path(&self, path: &str) -> String {
        format!("/api/v1/guilds/{}{path}", self.guild)
    }

    fn get(&self, path: &str) -> Answer {
        self.program.send("GET", &self.path(path), &[], "")
    }

    /// What is there, once it is what it shall be.
    fn sees(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        eventually(path, || {
            let answer = self.get(path);
            let body = answer.json();
            (answer.status == 200 && fits(&body)).then_some(body)
        })
    }

    fn says(&self, method: &str, path: &str, key: &str, body: &Value) -> Answer {
        let headers = [JSON, ("Idempotency-Key", key)];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.program.send(method, &self.path(path), &headers, &body)
    }

    /// Something that is done.
    #[track_caller]
    fn does(&self, method: &str, path: &str, body: &Value) -> Value {
        self.asked.set(self.asked.get() + 1);
        let answer = self.says(method, path, &format!("number {}", self.asked.get()), body);
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        assert_eq!(answer.json()["status"], "DONE", "{method} {path}: {}", answer.body);
        answer.json()
    }
}

// proves: API-01, API-12
#[test]
fn given_a_client_then_it_makes_reads_changes_and_deletes_each_thing() {
    let (town, server) = town_with(UNHURRIED);
    // Before anybody looks: what roles there are is remembered for a while.
    let owner = town.owner();
    let roles = ["Red team", "Gold"]
        .map(|name| owner.person.makes_role(name, Permissions::NONE).unwrap().to_string());
    let client = Client::of(&town, &server, ALL);
    let maren = town.member("maren").person.user.to_string();
    who_and_where(&town, &client);
    bytes(&client, &maren);
    blocks(&client, &town.member("tobi").person.user.to_string());
    settings(&client);
    cases(&client, &maren);
    squads_and_tiers(&roles, &client, &maren);
    campaigns(&client);
    giveaways(&town, &client);
    keys(&server, &client);
    // And history knows all of it.
    let events = client
        .sees("/events?types=squads.deleted&first=5", |events| events["items"][0].is_object());
    assert!(events["items"][0]["throughKey"].is_string(), "{events}");
    drop(server);
}

fn who_and_where(town: &Town, client: &Client) {
    let me = client.program.send("GET", "/api/v1/me", &[], "").json();
    assert_eq!(me["userId"], town.owner().person.user.to_string());
    assert!(!me["name"].as_str().unwrap().is_empty());
    let community = client.get("").json();
    assert_eq!(community["id"], client.guild);
    assert!(community["channels"].as_array().unwrap().len() > 2, "{community}");
}

/// Given, taken; read as a list in pages, and as it was.
fn bytes(client: &Client, maren: &str) {
    let of = |rest: &str| format!("/members/{maren}{rest}");
    let granted = client.does("POST", &of("/grants"), &json!({ "amount": "40", "reason": "=1" }));
    assert_eq!(granted["amount"], "40");
    client.does("POST", &of("/takes"), &json!({ "amount": "15" }));
    let account = client.sees(&of("/account"), |account| account["balance"] == "25");
    assert_eq!(account["person"]["userId"], maren);
    let first = client.sees("/transactions?first=1", |page| page["items"][0]["kind"] == "take");
    let next = first["next"].as_str().unwrap();
    // What is written in between does not move the cursor.
    client.does("POST", &of("/grants"), &json!({ "amount": "1" }));
    let second = client.get(&format!("/transactions?first=1&after={next}")).json();
    assert_eq!(second["items"][0]["reason"], "=1", "{second}");
    let only = client.get("/transactions?kinds=take").json();
    assert_eq!(only["items"].as_array().unwrap().len(), 1, "{only}");
    assert_eq!(client.get("/economy?asOf=%231").json()["supply"], "0");
}

fn blocks(client: &Client, other: &str) {
    let block = format!("/blocks/{other}");
    client.does("PUT", &block, &json!({ "reason": "a quarrel" }));
    let blocks = client.get("/blocks").json();
    assert_eq!(blocks["items"][0]["person"]["userId"], other, "{blocks}");
    client.does("DELETE", &block, &Value::Null);
    assert_eq!(client.get("/blocks").json()["items"], json!([]));
}

fn settings(client: &Client) {
    let fields = json!({ "fields": [{ "name": "daily_amount", "text": "77" }] });
    let saved = client.does("PATCH", "/settings/economy", &fields);
    assert_eq!(saved["changes"][0]["name"], "daily_amount", "{saved}");
    let read = client.get("/settings/economy").json();
    let daily = read["fields"].as_array().unwrap().iter().find(|f| f["name"] == "daily_amount");
    assert_eq!(daily.unwrap()["isDefault"], false);
    client.does("POST", "/settings/economy/reset", &json!({ "field": "daily_amount" }));
    client.does("PUT", "/modules/giveaways", &json!({ "on": true }));
}

fn cases(client: &Client, maren: &str) {
    let of = |rest: &str| format!("/members/{maren}{rest}");
    let warned = client.does("POST", &of("/warnings"), &json!({ "reason": "caps" }));
    assert_eq!(warned["number"], 1);
    client.does("POST", &of("/notes"), &json!({ "text": "quiet" }));
    client.sees("/cases/1", |case| case["reason"] == "caps");
    client.does("PATCH", "/cases/1/reason", &json!({ "text": "capitals" }));
    client.sees("/cases/1", |case| case["reason"] == "capitals");
    client.does("POST", "/cases/1/notes", &json!({ "text": "again" }));
    client.does("PUT", "/cases/1/hidden", &json!({ "on": true }));
    client.sees("/cases/1", |case| case["hidden"] == true);
    client.does("PUT", "/cases/1/hidden", &json!({ "on": false }));
    client.does("PUT", "/cases/1/links/2", &json!({ "on": true }));
    client.does("POST", "/cases/1/pardon", &json!({}));
    client.sees("/cases/1", |case| case["active"] == false);
    let cases = client.sees("/cases?kind=warning", |cases| cases["items"][0]["number"] == 1);
    assert_eq!(cases["next"], Value::Null);
    client.sees(&of("/record"), |record| !record["recent"].as_array().unwrap().is_empty());
}

/// On roles of Discord's.
fn squads_and_tiers([red, gold]: &[String; 2], client: &Client, maren: &str) {
    let of = |rest: &str| format!("/members/{maren}{rest}");
    client.does("POST", "/squads", &json!({ "name": "Red", "role": red }));
    let squads = client.sees("/squads", |squads| squads["items"][0]["name"] == "Red");
    let squad = format!("/squads/{}", squads["items"][0]["id"]);
    client.does("PATCH", &squad, &json!({ "name": "Crimson" }));
    client.sees("/squads", |squads| squads["items"][0]["name"] == "Crimson");
    client.does("DELETE", &squad, &Value::Null);
    client.sees("/squads", |squads| squads["items"] == json!([]));
    let tier = format!("/tiers/{gold}");
    client.does("PUT", &tier, &json!({ "name": "Gold", "dailyBonus": "5" }));
    client.sees("/tiers", |tiers| tiers["items"][0]["name"] == "Gold");
    client.does("PUT", &of(&tier), &json!({ "days": 3 }));
    client.sees(&of("/tiers"), |tiers| tiers["items"][0]["role"] == *gold);
    client.does("DELETE", &of(&tier), &Value::Null);
    client.sees(&of("/tiers"), |tiers| tiers["items"] == json!([]));
    client.does("DELETE", &tier, &Value::Null);
}

fn campaigns(client: &Client) {
    let spring = json!({ "name": "Spring", "bytes": "5", "code": "tulip-2026" });
    let made = client.does("POST", "/campaigns", &spring);
    let campaign = format!("/campaigns/{}", made["id"].as_str().unwrap());
    client.sees(&campaign, |campaign| campaign["name"] == "Spring");
    client.does("PATCH", &campaign, &json!({ "usesPerMember": 2 }));
    client.sees(&campaign, |campaign| campaign["usesPerMember"] == 2);
    client.does("DELETE", &campaign, &Value::Null);
    client.sees(&campaign, |campaign| campaign["revoked"] == true);
}

fn giveaways(town: &Town, client: &Client) {
    let channel = town.sim.channel(town.community.guild, "bot-commands").unwrap().to_string();
    let bench = json!({ "channel": channel, "prize": "A bench", "durationSecs": 86_400 });
    let made = client.does("POST", "/giveaways", &bench);
    let giveaway = format!("/giveaways/{}", made["id"].as_str().unwrap());
    client.sees(&giveaway, |giveaway| giveaway["prize"] == "A bench");
    client.does("PATCH", &giveaway, &json!({ "prize": "A lamp" }));
    client.sees(&giveaway, |giveaway| giveaway["prize"] == "A lamp");
    client.does("POST", &format!("{giveaway}/pause"), &Value::Null);
    client.does("POST", &format!("{giveaway}/resume"), &Value::Null);
    assert_eq!(client.get(&format!("{giveaway}/entrants")).json()["items"], json!([]));
    client.does("DELETE", &giveaway, &Value::Null);
    client.sees("/giveaways?states=cancelled", |list| list["items"][0]["prize"] == "A lamp");
}

/// That may no more than the one that makes them.
fn keys(server: &Server, client: &Client) {
    let ends = eventlog::system_clock()().plus_secs(86_400).to_string();
    let wanted = json!({ "name": "a part of it", "scopes": ["READ"], "endsAt": ends });
    let part = client.does("POST", "/keys", &wanted);
    let keys = client.get("/keys").json()["items"].as_array().unwrap().len();
    assert_eq!(keys, 2);
    let narrow = Program::with(server, part["secret"].as_str().unwrap());
    let me = narrow.send("GET", "/api/v1/me", &[], "");
    assert_eq!(me.status, 200);
    client.does("DELETE", &format!("/keys/{}", part["id"].as_str().unwrap()), &Value::Null);
    assert_eq!(narrow.send("GET", "/api/v1/me", &[], "").status, 401);
}

/// Every line of the document that reads, asked with as many lines as one may have.
// proves: API-06, API-12
#[test]
fn given_every_path_that_reads_then_the_owners_key_is_answered_what_the_document_says() {
    let (town, server) = town_with(UNHURRIED);
    let client = Client::of(&town, &server, ALL);
    let maren = town.member("maren").person.user.to_string();
    client.does("POST", &format!("/members/{maren}/grants"), &json!({ "amount": "40" }));
    client.does("POST", &format!("/members/{maren}/warnings"), &json!({ "reason": "caps" }));
    client.sees("/cases", |cases| cases["items"][0]["number"] == 1);
    client.sees(&format!("/members/{maren}/account"), |account| account["balance"] == "40");
    let document = client.program.send("GET", "/api/v1/openapi.json", &[], "").json();
    let named = BTreeMap::from([
        ("guild", client.guild.as_str()),
        ("user", maren.as_str()),
        ("number", "1"),
        ("seq", "1"),
        ("squad", "1"),
        ("role", maren.as_str()),
        ("capability", "economy"),
        ("giveaway", "0193690f-79bd-84f6-9419-69ed78770e3f"),
        ("campaign", "0193690f-79bd-84f6-9419-69ed78770e3f"),
        ("name", "balances"),
        ("id", "0193690f-79bd-84f6-9419-69ed78770e3f"),
    ]);
    let mut answered = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let Some(operation) = methods.get("get") else { continue };
        let mut address = path.clone();
        for (name, value) in &named {
            address = address.replace(&format!("{{{name}}}"), value);
        }
        assert!(!address.contains('{'), "{path}");
        let parameters = operation["parameters"].as_array().unwrap();
        let of = |name: &str| parameters.iter().any(|known| known["name"] == name);
        let mut words = Vec::new();
        // Lists that go on have at most so many lines at once.
        if of("after") {
            words.push("first=100");
        }
        if of("metric") {
            words.push("metric=messages");
        }
        if of("split") {
            words.push("split=channel");
        }
        let address = format!("{address}?{}", words.join("&"));
        let answer = client.program.send("GET", &address, &[], "");
        // What is not there is not found; nothing is forbidden, too dear, or broken.
        assert!([200, 404].contains(&answer.status), "{address}: {}", answer.body);
        if answer.status == 200 {
            answered += 1;
            if address.contains("/exports/") {
                continue;
            }
            let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            let keys = |of: &Value| {
                let fields = of.as_object().into_iter().flatten();
                fields.map(|(name, _)| name.clone()).collect::<Vec<_>>()
            };
            assert_eq!(keys(&answer.json()), keys(&schema["properties"]), "{address}");
        }
    }
    assert!(answered > 40, "{answered}");
    drop(server);
}

// proves: API-07
#[test]
fn given_a_client_that_does_wrong_then_it_is_told_what() {
    let (town, server) = town();
    let client = Client::of(&town, &server, "READ, ECONOMY");
    let (guild, maren) = (&client.guild, town.member("maren").person.user.to_string());
    let grants = format!("/members/{maren}/grants");
    let grant = json!({ "amount": "1" });

    let unnamed = client.program.send("POST", &client.path(&grants), &[JSON], &grant.to_string());
    assert_eq!(unnamed.status, 400);
    assert!(unnamed.body.contains("Idempotency-Key"), "{}", unnamed.body);
    assert_eq!(client.says("POST", &grants, "once", &grant).json()["status"], "DONE");
    assert_eq!(client.says("POST", &grants, "once", &grant).json()["status"], "REPEATED");
    let refused = client.says("POST", &grants, "much", &json!({ "amount": "-5" }));
    let error = refused.json()["errors"][0].clone();
    assert_eq!(
        (refused.status, error["extensions"]["code"].as_str()),
        (409, Some("REFUSED")),
        "{error}"
    );
    assert!(error["extensions"]["rule"].as_str().unwrap().starts_with("economy."), "{error}");

    let text = |body: &str| {
        let headers = [JSON, ("Idempotency-Key", "x")];
        client.program.send("POST", &client.path(&grants), &headers, body).status
    };
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        ("{}", 400),
        ("{\"amount\": 1.5}", 400),
        ("{\"amount\": {}}", 400),
        ("{\"amount\": \"1\", \"colour\": 1}", 400),
    ] {
        assert_eq!(text(body), status, "{body:?}");
    }
    let huge = format!("{{\"amount\": \"1\", \"reason\": \"{}\"}}", "x".repeat(300_000));
    assert_eq!(text(&huge), 413);
    let form = [("Content-Type", "text/plain"), ("Idempotency-Key", "x")];
    assert_eq!(client.program.send("POST", &client.path(&grants), &form, "{}").status, 415);
    let too_long = "k".repeat(129);
    let long = [JSON, ("Idempotency-Key", too_long.as_str())];
    assert_eq!(
        client.program.send("POST", &client.path(&grants), &long, &grant.to_string()).status,
        400
    );

    for (path, status) in [
        ("/transactions?after=nonsense", 400),
        ("/transactions?first=101", 400),
        ("/transactions?first=0", 400),
        ("/transactions?asOf=yesterweek", 400),
        ("/members/x/account", 400),
        ("/cases", 403),
        ("/events", 403),
        ("/nothing", 404),
    ] {
        let answer = client.get(path);
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(answer.json()["errors"][0]["message"].is_string());
    }
    let wrong = client.program.send("DELETE", &client.path("/transactions"), &[], "");
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET")));
    let elsewhere = client.program.send("GET", "/api/v1/guilds/7/transactions", &[], "");
    assert_eq!((elsewhere.status, elsewhere.code()), (404, json!("NOT_FOUND")));
    let warn = client.says("POST", &format!("/members/{maren}/warnings"), "w", &json!({}));
    assert_eq!(warn.status, 403);
    assert_eq!(warn.json()["errors"][0]["extensions"]["rule"], "keys.scope");

    // Without a key: only what everybody may ask.
    let bare = |method: &str, path: &str| send(&server.address, method, path, &[JSON], "").status;
    assert_eq!(bare("GET", &format!("/api/v1/guilds/{guild}/transactions")), 401);
    assert_eq!(bare("GET", "/api/v1/me"), 401);
    assert_eq!(bare("GET", "/api/v1/status"), 200);
    // A browser that is signed in reads, and does nothing without the token of our own pages.
    let mut owner = Browser::at(&server);
    owner.signs_in(town.owner().person.user);
    assert_eq!(owner.get(&client.path("/transactions")).status, 200);
    let foreign = [("Origin", "https://elsewhere.example")];
    assert_eq!(owner.get_with(&client.path("/transactions"), &foreign).status, 403);
    let forged = owner.posts(
        &client.path(&grants),
        &[JSON, ("Idempotency-Key", "f")],
        "{\"amount\": \"1\"}",
    );
    assert_eq!((forged.status, forged.code()), (403, json!("CSRF")));

    // The page for people is within the policy, and says where to begin.
    let page = send(&server.address, "GET", "/api", &[], "");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("How to begin") && !page.body.contains("<script"));
    assert_eq!(
        send(&server.address, "GET", "/api/style.css", &[], "").header("content-type"),
        Some("text/css; charset=utf-8")
    );
    drop(server);
}

// proves: API-05
#[test]
fn given_many_operations_then_each_has_its_own_result() {
    let (town, server) = town();
    let client = Client::of(&town, &server, "READ, ECONOMY");
    let maren = town.member("maren").person.user;
    let of = format!("/guilds/{}/members/{maren}", client.guild);
    let batch = |operations: &Value| {
        let body = json!({ "operations": operations }).to_string();
        client.program.send("POST", "/api/v1/batch", &[JSON], &body)
    };
    let give = |key: &str| json!({ "method": "POST", "path": format!("{of}/grants"), "key": key, "body": { "amount": "5" } });
    let asked = json!([
        give("a"),
        give("a"),
        { "method": "POST", "path": format!("{of}/takes"), "key": "b", "body": { "amount": "500" } },
        { "method": "POST", "path": format!("{of}/warnings"), "key": "c", "body": {} },
        { "method": "GET", "path": "/horoscope" },
        give("d"),
    ]);
    let answer = batch(&asked);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let results = answer.json()["results"].as_array().unwrap().clone();
    let told: Vec<_> = results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(told, [200, 200, 409, 403, 404, 200], "{}", answer.body);
    assert_eq!(results[1]["body"]["status"], "REPEATED");
    for wrong in [json!([]), json!(vec![give("x"); 51]), json!([{ "method": "GET" }]), json!("all")]
    {
        assert_eq!(batch(&wrong).status, 400, "{wrong}");
    }
    drop(server);
}

// proves: API-03
#[test]
fn given_a_key_then_it_is_exchanged_for_tokens_that_follow_each_other() {
    let (town, server) = town();
    let guild = town.community.guild.to_string();
    let mut owner = Browser::at(&server);
    owner.signs_in(town.owner().person.user);
    let (secret, id) = made(&mut owner, &guild, "READ", "once");
    let key = Program::with(&server, &secret);
    let pair = |answer: &Answer| {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
        (text("token"), text("refresh"))
    };
    let (token, refresh) = pair(&key.send("POST", "/api/v1/tokens", &[], ""));
    let program = Program::with(&server, &token);
    assert_eq!(program.send("GET", "/api/v1/me", &[], "").status, 200);
    assert_eq!(program.ask("{ viewer { userId } }").status, 200);
    assert_eq!(
        program.send("POST", "/api/v1/tokens", &[], "").status,
        401,
        "a token makes no tokens"
    );
    // What somebody writes into a token holds nowhere.
    let parts: Vec<_> = token.split('.').collect();
    let none = "eyJhbGciOiJub25lIn0";
    for forged in [
        format!("{}.{}.", parts[0], parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{none}.{}.", parts[1]),
        format!("{}.{}x.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}", parts[0], parts[1]),
    ] {
        let answer = Program::with(&server, &forged).send("GET", "/api/v1/me", &[], "");
        assert_eq!(answer.status, 401, "{forged}");
    }

    let next = |refresh: &str| {
        let body = json!({ "refresh": refresh }).to_string();
        send(&server.address, "POST", "/api/v1/tokens/refresh", &[JSON], &body)
    };
    let (second, later) = pair(&next(&refresh));
    assert_eq!(Program::with(&server, &second).send("GET", "/api/v1/me", &[], "").status, 200);
    // The first again: one of two who show it has stolen it, and neither goes on.
    let replayed = next(&refresh);
    assert_eq!(replayed.status, 401);
    assert!(replayed.body.contains("used before"), "{}", replayed.body);
    assert_eq!(next(&later).status, 401);
    assert_eq!(next("reever_never").status, 401);
    let raw =
        |body: &str| send(&server.address, "POST", "/api/v1/tokens/refresh", &[JSON], body).status;
    assert_eq!((raw("{}"), raw("{"), raw("{\"refresh\": 1}")), (400, 400, 400));

    // The key itself begins anew; once it is revoked, its tokens hold no more.
    let (token, refresh) = pair(&key.send("POST", "/api/v1/tokens", &[], ""));
    let revoked = owner.ask(&format!(
        "mutation {{ keyRevoke(input: {{guild: \"{guild}\", id: \"{id}\", key: \"r\"}}) {{ status }} }}"
    ));
    assert_eq!(revoked.json()["data"]["keyRevoke"]["status"], "DONE");
    assert_eq!(Program::with(&server, &token).send("GET", "/api/v1/me", &[], "").status, 401);
    assert_eq!(next(&refresh).status, 401);
    let log = server.stop().2;
    assert!(!log.contains(&refresh) && !log.contains(&token), "a token is in no log");
}

// proves: API-08, API-09
#[test]
fn given_limits_and_other_sites_then_only_those_in_the_settings_are_let_in_and_not_too_often() {
    let origin = "https://game.example";
    let (town, server) = town_with(&[
        ("REEVE_HTTP_REQUESTS_PER_MINUTE_PER_KEY", "12"),
        ("REEVE_HTTP_CORS_ORIGINS", origin),
    ]);
    let client = Client::of(&town, &server, "READ");
    let first = client.get("");
    assert_eq!((first.status, first.header("ratelimit-limit")), (200, Some("2")));
    assert!(
        first.header("ratelimit-remaining").is_some() && first.header("ratelimit-reset").is_some()
    );
    // Two at once and one each five seconds: however slow this goes, some are too many.
    let told = (0..200).map(|_| client.get("")).find(|answer| answer.status == 429);
    let told = told.expect("there are too many");
    assert_eq!(told.code(), json!("BUSY"));
    assert!(told.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(told.header("ratelimit-remaining"), Some("0"));

    let address = &server.address;
    let preflight = |from: &str, path: &str| {
        let asks = [("Origin", from), ("Access-Control-Request-Method", "GET")];
        send(address, "OPTIONS", path, &asks, "")
    };
    let granted = preflight(origin, "/api/v1/me");
    assert_eq!(
        (granted.status, granted.header("access-control-allow-origin")),
        (204, Some(origin))
    );
    assert!(granted.header("access-control-allow-headers").unwrap().contains("authorization"));
    assert_eq!(granted.header("access-control-allow-credentials"), None);
    assert_eq!(granted.header("vary"), Some("origin"));
    for (from, path) in
        [("https://evil.example", "/api/v1/me"), ("null", "/api/v1/me"), (origin, "/auth/session")]
    {
        let refused = preflight(from, path);
        assert_eq!(refused.header("access-control-allow-origin"), None, "{from} {path}");
    }
    // An answer may be read there too; a cookie would still count for nothing.
    let read = send(address, "GET", "/api/v1/status", &[("Origin", "https://evil.example")], "");
    assert_eq!(read.header("access-control-allow-origin"), None);
    drop(server);
}
