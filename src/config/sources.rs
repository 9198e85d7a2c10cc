//! Collects what each source says, in rising precedence. A setting's value is checked wherever it
//! stands, also where a stronger source overrides it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::args::ConfigArgs;
use super::problem::{Problem, Source, nearest_key, nearest_variable};
use super::settings::{
    CONFIG_VARIABLE, OTHER_VARIABLES, Setting, TEST_PREFIX, setting, setting_of_variable,
};
use super::{dotenv, file};

/// What one source says about one setting. No `Debug`: the text may be a secret.
pub(super) struct Given {
    pub setting: &'static Setting,
    pub text: String,
    pub source: Source,
}

const DEFAULT_FILE: &str = "reeve.toml";

pub(super) fn collect(
    args: &ConfigArgs,
    env: impl IntoIterator<Item = (String, String)>,
    cwd: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<Given> {
    let dotenv = dotenv_variables(cwd, problems);
    let env = env.into_iter().map(|(name, value)| (Source::Environment, name, value));
    let variables: Vec<_> = dotenv.into_iter().chain(env).collect();

    let mut given = Vec::new();
    let named = args.config.clone().or_else(|| {
        let named = variables
            .iter()
            .rev()
            .find(|(_, name, value)| name == CONFIG_VARIABLE && !value.trim().is_empty());
        named.map(|(_, _, value)| value.trim().to_owned())
    });
    let path = PathBuf::from(named.as_deref().unwrap_or(DEFAULT_FILE));
    match std::fs::read_to_string(cwd.join(&path)) {
        Ok(text) => file::read(&path, &text, &mut given, problems),
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => {}
        Err(error) => problems.push(Problem::Unreadable { path, error }),
    }
    for (at, name, value) in variables {
        variable(at, name, &value, &mut given, problems);
    }
    flags(args, &mut given, problems);
    given
}

fn dotenv_variables(cwd: &Path, problems: &mut Vec<Problem>) -> Vec<(Source, String, String)> {
    let path = PathBuf::from(".env");
    let text = match std::fs::read_to_string(cwd.join(&path)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            problems.push(Problem::Unreadable { path, error });
            return Vec::new();
        }
    };
    let mut variables = Vec::new();
    for (line, found) in dotenv::parse(&text) {
        let at = Source::DotEnv { line };
        match found {
            Ok((name, value)) => variables.push((at, name, value)),
            Err(what) => problems.push(Problem::Syntax { at, what: what.to_owned() }),
        }
    }
    variables
}

/// An empty variable counts as not set: `${REEVE_REDIS_URL:-}` is how compose files pass one on.
fn variable(
    at: Source,
    name: String,
    value: &str,
    given: &mut Vec<Given>,
    problems: &mut Vec<Problem>,
) {
    if let Some(setting) = setting_of_variable(&name) {
        if !value.trim().is_empty() {
            given.push(Given { setting, text: value.to_owned(), source: at });
        }
    } else if is_ours(&name) {
        let nearest = nearest_variable(&name);
        problems.push(Problem::UnknownVariable { at, name, nearest });
    }
}

/// Whether a name must be a setting.
fn is_ours(name: &str) -> bool {
    name.starts_with("REEVE_")
        && !name.starts_with(TEST_PREFIX)
        && !OTHER_VARIABLES.iter().any(|(other, _)| *other == name)
}

fn flags(args: &ConfigArgs, given: &mut Vec<Given>, problems: &mut Vec<Problem>) {
    for assignment in &args.set {
        let at = Source::Flag("--set");
        // Without a proper key in front, the text may be a secret on its own.
        let is_key = |key: &str| {
            key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        match assignment.expose().split_once('=').map(|(key, text)| (key.trim(), text)) {
            Some((key, text)) if is_key(key) => {
                if let Some(setting) = setting(key) {
                    given.push(Given { setting, text: text.to_owned(), source: at });
                } else {
                    let (nearest, key) = (nearest_key(key), key.to_owned());
                    problems.push(Problem::UnknownKey { at, key, nearest });
                }
            }
            _ => {
                let what = "takes key=value, such as log.filter=debug".to_owned();
                problems.push(Problem::Syntax { at, what });
            }
        }
    }
    let typed = [
        ("--data-dir", "data_dir", args.data_dir.as_deref()),
        ("--store", "store", args.store.as_deref()),
        ("--database-url", "database.url", args.database_url.as_ref().map(super::Secret::expose)),
    ];
    for (flag, key, text) in typed {
        if let (Some(setting), Some(text)) = (setting(key), text) {
            given.push(Given { setting, text: text.to_owned(), source: Source::Flag(flag) });
        }
    }
}
