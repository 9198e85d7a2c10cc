//! Whether this process may append, so that a log can be closed for every process at once.
//!
//! A process that appends holds a lock in PostgreSQL that it shares with all who do. Whoever closes
//! the log writes the mark, waits until everybody has answered what was under way and has let go,
//! and holds the lock alone for a moment. An append costs no look at PostgreSQL for this.

use std::{convert::Infallible, time::Duration};

use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgConnectOptions};
use tokio::{
    sync::{Notify, RwLock, RwLockReadGuard, watch},
    time::{Instant, timeout, timeout_at},
};
use uuid::Uuid;

use super::marks;
use crate::{log::LogError, moving, postgres::from_sqlx};

/// The lock's name, for statements that end with a parenthesis.
macro_rules! gate {
    ($function:literal) => {
        concat!(
            "SELECT ",
            $function,
            "(hashtext('reeve.esdb.gate'), current_schema()::regnamespace::oid::int)"
        )
    };
}

/// How often a process looks whether the log was closed, and whether its session still stands.
const POLL: Duration = Duration::from_millis(250);
/// A look is worth so much time; who has not looked since sends nothing.
const LEASE: Duration = Duration::from_secs(1);
/// For what was sent at the very end of that time.
const GRACE: Duration = Duration::from_secs(1);
/// A session that takes longer to answer is taken for broken.
const ANSWER: Duration = Duration::from_secs(5);
/// The server lets go of the lock of a machine that is gone.
const SESSION: &str = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; \
                       SET tcp_keepalives_count = 3";

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// There is no session, so nobody knows.
    Lost,
    Open(Instant),
    /// Closed for those who come; those inside finish what they began.
    Shutting(Instant),
    /// With the mark that says why, as `<key> <text>`.
    Shut(String),
}

#[derive(Debug)]
pub(super) struct Gate {
    process: Uuid,
    /// Whoever appends is inside; whoever shuts it waits for them.
    inside: RwLock<()>,
    state: watch::Sender<State>,
    nudged: Notify,
}

impl Default for Gate {
    fn default() -> Self {
        let state = watch::channel(State::Lost).0;
        Self { process: Uuid::new_v4(), inside: RwLock::new(()), state, nudged: Notify::new() }
    }
}

impl Gate {
    /// Lets somebody in who is to append; the answer is given before they leave.
    pub async fn enter(
        &self,
        pool: &PgPool,
        deadline: Instant,
    ) -> Result<RwLockReadGuard<'_, ()>, LogError> {
        let mut state = self.state.subscribe();
        loop {
            let Ok(inside) = timeout_at(deadline, self.inside.read()).await else {
                return Err(unknown());
            };
            let found = state.borrow_and_update().clone();
            if matches!(found, State::Open(until) if Instant::now() < until) {
                return Ok(inside);
            }
            drop(inside);
            // It may have been opened a moment ago.
            if matches!(found, State::Shut(_)) {
                if let Some(mark) = marks::closing(pool).await? {
                    return Err(moving::closed(&mark));
                }
                self.nudge();
            }
            if timeout_at(deadline, state.changed()).await.is_err() {
                return Err(unknown());
            }
        }
    }

    /// Asked by those inside before everything they send.
    pub async fn may_send(&self, deadline: Instant) -> Result<(), LogError> {
        let mut state = self.state.subscribe();
        loop {
            match &*state.borrow_and_update() {
                State::Open(until) | State::Shutting(until) if Instant::now() < *until => {
                    return Ok(());
                }
                State::Shut(mark) => return Err(moving::closed(mark)),
                State::Open(_) | State::Shutting(_) | State::Lost => {}
            }
            if timeout_at(deadline, state.changed()).await.is_err() {
                return Err(unknown());
            }
        }
    }

    /// Has the marks looked at now.
    pub fn nudge(&self) {
        self.nudged.notify_one();
    }

    /// Keeps the session as long as the log is open.
    pub async fn keep(&self, connect: &PgConnectOptions) {
        loop {
            let Err(error) = self.session(connect).await;
            if self.state.send_replace(State::Lost) != State::Lost {
                tracing::warn!(%error, "appends wait until it is known that the log is not closed");
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn session(&self, connect: &PgConnectOptions) -> Result<Infallible, LogError> {
        let mut session = answered(PgConnection::connect_with(connect)).await?;
        answered(sqlx::raw_sql(SESSION).execute(&mut session)).await?;
        let mut holds = false;
        loop {
            let mut until = Instant::now() + LEASE;
            let mut mark = self.look(&mut session).await?;
            if mark.is_none() && !holds {
                holds = ask(&mut session, gate!("pg_try_advisory_lock_shared")).await?;
                if holds {
                    self.enlist(&mut session, true).await?;
                }
                // Only a look that comes after the lock says that nobody has closed it.
                until = Instant::now() + LEASE;
                mark = self.look(&mut session).await?;
            }
            match mark {
                Some(mark) => {
                    if holds {
                        self.clear(&mut session, until).await?;
                    }
                    self.tell(State::Shut(mark));
                    self.enlist(&mut session, false).await?;
                    if holds {
                        ask(&mut session, gate!("pg_advisory_unlock_shared")).await?;
                        holds = false;
                    }
                }
                None if holds => self.tell(State::Open(until)),
                // Somebody has just closed it and opened it again.
                None => {}
            }
            let _ = timeout(POLL, self.nudged.notified()).await;
        }
    }

    async fn look(&self, session: &mut PgConnection) -> Result<Option<String>, LogError> {
        timeout(ANSWER, marks::closing(session)).await.unwrap_or_else(|_| Err(unknown()))
    }

    /// Says in the database that this process may be appending, so that somebody who closes the
    /// log knows of it when its session has broken.
    async fn enlist(&self, session: &mut PgConnection, on: bool) -> Result<(), LogError> {
        let sql = if on {
            "INSERT INTO esdb_writers (process) VALUES ($1) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM esdb_writers WHERE process = $1"
        };
        answered(sqlx::query(sql).bind(self.process).execute(session)).await.map(drop)
    }

    /// Once nobody of this process appends any more and the session is gone.
    pub async fn sign_off(&self, pool: &PgPool) {
        self.tell(State::Lost);
        let sql = "DELETE FROM esdb_writers WHERE process = $1";
        if let Err(error) = answered(sqlx::query(sql).bind(self.process).execute(pool)).await {
            tracing::debug!(%error, "closing this log will take two seconds more");
        }
    }

    /// Waits until nobody is inside.
    async fn clear(&self, session: &mut PgConnection, mut until: Instant) -> Result<(), LogError> {
        let alone = self.inside.write();
        tokio::pin!(alone);
        loop {
            self.tell(State::Shutting(until));
            if timeout(POLL, &mut alone).await.is_ok() {
                return Ok(());
            }
            // Those inside may go on only while the lock is held.
            until = Instant::now() + LEASE;
            self.look(session).await?;
        }
    }

    fn tell(&self, state: State) {
        self.state.send_if_modified(|told| {
            let other = *told != state;
            *told = state;
            other
        });
    }
}

/// Waits until every process has let go, and holds the lock alone while this is said.
pub(super) async fn alone<T>(
    connect: &PgConnectOptions,
    patience: Duration,
    then: impl AsyncFnOnce(&mut PgConnection) -> Result<T, LogError>,
) -> Result<T, LogError> {
    let mut session = answered(PgConnection::connect_with(connect)).await?;
    let limit = sqlx::query("SELECT set_config('lock_timeout', $1, false)");
    answered(limit.bind(patience.as_millis().to_string()).execute(&mut session)).await?;
    let locked = sqlx::query(gate!("pg_advisory_lock")).execute(&mut session).await;
    locked.map_err(|error| match from_sqlx(&error) {
        LogError::Unavailable(_) => LogError::Unavailable(format!(
            "a process that appends has not let go of the log within {} s; stop it, or look why \
             its appends get no answer (`reeve doctor`), and try again",
            patience.as_secs()
        )),
        other => other,
    })?;
    let gone = forget_the_broken(&mut session).await;
    let said = match gone {
        Ok(()) => then(&mut session).await,
        Err(error) => Err(error),
    };
    // The lock goes with the session.
    let _ = session.close().await;
    said
}

/// A process that holds no lock and has not signed off died, or lost its session and does not know
/// it yet: it is waited for until it must have looked.
async fn forget_the_broken(session: &mut PgConnection) -> Result<(), LogError> {
    let known = Instant::now() + LEASE + GRACE;
    while Instant::now() < known {
        let sql = "SELECT EXISTS (SELECT FROM esdb_writers)";
        if !answered(sqlx::query_scalar::<_, bool>(sql).fetch_one(&mut *session)).await? {
            return Ok(());
        }
        tokio::time::sleep(POLL / 5).await;
    }
    answered(sqlx::query("DELETE FROM esdb_writers").execute(session)).await.map(drop)
}

async fn ask(session: &mut PgConnection, sql: &'static str) -> Result<bool, LogError> {
    answered(sqlx::query_scalar(sql).fetch_one(session)).await
}

async fn answered<T>(asked: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, LogError> {
    match timeout(ANSWER, asked).await {
        Ok(answer) => answer.map_err(|error| from_sqlx(&error)),
        Err(_) => Err(unknown()),
    }
}

fn unknown() -> LogError {
    LogError::Unavailable(
        "PostgreSQL does not say whether this log takes events; appends wait for it".to_owned(),
    )
}
