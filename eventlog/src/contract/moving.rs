//! Logs that come from elsewhere: imports, marks and migrations.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use domain::PersonId;
use futures::FutureExt as _;

use super::{
    Backend, Keys, Options, SqliteBackend,
    appending::{all, put, written},
    given::{House, append, eventually, guild, key, new_key, request, soon, stream},
    notes::{Notes, write},
    people::user,
};
use crate::{
    Bus, BusOptions, StreamId,
    envelope::{Position, Recorded},
    log::{Appended, EventLog, LogError},
    moving::{Closed, FilledBy, Filling, Mark, Migration, MoveError, Moved, Side, abandon, set},
    proof::seal_now,
};

/// Said where a test stops what it tests.
const STOPPED: &str = "stopped here on purpose";
pub(super) const PLAIN: &str = r#"{"happened":{}}"#;

/// A log of some guilds whose events lie between each other, so many appends of 100 events.
pub(super) async fn history<B: Backend>(store: &B, appends: u64) -> Vec<Recorded> {
    let log = store.open(Options::default()).await.unwrap();
    let odd = r#"{"happened": {"text":"\\ \t \n \"ü\" \u0001 \\x41 \\."}}"#;
    for number in 0..appends {
        let payloads: Vec<_> = [PLAIN, odd].into_iter().cycle().take(100).collect();
        let expected = number / 3 * 100;
        written(put(&log, append(&stream(number % 3), expected, &new_key(), &payloads)).await);
    }
    let events = all(&log).await;
    log.shutdown().await;
    events
}

pub(super) async fn open<B: Backend>(store: &B) -> Arc<dyn EventLog> {
    store.open(Options::default()).await.unwrap()
}

pub(super) async fn sqlite() -> SqliteBackend {
    SqliteBackend::fresh().await.unwrap()
}

pub(super) async fn side<B: Backend>(store: &B) -> Side {
    side_of(store, open(store).await).await
}

pub(super) async fn side_of<B: Backend>(store: &B, log: Arc<dyn EventLog>) -> Side {
    let (people, proofs) = (store.registry().await, store.proofs().records());
    let erasures = store.erasures_file();
    // Of a URL only what anybody may see.
    let name = store.name().rsplit('/').next().unwrap_or_default().to_owned();
    Side { log, people, proofs, erasures, name }
}

/// All that a move keeps.
pub(super) fn kept(events: &[Recorded]) -> Vec<Recorded> {
    events.iter().map(|event| event.clone().placed(Position::START)).collect()
}

fn closed(outcome: Result<Appended, LogError>) -> String {
    match outcome {
        Err(LogError::Closed(text)) => text,
        other => panic!("not closed: {other:?}"),
    }
}

pub async fn given_events_of_another_log_then_all_but_the_position_stays_and_it_goes_on<
    B: Backend,
>(
    store: B,
) {
    let events = history(&sqlite().await, 9).await;
    let log = open(&store).await;
    for page in events.chunks(250) {
        log.import(page).await.unwrap();
    }
    let found = all(&log).await;
    assert_eq!(kept(&found), kept(&events));
    assert!(found.is_sorted_by_key(|event| event.position));
    log.shutdown().await;
    drop(log);
    let log = open(&store).await;
    let next = written(put(&log, append(&stream(1), 300, &new_key(), &[PLAIN])).await);
    assert_eq!((next[0].version, next[0].guild_seq), (301, 301));
    assert!(next[0].at >= events.last().unwrap().at);
    let again = put(&log, append(&stream(0), 0, &new_key(), &[PLAIN])).await;
    assert_eq!(again, Appended::Conflict { head: 300 });
    assert_eq!(all(&log).await.len(), events.len() + 1);
}

// proves: SYN-08
pub async fn given_an_import_again_or_in_part_then_each_event_is_there_once<B: Backend>(store: B) {
    let events = history(&sqlite().await, 3).await;
    let log = open(&store).await;
    log.import(&[]).await.unwrap();
    log.import(&events[..120]).await.unwrap();
    log.import(&events[..120]).await.unwrap();
    log.import(&events[50..200]).await.unwrap();
    log.import(&events).await.unwrap();
    assert_eq!(kept(&all(&log).await), kept(&events));
}

pub async fn given_an_event_that_is_not_what_its_hash_says_then_it_is_not_put_in<B: Backend>(
    store: B,
) {
    let events = history(&sqlite().await, 1).await;
    let log = open(&store).await;
    let mut forged = events[..10].to_vec();
    forged[7].payload = r#"{"happened":{"forged":true}}"#.into();
    let error = log.import(&forged).await.unwrap_err();
    assert!(matches!(error, LogError::Corrupt(_)), "{error:?}");
    assert_eq!(all(&log).await, [], "not in part");
    // Another event in the place of one that is there, sound in itself.
    log.import(&events[..10]).await.unwrap();
    forged[7].hash = forged[7].compute_hash();
    let error = log.import(&forged).await.unwrap_err();
    assert!(matches!(error, LogError::Corrupt(_)), "{error:?}");
    forged[7].id = events[50].id;
    forged[7].hash = forged[7].compute_hash();
    let error = log.import(&forged).await.unwrap_err();
    assert!(matches!(error, LogError::Corrupt(_)), "{error:?}");
    assert_eq!(kept(&all(&log).await), kept(&events[..10]));
}

pub async fn given_writers_while_a_log_is_closed_then_nothing_comes_after_the_mark<B: Backend>(
    store: B,
) {
    let log = open(&store).await;
    let beside = store.beside(&log).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers = (0..8).map(|writer| {
        let log = Arc::clone(if writer % 2 == 0 { &log } else { &beside });
        let stop = Arc::clone(&stop);
        tokio::spawn(async move {
            for version in 0.. {
                let append = append(&stream(writer), version, &new_key(), &[PLAIN]);
                match log.appender().append(append).await {
                    Ok(Appended::Written(_)) => {}
                    refused => return closed(refused),
                }
                assert!(!stop.load(Ordering::SeqCst), "written after the log was closed");
            }
            unreachable!("it is closed at some time")
        })
    });
    let writers: Vec<_> = writers.collect();
    eventually("events", async || beside.head().await.unwrap() > Position(100)).await;
    let mark = Closed { to: "postgres://new/log".to_owned(), to_log: String::new(), done: true };
    set(&*beside, Mark::Closed, &mark).await.unwrap();
    let head = beside.head().await.unwrap();
    for writer in writers {
        let text = soon("the writer's end", writer).await.unwrap();
        assert!(text.contains("has moved to postgres://new/log"), "{text}");
    }
    stop.store(true, Ordering::SeqCst);
    assert_eq!(beside.head().await.unwrap(), head);
    // A restart changes nothing; lifting the mark does.
    log.shutdown().await;
    drop((log, beside));
    let log = open(&store).await;
    closed(log.appender().append(append(&stream(50), 0, &new_key(), &[PLAIN])).await);
    let text = log.mark(Mark::Closed).await.unwrap().unwrap();
    assert_eq!(serde_json::from_str::<Closed>(&text).unwrap(), mark);
    log.set_mark(Mark::Closed, None).await.unwrap();
    assert_eq!(log.mark(Mark::Closed).await.unwrap(), None);
    written(put(&log, append(&stream(50), 0, &new_key(), &[PLAIN])).await);
}

pub async fn given_a_log_being_filled_then_only_imports_are_taken<B: Backend>(store: B) {
    let events = history(&sqlite().await, 1).await;
    let log = open(&store).await;
    let filling = Filling {
        by: FilledBy::Restore,
        from_id: "a backup".to_owned(),
        from: "the backup".to_owned(),
    };
    set(&*log, Mark::Filling, &filling).await.unwrap();
    let text = closed(log.appender().append(append(&stream(9), 0, &new_key(), &[PLAIN])).await);
    assert!(text.contains("filled from the backup"), "{text}");
    log.import(&events).await.unwrap();
    assert_eq!(all(&log).await.len(), events.len());
}

/// Ann, Ben and Cat have written something; Ben was erased.
pub(super) async fn community<B: Backend>(store: B) -> (B, Vec<Recorded>) {
    let house = House::new(store).await;
    for number in 1..=3 {
        let person = house.people.person(guild(1), user(number)).await.unwrap();
        house.people.key(guild(1), person).await.unwrap();
        let notes = StreamId::of_guild("notes", guild(1));
        let text = format!("a note of {number}");
        let request = request(&key(&text));
        house.bus.execute::<Notes>(&notes, &write(text), &request).await.unwrap();
    }
    house.people.person(guild(2), user(1)).await.unwrap();
    house.bus.erase_person(guild(1), PersonId(2)).await.unwrap();
    let events = all(&house.log).await;
    let House { store, log, people, bus } = house;
    log.shutdown().await;
    drop((log, people, bus));
    (store, events)
}

pub(super) async fn knows_its_people<B: Backend>(store: &B) {
    let people = store.people(Keys::default()).await.unwrap();
    assert_eq!(people.find(guild(1), user(1)).await.unwrap(), Some(PersonId(1)));
    assert_eq!(people.user(guild(1), PersonId(3)).await.unwrap(), Some(user(3)));
    assert_eq!(people.find(guild(2), user(1)).await.unwrap(), Some(PersonId(1)));
    assert_eq!(people.find(guild(1), user(2)).await.unwrap(), None, "erased");
    assert!(people.erasures().contains(guild(1), PersonId(2)).unwrap());
    assert_eq!(people.person(guild(1), user(2)).await.unwrap(), PersonId(4), "a new person");
}

async fn migrate<A: Backend, B: Backend>(from: &A, to: &B, live: bool) -> Result<Moved, MoveError> {
    let migration = Migration { source: side(from).await, target: side(to).await, live };
    let moved = migration.run(&|_| {}).await;
    migration.source.log.shutdown().await;
    migration.target.log.shutdown().await;
    moved
}

pub(super) async fn events_of<B: Backend>(store: &B) -> Vec<Recorded> {
    let log = open(store).await;
    let events = all(&log).await;
    log.shutdown().await;
    events
}

// proves: SYN-08
pub async fn given_a_log_with_people_then_it_moves_with_everything_and_the_source_says_where<
    B: Backend,
>(
    store: B,
) {
    let (source, events) = community(sqlite().await).await;
    let moved = migrate(&source, &store, true).await.unwrap();
    assert_eq!((moved.events, moved.already), (events.len() as u64, false));
    assert_eq!(kept(&events_of(&store).await), kept(&events));
    let log = open(&source).await;
    let text = closed(log.appender().append(append(&stream(1), 0, &new_key(), &[PLAIN])).await);
    assert!(text.contains("has moved to"), "{text}");
    assert!(matches!(abandon(&*log).await, Err(MoveError::Refused(_))), "it is done");
    log.shutdown().await;
    drop(log);
    let again = migrate(&source, &store, true).await.unwrap();
    assert!(again.already);

    // And on, from this backend to another.
    let back = sqlite().await;
    migrate(&store, &back, false).await.unwrap();
    assert_eq!(kept(&events_of(&back).await), kept(&events));
    knows_its_people(&back).await;
    let log = open(&back).await;
    let people = Arc::new(back.people(Keys::default()).await.unwrap());
    let bus = Bus::new(log, people, None, BusOptions::default());
    let notes = StreamId::of_guild("notes", guild(1));
    let next = bus.execute::<Notes>(&notes, &write("after"), &request(&key("after"))).await;
    assert_eq!(next.unwrap().recorded[0].version, 4);
    let repeated =
        bus.execute::<Notes>(&notes, &write("a note of 1"), &request(&key("a note of 1"))).await;
    assert!(repeated.unwrap().repeated, "keys are known where it moved");
}

/// Runs until so many steps were told; there it dies, with nothing of it left to tidy up.
pub(super) async fn stopped_after<T>(
    steps: u64,
    run: impl AsyncFnOnce(&(dyn Fn() + Sync)) -> T,
) -> Option<T> {
    let told = AtomicU64::new(0);
    let step = || {
        let told = told.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(told < steps, "{STOPPED}");
    };
    match AssertUnwindSafe(run(&step)).catch_unwind().await {
        Ok(done) => Some(done),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map_or("", String::as_str);
            assert_eq!(text, STOPPED, "it died of something else");
            None
        }
    }
}

// proves: SYN-08
pub async fn given_a_migration_that_stops_at_any_step_then_the_next_one_finishes_it<B: Backend>(
    first: B,
) {
    let mut store = first;
    for steps in 1.. {
        let source = sqlite().await;
        let events = history(&source, 12).await;
        let migration =
            Migration { source: side(&source).await, target: side(&store).await, live: true };
        let run = async |step: &(dyn Fn() + Sync)| migration.run(&|_| step()).await;
        let finished = stopped_after(steps, run).await;
        migration.source.log.shutdown().await;
        migration.target.log.shutdown().await;
        drop(migration);
        assert_eq!(events_of(&source).await, events, "the source is unharmed");
        if let Some(moved) = finished {
            assert_eq!(moved.unwrap().events, events.len() as u64);
            assert!(steps > 4, "{steps}");
            return;
        }
        let moved = migrate(&source, &store, true).await.unwrap();
        assert!(moved.already || moved.events == events.len() as u64);
        assert_eq!(kept(&events_of(&store).await), kept(&events));
        assert_eq!(events_of(&source).await, events, "the source is unharmed");
        let log = open(&store).await;
        written(put(&log, append(&stream(1), 400, &new_key(), &[PLAIN])).await);
        log.shutdown().await;
        drop(log);
        store = B::fresh().await.unwrap();
    }
}

// proves: SYN-07, SYN-08
pub async fn given_writers_during_a_live_migration_then_all_that_was_acknowledged_arrives<
    B: Backend,
>(
    store: B,
) {
    history(&store, 6).await;
    let target = sqlite().await;
    let log = open(&store).await;
    let writers = (10..14).map(|writer| {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            loop {
                let version = acknowledged.len() as u64;
                let append = append(&stream(writer), version, &new_key(), &[PLAIN]);
                match log.appender().append(append).await {
                    Ok(Appended::Written(events)) => acknowledged.extend(events),
                    refused => {
                        closed(refused);
                        return acknowledged;
                    }
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    eventually("events", async || log.head().await.unwrap() > Position(650)).await;
    let source = side_of(&store, store.beside(&log).await).await;
    let migration = Migration { source, target: side(&target).await, live: true };
    let moved = migration.run(&|_| {}).await.unwrap();
    migration.target.log.shutdown().await;
    drop(migration);
    let there = kept(&events_of(&target).await);
    assert_eq!(there, kept(&all(&log).await));
    assert_eq!(moved.events, there.len() as u64);
    let mut acknowledged = 0;
    for writer in writers {
        for event in kept(&writer.await.unwrap()) {
            assert!(there.contains(&event), "lost: {event:?}");
            acknowledged += 1;
        }
    }
    assert_eq!(there.len(), 600 + acknowledged);
}

pub async fn given_a_target_that_is_not_its_own_then_refused_and_nothing_is_changed<B: Backend>(
    store: B,
) {
    let source = sqlite().await;
    let events = history(&source, 2).await;
    let refused = async |from: &SqliteBackend, to: &B, words: &str| {
        let before = events_of(to).await;
        match migrate(from, to, true).await {
            Err(MoveError::Refused(text)) => assert!(text.contains(words), "{text}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(events_of(to).await, before);
        // The source still takes events.
        let log = open(from).await;
        log.set_mark(Mark::LogId, log.mark(Mark::LogId).await.unwrap().as_deref()).await.unwrap();
        crate::moving::refuse_when_closed(&*log).await.unwrap();
        log.shutdown().await;
    };
    let log = open(&store).await;
    written(put(&log, append(&stream(8), 0, &key("there before"), &[PLAIN])).await);
    log.shutdown().await;
    drop(log);
    refused(&source, &store, "is not empty: it holds 1 events").await;

    let Some(half) = B::fresh().await else { return };
    let log = open(&half).await;
    let filling = Filling {
        by: FilledBy::Migration,
        from_id: "another".to_owned(),
        from: "sqlite:other".to_owned(),
    };
    set(&*log, Mark::Filling, &filling).await.unwrap();
    log.shutdown().await;
    drop(log);
    refused(&source, &half, "is being filled from sqlite:other").await;

    // A log that moves to one place does not move to another; given up, it does.
    let Some(empty) = B::fresh().await else { return };
    let log = open(&source).await;
    let mark = Closed { to: "elsewhere".to_owned(), to_log: "x".to_owned(), done: false };
    set(&*log, Mark::Closed, &mark).await.unwrap();
    log.shutdown().await;
    drop(log);
    match migrate(&source, &empty, true).await {
        Err(MoveError::Refused(text)) => assert!(text.contains("being moved to elsewhere")),
        other => panic!("{other:?}"),
    }
    let log = open(&source).await;
    abandon(&*log).await.unwrap();
    assert!(matches!(abandon(&*log).await, Err(MoveError::Refused(_))));
    log.shutdown().await;
    drop(log);
    migrate(&source, &empty, false).await.unwrap();
    assert_eq!(kept(&events_of(&empty).await), kept(&events));

    let same = side(&empty).await;
    let log = Arc::clone(&same.log);
    let target = side_of(&empty, Arc::clone(&log)).await;
    let itself = Migration { source: same, target, live: true };
    match itself.run(&|_| {}).await {
        Err(MoveError::Refused(text)) => assert!(text.contains("the same log"), "{text}"),
        other => panic!("{other:?}"),
    }
    log.shutdown().await;
}

// proves: SYN-08
pub async fn given_a_sealed_log_then_its_checkpoints_and_its_key_move_with_it<B: Backend>(
    store: B,
) {
    let (source, events) = community(sqlite().await).await;
    seal(&source).await;
    let before = source.proofs();
    let (key, signed) = (before.key().await.unwrap(), before.latest(guild(1)).await.unwrap());
    let moved = migrate(&source, &store, true).await.unwrap();
    assert_eq!(moved.checkpoints, 1);
    assert_eq!(migrate(&source, &store, true).await.unwrap().checkpoints, 0);

    // It goes on as if nothing had happened: the same key signs what comes next.
    let log = open(&store).await;
    written(put(&log, append(&stream(9), 0, &new_key(), &[PLAIN])).await);
    log.shutdown().await;
    drop(log);
    seal(&store).await;
    let after = store.proofs();
    let keys = after.keys().await.unwrap();
    assert_eq!(keys.iter().map(|key| key.public_key).collect::<Vec<_>>(), [key.public_key]);
    let size = signed.as_ref().unwrap().checkpoint.size;
    assert_eq!(after.of_size(guild(1), size).await.unwrap(), signed);
    assert!(after.alarms().await.unwrap().is_empty());
    assert!(events.len() as u64 >= size);

    // A target that has signed something itself is not its own any more.
    let Some(other) = B::fresh().await else { return };
    open(&other).await.shutdown().await;
    other.proofs().key().await.unwrap();
    let source = sqlite().await;
    history(&source, 1).await;
    let refused = migrate(&source, &other, true).await.unwrap_err().to_string();
    assert!(refused.contains("a key 1 of its own that signs checkpoints"), "{refused}");
}

pub(super) async fn seal<B: Backend>(store: &B) {
    let log = open(store).await;
    seal_now(&store.proofs(), &log).await.unwrap();
    log.shutdown().await;
}
