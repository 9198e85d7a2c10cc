//! Which code belongs to which campaign: of one guild, all of them.
//!
//! Rules:
//! - A code is known only by a keyed hash. The code itself reaches neither the log nor this state.
//! - A code belongs to one campaign, once and for good: a code that was revoked (by its campaign,
//!   which counts its uses too) does not come back under another one.
//! - Codes are registered as a whole or not at all, at most [`MAX_BATCH`] at once and
//!   [`MAX_CODES`] in one guild.
//! - Registering the same codes for the same campaign again changes nothing.
//!
//! Memory: at most [`MAX_BYTES_PER_CODE`] a code at 100,000 codes.

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CampaignId, Decider, DomainEvent, EventType, Timestamp, Weigh, digest::Digest};

pub const MAX_CODES: usize = 200_000;
pub const MAX_BATCH: usize = 1_000;
pub const MAX_BYTES_PER_CODE: usize = 112;

#[derive(Debug)]
pub struct Codes;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    codes: HashMap<Digest, CampaignId>,
}

#[derive(Clone, Debug)]
pub enum Command {
    Register { campaign: CampaignId, codes: Vec<Digest>, at: Timestamp },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    CodesRegistered { campaign: CampaignId, codes: Vec<Digest>, at: Timestamp },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("Give 1 to {MAX_BATCH} codes at once, each once.")]
    BatchInvalid,
    #[error("This code is taken already. Choose another one.")]
    CodeTaken,
    #[error("This community has {MAX_CODES} codes, which is the most.")]
    TooMany,
}

impl Decider for Codes {
    const CAPABILITY: &'static str = "codes";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        let Command::Register { campaign, codes, at } = command;
        let distinct: HashSet<_> = codes.iter().collect();
        if !(1..=MAX_BATCH).contains(&codes.len()) || distinct.len() != codes.len() {
            return Err(Refusal::BatchInvalid);
        }
        if codes.iter().all(|code| state.campaign_of(code) == Some(*campaign)) {
            return Ok(Vec::new());
        }
        if codes.iter().any(|code| state.codes.contains_key(code)) {
            return Err(Refusal::CodeTaken);
        }
        if state.codes.len() + codes.len() > MAX_CODES {
            return Err(Refusal::TooMany);
        }
        let (campaign, codes) = (*campaign, codes.clone());
        Ok(vec![Event::CodesRegistered { campaign, codes, at: *at }])
    }

    fn evolve(state: &mut State, event: &Event) {
        let Event::CodesRegistered { campaign, codes, .. } = event;
        state.codes.extend(codes.iter().map(|hash| (*hash, *campaign)));
    }
}

impl State {
    pub fn campaign_of(&self, code: &Digest) -> Option<CampaignId> {
        self.codes.get(code).copied()
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[EventType::new("codes.codes_registered", 1)];

    fn event_type(&self) -> EventType {
        Self::TYPES[0]
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        size_of::<Self>() + self.codes.capacity() * 8 / 7 * (size_of::<(Digest, CampaignId)>() + 1)
    }
}

impl crate::Refusal for Refusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::BatchInvalid => "codes.batch_invalid",
            Self::CodeTaken => "codes.code_taken",
            Self::TooMany => "codes.too_many",
        }
    }
}

#[cfg(test)]
mod tests;
