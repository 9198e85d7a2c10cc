//! The history of transactions: complete, paged, and sealed where it is personal.

use domain::{EventId, PersonId, Personal, economy::Event};
use eventlog::sql::Row;
use projections::economy::transactions::{self, Transaction};

use crate::support::{House, guild, on_each_store, opened, person, received, transferred};

async fn page(
    house: &House,
    person: Option<PersonId>,
    before: Option<u64>,
    limit: u32,
) -> Vec<Transaction> {
    transactions::page(&house.store, guild(1), person, before, limit).await.unwrap()
}

fn sequences(page: &[Transaction]) -> Vec<u64> {
    page.iter().map(|transaction| transaction.seq).collect()
}

// proves: ECO-12
#[test]
fn the_history_shows_both_sides_of_a_transfer_newest_first() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let now = house.clock.now();
        let events = [
            opened(person(1), 0), // moved nothing
            received(person(1), 50),
            transferred(person(1), person(2), 20, now),
        ];
        house.append(guild(1), &events).await;
        house.append(guild(2), &[received(person(1), 50)]).await;
        house.caught_up(&["transactions"]).await;

        let all = page(&house, None, None, 10).await;
        let short: Vec<_> = all
            .iter()
            .map(|t| (t.seq, t.kind.as_str(), t.giver, t.receiver, t.amount.0, t.at))
            .collect();
        let (one, two) = (Some(person(1)), Some(person(2)));
        assert_eq!(short, [(3, "transfer", one, two, 20, now), (2, "grant", None, one, 50, now)]);
        let log = house.log.read_guild(guild(1), 2, 1).await.unwrap();
        assert_eq!(all[0].event, log[0].id);
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: ECO-12
#[test]
fn pages_by_sequence_neither_overlap_nor_leave_out() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let now = house.clock.now();
        let events: Vec<_> = (1..=25)
            .map(|n| match n % 3 {
                0 => received(person(1), n),
                1 => transferred(person(1), person(2), n, now),
                _ => transferred(person(3), person(1), n, now),
            })
            .collect();
        house.append(guild(1), &events).await;
        house.caught_up(&["transactions"]).await;

        for who in [None, Some(person(1)), Some(person(2)), Some(person(4))] {
            let whole = sequences(&page(&house, who, None, 500).await);
            let mut paged = Vec::new();
            let mut before = None;
            loop {
                let next = sequences(&page(&house, who, before, 4).await);
                let Some(last) = next.last() else { break };
                before = Some(*last);
                paged.extend(next);
                assert!(paged.len() <= 25, "the pages overlap: {paged:?}");
            }
            assert_eq!(paged, whole, "of {who:?}");
            assert!(whole.is_sorted_by(|a, b| a > b));
        }
        assert_eq!(page(&house, Some(person(1)), None, 500).await.len(), 25);
        assert_eq!(page(&house, Some(person(2)), None, 500).await.len(), 9);
        assert_eq!(page(&house, Some(person(4)), None, 500).await, []);
        runtime.shutdown().await;
        house.close().await;
    });
}

/// What an export or a resolver does: open the reason with its owner's key.
async fn opened_reason(house: &House, transaction: &Transaction) -> Personal<String> {
    let receiver = transaction.receiver.unwrap();
    let mut event = Event::BytesGranted {
        to: receiver,
        amount: transaction.amount,
        reason: transaction.reason.clone(),
    };
    house.people.open_event(guild(1), transaction.event, &mut event).await.unwrap();
    let Event::BytesGranted { reason, .. } = event else { unreachable!() };
    reason.unwrap()
}

async fn stored_reasons(house: &House) -> Vec<Row> {
    house.rows("SELECT reason_owner, reason FROM transactions ORDER BY guild, seq").await
}

// proves: ECO-12
#[test]
fn a_reason_stays_sealed_in_the_table_and_opens_with_its_owners_key() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let ann = house.somebody(guild(1), 11).await;
        house.grant(guild(1), ann, 10, Some("for the wedding of her sister")).await;
        house.caught_up(&["transactions"]).await;

        for row in stored_reasons(&house).await {
            assert!(!format!("{row:?}").contains("wedding"), "{row:?}");
        }
        let newest = page(&house, None, None, 1).await.remove(0);
        assert!(matches!(newest.reason, Some(Personal::Sealed(_))));
        let reason = opened_reason(&house, &newest).await;
        assert_eq!(reason.value().unwrap(), "for the wedding of her sister");

        // The seal holds for this event only.
        let moved = Transaction { event: EventId(uuid::Uuid::nil()), ..newest };
        assert!(matches!(opened_reason(&house, &moved).await, Personal::Erased { .. }));
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_an_erased_person_then_reasons_are_gone_and_amounts_stay() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let (ann, bob) = (house.somebody(guild(1), 11).await, house.somebody(guild(1), 12).await);
        house.grant(guild(1), ann, 10, Some("moving to Lyon")).await;
        house.transfer(guild(1), ann, bob, 3, Some("for the removal van")).await;
        house.grant(guild(1), bob, 10, Some("birthday")).await;
        let amounts = async || {
            let page = page(&house, None, None, 50).await;
            page.iter().map(|t| (t.seq, t.amount, t.giver, t.receiver)).collect::<Vec<_>>()
        };
        house.caught_up(&["transactions"]).await;
        let before = amounts().await;
        house.bus.erase_person(guild(1), ann).await.unwrap();
        house.caught_up(&["transactions"]).await;

        assert_eq!(amounts().await, before);
        let all = page(&house, None, None, 50).await;
        for transaction in all.iter().filter(|t| t.reason.is_some()) {
            let owner = transaction.reason.as_ref().unwrap().owner();
            let erased = transaction.reason == Some(Personal::Erased { owner });
            assert_eq!(erased, owner == ann, "{transaction:?}");
        }
        let stored = stored_reasons(&house).await;
        let of_ann = i64::from(ann.0);
        assert!(stored.iter().any(|row| row.opt_int(0).unwrap() == Some(of_ann)));
        for row in stored.iter().filter(|row| row.opt_int(0).unwrap() == Some(of_ann)) {
            assert_eq!(row.opt_text(1).unwrap(), None);
        }
        runtime.shutdown().await;
        house.close().await;
    });
}
