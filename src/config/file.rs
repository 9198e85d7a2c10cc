//! `reeve.toml`: flattens its tables into keys and keeps the line of each.

use std::borrow::Cow;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Source, nearest_key, quoted};
use super::settings::{SETTINGS, Setting, setting};
use super::sources::Given;

pub(super) fn read(path: &Path, text: &str, given: &mut Vec<Given>, problems: &mut Vec<Problem>) {
    let (table, mut errors) = DeTable::parse_recoverable(text);
    errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    let mut reader = Reader { path, text, given: Vec::new(), problems: Vec::new() };
    for error in &errors {
        // The error's own Display would quote the line, and with it a secret.
        let at = reader.at(error.span().map_or(0, |span| span.start));
        let what = error.message().trim().replace('\n', ", ");
        reader.problems.push(Problem::Syntax { at, what });
    }
    if errors.is_empty() {
        reader.table("", table.get_ref());
    }
    given.append(&mut reader.given);
    problems.append(&mut reader.problems);
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    given: Vec<Given>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn at(&self, offset: usize) -> Source {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let breaks = before.split(|byte| *byte == b'\n').count();
        Source::File { path: self.path.to_owned(), line: breaks }
    }

    fn table(&mut self, section: &str, table: &DeTable<'_>) {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in entries {
            let key = match section {
                "" => name.get_ref().to_string(),
                _ => format!("{section}.{}", name.get_ref()),
            };
            self.entry(name, key, value.get_ref());
        }
    }

    fn entry(&mut self, name: &Spanned<Cow<'_, str>>, key: String, value: &DeValue<'_>) {
        let at = self.at(name.span().start);
        let section = SETTINGS.iter().map(Setting::section).find(|section| *section == key);
        match (setting(&key), section, value) {
            (Some(setting), _, value) => match text_of(setting, value) {
                Ok(text) => self.given.push(Given { setting, text, source: at }),
                Err(found) => self.problems.push(Problem::NotAllowed { at, setting, found }),
            },
            (None, Some(_), DeValue::Table(table)) => self.table(&key, table),
            (None, Some(section), _) => self.problems.push(Problem::Section { at, section }),
            (None, None, DeValue::Table(table)) if !table.is_empty() => self.table(&key, table),
            (None, None, _) => {
                let nearest = nearest_key(&key);
                self.problems.push(Problem::UnknownKey { at, key, nearest });
            }
        }
    }
}

/// The value as it would be written in the environment, or what it is instead.
fn text_of(setting: &Setting, value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Boolean(value) => Ok(value.to_string()),
        DeValue::Integer(number) => Ok(i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| number.as_str().to_owned(), |number| number.to_string())),
        DeValue::Float(number) => Err(quoted(setting, number.as_str())),
        DeValue::Array(items) if setting.kind.is_list() => {
            let words = items.iter().map(|item| item.get_ref().as_str());
            let words: Option<Vec<&str>> = words.collect();
            words.map(|words| words.join(",")).ok_or_else(|| "an array of other things".to_owned())
        }
        DeValue::Array(_) => Err("an array".to_owned()),
        DeValue::Table(_) => Err("a table".to_owned()),
        DeValue::Datetime(_) => Err("a date".to_owned()),
    }
}
