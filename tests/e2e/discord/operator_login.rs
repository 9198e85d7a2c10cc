//! An operator signs in by name, while there is no Discord: made at the console, in by the real
//! routes, out when the console says so.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::Stdio,
};

use reeve::operators::totp;
use serde_json::{Value, json};

use super::dashboard::{Answer, Browser};
use crate::support::{GUILD, House, Server, database, eventually};

const NAME: &str = "ada.canary";
const PASSWORD: &str = "correct horse battery";

/// What somebody at the console has noted down.
struct Noted {
    secret: totp::Secret,
    recovery: Vec<String>,
}

impl Noted {
    /// The code after the one of this moment: the server takes it, and it was not used yet.
    fn next_code(&self) -> String {
        totp::code(&self.secret, now() + 30)
    }
}

fn now() -> i64 {
    eventlog::system_clock()().as_secs()
}

fn decoded(base32: &str) -> totp::Secret {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => u32::from(letter - b'A'),
        _ => u32::from(letter - b'2' + 26),
    };
    let (mut bits, mut have, mut bytes) = (0_u32, 0, Vec::new());
    for letter in base32.bytes() {
        bits = (bits << 5) | value(letter);
        have += 5;
        if have >= 8 {
            have -= 8;
            bytes.push(u8::try_from((bits >> have) & 0xff).unwrap());
        }
    }
    bytes.try_into().unwrap()
}

/// `reeve operator add`, as somebody at the console has it: a password, then the code of what it says.
fn add(house: &House) -> Noted {
    let mut command = house.command(&["operator", "add", NAME, "--json"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut typed = child.stdin.take().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    writeln!(typed, "{PASSWORD}").unwrap();
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    let address = told["authenticator"].as_str().unwrap();
    let secret = address.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    let secret = decoded(secret);
    // One that is mistyped is forgiven.
    writeln!(typed, "12345").unwrap();
    writeln!(typed, "{}", totp::code(&secret, now())).unwrap();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
    let told: Value = serde_json::from_str(rest.lines().last().unwrap()).unwrap();
    let codes = told["recovery_codes"].as_array().unwrap();
    let recovery = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    Noted { secret, recovery }
}

/// A command whose password comes by standard input.
fn typed(house: &House, arguments: &[&str], lines: &str) -> crate::support::Answer {
    let mut command = house.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    crate::support::Answer::new(arguments, &child.wait_with_output().unwrap())
}

/// The form, filled in and sent as our own page does.
fn sends(browser: &mut Browser, password: &str, code: &str) -> Answer {
    let csrf = browser.get("/auth/operator").json()["csrf"].as_str().unwrap().to_owned();
    let origin = browser.origin();
    let headers = [
        ("Content-Type", "application/json"),
        ("Origin", origin.as_str()),
        ("X-CSRF-Token", csrf.as_str()),
    ];
    let body = json!({ "name": NAME, "password": password, "code": code }).to_string();
    let answer = browser.posts("/auth/operator", &headers, &body);
    browser.knows_its_session();
    answer
}

fn is_signed_in(browser: &mut Browser) -> bool {
    browser.get("/auth/session").json()["signedIn"] == true
}

/// Requests that are not our own page's, or say nothing.
fn is_guarded(server: &Server) {
    let mut browser = Browser::at(server);
    let (origin, json) = (browser.origin(), ("Content-Type", "application/json"));
    let csrf = browser.get("/auth/operator").json()["csrf"].as_str().unwrap().to_owned();
    let (ours, token) = (("Origin", origin.as_str()), ("X-CSRF-Token", csrf.as_str()));
    let body = json!({ "name": NAME, "password": PASSWORD, "code": "000000" }).to_string();
    for (what, headers, body, status, code) in [
        (
            "another site",
            vec![json, ("Origin", "https://evil.example"), token],
            body.as_str(),
            403,
            "FOREIGN_ORIGIN",
        ),
        (
            "a form of another site",
            vec![json, ("Sec-Fetch-Site", "cross-site"), token],
            &body,
            403,
            "FOREIGN_ORIGIN",
        ),
        ("no token", vec![json, ours], &body, 403, "CSRF"),
        ("a wrong token", vec![json, ours, ("X-CSRF-Token", "x")], &body, 403, "CSRF"),
        ("no JSON", vec![("Content-Type", "text/plain"), ours, token], &body, 415, "BAD_INPUT"),
        ("no form", vec![json, ours, token], "{\"name\": 5}", 400, "BAD_INPUT"),
    ] {
        let answer = browser.posts("/auth/operator", &headers, body);
        assert_eq!((answer.status, answer.code()), (status, json!(code)), "{what}");
    }
    let long = json!({ "name": NAME, "password": "x".repeat(300), "code": "0" }).to_string();
    assert_eq!(browser.posts("/auth/operator", &[json, ours, token], &long).status, 400);
    // Whose cookie is not the token's own.
    let mut other = Browser::at(server);
    other.get("/auth/operator");
    let answer = other.posts("/auth/operator", &[json, ours, token], &body);
    assert_eq!((answer.status, answer.code()), (403, json!("CSRF")));
}

/// What an operator without Discord sees and does, and what is refused.
fn runs_the_installation(house: &House, browser: &mut Browser) {
    let viewer = browser.ask(
        "{ viewer { userId name isOperator guilds { id } punished { guild } sessions { isThisOne } } \
         operations { maintenance { on } readModels { name } } }",
    );
    let data = viewer.json()["data"].clone();
    assert_eq!(
        data["viewer"],
        json!({
            "userId": null, "name": NAME, "isOperator": true, "guilds": [], "punished": [],
            "sessions": [{ "isThisOne": true }],
        })
    );
    assert!(!data["operations"]["readModels"].as_array().unwrap().is_empty());
    let switch =
        "mutation { maintenanceSwitch(input: {on: true, key: \"once\"}) { done { status } } }";
    let done = browser.ask(switch).json();
    assert_eq!(done["data"]["maintenanceSwitch"]["done"]["status"], "DONE", "{done}");
    house.reeve(&["maintenance", "status"]).ok().says("Maintenance is on.");
    let events = house.reeve(&["events", "--type", "platform_settings.changed"]).ok();
    assert!(events.out.contains("by operator"), "{}", events.out);

    let guild = format!("{{ guild(id: \"{GUILD}\") {{ name }} }}");
    let cases = "{ operations { cases { nodes { number } } } }";
    let visit = format!(
        "mutation {{ visitBegin(input: {{guild: \"{GUILD}\", reason: \"a look around\", key: \"v\"}}) \
         {{ until }} }}"
    );
    for question in [guild.as_str(), cases, &visit] {
        assert_eq!(browser.ask(question).code(), "FORBIDDEN", "{question}");
    }
    for path in [
        format!("/g/{GUILD}/levels/export.csv"),
        format!("/api/v1/guilds/{GUILD}/exports/balances"),
        format!("/api/v1/guilds/{GUILD}"),
    ] {
        let answer = browser.get(&path);
        assert_eq!((answer.status, answer.code()), (403, json!("FORBIDDEN")), "{path}");
    }
}

fn story(house: &House) {
    house.reeve(&["operator", "list"]).ok().says("Nobody signs in without Discord.");
    let noted = add(house);
    house.reeve(&["operator", "add", "ADA.canary"]).exits(1).says("there is an operator");
    assert_eq!(noted.recovery.len(), 10);

    let server = house.serve(&[]);
    let mut browser = Browser::at(&server);
    assert_eq!(browser.get("/auth/sign-in").status, 503, "there is no Discord");
    is_guarded(&server);
    let wrong = sends(&mut browser, "wrong horse battery", &noted.next_code());
    assert_eq!((wrong.status, wrong.code()), (401, json!("WRONG")));
    assert!(!is_signed_in(&mut browser));

    // Whatever somebody planted in this browser signs nobody in.
    browser.keeps("reeve", "planted");
    let code = noted.next_code();
    assert_eq!(sends(&mut browser, PASSWORD, &code).status, 204);
    assert_ne!(browser.cookie("reeve"), Some("planted"));
    assert!(is_signed_in(&mut browser));
    runs_the_installation(house, &mut browser);
    let mut other = Browser::at(&server);
    assert_eq!(sends(&mut other, PASSWORD, &code).status, 401, "a code works once");

    // The console puts out who is in; the server, another process, believes it soon.
    let line = house.reeve(&["operator", "list", "--json"]).ok().json();
    let ada = &line["operators"][0];
    assert_eq!((&ada["name"], &ada["sessions"]), (&json!(NAME), &json!(1)));
    let change = ["operator", "password", NAME];
    typed(house, &change, "short\n").exits(1).says("use a password of 12");
    typed(house, &change, "a quite different one\n").ok().says("signed out everywhere");
    eventually("the session ends", || (!is_signed_in(&mut browser)).then_some(()));
    assert_eq!(sends(&mut browser, PASSWORD, &noted.recovery[0]).status, 401);
    assert_eq!(sends(&mut browser, "a quite different one", &noted.recovery[0]).status, 204);
    house.reeve(&["operator", "remove", NAME]).ok().says("is no operator any more");
    eventually("the session ends", || (!is_signed_in(&mut browser)).then_some(()));
    assert_eq!(sends(&mut browser, "a quite different one", &noted.recovery[1]).status, 401);
    house.reeve(&["operator", "remove", NAME]).exits(1).says("there is no operator");

    // Too many are told when to come again.
    let mut last = sends(&mut browser, "a quite different one", "000000");
    for _ in 0..10 {
        if last.status == 429 {
            break;
        }
        last = sends(&mut browser, "a quite different one", "000000");
    }
    assert_eq!((last.status, last.code()), (429, json!("LOCKED")));
    assert!(last.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);

    let (_, metrics) = server.get("/metrics");
    for outcome in ["in", "wrong", "locked"] {
        let line = format!("reeve_operator_sign_ins_total{{outcome=\"{outcome}\"}}");
        assert!(metrics.contains(&line), "no {line}");
    }
    let log = server.log();
    assert!(log.contains("an operator signed in by name"), "{log}");
    for secret in [NAME, "horse battery", noted.recovery[0].as_str()] {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
}

#[test]
fn given_no_discord_then_an_operator_made_at_the_console_signs_in_and_is_put_out() {
    story(&House::new());
}

#[test]
fn given_no_discord_on_postgres_then_an_operator_signs_in_and_is_put_out() {
    let Some(database) = database() else { return };
    story(&House::on(&database));
}
