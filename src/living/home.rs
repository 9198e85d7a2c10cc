//! Where a community is kept: the bot's store, the local Discord's world, and what they were made
//! of. It is either whole or not there: it is prepared beside its place and then moved there.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use simulator::{Id, World, community::life::Extent};

use super::{Trouble, play::Tally};
use crate::config::Config;

const ABOUT: &str = "community.json";
const WORLD: &str = "discord.world";
/// Beside the place, what is not finished.
const UNFINISHED: &str = "unfinished";

/// What a community was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub seed: u64,
    pub members: usize,
    pub days: u32,
    pub guild: Id,
    pub application: Id,
    pub name: String,
    /// The first day, counted from 1970.
    pub first_day: u32,
    /// In milliseconds since 1970, until when it was played.
    pub played_until_ms: u64,
    pub played: Tally,
    /// How long that took.
    pub took_ms: u64,
}

impl About {
    pub const fn extent(&self) -> Extent {
        Extent { seed: self.seed, members: self.members, days: self.days }
    }
}

#[derive(Clone, Debug)]
pub struct Home {
    directory: PathBuf,
}

impl Home {
    pub const fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where it is prepared before it comes to its place.
    pub fn unfinished(&self) -> Self {
        let mut name = self.directory.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(UNFINISHED);
        Self { directory: self.directory.with_file_name(name) }
    }

    /// The installation that lives here.
    pub fn config(&self, config: &Config) -> Config {
        let mut config = config.clone();
        config.people.erasures_file = self.directory.join("erasures.jsonl");
        config.master_key_file = self.directory.join("master.key");
        config.data_dir.clone_from(&self.directory);
        config
    }

    /// Nothing where nothing was prepared here.
    pub fn about(&self) -> Result<Option<About>, Trouble> {
        let path = self.directory.join(ABOUT);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return if self.is_empty() {
                    Ok(None)
                } else {
                    Err(Trouble::Setup(format!(
                        "{} holds something else than a community that was prepared; --fresh \
                         throws it away",
                        self.directory.display()
                    )))
                };
            }
            Err(error) => return Err(Trouble::io(path.display().to_string())(error)),
        };
        let about = serde_json::from_slice(&text).map_err(|error| {
            Trouble::Setup(format!(
                "{} cannot be read ({error}); --fresh prepares the community anew",
                path.display()
            ))
        })?;
        Ok(Some(about))
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(&self.directory).map_or(true, |mut entries| entries.next().is_none())
    }

    pub fn write_about(&self, about: &About) -> Result<(), Trouble> {
        let text = serde_json::to_vec_pretty(about)
            .map_err(|error| Trouble::Fault(format!("the description: {error}")))?;
        self.put(ABOUT, &text)
    }

    /// The local Discord as it was left.
    pub fn read_world(&self, world: &mut World) -> Result<(), Trouble> {
        let path = self.directory.join(WORLD);
        let file = File::open(&path).map_err(Trouble::io(path.display().to_string()))?;
        world.read_from(file).map_err(|error| {
            Trouble::Setup(format!(
                "the local Discord in {}: {error}. --fresh prepares the community anew",
                path.display()
            ))
        })
    }

    /// As [`World::write_to`] has written it.
    pub fn write_world(&self, world: &[u8]) -> Result<(), Trouble> {
        self.put(WORLD, world)
    }

    /// The whole file or the one of before, whenever it is stopped.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
        let path = self.directory.join(name);
        let beside = self.directory.join(format!("{name}.new"));
        let write = || {
            let mut file = File::create(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            File::open(&self.directory)?.sync_all()
        };
        write().map_err(Trouble::io(path.display().to_string()))
    }

    /// Everything here is gone. Refused while somebody uses it.
    pub fn clear(&self) -> Result<(), Trouble> {
        if !self.directory.exists() {
            return Ok(());
        }
        drop(eventlog::sqlite::DirectoryLock::take(&self.directory)?);
        fs::remove_dir_all(&self.directory)
            .map_err(Trouble::io(self.directory.display().to_string()))
    }

    /// What was prepared there is what is here now.
    pub fn take_over(&self, prepared: &Self) -> Result<(), Trouble> {
        let move_there = || {
            if self.directory.exists() {
                // It is empty: `about` has looked, or `clear` has seen to it.
                fs::remove_dir(&self.directory)?;
            }
            fs::rename(&prepared.directory, &self.directory)?;
            match self.directory.parent() {
                Some(parent) => File::open(parent)?.sync_all(),
                None => Ok(()),
            }
        };
        move_there().map_err(Trouble::io(self.directory.display().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let root = tempfile::TempDir::new().unwrap();
        let home = Home::at(root.path().join("demo"));
        (root, home)
    }

    #[test]
    fn given_a_place_then_it_is_empty_whole_or_something_else() {
        let (_root, home) = home();
        assert_eq!(home.about().unwrap(), None);
        fs::create_dir_all(home.directory()).unwrap();
        assert_eq!(home.about().unwrap(), None);
        fs::write(home.directory().join("log.db"), "x").unwrap();
        assert!(home.about().unwrap_err().to_string().contains("--fresh"));
        fs::write(home.directory().join(ABOUT), "{").unwrap();
        assert!(home.about().unwrap_err().to_string().contains("cannot be read"));
        home.clear().unwrap();
        assert_eq!(home.about().unwrap(), None);
    }

    #[test]
    fn given_something_unfinished_then_it_comes_to_its_place_as_a_whole() {
        let (root, home) = home();
        let unfinished = home.unfinished();
        assert_eq!(unfinished.directory(), root.path().join("demo.unfinished"));
        fs::create_dir_all(unfinished.directory()).unwrap();
        fs::create_dir_all(home.directory()).unwrap();
        unfinished.write_world(b"x").unwrap();
        home.take_over(&unfinished).unwrap();
        assert_eq!(fs::read(home.directory().join(WORLD)).unwrap(), b"x");
        assert!(!unfinished.directory().exists());
    }
}
