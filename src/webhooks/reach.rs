//! How a receiver is reached. Its name is looked up for each call, every address that it stands for
//! has to be public, and the connection is made to one of those that were looked at: so a name that
//! leads elsewhere a moment later leads us nowhere. No answer that points elsewhere is followed.

use std::{
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use actions::webhooks::address::{is_public, port};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, Error},
    rt::{TokioExecutor, TokioIo},
};
use tokio::net::TcpStream;
use tower_service::Service;

/// Of an answer's head; its body is not read.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Why a receiver was not reached, or not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    #[error("its name leads nowhere")]
    NoName,
    #[error("its name leads into a private network, where nothing is asked")]
    NotPublic,
    #[error("its receiver does not take connections")]
    Closed,
    #[error("no secure connection came about; look at its certificate")]
    NotSecure,
    #[error("its receiver broke off")]
    BrokeOff,
    #[error("its receiver did not answer within ten seconds")]
    Slow,
}

pub struct Reach(Client<HttpsConnector<Guarded>, Full<Bytes>>);

impl std::fmt::Debug for Reach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reach")
    }
}

impl Reach {
    pub fn public() -> Result<Self, rustls::Error> {
        Self::with(Guarded { anywhere: false })
    }

    pub fn anywhere() -> Result<Self, rustls::Error> {
        Self::with(Guarded { anywhere: true })
    }

    fn with(guarded: Guarded) -> Result<Self, rustls::Error> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(guarded);
        // Every call makes a connection of its own, whose address was looked at.
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .http1_max_buf_size(MAX_HEAD_BYTES)
            .build(connector);
        Ok(Self(client))
    }

    /// Asks once, and answers with the head of what came back.
    pub async fn ask(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, HeaderMap), Unreached> {
        match self.0.request(request).await {
            Ok(response) => Ok((response.status(), response.headers().clone())),
            Err(error) => Err(unreached(&error)),
        }
    }
}

fn unreached(error: &Error) -> Unreached {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(unreached) = error.downcast_ref::<Unreached>() {
            return *unreached;
        }
        cause = error.source();
    }
    if error.is_connect() { Unreached::NotSecure } else { Unreached::BrokeOff }
}

/// Connects to nothing but what may be asked.
#[derive(Clone, Copy, Debug)]
pub struct Guarded {
    /// The operator named it.
    pub anywhere: bool,
}

impl Guarded {
    async fn connect(self, uri: Uri) -> Result<TokioIo<TcpStream>, Unreached> {
        let host = uri.host().ok_or(Unreached::NoName)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((bare, port(&uri))).await;
        let found: Vec<SocketAddr> = found.map_err(|_| Unreached::NoName)?.collect();
        for address in self.allowed(&found)? {
            if let Ok(stream) = TcpStream::connect(address).await {
                let _ = stream.set_nodelay(true);
                return Ok(TokioIo::new(stream));
            }
        }
        Err(Unreached::Closed)
    }

    /// All of them or none: a name that stands for something private as well is up to no good.
    pub fn allowed(self, found: &[SocketAddr]) -> Result<&[SocketAddr], Unreached> {
        if found.is_empty() {
            return Err(Unreached::NoName);
        }
        if self.anywhere || found.iter().all(|address| is_public(address.ip())) {
            return Ok(found);
        }
        Err(Unreached::NotPublic)
    }
}

impl Service<Uri> for Guarded {
    type Response = TokioIo<TcpStream>;
    type Error = Unreached;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unreached>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unreached>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.connect(uri))
    }
}
