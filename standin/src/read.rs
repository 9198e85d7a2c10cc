//! Read: streams and `$all`, forwards, backwards and on and on.

use std::{collections::HashMap, sync::Arc};

use regex::Regex;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status};

use crate::{
    answers,
    faults::Drop,
    log::{Look, Stored},
    rights::{self, Wish},
    service::{Answers, Node},
    wire::{
        AllOption, Confirmation, CountOption, Filter, FilterOptions, NotFound, Position,
        ReadContent, ReadEvent, ReadOptions, ReadReq, ReadResp, RecordedEvent, RevisionOption,
        Standing, StreamIdentifier, StreamOption, StreamOptions, Timestamp, Uuid,
    },
};

/// Events that may wait for a client who reads slowly.
const AHEAD: usize = 64;
/// A filter's window, where none is asked for.
const WINDOW: u32 = 32;

type Sender = mpsc::Sender<Result<ReadResp, Status>>;

pub(crate) async fn read(
    node: Arc<Node>,
    call: Request<ReadReq>,
) -> Result<Response<Answers<ReadResp>>, Status> {
    let (headers, _, message) = call.into_parts();
    let options = message.options.ok_or_else(|| Status::invalid_argument("no options"))?;
    rights::check(&node.options.users, &headers, Wish::Read)?;
    if node.faults.read_fails() {
        return Err(answers::unavailable());
    }
    if let Some(pause) = node.faults.read_pause() {
        tokio::time::sleep(pause).await;
    }
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    let job = Job::of(node, &options)?;
    tokio::spawn(job.run(options, sender));
    let answers = futures::stream::poll_fn(move |context| receiver.poll_recv(context));
    Ok(Response::new(Box::pin(answers)))
}

/// What is read, and how it is said.
struct Job {
    node: Arc<Node>,
    filter: Option<Sieve>,
    structured_ids: bool,
    /// The client knows of the messages that came later.
    talkative: bool,
}

impl Job {
    fn of(node: Arc<Node>, options: &ReadOptions) -> Result<Self, Status> {
        let filter = options.filter.as_ref().map(Sieve::of).transpose()?;
        let structured_ids = options.uuid.as_ref().is_some_and(|uuid| uuid.structured.is_some());
        let talkative = options.control.as_ref().is_some_and(|c| c.compatibility >= 1);
        Ok(Self { node, filter, structured_ids, talkative })
    }

    /// Errors of sending mean that nobody listens any more.
    async fn run(self, options: ReadOptions, to: Sender) {
        let backwards = options.direction == 1;
        let _ = match (options.stream, options.count) {
            (Some(StreamOption::Stream(stream)), Some(CountOption::Count(count))) => {
                self.stream(&stream, backwards, count, &to).await
            }
            (Some(StreamOption::All(all)), Some(CountOption::Count(count))) => {
                self.all(all.from.as_ref(), backwards, count, &to).await
            }
            (Some(StreamOption::Stream(stream)), Some(CountOption::Subscription(_))) => {
                self.subscription(Followed::Stream(stream), &to).await
            }
            (Some(StreamOption::All(all)), Some(CountOption::Subscription(_))) => {
                self.subscription(Followed::All(all.from), &to).await
            }
            _ => fail(&to, Status::invalid_argument("not a combination of options")).await,
        };
    }

    async fn stream(
        &self,
        stream: &StreamOptions,
        backwards: bool,
        count: u64,
        to: &Sender,
    ) -> Option<()> {
        let identifier = stream.stream_identifier.clone().unwrap_or_default();
        let name = identifier.name().unwrap_or_default().to_owned();
        let (first, end) = match self.node.log.stream(&name) {
            Look::Deleted => return fail(to, answers::stream_deleted(&name)).await,
            Look::NotFound => {
                let not_found = NotFound { stream_identifier: Some(identifier) };
                return say(to, ReadContent::StreamNotFound(not_found)).await;
            }
            Look::Events { first, count } => (first, count),
        };
        let from = match &stream.revision {
            Some(RevisionOption::Revision(revision)) => (*revision).min(end),
            Some(RevisionOption::End(_)) => end - 1,
            _ => first,
        };
        let revisions: Vec<u64> = if backwards {
            (first..=from.min(end - 1)).rev().take(cap(count)).collect()
        } else {
            (from.max(first)..end).take(cap(count)).collect()
        };
        for revision in revisions {
            let Some(event) = self.node.log.stream_event(&name, revision) else { break };
            say(to, self.event(&event)).await?;
        }
        if self.talkative {
            say(to, ReadContent::LastStreamPosition(end - 1)).await?;
        }
        Some(())
    }

    async fn all(
        &self,
        from: Option<&AllOption>,
        backwards: bool,
        count: u64,
        to: &Sender,
    ) -> Option<()> {
        let log = &self.node.log;
        let mut place = match from {
            Some(AllOption::Position(position)) => log.place_of(position.commit_position),
            Some(AllOption::End(_)) => log.count(),
            _ => 0,
        };
        let mut left = count;
        while left > 0 {
            if backwards {
                let Some(before) = place.checked_sub(1) else { break };
                place = before;
            }
            let Some(event) = log.event(place) else { break };
            if self.lets_through(&event) {
                say(to, self.event(&event)).await?;
                left -= 1;
            }
            place += usize::from(!backwards);
        }
        Some(())
    }

    async fn subscription(&self, followed: Followed, to: &Sender) -> Option<()> {
        let (mut drops, mut stalled) = self.node.faults.subscribed();
        let subscription_id = uuid::Uuid::new_v4().to_string();
        say(to, ReadContent::Confirmation(Confirmation { subscription_id })).await?;
        let how = tokio::select! {
            biased;
            _ = drops.changed() => drops.borrow().1,
            () = to.closed() => return None,
            _ = self.follow(followed, &mut stalled, to) => return None,
        };
        match how {
            Drop::Unavailable => fail(to, answers::unavailable()).await,
            Drop::Gracefully => None,
        }
    }

    /// Never ends by itself.
    async fn follow(
        &self,
        followed: Followed,
        stalled: &mut tokio::sync::watch::Receiver<bool>,
        to: &Sender,
    ) -> Option<()> {
        let log = &self.node.log;
        let mut visible = log.watch();
        let mut place = followed.begin(log);
        let (mut live, mut unsaid) = (false, 0);
        loop {
            let end = *visible.borrow_and_update();
            if live && end.saturating_sub(place) > self.node.options.live_buffer {
                say(to, ReadContent::FellBehind(self.standing(place))).await?;
                live = false;
            }
            while place < end {
                stalled.wait_for(|stalled| !stalled).await.ok()?;
                let Some(event) = log.event(place) else { break };
                place += 1;
                if followed.has(&event) && self.lets_through(&event) {
                    say(to, self.event(&event)).await?;
                    unsaid = 0;
                } else {
                    unsaid += 1;
                }
                if let Some(filter) = &self.filter
                    && unsaid >= filter.checkpoint_every
                {
                    say(to, ReadContent::Checkpoint(Position::at(event.position))).await?;
                    unsaid = 0;
                }
            }
            if !live && place >= log.count() {
                say(to, ReadContent::CaughtUp(self.standing(place))).await?;
                live = true;
            }
            visible.changed().await.ok()?;
        }
    }

    /// After so many events.
    fn standing(&self, place: usize) -> Standing {
        let last = place.checked_sub(1).and_then(|last| self.node.log.event(last));
        Standing {
            timestamp: Some(Timestamp { seconds: 0, nanos: 0 }),
            stream_revision: None,
            position: last.map(|event| Position::at(event.position)),
        }
    }

    fn lets_through(&self, event: &Stored) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.lets_through(event))
    }

    fn event(&self, event: &Stored) -> ReadContent {
        let id = uuid::Uuid::from_slice(&event.id).unwrap_or_default();
        let metadata = HashMap::from([
            ("type".to_owned(), event.kind.clone()),
            ("content-type".to_owned(), event.content_type.clone()),
            ("created".to_owned(), event.created.to_string()),
        ]);
        let recorded = RecordedEvent {
            id: Some(Uuid::from_uuid(id, self.structured_ids)),
            stream_identifier: Some(StreamIdentifier::named(&event.stream)),
            stream_revision: event.revision,
            prepare_position: event.position,
            commit_position: event.position,
            metadata,
            custom_metadata: event.custom_metadata.clone(),
            data: event.data.clone(),
        };
        let commit_position = Some(event.position);
        ReadContent::Event(ReadEvent { event: Some(recorded), commit_position })
    }
}

/// What a subscription is on.
enum Followed {
    Stream(StreamOptions),
    All(Option<AllOption>),
}

impl Followed {
    /// The first place to look at: a position or revision that is given has been seen.
    fn begin(&self, log: &crate::Log) -> usize {
        match self {
            Self::All(Some(AllOption::Position(position))) => {
                log.place_of(position.commit_position.saturating_add(1))
            }
            Self::All(Some(AllOption::End(_))) => log.count(),
            Self::Stream(StreamOptions { revision: Some(RevisionOption::End(_)), .. }) => {
                log.count()
            }
            _ => 0,
        }
    }

    fn has(&self, event: &Stored) -> bool {
        let Self::Stream(stream) = self else { return true };
        let named = stream.stream_identifier.as_ref().and_then(StreamIdentifier::name);
        let after = match stream.revision {
            Some(RevisionOption::Revision(revision)) => event.revision > revision,
            _ => true,
        };
        named == Some(&event.stream) && after
    }
}

/// A filter by the beginning of a name, or by a regular expression.
struct Sieve {
    by_stream: bool,
    prefixes: Vec<String>,
    regex: Option<Regex>,
    checkpoint_every: u64,
}

impl Sieve {
    fn of(options: &FilterOptions) -> Result<Self, Status> {
        let (by_stream, expression) = match &options.filter {
            Some(Filter::StreamIdentifier(expression)) => (true, expression),
            Some(Filter::EventType(expression)) => (false, expression),
            None => return Err(Status::invalid_argument("a filter that filters nothing")),
        };
        let regex = match &*expression.regex {
            "" => None,
            text => Some(Regex::new(text).map_err(|e| Status::invalid_argument(e.to_string()))?),
        };
        let every = u64::from(options.max.unwrap_or(WINDOW))
            * u64::from(options.checkpoint_interval_multiplier.max(1));
        let prefixes = expression.prefix.clone();
        Ok(Self { by_stream, prefixes, regex, checkpoint_every: every })
    }

    fn lets_through(&self, event: &Stored) -> bool {
        let name = if self.by_stream { &event.stream } else { &event.kind };
        match &self.regex {
            Some(regex) => regex.is_match(name),
            None => self.prefixes.iter().any(|prefix| name.starts_with(prefix)),
        }
    }
}

fn cap(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

async fn say(to: &Sender, content: ReadContent) -> Option<()> {
    to.send(Ok(ReadResp { content: Some(content) })).await.ok()
}

async fn fail(to: &Sender, status: Status) -> Option<()> {
    to.send(Err(status)).await.ok()
}
