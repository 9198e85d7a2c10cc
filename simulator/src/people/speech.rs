//! What a member writes and does by themselves.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Failed, Person};
use crate::{
    permissions::Permissions,
    rest::attachment::{self, Kept},
    snowflake::Id,
    world::{
        By, Refusal, World,
        message::{Author, MessageEdit, NewMessage},
        reaction::read_emoji,
        voice::VoiceState,
    },
};

/// What a client lets one write.
pub const LONGEST_MESSAGE: usize = 2_000;

impl Person {
    /// Writes a message, and gives its id.
    pub fn says(&self, channel: Id, text: &str) -> Result<Id, Failed> {
        self.posts(channel, NewMessage::text(text))
    }

    /// Answers to a message.
    pub fn replies(&self, channel: Id, message: Id, text: &str) -> Result<Id, Failed> {
        let answers_to = Some(message);
        self.posts(channel, NewMessage { answers_to, ..NewMessage::text(text) })
    }

    /// Writes a message with a file.
    pub fn sends(&self, channel: Id, text: &str, name: &str, bytes: &[u8]) -> Result<Id, Failed> {
        let file = Kept {
            channel,
            filename: attachment::plain_name(name),
            content_type: "application/octet-stream".to_owned(),
            bytes: Bytes::copy_from_slice(bytes),
        };
        let host = self.sim.address().to_string();
        let kept = attachment::put(&self.sim, &host, &mut self.sim.world.lock(), file);
        self.posts(channel, NewMessage { attachments: vec![kept], ..NewMessage::text(text) })
    }

    /// Writes a message with anything in it.
    pub fn posts(&self, channel: Id, new: NewMessage) -> Result<Id, Failed> {
        if new.content.chars().count() > LONGEST_MESSAGE {
            return Err(Failed::client(format!("a message has at most {LONGEST_MESSAGE} letters")));
        }
        let mut world = self.sim.world.lock();
        let kind = world.channel(channel)?.kind;
        let needed = if kind.is_thread() {
            Permissions::SEND_MESSAGES_IN_THREADS
        } else {
            Permissions::SEND_MESSAGES
        };
        world.require_in(channel, self.user, needed)?;
        if !new.attachments.is_empty() {
            world.require_in(channel, self.user, Permissions::ATTACH_FILES)?;
        }
        slow_down(&world, channel, self.user)?;
        world.moderate(channel, self.user, &new.content)?;
        let mut new = new;
        if !world.may_in(channel, self.user, Permissions::MENTION_EVERYONE) {
            // It stands there, and rings nobody.
            let mut allowed = new.allowed_mentions.unwrap_or_else(all_but_everyone);
            allowed.everyone = false;
            new.allowed_mentions = Some(allowed);
        }
        Ok(world.create_message(channel, Author::User(self.user), new)?)
    }

    pub fn edits(&self, channel: Id, message: Id, text: &str) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        if world.message(channel, message)?.author != Author::User(self.user) {
            return Err(Refusal::NOT_YOUR_MESSAGE.into());
        }
        let edit = MessageEdit { content: Some(text.to_owned()), ..MessageEdit::default() };
        Ok(world.edit_message(channel, message, edit)?)
    }

    /// Takes a message away: their own, or another's where they may.
    pub fn deletes(&self, channel: Id, message: Id) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        if world.message(channel, message)?.author != Author::User(self.user) {
            world.require_in(channel, self.user, Permissions::MANAGE_MESSAGES)?;
        }
        Ok(world.delete_message(channel, message, &By::user(self.user))?)
    }

    pub fn reacts(&self, channel: Id, message: Id, emoji: &str) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        let emoji = read_emoji(emoji);
        let known = world.message(channel, message)?.reactions.iter();
        let new = !known
            .into_iter()
            .any(|known| crate::world::reaction::same_emoji(&known.emoji, &emoji));
        let needed = if new { Permissions::ADD_REACTIONS } else { Permissions::NONE };
        world.require_in(channel, self.user, needed | Permissions::READ_MESSAGE_HISTORY)?;
        Ok(world.add_reaction(channel, message, self.user, &emoji)?)
    }

    pub fn unreacts(&self, channel: Id, message: Id, emoji: &str) -> Result<(), Failed> {
        let emoji = read_emoji(emoji);
        Ok(self.sim.world.lock().remove_reaction(channel, message, self.user, &emoji)?)
    }

    pub fn types(&self, channel: Id) -> Result<(), Failed> {
        let world = self.sim.world.lock();
        world.require_in(channel, self.user, Permissions::SEND_MESSAGES)?;
        Ok(world.typing(channel, self.user)?)
    }

    /// The channel between them and a bot, or somebody else.
    pub fn direct(&self, other: Id) -> Result<Id, Failed> {
        Ok(self.sim.world.lock().open_direct(self.user, other)?)
    }

    /// Takes or refuses direct messages of people and bots they do not know.
    pub fn takes_direct_messages(&self, takes: bool) -> Result<(), Failed> {
        self.sim.world.lock().user_mut(self.user)?.takes_direct_messages = takes;
        Ok(())
    }

    pub fn joins(&self) -> Result<(), Failed> {
        Ok(self.sim.world.lock().add_member(self.guild, self.user)?)
    }

    /// Comes in by an invite.
    pub fn joins_by(&self, code: &str) -> Result<(), Failed> {
        self.sim.world.lock().use_invite(code, self.user)?;
        Ok(())
    }

    pub fn leaves(&self) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        if world.guild(self.guild)?.owner == self.user {
            return Err(Failed::client("an owner cannot leave their own guild"));
        }
        Ok(world.remove_member(self.guild, self.user)?)
    }

    pub fn calls_themselves(&self, nick: Option<&str>) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        world.require(self.guild, self.user, Permissions::CHANGE_NICKNAME)?;
        let edit = crate::world::member::MemberEdit {
            nick: Some(nick.map(ToOwned::to_owned)),
            ..Default::default()
        };
        Ok(world.edit_member(self.guild, self.user, edit, &By::user(self.user))?)
    }

    pub fn joins_voice(&self, channel: Id) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        world.require_in(channel, self.user, Permissions::CONNECT)?;
        let full = {
            let channel = world.channel(channel)?;
            let guild = world.guild(self.guild)?;
            let inside = guild.voice.values().filter(|state| state.channel == channel.id).count();
            channel.user_limit > 0 && inside as u64 >= channel.user_limit
        };
        if full && !world.may_in(channel, self.user, Permissions::MOVE_MEMBERS) {
            return Err(Failed::client("the voice channel is full"));
        }
        Ok(world.join_voice(self.guild, self.user, channel)?)
    }

    pub fn leaves_voice(&self) -> Result<(), Failed> {
        Ok(self.sim.world.lock().leave_voice(self.guild, self.user)?)
    }

    pub fn mutes_themselves(&self, muted: bool) -> Result<(), Failed> {
        self.changes_voice(|state| state.self_mute = muted)
    }

    pub fn deafens_themselves(&self, deaf: bool) -> Result<(), Failed> {
        self.changes_voice(|state| state.self_deaf = deaf)
    }

    pub fn streams(&self, streams: bool) -> Result<(), Failed> {
        self.changes_voice(|state| state.self_stream = streams)
    }

    fn changes_voice(&self, change: impl FnOnce(&mut VoiceState)) -> Result<(), Failed> {
        Ok(self.sim.world.lock().set_own_voice(self.guild, self.user, change)?)
    }

    /// Is there, away, or doing something.
    pub fn is_seen_as(&self, status: &str, activities: Vec<Value>) {
        self.sim.world.lock().set_presence(self.user, status, activities);
    }

    /// Begins a thread, from a message or by itself.
    pub fn begins_thread(
        &self,
        channel: Id,
        message: Option<Id>,
        name: &str,
    ) -> Result<Id, Failed> {
        let mut world = self.sim.world.lock();
        world.require_in(channel, self.user, Permissions::CREATE_PUBLIC_THREADS)?;
        let new = crate::world::thread::NewThread::public(name);
        Ok(world.create_thread(channel, message, new, &By::user(self.user))?)
    }

    /// Reports who they are, for logs of tests.
    pub fn to_json(&self) -> Value {
        let world = self.sim.world.lock();
        let member = world.guilds.get(&self.guild).map(|guild| world.member_json(guild, self.user));
        member
            .filter(Value::is_object)
            .unwrap_or_else(|| json!({ "user": world.user_json(self.user), "member": false }))
    }
}

fn all_but_everyone() -> crate::world::message::AllowedMentions {
    crate::world::message::AllowedMentions {
        everyone: false,
        all_users: true,
        all_roles: true,
        replied_user: true,
        ..Default::default()
    }
}

/// Whether a channel makes somebody wait between two messages.
fn slow_down(world: &World, channel: Id, user: Id) -> Result<(), Failed> {
    let found = world.channel(channel)?;
    let free = Permissions::MANAGE_MESSAGES;
    if found.slowmode_secs == 0
        || world.may_in(channel, user, free)
        || world.may_in(channel, user, Permissions::BYPASS_SLOWMODE)
    {
        return Ok(());
    }
    let mut before = found.messages.values().rev();
    let last = before.find(|message| message.author == Author::User(user));
    let since = last.map(|last| world.now_ms().saturating_sub(last.made_ms));
    if since.is_some_and(|since| since < found.slowmode_secs * 1_000) {
        return Err(Refusal {
            status: 400,
            code: 20_016,
            message: "This action cannot be performed due to slowmode rate limit".into(),
        }
        .into());
    }
    Ok(())
}
