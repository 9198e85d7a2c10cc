//! The way to Discord, or to a server that speaks like it: its address, who we are there, and how
//! it wants us to connect.

use std::{sync::Arc, time::Duration};

use domain::{Timestamp, UserId};
use serde::{Deserialize, de::DeserializeOwned};
use twilight_gateway::queue::InMemoryQueue;
use twilight_http::{
    Client,
    request::Request,
    response::{Response, marker::EmptyBody},
    routing::Route,
};

use super::{failure::describe, reply::no_mentions};
use crate::config;

/// One call; retries come on top.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Past this the clocks do not differ by accident: one of them plays another time.
const PLAYED_MILLIS: i64 = 600_000;
/// Discord's header tells whole seconds.
const NOT_WORTH_NOTING_MILLIS: i64 = 2_000;

#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConnectError {
    #[error("discord.token (DISCORD_TOKEN) is not set")]
    NoToken,
    #[error(
        "discord.api_url (DISCORD_API_URL) must look like http://127.0.0.1:8080, with nothing but \
         /api or /api/v10 behind it"
    )]
    Address,
    #[error(
        "Discord refused the token: it is wrong or was revoked. Set discord.token (DISCORD_TOKEN) \
         to the bot's current token and start again"
    )]
    Token,
    #[error("{0}")]
    Refused(String),
    #[error("Discord cannot be asked {what}: {problem}")]
    Call { what: &'static str, problem: String },
}

/// A client for all calls to Discord; it keeps the rate limits. Pings nobody unless told to.
pub fn client(discord: &config::Discord) -> Result<Client, ConnectError> {
    let token = discord.token.as_ref().ok_or(ConnectError::NoToken)?;
    let builder = Client::builder()
        .token(token.expose().to_owned())
        .timeout(CALL_TIMEOUT)
        .default_allowed_mentions(no_mentions());
    let builder = match &discord.api_url {
        None => builder,
        Some(url) => {
            let (host, plain) = address(url.expose()).ok_or(ConnectError::Address)?;
            builder.proxy(host, plain)
        }
    };
    Ok(builder.build())
}

/// Host and port, and whether it is reached without encryption.
fn address(url: &str) -> Option<(String, bool)> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let known_path = ["", "api", "api/v10"].contains(&path.trim_end_matches('/'));
    let good = known_path && !host.is_empty() && !host.contains(['@', '?', '#']);
    good.then(|| (host.to_owned(), scheme == "http"))
}

/// Who we are at Discord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub application: u64,
    pub us: UserId,
}

#[derive(Deserialize)]
struct Named {
    id: UserId,
}

/// How Discord wants us to connect.
#[derive(Clone, Debug, Deserialize)]
pub struct Gateway {
    pub url: String,
    pub shards: u32,
    session_start_limit: StartLimit,
    /// By how many milliseconds our clock is ahead of Discord's.
    #[serde(skip)]
    pub clock_ahead_millis: i64,
}

#[derive(Clone, Debug, Deserialize)]
struct StartLimit {
    total: u32,
    remaining: u32,
    reset_after: u64,
    #[serde(default = "one")]
    max_concurrency: u16,
}

const fn one() -> u16 {
    1
}

impl Gateway {
    /// Lets as many shards begin at once as Discord allows.
    pub fn queue(&self) -> InMemoryQueue {
        let StartLimit { total, remaining, reset_after, max_concurrency } =
            self.session_start_limit;
        if remaining == 0 {
            tracing::warn!(
                hours = reset_after / 3_600_000,
                "Discord allows no further start of a session for now; waiting until it does"
            );
        }
        let reset = Duration::from_millis(reset_after);
        InMemoryQueue::new(max_concurrency.max(1), remaining, reset, total.max(remaining))
    }
}

pub async fn identity(http: &Client) -> Result<Identity, ConnectError> {
    let application: Named =
        ask(http, "which application this is", &Route::GetCurrentUserApplicationInfo).await?.0;
    let us: Named = ask(http, "who this bot is", &Route::GetCurrentUser).await?.0;
    Ok(Identity { application: application.id.get(), us: us.id })
}

pub async fn gateway(
    http: &Client,
    clock: impl Fn() -> Timestamp,
) -> Result<Gateway, ConnectError> {
    let (gateway, date): (Gateway, _) =
        ask(http, "where its gateway is", &Route::GetGatewayBot).await?;
    // Not what it was before: the call may have waited for its turn.
    let now = clock();
    let ahead = date.map_or(0, |date| (now.as_micros() - date.as_micros()) / 1_000);
    let clock_ahead_millis = if (NOT_WORTH_NOTING_MILLIS..PLAYED_MILLIS).contains(&ahead.abs()) {
        tracing::warn!(
            ahead_secs = ahead / 1_000,
            "this machine's clock differs from Discord's; set it, or days begin at the wrong time"
        );
        ahead
    } else {
        0
    };
    let url = gateway.url.trim_end_matches('/').to_owned();
    Ok(Gateway { url, clock_ahead_millis, ..gateway })
}

/// What Discord answers, and when by its clock. Only the fields we use are looked at.
async fn ask<T: DeserializeOwned>(
    http: &Client,
    what: &'static str,
    route: &Route<'_>,
) -> Result<(T, Option<Timestamp>), ConnectError> {
    let call = |problem: String| ConnectError::Call { what, problem };
    let request = Request::from_route(route);
    let response: Response<EmptyBody> =
        http.request(request).await.map_err(|error| match error.kind() {
            twilight_http::error::ErrorType::Unauthorized => ConnectError::Token,
            twilight_http::error::ErrorType::Response { status, .. } if status.get() == 401 => {
                ConnectError::Token
            }
            _ => call(describe(&error)),
        })?;
    let mut headers = response.headers();
    let date = headers.find(|(name, _)| name.eq_ignore_ascii_case("date"));
    let date = date.and_then(|(_, value)| http_date(std::str::from_utf8(value).ok()?));
    let body = response.bytes().await.map_err(|_| call("the connection failed".to_owned()))?;
    let answer = serde_json::from_slice(&body);
    let answer = answer.map_err(|_| call("an answer that cannot be read".to_owned()))?;
    Ok((answer, date))
}

/// `Sat, 21 Nov 2026 09:55:10 GMT`
fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.split_whitespace().skip(1);
    let (day, month, year, time) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    format!("{year}-{month:02}-{day}T{time}Z").parse().ok()
}

/// With patience: Discord or the way to it may be out for a while when we start. A refused token
/// is told at once.
pub async fn patiently<T, F>(mut call: impl FnMut() -> F) -> Result<T, ConnectError>
where
    F: Future<Output = Result<T, ConnectError>>,
{
    let mut wait = Duration::from_secs(1);
    loop {
        match call().await {
            Err(ConnectError::Call { what, problem }) => {
                tracing::warn!(problem, "Discord cannot be asked {what}; trying again");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_mins(1));
            }
            other => return other,
        }
    }
}

/// The client, shared by everything that calls Discord.
pub type Http = Arc<Client>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_addresses_of_servers_then_host_and_encryption_are_read() {
        let plain = |host: &str| Some((host.to_owned(), true));
        for url in ["http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://127.0.0.1:8080/api"]
        {
            assert_eq!(address(url), plain("127.0.0.1:8080"), "{url}");
        }
        assert_eq!(address("http://sim/api/v10/"), plain("sim"));
        assert_eq!(address("https://proxy.test"), Some(("proxy.test".to_owned(), false)));
        for bad in ["", "127.0.0.1", "http://", "http://a/b", "http://u:p@h", "http://h?x"] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }

    #[test]
    fn given_the_date_of_an_answer_then_it_is_a_moment() {
        let read = http_date("Sat, 21 Nov 2026 09:55:10 GMT").unwrap();
        assert_eq!(read, "2026-11-21T09:55:10Z".parse().unwrap());
        for bad in ["", "now", "Sat, 21 Foo 2026 09:55:10 GMT", "Sat, x Nov 2026 09:55:10 GMT"] {
            assert_eq!(http_date(bad), None, "{bad}");
        }
    }
}
