//! What may be in a message: new, edited, as an answer to an interaction, or through a webhook.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Form, component, embed};
use crate::{
    rest::refusal::{EMPTY_MESSAGE, INVALID_STICKER, Refusal},
    snowflake::Id,
    world::message::{AllowedMentions, MessageEdit, NewMessage, flags},
};

pub const MOST_CONTENT: usize = 2000;
const MOST_NONCE: usize = 25;
const MOST_FILES: usize = 10;
const MOST_MENTIONS: usize = 100;
const MOST_STICKERS: usize = 3;
const FILE_DESCRIPTION: usize = 1024;

/// What a bot may set; anything else Discord sets itself, and forgets what is said about it.
const SETTABLE: u64 = flags::SUPPRESS_EMBEDS
    | flags::EPHEMERAL
    | flags::SUPPRESS_NOTIFICATIONS
    | flags::COMPONENTS_V2;

/// A message as it was asked for. `None` is "nothing said", which matters when editing.
#[derive(Debug, Clone, Default)]
pub struct Message {
    pub content: Option<String>,
    pub embeds: Option<Vec<Value>>,
    pub components: Option<Vec<Value>>,
    pub flags: Option<u64>,
    pub tts: bool,
    pub nonce: Option<Value>,
    pub enforce_nonce: bool,
    pub mentions: Option<AllowedMentions>,
    pub reference: Option<Reference>,
    pub files: Option<Vec<File>>,
    pub sticker_ids: Vec<Id>,
    /// Of a webhook: as whom it speaks, and a thread it opens.
    pub username: Option<String>,
    pub avatar_url: Option<String>,
    pub thread_name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub message_id: Id,
    pub channel_id: Option<Id>,
    pub guild_id: Option<Id>,
    pub fail_if_not_exists: bool,
}

/// A file: one that comes with the request (its place), or one that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub id: u64,
    pub filename: Option<String>,
    pub description: Option<String>,
    pub new: bool,
}

impl Message {
    pub fn flag(&self, flag: u64) -> bool {
        self.flags.unwrap_or_default() & flag != 0
    }

    /// As the world takes it, with the files that were stored for it.
    pub fn into_new(self, attachments: Vec<Value>) -> NewMessage {
        NewMessage {
            content: self.content.unwrap_or_default(),
            tts: self.tts,
            embeds: self.embeds.unwrap_or_default(),
            components: self.components.unwrap_or_default(),
            attachments,
            flags: self.flags.unwrap_or_default(),
            nonce: self.nonce,
            enforce_nonce: self.enforce_nonce,
            allowed_mentions: self.mentions,
            answers_to: self.reference.map(|reference| reference.message_id),
            ..NewMessage::default()
        }
    }

    pub fn into_edit(self, attachments: Option<Vec<Value>>) -> MessageEdit {
        MessageEdit {
            content: self.content,
            embeds: self.embeds,
            components: self.components,
            attachments,
            flags: self.flags,
            allowed_mentions: self.mentions,
        }
    }

    /// Whether anything would be seen.
    pub fn is_empty(&self) -> bool {
        let nothing = |list: &Option<Vec<Value>>| list.as_ref().is_none_or(Vec::is_empty);
        self.content.as_ref().is_none_or(|content| content.trim().is_empty())
            && nothing(&self.embeds)
            && nothing(&self.components)
            && self.files.as_ref().is_none_or(Vec::is_empty)
    }
}

/// A new message with `files` files beside it.
pub fn create(body: &Value, files: usize) -> Result<Message, Refusal> {
    checked(super::read(body, |form| message(form, files, false))?)
}

/// There are no stickers here, and something must be seen.
fn checked(message: Message) -> Result<Message, Refusal> {
    if !message.sticker_ids.is_empty() {
        return Err(INVALID_STICKER);
    }
    if message.is_empty() { Err(EMPTY_MESSAGE) } else { Ok(message) }
}

/// A message as an answer to an interaction, or following one up.
pub fn answer(body: &Value, files: usize) -> Result<Message, Refusal> {
    create(body, files)
}

/// What is to change in a message. That something is left is checked against the message.
pub fn edit(body: &Value, files: usize) -> Result<Message, Refusal> {
    super::read(body, |form| message(form, files, true))
}

/// A message through a webhook.
pub fn webhook(body: &Value, files: usize) -> Result<Message, Refusal> {
    let message = super::read(body, |form| {
        let mut message = message(form, files, false);
        message.username = form.text("username", 1..=80).map(str::to_owned);
        if let Some(name) = &message.username {
            super::webhook::check_name(form, "username", name);
        }
        message.avatar_url = form.url("avatar_url", &["http", "https"]).map(str::to_owned);
        message.thread_name = form.text("thread_name", 1..=100).map(str::to_owned);
        message
    })?;
    checked(message)
}

fn message(form: &Form<'_>, files: usize, edit: bool) -> Message {
    if !form.is_object() {
        return Message::default();
    }
    let flags = form.integer("flags", 0..=i64::MAX).and_then(|flags| u64::try_from(flags).ok());
    let flags = flags.map(|flags| flags & SETTABLE);
    let v2 = flags.unwrap_or_default() & flags::COMPONENTS_V2 != 0;
    if v2 {
        only_components(form);
    }
    if form.has("poll") {
        form.refuse("poll", "POLL_NOT_SUPPORTED", "The simulator has no polls.");
    }
    // Cleared and empty are the same to a message.
    let cleared = |field: &str| (edit && form.clears(field)).then(Vec::new);
    let content = form.text("content", 0..=MOST_CONTENT).map(|text| text.trim().to_owned());
    let cleared_content = (edit && form.clears("content")).then(String::new);
    let layout = v2 || (edit && has_layout(form));
    let files = attachments(form, files);
    Message {
        content: content.or(cleared_content),
        embeds: embed::embeds(form).or_else(|| cleared("embeds")),
        components: component::components(form, layout).or_else(|| cleared("components")),
        flags,
        tts: form.boolean("tts").unwrap_or(false),
        nonce: nonce(form),
        enforce_nonce: form.boolean("enforce_nonce").unwrap_or(false),
        mentions: form.object("allowed_mentions").map(|mentions| allowed_mentions(&mentions)),
        reference: form.object("message_reference").and_then(|reference| replied(&reference)),
        files,
        sticker_ids: form.snowflakes("sticker_ids", 0..=MOST_STICKERS).unwrap_or_default(),
        ..Message::default()
    }
}

/// The flag cannot be taken back, so an edit of such a message need not repeat it.
fn has_layout(form: &Form<'_>) -> bool {
    let components = form.value().get("components").and_then(Value::as_array);
    components.is_some_and(|list| list.iter().any(|item| item["type"] != component::ROW))
}

fn only_components(form: &Form<'_>) {
    for field in ["content", "embeds", "sticker_ids", "poll"] {
        let value = form.value().get(field).unwrap_or(&Value::Null);
        let empty = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => false,
        };
        if !empty {
            let message = format!(
                "The '{field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            );
            form.refuse(field, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message);
        }
    }
}

fn nonce(form: &Form<'_>) -> Option<Value> {
    if form.value().get("nonce").is_some_and(Value::is_i64) {
        return form.value().get("nonce").cloned();
    }
    form.text("nonce", 0..=MOST_NONCE).filter(|text| !text.is_empty()).map(Value::from)
}

fn allowed_mentions(form: &Form<'_>) -> AllowedMentions {
    let mut allowed = AllowedMentions {
        users: form.snowflakes("users", 0..=MOST_MENTIONS).unwrap_or_default(),
        roles: form.snowflakes("roles", 0..=MOST_MENTIONS).unwrap_or_default(),
        replied_user: form.boolean("replied_user").unwrap_or(false),
        ..AllowedMentions::default()
    };
    for item in form.list("parse", 0..=3).unwrap_or_default() {
        match item.value().as_str() {
            Some("everyone") => allowed.everyone = true,
            Some("users") => allowed.all_users = true,
            Some("roles") => allowed.all_roles = true,
            _ => {
                let message = "Value must be one of ('users', 'roles', 'everyone').";
                item.refuse("", "BASE_TYPE_CHOICES", message);
            }
        }
    }
    let both = [
        ("users", allowed.all_users, &allowed.users),
        ("roles", allowed.all_roles, &allowed.roles),
    ];
    for (field, all, some) in both {
        if all && !some.is_empty() {
            let message =
                format!("parse:[\"{field}\"] and {field}: [ids...] are mutually exclusive.");
            form.refuse("", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message);
        }
    }
    allowed
}

fn replied(form: &Form<'_>) -> Option<Reference> {
    form.require("message_id");
    let kind = form.choice("type", &[0, 1]).unwrap_or(0);
    if kind == 1 {
        form.refuse("type", "FORWARD_NOT_SUPPORTED", "The simulator forwards no messages.");
    }
    Some(Reference {
        message_id: form.snowflake("message_id")?,
        channel_id: form.snowflake("channel_id"),
        guild_id: form.snowflake("guild_id"),
        fail_if_not_exists: form.boolean("fail_if_not_exists").unwrap_or(true),
    })
}

/// `attachments` names files by their place among those that came, or by id if they are there.
fn attachments(form: &Form<'_>, files: usize) -> Option<Vec<File>> {
    if files > MOST_FILES {
        let message = format!("Must be {MOST_FILES} or fewer in length.");
        form.refuse("attachments", "BASE_TYPE_MAX_LENGTH", message);
        return None;
    }
    let whole = |place: usize| File {
        id: u64::try_from(place).unwrap_or(u64::MAX),
        filename: None,
        description: None,
        new: true,
    };
    let Some(list) = form.objects("attachments", 0..=MOST_FILES) else {
        let nothing_said = files == 0 && !form.clears("attachments");
        return if nothing_said { None } else { Some((0..files).map(whole).collect()) };
    };
    let mut named = BTreeSet::new();
    let mut kept = Vec::with_capacity(list.len());
    for item in &list {
        item.require("id");
        // The first file has the id 0, which is no snowflake.
        let raw = &item.value()["id"];
        let id = raw.as_u64().or_else(|| raw.as_str()?.parse().ok());
        let Some(id) = id else {
            item.refuse("id", "NUMBER_TYPE_COERCE", super::not_a_snowflake(raw));
            continue;
        };
        let new = usize::try_from(id).is_ok_and(|place| place < MOST_FILES);
        if new && usize::try_from(id).is_ok_and(|place| place >= files) {
            let message = format!("Attachment data not found for id {id}");
            item.refuse("", "ATTACHMENT_DATA_NOT_FOUND", message);
        }
        named.insert(id);
        kept.push(File {
            id,
            filename: item.text("filename", 1..=260).map(str::to_owned),
            description: item.text("description", 0..=FILE_DESCRIPTION).map(str::to_owned),
            new,
        });
    }
    let unnamed = (0..files).map(whole).filter(|file| !named.contains(&file.id));
    kept.extend(unnamed);
    Some(kept)
}
