//! What happened in a guild's moderation, as it is stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{By, Deed, Failure, Reason, SanctionKind, Severity, StepDeed};
use crate::{
    AuditLogId, BatchId, CaseNumber, DomainEvent, EventType, PersonId, Personal, PersonalField,
    Timestamp,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    MemberWarned {
        case: CaseNumber,
        person: PersonId,
        by: By,
        severity: Severity,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Reason,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decays: Option<Timestamp>,
        /// Active warnings, with this one.
        active: u32,
        /// The member begins at the foot of the ladder with this one.
        ladder_restarted: bool,
        policy: u32,
        at: Timestamp,
    },
    MemberNoted {
        case: CaseNumber,
        person: PersonId,
        by: By,
        text: Personal<String>,
        at: Timestamp,
    },
    /// A warning reached a step. Without a case the member is being punished so already.
    LadderStepTaken {
        warning: CaseNumber,
        person: PersonId,
        step: u32,
        deed: StepDeed,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<CaseNumber>,
        policy: u32,
        at: Timestamp,
    },
    /// An intent: Discord is to do it.
    DeedOrdered {
        case: CaseNumber,
        deed: Deed,
        person: PersonId,
        by: By,
        origin: Origin,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Reason,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// What Discord is told, where it does not go as far as `until`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        covered_until: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delete_secs: Option<u32>,
        policy: u32,
        at: Timestamp,
    },
    DeedApplied {
        case: CaseNumber,
        person: PersonId,
        deed: Deed,
        at: Timestamp,
    },
    DeedFailed {
        case: CaseNumber,
        person: PersonId,
        deed: Deed,
        why: Failure,
        at: Timestamp,
    },
    /// Done by hand in Discord.
    DeedObserved {
        case: CaseNumber,
        audit: AuditLogId,
        deed: Deed,
        person: PersonId,
        by: By,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Reason,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        at: Timestamp,
    },
    WarningDecayed {
        case: CaseNumber,
        person: PersonId,
        at: Timestamp,
    },
    WarningPardoned {
        case: CaseNumber,
        person: PersonId,
        by: By,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Reason,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<BatchId>,
        at: Timestamp,
    },
    /// An intent: a timeout is to go on in Discord.
    RenewalOrdered {
        case: CaseNumber,
        person: PersonId,
        attempt: u32,
        covered_until: Timestamp,
        at: Timestamp,
    },
    RenewalApplied {
        case: CaseNumber,
        person: PersonId,
        attempt: u32,
        at: Timestamp,
    },
    RenewalFailed {
        case: CaseNumber,
        person: PersonId,
        attempt: u32,
        why: Failure,
        at: Timestamp,
    },
    /// An intent: Discord is to take it back.
    LiftOrdered {
        case: CaseNumber,
        person: PersonId,
        kind: SanctionKind,
        attempt: u32,
        why: LiftReason,
        /// Who wants it, where it is not its time that is over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<By>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Reason,
        at: Timestamp,
    },
    LiftFailed {
        case: CaseNumber,
        person: PersonId,
        attempt: u32,
        why: Failure,
        at: Timestamp,
    },
    SanctionRetimed {
        case: CaseNumber,
        person: PersonId,
        kind: SanctionKind,
        by: By,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        at: Timestamp,
    },
    /// It is no longer in force.
    SanctionEnded {
        case: CaseNumber,
        person: PersonId,
        kind: SanctionKind,
        why: EndReason,
        at: Timestamp,
    },
}

/// What led to a punishment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Order,
    Ladder { warning: CaseNumber, step: u32 },
    Batch(BatchId),
}

/// Why a punishment is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LiftReason {
    Expired,
    Pardoned,
    Undone(BatchId),
}

/// Why a punishment is no longer in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    Expired,
    Pardoned,
    Undone(BatchId),
    /// A newer case of the same kind took its place.
    ReplacedBy(CaseNumber),
    /// A case that ends such punishments.
    LiftedBy(CaseNumber),
}

impl From<LiftReason> for EndReason {
    fn from(why: LiftReason) -> Self {
        match why {
            LiftReason::Expired => Self::Expired,
            LiftReason::Pardoned => Self::Pardoned,
            LiftReason::Undone(undo) => Self::Undone(undo),
        }
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("moderation.member_warned", 1),
        EventType::new("moderation.member_noted", 1),
        EventType::new("moderation.ladder_step_taken", 1),
        EventType::new("moderation.deed_ordered", 1),
        EventType::new("moderation.deed_applied", 1),
        EventType::new("moderation.deed_failed", 1),
        EventType::new("moderation.deed_observed", 1),
        EventType::new("moderation.warning_decayed", 1),
        EventType::new("moderation.warning_pardoned", 1),
        EventType::new("moderation.renewal_ordered", 1),
        EventType::new("moderation.renewal_applied", 1),
        EventType::new("moderation.renewal_failed", 1),
        EventType::new("moderation.lift_ordered", 1),
        EventType::new("moderation.lift_failed", 1),
        EventType::new("moderation.sanction_retimed", 1),
        EventType::new("moderation.sanction_ended", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::MemberWarned { .. } => 0,
            Self::MemberNoted { .. } => 1,
            Self::LadderStepTaken { .. } => 2,
            Self::DeedOrdered { .. } => 3,
            Self::DeedApplied { .. } => 4,
            Self::DeedFailed { .. } => 5,
            Self::DeedObserved { .. } => 6,
            Self::WarningDecayed { .. } => 7,
            Self::WarningPardoned { .. } => 8,
            Self::RenewalOrdered { .. } => 9,
            Self::RenewalApplied { .. } => 10,
            Self::RenewalFailed { .. } => 11,
            Self::LiftOrdered { .. } => 12,
            Self::LiftFailed { .. } => 13,
            Self::SanctionRetimed { .. } => 14,
            Self::SanctionEnded { .. } => 15,
        }]
    }

    fn visit_personal(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn PersonalField)) {
        match self {
            Self::MemberNoted { text, .. } => visit("text", text),
            Self::MemberWarned { reason: Some(reason), .. }
            | Self::DeedOrdered { reason: Some(reason), .. }
            | Self::DeedObserved { reason: Some(reason), .. }
            | Self::WarningPardoned { reason: Some(reason), .. }
            | Self::LiftOrdered { reason: Some(reason), .. } => visit("reason", reason),
            _ => {}
        }
    }
}
