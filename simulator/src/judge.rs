//! Every exchange over REST, checked against Discord's own published description of its API. It is
//! a second opinion on both sides: on what the bot sends, and on what this simulator answers.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use jsonschema::{Draft, Registry, Validator};
use parking_lot::Mutex;
use serde_json::{Value, json};

mod exceptions;
#[cfg(test)]
mod tests;

const BASE: &str = "https://discord.invalid/openapi.json";
/// The first violations tell enough.
const MOST_VIOLATIONS: usize = 200;
const MOST_IN_ONE: usize = 5;
const LONGEST_PROBLEM: usize = 400;

#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("the description of Discord's API at {0} cannot be read")]
    File(String, #[source] std::io::Error),
    #[error("the description of Discord's API is no JSON")]
    Json(#[from] serde_json::Error),
    #[error("the description of Discord's API cannot be used: {0}")]
    Schema(String),
}

/// One request with its answer.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    pub method: &'a str,
    /// The path with its parameters' names, as the description writes it.
    pub template: &'a str,
    pub query: &'a [(String, String)],
    pub request: Option<&'a Value>,
    pub status: u16,
    pub response: Option<&'a Value>,
}

/// Something that one of both sides got wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub method: String,
    pub template: String,
    /// `request`, or `response` with its status.
    pub part: String,
    /// Where in the body.
    pub place: String,
    pub problem: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, template, part, place, problem } = self;
        write!(f, "{method} {template}, {part}{place}: {problem}")
    }
}

#[derive(Default)]
struct Seen {
    validators: HashMap<String, Option<Arc<Validator>>>,
    violations: Vec<Violation>,
    exchanges: u64,
    excepted: BTreeMap<&'static str, u64>,
}

/// Knows the description, compiles what an exchange needs once, and remembers what was wrong.
pub struct Judge {
    document: Value,
    registry: Registry<'static>,
    seen: Mutex<Seen>,
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judge").finish_non_exhaustive()
    }
}

impl Judge {
    pub fn open(path: &Path) -> Result<Self, Unusable> {
        let text = std::fs::read(path)
            .map_err(|error| Unusable::File(path.display().to_string(), error))?;
        Self::new(serde_json::from_slice(&text)?)
    }

    pub fn new(document: Value) -> Result<Self, Unusable> {
        if !document["paths"].is_object() {
            return Err(Unusable::Schema("it names no paths".to_owned()));
        }
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(BASE, document.clone())
            .and_then(jsonschema::RegistryBuilder::prepare)
            .map_err(|error| Unusable::Schema(error.to_string()))?;
        Ok(Self { document, registry, seen: Mutex::default() })
    }

    pub fn violations(&self) -> Vec<Violation> {
        self.seen.lock().violations.clone()
    }

    /// How many exchanges were judged: a judge who saw nothing proves nothing.
    pub fn exchanges(&self) -> u64 {
        self.seen.lock().exchanges
    }

    /// How often each exception was needed.
    pub fn excepted(&self) -> BTreeMap<&'static str, u64> {
        self.seen.lock().excepted.clone()
    }

    pub fn hear(&self, exchange: Exchange<'_>) {
        let Exchange { method, template, .. } = exchange;
        self.seen.lock().exchanges += 1;
        let lower = method.to_lowercase();
        let operation = &self.document["paths"][template][&lower];
        if !operation.is_object() {
            self.note(exchange, "request", "", "the description knows no such operation");
            return;
        }
        let pointer = format!("/paths/{}/{lower}", escape(template));
        self.parameters(exchange, operation);
        if let Some(body) = exchange.request.filter(|body| !body.is_null()) {
            let kinds = &operation["requestBody"]["content"];
            // Whatever it was sent as, files aside it is the same body.
            let kind = ["application/json", "multipart/form-data"]
                .into_iter()
                .find(|kind| kinds[*kind].is_object());
            match kind {
                Some(kind) if exchange.status < 400 => {
                    let at = format!("{pointer}/requestBody/content/{}/schema", escape(kind));
                    self.check(exchange, "request", &at, body);
                }
                // What was refused may be as wrong as it likes.
                Some(_) => {}
                None if body.as_object().is_some_and(serde_json::Map::is_empty) => {}
                None => self.note(exchange, "request", "", "the operation takes no body"),
            }
        }
        self.response(exchange, operation, &pointer);
    }

    fn parameters(&self, exchange: Exchange<'_>, operation: &Value) {
        let shared = &self.document["paths"][exchange.template]["parameters"];
        let lists = [&operation["parameters"], shared];
        let known = lists.into_iter().filter_map(Value::as_array).flatten();
        let known: Vec<_> = known
            .filter(|one| one["in"] == "query")
            .filter_map(|one| one["name"].as_str())
            .collect();
        for (name, _) in exchange.query {
            if !known.contains(&name.as_str()) {
                let problem = format!("the operation knows no parameter {name:?}");
                self.note(exchange, "request", "", &problem);
            }
        }
    }

    fn response(&self, exchange: Exchange<'_>, operation: &Value, pointer: &str) {
        let status = exchange.status;
        // Discord describes no answers of a server that has failed.
        if status >= 500 {
            return;
        }
        let exact = status.to_string();
        let family = format!("{}XX", status / 100);
        let responses = &operation["responses"];
        let name = [exact, family].into_iter().find(|name| responses[name].is_object());
        let part = format!("response {status}");
        let Some(name) = name else {
            self.note(exchange, &part, "", "the description knows no such answer");
            return;
        };
        let (pointer, described) = match responses[&name]["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.trim_start_matches('#').to_owned();
                (pointer.clone(), self.document.pointer(&pointer).unwrap_or(&Value::Null))
            }
            None => (format!("{pointer}/responses/{name}"), &responses[&name]),
        };
        let schema = &described["content"]["application/json"]["schema"];
        match (schema.is_object(), exchange.response) {
            (true, Some(body)) => {
                let at = format!("{pointer}/content/application~1json/schema");
                self.check(exchange, &part, &at, body);
            }
            (true, None) => self.note(exchange, &part, "", "the answer has no body"),
            (false, Some(_)) => self.note(exchange, &part, "", "the answer may have no body"),
            (false, None) => {}
        }
    }

    fn check(&self, exchange: Exchange<'_>, part: &str, pointer: &str, body: &Value) {
        let Some(validator) = self.validator(pointer) else {
            self.note(exchange, part, "", "the description's schema cannot be compiled");
            return;
        };
        if validator.is_valid(body) {
            return;
        }
        for error in validator.iter_errors(body).take(MOST_IN_ONE) {
            let place = error.instance_path().to_string();
            self.note(exchange, part, &place, &error.to_string());
        }
    }

    fn validator(&self, pointer: &str) -> Option<Arc<Validator>> {
        if let Some(known) = self.seen.lock().validators.get(pointer) {
            return known.clone();
        }
        let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
        let schema = json!({"$ref": format!("{BASE}#{fragment}")});
        let built = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(&self.registry)
            .should_validate_formats(true)
            .build(&schema)
            .ok()
            .map(Arc::new);
        self.seen.lock().validators.insert(pointer.to_owned(), built.clone());
        built
    }

    fn note(&self, exchange: Exchange<'_>, part: &str, place: &str, problem: &str) {
        let violation = Violation {
            method: exchange.method.to_owned(),
            template: exchange.template.to_owned(),
            part: part.to_owned(),
            place: place.to_owned(),
            problem: problem.to_owned(),
        };
        let mut seen = self.seen.lock();
        if let Some(reason) = exceptions::excuses(&violation) {
            *seen.excepted.entry(reason).or_default() += 1;
        } else if seen.violations.len() < MOST_VIOLATIONS {
            // A problem repeats what was sent, and its beginning is enough to find it.
            let problem = violation.problem.chars().take(LONGEST_PROBLEM).collect();
            seen.violations.push(Violation { problem, ..violation });
        }
    }
}

/// A key inside of a JSON pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
