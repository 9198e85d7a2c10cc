//! A house of one test, with a Discord that says what the test wants.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actions::{
    Actions, BotStanding, Caller, Permissions, Policy, RoleFacts, Standing, Target,
    moderation::{Against, Subject},
};
use async_graphql::{Request, Response};
use async_trait::async_trait;
use domain::{Bytes, ChannelId, GuildId, RoleId, Timestamp, UserId, moderation::Severity};
use eventlog::{
    Bus, BusOptions, Clock, EventLog, People,
    people::{MasterKey, PeopleOptions},
    sql::open_work,
    sqlite::{DirectoryLock, SqliteLog, SqliteOptions},
};
use parking_lot::Mutex;
use projections::{ReadStore, Runtime, RuntimeOptions, Status, TimeMachine, TimeOptions};
use schema::{
    Account, Accounts, CallerLine, Channel, Community, Delivery, Directory, Effect, EffectCounts,
    House as Built, Identity, Limits, Operations, OperatorSignedIn, ParkedGuild, ProcessLine,
    Profile, ReeveSchema, Role, SessionLine, SignedIn, Trouble, Unknown,
};
use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(1);
/// 18 November 2026, a Wednesday, at noon.
const NOON: i64 = 1_795_003_200;

const STAFF_RANK: u16 = 5;
pub const OPERATOR: u64 = 900;
/// This bot itself.
pub const BOT: u64 = 901;
pub const MODERATOR_ROLE: u64 = 71;
pub const AUDITOR_ROLE: u64 = 72;
pub const ANALYST_ROLE: u64 = 73;
/// Roles that Discord has there, below our own, and its channel.
pub const ROLES: [u64; 6] = [501, 502, 503, 504, 505, 506];
pub const CHANNEL: u64 = 500;

pub struct House {
    pub actions: Actions,
    pub schema: ReeveSchema,
    pub built: Arc<Built>,
    pub town: Arc<Town>,
    pub now: Arc<AtomicI64>,
    log: Arc<dyn EventLog>,
    _runtime: Runtime,
    _directory: TempDir,
}

/// Discord, as the test tells it.
#[derive(Default)]
pub struct Town {
    standings: Mutex<HashMap<(GuildId, UserId), Standing>>,
    /// How often names were asked for.
    pub asked: AtomicUsize,
    /// Sessions that were ended.
    pub ended: Mutex<BTreeSet<String>>,
}

impl House {
    pub async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    pub async fn with(limits: Limits) -> Self {
        let directory = TempDir::with_prefix("reeve-schema-").unwrap();
        let now = Arc::new(AtomicI64::new(NOON));
        let told = Arc::clone(&now);
        let clock: Clock = Arc::new(move || Timestamp::from_secs(told.load(Ordering::SeqCst)));
        let keys = PeopleOptions {
            master: MasterKey::parse(&"5a".repeat(32)).unwrap(),
            previous: None,
            erasures_file: directory.path().join("erasures.jsonl"),
        };
        let lock = Arc::new(DirectoryLock::take(directory.path()).unwrap());
        let options = SqliteOptions { clock: Arc::clone(&clock), ..SqliteOptions::default() };
        let log: Arc<dyn EventLog> =
            Arc::new(SqliteLog::open(directory.path(), lock, options).unwrap());
        let people = People::open_sqlite(directory.path(), keys, Arc::clone(&clock)).await.unwrap();
        let store = ReadStore::sqlite(directory.path()).unwrap();
        let work = open_work(directory.path()).unwrap();
        let bus = Bus::new(Arc::clone(&log), Arc::new(people), None, BusOptions::default());
        let policy = Policy { operators: BTreeSet::from([user(OPERATOR)]), ..Policy::default() };
        let actions = Actions::new(bus, store.clone(), work, Arc::clone(&clock), policy);
        let runtime = Runtime::start(
            projections::registered(),
            store,
            Arc::clone(&log),
            Arc::clone(&clock),
            RuntimeOptions::default(),
        );
        let runtime = runtime.await.unwrap();
        let time_machine = TimeMachine::open(
            &directory.path().join("time-machine"),
            Arc::clone(&log),
            clock,
            projections::registered(),
            TimeOptions::default(),
        );
        let town = Arc::new(Town::default());
        let built = Arc::new(Built::new(
            actions.clone(),
            time_machine.unwrap(),
            Arc::clone(&town) as Arc<dyn Directory>,
            Arc::new(Quiet),
            Arc::clone(&town) as Arc<dyn Accounts>,
            limits,
        ));
        let schema = schema::build(Arc::clone(&built));
        let house = Self {
            actions,
            schema,
            built,
            town,
            now,
            log,
            _runtime: runtime,
            _directory: directory,
        };
        let operator = Caller::operator();
        for (field, role) in [
            ("moderator_roles", MODERATOR_ROLE),
            ("auditor_roles", AUDITOR_ROLE),
            ("analyst_roles", ANALYST_ROLE),
        ] {
            let (key, role) = (actions::fresh_key("test").unwrap(), role.to_string());
            let set =
                house.actions.change_setting(guild(), &operator, "access", field, &role, &key);
            set.await.unwrap();
        }
        house
    }

    /// Somebody is a member, with these permissions of Discord's and these roles.
    pub fn joins(&self, number: u64, permissions: Permissions, roles: &[u64]) -> SignedIn {
        let roles: Vec<_> = roles.iter().map(|role| RoleId::new(*role).unwrap()).collect();
        // Who may something stands above those who may nothing.
        let top_rank = if permissions.is_empty() && roles.is_empty() { 0 } else { STAFF_RANK };
        let standing = Standing { roles, top_rank, ..Standing::with(permissions) };
        self.town.standings.lock().insert((guild(), user(number)), standing);
        signed_in(number)
    }

    /// Who may everything, whatever their roles.
    pub fn owner(&self, number: u64) -> SignedIn {
        let standing = Standing { top_rank: STAFF_RANK, ..Standing::owner() };
        self.town.standings.lock().insert((guild(), user(number)), standing);
        signed_in(number)
    }

    pub fn member(&self, number: u64) -> SignedIn {
        self.joins(number, Permissions::NONE, &[])
    }

    pub fn admin(&self) -> SignedIn {
        self.joins(200, Permissions::ADMINISTRATOR, &[])
    }

    pub fn leaves(&self, number: u64) {
        self.town.standings.lock().remove(&(guild(), user(number)));
    }

    pub async fn ask(&self, who: Option<&SignedIn>, question: impl Into<Request>) -> Response {
        self.schema.execute(self.asked(who, question)).await
    }

    pub fn asked(&self, who: Option<&SignedIn>, question: impl Into<Request>) -> Request {
        self.asked_as(who.cloned().map(Identity::Person).as_ref(), question)
    }

    pub fn asked_as(&self, who: Option<&Identity>, question: impl Into<Request>) -> Request {
        let question = question.into().data(schema::request_people(Arc::clone(&self.built)));
        match who {
            Some(who) => who.clone().asks(question),
            None => question,
        }
    }

    /// The answer, which must be one.
    #[track_caller]
    pub fn answered(response: Response) -> Value {
        assert!(response.errors.is_empty(), "{:?}", response.errors);
        response.data.into_json().unwrap()
    }

    pub async fn gives(&self, to: u64, amount: i64, reason: Option<&str>) {
        let key = actions::fresh_key("test").unwrap();
        let (to, operator) = (user(to), Caller::operator());
        let given = self.actions.grant_bytes(guild(), &operator, to, Bytes(amount), reason, &key);
        given.await.unwrap();
    }

    /// A moderator of that community warns somebody.
    pub async fn warns(&self, place: GuildId, whom: u64) {
        let target =
            Target { user: user(whom), top_rank: 0, is_owner: false, is_bot_itself: false };
        let against = Against {
            subject: Subject { target, is_member: true, is_administrator: false },
            bot: BotStanding::default(),
            in_name_of: None,
            reason: None,
            evidence: None,
        };
        let may = Standing::with(Permissions::MODERATE_MEMBERS);
        let caller = Caller::member(user(104), Standing { top_rank: STAFF_RANK, ..may });
        let key = actions::fresh_key("test").unwrap();
        let warned = self.actions.warn(place, &caller, &against, Severity::Minor, &key);
        warned.await.unwrap();
    }

    /// Until every read model has folded everything.
    pub async fn caught_up(&self) {
        let deadline = Instant::now() + PATIENCE;
        let status = Status::new(self.actions.store().clone());
        loop {
            let builds = status.builds(&*self.log, self.actions.now()).await.unwrap();
            if !builds.is_empty() && builds.iter().all(|build| build.lag_events == 0) {
                return;
            }
            assert!(Instant::now() < deadline, "never caught up: {builds:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub fn guild() -> GuildId {
    GuildId::new(1_107_318_246_137_131_070).unwrap()
}

pub fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

pub fn signed_in(number: u64) -> SignedIn {
    SignedIn {
        user: user(number),
        session: format!("session-{number}"),
        profile: Profile { name: format!("User {number}"), avatar_url: None },
        guilds: vec![guild()],
        key: None,
    }
}

/// An operator without Discord.
pub fn operator_by_name() -> Identity {
    let (id, name) = (uuid::Uuid::from_u128(7), "ada".to_owned());
    Identity::Operator(OperatorSignedIn { id, name, session: "session-ada".to_owned() })
}

/// The code of the first error.
pub fn code(response: &Response) -> Option<String> {
    let extensions = response.errors.first()?.extensions.as_ref()?;
    let code = extensions.get("code")?.clone().into_json().ok()?;
    code.as_str().map(str::to_owned)
}

#[async_trait]
impl Directory for Town {
    async fn standing(&self, guild: GuildId, user: UserId) -> Result<Option<Standing>, Unknown> {
        Ok(self.standings.lock().get(&(guild, user)).cloned())
    }

    async fn subject(&self, guild: GuildId, user: UserId) -> Result<Subject, Unknown> {
        let standing = self.standings.lock().get(&(guild, user)).cloned();
        let is_member = standing.is_some();
        let standing = standing.unwrap_or_default();
        let target = Target {
            user,
            top_rank: standing.top_rank,
            is_owner: standing.is_owner,
            is_bot_itself: user.get() == BOT,
        };
        let is_administrator = standing.permissions.has(Permissions::ADMINISTRATOR);
        Ok(Subject { target, is_member, is_administrator })
    }

    async fn bot(&self, _: GuildId) -> Result<BotStanding, Unknown> {
        let may = Permissions::MODERATE_MEMBERS.and(Permissions::KICK_MEMBERS);
        Ok(BotStanding { permissions: may.and(Permissions::BAN_MEMBERS), top_rank: 9 })
    }

    async fn profiles(&self, _: GuildId, users: &[UserId]) -> HashMap<UserId, Profile> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let profile =
            |user: &UserId| (*user, Profile { name: format!("User {user}"), avatar_url: None });
        users.iter().map(profile).collect()
    }

    async fn community(&self, guild: GuildId) -> Result<Option<Community>, Unknown> {
        let here = guild == self::guild();
        let channel =
            Channel { id: ChannelId::new(CHANNEL).unwrap(), name: "general".to_owned(), kind: 0 };
        let role = |number: u64| Role {
            id: RoleId::new(number).unwrap(),
            name: format!("Role {number}"),
            colour: None,
            position: 3,
        };
        Ok(here.then(|| Community {
            name: "A community".to_owned(),
            channels: vec![channel],
            roles: ROLES.map(role).to_vec(),
            ..Community::default()
        }))
    }

    async fn role_facts(&self, _: GuildId, role: RoleId) -> Result<Option<RoleFacts>, Unknown> {
        let bot = BotStanding { permissions: Permissions::MANAGE_ROLES, top_rank: 10 };
        let known = ROLES.contains(&role.get());
        Ok(known.then_some(RoleFacts { role, rank: 3, managed: false, bot }))
    }
}

#[async_trait]
impl Accounts for Town {
    async fn is_signed_in(&self, who: &SignedIn) -> Result<bool, Trouble> {
        Ok(!self.ended.lock().contains(&who.session))
    }

    async fn sessions(&self, _: Account) -> Result<Vec<SessionLine>, Trouble> {
        Ok(Vec::new())
    }

    async fn revoke(&self, _: Account, session: &str) -> Result<bool, Trouble> {
        Ok(self.ended.lock().insert(session.to_owned()))
    }
}

/// Nothing is under way.
struct Quiet;

#[async_trait]
impl Operations for Quiet {
    async fn callers(&self) -> Result<Vec<CallerLine>, Trouble> {
        Ok(Vec::new())
    }

    async fn effects(&self, _: Option<&str>, _: u64) -> Result<Vec<Effect>, Trouble> {
        Ok(Vec::new())
    }

    async fn effect_counts(&self) -> Result<EffectCounts, Trouble> {
        Ok(EffectCounts::default())
    }

    async fn retry_effect(&self, _: uuid::Uuid) -> Result<u64, Trouble> {
        Ok(0)
    }

    async fn drop_effect(&self, _: uuid::Uuid) -> Result<bool, Trouble> {
        Ok(false)
    }

    async fn processes(&self) -> Result<Vec<ProcessLine>, Trouble> {
        Ok(Vec::new())
    }

    async fn parked_guilds(&self) -> Result<Vec<ParkedGuild>, Trouble> {
        Ok(Vec::new())
    }

    async fn deliveries(
        &self,
        _: GuildId,
        _: domain::WebhookId,
        _: u64,
    ) -> Result<Vec<Delivery>, Trouble> {
        let of = |state: &str, status, error: Option<&str>| {
            let at = Timestamp::from_secs(NOON);
            let (id, error) = (uuid::Uuid::nil().to_string(), error.map(str::to_owned));
            let (state, sent_at) = (state.to_owned(), Some(at));
            let (created_at, next_at) = (at, at.plus_secs(60));
            let (seq, trial, tries) = (7, false, 1);
            Delivery { id, seq, trial, state, tries, created_at, sent_at, next_at, status, error }
        };
        Ok(vec![
            of("waiting", None, None),
            of("unknown", None, Some("its receiver answered 500")),
            of("done", Some(200), None),
            of("dead", None, Some("its receiver is gone")),
            of("dropped", None, None),
        ])
    }

    async fn retry_process(&self, _: &str, _: Option<GuildId>) -> Result<u64, Trouble> {
        Ok(0)
    }
}
