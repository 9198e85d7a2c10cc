//! What people read, made from the table: `docs/configuration.md`, `reeve.toml.example`,
//! `.env.example` and `reeve config show`. Tests fail when a file in the repository is stale.

use std::fmt::Write as _;

use super::Config;
use super::kind::Kind;
use super::settings::{Fallback, OTHER_VARIABLES, SETTINGS, Setting, TEST_PREFIX};

const INTRODUCTION: &str = "\
# Configuration

<!-- Made from src/config/settings.rs by `reeve config docs`. Change it there. -->

Reeve reads its settings from these places; a later one wins over an earlier one:

1. the defaults below;
2. `reeve.toml` in the working directory, or the file that `--config` or `REEVE_CONFIG` names;
3. `.env` in the working directory;
4. environment variables: those that begin with `REEVE_`, `DISCORD_TOKEN`,
   `DISCORD_API_URL`, `DISCORD_CDN_URL` and `DISCORD_CLIENT_SECRET`;
5. flags: `--set key=value` for any setting, and over it `--data-dir`, `--store`, `--database-url`.

An unknown name in any of these places is refused, and so is a value that is not allowed; every
problem is printed on a line of its own, with the place it came from. `reeve config show` prints
the settings in effect and where each came from. Secrets are never printed.

An empty variable counts as not set. An optional setting that is empty in `reeve.toml` or with
`--set` is off. In `.env` values may stand in quotes, nothing is expanded, and lines of
other variables are left to other tools. Lists are separated by commas; in `reeve.toml` they
are arrays. Relative paths start at the working directory.

A setting takes effect at start: change it, then restart.
";

/// `docs/configuration.md`.
pub fn reference() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in sections() {
        let title = if section.is_empty() { "General" } else { section };
        let _ = write!(
            text,
            "\n## {title}\n\n\
             | Setting | Variable | Default | Allowed | What it does |\n\
             |---|---|---|---|---|\n"
        );
        for setting in of(section) {
            let about = setting.about.replace('|', "\\|");
            let secret = if setting.secret { " *(secret)*" } else { "" };
            let _ = writeln!(
                text,
                "| `{}` | `{}` | {} | {} | {about}{secret} |",
                setting.key,
                setting.env,
                in_words(setting.fallback),
                setting.kind.allowed()
            );
        }
    }
    text.push_str("\n## Variables that are no settings\n\n| Variable | What it is |\n|---|---|\n");
    for (name, about) in OTHER_VARIABLES {
        let _ = writeln!(text, "| `{name}` | {about} |");
    }
    let _ = writeln!(text, "| `{TEST_PREFIX}…` | what the tests need |");
    text
}

fn in_words(fallback: Fallback) -> String {
    match fallback {
        Fallback::Value("") => "none".to_owned(),
        Fallback::Value(text) => format!("`{text}`"),
        Fallback::InDataDir(name) => format!("`{name}` in `data_dir`"),
        Fallback::Unset => "not set".to_owned(),
    }
}

/// `reeve.toml.example`: every setting with its default, commented out. Without secrets.
pub fn example_toml() -> String {
    let mut text =
        "# Copy to reeve.toml and change what you need. docs/configuration.md says what is\n\
                    # allowed. Secrets belong in .env or the environment.\n"
            .to_owned();
    for section in sections() {
        let shown: Vec<&Setting> = of(section).filter(|setting| !setting.secret).collect();
        if !section.is_empty() && !shown.is_empty() {
            let _ = write!(text, "\n[{section}]\n");
        }
        for setting in shown {
            let gap = if section.is_empty() { "\n" } else { "" };
            let _ = write!(text, "{gap}{}", comment(setting.about));
            let _ = writeln!(text, "# {} = {}", setting.name(), toml_value(setting));
        }
    }
    text
}

fn toml_value(setting: &Setting) -> String {
    let value = example(setting);
    match setting.kind {
        Kind::Boolean | Kind::Integer { .. } => value,
        kind if kind.is_list() => {
            let words = value.split(',').filter(|word| !word.is_empty());
            let quoted: Vec<String> = words.map(|word| format!("{word:?}")).collect();
            format!("[{}]", quoted.join(", "))
        }
        _ => format!("{value:?}"),
    }
}

/// `.env.example`: every variable, commented out.
pub fn example_env() -> String {
    let mut text = "# Copy to .env, which git ignores, and change what you need.\n\
                    # docs/configuration.md says what is allowed.\n"
        .to_owned();
    for setting in SETTINGS {
        let about = comment(setting.about);
        let _ = write!(text, "\n{about}# {}={}\n", setting.env, example(setting));
    }
    text
}

/// As lines that begin with `# ` and end before column 100.
fn comment(about: &str) -> String {
    let mut lines = vec!["#".to_owned()];
    for word in about.split(' ') {
        match lines.last_mut().filter(|line| line.len() + word.len() < 99) {
            Some(line) => line.extend([" ", word]),
            None => lines.push(format!("# {word}")),
        }
    }
    lines.join("\n") + "\n"
}

/// The default where there is one. Derived paths are written for the default `data_dir`.
fn example(setting: &Setting) -> String {
    match setting.fallback {
        Fallback::Value(text) => text.to_owned(),
        Fallback::InDataDir(name) => format!("data/{name}"),
        Fallback::Unset => String::new(),
    }
}

fn sections() -> Vec<&'static str> {
    let mut sections: Vec<&str> = SETTINGS.iter().map(Setting::section).collect();
    sections.dedup();
    sections
}

fn of(section: &'static str) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(move |setting| setting.section() == section)
}

impl Config {
    /// What `reeve config show` prints: the settings in effect, aligned, secrets masked.
    pub fn show(&self) -> String {
        let value = |value: &Option<String>| match value.as_deref() {
            None => "(not set)".to_owned(),
            Some("") => "(none)".to_owned(),
            Some(text) => text.to_owned(),
        };
        let rows: Vec<[String; 3]> = self
            .effective()
            .iter()
            .map(|row| [row.key.to_owned(), value(&row.value), row.source.to_string()])
            .collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let (keys, values) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
        rows.iter().fold(String::new(), |mut text, [key, value, source]| {
            let _ = writeln!(text, "{key:keys$}  {value:values$}  {source}");
            text
        })
    }
}
