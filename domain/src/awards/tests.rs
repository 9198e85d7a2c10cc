//! Every role once, whatever the order of things.

use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;

use super::*;
use crate::{
    economy::{EconomySettings, RoleReward},
    settings::InForce,
};

const ANN: PersonId = PersonId(1);
const BEN: PersonId = PersonId(2);

fn role(number: u64) -> RoleId {
    RoleId::new(number).expect("a role")
}

/// Rewards as (threshold, role).
fn terms(rewards: &[(i64, u64)]) -> Terms {
    let role_rewards =
        rewards.iter().map(|(at, id)| RoleReward { at: Bytes(*at), role: role(*id) }).collect();
    let values = EconomySettings { role_rewards, ..EconomySettings::default() };
    Arc::new(InForce { version: 1, values })
}

fn due(person: PersonId, received: i64, terms: &Terms) -> Command {
    Command::OrderDue { person, received: Bytes(received), terms: Arc::clone(terms) }
}

fn check(person: PersonId, received: i64, has: &[u64], terms: &Terms) -> Command {
    let has = has.iter().map(|id| role(*id)).collect();
    Command::Check { person, received: Bytes(received), has, terms: Arc::clone(terms) }
}

fn note(person: PersonId, id: u64, attempt: u32, outcome: Outcome) -> Command {
    Command::Note { person, role: role(id), attempt, outcome }
}

fn ordered(person: PersonId, id: u64, attempt: u32, at: i64, received: i64) -> Event {
    let (at, received) = (Bytes(at), Bytes(received));
    Event::RoleOrdered { person, role: role(id), attempt, at, received }
}

/// Decides, and goes on with what was decided.
fn act(state: &mut State, command: &Command) -> Vec<Event> {
    let events = Awards::decide(state, command).expect("nothing is refused");
    for event in &events {
        Awards::evolve(state, event);
    }
    events
}

// proves: ECO-09
#[test]
fn given_a_threshold_crossed_then_the_role_is_ordered_once() {
    let (mut state, terms) = (State::default(), terms(&[(100, 7), (500, 8)]));
    assert_eq!(act(&mut state, &due(ANN, 99, &terms)), []);
    assert_eq!(act(&mut state, &due(ANN, 100, &terms)), [ordered(ANN, 7, 1, 100, 100)]);
    assert_eq!(act(&mut state, &due(ANN, 120, &terms)), [], "it is under way");
    act(&mut state, &note(ANN, 7, 1, Outcome::Given));
    assert_eq!(act(&mut state, &due(ANN, 130, &terms)), [], "it was given");
    assert_eq!(act(&mut state, &due(BEN, 130, &terms)), [ordered(BEN, 7, 1, 100, 130)]);
}

// proves: ECO-09
#[test]
fn given_several_thresholds_crossed_at_once_then_all_of_their_roles_are_ordered() {
    let (mut state, terms) = (State::default(), terms(&[(100, 7), (500, 8), (900, 9)]));
    let events = act(&mut state, &due(ANN, 600, &terms));
    assert_eq!(events, [ordered(ANN, 7, 1, 100, 600), ordered(ANN, 8, 1, 500, 600)]);
}

// proves: ECO-09
#[test]
fn given_a_threshold_lowered_later_then_who_passed_it_gets_the_role_with_the_next_movement() {
    let mut state = State::default();
    assert_eq!(act(&mut state, &due(ANN, 60, &terms(&[(100, 7)]))), []);
    let lower = terms(&[(50, 7)]);
    assert_eq!(act(&mut state, &due(ANN, 61, &lower)), [ordered(ANN, 7, 1, 50, 61)]);
    // Raised again, it is not taken away, and lowered once more not given twice.
    act(&mut state, &note(ANN, 7, 1, Outcome::Given));
    assert_eq!(act(&mut state, &due(ANN, 62, &terms(&[(100, 7)]))), []);
    assert_eq!(act(&mut state, &due(ANN, 63, &lower)), []);
}

// proves: ECO-09
#[test]
fn given_who_had_left_then_the_next_movement_orders_the_role_again() {
    let (mut state, terms) = (State::default(), terms(&[(100, 7)]));
    act(&mut state, &due(ANN, 100, &terms));
    let gone = Outcome::Failed(Failure::MemberGone);
    act(&mut state, &note(ANN, 7, 1, gone));
    assert_eq!(act(&mut state, &due(ANN, 110, &terms)), [ordered(ANN, 7, 2, 100, 110)]);
}

// proves: ECO-07
#[test]
fn given_a_failure_then_only_a_check_orders_the_role_again_and_twice_does_nothing_more() {
    let (mut state, terms) = (State::default(), terms(&[(100, 7)]));
    act(&mut state, &due(ANN, 100, &terms));
    for why in [Failure::RoleGone, Failure::NotAllowed, Failure::Unavailable] {
        let attempt = state.award(ANN, role(7)).expect("ordered").attempt;
        act(&mut state, &note(ANN, 7, attempt, Outcome::Failed(why)));
        assert_eq!(act(&mut state, &due(ANN, 110, &terms)), [], "{why:?}");
        let again = ordered(ANN, 7, attempt + 1, 100, 100);
        assert_eq!(act(&mut state, &check(ANN, 100, &[], &terms)), [again], "{why:?}");
        assert_eq!(act(&mut state, &check(ANN, 100, &[], &terms)), [], "it is under way");
    }
}

// proves: ECO-07
#[test]
fn given_a_role_that_was_lost_then_a_check_orders_it_and_one_that_is_there_is_left_alone() {
    let (mut state, terms) = (State::default(), terms(&[(100, 7), (200, 8)]));
    act(&mut state, &due(ANN, 250, &terms));
    act(&mut state, &note(ANN, 7, 1, Outcome::Given));
    act(&mut state, &note(ANN, 8, 1, Outcome::Given));
    assert_eq!(act(&mut state, &check(ANN, 250, &[7, 8], &terms)), []);
    assert_eq!(act(&mut state, &check(ANN, 250, &[8], &terms)), [ordered(ANN, 7, 2, 100, 250)]);
    // Who has spent everything keeps it; who has not earned it is given nothing.
    assert_eq!(act(&mut state, &check(BEN, 99, &[], &terms)), []);
}

#[test]
fn given_an_outcome_of_no_open_order_then_it_changes_nothing() {
    let (mut state, terms) = (State::default(), terms(&[(100, 7)]));
    assert_eq!(act(&mut state, &note(ANN, 7, 1, Outcome::Given)), [], "never ordered");
    act(&mut state, &due(ANN, 100, &terms));
    assert_eq!(act(&mut state, &note(ANN, 7, 2, Outcome::Given)), [], "of another order");
    act(&mut state, &note(ANN, 7, 1, Outcome::Given));
    let late = note(ANN, 7, 1, Outcome::Failed(Failure::Unavailable));
    assert_eq!(act(&mut state, &late), [], "a late failure takes nothing back");
}

#[derive(Clone, Debug)]
enum Step {
    Receive(u32, i64),
    Settings(Vec<(i64, u64)>),
    Check(u32),
    /// The oldest open order comes to this.
    Outcome(Outcome),
    Leave(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let rewards = prop::collection::btree_map(1_u64..4, 1_i64..200, 0..3)
        .prop_map(|map| map.into_iter().map(|(role, at)| (at, role)).collect());
    let failure = prop::sample::select(vec![
        Outcome::Given,
        Outcome::Given,
        Outcome::Failed(Failure::MemberGone),
        Outcome::Failed(Failure::Unavailable),
        Outcome::Failed(Failure::RoleGone),
    ]);
    prop_oneof![
        4 => (1_u32..4, 1_i64..80).prop_map(|(who, amount)| Step::Receive(who, amount)),
        1 => rewards.prop_map(Step::Settings),
        1 => (1_u32..4).prop_map(Step::Check),
        3 => failure.prop_map(Step::Outcome),
        1 => (1_u32..4).prop_map(Step::Leave),
    ]
}

proptest! {
    // proves: ECO-09, ECO-07
    #[test]
    fn given_any_order_of_things_then_nobody_is_given_a_role_that_they_have_or_have_not_earned(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let (mut state, mut rewards) = (State::default(), terms(&[(50, 1), (120, 2)]));
        let mut received = BTreeMap::<u32, i64>::new();
        // What Discord would show: who has which role.
        let mut world = Vec::<(PersonId, RoleId)>::new();
        let mut open = Vec::<(PersonId, RoleId, u32)>::new();
        for step in steps {
            let command = match step {
                Step::Receive(who, amount) => {
                    let total = received.entry(who).or_default();
                    *total += amount;
                    due(PersonId(who), *total, &rewards)
                }
                Step::Settings(to) => {
                    rewards = terms(&to);
                    continue;
                }
                Step::Leave(who) => {
                    world.retain(|(person, _)| person.0 != who);
                    continue;
                }
                Step::Check(who) => {
                    let of = |(person, role): &(PersonId, RoleId)| (person.0 == who).then_some(role.get());
                    let has: Vec<u64> = world.iter().filter_map(of).collect();
                    check(PersonId(who), received.get(&who).copied().unwrap_or(0), &has, &rewards)
                }
                Step::Outcome(outcome) => {
                    if open.is_empty() {
                        continue;
                    }
                    let (person, role, attempt) = open.remove(0);
                    if outcome == Outcome::Given {
                        prop_assert!(!world.contains(&(person, role)), "given twice");
                        world.push((person, role));
                    }
                    Command::Note { person, role, attempt, outcome }
                }
            };
            for event in act(&mut state, &command) {
                if let Event::RoleOrdered { person, role, attempt, at, received: counted } = event {
                    prop_assert!(at <= counted, "not earned");
                    prop_assert!(!open.iter().any(|order| (order.0, order.1) == (person, role)));
                    prop_assert!(!world.contains(&(person, role)), "has it");
                    open.push((person, role, attempt));
                }
            }
            // The same movement seen again orders nothing more.
            if matches!(command, Command::OrderDue { .. }) {
                prop_assert_eq!(act(&mut state, &command), []);
            }
        }
    }
}
