//! What happened in a campaign, as it is stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Failure, Limits, Reward};
use crate::{DomainEvent, EventType, PersonId, Timestamp, digest::Digest};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Created {
        name: String,
        by: PersonId,
        reward: Reward,
        limits: Limits,
        at: Timestamp,
    },
    LimitsSet {
        by: PersonId,
        limits: Limits,
        at: Timestamp,
    },
    /// A use, and the intent to reward it.
    Redeemed {
        number: u32,
        person: PersonId,
        code: Digest,
        reward: Reward,
        at: Timestamp,
    },
    RewardDelivered {
        number: u32,
        person: PersonId,
        attempt: u32,
        at: Timestamp,
    },
    RewardFailed {
        number: u32,
        person: PersonId,
        attempt: u32,
        why: Failure,
        at: Timestamp,
    },
    RewardOrderedAgain {
        number: u32,
        person: PersonId,
        attempt: u32,
        reward: Reward,
        at: Timestamp,
    },
    CodeRevoked {
        code: Digest,
        by: PersonId,
        at: Timestamp,
    },
    Revoked {
        by: PersonId,
        at: Timestamp,
    },
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("campaign.created", 1),
        EventType::new("campaign.limits_set", 1),
        EventType::new("campaign.redeemed", 1),
        EventType::new("campaign.reward_delivered", 1),
        EventType::new("campaign.reward_failed", 1),
        EventType::new("campaign.reward_ordered_again", 1),
        EventType::new("campaign.code_revoked", 1),
        EventType::new("campaign.revoked", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::Created { .. } => 0,
            Self::LimitsSet { .. } => 1,
            Self::Redeemed { .. } => 2,
            Self::RewardDelivered { .. } => 3,
            Self::RewardFailed { .. } => 4,
            Self::RewardOrderedAgain { .. } => 5,
            Self::CodeRevoked { .. } => 6,
            Self::Revoked { .. } => 7,
        }]
    }
}
