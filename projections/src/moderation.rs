//! What people see of moderation: every case with what is said about it, and who did how much.

pub mod cases;
pub mod moderators;

use domain::{
    PersonId, Personal, Sealed,
    case::{Kind, Status},
    moderation::{By, Deed},
};
use eventlog::{
    LogError,
    sql::{Row, Value},
};

/// Every kind of case, with the word that stands for it in tables, filters and addresses.
pub const KINDS: [(Kind, &str); 8] = [
    (Kind::Warning, "warning"),
    (Kind::Note, "note"),
    (Kind::Timeout, "timeout"),
    (Kind::EndTimeout, "untimeout"),
    (Kind::Kick, "kick"),
    (Kind::Ban, "ban"),
    (Kind::Unban, "unban"),
    (Kind::Softban, "softban"),
];

pub const STATUSES: [Status; 6] = [
    Status::Open,
    Status::Resolved,
    Status::Expired,
    Status::Failed,
    Status::Revoked,
    Status::Pardoned,
];

pub fn kind_word(kind: Kind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("case", |(_, word)| word)
}

pub fn kind_of(word: &str) -> Option<Kind> {
    KINDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
}

pub fn status_of(word: &str) -> Option<Status> {
    STATUSES.into_iter().find(|status| status.word() == word)
}

/// The kind of case that a deed is.
pub const fn kind_of_deed(deed: Deed) -> Kind {
    match deed {
        Deed::Timeout => Kind::Timeout,
        Deed::EndTimeout => Kind::EndTimeout,
        Deed::Kick => Kind::Kick,
        Deed::Ban => Kind::Ban,
        Deed::Unban => Kind::Unban,
        Deed::Softban => Kind::Softban,
    }
}

fn number(person: Option<PersonId>) -> Value {
    Value::Int(person.map(|person| i64::from(person.0)))
}

/// Who is answerable, as three columns: whose hand it was, in whose name, or which rule.
fn by_columns(by: &By) -> [Value; 3] {
    let (hand, whom, rule) = match by {
        By::Member(person) => (Some(*person), None, None),
        By::ActingFor { moderator, whom } => (Some(*moderator), Some(*whom), None),
        By::Rule(name) => (None, None, Some(name.clone())),
        By::Unknown => (None, None, None),
    };
    [number(hand), number(whom), Value::Text(rule)]
}

fn read_by(row: &Row, first: usize) -> Result<By, LogError> {
    let hand = read_person(row, first)?;
    let whom = read_person(row, first + 1)?;
    Ok(match (hand, whom, row.opt_text(first + 2)?) {
        (Some(moderator), Some(whom), _) => By::ActingFor { moderator, whom },
        (Some(person), None, _) => By::Member(person),
        (None, _, Some(rule)) => By::Rule(rule.to_owned()),
        (None, _, None) => By::Unknown,
    })
}

fn read_person(row: &Row, column: usize) -> Result<Option<PersonId>, LogError> {
    row.opt_int(column)?.map(crate::economy::person).transpose()
}

/// A text as two columns: whose it is, and the text while it is sealed.
fn text_columns(text: Option<&Personal<String>>) -> [Value; 2] {
    let sealed = match text {
        Some(Personal::Sealed(sealed)) => Some(sealed.sealed.clone()),
        _ => None,
    };
    [number(text.map(Personal::owner)), Value::Text(sealed)]
}

fn read_text(row: &Row, first: usize) -> Result<Option<Personal<String>>, LogError> {
    Ok(match (read_person(row, first)?, row.opt_text(first + 1)?) {
        (Some(owner), Some(sealed)) => {
            Some(Personal::Sealed(Sealed { owner, sealed: sealed.to_owned() }))
        }
        (Some(owner), None) => Some(Personal::Erased { owner }),
        (None, _) => None,
    })
}
