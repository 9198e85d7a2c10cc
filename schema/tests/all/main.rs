//! GraphQL over a real store; only Discord is played.

mod abuse;
mod answers;
mod authorization;
mod house;
mod sdl;
mod settings;
