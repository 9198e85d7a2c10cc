//! How we stand with Discord: for `/readyz`, the metrics and `/about`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::RwLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Connecting,
    Connected,
    /// Lost the connection; it comes back by itself.
    Reconnecting,
    /// Will not come back without a person.
    Stopped,
}

impl State {
    pub const ALL: [Self; 4] =
        [Self::Connecting, Self::Connected, Self::Reconnecting, Self::Stopped];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Reconnecting => "reconnecting",
            Self::Stopped => "stopped",
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    since: Instant,
    shards: RwLock<BTreeMap<u32, Shard>>,
    /// Why it stopped, in words for the operator.
    stopped: RwLock<Option<String>>,
    commands: AtomicU64,
    events: AtomicU64,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            shards: RwLock::default(),
            stopped: RwLock::default(),
            commands: AtomicU64::new(0),
            events: AtomicU64::new(0),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Shard {
    state: State,
    latency: Option<Duration>,
}

/// A moment's picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub state: State,
    pub shards: usize,
    pub connected: usize,
    /// The longest of the shards' heartbeats.
    pub latency: Option<Duration>,
    pub up: Duration,
    pub why: Option<String>,
}

impl Health {
    pub fn shard(&self, shard: u32, state: State) {
        let mut shards = self.0.shards.write();
        let entry = shards.entry(shard).or_insert(Shard { state, latency: None });
        entry.state = state;
        if state != State::Connected {
            entry.latency = None;
        }
        let count = |state| shards.values().filter(|shard| shard.state == state).count();
        for state in State::ALL {
            gauge("reeve_discord_shards", "state", state.name(), count(state));
        }
    }

    pub fn latency(&self, shard: u32, latency: Option<Duration>) {
        if let Some(shard) = self.0.shards.write().get_mut(&shard) {
            shard.latency = latency;
        }
        if let Some(latency) = latency {
            let shard = shard.to_string();
            metrics::gauge!("reeve_discord_latency_seconds", "shard" => shard)
                .set(latency.as_secs_f64());
        }
    }

    pub fn is_connected(&self, shard: u32) -> bool {
        let shards = self.0.shards.read();
        shards.get(&shard).is_some_and(|shard| shard.state == State::Connected)
    }

    /// Discord will not have us until a person does something.
    pub fn stopped(&self, why: &str) {
        self.0.stopped.write().get_or_insert_with(|| why.to_owned());
    }

    pub fn count_command(&self) {
        self.0.commands.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_events(&self, events: u64) {
        self.0.events.fetch_add(events, Ordering::Relaxed);
    }

    pub fn commands(&self) -> u64 {
        self.0.commands.load(Ordering::Relaxed)
    }

    pub fn events(&self) -> u64 {
        self.0.events.load(Ordering::Relaxed)
    }

    pub fn picture(&self) -> Picture {
        let shards = self.0.shards.read();
        let why = self.0.stopped.read().clone();
        let connected = shards.values().filter(|s| s.state == State::Connected).count();
        let any = |state| shards.values().any(|shard| shard.state == state);
        let state = if why.is_some() || any(State::Stopped) {
            State::Stopped
        } else if any(State::Reconnecting) {
            State::Reconnecting
        } else if shards.is_empty() || any(State::Connecting) {
            State::Connecting
        } else {
            State::Connected
        };
        let latency = shards.values().filter_map(|shard| shard.latency).max();
        let up = self.0.since.elapsed();
        Picture { state, shards: shards.len(), connected, latency, up, why }
    }
}

impl Picture {
    /// A shard that is coming back is normal life; none at all is not.
    pub const fn is_ready(&self) -> bool {
        self.connected > 0 && !matches!(self.state, State::Stopped)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "state": self.state.name(),
            "shards": self.shards,
            "connected": self.connected,
            "latency_ms": self.latency.map(|latency| latency.as_millis()),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub fn gauge(name: &'static str, label: &'static str, value: &'static str, count: usize) {
    metrics::gauge!(name, label => value).set(count as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves: OPS-01
    #[test]
    fn given_the_states_of_shards_then_the_worst_is_told_and_one_connection_is_ready() {
        let health = Health::default();
        assert_eq!(health.picture().state, State::Connecting);
        assert!(!health.picture().is_ready());
        health.shard(0, State::Connected);
        health.shard(1, State::Connecting);
        assert_eq!(
            (health.picture().state, health.picture().is_ready()),
            (State::Connecting, true)
        );
        health.shard(1, State::Connected);
        health.latency(1, Some(Duration::from_millis(40)));
        let picture = health.picture();
        assert_eq!((picture.state, picture.connected), (State::Connected, 2));
        assert_eq!(picture.latency, Some(Duration::from_millis(40)));
        health.shard(1, State::Reconnecting);
        let picture = health.picture();
        assert_eq!((picture.state, picture.latency), (State::Reconnecting, None));
        assert!(picture.is_ready());
        health.stopped("the token is wrong");
        health.stopped("and so on");
        let picture = health.picture();
        assert_eq!((picture.state, picture.is_ready()), (State::Stopped, false));
        assert_eq!(picture.why.as_deref(), Some("the token is wrong"));
    }
}
