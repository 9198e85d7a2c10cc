//! The rules of a community, and nothing else.
//!
//! Every file is one aggregate, read top-down: its rules in words, its state, commands, events
//! and refusals, then `decide` and `evolve`. This crate knows no I/O, no async, no clock and no
//! randomness: time and fresh ids arrive inside commands, so every decision can be replayed.
//!
//! To add an aggregate, copy the shape of [`economy`], implement [`Decider`] and [`DomainEvent`],
//! and list its events in the codec's golden files (`eventlog/tests/golden.rs`).

pub mod access;
pub mod activity;
mod actor;
pub mod awards;
pub mod blocks;
mod bytes;
pub mod campaign;
pub mod case;
pub mod codes;
mod decider;
pub mod digest;
pub mod economy;
pub mod giveaways;
pub mod grants;
pub mod heard;
mod ids;
pub mod keys;
pub mod levels;
pub mod logs;
pub mod moderation;
pub mod modules;
mod moment;
pub mod people;
mod personal;
pub mod platform;
pub mod reads;
pub mod refusals;
pub mod settings;
pub mod squads;
pub mod text;
pub mod tiers;
mod time;
pub mod visits;
pub mod voice;
pub mod webhooks;

pub use actor::{Actor, Cause};
pub use bytes::Bytes;
pub use decider::{Decider, DomainEvent, EventType, Refusal, Upcaster, Weigh};
pub use ids::{
    AuditLogId, BatchId, CampaignId, CaseNumber, ChannelId, CorrelationId, DISCORD_EPOCH_MILLIS,
    EventId, GiveawayId, GuildId, IdempotencyKey, InvalidId, KeyId, MessageId, PersonId, RoleId,
    UserId, WebhookId,
};
pub use moment::{InvalidMoment, Moment, Point};
pub use personal::{Personal, PersonalField, Sealed};
pub use time::{InvalidTime, Timestamp, UtcDay};
