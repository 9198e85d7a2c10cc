//! The rules of the economy, told as given events, when a command, then events or a refusal.

mod accounts;
mod book;
mod daily;
mod histories;
mod memory;
mod settings;
mod spends;
mod stored;
mod texts;
mod transfers;
mod what_if;

use std::sync::Arc;

use uuid::Uuid;

use super::*;

const ANN: PersonId = PersonId(1);
const BEN: PersonId = PersonId(2);
const CAY: PersonId = PersonId(3);

/// A guild with this history.
fn given(events: impl IntoIterator<Item = Event>) -> Given {
    let mut state = State::default();
    for event in events {
        Economy::evolve(&mut state, &event);
    }
    Given { state }
}

struct Given {
    state: State,
}

struct Decided {
    state: State,
    outcome: Result<Vec<Event>, Refusal>,
}

impl Given {
    #[expect(clippy::needless_pass_by_value, reason = "when(command) reads as a sentence")]
    fn when(self, command: Command) -> Decided {
        let outcome = Economy::decide(&self.state, &command);
        Decided { state: self.state, outcome }
    }

    #[track_caller]
    fn then_balance(self, person: PersonId, amount: i64) -> Self {
        assert_eq!(self.state.balance(person), Bytes(amount), "balance of {person}");
        self
    }
}

impl Decided {
    /// Exactly these events; the guild goes on with them.
    #[track_caller]
    fn then(self, events: impl IntoIterator<Item = Event>) -> Given {
        let expected: Vec<Event> = events.into_iter().collect();
        assert_eq!(self.outcome, Ok(expected));
        self.then_accepted()
    }

    /// Accepted, whatever the events; the guild goes on with them.
    #[track_caller]
    fn then_accepted(mut self) -> Given {
        for event in self.outcome.expect("accepted") {
            Economy::evolve(&mut self.state, &event);
        }
        Given { state: self.state }
    }

    /// Refused with these very words; the guild goes on as it was.
    #[track_caller]
    fn then_refused(self, refusal: Refusal) -> Given {
        assert_eq!(self.outcome, Err(refusal));
        Given { state: self.state }
    }
}

fn at(moment: &str) -> Timestamp {
    moment.parse().expect("a moment in UTC")
}

fn day(text: &str) -> UtcDay {
    text.parse().expect("a day")
}

/// Some moment, for tests in which time does not matter.
fn noon() -> Timestamp {
    at("2026-11-20T12:00:00Z")
}

fn spend_id(number: u128) -> SpendId {
    SpendId(Uuid::from_u128(number))
}

fn note(text: impl Into<String>) -> Personal<String> {
    Personal::clear(ANN, text.into())
}

fn default_terms() -> Terms {
    Arc::default()
}

// Commands, under the default settings unless `under` others.

fn grant(to: PersonId, amount: i64) -> Command {
    Command::Grant { to, amount: Bytes(amount), reason: None, terms: default_terms() }
}

fn take(from: PersonId, amount: i64) -> Command {
    Command::Take { from, amount: Bytes(amount), reason: None, terms: default_terms() }
}

fn transfer(from: PersonId, to: PersonId, amount: i64, at: Timestamp) -> Command {
    Command::Transfer { from, to, amount: Bytes(amount), reason: None, at, terms: default_terms() }
}

/// A message, the first one of the day or a later one.
fn message(to: PersonId, at: Timestamp) -> Command {
    Command::AwardDaily { to, trigger: DailyTrigger::Message, at, terms: default_terms() }
}

fn spend(number: u128, from: PersonId, amount: i64) -> Command {
    Command::Spend {
        spend: spend_id(number),
        from,
        amount: Bytes(amount),
        purpose: "squad switch".to_owned(),
        terms: default_terms(),
    }
}

fn settle(number: u128) -> Command {
    Command::SettleSpend { spend: spend_id(number) }
}

fn refund(number: u128) -> Command {
    Command::RefundSpend { spend: spend_id(number) }
}

impl Command {
    fn under(mut self, settings: EconomySettings) -> Self {
        if let Self::Grant { terms, .. }
        | Self::Take { terms, .. }
        | Self::Transfer { terms, .. }
        | Self::AwardDaily { terms, .. }
        | Self::AwardDailyToAll { terms, .. }
        | Self::Spend { terms, .. } = &mut self
        {
            *terms = Arc::new(InForce { version: 1, values: settings });
        }
        self
    }

    fn because(mut self, text: impl Into<String>) -> Self {
        if let Self::Grant { reason, .. }
        | Self::Take { reason, .. }
        | Self::Transfer { reason, .. } = &mut self
        {
            *reason = Some(note(text));
        }
        self
    }
}

// Events.

fn opened(person: PersonId, starting: i64) -> Event {
    Event::AccountOpened { person, starting: Bytes(starting) }
}

fn granted(to: PersonId, amount: i64) -> Event {
    Event::BytesGranted { to, amount: Bytes(amount), reason: None }
}

fn taken(from: PersonId, amount: i64) -> Event {
    Event::BytesTaken { from, amount: Bytes(amount), reason: None }
}

fn transferred(from: PersonId, to: PersonId, amount: i64, at: Timestamp) -> Event {
    Event::BytesTransferred { from, to, amount: Bytes(amount), reason: None, at }
}

fn awarded(to: PersonId, on: &str, streak_days: u32, tier: Option<&str>, amount: i64) -> Event {
    Event::DailyAwarded {
        to,
        day: day(on),
        streak_days,
        tier: tier.map(str::to_owned),
        amount: Bytes(amount),
    }
}

fn spent(number: u128, from: PersonId, amount: i64) -> Event {
    Event::BytesSpent {
        spend: spend_id(number),
        from,
        amount: Bytes(amount),
        purpose: "squad switch".to_owned(),
    }
}

fn settled(number: u128) -> Event {
    Event::SpendSettled { spend: spend_id(number) }
}

fn refunded(number: u128, to: PersonId, amount: i64) -> Event {
    Event::SpendRefunded { spend: spend_id(number), to, amount: Bytes(amount) }
}

fn not_enough(balance: i64, needed: i64) -> Refusal {
    Refusal::NotEnough { balance: Bytes(balance), needed: Bytes(needed) }
}
