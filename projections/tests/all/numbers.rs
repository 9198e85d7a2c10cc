//! Every number of every chart is a recount from the events.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    AuditLogId, CaseNumber, ChannelId, Decider as _, DomainEvent, PersonId, Timestamp,
    activity::{self, Activity, UseOutcome},
    economy::{Economy, Event as OfEconomy},
    giveaways::{self, Giveaway},
    moderation::{self, By, Deed, Moderation},
};
use eventlog::{NewEvent, Recorded, StreamId, decode, encode, event_id};
use projections::activity::{
    SLOT_SECS, Slot, cohorts, members,
    series::{self, Compared, Filter, Key, Metric, Spans, Split},
};

use crate::{
    going_on::eight_hours,
    support::{House, Random, guild, on_each_store, person, request, small_batches},
};

const NAMES: &[&str] = &["activity_slots", "activity_members", "tallies"];

/// One thing that happened, in the plainest form.
#[derive(Clone, Debug, Default)]
struct Fact {
    at_secs: i64,
    channel: Option<ChannelId>,
    person: Option<PersonId>,
    /// A command or a kind.
    word: Option<String>,
    counts: Vec<(&'static str, i64)>,
}

/// The same, from the log.
fn facts(events: &[Recorded]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for event in events {
        match event.stream.category() {
            Activity::CAPABILITY => of_activity(&mut facts, &decode(event).unwrap()),
            Economy::CAPABILITY => facts.extend(of_economy(event)),
            Moderation::CAPABILITY => {
                let moderation::Event::DeedObserved { deed: Deed::Ban, at, .. } =
                    decode(event).unwrap()
                else {
                    panic!("only bans are observed here");
                };
                facts.push(fact(at, "ban", vec![("case", 1)]));
            }
            Giveaway::CAPABILITY => {
                let giveaways::Event::Entered { at, .. } = decode(event).unwrap() else {
                    panic!("members only enter here");
                };
                facts.push(fact(at, "entered", vec![("entry", 1)]));
            }
            _ => {}
        }
    }
    facts
}

fn fact(at: Timestamp, word: &str, counts: Vec<(&'static str, i64)>) -> Fact {
    Fact { at_secs: at.as_secs(), word: Some(word.to_owned()), counts, ..Fact::default() }
}

fn of_activity(facts: &mut Vec<Fact>, event: &activity::Event) {
    // Second by second, and then by the slot: a fact for each second would be very many.
    let voice = |stretches: &[domain::voice::Stretch]| {
        let mut slots = Vec::new();
        for stretch in stretches {
            let mut seconds = BTreeMap::<i64, i64>::new();
            for second in stretch.from.as_secs()..stretch.until.as_secs() {
                *seconds.entry(second.div_euclid(SLOT_SECS)).or_default() += 1;
            }
            slots.extend(seconds.into_iter().map(|(slot, count)| Fact {
                at_secs: slot * SLOT_SECS,
                channel: Some(stretch.channel),
                person: Some(stretch.person),
                counts: vec![("voice_secs", count)],
                ..Fact::default()
            }));
        }
        slots
    };
    match event {
        activity::Event::MemberJoined { person, at }
        | activity::Event::MemberLeft { person, at } => {
            let joined = matches!(event, activity::Event::MemberJoined { .. });
            let what = if joined { "join" } else { "leave" };
            facts.push(Fact { person: Some(*person), ..fact(*at, "", vec![(what, 1)]) });
        }
        activity::Event::VoiceChanged { .. } | activity::Event::GapRecovered { .. } => {}
        activity::Event::ObservationGap { voice: told, .. } => facts.extend(voice(told)),
        activity::Event::Recorded { minutes, voice: told, uses, .. } => {
            facts.extend(voice(told));
            for minute in minutes {
                facts.extend(minute.rows.iter().map(|row| Fact {
                    at_secs: minute.at.as_secs(),
                    channel: Some(row.channel),
                    person: Some(row.person),
                    word: None,
                    counts: vec![
                        ("message", row.counts.messages.into()),
                        ("reaction", row.counts.reactions.into()),
                    ],
                }));
            }
            for used in uses {
                let failed = i64::from(used.outcome == UseOutcome::Failed);
                let millis = i64::from(used.millis);
                let counts = vec![("use", 1), ("failed", failed), ("millis", millis)];
                let told = fact(used.at, &used.command, counts);
                facts.push(Fact { person: Some(used.person), ..told });
            }
        }
    }
}

fn of_economy(event: &Recorded) -> Option<Fact> {
    let (kind, amount, came) = match decode::<OfEconomy>(event).unwrap() {
        OfEconomy::AccountOpened { starting, .. } => ("start", starting.0, starting.0),
        OfEconomy::BytesGranted { amount, .. } => ("grant", amount.0, amount.0),
        OfEconomy::BytesTaken { amount, .. } => ("take", amount.0, -amount.0),
        OfEconomy::BytesTransferred { amount, .. } => ("transfer", amount.0, 0),
        OfEconomy::DailyAwarded { amount, .. } => ("daily", amount.0, amount.0),
        OfEconomy::BytesSpent { amount, .. } => ("spend", amount.0, -amount.0),
        OfEconomy::SpendRefunded { amount, .. } => ("refund", amount.0, amount.0),
        OfEconomy::SpendSettled { .. } => return None,
    };
    let passed_on = if matches!(kind, "transfer" | "spend") { amount } else { 0 };
    let counts =
        vec![("movement", 1), ("bytes", amount), ("supply", came), ("passed_on", passed_on)];
    Some(fact(event.at, kind, counts))
}

impl Fact {
    fn is_in(&self, (from, until): (Slot, Slot)) -> bool {
        let slot = self.at_secs.div_euclid(SLOT_SECS);
        (from.0..until.0).contains(&slot)
    }

    fn of(&self, filter: &Filter) -> bool {
        let word = filter.command.as_ref().or(filter.kind.as_ref());
        filter.channel.is_none_or(|channel| self.channel == Some(channel))
            && filter.member.is_none_or(|member| self.person == Some(member))
            && word.is_none_or(|word| self.word.as_ref() == Some(word))
    }

    fn count(&self, what: &str) -> i64 {
        self.counts.iter().find(|(name, _)| *name == what).map_or(0, |(_, count)| *count)
    }
}

/// The metric of these facts, counted in the plainest way.
fn recount<'a>(metric: Metric, facts: impl Iterator<Item = &'a Fact> + Clone) -> i64 {
    let sum = |what| facts.clone().map(|fact| fact.count(what)).sum::<i64>();
    match metric {
        Metric::Messages => sum("message"),
        Metric::Reactions => sum("reaction"),
        Metric::Active => {
            let did = |fact: &&Fact| {
                ["message", "reaction", "voice_secs", "use"].iter().any(|what| fact.count(what) > 0)
            };
            let people: BTreeSet<_> = facts.filter(did).map(|fact| fact.person).collect();
            i64::try_from(people.len()).unwrap()
        }
        Metric::Joins => sum("join"),
        Metric::Leaves => sum("leave"),
        Metric::Growth => sum("join") - sum("leave"),
        Metric::VoiceMinutes => sum("voice_secs") / 60,
        Metric::Commands => sum("use"),
        Metric::CommandsFailed => sum("failed"),
        Metric::CommandMillis => sum("millis").checked_div(sum("use")).unwrap_or(0),
        Metric::Cases => sum("case"),
        Metric::Movements => sum("movement"),
        Metric::Bytes => sum("bytes"),
        Metric::Supply => sum("supply"),
        Metric::Velocity => sum("passed_on"),
        Metric::Entries => sum("entry"),
        Metric::Replies | Metric::Attachments | Metric::CommandsRefused | Metric::Giveaways => 0,
    }
}

const METRICS: [Metric; 20] = [
    Metric::Messages,
    Metric::Replies,
    Metric::Attachments,
    Metric::Reactions,
    Metric::Active,
    Metric::Joins,
    Metric::Leaves,
    Metric::Growth,
    Metric::VoiceMinutes,
    Metric::Commands,
    Metric::CommandsRefused,
    Metric::CommandsFailed,
    Metric::CommandMillis,
    Metric::Cases,
    Metric::Movements,
    Metric::Bytes,
    Metric::Supply,
    Metric::Velocity,
    Metric::Giveaways,
    Metric::Entries,
];

/// Spans that lie anywhere, also over each other, and such as charts have.
fn some_spans(random: &mut Random, first: i64, slots: u32) -> Spans {
    let spans = (0..=random.below(30)).map(|_| {
        let from = first + i64::from(random.below(slots));
        (Slot(from), Slot(from + 1 + i64::from(random.below(60))))
    });
    Spans::new(spans.collect()).unwrap()
}

fn some_filter(random: &mut Random) -> Filter {
    let channel = ChannelId::new(u64::from(5 + random.below(4))).unwrap();
    let member = Some(person(1 + random.below(7)));
    match random.below(6) {
        0 => Filter { channel: Some(channel), ..Filter::default() },
        1 => Filter { member, ..Filter::default() },
        2 => Filter { command: Some("bytes read".to_owned()), ..Filter::default() },
        3 => Filter { kind: Some("transfer".to_owned()), ..Filter::default() },
        4 => Filter { command: Some("bytes read".to_owned()), member, ..Filter::default() },
        _ => Filter::default(),
    }
}

async fn store_as_they_are<E: DomainEvent>(house: &House, stream: &StreamId, events: &[E]) {
    let key = request().key;
    let stored = events.iter().enumerate().map(|(index, event)| NewEvent {
        id: event_id(stream, &key, index),
        event_type: event.event_type(),
        payload: encode(event).unwrap(),
    });
    house.append_stored(stream, &key, stored.collect()).await;
}

/// A history of everything that is counted, over some days.
async fn history(house: &House) -> Vec<Fact> {
    let mut random = Random::of(11);
    eight_hours(house).await;
    for number in 0..150 {
        house.something(&mut random, &[guild(1)], 5).await;
        let at = house.clock.now();
        if number % 10 == 0 {
            let banned = moderation::Event::DeedObserved {
                case: CaseNumber(number + 1),
                audit: AuditLogId::new(u64::from(number) + 1).unwrap(),
                deed: Deed::Ban,
                person: person(2),
                by: By::Unknown,
                reason: None,
                until: None,
                at,
            };
            let stream = StreamId::of_guild(Moderation::CAPABILITY, guild(1));
            store_as_they_are(house, &stream, &[banned]).await;
            let entered = giveaways::Event::Entered {
                entry: number + 1,
                person: person(3),
                weight: 1,
                salt: domain::digest::Digest::of(&[b"salt"]),
                again: false,
                roles: Vec::new(),
                level: 0,
                account_days: 0,
                member_days: 0,
                at,
            };
            let id = uuid::Uuid::from_u128(7).to_string();
            let stream = StreamId::part(Giveaway::CAPABILITY, guild(1), &id);
            store_as_they_are(house, &stream, &[entered]).await;
        }
    }
    facts(&house.log.read_guild(guild(1), 0, 100_000).await.unwrap())
}

// proves: ANA-01, ANA-02, ANA-04, ANA-07, ANA-10
#[test]
fn given_any_history_then_every_number_of_every_chart_is_a_recount() {
    on_each_store(async |site| {
        let house = site.open().await;
        // Tallies of giveaways and cases come from events that were put there as they are.
        let tested = ["activity_slots", "activity_members", "tallies"];
        let mut some = projections::registered();
        some.retain(|projection| tested.contains(&projection.name()));
        let runtime = house.run(some, small_batches(9)).await;
        let facts = history(&house).await;
        house.caught_up(NAMES).await;
        let mut random = Random::of(3);
        let times = facts.iter().map(|fact| fact.at_secs.div_euclid(SLOT_SECS));
        let (first, last) = (times.clone().min().unwrap(), times.max().unwrap());
        let slots = u32::try_from(last - first + 1).unwrap();
        let mut told = BTreeMap::<_, usize>::new();
        for metric in METRICS {
            for round in 0..12 {
                let filter = if round == 0 { Filter::default() } else { some_filter(&mut random) };
                let spans = match (round, metric) {
                    (0, _) | (_, Metric::Supply | Metric::Velocity) => {
                        let edges: Vec<_> = (first..=last + 97).step_by(97).map(Slot).collect();
                        let spans = edges.windows(2).map(|edge| (edge[0], edge[1]));
                        Spans::new(spans.take(800).collect()).unwrap()
                    }
                    _ => some_spans(&mut random, first, slots),
                };
                let shown = series::series(&house.store, guild(1), metric, &filter, &spans).await;
                let Some(shown) = shown.unwrap() else { continue };
                for ((from, until), shown) in spans.all().iter().zip(shown) {
                    // What there is at the end came ever since the beginning.
                    let from = if metric == Metric::Supply { Slot(first) } else { *from };
                    let time = (from, *until);
                    let these = facts.iter().filter(|fact| fact.is_in(time) && fact.of(&filter));
                    let mut expected = recount(metric, these);
                    if metric == Metric::Velocity {
                        let ever = facts.iter().filter(|fact| fact.is_in((Slot(first), *until)));
                        let supply = recount(Metric::Supply, ever);
                        expected = (100 * expected).checked_div(supply).unwrap_or(0);
                    }
                    assert_eq!(shown, expected, "{metric:?} {filter:?} {time:?}");
                    *told.entry(format!("{metric:?}")).or_default() += usize::from(shown != 0);
                }
            }
        }
        for metric in METRICS {
            // Nothing of these happened in this history.
            let never = [Metric::Replies, Metric::Attachments, Metric::CommandsRefused];
            let never = never.contains(&metric) || metric == Metric::Giveaways;
            let never = never || metric == Metric::CommandsFailed;
            let numbers = told.get(&format!("{metric:?}")).copied().unwrap_or(0);
            assert_eq!(numbers > 0, !never, "{metric:?} was told {numbers} times");
        }
        is_split(&house, &facts, (Slot(first), Slot(last + 1))).await;
        runtime.shutdown().await;
        house.close().await;
    });
}

/// Lines of a split, what has most, and what rises.
async fn is_split(house: &House, facts: &[Fact], (from, until): (Slot, Slot)) {
    let all = Filter::default();
    let middle = Slot(from.0 + 16);
    let time = Compared { before: from, from: middle, until };
    let edges: Vec<_> = (from.0..until.0 + 30).step_by(30).map(Slot).take(700).collect();
    let spans: Vec<_> = edges.windows(2).map(|edge| (edge[0], edge[1])).collect();
    let spans = Spans::new(spans).unwrap();
    let asked = [
        (Metric::Messages, Split::Channel),
        (Metric::VoiceMinutes, Split::Channel),
        (Metric::Messages, Split::Member),
        (Metric::Reactions, Split::Member),
        (Metric::Commands, Split::Command),
        (Metric::Bytes, Split::Kind),
        (Metric::Movements, Split::Kind),
        (Metric::Cases, Split::Kind),
    ];
    for (metric, split) in asked {
        for rising in [false, true] {
            let most = (metric, split, &all);
            let lines = series::most(&house.store, guild(1), most, time, rising, 25).await;
            let lines = lines.unwrap().unwrap();
            let mut expected = BTreeMap::new();
            for fact in facts {
                let Some(key) = key(fact, split) else { continue };
                let of = |time| facts.iter().filter(move |one| one.is_in(time));
                expected.entry(format!("{key:?}")).or_insert_with(|| {
                    let same = |one: &&Fact| self::key(one, split).as_ref() == Some(&key);
                    let now = recount(metric, of((middle, until)).filter(same));
                    (now, recount(metric, of((from, middle)).filter(same)))
                });
            }
            let gain = |(now, before): &(i64, i64)| if rising { now - before } else { *now };
            let shown: BTreeMap<_, _> = lines
                .iter()
                .map(|line| (format!("{:?}", line.key), (line.now, line.before)))
                .collect();
            expected.retain(|_, numbers| gain(numbers) > 0);
            assert_eq!(shown, expected, "{metric:?} by {split:?}");
            let gains: Vec<_> = lines.iter().map(|line| gain(&(line.now, line.before))).collect();
            assert!(gains.is_sorted_by(|a, b| a >= b), "{gains:?}");
        }
        let whole = Compared { before: from, from, until };
        let most = series::most(&house.store, guild(1), (metric, split, &all), whole, false, 25);
        let keys: Vec<_> = most.await.unwrap().unwrap().into_iter().map(|line| line.key).collect();
        assert!(!keys.is_empty(), "{metric:?} by {split:?}");
        let lines = series::lines(&house.store, guild(1), (metric, split, &all), &keys, &spans);
        for (of, values) in keys.iter().zip(lines.await.unwrap()) {
            for (span, shown) in spans.all().iter().zip(values) {
                let these = facts
                    .iter()
                    .filter(|fact| fact.is_in(*span) && key(fact, split).as_ref() == Some(of));
                assert_eq!(shown, recount(metric, these), "{metric:?} of {of:?} in {span:?}");
            }
        }
    }
    let ahead = [(from, until, 4)];
    let hours = series::week(&house.store, guild(1), Metric::Messages, &all, &ahead).await;
    let hours = hours.unwrap().unwrap();
    let mut expected = [[0; 24]; 7];
    for fact in facts.iter().filter(|fact| fact.is_in((from, until))) {
        // An hour ahead; the first day of all was a Thursday.
        let hour = (fact.at_secs + 3_600).div_euclid(3_600) + 3 * 24;
        let hour = usize::try_from(hour.rem_euclid(168)).unwrap();
        expected[hour / 24][hour % 24] += fact.count("message");
    }
    assert_eq!(hours, expected);
    let nobody = (Metric::Messages, Split::Command, &all);
    let refused = series::most(&house.store, guild(1), nobody, time, false, 5).await.unwrap();
    assert_eq!(refused, None, "messages are not kept by command");
    for number in 1..=6 {
        let seen = members::of(&house.store, guild(1), person(number), from, until).await.unwrap();
        let theirs = facts.iter().filter(|fact| fact.person == Some(person(number)));
        let did = seen.unwrap().did;
        assert_eq!(did.messages, recount(Metric::Messages, theirs.clone()));
        assert_eq!(did.voice_micros / 60_000_000, recount(Metric::VoiceMinutes, theirs));
    }
    let unknown = members::of(&house.store, guild(1), person(99), from, until).await.unwrap();
    assert_eq!(unknown, None);
}

fn key(fact: &Fact, split: Split) -> Option<Key> {
    match split {
        Split::Channel => fact.channel.map(Key::Channel),
        Split::Member => fact.person.map(Key::Member),
        Split::Command if fact.count("use") > 0 => fact.word.clone().map(Key::Word),
        Split::Kind if fact.count("use") == 0 => {
            fact.word.clone().filter(|word| !word.is_empty()).map(Key::Word)
        }
        Split::Command | Split::Kind => None,
    }
}

// proves: ANA-02
#[test]
fn given_members_who_came_in_one_week_then_each_later_week_tells_how_many_were_there() {
    on_each_store(async |site| {
        let house = site.open().await;
        let runtime = house.project().await;
        let week = 7 * 86_400;
        // 2 March 2026, a Monday.
        let begin = 1_772_409_600;
        let at = |secs: i64| Timestamp::from_secs(begin + secs);
        let mut seq = 0;
        let mut told = |at: Timestamp, what: activity::What| {
            seq += 1;
            activity::Fact { seq, at, what }
        };
        let channel = ChannelId::new(5).unwrap();
        let wrote = |who| activity::What::Reacted { person: person(who), channel };
        let joined = |who| activity::What::Joined { person: person(who) };
        let facts = vec![
            told(at(10), joined(1)),
            told(at(20), joined(2)),
            told(at(30), joined(3)),
            // In their own week: that is not staying.
            told(at(40), wrote(3)),
            told(at(week), wrote(1)),
            told(at(week + 5), wrote(1)),
            told(at(week + 6), joined(4)),
            // Who comes again came first before.
            told(at(week + 7), joined(2)),
            told(at(2 * week + 5), wrote(1)),
            told(at(2 * week + 6), wrote(2)),
            told(at(2 * week + 7), wrote(4)),
        ];
        let command = activity::Command::Record {
            session: "a".to_owned(),
            facts,
            uses: Vec::new(),
            voice_until: None,
        };
        let stream = StreamId::of_guild(Activity::CAPABILITY, guild(1));
        house.bus.execute::<Activity>(&stream, &command, &request()).await.unwrap();
        house.caught_up(&["activity_members"]).await;
        let weeks: Vec<_> =
            (0..3).map(|number| (at(number * week), at((number + 1) * week))).collect();
        let found = cohorts::cohorts(&house.store, guild(1), &weeks).await.unwrap();
        let numbers: Vec<_> = found.iter().map(|one| (one.came, one.stayed.clone())).collect();
        assert_eq!(numbers, [(3, vec![1, 2]), (1, vec![1]), (0, vec![])]);
        assert!(cohorts::cohorts(&house.store, guild(1), &[]).await.unwrap().is_empty());
        runtime.shutdown().await;
        house.close().await;
    });
}
