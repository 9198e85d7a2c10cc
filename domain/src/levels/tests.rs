mod outlook;

use std::sync::Arc;

use super::*;

const ANN: PersonId = PersonId(1);
const BEN: PersonId = PersonId(2);

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_795_132_800 + secs)
}

fn channel(number: u64) -> ChannelId {
    ChannelId::new(number).unwrap()
}

fn role(number: u64) -> RoleId {
    RoleId::new(number).unwrap()
}

fn terms(values: LevelSettings) -> Terms {
    Arc::new(InForce { version: 1, values })
}

fn plain() -> LevelSettings {
    LevelSettings { text_min: 20, text_max: 20, ..LevelSettings::default() }
}

fn written(seq: u64, person: PersonId, secs: i64) -> Fact {
    let id = MessageId::new(1_000 + seq).unwrap();
    let channel = channel(5);
    let what = What::Written { id, person, channel, percent: FULL, flood: false };
    Fact { seq, at: at(secs), what }
}

fn earn(session: &str, facts: Vec<Fact>, values: &LevelSettings) -> Command {
    let terms = terms(values.clone());
    Command::Earn { session: session.to_owned(), facts, voice_until: None, terms }
}

fn done(state: &mut State, command: &Command) -> Vec<Event> {
    let events = Levels::decide(state, command).unwrap();
    for event in &events {
        Levels::evolve(state, event);
    }
    events
}

// proves: LVL-01
#[test]
fn given_many_messages_then_one_earns_in_each_cooldown() {
    let mut state = State::default();
    let facts = (1..=100).map(|seq| written(seq, ANN, seq.cast_signed() * 5)).collect();
    done(&mut state, &earn("a", facts, &plain()));
    // The first is at 5 s, the last at 500 s: at 5, 65, 125 … 485.
    assert_eq!(state.xp(ANN), 9 * 20);
}

// proves: LVL-02
#[test]
fn given_a_flood_then_it_earns_nothing_and_begins_no_cooldown() {
    let mut state = State::default();
    let mut flooded = written(1, ANN, 0);
    let What::Written { flood, .. } = &mut flooded.what else { unreachable!() };
    *flood = true;
    done(&mut state, &earn("a", vec![flooded, written(2, ANN, 1)], &plain()));
    assert_eq!(state.xp(ANN), 20);
}

// proves: LVL-08, LVL-04
#[test]
fn given_a_replay_or_another_session_then_nothing_is_earned_twice() {
    let mut state = State::default();
    let facts = vec![written(1, ANN, 0), written(2, ANN, 100), written(3, BEN, 101)];
    done(&mut state, &earn("a", facts.clone(), &plain()));
    assert!(done(&mut state, &earn("a", facts.clone(), &plain())).is_empty());
    let elsewhere = facts.into_iter().map(|fact| Fact { seq: fact.seq + 9, ..fact }).collect();
    assert!(done(&mut state, &earn("b", elsewhere, &plain())).is_empty());
    assert_eq!((state.xp(ANN), state.xp(BEN)), (40, 20));
}

// proves: LVL-06
#[test]
fn given_multipliers_then_roles_channels_and_the_community_multiply_and_some_earn_nothing() {
    let settings = LevelSettings {
        percent: 200,
        role_percents: vec![
            settings::RolePercent { role: role(1), percent: 150 },
            settings::RolePercent { role: role(2), percent: 300 },
        ],
        channel_percents: vec![settings::ChannelPercent { channel: channel(5), percent: 50 }],
        no_xp_roles: vec![role(9)],
        no_xp_channels: vec![channel(9)],
        ..plain()
    };
    let percent = |roles: &[u64], at: u64| {
        let roles: Vec<_> = roles.iter().map(|number| role(*number)).collect();
        settings.percent(&roles, channel(at))
    };
    assert_eq!(percent(&[], 6), 200);
    assert_eq!((percent(&[1, 2], 6), percent(&[1], 5)), (600, 150));
    assert_eq!((percent(&[2, 9], 6), percent(&[], 9)), (0, 0));
    let message = MessageId::new(77).unwrap();
    let range = LevelSettings { text_min: 15, text_max: 25, ..plain() };
    assert!((15..=25).contains(&range.text_xp(message)));
    assert_eq!(range.text_xp(message), range.text_xp(message), "the same for the same message");
    let drawn: std::collections::BTreeSet<_> =
        (1..500).map(|id| range.text_xp(MessageId::new(id).unwrap())).collect();
    assert_eq!(drawn.len(), 11, "every number between the two is drawn");
}

fn voice(seq: u64, person: PersonId, secs: i64, percent: Option<u32>, muted: bool) -> Fact {
    let place = Place { channel: channel(5), muted, deafened: false, away: false };
    let place = percent.map(|percent| (place, percent));
    Fact { seq, at: at(secs), what: What::Voice { person, place } }
}

// proves: LVL-03, LVL-04, LVL-06
#[test]
fn given_time_in_voice_then_whole_minutes_that_count_earn_and_the_rest_is_kept() {
    let mut state = State::default();
    let settings = LevelSettings { voice_xp: 10, ..plain() };
    let full = Some(FULL);
    let facts = vec![
        voice(1, ANN, 0, full, false),
        voice(2, BEN, 0, Some(200), false),
        voice(3, ANN, 90, full, true),
        voice(4, ANN, 150, full, false),
    ];
    done(&mut state, &earn("a", facts, &settings));
    assert_eq!((state.xp(ANN), state.xp(BEN)), (10, 0), "Ben's stretch has not ended");
    let until = |secs| Command::Earn {
        session: "a".into(),
        facts: Vec::new(),
        voice_until: Some(at(secs)),
        terms: terms(settings.clone()),
    };
    // 90 seconds before, and 30 more: the second minute is full.
    done(&mut state, &until(180));
    assert_eq!(state.xp(ANN), 20);
    assert!(done(&mut state, &until(180)).is_empty(), "time is paid once");
    let skip = Command::Skip { from: at(200), until: at(4_000), terms: terms(settings.clone()) };
    done(&mut state, &skip);
    done(&mut state, &until(4_040));
    // 20 seconds before the gap, 40 after it.
    assert_eq!((state.xp(ANN), state.xp(BEN)), (30, 80));
}

fn rewarding(rewards: Rewards) -> LevelSettings {
    let reward = |level, number| LevelReward { level, role: role(number) };
    let role_rewards = vec![reward(1, 11), reward(3, 13)];
    LevelSettings { curve: Curve::Even, role_rewards, rewards, ..plain() }
}

fn ordered(events: &[Event]) -> Vec<(u64, bool)> {
    let order = |event: &Event| match event {
        Event::RoleOrdered { role, give, .. } => Some((role.get(), *give)),
        _ => None,
    };
    events.iter().filter_map(order).collect()
}

fn give(xp: i64, values: &LevelSettings) -> Command {
    let terms = terms(values.clone());
    Command::Change { person: ANN, change: Change::Give(xp), reason: None, at: at(0), terms }
}

// proves: LVL-05
#[test]
fn given_levels_with_roles_then_they_stack_or_replace_each_other() {
    let mut state = State::default();
    let stack = rewarding(Rewards::Stack);
    assert_eq!(ordered(&done(&mut state, &give(1_000, &stack))), [(11, true)]);
    assert_eq!(ordered(&done(&mut state, &give(2_000, &stack))), [(13, true)]);
    let lost = done(&mut state, &give(-2_500, &stack));
    assert_eq!(ordered(&lost), [(11, false), (13, false)]);
    let mut state = State::default();
    let replace = rewarding(Rewards::Replace);
    assert_eq!(ordered(&done(&mut state, &give(1_000, &replace))), [(11, true)]);
    let higher = done(&mut state, &give(2_000, &replace));
    assert_eq!(ordered(&higher), [(13, true), (11, false)]);
    assert!(higher.iter().any(|event| matches!(event, Event::LevelReached { level: 3, .. })));
}

// proves: LVL-05
#[test]
fn given_an_order_then_one_outcome_closes_it_and_a_failed_one_comes_again_with_the_next_level() {
    let mut state = State::default();
    let stack = rewarding(Rewards::Stack);
    done(&mut state, &give(1_000, &stack));
    let note = |attempt, failed| Command::NoteRole { person: ANN, role: role(11), attempt, failed };
    assert!(done(&mut state, &note(2, None)).is_empty(), "no such order");
    assert_eq!(done(&mut state, &note(1, Some(RoleFailure::NotAllowed))).len(), 1);
    assert!(done(&mut state, &note(1, None)).is_empty(), "it is closed");
    assert!(ordered(&done(&mut state, &give(10, &stack))).is_empty());
    assert_eq!(ordered(&done(&mut state, &give(1_000, &stack))), [(11, true)]);
    assert_eq!(state.role(ANN, role(11)).unwrap().attempt, 2);
}

#[test]
fn given_what_staff_does_then_nobody_has_less_than_nothing_or_too_much() {
    let mut state = State::default();
    let values = plain();
    done(&mut state, &give(-5, &values));
    assert_eq!(state.xp(ANN), 0);
    let change = |change| Command::Change {
        person: ANN,
        change,
        reason: None,
        at: at(0),
        terms: terms(plain()),
    };
    let refused = |command: &Command| Levels::decide(&state, command).unwrap_err();
    assert_eq!(refused(&change(Change::Give(0))), Refused::Nothing);
    assert_eq!(refused(&change(Change::Set(MAX_XP + 1))), Refused::TooMuch);
    done(&mut state, &change(Change::Set(700)));
    assert_eq!(state.xp(ANN), 700);
    done(&mut state, &change(Change::Reset));
    assert_eq!(state.xp(ANN), 0);
}

#[test]
fn given_what_is_brought_along_then_it_is_added_and_nobody_has_reached_anything_by_it() {
    let mut state = State::default();
    let values = rewarding(Rewards::Stack);
    let bring = |xp| Command::Change {
        person: ANN,
        change: Change::Bring(xp),
        reason: None,
        at: at(0),
        terms: terms(values.clone()),
    };
    done(&mut state, &give(400, &values));
    let brought = done(&mut state, &bring(3_000));
    assert!(matches!(brought[..], [Event::XpChanged { from: 400, to: 3_400, .. }]), "{brought:?}");
    assert_eq!(Levels::decide(&state, &bring(0)), Err(Refused::Nothing));
    assert_eq!(Levels::decide(&state, &bring(u64::MAX)), Err(Refused::TooMuch));
    // With the next level come all the roles that are due.
    assert_eq!(ordered(&done(&mut state, &give(700, &values))), [(11, true), (13, true)]);
    assert_eq!((values.sum(0), values.sum(3), values.level(values.sum(7))), (0, 3_000, 7));
}

#[test]
fn given_the_curves_then_levels_and_what_is_left_add_up() {
    let classic = LevelSettings::default();
    assert_eq!((classic.level(99), classic.level(100), classic.level(255)), (0, 1, 2));
    for curve in [Curve::Even, Curve::Classic, Curve::Steep] {
        let settings = LevelSettings { curve, ..LevelSettings::default() };
        for xp in [0, 1, 999, 54_321, MAX_XP] {
            let (level, rest, step) = settings.progress(xp);
            let before: u64 = (0..level).map(|n| settings.step(n)).sum();
            assert_eq!(before + rest, xp);
            assert!(rest < step || level == LevelSettings::MAX_LEVEL);
        }
    }
}

#[test]
fn given_100_000_members_then_each_takes_few_bytes() {
    let mut state = State::default();
    for batch in 0..100_u64 {
        let facts = (1..=1_000).map(|n| {
            let seq = batch * 1_000 + n;
            written(seq, PersonId(u32::try_from(seq).unwrap()), 0)
        });
        done(&mut state, &earn("a", facts.collect(), &plain()));
    }
    let each = state.weight_bytes() / 100_000;
    assert!(each < 128, "{each} bytes a member");
}

fn recover(gap: i64, facts: Vec<Fact>) -> Command {
    Command::Recover { gap: at(gap), facts, terms: terms(plain()) }
}

// proves: LVL-01, LVL-08
#[test]
fn given_messages_of_a_gap_then_they_earn_by_the_cooldown_among_themselves_and_beside_live_ones() {
    let mut state = State::default();
    done(&mut state, &earn("a", vec![written(1, ANN, 0)], &plain()));
    // Told live after the gap, before anybody asked for what was in it.
    done(&mut state, &earn("b", vec![written(900, ANN, 1_000)], &plain()));
    assert_eq!(state.xp(ANN), 2 * 20);
    // Every 20 seconds from 300 to 460: at 300, 360 and 420; split as it may be after a stop.
    let all = (0..9).map(|n| written(100 + n, ANN, 300 + 20 * n.cast_signed()));
    let (first, then): (Vec<_>, Vec<_>) = all.partition(|fact| fact.at < at(350));
    done(&mut state, &recover(60, first));
    done(&mut state, &recover(60, then));
    assert_eq!(state.xp(ANN), (2 + 3) * 20);
    // Less than a cooldown before what was told live: that earned already.
    done(&mut state, &recover(60, vec![written(200, ANN, 970)]));
    assert_eq!(state.xp(ANN), 5 * 20);
    // What is told live next waits for what was told live.
    done(&mut state, &earn("b", vec![written(901, ANN, 1_030)], &plain()));
    assert_eq!(state.xp(ANN), 5 * 20);
    done(&mut state, &earn("b", vec![written(902, ANN, 1_061)], &plain()));
    assert_eq!(state.xp(ANN), 6 * 20);
}

#[test]
fn given_a_gap_that_ends_a_level_then_its_roles_are_ordered_and_floods_earn_nothing() {
    let mut state = State::default();
    let flood = What::Written {
        id: MessageId::new(5).unwrap(),
        person: BEN,
        channel: channel(5),
        percent: FULL,
        flood: true,
    };
    let mut facts: Vec<_> =
        (0..20).map(|n| written(100 + n, ANN, 300 + 60 * n.cast_signed())).collect();
    facts.push(Fact { seq: 0, at: at(310), what: flood });
    let events = done(&mut state, &recover(60, facts));
    assert!(events.iter().any(|event| matches!(event, Event::LevelReached { person: ANN, .. })));
    assert_eq!((state.xp(ANN), state.xp(BEN)), (400, 0));
}
