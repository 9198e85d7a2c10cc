//! The rules of a community, and nothing else.
//!
//! Every file is one aggregate, read top-down: its rules in words, its state, commands, events
//! and refusals, then `decide` and `evolve`. This crate knows no I/O, no async, no clock and no
//! randomness: time and fresh ids arrive inside commands, so every decision can be replayed.
//!
//! To add an aggregate, copy the shape of [`economy`], implement [`Decider`] and [`DomainEvent`],
//! and list its events in the codec's golden files (`eventlog/tests/golden.rs`).

mod actor;
mod bytes;
mod decider;
pub mod economy;
mod ids;
mod moment;
pub mod people;
mod personal;
pub mod refusals;
pub mod settings;
mod text;
mod time;

pub use actor::{Actor, Cause};
pub use bytes::Bytes;
pub use decider::{Decider, DomainEvent, EventType, Refusal, Upcaster, Weigh};
pub use ids::{
    CorrelationId, DISCORD_EPOCH_MILLIS, EventId, GuildId, IdempotencyKey, InvalidId, PersonId,
    UserId,
};
pub use moment::{InvalidMoment, Moment, Point};
pub use personal::{Personal, PersonalField, Sealed};
pub use time::{InvalidTime, Timestamp, UtcDay};
