//! What happened to squads, as it is stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Failure, MoveId, Owed, SquadId, Unmoved};
use crate::{Bytes, DomainEvent, EventType, PersonId, RoleId, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Created {
        squad: SquadId,
        name: String,
        description: String,
        role: RoleId,
        by: PersonId,
        at: Timestamp,
    },
    Edited {
        squad: SquadId,
        name: String,
        description: String,
        role: RoleId,
        active: bool,
        by: PersonId,
        at: Timestamp,
    },
    Deleted {
        squad: SquadId,
        role: RoleId,
        by: PersonId,
        at: Timestamp,
    },
    /// Members of a deleted squad, who are in none now.
    Released {
        squad: SquadId,
        role: RoleId,
        people: Vec<PersonId>,
        more: bool,
        at: Timestamp,
    },
    /// A move that costs, before it is paid.
    MoveBegun {
        person: PersonId,
        id: MoveId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<SquadId>,
        to: SquadId,
        cost: Bytes,
        at: Timestamp,
    },
    MoveRefused {
        person: PersonId,
        id: MoveId,
        why: Unmoved,
        at: Timestamp,
    },
    /// They are in, and the intent to give the role.
    Joined {
        person: PersonId,
        id: MoveId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<SquadId>,
        squad: SquadId,
        role: RoleId,
        cost: Bytes,
        at: Timestamp,
    },
    /// The move is made in full; the former role is to go.
    RoleGiven {
        person: PersonId,
        id: MoveId,
        squad: SquadId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        former: Option<RoleId>,
        cost: Bytes,
        at: Timestamp,
    },
    /// Discord would not give the role: back to where they were.
    MoveUndone {
        person: PersonId,
        id: MoveId,
        squad: SquadId,
        /// What was to be given, where the squad is still known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<RoleId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back: Option<SquadId>,
        cost: Bytes,
        why: Failure,
        at: Timestamp,
    },
    Left {
        person: PersonId,
        squad: SquadId,
        role: RoleId,
        at: Timestamp,
    },
    /// Roles that are to be as the squads are: these given, those taken.
    RolesRepaired {
        give: Vec<Owed>,
        take: Vec<Owed>,
        by: PersonId,
        at: Timestamp,
    },
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("squads.created", 1),
        EventType::new("squads.edited", 1),
        EventType::new("squads.deleted", 1),
        EventType::new("squads.released", 1),
        EventType::new("squads.move_begun", 1),
        EventType::new("squads.move_refused", 1),
        EventType::new("squads.joined", 1),
        EventType::new("squads.role_given", 1),
        EventType::new("squads.move_undone", 1),
        EventType::new("squads.left", 1),
        EventType::new("squads.roles_repaired", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::Created { .. } => 0,
            Self::Edited { .. } => 1,
            Self::Deleted { .. } => 2,
            Self::Released { .. } => 3,
            Self::MoveBegun { .. } => 4,
            Self::MoveRefused { .. } => 5,
            Self::Joined { .. } => 6,
            Self::RoleGiven { .. } => 7,
            Self::MoveUndone { .. } => 8,
            Self::Left { .. } => 9,
            Self::RolesRepaired { .. } => 10,
        }]
    }
}
