//! Files that are written while they are sent, because they are too large to be held for everybody
//! who asks. Few are sent at once, and nobody keeps others waiting for long.

use std::{io, sync::Arc, time::Duration};

use actions::ActionError;
use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt as _, stream};
use schema::{Code, Trouble};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::doors::{fault, refuse};

const AT_ONCE: usize = 4;
/// So long somebody waits for a place.
const WAITS: Duration = Duration::from_secs(10);
/// Who reads more slowly than that is cut off.
const SENT_WITHIN: Duration = Duration::from_mins(5);
const PIECES_AHEAD: usize = 4;

/// Places for those that are under way.
#[derive(Clone, Debug)]
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Room {
    pub async fn place(&self) -> Result<OwnedSemaphorePermit, Response> {
        let room = Arc::clone(&self.0);
        let place = tokio::time::timeout(WAITS, room.acquire_owned()).await;
        place.ok().and_then(Result::ok).ok_or_else(|| {
            let text = "Too many files are being read at the moment. Try again in a minute.";
            refuse(StatusCode::SERVICE_UNAVAILABLE, Code::Busy.name(), text)
        })
    }
}

/// Sends a file of this name and kind. One that cannot be finished is broken off, so that nobody
/// takes it for whole.
pub fn send<S, P, E>(
    place: OwnedSemaphorePermit,
    (name, kind): (&str, &'static str),
    pieces: S,
) -> Response
where
    S: Stream<Item = Result<P, E>> + Send + 'static,
    P: Into<Bytes> + Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    let (sender, receiver) = mpsc::channel::<Option<Bytes>>(PIECES_AHEAD);
    tokio::spawn(async move {
        let _held = place;
        let write = async {
            let mut pieces = std::pin::pin!(pieces);
            while let Some(piece) = pieces.next().await {
                let piece = match piece {
                    Ok(piece) => piece.into(),
                    Err(error) => {
                        // The answer has begun; whoever reads it sees that it ends too early.
                        drop(fault(&error));
                        return;
                    }
                };
                if sender.send(Some(piece)).await.is_err() {
                    return;
                }
            }
            let _ = sender.send(None).await;
        };
        let _ = tokio::time::timeout(SENT_WITHIN, write).await;
    });
    let body = stream::unfold(Some(receiver), |receiver| async {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Some(piece)) => Some((Ok(piece), Some(receiver))),
            Some(None) => None,
            None => Some((Err(io::Error::other("the file was not finished")), None)),
        }
    });
    let mut response = Body::from_stream(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let saved = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    headers.extend(saved.ok().map(|saved| (header::CONTENT_DISPOSITION, saved)));
    response
}

/// A rule said no, or something is broken.
pub fn refused(error: ActionError) -> Response {
    troubled(&Trouble::from(error))
}

pub fn troubled(trouble: &Trouble) -> Response {
    let status = match trouble.code {
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::BadInput => StatusCode::BAD_REQUEST,
        Code::Refused => StatusCode::CONFLICT,
        Code::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Code::Fault => StatusCode::INTERNAL_SERVER_ERROR,
    };
    refuse(status, trouble.code.name(), &trouble.text)
}
