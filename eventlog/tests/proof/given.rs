//! Stores to seal on, and histories to seal.

use std::{path::PathBuf, sync::Arc};

use domain::{
    Actor, Cause, CorrelationId, DomainEvent as _, EventId, EventType, GuildId, IdempotencyKey,
    PersonId, people,
};
use eventlog::{
    Append, Appended, EventLog, Fence, Metadata, NewEvent, StreamId,
    contract::{Backend as _, Options, PostgresBackend, SqliteBackend, given::rehashed},
    event_id,
    people::MasterKey,
    proof::{Proofs, seal_now},
    sql::Db,
    system_clock,
};
use reeve_verify::Report;
use uuid::Uuid;

/// A log with its proofs, on either backend.
pub struct Place {
    pub log: Arc<dyn EventLog>,
    pub proofs: Proofs,
    pub master: MasterKey,
    /// The tables of the proofs, as somebody with a shell has them.
    pub shell: Db,
    pub files: tempfile::TempDir,
    pub store: Store,
}

pub enum Store {
    Sqlite(SqliteBackend),
    Postgres(Box<PostgresBackend>),
}

impl Place {
    pub async fn sqlite() -> Self {
        let store = SqliteBackend::fresh().await.unwrap();
        let log = store.open(Options::default()).await.unwrap();
        Self::over(Store::Sqlite(store), log, MasterKey::generate().unwrap())
    }

    /// None where this machine has no server.
    pub async fn postgres() -> Option<Self> {
        let store = PostgresBackend::fresh().await?;
        let log = store.open(Options::default()).await.unwrap();
        Some(Self::over(Store::Postgres(Box::new(store)), log, MasterKey::generate().unwrap()))
    }

    fn over(store: Store, log: Arc<dyn EventLog>, master: MasterKey) -> Self {
        let proofs = proofs_of(&store, master.clone(), None);
        let shell = match &store {
            Store::Sqlite(store) => {
                let path = store.directory().join("proof.db");
                Db::open_sqlite(&path, eventlog::sql::Durability::Recomputable).unwrap()
            }
            Store::Postgres(store) => Db::Postgres(store.pool().clone()),
        };
        let files = tempfile::TempDir::with_prefix("reeve-proof-").unwrap();
        Self { log, proofs, master, shell, files, store }
    }

    /// The same store under another master key.
    pub fn with_master(&self, master: MasterKey, previous: Option<MasterKey>) -> Proofs {
        proofs_of(&self.store, master, previous)
    }

    pub async fn seal(&self) {
        seal_now(&self.proofs, &self.log).await.unwrap();
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    pub async fn size(&self, guild: GuildId) -> u64 {
        self.proofs.latest(guild).await.unwrap().map_or(0, |signed| signed.checkpoint.size)
    }

    /// Changes the log as somebody who knows about hashes does: the payload and the hash.
    pub async fn rewrite(&self, guild: GuildId, guild_seq: u64, payload: &str) {
        let mut event = self.log.read_guild(guild, guild_seq - 1, 1).await.unwrap().remove(0);
        event.payload = payload.into();
        let hash = rehashed(event.clone()).hash;
        let position = event.position.0.cast_signed();
        match &self.store {
            Store::Sqlite(store) => {
                let shell = store.shell();
                shell.execute_batch("DROP TRIGGER IF EXISTS events_no_update").unwrap();
                let sql = "UPDATE events SET payload = ?1, hash = ?2 WHERE position = ?3";
                assert_eq!(shell.execute(sql, (payload, hash.0, position)).unwrap(), 1);
            }
            Store::Postgres(store) => {
                let script = format!(
                    "ALTER TABLE events DISABLE TRIGGER USER; UPDATE events SET payload = \
                     '{payload}', hash = '\\x{hash}' WHERE position = {position}; \
                     ALTER TABLE events ENABLE TRIGGER USER"
                );
                store.database().administer(&script).await.unwrap();
            }
        }
    }
}

fn proofs_of(store: &Store, master: MasterKey, previous: Option<MasterKey>) -> Proofs {
    match store {
        Store::Sqlite(store) => {
            Proofs::sqlite(store.directory(), master, previous, system_clock()).unwrap()
        }
        Store::Postgres(store) => {
            Proofs::postgres(store.pool().clone(), master, previous, system_clock())
        }
    }
}

/// Runs a case on SQLite, and on PostgreSQL where this machine has a server.
pub fn on_both(case: impl AsyncFn(Place)) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        case(Place::sqlite().await).await;
        if let Some(place) = Place::postgres().await {
            case(place).await;
        }
    });
}

pub fn guild(number: u64) -> GuildId {
    GuildId::new((number << 22) + 7).unwrap()
}

pub const PLAIN: EventType = EventType::new("test.happened", 1);

/// Appends events to a stream that has so many; ids count on from `id`.
pub async fn put(
    log: &Arc<dyn EventLog>,
    stream: &StreamId,
    expected: u64,
    actor: Actor,
    events: &[(EventType, String)],
    id: u128,
) {
    let key = IdempotencyKey::new(format!("test/{stream}/{expected}")).unwrap();
    let cause = Cause { correlation: CorrelationId(Uuid::from_u128(id)), causation: None };
    let metadata = Metadata { actor, cause, key: key.clone(), policy: None };
    let new = |(index, (event_type, payload)): (usize, &(EventType, String))| NewEvent {
        id: if id == 0 {
            event_id(stream, &key, index)
        } else {
            EventId(Uuid::from_u128(id + index as u128))
        },
        event_type: *event_type,
        payload: payload.as_str().into(),
    };
    let events: Vec<_> = events.iter().enumerate().map(new).collect();
    let append = Append {
        stream: stream.clone(),
        expected,
        first_id: events[0].id,
        events,
        metadata: serde_json::to_string(&metadata).unwrap().into(),
        fence: Fence::default(),
    };
    let appended = log.appender().append(append).await.unwrap();
    assert!(matches!(appended, Appended::Written(_)), "{appended:?}");
}

/// So many plain events of a guild, after those that it has.
pub async fn happen(log: &Arc<dyn EventLog>, guild: GuildId, count: usize) {
    let stream = StreamId::of_guild("test", guild);
    let mut left = count;
    while left > 0 {
        let have = log.stream_head(&stream).await.unwrap();
        let some = left.min(500);
        let event = |n: usize| (PLAIN, format!("{{\"happened\":{{\"n\":\"{have}+{n}\"}}}}"));
        let events: Vec<_> = (0..some).map(event).collect();
        put(log, &stream, have, Actor::Operator, &events, 0).await;
        left -= some;
    }
}

pub fn erased(person: PersonId) -> (EventType, String) {
    let event = people::Event::PersonErased { person };
    (people::Event::TYPES[0], serde_json::to_string(&event).unwrap())
}

pub fn verify(path: &std::path::Path) -> Report {
    reeve_verify::verify(path, &reeve_verify::Options::default()).unwrap()
}

pub fn verify_with(path: &std::path::Path, key: &str, checkpoint: Option<&str>) -> Report {
    let checkpoint = checkpoint.map(str::to_owned);
    let options = reeve_verify::Options { keys: vec![key.to_owned()], checkpoint };
    reeve_verify::verify(path, &options).unwrap()
}

#[track_caller]
pub fn valid(report: &Report, events: u64) {
    assert!(report.valid, "{:?}", report.problems);
    assert_eq!(report.events, events);
}
