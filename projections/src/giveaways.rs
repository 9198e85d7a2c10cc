//! What people see of giveaways: the board, who is in each, and everything that happened in it.

pub mod board;
pub mod entrants;
pub mod timeline;

use domain::{GiveawayId, digest::Digest};
use eventlog::{LogError, Recorded};

/// Which giveaway an event belongs to: the last part of its stream.
fn giveaway_of(event: &Recorded) -> Result<GiveawayId, LogError> {
    let name = event.stream.aggregate_id();
    let id = name.split_once('/').map_or("", |(_, id)| id);
    giveaway(id)
}

fn giveaway(text: &str) -> Result<GiveawayId, LogError> {
    let parsed = uuid::Uuid::parse_str(text).map(GiveawayId);
    parsed.map_err(|_| LogError::Corrupt(format!("{text:?} is no giveaway")))
}

fn digest(text: &str) -> Result<Digest, LogError> {
    text.parse().map_err(|_| LogError::Corrupt("a digest in a read model is none".to_owned()))
}
