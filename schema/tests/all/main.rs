//! GraphQL over a real store; only Discord is played.

// The type of a request's future is as deep as the schema.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "what a test panics at is its finding")]

mod abuse;
mod answers;
mod authorization;
mod draws;
mod giveaways;
mod grants;
mod house;
mod logs;
mod moderation;
mod numbers;
mod reads;
mod sdl;
mod settings;
mod squads;
mod visits;
