use proptest::prelude::*;

use super::*;
use crate::Refusal as _;

const ADMIN: PersonId = PersonId(900);
const ANN: PersonId = PersonId(1);

fn at(days: i64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + days * DAY_SECS)
}

fn role(number: u64) -> RoleId {
    RoleId::new(number).unwrap()
}

fn set(of: u64, name: &str, bonus: i64) -> Command {
    let (name, daily_bonus) = (name.to_owned(), Bytes(bonus));
    Command::Set { role: role(of), name, daily_bonus, by: ADMIN, at: at(0) }
}

fn grant(person: PersonId, of: u64, days: u32, on: i64) -> Command {
    Command::Grant { person, role: role(of), days, by: Giver::Member(ADMIN), at: at(on) }
}

fn expire(of: u64, on: i64) -> Command {
    Command::Expire { person: ANN, role: role(of), at: at(on) }
}

fn note(attempt: u32, given: Result<(), Failure>) -> Command {
    Command::Note { person: ANN, role: role(7), attempt, given, at: at(0) }
}

#[track_caller]
fn act(state: &mut State, command: &Command) -> Vec<Event> {
    let events = Tiers::decide(state, command).unwrap();
    for event in &events {
        Tiers::evolve(state, event);
    }
    events
}

fn refused(state: &State, command: &Command) -> &'static str {
    Tiers::decide(state, command).unwrap_err().rule()
}

fn vip() -> State {
    let mut state = State::default();
    act(&mut state, &set(7, "VIP", 5));
    state
}

fn until(state: &State) -> Option<Timestamp> {
    state.holding(ANN, role(7)).map(|held| held.until)
}

// proves: COD-04
#[test]
fn given_a_tier_that_is_held_then_another_grant_extends_it() {
    let mut state = vip();
    act(&mut state, &grant(ANN, 7, 30, 0));
    act(&mut state, &grant(ANN, 7, 30, 10));
    assert_eq!(until(&state), Some(at(60)), "extended, and not begun anew");
    assert_eq!(act(&mut state, &expire(7, 30)), [], "the end of the first grant ends nothing");
    assert_eq!(act(&mut state, &expire(7, 59)), []);
    let ended = act(&mut state, &expire(7, 60));
    assert!(matches!(ended[..], [Event::Ended { why: EndReason::Expired, .. }]));
    assert_eq!(act(&mut state, &expire(7, 60)), [], "once");
    act(&mut state, &grant(ANN, 7, 1, 70));
    assert_eq!(until(&state), Some(at(71)), "not from the old end");
}

#[test]
fn given_what_is_no_tier_or_too_long_then_it_is_refused() {
    let mut state = vip();
    assert_eq!(refused(&state, &grant(ANN, 8, 1, 0)), "tiers.no_such_tier");
    for days in [0, MAX_DAYS + 1, u32::MAX] {
        assert_eq!(refused(&state, &grant(ANN, 7, days, 0)), "tiers.days_invalid");
    }
    act(&mut state, &grant(ANN, 7, MAX_DAYS, 0));
    assert_eq!(refused(&state, &grant(ANN, 7, 2, 1)), "tiers.days_invalid");
    act(&mut state, &grant(ANN, 7, 1, 1));
    assert_eq!(refused(&state, &set(8, "vip", 0)), "tiers.name_taken");
    assert_eq!(refused(&state, &set(8, " x", 0)), "tiers.name_invalid");
    assert_eq!(refused(&state, &set(8, "Gold", -1)), "tiers.bonus_invalid");
    assert_eq!(act(&mut state, &set(7, "VIP", 5)), [], "nothing to change");
    for number in 1..MAX_TIERS as u64 {
        act(&mut state, &set(100 + number, &format!("Tier {number}"), 0));
    }
    assert_eq!(refused(&state, &set(99, "One more", 0)), "tiers.too_many_tiers");
    let take = |of| Command::Take { person: ANN, role: role(of), by: ADMIN, at: at(2) };
    assert_eq!(refused(&state, &take(8)), "tiers.not_held");
    act(&mut state, &take(7));
    assert_eq!(refused(&state, &take(7)), "tiers.not_held");
}

// proves: COD-04
#[test]
fn given_several_tiers_then_the_highest_bonus_counts_while_it_lasts() {
    let mut state = vip();
    act(&mut state, &set(8, "Gold", 20));
    let bonus = |state: &State, on| state.daily_bonus(ANN, at(on)).0;
    assert_eq!(bonus(&state, 0), 0);
    act(&mut state, &grant(ANN, 7, 30, 0));
    act(&mut state, &grant(ANN, 8, 10, 0));
    assert_eq!((bonus(&state, 9), bonus(&state, 10), bonus(&state, 30)), (20, 5, 0));
    act(&mut state, &Command::Remove { role: role(8), by: ADMIN, at: at(1) });
    assert_eq!(bonus(&state, 2), 5);
    assert!(state.holding(ANN, role(8)).is_some(), "who holds it keeps it until its end");
}

#[test]
fn given_a_role_that_failed_or_was_lost_then_a_check_orders_it_again() {
    let mut state = vip();
    act(&mut state, &grant(ANN, 7, 30, 0));
    let check = |has: &[u64]| {
        let has = has.iter().map(|number| role(*number)).collect();
        Command::Check { person: ANN, has, at: at(1) }
    };
    assert_eq!(act(&mut state, &check(&[])), [], "it is under way");
    act(&mut state, &note(1, Err(Failure::NotAllowed)));
    let again = act(&mut state, &check(&[]));
    assert!(matches!(again[..], [Event::RoleOrdered { attempt: 2, .. }]));
    assert_eq!(act(&mut state, &note(1, Ok(()))), [], "another attempt's");
    act(&mut state, &note(2, Ok(())));
    assert_eq!(state.holding(ANN, role(7)).unwrap().role, RoleState::Given);
    assert_eq!(act(&mut state, &check(&[7])), []);
    assert_eq!(act(&mut state, &check(&[])).len(), 1, "lost by leaving");
}

proptest! {
    /// However grants and ends come, time that was granted is never lost nor doubled.
    #[test]
    fn given_grants_without_a_gap_then_the_end_is_their_sum(days in prop::collection::vec(1..40_u32, 1..20)) {
        let mut state = vip();
        let mut sum = 0;
        for (on, days) in days.into_iter().enumerate() {
            // Each comes on a day on which the one before still lasts.
            let on = i64::try_from(on).unwrap().min(i64::from(sum));
            act(&mut state, &grant(ANN, 7, days, on));
            act(&mut state, &expire(7, on));
            sum += days;
        }
        prop_assert_eq!(until(&state), Some(at(i64::from(sum))));
    }
}

#[test]
fn given_all_holdings_that_there_can_be_then_each_takes_no_more_than_its_share() {
    let mut state = vip();
    let holders = u32::try_from(MAX_HOLDINGS).unwrap();
    for person in 1..=holders {
        act(&mut state, &grant(PersonId(person), 7, 1, 0));
    }
    let one_more = grant(PersonId(holders + 1), 7, 1, 0);
    assert_eq!(refused(&state, &one_more), "tiers.too_many_holdings");
    act(&mut state, &grant(ANN, 7, 1, 0));
    let each = state.weight_bytes() / MAX_HOLDINGS;
    assert!(each <= MAX_BYTES_PER_HOLDING * 2, "{each} bytes a holding");
}
