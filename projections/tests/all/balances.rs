//! Balances and the all-time board; and all read models together, after any history.

use projections::economy::balances::{self, MAX_TOP};

use crate::support::{Expected, House, Random, guild, on_each_store, opened, person, received};

const ECONOMY: [&str; 3] = ["balances", "weekly_gains", "transactions"];
const HISTORIES: u64 = 3;
const STEPS: usize = 60;

// proves: ECO-06, ECO-08, ECO-11, ECO-12
#[test]
fn after_any_history_and_any_restarts_read_models_equal_the_log() {
    on_each_store(async |site| {
        let house = site.open().await;
        let guilds = [guild(1), guild(2), guild(3)];
        for seed in 0..HISTORIES {
            let mut random = Random::of(seed);
            let mut runtime = Some(house.project().await);
            for _ in 0..STEPS {
                house.something(&mut random, &guilds, 4).await;
                if random.below(15) == 0
                    && let Some(running) = runtime.take()
                {
                    // A clean end, or dropped in the middle of whatever it does.
                    if random.below(2) == 0 {
                        running.shutdown().await;
                    }
                    runtime = Some(house.project().await);
                }
            }
            house.caught_up(&ECONOMY).await;
            let expected = Expected::of(&house).await;
            assert!(expected.transactions.len() > 20, "seed {seed}: nothing much happened");
            expected.assert_shown(&house.shown().await, &format!("seed {seed}"));
            if let Some(running) = runtime {
                running.shutdown().await;
            }
        }
        house.close().await;
    });
}

// proves: ECO-06
#[test]
fn given_a_transfer_then_both_members_balances_show_it() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        house.grant(guild(1), person(1), 100, None).await;
        house.transfer(guild(1), person(1), person(2), 30, None).await;
        house.caught_up(&["balances"]).await;

        let of = async |number| {
            let line = balances::of(&house.store, guild(1), person(number)).await.unwrap().unwrap();
            (line.balance.0, line.received.0, line.sent.0, line.earned.0, line.erased)
        };
        assert_eq!(of(1).await, (95, 0, 30, 125, false));
        assert_eq!(of(2).await, (55, 30, 0, 25, false));
        assert_eq!(balances::of(&house.store, guild(2), person(1)).await.unwrap(), None);
        assert_eq!(balances::supply(&house.store, guild(1)).await.unwrap().0, 150);
        assert_eq!(balances::supply(&house.store, guild(2)).await.unwrap().0, 0);
        runtime.shutdown().await;
        house.close().await;
    });
}

async fn top(house: &House, limit: u32) -> Vec<(u32, i64)> {
    let top = balances::top(&house.store, guild(1), limit).await.unwrap();
    top.iter().map(|line| (line.person.0, line.balance.0)).collect()
}

// proves: ECO-08
#[test]
fn the_board_has_the_richest_first_and_ties_stay_in_place() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        for (number, amount) in [(4, 50), (2, 70), (3, 50), (1, 50), (5, 90)] {
            house.append(guild(1), &[opened(person(number), amount)]).await;
        }
        house.append(guild(2), &[opened(person(9), 1_000)]).await;
        house.caught_up(&["balances"]).await;
        let board = [(5, 90), (2, 70), (1, 50), (3, 50), (4, 50)];
        assert_eq!(top(&house, 10).await, board);
        assert_eq!(top(&house, 3).await, board[..3]);

        // Rows that move on the disk do not move on the board.
        house.append(guild(1), &[received(person(3), 1)]).await;
        let back = [received(person(1), 1), received(person(4), 1)];
        house.append(guild(1), &back).await;
        house.caught_up(&["balances"]).await;
        assert_eq!(top(&house, 10).await, [(5, 90), (2, 70), (1, 51), (3, 51), (4, 51)]);
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: ECO-08
#[test]
fn the_board_is_never_longer_than_its_maximum() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let members: Vec<_> = (1..=MAX_TOP + 20).map(|n| opened(person(n), 7)).collect();
        house.append(guild(1), &members).await;
        house.caught_up(&["balances"]).await;
        let board = top(&house, u32::MAX).await;
        assert_eq!(board.len(), MAX_TOP as usize);
        assert!(board.iter().map(|line| line.0).eq(1..=MAX_TOP));
        assert_eq!(top(&house, 0).await, []);
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_an_erased_person_then_the_balance_stays_and_says_so() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let (ann, bob) = (house.somebody(guild(1), 11).await, house.somebody(guild(1), 12).await);
        let elsewhere = house.somebody(guild(2), 11).await;
        house.grant(guild(1), ann, 10, None).await;
        house.grant(guild(1), bob, 10, None).await;
        house.grant(guild(2), elsewhere, 10, None).await;
        house.bus.erase_person(guild(1), ann).await.unwrap();
        house.caught_up(&["balances"]).await;

        let line = async |guild, person| {
            let line = balances::of(&house.store, guild, person).await.unwrap().unwrap();
            (line.balance.0, line.erased)
        };
        assert_eq!(line(guild(1), ann).await, (35, true));
        assert_eq!(line(guild(1), bob).await, (35, false));
        assert_eq!(line(guild(2), elsewhere).await, (35, false));
        runtime.shutdown().await;
        house.close().await;
    });
}
