//! One listener for all of it: the gateway, REST, and the control of the simulator.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Weak},
};

use axum::Router;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    control, gateway,
    gateway::session::Order,
    rest,
    shared::{Options, Shared},
};

/// What a server says when it goes.
const GOING_AWAY: u16 = 1001;

/// A Discord that runs until the last handle to it is dropped.
#[derive(Clone, Debug)]
pub struct Sim(Arc<Running>);

#[derive(Debug)]
struct Running {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.shared.hub.order(None, Order::Close(GOING_AWAY));
        self.task.abort();
    }
}

impl Sim {
    /// Listens; an empty world until somebody fills it.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let shared = Arc::new(Shared::new(options));
        // It was just made, so nothing is set.
        let _ = shared.address.set(listener.local_addr()?);
        let (stop, mut stopped) = watch::channel(false);
        let running = Arc::new_cyclic(|running| {
            let router = router(&shared, running.clone());
            let task = tokio::spawn(async move {
                let ended = async move {
                    let _ = stopped.wait_for(|stop| *stop).await;
                };
                let router = router.into_make_service_with_connect_info::<SocketAddr>();
                let serve = axum::serve(listener, router).with_graceful_shutdown(ended);
                if let Err(error) = serve.await {
                    tracing::error!(%error, "the simulator stopped");
                }
            });
            Running { shared, task, stop }
        });
        Ok(Self(running))
    }
}

impl std::ops::Deref for Sim {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0.shared
    }
}

/// Every route there is.
fn router(shared: &Arc<Shared>, running: Weak<Running>) -> Router {
    let sim = move || running.upgrade().map(Sim);
    gateway::router(Arc::clone(shared))
        .merge(control::router(Arc::new(sim)))
        .merge(rest::router(shared))
}
