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
    postgres::{self, PostgresLog, PostgresOptions},
    sqlite::{DirectoryLock, SqliteLog, SqliteOptions},
};

use crate::{
    config::{Config, Secret, Store},
    node::Access,
};

/// The list of erasures in a data directory.
const ERASURES: &str = "erasures.jsonl";
const NO_CLUSTER: &str = "this build cannot move from or to EventStoreDB";

#[derive(Clone, Debug)]
pub enum Place {
    Sqlite(PathBuf),
    Postgres(Secret),
    /// `postgres` alone: what database.url says, which others cannot see on a command line.
    ConfiguredPostgres,
    /// What eventstore.url says.
    Cluster,
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
            "esdb" | "kurrentdb" => Err(NO_CLUSTER.to_owned()),
            _ => Err("a store is sqlite:DIR, postgres://… or postgres (what database.url says)"
                .to_owned()),
        }
    }
}

/// Without user and password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(directory) => write!(f, "sqlite:{}", directory.display()),
            Self::Postgres(url) => {
                let rest = url.expose().split_once("://").map_or("", |(_, rest)| rest);
                let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
                let rest = rest.split('?').next().unwrap_or_default();
                write!(f, "postgres://{rest}")
            }
            Self::ConfiguredPostgres => f.write_str("postgres"),
            Self::Cluster => f.write_str("eventstoredb"),
        }
    }
}

impl Place {
    /// Where this installation keeps its log.
    pub fn configured(config: &Config) -> Self {
        match (config.store, &config.database.url) {
            (Store::Postgres, Some(url)) => Self::Postgres(url.clone()),
            (Store::Eventstoredb, _) => Self::Cluster,
            (Store::Sqlite | Store::Postgres, _) => Self::Sqlite(config.data_dir.clone()),
        }
    }

    /// With the URL that was left to the settings.
    pub fn resolved(self, config: &Config) -> Result<Self, LogError> {
        match (self, &config.database.url) {
            (Self::ConfiguredPostgres, Some(url)) => Ok(Self::Postgres(url.clone())),
            (Self::ConfiguredPostgres, None) => Err(LogError::Setup(
                "postgres stands for database.url (REEVE_DATABASE_URL), which is not set"
                    .to_owned(),
            )),
            (place, _) => Ok(place),
        }
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
            Self::Cluster => config.store = Store::Eventstoredb,
        }
        config
    }

    /// The list of erasures that goes with it.
    pub fn erasures(&self, config: &Config) -> PathBuf {
        match self {
            Self::Sqlite(directory) if !same_folder(directory, &config.data_dir) => {
                directory.join(ERASURES)
            }
            Self::Sqlite(_) | Self::Postgres(_) | Self::ConfiguredPostgres | Self::Cluster => {
                config.people.erasures_file.clone()
            }
        }
    }

    /// The log and what lies beside it, without any key.
    pub async fn open(&self, config: &Config, access: Access) -> Result<Side, LogError> {
        let place = self.clone().resolved(config)?;
        let name = place.to_string();
        let (log, people): (Arc<dyn EventLog>, Registry) = match &place {
            Self::ConfiguredPostgres => {
                return Err(LogError::Setup("database.url is not set".to_owned()));
            }
            Self::Cluster => return Err(LogError::Setup(NO_CLUSTER.to_owned())),
            Self::Sqlite(directory) => {
                let log: Arc<dyn EventLog> = if access == Access::Read {
                    Arc::new(SqliteLog::read_only(directory)?)
                } else {
                    let lock = Arc::new(DirectoryLock::take(directory)?);
                    Arc::new(SqliteLog::open(directory, lock, SqliteOptions::default())?)
                };
                (log, Registry::sqlite(directory)?)
            }
            Self::Postgres(url) => {
                let pool = postgres::pool(url.expose(), config.database.connections)?;
                let options = PostgresOptions {
                    append_timeout: config.writer.append_timeout,
                    ..PostgresOptions::default()
                };
                let log = PostgresLog::open(pool.clone(), options).await?;
                (Arc::new(log), Registry::postgres(pool).await?)
            }
        };
        Ok(Side { log, people, erasures: self.erasures(config), name })
    }
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
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!(place.to_string(), shown);
            assert!(!format!("{place:?}").contains("s3cret"));
        }
        assert_eq!("postgres".parse::<Place>().unwrap().to_string(), "postgres");
        for bad in ["", "data", "sqlite:", "postgresql:", "mysql://db", "esdb://db"] {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
    }
}
