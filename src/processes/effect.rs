//! What can be done in Discord, and how each kind of it is treated.
//!
//! An effect names people by their numbers, never by Discord's ids, and seals what is written about
//! somebody with that person's key: whoever was erased is neither acted on nor written about.
//!
//! To add a kind: a variant of [`Deed`], its row in [`Deed::kind`] and its line in the three
//! matches below; then what the hands do for it, in `src/discord/effects.rs`.

use domain::{
    ChannelId, EventId, GuildId, MessageId, PersonId, Personal, PersonalField as _, RoleId,
    Timestamp,
};
use eventlog::{LogError, People, PeopleError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// No effect's payload may be longer: embeds have 6,000 characters at most, and sealing adds a
/// third.
pub const MAX_PAYLOAD_BYTES: usize = 64 * 1024;
/// Discord's audit log takes no longer reason.
const MAX_REASON_CHARS: usize = 512;
/// The name of the sealed field.
const LETTER: &str = "letter";

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Deed {
    GiveRole {
        person: PersonId,
        role: RoleId,
    },
    TakeRole {
        person: PersonId,
        role: RoleId,
    },
    /// A message that somebody counts on: it is sent once, whatever happens on the way.
    SendMessage {
        channel: ChannelId,
        letter: Letter,
    },
    EditMessage {
        channel: ChannelId,
        message: MessageId,
        letter: Letter,
    },
    DirectMessage {
        person: PersonId,
        letter: Letter,
    },
    /// A message that begins with a member's mention, and pings that member alone.
    CallMember {
        channel: ChannelId,
        person: PersonId,
        letter: Letter,
    },
    /// A count on a message, as it is now: of no use in a minute, because another one comes.
    RefreshMessage {
        channel: ChannelId,
        message: MessageId,
        letter: Letter,
    },
    /// Asks whether somebody is a member, and which of these roles they have.
    LookAtMember {
        person: PersonId,
        roles: Vec<RoleId>,
    },
    /// A line in a log channel: rather missing than there twice.
    PostNotice {
        channel: ChannelId,
        letter: Letter,
    },
    /// A private word that nobody counts on: rather missing than there twice.
    PrivateNotice {
        person: PersonId,
        letter: Letter,
    },
    /// The same to somebody who is about to be removed: said before what follows for them, or not
    /// at all.
    Farewell {
        person: PersonId,
        letter: Letter,
    },
    /// To a community as such, where those look who run it.
    TellModerators {
        letter: Letter,
    },
    Timeout {
        person: PersonId,
        until: Timestamp,
        why: Letter,
    },
    EndTimeout {
        person: PersonId,
        why: Letter,
    },
    Kick {
        person: PersonId,
        why: Letter,
    },
    Ban {
        person: PersonId,
        delete_secs: u32,
        why: Letter,
    },
    Unban {
        person: PersonId,
        why: Letter,
    },
    /// A ban that deletes messages, and an unban: two calls of one effect.
    Softban {
        person: PersonId,
        delete_secs: u32,
        why: Letter,
    },
    /// Many at once. Its result names those whom it did not reach, see [`missed`].
    BulkBan {
        people: Vec<PersonId>,
        delete_secs: u32,
        why: Letter,
    },
}

/// What is written, and about whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letter {
    /// About nobody in particular.
    Open(Content),
    /// Sealed with the key of whom it is about.
    About(Personal<Content>),
}

/// A message as Discord takes it. Nobody is ever pinged by what it says.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embeds: Vec<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Value>,
}

/// Never shown: what is written ends up in no log.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Content(…)")
    }
}

impl Content {
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: Some(text.into()), ..Self::default() }
    }
}

/// Which goes first where Discord has not room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Punishments, and taking them back.
    Urgent,
    /// What a member gets or loses.
    Member,
    Message,
    Notice,
}

impl Priority {
    const ALL: [Self; 4] = [Self::Urgent, Self::Member, Self::Message, Self::Notice];

    pub fn of_column(number: i64) -> Self {
        usize::try_from(number).ok().and_then(|n| Self::ALL.get(n).copied()).unwrap_or(Self::Notice)
    }
}

/// What happens when nobody knows whether a call was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenUnknown {
    /// Doing it twice comes to the same.
    Repeat,
    /// Look first whether it happened. For so many seconds after the first call a repetition is
    /// harmless, because Discord refuses the second of two equal nonces.
    ReadWorld { harmless_secs: i64 },
    /// Leave it: missing is better than twice.
    Drop,
}

/// How a kind of effect is treated.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub name: &'static str,
    pub priority: Priority,
    pub when_unknown: WhenUnknown,
    /// Calls without a clear answer, until it is given up.
    pub tries: u32,
    /// It is of no use later than this.
    pub patience_secs: i64,
    /// Discord's refusals that say that nothing is left to be done.
    pub done_already: &'static [u64],
}

const DAY_SECS: i64 = 86_400;
/// Discord says "the past few minutes".
const NONCE_SECS: i64 = 100;
/// With the pauses between them more than an hour.
const TRIES: u32 = 25;

/// Why an effect was refused: Discord's error codes that somebody here knows, and one of ours.
pub mod code {
    /// Whom it was about has been erased.
    pub const ERASED: u64 = 1;
    pub const UNKNOWN_CHANNEL: u64 = 10_003;
    pub const UNKNOWN_MEMBER: u64 = 10_007;
    pub const UNKNOWN_MESSAGE: u64 = 10_008;
    pub const UNKNOWN_ROLE: u64 = 10_011;
    pub const UNKNOWN_USER: u64 = 10_013;
    pub const UNKNOWN_BAN: u64 = 10_026;
    /// Not one of those who were to be banned at once could be.
    pub const NOBODY_BANNED: u64 = 500_000;
    pub const MISSING_ACCESS: u64 = 50_001;
    /// Members may refuse private messages.
    pub const REFUSES_MESSAGES: u64 = 50_007;
    pub const MISSING_PERMISSIONS: u64 = 50_013;
    /// Nor may a bot write to somebody whom it meets nowhere.
    pub const NOWHERE_MET: u64 = 50_278;
}

const GIVE_ROLE: Kind = Kind {
    name: "give_role",
    priority: Priority::Member,
    when_unknown: WhenUnknown::Repeat,
    tries: TRIES,
    patience_secs: 2 * DAY_SECS,
    done_already: &[],
};
const TAKE_ROLE: Kind = Kind {
    name: "take_role",
    // Who left has no roles, and nobody has a role that was deleted.
    done_already: &[code::UNKNOWN_MEMBER, code::UNKNOWN_ROLE],
    ..GIVE_ROLE
};
const SEND_MESSAGE: Kind = Kind {
    name: "send_message",
    priority: Priority::Message,
    when_unknown: WhenUnknown::ReadWorld { harmless_secs: NONCE_SECS },
    tries: TRIES,
    patience_secs: DAY_SECS,
    done_already: &[],
};
const EDIT_MESSAGE: Kind =
    Kind { name: "edit_message", when_unknown: WhenUnknown::Repeat, ..SEND_MESSAGE };
const DIRECT_MESSAGE: Kind = Kind { name: "direct_message", ..SEND_MESSAGE };
const POST_NOTICE: Kind = Kind {
    name: "post_notice",
    priority: Priority::Notice,
    when_unknown: WhenUnknown::Drop,
    tries: 10,
    patience_secs: 3_600,
    done_already: &[],
};
const PRIVATE_NOTICE: Kind = Kind {
    name: "private_notice",
    done_already: &[code::REFUSES_MESSAGES, code::NOWHERE_MET],
    ..POST_NOTICE
};
const FAREWELL: Kind = Kind {
    name: "farewell",
    priority: Priority::Urgent,
    // A ban waits for it.
    patience_secs: 10,
    ..PRIVATE_NOTICE
};
const TELL_MODERATORS: Kind = Kind { name: "tell_moderators", ..POST_NOTICE };

/// Punishments leave their effect's id in Discord's audit log, so that it can be looked for.
const KICK: Kind = Kind {
    name: "kick",
    priority: Priority::Urgent,
    when_unknown: WhenUnknown::ReadWorld { harmless_secs: 0 },
    tries: TRIES,
    patience_secs: 2 * DAY_SECS,
    done_already: &[],
};
const TIMEOUT: Kind = Kind { name: "timeout", ..KICK };
const END_TIMEOUT: Kind = Kind { name: "end_timeout", ..KICK };
const BAN: Kind = Kind { name: "ban", ..KICK };
const UNBAN: Kind = Kind { name: "unban", done_already: &[code::UNKNOWN_BAN], ..KICK };
const SOFTBAN: Kind = Kind { name: "softban", ..KICK };
/// Whoever is banned already counts as missed the second time, and is banned singly.
const BULK_BAN: Kind = Kind { name: "bulk_ban", when_unknown: WhenUnknown::Repeat, ..KICK };

const CALL_MEMBER: Kind = Kind { name: "call_member", priority: Priority::Member, ..SEND_MESSAGE };
const REFRESH_MESSAGE: Kind = Kind {
    name: "refresh_message",
    priority: Priority::Notice,
    when_unknown: WhenUnknown::Drop,
    tries: 3,
    patience_secs: 30,
    done_already: &[],
};
const LOOK_AT_MEMBER: Kind = Kind { name: "look_at_member", ..GIVE_ROLE };

/// Every kind there is.
pub const KINDS: [Kind; 19] = [
    GIVE_ROLE,
    TAKE_ROLE,
    SEND_MESSAGE,
    EDIT_MESSAGE,
    DIRECT_MESSAGE,
    POST_NOTICE,
    PRIVATE_NOTICE,
    FAREWELL,
    TELL_MODERATORS,
    TIMEOUT,
    END_TIMEOUT,
    KICK,
    BAN,
    UNBAN,
    SOFTBAN,
    BULK_BAN,
    CALL_MEMBER,
    REFRESH_MESSAGE,
    LOOK_AT_MEMBER,
];

/// What a bulk ban's result says, and what it is read from: numbers of people, never Discord's.
pub fn missed(people: &[PersonId]) -> String {
    let numbers: Vec<_> = people.iter().map(|person| person.0.to_string()).collect();
    numbers.join(",")
}

pub fn read_missed(result: &str) -> Vec<PersonId> {
    result.split(',').filter_map(|number| number.parse().ok()).map(PersonId).collect()
}

impl Deed {
    pub const fn kind(&self) -> Kind {
        match self {
            Self::GiveRole { .. } => GIVE_ROLE,
            Self::TakeRole { .. } => TAKE_ROLE,
            Self::SendMessage { .. } => SEND_MESSAGE,
            Self::EditMessage { .. } => EDIT_MESSAGE,
            Self::DirectMessage { .. } => DIRECT_MESSAGE,
            Self::PostNotice { .. } => POST_NOTICE,
            Self::PrivateNotice { .. } => PRIVATE_NOTICE,
            Self::Farewell { .. } => FAREWELL,
            Self::TellModerators { .. } => TELL_MODERATORS,
            Self::Timeout { .. } => TIMEOUT,
            Self::EndTimeout { .. } => END_TIMEOUT,
            Self::Kick { .. } => KICK,
            Self::Ban { .. } => BAN,
            Self::Unban { .. } => UNBAN,
            Self::Softban { .. } => SOFTBAN,
            Self::BulkBan { .. } => BULK_BAN,
            Self::CallMember { .. } => CALL_MEMBER,
            Self::RefreshMessage { .. } => REFRESH_MESSAGE,
            Self::LookAtMember { .. } => LOOK_AT_MEMBER,
        }
    }

    /// Effects on one target are carried out in their order.
    pub fn target(&self) -> String {
        match self {
            Self::GiveRole { person, .. }
            | Self::TakeRole { person, .. }
            | Self::LookAtMember { person, .. } => format!("member/{}", person.0),
            // Never behind a role that Discord does not answer about.
            Self::Farewell { person, .. }
            | Self::Timeout { person, .. }
            | Self::EndTimeout { person, .. }
            | Self::Kick { person, .. }
            | Self::Ban { person, .. }
            | Self::Unban { person, .. }
            | Self::Softban { person, .. } => format!("conduct/{}", person.0),
            Self::BulkBan { people, .. } => {
                format!("members/{}", people.first().map_or(0, |person| person.0))
            }
            Self::SendMessage { channel, .. }
            | Self::EditMessage { channel, .. }
            | Self::RefreshMessage { channel, .. }
            | Self::CallMember { channel, .. } => format!("channel/{channel}"),
            Self::DirectMessage { person, .. } | Self::PrivateNotice { person, .. } => {
                format!("direct/{}", person.0)
            }
            Self::PostNotice { channel, .. } => format!("notices/{channel}"),
            Self::TellModerators { .. } => "moderators".to_owned(),
        }
    }

    /// Whose rate limit its call falls under: one call at a time is under way on each.
    pub fn route(&self, guild: GuildId) -> String {
        match self {
            Self::GiveRole { .. } => format!("PUT guilds/{guild}/members/:/roles/:"),
            Self::TakeRole { .. } => format!("DELETE guilds/{guild}/members/:/roles/:"),
            Self::LookAtMember { .. } => format!("GET guilds/{guild}/members/:"),
            Self::SendMessage { channel, .. }
            | Self::PostNotice { channel, .. }
            | Self::CallMember { channel, .. } => format!("POST channels/{channel}/messages"),
            Self::EditMessage { channel, .. } | Self::RefreshMessage { channel, .. } => {
                format!("PATCH channels/{channel}/messages/:")
            }
            Self::DirectMessage { .. } | Self::PrivateNotice { .. } | Self::Farewell { .. } => {
                "POST users/@me/channels".to_owned()
            }
            Self::TellModerators { .. } => format!("GET guilds/{guild}"),
            Self::Timeout { .. } | Self::EndTimeout { .. } => {
                format!("PATCH guilds/{guild}/members/:")
            }
            Self::Kick { .. } => format!("DELETE guilds/{guild}/members/:"),
            Self::Ban { .. } | Self::Softban { .. } => format!("PUT guilds/{guild}/bans/:"),
            Self::Unban { .. } => format!("DELETE guilds/{guild}/bans/:"),
            Self::BulkBan { .. } => format!("POST guilds/{guild}/bulk-ban"),
        }
    }

    fn letter(&mut self) -> Option<&mut Letter> {
        match self {
            Self::GiveRole { .. } | Self::TakeRole { .. } | Self::LookAtMember { .. } => None,
            Self::SendMessage { letter, .. }
            | Self::CallMember { letter, .. }
            | Self::RefreshMessage { letter, .. }
            | Self::EditMessage { letter, .. }
            | Self::DirectMessage { letter, .. }
            | Self::PostNotice { letter, .. }
            | Self::PrivateNotice { letter, .. }
            | Self::Farewell { letter, .. }
            | Self::TellModerators { letter } => Some(letter),
            Self::Timeout { why, .. }
            | Self::EndTimeout { why, .. }
            | Self::Kick { why, .. }
            | Self::Ban { why, .. }
            | Self::Unban { why, .. }
            | Self::Softban { why, .. }
            | Self::BulkBan { why, .. } => Some(why),
        }
    }

    /// Seals what is about somebody.
    pub async fn seal(
        &mut self,
        people: &People,
        guild: GuildId,
        id: Uuid,
    ) -> Result<(), PeopleError> {
        let Some(Letter::About(personal)) = self.letter() else { return Ok(()) };
        let Some(clear) = personal.clear_bytes() else { return Ok(()) };
        let owner = personal.owner();
        let key = people.key(guild, owner).await?;
        personal.seal(key.seal_field(owner, EventId(id), LETTER, &clear)?);
        Ok(())
    }

    /// Opens what is sealed; what cannot be opened belongs to somebody who was erased.
    pub async fn open(
        &mut self,
        people: &People,
        guild: GuildId,
        id: Uuid,
    ) -> Result<(), PeopleError> {
        let Some(Letter::About(personal)) = self.letter() else { return Ok(()) };
        let key = match people.key(guild, personal.owner()).await {
            Ok(key) => Some(key),
            Err(PeopleError::NoKey { .. }) => None,
            Err(error) => return Err(error),
        };
        let opened = match (key, personal.sealed()) {
            (Some(key), Some(sealed)) => key.open_field(sealed, EventId(id), LETTER),
            _ => None,
        };
        if !opened.is_some_and(|bytes| personal.open(&bytes)) {
            personal.erase();
        }
        Ok(())
    }
}

impl Letter {
    /// What is written, where it can be read.
    pub fn read(&self) -> Option<&Content> {
        match self {
            Self::Open(content) => Some(content),
            Self::About(personal) => personal.value(),
        }
    }
}

/// An effect as the outbox holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    pub id: Uuid,
    pub number: u64,
    pub process: String,
    pub guild: GuildId,
    pub deed: Deed,
    /// A word of the process's own, given back with the outcome.
    pub note: String,
    pub unsure: bool,
    pub tries: u32,
    pub round: u32,
    pub created_at: Timestamp,
    pub first_call_at: Option<Timestamp>,
    pub last_call_at: Option<Timestamp>,
}

impl Effect {
    /// What Discord shows beside it in its audit log, and what finds it there.
    pub fn reason(&self) -> String {
        format!("reeve {} {}", self.process, self.id)
    }

    /// The same behind what a person wrote.
    pub fn reason_with(&self, why: &Letter) -> String {
        let mark = format!("({})", self.reason());
        let written = why.read().and_then(|content| content.content.as_deref()).unwrap_or_default();
        let room = MAX_REASON_CHARS - mark.chars().count() - 1;
        let text: String = written.chars().filter(|c| !c.is_control()).take(room).collect();
        format!("{text} {mark}").trim().to_owned()
    }

    /// Two calls of one effect have the same.
    pub fn nonce(&self) -> String {
        Self::nonce_of(self.id)
    }

    /// Discord takes 25 characters.
    pub fn nonce_of(id: Uuid) -> String {
        let hex = id.simple().to_string();
        format!("r{}", &hex[..24])
    }
}

/// Its id follows from what it came of, so that a repeated step orders the same effect again.
pub fn effect_id(process: &str, source: &str, step: &str) -> Uuid {
    let name = format!("reeve.effect/{process}/{source}/{step}");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// As the payload column holds it.
pub fn encode(deed: &Deed) -> Result<String, LogError> {
    let text = serde_json::to_string(deed)
        .map_err(|error| LogError::Setup(format!("an effect cannot be written: {error}")))?;
    if text.len() > MAX_PAYLOAD_BYTES {
        return Err(LogError::TooLarge { size: text.len(), limit: MAX_PAYLOAD_BYTES });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_any_deed_then_its_stored_kind_is_the_one_it_is_treated_as() {
        let letter = || Letter::Open(Content::text("hello"));
        let channel = ChannelId::new(7).unwrap();
        let (person, role) = (PersonId(3), RoleId::new(9).unwrap());
        for deed in [
            Deed::GiveRole { person, role },
            Deed::TakeRole { person, role },
            Deed::SendMessage { channel, letter: letter() },
            Deed::EditMessage { channel, message: MessageId::new(8).unwrap(), letter: letter() },
            Deed::DirectMessage { person, letter: letter() },
            Deed::PostNotice { channel, letter: letter() },
            Deed::PrivateNotice { person, letter: letter() },
            Deed::Farewell { person, letter: letter() },
            Deed::TellModerators { letter: letter() },
            Deed::Timeout { person, until: Timestamp::from_secs(7), why: letter() },
            Deed::EndTimeout { person, why: letter() },
            Deed::Kick { person, why: letter() },
            Deed::Ban { person, delete_secs: 60, why: letter() },
            Deed::Unban { person, why: letter() },
            Deed::Softban { person, delete_secs: 60, why: letter() },
            Deed::BulkBan { people: vec![person], delete_secs: 0, why: letter() },
            Deed::CallMember { channel, person, letter: letter() },
            Deed::RefreshMessage { channel, message: MessageId::new(8).unwrap(), letter: letter() },
            Deed::LookAtMember { person, roles: vec![role] },
        ] {
            assert!(KINDS.iter().any(|kind| kind.name == deed.kind().name));
            let stored = encode(&deed).unwrap();
            let value: Value = serde_json::from_str(&stored).unwrap();
            assert_eq!(value["kind"], deed.kind().name);
            assert_eq!(serde_json::from_str::<Deed>(&stored).unwrap(), deed);
        }
    }

    #[test]
    fn given_a_letter_about_somebody_then_it_is_not_stored_in_the_clear_nor_printed() {
        let about = Personal::clear(PersonId(3), Content::text("grandmother's address"));
        let deed = Deed::DirectMessage { person: PersonId(3), letter: Letter::About(about) };
        assert!(encode(&deed).is_err());
        assert!(!format!("{deed:?}").contains("grandmother"));
        let open = Letter::Open(Content::text("grandmother's address"));
        assert!(!format!("{open:?}").contains("grandmother"));
    }

    #[test]
    fn given_the_same_step_then_the_same_effect_and_a_nonce_that_discord_takes() {
        let id = effect_id("awards", "event/1", "role");
        assert_eq!(id, effect_id("awards", "event/1", "role"));
        assert_ne!(id, effect_id("awards", "event/2", "role"));
    }
}
