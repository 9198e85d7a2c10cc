//! A local Discord on the real wire formats, to run, test and measure bots without a token and
//! without a network. It knows nothing of Reeve, only the wire.
//!
//! One [`Sim`] holds one [`world::World`] behind a lock. The verbs of the world change it, write its
//! audit log and tell the gateway's sessions; REST, the gateway, the people who act and the control
//! routes only check who may do what, and call them.

pub mod clock;
pub mod community;
pub mod control;
pub mod faults;
pub mod flood;
pub mod gateway;
#[cfg(feature = "judge")]
pub mod judge;
pub mod limits;
pub mod people;
pub mod permissions;
pub mod rest;
mod server;
mod shared;
pub mod snowflake;
pub mod world;

pub use self::{
    clock::Clock,
    permissions::Permissions,
    server::Sim,
    shared::{Options, Shared},
    snowflake::Id,
    world::{Answer, By, Refusal, World},
};
