//! The contract suite on EventStoreDB, and what only a cluster can suffer.

#![cfg(feature = "eventstoredb")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "eventstoredb/closing.rs"]
mod closing;

use std::{sync::Arc, time::Duration};

use domain::{Bytes, economy::Economy};
use eventlog::{
    Appended, Bus, BusOptions, EventLog, Follower, LogError, Position, Recorded, Slice,
    contract::{
        Backend as _, EsdbBackend, Keys, Options, SqliteBackend,
        appending::{all, put, written},
        given::{
            ANN, append, economy, eventually, grant, guild, key, look, new_key, request, soon,
            stream,
        },
        kills,
    },
    eventstoredb::{Grade, ServerOptions, examine},
};
use standin::{DropOf, WriteFault};

eventlog::contract_suite!(EsdbBackend);

const PLAIN: &str = r#"{"happened":{}}"#;

// proves: SYN-07
#[test]
fn given_kill_9_then_everything_acknowledged_is_there_once_in_order() {
    kills::survive::<EsdbBackend>(
        "given_kill_9_then_everything_acknowledged_is_there_once_in_order",
    );
}

/// On a server that misbehaves as it is told.
fn on_stand_in(options: standin::Options, test: impl AsyncFnOnce(EsdbBackend)) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        if let Some(store) = EsdbBackend::on_stand_in(options).await {
            test(store).await;
        }
    });
}

fn plainly(test: impl AsyncFnOnce(EsdbBackend)) {
    on_stand_in(EsdbBackend::stand_in_options(), test);
}

async fn opened(store: &EsdbBackend) -> Arc<dyn EventLog> {
    store.open(Options::default()).await.unwrap()
}

async fn impatient(store: &EsdbBackend) -> Arc<dyn EventLog> {
    let append_timeout = Duration::from_millis(1500);
    let options = ServerOptions { append_timeout, ..ServerOptions::default() };
    Arc::new(store.open_at(store.url(), options).await.unwrap())
}

fn numbers(events: &[Recorded]) -> Vec<(u64, u64, u64)> {
    events.iter().map(|event| (event.position.0, event.guild_seq, event.version)).collect()
}

// proves: SYN-07
#[test]
fn given_a_lost_answer_then_the_append_is_written_once_and_answered_so() {
    plainly(async |store| {
        let log = opened(&store).await;
        let mut expected = Vec::new();
        let faults = [
            WriteFault::Lost,
            WriteFault::AnswerLost,
            WriteFault::Late(Duration::from_millis(30)),
            WriteFault::NotLeader {
                host: "127.0.0.1".to_owned(),
                port: store.server().address().port(),
            },
            WriteFault::Slow(Duration::from_millis(30)),
        ];
        for (version, fault) in (0..).step_by(2).zip(faults) {
            // One try goes over the session, the next one by itself: both are hit.
            store.server().faults().of_next_write(fault.clone());
            store.server().faults().of_next_write(fault);
            let two = append(&stream(1), version, &new_key(), &[PLAIN, PLAIN]);
            expected.extend(written(soon("an answer", put(&log, two)).await));
        }
        assert_eq!(all(&log).await, expected);
        let places: Vec<_> = (1..=expected.len() as u64).map(|n| (n, n, n)).collect();
        assert_eq!(numbers(&expected), places);
        for event in &expected {
            event.verify().unwrap();
        }
    });
}

// proves: SYN-07
#[test]
fn given_a_server_without_answers_then_it_is_said_whether_the_outcome_is_known() {
    plainly(async |store| {
        let log = impatient(&store).await;
        for _ in 0..10 {
            store.server().faults().of_next_write(WriteFault::Silence);
        }
        let error = log.appender().append(append(&stream(1), 0, &key("a"), &[PLAIN])).await;
        let error = error.unwrap_err();
        assert!(matches!(error, LogError::OutcomeUnknown(_)), "{error:?}");
        assert!(error.to_string().contains("repeat it with the same key"), "{error}");
        // Repeated as it was: it was not written, or it was.
        eventually("it goes through", async || {
            let again = log.appender().append(append(&stream(1), 0, &key("a"), &[PLAIN])).await;
            matches!(again, Ok(Appended::Written(_) | Appended::Duplicate))
        })
        .await;
        assert_eq!(all(&log).await.len(), 1);
    });
}

#[test]
fn given_an_append_that_lands_after_it_was_given_up_then_the_key_acted_once() {
    plainly(async |store| {
        let log = impatient(&store).await;
        for _ in 0..40 {
            store.server().faults().of_next_write(WriteFault::Late(Duration::from_millis(1900)));
        }
        let late = append(&stream(1), 0, &key("a"), &[PLAIN]);
        let error = log.appender().append(late).await.unwrap_err();
        assert!(matches!(error, LogError::OutcomeUnknown(_)), "{error:?}");
        eventually("it lands", async || log.head().await.unwrap() == Position(1)).await;
        let again = append(&stream(1), 0, &key("a"), &[PLAIN]);
        assert_eq!(put(&log, again).await, Appended::Duplicate);
        // Nor does any of the other tries land.
        eventually("all have come", async || store.server().faults().late() == 0).await;
        assert_eq!(all(&log).await.len(), 1);
    });
}

#[test]
fn given_dropped_and_quiet_subscriptions_then_appends_are_answered_and_followers_go_on() {
    plainly(async |store| {
        let log = opened(&store).await;
        let other = store.beside(&log).await;
        let mut follower = Follower::new(Arc::clone(&other), Position::START, Slice::ALL);
        let mut version = 0;
        let mut both = async || {
            let event = append(&stream(1), version, &new_key(), &[PLAIN]);
            let event = written(soon("an answer", put(&log, event)).await);
            assert_eq!(soon("the event", follower.next(10)).await.unwrap().events, event);
            version += 1;
        };
        both().await;
        for _ in 0..3 {
            store.server().faults().drop_subscriptions(DropOf::Unavailable);
            both().await;
        }
        store.server().cut_connections();
        both().await;
        let before = store.server().faults().subscriptions();
        store.server().faults().stall_subscriptions(true);
        both().await;
        assert!(store.server().faults().subscriptions() >= before);
        store.server().faults().stall_subscriptions(false);
        both().await;
    });
}

#[test]
fn given_a_subscription_that_the_server_ends_as_if_done_then_the_log_goes_on() {
    plainly(async |store| {
        let log = opened(&store).await;
        written(put(&log, append(&stream(1), 0, &new_key(), &[PLAIN])).await);
        store.server().faults().drop_subscriptions(DropOf::Gracefully);
        for version in 1..4 {
            let next = append(&stream(1), version, &new_key(), &[PLAIN]);
            written(soon("an answer", put(&log, next)).await);
        }
    });
}

#[test]
fn given_slow_and_failing_reads_then_reading_waits_or_says_so() {
    plainly(async |store| {
        let log = opened(&store).await;
        let events = written(put(&log, append(&stream(1), 0, &new_key(), &[PLAIN; 3])).await);
        store.server().faults().slow_reads(Duration::from_millis(50));
        assert_eq!(all(&log).await, events);
        store.server().faults().slow_reads(Duration::ZERO);
        store.server().faults().fail_reads(1);
        let error = log.read_stream(&stream(1), 0, 10).await.unwrap_err();
        assert!(matches!(error, LogError::Unavailable(_)), "{error:?}");
        assert_eq!(log.read_stream(&stream(1), 0, 10).await.unwrap(), events);
    });
}

#[test]
fn given_a_follower_node_then_the_leader_is_found() {
    plainly(async |store| {
        let node = store.server().start_follower().await.unwrap();
        let url =
            store.url().replace(&store.server().address().to_string(), &node.address().to_string());
        let log: Arc<dyn EventLog> =
            Arc::new(store.open_at(&url, ServerOptions::default()).await.unwrap());
        written(put(&log, append(&stream(1), 0, &new_key(), &[PLAIN])).await);
        assert_eq!(all(&log).await.len(), 1);
    });
}

#[test]
fn given_the_servers_own_limit_then_too_large_with_that_limit_and_others_are_written() {
    let small = standin::Options { max_append_bytes: 4000, ..standin::Options::default() };
    on_stand_in(small, async |store| {
        let log = opened(&store).await;
        let large = format!("\"{}\"", "x".repeat(5000));
        let refused = log.appender().append(append(&stream(1), 0, &new_key(), &[&large])).await;
        let Err(LogError::TooLarge { limit, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(limit, 4000);
        // Many that fit by themselves and not together.
        let text = format!("\"{}\"", "y".repeat(1000));
        let mut pending = Vec::new();
        for version in 0..12 {
            let place = log.appender().reserve().await.unwrap();
            pending.push(place.fill(append(&stream(1), version, &new_key(), &[&text])));
        }
        for pending in pending {
            written(soon("an answer", pending.outcome()).await.unwrap());
        }
        assert_eq!(all(&log).await.len(), 12);
    });
}

// proves: SYN-07, ECO-14
#[test]
fn given_faults_under_load_on_two_processes_then_each_command_acts_once() {
    plainly(async |store| {
        let (log, other) = (opened(&store).await, opened(&store).await);
        let people = Arc::new(store.people(Keys::default()).await.unwrap());
        let buses = [&log, &other]
            .map(|log| Bus::new(Arc::clone(log), Arc::clone(&people), None, BusOptions::default()));
        let asked = (0..16_u64).map(|client| {
            let bus = buses[usize::try_from(client % 2).unwrap()].clone();
            tokio::spawn(async move {
                for round in 0..12 {
                    let request = request(&key(&format!("{client}/{round}")));
                    let guild = economy(1 + client % 3);
                    bus.execute::<Economy>(&guild, &grant(ANN, 1), &request).await.unwrap();
                }
            })
        });
        let asked = futures::future::join_all(asked);
        let faults = store.server().faults();
        let breaking = async {
            for fault in [
                WriteFault::AnswerLost,
                WriteFault::Lost,
                WriteFault::Late(Duration::from_millis(20)),
                WriteFault::AnswerLost,
            ] {
                let before = faults.hits();
                faults.of_next_write(fault);
                eventually("a hit", async || faults.hits() > before).await;
                faults.drop_subscriptions(DropOf::Unavailable);
            }
        };
        let (asked, ()) = soon("all answers", async { tokio::join!(asked, breaking) }).await;
        for one in asked {
            one.unwrap();
        }
        for (number, expected) in [(1, 72), (2, 60), (3, 60)] {
            let balance =
                look::<Economy, _>(&buses[1], economy(number), |state, _| state.balance(ANN));
            assert_eq!(balance.await, Bytes(expected), "guild {number}");
        }
        let events = all(&log).await;
        let positions: Vec<_> = events.iter().map(|event| event.position.0).collect();
        assert_eq!(positions, (1..=events.len() as u64).collect::<Vec<_>>());
    });
}

/// What a crash between the server's answer and the index leaves: an event that nobody counted.
#[test]
fn given_events_that_nobody_counted_then_opening_counts_them() {
    plainly(async |store| {
        let log = opened(&store).await;
        written(put(&log, append(&stream(1), 0, &new_key(), &[PLAIN, PLAIN])).await);
        written(put(&log, append(&stream(2), 0, &new_key(), &[PLAIN])).await);
        written(put(&log, append(&stream(1), 2, &new_key(), &[PLAIN])).await);
        let before = all(&log).await;
        log.shutdown().await;
        drop(log);
        // The index loses its end, then all of itself: the same numbers come out again.
        let cut = "DELETE FROM esdb_events WHERE position > 2; \
                   UPDATE esdb_checkpoint SET position = 2, \
                   (last_at, commit_position, prepare_position) = (SELECT recorded_at, \
                   commit_position, prepare_position FROM esdb_events WHERE position = 2)";
        for damage in [cut, "TRUNCATE esdb_events, esdb_checkpoint"] {
            store.database().administer(damage).await.unwrap();
            let log = opened(&store).await;
            assert_eq!(all(&log).await, before, "{damage}");
            log.shutdown().await;
        }
    });
}

#[test]
fn given_an_index_that_is_taken_back_while_it_is_followed_then_it_is_made_again() {
    plainly(async |store| {
        let log = opened(&store).await;
        let first = written(put(&log, append(&stream(1), 0, &new_key(), &[PLAIN, PLAIN])).await);
        let sql = "DELETE FROM esdb_events; UPDATE esdb_checkpoint SET position = 0, last_at = 0, \
                   commit_position = 0, prepare_position = 0";
        store.database().administer(sql).await.unwrap();
        eventually("it is made again", async || {
            log.head().await.is_ok_and(|head| head == Position(2))
        })
        .await;
        assert_eq!(all(&log).await, first);
        written(put(&log, append(&stream(1), 2, &new_key(), &[PLAIN])).await);
    });
}

#[test]
fn given_an_index_of_another_log_or_a_server_that_lost_events_then_it_is_not_opened() {
    plainly(async |store| {
        let log = opened(&store).await;
        written(put(&log, append(&stream(1), 0, &new_key(), &[PLAIN])).await);
        log.shutdown().await;
        drop(log);
        let other = standin::Server::start(EsdbBackend::stand_in_options()).await.unwrap();
        let error = store.open_at(&other.url(), ServerOptions::default()).await.unwrap_err();
        assert!(matches!(error, LogError::Setup(_)), "{error:?}");
        assert!(error.to_string().contains("is of the log"), "{error}");
        // The same log, as an old backup has it.
        let sql = "UPDATE esdb_checkpoint SET commit_position = commit_position + 1000000, \
                   prepare_position = prepare_position + 1000000";
        store.database().administer(sql).await.unwrap();
        let error = store.open(Options::default()).await.unwrap_err();
        assert!(matches!(error, LogError::Corrupt(_)), "{error:?}");
        assert!(error.to_string().contains("older backup"), "{error}");
    });
}

#[test]
fn given_a_server_that_is_away_then_opening_says_so_without_the_password() {
    plainly(async |store| {
        let options = ServerOptions::default();
        let url = "esdb://reeve:hunter2@127.0.0.1:9?tls=false";
        let error = store.open_at(url, options.clone()).await.unwrap_err();
        assert!(matches!(error, LogError::Unavailable(_)), "{error:?}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        let wrong = store.url().replace("secret", "wrong");
        let error = store.open_at(&wrong, options).await.unwrap_err();
        assert!(error.to_string().contains("check the user and the password"), "{error}");
    });
}

/// Events of three guilds in turns, as another log has them.
async fn told_elsewhere(log: &Arc<dyn EventLog>) -> Vec<Recorded> {
    for round in 0..10 {
        for number in 1..=3 {
            let more = append(&stream(number), 2 * round, &new_key(), &[PLAIN, PLAIN]);
            written(put(log, more).await);
            let part = eventlog::StreamId::part("case", guild(number), &format!("{round}-a"));
            written(put(log, append(&part, 0, &new_key(), &[PLAIN])).await);
        }
    }
    all(log).await
}

#[test]
fn given_a_connection_that_breaks_while_importing_then_events_are_in_order_or_it_is_said() {
    eventlog::contract::run(async |source: SqliteBackend| {
        let source_log = source.open(Options::default()).await.unwrap();
        let events = told_elsewhere(&source_log).await;
        // The answer was lost, and everything was taken; or it came late, behind all others'.
        for fault in [WriteFault::AnswerLost, WriteFault::Slow(Duration::from_millis(50))] {
            let Some(store) = EsdbBackend::fresh().await else { return };
            let log = opened(&store).await;
            store.server().faults().of_next_write(fault);
            log.import(&events).await.unwrap();
            let ids = |events: &[Recorded]| events.iter().map(|event| event.id).collect::<Vec<_>>();
            assert_eq!(ids(&all(&log).await), ids(&events));
        }
        // One was not taken, and those behind it were.
        let Some(store) = EsdbBackend::fresh().await else { return };
        let log = opened(&store).await;
        store.server().faults().of_next_write(WriteFault::Lost);
        let error = log.import(&events).await.unwrap_err().to_string();
        assert!(error.contains("import into an empty log again"), "{error}");
    });
}

#[test]
fn given_another_logs_events_then_imported_as_they_are_and_again_nothing_changes() {
    eventlog::contract::run(async |source: SqliteBackend| {
        let source_log = source.open(Options::default()).await.unwrap();
        let events = told_elsewhere(&source_log).await;
        let Some(store) = EsdbBackend::fresh().await else { return };
        let log = store.open_at(store.url(), ServerOptions::default()).await.unwrap();
        log.import(&events[..40]).await.unwrap();
        log.import(&events).await.unwrap();
        log.import(&events).await.unwrap();
        let place = |event: &Recorded| event.clone().placed(Position::START);
        for number in 1..=3 {
            let there = source_log.read_guild(guild(number), 0, 100).await.unwrap();
            let here = log.read_guild(guild(number), 0, 100).await.unwrap();
            assert_eq!(
                here.iter().map(place).collect::<Vec<_>>(),
                there.iter().map(place).collect::<Vec<_>>()
            );
        }
        assert_eq!(log.head().await.unwrap(), Position(events.len() as u64));
        // An event that is not what its hash says, or does not belong here.
        let mut lie = events[0].clone();
        lie.payload = "{}".into();
        lie.id = domain::EventId(uuid::Uuid::new_v4());
        assert!(log.import(&[lie]).await.is_err());
    });
}

#[test]
fn given_a_doctor_then_rights_leader_and_lag_are_found() {
    plainly(async |store| {
        let log = opened(&store).await;
        written(put(&log, append(&stream(1), 0, &new_key(), &[PLAIN])).await);
        let grades = async |url: &str| {
            let pool = store.database().pool(2);
            let found = examine(url, store.namespace(), &pool).await.unwrap();
            found.into_iter().map(|finding| (finding.check, finding.grade)).collect::<Vec<_>>()
        };
        assert_eq!(
            grades(store.url()).await,
            [
                ("encryption", Grade::Warning),
                ("eventstoredb", Grade::Ok),
                ("cluster", Grade::Warning),
                ("immutability", Grade::Ok),
                ("index", Grade::Ok),
            ]
        );
        let admin = store.url().replace("reeve:secret", "admin:changeit");
        assert!(grades(&admin).await.contains(&("immutability", Grade::Problem)));
        let away = grades("esdb://reeve:secret@127.0.0.1:9?tls=false").await;
        assert_eq!(away.last(), Some(&("eventstoredb", Grade::Problem)));
    });
}
