//! What follows the draw: confirming, claiming, and somebody else.

use super::*;

fn confirm(entry: u32) -> Command {
    Command::Confirm { entry, at: end() }
}

/// One winner who was confirmed, and called at once.
fn confirmed(terms: Terms, entrants: u32) -> (State, Winner) {
    let mut state = drawn(terms, entrants);
    let winner = state.winners()[0];
    act(&mut state, &confirm(winner.entry));
    act(&mut state, &called(winner.entry, 0));
    (state, winner)
}

fn called(entry: u32, secs: i64) -> Command {
    let message = MessageId::new(77).ok();
    Command::OpenClaim { entry, message, at: end().plus_secs(secs) }
}

fn not_called(entry: u32, secs: i64) -> Command {
    Command::OpenClaim { entry, message: None, at: end().plus_secs(secs) }
}

fn claim(person: PersonId, secs: i64) -> Command {
    Command::Claim { person, at: end().plus_secs(secs) }
}

fn lapse(entry: u32, secs: i64) -> Command {
    Command::Lapse { entry, at: end().plus_secs(secs) }
}

fn reroll(entry: u32) -> Command {
    let reason = Personal::clear(ANN, "did not answer".to_owned());
    Command::Reroll { entry, by: HOST, reason, at: end() }
}

#[test]
fn given_the_last_moment_then_claim_or_lapse_is_the_one_outcome() {
    let (state, winner) = confirmed(usual(), 5);
    assert!(Giveaway::decide(&state, &claim(winner.person, 299)).is_ok());
    assert_eq!(refused(&state, &claim(winner.person, 300)), "giveaway.claim_too_late");
    assert_eq!(Giveaway::decide(&state, &lapse(winner.entry, 299)), Ok(vec![]));
    let mut claimed = state.clone();
    act(&mut claimed, &claim(winner.person, 299));
    assert_eq!(act(&mut claimed, &lapse(winner.entry, 300)), []);
    assert_eq!(act(&mut claimed, &claim(winner.person, 299)), [], "once");
    let mut lapsed = state;
    act(&mut lapsed, &lapse(winner.entry, 300));
    assert_eq!(refused(&lapsed, &claim(winner.person, 10)), "giveaway.claim_too_late");
}

#[test]
fn given_anybody_else_then_they_cannot_claim() {
    let (state, winner) = confirmed(usual(), 5);
    for person in (1..=6).map(PersonId).filter(|person| *person != winner.person) {
        assert_eq!(refused(&state, &claim(person, 1)), "giveaway.not_the_winner");
    }
    let state = drawn(usual(), 5);
    let candidate = state.winners()[0].person;
    assert_eq!(refused(&state, &claim(candidate, 1)), "giveaway.not_confirmed");
}

// proves: GIV-09
#[test]
fn given_nobody_claims_then_rerolls_stop_after_exactly_as_many_as_allowed() {
    let mut state = drawn(usual(), 20);
    let (mut now, mut chain) = (0, Vec::new());
    loop {
        let winner = *state.winners().last().unwrap();
        chain.push(winner.person);
        let at = end().plus_secs(now);
        act(&mut state, &Command::Confirm { entry: winner.entry, at });
        act(&mut state, &called(winner.entry, now));
        now += 300;
        let events = act(&mut state, &lapse(winner.entry, now));
        assert!(matches!(events[0], Event::ClaimLapsed { .. }), "the failed claim is on record");
        if let Event::RerollsExhausted { rerolls, .. } = events[1] {
            assert_eq!(rerolls, 2);
            break;
        }
    }
    assert_eq!(chain.len(), 3);
    let distinct: std::collections::BTreeSet<_> = chain.iter().collect();
    assert_eq!(distinct.len(), 3, "nobody twice");
}

/// Rerolls that picked somebody who had won before: a defect of others.
#[test]
fn given_rerolls_by_hand_then_each_draws_somebody_new_until_none_are_left() {
    let (mut state, winner) = confirmed(Terms { max_rerolls: 10, ..usual() }, 4);
    let mut seen = vec![winner.person];
    let mut entry = winner.entry;
    for _ in 0..3 {
        let events = act(&mut state, &reroll(entry));
        let [_, Event::CandidateDrawn { person, entry: next, why: DrawnFor::Reroll, .. }] =
            events[..]
        else {
            panic!("{events:?}")
        };
        assert!(!seen.contains(&person));
        assert_eq!(refused(&state, &reroll(next)), "giveaway.not_confirmed");
        act(&mut state, &confirm(next));
        seen.push(person);
        entry = next;
    }
    let events = act(&mut state, &reroll(entry));
    assert!(matches!(events[1], Event::NobodyLeft { prizes: 1, .. }));
    assert_eq!(refused(&state, &reroll(winner.entry)), "giveaway.not_the_winner");
}

#[test]
fn given_a_candidate_who_left_or_lost_the_role_then_the_next_is_drawn_and_no_reroll_is_used() {
    let mut state = drawn(usual(), 5);
    let first = state.winners()[0];
    let why = Exclusion::LeftServer;
    let command = Command::Disqualify { entry: first.entry, why, at: end() };
    let events = act(&mut state, &command);
    assert!(matches!(events[..], [
        Event::CandidateDisqualified { why: Exclusion::LeftServer, .. },
        Event::CandidateDrawn { k: 1, why: DrawnFor::Disqualification, person, .. },
    ] if person != first.person));
    assert_eq!(act(&mut state, &command), [], "once");
    assert_eq!(state.rerolls_used(), 0);
    assert_eq!(refused(&state, &claim(first.person, 1)), "giveaway.not_the_winner");
}

#[test]
fn given_the_draw_shared_between_prizes_then_a_reroll_goes_on_where_it_stopped() {
    let many = Terms { winners: 4, ..usual() };
    let all = drawn(many, 30).winners().iter().map(|one| one.person).collect::<Vec<_>>();
    let (mut state, winner) = confirmed(usual(), 30);
    assert_eq!(winner.person, all[0]);
    act(&mut state, &reroll(winner.entry));
    assert_eq!(state.winners()[1].person, all[1], "the same seed, the next k");
}

#[test]
fn given_nothing_has_to_be_claimed_then_a_confirmed_winner_keeps_it() {
    let (mut state, winner) = confirmed(Terms { claim_secs: 0, ..usual() }, 5);
    assert_eq!(act(&mut state, &lapse(winner.entry, 9_999_999)), []);
}

impl State {
    fn rerolls_used(&self) -> u32 {
        self.draw.as_ref().unwrap().rerolls
    }
}

/// A prize that went on while the winner could not have known of it.
#[test]
fn given_a_call_that_comes_late_then_the_time_to_claim_begins_with_it() {
    let mut state = drawn(usual(), 5);
    let winner = state.winners()[0];
    act(&mut state, &confirm(winner.entry));
    assert_eq!(act(&mut state, &lapse(winner.entry, 300)), [], "nobody has called them");
    let mut quick = state.clone();
    assert_eq!(act(&mut quick, &claim(winner.person, 4_000)).len(), 1, "nor are they too late");

    let events = act(&mut state, &called(winner.entry, 5_000));
    let until = end().plus_secs(5_300);
    assert!(
        matches!(events[..], [Event::ClaimOpened { claim_until, message: Some(_), .. }] if claim_until == until),
        "{events:?}"
    );
    assert_eq!(act(&mut state, &called(winner.entry, 6_000)), [], "it begins once");
    assert_eq!(state.lapses_at(winner.entry), Some(until));
    assert_eq!(act(&mut state, &lapse(winner.entry, 5_299)), []);
    assert_eq!(refused(&state, &claim(winner.person, 5_300)), "giveaway.claim_too_late");
    assert!(matches!(
        act(&mut state, &lapse(winner.entry, 5_300))[..],
        [Event::ClaimLapsed { .. }, ..]
    ));
    assert_eq!(act(&mut state, &called(winner.entry, 6_000)), [], "it is over");
}

#[test]
fn given_a_call_that_cannot_be_made_then_they_have_a_day_and_then_the_prize_goes_on() {
    let day = i64::from(UNCALLED_SECS);
    let mut state = drawn(usual(), 5);
    let winner = state.winners()[0];
    act(&mut state, &confirm(winner.entry));
    // Without a word about the call it does not wait for ever either.
    let mut silent = state.clone();
    assert_eq!(act(&mut silent, &lapse(winner.entry, 300 + day - 1)), []);
    assert_eq!(act(&mut silent, &lapse(winner.entry, 300 + day)).len(), 2);

    act(&mut state, &not_called(winner.entry, 1_000));
    assert_eq!(act(&mut state, &lapse(winner.entry, 1_000 + day - 1)), []);
    assert_eq!(act(&mut state, &lapse(winner.entry, 1_000 + day)).len(), 2);
    let longer = Terms { claim_secs: 2 * UNCALLED_SECS, ..usual() };
    let mut state = drawn(longer, 5);
    let winner = state.winners()[0];
    act(&mut state, &confirm(winner.entry));
    act(&mut state, &not_called(winner.entry, 0));
    assert_eq!(state.lapses_at(winner.entry), Some(end().plus_secs(2 * day)));
}

#[test]
fn given_nothing_has_to_be_claimed_then_no_time_to_claim_begins() {
    let mut state = drawn(Terms { claim_secs: 0, ..usual() }, 5);
    let winner = state.winners()[0];
    assert!(Giveaway::decide(&state, &called(winner.entry, 0)).unwrap().is_empty(), "not yet");
    act(&mut state, &confirm(winner.entry));
    assert_eq!(act(&mut state, &called(winner.entry, 0)), []);
    assert_eq!(state.lapses_at(winner.entry), None);
}
