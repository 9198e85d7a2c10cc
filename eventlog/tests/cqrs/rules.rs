//! Rules of the economy, as given events, when a command, then events or a refusal, told to
//! cqrs-es. `.when()` would start a runtime of its own and panics inside one: `.when_async()`.

use std::sync::Arc;

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use domain::{
    Bytes, PersonId, Personal, Sealed, Timestamp, UtcDay,
    economy::{
        Command, DailyMode, DailyTrigger, Economy, EconomySettings, Event, Refusal, SpendId, Terms,
    },
    settings::InForce,
};
use eventlog::cqrs::{Fact, Folded};
use uuid::Uuid;

const ANN: PersonId = PersonId(1);
const BEN: PersonId = PersonId(2);

fn given(events: impl IntoIterator<Item = Event>) -> AggregateTestExecutor<Folded<Economy>> {
    TestFramework::with(()).given(events.into_iter().map(Fact).collect())
}

#[track_caller]
fn facts(events: impl IntoIterator<Item = Event>) -> Vec<Fact<Event>> {
    events.into_iter().map(Fact).collect()
}

fn under(change: impl FnOnce(&mut EconomySettings)) -> Terms {
    let mut values = EconomySettings::default();
    change(&mut values);
    Arc::new(InForce { version: 1, values })
}

fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn day(text: &str) -> UtcDay {
    text.parse().unwrap()
}

fn opened(person: PersonId, starting: i64) -> Event {
    Event::AccountOpened { person, starting: Bytes(starting) }
}

fn transferred(from: PersonId, to: PersonId, amount: i64, at: Timestamp) -> Event {
    Event::BytesTransferred { from, to, amount: Bytes(amount), reason: None, at }
}

fn awarded(to: PersonId, on: &str, streak_days: u32, tier: Option<&str>, amount: i64) -> Event {
    let (day, tier) = (day(on), tier.map(str::to_owned));
    Event::DailyAwarded { to, day, streak_days, tier, amount: Bytes(amount) }
}

fn transfer(from: PersonId, to: PersonId, amount: i64, at: Timestamp) -> Command {
    let terms = Terms::default();
    Command::Transfer { from, to, amount: Bytes(amount), reason: None, at, terms }
}

fn take(from: PersonId, amount: i64) -> Command {
    Command::Take { from, amount: Bytes(amount), reason: None, terms: Terms::default() }
}

fn message(to: PersonId, at: Timestamp) -> Command {
    Command::AwardDaily { to, trigger: DailyTrigger::Message, at, terms: Terms::default() }
}

fn spend(number: u128) -> SpendId {
    SpendId(Uuid::from_u128(number))
}

fn spent(number: u128, from: PersonId, amount: i64) -> Event {
    let purpose = "squad switch".to_owned();
    Event::BytesSpent { spend: spend(number), from, amount: Bytes(amount), purpose }
}

// proves: ECO-10
#[tokio::test]
async fn given_no_account_then_the_first_movement_opens_it_with_the_starting_balance() {
    let terms = under(|settings| settings.starting_balance = Bytes(50));
    let grant = Command::Grant { to: ANN, amount: Bytes(5), reason: None, terms };
    let granted = Event::BytesGranted { to: ANN, amount: Bytes(5), reason: None };
    let decided = given([]).when_async(grant.clone()).await;
    decided.then_expect_events(facts([opened(ANN, 50), granted.clone()]));
    let decided = given([opened(ANN, 50)]).when_async(grant).await;
    decided.then_expect_events(facts([granted]));
}

// proves: ECO-04
#[tokio::test]
async fn given_enough_then_a_transfer_moves_both_sides_in_one_event() {
    let decided =
        given([opened(ANN, 100), opened(BEN, 0)]).when_async(transfer(ANN, BEN, 100, noon())).await;
    decided.then_expect_events(facts([transferred(ANN, BEN, 100, noon())]));
}

// proves: ECO-04
#[tokio::test]
async fn given_too_little_then_a_transfer_is_refused_in_the_members_words() {
    let refused = given([opened(ANN, 100), transferred(ANN, BEN, 40, Timestamp::from_secs(0))])
        .when_async(transfer(ANN, BEN, 61, noon()))
        .await;
    refused.then_expect_error_message("The balance is 60, which is not enough for 61.");
}

// proves: ECO-04
#[tokio::test]
async fn given_oneself_as_receiver_then_a_transfer_is_refused() {
    let refused = given([opened(ANN, 100)]).when_async(transfer(ANN, ANN, 1, noon())).await;
    refused.then_expect_error(Refusal::SelfTransfer);
}

// proves: ECO-05
#[tokio::test]
async fn given_more_than_the_maximum_then_a_transfer_is_refused() {
    let refused = given([opened(ANN, 5_000)]).when_async(transfer(ANN, BEN, 1_001, noon())).await;
    refused.then_expect_error(Refusal::AmountTooLarge { max: Bytes(1_000) });
}

// proves: ECO-05
#[tokio::test]
async fn given_a_transfer_then_the_next_one_waits_for_the_cooldown_to_the_second() {
    let history = [opened(ANN, 100), opened(BEN, 0), transferred(ANN, BEN, 1, noon())];
    let tomorrow = noon().plus_secs(86_400);
    let early = transfer(ANN, BEN, 1, tomorrow.plus_secs(-1));
    let refused = given(history.clone()).when_async(early).await;
    refused.then_expect_error(Refusal::Cooldown { wait_secs: 1 });
    let decided = given(history).when_async(transfer(ANN, BEN, 1, tomorrow)).await;
    decided.then_expect_events(facts([transferred(ANN, BEN, 1, tomorrow)]));
}

// proves: ECO-02
#[tokio::test]
async fn given_first_message_of_the_day_then_it_pays_and_the_second_does_not() {
    let decided = given([opened(ANN, 0)]).when_async(message(ANN, noon())).await;
    decided.then_expect_events(facts([awarded(ANN, "2026-11-20", 1, None, 10)]));
    let history = [opened(ANN, 0), awarded(ANN, "2026-11-20", 1, None, 10)];
    let late = "2026-11-20T23:59:59Z".parse().unwrap();
    let refused = given(history).when_async(message(ANN, late)).await;
    refused.then_expect_error(Refusal::DailyAlreadyPaid { wait_secs: 1 });
}

// proves: ECO-02
#[tokio::test]
async fn given_daily_rewards_by_command_or_none_then_a_message_pays_nothing() {
    for (daily, refusal) in
        [(DailyMode::Command, Refusal::DailyMustBeRequested), (DailyMode::Off, Refusal::DailyOff)]
    {
        let terms = under(|settings| settings.daily = daily);
        let command =
            Command::AwardDaily { to: ANN, trigger: DailyTrigger::Message, at: noon(), terms };
        given([]).when_async(command).await.then_expect_error(refusal);
    }
}

// proves: ECO-03
#[tokio::test]
async fn given_seven_days_in_a_row_then_the_eighth_reaches_char_and_pays_double() {
    let history = [opened(ANN, 0), awarded(ANN, "2026-11-19", 7, None, 10)];
    let decided = given(history).when_async(message(ANN, noon())).await;
    decided.then_expect_events(facts([awarded(ANN, "2026-11-20", 8, Some("CHAR"), 20)]));
}

// proves: ECO-03
#[tokio::test]
async fn given_a_missed_day_then_the_streak_starts_anew() {
    let history = [opened(ANN, 0), awarded(ANN, "2026-11-18", 63, Some("INT"), 160)];
    let decided = given(history).when_async(message(ANN, noon())).await;
    decided.then_expect_events(facts([awarded(ANN, "2026-11-20", 1, None, 10)]));
}

// proves: ECO-01
#[tokio::test]
async fn given_any_history_then_the_balance_is_the_sum_of_its_ledger() {
    let history = || {
        given([
            opened(ANN, 100),
            awarded(ANN, "2026-11-19", 1, None, 10),
            transferred(ANN, BEN, 30, Timestamp::from_secs(0)),
            spent(1, ANN, 25),
            Event::SpendRefunded { spend: spend(1), to: ANN, amount: Bytes(25) },
            spent(2, ANN, 15),
            Event::SpendSettled { spend: spend(2) },
        ])
    };
    let taken = Event::BytesTaken { from: ANN, amount: Bytes(65), reason: None };
    history().when_async(take(ANN, 65)).await.then_expect_events(facts([taken]));
    let refused = history().when_async(take(ANN, 66)).await;
    let refusal = Refusal::NotEnough { balance: Bytes(65), needed: Bytes(66) };
    refused.then_expect_error(refusal);
}

// proves: ECO-14
#[tokio::test]
async fn given_a_spend_then_it_ends_once() {
    let refund = Command::RefundSpend { spend: spend(1) };
    let refunded = Event::SpendRefunded { spend: spend(1), to: ANN, amount: Bytes(60) };
    let history = [opened(ANN, 100), spent(1, ANN, 60)];
    let decided = given(history.clone()).when_async(refund.clone()).await;
    decided.then_expect_events(facts([refunded.clone()]));
    let over = given(history).and(facts([refunded]));
    over.when_async(refund).await.then_expect_error(Refusal::SpendNotOpen);
}

#[tokio::test]
async fn given_a_reason_then_it_is_decided_on_clear_and_folded_sealed() {
    let reason = Some(Personal::clear(ANN, "for the cake".to_owned()));
    let grant =
        |reason| Command::Grant { to: ANN, amount: Bytes(1), reason, terms: Terms::default() };
    let granted = |reason| Event::BytesGranted { to: ANN, amount: Bytes(1), reason };
    let decided = given([opened(ANN, 0)]).when_async(grant(reason.clone())).await;
    decided.then_expect_events(facts([granted(reason)]));

    let sealed = Personal::Sealed(Sealed { owner: ANN, sealed: "AAAA".to_owned() });
    let history = [opened(ANN, 0), granted(Some(sealed))];
    given(history).when_async(take(ANN, 1)).await.inspect_result().unwrap();
}

#[tokio::test]
async fn given_a_refusal_then_the_state_is_as_it_was() {
    use cqrs_es::{Aggregate as _, event_sink::EventSink};
    let mut economy = Folded::<Economy>::default();
    economy.apply(Fact(opened(ANN, 100)));
    let sink = EventSink::default();
    economy.handle(take(ANN, 101), &(), &sink).await.unwrap_err();
    assert_eq!(economy.state().balance(ANN), Bytes(100));
    assert!(sink.collect().await.is_empty());
    // And what is accepted is applied once.
    let sink = EventSink::default();
    economy.handle(take(ANN, 40), &(), &sink).await.unwrap();
    assert_eq!(economy.state().balance(ANN), Bytes(60));
    assert_eq!(sink.collect().await.len(), 1);
}

#[test]
fn an_aggregate_survives_its_binary_form_and_events_say_their_stored_names() {
    use cqrs_es::{Aggregate as _, DomainEvent as _};
    let mut economy = Folded::<Economy>::default();
    economy.apply(Fact(opened(ANN, 100)));
    let bytes = postcard::to_stdvec(&economy).unwrap();
    let again: Folded<Economy> = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(again.state(), economy.state());

    let event = Fact(opened(ANN, 100));
    assert_eq!(event.event_type(), "economy.account_opened");
    assert_eq!(event.event_version(), "1");
    let json = serde_json::to_string(&event).unwrap();
    assert_eq!(json, r#"{"account_opened":{"person":1,"starting":"100"}}"#);
    assert_eq!(serde_json::from_str::<Fact<Event>>(&json).unwrap(), event);
    assert_eq!(Folded::<Economy>::TYPE, "economy");
}
