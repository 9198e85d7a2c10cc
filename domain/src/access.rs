//! Which roles of a guild may do what, beside what Discord's own permissions say.
//!
//! Rules:
//! - An admin role may do everything that a guild can allow, but for naming such roles.
//! - A moderator role may moderate, and read what is kept of everybody.
//! - A giveaway role may run giveaways.
//! - An auditor role may read everything, and change nothing.
//! - An analyst role may look at numbers, and at nothing personal.
//! - Naming them is left to Discord's administrators, or a role could give itself more.
//! - Whether members learn who looked at what is kept of them, or when, or neither, is said here too.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    EventType, RoleId, Upcaster,
    grants::Role,
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
    pub members_see_reads: SeeReads,
}

/// What a member learns of those who looked at what is kept of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeeReads {
    Nothing,
    /// What was looked at and when, and not by whom.
    #[default]
    When,
    Who,
}

impl SeeReads {
    const WORDS: &'static [&'static str] = &["nothing", "when", "who"];

    const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::When => "when",
            Self::Who => "who",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Nothing, Self::When, Self::Who].into_iter().find(|one| one.word() == word)
    }
}

impl AccessSettings {
    pub const MAX_ROLES: usize = 20;

    /// Discord's roles that are named for one of ours.
    pub fn named_for(&self, role: Role) -> &[RoleId] {
        match role {
            Role::Admin => &self.admin_roles,
            Role::Moderator => &self.moderator_roles,
            Role::Host => &self.giveaway_roles,
            Role::Auditor => &self.auditor_roles,
            Role::Analyst => &self.analyst_roles,
        }
    }
}

impl Configurable for AccessSettings {
    const CAPABILITY: &'static str = "access_settings";
    const TYPES: &'static [EventType] = &[EventType::new("access_settings.changed", 3)];
    const UPCASTERS: &'static [Upcaster] = &[
        Upcaster { name: "access_settings.changed", from: 1, up: without_later_roles },
        Upcaster { name: "access_settings.changed", from: 2, up: without_reads },
    ];

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
            Field {
                name: "members_see_reads",
                title: "Members see who looked",
                help: "What members learn of staff who looked at their record: nothing, when it \
                       was, or who it was.",
                kind: Kind::Choice(SeeReads::WORDS),
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
            "members_see_reads" => {
                Some(FieldValue::Choice(self.members_see_reads.word().to_owned()))
            }
            _ => None,
        }
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        if let ("members_see_reads", FieldValue::Choice(word)) = (field, &value) {
            return SeeReads::of(word).map(|sees| self.members_see_reads = sees).is_some();
        }
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

/// Before reads were recorded.
fn without_reads(mut payload: serde_json::Value) -> serde_json::Value {
    let values = payload.pointer_mut("/changed/values");
    if let Some(values) = values.and_then(serde_json::Value::as_object_mut) {
        values.insert("members_see_reads".to_owned(), serde_json::json!("when"));
    }
    payload
}
