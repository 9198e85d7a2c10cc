//! Processes, timers and effects on a real log and a real work store, with a Discord that
//! misbehaves.

mod awards;
mod effects;
mod following;
mod giveaways;
mod harness;
mod timers;
