//! The checkpoint moves with the rows, or neither does.

use domain::Bytes;
use eventlog::Position;
use projections::{RuntimeOptions, Verb, economy::balances};

use crate::support::{
    Control, Expected, Process, Random, guild, on_each_store, opened, person, received, registered,
    small_batches, tampered, until,
};

#[test]
fn given_a_store_that_fails_after_the_rows_then_nothing_is_half_applied() {
    on_each_store(async |site| {
        let house = site.open().await;
        let control = Control::new();
        let balances = tampered(registered("balances"), &control);
        let runtime = house.run(vec![balances], RuntimeOptions::default()).await;
        house.append(guild(1), &[opened(person(1), 10)]).await;
        house.caught_up(&["balances"]).await;

        control.fail_after_writing();
        let written = control.writes();
        house.append(guild(1), &[received(person(1), 5), opened(person(2), 7)]).await;
        until("the store has failed for good", async || control.writes() >= written + 5).await;
        let live = house.live("balances").await;
        assert_eq!((live.applied, live.lag_events), (1, 2));
        let supply = balances::supply(&house.store, guild(1)).await.unwrap();
        assert_eq!(supply, Bytes(10), "rows without their checkpoint");
        assert_eq!(house.dead_letters("balances").await, [], "a full disk is nobody's poison");

        control.mend();
        house.caught_up(&["balances"]).await;
        assert_eq!(house.live("balances").await.applied, 3);
        assert_eq!(balances::supply(&house.store, guild(1)).await.unwrap(), Bytes(22));
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_killed_process_then_the_next_goes_on_from_the_checkpoint() {
    on_each_store(async |site| {
        let house = site.open().await;
        let mut random = Random::of(7);
        for _ in 0..80 {
            house.something(&mut random, &[guild(4), guild(8)], 3).await;
        }
        let before = Control::new();
        before.close();
        before.let_through(2);
        let transactions = tampered(registered("transactions"), &before);
        let process =
            Process::start(&site, &house, &house.clock, vec![transactions], small_batches(5)).await;
        until("it waits for more", async || before.waits() > 0).await;
        let reached = house.applied("transactions").await;
        assert!(reached > 0);
        process.kill();

        // Its leases run out; then another one comes.
        house.clock.pass_secs(60);
        let after = Control::new();
        let transactions = tampered(registered("transactions"), &after);
        let runtime = house.run(vec![transactions], small_batches(5)).await;
        house.caught_up(&["transactions"]).await;
        assert!(after.folded().iter().all(|position| *position > Position(reached)));
        let shown = house.shown_transactions().await;
        assert_eq!(shown, Expected::of(&house).await.transactions);
        runtime.shutdown().await;
        house.close().await;
    });
}

/// Others' rebuilds repeated what had been done before: mails, grants, orders.
#[test]
fn a_rebuild_changes_nothing_but_its_own_tables() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let mut random = Random::of(3);
        for _ in 0..30 {
            house.something(&mut random, &[guild(1), guild(2)], 3).await;
        }
        let all = ["balances", "weekly_gains", "transactions"];
        house.caught_up(&all).await;
        let head = house.log.head().await.unwrap();
        let people = house.people.count().await.unwrap();
        let others = "SELECT name, build, slice, position, applied FROM projection_checkpoints \
                      WHERE name <> 'balances' ORDER BY name, build, slice";
        let untouched = house.rows(others).await;

        house.ask(Verb::Rebuild, "balances", None).await.unwrap();
        house.caught_up(&all).await;
        assert_eq!(house.log.head().await.unwrap(), head);
        assert_eq!(house.people.count().await.unwrap(), people);
        assert_eq!(house.rows(others).await, untouched);
        Expected::of(&house).await.assert_shown(&house.shown().await, "after the rebuild");
        runtime.shutdown().await;
        house.close().await;
    });
}
