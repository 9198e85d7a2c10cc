//! On PostgreSQL several processes share the work, and one that vanishes is replaced.

use std::collections::BTreeSet;

use eventlog::Position;
use projections::{RuntimeOptions, Verb};

use crate::support::{
    Control, Expected, House, Process, Site, guild, on_postgres, opened, person, received,
    registered, tampered, told, until,
};

const GUILDS: std::ops::RangeInclusive<u64> = 1..=8;

async fn somebody_everywhere(house: &House, number: u32) {
    for at in GUILDS {
        house.append(guild(at), &[opened(person(number), 1), received(person(number), 2)]).await;
    }
}

/// Who holds which slice, as the store says.
async fn owners(house: &House) -> Vec<String> {
    let sql = "SELECT owner FROM projection_checkpoints WHERE name = 'transactions' \
               ORDER BY slice";
    house.rows(sql).await.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
}

fn assert_once(folded: &[Vec<Position>], head: Position) {
    let all: Vec<_> = folded.concat();
    let distinct: BTreeSet<_> = all.iter().copied().collect();
    assert_eq!(distinct.len(), all.len(), "an event was folded twice");
    assert!(distinct.into_iter().eq((1..=head.0).map(Position)), "an event was left out");
}

#[test]
fn given_two_processes_then_each_slice_has_one_holder_and_no_event_is_folded_twice() {
    on_postgres(&async |site: Site| {
        let house = site.open().await;
        somebody_everywhere(&house, 1).await;
        let controls = [Control::new(), Control::new()];
        let mut processes = Vec::new();
        for control in &controls {
            let transactions = vec![tampered(registered("transactions"), control)];
            let options = RuntimeOptions::default();
            processes
                .push(Process::start(&site, &house, &house.clock, transactions, options).await);
        }
        for number in 2..20 {
            somebody_everywhere(&house, number).await;
        }
        house.caught_up(&["transactions"]).await;
        let holders = owners(&house).await;
        assert_eq!(holders.len(), 4);
        assert!(holders.iter().all(|owner| !owner.is_empty()), "{holders:?}");
        let folded = controls.each_ref().map(|control| control.folded());
        assert_once(&folded, house.log.head().await.unwrap());
        assert_eq!(house.shown_transactions().await, Expected::of(&house).await.transactions);
    });
}

#[test]
fn given_a_holder_that_vanishes_then_another_takes_over_once_its_lease_is_over() {
    on_postgres(&async |site: Site| {
        let house = site.open().await;
        let (one, two) = (Control::new(), Control::new());
        let options = RuntimeOptions::default();
        let transactions = vec![tampered(registered("transactions"), &one)];
        let first =
            Process::start(&site, &house, &house.clock, transactions, options.clone()).await;
        somebody_everywhere(&house, 1).await;
        house.caught_up(&["transactions"]).await;
        let before = owners(&house).await;

        let clock = house.clock.apart();
        let transactions = vec![tampered(registered("transactions"), &two)];
        let _second = Process::start(&site, &house, &clock, transactions, options).await;
        first.kill();
        somebody_everywhere(&house, 2).await;
        clock.pass_secs(10);
        // Exactly at its end a lease still holds; the second one has looked by now.
        until("the second asks for the slices", async || two.asked() > 0).await;
        assert_eq!(owners(&house).await, before);
        clock.pass_secs(1);
        house.caught_up(&["transactions"]).await;
        assert!(owners(&house).await.iter().all(|owner| !before.contains(owner)));
        assert_once(&[one.folded(), two.folded()], house.log.head().await.unwrap());
        assert_eq!(house.shown_transactions().await, Expected::of(&house).await.transactions);
    });
}

#[test]
fn given_a_holder_that_comes_back_too_late_then_its_commit_is_refused() {
    on_postgres(&async |site: Site| {
        let house = site.open().await;
        let (one, two) = (Control::new(), Control::new());
        let options = RuntimeOptions::default();
        let transactions = vec![tampered(registered("transactions"), &one)];
        let _first =
            Process::start(&site, &house, &house.clock, transactions, options.clone()).await;
        house.append(guild(4), &[opened(person(1), 1)]).await;
        house.caught_up(&["transactions"]).await;

        // It has read the next event, and then the machine stands still for a while.
        one.stand_aside();
        house.append(guild(4), &[received(person(1), 2)]).await;
        until("it stands still", async || one.stands_aside()).await;
        let clock = house.clock.apart();
        clock.pass_secs(11);
        two.stand_aside();
        let transactions = vec![tampered(registered("transactions"), &two)];
        let _second = Process::start(&site, &house, &clock, transactions, options).await;
        until("another has the slice", async || two.stands_aside()).await;
        let holder = owners(&house).await[0].clone();

        let lost = told(&["the slice is let go"]);
        one.come_back();
        until("it notices", async || told(&["the slice is let go"]) > lost).await;
        assert_eq!(house.applied("transactions").await, 1);
        two.come_back();
        house.append(guild(4), &[received(person(1), 3)]).await;
        house.caught_up(&["transactions"]).await;
        assert_eq!(owners(&house).await[0], holder);
        assert_eq!(one.folded(), [Position(1)]);
        assert_once(&[one.folded(), two.folded()], house.log.head().await.unwrap());
        assert_eq!(house.applied("transactions").await, 3);
        assert_eq!(house.shown_transactions().await, Expected::of(&house).await.transactions);
    });
}

#[test]
fn given_two_processes_that_start_together_then_they_build_and_rebuild_once() {
    on_postgres(&async |site: Site| {
        let house = site.open().await;
        somebody_everywhere(&house, 1).await;
        let options = RuntimeOptions::default;
        let (one, two) = tokio::join!(
            house.run(projections::registered(), options()),
            house.run(projections::registered(), options()),
        );
        let all = ["balances", "weekly_gains", "transactions"];
        house.caught_up(&all).await;
        assert_eq!(house.builds("balances").await.len(), 1);

        let first = house.begin(Verb::Rebuild, "balances", None).await;
        let second = house.begin(Verb::Rebuild, "balances", None).await;
        let answers = [house.answer(&first).await, house.answer(&second).await];
        let refused = Err("it is being rebuilt already".to_owned());
        assert!(answers.iter().any(Result::is_ok), "{answers:?}");
        assert!(answers.iter().all(|answer| answer.is_ok() || *answer == refused), "{answers:?}");
        somebody_everywhere(&house, 2).await;
        house.caught_up(&all).await;
        assert_eq!(house.builds("balances").await.len(), 1);
        assert_eq!(house.tables_like("balances").await.len(), 1);
        Expected::of(&house).await.assert_shown(&house.shown().await, "after the rebuild");
        one.shutdown().await;
        two.shutdown().await;
    });
}
