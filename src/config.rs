//! The configuration: defaults, then `reeve.toml`, `.env`, the environment and flags, each
//! stronger than the one before.
//!
//! [`SETTINGS`] is the one table of everything that can be set. [`Config`] is what it comes to,
//! typed; [`Config::load`] makes it or says everything that is wrong, one line each. An unknown
//! name is wrong. Nothing here prints a secret.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::UserId;
use thiserror::Error;

mod args;
mod choice;
mod documents;
mod dotenv;
mod file;
mod kind;
mod problem;
mod secret;
mod settings;
mod sources;
#[cfg(test)]
mod tests;
mod values;

pub use args::ConfigArgs;
pub use choice::{Environment, LogFormat, Role, Store};
pub use documents::{example_env, example_toml, reference};
pub use kind::Kind;
pub use problem::{ConfigErrors, Problem, Source};
pub use secret::{KeyBytes, KeyFileError, MASK, Secret};
pub use settings::{CONFIG_VARIABLE, Fallback, SETTINGS, Setting};

use settings::setting_of_variable;
pub use values::Effective;

use values::Values;

/// The first and the last shard and how many there are in all; none where Discord decides.
pub fn shard_range(text: &str) -> Option<(u32, u32, u32)> {
    kind::shards(text).flatten()
}

/// Every setting, in its type. The path of a field is the setting's key.
#[derive(Debug, Clone)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Config {
    pub environment: Environment,
    pub store: Store,
    pub data_dir: PathBuf,
    /// Use [`Config::master_key_source`].
    pub master_key: Option<KeyBytes>,
    pub master_key_file: PathBuf,
    pub previous_master_key: Option<KeyBytes>,
    pub roles: BTreeSet<Role>,
    pub shutdown_grace: Duration,
    pub features: BTreeSet<String>,
    pub operators: BTreeSet<UserId>,
    /// Commands with their seconds.
    pub cooldowns: Vec<(String, u32)>,
    pub database: Database,
    pub redis: Redis,
    pub eventstore: EventStore,
    pub people: People,
    pub discord: Discord,
    pub http: Http,
    pub webhooks: Webhooks,
    pub log: Log,
    pub telemetry: Telemetry,
    pub writer: Writer,
    pub cache: Cache,
    pub snapshots: Snapshots,
    pub projections: Projections,
    pub time_machine: TimeMachine,
    #[cfg_attr(test, serde(skip))]
    master_key_file_is_set: bool,
    #[cfg_attr(test, serde(skip))]
    effective: Vec<Effective>,
}

macro_rules! sections {
    ($($name:ident { $($field:ident: $kind:ty),+ $(,)? })+) => {$(
        #[derive(Debug, Clone)]
        #[cfg_attr(test, derive(serde::Serialize))]
        pub struct $name { $(pub $field: $kind),+ }
    )+};
}

sections! {
    Database { url: Option<Secret>, connections: u32 }
    Redis { url: Option<Secret> }
    EventStore { url: Option<Secret>, namespace: String }
    People { erasures_file: PathBuf, key_backup_days: u32 }
    Discord {
        token: Option<Secret>,
        api_url: Option<Secret>,
        cdn_url: Option<Secret>,
        shards: String,
        deploy_commands: bool,
        prefix_commands: bool,
        member_events: bool,
        message_content: bool,
        client_secret: Option<Secret>,
    }
    Http {
        address: SocketAddr,
        public_url: Option<Secret>,
        introspection: bool,
        cors_origins: Vec<String>,
        requests_per_minute_per_key: u32,
        requests_per_minute_per_address: u32,
        metrics: bool,
    }
    Webhooks { trusted_origins: Vec<String> }
    Log {
        filter: String,
        format: LogFormat,
        file: Option<PathBuf>,
        file_size: u64,
        file_count: usize,
    }
    Telemetry { otlp_endpoint: Option<Secret> }
    Writer { batch: usize, queue: usize, append_timeout: Duration }
    Cache { aggregates: u64 }
    Snapshots { every: u64 }
    Projections { batch: usize, slices: u32, stall_alarm: Duration }
    TimeMachine { keyframes: u64 }
}

/// Where the master key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MasterKeySource<'a> {
    Given(&'a KeyBytes),
    /// In this file, which must exist.
    File(&'a Path),
    /// In this file, which may be created with a fresh key when it does not exist: it is the
    /// default file of a development installation.
    FileOrCreate(&'a Path),
}

/// Something that is only for development was asked of a production installation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} is refused: environment (REEVE_ENVIRONMENT) is production")]
pub struct RefusedInProduction {
    pub what: String,
}

impl Config {
    /// Reads every source. `env` is the process's environment (see [`process_environment`]) and
    /// `cwd` its working directory, where `reeve.toml` and `.env` are looked for.
    pub fn load(
        args: &ConfigArgs,
        env: impl IntoIterator<Item = (String, String)>,
        cwd: &Path,
    ) -> Result<Self, ConfigErrors> {
        let mut problems = Vec::new();
        let given = sources::collect(args, env, cwd, &mut problems);
        let values = Values::resolve(&given, &mut problems);
        if problems.is_empty() { Ok(Self::new(&values)) } else { Err(ConfigErrors(problems)) }
    }

    fn new(values: &Values) -> Self {
        Self {
            environment: values.choice("environment", Environment::from_word),
            store: values.choice("store", Store::from_word),
            data_dir: values.path("data_dir"),
            master_key: values.key("master_key"),
            master_key_file: values.path("master_key_file"),
            previous_master_key: values.key("previous_master_key"),
            roles: roles(&values.words("roles")),
            shutdown_grace: values.duration("shutdown_grace"),
            features: values.words("features").into_iter().collect(),
            operators: values.words("operators").iter().filter_map(|id| id.parse().ok()).collect(),
            cooldowns: values
                .words("cooldowns")
                .iter()
                .filter_map(|text| kind::cooldown(text))
                .collect(),
            database: Database {
                url: values.secret("database.url"),
                connections: values.integer("database.connections"),
            },
            redis: Redis { url: values.secret("redis.url") },
            eventstore: EventStore {
                url: values.secret("eventstore.url"),
                namespace: values.text("eventstore.namespace"),
            },
            people: People {
                erasures_file: values.path("people.erasures_file"),
                key_backup_days: values.integer("people.key_backup_days"),
            },
            discord: Discord {
                token: values.secret("discord.token"),
                api_url: values.secret("discord.api_url"),
                cdn_url: values.secret("discord.cdn_url"),
                shards: values.text("discord.shards"),
                deploy_commands: values.boolean("discord.deploy_commands"),
                prefix_commands: values.boolean("discord.prefix_commands"),
                member_events: values.boolean("discord.member_events"),
                message_content: values.boolean("discord.message_content"),
                client_secret: values.secret("discord.client_secret"),
            },
            http: Http {
                address: values.address("http.address"),
                public_url: values.secret("http.public_url"),
                introspection: values.boolean("http.introspection"),
                cors_origins: values.words("http.cors_origins"),
                requests_per_minute_per_key: values.integer("http.requests_per_minute_per_key"),
                requests_per_minute_per_address: values
                    .integer("http.requests_per_minute_per_address"),
                metrics: values.boolean("http.metrics"),
            },
            webhooks: Webhooks { trusted_origins: values.words("webhooks.trusted_origins") },
            log: Log {
                filter: values.text("log.filter"),
                format: values.choice("log.format", LogFormat::from_word),
                file: values.optional_path("log.file"),
                file_size: values.integer("log.file_size"),
                file_count: values.integer("log.file_count"),
            },
            telemetry: Telemetry { otlp_endpoint: values.secret("telemetry.otlp_endpoint") },
            writer: Writer {
                batch: values.integer("writer.batch"),
                queue: values.integer("writer.queue"),
                append_timeout: values.duration("writer.append_timeout"),
            },
            cache: Cache { aggregates: values.integer("cache.aggregates") },
            snapshots: Snapshots { every: values.integer("snapshots.every") },
            projections: Projections {
                batch: values.integer("projections.batch"),
                slices: values.integer("projections.slices"),
                stall_alarm: values.duration("projections.stall_alarm"),
            },
            time_machine: TimeMachine { keyframes: values.integer("time_machine.keyframes") },
            master_key_file_is_set: values.is_set("master_key_file"),
            effective: values.effective(),
        }
    }

    /// Every setting in the order of the table, with its source, secrets masked: what
    /// `reeve config show --json` prints.
    pub fn effective(&self) -> &[Effective] {
        &self.effective
    }

    pub fn has_role(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    pub fn has_feature(&self, name: &str) -> bool {
        self.features.contains(name)
    }

    pub fn master_key_source(&self) -> MasterKeySource<'_> {
        let may_create =
            self.environment == Environment::Development && !self.master_key_file_is_set;
        match &self.master_key {
            Some(key) => MasterKeySource::Given(key),
            None if may_create => MasterKeySource::FileOrCreate(&self.master_key_file),
            None => MasterKeySource::File(&self.master_key_file),
        }
    }

    /// For demo data and whatever else only belongs on a development installation. `what` begins
    /// the sentence a person reads: "demo data".
    pub fn refuse_in_production(&self, what: &str) -> Result<(), RefusedInProduction> {
        match self.environment {
            Environment::Development => Ok(()),
            Environment::Production => Err(RefusedInProduction { what: what.to_owned() }),
        }
    }
}

/// The process's variables that concern [`Config::load`]. Unlike `std::env::vars` it does not
/// panic where a variable is not Unicode.
pub fn process_environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .map(|(name, value)| (lossy(&name), lossy(&value)))
        .filter(|(name, _)| name.starts_with("REEVE_") || setting_of_variable(name).is_some())
        .collect()
}

fn lossy(text: &std::ffi::OsStr) -> String {
    text.to_string_lossy().into_owned()
}

fn roles(words: &[String]) -> BTreeSet<Role> {
    let all = words.iter().any(|word| word == "all");
    let known = [Role::Gateway, Role::Worker, Role::Api].into_iter();
    known.filter(|role| all || words.iter().any(|word| word == role.word())).collect()
}
