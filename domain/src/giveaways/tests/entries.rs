//! Who gets in, and until when.

use proptest::prelude::*;

use super::*;

#[test]
fn given_a_hundred_clicks_by_one_member_then_there_is_one_entry() {
    let mut state = with_entrants(usual(), 0);
    let made: usize = (0..100).map(|_| act(&mut state, &enter(ANN)).len()).sum();
    assert_eq!((made, state.standing(), state.entries.len()), (1, 1, 1));
    for _ in 0..50 {
        act(&mut state, &Command::Leave { person: ANN, at: noon() });
        assert_eq!(state.standing(), 0);
        act(&mut state, &enter(ANN));
    }
    assert_eq!((state.standing(), state.entries.len()), (1, 1), "the number stays theirs");
}

#[test]
fn given_the_end_then_nobody_enters_whether_it_was_closed_or_not() {
    let mut state = with_entrants(usual(), 1);
    let late = |person, at| Command::Enter {
        person: PersonId(person),
        facts: Facts::default(),
        salt: seed(),
        at,
    };
    assert_eq!(refused(&state, &late(2, end())), "giveaway.ended");
    let just_before = Timestamp::from_micros(end().as_micros() - 1);
    assert_eq!(act(&mut state, &late(2, just_before)).len(), 1);
    act(&mut state, &Command::Close { by: Some(HOST), at: just_before });
    assert_eq!(refused(&state, &late(3, just_before)), "giveaway.ended");
    assert_eq!(refused(&state, &Command::Leave { person: ANN, at: noon() }), "giveaway.ended");
    let edit = Command::Edit { by: HOST, terms: usual(), at: noon() };
    assert_eq!(refused(&state, &edit), "giveaway.ended");
}

// proves: GIV-02, GIV-03, GIV-04
#[test]
fn given_requirements_then_each_is_asked_for_and_what_was_known_is_kept() {
    let requires = Requirements {
        all_of: vec![role(1), role(2)],
        any_of: vec![role(3), role(4)],
        none_of: vec![role(5)],
        level: 10,
        account_days: 30,
        member_days: 7,
    };
    let bonus = vec![Bonus { role: role(6), entries: 4 }, Bonus { role: role(7), entries: 2 }];
    let mut state = with_entrants(Terms { requires, bonus, ..usual() }, 0);
    let sound = Facts {
        roles: [1, 2, 3, 6, 7, 99].map(role).to_vec(),
        level: 10,
        account_days: 30,
        member_days: 7,
        blocked: false,
    };
    let but = |change: fn(&mut Facts)| {
        let mut facts = sound.clone();
        change(&mut facts);
        refused(&state, &enter_with(ANN, facts))
    };
    assert_eq!(but(|facts| facts.roles.retain(|one| *one != role(2))), "giveaway.role_needed");
    assert_eq!(but(|facts| facts.roles.retain(|one| *one != role(3))), "giveaway.role_needed");
    assert_eq!(but(|facts| facts.roles.push(role(5))), "giveaway.role_forbidden");
    assert_eq!(but(|facts| facts.level = 9), "giveaway.level_too_low");
    assert_eq!(but(|facts| facts.account_days = 29), "giveaway.account_too_young");
    assert_eq!(but(|facts| facts.member_days = 6), "giveaway.member_too_short");
    assert_eq!(but(|facts| facts.blocked = true), "giveaway.blocked");
    let events = act(&mut state, &enter_with(ANN, sound));
    let [Event::Entered { weight: 7, level: 10, account_days: 30, roles, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*roles, [1, 2, 3, 6, 7].map(role), "no role that the terms do not name");
}

#[test]
fn given_a_pause_then_nobody_enters_and_its_end_moves_by_as_long() {
    let mut state = with_entrants(usual(), 0);
    act(&mut state, &Command::Pause { by: HOST, at: noon() });
    assert_eq!(refused(&state, &enter(ANN)), "giveaway.paused");
    assert_eq!(refused(&state, &close()), "giveaway.paused");
    act(&mut state, &Command::Resume { by: HOST, at: end().plus_secs(HOUR) });
    assert_eq!(state.terms().unwrap().ends_at, end().plus_secs(2 * HOUR));
    assert_eq!(act(&mut state, &enter(ANN)).len(), 1);
}

#[test]
fn given_a_member_taken_out_then_they_stay_out() {
    let mut state = with_entrants(usual(), 1);
    act(&mut state, &Command::Leave { person: ANN, at: noon() });
    let remove = Command::Remove { person: ANN, by: HOST, at: noon() };
    assert_eq!(act(&mut state, &remove).len(), 1, "somebody who left as well");
    assert_eq!(act(&mut state, &remove), []);
    assert_eq!(refused(&state, &enter(ANN)), "giveaway.taken_out");
}

#[test]
fn given_it_was_called_off_then_nothing_goes_on() {
    let mut state = with_entrants(usual(), 1);
    act(&mut state, &Command::Cancel { by: HOST, at: noon() });
    for command in [enter(ANN), close(), draw(), Command::Pause { by: HOST, at: noon() }] {
        assert_eq!(refused(&state, &command), "giveaway.cancelled");
    }
}

#[test]
fn given_terms_out_of_bounds_then_each_is_named() {
    let state = State::default();
    let but = |change: fn(&mut Terms)| {
        let mut terms = usual();
        change(&mut terms);
        refused(&state, &create(terms))
    };
    assert_eq!(but(|terms| terms.prize = " ".to_owned()), "giveaway.prize_invalid");
    assert_eq!(but(|terms| terms.winners = 0), "giveaway.winners_invalid");
    assert_eq!(but(|terms| terms.winners = 51), "giveaway.winners_invalid");
    assert_eq!(but(|terms| terms.ends_at = noon()), "giveaway.end_invalid");
    assert_eq!(
        but(|terms| terms.ends_at = noon().plus_secs(366 * 24 * HOUR)),
        "giveaway.end_invalid"
    );
    assert_eq!(but(|terms| terms.claim_secs = MAX_CLAIM_SECS + 1), "giveaway.claim_invalid");
    assert_eq!(but(|terms| terms.max_rerolls = MAX_REROLLS + 1), "giveaway.rerolls_invalid");
    assert_eq!(but(|terms| terms.requires.all_of = vec![role(1); 2]), "giveaway.roles_invalid");
    let bonus = |terms: &mut Terms| {
        terms.bonus = vec![Bonus { role: role(1), entries: MAX_WEIGHT }];
    };
    assert_eq!(but(bonus), "giveaway.bonus_invalid");
    let both = |terms: &mut Terms| {
        terms.requires.all_of = vec![role(1)];
        terms.requires.none_of = vec![role(1)];
    };
    assert_eq!(but(both), "giveaway.nobody_could_enter");
    assert_eq!(refused(&state, &enter(ANN)), "giveaway.no_such_giveaway");
}

fn any_command() -> impl Strategy<Value = Command> {
    let person = || (1..6_u32).prop_map(PersonId);
    let at = || (0..3 * HOUR).prop_map(|secs| noon().plus_secs(secs));
    let entry = || 1..6_u32;
    prop_oneof![
        8 => (person(), at()).prop_map(|(person, at)| {
            Command::Enter { person, facts: Facts::default(), salt: salt(person), at }
        }),
        2 => (person(), at()).prop_map(|(person, at)| Command::Leave { person, at }),
        1 => (person(), at()).prop_map(|(person, at)| Command::Remove { person, by: HOST, at }),
        1 => at().prop_map(|at| Command::Pause { by: HOST, at }),
        1 => at().prop_map(|at| Command::Resume { by: HOST, at }),
        1 => at().prop_map(|at| Command::Close { by: Some(HOST), at }),
        2 => Just(draw()),
        3 => (entry(), at()).prop_map(|(entry, at)| Command::Confirm { entry, at }),
        2 => (person(), at()).prop_map(|(person, at)| Command::Claim { person, at }),
        2 => (entry(), at()).prop_map(|(entry, at)| Command::Lapse { entry, at }),
        2 => (entry(), at()).prop_map(|(entry, at)| {
            Command::Disqualify { entry, why: Exclusion::LeftServer, at }
        }),
        2 => (entry(), at()).prop_map(|(entry, at)| {
            let reason = Personal::clear(ANN, "again".to_owned());
            Command::Reroll { entry, by: HOST, reason, at }
        }),
    ]
}

proptest! {
    #[test]
    fn given_any_history_then_nobody_is_drawn_twice_and_folding_gives_the_same_state(
        commands in prop::collection::vec(any_command(), 1..80),
    ) {
        let mut state = with_entrants(usual(), 0);
        let mut all = Giveaway::decide(&State::default(), &create(usual())).unwrap();
        for command in &commands {
            let Ok(events) = Giveaway::decide(&state, command) else { continue };
            fold(&mut state, &events);
            all.extend(events);
        }
        let mut winners = people(&all);
        let count = winners.len();
        winners.sort_unstable();
        winners.dedup();
        prop_assert_eq!(winners.len(), count);
        prop_assert!(state.draw.as_ref().is_none_or(|draw| draw.rerolls <= usual().max_rerolls));
        let claimed = state.winners().iter().filter(|one| one.state == WinnerState::Claimed);
        prop_assert!(claimed.count() <= 1, "one prize");
        let mut again = State::default();
        fold(&mut again, &all);
        prop_assert_eq!(again, state);
    }
}

#[test]
fn given_what_discord_says_to_the_post_then_it_is_noted_once_and_a_refusal_ends_it() {
    let mut state = with_entrants(usual(), 0);
    let posted = Command::NotePosted { message: message(), at: noon() };
    assert_eq!(act(&mut state, &posted), [Event::Posted { message: message(), at: noon() }]);
    assert_eq!((state.message(), act(&mut state, &posted)), (Some(message()), vec![]));
    let failed = Command::NotePostFailed { code: 50_001, at: noon() };
    assert_eq!(act(&mut state, &failed), [], "it stands there");
    let mut hidden = with_entrants(usual(), 1);
    assert_eq!(act(&mut hidden, &failed), [Event::PostFailed { code: 50_001, at: noon() }]);
    assert_eq!(refused(&hidden, &enter(PersonId(2))), "giveaway.cancelled");
    assert_eq!(refused(&hidden, &close()), "giveaway.cancelled");
    assert_eq!(act(&mut hidden, &failed), []);
}

#[test]
fn given_an_entry_then_its_holder_has_number_weight_and_leaf_until_they_leave() {
    let mut state = with_entrants(usual(), 2);
    let leaf_of = |number| leaf(id(), number, 1, PersonId(number), &salt(PersonId(number)));
    assert_eq!(state.held_by(PersonId(2)), Some((2, 1, leaf_of(2))));
    assert_eq!((state.held_by(PersonId(3)), state.weight(), state.entries()), (None, 2, 2));
    act(&mut state, &Command::Leave { person: PersonId(2), at: noon() });
    assert_eq!((state.held_by(PersonId(2)), state.weight(), state.entries()), (None, 1, 2));
}
