//! One call to Discord's REST API, and what it came to.
//!
//! Requests are twilight's; the sending is ours. twilight-http 0.18 repeats a request at once after
//! a global 429, learns a route's limit from 429s only (it looks for a header that other answers do
//! not have), and does not say what a 429 said. An outbox has to know (ADR 16).

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Deserialize;
use tokio::time::Instant;
use twilight_http::request::Request;

use super::limits::{Limits, Met, Permit, Route, Told, Urgency};
use crate::config::Secret;

/// Where Discord is.
pub const DISCORD: &str = "https://discord.com";
const TIMEOUT: Duration = Duration::from_secs(10);
/// Nothing that is asked for here is longer.
const MAX_ANSWER_BYTES: usize = 4 << 20;
const USER_AGENT: &str =
    concat!("DiscordBot (https://github.com/reeve, ", env!("CARGO_PKG_VERSION"), ") reeve");
/// Without a word about it, a limit is over after this.
const UNTOLD: Duration = Duration::from_mins(1);

/// What a call came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It was carried out; the body, where there is one.
    Done(Vec<u8>),
    /// Discord will not.
    Refused { status: u16, code: u64, text: String },
    /// A limit is met, or would be: nothing was done.
    RateLimited { after: Duration, global: bool },
    /// It may have been carried out.
    Unknown(String),
    /// It was not carried out: Discord was not reached.
    Unavailable(String),
}

#[derive(Debug, thiserror::Error)]
#[error("{url:?} is no address of a Discord API: use one like https://discord.com ({problem})")]
pub struct BadAddress {
    url: String,
    problem: String,
}

impl BadAddress {
    pub(super) fn new(url: &str, problem: &str) -> Self {
        Self { url: url.to_owned(), problem: problem.to_owned() }
    }
}

/// The way to Discord.
#[derive(Clone)]
pub struct Rest {
    http: Client<hyper_rustls::HttpsConnector<HttpConnector>, Full<bytes::Bytes>>,
    base: String,
    token: Secret,
    limits: Limits,
}

impl std::fmt::Debug for Rest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rest").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Rest {
    /// `api` is Discord's address or a compatible server's, with or without `/api/v10`.
    pub fn new(api: &str, token: Secret, limits: Limits) -> Result<Self, BadAddress> {
        let bad = |problem: &str| BadAddress::new(api, problem);
        let root = api.trim().trim_end_matches('/');
        let root = root.strip_suffix("/v10").unwrap_or(root);
        let root = root.strip_suffix("/api").unwrap_or(root);
        if !root.starts_with("http://") && !root.starts_with("https://") {
            return Err(bad("it begins with neither http:// nor https://"));
        }
        let base = format!("{root}/api/v10/");
        base.parse::<hyper::Uri>().map_err(|error| bad(&error.to_string()))?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(TIMEOUT / 2));
        tcp.set_nodelay(true);
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| bad(&error.to_string()))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let http = Client::builder(TokioExecutor::new())
            // A request that met a closed connection may have arrived: we decide about repeating.
            .retry_canceled_requests(false)
            .build(connector);
        Ok(Self { http, base, token, limits })
    }

    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Makes one call, after waiting at most `patience` for leave.
    pub async fn call(&self, request: Request, urgency: Urgency, patience: Duration) -> Answer {
        let route = Route::of(request.method().name(), request.path());
        let permit = match self.limits.take(&route, urgency, patience).await {
            Ok(permit) => permit,
            Err(after) => return Answer::RateLimited { after, global: false },
        };
        let request = match self.http_request(&request) {
            Ok(request) => request,
            Err(error) => {
                return Answer::Refused { status: 0, code: 0, text: error.to_string() };
            }
        };
        match tokio::time::timeout(TIMEOUT, self.exchange(request, permit)).await {
            Ok(answer) => answer,
            Err(_) => Answer::Unknown("Discord did not answer in time".to_owned()),
        }
    }

    fn http_request(
        &self,
        request: &Request,
    ) -> Result<hyper::Request<Full<bytes::Bytes>>, http::Error> {
        let url = format!("{}{}", self.base, request.path());
        let mut builder = hyper::Request::builder()
            .method(request.method().name())
            .uri(url)
            .header("user-agent", USER_AGENT);
        if request.use_authorization_token() {
            let mut token: http::HeaderValue =
                format!("Bot {}", self.token.expose().trim_start_matches("Bot ")).parse()?;
            token.set_sensitive(true);
            builder = builder.header("authorization", token);
        }
        for (name, value) in request.headers().into_iter().flatten() {
            builder = builder.header(name, value);
        }
        if let Some(form) = request.form() {
            let kind = http::HeaderValue::from_bytes(&form.content_type())?;
            let body = Full::from(form.clone().build());
            return builder.header("content-type", kind).body(body);
        }
        match request.body() {
            Some(body) => {
                builder.header("content-type", "application/json").body(Full::from(body.to_vec()))
            }
            None => builder.header("content-length", "0").body(Full::default()),
        }
    }

    async fn exchange(
        &self,
        request: hyper::Request<Full<bytes::Bytes>>,
        permit: Permit,
    ) -> Answer {
        let response = match self.http.request(request).await {
            Ok(response) => response,
            Err(error) if error.is_connect() => {
                return Answer::Unavailable(format!("Discord is not reached: {}", chain(&error)));
            }
            Err(error) => {
                return Answer::Unknown(format!("the answer was lost: {}", chain(&error)));
            }
        };
        let (status, told) = (response.status(), told(response.headers()));
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let (retry_after, scope) = (header("retry-after"), header("x-ratelimit-scope"));
        let is_global = header("x-ratelimit-global").is_some();
        // Not trusted to be short, nor to be whole.
        let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
        let body = body.map(|body| body.to_bytes().to_vec());
        let said = body.as_deref().unwrap_or_default();
        if status.as_u16() == 429 {
            let error: RateLimited = serde_json::from_slice(said).unwrap_or_default();
            let secs = retry_after.and_then(|secs| secs.parse().ok()).or(error.retry_after);
            let retry_after = secs.map_or(UNTOLD, seconds);
            // Without JSON it is not Discord that speaks but what stands before it.
            let global =
                error.global.unwrap_or(true) || is_global || scope.as_deref() == Some("global");
            let met = Some(Met { retry_after, global });
            permit.answered(&told, met, false, Instant::now());
            metrics::counter!("reeve_discord_rate_limited_total", "global" => global.to_string())
                .increment(1);
            return Answer::RateLimited { after: retry_after, global };
        }
        permit.answered(&told, None, matches!(status.as_u16(), 401 | 403), Instant::now());
        match status.as_u16() {
            200..=299 => match body {
                Ok(body) => Answer::Done(body),
                Err(error) => Answer::Unknown(format!("the answer broke off: {error}")),
            },
            401 => Answer::Unavailable(
                "Discord does not take the token; set DISCORD_TOKEN to the bot's current one"
                    .to_owned(),
            ),
            status @ (408 | 500..=599) => {
                Answer::Unknown(format!("Discord has a fault of its own ({status})"))
            }
            status => {
                let Refused { code, message } = serde_json::from_slice(said).unwrap_or_default();
                Answer::Refused { status, code, text: format!("{message} ({status})") }
            }
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct RateLimited {
    retry_after: Option<f64>,
    global: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
struct Refused {
    #[serde(default)]
    code: u64,
    #[serde(default)]
    message: String,
}

fn told(headers: &http::HeaderMap) -> Told {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Told {
        bucket: text("x-ratelimit-bucket").map(str::to_owned),
        remaining: text("x-ratelimit-remaining").and_then(|number| number.parse().ok()),
        reset_after: text("x-ratelimit-reset-after")
            .and_then(|secs| secs.parse().ok())
            .map(seconds),
    }
}

/// As far as a number from outside is one.
fn seconds(secs: f64) -> Duration {
    Duration::try_from_secs_f64(secs).unwrap_or(UNTOLD).min(Duration::from_hours(24))
}

/// The error with what caused it: the outermost says little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
