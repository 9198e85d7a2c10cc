//! The read models and their runtime, on both stores.

#![expect(clippy::unwrap_used, reason = "what a test panics at is its finding")]

mod alarms;
mod balances;
mod cases;
mod checkpoints;
mod codes;
mod exports;
mod giveaways;
mod going_on;
mod numbers;
mod parked;
mod portable_sql;
mod rebuilds;
mod requests;
mod slices;
mod squads;
mod support;
mod tiers;
mod time_machine;
mod transactions;
mod unknown;
mod weekly;
