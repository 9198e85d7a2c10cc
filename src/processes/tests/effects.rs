//! Effects: done once, in their order, or given up where people can see it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use domain::{ChannelId, MessageId, PersonId, Personal};
use parking_lot::Mutex;
use torture::rough_discord::{Planned, RoughDiscord, Roughness};
use uuid::Uuid;

use super::harness::{Echo, House, eventually, guild, role};
use crate::processes::{
    Content, Deed, Effect, Ended, Hands, Letter, Ordered, Outcome, Process, Processes, Seen,
};

async fn discord() -> RoughDiscord {
    RoughDiscord::start(Roughness::default()).await.unwrap()
}

fn echo() -> (Arc<Echo>, Arc<dyn Process>) {
    let echo = Arc::new(Echo::default());
    let process = Arc::clone(&echo) as Arc<dyn Process>;
    (echo, process)
}

fn channel() -> ChannelId {
    ChannelId::new(500).unwrap()
}

fn say(text: &str) -> Deed {
    Deed::SendMessage { channel: channel(), letter: Letter::Open(Content::text(text)) }
}

async fn order(house: &House, deed: Deed) -> Uuid {
    let id = Uuid::new_v4();
    let ordered = Ordered { id, process: "echo", guild: guild(1), deed, note: String::new() };
    house.outbox.put(&[ordered]).await.unwrap();
    id
}

async fn state(house: &House, id: Uuid) -> String {
    let sql = "SELECT state FROM effects WHERE id = $1";
    let rows = house.db.query(sql, &eventlog::values![id.to_string()]).await.unwrap();
    rows[0].text(0).unwrap().to_owned()
}

async fn becomes(house: &House, id: Uuid, wanted: &str) {
    eventually(&format!("it becomes {wanted}"), async || state(house, id).await == wanted).await;
}

async fn start(house: &House, discord: &RoughDiscord) -> (Arc<Echo>, Processes) {
    let (echo, process) = echo();
    let running = house.start(&process, Some(house.hands(discord))).await;
    (echo, running)
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_role_that_was_ordered_then_it_is_given_and_its_process_is_told() {
    let (house, discord) = (House::running().await, discord().await);
    let (echo, running) = start(&house, &discord).await;
    house.grant(guild(1), 100).await;
    eventually("it is told", async || echo.outcomes.lock().len() == 1).await;
    assert!(discord.has_role(guild(1).get(), 100, role().get()));
    assert_eq!(*echo.outcomes.lock(), [Ended::Done(None)]);
    let listed = house.outbox.list(Some("done"), 10).await.unwrap();
    assert!(discord.reasons()[0].contains(&listed[0].id));
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_lost_answers_then_a_message_stands_there_once() {
    let (house, discord) = (House::running().await, discord().await);
    let (_, running) = start(&house, &discord).await;
    for planned in
        [Planned::LostAfter, Planned::LostBefore, Planned::ServerErrorAfter, Planned::BrokenOff]
    {
        discord.plan(&[planned, planned]);
        let id = order(&house, say(&format!("{planned:?}"))).await;
        becomes(&house, id, "done").await;
    }
    running.shutdown().await;
    assert_eq!(
        discord.texts(500),
        ["LostAfter", "LostBefore", "ServerErrorAfter", "BrokenOff"].map(str::to_owned)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn given_an_unknown_outcome_after_the_nonces_minutes_then_it_looks_before_it_sends_again() {
    let (house, discord) = (House::still_at_now().await, discord().await);
    // Two that read alike: the first one's message must not be taken for the second's.
    let first = order(&house, say("A prize!")).await;
    let (_, running) = start(&house, &discord).await;
    becomes(&house, first, "done").await;
    for (planned, texts) in [(Planned::LostAfter, 2), (Planned::LostBefore, 3)] {
        discord.plan(&[planned]);
        let id = order(&house, say("A prize!")).await;
        becomes(&house, id, "unknown").await;
        discord.forget_nonces();
        house.pass(200);
        becomes(&house, id, "done").await;
        assert_eq!(discord.texts(500).len(), texts, "{planned:?}");
    }
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_notice_with_an_unknown_outcome_then_it_is_dropped_and_not_there_twice() {
    let (house, discord) = (House::running().await, discord().await);
    let (echo, running) = start(&house, &discord).await;
    discord.plan(&[Planned::LostAfter]);
    let letter = Letter::Open(Content::text("Ann was given a role."));
    let id = order(&house, Deed::PostNotice { channel: channel(), letter }).await;
    becomes(&house, id, "dropped").await;
    eventually("it is told", async || echo.outcomes.lock().len() == 1).await;
    running.shutdown().await;
    assert_eq!(discord.texts(500).len(), 1);
    assert_eq!(*echo.outcomes.lock(), [Ended::Dropped]);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_refusal_then_it_is_dead_visible_and_can_be_retried() {
    let (house, discord) = (House::running().await, discord().await);
    house.grant(guild(1), 100).await;
    let (echo, running) = start(&house, &discord).await;
    let person = house.person(guild(1), 100).await;
    discord.plan(&[Planned::Refused { status: 403, code: 50_013 }]);
    let id = order(&house, Deed::GiveRole { person, role: role() }).await;
    becomes(&house, id, "dead").await;
    eventually("it is told", async || echo.outcomes.lock().len() == 1).await;
    let listed = house.outbox.list(None, 10).await.unwrap();
    assert_eq!((listed[0].error_code, listed[0].tries), (Some(50_013), 1));
    assert!(matches!(echo.outcomes.lock()[0], Ended::Failed { code: 50_013, .. }));
    assert_eq!(house.outbox.retry(Some(id)).await.unwrap(), 1);
    becomes(&house, id, "done").await;
    assert!(discord.has_role(guild(1).get(), 100, role().get()));
    eventually("it is told again", async || {
        house.rows("SELECT COUNT(*) FROM effects WHERE tell = 0 AND state = 'done'").await == 1
    })
    .await;
    running.shutdown().await;
    assert_eq!(echo.outcomes.lock().len(), 2);
    assert_eq!(house.outbox.retry(None).await.unwrap(), 0, "nothing is left to be retried");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_somebody_who_left_then_there_is_no_role_to_take() {
    let (house, discord) = (House::running().await, discord().await);
    let (_, running) = start(&house, &discord).await;
    let person = house.person(guild(1), 100).await;
    discord.plan(&[Planned::Refused { status: 404, code: 10_007 }; 1]);
    let taken = order(&house, Deed::TakeRole { person, role: role() }).await;
    becomes(&house, taken, "done").await;
    discord.plan(&[Planned::Refused { status: 404, code: 10_007 }; 1]);
    let given = order(&house, Deed::GiveRole { person, role: role() }).await;
    becomes(&house, given, "dead").await;
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_two_orders_for_one_member_then_the_later_one_has_the_last_word() {
    let (house, discord) = (House::running().await, discord().await);
    let person = house.person(guild(1), 100).await;
    let (_, running) = start(&house, &discord).await;
    discord.plan(&[Planned::LostBefore, Planned::LostAfter, Planned::LostBefore]);
    let given = order(&house, Deed::GiveRole { person, role: role() }).await;
    let taken = order(&house, Deed::TakeRole { person, role: role() }).await;
    becomes(&house, taken, "done").await;
    assert_eq!(state(&house, given).await, "done");
    assert!(!discord.has_role(guild(1).get(), 100, role().get()));
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_letter_about_somebody_then_it_lies_sealed_until_it_is_sent() {
    let (house, discord) = (House::running().await, discord().await);
    let person = house.person(guild(1), 100).await;
    let about = Personal::clear(person, Content::text("You were given 5 bytes."));
    let mut deed = Deed::DirectMessage { person, letter: Letter::About(about) };
    let id = Uuid::new_v4();
    deed.seal(house.actions.people(), guild(1), id).await.unwrap();
    let ordered = Ordered { id, process: "echo", guild: guild(1), deed, note: String::new() };
    house.outbox.put(&[ordered]).await.unwrap();
    let stored = "SELECT payload FROM effects";
    let rows = house.db.query(stored, &[]).await.unwrap();
    assert!(!rows[0].text(0).unwrap().contains("bytes"), "{rows:?}");
    let (_, running) = start(&house, &discord).await;
    becomes(&house, id, "done").await;
    running.shutdown().await;
    let effect = Effect { id, ..an_effect() };
    assert_eq!(discord.messages_with(&effect.nonce()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_somebody_who_was_erased_then_nothing_is_done_to_them_nor_written_about_them() {
    let (house, discord) = (House::running().await, discord().await);
    let person = house.person(guild(1), 100).await;
    let role = order(&house, Deed::GiveRole { person, role: role() }).await;
    let about = Personal::clear(person, Content::text("Ann was here."));
    let mut deed = Deed::SendMessage { channel: channel(), letter: Letter::About(about) };
    let letter = Uuid::new_v4();
    deed.seal(house.actions.people(), guild(1), letter).await.unwrap();
    let ordered =
        Ordered { id: letter, process: "echo", guild: guild(1), deed, note: String::new() };
    house.outbox.put(&[ordered]).await.unwrap();
    house.actions.people().destroy(guild(1), person).await.unwrap();
    let (_, running) = start(&house, &discord).await;
    becomes(&house, role, "dead").await;
    becomes(&house, letter, "dead").await;
    running.shutdown().await;
    assert_eq!(discord.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_kill_during_a_call_then_the_outcome_is_looked_after() {
    let (house, discord) = (House::running().await, discord().await);
    let message = order(&house, say("once")).await;
    let letter = Letter::Open(Content::text("a notice"));
    let notice = order(&house, Deed::PostNotice { channel: channel(), letter }).await;
    // As a killed process leaves it: the call was made, its answer was never read.
    house.db.execute("UPDATE effects SET state = 'calling', tries = 1", &[]).await.unwrap();
    let (_, running) = start(&house, &discord).await;
    becomes(&house, message, "done").await;
    becomes(&house, notice, "dropped").await;
    running.shutdown().await;
    assert_eq!(discord.texts(500), ["once"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_an_order_that_was_dropped_by_hand_then_it_is_not_carried_out() {
    let (house, discord) = (House::running().await, discord().await);
    let id = order(&house, say("never")).await;
    assert!(house.outbox.drop_one(id).await.unwrap());
    assert!(!house.outbox.drop_one(id).await.unwrap());
    let after = order(&house, say("after")).await;
    let (echo, running) = start(&house, &discord).await;
    becomes(&house, after, "done").await;
    eventually("both are told", async || echo.outcomes.lock().len() == 2).await;
    running.shutdown().await;
    assert_eq!(discord.texts(500), ["after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_an_edit_then_the_message_says_what_it_says_last() {
    let (house, discord) = (House::running().await, discord().await);
    let (_, running) = start(&house, &discord).await;
    let id = order(&house, say("1 entry")).await;
    becomes(&house, id, "done").await;
    let listed = house.outbox.list(Some("done"), 1).await.unwrap();
    let message: MessageId = listed[0].result.as_ref().unwrap().parse().unwrap();
    discord.plan(&[Planned::LostAfter]);
    let letter = Letter::Open(Content::text("2 entries"));
    let edit = Deed::EditMessage { channel: channel(), message, letter };
    let id = order(&house, edit).await;
    becomes(&house, id, "done").await;
    running.shutdown().await;
    assert_eq!(discord.texts(500), ["2 entries"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_rate_limits_then_none_is_met_twice_in_a_row_and_everything_is_done() {
    let rough = Roughness {
        faults: 0.2,
        per_window: 4,
        window: Duration::from_millis(500),
        slow: Duration::from_millis(300),
        ..Roughness::default()
    };
    let (house, discord) = (House::running().await, RoughDiscord::start(rough).await.unwrap());
    let mut ids = Vec::new();
    for number in 0..120 {
        let channel = ChannelId::new(500 + number % 6).unwrap();
        let letter = Letter::Open(Content::text(format!("{number}")));
        ids.push(order(&house, Deed::SendMessage { channel, letter }).await);
    }
    let (_, running) = start(&house, &discord).await;
    eventually("all are done", async || {
        house.rows("SELECT COUNT(*) FROM effects WHERE state <> 'done'").await == 0
    })
    .await;
    running.shutdown().await;
    assert_eq!(discord.overruns().twice_in_a_row, 0);
    for (number, id) in ids.into_iter().enumerate() {
        let effect = Effect { id, ..an_effect() };
        assert_eq!(discord.messages_with(&effect.nonce()), 1, "message {number}");
    }
    for channel in 0..6 {
        let numbers: Vec<u64> =
            discord.texts(500 + channel).iter().map(|text| text.parse().unwrap()).collect();
        assert!(numbers.is_sorted(), "in their order: {numbers:?}");
    }
}

fn an_effect() -> Effect {
    Effect {
        id: Uuid::nil(),
        number: 1,
        process: "echo".to_owned(),
        guild: guild(1),
        deed: say("x"),
        note: String::new(),
        unsure: false,
        tries: 0,
        round: 0,
        created_at: domain::Timestamp::from_secs(0),
        first_call_at: None,
        last_call_at: None,
    }
}

/// Never reaches Discord, or never hears from it.
struct Numb {
    outcome: Outcome,
    calls: Mutex<Vec<PersonId>>,
}

#[async_trait]
impl Hands for Numb {
    fn no_room_for(&self, _: &str) -> Option<Duration> {
        None
    }

    async fn carry_out(&self, effect: &Effect) -> Outcome {
        if let Deed::GiveRole { person, .. } = effect.deed {
            self.calls.lock().push(person);
        }
        self.outcome.clone()
    }

    async fn look(&self, _: &Effect) -> Seen {
        Seen::NotThere
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_discord_that_never_answers_clearly_then_it_is_given_up_after_so_many_tries() {
    let house = House::running().await;
    let (echo, process) = echo();
    let outcome = Outcome::Unknown("a fault of its own".to_owned());
    let numb = Arc::new(Numb { outcome, calls: Mutex::default() });
    let running = house.start(&process, Some(Arc::clone(&numb) as Arc<dyn Hands>)).await;
    let id = order(&house, Deed::GiveRole { person: PersonId(1), role: role() }).await;
    eventually("it is given up", async || {
        let state = state(&house, id).await;
        if state == "unknown" {
            house.pass(310);
        }
        state == "dead"
    })
    .await;
    eventually("it is told", async || echo.outcomes.lock().len() == 1).await;
    running.shutdown().await;
    assert_eq!(numb.calls.lock().len(), 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_an_outage_then_what_was_ordered_waits_and_is_late_but_not_lost() {
    let house = House::running().await;
    let (_, process) = echo();
    let outcome = Outcome::Unavailable("not reached".to_owned());
    let numb = Arc::new(Numb { outcome, calls: Mutex::default() });
    let running = house.start(&process, Some(Arc::clone(&numb) as Arc<dyn Hands>)).await;
    let person = house.person(guild(1), 100).await;
    for _ in 0..40 {
        order(&house, Deed::GiveRole { person, role: role() }).await;
    }
    // Hours of it.
    eventually("it was tried often", async || {
        house.pass(100);
        numb.calls.lock().len() > 30
    })
    .await;
    running.shutdown().await;
    assert_eq!(house.rows("SELECT COUNT(*) FROM effects WHERE state = 'waiting'").await, 40);
    let discord = discord().await;
    house.pass(400);
    let (_, running) = start(&house, &discord).await;
    eventually("all are done", async || {
        house.rows("SELECT COUNT(*) FROM effects WHERE state = 'done'").await == 40
    })
    .await;
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_what_was_finished_long_ago_then_it_is_forgotten() {
    let (house, discord) = (House::running().await, discord().await);
    let (echo, running) = start(&house, &discord).await;
    let id = order(&house, say("hello")).await;
    becomes(&house, id, "done").await;
    eventually("it is told", async || echo.outcomes.lock().len() == 1).await;
    running.shutdown().await;
    assert_eq!(house.outbox.tidy().await.unwrap(), 0);
    house.pass(8 * 86_400);
    assert_eq!(house.outbox.tidy().await.unwrap(), 1);
    assert_eq!(house.outbox.counts().await.unwrap().done, 0);
    assert_eq!(echo.reactions.load(Ordering::Relaxed), 0);
}
