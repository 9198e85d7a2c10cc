//! Where a log lies, as operators write it: `sqlite:DIR`, `postgres://…`, `esdb://…`.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use eventlog::{
    EventLog, LogError,
    moving::Side,
    people::Registry,
    postgres::{self, PostgresLog, ServerOptions},
    proof::Records,
    sqlite::{DirectoryLock, SqliteLog, SqliteOptions},
    system_clock,
};

use crate::{
    config::{Config, Secret, Store},
    node::{self, Access},
};

/// The list of erasures in a data directory.
const ERASURES: &str = "erasures.jsonl";

#[derive(Clone, Debug)]
pub enum Place {
    Sqlite(PathBuf),
    Postgres(Secret),
    /// `postgres` alone: what database.url says, which others cannot see on a command line.
    ConfiguredPostgres,
    /// With its namespace from eventstore.namespace, and its index and everything beside the log in
    /// database.url.
    Cluster(Secret),
    /// `eventstoredb` alone: what eventstore.url says.
    ConfiguredCluster,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let scheme = text.split(':').next().unwrap_or_default();
        match scheme {
            "sqlite" => {
                let rest = &text["sqlite:".len()..];
                let directory = rest.strip_prefix("//").unwrap_or(rest);
                if directory.is_empty() || directory.contains('\0') {
                    return Err("name the data directory: sqlite:DIR".to_owned());
                }
                Ok(Self::Sqlite(PathBuf::from(directory)))
            }
            "postgres" | "postgresql" if text.contains("://") => {
                Ok(Self::Postgres(Secret::new(text)))
            }
            "postgres" => Ok(Self::ConfiguredPostgres),
            "eventstoredb" => Ok(Self::ConfiguredCluster),
            "esdb" | "kurrentdb" if text.contains("://") => Ok(Self::Cluster(Secret::new(text))),
            _ => Err("a store is sqlite:DIR, postgres://… or postgres (what database.url says), \
                      esdb://… or eventstoredb (what eventstore.url says)"
                .to_owned()),
        }
    }
}

/// Without user and password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(directory) => write!(f, "sqlite:{}", directory.display()),
            Self::Postgres(url) => write!(f, "postgres://{}", public(url)),
            Self::Cluster(url) => write!(f, "esdb://{}", public(url)),
            Self::ConfiguredPostgres => f.write_str("postgres"),
            Self::ConfiguredCluster => f.write_str("eventstoredb"),
        }
    }
}

impl Place {
    /// Where this installation keeps its log.
    pub fn configured(config: &Config) -> Self {
        let place = match config.store {
            Store::Postgres => Self::ConfiguredPostgres,
            Store::Eventstoredb => Self::ConfiguredCluster,
            Store::Sqlite => Self::Sqlite(config.data_dir.clone()),
        };
        place.clone().resolved(config).unwrap_or(place)
    }

    /// With the URL that was left to the settings.
    pub fn resolved(self, config: &Config) -> Result<Self, LogError> {
        let (setting, url) = match self {
            Self::ConfiguredPostgres => (
                "postgres stands for database.url (REEVE_DATABASE_URL)",
                config.database.url.clone().map(Self::Postgres),
            ),
            Self::ConfiguredCluster => (
                "eventstoredb stands for eventstore.url (REEVE_EVENTSTORE_URL)",
                config.eventstore.url.clone().map(Self::Cluster),
            ),
            place => return Ok(place),
        };
        url.ok_or_else(|| LogError::Setup(format!("{setting}, which is not set")))
    }

    /// The installation that this would be with its log there; keys stay where they are.
    pub fn installed(&self, config: &Config) -> Config {
        let erasures_file = self.erasures(config);
        let mut config = config.clone();
        config.people.erasures_file = erasures_file;
        match self {
            Self::Sqlite(directory) => {
                config.store = Store::Sqlite;
                config.data_dir.clone_from(directory);
            }
            Self::Postgres(url) => {
                config.store = Store::Postgres;
                config.database.url = Some(url.clone());
            }
            Self::ConfiguredPostgres => config.store = Store::Postgres,
            Self::Cluster(url) => {
                config.store = Store::Eventstoredb;
                config.eventstore.url = Some(url.clone());
            }
            Self::ConfiguredCluster => config.store = Store::Eventstoredb,
        }
        config
    }

    /// The list of erasures that goes with it.
    pub fn erasures(&self, config: &Config) -> PathBuf {
        match self {
            Self::Sqlite(directory) if !same_folder(directory, &config.data_dir) => {
                directory.join(ERASURES)
            }
            _ => config.people.erasures_file.clone(),
        }
    }

    /// The log and what lies beside it, without any key.
    pub async fn open(&self, config: &Config, access: Access) -> Result<Side, LogError> {
        let place = self.clone().resolved(config)?;
        let name = place.to_string();
        let (log, people, proofs): (Arc<dyn EventLog>, Registry, Records) = match &place {
            Self::ConfiguredPostgres | Self::ConfiguredCluster => {
                return Err(LogError::Setup(format!("{place} has no URL in the settings")));
            }
            Self::Cluster(_) => {
                let Some(database) = &config.database.url else {
                    return Err(LogError::Setup(
                        "a log in EventStoreDB keeps its index, people and read models in \
                         database.url (REEVE_DATABASE_URL), which is not set"
                            .to_owned(),
                    ));
                };
                let pool = postgres::pool(database.expose(), config.database.connections)?;
                let installed = place.installed(config);
                let log = node::open_cluster_log(&installed, &system_clock(), pool.clone()).await?;
                (log, Registry::postgres(pool.clone()).await?, Records::postgres(pool))
            }
            Self::Sqlite(directory) => {
                let log: Arc<dyn EventLog> = if access == Access::Read {
                    Arc::new(SqliteLog::read_only(directory)?)
                } else {
                    let lock = Arc::new(DirectoryLock::take(directory)?);
                    Arc::new(SqliteLog::open(directory, lock, SqliteOptions::default())?)
                };
                (log, Registry::sqlite(directory)?, Records::sqlite(directory)?)
            }
            Self::Postgres(url) => {
                let pool = postgres::pool(url.expose(), config.database.connections)?;
                let options = ServerOptions {
                    append_timeout: config.writer.append_timeout,
                    ..ServerOptions::default()
                };
                let log = PostgresLog::open(pool.clone(), options).await?;
                let people = Registry::postgres(pool.clone()).await?;
                (Arc::new(log), people, Records::postgres(pool))
            }
        };
        Ok(Side { log, people, proofs, erasures: self.erasures(config), name })
    }
}

/// What of a URL anybody may see.
fn public(url: &Secret) -> &str {
    let rest = url.expose().split_once("://").map_or("", |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    rest.split('?').next().unwrap_or_default()
}

fn same_folder(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_shown_without_their_password() {
        for (text, shown) in [
            ("sqlite:data", "sqlite:data"),
            ("sqlite:///var/lib/reeve", "sqlite:/var/lib/reeve"),
            ("postgres://ann:s3cret@db:5432/reeve?sslmode=require", "postgres://db:5432/reeve"),
            ("postgresql://db/reeve", "postgres://db/reeve"),
            ("postgres://ann:p@ss@db/reeve", "postgres://db/reeve"),
            ("esdb://ann:s3cret@es:2113?tls=false", "esdb://es:2113"),
            ("kurrentdb://ann:s3cret@es,es2", "esdb://es,es2"),
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!(place.to_string(), shown);
            assert!(!format!("{place:?}").contains("s3cret"));
        }
        assert_eq!("postgres".parse::<Place>().unwrap().to_string(), "postgres");
        assert_eq!("eventstoredb".parse::<Place>().unwrap().to_string(), "eventstoredb");
        for bad in ["", "data", "sqlite:", "postgresql:", "mysql://db", "esdb", "esdb:db"] {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
    }
}
