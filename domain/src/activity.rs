//! What goes on in a community: how much is written where and by whom, who comes and goes, who is
//! in voice, which commands are used. Never what is said.
//!
//! Rules:
//! - What the gateway tells is taken in once: see [`Mark`]. What was recorded is not recorded again
//!   after a crash, a handover between processes or a repeated frame.
//! - Messages and reactions are counted per member, channel and minute of the moment they were
//!   made in, so what is told late still lands where it belongs.
//! - Whoever joins, leaves, or changes something about their voice makes a fact of its own. The
//!   time in voice is recorded in stretches: see [`crate::voice`].
//! - The use of a command is recorded once per interaction.
//! - Where nothing was heard for a time, an observation gap says from when to when: numbers of that
//!   time are not known, and stretches of voice end with its beginning.
//! - What can be asked for afterwards is counted then: messages in the minutes they were made in,
//!   and who came and went. Whoever asks sees to it that nothing of it was heard too; the mark of
//!   what is told live does not move. Reactions, voice, edits and deletions of a gap stay unknown.
//!
//! Memory: about 100 bytes for each member in voice, and 8 for each recent use of a command.
//! Nothing for other members.

mod decide;
mod settings;

use std::collections::{BTreeMap, BTreeSet};

pub use self::settings::{ActivitySettings, ReportDay};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    ChannelId, Decider, DomainEvent, EventType, MessageId, PersonId, Timestamp, Weigh,
    heard::Mark,
    people::Never,
    voice::{Place, Rooms, Stretch},
};

#[derive(Debug)]
pub struct Activity;

/// Uses of commands that are remembered, so that none is recorded twice. An interaction can come
/// again only for seconds.
pub const MAX_RECENT_USES: usize = 256;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    mark: Mark,
    rooms: Rooms<()>,
    /// The last interactions; their ids grow with time.
    uses: BTreeSet<u64>,
    blind_until: Option<Timestamp>,
}

/// Something that the gateway told of a community.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub seq: u64,
    pub at: Timestamp,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Written {
        id: MessageId,
        person: PersonId,
        channel: ChannelId,
        how: Written,
    },
    Reacted {
        person: PersonId,
        channel: ChannelId,
    },
    Joined {
        person: PersonId,
    },
    Left {
        person: PersonId,
    },
    /// Somebody is in voice like this now, or no more.
    Voice {
        person: PersonId,
        place: Option<Place>,
    },
    /// These are in voice now, and nobody else.
    VoiceIs {
        here: Vec<(PersonId, Place)>,
    },
}

/// A message, without what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub reply: bool,
    pub attachments: bool,
    pub length: Option<Length>,
}

/// How much was written, where that may be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    Short,
    Medium,
    Long,
}

impl Length {
    /// None for nothing: a picture alone, or a message that may not be looked at.
    pub const fn of(chars: usize) -> Option<Self> {
        match chars {
            0 => None,
            1..=20 => Some(Self::Short),
            21..=200 => Some(Self::Medium),
            _ => Some(Self::Long),
        }
    }
}

#[derive(Clone, Debug)]
pub enum Command {
    Record {
        session: String,
        facts: Vec<Fact>,
        uses: Vec<Use>,
        /// Up to here, whoever is in voice has been so.
        voice_until: Option<Timestamp>,
    },
    /// Nothing was heard in this time.
    NoteGap { from: Timestamp, until: Timestamp, why: Blindness },
    /// What was asked for afterwards: messages, who came and who went.
    Recover { gap: Timestamp, facts: Vec<Fact> },
    /// That is all of a gap that could be had.
    NoteRecovery { recovery: Recovery },
}

/// What was made up for of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recovery {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Messages of people that were counted afterwards.
    pub messages: u32,
    /// Channels and threads that were read.
    pub channels: u32,
    /// Those whose history this bot may not read, or could not.
    pub unread: u32,
    /// Whether there was more than one recovery takes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// What stands in an event where else a session does.
pub fn gap_label(gap: Timestamp) -> String {
    format!("gap/{}", gap.as_micros())
}

/// Why nothing was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Blindness {
    /// The session of before could not be gone on with.
    NewSession,
    /// A session that went on left something out.
    Hole,
}

/// A command that somebody used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Use {
    /// The interaction's id at Discord, which also says when it was.
    #[serde(with = "as_text")]
    #[schemars(with = "String")]
    pub id: u64,
    pub at: Timestamp,
    pub person: PersonId,
    /// Without its options: `bytes send`.
    pub command: String,
    pub outcome: UseOutcome,
    pub millis: u32,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum UseOutcome {
    Done,
    /// A rule said no.
    Refused,
    /// It was our fault.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    MemberJoined {
        person: PersonId,
        at: Timestamp,
    },
    MemberLeft {
        person: PersonId,
        at: Timestamp,
    },
    /// Without a place, they left voice.
    VoiceChanged {
        person: PersonId,
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
    },
    /// What was taken in of a session, up to a place in it.
    Recorded {
        session: String,
        from_seq: u64,
        to_seq: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        newest: Option<MessageId>,
        /// Of what is no message, the last moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heard_until: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        minutes: Vec<Minute>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        voice: Vec<Stretch>,
        /// Who is in voice has been so up to here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voice_until: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        uses: Vec<Use>,
    },
    ObservationGap {
        from: Timestamp,
        until: Timestamp,
        why: Blindness,
        /// Stretches that ended with its beginning.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        voice: Vec<Stretch>,
    },
    GapRecovered {
        #[serde(flatten)]
        recovery: Recovery,
    },
}

/// What was counted of one minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Minute {
    /// Its beginning.
    pub at: Timestamp,
    pub rows: Vec<Row>,
}

/// What one member did in one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Row {
    pub person: PersonId,
    pub channel: ChannelId,
    #[serde(flatten)]
    pub counts: Counts,
}

/// As they stand beside each other in an event. Events are mostly rows, and serde reads what is
/// flattened twice.
impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Flat {
            person: PersonId,
            channel: ChannelId,
            #[serde(default)]
            messages: u32,
            #[serde(default)]
            replies: u32,
            #[serde(default)]
            attachments: u32,
            #[serde(default)]
            reactions: u32,
            #[serde(default)]
            short: u32,
            #[serde(default)]
            medium: u32,
            #[serde(default)]
            long: u32,
        }
        let Flat {
            person,
            channel,
            messages,
            replies,
            attachments,
            reactions,
            short,
            medium,
            long,
        } = Flat::deserialize(deserializer)?;
        let counts = Counts { messages, replies, attachments, reactions, short, medium, long };
        Ok(Self { person, channel, counts })
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    #[serde(default, skip_serializing_if = "is_zero")]
    pub messages: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replies: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attachments: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reactions: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub short: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub medium: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub long: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Decider for Activity {
    const CAPABILITY: &'static str = "activity";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Never;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Never> {
        Ok(match command {
            Command::Record { session, facts, uses, voice_until } => {
                decide::record(state, session, facts, uses, *voice_until)
            }
            Command::NoteGap { from, until, why } => decide::gap(state, *from, *until, *why),
            Command::Recover { gap, facts } => decide::recover(state, *gap, facts),
            Command::NoteRecovery { recovery } => vec![Event::GapRecovered { recovery: *recovery }],
        })
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::MemberJoined { .. } | Event::MemberLeft { .. } | Event::GapRecovered { .. } => {}
            Event::VoiceChanged { person, at, place } => {
                state.rooms.change(*person, place.map(|place| (place, ())), *at);
            }
            Event::Recorded { session, to_seq, newest, heard_until, voice_until, uses, .. } => {
                // Only uses of commands, the time in voice, or what was recovered of a gap: no
                // place in a session.
                if *to_seq > 0 {
                    state.mark.advance(session, *to_seq, *newest, *heard_until);
                }
                if let Some(at) = voice_until {
                    state.rooms.accrue(*at);
                }
                state.uses.extend(uses.iter().map(|used| used.id));
                while state.uses.len() > MAX_RECENT_USES {
                    state.uses.pop_first();
                }
            }
            Event::ObservationGap { from, until, .. } => {
                state.rooms.skip(*from, *until);
                state.blind_until = state.blind_until.max(Some(*until));
            }
        }
    }
}

impl State {
    /// Who is in voice, as far as we were told.
    pub const fn rooms(&self) -> &Rooms<()> {
        &self.rooms
    }

    /// The newest message that was told live.
    pub const fn newest(&self) -> Option<MessageId> {
        self.mark.newest()
    }

    /// Whether this use of a command was recorded; older ones than are remembered were.
    fn knows_use(&self, id: u64) -> bool {
        let full = self.uses.len() >= MAX_RECENT_USES;
        self.uses.contains(&id) || (full && self.uses.first().is_some_and(|first| id < *first))
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("activity.member_joined", 1),
        EventType::new("activity.member_left", 1),
        EventType::new("activity.voice_changed", 1),
        EventType::new("activity.recorded", 1),
        EventType::new("activity.observation_gap", 1),
        EventType::new("activity.gap_recovered", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::MemberJoined { .. } => 0,
            Self::MemberLeft { .. } => 1,
            Self::VoiceChanged { .. } => 2,
            Self::Recorded { .. } => 3,
            Self::ObservationGap { .. } => 4,
            Self::GapRecovered { .. } => 5,
        }]
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        size_of::<Self>() + self.rooms.weight_bytes() + self.uses.len() * 12
    }
}

/// Sums over rows, minute by minute.
#[derive(Debug, Default)]
struct Tally(BTreeMap<Timestamp, BTreeMap<(PersonId, ChannelId), Counts>>);

impl Tally {
    fn row(&mut self, at: Timestamp, person: PersonId, channel: ChannelId) -> &mut Counts {
        self.0.entry(minute_of(at)).or_default().entry((person, channel)).or_default()
    }

    fn minutes(self) -> Vec<Minute> {
        let row = |((person, channel), counts)| Row { person, channel, counts };
        let minute = |(at, rows): (_, BTreeMap<_, _>)| Minute {
            at,
            rows: rows.into_iter().map(row).collect(),
        };
        self.0.into_iter().map(minute).collect()
    }
}

/// The beginning of its minute.
pub const fn minute_of(at: Timestamp) -> Timestamp {
    Timestamp::from_secs(at.as_secs().div_euclid(60) * 60)
}

mod as_text {
    use serde::{Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub fn serialize<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        crate::text::parsed(deserializer)
    }
}

#[cfg(test)]
mod tests;
