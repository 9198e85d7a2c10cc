use proptest::prelude::*;

use super::*;

const MAKER: PersonId = PersonId(900);
const ANN: PersonId = PersonId(1);

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + secs)
}

fn hash(number: u32) -> Digest {
    Digest::of(&[&number.to_be_bytes()])
}

fn reward() -> Reward {
    Reward::Bytes { amount: Bytes(50) }
}

fn create(limits: Limits) -> Command {
    let name = "Launch".to_owned();
    Command::Create { name, by: MAKER, reward: reward(), limits, at: at(0) }
}

fn redeem(person: u32, code: u32) -> Redeem {
    let (person, code) = (PersonId(person), hash(code));
    Redeem { person, code, roles: Vec::new(), blocked: false, at: at(10) }
}

fn fold(state: &mut State, events: &[Event]) {
    for event in events {
        Campaign::evolve(state, event);
    }
}

#[track_caller]
fn act(state: &mut State, command: &Command) -> Vec<Event> {
    let events = Campaign::decide(state, command).unwrap();
    fold(state, &events);
    events
}

fn refused(state: &State, command: &Command) -> &'static str {
    crate::Refusal::rule(&Campaign::decide(state, command).unwrap_err())
}

fn with(limits: Limits) -> State {
    let mut state = State::default();
    act(&mut state, &create(limits));
    state
}

/// Codes redeemed past their limit: a defect of others.
#[test]
fn given_a_hundred_members_and_one_use_left_then_exactly_one_gets_it() {
    let mut state = with(Limits { uses: Some(3), ..Limits::once_each() });
    act(&mut state, &Command::Redeem(redeem(901, 1)));
    act(&mut state, &Command::Redeem(redeem(902, 1)));
    assert_eq!(state.left(), Some(1));
    let mut got = 0;
    for person in 1..=100 {
        match Campaign::decide(&state, &Command::Redeem(redeem(person, 1))) {
            Ok(events) => {
                fold(&mut state, &events);
                got += 1;
            }
            Err(refusal) => assert_eq!(refusal, Refusal::UsedUp),
        }
    }
    assert_eq!((got, state.left()), (1, Some(0)));
}

#[test]
fn given_a_member_who_redeemed_then_not_again_nor_with_another_code_of_the_campaign() {
    let mut state = with(Limits { uses_per_code: Some(1), ..Limits::once_each() });
    act(&mut state, &Command::Redeem(redeem(1, 1)));
    assert_eq!(refused(&state, &Command::Redeem(redeem(1, 1))), "campaign.redeemed_already");
    assert_eq!(refused(&state, &Command::Redeem(redeem(1, 2))), "campaign.redeemed_already");
    assert_eq!(refused(&state, &Command::Redeem(redeem(2, 1))), "campaign.used_up");
    act(&mut state, &Command::Redeem(redeem(2, 2)));
}

#[test]
fn given_limits_of_time_role_and_block_then_each_says_no_at_its_moment() {
    let role = RoleId::new(5).unwrap();
    let (from, until) = (Some(at(5)), Some(at(20)));
    let state = with(Limits { from, until, roles: vec![role], ..Limits::once_each() });
    let sound = Redeem { roles: vec![role], ..redeem(1, 1) };
    let but = |change: fn(&mut Redeem)| {
        let mut redeem = sound.clone();
        change(&mut redeem);
        refused(&state, &Command::Redeem(redeem))
    };
    assert_eq!(but(|redeem| redeem.at = at(4)), "campaign.too_early");
    assert_eq!(but(|redeem| redeem.at = at(20)), "campaign.expired");
    assert_eq!(but(|redeem| redeem.roles.clear()), "campaign.role_needed");
    assert_eq!(but(|redeem| redeem.blocked = true), "campaign.blocked");
    assert!(Campaign::decide(&state, &Command::Redeem(sound)).is_ok());
}

#[test]
fn given_a_code_or_all_revoked_then_they_stay_so_and_what_was_redeemed_is_delivered() {
    let mut state = with(Limits::once_each());
    act(&mut state, &Command::Redeem(redeem(1, 1)));
    let revoke = Command::RevokeCode { code: hash(1), by: MAKER, at: at(11) };
    act(&mut state, &revoke);
    assert_eq!(act(&mut state, &revoke), []);
    assert_eq!(refused(&state, &Command::Redeem(redeem(2, 1))), "campaign.revoked");
    act(&mut state, &Command::Redeem(redeem(2, 2)));
    act(&mut state, &Command::Revoke { by: MAKER, at: at(11) });
    assert_eq!(refused(&state, &Command::Redeem(redeem(3, 2))), "campaign.revoked");
    let note = Command::Note { number: 1, attempt: 1, outcome: Ok(()), at: at(12) };
    assert_eq!(act(&mut state, &note).len(), 1);
}

#[test]
fn given_a_reward_then_it_has_one_outcome_and_only_a_failed_one_is_ordered_again() {
    let mut state = with(Limits::once_each());
    let events = act(&mut state, &Command::Redeem(redeem(1, 1)));
    let Event::Redeemed { number: 1, person: ANN, reward: given, .. } = events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(given, reward());
    let note = |attempt, outcome| Command::Note { number: 1, attempt, outcome, at: at(12) };
    let retry = Command::Retry { number: 1, at: at(13) };
    assert_eq!(refused(&state, &retry), "campaign.not_failed");
    act(&mut state, &note(1, Err(Failure::BalanceLimit)));
    assert_eq!(act(&mut state, &note(1, Ok(()))), [], "the first outcome counts");
    let again = act(&mut state, &retry);
    assert!(matches!(again[..], [Event::RewardOrderedAgain { attempt: 2, .. }]));
    assert_eq!(act(&mut state, &note(1, Ok(()))), [], "an answer to the first attempt");
    assert_eq!(act(&mut state, &note(2, Ok(()))).len(), 1);
    assert_eq!(act(&mut state, &note(2, Ok(()))), []);
    assert_eq!(refused(&state, &retry), "campaign.not_failed");
}

#[test]
fn given_limits_then_they_are_checked_and_never_set_below_what_was_used() {
    let empty = State::default();
    let but = |change: fn(&mut Limits)| {
        let mut limits = Limits::once_each();
        change(&mut limits);
        refused(&empty, &create(limits))
    };
    assert_eq!(but(|limits| limits.uses = Some(0)), "campaign.uses_invalid");
    assert_eq!(but(|limits| limits.uses_per_member = 0), "campaign.uses_invalid");
    assert_eq!(but(|limits| limits.until = Some(at(0))), "campaign.time_invalid");
    let twice = |limits: &mut Limits| limits.roles = vec![RoleId::new(5).unwrap(); 2];
    assert_eq!(but(twice), "campaign.roles_invalid");
    assert_eq!(refused(&empty, &Command::Redeem(redeem(1, 1))), "campaign.no_such_campaign");
    let mut state = with(Limits::once_each());
    act(&mut state, &Command::Redeem(redeem(1, 1)));
    act(&mut state, &Command::Redeem(redeem(2, 1)));
    let set = |uses| {
        let limits = Limits { uses: Some(uses), ..Limits::once_each() };
        Command::SetLimits { by: MAKER, limits, at: at(12) }
    };
    assert_eq!(refused(&state, &set(1)), "campaign.below_uses");
    assert_eq!(act(&mut state, &set(2)).len(), 1);
    assert_eq!(act(&mut state, &set(2)), []);
    assert_eq!(refused(&state, &Command::Redeem(redeem(3, 1))), "campaign.used_up");
}

#[test]
fn given_100_000_members_with_a_code_each_then_the_state_weighs_no_more_than_promised() {
    let mut state = with(Limits { uses_per_code: Some(1), ..Limits::once_each() });
    for number in 1..=100_000 {
        act(&mut state, &Command::Redeem(redeem(number, number)));
        act(&mut state, &Command::Note { number, attempt: 1, outcome: Ok(()), at: at(12) });
    }
    let per_member = state.weight_bytes().div_ceil(100_000);
    println!("campaign: {per_member} bytes a member");
    assert!((size_of::<(Digest, CodeUse)>()..=MAX_BYTES_PER_MEMBER).contains(&per_member));
}

proptest! {
    #[test]
    fn given_any_history_then_stock_is_never_negative_and_folding_gives_the_same_state(
        uses in 1..6_u32,
        of_code in prop::option::of(1..4_u32),
        steps in prop::collection::vec((0..5_u8, 1..8_u32, 1..4_u32, any::<bool>()), 1..60),
    ) {
        let limits = Limits { uses: Some(uses), uses_per_code: of_code, ..Limits::once_each() };
        let mut all = Campaign::decide(&State::default(), &create(limits.clone())).unwrap();
        let mut state = with(limits);
        for (kind, person, code, flag) in steps {
            let outcome = if flag { Ok(()) } else { Err(Failure::Unavailable) };
            let command = match kind {
                0 | 1 => Command::Redeem(redeem(person, code)),
                2 => Command::Note { number: person, attempt: code, outcome, at: at(11) },
                3 => Command::Retry { number: person, at: at(11) },
                _ => Command::SetLimits {
                    by: MAKER,
                    limits: Limits { uses: Some(person), ..Limits::once_each() },
                    at: at(11),
                },
            };
            let Ok(events) = Campaign::decide(&state, &command) else { continue };
            fold(&mut state, &events);
            all.extend(events);
            let most = state.made.as_ref().unwrap().limits.uses.unwrap();
            prop_assert!(state.uses() <= most);
            prop_assert_eq!(state.left(), Some(most - state.uses()));
        }
        let redeemed = all.iter().filter(|event| matches!(event, Event::Redeemed { .. })).count();
        prop_assert_eq!(u32::try_from(redeemed).unwrap(), state.uses());
        let mut again = State::default();
        fold(&mut again, &all);
        prop_assert_eq!(again, state);
    }
}
