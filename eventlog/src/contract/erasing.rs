//! Erasing: it happens once it was asked for, whatever comes in between.

use domain::{
    PersonId,
    people::{Erase, Event},
};

use super::{
    Backend,
    appending::all,
    given::{House, guild, key, request},
    people::{notes_stream, user},
};
use crate::{Bus, CommandError, codec, envelope::StreamId, finish_erasures, people::PeopleError};

/// Whom the log says to be erased.
async fn recorded<B: Backend>(house: &House<B>) -> Vec<PersonId> {
    let events = all(&house.log).await;
    let events = events.iter().filter(|event| event.stream.category() == "people");
    events
        .map(|event| {
            let Event::PersonErased { person } = codec::decode(event).unwrap();
            person
        })
        .collect()
}

/// The second step alone.
async fn record(bus: &Bus, person: PersonId) {
    let stream = StreamId::of_guild("people", guild(1));
    let request = request(&key(&format!("erase/{}", person.0)));
    bus.execute::<domain::people::People>(&stream, &Erase { person }, &request).await.unwrap();
}

pub async fn given_an_erasure_then_the_log_says_so_and_repeating_changes_nothing<B: Backend>(
    store: B,
) {
    let house = House::new(store).await;
    let ann = house.people.person(guild(1), user(100)).await.unwrap();
    let decision = house.bus.erase_person(guild(1), ann).await.unwrap();
    assert_eq!(decision.events, [Event::PersonErased { person: ann }]);
    assert_eq!(house.people.user(guild(1), ann).await.unwrap(), None);
    let again = house.bus.erase_person(guild(1), ann).await.unwrap();
    assert!(again.repeated);
    assert_eq!(house.people.erasures().all().unwrap().len(), 1);
    assert_eq!(recorded(&house).await, [ann]);
    assert_eq!(finish_erasures(&house.bus).await.unwrap(), 0);
}

pub async fn given_nobody_of_that_number_then_nothing_is_erased<B: Backend>(store: B) {
    let house = House::new(store).await;
    let refused = house.bus.erase_person(guild(1), PersonId(9)).await;
    let no_key = matches!(&refused, Err(CommandError::People(PeopleError::NoKey { .. })));
    assert!(no_key, "{refused:?}");
    assert!(house.people.erasures().all().unwrap().is_empty());
    assert!(all(&house.log).await.is_empty());
}

pub async fn given_a_crash_after_any_step_then_the_erasure_is_finished<B: Backend>(store: B) {
    let mut house = House::new(store).await;
    for (steps, to_finish) in [(1, 1), (2, 0), (3, 0)] {
        let person = house.people.person(guild(1), user(100 + steps)).await.unwrap();
        let other = house.people.person(guild(1), user(999)).await.unwrap();
        house.people.list_erasure(guild(1), person).unwrap();
        if steps >= 2 {
            record(&house.bus, person).await;
        }
        if steps >= 3 {
            house.people.destroy(guild(1), person).await.unwrap();
        }
        // The end of the process, and another one.
        house = house.restarted().await;
        assert_eq!(house.people.user(guild(1), person).await.unwrap(), None, "after {steps}");
        assert_eq!(house.people.find(guild(1), user(100 + steps)).await.unwrap(), None);
        assert_eq!(finish_erasures(&house.bus).await.unwrap(), to_finish, "after {steps}");
        assert_eq!(finish_erasures(&house.bus).await.unwrap(), 0);
        assert_eq!(recorded(&house).await.last(), Some(&person));
        assert_eq!(house.people.user(guild(1), other).await.unwrap(), Some(user(999)));
    }
    assert_eq!(recorded(&house).await.len(), 3);
    assert_eq!(house.people.erasures().all().unwrap().len(), 3);
    // Asked for again after a crash, it does what is left.
    let person = house.people.person(guild(1), user(200)).await.unwrap();
    house.people.list_erasure(guild(1), person).unwrap();
    let decision = house.bus.erase_person(guild(1), person).await.unwrap();
    assert!(!decision.repeated);
    assert_eq!(house.people.user(guild(1), person).await.unwrap(), None);
    assert_eq!(house.people.erasures().all().unwrap().len(), 4);
}

pub async fn given_a_reader_during_the_erasure_then_nobody_comes_back_from_a_cache<B: Backend>(
    store: B,
) {
    let house = House::new(store).await;
    for round in 0..10 {
        let user = user(100 + round);
        let person = house.people.person(guild(1), user).await.unwrap();
        let readers = (0..8).map(|reader| {
            let people = std::sync::Arc::clone(&house.people);
            tokio::spawn(async move {
                for _ in 0..20 {
                    if reader % 2 == 0 {
                        let _ = people.key(guild(1), person).await;
                    } else {
                        let _ = people.find(guild(1), user).await;
                    }
                }
            })
        });
        let readers: Vec<_> = readers.collect();
        house.bus.erase_person(guild(1), person).await.unwrap();
        assert!(house.people.cached_key(guild(1), person).is_none());
        for reader in readers {
            reader.await.unwrap();
        }
        assert!(house.people.cached_key(guild(1), person).is_none());
        let gone = house.people.key(guild(1), person).await;
        assert!(matches!(gone, Err(PeopleError::NoKey { .. })));
        assert_ne!(house.people.person(guild(1), user).await.unwrap(), person);
    }
    assert!(house.log.read_stream(&notes_stream(), 0, 1).await.unwrap().is_empty());
}
