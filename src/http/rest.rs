//! REST: `/api/v1/…`. A table of paths (`rest/routes.rs`) maps each to an operation of the GraphQL
//! schema, which is asked in process: so there is one read side, one place that says who may, and one
//! shape of errors. What a path takes and answers follows from the schema (`rest/plan.rs`), and so does
//! the document that describes it all (`rest/openapi.rs`).

mod activity;
mod batch;
mod community;
mod economy;
mod giveaways;
mod history;
mod moderation;
mod openapi;
mod page;
mod plan;
mod rewards;
mod routes;
mod settings;
mod types;
mod words;

use std::sync::{Arc, LazyLock};

use async_graphql::{Request as Question, Variables};
use axum::{
    Json,
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use schema::{Code, Identity};
use serde_json::{Map, Value, json};

pub use self::{
    batch::batch,
    openapi::document,
    page::{page, style},
};
use self::{
    plan::{Plan, Segment},
    routes::PARTS,
    types::Types,
};
use super::doors::{Doors, refuse};

pub const PREFIX: &str = "/api/v1";
const KEY: &str = "idempotency-key";

/// The table, ready to answer.
struct Api {
    types: Types,
    /// By part, as the documents group them.
    parts: Vec<(&'static str, Vec<Plan>)>,
}

static API: LazyLock<Api> = LazyLock::new(|| {
    let types = Types::read(&schema::sdl()).unwrap_or_else(|error| panic!("{error}"));
    let plans = |part: &'static routes::Part| {
        let plan = |route: &'static routes::Route| {
            // A test goes through all of them.
            Plan::of(route, &types).unwrap_or_else(|| panic!("{}: no such operation", route.path))
        };
        (part.title, part.routes.iter().map(plan).collect())
    };
    let parts = PARTS.iter().map(plans).collect();
    Api { types, parts }
});

impl Api {
    fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.parts.iter().flat_map(|(_, plans)| plans)
    }
}

/// What the names in a path stand for.
type Names = Vec<(&'static str, String)>;

/// A request, as the table reads it.
struct Asked<'a> {
    method: &'a str,
    /// Below the prefix, still with its percent signs.
    path: &'a str,
    query: &'a str,
    key: Option<&'a str>,
    body: Value,
}

/// What became of one.
struct Answered {
    status: StatusCode,
    body: Value,
    /// Where the path has other methods.
    allow: Option<String>,
}

impl Answered {
    fn trouble(status: StatusCode, code: &str, text: &str) -> Self {
        let error = json!({ "message": text, "extensions": { "code": code } });
        Self { status, body: json!({ "errors": [error] }), allow: None }
    }

    fn bad(text: &str) -> Self {
        Self::trouble(StatusCode::BAD_REQUEST, Code::BadInput.name(), text)
    }
}

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let allow = self.allow.and_then(|allow| HeaderValue::try_from(allow).ok());
        headers.extend(allow.map(|allow| (header::ALLOW, allow)));
        if self.status == StatusCode::UNAUTHORIZED {
            let with = HeaderValue::from_static("Bearer realm=\"reeve\"");
            headers.insert(header::WWW_AUTHENTICATE, with);
        }
        response
    }
}

/// Every method of `/api/v1/…`.
pub async fn answer(
    State(doors): State<Doors>,
    method: Method,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let who = match asker(&doors, &method, &headers).await {
        Ok(who) => who,
        Err(response) => return response,
    };
    let body = match json_of(&headers, &body) {
        Ok(body) => body,
        Err(response) => return response,
    };
    let key = headers.get(KEY).and_then(|key| key.to_str().ok());
    let path = uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let query = query.as_deref().unwrap_or_default();
    let asked = Asked { method: method.as_str(), path, query, key, body };
    let answered = carry_out(&doors, who.as_ref(), &asked).await;
    if method != Method::GET {
        doors.answers.done();
    }
    answered.into_response()
}

/// Who asks. Reading with a cookie needs only that it comes from our own pages.
async fn asker(
    doors: &Doors,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Option<Identity>, Response> {
    if let Some(who) = doors.program(headers).await? {
        return Ok(Some(Identity::Person(who)));
    }
    if method != Method::GET {
        return doors.asker(headers).await;
    }
    if !doors.comes_from_us(headers) {
        let text = "This request comes from another site.";
        return Err(refuse(StatusCode::FORBIDDEN, "FOREIGN_ORIGIN", text));
    }
    Ok(doors.session(headers).await?.map(|session| session.who))
}

/// Nothing, or JSON that says it is.
#[expect(clippy::result_large_err, reason = "the answer itself, once per request")]
fn json_of(headers: &HeaderMap, body: &Bytes) -> Result<Value, Response> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_none_or(|kind| kind.split(';').next() != Some("application/json")) {
        let text = "Send application/json.";
        return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadInput.name(), text));
    }
    serde_json::from_slice(body).map_err(|_| {
        refuse(StatusCode::BAD_REQUEST, Code::BadInput.name(), "The body is no sound JSON.")
    })
}

async fn carry_out(doors: &Doors, who: Option<&Identity>, asked: &Asked<'_>) -> Answered {
    let (plan, names) = match find(asked) {
        Ok(found) => found,
        Err(answered) => return answered,
    };
    let is_public = ["Query.status", "Query.draw"].contains(&plan.route.operation);
    if who.is_none() && !is_public {
        let text = "Send a key: Authorization: Bearer reeve_… (/api says how to get one).";
        return Answered::trouble(StatusCode::UNAUTHORIZED, Code::Unauthenticated.name(), text);
    }
    let variables = match words::variables(plan, &API.types, &names, asked) {
        Ok(variables) => variables,
        Err(text) => return Answered::bad(&text),
    };
    let question = Question::new(plan.document.as_str())
        .variables(Variables::from_json(variables))
        .data(schema::request_people(Arc::clone(&doors.house)));
    let question = match who {
        Some(who) => who.clone().asks(question),
        None => question,
    };
    let response = doors.schema.execute(question).await;
    let mut response = serde_json::to_value(response).unwrap_or_default();
    if let Some(errors) = response.get("errors").filter(|errors| !errors.is_null()) {
        return troubled(errors);
    }
    let mut found = response["data"].take();
    for step in &plan.way {
        found = found.get_mut(step).map(Value::take).unwrap_or_default();
    }
    shaped(plan, found)
}

/// The line of the table, and what the names in its path stand for.
fn find(asked: &Asked<'_>) -> Result<(&'static Plan, Names), Answered> {
    let given: Vec<_> = asked.path.split('/').skip(1).collect();
    let fits = |plan: &'static Plan| Some((plan, fitting(&plan.segments, &given)?));
    let mut found: Vec<_> = API.plans().filter_map(fits).collect();
    // Words before names: `/giveaways/templates` is no giveaway.
    found.sort_by_key(|(_, names)| names.len());
    let Some(fewest) = found.first().map(|(_, names)| names.len()) else {
        let text = "There is nothing at this address. /api says what there is.";
        return Err(Answered::trouble(StatusCode::NOT_FOUND, Code::NotFound.name(), text));
    };
    found.retain(|(_, names)| names.len() == fewest);
    let methods: Vec<_> = found.iter().map(|(plan, _)| plan.route.method).collect();
    let of_method = found.into_iter().find(|(plan, _)| plan.route.method == asked.method);
    of_method.ok_or_else(|| {
        let allow = methods.join(", ");
        let text = format!("Here is only {allow}.");
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let answered = Answered::trouble(status, Code::BadInput.name(), &text);
        Answered { allow: Some(allow), ..answered }
    })
}

fn fitting(segments: &[Segment], given: &[&str]) -> Option<Names> {
    if segments.len() != given.len() {
        return None;
    }
    let mut names = Names::new();
    for (segment, given) in segments.iter().zip(given) {
        match segment {
            Segment::Word(word) if word == given => {}
            Segment::Word(_) => return None,
            Segment::Name(_) if given.is_empty() => return None,
            Segment::Name(name) => names.push((*name, words::decoded(given)?)),
        }
    }
    Some(names)
}

/// Errors as the schema tells them; the first says which status.
fn troubled(errors: &Value) -> Answered {
    let code = errors[0]["extensions"]["code"].as_str();
    let status = match code {
        Some("UNAUTHENTICATED") => StatusCode::UNAUTHORIZED,
        Some("FORBIDDEN") => StatusCode::FORBIDDEN,
        Some("NOT_FOUND") => StatusCode::NOT_FOUND,
        Some("REFUSED") => StatusCode::CONFLICT,
        Some("BUSY") => StatusCode::SERVICE_UNAVAILABLE,
        Some("FAULT") => StatusCode::INTERNAL_SERVER_ERROR,
        // What the schema itself does not take, has no code.
        _ => StatusCode::BAD_REQUEST,
    };
    let lines = errors.as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let told = lines.map(|error| {
        let mut extensions = error["extensions"].as_object().cloned().unwrap_or_default();
        extensions.entry("code").or_insert_with(|| json!(Code::BadInput.name()));
        json!({ "message": error["message"], "extensions": extensions })
    });
    let errors: Vec<_> = told.collect();
    Answered { status, body: json!({ "errors": errors }), allow: None }
}

/// The answer as programs read it: lists with where they go on, what was done with its status.
fn shaped(plan: &Plan, found: Value) -> Answered {
    if found.is_null() {
        let text = "There is no such thing here, or you may not see it.";
        return Answered::trouble(StatusCode::NOT_FOUND, Code::NotFound.name(), text);
    }
    let mut body = paged(found);
    if plan.route.is_reading() {
        if body.is_array() {
            body = json!({ "items": body, "next": null });
        }
        return Answered { status: StatusCode::OK, body, allow: None };
    }
    let done = body.as_object_mut().map(|body| {
        let done = body.remove("done").and_then(|done| done.as_object().cloned());
        body.extend(done.unwrap_or_default());
        body.remove("refusal").unwrap_or_default()
    });
    let refusal = done.unwrap_or_default();
    if body["status"] != "REFUSED" {
        return Answered { status: StatusCode::OK, body, allow: None };
    }
    let extensions = json!({ "code": Code::Refused.name(), "rule": refusal["rule"] });
    let error = json!({ "message": refusal["text"], "extensions": extensions });
    Answered { status: StatusCode::CONFLICT, body: json!({ "errors": [error] }), allow: None }
}

/// Every list by cursor in it, as `items` and `next`.
fn paged(value: Value) -> Value {
    match value {
        Value::Array(lines) => lines.into_iter().map(paged).collect(),
        Value::Object(mut fields) => {
            let Some(nodes) = fields.remove("nodes") else {
                let field = |(name, value)| (name, paged(value));
                return fields.into_iter().map(field).collect::<Map<_, _>>().into();
            };
            let next = match fields.remove("pageInfo") {
                Some(mut info) if info["hasNextPage"] == true => info["endCursor"].take(),
                Some(_) => Value::Null,
                None => fields.remove("endCursor").unwrap_or_default(),
            };
            json!({ "items": paged(nodes), "next": next })
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
