use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::Refusal as _;

const ADMIN: PersonId = PersonId(900);
const ANN: PersonId = PersonId(1);
const BEN: PersonId = PersonId(2);
const RED: SquadId = SquadId(1);
const BLUE: SquadId = SquadId(2);

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + secs)
}

fn role(number: u64) -> RoleId {
    RoleId::new(number).unwrap()
}

fn terms(switch_cost: i64, minimum_balance: i64) -> Terms {
    let values =
        SquadSettings { switch_cost: Bytes(switch_cost), minimum_balance: Bytes(minimum_balance) };
    Arc::new(InForce { version: 1, values })
}

fn id(number: u128) -> MoveId {
    MoveId(Uuid::from_u128(number))
}

fn create(name: &str, of: u64) -> Command {
    let (name, description) = (name.to_owned(), String::new());
    Command::Create { name, description, role: role(of), by: ADMIN, at: at(0) }
}

fn join(person: PersonId, to: SquadId, number: u128, balance: i64) -> Join {
    let terms = Arc::new(InForce { version: 0, values: SquadSettings::default() });
    let (balance, agreed) = (Bytes(balance), terms.values.switch_cost);
    Join { person, to, id: id(number), balance, agreed, terms, at: at(number.try_into().unwrap()) }
}

fn paid(person: PersonId, number: u128, paid: bool) -> Command {
    Command::Paid { person, id: id(number), paid, at: at(500) }
}

fn noted(person: PersonId, number: u128, given: Result<(), Failure>) -> Command {
    Command::NoteRole { person, id: id(number), given, at: at(600) }
}

#[track_caller]
fn act(state: &mut State, command: &Command) -> Vec<Event> {
    let events = Squads::decide(state, command).unwrap();
    for event in &events {
        Squads::evolve(state, event);
    }
    events
}

fn refused(state: &State, command: &Command) -> &'static str {
    Squads::decide(state, command).unwrap_err().rule()
}

fn two_squads() -> State {
    let mut state = State::default();
    act(&mut state, &create("Red", 11));
    act(&mut state, &create("Blue", 12));
    state
}

/// Ann is in Red, in full.
fn settled() -> State {
    let mut state = two_squads();
    act(&mut state, &Command::Join(join(ANN, RED, 1, 0)));
    act(&mut state, &noted(ANN, 1, Ok(())));
    state
}

// proves: SQD-01
#[test]
fn given_squads_then_names_and_roles_are_used_once_and_checked() {
    let mut state = two_squads();
    for (name, of, rule) in [
        ("red", 13, "squads.name_taken"),
        ("Green", 12, "squads.role_taken"),
        ("", 13, "squads.name_invalid"),
        (" Green", 13, "squads.name_invalid"),
        ("a\nb", 13, "squads.name_invalid"),
        (&"x".repeat(33), 13, "squads.name_invalid"),
    ] {
        assert_eq!(refused(&state, &create(name, of)), rule, "{name:?}");
    }
    let edit = |squad, change| Command::Edit { squad, change, by: ADMIN, at: at(1) };
    let named = |name: &str| Change { name: Some(name.to_owned()), ..Change::default() };
    assert_eq!(refused(&state, &edit(RED, named("BLUE"))), "squads.name_taken");
    assert_eq!(refused(&state, &edit(SquadId(9), named("X"))), "squads.no_such_squad");
    assert_eq!(act(&mut state, &edit(RED, named("Red"))), [], "nothing to change");
    act(&mut state, &edit(RED, named("RED")));
    assert_eq!(state.squad(RED).unwrap().name, "RED");
    for number in 3..=MAX_SQUADS as u64 {
        act(&mut state, &create(&format!("Squad {number}"), 20 + number));
    }
    assert_eq!(refused(&state, &create("One more", 99)), "squads.too_many_squads");
    act(&mut state, &Command::Delete { squad: BLUE, by: ADMIN, at: at(2) });
    act(&mut state, &Command::Release { squad: BLUE, at: at(3) });
    act(&mut state, &create("Blue", 12));
    assert!(state.squad(BLUE).is_none(), "numbers are not given twice");
}

// proves: SQD-01
#[test]
fn given_an_inactive_squad_then_nobody_joins_and_its_members_stay() {
    let mut state = settled();
    let closed = Change { active: Some(false), ..Change::default() };
    act(&mut state, &Command::Edit { squad: RED, change: closed, by: ADMIN, at: at(2) });
    assert_eq!(state.squad_of(ANN), Some(RED));
    assert_eq!(refused(&state, &Command::Join(join(BEN, RED, 9, 100))), "squads.inactive");
    let other = Change { role: Some(role(77)), ..Change::default() };
    let edit = Command::Edit { squad: RED, change: other, by: ADMIN, at: at(3) };
    assert_eq!(refused(&state, &edit), "squads.has_members");
}

// proves: SQD-03
#[test]
fn given_a_first_join_then_it_is_free_and_at_once() {
    let mut state = two_squads();
    let events = act(&mut state, &Command::Join(join(ANN, RED, 1, 0)));
    assert!(matches!(events[..], [Event::Joined { cost: Bytes::ZERO, from: None, .. }]));
    assert_eq!(state.squad_of(ANN), Some(RED));
    assert_eq!(refused(&state, &Command::Join(join(ANN, BLUE, 2, 100))), "squads.under_way");
    act(&mut state, &noted(ANN, 1, Ok(())));
    assert_eq!(state.progress(ANN, id(1)), Progress::Over);
    assert_eq!(refused(&state, &Command::Join(join(ANN, RED, 2, 100))), "squads.already_in");
}

// proves: SQD-04
#[test]
fn given_a_switch_then_fifty_are_enough_and_49_are_not_and_it_is_made_once_paid() {
    let mut state = settled();
    assert_eq!(refused(&state, &Command::Join(join(ANN, BLUE, 2, 49))), "squads.not_enough");
    let events = act(&mut state, &Command::Join(join(ANN, BLUE, 2, 50)));
    assert!(matches!(events[..], [Event::MoveBegun { cost: Bytes(50), from: Some(RED), .. }]));
    assert_eq!(state.squad_of(ANN), Some(RED), "not before it is paid");
    assert_eq!(act(&mut state, &paid(ANN, 7, true)), [], "another move's");
    act(&mut state, &paid(ANN, 2, true));
    assert_eq!(state.squad_of(ANN), Some(BLUE));
    assert_eq!(act(&mut state, &paid(ANN, 2, true)), [], "once");
    let events = act(&mut state, &noted(ANN, 2, Ok(())));
    let [Event::RoleGiven { former, cost, .. }] = events[..] else { panic!("{events:?}") };
    assert_eq!((former, cost), (Some(role(11)), Bytes(50)));
}

// proves: SQD-04
#[test]
fn given_a_switch_that_is_not_paid_or_whose_squad_goes_then_nothing_has_moved() {
    for gone in [false, true] {
        let mut state = settled();
        act(&mut state, &Command::Join(join(ANN, BLUE, 2, 50)));
        if gone {
            act(&mut state, &Command::Delete { squad: BLUE, by: ADMIN, at: at(3) });
        }
        let events = act(&mut state, &paid(ANN, 2, gone));
        let expected = if gone { Unmoved::SquadGone } else { Unmoved::NotPaid };
        assert!(matches!(events[..], [Event::MoveRefused { why, .. }] if why == expected));
        assert_eq!((state.squad_of(ANN), state.progress(ANN, id(2))), (Some(RED), Progress::Over));
    }
}

// proves: SQD-04, SQD-09
#[test]
fn given_a_role_that_discord_refuses_then_the_member_is_back_where_they_were() {
    let mut state = settled();
    let before = state.member(ANN);
    act(&mut state, &Command::Join(join(ANN, BLUE, 2, 50)));
    act(&mut state, &paid(ANN, 2, true));
    let events = act(&mut state, &noted(ANN, 2, Err(Failure::NotAllowed)));
    let [Event::MoveUndone { back, cost, .. }] = events[..] else { panic!("{events:?}") };
    assert_eq!((back, cost), (Some(RED), Bytes(50)));
    assert_eq!(state.member(ANN), before);

    // A first join that was undone was none.
    act(&mut state, &Command::Join(join(BEN, RED, 3, 0)));
    act(&mut state, &noted(BEN, 3, Err(Failure::RoleGone)));
    assert_eq!(state.member(BEN), None);
    assert_eq!(state.cost(BEN, &SquadSettings::default()), Bytes::ZERO);
}

// proves: SQD-05
#[test]
fn given_who_left_then_the_next_join_costs_and_leaving_again_is_refused() {
    let mut state = settled();
    let terms = terms(50, 0);
    let leave = Command::Leave { person: ANN, balance: Bytes(0), terms, at: at(700) };
    let events = act(&mut state, &leave);
    assert!(matches!(events[..], [Event::Left { squad: RED, role: left, .. }] if left == role(11)));
    assert_eq!(refused(&state, &leave), "squads.not_in");
    assert_eq!(refused(&state, &Command::Join(join(ANN, RED, 2, 49))), "squads.not_enough");
    act(&mut state, &Command::Join(join(ANN, RED, 2, 50)));
    act(&mut state, &paid(ANN, 2, true));
    assert_eq!(state.squad_of(ANN), Some(RED));
    assert_eq!(refused(&state, &leave), "squads.under_way");
}

// proves: SQD-08
#[test]
fn given_a_minimum_then_exactly_that_is_enough_to_join_and_leave() {
    let mut state = two_squads();
    let with = |balance, number| Join { terms: terms(50, 30), ..join(ANN, RED, number, balance) };
    let refusal = Squads::decide(&state, &Command::Join(with(29, 1))).unwrap_err();
    assert_eq!(refusal.to_string(), "For squads you need at least 30 bytes. You have 29.");
    assert_eq!(refusal.told_in("acorns"), "For squads you need at least 30 acorns. You have 29.");
    act(&mut state, &Command::Join(with(30, 1)));
    act(&mut state, &noted(ANN, 1, Ok(())));
    let leave = |balance| {
        let (balance, terms) = (Bytes(balance), terms(50, 30));
        Command::Leave { person: ANN, balance, terms, at: at(9) }
    };
    assert_eq!(refused(&state, &leave(29)), "squads.below_minimum");
    act(&mut state, &leave(30));
}

// proves: CMD-06
#[test]
fn given_a_cost_that_rose_since_it_was_shown_then_the_member_is_asked_again() {
    let state = settled();
    let agreed = |cost| Join { terms: terms(cost, 0), ..join(ANN, BLUE, 2, 1_000) };
    assert_eq!(refused(&state, &Command::Join(agreed(51))), "squads.cost_changed");
    assert!(Squads::decide(&state, &Command::Join(agreed(49))).is_ok());
}

// proves: SQD-01
#[test]
fn given_a_deleted_squad_then_all_its_members_are_let_go_and_join_again_for_nothing() {
    const MEMBERS: u32 = 450;
    let mut state = two_squads();
    for person in 1..=MEMBERS {
        let number = u128::from(person);
        act(&mut state, &Command::Join(join(PersonId(person), RED, number, 0)));
        act(&mut state, &noted(PersonId(person), number, Ok(())));
    }
    act(&mut state, &Command::Delete { squad: RED, by: ADMIN, at: at(1) });
    assert_eq!(refused(&state, &create("Other", 11)), "squads.role_taken");
    let mut released = HashSet::new();
    let mut batches = 0;
    loop {
        let events = act(&mut state, &Command::Release { squad: RED, at: at(2) });
        let [Event::Released { people, more, .. }] = &events[..] else { panic!("{events:?}") };
        assert!(people.len() <= MAX_RELEASED);
        released.extend(people.iter().copied());
        batches += 1;
        if !more {
            break;
        }
    }
    assert_eq!((released.len(), batches), (MEMBERS as usize, 3));
    assert_eq!(act(&mut state, &Command::Release { squad: RED, at: at(3) }), []);
    assert_eq!(state.cost(ANN, &SquadSettings::default()), Bytes::ZERO);
    act(&mut state, &create("Other", 11));
}

#[derive(Clone, Debug)]
enum Step {
    Join(u32, u32),
    Paid(u32, bool),
    Noted(u32, bool),
    Leave(u32),
    Delete(u32),
    Release(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let (person, squad) = (1..4_u32, 1..4_u32);
    prop_oneof![
        4 => (person.clone(), squad.clone()).prop_map(|(person, squad)| Step::Join(person, squad)),
        4 => (person.clone(), any::<bool>()).prop_map(|(person, paid)| Step::Paid(person, paid)),
        4 => (person.clone(), any::<bool>()).prop_map(|(person, given)| Step::Noted(person, given)),
        2 => person.prop_map(Step::Leave),
        1 => squad.clone().prop_map(Step::Delete),
        2 => squad.prop_map(Step::Release),
    ]
}

proptest! {
    /// Whatever comes in whatever order: who has paid is in, or is owed it back; nobody is in two.
    // proves: SQD-03, SQD-04
    #[test]
    fn given_any_history_then_every_paid_move_is_made_or_owed(steps in prop::collection::vec(step(), 0..120)) {
        let mut state = two_squads();
        act(&mut state, &create("Green", 13));
        let mut open: HashMap<PersonId, (u128, bool)> = HashMap::new();
        let (mut begun, mut settled, mut owed, mut unpaid) = (0, 0, 0, 0);
        for (number, step) in (1_u128..).zip(steps) {
            let last = |person| open.get(&PersonId(person)).map_or(0, |(number, _)| *number);
            let command = match step {
                Step::Join(person, to) => {
                    Command::Join(join(PersonId(person), SquadId(to), number, 1_000))
                }
                Step::Paid(person, was) => paid(PersonId(person), last(person), was),
                Step::Noted(person, given) => {
                    let given = if given { Ok(()) } else { Err(Failure::Unavailable) };
                    noted(PersonId(person), last(person), given)
                }
                Step::Leave(person) => Command::Leave {
                    person: PersonId(person),
                    balance: Bytes(1_000),
                    terms: terms(50, 0),
                    at: at(1),
                },
                Step::Delete(squad) => Command::Delete { squad: SquadId(squad), by: ADMIN, at: at(1) },
                Step::Release(squad) => Command::Release { squad: SquadId(squad), at: at(1) },
            };
            let was_paid = matches!(command, Command::Paid { paid: true, .. });
            let Ok(events) = Squads::decide(&state, &command) else { continue };
            for event in &events {
                match event {
                    Event::MoveBegun { person, .. } => {
                        begun += 1;
                        open.insert(*person, (number, true));
                    }
                    Event::Joined { person, cost: Bytes::ZERO, .. } => {
                        open.insert(*person, (number, false));
                    }
                    Event::MoveRefused { .. } if was_paid => owed += 1,
                    Event::MoveRefused { .. } => unpaid += 1,
                    Event::RoleGiven { cost, .. } if cost.is_positive() => settled += 1,
                    Event::MoveUndone { cost, .. } if cost.is_positive() => owed += 1,
                    _ => {}
                }
                Squads::evolve(&mut state, event);
            }
        }
        let waiting = open.iter().filter(|(person, (number, costs))| {
            *costs && state.progress(**person, id(*number)) != Progress::Over
        });
        prop_assert_eq!(begun, settled + owed + unpaid + waiting.count());
    }
}

#[test]
fn given_100_000_members_then_each_takes_no_more_than_its_share_of_memory() {
    const MEMBERS: u32 = 100_000;
    let mut state = two_squads();
    for person in 1..=MEMBERS {
        let number = u128::from(person);
        act(&mut state, &Command::Join(join(PersonId(person), RED, number, 0)));
        act(&mut state, &noted(PersonId(person), number, Ok(())));
    }
    let each = state.weight_bytes() / MEMBERS as usize;
    assert!(each <= MAX_BYTES_PER_MEMBER, "{each} bytes a member");
}

// proves: SQD-09
#[test]
fn given_roles_that_went_astray_then_only_what_is_so_when_it_is_decided_is_repaired() {
    let mut state = settled();
    act(&mut state, &Command::Join(join(BEN, BLUE, 2, 0)));
    let owed = |person, number| Owed { person, role: role(number) };
    let cat = PersonId(3);
    let repair = Command::Repair {
        // Ben's move is under way, and Cat is in no squad.
        give: vec![ANN, BEN, cat],
        // Red is Ann's own; 99 is no squad's.
        take: vec![owed(ANN, 12), owed(ANN, 11), owed(cat, 11), owed(cat, 99), owed(BEN, 11)],
        by: ADMIN,
        at: at(700),
    };
    let before = state.clone();
    let events = act(&mut state, &repair);
    let [Event::RolesRepaired { give, take, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(give, &[owed(ANN, 11)]);
    assert_eq!(take, &[owed(ANN, 12), owed(cat, 11)]);
    assert_eq!(state, before, "who is in which squad was right");
    let nothing = Command::Repair { give: vec![cat], take: Vec::new(), by: ADMIN, at: at(700) };
    assert_eq!(act(&mut state, &nothing), []);
    let many = (1..=500).map(|number| owed(PersonId(1_000 + number), 11)).collect();
    let many = Command::Repair { give: vec![ANN], take: many, by: ADMIN, at: at(700) };
    let events = act(&mut state, &many);
    let [Event::RolesRepaired { give, take, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(give.len() + take.len(), MAX_REPAIRED);
}
