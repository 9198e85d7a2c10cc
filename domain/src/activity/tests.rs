use proptest::prelude::*;

use super::*;

const ANN: PersonId = PersonId(1);
const BEN: PersonId = PersonId(2);

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_795_132_800 + secs)
}

fn channel(number: u64) -> ChannelId {
    ChannelId::new(number).unwrap()
}

fn written(seq: u64, person: PersonId, secs: i64) -> Fact {
    let id = MessageId::new(1_000 + seq).unwrap();
    let how = Written::default();
    Fact { seq, at: at(secs), what: What::Written { id, person, channel: channel(5), how } }
}

fn record(session: &str, facts: Vec<Fact>) -> Command {
    Command::Record { session: session.to_owned(), facts, uses: Vec::new(), voice_until: None }
}

fn done(state: &mut State, command: &Command) -> Vec<Event> {
    let events = Activity::decide(state, command).unwrap();
    for event in &events {
        Activity::evolve(state, event);
    }
    events
}

fn messages(events: &[Event]) -> u32 {
    let minutes = events.iter().flat_map(|event| match event {
        Event::Recorded { minutes, .. } => minutes.as_slice(),
        _ => &[],
    });
    minutes.flat_map(|minute| &minute.rows).map(|row| row.counts.messages).sum()
}

// proves: ANA-01
#[test]
fn given_messages_then_they_are_counted_by_member_channel_and_minute_of_their_own() {
    let mut state = State::default();
    let reply = Written { reply: true, attachments: true, length: Length::of(300) };
    let id = MessageId::new(7).unwrap();
    let elsewhere = What::Written { id, person: ANN, channel: channel(6), how: reply };
    let reacted = What::Reacted { person: ANN, channel: channel(6) };
    let facts = vec![
        written(1, ANN, 0),
        written(2, ANN, 59),
        written(3, BEN, 61),
        Fact { seq: 4, at: at(62), what: elsewhere },
        Fact { seq: 5, at: at(63), what: reacted },
        // Late: it lands in the minute that it belongs to.
        written(6, ANN, 3),
    ];
    let events = done(&mut state, &record("a", facts));
    let [Event::Recorded { from_seq, to_seq, minutes, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((*from_seq, *to_seq, minutes.len()), (1, 6, 2));
    assert_eq!((minutes[0].at, minutes[0].rows.len()), (at(0), 1));
    assert_eq!(minutes[0].rows[0].counts, Counts { messages: 3, ..Counts::default() });
    let counts = Counts {
        messages: 1,
        replies: 1,
        attachments: 1,
        reactions: 1,
        long: 1,
        ..Counts::default()
    };
    assert!(minutes[1].rows.contains(&Row { person: ANN, channel: channel(6), counts }));
}

#[test]
fn given_a_row_then_it_is_read_as_it_was_written() {
    let (messages, replies, attachments, reactions) = (1, 2, 3, 4);
    let (short, medium, long) = (5, 6, 7);
    let all = Counts { messages, replies, attachments, reactions, short, medium, long };
    for counts in [all, Counts { reactions: 1, ..Counts::default() }] {
        let row = Row { person: ANN, channel: channel(6), counts };
        let text = serde_json::to_string(&row).unwrap();
        assert_eq!(serde_json::from_str::<Row>(&text).unwrap(), row, "{text}");
    }
}

// proves: LVL-08, OPS-13
#[test]
fn given_a_replay_after_a_crash_then_only_what_was_not_recorded_counts() {
    let mut state = State::default();
    assert_eq!(
        messages(&done(&mut state, &record("a", vec![written(1, ANN, 0), written(2, ANN, 1)]))),
        2
    );
    let again = vec![written(1, ANN, 0), written(2, ANN, 1), written(3, ANN, 2)];
    assert_eq!(messages(&done(&mut state, &record("a", again.clone()))), 1);
    assert!(done(&mut state, &record("a", again.clone())).is_empty());
    // Another process with a session of its own heard the same, and one more.
    let mut other: Vec<_> =
        again.into_iter().map(|fact| Fact { seq: fact.seq + 70, ..fact }).collect();
    other.push(written(90, BEN, 9));
    assert_eq!(messages(&done(&mut state, &record("b", other))), 1);
}

// proves: ANA-10
#[test]
fn given_a_use_of_a_command_that_comes_twice_then_it_is_recorded_once() {
    let mut state = State::default();
    let used = |id| Use {
        id,
        at: at(0),
        person: ANN,
        command: "bytes send".to_owned(),
        outcome: UseOutcome::Refused,
        millis: 12,
    };
    let uses = |ids: &[u64]| Command::Record {
        session: "a".to_owned(),
        facts: Vec::new(),
        uses: ids.iter().map(|id| used(*id)).collect(),
        voice_until: None,
    };
    let count = |events: Vec<Event>| match &events[..] {
        [Event::Recorded { uses, .. }] => uses.len(),
        _ => 0,
    };
    assert_eq!(count(done(&mut state, &uses(&[5, 6]))), 2);
    assert_eq!(count(done(&mut state, &uses(&[5, 6, 7]))), 1);
    let many: Vec<u64> = (100..100 + MAX_RECENT_USES as u64).collect();
    done(&mut state, &uses(&many));
    assert_eq!(state.uses.len(), MAX_RECENT_USES);
    assert_eq!(count(done(&mut state, &uses(&[5]))), 0, "older than what is remembered");
    assert_eq!(messages(&done(&mut state, &record("a", vec![written(1, ANN, 0)]))), 1);
}

fn voice(seq: u64, person: PersonId, secs: i64, to: Option<u64>) -> Fact {
    let place =
        |number| Place { channel: channel(number), muted: false, deafened: false, away: false };
    Fact { seq, at: at(secs), what: What::Voice { person, place: to.map(place) } }
}

fn stretches(events: &[Event]) -> i64 {
    let voice = events.iter().flat_map(|event| match event {
        Event::Recorded { voice, .. } | Event::ObservationGap { voice, .. } => voice.as_slice(),
        _ => &[],
    });
    voice.map(Stretch::micros).sum::<i64>() / 1_000_000
}

// proves: ANA-04, LVL-04
#[test]
fn given_a_gap_then_it_is_told_once_and_no_time_in_voice_lies_in_it() {
    let mut state = State::default();
    let mut all = done(&mut state, &record("a", vec![voice(1, ANN, 0, Some(5))]));
    let gap = |from, until| Command::NoteGap {
        from: at(from),
        until: at(until),
        why: Blindness::NewSession,
    };
    all.extend(done(&mut state, &gap(10, 50)));
    assert!(done(&mut state, &gap(10, 50)).is_empty() && done(&mut state, &gap(20, 20)).is_empty());
    // As the new session tells: only Ben is there now.
    let place = Place { channel: channel(5), muted: false, deafened: false, away: false };
    let here = Fact { seq: 2, at: at(50), what: What::VoiceIs { here: vec![(BEN, place)] } };
    all.extend(done(&mut state, &record("b", vec![here])));
    let until = Command::Record {
        session: "b".into(),
        facts: vec![],
        uses: vec![],
        voice_until: Some(at(57)),
    };
    all.extend(done(&mut state, &until));
    assert!(done(&mut state, &until).is_empty(), "time that was told is not told again");
    assert_eq!(stretches(&all), 10 + 7, "{all:?}");
    assert_eq!(state.rooms().people().collect::<Vec<_>>(), [BEN]);
}

proptest! {
    // proves: ANA-01, LVL-08
    #[test]
    fn however_it_is_cut_and_told_again_each_fact_counts_once(
        facts in prop::collection::vec((1_u32..4, 0_i64..300), 1..60),
        cuts in prop::collection::vec((0_usize..60, 0_usize..20), 1..12),
    ) {
        let told: Vec<_> = (1..)
            .zip(&facts)
            .map(|(seq, (person, secs))| written(seq, PersonId(*person), *secs))
            .collect();
        let (mut state, mut counted, mut place) = (State::default(), 0, 0);
        for (length, back) in cuts {
            let from = place - back.min(place);
            let to = (place + length).min(told.len());
            counted += messages(&done(&mut state, &record("a", told[from..to].to_vec())));
            place = place.max(to);
        }
        counted += messages(&done(&mut state, &record("a", told)));
        prop_assert_eq!(counted as usize, facts.len());
    }
}

// proves: ANA-01, ANA-03
#[test]
fn given_what_was_asked_for_after_a_gap_then_it_is_counted_in_its_minute_and_the_mark_stays() {
    let mut state = State::default();
    done(&mut state, &record("a", vec![written(1, ANN, 0)]));
    let newest = state.newest();
    done(&mut state, &record("b", vec![written(9, ANN, 500)]));
    assert!(state.newest() > newest);
    let before = state.clone();
    let joined = Fact { seq: 0, at: at(130), what: What::Joined { person: BEN } };
    let place = Place { channel: channel(5), muted: false, deafened: false, away: false };
    let voice = What::Voice { person: ANN, place: Some(place) };
    let voice = Fact { seq: 0, at: at(131), what: voice };
    // Older than what was heard since: it counts all the same.
    let facts = vec![written(2, ANN, 120), written(3, BEN, 125), joined, voice];
    let events = done(&mut state, &Command::Recover { gap: at(60), facts });
    assert_eq!(messages(&events), 2);
    let [Event::MemberJoined { person: BEN, .. }, Event::Recorded { minutes, to_seq: 0, .. }] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((minutes.len(), minutes[0].at), (1, at(120)));
    assert_eq!(state, before, "nothing live is decided otherwise for it");
    assert!(
        Activity::decide(&state, &Command::Recover { gap: at(60), facts: vec![] })
            .unwrap()
            .is_empty()
    );
    let recovery =
        Recovery { from: at(60), until: at(400), messages: 2, channels: 1, unread: 0, cut: false };
    let events = done(&mut state, &Command::NoteRecovery { recovery });
    assert_eq!(events, [Event::GapRecovered { recovery }]);
}
