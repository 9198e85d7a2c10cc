//! The gate: one order, and what it keeps.

use std::time::Duration;

use actions::{
    ActionError, Caller, Permission, Permissions,
    economy::MODULE,
    gate::{Ask, MOST_IN_WINDOW, WINDOW_SECS},
};

use crate::support::{
    OPERATOR, ann, ben, fresh, guild, member, on_each_store, owner, rule, user, with,
};

const GRANT: Ask<'_> = Ask {
    command: "bytes grant",
    whom: None,
    module: Some(&MODULE),
    permission: Some(Permission::ManageEconomy),
    operators_only: false,
    cooldown: Duration::from_secs(5),
    again: false,
};

// proves: GRD-01, CMD-08
#[test]
fn given_a_command_then_permission_comes_before_its_cooldown_and_each_refusal_says_why() {
    on_each_store(async |site| {
        let house = site.open().await;
        let admit = async |caller: &Caller, ask: &Ask<'_>| {
            house.actions.admit(guild(), caller, ask, fresh()).await
        };
        assert_eq!(rule(admit(&member(ann()), &GRANT).await), "guard.permission");
        let manager = with(ann(), Permissions::MANAGE_GUILD);
        admit(&manager, &GRANT).await.unwrap();
        assert_eq!(rule(admit(&manager, &GRANT).await), "cooldown");
        let again = Ask { again: true, ..GRANT };
        admit(&manager, &again).await.unwrap();
        assert_eq!(rule(admit(&member(ann()), &again).await), "guard.permission");
        site.pass_secs(5);
        admit(&manager, &GRANT).await.unwrap();
        let platform =
            Ask { command: "maintenance", operators_only: true, permission: None, ..GRANT };
        assert_eq!(rule(admit(&owner(ann()), &platform).await), "guard.operator");
        admit(&member(user(OPERATOR)), &platform).await.unwrap();
        house.close().await;
    });
}

// proves: GRD-13, GRD-06
#[test]
fn given_a_flood_of_commands_then_it_is_held_back_and_kept_as_abuse_once() {
    on_each_store(async |site| {
        let house = site.open().await;
        let help = Ask {
            command: "help",
            whom: None,
            module: None,
            permission: None,
            operators_only: false,
            cooldown: Duration::ZERO,
            again: false,
        };
        let mut through = 0;
        for _ in 0..50 {
            match house.actions.admit(guild(), &member(ann()), &help, fresh()).await {
                Ok(()) => through += 1,
                Err(error) => {
                    assert!(matches!(error, ActionError::TooFast { .. }), "{error:?}");
                    assert!(
                        error.to_string().starts_with("You are asking for things too quickly.")
                    );
                }
            }
        }
        assert_eq!(through, MOST_IN_WINDOW);
        house.actions.admit(guild(), &member(ben()), &help, fresh()).await.unwrap();
        let kept = house.events(guild(), "refusals").await;
        assert_eq!(kept.len(), 1);
        assert!(kept[0].payload.contains("guard.flood"), "{}", kept[0].payload);
        site.pass_secs(WINDOW_SECS + 1);
        house.actions.admit(guild(), &member(ann()), &help, fresh()).await.unwrap();
        house.close().await;
    });
}
