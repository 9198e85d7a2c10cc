//! Read models: what people see, computed from events.
//!
//! A [`Projection`] is a named, versioned fold of events into its own tables. The [`Runtime`]
//! follows the log and moves each projection's rows and checkpoint in one transaction; it builds
//! a new version beside the live one and swaps them; it parks a guild whose event cannot be
//! folded and goes on with the others. Everything here can be thrown away and computed again.
//!
//! To add a read model, copy the shape of `economy/balances.rs` and add its line to
//! [`registered`].

pub mod activity;
mod alarm;
mod build;
pub mod codes;
pub mod economy;
mod errors;
pub mod exports;
pub mod giveaways;
pub mod levels;
pub mod logs;
pub mod moderation;
mod projection;
pub mod reads;
pub mod refusals;
mod requests;
mod runner;
mod runtime;
pub mod squads;
mod status;
mod store;
pub mod tiers;
pub mod time_machine;

pub use build::Build;
pub use errors::error_id;
pub use projection::{AnyProjection, ApplyError, Batch, Folded, Projection, Table, Tables, boxed};
pub use requests::{Asked, Request, Requests, Verb};
pub use runtime::{Runtime, RuntimeOptions};
pub use status::{BuildStatus, DeadLetter, Status};
pub use store::ReadStore;
pub use time_machine::{TimeError, TimeMachine, TimeOptions, View, Visit};

/// Every read model. A new one adds its line here.
pub fn registered() -> Vec<Box<dyn AnyProjection>> {
    vec![
        projection::boxed::<economy::balances::Balances>(),
        projection::boxed::<economy::weekly::Weekly>(),
        projection::boxed::<economy::transactions::Transactions>(),
        projection::boxed::<refusals::Refusals>(),
        projection::boxed::<reads::Reads>(),
        projection::boxed::<activity::slots::Slots>(),
        projection::boxed::<activity::members::Members>(),
        projection::boxed::<activity::tallies::Tallies>(),
        projection::boxed::<levels::ranks::Ranks>(),
        projection::boxed::<levels::periods::Periods>(),
        projection::boxed::<logs::LogEntries>(),
        projection::boxed::<moderation::cases::Cases>(),
        projection::boxed::<moderation::moderators::Moderators>(),
        projection::boxed::<giveaways::board::Board>(),
        projection::boxed::<giveaways::entrants::Entrants>(),
        projection::boxed::<giveaways::timeline::Timeline>(),
        projection::boxed::<codes::campaigns::Campaigns>(),
        projection::boxed::<codes::uses::CodeUses>(),
        projection::boxed::<squads::Squads>(),
        projection::boxed::<tiers::Tiers>(),
    ]
}
