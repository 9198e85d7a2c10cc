//! Warnings, their decay and the ladder.

use super::*;

#[test]
fn given_the_ladder_of_three_five_and_seven_then_each_step_is_taken_once_at_its_warning() {
    let mut state = State::default();
    let mut taken = Vec::new();
    for number in 1..=9 {
        let events = act(&mut state, &warn(ANN));
        taken.extend(steps(&events).into_iter().map(|step| (number, step)));
        for case in opened(&events).into_iter().skip(1) {
            act(&mut state, &applied(case, ANN));
        }
    }
    assert_eq!(taken, [(3, 3), (5, 5), (7, 7)]);
    let kinds: Vec<_> = state.sanctions(ANN).iter().map(|held| held.kind).collect();
    assert_eq!(kinds, [SanctionKind::Timeout, SanctionKind::Ban]);
}

#[test]
fn given_a_step_taken_then_the_order_names_the_warning_the_step_and_the_policy() {
    let mut state = State::default();
    act(&mut state, &warn(ANN));
    act(&mut state, &warn(ANN));
    let events = act(&mut state, &warn(ANN));
    let [
        Event::MemberWarned { case: CaseNumber(3), active: 3, policy: 4, .. },
        Event::LadderStepTaken {
            warning: CaseNumber(3), step: 3, case: Some(CaseNumber(4)), ..
        },
        Event::DeedOrdered { case: CaseNumber(4), deed: Deed::Timeout, origin, until, by, .. },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(*origin, Origin::Ladder { warning: CaseNumber(3), step: 3 });
    assert_eq!(*until, Some(later(DAY)));
    assert_eq!(*by, By::Rule("ladder".to_owned()));
}

#[test]
fn given_minor_and_major_warnings_then_only_the_minor_one_decays_and_exactly_then() {
    let mut state = State::default();
    let terms = usual();
    act(&mut state, &warn(ANN));
    let (by, severity) = (By::Member(MOD), Severity::Major);
    act(
        &mut state,
        &Command::Warn {
            person: ANN,
            by,
            severity,
            reason: None,
            at: noon(),
            terms: terms.clone(),
        },
    );
    let end = later(30 * DAY);
    let just_before = Timestamp::from_micros(end.as_micros() - 1);
    assert_eq!(state.active_warnings(ANN, just_before), 2);
    assert_eq!(state.active_warnings(ANN, end), 1, "exact, whether the timer came or not");
    let decay = |case, at| Command::Decay { case: CaseNumber(case), person: ANN, at };
    assert_eq!(act(&mut state, &decay(1, just_before)), []);
    let gone = Event::WarningDecayed { case: CaseNumber(1), person: ANN, at: end };
    assert_eq!(act(&mut state, &decay(1, end)), [gone]);
    assert_eq!(act(&mut state, &decay(1, end)), [], "once");
    assert_eq!(act(&mut state, &decay(2, later(4_000 * DAY))), []);
    assert_eq!(state.active_warnings(ANN, later(4_000 * DAY)), 1);
}

#[test]
fn given_decay_below_a_step_that_was_taken_then_reaching_it_again_does_not_take_it_again() {
    let mut state = State::default();
    let terms = usual();
    let mut taken = Vec::new();
    for day in [0, 10, 20, 35, 45, 55, 60] {
        taken.extend(steps(&act(&mut state, &warn_at(ANN, later(day * DAY), &terms))));
    }
    // Never more than three count at once after the first decayed, but for the last two.
    assert_eq!(taken, [3]);
}

#[test]
fn given_a_guild_where_the_ladder_restarts_then_only_without_any_active_warning() {
    let terms = terms(|values| values.ladder_restarts = true);
    let mut state = State::default();
    let mut taken = Vec::new();
    for day in [0, 1, 2, 31, 100, 101, 102] {
        let events = act(&mut state, &warn_at(ANN, later(day * DAY), &terms));
        taken.extend(steps(&events).into_iter().map(|step| (day, step)));
        for case in opened(&events).into_iter().skip(1) {
            act(&mut state, &failed(case, ANN));
        }
    }
    assert_eq!(taken, [(2, 3), (102, 3)]);
}

#[test]
fn given_the_warning_that_took_a_step_pardoned_then_the_step_can_be_taken_again() {
    let mut state = State::default();
    for _ in 0..3 {
        act(&mut state, &warn(ANN));
    }
    act(&mut state, &failed(4, ANN));
    act(&mut state, &pardon(3, ANN));
    assert_eq!(steps(&act(&mut state, &warn(ANN))), [3]);
    assert_eq!(refused(&state, &pardon(3, ANN)), "moderation.not_in_force");
}

#[test]
fn given_the_same_punishment_under_way_then_the_step_is_taken_without_a_second_order() {
    let mut state = State::default();
    act(&mut state, &warn(ANN));
    act(&mut state, &warn(ANN));
    act(&mut state, &punish(ANN, Deed::Timeout, Some(HOUR)));
    let events = act(&mut state, &warn(ANN));
    assert!(matches!(&events[1..], [Event::LadderStepTaken { step: 3, case: None, .. }]));
}

#[test]
fn given_a_ladder_edited_by_rows_then_it_is_sorted_and_senseless_lengths_are_named() {
    let mut values = ModerationSettings::default();
    let field = ModerationSettings::fields()[0];
    let parsed = field.parse("7:ban:0s, 3:timeout:1d, 5:kick:0s").unwrap();
    assert!(values.put("ladder", parsed));
    assert_eq!(values, ModerationSettings::default(), "the preset, set up by hand");
    for bad in ["3:timeout:0s", "3:kick:1h", "3:ban:5s", "3:kick:0s, 3:ban:0s"] {
        let mut values = ModerationSettings::default();
        assert!(values.put("ladder", field.parse(bad).unwrap()));
        assert_eq!(values.problems().len(), 1, "{bad}: {:?}", values.problems());
    }
    let channel = ModerationSettings::fields().last().unwrap();
    let parsed = channel.parse("<#1107318246137131071>").unwrap();
    assert!(values.put("log_channel", parsed.clone()));
    assert_eq!(values.get("log_channel"), Some(parsed));
    assert!(channel.parse("<#1107318246137131071>, 1107318246137131072").is_err());
}
