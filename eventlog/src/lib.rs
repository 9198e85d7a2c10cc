//! The event log and everything that decides on top of it.
//!
//! - [`EventLog`] is the port, [`sqlite`], [`postgres`] and `eventstoredb` (behind the feature of that
//!   name) are backends, and `contract` (likewise) is the suite that each of them passes.
//! - [`Bus`] takes commands to aggregates and answers when their events are durable.
//! - [`People`] knows who a person number stands for and holds the keys of what is personal.
//! - [`proof`] seals each guild's history and exports what anybody can check.
//! - [`sql`] is the portable SQL in which everything beside the log is kept.
//!
//! Invariants: positions and guild sequences have no gaps and become visible in order; an event
//! never changes; a key acts once per stream; nothing personal is stored unsealed.

pub mod backup;
mod batch;
mod behind;
mod bus;
mod codec;
#[cfg(feature = "contract")]
pub mod contract;
pub mod cqrs;
mod envelope;
#[cfg(feature = "eventstoredb")]
pub mod eventstoredb;
mod follow;
mod heads;
mod leaves;
mod log;
pub mod migrate;
pub mod moving;
pub mod people;
pub mod postgres;
pub mod proof;
mod rush;
pub mod snapshots;
pub mod sql;
pub mod sqlite;
mod tail;
mod together;
mod turns;

pub use bus::{Bus, BusOptions, CommandError, Decision, Request, finish_erasures};
pub use codec::{Family, contract_version, decode, encode, families, is_known};
pub use envelope::{
    Entry, EventHash, MAX_APPEND_BYTES, MAX_EVENT_BYTES, Metadata, NewEvent, Position, Recorded,
    StreamId, event_id,
};
pub use follow::Follower;
pub use leaves::{Leaf, Leaves};
pub use log::{
    Append, Appended, Appender, Clock, EventLog, Fence, LogError, Page, Pending, Place, Slice,
    Stretch, system_clock,
};
pub use people::{People, PeopleError};
pub use rush::{Rush, Waiting};
pub use tail::Tail;
pub use together::Together;
pub use turns::{NoAnswer, Turns};
