//! Which roles of a guild may do what, beside what Discord's own permissions say.
//!
//! Rules:
//! - An admin role may do everything that a guild can allow, but for naming such roles.
//! - A moderator role may moderate, and read what is kept of everybody.
//! - A giveaway role may run giveaways.
//! - An auditor role may read everything, and change nothing.
//! - An analyst role may look at numbers, and at nothing personal.
//! - Naming them is left to Discord's administrators, or a role could give itself more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    EventType, RoleId, Upcaster,
    settings::{Configurable, Field, FieldValue, Kind, roles_in, roles_of},
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessSettings {
    pub admin_roles: Vec<RoleId>,
    pub moderator_roles: Vec<RoleId>,
    pub giveaway_roles: Vec<RoleId>,
    pub auditor_roles: Vec<RoleId>,
    pub analyst_roles: Vec<RoleId>,
}

impl AccessSettings {
    pub const MAX_ROLES: usize = 20;
}

impl Configurable for AccessSettings {
    const CAPABILITY: &'static str = "access_settings";
    const TYPES: &'static [EventType] = &[EventType::new("access_settings.changed", 2)];
    const UPCASTERS: &'static [Upcaster] =
        &[Upcaster { name: "access_settings.changed", from: 1, up: without_later_roles }];

    fn fields() -> &'static [Field] {
        const ROLES: Kind = Kind::roles(AccessSettings::MAX_ROLES);
        &[
            Field {
                name: "admin_roles",
                title: "Admin roles",
                help: "Members with one of these roles may manage the economy and the settings.",
                kind: ROLES,
            },
            Field {
                name: "moderator_roles",
                title: "Moderator roles",
                help: "Members with one of these roles may use the moderators' commands.",
                kind: ROLES,
            },
            Field {
                name: "giveaway_roles",
                title: "Giveaway roles",
                help: "Members with one of these roles may run giveaways.",
                kind: ROLES,
            },
            Field {
                name: "auditor_roles",
                title: "Auditor roles",
                help: "Members with one of these roles may read everything and change nothing.",
                kind: ROLES,
            },
            Field {
                name: "analyst_roles",
                title: "Analyst roles",
                help: "Members with one of these roles may look at numbers, not at what was said.",
                kind: ROLES,
            },
        ]
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        match field {
            "admin_roles" => Some(roles_in(&self.admin_roles)),
            "moderator_roles" => Some(roles_in(&self.moderator_roles)),
            "giveaway_roles" => Some(roles_in(&self.giveaway_roles)),
            "auditor_roles" => Some(roles_in(&self.auditor_roles)),
            "analyst_roles" => Some(roles_in(&self.analyst_roles)),
            _ => None,
        }
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        let place = match field {
            "admin_roles" => &mut self.admin_roles,
            "moderator_roles" => &mut self.moderator_roles,
            "giveaway_roles" => &mut self.giveaway_roles,
            "auditor_roles" => &mut self.auditor_roles,
            "analyst_roles" => &mut self.analyst_roles,
            _ => return false,
        };
        roles_of(value).map(|roles| *place = roles).is_some()
    }

    fn weight_bytes(&self) -> usize {
        let lists = [
            &self.admin_roles,
            &self.moderator_roles,
            &self.giveaway_roles,
            &self.auditor_roles,
            &self.analyst_roles,
        ];
        lists.iter().map(|roles| roles.len() * size_of::<RoleId>()).sum()
    }
}

/// The first version knew admins and moderators only.
fn without_later_roles(mut payload: serde_json::Value) -> serde_json::Value {
    let values = payload.pointer_mut("/changed/values");
    if let Some(values) = values.and_then(serde_json::Value::as_object_mut) {
        for roles in ["giveaway_roles", "auditor_roles", "analyst_roles"] {
            values.insert(roles.to_owned(), serde_json::json!([]));
        }
    }
    payload
}
