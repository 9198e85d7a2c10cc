//! Balances from a JSON file.

use std::{
    collections::HashSet,
    fmt,
    path::{Path, PathBuf},
};

use actions::import::{Movement, Origin, What};
use domain::{Bytes, GuildId, UserId};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::{
    Common, mapping,
    work::{Read, Row, Rows},
};
use crate::cli::error::CliError;

const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Names under which bots keep a balance, and a user.
const AMOUNTS: [&str; 4] = ["balance", "bytes", "coins", "amount"];
const USERS: [&str; 4] = ["user_id", "user", "discord_id", "id"];
const AHEAD: usize = 1_000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The JSON file
    file: PathBuf,
    #[command(flatten)]
    pub common: Common,
    /// Names the source: a member's balance is imported once from each
    #[arg(long, default_value = "balances", value_parser = mapping::source_name)]
    source: String,
    /// Where in the file the balances lie, such as /user_coins
    #[arg(long, default_value = "", value_name = "POINTER")]
    at: String,
    /// The field that holds a balance [default: balance, bytes, coins or amount]
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// A JSON file of codes to look at: they are counted and kept for later
    #[arg(long, value_name = "FILE")]
    pub codes: Option<PathBuf>,
}

/// An object or a list, with each entry as it stands in the file.
enum Entries<'a> {
    Object(Vec<(String, &'a RawValue)>),
    List(Vec<&'a RawValue>),
}

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Both;
        impl<'de> Visitor<'de> for Both {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or a list")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries::Object(entries))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    entries.push(entry);
                }
                Ok(Entries::List(entries))
            }
        }
        deserializer.deserialize_any(Both)
    }
}

pub(super) fn rows(args: &Args, guild: GuildId) -> Result<Rows, CliError> {
    let text = read(&args.file)?;
    let wrong = |problem: String| CliError::Setup(format!("{}: {problem}", args.file.display()));
    let mut entries: Entries<'_> =
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    for name in args.at.split('/').skip(1) {
        let found = match entries {
            Entries::Object(entries) => entries.into_iter().find(|(key, _)| key == name),
            Entries::List(_) => None,
        };
        let (_, value) = found.ok_or_else(|| wrong(format!("there is no {}", args.at)))?;
        entries = serde_json::from_str(value.get())
            .map_err(|_| wrong(format!("{} is neither an object nor a list", args.at)))?;
    }
    let mut reading = Reading { args, guild, text: &text, seen: HashSet::new(), line: (0, 1) };
    let rows: Vec<Row> = match entries {
        Entries::Object(entries) => {
            entries.into_iter().map(|(user, value)| reading.row(Some(&user), value)).collect()
        }
        Entries::List(entries) => {
            entries.into_iter().map(|value| reading.row(None, value)).collect()
        }
    };
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        for row in rows {
            if sender.send(Ok(row)).await.is_err() {
                break;
            }
        }
    });
    Ok(receiver)
}

/// How many entries a file of codes holds; that is all that is done with it yet.
pub(super) fn count_codes(file: &Path) -> Result<(PathBuf, usize), CliError> {
    let text = read(file)?;
    let entries: Entries<'_> = serde_json::from_str(&text)
        .map_err(|error| CliError::Setup(format!("{}: {error}", file.display())))?;
    let count = |entries: &Entries<'_>| match entries {
        Entries::Object(entries) => entries.len(),
        Entries::List(entries) => entries.len(),
    };
    // Such as {"codes": {…}}.
    let inner = match &entries {
        Entries::Object(entries) if entries.len() == 1 => {
            serde_json::from_str::<Entries<'_>>(entries[0].1.get()).ok()
        }
        _ => None,
    };
    Ok((file.to_owned(), count(inner.as_ref().unwrap_or(&entries))))
}

pub(super) fn read(file: &Path) -> Result<String, CliError> {
    let problem = |text: String| CliError::Setup(format!("{}: {text}", file.display()));
    let size = std::fs::metadata(file).map_err(|error| problem(error.to_string()))?.len();
    if size > MAX_FILE_BYTES {
        let most = MAX_FILE_BYTES / 1024 / 1024;
        return Err(problem(format!("it is larger than {most} MiB; divide it")));
    }
    std::fs::read_to_string(file).map_err(|error| problem(error.to_string()))
}

struct Reading<'a> {
    args: &'a Args,
    guild: GuildId,
    text: &'a str,
    seen: HashSet<UserId>,
    /// An offset in the text and the line that it lies in.
    line: (usize, usize),
}

impl Reading<'_> {
    fn row(&mut self, user: Option<&str>, value: &RawValue) -> Row {
        let place = format!("line {}", self.line_of(value));
        let read = match self.movement(user, value) {
            Ok(Some(movement)) => Read::Movement(self.guild, movement),
            Ok(None) => Read::Empty,
            Err(reason) => Read::Bad(reason),
        };
        Row { place, read }
    }

    fn movement(
        &mut self,
        user: Option<&str>,
        value: &RawValue,
    ) -> Result<Option<Movement>, String> {
        let object = serde_json::from_str::<serde_json::Map<_, serde_json::Value>>(value.get());
        let fields = object.ok();
        let user = match (user, &fields) {
            (Some(user), _) => user.to_owned(),
            (None, Some(fields)) => {
                let found = USERS.iter().find_map(|name| fields.get(*name));
                plain(found.ok_or(format!("it names no user: none of {}", USERS.join(", ")))?)
            }
            (None, None) => return Err("it is no object with a user and a balance".to_owned()),
        };
        let user: UserId = user.parse().map_err(|error: domain::InvalidId| {
            format!("{error}; if balances lie deeper in the file, say where with --at")
        })?;
        let amount = match &fields {
            None => value.get().trim_matches('"').to_owned(),
            Some(fields) => {
                let found = match &self.args.field {
                    Some(name) => fields.get(name),
                    None => AMOUNTS.iter().find_map(|name| fields.get(*name)),
                };
                plain(found.ok_or("it has no balance; name the field with --field")?)
            }
        };
        let amount = mapping::amount(&amount)?;
        if !self.seen.insert(user) {
            return Err("this user is in the file twice; the first one counts".to_owned());
        }
        if amount == Bytes::ZERO {
            return Ok(None);
        }
        if !amount.is_positive() {
            return Err("a balance below zero cannot be had here".to_owned());
        }
        let origin = Origin { source: self.args.source.clone(), row: None };
        let what = What::Grant { to: user };
        Ok(Some(Movement { what, amount, reason: None, origin }))
    }

    /// Entries come in the order of the file, so each line is counted once.
    fn line_of(&mut self, value: &RawValue) -> usize {
        let start = self.text.as_ptr() as usize;
        let at = (value.get().as_ptr() as usize).saturating_sub(start).min(self.text.len());
        let (from, line) = self.line;
        let from = from.min(at);
        let breaks = self.text[from..at].matches('\n').count();
        self.line = (at, line + breaks);
        self.line.1
    }
}

/// A field as text: ids are strings in some files and numbers in others.
fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
