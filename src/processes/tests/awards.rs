//! The awards process, from the movement of bytes to the role in Discord and back.

use std::sync::Arc;

use actions::Caller;
use domain::{
    UserId,
    awards::{AwardState, Failure},
};
use torture::rough_discord::{Planned, RoughDiscord, Roughness};

use super::harness::{House, eventually, guild, role};
use crate::processes::{Process, awards::Awards};

const ANN: u64 = 100;

/// A community that gives its role for 150 bytes received.
async fn community(house: &House) {
    let key = actions::fresh_key("settings").unwrap();
    let operator = Caller::operator();
    let text = format!("150:{}", role());
    let changed =
        house.actions.change_setting(guild(1), &operator, "economy", "role_rewards", &text, &key);
    changed.await.unwrap();
}

async fn state(house: &House) -> Option<AwardState> {
    let key = actions::fresh_key("look").unwrap();
    let user = UserId::new(ANN).unwrap();
    let asked =
        house.actions.check_awards(guild(1), &Caller::operator(), user, &[role()], &key).await;
    asked.unwrap().first().and_then(|award| award.state)
}

async fn becomes(house: &House, wanted: AwardState) {
    let what = format!("the award becomes {wanted:?}");
    eventually(&what, async || state(house).await == Some(wanted)).await;
}

// proves: ECO-09
#[tokio::test(flavor = "multi_thread")]
async fn given_enough_received_then_the_role_is_given_once_and_that_is_noted() {
    let house = House::running().await;
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    community(&house).await;
    let process: Arc<dyn Process> = Arc::new(Awards);
    let running = house.start(&process, Some(house.hands(&discord))).await;
    house.send(guild(1), 201, ANN).await;
    house.caught_up().await;
    assert_eq!(house.count("awards.role_ordered").await, 0, "100 are not enough");
    discord.plan(&[Planned::LostAfter, Planned::ServerErrorAfter]);
    house.send(guild(1), 202, ANN).await;
    becomes(&house, AwardState::Given).await;
    assert!(discord.has_role(guild(1).get(), ANN, role().get()));
    house.send(guild(1), 203, ANN).await;
    house.caught_up().await;
    running.shutdown().await;
    assert_eq!(house.count("awards.role_ordered").await, 1);
    assert_eq!(house.count("awards.role_given").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_refusal_then_the_reason_is_noted_and_a_retry_is_another_order() {
    for (planned, failure) in [
        (Planned::Refused { status: 404, code: 10_007 }, Failure::MemberGone),
        (Planned::Refused { status: 404, code: 10_011 }, Failure::RoleGone),
        (Planned::Refused { status: 403, code: 50_013 }, Failure::NotAllowed),
        (Planned::Refused { status: 400, code: 50_035 }, Failure::Unavailable),
    ] {
        let house = House::running().await;
        let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
        community(&house).await;
        let process: Arc<dyn Process> = Arc::new(Awards);
        let running = house.start(&process, Some(house.hands(&discord))).await;
        discord.plan(&[planned]);
        house.send(guild(1), 204, ANN).await;
        house.send(guild(1), 205, ANN).await;
        becomes(&house, AwardState::Failed(failure)).await;
        assert!(!discord.has_role(guild(1).get(), ANN, role().get()));
        // The member asks for what they do not have.
        let (user, key) = (UserId::new(ANN).unwrap(), actions::fresh_key("ask").unwrap());
        house.actions.check_awards(guild(1), &Caller::operator(), user, &[], &key).await.unwrap();
        becomes(&house, AwardState::Given).await;
        running.shutdown().await;
        assert_eq!(house.count("awards.role_ordered").await, 2);
        assert!(discord.has_role(guild(1).get(), ANN, role().get()));
    }
}
