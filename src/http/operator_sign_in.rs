//! Signing in as an operator without Discord: `GET /auth/operator` hands the form out, `POST` takes
//! it. Nobody is signed in yet, so what shows that the form is ours is a token in a sealed cookie
//! and the same one in the header.

use std::net::SocketAddr;

use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    doors::{self, CSRF, Doors, fault, refuse},
    sessions::{LONGEST_SECS, secret},
    sign_in::with_cookies,
};
use crate::operators::{BROWSER_SECS, Outcome, Try, password};

/// So long a form that was handed out is taken.
const PATIENCE_SECS: i64 = 600;
const PURPOSE: &str = "an operator's form";
const MAX_NAME_CHARS: usize = 64;
const MAX_CODE_CHARS: usize = 40;
/// Whoever meets others that sign in at the same moment tries again after that.
const BUSY_SECS: i64 = 2;

/// What the browser keeps of the form; sealed.
#[derive(Serialize, Deserialize)]
struct Form {
    token: String,
    began_at: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filled {
    name: String,
    password: String,
    code: String,
}

/// `GET /auth/operator`
pub async fn begin(State(doors): State<Doors>) -> Response {
    let form = Form { token: secret(), began_at: doors.now().as_secs() };
    let clear = serde_json::to_vec(&form).unwrap_or_default();
    let Some(sealed) = doors.sessions.seal(PURPOSE, &clear) else {
        return fault(&"a form could not be sealed");
    };
    let sealed = BASE64_URL_SAFE_NO_PAD.encode(sealed);
    let cookie = doors.cookie(doors.names().form, &sealed, PATIENCE_SECS);
    with_cookies(Json(json!({ "csrf": form.token })).into_response(), &[cookie])
}

/// `POST /auth/operator`
pub async fn finish(
    State(doors): State<Doors>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(response) = is_ours(&doors, &headers) {
        return response;
    }
    let filled = match filled(&headers, &body) {
        Ok(filled) => filled,
        Err(response) => return response,
    };
    let browser = doors::cookie_of(&headers, doors.names().operator);
    let client = headers.get(header::USER_AGENT).and_then(|client| client.to_str().ok());
    let wants = Try {
        name: &filled.name,
        password: &filled.password,
        code: &filled.code,
        address: Some(from.ip()),
        browser: browser.as_deref(),
        client: client.unwrap_or_default(),
    };
    match doors.operators.sign_in(wants).await {
        Ok(Outcome::In { token, browser }) => entered(&doors, &headers, &token, &browser).await,
        Ok(Outcome::Wrong) => {
            let text = "The name, the password or the code is wrong. A code works once: wait for the \
                        next one.";
            refuse(StatusCode::UNAUTHORIZED, "WRONG", text)
        }
        Ok(Outcome::Locked(until)) => later("LOCKED", until, doors.now()),
        Ok(Outcome::Busy) => later("BUSY", doors.now().plus_secs(BUSY_SECS), doors.now()),
        Err(error) => fault(&error),
    }
}

/// From a page of ours, in which the form was shown.
#[expect(clippy::result_large_err, reason = "the answer itself, once per request")]
fn is_ours(doors: &Doors, headers: &HeaderMap) -> Result<(), Response> {
    if !doors.comes_from_us(headers) {
        let text = "This request comes from another site.";
        return Err(refuse(StatusCode::FORBIDDEN, "FOREIGN_ORIGIN", text));
    }
    let given = headers.get(CSRF).map(HeaderValue::as_bytes).unwrap_or_default();
    let form = doors::cookie_of(headers, doors.names().form)
        .and_then(|sealed| BASE64_URL_SAFE_NO_PAD.decode(sealed).ok())
        .and_then(|sealed| doors.sessions.open(PURPOSE, &sealed))
        .and_then(|clear| serde_json::from_slice::<Form>(&clear).ok())
        .filter(|form| doors.now().as_secs() - form.began_at <= PATIENCE_SECS)
        .filter(|form| doors::same(given, form.token.as_bytes()));
    if form.is_none() {
        let text = "This form is too old, or not ours. Open the page again.";
        return Err(refuse(StatusCode::FORBIDDEN, "CSRF", text));
    }
    Ok(())
}

#[expect(clippy::result_large_err, reason = "the answer itself, once per request")]
fn filled(headers: &HeaderMap, body: &Bytes) -> Result<Filled, Response> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_none_or(|kind| kind.split(';').next() != Some("application/json")) {
        let text = "Send application/json.";
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_INPUT", text));
    }
    let filled = serde_json::from_slice(body).ok().filter(|filled: &Filled| {
        filled.name.chars().count() <= MAX_NAME_CHARS
            && filled.password.chars().count() <= password::LONGEST
            && filled.code.chars().count() <= MAX_CODE_CHARS
    });
    filled.ok_or_else(|| {
        let text = "Send {\"name\": \"…\", \"password\": \"…\", \"code\": \"…\"}.";
        refuse(StatusCode::BAD_REQUEST, "BAD_INPUT", text)
    })
}

/// Whoever was signed in before is not any more, and the token is a fresh one: one that somebody
/// planted signs nobody in.
async fn entered(doors: &Doors, headers: &HeaderMap, token: &str, browser: &str) -> Response {
    let names = doors.names();
    if let Some(old) = doors::cookie_of(headers, names.session)
        && let Err(error) = doors.sessions.end(&old).await
    {
        return fault(&error);
    }
    let cookies = [
        doors.cookie(names.session, token, LONGEST_SECS),
        doors.cookie(names.operator, browser, BROWSER_SECS),
        doors.cookie(names.form, "", 0),
    ];
    with_cookies(StatusCode::NO_CONTENT.into_response(), &cookies)
}

fn later(code: &str, until: Timestamp, now: Timestamp) -> Response {
    let secs = until.secs_since(now).max(1);
    let text = format!("Too many tries. Try again in {secs} s.");
    let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, code, &text);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
    response
}
