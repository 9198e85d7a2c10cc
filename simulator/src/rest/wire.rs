//! Answers as bytes: headers, bodies, and how they arrive broken where a fault says so.

use axum::{
    body::{Body, Bytes},
    http::{Response as Building, header},
    response::Response,
};
use futures::stream;
use serde_json::{Value, json};

use super::{Outcome, built};
use crate::faults::Fault;

/// Turned away before Discord itself looks, which is no JSON.
pub const BLOCKED: &str = "blocked";

/// The status and the body of an outcome.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a rate limit are few")]
pub fn body(outcome: &Outcome) -> (u16, Option<Value>) {
    match &outcome.result {
        Ok(answer) => (answer.status, answer.json.clone()),
        Err(refusal) if outcome.scope.is_some() => {
            let body = json!({
                "message": "You are being rate limited.",
                "retry_after": outcome.retry_ms as f64 / 1000.0,
                "global": outcome.scope == Some("global"),
                "code": 0,
            });
            (refusal.status, Some(body))
        }
        Err(refusal) => (refusal.status, Some(refusal.body())),
    }
}

pub fn json(status: u16, body: &Value) -> Response {
    let building = Building::builder().status(status);
    let building = building.header(header::CONTENT_TYPE, "application/json");
    built(building.body(Body::from(body.to_string())))
}

pub fn answer(outcome: &Outcome, fault: Option<Fault>) -> Response {
    if fault == Some(Fault::LostAnswer) {
        return lost();
    }
    let (status, body) = body(outcome);
    let mut building = Building::builder().status(status);
    if let Some(limits) = &outcome.limits {
        let after = limits.reset_ms.saturating_sub(limits.now_ms);
        building = building
            .header("x-ratelimit-limit", limits.limit)
            .header("x-ratelimit-remaining", limits.remaining)
            .header("x-ratelimit-reset", seconds(limits.reset_ms))
            .header("x-ratelimit-reset-after", seconds(after))
            .header("x-ratelimit-bucket", &limits.bucket);
    }
    if let Some(scope) = outcome.scope {
        building = building.header(header::RETRY_AFTER, outcome.retry_ms.div_ceil(1000));
        if scope == BLOCKED {
            let body = Body::from("error code: 1015");
            return built(building.header(header::CONTENT_TYPE, "text/plain").body(body));
        }
        building = building.header("x-ratelimit-scope", scope);
        if scope == "global" {
            building = building.header("x-ratelimit-global", "true");
        }
    }
    let Some(body) = body else {
        return built(building.body(Body::empty()));
    };
    let mut bytes = body.to_string().into_bytes();
    if fault == Some(Fault::Truncated) {
        bytes.truncate(bytes.len() / 2);
    }
    let building = building.header(header::CONTENT_TYPE, "application/json");
    built(building.body(Body::from(bytes)))
}

/// Seconds with the milliseconds behind the point.
fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// A body that breaks off before its first byte closes the connection, and the head, which waits
/// to be sent with it, never leaves.
fn lost() -> Response {
    let broken = stream::once(async {
        Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    built(Building::builder().body(Body::from_stream(broken)))
}
