//! The list of erasures: one line each, kept apart from every store and backup, replayed whenever
//! a registry is opened. It says that somebody was erased, not who.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use domain::{GuildId, PersonId, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::PeopleError;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    pub guild: GuildId,
    pub person: PersonId,
    pub at: Timestamp,
}

#[derive(Debug)]
pub struct Erasures {
    path: PathBuf,
    file: Mutex<File>,
}

impl Erasures {
    pub fn open(path: &Path) -> Result<Self, PeopleError> {
        let open = || {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            OpenOptions::new().create(true).append(true).read(true).open(path)
        };
        let file = open().map_err(|error| unusable(path, &error.to_string()))?;
        let erasures = Self { path: path.to_owned(), file: Mutex::new(file) };
        erasures.all()?;
        Ok(erasures)
    }

    pub fn all(&self) -> Result<Vec<Erasure>, PeopleError> {
        let mut text = String::new();
        File::open(&self.path)
            .and_then(|mut file| file.read_to_string(&mut text))
            .map_err(|error| unusable(&self.path, &error.to_string()))?;
        // A crash while writing leaves a last line without its end; that erasure was never
        // acknowledged and is asked for again.
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        complete
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(index, line)| {
                serde_json::from_str(line)
                    .map_err(|error| unusable(&self.path, &format!("line {}: {error}", index + 1)))
            })
            .collect()
    }

    pub fn contains(&self, guild: GuildId, person: PersonId) -> Result<bool, PeopleError> {
        Ok(self.all()?.iter().any(|erasure| erasure.guild == guild && erasure.person == person))
    }

    /// Durable when this returns.
    pub fn add(&self, erasure: Erasure) -> Result<(), PeopleError> {
        let mut file = self.file.lock();
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let line = serde_json::to_string(&erasure).unwrap_or_default();
        let torn = !text.is_empty() && !text.ends_with('\n');
        let separator = if torn { "\n" } else { "" };
        file.write_all(format!("{separator}{line}\n").as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| unusable(&self.path, &error.to_string()))
    }
}

fn unusable(path: &Path, problem: &str) -> PeopleError {
    PeopleError::Erasures { path: path.display().to_string(), problem: problem.to_owned() }
}
