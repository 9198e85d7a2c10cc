//! Commands: one decision each, on what the log really holds, whoever else decides.

use std::{collections::HashSet, sync::Arc};

use domain::{Bytes, PersonId, economy::Economy};

use super::{
    Backend,
    appending::{all, written},
    given::{
        ANN, Gate, House, append, economy, eventually, grant, guild, key, look, new_key, request,
        spend, stream, transfer,
    },
    notes::{self, Command, Event, No, Notes},
};
use crate::{
    Bus, BusOptions, CommandError, Decision, codec,
    envelope::{MAX_EVENT_BYTES, Recorded, StreamId},
    log::LogError,
};

type Outcome = Result<Decision<Event>, CommandError<No>>;

pub fn notes_stream() -> StreamId {
    StreamId::of_guild("notes", guild(1))
}

pub async fn ask(bus: &Bus, command: &Command) -> Outcome {
    bus.execute::<Notes>(&notes_stream(), command, &request(&new_key())).await
}

fn texts(events: &[Recorded]) -> Vec<String> {
    let text = |event: &Recorded| match codec::decode(event).unwrap() {
        Event::Written { text } => Some(text),
        Event::Confided { .. } => None,
    };
    events.iter().filter_map(text).collect()
}

pub async fn given_a_command_then_its_decision_carries_what_was_stored<B: Backend>(store: B) {
    let house = House::new(store).await;
    let command = Command::Write(vec!["one".to_owned(), "two".to_owned()]);
    let key = key("interaction/1");
    let decision =
        house.bus.execute::<Notes>(&notes_stream(), &command, &request(&key)).await.unwrap();
    let written = |text: &str| Event::Written { text: text.to_owned() };
    assert_eq!(decision.events, [written("one"), written("two")]);
    assert!(!decision.repeated);
    assert_eq!(decision.recorded, all(&house.log).await);
    assert_eq!(decision.recorded[0].metadata().unwrap().key, key);
    assert_eq!(decision.recorded[1].type_name, "notes.written");
    let nothing = ask(&house.bus, &Command::Nothing).await.unwrap();
    assert_eq!(nothing, Decision { events: Vec::new(), recorded: Vec::new(), repeated: false });
    let read = look::<Notes, _>(&house.bus, notes_stream(), |state, version| {
        (state.texts.clone(), version)
    });
    assert_eq!(read.await, (vec!["one".to_owned(), "two".to_owned()], 2));
}

pub async fn given_a_refusal_then_nothing_is_written_and_it_is_not_remembered<B: Backend>(
    store: B,
) {
    let house = House::new(store).await;
    let once = request(&key("once"));
    let below = Command::WriteBelow(0, "x".to_owned());
    let refused = house.bus.execute::<Notes>(&notes_stream(), &below, &once).await;
    assert!(matches!(refused, Err(CommandError::Refused(No))), "{refused:?}");
    assert!(all(&house.log).await.is_empty());
    let below = Command::WriteBelow(1, "x".to_owned());
    let decision = house.bus.execute::<Notes>(&notes_stream(), &below, &once).await.unwrap();
    assert!(!decision.repeated);
    assert_eq!(texts(&all(&house.log).await), ["x"]);
}

// proves: ECO-14
pub async fn given_a_repeated_key_then_the_first_decision_is_answered<B: Backend>(store: B) {
    let mut house = House::new(store).await;
    let once = request(&key("once"));
    let first =
        house.bus.execute::<Notes>(&notes_stream(), &notes::write("x"), &once).await.unwrap();
    for number in 0..100 {
        // Enough others to make the aggregate forget the key.
        ask(&house.bus, &notes::write(number.to_string())).await.unwrap();
        if number % 33 == 0 {
            // Also where the command would be refused today, or do nothing.
            for command in [notes::write("x"), Command::Refuse, Command::Nothing] {
                let again = house.bus.execute::<Notes>(&notes_stream(), &command, &once).await;
                let again = again.unwrap();
                assert!(again.repeated);
                assert_eq!(
                    (again.events, again.recorded),
                    (first.events.clone(), first.recorded.clone())
                );
            }
        }
    }
    house = house.restarted().await;
    for bus in [&house.bus, &house.second_bus().await] {
        let again = bus.execute::<Notes>(&notes_stream(), &Command::Refuse, &once).await.unwrap();
        assert!(again.repeated);
        assert_eq!(again.recorded, first.recorded);
    }
    assert_eq!(all(&house.log).await.len(), 101);
}

pub async fn given_a_key_that_made_hundreds_of_events_then_all_are_answered<B: Backend>(store: B) {
    let house = House::new(store).await;
    let many = Command::Write((0..700).map(|number| number.to_string()).collect());
    let once = request(&key("once"));
    let first = house.bus.execute::<Notes>(&notes_stream(), &many, &once).await.unwrap();
    ask(&house.bus, &notes::write("after")).await.unwrap();
    let again = house.bus.execute::<Notes>(&notes_stream(), &many, &once).await.unwrap();
    assert!(again.repeated);
    assert_eq!(again.events, first.events);
    assert_eq!(again.recorded, first.recorded);
}

// proves: ECO-14
pub async fn given_a_key_repeated_while_it_is_under_way_then_it_acts_once<B: Backend>(store: B) {
    let gate = Gate::default();
    let house = House::with(store, gate.options()).await;
    ask(&house.bus, &notes::write("before")).await.unwrap();
    gate.close();
    let held = house.log.appender().reserve().await.unwrap();
    let held = held.fill(append(&stream(9), 0, &new_key(), &["{}"]));
    gate.reached().await;
    let once = key("once");
    let asked: Vec<_> = (0..20)
        .map(|_| {
            let (bus, once) = (house.bus.clone(), request(&once));
            tokio::spawn(async move {
                bus.execute::<Notes>(&notes_stream(), &notes::write("x"), &once).await.unwrap()
            })
        })
        .collect();
    eventually("all of them ask", async || house.log.appender().queued() == 20).await;
    gate.open();
    written(held.outcome().await.unwrap());
    let mut first = 0;
    let mut recorded = HashSet::new();
    for decision in futures::future::join_all(asked).await {
        let decision = decision.unwrap();
        first += usize::from(!decision.repeated);
        recorded.insert(decision.recorded[0].id);
    }
    assert_eq!((first, recorded.len()), (1, 1));
    let stored = house.log.read_stream(&notes_stream(), 0, 10).await.unwrap();
    assert_eq!(texts(&stored), ["before", "x"]);
}

// proves: ECO-14
pub async fn given_hundreds_told_again_after_a_crash_among_new_ones_then_all_are_answered<
    B: Backend,
>(
    store: B,
) {
    const MANY: usize = 300;
    let house = House::new(store).await;
    let ask = |bus: &Bus, number: usize| {
        let (bus, once) = (bus.clone(), request(&key(&format!("message/{number}"))));
        tokio::spawn(async move {
            bus.execute::<Notes>(&notes_stream(), &notes::write("x"), &once).await.unwrap()
        })
    };
    for decision in futures::future::join_all((0..MANY).map(|one| ask(&house.bus, one))).await {
        assert!(!decision.unwrap().repeated);
    }
    let after = house.new_bus(BusOptions::default());
    let asked = (0..MANY).flat_map(|one| [ask(&after, one), ask(&after, MANY + one)]);
    let decisions = futures::future::join_all(asked).await;
    for (number, decision) in decisions.into_iter().enumerate() {
        let decision = decision.unwrap();
        assert_eq!(decision.repeated, number % 2 == 0, "{number}");
        assert_eq!(decision.events.len(), 1);
    }
    assert_eq!(all(&house.log).await.len(), 2 * MANY);
}

// proves: ECO-14
pub async fn given_one_key_through_two_buses_at_once_then_it_acts_once<B: Backend>(store: B) {
    let house = House::new(store).await;
    let second = house.second_bus().await;
    for round in 0..10 {
        let once = key(&format!("message/{round}"));
        let asked = (0..16).map(|index| {
            let bus = if index % 2 == 0 { house.bus.clone() } else { second.clone() };
            let once = request(&once);
            tokio::spawn(async move {
                bus.execute::<Economy>(&economy(1), &grant(ANN, 10), &once).await.unwrap()
            })
        });
        let decisions = futures::future::join_all(asked).await;
        let decisions: Vec<_> = decisions.into_iter().map(Result::unwrap).collect();
        assert_eq!(decisions.iter().filter(|decision| !decision.repeated).count(), 1);
        assert!(decisions.iter().all(|decision| decision.recorded == decisions[0].recorded));
    }
    let balance = look::<Economy, _>(&second, economy(1), |state, _| state.balance(ANN));
    assert_eq!(balance.await, Bytes(100));
}

// proves: SYN-09
pub async fn given_a_grant_on_one_bus_then_a_spend_on_the_other_is_never_refused<B: Backend>(
    store: B,
) {
    let house = House::new(store).await;
    let mut buses = [house.bus.clone(), house.second_bus().await];
    for _ in 0..40 {
        let [granting, spending] = &buses;
        granting
            .execute::<Economy>(&economy(1), &grant(ANN, 10), &request(&new_key()))
            .await
            .unwrap();
        spending
            .execute::<Economy>(&economy(1), &spend(ANN, 10), &request(&new_key()))
            .await
            .unwrap_or_else(|refusal| panic!("a stale refusal: {refusal}"));
        // And what was spent there cannot be spent here.
        let refused =
            granting.execute::<Economy>(&economy(1), &spend(ANN, 1), &request(&new_key())).await;
        assert!(matches!(refused, Err(CommandError::Refused(_))), "{refused:?}");
        let balance = look::<Economy, _>(granting, economy(1), |state, _| state.balance(ANN));
        assert_eq!(balance.await, Bytes::ZERO);
        buses.reverse();
    }
}

// proves: ECO-01, SYN-09
pub async fn given_transfers_through_two_buses_then_money_is_conserved<B: Backend>(store: B) {
    const MEMBERS: u32 = 8;
    let house = House::new(store).await;
    let buses = [house.bus.clone(), house.second_bus().await];
    for member in 0..MEMBERS {
        let grant = grant(PersonId(member), 100);
        house.bus.execute::<Economy>(&economy(1), &grant, &request(&new_key())).await.unwrap();
    }
    let transfers = (0..64_u32).map(|number| {
        let bus = buses[number as usize % 2].clone();
        tokio::spawn(async move {
            let (mut done, mut refused) = (0, 0);
            for round in 0..3 {
                let (from, to) = (number % MEMBERS, (number + round + 1) % MEMBERS);
                let amount = i64::from(1 + number * 7 % 60);
                let transfer = transfer(PersonId(from), PersonId(to), amount);
                match bus.execute::<Economy>(&economy(1), &transfer, &request(&new_key())).await {
                    Ok(decision) => {
                        assert_eq!(decision.recorded.len(), 1);
                        done += 1;
                    }
                    Err(CommandError::Refused(_)) => refused += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            (done, refused)
        })
    });
    let outcomes = futures::future::join_all(transfers).await;
    let outcomes: Vec<(u64, u64)> = outcomes.into_iter().map(Result::unwrap).collect();
    let done: u64 = outcomes.iter().map(|(done, _)| done).sum();
    let refused: u64 = outcomes.iter().map(|(_, refused)| refused).sum();
    assert_eq!(done + refused, 64 * 3);
    for bus in buses {
        let (balances, version) = bus
            .read::<Economy, _>(&economy(1), |state, version| {
                let balances = (0..MEMBERS).map(|member| state.balance(PersonId(member)).0);
                (balances.collect::<Vec<_>>(), version)
            })
            .await
            .unwrap();
        assert_eq!(balances.iter().sum::<i64>(), 100 * i64::from(MEMBERS));
        assert!(balances.iter().all(|balance| *balance >= 0), "{balances:?}");
        assert_eq!(version, u64::from(2 * MEMBERS) + done);
    }
}

// proves: SYN-09
pub async fn given_another_writer_before_200_pipelined_commands_then_all_are_decided_again<
    B: Backend,
>(
    store: B,
) {
    const ROOM: usize = 150;
    let gate = Gate::default();
    let house = House::with(store, gate.options()).await;
    ask(&house.bus, &notes::write("first")).await.unwrap();
    gate.close();
    let place = async || house.log.appender().reserve().await.unwrap();
    let held = place().await.fill(append(&stream(9), 0, &new_key(), &["{}"]));
    gate.reached().await;
    // Before them in the queue, and not known to the cached state they are decided on.
    let text = r#"{"written":{"text":"somebody else's"}}"#;
    let mut other = append(&notes_stream(), 1, &new_key(), &[text]);
    other.events[0].event_type = domain::EventType::new("notes.written", 1);
    let other = place().await.fill(other);
    let asked: Vec<_> = (0..200)
        .map(|number| {
            let bus = house.bus.clone();
            let below = Command::WriteBelow(ROOM, number.to_string());
            tokio::spawn(async move { (number, ask(&bus, &below).await) })
        })
        .collect();
    eventually("200 commands queue", async || house.log.appender().queued() == 201).await;
    gate.open();
    written(held.outcome().await.unwrap());
    written(other.outcome().await.unwrap());
    let mut accepted = Vec::new();
    for answer in futures::future::join_all(asked).await {
        match answer.unwrap() {
            (number, Ok(decision)) => {
                assert_eq!(decision.recorded.len(), 1);
                assert!(!decision.repeated);
                accepted.push((decision.recorded[0].version, number.to_string()));
            }
            (_, Err(CommandError::Refused(No))) => {}
            (number, Err(error)) => panic!("{number}: {error}"),
        }
    }
    // One place fewer than they thought.
    assert_eq!(accepted.len(), ROOM - 2);
    accepted.sort_unstable();
    let answered: Vec<_> = accepted.into_iter().map(|(_, text)| text).collect();
    let stored = texts(&house.log.read_stream(&notes_stream(), 0, 1000).await.unwrap());
    assert_eq!(stored[..2], ["first", "somebody else's"]);
    assert_eq!(stored[2..], answered);
}

pub async fn given_a_failed_decision_then_none_that_stood_on_it_is_answered<B: Backend>(store: B) {
    let gate = Gate::default();
    let house = House::with(store, gate.options()).await;
    ask(&house.bus, &Command::Nothing).await.unwrap();
    gate.close();
    let place = async || house.log.appender().reserve().await.unwrap();
    let held = place().await.fill(append(&stream(9), 0, &new_key(), &["{}"]));
    gate.reached().await;
    // Another process has used the key of the next command, for something else.
    let taken = key("taken");
    let sealed = r#"{"confided":{"secret":{"owner":1,"sealed":"AAAA"}}}"#;
    let mut other = append(&notes_stream(), 0, &taken, &[sealed]);
    other.events[0].event_type = domain::EventType::new("notes.confided", 1);
    let other = place().await.fill(other);
    let ask_with = |command: Command, request: crate::Request| {
        let bus = house.bus.clone();
        tokio::spawn(async move { bus.execute::<Notes>(&notes_stream(), &command, &request).await })
    };
    let failing = ask_with(notes::write("never written"), request(&taken));
    eventually("it queues", async || house.log.appender().queued() == 2).await;
    // Refused on what the first would have written, decided while that is under way.
    let standing = ask_with(Command::WriteBelow(1, "mine".to_owned()), request(&new_key()));
    eventually("it queues", async || house.log.appender().queued() == 3).await;
    gate.open();
    written(held.outcome().await.unwrap());
    written(other.outcome().await.unwrap());
    assert!(failing.await.unwrap().unwrap().repeated);
    let decision = standing.await.unwrap().expect("a refusal for what never happened");
    assert_eq!(decision.events, [Event::Written { text: "mine".to_owned() }]);
    let stored = house.log.read_stream(&notes_stream(), 0, 10).await.unwrap();
    assert_eq!(stored.len(), 2);
    assert_eq!(texts(&stored), ["mine"]);
}

pub async fn given_an_event_over_the_limit_then_too_large_and_the_aggregate_goes_on<B: Backend>(
    store: B,
) {
    let house = House::new(store).await;
    let frame = r#"{"written":{"text":""}}"#.len();
    let fits = "x".repeat(MAX_EVENT_BYTES - frame);
    ask(&house.bus, &notes::write(fits.as_str())).await.unwrap();
    let too_large = |outcome: Outcome| {
        let over = matches!(outcome, Err(CommandError::Log(LogError::TooLarge { .. })));
        assert!(over, "{outcome:?}");
    };
    too_large(ask(&house.bus, &notes::write(fits.clone() + "x")).await);
    too_large(ask(&house.bus, &Command::Write(vec![fits.clone(); 5])).await);
    ask(&house.bus, &Command::Write(vec![fits[1000..].to_owned(); 4])).await.unwrap();
    let read =
        look::<Notes, _>(&house.bus, notes_stream(), |state, version| (state.texts.len(), version));
    assert_eq!(read.await, (5, 5));
    assert_eq!(all(&house.log).await.len(), 5);
}

pub async fn given_a_state_ahead_of_the_log_then_reading_waits_for_it<B: Backend>(store: B) {
    let gate = Gate::default();
    let house = House::with(store, gate.options()).await;
    ask(&house.bus, &notes::write("first")).await.unwrap();
    gate.close();
    let bus = house.bus.clone();
    let writing = tokio::spawn(async move { ask(&bus, &notes::write("second")).await });
    gate.reached().await;
    let bus = house.bus.clone();
    let reading = tokio::spawn(async move {
        bus.read::<Notes, _>(&notes_stream(), |state, version| (state.texts.len(), version)).await
    });
    eventually("the reader waits", async || house.log.appender().queued() == 1).await;
    assert!(!reading.is_finished());
    assert_eq!(house.log.stream_head(&notes_stream()).await.unwrap(), 1);
    gate.open();
    assert_eq!(reading.await.unwrap().unwrap(), (2, 2));
    writing.await.unwrap().unwrap();
    // A log that is shut is still read.
    house.bus.shutdown().await;
    let read = look::<Notes, _>(&house.bus, notes_stream(), |state, _| state.texts.len());
    assert_eq!(read.await, 2);
    let fresh =
        Bus::new(Arc::clone(&house.log), Arc::clone(&house.people), None, BusOptions::default());
    let read = look::<Notes, _>(&fresh, notes_stream(), |state, _| state.texts.len());
    assert_eq!(read.await, 2);
}
