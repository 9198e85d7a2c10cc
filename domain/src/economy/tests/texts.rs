//! What people are told when a rule says no.

use std::collections::BTreeSet;

use super::*;
use crate::Refusal as _;

fn every_refusal() -> Vec<Refusal> {
    let listed = vec![
        Refusal::AmountTooSmall,
        Refusal::AmountTooLarge { max: Bytes(1_000) },
        not_enough(39, 40),
        Refusal::BalanceLimit,
        Refusal::SelfTransfer,
        Refusal::Cooldown { wait_secs: 3_661 },
        Refusal::DailyAlreadyPaid { wait_secs: 59 },
        Refusal::DailyOff,
        Refusal::DailyIsAutomatic,
        Refusal::DailyMustBeRequested,
        Refusal::ReasonTooLong,
        Refusal::PurposeInvalid,
        Refusal::SpendExists,
        Refusal::SpendNotOpen,
        Refusal::TooManyOpenSpends,
    ];
    for refusal in &listed {
        // Here the compiler asks for a new refusal; it belongs into the list above as well.
        match refusal {
            Refusal::AmountTooSmall
            | Refusal::AmountTooLarge { .. }
            | Refusal::NotEnough { .. }
            | Refusal::BalanceLimit
            | Refusal::SelfTransfer
            | Refusal::Cooldown { .. }
            | Refusal::DailyAlreadyPaid { .. }
            | Refusal::DailyOff
            | Refusal::DailyIsAutomatic
            | Refusal::DailyMustBeRequested
            | Refusal::ReasonTooLong
            | Refusal::PurposeInvalid
            | Refusal::SpendExists
            | Refusal::SpendNotOpen
            | Refusal::TooManyOpenSpends => {}
        }
    }
    listed
}

#[test]
fn given_refusal_then_its_text_is_a_sentence_without_internal_words() {
    for refusal in every_refusal() {
        let text = refusal.to_string();
        assert!(text.starts_with(char::is_uppercase) && text.ends_with('.'), "{text}");
        let lower = text.to_lowercase();
        for word in ["aggregate", "event", "snowflake", "projection", "stream", "command", "saga"] {
            assert!(!lower.contains(word), "{text:?} says {word:?}");
        }
    }
}

#[test]
fn given_refusal_then_its_text_names_the_numbers_people_need() {
    for (refusal, text) in [
        (Refusal::AmountTooLarge { max: Bytes(1_000) }, "You can move at most 1000 at a time."),
        (not_enough(39, 40), "The balance is 39, which is not enough for 40."),
        (
            Refusal::DailyAlreadyPaid { wait_secs: 60 },
            "Today's reward has been paid already. The next one is in 1 min 0 s.",
        ),
        (Refusal::ReasonTooLong, "The reason must not be longer than 300 characters."),
        (Refusal::PurposeInvalid, "A spend needs a purpose of 1 to 64 characters."),
        (
            Refusal::BalanceLimit,
            "That would pass the most that one member can hold, 1000000000000.",
        ),
    ] {
        assert_eq!(refusal.to_string(), text);
    }
}

// proves: ECO-01
#[test]
fn given_a_currency_of_its_own_then_every_refusal_that_names_an_amount_names_it() {
    for (refusal, text) in [
        (Refusal::AmountTooSmall, "The amount must be at least 1."),
        (
            Refusal::AmountTooLarge { max: Bytes(1_000) },
            "You can move at most 1,000 coins at a time.",
        ),
        (not_enough(39, 4_000), "The balance is 39 coins, which is not enough for 4,000."),
        (
            Refusal::BalanceLimit,
            "That would pass the most that one member can hold, 1,000,000,000,000 coins.",
        ),
    ] {
        assert_eq!(refusal.told_in("coins"), text);
    }
    for refusal in every_refusal() {
        let names_bytes = refusal.told_in("coins").to_lowercase().contains("bytes");
        assert!(!names_bytes, "{refusal:?}");
    }
}

// proves: ECO-05
#[test]
fn given_cooldown_then_its_text_says_the_two_largest_units() {
    for (wait_secs, wait) in [
        (1, "1 s"),
        (59, "59 s"),
        (60, "1 min 0 s"),
        (3_599, "59 min 59 s"),
        (3_600, "1 h 0 min"),
        (86_399, "23 h 59 min"),
        (86_400, "1 d 0 h"),
        (90_061, "1 d 1 h"),
    ] {
        let text = Refusal::Cooldown { wait_secs }.to_string();
        assert_eq!(text, format!("You can send again in {wait}."));
    }
}

#[test]
fn given_refusal_then_its_rule_has_a_name_of_its_own() {
    let refusals = every_refusal();
    let rules: BTreeSet<&str> = refusals.iter().map(crate::Refusal::rule).collect();
    assert_eq!(rules.len(), refusals.len());
    assert!(rules.iter().all(|rule| rule.starts_with("economy.")), "{rules:?}");
    assert_eq!(not_enough(0, 1).rule(), "economy.not_enough");
}
