//! What falls due by itself, and whose answer is waited for.

use super::*;

fn due(state: &State) -> Vec<(DueKind, u32, Timestamp)> {
    let mut due: Vec<_> = state.falls_due().collect();
    due.sort_unstable();
    due.into_iter().map(|one| (one.what, one.case.0, one.at)).collect()
}

#[test]
fn given_warnings_and_punishments_then_each_has_its_time_and_nothing_while_it_is_worked_on() {
    let mut state = State::default();
    act(&mut state, &warn(ANN));
    act(&mut state, &punish(BEN, Deed::Timeout, Some(40 * DAY)));
    act(&mut state, &punish(CAY, Deed::Ban, None));
    assert_eq!(due(&state), [(DueKind::Decay, 1, later(30 * DAY))], "an order has no time yet");
    act(&mut state, &applied(2, BEN));
    act(&mut state, &applied(3, CAY));
    let lapses = later(DISCORD_TIMEOUT_SECS);
    let renew = lapses.plus_secs(-RENEW_AHEAD_SECS);
    let expected = [
        (DueKind::Renew, 2, renew),
        (DueKind::Decay, 1, later(30 * DAY)),
        (DueKind::Expire, 2, later(40 * DAY)),
    ];
    assert_eq!(due(&state), expected, "a ban for good has none");
    act(&mut state, &Command::Renew { case: CaseNumber(2), person: BEN, at: renew });
    assert_eq!(due(&state).len(), 1, "the renewal is under way");
    let renewal = Stage::Renewal { attempt: 1 };
    act(&mut state, &report(2, BEN, renewal, Outcome::Applied, renew));
    let times: Vec<_> = due(&state).into_iter().map(|(what, ..)| what).collect();
    assert_eq!(times, [DueKind::Decay, DueKind::Expire], "it goes to the end now");
}

#[test]
fn given_calls_under_way_then_only_their_own_answers_are_waited_for() {
    let mut state = State::default();
    let case = CaseNumber(1);
    assert!(!state.awaits(ANN, case, Stage::Deed));
    act(&mut state, &punish(ANN, Deed::Ban, Some(DAY)));
    assert!(state.awaits(ANN, case, Stage::Deed) && !state.awaits(BEN, case, Stage::Deed));
    act(&mut state, &applied(1, ANN));
    assert!(!state.awaits(ANN, case, Stage::Deed));
    act(&mut state, &expire(1, ANN, later(DAY)));
    assert!(state.awaits(ANN, case, Stage::Lift { attempt: 1 }));
    assert!(!state.awaits(ANN, case, Stage::Lift { attempt: 2 }));
    assert!(!state.awaits(ANN, case, Stage::Renewal { attempt: 1 }));
    // A newer ban by hand: the older one's lift is not waited for any more.
    act(&mut state, &observe(5, Deed::Ban, ANN, None));
    assert!(!state.awaits(ANN, case, Stage::Lift { attempt: 1 }));
}
