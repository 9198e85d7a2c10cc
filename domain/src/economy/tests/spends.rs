//! Spends: bytes leave at once, and come back once or never.

use super::*;

const LIMIT: i64 = Bytes::LIMIT.0;

fn with_purpose(text: &str) -> Command {
    Command::Spend {
        spend: spend_id(1),
        from: ANN,
        amount: Bytes(5),
        purpose: text.to_owned(),
        terms: default_terms(),
    }
}

/// A guild with so many open spends of one byte each.
fn with_open_spends(count: usize) -> Given {
    let spends = (0..count).map(|number| spent(number as u128, ANN, 1));
    given([opened(ANN, 0), granted(ANN, 1_000_000)].into_iter().chain(spends))
}

// proves: ECO-12
#[test]
fn given_enough_then_a_spend_takes_the_bytes_at_once() {
    given([opened(ANN, 30)])
        .when(spend(1, ANN, 31))
        .then_refused(not_enough(30, 31))
        .when(spend(1, ANN, 30))
        .then([spent(1, ANN, 30)])
        .then_balance(ANN, 0);
}

#[test]
fn given_settled_spend_then_settling_again_and_refunding_are_refused() {
    given([opened(ANN, 30), spent(1, ANN, 30)])
        .when(settle(1))
        .then([settled(1)])
        .then_balance(ANN, 0)
        .when(settle(1))
        .then_refused(Refusal::SpendNotOpen)
        .when(refund(1))
        .then_refused(Refusal::SpendNotOpen)
        .then_balance(ANN, 0);
}

// proves: ECO-12
#[test]
fn given_refunded_spend_then_refunding_again_and_settling_are_refused() {
    given([opened(ANN, 30), spent(1, ANN, 30)])
        .when(refund(1))
        .then([refunded(1, ANN, 30)])
        .then_balance(ANN, 30)
        .when(refund(1))
        .then_refused(Refusal::SpendNotOpen)
        .when(settle(1))
        .then_refused(Refusal::SpendNotOpen)
        .then_balance(ANN, 30);
}

#[test]
fn given_no_such_spend_then_settling_and_refunding_are_refused() {
    given([opened(ANN, 30), spent(1, ANN, 30)])
        .when(settle(2))
        .then_refused(Refusal::SpendNotOpen)
        .when(refund(2))
        .then_refused(Refusal::SpendNotOpen);
}

#[test]
fn given_two_spends_then_each_goes_its_own_way() {
    given([opened(ANN, 30), opened(BEN, 8), spent(1, ANN, 30), spent(2, BEN, 8)])
        .when(settle(1))
        .then_accepted()
        .when(refund(2))
        .then([refunded(2, BEN, 8)])
        .then_balance(ANN, 0)
        .then_balance(BEN, 8);
}

#[test]
fn given_open_spend_then_its_name_cannot_be_used_again() {
    given([opened(ANN, 30), opened(BEN, 30), spent(1, ANN, 10)])
        .when(spend(1, ANN, 10))
        .then_refused(Refusal::SpendExists)
        .when(spend(1, BEN, 10))
        .then_refused(Refusal::SpendExists)
        .then_balance(ANN, 20)
        .then_balance(BEN, 30);
}

#[test]
fn given_balance_at_the_limit_then_a_refund_is_paid_nevertheless() {
    given([opened(ANN, 30), spent(1, ANN, 30), granted(ANN, LIMIT)])
        .when(refund(1))
        .then([refunded(1, ANN, 30)])
        .then_balance(ANN, LIMIT + 30)
        .when(grant(ANN, 1))
        .then_refused(Refusal::BalanceLimit)
        .when(take(ANN, 31))
        .then_accepted()
        .when(grant(ANN, 1))
        .then_accepted()
        .then_balance(ANN, LIMIT);
}

#[test]
fn given_purpose_outside_1_to_64_characters_then_spend_is_refused() {
    let history = || given([opened(ANN, 30)]);
    for purpose in ["", &"ü".repeat(MAX_PURPOSE_CHARS + 1)] {
        history().when(with_purpose(purpose)).then_refused(Refusal::PurposeInvalid);
    }
    for purpose in ["x", &"ü".repeat(MAX_PURPOSE_CHARS)] {
        history().when(with_purpose(purpose)).then_accepted();
    }
}

#[test]
fn given_as_many_open_spends_as_may_be_then_one_more_is_refused_until_one_is_closed() {
    let last = MAX_OPEN_SPENDS as u128 - 1;
    for close in [settle(0), refund(0)] {
        with_open_spends(MAX_OPEN_SPENDS - 1)
            .when(spend(last, ANN, 1))
            .then_accepted()
            .when(spend(last + 1, ANN, 1))
            .then_refused(Refusal::TooManyOpenSpends)
            .when(spend(last, ANN, 1))
            .then_refused(Refusal::SpendExists)
            .when(close)
            .then_accepted()
            .when(spend(last + 1, ANN, 1))
            .then_accepted();
    }
}
