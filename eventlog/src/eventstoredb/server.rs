//! The client, made anew when it gives up, and its errors in our words.

use std::{fmt, sync::Arc, time::Duration};

use eventstore::{
    AppendToStreamOptions, BatchAppendClient, BatchAppendOptions, Client, ClientSettings, Error,
    EventData, ReadAllOptions, ReadStreamOptions, RecordedEvent, StreamPosition, StreamState,
    SubscriptionFilter,
};
use parking_lot::Mutex;

use super::names::Namespace;
use crate::log::LogError;

/// Most bytes that one page of reading holds before it is worked on.
const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// How long one call may take.
pub(super) const CALL: Duration = Duration::from_secs(10);
/// How long a read may be silent.
const SILENCE: Duration = Duration::from_secs(20);

/// A server and the part of it that is ours.
pub(super) struct Server {
    settings: ClientSettings,
    client: Mutex<(u64, Option<Client>)>,
    /// A session for appends, and its number. It ends with the first append that is refused.
    session: tokio::sync::Mutex<(u64, Option<Arc<BatchAppendClient>>)>,
    pub namespace: Namespace,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// A call for appends. The server takes them in the order in which they are first polled.
pub(super) struct Session<'a> {
    server: &'a Server,
    number: u64,
    client: Arc<BatchAppendClient>,
}

impl Session<'_> {
    /// The commit position of the last of the events; none where it may have been done or not. Then
    /// this session is over.
    pub async fn append(
        &self,
        stream: &str,
        head: u64,
        events: Vec<EventData>,
        patience: Duration,
    ) -> Option<u64> {
        let appending = self.client.append_to_stream(stream, expected(head), events);
        if let Ok(Ok(written)) = tokio::time::timeout(patience, appending).await {
            return written.current_position().map(|at| at.commit);
        }
        let mut slot = self.server.session.lock().await;
        if slot.0 == self.number {
            *slot = (self.number + 1, None);
        }
        None
    }
}

/// What went wrong with one call.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// The call reached nobody who would have done it.
    NotSent(String),
    /// It may have been done.
    Unknown(String),
    WrongVersion,
    TooLarge(usize),
    Final(LogError),
}

impl From<Trouble> for LogError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::NotSent(text) | Trouble::Unknown(text) => Self::Unavailable(text),
            Trouble::WrongVersion => Self::Unavailable("somebody else wrote as well".to_owned()),
            Trouble::TooLarge(limit) => Self::TooLarge { size: limit + 1, limit },
            Trouble::Final(error) => error,
        }
    }
}

impl Server {
    pub fn new(url: &str, namespace: Namespace) -> Result<Self, LogError> {
        // The client's own text repeats the URL, and with it the password.
        let settings = url.parse().map_err(|_| {
            LogError::Setup(
                "the EventStoreDB URL is not valid; it looks like \
                 esdb://user:password@host:2113?tls=true"
                    .to_owned(),
            )
        })?;
        let client = Mutex::new((0, None));
        Ok(Self { settings, client, session: tokio::sync::Mutex::default(), namespace })
    }

    pub const fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    /// A client, and its number: whoever finds it broken says which one that was.
    pub fn client(&self) -> Result<(u64, Client), LogError> {
        let mut slot = self.client.lock();
        if slot.1.is_none() {
            let made = Client::new(self.settings.clone());
            slot.1 = Some(made.map_err(|error| {
                LogError::Setup(format!("the EventStoreDB client cannot be made: {error}"))
            })?);
        }
        match &slot.1 {
            Some(client) => Ok((slot.0, client.clone())),
            None => Err(LogError::Unavailable("no client".to_owned())),
        }
    }

    /// A client that gave up connecting never tries again by itself.
    pub fn discard(&self, number: u64) {
        let mut slot = self.client.lock();
        if slot.0 == number {
            *slot = (number + 1, None);
        }
    }

    /// What a subscription ended with.
    pub fn note(&self, number: u64, error: &Error) {
        let _ = self.trouble(number, error);
    }

    fn trouble(&self, number: u64, error: &Error) -> Trouble {
        if matches!(error, Error::ConnectionClosed | Error::GrpcConnectionError(_)) {
            self.discard(number);
        }
        of_error(error)
    }

    /// The same over a call that stays open, which is many times quicker: the client's sockets wait
    /// for an acknowledgement before the second packet of a new call (Nagle's algorithm), 40 ms on
    /// most systems. Where it did not work, for whatever reason, [`Server::append`] finds out why: the
    /// same append twice is one append. The error is whether it may have been done.
    pub async fn append_in_session(
        &self,
        stream: &str,
        head: u64,
        events: Vec<EventData>,
        patience: Duration,
    ) -> Result<u64, bool> {
        let session = self.session().await.ok_or(false)?;
        session.append(stream, head, events, patience).await.ok_or(true)
    }

    /// The call that stays open; none where there cannot be one just now.
    pub async fn session(&self) -> Option<Session<'_>> {
        let mut slot = self.session.lock().await;
        if slot.1.is_none() {
            let (number, client) = self.client().ok()?;
            match client.batch_append(&BatchAppendOptions::default()).await {
                Ok(session) => slot.1 = Some(Arc::new(session)),
                Err(error) => {
                    self.note(number, &error);
                    return None;
                }
            }
        }
        let client = Arc::clone(slot.1.as_ref()?);
        Some(Session { server: self, number: slot.0, client })
    }

    /// The commit position of the last of the events.
    pub async fn append(
        &self,
        stream: &str,
        head: u64,
        events: Vec<EventData>,
        patience: Duration,
    ) -> Result<u64, Trouble> {
        let (number, client) = self.client().map_err(Trouble::Final)?;
        let options =
            AppendToStreamOptions::default().stream_state(expected(head)).deadline(patience);
        let appending = client.append_to_stream(stream, &options, events);
        match tokio::time::timeout(patience, appending).await {
            Err(_) => Err(Trouble::Unknown("no answer in time".to_owned())),
            Ok(Err(error)) => Err(self.trouble(number, &error)),
            Ok(Ok(written)) => Ok(written.position.commit),
        }
    }

    /// How many events a stream has, as the leader knows it.
    pub async fn stream_head(&self, stream: &str) -> Result<u64, Trouble> {
        let options = ReadStreamOptions::default()
            .backwards()
            .position(StreamPosition::End)
            .max_count(1)
            .requires_leader(true);
        let last = self.read_stream(stream, &options).await?;
        Ok(last.first().map_or(0, |event| event.revision + 1))
    }

    /// Events of a stream after a version.
    pub async fn stream_page(
        &self,
        stream: &str,
        after: u64,
        count: usize,
    ) -> Result<Vec<RecordedEvent>, Trouble> {
        let options =
            ReadStreamOptions::default().position(StreamPosition::Position(after)).max_count(count);
        self.read_stream(stream, &options).await
    }

    /// None of a stream that is not there.
    pub async fn read_stream(
        &self,
        stream: &str,
        options: &ReadStreamOptions,
    ) -> Result<Vec<RecordedEvent>, Trouble> {
        let (number, client) = self.client().map_err(Trouble::Final)?;
        let reading = async {
            let mut events = Vec::new();
            let mut reading = client.read_stream(stream, options).await?;
            while let Some(event) = patiently(reading.next()).await? {
                events.extend(event.event);
            }
            Ok(events)
        };
        match reading.await {
            Ok(events) => Ok(events),
            Err(Error::ResourceNotFound) => Ok(Vec::new()),
            Err(error) => Err(self.trouble(number, &error)),
        }
    }

    /// Our events from a place on, that one included; fewer than `count` where they are large.
    pub async fn page(
        &self,
        from: Option<eventstore::Position>,
        count: usize,
    ) -> Result<Vec<RecordedEvent>, Trouble> {
        let from = from.map_or(StreamPosition::Start, StreamPosition::Position);
        let options =
            ReadAllOptions::default().position(from).max_count(count).filter(self.filter());
        self.read_all(&options).await
    }

    /// Where our last event is.
    pub async fn last_commit(&self) -> Result<Option<u64>, Trouble> {
        let options = ReadAllOptions::default()
            .backwards()
            .position(StreamPosition::End)
            .max_count(1)
            .filter(self.filter());
        Ok(self.read_all(&options).await?.first().map(|event| event.position.commit))
    }

    async fn read_all(&self, options: &ReadAllOptions) -> Result<Vec<RecordedEvent>, Trouble> {
        let (number, client) = self.client().map_err(Trouble::Final)?;
        let reading = async {
            let (mut events, mut bytes) = (Vec::new(), 0);
            let mut reading = client.read_all(options).await?;
            while bytes < PAGE_BYTES
                && let Some(event) = patiently(reading.next()).await?
            {
                bytes += event.event.as_ref().map_or(0, |event| event.data.len());
                events.extend(event.event);
            }
            Ok(events)
        };
        reading.await.map_err(|error| self.trouble(number, &error))
    }

    /// Our streams only: none of the server's own, none of other applications.
    pub fn filter(&self) -> SubscriptionFilter {
        SubscriptionFilter::on_stream_name().add_prefix(self.namespace.prefix())
    }
}

/// Where a stream of so many events is.
const fn expected(head: u64) -> StreamState {
    match head.checked_sub(1) {
        None => StreamState::NoStream,
        Some(last) => StreamState::StreamRevision(last),
    }
}

async fn patiently<T>(next: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(SILENCE, next).await.unwrap_or(Err(Error::DeadlineExceeded))
}

fn of_error(error: &Error) -> Trouble {
    match error {
        Error::WrongExpectedVersion { .. } => Trouble::WrongVersion,
        Error::NotLeaderException(_) => Trouble::NotSent("another node leads now".to_owned()),
        Error::GrpcConnectionError(error) => {
            Trouble::NotSent(format!("no node of EventStoreDB can be reached: {error}"))
        }
        Error::AccessDenied => Trouble::Final(LogError::Setup(
            "EventStoreDB refuses this user; check the user and the password in eventstore.url, \
             and that the user may read and write the log's streams and read $all"
                .to_owned(),
        )),
        Error::ResourceDeleted => Trouble::Final(LogError::Corrupt(
            "somebody deleted a stream of the log from EventStoreDB".to_owned(),
        )),
        Error::Grpc { message, .. } => match limit_in(message) {
            Some(limit) => Trouble::TooLarge(limit),
            None => Trouble::Unknown(error.to_string()),
        },
        other => Trouble::Unknown(other.to_string()),
    }
}

/// `Maximum Append Size of 1048576 Exceeded.`
fn limit_in(message: &str) -> Option<usize> {
    let rest = message.split_once("Maximum Append Size of ")?.1;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_in_the_error_of_a_bad_url() {
        let namespace = Namespace::new("reeve").unwrap();
        for url in ["esdb://u:hunter2@host:port", "esdb://u:hunter2@", "http://u:hunter2@host"] {
            let error = Server::new(url, namespace.clone()).unwrap_err();
            assert!(!format!("{error:?} {error}").contains("hunter2"), "{error}");
            assert!(error.to_string().contains("esdb://user:password@host"), "{error}");
        }
    }

    #[test]
    fn the_servers_limit_is_read_from_its_answer() {
        assert_eq!(limit_in("Maximum Append Size of 1048576 Exceeded."), Some(1_048_576));
        assert_eq!(limit_in("something else"), None);
    }
}
