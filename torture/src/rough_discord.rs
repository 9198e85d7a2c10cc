//! A Discord that misbehaves on purpose, and remembers everything.
//!
//! It speaks just enough of REST v10 for whoever gives roles and sends messages, keeps its rate
//! limits as Discord does, and answers a share of all calls wrongly: with a 429, with a 5xx before
//! or after doing what was asked, not at all, too late, or with half an answer. Afterwards it tells
//! what really happened: which roles are there, how often each message stands in its channel, and
//! whether somebody ran into the same limit twice in a row.

mod limits;
mod world;

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{body::Frame, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

pub use self::limits::Overruns;
use self::{limits::Limits, world::World};

#[derive(Clone, Copy, Debug)]
pub struct Roughness {
    /// The share of calls that go wrong.
    pub faults: f64,
    pub seed: u64,
    /// How late a slow answer comes: later than whoever asks is willing to wait.
    pub slow: Duration,
    /// Calls that one route of one guild or channel takes in a window.
    pub per_window: u32,
    pub window: Duration,
    /// How long equal nonces are the same message.
    pub nonces: Duration,
}

impl Default for Roughness {
    fn default() -> Self {
        Self {
            faults: 0.0,
            seed: 1,
            slow: Duration::from_secs(11),
            per_window: 10,
            window: Duration::from_secs(2),
            nonces: Duration::from_mins(3),
        }
    }
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    RateLimited,
    RateLimitedGlobally,
    ServerErrorBefore,
    ServerErrorAfter,
    LostBefore,
    LostAfter,
    BrokenOff,
    Slow,
}

impl Fault {
    /// A slow answer takes long, so it is the rarest.
    const DICE: [Self; 24] = {
        let mut dice = [Self::ServerErrorBefore; 24];
        let mut place = 0;
        while place < 23 {
            dice[place] = match place % 7 {
                0 => Self::RateLimited,
                1 => Self::RateLimitedGlobally,
                2 => Self::ServerErrorBefore,
                3 => Self::ServerErrorAfter,
                4 => Self::LostBefore,
                5 => Self::LostAfter,
                _ => Self::BrokenOff,
            };
            place += 1;
        }
        dice[23] = Self::Slow;
        dice
    };

    const fn happens_before(self) -> bool {
        !matches!(self, Self::ServerErrorAfter | Self::LostAfter | Self::BrokenOff | Self::Slow)
    }
}

/// The server. It ends when this is dropped.
#[derive(Debug)]
pub struct RoughDiscord {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    world: Mutex<World>,
    limits: Mutex<Limits>,
    dice: Mutex<StdRng>,
    rough: Mutex<Roughness>,
    /// Answers that come next, before any dice are thrown.
    planned: Mutex<Vec<Planned>>,
    /// What every call gets that says this.
    about: Mutex<Option<(String, Planned)>>,
    calls: Mutex<u64>,
}

/// What the next call gets, whatever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    /// Done, and the connection is cut before the answer.
    LostAfter,
    /// Cut before anything is done.
    LostBefore,
    ServerErrorAfter,
    BrokenOff,
    RateLimited {
        millis: u64,
        global: bool,
    },
    Refused {
        status: u16,
        code: u64,
    },
}

type Body = UnsyncBoxBody<Bytes, std::io::Error>;
/// None: the connection is cut.
type Answer = Option<Response<Body>>;

impl RoughDiscord {
    pub async fn start(rough: Roughness) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            world: Mutex::default(),
            limits: Mutex::new(Limits::new(rough.per_window, rough.window)),
            dice: Mutex::new(StdRng::seed_from_u64(rough.seed)),
            rough: Mutex::new(rough),
            planned: Mutex::default(),
            about: Mutex::default(),
            calls: Mutex::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { shared, address, accepting })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on this share of calls goes wrong.
    pub fn set_faults(&self, faults: f64) {
        self.shared.rough.lock().faults = faults;
    }

    /// The next calls get these answers, in this order.
    pub fn plan(&self, planned: &[Planned]) {
        let mut plans = self.shared.planned.lock();
        plans.splice(0..0, planned.iter().rev().copied());
    }

    /// Every call that says this gets this answer, until something else is said.
    pub fn whenever(&self, says: &str, planned: Planned) {
        *self.shared.about.lock() = Some((says.to_owned(), planned));
    }

    pub fn as_usual(&self) {
        *self.shared.about.lock() = None;
    }

    pub fn has_role(&self, guild: u64, user: u64, role: u64) -> bool {
        self.shared.world.lock().has_role(guild, user, role)
    }

    pub fn set_role(&self, guild: u64, user: u64, role: u64) {
        self.shared.world.lock().set_role(guild, user, role, true);
    }

    /// How many messages with this nonce stand anywhere.
    pub fn messages_with(&self, nonce: &str) -> usize {
        self.shared.world.lock().messages_with(nonce)
    }

    /// What stands in a channel, the oldest first.
    pub fn texts(&self, channel: u64) -> Vec<String> {
        self.shared.world.lock().texts(channel)
    }

    /// As if the minutes in which equal nonces are one message were over. They are not told either.
    pub fn forget_nonces(&self) {
        self.shared.world.lock().forget_nonces();
    }

    /// The audit-log reasons of all changes of roles.
    pub fn reasons(&self) -> Vec<String> {
        self.shared.world.lock().reasons.clone()
    }

    pub fn overruns(&self) -> Overruns {
        self.shared.limits.lock().overruns
    }

    pub fn calls(&self) -> u64 {
        *self.shared.calls.lock()
    }
}

impl Drop for RoughDiscord {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let serve = service_fn(move |request| {
                let shared = Arc::clone(&shared);
                async move {
                    // An error closes the connection without an answer.
                    shared.serve(request).await.ok_or("cut on purpose")
                }
            });
            let mut connection = http1::Builder::new();
            connection.timer(TokioTimer::new());
            let _ = connection.serve_connection(TokioIo::new(stream), serve).await;
        });
    }
}

impl Shared {
    async fn serve(&self, request: Request<Incoming>) -> Answer {
        *self.calls.lock() += 1;
        let (parts, body) = request.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let path = parts.uri.path().trim_start_matches("/api/v10/").to_owned();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let call = Call { method: parts.method, path, query, headers: parts.headers, body };
        if call.headers.get("authorization").is_none_or(|token| token != "Bot rough") {
            return Some(error(StatusCode::UNAUTHORIZED, 0, "401: Unauthorized"));
        }
        let planned = self.planned.lock().pop();
        if let Some(planned) = planned {
            return self.as_planned(planned, &call);
        }
        let about = self.about.lock().clone();
        if let Some((says, planned)) = about
            && String::from_utf8_lossy(&call.body).contains(&says)
        {
            return self.as_planned(planned, &call);
        }
        let fault = {
            let faults = self.rough.lock().faults;
            let mut dice = self.dice.lock();
            (dice.random::<f64>() < faults)
                .then(|| Fault::DICE[dice.random_range(0..Fault::DICE.len())])
        };
        let Some(fault) = fault else { return Some(self.properly(&call)) };
        if fault.happens_before() {
            return match fault {
                Fault::RateLimited => Some(self.limited(&call, 300, false)),
                Fault::RateLimitedGlobally => Some(self.limited(&call, 200, true)),
                Fault::ServerErrorBefore => Some(server_error()),
                _ => None,
            };
        }
        let answer = self.properly(&call);
        match fault {
            Fault::ServerErrorAfter => Some(server_error()),
            Fault::LostAfter => None,
            Fault::BrokenOff => Some(broken_off(&answer)),
            _ => {
                let slow = self.rough.lock().slow;
                tokio::time::sleep(slow).await;
                Some(answer)
            }
        }
    }

    fn as_planned(&self, planned: Planned, call: &Call) -> Answer {
        match planned {
            Planned::LostBefore => None,
            Planned::LostAfter => {
                self.properly(call);
                None
            }
            Planned::ServerErrorAfter => {
                self.properly(call);
                Some(server_error())
            }
            Planned::BrokenOff => Some(broken_off(&self.properly(call))),
            Planned::RateLimited { millis, global } => Some(self.limited(call, millis, global)),
            Planned::Refused { status, code } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
                Some(error(status, code, "Refused on purpose"))
            }
        }
    }

    /// As Discord does it.
    fn properly(&self, call: &Call) -> Response<Body> {
        let route = call.route();
        let told = match self.limits.lock().take(&route, Instant::now()) {
            Ok(told) => told,
            Err(met) => return rate_limited(met.after, met.global, &route),
        };
        let nonces = self.rough.lock().nonces;
        let (status, body) = self.world.lock().answer(call, nonces);
        let mut response = respond(status, body.as_ref());
        let headers = response.headers_mut();
        for (name, value) in [
            ("x-ratelimit-bucket", route.template.clone()),
            ("x-ratelimit-limit", told.limit.to_string()),
            ("x-ratelimit-remaining", told.remaining.to_string()),
            ("x-ratelimit-reset-after", format!("{:.3}", told.reset_after.as_secs_f64())),
        ] {
            if let Ok(value) = value.parse() {
                headers.insert(name, value);
            }
        }
        response
    }

    /// On purpose: whoever calls again before it is over has not listened.
    fn limited(&self, call: &Call, millis: u64, global: bool) -> Response<Body> {
        let (after, route) = (Duration::from_millis(millis), call.route());
        self.limits.lock().close(&route, global, Instant::now() + after);
        rate_limited(after, global, &route)
    }
}

#[derive(Debug)]
struct Call {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Route {
    template: String,
    major: String,
}

impl Call {
    fn parts(&self) -> Vec<&str> {
        self.path.split('/').collect()
    }

    fn route(&self) -> Route {
        let parts = self.parts();
        let shape: String = parts
            .iter()
            .map(|part| if part.bytes().all(|b| b.is_ascii_digit()) { "-" } else { part })
            .collect();
        let major = parts.get(1).filter(|_| matches!(parts[0], "guilds" | "channels"));
        Route {
            template: format!("{}{shape}", self.method).to_lowercase().replace('@', ""),
            major: major.map_or(String::new(), |major| (*major).to_owned()),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn query(&self, name: &str) -> Option<u64> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse().ok())
    }
}

fn respond(status: StatusCode, body: Option<&Value>) -> Response<Body> {
    let bytes = body.map_or(Bytes::new(), |body| Bytes::from(body.to_string()));
    let full = Full::from(bytes).map_err(|never: Infallible| match never {}).boxed_unsync();
    let mut response = Response::new(full);
    *response.status_mut() = status;
    if body.is_some() {
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert("content-type", json);
    }
    response
}

fn error(status: StatusCode, code: u64, message: &str) -> Response<Body> {
    respond(status, Some(&json!({ "code": code, "message": message })))
}

fn server_error() -> Response<Body> {
    error(StatusCode::INTERNAL_SERVER_ERROR, 0, "500: Internal Server Error")
}

/// The status arrives, the body does not.
fn broken_off(answer: &Response<Body>) -> Response<Body> {
    let half = Ok(Frame::data(Bytes::from_static(b"{\"id\": \"1")));
    let cut = Err(std::io::Error::other("cut on purpose"));
    let body = StreamBody::new(stream::iter([half, cut]).boxed()).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() =
        if answer.status().is_success() { StatusCode::OK } else { answer.status() };
    response
}

fn rate_limited(after: Duration, global: bool, route: &Route) -> Response<Body> {
    let secs = after.as_secs_f64();
    let body = json!({
        "message": "You are being rate limited.", "retry_after": secs, "global": global, "code": 0,
    });
    let mut response = respond(StatusCode::TOO_MANY_REQUESTS, Some(&body));
    let headers = response.headers_mut();
    let mut say = |name: &'static str, value: String| {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    // Discord rounds up to whole seconds here; the body is exact.
    say("retry-after", format!("{secs:.3}"));
    say("x-ratelimit-scope", if global { "global" } else { "user" }.to_owned());
    if global {
        say("x-ratelimit-global", "true".to_owned());
    } else {
        say("x-ratelimit-bucket", route.template.clone());
    }
    response
}
