//! Our commands: one file per capability, and one line here for each.

mod about;
mod economy;
mod giveaways;
mod help;
mod maintenance;
mod moderation;
mod modules;
mod settings;

use super::{command::Capability, confirm};

/// Everything that Discord offers of us.
pub const CAPABILITIES: &[Capability] = &[
    economy::CAPABILITY,
    moderation::CAPABILITY,
    giveaways::CAPABILITY,
    settings::CAPABILITY,
    modules::CAPABILITY,
    maintenance::CAPABILITY,
    help::CAPABILITY,
    about::CAPABILITY,
    confirm::CAPABILITY,
];

#[cfg(test)]
mod tests;
