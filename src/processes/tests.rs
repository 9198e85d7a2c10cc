//! Processes, timers and effects on a real log and a real work store, with a Discord that
//! misbehaves.

mod awards;
mod case_posts;
mod codes;
mod court;
mod effects;
mod evidence;
mod following;
mod giveaways;
mod harness;
mod levels;
mod logs;
mod moderation;
mod reports;
mod squads;
mod tiers;
mod timers;
mod webhooks;
