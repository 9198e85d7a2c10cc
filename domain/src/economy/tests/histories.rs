//! What holds after any history of commands and after any events at all.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    book::{Book, DAY_MICROS, LIMIT, stored_lines},
    *,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

const MEMBERS: u32 = 3;

fn members() -> impl Iterator<Item = PersonId> {
    (1..=MEMBERS).map(PersonId)
}

fn settings() -> impl Strategy<Value = EconomySettings> {
    let tier = |from_days, multiplier| StreakTier { from_days, name: "T".to_owned(), multiplier };
    let mode = prop_oneof![
        6 => Just(DailyMode::Automatic),
        2 => Just(DailyMode::Command),
        1 => Just(DailyMode::Off),
    ];
    let starting = prop_oneof![Just(0), Just(25)];
    let cooldown = prop_oneof![Just(0), Just(60), Just(86_400)];
    (mode, starting, cooldown).prop_map(move |(daily, starting, cooldown)| EconomySettings {
        daily,
        starting_balance: Bytes(starting),
        transfer_cooldown_secs: cooldown,
        tiers: vec![tier(2, 2), tier(3, 4)],
        ..EconomySettings::default()
    })
}

fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![
        12 => 1_i64..60,
        2 => -3_i64..2,
        2 => 990_i64..1_010,
        2 => LIMIT - 60..LIMIT + 3,
        1 => any::<i64>(),
    ]
}

/// One command at this moment; a daily reward may be late by up to two days.
fn command_at(micros: i64) -> impl Strategy<Value = Command> {
    let now = Timestamp::from_micros(micros);
    let member = || (1..=MEMBERS).prop_map(PersonId);
    let number = || 0..6_u128;
    let trigger = prop_oneof![4 => Just(DailyTrigger::Message), 1 => Just(DailyTrigger::Request)];
    let late = prop_oneof![4 => Just(0), 1 => 0..2 * DAY_MICROS];
    let daily = (member(), trigger, late).prop_map(move |(to, trigger, late)| {
        let at = Timestamp::from_micros(micros - late);
        Command::AwardDaily { to, trigger, at, terms: default_terms() }
    });
    let command = prop_oneof![
        3 => (member(), amount()).prop_map(|(to, amount)| grant(to, amount)),
        2 => (member(), amount()).prop_map(|(from, amount)| take(from, amount)),
        4 => (member(), member(), amount())
            .prop_map(move |(from, to, amount)| transfer(from, to, amount, now)),
        6 => daily,
        3 => prop::collection::vec(member(), 0..6).prop_map(move |to| {
            Command::AwardDailyToAll { to, day: now.utc_day(), terms: default_terms() }
        }),
        2 => (number(), member(), amount()).prop_map(|(n, from, amount)| spend(n, from, amount)),
        1 => number().prop_map(settle),
        2 => number().prop_map(refund),
    ];
    (command, settings()).prop_map(|(command, settings)| command.under(settings))
}

/// Up to 60 commands, as time goes by: at once, minutes or half a day later.
pub(super) fn history() -> impl Strategy<Value = Vec<Command>> {
    let gap = prop_oneof![Just(0), 0..120_000_000_i64, 0..DAY_MICROS / 2];
    prop::collection::vec(gap, 1..60).prop_flat_map(|gaps| {
        let mut now = noon().as_micros();
        let moments = gaps.into_iter().map(|gap| {
            now += gap;
            command_at(now)
        });
        moments.collect::<Vec<_>>()
    })
}

/// Lets the guild decide on one command and live with the outcome.
pub(super) fn step(state: &mut State, command: &Command) -> Result<Vec<Event>, Refusal> {
    let events = Economy::decide(state, command)?;
    for event in &events {
        Economy::evolve(state, event);
    }
    Ok(events)
}

pub(super) fn total(state: &State) -> i64 {
    members().map(|member| state.balance(member).0).sum()
}

/// Any event, decided by nobody.
fn nonsense(amounts: impl Strategy<Value = i64> + 'static) -> impl Strategy<Value = Event> {
    let person = || prop_oneof![0..3_u32, any::<u32>()].prop_map(PersonId);
    let moment = any::<i64>().prop_map(Timestamp::from_micros);
    let parts = (person(), person(), amounts.prop_map(Bytes), moment, any::<i32>(), any::<u32>());
    (parts, 0..3_u128, 0..8_u8).prop_map(|(parts, number, kind)| {
        let (from, to, amount, at, day, streak_days) = parts;
        let (spend, day, reason, tier) = (spend_id(number), UtcDay(day), None, None);
        match kind {
            0 => Event::AccountOpened { person: from, starting: amount },
            1 => Event::BytesGranted { to, amount, reason },
            2 => Event::BytesTaken { from, amount, reason },
            3 => Event::BytesTransferred { from, to, amount, reason, at },
            4 => Event::DailyAwarded { to, day, streak_days, tier, amount },
            5 => Event::BytesSpent { spend, from, amount, purpose: String::new() },
            6 => Event::SpendSettled { spend },
            _ => Event::SpendRefunded { spend, to, amount },
        }
    })
}

proptest! {
    // proves: ECO-01
    #[test]
    fn given_any_history_then_every_balance_is_the_sum_of_the_ledger(history in history()) {
        let (mut state, mut book) = (State::default(), Book::default());
        for command in &history {
            let outcome = step(&mut state, command);
            prop_assert_eq!(outcome.is_ok(), book.enter(command), "{:?}: {:?}", command, outcome);
            for member in members() {
                prop_assert_eq!(state.balance(member).0, book.balance(member), "{:?}", command);
            }
        }
    }

    // proves: ECO-12, ECO-01
    #[test]
    fn given_any_history_then_the_stored_events_alone_explain_every_balance(history in history()) {
        let (mut state, mut sums) = (State::default(), BTreeMap::<PersonId, i64>::new());
        for command in &history {
            for event in step(&mut state, command).unwrap_or_default() {
                for (person, amount) in stored_lines(&event) {
                    *sums.entry(person).or_default() += amount;
                }
            }
            for member in members() {
                prop_assert_eq!(state.balance(member).0, sums.get(&member).copied().unwrap_or(0));
            }
        }
    }

    // proves: ECO-01, ECO-04
    #[test]
    fn given_any_history_then_no_balance_is_negative_or_passes_the_limit_but_by_a_refund(
        history in history(),
    ) {
        let mut state = State::default();
        for command in &history {
            let before: Vec<Bytes> = members().map(|member| state.balance(member)).collect();
            let refund = matches!(command, Command::RefundSpend { .. });
            let _ = step(&mut state, command);
            for (member, before) in members().zip(before) {
                let after = state.balance(member);
                prop_assert!(after >= Bytes::ZERO, "{:?} leaves {}", command, after);
                let within = after <= Bytes::LIMIT || after <= before || refund;
                prop_assert!(within, "{:?} leaves {}", command, after);
            }
        }
    }

    // proves: ECO-04
    #[test]
    fn given_any_history_then_transfers_neither_make_nor_lose_a_byte(history in history()) {
        let mut state = State::default();
        for command in &history {
            let before = total(&state);
            let events = step(&mut state, command).unwrap_or_default();
            let opened_with: i64 = events
                .iter()
                .map(|event| match event {
                    Event::AccountOpened { starting, .. } => starting.0,
                    _ => 0,
                })
                .sum();
            if matches!(command, Command::Transfer { .. }) {
                prop_assert_eq!(total(&state), before + opened_with, "{:?}", events);
            }
        }
    }

    // proves: ECO-01
    #[test]
    fn given_any_history_then_folding_its_events_gives_the_same_state(history in history()) {
        let mut state = State::default();
        let mut events = Vec::new();
        for command in &history {
            events.extend(step(&mut state, command).unwrap_or_default());
        }
        prop_assert_eq!(given(events).state, state);
    }

    // proves: ECO-15, ECO-01
    #[test]
    fn given_two_guilds_side_by_side_then_each_is_as_it_would_be_alone(
        here in history(),
        there in history(),
    ) {
        let (mut state_here, mut state_there) = (State::default(), State::default());
        for (one, other) in here.iter().zip(&there) {
            let _ = step(&mut state_here, one);
            let _ = step(&mut state_there, other);
        }
        let mut alone = State::default();
        for (one, _) in here.iter().zip(&there) {
            let _ = step(&mut alone, one);
        }
        prop_assert_eq!(state_here, alone);
    }

    #[test]
    fn given_any_events_at_all_then_folding_them_never_fails(
        events in prop::collection::vec(nonsense(i64::MIN..=i64::MAX), 0..40),
    ) {
        let state = given(events).state;
        for member in members() {
            let _ = state.balance(member);
        }
        prop_assert!(state.weight_bytes() >= size_of::<State>());
    }
}

#[test]
fn given_the_smallest_number_taken_then_folding_it_never_fails() {
    for event in
        [taken(ANN, i64::MIN), spent(1, ANN, i64::MIN), transferred(ANN, BEN, i64::MIN, noon())]
    {
        given([opened(ANN, 1), event]);
    }
}

/// The properties above say something only as long as the histories get everywhere.
#[test]
fn given_many_histories_then_they_reach_every_event_and_the_rules_that_need_a_history() {
    let mut runner = TestRunner::deterministic();
    let (mut types, mut rules) = (BTreeSet::new(), BTreeMap::<&str, u32>::new());
    let mut longest_tier = 0;
    for _ in 0..200 {
        let mut state = State::default();
        for command in history().new_tree(&mut runner).expect("a history").current() {
            match step(&mut state, &command) {
                Ok(events) => {
                    longest_tier += events
                        .iter()
                        .filter(|event| {
                            matches!(event, Event::DailyAwarded { streak_days: 3.., .. })
                        })
                        .count();
                    types.extend(events.iter().map(Event::event_type));
                }
                Err(refusal) => *rules.entry(crate::Refusal::rule(&refusal)).or_default() += 1,
            }
        }
    }
    assert_eq!(types, Event::TYPES.iter().copied().collect());
    assert!(longest_tier >= 10, "{longest_tier}");
    for rule in [
        "economy.amount_too_small",
        "economy.amount_too_large",
        "economy.not_enough",
        "economy.balance_limit",
        "economy.self_transfer",
        "economy.cooldown",
        "economy.daily_already_paid",
        "economy.spend_exists",
        "economy.spend_not_open",
    ] {
        assert!(rules.get(rule).copied().unwrap_or(0) >= 10, "{rule}: {rules:?}");
    }
}
