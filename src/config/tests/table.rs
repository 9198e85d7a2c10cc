//! The table against the struct: every row fills the field of its name, and no field is filled
//! from elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::problem::by_rule;
use super::super::settings::{SETTINGS, Setting};
use super::super::{Config, Fallback, Kind};
use super::{KEY, given};

/// The configuration as a map from the path of each field to its value.
fn fields(config: &Config) -> BTreeMap<String, Value> {
    fn flatten(path: &str, value: Value, into: &mut BTreeMap<String, Value>) {
        match value {
            // A `Duration` is a leaf.
            Value::Object(map) if !map.contains_key("nanos") => {
                for (name, value) in map {
                    let dot = if path.is_empty() { "" } else { "." };
                    flatten(&format!("{path}{dot}{name}"), value, into);
                }
            }
            leaf => {
                into.insert(path.to_owned(), leaf);
            }
        }
    }
    let mut into = BTreeMap::new();
    flatten("", serde_json::to_value(config).unwrap(), &mut into);
    into
}

/// An allowed value that is not the default.
fn sample(setting: &Setting) -> String {
    let last = |words: &[&str]| (*words.last().unwrap()).to_owned();
    match setting.kind {
        Kind::Boolean => (setting.fallback == Fallback::Value("false")).to_string(),
        Kind::Integer { min, max } => match setting.fallback {
            Fallback::Value(text) if text == max.to_string() => min.to_string(),
            _ => max.to_string(),
        },
        Kind::Duration { max, .. } => format!("{}ms", max.as_millis()),
        Kind::Size { max, .. } => format!("{max}B"),
        Kind::Choice(words) | Kind::Words(words) => {
            let other = words.iter().rfind(|word| Fallback::Value(word) != setting.fallback);
            (*other.unwrap()).to_owned()
        }
        Kind::Url(schemes) => format!("{}://sample", last(schemes)),
        Kind::Names | Kind::Path | Kind::Namespace | Kind::Token => "sample".to_owned(),
        Kind::Shards => "0-1/4".to_owned(),
        Kind::Ids => "42".to_owned(),
        Kind::Origins => "https://sample.example".to_owned(),
        Kind::Cooldowns => "sample=5s".to_owned(),
        Kind::Address => "127.0.0.9:9".to_owned(),
        Kind::LogFilter => "warn,sample=trace".to_owned(),
        Kind::Key => KEY.to_owned(),
    }
}

#[test]
fn given_the_table_then_every_row_has_its_field_and_every_field_its_row() {
    let keys: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.key.to_owned()).collect();
    let fields: BTreeSet<_> = fields(&given().config()).into_keys().collect();
    assert_eq!(keys, fields);
}

#[test]
fn given_one_changed_setting_then_exactly_its_field_changes() {
    for setting in SETTINGS {
        // What else must be set for the sample to be allowed.
        let needed = || match setting.key {
            "store" => given().set("database.url=postgres://x").set("eventstore.url=esdb://x"),
            "environment" => given().set(&format!("master_key={KEY}")),
            _ => given(),
        };
        let before = fields(&needed().config());
        let after = fields(&needed().env(setting.env, &sample(setting)).config());
        let differ = |key: &&String| before[*key] != after[*key];
        let changed: Vec<&str> = before.keys().filter(differ).map(String::as_str).collect();
        let expected = match setting.key {
            "data_dir" => vec!["data_dir", "master_key_file", "people.erasures_file"],
            key => vec![key],
        };
        assert_eq!(changed, expected, "{}", setting.env);
    }
}

#[test]
fn given_the_table_then_names_are_unique_and_follow_the_rule() {
    let keys: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.key).collect();
    assert_eq!(keys.len(), SETTINGS.len());
    for setting in SETTINGS {
        let rule = by_rule(setting);
        let expected = match setting.key {
            "log.filter" => "REEVE_LOG",
            // As every other program names them.
            "discord.token" => "DISCORD_TOKEN",
            "discord.api_url" => "DISCORD_API_URL",
            "discord.cdn_url" => "DISCORD_CDN_URL",
            "discord.client_secret" => "DISCORD_CLIENT_SECRET",
            _ => &rule,
        };
        assert_eq!(setting.env, expected);
        assert!(!keys.contains(setting.section()), "TOML cannot have {} twice", setting.section());
        assert!(setting.key.matches('.').count() <= 1, "{}", setting.key);
        assert!(setting.about.ends_with('.'), "{}", setting.key);
    }
    let mut sections: Vec<_> = SETTINGS.iter().map(Setting::section).collect();
    sections.dedup();
    let unique: BTreeSet<_> = sections.iter().collect();
    assert_eq!(unique.len(), sections.len(), "the rows of a section stand together");
    assert_eq!(sections[0], "", "the top level comes first");
}

// proves: OPS-11
#[test]
fn given_a_setting_that_holds_a_key_or_a_password_then_it_is_marked_secret() {
    for setting in SETTINGS {
        let may_hold_one = match setting.kind {
            Kind::Key | Kind::Token => true,
            // Masked by what it looks like when it does hold a password.
            Kind::Url(_) => {
                let open = [
                    "telemetry.otlp_endpoint",
                    "discord.api_url",
                    "discord.cdn_url",
                    "http.public_url",
                ];
                !open.contains(&setting.key)
            }
            _ => false,
        };
        assert_eq!(setting.secret, may_hold_one, "{}", setting.key);
    }
}
