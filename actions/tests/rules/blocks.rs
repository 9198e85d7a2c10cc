//! Who is blocked is refused everywhere, until the block ends.

use actions::{
    ActionError, Caller, Permissions,
    blocks::{Blocked, Scope},
};
use domain::{GuildId, economy::DailyTrigger};

use crate::support::{
    OPERATOR, ann, ben, fresh, guild, member, on_each_store, other_guild, rule, user, with, writes,
};

// proves: GRD-10
#[test]
fn given_a_user_blocked_everywhere_then_every_action_refuses_until_the_end() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.give(ann(), 100).await;
        let operator = Caller::operator();
        let until = Some(house.actions.now().plus_secs(7 * 86_400));
        let who = Blocked::User(ann());
        let block =
            house.actions.block(Scope::Platform, &operator, who, "sells accounts", until, fresh());
        block.await.unwrap();
        let (caller, now, key) = (member(ann()), house.actions.now(), fresh());
        let actions = &house.actions;
        let daily = DailyTrigger::Request;
        for place in [guild(), other_guild()] {
            let amount = domain::Bytes(1);
            let refused = [
                rule(
                    actions.send_bytes(place, &caller, ann(), ben(), amount, None, now, key).await,
                ),
                rule(actions.award_daily(place, &caller, ann(), daily, now, key).await),
                rule(actions.wallet(place, &caller, ann()).await),
                rule(actions.board(place, &caller, None).await),
                rule(actions.weekly_board(place, &caller, 0, None).await),
                rule(actions.history(place, &caller, Some(ann()), None, 5).await),
                rule(actions.check_awards(place, &caller, ann(), &[], key).await),
                rule(actions.change_setting(place, &caller, "economy", "daily", "off", key).await),
                rule(actions.switch_module(place, &caller, "economy", false, key).await),
            ];
            assert_eq!(refused, ["guard.blocked"; 9]);
            let message = writes(actions, place, ann(), now, key).await.unwrap();
            assert_eq!(message, None);
        }
        let told = house.send(ann(), ben(), 1).await.unwrap_err().to_string();
        assert_eq!(told, "You are blocked from using this bot until 2026-11-25 12:00 UTC.");
        site.pass_secs(7 * 86_400);
        house.send(ann(), ben(), 1).await.unwrap();
        house.close().await;
    });
}

// proves: GRD-10
#[test]
fn given_a_block_of_one_community_then_others_still_serve_and_its_reason_is_kept_sealed() {
    on_each_store(async |site| {
        let house = site.open().await;
        let admin = with(ben(), Permissions::ADMINISTRATOR);
        let (here, who) = (Scope::Guild(guild()), Blocked::User(ann()));
        let block = async |caller: &Caller, who| {
            house.actions.block(here, caller, who, "a quarrel with Ben", None, fresh()).await
        };
        let manager = with(ben(), Permissions::MANAGE_GUILD);
        assert_eq!(rule(block(&manager, who).await), "guard.permission");
        assert_eq!(rule(block(&admin, Blocked::User(ben())).await), "guard.yourself");
        assert!(matches!(
            block(&admin, Blocked::Guild(guild())).await,
            Err(ActionError::BadInput(_))
        ));
        block(&admin, who).await.unwrap();
        let refused = house.actions.wallet(guild(), &member(ann()), ann()).await.unwrap_err();
        assert_eq!(refused.to_string(), "You are blocked from using this bot in this community.");
        house.actions.wallet(other_guild(), &member(ann()), ann()).await.unwrap();
        let lines = house.actions.blocked(here, &admin).await.unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].who, lines[0].until), (Some(who), None));
        assert_eq!(lines[0].reason.as_deref(), Some("a quarrel with Ben"));
        let events = house.events(guild(), "blocks").await;
        for event in &events {
            assert!(!event.payload.contains("quarrel"), "{}", event.payload);
            assert!(!event.payload.contains(&ann().to_string()), "{}", event.payload);
        }
        house.actions.unblock(here, &admin, who, fresh()).await.unwrap();
        house.actions.wallet(guild(), &member(ann()), ann()).await.unwrap();
        assert_eq!(house.actions.blocked(here, &admin).await.unwrap(), []);
        house.close().await;
    });
}

// proves: GRD-10
#[test]
fn given_a_blocked_community_then_nobody_is_served_there() {
    on_each_store(async |site| {
        let house = site.open().await;
        let (operator, all) = (Caller::operator(), Scope::Platform);
        assert!(house.actions.serves_guild(guild()).await.unwrap());
        let who = Blocked::Guild(guild());
        house
            .actions
            .block(all, &operator, who, "a raid was planned here", None, fresh())
            .await
            .unwrap();
        let refused = house.actions.wallet(guild(), &member(ann()), ann()).await;
        assert_eq!(rule(refused), "guard.community_blocked");
        assert!(!house.actions.serves_guild(guild()).await.unwrap());
        house.actions.wallet(other_guild(), &member(ann()), ann()).await.unwrap();
        let lines = house.actions.blocked(all, &operator).await.unwrap();
        assert_eq!(lines[0].who, Some(who));
        let payload = house.events(GuildId::PLATFORM, "blocks").await[0].payload.clone();
        assert!(!payload.contains("raid") && !payload.contains(&guild().to_string()), "{payload}");
        // No admin can do that, and no operator can be blocked.
        let admin = with(ben(), Permissions::ADMINISTRATOR);
        let refused = house.actions.block(all, &admin, Blocked::User(ann()), "x", None, fresh());
        assert_eq!(rule(refused.await), "guard.operator");
        let refused =
            house.actions.block(all, &operator, Blocked::User(user(OPERATOR)), "x", None, fresh());
        assert!(matches!(refused.await, Err(ActionError::BadInput(_))));
        house.close().await;
    });
}

// proves: GRD-10
#[test]
fn given_two_processes_then_a_block_by_one_holds_at_the_other_within_two_seconds() {
    on_each_store(async |site| {
        if site.is_sqlite() {
            return; // One process at a time.
        }
        let (one, other) = (site.open().await, site.open().await);
        let caller = member(ann());
        let served = async || other.actions.wallet(guild(), &caller, ann()).await.is_ok();
        assert!(served().await);
        let (here, operator) = (Scope::Guild(guild()), Caller::operator());
        let block = one.actions.block(here, &operator, Blocked::User(ann()), "x", None, fresh());
        block.await.unwrap();
        let blocked = std::time::Instant::now();
        while served().await {
            assert!(blocked.elapsed().as_secs_f64() < 4.0, "after {:?}", blocked.elapsed());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        one.close().await;
        other.close().await;
    });
}
