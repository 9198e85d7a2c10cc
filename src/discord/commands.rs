//! Our commands: one file per capability, and one line here for each.

mod about;
mod economy;
mod help;
mod levels;
mod maintenance;
mod modules;
mod settings;
mod stats;

use super::{command::Capability, confirm};

/// Everything that Discord offers of us.
pub const CAPABILITIES: &[Capability] = &[
    economy::CAPABILITY,
    levels::CAPABILITY,
    stats::CAPABILITY,
    settings::CAPABILITY,
    modules::CAPABILITY,
    maintenance::CAPABILITY,
    help::CAPABILITY,
    about::CAPABILITY,
    confirm::CAPABILITY,
];

#[cfg(test)]
mod tests;
