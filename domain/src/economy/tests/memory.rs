//! What a large guild weighs.

use super::*;

/// A guild whose every member had an account opened, a grant, a transfer and a daily reward.
fn guild_of(members: u32) -> State {
    let mut state = State::default();
    for number in 1..=members {
        let (member, next) = (PersonId(number), PersonId(number % members + 1));
        for event in [
            opened(member, 0),
            granted(member, 100),
            transferred(member, next, 1, noon()),
            Event::DailyAwarded {
                to: member,
                day: noon().utc_day(),
                streak_days: 1,
                tier: None,
                amount: Bytes(10),
            },
        ] {
            Economy::evolve(&mut state, &event);
        }
    }
    state
}

#[test]
fn given_100_000_members_then_the_state_weighs_no_more_than_promised_for_each() {
    let state = guild_of(100_000);
    assert_eq!(state.accounts.len(), 100_000);
    let per_member = state.weight_bytes().div_ceil(100_000);
    println!("economy: {per_member} bytes a member at 100,000 members");
    assert!(per_member >= size_of::<(PersonId, Account)>(), "{per_member} cannot be true");
    assert!(per_member <= MAX_BYTES_PER_MEMBER, "{per_member} bytes a member");
}

/// A hash table is emptiest just after it grew: one account more than seven eighths of 131,072.
#[test]
fn given_table_that_has_just_grown_then_the_state_weighs_no_more_than_promised_for_each() {
    const MEMBERS: u32 = 131_072 / 8 * 7 + 1;
    let per_member = guild_of(MEMBERS).weight_bytes().div_ceil(MEMBERS as usize);
    println!("economy: {per_member} bytes a member at {MEMBERS} members");
    assert!(per_member <= MAX_BYTES_PER_MEMBER, "{per_member} bytes a member");
}
