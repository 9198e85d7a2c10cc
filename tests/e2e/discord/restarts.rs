//! What is lost when the bot goes: nothing.

use simulator::{
    faults::{Fault, Rule},
    gateway::session::Order,
    given,
};

use super::town::{Town, counted};
use crate::support::{Server, eventually};

// proves: ECO-14, OPS-09, CMD-04
#[test]
fn given_a_stop_or_a_kill_then_the_session_goes_on_and_what_was_missed_is_paid_once() {
    let town = Town::new();
    let (maren, tobi, ines) = (town.member("maren"), town.member("tobi"), town.member("ines"));
    town.grant(&maren, 100);
    let bot = town.bot();
    maren.says("before");
    eventually("the first is paid", || {
        (counted(&bot, "reeve_discord_daily_rewards_total", "paid") == 1).then_some(())
    });
    let (status, _, log) = bot.stop();
    assert_eq!(status.code(), Some(0), "{log}");

    tobi.says("is it there?");
    let bot = town.bot();
    eventually("the session goes on", || bot.logged("the session goes on"));
    eventually("what was missed is paid", || {
        (counted(&bot, "reeve_discord_daily_rewards_total", "paid") == 1).then_some(())
    });
    let older = town.live(maren.uses("/bytes history", Vec::new()));
    bot.kill();

    ines.says("and again");
    maren.says("second time today");
    let bot = town.bot();
    eventually("everybody is paid", || town.live(async { (ines.has().await == 10).then_some(()) }));
    town.live(async {
        assert_eq!((maren.has().await, tobi.has().await), (110, 10));
        let sent = maren.uses("/bytes send", given! { user: &tobi.person, amount: 5 }).await;
        assert!(sent.all_text().contains("5 bytes"), "{}", sent.all_text());
    });
    // Whose rank counts is known again: an owner is one, though Discord did not tell anew.
    let owner = town.owner();
    let set = given! { setting: "economy.daily_amount", value: "20" };
    let set = town.live(owner.uses("/settings set", set)).all_text();
    assert!(set.contains("20"), "{set}");
    drop((older, bot));
}

// proves: OPS-09, GRD-13
#[test]
fn given_a_refusal_that_is_told_again_after_a_kill_then_it_stays_refused() {
    const TRIES: u64 = 10;
    let town = Town::new();
    town.sim.relax_rates(50);
    let (maren, tobi) = (town.member("maren"), town.member("tobi"));
    town.grant(&maren, 100);
    let mut bot = town.bot();
    let next = |bot: Server| {
        bot.kill();
        let bot = town.bot();
        eventually("the session goes on", || bot.logged("the session goes on"));
        bot
    };
    // Now and then the session's place was saved just before the kill, and nothing is told again.
    for _ in 0..TRIES {
        // So that it is told again too that the session went on, before what was refused.
        bot = next(bot);
        let refused = town.live(async {
            while !maren.uses("/bytes read", Vec::new()).await.all_text().contains("too quickly") {}
            maren.uses("/bytes send", given! { user: &tobi.person, amount: 5 }).await.all_text()
        });
        assert!(refused.contains("too quickly"), "{refused}");
        bot = next(bot);
        assert_eq!(town.live(async { (maren.has().await, tobi.has().await) }), (100, 0));
        if counted(&bot, "reeve_discord_commands_total", "answered_before") > 0 {
            return;
        }
    }
    panic!("in {TRIES} tries Discord told nothing again");
}

// proves: OPS-09
#[test]
fn given_a_start_that_has_to_wait_for_discord_then_its_clock_is_not_taken_for_slow() {
    let town = Town::new();
    let maren = town.member("maren");
    let wait = Fault::RateLimited { retry_after_ms: 3_500, global: false, shared: false };
    town.sim.faults.add(Rule::next(1, wait).on("/gateway/bot")).unwrap();
    let bot = town.bot();
    assert_eq!(town.sim.faults.struck(), 1);
    // Whoever asks now would be taken for somebody who has waited too long.
    let answer = town.live(maren.uses("/bytes read", Vec::new())).all_text();
    assert!(answer.contains("0 bytes"), "{answer}");
    assert!(bot.logged("clock differs").is_none());
}

// proves: OPS-10
#[test]
fn given_cut_connections_then_the_bot_comes_back_by_itself() {
    let town = Town::new();
    let maren = town.member("maren");
    let bot = town.bot();
    for order in [Order::Cut, Order::Reconnect, Order::Close(4000)] {
        let before = counted(&bot, "reeve_discord_events_total", "RESUMED");
        town.sim.hub.order(None, order);
        eventually("the session is resumed", || {
            (counted(&bot, "reeve_discord_events_total", "RESUMED") > before).then_some(())
        });
        town.live(async {
            assert_eq!(maren.has().await, 0);
        });
    }
}

// proves: OPS-09
#[test]
fn given_a_stop_while_somebody_waits_then_they_are_answered_first() {
    let town = Town::new();
    let (maren, tobi) = (town.member("maren"), town.member("tobi"));
    town.grant(&maren, 100);
    let bot = town.bot();
    let slow = Rule::next(1, Fault::Slow { ms: 700 }).on("callback");
    town.sim.faults.add(slow).unwrap();
    town.live(async {
        let given = given! { user: &tobi.person, amount: 5 };
        let (answer, ()) = tokio::join!(maren.uses("/bytes send", given), async {
            // The command has reached the bot when it begins to answer.
            town.sim
                .until("the bot begins to answer", |_| (town.sim.faults.struck() > 0).then_some(()))
                .await
                .unwrap();
            bot.terminate();
        });
        assert!(answer.all_text().contains("5 bytes"), "{}", answer.all_text());
    });
    let mut bot = bot;
    assert_eq!(bot.ended().code(), Some(0), "{}", bot.log());
    assert!(bot.log().contains("nothing is left undone"), "{}", bot.log());
}
