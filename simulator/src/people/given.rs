//! What a member fills in: options of a command, fields of a form.

use serde_json::Value;

use super::Person;
use crate::snowflake::Id;

/// A value as a member gives it. Text stands for anything: `5`, `@tobi`, `#general`.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    Text(String),
    Integer(i64),
    Number(f64),
    Flag(bool),
    Id(Id),
    /// A file to attach, as Discord describes one.
    File(Value),
    /// What was picked from a list.
    Several(Vec<String>),
}

impl From<&str> for Given {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Given {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Given {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<i32> for Given {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u32> for Given {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<f64> for Given {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Given {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Id> for Given {
    fn from(id: Id) -> Self {
        Self::Id(id)
    }
}

impl From<&Person> for Given {
    fn from(person: &Person) -> Self {
        Self::Id(person.user)
    }
}

impl From<Vec<String>> for Given {
    fn from(picked: Vec<String>) -> Self {
        Self::Several(picked)
    }
}

/// Names with what is given for them.
pub type Filled = Vec<(String, Given)>;

/// What a member fills in: `given! { user: &tobi, amount: 5 }`.
#[macro_export]
macro_rules! given {
    ($($name:ident : $value:expr),* $(,)?) => {
        vec![$((stringify!($name).to_owned(), $crate::people::Given::from($value))),*]
    };
}

/// Reads what other programs send: JSON text, numbers, true and false, lists.
pub fn from_json(value: &Value) -> Option<Given> {
    Some(match value {
        Value::String(text) => Given::Text(text.clone()),
        Value::Bool(flag) => Given::Flag(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Given::Integer(number),
            None => Given::Number(number.as_f64()?),
        },
        Value::Array(list) => {
            let texts = list.iter().map(|one| one.as_str().map(ToOwned::to_owned));
            Given::Several(texts.collect::<Option<_>>()?)
        }
        Value::Object(_) => Given::File(value.clone()),
        Value::Null => return None,
    })
}
