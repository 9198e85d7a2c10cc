//! One checked value per row of the table, and where it came from.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::choice::{Environment, Store};
use super::kind::Value;
use super::problem::{Problem, Source, quoted, shown};
use super::secret::{KeyBytes, Secret};
use super::settings::{Fallback, SETTINGS, Setting};
use super::sources::Given;

/// A setting as `reeve config show` prints it; secrets are masked.
#[derive(Debug, Clone, Serialize)]
pub struct Effective {
    pub key: &'static str,
    /// Nothing when it is not set.
    pub value: Option<String>,
    pub source: Source,
}

pub(super) struct Values(Vec<Row>);

struct Row {
    setting: &'static Setting,
    value: Option<Value>,
    shown: Option<String>,
    source: Source,
    /// Some source says something, allowed or not.
    is_set: bool,
}

impl Values {
    /// Later ones in `given` override earlier ones.
    pub fn resolve(given: &[Given], problems: &mut Vec<Problem>) -> Self {
        let rows = SETTINGS.iter().map(|setting| {
            let mut row = Row::of(setting, problems);
            for one in given.iter().filter(|one| one.setting.key == setting.key) {
                row.set(&one.text, one.source.clone(), problems);
            }
            row
        });
        let mut values = Self(rows.collect());
        values.derive_paths();
        // What a source that cannot be read might have said is not called missing.
        let unread = |p: &Problem| matches!(p, Problem::Unreadable { .. } | Problem::Syntax { .. });
        if !problems.iter().any(unread) {
            values.check_together(problems);
        }
        values
    }

    fn derive_paths(&mut self) {
        let Some(Value::Path(data_dir)) = &self.row("data_dir").value else { return };
        let data_dir = data_dir.clone();
        for row in &mut self.0 {
            if let (Fallback::InDataDir(name), None) = (row.setting.fallback, &row.value) {
                let path = data_dir.join(name);
                row.shown = Some(path.display().to_string());
                row.value = Some(Value::Path(path));
            }
        }
    }

    /// Rules over several settings.
    fn check_together(&self, problems: &mut Vec<Problem>) {
        let production = self.is_choice("environment", Environment::Production.word());
        let [key, file] = [self.row("master_key"), self.row("master_key_file")];
        if key.is_set && file.is_set {
            let at = key.source.clone();
            problems.push(Problem::Both { at, one: key.setting, other: file.setting });
        }
        if production && !key.is_set && !file.is_set {
            let why = "environment = production never makes a key of its own, set this or \
                       master_key_file (REEVE_MASTER_KEY_FILE)";
            problems.push(Problem::Missing { setting: key.setting, why });
        }
        let url = self.row("database.url");
        let cluster = self.is_choice("store", Store::Eventstoredb.word());
        if self.is_choice("store", Store::Postgres.word()) && !url.is_set {
            let why = "store = postgres needs it";
            problems.push(Problem::Missing { setting: url.setting, why });
        }
        if cluster && !url.is_set {
            let why = "store = eventstoredb keeps its index and the read models there";
            problems.push(Problem::Missing { setting: url.setting, why });
        }
        let url = self.row("eventstore.url");
        if cluster && !url.is_set {
            let why = "store = eventstoredb needs it";
            problems.push(Problem::Missing { setting: url.setting, why });
        }
    }

    fn is_choice(&self, key: &str, word: &str) -> bool {
        matches!(&self.row(key).value, Some(Value::Text(text)) if text == word)
    }

    pub fn effective(&self) -> Vec<Effective> {
        let rows = self.0.iter().map(|row| Effective {
            key: row.setting.key,
            value: row.shown.clone(),
            source: row.source.clone(),
        });
        rows.collect()
    }

    fn row(&self, key: &str) -> &Row {
        let found = self.0.iter().find(|row| row.setting.key == key);
        found.expect("`Config` asks only for keys of the table (tests read every one)")
    }

    fn value(&self, key: &str) -> &Value {
        self.row(key).value.as_ref().expect("a setting with a default always has a value")
    }
}

impl Row {
    fn of(setting: &'static Setting, problems: &mut Vec<Problem>) -> Self {
        let source = Source::Default;
        let mut row = Self { setting, value: None, shown: None, source, is_set: false };
        if let Fallback::Value(text) = setting.fallback {
            row.set(text, Source::Default, problems);
            row.is_set = false;
        }
        row
    }

    /// An optional setting that is given as empty text is off, whatever weaker sources say.
    fn set(&mut self, text: &str, source: Source, problems: &mut Vec<Problem>) {
        let text = text.trim();
        self.source = source;
        self.is_set = true;
        if text.is_empty() && self.setting.fallback == Fallback::Unset {
            self.value = None;
            self.shown = None;
            self.is_set = false;
        } else if let Some(value) = self.setting.kind.parse(text).filter(|_| self.may_be(text)) {
            self.value = Some(value);
            self.shown = Some(shown(self.setting, text));
        } else {
            let found = quoted(self.setting, text);
            let at = self.source.clone();
            problems.push(Problem::NotAllowed { at, setting: self.setting, found });
        }
    }

    /// Only a list of names may be empty.
    fn may_be(&self, text: &str) -> bool {
        !text.is_empty() || self.setting.fallback == Fallback::Value("")
    }
}

macro_rules! getters {
    ($($name:ident($variant:ident) -> $kind:ty;)+) => {$(
        pub fn $name(&self, key: &str) -> $kind {
            match self.value(key) {
                Value::$variant(value) => value.to_owned(),
                _ => unreachable!("{key} is read as what its kind is not (tests read every key)"),
            }
        }
    )+};
}

/// For the one place that makes a [`Config`](super::Config), once nothing is wrong.
impl Values {
    getters! {
        boolean(Boolean) -> bool;
        duration(Duration) -> Duration;
        text(Text) -> String;
        words(Words) -> Vec<String>;
        path(Path) -> PathBuf;
        address(Address) -> SocketAddr;
        number(Integer) -> u64;
    }

    /// In the type of its field, which the range in the table fits.
    pub fn integer<T: TryFrom<u64>>(&self, key: &str) -> T {
        let Ok(number) = T::try_from(self.number(key)) else {
            unreachable!("the range of {key} fits its field")
        };
        number
    }

    pub fn choice<T>(&self, key: &str, from_word: fn(&str) -> Option<T>) -> T {
        from_word(&self.text(key)).expect("the table lists the words of the enum")
    }

    pub fn secret(&self, key: &str) -> Option<Secret> {
        match self.row(key).value.as_ref()? {
            Value::Secret(secret) => Some(secret.clone()),
            _ => unreachable!("{key} is read as a secret (tests read every key)"),
        }
    }

    pub fn key(&self, key: &str) -> Option<KeyBytes> {
        match self.row(key).value.as_ref()? {
            Value::Key(bytes) => Some(bytes.clone()),
            _ => unreachable!("{key} is read as a key (tests read every key)"),
        }
    }

    pub fn optional_path(&self, key: &str) -> Option<PathBuf> {
        self.row(key).value.is_some().then(|| self.path(key))
    }

    pub fn is_set(&self, key: &str) -> bool {
        self.row(key).is_set
    }
}
