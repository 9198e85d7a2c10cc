//! Tests of the whole: sources in, configuration or problems out.

use std::collections::HashMap;
use std::path::Path;

use super::{Config, ConfigArgs, Secret};

mod compose;
mod files;
mod loading;
mod refusals;
mod table;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// A working directory with its files, an environment and flags.
struct Given {
    folder: tempfile::TempDir,
    env: HashMap<String, String>,
    args: ConfigArgs,
}

fn given() -> Given {
    let folder = tempfile::tempdir().unwrap();
    Given { folder, env: HashMap::new(), args: ConfigArgs::default() }
}

impl Given {
    fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn set(mut self, assignment: &str) -> Self {
        self.args.set.push(Secret::new(assignment));
        self
    }

    fn args(mut self, change: impl FnOnce(&mut ConfigArgs)) -> Self {
        change(&mut self.args);
        self
    }

    fn config(self) -> Config {
        Config::load(&self.args, self.env, self.folder.path()).unwrap_or_else(|e| panic!("{e}"))
    }

    /// The lines of everything that is wrong.
    fn refused(self) -> String {
        Config::load(&self.args, self.env, self.folder.path()).unwrap_err().to_string()
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
