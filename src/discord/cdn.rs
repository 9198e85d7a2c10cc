//! Files that people sent, as Discord hands them out. Nothing is ever asked of another address than
//! Discord's own servers of files (or the one that the operator named), and no answer that points
//! elsewhere is followed: what stands in a message leads us nowhere.

use std::time::Duration;

use bytes::Bytes;
use http::{
    Uri,
    uri::{Authority, Scheme},
};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::rest::BadAddress;

const DISCORDS: &[&str] = &["https://cdn.discordapp.com", "https://media.discordapp.net"];
/// What people sent lies there, and nothing else that we want.
const PATHS: [&str; 2] = ["/attachments/", "/ephemeral-attachments/"];
/// Until the answer begins, and from one piece of it to the next.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Without a word about it, a limit is over after this.
const UNTOLD: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_hours(1);

pub struct Cdn {
    http: Client<hyper_rustls::HttpsConnector<HttpConnector>, Empty<Bytes>>,
    servers: Vec<(Scheme, Authority)>,
}

impl std::fmt::Debug for Cdn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cdn").field("servers", &self.servers).finish_non_exhaustive()
    }
}

/// What became of asking for a file.
#[derive(Debug)]
pub enum Asked {
    /// It comes.
    Comes(Coming),
    Gone,
    /// It stands on no server of Discord's.
    Elsewhere,
    RateLimited(Duration),
    /// The server has a fault of its own, or did not answer.
    Unknown(String),
    /// It was not reached.
    Unavailable(String),
}

/// A file on its way.
#[derive(Debug)]
pub struct Coming {
    /// How long it is, where that is told.
    pub bytes: Option<u64>,
    body: Incoming,
}

impl Cdn {
    /// Discord's own servers, or the one that the operator named.
    pub fn new(named: Option<&str>) -> Result<Self, BadAddress> {
        let urls = named.as_ref().map_or(DISCORDS, std::slice::from_ref);
        let servers = urls.iter().map(|url| {
            let parts = url.trim_end_matches('/').parse::<Uri>().map(Uri::into_parts);
            let parts = parts.map_err(|error| BadAddress::new(url, &error.to_string()))?;
            let whole = parts.scheme.zip(parts.authority);
            whole.ok_or_else(|| BadAddress::new(url, "it has no scheme or no host"))
        });
        let servers = servers.collect::<Result<Vec<_>, _>>()?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(TIMEOUT / 2));
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| BadAddress::new("", &error.to_string()))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let http = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { http, servers })
    }

    fn is_discords(&self, address: &Uri) -> bool {
        let server = self.servers.iter().any(|(scheme, authority)| {
            address.scheme() == Some(scheme) && address.authority() == Some(authority)
        });
        server && PATHS.iter().any(|path| address.path().starts_with(path))
    }

    pub async fn ask(&self, address: &str) -> Asked {
        let Some(address) = address.parse::<Uri>().ok().filter(|uri| self.is_discords(uri)) else {
            return Asked::Elsewhere;
        };
        let request = hyper::Request::get(address).body(Empty::new());
        let Ok(request) = request else { return Asked::Elsewhere };
        let response = match tokio::time::timeout(TIMEOUT, self.http.request(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_connect() => {
                return Asked::Unavailable("the server of files is not reached".to_owned());
            }
            Ok(Err(_)) => return Asked::Unknown("the answer was lost".to_owned()),
            Err(_) => return Asked::Unknown("there was no answer in time".to_owned()),
        };
        let header = |name: http::HeaderName| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.and_then(|value| value.parse::<u64>().ok())
        };
        match response.status().as_u16() {
            200 => {
                let bytes = header(http::header::CONTENT_LENGTH);
                Asked::Comes(Coming { bytes, body: response.into_body() })
            }
            429 => {
                let told = header(http::header::RETRY_AFTER).map(Duration::from_secs);
                Asked::RateLimited(told.unwrap_or(UNTOLD).min(LONGEST))
            }
            status @ (408 | 500..=599) => {
                Asked::Unknown(format!("the server of files has a fault of its own ({status})"))
            }
            // Also where it points elsewhere: there is nothing for us there.
            _ => Asked::Gone,
        }
    }
}

impl Coming {
    /// What came next; none at the end. An error where it broke off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            let frame = tokio::time::timeout(TIMEOUT, self.body.frame());
            match frame.await.map_err(|_| "the file stopped coming".to_owned())? {
                None => return Ok(None),
                Some(Err(_)) => return Err("the file broke off".to_owned()),
                // Anything else that stands behind a body is of no interest.
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(cdn: &Cdn, address: &str) -> bool {
        address.parse::<Uri>().is_ok_and(|address| cdn.is_discords(&address))
    }

    #[test]
    fn given_an_address_then_only_files_on_discords_own_servers_are_asked_for() {
        let discords = Cdn::new(None).unwrap();
        for good in [
            "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3",
            "https://CDN.discordapp.com/attachments/1/2/a.png",
            "https://media.discordapp.net/attachments/1/2/a.png",
            "https://cdn.discordapp.com/ephemeral-attachments/1/2/a.png",
        ] {
            assert!(takes(&discords, good), "{good}");
        }
        for bad in [
            "",
            "/attachments/1/2/a.png",
            "http://cdn.discordapp.com/attachments/1/2/a.png",
            "https://cdn.discordapp.com.evil.example/attachments/1/2/a.png",
            "https://cdn.discordapp.com@evil.example/attachments/1/2/a.png",
            "https://evil.example/https://cdn.discordapp.com/attachments/1/2/a.png",
            "https://cdn.discordapp.com:8443/attachments/1/2/a.png",
            "https://cdn.discordapp.com/avatars/1/2.png",
            "https://169.254.169.254/attachments/1/2/a.png",
            "file:///attachments/1/2/a.png",
        ] {
            assert!(!takes(&discords, bad), "{bad}");
        }
    }

    #[test]
    fn given_a_server_that_the_operator_named_then_that_one_and_no_other() {
        let named = Cdn::new(Some("http://127.0.0.1:4321/")).unwrap();
        assert!(takes(&named, "http://127.0.0.1:4321/attachments/1/2/a.png"));
        assert!(!takes(&named, "http://127.0.0.1:4322/attachments/1/2/a.png"));
        assert!(!takes(&named, "https://cdn.discordapp.com/attachments/1/2/a.png"));
        assert!(Cdn::new(Some("nowhere")).is_err());
    }
}
