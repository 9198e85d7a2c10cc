//! The port to Discord: what carries effects out.

use std::time::Duration;

use async_trait::async_trait;

use super::effect::Effect;

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done; the id that Discord gave, where it gave one.
    Done(Option<String>),
    /// Discord will not, and says why.
    Refused { code: u64, text: String },
    /// Nothing was done, for want of room: on this route, or for anything at all.
    RateLimited { after: Duration, global: bool },
    /// Nobody knows whether it was done.
    Unknown(String),
    /// Nothing was done: Discord, or the way to it, is not there.
    Unavailable(String),
}

/// What a look at the world says of an effect whose outcome is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It may be one of these, the likeliest first; those that are known to be another effect's
    /// are not it.
    Happened(Vec<String>),
    NotThere,
    /// Nothing can be said, and waiting will not help.
    CannotTell(String),
    RateLimited(Duration),
    Unavailable(String),
}

#[async_trait]
pub trait Hands: Send + Sync + 'static {
    /// How long there is no room for a call on this route; none where there is.
    fn no_room_for(&self, route: &str) -> Option<Duration>;

    /// Makes the call, once.
    async fn carry_out(&self, effect: &Effect) -> Outcome;

    /// Whether it happened.
    async fn look(&self, effect: &Effect) -> Seen;
}
