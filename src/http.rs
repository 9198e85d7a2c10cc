//! HTTP: what operators' tools ask (is it alive, is it ready, its metrics), and where this process
//! has the role `api`, the dashboard with its sign-in and GraphQL.
//!
//! A request of a browser goes through `doors` (how many may come, where from, and with what), then
//! to `sign_in`, `graphql` or `assets`.

mod answers;
mod assets;
mod bearer;
mod callers;
mod cors;
mod directory;
mod doors;
mod downloads;
mod evidence;
mod exports;
mod giveaways;
mod graphql;
mod levels;
mod operations;
mod operator_sign_in;
mod pictures;
mod rest;
pub(crate) mod sessions;
mod sign_in;
mod tokens;

use std::{net::SocketAddr, sync::Arc};

use crate::{
    config::Role,
    discord::{connect::Http, health as discord},
    node::Node,
    operators::Operators,
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use eventlog::{Bus, Clock};
use metrics_exporter_prometheus::PrometheusHandle;
use projections::Status;
use schema::House;
use serde_json::json;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use self::{
    callers::Callers,
    directory::FromDiscord,
    doors::{Doors, Shared},
    operations::OfThisHouse,
    pictures::Pictures,
    sessions::Sessions,
    sign_in::SignIn,
    tokens::Tokens,
};

pub(crate) use self::doors::same;

/// A read model this far behind makes the process not ready.
const READY_LAG_SECS: i64 = 60;

#[derive(Clone)]
struct Health {
    bus: Bus,
    status: Status,
    clock: Clock,
    metrics: Option<PrometheusHandle>,
    /// Where this process speaks with Discord.
    discord: Option<discord::Health>,
}

#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    /// Where browsers reach it.
    pub origin: String,
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Server {
    /// `http` is the way to Discord, where there is one.
    pub async fn start(
        node: &Node,
        metrics: Option<PrometheusHandle>,
        discord: Option<discord::Health>,
        http: Option<Http>,
    ) -> std::io::Result<Self> {
        let config = &node.config;
        let listener = TcpListener::bind(config.http.address).await?;
        let address = listener.local_addr()?;
        let (stop, mut stopped) = watch::channel(false);
        let (bus, clock) = (node.bus().clone(), Arc::clone(&node.clock));
        let status = Status::new(node.store.clone());
        let health = Health { bus, status, clock, metrics, discord };
        let mut router = Router::new()
            .route("/healthz", get(|| async { "alive\n" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(render_metrics))
            .with_state(health);
        let origin = match &config.http.public_url {
            Some(url) => url.expose().trim_end_matches('/').to_owned(),
            None => format!("http://{address}"),
        };
        if config.has_role(Role::Api) {
            router = router.merge(dashboard(doors(node, origin.clone(), http)?));
        }
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            let until_stopped = async move {
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            if let Err(error) =
                axum::serve(listener, service).with_graceful_shutdown(until_stopped).await
            {
                tracing::error!(%error, "the HTTP server ended");
            }
        });
        Ok(Self { address, origin, task, stop })
    }

    /// Lets requests under way finish.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        let _ = self.task.await;
    }
}

/// Everything that stands before the dashboard.
fn doors(node: &Node, origin: String, http: Option<Http>) -> std::io::Result<Doors> {
    let config = &node.config;
    let time_machine = node.time_machine().map_err(std::io::Error::other)?;
    let callers = Callers::default();
    let operations = OfThisHouse {
        outbox: node.outbox.clone(),
        work: node.work.clone(),
        log: Arc::clone(&node.log),
        callers: callers.clone(),
        clock: Arc::clone(&node.clock),
    };
    let sessions = Sessions::new(node.work.clone(), &node.people, Arc::clone(&node.clock));
    let limits =
        schema::Limits { introspection: config.http.introspection, ..schema::Limits::default() };
    let pictures = Pictures::new(&config.discord);
    let house = Arc::new(House::new(
        node.actions.clone(),
        time_machine,
        Arc::new(FromDiscord::new(http.clone(), pictures.clone(), node.actions.clone())),
        Arc::new(operations),
        Arc::new(sessions.clone()),
        limits,
    ));
    let operators =
        Operators::with(node.work.clone(), &node.people, Arc::clone(&node.clock), sessions.clone());
    let sign_in = SignIn::new(&config.discord, http);
    let clock = Arc::clone(&node.clock);
    let schema = schema::build(Arc::clone(&house));
    let settings = &config.http;
    let rates = doors::Rates::new(
        settings.requests_per_minute_per_key,
        settings.requests_per_minute_per_address,
    );
    let tokens = Tokens::new(node.work.clone(), &node.people, Arc::clone(&node.clock));
    let content_security = doors::content_security(&pictures)?;
    Ok(Doors::new(Shared {
        schema,
        house,
        sessions,
        operators,
        sign_in,
        origin,
        clock,
        rates,
        callers,
        answers: answers::Answers::default(),
        tokens,
        cors_origins: settings.cors_origins.clone(),
        room: downloads::Room::default(),
        allowance: exports::Allowance::default(),
        pictures,
        content_security,
    }))
}

fn dashboard(doors: Doors) -> Router {
    Router::new()
        .route("/graphql", post(graphql::ask).get(graphql::listen))
        .route("/auth/sign-in", get(sign_in::begin))
        .route("/auth/callback", get(sign_in::finish))
        .route("/auth/session", get(sign_in::session))
        .route("/auth/sign-out", post(sign_in::end))
        .route("/auth/operator", get(operator_sign_in::begin).post(operator_sign_in::finish))
        .route("/p/giveaway/{id}/draw.jsonl", get(giveaways::bundle))
        .route("/g/{guild}/giveaways/{id}/export.csv", get(giveaways::csv))
        .route("/g/{guild}/giveaways/{id}/export.json", get(giveaways::json))
        .route("/g/{guild}/cases/{case}/files/{evidence}/{file}", get(evidence::file))
        .route("/api/v1/guilds/{guild}/exports/{name}", get(exports::file))
        .route("/api", get(rest::page))
        .route("/api/style.css", get(rest::style))
        .route("/api/v1/openapi.json", get(rest::document))
        .route("/api/v1/batch", post(rest::batch))
        .route("/api/v1/tokens", post(tokens::exchange))
        .route("/api/v1/tokens/refresh", post(tokens::refresh))
        .route("/api/v1/{*rest}", any(rest::answer))
        .route("/g/{guild}/levels/export.csv", get(levels::csv))
        .route("/g/{guild}/levels/export.json", get(levels::json))
        .fallback(get(assets::serve))
        .layer(DefaultBodyLimit::max(graphql::MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(doors.clone(), doors::limits))
        .layer(middleware::from_fn_with_state(doors.clone(), cors::cors))
        .layer(middleware::from_fn_with_state(doors.clone(), doors::headers))
        .with_state(doors)
}

async fn ready(State(health): State<Health>) -> Response {
    let builds = health.status.builds(&**health.bus.log(), (health.clock)()).await;
    let (code, body) = match builds {
        // Says that, not why: this endpoint needs no sign-in.
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, json!({ "ready": false, "log": "not reachable" }))
        }
        Ok(builds) => {
            let late = |build: &&projections::BuildStatus| {
                build.state == "live" && build.lag_secs > READY_LAG_SECS
            };
            let late: Vec<_> = builds.iter().filter(late).map(|build| build.name.clone()).collect();
            let picture = health.discord.as_ref().map(discord::Health::picture);
            let ready = late.is_empty() && picture.as_ref().is_none_or(discord::Picture::is_ready);
            let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            let discord = picture.map_or_else(|| json!({ "state": "off" }), |p| p.json());
            (code, json!({ "ready": ready, "log": "ok", "late": late, "discord": discord }))
        }
    };
    (code, Json(body)).into_response()
}

async fn render_metrics(State(health): State<Health>) -> Response {
    match health.metrics {
        None => {
            (StatusCode::NOT_FOUND, "metrics are switched off (http.metrics)\n").into_response()
        }
        Some(metrics) => {
            let (aggregates, bytes) = health.bus.cache_use();
            gauge("reeve_writer_queue", health.bus.log().appender().queued());
            gauge("reeve_cache_aggregates", aggregates);
            gauge("reeve_cache_bytes", bytes);
            let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
            (kind, metrics.render()).into_response()
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn gauge(name: &'static str, value: usize) {
    metrics::gauge!(name).set(value as f64);
}
