//! How far a read model is behind, and what is said when it stands still.

use std::time::Duration;

use projections::{RuntimeOptions, boxed};

use crate::support::{
    Control, Site, Tally, guild, on_each_store, on_postgres, on_sqlite, opened, person, received,
    registered, tampered, told, until,
};

#[test]
fn lag_is_told_in_events_and_in_seconds() {
    on_each_store(async |site| {
        let house = site.open().await;
        let control = Control::new();
        let balances = tampered(registered("balances"), &control);
        let runtime = house.run(vec![balances], RuntimeOptions::default()).await;
        let lag = async || {
            let live = house.live("balances").await;
            (live.lag_events, live.lag_secs)
        };
        assert_eq!(lag().await, (0, 0), "an empty log is nothing to be behind of");
        house.append(guild(1), &[opened(person(1), 10)]).await;
        house.caught_up(&["balances"]).await;
        house.clock.pass_secs(3_600);
        assert_eq!(lag().await, (0, 0), "a quiet log neither");

        control.close();
        house.append(guild(1), &[received(person(1), 5), received(person(1), 6)]).await;
        house.clock.pass_secs(50);
        house.append(guild(1), &[received(person(1), 7)]).await;
        house.clock.pass_secs(40);
        assert_eq!(lag().await, (3, 90), "the oldest event that waits counts");

        control.open();
        house.caught_up(&["balances"]).await;
        assert_eq!(lag().await, (0, 0));
        assert_eq!(house.live("balances").await.percent, 100);
        assert_eq!(house.live("balances").await.updated_at, house.clock.now());
        runtime.shutdown().await;
        house.close().await;
    });
}

const ALARM: &str = "a projection stands still";

/// One after the other: both would be told in the same log.
fn on_each_store_in_turn(test: impl AsyncFn(Site)) {
    on_sqlite(&test);
    on_postgres(&test);
}

fn alarm_after(millis: u64) -> RuntimeOptions {
    RuntimeOptions { stall_alarm: Duration::from_millis(millis), ..RuntimeOptions::default() }
}

#[test]
fn given_a_write_that_does_not_end_then_an_alarm_is_raised_once() {
    on_each_store_in_turn(async |site| {
        let house = site.open().await;
        let control = Control::new();
        let tally = tampered(boxed::<Tally>(), &control);
        let runtime = house.run(vec![tally], alarm_after(300)).await;
        let before = told(&[ALARM, "tally"]);
        house.append(guild(1), &[opened(person(1), 10)]).await;
        house.caught_up(&["tally"]).await;
        control.close();
        house.append(guild(1), &[received(person(1), 5)]).await;
        until("the alarm", async || told(&[ALARM, "tally"]) > before).await;
        control.open();
        house.caught_up(&["tally"]).await;
        assert_eq!(told(&[ALARM, "tally"]), before + 1);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_store_that_fails_for_ever_then_an_alarm_is_raised_as_well() {
    on_each_store_in_turn(async |site| {
        let house = site.open().await;
        let control = Control::new();
        control.fail_after_writing(); // and is tried again several times before the alarm
        let weekly = tampered(registered("weekly_gains"), &control);
        let runtime = house.run(vec![weekly], alarm_after(2_000)).await;
        let before = told(&[ALARM, "weekly_gains"]);
        house.append(guild(1), &[opened(person(1), 10)]).await;
        until("the alarm", async || told(&[ALARM, "weekly_gains"]) > before).await;
        control.mend();
        house.caught_up(&["weekly_gains"]).await;
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_write_that_does_not_end_then_a_shutdown_does_and_nothing_is_committed() {
    on_postgres(&async |site: Site| {
        let house = site.open().await;
        let control = Control::new();
        control.close();
        let tally = tampered(boxed::<Tally>(), &control);
        let runtime = house.run(vec![tally], RuntimeOptions::default()).await;
        house.append(guild(1), &[opened(person(1), 10)]).await;
        until("it is being written", async || control.waits() > 0).await;
        let shutdown = tokio::time::timeout(Duration::from_secs(15), runtime.shutdown());
        shutdown.await.expect("a shutdown ends");
        control.open();
        assert_eq!(house.tally().await, []);
        assert_eq!(house.applied("tally").await, 0);
        house.close().await;
    });
}
