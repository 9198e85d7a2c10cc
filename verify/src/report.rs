//! What is asked, and what is answered.

use serde::Serialize;

/// What whoever checks had before the bundle came.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Keys to trust, as `reeve proof key` prints them. Without one, the bundle's own are used,
    /// and the answer says so.
    pub keys: Vec<String>,
    /// A checkpoint that was kept, such as one from a channel: the bundle must be the same history.
    pub checkpoint: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub valid: bool,
    /// Events that were looked at: all of them, where it is valid.
    pub events: u64,
    /// Of those, the ones that hold texts of people whose erasure the bundle proves.
    pub erased: u64,
    /// Why it is not valid. Reading ends at the first.
    pub problems: Vec<String>,
    pub guild: String,
    /// Events of the signed history, of which these are a part.
    pub size: u64,
    /// Whether the signature is of a key that was given.
    pub trusted_key: bool,
    /// In words, what this proves and what it does not.
    pub proves: Vec<String>,
}

/// The file is no bundle, or cannot be read as one.
#[derive(Debug)]
pub enum Unreadable {
    Io(std::io::Error),
    NotABundle,
    Newer(u64),
    /// What was given beside the bundle is not what it should be.
    Given(String),
}

impl std::error::Error for Unreadable {}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the file cannot be read: {error}"),
            Self::NotABundle => {
                f.write_str("this is no proof bundle: it does not begin with {\"reeve_proof\":1")
            }
            Self::Newer(format) => write!(
                f,
                "this bundle has format {format}; this version of reeve reads format 1, a newer \
                 one may read it"
            ),
            Self::Given(text) => f.write_str(text),
        }
    }
}

impl From<std::io::Error> for Unreadable {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// 12 events, 1 event.
pub fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
