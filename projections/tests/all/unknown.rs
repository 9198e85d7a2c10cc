//! An event type from the future: wait for the binary that knows it.

use domain::EventType;
use projections::RuntimeOptions;

use crate::support::{
    Control, Expected, guild, on_each_store, opened, person, received, registered, small_batches,
    tampered, told, until,
};

#[test]
fn given_an_unknown_type_then_what_follows_it_pauses_and_never_skips() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        house.append(guild(4), &[opened(person(1), 10), received(person(1), 5)]).await;
        house.append_unknown(guild(4), "people", EventType::new("people.person_named", 1)).await;
        house.append(guild(4), &[received(person(1), 7)]).await;
        house.caught_up(&["weekly_gains"]).await; // of no concern to it
        for name in ["balances", "transactions"] {
            until(&format!("{name} pauses"), async || house.live(name).await.paused.is_some())
                .await;
            let live = house.live(name).await;
            let reason = live.paused.unwrap();
            assert!(reason.contains("people.person_named v1"), "{reason}");
            assert!(reason.contains("install the version that wrote it"), "{reason}");
            assert_eq!((live.applied, live.lag_events, live.parked_guilds), (2, 2, 0), "{name}");
            assert_eq!(house.dead_letters(name).await, []);
        }
        let balances = house.rows("SELECT balance FROM balances").await;
        assert_eq!(balances[0].int(0).unwrap(), 15, "all that was before it, nothing after");

        // More of the same, and a restart, do not get anybody past it.
        house.append(guild(4), &[received(person(1), 100)]).await;
        runtime.shutdown().await;
        let runtime = house.project().await;
        house.caught_up(&["weekly_gains"]).await;
        let live = house.live("balances").await;
        assert_eq!((live.applied, live.lag_events), (2, 3));
        assert!(live.paused.is_some());

        // Trying again does not even touch the checkpoint, so the reason does not flicker.
        house.clock.pass_secs(5);
        let tried = told(&["cannot go on", "balances"]);
        until("it is tried again", async || told(&["cannot go on", "balances"]) > tried + 1).await;
        assert_eq!(house.live("balances").await.updated_at, live.updated_at);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_version_that_knows_the_type_then_it_goes_on_from_there() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.append(guild(4), &[opened(person(1), 10)]).await;
        house.append_unknown(guild(4), "economy", EventType::new("economy.comet_seen", 3)).await;
        house.append(guild(4), &[received(person(1), 7)]).await;
        let runtime = house.run(vec![registered("transactions")], RuntimeOptions::default()).await;
        let paused = async || house.live("transactions").await.paused.is_some();
        until("it pauses", paused).await;
        runtime.shutdown().await;

        // To this one the event means something: here, nothing.
        let control = Control::new();
        control.disregard(|event| event.type_name == "economy.comet_seen");
        let newer = tampered(registered("transactions"), &control);
        let runtime = house.run(vec![newer], small_batches(100)).await;
        house.caught_up(&["transactions"]).await;
        assert_eq!(house.live("transactions").await.paused, None);
        assert_eq!(control.folded().len(), 1, "what was folded before is not folded again");
        assert_eq!(house.shown_transactions().await, Expected::of(&house).await.transactions);
        runtime.shutdown().await;
        house.close().await;
    });
}
