//! A house of one test: log, people, stores and actions, on SQLite and then on PostgreSQL.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use actions::{ActionError, Actions, Caller, Permissions, Policy, Standing, economy::Daily};
use domain::{Bytes, GuildId, IdempotencyKey, RoleId, Timestamp, UserId};
use eventlog::{
    Bus, BusOptions, Clock, EventLog, People, Recorded,
    people::{MasterKey, PeopleOptions},
    postgres::{self, PostgresLog, ServerOptions},
    sql::{Db, open_work},
    sqlite::{DirectoryLock, SqliteLog, SqliteOptions},
};
use projections::{ReadStore, Runtime, RuntimeOptions, Status};
use sqlx::{Connection as _, PgConnection, PgPool};
use tempfile::TempDir;

const DATABASE_URL: &str = "REEVE_TEST_DATABASE_URL";
const PATIENCE: Duration = Duration::from_secs(20);
/// 18 November 2026, a Wednesday, at noon.
pub const NOON: i64 = 1_795_003_200;

pub const OPERATOR: u64 = 900;

/// Runs a test on each store there is, at the same time; a panic names the store's thread.
pub fn on_each_store(test: impl AsyncFn(Site) + Sync) {
    std::thread::scope(|scope| {
        let start = |store: &str, run: fn(&_)| {
            let (thread, test) = (std::thread::Builder::new().name(store.to_owned()), &test);
            thread.spawn_scoped(scope, move || run(test)).unwrap()
        };
        let runs = [start("sqlite", on_sqlite), start("postgres", on_postgres)];
        let ended = runs.map(|run| run.join().is_ok());
        assert_eq!(ended, [true, true], "on SQLite, on PostgreSQL");
    });
}

fn on_sqlite(test: &impl AsyncFn(Site)) {
    threads().block_on(test(Site::new(None)));
}

fn on_postgres(test: &impl AsyncFn(Site)) {
    let Ok(url) = std::env::var(DATABASE_URL) else {
        eprintln!("skipped on PostgreSQL: {DATABASE_URL} is not set");
        return;
    };
    threads().block_on(async { test(Site::new(Some(Database::create(&url).await))).await });
}

fn threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Where a test's stores lie. Houses open and close there; what they wrote stays.
pub struct Site {
    directory: TempDir,
    database: Option<Database>,
    now: Arc<AtomicI64>,
}

pub struct House {
    pub actions: Actions,
    pub log: Arc<dyn EventLog>,
    pub work: Db,
    pub now: Arc<AtomicI64>,
    store: ReadStore,
    pool: Option<PgPool>,
}

impl Site {
    fn new(database: Option<Database>) -> Self {
        let directory = TempDir::new().unwrap();
        Self { directory, database, now: Arc::new(AtomicI64::new(NOON)) }
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub const fn is_sqlite(&self) -> bool {
        self.database.is_none()
    }

    pub fn pass_secs(&self, secs: i64) {
        self.now.fetch_add(secs, Ordering::SeqCst);
    }

    pub async fn open(&self) -> House {
        self.open_with(Policy::default()).await
    }

    /// One operator, [`OPERATOR`], beside what the policy says.
    pub async fn open_with(&self, policy: Policy) -> House {
        let policy = Policy { operators: BTreeSet::from([user(OPERATOR)]), ..policy };
        let now = Arc::clone(&self.now);
        let clock: Clock = Arc::new(move || Timestamp::from_secs(now.load(Ordering::SeqCst)));
        let keys = PeopleOptions {
            master: MasterKey::parse(&"5a".repeat(32)).unwrap(),
            previous: None,
            erasures_file: self.directory().join("erasures.jsonl"),
        };
        let directory = self.directory();
        let (log, people, store, work, pool): (Arc<dyn EventLog>, _, _, _, _) = match &self.database
        {
            None => {
                let lock = Arc::new(DirectoryLock::take(directory).unwrap());
                let options =
                    SqliteOptions { clock: Arc::clone(&clock), ..SqliteOptions::default() };
                let log = SqliteLog::open(directory, lock, options).unwrap();
                let people = People::open_sqlite(directory, keys, Arc::clone(&clock));
                let store = ReadStore::sqlite(directory).unwrap();
                let work = open_work(directory).unwrap();
                (Arc::new(log), people.await.unwrap(), store, work, None)
            }
            Some(database) => {
                let pool = postgres::pool(&database.url, 12).unwrap();
                let options =
                    ServerOptions { clock: Arc::clone(&clock), ..ServerOptions::default() };
                let log = PostgresLog::open(pool.clone(), options).await.unwrap();
                let people = People::open_postgres(pool.clone(), keys, Arc::clone(&clock));
                let store = ReadStore::postgres(pool.clone());
                let work = Db::Postgres(pool.clone());
                (Arc::new(log), people.await.unwrap(), store, work, Some(pool))
            }
        };
        let bus = Bus::new(Arc::clone(&log), Arc::new(people), None, BusOptions::default());
        let actions = Actions::new(bus, store.clone(), work.clone(), clock, policy);
        House { actions, log, work, now: Arc::clone(&self.now), store, pool }
    }
}

impl House {
    /// Folds events into read models until it is dropped.
    pub async fn project(&self) -> Runtime {
        let now = Arc::clone(&self.now);
        let clock: Clock = Arc::new(move || Timestamp::from_secs(now.load(Ordering::SeqCst)));
        let (store, log) = (self.store.clone(), Arc::clone(&self.log));
        let options = RuntimeOptions::default();
        Runtime::start(projections::registered(), store, log, clock, options).await.unwrap()
    }

    /// Waits until every read model has folded everything.
    pub async fn caught_up(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = Status::new(self.store.clone());
            let builds = status.builds(&*self.log, self.actions.now()).await.unwrap();
            if !builds.is_empty() && builds.iter().all(|build| build.lag_events == 0) {
                return;
            }
            assert!(Instant::now() < deadline, "never caught up: {builds:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn events(&self, guild: GuildId, category: &str) -> Vec<Recorded> {
        let mut events = self.log.read_guild(guild, 0, 10_000).await.unwrap();
        events.retain(|event| event.stream.category() == category);
        events
    }

    pub async fn give(&self, to: UserId, amount: i64) {
        let operator = Caller::operator();
        let given = self.actions.grant_bytes(guild(), &operator, to, Bytes(amount), None, fresh());
        given.await.unwrap();
    }

    pub async fn send(&self, from: UserId, to: UserId, amount: i64) -> Result<(), ActionError> {
        self.send_because(from, to, amount, None).await
    }

    pub async fn send_because(
        &self,
        from: UserId,
        to: UserId,
        amount: i64,
        reason: Option<&str>,
    ) -> Result<(), ActionError> {
        let (caller, at) = (member(from), self.actions.now());
        let amount = Bytes(amount);
        let key = fresh();
        let sent = self.actions.send_bytes(guild(), &caller, from, to, amount, reason, at, key);
        sent.await.map(drop)
    }

    pub async fn set(&self, capability: &str, field: &str, text: &str) {
        let operator = Caller::operator();
        let set = self.actions.change_setting(guild(), &operator, capability, field, text, fresh());
        set.await.unwrap();
    }

    pub async fn close(self) {
        self.actions.bus().shutdown().await;
        if let Some(pool) = self.pool {
            pool.close().await;
        }
    }
}

pub fn guild() -> GuildId {
    GuildId::new(1_107_318_246_137_131_070).unwrap()
}

pub fn other_guild() -> GuildId {
    GuildId::new(1_107_318_246_137_131_099).unwrap()
}

pub fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

pub fn role(number: u64) -> RoleId {
    RoleId::new(number).unwrap()
}

pub fn ann() -> UserId {
    user(101)
}

pub fn ben() -> UserId {
    user(102)
}

pub fn member(user: UserId) -> Caller {
    Caller::member(user, Standing::everyone())
}

pub fn with(user: UserId, permissions: Permissions) -> Caller {
    Caller::member(user, Standing::with(permissions))
}

pub fn owner(user: UserId) -> Caller {
    Caller::member(user, Standing::owner())
}

/// What a message of theirs pays.
pub async fn writes(
    actions: &Actions,
    guild: GuildId,
    user: UserId,
    at: Timestamp,
    key: &IdempotencyKey,
) -> Result<Option<Daily>, ActionError> {
    let paid = actions.award_daily_for_messages(guild, at.utc_day(), vec![user], key).await?;
    Ok(paid.into_iter().map(|(_, daily)| daily).next())
}

/// Kept to the end of the test, so that it can be handed on as it is.
pub fn fresh() -> &'static IdempotencyKey {
    Box::leak(Box::new(actions::fresh_key("test").unwrap()))
}

pub fn rule<T: std::fmt::Debug>(result: Result<T, ActionError>) -> &'static str {
    result.unwrap_err().rule().expect("refused, and no fault")
}

/// A database of the test's own, dropped with it.
struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    async fn create(server: &str) -> Self {
        let name = format!("actions_{}", uuid::Uuid::new_v4().simple());
        execute(server, &format!("CREATE DATABASE {name}")).await;
        let (base, _) = server.rsplit_once('/').unwrap();
        Self { server: server.to_owned(), url: format!("{base}/{name}"), name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, sql) =
            (self.server.clone(), format!("DROP DATABASE {} WITH (FORCE)", self.name));
        // The test's own threads may be on their way out.
        let _ = std::thread::spawn(move || threads().block_on(execute(&server, &sql))).join();
    }
}

async fn execute(server: &str, sql: &str) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}
