//! A program with a key of a member's: what it may, and that it may nothing any more once the key is
//! revoked.

use serde_json::{Value, json};

use super::{
    dashboard::{Answer, Browser, send, town},
    town::patiently,
};
use crate::support::Server;

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// What signs in with a key, and sends neither cookie nor origin.
pub struct Program {
    address: String,
    bearer: String,
}

impl Program {
    pub fn with(server: &Server, key: &str) -> Self {
        Self { address: server.address.clone(), bearer: format!("Bearer {key}") }
    }

    pub fn send(&self, method: &str, path: &str, also: &[(&str, &str)], body: &str) -> Answer {
        let mut headers = vec![("Authorization", self.bearer.as_str())];
        headers.extend_from_slice(also);
        send(&self.address, method, path, &headers, body)
    }

    pub fn ask(&self, question: &str) -> Answer {
        self.send("POST", "/graphql", &[JSON], &json!({ "query": question }).to_string())
    }
}

/// Makes a key on the dashboard: the key, and its id.
pub fn made(browser: &mut Browser, guild: &str, scopes: &str, key: &str) -> (String, String) {
    let ends = eventlog::system_clock()().plus_secs(30 * 86_400);
    let answer = browser.ask(&format!(
        "mutation {{ keyCreate(input: {{guild: \"{guild}\", name: \"the website\", scopes: \
         [{scopes}], endsAt: \"{ends}\", key: \"{key}\"}}) {{ status id secret refusal {{ text }} \
         }} }}"
    ));
    let made = answer.json()["data"]["keyCreate"].clone();
    assert_eq!(made["status"], "DONE", "{}", answer.body);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("secret"), text("id"))
}

// proves: API-02, API-04
#[test]
fn given_a_key_then_a_program_does_what_its_scopes_name_until_it_is_revoked() {
    let (town, server) = town();
    let (guild, maren) = (town.community.guild.to_string(), town.member("maren").person.user);
    let mut owner = Browser::at(&server);
    owner.signs_in(town.owner().person.user);
    let (secret, id) = made(&mut owner, &guild, "READ, ECONOMY", "once");
    assert!(secret.starts_with("reeve_") && secret.len() == 66, "{}", secret.len());
    let program = Program::with(&server, &secret);

    // Without cookie, origin and CSRF token; also from a page of another site, which has no key.
    let grant = |key: &str| {
        format!(
            "mutation {{ bytesGrant(input: {{guild: \"{guild}\", user: \"{maren}\", amount: \"25\", \
             key: \"{key}\"}}) {{ done {{ status }} }} }}"
        )
    };
    let granted = program.ask(&grant("a"));
    assert_eq!(granted.json()["data"]["bytesGrant"]["done"]["status"], "DONE", "{}", granted.body);
    let body = json!({ "query": grant("a") }).to_string();
    let foreign = [JSON, ("Origin", "https://elsewhere.example")];
    let again = program.send("POST", "/graphql", &foreign, &body);
    assert_eq!(again.json()["data"]["bytesGrant"]["done"]["status"], "REPEATED", "{}", again.body);

    // The list as a file, on the same key.
    let list = format!("/api/v1/guilds/{guild}/exports/transactions?kind=grant");
    let file = patiently("the list has it", || {
        let answer = program.send("GET", &list, &[], "");
        (answer.header("x-export-rows") == Some("1")).then_some(answer)
    });
    assert_eq!(file.status, 200);

    // Not what another scope would let it do, though its owner may everything.
    let block = format!(
        "mutation {{ block(input: {{guild: \"{guild}\", user: \"{maren}\", reason: \"x\", key: \
         \"k\"}}) {{ status }} }}"
    );
    let refused = program.ask(&block);
    assert_eq!(refused.code(), "FORBIDDEN");
    let error = refused.json()["errors"][0].clone();
    assert_eq!(error["extensions"]["rule"], "keys.scope");
    assert!(error["message"].as_str().unwrap().contains("\"access\""), "{error}");
    let cases = format!("/api/v1/guilds/{guild}/exports/cases");
    assert_eq!(program.send("GET", &cases, &[], "").status, 403);
    assert_eq!(program.ask("{ viewer { sessions { id } } }").code(), "FORBIDDEN");
    let elsewhere = program.ask("{ guild(id: \"7\") { name } }");
    assert_eq!(elsewhere.json()["data"]["guild"], Value::Null);

    // Its owner sees it and that it was used; everybody's list is for whoever manages access.
    let keys = format!(
        "{{ guild(id: \"{guild}\") {{ keys(everybodys: true) {{ id name scopes usedAt owner {{ \
         userId }} }} }} }}"
    );
    let listed = owner.ask(&keys).json()["data"]["guild"]["keys"][0].clone();
    assert_eq!((&listed["id"], &listed["name"]), (&json!(id), &json!("the website")));
    assert_eq!(listed["scopes"], json!(["READ", "ECONOMY"]));
    assert!(listed["usedAt"].is_string(), "{listed}");
    let mut member = Browser::at(&server);
    member.signs_in(town.member("lene").person.user);
    let refused = member.ask(&keys);
    assert_eq!(refused.code(), "FORBIDDEN", "{}", refused.body);

    // The community's history says that there is a key, and through which one something was done.
    let events = format!(
        "{{ guild(id: \"{guild}\") {{ events(filter: {{types: [\"keys.\", \
         \"economy.bytes_granted\"]}}) {{ nodes {{ type sentence throughKey payload }} }} \
         }} }}"
    );
    let told = owner.ask(&events);
    assert!(!told.body.contains(&secret), "the key itself is in no event");
    assert!(told.body.contains("made a key to the API"), "{}", told.body);
    assert!(told.body.contains(&format!("\"throughKey\":\"{id}\"")), "{}", told.body);

    // Others cannot revoke it; once revoked it opens nothing, wherever it is shown.
    let revoke = |key: &str| {
        format!(
            "mutation {{ keyRevoke(input: {{guild: \"{guild}\", id: \"{id}\", key: \"{key}\"}}) {{ \
             status refusal {{ rule }} }} }}"
        )
    };
    let not_theirs = member.ask(&revoke("m")).json()["data"]["keyRevoke"].clone();
    assert_eq!(not_theirs["refusal"]["rule"], "keys.no_such_key");
    assert_eq!(program.ask("{ viewer { userId } }").status, 200);
    assert_eq!(owner.ask(&revoke("o")).json()["data"]["keyRevoke"]["status"], "DONE");
    let refused = program.ask("{ viewer { userId } }");
    assert_eq!((refused.status, refused.code()), (401, json!("UNAUTHENTICATED")));
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"reeve\""));
    assert_eq!(program.send("GET", &list, &[], "").status, 401);
    let log = server.stop().2;
    assert!(!log.contains(&secret[6..]), "a key is in no log");
}

// proves: API-02, API-07
#[test]
fn given_what_is_no_key_then_it_is_refused_and_no_cookie_helps() {
    let (town, server) = town();
    let guild = town.community.guild.to_string();
    let mut owner = Browser::at(&server);
    owner.signs_in(town.owner().person.user);
    let (secret, _) = made(&mut owner, &guild, "READ", "once");
    let mut mistyped = secret.clone();
    let last = mistyped.pop().unwrap();
    mistyped.push(if last == 'a' { 'b' } else { 'a' });
    // Sound in itself, but nobody made it.
    let never_made =
        actions::keys::text::fresh(domain::GuildId::new(town.community.guild.get()).unwrap());
    let long = "x".repeat(4_000);
    for wrong in [mistyped.as_str(), &never_made, "", "reeve_", "a.b.c", "..", "null", &long, "é"]
    {
        let refused = Program::with(&server, wrong).ask("{ viewer { userId } }");
        assert_eq!((refused.status, refused.code()), (401, json!("UNAUTHENTICATED")), "{wrong:?}");
    }
    let two = [JSON, ("Authorization", "Bearer reeve_x")];
    let body = json!({ "query": "{ viewer { userId } }" }).to_string();
    let both = Program::with(&server, &secret).send("POST", "/graphql", &two, &body);
    assert_eq!(both.status, 401);
    // A browser that is signed in, and shows a wrong key: the key counts.
    let list = format!("/api/v1/guilds/{guild}/exports/balances");
    assert_eq!(owner.get(&list).status, 200);
    assert_eq!(owner.get_with(&list, &[("Authorization", "Bearer reeve_x")]).status, 401);
    // Another scheme is somebody's proxy's business.
    assert_eq!(owner.get_with(&list, &[("Authorization", "Basic YTpi")]).status, 200);
    // Questions that are none, with a sound key.
    let program = Program::with(&server, &secret);
    for (body, status) in [("", 400), ("{", 400), ("{\"query\": 1}", 400)] {
        assert_eq!(program.send("POST", "/graphql", &[JSON], body).status, status, "{body:?}");
    }
    assert_eq!(program.send("POST", "/graphql", &[], "{}").status, 415);
}
