//! What a request says, as the question's variables: names in the path, words in the query, the body's
//! JSON. What is missing, unknown or no number is refused here, by its own name.

use async_graphql::parser::types::BaseType;
use serde_json::{Map, Value, json};

use super::{
    Asked,
    plan::{Place, Plan, Takes},
    types::{Argument, Named, Types, base, is_list},
};

/// Words of one query.
const MOST_WORDS: usize = 60;

pub fn variables(
    plan: &Plan,
    types: &Types,
    names: &[(&str, String)],
    asked: &Asked<'_>,
) -> Result<Value, String> {
    let mut said = Map::new();
    for (name, text) in names {
        if *name == "guild" {
            said.insert((*name).to_owned(), json!(text));
            continue;
        }
        let takes = plan.takes.iter().find(|takes| takes.name == *name);
        if let Some(takes) = takes {
            put(&mut said, takes, value(types, &takes.of, &[text.as_str()])?);
        }
    }
    if plan.route.is_reading() {
        if !asked.body.is_null() {
            return Err("A GET has no body; say it in the address.".to_owned());
        }
        of_query(plan, types, asked.query, &mut said)?;
        missing(plan, &said)?;
        // A community's id is of the question itself.
        return Ok(Value::Object(said));
    }
    if !asked.query.is_empty() {
        return Err("Say it in the body, as JSON, and not in the address.".to_owned());
    }
    of_body(plan, &asked.body, &mut said)?;
    missing(plan, &said)?;
    let key = asked.key.ok_or(
        "The header Idempotency-Key is missing. Make one up for each thing that you want done, and \
         send the same again where you do not know whether it was.",
    )?;
    said.insert("key".to_owned(), json!(key));
    Ok(json!({ "input": said }))
}

fn put(said: &mut Map<String, Value>, takes: &Takes, value: Value) {
    match &takes.within {
        None => {
            said.insert(takes.argument.clone(), value);
        }
        Some(within) => {
            let inside = said.entry(within.clone()).or_insert_with(|| json!({}));
            inside[takes.argument.as_str()] = value;
        }
    }
}

fn of_query(
    plan: &Plan,
    types: &Types,
    query: &str,
    said: &mut Map<String, Value>,
) -> Result<(), String> {
    let pairs: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    if pairs.len() > MOST_WORDS {
        return Err(format!("An address has at most {MOST_WORDS} words."));
    }
    let mut words: Vec<(String, Vec<String>)> = Vec::new();
    for pair in pairs {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        let spaced = |text: &str| decoded(&text.replace('+', " "));
        let unsound = || format!("{name}: this is not percent-encoded text.");
        let (name, text) = (spaced(name).ok_or_else(unsound)?, spaced(text).ok_or_else(unsound)?);
        match words.iter_mut().find(|(known, _)| *known == name) {
            Some((_, texts)) => texts.push(text),
            None => words.push((name, vec![text])),
        }
    }
    for (name, texts) in words {
        let known = plan.takes.iter().filter(|takes| takes.place == Place::Query);
        let takes = known.clone().find(|takes| takes.name == name);
        let takes = takes.ok_or_else(|| unknown(&name, known.map(|takes| takes.name.as_str())))?;
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        put(said, takes, value(types, &takes.of, &texts)?);
    }
    Ok(())
}

fn of_body(plan: &Plan, body: &Value, said: &mut Map<String, Value>) -> Result<(), String> {
    let fields = match body {
        Value::Null => return Ok(()),
        Value::Object(fields) => fields,
        _ => return Err("The body is to be an object: {\"…\": …}.".to_owned()),
    };
    for (name, value) in fields {
        let known = plan.takes.iter().filter(|takes| takes.place == Place::Body);
        let takes = known.clone().find(|takes| takes.name == *name);
        let takes = takes.ok_or_else(|| unknown(name, known.map(|takes| takes.name.as_str())))?;
        said.insert(takes.argument.clone(), value.clone());
    }
    Ok(())
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let name: String = name.chars().take(40).collect();
    let known: Vec<_> = known.collect();
    match known.as_slice() {
        [] => format!("\"{name}\" is not known here; nothing has to be said."),
        known => format!("\"{name}\" is not known here; there are {}.", known.join(", ")),
    }
}

fn missing(plan: &Plan, said: &Map<String, Value>) -> Result<(), String> {
    for takes in plan.takes.iter().filter(|takes| takes.of.is_needed()) {
        let there = match &takes.within {
            None => said.contains_key(&takes.argument),
            // Where nothing of it is said, it may be left out whole.
            Some(within) => said.get(within).is_none_or(|of| of.get(&takes.argument).is_some()),
        };
        if !there {
            return Err(format!("\"{}\" is missing.", takes.name));
        }
    }
    Ok(())
}

/// Words of an address as what the argument is.
fn value(types: &Types, argument: &Argument, texts: &[&str]) -> Result<Value, String> {
    if is_list(&argument.kind) {
        let inside = match &argument.kind.base {
            BaseType::List(inside) => base(inside),
            BaseType::Named(name) => name,
        };
        return texts.iter().map(|text| one(types, &argument.name, inside, text)).collect();
    }
    match texts {
        [text] => one(types, &argument.name, base(&argument.kind), text),
        _ => Err(format!("{}: say it once.", argument.name)),
    }
}

fn one(types: &Types, name: &str, kind: &str, text: &str) -> Result<Value, String> {
    match kind {
        "Int" => {
            let number = text.parse::<i32>();
            number.map(Value::from).map_err(|_| format!("{name}: this is no whole number."))
        }
        "Boolean" => match text {
            "true" => Ok(json!(true)),
            "false" => Ok(json!(false)),
            _ => Err(format!("{name}: say true or false.")),
        },
        kind => match types.named(kind) {
            Named::Enum(values) => {
                let upper = text.to_uppercase();
                let known = values.contains(&upper);
                let told = || format!("{name}: there are {}.", values.join(", ").to_lowercase());
                known.then(|| json!(upper)).ok_or_else(told)
            }
            _ => Ok(json!(text)),
        },
    }
}

/// Without percent signs; none where that is no text.
pub fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}
