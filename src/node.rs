//! One process's log, people, command bus and read models, opened as the configuration says.

use std::{
    fs::OpenOptions,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use actions::{Actions, Policy};
use eventlog::{
    Bus, BusOptions, Clock, EventLog, LogError, People, PeopleError,
    people::{MasterKey, PeopleOptions},
    postgres::{self, PostgresLog, ServerOptions},
    proof::{Proofs, Sealer, SealerOptions},
    snapshots::Snapshots,
    sql::{self, Db},
    sqlite::{DirectoryLock, SqliteLog, SqliteOptions},
    system_clock,
};
use projections::{ReadStore, Runtime, RuntimeOptions, TimeError, TimeMachine, TimeOptions};
use sqlx::PgPool;

use crate::{
    config::{Config, KeyBytes, MasterKeySource, Store},
    discord,
    processes::{self, Ground, Outbox, Processes, Timers},
};

/// Keyframes and throw-away databases, in the data directory.
const TIME_MACHINE: &str = "time-machine";

/// What a command needs of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads beside whatever process is writing.
    Read,
    /// Decides and writes. On an embedded store only one process can.
    Write,
}

pub struct Node {
    pub config: Config,
    pub clock: Clock,
    pub log: Arc<dyn EventLog>,
    pub people: Arc<People>,
    pub store: ReadStore,
    /// Sessions, timers, effects and cooldowns: durable, and no part of history.
    pub work: Db,
    pub proofs: Proofs,
    pub actions: Actions,
    /// What is to be done in Discord.
    pub outbox: Outbox,
    /// What is to happen at its time.
    pub timers: Timers,
    /// What Discord lets us do, for all who call it.
    pub limits: discord::limits::Limits,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("log", &self.log).finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error("{0}")]
    Key(String),
    #[error("{0}")]
    Configuration(String),
}

impl Node {
    pub async fn open(config: Config, access: Access) -> Result<Self, OpenError> {
        Self::open_with_clock(config, access, system_clock()).await
    }

    /// With a clock of one's own, months can be played in seconds.
    pub async fn open_with_clock(
        config: Config,
        access: Access,
        clock: Clock,
    ) -> Result<Self, OpenError> {
        let dashboard = config.http.public_url.as_ref();
        let policy = Policy {
            operators: config.operators.clone(),
            features: config.features.clone(),
            cooldowns: config.cooldowns.iter().cloned().collect(),
            trusted_origins: config.webhooks.trusted_origins.clone(),
            dashboard: dashboard.map(|url| url.expose().trim_end_matches('/').to_owned()),
        };
        if let Some(problem) = policy.problem() {
            return Err(OpenError::Configuration(problem));
        }
        let Opened { log, people, store, work, snapshots, proofs } = match config.store {
            Store::Sqlite => open_sqlite(&config, access, &clock).await?,
            Store::Postgres | Store::Eventstoredb => open_server(&config, &clock).await?,
        };
        if access == Access::Write {
            eventlog::moving::refuse_when_closed(&*log).await?;
        }
        let people = Arc::new(people);
        let options = BusOptions {
            cache_bytes: usize::try_from(config.cache.aggregates).unwrap_or(usize::MAX),
            snapshot_every: config.snapshots.every,
        };
        let bus = Bus::new(Arc::clone(&log), Arc::clone(&people), Some(snapshots), options);
        let actions = Actions::new(bus, store.clone(), work.clone(), Arc::clone(&clock), policy);
        let outbox = Outbox::new(work.clone(), Arc::clone(&clock));
        let timers = Timers::new(work.clone(), Arc::clone(&clock));
        let limits = discord::limits::Limits::new(discord::limits::LimitsOptions::default());
        Ok(Self {
            config,
            clock,
            log,
            people,
            store,
            work,
            proofs,
            actions,
            outbox,
            timers,
            limits,
        })
    }

    pub const fn bus(&self) -> &Bus {
        self.actions.bus()
    }

    /// Begins to fold events into read models.
    pub async fn start_projections(&self) -> Result<Runtime, LogError> {
        let options = RuntimeOptions {
            batch: self.config.projections.batch,
            slices: u16::try_from(self.config.projections.slices).unwrap_or(1),
            stall_alarm: self.config.projections.stall_alarm,
        };
        Runtime::start(
            projections::registered(),
            self.store.clone(),
            Arc::clone(&self.log),
            Arc::clone(&self.clock),
            options,
        )
        .await
    }

    /// Begins to do what follows from what happened. Without a token of Discord's, what is to be
    /// done there is ordered and waits.
    pub async fn start_processes(&self) -> Result<Processes, OpenError> {
        let hands = discord::effects::hands(&self.config.discord, &self.actions, &self.limits)
            .map_err(|error| OpenError::Configuration(error.to_string()))?;
        let slices = match self.config.store {
            Store::Sqlite => 1,
            Store::Postgres | Store::Eventstoredb => self.config.projections.slices,
        };
        let ground = Ground {
            log: Arc::clone(&self.log),
            db: self.work.clone(),
            actions: self.actions.clone(),
            clock: Arc::clone(&self.clock),
            jitter: processes::random_jitter(),
            slices: u16::try_from(slices).unwrap_or(1),
            outbox: self.outbox.clone(),
            timers: self.timers.clone(),
        };
        Ok(Processes::start(ground, processes::registered(), hands).await?)
    }

    /// Read models of any guild as they were at any moment.
    pub fn time_machine(&self) -> Result<TimeMachine, TimeError> {
        let options = TimeOptions {
            keyframe_bytes: self.config.time_machine.keyframes,
            ..TimeOptions::default()
        };
        TimeMachine::open(
            &self.config.data_dir.join(TIME_MACHINE),
            Arc::clone(&self.log),
            Arc::clone(&self.clock),
            projections::registered(),
            options,
        )
    }

    /// Begins to sign each guild's history.
    pub fn start_sealer(&self) -> Sealer {
        Sealer::start(self.proofs.clone(), Arc::clone(&self.log), SealerOptions::default())
    }

    /// Writes what was accepted and closes.
    pub async fn shutdown(self) {
        self.actions.reads_written().await;
        self.bus().shutdown().await;
    }
}

struct Opened {
    log: Arc<dyn EventLog>,
    people: People,
    store: ReadStore,
    work: Db,
    snapshots: Snapshots,
    proofs: Proofs,
}

async fn open_sqlite(config: &Config, access: Access, clock: &Clock) -> Result<Opened, OpenError> {
    let directory = config.data_dir.as_path();
    let log: Arc<dyn EventLog> = match access {
        Access::Read => Arc::new(SqliteLog::read_only(directory)?),
        Access::Write => {
            let lock = Arc::new(DirectoryLock::take(directory)?);
            let options = SqliteOptions {
                clock: Arc::clone(clock),
                batch: config.writer.batch,
                queue: config.writer.queue,
                ..SqliteOptions::default()
            };
            Arc::new(SqliteLog::open(directory, lock, options)?)
        }
    };
    let (options, key) = people_options(config)?;
    let (master, previous) = (options.master.clone(), options.previous.clone());
    let opened = People::open_sqlite(directory, options, Arc::clone(clock)).await;
    let people = opened.map_err(|error| key.unfit(error))?;
    let proofs = Proofs::sqlite(directory, master, previous, Arc::clone(clock))?;
    let (store, snapshots) = (ReadStore::sqlite(directory)?, Snapshots::sqlite(directory)?);
    Ok(Opened { log, people, store, work: sql::open_work(directory)?, snapshots, proofs })
}

/// With PostgreSQL; for a cluster it holds everything but the log.
async fn open_server(config: &Config, clock: &Clock) -> Result<Opened, OpenError> {
    let url = config.database.url.as_ref().map_or("", |url| url.expose());
    let pool = postgres::pool(url, config.database.connections)?;
    let log = if config.store == Store::Eventstoredb {
        open_cluster_log(config, clock, pool.clone()).await?
    } else {
        let options = ServerOptions {
            clock: Arc::clone(clock),
            batch: config.writer.batch,
            queue: config.writer.queue,
            append_timeout: config.writer.append_timeout,
        };
        Arc::new(PostgresLog::open(pool.clone(), options).await?)
    };
    let (options, key) = people_options(config)?;
    let (master, previous) = (options.master.clone(), options.previous.clone());
    let opened = People::open_postgres(pool.clone(), options, Arc::clone(clock)).await;
    let people = opened.map_err(|error| key.unfit(error))?;
    let proofs = Proofs::postgres(pool.clone(), master, previous, Arc::clone(clock));
    let (store, work) = (ReadStore::postgres(pool.clone()), Db::Postgres(pool.clone()));
    Ok(Opened { log, people, store, work, snapshots: Snapshots::postgres(pool), proofs })
}

#[cfg(feature = "eventstoredb")]
pub async fn open_cluster_log(
    config: &Config,
    clock: &Clock,
    pool: PgPool,
) -> Result<Arc<dyn EventLog>, LogError> {
    use eventlog::eventstoredb::{EsdbLog, Namespace, ServerOptions};
    let url = config.eventstore.url.as_ref().map_or("", |url| url.expose());
    let namespace = Namespace::new(&config.eventstore.namespace)?;
    let options = ServerOptions {
        clock: Arc::clone(clock),
        batch: config.writer.batch,
        queue: config.writer.queue,
        append_timeout: config.writer.append_timeout,
    };
    Ok(Arc::new(EsdbLog::open(url, namespace, pool, options).await?))
}

#[cfg(not(feature = "eventstoredb"))]
pub async fn open_cluster_log(
    _: &Config,
    _: &Clock,
    _: PgPool,
) -> Result<Arc<dyn EventLog>, LogError> {
    let what = "this build of reeve has no eventstoredb; build it with that feature";
    Err(LogError::Setup(what.to_owned()))
}

/// Where the master key came from, for when it turns out to be the wrong one.
enum KeyOrigin {
    Found,
    /// Made just now, because there was no file.
    Created(PathBuf),
}

impl KeyOrigin {
    /// A registry that has a key already needs that one, not a fresh one in the place of it.
    fn unfit(self, error: PeopleError) -> OpenError {
        match (self, error) {
            (Self::Created(path), PeopleError::WrongMasterKey) => {
                let _ = std::fs::remove_file(&path);
                OpenError::Key(format!(
                    "the master key file {} is gone, and the people registry was made with that \
                     key; put the file back from where you keep a copy, or set master_key \
                     (REEVE_MASTER_KEY)",
                    path.display()
                ))
            }
            (_, error) => error.into(),
        }
    }
}

fn people_options(config: &Config) -> Result<(PeopleOptions, KeyOrigin), OpenError> {
    let parse = |key: &KeyBytes| MasterKey::parse(key.to_hex().expose());
    let found = |key| (key, KeyOrigin::Found);
    let (master, origin) = match config.master_key_source() {
        MasterKeySource::Given(key) => found(parse(key)?),
        MasterKeySource::File(path) => found(read_key(path)?),
        MasterKeySource::FileOrCreate(path) if path.exists() => found(read_key(path)?),
        MasterKeySource::FileOrCreate(path) => create_key(path)?,
    };
    let options = PeopleOptions {
        master,
        previous: config.previous_master_key.as_ref().map(parse).transpose()?,
        erasures_file: config.people.erasures_file.clone(),
    };
    Ok((options, origin))
}

fn read_key(path: &Path) -> Result<MasterKey, OpenError> {
    let key = KeyBytes::read(path).map_err(|error| OpenError::Key(error.to_string()))?;
    Ok(MasterKey::parse(key.to_hex().expose())?)
}

/// A development installation makes its own key, readable by its owner only.
fn create_key(path: &Path) -> Result<(MasterKey, KeyOrigin), OpenError> {
    let failed = |error: std::io::Error| {
        OpenError::Key(format!("cannot create the master key {}: {error}", path.display()))
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let key = MasterKey::generate()?;
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match created {
        Ok(mut file) => {
            file.write_all(key.to_hex().as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
            Ok((key, KeyOrigin::Created(path.to_owned())))
        }
        // Another process was quicker.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Ok((read_key(path)?, KeyOrigin::Found))
        }
        Err(error) => Err(failed(error)),
    }
}
