//! Reeve: an event-sourced platform for Discord communities.
//!
//! This crate is the composition root: it reads the configuration, opens a [`Node`] (log, people,
//! command bus, read models) and gives it to the edges, the workers and the command line. See
//! `ARCHITECTURE.md` for the way of one action through the house.

// The type of a GraphQL request's future is as deep as the schema.
#![recursion_limit = "256"]

pub mod cli;
pub mod config;
pub mod discord;
pub mod exports;
pub mod http;
pub mod living;
pub mod node;
pub mod operators;
pub mod place;
pub mod processes;
pub mod requests;
pub mod telemetry;
pub mod webhooks;

pub use node::{Access, Node};
