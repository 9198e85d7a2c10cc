//! `/api`: the REST API for people to read, made of the same table as its document. It is one page
//! without any script, in the house's own policy.

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    http::header,
    response::{Html, IntoResponse, Response},
};
use domain::keys::Scope;
use serde_json::{Value, json};

use super::{
    API, PREFIX, openapi,
    plan::{Place, Plan, Takes},
    types::is_list,
};

/// `GET /api`
pub async fn page() -> Html<&'static str> {
    static PAGE: LazyLock<String> = LazyLock::new(written);
    Html(PAGE.as_str())
}

/// `GET /api/style.css`
pub async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("page.css")).into_response()
}

fn written() -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>The API of Reeve</title><link rel=\"stylesheet\" href=\"/api/style.css\"></head><body>\
         <header><h1>The API of Reeve</h1><p>What the dashboard shows and does, for programs of yours. \
         It is also there as <a href=\"/api/v1/openapi.json\">OpenAPI 3.1</a>, and everything can be \
         asked over <a href=\"https://graphql.org\">GraphQL</a> at <code>/graphql</code> with the same \
         keys.</p></header><div class=\"sides\"><nav aria-label=\"Parts\"><ul>\
         <li><a href=\"#begin\">How to begin</a></li>",
    );
    for (title, _) in &API.parts {
        let _ = write!(page, "<li><a href=\"#{}\">{}</a></li>", anchor(title), plain(title));
    }
    page.push_str("</ul></nav><main>");
    page.push_str(&begin());
    for (title, plans) in &API.parts {
        let _ = write!(
            page,
            "<section aria-labelledby=\"{0}\"><h2 id=\"{0}\">{1}</h2>",
            anchor(title),
            plain(title)
        );
        for plan in plans {
            page.push_str(&operation(plan));
        }
        page.push_str("</section>");
    }
    page.push_str("</main></div></body></html>\n");
    page
}

fn begin() -> String {
    let mut text = String::from(
        "<section aria-labelledby=\"begin\"><h2 id=\"begin\">How to begin</h2><ol>\
         <li>Make a key on the dashboard, under <em>API keys</em> of your community. It is shown \
         once.</li><li>Send it with each request:<pre><code>curl -H \"Authorization: Bearer \
         $REEVE_KEY\" \\\n  https://reeve.example/api/v1/me</code></pre></li><li>Whatever changes \
         something needs the header <code>Idempotency-Key</code>, made up by you for each thing that \
         is to be done. Where an answer was lost, send the same again: it is done once, and answered \
         <code>REPEATED</code>.</li></ol><p>Ids, amounts and whatever else may have 64 bits are text. \
         Times are UTC. Lists answer <code>items</code> and <code>next</code>; send that as \
         <code>after</code> for what comes then, with <code>first</code> up to 100. \
         <code>asOf</code> shows things as they were. What goes wrong is answered as \
         <code>{\"errors\": [{\"message\", \"extensions\": {\"code\"}}]}</code>; a rule that says no is \
         409, with its name in <code>rule</code>.</p><p>Many at once: <code>POST \
         /api/v1/batch</code> with <code>{\"operations\": [{\"method\", \"path\", \"key\", \
         \"body\"}]}</code>, up to 50.</p><h3>Scopes</h3><p>A key may what its owner may at that \
         moment, and of that only what its scopes name.</p><dl class=\"scopes\">",
    );
    for scope in Scope::ALL {
        let (word, about) = (scope.word(), plain(scope.about()));
        let _ = write!(text, "<div><dt><code>{word}</code></dt><dd>{about}</dd></div>");
    }
    text.push_str("</dl></section>");
    text
}

fn operation(plan: &Plan) -> String {
    let route = plan.route;
    let mut text = format!(
        "<details><summary><span class=\"method {}\">{}</span> <code class=\"path\">{}</code> \
         <span class=\"about\">{}</span></summary>",
        route.method.to_lowercase(),
        route.method,
        plain(route.path).replace('/', "/<wbr>"),
        plain(route.about)
    );
    if let Some(scope) = plan.scope {
        let _ = write!(text, "<p>Scope: <code>{}</code></p>", scope.word());
    }
    if !plan.takes.is_empty() {
        text.push_str(
            "<div class=\"wide\"><table><thead><tr><th>Name</th><th>In</th><th>Is</th><th>About</th>\
             </tr></thead><tbody>",
        );
        plan.takes.iter().for_each(|takes| text.push_str(&line(takes)));
        text.push_str("</tbody></table></div>");
    }
    let _ = write!(
        text,
        "<h3>For example</h3><pre><code>{}</code></pre><h3>Answers</h3><pre><code>{}</code></pre>\
         </details>",
        plain(&curl(plan)),
        plain(&serde_json::to_string_pretty(&sample(&openapi::answer(plan))).unwrap_or_default())
    );
    text
}

fn line(takes: &Takes) -> String {
    let place = match takes.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Body => "body",
    };
    let needed = takes.place == Place::Path || (takes.within.is_none() && takes.of.is_needed());
    format!(
        "<tr><td><code>{}</code>{}</td><td>{place}</td><td><code>{}</code></td><td>{}</td></tr>",
        plain(&takes.name),
        if needed { " <strong>needed</strong>" } else { "" },
        plain(takes.of.kind.to_string().trim_end_matches('!')),
        plain(&takes.of.about)
    )
}

fn curl(plan: &Plan) -> String {
    let route = plan.route;
    let path = route.path.replace("{guild}", "1107318246137131070");
    let path = path.replace("{user}", "175928847299117063").replace("{number}", "41");
    let method = if route.is_reading() { String::new() } else { format!(" -X {}", route.method) };
    let mut text = format!("curl{method} -H \"Authorization: Bearer $REEVE_KEY\" \\\n");
    if !route.is_reading() {
        text.push_str("  -H \"Idempotency-Key: $(uuidgen)\" \\\n");
    }
    let body = plan.takes.iter().filter(|takes| takes.place == Place::Body);
    let body: serde_json::Map<_, _> = body
        .filter(|takes| takes.of.is_needed())
        .map(|takes| (takes.name.clone(), example(takes)))
        .collect();
    if !body.is_empty() {
        let body = Value::Object(body);
        let _ = writeln!(text, "  -H \"Content-Type: application/json\" -d '{body}' \\");
    }
    let _ = write!(text, "  https://reeve.example{PREFIX}{path}");
    text
}

fn example(takes: &Takes) -> Value {
    let one = match super::types::base(&takes.of.kind) {
        "Int" => json!(1),
        "Boolean" => json!(true),
        "Long" => json!("25"),
        "Snowflake" => json!("175928847299117063"),
        "Time" => json!("2026-12-24T18:00:00Z"),
        "Deed" => json!("TIMEOUT"),
        "KeyScope" => json!("READ"),
        "FieldSet" => json!({ "name": "daily_amount", "text": "50" }),
        "UndoCause" => json!({ "moderator": "175928847299117063" }),
        _ => json!("…"),
    };
    if is_list(&takes.of.kind) { json!([one]) } else { one }
}

/// An answer of this shape, with what each thing is in its place.
fn sample(schema: &Value) -> Value {
    if let Some(properties) = schema["properties"].as_object() {
        return properties.iter().map(|(name, of)| (name.clone(), sample(of))).collect();
    }
    if let Some(items) = schema.get("items") {
        return json!([sample(items)]);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        return choices.first().map(sample).unwrap_or_default();
    }
    if let Some(name) = schema["$ref"].as_str() {
        return json!(name.rsplit('/').next());
    }
    let one = match &schema["type"] {
        Value::Array(any) => any.first().cloned().unwrap_or_default(),
        one => one.clone(),
    };
    match one.as_str() {
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("null") => Value::Null,
        Some("string") => {
            schema["format"].as_str().map_or_else(|| json!("…"), |format| json!(format))
        }
        _ => json!({}),
    }
}

fn anchor(title: &str) -> String {
    title.to_lowercase().replace([' ', ','], "-")
}

/// Text, and no markup.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
