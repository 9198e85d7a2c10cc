//! What comes of sources that are right.

use std::path::Path;

use clap::Parser;

use super::super::{
    ConfigArgs, Environment, LogFormat, MASK, MasterKeySource, RefusedInProduction, Role, Store,
};
use super::{KEY, given};

const URL: &str = "postgres://reeve:hunter2@localhost/reeve";

#[test]
fn given_nothing_then_starts_embedded_with_the_defaults() {
    let config = given().config();
    assert_eq!((config.environment, config.store), (Environment::Development, Store::Sqlite));
    assert_eq!(config.data_dir, Path::new("data"));
    assert_eq!(config.http.address.to_string(), "127.0.0.1:8080");
    assert_eq!(config.roles.len(), 3);
    assert_eq!(config.log.format, LogFormat::Auto);
    assert_eq!(config.log.file, None);
    assert_eq!(config.log.file_size, 16 * 1024 * 1024);
    assert_eq!(config.writer.append_timeout.as_secs(), 30);
    assert!(config.features.is_empty() && config.redis.url.is_none());
}

// proves: OPS-11
#[test]
fn given_several_sources_then_the_stronger_wins_and_is_named() {
    let mut sources = given().file("reeve.toml", "[writer]\n\nbatch = 1\nqueue = 100\n");
    let mut seen = Vec::new();
    let mut note = |config: super::Config| {
        let row = config.effective().iter().find(|row| row.key == "writer.batch").unwrap();
        seen.push(format!("{} {}", config.writer.batch, row.source));
        assert_eq!(config.writer.queue, 100);
    };
    let copy = |sources: &super::Given| {
        super::Config::load(&sources.args, sources.env.clone(), sources.folder.path()).unwrap()
    };
    note(copy(&sources));
    sources = sources.file(".env", "# ours\nREEVE_WRITER_BATCH=2\n");
    note(copy(&sources));
    sources = sources.env("REEVE_WRITER_BATCH", "3");
    note(copy(&sources));
    sources = sources.set("writer.batch=4");
    note(copy(&sources));
    assert_eq!(seen, ["1 reeve.toml:3", "2 .env:2", "3 environment", "4 --set"]);
}

#[test]
fn given_typed_flag_and_set_then_the_typed_flag_wins() {
    let config = given()
        .set("data_dir=other")
        .args(|args| {
            args.data_dir = Some("here".into());
            args.store = Some("postgres".into());
            args.database_url = Some(URL.to_owned().into());
        })
        .config();
    assert_eq!((config.data_dir.as_path(), config.store), (Path::new("here"), Store::Postgres));
    assert_eq!(config.database.url.unwrap().expose(), URL);
}

#[test]
fn given_another_file_named_by_flag_or_variable_then_reads_that_one() {
    let files = || given().file("a.toml", "data_dir = 'a'").file("b.toml", "data_dir = 'b'");
    assert_eq!(files().env("REEVE_CONFIG", "a.toml").config().data_dir, Path::new("a"));
    assert_eq!(files().file(".env", "REEVE_CONFIG=a.toml").config().data_dir, Path::new("a"));
    let flag = files().env("REEVE_CONFIG", "a.toml").args(|a| a.config = Some("b.toml".into()));
    assert_eq!(flag.config().data_dir, Path::new("b"));
    assert_eq!(files().env("REEVE_CONFIG", "").config().data_dir, Path::new("data"));
}

#[test]
fn given_empty_variable_then_it_is_not_set_and_given_empty_value_then_it_is_off() {
    let file = "[redis]\nurl = 'redis://localhost'\n[log]\nfile = 'reeve.log'";
    let config = given().file("reeve.toml", file).env("REEVE_REDIS_URL", "").config();
    assert!(config.redis.url.is_some() && config.log.file.is_some());
    let config = given().file("reeve.toml", file).set("redis.url=").set("log.file=").config();
    assert!(config.redis.url.is_none() && config.log.file.is_none());
}

#[test]
fn given_lists_then_reads_arrays_and_commas() {
    let config = given()
        .file("reeve.toml", "roles = ['worker', 'api']\nfeatures = []")
        .env("REEVE_FEATURES", "cards, music")
        .config();
    assert!(config.has_role(Role::Worker) && config.has_role(Role::Api));
    assert!(!config.has_role(Role::Gateway));
    assert!(config.has_feature("cards") && config.has_feature("music"));
    assert!(given().set("roles=all,api").config().has_role(Role::Gateway));
}

#[test]
fn given_data_dir_then_derived_files_follow_it() {
    let config = given().set("data_dir=/srv/reeve").config();
    assert_eq!(config.people.erasures_file, Path::new("/srv/reeve/erasures.jsonl"));
    assert_eq!(config.master_key_file, Path::new("/srv/reeve/master.key"));
}

#[test]
fn given_variables_of_tests_and_tools_then_they_are_left_alone() {
    given()
        .env("REEVE_TEST_DATABASE_URL", "x")
        .env("REEVE_SERVICES_DIR", "x")
        .env("REEVE_INVENTORY", "x")
        .env("PATH", "x")
        .file(".env", "POSTGRES_PASSWORD=x\nREEVE_TEST_X=1\nwhatever this is\n")
        .config();
}

// proves: SYN-10
#[test]
fn given_production_then_refuses_demo_data_and_never_makes_a_key() {
    let production = given().env("REEVE_ENVIRONMENT", "production").env("REEVE_MASTER_KEY", KEY);
    let config = production.config();
    let refused = config.refuse_in_production("demo data").unwrap_err();
    assert_eq!(refused, RefusedInProduction { what: "demo data".into() });
    assert_eq!(
        refused.to_string(),
        "demo data is refused: environment (REEVE_ENVIRONMENT) is production"
    );
    assert!(matches!(config.master_key_source(), MasterKeySource::Given(_)));

    let by_file = given().set("environment=production").set("master_key_file=k").config();
    assert_eq!(by_file.master_key_source(), MasterKeySource::File(Path::new("k")));

    let development = given().config();
    assert_eq!(development.refuse_in_production("demo data"), Ok(()));
    let default_file = Path::new("data/master.key");
    assert_eq!(development.master_key_source(), MasterKeySource::FileOrCreate(default_file));
    let named = given().set("master_key_file=k").config();
    assert_eq!(named.master_key_source(), MasterKeySource::File(Path::new("k")));
}

// proves: OPS-11
#[test]
fn given_secrets_then_show_debug_and_json_mask_them() {
    let endpoint = "http://u:hunter2@collector";
    let config = given()
        .env("REEVE_DATABASE_URL", URL)
        .env("REEVE_MASTER_KEY", KEY)
        .env("REEVE_TELEMETRY_OTLP_ENDPOINT", endpoint)
        .set("redis.url=redis://:hunter2@localhost")
        .config();
    let json = serde_json::to_string(config.effective()).unwrap();
    let printed = [config.show(), format!("{config:?}"), format!("{config:#?}"), json];
    for text in printed {
        assert!(!text.contains("hunter2") && !text.contains(KEY), "{text}");
        assert!(text.contains(MASK), "{text}");
    }
    assert_eq!(config.telemetry.otlp_endpoint.unwrap().expose(), endpoint);
}

#[test]
fn given_settings_then_show_aligns_value_and_source() {
    let shown = given().env("REEVE_DATABASE_URL", URL).env("REEVE_LOG", "debug").config().show();
    let line = |key: &str| shown.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    let column =
        |line: &str, word: &str| line.find(word).map(|at| line[..at].chars().count()).unwrap();
    assert!(line("database.url").contains("•••• (set)"));
    assert!(line("redis.url").contains("(not set)"));
    assert_eq!(
        column(&line("database.url"), "environment"),
        column(&line("writer.batch"), "default")
    );
    assert!(line("log.filter").contains("debug"));
}

#[test]
fn given_flags_on_the_command_line_then_clap_fills_them_and_debug_hides_them() {
    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(subcommand)]
        command: Command,
    }
    #[derive(Debug, clap::Subcommand)]
    enum Command {
        Serve,
    }
    let line = ["reeve", "serve", "--set", "a=hunter2", "--set", "b=2", "--database-url", URL];
    let cli = Cli::parse_from(line);
    assert!(matches!(cli.command, Command::Serve));
    assert_eq!(cli.config.set.len(), 2);
    assert_eq!(cli.config.database_url.as_ref().unwrap().expose(), URL);
    assert!(!format!("{cli:?}").contains("hunter2"));
}
