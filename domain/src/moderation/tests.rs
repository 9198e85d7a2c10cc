//! The rules of moderation: given a history, when a command, then events or a refusal.

mod due;
mod histories;
mod ladder;
mod sanctions;

use super::*;
use crate::settings::Configurable;

const ANN: PersonId = PersonId(1);
const BEN: PersonId = PersonId(2);
const CAY: PersonId = PersonId(3);
const MOD: PersonId = PersonId(90);
const OTHER_MOD: PersonId = PersonId(91);
const HOUR: u32 = 3_600;
const DAY: u32 = 24 * HOUR;

fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn later(secs: u32) -> Timestamp {
    noon().plus_secs(i64::from(secs))
}

fn terms(change: impl FnOnce(&mut ModerationSettings)) -> Terms {
    let mut values = ModerationSettings::default();
    change(&mut values);
    assert_eq!(values.problems(), [""; 0]);
    Arc::new(InForce { version: 4, values })
}

fn usual() -> Terms {
    terms(|_| {})
}

/// Decides and lives with it.
#[track_caller]
fn act(state: &mut State, command: &Command) -> Vec<Event> {
    let events = Moderation::decide(state, command).unwrap();
    fold(state, &events);
    events
}

fn fold(state: &mut State, events: &[Event]) {
    for event in events {
        Moderation::evolve(state, event);
    }
}

fn refused(state: &State, command: &Command) -> &'static str {
    crate::Refusal::rule(&Moderation::decide(state, command).unwrap_err())
}

fn warn_at(person: PersonId, at: Timestamp, terms: &Terms) -> Command {
    let (by, severity, reason) = (By::Member(MOD), Severity::Minor, None);
    Command::Warn { person, by, severity, reason, at, terms: terms.clone() }
}

fn warn(person: PersonId) -> Command {
    warn_at(person, noon(), &usual())
}

fn punish_at(person: PersonId, deed: Deed, secs: Option<u32>, at: Timestamp) -> Command {
    let (by, terms) = (By::Member(MOD), usual());
    let order = Punishment { deed, by, duration_secs: secs, delete_secs: None, at, terms };
    Command::Punish { target: Target { person, reason: None }, order }
}

fn punish(person: PersonId, deed: Deed, secs: Option<u32>) -> Command {
    punish_at(person, deed, secs, noon())
}

fn report(case: u32, person: PersonId, stage: Stage, outcome: Outcome, at: Timestamp) -> Command {
    Command::Report { case: CaseNumber(case), person, stage, outcome, at }
}

fn applied(case: u32, person: PersonId) -> Command {
    report(case, person, Stage::Deed, Outcome::Applied, noon())
}

fn failed(case: u32, person: PersonId) -> Command {
    report(case, person, Stage::Deed, Outcome::Failed(Failure::Unavailable), noon())
}

fn expire(case: u32, person: PersonId, at: Timestamp) -> Command {
    Command::Expire { case: CaseNumber(case), person, at }
}

fn pardon(case: u32, person: PersonId) -> Command {
    let (by, reason) = (By::Member(MOD), None);
    Command::Pardon { case: CaseNumber(case), person, by, reason, at: noon() }
}

fn observe(id: u64, deed: Deed, person: PersonId, until: Option<Timestamp>) -> Command {
    let (id, by, reason) = (AuditLogId::new(id).unwrap(), By::Member(MOD), None);
    Command::Observe { entry: AuditEntry { id, deed, person, by, reason, until }, at: noon() }
}

/// Numbers of the cases that these events open.
fn opened(events: &[Event]) -> Vec<u32> {
    let case = |event: &Event| match event {
        Event::MemberWarned { case, .. }
        | Event::MemberNoted { case, .. }
        | Event::DeedOrdered { case, .. }
        | Event::DeedObserved { case, .. } => Some(case.0),
        _ => None,
    };
    events.iter().filter_map(case).collect()
}

fn steps(events: &[Event]) -> Vec<u32> {
    let step = |event: &Event| match event {
        Event::LadderStepTaken { step, .. } => Some(*step),
        _ => None,
    };
    events.iter().filter_map(step).collect()
}

#[test]
fn given_nobody_else_s_hand_then_it_is_refused() {
    let state = State::default();
    let mut own = warn(ANN);
    let Command::Warn { by, .. } = &mut own else { unreachable!() };
    *by = By::Member(ANN);
    assert_eq!(refused(&state, &own), "moderation.yourself");
    let acting = |moderator, whom| {
        let by = By::ActingFor { moderator, whom };
        Command::Note { person: ANN, by, text: Personal::clear(ANN, "x".into()), at: noon() }
    };
    assert_eq!(refused(&state, &acting(ANN, MOD)), "moderation.yourself");
    assert_eq!(refused(&state, &acting(MOD, MOD)), "moderation.acting_for");
    assert_eq!(refused(&state, &acting(MOD, ANN)), "moderation.acting_for");
    let events = Moderation::decide(&state, &acting(MOD, OTHER_MOD)).unwrap();
    let both = By::ActingFor { moderator: MOD, whom: OTHER_MOD };
    assert!(matches!(&events[..], [Event::MemberNoted { by, .. }] if *by == both));
}

#[test]
fn given_lengths_and_texts_out_of_bounds_then_each_rule_says_so() {
    let state = State::default();
    for (deed, secs, rule) in [
        (Deed::Timeout, None, "moderation.duration_needed"),
        (Deed::Timeout, Some(59), "moderation.duration_invalid"),
        (Deed::Ban, Some(MAX_DURATION_SECS + 1), "moderation.duration_invalid"),
        (Deed::Kick, Some(DAY), "moderation.no_duration"),
    ] {
        assert_eq!(refused(&state, &punish(ANN, deed, secs)), rule);
    }
    let deleting = |deed, secs| {
        let mut command = punish(ANN, deed, None);
        let Command::Punish { order, .. } = &mut command else { unreachable!() };
        order.delete_secs = Some(secs);
        command
    };
    for (deed, secs) in [(Deed::Kick, 1), (Deed::Ban, MAX_DELETE_SECS + 1)] {
        assert_eq!(refused(&state, &deleting(deed, secs)), "moderation.delete_invalid");
    }
    assert!(Moderation::decide(&state, &deleting(Deed::Softban, MAX_DELETE_SECS)).is_ok());
    let mut long = punish(ANN, Deed::Kick, None);
    let Command::Punish { target, .. } = &mut long else { unreachable!() };
    target.reason = Some(Personal::clear(ANN, "x".repeat(MAX_REASON_CHARS + 1)));
    assert_eq!(refused(&state, &long), "moderation.reason_too_long");
}

#[test]
fn given_a_batch_then_it_is_ordered_as_a_whole_without_who_is_punished_already() {
    let mut state = State::default();
    act(&mut state, &punish(BEN, Deed::Ban, None));
    act(&mut state, &applied(1, BEN));
    let batch = |people: &[PersonId]| {
        let targets = people.iter().map(|person| Target { person: *person, reason: None });
        let Command::Punish { order, .. } = punish(ANN, Deed::Ban, None) else { unreachable!() };
        let batch = BatchId(uuid::Uuid::from_u128(7));
        Command::PunishMany { batch, targets: targets.collect(), order }
    };
    assert_eq!(refused(&state, &batch(&[])), "moderation.batch_invalid");
    assert_eq!(refused(&state, &batch(&[ANN, ANN])), "moderation.batch_invalid");
    assert_eq!(refused(&state, &batch(&[ANN, MOD])), "moderation.yourself");
    assert_eq!(refused(&state, &batch(&[BEN])), "moderation.nobody_left");
    let events = act(&mut state, &batch(&[ANN, BEN, CAY]));
    assert_eq!(opened(&events), [2, 3]);
    let origin = Origin::Batch(BatchId(uuid::Uuid::from_u128(7)));
    assert!(events.iter().all(|event| matches!(event,
        Event::DeedOrdered { origin: from, .. } if *from == origin)));
}

#[test]
fn given_a_batch_undone_then_what_is_in_force_or_counts_is_taken_back_and_nothing_else() {
    let mut state = State::default();
    act(&mut state, &warn(ANN));
    act(&mut state, &punish(BEN, Deed::Ban, None));
    act(&mut state, &applied(2, BEN));
    act(&mut state, &punish(CAY, Deed::Kick, None));
    act(&mut state, &applied(3, CAY));
    let undo = BatchId(uuid::Uuid::from_u128(8));
    let cases = [(1, ANN), (2, BEN), (3, CAY), (9, CAY)].map(|(n, who)| (CaseNumber(n), who));
    let undo_all =
        Command::Undo { undo, cases: cases.into(), by: By::Member(OTHER_MOD), at: noon() };
    let events = act(&mut state, &undo_all);
    assert!(matches!(
        &events[..],
        [
            Event::WarningPardoned { case: CaseNumber(1), undo: Some(of), .. },
            Event::LiftOrdered { case: CaseNumber(2), why: LiftReason::Undone(by), .. },
        ] if *of == undo && *by == undo
    ));
    assert_eq!(state.active_warnings(ANN, noon()), 0);
    assert_eq!(state.sanctions(BEN).len(), 1, "until Discord did it");
    act(&mut state, &report(2, BEN, Stage::Lift { attempt: 1 }, Outcome::Applied, noon()));
    assert_eq!(state.sanctions(BEN), []);
    assert_eq!(act(&mut state, &undo_all), [], "once");
}

#[test]
fn given_a_thousand_actions_of_every_kind_then_cases_are_numbered_without_gap() {
    let mut state = State::default();
    let mut numbers = Vec::new();
    for round in 0..250_u32 {
        let (one, other) = (PersonId(1_000 + round), PersonId(5_000 + round));
        for command in [
            warn(one),
            punish(other, Deed::Kick, None),
            Command::Note {
                person: one,
                by: By::Member(MOD),
                text: Personal::clear(one, "seen".to_owned()),
                at: noon(),
            },
            observe(u64::from(round) + 1, Deed::Ban, one, None),
        ] {
            numbers.extend(opened(&act(&mut state, &command)));
        }
    }
    assert_eq!(numbers, (1..=1_000).collect::<Vec<_>>());
    assert_eq!(state.last_case(), CaseNumber(1_000));
}

#[test]
fn given_100_000_members_under_punishment_then_the_state_weighs_no_more_than_promised() {
    let mut state = State::default();
    for number in 1..=100_000 {
        act(&mut state, &warn(PersonId(1_000 + number)));
        let events = act(&mut state, &punish(PersonId(1_000 + number), Deed::Timeout, Some(DAY)));
        act(&mut state, &applied(opened(&events)[0], PersonId(1_000 + number)));
    }
    let per_member = state.weight_bytes().div_ceil(100_000);
    println!("moderation: {per_member} bytes a member with a warning and a timeout");
    assert!(per_member > size_of::<Record>(), "{per_member} cannot be true");
    assert!(per_member <= MAX_BYTES_PER_MEMBER, "{per_member}");
}
