//! Campaigns and uses of codes, as the log tells of them.

use domain::{
    Bytes, CampaignId, DomainEvent as _, PersonId,
    campaign::{Event, Failure, Limits, Reward},
    codes,
    digest::Digest,
};
use eventlog::{NewEvent, StreamId, encode, event_id};
use projections::codes::{
    campaigns,
    uses::{self, State},
};
use uuid::Uuid;

use crate::support::{House, guild, on_each_store, person};

const BOTH: [&str; 2] = ["campaigns", "code_uses"];

fn campaign(number: u128) -> CampaignId {
    CampaignId(Uuid::from_u128(number))
}

impl House {
    async fn campaign_events(&self, of: CampaignId, events: &[Event]) {
        let stream = StreamId::part("campaign", guild(1), &of.to_string());
        let key = actions_key();
        let stored = events.iter().enumerate().map(|(index, event)| NewEvent {
            id: event_id(&stream, &key, index),
            event_type: event.event_type(),
            payload: encode(event).unwrap(),
        });
        self.append_stored(&stream, &key, stored.collect()).await;
    }

    async fn registered(&self, of: CampaignId, count: u8) {
        let stream = StreamId::of_guild("codes", guild(1));
        let codes = (0..count).map(|number| Digest::of(&[of.0.as_bytes(), &[number]])).collect();
        let at = self.clock.now();
        let event = codes::Event::CodesRegistered { campaign: of, codes, at };
        let key = actions_key();
        let stored = NewEvent {
            id: event_id(&stream, &key, 0),
            event_type: event.event_type(),
            payload: encode(&event).unwrap(),
        };
        self.append_stored(&stream, &key, vec![stored]).await;
    }
}

fn actions_key() -> domain::IdempotencyKey {
    domain::IdempotencyKey::new(format!("test/{}", Uuid::new_v4())).unwrap()
}

// proves: COD-02
#[test]
fn given_a_campaign_then_its_maker_uses_and_redeemers_are_shown() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let (at, reward) = (house.clock.now(), Reward::Bytes { amount: Bytes(50) });
        let code = Digest::of(&[b"code"]);
        let redeemed = |number, who| Event::Redeemed { number, person: who, code, reward, at };
        let limits = Limits { uses: Some(9), ..Limits::once_each() };
        let name = "Launch".to_owned();
        let made = Event::Created { name, by: person(7), reward, limits: limits.clone(), at };
        house.campaign_events(campaign(1), &[made]).await;
        house.registered(campaign(1), 4).await;
        let failed = |number, who: PersonId| {
            let why = Failure::BalanceLimit;
            Event::RewardFailed { number, person: who, attempt: 1, why, at }
        };
        let again =
            Event::RewardOrderedAgain { number: 2, person: person(2), attempt: 2, reward, at };
        let events = [
            redeemed(1, person(1)),
            redeemed(2, person(2)),
            redeemed(3, person(3)),
            failed(2, person(2)),
            again,
            failed(3, person(3)),
            Event::RewardDelivered { number: 1, person: person(1), attempt: 1, at },
        ];
        house.campaign_events(campaign(1), &events).await;
        house.caught_up(&BOTH).await;
        let line = campaigns::of(&house.store, guild(1), campaign(1)).await.unwrap().unwrap();
        assert_eq!((line.name.as_str(), line.creator, line.reward), ("Launch", person(7), reward));
        assert_eq!((line.codes, line.uses, line.uses_most), (4, 3, Some(9)));
        assert_eq!((line.delivered, line.failed, line.revoked), (1, 1, false));
        let uses = uses::page(&house.store, guild(1), campaign(1), None, 10).await.unwrap();
        let shown: Vec<_> = uses.iter().map(|u| (u.number, u.person, u.state.clone())).collect();
        let expected = [
            (3, person(3), State::Failed("balance_limit".to_owned())),
            (2, person(2), State::UnderWay),
            (1, person(1), State::Delivered),
        ];
        assert_eq!(shown, expected);
        let older = uses::page(&house.store, guild(1), campaign(1), Some(3), 1).await.unwrap();
        assert_eq!(older[0].number, 2);

        let limits = Limits { uses: None, ..limits };
        let by = person(7);
        let events = [Event::LimitsSet { by, limits, at }, Event::Revoked { by, at }];
        house.campaign_events(campaign(1), &events).await;
        house.caught_up(&BOTH).await;
        let line = campaigns::of(&house.store, guild(1), campaign(1)).await.unwrap().unwrap();
        assert_eq!((line.uses_most, line.revoked), (None, true));
        runtime.shutdown().await;
        house.close().await;
    });
}

#[test]
fn given_many_campaigns_then_pages_have_the_newest_first_and_leave_none_out() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let at = house.clock.now();
        for number in 1..=7 {
            let (name, limits) = (format!("Campaign {number}"), Limits::once_each());
            let reward = Reward::Tier { role: domain::RoleId::new(9).unwrap(), days: 30 };
            let made = Event::Created { name, by: person(7), reward, limits, at };
            house.campaign_events(campaign(number), &[made]).await;
        }
        house.caught_up(&BOTH).await;
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = campaigns::page(&house.store, guild(1), before, 3).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.seq);
            seen.extend(page.iter().map(|line| line.name.clone()));
        }
        let expected: Vec<_> = (1..=7).rev().map(|number| format!("Campaign {number}")).collect();
        assert_eq!(seen, expected);
        let elsewhere = campaigns::page(&house.store, guild(2), None, 10).await.unwrap();
        assert_eq!(elsewhere, []);
        runtime.shutdown().await;
        house.close().await;
    });
}
