//! Timers: exact, once, cancellable, and none the worse for a kill.

use std::sync::Arc;

use domain::Bytes;
use serde_json::json;
use uuid::Uuid;

use super::harness::{Echo, House, NOON, TIMER, eventually, guild};
use crate::processes::{Process, status};
use domain::{Timestamp, economy::SpendId};

const SETTLED: &str = "economy.spend_settled";

/// A toll that a timer can settle.
async fn toll(house: &House) -> serde_json::Value {
    house.grant(guild(1), 100).await;
    let (id, key) = (SpendId(Uuid::new_v4()), actions::fresh_key("toll").unwrap());
    let person = house.person(guild(1), 100).await;
    let caller = actions::Caller::process("echo");
    let spent = house.actions.spend_bytes(guild(1), &caller, (id, person), Bytes(1), "toll", &key);
    spent.await.unwrap();
    json!({ "spend": id.0 })
}

async fn set(house: &House, key: &str, due: i64, payload: &serde_json::Value, source: &str) {
    let due = Timestamp::from_secs(NOON + due);
    house.timers.set("echo", TIMER, guild(1), key, due, payload, source).await.unwrap();
}

fn echo() -> Arc<dyn Process> {
    Arc::new(Echo { deaf: true, ..Echo::default() })
}

async fn settled(house: &House, number: u64) {
    eventually("it is settled", async || house.count(SETTLED).await == number).await;
}

/// Everything that is due has fired: a timer that is due later than it has.
async fn fired_up_to_now(house: &House) {
    let payload = toll(house).await;
    let before = house.count(SETTLED).await;
    let due = house.now().as_secs() - NOON;
    set(house, "marker", due, &payload, &Uuid::new_v4().to_string()).await;
    settled(house, before + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_timer_then_it_fires_at_its_time_and_not_before() {
    let house = House::still().await;
    let payload = toll(&house).await;
    set(&house, "a", 3_600, &payload, "test").await;
    let running = house.start(&echo(), None).await;
    house.pass(3_599);
    fired_up_to_now(&house).await;
    assert_eq!(house.count(SETTLED).await, 1, "only the marker");
    house.pass(1);
    settled(&house, 2).await;
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_timer_that_was_due_while_nobody_ran_then_it_fires_at_the_start_once() {
    let house = House::still().await;
    let payload = toll(&house).await;
    set(&house, "a", 60, &payload, "test").await;
    house.pass(7_200);
    let running = house.start(&echo(), None).await;
    settled(&house, 1).await;
    running.shutdown().await;
    // As if it had been killed between firing and writing that down.
    house.db.execute("UPDATE timers SET state = 'firing'", &[]).await.unwrap();
    let running = house.start(&echo(), None).await;
    eventually("it is done", async || {
        house.rows("SELECT COUNT(*) FROM timers WHERE state = 'done'").await == 1
    })
    .await;
    running.shutdown().await;
    assert_eq!(house.count(SETTLED).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_cancelled_timer_then_it_does_not_fire() {
    let house = House::still().await;
    let payload = toll(&house).await;
    set(&house, "a", 60, &payload, "test").await;
    assert!(house.timers.cancel(TIMER, guild(1), "a").await.unwrap());
    assert!(!house.timers.cancel(TIMER, guild(1), "a").await.unwrap(), "there is none");
    house.pass(120);
    let running = house.start(&echo(), None).await;
    fired_up_to_now(&house).await;
    assert_eq!(house.count(SETTLED).await, 1, "only the marker");
    assert!(!house.timers.cancel(TIMER, guild(1), "marker").await.unwrap(), "it has fired");
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_timer_that_is_set_anew_then_only_the_new_setting_fires() {
    let house = House::still().await;
    let (first, second) = (toll(&house).await, toll(&house).await);
    set(&house, "a", 60, &first, "first").await;
    set(&house, "a", 600, &second, "second").await;
    // The same setting once more is no other one.
    set(&house, "a", 600, &second, "second").await;
    let running = house.start(&echo(), None).await;
    house.pass(120);
    fired_up_to_now(&house).await;
    assert_eq!(house.count(SETTLED).await, 1, "only the marker");
    house.pass(600);
    settled(&house, 2).await;
    set(&house, "a", 600, &second, "second").await;
    fired_up_to_now(&house).await;
    assert_eq!(house.count(SETTLED).await, 3, "a setting fires once");
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_timer_that_cannot_be_dealt_with_then_it_waits_for_a_person() {
    let house = House::still().await;
    set(&house, "a", 60, &json!({}), "test").await;
    house.pass(120);
    let running = house.start(&echo(), None).await;
    eventually("it is dead", async || {
        status::timers(&house.db, house.now()).await.unwrap().dead == 1
    })
    .await;
    let dead = status::dead_timers(&house.db).await.unwrap();
    assert_eq!((dead[0].key.as_str(), dead[0].error.as_str()), ("a", "no spend"));
    assert_eq!(status::revive_timers(&house.db, "echo", house.now()).await.unwrap(), 1);
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_too_large_a_timer_then_it_is_refused_with_the_limit() {
    let house = House::still().await;
    let due = Timestamp::from_secs(NOON);
    let long = json!({ "text": "x".repeat(5_000) });
    let refused = house.timers.set("echo", TIMER, guild(1), "a", due, &long, "test").await;
    assert!(refused.unwrap_err().to_string().contains("4096"));
    let refused = house.timers.set("echo", TIMER, guild(1), "", due, &json!({}), "test").await;
    assert!(refused.unwrap_err().to_string().contains("1 to 200 bytes"));
}
