//! `docker-compose.yml` against the table.

use super::super::Kind;
use super::super::settings::{CONFIG_VARIABLE, Setting, setting_of_variable};
use super::repository;

/// Everything in the text that has the shape of one of our variables.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("REEVE_"))
}

/// `REEVE_X: value` and `- REEVE_X=value`, wherever they stand.
fn assignments(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches("- ");
        let end = line.find([':', '='])?;
        let (name, value) = (line[..end].trim_matches(['"', '\'']), line[end + 1..].trim());
        let value = value.split(" #").next().unwrap_or_default().trim();
        name.starts_with("REEVE_").then_some((name, value.trim_matches(['"', '\''])))
    })
}

/// A value with each `${NAME}` made `$`, and each `${NAME:-default}` its default: what the
/// repository itself says.
fn literal_part(value: &str) -> String {
    let mut text = value.to_owned();
    while let Some(start) = text.rfind("${") {
        let Some(end) = text[start..].find('}') else { break };
        let inside = &text[start + 2..start + end];
        let default = inside.split_once(":-").map_or("$", |(_, default)| default).to_owned();
        text.replace_range(start..=start + end, &default);
    }
    text
}

/// Whether a value comes by reference, and what the repository says of it holds no secret: no key,
/// no password in a URL.
fn is_by_reference(setting: &Setting, value: &str) -> bool {
    let literal = literal_part(value);
    let no_secret = match setting.kind {
        Kind::Url(_) => literal
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('@'))
            .and_then(|(user, _)| user.split_once(':'))
            .is_none_or(|(_, password)| password == "$"),
        _ => ["", "$"].contains(&literal.as_str()),
    };
    value.contains("${") && no_secret
}

fn problems(text: &str) -> Vec<String> {
    let known = |name: &str| setting_of_variable(name).is_some() || name == CONFIG_VARIABLE;
    let unknown = variables(text).filter(|name| !known(name)).map(|name| format!("{name} unknown"));
    let is_literal = |name: &str, value: &str| {
        setting_of_variable(name).is_some_and(|one| one.secret && !is_by_reference(one, value))
    };
    let literal = assignments(text)
        .filter(|(name, value)| is_literal(name, value))
        .map(|(name, _)| format!("{name} literal"));
    unknown.chain(literal).collect()
}

// proves: OPS-11
#[test]
fn given_docker_compose_then_its_variables_are_settings_and_its_secrets_are_references() {
    let path = repository().join("docker-compose.yml");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is absent", path.display());
        return;
    };
    assert!(variables(&text).next().is_some(), "no REEVE_ variable in {}", path.display());
    assert_eq!(problems(&text), Vec::<String>::new());
}

#[test]
fn given_compose_text_then_the_check_sees_unknown_names_and_literal_secrets() {
    let good = "  environment:\n\
                \x20   REEVE_STORE: postgres\n\
                \x20   REEVE_DATABASE_URL: \"postgres://reeve:${DB_PASSWORD:?set it}@db/reeve\"\n\
                \x20   - REEVE_MASTER_KEY=${REEVE_MASTER_KEY:-}\n\
                \x20   REEVE_REDIS_URL: ${REEVE_REDIS_URL:-redis://redis} # from .env\n\
                \x20   REEVE_DATABASE_URL: ${REEVE_DATABASE_URL:-postgres://r:${P:?set}@db/r}\n";
    assert_eq!(problems(good), Vec::<String>::new());
    let bad = "REEVE_STROE: x\n\
               REEVE_REDIS_URL: redis://redis\n\
               - REEVE_MASTER_KEY=${REEVE_MASTER_KEY:-00ff}\n\
               \"REEVE_EVENTSTORE_URL\": esdb://es\n\
               REEVE_DATABASE_URL: postgres://reeve:reeve@db/${NAME}\n\
               REEVE_DATABASE_URL: ${REEVE_DATABASE_URL:-postgres://r:${P:-reeve}@db/r}\n";
    let expected = [
        "REEVE_STROE unknown",
        "REEVE_REDIS_URL literal",
        "REEVE_MASTER_KEY literal",
        "REEVE_EVENTSTORE_URL literal",
        "REEVE_DATABASE_URL literal",
        "REEVE_DATABASE_URL literal",
    ];
    assert_eq!(problems(bad), expected);
}
