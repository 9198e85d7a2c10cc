//! The economy, as members live it.

use simulator::given;

use super::town::{Town, counted};
use crate::support::eventually;

// proves: ECO-04, ECO-06, ECO-08, ECO-12, CMD-01, CMD-11
#[test]
fn given_members_then_they_send_read_and_look_back_through_the_wire() {
    let town = Town::new();
    let (maren, tobi) = (town.member("maren"), town.member("tobi"));
    town.grant(&maren, 500);
    let bot = town.bot();
    town.live(async {
        let commands = maren.person.commands(maren.place);
        assert!(commands.iter().any(|name| name.contains("bytes")), "{commands:?}");

        let sent = given! { user: &tobi.person, amount: 50, reason: "thanks for the *bench*" };
        let sent = maren.uses("/bytes send", sent).await;
        assert!(!sent.is_ephemeral());
        let text = sent.all_text();
        assert!(text.contains("50 bytes") && text.contains(&tobi.person.mention()), "{text}");
        assert!(text.contains("thanks for the \\*bench\\*"), "{text}");
        assert_eq!((maren.has().await, tobi.has().await), (450, 50));

        let again = maren.uses("/bytes send", given! { user: &tobi.person, amount: 1 }).await;
        assert!(again.is_ephemeral() && again.all_text().contains("send again in"));
        let myself = maren.uses("/bytes send", given! { user: &maren.person, amount: 1 }).await;
        assert!(myself.all_text().contains("yourself"), "{}", myself.all_text());
        let poor = tobi.uses("/bytes send", given! { user: &maren.person, amount: 51 }).await;
        assert!(poor.all_text().contains("not enough"), "{}", poor.all_text());
    });
    eventually("the board has caught up", || {
        let board = town.live(maren.uses("/bytes heap", Vec::new())).all_text();
        board.contains("450").then_some(())
    });
    town.live(async {
        let history = tobi.uses("/bytes history", Vec::new()).await;
        assert!(history.is_ephemeral());
        assert!(history.all_text().contains("thanks for the"), "{}", history.all_text());
        let file = tobi.uses("/bytes history", given! { file: true }).await;
        assert_eq!(file.attachments().len(), 1);
        let lene = town.member("lene");
        let other = lene.uses("/bytes history", given! { user: &maren.person }).await;
        assert!(other.all_text().contains("View Records"), "{}", other.all_text());
    });
    let log = bot.stop().2;
    assert!(!log.contains("bench"), "what people write is in no log");
}

// proves: ECO-02, ECO-14, GRD-09
#[test]
fn given_messages_then_the_first_of_the_day_pays_once_also_when_it_comes_twice() {
    use simulator::faults::{Fault, Rule};
    let town = Town::new();
    let (maren, tobi) = (town.member("maren"), town.member("tobi"));
    let bot = town.bot();
    let twice = Rule::by_chance(1.0, Fault::DuplicateEvent).on("MESSAGE_CREATE");
    town.sim.faults.add(twice).unwrap();
    for text in ["good morning", "how are you?", "I am fine"] {
        maren.says(text);
    }
    tobi.says("me too");
    eventually("both are paid", || {
        let paid = counted(&bot, "reeve_discord_daily_rewards_total", "outcome=\"paid\"");
        (paid == 2).then_some(())
    });
    town.live(async {
        assert_eq!((maren.has().await, tobi.has().await), (10, 10));
        let daily = maren.uses("/bytes daily", Vec::new()).await;
        assert!(daily.is_ephemeral() && daily.all_text().contains("first message"));
        assert_eq!(maren.has().await, 10);
    });
}

// proves: ECO-01, CMD-06, CMD-07, GRD-15
#[test]
fn given_an_owner_then_settings_and_modules_follow_and_members_are_refused() {
    let town = Town::new();
    let (owner, lene) = (town.owner(), town.member("lene"));
    let _bot = town.bot();
    town.live(async {
        let set = given! { setting: "economy.currency", value: "acorns" };
        let set = owner.uses("/settings set", set).await;
        assert!(set.all_text().contains("acorns"), "{}", set.all_text());
        let hidden = lene.tries("/settings view", Vec::new()).await;
        assert!(hidden.is_err(), "a client does not even show it");
        let off = owner.uses("/modules off", given! { module: "economy" }).await;
        assert!(off.all_text().contains("is off"), "{}", off.all_text());
        let refused = lene.uses("/bytes read", Vec::new()).await;
        assert!(refused.all_text().contains("switched off"), "{}", refused.all_text());
        owner.uses("/modules on", given! { module: "economy" }).await;
        let read = lene.uses("/bytes read", Vec::new()).await;
        assert!(read.all_text().contains("acorns"), "{}", read.all_text());

        let question = owner.uses("/settings reset", given! { setting: "economy" }).await;
        assert!(question.all_text().contains("acorns"), "{}", question.all_text());
        let cancelled = question.presses("Cancel").await.unwrap();
        assert!(cancelled.now().unwrap().buttons().is_empty(), "the buttons vanish");
        let question = owner.uses("/settings reset", given! { setting: "economy" }).await;
        let done = question.presses("Confirm").await.unwrap();
        assert!(done.all_text().contains("bytes"), "{}", done.all_text());

        let help = lene.uses("/help", Vec::new()).await.all_text();
        assert!(help.contains("/bytes send") && !help.contains("/settings"), "{help}");
        let about = lene.uses("/about", Vec::new()).await.all_text();
        assert!(about.contains("1 of 1 connections"), "{about}");
    });
}
