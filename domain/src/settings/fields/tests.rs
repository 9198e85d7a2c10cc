//! What is read from people, and what they are told when it is wrong.

use super::*;
use crate::{
    access::AccessSettings,
    economy::EconomySettings,
    modules::{CommandSettings, ModuleSettings},
    platform::PlatformSettings,
    settings::Configurable,
};

fn field<T: Configurable>(name: &str) -> &'static Field {
    T::fields().iter().find(|field| field.name == name).expect("there is such a field")
}

fn economy(name: &str, text: &str) -> Result<String, String> {
    field::<EconomySettings>(name).parse(text).map(|value| value.to_string())
}

// proves: ECO-13
#[test]
fn given_what_people_write_then_each_kind_of_field_reads_it() {
    for (name, text, read) in [
        ("currency", " coins ", "coins"),
        ("daily_amount", "1,000", "1000"),
        ("daily_amount", "0", "0"),
        ("daily", "Command", "command"),
        ("transfer_cooldown_secs", "36h", "1d 12h"),
        ("transfer_cooldown_secs", "86400", "1d"),
        ("tiers", "8:CHAR:2, 16:SHORT:4", "8:CHAR:2, 16:SHORT:4"),
        ("tiers", "none", ""),
        ("role_rewards", "100:<@&7>,500: 8", "100:<@&7>, 500:<@&8>"),
        ("received_counts_daily", "yes", "on"),
    ] {
        assert_eq!(economy(name, text).as_deref(), Ok(read), "{name}");
    }
    let roles = field::<AccessSettings>("admin_roles").parse("<@&1>, 2").unwrap();
    assert_eq!(roles.to_string(), "<@&1>, <@&2>");
}

// proves: ECO-13, CMD-13
#[test]
fn given_bad_input_then_the_field_is_named_and_what_to_do() {
    for (name, text, told) in [
        ("daily_amount", "lots", "daily_amount: use 0 to 1,000,000"),
        ("daily_amount", "-1", "daily_amount: use 0 to 1,000,000"),
        ("daily_amount", "1000001", "daily_amount: use 0 to 1,000,000"),
        ("daily_amount", "99999999999999999999", "daily_amount: use 0 to 1,000,000"),
        ("daily", "sometimes", "daily: use automatic, command or off"),
        ("currency", "", "currency: use 1 to 32 characters, no spaces around them"),
        ("currency", "a\nb", "currency: use 1 to 32 characters, no spaces around them"),
        (
            "transfer_cooldown_secs",
            "31d",
            "transfer_cooldown_secs: use 0s to 30d, such as 90s, 5m, 24h or 7d",
        ),
        ("received_counts_daily", "maybe", "received_counts_daily: use on or off"),
        ("tiers", "8:CHAR", "tiers: no. 1: write it as days:name:multiplier"),
        ("tiers", "8:CHAR:2, 9:X:0", "tiers: no. 2, multiplier: use 1 to 1,000"),
        ("role_rewards", "100:@Friend", "role_rewards: no. 1, role: name a role, or its id"),
        ("role_rewards", "0:7", "role_rewards: no. 1, received: use 1 to 1,000,000,000,000"),
    ] {
        assert_eq!(economy(name, text), Err(told.to_owned()), "{name}={text}");
    }
    let many: Vec<String> = (1..=21).map(|n| format!("{n}:{n}")).collect();
    assert_eq!(
        economy("role_rewards", &many.join(",")).unwrap_err(),
        "role_rewards: use at most 20"
    );
}

/// A capability whose `get`, `put` and `fields` disagree would lose what people set.
#[test]
fn given_every_capability_then_what_is_shown_can_be_put_back() {
    fn check<T: Configurable>() {
        let defaults = T::default();
        assert_eq!(defaults.problems(), Vec::<String>::new(), "{}", T::CAPABILITY);
        for field in T::fields() {
            let value = defaults.get(field.name).expect("a field has a value");
            let read = field.parse(&value.to_string()).expect("what is shown is read");
            assert_eq!(read, value, "{}", field.name);
            let mut copy = defaults.clone();
            assert!(copy.put(field.name, value), "{}", field.name);
            assert_eq!(copy, defaults, "{}", field.name);
            assert!(field.help.ends_with('.') && !field.title.is_empty(), "{}", field.name);
        }
        assert!(defaults.get("nothing").is_none());
        assert!(!defaults.clone().put("nothing", FieldValue::Switch(true)));
    }
    check::<EconomySettings>();
    check::<AccessSettings>();
    check::<ModuleSettings>();
    check::<CommandSettings>();
    check::<PlatformSettings>();
}

#[test]
fn given_a_role_named_twice_then_it_is_taken_once() {
    let twice = field::<AccessSettings>("admin_roles").parse("5, 5").unwrap();
    assert_eq!(roles_of(twice).unwrap().len(), 1);
}
