//! A community that lives with the real bot: a local Discord, our bot and seeded people in one
//! process. Months are played once on a virtual clock and kept; from then on it lives in real time.
//!
//! Everything goes over the wire, also while months are played: the bot is the one that `reeve
//! serve` runs, connected to the simulator by its gateway and its REST routes (ADR 18).

pub mod home;
pub mod play;
pub mod prepare;
pub mod stage;
#[cfg(test)]
mod tests;
pub mod trickle;
pub mod waves;

use eventlog::LogError;
use simulator::people::Failed;

use crate::{discord::connect::ConnectError, node::OpenError};

/// Why a community does not live.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the local Discord: {0}")]
    Simulator(#[from] Failed),
    #[error("{what}: {source}")]
    Io { what: String, source: std::io::Error },
    /// What was asked for does not fit what is there.
    #[error("{0}")]
    Setup(String),
    #[error("{0}")]
    Fault(String),
}

impl Trouble {
    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        |source| Self::Io { what, source }
    }
}

impl From<simulator::Refusal> for Trouble {
    fn from(refusal: simulator::Refusal) -> Self {
        Self::Simulator(refusal.into())
    }
}
