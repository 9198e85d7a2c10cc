//! The contract suite on PostgreSQL, and what only a server can suffer.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "postgres/proxy.rs"]
mod proxy;

use std::{collections::HashSet, sync::Arc, time::Duration};

use domain::{Bytes, economy::Economy};
use eventlog::{
    Appended, Bus, BusOptions, EventLog, Follower, LogError, Position, Slice,
    contract::{
        Backend as _, Keys, Options, PostgresBackend, TestDatabase,
        appending::{all, put, written},
        disk::SmallDisk,
        given::{
            ANN, House, append, economy, eventually, grant, guild, key, look, metadata, new_key,
            request, soon, stream,
        },
        kills,
        notes::{Command, Event, Notes, write},
    },
    postgres::{self, PostgresLog, ServerOptions},
};
use proxy::{Cut, Proxy};
use sqlx::{AssertSqlSafe, Row as _};

eventlog::contract_suite!(PostgresBackend);

const PLAIN: &str = r#"{"happened":{}}"#;
const MARKED: &str = r#"{"happened":{"mark":"cut here"}}"#;
const MARK: &str = "cut here";

// proves: SYN-07
#[test]
fn given_kill_9_then_everything_acknowledged_is_there_once_in_order() {
    kills::survive::<PostgresBackend>(
        "given_kill_9_then_everything_acknowledged_is_there_once_in_order",
    );
}

/// A log whose every byte goes over a wire that can be cut.
async fn over_a_wire(
    store: &PostgresBackend,
    append_timeout: Duration,
) -> (Proxy, Arc<dyn EventLog>) {
    let proxy = Proxy::before(store.database().address()).await;
    let pool = postgres::pool(&store.database().url_at(proxy.address()), 4).unwrap();
    let options = ServerOptions { append_timeout, ..ServerOptions::default() };
    (proxy, Arc::new(PostgresLog::open(pool, options).await.unwrap()))
}

const PATIENT: Duration = Duration::from_secs(30);

// proves: SYN-07
#[test]
fn given_a_connection_cut_around_the_commit_then_the_append_is_written_once_and_answered_so() {
    eventlog::contract::run(async |store: PostgresBackend| {
        let (proxy, log) = over_a_wire(&store, PATIENT).await;
        let mut expected = Vec::new();
        for cut in [Cut::Before, Cut::After, Cut::During, Cut::After, Cut::Before] {
            proxy.arm(MARK, cut);
            let version = expected.len() as u64;
            let appended =
                put(&log, append(&stream(1), version, &new_key(), &[MARKED, PLAIN])).await;
            assert!(matches!(appended, Appended::Written(_)), "{cut:?}: {appended:?}");
            expected.extend(written(appended));
        }
        assert_eq!(proxy.cuts(), 5);
        assert_eq!(all(&log).await, expected);
        // In the middle of a batch with others, of which some conflict.
        proxy.arm(MARK, Cut::After);
        let mut pending = Vec::new();
        for number in 1..=20 {
            let place = log.appender().reserve().await.unwrap();
            let payload = if number == 7 { MARKED } else { PLAIN };
            pending.push(place.fill(append(&stream(number), 0, &new_key(), &[payload])));
        }
        for (number, pending) in (1..).zip(pending) {
            let outcome = pending.outcome().await.unwrap();
            if number == 1 {
                assert_eq!(outcome, Appended::Conflict { head: 10 });
            } else {
                expected.extend(written(outcome));
            }
        }
        assert_eq!(proxy.cuts(), 6);
        assert_eq!(all(&log).await, expected);
    });
}

#[test]
fn given_a_statement_that_outlives_its_connection_then_it_is_recognised_when_it_commits() {
    eventlog::contract::run(async |store: PostgresBackend| {
        let (proxy, log) = over_a_wire(&store, PATIENT).await;
        written(put(&log, append(&stream(1), 0, &new_key(), &[PLAIN])).await);
        // Somebody holds the lock: the server is at it when the wire is cut.
        let lock = "SELECT pg_advisory_xact_lock(hashtext('reeve.events'), \
                    current_schema()::regnamespace::oid::int)";
        let mut holder = store.pool().begin().await.unwrap();
        sqlx::query(lock).execute(&mut *holder).await.unwrap();
        proxy.arm(MARK, Cut::During);
        let appending = tokio::spawn({
            let log = Arc::clone(&log);
            async move { put(&log, append(&stream(1), 1, &new_key(), &[MARKED, PLAIN])).await }
        });
        // Both the lost try and the next one wait for the lock, in this order.
        let waiting = async || {
            let sql = "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database \
                       WHERE datname = current_database() AND locktype = 'advisory' \
                       AND NOT granted";
            sqlx::query(sql).fetch_one(store.pool()).await.unwrap().get::<i64, _>(0)
        };
        eventually("two tries wait", async || waiting().await == 2).await;
        holder.rollback().await.unwrap();
        let events = written(soon("an answer", appending).await.unwrap());
        assert_eq!(proxy.cuts(), 1);
        let stored = all(&log).await;
        assert_eq!(stored.len(), 3);
        assert_eq!(stored[1..], events);
    });
}

// proves: SYN-07
#[test]
fn given_an_unreachable_server_then_the_answer_says_whether_the_outcome_is_known() {
    eventlog::contract::run(async |store: PostgresBackend| {
        let (proxy, log) = over_a_wire(&store, Duration::from_millis(300)).await;
        let marked = |key: &str| append(&stream(1), 0, &self::key(key), &[MARKED]);
        // Never sent: it is certain that nothing was written.
        proxy.down(true);
        let error = log.appender().append(marked("a")).await.unwrap_err();
        assert!(matches!(error, LogError::Unavailable(_)), "{error:?}");
        proxy.up();
        // Sent and never heard of again.
        eventually("the way is open", async || {
            let check = append(&stream(9), 0, &key("check"), &[]);
            log.appender().append(check).await.is_ok()
        })
        .await;
        proxy.arm(MARK, Cut::After);
        proxy.down(false);
        let error = log.appender().append(marked("b")).await.unwrap_err();
        assert!(matches!(error, LogError::OutcomeUnknown(_)), "{error:?}");
        assert!(error.to_string().contains("repeat it with the same key"), "{error}");
        proxy.up();
        // Repeated as it was, it is found to be there.
        eventually("the way is open", async || {
            let again = log.appender().append(marked("b")).await;
            assert!(!matches!(again, Ok(Appended::Written(_) | Appended::Conflict { .. })));
            again.is_ok_and(|again| again == Appended::Duplicate)
        })
        .await;
        eventually("reading works", async || log.head().await.is_ok()).await;
        assert_eq!(all(&log).await.len(), 1);
    });
}

#[test]
fn given_a_server_that_falls_silent_then_another_connection_is_tried() {
    eventlog::contract::run(async |store: PostgresBackend| {
        let (proxy, log) = over_a_wire(&store, Duration::from_millis(1500)).await;
        written(put(&log, append(&stream(1), 0, &new_key(), &[PLAIN])).await);
        proxy.arm(MARK, Cut::Silence);
        let appending = put(&log, append(&stream(1), 1, &new_key(), &[MARKED]));
        written(soon("an answer", appending).await);
        assert_eq!(proxy.cuts(), 1);
        assert_eq!(all(&log).await.len(), 2);
    });
}

// proves: SYN-07, ECO-14
#[test]
fn given_connections_cut_under_load_then_each_command_acts_once() {
    eventlog::contract::run(async |store: PostgresBackend| {
        let (proxy, log) = over_a_wire(&store, PATIENT).await;
        let people = Arc::new(store.people(Keys::default()).await.unwrap());
        let bus = Bus::new(Arc::clone(&log), people, None, BusOptions::default());
        let cutting = async {
            for cut in [Cut::After, Cut::Before, Cut::During, Cut::After, Cut::After, Cut::Before] {
                let before = proxy.cuts();
                proxy.arm("bytes_granted", cut);
                eventually("cut", async || proxy.cuts() > before).await;
            }
        };
        let asking = async {
            let asked = (0..30_u64).map(|client| {
                let bus = bus.clone();
                tokio::spawn(async move {
                    for round in 0..20 {
                        let request = request(&key(&format!("{client}/{round}")));
                        let guild = economy(1 + client % 2);
                        let decision =
                            bus.execute::<Economy>(&guild, &grant(ANN, 1), &request).await;
                        assert!(!decision.unwrap().recorded.is_empty());
                    }
                })
            });
            for one in futures::future::join_all(asked).await {
                one.unwrap();
            }
        };
        let asking = async {
            // Until the last cut has hit somebody.
            asking.await;
            while proxy.cuts() < 6 {
                let more = grant(ANN, 1);
                bus.execute::<Economy>(&economy(3), &more, &request(&new_key())).await.unwrap();
            }
        };
        tokio::join!(cutting, asking);
        for number in [1, 2] {
            let balance = look::<Economy, _>(&bus, economy(number), |state, _| state.balance(ANN));
            assert_eq!(balance.await, Bytes(300), "guild {number}");
        }
        let events = all(&log).await;
        let keys: HashSet<_> = events.iter().map(|event| event.id).collect();
        assert_eq!(keys.len(), events.len());
    });
}

/// Everybody of this database but those who ask is thrown out.
async fn cut_all(store: &PostgresBackend) {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    store.database().administer(sql).await.unwrap();
}

#[test]
fn given_all_connections_ended_by_the_server_then_log_and_followers_go_on() {
    eventlog::contract::run(async |store: PostgresBackend| {
        let log = store.open(Options::default()).await.unwrap();
        let other = store.beside(&log).await;
        let mut follower = Follower::new(Arc::clone(&other), Position::START, Slice::ALL);
        for version in 0..3 {
            written(put(&log, append(&stream(1), version, &new_key(), &[PLAIN])).await);
            // The first reads after the end of their connection may say so.
            eventually("the follower sees it", async || {
                other.head().await.is_ok_and(|head| head == Position(version + 1))
            })
            .await;
            let page = soon("the event", async {
                loop {
                    if let Ok(page) = follower.next(10).await {
                        break page;
                    }
                }
            });
            assert_eq!(page.await.events.len(), 1);
            cut_all(&store).await;
        }
    });
}

/// An event as somebody appends it who tells nobody.
async fn append_quietly(store: &PostgresBackend, after: &eventlog::Recorded) {
    let sql = "SELECT reeve_append($1, ARRAY[$2], ARRAY[$3], ARRAY[$4], ARRAY[$5], ARRAY['1'], \
               ARRAY['{}'], ARRAY[$6], ARRAY[$7], ARRAY[$8], ARRAY[$9], ARRAY[$10], ARRAY[$11])";
    sqlx::query(sql)
        .bind(after.position.0.cast_signed())
        .bind(after.stream.category())
        .bind(after.stream.aggregate_id())
        .bind((after.version + 1).cast_signed())
        .bind("test.happened")
        .bind(&*metadata(&new_key()))
        .bind(after.guild().as_i64())
        .bind((after.guild_seq + 1).cast_signed())
        .bind(uuid::Uuid::new_v4())
        .bind(after.at.as_micros())
        .bind(vec![0_u8; 32])
        .execute(store.pool())
        .await
        .unwrap();
}

#[test]
fn given_a_lost_notification_then_the_event_is_seen_by_looking() {
    eventlog::contract::run(async |store: PostgresBackend| {
        let log = store.open(Options::default()).await.unwrap();
        let first = written(put(&log, append(&stream(1), 0, &new_key(), &[PLAIN])).await);
        let mut follower = Follower::new(Arc::clone(&log), Position::START, Slice::ALL);
        assert_eq!(follower.next(10).await.unwrap().events, first);
        let mut told = log.watch();
        append_quietly(&store, &first[0]).await;
        soon("a word", told.wait_for(|head| head.0 == 2)).await.unwrap();
        let page = soon("the event", follower.next(10)).await.unwrap();
        assert_eq!(page.events.len(), 1);
        // And it is counted on.
        written(put(&log, append(&stream(1), 2, &new_key(), &[PLAIN])).await);
    });
}

#[test]
fn given_another_processs_commit_then_followers_here_are_told_at_once() {
    eventlog::contract::run(async |store: PostgresBackend| {
        let log = store.open(Options::default()).await.unwrap();
        let other = store.beside(&log).await;
        let mut told = log.watch();
        // A listener may need a moment to begin; after that, no second of waiting is left.
        let mut fastest = Duration::MAX;
        for version in 0..20 {
            let began = tokio::time::Instant::now();
            written(put(&other, append(&stream(1), version, &new_key(), &[PLAIN])).await);
            soon("a word", told.wait_for(|head| head.0 > version)).await.unwrap();
            fastest = fastest.min(began.elapsed());
        }
        assert!(fastest < Duration::from_millis(500), "{fastest:?}: only by looking");
    });
}

// proves: SYN-09
#[test]
fn given_another_processs_commit_then_the_cached_state_here_takes_it_in() {
    eventlog::contract::run(async |store: PostgresBackend| {
        let house = House::new(store).await;
        let second = house.second_bus().await;
        let balance = async |bus: &Bus| {
            look::<Economy, _>(bus, economy(1), |state, _| state.balance(ANN)).await
        };
        assert_eq!(balance(&second).await, Bytes::ZERO);
        let granted = std::sync::atomic::AtomicI64::new(0);
        // The first words may come before anybody listens; a state that missed one takes none.
        eventually("a grant that nobody asked the log for", async || {
            let known = balance(&second).await;
            house
                .bus
                .execute::<Economy>(&economy(1), &grant(ANN, 1), &request(&new_key()))
                .await
                .unwrap();
            let all = Bytes(granted.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1);
            assert!(known < all);
            let version = house.bus.cached_version::<Economy>(&economy(1));
            let told = async {
                while second.cached_version::<Economy>(&economy(1)) != version {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            tokio::time::timeout(Duration::from_millis(500), told).await.is_ok()
        })
        .await;
        assert_eq!(balance(&second).await, balance(&house.bus).await);
    });
}

// proves: SYN-07
#[test]
fn given_a_full_disk_then_it_says_so_and_nothing_is_lost_and_it_goes_on_with_room() {
    let Some(disk) = SmallDisk::mount(64 * 1024, 44 * 1024) else { return };
    eventlog::contract::run(async |other: PostgresBackend| {
        let sql = "SELECT setting, pg_stat_file('PG_VERSION') IS NOT NULL \
                   FROM pg_settings WHERE name = 'data_directory'";
        let row = sqlx::query(sql).fetch_one(other.pool()).await.unwrap();
        let Some(space) = Tablespace::create(&disk, row.get(0), other.database()).await else {
            return;
        };
        let database = TestDatabase::create_with(&format!("TABLESPACE {}", space.name)).await;
        let house = House::new(PostgresBackend::over(database.unwrap())).await;
        let notes = eventlog::StreamId::of_guild("notes", guild(1));
        // Hexadecimal noise, so that the server's compression finds little to do.
        let text: String =
            (0..4000).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect::<String>();
        let ask = async |number: usize| {
            let request = request(&key(&number.to_string()));
            house.bus.execute::<Notes>(&notes, &write(text.as_str()), &request).await
        };
        let mut acknowledged = Vec::new();
        let full = loop {
            match ask(acknowledged.len()).await {
                Ok(decision) => acknowledged.extend(decision.recorded),
                Err(error) => break error,
            }
        };
        assert!(acknowledged.len() > 5, "{}", acknowledged.len());
        let eventlog::CommandError::Log(LogError::DiskFull(_)) = &full else { panic!("{full:?}") };
        let acknowledged_are_there = async |acknowledged: &[eventlog::Recorded]| {
            // In small pages: for a large one the server may want room for sorting.
            for expected in acknowledged {
                let page = house.log.read_stream(&notes, expected.version - 1, 1).await.unwrap();
                assert_eq!(page[0].id, expected.id);
            }
            let head = house.log.stream_head(&notes).await.unwrap();
            assert_eq!(head, acknowledged.len() as u64);
        };
        // Not looked at yet: without room the server may refuse even a new connection.
        disk.throw_off_ballast();
        acknowledged_are_there(&acknowledged).await;
        acknowledged.extend(ask(acknowledged.len()).await.unwrap().recorded);
        acknowledged_are_there(&acknowledged).await;
        house.log.shutdown().await;
        drop(house);
        space.remove(other.database()).await;
    });
}

struct Tablespace {
    name: String,
}

impl Tablespace {
    /// A tablespace on a disk, owned by whoever owns the server's own files.
    async fn create(disk: &SmallDisk, data: &str, database: &TestDatabase) -> Option<Self> {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let location = disk.path().join("space");
        std::fs::create_dir(&location).unwrap();
        std::fs::set_permissions(disk.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let Ok(owner) = std::fs::metadata(data) else {
            println!("skipped: the server is not on this machine");
            return None;
        };
        std::os::unix::fs::chown(&location, Some(owner.uid()), Some(owner.gid())).unwrap();
        let name = format!("reeve_test_{}", uuid::Uuid::new_v4().simple());
        let create = format!("CREATE TABLESPACE {name} LOCATION '{}'", location.display());
        database.administer(&create).await.unwrap();
        Some(Self { name })
    }

    async fn remove(self, database: &TestDatabase) {
        database.administer(&format!("DROP TABLESPACE {}", self.name)).await.unwrap();
    }
}

#[test]
fn given_a_server_that_commits_without_waiting_then_the_log_insists_on_waiting() {
    eventlog::contract::run(async |store: PostgresBackend| {
        let name = store.database().name();
        let script = format!("ALTER DATABASE {name} SET synchronous_commit = off");
        store.database().administer(&script).await.unwrap();
        let log = store.open(Options::default()).await.unwrap();
        // The session says what it does: a trigger writes it down.
        let script = "CREATE TABLE seen (setting text); \
             CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$; \
             CREATE TRIGGER note AFTER INSERT ON events EXECUTE FUNCTION note()";
        store.database().administer(script).await.unwrap();
        written(put(&log, append(&stream(1), 0, &new_key(), &[PLAIN])).await);
        cut_all(&store).await;
        written(put(&log, append(&stream(1), 1, &new_key(), &[PLAIN])).await);
        let seen = "SELECT string_agg(setting, ' ') FROM seen";
        let seen = sqlx::query(AssertSqlSafe(seen)).fetch_one(store.pool()).await;
        // Our own connection was ended as well.
        let seen = match seen {
            Ok(row) => row,
            Err(_) => sqlx::query(AssertSqlSafe("SELECT string_agg(setting, ' ') FROM seen"))
                .fetch_one(store.pool())
                .await
                .unwrap(),
        };
        assert_eq!(seen.get::<String, _>(0), "on on");
    });
}

#[test]
fn given_a_row_that_the_server_refuses_then_only_its_batch_fails_and_at_once() {
    eventlog::contract::run(async |store: PostgresBackend| {
        let log = store.open(Options::default()).await.unwrap();
        let bad = append(&stream(1), 0, &new_key(), &["no JSON"]);
        let error = soon("an answer", log.appender().append(bad)).await.unwrap_err();
        assert!(matches!(error, LogError::Setup(_)), "{error:?}");
        assert!(error.to_string().contains("22P02"), "{error}");
        written(put(&log, append(&stream(1), 0, &new_key(), &[PLAIN])).await);
    });
}

#[test]
fn given_events_of_a_refused_kind_then_types_are_kept() {
    // What the bus seals is readable as JSON by the server: an analyst's query.
    eventlog::contract::run(async |store: PostgresBackend| {
        let house = House::new(store).await;
        let person = house.people.person(guild(1), domain::UserId::new(5).unwrap()).await.unwrap();
        let notes = eventlog::StreamId::of_guild("notes", guild(1));
        let confide = Command::Confide(person, "a secret".to_owned());
        let decision =
            house.bus.execute::<Notes>(&notes, &confide, &request(&new_key())).await.unwrap();
        assert!(matches!(decision.events[0], Event::Confided { .. }));
        let sql = "SELECT payload->'confided'->'secret'->>'owner' FROM events";
        let row = sqlx::query(sql).fetch_one(house.store.pool()).await.unwrap();
        assert_eq!(row.get::<String, _>(0), person.0.to_string());
    });
}
