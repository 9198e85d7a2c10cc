//! The daily reward for messages: once a day, and cheap.

use std::time::Instant;

use domain::{Bytes, IdempotencyKey};
use eventlog::sql::Value;

use crate::support::{Site, ann, fresh, guild, on_each_store, user};

fn message(number: u64) -> IdempotencyKey {
    IdempotencyKey::new(format!("message/{number}")).unwrap()
}

// proves: ECO-02, ECO-14
#[test]
fn given_messages_of_a_day_then_the_first_one_pays_whoever_sees_it_and_however_often() {
    on_each_store(async |site| {
        let house = site.open().await;
        let now = house.actions.now();
        let mut paid = Vec::new();
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let actions = house.actions.clone();
                tokio::spawn(async move {
                    let key = message(number % 4);
                    actions.award_daily_for_message(guild(), ann(), now, &key).await.unwrap()
                })
            })
            .collect();
        for task in tasks {
            paid.extend(task.await.unwrap());
        }
        assert!(paid.iter().filter(|daily| !daily.repeated).count() == 1, "{paid:?}");
        assert!(paid.iter().all(|daily| daily.amount == Bytes(10)));
        // After a restart the ledger knows it.
        house.close().await;
        let house = site.open().await;
        let late = house.actions.award_daily_for_message(guild(), ann(), now, &message(99)).await;
        assert_eq!(late.unwrap(), None);
        site.pass_secs(86_400);
        let now = house.actions.now();
        let next = house.actions.award_daily_for_message(guild(), ann(), now, &message(100)).await;
        assert_eq!(next.unwrap().unwrap().streak_days, 2);
        assert_eq!(house.actions.balance(guild(), ann()).await.unwrap(), Bytes(20));
        house.close().await;
    });
}

/// Takes away every store: whoever asks one fails.
pub async fn without_stores(house: &crate::support::House, site: &Site) {
    house.actions.bus().shutdown().await;
    let away = "DROP TABLE people";
    if site.is_sqlite() {
        let people = rusqlite::Connection::open(site.directory().join("people.db")).unwrap();
        people.execute_batch(away).unwrap();
    } else {
        house.work.execute(away, &[] as &[Value]).await.unwrap();
        house.work.execute("DROP TABLE events CASCADE", &[]).await.unwrap();
    }
}

// proves: GRD-09
#[test]
fn given_a_member_who_was_paid_today_then_a_message_asks_no_store_at_all() {
    on_each_store(async |site| {
        let house = site.open().await;
        let now = house.actions.now();
        for member in 1..=50 {
            let key = message(member);
            house.actions.award_daily_for_message(guild(), user(member), now, &key).await.unwrap();
        }
        without_stores(&house, &site).await;
        let new = house.actions.award_daily_for_message(guild(), user(51), now, &message(51)).await;
        assert!(new.is_err(), "the stores are not away: {new:?}");
        let began = Instant::now();
        let messages = 100_000_u64;
        for number in 0..messages {
            let (user, key) = (user(1 + number % 50), message(1_000));
            let paid = house.actions.award_daily_for_message(guild(), user, now, &key).await;
            assert_eq!(paid.unwrap(), None);
        }
        let each = began.elapsed() / u32::try_from(messages).unwrap();
        println!("a message of somebody who was paid today: {each:?}");
    });
}

// proves: ECO-02
#[test]
fn given_rewards_by_command_or_off_then_messages_pay_nothing() {
    on_each_store(async |site| {
        let house = site.open().await;
        for mode in ["command", "off"] {
            house.set("economy", "daily", mode).await;
            let now = house.actions.now();
            let paid = house.actions.award_daily_for_message(guild(), ann(), now, fresh()).await;
            assert_eq!(paid.unwrap(), None, "{mode}");
        }
        house.set("economy", "daily", "automatic").await;
        let now = house.actions.now();
        let paid = house.actions.award_daily_for_message(guild(), ann(), now, fresh()).await;
        assert!(paid.unwrap().is_some(), "what was refused before is not remembered");
        house.close().await;
    });
}
