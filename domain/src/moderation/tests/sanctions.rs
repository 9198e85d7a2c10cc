//! Punishments: intent, outcome, end, and what was done by hand.

use super::*;

#[test]
fn given_discord_did_not_do_it_then_nothing_is_in_force_and_the_case_stays() {
    let mut state = State::default();
    assert_eq!(opened(&act(&mut state, &punish(ANN, Deed::Ban, None))), [1]);
    assert_eq!(state.sanctions(ANN), [], "an order is no ban");
    assert!(matches!(&act(&mut state, &failed(1, ANN))[..], [Event::DeedFailed { .. }]));
    assert_eq!(state.sanctions(ANN), []);
    assert_eq!(act(&mut state, &applied(1, ANN)), [], "one outcome");
    assert_eq!(opened(&act(&mut state, &punish(ANN, Deed::Ban, None))), [2]);
    act(&mut state, &applied(2, ANN));
    assert_eq!(state.sanctions(ANN)[0].case, CaseNumber(2));
}

/// Bans that were lifted by the end of an older one: a defect of many.
#[test]
fn given_an_old_temporary_ban_then_its_end_does_not_lift_a_newer_one() {
    let mut state = State::default();
    act(&mut state, &punish(ANN, Deed::Ban, Some(DAY)));
    act(&mut state, &applied(1, ANN));
    act(&mut state, &punish(ANN, Deed::Ban, None));
    assert_eq!(act(&mut state, &expire(1, ANN, later(DAY))), [], "the newer one is under way");
    let events = act(&mut state, &applied(2, ANN));
    let replaced = EndReason::ReplacedBy(CaseNumber(2));
    assert!(matches!(&events[1..],
        [Event::SanctionEnded { case: CaseNumber(1), why, .. }] if *why == replaced));
    assert_eq!(act(&mut state, &expire(1, ANN, later(DAY))), []);
    assert_eq!(act(&mut state, &expire(2, ANN, later(9_999 * DAY))), [], "for good");
    assert_eq!(state.sanctions(ANN).len(), 1);
    assert_eq!(refused(&state, &punish(ANN, Deed::Ban, None)), "moderation.banned_already");
}

#[test]
fn given_the_newer_ban_failed_after_the_older_one_was_over_then_the_older_one_is_lifted() {
    let mut state = State::default();
    act(&mut state, &punish(ANN, Deed::Ban, Some(DAY)));
    act(&mut state, &applied(1, ANN));
    act(&mut state, &punish(ANN, Deed::Ban, None));
    assert_eq!(act(&mut state, &expire(1, ANN, later(DAY))), []);
    let outcome = Outcome::Failed(Failure::Unavailable);
    let events = act(&mut state, &report(2, ANN, Stage::Deed, outcome, later(DAY)));
    assert!(matches!(&events[1..], [Event::LiftOrdered { case: CaseNumber(1), .. }]));
}

#[test]
fn given_a_ban_whose_time_is_over_then_it_is_in_force_until_discord_lifted_it() {
    let mut state = State::default();
    act(&mut state, &punish(ANN, Deed::Ban, Some(DAY)));
    act(&mut state, &applied(1, ANN));
    let just_before = Timestamp::from_micros(later(DAY).as_micros() - 1);
    assert_eq!(act(&mut state, &expire(1, ANN, just_before)), []);
    let due = expire(1, ANN, later(DAY));
    assert!(matches!(&act(&mut state, &due)[..], [Event::LiftOrdered { attempt: 1, .. }]));
    assert_eq!(act(&mut state, &due), [], "it is on its way");
    assert_eq!(refused(&state, &punish(ANN, Deed::Ban, None)), "moderation.being_changed");
    let lift = |attempt, outcome| report(1, ANN, Stage::Lift { attempt }, outcome, later(DAY));
    act(&mut state, &lift(1, Outcome::Failed(Failure::Unavailable)));
    assert!(matches!(&act(&mut state, &due)[..], [Event::LiftOrdered { attempt: 2, .. }]));
    assert_eq!(act(&mut state, &lift(1, Outcome::Applied)), [], "an answer to another attempt");
    let events = act(&mut state, &lift(2, Outcome::Applied));
    assert!(matches!(&events[..], [Event::SanctionEnded { why: EndReason::Expired, .. }]));
    assert_eq!(state.sanctions(ANN), []);
}

#[test]
fn given_a_timeout_of_sixty_days_then_it_is_renewed_before_discord_lets_it_lapse() {
    let mut state = State::default();
    let events = act(&mut state, &punish(ANN, Deed::Timeout, Some(60 * DAY)));
    let most = later(DISCORD_TIMEOUT_SECS);
    assert!(matches!(&events[..], [Event::DeedOrdered { until, covered_until, .. }]
        if *until == Some(later(60 * DAY)) && *covered_until == Some(most)));
    act(&mut state, &applied(1, ANN));
    let renew = |at| Command::Renew { case: CaseNumber(1), person: ANN, at };
    assert_eq!(act(&mut state, &renew(later(20 * DAY))), [], "not yet");
    let mut renewals = 0_u32;
    let mut at = most.plus_secs(-RENEW_AHEAD_SECS);
    while let [Event::RenewalOrdered { attempt, covered_until, .. }] =
        act(&mut state, &renew(at))[..]
    {
        assert_eq!(act(&mut state, &renew(at)), [], "it is on its way");
        let stage = Stage::Renewal { attempt };
        act(&mut state, &report(1, ANN, stage, Outcome::Applied, at));
        assert_eq!(state.sanctions(ANN)[0].covered_until, Some(covered_until));
        at = covered_until.plus_secs(-RENEW_AHEAD_SECS);
        renewals += 1;
    }
    assert_eq!(renewals, 2);
    assert_eq!(state.sanctions(ANN)[0].covered_until, Some(later(60 * DAY)));
    let events = act(&mut state, &expire(1, ANN, later(60 * DAY)));
    assert!(matches!(&events[..], [Event::SanctionEnded { why: EndReason::Expired, .. }]));
}

#[test]
fn given_a_renewal_that_failed_then_it_is_ordered_again() {
    let mut state = State::default();
    act(&mut state, &punish(ANN, Deed::Timeout, Some(60 * DAY)));
    act(&mut state, &applied(1, ANN));
    let at = later(28 * DAY);
    let renew = Command::Renew { case: CaseNumber(1), person: ANN, at };
    act(&mut state, &renew);
    let stage = Stage::Renewal { attempt: 1 };
    act(&mut state, &report(1, ANN, stage, Outcome::Failed(Failure::MemberGone), at));
    assert!(matches!(&act(&mut state, &renew)[..], [Event::RenewalOrdered { attempt: 2, .. }]));
}

#[test]
fn given_its_time_ran_out_during_a_call_then_the_answer_to_that_call_ends_it() {
    let mut state = State::default();
    act(&mut state, &punish(ANN, Deed::Timeout, Some(60 * DAY)));
    act(&mut state, &applied(1, ANN));
    act(&mut state, &Command::Renew { case: CaseNumber(1), person: ANN, at: later(28 * DAY) });
    let over = later(60 * DAY);
    assert_eq!(act(&mut state, &expire(1, ANN, over)), [], "a call is on its way");
    let failed = Outcome::Failed(Failure::Unavailable);
    let stage = Stage::Renewal { attempt: 1 };
    let events = act(&mut state, &report(1, ANN, stage, failed, over));
    assert!(matches!(events[1], Event::SanctionEnded { why: EndReason::Expired, .. }));

    act(&mut state, &punish(BEN, Deed::Ban, Some(DAY)));
    act(&mut state, &applied(2, BEN));
    act(&mut state, &pardon(2, BEN));
    assert_eq!(act(&mut state, &expire(2, BEN, over)), []);
    let events = act(&mut state, &report(2, BEN, Stage::Lift { attempt: 1 }, failed, over));
    assert!(matches!(events[1], Event::LiftOrdered { attempt: 2, why: LiftReason::Expired, .. }));
    let events = act(&mut state, &report(2, BEN, Stage::Lift { attempt: 2 }, failed, over));
    assert_eq!(events.len(), 1, "not at once again, for ever");
}

#[test]
fn given_another_end_then_it_holds_and_a_timeout_is_told_to_discord() {
    let mut state = State::default();
    act(&mut state, &punish(ANN, Deed::Ban, Some(DAY)));
    act(&mut state, &applied(1, ANN));
    let retime = |case, person, secs| Command::Retime {
        case: CaseNumber(case),
        person,
        by: By::Member(MOD),
        duration_secs: secs,
        at: noon(),
    };
    assert_eq!(act(&mut state, &retime(1, ANN, Some(3 * DAY))).len(), 1);
    assert_eq!(act(&mut state, &expire(1, ANN, later(DAY))), []);
    act(&mut state, &retime(1, ANN, None));
    assert_eq!(state.sanctions(ANN)[0].until, None);
    act(&mut state, &punish(BEN, Deed::Timeout, Some(DAY)));
    assert_eq!(refused(&state, &retime(2, BEN, Some(HOUR))), "moderation.not_in_force");
    act(&mut state, &applied(2, BEN));
    let events = act(&mut state, &retime(2, BEN, Some(HOUR)));
    assert!(matches!(&events[1..], [Event::RenewalOrdered { covered_until, .. }]
        if *covered_until == later(HOUR)));
    assert_eq!(refused(&state, &retime(2, BEN, Some(DAY))), "moderation.being_changed");
    // Discord never heard of the earlier end: it must be told now.
    let stage = Stage::Renewal { attempt: 1 };
    act(&mut state, &report(2, BEN, stage, Outcome::Failed(Failure::Unavailable), noon()));
    let events = act(&mut state, &expire(2, BEN, later(HOUR)));
    assert!(matches!(&events[..], [Event::LiftOrdered { attempt: 2, .. }]));
}

#[test]
fn given_two_moderators_at_once_then_the_second_hears_of_the_first() {
    let mut state = State::default();
    act(&mut state, &punish(ANN, Deed::Kick, None));
    assert_eq!(refused(&state, &punish(ANN, Deed::Kick, None)), "moderation.under_way");
    assert!(Moderation::decide(&state, &punish(ANN, Deed::Ban, None)).is_ok());
}

#[test]
fn given_outcomes_out_of_order_then_the_newer_case_is_in_force() {
    let mut state = State::default();
    fold(
        &mut state,
        &Moderation::decide(&State::default(), &punish(ANN, Deed::Ban, None)).unwrap(),
    );
    let mut newer = Moderation::decide(&State::default(), &punish(ANN, Deed::Ban, None)).unwrap();
    let Event::DeedOrdered { case, .. } = &mut newer[0] else { unreachable!() };
    *case = CaseNumber(2);
    fold(&mut state, &newer);
    act(&mut state, &applied(2, ANN));
    let events = act(&mut state, &applied(1, ANN));
    assert!(matches!(&events[1..], [Event::SanctionEnded { case: CaseNumber(1), .. }]));
    assert_eq!(state.sanctions(ANN)[0].case, CaseNumber(2));
}

/// Punishments by hand that no record knows, or knows twice: defects of others.
#[test]
fn given_a_ban_and_an_unban_by_hand_then_each_is_a_case_once() {
    let mut state = State::default();
    let ban = observe(10, Deed::Ban, ANN, None);
    assert_eq!(opened(&act(&mut state, &ban)), [1]);
    assert_eq!(act(&mut state, &ban), [], "the audit log said so already");
    assert_eq!(state.sanctions(ANN)[0].case, CaseNumber(1));
    let events = act(&mut state, &observe(11, Deed::Unban, ANN, None));
    let lifted = EndReason::LiftedBy(CaseNumber(2));
    assert!(matches!(&events[..], [
        Event::DeedObserved { case: CaseNumber(2), .. },
        Event::SanctionEnded { case: CaseNumber(1), why, .. },
    ] if *why == lifted));
    assert_eq!(state.sanctions(ANN), []);
}

#[test]
fn given_more_entries_than_are_remembered_then_an_older_one_counts_as_seen() {
    let mut state = State::default();
    let most = u64::try_from(SEEN_AUDIT_ENTRIES).unwrap();
    for id in 2..=most + 2 {
        act(&mut state, &observe(id, Deed::Kick, ANN, None));
    }
    assert_eq!(state.audit.len(), SEEN_AUDIT_ENTRIES);
    assert_eq!(act(&mut state, &observe(2, Deed::Kick, ANN, None)), [], "seen and forgotten");
    assert_eq!(act(&mut state, &observe(1, Deed::Kick, ANN, None)), []);
    assert_eq!(act(&mut state, &observe(most + 9, Deed::Kick, ANN, None)).len(), 1);
}

#[test]
fn given_an_unban_then_it_ends_the_ban_only_when_discord_did_it() {
    let mut state = State::default();
    act(&mut state, &punish(ANN, Deed::Ban, None));
    act(&mut state, &applied(1, ANN));
    act(&mut state, &punish(ANN, Deed::Unban, None));
    assert_eq!(state.sanctions(ANN).len(), 1);
    act(&mut state, &applied(2, ANN));
    assert_eq!(state.sanctions(ANN), []);
}
