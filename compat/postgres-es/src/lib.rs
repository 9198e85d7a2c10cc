//! Reeve's log as somebody sees it who only knows cqrs-es and postgres-es.
//!
//! [`Stock`] is the economy as a plain `cqrs_es::Aggregate`. A stock repository loads it from the
//! table that Reeve writes (`migrations/postgres/0001_log.sql`), which is what `tests/` prove and
//! the binary `read` shows. The binary `baseline` runs it in stock tables: what Reeve is compared
//! with.
//!
//! cqrs-es reads an event's metadata into a `HashMap<String, String>`, so that is what Reeve's
//! metadata must be: a flat object of texts.

use std::collections::BTreeMap;

use cqrs_es::{
    Aggregate, AggregateError, EventEnvelope, EventStore, View,
    event_sink::EventSink,
    persist::{PersistedEventRepository, PersistedEventStore},
};
use domain::{
    Bytes, Decider, DomainEvent, GuildId, PersonId,
    economy::{Command, Economy, Event, Refusal, State},
};
use serde::{Deserialize, Serialize};

/// A guild's economy. Its stream is `economy`, the guild's id in decimal, sequence 1, 2, 3 …
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stock(State);

impl Stock {
    pub fn balance(&self, person: PersonId) -> Bytes {
        self.0.balance(person)
    }
}

impl Aggregate for Stock {
    const TYPE: &'static str = Economy::CAPABILITY;
    type Command = Command;
    type Event = StockEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: Command,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in Economy::decide(&self.0, &command)? {
            sink.write(StockEvent(event), self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: StockEvent) {
        Economy::evolve(&mut self.0, &event.0);
    }
}

/// An event whose serde form is exactly the payload that Reeve stores, sealed fields still sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StockEvent(pub Event);

impl cqrs_es::DomainEvent for StockEvent {
    fn event_type(&self) -> String {
        self.0.event_type().name.to_owned()
    }

    fn event_version(&self) -> String {
        self.0.event_type().version.to_string()
    }
}

/// What an event does to balances.
pub fn movements(event: &Event) -> impl Iterator<Item = (PersonId, Bytes)> {
    let (first, second) = match event {
        Event::AccountOpened { person, starting } => (Some((*person, *starting)), None),
        Event::BytesGranted { to, amount, .. }
        | Event::DailyAwarded { to, amount, .. }
        | Event::SpendRefunded { to, amount, .. } => (Some((*to, *amount)), None),
        Event::BytesTaken { from, amount, .. } | Event::BytesSpent { from, amount, .. } => {
            (Some((*from, -*amount)), None)
        }
        Event::BytesTransferred { from, to, amount, .. } => {
            (Some((*from, -*amount)), Some((*to, *amount)))
        }
        Event::SpendSettled { .. } => (None, None),
    };
    first.into_iter().chain(second)
}

/// A guild's balances as a stock view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Balances(pub BTreeMap<PersonId, Bytes>);

impl View<Stock> for Balances {
    fn update(&mut self, event: &EventEnvelope<Stock>) {
        for (person, Bytes(amount)) in movements(&event.payload.0) {
            let Bytes(balance) = self.0.entry(person).or_default();
            *balance = balance.saturating_add(amount);
        }
    }
}

/// A guild's economy as it was loaded: everybody's balance, and how many events it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ledger {
    pub balances: Balances,
    pub sequence: usize,
}

/// Loads the aggregate with a stock event store; the people are those its events name.
pub async fn load<R: PersistedEventRepository>(
    repository: R,
    guild: GuildId,
) -> Result<Ledger, AggregateError<Refusal>> {
    let store = PersistedEventStore::<R, Stock>::new_event_store(repository);
    let id = guild.to_string();
    let loaded = store.load_aggregate(&id).await?;
    let sequence = loaded.current_sequence;
    let balances = store
        .load_events(&id)
        .await?
        .iter()
        .take_while(|event| event.sequence <= sequence)
        .flat_map(|event| movements(&event.payload.0))
        .map(|(person, _)| (person, loaded.aggregate.balance(person)))
        .collect();
    Ok(Ledger { balances: Balances(balances), sequence })
}
