//! Experience and levels, for writing and for being together in voice.
//!
//! Rules:
//! - A message earns once per member and cooldown, a number between two that follows from the
//!   message's own id. What a member writes while they flood earns nothing, and neither does it
//!   begin a cooldown.
//! - Time in voice earns by the whole minute that counts (see [`crate::voice`]); what is left of a
//!   minute is kept for the next.
//! - Messages that were read only after a gap earn by the same cooldown, among themselves and beside
//!   what was heard live. What earned last before the gap is not remembered once something after it
//!   earned, so at the gap's beginning one message more may earn.
//! - Roles and channels multiply, or earn nothing. Where several of a member's roles multiply, the
//!   highest does.
//! - What the gateway tells earns once (see [`Mark`]), over restarts and handovers.
//! - Who earned as much as a level asks for has reached it; the level follows from the experience
//!   and the curve in force, and is never stored.
//! - Other settings never change what somebody has; what they would do is told before (see
//!   [`outlook`]).
//! - Levels can give roles. An order is only an intent and ends in one outcome: Discord did it, or
//!   it did not. With *replace* the reward before is taken when a higher one is given.
//! - What members bring along from another bot is added to what they have, once for each source
//!   (the key says so). Nobody has reached a level by it, so nobody is told of one.
//! - Staff may give, take, set and reset experience, with a reason. Nobody has less than nothing or
//!   more than [`MAX_XP`].
//!
//! Memory: about 40 bytes for each member who ever earned, and 40 for each role that was earned.

mod decide;
mod events;
pub mod outlook;
mod settings;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

pub use self::{
    events::{Event, RoleFailure, Source, TextGain, VoiceGain},
    settings::{
        Announce, ChannelPercent, Curve, FULL, LevelReward, LevelSettings, Rewards, RolePercent,
    },
};
use crate::{
    ChannelId, Decider, MessageId, PersonId, Personal, Refusal, RoleId, Timestamp, Weigh,
    heard::Mark,
    settings::InForce,
    voice::{Place, Rooms},
};

#[derive(Debug)]
pub struct Levels;

/// The most that a member can have.
pub const MAX_XP: u64 = 1_000_000_000_000;
pub const MAX_REASON_CHARS: usize = 300;

pub type Terms = std::sync::Arc<InForce<LevelSettings>>;
pub type Reason = Option<Personal<String>>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    mark: Mark,
    members: HashMap<PersonId, Member>,
    /// With how much each is multiplied, in percent.
    rooms: Rooms<u32>,
    roles: HashMap<(PersonId, RoleId), RoleOrder>,
    #[serde(default)]
    late: Late,
}

/// What earned last of the gap that is made up for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Late {
    gap: String,
    last: HashMap<PersonId, Timestamp>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub xp: u64,
    /// Since when the last message that earned is past.
    last_text: Option<Timestamp>,
    /// Of a minute in voice that is not full yet.
    rest_micros: u32,
}

/// How it stands with one role of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleOrder {
    /// To give it, or to take it.
    pub give: bool,
    /// Which order this is: 1, 2, 3 …
    pub attempt: u32,
    pub open: bool,
    pub failed: bool,
}

/// Something that the gateway told, as far as it can earn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub seq: u64,
    pub at: Timestamp,
    pub what: What,
}

/// Each with what it is multiplied with, in percent; nothing earns nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Written {
        id: MessageId,
        person: PersonId,
        channel: ChannelId,
        percent: u32,
        flood: bool,
    },
    Voice {
        person: PersonId,
        place: Option<(Place, u32)>,
    },
    /// These are in voice now, and nobody else.
    VoiceIs {
        here: Vec<(PersonId, Place, u32)>,
    },
}

#[derive(Clone, Debug)]
pub enum Command {
    Earn {
        session: String,
        facts: Vec<Fact>,
        voice_until: Option<Timestamp>,
        terms: Terms,
    },
    /// Messages of a gap that were asked for afterwards, in the order in which they were made.
    Recover {
        gap: Timestamp,
        facts: Vec<Fact>,
        terms: Terms,
    },
    /// Nothing was heard in this time: nobody earns by voice in it.
    Skip {
        from: Timestamp,
        until: Timestamp,
        terms: Terms,
    },
    Change {
        person: PersonId,
        change: Change,
        reason: Reason,
        at: Timestamp,
        terms: Terms,
    },
    /// An order came to this.
    NoteRole {
        person: PersonId,
        role: RoleId,
        attempt: u32,
        failed: Option<RoleFailure>,
    },
}

/// What staff does to a member's experience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Less than nothing takes.
    Give(i64),
    Set(u64),
    Reset,
    /// Brought along from another bot: nobody is told of it, and roles follow with the next level.
    Bring(u64),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("nothing would change: name an amount other than 0")]
    Nothing,
    #[error("nobody can have more than {MAX_XP} XP; choose less")]
    TooMuch,
    #[error("the reason is too long: use at most {MAX_REASON_CHARS} characters")]
    ReasonTooLong,
}

impl Refusal for Refused {
    fn rule(&self) -> &'static str {
        match self {
            Self::Nothing => "levels.nothing",
            Self::TooMuch => "levels.too_much",
            Self::ReasonTooLong => "levels.reason_too_long",
        }
    }
}

impl Decider for Levels {
    const CAPABILITY: &'static str = "levels";
    const SNAPSHOT_VERSION: u32 = 2;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refused;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refused> {
        match command {
            Command::Earn { session, facts, voice_until, terms } => {
                Ok(decide::earn(state, session, facts, *voice_until, &terms.values))
            }
            Command::Recover { gap, facts, terms } => {
                Ok(decide::recover(state, *gap, facts, &terms.values))
            }
            Command::Skip { from, until, terms } => {
                Ok(decide::skip(state, *from, *until, &terms.values))
            }
            Command::Change { person, change, reason, at, terms } => {
                decide::change(state, *person, *change, reason, *at, &terms.values)
            }
            Command::NoteRole { person, role, attempt, failed } => {
                Ok(decide::note(state, *person, *role, *attempt, *failed))
            }
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Earned { session, to_seq, newest, heard_until, text, voice, voice_until } => {
                if *to_seq > 0 {
                    state.mark.advance(session, *to_seq, *newest, *heard_until);
                } else if !text.is_empty() {
                    state.late.took(session, text);
                }
                for gain in text {
                    let member = state.members.entry(gain.person).or_default();
                    member.add(gain.xp);
                    member.last_text = member.last_text.max(Some(gain.at));
                }
                for gain in voice {
                    let member = state.members.entry(gain.person).or_default();
                    member.add(gain.xp);
                    member.rest_micros = gain.rest_micros;
                }
                if let Some(at) = voice_until {
                    state.rooms.accrue(*at);
                }
            }
            Event::VoiceChanged { person, at, place, percent } => {
                state.rooms.change(*person, place.map(|place| (place, *percent)), *at);
            }
            Event::VoiceSkipped { from, until, voice } => {
                for gain in voice {
                    let member = state.members.entry(gain.person).or_default();
                    member.add(gain.xp);
                    member.rest_micros = gain.rest_micros;
                }
                state.rooms.skip(*from, *until);
            }
            Event::XpChanged { person, to, .. } => {
                state.members.entry(*person).or_default().xp = *to;
            }
            Event::LevelReached { .. } => {}
            Event::RoleOrdered { person, role, give, attempt, .. } => {
                let order = RoleOrder { give: *give, attempt: *attempt, open: true, failed: false };
                state.roles.insert((*person, *role), order);
            }
            Event::RoleDone { person, role, .. } => state.close(*person, *role, false),
            Event::RoleFailed { person, role, .. } => state.close(*person, *role, true),
        }
    }
}

impl Late {
    fn took(&mut self, gap: &str, text: &[TextGain]) {
        if self.gap != gap {
            *self = Self { gap: gap.to_owned(), ..Self::default() };
        }
        for gain in text {
            let last = self.last.entry(gain.person).or_insert(gain.at);
            *last = gain.at.max(*last);
        }
    }
}

impl Member {
    fn add(&mut self, xp: u32) {
        self.xp = (self.xp + u64::from(xp)).min(MAX_XP);
    }
}

impl State {
    pub fn xp(&self, person: PersonId) -> u64 {
        self.members.get(&person).map_or(0, |member| member.xp)
    }

    pub fn role(&self, person: PersonId, role: RoleId) -> Option<RoleOrder> {
        self.roles.get(&(person, role)).copied()
    }

    /// Whether the role was given, or is about to be.
    fn has(&self, person: PersonId, role: RoleId) -> bool {
        self.role(person, role).is_some_and(|order| order.give && (order.open || !order.failed))
    }

    /// The newest message that earned or was looked at live.
    pub const fn newest(&self) -> Option<MessageId> {
        self.mark.newest()
    }

    pub fn nobody_in_voice(&self) -> bool {
        self.rooms.is_empty()
    }

    fn member(&self, person: PersonId) -> Member {
        self.members.get(&person).copied().unwrap_or_default()
    }

    fn close(&mut self, person: PersonId, role: RoleId, failed: bool) {
        if let Some(order) = self.roles.get_mut(&(person, role)) {
            (order.open, order.failed) = (false, failed);
        }
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        let member = size_of::<(PersonId, Member)>() + 1;
        let role = size_of::<((PersonId, RoleId), RoleOrder)>() + 1;
        size_of::<Self>()
            + self.members.capacity() * 8 / 7 * member
            + self.roles.capacity() * 8 / 7 * role
            + self.rooms.weight_bytes()
            + self.late.last.capacity() * 8 / 7 * (size_of::<(PersonId, Timestamp)>() + 1)
    }
}

#[cfg(test)]
mod tests;
