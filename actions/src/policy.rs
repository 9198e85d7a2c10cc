//! What the operator of this installation has decided, from its configuration.

use std::collections::{BTreeMap, BTreeSet};

use domain::UserId;

#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Who runs this installation, beside whoever sits at its console.
    pub operators: BTreeSet<UserId>,
    /// Names of modules that are switched on for the instance, and with `no-` off.
    pub features: BTreeSet<String>,
    /// How many seconds a member waits before using a command again, over its own default.
    pub cooldowns: BTreeMap<String, u32>,
    /// Where people's browsers reach the dashboard, without a slash at its end; none where nobody
    /// has said.
    pub dashboard: Option<String>,
    /// Origins to which webhooks may lead wherever they lie.
    pub trusted_origins: Vec<String>,
}
