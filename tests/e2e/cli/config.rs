//! `reeve config`, and what a wrong setting says.

use crate::support::{ANN, House};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const PASSWORD: &str = "hunter2-of-the-database";

// proves: OPS-11
#[test]
fn given_secrets_then_no_command_prints_them() {
    let url = format!("postgres://reeve:{PASSWORD}@127.0.0.1:1/reeve?connect_timeout=1");
    let house = House::new()
        .with("REEVE_MASTER_KEY", KEY)
        .with("REEVE_DATABASE_URL", &url)
        .with("REEVE_LOG", "trace");
    let shown = house.reeve(&["config", "show"]).ok();
    for name in ["master_key ", "database.url"] {
        let line = shown.out.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line.contains("environment"), "where it came from: {line}");
    }
    let json = house.reeve(&["config", "show", "--json"]).ok().json();
    assert_eq!(json["settings"].as_array().unwrap().len(), reeve::config::SETTINGS.len());

    let wrong_key = format!("master_key={KEY}0");
    let wrong_url = format!("database.url=mysql://u:{PASSWORD}@h/d");
    let misplaced = format!("log.filter={url}");
    let unknown = format!("database.urls={url}");
    let every: &[&[&str]] = &[
        &["config", "show"],
        &["config", "show", "--json"],
        &["config", "docs"],
        &["economy", "--guild", "7", "grant", ANN, "5"],
        &["doctor", "--json"],
        // Nobody listens there.
        &["--store", "postgres", "doctor"],
        &["--store", "postgres", "events", "--json"],
        &["--store", "postgres", "serve"],
        // Wrong in every way.
        &["config", "show", "--set", &wrong_key],
        &["config", "show", "--set", &wrong_url],
        &["config", "show", "--set", &misplaced],
        &["config", "show", "--set", &unknown, "--json"],
        &["config", "show", "--set", KEY],
        &["config", "show", "--database-url", PASSWORD],
    ];
    for arguments in every {
        let answer = house.reeve(arguments);
        for secret in [KEY, PASSWORD] {
            assert!(!answer.out.contains(secret), "{arguments:?}: {}", answer.out);
            assert!(!answer.err.contains(secret), "{arguments:?}: {}", answer.err);
        }
        assert!(!answer.err.contains("panicked"), "{arguments:?}: {}", answer.err);
    }
    let made = std::fs::read_dir(house.data()).unwrap();
    assert!(!made.map(|entry| entry.unwrap().file_name()).any(|name| name == "master.key"));
}

#[test]
fn given_an_unreachable_database_then_a_clear_fault_that_names_no_secret() {
    let house = House::new()
        .with("REEVE_STORE", "postgres")
        .with("REEVE_DATABASE_URL", &format!("postgres://reeve:{PASSWORD}@127.0.0.1:1/reeve"));
    let fault = house.reeve(&["events", "--json"]).exits(3);
    assert_eq!(fault.json()["error"]["kind"], "fault");
    fault.says("the event log is not reachable");
}

#[test]
fn given_documents_then_they_are_the_committed_ones_and_need_no_sound_settings() {
    let house = House::new().with("REEVE_STORE", "floppy");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let committed = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    assert_eq!(house.reeve(&["config", "docs"]).ok().out, committed("docs/configuration.md"));
    assert_eq!(house.reeve(&["config", "example-toml"]).ok().out, committed("reeve.toml.example"));
    assert!(house.reeve(&["config", "example-env"]).ok().out.contains("REEVE_MASTER_KEY"));
    house
        .reeve(&["config", "show"])
        .exits(2)
        .says("REEVE_STORE")
        .says("sqlite, postgres or eventstoredb");
}

// proves: OPS-11
#[test]
fn given_wrong_settings_then_exit_2_names_each_with_the_nearest_that_exists() {
    let house = House::new();
    let unknown = house.reeve(&["events", "--set", "log.filtr=debug"]).exits(2);
    let unknown = unknown.says("unknown setting log.filtr; the nearest known is log.filter");
    assert_eq!(unknown.err.lines().count(), 1, "{}", unknown.err);

    let house = House::new().with("REEVE_LOG_FILTER", "debug").with("REEVE_HTTP_ADDRESS", "8080");
    let both = house.reeve(&["serve", "--json"]).exits(2);
    let both = both.says("the nearest known is REEVE_LOG").says("REEVE_HTTP_ADDRESS");
    let text = both.json()["error"]["text"].as_str().unwrap().to_owned();
    assert_eq!(text.lines().count(), 2, "{text}");

    let house = House::new().with("REEVE_ENVIRONMENT", "production");
    let missing = house.reeve(&["serve"]).exits(2);
    missing.says("master_key (REEVE_MASTER_KEY) is missing");
}

#[test]
fn given_every_source_then_the_stronger_wins_and_show_says_which() {
    let house = House::new();
    let write = |name: &str, text: &str| std::fs::write(house.root().join(name), text).unwrap();
    let filter = |house: &House, flags: &[&str]| {
        let shown = house.reeve(&[&["config", "show"], flags].concat()).ok();
        let line = shown.out.lines().find(|line| line.starts_with("log.filter")).unwrap();
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(filter(&house, &[]), "info default");
    write("reeve.toml", "[log]\nfilter = \"warn\"\n");
    assert!(
        filter(&house, &[]).starts_with("warn ") && filter(&house, &[]).contains("reeve.toml:2")
    );
    write(".env", "REEVE_LOG=error\n");
    assert_eq!(filter(&house, &[]), "error .env:1");
    let house = house.with("REEVE_LOG", "debug");
    assert_eq!(filter(&house, &[]), "debug environment");
    assert_eq!(filter(&house, &["--set", "log.filter=off"]), "off --set");
}
