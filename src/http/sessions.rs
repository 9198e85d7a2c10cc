//! Who is signed in where. The browser holds a random token, the store only its hash; who it is
//! lies sealed beside it, because nothing personal is stored in the clear.

use std::{
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{GuildId, Timestamp, UserId};
use eventlog::{
    Clock, LogError, People,
    sql::{Db, Row, Tx},
    values,
};
use hmac::{Hmac, Mac as _};
use lru::LruCache;
use parking_lot::Mutex;
use schema::{
    Account, Accounts, Identity, OperatorSignedIn, Profile, SessionLine, SignedIn, Trouble,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// So long a browser stays signed in at most.
pub const LONGEST_SECS: i64 = 7 * 86_400;
/// And so long when nobody asks anything.
const IDLE_SECS: i64 = 86_400;
/// Browsers of one person; the oldest is signed out for the newest.
const MOST_OF_ONE: u64 = 20;
/// When it was last seen is written down this often.
const SEEN_EVERY_SECS: i64 = 60;
/// So long a session is believed without asking the store: as long after it was revoked in another
/// process it may still be let through.
const BELIEVED: Duration = Duration::from_secs(5);
/// An operator may do more, and is put out at the console, which is always another process.
const OPERATOR_BELIEVED: Duration = Duration::from_secs(1);
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4_096).expect("it is not zero");
const NONCE_BYTES: usize = 12;
/// What a browser says it is, at most.
const MAX_CLIENT_CHARS: usize = 120;
/// Communities that are remembered of one person.
pub const MAX_GUILDS: usize = 200;

/// Whoever signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Who {
    /// As Discord told then.
    Person { user: UserId, name: String, avatar_url: Option<String>, guilds: Vec<GuildId> },
    /// By a name of this installation's (`crate::operators`).
    Operator { operator: Uuid, name: String },
}

impl Who {
    const fn account(&self) -> Account {
        match self {
            Self::Person { user, .. } => Account::Person(*user),
            Self::Operator { operator, .. } => Account::Operator(*operator),
        }
    }
}

/// A browser that is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    pub who: Identity,
    /// What a request must carry besides the cookie.
    pub csrf: String,
}

#[derive(Clone)]
pub struct Sessions(Arc<Shared>);

struct Shared {
    db: Db,
    clock: Clock,
    seal: [u8; 32],
    tag: [u8; 32],
    csrf: [u8; 32],
    believed: Mutex<LruCache<[u8; 32], (Session, Instant)>>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions")
    }
}

/// Random text that nobody guesses: 256 bits.
pub fn secret() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn mac(key: &[u8; 32], bytes: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    mac.update(bytes);
    mac.finalize().into_bytes().to_vec()
}

impl Sessions {
    pub fn new(db: Db, people: &People, clock: Clock) -> Self {
        let [seal, tag, csrf] = ["seal", "who", "csrf"]
            .map(|purpose| people.key_for(&format!("sign-ins over HTTP: {purpose}")));
        let believed = Mutex::new(LruCache::new(REMEMBERED));
        Self(Arc::new(Shared { db, clock, seal, tag, csrf, believed }))
    }

    /// Seals something under a purpose, for a cookie or the store.
    pub fn seal(&self, purpose: &str, clear: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: clear, aad: purpose.as_bytes() };
        let sealed = Aes256Gcm::new((&self.0.seal).into()).encrypt(&Nonce::from(nonce), payload);
        Some([nonce.as_slice(), &sealed.ok()?].concat())
    }

    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: purpose.as_bytes() };
        Aes256Gcm::new((&self.0.seal).into()).decrypt(&Nonce::from(*nonce), payload).ok()
    }

    /// Signs somebody in; answers the token for their browser, which is always a fresh one.
    pub async fn begin(&self, who: &Who, client: &str) -> Result<String, LogError> {
        let mut tx = self.0.db.begin().await?;
        let token = self.begin_in(&mut tx, who, client).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// The same together with something else, or not at all.
    pub async fn begin_in(&self, tx: &mut Tx, who: &Who, client: &str) -> Result<String, LogError> {
        let (token, now) = (secret(), (self.0.clock)());
        let hash = hash(&token);
        let clear = serde_json::to_vec(who).map_err(|error| LogError::Setup(error.to_string()))?;
        let sealed = self
            .seal("session", &clear)
            .ok_or_else(|| LogError::Setup("a session could not be sealed".to_owned()))?;
        let client: String =
            client.chars().filter(|c| !c.is_control()).take(MAX_CLIENT_CHARS).collect();
        let id = Uuid::new_v4().to_string();
        let tag = self.tag(who.account());
        tx.execute("DELETE FROM sign_ins WHERE ends_at < $1", &values![now]).await?;
        let crowd = "DELETE FROM sign_ins WHERE who = $1 AND id NOT IN (SELECT id FROM sign_ins \
                     WHERE who = $1 ORDER BY began_at DESC, id LIMIT $2)";
        tx.execute(crowd, &values![tag.as_slice(), MOST_OF_ONE - 1]).await?;
        let insert = "INSERT INTO sign_ins (token_hash, id, who, sealed, client, began_at, \
                      seen_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)";
        let ends_at = now.plus_secs(LONGEST_SECS);
        let row = values![hash.as_slice(), id, tag.as_slice(), sealed, client, now, ends_at];
        tx.execute(insert, &row).await?;
        Ok(token)
    }

    /// Whose token that is; none where it never was, has ended, or was revoked.
    pub async fn find(&self, token: &str) -> Result<Option<Session>, LogError> {
        let hash = hash(token);
        if let Some((session, at)) = self.0.believed.lock().get(&hash)
            && at.elapsed() < believed(session)
        {
            return Ok(Some(session.clone()));
        }
        let now = (self.0.clock)();
        let sql = "SELECT id, sealed, seen_at FROM sign_ins \
                   WHERE token_hash = $1 AND ends_at > $2 AND seen_at > $3";
        let idle = now.plus_secs(-IDLE_SECS);
        let rows = self.0.db.query(sql, &values![hash.as_slice(), now, idle]).await?;
        let Some(row) = rows.first() else {
            self.0.believed.lock().pop(&hash);
            return Ok(None);
        };
        let Some(session) = self.read(row, &hash) else { return Ok(None) };
        let seen = Timestamp::from_micros(row.int(2)?);
        if now.secs_since(seen) > SEEN_EVERY_SECS {
            let sql = "UPDATE sign_ins SET seen_at = $2 WHERE token_hash = $1";
            self.0.db.execute(sql, &values![hash.as_slice(), now]).await?;
        }
        self.0.believed.lock().put(hash, (session.clone(), Instant::now()));
        Ok(Some(session))
    }

    /// None where it was sealed with another key: then nobody is signed in.
    fn read(&self, row: &Row, hash: &[u8; 32]) -> Option<Session> {
        let clear = self.open("session", row.blob(1).ok()?)?;
        let session = row.text(0).ok()?.to_owned();
        let csrf = BASE64_URL_SAFE_NO_PAD.encode(mac(&self.0.csrf, hash));
        let who = match serde_json::from_slice(&clear).ok()? {
            Who::Person { user, name, avatar_url, guilds } => {
                let profile = Profile { name, avatar_url };
                Identity::Person(SignedIn { user, session, profile, guilds, key: None })
            }
            Who::Operator { operator, name } => {
                Identity::Operator(OperatorSignedIn { id: operator, name, session })
            }
        };
        Some(Session { who, csrf })
    }

    /// Signs a browser out.
    pub async fn end(&self, token: &str) -> Result<(), LogError> {
        let hash = hash(token);
        let sql = "DELETE FROM sign_ins WHERE token_hash = $1";
        self.0.db.execute(sql, &values![hash.as_slice()]).await?;
        self.0.believed.lock().pop(&hash);
        Ok(())
    }

    /// Signs somebody out everywhere, together with something else. Other processes believe it
    /// within a second for an operator.
    pub async fn end_all(&self, tx: &mut Tx, whose: Account) -> Result<(), LogError> {
        let sql = "DELETE FROM sign_ins WHERE who = $1";
        tx.execute(sql, &values![self.tag(whose)]).await?;
        self.0.believed.lock().clear();
        Ok(())
    }

    /// In how many browsers somebody is signed in.
    pub async fn many(&self, whose: Account) -> Result<u64, LogError> {
        let sql = "SELECT COUNT(*) FROM sign_ins WHERE who = $1 AND ends_at > $2 AND seen_at > $3";
        let now = (self.0.clock)();
        let idle = now.plus_secs(-IDLE_SECS);
        let rows = self.0.db.query(sql, &values![self.tag(whose), now, idle]).await?;
        rows.first().map_or(Ok(0), |row| row.count(0))
    }

    fn tag(&self, whose: Account) -> Vec<u8> {
        match whose {
            Account::Person(user) => mac(&self.0.tag, &user.get().to_be_bytes()),
            // Longer than any of the others.
            Account::Operator(id) => mac(&self.0.tag, id.as_bytes()),
        }
    }
}

const fn believed(session: &Session) -> Duration {
    match session.who {
        Identity::Person(_) => BELIEVED,
        Identity::Operator(_) => OPERATOR_BELIEVED,
    }
}

#[async_trait]
impl Accounts for Sessions {
    async fn is_signed_in(&self, who: &SignedIn) -> Result<bool, Trouble> {
        let sql = "SELECT ends_at FROM sign_ins WHERE id = $1";
        let rows = self.0.db.query(sql, &values![who.session.as_str()]).await?;
        let now = (self.0.clock)().as_micros();
        Ok(match rows.first() {
            Some(row) => row.int(0)? > now,
            None => false,
        })
    }

    async fn sessions(&self, whose: Account) -> Result<Vec<SessionLine>, Trouble> {
        let sql = "SELECT id, began_at, seen_at, ends_at, client FROM sign_ins \
                   WHERE who = $1 AND ends_at > $2 ORDER BY began_at DESC, id LIMIT $3";
        let tag = self.tag(whose);
        let now = (self.0.clock)();
        let rows = self.0.db.query(sql, &values![tag.as_slice(), now, MOST_OF_ONE]).await?;
        let time = |row: &Row, column| row.int(column).map(Timestamp::from_micros);
        let line = |row: &Row| {
            Ok::<_, LogError>(SessionLine {
                id: row.text(0)?.to_owned(),
                began_at: time(row, 1)?,
                seen_at: time(row, 2)?,
                ends_at: time(row, 3)?,
                client: row.text(4)?.to_owned(),
            })
        };
        Ok(rows.iter().map(line).collect::<Result<_, _>>()?)
    }

    async fn revoke(&self, whose: Account, session: &str) -> Result<bool, Trouble> {
        let sql = "DELETE FROM sign_ins WHERE who = $1 AND id = $2";
        let tag = self.tag(whose);
        let gone = self.0.db.execute(sql, &values![tag.as_slice(), session]).await?;
        // Which token it was is not known any more.
        self.0.believed.lock().clear();
        Ok(gone == 1)
    }
}
