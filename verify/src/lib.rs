//! Checks a bundle that `reeve proof export` wrote, offline, with nothing but the file.
//!
//! It shares no code with what wrote the bundle, so that one mistake cannot hide in both. What a
//! bundle is, `docs/proof-bundle.md` says; `docs/verify.py` is a second reading of that text.
//!
//! [`verify_draw`] does the same for the draw of a giveaway (`docs/draw.md`, `docs/verify_draw.py`).
//!
//! [`verify`] reads a file once, in bounded memory, on two threads. It proves that the events are
//! those that were signed: nothing altered, nothing in another order, and in a range nothing left
//! out. Who signed is only as sure as the key: give one that you had before.

mod bundle;
mod draw;
mod event;
mod events;
mod lines;
mod note;
mod report;
mod tree;

pub use self::{
    bundle::verify,
    draw::{DrawReport, is_draw, verify_draw},
    report::{Options, Report, Unreadable},
};
