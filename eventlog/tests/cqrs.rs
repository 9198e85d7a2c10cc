//! cqrs-es runs our rules and our log: the economy in its `TestFramework`, and its
//! `CqrsFramework` over a log that the bus writes too.

#![expect(clippy::unwrap_used, reason = "a test fails where something is wrong")]

#[path = "cqrs/framework.rs"]
mod framework;
#[path = "cqrs/rules.rs"]
mod rules;
