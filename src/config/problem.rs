//! What can be wrong with a configuration: one line each, all of them at once.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};
use thiserror::Error;

use super::secret::MASK;
use super::settings::{OTHER_VARIABLES, SETTINGS, Setting};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Default,
    File { path: PathBuf, line: usize },
    DotEnv { line: usize },
    Environment,
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::DotEnv { line } => write!(f, ".env:{line}"),
            Self::Environment => f.write_str("environment"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One thing that is wrong.
#[derive(Debug, Error)]
pub enum Problem {
    #[error("{}: cannot be read: {error}", .path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("{at}: {what}")]
    Syntax { at: Source, what: String },
    #[error("{at}: unknown setting {}; the nearest known is {nearest}", .key.escape_debug())]
    UnknownKey { at: Source, key: String, nearest: &'static str },
    #[error("{at}: unknown variable {}; the nearest known is {nearest}", .name.escape_debug())]
    UnknownVariable { at: Source, name: String, nearest: &'static str },
    #[error("{at}: {section} is a section, not a setting; it holds {}", members(section))]
    Section { at: Source, section: &'static str },
    #[error(
        "{at}: {} ({}) is {found}; allowed: {}",
        .setting.key, .setting.env, .setting.kind.allowed()
    )]
    NotAllowed { at: Source, setting: &'static Setting, found: String },
    #[error(
        "{} ({}) is missing: {why}; allowed: {}",
        .setting.key, .setting.env, .setting.kind.allowed()
    )]
    Missing { setting: &'static Setting, why: &'static str },
    #[error(
        "{at}: {} ({}) and {} ({}) are both set; set one",
        .one.key, .one.env, .other.key, .other.env
    )]
    Both { at: Source, one: &'static Setting, other: &'static Setting },
}

/// Everything that is wrong with a configuration; prints one line for each.
#[derive(Debug)]
pub struct ConfigErrors(pub(super) Vec<Problem>);

impl ConfigErrors {
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            let break_before = if at == 0 { "" } else { "\n" };
            write!(f, "{break_before}{problem}")?;
        }
        Ok(())
    }
}

/// A value as it may be shown: masked where the setting is secret, or where it looks like an
/// address with a password in it, whatever setting it ended up in.
pub(super) fn shown(setting: &Setting, text: &str) -> String {
    if setting.secret || (text.contains("://") && text.contains('@')) {
        MASK.to_owned()
    } else {
        text.to_owned()
    }
}

/// A refused value, on one line and not longer than a line.
pub(super) fn quoted(setting: &Setting, text: &str) -> String {
    const LONGEST: usize = 60;
    let shown = shown(setting, text);
    if shown == MASK {
        return shown;
    }
    let cut: String = shown.chars().take(LONGEST).collect();
    let more = if cut.len() < shown.len() { "…" } else { "" };
    format!("{cut:?}{more}")
}

/// A name without a section is also measured against names inside sections.
pub(super) fn nearest_key(key: &str) -> &'static str {
    nearest(SETTINGS, |setting| {
        let without_section =
            if key.contains('.') { usize::MAX } else { edits(key, setting.name()) };
        edits(key, setting.key).min(without_section.saturating_add(1))
    })
    .map_or("", |setting| setting.key)
}

/// Also measures against the name that a key would have by rule, so that `REEVE_LOG_FILTER`
/// finds `REEVE_LOG`.
pub(super) fn nearest_variable(name: &str) -> &'static str {
    let to_setting =
        |setting: &Setting| edits(name, setting.env).min(edits(name, &by_rule(setting)));
    let to_other = |(other, _): &(&str, &str)| edits(name, other);
    let setting = nearest(SETTINGS, to_setting).map(|found| (to_setting(found), found.env));
    let other = nearest(OTHER_VARIABLES, to_other).map(|found| (to_other(found), found.0));
    setting.into_iter().chain(other).min().map_or("", |(_, name)| name)
}

pub(super) fn by_rule(setting: &Setting) -> String {
    format!("REEVE_{}", setting.key.replace('.', "_").to_uppercase())
}

fn nearest<T>(known: &[T], distance: impl Fn(&T) -> usize) -> Option<&T> {
    known.iter().min_by_key(|one| distance(one))
}

/// How many characters must be put in, taken out or replaced to make one of the other.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, character) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(character != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

fn members(section: &str) -> String {
    let keys = SETTINGS.iter().filter(|setting| setting.section() == section);
    keys.map(|setting| setting.key).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_two_words_then_counts_their_edits() {
        for (from, to, expected) in [("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3)] {
            assert_eq!(edits(from, to), expected);
            assert_eq!(edits(to, from), expected);
        }
    }

    #[test]
    fn given_name_made_by_rule_then_suggests_the_short_name() {
        assert_eq!(nearest_variable("REEVE_LOG_FILTER"), "REEVE_LOG");
        assert_eq!(nearest_variable("REEVE_CONFIGURATION"), "REEVE_CONFIG");
    }

    #[test]
    fn given_long_or_broken_value_then_quotes_it_on_one_short_line() {
        let store = &SETTINGS[1];
        assert_eq!(quoted(store, "a\nb"), r#""a\nb""#);
        assert_eq!(quoted(store, &"x".repeat(500)).chars().count(), 63);
        assert_eq!(quoted(store, "postgres://u:hunter2@host/db"), MASK);
    }
}
