//! How answers leave the house: the calls of an interaction, or a message where a prefix was used.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{ChannelId, MessageId};
use twilight_http::{Client, Error as HttpError, error::ErrorType};
use twilight_model::{
    channel::message::MessageFlags,
    http::interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType},
    id::{
        Id,
        marker::{ApplicationMarker, InteractionMarker},
    },
};

use super::{
    command::Suggestion,
    failure::{code, describe},
    reply::{Reply, cut, no_mentions},
};

/// Discord's codes for an interaction that has been answered, and for one that it forgot.
const ANSWERED: u64 = 40_060;
const FORGOTTEN: u64 = 10_062;
/// Discord's limit of a suggestion's name and value.
const MAX_SUGGESTION: usize = 100;
/// Before the first answer is tried again; three seconds are all there is.
const AGAIN: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// The first thing said to an interaction.
#[derive(Clone, Debug, PartialEq)]
pub enum First {
    Reply(Reply),
    /// Work goes on; the answer comes later.
    Later {
        private: bool,
    },
    /// Work goes on, and the message that a button is on will change.
    ChangeLater,
    Suggestions(Vec<Suggestion>),
}

/// What became of something that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Yes,
    /// It was answered before, by somebody else of this bot.
    Before,
    /// Nobody waits for it any more.
    TooLate,
    No(String),
}

#[async_trait]
pub trait Mouth: Send + Sync {
    async fn first(&self, first: First) -> Heard;
    /// Whether an answer was announced, and has not been given.
    async fn owes(&self) -> bool;
    /// In the place of what [`First::Later`] or [`First::ChangeLater`] announced.
    async fn then(&self, reply: &Reply) -> Heard;
    /// As a message of its own, after something was announced.
    async fn also(&self, reply: &Reply) -> Heard;
    /// Takes back what was announced.
    async fn take_back(&self) -> Heard;
}

/// Answers one interaction.
pub struct Voice {
    pub http: Arc<Client>,
    pub application: Id<ApplicationMarker>,
    pub interaction: Id<InteractionMarker>,
    /// Never logged: whoever has it can answer.
    pub token: String,
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voice").field("interaction", &self.interaction).finish_non_exhaustive()
    }
}

fn heard(error: &HttpError) -> Heard {
    match code(error) {
        // An answer of ours whose own answer was lost on the way.
        Some(ANSWERED) => Heard::Yes,
        Some(FORGOTTEN) => Heard::TooLate,
        _ => Heard::No(describe(error)),
    }
}

/// Whether it is unknown if Discord did it, or it said that it is not well.
fn may_try_again(error: &HttpError) -> bool {
    match error.kind() {
        ErrorType::RequestError | ErrorType::RequestTimedOut | ErrorType::Parsing { .. } => true,
        ErrorType::Response { status, .. } => status.get() >= 500,
        _ => false,
    }
}

fn response(first: First) -> InteractionResponse {
    use InteractionResponseType as Kind;
    let (kind, data) = match first {
        First::Reply(Reply { form: Some(form), .. }) => {
            (Kind::Modal, Some(Reply::form_data(&form)))
        }
        First::Reply(reply) if reply.replaces => {
            let data = InteractionResponseData { flags: None, ..reply.data() };
            (Kind::UpdateMessage, Some(data))
        }
        First::Reply(reply) => (Kind::ChannelMessageWithSource, Some(reply.data())),
        First::Later { private } => {
            let flags = private.then_some(MessageFlags::EPHEMERAL);
            let data = InteractionResponseData { flags, ..InteractionResponseData::default() };
            (Kind::DeferredChannelMessageWithSource, Some(data))
        }
        First::ChangeLater => (Kind::DeferredUpdateMessage, None),
        First::Suggestions(suggestions) => {
            let choices = suggestions.iter().map(|suggestion| {
                twilight_model::application::command::CommandOptionChoice {
                    name: cut(&suggestion.title, MAX_SUGGESTION),
                    name_localizations: None,
                    value: cut(&suggestion.value, MAX_SUGGESTION).into(),
                }
            });
            let choices = Some(choices.collect());
            let data = InteractionResponseData { choices, ..InteractionResponseData::default() };
            (Kind::ApplicationCommandAutocompleteResult, Some(data))
        }
    };
    InteractionResponse { kind, data }
}

#[async_trait]
impl Mouth for Voice {
    async fn first(&self, first: First) -> Heard {
        let response = response(first);
        let (mut waits, mut is_first) = (AGAIN.iter(), true);
        loop {
            let calls = self.http.interaction(self.application);
            let sent = calls.create_response(self.interaction, &self.token, &response).await;
            match (sent, waits.next()) {
                (Ok(_), _) => return Heard::Yes,
                (Err(error), Some(wait)) if may_try_again(&error) => {
                    tokio::time::sleep(*wait).await;
                }
                (Err(error), _) if is_first && code(&error) == Some(ANSWERED) => {
                    return Heard::Before;
                }
                (Err(error), _) => return heard(&error),
            }
            is_first = false;
        }
    }

    async fn owes(&self) -> bool {
        let calls = self.http.interaction(self.application);
        let Ok(answer) = calls.response(&self.token).await else { return false };
        let message = answer.model().await;
        message.is_ok_and(|message| {
            message.flags.is_some_and(|flags| flags.contains(MessageFlags::LOADING))
        })
    }

    async fn then(&self, reply: &Reply) -> Heard {
        let (embeds, components) = ([reply.embed()], reply.components());
        let (attachments, mentions) = (reply.attachments(), no_mentions());
        let mut waits = AGAIN.iter();
        loop {
            let calls = self.http.interaction(self.application);
            let sent = calls
                .update_response(&self.token)
                .allowed_mentions(Some(&mentions))
                .attachments(&attachments)
                .components(Some(&components))
                .embeds(Some(&embeds))
                .await;
            match (sent, waits.next()) {
                (Ok(_), _) => return Heard::Yes,
                (Err(error), Some(wait)) if may_try_again(&error) => {
                    tokio::time::sleep(*wait).await;
                }
                (Err(error), _) => return heard(&error),
            }
        }
    }

    async fn also(&self, reply: &Reply) -> Heard {
        let (embeds, components) = ([reply.embed()], reply.components());
        let (attachments, mentions) = (reply.attachments(), no_mentions());
        let calls = self.http.interaction(self.application);
        let sent = calls
            .create_followup(&self.token)
            .allowed_mentions(Some(&mentions))
            .attachments(&attachments)
            .components(&components)
            .embeds(&embeds)
            .flags(reply.flags().unwrap_or(MessageFlags::empty()))
            .await;
        sent.map_or_else(|error| heard(&error), |_| Heard::Yes)
    }

    async fn take_back(&self) -> Heard {
        let calls = self.http.interaction(self.application);
        let sent = calls.delete_response(&self.token).await;
        sent.map_or_else(|error| heard(&error), |_| Heard::Yes)
    }
}

/// Answers a message that was written behind a prefix, below it.
pub struct Letter {
    pub http: Arc<Client>,
    pub channel: ChannelId,
    pub message: MessageId,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("message", &self.message).finish_non_exhaustive()
    }
}

#[async_trait]
impl Mouth for Letter {
    async fn first(&self, first: First) -> Heard {
        match first {
            First::Reply(reply) => self.then(&reply).await,
            // A message can wait for its answer.
            First::Later { .. } | First::ChangeLater | First::Suggestions(_) => Heard::Yes,
        }
    }

    async fn owes(&self) -> bool {
        false
    }

    async fn then(&self, reply: &Reply) -> Heard {
        let (embeds, components) = ([reply.embed()], reply.components());
        let (attachments, mentions) = (reply.attachments(), no_mentions());
        let message = Id::new(self.message.get());
        let sent = self
            .http
            .create_message(Id::new(self.channel.get()))
            .allowed_mentions(Some(&mentions))
            .attachments(&attachments)
            .components(&components)
            .embeds(&embeds)
            .reply(message)
            .fail_if_not_exists(false)
            .await;
        sent.map_or_else(|error| heard(&error), |_| Heard::Yes)
    }

    async fn also(&self, reply: &Reply) -> Heard {
        self.then(reply).await
    }

    async fn take_back(&self) -> Heard {
        Heard::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_each_first_word_then_it_has_discords_form() {
        let json = |first| serde_json::to_value(response(first)).unwrap();
        let reply = json(First::Reply(Reply::new("hi")));
        assert_eq!(reply["type"], 4);
        assert_eq!(reply["data"]["embeds"][0]["description"], "hi");
        assert_eq!(reply["data"]["allowed_mentions"]["parse"], serde_json::json!([]));
        assert!(reply["data"].get("flags").is_none());
        assert_eq!(json(First::Reply(Reply::bad("no")))["data"]["flags"], 64);
        let replaced = json(First::Reply(Reply::new("now").private().replacing()));
        assert_eq!(replaced["type"], 7);
        assert_eq!(replaced["data"]["components"], serde_json::json!([]), "buttons vanish");
        assert!(replaced["data"].get("flags").is_none(), "a message cannot become private");
        assert_eq!(json(First::Later { private: true })["data"]["flags"], 64);
        assert_eq!(json(First::Later { private: false })["type"], 5);
        assert_eq!(json(First::ChangeLater), serde_json::json!({ "type": 6 }));
        let long = "x".repeat(500);
        let suggestion = Suggestion { title: long.clone(), value: long };
        let choices = json(First::Suggestions(vec![suggestion]));
        assert_eq!(choices["type"], 8);
        let name = choices["data"]["choices"][0]["name"].as_str().unwrap();
        assert_eq!(name.chars().count(), MAX_SUGGESTION);
    }
}
