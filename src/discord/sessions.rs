//! Where each shard's session stands, so that a restart resumes it and Discord replays what was
//! missed in between.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::Timestamp;
use eventlog::{LogError, sql::Db, values};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Discord forgets a session minutes after the connection is lost; one this old is not tried.
const FORGOTTEN_SECS: i64 = 3_600;
/// How far behind a saved session may be in which nothing happens.
const SAVE_ANYHOW_SECS: i64 = 60;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: String,
    pub resume_url: String,
    pub seq: u64,
    /// Where it was last resumed. Whoever resumes it from before that is told of that too, in the
    /// middle of what is told again.
    pub resumed: u64,
}

/// A session that is heard, and how far of it is saved.
#[derive(Debug)]
pub struct Place {
    shard: u32,
    session: Session,
    pub progress: Arc<Progress>,
    /// Where it began; nothing before is saved.
    from: u64,
    saved_at: Timestamp,
}

/// The sessions of one application.
#[derive(Clone, Debug)]
pub struct Sessions {
    db: Db,
    application: u64,
    /// In all: with another number of shards, every session starts anew.
    shards: u32,
}

impl Sessions {
    pub const fn new(db: Db, application: u64, shards: u32) -> Self {
        Self { db, application, shards }
    }

    pub async fn load(&self, shard: u32, now: Timestamp) -> Result<Option<Session>, LogError> {
        let sql = "SELECT session, resume_url, seq, resumed, updated_at FROM gateway_sessions \
                   WHERE application = $1 AND shard = $2 AND shards = $3";
        let rows = self.db.query(sql, &values![self.application, shard, self.shards]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let updated = Timestamp::from_micros(row.int(4)?);
        if now.secs_since(updated) > FORGOTTEN_SECS {
            return Ok(None);
        }
        let (id, resume_url) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        let (seq, resumed) = (row.count(2)?, row.count(3)?);
        Ok(Some(Session { id, resume_url, seq, resumed }))
    }

    /// When something was last heard of any session of this shard.
    pub async fn last_heard(&self, shard: u32) -> Result<Option<Timestamp>, LogError> {
        let sql = "SELECT updated_at FROM gateway_sessions WHERE application = $1 AND shard = $2";
        let rows = self.db.query(sql, &values![self.application, shard]).await?;
        rows.first().map(|row| row.int(0).map(Timestamp::from_micros)).transpose()
    }

    /// What this session caused up to its `seq` is durable.
    pub async fn save(
        &self,
        shard: u32,
        session: &Session,
        now: Timestamp,
    ) -> Result<(), LogError> {
        let sql = "INSERT INTO gateway_sessions \
                   (application, shard, shards, session, resume_url, seq, resumed, updated_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                   ON CONFLICT (application, shard) DO UPDATE SET \
                   shards = excluded.shards, session = excluded.session, \
                   resume_url = excluded.resume_url, seq = excluded.seq, \
                   resumed = excluded.resumed, updated_at = excluded.updated_at";
        let Session { id, resume_url, seq, resumed } = session;
        let values = values![
            self.application,
            shard,
            self.shards,
            id.as_str(),
            resume_url.as_str(),
            *seq,
            *resumed,
            now
        ];
        self.db.execute(sql, &values).await.map(|_| ())
    }

    /// A session goes on from here; its place stays where it was.
    async fn resumed(&self, shard: u32, session: &Session) -> Result<(), LogError> {
        let sql = "UPDATE gateway_sessions SET resumed = $4 \
                   WHERE application = $1 AND shard = $2 AND session = $3";
        let values = values![self.application, shard, session.id.as_str(), session.resumed];
        self.db.execute(sql, &values).await.map(|_| ())
    }
}

impl Place {
    /// Of a session that begins with this number.
    pub fn begins(shard: u32, id: String, resume_url: String, seq: u64) -> Self {
        let session = Session { id, resume_url, seq: 0, resumed: 0 };
        let progress = Arc::new(Progress::from(seq));
        Self { shard, session, progress, from: seq, saved_at: Timestamp::NEVER }
    }

    /// Of a session that was saved, and goes on.
    pub fn goes_on(shard: u32, session: Session, now: Timestamp) -> Self {
        let (progress, from) = (Arc::new(Progress::from(session.seq)), session.seq);
        Self { shard, session, progress, from, saved_at: now }
    }

    /// Discord says that everything missed was told. Not where it says that of a time before.
    pub async fn is_resumed(&mut self, sessions: &Sessions, seq: u64) -> bool {
        if seq <= self.session.resumed {
            return false;
        }
        self.session.resumed = seq;
        if let Err(error) = sessions.resumed(self.shard, &self.session).await {
            tracing::warn!(%error, "it is not saved that the session goes on");
        }
        true
    }

    /// Where the session stands, once what came before is done. Now and then also where nothing
    /// happened, but not while it is `replaying`: after a crash it tells since when nothing was
    /// heard.
    pub async fn save(&mut self, sessions: &Sessions, now: Timestamp, replaying: bool) {
        let seq = self.progress.done();
        let is_old = !replaying && now.secs_since(self.saved_at) >= SAVE_ANYHOW_SECS;
        if seq < self.from || (seq == self.session.seq && !is_old) {
            return;
        }
        let place = Session { seq, ..self.session.clone() };
        match sessions.save(self.shard, &place, now).await {
            Ok(()) => (self.session, self.saved_at) = (place, now),
            Err(error) => tracing::warn!(%error, "the session's place is not saved; trying again"),
        }
    }
}

/// Which events of a session are still being worked on. What is saved never passes one of them.
#[derive(Debug, Default)]
pub struct Progress {
    open: Mutex<Open>,
    /// Tells of every step: something was heard, or is done.
    finished: Notify,
}

#[derive(Debug, Default)]
struct Open {
    seen: u64,
    /// Seen, and whatever work it causes was begun.
    heard: u64,
    working: BTreeSet<u64>,
    /// Done, and still to be recorded together with others.
    recording: BTreeMap<u64, u32>,
    /// What could not be done, and is told again to whoever goes on: no place beyond it is saved.
    left: Option<u64>,
}

/// Work that one event causes. It counts as done when this is dropped.
#[derive(Debug)]
pub struct Working {
    of: Arc<Progress>,
    seq: u64,
}

/// What is to be recorded of one event, and of those after it. Nobody waits for it, but what is
/// saved does not pass it until this is dropped.
#[derive(Debug)]
pub struct Recording {
    of: Arc<Progress>,
    seq: u64,
}

impl Progress {
    /// Of a session that has been seen up to here.
    pub fn from(seq: u64) -> Self {
        let open = Mutex::new(Open { seen: seq, heard: seq, ..Open::default() });
        Self { open, ..Self::default() }
    }

    /// True where this event is new; a repeated one has been seen before.
    pub fn see(&self, seq: u64) -> bool {
        let mut open = self.open.lock();
        let new = seq > open.seen;
        open.seen = open.seen.max(seq);
        new
    }

    pub fn begin(self: &std::sync::Arc<Self>, seq: u64) -> Working {
        self.open.lock().working.insert(seq);
        Working { of: std::sync::Arc::clone(self), seq }
    }

    /// Everything up to here is done.
    pub fn done(&self) -> u64 {
        let open = self.open.lock();
        let recording = open.recording.first_key_value().map(|(seq, _)| seq);
        let first = [open.working.first(), recording, open.left.as_ref()];
        first.into_iter().flatten().min().map_or(open.seen, |first| first - 1)
    }

    /// The work that this event causes, if any, was begun.
    pub fn heard(&self, seq: u64) {
        let mut open = self.open.lock();
        open.heard = open.heard.max(seq);
        drop(open);
        self.finished.notify_waiters();
    }

    fn is_idle(&self) -> bool {
        let open = self.open.lock();
        open.working.is_empty() && open.recording.is_empty()
    }

    fn is_past(&self, seq: u64) -> bool {
        let open = self.open.lock();
        open.heard >= seq && open.working.first().is_none_or(|first| *first > seq)
    }

    /// What was seen last.
    pub fn seen(&self) -> u64 {
        self.open.lock().seen
    }

    pub fn record(self: &std::sync::Arc<Self>, seq: u64) -> Recording {
        *self.open.lock().recording.entry(seq).or_default() += 1;
        Recording { of: std::sync::Arc::clone(self), seq }
    }

    /// Until everything up to here is done.
    pub async fn reached(&self, seq: u64) {
        loop {
            let finished = self.finished.notified();
            if self.is_past(seq) {
                return;
            }
            finished.await;
        }
    }

    /// Until everything up to here is done and recorded.
    pub async fn recorded(&self, seq: u64) {
        loop {
            let finished = self.finished.notified();
            if self.done() >= seq {
                return;
            }
            finished.await;
        }
    }

    /// Until nothing is being worked on, and everything is recorded.
    pub async fn idle(&self) {
        loop {
            let finished = self.finished.notified();
            if self.is_idle() {
                return;
            }
            finished.await;
        }
    }
}

impl Working {
    /// It is done; what is to be recorded of it is not.
    pub fn then_record(self) -> Recording {
        self.of.record(self.seq)
    }
}

impl Recording {
    /// It could not be recorded: the saved place stays before it.
    pub fn leave(self) {
        let mut open = self.of.open.lock();
        open.left = Some(open.left.map_or(self.seq, |left| left.min(self.seq)));
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let mut open = self.of.open.lock();
        if let Some(times) = open.recording.get_mut(&self.seq) {
            *times -= 1;
            if *times == 0 {
                open.recording.remove(&self.seq);
            }
        }
        drop(open);
        self.of.finished.notify_waiters();
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.of.open.lock().working.remove(&self.seq);
        self.of.finished.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn session(id: &str, seq: u64) -> Session {
        Session { id: id.to_owned(), resume_url: "ws://here".to_owned(), seq, resumed: 0 }
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000 + secs)
    }

    async fn keeps_sessions(db: Db) {
        let (one, two) = (Sessions::new(db.clone(), 7, 2), Sessions::new(db.clone(), 8, 2));
        assert_eq!(one.load(0, at(0)).await.unwrap(), None);
        one.save(0, &session("a", 5), at(0)).await.unwrap();
        one.save(1, &session("b", 6), at(0)).await.unwrap();
        one.save(0, &session("a", 9), at(1)).await.unwrap();
        assert_eq!(one.load(0, at(2)).await.unwrap(), Some(session("a", 9)));
        assert_eq!(one.load(1, at(2)).await.unwrap(), Some(session("b", 6)));
        assert_eq!(two.load(0, at(2)).await.unwrap(), None, "another application's");
        assert_eq!(Sessions::new(db, 7, 3).load(0, at(2)).await.unwrap(), None, "other shards");
        assert_eq!(one.load(0, at(FORGOTTEN_SECS + 2)).await.unwrap(), None, "long forgotten");
        one.save(0, &session("c", 1), at(3)).await.unwrap();
        assert_eq!(one.load(0, at(3)).await.unwrap(), Some(session("c", 1)), "a new session");
    }

    #[tokio::test]
    async fn given_a_session_that_was_resumed_before_then_only_what_is_new_says_that_it_goes_on() {
        let directory = tempfile::TempDir::new().unwrap();
        let db = eventlog::sql::open_work(directory.path()).unwrap();
        let sessions = Sessions::new(db, 7, 1);
        let mut first = Place::begins(0, "a".to_owned(), "ws://here".to_owned(), 1);
        first.save(&sessions, at(0), false).await;
        // Killed after it went on once; nothing more was saved.
        assert!(first.is_resumed(&sessions, 8).await);
        let saved = sessions.load(0, at(1)).await.unwrap().unwrap();
        assert_eq!(saved, Session { resumed: 8, ..session("a", 1) });
        let mut second = Place::goes_on(0, saved, at(1));
        assert!(second.progress.see(2));
        second.save(&sessions, at(1), true).await;
        assert!(!second.is_resumed(&sessions, 8).await, "that was before");
        assert!(second.is_resumed(&sessions, 12).await);
        let saved = sessions.load(0, at(1)).await.unwrap().unwrap();
        assert_eq!(saved, Session { resumed: 12, ..session("a", 2) });
    }

    #[tokio::test]
    async fn given_sessions_then_a_restart_finds_them_on_sqlite() {
        let directory = tempfile::TempDir::new().unwrap();
        keeps_sessions(eventlog::sql::open_work(directory.path()).unwrap()).await;
    }

    // proves: ECO-14
    #[test]
    fn given_work_under_way_then_what_is_saved_stays_before_it() {
        let progress = Arc::new(Progress::from(3));
        assert!(!progress.see(3), "a repetition");
        assert!(progress.see(4) && progress.see(5) && progress.see(6));
        assert_eq!(progress.done(), 6);
        let (five, four) = (progress.begin(5), progress.begin(4));
        assert_eq!(progress.done(), 3);
        drop(four);
        assert_eq!(progress.done(), 4);
        drop(five);
        assert_eq!(progress.done(), 6);
    }

    #[test]
    fn given_what_is_to_be_recorded_then_the_saved_place_waits_for_it_and_nobody_else() {
        let progress = Arc::new(Progress::from(3));
        assert!(progress.see(4) && progress.see(5) && progress.see(6));
        progress.heard(6);
        let (four, five) = (progress.begin(4).then_record(), progress.record(5));
        assert!(progress.is_past(6) && !progress.is_idle());
        five.leave();
        assert_eq!(progress.done(), 3);
        drop(four);
        assert_eq!(progress.done(), 4, "what was left is told again");
        assert!(progress.is_idle());
    }

    #[tokio::test]
    async fn given_who_waits_for_a_place_then_they_wake_when_it_was_seen_and_is_done() {
        let progress = Arc::new(Progress::from(3));
        let waiting = tokio::spawn({
            let progress = Arc::clone(&progress);
            async move { progress.reached(5).await }
        });
        tokio::task::yield_now().await;
        assert!(progress.see(4) && progress.see(5));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "what it causes was not begun yet");
        let four = progress.begin(4);
        progress.heard(5);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "something before it is being worked on");
        drop(four);
        waiting.await.unwrap();
    }
}
