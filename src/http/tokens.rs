//! Tokens: a key is exchanged for one that ends in a quarter of an hour, and for another that fetches
//! the next. So a program that runs where others look needs to hold the key itself only once.
//!
//! - The short one is a JWT, signed with a key of this installation (HS256). Each use asks whether the
//!   key that it was made for is still in force: revoking that ends its tokens at once.
//! - The long one is 256 random bits, of which a hash is kept. It is used once; whoever shows one a
//!   second time has it from somebody else, and all that followed from that exchange end.

use std::fmt::Display;

use actions::keys::Held;
use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{GuildId, KeyId, Timestamp};
use eventlog::{
    Clock, LogError, People,
    sql::{Db, Tx},
    values,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use schema::Code;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Sha256;
use uuid::Uuid;

use super::{
    bearer::nobody,
    doors::{Doors, fault, refuse},
    downloads::refused,
    sessions::{hash, secret},
};

/// So long a token holds.
pub const TOKEN_SECS: i64 = 15 * 60;
/// So long the next one can be fetched.
const REFRESH_SECS: i64 = 7 * 86_400;
/// Exchanges of one key that go on beside each other; the oldest ends for the newest.
const MOST_FAMILIES: u64 = 20;
/// Used ones of an exchange that are remembered.
const MOST_USED: u64 = 100;
const PREFIX: &str = "reever_";
/// `{"alg":"HS256","typ":"JWT"}`: there is no other.
const HEAD: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

pub struct Tokens {
    db: Db,
    clock: Clock,
    sign: [u8; 32],
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

/// What a token says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Claims {
    /// The key's id.
    sub: Uuid,
    /// The community's.
    guild: GuildId,
    iat: i64,
    exp: i64,
}

/// Why a refresh token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spent {
    Unknown,
    /// Somebody has used it already.
    Again,
}

impl Tokens {
    pub fn new(db: Db, people: &People, clock: Clock) -> Self {
        Self { db, clock, sign: people.key_for("tokens of the API") }
    }

    fn token(&self, held: &Held) -> (String, Timestamp) {
        let now = (self.clock)();
        let ends = now.plus_secs(TOKEN_SECS).min(held.ends_at);
        let (iat, exp) = (now.as_secs(), ends.as_secs());
        let claims = Claims { sub: held.id.0, guild: held.guild, iat, exp };
        let claims = serde_json::to_vec(&claims).unwrap_or_default();
        let signed = format!("{HEAD}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.mac(&signed).finalize().into_bytes());
        (format!("{signed}.{signature}"), ends)
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.sign).expect("any length is a key");
        mac.update(text.as_bytes());
        mac
    }

    /// Which key a token stands for; none where it is not ours, or has ended.
    pub fn opened(&self, token: &str) -> Option<(GuildId, KeyId)> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.mac(signed).verify_slice(&signature).ok()?;
        let (head, claims) = signed.split_once('.')?;
        if head != HEAD {
            return None;
        }
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
        let Claims { sub, guild, exp, .. } = serde_json::from_slice(&claims).ok()?;
        ((self.clock)() < Timestamp::from_secs(exp)).then_some((guild, KeyId(sub)))
    }

    /// The first of a family.
    async fn begin(&self, held: &Held) -> Result<(String, Timestamp), LogError> {
        let now = (self.clock)();
        let mut tx = self.db.begin().await?;
        tx.execute("DELETE FROM api_refreshes WHERE ends_at < $1", &values![now]).await?;
        let crowd = "DELETE FROM api_refreshes WHERE key_id = $1 AND family NOT IN (SELECT family \
                     FROM api_refreshes WHERE key_id = $1 GROUP BY family ORDER BY MAX(ends_at) \
                     DESC, family LIMIT $2)";
        let key = held.id.to_string();
        tx.execute(crowd, &values![key.as_str(), MOST_FAMILIES - 1]).await?;
        let fresh = self.put(&mut tx, held, &Uuid::new_v4().to_string()).await?;
        tx.commit().await?;
        Ok(fresh)
    }

    async fn put(
        &self,
        tx: &mut Tx,
        held: &Held,
        family: &str,
    ) -> Result<(String, Timestamp), LogError> {
        let token = format!("{PREFIX}{}", secret());
        let ends = (self.clock)().plus_secs(REFRESH_SECS).min(held.ends_at);
        let sql = "INSERT INTO api_refreshes (token_hash, family, key_id, guild_id, ends_at) \
                   VALUES ($1, $2, $3, $4, $5)";
        let hash = hash(&token);
        let row = values![hash.as_slice(), family, held.id.to_string(), held.guild, ends];
        tx.execute(sql, &row).await?;
        Ok((token, ends))
    }

    /// Uses one up: which key and family it is of.
    async fn spend(
        &self,
        token: &str,
    ) -> Result<Result<(GuildId, KeyId, String), Spent>, LogError> {
        let (now, hash) = ((self.clock)(), hash(token));
        let mut tx = self.db.begin().await?;
        let used =
            "UPDATE api_refreshes SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL";
        let is_first = tx.execute(used, &values![hash.as_slice(), now]).await? == 1;
        let sql = "SELECT family, key_id, guild_id, ends_at FROM api_refreshes \
                   WHERE token_hash = $1";
        let rows = tx.query(sql, &values![hash.as_slice()]).await?;
        let Some(row) = rows.first() else { return Ok(Err(Spent::Unknown)) };
        let family = row.text(0)?.to_owned();
        if !is_first {
            end_family(&mut tx, &family).await?;
            tx.commit().await?;
            return Ok(Err(Spent::Again));
        }
        let sound = |error: &dyn Display| LogError::Setup(format!("a refresh token: {error}"));
        let key = Uuid::try_parse(row.text(1)?).map_err(|error| sound(&error))?;
        let guild = GuildId::new(row.int(2)?.cast_unsigned()).map_err(|error| sound(&error))?;
        if row.int(3)? <= now.as_micros() {
            return Ok(Err(Spent::Unknown));
        }
        let old = "DELETE FROM api_refreshes WHERE family = $1 AND used_at < (SELECT used_at FROM \
                   api_refreshes WHERE family = $1 AND used_at IS NOT NULL ORDER BY used_at DESC \
                   LIMIT 1 OFFSET $2)";
        tx.execute(old, &values![family.as_str(), MOST_USED]).await?;
        tx.commit().await?;
        Ok(Ok((guild, KeyId(key), family)))
    }

    async fn next(&self, held: &Held, family: &str) -> Result<(String, Timestamp), LogError> {
        let mut tx = self.db.begin().await?;
        let fresh = self.put(&mut tx, held, family).await?;
        tx.commit().await?;
        Ok(fresh)
    }
}

async fn end_family(tx: &mut Tx, family: &str) -> Result<(), LogError> {
    let sql = "DELETE FROM api_refreshes WHERE family = $1";
    tx.execute(sql, &values![family]).await?;
    Ok(())
}

fn told(tokens: &Tokens, held: &Held, (refresh, refresh_ends): (String, Timestamp)) -> Response {
    let (token, ends) = tokens.token(held);
    let body = json!({
        "token": token, "endsAt": ends, "refresh": refresh, "refreshEndsAt": refresh_ends,
    });
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// `POST /api/v1/tokens`: with the key itself; a token makes no tokens.
pub async fn exchange(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    let held = match doors.shown_key(&headers).await {
        Ok(held) => held,
        Err(response) => return response,
    };
    match doors.tokens.begin(&held).await {
        Ok(refresh) => told(&doors.tokens, &held, refresh),
        Err(error) => fault(&error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refresh {
    refresh: String,
}

/// `POST /api/v1/tokens/refresh`: the next pair for the one that is shown.
pub async fn refresh(State(doors): State<Doors>, headers: HeaderMap, body: Bytes) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_none_or(|kind| kind.split(';').next() != Some("application/json")) {
        let text = "Send application/json.";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadInput.name(), text);
    }
    let Ok(Refresh { refresh }) = serde_json::from_slice(&body) else {
        let text = "Send {\"refresh\": \"reever_…\"}.";
        return refuse(StatusCode::BAD_REQUEST, Code::BadInput.name(), text);
    };
    let (guild, key, family) = match doors.tokens.spend(&refresh).await {
        Ok(Ok(spent)) => spent,
        Ok(Err(Spent::Unknown)) => return nobody("This refresh token has ended, or never was."),
        Ok(Err(Spent::Again)) => {
            metrics::counter!("reeve_api_refresh_replays_total").increment(1);
            tracing::warn!("a refresh token was used twice; what followed from its key was ended");
            return nobody(
                "This refresh token was used before: somebody else may have it. All tokens that \
                 followed from it have ended; exchange the key again.",
            );
        }
        Err(error) => return fault(&error),
    };
    let held = match doors.house.actions.key_by_id(guild, key).await {
        Ok(Some(held)) => held,
        Ok(None) => return nobody("The key of this token was revoked, or has ended."),
        Err(error) => return refused(error),
    };
    match doors.tokens.next(&held, &family).await {
        Ok(refresh) => told(&doors.tokens, &held, refresh),
        Err(error) => fault(&error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    };

    use domain::{PersonId, keys::Scope};
    use tempfile::TempDir;

    use super::*;

    const NOON: i64 = 1_795_003_200;

    struct Site {
        tokens: Tokens,
        now: Arc<AtomicI64>,
        _directory: TempDir,
    }

    fn site() -> Site {
        let directory = TempDir::with_prefix("reeve-tokens-").unwrap();
        let now = Arc::new(AtomicI64::new(NOON));
        let told = Arc::clone(&now);
        let clock: Clock = Arc::new(move || Timestamp::from_secs(told.load(Ordering::SeqCst)));
        let db = eventlog::sql::open_work(directory.path()).unwrap();
        Site { tokens: Tokens { db, clock, sign: [7; 32] }, now, _directory: directory }
    }

    fn held() -> Held {
        Held {
            id: KeyId(Uuid::from_u128(5)),
            guild: GuildId::new(1_107_318_246_137_131_070).unwrap(),
            owner: PersonId(1),
            scopes: vec![Scope::Read],
            ends_at: Timestamp::from_secs(NOON + 30 * 86_400),
        }
    }

    // proves: API-03
    #[tokio::test]
    async fn given_a_token_then_it_holds_for_a_quarter_of_an_hour_and_only_where_it_was_signed() {
        let site = site();
        let (token, ends) = site.tokens.token(&held());
        assert_eq!(ends.as_secs(), NOON + TOKEN_SECS);
        assert_eq!(site.tokens.opened(&token), Some((held().guild, held().id)));
        site.now.store(NOON + TOKEN_SECS - 1, Ordering::SeqCst);
        assert!(site.tokens.opened(&token).is_some());
        site.now.store(NOON + TOKEN_SECS, Ordering::SeqCst);
        assert_eq!(site.tokens.opened(&token), None);

        site.now.store(NOON, Ordering::SeqCst);
        let elsewhere = Tokens { sign: [8; 32], ..self::site().tokens };
        assert_eq!(elsewhere.opened(&token), None, "another installation's");
        for wrong in ["", ".", "..", "...", "a.b.c", &token[1..], &token.replace('.', "")] {
            assert_eq!(site.tokens.opened(wrong), None, "{wrong:?}");
        }
        // A token ends no later than its key.
        let short = Held { ends_at: Timestamp::from_secs(NOON + 60), ..held() };
        assert_eq!(site.tokens.token(&short).1.as_secs(), NOON + 60);
    }

    // proves: API-03
    #[tokio::test]
    async fn given_a_refresh_token_then_it_is_good_once_and_for_a_week_and_twice_ends_all() {
        let site = site();
        let (first, ends) = site.tokens.begin(&held()).await.unwrap();
        assert_eq!(ends.as_secs(), NOON + REFRESH_SECS);
        let (guild, key, family) = site.tokens.spend(&first).await.unwrap().unwrap();
        assert_eq!((guild, key), (held().guild, held().id));
        let (second, _) = site.tokens.next(&held(), &family).await.unwrap();
        let (other, _) = site.tokens.begin(&held()).await.unwrap();
        assert_eq!(site.tokens.spend(&first).await.unwrap(), Err(Spent::Again));
        assert_eq!(site.tokens.spend(&second).await.unwrap(), Err(Spent::Unknown), "the family");
        assert!(site.tokens.spend(&other).await.unwrap().is_ok(), "another exchange goes on");

        let (late, _) = site.tokens.begin(&held()).await.unwrap();
        site.now.store(NOON + REFRESH_SECS, Ordering::SeqCst);
        assert_eq!(site.tokens.spend(&late).await.unwrap(), Err(Spent::Unknown));
    }

    #[tokio::test]
    async fn given_more_exchanges_than_go_on_beside_each_other_then_the_oldest_ends() {
        let site = site();
        let mut all = Vec::new();
        for number in 0..=MOST_FAMILIES.cast_signed() {
            site.now.store(NOON + number, Ordering::SeqCst);
            all.push(site.tokens.begin(&held()).await.unwrap().0);
        }
        assert_eq!(site.tokens.spend(&all[0]).await.unwrap(), Err(Spent::Unknown));
        assert!(site.tokens.spend(&all[1]).await.unwrap().is_ok());
    }
}
