use proptest::prelude::*;

use super::*;
use crate::settings::{Configurable as _, FieldValue, InForce};

const ANN: PersonId = PersonId(1);
const BEN: PersonId = PersonId(2);
const MOD: PersonId = PersonId(3);

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_795_132_800 + secs)
}

fn channel(number: u64) -> ChannelId {
    ChannelId::new(number).unwrap()
}

fn message(number: u64) -> MessageId {
    MessageId::new(number).unwrap()
}

fn notice(seq: u64, secs: i64, what: What) -> Notice {
    Notice { seq, at: at(secs), what }
}

fn deleted(seq: u64, secs: i64, id: u64, author: Option<PersonId>) -> Notice {
    notice(seq, secs, What::Deleted { message: message(id), channel: channel(5), author })
}

fn by(seq: u64, secs: i64, author: PersonId) -> Notice {
    let (author, channel) = (Some(author), channel(5));
    notice(seq, secs, What::DeletedBy { by: MOD, author, channel, purge: false })
}

fn command(session: &str, notices: Vec<Notice>, terms: LogSettings) -> Command {
    let terms = Terms::new(InForce { version: 1, values: terms });
    Command::Note { session: session.to_owned(), notices, uses: Vec::new(), terms }
}

fn done(state: &mut State, command: &Command) -> Vec<Event> {
    let events = Logs::decide(state, command).unwrap();
    for event in &events {
        Logs::evolve(state, event);
    }
    events
}

fn note(state: &mut State, notices: Vec<Notice>) -> Vec<Event> {
    done(state, &command("a", notices, LogSettings::default()))
}

fn entries(events: &[Event]) -> Vec<&Entry> {
    let noted = events.iter().filter_map(|event| match event {
        Event::Noted { entry, .. } => Some(entry),
        _ => None,
    });
    noted.collect()
}

fn kinds(events: &[Event]) -> Vec<Kind> {
    entries(events).iter().map(|entry| entry.kind).collect()
}

// proves: LOG-01
#[test]
fn given_what_was_noted_before_then_it_is_not_noted_again() {
    let mut state = State::default();
    let told = vec![deleted(1, 0, 11, Some(ANN)), deleted(2, 60, 12, Some(BEN))];
    assert_eq!(note(&mut state, told[..1].to_vec()).len(), 1);
    assert_eq!(kinds(&note(&mut state, told.clone())), [Kind::MessageDeleted]);
    assert!(note(&mut state, told.clone()).is_empty());
    let again = command("b", told, LogSettings::default());
    assert!(done(&mut state, &again).is_empty(), "another process heard the same");
}

// proves: LOG-01
#[test]
fn given_a_topic_that_is_off_or_somebody_who_is_left_out_then_nothing_is_noted_of_it() {
    let mut state = State::default();
    done(&mut state, &Command::LeaveOut { person: BEN });
    let terms = LogSettings {
        left_out_channels: vec![channel(6)],
        ..LogSettings::default().with(Topic::Edits, Some(false), None)
    };
    let edited = |seq, channel, author, bot| {
        let message = message(seq);
        notice(seq, 0, What::Edited { message, channel, author, bot })
    };
    let elsewhere = What::Deleted { message: message(9), channel: channel(6), author: Some(ANN) };
    let all = vec![
        edited(1, channel(5), ANN, false),
        deleted(2, 0, 12, Some(BEN)),
        notice(3, 0, elsewhere),
        notice(4, 0, What::Came { person: ANN }),
    ];
    let events = done(&mut state, &command("a", all, terms.clone()));
    assert_eq!(kinds(&events), [Kind::MemberJoined]);
    let terms = terms.with(Topic::Edits, Some(true), None);
    let all = vec![edited(5, channel(5), ANN, true), edited(6, channel(5), ANN, false)];
    let events = done(&mut state, &command("a", all.clone(), terms.clone()));
    assert_eq!(kinds(&events), [Kind::MessageEdited], "what bots do is not noted");
    let mut state = State::default();
    let events = done(&mut state, &command("a", all, LogSettings { bots: true, ..terms }));
    assert_eq!(events.len(), 2);
}

#[test]
fn given_members_who_are_left_out_then_there_is_a_limit_and_saying_it_twice_changes_nothing() {
    let mut state = State::default();
    for number in 0..100 {
        let person = PersonId(number);
        assert_eq!(done(&mut state, &Command::LeaveOut { person }).len(), 1);
        assert!(done(&mut state, &Command::LeaveOut { person }).is_empty());
    }
    let refused = Logs::decide(&state, &Command::LeaveOut { person: PersonId(100) });
    assert_eq!(refused, Err(LogRefusal::TooManyLeftOut));
    assert_eq!(done(&mut state, &Command::TakeIn { person: ANN }).len(), 1);
    assert!(done(&mut state, &Command::TakeIn { person: ANN }).is_empty());
    assert_eq!(state.left_out().count(), 99);
}

// proves: LOG-03
#[test]
fn given_a_deletion_then_who_did_it_is_told_where_the_audit_log_says() {
    // In one breath, in either order.
    for notices in [
        vec![deleted(1, 0, 11, Some(ANN)), by(2, 1, ANN)],
        vec![by(1, 0, ANN), deleted(2, 1, 11, Some(ANN))],
    ] {
        let mut state = State::default();
        let events = note(&mut state, notices);
        let [entry] = entries(&events)[..] else { panic!("{events:?}") };
        assert_eq!((entry.person, entry.by, events.len()), (Some(ANN), Some(MOD), 1));
        assert!(note(&mut state, vec![by(3, 2, ANN)]).is_empty(), "it is told already");
    }
    // A moment later, and it tells who wrote what is not known.
    let mut state = State::default();
    note(&mut state, vec![deleted(1, 0, 11, None), deleted(2, 1, 12, Some(BEN))]);
    let word = by(3, 5, ANN);
    let events = note(&mut state, vec![word.clone()]);
    let [Event::DeletionAttributed { message: of, by: MOD, author: Some(ANN), .. }] = events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(of, message(11), "Ben's is none of Ann's");
    assert!(note(&mut state, vec![word]).is_empty(), "told again");
    assert!(note(&mut state, vec![by(4, 40, BEN)]).is_empty(), "too late to be about this");
}

// proves: LOG-03
#[test]
fn given_messages_that_were_deleted_at_once_then_they_are_one_entry() {
    let mut state = State::default();
    let messages: Vec<_> = (1..=100).map(message).collect();
    let purged = What::Purged { messages: messages.clone(), channel: channel(5) };
    let author = None;
    let word = What::DeletedBy { by: MOD, author, channel: channel(5), purge: true };
    let events = note(&mut state, vec![notice(1, 0, purged), notice(2, 0, word)]);
    let [entry] = entries(&events)[..] else { panic!("{events:?}") };
    assert_eq!((entry.kind, entry.by), (Kind::MessagesPurged, Some(MOD)));
    assert_eq!(entry.messages, messages);
}

// proves: LOG-07
#[test]
fn given_voice_then_coming_moving_and_leaving_are_noted_and_muting_is_not() {
    let mut state = State::default();
    let voice = |seq, to: Option<u64>| {
        let channel = to.map(channel);
        notice(seq, 0, What::Voice { person: ANN, channel })
    };
    let told = vec![voice(1, Some(5)), voice(2, Some(5)), voice(3, Some(6)), voice(4, None)];
    let events = note(&mut state, told);
    let all: Vec<_> = entries(&events).iter().map(|e| (e.kind, e.channel, e.from)).collect();
    let (five, six) = (Some(channel(5)), Some(channel(6)));
    assert_eq!(
        all,
        [
            (Kind::VoiceJoined, five, None),
            (Kind::VoiceMoved, six, five),
            (Kind::VoiceLeft, six, None)
        ]
    );
    note(&mut state, vec![voice(5, Some(5))]);
    let here = vec![(BEN, channel(6))];
    let events = note(&mut state, vec![notice(6, 9, What::VoiceIs { here })]);
    assert_eq!(kinds(&events), [Kind::VoiceLeft, Kind::VoiceJoined]);
}

// proves: LOG-08
#[test]
fn given_uses_of_commands_then_they_are_noted_once_where_that_is_wanted() {
    let mut state = State::default();
    let used = Use {
        id: 77,
        at: at(0),
        person: ANN,
        command: "bytes send".to_owned(),
        outcome: crate::activity::UseOutcome::Done,
        millis: 12,
    };
    let on = LogSettings::default().with(Topic::Commands, Some(true), None);
    for (terms, times) in [(LogSettings::default(), 0), (on.clone(), 1), (on, 0)] {
        let terms = Terms::new(InForce { version: 1, values: terms });
        let (session, notices) = ("a".to_owned(), Vec::new());
        let command = Command::Note { session, notices, uses: vec![used.clone()], terms };
        assert_eq!(done(&mut state, &command).len(), times);
    }
}

#[test]
fn given_the_settings_as_fields_then_what_was_set_reads_back() {
    let mut settings = LogSettings::default();
    for (field, text) in [
        ("channel", "<#70>"),
        ("topics", "commands:on, voice:off"),
        ("routes", "deletions:<#71>"),
        ("left_out_channels", "<#72>, <#73>"),
        ("bots", "on"),
        ("retention", "7d"),
    ] {
        let found = LogSettings::fields().iter().find(|known| known.name == field).unwrap();
        assert!(settings.put(field, found.parse(text).unwrap()), "{field}");
        let shown = settings.get(field).unwrap().to_string();
        assert!(
            shown.replace("voice:off, commands:on", "commands:on, voice:off") == text,
            "{shown}"
        );
    }
    assert!(settings.problems().is_empty());
    assert!(settings.notes(Topic::Commands) && !settings.notes(Topic::Voice));
    assert_eq!(settings.posted_in(Topic::Deletions), Some(channel(71)));
    assert_eq!(settings.posted_in(Topic::Edits), Some(channel(70)));
    assert!(
        !settings.put("bots", FieldValue::Count(1))
            && !settings.put("other", FieldValue::Switch(true))
    );
    let long = FieldValue::Duration(91 * 86_400);
    assert!(settings.put("retention", long) && !settings.problems().is_empty());
}

proptest! {
    // proves: LOG-01
    #[test]
    fn however_it_is_cut_and_told_again_each_thing_is_noted_once(
        kinds in prop::collection::vec(0_u8..4, 1..40),
        cuts in prop::collection::vec((0_usize..40, 0_usize..15), 1..10),
    ) {
        let told: Vec<_> = (1_u64..).zip(&kinds).map(|(seq, kind)| {
            let secs = seq.cast_signed() * 20;
            match kind {
                0 => deleted(seq, secs, seq, Some(ANN)),
                1 => notice(seq, secs, What::Came { person: BEN }),
                2 => by(seq, secs - 15, ANN),
                _ => notice(seq, secs, What::Voice { person: ANN, channel: Some(channel(seq)) }),
            }
        }).collect();
        let whole = note(&mut State::default(), told.clone());
        let (mut state, mut all, mut place) = (State::default(), Vec::new(), 0);
        for (length, back) in cuts {
            let from = place - back.min(place);
            let to = (place + length).min(told.len());
            all.extend(note(&mut state, told[from.min(to)..to].to_vec()));
            place = place.max(to);
        }
        all.extend(note(&mut state, told));
        let of = |events: &[Event]| {
            entries(events).iter().map(|e| (e.kind, e.at)).collect::<Vec<_>>()
        };
        prop_assert_eq!(of(&all), of(&whole));
    }
}
