//! The daily reward for messages: once a day, and cheap.

use std::time::Instant;

use domain::Bytes;
use eventlog::sql::Value;

use crate::support::{Site, ann, ben, guild, on_each_store, user};

// proves: ECO-02, ECO-14
#[test]
fn given_messages_of_a_day_then_the_first_one_pays_whoever_sees_it_and_however_often() {
    on_each_store(async |site| {
        let house = site.open().await;
        let now = house.actions.now();
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let actions = house.actions.clone();
                tokio::spawn(async move {
                    actions.award_dailies(guild(), [(ann(), now), (ann(), now)]).await.unwrap()
                })
            })
            .collect();
        let mut paid = 0;
        for task in tasks {
            paid += task.await.unwrap();
        }
        assert_eq!(paid, 1);
        // After a restart the ledger knows it.
        house.close().await;
        let house = site.open().await;
        assert_eq!(house.actions.award_dailies(guild(), [(ann(), now)]).await.unwrap(), 0);
        site.pass_secs(86_400);
        let next = house.actions.now();
        // One who wrote on both sides of midnight, and one who had not been seen.
        let wrote = [(ann(), now), (ann(), next), (ben(), now), (ben(), next)];
        assert_eq!(house.actions.award_dailies(guild(), wrote).await.unwrap(), 3);
        let balance = async |of| house.actions.balance(guild(), of).await.unwrap();
        assert_eq!((balance(ann()).await, balance(ben()).await), (Bytes(20), Bytes(20)));
        house.close().await;
    });
}

// proves: ECO-02
#[test]
fn given_messages_of_very_many_at_once_then_each_of_them_is_paid() {
    on_each_store(async |site| {
        let house = site.open().await;
        let now = house.actions.now();
        let wrote: Vec<_> = (1..=600).map(|number| (user(number), now)).collect();
        assert_eq!(house.actions.award_dailies(guild(), wrote.clone()).await.unwrap(), 600);
        assert_eq!(house.actions.award_dailies(guild(), wrote).await.unwrap(), 0);
        assert_eq!(house.actions.balance(guild(), user(600)).await.unwrap(), Bytes(10));
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
        let wrote: Vec<_> = (1..=50).map(|number| (user(number), now)).collect();
        assert_eq!(house.actions.award_dailies(guild(), wrote).await.unwrap(), 50);
        without_stores(&house, &site).await;
        let new = house.actions.award_dailies(guild(), [(user(51), now)]).await;
        assert!(new.is_err(), "the stores are not away: {new:?}");
        let began = Instant::now();
        let messages = 100_000_u64;
        for number in 0..messages {
            let user = user(1 + number % 50);
            assert!(!house.actions.may_be_due(guild(), user, now).await);
            assert_eq!(house.actions.award_dailies(guild(), [(user, now)]).await.unwrap(), 0);
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
            assert!(!house.actions.may_be_due(guild(), ann(), now).await, "{mode}");
            let paid = house.actions.award_dailies(guild(), [(ann(), now)]).await;
            assert_eq!(paid.unwrap(), 0, "{mode}");
        }
        house.set("economy", "daily", "automatic").await;
        let now = house.actions.now();
        let paid = house.actions.award_dailies(guild(), [(ann(), now)]).await;
        assert_eq!(paid.unwrap(), 1, "what was refused before is not remembered");
        house.close().await;
    });
}
