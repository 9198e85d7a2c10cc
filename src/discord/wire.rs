//! What we read of Discord's events: the fields we use and no others, so that reading is cheap and
//! nothing that Discord adds one day can be in our way.

use std::{collections::HashMap, fmt};

use domain::{ChannelId, GuildId, MessageId, RoleId, Timestamp, UserId};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny},
};
use serde_json::Value as Json;

/// A dispatch, of whose frame only the data is read here.
#[derive(Debug, Deserialize)]
pub struct Dispatch<T> {
    pub d: T,
}

/// Permission bits, which Discord writes as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bits(pub u64);

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| D::Error::custom("permissions are a number as text"))
    }
}

/// Who wrote what where. Never shown: it ends up in no log.
#[derive(Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub channel_id: ChannelId,
    #[serde(default)]
    pub guild_id: Option<GuildId>,
    pub author: Author,
    #[serde(default)]
    pub webhook_id: Option<IgnoredAny>,
    #[serde(rename = "type", default)]
    pub kind: u8,
    #[serde(default)]
    pub content: String,
    #[serde(default)]
    pub attachments: Vec<File>,
    #[serde(default)]
    pub member: Option<Roles>,
}

#[derive(Deserialize)]
pub struct File {
    #[serde(default)]
    pub filename: String,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("File(…)")
    }
}

#[derive(Debug, Deserialize)]
pub struct Author {
    pub id: UserId,
    #[serde(default)]
    pub bot: bool,
}

impl Message {
    /// Whether a person wrote it: no bot, no webhook, and no note that Discord itself made.
    pub const fn is_by_a_person(&self) -> bool {
        const PLAIN: u8 = 0;
        const ANSWER: u8 = 19;
        !self.author.bot && self.webhook_id.is_none() && matches!(self.kind, PLAIN | ANSWER)
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct Roles {
    #[serde(default)]
    pub roles: Vec<RoleId>,
}

#[derive(Debug, Deserialize)]
pub struct Guild {
    pub id: GuildId,
    #[serde(default)]
    pub unavailable: bool,
    #[serde(default)]
    pub owner_id: Option<UserId>,
    #[serde(default)]
    pub roles: Vec<Role>,
    #[serde(default)]
    pub member_count: u32,
    #[serde(default)]
    pub members: Vec<Member>,
    #[serde(default)]
    pub voice_states: Vec<VoiceState>,
    /// Where Discord puts those who are away.
    #[serde(default)]
    pub afk_channel_id: Option<ChannelId>,
}

/// How somebody is in voice; without a channel, no more.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of Discord's own")]
pub struct VoiceState {
    pub user_id: UserId,
    #[serde(default)]
    pub guild_id: Option<GuildId>,
    #[serde(default)]
    pub channel_id: Option<ChannelId>,
    #[serde(default)]
    pub member: Option<Member>,
    #[serde(default)]
    pub mute: bool,
    #[serde(default)]
    pub deaf: bool,
    #[serde(default)]
    pub self_mute: bool,
    #[serde(default)]
    pub self_deaf: bool,
    /// In the audience of a stage.
    #[serde(default)]
    pub suppress: bool,
}

#[derive(Debug, Deserialize)]
pub struct Reaction {
    pub user_id: UserId,
    pub channel_id: ChannelId,
    #[serde(default)]
    pub guild_id: Option<GuildId>,
    #[serde(default)]
    pub member: Option<Member>,
}

/// Somebody came or went.
#[derive(Debug, Deserialize)]
pub struct Coming {
    pub guild_id: GuildId,
    pub user: Author,
}

#[derive(Debug, Deserialize)]
pub struct Member {
    pub user: Author,
    #[serde(default)]
    pub roles: Vec<RoleId>,
}

#[derive(Debug, Deserialize)]
pub struct Role {
    pub id: RoleId,
    #[serde(default)]
    pub position: i64,
    #[serde(default)]
    pub permissions: Bits,
    /// Discord gives and takes it: of a bot, of boosting, of a shop.
    #[serde(default)]
    pub managed: bool,
}

#[derive(Debug, Deserialize)]
pub struct RoleChange {
    pub guild_id: GuildId,
    pub role: Role,
}

#[derive(Debug, Deserialize)]
pub struct RoleGone {
    pub guild_id: GuildId,
    pub role_id: RoleId,
}

#[derive(Debug, Deserialize)]
pub struct MemberChange {
    pub guild_id: GuildId,
    pub user: Author,
    #[serde(default)]
    pub roles: Vec<RoleId>,
}

#[derive(Debug, Deserialize)]
pub struct Ready {
    pub session_id: String,
    pub resume_gateway_url: String,
    #[serde(default)]
    pub guilds: Vec<Named>,
}

#[derive(Debug, Deserialize)]
pub struct Named {
    pub id: GuildId,
}

/// Somebody used a command, a button or a form.
#[derive(Deserialize)]
pub struct Interaction {
    #[serde(deserialize_with = "snowflake")]
    pub id: u64,
    #[serde(deserialize_with = "snowflake")]
    pub application_id: u64,
    #[serde(rename = "type")]
    pub kind: u8,
    /// Whoever has it can answer: never logged.
    pub token: String,
    #[serde(default)]
    pub guild_id: Option<GuildId>,
    #[serde(default)]
    pub channel_id: Option<ChannelId>,
    #[serde(default)]
    pub member: Option<Asker>,
    #[serde(default)]
    pub locale: Option<String>,
    #[serde(default)]
    pub data: Option<Data>,
}

impl std::fmt::Debug for Interaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interaction").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A user as interactions tell of them, with what they call themselves.
#[derive(Deserialize)]
pub struct Called {
    pub id: UserId,
    #[serde(default)]
    pub bot: bool,
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub global_name: Option<String>,
}

/// Never shown: names end up in no log.
impl std::fmt::Debug for Called {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Called").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The member who asks, with what Discord computed for the channel.
#[derive(Deserialize)]
pub struct Asker {
    pub user: Called,
    #[serde(default)]
    pub nick: Option<String>,
    #[serde(default)]
    pub roles: Vec<RoleId>,
    #[serde(default)]
    pub permissions: Bits,
    /// When they came to the community.
    #[serde(default, deserialize_with = "moment")]
    pub joined_at: Option<Timestamp>,
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asker").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A member whom the options name.
#[derive(Default, Deserialize)]
pub struct Seen {
    #[serde(default)]
    pub roles: Vec<RoleId>,
    #[serde(default)]
    pub nick: Option<String>,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen").field("roles", &self.roles).finish_non_exhaustive()
    }
}

/// What was used. Which fields are there depends on the kind.
#[derive(Debug, Default, Deserialize)]
pub struct Data {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub options: Vec<DataOption>,
    #[serde(default)]
    pub custom_id: String,
    #[serde(default)]
    pub values: Vec<String>,
    #[serde(default)]
    pub components: Json,
    #[serde(default)]
    pub resolved: Resolved,
    /// Whom or what a menu was opened on.
    #[serde(default)]
    pub target_id: Option<String>,
}

/// Whom the options name.
#[derive(Debug, Default, Deserialize)]
pub struct Resolved {
    #[serde(default)]
    pub users: HashMap<String, Called>,
    #[serde(default)]
    pub members: HashMap<String, Seen>,
    #[serde(default)]
    pub messages: HashMap<String, Shown>,
}

/// A message that a menu was opened on, with what it says.
#[derive(Deserialize)]
pub struct Shown {
    pub id: MessageId,
    pub channel_id: ChannelId,
    pub author: Author,
    #[serde(default)]
    pub content: String,
    #[serde(default)]
    pub attachments: Vec<Attached>,
}

/// Never shown: what people write ends up in no log.
impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").field("id", &self.id).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
pub struct Attached {
    #[serde(default)]
    pub filename: String,
    #[serde(default)]
    pub size: u64,
    #[serde(default)]
    pub url: String,
}

impl std::fmt::Debug for Attached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attached").field("size", &self.size).finish_non_exhaustive()
    }
}

#[derive(Debug, Deserialize)]
pub struct DataOption {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: u8,
    #[serde(default)]
    pub value: Json,
    #[serde(default)]
    pub options: Vec<DataOption>,
    #[serde(default)]
    pub focused: bool,
}

/// The fields of a form, wherever in it they stand, with what was typed.
pub fn form_fields(components: &Json) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut waiting = vec![components];
    while let Some(part) = waiting.pop() {
        match part {
            Json::Array(parts) => waiting.extend(parts.iter().rev()),
            Json::Object(part) => {
                if let (Some(Json::String(id)), Some(Json::String(value))) =
                    (part.get("custom_id"), part.get("value"))
                {
                    fields.push((id.clone(), value.clone()));
                }
                waiting.extend(part.get("components"));
                waiting.extend(part.get("component"));
            }
            _ => {}
        }
    }
    fields
}

/// As Discord writes one, such as `2015-04-26T06:26:56.936000+00:00`. What cannot be read is none.
pub fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.replace("+00:00", "Z").parse().ok()))
}

fn snowflake<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    text.parse().map_err(|_| D::Error::custom("an id is a number as text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_message_then_only_what_people_write_counts() {
        let person = |json: &str| {
            let frame = format!(r#"{{"t":"MESSAGE_CREATE","s":3,"op":0,"d":{json}}}"#);
            serde_json::from_str::<Dispatch<Message>>(&frame).unwrap().d.is_by_a_person()
        };
        assert!(person(
            r#"{"id":"1","guild_id":"2","author":{"id":"3"},"type":0,"new":[{}],"channel_id":"8"}"#
        ));
        assert!(person(r#"{"id":"1","channel_id":"8","author":{"id":"3","bot":false},"type":19}"#));
        assert!(!person(r#"{"id":"1","channel_id":"8","author":{"id":"3","bot":true},"type":0}"#));
        assert!(!person(
            r#"{"id":"1","channel_id":"8","author":{"id":"3"},"webhook_id":"9","type":0}"#
        ));
        assert!(!person(r#"{"id":"1","channel_id":"8","author":{"id":"3"},"type":7}"#));
    }

    #[test]
    fn given_when_a_member_joined_then_it_is_read_as_discord_writes_it() {
        let read = |json: &str| serde_json::from_str::<Asker>(json).unwrap().joined_at;
        let told = read(r#"{"user":{"id":"3"},"joined_at":"2015-04-26T06:26:56.936000+00:00"}"#);
        assert_eq!(told.unwrap().to_string(), "2015-04-26T06:26:56.936000Z");
        assert_eq!(read(r#"{"user":{"id":"3"},"joined_at":null}"#), None);
        assert_eq!(read(r#"{"user":{"id":"3"}}"#), None);
    }

    #[test]
    fn given_a_form_then_its_fields_are_found_in_rows_and_labels() {
        let components = serde_json::json!([
            { "type": 1, "components": [{ "type": 4, "custom_id": "a", "value": "x" }] },
            { "type": 18, "component": { "type": 4, "custom_id": "b", "value": "y" } },
            { "type": 10, "id": 3 },
        ]);
        let fields = form_fields(&components);
        assert_eq!(fields, [("a".into(), "x".into()), ("b".into(), "y".into())]);
        assert!(form_fields(&Json::Null).is_empty());
    }
}
