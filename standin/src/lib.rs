//! A stand-in for an EventStoreDB or KurrentDB server: the public gRPC protocol, over one log in
//! memory or in a file that is synced before it is answered.
//!
//! It speaks Streams (Read, Append, BatchAppend, Delete, Tombstone), ServerFeatures and Gossip, with
//! the real error answers, and it misbehaves on request ([`Faults`]). It knows nothing of Reeve, only
//! the wire. It is made to be tested against: it has no TLS, no scavenging, no projections, and one
//! log however many nodes are started.
//!
//! ```no_run
//! # async fn start() -> std::io::Result<()> {
//! let server = standin::Server::start(standin::Options::default()).await?;
//! println!("{}", server.url());
//! # Ok(())
//! # }
//! ```

#![expect(clippy::result_large_err, reason = "the status of a call is the protocol's own error")]

mod answers;
mod batch;
mod faults;
mod file;
mod log;
mod read;
mod rights;
mod service;
mod wire;
mod write;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use self::service::Node;
pub use self::{
    faults::{Drop as DropOf, Faults, WriteFault},
    log::{Log, Stored},
    rights::User,
};

/// How many bytes an append may have, unless a server is told otherwise.
pub const DEFAULT_MAX_APPEND_BYTES: usize = 1024 * 1024;

#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; 0 takes any port.
    pub port: u16,
    /// Keeps everything in this folder; in memory where there is none.
    pub folder: Option<PathBuf>,
    pub max_append_bytes: usize,
    /// Who may do what. Nobody listed: everybody may do everything, as on an insecure server.
    pub users: Vec<User>,
    /// More events than this at once, and a live subscription has fallen behind.
    pub live_buffer: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            folder: None,
            max_append_bytes: DEFAULT_MAX_APPEND_BYTES,
            users: Vec::new(),
            live_buffer: 256,
        }
    }
}

/// A node that listens until this is dropped.
#[derive(Debug)]
pub struct Server {
    node: Arc<Node>,
    accepting: JoinHandle<()>,
    /// Closes what is open.
    open: watch::Sender<bool>,
}

impl Server {
    /// The leader of a cluster of its own.
    pub async fn start(options: Options) -> io::Result<Self> {
        let log = Log::open(options.folder.as_deref())?;
        Self::node(options, log, Arc::default(), None).await
    }

    /// Another node of the same cluster: it reads, and sends writers to the leader.
    pub async fn start_follower(&self) -> io::Result<Self> {
        let options = Options { port: 0, ..self.node.options.clone() };
        let leader = Some(self.node.address);
        Self::node(options, Arc::clone(&self.node.log), Arc::default(), leader).await
    }

    async fn node(
        options: Options,
        log: Arc<Log>,
        faults: Arc<Faults>,
        leader: Option<SocketAddr>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
        let address = listener.local_addr()?;
        let node = Arc::new(Node { options, log, faults, address, leader });
        let (open, closing) = watch::channel(true);
        let accepting = tokio::spawn(service::accept(Arc::clone(&node), listener, closing));
        Ok(Self { node, accepting, open })
    }

    pub fn address(&self) -> SocketAddr {
        self.node.address
    }

    /// As a connection string, without TLS.
    pub fn url(&self) -> String {
        format!("esdb://{}?tls=false", self.node.address)
    }

    /// The same for one of its users.
    pub fn url_for(&self, user: &User) -> String {
        format!("esdb://{}:{}@{}?tls=false", user.name, user.password, self.node.address)
    }

    pub fn faults(&self) -> &Faults {
        &self.node.faults
    }

    pub fn log(&self) -> &Log {
        &self.node.log
    }

    /// Breaks all connections; new ones are taken.
    pub fn cut_connections(&self) {
        self.open.send_replace(true);
    }
}

impl std::ops::Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
        self.open.send_replace(false);
    }
}
