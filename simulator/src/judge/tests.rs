use super::*;

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "paths": {"/users/{user_id}": {
            "parameters": [{"name": "user_id", "in": "path"}],
            "get": {
                "parameters": [{"name": "with_mood", "in": "query"}],
                "responses": {
                    "200": {"content": {"application/json": {
                        "schema": {"$ref": "#/components/schemas/User"}}}},
                    "204": {"description": "nothing"},
                    "4XX": {"$ref": "#/components/responses/Failed"},
                },
            },
            "post": {
                "requestBody": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/User"}}}},
                "responses": {"204": {"description": "nothing"}},
            },
        }},
        "components": {
            "schemas": {"User": {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"$ref": "#/components/schemas/Id"}},
            }, "Id": {"type": "string", "pattern": "^[0-9]+$"}},
            "responses": {"Failed": {"content": {"application/json": {
                "schema": {"type": "object", "required": ["code"]}}}}},
        },
    })
}

fn get(status: u16, response: Option<&Value>) -> Exchange<'_> {
    let (method, template) = ("GET", "/users/{user_id}");
    Exchange { method, template, query: &[], request: None, status, response }
}

#[test]
fn given_exchanges_as_described_then_there_is_nothing_to_say() {
    let judge = Judge::new(document()).expect("it is a description");
    judge.hear(get(200, Some(&json!({"id": "1"}))));
    judge.hear(get(204, None));
    judge.hear(get(404, Some(&json!({"code": 10013}))));
    judge.hear(get(502, None));
    let query = [("with_mood".to_owned(), "1".to_owned())];
    judge.hear(Exchange { query: &query, ..get(204, None) });
    assert_eq!(judge.violations(), []);
    assert_eq!(judge.exchanges(), 5);
}

#[test]
fn given_a_planted_violation_then_it_is_seen_with_its_place() {
    let judge = Judge::new(document()).expect("it is a description");
    let seen = |exchange: Exchange<'_>| {
        let before = judge.violations().len();
        judge.hear(exchange);
        let violations = judge.violations();
        assert_eq!(violations.len(), before + 1, "{exchange:?}");
        violations[before].to_string()
    };
    let id = seen(get(200, Some(&json!({"id": 1}))));
    assert!(id.contains("response 200/id"), "{id}");
    assert!(seen(get(200, Some(&json!({})))).contains("\"id\" is a required property"));
    assert!(seen(get(403, Some(&json!({"message": "no"})))).contains("code"));
    assert!(seen(get(200, None)).contains("no body"));
    assert!(seen(get(204, Some(&json!({})))).contains("may have no body"));
    assert!(seen(get(301, None)).contains("no such answer"));
    let query = [("mood".to_owned(), "1".to_owned())];
    assert!(seen(Exchange { query: &query, ..get(204, None) }).contains("\"mood\""));
    assert!(seen(Exchange { template: "/moods", ..get(200, None) }).contains("no such operation"));
    let body = json!({"id": "one"});
    let posted = Exchange { method: "POST", request: Some(&body), ..get(204, None) };
    assert!(seen(posted).contains("request/id"));
}

#[test]
fn given_what_is_no_description_then_it_is_refused() {
    assert!(Judge::new(json!({})).is_err());
    assert!(Judge::open(Path::new("/nowhere/openapi.json")).is_err());
}
