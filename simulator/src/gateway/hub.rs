//! From the world to the sessions: who hears of an event, and what of it. An event is written as
//! JSON once, whoever hears of it; where nobody does, not at all.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    intents,
    session::{Order, Session},
};
use crate::{
    faults::{Fault, Faults},
    limits,
    snowflake::Id,
};

/// Which bots hear of an event, and by which guild their shard is found.
#[derive(Clone, Debug)]
pub struct Audience {
    pub apps: Arc<[Id]>,
    pub guild: Option<Id>,
}

/// Who may read a message without the intent for it: everybody in a direct message, else its author
/// and those it mentions.
#[derive(Clone, Debug)]
pub struct ContentRule {
    pub direct: bool,
    pub readers: Vec<Id>,
}

#[derive(Clone, Debug)]
pub struct Event {
    pub kind: &'static str,
    pub audience: Audience,
    pub d: Value,
    pub content: Option<ContentRule>,
}

impl Event {
    /// Whether a session asked for this, and is the shard for it.
    fn is_for(&self, session: &Session) -> bool {
        let shard = self.audience.guild.map_or(0, |guild| guild.shard(session.shards));
        if shard != session.shard || !self.audience.apps.contains(&session.application) {
            return false;
        }
        let needed = intents::needed(self.kind, self.audience.guild.is_some());
        needed == 0 || session.intents & needed != 0 || self.is_of_itself(session)
    }

    /// A bot always hears how it is changed itself.
    fn is_of_itself(&self, session: &Session) -> bool {
        self.kind == "GUILD_MEMBER_UPDATE"
            && self.d["user"]["id"].as_str() == Some(session.bot.to_string().as_str())
    }

    fn hides_content_from(&self, session: &Session) -> bool {
        let Some(rule) = &self.content else { return false };
        session.intents & intents::MESSAGE_CONTENT == 0
            && !rule.direct
            && !rule.readers.contains(&session.bot)
    }

    fn without_content(&self) -> Value {
        let mut d = self.d.clone();
        hide(&mut d);
        if let Some(answered) = d.get_mut("referenced_message").filter(|it| it.is_object()) {
            hide(answered);
        }
        d
    }
}

fn hide(message: &mut Value) {
    message["content"] = json!("");
    for list in ["embeds", "attachments", "components"] {
        message[list] = json!([]);
    }
}

fn bytes(d: &Value) -> Bytes {
    // A tree of JSON values always has a text.
    serde_json::to_vec(d).map(Bytes::from).unwrap_or_default()
}

#[derive(Debug)]
pub struct Hub {
    sessions: RwLock<Vec<Arc<Session>>>,
    faults: Arc<Faults>,
    /// When an application last identified, by its bucket.
    identified: Mutex<HashMap<(Id, u32), Instant>>,
    /// When a session last asked for everybody of a guild.
    asked: Mutex<HashMap<(String, Id), Instant>>,
    /// Counts what happened, for whoever waits for something.
    happened: watch::Sender<u64>,
}

impl Hub {
    pub fn new(faults: Arc<Faults>) -> Self {
        Self {
            sessions: RwLock::new(Vec::new()),
            faults,
            identified: Mutex::default(),
            asked: Mutex::default(),
            happened: watch::Sender::new(0),
        }
    }

    /// Tells of every change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.happened.subscribe()
    }

    /// Something happened that no event tells of.
    pub fn note_change(&self) {
        self.happened.send_modify(|count| *count += 1);
    }

    /// Whether an application may identify now: once in a while for each bucket of shards.
    pub(super) fn may_identify(&self, app: Id, bucket: u32, every: Duration, now: Instant) -> bool {
        let mut identified = self.identified.lock();
        identified.retain(|_, last| now.duration_since(*last) < every);
        match identified.entry((app, bucket)) {
            Entry::Occupied(_) => false,
            Entry::Vacant(entry) => {
                entry.insert(now);
                true
            }
        }
    }

    /// How long a session has to wait before it may ask for everybody of a guild; not at all where
    /// nothing is given.
    pub(super) fn wait_for_members(&self, session: &str, guild: Id) -> Option<Duration> {
        let now = Instant::now();
        let mut asked = self.asked.lock();
        asked.retain(|_, last| now.duration_since(*last) < limits::FULL_MEMBER_REQUEST);
        let key = (session.to_owned(), guild);
        if let Some(last) = asked.get(&key) {
            return Some(limits::FULL_MEMBER_REQUEST.saturating_sub(now.duration_since(*last)));
        }
        asked.insert(key, now);
        None
    }

    /// Hands an event to every session that should hear of it.
    pub fn publish(&self, event: &Event) {
        self.note_change();
        let (mut full, mut bare) = (None, None);
        let sessions = self.sessions.read();
        for session in sessions.iter().filter(|session| event.is_for(session)) {
            let body: &Bytes = if event.hides_content_from(session) {
                bare.get_or_insert_with(|| bytes(&event.without_content()))
            } else {
                full.get_or_insert_with(|| bytes(&event.d))
            };
            self.deliver(session, event.kind, body.clone());
        }
    }

    /// An event that is already written, for every session that is the shard of its guild.
    pub fn publish_bytes(&self, kind: &'static str, audience: &Audience, body: &Bytes) {
        let event = Event { kind, audience: audience.clone(), d: Value::Null, content: None };
        for session in self.sessions.read().iter().filter(|session| event.is_for(session)) {
            self.deliver(session, kind, body.clone());
        }
    }

    fn deliver(&self, session: &Arc<Session>, kind: &'static str, body: Bytes) {
        match self.faults.of_event(kind) {
            None => session.push(kind, body),
            Some(Fault::DuplicateEvent) => {
                session.push(kind, body.clone());
                session.push(kind, body);
            }
            // It has a number, and nothing to say.
            Some(Fault::LoseEvent) => session.push(kind, Bytes::new()),
            Some(Fault::DelayEvent { ms }) => {
                let session = Arc::clone(session);
                let later = async move {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    session.push(kind, body);
                };
                // Nobody can wait outside of a runtime, and nobody is connected there either.
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(later);
                } else {
                    tracing::warn!("an event that should be late is lost");
                }
            }
            Some(_) => tracing::debug!(event.kind = kind, "an event is dropped on request"),
        }
    }

    /// Takes up a session. Those that nobody came back for go first.
    pub fn add(&self, session: Arc<Session>) {
        let mut sessions = self.sessions.write();
        sessions.retain(|session| !session.is_over());
        if sessions.len() >= limits::MOST_SESSIONS {
            let oldest = sessions.remove(0);
            oldest.end();
        }
        sessions.push(session);
        drop(sessions);
        self.note_change();
    }

    /// The session that a client wants to take up again.
    pub fn find(&self, id: &str) -> Option<Arc<Session>> {
        let sessions = self.sessions.read();
        let found = sessions.iter().find(|session| session.id == id && !session.is_over());
        found.cloned()
    }

    pub fn sessions(&self) -> Vec<Arc<Session>> {
        self.sessions.read().iter().filter(|session| !session.is_over()).cloned().collect()
    }

    /// Does something to the connections of an application, or of all. Tells to how many.
    pub fn order(&self, application: Option<Id>, order: Order) -> usize {
        let sessions = self.sessions.read();
        let meant = sessions
            .iter()
            .filter(|session| application.is_none_or(|app| session.application == app));
        meant.filter(|session| session.order(order)).count()
    }

    /// Closes what is connected with a token that is worth nothing any more.
    pub fn close_application(&self, application: Id) {
        self.order(Some(application), Order::Close(super::session::AUTHENTICATION_FAILED));
        let mut sessions = self.sessions.write();
        for session in sessions.iter().filter(|session| session.application == application) {
            session.end();
        }
        sessions.retain(|session| session.application != application);
    }
}
