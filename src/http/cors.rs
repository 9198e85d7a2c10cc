//! Pages of other sites: which may use the API from a browser, with a key. Without a line in the
//! settings none may. Cookies never count there: nothing here lets a browser send them.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::doors::Doors;

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const ASKED_WITH: &str = "authorization, content-type, idempotency-key";
const TOLD: &str = "ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after, \
                    x-export-rows, x-export-max-rows, x-export-as-of";
/// A browser asks again whether it may, after so long.
const AGE_SECS: &str = "600";

pub async fn cors(State(doors): State<Doors>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if doors.cors_origins.is_empty() || !(path == "/graphql" || path.starts_with("/api/v1/")) {
        return next.run(request).await;
    }
    let origin = allowed(&doors.cors_origins, request.headers());
    let asks = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &origin {
        Some(_) if asks => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let mut tell = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        tell(header::ACCESS_CONTROL_EXPOSE_HEADERS, TOLD);
        if asks {
            tell(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            tell(header::ACCESS_CONTROL_ALLOW_HEADERS, ASKED_WITH);
            tell(header::ACCESS_CONTROL_MAX_AGE, AGE_SECS);
        }
    }
    response
}

fn allowed(origins: &[String], headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    origins.iter().any(|known| known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}
