//! Processes, timers and effects on a real log and a real work store, with a Discord that
//! misbehaves.

mod awards;
mod codes;
mod effects;
mod following;
mod harness;
mod squads;
mod tiers;
mod timers;
