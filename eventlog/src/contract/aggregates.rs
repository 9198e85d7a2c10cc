//! Many aggregates and many commands: bounded, and nothing lost at the end.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use super::{
    Backend, Options,
    appending::{all, written},
    commands::{ask, notes_stream},
    given::{Gate, House, append, eventually, guild, look, new_key, request, soon, stream},
    notes::{self, Notes},
};
use crate::{BusOptions, CommandError, envelope::StreamId, log::LogError};

pub async fn given_a_thousand_commands_and_a_queue_of_64_then_never_more_wait<B: Backend>(
    store: B,
) {
    let gate = Gate::default();
    let house = House::with(store, Options { queue: 64, ..gate.options() }).await;
    ask(&house.bus, &notes::write("first")).await.unwrap();
    gate.close();
    let asked: Vec<_> = (0..1000_u32)
        .map(|number| {
            let bus = house.bus.clone();
            tokio::spawn(async move { ask(&bus, &notes::write(number.to_string())).await })
        })
        .collect();
    gate.reached().await;
    let appender = house.log.appender().clone();
    eventually("the queue fills", async || appender.queued() == 64).await;
    let (most, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let watching = tokio::spawn({
        let (most, done) = (Arc::clone(&most), Arc::clone(&done));
        async move {
            while !done.load(Ordering::SeqCst) {
                most.fetch_max(appender.queued(), Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        }
    });
    gate.open();
    for answer in futures::future::join_all(asked).await {
        answer.unwrap().unwrap();
    }
    done.store(true, Ordering::SeqCst);
    watching.await.unwrap();
    assert!(most.load(Ordering::SeqCst) <= 64);
    assert_eq!(house.log.stream_head(&notes_stream()).await.unwrap(), 1001);
    assert_eq!(house.log.appender().queued(), 0);
}

// proves: OPS-09, SYN-07
pub async fn given_a_shutdown_then_everything_accepted_is_written_and_nothing_more_taken<
    B: Backend,
>(
    store: B,
) {
    let gate = Gate::default();
    let house = House::with(store, Options { queue: 64, ..gate.options() }).await;
    ask(&house.bus, &notes::write("first")).await.unwrap();
    gate.close();
    let asked: Vec<_> = (0..300_u32)
        .map(|number| {
            let bus = house.bus.clone();
            tokio::spawn(async move { ask(&bus, &notes::write(number.to_string())).await })
        })
        .collect();
    gate.reached().await;
    eventually("the queue fills", async || house.log.appender().queued() == 64).await;
    let shutting = [house.bus.clone(), house.bus.clone()]
        .map(|bus| tokio::spawn(async move { bus.shutdown().await }));
    // The writer is told before it goes on; both of those who ask wait for its end.
    gate.open();
    for shutting in shutting {
        soon("the end", shutting).await.unwrap();
        assert_eq!(house.log.appender().queued(), 0);
    }
    let written = all(&house.log).await;
    let mut answered = HashSet::from([written[0].id]);
    for answer in futures::future::join_all(asked).await {
        match answer.unwrap() {
            Ok(decision) => assert!(answered.insert(decision.recorded[0].id)),
            Err(CommandError::Log(LogError::ShuttingDown)) => {}
            Err(error) => panic!("neither done nor refused: {error}"),
        }
    }
    let stored: HashSet<_> = written.iter().map(|event| event.id).collect();
    assert_eq!(stored, answered);
    assert!(stored.len() >= 65, "what waited was written");
    let late = ask(&house.bus, &notes::write("late")).await.unwrap_err();
    assert!(matches!(late, CommandError::Log(LogError::ShuttingDown)), "{late:?}");
    assert!(late.to_string().contains("repeat the command"), "{late}");
    let house = house.restarted().await;
    assert_eq!(all(&house.log).await, written);
}

// proves: OPS-09
pub async fn given_a_place_taken_before_the_shutdown_then_its_append_is_written<B: Backend>(
    store: B,
) {
    let log = store.open(Options::default()).await.unwrap();
    let place = log.appender().reserve().await.unwrap();
    let shutting = tokio::spawn({
        let log = Arc::clone(&log);
        async move { log.shutdown().await }
    });
    // Nobody else gets a place any more, but this one is ours.
    eventually("the log shuts", async || log.appender().reserve().await.is_err()).await;
    let pending = place.fill(append(&stream(1), 0, &new_key(), &["{}"]));
    written(pending.outcome().await.unwrap());
    soon("the end", shutting).await.unwrap();
    assert_eq!(all(&log).await.len(), 1);
}

pub async fn given_many_aggregates_then_the_cache_keeps_its_size<B: Backend>(store: B) {
    const LIMIT: usize = 64 * 1024;
    let house = House::new(store).await;
    let bus = house.new_bus(BusOptions { cache_bytes: LIMIT, ..BusOptions::default() });
    let note = |number: u32| StreamId::part("notes", guild(1), &number.to_string());
    let asked = (0..200).map(|number| {
        let bus = bus.clone();
        tokio::spawn(async move {
            for text in ["x".repeat(1000), number.to_string()] {
                bus.execute::<Notes>(&note(number), &notes::write(text), &request(&new_key()))
                    .await
                    .unwrap();
            }
        })
    });
    for one in futures::future::join_all(asked).await {
        one.unwrap();
    }
    for number in 0..200 {
        let last = look::<Notes, _>(&bus, note(number), |state, _| state.texts.last().cloned());
        assert_eq!(last.await, Some(number.to_string()));
        let (slots, bytes) = bus.cache_use();
        assert!(bytes <= LIMIT + 2048, "{slots} aggregates take {bytes} bytes");
        assert!(slots > 10, "{slots}: those that fit are kept");
    }
}
