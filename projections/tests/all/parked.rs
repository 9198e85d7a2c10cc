//! An event that cannot be folded parks its guild, and nobody else's.

use domain::GuildId;
use projections::{Asked, Requests, Verb, boxed};

use crate::support::{
    Control, Expected, House, Process, Tally, TallyTwo, guild, on_each_store, opened, person,
    received, registered, small_batches, tampered, until,
};

/// All on one slice, so that they share batches.
const GUILDS: [u64; 5] = [4, 8, 12, 16, 20];

async fn five_guilds(house: &House) {
    for round in 0..4 {
        for number in GUILDS {
            let member = person(1 + round);
            house.append(guild(number), &[opened(member, 10), received(member, 1)]).await;
        }
    }
}

async fn guilds_shown(house: &House) -> Vec<GuildId> {
    let rows = house.rows("SELECT DISTINCT guild FROM transactions ORDER BY guild").await;
    rows.iter().map(|row| GuildId::from_i64(row.int(0).unwrap()).unwrap()).collect()
}

#[test]
fn given_a_poison_event_then_its_guild_waits_and_a_retry_catches_it_up() {
    on_each_store(async |site| {
        let house = site.open().await;
        let control = Control::new();
        control.spoil(|event| event.guild() == guild(8) && event.guild_seq == 3);
        let transactions = tampered(registered("transactions"), &control);
        let runtime = house.run(vec![transactions], small_batches(7)).await;
        five_guilds(&house).await;
        house.passed_everything(&["transactions"]).await;
        assert_eq!(house.parked("transactions").await, [guild(8)]);
        assert_eq!(house.live("transactions").await.parked_guilds, 1);
        let letters = house.dead_letters("transactions").await;
        let [letter] = letters.as_slice() else { panic!("{letters:?}") };
        let log = house.log.read_guild(guild(8), 2, 1).await.unwrap();
        assert_eq!((letter.guild, letter.guild_seq, letter.attempts), (guild(8), 3, 1));
        assert_eq!(letter.event, log[0].id.to_string());
        assert_eq!(letter.event_type, "economy.account_opened v1");
        assert!(letter.error_id.starts_with("E-"), "{letter:?}");
        assert!(letter.error.contains("does not match its hash"), "{letter:?}");

        // Its later events are not folded either, those of others are.
        for number in GUILDS {
            house.append(guild(number), &[opened(person(9), 3)]).await;
        }
        house.passed_everything(&["transactions"]).await;
        let mut expected = Expected::of(&house).await.transactions;
        let mut shown = house.shown_transactions().await;
        shown.retain(|(of, _), _| *of != guild(8).as_i64());
        let whole = expected.clone();
        expected.retain(|(of, _), _| *of != guild(8).as_i64());
        assert_eq!(shown, expected);

        control.mend();
        house.ask(Verb::Retry, "transactions", Some(guild(8))).await.unwrap();
        assert_eq!(house.shown_transactions().await, whole);
        assert_eq!(house.parked("transactions").await, []);
        assert_eq!(house.dead_letters("transactions").await, []);

        // And it follows again.
        house.append(guild(8), &[opened(person(10), 3)]).await;
        house.caught_up(&["transactions"]).await;
        assert_eq!(house.shown_transactions().await, Expected::of(&house).await.transactions);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_fold_that_panics_then_only_that_guild_waits() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.run(vec![boxed::<Tally>()], small_batches(7)).await;
        house.append(guild(8), &[received(person(1), Tally::DEFECT)]).await;
        for number in GUILDS {
            house.append(guild(number), &[received(person(1), 5)]).await;
        }
        house.passed_everything(&["tally"]).await;
        assert_eq!(house.parked("tally").await, [guild(8)]);
        let letters = house.dead_letters("tally").await;
        assert!(letters[0].error.contains("panicked"), "{letters:?}");
        assert_eq!(house.tally().await, [(4, 1, 5), (12, 1, 5), (16, 1, 5), (20, 1, 5)]);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_several_poison_guilds_in_one_batch_then_only_those_wait() {
    on_each_store(async |site| {
        let house = site.open().await;
        five_guilds(&house).await;
        let control = Control::new();
        let poisoned = [guild(4), guild(12), guild(20)];
        control.spoil(move |event| poisoned.contains(&event.guild()) && event.guild_seq == 2);
        let transactions = tampered(registered("transactions"), &control);
        let runtime = house.run(vec![transactions], small_batches(2_000)).await;
        house.passed_everything(&["transactions"]).await;
        assert_eq!(house.parked("transactions").await, poisoned);
        assert_eq!(house.dead_letters("transactions").await.len(), 3);
        assert_eq!(guilds_shown(&house).await, [guild(8), guild(16)]);

        control.mend();
        for poisoned in poisoned {
            house.ask(Verb::Retry, "transactions", Some(poisoned)).await.unwrap();
        }
        house.caught_up(&["transactions"]).await;
        assert_eq!(house.shown_transactions().await, Expected::of(&house).await.transactions);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_the_cause_is_still_there_then_retries_fail_and_are_counted() {
    on_each_store(async |site| {
        let house = site.open().await;
        five_guilds(&house).await;
        let control = Control::new();
        control.spoil(|event| event.guild() == guild(8) && event.guild_seq >= 4);
        let transactions = tampered(registered("transactions"), &control);
        let runtime = house.run(vec![transactions], small_batches(2_000)).await;
        house.passed_everything(&["transactions"]).await;
        let mut ids = vec![house.dead_letters("transactions").await.remove(0).error_id];
        for attempts in 2..=3 {
            let refused = house.ask(Verb::Retry, "transactions", Some(guild(8))).await;
            assert!(refused.unwrap_err().contains("does not match its hash"));
            let letters = house.dead_letters("transactions").await;
            let [letter] = letters.as_slice() else { panic!("{letters:?}") };
            assert_eq!((letter.guild_seq, letter.attempts), (4, attempts));
            assert!(!ids.contains(&letter.error_id));
            ids.push(letter.error_id.clone());
        }
        // What came before the poison is folded by now.
        let shown = house.shown_transactions().await;
        let of_guild = shown.keys().filter(|(of, _)| *of == guild(8).as_i64());
        assert_eq!(of_guild.map(|(_, seq)| *seq).collect::<Vec<_>>(), [1, 2, 3]);

        control.mend();
        house.ask(Verb::Retry, "transactions", Some(guild(8))).await.unwrap();
        house.caught_up(&["transactions"]).await;
        assert_eq!(house.shown_transactions().await, Expected::of(&house).await.transactions);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_damaged_row_in_the_log_then_its_guild_waits_until_it_is_mended() {
    on_each_store(async |site| {
        let house = site.open().await;
        five_guilds(&house).await;
        let sound = house.log.read_guild(guild(12), 1, 1).await.unwrap().remove(0);
        let damaged = sound.payload.replace("\"1\"", "\"1000\"");
        assert_ne!(*damaged, *sound.payload);
        site.rewrite_payload(&house, sound.position, &damaged).await;

        let runtime = house.project().await;
        let all = ["balances", "weekly_gains", "transactions"];
        house.passed_everything(&all).await;
        for name in all {
            assert_eq!(house.parked(name).await, [guild(12)], "{name}");
            let letter = house.dead_letters(name).await.remove(0);
            assert_eq!((letter.guild_seq, letter.attempts), (2, 1), "{name}");
            assert!(letter.error.contains("the log is damaged"), "{letter:?}");
        }
        assert_eq!(guilds_shown(&house).await, [guild(4), guild(8), guild(16), guild(20)]);

        site.rewrite_payload(&house, sound.position, &sound.payload).await;
        for name in all {
            house.ask(Verb::Retry, name, Some(guild(12))).await.unwrap();
        }
        house.caught_up(&all).await;
        Expected::of(&house).await.assert_shown(&house.shown().await, "once mended");
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_rows_that_the_store_refuses_then_the_culprit_waits_and_the_others_go_on() {
    on_each_store(async |site| {
        let house = site.open().await;
        for amount in [3, 5, Tally::MOST, 7] {
            for number in GUILDS {
                // Only one guild goes beyond what the table takes.
                let amount = if number == 16 { amount } else { 1 };
                house.append(guild(number), &[received(person(1), amount)]).await;
            }
        }
        let runtime = house.run(vec![boxed::<Tally>()], small_batches(2_000)).await;
        house.passed_everything(&["tally"]).await;
        assert_eq!(house.parked("tally").await, [guild(16)]);
        let letter = house.dead_letters("tally").await.remove(0);
        assert!(letter.error.to_lowercase().contains("check constraint"), "{letter:?}");
        let others: Vec<_> = GUILDS.into_iter().filter(|n| *n != 16).map(|n| (n, 4, 4)).collect();
        assert_eq!(house.tally().await, others);

        // A retry goes as far as it can, and then knows which event it is.
        house.ask(Verb::Retry, "tally", Some(guild(16))).await.unwrap_err();
        let letter = house.dead_letters("tally").await.remove(0);
        assert_eq!((letter.guild_seq, letter.attempts), (3, 2));
        assert!(house.tally().await.contains(&(16, 2, 8)));
        house.append(guild(4), &[received(person(1), 6)]).await;
        house.passed_everything(&["tally"]).await;
        assert!(house.tally().await.contains(&(4, 5, 10)));
        runtime.shutdown().await;

        // The cause is mended by a version whose table has no such limit.
        let runtime = house.run(vec![boxed::<TallyTwo>()], small_batches(2_000)).await;
        until("version 2 is live", async || house.live("tally").await.version == 2).await;
        house.caught_up(&["tally"]).await;
        assert!(house.tally().await.contains(&(16, 4, Tally::MOST + 15)));
        assert_eq!(house.parked("tally").await, []);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_a_process_that_dies_with_an_order_then_the_next_one_carries_it_out() {
    on_each_store(async |site| {
        let house = site.open().await;
        five_guilds(&house).await;
        let control = Control::new();
        control.spoil(|event| event.guild() == guild(8));
        let transactions = tampered(registered("transactions"), &control);
        let options = small_batches(2_000);
        let process =
            Process::start(&site, &house, &house.clock, vec![transactions], options.clone()).await;
        house.passed_everything(&["transactions"]).await;
        control.mend();
        control.close();
        let id = house.begin(Verb::Retry, "transactions", Some(guild(8))).await;
        let requests = Requests::new(house.store.clone());
        let is_running = async || matches!(requests.state(&id).await.unwrap(), Asked::Running(_));
        until("the order is being carried out", is_running).await;
        process.kill();

        house.clock.pass_secs(60);
        let runtime = house.run(vec![registered("transactions")], options).await;
        house.answer(&id).await.unwrap();
        house.caught_up(&["transactions"]).await;
        assert_eq!(house.shown_transactions().await, Expected::of(&house).await.transactions);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn orders_that_make_no_sense_are_answered() {
    on_each_store(async |site| {
        let house = site.open().await;
        five_guilds(&house).await;
        let runtime = house.project().await;
        house.caught_up(&["balances"]).await;
        let not_parked = house.begin(Verb::Retry, "balances", Some(guild(4))).await;
        let mut nonsense = Vec::new();
        for verb in [Verb::Rebuild, Verb::RebuildGuild, Verb::Retry] {
            nonsense.push(house.begin(verb, "horoscopes", Some(guild(4))).await);
        }
        assert_eq!(house.answer(&not_parked).await.unwrap(), "it is not parked");
        for id in nonsense {
            let answer = house.answer(&id).await;
            assert_eq!(answer.unwrap_err(), "there is no projection horoscopes");
        }
        runtime.shutdown().await;
        house.close().await;
    });
}
