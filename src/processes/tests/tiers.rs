//! The process of tiers: the role comes, stays as long as it was granted, and goes.

use std::sync::Arc;

use actions::{
    BotStanding, Caller, Permissions, RoleFacts, Standing,
    codes::{NewCampaign, Wanted},
};
use domain::{
    Bytes, UserId,
    campaign::{Limits, Reward},
    economy::DailyTrigger,
    tiers::{Failure, RoleState},
};
use torture::rough_discord::{Planned, RoughDiscord, Roughness};

use super::harness::{Failing, House, eventually, guild, role};
use crate::processes::{Process, Processes, codes::Codes, tiers::Tiers};

const ANN: u64 = 100;
const DAY_SECS: i64 = 86_400;

fn user(id: u64) -> UserId {
    UserId::new(id).unwrap()
}

fn admin() -> Caller {
    Caller::member(user(50), Standing::owner())
}

fn fresh() -> domain::IdempotencyKey {
    actions::fresh_key("test").unwrap()
}

fn facts() -> RoleFacts {
    let bot = BotStanding { permissions: Permissions::MANAGE_ROLES, top_rank: 9 };
    RoleFacts { role: role(), rank: 3, managed: false, bot }
}

async fn start(house: &House, discord: &RoughDiscord) -> Processes {
    let processes: Vec<Arc<dyn Process>> =
        vec![Arc::new(Codes), Arc::new(Failing::new(Arc::new(Tiers), 0.05))];
    let hands = Some(house.hands(discord));
    let running = Processes::start(house.ground(), processes, hands).await.unwrap();
    house.actions.set_tier(guild(1), &admin(), facts(), "VIP", Bytes(5), &fresh()).await.unwrap();
    running
}

async fn give(house: &House, days: u32) {
    let to = (user(ANN), facts());
    house.actions.give_tier(guild(1), &admin(), to, days, &fresh()).await.unwrap();
}

async fn has(house: &House, discord: &RoughDiscord, wanted: bool) {
    eventually(&format!("the role is there: {wanted}"), async || {
        house.timers.poke();
        house.outbox.poke();
        discord.has_role(guild(1).get(), ANN, role().get()) == wanted
    })
    .await;
}

// proves: COD-04
#[tokio::test(flavor = "multi_thread")]
async fn given_two_codes_for_days_then_they_add_up_and_the_role_goes_at_the_end() {
    let house = House::running().await;
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    let running = start(&house, &discord).await;
    let member = Caller::member(user(ANN), Standing::everyone());
    for code in ["FIRST", "SECOND"] {
        let new = NewCampaign {
            name: code.to_owned(),
            reward: Reward::Tier { role: role(), days: 30 },
            role: Some(facts()),
            limits: Limits::once_each(),
            codes: Wanted::Given(code.to_owned()),
        };
        house.actions.create_campaign(guild(1), &admin(), new, &fresh()).await.unwrap();
        let (at, key) = (house.now(), fresh());
        house.actions.redeem_code(guild(1), &member, code, at, &key).await.unwrap();
    }
    has(&house, &discord, true).await;
    eventually("both are delivered", async || house.count("campaign.reward_delivered").await == 2)
        .await;
    house.caught_up().await;
    house.pass(31 * DAY_SECS);
    let held =
        house.actions.check_tiers(guild(1), &member, user(ANN), &[role()], &fresh()).await.unwrap();
    assert_eq!(held.len(), 1, "30 days and 30 days are 60");
    assert_eq!(house.count("tiers.ended").await, 0);
    house.pass(30 * DAY_SECS);
    has(&house, &discord, false).await;
    running.shutdown().await;
    assert_eq!(house.count("tiers.granted").await, 2);
    assert_eq!(house.count("tiers.ended").await, 1);
}

// proves: COD-04
#[tokio::test(flavor = "multi_thread")]
async fn given_a_tier_with_a_bonus_then_each_daily_reward_has_it_once_while_it_lasts() {
    let house = House::running().await;
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    let running = start(&house, &discord).await;
    give(&house, 1).await;
    has(&house, &discord, true).await;
    let daily = async |bonuses: u64| {
        let (operator, at, key) = (Caller::operator(), house.now(), fresh());
        let trigger = DailyTrigger::Message;
        let paid = house.actions.award_daily(guild(1), &operator, user(ANN), trigger, at, &key);
        paid.await.unwrap();
        eventually(&format!("{bonuses} bonuses"), async || {
            house.count("economy.bytes_granted").await == bonuses
        })
        .await;
        house.caught_up().await;
    };
    daily(1).await;
    house.pass(2 * DAY_SECS);
    has(&house, &discord, false).await;
    daily(1).await;
    running.shutdown().await;
    let balance = house.actions.balance(guild(1), user(ANN)).await.unwrap();
    assert_eq!(balance, Bytes(10 + 5 + 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_role_that_discord_refuses_then_it_is_noted_and_a_check_orders_it_again() {
    let house = House::running().await;
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    let running = start(&house, &discord).await;
    discord.plan(&[Planned::Refused { status: 404, code: 10_007 }]);
    give(&house, 30).await;
    eventually("it is noted", async || house.count("tiers.role_failed").await == 1).await;
    let member = Caller::member(user(ANN), Standing::everyone());
    let check = async || {
        let checked =
            house.actions.check_tiers(guild(1), &member, user(ANN), &[], &fresh()).await.unwrap();
        checked[0].state
    };
    assert_ne!(check().await, RoleState::Failed(Failure::MemberGone), "it is ordered again");
    has(&house, &discord, true).await;
    house.actions.take_tier(guild(1), &admin(), (user(ANN), role()), &fresh()).await.unwrap();
    has(&house, &discord, false).await;
    running.shutdown().await;
    assert_eq!(house.rows("SELECT COUNT(*) FROM timers WHERE state = 'waiting'").await, 0);
}
