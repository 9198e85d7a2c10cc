//! Damage: refused where a database can refuse, recognised where it cannot.

use super::{
    Backend, Options, Tamper,
    appending::{all, put, written},
    given::{House, append, guild, key, new_key, request, stream},
    notes::{self, Event, Notes},
};
use crate::{
    codec,
    envelope::{Position, StreamId},
    log::{LogError, Slice},
};

fn notes_stream() -> StreamId {
    StreamId::of_guild("notes", guild(1))
}

// proves: SYN-07
pub async fn given_stored_events_then_every_change_is_refused<B: Backend>(store: B) {
    let log = store.open(Options::default()).await.unwrap();
    written(put(&log, append(&stream(1), 0, &key("a"), &["{}", "{}", "{}"])).await);
    let before = all(&log).await;
    let tried = store.try_to_change(&before[1]).await;
    assert!(!tried.is_empty());
    for (attempt, refused) in tried {
        assert!(refused, "{attempt} was let through");
    }
    assert_eq!(all(&log).await, before);
}

pub async fn given_a_tampered_payload_then_corrupt<B: Backend>(store: B) {
    let house = House::new(store).await;
    for text in ["one", "two"] {
        let request = request(&new_key());
        house.bus.execute::<Notes>(&notes_stream(), &notes::write(text), &request).await.unwrap();
    }
    let events = all(&house.log).await;
    let lie = r#"{"written":{"text":"lie"}}"#;
    if !house.store.tamper(&events[0], Tamper::Payload(lie)).await {
        return;
    }
    let read = all(&house.log).await;
    let error = codec::decode::<Event>(&read[0]).unwrap_err();
    assert!(matches!(error, LogError::Corrupt(_)), "{error:?}");
    assert!(error.to_string().contains("does not match its hash"), "{error}");
    assert!(error.to_string().contains(&events[0].id.to_string()), "{error}");
    codec::decode::<Event>(&read[1]).unwrap();
    // Nobody decides on what is not what was written.
    let bus = house.new_bus(crate::BusOptions::default());
    let refused =
        bus.execute::<Notes>(&notes_stream(), &notes::write("three"), &request(&new_key())).await;
    assert!(matches!(refused, Err(crate::CommandError::Log(LogError::Corrupt(_)))), "{refused:?}");
    assert_eq!(all(&house.log).await.len(), 2);
}

pub async fn given_a_broken_row_then_corrupt<B: Backend>(store: B) {
    let log = store.open(Options::default()).await.unwrap();
    written(put(&log, append(&stream(1), 0, &key("a"), &["{}", "{}", "{}"])).await);
    let events = all(&log).await;
    if !store.tamper(&events[1], Tamper::Stream).await {
        return;
    }
    let error = log.read_all(Position::START, 10, Slice::ALL).await.unwrap_err();
    assert!(matches!(error, LogError::Corrupt(_)), "{error:?}");
    // The others are read.
    assert_eq!(log.read_all(Position::START, 1, Slice::ALL).await.unwrap().events, events[..1]);
    assert_eq!(log.read_all(Position(2), 10, Slice::ALL).await.unwrap().events, events[2..]);
}

pub async fn given_an_unknown_type_then_unknown_type<B: Backend>(store: B) {
    let house = House::new(store).await;
    let mut newer = append(&notes_stream(), 0, &key("a"), &[r#"{"sung":{}}"#]);
    newer.events[0].event_type = domain::EventType::new("notes.sung", 3);
    written(put(&house.log, newer).await);
    let error = codec::decode::<Event>(&all(&house.log).await[0]).unwrap_err();
    let LogError::UnknownType { name, version } = &error else { panic!("{error:?}") };
    assert_eq!((&**name, *version), ("notes.sung", 3));
    assert!(error.to_string().contains("install the version that wrote it"), "{error}");
    let refused =
        house.bus.execute::<Notes>(&notes_stream(), &notes::write("x"), &request(&new_key())).await;
    let unknown = matches!(&refused, Err(crate::CommandError::Log(LogError::UnknownType { .. })));
    assert!(unknown, "{refused:?}");
}

pub async fn given_a_log_of_a_newer_reeve_then_it_is_not_opened<B: Backend>(store: B) {
    let log = store.open(Options::default()).await.unwrap();
    written(put(&log, append(&stream(1), 0, &key("a"), &["{}"])).await);
    log.shutdown().await;
    drop(log);
    store.pretend_contract(99).await;
    let error = store.open(Options::default()).await.unwrap_err();
    let LogError::NewerThanBinary { log, ours } = error else { panic!("{error:?}") };
    assert_eq!((log, ours), (99, crate::contract_version()));
    assert!(error.to_string().contains("install that version or a newer one"), "{error}");
    store.pretend_contract(ours).await;
    assert_eq!(all(&store.open(Options::default()).await.unwrap()).await.len(), 1);
}
