//! Following the log: in order, once, and nobody's trouble is everybody's.

use std::{sync::Arc, sync::atomic::Ordering, time::Duration};

use rand::RngExt as _;
use torture::rough_discord::{RoughDiscord, Roughness};

use super::harness::{Echo, Failing, House, Poison, eventually, guild};
use crate::processes::{Process, status};

const SPENT: &str = "economy.bytes_spent";
const SETTLED: &str = "economy.spend_settled";

fn echo() -> (Arc<Echo>, Arc<dyn Process>) {
    let echo = Arc::new(Echo::default());
    let process = Arc::clone(&echo) as Arc<dyn Process>;
    (echo, process)
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_new_process_then_it_begins_at_the_head() {
    let house = House::still().await;
    house.grant(guild(1), 100).await;
    let (echo, process) = echo();
    let running = house.start(&process, None).await;
    house.grant(guild(1), 100).await;
    house.caught_up().await;
    running.shutdown().await;
    assert_eq!(echo.reactions.load(Ordering::Relaxed), 1);
    assert_eq!(house.count(SPENT).await, 1);
    assert_eq!(house.rows("SELECT COUNT(*) FROM effects").await, 1);
    assert_eq!(house.rows("SELECT COUNT(*) FROM timers").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_checkpoint_that_was_lost_then_nothing_happens_twice() {
    let house = House::still().await;
    let (echo, process) = echo();
    let running = house.start(&process, None).await;
    for user in 100..110 {
        house.grant(guild(user % 3), user).await;
    }
    house.caught_up().await;
    running.shutdown().await;
    // As after a crash between the last command and its checkpoint, only further back.
    house.db.execute("UPDATE process_checkpoints SET position = 0", &[]).await.unwrap();
    let running = house.start(&process, None).await;
    house.caught_up().await;
    running.shutdown().await;
    assert_eq!(echo.reactions.load(Ordering::Relaxed), 20);
    assert_eq!(house.count(SPENT).await, 10);
    assert_eq!(house.rows("SELECT COUNT(*) FROM effects").await, 10);
    assert_eq!(house.rows("SELECT COUNT(*) FROM timers").await, 10);
}

// proves: OPS-10
#[tokio::test(flavor = "multi_thread")]
async fn given_much_that_was_missed_and_failures_then_what_went_well_stays_done() {
    const GRANTS: u64 = 60;
    let house = House::still().await;
    let (_, echo) = echo();
    house.start(&echo, None).await.shutdown().await;
    for number in 0..GRANTS {
        house.grant(guild(1), 100 + number).await;
    }
    // All of them in a row hardly ever go well: once in five hundred tries.
    let failing: Arc<dyn Process> = Arc::new(Failing::new(echo, 0.05));
    let running = house.start(&failing, None).await;
    eventually("all is spent", async || house.count(SPENT).await == GRANTS).await;
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_an_event_that_cannot_be_dealt_with_then_its_guild_waits_until_it_is_retried() {
    for poison in [Poison::Error, Poison::Panic] {
        let house = House::still().await;
        let (echo, process) = echo();
        let running = house.start(&process, None).await;
        *echo.poisoned.lock() = Some((guild(1), poison));
        for user in 100..103 {
            house.grant(guild(1), user).await;
            house.grant(guild(2), user).await;
        }
        house.caught_up().await;
        assert_eq!(house.count(SPENT).await, 3, "the other guild's");
        let parked = status::parked(&house.db).await.unwrap();
        assert_eq!(parked.len(), 1);
        assert_eq!((parked[0].guild, parked[0].process.as_str()), (guild(1), "echo"));
        // Still too hot: it stays where it is.
        status::ask_retry(&house.db, "echo", None).await.unwrap();
        eventually("it was tried again", async || {
            status::parked(&house.db).await.unwrap().iter().all(|one| one.tries == 2)
        })
        .await;
        *echo.poisoned.lock() = None;
        status::ask_retry(&house.db, "echo", Some(guild(1))).await.unwrap();
        eventually("it goes on", async || status::parked(&house.db).await.unwrap().is_empty())
            .await;
        house.grant(guild(1), 104).await;
        house.caught_up().await;
        running.shutdown().await;
        assert_eq!(house.count(SPENT).await, 7);
        assert_eq!(house.rows("SELECT COUNT(*) FROM effects").await, 7);
    }
}

/// Every step fails now and then, the sender's calls too, and whoever runs it all is killed again
/// and again: nothing is lost, nothing happens twice.
async fn given_failures_and_kills_then_every_step_happens_once(house: House) {
    const GRANTS: u64 = 120;
    let rough = Roughness { faults: 0.2, slow: Duration::from_millis(200), ..Roughness::default() };
    let discord = RoughDiscord::start(rough).await.unwrap();
    let (_, echo) = echo();
    let failing: Arc<dyn Process> = Arc::new(Failing::new(echo, 0.02));
    let mut dice = rand::rng();
    let mut running = house.start(&failing, Some(house.hands(&discord))).await;
    for number in 0..GRANTS {
        house.grant(guild(number % 4 + 1), 100 + number % 20).await;
        if number % 15 == 14 {
            tokio::time::sleep(Duration::from_millis(dice.random_range(5..150))).await;
            // Dropped in the middle of whatever it does, and started anew; on PostgreSQL the
            // leases of the dead have to run out first.
            drop(running);
            house.pass(if house.db.is_sqlite() { 1 } else { 60 });
            running = house.start(&failing, Some(house.hands(&discord))).await;
        }
    }
    house.caught_up().await;
    house.pass(3_600);
    discord.set_faults(0.0);
    eventually("everything is done", async || {
        let open = "SELECT COUNT(*) FROM effects WHERE state <> 'done' OR tell <> 0";
        let timers = "SELECT COUNT(*) FROM timers WHERE state <> 'done'";
        house.pass(5);
        house.rows(open).await + house.rows(timers).await == 0
    })
    .await;
    running.shutdown().await;
    assert_eq!(house.rows("SELECT COUNT(*) FROM effects").await, GRANTS);
    assert_eq!(house.rows("SELECT COUNT(*) FROM timers").await, GRANTS);
    assert_eq!(house.count(SETTLED).await, GRANTS, "each timer fired once");
    assert_eq!(house.count(SPENT).await, 2 * GRANTS, "a toll and an outcome for each");
    assert!(house.rows("SELECT COUNT(*) FROM process_blocked").await == 0);
}

// proves: OPS-10
#[tokio::test(flavor = "multi_thread")]
async fn given_failures_and_kills_on_sqlite_then_every_step_happens_once() {
    given_failures_and_kills_then_every_step_happens_once(House::running().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_failures_and_kills_on_postgres_then_every_step_happens_once() {
    let Some(house) = House::postgres().await else { return };
    given_failures_and_kills_then_every_step_happens_once(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn given_two_processes_on_postgres_then_one_works_and_the_other_takes_over() {
    let Some(house) = House::postgres().await else { return };
    let (first_echo, first) = echo();
    let (second_echo, second) = echo();
    let one = house.start(&first, None).await;
    house.grant(guild(1), 100).await;
    house.caught_up().await;
    let two = house.start(&second, None).await;
    for user in 100..110 {
        house.grant(guild(user % 4), user).await;
    }
    house.caught_up().await;
    assert_eq!(second_echo.reactions.load(Ordering::Relaxed), 0, "the first holds the leases");
    one.shutdown().await;
    house.grant(guild(1), 100).await;
    house.caught_up().await;
    two.shutdown().await;
    assert_eq!(first_echo.reactions.load(Ordering::Relaxed), 11);
    assert_eq!(second_echo.reactions.load(Ordering::Relaxed), 1);
    assert_eq!(house.count(SPENT).await, 12);
}
