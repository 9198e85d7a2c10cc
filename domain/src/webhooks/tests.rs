//! Webhooks without I/O: what is refused, and what is off when.

use super::*;
use crate::Refusal as _;

const ANN: PersonId = PersonId(1);

fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn id(number: usize) -> WebhookId {
    WebhookId(uuid::Uuid::from_u128(number as u128))
}

fn clear(text: &str) -> Personal<String> {
    Personal::clear(ANN, text.to_owned())
}

fn create(number: usize) -> Command {
    Command::Create {
        webhook: id(number),
        by: ANN,
        name: clear("our website"),
        address: clear("https://example.org/hook"),
        kinds: vec![Kind::Moderation, Kind::Economy, Kind::Moderation],
        at: noon(),
    }
}

fn act(state: &mut State, command: &Command) -> Result<Vec<Event>, Refusal> {
    let events = Webhooks::decide(state, command)?;
    for event in &events {
        Webhooks::evolve(state, event);
    }
    Ok(events)
}

// proves: API-10
#[test]
fn given_a_webhook_then_it_is_switched_off_once_and_on_again_until_it_is_deleted() {
    let mut state = State::default();
    act(&mut state, &create(1)).unwrap();
    let kinds = |state: &State| state.get(id(1)).unwrap().kinds.clone();
    assert_eq!(kinds(&state), [Kind::Economy, Kind::Moderation], "each once, in order");
    assert_eq!(state.get(id(1)).unwrap().off, None);

    let (webhook, at) = (id(1), noon());
    let gone = Command::SwitchOff { webhook, why: Off::Gone, at };
    assert_eq!(act(&mut state, &gone).unwrap().len(), 1);
    let asked = Command::SwitchOff { webhook, why: Off::Asked, at: noon().plus_secs(5) };
    assert_eq!(act(&mut state, &asked).unwrap(), [], "it is off, and why stays");
    assert_eq!(state.get(webhook).unwrap().off, Some((Off::Gone, at)));
    let on = Command::SwitchOn { webhook, at };
    assert_eq!(act(&mut state, &on).unwrap().len(), 1);
    assert_eq!(act(&mut state, &on).unwrap(), []);

    let kinds_now = vec![Kind::Squads];
    let address = Some(clear("https://example.org/other"));
    let name = clear("another");
    let change = Command::Change { webhook, name, address, kinds: kinds_now, at };
    act(&mut state, &change).unwrap();
    assert_eq!(kinds(&state), [Kind::Squads]);

    act(&mut state, &Command::Delete { webhook, at }).unwrap();
    assert_eq!(state.all().count(), 0);
    for command in [
        change,
        on,
        asked,
        Command::TurnSecret { webhook, at },
        Command::Test { webhook, at },
        Command::Delete { webhook, at },
    ] {
        assert_eq!(act(&mut state, &command), Err(Refusal::NoSuchWebhook), "{command:?}");
    }
}

type Change<'a> = &'a dyn Fn(&mut Personal<String>, &mut Personal<String>, &mut Vec<Kind>);

// proves: API-10
#[test]
fn given_a_webhook_without_name_address_or_kind_then_it_is_refused() {
    let mut state = State::default();
    let wrong = |change: Change<'_>| {
        let mut command = create(1);
        if let Command::Create { name, address, kinds, .. } = &mut command {
            change(name, address, kinds);
        }
        command
    };
    let long = "x".repeat(MAX_ADDRESS_CHARS + 1);
    for name in ["", &long[..=MAX_NAME_CHARS]] {
        let command = wrong(&|of, _, _| *of = clear(name));
        assert_eq!(act(&mut state, &command), Err(Refusal::NameInvalid));
    }
    for address in ["", long.as_str()] {
        let command = wrong(&|_, of, _| *of = clear(address));
        assert_eq!(act(&mut state, &command), Err(Refusal::AddressInvalid));
    }
    let command = wrong(&|_, _, of| of.clear());
    assert_eq!(act(&mut state, &command), Err(Refusal::NoKind));
    for number in 1..=MAX_HERE {
        act(&mut state, &create(number)).unwrap();
    }
    let refusal = act(&mut state, &create(99)).unwrap_err();
    assert_eq!((refusal.clone(), refusal.rule()), (Refusal::TooMany, "webhooks.too_many"));
    act(&mut state, &Command::Delete { webhook: id(3), at: noon() }).unwrap();
    assert!(act(&mut state, &create(99)).is_ok(), "there is room again");
    assert!(state.weight_bytes() < 16 * 1024);
}

// proves: API-10
#[test]
fn given_a_test_then_another_one_only_after_a_pause_and_every_turn_is_another_secret() {
    let mut state = State::default();
    act(&mut state, &create(1)).unwrap();
    let test = |secs| Command::Test { webhook: id(1), at: noon().plus_secs(secs) };
    assert_eq!(act(&mut state, &test(0)).unwrap().len(), 1);
    let soon = act(&mut state, &test(TEST_PAUSE_SECS - 1));
    assert_eq!(soon, Err(Refusal::TestedJustNow));
    assert!(act(&mut state, &test(TEST_PAUSE_SECS)).is_ok());
    for turn in 1..=3 {
        act(&mut state, &Command::TurnSecret { webhook: id(1), at: noon() }).unwrap();
        assert_eq!(state.get(id(1)).unwrap().turn, turn);
    }
}

#[test]
fn given_every_kind_then_its_word_leads_back_to_it_and_types_lead_to_it() {
    for kind in Kind::ALL {
        assert_eq!(Kind::of(kind.word()), Some(kind));
        let json = serde_json::to_value(kind).unwrap();
        assert_eq!(json, kind.word(), "the word is what is stored");
    }
    assert_eq!(Kind::of("everything"), None);
    for (name, kind) in [
        ("economy.bytes_granted", Some(Kind::Economy)),
        ("case.opened", Some(Kind::Moderation)),
        ("economy_settings.changed", Some(Kind::Settings)),
        ("activity.member_joined", Some(Kind::Members)),
        ("activity.gap_recovered", Some(Kind::Members)),
        ("activity.recorded", None),
        ("levels.earned", None),
        ("levels.level_reached", Some(Kind::Levels)),
        ("webhooks.deleted", Some(Kind::Access)),
        (TEST, None),
        ("reads.log_read", None),
        ("nothing", None),
    ] {
        assert_eq!(Kind::of_type(name), kind, "{name}");
    }
}
