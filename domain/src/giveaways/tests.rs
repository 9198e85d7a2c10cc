//! The rules of a giveaway: given a history, when a command, then events or a refusal.

mod claims;
mod entries;

use uuid::Uuid;

use super::*;
use crate::RoleId;

const HOST: PersonId = PersonId(900);
const ANN: PersonId = PersonId(1);
const HOUR: i64 = 3_600;

fn id() -> GiveawayId {
    GiveawayId(Uuid::from_u128(0x0193_a1c0_7d3e_7c44_9a53_5f0d_6f1f_2a02))
}

fn seed() -> Digest {
    Digest::of(&[b"a seed for tests"])
}

fn salt(person: PersonId) -> Digest {
    Digest::of(&[b"salt", &person.0.to_be_bytes()])
}

fn message() -> MessageId {
    MessageId::new(1_310_988_612_345_678_901).unwrap()
}

fn role(number: u64) -> RoleId {
    RoleId::new(number).unwrap()
}

fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn end() -> Timestamp {
    noon().plus_secs(HOUR)
}

fn usual() -> Terms {
    Terms {
        prize: "A badge".to_owned(),
        winners: 1,
        ends_at: end(),
        requires: Requirements::default(),
        bonus: Vec::new(),
        claim_secs: 300,
        max_rerolls: 2,
    }
}

fn create(terms: Terms) -> Command {
    let commitment = commitment(id(), &seed());
    let channel = ChannelId::new(500).unwrap();
    Command::Create { id: id(), by: HOST, channel, terms, commitment, at: noon() }
}

fn enter_with(person: PersonId, facts: Facts) -> Command {
    Command::Enter { person, facts, salt: salt(person), at: noon() }
}

fn enter(person: PersonId) -> Command {
    enter_with(person, Facts::default())
}

fn close() -> Command {
    Command::Close { by: None, at: end() }
}

fn draw_without(left_out: Vec<(PersonId, Exclusion)>) -> Command {
    Command::Draw { message: message(), seed: seed(), left_out, at: end() }
}

fn draw() -> Command {
    draw_without(Vec::new())
}

fn fold(state: &mut State, events: &[Event]) {
    for event in events {
        Giveaway::evolve(state, event);
    }
}

#[track_caller]
fn act(state: &mut State, command: &Command) -> Vec<Event> {
    let events = Giveaway::decide(state, command).unwrap();
    fold(state, &events);
    events
}

fn refused(state: &State, command: &Command) -> &'static str {
    crate::Refusal::rule(&Giveaway::decide(state, command).unwrap_err())
}

fn with_entrants(terms: Terms, entrants: u32) -> State {
    let mut state = State::default();
    act(&mut state, &create(terms));
    for number in 1..=entrants {
        act(&mut state, &enter(PersonId(number)));
    }
    state
}

fn drawn(terms: Terms, entrants: u32) -> State {
    let mut state = with_entrants(terms, entrants);
    act(&mut state, &close());
    act(&mut state, &draw());
    state
}

fn people(events: &[Event]) -> Vec<u32> {
    let person = |event: &Event| match event {
        Event::CandidateDrawn { person, .. } => Some(person.0),
        _ => None,
    };
    events.iter().filter_map(person).collect()
}

/// The same as in docs/draw.md: whoever changes how winners are drawn breaks it.
#[test]
fn given_the_published_example_then_commitment_root_and_winners_are_its() {
    let terms = Terms { winners: 3, ..usual() };
    let mut state = with_entrants(terms, 5);
    let events = act(&mut state, &close());
    let Event::Closed { root, weight: 5, entries: 5, .. } = events[0] else { panic!("{events:?}") };
    let events = act(&mut state, &draw());
    let shown = format!("{} {} {:?}", commitment(id(), &seed()), root, people(&events));
    assert_eq!(shown, include_str!("tests/example.txt").trim_end());
}

#[test]
fn given_a_draw_then_it_is_never_drawn_twice_and_only_from_the_seed_committed_to() {
    let mut state = with_entrants(usual(), 3);
    assert_eq!(refused(&state, &draw()), "giveaway.not_closed");
    assert_eq!(refused(&state, &Command::Close { by: None, at: noon() }), "giveaway.not_over_yet");
    act(&mut state, &close());
    assert_eq!(act(&mut state, &close()), [], "once");
    let wrong = Digest::of(&[b"another seed"]);
    let left_out = Vec::new();
    let forged = Command::Draw { message: message(), seed: wrong, left_out, at: end() };
    assert_eq!(refused(&state, &forged), "giveaway.wrong_seed");
    assert_eq!(people(&act(&mut state, &draw())).len(), 1);
    assert_eq!(act(&mut state, &draw()), []);
    assert_eq!(refused(&state, &Command::Cancel { by: HOST, at: end() }), "giveaway.drawn_already");
}

#[test]
fn given_fewer_entrants_than_prizes_then_each_wins_once_and_the_rest_is_said() {
    let mut state = with_entrants(Terms { winners: 5, ..usual() }, 3);
    act(&mut state, &close());
    let events = act(&mut state, &draw());
    let mut winners = people(&events);
    winners.sort_unstable();
    assert_eq!(winners, [1, 2, 3]);
    assert_eq!(events.last(), Some(&Event::NobodyLeft { k: 3, prizes: 2, at: end() }));
    let mut empty = with_entrants(usual(), 0);
    act(&mut empty, &close());
    assert_eq!(people(&act(&mut empty, &draw())), [0_u32; 0]);
}

#[test]
fn given_members_left_out_then_they_are_not_drawn_and_each_is_on_record_with_the_reason() {
    let mut state = with_entrants(Terms { winners: 50, ..usual() }, 10);
    act(&mut state, &Command::Leave { person: PersonId(4), at: noon() });
    act(&mut state, &close());
    let why = Exclusion::PreviousWinner;
    let left_out = [1, 2, 4, 77].map(|number| (PersonId(number), why)).to_vec();
    let events = act(&mut state, &draw_without(left_out));
    let excluded: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::EntryExcluded { person, why, .. } => Some((person.0, *why)),
            _ => None,
        })
        .collect();
    assert_eq!(excluded, [(1, why), (2, why)]);
    let mut winners = people(&events);
    winners.sort_unstable();
    assert_eq!(winners, [3, 5, 6, 7, 8, 9, 10], "each once");
}

#[test]
fn given_100_000_entrants_then_the_state_weighs_no_more_than_promised() {
    let mut state = with_entrants(Terms { winners: 50, ..usual() }, 100_000);
    let per_entry = state.weight_bytes().div_ceil(100_000);
    println!("giveaway: {per_entry} bytes an entrant");
    assert!(per_entry > size_of::<Entry>(), "{per_entry} cannot be true");
    assert!(per_entry <= MAX_BYTES_PER_ENTRY, "{per_entry}");
    act(&mut state, &close());
    assert_eq!(people(&act(&mut state, &draw())).len(), 50);
}
