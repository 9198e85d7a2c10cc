//! Both verifiers against `docs/proof-vectors/`, and against what an enemy makes of them.

#![expect(clippy::unwrap_used, reason = "tests and their helpers")]

mod draws;
mod mutations;
mod python;
mod reading;
mod unreadable;
