//! `/graphql`: questions by POST, news over a WebSocket (graphql-transport-ws).

use std::sync::Arc;

use async_graphql::{BatchRequest, Data, Request as Question, http::ALL_WEBSOCKET_PROTOCOLS};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::{
    body::Bytes,
    extract::{State, WebSocketUpgrade, ws::WebSocket},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use schema::{Identity, SignedIn};
use serde::Deserialize;

use super::{
    answers::After,
    doors::{Doors, fault, refuse, same},
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
    if kind.is_none_or(|kind| kind.split(';').next() != Some("application/json")) {
        let text = "Send application/json.";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_INPUT", text);
    }
    let who = match doors.asker(&headers).await {
        Ok(who) => who,
        Err(response) => return response,
    };
    // Before it is asked, so that whatever is written meanwhile counts as written since.
    let kept = match &who {
        Some(Identity::Person(who)) => doors.answers.asked(who, &body, doors.house.written()),
        _ => None,
    };
    if let Some(told) = kept.as_ref().and_then(|asked| doors.answers.told(asked)) {
        return tell(told);
    }
    let Ok(questions) = serde_json::from_slice::<BatchRequest>(&body) else {
        let text = "This is no question in GraphQL's JSON: {\"query\": \"…\"}.";
        return refuse(StatusCode::BAD_REQUEST, "BAD_INPUT", text);
    };
    let most = doors.house.limits.batch;
    if let BatchRequest::Batch(all) = &questions
        && (all.is_empty() || all.len() > most)
    {
        let text = format!("Send 1 to {most} questions together.");
        return refuse(StatusCode::BAD_REQUEST, "BAD_INPUT", &text);
    }
    let after = match &questions {
        BatchRequest::Single(question) => After::of(&question.query),
        BatchRequest::Batch(_) => After::Deeds,
    };
    let questions = match questions {
        BatchRequest::Single(question) => {
            BatchRequest::Single(asked(&doors, who.as_ref(), question))
        }
        BatchRequest::Batch(all) => {
            let of = |question| asked(&doors, who.as_ref(), question);
            BatchRequest::Batch(all.into_iter().map(of).collect())
        }
    };
    let answer = doors.schema.execute_batch(questions).await;
    let told = match serde_json::to_vec(&answer) {
        Ok(told) => Bytes::from(told),
        Err(error) => return fault(&error),
    };
    match (after, kept) {
        (After::Communities, Some(asked)) if answer.is_ok() => {
            doors.answers.keep(asked, told.clone());
        }
        (After::Communities | After::Other, _) => {}
        (After::Deeds, _) => doors.answers.done(),
    }
    tell(told)
}

fn tell(told: Bytes) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_TYPE, "application/json")];
    (headers, told).into_response()
}

fn asked(doors: &Doors, who: Option<&Identity>, question: Question) -> Question {
    let question = question.data(schema::request_people(Arc::clone(&doors.house)));
    match who {
        Some(who) => who.clone().asks(question),
        None => question,
    }
}

/// What a browser that listens says when it begins.
#[derive(Deserialize)]
struct Hello {
    csrf: String,
}

/// Who listens.
enum Listener {
    Browser(Session),
    /// No browser sends a key by itself: there is nothing to guard against.
    Program(SignedIn),
}

/// `GET /graphql`, turned into a WebSocket. A browser sends our cookie from any site's page: hence
/// where it comes from is asked, and the token that only our own pages know.
pub async fn listen(
    State(doors): State<Doors>,
    headers: HeaderMap,
    protocol: GraphQLProtocol,
    upgrade: WebSocketUpgrade,
) -> Response {
    let listener = match listener(&doors, &headers).await {
        Ok(listener) => listener,
        Err(response) => return response,
    };
    upgrade
        .protocols(ALL_WEBSOCKET_PROTOCOLS)
        .max_message_size(MAX_FRAME_BYTES)
        .on_upgrade(move |socket| serve(doors, listener, protocol, socket))
}

async fn listener(doors: &Doors, headers: &HeaderMap) -> Result<Listener, Response> {
    if let Some(who) = doors.program(headers).await? {
        return Ok(Listener::Program(who));
    }
    if !doors.comes_from_us(headers) {
        let text = "This request comes from another site.";
        return Err(refuse(StatusCode::FORBIDDEN, "FOREIGN_ORIGIN", text));
    }
    let session = doors.session(headers).await?;
    let nobody = || refuse(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "Sign in first.");
    session.map(Listener::Browser).ok_or_else(nobody)
}

async fn serve(doors: Doors, listener: Listener, protocol: GraphQLProtocol, socket: WebSocket) {
    let house = Arc::clone(&doors.house);
    let hello = move |hello: serde_json::Value| async move {
        let who = match listener {
            Listener::Program(who) => Identity::Person(who),
            Listener::Browser(session) => {
                let given: Hello = serde_json::from_value(hello)?;
                if !same(given.csrf.as_bytes(), session.csrf.as_bytes()) {
                    let text = "The token in connection_init is wrong; /auth/session tells it.";
                    return Err(text.into());
                }
                session.who
            }
        };
        let mut data = Data::default();
        who.listens(&mut data);
        data.insert(schema::request_people(house));
        Ok(data)
    };
    GraphQLWebSocket::new(socket, doors.schema.clone(), protocol)
        .on_connection_init(hello)
        .serve()
        .await;
}
