//! The document that describes the REST API (OpenAPI 3.1), made of the table and the schema. It lies in
//! `docs/openapi.json`, and a test fails where that is another one.

use std::{collections::BTreeMap, sync::LazyLock};

use async_graphql::parser::{
    parse_query,
    types::{BaseType, DocumentOperations, Selection, SelectionSet, Type},
};
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    API, PREFIX,
    plan::{Place, Plan, Takes},
    types::{Argument, Named, Types, base},
};

/// `GET /api/v1/openapi.json`
pub async fn document() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(text);
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, TEXT.as_str()).into_response()
}

/// As it lies in the tree.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&openapi()).unwrap_or_default();
    text.push('\n');
    text
}

fn openapi() -> Value {
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (title, plans) in &API.parts {
        for plan in plans {
            let path = paths.entry(format!("{PREFIX}{}", plan.route.path)).or_default();
            path.insert(plan.route.method.to_lowercase(), operation(title, plan));
        }
    }
    for (path, method, operation) in beside() {
        paths.entry(path.to_owned()).or_default().insert(method.to_owned(), operation);
    }
    let tags = API.parts.iter().map(|(title, _)| json!({ "name": title }));
    let tags: Vec<_> = tags.chain([json!({ "name": BESIDE })]).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Reeve",
            "version": "1",
            "description": "What the dashboard shows and does, for programs. Ids, amounts and \
                whatever else may have 64 bits are text; times are UTC. docs/rest.md says how to \
                begin.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "key": {
                "type": "http",
                "scheme": "bearer",
                "description": "A key (reeve_…), made on the dashboard under API keys, or a token that \
                    was exchanged for one.",
            } },
            "schemas": components(),
            "responses": {
                "Trouble": {
                    "description": "What went wrong: extensions.code is one of BAD_INPUT (400), \
                        UNAUTHENTICATED (401), FORBIDDEN (403), NOT_FOUND (404), REFUSED (409, with \
                        the rule), BUSY (429 and 503, with Retry-After), FAULT (500, with errorId).",
                    "content": { "application/json": { "schema": reference("Errors") } },
                },
            },
        },
    })
}

fn operation(title: &str, plan: &Plan) -> Value {
    let mut about = plan.route.about.to_owned();
    let mut needs = Vec::new();
    if let Some(scope) = plan.scope {
        about = format!("{about} Needs the scope `{}`.", scope.word());
        needs.push(scope.word());
    }
    let is_public = about.contains("Needs no key.");
    let mut parameters = Vec::new();
    if plan.route.path.contains("{guild}") {
        let schema = scalar("Snowflake");
        parameters.push(json!({
            "name": "guild", "in": "path", "required": true, "schema": schema,
            "description": "The community's id at Discord.",
        }));
    }
    let outside = plan.takes.iter().filter(|takes| takes.place != Place::Body);
    parameters.extend(outside.map(parameter));
    if !plan.route.is_reading() {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": true,
            "schema": { "type": "string", "minLength": 1, "maxLength": 128 },
            "description": "Made up for each thing that is to be done; the same again does nothing \
                again, and is answered REPEATED.",
        }));
    }
    let mut operation = json!({
        "tags": [title],
        "operationId": operation_id(plan),
        "summary": plan.route.about,
        "description": about,
        "parameters": parameters,
        "security": if is_public { json!([]) } else { json!([{ "key": needs }]) },
        "responses": {
            "200": {
                "description": if plan.route.is_reading() { "It." } else { "It is done." },
                "content": { "application/json": { "schema": answer(plan) } },
            },
            "default": { "$ref": "#/components/responses/Trouble" },
        },
    });
    if let Some(body) = body(plan) {
        operation["requestBody"] = body;
    }
    operation
}

fn operation_id(plan: &Plan) -> String {
    let path = plan.route.path.replace("/guilds/{guild}", "").replace(['{', '}'], "");
    format!("{}{}", plan.route.method.to_lowercase(), path.replace(['/', '-'], "_"))
}

fn parameter(takes: &Takes) -> Value {
    let is_path = takes.place == Place::Path;
    let mut parameter = json!({
        "name": takes.name,
        "in": if is_path { "path" } else { "query" },
        "required": is_path || (takes.within.is_none() && takes.of.is_needed()),
        "schema": of_argument(&takes.of),
    });
    if !takes.of.about.is_empty() {
        parameter["description"] = json!(takes.of.about);
    }
    parameter
}

fn body(plan: &Plan) -> Option<Value> {
    let parts: Vec<_> = plan.takes.iter().filter(|takes| takes.place == Place::Body).collect();
    if parts.is_empty() {
        return None;
    }
    let properties: Map<_, _> =
        parts.iter().map(|takes| (takes.name.clone(), of_argument(&takes.of))).collect();
    let needed = parts.iter().filter(|takes| takes.of.is_needed());
    let needed: Vec<_> = needed.map(|takes| takes.name.clone()).collect();
    let schema = json!({
        "type": "object", "properties": properties, "required": needed,
        "additionalProperties": false,
    });
    let content = json!({ "application/json": { "schema": schema } });
    Some(json!({ "required": !needed.is_empty(), "content": content }))
}

fn of_argument(argument: &Argument) -> Value {
    let mut schema = of_type(&API.types, &argument.kind);
    if let Some(default) = &argument.default {
        schema["default"] = default.clone();
    }
    if !argument.about.is_empty() && schema.get("$ref").is_none() {
        schema["description"] = json!(argument.about);
    }
    schema
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// What is given: by name, where it has parts or choices.
fn of_type(types: &Types, kind: &Type) -> Value {
    match &kind.base {
        BaseType::List(inside) => json!({ "type": "array", "items": of_type(types, inside) }),
        BaseType::Named(name) => match types.named(name) {
            Named::Scalar => scalar(name),
            _ => reference(name),
        },
    }
}

fn scalar(name: &str) -> Value {
    match name {
        "Int" => json!({ "type": "integer", "format": "int32" }),
        "Float" => json!({ "type": "number" }),
        "Boolean" => json!({ "type": "boolean" }),
        "Snowflake" => json!({ "type": "string", "pattern": "^[0-9]{1,19}$" }),
        "Long" => json!({ "type": "string", "pattern": "^-?[0-9]{1,19}$" }),
        "Time" => json!({ "type": "string", "format": "date-time" }),
        "Day" => json!({ "type": "string", "format": "date" }),
        "EventId" => json!({ "type": "string", "format": "uuid" }),
        "Moment" => json!({
            "type": "string",
            "examples": ["#1234", "2026-11-20T18:04:05Z", "2026-11-20", "2d ago"],
        }),
        "JSON" => json!({}),
        _ => json!({ "type": "string" }),
    }
}

/// Choices, what bodies are made of, and the shape of errors.
fn components() -> Map<String, Value> {
    let mut wanted: Vec<String> = Vec::new();
    let mut schemas = Map::new();
    for plan in API.plans() {
        wanted.extend(plan.takes.iter().map(|takes| base(&takes.of.kind).to_owned()));
        named_in(&answer(plan), &mut wanted);
    }
    while let Some(name) = wanted.pop() {
        if schemas.contains_key(&name) {
            continue;
        }
        match API.types.named(&name) {
            Named::Enum(values) => {
                schemas.insert(name, json!({ "type": "string", "enum": values }));
            }
            Named::Input(parts) => {
                let part = |part: &Argument| (part.name.clone(), of_argument(part));
                let properties: Map<_, _> = parts.iter().map(part).collect();
                wanted.extend(parts.iter().map(|part| base(&part.kind).to_owned()));
                let needed = parts.iter().filter(|part| part.is_needed());
                let needed: Vec<_> = needed.map(|part| part.name.clone()).collect();
                let schema =
                    json!({ "type": "object", "properties": properties, "required": needed });
                schemas.insert(name, schema);
            }
            Named::Object(_) | Named::Scalar => {}
        }
    }
    schemas.insert(
        "Errors".to_owned(),
        json!({
            "type": "object",
            "required": ["errors"],
            "properties": { "errors": { "type": "array", "minItems": 1, "items": {
                "type": "object",
                "required": ["message", "extensions"],
                "properties": {
                    "message": { "type": "string", "description": "For people." },
                    "extensions": {
                        "type": "object",
                        "required": ["code"],
                        "properties": {
                            "code": { "type": "string" },
                            "rule": { "type": ["string", "null"], "description": "The rule that said no." },
                            "errorId": { "type": "string", "description": "Of a fault." },
                        },
                    },
                },
            } } },
        }),
    );
    schemas
}

/// Every name that something refers to.
fn named_in(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| named_in(one, names)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if let ("$ref", Some(path)) = (name.as_str(), value.as_str()) {
                    names.extend(path.rsplit('/').next().map(str::to_owned));
                }
                named_in(value, names);
            }
        }
        _ => {}
    }
}

/// What a line of the table answers, as its question asks.
pub(super) fn answer(plan: &Plan) -> Value {
    let Ok(document) = parse_query(&plan.document) else { return json!({}) };
    let DocumentOperations::Single(operation) = document.operations else { return json!({}) };
    let mut holder = if plan.route.is_reading() { "Query" } else { "Mutation" };
    let mut set = &operation.node.selection_set.node;
    let mut is_list = false;
    for step in &plan.way {
        let Some(field) = API.types.field(holder, step) else { return json!({}) };
        let below = set.items.iter().find_map(|selection| match &selection.node {
            Selection::Field(field) if field.node.name.node == step.as_str() => {
                Some(&field.node.selection_set.node)
            }
            _ => None,
        });
        let Some(below) = below else { return json!({}) };
        (holder, set) = (base(&field.kind), below);
        is_list = super::types::is_list(&field.kind);
    }
    let one = if set.items.is_empty() {
        let kind =
            Type { base: BaseType::Named(async_graphql::Name::new(holder)), nullable: false };
        of_type(&API.types, &kind)
    } else {
        of_set(holder, set)
    };
    if is_list {
        return listed(&json!({ "type": "array", "items": one }), false);
    }
    if plan.route.is_reading() { one } else { done(one) }
}

fn listed(items: &Value, goes_on: bool) -> Value {
    let next = if goes_on {
        json!({ "type": ["string", "null"], "description": "Send it as `after` for what comes next." })
    } else {
        json!({ "type": "null" })
    };
    json!({
        "type": "object",
        "required": ["items", "next"],
        "properties": { "items": items, "next": next },
    })
}

fn of_set(holder: &str, set: &SelectionSet) -> Value {
    let (mut properties, mut needed) = (Map::new(), Vec::new());
    for selection in &set.items {
        let Selection::Field(field) = &selection.node else { continue };
        let name = field.node.name.node.as_str();
        let Some(known) = API.types.field(holder, name) else { continue };
        let below = &field.node.selection_set.node;
        let schema = of_field(&known.kind, below, &known.about);
        if name == "nodes" {
            return listed(&schema, true);
        }
        if !known.kind.nullable {
            needed.push(name.to_owned());
        }
        properties.insert(name.to_owned(), schema);
    }
    json!({ "type": "object", "properties": properties, "required": needed })
}

fn of_field(kind: &Type, below: &SelectionSet, about: &str) -> Value {
    let mut schema = match &kind.base {
        BaseType::List(inside) => json!({ "type": "array", "items": of_field(inside, below, "") }),
        BaseType::Named(name) if below.items.is_empty() => {
            let kind = Type { base: BaseType::Named(name.clone()), nullable: false };
            of_type(&API.types, &kind)
        }
        BaseType::Named(name) => of_set(name, below),
    };
    if kind.nullable {
        schema = match schema.get("type").and_then(Value::as_str).map(str::to_owned) {
            Some(one) => {
                schema["type"] = json!([one, "null"]);
                schema
            }
            None => json!({ "anyOf": [schema, { "type": "null" }] }),
        };
    }
    if !about.is_empty() && schema.get("$ref").is_none() {
        schema["description"] = json!(about);
    }
    schema
}

/// What was done says so beside the rest; a refusal is an error.
fn done(mut schema: Value) -> Value {
    let status = json!({
        "type": "string",
        "enum": ["DONE", "REPEATED"],
        "description": "REPEATED: the same Idempotency-Key was carried out before.",
    });
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.remove("done");
        properties.remove("refusal");
        properties.insert("status".to_owned(), status);
    }
    if let Some(needed) = schema["required"].as_array_mut() {
        needed.retain(|name| name != "done" && name != "status");
        needed.push(json!("status"));
    }
    schema
}

/// What is no operation of the schema.
fn beside() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("/api/v1/batch", "post", batch()),
        ("/api/v1/tokens", "post", exchange()),
        ("/api/v1/tokens/refresh", "post", refresh()),
        ("/api/v1/guilds/{guild}/exports/{name}", "get", file()),
    ]
}

const BESIDE: &str = "Many at once, tokens, files";

fn text_schema() -> Value {
    json!({ "type": "string" })
}

fn taking(schema: &Value) -> Value {
    json!({ "required": true, "content": { "application/json": { "schema": schema } } })
}

fn answers(about: &str, kind: &str, schema: &Value) -> Value {
    json!({
        "200": { "description": about, "content": { kind: { "schema": schema } } },
        "default": { "$ref": "#/components/responses/Trouble" },
    })
}

fn one_of(name: &str, of: &Value) -> Value {
    json!({ "type": "object", "required": [name], "properties": { name: of } })
}

fn batch() -> Value {
    let operation = json!({
        "type": "object",
        "required": ["method", "path"],
        "properties": {
            "method": { "type": "string", "enum": ["GET", "POST", "PUT", "PATCH", "DELETE"] },
            "path": { "type": "string", "examples": ["/guilds/1/transactions?first=5"] },
            "key": { "type": "string", "description": "What Idempotency-Key is elsewhere." },
            "body": { "type": "object" },
        },
    });
    let result = json!({
        "type": "object",
        "required": ["status", "body"],
        "properties": { "status": { "type": "integer" }, "body": {} },
    });
    let operations = json!({ "type": "array", "items": operation, "minItems": 1, "maxItems": 50 });
    let results = one_of("results", &json!({ "type": "array", "items": result }));
    json!({
        "tags": [BESIDE], "operationId": "post_batch", "summary": "Up to 50 operations.",
        "description": "They are carried out one after the other. Each has its own result; one that is \
            refused stops no other.",
        "requestBody": taking(&one_of("operations", &operations)),
        "responses": answers("A result for each.", "application/json", &results),
    })
}

fn pair() -> Value {
    let (text, moment) = (text_schema(), scalar("Time"));
    json!({
        "type": "object",
        "required": ["token", "endsAt", "refresh", "refreshEndsAt"],
        "properties": {
            "token": text, "endsAt": moment, "refresh": text, "refreshEndsAt": moment,
        },
    })
}

fn exchange() -> Value {
    json!({
        "tags": [BESIDE], "operationId": "post_tokens", "summary": "Exchanges a key for tokens.",
        "description": "With the key itself as Bearer. The token ends in 15 minutes; the refresh token \
            fetches the next pair, once.",
        "responses": answers("A pair of tokens.", "application/json", &pair()),
    })
}

fn refresh() -> Value {
    json!({
        "tags": [BESIDE], "operationId": "post_tokens_refresh", "summary": "The next tokens.",
        "description": "A refresh token that is shown a second time ends all that followed from its \
            exchange.",
        "security": [],
        "requestBody": taking(&one_of("refresh", &text_schema())),
        "responses": answers("A pair of tokens.", "application/json", &pair()),
    })
}

fn file() -> Value {
    let text = text_schema();
    json!({
        "tags": [BESIDE], "operationId": "get_export", "summary": "A whole list as a file.",
        "description": "Which there are, /api/v1/guilds/{guild}/exports says. A list can be narrowed by \
            its columns.",
        "parameters": [
            { "name": "guild", "in": "path", "required": true, "schema": scalar("Snowflake") },
            { "name": "name", "in": "path", "required": true, "schema": text },
            { "name": "format", "in": "query", "required": false,
              "schema": { "type": "string", "enum": ["csv", "jsonl", "parquet"], "default": "csv" } },
            { "name": "asOf", "in": "query", "required": false, "schema": scalar("Moment") },
        ],
        "responses": answers("The file.", "text/csv", &text),
    })
}
