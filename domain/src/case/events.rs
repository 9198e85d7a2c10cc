//! What was said of a case, as it is stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FileOutcome, FileTold, Kind, Place, Status};
use crate::{
    CaseNumber, DomainEvent, EventType, PersonId, Personal, PersonalField, Timestamp,
    moderation::By,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Opened {
        case: CaseNumber,
        about: PersonId,
        kind: Kind,
        by: By,
        at: Timestamp,
    },
    NoteAdded {
        number: u32,
        by: By,
        text: Personal<String>,
        at: Timestamp,
    },
    ReasonEdited {
        by: By,
        text: Personal<String>,
        at: Timestamp,
    },
    EvidenceAdded {
        number: u32,
        by: By,
        text: Personal<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        at: Timestamp,
    },
    /// A file of the message that is this evidence.
    FileAttached {
        evidence: u32,
        file: u32,
        told: Personal<FileTold>,
        at: Timestamp,
    },
    FileSettled {
        evidence: u32,
        file: u32,
        outcome: FileOutcome,
        at: Timestamp,
    },
    EndSet {
        by: By,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        at: Timestamp,
    },
    Hidden {
        by: By,
        at: Timestamp,
    },
    Shown {
        by: By,
        at: Timestamp,
    },
    Linked {
        other: CaseNumber,
        by: By,
        at: Timestamp,
    },
    Unlinked {
        other: CaseNumber,
        by: By,
        at: Timestamp,
    },
    StatusChanged {
        from: Status,
        to: Status,
        by: By,
        at: Timestamp,
    },
    Appealed {
        number: u32,
        who: PersonId,
        text: Personal<String>,
        at: Timestamp,
    },
    AppealDecided {
        number: u32,
        by: By,
        accepted: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Personal<String>>,
        at: Timestamp,
    },
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("case.opened", 1),
        EventType::new("case.note_added", 1),
        EventType::new("case.reason_edited", 1),
        EventType::new("case.evidence_added", 1),
        EventType::new("case.end_set", 1),
        EventType::new("case.hidden", 1),
        EventType::new("case.shown", 1),
        EventType::new("case.linked", 1),
        EventType::new("case.unlinked", 1),
        EventType::new("case.status_changed", 1),
        EventType::new("case.appealed", 1),
        EventType::new("case.appeal_decided", 1),
        EventType::new("case.file_attached", 1),
        EventType::new("case.file_settled", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::Opened { .. } => 0,
            Self::NoteAdded { .. } => 1,
            Self::ReasonEdited { .. } => 2,
            Self::EvidenceAdded { .. } => 3,
            Self::EndSet { .. } => 4,
            Self::Hidden { .. } => 5,
            Self::Shown { .. } => 6,
            Self::Linked { .. } => 7,
            Self::Unlinked { .. } => 8,
            Self::StatusChanged { .. } => 9,
            Self::Appealed { .. } => 10,
            Self::AppealDecided { .. } => 11,
            Self::FileAttached { .. } => 12,
            Self::FileSettled { .. } => 13,
        }]
    }

    fn visit_personal(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn PersonalField)) {
        match self {
            Self::NoteAdded { text, .. }
            | Self::ReasonEdited { text, .. }
            | Self::EvidenceAdded { text, .. }
            | Self::Appealed { text, .. }
            | Self::AppealDecided { text: Some(text), .. } => visit("text", text),
            Self::FileAttached { told, .. } => visit("told", told),
            _ => {}
        }
    }
}
