//! Which roles of a guild may do what, beside what Discord's own permissions say.
//!
//! Rules:
//! - An admin role may do everything that a guild can allow, but for naming such roles.
//! - A moderator role may moderate, and read what is kept of everybody.
//! - A giveaway role may run giveaways.
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
}

impl AccessSettings {
    pub const MAX_ROLES: usize = 20;
}

/// Version 1 had no such roles.
fn without_giveaway_roles(mut payload: serde_json::Value) -> serde_json::Value {
    let values = payload.pointer_mut("/changed/values");
    if let Some(values) = values.and_then(serde_json::Value::as_object_mut) {
        values.insert("giveaway_roles".to_owned(), serde_json::json!([]));
    }
    payload
}

impl Configurable for AccessSettings {
    const CAPABILITY: &'static str = "access_settings";
    const TYPES: &'static [EventType] = &[EventType::new("access_settings.changed", 2)];
    const UPCASTERS: &'static [Upcaster] =
        &[Upcaster { name: "access_settings.changed", from: 1, up: without_giveaway_roles }];

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
        ]
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        match field {
            "admin_roles" => Some(roles_in(&self.admin_roles)),
            "moderator_roles" => Some(roles_in(&self.moderator_roles)),
            "giveaway_roles" => Some(roles_in(&self.giveaway_roles)),
            _ => None,
        }
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        let place = match field {
            "admin_roles" => &mut self.admin_roles,
            "moderator_roles" => &mut self.moderator_roles,
            "giveaway_roles" => &mut self.giveaway_roles,
            _ => return false,
        };
        roles_of(value).map(|roles| *place = roles).is_some()
    }

    fn weight_bytes(&self) -> usize {
        let roles = [&self.admin_roles, &self.moderator_roles, &self.giveaway_roles];
        roles.iter().map(|roles| roles.len()).sum::<usize>() * size_of::<RoleId>()
    }
}
