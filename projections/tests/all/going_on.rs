//! What activity and levels show is what was recorded, however it was recorded.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Actor, Cause, ChannelId, CorrelationId, Decider, IdempotencyKey, MessageId, PersonId,
    Timestamp,
    activity::{self, Activity, Blindness, Fact, Use, UseOutcome, What, Written},
    levels::{self, Levels},
    settings::InForce,
    voice::{Place, Stretch},
};
use eventlog::{Request, StreamId};
use projections::{
    activity::{
        SLOT_SECS, Slot, members,
        series::{self, Filter, Metric, Spans},
        slots,
    },
    levels::{periods, ranks},
};

use crate::support::{House, Random, guild, on_each_store, person, small_batches};

/// Sunday, 29 March 2026, an hour before midnight: days, hours and quarters end in what follows.
const BEGIN: i64 = 1_774_825_200;
const NAMES: &[&str] = &["activity_slots", "activity_members"];
const LEVELS: &[&str] = &["level_ranks", "level_periods"];

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(BEGIN + secs)
}

fn channel(number: u64) -> ChannelId {
    ChannelId::new(number).unwrap()
}

fn request(key: &str) -> Request {
    let cause = Cause { correlation: CorrelationId(uuid::Uuid::nil()), causation: None };
    let key = IdempotencyKey::new(key).unwrap();
    Request { actor: Actor::Operator, cause, key, policy: None }
}

async fn record(house: &House, number: u64, command: &activity::Command) -> Vec<activity::Event> {
    let stream = StreamId::of_guild(Activity::CAPABILITY, guild(1));
    let request = request(&format!("activity/{number}"));
    house.bus.execute::<Activity>(&stream, command, &request).await.unwrap().events
}

/// What was told, counted in the plainest way.
#[derive(Default)]
pub struct Recount {
    messages: BTreeMap<i64, i64>,
    reactions: BTreeMap<i64, i64>,
    joins: BTreeMap<i64, i64>,
    leaves: BTreeMap<i64, i64>,
    commands: BTreeMap<i64, i64>,
    active: BTreeMap<i64, BTreeSet<PersonId>>,
    channels: BTreeMap<u64, i64>,
    voice_secs: BTreeMap<i64, i64>,
}

impl Recount {
    fn fact(&mut self, fact: &Fact) {
        let slot = fact.at.as_secs().div_euclid(SLOT_SECS);
        match &fact.what {
            What::Written { person, channel, .. } => {
                *self.messages.entry(slot).or_default() += 1;
                *self.channels.entry(channel.get()).or_default() += 1;
                self.active.entry(slot).or_default().insert(*person);
            }
            What::Reacted { person, .. } => {
                *self.reactions.entry(slot).or_default() += 1;
                self.active.entry(slot).or_default().insert(*person);
            }
            What::Joined { .. } => *self.joins.entry(slot).or_default() += 1,
            What::Left { .. } => *self.leaves.entry(slot).or_default() += 1,
            What::Voice { .. } | What::VoiceIs { .. } => {}
        }
    }

    fn voice(&mut self, stretch: &Stretch) {
        for second in stretch.from.as_secs()..stretch.until.as_secs() {
            let slot = second.div_euclid(SLOT_SECS);
            *self.voice_secs.entry(slot).or_default() += 1;
            self.active.entry(slot).or_default().insert(stretch.person);
        }
    }
}

/// Eight hours of a small community, told in pieces, some of them twice.
pub async fn eight_hours(house: &House) -> Recount {
    let mut random = Random::of(7);
    let mut recount = Recount::default();
    let (mut now, mut seq) = (0, 0);
    let mut before = Vec::new();
    for number in 0..120 {
        let mut facts = Vec::new();
        for _ in 0..random.below(6) {
            seq += 1;
            now += i64::from(random.below(90));
            facts.push(Fact { seq, at: at(now), what: something(&mut random, seq) });
        }
        for fact in &facts {
            recount.fact(fact);
        }
        let used = Use {
            id: 1_000 + number,
            at: at(now),
            person: person(2),
            command: "bytes read".to_owned(),
            outcome: UseOutcome::Done,
            millis: 5,
        };
        let slot = used.at.as_secs().div_euclid(SLOT_SECS);
        *recount.commands.entry(slot).or_default() += 1;
        recount.active.entry(slot).or_default().insert(used.person);
        // Told again with what is new, as after a crash.
        let told: Vec<_> = before.iter().chain(&facts).cloned().collect();
        let command = activity::Command::Record {
            session: "a".to_owned(),
            facts: told,
            uses: vec![used],
            voice_until: (number % 5 == 0).then(|| at(now)),
        };
        let mut events = record(house, number, &command).await;
        if number == 60 {
            let (from, until) = (at(now), at(now + 700));
            let gap = activity::Command::NoteGap { from, until, why: Blindness::Hole };
            events.extend(record(house, 1_000, &gap).await);
            now += 700;
        }
        for event in &events {
            match event {
                activity::Event::Recorded { voice, .. }
                | activity::Event::ObservationGap { voice, .. } => {
                    for stretch in voice {
                        recount.voice(stretch);
                    }
                }
                _ => {}
            }
        }
        before = facts;
    }
    recount
}

fn something(random: &mut Random, seq: u64) -> What {
    let who = person(random.below(6) + 1);
    let place =
        |number| Place { channel: channel(number), muted: false, deafened: false, away: false };
    match random.below(10) {
        0 => What::Joined { person: who },
        1 => What::Left { person: who },
        2 => What::Reacted { person: who, channel: channel(5) },
        3 | 4 => What::Voice { person: who, place: Some(place(7 + u64::from(random.below(2)))) },
        5 => What::Voice { person: who, place: None },
        _ => What::Written {
            id: MessageId::new(10_000 + seq).unwrap(),
            person: who,
            channel: channel(5 + u64::from(random.below(2))),
            how: Written::default(),
        },
    }
}

async fn is_recount(house: &House, recount: &Recount) {
    let (first, last) = (Slot::of(at(0)), Slot(Slot::of(at(0)).0 + 400));
    let shown = slots::between(&house.store, guild(1), first, last).await.unwrap();
    let of = |pick: &dyn Fn(&slots::Sums) -> i64| -> BTreeMap<i64, i64> {
        let all = shown.iter().map(|(slot, sums)| (slot.0, pick(sums)));
        all.filter(|(_, sum)| *sum != 0).collect()
    };
    assert_eq!(of(&|sums| sums.messages), recount.messages);
    assert_eq!(of(&|sums| sums.reactions), recount.reactions);
    assert_eq!(of(&|sums| sums.joins), recount.joins);
    assert_eq!(of(&|sums| sums.leaves), recount.leaves);
    assert_eq!(of(&|sums| sums.commands), recount.commands);
    assert_eq!(of(&|sums| sums.voice_micros / 1_000_000), recount.voice_secs);
    let top = slots::top_channels(&house.store, guild(1), first, last, 10).await.unwrap();
    let written = top.iter().map(|(channel, sums)| (channel.get(), sums.messages));
    let written: BTreeMap<_, _> = written.filter(|(_, messages)| *messages > 0).collect();
    assert_eq!(written, recount.channels);
    for (slot, who) in &recount.active {
        let active = active(house, Slot(*slot), Slot(slot + 1)).await;
        assert_eq!(active, who.len(), "slot {slot}");
    }
    let everybody: BTreeSet<_> = recount.active.values().flatten().collect();
    assert_eq!(active(house, first, last).await, everybody.len());
}

async fn active(house: &House, from: Slot, until: Slot) -> usize {
    let spans = Spans::new(vec![(from, until)]).unwrap();
    let all = Filter::default();
    let told = series::series(&house.store, guild(1), Metric::Active, &all, &spans).await;
    usize::try_from(told.unwrap().unwrap()[0]).unwrap()
}

// proves: ANA-01, ANA-02, ANA-03, ANA-04, ANA-07, ANA-10
#[test]
fn given_eight_hours_of_activity_then_each_number_is_a_recount() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.run(projections::registered(), small_batches(7)).await;
        let recount = eight_hours(&house).await;
        assert!(recount.messages.len() > 5 && recount.voice_secs.len() > 5);
        house.caught_up(NAMES).await;
        is_recount(&house, &recount).await;
        let (from, until) = (Slot::of(at(0)), Slot(Slot::of(at(0)).0 + 400));
        let uses = members::uses(&house.store, guild(1), None, (from, until), 10).await.unwrap();
        assert_eq!(
            (uses[0].0.as_str(), uses[0].1.done, uses[0].1.millis),
            ("bytes read", 120, 600)
        );
        let none = members::uses(&house.store, guild(1), Some(person(1)), (from, until), 10).await;
        assert!(none.unwrap().is_empty(), "another member used none");
        assert_eq!(slots::gaps(&house.store, guild(1), from, until).await.unwrap().len(), 1);
        runtime.shutdown().await;
        house.close().await;
    });
}

// proves: LVL-07
#[test]
fn given_what_was_earned_and_given_then_ranks_hold_both_and_periods_what_was_earned() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let settings = levels::LevelSettings {
            text_min: 20,
            text_max: 20,
            ..levels::LevelSettings::default()
        };
        let terms = std::sync::Arc::new(InForce { version: 1, values: settings });
        let stream = StreamId::of_guild(Levels::CAPABILITY, guild(1));
        let written = |seq: u64, who: u32, secs: i64| levels::Fact {
            seq,
            at: at(secs),
            what: levels::What::Written {
                id: MessageId::new(50 + seq).unwrap(),
                person: person(who),
                channel: channel(5),
                percent: levels::FULL,
                flood: false,
            },
        };
        // Sunday before midnight, and the Monday after.
        let facts = vec![
            written(1, 1, 0),
            written(2, 1, 3_000),
            written(3, 2, 3_001),
            written(4, 2, 3_700),
        ];
        let earn = levels::Command::Earn {
            session: "a".to_owned(),
            facts,
            voice_until: None,
            terms: std::sync::Arc::clone(&terms),
        };
        house.bus.execute::<Levels>(&stream, &earn, &request("levels/1")).await.unwrap();
        let give = levels::Command::Change {
            person: person(3),
            change: levels::Change::Set(30),
            reason: None,
            at: at(0),
            terms,
        };
        house.bus.execute::<Levels>(&stream, &give, &request("levels/2")).await.unwrap();
        house.caught_up(LEVELS).await;
        let pairs = |ranked: Vec<ranks::Ranked>| -> Vec<(u32, u64)> {
            ranked.iter().map(|one| (one.person.0, one.xp)).collect()
        };
        let all = ranks::top(&house.store, guild(1), 0, 10).await.unwrap();
        assert_eq!(
            pairs(all),
            [(1, 40), (2, 40), (3, 30)],
            "who has as much, in order of first sight"
        );
        let second = ranks::before(&house.store, guild(1), person(2), 40).await.unwrap();
        assert_eq!(second, (1, 3));
        for (period, day, expected) in [
            (periods::Period::Day, 0, vec![(1, 40), (2, 20)]),
            (periods::Period::Day, 1, vec![(2, 20)]),
            (periods::Period::Week, 0, vec![(1, 40), (2, 20)]),
            (periods::Period::Week, 1, vec![(2, 20)]),
            (periods::Period::Month, 1, vec![(1, 40), (2, 40)]),
        ] {
            let day = domain::UtcDay(at(0).utc_day().0 + day);
            let top = periods::top(&house.store, guild(1), (period, day), 0, 10).await.unwrap();
            assert_eq!(pairs(top), expected, "{period:?}");
        }
        runtime.shutdown().await;
        house.close().await;
    });
}
