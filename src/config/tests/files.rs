//! The generated files in the repository. With REEVE_TEST_UPDATE=1 they are written anew.

use super::super::{example_env, example_toml, reference};
use super::{given, repository};

fn is_current(path: &str, text: &str) {
    let path = repository().join(path);
    if std::env::var_os("REEVE_TEST_UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{} is stale: REEVE_TEST_UPDATE=1 cargo test -p reeve --lib config",
        path.display()
    );
}

// proves: OPS-11
#[test]
fn given_the_table_then_the_documents_in_the_repository_are_current() {
    is_current("docs/configuration.md", &reference());
    is_current("reeve.toml.example", &example_toml());
    is_current(".env.example", &example_env());
}

/// Comment marks taken off the lines that are settings.
fn uncommented(text: &str, separator: &str) -> String {
    let is_setting = |line: &&str| {
        line.strip_prefix("# ")
            .and_then(|line| line.split_once(separator))
            .is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
    };
    let lines = text.lines().map(|line| match Some(line).filter(is_setting) {
        Some(line) => line.trim_start_matches("# "),
        None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn given_the_examples_then_they_load_as_they_are_and_with_every_line_switched_on() {
    let defaults = format!("{:?}", fields_of(given()));
    for text in [example_toml(), uncommented(&example_toml(), " = ")] {
        // An example file is also the file of a person who only wanted the defaults. An optional
        // URL or path stands there empty, which is off.
        assert_eq!(format!("{:?}", fields_of(given().file("reeve.toml", &text))), defaults);
    }
    for text in [example_env(), uncommented(&example_env(), "=")] {
        assert_eq!(format!("{:?}", fields_of(given().file(".env", &text))), defaults);
    }
}

fn fields_of(given: super::Given) -> Vec<(String, Option<String>)> {
    let config = given.config();
    config.effective().iter().map(|row| (row.key.to_owned(), row.value.clone())).collect()
}

#[test]
fn given_the_examples_switched_on_then_every_setting_is_read_from_them() {
    let toml = uncommented(&example_toml(), " = ");
    let env = uncommented(&example_env(), "=");
    for setting in super::super::SETTINGS {
        let in_env = env.lines().any(|line| line.starts_with(&format!("{}=", setting.env)));
        assert!(in_env, "{}", setting.env);
        let in_toml = toml.lines().any(|line| line.starts_with(&format!("{} = ", setting.name())));
        assert_eq!(in_toml, !setting.secret, "{}", setting.key);
    }
}
