//! Transfers: both sides at once, the maximum, the cooldown.

use super::*;

const LIMIT: i64 = Bytes::LIMIT.0;
const DAY_SECS: i64 = 24 * 60 * 60;

fn ann_with(amount: i64) -> Given {
    given([opened(ANN, amount), opened(BEN, 0)])
}

/// As many microseconds after `moment`; before it when negative.
fn micros_after(moment: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(moment.as_micros() + micros)
}

/// Ann sent something at noon, under whatever settings.
fn ann_sent_at_noon() -> Given {
    given([opened(ANN, 100), opened(BEN, 100), opened(CAY, 100), transferred(ANN, BEN, 1, noon())])
}

// proves: ECO-04, ECO-12
#[test]
fn given_enough_then_a_transfer_moves_both_sides_in_one_event() {
    ann_with(100)
        .when(transfer(ANN, BEN, 40, noon()))
        .then([transferred(ANN, BEN, 40, noon())])
        .then_balance(ANN, 60)
        .then_balance(BEN, 40);
}

// proves: ECO-04, ECO-10
#[test]
fn given_two_new_members_then_a_transfer_opens_both_accounts() {
    let settings = EconomySettings { starting_balance: Bytes(25), ..EconomySettings::default() };
    given([])
        .when(transfer(ANN, BEN, 25, noon()).under(settings))
        .then([opened(ANN, 25), opened(BEN, 25), transferred(ANN, BEN, 25, noon())])
        .then_balance(ANN, 0)
        .then_balance(BEN, 50);
}

// proves: ECO-04
#[test]
fn given_oneself_as_receiver_then_transfer_is_refused() {
    ann_with(100).when(transfer(ANN, ANN, 1, noon())).then_refused(Refusal::SelfTransfer);
    ann_with(100).when(transfer(ANN, ANN, -1, noon())).then_refused(Refusal::SelfTransfer);
}

// proves: ECO-04
#[test]
fn given_zero_or_a_negative_amount_then_transfer_is_refused() {
    for amount in [0, -1, i64::MIN] {
        ann_with(100)
            .when(transfer(ANN, BEN, amount, noon()))
            .then_refused(Refusal::AmountTooSmall)
            .then_balance(ANN, 100)
            .then_balance(BEN, 0);
    }
}

// proves: ECO-04
#[test]
fn given_one_byte_too_few_then_transfer_is_refused_and_moves_nothing() {
    ann_with(39)
        .when(transfer(ANN, BEN, 40, noon()))
        .then_refused(not_enough(39, 40))
        .then_balance(ANN, 39)
        .then_balance(BEN, 0)
        .when(transfer(ANN, BEN, 39, noon()))
        .then([transferred(ANN, BEN, 39, noon())])
        .then_balance(ANN, 0);
}

#[test]
fn given_receiver_at_the_balance_limit_then_transfer_is_refused() {
    given([opened(ANN, 100), opened(BEN, LIMIT - 10)])
        .when(transfer(ANN, BEN, 11, noon()))
        .then_refused(Refusal::BalanceLimit)
        .then_balance(ANN, 100)
        .when(transfer(ANN, BEN, 10, noon()))
        .then_accepted()
        .then_balance(BEN, LIMIT);
}

// proves: ECO-05
#[test]
fn given_the_maximum_then_exactly_that_may_be_sent_and_one_more_may_not() {
    ann_with(5_000)
        .when(transfer(ANN, BEN, 1_001, noon()))
        .then_refused(Refusal::AmountTooLarge { max: Bytes(1_000) })
        .when(transfer(ANN, BEN, 1_000, noon()))
        .then([transferred(ANN, BEN, 1_000, noon())]);
}

// proves: ECO-05
#[test]
fn given_a_maximum_of_its_own_then_the_guild_uses_that_one() {
    let settings = EconomySettings { max_transfer: Bytes(7), ..EconomySettings::default() };
    ann_with(5_000)
        .when(transfer(ANN, BEN, 8, noon()).under(settings.clone()))
        .then_refused(Refusal::AmountTooLarge { max: Bytes(7) })
        .when(transfer(ANN, BEN, 7, noon()).under(settings))
        .then_accepted();
}

// proves: ECO-05
#[test]
fn given_member_on_cooldown_then_transfer_is_refused_with_the_remaining_time() {
    let day_later = noon().plus_secs(DAY_SECS);
    for (moment, wait_secs) in [
        (noon(), DAY_SECS),
        (micros_after(noon(), 1), DAY_SECS),
        (micros_after(noon(), 1_000_000), DAY_SECS - 1),
        (micros_after(day_later, -1_000_001), 2),
        (micros_after(day_later, -1_000_000), 1),
        (micros_after(day_later, -1), 1),
    ] {
        ann_sent_at_noon()
            .when(transfer(ANN, BEN, 1, moment))
            .then_refused(Refusal::Cooldown { wait_secs })
            .then_balance(ANN, 99);
    }
}

// proves: ECO-05
#[test]
fn given_cooldown_over_to_the_microsecond_then_transfer_is_accepted() {
    let over = noon().plus_secs(DAY_SECS);
    ann_sent_at_noon()
        .when(transfer(ANN, BEN, 1, over))
        .then([transferred(ANN, BEN, 1, over)])
        .when(transfer(ANN, BEN, 1, micros_after(over, 1)))
        .then_refused(Refusal::Cooldown { wait_secs: DAY_SECS });
}

// proves: ECO-05
#[test]
fn given_a_cooldown_of_its_own_then_the_guild_uses_the_one_in_force_now() {
    let settings = EconomySettings { transfer_cooldown_secs: 60, ..EconomySettings::default() };
    ann_sent_at_noon()
        .when(transfer(ANN, BEN, 1, micros_after(noon(), 59_999_999)).under(settings.clone()))
        .then_refused(Refusal::Cooldown { wait_secs: 1 })
        .when(transfer(ANN, BEN, 1, noon().plus_secs(60)).under(settings))
        .then_accepted();
}

// proves: ECO-05
#[test]
fn given_no_cooldown_then_a_member_sends_twice_in_the_same_moment() {
    let settings = EconomySettings { transfer_cooldown_secs: 0, ..EconomySettings::default() };
    ann_sent_at_noon().when(transfer(ANN, BEN, 1, noon()).under(settings)).then_accepted();
}

// proves: ECO-05
#[test]
fn given_sender_on_cooldown_then_receiver_and_others_may_send() {
    ann_sent_at_noon()
        .when(transfer(BEN, ANN, 1, noon()))
        .then([transferred(BEN, ANN, 1, noon())])
        .when(transfer(CAY, ANN, 1, noon()))
        .then([transferred(CAY, ANN, 1, noon())])
        .when(transfer(ANN, CAY, 1, noon()))
        .then_refused(Refusal::Cooldown { wait_secs: DAY_SECS });
}

// proves: ECO-05
#[test]
fn given_refused_transfer_then_no_cooldown_begins() {
    ann_with(10)
        .when(transfer(ANN, BEN, 11, noon()))
        .then_refused(not_enough(10, 11))
        .when(transfer(ANN, BEN, 10, noon()))
        .then_accepted();
}

// proves: ECO-05
#[test]
fn given_other_movements_then_no_cooldown_begins() {
    ann_with(100)
        .when(grant(ANN, 1))
        .then_accepted()
        .when(take(ANN, 1))
        .then_accepted()
        .when(spend(1, ANN, 1))
        .then_accepted()
        .when(message(ANN, noon()))
        .then_accepted()
        .when(transfer(ANN, BEN, 1, noon()))
        .then_accepted();
}
