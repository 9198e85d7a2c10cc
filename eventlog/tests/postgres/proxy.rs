//! A wire between the log and its server that can be cut where it hurts.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Where the wire is cut, as soon as the client sends the marked bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server never sees them.
    Before,
    /// The server has answered; the client never sees that.
    After,
    /// The server has got them and may be at it still.
    During,
    /// Nothing goes through any more, and nobody is told.
    Silence,
}

#[derive(Debug)]
pub struct Proxy {
    address: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: String,
    /// The bytes to watch for, and what to do, once.
    armed: Mutex<Option<(Vec<u8>, Cut)>>,
    cuts: AtomicU64,
    /// New connections are refused.
    down: AtomicBool,
    /// Raised to cut everything there is.
    generation: watch::Sender<u64>,
}

impl Proxy {
    pub async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            server,
            armed: Mutex::default(),
            cuts: AtomicU64::new(0),
            down: AtomicBool::new(false),
            generation: watch::channel(0).0,
        });
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !accepting.down.load(Ordering::SeqCst) {
                    tokio::spawn(Arc::clone(&accepting).carry(client));
                }
            }
        });
        Self { address, shared }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Cuts once, at the next message with these bytes.
    pub fn arm(&self, marker: &str, cut: Cut) {
        *self.shared.armed.lock() = Some((marker.as_bytes().to_vec(), cut));
    }

    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::SeqCst)
    }

    /// Refuses new connections; with `also_old`, ends those there are.
    pub fn down(&self, also_old: bool) {
        self.shared.down.store(true, Ordering::SeqCst);
        if also_old {
            self.shared.generation.send_modify(|generation| *generation += 1);
        }
    }

    pub fn up(&self) {
        self.shared.down.store(false, Ordering::SeqCst);
    }
}

impl Shared {
    async fn carry(self: Arc<Self>, mut client: TcpStream) {
        let mut ended = self.generation.subscribe();
        let Ok(mut server) = TcpStream::connect(&self.server).await else { return };
        let (mut from_client, mut from_server) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
        // The last bytes the client sent: a marker may come in two pieces.
        let mut recent = Vec::new();
        loop {
            tokio::select! {
                _ = ended.changed() => return,
                read = client.read(&mut from_client) => {
                    let Ok(read @ 1..) = read else { return };
                    let bytes = &from_client[..read];
                    recent.extend_from_slice(bytes);
                    match self.cut_at(&mut recent) {
                        None => if server.write_all(bytes).await.is_err() { return },
                        Some(Cut::Before) => return,
                        Some(Cut::During) => {
                            let _ = server.write_all(bytes).await;
                            return;
                        }
                        Some(Cut::After) => {
                            let _ = server.write_all(bytes).await;
                            let _ = server.read(&mut from_server).await;
                            return;
                        }
                        Some(Cut::Silence) => {
                            // Held open until the test is over.
                            let _ = ended.changed().await;
                            return;
                        }
                    }
                }
                read = server.read(&mut from_server) => {
                    let Ok(read @ 1..) = read else { return };
                    if client.write_all(&from_server[..read]).await.is_err() { return }
                }
            }
        }
    }

    fn cut_at(&self, recent: &mut Vec<u8>) -> Option<Cut> {
        let mut armed = self.armed.lock();
        let (marker, cut) = armed.as_ref()?;
        let cut = *cut;
        if memchr::memmem::find(recent, marker).is_none() {
            let keep = recent.len().min(marker.len());
            recent.drain(..recent.len() - keep);
            return None;
        }
        *armed = None;
        self.cuts.fetch_add(1, Ordering::SeqCst);
        Some(cut)
    }
}
