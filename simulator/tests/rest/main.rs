//! REST over real HTTP: each family of routes, what is refused, and Discord's own description as
//! the judge of every exchange.

mod commands;
mod faults;
mod guilds;
mod interactions;
mod limits;
mod messages;
mod oauth;
mod place;
mod rarer;
mod refusals;
mod story;
mod twilight;
