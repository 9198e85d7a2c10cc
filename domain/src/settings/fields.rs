//! Settings as fields: enough for a slash command or a page to show one and to change it, without
//! knowing the capability. Every limit stands in the field's kind, and what breaks it is said in
//! one way everywhere: `field: what to do`.

use std::fmt;

use crate::{
    Bytes, ChannelId, RoleId,
    text::{duration, grouped, parse_duration},
};

/// One setting of a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in JSON, in refusals and in slash commands.
    pub name: &'static str,
    /// As people read it.
    pub title: &'static str,
    pub help: &'static str,
    pub kind: Kind,
}

/// What a field holds, and within which limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Amount {
        min: Bytes,
        max: Bytes,
    },
    Count {
        min: u32,
        max: u32,
    },
    Duration {
        min_secs: u32,
        max_secs: u32,
    },
    Text {
        min_chars: usize,
        max_chars: usize,
    },
    Choice(&'static [&'static str]),
    Switch,
    Role,
    Channel,
    /// Rows of one or more columns. As text: rows between commas, columns between colons.
    List {
        most: usize,
        columns: &'static [Column],
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    Amount(Bytes),
    Count(u32),
    /// In seconds.
    Duration(u32),
    Text(String),
    Choice(String),
    Switch(bool),
    Role(RoleId),
    Channel(ChannelId),
    List(Vec<Vec<FieldValue>>),
}

impl Field {
    /// Reads what somebody wrote for this field; otherwise `field: what to do`.
    pub fn parse(&self, text: &str) -> Result<FieldValue, String> {
        let value = self.kind.parse(text).map_err(|problem| self.told(&problem))?;
        match self.problems(&value).into_iter().next() {
            None => Ok(value),
            Some(problem) => Err(problem),
        }
    }

    /// Everything that is wrong with a value.
    pub fn problems(&self, value: &FieldValue) -> Vec<String> {
        self.kind.problems(value).iter().map(|problem| self.told(problem)).collect()
    }

    fn told(&self, problem: &str) -> String {
        format!("{}: {problem}", self.name)
    }
}

impl Kind {
    const ROLE: &'static [Column] = &[Column { name: "role", kind: Self::Role }];

    /// Several roles, each once.
    pub const fn roles(most: usize) -> Self {
        Self::List { most, columns: Self::ROLE }
    }

    const CHANNEL: &'static [Column] = &[Column { name: "channel", kind: Self::Channel }];

    /// Several channels, each once.
    pub const fn channels(most: usize) -> Self {
        Self::List { most, columns: Self::CHANNEL }
    }

    /// What is allowed, as the end of a sentence.
    pub fn allowed(&self) -> String {
        match self {
            Self::Amount { min, max } => {
                format!("use {} to {}", grouped(min.0), grouped(max.0))
            }
            Self::Count { min, max } => {
                format!("use {} to {}", grouped(i64::from(*min)), grouped(i64::from(*max)))
            }
            Self::Duration { min_secs, max_secs } => format!(
                "use {} to {}, such as 90s, 5m, 24h or 7d",
                duration(*min_secs),
                duration(*max_secs)
            ),
            Self::Text { min_chars, max_chars } => {
                format!("use {min_chars} to {max_chars} characters, no spaces around them")
            }
            Self::Choice(words) => format!("use {}", one_of(words)),
            Self::Switch => "use on or off".to_owned(),
            Self::Role => "name a role, or its id".to_owned(),
            Self::Channel => "name a channel, or its id".to_owned(),
            Self::List { most, columns } => {
                let names: Vec<_> = columns.iter().map(|column| column.name).collect();
                format!("use at most {most}, each written as {}", names.join(":"))
            }
        }
    }

    fn parse(&self, text: &str) -> Result<FieldValue, String> {
        let text = text.trim();
        let value = match self {
            Self::Amount { .. } => whole(text).map(|number| FieldValue::Amount(Bytes(number))),
            Self::Count { .. } => {
                whole(text).and_then(|number| u32::try_from(number).ok()).map(FieldValue::Count)
            }
            Self::Duration { .. } => parse_duration(text).map(FieldValue::Duration),
            Self::Text { .. } => Some(FieldValue::Text(text.to_owned())),
            Self::Choice(words) => words
                .iter()
                .find(|word| word.eq_ignore_ascii_case(text))
                .map(|word| FieldValue::Choice((*word).to_owned())),
            Self::Switch => match text.to_ascii_lowercase().as_str() {
                "on" | "yes" | "true" => Some(FieldValue::Switch(true)),
                "off" | "no" | "false" => Some(FieldValue::Switch(false)),
                _ => None,
            },
            Self::Role => role(text).map(FieldValue::Role),
            Self::Channel => channel(text).map(FieldValue::Channel),
            Self::List { columns, .. } => return rows(text, columns).map(FieldValue::List),
        };
        value.ok_or_else(|| self.allowed())
    }

    fn problems(&self, value: &FieldValue) -> Vec<String> {
        let holds = match (self, value) {
            (Self::Amount { min, max }, FieldValue::Amount(amount)) => {
                (min..=max).contains(&amount)
            }
            (Self::Count { min, max }, FieldValue::Count(count)) => (min..=max).contains(&count),
            (Self::Duration { min_secs, max_secs }, FieldValue::Duration(secs)) => {
                (min_secs..=max_secs).contains(&secs)
            }
            (Self::Text { min_chars, max_chars }, FieldValue::Text(text)) => {
                let plain = !text.chars().any(char::is_control) && text.trim() == text;
                plain && (*min_chars..=*max_chars).contains(&text.chars().count())
            }
            (Self::Choice(words), FieldValue::Choice(word)) => words.contains(&word.as_str()),
            (Self::Switch, FieldValue::Switch(_))
            | (Self::Role, FieldValue::Role(_))
            | (Self::Channel, FieldValue::Channel(_)) => true,
            (Self::List { most, columns }, FieldValue::List(rows)) => {
                return self.problems_of_rows(*most, columns, rows);
            }
            _ => false,
        };
        if holds { Vec::new() } else { vec![self.allowed()] }
    }

    fn problems_of_rows(
        &self,
        most: usize,
        columns: &[Column],
        rows: &[Vec<FieldValue>],
    ) -> Vec<String> {
        let mut problems = Vec::new();
        if rows.len() > most {
            problems.push(format!("use at most {most}"));
        }
        for (number, row) in (1..).zip(rows) {
            if row.len() != columns.len() {
                problems.push(self.allowed());
                continue;
            }
            let wrong = columns.iter().zip(row).find_map(|(column, value)| {
                let problem = column.kind.problems(value).into_iter().next()?;
                Some(format!("no. {number}, {}: {problem}", column.name))
            });
            problems.extend(wrong);
        }
        problems
    }
}

impl FieldValue {
    /// The list with this row, in the place of the one that begins with the same; none where this
    /// is no list.
    pub fn with(self, row: &[FieldValue]) -> Option<Self> {
        let Self::List(mut rows) = self else { return None };
        match rows.iter_mut().find(|other| other.first() == row.first()) {
            Some(other) => *other = row.to_vec(),
            None => rows.push(row.to_vec()),
        }
        Some(Self::List(rows))
    }
}

/// As it is written, so that it reads back as it was.
impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Amount(amount) => amount.fmt(f),
            Self::Count(count) => count.fmt(f),
            Self::Duration(secs) => f.write_str(&duration(*secs)),
            Self::Text(text) | Self::Choice(text) => f.write_str(text),
            Self::Switch(on) => f.write_str(if *on { "on" } else { "off" }),
            Self::Role(role) => write!(f, "<@&{role}>"),
            Self::Channel(channel) => write!(f, "<#{channel}>"),
            Self::List(rows) => {
                for (row, place) in rows.iter().zip(0..) {
                    let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
                    let comma = if place == 0 { "" } else { ", " };
                    write!(f, "{comma}{}", cells.join(":"))?;
                }
                Ok(())
            }
        }
    }
}

/// A list of roles as a field holds it.
pub fn roles_in(roles: &[RoleId]) -> FieldValue {
    FieldValue::List(roles.iter().map(|role| vec![FieldValue::Role(*role)]).collect())
}

/// And back; a role that is named twice is taken once.
pub fn roles_of(value: FieldValue) -> Option<Vec<RoleId>> {
    let FieldValue::List(rows) = value else { return None };
    let mut roles = Vec::with_capacity(rows.len());
    for row in rows {
        let [FieldValue::Role(role)] = row[..] else { return None };
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    Some(roles)
}

/// A list of channels as a field holds it.
pub fn channels_in(channels: &[ChannelId]) -> FieldValue {
    FieldValue::List(channels.iter().map(|channel| vec![FieldValue::Channel(*channel)]).collect())
}

/// And back; a channel that is named twice is taken once.
pub fn channels_of(value: FieldValue) -> Option<Vec<ChannelId>> {
    let FieldValue::List(rows) = value else { return None };
    let mut channels = Vec::with_capacity(rows.len());
    for row in rows {
        let [FieldValue::Channel(channel)] = row[..] else { return None };
        if !channels.contains(&channel) {
            channels.push(channel);
        }
    }
    Some(channels)
}

/// `none` and nothing at all are an empty list.
fn rows(text: &str, columns: &[Column]) -> Result<Vec<Vec<FieldValue>>, String> {
    if text.is_empty() || text.eq_ignore_ascii_case("none") {
        return Ok(Vec::new());
    }
    let row = |(text, number): (&str, usize)| {
        let cells: Vec<_> = text.split(':').collect();
        if cells.len() != columns.len() {
            let names: Vec<_> = columns.iter().map(|column| column.name).collect();
            return Err(format!("no. {number}: write it as {}", names.join(":")));
        }
        columns
            .iter()
            .zip(cells)
            .map(|(column, cell)| {
                let parsed = column.kind.parse(cell);
                parsed.map_err(|problem| format!("no. {number}, {}: {problem}", column.name))
            })
            .collect()
    };
    text.split(',').zip(1..).map(row).collect()
}

/// With or without separators between the thousands.
fn whole(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| !matches!(c, ',' | '_' | '\'')).collect();
    digits.parse().ok()
}

/// As Discord writes a mention, or the bare id.
fn role(text: &str) -> Option<RoleId> {
    let id = text.strip_prefix("<@&").and_then(|rest| rest.strip_suffix('>'));
    id.unwrap_or(text).parse().ok()
}

fn channel(text: &str) -> Option<ChannelId> {
    let id = text.strip_prefix("<#").and_then(|rest| rest.strip_suffix('>'));
    id.unwrap_or(text).parse().ok()
}

fn one_of(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests;
