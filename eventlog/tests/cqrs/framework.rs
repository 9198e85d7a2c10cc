//! `CqrsFramework` over a log on disk, beside the bus.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use cqrs_es::{AggregateError, CqrsFramework, EventEnvelope, EventStore, Query};
use domain::{
    Actor, Bytes, Cause, CorrelationId, Decider, GuildId, IdempotencyKey, PersonId, Personal,
    UserId,
    economy::{Command, Economy, Event, Refusal, Terms},
    people::{Erase, People as PeopleOfGuild},
};
use eventlog::{
    Bus, BusOptions, EventLog, LogError, People, Recorded, Request, StreamId,
    cqrs::{Fact, Folded, Loaded, LogStore},
    people::{MasterKey, PeopleOptions},
    sqlite::{DirectoryLock, SqliteLog, SqliteOptions},
    system_clock,
};
use tokio::sync::Barrier;

const GUILD: u64 = 41_771_983_423_143_937;
const ID: &str = "41771983423143937";

type Framework<S = LogStore<Economy>> = CqrsFramework<Folded<Economy>, S>;
type Failure = AggregateError<Refusal>;

struct House {
    log: Arc<dyn EventLog>,
    people: Arc<People>,
    bus: Bus,
    stream: StreamId,
    ann: PersonId,
    ben: PersonId,
    _directory: tempfile::TempDir,
}

async fn house() -> House {
    let directory = tempfile::tempdir().unwrap();
    let log = open_log(directory.path());
    let options = PeopleOptions {
        master: MasterKey::generate().unwrap(),
        previous: None,
        erasures_file: directory.path().join("erasures.jsonl"),
    };
    let people = People::open_sqlite(directory.path(), options, system_clock()).await.unwrap();
    let people = Arc::new(people);
    let guild = guild();
    let ann = people.person(guild, UserId::new(101).unwrap()).await.unwrap();
    let ben = people.person(guild, UserId::new(102).unwrap()).await.unwrap();
    let bus = Bus::new(Arc::clone(&log), Arc::clone(&people), None, BusOptions::default());
    let stream = StreamId::of_guild("economy", guild);
    House { log, people, bus, stream, ann, ben, _directory: directory }
}

fn open_log(directory: &Path) -> Arc<dyn EventLog> {
    let lock = Arc::new(DirectoryLock::take(directory).unwrap());
    Arc::new(SqliteLog::open(directory, lock, SqliteOptions::default()).unwrap())
}

fn guild() -> GuildId {
    GuildId::new(GUILD).unwrap()
}

impl House {
    fn store<D: Decider>(&self) -> LogStore<D> {
        LogStore::new(Arc::clone(&self.log), Arc::clone(&self.people))
    }

    fn framework(&self) -> Framework {
        CqrsFramework::new(self.store(), Vec::new(), ())
    }

    async fn recorded(&self) -> Vec<Recorded> {
        self.log.read_stream(&self.stream, 0, 1000).await.unwrap()
    }

    async fn balance_by_bus(&self, person: PersonId) -> Bytes {
        let read = self.bus.read::<Economy, _>(&self.stream, |state, _| state.balance(person));
        read.await.unwrap()
    }

    async fn balance_by_cqrs(&self, person: PersonId) -> Bytes {
        let mut loaded = self.store::<Economy>().load_aggregate(ID).await.unwrap();
        cqrs_es::AggregateContext::aggregate(&mut loaded).state().balance(person)
    }

    async fn by_bus(&self, command: &Command, key: &str) {
        let request = Request {
            actor: Actor::Person(self.ann),
            cause: Cause { correlation: CorrelationId(uuid::Uuid::from_u128(1)), causation: None },
            key: IdempotencyKey::new(key).unwrap(),
            policy: None,
        };
        self.bus.execute::<Economy>(&self.stream, command, &request).await.unwrap();
    }
}

fn grant(to: PersonId, amount: i64) -> Command {
    Command::Grant { to, amount: Bytes(amount), reason: None, terms: Terms::default() }
}

fn grant_because(to: PersonId, amount: i64, why: &str) -> Command {
    let reason = Some(Personal::clear(to, why.to_owned()));
    Command::Grant { to, amount: Bytes(amount), reason, terms: Terms::default() }
}

fn take(from: PersonId, amount: i64) -> Command {
    Command::Take { from, amount: Bytes(amount), reason: None, terms: Terms::default() }
}

fn texts<const N: usize>(pairs: [(&str, &str); N]) -> HashMap<String, String> {
    pairs.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

/// What a query is shown, for looking at afterwards.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<EventEnvelope<Folded<Economy>>>>>);

#[async_trait]
impl Query<Folded<Economy>> for Seen {
    async fn dispatch(&self, aggregate_id: &str, events: &[EventEnvelope<Folded<Economy>>]) {
        assert_eq!(aggregate_id, ID);
        self.0.lock().unwrap().extend_from_slice(events);
    }
}

impl Seen {
    fn by_sequence(&self) -> Vec<(usize, Event)> {
        let seen = self.0.lock().unwrap();
        seen.iter().map(|envelope| (envelope.sequence, envelope.payload.0.clone())).collect()
    }
}

// proves: ECO-04
#[tokio::test]
async fn given_commands_through_cqrs_es_then_the_log_holds_their_events() {
    let house = house().await;
    let seen = Seen::default();
    let cqrs = house.framework().append_query(Box::new(seen.clone()));
    cqrs.execute(ID, grant(house.ann, 100)).await.unwrap();
    cqrs.execute(ID, take(house.ann, 30)).await.unwrap();
    let events = vec![
        (1, Event::AccountOpened { person: house.ann, starting: Bytes(0) }),
        (2, Event::BytesGranted { to: house.ann, amount: Bytes(100), reason: None }),
        (3, Event::BytesTaken { from: house.ann, amount: Bytes(30), reason: None }),
    ];
    assert_eq!(seen.by_sequence(), events);
    let recorded = house.recorded().await;
    assert_eq!(recorded.iter().map(|event| event.guild_seq).collect::<Vec<_>>(), [1, 2, 3]);
    for (recorded, (version, event)) in recorded.iter().zip(&events) {
        assert_eq!(recorded.version, *version as u64);
        assert_eq!(&eventlog::decode::<Event>(recorded).unwrap(), event);
    }
    // Once each: what the sink applied, the commit does not apply again.
    assert_eq!(house.balance_by_cqrs(house.ann).await, Bytes(70));
}

#[tokio::test]
async fn given_events_of_the_bus_then_cqrs_es_decides_on_them_and_the_other_way_round() {
    let house = house().await;
    let cqrs = house.framework();
    house.by_bus(&grant(house.ann, 100), "a").await;
    cqrs.execute(ID, take(house.ann, 60)).await.unwrap();
    // The bus has cached the aggregate, and is told by the log that it has moved on.
    house.by_bus(&take(house.ann, 30), "b").await;
    assert_eq!(house.balance_by_bus(house.ann).await, Bytes(10));
    let refused = cqrs.execute(ID, take(house.ann, 11)).await.unwrap_err();
    let expected = Refusal::NotEnough { balance: Bytes(10), needed: Bytes(11) };
    assert!(matches!(refused, AggregateError::UserError(refusal) if refusal == expected));
    cqrs.execute(ID, take(house.ann, 10)).await.unwrap();
    assert_eq!(house.balance_by_bus(house.ann).await, Bytes::ZERO);

    let envelopes = house.store::<Economy>().load_events(ID).await.unwrap();
    let recorded = house.recorded().await;
    assert_eq!(envelopes.len(), 5);
    for (envelope, recorded) in envelopes.iter().zip(&recorded) {
        assert_eq!(envelope.aggregate_id, ID);
        assert_eq!(envelope.sequence as u64, recorded.version);
        assert_eq!(envelope.payload.0, eventlog::decode(recorded).unwrap());
        assert_eq!(envelope.metadata["event_id"], recorded.id.to_string());
        assert_eq!(envelope.metadata["guild_seq"], recorded.guild_seq.to_string());
        assert_eq!(envelope.metadata["at"], recorded.at.to_string());
    }
    assert_eq!(envelopes[0].metadata["actor"], format!("person:{}", house.ann.0));
    assert_eq!(envelopes[2].metadata["actor"], "process:cqrs-es");
}

/// Waits after a load until everybody has loaded, so that all decide on the same state.
struct Together(LogStore<Economy>, Arc<Barrier>);

impl EventStore<Folded<Economy>> for Together {
    type AC = Loaded<Economy>;

    async fn load_events(&self, id: &str) -> Result<Vec<EventEnvelope<Folded<Economy>>>, Failure> {
        self.0.load_events(id).await
    }

    async fn load_aggregate(&self, id: &str) -> Result<Loaded<Economy>, Failure> {
        let loaded = self.0.load_aggregate(id).await;
        self.1.wait().await;
        loaded
    }

    async fn commit(
        &self,
        events: Vec<Fact<Event>>,
        context: Loaded<Economy>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<Folded<Economy>>>, Failure> {
        self.0.commit(events, context, metadata).await
    }
}

// proves: ECO-04
#[tokio::test]
async fn given_two_frameworks_that_spend_the_same_bytes_then_one_meets_a_conflict() {
    let house = house().await;
    house.by_bus(&grant(house.ann, 100), "a").await;
    let barrier = Arc::new(Barrier::new(2));
    let framework = || -> Framework<Together> {
        CqrsFramework::new(Together(house.store(), Arc::clone(&barrier)), Vec::new(), ())
    };
    let (one, other) = (framework(), framework());
    let (one, other) =
        tokio::join!(one.execute(ID, take(house.ann, 70)), other.execute(ID, take(house.ann, 70)));
    let (won, lost): (Vec<_>, Vec<_>) = [one, other].into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(matches!(lost[..], [Err(AggregateError::AggregateConflict)]), "{lost:?}");
    assert_eq!(house.recorded().await.len(), 3);
    assert_eq!(house.balance_by_bus(house.ann).await, Bytes(30));
    // Whoever repeats decides on what there is now.
    let refused = house.framework().execute(ID, take(house.ann, 70)).await.unwrap_err();
    assert!(matches!(refused, AggregateError::UserError(Refusal::NotEnough { .. })));
}

// proves: ECO-14
#[tokio::test]
async fn given_the_same_key_again_then_nothing_is_written_and_nothing_dispatched() {
    let house = house().await;
    let seen = Seen::default();
    let cqrs = house.framework().append_query(Box::new(seen.clone()));
    for _ in 0..3 {
        let metadata = texts([("key", "interaction/7")]);
        cqrs.execute_with_metadata(ID, grant(house.ann, 5), metadata).await.unwrap();
    }
    assert_eq!(house.recorded().await.len(), 2);
    assert_eq!(seen.by_sequence().len(), 2);
    // It is the bus's key as well.
    house.by_bus(&grant(house.ann, 5), "interaction/7").await;
    assert_eq!(house.balance_by_bus(house.ann).await, Bytes(5));
    // Without a key, a command is one of its own each time.
    cqrs.execute(ID, grant(house.ann, 5)).await.unwrap();
    cqrs.execute(ID, grant(house.ann, 5)).await.unwrap();
    assert_eq!(house.balance_by_bus(house.ann).await, Bytes(15));
}

#[tokio::test]
async fn given_metadata_then_the_log_keeps_it_and_envelopes_show_it() {
    let house = house().await;
    let correlation = "0193a1c0-7d3e-7c44-9a53-5f0d6f1f2a01";
    let causation = "0193a1c0-7d3e-7c44-9a53-5f0d6f1f2a02";
    let given = texts([
        ("actor", "person:2"),
        ("correlation", correlation),
        ("causation", causation),
        ("key", "interaction/7"),
        ("policy", "3"),
    ]);
    let cqrs = house.framework();
    cqrs.execute_with_metadata(ID, grant(house.ann, 5), given.clone()).await.unwrap();
    let kept = house.recorded().await[1].metadata().unwrap();
    assert_eq!(kept.actor, Actor::Person(PersonId(2)));
    assert_eq!(kept.cause.correlation.0.to_string(), correlation);
    assert_eq!(kept.cause.causation.unwrap().to_string(), causation);
    assert_eq!(kept.key.as_str(), "interaction/7");
    assert_eq!(kept.policy, Some(3));
    let envelopes = house.store::<Economy>().load_events(ID).await.unwrap();
    for (name, text) in given {
        assert_eq!(envelopes[1].metadata[&name], text, "{name}");
    }
    for actor in ["operator", "import", "process:giveaways", "process:a:b", "person:1"] {
        cqrs.execute_with_metadata(ID, grant(house.ann, 1), texts([("actor", actor)]))
            .await
            .unwrap();
        let last = house.store::<Economy>().load_events(ID).await.unwrap().pop().unwrap();
        assert_eq!(last.metadata["actor"], actor);
    }
}

#[tokio::test]
async fn given_metadata_that_the_log_cannot_keep_then_it_is_refused_and_nothing_written() {
    let house = house().await;
    for (name, text) in [
        ("actor", "ann"),
        ("actor", "person:"),
        ("actor", "person:-1"),
        ("actor", "process:"),
        ("actor", "operator:7"),
        ("correlation", "7"),
        ("causation", ""),
        ("key", ""),
        ("key", "two\nlines"),
        ("policy", "-1"),
        ("ip_address", "192.0.2.7"),
    ] {
        let given = texts([(name, text)]);
        let refused = house.framework().execute_with_metadata(ID, grant(house.ann, 5), given).await;
        let Err(AggregateError::UnexpectedError(error)) = refused else {
            panic!("{name}: {text}: {refused:?}")
        };
        assert!(error.to_string().contains(name), "{error}");
    }
    assert!(house.recorded().await.is_empty());
}

#[tokio::test]
async fn given_a_reason_then_it_is_sealed_in_the_log_and_in_envelopes_and_opens_with_the_key() {
    let house = house().await;
    let seen = Seen::default();
    assert!(
        house.people.cached_key(guild(), house.ann).is_none(),
        "her key is fetched when needed"
    );
    let cqrs = house.framework().append_query(Box::new(seen.clone()));
    let why = "for grandmother's cake";
    cqrs.execute(ID, grant_because(house.ann, 5, why)).await.unwrap();
    let recorded = house.recorded().await.pop().unwrap();
    assert!(!recorded.payload.contains("grandmother"), "{}", recorded.payload);
    let mut event: Event = eventlog::decode(&recorded).unwrap();
    assert_eq!(seen.by_sequence().pop().unwrap(), (2, event.clone()));
    house.people.open_event(guild(), recorded.id, &mut event).await.unwrap();
    let Event::BytesGranted { reason: Some(reason), .. } = event else { panic!("{event:?}") };
    assert_eq!(reason.value().map(String::as_str), Some(why));
}

#[tokio::test]
async fn given_a_reason_of_somebody_who_has_no_key_then_nothing_is_written() {
    let house = house().await;
    let nobody = PersonId(99);
    let failed = house.framework().execute(ID, grant_because(nobody, 5, "hello")).await;
    assert!(matches!(failed, Err(AggregateError::UnexpectedError(_))), "{failed:?}");
    assert!(house.recorded().await.is_empty());
}

#[tokio::test]
async fn given_nothing_to_do_then_the_commit_is_free_even_where_the_log_takes_nothing() {
    let house = house().await;
    let stream = StreamId::of_guild("people", guild());
    let cqrs: CqrsFramework<Folded<PeopleOfGuild>, _> =
        CqrsFramework::new(house.store(), Vec::new(), ());
    cqrs.execute(ID, Erase { person: house.ben }).await.unwrap();
    assert_eq!(house.log.stream_head(&stream).await.unwrap(), 1);
    house.log.shutdown().await;
    cqrs.execute(ID, Erase { person: house.ben }).await.unwrap();
    let failed = cqrs.execute(ID, Erase { person: house.ann }).await.unwrap_err();
    let AggregateError::DatabaseConnectionError(error) = failed else { panic!("{failed:?}") };
    let error = error.downcast::<LogError>().unwrap();
    assert!(matches!(*error, LogError::ShuttingDown), "{error}");
    assert_eq!(house.log.stream_head(&stream).await.unwrap(), 1);
}

#[tokio::test]
async fn given_an_id_that_names_no_guild_then_it_is_refused() {
    let house = house().await;
    for id in ["", "ann", "0", "-1", "/1"] {
        let failed = house.framework().execute(id, grant(house.ann, 5)).await;
        assert!(matches!(failed, Err(AggregateError::UnexpectedError(_))), "{id}: {failed:?}");
    }
}

#[tokio::test]
async fn given_an_aggregate_of_a_part_then_its_stream_is_its_own() {
    let house = house().await;
    let part = format!("{ID}/17");
    house.framework().execute(&part, grant(house.ann, 5)).await.unwrap();
    assert!(house.recorded().await.is_empty());
    let stream = StreamId::part("economy", guild(), "17");
    let recorded = house.log.read_stream(&stream, 0, 10).await.unwrap();
    assert_eq!(recorded.len(), 2);
    let envelopes = house.store::<Economy>().load_events(&part).await.unwrap();
    assert_eq!(envelopes[0].aggregate_id, part);
}

/// More events than one page of the log.
#[tokio::test]
async fn given_a_long_history_then_all_of_it_is_folded() {
    let house = house().await;
    let keys: Vec<_> = (0..1_005).map(|number| format!("grant/{number}")).collect();
    let command = grant(house.ann, 1);
    futures::future::join_all(keys.iter().map(|key| house.by_bus(&command, key))).await;
    assert_eq!(house.balance_by_cqrs(house.ann).await, Bytes(1_005));
    house.framework().execute(ID, take(house.ann, 1_005)).await.unwrap();
    assert_eq!(house.balance_by_bus(house.ann).await, Bytes::ZERO);
}
