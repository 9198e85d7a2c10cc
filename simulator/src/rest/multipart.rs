//! The body of a request: JSON, a form, or JSON with files beside it.

use axum::{
    body::Body,
    extract::{FromRequest as _, Multipart},
    http::{HeaderMap, Request, header::CONTENT_TYPE},
};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::refusal::{BAD_JSON, BAD_REQUEST, Refusal, TOO_LARGE};

/// What Discord takes from a bot in a guild without boosts.
pub const MOST_BYTES: usize = 10 << 20;
/// Room for the JSON and the borders around files of that size.
pub const MOST_BODY: usize = MOST_BYTES + (1 << 20);
const MOST_FILES: usize = 10;

/// A file that came with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its place, as `files[n]` names it.
    pub place: u64,
    pub filename: String,
    pub content_type: Option<String>,
    pub bytes: Bytes,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sent {
    /// Null where nothing was sent.
    pub json: Value,
    pub files: Vec<Upload>,
}

pub async fn read(headers: &HeaderMap, bytes: Bytes) -> Result<Sent, Refusal> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("multipart/form-data") {
        return parts(kind, bytes).await;
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Ok(Sent { json: form(&bytes), files: Vec::new() });
    }
    if bytes.is_empty() {
        return Ok(Sent::default());
    }
    let json = serde_json::from_slice(&bytes).map_err(|_| BAD_JSON)?;
    Ok(Sent { json, files: Vec::new() })
}

/// `a=1&b=two` as an object of texts.
fn form(bytes: &[u8]) -> Value {
    let text = String::from_utf8_lossy(bytes);
    let pairs = super::query::pairs(&text);
    pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect::<Map<_, _>>().into()
}

async fn parts(kind: &str, bytes: Bytes) -> Result<Sent, Refusal> {
    let request = Request::builder().header(CONTENT_TYPE, kind).body(Body::from(bytes));
    let request = request.map_err(|_| BAD_REQUEST)?;
    let mut multipart = Multipart::from_request(request, &()).await.map_err(|_| BAD_REQUEST)?;
    let mut sent = Sent::default();
    let mut payload = None;
    let mut fields = Map::new();
    let mut total = 0;
    while let Some(field) = multipart.next_field().await.map_err(|_| BAD_REQUEST)? {
        let name = field.name().unwrap_or_default().to_owned();
        let filename = field.file_name().map(str::to_owned);
        let content_type = field.content_type().map(str::to_owned);
        let bytes = field.bytes().await.map_err(|_| BAD_REQUEST)?;
        if name == "payload_json" {
            payload = Some(serde_json::from_slice(&bytes).map_err(|_| BAD_JSON)?);
        } else if let Some(filename) = filename {
            total += bytes.len();
            if total > MOST_BYTES {
                return Err(TOO_LARGE);
            }
            if sent.files.len() >= MOST_FILES {
                let message = format!("Must be {MOST_FILES} or fewer in length.");
                return Err(super::form::refused("files", "BASE_TYPE_MAX_LENGTH", message));
            }
            let next = u64::try_from(sent.files.len()).unwrap_or(u64::MAX);
            let number = name.strip_prefix("files[").and_then(|rest| rest.strip_suffix(']'));
            let place = number.and_then(|number| number.parse().ok()).unwrap_or(next);
            sent.files.push(Upload { place, filename, content_type, bytes });
        } else {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            fields.insert(name, text.into());
        }
    }
    sent.json = payload.unwrap_or(Value::Object(fields));
    Ok(sent)
}
