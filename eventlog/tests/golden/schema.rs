//! JSON Schemas: one for each type, what differs between two of them, and whether a payload
//! keeps to one.

use std::collections::BTreeSet;

use domain::EventType;
use eventlog::Family;
use serde_json::{Map, Value, json};

/// The tag of a type's payload.
pub fn tag(name: &str) -> &str {
    name.rsplit('.').next().unwrap()
}

/// The variants of an aggregate's event, as `tag, schema`.
pub fn variants(family: &Family) -> Vec<(&str, &Value)> {
    let schema = family.schema.as_value();
    let one_of = schema["oneOf"].as_array().expect("an event is an enum");
    let variant = |variant| {
        let required = names(variant, "required").collect::<Vec<_>>();
        let [tag] = required[..] else { panic!("a variant with braces has one tag: {variant}") };
        (tag, variant)
    };
    one_of.iter().map(variant).collect()
}

/// The schema of one type's payload, with the definitions that it needs.
pub fn of_type(family: &Family, event_type: &EventType) -> Value {
    let (_, variant) = *variants(family)
        .iter()
        .find(|(found, _)| *found == tag(event_type.name))
        .unwrap_or_else(|| panic!("{event_type} has no variant"));
    let root = family.schema.as_value();
    let mut needed = BTreeSet::new();
    need(variant, root, &mut needed);
    let defs: Map<_, _> =
        needed.iter().map(|name| (name.clone(), root["$defs"][name].clone())).collect();
    let mut schema = variant.clone();
    schema["$schema"] = root["$schema"].clone();
    schema["title"] = json!(event_type.to_string());
    if !defs.is_empty() {
        schema["$defs"] = Value::Object(defs);
    }
    schema
}

fn need(node: &Value, root: &Value, needed: &mut BTreeSet<String>) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| need(item, root, needed)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let definition = value.as_str().and_then(|text| text.strip_prefix("#/$defs/"));
                match (name.as_str(), definition) {
                    ("$ref", Some(name)) if needed.insert(name.to_owned()) => {
                        need(&root["$defs"][name], root, needed);
                    }
                    _ => need(value, root, needed),
                }
            }
        }
        _ => {}
    }
}

fn resolve<'a>(node: &'a Value, root: &'a Value) -> &'a Value {
    let name = node.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/$defs/"));
    name.map_or(node, |name| resolve(&root["$defs"][name], root))
}

fn names<'a>(node: &'a Value, list: &str) -> impl Iterator<Item = &'a str> {
    node.get(list).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn fields(node: &Value) -> impl Iterator<Item = (&String, &Value)> {
    node.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// The values of an enum without fields, however its variants are documented.
fn choices(node: &Value) -> Option<BTreeSet<String>> {
    if let Some(value) = node.get("const") {
        return Some(BTreeSet::from([value.to_string()]));
    }
    if let Some(values) = node.get("enum").and_then(Value::as_array) {
        return Some(values.iter().map(Value::to_string).collect());
    }
    let branches = node.get("oneOf")?.as_array()?.iter().map(choices);
    Some(branches.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Says nothing about what is valid.
const NOTES: [&str; 6] = ["title", "description", "default", "examples", "$schema", "deprecated"];
const COMPARED_DEEPLY: [&str; 8] =
    ["properties", "required", "items", "oneOf", "anyOf", "allOf", "$ref", "$defs"];

/// Everything that would make an old binary misread new events, or a new binary old ones.
pub fn incompatibilities(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Comparison { old, new, found: &mut found }.nodes("", old, new);
    found
}

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    found: &'a mut Vec<String>,
}

impl Comparison<'_> {
    fn nodes(&mut self, path: &str, old: &Value, new: &Value) {
        assert!(path.len() < 1000, "a recursive event: {path}");
        let (old_root, new_root) = (self.old, self.new);
        let (old, new) = (resolve(old, old_root), resolve(new, new_root));
        if let (Some(old), Some(new)) = (choices(old), choices(new)) {
            if old != new {
                self.found.push(format!("{path}: the choices were {old:?} and are {new:?}"));
            }
            return;
        }
        let keywords: BTreeSet<&String> =
            [old, new].into_iter().filter_map(Value::as_object).flat_map(Map::keys).collect();
        for keyword in keywords {
            let compared =
                !NOTES.contains(&keyword.as_str()) && !COMPARED_DEEPLY.contains(&keyword.as_str());
            let (was, is) = (old.get(keyword), new.get(keyword));
            if compared && was != is {
                let show =
                    |value: Option<&Value>| value.map_or("free".to_owned(), Value::to_string);
                self.found.push(format!("{path}: {keyword} was {} and is {}", show(was), show(is)));
            }
        }
        self.fields(path, old, new);
        for keyword in ["items", "oneOf", "anyOf", "allOf"] {
            match (old.get(keyword), new.get(keyword)) {
                (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
                    for (index, (old, new)) in old.iter().zip(new).enumerate() {
                        self.nodes(&format!("{path}/{keyword}/{index}"), old, new);
                    }
                }
                (Some(Value::Object(_)), Some(Value::Object(_))) => {
                    self.nodes(&format!("{path}/{keyword}"), &old[keyword], &new[keyword]);
                }
                (None, None) => {}
                _ => self.found.push(format!("{path}: {keyword} changed")),
            }
        }
    }

    fn fields(&mut self, path: &str, old: &Value, new: &Value) {
        let was_required: BTreeSet<_> = names(old, "required").collect();
        let is_required: BTreeSet<_> = names(new, "required").collect();
        let has = |node: &Value, name: &str| fields(node).any(|(found, _)| found == name);
        for (name, was) in fields(old) {
            let path = format!("{path}/{name}");
            let Some((_, is)) = fields(new).find(|(found, _)| *found == name) else {
                self.found.push(format!("{path} was removed"));
                continue;
            };
            self.nodes(&path, was, is);
            match (was_required.contains(name.as_str()), is_required.contains(name.as_str())) {
                (false, true) => self.found.push(format!("{path} is newly required")),
                (true, false) => self.found.push(format!(
                    "{path} may be left out now, which a binary that requires it does not read"
                )),
                _ => {}
            }
        }
        for (name, _) in fields(new).filter(|(name, _)| !has(old, name)) {
            if is_required.contains(name.as_str()) {
                self.found.push(format!("{path}/{name} is newly required"));
            } else if old.get("additionalProperties") == Some(&json!(false)) {
                self.found.push(format!(
                    "{path}/{name} is new where a binary of today refuses what it does not know"
                ));
            }
        }
    }
}

/// Everything in which a payload does not keep to its schema. Patterns and formats are left to
/// the types that read them.
pub fn violations(value: &Value, schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check("", value, schema, schema, &mut found);
    found
}

fn check(path: &str, value: &Value, node: &Value, root: &Value, found: &mut Vec<String>) {
    let node = resolve(node, root);
    let matches = |branch: &&Value| {
        let mut problems = Vec::new();
        check(path, value, branch, root, &mut problems);
        problems.is_empty()
    };
    for (keyword, rule) in node.as_object().into_iter().flatten() {
        let holds = match keyword.as_str() {
            "type" => match rule {
                Value::Array(types) => types.iter().any(|one| is_of_type(value, one)),
                one => is_of_type(value, one),
            },
            "required" => names(node, "required").all(|name| value.get(name).is_some()),
            "properties" => {
                for (name, rule) in fields(node) {
                    if let Some(value) = value.get(name) {
                        check(&format!("{path}/{name}"), value, rule, root, found);
                    }
                }
                true
            }
            "additionalProperties" if rule == &json!(false) => {
                value.as_object().is_none_or(|map| {
                    map.keys().all(|name| fields(node).any(|(known, _)| known == name))
                })
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(&format!("{path}/{index}"), item, rule, root, found);
                }
                true
            }
            "const" => value == rule,
            "enum" => rule.as_array().is_some_and(|values| values.contains(value)),
            "oneOf" => rule.as_array().into_iter().flatten().filter(matches).count() == 1,
            "anyOf" => rule.as_array().into_iter().flatten().any(|branch| matches(&branch)),
            "minimum" => value.as_f64().is_none_or(|number| Some(number) >= rule.as_f64()),
            "maximum" => value.as_f64().is_none_or(|number| Some(number) <= rule.as_f64()),
            "pattern" | "format" | "$defs" => true,
            note if NOTES.contains(&note) => true,
            unknown => panic!("this check does not know {unknown:?}: teach it"),
        };
        if !holds {
            found.push(format!("{path}: {keyword} {rule}, not {value}"));
        }
    }
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => panic!("this check does not know the type {name}: teach it"),
    }
}

/// For every optional field of a type: its path, and how to find it in a payload.
pub fn optional_fields(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect_optional("", schema, schema, &mut found);
    found
}

fn collect_optional(path: &str, node: &Value, root: &Value, found: &mut Vec<String>) {
    let node = resolve(node, root);
    for (name, field) in fields(node) {
        let path = format!("{path}/{name}");
        if !names(node, "required").any(|required| required == name) {
            found.push(path.clone());
        }
        collect_optional(&path, field, root, found);
    }
}

/// Where a value lies, for every field that its schema requires.
pub fn required_fields(schema: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect_required("", schema, schema, &mut found);
    found
}

fn collect_required(path: &str, node: &Value, root: &Value, found: &mut Vec<(String, String)>) {
    let node = resolve(node, root);
    found.extend(names(node, "required").map(|name| (path.to_owned(), name.to_owned())));
    for (name, field) in fields(node) {
        collect_required(&format!("{path}/{name}"), field, root, found);
    }
}
