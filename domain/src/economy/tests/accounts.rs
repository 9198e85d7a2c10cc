//! Opening an account, grants and takes, reasons, and one guild beside another.

use super::*;

const LIMIT: i64 = Bytes::LIMIT.0;

fn starting_with(amount: i64) -> EconomySettings {
    EconomySettings { starting_balance: Bytes(amount), ..EconomySettings::default() }
}

// proves: ECO-10
#[test]
fn given_new_member_then_any_first_movement_opens_the_account_with_the_starting_balance() {
    let daily = awarded(ANN, "2026-11-20", 1, None, 10);
    let from_others = transferred(BEN, ANN, 5, noon());
    for (first, movement, balance) in [
        (grant(ANN, 5), granted(ANN, 5), 30),
        (take(ANN, 5), taken(ANN, 5), 20),
        (spend(1, ANN, 5), spent(1, ANN, 5), 20),
        (message(ANN, noon()), daily, 35),
        (transfer(ANN, BEN, 5, noon()), transferred(ANN, BEN, 5, noon()), 20),
        (transfer(BEN, ANN, 5, noon()), from_others, 30),
    ] {
        given([opened(BEN, 25)])
            .when(first.under(starting_with(25)))
            .then([opened(ANN, 25), movement])
            .then_balance(ANN, balance);
    }
}

// proves: ECO-10
#[test]
fn given_open_account_then_the_starting_balance_is_not_given_again() {
    given([opened(ANN, 25), taken(ANN, 25)])
        .when(grant(ANN, 5).under(starting_with(25)))
        .then([granted(ANN, 5)])
        .when(take(ANN, 5).under(starting_with(1_000)))
        .then([taken(ANN, 5)])
        .when(spend(1, ANN, 1).under(starting_with(1_000)))
        .then_refused(not_enough(0, 1));
}

// proves: ECO-10
#[test]
fn given_new_member_then_a_refused_movement_opens_nothing() {
    given([])
        .when(take(ANN, 26).under(starting_with(25)))
        .then_refused(not_enough(25, 26))
        .then_balance(ANN, 0)
        .when(grant(ANN, 1).under(starting_with(40)))
        .then([opened(ANN, 40), granted(ANN, 1)]);
}

// proves: ECO-10
#[test]
fn given_no_movement_yet_then_the_balance_is_zero() {
    given([opened(BEN, 25)]).then_balance(ANN, 0);
}

#[test]
fn given_amount_below_one_then_grant_take_and_spend_are_refused() {
    for amount in [0, -1, i64::MIN] {
        for command in [grant(ANN, amount), take(ANN, amount), spend(1, ANN, amount)] {
            given([opened(ANN, 100)]).when(command).then_refused(Refusal::AmountTooSmall);
        }
    }
}

#[test]
fn given_amount_beyond_what_anyone_can_hold_then_grant_take_and_spend_are_refused() {
    for amount in [LIMIT + 1, i64::MAX] {
        for command in [grant(ANN, amount), take(ANN, amount), spend(1, ANN, amount)] {
            given([opened(ANN, 100)])
                .when(command)
                .then_refused(Refusal::AmountTooLarge { max: Bytes::LIMIT });
        }
    }
}

#[test]
fn given_grant_that_reaches_the_limit_then_it_is_accepted_and_one_more_is_refused() {
    given([])
        .when(grant(ANN, LIMIT))
        .then([opened(ANN, 0), granted(ANN, LIMIT)])
        .then_balance(ANN, LIMIT)
        .when(grant(ANN, 1))
        .then_refused(Refusal::BalanceLimit);
    given([]).when(grant(ANN, LIMIT).under(starting_with(1))).then_refused(Refusal::BalanceLimit);
}

#[test]
fn given_take_of_the_whole_balance_then_nothing_is_left_and_one_more_is_refused() {
    given([opened(ANN, 0), granted(ANN, 30)])
        .when(take(ANN, 31))
        .then_refused(not_enough(30, 31))
        .when(take(ANN, 30))
        .then([taken(ANN, 30)])
        .then_balance(ANN, 0)
        .when(take(ANN, 1))
        .then_refused(not_enough(0, 1));
}

#[test]
fn given_reason_over_300_characters_then_every_movement_with_a_reason_is_refused() {
    let longest = "ü".repeat(MAX_REASON_CHARS);
    let too_long = "ü".repeat(MAX_REASON_CHARS + 1);
    for command in [grant(ANN, 5), take(ANN, 5), transfer(ANN, BEN, 5, noon())] {
        let history = || given([opened(ANN, 100), opened(BEN, 0)]);
        history().when(command.clone().because(&longest)).then_accepted();
        history().when(command.because(&too_long)).then_refused(Refusal::ReasonTooLong);
    }
}

// proves: ECO-12
#[test]
fn given_reason_then_the_movement_keeps_it_with_its_sides_and_its_amount() {
    let reason = || Some(note("won the quiz"));
    let amount = Bytes(5);
    let at = noon();
    for (command, event) in [
        (grant(ANN, 5), Event::BytesGranted { to: ANN, amount, reason: reason() }),
        (take(ANN, 5), Event::BytesTaken { from: ANN, amount, reason: reason() }),
        (
            transfer(ANN, BEN, 5, at),
            Event::BytesTransferred { from: ANN, to: BEN, amount, reason: reason(), at },
        ),
    ] {
        given([opened(ANN, 100), opened(BEN, 0)])
            .when(command.because("won the quiz"))
            .then([event]);
    }
}

// proves: ECO-01
#[test]
fn given_bytes_in_one_guild_then_they_are_of_no_use_in_another() {
    let here = given([opened(ANN, 0), granted(ANN, 500)]);
    let elsewhere = given([opened(ANN, 0)]);
    elsewhere.when(transfer(ANN, BEN, 1, noon())).then_refused(not_enough(0, 1));
    here.when(transfer(ANN, BEN, 1, noon())).then_accepted().then_balance(ANN, 499);
}
