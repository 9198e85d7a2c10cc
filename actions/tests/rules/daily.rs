//! The daily reward for messages: once a day, and cheap.

use std::{collections::BTreeSet, time::Instant};

use actions::{
    Caller,
    blocks::{Blocked, Scope},
};
use domain::{Bytes, IdempotencyKey};
use eventlog::sql::Value;

use crate::support::{Site, ann, ben, fresh, guild, on_each_store, user, writes};

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
                    writes(&actions, guild(), ann(), now, &key).await.unwrap()
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
        let late = writes(&house.actions, guild(), ann(), now, &message(99)).await;
        assert_eq!(late.unwrap(), None);
        site.pass_secs(86_400);
        let now = house.actions.now();
        let next = writes(&house.actions, guild(), ann(), now, &message(100)).await;
        assert_eq!(next.unwrap().unwrap().streak_days, 2);
        assert_eq!(house.actions.balance(guild(), ann()).await.unwrap(), Bytes(20));
        house.close().await;
    });
}

// proves: ECO-02, ECO-05, GRD-10
#[test]
fn given_messages_of_many_then_one_commit_pays_all_who_may_be_paid() {
    on_each_store(async |site| {
        let house = site.open().await;
        let (actions, day) = (&house.actions, house.actions.now().utc_day());
        let (operator, full) = (Caller::operator(), user(103));
        let (scope, blocked) = (Scope::Guild(guild()), Blocked::User(ann()));
        actions.block(scope, &operator, blocked, "spam", None, fresh()).await.unwrap();
        house.give(full, Bytes::LIMIT.0 - 5).await;
        writes(actions, guild(), ben(), house.actions.now(), fresh()).await.unwrap();
        let users: Vec<_> = (101..=400).map(user).collect();
        let before = house.events(guild(), "economy").await.len();
        let key = fresh();
        let paid =
            actions.award_daily_for_messages(guild(), day, users.clone(), key).await.unwrap();
        let who: BTreeSet<_> = paid.iter().map(|(user, _)| *user).collect();
        assert_eq!(who, (104..=400).map(user).collect());
        assert!(paid.iter().all(|(_, daily)| daily.amount == Bytes(10) && !daily.repeated));
        let events = house.events(guild(), "economy").await;
        // An account and a reward each.
        assert_eq!(events.len() - before, 2 * 297);
        let again = actions.award_daily_for_messages(guild(), day, users, fresh()).await.unwrap();
        assert_eq!(again, []);
        assert_eq!(house.events(guild(), "economy").await.len(), events.len());
        // There was no room for more; now there is.
        let take = actions.take_bytes(guild(), &operator, full, Bytes(50), None, fresh());
        take.await.unwrap();
        let now = house.actions.now();
        let late = writes(actions, guild(), full, now, fresh()).await.unwrap();
        assert_eq!(late.map(|daily| daily.amount), Some(Bytes(10)));
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
            writes(&house.actions, guild(), user(member), now, &key).await.unwrap();
        }
        without_stores(&house, &site).await;
        let new = writes(&house.actions, guild(), user(51), now, &message(51)).await;
        assert!(new.is_err(), "the stores are not away: {new:?}");
        let began = Instant::now();
        let messages = 100_000_u64;
        for number in 0..messages {
            let (user, key) = (user(1 + number % 50), message(1_000));
            let paid = writes(&house.actions, guild(), user, now, &key).await;
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
            let paid = writes(&house.actions, guild(), ann(), now, fresh()).await;
            assert_eq!(paid.unwrap(), None, "{mode}");
        }
        house.set("economy", "daily", "automatic").await;
        let now = house.actions.now();
        let paid = writes(&house.actions, guild(), ann(), now, fresh()).await;
        assert!(paid.unwrap().is_some(), "what was refused before is not remembered");
        house.close().await;
    });
}
