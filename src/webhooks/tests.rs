//! What is signed and how, what answers mean, and where no connection is made.

use std::{
    io::{ErrorKind, Write as _},
    net::SocketAddr,
    process::{Command, Stdio},
    time::Duration,
};

use http::{HeaderMap, StatusCode, header};
use http_body_util::Full;

use super::{
    outcome,
    reach::{Guarded, Reach, Unreached},
    signature,
};
use crate::processes::{Outcome, effect::code};

const DOCUMENT: &str = include_str!("../../docs/webhooks.md");
const SECRET: &str = "reevewh_0001";
const AT: &str = "1795003200";
const ID: &str = "5a1f7f2e-6a4e-5d55-9a6c-3f0b6c2f9d11";
const BODY: &str = "{\"type\":\"webhook.test\",\"data\":\"ä\"}";

fn block(language: &str) -> &'static str {
    let begin = format!("```{language}\n");
    let (_, rest) = DOCUMENT.split_once(&begin).unwrap();
    rest.split_once("```").unwrap().0
}

/// What a program says; none where this machine does not have it.
fn said(program: &str, arguments: &[&str], input: &str) -> Option<String> {
    let begun =
        Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match begun {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        begun => begun.unwrap(),
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} failed");
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

// proves: API-10
#[test]
fn given_the_documents_own_python_then_it_takes_what_is_signed_and_nothing_else() {
    let check = |given: &str, body: &str, now: &str| {
        let program = format!(
            "{}\nheaders = {{'Reeve-Timestamp': '{AT}', 'Reeve-Delivery': '{ID}', \
             'Reeve-Signature': '{given}'}}\n\
             print(is_from_reeve('{SECRET}', headers, '''{body}'''.encode(), {now}))\n",
            block("python")
        );
        said("python3", &["-"], &program)
    };
    let good = signature(SECRET, AT, ID, BODY);
    let Some(answer) = check(&good, BODY, "1795003260") else {
        eprintln!("skipped: there is no python3 here");
        return;
    };
    assert_eq!(answer, "True");
    assert_eq!(check(&signature("another", AT, ID, BODY), BODY, AT).unwrap(), "False");
    assert_eq!(check(&good, "{}", AT).unwrap(), "False", "another body");
    assert_eq!(check(&good, BODY, "1795009999").unwrap(), "False", "kept for too long");
}

// proves: API-10
#[test]
fn given_the_documents_own_javascript_then_it_takes_what_is_signed_and_nothing_else() {
    let check = |given: &str, body: &str, now: &str| {
        let program = format!(
            "{}\nconst headers = {{'reeve-timestamp': '{AT}', 'reeve-delivery': '{ID}', \
             'reeve-signature': '{given}'}};\n\
             console.log(isFromReeve('{SECRET}', headers, Buffer.from('{body}'), {now}));\n",
            block("javascript")
        );
        said("node", &["--input-type=module", "-"], &program)
    };
    let good = signature(SECRET, AT, ID, BODY);
    let Some(answer) = check(&good, BODY, "1795003260") else {
        eprintln!("skipped: there is no node here");
        return;
    };
    assert_eq!(answer, "true");
    assert_eq!(check(&signature("another", AT, ID, BODY), BODY, AT).unwrap(), "false");
    assert_eq!(check(&good, "{}", AT).unwrap(), "false", "another body");
    assert_eq!(check(&good, BODY, "1795009999").unwrap(), "false", "kept for too long");
}

#[test]
fn given_an_answer_then_it_is_taken_tried_again_waited_for_or_the_end() {
    let answered = |status: u16, after: Option<&str>| {
        let mut headers = HeaderMap::new();
        if let Some(after) = after {
            headers.insert(header::RETRY_AFTER, after.parse().unwrap());
        }
        outcome(StatusCode::from_u16(status).unwrap(), &headers)
    };
    for status in [200, 201, 204, 299] {
        assert_eq!(answered(status, None), Outcome::Done(Some(status.to_string())));
    }
    for status in [301, 302, 304, 307, 308, 400, 401, 403, 404, 500, 502, 503, 504] {
        assert!(matches!(answered(status, None), Outcome::Unknown(_)), "{status}");
    }
    assert!(matches!(answered(410, None), Outcome::Refused { code: code::RECEIVER_GONE, .. }));
    let waits = |outcome| match outcome {
        Outcome::RateLimited { after, global: false } => after,
        other => panic!("{other:?}"),
    };
    assert_eq!(waits(answered(429, None)), Duration::from_mins(1));
    assert_eq!(waits(answered(429, Some("7"))), Duration::from_secs(7));
    assert_eq!(waits(answered(429, Some("0"))), Duration::from_secs(1));
    assert_eq!(waits(answered(429, Some("9999999999"))), Duration::from_hours(1));
    assert_eq!(waits(answered(503, Some("Wed, 18 Nov 2026 12:00:00 GMT"))), Duration::from_mins(1));
}

// proves: API-10
#[test]
fn given_a_name_that_leads_inside_as_well_then_nothing_is_asked() {
    let found = |addresses: &[&str]| -> Vec<SocketAddr> {
        addresses.iter().map(|address| address.parse().unwrap()).collect()
    };
    let guarded = Guarded { anywhere: false };
    let public = found(&["1.1.1.1:443", "[2606:4700:4700::1111]:443"]);
    assert_eq!(guarded.allowed(&public), Ok(public.as_slice()));
    assert_eq!(guarded.allowed(&[]), Err(Unreached::NoName));
    for inside in [
        found(&["127.0.0.1:443"]),
        found(&["1.1.1.1:443", "10.0.0.1:443"]),
        found(&["[::ffff:169.254.169.254]:443"]),
        found(&["1.1.1.1:443", "[fd00::1]:443"]),
    ] {
        assert_eq!(guarded.allowed(&inside), Err(Unreached::NotPublic), "{inside:?}");
        assert_eq!(Guarded { anywhere: true }.allowed(&inside), Ok(inside.as_slice()));
    }
}

// proves: API-10
#[tokio::test]
async fn given_a_name_for_this_machine_then_no_connection_is_made_to_it() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let public = Reach::public().unwrap();
    let ask = async |host: &str| {
        let uri = format!("https://{host}:{port}/hook");
        public.ask(http::Request::post(uri).body(Full::default()).unwrap()).await.err()
    };
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        assert_eq!(ask(host).await, Some(Unreached::NotPublic), "{host}");
    }
    // As older programs write addresses: no name that a certificate could be for.
    for host in ["127.1", "2130706433", "0x7f000001", "0"] {
        assert!(ask(host).await.is_some(), "{host}");
    }
    // Whoever had connected would wait in the listener's line.
    let nobody = tokio::select! {
        biased;
        _ = listener.accept() => false,
        () = std::future::ready(()) => true,
    };
    assert!(nobody, "nobody came");
}
