//! A log, people and read models on a store of their own, for one test, on SQLite and then on
//! PostgreSQL.

mod acts;
mod copies;
mod expected;
mod gate;
mod process;
mod slow_log;
mod tally;
mod tampered;
mod told;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{GuildId, PersonId, Timestamp};
use eventlog::{
    Bus, BusOptions, Clock, EventLog, People, Position,
    people::{MasterKey, PeopleOptions},
    postgres::{self, PostgresLog, ServerOptions},
    sql::{Db, Durability, Row},
    sqlite::{DirectoryLock, SqliteLog, SqliteOptions},
};
use projections::{
    AnyProjection, Asked, BuildStatus, DeadLetter, ReadStore, Requests, Runtime, RuntimeOptions,
    Status, Verb,
};
use sqlx::{Connection as _, PgConnection, PgPool};
use tempfile::TempDir;

pub use self::{
    acts::{Random, opened, received, request, transferred},
    copies::files_under,
    expected::Expected,
    process::Process,
    slow_log::SlowLog,
    tally::{Tally, TallyTwo},
    tampered::{Control, registered, tampered},
    told::told,
};

/// A fact that has not come true by then never will.
const PATIENCE: Duration = Duration::from_secs(20);
const DATABASE_URL: &str = "REEVE_TEST_DATABASE_URL";
/// A Wednesday at noon.
pub const START: &str = "2026-03-11T12:00:00Z";

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

pub fn on_sqlite(test: &impl AsyncFn(Site)) {
    threads().block_on(test(Site::new(None)));
}

pub fn on_postgres(test: &impl AsyncFn(Site)) {
    let Ok(url) = std::env::var(DATABASE_URL) else {
        eprintln!("skipped on PostgreSQL: {DATABASE_URL} is not set");
        return;
    };
    threads().block_on(async { test(Site::new(Some(Database::create(&url).await))).await });
}

fn threads() -> tokio::runtime::Runtime {
    told::listen();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Where a test's stores lie. Houses open and close there; what they wrote stays.
pub struct Site {
    directory: TempDir,
    database: Option<Database>,
    pub clock: TestClock,
}

/// One process' view of a site: everything but the projections.
pub struct House {
    pub log: Arc<dyn EventLog>,
    pub people: Arc<People>,
    pub bus: Bus,
    pub store: ReadStore,
    pub db: Db,
    pub clock: TestClock,
    pub pool: Option<PgPool>,
}

impl Site {
    fn new(database: Option<Database>) -> Self {
        Self { directory: TempDir::new().unwrap(), database, clock: TestClock::at(START) }
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn url(&self) -> Option<&str> {
        self.database.as_ref().map(|database| database.url.as_str())
    }

    /// Changes what the log says, past its own rule against that.
    pub async fn rewrite_payload(&self, house: &House, position: Position, payload: &str) {
        let sql = "UPDATE events SET payload = $1 WHERE position = $2";
        match &house.pool {
            None => {
                let log = rusqlite::Connection::open(self.directory().join("log.db")).unwrap();
                log.execute_batch("DROP TRIGGER IF EXISTS events_no_update").unwrap();
                log.execute(sql, (payload, position.0.cast_signed())).unwrap();
            }
            Some(pool) => {
                let disable = "ALTER TABLE events DISABLE TRIGGER events_immutable";
                sqlx::query(disable).execute(pool).await.unwrap();
                let sql = "UPDATE events SET payload = $1::json WHERE position = $2";
                let update = sqlx::query(sql).bind(payload).bind(position.0.cast_signed());
                assert_eq!(update.execute(pool).await.unwrap().rows_affected(), 1);
            }
        }
    }

    pub async fn open(&self) -> House {
        let clock = self.clock.clock();
        let people = PeopleOptions {
            master: MasterKey::parse(&"5a".repeat(32)).unwrap(),
            previous: None,
            erasures_file: self.directory().join("erasures.jsonl"),
        };
        let (log, people, store, db, pool): (Arc<dyn EventLog>, _, _, _, _) = match self.url() {
            None => {
                let directory = self.directory();
                let lock = Arc::new(DirectoryLock::take(directory).unwrap());
                let options =
                    SqliteOptions { clock: Arc::clone(&clock), ..SqliteOptions::default() };
                let log = SqliteLog::open(directory, lock, options).unwrap();
                let people = People::open_sqlite(directory, people, clock).await.unwrap();
                let store = ReadStore::sqlite(directory).unwrap();
                let path = directory.join("read.db");
                let db = Db::open_sqlite(&path, Durability::Recomputable).unwrap();
                (Arc::new(log), people, store, db, None)
            }
            Some(url) => {
                let pool = postgres::pool(url, 12).unwrap();
                let log = open_postgres(&pool, Arc::clone(&clock)).await;
                let people = People::open_postgres(pool.clone(), people, clock).await.unwrap();
                let store = ReadStore::postgres(pool.clone());
                (log, people, store, Db::Postgres(pool.clone()), Some(pool))
            }
        };
        let people = Arc::new(people);
        let bus = Bus::new(Arc::clone(&log), Arc::clone(&people), None, BusOptions::default());
        House { log, people, bus, store, db, clock: self.clock.clone(), pool }
    }
}

async fn open_postgres(pool: &PgPool, clock: Clock) -> Arc<dyn EventLog> {
    let options = ServerOptions { clock, ..ServerOptions::default() };
    Arc::new(PostgresLog::open(pool.clone(), options).await.unwrap())
}

pub fn small_batches(batch: usize) -> RuntimeOptions {
    RuntimeOptions { batch, ..RuntimeOptions::default() }
}

impl House {
    /// Every read model there is.
    pub async fn project(&self) -> Runtime {
        self.run(projections::registered(), RuntimeOptions::default()).await
    }

    pub async fn run(
        &self,
        projections: Vec<Box<dyn AnyProjection>>,
        options: RuntimeOptions,
    ) -> Runtime {
        let (store, log) = (self.store.clone(), Arc::clone(&self.log));
        Runtime::start(projections, store, log, self.clock.clock(), options).await.unwrap()
    }

    /// One read model, in small batches, that reads through this log.
    pub async fn run_on(&self, log: Arc<SlowLog>, projection: Box<dyn AnyProjection>) -> Runtime {
        let (store, clock) = (self.store.clone(), self.clock.clock());
        Runtime::start(vec![projection], store, log, clock, small_batches(20)).await.unwrap()
    }

    pub async fn builds(&self, name: &str) -> Vec<BuildStatus> {
        let status = Status::new(self.store.clone());
        let mut builds = status.builds(&*self.log, self.clock.now()).await.unwrap();
        builds.retain(|build| build.name == name);
        builds
    }

    pub async fn live(&self, name: &str) -> BuildStatus {
        self.builds(name).await.into_iter().find(|build| build.state == "live").unwrap()
    }

    /// Events that the live build has folded.
    pub async fn applied(&self, name: &str) -> u64 {
        self.live(name).await.applied
    }

    pub async fn dead_letters(&self, name: &str) -> Vec<DeadLetter> {
        let mut letters = Status::new(self.store.clone()).dead_letters().await.unwrap();
        letters.retain(|letter| letter.projection == name);
        letters
    }

    pub async fn parked(&self, name: &str) -> Vec<GuildId> {
        Status::new(self.store.clone()).parked(name).await.unwrap()
    }

    /// Waits until the live builds of all these have folded everything, and parked nobody.
    pub async fn caught_up(&self, names: &[&str]) {
        self.passed_everything(names).await;
        for name in names {
            assert_eq!(self.dead_letters(name).await, [], "{name}");
        }
    }

    /// Waits until the live builds of all these have nothing left but parked guilds.
    pub async fn passed_everything(&self, names: &[&str]) {
        until(&format!("{names:?} have caught up"), async || {
            for name in names {
                let builds = self.builds(name).await;
                let live = builds.iter().find(|build| build.state == "live");
                if live.is_none_or(|build| build.lag_events > 0) {
                    return false;
                }
            }
            true
        })
        .await;
    }

    /// Asks as an operator does, and waits for the answer.
    pub async fn ask(
        &self,
        verb: Verb,
        subject: &str,
        guild: Option<GuildId>,
    ) -> Result<String, String> {
        let id = self.begin(verb, subject, guild).await;
        self.answer(&id).await
    }

    pub async fn begin(&self, verb: Verb, subject: &str, guild: Option<GuildId>) -> String {
        let requests = Requests::new(self.store.clone());
        requests.ask(verb, subject, guild, None, self.clock.now()).await.unwrap()
    }

    pub async fn answer(&self, id: &str) -> Result<String, String> {
        let requests = Requests::new(self.store.clone());
        let deadline = Instant::now() + PATIENCE;
        loop {
            match requests.state(id).await.unwrap() {
                Asked::Done(answer) => return Ok(answer),
                Asked::Failed(error) => return Err(error),
                state => assert!(Instant::now() < deadline, "no answer: {state:?}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn rows(&self, sql: &str) -> Vec<Row> {
        self.store.query(sql, &[]).await.unwrap()
    }

    /// Names of the tables and views of the read models, as the store's own catalogue has them.
    pub async fn tables_like(&self, prefix: &str) -> Vec<String> {
        let sql = match self.pool {
            None => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
            Some(_) => {
                "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            }
        };
        let names = self.rows(sql).await;
        let names = names.iter().map(|row| row.text(0).unwrap().to_owned());
        names.filter(|name| name.starts_with(prefix)).collect()
    }

    pub async fn close(self) {
        self.bus.shutdown().await;
    }
}

/// Waits for a fact, and says which one did not come true.
pub async fn until(fact: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "never came true: {fact}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub fn guild(number: u64) -> GuildId {
    GuildId::new(number << 22).unwrap()
}

pub const fn person(number: u32) -> PersonId {
    PersonId(number)
}

/// Time moves only when a test moves it.
#[derive(Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    fn at(moment: &str) -> Self {
        let moment: Timestamp = moment.parse().unwrap();
        Self(Arc::new(AtomicI64::new(moment.as_micros())))
    }

    /// A clock of its own that begins at the same moment.
    pub fn apart(&self) -> Self {
        Self(Arc::new(AtomicI64::new(self.now().as_micros())))
    }

    pub fn clock(&self) -> Clock {
        let micros = Arc::clone(&self.0);
        Arc::new(move || Timestamp::from_micros(micros.load(Ordering::SeqCst)))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }

    pub fn pass_secs(&self, secs: i64) {
        self.0.store(self.now().plus_secs(secs).as_micros(), Ordering::SeqCst);
    }

    pub fn set(&self, moment: &str) {
        let moment: Timestamp = moment.parse().unwrap();
        self.0.store(moment.as_micros(), Ordering::SeqCst);
    }
}

/// A database of the test's own, dropped with it.
struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    async fn create(server: &str) -> Self {
        let name = format!("projections_{}", uuid::Uuid::new_v4().simple());
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
