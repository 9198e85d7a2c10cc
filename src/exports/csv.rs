//! RFC 4180, with a line of names. A text that a spreadsheet would take for a formula begins with an
//! apostrophe.

use std::fmt::Write as _;

use actions::exports::{Cell, Head};

/// What formulas begin with, in one spreadsheet or another.
const FORMULAS: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

#[derive(Debug)]
pub struct Writer {
    /// The line of names, until it was written.
    head: Option<String>,
}

impl Writer {
    pub fn new(heads: &[Head]) -> Self {
        let names: Vec<_> = heads.iter().map(|head| head.name.as_str()).collect();
        Self { head: Some(names.join(",") + "\r\n") }
    }

    pub fn rows(&mut self, rows: &[Vec<Cell>]) -> Vec<u8> {
        let mut text = self.head.take().unwrap_or_default();
        for row in rows {
            for (place, cell) in row.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                put(&mut text, cell);
            }
            text.push_str("\r\n");
        }
        text.into_bytes()
    }

    /// A list without rows has its names all the same.
    pub fn rest(self) -> Vec<u8> {
        self.head.unwrap_or_default().into_bytes()
    }
}

fn put(line: &mut String, cell: &Cell) {
    let _ = match cell {
        Cell::Empty => Ok(()),
        Cell::Number(number) => write!(line, "{number}"),
        Cell::Truth(truth) => write!(line, "{truth}"),
        Cell::Moment(moment) => write!(line, "{moment}"),
        Cell::Day(day) => write!(line, "{day}"),
        Cell::Text(text) => {
            put_text(line, text);
            Ok(())
        }
    };
}

pub fn put_text(line: &mut String, text: &str) {
    let is_formula = text.starts_with(FORMULAS);
    let is_plain = !is_formula && !text.is_empty() && !text.contains([',', '"', '\r', '\n']);
    if is_plain {
        line.push_str(text);
        return;
    }
    line.push('"');
    if is_formula {
        line.push('\'');
    }
    line.push_str(&text.replace('"', "\"\""));
    line.push('"');
}
