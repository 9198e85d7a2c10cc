//! Discord's REST API, version 10, on the simulator's world. One request goes through it like this:
//! is the address welcome, who asks, is there room in the bucket, what is in the body, and then the
//! route's own function, which checks who may do what and calls a verb of the world.
//!
//! To add a route: a function `fn(&Call) -> Done` in the file of its resource, one line in
//! `routes.rs`, and a rate in `rates.rs` where Discord's differs from the usual.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::Arc,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{
        ConnectInfo, RawPathParams, Request, State as Held, rejection::RawPathParamsRejection,
    },
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{MethodFilter, get, on, post},
};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::{faults::Fault, snowflake::Id};

pub mod attachment;
mod automod;
mod call;
mod cdn;
mod channel;
mod command;
pub mod form;
mod guild;
mod interaction;
mod member;
mod message;
mod multipart;
pub mod oauth;
mod picture;
mod query;
pub mod rates;
mod reaction;
pub mod refusal;
mod role;
mod routes;
mod thread;
mod user;
mod webhook;
mod wire;

use self::{
    call::{Answer, Call, Caller},
    rates::{Rates, Verdict},
    refusal::Refusal,
    routes::{ROUTES, Route, Who},
};

pub type Shared = Arc<crate::Shared>;
type Params = Result<RawPathParams, RawPathParamsRejection>;

const PREFIXES: [&str; 2] = ["/api/v10", "/api"];
const REASON: &str = "x-audit-log-reason";
const LONGEST_REASON: usize = 512;
const MOST_COMMAND_PERMISSIONS: usize = 10_000;

/// By application and guild: the day, and how many.
type Creates = HashMap<(Id, Option<Id>), (u64, u32)>;

/// What REST remembers besides the world.
#[derive(Debug)]
pub struct State {
    pub rates: Mutex<Rates>,
    pub grants: Mutex<oauth::Grants>,
    pub files: Mutex<attachment::Files>,
    /// New commands of today.
    creates: Mutex<Creates>,
    command_permissions: Mutex<BTreeMap<(Id, Id, Id), Value>>,
    /// Signs the addresses of files.
    key: [u8; 32],
    #[cfg(feature = "judge")]
    judge: std::sync::OnceLock<crate::judge::Judge>,
}

impl State {
    pub fn new(seed: u64) -> Self {
        let key = <sha2::Sha256 as sha2::Digest>::digest(format!("files of {seed}"));
        Self {
            rates: Mutex::default(),
            grants: Mutex::default(),
            files: Mutex::default(),
            creates: Mutex::default(),
            command_permissions: Mutex::default(),
            key: key.into(),
            #[cfg(feature = "judge")]
            judge: std::sync::OnceLock::new(),
        }
    }
}

impl crate::Shared {
    /// Makes every rate limit so many times as high, for tests and measurements that are about
    /// something else.
    pub fn relax_rates(&self, times: u32) {
        self.rest.rates.lock().times = times;
    }
}

#[cfg(feature = "judge")]
impl crate::Shared {
    /// From here on every exchange is checked against the description of Discord's API in this
    /// file. A second judge changes nothing.
    pub fn judge(&self, path: &std::path::Path) -> Result<(), crate::judge::Unusable> {
        let judge = crate::judge::Judge::open(path)?;
        let _ = self.rest.judge.set(judge);
        Ok(())
    }

    /// What was wrong so far, on either side.
    pub fn violations(&self) -> Vec<crate::judge::Violation> {
        self.rest.judge.get().map(crate::judge::Judge::violations).unwrap_or_default()
    }

    /// How many exchanges were judged: a judge who saw nothing proves nothing.
    pub fn judged(&self) -> u64 {
        self.rest.judge.get().map_or(0, crate::judge::Judge::exchanges)
    }
}

/// Every route: its method, and its path with the names of its parameters.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|route| (route.method, route.template))
}

pub fn router(shared: &Shared) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let filter = match route.method {
            "GET" => MethodFilter::GET,
            "POST" => MethodFilter::POST,
            "PUT" => MethodFilter::PUT,
            "PATCH" => MethodFilter::PATCH,
            _ => MethodFilter::DELETE,
        };
        for prefix in PREFIXES {
            let run = move |Held(shared): Held<Shared>, params: Params, request| async move {
                match params {
                    Ok(params) => serve(shared, route, params, request).await,
                    // The path is no text.
                    Err(_) => plain(&refusal::BAD_REQUEST),
                }
            };
            let path = format!("{prefix}{}", route.template);
            // discord.js encodes the sign, and a route is matched as it is written.
            if path.contains('@') {
                router = router.route(&path.replace('@', "%40"), on(filter, run));
            }
            router = router.route(&path, on(filter, run));
        }
    }
    for prefix in PREFIXES {
        router = router
            .route(&format!("{prefix}/oauth2/authorize"), get(oauth::page::show))
            .route(&format!("{prefix}/oauth2/token"), post(token))
            .route(&format!("{prefix}/oauth2/token/revoke"), post(revoke));
    }
    router
        .route("/oauth2/authorize", get(oauth::page::show).post(oauth::page::decide))
        .route("/avatars/{user}/{file}", get(cdn::drawn))
        .route("/icons/{guild}/{file}", get(cdn::drawn))
        .route("/emojis/{file}", get(cdn::drawn))
        .route("/role-icons/{role}/{file}", get(cdn::drawn))
        .route("/embed/avatars/{file}", get(cdn::drawn))
        .route("/guilds/{guild}/users/{user}/avatars/{file}", get(cdn::drawn))
        .route("/attachments/{channel}/{id}/{filename}", get(cdn::attached))
        .method_not_allowed_fallback(|| async { plain(&refusal::METHOD_NOT_ALLOWED) })
        .fallback(|| async { plain(&refusal::NOT_FOUND) })
        .with_state(Arc::clone(shared))
}

fn plain(refusal: &Refusal) -> Response {
    wire::json(refusal.status, &refusal.body())
}

/// Where a client reached this server, for the addresses in answers.
fn host(headers: &HeaderMap, shared: &crate::Shared) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.map_or_else(|| shared.address().to_string(), str::to_owned)
}

fn address(parts: &Parts) -> String {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or_else(|| "local".to_owned(), |peer| peer.0.ip().to_string())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What came of a request before it is put on the wire.
#[derive(Debug)]
struct Outcome {
    result: Result<Answer, Refusal>,
    limits: Option<rates::Headers>,
    /// How a 429 is meant: of the user, of everything, of a resource that is shared.
    scope: Option<&'static str>,
    retry_ms: u64,
}

impl Outcome {
    fn refused(refusal: Refusal) -> Self {
        Self { result: Err(refusal), limits: None, scope: None, retry_ms: 0 }
    }

    fn limited(retry_ms: u64, scope: &'static str, limits: Option<rates::Headers>) -> Self {
        Self { scope: Some(scope), limits, retry_ms, ..Self::refused(refusal::RATE_LIMITED) }
    }
}

async fn serve(
    shared: Shared,
    route: &'static Route,
    params: RawPathParams,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let path = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let body = to_bytes(body, multipart::MOST_BODY).await;
    let mut passage = Passage { shared: &shared, route, parts: &parts, fault: None };
    let (outcome, call) = passage.go(path, body.ok()).await;
    let fault = passage.fault;
    judged(&shared, route, call.as_ref(), &outcome);
    if let Some(Fault::Slow { ms }) = fault {
        shared.clock.until(shared.clock.now_ms().saturating_add(ms)).await;
    }
    wire::answer(&outcome, fault)
}

#[cfg(feature = "judge")]
fn judged(shared: &Shared, route: &Route, call: Option<&Call>, outcome: &Outcome) {
    let Some(judge) = shared.rest.judge.get() else { return };
    let (status, response) = wire::body(outcome);
    judge.hear(crate::judge::Exchange {
        method: route.method,
        template: route.template,
        query: call.map_or(&[], |call| call.query.as_slice()),
        request: call.map(|call| &call.sent.json),
        status,
        response: response.as_ref(),
    });
}

#[cfg(not(feature = "judge"))]
fn judged(_: &Shared, _: &Route, _: Option<&Call>, _: &Outcome) {}

/// One request on its way in.
struct Passage<'a> {
    shared: &'a Shared,
    route: &'static Route,
    parts: &'a Parts,
    fault: Option<Fault>,
}

impl Passage<'_> {
    async fn go(
        &mut self,
        path: Vec<(String, String)>,
        body: Option<Bytes>,
    ) -> (Outcome, Option<Call>) {
        let shared = self.shared;
        let now = shared.clock.now_ms();
        let address = address(self.parts);
        let caller = match self.caller(now) {
            Ok(caller) => caller,
            Err(refusal) => {
                // Somebody unknown has no bucket, but their address is counted and turned away.
                let request = self.request("", "", &address, false);
                let blocked = shared.rest.rates.lock().is_blocked(request, now);
                if let Some(retry_ms) = blocked {
                    return (Outcome::limited(retry_ms, wire::BLOCKED, None), None);
                }
                shared.rest.rates.lock().answered(&address, refusal.status, false, now);
                return (Outcome::refused(refusal), None);
            }
        };
        let who = match &caller {
            Caller::Bot { application, .. } => application.to_string(),
            Caller::Person { user, application, .. } => format!("{application}/{user}"),
            Caller::Anybody => String::new(),
        };
        let major = major(&path);
        let in_global = self.route.who != Who::Anybody;
        let request = self.request(&who, &major, &address, in_global);
        let verdict = shared.rest.rates.lock().ask(request, now);
        let limits = match verdict {
            Verdict::Taken(limits) => limits,
            other => {
                let outcome = limited(other, now);
                let blocked = outcome.scope == Some(wire::BLOCKED);
                let is_shared = outcome.scope == Some("shared");
                shared.rest.rates.lock().answered(&address, 429, is_shared || blocked, now);
                return (outcome, None);
            }
        };
        self.fault = shared.faults.of_request(&self.named());
        if let Some(outcome) = self.spoiled_before(limits.as_ref(), request, now) {
            let is_shared = outcome.scope == Some("shared");
            let status = wire::body(&outcome).0;
            shared.rest.rates.lock().answered(&address, status, is_shared, now);
            return (outcome, None);
        }
        let (result, call) = self.run(path, body, caller).await;
        let result = match self.fault {
            Some(Fault::ServerError { status, after: true }) => Err(refusal::of_server(status)),
            _ => result,
        };
        if let Err(refusal) = &result {
            shared.rest.rates.lock().answered(&address, refusal.status, false, now);
        }
        (Outcome { result, limits, scope: None, retry_ms: 0 }, call)
    }

    fn request<'b>(
        &self,
        who: &'b str,
        major: &'b str,
        address: &'b str,
        in_global: bool,
    ) -> rates::Request<'b> {
        let Route { method, template, .. } = self.route;
        rates::Request { method, template, major, who, address, in_global }
    }

    /// As faults name it: `POST /channels/1/messages`.
    fn named(&self) -> String {
        let path = self.parts.uri.path();
        let short = PREFIXES.iter().find_map(|prefix| path.strip_prefix(prefix));
        format!("{} {}", self.route.method, short.unwrap_or(path))
    }

    fn caller(&self, now: u64) -> Result<Caller, Refusal> {
        if self.route.who == Who::Anybody {
            return Ok(Caller::Anybody);
        }
        let given = text(&self.parts.headers, header::AUTHORIZATION.as_str());
        let (kind, token) =
            given.and_then(|given| given.split_once(' ')).ok_or(refusal::UNAUTHORIZED)?;
        if kind.eq_ignore_ascii_case("bot") {
            let world = self.shared.world.lock();
            let application = world.application_by_token(token).ok_or(refusal::UNAUTHORIZED)?;
            return Ok(Caller::Bot { application: application.id, user: application.bot });
        }
        if kind.eq_ignore_ascii_case("bearer") && self.route.who == Who::Either {
            let person = self.shared.rest.grants.lock().person(token, now);
            return person.ok_or(refusal::UNAUTHORIZED);
        }
        Err(refusal::UNAUTHORIZED)
    }

    /// Faults that strike before anything has happened.
    fn spoiled_before(
        &self,
        limits: Option<&rates::Headers>,
        request: rates::Request<'_>,
        now: u64,
    ) -> Option<Outcome> {
        match self.fault? {
            Fault::RateLimited { retry_after_ms, global, shared } => {
                let scope = match (global, shared) {
                    (true, _) => "global",
                    (_, true) => "shared",
                    _ => "user",
                };
                let mut limits = limits.filter(|_| !global).cloned();
                if scope == "user" {
                    self.shared.rest.rates.lock().drain(request, now);
                }
                if let Some(limits) = &mut limits {
                    limits.remaining = 0;
                    limits.reset_ms = now + retry_after_ms;
                }
                Some(Outcome::limited(retry_after_ms, scope, limits))
            }
            Fault::ServerError { status, after: false } => {
                Some(Outcome::refused(refusal::of_server(status)))
            }
            _ => None,
        }
    }

    async fn run(
        &self,
        path: Vec<(String, String)>,
        body: Option<Bytes>,
        caller: Caller,
    ) -> (Result<Answer, Refusal>, Option<Call>) {
        let Some(body) = body else { return (Err(refusal::TOO_LARGE), None) };
        let headers = &self.parts.headers;
        let sent = match multipart::read(headers, body).await {
            Ok(sent) => sent,
            Err(refusal) => return (Err(refusal), None),
        };
        let reason = match reason(headers) {
            Ok(reason) => reason,
            Err(refusal) => return (Err(refusal), None),
        };
        let call = Call {
            sim: Arc::clone(self.shared),
            caller,
            path,
            query: query::pairs(self.parts.uri.query().unwrap_or_default()),
            sent,
            reason,
            host: host(headers, self.shared),
        };
        let result = (self.route.run)(&call);
        (result, Some(call))
    }
}

fn limited(verdict: Verdict, now: u64) -> Outcome {
    match verdict {
        Verdict::Limited { headers, shared } => {
            let scope = if shared { "shared" } else { "user" };
            Outcome::limited(headers.reset_ms.saturating_sub(now), scope, Some(headers))
        }
        Verdict::Global { retry_ms } => Outcome::limited(retry_ms, "global", None),
        Verdict::Blocked { retry_ms } => Outcome::limited(retry_ms, wire::BLOCKED, None),
        Verdict::Taken(limits) => Outcome { limits, ..Outcome::limited(0, "user", None) },
    }
}

/// The parameter that has buckets of its own: the channel, guild or webhook, with its token.
fn major(path: &[(String, String)]) -> String {
    let of = |name: &str| path.iter().find(|(known, _)| known == name).map(|(_, v)| v.as_str());
    match (of("channel_id"), of("guild_id"), of("webhook_id")) {
        (Some(id), ..) | (None, Some(id), _) => id.to_owned(),
        (None, None, Some(id)) => format!("{id}/{}", of("webhook_token").unwrap_or_default()),
        _ => String::new(),
    }
}

/// Why it is done, for the audit log: percent-encoded, so that it can hold any letter.
fn reason(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(reason) = text(headers, REASON) else { return Ok(None) };
    let reason = query::decode(reason).trim().to_owned();
    if reason.is_empty() {
        return Ok(None);
    }
    if reason.chars().count() > LONGEST_REASON {
        let message = format!("Must be between 1 and {LONGEST_REASON} in length.");
        return Err(form::refused("reason", "BASE_TYPE_BAD_LENGTH", message));
    }
    Ok(Some(reason))
}

async fn token(Held(shared): Held<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let fields = query::pairs(&String::from_utf8_lossy(&body));
    let authorization = text(&headers, header::AUTHORIZATION.as_str());
    let mut world = shared.world.lock();
    let granted = oauth::client(&world, authorization, &fields)
        .and_then(|client| shared.rest.grants.lock().token(&mut world, client, &fields));
    let mut response = match granted {
        Ok(tokens) => wire::json(200, &tokens),
        Err(no) => wire::json(no.status, &no.body()),
    };
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    response
}

async fn revoke(Held(shared): Held<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let fields = query::pairs(&String::from_utf8_lossy(&body));
    let authorization = text(&headers, header::AUTHORIZATION.as_str());
    let client = oauth::client(&shared.world.lock(), authorization, &fields);
    match client {
        Ok(client) => {
            let token = fields.iter().find(|(name, _)| name == "token");
            if let Some((_, token)) = token {
                shared.rest.grants.lock().revoke(client, token);
            }
            wire::json(200, &json!({}))
        }
        Err(no) => wire::json(no.status, &no.body()),
    }
}

/// A response that cannot be built is none of the client's doing.
fn built(response: Result<Response, axum::http::Error>) -> Response {
    response.unwrap_or_else(|_| (StatusCode::INTERNAL_SERVER_ERROR, Body::empty()).into_response())
}
