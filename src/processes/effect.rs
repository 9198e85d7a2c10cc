//! What can be done in Discord, and how each kind of it is treated.
//!
//! An effect names people by their numbers, never by Discord's ids, and seals what is written about
//! somebody with that person's key: whoever was erased is neither acted on nor written about.
//!
//! To add a kind: a variant of [`Deed`], its row in `effect/kinds.rs`, and its line in the matches
//! below; then what the hands do for it, in `src/discord/effects.rs`.

mod kinds;

use domain::{
    CaseNumber, ChannelId, EventId, GuildId, MessageId, PersonId, Personal, PersonalField as _,
    RoleId, Timestamp, WebhookId,
};
use eventlog::{LogError, People, PeopleError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use self::kinds::{
    BAN, BULK_BAN, CALL_MEMBER, COPY_FILE, DELIVER, DIRECT_MESSAGE, EDIT_MESSAGE, END_TIMEOUT,
    FAREWELL, GIVE_ROLE, KICK, LOOK_AT_MEMBER, POST_ENTRIES, POST_NOTICE, PRIVATE_NOTICE,
    REFRESH_MESSAGE, SEND_MESSAGE, SOFTBAN, TAKE_ROLE, TELL_MODERATORS, TIMEOUT, TRY_WEBHOOK,
    UNBAN,
};
pub use self::kinds::{KINDS, Kind, Priority, Way, WhenUnknown, code};

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
    /// Fetches a file that is evidence of a case from where Discord keeps it, and keeps a copy. Its
    /// result is what became of it, as a word.
    CopyFile {
        case: CaseNumber,
        evidence: u32,
        file: u32,
        /// Who wrote the message.
        person: PersonId,
        /// As Discord told.
        bytes: u64,
        /// Its address.
        letter: Letter,
    },
    /// A line in a log channel: rather missing than there twice.
    PostNotice {
        channel: ChannelId,
        letter: Letter,
    },
    /// Entries of a log, each about whom it is about: one message with as many of them as can
    /// still be read. Rather missing than there twice.
    PostEntries {
        channel: ChannelId,
        letters: Vec<Letter>,
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
    /// Tells a webhook of an event. What is told is made when it is sent. Its result is the
    /// receiver's status.
    Deliver {
        webhook: WebhookId,
        event: EventId,
        seq: u64,
    },
    /// Tries a webhook out, now or not at all.
    TryWebhook {
        webhook: WebhookId,
        event: EventId,
        seq: u64,
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
    /// Painted when it is sent, and shown in the first embed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<Box<pictures::Chart>>,
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

/// What a bulk ban's result says, and what it is read from: numbers of people, never Discord's.
pub fn missed(people: &[PersonId]) -> String {
    let numbers: Vec<_> = people.iter().map(|person| person.0.to_string()).collect();
    numbers.join(",")
}

pub fn read_missed(result: &str) -> Vec<PersonId> {
    result.split(',').filter_map(|number| number.parse().ok()).map(PersonId).collect()
}

/// The target of what a webhook is told.
pub fn deliveries(webhook: WebhookId) -> String {
    format!("webhook/{webhook}")
}

/// And of what tries it out.
pub fn trials(webhook: WebhookId) -> String {
    format!("webhook-trial/{webhook}")
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
            Self::PostEntries { .. } => POST_ENTRIES,
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
            Self::CopyFile { .. } => COPY_FILE,
            Self::Deliver { .. } => DELIVER,
            Self::TryWebhook { .. } => TRY_WEBHOOK,
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
            Self::PostNotice { channel, .. } | Self::PostEntries { channel, .. } => {
                format!("notices/{channel}")
            }
            Self::TellModerators { .. } => "moderators".to_owned(),
            Self::CopyFile { case, evidence, file, .. } => {
                format!("file/{}/{evidence}/{file}", case.0)
            }
            Self::Deliver { webhook, .. } => deliveries(*webhook),
            // Never behind what waits because it does not get through.
            Self::TryWebhook { webhook, .. } => trials(*webhook),
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
            | Self::PostEntries { channel, .. }
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
            // None of the API's: one file of a community at a time.
            Self::CopyFile { .. } => format!("GET guilds/{guild}/attachments/:"),
            Self::Deliver { .. } | Self::TryWebhook { .. } => format!("POST {}", self.target()),
        }
    }

    /// Everything that is written in it.
    fn letters(&mut self) -> &mut [Letter] {
        match self {
            Self::GiveRole { .. }
            | Self::TakeRole { .. }
            | Self::LookAtMember { .. }
            | Self::Deliver { .. }
            | Self::TryWebhook { .. } => &mut [],
            Self::PostEntries { letters, .. } => letters,
            Self::SendMessage { letter, .. }
            | Self::CallMember { letter, .. }
            | Self::RefreshMessage { letter, .. }
            | Self::EditMessage { letter, .. }
            | Self::DirectMessage { letter, .. }
            | Self::PostNotice { letter, .. }
            | Self::PrivateNotice { letter, .. }
            | Self::Farewell { letter, .. }
            | Self::CopyFile { letter, .. }
            | Self::TellModerators { letter } => std::slice::from_mut(letter),
            Self::Timeout { why, .. }
            | Self::EndTimeout { why, .. }
            | Self::Kick { why, .. }
            | Self::Ban { why, .. }
            | Self::Unban { why, .. }
            | Self::Softban { why, .. }
            | Self::BulkBan { why, .. } => std::slice::from_mut(why),
        }
    }

    /// Seals what is about somebody.
    pub async fn seal(
        &mut self,
        people: &People,
        guild: GuildId,
        id: Uuid,
    ) -> Result<(), PeopleError> {
        for letter in self.letters() {
            letter.seal(people, guild, id).await?;
        }
        Ok(())
    }

    /// Opens what is sealed; what cannot be opened belongs to somebody who was erased.
    pub async fn open(
        &mut self,
        people: &People,
        guild: GuildId,
        id: Uuid,
    ) -> Result<(), PeopleError> {
        for letter in self.letters() {
            letter.open(people, guild, id).await?;
        }
        Ok(())
    }
}

impl Letter {
    async fn seal(&mut self, people: &People, guild: GuildId, id: Uuid) -> Result<(), PeopleError> {
        let Self::About(personal) = self else { return Ok(()) };
        let Some(clear) = personal.clear_bytes() else { return Ok(()) };
        let owner = personal.owner();
        let key = people.key(guild, owner).await?;
        personal.seal(key.seal_field(owner, EventId(id), LETTER, &clear)?);
        Ok(())
    }

    async fn open(&mut self, people: &People, guild: GuildId, id: Uuid) -> Result<(), PeopleError> {
        let Self::About(personal) = self else { return Ok(()) };
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
        let (webhook, event) = (WebhookId(Uuid::nil()), EventId(Uuid::nil()));
        for deed in [
            Deed::GiveRole { person, role },
            Deed::TakeRole { person, role },
            Deed::SendMessage { channel, letter: letter() },
            Deed::EditMessage { channel, message: MessageId::new(8).unwrap(), letter: letter() },
            Deed::DirectMessage { person, letter: letter() },
            Deed::PostNotice { channel, letter: letter() },
            Deed::PostEntries { channel, letters: vec![letter(), letter()] },
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
            Deed::CopyFile {
                case: CaseNumber(4),
                evidence: 1,
                file: 2,
                person,
                bytes: 9,
                letter: letter(),
            },
            Deed::Deliver { webhook, event, seq: 7 },
            Deed::TryWebhook { webhook, event, seq: 7 },
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
