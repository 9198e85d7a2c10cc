//! Settings by the names of their fields.

use actions::{Actions, Caller, Permissions, Standing};
use domain::Actor;
use eventlog::{Position, Slice};

use crate::support::{ann, ben, fresh, guild, on_each_store, other_guild, role, rule, with};

// proves: ECO-13, GRD-07
#[test]
fn given_a_setting_changed_by_its_name_then_it_holds_here_and_not_elsewhere() {
    on_each_store(async |site| {
        let house = site.open().await;
        let manager = with(ann(), Permissions::MANAGE_GUILD);
        let changed = house
            .actions
            .change_setting(guild(), &manager, "economy", "max_transfer", "2,500", fresh())
            .await
            .unwrap();
        let differ: Vec<_> = changed
            .fields()
            .map(|(was, is)| (was.field.name, was.value.to_string(), is.value.to_string()))
            .collect();
        assert_eq!(differ, [("max_transfer", "1000".to_owned(), "2500".to_owned())]);
        assert!(!changed.repeated);
        let shown = async |guild| {
            let view = house.actions.settings_of(guild, "economy").await.unwrap();
            let shown = view.fields.into_iter().find(|shown| shown.field.name == "max_transfer");
            let shown = shown.unwrap();
            (view.version, shown.value.to_string(), shown.is_default)
        };
        assert_eq!(shown(guild()).await, (1, "2500".to_owned(), false));
        assert_eq!(shown(other_guild()).await, (0, "1000".to_owned(), true));
        // Who changed it stands in the log.
        let events = house.events(guild(), "economy_settings").await;
        assert!(matches!(events[0].metadata().unwrap().actor, Actor::Person(_)));
        let reset = house
            .actions
            .reset_setting(guild(), &manager, "economy", Some("max_transfer"), fresh())
            .await
            .unwrap();
        assert_eq!(reset.fields().count(), 1);
        assert_eq!(shown(guild()).await, (2, "1000".to_owned(), true));
        house.close().await;
    });
}

// proves: ECO-13, CMD-13
#[test]
fn given_bad_input_then_it_is_told_what_to_do_and_nothing_is_changed() {
    on_each_store(async |site| {
        let house = site.open().await;
        let operator = Caller::operator();
        for (capability, field, text, told) in [
            ("economy", "daily_amount", "lots", "daily_amount: use 0 to 1,000,000"),
            ("economy", "colour", "red", "There is no setting \"colour\" in economy."),
            ("weather", "rain", "on", "There are no settings called \"weather\"."),
            ("economy", "tiers", "9:B:2, 8:A:2", "tiers: order them by days"),
            ("economy", "role_rewards", "5:7, 9:7", "role_rewards: name each role once"),
            ("commands", "prefix", "", "prefix: use 1 to 5 characters"),
        ] {
            let refused = house
                .actions
                .change_setting(guild(), &operator, capability, field, text, fresh())
                .await
                .unwrap_err();
            assert!(refused.to_string().contains(told), "{refused}");
            assert!(!refused.is_fault());
        }
        assert!(house.log.read_guild(guild(), 0, 10).await.unwrap().is_empty());
        house.close().await;
    });
}

// proves: GRD-01, GRD-15
#[test]
fn given_roles_that_were_named_then_their_members_may_and_only_administrators_name_them() {
    on_each_store(async |site| {
        let house = site.open().await;
        let with_role = |number| {
            Caller::member(ben(), Standing { roles: vec![role(number)], ..Standing::everyone() })
        };
        let set = async |caller: &Caller, capability, field, text: &str| {
            let done =
                house.actions.change_setting(guild(), caller, capability, field, text, fresh());
            done.await.map(drop)
        };
        let manager = with(ann(), Permissions::MANAGE_GUILD);
        assert_eq!(
            rule(set(&manager, "access", "admin_roles", "<@&71>").await),
            "guard.permission"
        );
        let administrator = with(ann(), Permissions::ADMINISTRATOR);
        assert_eq!(rule(set(&with_role(71), "economy", "daily", "off").await), "guard.permission");
        set(&administrator, "access", "admin_roles", "<@&71>").await.unwrap();
        set(&administrator, "access", "moderator_roles", "72").await.unwrap();
        set(&with_role(71), "economy", "daily", "off").await.unwrap();
        assert_eq!(rule(set(&with_role(72), "economy", "daily", "off").await), "guard.permission");
        // A named role cannot name more.
        let refused = set(&with_role(71), "access", "admin_roles", "71, 73").await;
        assert_eq!(rule(refused), "guard.permission");
        house.close().await;
    });
}

// proves: GRD-09
#[test]
fn given_two_processes_then_a_change_by_one_is_seen_by_the_other_within_two_seconds() {
    on_each_store(async |site| {
        if site.is_sqlite() {
            return; // One process at a time.
        }
        let (one, other) = (site.open().await, site.open().await);
        let seen = async || other.actions.economy_terms(guild()).await.unwrap().values.daily_amount;
        assert_eq!(seen().await.0, 10);
        one.set("economy", "daily_amount", "77").await;
        let changed = std::time::Instant::now();
        while seen().await.0 != 77 {
            assert!(changed.elapsed().as_secs_f64() < 4.0, "after {:?}", changed.elapsed());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        println!("seen after {:?}", changed.elapsed());
        one.close().await;
        other.close().await;
    });
}

// proves: GRD-09
#[test]
fn given_a_change_that_was_heard_of_then_nothing_older_is_used() {
    on_each_store(async |site| {
        if site.is_sqlite() {
            return; // One process at a time.
        }
        let (one, other) = (site.open().await, site.open().await);
        let seen = async || other.actions.economy_terms(guild()).await.unwrap().values.daily_amount;
        for amount in [77, 78, 79] {
            assert_ne!(seen().await.0, amount);
            one.set("economy", "daily_amount", &amount.to_string()).await;
            let head = other.log.head().await.unwrap();
            let last =
                other.log.read_all(Position(head.0 - 1), 1, Slice::ALL).await.unwrap().events;
            let [change] = &last[..] else { panic!("{last:?}") };
            assert_eq!(change.type_name, "economy_settings.changed");
            other.actions.heard_of(change);
            assert_eq!(seen().await.0, amount);
        }
        one.close().await;
        other.close().await;
    });
}

#[test]
fn given_every_capability_then_each_is_registered_once_with_fields() {
    let all: Vec<_> = Actions::capabilities().collect();
    for (place, capability) in all.iter().enumerate() {
        assert!(!capability.fields.is_empty() && !capability.title.is_empty());
        assert!(all[..place].iter().all(|other| other.name != capability.name));
    }
    assert!(all.iter().any(|capability| capability.name == "economy"));
}
