//! The dashboard's files, which are part of this program. Without them a page says how to build
//! them.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Files;

const PAGE: &str = "index.html";
const STUB: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <title>Reeve</title><h1>The dashboard is not part of this build</h1>\
    <p>Build it with <code>npm ci &amp;&amp; npm run build</code> in <code>web/</code>, then build \
    Reeve again. The API answers at <code>/graphql</code> meanwhile.</p></html>";

/// A file, or the page that shows whatever address a person is at. A file that is missing is not
/// found: a page in its place would be run as a script.
pub async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if let Some(response) = file(path, &headers) {
        return response;
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    if last.contains('.') || path.starts_with("assets/") || path.starts_with("auth/") {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    }
    file(PAGE, &headers).unwrap_or_else(|| Html(STUB).into_response())
}

fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    // What only the build needs is not served.
    if path.split('/').any(|part| part.starts_with('.')) || path.ends_with(".map") {
        return None;
    }
    let file = Files::get(path)?;
    let hash: String =
        file.metadata.sha256_hash()[..16].iter().fold(String::new(), |mut all, b| {
            use std::fmt::Write as _;
            // Writing to a String cannot fail.
            let _ = write!(all, "{b:02x}");
            all
        });
    let tag = format!("\"{hash}\"");
    // Only files with their hash in the name never change.
    let keep = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let same = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
    let mut response = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = [(header::CONTENT_TYPE, kind(path))];
        (kind, file.data.into_owned()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    Some(response)
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
