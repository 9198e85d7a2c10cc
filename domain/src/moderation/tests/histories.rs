//! What holds after any history of commands.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn person() -> impl Strategy<Value = PersonId> {
    (1..=2_u32).prop_map(PersonId)
}

fn deed() -> impl Strategy<Value = Deed> {
    prop::sample::select(vec![
        Deed::Timeout,
        Deed::EndTimeout,
        Deed::Kick,
        Deed::Ban,
        Deed::Unban,
        Deed::Softban,
    ])
}

fn command(at: Timestamp) -> impl Strategy<Value = Command> {
    let case = || 1..9_u32;
    let stage = prop_oneof![
        4 => Just(Stage::Deed),
        3 => (1..3_u32).prop_map(|attempt| Stage::Renewal { attempt }),
        3 => (1..3_u32).prop_map(|attempt| Stage::Lift { attempt }),
    ];
    let outcome = prop_oneof![
        3 => Just(Outcome::Applied),
        1 => Just(Outcome::Failed(Failure::Unavailable)),
    ];
    let restarts = any::<bool>();
    prop_oneof![
        6 => (person(), restarts).prop_map(move |(person, restarts)| {
            warn_at(person, at, &terms(|values| values.ladder_restarts = restarts))
        }),
        3 => (person(), deed(), prop::option::of(60..90 * DAY))
            .prop_map(move |(person, deed, secs)| punish_at(person, deed, secs, at)),
        6 => (case(), person(), stage, outcome)
            .prop_map(move |(case, person, stage, outcome)| report(case, person, stage, outcome, at)),
        2 => (case(), person()).prop_map(move |(case, person)| expire(case, person, at)),
        4 => (case(), person()).prop_map(move |(case, person)| {
            Command::Renew { case: CaseNumber(case), person, at }
        }),
        1 => (case(), person()).prop_map(move |(case, person)| {
            Command::Decay { case: CaseNumber(case), person, at }
        }),
        1 => (case(), person()).prop_map(|(case, person)| pardon(case, person)),
        1 => (1..9_u64, deed(), person())
            .prop_map(|(id, deed, person)| observe(id, deed, person, None)),
        1 => (case(), person(), prop::option::of(60..90 * DAY)).prop_map(
            move |(case, person, duration_secs)| {
                let (case, by) = (CaseNumber(case), By::Member(MOD));
                Command::Retime { case, person, by, duration_secs, at }
            }
        ),
    ]
}

fn history() -> impl Strategy<Value = Vec<Command>> {
    prop::collection::vec(0..8 * DAY, 1..100).prop_flat_map(|gaps| {
        let mut now = 0;
        let moments = gaps.into_iter().map(|gap| {
            now += gap;
            command(later(now))
        });
        moments.collect::<Vec<_>>()
    })
}

proptest! {
    #[test]
    fn given_any_history_then_numbers_have_no_gap_and_folding_gives_the_same_state(
        history in history(),
    ) {
        let (mut state, mut all) = (State::default(), Vec::new());
        for command in &history {
            all.extend(act_if(&mut state, command));
        }
        let numbers = opened(&all);
        prop_assert_eq!(&numbers, &(1..=state.last_case).collect::<Vec<_>>());
        let mut again = State::default();
        fold(&mut again, &all);
        prop_assert_eq!(again, state);
    }

    #[test]
    fn given_any_history_without_pardon_or_restart_then_a_step_is_taken_once_by_a_member(
        history in history(),
    ) {
        let mut state = State::default();
        let mut taken = BTreeSet::new();
        for command in &history {
            let restarts = match command {
                Command::Pardon { .. } => continue,
                Command::Warn { terms, .. } => terms.values.ladder_restarts,
                _ => false,
            };
            if restarts {
                continue;
            }
            for event in act_if(&mut state, command) {
                if let Event::LadderStepTaken { person, step, .. } = event {
                    prop_assert!(taken.insert((person, step)), "{person} took {step} twice");
                }
            }
        }
    }

    #[test]
    fn given_any_history_then_one_of_a_kind_is_in_force_and_only_what_discord_did(
        history in history(),
    ) {
        let (mut state, mut done) = (State::default(), BTreeSet::new());
        for command in &history {
            for event in act_if(&mut state, command) {
                if let Event::DeedApplied { case, .. } | Event::DeedObserved { case, .. } = event {
                    done.insert(case);
                }
            }
            for person in (1..=3).map(PersonId) {
                let held = state.sanctions(person);
                prop_assert!(held.iter().all(|held| done.contains(&held.case)));
                let kinds: BTreeSet<_> = held.iter().map(|held| format!("{:?}", held.kind)).collect();
                prop_assert_eq!(kinds.len(), held.len());
            }
        }
    }
}

fn act_if(state: &mut State, command: &Command) -> Vec<Event> {
    let events = Moderation::decide(state, &aimed(state, command)).unwrap_or_default();
    fold(state, &events);
    events
}

/// Half of what belongs to a case is aimed at one where it can matter.
fn aimed(state: &State, command: &Command) -> Command {
    let mut command = command.clone();
    match &mut command {
        Command::Report { case, person, stage: Stage::Deed, .. } if case.0 % 2 == 0 => {
            let mut orders = state.orders.keys().filter(|(whose, _)| whose == person);
            *case = orders.next().map_or(*case, |(_, number)| *number);
        }
        Command::Report {
            case,
            person,
            stage: Stage::Renewal { attempt } | Stage::Lift { attempt },
            ..
        } if case.0 % 2 == 0 => {
            let busy = state.sanctions(*person).iter().find(|held| held.work.is_some());
            if let Some(held) = busy {
                (*case, *attempt) = (held.case, held.attempts);
            }
        }
        Command::Renew { case, person, .. } | Command::Expire { case, person, .. }
            if case.0 % 2 == 0 =>
        {
            *case = state.sanctions(*person).last().map_or(*case, |held| held.case);
        }
        _ => {}
    }
    command
}

/// The properties above say something only as long as the histories get everywhere.
#[test]
fn given_many_histories_then_they_reach_every_event_but_notes() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut types = BTreeSet::new();
    for _ in 0..300 {
        let mut state = State::default();
        for command in history().new_tree(&mut runner).unwrap().current() {
            let events = act_if(&mut state, &command);
            types.extend(events.iter().map(crate::DomainEvent::event_type));
        }
    }
    let all: BTreeSet<_> = <Event as crate::DomainEvent>::TYPES.iter().copied().collect();
    let missing: Vec<_> = all.difference(&types).map(|missing| missing.name).collect();
    assert_eq!(missing, ["moderation.member_noted"]);
}
