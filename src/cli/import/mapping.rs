//! The mapping file: what the columns of another bot's ledger mean.

use std::{collections::BTreeMap, path::Path};

use domain::Bytes;
use serde::Deserialize;

use crate::cli::error::CliError;

const MAX_SOURCE_BYTES: usize = 40;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    /// Names the source; part of what keeps a row from being imported twice.
    pub source: String,
    pub table: String,
    pub columns: Columns,
    /// What the values of the kind column mean. Without it the sign of the amount decides.
    #[serde(default)]
    pub kinds: BTreeMap<String, Kind>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    /// Names a row for ever: its primary key.
    pub id: String,
    /// Who received, or whose balance moved.
    pub user: String,
    /// Who gave, where members give to each other.
    pub from: Option<String>,
    pub amount: String,
    pub time: Option<String>,
    pub kind: Option<String>,
    pub reason: Option<String>,
    pub guild: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Grant,
    Take,
    Transfer,
    /// Not a movement of bytes.
    Skip,
}

impl Mapping {
    pub fn read(file: &Path) -> Result<Self, CliError> {
        let wrong = |problem: &dyn std::fmt::Display| {
            CliError::Setup(format!("the mapping {}: {problem}", file.display()))
        };
        let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
        let mut mapping: Self = toml::from_str(&text).map_err(|error| wrong(&error))?;
        mapping.source = source_name(&mapping.source).map_err(|error| wrong(&error))?;
        if mapping.columns.kind.is_some() == mapping.kinds.is_empty() {
            return Err(wrong(&"columns.kind and [kinds] belong together: set both or neither"));
        }
        Ok(mapping)
    }

    /// The columns to read, in a fixed order; empty where one is not mapped.
    pub fn wanted(&self) -> [Option<&str>; 8] {
        let Columns { id, user, from, amount, time, kind, reason, guild } = &self.columns;
        [
            Some(id.as_str()),
            Some(user),
            from.as_deref(),
            Some(amount),
            time.as_deref(),
            kind.as_deref(),
            reason.as_deref(),
            guild.as_deref(),
        ]
    }

    /// One statement for both databases: every column as text, in the order in which it happened.
    pub fn select(&self) -> String {
        let column = |name: Option<&str>| {
            name.map_or("NULL".to_owned(), |name| format!("CAST({} AS text)", quoted(name)))
        };
        let columns: Vec<_> = self.wanted().into_iter().map(column).collect();
        let table: Vec<_> = self.table.split('.').map(quoted).collect();
        let order: Vec<_> = self.columns.time.iter().chain([&self.columns.id]).collect();
        let order: Vec<_> = order.into_iter().map(|name| quoted(name)).collect();
        format!(
            "SELECT {} FROM {} ORDER BY {}",
            columns.join(", "),
            table.join("."),
            order.join(", ")
        )
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A word that fits a key.
pub(super) fn source_name(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if (1..=MAX_SOURCE_BYTES).contains(&text.len()) && text.chars().all(good) {
        return Ok(text.to_owned());
    }
    Err(format!("a source is named with 1 to {MAX_SOURCE_BYTES} of a-z, 0-9, - and _"))
}

/// A whole number, also where it was stored with an empty fraction.
pub(super) fn amount(text: &str) -> Result<Bytes, String> {
    let text = text.trim();
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    whole.parse().map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        format!("an amount is a whole number, not {shown:?}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole() {
        assert_eq!(amount("12"), Ok(Bytes(12)));
        assert_eq!(amount(" -3.00 "), Ok(Bytes(-3)));
        for bad in ["", "1.5", "1e3", "ten", "99999999999999999999", "1.0x"] {
            assert!(amount(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_quoted() {
        let mapping: Mapping = toml::from_str(
            "source = 'old'\ntable = 'public.by\"tes'\n\
             [columns]\nid = 'id'\nuser = 'receiver'\namount = 'amount'\ntime = 'at'\n",
        )
        .unwrap();
        assert_eq!(
            mapping.select(),
            "SELECT CAST(\"id\" AS text), CAST(\"receiver\" AS text), NULL, \
             CAST(\"amount\" AS text), CAST(\"at\" AS text), NULL, NULL, NULL \
             FROM \"public\".\"by\"\"tes\" ORDER BY \"at\", \"id\""
        );
    }
}
