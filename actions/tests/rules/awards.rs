//! Role rewards from the movement to the outcome.

use actions::economy::RoleOrder;
use domain::{
    Bytes, PersonId, UserId,
    awards::{AwardState, Failure, Outcome},
};

use crate::support::{House, ann, ben, fresh, guild, member, on_each_store, role, writes};

async fn person(house: &House, user: UserId) -> PersonId {
    house.actions.people().find(guild(), user).await.unwrap().unwrap()
}

async fn due(house: &House, user: UserId) -> Vec<u64> {
    let person = person(house, user).await;
    let orders = house.actions.order_due_awards(guild(), person, fresh()).await.unwrap();
    orders.iter().map(|order| order.role.get()).collect()
}

async fn note(house: &House, user: UserId, number: u64, attempt: u32, outcome: Outcome) {
    let order = RoleOrder { person: person(house, user).await, role: role(number), attempt };
    house.actions.note_award_outcome(guild(), order, outcome, fresh()).await.unwrap();
}

// proves: ECO-09
#[test]
fn given_transfers_past_a_threshold_then_the_role_is_ordered_once_and_spending_takes_nothing() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.set("economy", "transfer_cooldown_secs", "0").await;
        house.set("economy", "role_rewards", "100:7, 200:8").await;
        house.give(ann(), 1_000).await;
        assert_eq!(due(&house, ann()).await, [0_u64; 0], "a grant is nothing received");
        house.send(ann(), ben(), 60).await.unwrap();
        assert_eq!(due(&house, ben()).await, [0_u64; 0]);
        // What they give away again counts all the same.
        house.send(ben(), ann(), 60).await.unwrap();
        house.send(ann(), ben(), 60).await.unwrap();
        assert_eq!(due(&house, ben()).await, [7]);
        assert_eq!(due(&house, ben()).await, [0_u64; 0], "asked again");
        note(&house, ben(), 7, 1, Outcome::Given).await;
        house.send(ann(), ben(), 500).await.unwrap();
        assert_eq!(due(&house, ben()).await, [8]);
        let wallet = house.actions.wallet(guild(), &member(ann()), ben()).await.unwrap();
        let states: Vec<_> = wallet.awards.iter().map(|award| award.state).collect();
        assert_eq!(states, [Some(AwardState::Given), Some(AwardState::Ordered)]);
        house.close().await;
    });
}

// proves: ECO-09
#[test]
fn given_the_setting_then_daily_rewards_count_as_received_or_not() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.set("economy", "role_rewards", "10:7").await;
        let now = house.actions.now();
        writes(&house.actions, guild(), ann(), now, fresh()).await.unwrap();
        assert_eq!(due(&house, ann()).await, [0_u64; 0]);
        house.set("economy", "received_counts_daily", "on").await;
        assert_eq!(due(&house, ann()).await, [7]);
        house.close().await;
    });
}

// proves: ECO-07
#[test]
fn given_a_check_then_what_was_earned_and_is_missing_is_ordered_and_again_changes_nothing() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.set("economy", "transfer_cooldown_secs", "0").await;
        house.give(ann(), 1_000).await;
        house.send(ann(), ben(), 150).await.unwrap();
        house.set("economy", "role_rewards", "200:8, 100:7").await;
        let check = async |has: &[u64]| {
            let has: Vec<_> = has.iter().map(|id| role(*id)).collect();
            let caller = member(ben());
            let awards = house.actions.check_awards(guild(), &caller, ben(), &has, fresh()).await;
            awards.unwrap()
        };
        let orders = async || house.events(guild(), "awards").await.len();
        let awards = check(&[]).await;
        let short: Vec<_> =
            awards.iter().map(|award| (award.role.get(), award.at, award.earned)).collect();
        assert_eq!(short, [(7, Bytes(100), true), (8, Bytes(200), false)], "lowest first");
        assert_eq!((awards[0].state, awards[1].state), (Some(AwardState::Ordered), None));
        check(&[]).await;
        assert_eq!(orders().await, 1);
        let failed = Outcome::Failed(Failure::NotAllowed);
        note(&house, ben(), 7, 1, failed).await;
        assert_eq!(due(&house, ben()).await, [0_u64; 0], "it waits until somebody asks");
        let awards = check(&[]).await;
        assert_eq!(awards[0].state, Some(AwardState::Ordered));
        note(&house, ben(), 7, 2, Outcome::Given).await;
        assert_eq!(check(&[7]).await[0].state, Some(AwardState::Given));
        assert_eq!(orders().await, 4, "two orders and two outcomes");
        // An outcome that comes twice is noted once.
        note(&house, ben(), 7, 2, failed).await;
        assert_eq!(orders().await, 4);
        // Who came back without the role gets it by asking.
        assert_eq!(check(&[]).await[0].state, Some(AwardState::Ordered));
        house.close().await;
    });
}

// proves: ECO-09, ECO-14
#[test]
fn given_the_same_movement_handled_twice_or_by_two_processes_then_one_order_stands() {
    on_each_store(async |site| {
        let house = site.open().await;
        house.set("economy", "role_rewards", "100:7").await;
        house.give(ann(), 1_000).await;
        house.send(ann(), ben(), 150).await.unwrap();
        let ben = person(&house, ben()).await;
        let tasks: Vec<_> = (0..10)
            .map(|number| {
                let actions = house.actions.clone();
                let key = format!("process/awards/{}", number % 2);
                let key = domain::IdempotencyKey::new(key).unwrap();
                tokio::spawn(async move { actions.order_due_awards(guild(), ben, &key).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(house.events(guild(), "awards").await.len(), 1);
        house.close().await;
    });
}
