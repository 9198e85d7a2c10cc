//! Snapshots: used where they fit, thrown away freely.

use std::sync::Arc;

use super::{
    Backend,
    commands::{ask, notes_stream},
    given::{House, eventually},
    notes::{self, Notes, State},
};
use crate::{BusOptions, envelope::EventHash, snapshots::Snapshot};

/// A house with five notes, and a snapshot of the first three that says something else, so that
/// it is seen whether it was used.
async fn with_a_telltale_snapshot<B: Backend>(
    store: B,
    hash: impl FnOnce(EventHash) -> EventHash,
) -> House<B> {
    let house = House::new(store).await;
    for number in 1..=5 {
        ask(&house.bus, &notes::write(number.to_string())).await.unwrap();
    }
    let third = &house.log.read_stream(&notes_stream(), 2, 1).await.unwrap()[0];
    let state = State { texts: vec!["telltale".to_owned()], secrets: 0 };
    let snapshot = Snapshot {
        version: 3,
        last_hash: hash(third.hash),
        bytes: postcard::to_stdvec(&state).unwrap(),
    };
    house.store.snapshots().save(&notes_stream(), 1, &snapshot).await.unwrap();
    house
}

async fn texts<const FORMAT: u32, B: Backend>(house: &House<B>) -> Vec<String> {
    let bus = house.new_bus(BusOptions::default());
    bus.read::<Notes<FORMAT>, _>(&notes_stream(), |state, _| state.texts.clone()).await.unwrap()
}

pub async fn given_a_snapshot_then_reloading_begins_from_it<B: Backend>(store: B) {
    let house = with_a_telltale_snapshot(store, |hash| hash).await;
    assert_eq!(texts::<1, B>(&house).await, ["telltale", "4", "5"]);
    house.store.snapshots().forget(&notes_stream()).await.unwrap();
    assert_eq!(texts::<1, B>(&house).await, ["1", "2", "3", "4", "5"]);
}

pub async fn given_a_snapshot_of_another_format_then_it_is_not_used<B: Backend>(store: B) {
    let house = with_a_telltale_snapshot(store, |hash| hash).await;
    assert_eq!(texts::<2, B>(&house).await, ["1", "2", "3", "4", "5"]);
}

pub async fn given_a_snapshot_of_another_history_then_it_is_not_used<B: Backend>(store: B) {
    let house = with_a_telltale_snapshot(store, |_| EventHash([7; 32])).await;
    assert_eq!(texts::<1, B>(&house).await, ["1", "2", "3", "4", "5"]);
    // Nor one of a future that this log does not have.
    let last = &house.log.read_stream(&notes_stream(), 4, 1).await.unwrap()[0];
    let ahead = Snapshot { version: 9, last_hash: last.hash, bytes: vec![0, 0] };
    house.store.snapshots().save(&notes_stream(), 1, &ahead).await.unwrap();
    assert_eq!(texts::<1, B>(&house).await, ["1", "2", "3", "4", "5"]);
    // Nor one whose bytes are no state.
    let broken = Snapshot { version: 5, last_hash: last.hash, bytes: vec![255; 3] };
    house.store.snapshots().save(&notes_stream(), 1, &broken).await.unwrap();
    assert_eq!(texts::<1, B>(&house).await, ["1", "2", "3", "4", "5"]);
}

pub async fn given_many_events_then_a_snapshot_is_made_and_may_be_thrown_away<B: Backend>(
    store: B,
) {
    let house = House::new(store).await;
    let bus = house.new_bus(BusOptions { snapshot_every: 10, ..BusOptions::default() });
    // Larger than one chunk.
    let text = "x".repeat(100_000);
    for _ in 0..12 {
        ask(&bus, &notes::write(text.as_str())).await.unwrap();
    }
    let snapshots = house.store.snapshots();
    let load = async || snapshots.load(&*house.log, &notes_stream(), 1).await.unwrap();
    eventually("a snapshot", async || load().await.is_some()).await;
    let snapshot = load().await.unwrap();
    assert!((10..=12).contains(&snapshot.version), "{}", snapshot.version);
    let state: State = postcard::from_bytes(&snapshot.bytes).unwrap();
    assert_eq!(state.texts.len() as u64, snapshot.version);
    assert_eq!(texts::<1, B>(&house).await, vec![text.clone(); 12]);
    snapshots.forget(&notes_stream()).await.unwrap();
    let log = Arc::clone(&house.log);
    assert_eq!(snapshots.load(&*log, &notes_stream(), 1).await.unwrap(), None);
    assert_eq!(texts::<1, B>(&house).await, vec![text; 12]);
}
