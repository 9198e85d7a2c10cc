//! What every case begins with: a store, a process to torture, and the torture.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use actions::{Actions, Caller, Policy};
use async_trait::async_trait;
use domain::{
    Bytes, GuildId, PersonId, RoleId, Timestamp, UserId,
    economy::{self, SpendId},
};
use eventlog::{
    Bus, BusOptions, Clock, EventLog, People, Recorded,
    contract::TestDatabase,
    people::{MasterKey, PeopleOptions},
    postgres::{PostgresLog, ServerOptions},
    sql::Db,
    sqlite::{DirectoryLock, SqliteLog, SqliteOptions},
};
use parking_lot::Mutex;
use projections::ReadStore;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use torture::rough_discord::RoughDiscord;

use crate::{
    config::Secret,
    discord::{
        cdn::Cdn,
        effects::{Copies, DiscordHands},
        limits::{Limits, LimitsOptions},
        rest::Rest,
    },
    processes::{
        Begin, Deed, Effect, Ended, Ground, Hands, Outbox, Process, Processes, Reaction, Timer,
        Timers, Trouble, status,
    },
    webhooks::Deliveries,
};

/// 18 November 2026, noon.
pub const NOON: i64 = 1_795_003_200;
pub const TIMER: &str = "echo";
const PATIENCE: Duration = Duration::from_mins(1);

pub struct House {
    pub log: Arc<dyn EventLog>,
    pub db: Db,
    pub actions: Actions,
    pub outbox: Outbox,
    pub timers: Timers,
    /// Microseconds that the clock is ahead of the real one; from noon where it stands still.
    now: Arc<AtomicI64>,
    clock: Clock,
    /// Gone when the house is.
    _kept: (tempfile::TempDir, Option<TestDatabase>),
}

impl House {
    /// On files, with a clock that only moves when it is told to.
    pub async fn still() -> Self {
        Self::still_at(Timestamp::from_secs(NOON)).await
    }

    /// The same, from a moment on.
    pub async fn still_from(now: Timestamp) -> Self {
        Self::still_at(now).await
    }

    /// The same, at the time that it is outside.
    pub async fn still_at_now() -> Self {
        Self::still_at(eventlog::system_clock()()).await
    }

    async fn still_at(now: Timestamp) -> Self {
        let now = Arc::new(AtomicI64::new(now.as_micros()));
        let shared = Arc::clone(&now);
        let clock: Clock = Arc::new(move || Timestamp::from_micros(shared.load(Ordering::Relaxed)));
        Self::sqlite(now, clock).await
    }

    /// On files, with a clock that runs, and can be set ahead.
    pub async fn running() -> Self {
        let (now, clock) = running_clock();
        Self::sqlite(now, clock).await
    }

    /// On files, with a clock that runs, and webhooks that may lead to these origins.
    pub async fn trusting(origins: &[String]) -> Self {
        let (now, clock) = running_clock();
        Self::sqlite_trusting(now, clock, origins).await
    }

    /// On PostgreSQL, where there is one.
    pub async fn postgres() -> Option<Self> {
        Self::postgres_trusting(&[]).await
    }

    /// The same, with webhooks that may lead to these origins.
    pub async fn postgres_trusting(origins: &[String]) -> Option<Self> {
        let database = TestDatabase::create().await?;
        let (now, clock) = running_clock();
        let directory = tempfile::tempdir().unwrap();
        let pool = database.pool(16);
        let options = ServerOptions { clock: Arc::clone(&clock), ..ServerOptions::default() };
        let log = Arc::new(PostgresLog::open(pool.clone(), options).await.unwrap());
        let keys = keys(&directory);
        let people = People::open_postgres(pool.clone(), keys, Arc::clone(&clock)).await.unwrap();
        let read = ReadStore::postgres(pool.clone());
        let db = Db::Postgres(pool);
        Some(Self::with(log, people, read, db, now, clock, directory, Some(database), origins))
    }

    async fn sqlite(now: Arc<AtomicI64>, clock: Clock) -> Self {
        Self::sqlite_trusting(now, clock, &[]).await
    }

    async fn sqlite_trusting(now: Arc<AtomicI64>, clock: Clock, origins: &[String]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let lock = Arc::new(DirectoryLock::take(directory.path()).unwrap());
        let options = SqliteOptions { clock: Arc::clone(&clock), ..SqliteOptions::default() };
        let log = Arc::new(SqliteLog::open(directory.path(), lock, options).unwrap());
        let keys = keys(&directory);
        let people = People::open_sqlite(directory.path(), keys, Arc::clone(&clock)).await.unwrap();
        let read = ReadStore::sqlite(directory.path()).unwrap();
        let db = eventlog::sql::open_work(directory.path()).unwrap();
        Self::with(log, people, read, db, now, clock, directory, None, origins)
    }

    #[expect(clippy::too_many_arguments, reason = "a house has that many parts")]
    fn with(
        log: Arc<dyn EventLog>,
        people: People,
        read: ReadStore,
        db: Db,
        now: Arc<AtomicI64>,
        clock: Clock,
        directory: tempfile::TempDir,
        database: Option<TestDatabase>,
        origins: &[String],
    ) -> Self {
        let bus = Bus::new(Arc::clone(&log), Arc::new(people), None, BusOptions::default());
        let work = db.clone();
        let policy = Policy { trusted_origins: origins.to_vec(), ..Policy::default() };
        let actions = Actions::new(bus, read, work, Arc::clone(&clock), policy);
        let outbox = Outbox::new(db.clone(), Arc::clone(&clock));
        let timers = Timers::new(db.clone(), Arc::clone(&clock));
        let kept = (directory, database);
        Self { log, db, actions, outbox, timers, now, clock, _kept: kept }
    }

    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Sets the clock ahead, and lets everybody look at it.
    pub fn pass(&self, secs: i64) {
        self.now.fetch_add(secs * 1_000_000, Ordering::Relaxed);
        self.timers.poke();
        self.outbox.poke();
    }

    pub fn ground(&self) -> Ground {
        let random = Mutex::new(StdRng::seed_from_u64(7));
        Ground {
            log: Arc::clone(&self.log),
            db: self.db.clone(),
            actions: self.actions.clone(),
            clock: Arc::clone(&self.clock),
            jitter: Arc::new(move || random.lock().random()),
            slices: 2,
            outbox: self.outbox.clone(),
            timers: self.timers.clone(),
        }
    }

    pub async fn start(
        &self,
        process: &Arc<dyn Process>,
        hands: Option<Arc<dyn Hands>>,
    ) -> Processes {
        Processes::start(self.ground(), vec![Arc::clone(process)], hands).await.unwrap()
    }

    pub fn hands(&self, discord: &RoughDiscord) -> Arc<dyn Hands> {
        self.hands_at(&discord.url(), "rough")
    }

    pub fn hands_at(&self, url: &str, token: &str) -> Arc<dyn Hands> {
        let limits = Limits::new(LimitsOptions::default());
        let rest = Rest::new(url, Secret::new(token), limits).unwrap();
        let copies = Copies { cdn: Cdn::new(Some(url)).unwrap(), actions: self.actions.clone() };
        let deliveries = Deliveries::new(self.actions.clone()).unwrap();
        let hands = DiscordHands::new(rest, Arc::clone(self.actions.people()));
        Arc::new(hands.copying(copies).delivering(deliveries))
    }

    pub async fn person(&self, guild: GuildId, user: u64) -> PersonId {
        self.actions.people().person(guild, UserId::new(user).unwrap()).await.unwrap()
    }

    /// Gives a member some bytes: the event that [`Echo`] reacts to.
    pub async fn grant(&self, guild: GuildId, user: u64) {
        let (to, key) = (UserId::new(user).unwrap(), actions::fresh_key("grant").unwrap());
        let operator = Caller::operator();
        let granted = self.actions.grant_bytes(guild, &operator, to, Bytes(100), None, &key);
        granted.await.unwrap();
    }

    /// One member sends another a hundred; nobody sends twice, because of the cooldown.
    pub async fn send(&self, guild: GuildId, from: u64, to: u64) {
        self.grant(guild, from).await;
        let (from, to) = (UserId::new(from).unwrap(), UserId::new(to).unwrap());
        let (operator, key) = (Caller::operator(), actions::fresh_key("send").unwrap());
        let now = self.now();
        let sent = self.actions.send_bytes(guild, &operator, from, to, Bytes(100), None, now, &key);
        sent.await.unwrap();
    }

    /// How many events of a type there are.
    pub async fn count(&self, type_name: &str) -> u64 {
        let page =
            self.log.read_all(eventlog::Position(0), 100_000, eventlog::Slice::ALL).await.unwrap();
        page.events.iter().filter(|event| event.type_name == type_name).count() as u64
    }

    pub async fn rows(&self, sql: &str) -> u64 {
        self.db.query(sql, &[]).await.unwrap()[0].count(0).unwrap()
    }

    /// Every process has looked at everything that is in the log.
    pub async fn caught_up(&self) {
        eventually("the processes catch up", async || {
            let status = status::processes(&self.db, &*self.log).await.unwrap();
            !status.is_empty() && status.iter().all(|process| process.lag_events == 0)
        })
        .await;
    }
}

fn running_clock() -> (Arc<AtomicI64>, Clock) {
    let ahead = Arc::new(AtomicI64::new(0));
    let (shared, real) = (Arc::clone(&ahead), eventlog::system_clock());
    let clock: Clock = Arc::new(move || {
        Timestamp::from_micros(real().as_micros() + shared.load(Ordering::Relaxed))
    });
    (ahead, clock)
}

fn keys(directory: &tempfile::TempDir) -> PeopleOptions {
    PeopleOptions {
        master: MasterKey::generate().unwrap(),
        previous: None,
        erasures_file: directory.path().join("erasures.jsonl"),
    }
}

/// Waits until something is so.
pub async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

pub fn guild(number: u64) -> GuildId {
    GuildId::new((number << 22) + 7).unwrap()
}

pub fn role() -> RoleId {
    RoleId::new(77).unwrap()
}

/// For every grant it takes one byte as a toll, gives a role, and sets a timer; the timer settles
/// the toll; when the role is given, it takes another byte.
#[derive(Default)]
pub struct Echo {
    pub reactions: AtomicU64,
    pub outcomes: Mutex<Vec<Ended>>,
    /// It reacts to no event.
    pub deaf: bool,
    /// A guild whose events it cannot deal with.
    pub poisoned: Mutex<Option<(GuildId, Poison)>>,
}

#[derive(Clone, Copy)]
pub enum Poison {
    Error,
    Panic,
}

fn spend(source: &str) -> SpendId {
    SpendId(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, source.as_bytes()))
}

#[async_trait]
impl Process for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn follows(&self, type_name: &str) -> bool {
        !self.deaf && type_name == "economy.bytes_granted"
    }

    async fn react(&self, event: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        self.reactions.fetch_add(1, Ordering::Relaxed);
        let poisoned = *self.poisoned.lock();
        match poisoned {
            Some((guild, Poison::Error)) if guild == event.guild() => {
                return Err(Trouble::Poison("too hot to touch".to_owned()));
            }
            Some((guild, Poison::Panic)) if guild == event.guild() => panic!("too hot to touch"),
            _ => {}
        }
        let economy::Event::BytesGranted { to, .. } = eventlog::decode(event)? else {
            return Ok(());
        };
        let (id, key) = (spend(&event.id.to_string()), reaction.key("toll")?);
        let (guild, caller) = (event.guild(), reaction.caller());
        let spent =
            reaction.actions().spend_bytes(guild, &caller, (id, to), Bytes(1), "toll", &key);
        spent.await?;
        reaction.effect("role", Deed::GiveRole { person: to, role: role() }, "toll").await?;
        let due = event.at.plus_secs(60);
        let payload = serde_json::json!({ "spend": id.0 });
        reaction.set_timer(TIMER, &event.id.to_string(), due, &payload).await
    }

    fn timers(&self) -> &'static [&'static str] {
        &[TIMER]
    }

    async fn fire(&self, timer: &Timer, reaction: &mut Reaction) -> Result<(), Trouble> {
        let id = timer.payload["spend"].as_str().and_then(|id| id.parse().ok());
        let id = SpendId(id.ok_or_else(|| Trouble::Poison("no spend".to_owned()))?);
        let (key, caller) = (reaction.key("settle")?, reaction.caller());
        Ok(reaction.actions().settle_spend(timer.guild, &caller, id, &key).await?)
    }

    async fn outcome(
        &self,
        effect: &Effect,
        ended: &Ended,
        reaction: &mut Reaction,
    ) -> Result<(), Trouble> {
        self.outcomes.lock().push(ended.clone());
        let (Deed::GiveRole { person, .. }, Ended::Done(_)) = (&effect.deed, ended) else {
            return Ok(());
        };
        let (id, key) = (spend(&effect.id.to_string()), reaction.key("given")?);
        let caller = reaction.caller();
        let what = (id, *person);
        let spent =
            reaction.actions().spend_bytes(effect.guild, &caller, what, Bytes(1), "given", &key);
        spent.await?;
        Ok(())
    }
}

/// Fails every step now and then: before anything is done, or after everything was, when only the
/// checkpoint is missing.
pub struct Failing {
    pub inner: Arc<dyn Process>,
    pub share: f64,
    pub dice: Mutex<StdRng>,
}

impl Failing {
    pub fn new(inner: Arc<dyn Process>, share: f64) -> Self {
        let dice = Mutex::new(StdRng::seed_from_u64(11));
        Self { inner, share, dice }
    }

    fn fails(&self) -> Result<(), Trouble> {
        if self.dice.lock().random::<f64>() < self.share {
            return Err(Trouble::Later("bad luck".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl Process for Failing {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn begins(&self) -> Begin {
        self.inner.begins()
    }

    async fn wants(&self, effect: &Effect, actions: &Actions) -> Result<bool, Trouble> {
        self.fails()?;
        self.inner.wants(effect, actions).await
    }

    fn follows(&self, type_name: &str) -> bool {
        self.inner.follows(type_name)
    }

    async fn react(&self, event: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        self.fails()?;
        self.inner.react(event, reaction).await?;
        self.fails()
    }

    fn timers(&self) -> &'static [&'static str] {
        self.inner.timers()
    }

    async fn fire(&self, timer: &Timer, reaction: &mut Reaction) -> Result<(), Trouble> {
        self.fails()?;
        self.inner.fire(timer, reaction).await?;
        self.fails()
    }

    async fn outcome(
        &self,
        effect: &Effect,
        ended: &Ended,
        reaction: &mut Reaction,
    ) -> Result<(), Trouble> {
        self.fails()?;
        self.inner.outcome(effect, ended, reaction).await?;
        self.fails()
    }
}
