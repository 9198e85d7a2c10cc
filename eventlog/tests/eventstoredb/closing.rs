//! A log that is closed while processes write, break and hang.

use std::sync::Arc;

use eventlog::{
    Appended, EventLog, LogError, Position,
    contract::{
        Backend as _, EsdbBackend, Options,
        appending::{put, written},
        given::{append, eventually, new_key, soon, stream},
    },
    moving::{Closed, Mark},
};

use super::{PLAIN, impatient, opened, plainly};

const SHARERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_locks \
                       WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted \
                       AND database = (SELECT oid FROM pg_database \
                                       WHERE datname = current_database())";
const SHARE: &str = "SELECT pg_advisory_xact_lock_shared(hashtext('reeve.esdb.gate'), \
                     current_schema()::regnamespace::oid::int)";

fn moved() -> String {
    let closed = Closed { to: "elsewhere".to_owned(), to_log: String::new(), done: true };
    serde_json::to_string(&closed).unwrap()
}

async fn refused(log: &Arc<dyn EventLog>) -> LogError {
    let append = append(&stream(90), 0, &new_key(), &[PLAIN]);
    soon("an answer", log.appender().append(append)).await.unwrap_err()
}

// proves: SYN-07, SYN-08
#[test]
fn given_broken_sessions_then_writers_go_on_and_closing_still_closes() {
    plainly(async |store| {
        let (log, other) = (opened(&store).await, opened(&store).await);
        let writers = (0..4).map(|writer| {
            let log = Arc::clone(if writer % 2 == 0 { &log } else { &other });
            tokio::spawn(async move {
                for version in 0.. {
                    let append = append(&stream(writer), version, &new_key(), &[PLAIN]);
                    match log.appender().append(append).await {
                        Ok(Appended::Written(_)) => {}
                        Err(LogError::Closed(_)) => return version,
                        other => panic!("neither written nor closed: {other:?}"),
                    }
                }
                unreachable!("it is closed at some time")
            })
        });
        let writers: Vec<_> = writers.collect();
        for _ in 0..4 {
            let before = log.head().await.unwrap().0;
            store.database().administer(SHARERS).await.unwrap();
            let further = async || log.head().await.unwrap() > Position(before + 20);
            eventually("they go on", further).await;
        }
        other.set_mark(Mark::Closed, Some(&moved())).await.unwrap();
        let head = log.head().await.unwrap();
        let mut all = 0;
        for writer in writers {
            all += soon("the writer's end", writer).await.unwrap();
        }
        assert_eq!(head, Position(all), "all that was answered was there when it was closed");
        assert_eq!(log.head().await.unwrap(), head);
        store.database().administer(SHARERS).await.unwrap();
        assert!(matches!(refused(&log).await, LogError::Closed(_)));
    });
}

#[test]
fn given_somebody_who_died_while_closing_then_the_mark_holds_once_it_is_seen() {
    plainly(async |store| {
        let log = opened(&store).await;
        written(put(&log, append(&stream(1), 0, &new_key(), &[PLAIN])).await);
        let left = format!("INSERT INTO esdb_marks VALUES ('closed', '{}', false)", moved());
        store.database().administer(&left).await.unwrap();
        assert_eq!(log.mark(Mark::Closed).await.unwrap(), Some(moved()));
        assert!(matches!(refused(&log).await, LogError::Closed(_)));
        log.set_mark(Mark::Closed, None).await.unwrap();
        written(put(&log, append(&stream(1), 1, &new_key(), &[PLAIN])).await);
    });
}

#[test]
fn given_a_process_that_hangs_while_it_appends_then_the_log_is_not_closed_and_goes_on() {
    plainly(async |store: EsdbBackend| {
        let log = impatient(&store).await;
        let hangs = store.database().pool(1);
        let mut session = hangs.begin().await.unwrap();
        sqlx::query(SHARE).execute(&mut *session).await.unwrap();
        let error = log.set_mark(Mark::Closed, Some(&moved())).await.unwrap_err();
        assert!(error.to_string().contains("has not let go of the log"), "{error}");
        assert_eq!(log.mark(Mark::Closed).await.unwrap(), None);
        let other = store.open(Options::default()).await.unwrap();
        written(put(&other, append(&stream(1), 0, &new_key(), &[PLAIN])).await);
        written(put(&log, append(&stream(1), 1, &new_key(), &[PLAIN])).await);
        session.rollback().await.unwrap();
        log.set_mark(Mark::Closed, Some(&moved())).await.unwrap();
        assert!(matches!(refused(&other).await, LogError::Closed(_)));
    });
}
