//! What happened in a giveaway, as it is stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Exclusion, Terms};
use crate::{
    ChannelId, DomainEvent, EventType, GiveawayId, MessageId, PersonId, Personal, PersonalField,
    RoleId, Timestamp, digest::Digest,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Created {
        id: GiveawayId,
        by: PersonId,
        /// Where it is posted; none only in what was written before that was kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelId>,
        terms: Terms,
        commitment: Digest,
        at: Timestamp,
    },
    /// It can be seen, and entered.
    Posted {
        message: MessageId,
        at: Timestamp,
    },
    /// Discord would not post it, for the reason that it gives this number: it is over.
    PostFailed {
        code: u64,
        at: Timestamp,
    },
    Edited {
        by: PersonId,
        terms: Terms,
        at: Timestamp,
    },
    /// An entry, or one that came back under its old number.
    Entered {
        entry: u32,
        person: PersonId,
        weight: u32,
        salt: Digest,
        again: bool,
        /// Of the member's roles those that the terms name.
        roles: Vec<RoleId>,
        level: u32,
        account_days: u32,
        member_days: u32,
        at: Timestamp,
    },
    EntryExcluded {
        entry: u32,
        person: PersonId,
        why: Exclusion,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<PersonId>,
        at: Timestamp,
    },
    Paused {
        by: PersonId,
        at: Timestamp,
    },
    Resumed {
        by: PersonId,
        ends_at: Timestamp,
        at: Timestamp,
    },
    Closed {
        entries: u32,
        /// Of them those who can be drawn.
        standing: u32,
        weight: u64,
        root: Digest,
        /// Who ended it before its time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<PersonId>,
        at: Timestamp,
    },
    Cancelled {
        by: PersonId,
        at: Timestamp,
    },
    /// The seed is public from here on.
    DrawBegun {
        message: MessageId,
        seed: Digest,
        at: Timestamp,
    },
    CandidateDrawn {
        k: u32,
        j: u32,
        entry: u32,
        person: PersonId,
        why: DrawnFor,
        at: Timestamp,
    },
    /// There was nobody to draw for so many prizes.
    NobodyLeft {
        k: u32,
        prizes: u32,
        at: Timestamp,
    },
    CandidateDisqualified {
        entry: u32,
        person: PersonId,
        why: Exclusion,
        at: Timestamp,
    },
    WinnerConfirmed {
        entry: u32,
        person: PersonId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claim_until: Option<Timestamp>,
        at: Timestamp,
    },
    /// The winner was called, or that could not be done: from here on their time to claim runs.
    ClaimOpened {
        entry: u32,
        person: PersonId,
        /// Which calls them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
        claim_until: Timestamp,
        at: Timestamp,
    },
    PrizeClaimed {
        entry: u32,
        person: PersonId,
        at: Timestamp,
    },
    ClaimLapsed {
        entry: u32,
        person: PersonId,
        at: Timestamp,
    },
    WinnerRerolled {
        entry: u32,
        person: PersonId,
        by: PersonId,
        reason: Personal<String>,
        at: Timestamp,
    },
    RerollsExhausted {
        rerolls: u32,
        at: Timestamp,
    },
}

/// Why somebody is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrawnFor {
    Prize,
    /// In the place of a candidate who may not win.
    Disqualification,
    /// In the place of a winner who did not claim.
    Lapse,
    /// In the place of a winner whom somebody rerolled.
    Reroll,
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("giveaway.created", 1),
        EventType::new("giveaway.edited", 1),
        EventType::new("giveaway.entered", 1),
        EventType::new("giveaway.entry_excluded", 1),
        EventType::new("giveaway.paused", 1),
        EventType::new("giveaway.resumed", 1),
        EventType::new("giveaway.closed", 1),
        EventType::new("giveaway.cancelled", 1),
        EventType::new("giveaway.draw_begun", 1),
        EventType::new("giveaway.candidate_drawn", 1),
        EventType::new("giveaway.nobody_left", 1),
        EventType::new("giveaway.candidate_disqualified", 1),
        EventType::new("giveaway.winner_confirmed", 1),
        EventType::new("giveaway.prize_claimed", 1),
        EventType::new("giveaway.claim_lapsed", 1),
        EventType::new("giveaway.winner_rerolled", 1),
        EventType::new("giveaway.rerolls_exhausted", 1),
        EventType::new("giveaway.posted", 1),
        EventType::new("giveaway.post_failed", 1),
        EventType::new("giveaway.claim_opened", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::Created { .. } => 0,
            Self::Edited { .. } => 1,
            Self::Entered { .. } => 2,
            Self::EntryExcluded { .. } => 3,
            Self::Paused { .. } => 4,
            Self::Resumed { .. } => 5,
            Self::Closed { .. } => 6,
            Self::Cancelled { .. } => 7,
            Self::DrawBegun { .. } => 8,
            Self::CandidateDrawn { .. } => 9,
            Self::NobodyLeft { .. } => 10,
            Self::CandidateDisqualified { .. } => 11,
            Self::WinnerConfirmed { .. } => 12,
            Self::PrizeClaimed { .. } => 13,
            Self::ClaimLapsed { .. } => 14,
            Self::WinnerRerolled { .. } => 15,
            Self::RerollsExhausted { .. } => 16,
            Self::Posted { .. } => 17,
            Self::PostFailed { .. } => 18,
            Self::ClaimOpened { .. } => 19,
        }]
    }

    fn visit_personal(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn PersonalField)) {
        if let Self::WinnerRerolled { reason, .. } = self {
            visit("reason", reason);
        }
    }
}
