//! What a guild may decide about its economy, and what it is told when it may not.

use super::*;
use crate::settings::{Configurable, Settings};

fn tier(from_days: u32, name: &str, multiplier: u32) -> StreakTier {
    StreakTier { from_days, name: name.to_owned(), multiplier }
}

fn tiers(count: u32) -> Vec<StreakTier> {
    (1..=count).map(|days| tier(days, "T", 1)).collect()
}

fn changed(change: impl FnOnce(&mut EconomySettings)) -> EconomySettings {
    let mut settings = EconomySettings::default();
    change(&mut settings);
    settings
}

/// The fields that the settings' problems name, in order.
fn fields_at_fault(settings: &EconomySettings) -> Vec<String> {
    let field = |problem: &String| problem.split(':').next().unwrap_or_default().to_owned();
    settings.problems().iter().map(field).collect()
}

#[test]
fn given_nothing_decided_then_the_defaults_are_the_documented_ones_and_sound() {
    let settings = EconomySettings::default();
    assert_eq!(settings.problems(), Vec::<String>::new());
    assert_eq!(settings.currency, "bytes");
    assert_eq!(settings.starting_balance, Bytes(0));
    assert_eq!(settings.daily, DailyMode::Automatic);
    assert_eq!(settings.daily_amount, Bytes(10));
    assert_eq!(settings.transfer_cooldown_secs, 86_400);
    assert_eq!(
        settings.tiers,
        [tier(8, "CHAR", 2), tier(16, "SHORT", 4), tier(32, "INT", 16), tier(64, "LONG", 256)]
    );
}

// proves: ECO-13
#[test]
fn given_value_at_its_limit_then_the_settings_are_sound() {
    for settings in [
        changed(|s| s.currency = "x".to_owned()),
        changed(|s| s.currency = "ü".repeat(EconomySettings::MAX_NAME_CHARS)),
        changed(|s| s.starting_balance = Bytes(0)),
        changed(|s| s.starting_balance = Bytes(1_000_000)),
        changed(|s| s.daily_amount = Bytes(0)),
        changed(|s| s.daily_amount = Bytes(1_000_000)),
        changed(|s| s.max_transfer = Bytes(1)),
        changed(|s| s.max_transfer = Bytes(1_000_000_000)),
        changed(|s| s.transfer_cooldown_secs = 0),
        changed(|s| s.transfer_cooldown_secs = 30 * 86_400),
        changed(|s| s.tiers = Vec::new()),
        changed(|s| s.tiers = tiers(16)),
        changed(|s| s.tiers = vec![tier(1, "x", 1)]),
        changed(|s| s.tiers = vec![tier(u32::MAX, &"ü".repeat(32), 1_000)]),
    ] {
        assert_eq!(settings.problems(), Vec::<String>::new(), "{settings:?}");
    }
}

// proves: ECO-13
#[test]
fn given_value_past_its_limit_then_its_field_is_named() {
    for (field, settings) in [
        ("currency", changed(|s| s.currency = String::new())),
        ("currency", changed(|s| s.currency = "   ".to_owned())),
        ("currency", changed(|s| s.currency = "x".repeat(33))),
        ("starting_balance", changed(|s| s.starting_balance = Bytes(-1))),
        ("starting_balance", changed(|s| s.starting_balance = Bytes(1_000_001))),
        ("daily_amount", changed(|s| s.daily_amount = Bytes(-1))),
        ("daily_amount", changed(|s| s.daily_amount = Bytes(1_000_001))),
        ("max_transfer", changed(|s| s.max_transfer = Bytes(0))),
        ("max_transfer", changed(|s| s.max_transfer = Bytes(1_000_000_001))),
        ("transfer_cooldown_secs", changed(|s| s.transfer_cooldown_secs = 30 * 86_400 + 1)),
        ("tiers", changed(|s| s.tiers = tiers(17))),
        ("tiers", changed(|s| s.tiers = vec![tier(8, "A", 2), tier(8, "B", 3)])),
        ("tiers", changed(|s| s.tiers = vec![tier(9, "A", 2), tier(8, "B", 3)])),
        ("tiers", changed(|s| s.tiers = vec![tier(0, "A", 2)])),
        ("tiers", changed(|s| s.tiers = vec![tier(8, "A", 0)])),
        ("tiers", changed(|s| s.tiers = vec![tier(8, "A", 1_001)])),
        ("tiers", changed(|s| s.tiers = vec![tier(8, " ", 2)])),
        ("tiers", changed(|s| s.tiers = vec![tier(8, &"x".repeat(33), 2)])),
    ] {
        assert_eq!(fields_at_fault(&settings), [field], "{settings:?}");
    }
}

// proves: ECO-13
#[test]
fn given_every_value_wrong_then_all_problems_are_named_at_once() {
    let settings = EconomySettings {
        currency: String::new(),
        starting_balance: Bytes(-1),
        daily: DailyMode::Off,
        daily_amount: Bytes(-1),
        tiers: std::iter::repeat_with(|| tier(0, "", 0)).take(17).collect(),
        max_transfer: Bytes(0),
        transfer_cooldown_secs: u32::MAX,
        role_rewards: Vec::new(),
        received_counts_daily: false,
    };
    let mut expected = vec![
        "currency",
        "starting_balance",
        "daily_amount",
        "max_transfer",
        "transfer_cooldown_secs",
        "tiers",
        "tiers",
    ];
    expected.extend(["tiers"; 17]);
    assert_eq!(fields_at_fault(&settings), expected);
}

// proves: ECO-13
#[test]
fn given_value_out_of_range_then_the_text_says_what_to_do_instead() {
    let settings = changed(|s| s.max_transfer = Bytes(0));
    let change = crate::settings::Change::To(settings);
    let refusal = Settings::<EconomySettings>::decide(&InForce::default(), &change)
        .expect_err("out of range");
    assert_eq!(
        refusal.to_string(),
        "These settings cannot be saved: max_transfer: use 1 to 1,000,000,000."
    );
}

// proves: ECO-03
#[test]
fn given_streak_then_the_longest_tier_it_has_reached_counts() {
    let settings = EconomySettings::default();
    let name = |days| settings.tier(days).map(|tier| tier.name.as_str());
    for (days, expected) in [
        (0, None),
        (7, None),
        (8, Some("CHAR")),
        (16, Some("SHORT")),
        (32, Some("INT")),
        (64, Some("LONG")),
        (u32::MAX, Some("LONG")),
    ] {
        assert_eq!(name(days), expected, "{days} days");
    }
}

#[test]
fn given_stored_settings_then_they_read_back_as_they_were() {
    let settings = changed(|s| {
        s.currency = "coins".to_owned();
        s.daily = DailyMode::Command;
    });
    let event = crate::settings::Event::Changed { version: 3, values: settings };
    let json = serde_json::to_value(&event).expect("JSON");
    assert_eq!(event.event_type().name, "economy_settings.changed");
    assert!(json.get("changed").is_some(), "{json}");
    assert_eq!(
        serde_json::from_value::<crate::settings::Event<EconomySettings>>(json).expect("read"),
        event
    );
}

// proves: ECO-09
#[test]
fn given_settings_of_before_there_were_role_rewards_then_they_read_as_without_any() {
    let old = serde_json::json!({ "changed": { "version": 2, "values": {
        "currency": "coins",
        "starting_balance": "5",
        "daily": "command",
        "daily_amount": "7",
        "tiers": [{ "from_days": 3, "name": "T", "multiplier": 2 }],
        "max_transfer": "9",
        "transfer_cooldown_secs": 60
    }}});
    let [up] = <EconomySettings as Configurable>::UPCASTERS else { panic!("one upcaster") };
    assert_eq!((up.name, up.from), ("economy_settings.changed", 1));
    let read = serde_json::from_value((up.up)(old)).expect("version 2");
    let crate::settings::Event::<EconomySettings>::Changed { version, values } = read;
    let expected = changed(|s| {
        s.currency = "coins".to_owned();
        s.starting_balance = Bytes(5);
        s.daily = DailyMode::Command;
        s.daily_amount = Bytes(7);
        s.tiers = vec![tier(3, "T", 2)];
        s.max_transfer = Bytes(9);
        s.transfer_cooldown_secs = 60;
    });
    assert_eq!((version, values), (2, expected));
    // What is no settings at all stays what it is, and is refused where it is read.
    for nonsense in [serde_json::json!(7), serde_json::json!({ "changed": [] })] {
        assert_eq!((up.up)(nonsense.clone()), nonsense);
    }
}
