//! Who asks for what, and what a handler has at hand to answer.

use std::{fmt::Display, sync::Arc};

use actions::{Actions, Caller, Permissions, Standing};
use domain::{
    ChannelId, GuildId, IdempotencyKey, InvalidId, MessageId, RoleId, Timestamp, UserId,
    case::FileTold,
};
use serde_json::Value as Json;

use super::{
    edge::Edge,
    guilds::Guilds,
    options::{Given, Value},
    text::{Lang, Text},
    wire,
};

/// A request of a member, whatever way it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Discord's id of the interaction or message: what it causes, it causes once.
    pub id: u64,
    pub guild: GuildId,
    pub channel: Option<ChannelId>,
    pub user: UserId,
    pub name: Name,
    pub standing: Standing,
    /// When they came to the community; none where Discord did not say.
    pub joined_at: Option<Timestamp>,
    pub lang: Lang,
    pub what: What,
    pub way: Way,
    /// The members that it names, as Discord told of them.
    pub named: Vec<Named>,
    /// What it was picked on, from a menu.
    pub picked: Option<Picked>,
    /// Discord tells of it once more: the process before may have done it, and answered.
    pub again: bool,
}

/// What a member is called in the community; empty where Discord did not say. For the eyes of people
/// alone: it ends up in no log.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Name(pub String);

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Name")
    }
}

impl Name {
    fn of(user: &wire::Called, nick: Option<&String>) -> Self {
        Self(nick.or(user.global_name.as_ref()).unwrap_or(&user.username).clone())
    }
}

/// Whom or what somebody opened a menu of ours on.
#[derive(Clone, Debug)]
pub enum Picked {
    Person(UserId),
    Message(Arc<PickedMessage>),
}

/// A message as it was when somebody opened a menu on it.
#[derive(PartialEq, Eq)]
pub struct PickedMessage {
    pub id: MessageId,
    pub channel: ChannelId,
    pub author: UserId,
    pub is_by_bot: bool,
    pub text: String,
    pub files: Vec<FileTold>,
}

/// Never shown: what people write ends up in no log.
impl std::fmt::Debug for PickedMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PickedMessage").field("id", &self.id).finish_non_exhaustive()
    }
}

fn told(file: wire::Attached) -> FileTold {
    FileTold { name: file.filename, bytes: file.size, url: file.url }
}

impl Picked {
    fn of(target: Option<&str>, resolved: &mut wire::Resolved) -> Option<Self> {
        let target = target?;
        if let Some(shown) = resolved.messages.remove(target) {
            return Some(Self::Message(Arc::new(PickedMessage {
                id: shown.id,
                channel: shown.channel_id,
                author: shown.author.id,
                is_by_bot: shown.author.bot,
                text: shown.content,
                files: shown.attachments.into_iter().map(told).collect(),
            })));
        }
        target.parse().ok().map(Self::Person)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Interaction,
    /// Written behind a prefix.
    Message,
}

#[derive(Clone, Debug)]
pub enum What {
    Command { group: String, verb: String, given: Given },
    Typing { group: String, verb: String, typing: Typing },
    Press { custom_id: String, values: Vec<String> },
    Form { custom_id: String, fields: Vec<(String, String)> },
}

/// A member whom somebody named in an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub user: UserId,
    pub name: Name,
    pub is_bot: bool,
    /// None where they are not in the community any more.
    pub roles: Option<Vec<RoleId>>,
}

impl Named {
    fn all(resolved: &wire::Resolved) -> Vec<Self> {
        let named = resolved.users.iter().map(|(id, user)| {
            let member = resolved.members.get(id);
            Self {
                user: user.id,
                name: Name::of(user, member.and_then(|member| member.nick.as_ref())),
                is_bot: user.bot,
                roles: member.map(|member| member.roles.clone()),
            }
        });
        named.collect()
    }
}

/// What a person has typed of one option so far.
#[derive(Clone, Debug)]
pub struct Typing {
    pub field: String,
    pub typed: String,
    /// The other options.
    pub given: Given,
}

/// A button or menu of ours that was used.
#[derive(Clone, Debug)]
pub struct Pressed {
    pub payload: String,
    pub values: Vec<String>,
}

/// A form of ours that was sent.
#[derive(Clone, Debug)]
pub struct Form {
    pub payload: String,
    pub fields: Vec<(String, String)>,
}

/// Why an interaction cannot be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Not in a community.
    Alone,
    /// A kind that we do not know.
    Strange,
}

impl Asked {
    pub fn read(interaction: wire::Interaction, guilds: &Guilds) -> Result<Self, Unusable> {
        let (Some(guild), Some(asker)) = (interaction.guild_id, interaction.member) else {
            return Err(Unusable::Alone);
        };
        let mut data = interaction.data.ok_or(Unusable::Strange)?;
        let named = Named::all(&data.resolved);
        let picked = Picked::of(data.target_id.as_deref(), &mut data.resolved);
        let what = match interaction.kind {
            2 => {
                let (verb, options) = verb(data.options);
                What::Command { group: data.name, verb, given: given(options) }
            }
            3 => What::Press { custom_id: data.custom_id, values: data.values },
            4 => {
                let (verb, options) = verb(data.options);
                let focused = options.iter().find(|option| option.focused);
                let (field, typed) = focused.map_or_else(Default::default, |option| {
                    let typed = match &option.value {
                        Json::String(text) => text.clone(),
                        Json::Null => String::new(),
                        other => other.to_string(),
                    };
                    (option.name.clone(), typed)
                });
                let typing = Typing { field, typed, given: given(options) };
                What::Typing { group: data.name, verb, typing }
            }
            5 => {
                let fields = wire::form_fields(&data.components);
                What::Form { custom_id: data.custom_id, fields }
            }
            _ => return Err(Unusable::Strange),
        };
        let user = asker.user.id;
        Ok(Self {
            id: interaction.id,
            guild,
            channel: interaction.channel_id,
            user,
            name: Name::of(&asker.user, asker.nick.as_ref()),
            joined_at: asker.joined_at,
            standing: guilds.standing(guild, user, asker.roles, Permissions(asker.permissions.0)),
            lang: Lang::of(interaction.locale.as_deref().unwrap_or_default()),
            what,
            way: Way::Interaction,
            named,
            picked,
            again: false,
        })
    }

    /// What a member is called whom this request is by, or names; empty where Discord did not say.
    pub fn name_of(&self, user: UserId) -> &str {
        if user == self.user {
            return &self.name.0;
        }
        self.told_of(user).map_or("", |named| &named.name.0)
    }

    /// What Discord told of a member that an option names.
    pub fn told_of(&self, user: UserId) -> Option<&Named> {
        self.named.iter().find(|named| named.user == user)
    }

    /// When the person did it, by Discord's clock.
    pub const fn at(&self) -> Timestamp {
        Timestamp::of_snowflake(self.id)
    }
}

/// The subcommand's name, with its group's before it, and its own options.
fn verb(mut options: Vec<wire::DataOption>) -> (String, Vec<wire::DataOption>) {
    const SUBCOMMAND: u8 = 1;
    const SUBCOMMAND_GROUP: u8 = 2;
    let mut names = Vec::new();
    while options.len() == 1 && matches!(options[0].kind, SUBCOMMAND | SUBCOMMAND_GROUP) {
        let Some(inner) = options.pop() else { break };
        names.push(inner.name);
        options = inner.options;
    }
    (names.join(" "), options)
}

fn given(options: Vec<wire::DataOption>) -> Given {
    fn id<T>(value: &Json, make: fn(u64) -> Result<T, InvalidId>) -> Option<T> {
        make(value.as_str()?.parse().ok()?).ok()
    }
    let value = |option: &wire::DataOption| {
        Some(match option.kind {
            3 => Value::Text(option.value.as_str()?.to_owned()),
            4 => Value::Integer(option.value.as_i64()?),
            5 => Value::Switch(option.value.as_bool()?),
            6 => Value::User(id(&option.value, UserId::new)?),
            7 => Value::Channel(id(&option.value, ChannelId::new)?),
            8 => Value::Role(id(&option.value, RoleId::new)?),
            _ => return None,
        })
    };
    let named = options.into_iter().filter_map(|option| Some((value(&option)?, option.name)));
    Given(named.map(|(value, name)| (name, value)).collect())
}

/// What a handler has at hand. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ctx {
    pub edge: Arc<Edge>,
    pub asked: Arc<Asked>,
    pub caller: Caller,
}

impl Ctx {
    pub fn new(edge: Arc<Edge>, asked: Arc<Asked>) -> Self {
        let caller = Caller::member(asked.user, asked.standing.clone());
        Self { edge, asked, caller }
    }

    /// With what they were given here for a time. Where that cannot be read, they have nothing of it.
    pub async fn with_grants(mut self) -> Self {
        let (guild, user) = (self.guild(), self.user());
        let standing = self.asked.standing.clone();
        match self.actions().with_grants(guild, user, standing).await {
            Ok(standing) => self.caller = Caller::member(user, standing),
            Err(error) => tracing::warn!(guild.id = %guild, %error, "grants cannot be read"),
        }
        self
    }

    pub fn actions(&self) -> &Actions {
        &self.edge.actions
    }

    pub fn guild(&self) -> GuildId {
        self.asked.guild
    }

    pub fn user(&self) -> UserId {
        self.asked.user
    }

    pub fn lang(&self) -> Lang {
        self.asked.lang
    }

    pub fn at(&self) -> Timestamp {
        self.asked.at()
    }

    /// What this request does, it does once, however often it comes.
    pub fn key(&self) -> Result<IdempotencyKey, InvalidId> {
        let way = match self.asked.way {
            Way::Interaction => "interaction",
            Way::Message => "message",
        };
        IdempotencyKey::new(format!("{way}/{}", self.asked.id))
    }

    pub fn say(&self, text: Text) -> String {
        text.say(self.lang()).to_owned()
    }

    pub fn fill(&self, text: Text, with: &[(&str, &dyn Display)]) -> String {
        text.fill(self.lang(), with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &Json) -> Result<Asked, Unusable> {
        Asked::read(serde_json::from_value(json.clone()).unwrap(), &Guilds::default())
    }

    fn interaction(kind: u8, data: &Json) -> Json {
        serde_json::json!({
            "id": "1107318246137131070", "application_id": "9", "type": kind, "token": "secret",
            "guild_id": "10", "channel_id": "11", "locale": "de", "version": 1,
            "member": { "user": { "id": "5", "username": "ann" }, "roles": ["20"],
                        "permissions": "2147483647" },
            "data": data,
        })
    }

    #[test]
    fn given_a_command_then_its_verb_and_options_are_read() {
        let data = serde_json::json!({ "id": "1", "name": "bytes", "type": 1, "options": [
            { "name": "send", "type": 1, "options": [
                { "name": "user", "type": 6, "value": "77" },
                { "name": "amount", "type": 4, "value": 5 },
                { "name": "reason", "type": 3, "value": "0123" },
                { "name": "strange", "type": 11, "value": "1" },
                { "name": "bad", "type": 6, "value": "not an id" },
            ]},
        ]});
        let asked = read(&interaction(2, &data)).unwrap();
        let What::Command { group, verb, given } = &asked.what else { panic!("{asked:?}") };
        assert_eq!((group.as_str(), verb.as_str()), ("bytes", "send"));
        let expected = [
            ("user".to_owned(), Value::User(UserId::new(77).unwrap())),
            ("amount".to_owned(), Value::Integer(5)),
            ("reason".to_owned(), Value::Text("0123".to_owned())),
        ];
        assert_eq!(given.0, expected);
        assert_eq!((asked.lang, asked.user.get(), asked.guild.get()), (Lang::De, 5, 10));
    }

    #[test]
    fn given_typing_a_button_or_a_form_then_each_is_read() {
        let data = serde_json::json!({ "name": "settings", "options": [
            { "name": "set", "type": 1, "options": [
                { "name": "field", "type": 3, "value": "dai", "focused": true }]}]});
        let asked = read(&interaction(4, &data)).unwrap();
        let What::Typing { verb, typing, .. } = &asked.what else { panic!("{asked:?}") };
        assert_eq!(
            (verb.as_str(), typing.field.as_str(), typing.typed.as_str()),
            ("set", "field", "dai")
        );
        let asked =
            read(&interaction(3, &serde_json::json!({ "custom_id": "x", "component_type": 2 })));
        assert!(matches!(asked.unwrap().what, What::Press { custom_id, .. } if custom_id == "x"));
        let data = serde_json::json!({ "custom_id": "f", "components": [
            { "type": 1, "components": [{ "type": 4, "custom_id": "why", "value": "so" }] }]});
        let asked = read(&interaction(5, &data)).unwrap();
        assert!(matches!(asked.what, What::Form { fields, .. } if fields[0].1 == "so"));
    }

    #[test]
    fn given_what_comes_from_nowhere_or_is_strange_then_it_is_not_usable() {
        let mut alone = interaction(2, &serde_json::json!({ "name": "help" }));
        alone.as_object_mut().unwrap().remove("guild_id");
        assert_eq!(read(&alone).unwrap_err(), Unusable::Alone);
        let strange = interaction(99, &serde_json::json!({}));
        assert_eq!(read(&strange).unwrap_err(), Unusable::Strange);
    }

    #[test]
    fn given_an_interaction_then_its_token_is_never_shown() {
        let json = interaction(2, &serde_json::json!({ "name": "help" }));
        let interaction: wire::Interaction = serde_json::from_value(json).unwrap();
        assert!(!format!("{interaction:?}").contains("secret"));
    }
}
