//! Reading a JSON body field by field, noting what is wrong where, in Discord's own words: a
//! refused form names every field that has to be put right.

use std::{cell::RefCell, ops::RangeInclusive};

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use crate::{permissions::Permissions, snowflake::Id};

pub mod automod;
pub mod channel;
pub mod command;
pub mod component;
pub mod embed;
pub mod interaction;
pub mod member;
pub mod message;
pub mod role;
pub mod webhook;

#[cfg(test)]
mod tests;

/// More complaints than this help nobody, and a body of nothing but errors must stay cheap.
const MOST_PROBLEMS: usize = 100;

struct Problem {
    path: String,
    code: &'static str,
    message: String,
}

/// What was found wrong with a form so far.
#[derive(Default)]
pub struct Problems(RefCell<Vec<Problem>>);

impl std::fmt::Debug for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Problems({})", self.0.borrow().len())
    }
}

impl Problems {
    fn note(&self, path: String, code: &'static str, message: String) {
        let mut problems = self.0.borrow_mut();
        if problems.len() < MOST_PROBLEMS {
            problems.push(Problem { path, code, message });
        }
    }

    /// The nested shape: `{"embeds": {"0": {"title": {"_errors": [{"code", "message"}]}}}}`.
    fn into_refusal(self) -> Option<Refusal> {
        let problems = self.0.into_inner();
        if problems.is_empty() {
            return None;
        }
        let mut root = Map::new();
        for problem in problems {
            let mut place = &mut root;
            for key in problem.path.split('/').filter(|key| !key.is_empty()) {
                let inner = place.entry(key).or_insert_with(|| json!({}));
                place = inner.as_object_mut().expect("only objects are put in");
            }
            let list = place.entry("_errors").or_insert_with(|| json!([]));
            let list = list.as_array_mut().expect("only a list is put there");
            list.push(json!({"code": problem.code, "message": problem.message}));
        }
        Some(Refusal::form(root.into()))
    }
}

/// Reads `body` and answers with what `read` made of it, or with everything that is wrong.
pub fn read<T>(body: &Value, read: impl FnOnce(&Form<'_>) -> T) -> Result<T, Refusal> {
    let problems = Problems::default();
    let result = read(&Form { value: body, path: String::new(), problems: &problems });
    problems.into_refusal().map_or(Ok(result), Err)
}

/// One refused field, where the rule needs the world to be judged.
pub fn refused(path: &str, code: &'static str, message: impl Into<String>) -> Refusal {
    let problems = Problems::default();
    problems.note(path.to_owned(), code, message.into());
    problems.into_refusal().unwrap_or(super::refusal::INVALID_FORM_BODY)
}

/// One place in a body.
#[derive(Debug, Clone)]
pub struct Form<'a> {
    value: &'a Value,
    path: String,
    problems: &'a Problems,
}

impl<'a> Form<'a> {
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// The field, unless it is absent or null.
    fn get(&self, field: &str) -> Option<&'a Value> {
        self.value.get(field).filter(|value| !value.is_null())
    }

    pub fn has(&self, field: &str) -> bool {
        self.get(field).is_some()
    }

    /// Said at all, be it null.
    pub fn says(&self, field: &str) -> bool {
        self.value.get(field).is_some()
    }

    /// Said to be nothing.
    pub fn clears(&self, field: &str) -> bool {
        self.value.get(field).is_some_and(Value::is_null)
    }

    pub fn refuse(&self, field: &str, code: &'static str, message: impl Into<String>) {
        let path = if field.is_empty() { self.path.clone() } else { self.at(field) };
        self.problems.note(path, code, message.into());
    }

    fn at(&self, field: &str) -> String {
        format!("{}/{field}", self.path)
    }

    pub fn require(&self, field: &str) -> bool {
        let here = self.has(field);
        if !here {
            self.refuse(field, "BASE_TYPE_REQUIRED", "This field is required");
        }
        here
    }

    /// A text within these lengths, counted in characters.
    pub fn text(&self, field: &str, lengths: RangeInclusive<usize>) -> Option<&'a str> {
        let value = self.get(field)?;
        let Some(text) = value.as_str() else {
            let message = format!("Could not interpret \"{}\" as string.", short(value));
            self.refuse(field, "STRING_TYPE_CONVERT", message);
            return None;
        };
        let length = text.chars().count();
        let (least, most) = (*lengths.start(), *lengths.end());
        if lengths.contains(&length) {
            return Some(text);
        }
        if least == 0 {
            let message = format!("Must be {most} or fewer in length.");
            self.refuse(field, "BASE_TYPE_MAX_LENGTH", message);
        } else if length == 0 {
            self.refuse(field, "BASE_TYPE_REQUIRED", "This field is required");
        } else {
            let message = format!("Must be between {least} and {most} in length.");
            self.refuse(field, "BASE_TYPE_BAD_LENGTH", message);
        }
        None
    }

    pub fn required_text(&self, field: &str, lengths: RangeInclusive<usize>) -> Option<&'a str> {
        self.require(field).then(|| self.text(field, lengths)).flatten()
    }

    pub fn integer(&self, field: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.get(field)?;
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let Some(number) = number else {
            let message = format!("Value \"{}\" is not int.", short(value));
            self.refuse(field, "NUMBER_TYPE_COERCE", message);
            return None;
        };
        if number < *range.start() {
            let least = range.start();
            let message = format!("int value should be greater than or equal to {least}.");
            self.refuse(field, "NUMBER_TYPE_MIN", message);
        } else if number > *range.end() {
            let message = format!("int value should be less than or equal to {}.", range.end());
            self.refuse(field, "NUMBER_TYPE_MAX", message);
        } else {
            return Some(number);
        }
        None
    }

    pub fn number(&self, field: &str) -> Option<f64> {
        let value = self.get(field)?;
        if value.as_f64().is_none() {
            let message = format!("Value \"{}\" is not float.", short(value));
            self.refuse(field, "NUMBER_TYPE_COERCE", message);
        }
        value.as_f64()
    }

    /// One of a few numbers that mean something.
    pub fn choice(&self, field: &str, choices: &[i64]) -> Option<i64> {
        let number = self.integer(field, i64::MIN..=i64::MAX)?;
        if choices.contains(&number) {
            return Some(number);
        }
        let listed: Vec<_> = choices.iter().map(i64::to_string).collect();
        let message = format!("Value must be one of {{{}}}.", listed.join(", "));
        self.refuse(field, "BASE_TYPE_CHOICES", message);
        None
    }

    pub fn boolean(&self, field: &str) -> Option<bool> {
        let value = self.get(field)?;
        if value.as_bool().is_none() {
            self.refuse(field, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
        }
        value.as_bool()
    }

    pub fn snowflake(&self, field: &str) -> Option<Id> {
        let value = self.get(field)?;
        let id = snowflake(value);
        if id.is_none() {
            self.refuse(field, "NUMBER_TYPE_COERCE", not_a_snowflake(value));
        }
        id
    }

    pub fn snowflakes(&self, field: &str, counts: RangeInclusive<usize>) -> Option<Vec<Id>> {
        let list = self.list(field, counts)?;
        let mut ids = Vec::with_capacity(list.len());
        for item in &list {
            match snowflake(item.value) {
                Some(id) => ids.push(id),
                None => item.refuse("", "NUMBER_TYPE_COERCE", not_a_snowflake(item.value)),
            }
        }
        Some(ids)
    }

    /// A permission set: Discord writes it as text, and reads numbers too.
    pub fn permissions(&self, field: &str) -> Option<Permissions> {
        let value = self.get(field)?;
        let bits = Permissions::read(value);
        if bits.is_none() {
            let message = format!("Value \"{}\" is not int.", short(value));
            self.refuse(field, "NUMBER_TYPE_COERCE", message);
        }
        bits
    }

    pub fn list(&self, field: &str, counts: RangeInclusive<usize>) -> Option<Vec<Form<'a>>> {
        let value = self.get(field)?;
        let Some(items) = value.as_array() else {
            let message = "Only iterables may be used in a ListType";
            self.refuse(field, "LIST_TYPE_CONVERT", message);
            return None;
        };
        let (least, most) = (*counts.start(), *counts.end());
        if !counts.contains(&items.len()) {
            let message = if least == 0 {
                format!("Must be {most} or fewer in length.")
            } else {
                format!("Must be between {least} and {most} in length.")
            };
            let code = if least == 0 { "BASE_TYPE_MAX_LENGTH" } else { "BASE_TYPE_BAD_LENGTH" };
            self.refuse(field, code, message);
            return None;
        }
        let at = self.at(field);
        let form =
            |(place, value)| Form { value, path: format!("{at}/{place}"), problems: self.problems };
        Some(items.iter().enumerate().map(form).collect())
    }

    /// A list of objects, each of which is checked to be one.
    pub fn objects(&self, field: &str, counts: RangeInclusive<usize>) -> Option<Vec<Form<'a>>> {
        let items = self.list(field, counts)?;
        items.iter().all(Form::is_object).then_some(items)
    }

    pub fn object(&self, field: &str) -> Option<Form<'a>> {
        let value = self.get(field)?;
        let inner = Form { value, path: self.at(field), problems: self.problems };
        inner.is_object().then_some(inner)
    }

    pub fn is_object(&self) -> bool {
        if !self.value.is_object() {
            let message = "Only dictionaries may be used in a ModelType";
            self.refuse("", "MODEL_TYPE_CONVERT", message);
        }
        self.value.is_object()
    }

    /// An address a client can follow.
    pub fn url(&self, field: &str, schemes: &[&str]) -> Option<&'a str> {
        let text = self.text(field, 0..=2048)?;
        let Some((scheme, rest)) = text.split_once("://") else {
            self.refuse(field, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
            return None;
        };
        if !schemes.contains(&scheme) {
            let listed: Vec<_> = schemes.iter().map(|scheme| format!("'{scheme}'")).collect();
            let listed = listed.join(", ");
            let message =
                format!("Scheme \"{scheme}\" is not supported. Scheme must be one of ({listed}).");
            self.refuse(field, "URL_TYPE_INVALID_SCHEME", message);
            return None;
        }
        if rest.is_empty() || rest.contains(char::is_whitespace) {
            self.refuse(field, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
            return None;
        }
        Some(text)
    }
}

fn snowflake(value: &Value) -> Option<Id> {
    value.as_u64().and_then(Id::new).or_else(|| value.as_str()?.parse().ok())
}

fn not_a_snowflake(value: &Value) -> String {
    format!("Value \"{}\" is not snowflake.", short(value))
}

/// As much of a value as an error may repeat.
fn short(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().take(60).collect()
}
