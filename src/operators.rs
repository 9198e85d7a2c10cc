//! Operators who sign in here by a name, without Discord: for when Discord is down, or whoever runs
//! the installation is nobody there. Made at the console (`src/cli/operators.rs`); signing in is
//! `src/http/operator_sign_in.rs`.
//!
//! - Three things sign in: the name, the password (`password.rs`), and a code that works once
//!   (`totp.rs`), or one of ten recovery codes (`recovery.rs`). Which of them was wrong nobody tells.
//! - An unknown name takes the same way as a known one, a hash of its password included, and is
//!   counted like one.
//! - Every try is counted before it is judged (`lockout.rs`), in the store, so that all processes
//!   count together and a restart forgets nothing.
//! - The session begins in the transaction that uses the code up and finds the operator unchanged.
//!   So a password that is changed meanwhile leaves no session behind.

mod enter;
pub mod lockout;
pub mod password;
pub mod recovery;
pub mod totp;
mod tries;

use std::sync::Arc;

use domain::Timestamp;
use eventlog::{
    Clock, LogError, People,
    sql::{Db, Row, Tx},
    values,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use schema::Account;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tokio::sync::Semaphore;
use uuid::Uuid;

pub use self::enter::{BROWSER_SECS, Outcome, Try};
use self::password::Hashed;
use crate::http::sessions::Sessions;

/// Operators of one installation.
const MOST: u64 = 50;
const NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=32;
/// What their row is sealed as.
const SEALED: &str = "operator";
#[derive(Clone)]
pub struct Operators(Arc<Shared>);

struct Shared {
    db: Db,
    clock: Clock,
    sessions: Sessions,
    names: [u8; 32],
    codes: [u8; 32],
    tries: [u8; 32],
    waiting: Semaphore,
    waiting_known: Semaphore,
}

impl std::fmt::Debug for Operators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operators")
    }
}

/// What is kept of an operator, sealed.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    name: String,
    password: Hashed,
    secret: totp::Secret,
}

struct Known {
    id: Uuid,
    version: i64,
    last_step: i64,
    kept: Kept,
}

/// One of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub id: Uuid,
    /// None where it was sealed with another master key.
    pub name: Option<String>,
    pub added_at: Timestamp,
    pub changed_at: Timestamp,
    pub seen_at: Option<Timestamp>,
    pub recovery_codes: u64,
    pub sessions: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("{0}")]
    Rule(String),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Password(#[from] password::Failed),
}

fn rule<T>(text: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Rule(text.into()))
}

fn corrupt(error: &dyn std::fmt::Display) -> LogError {
    LogError::Corrupt(format!("an operator: {error}"))
}

/// As it is written down; none where it is none.
pub fn name(typed: &str) -> Option<String> {
    let name = typed.trim().to_ascii_lowercase();
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (NAME_CHARS.contains(&name.len()) && name.bytes().all(letter)).then_some(name)
}

impl Operators {
    pub fn new(db: Db, people: &People, clock: Clock) -> Self {
        let sessions = Sessions::new(db.clone(), people, Arc::clone(&clock));
        Self::with(db, people, clock, sessions)
    }

    /// Whose sessions are these.
    pub fn with(db: Db, people: &People, clock: Clock, sessions: Sessions) -> Self {
        let [names, codes, tries] = ["names", "recovery codes", "tries"]
            .map(|purpose| people.key_for(&format!("operators by name: {purpose}")));
        Self(Arc::new(Shared {
            db,
            clock,
            sessions,
            names,
            codes,
            tries,
            waiting: Semaphore::new(enter::WAITING),
            waiting_known: Semaphore::new(enter::WAITING_KNOWN),
        }))
    }

    /// Makes one, whose authenticator has shown the code of that step; answers the recovery codes.
    pub async fn add(
        &self,
        name: &str,
        password: &str,
        secret: totp::Secret,
        step: i64,
    ) -> Result<Vec<String>, Refused> {
        let Some(name) = self::name(name) else {
            return rule(
                "use a name of 3 to 32 letters a to z, digits, dots, dashes or underscores",
            );
        };
        if let Some(problem) = password::problem(password, &name) {
            return rule(problem);
        }
        let password = Hashed::of(password).await?;
        let (id, tag, now) = (Uuid::new_v4(), self.tag(&name), (self.0.clock)());
        let sealed = self.sealed(&Kept { name: name.clone(), password, secret })?;
        let codes = recovery::fresh();
        let mut tx = self.0.db.begin().await?;
        let many = tx.query("SELECT COUNT(*) FROM operators", &[]).await?;
        if many.first().map_or(Ok(0), |row| row.count(0))? >= MOST {
            return rule(format!("there are {MOST} operators already; remove one first"));
        }
        let sql = "INSERT INTO operators (id, name_tag, sealed, version, last_step, added_at, \
                   changed_at) VALUES ($1, $2, $3, 1, $4, $5, $5) ON CONFLICT (name_tag) DO NOTHING";
        let row = values![id.to_string(), tag, sealed, step, now];
        if tx.execute(sql, &row).await? == 0 {
            return rule(format!("there is an operator {name} already"));
        }
        self.put_codes(&mut tx, id, &codes).await?;
        tx.commit().await?;
        tracing::info!(operator.id = %id, "an operator was added");
        Ok(codes)
    }

    /// Another password. Their sessions end.
    pub async fn set_password(&self, name: &str, password: &str) -> Result<(), Refused> {
        let known = self.known(name).await?;
        if let Some(problem) = password::problem(password, &known.kept.name) {
            return rule(problem);
        }
        let password = Hashed::of(password).await?;
        let kept = Kept { password, ..known.kept.clone() };
        let mut tx = self.0.db.begin().await?;
        self.change(&mut tx, &known, &kept, known.last_step).await?;
        tx.commit().await?;
        tracing::info!(operator.id = %known.id, "an operator's password was changed");
        Ok(())
    }

    /// Another authenticator, and other recovery codes. Their sessions end.
    pub async fn set_secret(
        &self,
        name: &str,
        secret: totp::Secret,
        step: i64,
    ) -> Result<Vec<String>, Refused> {
        let known = self.known(name).await?;
        let kept = Kept { secret, ..known.kept.clone() };
        let codes = recovery::fresh();
        let mut tx = self.0.db.begin().await?;
        self.change(&mut tx, &known, &kept, step).await?;
        self.put_codes(&mut tx, known.id, &codes).await?;
        tx.commit().await?;
        tracing::info!(operator.id = %known.id, "an operator has another authenticator");
        Ok(codes)
    }

    /// By name, or by id where the name cannot be read any more. Their sessions end.
    pub async fn remove(&self, name_or_id: &str) -> Result<(), Refused> {
        let id = match Uuid::try_parse(name_or_id) {
            Ok(id) => id,
            Err(_) => self.known(name_or_id).await?.id,
        };
        let mut tx = self.0.db.begin().await?;
        let sql = "DELETE FROM operators WHERE id = $1";
        if tx.execute(sql, &values![id.to_string()]).await? == 0 {
            return rule(format!("there is no operator {name_or_id}"));
        }
        let sql = "DELETE FROM operator_recovery_codes WHERE operator_id = $1";
        tx.execute(sql, &values![id.to_string()]).await?;
        self.0.sessions.end_all(&mut tx, Account::Operator(id)).await?;
        tx.commit().await?;
        tracing::info!(operator.id = %id, "an operator was removed");
        Ok(())
    }

    pub async fn list(&self) -> Result<Vec<Line>, LogError> {
        let sql = "SELECT o.id, o.sealed, o.added_at, o.changed_at, o.seen_at, (SELECT COUNT(*) \
                   FROM operator_recovery_codes c WHERE c.operator_id = o.id) FROM operators o \
                   ORDER BY o.added_at, o.id LIMIT $1";
        let rows = self.0.db.query(sql, &values![MOST]).await?;
        let mut lines = Vec::new();
        for row in &rows {
            let id = Uuid::try_parse(row.text(0)?).map_err(|error| corrupt(&error))?;
            let kept = self.opened(row.blob(1)?);
            let time = |column| row.int(column).map(Timestamp::from_micros);
            lines.push(Line {
                id,
                name: kept.map(|kept| kept.name),
                added_at: time(2)?,
                changed_at: time(3)?,
                seen_at: row.opt_int(4)?.map(Timestamp::from_micros),
                recovery_codes: row.count(5)?,
                sessions: self.0.sessions.many(Account::Operator(id)).await?,
            });
        }
        Ok(lines)
    }

    /// Whether there is one of that name.
    pub async fn is_known(&self, name: &str) -> Result<bool, LogError> {
        Ok(self.find(name).await?.is_some())
    }

    async fn known(&self, name: &str) -> Result<Known, Refused> {
        match self.find(name).await? {
            Some(known) => Ok(known),
            None => rule(format!("there is no operator {name}; see `reeve operator list`")),
        }
    }

    async fn find(&self, name: &str) -> Result<Option<Known>, LogError> {
        let sql = "SELECT id, version, last_step, sealed FROM operators WHERE name_tag = $1";
        let rows = self.0.db.query(sql, &values![self.tag(name)]).await?;
        rows.first().map(|row| self.read(row)).transpose().map(Option::flatten)
    }

    fn read(&self, row: &Row) -> Result<Option<Known>, LogError> {
        let Some(kept) = self.opened(row.blob(3)?) else { return Ok(None) };
        let id = Uuid::try_parse(row.text(0)?).map_err(|error| corrupt(&error))?;
        Ok(Some(Known { id, version: row.int(1)?, last_step: row.int(2)?, kept }))
    }

    fn opened(&self, sealed: &[u8]) -> Option<Kept> {
        serde_json::from_slice(&self.0.sessions.open(SEALED, sealed)?).ok()
    }

    fn sealed(&self, kept: &Kept) -> Result<Vec<u8>, LogError> {
        let clear = serde_json::to_vec(kept).map_err(|error| corrupt(&error))?;
        let sealed = self.0.sessions.seal(SEALED, &clear);
        sealed.ok_or_else(|| corrupt(&"it could not be sealed"))
    }

    async fn change(
        &self,
        tx: &mut Tx,
        known: &Known,
        kept: &Kept,
        step: i64,
    ) -> Result<(), Refused> {
        let sql = "UPDATE operators SET sealed = $3, version = version + 1, changed_at = $4, \
                   last_step = $5 WHERE id = $1 AND version = $2";
        let (id, sealed, now) = (known.id.to_string(), self.sealed(kept)?, (self.0.clock)());
        if tx.execute(sql, &values![id, known.version, sealed, now, step]).await? == 0 {
            return rule("somebody else changed this operator at the same time; look again");
        }
        Ok(self.0.sessions.end_all(tx, Account::Operator(known.id)).await?)
    }

    async fn put_codes(&self, tx: &mut Tx, id: Uuid, codes: &[String]) -> Result<(), LogError> {
        let sql = "DELETE FROM operator_recovery_codes WHERE operator_id = $1";
        tx.execute(sql, &values![id.to_string()]).await?;
        let sql = "INSERT INTO operator_recovery_codes (operator_id, code_hash) VALUES ($1, $2)";
        for plain in codes.iter().filter_map(|code| recovery::plain(code)) {
            tx.execute(sql, &values![id.to_string(), self.code_hash(id, &plain)]).await?;
        }
        Ok(())
    }

    fn code_hash(&self, id: Uuid, plain: &str) -> Vec<u8> {
        mac(&self.0.codes, format!("{id}/{plain}").as_bytes())
    }

    /// Finds a name without telling it.
    fn tag(&self, name: &str) -> Vec<u8> {
        mac(&self.0.names, name.trim().to_ascii_lowercase().as_bytes())
    }
}

fn mac(key: &[u8; 32], bytes: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    mac.update(bytes);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests;
