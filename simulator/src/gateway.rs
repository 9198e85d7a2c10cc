//! The gateway, version 10: what happens is told to whoever is connected and may know.
//!
//! The world hands events to the [`hub`]; the hub to each [`session`] that should hear of them; a
//! [`connection`] sends what its session holds. A session outlives its connections.

pub mod close;
pub mod coding;
mod connection;
pub mod hub;
mod identify;
pub mod intents;
mod members;
mod payload;
pub mod session;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Query, State, WebSocketUpgrade},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde::Deserialize;

use crate::{limits, shared::Shared};

/// What the address of a connection says.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Params {
    v: Option<String>,
    encoding: Option<String>,
    compress: Option<String>,
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new().route("/", get(open)).with_state(shared)
}

/// How much of a frame is read at all. Clients may send far less; what is a little over is told so.
const FRAME_BYTES: usize = 16 * limits::CLIENT_FRAME_BYTES;

async fn open(
    State(shared): State<Arc<Shared>>,
    Query(params): Query<Params>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Ok(place) = Arc::clone(&shared.connections).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many connections").into_response();
    };
    upgrade.max_frame_size(FRAME_BYTES).max_message_size(FRAME_BYTES).on_upgrade(
        async move |socket| {
            connection::serve(socket, params, shared).await;
            drop(place);
        },
    )
}
