//! The daily reward: once a UTC day, in three modes, with a streak.

use super::*;

const LIMIT: i64 = Bytes::LIMIT.0;
const DAY_SECS: i64 = 24 * 60 * 60;

/// Noon, so many days after the first of January 2026.
fn noon_of(days: i64) -> Timestamp {
    at("2026-01-01T12:00:00Z").plus_secs(days * DAY_SECS)
}

/// A guild in which Ann wrote on each of these days; days count from 0.
fn ann_wrote_on(days: impl IntoIterator<Item = i64>) -> Given {
    days.into_iter().fold(given([opened(ANN, 0)]), |guild, day| {
        guild.when(message(ANN, noon_of(day))).then_accepted()
    })
}

/// Streak, tier and amount of the reward that one more message of Ann's on that day brings.
fn reward(guild: Given, on_day: i64) -> (u32, Option<String>, i64) {
    let events = guild.when(message(ANN, noon_of(on_day))).outcome.expect("accepted");
    match events.as_slice() {
        [Event::DailyAwarded { streak_days, tier, amount, .. }] => {
            (*streak_days, tier.clone(), amount.0)
        }
        other => panic!("not one award: {other:?}"),
    }
}

// proves: ECO-02
#[test]
fn given_first_message_of_the_day_then_it_pays_ten() {
    given([opened(ANN, 0)])
        .when(message(ANN, noon()))
        .then([awarded(ANN, "2026-11-20", 1, None, 10)])
        .then_balance(ANN, 10);
}

// proves: ECO-02
#[test]
fn given_last_moment_of_a_day_and_first_of_the_next_then_both_days_pay() {
    given([opened(ANN, 0)])
        .when(message(ANN, at("2026-11-20T23:59:59.999999Z")))
        .then([awarded(ANN, "2026-11-20", 1, None, 10)])
        .when(message(ANN, at("2026-11-20T23:59:59.999999Z")))
        .then_refused(Refusal::DailyAlreadyPaid { wait_secs: 1 })
        .when(message(ANN, at("2026-11-21T00:00:00Z")))
        .then([awarded(ANN, "2026-11-21", 2, None, 10)])
        .when(message(ANN, at("2026-11-21T00:00:00Z")))
        .then_refused(Refusal::DailyAlreadyPaid { wait_secs: DAY_SECS })
        .then_balance(ANN, 20);
}

// proves: ECO-02
#[test]
fn given_first_moment_of_the_day_paid_then_its_last_moment_is_refused() {
    given([opened(ANN, 0)])
        .when(message(ANN, at("2026-11-20T00:00:00Z")))
        .then_accepted()
        .when(message(ANN, at("2026-11-20T23:59:59.999999Z")))
        .then_refused(Refusal::DailyAlreadyPaid { wait_secs: 1 });
}

// proves: ECO-14, ECO-02
#[test]
fn given_the_same_daily_asked_many_times_then_it_is_paid_once() {
    let mut guild = ann_wrote_on([0]);
    for _ in 0..100 {
        guild = guild
            .when(message(ANN, noon_of(0)))
            .then_refused(Refusal::DailyAlreadyPaid { wait_secs: DAY_SECS / 2 });
    }
    guild.then_balance(ANN, 10);
}

// proves: ECO-02
#[test]
fn given_late_message_of_an_earlier_day_then_it_is_refused_and_the_streak_stays() {
    given([awarded(ANN, "2026-11-20", 3, None, 10)])
        .when(message(ANN, at("2026-11-19T23:59:59Z")))
        .then_refused(Refusal::DailyAlreadyPaid { wait_secs: DAY_SECS + 1 })
        .when(message(ANN, at("2026-11-21T08:00:00Z")))
        .then([awarded(ANN, "2026-11-21", 4, None, 10)]);
}

// proves: ECO-02
#[test]
fn given_one_member_paid_then_another_is_paid_the_same_day() {
    given([opened(BEN, 0), awarded(ANN, "2026-11-20", 1, None, 10)])
        .when(message(BEN, noon()))
        .then([awarded(BEN, "2026-11-20", 1, None, 10)]);
}

fn messages(to: &[PersonId], day: &str) -> Command {
    let day = at(&format!("{day}T00:00:00Z")).utc_day();
    Command::AwardDailyToAll { to: to.to_vec(), day, terms: default_terms() }
}

// proves: ECO-02, ECO-14
#[test]
fn given_messages_of_several_then_each_who_was_not_paid_is_paid_once() {
    given([opened(ANN, 0), opened(BEN, LIMIT), awarded(ANN, "2026-11-20", 3, None, 10)])
        .when(messages(&[CAY, ANN, CAY, BEN], "2026-11-20"))
        .then([opened(CAY, 0), awarded(CAY, "2026-11-20", 1, None, 10)])
        .when(messages(&[ANN, BEN, CAY], "2026-11-20"))
        .then([])
        .when(messages(&[CAY, ANN], "2026-11-21"))
        .then([awarded(ANN, "2026-11-21", 4, None, 10), awarded(CAY, "2026-11-21", 2, None, 10)])
        .then_balance(BEN, LIMIT);
}

// proves: ECO-02
#[test]
fn given_another_mode_then_messages_of_several_pay_nobody() {
    for (mode, refusal) in
        [(DailyMode::Command, Refusal::DailyMustBeRequested), (DailyMode::Off, Refusal::DailyOff)]
    {
        let settings = EconomySettings { daily: mode, ..EconomySettings::default() };
        given([opened(ANN, 0)])
            .when(messages(&[ANN, BEN], "2026-11-20").under(settings))
            .then_refused(refusal)
            .then_balance(ANN, 0);
    }
}

// proves: ECO-02
#[test]
fn given_each_mode_then_only_its_own_trigger_pays() {
    for (mode, trigger, refusal) in [
        (DailyMode::Automatic, DailyTrigger::Message, None),
        (DailyMode::Automatic, DailyTrigger::Request, Some(Refusal::DailyIsAutomatic)),
        (DailyMode::Command, DailyTrigger::Message, Some(Refusal::DailyMustBeRequested)),
        (DailyMode::Command, DailyTrigger::Request, None),
        (DailyMode::Off, DailyTrigger::Message, Some(Refusal::DailyOff)),
        (DailyMode::Off, DailyTrigger::Request, Some(Refusal::DailyOff)),
    ] {
        let settings = EconomySettings { daily: mode, ..EconomySettings::default() };
        let ask = Command::AwardDaily { to: ANN, trigger, at: noon(), terms: default_terms() }
            .under(settings);
        let decided = given([opened(ANN, 0)]).when(ask);
        match refusal {
            None => decided.then([awarded(ANN, "2026-11-20", 1, None, 10)]),
            Some(refusal) => decided.then_refused(refusal).then_balance(ANN, 0),
        };
    }
}

// proves: ECO-02
#[test]
fn given_day_paid_by_message_then_asking_for_it_pays_no_second_time() {
    let settings = EconomySettings { daily: DailyMode::Command, ..EconomySettings::default() };
    let ask = Command::AwardDaily {
        to: ANN,
        trigger: DailyTrigger::Request,
        at: noon(),
        terms: default_terms(),
    };
    given([opened(ANN, 0)])
        .when(message(ANN, noon()))
        .then_accepted()
        .when(ask.under(settings))
        .then_refused(Refusal::DailyAlreadyPaid { wait_secs: DAY_SECS / 2 });
}

// proves: ECO-03
#[test]
fn given_streak_at_each_boundary_then_amount_and_tier_name_step_up_on_the_day() {
    for (streak, tier, amount) in [
        (1, None, 10),
        (7, None, 10),
        (8, Some("CHAR"), 20),
        (15, Some("CHAR"), 20),
        (16, Some("SHORT"), 40),
        (31, Some("SHORT"), 40),
        (32, Some("INT"), 160),
        (63, Some("INT"), 160),
        (64, Some("LONG"), 2_560),
        (65, Some("LONG"), 2_560),
    ] {
        let today = i64::from(streak) - 1;
        let expected = (streak, tier.map(str::to_owned), amount);
        assert_eq!(reward(ann_wrote_on(0..today), today), expected);
    }
}

// proves: ECO-03
#[test]
fn given_a_missed_day_then_the_streak_begins_again_at_one() {
    assert_eq!(reward(ann_wrote_on(0..64), 65), (1, None, 10));
    assert_eq!(reward(ann_wrote_on((0..64).chain([65])), 66), (2, None, 10));
}

// proves: ECO-03
#[test]
fn given_days_apart_by_a_moment_then_utc_days_make_the_streak_and_not_24_hours() {
    let reset = [awarded(ANN, "2026-11-22", 1, None, 10)];
    let last_moment_missed = given([awarded(ANN, "2026-11-20", 7, None, 10)]);
    last_moment_missed.when(message(ANN, at("2026-11-22T00:00:00Z"))).then(reset);

    let goes_on = [awarded(ANN, "2026-11-21", 8, Some("CHAR"), 20)];
    given([awarded(ANN, "2026-11-20", 7, None, 10)])
        .when(message(ANN, at("2026-11-21T23:59:59.999999Z")))
        .then(goes_on);
}

// proves: ECO-03
#[test]
fn given_longest_countable_streak_then_it_stays_at_its_length() {
    given([awarded(ANN, "2026-11-20", u32::MAX, Some("LONG"), 2_560)])
        .when(message(ANN, at("2026-11-21T00:00:00Z")))
        .then([awarded(ANN, "2026-11-21", u32::MAX, Some("LONG"), 2_560)]);
}

// proves: ECO-03
#[test]
fn given_tiers_and_amount_of_its_own_then_the_guild_uses_those() {
    let tier = StreakTier { from_days: 2, name: "PAIR".to_owned(), multiplier: 3 };
    let settings =
        EconomySettings { daily_amount: Bytes(7), tiers: vec![tier], ..EconomySettings::default() };
    given([awarded(ANN, "2026-11-20", 1, None, 7)])
        .when(message(ANN, at("2026-11-21T00:00:00Z")).under(settings))
        .then([awarded(ANN, "2026-11-21", 2, Some("PAIR"), 21)]);
}

// proves: ECO-15, ECO-03
#[test]
fn given_streak_in_one_guild_then_another_guild_counts_its_own() {
    let here = ann_wrote_on(0..7);
    let elsewhere = ann_wrote_on([3, 4]);
    assert_eq!(reward(elsewhere, 7), (1, None, 10));
    assert_eq!(reward(here, 7), (8, Some("CHAR".to_owned()), 20));
}

// proves: ECO-15, ECO-02
#[test]
fn given_day_paid_in_one_guild_then_another_guild_pays_it_too() {
    let here = ann_wrote_on([0]);
    let elsewhere = given([opened(ANN, 0)]);
    elsewhere.when(message(ANN, noon_of(0))).then_accepted().then_balance(ANN, 10);
    here.when(message(ANN, noon_of(0)))
        .then_refused(Refusal::DailyAlreadyPaid { wait_secs: DAY_SECS / 2 })
        .then_balance(ANN, 10);
}

#[test]
fn given_balance_limit_then_the_reward_may_reach_it_but_not_pass_it() {
    given([opened(ANN, LIMIT - 10)])
        .when(message(ANN, noon()))
        .then_accepted()
        .then_balance(ANN, LIMIT);
    given([opened(ANN, LIMIT - 9)])
        .when(message(ANN, noon()))
        .then_refused(Refusal::BalanceLimit)
        .then_balance(ANN, LIMIT - 9);
}

#[test]
fn given_multiplied_reward_beyond_the_limit_then_it_is_refused() {
    let tier = StreakTier { from_days: 1, name: "HUGE".to_owned(), multiplier: u32::MAX };
    let settings = EconomySettings {
        daily_amount: Bytes::LIMIT,
        tiers: vec![tier],
        ..EconomySettings::default()
    };
    given([opened(ANN, 0)])
        .when(message(ANN, noon()).under(settings))
        .then_refused(Refusal::BalanceLimit);
}
