use super::*;

const ANN: PersonId = PersonId(1);

fn at() -> Timestamp {
    Timestamp::from_secs(1_000_000)
}

fn moderator() -> By {
    By::Member(PersonId(90))
}

fn text(text: &str) -> Personal<String> {
    Personal::clear(ANN, text.to_owned())
}

fn open() -> Command {
    Command::Open { case: CaseNumber(7), about: ANN, kind: Kind::Ban, by: moderator(), at: at() }
}

#[track_caller]
fn act(state: &mut State, command: &Command) -> Vec<Event> {
    let events = Case::decide(state, command).unwrap();
    for event in &events {
        Case::evolve(state, event);
    }
    events
}

fn refused(state: &State, command: &Command) -> &'static str {
    crate::Refusal::rule(&Case::decide(state, command).unwrap_err())
}

fn given_case() -> State {
    let mut state = State::default();
    act(&mut state, &open());
    state
}

fn note(words: &str) -> Command {
    Command::Note { by: moderator(), text: text(words), at: at() }
}

fn status(to: Status) -> Command {
    Command::SetStatus { to, by: moderator(), at: at() }
}

fn appeal(who: PersonId) -> Command {
    Command::Appeal { who, text: text("it was my brother"), at: at() }
}

fn decide_appeal(by: By) -> Command {
    Command::DecideAppeal { by, accepted: true, text: None, at: at() }
}

#[test]
fn given_no_case_then_nothing_can_be_said_about_it_and_it_is_opened_once() {
    let mut state = State::default();
    assert_eq!(refused(&state, &note("x")), "case.no_such_case");
    assert_eq!(act(&mut state, &open()).len(), 1);
    assert_eq!(act(&mut state, &open()), []);
    let mut other = open();
    let Command::Open { about, .. } = &mut other else { unreachable!() };
    *about = PersonId(2);
    assert_eq!(refused(&state, &other), "case.opened_otherwise");
}

/// Hiding that erased notes, target and moderator: a defect of others.
#[test]
fn given_notes_then_they_are_numbered_and_hiding_keeps_all_of_them() {
    let mut state = given_case();
    for number in 1..=MAX_NOTES {
        let events = act(&mut state, &note("seen again"));
        assert!(matches!(events[..], [Event::NoteAdded { number: n, .. }] if n == number));
    }
    assert_eq!(refused(&state, &note("x")), "case.too_many_notes");
    for bad in ["", &"x".repeat(MAX_TEXT_CHARS + 1)] {
        assert_eq!(refused(&given_case(), &note(bad)), "case.text_invalid");
    }
    let before = state.clone();
    act(&mut state, &Command::Hide { by: moderator(), at: at() });
    assert!(state.is_hidden());
    assert_eq!(act(&mut state, &Command::Hide { by: moderator(), at: at() }), []);
    act(&mut state, &Command::Show { by: moderator(), at: at() });
    assert_eq!(state, before);
}

// proves: MOD-07
#[test]
fn given_every_pair_of_statuses_then_only_the_allowed_ones_follow_each_other() {
    use Status::{Expired, Failed, Open, Pardoned, Resolved, Revoked};
    let all = [Open, Resolved, Expired, Failed, Revoked, Pardoned];
    let mut allowed = Vec::new();
    for from in all {
        for to in all.into_iter().filter(|to| *to != from) {
            let mut state = given_case();
            act(&mut state, &status(from));
            match Case::decide(&state, &status(to)) {
                Ok(events) => {
                    let event = Event::StatusChanged { from, to, by: moderator(), at: at() };
                    assert_eq!(events, [event], "who did it is kept");
                    allowed.push((from, to));
                }
                Err(refusal) => {
                    assert_eq!(crate::Refusal::rule(&refusal), "case.wrong_status");
                }
            }
        }
    }
    let expected = [
        (Open, Resolved),
        (Open, Expired),
        (Open, Failed),
        (Open, Revoked),
        (Open, Pardoned),
        (Resolved, Open),
        (Resolved, Expired),
        (Resolved, Revoked),
        (Resolved, Pardoned),
        (Expired, Revoked),
        (Expired, Pardoned),
    ];
    assert_eq!(allowed, expected);
}

#[test]
fn given_an_appeal_then_only_the_member_makes_it_and_never_decides_it() {
    let mut state = given_case();
    assert_eq!(refused(&state, &appeal(PersonId(2))), "case.not_your_case");
    assert_eq!(refused(&state, &decide_appeal(moderator())), "case.no_appeal");
    for number in 1..=MAX_APPEALS {
        act(&mut state, &appeal(ANN));
        assert_eq!(refused(&state, &appeal(ANN)), "case.appeal_open");
        assert_eq!(refused(&state, &decide_appeal(By::Member(ANN))), "case.own_case");
        let events = act(&mut state, &decide_appeal(moderator()));
        assert!(matches!(events[..],
            [Event::AppealDecided { number: n, accepted: true, .. }] if n == number));
    }
    assert_eq!(refused(&state, &appeal(ANN)), "case.too_many_appeals");
    let mut pardoned = given_case();
    act(&mut pardoned, &status(Status::Pardoned));
    assert_eq!(refused(&pardoned, &appeal(ANN)), "case.nothing_to_appeal");
}

#[test]
fn given_links_and_evidence_then_they_are_kept_once_and_within_limits() {
    let mut state = given_case();
    let link = |other| Command::Link {
        case: CaseNumber(7),
        other: CaseNumber(other),
        by: moderator(),
        at: at(),
    };
    assert_eq!(refused(&state, &link(7)), "case.link_to_itself");
    for other in 100..150 {
        assert_eq!(act(&mut state, &link(other)).len(), 1);
    }
    assert_eq!(act(&mut state, &link(149)), []);
    assert_eq!(refused(&state, &link(150)), "case.too_many_links");
    let unlink = Command::Unlink { other: CaseNumber(149), by: moderator(), at: at() };
    assert_eq!(act(&mut state, &unlink).len(), 1);
    assert_eq!(act(&mut state, &unlink), []);
    let captured = text("the message");
    let (by, files) = (moderator(), Vec::new());
    let evidence = Command::AddEvidence { by, text: captured, place: None, files, at: at() };
    for _ in 0..MAX_EVIDENCE {
        act(&mut state, &evidence);
    }
    assert_eq!(refused(&state, &evidence), "case.too_much_evidence");
    assert!(state.weight_bytes() < 1_024, "{}", state.weight_bytes());
}

#[test]
fn given_the_member_it_is_about_then_they_change_nothing_on_it() {
    let state = given_case();
    let by = By::Member(ANN);
    for command in [
        Command::Hide { by: by.clone(), at: at() },
        Command::EditReason { by: by.clone(), text: text("x"), at: at() },
        Command::SetStatus { to: Status::Pardoned, by: by.clone(), at: at() },
        Command::SetEnd { by, until: None, at: at() },
    ] {
        assert_eq!(refused(&state, &command), "case.own_case");
    }
}

fn captured(files: u32) -> Command {
    let told = |number| FileTold {
        name: format!("{number}.png"),
        bytes: 4_096,
        url: format!("https://cdn.discordapp.com/attachments/1/{number}/{number}.png"),
    };
    let files = (1..=files).map(|number| Personal::clear(ANN, told(number))).collect();
    Command::AddEvidence { by: moderator(), text: text("look"), place: None, files, at: at() }
}

fn attached(events: &[Event]) -> Vec<(u32, u32)> {
    let attached = |event: &Event| match event {
        Event::FileAttached { evidence, file, .. } => Some((*evidence, *file)),
        _ => None,
    };
    events.iter().filter_map(attached).collect()
}

/// Evidence whose file had expired when somebody looked: a defect of others.
#[test]
fn given_a_message_with_files_then_each_is_numbered_and_what_became_of_it_is_said_once() {
    let mut state = given_case();
    assert_eq!(attached(&act(&mut state, &captured(2))), [(1, 1), (1, 2)]);
    assert_eq!(attached(&act(&mut state, &captured(1))), [(2, 1)]);
    let settle =
        |evidence, file, outcome| Command::SettleFile { evidence, file, outcome, at: at() };
    let copied = settle(1, 2, FileOutcome::Copied);
    let outcome = FileOutcome::Copied;
    let event = Event::FileSettled { evidence: 1, file: 2, outcome, at: at() };
    assert_eq!(act(&mut state, &copied), [event]);
    assert_eq!(act(&mut state, &settle(1, 2, FileOutcome::Gone)), [], "it is known already");
    assert_eq!(act(&mut state, &settle(1, 3, FileOutcome::Gone)), [], "there is no such file");
    assert_eq!(act(&mut state, &settle(2, 1, FileOutcome::TooLarge)).len(), 1);
}

#[test]
fn given_more_files_than_there_is_room_for_then_they_are_left_out_and_the_evidence_is_kept() {
    let mut state = given_case();
    assert_eq!(attached(&act(&mut state, &captured(30))).len(), MAX_FILES as usize);
    for _ in 1..MAX_CASE_FILES / MAX_FILES {
        assert_eq!(attached(&act(&mut state, &captured(MAX_FILES))).len(), MAX_FILES as usize);
    }
    let full = act(&mut state, &captured(1));
    assert!(matches!(full[..], [Event::EvidenceAdded { .. }]), "{full:?}");
    assert!(state.weight_bytes() < 2_048, "{}", state.weight_bytes());
}

#[test]
fn given_any_outcome_of_a_copy_then_its_word_leads_back_to_it() {
    for outcome in FileOutcome::ALL {
        assert_eq!(FileOutcome::of_word(outcome.word()), Some(outcome));
    }
    assert_eq!(FileOutcome::of_word("lost"), None);
}
