//! The rules around the capabilities: who may, who has to wait, what is switched on, what is kept
//! of refusals, and the reads of the economy. On SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "what a test panics at is its finding")]

mod awards;
mod blocks;
mod cooldowns;
mod daily;
mod gaps;
mod gate;
mod giveaways;
mod keys;
mod logs;
mod mirror;
mod moderation;
mod modules;
mod places;
mod platform;
mod reads;
mod refused;
mod settings;
mod support;
mod webhooks;
mod who_looked;
