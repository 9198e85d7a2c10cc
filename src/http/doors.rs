//! The way in: cookies, where a request comes from, what it must carry, and how many may come.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroUsize,
    sync::Arc,
    time::Instant,
};

use axum::{
    Json,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::Timestamp;
use eventlog::Clock;
use lru::LruCache;
use parking_lot::Mutex;
use schema::{ReeveSchema, Trouble};
use serde_json::json;

use crate::operators::Operators;

use super::{
    answers::Answers,
    bearer,
    callers::Callers,
    downloads::Room,
    exports::Allowance,
    pictures::Pictures,
    sessions::{Session, Sessions, hash},
    sign_in::SignIn,
    tokens::Tokens,
};

pub const CSRF: &str = "x-csrf-token";

/// What scripts, styles and pictures a page of ours may have, and that nobody frames it.
pub fn content_security(pictures: &Pictures) -> std::io::Result<HeaderValue> {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self' data: {}; font-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'",
        pictures.origin()
    );
    HeaderValue::try_from(policy).map_err(std::io::Error::other)
}

/// Requests that one browser may have at once, and how many come back each second.
const OF_A_SESSION: Rate = Rate { burst: 200.0, each_second: 40.0 };
/// Browsers, keys and addresses of which it is remembered how many came.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(20_000).expect("it is not zero");

#[derive(Clone)]
pub struct Doors(Arc<Shared>);

pub struct Shared {
    pub schema: ReeveSchema,
    pub house: Arc<schema::House>,
    pub sessions: Sessions,
    pub operators: Operators,
    pub sign_in: SignIn,
    /// `https://reeve.example`, without a slash behind it.
    pub origin: String,
    pub clock: Clock,
    pub rates: Rates,
    pub callers: Callers,
    pub answers: Answers,
    pub tokens: Tokens,
    /// Other sites whose pages may ask with a key.
    pub cors_origins: Vec<String>,
    pub room: Room,
    pub allowance: Allowance,
    pub pictures: Pictures,
    pub content_security: HeaderValue,
}

impl std::ops::Deref for Doors {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl std::fmt::Debug for Doors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Doors").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Names of our cookies. Over https they are such that no other host can set them; over plain http,
/// as in the demo, a browser does not take those names.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    pub session: &'static str,
    pub under_way: &'static str,
    /// The form in which an operator signs in.
    pub form: &'static str,
    /// A browser in which an operator signed in before.
    pub operator: &'static str,
}

impl Doors {
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn is_secure(&self) -> bool {
        self.origin.starts_with("https://")
    }

    pub fn names(&self) -> Names {
        if self.is_secure() {
            Names {
                session: "__Host-reeve",
                under_way: "__Host-reeve-sign-in",
                form: "__Host-reeve-form",
                operator: "__Host-reeve-operator",
            }
        } else {
            Names {
                session: "reeve",
                under_way: "reeve-sign-in",
                form: "reeve-form",
                operator: "reeve-operator",
            }
        }
    }

    pub fn callback(&self) -> String {
        format!("{}/auth/callback", self.origin)
    }

    /// Scripts do not see it, and other sites do not send it.
    pub fn cookie(&self, name: &str, value: &str, secs: i64) -> String {
        let secure = if self.is_secure() { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={secs}{secure}")
    }

    /// Who asks; none where nobody is signed in.
    pub async fn session(&self, headers: &HeaderMap) -> Result<Option<Session>, Response> {
        let Some(token) = cookie_of(headers, self.names().session) else { return Ok(None) };
        self.sessions.find(&token).await.map_err(|error| fault(&error))
    }

    /// Who asks for something that could change something: from our own pages, and where somebody
    /// is signed in, with the token that only our own pages can read.
    pub async fn guarded(&self, headers: &HeaderMap) -> Result<Option<Session>, Response> {
        if !self.comes_from_us(headers) {
            let text = "This request comes from another site.";
            return Err(refuse(StatusCode::FORBIDDEN, "FOREIGN_ORIGIN", text));
        }
        let session = self.session(headers).await?;
        if let Some(session) = &session {
            let given = headers.get(CSRF).map(HeaderValue::as_bytes).unwrap_or_default();
            if !same(given, session.csrf.as_bytes()) {
                let text = "The header X-CSRF-Token is missing or wrong; /auth/session tells it.";
                return Err(refuse(StatusCode::FORBIDDEN, "CSRF", text));
            }
        }
        Ok(session)
    }

    /// Browsers say where a request comes from; what is no browser says nothing, and has no cookie
    /// that it did not ask for itself.
    pub fn comes_from_us(&self, headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        if let Some(origin) = text("origin") {
            return origin == self.origin;
        }
        text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"))
    }
}

pub fn cookie_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(known, _)| known.trim() == name);
    found.map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Takes as long whatever is different.
pub fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// An answer that is an error, in GraphQL's own shape.
pub fn refuse(status: StatusCode, code: &str, text: &str) -> Response {
    let body = json!({ "errors": [{ "message": text, "extensions": { "code": code } }] });
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Logged once, with the id that the answer carries.
pub fn fault(error: &dyn std::fmt::Display) -> Response {
    let Trouble { text, error_id, .. } = Trouble::fault(error);
    let body = json!({ "errors": [{
        "message": text,
        "extensions": { "code": "FAULT", "errorId": error_id },
    }] });
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}

/// What every answer says to the browser.
pub async fn headers(State(doors): State<Doors>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, doors.content_security.clone());
    if doors.is_secure() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// Not more than so many of one browser, of one key, and of one address.
pub async fn limits(State(doors): State<Doors>, request: Request, next: Next) -> Response {
    // Files cost nothing worth counting.
    if request.method() == Method::GET && is_file(request.uri().path()) {
        return next.run(request).await;
    }
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip());
    let who = doors.source(request.headers());
    let taken = doors.rates.take(who, address, 1, Instant::now());
    let (mut response, left) = match taken {
        Ok(left) => (next.run(request).await, left),
        Err((wait, left)) => (too_many(wait), left),
    };
    if let Some(address) = address {
        doors.callers.note(address, response.status(), doors.now());
    }
    let ours = response.headers_mut();
    for (name, value) in left.into_iter().flat_map(Left::headers) {
        ours.insert(name, HeaderValue::from(value));
    }
    response
}

/// What is told to whoever asks too often.
pub fn too_many(secs: u64) -> Response {
    metrics::counter!("reeve_http_too_many_total").increment(1);
    let text = format!("Too many requests. Try again in {secs} s.");
    let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, "BUSY", &text);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
    response
}

impl Doors {
    /// Of whom a request counts, besides its address: the key that it shows, else its browser.
    pub fn source(&self, headers: &HeaderMap) -> Option<Source> {
        if let Some(given) = bearer::shown(headers) {
            // All tokens of a key count together, or whoever exchanges it often might ask more often.
            let key = self.tokens.opened(given).map(|(_, id)| hash(&id.to_string()));
            return Some(Source::Key(key.unwrap_or_else(|| hash(given))));
        }
        cookie_of(headers, self.names().session).map(|token| Source::Session(hash(&token)))
    }
}

fn is_file(path: &str) -> bool {
    path.starts_with("/assets/")
}

#[derive(Clone, Copy, Debug)]
struct Rate {
    burst: f64,
    each_second: f64,
}

impl Rate {
    /// A sixth of it at once.
    fn a_minute(most: u32) -> Self {
        Self { burst: (f64::from(most) / 6.0).max(1.0), each_second: f64::from(most) / 60.0 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    Session([u8; 32]),
    Key([u8; 32]),
    Address(IpAddr),
}

/// How many a key has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    most: u64,
    remaining: u64,
    /// Seconds until it has all of them again.
    reset: u64,
}

impl Left {
    fn headers(self) -> [(&'static str, u64); 3] {
        [
            ("ratelimit-limit", self.most),
            ("ratelimit-remaining", self.remaining),
            ("ratelimit-reset", self.reset),
        ]
    }
}

/// How many each has left.
#[derive(Debug)]
pub struct Rates {
    left: Mutex<LruCache<Source, (f64, Instant)>>,
    of_a_key: Rate,
    of_an_address: Rate,
}

impl Rates {
    /// So many a minute of one key, and of one address, behind which there may be several.
    pub fn new(of_a_key: u32, of_an_address: u32) -> Self {
        Self {
            left: Mutex::new(LruCache::new(REMEMBERED)),
            of_a_key: Rate::a_minute(of_a_key),
            of_an_address: Rate::a_minute(of_an_address),
        }
    }

    /// What is left where it is a key; seconds to wait where there are too many.
    pub fn take(
        &self,
        who: Option<Source>,
        address: Option<IpAddr>,
        many: u32,
        now: Instant,
    ) -> Result<Option<Left>, (u64, Option<Left>)> {
        let mut all = self.left.lock();
        let mut told = None;
        for from in who.into_iter().chain(address.map(Source::Address)) {
            let rate = match from {
                Source::Session(_) => OF_A_SESSION,
                Source::Key(_) => self.of_a_key,
                Source::Address(_) => self.of_an_address,
            };
            let known = all.get_or_insert_mut(from, || (rate.burst, now));
            let passed = now.saturating_duration_since(known.1).as_secs_f64();
            let there = passed.mul_add(rate.each_second, known.0).min(rate.burst);
            // What is more than can ever be there is let through where all of it is.
            let wanted = f64::from(many).min(rate.burst.floor());
            let is_enough = there >= wanted;
            let rest = if is_enough { there - wanted } else { there };
            *known = (rest, now);
            let left = Left {
                most: whole(rate.burst.floor()),
                remaining: whole(rest.floor()),
                reset: whole(((rate.burst - rest) / rate.each_second).ceil()),
            };
            if matches!(from, Source::Key(_)) {
                told = Some(left);
            }
            if !is_enough {
                return Err((whole(((wanted - there) / rate.each_second).ceil()).max(1), told));
            }
        }
        Ok(told)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn given_a_flood_of_one_browser_then_it_waits_and_others_do_not() {
        let (rates, now) = (Rates::new(60, 600), Instant::now());
        let (one, two) = (Some(Source::Session([1; 32])), Some(Source::Session([2; 32])));
        let mut let_through = 0;
        while rates.take(one, None, 1, now).is_ok() {
            let_through += 1;
            assert!(let_through <= 200, "there is no end");
        }
        assert_eq!(let_through, 200);
        assert!(rates.take(two, None, 1, now).is_ok());
        assert!(rates.take(one, None, 1, now + Duration::from_secs(1)).is_ok());
    }

    // proves: API-08
    #[test]
    fn given_a_key_then_it_is_told_what_is_left_and_how_long_to_wait() {
        let (rates, now) = (Rates::new(60, 600), Instant::now());
        let (key, home) = (Some(Source::Key([1; 32])), Some(IpAddr::from([127, 0, 0, 1])));
        let left = |remaining, reset| Some(Left { most: 10, remaining, reset });
        assert_eq!(rates.take(key, home, 1, now), Ok(left(9, 1)));
        assert_eq!(rates.take(key, home, 9, now), Ok(left(0, 10)), "many at once count as many");
        assert_eq!(rates.take(key, home, 1, now), Err((1, left(0, 10))));
        assert_eq!(rates.take(key, home, 5, now), Err((5, left(0, 10))));
        let other = Some(Source::Key([2; 32]));
        assert_eq!(rates.take(other, home, 1, now), Ok(left(9, 1)));
        let later = now + Duration::from_secs(3);
        assert_eq!(rates.take(key, home, 1, later), Ok(left(2, 8)));
        // More than there ever is, where all of it is there.
        assert_eq!(rates.take(Some(Source::Key([3; 32])), home, 50, now), Ok(left(0, 10)));
        // Whoever shows another key each time is stopped by their address.
        let mut shown = 10_u8;
        while rates.take(Some(Source::Key([shown; 32])), home, 1, now).is_ok() {
            shown += 1;
            assert!(shown < 200, "there is no end");
        }
    }

    #[test]
    fn given_cookies_then_the_one_by_that_name_is_found() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; reeve=tok; reeve-x=2"));
        assert_eq!(cookie_of(&headers, "reeve"), Some("tok".to_owned()));
        assert_eq!(cookie_of(&headers, "reev"), None);
        headers.clear();
        headers.append(header::COOKIE, HeaderValue::from_static("reeve="));
        assert_eq!(cookie_of(&headers, "reeve"), None);
    }

    #[test]
    fn given_two_texts_then_only_equal_ones_are_the_same() {
        assert!(same(b"abc", b"abc"));
        for other in [b"abd".as_slice(), b"ab", b"abcd", b""] {
            assert!(!same(b"abc", other));
        }
    }
}
