//! What happened to tiers and to those who hold them, as it is stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EndReason, Failure, Giver};
use crate::{Bytes, DomainEvent, EventType, PersonId, RoleId, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Set {
        role: RoleId,
        name: String,
        daily_bonus: Bytes,
        by: PersonId,
        at: Timestamp,
    },
    Removed {
        role: RoleId,
        by: PersonId,
        at: Timestamp,
    },
    /// Held until then, and the intent to give the role.
    Granted {
        person: PersonId,
        role: RoleId,
        days: u32,
        until: Timestamp,
        attempt: u32,
        by: Giver,
        at: Timestamp,
    },
    Ended {
        person: PersonId,
        role: RoleId,
        why: EndReason,
        at: Timestamp,
    },
    RoleOrdered {
        person: PersonId,
        role: RoleId,
        attempt: u32,
        at: Timestamp,
    },
    RoleGiven {
        person: PersonId,
        role: RoleId,
        attempt: u32,
        at: Timestamp,
    },
    RoleFailed {
        person: PersonId,
        role: RoleId,
        attempt: u32,
        why: Failure,
        at: Timestamp,
    },
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("tiers.set", 1),
        EventType::new("tiers.removed", 1),
        EventType::new("tiers.granted", 1),
        EventType::new("tiers.ended", 1),
        EventType::new("tiers.role_ordered", 1),
        EventType::new("tiers.role_given", 1),
        EventType::new("tiers.role_failed", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::Set { .. } => 0,
            Self::Removed { .. } => 1,
            Self::Granted { .. } => 2,
            Self::Ended { .. } => 3,
            Self::RoleOrdered { .. } => 4,
            Self::RoleGiven { .. } => 5,
            Self::RoleFailed { .. } => 6,
        }]
    }
}
