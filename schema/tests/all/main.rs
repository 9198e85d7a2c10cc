//! GraphQL over a real store; only Discord is played.

#![expect(clippy::unwrap_used, reason = "what a test panics at is its finding")]

mod abuse;
mod answers;
mod authorization;
mod draws;
mod giveaways;
mod house;
mod logs;
mod moderation;
mod numbers;
mod sdl;
mod settings;
mod squads;
