//! The stand-in as the official client sees it.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use eventstore::{
    AppendToStreamOptions, BatchAppendOptions, Client, DeleteStreamOptions, Error, EventData,
    Position, ReadAllOptions, ReadEvent, ReadStreamOptions, ResolvedEvent, StreamMetadataBuilder,
    StreamPosition, StreamState, SubscribeToAllOptions, Subscription, SubscriptionEvent,
    SubscriptionFilter, TombstoneStreamOptions, WriteResult,
};
use standin::{DropOf, Options, Server, User, WriteFault};
use uuid::Uuid;

async fn server(options: Options) -> Server {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Server::start(options).await.unwrap()
}

fn client(url: &str) -> Client {
    Client::new(url.parse().unwrap()).unwrap()
}

fn event(number: u128) -> EventData {
    EventData::json("happened", &number.to_string())
        .unwrap()
        .id(Uuid::from_u128(number))
        .metadata_as_json(&"about it")
        .unwrap()
}

async fn append(
    client: &Client,
    stream: &str,
    expected: StreamState,
    numbers: &[u128],
) -> Result<WriteResult, Error> {
    let options = AppendToStreamOptions::default().stream_state(expected);
    let events: Vec<_> = numbers.iter().copied().map(event).collect();
    client.append_to_stream(stream, &options, events).await
}

fn number(event: &ResolvedEvent) -> u128 {
    event.get_original_event().id.as_u128()
}

async fn read(client: &Client, stream: &str, options: &ReadStreamOptions) -> Vec<u128> {
    let mut reading = client.read_stream(stream, options).await.unwrap();
    let mut numbers = Vec::new();
    while let Some(event) = reading.next().await.unwrap() {
        numbers.push(number(&event));
    }
    numbers
}

async fn read_all(client: &Client, options: &ReadAllOptions) -> Vec<(u128, Position)> {
    let mut reading = client.read_all(options).await.unwrap();
    let mut found = Vec::new();
    while let Some(event) = reading.next().await.unwrap() {
        found.push((number(&event), event.get_original_event().position));
    }
    found
}

#[tokio::test]
async fn given_appends_then_streams_and_all_are_read_both_ways() {
    let server = server(Options::default()).await;
    let client = client(&server.url());
    let first = append(&client, "a-1", StreamState::NoStream, &[1, 2, 3]).await.unwrap();
    assert_eq!(first.next_expected_version, 2);
    append(&client, "b-1", StreamState::Any, &[4]).await.unwrap();
    append(&client, "a-1", StreamState::StreamRevision(2), &[5]).await.unwrap();
    append(&client, "a-1", StreamState::StreamExists, &[6]).await.unwrap();

    let forwards = ReadStreamOptions::default();
    assert_eq!(read(&client, "a-1", &forwards).await, [1, 2, 3, 5, 6]);
    let from = forwards.clone().position(StreamPosition::Position(3)).max_count(1);
    assert_eq!(read(&client, "a-1", &from).await, [5]);
    let last = ReadStreamOptions::default().backwards().position(StreamPosition::End).max_count(2);
    assert_eq!(read(&client, "a-1", &last).await, [6, 5]);
    let mut reading = client.read_stream("a-1", &last).await.unwrap();
    let mut end = None;
    while let Some(said) = reading.next_read_event().await.unwrap() {
        if let ReadEvent::LastStreamPosition(revision) = said {
            end = Some(revision);
        }
    }
    assert_eq!(end, Some(4));
    let nothing = client.read_stream("c-1", &forwards).await.unwrap().next().await;
    assert!(matches!(nothing, Err(Error::ResourceNotFound)), "{nothing:?}");

    let all = read_all(&client, &ReadAllOptions::default()).await;
    let numbers: Vec<_> = all.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    assert!(all.is_sorted_by_key(|(_, position)| *position));
    assert_eq!(first.position, all[2].1);
    let from = ReadAllOptions::default().position(StreamPosition::Position(all[3].1)).max_count(2);
    assert_eq!(read_all(&client, &from).await, all[3..5]);
    let only_b = SubscriptionFilter::on_stream_name().add_prefix("b-");
    let filtered = ReadAllOptions::default().filter(only_b);
    assert_eq!(read_all(&client, &filtered).await, all[3..4]);
    let back = ReadAllOptions::default().backwards().position(StreamPosition::End).max_count(2);
    let back: Vec<_> = read_all(&client, &back).await.iter().map(|(number, _)| *number).collect();
    assert_eq!(back, [6, 5]);

    let mut reading = client.read_stream("b-1", &forwards).await.unwrap();
    let event = reading.next().await.unwrap().unwrap();
    let event = event.get_original_event();
    assert_eq!((event.event_type.as_str(), &event.data[..]), ("happened", &b"\"4\""[..]));
    assert_eq!(&event.custom_metadata[..], b"\"about it\"");
    assert!(event.created.timestamp() > 1_700_000_000, "{:?}", event.created);
}

#[tokio::test]
async fn given_another_revision_then_refused_and_the_same_events_again_are_the_same_append() {
    let server = server(Options::default()).await;
    let client = client(&server.url());
    let first = append(&client, "a-1", StreamState::NoStream, &[1, 2]).await.unwrap();
    for (expected, numbers) in [
        (StreamState::NoStream, &[9][..]),
        (StreamState::StreamRevision(0), &[9]),
        (StreamState::StreamRevision(7), &[9]),
        // A part of them is not the same.
        (StreamState::NoStream, &[1, 9]),
        (StreamState::NoStream, &[1, 2, 9]),
    ] {
        let refused = append(&client, "a-1", expected, numbers).await;
        let Err(Error::WrongExpectedVersion { .. }) = refused else { panic!("{refused:?}") };
    }
    let again = append(&client, "a-1", StreamState::NoStream, &[1, 2]).await.unwrap();
    assert_eq!(again.position, first.position);
    let any = append(&client, "a-1", StreamState::Any, &[1, 2]).await.unwrap();
    assert_eq!(any.next_expected_version, 1);
    assert_eq!(read(&client, "a-1", &ReadStreamOptions::default()).await, [1, 2]);
    let missing = append(&client, "c-1", StreamState::StreamExists, &[3]).await;
    assert!(matches!(missing, Err(Error::WrongExpectedVersion { .. })), "{missing:?}");
}

#[tokio::test]
async fn given_the_limit_then_an_append_over_it_is_refused_with_the_limit() {
    let server = server(Options { max_append_bytes: 1000, ..Options::default() }).await;
    let client = client(&server.url());
    let refused = client
        .append_to_stream(
            "a-1",
            &AppendToStreamOptions::default(),
            EventData::binary("big", vec![0; 1000].into()),
        )
        .await;
    let Err(Error::Grpc { message, .. }) = refused else { panic!("{refused:?}") };
    assert!(message.contains("Maximum Append Size of 1000 Exceeded"), "{message}");
}

#[tokio::test]
async fn given_a_user_without_rights_then_removing_is_refused_and_for_others_done() {
    let (plain, admin) = (User::new("plain", "p", false), User::new("admin", "changeit", true));
    let users = vec![plain.clone(), admin.clone()];
    let server = server(Options { users, ..Options::default() }).await;
    let nobody = append(&client(&server.url()), "a-1", StreamState::Any, &[1]).await;
    assert!(matches!(nobody, Err(Error::AccessDenied)), "{nobody:?}");

    let client_of = |user: &User| client(&server.url_for(user));
    let (plain, admin) = (client_of(&plain), client_of(&admin));
    append(&plain, "a-1", StreamState::Any, &[1, 2]).await.unwrap();
    let metadata = StreamMetadataBuilder::new().truncate_before(1).build();
    let deleted = plain.delete_stream("a-1", &DeleteStreamOptions::default()).await;
    let buried = plain.tombstone_stream("a-1", &TombstoneStreamOptions::default()).await;
    let told = plain.set_stream_metadata("a-1", &AppendToStreamOptions::default(), &metadata).await;
    assert!(matches!(deleted, Err(Error::AccessDenied)), "{deleted:?}");
    assert!(matches!(buried, Err(Error::AccessDenied)), "{buried:?}");
    assert!(matches!(told, Err(Error::AccessDenied)), "{told:?}");
    assert_eq!(read(&plain, "a-1", &ReadStreamOptions::default()).await, [1, 2]);

    admin.set_stream_metadata("a-1", &AppendToStreamOptions::default(), &metadata).await.unwrap();
    assert_eq!(read(&plain, "a-1", &ReadStreamOptions::default()).await, [2]);
    admin.delete_stream("a-1", &DeleteStreamOptions::default()).await.unwrap();
    let gone = plain.read_stream("a-1", &ReadStreamOptions::default()).await.unwrap().next().await;
    assert!(matches!(gone, Err(Error::ResourceNotFound)), "{gone:?}");
    admin.tombstone_stream("a-1", &TombstoneStreamOptions::default()).await.unwrap();
    let gone = append(&plain, "a-1", StreamState::Any, &[3]).await;
    assert!(matches!(gone, Err(Error::ResourceDeleted)), "{gone:?}");
}

#[tokio::test]
async fn given_a_follower_then_writers_are_sent_to_the_leader() {
    let server = server(Options::default()).await;
    let follower = server.start_follower().await.unwrap();
    let client = client(&follower.url());
    let sent = append(&client, "a-1", StreamState::Any, &[1]).await;
    let Err(Error::NotLeaderException(leader)) = sent else { panic!("{sent:?}") };
    assert_eq!(leader.port, u32::from(server.address().port()));
    // The client has changed over, and both show the same log.
    append(&client, "a-1", StreamState::Any, &[1]).await.unwrap();
    assert_eq!(
        read(&self::client(&follower.url()), "a-1", &ReadStreamOptions::default()).await,
        [1]
    );
    // With both as seeds, gossip says who leads.
    let seeds = format!("esdb://{},{}?tls=false", follower.address(), server.address());
    append(&self::client(&seeds), "a-1", StreamState::Any, &[2]).await.unwrap();
}

async fn next(subscription: &mut Subscription) -> SubscriptionEvent {
    let next = subscription.next_subscription_event();
    tokio::time::timeout(Duration::from_secs(20), next).await.expect("in time").unwrap()
}

async fn next_event(subscription: &mut Subscription) -> u128 {
    loop {
        if let SubscriptionEvent::EventAppeared(event) = next(subscription).await {
            return number(&event);
        }
    }
}

#[tokio::test]
async fn given_a_subscription_then_it_catches_up_goes_on_live_and_falls_behind() {
    let server = server(Options { live_buffer: 3, ..Options::default() }).await;
    let client = client(&server.url());
    append(&client, "a-1", StreamState::Any, &[1]).await.unwrap();
    append(&client, "other", StreamState::Any, &[2]).await.unwrap();
    let filter = SubscriptionFilter::on_stream_name().add_prefix("a-");
    let options = SubscribeToAllOptions::default().filter(filter);
    let mut following = client.subscribe_to_all(&options).await;
    assert!(matches!(next(&mut following).await, SubscriptionEvent::Confirmed(_)));
    assert_eq!(next_event(&mut following).await, 1);
    assert!(matches!(next(&mut following).await, SubscriptionEvent::CaughtUp(Some(_))));
    append(&client, "a-1", StreamState::Any, &[3]).await.unwrap();
    assert_eq!(next_event(&mut following).await, 3);
    append(&client, "a-2", StreamState::Any, &[4, 5, 6, 7, 8]).await.unwrap();
    assert!(matches!(next(&mut following).await, SubscriptionEvent::FellBehind(Some(_))));
    for number in 4..=8 {
        assert_eq!(next_event(&mut following).await, number);
    }
    assert!(matches!(next(&mut following).await, SubscriptionEvent::CaughtUp(Some(_))));
    for number in 100..200 {
        append(&client, "other", StreamState::Any, &[number]).await.unwrap();
    }
    let mut checkpoint = next(&mut following).await;
    while !matches!(checkpoint, SubscriptionEvent::Checkpoint(_)) {
        checkpoint = next(&mut following).await;
    }
    server.faults().drop_subscriptions(DropOf::Unavailable);
    let dropped = loop {
        if let Err(error) = following.next_subscription_event().await {
            break error;
        }
    };
    assert!(matches!(dropped, Error::ServerError(_)), "{dropped:?}");
    assert_eq!(server.faults().subscriptions(), 1);
}

#[tokio::test]
async fn given_faults_then_each_hits_one_append() {
    let server = server(Options::default()).await;
    let client = client(&server.url());
    let count = async |stream| {
        let mut reading = client.read_stream(stream, &ReadStreamOptions::default()).await.unwrap();
        let mut count = 0;
        while let Ok(Some(_)) = reading.next().await {
            count += 1;
        }
        count
    };
    for (stream, fault, written) in [
        ("a-1", WriteFault::Lost, 0),
        ("a-2", WriteFault::AnswerLost, 1),
        ("a-3", WriteFault::Late(Duration::from_millis(1)), 1),
    ] {
        server.faults().of_next_write(fault);
        let lost = append(&client, stream, StreamState::Any, &[1]).await;
        assert!(matches!(lost, Err(Error::ServerError(_))), "{lost:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(count(stream).await, written, "{stream}");
    }
    assert_eq!(server.faults().hits(), 3);
    append(&client, "a-4", StreamState::Any, &[2]).await.unwrap();
    server.faults().fail_reads(1);
    assert!(client.read_all(&ReadAllOptions::default()).await.is_err());
    client.read_all(&ReadAllOptions::default()).await.unwrap();
}

#[tokio::test]
async fn given_a_batch_append_then_each_is_answered() {
    let server = server(Options::default()).await;
    let client = client(&server.url());
    let batch = client.batch_append(&BatchAppendOptions::default()).await.unwrap();
    for number in 0..10_u64 {
        let expected = match number {
            0 => StreamState::NoStream,
            number => StreamState::StreamRevision(number - 1),
        };
        let events = vec![event(number.into())];
        let written = batch.append_to_stream("a-1", expected, events).await.unwrap();
        assert_eq!(written.current_revision(), Some(number));
    }
    let refused = batch.append_to_stream("a-1", StreamState::NoStream, vec![event(77)]).await;
    let Err(Error::Grpc { message, .. }) = refused else { panic!("{refused:?}") };
    assert!(message.contains("WrongExpectedVersion"), "{message}");
}

#[tokio::test]
async fn given_a_folder_then_what_was_acknowledged_is_there_again() {
    let folder = tempfile::TempDir::new().unwrap();
    let options = Options { folder: Some(folder.path().to_owned()), ..Options::default() };
    let first = server(options.clone()).await;
    append(&client(&first.url()), "a-1", StreamState::Any, &[1, 2]).await.unwrap();
    let before = read_all(&client(&first.url()), &ReadAllOptions::default()).await;
    drop(first);
    // As a crash in the middle of a write leaves it.
    let path = folder.path().join("standin.log");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend([0, 0, 1, 0, 7, 7]);
    std::fs::write(&path, bytes).unwrap();
    let second = server(options).await;
    let client = client(&second.url());
    assert_eq!(read_all(&client, &ReadAllOptions::default()).await, before);
    append(&client, "a-1", StreamState::StreamRevision(1), &[3]).await.unwrap();
    assert_eq!(read(&client, "a-1", &ReadStreamOptions::default()).await, [1, 2, 3]);
}
