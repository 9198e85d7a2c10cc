//! A browser: signing in with Discord, asking, and what is refused to whoever only pretends to.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};
use simulator::{
    Id,
    faults::{Fault, Rule},
};

use super::town::{Town, is_connected};
use crate::support::{Server, eventually};

const PATIENCE: Duration = Duration::from_mins(1);

/// What a browser keeps: cookies, and where it is.
pub struct Browser {
    address: String,
    cookies: BTreeMap<String, String>,
    csrf: Option<String>,
}

pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {:?}", self.body))
    }

    pub fn code(&self) -> Value {
        self.json()["errors"][0]["extensions"]["code"].clone()
    }
}

/// One request, as any program sends it.
pub fn send(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (headers, length) = (headers.concat(), body.len());
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split_whitespace().nth(1).unwrap().parse().unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_owned(), value.to_owned()))
    };
    let headers = lines.filter_map(header).collect();
    let mut answer = Answer { status, headers, body: body.to_owned() };
    if answer.header("transfer-encoding") == Some("chunked") {
        answer.body = whole(&answer.body);
    }
    answer
}

/// A body that came in chunks, each behind its length; one that was broken off is a finding.
fn whole(mut chunks: &str) -> String {
    let mut body = String::new();
    loop {
        let (length, rest) = chunks.split_once("\r\n").unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            return body;
        }
        body.push_str(&rest[..length]);
        chunks = rest[length..].strip_prefix("\r\n").unwrap();
    }
}

impl Browser {
    pub fn at(server: &Server) -> Self {
        Self { address: server.address.clone(), cookies: BTreeMap::new(), csrf: None }
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    fn send(&mut self, method: &str, path: &str, also: &[(&str, &str)], body: &str) -> Answer {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = pairs.join("; ");
        let mut headers = also.to_vec();
        if !cookies.is_empty() {
            headers.push(("Cookie", &cookies));
        }
        let answer = send(&self.address, method, path, &headers, body);
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (pair, _) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// What a page of another site, or a forgetful one of ours, has a browser send.
    pub fn posts(&mut self, path: &str, also: &[(&str, &str)], body: &str) -> Answer {
        self.send("POST", path, also, body)
    }

    pub fn get_with(&mut self, path: &str, also: &[(&str, &str)]) -> Answer {
        self.send("GET", path, also, "")
    }

    pub fn ask(&mut self, question: &str) -> Answer {
        let body = json!({ "query": question }).to_string();
        let (origin, csrf) = (self.origin(), self.csrf.clone().unwrap_or_default());
        let mut headers = vec![("Content-Type", "application/json"), ("Origin", origin.as_str())];
        if !csrf.is_empty() {
            headers.push(("X-CSRF-Token", csrf.as_str()));
        }
        self.send("POST", "/graphql", &headers, &body)
    }

    /// Where Discord's page would send them back, once they have said who they are.
    fn at_discord(&mut self, user: Id, back_to: &str) -> String {
        let begun = self.get(&format!("/auth/sign-in?return={back_to}"));
        assert_eq!(begun.status, 303, "{}", begun.body);
        let page = begun.header("location").unwrap().to_owned();
        let (_, rest) = page.split_once("://").unwrap();
        let (discord, path) = rest.split_once('/').unwrap();
        let query = path.split_once('?').unwrap().1;
        let form = format!("{query}&user_id={user}&decision=authorize");
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        let decided = send(discord, "POST", "/oauth2/authorize", &kind, &form);
        assert_eq!(decided.status, 303, "{}", decided.body);
        let back = decided.header("location").unwrap().to_owned();
        back.strip_prefix(&self.origin()).unwrap_or_else(|| panic!("{back}")).to_owned()
    }

    pub fn signs_in(&mut self, user: Id) -> Answer {
        let back = self.at_discord(user, "/me");
        let answer = self.get(&back);
        self.knows_its_session();
        answer
    }

    /// As our own page does before it asks anything.
    pub fn knows_its_session(&mut self) {
        let session = self.get("/auth/session").json();
        self.csrf = session["csrf"].as_str().map(str::to_owned);
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Something that somebody planted.
    pub fn keeps(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }
}

/// A town whose bot has a dashboard.
pub fn town() -> (Town, Server) {
    opened(Town::new())
}

/// The same with these settings.
pub fn town_with(settings: &[(&str, &str)]) -> (Town, Server) {
    let mut town = Town::new();
    for (name, value) in settings {
        town.house.set(name, value);
    }
    opened(town)
}

/// The same with a house that was set up differently.
pub fn opened(mut town: Town) -> (Town, Server) {
    let application = town.community.application;
    let secret = town.sim.world.lock().application(application).unwrap().client_secret.clone();
    town.house.set("DISCORD_CLIENT_SECRET", &secret);
    let server = town.house.serve(&[]);
    is_connected(&server);
    let callback = format!("http://{}/auth/callback", server.address);
    let mut world = town.sim.world.lock();
    world.application_mut(application).unwrap().redirect_uris.push(callback);
    drop(world);
    (town, server)
}

// proves: DSH-01
#[test]
fn given_somebody_who_signs_in_then_they_see_what_they_may_until_they_sign_out() {
    let (town, server) = town();
    let guild = town.community.guild;
    let mut browser = Browser::at(&server);
    assert_eq!(browser.ask("{ viewer { userId } }").json()["data"]["viewer"], Value::Null);

    let owner = town.owner().person.user;
    let back = browser.signs_in(owner);
    assert_eq!((back.status, back.header("location")), (303, Some("/me")));
    let viewer =
        browser.ask("{ viewer { userId guilds { id permissions } sessions { isThisOne } } }");
    let viewer = viewer.json()["data"]["viewer"].clone();
    assert_eq!(viewer["userId"], owner.to_string());
    assert_eq!(viewer["guilds"][0]["id"], guild.to_string());
    let held = viewer["guilds"][0]["permissions"].to_string();
    assert!(held.contains("MANAGE_ACCESS") && held.contains("VIEW_AUDIT"), "{held}");
    assert_eq!(viewer["sessions"], json!([{ "isThisOne": true }]));

    // What they grant here, Discord's members have; and whom they see has a name.
    let maren = town.member("maren").person.user;
    let granted = browser.ask(&format!(
        "mutation {{ bytesGrant(input: {{guild: \"{guild}\", user: \"{maren}\", amount: \"25\", \
         key: \"once\"}}) {{ done {{ status }} }} }}"
    ));
    assert_eq!(granted.json()["data"]["bytesGrant"]["done"]["status"], "DONE");
    let board = format!(
        "{{ guild(id: \"{guild}\") {{ economy {{ board {{ amount person {{ name }} }} }} }} }}"
    );
    let first = eventually("the board", || {
        let board = browser.ask(&board).json();
        let first = board["data"]["guild"]["economy"]["board"][0].clone();
        (first["amount"] == "25").then_some(first)
    });
    assert!(!first["person"]["name"].as_str().unwrap().is_empty());

    // Signing out ends it on the server, not only in the browser.
    let kept = browser.cookies.clone();
    let (origin, csrf) = (browser.origin(), browser.csrf.clone().unwrap());
    let headers = [("Origin", origin.as_str()), ("X-CSRF-Token", csrf.as_str())];
    assert_eq!(browser.send("POST", "/auth/sign-out", &headers, "").status, 204);
    browser.cookies = kept;
    assert_eq!(browser.get("/auth/session").json()["signedIn"], false);
}

// proves: MOD-04, MOD-15
#[test]
fn given_a_ban_from_the_dashboard_then_discord_bans_and_whom_it_hit_appeals_and_may_come_back() {
    let (town, server) = town();
    let guild = town.community.guild;
    let (lene, pavel) = (town.member("lene").person.user, town.member("pavel").person.user);
    let (mut owner, mut banned) = (Browser::at(&server), Browser::at(&server));
    owner.signs_in(town.owner().person.user);
    banned.signs_in(lene);
    let ban = |user: Id, key: &str| {
        format!(
            "mutation {{ punish(input: {{guild: \"{guild}\", user: \"{user}\", deed: BAN, \
             reason: \"scam\", key: \"{key}\"}}) {{ done {{ status }} number }} }}"
        )
    };
    let is_banned = || {
        let world = town.sim.world.lock();
        world.guild(guild).unwrap().bans.contains_key(&lene)
    };
    assert_eq!(banned.ask(&ban(pavel, "not theirs")).code(), "FORBIDDEN");
    assert_eq!(owner.ask(&ban(town.owner().person.user, "oneself")).code(), "FORBIDDEN");
    let ordered = owner.ask(&ban(lene, "once")).json()["data"]["punish"].clone();
    assert_eq!((&ordered["done"]["status"], &ordered["number"]), (&json!("DONE"), &json!(1)));
    eventually("Discord bans them", || is_banned().then_some(()));

    let punished = "{ viewer { punished { guild cases { number reason standing appeal \
                    answer { text } } } } }";
    let held = eventually("what is held against them", || {
        let held = banned.ask(punished).json()["data"]["viewer"]["punished"][0].clone();
        (held["cases"][0]["standing"] == "in_force").then_some(held)
    });
    assert_eq!(
        (&held["guild"], &held["cases"][0]["reason"]),
        (&json!(guild.to_string()), &json!("scam"))
    );
    let appeal = format!(
        "mutation {{ appeal(input: {{guild: \"{guild}\", number: 1, text: \"my account was \
         stolen\", key: \"please\"}}) {{ number }} }}"
    );
    assert_eq!(banned.ask(&appeal).json()["data"]["appeal"]["number"], 1);
    let queue = format!(
        "{{ guild(id: \"{guild}\") {{ moderation {{ appeals {{ nodes {{ text case {{ number }} }} }} }} }} }}"
    );
    let waiting = eventually("the appeal", || {
        let queue = owner.ask(&queue).json()["data"]["guild"]["moderation"]["appeals"].clone();
        queue["nodes"].get(0).cloned()
    });
    assert_eq!(waiting, json!({ "text": "my account was stolen", "case": { "number": 1 } }));
    let accept = format!(
        "mutation {{ appealDecide(input: {{guild: \"{guild}\", number: 1, accept: true, text: \
         \"welcome back\", key: \"yes\"}}) {{ done {{ status }} pardoned }} }}"
    );
    assert_eq!(owner.ask(&accept).json()["data"]["appealDecide"]["pardoned"], "LIFTING");
    eventually("Discord lifts the ban", || (!is_banned()).then_some(()));
    let case = eventually("the case is over", || {
        let held = banned.ask(punished).json()["data"]["viewer"]["punished"][0].clone();
        let case = held["cases"][0].clone();
        (case["standing"] == "over").then_some(case)
    });
    assert_eq!(
        (&case["appeal"], &case["answer"]["text"]),
        (&json!("accepted"), &json!("welcome back"))
    );
}

// proves: DSH-01
#[test]
fn given_a_forged_return_from_discord_then_nobody_is_signed_in() {
    let (town, server) = town();
    let (maren, tobi) = (town.member("maren").person.user, town.member("tobi").person.user);
    let mut browser = Browser::at(&server);
    let problem = |answer: &Answer| answer.header("location").unwrap().to_owned();

    // A link that somebody else prepared with their own code: login CSRF.
    let mut other = Browser::at(&server);
    let planted = other.at_discord(tobi, "/");
    assert_eq!(problem(&browser.get(&planted)), "/sign-in?problem=expired");
    browser.at_discord(maren, "/");
    assert_eq!(problem(&browser.get(&planted)), "/sign-in?problem=forged");

    // A state that was changed, a code that was used, a person who said no.
    let back = browser.at_discord(maren, "/");
    let changed = back.replace("state=", "state=x");
    assert_eq!(problem(&browser.get(&changed)), "/sign-in?problem=forged");
    let back = browser.at_discord(maren, "/");
    let cookies = browser.cookies.clone();
    assert_eq!(problem(&browser.get(&back)), "/");
    browser.cookies = cookies;
    assert_eq!(problem(&browser.get(&back)), "/sign-in?problem=discord");
    let back = browser.at_discord(maren, "/");
    let state = back.split("state=").nth(1).unwrap();
    let declined = browser.get(&format!("/auth/callback?error=access_denied&state={state}"));
    assert_eq!(problem(&declined), "/sign-in?problem=declined");

    // Only pages of our own are come back to; and where Discord has no room, it is waited for.
    let retry_after_ms = 300;
    let full = Fault::RateLimited { retry_after_ms, global: false, shared: false };
    town.sim.faults.add(Rule::next(2, full).on("GET /users/@me")).unwrap();
    let back = browser.at_discord(maren, "//evil.example/");
    assert_eq!(problem(&browser.get(&back)), "/");
    assert_eq!(town.sim.faults.struck(), 2);
}

#[test]
fn given_a_session_that_somebody_planted_then_signing_in_makes_another() {
    let (town, server) = town();
    let mut browser = Browser::at(&server);
    browser.cookies.insert("reeve".to_owned(), "planted".to_owned());
    assert_eq!(browser.get("/auth/session").json()["signedIn"], false);
    browser.signs_in(town.member("maren").person.user);
    let first = browser.cookies["reeve"].clone();
    assert_ne!(first, "planted");
    // And who signs in again has left the session of before.
    browser.signs_in(town.member("tobi").person.user);
    assert_ne!(browser.cookies["reeve"], first);
    let mut old = Browser::at(&server);
    old.cookies.insert("reeve".to_owned(), first);
    assert_eq!(old.get("/auth/session").json()["signedIn"], false);
}

// proves: DSH-04
#[test]
fn given_requests_of_another_site_then_they_are_refused() {
    let (town, server) = town();
    let mut browser = Browser::at(&server);
    browser.signs_in(town.owner().person.user);
    let (origin, csrf) = (browser.origin(), browser.csrf.clone().unwrap());
    let body = json!({ "query": "{ viewer { userId } }" }).to_string();
    let json = ("Content-Type", "application/json");
    let good = [json, ("Origin", origin.as_str()), ("X-CSRF-Token", csrf.as_str())];
    assert_eq!(browser.send("POST", "/graphql", &good, &body).status, 200);
    for (what, headers, status, code) in [
        (
            "another origin",
            vec![json, ("Origin", "https://evil.example"), good[2]],
            403,
            "FOREIGN_ORIGIN",
        ),
        (
            "no origin at all, from a page",
            vec![json, ("Sec-Fetch-Site", "cross-site"), good[2]],
            403,
            "FOREIGN_ORIGIN",
        ),
        ("no token", vec![json, good[1]], 403, "CSRF"),
        ("a wrong token", vec![json, good[1], ("X-CSRF-Token", "wrong")], 403, "CSRF"),
        ("a form", vec![("Content-Type", "text/plain"), good[1], good[2]], 415, "BAD_INPUT"),
    ] {
        let answer = browser.send("POST", "/graphql", &headers, &body);
        assert_eq!((answer.status, answer.code()), (status, json!(code)), "{what}");
    }
    let many: Vec<_> = (0..11).map(|_| json!({ "query": "{ status { log } }" })).collect();
    let answer = browser.send("POST", "/graphql", &good, &json!(many).to_string());
    assert_eq!((answer.status, answer.code()), (400, json!("BAD_INPUT")), "a batch");
    let answer = browser.send("POST", "/graphql", &good, "{\"query\": 5}");
    assert_eq!(answer.status, 400, "no question");
    let answer = browser.get("/");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}

// proves: SYN-01
#[test]
fn given_channels_that_discord_does_not_tell_then_names_come_from_the_copy_also_of_deleted_ones() {
    let (town, server) = town();
    let guild = town.community.guild;
    let owner = town.owner();
    let mill = owner.person.makes_channel("old-mill").unwrap();
    owner.person.deletes_channel(mill).unwrap();
    // From now on the list of channels cannot be asked for.
    let fault = Fault::ServerError { status: 503, after: false };
    let rule = Rule::by_chance(1.0, fault).on(&format!("GET /guilds/{guild}/channels"));
    town.sim.faults.add(rule).unwrap();
    let mut browser = Browser::at(&server);
    browser.signs_in(owner.person.user);
    let question =
        format!("{{ guild(id: \"{guild}\") {{ channels(gone: true) {{ name gone }} }} }}");
    let channels = eventually("what is told live is copied", || {
        let answer = browser.ask(&question).json();
        let channels = answer["data"]["guild"]["channels"].as_array()?.clone();
        let has = |name: &str, gone: bool| {
            channels.iter().any(|channel| channel["name"] == name && channel["gone"] == gone)
        };
        (has("general", false) && has("old-mill", true)).then_some(channels)
    });
    assert!(channels.iter().all(|channel| channel["name"] != ""), "{channels:?}");
    drop(server);
}
