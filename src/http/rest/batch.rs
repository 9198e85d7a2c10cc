//! Many operations in one request: carried out one after the other, each with its own result. One that
//! is refused stops no other, and nothing is taken back.

use std::time::Instant;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use schema::Code;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answered, Asked, asker, carry_out, json_of};
use crate::http::doors::{Doors, refuse, too_many};

/// Operations of one request.
const MOST: usize = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    operations: Vec<Operation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    method: String,
    /// Below `/api/v1`.
    path: String,
    key: Option<String>,
    #[serde(default)]
    body: Value,
}

/// `POST /api/v1/batch`
pub async fn batch(State(doors): State<Doors>, headers: HeaderMap, body: Bytes) -> Response {
    let who = match asker(&doors, &Method::POST, &headers).await {
        Ok(who) => who,
        Err(response) => return response,
    };
    let body = match json_of(&headers, &body) {
        Ok(body) => body,
        Err(response) => return response,
    };
    let bad = |text: &str| refuse(StatusCode::BAD_REQUEST, Code::BadInput.name(), text);
    let Ok(Batch { operations }) = serde_json::from_value(body) else {
        return bad("Send {\"operations\": [{\"method\", \"path\", \"key\", \"body\"}, …]}.");
    };
    if operations.is_empty() || operations.len() > MOST {
        return bad(&format!("Send 1 to {MOST} operations together."));
    }
    // The request itself has been counted.
    let more = u32::try_from(operations.len() - 1).unwrap_or(u32::MAX);
    if let Err((wait, _)) = doors.rates.take(doors.source(&headers), None, more, Instant::now()) {
        return too_many(wait);
    }
    let mut results = Vec::with_capacity(operations.len());
    for Operation { method, path, key, body } in operations {
        let (path, query) = path.split_once('?').unwrap_or((path.as_str(), ""));
        let asked = Asked { method: &method, path, query, key: key.as_deref(), body };
        let Answered { status, body, .. } = carry_out(&doors, who.as_ref(), &asked).await;
        results.push(json!({ "status": status.as_u16(), "body": body }));
    }
    let body = json!({ "results": results });
    Answered { status: StatusCode::OK, body, allow: None }.into_response()
}
