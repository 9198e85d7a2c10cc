//! What an application does with an interaction: the first response, its edits, and what follows.

use serde_json::{Map, Value, json};

use super::{
    Answer, By, Refusal, World,
    interaction::{Interaction, Kind, Response},
    message::{Author, MessageEdit, NewMessage, flags, kind},
};
use crate::{limits, snowflake::Id};

/// The first response to an interaction, as its type on the wire says.
#[derive(Clone, Debug)]
pub enum Callback {
    /// 4: a message.
    Message(NewMessage),
    /// 5: a message that follows; `ephemeral` is said now or never.
    Defer { ephemeral: bool },
    /// 6: the message with the component will be changed.
    DeferUpdate,
    /// 7: the message with the component is changed.
    Update(MessageEdit),
    /// 8: what an option may be.
    Choices(Vec<Value>),
    /// 9: a form to fill in.
    Modal(Value),
}

impl Callback {
    const fn fits(&self, interaction: &Interaction) -> bool {
        match self {
            Self::Message(_) | Self::Defer { .. } => {
                !matches!(interaction.kind, Kind::Autocomplete)
            }
            // A form that a component opened can change the component's message.
            Self::DeferUpdate | Self::Update(_) => interaction.message.is_some(),
            Self::Choices(_) => matches!(interaction.kind, Kind::Autocomplete),
            Self::Modal(_) => matches!(interaction.kind, Kind::Command | Kind::Component),
        }
    }
}

impl World {
    /// Takes the first response. The token must be the interaction's; after three seconds, or after
    /// another response, it is too late. Gives the message it made or changed.
    pub fn answer_interaction(
        &mut self,
        id: Id,
        token: &str,
        callback: Callback,
    ) -> Answer<Option<Id>> {
        let now = self.now_ms();
        let found = self.interaction(id)?;
        if found.token != token {
            return Err(Refusal::UNKNOWN_INTERACTION);
        }
        if found.response.is_some() {
            return Err(Refusal::ALREADY_ACKNOWLEDGED);
        }
        if found.is_too_late(now) {
            return Err(Refusal::UNKNOWN_INTERACTION);
        }
        if !callback.fits(found) {
            return Err(Refusal::wrong("type: this interaction takes no response of that type"));
        }
        let (channel, source) = (found.channel, found.message);
        let deferred = matches!(callback, Callback::Defer { .. } | Callback::DeferUpdate);
        let response = match callback {
            Callback::Message(new) => {
                let (author, new) = (self.bot_of(id)?, self.of_interaction(id, new)?);
                Response::Message(self.create_message(channel, author, new)?)
            }
            Callback::Defer { ephemeral } => {
                let waiting = flags::LOADING | if ephemeral { flags::EPHEMERAL } else { 0 };
                let new = NewMessage { flags: waiting, ..NewMessage::default() };
                let (author, new) = (self.bot_of(id)?, self.of_interaction(id, new)?);
                Response::Message(self.create_message(channel, author, new)?)
            }
            Callback::DeferUpdate => Response::Update,
            Callback::Update(edit) => {
                let source = source.ok_or(Refusal::UNKNOWN_MESSAGE)?;
                self.edit_shown(channel, source, edit)?;
                Response::Update
            }
            Callback::Choices(choices) => Response::Choices(choices),
            Callback::Modal(form) => Response::Modal(form),
        };
        let found = self.interactions.get_mut(&id).ok_or(Refusal::UNKNOWN_INTERACTION)?;
        found.response = Some(response);
        found.deferred = deferred;
        let original = found.original();
        self.touch(id);
        Ok(original)
    }

    /// Who answers: the application's bot.
    fn bot_of(&self, id: Id) -> Answer<Author> {
        let application = self.interaction(id)?.application;
        Ok(Author::User(self.application(application)?.bot))
    }

    /// A message with what Discord says of the interaction that it answers.
    fn of_interaction(&self, id: Id, mut new: NewMessage) -> Answer<NewMessage> {
        let found = self.interaction(id)?;
        let owners = found.guild.map_or_else(|| "0".to_owned(), |guild| guild.to_string());
        new.interaction = Some(json!({
            "id": id,
            "type": found.kind as u8,
            "user": self.user_json(found.user),
            "authorizing_integration_owners": { "0": owners },
            "name": found.name,
        }));
        new.application = Some(found.application);
        if found.kind == Kind::Command {
            new.kind = kind::CHAT_COMMAND;
        }
        if new.flags & flags::EPHEMERAL != 0 {
            new.only_for = Some(found.user);
        }
        Ok(new)
    }

    fn edit_shown(&mut self, channel: Id, id: Id, edit: MessageEdit) -> Answer {
        if self.ephemeral.contains_key(&id) {
            self.edit_ephemeral(id, edit)
        } else {
            self.edit_message(channel, id, edit)
        }
    }

    /// Which message an address means: `@original`, or one of the interaction's followups.
    fn addressed(&self, application: Id, token: &str, message: Option<Id>) -> Answer<(Id, Id, Id)> {
        let found = self.interaction_by_token(application, token)?;
        let id = match message {
            None => found.original().ok_or(Refusal::UNKNOWN_MESSAGE)?,
            Some(id) if found.followups.contains(&id) || found.original() == Some(id) => id,
            Some(_) => return Err(Refusal::UNKNOWN_MESSAGE),
        };
        Ok((found.id, found.channel, id))
    }

    /// A message of an interaction, by its token.
    pub fn response_json(
        &self,
        application: Id,
        token: &str,
        message: Option<Id>,
    ) -> Answer<Value> {
        let (_, channel, id) = self.addressed(application, token, message)?;
        self.shown_message_json(channel, id)
    }

    pub fn edit_response(
        &mut self,
        application: Id,
        token: &str,
        message: Option<Id>,
        edit: MessageEdit,
    ) -> Answer<Id> {
        let (interaction, channel, id) = self.addressed(application, token, message)?;
        self.edit_shown(channel, id, edit)?;
        self.touch(interaction);
        Ok(id)
    }

    pub fn delete_response(&mut self, application: Id, token: &str, message: Option<Id>) -> Answer {
        let (interaction, channel, id) = self.addressed(application, token, message)?;
        if self.ephemeral.remove(&id).is_none() {
            let bot = self.application(application)?.bot;
            self.delete_message(channel, id, &By::user(bot))?;
        }
        self.touch(interaction);
        Ok(())
    }

    /// A message after the first response. The first one after a deferred response takes its place.
    pub fn follow_up(&mut self, application: Id, token: &str, new: NewMessage) -> Answer<Id> {
        let found = self.interaction_by_token(application, token)?;
        let (interaction, channel) = (found.id, found.channel);
        if found.response.is_none() {
            return Err(Refusal::INVALID_WEBHOOK_TOKEN);
        }
        if found.followups.len() >= limits::MOST_FOLLOWUPS {
            return Err(Refusal::WORLD_IS_FULL);
        }
        let loading = found.original().filter(|id| {
            let message = self.ephemeral.get(id);
            let message = message.or_else(|| self.message(channel, *id).ok());
            message.is_some_and(|message| message.flags & flags::LOADING != 0)
        });
        let id = if let Some(id) = loading {
            let edit = MessageEdit {
                content: Some(new.content),
                embeds: Some(new.embeds),
                components: Some(new.components),
                attachments: Some(new.attachments),
                flags: Some(new.flags & !flags::EPHEMERAL),
                allowed_mentions: new.allowed_mentions,
            };
            self.edit_shown(channel, id, edit)?;
            id
        } else {
            let (author, new) = (self.bot_of(interaction)?, self.of_interaction(interaction, new)?);
            let id = self.create_message(channel, author, new)?;
            let found = self.interactions.get_mut(&interaction);
            found.ok_or(Refusal::UNKNOWN_INTERACTION)?.followups.push(id);
            id
        };
        self.touch(interaction);
        Ok(id)
    }

    /// What the callback route answers with `with_response`.
    pub fn callback_json(&self, id: Id) -> Answer<Value> {
        let found = self.interaction(id)?;
        let kind = match &found.response {
            Some(Response::Message(_)) => 4,
            Some(Response::Update) => 7,
            Some(Response::Choices(_)) => 8,
            Some(Response::Modal(_)) => 9,
            None => return Err(Refusal::UNKNOWN_INTERACTION),
        };
        let mut interaction = json!({ "id": id, "type": found.kind as u8 });
        let mut resource: Map<String, Value> = Map::new();
        resource.insert("type".to_owned(), json!(kind));
        if let Some(message) = found.original() {
            interaction["response_message_id"] = json!(message);
            let wire = self.shown_message_json(found.channel, message)?;
            interaction["response_message_loading"] =
                json!(wire["flags"].as_u64().unwrap_or(0) & flags::LOADING != 0);
            interaction["response_message_ephemeral"] =
                json!(self.ephemeral.contains_key(&message));
            resource.insert("message".to_owned(), wire);
        }
        Ok(json!({ "interaction": interaction, "resource": resource }))
    }

    /// Wakes whoever waits for a change of an interaction.
    fn touch(&self, interaction: Id) {
        if let Some(found) = self.interactions.get(&interaction) {
            found.touch();
        }
        self.hub().note_change();
    }
}
