//! `/graphql`: questions by POST, news over a WebSocket (graphql-transport-ws).

use std::sync::Arc;

use async_graphql::{BatchRequest, Data, Request as Question, http::ALL_WEBSOCKET_PROTOCOLS};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::{
    Json,
    body::Bytes,
    extract::{State, WebSocketUpgrade, ws::WebSocket},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    doors::{Doors, refuse, same},
    sessions::Session,
};

/// What one request may weigh.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// What a WebSocket may send at once.
const MAX_FRAME_BYTES: usize = 64 * 1024;

/// `POST /graphql`
pub async fn ask(State(doors): State<Doors>, headers: HeaderMap, body: Bytes) -> Response {
    // Only what no form of another site can send.
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.split(';').next() == Some("application/json")) {
        let text = "Send application/json.";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_INPUT", text);
    }
    let session = match doors.guarded(&headers).await {
        Ok(session) => session,
        Err(response) => return response,
    };
    let questions = match serde_json::from_slice::<BatchRequest>(&body) {
        Ok(questions) => questions,
        Err(_) => {
            let text = "This is no question in GraphQL's JSON: {\"query\": \"…\"}.";
            return refuse(StatusCode::BAD_REQUEST, "BAD_INPUT", text);
        }
    };
    let most = doors.house.limits.batch;
    if let BatchRequest::Batch(all) = &questions
        && (all.is_empty() || all.len() > most)
    {
        let text = format!("Send 1 to {most} questions together.");
        return refuse(StatusCode::BAD_REQUEST, "BAD_INPUT", &text);
    }
    let questions = match questions {
        BatchRequest::Single(question) => {
            BatchRequest::Single(asked(&doors, session.as_ref(), question))
        }
        BatchRequest::Batch(all) => {
            let of = |question| asked(&doors, session.as_ref(), question);
            BatchRequest::Batch(all.into_iter().map(of).collect())
        }
    };
    let answer = doors.schema.execute_batch(questions).await;
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

fn asked(doors: &Doors, session: Option<&Session>, question: Question) -> Question {
    let question = question.data(schema::request_people(Arc::clone(&doors.house)));
    match session {
        Some(session) => question.data(session.who.clone()),
        None => question,
    }
}

/// What a listener says when it begins.
#[derive(Deserialize)]
struct Hello {
    csrf: String,
}

/// `GET /graphql`, turned into a WebSocket. A browser sends our cookie from any site's page: hence
/// where it comes from is asked, and the token that only our own pages know.
pub async fn listen(
    State(doors): State<Doors>,
    headers: HeaderMap,
    protocol: GraphQLProtocol,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !doors.comes_from_us(&headers) {
        let text = "This request comes from another site.";
        return refuse(StatusCode::FORBIDDEN, "FOREIGN_ORIGIN", text);
    }
    let session = match doors.session(&headers).await {
        Ok(Some(session)) => session,
        Ok(None) => return refuse(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "Sign in first."),
        Err(response) => return response,
    };
    upgrade
        .protocols(ALL_WEBSOCKET_PROTOCOLS)
        .max_message_size(MAX_FRAME_BYTES)
        .on_upgrade(move |socket| serve(doors, session, protocol, socket))
}

async fn serve(doors: Doors, session: Session, protocol: GraphQLProtocol, socket: WebSocket) {
    let house = Arc::clone(&doors.house);
    let hello = move |hello: serde_json::Value| async move {
        let given: Hello = serde_json::from_value(hello)?;
        if !same(given.csrf.as_bytes(), session.csrf.as_bytes()) {
            return Err("The token in connection_init is wrong; /auth/session tells it.".into());
        }
        let mut data = Data::default();
        data.insert(session.who.clone());
        data.insert(schema::request_people(house));
        Ok(data)
    };
    GraphQLWebSocket::new(socket, doors.schema.clone(), protocol)
        .on_connection_init(hello)
        .serve()
        .await;
}
