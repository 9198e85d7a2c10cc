//! Who holds which tier, as the log tells of it.

use domain::{
    Bytes, DomainEvent as _, PersonId, RoleId, Timestamp,
    tiers::{EndReason, Event, Giver},
};
use eventlog::{NewEvent, StreamId, encode, event_id};
use projections::tiers;
use uuid::Uuid;

use crate::support::{House, guild, on_each_store, person};

fn vip() -> RoleId {
    RoleId::new(7).unwrap()
}

fn granted(who: PersonId, secs: i64) -> Event {
    let (until, at) = (Timestamp::from_secs(secs), Timestamp::from_secs(1));
    let by = Giver::Member(person(90));
    Event::Granted { person: who, role: vip(), days: 1, until, attempt: 1, by, at }
}

impl House {
    async fn tier_events(&self, events: &[Event]) {
        let stream = StreamId::of_guild("tiers", guild(1));
        let key = domain::IdempotencyKey::new(format!("test/{}", Uuid::new_v4())).unwrap();
        let stored = events.iter().enumerate().map(|(index, event)| NewEvent {
            id: event_id(&stream, &key, index),
            event_type: event.event_type(),
            payload: encode(event).unwrap(),
        });
        self.append_stored(&stream, &key, stored.collect()).await;
    }

    async fn holders(&self, skip: u32, limit: u32) -> Vec<(u32, i64)> {
        let page = tiers::holders(&self.store, guild(1), vip(), skip, limit).await.unwrap();
        page.iter().map(|(person, until)| (person.0, until.as_secs())).collect()
    }
}

// proves: COD-04
#[test]
fn given_grants_and_ends_then_holders_are_shown_with_the_earliest_end_first() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let somebody = house.somebody(guild(1), 4_001).await;
        let (why, at) = (EndReason::Expired, Timestamp::from_secs(60));
        let ended = Event::Ended { person: person(12), role: vip(), why, at };
        let (name, by, at) = ("VIP".to_owned(), person(90), Timestamp::from_secs(1));
        let set = Event::Set { role: vip(), name, daily_bonus: Bytes(5), by, at };
        house.tier_events(&[set]).await;
        house
            .tier_events(&[
                granted(person(11), 500),
                granted(person(12), 60),
                granted(person(13), 300),
                granted(somebody, 100),
                granted(person(13), 600),
                ended,
            ])
            .await;
        house.caught_up(&["tiers"]).await;
        assert_eq!(house.holders(0, 10).await, [(somebody.0, 100), (11, 500), (13, 600)]);
        assert_eq!(house.holders(1, 1).await, [(11, 500)]);
        let all = tiers::all(&house.store, guild(1)).await.unwrap();
        let told: Vec<_> =
            all.iter().map(|line| (line.name.as_str(), line.daily_bonus, line.holders)).collect();
        assert_eq!(told, [("VIP", Bytes(5), 3)]);
        let of = async |who| tiers::of_person(&house.store, guild(1), who).await.unwrap();
        assert_eq!(of(person(13)).await, [(vip(), Timestamp::from_secs(600))]);
        assert_eq!(of(person(12)).await, []);
        house.bus.erase_person(guild(1), somebody).await.unwrap();
        house.caught_up(&["tiers"]).await;
        assert_eq!(house.holders(0, 10).await, [(11, 500), (13, 600)]);
        runtime.shutdown().await;
        house.close().await;
    });
}
