//! The people registry: numbers, keys, backups, the list of erasures.

use std::{collections::HashSet, io::Write as _, path::PathBuf, sync::Arc};

use domain::{PersonId, Personal, Timestamp, UserId};

use super::{
    Backend, DebugClock, Keys,
    given::{HandClock, House, guild, new_key, request},
    notes::{Command, Event, Notes},
};
use crate::{
    CommandError, codec,
    envelope::StreamId,
    people::{MasterKey, PeopleError, backup},
};

pub fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

pub fn notes_stream() -> StreamId {
    StreamId::of_guild("notes", guild(1))
}

fn other_key() -> MasterKey {
    MasterKey::parse(&"a7".repeat(32)).unwrap()
}

fn keys_at(clock: &HandClock) -> Keys {
    Keys { clock: DebugClock(clock.clock()), ..Keys::default() }
}

// proves: SYN-09
pub async fn given_many_at_once_in_two_registries_then_each_user_has_one_number<B: Backend>(
    store: B,
) {
    const USERS: u32 = 25;
    let registries = [
        Arc::new(store.people(Keys::default()).await.unwrap()),
        Arc::new(store.people(Keys::default()).await.unwrap()),
    ];
    let asked = (0..u64::from(USERS) * 4).map(|number| {
        let people = Arc::clone(if number % 2 == 0 { &registries[0] } else { &registries[1] });
        // Both registries are asked for each user, twice.
        let user = user(1 + number / 4);
        tokio::spawn(async move { (user, people.person(guild(1), user).await.unwrap()) })
    });
    let mut given = std::collections::HashMap::new();
    for one in futures::future::join_all(asked).await {
        let (user, person) = one.unwrap();
        assert_eq!(*given.entry(user).or_insert(person), person, "{user} has two numbers");
    }
    let numbers: HashSet<_> = given.values().map(|person| person.0).collect();
    assert_eq!(numbers, (1..=USERS).collect());
    // Another guild counts for itself.
    assert_eq!(registries[0].person(guild(2), user(1)).await.unwrap(), PersonId(1));
    assert_eq!(registries[1].count().await.unwrap(), u64::from(USERS) + 1);
    for (user, person) in given {
        assert_eq!(registries[1].user(guild(1), person).await.unwrap(), Some(user));
    }
}

pub async fn given_a_restart_then_numbers_and_keys_are_as_before<B: Backend>(store: B) {
    let people = store.people(Keys::default()).await.unwrap();
    let ann = people.person(guild(1), user(100)).await.unwrap();
    let ben = people.person(guild(1), user(200)).await.unwrap();
    let event = domain::EventId(uuid::Uuid::from_u128(7));
    let sealed = people
        .key(guild(1), ann)
        .await
        .unwrap()
        .seal_field(ann, event, "reason", b"\"why\"")
        .unwrap();
    drop(people);
    let people = store.people(Keys::default()).await.unwrap();
    assert_eq!(people.find(guild(1), user(100)).await.unwrap(), Some(ann));
    assert_eq!(people.person(guild(1), user(200)).await.unwrap(), ben);
    assert_eq!(people.person(guild(1), user(300)).await.unwrap(), PersonId(3));
    assert_eq!(people.find(guild(2), user(100)).await.unwrap(), None);
    let there = people.person(guild(240), user(100)).await.unwrap();
    let guilds: Vec<_> = (1..=250).map(guild).collect();
    let found = people.find_in(&guilds, user(100)).await.unwrap();
    assert_eq!(found, [(guild(1), ann), (guild(240), there)]);
    assert_eq!(people.find_in(&guilds, user(999)).await.unwrap(), []);
    let key = people.key(guild(1), ann).await.unwrap();
    assert_eq!(key.open_field(&sealed, event, "reason").unwrap(), b"\"why\"");
    let key = people.key(guild(1), ben).await.unwrap();
    assert_eq!(key.open_field(&sealed, event, "reason"), None);
}

pub async fn given_an_erased_person_then_the_number_is_never_given_again<B: Backend>(store: B) {
    let house = House::new(store).await;
    let ann = house.people.person(guild(1), user(100)).await.unwrap();
    let ben = house.people.person(guild(1), user(200)).await.unwrap();
    house.bus.erase_person(guild(1), ben).await.unwrap();
    // Who comes back is somebody new.
    assert_eq!(house.people.find(guild(1), user(200)).await.unwrap(), None);
    assert_eq!(house.people.person(guild(1), user(200)).await.unwrap(), PersonId(3));
    house.bus.erase_person(guild(1), PersonId(3)).await.unwrap();
    house.bus.erase_person(guild(1), ann).await.unwrap();
    let house = house.restarted().await;
    assert_eq!(house.people.count().await.unwrap(), 0);
    assert_eq!(house.people.person(guild(1), user(100)).await.unwrap(), PersonId(4));
}

pub async fn given_sealed_text_then_it_opens_until_its_owner_is_erased<B: Backend>(store: B) {
    let house = House::new(store).await;
    let ann = house.people.person(guild(1), user(100)).await.unwrap();
    let ben = house.people.person(guild(1), user(200)).await.unwrap();
    for (owner, text) in [(ann, "ann's secret 🤫"), (ben, "ben's secret\0")] {
        let confide = Command::Confide(owner, text.to_owned());
        let decision = house
            .bus
            .execute::<Notes>(&notes_stream(), &confide, &request(&new_key()))
            .await
            .unwrap();
        assert!(!decision.recorded[0].payload.contains(text));
    }
    let open = async || {
        let mut opened = Vec::new();
        for recorded in house.log.read_stream(&notes_stream(), 0, 10).await.unwrap() {
            let mut event: Event = codec::decode(&recorded).unwrap();
            house.people.open_event(guild(1), recorded.id, &mut event).await.unwrap();
            let Event::Confided { secret } = event else { panic!("{event:?}") };
            opened.push(secret);
        }
        opened
    };
    let clear = |owner, text: &str| Personal::clear(owner, text.to_owned());
    let both = [clear(ann, "ann's secret 🤫"), clear(ben, "ben's secret\0")];
    assert_eq!(open().await, both);
    house.bus.erase_person(guild(1), ann).await.unwrap();
    assert_eq!(open().await, [Personal::Erased { owner: ann }, both[1].clone()]);
    // Nothing can be sealed for somebody who is gone, and nothing is stored unsealed.
    let before = house.log.head().await.unwrap();
    let confide = Command::Confide(ann, "more".to_owned());
    let refused = house.bus.execute::<Notes>(&notes_stream(), &confide, &request(&new_key())).await;
    let no_key = matches!(&refused, Err(CommandError::People(PeopleError::NoKey { .. })));
    assert!(no_key, "{refused:?}");
    assert_eq!(house.log.head().await.unwrap(), before);
}

pub async fn given_another_master_key_then_refused_and_with_the_previous_one_changed<B: Backend>(
    store: B,
) {
    let people = store.people(Keys::default()).await.unwrap();
    let ann = people.person(guild(1), user(100)).await.unwrap();
    let event = domain::EventId(uuid::Uuid::from_u128(7));
    let key = people.key(guild(1), ann).await.unwrap();
    let sealed = key.seal_field(ann, event, "reason", b"\"why\"").unwrap();
    drop(people);
    let master = other_key();
    for previous in [None, Some(other_key())] {
        let keys = Keys { master: master.clone(), previous, ..Keys::default() };
        let error = store.people(keys).await.unwrap_err();
        assert!(matches!(error, PeopleError::WrongMasterKey), "{error:?}");
        assert!(error.to_string().contains("REEVE_PREVIOUS_MASTER_KEY"), "{error}");
    }
    let previous = Some(Keys::default().master);
    let changed = Keys { master: master.clone(), previous, ..Keys::default() };
    let new = Keys { master, ..Keys::default() };
    for keys in [changed.clone(), changed, new] {
        let people = store.people(keys).await.unwrap();
        assert_eq!(people.find(guild(1), user(100)).await.unwrap(), Some(ann));
        assert_eq!(people.user(guild(1), ann).await.unwrap(), Some(user(100)));
        let key = people.key(guild(1), ann).await.unwrap();
        assert_eq!(key.open_field(&sealed, event, "reason").unwrap(), b"\"why\"");
    }
    let error = store.people(Keys::default()).await.unwrap_err();
    assert!(matches!(error, PeopleError::WrongMasterKey), "{error:?}");
}

pub async fn given_text_that_is_no_master_key_then_refused<B: Backend>(store: B) {
    for text in ["", "secret", &"5e".repeat(31), &"zz".repeat(32), &"5e".repeat(33)] {
        let error = MasterKey::parse(text).unwrap_err();
        assert!(matches!(error, PeopleError::MasterKeyFormat), "{text}");
        assert!(error.to_string().contains("64 hexadecimal digits"), "{error}");
    }
    store.people(Keys::default()).await.unwrap();
}

fn backup_file() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::TempDir::with_prefix("reeve-keys-").unwrap();
    let file = directory.path().join("keys.backup");
    (directory, file)
}

pub async fn given_a_key_backup_then_it_restores_all_but_the_erased<B: Backend>(store: B) {
    let house = House::new(store).await;
    let mut persons = Vec::new();
    for number in 1..=5 {
        persons.push(house.people.person(guild(1), user(number)).await.unwrap());
    }
    let sealed_by = house.people.key(guild(1), persons[1]).await.unwrap();
    let event = domain::EventId(uuid::Uuid::from_u128(7));
    let sealed = sealed_by.seal_field(persons[1], event, "reason", b"\"why\"").unwrap();
    let (_directory, file) = backup_file();
    assert_eq!(
        backup::back_up(&house.people, &house.store.proofs().records(), &file, 30)
            .await
            .unwrap()
            .people,
        5
    );
    house.bus.erase_person(guild(1), persons[0]).await.unwrap();
    // The registry is lost, the list of erasures is not.
    for person in &persons[1..4] {
        house.people.destroy(guild(1), *person).await.unwrap();
    }
    let report =
        backup::restore(&house.people, &house.store.proofs().records(), &file).await.unwrap();
    assert_eq!((report.people, report.skipped), (3, 2));
    assert_eq!(house.people.find(guild(1), user(1)).await.unwrap(), None);
    assert_eq!(house.people.user(guild(1), persons[0]).await.unwrap(), None);
    for (number, person) in (1..).zip(persons.clone()).skip(1) {
        assert_eq!(house.people.find(guild(1), user(number)).await.unwrap(), Some(person));
    }
    let key = house.people.key(guild(1), persons[1]).await.unwrap();
    assert_eq!(key.open_field(&sealed, event, "reason").unwrap(), b"\"why\"");
    assert_eq!(house.people.person(guild(1), user(6)).await.unwrap(), PersonId(6));
    // No secret of a person stands in it in the clear.
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("why"));
}

pub async fn given_an_expired_key_backup_then_refused_and_pruned<B: Backend>(store: B) {
    let hand = HandClock::at(1_000_000);
    let people = store.people(keys_at(&hand)).await.unwrap();
    people.person(guild(1), user(1)).await.unwrap();
    let (directory, file) = backup_file();
    let report = backup::back_up(&people, &store.proofs().records(), &file, 30).await.unwrap();
    assert_eq!(report.expires, Timestamp::from_secs(1_000_000 + 30 * 86_400));
    std::fs::write(directory.path().join("something else"), "not ours").unwrap();
    hand.set(1_000_000 + 30 * 86_400 - 1);
    backup::restore(&people, &store.proofs().records(), &file).await.unwrap();
    assert_eq!(backup::prune(directory.path(), people.now()).unwrap(), 0);
    hand.set(1_000_000 + 30 * 86_400);
    let error = backup::restore(&people, &store.proofs().records(), &file).await.unwrap_err();
    assert!(error.to_string().contains("expired"), "{error}");
    assert_eq!(backup::prune(directory.path(), people.now()).unwrap(), 1);
    assert!(!file.exists());
    assert!(directory.path().join("something else").exists());
}

pub async fn given_a_damaged_key_backup_then_the_line_is_named<B: Backend>(store: B) {
    let people = store.people(Keys::default()).await.unwrap();
    for number in 1..=3 {
        people.person(guild(1), user(number)).await.unwrap();
    }
    let (_directory, file) = backup_file();
    backup::back_up(&people, &store.proofs().records(), &file, 30).await.unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    for (damage, expected) in [
        (text[..text.len() - 20].to_owned(), "damaged at line 4"),
        (text.replacen("wrapped_key", "wrapped_kex", 1), "damaged at line 2"),
        ("once upon a time".to_owned(), "does not begin like one"),
        (String::new(), "does not begin like one"),
    ] {
        std::fs::write(&file, damage).unwrap();
        let error = backup::restore(&people, &store.proofs().records(), &file)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains(file.to_str().unwrap()), "{error}");
    }
    std::fs::write(&file, &text).unwrap();
    drop(people);
    let previous = Some(Keys::default().master);
    let keys = Keys { master: other_key(), previous, ..Keys::default() };
    let people = store.people(keys).await.unwrap();
    let error =
        backup::restore(&people, &store.proofs().records(), &file).await.unwrap_err().to_string();
    assert!(error.contains("another master key"), "{error}");
    assert_eq!(people.count().await.unwrap(), 3);
}

pub async fn given_a_torn_last_line_then_the_list_of_erasures_goes_on<B: Backend>(store: B) {
    let people = store.people(Keys::default()).await.unwrap();
    let mut persons = Vec::new();
    for number in 1..=4 {
        persons.push(people.person(guild(1), user(number)).await.unwrap());
    }
    let listed = |people: &crate::People| {
        people.erasures().all().unwrap().iter().map(|erasure| erasure.person).collect::<Vec<_>>()
    };
    people.list_erasure(guild(1), persons[0]).unwrap();
    let path = people.erasures().path().to_owned();
    let tear = |text: &[u8]| {
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(text).unwrap();
    };
    // Cut off in the middle of a line, and of a character.
    tear(b"{\"guild\":\"123\xc3");
    assert_eq!(listed(&people), [persons[0]]);
    drop(people);
    let people = store.people(Keys::default()).await.unwrap();
    people.list_erasure(guild(1), persons[1]).unwrap();
    tear(b"{\"guild\":");
    people.list_erasure(guild(1), persons[2]).unwrap();
    drop(people);
    let people = store.people(Keys::default()).await.unwrap();
    assert_eq!(listed(&people), persons[..3]);
    assert_eq!(people.count().await.unwrap(), 1);
    // A line that is whole and wrong is no accident: nobody goes on without it.
    tear(b"nonsense\n");
    drop(people);
    let error = store.people(Keys::default()).await.unwrap_err().to_string();
    assert!(error.contains("line 4"), "{error}");
}
