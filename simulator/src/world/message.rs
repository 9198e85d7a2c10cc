//! Messages: written, edited, pinned, deleted.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, By, Refusal, World, audit, channel::Kind};
use crate::{clock::timestamp, gateway::hub::ContentRule, limits, snowflake::Id};

pub mod flags {
    pub const SUPPRESS_EMBEDS: u64 = 1 << 2;
    pub const HAS_THREAD: u64 = 1 << 5;
    pub const EPHEMERAL: u64 = 1 << 6;
    pub const LOADING: u64 = 1 << 7;
    pub const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
    pub const COMPONENTS_V2: u64 = 1 << 15;
}

/// Kinds of messages on the wire.
pub mod kind {
    pub const DEFAULT: u8 = 0;
    pub const PINNED: u8 = 6;
    pub const JOIN: u8 = 7;
    pub const REPLY: u8 = 19;
    pub const CHAT_COMMAND: u8 = 20;
    pub const CONTEXT_COMMAND: u8 = 23;
    pub const AUTOMOD_ACTION: u8 = 24;
}

/// Who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Author {
    User(Id),
    Webhook { id: Id, name: String, avatar: Option<String> },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reaction {
    pub emoji: Value,
    pub by: Vec<Id>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    pub id: Id,
    pub channel: Id,
    pub guild: Option<Id>,
    pub author: Author,
    pub kind: u8,
    pub content: String,
    pub made_ms: u64,
    pub edited_ms: Option<u64>,
    pub tts: bool,
    pub mention_everyone: bool,
    pub mentions: Vec<Id>,
    pub mention_roles: Vec<Id>,
    pub attachments: Vec<Value>,
    pub embeds: Vec<Value>,
    pub components: Vec<Value>,
    pub reactions: Vec<Reaction>,
    pub nonce: Option<Value>,
    pub pinned: bool,
    pub flags: u64,
    /// The channel and message it answers to.
    pub answers_to: Option<(Id, Id)>,
    pub thread: Option<Id>,
    /// The application that sent it.
    pub application: Option<Id>,
    /// What is told of the interaction that it answers.
    pub interaction: Option<Value>,
    /// The only person who sees it.
    pub only_for: Option<Id>,
}

/// What somebody may mention; none of it where the list is there and empty.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of Discord's own")]
pub struct AllowedMentions {
    pub everyone: bool,
    pub all_users: bool,
    pub all_roles: bool,
    pub users: Vec<Id>,
    pub roles: Vec<Id>,
    pub replied_user: bool,
}

/// What is to be sent. Whoever makes it has checked its parts against Discord's limits.
#[derive(Clone, Debug, Default)]
pub struct NewMessage {
    pub content: String,
    pub tts: bool,
    pub embeds: Vec<Value>,
    pub components: Vec<Value>,
    pub attachments: Vec<Value>,
    pub flags: u64,
    pub nonce: Option<Value>,
    pub enforce_nonce: bool,
    /// Absent: everything that is written is mentioned.
    pub allowed_mentions: Option<AllowedMentions>,
    pub answers_to: Option<Id>,
    pub kind: u8,
    pub interaction: Option<Value>,
    pub application: Option<Id>,
    pub only_for: Option<Id>,
}

impl NewMessage {
    pub fn text(content: impl Into<String>) -> Self {
        Self { content: content.into(), ..Self::default() }
    }

    fn is_empty(&self) -> bool {
        // What is loading gets its content later.
        self.flags & flags::LOADING == 0
            && self.content.trim().is_empty()
            && self.embeds.is_empty()
            && self.components.is_empty()
            && self.attachments.is_empty()
    }
}

/// What of a message should be otherwise.
#[derive(Clone, Debug, Default)]
pub struct MessageEdit {
    pub content: Option<String>,
    pub embeds: Option<Vec<Value>>,
    pub components: Option<Vec<Value>>,
    pub attachments: Option<Vec<Value>>,
    pub flags: Option<u64>,
    pub allowed_mentions: Option<AllowedMentions>,
}

/// The ids between a sign and `>`: `<@1>`, `<@!1>`, `<@&1>`.
fn named(content: &str, sign: &str) -> Vec<Id> {
    let mut ids: Vec<Id> = Vec::new();
    for part in content.split(sign).skip(1) {
        let part = part.strip_prefix('!').unwrap_or(part);
        let id = part.split_once('>').and_then(|(id, _)| id.parse().ok());
        if let Some(id) = id.filter(|id| !ids.contains(id)) {
            ids.push(id);
        }
    }
    ids
}

/// Whom a message mentions: users, roles, everyone.
fn mentions(content: &str, allowed: Option<&AllowedMentions>) -> (Vec<Id>, Vec<Id>, bool) {
    let (mut users, mut roles) = (named(content, "<@"), named(content, "<@&"));
    let mut everyone = content.contains("@everyone") || content.contains("@here");
    if let Some(allowed) = allowed {
        users.retain(|user| allowed.all_users || allowed.users.contains(user));
        roles.retain(|role| allowed.all_roles || allowed.roles.contains(role));
        everyone &= allowed.everyone;
    }
    (users, roles, everyone)
}

impl World {
    pub fn message(&self, channel: Id, id: Id) -> Answer<&Message> {
        self.channel(channel)?.messages.get(&id).ok_or(Refusal::UNKNOWN_MESSAGE)
    }

    fn message_mut(&mut self, channel: Id, id: Id) -> Answer<&mut Message> {
        self.channel_mut(channel)?.messages.get_mut(&id).ok_or(Refusal::UNKNOWN_MESSAGE)
    }

    /// Writes a message. With `enforce_nonce`, one of the last minutes with the same nonce by the
    /// same author is given instead. A thread that slept wakes.
    pub fn create_message(&mut self, channel: Id, author: Author, new: NewMessage) -> Answer<Id> {
        let found = self.channel(channel)?;
        if !found.kind.is_text() {
            return Err(Refusal::NOT_A_TEXT_CHANNEL);
        }
        if new.is_empty() {
            return Err(Refusal::EMPTY_MESSAGE);
        }
        if let Some(answers_to) = new.answers_to
            && !found.messages.contains_key(&answers_to)
        {
            return Err(Refusal::wrong("message_reference: Unknown message"));
        }
        if let Some(nonce) = new.nonce.as_ref().filter(|_| new.enforce_nonce)
            && let Some(known) = self.message_with_nonce(channel, &author, nonce)
        {
            return Ok(known);
        }
        let message = self.compose(channel, author, new)?;
        let id = message.id;
        if message.only_for.is_some() {
            self.keep_ephemeral(message);
            return Ok(id);
        }
        self.post(message)?;
        Ok(id)
    }

    /// A message that is not yet anywhere.
    pub(super) fn compose(
        &mut self,
        channel: Id,
        author: Author,
        new: NewMessage,
    ) -> Answer<Message> {
        let (id, made_ms) = (self.next_id(), self.now_ms());
        let guild = self.channel(channel)?.guild;
        let (mut mentions, mention_roles, mention_everyone) =
            mentions(&new.content, new.allowed_mentions.as_ref());
        mentions.retain(|user| self.users.contains_key(user));
        if let Some(answers_to) = new.answers_to
            && new.allowed_mentions.as_ref().is_none_or(|allowed| allowed.replied_user)
            && let Ok(Message { author: Author::User(user), .. }) =
                self.message(channel, answers_to)
            && !mentions.contains(user)
        {
            mentions.push(*user);
        }
        let kind = match new.kind {
            kind::DEFAULT if new.answers_to.is_some() => kind::REPLY,
            other => other,
        };
        Ok(Message {
            id,
            channel,
            guild,
            author,
            kind,
            content: new.content,
            made_ms,
            edited_ms: None,
            tts: new.tts,
            mention_everyone,
            mentions,
            mention_roles,
            attachments: new.attachments,
            embeds: new.embeds,
            components: new.components,
            reactions: Vec::new(),
            nonce: new.nonce,
            pinned: false,
            flags: new.flags,
            answers_to: new.answers_to.map(|message| (channel, message)),
            thread: None,
            application: new.application,
            interaction: new.interaction,
            only_for: new.only_for,
        })
    }

    fn post(&mut self, message: Message) -> Answer {
        let (channel, id) = (message.channel, message.id);
        let now = message.made_ms;
        let mut wire = self.message_wire(&message, true);
        if let Some(nonce) = &message.nonce {
            wire["nonce"] = nonce.clone();
        }
        let rule = Self::content_rule(&message);
        let found = self.channel_mut(channel)?;
        let woke = std::mem::take(&mut found.archived);
        if woke {
            found.archive_changed_ms = now;
        }
        found.last_message = Some(id);
        found.message_count += 1;
        while found.messages.len() >= limits::MESSAGES_IN_CHANNEL {
            if let Some((oldest, _)) = found.messages.pop_first() {
                found.pins.remove(&oldest);
            }
        }
        found.messages.insert(id, message);
        if woke {
            let thread = self.channel_json(channel)?;
            self.emit_in("THREAD_UPDATE", channel, thread);
        }
        self.emit_content("MESSAGE_CREATE", channel, wire, Some(rule));
        Ok(())
    }

    /// Who may read the content without the intent for it.
    fn content_rule(message: &Message) -> ContentRule {
        let author = match message.author {
            Author::User(user) => Some(user),
            Author::Webhook { .. } => message.application,
        };
        ContentRule {
            direct: message.guild.is_none(),
            readers: message.mentions.iter().copied().chain(author).collect(),
        }
    }

    pub fn edit_message(&mut self, channel: Id, id: Id, edit: MessageEdit) -> Answer {
        let now = self.now_ms();
        let known_users: Vec<Id> = edit
            .content
            .as_deref()
            .map(|content| mentions(content, edit.allowed_mentions.as_ref()).0)
            .unwrap_or_default();
        let known_users = known_users.into_iter().filter(|user| self.users.contains_key(user));
        let known_users: Vec<_> = known_users.collect();
        let message = self.message_mut(channel, id)?;
        apply(message, edit, known_users, now);
        self.emit_message_update(channel, id);
        Ok(())
    }

    pub(super) fn emit_message_update(&self, channel: Id, id: Id) {
        if let Ok(message) = self.message(channel, id) {
            let wire = self.message_wire(message, true);
            let rule = Self::content_rule(message);
            self.emit_content("MESSAGE_UPDATE", channel, wire, Some(rule));
        }
    }

    /// An edit of a message that only one person sees.
    pub(super) fn edit_ephemeral(&mut self, id: Id, edit: MessageEdit) -> Answer {
        let now = self.now_ms();
        let message = self.ephemeral.get_mut(&id).ok_or(Refusal::UNKNOWN_MESSAGE)?;
        apply(message, edit, Vec::new(), now);
        Ok(())
    }

    pub(super) fn keep_ephemeral(&mut self, message: Message) {
        while self.ephemeral.len() >= limits::MOST_EPHEMERAL {
            self.ephemeral.pop_first();
        }
        self.ephemeral.insert(message.id, message);
    }

    /// Somebody takes a message away. Taking away another's is written in the audit log.
    pub fn delete_message(&mut self, channel: Id, id: Id, by: &By) -> Answer {
        let found = self.channel_mut(channel)?;
        let message = found.messages.remove(&id).ok_or(Refusal::UNKNOWN_MESSAGE)?;
        found.pins.remove(&id);
        let mut wire = json!({ "id": id, "channel_id": channel });
        if let Some(guild) = message.guild {
            wire["guild_id"] = json!(guild);
        }
        self.emit_in("MESSAGE_DELETE", channel, wire);
        if let (Some(guild), Author::User(author)) = (message.guild, &message.author)
            && *author != by.user
        {
            let options = json!({ "channel_id": channel, "count": "1" });
            let target = Some(*author);
            self.audit(guild, audit::MESSAGE_DELETE, target, by, Vec::new(), Some(options));
        }
        Ok(())
    }

    /// Many at once; those that are not there are passed over.
    pub fn bulk_delete_messages(&mut self, channel: Id, ids: &[Id], by: &By) -> Answer {
        let found = self.channel_mut(channel)?;
        let guild = found.guild;
        let mut gone = Vec::new();
        for id in ids {
            if found.messages.remove(id).is_some() {
                found.pins.remove(id);
                gone.push(*id);
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        let mut wire = json!({ "ids": gone, "channel_id": channel });
        if let Some(guild) = guild {
            wire["guild_id"] = json!(guild);
        }
        self.emit_in("MESSAGE_DELETE_BULK", channel, wire);
        if let Some(guild) = guild {
            let options = json!({ "count": gone.len().to_string() });
            let target = Some(channel);
            self.audit(guild, audit::MESSAGE_BULK_DELETE, target, by, Vec::new(), Some(options));
        }
        Ok(())
    }

    /// What somebody wrote in a guild since then, as a ban takes it away.
    pub(super) fn delete_messages_of(&mut self, guild: Id, user: Id, since_ms: u64) {
        let Ok(found) = self.guild(guild) else { return };
        let channels: Vec<_> = found.channels.iter().chain(&found.threads).copied().collect();
        let first = Id::first_of(since_ms);
        for channel in channels {
            let Some(found) = self.channels.get_mut(&channel) else { continue };
            let theirs = found.messages.range(first..);
            let theirs = theirs.filter(|(_, message)| message.author == Author::User(user));
            let gone: Vec<_> = theirs.map(|(id, _)| *id).collect();
            for id in &gone {
                found.messages.remove(id);
                found.pins.remove(id);
            }
            for some in gone.chunks(100) {
                let wire = json!({ "ids": some, "channel_id": channel, "guild_id": guild });
                self.emit_in("MESSAGE_DELETE_BULK", channel, wire);
            }
        }
    }

    pub fn pin_message(&mut self, channel: Id, id: Id, by: &By) -> Answer {
        let now = self.now_ms();
        let found = self.channel_mut(channel)?;
        if found.pins.len() >= limits::MOST_PINS {
            return Err(Refusal::MOST_PINS);
        }
        let message = found.messages.get_mut(&id).ok_or(Refusal::UNKNOWN_MESSAGE)?;
        if message.pinned {
            return Ok(());
        }
        message.pinned = true;
        found.pins.insert(id);
        found.last_pin_ms = Some(now);
        self.pins_changed(channel, id, audit::MESSAGE_PIN, by)
    }

    pub fn unpin_message(&mut self, channel: Id, id: Id, by: &By) -> Answer {
        let found = self.channel_mut(channel)?;
        let message = found.messages.get_mut(&id).ok_or(Refusal::UNKNOWN_MESSAGE)?;
        if !message.pinned {
            return Ok(());
        }
        message.pinned = false;
        found.pins.remove(&id);
        self.pins_changed(channel, id, audit::MESSAGE_UNPIN, by)
    }

    fn pins_changed(&mut self, channel: Id, id: Id, action: u16, by: &By) -> Answer {
        let found = self.channel(channel)?;
        let last = found.last_pin_ms.map(timestamp);
        let mut wire = json!({ "channel_id": channel, "last_pin_timestamp": last });
        let guild = found.guild;
        if let Some(guild) = guild {
            wire["guild_id"] = json!(guild);
        }
        self.emit_in("CHANNEL_PINS_UPDATE", channel, wire);
        self.emit_message_update(channel, id);
        let author = match self.message(channel, id)?.author {
            Author::User(user) => Some(user),
            Author::Webhook { id, .. } => Some(id),
        };
        if let Some(guild) = guild {
            let options = json!({ "channel_id": channel, "message_id": id });
            self.audit(guild, action, author, by, Vec::new(), Some(options));
        }
        Ok(())
    }

    /// Somebody is typing.
    pub fn typing(&self, channel: Id, user: Id) -> Answer {
        let found = self.channel(channel)?;
        let seconds = self.now_ms() / 1_000;
        let mut wire = json!({ "channel_id": channel, "user_id": user, "timestamp": seconds });
        if let Some(guild) = found.guild.and_then(|guild| self.guilds.get(&guild)) {
            wire["guild_id"] = json!(guild.id);
            wire["member"] = self.member_json(guild, user);
        }
        self.emit_in("TYPING_START", channel, wire);
        Ok(())
    }

    /// Whether a message can be answered or reacted to at all.
    pub fn is_text_channel(&self, channel: Id) -> bool {
        self.channels.get(&channel).is_some_and(|channel| channel.kind.is_text())
    }

    /// A notice that Discord itself writes.
    pub fn system_message(&mut self, channel: Id, author: Id, kind_of: u8) -> Answer<Id> {
        if self.channel(channel)?.kind == Kind::Category {
            return Err(Refusal::NOT_A_TEXT_CHANNEL);
        }
        let new = NewMessage { kind: kind_of, ..NewMessage::default() };
        let message = self.compose(channel, Author::User(author), new)?;
        let id = message.id;
        self.post(message)?;
        Ok(id)
    }
}

fn apply(message: &mut Message, edit: MessageEdit, mentioned: Vec<Id>, now_ms: u64) {
    if let Some(content) = edit.content {
        let (_, roles, everyone) = mentions(&content, edit.allowed_mentions.as_ref());
        message.mentions = mentioned;
        message.mention_roles = roles;
        message.mention_everyone = everyone;
        message.content = content;
    }
    if let Some(embeds) = edit.embeds {
        message.embeds = embeds;
    }
    if let Some(components) = edit.components {
        message.components = components;
    }
    if let Some(attachments) = edit.attachments {
        message.attachments = attachments;
    }
    if let Some(flags) = edit.flags {
        // An ephemeral message stays one, and Components V2 cannot be taken back.
        let kept = message.flags & (flags::EPHEMERAL | flags::COMPONENTS_V2 | flags::HAS_THREAD);
        message.flags = flags | kept;
    }
    message.flags &= !flags::LOADING;
    message.edited_ms = Some(now_ms);
}
