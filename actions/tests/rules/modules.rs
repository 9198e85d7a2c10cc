//! Modules of one community, and what the operator offers.

use actions::{ActionError, Caller, Permissions, Policy, economy::MODULE, modules::ModuleState};

use crate::support::{
    ann, ben, fresh, guild, member, on_each_store, other_guild, rule, with, writes,
};

// proves: CMD-07
#[test]
fn given_a_module_switched_off_then_its_actions_are_refused_here_and_go_on_elsewhere() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.give(ann(), 100).await;
        let manager = with(ann(), Permissions::MANAGE_GUILD);
        let nobody = member(ben());
        let refused = house.actions.switch_module(guild(), &nobody, "economy", false, fresh());
        assert_eq!(rule(refused.await), "guard.permission");
        let off = house.actions.switch_module(guild(), &manager, "economy", false, fresh());
        assert_eq!(off.await.unwrap(), ModuleState::Off);
        let refused = house.send(ann(), ben(), 5).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "Economy is switched off in this community. Somebody with the permission \"Manage \
             Server\" can switch it on with /modules."
        );
        let (now, key) = (house.actions.now(), fresh());
        let message = writes(&house.actions, guild(), ann(), now, key).await;
        assert_eq!(message.unwrap(), None);
        let there = writes(&house.actions, other_guild(), ann(), now, key).await;
        assert!(there.unwrap().is_some());
        assert!(house.actions.wallet(guild(), &member(ann()), ann()).await.is_err());
        let on = house.actions.switch_module(guild(), &manager, "economy", true, fresh());
        assert_eq!(on.await.unwrap(), ModuleState::On);
        house.send(ann(), ben(), 5).await.unwrap();
        let unknown = house.actions.switch_module(guild(), &manager, "weather", true, fresh());
        let told = unknown.await.unwrap_err().to_string();
        assert!(told.starts_with("There is no module \"weather\". There are: economy"), "{told}");
        house.close().await;
    });
}

// proves: OPS-21, CMD-07
#[test]
fn given_a_feature_the_operator_has_off_then_no_community_can_switch_it_on() {
    on_each_store(async |site| {
        let features = ["no-economy".to_owned()].into();
        let house = site.open_with(Policy { features, ..Policy::default() }).await;
        let manager = with(ann(), Permissions::ADMINISTRATOR);
        let on = house.actions.switch_module(guild(), &manager, "economy", true, fresh()).await;
        let refused = on.unwrap_err();
        assert!(matches!(refused, ActionError::ModuleNotOffered { .. }));
        assert_eq!(refused.to_string(), "Economy is switched off by the operator of this bot.");
        let states = house.actions.modules_of(guild()).await.unwrap();
        assert!(states.contains(&(&MODULE, ModuleState::OffByOperator)));
        let operator = Caller::operator();
        assert!(!house.actions.module_is_on(guild(), &MODULE).await.unwrap());
        let refused = house.send(ann(), ben(), 1).await;
        assert_eq!(rule(refused), "module.not_offered");
        // The console is not a member: it may still put books in order.
        let key = fresh();
        let given =
            house.actions.grant_bytes(guild(), &operator, ann(), domain::Bytes(1), None, key);
        given.await.unwrap();
        house.close().await;
    });
}
