//! Fresh stores, to measure on and to throw away.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use eventlog::{
    Bus, BusOptions, EventLog, People,
    people::{MasterKey, PeopleOptions},
    postgres::{self, PostgresLog, ServerOptions},
    proof::Proofs,
    snapshots::Snapshots,
    sqlite::{DirectoryLock, SqliteLog, SqliteOptions},
    system_clock,
};
use projections::ReadStore;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::PgConnectOptions,
};

use crate::cli::bench::Failed;

/// As many connections as the setting `database.connections` gives.
const CONNECTIONS: u32 = 16;
const URL_VARIABLE: &str = "REEVE_TEST_DATABASE_URL";

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum Backend {
    Sqlite,
    Postgres,
    Eventstoredb,
}

impl Backend {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Eventstoredb => "eventstoredb",
        }
    }
}

/// Where stores may be made.
#[derive(Clone, Debug, Default, clap::Args)]
pub(in crate::cli) struct Ground {
    /// The PostgreSQL server to make a database on [default: $REEVE_TEST_DATABASE_URL]; for
    /// eventstoredb the EventStoreDB server, where a namespace is made and left
    #[arg(long)]
    pub url: Option<String>,
    /// For eventstoredb: the PostgreSQL server of the index [default: $REEVE_TEST_DATABASE_URL]
    #[arg(long)]
    pub database: Option<String>,
    /// The folder to make a folder in; its file system is what is measured [default: $TMPDIR]
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

impl Ground {
    pub fn url(&self) -> Result<String, Failed> {
        self.url.clone().or_else(|| std::env::var(URL_VARIABLE).ok()).ok_or_else(|| {
            format!("PostgreSQL needs --url (or {URL_VARIABLE}); see scripts/services").into()
        })
    }

    fn server_url(&self, backend: Backend) -> Result<String, Failed> {
        // Beside an EventStoreDB server the database has a flag of its own.
        if backend == Backend::Eventstoredb || self.database.is_some() {
            Self { url: self.database.clone(), ..Self::default() }
                .url()
                .map_err(|_| format!("the index needs --database (or {URL_VARIABLE})").into())
        } else {
            self.url()
        }
    }

    pub fn dir(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(std::env::temp_dir)
    }
}

/// A folder that goes when this does.
#[derive(Debug)]
pub(in crate::cli) struct Folder(PathBuf);

impl Folder {
    pub fn make_in(parent: &Path) -> Result<Self, Failed> {
        let path = parent.join(format!("reeve-bench-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&path)
            .map_err(|error| format!("cannot make the folder {}: {error}", path.display()))?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A place for one store: a folder of its own and, on PostgreSQL, a database of its own.
#[derive(Debug)]
pub(in crate::cli) struct Site {
    folder: Folder,
    database: Option<Database>,
    cluster: Option<Cluster>,
    master: MasterKey,
}

/// A part of an EventStoreDB server. It goes from one process to another as two words.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Cluster {
    url: String,
    namespace: String,
}

impl std::fmt::Display for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.url, self.namespace)
    }
}

impl std::str::FromStr for Cluster {
    type Err = Failed;
    fn from_str(text: &str) -> Result<Self, Failed> {
        let (url, namespace) = text.split_once(' ').ok_or("a URL and a namespace")?;
        Ok(Self { url: url.to_owned(), namespace: namespace.to_owned() })
    }
}

#[derive(Debug)]
struct Database {
    server: PgConnectOptions,
    name: String,
}

impl Site {
    pub async fn make(backend: Backend, ground: &Ground) -> Result<Self, Failed> {
        let folder = Folder::make_in(&ground.dir())?;
        let cluster = match (backend, &ground.url) {
            (Backend::Eventstoredb, Some(url)) => {
                let namespace = format!("b{}", uuid::Uuid::new_v4().simple());
                Some(Cluster { url: url.clone(), namespace: namespace[..20].to_owned() })
            }
            (Backend::Eventstoredb, None) => {
                return Err("eventstoredb needs --url esdb://…, see docs/eventstoredb.md".into());
            }
            _ => None,
        };
        let database = match backend {
            Backend::Sqlite => None,
            Backend::Postgres | Backend::Eventstoredb => {
                let server: PgConnectOptions = ground
                    .server_url(backend)?
                    .parse()
                    .map_err(|error| format!("--url: {error}"))?;
                let name = format!("reeve_{}", uuid::Uuid::new_v4().simple());
                let database = Database { server, name };
                database.tell("CREATE DATABASE").await?;
                Some(database)
            }
        };
        Ok(Self { folder, database, cluster, master: MasterKey::generate()? })
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database's URL, where there is one.
    pub fn url(&self) -> Option<String> {
        let database = self.database.as_ref()?;
        Some(database.server.clone().database(&database.name).to_url_lossy().to_string())
    }

    pub fn master_key(&self) -> &MasterKey {
        &self.master
    }

    pub async fn open(&self) -> Result<Store, Failed> {
        let url = self.url();
        let (folder, master) = (self.folder.path(), self.master.clone());
        Store::open(folder, url.as_deref(), self.cluster.as_ref(), master).await
    }

    pub const fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }

    /// Leaves everything where it is, and says where.
    pub fn keep(self) -> String {
        let url = self.url().map_or(String::new(), |url| format!(" and {url}"));
        let place = format!("{}{url}", self.folder.path().display());
        std::mem::forget(self.folder);
        place
    }

    pub async fn remove(self) -> Result<(), Failed> {
        match &self.database {
            Some(database) => database.tell("DROP DATABASE IF EXISTS").await,
            None => Ok(()),
        }
    }
}

impl Database {
    async fn tell(&self, what: &str) -> Result<(), Failed> {
        let mut connection = PgConnection::connect_with(&self.server).await?;
        let force = if what.starts_with("DROP") { " WITH (FORCE)" } else { "" };
        // The name is ours: letters and digits.
        let sql = AssertSqlSafe(format!("{what} {}{force}", self.name));
        sqlx::raw_sql(sql).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }
}

/// An open store with everything on it, as [`crate::node::Node`] opens it by default.
#[derive(Debug)]
pub(in crate::cli) struct Store {
    pub log: Arc<dyn EventLog>,
    pub people: Arc<People>,
    pub bus: Bus,
    pub read: ReadStore,
    pub proofs: Proofs,
    pub folder: PathBuf,
    pub pool: Option<PgPool>,
}

impl Store {
    /// In a database where there is a URL, otherwise in the folder.
    pub async fn open(
        folder: &Path,
        url: Option<&str>,
        cluster: Option<&Cluster>,
        master: MasterKey,
    ) -> Result<Self, Failed> {
        let clock = system_clock();
        let erasures_file = folder.join("erasures");
        let signing = master.clone();
        let options = PeopleOptions { master, previous: None, erasures_file };
        let log: Arc<dyn EventLog>;
        let (people, read, snapshots, proofs, pool);
        if let Some(url) = url {
            let connections = postgres::pool(url, CONNECTIONS)?;
            log = if let Some(cluster) = cluster {
                open_cluster(cluster, connections.clone()).await?
            } else {
                let options = ServerOptions::default();
                Arc::new(PostgresLog::open(connections.clone(), options).await?)
            };
            let pool_of_proofs = connections.clone();
            proofs = Proofs::postgres(pool_of_proofs, signing, None, Arc::clone(&clock));
            people = People::open_postgres(connections.clone(), options, clock).await?;
            read = ReadStore::postgres(connections.clone());
            snapshots = Snapshots::postgres(connections.clone());
            pool = Some(connections);
        } else {
            let lock = Arc::new(DirectoryLock::take(folder)?);
            log = Arc::new(SqliteLog::open(folder, lock, SqliteOptions::default())?);
            proofs = Proofs::sqlite(folder, signing, None, Arc::clone(&clock))?;
            people = People::open_sqlite(folder, options, clock).await?;
            read = ReadStore::sqlite(folder)?;
            snapshots = Snapshots::sqlite(folder)?;
            pool = None;
        }
        let people = Arc::new(people);
        let options = BusOptions::default();
        let bus = Bus::new(Arc::clone(&log), Arc::clone(&people), Some(snapshots), options);
        Ok(Self { log, people, bus, read, proofs, folder: folder.to_owned(), pool })
    }

    /// What PostgreSQL does by itself once a log has been there for a while.
    pub async fn analyze(&self) -> Result<(), Failed> {
        if let Some(pool) = &self.pool {
            sqlx::raw_sql("VACUUM ANALYZE events").execute(pool).await?;
        }
        Ok(())
    }

    pub async fn close(self) {
        self.bus.shutdown().await;
        if let Some(pool) = &self.pool {
            pool.close().await;
        }
    }
}

#[cfg(feature = "eventstoredb")]
async fn open_cluster(cluster: &Cluster, pool: PgPool) -> Result<Arc<dyn EventLog>, Failed> {
    use eventlog::eventstoredb::{EsdbLog, Namespace, ServerOptions};
    let namespace = Namespace::new(&cluster.namespace)?;
    Ok(Arc::new(EsdbLog::open(&cluster.url, namespace, pool, ServerOptions::default()).await?))
}

#[cfg(not(feature = "eventstoredb"))]
async fn open_cluster(_: &Cluster, _: PgPool) -> Result<Arc<dyn EventLog>, Failed> {
    Err("this build of reeve has no eventstoredb; build it with that feature".into())
}

/// Works on a fresh store and removes it, however the work ended.
pub(in crate::cli) async fn on_fresh_store<T>(
    backend: Backend,
    ground: &Ground,
    work: impl AsyncFnOnce(&Store) -> Result<T, Failed>,
) -> Result<T, Failed> {
    let site = Site::make(backend, ground).await?;
    let result = match site.open().await {
        Ok(store) => {
            let result = work(&store).await;
            store.close().await;
            result
        }
        Err(error) => Err(error),
    };
    site.remove().await?;
    result
}
