//! Signing in with Discord: OAuth2 with state and PKCE. What Discord's token shows is read once, and
//! the token given back; nothing of Discord's is kept but who it was.

use std::time::Duration;

use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{GuildId, UserId};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use super::{
    doors::{self, Doors, refuse},
    pictures::Pictures,
    sessions::{LONGEST_SECS, MAX_GUILDS, Who, secret},
};
use crate::{
    config::{self, Secret},
    discord::connect::{self, Http},
};

/// So long somebody may take at Discord's page.
const PATIENCE_SECS: i64 = 600;
const TIMEOUT: Duration = Duration::from_secs(10);
/// A wait where Discord says that it has no room, and not how long.
const NO_ROOM: Duration = Duration::from_secs(1);
const MAX_ANSWER_BYTES: usize = 1 << 20;
const AVATAR_PIXELS: u32 = 128;
/// The longest address that one is brought back to.
const MAX_RETURN_BYTES: usize = 512;
const PURPOSE: &str = "sign-in under way";

/// This application at Discord.
#[derive(Clone)]
pub struct Discord {
    /// Where people are sent, and where we ask.
    pub root: String,
    pub client_id: String,
    pub client_secret: Secret,
    http: Client<hyper_rustls::HttpsConnector<HttpConnector>, Full<bytes::Bytes>>,
}

impl std::fmt::Debug for Discord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Discord").field("root", &self.root).finish_non_exhaustive()
    }
}

/// The way to sign in. Which application we are is asked of Discord when somebody first wants to, so
/// that Discord's absence keeps nothing else waiting.
#[derive(Debug)]
pub struct SignIn {
    http: Option<Http>,
    api_url: Option<Secret>,
    client_secret: Option<Secret>,
    discord: OnceCell<Discord>,
}

impl SignIn {
    pub fn new(config: &config::Discord, http: Option<Http>) -> Self {
        let (api_url, client_secret) = (config.api_url.clone(), config.client_secret.clone());
        Self { http, api_url, client_secret, discord: OnceCell::new() }
    }

    pub const fn is_set_up(&self) -> bool {
        self.http.is_some() && self.client_secret.is_some()
    }

    /// None where it is not set up, or Discord does not answer.
    async fn discord(&self) -> Option<&Discord> {
        let (http, secret) = (self.http.as_ref()?, self.client_secret.clone()?);
        let learn = || async {
            let identity = connect::identity(http).await.map_err(|error| {
                tracing::warn!(%error, "nobody can sign in: Discord does not tell who we are");
            })?;
            let api_url = self.api_url.as_ref().map(Secret::expose);
            Discord::new(api_url, identity.application, secret).ok_or(())
        };
        self.discord.get_or_try_init(learn).await.ok()
    }
}

/// What a browser keeps while somebody is at Discord's page; sealed.
#[derive(Debug, Serialize, Deserialize)]
struct UnderWay {
    state: String,
    verifier: String,
    back_to: String,
    began_at: i64,
}

#[derive(Debug, Deserialize)]
pub struct Wish {
    #[serde(rename = "return", default)]
    back_to: String,
}

#[derive(Debug, Deserialize)]
pub struct Answer {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Debug, Deserialize)]
struct Me {
    id: UserId,
    username: String,
    global_name: Option<String>,
    avatar: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: GuildId,
}

impl Discord {
    /// None where the address is none.
    pub fn new(api_url: Option<&str>, client_id: u64, client_secret: Secret) -> Option<Self> {
        let root = api_url.unwrap_or(crate::discord::rest::DISCORD).trim_end_matches('/');
        let root = root.strip_suffix("/v10").unwrap_or(root);
        let root = root.strip_suffix("/api").unwrap_or(root).to_owned();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(TIMEOUT / 2));
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .ok()?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let http = Client::builder(TokioExecutor::new()).build(connector);
        Some(Self { root, client_id: client_id.to_string(), client_secret, http })
    }

    async fn exchange(&self, code: &str, verifier: &str, redirect: &str) -> Result<Token, String> {
        let form = form(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose()),
        ]);
        self.post("oauth2/token", form).await
    }

    /// What is not needed any more is given back. Where that fails it ends by itself.
    async fn give_back(&self, token: &str) {
        let form = form(&[
            ("token", token),
            ("token_type_hint", "access_token"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose()),
        ]);
        if let Err(problem) = self.post::<serde_json::Value>("oauth2/token/revoke", form).await {
            tracing::debug!(problem, "a token of Discord's could not be given back");
        }
    }

    async fn who(&self, token: &str, pictures: &Pictures) -> Result<Who, String> {
        let me: Me = self.get("users/@me", token).await?;
        let guilds: Vec<Named> = self.get("users/@me/guilds?limit=200", token).await?;
        let avatar_url = me.avatar.map(|avatar| pictures.of_person(me.id, &avatar, AVATAR_PIXELS));
        Ok(Who::Person {
            user: me.id,
            name: me.global_name.unwrap_or(me.username),
            avatar_url,
            guilds: guilds.into_iter().map(|guild| guild.id).take(MAX_GUILDS).collect(),
        })
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, form: String) -> Result<T, String> {
        let request = http::Request::post(format!("{}/api/v10/{path}", self.root))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form));
        self.ask(request).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, token: &str) -> Result<T, String> {
        let request = http::Request::get(format!("{}/api/v10/{path}", self.root))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Full::default());
        self.ask(request).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        request: Result<http::Request<Full<bytes::Bytes>>, http::Error>,
    ) -> Result<T, String> {
        let request = request.map_err(|error| error.to_string())?;
        let exchange = async {
            let response = loop {
                let response = self.http.request(request.clone()).await;
                let response = response.map_err(|_| "it is not reached".to_owned())?;
                if response.status() != StatusCode::TOO_MANY_REQUESTS {
                    break response;
                }
                // As long as whoever signs in has patience, which the timeout around this says.
                tokio::time::sleep(room_after(response.headers())).await;
            };
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
            let body = body.map_err(|_| "its answer broke off".to_owned())?.to_bytes();
            if !status.is_success() {
                return Err(format!("it answers {status}"));
            }
            let body = if body.is_empty() { b"{}".as_slice() } else { &body };
            serde_json::from_slice(body).map_err(|_| "its answer cannot be read".to_owned())
        };
        let answered = tokio::time::timeout(TIMEOUT, exchange).await;
        answered.unwrap_or_else(|_| Err("it does not answer in time".to_owned()))
    }
}

/// When Discord has room for us again.
fn room_after(headers: &HeaderMap) -> Duration {
    let said = headers.get(header::RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
    said.and_then(|secs: f64| Duration::try_from_secs_f64(secs).ok()).unwrap_or(NO_ROOM)
}

fn form(fields: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", encoded(value));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(byte.into());
            }
            // Writing to a String cannot fail.
            other => drop(write!(encoded, "%{other:02X}")),
        }
    }
    encoded
}

/// Only a page of our own: whatever a browser could read as another host is the front page.
pub fn own_page(path: &str) -> String {
    let plain = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= MAX_RETURN_BYTES
        && !path.contains(['\\', '\r', '\n', '\t'])
        && path.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    if plain { path.to_owned() } else { "/".to_owned() }
}

/// `GET /auth/sign-in?return=/g/…`: sends the browser to Discord's page.
pub async fn begin(State(doors): State<Doors>, Query(wish): Query<Wish>) -> Response {
    let Some(discord) = doors.sign_in.discord().await else {
        let text = if doors.sign_in.is_set_up() {
            "Discord does not answer at the moment. Try again in a minute."
        } else {
            "Signing in is switched off here: discord.client_secret (DISCORD_CLIENT_SECRET) or \
             discord.token (DISCORD_TOKEN) is not set."
        };
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "SIGN_IN_OFF", text);
    };
    let under_way = UnderWay {
        state: secret(),
        verifier: secret(),
        back_to: own_page(&wish.back_to),
        began_at: doors.now().as_secs(),
    };
    let clear = serde_json::to_vec(&under_way).unwrap_or_default();
    let Some(sealed) = doors.sessions.seal(PURPOSE, &clear) else {
        return doors::fault(&"what is under way could not be sealed");
    };
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(under_way.verifier.as_bytes()));
    let address = format!(
        "{}/oauth2/authorize?{}",
        discord.root,
        form(&[
            ("response_type", "code"),
            ("client_id", &discord.client_id),
            ("scope", "identify guilds"),
            ("redirect_uri", &doors.callback()),
            ("state", &under_way.state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("prompt", "none"),
        ])
    );
    let cookie = doors.cookie(
        doors.names().under_way,
        &BASE64_URL_SAFE_NO_PAD.encode(sealed),
        PATIENCE_SECS,
    );
    with_cookies(Redirect::to(&address).into_response(), &[cookie])
}

/// `GET /auth/callback`: Discord sends the browser back.
pub async fn finish(
    State(doors): State<Doors>,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Response {
    let forget = doors.cookie(doors.names().under_way, "", 0);
    match try_to_finish(&doors, &headers, answer).await {
        Ok((token, back_to)) => {
            let session = doors.cookie(doors.names().session, &token, LONGEST_SECS);
            with_cookies(Redirect::to(&back_to).into_response(), &[session, forget])
        }
        Err(why) => {
            let address = format!("/sign-in?problem={why}");
            with_cookies(Redirect::to(&address).into_response(), &[forget])
        }
    }
}

/// The token of the new session, and where to go; or a word for what went wrong.
async fn try_to_finish(
    doors: &Doors,
    headers: &HeaderMap,
    answer: Answer,
) -> Result<(String, String), &'static str> {
    let discord = doors.sign_in.discord().await.ok_or("off")?;
    let under_way = doors::cookie_of(headers, doors.names().under_way).ok_or("expired")?;
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(under_way).map_err(|_| "forged")?;
    let clear = doors.sessions.open(PURPOSE, &sealed).ok_or("forged")?;
    let under_way: UnderWay = serde_json::from_slice(&clear).map_err(|_| "forged")?;
    if doors.now().as_secs() - under_way.began_at > PATIENCE_SECS {
        return Err("expired");
    }
    let state = answer.state.unwrap_or_default();
    if !doors::same(state.as_bytes(), under_way.state.as_bytes()) {
        return Err("forged");
    }
    if answer.error.is_some() {
        return Err("declined");
    }
    let code = answer.code.ok_or("forged")?;
    let told = |problem: String| {
        tracing::warn!(problem, "somebody could not sign in: Discord did not confirm them");
        "discord"
    };
    let token = discord.exchange(&code, &under_way.verifier, &doors.callback()).await;
    let token = token.map_err(told)?.access_token;
    let who = discord.who(&token, &doors.pictures).await;
    discord.give_back(&token).await;
    let who = who.map_err(told)?;
    // Whoever was signed in before is not any more, and the token is a fresh one: one that somebody
    // planted signs nobody in.
    if let Some(old) = doors::cookie_of(headers, doors.names().session) {
        doors.sessions.end(&old).await.map_err(|error| fault(&error))?;
    }
    let client = headers.get(header::USER_AGENT).and_then(|client| client.to_str().ok());
    let begun = doors.sessions.begin(&who, client.unwrap_or_default()).await;
    Ok((begun.map_err(|error| fault(&error))?, under_way.back_to))
}

fn fault(error: &dyn std::fmt::Display) -> &'static str {
    tracing::error!(%error, "somebody could not sign in");
    "fault"
}

/// `GET /auth/session`: whether this browser is signed in, and what its requests must carry.
pub async fn session(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    match doors.session(&headers).await {
        Ok(session) => {
            let body = json!({
                "signedIn": session.is_some(),
                "csrf": session.map(|session| session.csrf),
                "canSignIn": doors.sign_in.is_set_up(),
            });
            ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        Err(response) => response,
    }
}

/// `POST /auth/sign-out`
pub async fn end(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    if let Err(response) = doors.guarded(&headers).await {
        return response;
    }
    if let Some(token) = doors::cookie_of(&headers, doors.names().session)
        && let Err(error) = doors.sessions.end(&token).await
    {
        return doors::fault(&error);
    }
    let forget = doors.cookie(doors.names().session, "", 0);
    with_cookies(StatusCode::NO_CONTENT.into_response(), &[forget])
}

pub fn with_cookies(mut response: Response, cookies: &[String]) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_where_to_go_then_it_is_a_page_of_ours() {
        for good in ["/", "/g/1/overview?at=5", "/me"] {
            assert_eq!(own_page(good), good);
        }
        for bad in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "g/1",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x",
            "/\u{202e}",
            "javascript:alert(1)",
        ] {
            assert_eq!(own_page(bad), "/", "{bad:?}");
        }
        assert_eq!(own_page(&format!("/{}", "a".repeat(MAX_RETURN_BYTES))), "/");
    }

    #[test]
    fn given_text_in_a_form_then_nothing_of_it_ends_the_field() {
        assert_eq!(form(&[("a", "b&c=d e%ü")]), "a=b%26c%3Dd%20e%25%C3%BC");
    }
}
