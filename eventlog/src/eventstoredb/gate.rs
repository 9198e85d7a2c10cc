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
/// A session that takes longer to answer is taken for broken.
const ANSWER: Duration = Duration::from_secs(5);
/// The server lets go of the lock of a machine that is gone.
const SESSION: &str = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; \
                       SET tcp_keepalives_count = 3";

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// There is no session, so nobody knows.
    Lost,
    Open,
    /// Closed for those who come; those inside finish what they began.
    Shutting,
    /// With the mark that says why, as `<key> <text>`.
    Shut(String),
}

#[derive(Debug)]
pub(super) struct Gate {
    /// Whoever appends is inside; whoever shuts it waits for them.
    inside: RwLock<()>,
    state: watch::Sender<State>,
    nudged: Notify,
}

impl Default for Gate {
    fn default() -> Self {
        let state = watch::channel(State::Lost).0;
        Self { inside: RwLock::new(()), state, nudged: Notify::new() }
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
            if found == State::Open {
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
                State::Open | State::Shutting => return Ok(()),
                State::Shut(mark) => return Err(moving::closed(mark)),
                State::Lost => {}
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
            let mut mark = self.look(&mut session).await?;
            if mark.is_none() && !holds {
                holds = ask(&mut session, gate!("pg_try_advisory_lock_shared")).await?;
                // Only a look that comes after the lock says that nobody has closed it.
                mark = self.look(&mut session).await?;
            }
            match mark {
                Some(mark) => {
                    if holds {
                        self.clear(&mut session, &mark).await?;
                        ask(&mut session, gate!("pg_advisory_unlock_shared")).await?;
                        holds = false;
                    }
                    self.tell(State::Shut(mark));
                }
                None if holds => self.tell(State::Open),
                // Somebody has just closed it and opened it again.
                None => {}
            }
            let _ = timeout(POLL, self.nudged.notified()).await;
        }
    }

    async fn look(&self, session: &mut PgConnection) -> Result<Option<String>, LogError> {
        timeout(ANSWER, marks::closing(session)).await.unwrap_or_else(|_| Err(unknown()))
    }

    /// Waits until nobody is inside.
    async fn clear(&self, session: &mut PgConnection, mark: &str) -> Result<(), LogError> {
        self.tell(State::Shutting);
        let alone = self.inside.write();
        tokio::pin!(alone);
        loop {
            if let Ok(alone) = timeout(POLL, &mut alone).await {
                self.tell(State::Shut(mark.to_owned()));
                drop(alone);
                return Ok(());
            }
            // Those inside may go on only while the lock is held.
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
    let said = then(&mut session).await;
    // The lock goes with the session.
    let _ = session.close().await;
    said
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
