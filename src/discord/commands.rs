//! Our commands: one file per capability, and one line here for each.

mod about;
mod codes;
mod economy;
mod giveaways;
mod help;
mod levels;
mod logs;
mod maintenance;
mod moderation;
mod modules;
mod settings;
mod squads;
mod stats;
mod sync;
mod tiers;

use super::{command::Capability, confirm};

/// Everything that Discord offers of us.
pub const CAPABILITIES: &[Capability] = &[
    economy::CAPABILITY,
    levels::CAPABILITY,
    stats::CAPABILITY,
    logs::CAPABILITY,
    moderation::CAPABILITY,
    giveaways::CAPABILITY,
    codes::CAPABILITY,
    squads::CAPABILITY,
    tiers::CAPABILITY,
    sync::CAPABILITY,
    settings::CAPABILITY,
    modules::CAPABILITY,
    maintenance::CAPABILITY,
    help::CAPABILITY,
    about::CAPABILITY,
    confirm::CAPABILITY,
];

#[cfg(test)]
mod tests;
