//! Pictures and files, as Discord's CDN serves them.

use axum::{
    extract::{Path, State},
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest as _, Sha256};

use super::{Shared, attachment, picture, query};
use crate::snowflake::Id;

const USUAL_SIZE: usize = 128;

/// What a picture is called in addresses.
pub fn hash(picture: &str) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(picture.as_bytes());
    digest.iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Avatars, icons and the like: any hash has its picture.
pub async fn drawn(uri: Uri) -> Response {
    let path = uri.path();
    let Some(seed) = path.strip_suffix(".png") else {
        let text = "The simulator draws PNG only; ask for .png.";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
    };
    let asked = query::pairs(uri.query().unwrap_or_default());
    let size = asked.iter().find(|(name, _)| name == "size").map(|(_, size)| size.parse());
    let size = match size {
        None => USUAL_SIZE,
        Some(Ok(size)) if picture::SIZES.contains(&size) => size,
        Some(_) => return (StatusCode::BAD_REQUEST, "Invalid resource").into_response(),
    };
    let headers =
        [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "public, max-age=31536000")];
    (headers, picture::png(seed, size)).into_response()
}

pub async fn attached(
    State(shared): State<Shared>,
    Path((channel, id, filename)): Path<(String, String, String)>,
    uri: Uri,
) -> Response {
    let asked = query::pairs(uri.query().unwrap_or_default());
    let gone = || (StatusCode::NOT_FOUND, "This content is no longer available.").into_response();
    if !attachment::is_good(&shared.rest.key, uri.path(), &asked, shared.clock.now_ms()) {
        return gone();
    }
    let files = shared.rest.files.lock();
    let Some(file) = id.parse::<Id>().ok().and_then(|id| files.get(id)) else { return gone() };
    if file.channel.to_string() != channel || file.filename != filename {
        return gone();
    }
    let headers = [
        (header::CONTENT_TYPE, file.content_type.clone()),
        // What people send must never run as a page of this server.
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
    ];
    (headers, file.bytes.clone()).into_response()
}
