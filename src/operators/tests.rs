//! Operators by name, on both stores, on a clock that only moves when it is told to.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};

use eventlog::{
    contract::TestDatabase,
    people::{MasterKey, PeopleOptions},
    postgres::PostgresLog,
    postgres::ServerOptions,
};
use futures::future::join_all;
use schema::{Accounts as _, Identity};
use tempfile::TempDir;

use super::{enter::Code, *};

const NOON: i64 = 1_795_003_200;
const PATIENCE: Duration = Duration::from_mins(1);
const PASSWORD: &str = "correct horse battery";
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

struct Site {
    /// As the server has them.
    operators: Operators,
    sessions: Sessions,
    /// As the console has them: another process.
    console: Operators,
    now: Arc<AtomicI64>,
    secret: totp::Secret,
    directory: TempDir,
    _database: Option<TestDatabase>,
}

impl Site {
    async fn sqlite() -> Self {
        let directory = TempDir::with_prefix("reeve-operators-").unwrap();
        let (now, clock) = clock();
        let keys = keys(&directory);
        let people = People::open_sqlite(directory.path(), keys, Arc::clone(&clock)).await.unwrap();
        let open = || eventlog::sql::open_work(directory.path()).unwrap();
        Self::with([open(), open()], &people, &clock, now, directory, None)
    }

    async fn postgres() -> Option<Self> {
        let database = TestDatabase::create().await?;
        let directory = TempDir::with_prefix("reeve-operators-").unwrap();
        let (now, clock) = clock();
        let pool = database.pool(12);
        let options = ServerOptions { clock: Arc::clone(&clock), ..ServerOptions::default() };
        drop(PostgresLog::open(pool.clone(), options).await.unwrap());
        let keys = keys(&directory);
        let people = People::open_postgres(pool.clone(), keys, Arc::clone(&clock)).await.unwrap();
        let both = [Db::Postgres(pool.clone()), Db::Postgres(pool)];
        Some(Self::with(both, &people, &clock, now, directory, Some(database)))
    }

    fn with(
        [here, there]: [Db; 2],
        people: &People,
        clock: &Clock,
        now: Arc<AtomicI64>,
        directory: TempDir,
        database: Option<TestDatabase>,
    ) -> Self {
        let sessions = Sessions::new(here.clone(), people, Arc::clone(clock));
        let operators = Operators::with(here, people, Arc::clone(clock), sessions.clone());
        let console = Operators::new(there, people, Arc::clone(clock));
        let secret = totp::fresh();
        Self { operators, sessions, console, now, secret, directory, _database: database }
    }

    fn later(&self, secs: i64) {
        self.now.fetch_add(secs, Ordering::SeqCst);
    }

    fn secs(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    /// The code of the next half minute, so that each is a fresh one.
    fn code(&self) -> String {
        self.later(30);
        totp::code(&self.secret, self.secs())
    }

    /// An operator, whose authenticator has shown a code.
    async fn ada(&self) -> Vec<String> {
        let step = totp::step(&self.secret, &self.code(), self.secs(), 0).unwrap();
        self.console.add("ada", PASSWORD, self.secret, step).await.unwrap()
    }

    async fn tries(&self, name: &str, password: &str, code: &str, from: IpAddr) -> Outcome {
        self.tries_in(None, name, password, code, from).await
    }

    async fn tries_in(
        &self,
        browser: Option<&str>,
        name: &str,
        password: &str,
        code: &str,
        from: IpAddr,
    ) -> Outcome {
        let address = Some(from);
        let wants = Try { name, password, code, address, browser, client: "a test" };
        self.operators.sign_in(wants).await.unwrap()
    }

    /// Signs ada in; what her browser has then.
    async fn enters(&self) -> (String, String) {
        match self.tries("ada", PASSWORD, &self.code(), HOME).await {
            Outcome::In { token, browser } => (token, browser),
            other => panic!("{}", word(&other)),
        }
    }

    /// As the server finds it, at last.
    async fn is_signed_out(&self, token: &str) {
        let began = Instant::now();
        while self.sessions.find(token).await.unwrap().is_some() {
            assert!(began.elapsed() < PATIENCE, "still signed in");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn clock() -> (Arc<AtomicI64>, Clock) {
    let now = Arc::new(AtomicI64::new(NOON));
    let told = Arc::clone(&now);
    (now, Arc::new(move || Timestamp::from_secs(told.load(Ordering::SeqCst))))
}

fn keys(directory: &TempDir) -> PeopleOptions {
    PeopleOptions {
        master: MasterKey::generate().unwrap(),
        previous: None,
        erasures_file: directory.path().join("erasures.jsonl"),
    }
}

fn word(outcome: &Outcome) -> String {
    format!("{outcome:?}").to_lowercase()
}

/// On files, and on PostgreSQL where there is one.
async fn on_both(story: impl AsyncFn(Site)) {
    story(Site::sqlite().await).await;
    if let Some(site) = Site::postgres().await {
        story(site).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_name_password_and_code_then_an_operator_is_in_and_each_code_works_once() {
    on_both(async |site| {
        site.ada().await;
        let shown = totp::code(&site.secret, site.secs());
        let again = site.tries("ada", PASSWORD, &shown, HOME).await;
        assert_eq!(word(&again), "wrong", "the code that set the authenticator up is used");
        let code = site.code();
        let Outcome::In { token, .. } = site.tries(" Ada ", PASSWORD, &code, HOME).await else {
            panic!("not in");
        };
        let session = site.sessions.find(&token).await.unwrap().unwrap();
        let Identity::Operator(ada) = session.who else { panic!("a person") };
        assert_eq!(ada.name, "ada");
        let lines = site.sessions.sessions(Account::Operator(ada.id)).await.unwrap();
        assert_eq!((lines.len(), lines[0].client.as_str()), (1, "a test"));
        assert_eq!(word(&site.tries("ada", PASSWORD, &code, ELSEWHERE).await), "wrong", "used");
        let line = site.console.list().await.unwrap().remove(0);
        assert_eq!(
            (line.name.as_deref(), line.sessions, line.recovery_codes),
            (Some("ada"), 1, 10)
        );
        assert_eq!(line.seen_at, Some(Timestamp::from_secs(site.secs())));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_anything_wrong_then_nobody_is_told_what_it_was() {
    on_both(async |site| {
        let codes = site.ada().await;
        let code = site.code();
        for (name, password, code) in [
            ("ada", "correct horse batterx", code.as_str()),
            ("ada", PASSWORD, "000000"),
            ("eve", PASSWORD, code.as_str()),
            ("eve", PASSWORD, codes[0].as_str()),
            ("ada", PASSWORD, ""),
        ] {
            let told = site.tries(name, password, code, HOME).await;
            assert_eq!(word(&told), "wrong", "{name} {code}");
        }
        assert_eq!(site.console.list().await.unwrap()[0].recovery_codes, 10);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_wrong_tries_then_they_wait_and_an_operator_still_gets_in() {
    on_both(async |site| {
        site.ada().await;
        let (_, browser) = site.enters().await;
        // A name that nobody has is counted like one that somebody has.
        for name in ["ada", "nobody"] {
            let mut told = Vec::new();
            for _ in 0..6 {
                told.push(word(&site.tries(name, "wrong", "000000", HOME).await));
            }
            assert_eq!(told, ["wrong", "wrong", "wrong", "wrong", "wrong", "locked"], "{name}");
        }
        // Not even what is right is looked at, until the wait is over; it did not grow meanwhile.
        let Outcome::Locked(until) = site.tries("ada", PASSWORD, "000000", HOME).await else {
            panic!("not locked");
        };
        assert_eq!(until.as_secs() - site.secs(), lockout::PAIR.first_secs);
        // From elsewhere, and in the browser that is known, ada does not wait.
        let code = site.code();
        site.later(-30);
        let there = site.tries("ada", PASSWORD, &code, ELSEWHERE).await;
        assert_eq!(word(&there), "in");
        let browser = Some(browser.as_str());
        let known = site.tries_in(browser, "ada", "wrong", "000000", HOME).await;
        assert_eq!(word(&known), "wrong");
        // Somebody else's name is no use to a known browser.
        let other = site.tries_in(browser, "nobody", "wrong", "000000", HOME).await;
        assert_eq!(word(&other), "locked");
        // Once the wait is over, what is right opens, and the count begins anew.
        site.later(30);
        site.enters().await;
        assert_eq!(word(&site.tries("ada", "wrong", "000000", HOME).await), "wrong");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_many_tries_at_once_then_no_more_are_judged_than_one_after_the_other() {
    on_both(async |site| {
        site.ada().await;
        let tries = (0..20).map(|_| site.tries("ada", "wrong", "000000", HOME));
        let told = join_all(tries).await;
        let many = |wanted| told.iter().filter(|told| word(told) == wanted).count();
        assert_eq!(
            (many("wrong"), many("in")),
            (5, 0),
            "locked {} busy {}",
            many("locked"),
            many("busy")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_a_recovery_code_then_it_works_once_and_a_new_authenticator_ends_all_of_them() {
    on_both(async |site| {
        let codes = site.ada().await;
        let typed = codes[3].to_uppercase().replace('-', " ");
        assert_eq!(word(&site.tries("ada", PASSWORD, &typed, HOME).await), "in");
        assert_eq!(word(&site.tries("ada", PASSWORD, &codes[3], HOME).await), "wrong");
        assert_eq!(site.console.list().await.unwrap()[0].recovery_codes, 9);
        let old = site.code();
        let fresh = totp::fresh();
        let step = totp::step(&fresh, &totp::code(&fresh, site.secs()), site.secs(), 0).unwrap();
        let others = site.console.set_secret("ada", fresh, step).await.unwrap();
        assert_eq!(site.console.list().await.unwrap()[0].recovery_codes, 10);
        assert_eq!(word(&site.tries("ada", PASSWORD, &old, HOME).await), "wrong");
        assert_eq!(word(&site.tries("ada", PASSWORD, &codes[4], HOME).await), "wrong");
        assert_eq!(word(&site.tries("ada", PASSWORD, &others[4], HOME).await), "in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_another_password_or_none_any_more_then_every_session_ends() {
    on_both(async |site| {
        site.ada().await;
        let (token, browser) = site.enters().await;
        let before = site.operators.known("ada").await.unwrap();
        site.console.set_password("ada", "another long one").await.unwrap();
        site.is_signed_out(&token).await;
        let code = site.code();
        assert_eq!(word(&site.tries("ada", PASSWORD, &code, HOME).await), "wrong");
        // Nor is somebody let in who was looked up before, and found to be right.
        let used = Code::Step(site.secs() / 30);
        let late = site.operators.enter(&before, &used, "", &[]).await.unwrap();
        assert!(late.is_none(), "a session of the old password");
        let told = site.tries_in(Some(&browser), "ada", "another long one", &code, ELSEWHERE).await;
        let Outcome::In { token, browser: fresh } = told else { panic!("not in") };
        assert_ne!(browser, fresh);
        site.console.remove("ada").await.unwrap();
        site.is_signed_out(&token).await;
        assert!(site.console.list().await.unwrap().is_empty());
        let code = site.code();
        assert_eq!(word(&site.tries("ada", "another long one", &code, HOME).await), "wrong");
        let again = site.console.remove("ada").await.unwrap_err();
        assert!(again.to_string().contains("there is no operator ada"), "{again}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_operators_then_names_are_taken_once_and_nothing_of_them_lies_in_the_clear() {
    let site = Site::sqlite().await;
    let secret = totp::fresh();
    let (name, password) = ("kestrel.canary", "a very quiet passphrase");
    let codes = site.console.add(name, password, secret, 1).await.unwrap();
    for (name, password, why) in [
        ("Kestrel.Canary", password, "there is an operator kestrel.canary already"),
        ("x", password, "use a name of 3 to 32"),
        ("an operator", password, "use a name of 3 to 32"),
        ("other", "short", "use a password of 12 to 256"),
    ] {
        let refused = site.console.add(name, password, secret, 1).await.unwrap_err();
        assert!(refused.to_string().starts_with(why), "{refused}");
    }
    assert_eq!(word(&site.tries(name, password, &codes[0], HOME).await), "in");
    let text = totp::text(&secret);
    let plain = recovery::plain(&codes[1]).unwrap();
    let secrets: [&[u8]; 5] =
        [name.as_bytes(), password.as_bytes(), &secret, text.as_bytes(), plain.as_bytes()];
    let mut looked = 0;
    for entry in std::fs::read_dir(site.directory.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        looked += bytes.len();
        for secret in secrets {
            let holds = bytes.windows(secret.len()).any(|part| part == secret);
            assert!(!holds, "{} holds {}", path.display(), String::from_utf8_lossy(secret));
        }
    }
    assert!(looked > 10_000, "only {looked} bytes");
}
