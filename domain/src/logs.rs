//! What a community keeps a log of: messages that were changed or deleted, who came and went, what
//! was done to members, roles, channels and invites, who was where in voice, and commands.
//!
//! Rules:
//! - What the gateway tells is noted once: see [`Mark`]. What was noted is not noted again after a
//!   crash, a handover between processes or a repeated frame. A use of a command is noted once per
//!   interaction.
//! - A topic that is off is not noted, nor what happens in a channel, or is done by or to a member,
//!   that is left out. What bots do is noted only where a community wants it.
//! - What a message said is never here: only which message it was.
//! - Who deleted a message stands in Discord's audit log, where it stands at all, and is told
//!   apart from the deletion: the two are brought together where they concern the same channel
//!   and the same author within [`TOGETHER_SECS`]. Otherwise it was its author, or nobody knows.
//! - Messages that were deleted at once are one entry.
//!
//! Memory: about 50 bytes for each member in voice, 8 for each recent use of a command, 4 for each
//! member who is left out, and the deletions of the last moments. Nothing for other members.

mod decide;
mod settings;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::settings::{LogSettings, Terms};
use crate::{
    ChannelId, Decider, DomainEvent, EventType, MessageId, PersonId, Personal, PersonalField,
    Refusal, Timestamp, Weigh, activity::Use, heard::Mark,
};

#[derive(Debug)]
pub struct Logs;

/// Members who are left out.
pub const MAX_LEFT_OUT: usize = 100;
/// Uses of commands that are remembered, so that none is noted twice.
pub const MAX_RECENT_USES: usize = 256;
/// A deletion and the word about who did it are at most so far apart.
pub const TOGETHER_SECS: i64 = 10;
/// Deletions that wait for that word.
const MAX_LOOSE: usize = 64;
/// Of one entry, and of each text in it.
pub const MAX_CHANGES: usize = 20;
pub const MAX_TEXT_CHARS: usize = 200;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    mark: Mark,
    voice: BTreeMap<PersonId, ChannelId>,
    left_out: BTreeSet<PersonId>,
    uses: BTreeSet<u64>,
    loose: VecDeque<Loose>,
}

/// A deletion of which it is not known who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Loose {
    message: MessageId,
    channel: ChannelId,
    author: Option<PersonId>,
    at: Timestamp,
    purge: bool,
}

/// Something that the gateway told.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub seq: u64,
    pub at: Timestamp,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Edited {
        message: MessageId,
        channel: ChannelId,
        author: PersonId,
        bot: bool,
    },
    Deleted {
        message: MessageId,
        channel: ChannelId,
        author: Option<PersonId>,
    },
    Purged {
        messages: Vec<MessageId>,
        channel: ChannelId,
    },
    Came {
        person: PersonId,
    },
    Went {
        person: PersonId,
    },
    /// Somebody is in voice there now, or no more.
    Voice {
        person: PersonId,
        channel: Option<ChannelId>,
    },
    /// These are in voice now, and nobody else: nobody says what happened meanwhile.
    VoiceIs {
        here: Vec<(PersonId, ChannelId)>,
    },
    /// As Discord's audit log has it; whether a bot did it is known of ourselves only.
    Done {
        entry: Entry,
        by_bot: bool,
    },
    /// Who deleted what somebody wrote there, or many messages at once.
    DeletedBy {
        by: PersonId,
        author: Option<PersonId>,
        channel: ChannelId,
        purge: bool,
    },
}

/// What a community switches on and off, and sends to a channel of its own.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    Edits,
    Deletions,
    Members,
    Roles,
    Channels,
    Voice,
    Invites,
    Commands,
}

impl Topic {
    pub const ALL: [Self; 8] = [
        Self::Edits,
        Self::Deletions,
        Self::Members,
        Self::Roles,
        Self::Channels,
        Self::Voice,
        Self::Invites,
        Self::Commands,
    ];
    pub const WORDS: &'static [&'static str] =
        &["edits", "deletions", "members", "roles", "channels", "voice", "invites", "commands"];

    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.word() == word)
    }
}

/// What an entry is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    MessageEdited,
    MessageDeleted,
    MessagesPurged,
    MemberJoined,
    MemberLeft,
    MemberRenamed,
    MemberRoles,
    RoleCreated,
    RoleUpdated,
    RoleDeleted,
    ChannelCreated,
    ChannelUpdated,
    ChannelDeleted,
    VoiceJoined,
    VoiceLeft,
    VoiceMoved,
    InviteCreated,
    InviteDeleted,
    CommandUsed,
}

impl Kind {
    pub const ALL: [Self; 19] = [
        Self::MessageEdited,
        Self::MessageDeleted,
        Self::MessagesPurged,
        Self::MemberJoined,
        Self::MemberLeft,
        Self::MemberRenamed,
        Self::MemberRoles,
        Self::RoleCreated,
        Self::RoleUpdated,
        Self::RoleDeleted,
        Self::ChannelCreated,
        Self::ChannelUpdated,
        Self::ChannelDeleted,
        Self::VoiceJoined,
        Self::VoiceLeft,
        Self::VoiceMoved,
        Self::InviteCreated,
        Self::InviteDeleted,
        Self::CommandUsed,
    ];

    /// In tables, filters and addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::MessageEdited => "message_edited",
            Self::MessageDeleted => "message_deleted",
            Self::MessagesPurged => "messages_purged",
            Self::MemberJoined => "member_joined",
            Self::MemberLeft => "member_left",
            Self::MemberRenamed => "member_renamed",
            Self::MemberRoles => "member_roles",
            Self::RoleCreated => "role_created",
            Self::RoleUpdated => "role_updated",
            Self::RoleDeleted => "role_deleted",
            Self::ChannelCreated => "channel_created",
            Self::ChannelUpdated => "channel_updated",
            Self::ChannelDeleted => "channel_deleted",
            Self::VoiceJoined => "voice_joined",
            Self::VoiceLeft => "voice_left",
            Self::VoiceMoved => "voice_moved",
            Self::InviteCreated => "invite_created",
            Self::InviteDeleted => "invite_deleted",
            Self::CommandUsed => "command_used",
        }
    }

    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    pub const fn topic(self) -> Topic {
        match self {
            Self::MessageEdited => Topic::Edits,
            Self::MessageDeleted | Self::MessagesPurged => Topic::Deletions,
            Self::MemberJoined | Self::MemberLeft | Self::MemberRenamed | Self::MemberRoles => {
                Topic::Members
            }
            Self::RoleCreated | Self::RoleUpdated | Self::RoleDeleted => Topic::Roles,
            Self::ChannelCreated | Self::ChannelUpdated | Self::ChannelDeleted => Topic::Channels,
            Self::VoiceJoined | Self::VoiceLeft | Self::VoiceMoved => Topic::Voice,
            Self::InviteCreated | Self::InviteDeleted => Topic::Invites,
            Self::CommandUsed => Topic::Commands,
        }
    }
}

/// What is noted of something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    pub kind: Kind,
    pub at: Timestamp,
    /// Whom it is about; none where nobody knows who wrote a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// Who did it, where that is somebody else or it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// Where somebody in voice was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ChannelId>,
    /// The message, or all that were deleted at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<MessageId>,
    /// A role's id, a channel's, an invite's code, or the name of a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Difference>,
    /// What a member was called, and is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Personal<Names>>,
}

/// What was one thing and is another: `name`, from this to that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    pub field: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
}

/// Without one: the name of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Names {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
}

impl Entry {
    /// Of which nothing else is known yet.
    pub const fn new(kind: Kind, at: Timestamp) -> Self {
        Self {
            kind,
            at,
            person: None,
            by: None,
            channel: None,
            from: None,
            messages: Vec::new(),
            subject: None,
            changes: Vec::new(),
            names: None,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Command {
    Note { session: String, notices: Vec<Notice>, uses: Vec<Use>, terms: Terms },
    LeaveOut { person: PersonId },
    TakeIn { person: PersonId },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Told at this place of a session; a command is not.
    Noted {
        #[serde(default, skip_serializing_if = "String::is_empty")]
        session: String,
        #[serde(default, skip_serializing_if = "is_zero")]
        seq: u64,
        entry: Entry,
    },
    /// Who deleted what is noted as deleted.
    DeletionAttributed {
        session: String,
        seq: u64,
        at: Timestamp,
        /// The message, or the first of those that were deleted at once.
        message: MessageId,
        by: PersonId,
        /// Who wrote it, where that was not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        author: Option<PersonId>,
    },
    MemberLeftOut {
        person: PersonId,
    },
    MemberTakenIn {
        person: PersonId,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(seq: &u64) -> bool {
    *seq == 0
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogRefusal {
    #[error(
        "{MAX_LEFT_OUT} members are left out of the logs already. Take somebody in again first: \
         /logs include."
    )]
    TooManyLeftOut,
}

impl Refusal for LogRefusal {
    fn rule(&self) -> &'static str {
        "logs.too_many_left_out"
    }
}

impl Decider for Logs {
    const CAPABILITY: &'static str = "logs";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = LogRefusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, LogRefusal> {
        match command {
            Command::Note { session, notices, uses, terms } => {
                Ok(decide::note(state, session, notices, uses, &terms.values))
            }
            Command::LeaveOut { person } if state.left_out.contains(person) => Ok(Vec::new()),
            Command::LeaveOut { .. } if state.left_out.len() >= MAX_LEFT_OUT => {
                Err(LogRefusal::TooManyLeftOut)
            }
            Command::LeaveOut { person } => Ok(vec![Event::MemberLeftOut { person: *person }]),
            Command::TakeIn { person } if state.left_out.contains(person) => {
                Ok(vec![Event::MemberTakenIn { person: *person }])
            }
            Command::TakeIn { .. } => Ok(Vec::new()),
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Noted { session, seq, entry } => {
                if *seq > 0 {
                    state.mark.advance(session, *seq, None, Some(entry.at));
                }
                state.take(entry);
            }
            Event::DeletionAttributed { session, seq, at, message, .. } => {
                state.mark.advance(session, *seq, None, Some(*at));
                state.loose.retain(|loose| loose.message != *message);
            }
            Event::MemberLeftOut { person } => {
                state.left_out.insert(*person);
                state.voice.remove(person);
            }
            Event::MemberTakenIn { person } => {
                state.left_out.remove(person);
            }
        }
    }
}

impl State {
    pub fn left_out(&self) -> impl Iterator<Item = PersonId> + '_ {
        self.left_out.iter().copied()
    }

    fn take(&mut self, entry: &Entry) {
        match (entry.kind, entry.person) {
            (Kind::VoiceJoined | Kind::VoiceMoved, Some(person)) => {
                self.voice.extend(entry.channel.map(|channel| (person, channel)));
            }
            (Kind::VoiceLeft, Some(person)) => {
                self.voice.remove(&person);
            }
            (Kind::MessageDeleted | Kind::MessagesPurged, author) if entry.by.is_none() => {
                let (Some(message), Some(channel)) = (entry.messages.first(), entry.channel) else {
                    return;
                };
                let purge = entry.kind == Kind::MessagesPurged;
                let message = *message;
                self.loose.push_back(Loose { message, channel, author, at: entry.at, purge });
                self.loose.retain(|loose| entry.at.secs_since(loose.at) <= TOGETHER_SECS);
                if self.loose.len() > MAX_LOOSE {
                    self.loose.pop_front();
                }
            }
            (Kind::CommandUsed, _) => {
                // Of an interaction the entry has the id where others have a message's.
                self.uses.extend(entry.messages.iter().map(|id| id.get()));
                while self.uses.len() > MAX_RECENT_USES {
                    self.uses.pop_first();
                }
            }
            _ => {}
        }
    }

    /// Whether this use of a command was noted; older ones than are remembered were.
    fn knows_use(&self, id: u64) -> bool {
        let full = self.uses.len() >= MAX_RECENT_USES;
        self.uses.contains(&id) || (full && self.uses.first().is_some_and(|first| id < *first))
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("logs.noted", 1),
        EventType::new("logs.deletion_attributed", 1),
        EventType::new("logs.member_left_out", 1),
        EventType::new("logs.member_taken_in", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::Noted { .. } => 0,
            Self::DeletionAttributed { .. } => 1,
            Self::MemberLeftOut { .. } => 2,
            Self::MemberTakenIn { .. } => 3,
        }]
    }

    fn visit_personal(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn PersonalField)) {
        if let Self::Noted { entry: Entry { names: Some(names), .. }, .. } = self {
            visit("names", names);
        }
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        size_of::<Self>()
            + self.voice.len() * 48
            + (self.uses.len() + self.left_out.len()) * 12
            + self.loose.len() * size_of::<Loose>()
    }
}

#[cfg(test)]
mod tests;
