//! The list of erasures: one line each, kept apart from every store and backup, replayed whenever
//! a registry is opened. It says that somebody was erased, not who.

use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
    io::{self, Write as _},
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
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let directory = directory.unwrap_or(Path::new("."));
            std::fs::create_dir_all(directory)?;
            let file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
            // A file without its name in the directory would be lost in a power cut.
            File::open(directory)?.sync_all()?;
            Ok(file)
        };
        let file = open().map_err(|error: io::Error| unusable(path, &error.to_string()))?;
        let erasures = Self { path: path.to_owned(), file: Mutex::new(file) };
        erasures.all()?;
        Ok(erasures)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn all(&self) -> Result<Vec<Erasure>, PeopleError> {
        let text =
            std::fs::read(&self.path).map_err(|error| unusable(&self.path, &error.to_string()))?;
        text[..complete(&text)]
            .split(|byte| *byte == b'\n')
            .enumerate()
            .filter(|(_, line)| !line.trim_ascii().is_empty())
            .map(|(index, line)| {
                serde_json::from_slice(line)
                    .map_err(|error| unusable(&self.path, &format!("line {}: {error}", index + 1)))
            })
            .collect()
    }

    pub fn contains(&self, guild: GuildId, person: PersonId) -> Result<bool, PeopleError> {
        Ok(self.all()?.iter().any(|erasure| erasure.guild == guild && erasure.person == person))
    }

    /// Adds what another list has and this one lacks; answers how many.
    pub fn add_all(&self, others: &[Erasure]) -> Result<usize, PeopleError> {
        let mut known: HashSet<_> =
            self.all()?.iter().map(|erasure| (erasure.guild, erasure.person)).collect();
        let mut added = 0;
        for erasure in others {
            if known.insert((erasure.guild, erasure.person)) {
                self.add(*erasure)?;
                added += 1;
            }
        }
        Ok(added)
    }

    /// What a list of another installation says; nothing where there is none.
    pub fn read(path: &Path) -> Result<Vec<Erasure>, PeopleError> {
        if path.exists() { Self::open(path)?.all() } else { Ok(Vec::new()) }
    }

    /// Durable when this returns.
    pub fn add(&self, erasure: Erasure) -> Result<(), PeopleError> {
        let file = self.file.lock();
        let add = || {
            let mut line = serde_json::to_vec(&erasure)?;
            line.push(b'\n');
            let text = std::fs::read(&self.path)?;
            let whole = complete(&text);
            if whole < text.len() {
                file.set_len(whole as u64)?;
            }
            (&*file).write_all(&line)?;
            file.sync_all()
        };
        // Other processes of this machine may use the same list.
        file.lock()
            .and_then(|()| {
                let added = add();
                file.unlock().and(added)
            })
            .map_err(|error| unusable(&self.path, &error.to_string()))
    }
}

/// Where the last whole line ends. A crash while writing leaves a line without its end; that
/// erasure was never acknowledged and is asked for again.
fn complete(text: &[u8]) -> usize {
    text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

fn unusable(path: &Path, problem: &str) -> PeopleError {
    PeopleError::Erasures { path: path.display().to_string(), problem: problem.to_owned() }
}
