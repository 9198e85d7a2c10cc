//! One giveaway: who is in, and a draw that anyone can check.
//!
//! Rules:
//! - At its creation a seed is committed to, together with what is given and under which rules.
//!   The seed itself is not known to this aggregate before the draw.
//! - A member is in once, whatever is clicked how often; leaving and coming back keeps the entry's
//!   number. What was known of the member is kept with the entry. Nobody gets in before the start
//!   of the rules they do not meet, while it is paused, or at its end and after.
//! - Its end is closed first: number, weight and Merkle root of the entries are fixed, and nobody
//!   enters, leaves or changes the rules from then on.
//! - It is drawn once. The id of the message that told of the close goes into the draw, so that
//!   neither who made the seed nor who posted the message could choose the outcome. Rerolls go on
//!   where the draw stopped, never with another seed (`draw.rs` says how).
//! - Whoever was drawn or excluded is not drawn again. Every exclusion is on record with its reason.
//! - Who is drawn is looked at once more (still here, still the roles) and confirmed, or the next
//!   one is drawn. A confirmed winner claims in time, or the prize goes on: claim or lapse, one of
//!   the two. Rerolls, by time or by hand, stop after exactly as many as the terms allow.
//! - The time to claim begins when the winner was called where everybody reads it. Where that cannot
//!   be done, they have [`UNCALLED_SECS`] at least, in which the host can see to it by hand.
//! - It can be called off until it is drawn. One that cannot be posted is called off by that.
//!
//! Memory: at most [`MAX_BYTES_PER_ENTRY`] an entrant at 100,000 entrants.

mod decide;
mod draw;
mod events;
mod refusal;
pub mod settings;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use draw::{Pick, commitment, extract, leaf, pick};
pub use events::{DrawnFor, Event};
pub use refusal::Refusal;
pub use settings::GiveawaySettings;
pub use terms::{Bonus, Facts, Requirements, Terms};

use crate::{
    ChannelId, Decider, GiveawayId, MessageId, PersonId, Personal, Timestamp, Weigh, digest::Digest,
};

pub const MAX_ENTRIES: usize = 250_000;
pub const MAX_PRIZE_CHARS: usize = 200;
pub const MAX_WINNERS: u32 = 50;
pub const MAX_REROLLS: u32 = 100;
pub const MIN_DURATION_SECS: i64 = 10;
pub const MAX_DURATION_SECS: i64 = 365 * 24 * 60 * 60;
pub const MAX_CLAIM_SECS: u32 = 30 * 24 * 60 * 60;
/// How long a winner has at least whom nobody could call.
pub const UNCALLED_SECS: u32 = 24 * 60 * 60;
pub const MAX_ROLES: usize = 20;
/// Of one entry, with every bonus.
pub const MAX_WEIGHT: u32 = 1_000;
/// Members who are left out of a draw by name, such as winners of the giveaways before.
pub const MAX_LEFT_OUT: usize = 1_000;
pub const MAX_REASON_CHARS: usize = 300;
pub const MAX_BYTES_PER_ENTRY: usize = 100;

#[derive(Debug)]
pub struct Giveaway;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    made: Option<Made>,
    phase: Phase,
    entries: Vec<Entry>,
    places: HashMap<PersonId, u32>,
    draw: Option<Draw>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Made {
    id: GiveawayId,
    commitment: Digest,
    terms: Terms,
    root: Option<Digest>,
    channel: Option<ChannelId>,
    message: Option<MessageId>,
    host: PersonId,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    #[default]
    Open,
    /// Since then.
    Paused(Timestamp),
    Closed,
    Drawn,
    Cancelled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    person: PersonId,
    weight: u32,
    leaf: Digest,
    standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    In,
    Out,
    /// Taken out by a moderator, for good.
    Removed,
    Drawn,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Draw {
    key: Digest,
    next: u32,
    rerolls: u32,
    winners: Vec<Winner>,
}

/// Somebody who was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Winner {
    pub entry: u32,
    pub person: PersonId,
    pub state: WinnerState,
    /// Whether their time to claim has begun.
    #[serde(default)]
    pub called: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WinnerState {
    /// Drawn, and not yet looked at.
    Candidate,
    /// To claim until then, or longer as long as they were not called; none: the prize is theirs.
    Confirmed {
        claim_until: Option<Timestamp>,
    },
    Claimed,
    /// Disqualified, too late, or rerolled away.
    Gone,
    /// Too late.
    Lapsed,
}

/// Why an entry is not drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// Took the entry back.
    Left,
    /// A moderator took it out.
    Removed,
    /// This bot does not serve them.
    Blocked,
    LeftServer,
    /// No longer meets what is required.
    NoLongerEligible,
    /// Has won before.
    PreviousWinner,
}

#[derive(Clone, Debug)]
pub enum Command {
    Create {
        id: GiveawayId,
        by: PersonId,
        channel: ChannelId,
        terms: Terms,
        commitment: Digest,
        at: Timestamp,
    },
    /// Discord posted it.
    NotePosted {
        message: MessageId,
        at: Timestamp,
    },
    /// Discord would not.
    NotePostFailed {
        code: u64,
        at: Timestamp,
    },
    Edit {
        by: PersonId,
        terms: Terms,
        at: Timestamp,
    },
    /// `salt` is fresh, and told to nobody but the member.
    Enter {
        person: PersonId,
        facts: Facts,
        salt: Digest,
        at: Timestamp,
    },
    Leave {
        person: PersonId,
        at: Timestamp,
    },
    Remove {
        person: PersonId,
        by: PersonId,
        at: Timestamp,
    },
    Pause {
        by: PersonId,
        at: Timestamp,
    },
    /// The time that it was paused is added to its end.
    Resume {
        by: PersonId,
        at: Timestamp,
    },
    /// At its end; before, if somebody says so.
    Close {
        by: Option<PersonId>,
        at: Timestamp,
    },
    Cancel {
        by: PersonId,
        at: Timestamp,
    },
    Draw {
        message: MessageId,
        seed: Digest,
        left_out: Vec<(PersonId, Exclusion)>,
        at: Timestamp,
    },
    /// The candidate of this entry may win.
    Confirm {
        entry: u32,
        at: Timestamp,
    },
    /// The candidate of this entry may not.
    Disqualify {
        entry: u32,
        why: Exclusion,
        at: Timestamp,
    },
    /// The winner of this entry was called by this message; none: that could not be done.
    OpenClaim {
        entry: u32,
        message: Option<MessageId>,
        at: Timestamp,
    },
    Claim {
        person: PersonId,
        at: Timestamp,
    },
    /// The time to claim may be over.
    Lapse {
        entry: u32,
        at: Timestamp,
    },
    Reroll {
        entry: u32,
        by: PersonId,
        reason: Personal<String>,
        at: Timestamp,
    },
}

impl Decider for Giveaway {
    const CAPABILITY: &'static str = "giveaway";
    const SNAPSHOT_VERSION: u32 = 3;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        state.decide(command)
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Created { id, by, terms, commitment, channel, .. } => {
                state.made = Some(Made {
                    id: *id,
                    commitment: *commitment,
                    terms: terms.clone(),
                    root: None,
                    channel: *channel,
                    message: None,
                    host: *by,
                });
            }
            Event::Posted { message, .. } => {
                if let Some(made) = &mut state.made {
                    made.message = Some(*message);
                }
            }
            Event::Edited { terms, .. } => {
                if let Some(made) = &mut state.made {
                    made.terms = terms.clone();
                }
            }
            Event::Entered { entry, person, weight, salt, .. } => {
                state.enter(*entry, *person, *weight, salt);
            }
            Event::EntryExcluded { entry, why, .. } => {
                let removed = *why == Exclusion::Removed;
                state.stands(*entry, if removed { Standing::Removed } else { Standing::Out });
            }
            Event::Paused { at, .. } => state.phase = Phase::Paused(*at),
            Event::Resumed { ends_at, .. } => {
                state.phase = Phase::Open;
                if let Some(made) = &mut state.made {
                    made.terms.ends_at = *ends_at;
                }
            }
            Event::Closed { root, .. } => {
                state.phase = Phase::Closed;
                if let Some(made) = &mut state.made {
                    made.root = Some(*root);
                }
            }
            Event::Cancelled { .. } | Event::PostFailed { .. } => state.phase = Phase::Cancelled,
            Event::DrawBegun { message, seed, .. } => {
                let root = state.made.as_ref().and_then(|made| made.root);
                let key = extract(*message, &root.unwrap_or(Digest([0; 32])), seed);
                state.phase = Phase::Drawn;
                state.draw = Some(Draw { key, next: 0, rerolls: 0, winners: Vec::new() });
            }
            Event::CandidateDrawn { k, entry, person, why, .. } => {
                state.stands(*entry, Standing::Drawn);
                if let Some(draw) = &mut state.draw {
                    draw.next = k.saturating_add(1);
                    let again = matches!(why, DrawnFor::Lapse | DrawnFor::Reroll);
                    draw.rerolls = draw.rerolls.saturating_add(u32::from(again));
                    let (entry, person, state) = (*entry, *person, WinnerState::Candidate);
                    draw.winners.push(Winner { entry, person, state, called: false });
                }
            }
            Event::WinnerConfirmed { entry, claim_until, .. } => {
                state.becomes(*entry, WinnerState::Confirmed { claim_until: *claim_until });
            }
            Event::ClaimOpened { entry, claim_until, .. } => {
                let claim_until = Some(*claim_until);
                state.becomes(*entry, WinnerState::Confirmed { claim_until });
                let winners = state.draw.as_mut().map(|draw| &mut draw.winners);
                for winner in winners.into_iter().flatten().filter(|one| one.entry == *entry) {
                    winner.called = true;
                }
            }
            Event::PrizeClaimed { entry, .. } => state.becomes(*entry, WinnerState::Claimed),
            Event::ClaimLapsed { entry, .. } => state.becomes(*entry, WinnerState::Lapsed),
            Event::CandidateDisqualified { entry, .. } | Event::WinnerRerolled { entry, .. } => {
                state.becomes(*entry, WinnerState::Gone);
            }
            Event::NobodyLeft { .. } | Event::RerollsExhausted { .. } => {}
        }
    }
}

impl State {
    pub fn phase(&self) -> Phase {
        self.phase
    }

    pub fn terms(&self) -> Option<&Terms> {
        self.made.as_ref().map(|made| &made.terms)
    }

    pub fn commitment(&self) -> Option<Digest> {
        self.made.as_ref().map(|made| made.commitment)
    }

    /// Fixed when it was closed.
    pub fn root(&self) -> Option<Digest> {
        self.made.as_ref().and_then(|made| made.root)
    }

    /// Where it stands in Discord.
    pub fn channel(&self) -> Option<ChannelId> {
        self.made.as_ref().and_then(|made| made.channel)
    }

    pub fn message(&self) -> Option<MessageId> {
        self.made.as_ref().and_then(|made| made.message)
    }

    /// Who made it.
    pub fn host(&self) -> Option<PersonId> {
        self.made.as_ref().map(|made| made.host)
    }

    /// Every number that was given out, also to those who are not in any more.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// Number, weight and leaf of somebody who has an entry that counts, or was drawn.
    pub fn held_by(&self, person: PersonId) -> Option<(u32, u32, Digest)> {
        let (number, entry) = self.entry_of(person)?;
        let holds = matches!(entry.standing, Standing::In | Standing::Drawn);
        holds.then_some((number, entry.weight, entry.leaf))
    }

    /// Everybody who was drawn, in order.
    pub fn winners(&self) -> &[Winner] {
        self.draw.as_ref().map_or(&[], |draw| &draw.winners)
    }

    /// Chances of all who are in, together.
    pub fn weight(&self) -> u64 {
        self.weights().iter().map(|weight| u64::from(*weight)).sum()
    }

    /// How many are in.
    pub fn standing(&self) -> usize {
        self.entries.iter().filter(|entry| entry.standing == Standing::In).count()
    }

    /// When a winner's time to claim is over; none where it never is.
    pub fn lapses_at(&self, entry: u32) -> Option<Timestamp> {
        let winner = self.winner(entry)?;
        let WinnerState::Confirmed { claim_until: Some(until) } = winner.state else { return None };
        let patience = if winner.called { 0 } else { i64::from(UNCALLED_SECS) };
        Some(until.plus_secs(patience))
    }

    fn entry_of(&self, person: PersonId) -> Option<(u32, &Entry)> {
        let number = *self.places.get(&person)?;
        Some((number, self.entry(number)?))
    }

    fn entry(&self, number: u32) -> Option<&Entry> {
        self.entries.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    fn winner(&self, entry: u32) -> Option<&Winner> {
        self.winners().iter().find(|winner| winner.entry == entry)
    }

    /// Weights of those who can be drawn, by place; zero for the others.
    fn weights(&self) -> Vec<u32> {
        let weight = |entry: &Entry| if entry.standing == Standing::In { entry.weight } else { 0 };
        self.entries.iter().map(weight).collect()
    }

    fn enter(&mut self, number: u32, person: PersonId, weight: u32, salt: &Digest) {
        let Some(made) = &self.made else { return };
        let leaf = leaf(made.id, number, weight, person, salt);
        let entry = Entry { person, weight, leaf, standing: Standing::In };
        let Some(place) = number.checked_sub(1).and_then(|place| usize::try_from(place).ok())
        else {
            return;
        };
        if let Some(known) = self.entries.get_mut(place) {
            *known = entry;
        } else {
            if self.entries.len() == self.entries.capacity() {
                // An eighth more at a time: doubling would leave half of it empty.
                self.entries.reserve_exact(self.entries.len() / 8 + 16);
            }
            self.entries.push(entry);
        }
        self.places.insert(person, number);
    }

    fn stands(&mut self, number: u32, standing: Standing) {
        let place = number.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        if let Some(entry) = place.and_then(|place| self.entries.get_mut(place)) {
            entry.standing = standing;
        }
    }

    fn becomes(&mut self, entry: u32, becomes: WinnerState) {
        let winners = self.draw.as_mut().map(|draw| &mut draw.winners);
        let winner = winners.and_then(|all| all.iter_mut().find(|winner| winner.entry == entry));
        if let Some(winner) = winner {
            winner.state = becomes;
        }
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        size_of::<Self>()
            + self.entries.capacity() * size_of::<Entry>()
            + self.places.capacity() * 8 / 7 * (size_of::<(PersonId, u32)>() + 1)
            + size_of_val(self.winners())
    }
}
