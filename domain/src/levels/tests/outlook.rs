//! What other settings would do, held against what they do.

use super::{
    super::outlook::{Lacking, Moved, NAMED, Replay, Replayed},
    *,
};

fn with_xp(state: &mut State, person: u32, xp: u64) {
    let (person, at) = (PersonId(person), at(0));
    let (from, source) = (state.xp(person), Source::Set);
    let event = Event::XpChanged { person, from, to: xp, at, source, reason: None };
    Levels::evolve(state, &event);
}

fn even(percent: u32) -> LevelSettings {
    LevelSettings { curve: Curve::Even, curve_percent: percent, ..plain() }
}

// proves: LVL-06
#[test]
fn given_another_curve_then_who_goes_up_and_down_is_told_as_it_would_be() {
    let mut state = State::default();
    for (person, xp) in [(1, 900), (2, 1_000), (3, 2_500), (4, 9_999), (5, 0)] {
        with_xp(&mut state, person, xp);
    }
    let outlook = state.outlook(&even(100), &even(50));
    assert_eq!((outlook.members, outlook.up, outlook.down), (4, 4, 0));
    let furthest = Moved { person: PersonId(4), xp: 9_999, from: 9, to: 19 };
    assert_eq!(outlook.most[0], furthest);
    assert!(state.outlook(&even(100), &even(100)).is_nothing());
    let steep = LevelSettings { curve: Curve::Steep, ..plain() };
    for (before, after) in [(even(100), steep.clone()), (steep, plain()), (plain(), even(1_000))] {
        let outlook = state.outlook(&before, &after);
        let level = |person, terms: &LevelSettings| terms.level(state.xp(PersonId(person)));
        let count = |moves: fn(u32, u32) -> bool| {
            let moved = (1..=5).filter(|n| moves(level(*n, &before), level(*n, &after)));
            moved.count() as u64
        };
        let expected = (count(|was, is| is > was), count(|was, is| is < was));
        assert_eq!((outlook.up, outlook.down), expected);
    }
}

// proves: LVL-05
#[test]
fn given_roles_of_levels_then_the_outlook_counts_what_the_next_level_would_order() {
    let (before, after) = (rewarding(Rewards::Stack), rewarding(Rewards::Replace));
    let mut state = State::default();
    done(&mut state, &give(3_500, &before));
    let outlook = state.outlook(&before, &after);
    let moves: Vec<_> =
        outlook.roles.iter().map(|one| (one.role.get(), one.given, one.taken)).collect();
    assert_eq!(moves, [(11, 0, 1)], "with replace the lower one goes");
    // And that is what is ordered once the level changes.
    let later = done(&mut state.clone(), &give(1_000, &after));
    assert_eq!(ordered(&later), [(11, false)]);
    let mut cheap = before.clone();
    cheap.role_rewards = vec![LevelReward { level: 2, role: role(12) }];
    let outlook = state.outlook(&before, &cheap);
    let moves: Vec<_> =
        outlook.roles.iter().map(|one| (one.role.get(), one.given, one.taken)).collect();
    assert_eq!(moves, [(12, 1, 0)], "what no level brings any more is left to who has it");
    assert_eq!(ordered(&done(&mut state, &give(1_000, &cheap))), [(12, true)]);
}

fn replayed(
    events: &[Event],
    (before, after): (&LevelSettings, &LevelSettings),
    state: &State,
) -> Replayed {
    let mut replay = Replay::new(before, after);
    for event in events {
        replay.take(event, before, at(-1));
    }
    let now: Vec<_> = state.earners().collect();
    replay.outcome(&now, at(-1), false)
}

// proves: LVL-06
#[test]
fn given_another_multiplier_then_earnings_are_paid_again_and_places_follow() {
    let mut state = State::default();
    let before = plain();
    // Ben was first with what staff gave him; Ann earned.
    with_xp(&mut state, 2, 150);
    let facts = (1..=5).map(|n| written(n, ANN, n.cast_signed() * 100)).collect();
    let events = done(&mut state, &earn("a", facts, &before));
    assert_eq!((state.xp(ANN), state.xp(BEN)), (100, 150));
    let double = LevelSettings { percent: 200, ..before.clone() };
    let told = replayed(&events, (&before, &double), &state);
    assert_eq!((told.earned, told.would_earn, told.up, told.down), (100, 200, 1, 1));
    assert_eq!(told.most[0], Moved { person: ANN, xp: 200, from: 2, to: 1 });
    assert!(told.lacking.is_empty());
    // What it would have earned is what it does earn.
    let mut other = State::default();
    with_xp(&mut other, 2, 150);
    let facts = (1..=5).map(|n| Fact {
        what: What::Written {
            id: MessageId::new(1_000 + n).unwrap(),
            person: ANN,
            channel: channel(5),
            percent: double.percent(&[], channel(5)),
            flood: false,
        },
        ..written(n, ANN, n.cast_signed() * 100)
    });
    done(&mut other, &earn("a", facts.collect(), &double));
    assert_eq!(other.xp(ANN), 200);
    // A longer cooldown: at 100, 300 and 500 seconds.
    let slow = LevelSettings { cooldown_secs: 150, ..before.clone() };
    assert_eq!(replayed(&events, (&before, &slow), &state).would_earn, 60);
}

#[test]
fn given_what_the_log_does_not_hold_then_the_replay_says_so() {
    let before = LevelSettings { cooldown_secs: 60, ..plain() };
    let mut after = LevelSettings { cooldown_secs: 10, flood_messages: 2, ..before.clone() };
    after.channel_percents.push(ChannelPercent { channel: channel(5), percent: 300 });
    assert!(Replay::matters(&before, &after));
    let told = replayed(&[], (&before, &after), &State::default());
    let lacking = [Lacking::Places, Lacking::WithinCooldown, Lacking::Floods];
    assert_eq!(told.lacking, lacking);
    let named = LevelSettings { announce: Announce::There, ..before.clone() };
    assert!(!Replay::matters(&before, &named));
    // Multiplied with 100 percent is multiplied with nothing.
    let mut same = before.clone();
    same.channel_percents.push(ChannelPercent { channel: channel(5), percent: FULL });
    assert!(!Replay::matters(&before, &same));
}

#[test]
fn given_100_000_members_then_an_outlook_takes_no_longer_than_an_answer_may() {
    let mut state = State::default();
    for person in 1..=100_000 {
        with_xp(&mut state, person, u64::from(person) * 37);
    }
    let began = std::time::Instant::now();
    let rewards = (1..=25).map(|n| LevelReward { level: n, role: role(n.into()) }).collect();
    let after = LevelSettings { curve: Curve::Steep, role_rewards: rewards, ..plain() };
    let outlook = state.outlook(&plain(), &after);
    assert_eq!((outlook.members, outlook.most.len()), (100_000, NAMED));
    assert!(outlook.down > 90_000 && outlook.roles.len() > 10, "{outlook:?}");
    // Some tens of milliseconds where it is optimised; a slow machine has 100 times that.
    let took = began.elapsed();
    assert!(took < std::time::Duration::from_mins(1), "{took:?}");
}
