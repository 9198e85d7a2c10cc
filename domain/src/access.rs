//! Which roles of a guild may do what, beside what Discord's own permissions say.
//!
//! Rules:
//! - An admin role may do everything that a guild can allow, but for naming such roles.
//! - A moderator role may moderate, and read what is kept of everybody.
//! - Naming them is left to Discord's administrators, or a role could give itself more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    EventType, RoleId,
    settings::{Configurable, Field, FieldValue, Kind, roles_in, roles_of},
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessSettings {
    pub admin_roles: Vec<RoleId>,
    pub moderator_roles: Vec<RoleId>,
}

impl AccessSettings {
    pub const MAX_ROLES: usize = 20;
}

impl Configurable for AccessSettings {
    const CAPABILITY: &'static str = "access_settings";
    const TYPES: &'static [EventType] = &[EventType::new("access_settings.changed", 1)];

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
        ]
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        match field {
            "admin_roles" => Some(roles_in(&self.admin_roles)),
            "moderator_roles" => Some(roles_in(&self.moderator_roles)),
            _ => None,
        }
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        let place = match field {
            "admin_roles" => &mut self.admin_roles,
            "moderator_roles" => &mut self.moderator_roles,
            _ => return false,
        };
        roles_of(value).map(|roles| *place = roles).is_some()
    }

    fn weight_bytes(&self) -> usize {
        (self.admin_roles.len() + self.moderator_roles.len()) * size_of::<RoleId>()
    }
}
