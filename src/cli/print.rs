//! Answers: text for people, or one JSON object on the last line.

use std::{io::Write as _, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

#[derive(Clone, Copy, Debug)]
pub(super) struct Print {
    json: bool,
}

impl Print {
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    pub const fn is_json(self) -> bool {
        self.json
    }

    /// For whoever shows progress where standard output is something else's.
    pub const fn quiet() -> Self {
        Self { json: true }
    }

    pub fn answer(self, json: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json {
            say(&serde_json::to_string(json).unwrap_or_default());
        } else {
            say(text().trim_end());
        }
    }

    /// Something on the way to the answer; not part of it.
    pub fn note(self, text: &str) {
        if !self.json {
            say(text);
        }
    }
}

/// A line of standard output; false where nobody reads it any more (`reeve events | head`), which
/// is no fault and no reason to leave work undone.
pub(super) fn say(line: &str) -> bool {
    writeln!(std::io::stdout(), "{line}").is_ok()
}

/// Shows how many events are done, on standard error and only to people.
pub(super) fn count_bar(print: Print) -> ProgressBar {
    if print.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    let template = "{bar:40} {human_pos} of {human_len} events {msg}  {per_sec}  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Columns as wide as their widest cell; numbers to the right.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells
            .zip(&widths)
            .map(|(cell, width)| {
                let fill = " ".repeat(width - cell.chars().count());
                let number = cell.chars().next().is_some_and(|c| c.is_ascii_digit() || c == '-')
                    && cell.chars().all(|c| c.is_ascii_digit() || "-,.%".contains(c));
                if number { format!("{fill}{cell}") } else { format!("{cell}{fill}") }
            })
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&mut head.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}

/// 1234567 as 1,234,567.
pub(super) fn grouped(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if number < 0 { format!("-{grouped}") } else { grouped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(-1_234_567), "-1,234,567");
    }

    #[test]
    fn tables_line_up() {
        let rows =
            [vec!["ann".to_owned(), "5".to_owned()], vec!["bo".to_owned(), "1,200".to_owned()]];
        assert_eq!(table(&["who", "bytes"], &rows), "who  bytes\nann      5\nbo   1,200");
    }
}
