//! Signing in as an operator: what is counted, what is looked at, and what begins.

use std::net::IpAddr;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Timestamp;
use eventlog::{LogError, values};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Known, Operators, Refused, corrupt, lockout, mac,
    password::Hashed,
    recovery, totp,
    tries::{Counted, counted, forget, tidied},
};
use crate::http::sessions::Who;

/// Tries that wait for their turn; beyond them everybody is told to come again. Browsers that are
/// known have room of their own, so that others cannot take all of it.
pub(super) const WAITING: usize = 8;
pub(super) const WAITING_KNOWN: usize = 4;
/// What a browser is known by is sealed as.
const BROWSER: &str = "operator's browser";
/// So long a browser in which somebody signed in is known.
pub const BROWSER_SECS: i64 = 90 * 86_400;

/// What a code was that opens something.
pub(super) enum Code {
    /// Of the authenticator: which step it is of.
    Step(i64),
    /// A recovery code, as it is kept.
    Recovery(Vec<u8>),
}

/// What a browser that is known carries.
#[derive(Serialize, Deserialize)]
struct Browser {
    operator: Uuid,
    version: i64,
    id: Uuid,
    since: i64,
}

/// Somebody wants in.
#[derive(Clone, Copy)]
pub struct Try<'a> {
    pub name: &'a str,
    pub password: &'a str,
    /// Of the authenticator, or a recovery code.
    pub code: &'a str,
    pub address: Option<IpAddr>,
    /// What the browser is known by, if anything.
    pub browser: Option<&'a str>,
    /// What the browser says it is.
    pub client: &'a str,
}

impl std::fmt::Debug for Try<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Try")
    }
}

/// What came of it.
pub enum Outcome {
    /// The session's token, and what the browser is known by from now on.
    In {
        token: String,
        browser: String,
    },
    Wrong,
    /// Too many tries; the next one counts from then.
    Locked(Timestamp),
    /// Too many at this moment.
    Busy,
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::In { .. } => "In",
            Self::Wrong => "Wrong",
            Self::Locked(_) => "Locked",
            Self::Busy => "Busy",
        })
    }
}

impl Operators {
    /// Signs somebody in, if it is one.
    pub async fn sign_in(&self, wants: Try<'_>) -> Result<Outcome, Refused> {
        let known = self.find(wants.name).await?;
        let browser = self.known_browser(&wants, known.as_ref());
        let room = if browser.is_some() { &self.0.waiting_known } else { &self.0.waiting };
        let Ok(_turn) = room.try_acquire() else {
            tell("busy", known.as_ref());
            return Ok(Outcome::Busy);
        };
        let things = self.things(&wants, browser.as_ref());
        let now = (self.0.clock)();
        let mut tx = self.0.db.begin().await?;
        let counted = counted(&mut tx, &things, now).await?;
        tx.commit().await?;
        tidied(&self.0.db, now).await?;
        if let Err(until) = counted {
            tell("locked", known.as_ref());
            return Ok(Outcome::Locked(until));
        }
        // A name that nobody has, and a password that is wrong, take the same way as what is right.
        let used = self.used_by(known.as_ref(), wants.code, now).await?;
        let password =
            known.as_ref().map_or_else(Hashed::nobodys, |known| known.kept.password.clone());
        let is_theirs = password.is_of(wants.password).await?;
        let token = match (&known, used) {
            (Some(known), Some(used)) if is_theirs => {
                self.enter(known, &used, wants.client, &things).await?
            }
            _ => None,
        };
        tell(if token.is_some() { "in" } else { "wrong" }, known.as_ref());
        let (Some(token), Some(known)) = (token, known) else { return Ok(Outcome::Wrong) };
        let browser = browser.map_or_else(Uuid::new_v4, |browser| browser.id);
        Ok(Outcome::In { token, browser: self.browser(browser, &known)? })
    }

    /// What a code is, where it opens something.
    async fn used_by(
        &self,
        known: Option<&Known>,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<Code>, LogError> {
        let (id, secret, last_step) = known.map_or_else(
            || (Uuid::nil(), totp::fresh(), 0),
            |known| (known.id, known.kept.secret, known.last_step),
        );
        let step = totp::step(&secret, code.trim(), now.as_secs(), last_step);
        let hash = self.code_hash(id, &recovery::plain(code).unwrap_or_default());
        let sql = "SELECT COUNT(*) FROM operator_recovery_codes WHERE operator_id = $1 AND \
                   code_hash = $2";
        let rows = self.0.db.query(sql, &values![id.to_string(), hash.as_slice()]).await?;
        let is_recovery = rows.first().map_or(Ok(0), |row| row.count(0))? == 1;
        Ok(step.map(Code::Step).or(is_recovery.then_some(Code::Recovery(hash))))
    }

    /// Uses the code up and begins the session, if the operator is as they were when it was looked.
    pub(super) async fn enter(
        &self,
        known: &Known,
        used: &Code,
        client: &str,
        things: &[Counted],
    ) -> Result<Option<String>, LogError> {
        let (id, now) = (known.id.to_string(), (self.0.clock)());
        let mut tx = self.0.db.begin().await?;
        // First the operator's row, as whoever changes it does: the two take turns.
        let sql = "UPDATE operators SET seen_at = $3, last_step = CASE WHEN last_step < $4 THEN $4 \
                   ELSE last_step END WHERE id = $1 AND version = $2 AND (last_step < $4 OR $4 = 0)";
        let step = if let Code::Step(step) = used { *step } else { 0 };
        if tx.execute(sql, &values![id.as_str(), known.version, now, step]).await? == 0 {
            return Ok(None);
        }
        if let Code::Recovery(hash) = used {
            let sql =
                "DELETE FROM operator_recovery_codes WHERE operator_id = $1 AND code_hash = $2";
            if tx.execute(sql, &values![id.as_str(), hash.as_slice()]).await? == 0 {
                return Ok(None);
            }
            tracing::warn!(operator.id = id, "a recovery code was used up");
        }
        forget(&mut tx, things).await?;
        let who = Who::Operator { operator: known.id, name: known.kept.name.clone() };
        let token = self.0.sessions.begin_in(&mut tx, &who, client).await?;
        tx.commit().await?;
        Ok(Some(token))
    }

    /// What a try is counted for: the browser where it is known, else the name, the address and both.
    fn things(&self, wants: &Try<'_>, browser: Option<&Browser>) -> Vec<Counted> {
        if let Some(browser) = browser {
            return vec![self.counted(lockout::BROWSER, &format!("browser/{}", browser.id))];
        }
        let name = BASE64_URL_SAFE_NO_PAD.encode(self.tag(wants.name));
        let address = wants.address.map_or_else(|| "nowhere".to_owned(), network);
        vec![
            self.counted(lockout::NAME, &format!("name/{name}")),
            self.counted(lockout::ADDRESS, &format!("address/{address}")),
            self.counted(lockout::PAIR, &format!("pair/{name}/{address}")),
        ]
    }

    fn counted(&self, rule: lockout::Rule, what: &str) -> Counted {
        Counted { rule, what: mac(&self.0.tries, what.as_bytes()) }
    }

    fn known_browser(&self, wants: &Try<'_>, known: Option<&Known>) -> Option<Browser> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(wants.browser?).ok()?;
        let clear = self.0.sessions.open(BROWSER, &sealed)?;
        let browser: Browser = serde_json::from_slice(&clear).ok()?;
        let known = known?;
        let lasts = (self.0.clock)().as_secs() - browser.since < BROWSER_SECS;
        let is_theirs = browser.operator == known.id && browser.version == known.version;
        (lasts && is_theirs).then_some(browser)
    }

    /// What this browser is known by from now on.
    fn browser(&self, id: Uuid, known: &Known) -> Result<String, LogError> {
        let since = (self.0.clock)().as_secs();
        let browser = Browser { operator: known.id, version: known.version, id, since };
        let clear = serde_json::to_vec(&browser);
        let clear = clear.map_err(|error| corrupt(&error))?;
        let sealed = self.0.sessions.seal(BROWSER, &clear);
        let sealed = sealed.ok_or_else(|| corrupt(&"a browser could not be sealed"))?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(sealed))
    }
}

/// Whoever has one address of version 6 has all of its network.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(four) => four.to_string(),
        IpAddr::V6(six) => format!("{:x}", six.to_bits() >> 64),
    }
}

/// Counted and logged, without anything that was typed.
fn tell(outcome: &'static str, known: Option<&Known>) {
    metrics::counter!("reeve_operator_sign_ins_total", "outcome" => outcome).increment(1);
    let id = known.map(|known| known.id.to_string()).unwrap_or_default();
    if outcome == "in" {
        tracing::info!(operator.id = id, "an operator signed in by name");
    } else {
        tracing::warn!(operator.id = id, outcome, "somebody could not sign in as an operator");
    }
}
