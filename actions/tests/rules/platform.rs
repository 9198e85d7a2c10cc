//! Maintenance, and who is an operator.

use actions::{Caller, Standing};
use domain::{Actor, GuildId};

use crate::support::{
    OPERATOR, ann, ben, fresh, guild, member, on_each_store, owner, rule, user, writes,
};

// proves: GRD-12
#[test]
fn given_maintenance_then_only_operators_are_served_and_what_runs_by_itself_goes_on() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.give(ann(), 100).await;
        house.give(user(OPERATOR), 100).await;
        let operator = member(user(OPERATOR));
        let notice = Some("Back at noon.");
        let begun = house.actions.set_maintenance(&operator, true, notice, fresh()).await.unwrap();
        assert!(begun.on);
        let refused = house.send(ann(), ben(), 5).await.unwrap_err();
        assert_eq!(
            (refused.rule(), refused.to_string().as_str()),
            (Some("maintenance"), "Back at noon.")
        );
        // Not even the owner of a community.
        let owner = owner(ann());
        let settings =
            house.actions.change_setting(guild(), &owner, "economy", "daily", "off", fresh());
        assert_eq!(rule(settings.await), "maintenance");
        house.send(user(OPERATOR), ben(), 5).await.unwrap();
        let (now, key) = (house.actions.now(), fresh());
        let paid = writes(&house.actions, guild(), ann(), now, key).await.unwrap();
        assert!(paid.is_some(), "a streak does not break because we are at work");

        let ended = house.actions.set_maintenance(&operator, false, None, fresh()).await.unwrap();
        assert!(!ended.on);
        house.send(ann(), ben(), 5).await.unwrap();
        // Each switch is an event that says who it was.
        let events = house.events(GuildId::PLATFORM, "platform_settings").await;
        assert_eq!(events.len(), 2);
        for event in &events {
            assert!(matches!(event.metadata().unwrap().actor, Actor::Person(_)));
            assert!(!event.metadata.contains(&OPERATOR.to_string()), "no id stands in the log");
        }
        house.close().await;
    });
}

// proves: GRD-14
#[test]
fn given_admins_and_owners_of_communities_then_none_of_them_is_an_operator() {
    on_each_store(async |site| {
        let house = site.open().await;
        let admin = Caller::member(ann(), Standing::with(actions::Permissions::ADMINISTRATOR));
        for caller in [member(ann()), admin, owner(ann()), Caller::process("night")] {
            let refused = house.actions.set_maintenance(&caller, true, None, fresh()).await;
            assert_eq!(rule(refused), "guard.operator");
        }
        assert!(house.actions.is_operator(user(OPERATOR)) && !house.actions.is_operator(ann()));
        // And an operator has no right inside a community by that.
        let operator = member(user(OPERATOR));
        let refused =
            house.actions.change_setting(guild(), &operator, "economy", "daily", "off", fresh());
        assert_eq!(rule(refused.await), "guard.permission");
        let console = house.actions.set_maintenance(&Caller::operator(), true, None, fresh()).await;
        assert!(console.unwrap().notice.contains("try again"), "there is always a notice");
        house.close().await;
    });
}
