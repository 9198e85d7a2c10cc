//! Checks a bundle that `reeve proof export` wrote, offline, with nothing but the file.
//!
//! It shares no code with what wrote the bundle, so that one mistake cannot hide in both. What a
//! bundle is, `docs/proof-bundle.md` says; `docs/verify.py` is a second reading of that text.
//!
//! [`verify`] reads a file once, in bounded memory, on two threads. It proves that the events are
//! those that were signed: nothing altered, nothing in another order, and in a range nothing left
//! out. Who signed is only as sure as the key: give one that you had before.

mod bundle;
mod event;
mod events;
mod lines;
mod note;
mod report;
mod tree;

pub use self::{
    bundle::verify,
    report::{Options, Report, Unreadable},
};
