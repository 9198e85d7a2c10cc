//! What operators' tools ask over HTTP: is it alive, is it ready, its metrics. The dashboard's
//! API comes beside these.

use std::net::SocketAddr;

use crate::discord::health as discord;
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use eventlog::{Bus, Clock};
use metrics_exporter_prometheus::PrometheusHandle;
use projections::{ReadStore, Status};
use serde_json::json;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

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
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Server {
    pub async fn start(
        address: SocketAddr,
        bus: Bus,
        store: ReadStore,
        clock: Clock,
        metrics: Option<PrometheusHandle>,
        discord: Option<discord::Health>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, mut stopped) = watch::channel(false);
        let health = Health { bus, status: Status::new(store), clock, metrics, discord };
        let router = Router::new()
            .route("/healthz", get(|| async { "alive\n" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(render_metrics))
            .with_state(health);
        let task = tokio::spawn(async move {
            let until_stopped = async move {
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            if let Err(error) =
                axum::serve(listener, router).with_graceful_shutdown(until_stopped).await
            {
                tracing::error!(%error, "the HTTP server ended");
            }
        });
        Ok(Self { address, task, stop })
    }

    /// Lets requests under way finish.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        let _ = self.task.await;
    }
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
