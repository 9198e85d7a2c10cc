//! What happened to members' experience.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reason;
use crate::{
    ChannelId, DomainEvent, EventType, MessageId, PersonId, PersonalField, RoleId, Timestamp,
    voice::Place,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// What was taken in of a session, up to a place in it, and what it earned.
    Earned {
        session: String,
        to_seq: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        newest: Option<MessageId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heard_until: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        text: Vec<TextGain>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        voice: Vec<VoiceGain>,
        /// Who is in voice has been so up to here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voice_until: Option<Timestamp>,
    },
    /// Without a place, they left voice.
    VoiceChanged {
        person: PersonId,
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        /// What their time is multiplied with.
        percent: u32,
    },
    /// Nothing was heard in this time.
    VoiceSkipped {
        from: Timestamp,
        until: Timestamp,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        voice: Vec<VoiceGain>,
    },
    XpChanged {
        person: PersonId,
        from: u64,
        to: u64,
        at: Timestamp,
        source: Source,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Reason,
    },
    LevelReached {
        person: PersonId,
        level: u32,
        xp: u64,
        at: Timestamp,
        /// Where they wrote when they reached it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelId>,
    },
    RoleOrdered {
        person: PersonId,
        role: RoleId,
        /// To give it, or to take it.
        give: bool,
        level: u32,
        attempt: u32,
    },
    RoleDone {
        person: PersonId,
        role: RoleId,
        attempt: u32,
    },
    RoleFailed {
        person: PersonId,
        role: RoleId,
        attempt: u32,
        why: RoleFailure,
    },
}

/// What a message earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TextGain {
    pub person: PersonId,
    pub at: Timestamp,
    pub xp: u32,
}

/// What the time in voice earned, and what is left of its last minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VoiceGain {
    pub person: PersonId,
    pub until: Timestamp,
    pub xp: u32,
    pub rest_micros: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Given,
    Set,
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleFailure {
    /// The member has left.
    MemberGone,
    /// The role was deleted.
    RoleGone,
    /// The bot lacks the permission, or stands below the role.
    NotAllowed,
    /// Discord could not be reached, or refused for another reason, until it was given up.
    Unavailable,
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("levels.earned", 1),
        EventType::new("levels.voice_changed", 1),
        EventType::new("levels.voice_skipped", 1),
        EventType::new("levels.xp_changed", 1),
        EventType::new("levels.level_reached", 1),
        EventType::new("levels.role_ordered", 1),
        EventType::new("levels.role_done", 1),
        EventType::new("levels.role_failed", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::Earned { .. } => 0,
            Self::VoiceChanged { .. } => 1,
            Self::VoiceSkipped { .. } => 2,
            Self::XpChanged { .. } => 3,
            Self::LevelReached { .. } => 4,
            Self::RoleOrdered { .. } => 5,
            Self::RoleDone { .. } => 6,
            Self::RoleFailed { .. } => 7,
        }]
    }

    fn visit_personal(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn PersonalField)) {
        if let Self::XpChanged { reason: Some(reason), .. } = self {
            visit("reason", reason);
        }
    }
}
