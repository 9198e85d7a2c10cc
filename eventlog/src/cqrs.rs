//! Our aggregates and our log, as [`cqrs_es`] knows them.
//!
//! For interoperability: an application or a test that is written against cqrs-es runs our rules
//! ([`Folded`] in its `TestFramework`) and our log ([`LogStore`] under its `CqrsFramework`), and
//! both sides see each other's events. The [`Bus`](crate::Bus) is the fast path, and the exact
//! one; here, as cqrs-es has it,
//!
//! - the state is folded from the whole stream for every command, nothing is cached;
//! - a conflict is not decided again: the caller gets `AggregateConflict` and repeats;
//! - a repeated key writes nothing and dispatches nothing, but the command is decided first, so
//!   where the first time changed what the rules say, the repetition is refused;
//! - a refusal is not confirmed against the log: it is as old as the load before it.
//!
//! Never use cqrs-es's snapshot and aggregate stores: they apply every event twice.

use std::{collections::HashMap, fmt, marker::PhantomData, str::FromStr, sync::Arc};

use cqrs_es::{Aggregate, AggregateContext, AggregateError, EventEnvelope, EventStore};
use domain::{
    Actor, Cause, CorrelationId, Decider, DomainEvent, EventId, IdempotencyKey, InvalidId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    codec::{self, Unstorable},
    envelope::{Metadata, Recorded, StreamId, event_id},
    log::{Append, Appended, EventLog, Fence, LogError},
    people::{People, PeopleError},
};

const PAGE: usize = 1000;
/// Who acts where nobody says so.
const UNNAMED_PROCESS: &str = "cqrs-es";

/// Any [`Decider`] as a cqrs-es aggregate: its state, and what has happened to it folded in. It is
/// serialisable because cqrs-es asks for it; what a state promises is its binary form.
#[derive(Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct Folded<D: Decider>(D::State);

impl<D: Decider> Folded<D> {
    pub const fn state(&self) -> &D::State {
        &self.0
    }
}

impl<D: Decider> Default for Folded<D> {
    fn default() -> Self {
        Self(D::State::default())
    }
}

impl<D: Decider> fmt::Debug for Folded<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Folded({})", D::CAPABILITY)
    }
}

impl<D: Decider> Aggregate for Folded<D> {
    const TYPE: &'static str = D::CAPABILITY;
    type Command = D::Command;
    type Event = Fact<D::Event>;
    type Error = D::Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: D::Command,
        (): &(),
        sink: &cqrs_es::event_sink::EventSink<Self>,
    ) -> Result<(), D::Refusal> {
        for event in D::decide(&self.0, &command)? {
            sink.write(Fact(event), self).await;
        }
        Ok(())
    }

    fn apply(&mut self, Fact(event): Fact<D::Event>) {
        D::evolve(&mut self.0, &event);
    }
}

/// Our event as a cqrs-es event. Its serde form is the stored payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct Fact<E: DomainEvent>(pub E);

impl<E: DomainEvent> cqrs_es::DomainEvent for Fact<E> {
    fn event_type(&self) -> String {
        self.0.event_type().name.to_owned()
    }

    fn event_version(&self) -> String {
        self.0.event_type().version.to_string()
    }
}

/// Our log as the event store under a `CqrsFramework<Folded<D>, LogStore<D>>`. An aggregate's id
/// is what follows the category in a stream's name: the guild, or `<guild>/<part>`.
///
/// Metadata that a command comes with, each optional: `actor` (`person:7`, `process:<name>`,
/// `operator` or `import`), `correlation`, `causation`, `key` and `policy`. Without a `key` the
/// command gets one of its own, and repeating it acts again. Anything else is refused: the log
/// has no place for it. Envelopes that are read carry these and `event_id`, `guild_seq` and `at`.
pub struct LogStore<D> {
    log: Arc<dyn EventLog>,
    people: Arc<People>,
    decider: PhantomData<fn() -> D>,
}

/// An aggregate as the log has it, and how many events that is.
#[derive(Debug)]
pub struct Loaded<D: Decider> {
    stream: StreamId,
    version: u64,
    aggregate: Folded<D>,
}

impl<D> LogStore<D> {
    pub fn new(log: Arc<dyn EventLog>, people: Arc<People>) -> Self {
        Self { log, people, decider: PhantomData }
    }
}

impl<D> fmt::Debug for LogStore<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogStore").field("log", &self.log).finish_non_exhaustive()
    }
}

impl<D: Decider> AggregateContext<Folded<D>> for Loaded<D> {
    fn aggregate(&mut self) -> &mut Folded<D> {
        &mut self.aggregate
    }
}

type Outcome<T, D> = Result<T, AggregateError<<D as Decider>::Refusal>>;

impl<D: Decider> EventStore<Folded<D>> for LogStore<D> {
    type AC = Loaded<D>;

    async fn load_events(&self, aggregate_id: &str) -> Outcome<Vec<EventEnvelope<Folded<D>>>, D> {
        let mut envelopes = Vec::new();
        let stream = stream::<D>(aggregate_id)?;
        self.each_event(&stream, |recorded, event| {
            envelopes.push(envelope(recorded, event)?);
            Ok(())
        })
        .await?;
        Ok(envelopes)
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Outcome<Loaded<D>, D> {
        let stream = stream::<D>(aggregate_id)?;
        let mut aggregate = Folded::default();
        let version = self
            .each_event(&stream, |_, event| {
                aggregate.apply(Fact(event));
                Ok(())
            })
            .await?;
        Ok(Loaded { stream, version, aggregate })
    }

    /// The aggregate has applied the events already, when the sink took them.
    async fn commit(
        &self,
        events: Vec<Fact<D::Event>>,
        context: Loaded<D>,
        metadata: HashMap<String, String>,
    ) -> Outcome<Vec<EventEnvelope<Folded<D>>>, D> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let metadata = from_texts(metadata).map_err(fault)?;
        let mut events: Vec<_> = events.into_iter().map(|Fact(event)| event).collect();
        let append = self.append_of(context, &metadata, &mut events).await?;
        match self.log.appender().append(append).await.map_err(fault)? {
            Appended::Written(recorded) => recorded
                .iter()
                .zip(events)
                .map(|(recorded, event)| envelope(recorded, event).map_err(fault))
                .collect(),
            Appended::Duplicate | Appended::Unchanged => Ok(Vec::new()),
            Appended::Conflict { .. } | Appended::Superseded => {
                Err(AggregateError::AggregateConflict)
            }
        }
    }
}

impl<D: Decider> LogStore<D> {
    /// Shows every event of a stream in order; answers how many there are.
    async fn each_event(
        &self,
        stream: &StreamId,
        mut show: impl FnMut(&Recorded, D::Event) -> Result<(), LogError> + Send,
    ) -> Outcome<u64, D> {
        let mut version = 0;
        loop {
            let page = self.log.read_stream(stream, version, PAGE).await.map_err(fault)?;
            for recorded in &page {
                version += 1;
                if recorded.version != version {
                    return Err(fault(recorded.corrupt(&format!("it stands at {version}"))));
                }
                codec::decode(recorded).and_then(|event| show(recorded, event)).map_err(fault)?;
            }
            if page.len() < PAGE {
                return Ok(version);
            }
        }
    }

    async fn append_of(
        &self,
        context: Loaded<D>,
        metadata: &Metadata,
        events: &mut [D::Event],
    ) -> Outcome<Append, D> {
        let Loaded { stream, version, .. } = context;
        let text = serde_json::to_string(metadata)
            .map_err(|error| fault(LogError::Setup(format!("metadata: {error}"))))?;
        let sealed = loop {
            match codec::seal(&self.people, &stream, &metadata.key, events) {
                Ok(sealed) => break sealed,
                Err(Unstorable::Failed(error)) => return Err(fault(error)),
                Err(Unstorable::NeedsKey(person)) => {
                    match self.people.key(stream.guild(), person).await {
                        Ok(_) => {}
                        Err(PeopleError::Store(error)) => return Err(fault(error)),
                        Err(error) => return Err(AggregateError::UnexpectedError(error.into())),
                    }
                }
            }
        };
        Ok(Append {
            first_id: event_id(&stream, &metadata.key, 0),
            expected: version,
            events: sealed,
            metadata: text.into(),
            fence: Fence::default(),
            stream,
        })
    }
}

fn stream<D: Decider>(aggregate_id: &str) -> Outcome<StreamId, D> {
    StreamId::from_columns(D::CAPABILITY, aggregate_id)
        .map_err(|error| AggregateError::UnexpectedError(error.into()))
}

fn fault<R: std::error::Error>(error: LogError) -> AggregateError<R> {
    match error {
        LogError::Corrupt(_) | LogError::UnknownType { .. } => {
            AggregateError::DeserializationError(error.into())
        }
        LogError::Unavailable(_)
        | LogError::OutcomeUnknown(_)
        | LogError::DiskFull(_)
        | LogError::DiskFailed(_)
        | LogError::ShuttingDown => AggregateError::DatabaseConnectionError(error.into()),
        LogError::NewerThanBinary { .. }
        | LogError::InUse { .. }
        | LogError::TooLarge { .. }
        | LogError::Closed(_)
        | LogError::Setup(_) => AggregateError::UnexpectedError(error.into()),
    }
}

fn envelope<D: Decider>(
    recorded: &Recorded,
    event: D::Event,
) -> Result<EventEnvelope<Folded<D>>, LogError> {
    let mut metadata: HashMap<String, String> = serde_json::from_str(&recorded.metadata)
        .map_err(|error| recorded.corrupt(&format!("its metadata does not parse: {error}")))?;
    let own = [
        ("event_id", recorded.id.to_string()),
        ("guild_seq", recorded.guild_seq.to_string()),
        ("at", recorded.at.to_string()),
    ];
    metadata.extend(own.map(|(name, value)| (name.to_owned(), value)));
    Ok(EventEnvelope {
        aggregate_id: recorded.stream.aggregate_id(),
        sequence: usize::try_from(recorded.version)
            .map_err(|_| recorded.corrupt("its version is out of range"))?,
        payload: Fact(event),
        metadata,
    })
}

/// Our metadata from what a user of cqrs-es gives: what is missing is made up, what the log has no
/// place for is refused.
fn from_texts(mut texts: HashMap<String, String>) -> Result<Metadata, LogError> {
    let actor = take(&mut texts, "actor")?;
    let key = take(&mut texts, "key")?.map_or_else(key_of_its_own, Ok)?;
    let correlation = take(&mut texts, "correlation")?.unwrap_or_else(Uuid::new_v4);
    let causation = take(&mut texts, "causation")?.map(EventId);
    let policy = take(&mut texts, "policy")?;
    if let Some(name) = texts.keys().next() {
        return Err(LogError::Setup(format!("the log keeps no metadata named {name:?}")));
    }
    let actor = actor.unwrap_or_else(|| Actor::Process(UNNAMED_PROCESS.to_owned()));
    let cause = Cause { correlation: CorrelationId(correlation), causation };
    Ok(Metadata { actor, cause, key, policy })
}

fn take<T: FromStr<Err: fmt::Display>>(
    texts: &mut HashMap<String, String>,
    name: &str,
) -> Result<Option<T>, LogError> {
    let parse = |text: String| text.parse();
    texts
        .remove(name)
        .map(parse)
        .transpose()
        .map_err(|error| LogError::Setup(format!("metadata {name}: {error}")))
}

fn key_of_its_own() -> Result<IdempotencyKey, LogError> {
    let key = Uuid::new_v4().to_string();
    key.parse().map_err(|error: InvalidId| LogError::Setup(error.to_string()))
}
