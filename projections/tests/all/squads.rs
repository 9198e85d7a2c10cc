//! Who is in which squad, as the log tells of it.

use domain::{
    Bytes, DomainEvent as _, PersonId, RoleId, Timestamp,
    squads::{Event, Failure, MoveId, SquadId},
};
use eventlog::{NewEvent, StreamId, encode, event_id};
use projections::squads;
use uuid::Uuid;

use crate::support::{House, guild, on_each_store, person};

const RED: SquadId = SquadId(1);
const BLUE: SquadId = SquadId(2);

impl House {
    async fn squad_events(&self, events: &[Event]) {
        let stream = StreamId::of_guild("squads", guild(1));
        let key = domain::IdempotencyKey::new(format!("test/{}", Uuid::new_v4())).unwrap();
        let stored = events.iter().enumerate().map(|(index, event)| NewEvent {
            id: event_id(&stream, &key, index),
            event_type: event.event_type(),
            payload: encode(event).unwrap(),
        });
        self.append_stored(&stream, &key, stored.collect()).await;
    }

    async fn in_squad(&self, squad: SquadId) -> Vec<(u32, i64)> {
        let page = squads::members(&self.store, guild(1), squad, None, 100).await.unwrap();
        page.iter().map(|(person, since)| (person.0, since.as_secs())).collect()
    }
}

fn joined(who: PersonId, from: Option<SquadId>, squad: SquadId, secs: i64) -> Event {
    let (id, role) = (MoveId(Uuid::nil()), RoleId::new(7).unwrap());
    let at = Timestamp::from_secs(secs);
    Event::Joined { person: who, id, from, squad, role, cost: Bytes::ZERO, at }
}

fn undone(who: PersonId, squad: SquadId, back: Option<SquadId>) -> Event {
    let (id, why, at) = (MoveId(Uuid::nil()), Failure::RoleGone, Timestamp::from_secs(99));
    Event::MoveUndone { person: who, id, squad, role: None, back, cost: Bytes::ZERO, why, at }
}

// proves: SQD-06, SQD-07
#[test]
fn given_moves_then_each_squad_has_its_members_with_the_day_they_joined() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let somebody = house.somebody(guild(1), 4_001).await;
        let left = Event::Left {
            person: person(12),
            squad: RED,
            role: RoleId::new(7).unwrap(),
            at: Timestamp::from_secs(50),
        };
        let (role, by, at) = (RoleId::new(7).unwrap(), person(90), Timestamp::from_secs(1));
        let (name, description) = ("Red".to_owned(), "Early birds".to_owned());
        let red = Event::Created { squad: RED, name, description, role, by, at };
        house.squad_events(&[red]).await;
        house
            .squad_events(&[
                joined(person(11), None, RED, 10),
                joined(person(12), None, RED, 20),
                joined(person(13), None, RED, 30),
                joined(somebody, None, RED, 35),
                left,
                joined(person(11), Some(RED), BLUE, 40),
                joined(person(13), Some(RED), BLUE, 45),
                undone(person(13), BLUE, Some(RED)),
                joined(person(14), None, RED, 60),
                undone(person(14), RED, None),
            ])
            .await;
        house.caught_up(&["squads"]).await;
        assert_eq!(house.in_squad(RED).await, [(somebody.0, 35), (13, 30)]);
        assert_eq!(house.in_squad(BLUE).await, [(11, 40)]);
        let all = squads::all(&house.store, guild(1)).await.unwrap();
        let told: Vec<_> = all.iter().map(|line| (line.squad, line.members)).collect();
        assert_eq!(told, [(RED, 2)]);
        assert_eq!((all[0].name.as_str(), all[0].role, all[0].active), ("Red", role, true));
        assert_eq!(squads::all(&house.store, guild(2)).await.unwrap(), []);
        let of = async |who| squads::of_person(&house.store, guild(1), who).await.unwrap();
        assert_eq!(of(person(13)).await, Some((RED, Timestamp::from_secs(30))));
        assert_eq!(of(person(12)).await, None);

        house.bus.erase_person(guild(1), somebody).await.unwrap();
        let (role, at) = (RoleId::new(7).unwrap(), Timestamp::from_secs(70));
        let people = vec![person(11)];
        house.squad_events(&[Event::Released { squad: BLUE, role, people, more: false, at }]).await;
        house.caught_up(&["squads"]).await;
        assert_eq!(house.in_squad(RED).await, [(13, 30)]);
        assert_eq!(house.in_squad(BLUE).await, []);
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: SQD-07
#[test]
fn given_many_members_then_pages_leave_none_out() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let events: Vec<_> = (1..=45).map(|n| joined(person(n), None, RED, n.into())).collect();
        house.squad_events(&events).await;
        house.caught_up(&["squads"]).await;
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = squads::members(&house.store, guild(1), RED, after, 20).await.unwrap();
            let Some((last, _)) = page.last() else { break };
            after = Some(last.0);
            seen.extend(page.iter().map(|(person, _)| person.0));
        }
        assert_eq!(seen, (1..=45).collect::<Vec<_>>());
        runtime.shutdown().await;
        house.close().await;
    });
}
