//! What every part of the simulator shares: one world, and whom to tell of it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::{clock::Clock, faults::Faults, gateway::hub::Hub, world::World};

#[derive(Clone, Debug)]
pub struct Options {
    pub listen: SocketAddr,
    /// Secrets, names and faults come from it.
    pub seed: u64,
    pub clock: Clock,
    /// How often a client is to send a heartbeat.
    pub heartbeat: Duration,
    /// How long a client waits between two identifies.
    pub identify_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            clock: Clock::real(),
            heartbeat: Duration::from_millis(41_250),
            identify_every: crate::limits::IDENTIFY_EVERY,
        }
    }
}

#[derive(Debug)]
pub struct Shared {
    pub world: Mutex<World>,
    pub hub: Arc<Hub>,
    pub clock: Clock,
    pub faults: Arc<Faults>,
    pub options: Options,
    pub rest: crate::rest::State,
    pub(crate) connections: Arc<Semaphore>,
    pub(crate) address: OnceLock<SocketAddr>,
}

impl Shared {
    pub fn new(options: Options) -> Self {
        let faults = Arc::new(Faults::new(options.seed));
        let hub = Arc::new(Hub::new(Arc::clone(&faults)));
        let world = World::new(options.clock.clone(), Arc::clone(&hub), options.seed);
        let clock = options.clock.clone();
        Self {
            world: Mutex::new(world),
            hub,
            clock,
            faults,
            rest: crate::rest::State::new(options.seed),
            options,
            connections: Arc::new(Semaphore::new(crate::limits::MOST_CONNECTIONS)),
            address: OnceLock::new(),
        }
    }

    /// Where it listens; before that, where it is to.
    pub fn address(&self) -> SocketAddr {
        self.address.get().copied().unwrap_or(self.options.listen)
    }

    /// `http://127.0.0.1:4000`
    pub fn origin(&self) -> String {
        format!("http://{}", self.address())
    }

    /// `http://127.0.0.1:4000/api`, where REST is with and without `/v10`.
    pub fn api_url(&self) -> String {
        format!("{}/api", self.origin())
    }

    /// The address that clients connect their gateway to.
    pub fn gateway_url(&self) -> String {
        format!("ws://{}", self.address())
    }
}
