//! The levels process, from experience to the role in Discord and back.

use std::sync::Arc;

use actions::Caller;
use domain::{UserId, levels::Change};
use torture::rough_discord::{Planned, RoughDiscord, Roughness};

use super::harness::{House, eventually, guild, role};
use crate::processes::{Process, levels::Levels};

const ANN: u64 = 100;

async fn set(house: &House, field: &str, text: &str) {
    let (key, operator) = (actions::fresh_key("settings").unwrap(), Caller::operator());
    let changed = house.actions.change_setting(guild(1), &operator, "levels", field, text, &key);
    changed.await.unwrap();
}

async fn give(house: &House, xp: i64) {
    let (key, operator) = (actions::fresh_key("give").unwrap(), Caller::operator());
    let user = UserId::new(ANN).unwrap();
    let change = Change::Give(xp);
    house.actions.change_xp(guild(1), &operator, user, change, None, &key).await.unwrap();
}

async fn counts(house: &House, kind: &str, wanted: u64) {
    eventually(&format!("{wanted} of {kind}"), async || house.count(kind).await == wanted).await;
}

// proves: LVL-05
#[tokio::test(flavor = "multi_thread")]
async fn given_a_level_with_a_role_then_it_is_given_once_taken_again_and_both_are_noted() {
    let house = House::running().await;
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    set(&house, "curve", "even").await;
    set(&house, "role_rewards", &format!("2:{}", role())).await;
    let process: Arc<dyn Process> = Arc::new(Levels);
    let running = house.start(&process, Some(house.hands(&discord))).await;
    give(&house, 1_000).await;
    house.caught_up().await;
    assert_eq!(house.count("levels.role_ordered").await, 0);
    discord.plan(&[Planned::LostAfter, Planned::ServerErrorAfter]);
    give(&house, 1_000).await;
    counts(&house, "levels.role_done", 1).await;
    assert!(discord.has_role(guild(1).get(), ANN, role().get()));
    give(&house, -500).await;
    counts(&house, "levels.role_done", 2).await;
    assert!(!discord.has_role(guild(1).get(), ANN, role().get()));
    discord.plan(&[Planned::Refused { status: 403, code: 50_013 }]);
    give(&house, 500).await;
    counts(&house, "levels.role_failed", 1).await;
    running.shutdown().await;
    assert_eq!(house.count("levels.role_ordered").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_level_that_is_told_to_the_member_then_a_letter_is_ordered_once_for_it() {
    let house = House::running().await;
    set(&house, "announce", "direct").await;
    let process: Arc<dyn Process> = Arc::new(Levels);
    let running = house.start(&process, None).await;
    give(&house, 50).await;
    give(&house, 60).await;
    house.caught_up().await;
    running.shutdown().await;
    let waiting = house.rows("SELECT CAST(COUNT(*) AS bigint) FROM effects").await;
    assert_eq!(waiting, 1, "one level was reached");
}
