//! Appending: versions, keys, order, sizes, exact bytes.

use std::sync::Arc;

use super::{
    Backend, Options,
    given::{Gate, HandClock, append, guild, key, metadata, new_key, stream},
};
use crate::{
    envelope::{MAX_APPEND_BYTES, MAX_EVENT_BYTES, Position, Recorded, StreamId},
    log::{Append, Appended, EventLog, LogError, Slice},
};

const PLAIN: &str = r#"{"happened":{}}"#;

/// The events of an append that must have been written.
#[track_caller]
pub fn written(appended: Appended) -> Vec<Recorded> {
    match appended {
        Appended::Written(events) => events,
        other => panic!("not written: {other:?}"),
    }
}

pub async fn put(log: &Arc<dyn EventLog>, append: Append) -> Appended {
    log.appender().append(append).await.unwrap()
}

/// Everything in the log.
pub async fn all(log: &Arc<dyn EventLog>) -> Vec<Recorded> {
    log.read_all(Position::START, usize::MAX, Slice::ALL).await.unwrap().events
}

// proves: SYN-09
pub async fn given_the_expected_version_then_written_in_place<B: Backend>(store: B) {
    let log = store.open(Options::default()).await.unwrap();
    let first = put(&log, append(&stream(1), 0, &key("a"), &[PLAIN, PLAIN])).await;
    let second = put(&log, append(&stream(1), 2, &key("b"), &[PLAIN])).await;
    let events: Vec<_> = [written(first), written(second)].concat();
    assert_eq!(events.iter().map(|event| event.version).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(events.iter().map(|event| event.guild_seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(events.iter().map(|event| event.position.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(log.read_stream(&stream(1), 0, 10).await.unwrap(), events);
    assert_eq!(log.stream_head(&stream(1)).await.unwrap(), 3);
    assert_eq!(log.head().await.unwrap(), Position(3));
    assert_eq!(log.find(events[1].id).await.unwrap().as_ref(), Some(&events[1]));
    for event in &events {
        event.verify().unwrap();
    }
}

// proves: SYN-09
pub async fn given_another_version_then_conflict_and_nothing_written<B: Backend>(store: B) {
    let log = store.open(Options::default()).await.unwrap();
    let early = put(&log, append(&stream(1), 1, &key("early"), &[PLAIN])).await;
    assert_eq!(early, Appended::Conflict { head: 0 });
    written(put(&log, append(&stream(1), 0, &key("a"), &[PLAIN, PLAIN])).await);
    for expected in [0, 1, 3, u64::MAX] {
        let late = put(&log, append(&stream(1), expected, &new_key(), &[PLAIN])).await;
        assert_eq!(late, Appended::Conflict { head: 2 }, "expected {expected}");
    }
    assert_eq!(all(&log).await.len(), 2);
}

// proves: SYN-09
pub async fn given_many_writers_then_each_version_is_one_writers<B: Backend>(store: B) {
    const WRITERS: usize = 12;
    const VERSIONS: u64 = 10;
    let first = store.open(Options::default()).await.unwrap();
    let second = store.beside(&first).await;
    for version in 0..VERSIONS {
        let race = (0..WRITERS).map(|writer| {
            let log = Arc::clone(if writer % 2 == 0 { &first } else { &second });
            tokio::spawn(async move {
                put(&log, append(&stream(1), version, &new_key(), &[PLAIN])).await
            })
        });
        let mut wins = 0;
        for outcome in futures::future::join_all(race).await {
            match outcome.unwrap() {
                Appended::Written(_) => wins += 1,
                lost => assert_eq!(lost, Appended::Conflict { head: version + 1 }),
            }
        }
        assert_eq!(wins, 1, "version {}", version + 1);
    }
    assert_eq!(all(&second).await.len(), usize::try_from(VERSIONS).unwrap());
}

// proves: ECO-14
pub async fn given_a_repeated_append_then_duplicate_wherever_the_stream_is<B: Backend>(store: B) {
    let log = store.open(Options::default()).await.unwrap();
    let again = |expected| append(&stream(1), expected, &key("a"), &[PLAIN, PLAIN]);
    let events = written(put(&log, again(0)).await);
    for expected in [0, 1, 2, 3] {
        assert_eq!(put(&log, again(expected)).await, Appended::Duplicate, "expected {expected}");
    }
    // Another stream's key is another key.
    written(put(&log, append(&stream(2), 0, &key("a"), &[PLAIN])).await);
    let other = store.beside(&log).await;
    assert_eq!(put(&other, again(0)).await, Appended::Duplicate);
    assert_eq!(log.read_stream(&stream(1), 0, 10).await.unwrap(), events);
    // It goes on.
    written(put(&log, append(&stream(1), 2, &key("b"), &[PLAIN])).await);
}

// proves: ECO-14
pub async fn given_one_key_from_two_handles_at_once_then_written_once<B: Backend>(store: B) {
    let first = store.open(Options::default()).await.unwrap();
    let second = store.beside(&first).await;
    for round in 0..20 {
        let key = key(&format!("round {round}"));
        let (one, two) = tokio::join!(
            put(&first, append(&stream(1), round, &key, &[PLAIN])),
            put(&second, append(&stream(1), round, &key, &[PLAIN])),
        );
        let wins = [&one, &two].iter().filter(|o| matches!(o, Appended::Written(_))).count();
        assert_eq!(wins, 1, "{one:?} {two:?}");
        assert!([one, two].contains(&Appended::Duplicate));
    }
    assert_eq!(all(&first).await.len(), 20);
}

// proves: ECO-14
pub async fn given_one_key_twice_in_a_batch_then_written_once<B: Backend>(store: B) {
    let gate = Gate::default();
    let log = store.open(gate.options()).await.unwrap();
    for (round, second_expects) in [(1, 0), (2, 1)] {
        gate.close();
        let held = tokio::spawn({
            let log = Arc::clone(&log);
            async move { put(&log, append(&stream(9), round - 1, &new_key(), &[PLAIN])).await }
        });
        gate.reached().await;
        let key = key("twice");
        let place = |append| async { log.appender().reserve().await.unwrap().fill(append) };
        let first = place(append(&stream(round), 0, &key, &[PLAIN])).await;
        let second = place(append(&stream(round), second_expects, &key, &[PLAIN])).await;
        let after = place(append(&stream(round + 10), 0, &key, &[PLAIN])).await;
        gate.open();
        written(first.outcome().await.unwrap());
        assert_eq!(second.outcome().await.unwrap(), Appended::Duplicate);
        written(after.outcome().await.unwrap());
        written(held.await.unwrap());
    }
    let positions: Vec<_> = all(&log).await.iter().map(|event| event.position.0).collect();
    assert_eq!(positions, (1..=6).collect::<Vec<_>>());
}

pub async fn given_a_conflict_in_a_batch_then_the_other_streams_are_written<B: Backend>(store: B) {
    let gate = Gate::default();
    let log = store.open(gate.options()).await.unwrap();
    written(put(&log, append(&stream(1), 0, &key("there before"), &[PLAIN])).await);
    gate.close();
    let mut held = vec![log.appender().reserve().await.unwrap().fill(append(
        &stream(0),
        0,
        &new_key(),
        &[PLAIN],
    ))];
    gate.reached().await;
    // All of these are one batch now: the writer waits with another one.
    for number in 1..=20 {
        let place = log.appender().reserve().await.unwrap();
        held.push(place.fill(append(&stream(number), 0, &key("batch"), &[PLAIN, PLAIN])));
    }
    let place = log.appender().reserve().await.unwrap();
    held.push(place.fill(append(&stream(2), 0, &key("there before"), &[PLAIN])));
    let place = log.appender().reserve().await.unwrap();
    held.push(place.fill(append(&stream(1), 9, &key("there before"), &[PLAIN])));
    gate.open();
    let mut outcomes = Vec::new();
    for pending in held {
        outcomes.push(pending.outcome().await.unwrap());
    }
    assert_eq!(outcomes[1], Appended::Conflict { head: 1 });
    assert_eq!(outcomes[21], Appended::Conflict { head: 2 });
    assert_eq!(outcomes[22], Appended::Duplicate);
    for (number, outcome) in outcomes.iter().enumerate().take(21).skip(2) {
        assert!(matches!(outcome, Appended::Written(_)), "stream {number}: {outcome:?}");
    }
    let positions: Vec<_> = all(&log).await.iter().map(|event| event.position.0).collect();
    assert_eq!(positions, (1..=40).collect::<Vec<_>>());
}

pub async fn given_nothing_to_write_then_only_the_version_is_checked<B: Backend>(store: B) {
    let log = store.open(Options::default()).await.unwrap();
    written(put(&log, append(&stream(1), 0, &key("a"), &[PLAIN])).await);
    let check = |expected, key: &str| append(&stream(1), expected, &self::key(key), &[]);
    assert_eq!(put(&log, check(1, "b")).await, Appended::Unchanged);
    assert_eq!(put(&log, check(0, "b")).await, Appended::Conflict { head: 1 });
    assert_eq!(put(&log, check(1, "a")).await, Appended::Duplicate);
    let other = store.beside(&log).await;
    written(put(&other, append(&stream(1), 1, &key("c"), &[PLAIN])).await);
    assert_eq!(put(&log, check(1, "b")).await, Appended::Conflict { head: 2 });
    assert_eq!(put(&log, check(2, "b")).await, Appended::Unchanged);
    assert_eq!(all(&log).await.len(), 2);
}

pub async fn given_events_at_the_limit_then_written_and_over_it_refused<B: Backend>(store: B) {
    let log = store.open(Options::default()).await.unwrap();
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let (at, over) = (text(MAX_EVENT_BYTES), text(MAX_EVENT_BYTES + 1));
    let events = written(put(&log, append(&stream(1), 0, &key("at"), &[&at])).await);
    assert_eq!(events[0].payload.len(), MAX_EVENT_BYTES);
    let refused = log.appender().append(append(&stream(1), 1, &key("over"), &[&over])).await;
    let LogError::TooLarge { size, limit } = refused.unwrap_err() else { panic!("another error") };
    assert_eq!((size, limit), (MAX_EVENT_BYTES + 1, MAX_EVENT_BYTES));

    // Four of them fit but for their metadata, which counts as well.
    let share = MAX_APPEND_BYTES / 4 - metadata(&key("whole")).len();
    let quarter = text(share);
    let whole = append(&stream(1), 1, &key("whole"), &[&*quarter; 4]);
    assert_eq!(whole.size_bytes(), MAX_APPEND_BYTES);
    written(put(&log, whole).await);
    let more = text(share + 1);
    let over = append(&stream(1), 5, &key("more!"), &[&quarter, &quarter, &quarter, &more]);
    let refused = log.appender().append(over).await;
    assert!(matches!(refused, Err(LogError::TooLarge { .. })), "{refused:?}");
    let stored = log.read_stream(&stream(1), 0, 10).await.unwrap();
    assert_eq!(stored.len(), 5);
    assert_eq!(*stored[4].payload, *quarter);
}

pub async fn given_any_text_then_its_exact_bytes_come_back<B: Backend>(store: B) {
    let texts = [
        r#"{ "z" : 1,   "a":2, "z2":{"b":1.0,"a":1e3} }"#,
        "{\"key\":\t\"tab and\\nnewline\",\n\"twice\":1,\"twice\":2}",
        r#"{"nul":"a\u0000b","surrogate":"\ud83d","escaped":"\u00e9"}"#,
        r#"{"emoji":"👩‍👩‍👧‍👦🏳️‍🌈","rtl":"‏שלום مرحبا‎","combining":"é","astral":"𝔸"}"#,
        r#"{"big":18446744073709551615,"small":-0.0,"long":0.1000000000000000055511151231257827}"#,
        "[]",
        "\"\u{feff}bom, \u{2028} separators \u{fffd}\"",
    ];
    let log = store.open(Options::default()).await.unwrap();
    let odd = key("schlüssel/🔑/مفتاح");
    let before = written(put(&log, append(&stream(1), 0, &odd, &texts)).await);
    let check = |events: Vec<Recorded>| {
        for (event, text) in events.iter().zip(texts) {
            assert_eq!(&*event.payload, text);
            assert_eq!(event.metadata, metadata(&odd));
            event.verify().unwrap();
        }
        assert_eq!(events, before);
    };
    check(log.read_stream(&stream(1), 0, 100).await.unwrap());
    check(log.read_guild(guild(1), 0, 100).await.unwrap());
    check(all(&log).await);
    assert_eq!(before[0].metadata().unwrap().key, odd);
    log.shutdown().await;
    drop(log);
    check(all(&store.open(Options::default()).await.unwrap()).await);
}

pub async fn given_a_stream_name_that_no_store_can_hold_then_refused_for_itself<B: Backend>(
    store: B,
) {
    let gate = Gate::default();
    let log = store.open(gate.options()).await.unwrap();
    gate.close();
    let place = |append| async { log.appender().reserve().await.unwrap().fill(append) };
    let held = place(append(&stream(9), 0, &new_key(), &[PLAIN])).await;
    gate.reached().await;
    let mut refused = Vec::new();
    for part in ["a\0b", "", "a\nb", &"x".repeat(201)] {
        let bad = StreamId::part("test", guild(1), part);
        refused.push(place(append(&bad, 0, &new_key(), &[PLAIN])).await);
    }
    let odd = StreamId::part("test", guild(1), "Ünï/cödé 🎉");
    let fine = place(append(&odd, 0, &new_key(), &[PLAIN])).await;
    gate.open();
    for pending in refused {
        let error = pending.outcome().await.unwrap_err();
        assert!(error.to_string().contains("part of a stream's name"), "{error}");
    }
    written(held.outcome().await.unwrap());
    written(fine.outcome().await.unwrap());
    assert_eq!(log.read_stream(&odd, 0, 10).await.unwrap()[0].stream, odd);
}

pub async fn given_several_guilds_then_each_is_read_by_itself<B: Backend>(store: B) {
    let log = store.open(Options::default()).await.unwrap();
    let other = store.beside(&log).await;
    for round in 0..10 {
        for number in 1..=3 {
            let log = if round % 2 == 0 { &log } else { &other };
            let case = StreamId::part("case", guild(number), &round.to_string());
            written(put(log, append(&stream(number), round, &new_key(), &[PLAIN])).await);
            written(put(log, append(&case, 0, &new_key(), &[PLAIN; 2])).await);
        }
    }
    for number in 1..=3 {
        let mut seen = Vec::new();
        loop {
            let after = seen.last().map_or(0, |event: &Recorded| event.guild_seq);
            let page = log.read_guild(guild(number), after, 7).await.unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() == 7 || after == 28);
            seen.extend(page);
        }
        assert!(seen.iter().all(|event| event.guild() == guild(number)));
        let seqs: Vec<_> = seen.iter().map(|event| event.guild_seq).collect();
        assert_eq!(seqs, (1..=30).collect::<Vec<_>>());
        assert!(seen.is_sorted_by_key(|event| event.position));
    }
    assert!(log.read_guild(guild(4), 0, 10).await.unwrap().is_empty());
    assert_eq!(log.stream_head(&stream(4)).await.unwrap(), 0);
}

pub async fn given_a_clock_that_goes_back_then_times_do_not<B: Backend>(store: B) {
    let hand = HandClock::at(1000);
    let options = Options { clock: hand.clock(), ..Options::default() };
    let log = store.open(options.clone()).await.unwrap();
    let put_at = async |log: &Arc<dyn EventLog>, version, secs| {
        hand.set(secs);
        let events = written(put(log, append(&stream(1), version, &new_key(), &[PLAIN])).await);
        events[0].at.as_secs()
    };
    assert_eq!(put_at(&log, 0, 1000).await, 1000);
    assert_eq!(put_at(&log, 1, 400).await, 1000);
    assert_eq!(put_at(&log, 2, 1001).await, 1001);
    log.shutdown().await;
    drop(log);
    let log = store.open(options).await.unwrap();
    assert_eq!(put_at(&log, 3, 900).await, 1001);
}

// proves: OPS-17
pub async fn given_a_restart_then_everything_goes_on_where_it_was<B: Backend>(store: B) {
    let log = store.open(Options::default()).await.unwrap();
    for version in 0..5 {
        written(put(&log, append(&stream(1), version, &new_key(), &[PLAIN])).await);
        written(put(&log, append(&stream(2), version, &new_key(), &[PLAIN])).await);
    }
    let before = all(&log).await;
    log.shutdown().await;
    let refused = log.appender().append(append(&stream(1), 5, &new_key(), &[PLAIN])).await;
    assert!(matches!(refused, Err(LogError::ShuttingDown)), "{refused:?}");
    assert_eq!(all(&log).await, before, "reading goes on");
    drop(log);
    let log = store.open(Options::default()).await.unwrap();
    assert_eq!(all(&log).await, before);
    assert_eq!(*log.watch().borrow(), Position(10));
    let next = written(put(&log, append(&stream(1), 5, &new_key(), &[PLAIN])).await);
    assert_eq!((next[0].position, next[0].version, next[0].guild_seq), (Position(11), 6, 6));
}
