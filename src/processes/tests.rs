//! Processes, timers and effects on a real log and a real work store, with a Discord that
//! misbehaves.

mod awards;
mod case_posts;
mod court;
mod effects;
mod following;
mod harness;
mod levels;
mod moderation;
mod timers;
