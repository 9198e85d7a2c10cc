//! The process of codes: whoever redeemed is paid once, whatever fails on the way.

use std::sync::Arc;

use actions::{
    BotStanding, Caller, Permissions, RoleFacts, Standing,
    codes::{NewCampaign, Redeemed, Wanted},
};
use domain::{
    Bytes, CampaignId, UserId,
    campaign::{Limits, Reward},
};
use torture::rough_discord::{Planned, RoughDiscord, Roughness};

use super::harness::{Failing, House, eventually, guild, role};
use crate::processes::{Process, codes::Codes};

const MAKER: u64 = 50;
const CODE: &str = "WELCOME";

fn user(id: u64) -> UserId {
    UserId::new(id).unwrap()
}

fn maker() -> Caller {
    Caller::member(user(MAKER), Standing::owner())
}

async fn campaign(house: &House, reward: Reward, limits: Limits) -> CampaignId {
    let bot = BotStanding { permissions: Permissions::MANAGE_ROLES, top_rank: 9 };
    let facts = RoleFacts { role: role(), rank: 3, managed: false, bot };
    let new = NewCampaign {
        name: "Launch".to_owned(),
        reward,
        role: Some(facts),
        limits,
        codes: Wanted::Given(CODE.to_owned()),
    };
    let key = actions::fresh_key("campaign").unwrap();
    house.actions.create_campaign(guild(1), &maker(), new, &key).await.unwrap().campaign
}

async fn redeem(house: &House, id: u64, code: &str) -> Result<Redeemed, actions::ActionError> {
    let caller = Caller::member(user(id), Standing::everyone());
    let key = actions::fresh_key("redeem").unwrap();
    house.actions.redeem_code(guild(1), &caller, code, house.now(), &key).await
}

async fn balance(house: &House, id: u64) -> i64 {
    house.actions.balance(guild(1), user(id)).await.unwrap().0
}

async fn counted(house: &House, type_name: &str, wanted: u64) {
    let what = format!("{wanted} of {type_name}");
    eventually(&what, async || house.count(type_name).await >= wanted).await;
}

fn bytes(amount: i64) -> Reward {
    Reward::Bytes { amount: Bytes(amount) }
}

// proves: COD-01
#[tokio::test(flavor = "multi_thread")]
async fn given_steps_that_fail_and_processes_that_die_then_each_is_paid_exactly_once() {
    const MEMBERS: u64 = 24;
    let house = House::running().await;
    let failing: Arc<dyn Process> = Arc::new(Failing::new(Arc::new(Codes), 0.06));
    let mut running = house.start(&failing, None).await;
    campaign(&house, bytes(7), Limits::once_each()).await;
    for member in 0..MEMBERS {
        redeem(&house, 100 + member, CODE).await.unwrap();
        if member % 8 == 7 {
            // Dropped in the middle of whatever it does.
            drop(running);
            house.pass(60);
            running = house.start(&failing, None).await;
        }
    }
    counted(&house, "campaign.reward_delivered", MEMBERS).await;
    house.caught_up().await;
    running.shutdown().await;
    for member in 0..MEMBERS {
        assert_eq!(balance(&house, 100 + member).await, 7);
    }
    assert_eq!(house.count("economy.bytes_granted").await, MEMBERS);
    assert_eq!(house.count("campaign.reward_delivered").await, MEMBERS);
}

/// Codes redeemed past their limit: a defect of others.
// proves: COD-03
#[tokio::test(flavor = "multi_thread")]
async fn given_a_hundred_at_once_for_the_last_use_then_exactly_one_gets_it() {
    const RACERS: u64 = 100;
    let house = Arc::new(House::running().await);
    let process: Arc<dyn Process> = Arc::new(Codes);
    let running = house.start(&process, None).await;
    let limits = Limits { uses: Some(3), ..Limits::once_each() };
    campaign(&house, bytes(7), limits).await;
    for id in [1_001, 1_002] {
        redeem(&house, id, CODE).await.unwrap();
    }
    let racers = (0..RACERS).map(|racer| {
        let house = Arc::clone(&house);
        tokio::spawn(async move { redeem(&house, 100 + racer, CODE).await })
    });
    let mut got = 0;
    for racer in racers.collect::<Vec<_>>() {
        match racer.await.unwrap() {
            Ok(redeemed) => {
                assert_eq!(redeemed.number, 3);
                got += 1;
            }
            Err(error) => assert_eq!(error.rule(), Some("campaign.used_up"), "{error}"),
        }
    }
    assert_eq!(got, 1);
    counted(&house, "campaign.reward_delivered", 3).await;
    house.caught_up().await;
    running.shutdown().await;
    assert_eq!(house.count("economy.bytes_granted").await, 3);
}

// proves: COD-01
#[tokio::test(flavor = "multi_thread")]
async fn given_a_reward_that_discord_refuses_then_it_is_recorded_and_given_when_ordered_again() {
    let house = House::running().await;
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    let process: Arc<dyn Process> = Arc::new(Codes);
    let running = house.start(&process, Some(house.hands(&discord))).await;
    let made = campaign(&house, Reward::Role { role: role() }, Limits::once_each()).await;
    discord.plan(&[Planned::Refused { status: 403, code: 50_013 }]);
    redeem(&house, 100, CODE).await.unwrap();
    counted(&house, "campaign.reward_failed", 1).await;
    assert!(!discord.has_role(guild(1).get(), 100, role().get()));
    let retry = async |caller: &Caller, number| {
        let key = actions::fresh_key("retry").unwrap();
        house.actions.retry_rewards(guild(1), caller, made, number, &key).await
    };
    let member = Caller::member(user(100), Standing::everyone());
    assert_eq!(retry(&member, None).await.unwrap_err().rule(), Some("guard.permission"));
    let none = retry(&maker(), Some(2)).await.unwrap_err();
    assert_eq!(none.rule(), Some("campaign.not_failed"));
    assert_eq!(retry(&maker(), None).await.unwrap(), 1);
    counted(&house, "campaign.reward_delivered", 1).await;
    assert!(discord.has_role(guild(1).get(), 100, role().get()));
    assert_eq!(retry(&maker(), None).await.unwrap_err().rule(), Some("campaign.not_failed"));
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_an_account_that_is_full_then_the_reward_fails_and_waits_for_room() {
    let house = House::running().await;
    let process: Arc<dyn Process> = Arc::new(Codes);
    let running = house.start(&process, None).await;
    let made = campaign(&house, bytes(7), Limits::once_each()).await;
    let key = actions::fresh_key("fill").unwrap();
    let operator = Caller::operator();
    let full = house.actions.grant_bytes(guild(1), &operator, user(100), Bytes::LIMIT, None, &key);
    full.await.unwrap();
    redeem(&house, 100, CODE).await.unwrap();
    counted(&house, "campaign.reward_failed", 1).await;
    let key = actions::fresh_key("room").unwrap();
    let room = house.actions.take_bytes(guild(1), &operator, user(100), Bytes(10), None, &key);
    room.await.unwrap();
    let key = actions::fresh_key("retry").unwrap();
    house.actions.retry_rewards(guild(1), &maker(), made, Some(1), &key).await.unwrap();
    counted(&house, "campaign.reward_delivered", 1).await;
    running.shutdown().await;
    assert_eq!(balance(&house, 100).await, Bytes::LIMIT.0 - 3);
}

/// Trying all codes there are: a defect of others.
#[tokio::test(flavor = "multi_thread")]
async fn given_many_wrong_codes_at_once_then_a_few_are_looked_for_and_the_rest_wait() {
    let house = Arc::new(House::still().await);
    campaign(&house, bytes(7), Limits::once_each()).await;
    let guesses = (0..40).map(|number| {
        let house = Arc::clone(&house);
        tokio::spawn(async move { redeem(&house, 100, &format!("GUESS{number}")).await })
    });
    let mut looked_for = 0;
    for guess in guesses.collect::<Vec<_>>() {
        match guess.await.unwrap().unwrap_err().rule() {
            Some("codes.unknown") => looked_for += 1,
            rule => assert_eq!(rule, Some("codes.too_many_guesses")),
        }
    }
    assert_eq!(looked_for, 5);
    let told = redeem(&house, 100, CODE).await.unwrap_err();
    assert!(told.to_string().contains("10 min"), "{told}");
    redeem(&house, 101, CODE).await.unwrap();
    house.pass(10 * 60 + 1);
    redeem(&house, 100, CODE).await.unwrap();
    // What exists is no guess, however often it is asked for.
    for _ in 0..8 {
        let again = redeem(&house, 100, CODE).await.unwrap_err();
        assert_eq!(again.rule(), Some("campaign.redeemed_already"));
    }
}
