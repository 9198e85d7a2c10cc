//! The EventStoreDB backend as the suite sees it: a server of the test's own, on the wire as the real
//! one, or a namespace of the test's own on the server of `REEVE_TEST_EVENTSTORE_URL`.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use eventstore::{
    AppendToStreamOptions, Client, DeleteStreamOptions, Error, StreamMetadataBuilder,
    TombstoneStreamOptions,
};
use standin::{Server, User};

use super::{Backend, Keys, Options, PostgresBackend, Remains, Tamper, TestDatabase};
use crate::{
    envelope::{Position, Recorded},
    eventstoredb::{self, EsdbLog, Namespace, ServerOptions},
    log::{EventLog, LogError, Slice},
    people::{People, PeopleError, Registry},
    proof::Proofs,
    snapshots::Snapshots,
};

const VARIABLE: &str = "REEVE_TEST_EVENTSTORE_URL";
/// What a server needs for our largest append: it counts the envelopes as well.
pub const MAX_APPEND_BYTES: usize = 2 * 1024 * 1024;

#[derive(Debug)]
pub struct EsdbBackend {
    /// The server of this test, if it is ours.
    own: Option<Server>,
    url: String,
    namespace: String,
    /// The index, and everything beside the log.
    beside: PostgresBackend,
}

impl EsdbBackend {
    /// On a server of its own in this process, whatever else there is.
    pub async fn on_stand_in(options: standin::Options) -> Option<Self> {
        let beside = PostgresBackend::fresh().await?;
        // As an installation should be: the log's user may not delete.
        let user = User::new("reeve", "secret", false);
        let admin = User::new("admin", "changeit", true);
        let users = vec![user.clone(), admin];
        let own = Server::start(standin::Options { users, ..options }).await.unwrap();
        let url = own.url_for(&user);
        Some(Self { url, own: Some(own), namespace: "reeve".to_owned(), beside })
    }

    pub fn stand_in_options() -> standin::Options {
        standin::Options { max_append_bytes: MAX_APPEND_BYTES, ..standin::Options::default() }
    }

    /// The server in this process.
    pub fn server(&self) -> &Server {
        self.own.as_ref().expect("a store on a server of its own")
    }

    /// The database of the index.
    pub fn database(&self) -> &TestDatabase {
        self.beside.database()
    }

    pub fn namespace(&self) -> Namespace {
        Namespace::new(&self.namespace).unwrap()
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub async fn open_at(&self, url: &str, options: ServerOptions) -> Result<EsdbLog, LogError> {
        EsdbLog::open(url, self.namespace(), self.database().pool(8), options).await
    }

    fn client(&self) -> Client {
        Client::new(self.url.parse().unwrap()).unwrap()
    }
}

#[async_trait]
impl Backend for EsdbBackend {
    async fn fresh() -> Option<Self> {
        let Ok(url) = std::env::var(VARIABLE) else {
            return Self::on_stand_in(Self::stand_in_options()).await;
        };
        let beside = PostgresBackend::fresh().await?;
        let namespace = format!("t{}", &uuid::Uuid::new_v4().simple().to_string()[..20]);
        Some(Self { own: None, url, namespace, beside })
    }

    fn named(name: &str) -> Self {
        let mut parts = name.split(' ').map(str::to_owned);
        let mut next = || parts.next().expect("three words");
        let (url, namespace, database) = (next(), next(), next());
        Self { own: None, url, namespace, beside: PostgresBackend::named(&database) }
    }

    fn name(&self) -> String {
        format!("{} {} {}", self.url, self.namespace, self.beside.name())
    }

    async fn open(&self, options: Options) -> Result<Arc<dyn EventLog>, LogError> {
        let Options { clock, queue, batch } = options;
        let options = ServerOptions { clock, batch, queue, ..ServerOptions::default() };
        Ok(Arc::new(self.open_at(&self.url, options).await?))
    }

    async fn beside(&self, _: &Arc<dyn EventLog>) -> Arc<dyn EventLog> {
        self.open(Options::default()).await.unwrap()
    }

    async fn people(&self, keys: Keys) -> Result<People, PeopleError> {
        self.beside.people(keys).await
    }

    async fn registry(&self) -> Registry {
        self.beside.registry().await
    }

    fn proofs(&self) -> Proofs {
        self.beside.proofs()
    }

    fn erasures_file(&self) -> PathBuf {
        self.beside.erasures_file()
    }

    fn snapshots(&self) -> Snapshots {
        self.beside.snapshots()
    }

    async fn try_to_change(&self, event: &Recorded) -> Vec<(&'static str, bool)> {
        let (client, name) = (self.client(), eventstoredb::stream_name(&self.namespace(), event));
        let refused = |tried: Result<(), Error>| match tried {
            Ok(()) => false,
            Err(Error::AccessDenied) => true,
            Err(other) => panic!("failed otherwise: {other:?}"),
        };
        let tell = async |metadata| {
            let options = AppendToStreamOptions::default();
            client.set_stream_metadata(name.as_str(), &options, &metadata).await.map(drop)
        };
        let metadata = StreamMetadataBuilder::new;
        vec![
            ("$tb", refused(tell(metadata().truncate_before(2).build()).await)),
            ("$maxCount", refused(tell(metadata().max_count(1).build()).await)),
            (
                "delete",
                refused(
                    client
                        .delete_stream(name.as_str(), &DeleteStreamOptions::default())
                        .await
                        .map(drop),
                ),
            ),
            (
                "tombstone",
                refused(
                    client
                        .tombstone_stream(name.as_str(), &TombstoneStreamOptions::default())
                        .await
                        .map(drop),
                ),
            ),
        ]
    }

    async fn tamper(&self, event: &Recorded, tamper: Tamper) -> bool {
        match (tamper, &self.own) {
            (Tamper::Payload(payload), Some(server)) => {
                server.log().tamper(event.id.0, |stored| stored.data = payload.as_bytes().into())
            }
            // Nobody can, over the protocol.
            (Tamper::Payload(_), None) => false,
            (Tamper::Stream, _) => {
                let sql = format!(
                    "UPDATE esdb_events SET aggregate_id = 'no guild' WHERE position = {}",
                    event.position.0
                );
                self.database().administer(&sql).await.unwrap();
                true
            }
        }
    }

    async fn pretend_contract(&self, version: u32) {
        eventstoredb::pretend_contract(&self.url, self.namespace(), version).await.unwrap();
    }

    async fn stored_secrets(&self, guild: domain::GuildId) -> Vec<Vec<u8>> {
        self.beside.stored_secrets(guild).await
    }

    async fn everything_stored(&self) -> Vec<Remains> {
        let mut found = self.beside.everything_stored().await;
        let log = self.open(Options::default()).await.unwrap();
        let events = log.read_all(Position::START, usize::MAX, Slice::ALL).await.unwrap().events;
        let text: Vec<String> = events
            .iter()
            .map(|event| format!("{} {} {}", event.stream, event.metadata, event.payload))
            .collect();
        let bytes = text.join("\n").into_bytes();
        found.push(Remains { name: "EventStoreDB".to_owned(), bytes, server_journal: false });
        found
    }
}
