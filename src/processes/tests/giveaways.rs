//! The giveaways process, from the making to the last claim, with a Discord that misbehaves and
//! steps that fail before and after they were taken.

use std::sync::Arc;

use actions::{
    Caller, Standing,
    giveaways::{Entrance, Plan, Shown},
};
use domain::{
    ChannelId, GiveawayId, RoleId, UserId,
    giveaways::{Phase, WinnerState},
};
use torture::rough_discord::{Planned, RoughDiscord, Roughness};

use super::harness::{Failing, House, eventually, guild, role};
use crate::processes::{Process, giveaways::Giveaways};

const CHANNEL: u64 = 500;
const HOST: u64 = 900;

fn user(number: u64) -> UserId {
    UserId::new(number).unwrap()
}

fn host() -> Caller {
    Caller::member(user(HOST), Standing::owner())
}

async fn made(house: &House, plan: Plan) -> GiveawayId {
    let (key, channel) = (actions::fresh_key("create").unwrap(), ChannelId::new(CHANNEL).unwrap());
    let plan = Plan { prize: "A bench".to_owned(), duration_secs: Some(86_400), ..plan };
    let (actions, at) = (&house.actions, house.now());
    let made = actions.create_giveaway(guild(1), &host(), channel, &plan, at, &key).await;
    made.unwrap().id
}

async fn enters(house: &House, id: GiveawayId, number: u64, roles: Vec<RoleId>) {
    let key = actions::fresh_key("enter").unwrap();
    let caller = Caller::member(user(number), Standing::everyone());
    let entrance = Entrance { user: user(number), roles, joined_at: None, at: house.now() };
    let entered = house.actions.enter_giveaway(guild(1), &caller, id, entrance, &key).await;
    entered.unwrap();
}

async fn ends(house: &House, id: GiveawayId) {
    let (key, at) = (actions::fresh_key("end").unwrap(), house.now());
    house.actions.end_giveaway(guild(1), &host(), id, at, &key).await.unwrap();
}

async fn shown(house: &House, id: GiveawayId) -> Shown {
    house.actions.shown_giveaway(guild(1), id).await.unwrap()
}

fn confirmed(shown: &Shown) -> usize {
    let to_claim = |state| matches!(state, WinnerState::Confirmed { .. });
    shown.winners.iter().filter(|winner| to_claim(winner.state)).count()
}

fn calls(discord: &RoughDiscord) -> usize {
    discord.texts(CHANNEL).iter().filter(|text| text.contains("you have won")).count()
}

// proves: GIV-08, GIV-09, GIV-10
#[tokio::test(flavor = "multi_thread")]
async fn given_steps_that_fail_and_lost_answers_then_each_prize_is_drawn_called_and_lapses_once() {
    let house = House::running().await;
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    let process: Arc<dyn Process> = Arc::new(Failing::new(Arc::new(Giveaways), 0.03));
    let running = house.start(&process, Some(house.hands(&discord))).await;
    discord.plan(&[Planned::LostAfter, Planned::ServerErrorAfter]);
    let plan =
        Plan { winners: Some(2), claim_secs: Some(3_600), max_rerolls: Some(1), ..Plan::default() };
    let id = made(&house, plan).await;
    eventually("it is posted", async || shown(&house, id).await.message.is_some()).await;
    for number in 101..=106 {
        enters(&house, id, number, Vec::new()).await;
    }
    discord.plan(&[Planned::LostAfter, Planned::BrokenOff, Planned::LostBefore]);
    ends(&house, id).await;
    eventually("both are confirmed", async || confirmed(&shown(&house, id).await) == 2).await;
    eventually("both are called", async || calls(&discord) == 2).await;
    // Their time begins with the call, a moment later.
    let opened = async |times| house.count("giveaway.claim_opened").await == times;
    eventually("their time runs", async || opened(2).await).await;
    // One claims, the other does not.
    let winners = shown(&house, id).await.winners;
    let claims = house.actions.people().user(guild(1), winners[0].person).await.unwrap().unwrap();
    let (key, caller) =
        (actions::fresh_key("claim").unwrap(), Caller::member(claims, Standing::everyone()));
    let now = house.now();
    house.actions.claim_prize(guild(1), &caller, id, claims, now, &key).await.unwrap();
    house.pass(3_601);
    eventually("the next is called", async || calls(&discord) == 3).await;
    eventually("their time runs", async || opened(3).await).await;
    house.pass(3_601);
    eventually("it stops", async || {
        house.count("giveaway.rerolls_exhausted").await == 1
            && discord.texts(CHANNEL).iter().any(|text| text.contains("all 1 rerolls"))
    })
    .await;
    house.caught_up().await;
    running.shutdown().await;
    for (name, times) in [
        ("giveaway.posted", 1),
        ("giveaway.closed", 1),
        ("giveaway.draw_begun", 1),
        ("giveaway.candidate_drawn", 3),
        ("giveaway.winner_confirmed", 3),
        ("giveaway.claim_opened", 3),
        ("giveaway.prize_claimed", 1),
        ("giveaway.claim_lapsed", 2),
    ] {
        assert_eq!(house.count(name).await, times, "{name}");
    }
    assert_eq!(calls(&discord), 3, "nobody is called twice");
}

// proves: GIV-14
#[tokio::test(flavor = "multi_thread")]
async fn given_members_who_lost_the_role_then_the_next_are_drawn_and_no_reroll_is_used() {
    let house = House::running().await;
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    let process: Arc<dyn Process> = Arc::new(Giveaways);
    let running = house.start(&process, Some(house.hands(&discord))).await;
    let plan = Plan { required_role: Some(role()), claim_secs: Some(0), ..Plan::default() };
    let id = made(&house, Plan { max_rerolls: Some(0), ..plan }).await;
    for number in 101..=104 {
        enters(&house, id, number, vec![role()]).await;
    }
    // Since then all but one have lost it.
    discord.set_role(guild(1).get(), 103, role().get());
    ends(&house, id).await;
    eventually("one is confirmed", async || confirmed(&shown(&house, id).await) == 1).await;
    eventually("and called", async || calls(&discord) == 1).await;
    running.shutdown().await;
    let winners = shown(&house, id).await.winners;
    let (last, others) = winners.split_last().unwrap();
    let winner = house.actions.people().user(guild(1), last.person).await.unwrap();
    assert_eq!(winner, Some(user(103)));
    assert!(others.iter().all(|winner| winner.state == WinnerState::Gone));
    assert_eq!(house.count("giveaway.candidate_disqualified").await, others.len() as u64);
    assert!(discord.texts(CHANNEL).iter().any(|text| text.starts_with("<@103>")));
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_channel_where_nothing_can_be_posted_then_the_giveaway_is_called_off() {
    let house = House::running().await;
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    let process: Arc<dyn Process> = Arc::new(Giveaways);
    let running = house.start(&process, Some(house.hands(&discord))).await;
    discord.plan(&[Planned::Refused { status: 403, code: 50_013 }]);
    let id = made(&house, Plan::default()).await;
    eventually("it is called off", async || shown(&house, id).await.phase == Phase::Cancelled)
        .await;
    running.shutdown().await;
    assert_eq!(house.count("giveaway.post_failed").await, 1);
    let waiting = "SELECT COUNT(*) FROM timers WHERE kind = 'giveaway.end' AND state = 'waiting'";
    eventually("its end does not wait", async || house.rows(waiting).await <= 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_an_end_that_comes_while_nobody_runs_then_it_is_drawn_after_the_restart() {
    let house = House::running().await;
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    let process: Arc<dyn Process> = Arc::new(Giveaways);
    let running = house.start(&process, Some(house.hands(&discord))).await;
    let id = made(&house, Plan { claim_secs: Some(0), ..Plan::default() }).await;
    eventually("it is posted", async || shown(&house, id).await.message.is_some()).await;
    enters(&house, id, 101, Vec::new()).await;
    house.caught_up().await;
    running.shutdown().await;
    house.pass(86_401);
    let running = house.start(&process, Some(house.hands(&discord))).await;
    eventually("the winner is called", async || calls(&discord) == 1).await;
    running.shutdown().await;
    assert_eq!(house.count("giveaway.closed").await, 1);
}

/// Thousands who enter at once make one edit of the count, and the last one is right.
#[tokio::test(flavor = "multi_thread")]
async fn given_many_entries_in_one_window_then_the_message_is_edited_once_with_the_last_count() {
    let house = House::still_at_now().await;
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    let process: Arc<dyn Process> = Arc::new(Giveaways);
    let running = house.start(&process, Some(house.hands(&discord))).await;
    let id = made(&house, Plan::default()).await;
    eventually("it is posted", async || shown(&house, id).await.message.is_some()).await;
    for number in 101..=160 {
        enters(&house, id, number, Vec::new()).await;
    }
    house.caught_up().await;
    let edits = "SELECT COUNT(*) FROM effects WHERE kind = 'refresh_message'";
    assert_eq!(house.rows(edits).await, 0, "its time has not come");
    house.pass(crate::processes::giveaways::WINDOW_SECS);
    let done = "SELECT COUNT(*) FROM effects WHERE kind = 'refresh_message' AND state = 'done'";
    eventually("it is edited", async || house.rows(done).await == 1).await;
    house.pass(crate::processes::giveaways::WINDOW_SECS);
    enters(&house, id, 161, Vec::new()).await;
    house.caught_up().await;
    house.pass(crate::processes::giveaways::WINDOW_SECS);
    eventually("and once more", async || house.rows(done).await == 2).await;
    running.shutdown().await;
    assert_eq!(house.rows(edits).await, 2);
}

/// A prize that went on while Discord did not let its winner be called.
// proves: GIV-08
#[tokio::test(flavor = "multi_thread")]
async fn given_a_call_that_discord_does_not_take_for_hours_then_the_time_to_claim_begins_with_it() {
    let house = House::running().await;
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    let process: Arc<dyn Process> = Arc::new(Giveaways);
    let running = house.start(&process, Some(house.hands(&discord))).await;
    let plan = Plan { claim_secs: Some(3_600), max_rerolls: Some(1), ..Plan::default() };
    let id = made(&house, plan).await;
    eventually("it is posted", async || shown(&house, id).await.message.is_some()).await;
    enters(&house, id, 101, Vec::new()).await;
    enters(&house, id, 102, Vec::new()).await;
    discord.whenever("you have won", Planned::LostBefore);
    ends(&house, id).await;
    eventually("one is confirmed", async || confirmed(&shown(&house, id).await) == 1).await;
    let tried = "SELECT COUNT(*) FROM effects WHERE kind = 'call_member' AND tries > 0";
    eventually("calling was tried", async || house.rows(tried).await == 1).await;
    house.pass(7_200);
    house.caught_up().await;
    assert_eq!(house.count("giveaway.claim_lapsed").await, 0, "nobody has called them");
    discord.as_usual();
    house.pass(3_600);
    eventually("they are called", async || calls(&discord) == 1).await;
    eventually("their time runs", async || house.count("giveaway.claim_opened").await == 1).await;
    assert_eq!(house.count("giveaway.claim_lapsed").await, 0);
    house.pass(3_601);
    eventually("it lapses", async || house.count("giveaway.claim_lapsed").await == 1).await;
    running.shutdown().await;
}

// proves: GIV-08, GIV-09
#[tokio::test(flavor = "multi_thread")]
async fn given_a_channel_that_is_gone_then_the_winner_has_a_day_and_the_host_is_told() {
    let house = House::running().await;
    let discord = RoughDiscord::start(Roughness::default()).await.unwrap();
    let process: Arc<dyn Process> = Arc::new(Giveaways);
    let running = house.start(&process, Some(house.hands(&discord))).await;
    let plan = Plan { claim_secs: Some(300), max_rerolls: Some(0), ..Plan::default() };
    let id = made(&house, plan).await;
    eventually("it is posted", async || shown(&house, id).await.message.is_some()).await;
    enters(&house, id, 101, Vec::new()).await;
    let gone = Planned::Refused { status: 404, code: 10_003 };
    discord.whenever("you have won", gone);
    ends(&house, id).await;
    let opened = async || house.count("giveaway.claim_opened").await == 1;
    eventually("it is known that they could not be called", opened).await;
    let told = "SELECT COUNT(*) FROM effects WHERE kind = 'private_notice'";
    eventually("the host is told", async || house.rows(told).await == 1).await;
    house.pass(23 * 3_600);
    house.caught_up().await;
    assert_eq!(house.count("giveaway.claim_lapsed").await, 0);
    house.pass(2 * 3_600);
    eventually("it lapses", async || house.count("giveaway.claim_lapsed").await == 1).await;
    running.shutdown().await;
    assert_eq!(calls(&discord), 0);
}
