//! One JSON object a line. Numbers are numbers; ids of Discord are texts, because programs round
//! numbers of that length.

use actions::exports::{Cell, Head};
use serde_json::Value;

#[derive(Debug)]
pub struct Writer {
    /// As JSON writes them.
    names: Vec<String>,
}

impl Writer {
    pub fn new(heads: &[Head]) -> Self {
        Self {
            names: heads.iter().map(|head| Value::from(head.name.as_str()).to_string()).collect(),
        }
    }

    pub fn rows(&self, rows: &[Vec<Cell>]) -> Vec<u8> {
        let mut text = String::new();
        for row in rows {
            for (place, (name, cell)) in self.names.iter().zip(row).enumerate() {
                text.push(if place == 0 { '{' } else { ',' });
                text.push_str(name);
                text.push(':');
                text.push_str(&value(cell).to_string());
            }
            text.push_str("}\n");
        }
        text.into_bytes()
    }
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Number(number) => Value::from(*number),
        Cell::Truth(truth) => Value::from(*truth),
        Cell::Moment(moment) => Value::from(moment.to_string()),
        Cell::Day(day) => Value::from(day.to_string()),
        Cell::Text(text) => Value::from(text.as_str()),
    }
}
