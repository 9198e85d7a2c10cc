//! A new build is made beside the live one, and nobody who reads notices.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::economy::Event;
use eventlog::Position;
use projections::{BuildStatus, RuntimeOptions, Verb, boxed, economy::balances};

use crate::support::{
    Control, Expected, House, Process, Site, SlowLog, Tally, TallyTwo, guild, on_each_store,
    on_sqlite, opened, person, received, registered, small_batches, tampered, until,
};

/// A build that is not this far behind is swapped in at once.
const LONG: u32 = 2_500;

async fn long_history(house: &House) {
    let events: Vec<Event> = (0..LONG).map(|n| received(person(n % 7), 1)).collect();
    house.append(guild(4), &events).await;
    house.append(guild(5), &[opened(person(1), 50)]).await;
}

fn building(builds: &[BuildStatus]) -> Option<&BuildStatus> {
    builds.iter().find(|build| build.state == "building")
}

#[test]
fn a_raised_version_is_built_beside_the_live_one_and_then_takes_its_place() {
    on_each_store(async |site| {
        let house = site.open().await;
        long_history(&house).await;
        let runtime = house.run(vec![boxed::<Tally>()], RuntimeOptions::default()).await;
        house.caught_up(&["tally"]).await;
        let old = house.tally().await;
        let long = i64::from(LONG);
        assert_eq!(old, [(4, long, long), (5, 1, 0)]);
        assert_eq!(house.tables_like("tally").await, ["tally_v1"]);
        runtime.shutdown().await;

        let control = Control::new();
        control.close();
        let two = || tampered(boxed::<TallyTwo>(), &control);
        let runtime = house.run(vec![two()], small_batches(500)).await;
        house.append(guild(4), &[received(person(1), 30)]).await;
        control.let_through(1);
        until("the new build has begun", async || {
            building(&house.builds("tally").await).is_some_and(|build| build.applied > 0)
        })
        .await;
        let builds = house.builds("tally").await;
        let short: Vec<_> =
            builds.iter().map(|b| (b.version, b.state.as_str(), b.lag_events > 0)).collect();
        assert_eq!(short, [(1, "live", true), (2, "building", true)]);
        assert_eq!(house.tally().await, old, "the old view still answers");
        assert_eq!(house.tables_like("tally").await, ["tally_v1", "tally_v2"]);

        control.open();
        until("version 2 is live", async || house.live("tally").await.version == 2).await;
        house.caught_up(&["tally"]).await;
        assert_eq!(house.tally().await, [(4, long + 1, long + 30), (5, 1, 0)]);
        let twice = house.rows("SELECT twice FROM tally ORDER BY guild").await;
        assert_eq!(twice[0].int(0).unwrap(), 2 * (long + 30));
        assert_eq!(house.tables_like("tally").await, ["tally_v2"]);
        assert_eq!(house.builds("tally").await.len(), 1);
        let left = "SELECT build FROM projection_checkpoints WHERE name = 'tally' AND build = 1";
        assert_eq!(house.rows(left).await, []);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn an_older_binary_leaves_a_newer_build_alone() {
    on_each_store(async |site| {
        let house = site.open().await;
        long_history(&house).await;
        let runtime = house.run(vec![boxed::<TallyTwo>()], RuntimeOptions::default()).await;
        house.caught_up(&["tally"]).await;
        runtime.shutdown().await;

        let runtime = house.run(vec![boxed::<Tally>()], RuntimeOptions::default()).await;
        house.ask(Verb::Retry, "horoscopes", Some(guild(4))).await.unwrap_err(); // it is at work
        let builds = house.builds("tally").await;
        assert_eq!(builds.iter().map(|build| build.version).collect::<Vec<_>>(), [2]);
        house.rows("SELECT twice FROM tally").await;
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn a_rebuild_loses_and_doubles_nothing_while_others_write_and_read() {
    on_each_store(async |site| {
        let house = Arc::new(site.open().await);
        long_history(&house).await;
        // What is history by now is read anew only as this test lets it.
        let log = Arc::new(SlowLog::new(&house.log));
        let runtime = house.run_on(Arc::clone(&log), registered("balances")).await;
        house.caught_up(&["balances"]).await;
        log.slow_down_before(house.log.head().await.unwrap());
        let id = house.begin(Verb::Rebuild, "balances", None).await;

        let done = Arc::new(AtomicBool::new(false));
        let writer = {
            let (house, done) = (Arc::clone(&house), Arc::clone(&done));
            tokio::spawn(async move {
                let mut written = 0;
                while !done.load(Ordering::SeqCst) && written < 400 {
                    house.append(guild(4), &[received(person(1), 1)]).await;
                    house.append(guild(6), &[received(person(2), 1)]).await;
                    written += 2;
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
                written
            })
        };
        let reader = {
            let (house, done) = (Arc::clone(&house), Arc::clone(&done));
            tokio::spawn(async move {
                let mut seen = 0;
                while !done.load(Ordering::SeqCst) {
                    let now = balances::supply(&house.store, guild(4)).await.unwrap().0;
                    assert!(now >= seen, "a reader went back from {seen} to {now}");
                    seen = now;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                seen
            })
        };

        let mut percents = vec![0];
        let slices = if house.pool.is_some() { 4 } else { 1 };
        until("each slice wants its first page", async || log.waits() == slices).await;
        log.let_through(slices);
        while percents.len() < 6 {
            log.let_through(2);
            until("the new build moves on", async || {
                let builds = house.builds("balances").await;
                let percent = building(&builds).map_or(0, |build| build.percent);
                let grown = percent > *percents.last().unwrap();
                if grown {
                    percents.push(percent);
                }
                grown
            })
            .await;
            let live = house.live("balances").await;
            assert_eq!((live.build, live.lag_events < 100), (1, true), "{percents:?}");
        }
        // It is still behind when it takes the place of the live one, so slow is the log.
        until("the new build is live", async || {
            log.let_through(1);
            tokio::time::sleep(Duration::from_millis(100)).await;
            house.live("balances").await.build == 2
        })
        .await;
        log.speed_up();
        assert_eq!(house.answer(&id).await.unwrap(), "build 2 is live");
        done.store(true, Ordering::SeqCst);
        let written = writer.await.unwrap();
        assert!(written > 10);
        assert!(reader.await.unwrap() >= i64::from(LONG));
        house.caught_up(&["balances"]).await;
        let expected = Expected::of(&house).await;
        let shown = house.shown_balances().await;
        assert_eq!(shown, expected.balances);
        assert_eq!(house.tables_like("balances").await, ["balances_v1_b2"]);
        let everything = house.log.head().await.unwrap().0;
        assert_eq!(house.applied("balances").await, everything, "each event once");
        runtime.shutdown().await;
    });
}

#[test]
fn given_a_process_killed_while_rebuilding_then_the_next_goes_on_from_its_checkpoint() {
    on_each_store(async |site| {
        let house = site.open().await;
        long_history(&house).await;
        let before = Control::new();
        let transactions = tampered(registered("transactions"), &before);
        let process =
            Process::start(&site, &house, &house.clock, vec![transactions], small_batches(100))
                .await;
        house.caught_up(&["transactions"]).await;
        before.close();
        before.let_through(2);
        let id = house.begin(Verb::Rebuild, "transactions", None).await;
        until("the new build waits for more", async || before.waits() > 0).await;
        let reached = building(&house.builds("transactions").await).unwrap().applied;
        assert!(reached > 0);
        process.kill();
        assert_eq!(house.shown_transactions().await.len(), 1 + LONG as usize);

        house.clock.pass_secs(60);
        let after = Control::new();
        let transactions = tampered(registered("transactions"), &after);
        let runtime = house.run(vec![transactions], small_batches(100)).await;
        house.answer(&id).await.unwrap();
        house.caught_up(&["transactions"]).await;
        assert!(after.folded().len() as u64 <= 1 + u64::from(LONG) - reached);
        assert_eq!(house.applied("transactions").await, 1 + u64::from(LONG));
        assert_eq!(house.shown_transactions().await, Expected::of(&house).await.transactions);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_second_rebuild_then_it_is_refused_while_the_first_goes_on() {
    on_each_store(async |site| {
        let house = site.open().await;
        long_history(&house).await;
        let log = Arc::new(SlowLog::new(&house.log));
        let runtime = house.run_on(Arc::clone(&log), registered("balances")).await;
        house.caught_up(&["balances"]).await;
        log.slow_down_before(house.log.head().await.unwrap());
        let first = house.begin(Verb::Rebuild, "balances", None).await;
        until("it is being built", async || building(&house.builds("balances").await).is_some())
            .await;
        let second = house.ask(Verb::Rebuild, "balances", None).await;
        assert_eq!(second.unwrap_err(), "it is being rebuilt already");
        log.speed_up();
        house.answer(&first).await.unwrap();
        house.caught_up(&["balances"]).await;
        assert_eq!(house.shown_balances().await, Expected::of(&house).await.balances);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn one_guild_is_rebuilt_in_place_while_the_others_go_on() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.run(projections::registered(), small_batches(100)).await;
        for number in [4, 8] {
            let events: Vec<Event> = (0..300).map(|n| received(person(n % 5), 1)).collect();
            house.append(guild(number), &events).await;
        }
        house.caught_up(&["balances"]).await;
        // Damage in both guilds, of which only one is rebuilt.
        let damage = "UPDATE balances_v1 SET balance = balance + 1000 WHERE person = 1";
        assert_eq!(house.db.execute(damage, &[]).await.unwrap(), 2);
        let id = house.begin(Verb::RebuildGuild, "balances", Some(guild(4))).await;
        for number in [4, 8, 4, 8] {
            house.append(guild(number), &[received(person(3), 5)]).await;
        }
        house.answer(&id).await.unwrap();
        house.caught_up(&["balances"]).await;

        let mut expected = Expected::of(&house).await.balances;
        expected.get_mut(&(guild(8).as_i64(), 1)).unwrap().0 += 1_000;
        assert_eq!(house.shown_balances().await, expected);
        assert_eq!(house.parked("balances").await, []);
        assert_eq!(house.builds("balances").await.len(), 1);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_write_that_does_not_end_on_sqlite_then_views_answer_all_the_same() {
    on_sqlite(&async |site: Site| {
        let house = site.open().await;
        let control = Control::new();
        let balances = tampered(registered("balances"), &control);
        let runtime = house.run(vec![balances], RuntimeOptions::default()).await;
        house.append(guild(1), &[opened(person(1), 10)]).await;
        house.caught_up(&["balances"]).await;

        control.close_up_to(Position(u64::MAX));
        house.append(guild(1), &[received(person(1), 5)]).await;
        let second = rusqlite::Connection::open(site.directory().join("read.db")).unwrap();
        second.busy_timeout(Duration::ZERO).unwrap();
        until("the store is being written", async || {
            second.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err()
        })
        .await;
        let supply = balances::supply(&house.store, guild(1)).await.unwrap();
        assert_eq!(supply.0, 10);
        let elsewhere: i64 =
            second.query_row("SELECT balance FROM balances", [], |row| row.get(0)).unwrap();
        assert_eq!(elsewhere, 10);
        let mode: String = second.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");

        control.open();
        house.caught_up(&["balances"]).await;
        assert_eq!(balances::supply(&house.store, guild(1)).await.unwrap().0, 15);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_build_that_has_caught_up_then_it_has_the_indexes_that_readers_use() {
    on_each_store(async |site| {
        let house = site.open().await;
        long_history(&house).await;
        let members = registered("activity_members");
        let version = members.version();
        let runtime = house.run(vec![members], small_batches(100)).await;
        house.caught_up(&["activity_members"]).await;
        let sql = if house.store.is_sqlite() {
            "SELECT name FROM sqlite_master WHERE type = 'index'"
        } else {
            "SELECT CAST(indexname AS text) FROM pg_indexes WHERE schemaname = current_schema()"
        };
        let rows = house.rows(sql).await;
        let names: Vec<_> = rows.iter().map(|row| row.text(0).unwrap()).collect();
        for name in ["members", "joins"].into_iter().zip(["person", "first"]) {
            let name = format!("activity_{}_v{version}_{}", name.0, name.1);
            assert!(names.contains(&name.as_str()), "{name} is missing: {names:?}");
        }
        runtime.shutdown().await;
    });
}
