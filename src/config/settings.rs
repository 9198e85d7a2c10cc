//! The table of settings: the only place that knows their names, kinds and defaults. Parsing, the
//! refusal of unknown names, `reeve config show` and the generated documents all read it.
//!
//! To add a setting: a row here, a field in [`Config`](super::Config), a line where it is made,
//! and `reeve config docs` for the documents. Tests fail until all four are done.

use std::time::Duration;

use super::choice::{Environment, LogFormat, Store};
use super::kind::Kind;

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name in `reeve.toml` and for `--set`.
    pub key: &'static str,
    /// Its name in the environment and in `.env`.
    pub env: &'static str,
    pub kind: Kind,
    pub fallback: Fallback,
    /// Never printed; passed by reference in `docker-compose.yml`.
    pub secret: bool,
    pub about: &'static str,
}

/// What holds when no source names the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    Value(&'static str),
    /// A file in the data directory.
    InDataDir(&'static str),
    /// Optional: not set.
    Unset,
}

impl Setting {
    const fn new(
        key: &'static str,
        env: &'static str,
        kind: Kind,
        fallback: Fallback,
        about: &'static str,
    ) -> Self {
        Self { key, env, kind, fallback, secret: false, about }
    }

    const fn secret(key: &'static str, env: &'static str, kind: Kind, about: &'static str) -> Self {
        let row = Self::new(key, env, kind, Unset, about);
        Self { secret: true, ..row }
    }

    /// The table of `reeve.toml` that holds it; empty for the top level.
    pub fn section(&self) -> &'static str {
        self.key.split_once('.').map_or("", |(section, _)| section)
    }

    /// Its name inside its section.
    pub fn name(&self) -> &'static str {
        self.key.split_once('.').map_or(self.key, |(_, name)| name)
    }
}

pub(super) fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

pub(super) fn setting_of_variable(env: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.env == env)
}

/// Names the configuration file; it cannot stand in the file itself.
pub const CONFIG_VARIABLE: &str = "REEVE_CONFIG";

/// Variables that begin with `REEVE_` and are no settings.
pub(super) const OTHER_VARIABLES: &[(&str, &str)] = &[
    (CONFIG_VARIABLE, "the configuration file to read instead of ./reeve.toml"),
    ("REEVE_SERVICES_DIR", "where scripts/services keeps its private PostgreSQL and Redis"),
    (
        "REEVE_DISCORD_OPENAPI",
        "Discord's own description of its API, which the tests check against",
    ),
    ("REEVE_INVENTORY", "the list of features that make features reads"),
];

/// Variables of the tests.
pub(super) const TEST_PREFIX: &str = "REEVE_TEST_";

use Fallback::{InDataDir, Unset, Value};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Every setting, sections together, top level first.
pub const SETTINGS: &[Setting] = &[
    Setting::new(
        "environment",
        "REEVE_ENVIRONMENT",
        Kind::Choice(Environment::WORDS),
        Value("development"),
        "What this installation is for. production refuses demo data and a generated master key.",
    ),
    Setting::new(
        "store",
        "REEVE_STORE",
        Kind::Choice(Store::WORDS),
        Value("sqlite"),
        "Where the log and the read models live: files in data_dir, PostgreSQL, or the log in \
         EventStoreDB and the rest in PostgreSQL.",
    ),
    Setting::new(
        "data_dir",
        "REEVE_DATA_DIR",
        Kind::Path,
        Value("data"),
        "The directory of everything Reeve keeps in files, from the working directory.",
    ),
    Setting::secret(
        "master_key",
        "REEVE_MASTER_KEY",
        Kind::Key,
        "The key that wraps the keys of people. Set this or master_key_file, not both.",
    ),
    Setting::new(
        "master_key_file",
        "REEVE_MASTER_KEY_FILE",
        Kind::Path,
        InDataDir("master.key"),
        "The file that holds the master key. The default file is created at first start, in \
         development only; production needs this or master_key.",
    ),
    Setting::secret(
        "previous_master_key",
        "REEVE_PREVIOUS_MASTER_KEY",
        Kind::Key,
        "The master key before the last change, while keys are being wrapped anew.",
    ),
    Setting::new(
        "roles",
        "REEVE_ROLES",
        Kind::Words(&["all", "gateway", "worker", "api"]),
        Value("all"),
        "What this process does.",
    ),
    Setting::new(
        "shutdown_grace",
        "REEVE_SHUTDOWN_GRACE",
        Kind::Duration { min: Duration::ZERO, max: Duration::from_mins(10) },
        Value("20s"),
        "How long a stop waits for work in flight.",
    ),
    Setting::new(
        "features",
        "REEVE_FEATURES",
        Kind::Names,
        Value(""),
        "Features switched on for the whole instance, and with no- before the name switched off. No \
         community can switch on what is off here.",
    ),
    Setting::new(
        "operators",
        "REEVE_OPERATORS",
        Kind::Ids,
        Value(""),
        "Discord user ids of who runs this installation. It gives no right inside a community.",
    ),
    Setting::new(
        "cooldowns",
        "REEVE_COOLDOWNS",
        Kind::Cooldowns,
        Value(""),
        "How long a member waits before using a command again, over the commands' own defaults. A \
         community can set its own.",
    ),
    Setting::secret(
        "database.url",
        "REEVE_DATABASE_URL",
        Kind::Url(&["postgres", "postgresql"]),
        "PostgreSQL. Required when store is postgres or eventstoredb.",
    ),
    Setting::new(
        "database.connections",
        "REEVE_DATABASE_CONNECTIONS",
        Kind::Integer { min: 1, max: 200 },
        Value("16"),
        "Most connections to PostgreSQL at a time.",
    ),
    Setting::secret(
        "redis.url",
        "REEVE_REDIS_URL",
        Kind::Url(&["redis", "rediss"]),
        "Redis, for cooldowns and hints between processes. Optional: it never holds the truth.",
    ),
    Setting::secret(
        "eventstore.url",
        "REEVE_EVENTSTORE_URL",
        Kind::Url(&["esdb", "kurrentdb"]),
        "EventStoreDB or KurrentDB. Required when store is eventstoredb.",
    ),
    Setting::new(
        "eventstore.namespace",
        "REEVE_EVENTSTORE_NAMESPACE",
        Kind::Namespace,
        Value("reeve"),
        "What the names of the log's streams begin with, so that a server can hold several logs.",
    ),
    Setting::new(
        "people.erasures_file",
        "REEVE_PEOPLE_ERASURES_FILE",
        Kind::Path,
        InDataDir("erasures.jsonl"),
        "The list of erasures, replayed on every restore. Keep a copy apart from the backups.",
    ),
    Setting::new(
        "people.key_backup_days",
        "REEVE_PEOPLE_KEY_BACKUP_DAYS",
        Kind::Integer { min: 1, max: 30 },
        Value("30"),
        "Days after which a backup of keys expires.",
    ),
    Setting::secret(
        "discord.token",
        "DISCORD_TOKEN",
        Kind::Token,
        "The bot's token. Without one Reeve runs without Discord.",
    ),
    Setting::new(
        "discord.api_url",
        "DISCORD_API_URL",
        Kind::Url(&["http", "https"]),
        Unset,
        "A server that speaks Discord's API, such as the simulator's. Discord itself where not set.",
    ),
    Setting::new(
        "discord.cdn_url",
        "DISCORD_CDN_URL",
        Kind::Url(&["http", "https"]),
        Unset,
        "A server that has Discord's pictures, such as the simulator. Discord's own where not set.",
    ),
    Setting::new(
        "discord.shards",
        "REEVE_DISCORD_SHARDS",
        Kind::Shards,
        Value("auto"),
        "Connections to Discord: auto takes as many as Discord recommends; 4 makes four; 0-1/4 \
         makes the first two of four, where other processes make the rest.",
    ),
    Setting::new(
        "discord.deploy_commands",
        "REEVE_DISCORD_DEPLOY_COMMANDS",
        Kind::Boolean,
        Value("true"),
        "Whether a start tells Discord of the commands where they changed.",
    ),
    Setting::new(
        "discord.prefix_commands",
        "REEVE_DISCORD_PREFIX_COMMANDS",
        Kind::Boolean,
        Value("false"),
        "Whether communities may switch on commands behind a prefix. Needs the message content \
         intent, and Reeve stops where Discord refuses it.",
    ),
    Setting::new(
        "discord.member_events",
        "REEVE_DISCORD_MEMBER_EVENTS",
        Kind::Boolean,
        Value("false"),
        "Whether joins and leaves are heard, for statistics and logs. Needs the server members \
         intent, and Reeve stops where Discord refuses it.",
    ),
    Setting::new(
        "discord.message_content",
        "REEVE_DISCORD_MESSAGE_CONTENT",
        Kind::Boolean,
        Value("false"),
        "Whether it is heard what messages say, so that logs can show what was changed or deleted \
         where a community wants that. Needs the message content intent, and Reeve stops where \
         Discord refuses it.",
    ),
    Setting::secret(
        "discord.client_secret",
        "DISCORD_CLIENT_SECRET",
        Kind::Token,
        "The application's secret, for signing in to the dashboard with Discord. Without one nobody \
         can sign in.",
    ),
    Setting::new(
        "http.address",
        "REEVE_HTTP_ADDRESS",
        Kind::Address,
        Value("127.0.0.1:8080"),
        "Where HTTP listens.",
    ),
    Setting::new(
        "http.public_url",
        "REEVE_HTTP_PUBLIC_URL",
        Kind::Url(&["http", "https"]),
        Unset,
        "Where browsers reach the dashboard; http://, the address and the port where not set. Register \
         this address with /auth/callback behind it at Discord.",
    ),
    Setting::new(
        "http.introspection",
        "REEVE_HTTP_INTROSPECTION",
        Kind::Boolean,
        Value("true"),
        "Whether GraphQL tells what there is to ask.",
    ),
    Setting::new(
        "http.cors_origins",
        "REEVE_HTTP_CORS_ORIGINS",
        Kind::Origins,
        Value(""),
        "From which other sites' pages a browser may use the API with a key. Cookies never count there.",
    ),
    Setting::new(
        "http.requests_per_minute_per_key",
        "REEVE_HTTP_REQUESTS_PER_MINUTE_PER_KEY",
        Kind::Integer { min: 1, max: 10_000_000 },
        Value("600"),
        "How many requests a minute one key to the API may make; a sixth of that at once.",
    ),
    Setting::new(
        "http.requests_per_minute_per_address",
        "REEVE_HTTP_REQUESTS_PER_MINUTE_PER_ADDRESS",
        Kind::Integer { min: 1, max: 10_000_000 },
        Value("7200"),
        "How many requests a minute may come from one address; a sixth of that at once.",
    ),
    Setting::new(
        "http.metrics",
        "REEVE_HTTP_METRICS",
        Kind::Boolean,
        Value("true"),
        "Whether /metrics answers, for Prometheus.",
    ),
    Setting::new(
        "webhooks.trusted_origins",
        "REEVE_WEBHOOKS_TRUSTED_ORIGINS",
        Kind::Origins,
        Value(""),
        "Where communities' webhooks may lead although it is no public address, or no https: what lies \
         there is asked by whoever manages a community.",
    ),
    Setting::new(
        "log.filter",
        "REEVE_LOG",
        Kind::LogFilter,
        Value("info"),
        "How much is logged, for everything and per module.",
    ),
    Setting::new(
        "log.format",
        "REEVE_LOG_FORMAT",
        Kind::Choice(LogFormat::WORDS),
        Value("auto"),
        "How log lines look. auto is text on a terminal, json elsewhere.",
    ),
    Setting::new(
        "log.file",
        "REEVE_LOG_FILE",
        Kind::Path,
        Unset,
        "A file to log to as well, rotated by size.",
    ),
    Setting::new(
        "log.file_size",
        "REEVE_LOG_FILE_SIZE",
        Kind::Size { min: MIB, max: GIB },
        Value("16MiB"),
        "The size at which the log file is rotated.",
    ),
    Setting::new(
        "log.file_count",
        "REEVE_LOG_FILE_COUNT",
        Kind::Integer { min: 1, max: 100 },
        Value("5"),
        "How many log files are kept.",
    ),
    Setting::new(
        "telemetry.otlp_endpoint",
        "REEVE_TELEMETRY_OTLP_ENDPOINT",
        Kind::Url(&["http"]),
        Unset,
        "The OpenTelemetry collector that traces are sent to; without TLS, so one beside Reeve.",
    ),
    Setting::new(
        "writer.batch",
        "REEVE_WRITER_BATCH",
        Kind::Integer { min: 1, max: 4096 },
        Value("512"),
        "Most commands that one durable write of the log takes.",
    ),
    Setting::new(
        "writer.queue",
        "REEVE_WRITER_QUEUE",
        Kind::Integer { min: 64, max: 65_536 },
        Value("4096"),
        "Most commands that wait for the writer; further ones are held back.",
    ),
    Setting::new(
        "writer.append_timeout",
        "REEVE_WRITER_APPEND_TIMEOUT",
        Kind::Duration { min: Duration::from_secs(1), max: Duration::from_mins(10) },
        Value("30s"),
        "How long a write of the log may take before its outcome counts as unknown.",
    ),
    Setting::new(
        "cache.aggregates",
        "REEVE_CACHE_AGGREGATES",
        Kind::Size { min: MIB, max: 16 * GIB },
        Value("64MiB"),
        "Memory for the states of aggregates.",
    ),
    Setting::new(
        "snapshots.every",
        "REEVE_SNAPSHOTS_EVERY",
        Kind::Integer { min: 100, max: 1_000_000 },
        Value("1000"),
        "Events of one aggregate between two of its snapshots.",
    ),
    Setting::new(
        "projections.batch",
        "REEVE_PROJECTIONS_BATCH",
        Kind::Integer { min: 100, max: 50_000 },
        Value("2000"),
        "Most events that a projection folds in one transaction.",
    ),
    Setting::new(
        "projections.slices",
        "REEVE_PROJECTIONS_SLICES",
        Kind::Integer { min: 1, max: 64 },
        Value("4"),
        "Parts of a projection that run in parallel, each with its guilds. PostgreSQL only.",
    ),
    Setting::new(
        "projections.stall_alarm",
        "REEVE_PROJECTIONS_STALL_ALARM",
        Kind::Duration { min: Duration::from_secs(1), max: Duration::from_hours(1) },
        Value("60s"),
        "How long a projection may stand still behind the log before an alarm.",
    ),
    Setting::new(
        "time_machine.keyframes",
        "REEVE_TIME_MACHINE_KEYFRAMES",
        Kind::Size { min: MIB, max: 1024 * GIB },
        Value("2GiB"),
        "Disk for keyframes, from which past moments are shown. They can be thrown away.",
    ),
];
