//! Threads: begun in a channel, from a message, or as a post of a forum.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{
    Answer, By, Refusal, World,
    audit::{self, Change},
    channel::{Channel, Kind},
    message::{Author, NewMessage},
};
use crate::{clock::timestamp, limits, snowflake::Id};

/// What a thread should be.
#[derive(Clone, Debug)]
pub struct NewThread {
    pub name: String,
    pub kind: Kind,
    pub auto_archive_minutes: u64,
    pub slowmode_secs: u64,
    pub invitable: bool,
    pub applied_tags: Vec<Value>,
}

impl NewThread {
    pub fn public(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::PublicThread,
            auto_archive_minutes: 1_440,
            slowmode_secs: 0,
            invitable: true,
            applied_tags: Vec::new(),
        }
    }
}

impl World {
    /// Begins a thread; from a message it has the message's id.
    pub fn create_thread(
        &mut self,
        parent: Id,
        message: Option<Id>,
        new: NewThread,
        by: &By,
    ) -> Answer<Id> {
        let channel = self.channel(parent)?;
        let Some(guild) = channel.guild else { return Err(Refusal::NOT_THIS_DM) };
        let parent_kind = channel.kind;
        if channel.kind.is_thread() || matches!(channel.kind, Kind::Category | Kind::Voice) {
            return Err(Refusal::NOT_ON_THIS_CHANNEL);
        }
        if let Some(message) = message {
            self.message(parent, message)?;
            if self.channels.contains_key(&message) {
                return Err(Refusal::THREAD_EXISTS);
            }
        }
        let threads = &self.guild(guild)?.threads;
        if threads.len() >= limits::MOST_THREADS {
            return Err(Refusal::WORLD_IS_FULL);
        }
        let awake = threads.iter().filter_map(|thread| self.channels.get(thread));
        if awake.filter(|thread| !thread.archived).count() >= limits::MOST_ACTIVE_THREADS {
            return Err(Refusal::MOST_ACTIVE_THREADS);
        }
        let now = self.now_ms();
        let id = match message {
            Some(message) => message,
            None => self.next_id(),
        };
        let kind = match parent_kind {
            Kind::Announcement => Kind::AnnouncementThread,
            Kind::Forum | Kind::Media => Kind::PublicThread,
            _ => new.kind,
        };
        let mut thread = Channel::new(id, kind, Some(guild), &new.name, now);
        thread.parent = Some(parent);
        thread.owner = Some(by.user);
        thread.auto_archive_minutes = new.auto_archive_minutes;
        thread.slowmode_secs = new.slowmode_secs;
        thread.invitable = new.invitable;
        thread.applied_tags = new.applied_tags;
        thread.thread_members.insert(by.user, now);
        self.channels.insert(id, thread);
        self.guild_mut(guild)?.threads.insert(id);
        if let Some(message) = message
            && let Some(found) = self.channel_mut(parent)?.messages.get_mut(&message)
        {
            found.thread = Some(id);
            found.flags |= super::message::flags::HAS_THREAD;
        }
        let mut wire = self.channel_json(id)?;
        wire["newly_created"] = json!(true);
        self.emit_in("THREAD_CREATE", id, wire);
        let change = Change { key: Cow::Borrowed("name"), old: Value::Null, new: json!(new.name) };
        self.audit(guild, audit::THREAD_CREATE, Some(id), by, vec![change], None);
        Ok(id)
    }

    /// A post of a forum: a thread with its first message, which has the thread's id.
    pub fn create_post(
        &mut self,
        forum: Id,
        new: NewThread,
        first: NewMessage,
        by: &By,
    ) -> Answer<(Id, Id)> {
        if !matches!(self.channel(forum)?.kind, Kind::Forum | Kind::Media) {
            return Err(Refusal::NOT_ON_THIS_CHANNEL);
        }
        let thread = self.create_thread(forum, None, new, by)?;
        let message = self.create_message(thread, Author::User(by.user), first)?;
        Ok((thread, message))
    }

    pub fn add_thread_member(&mut self, thread: Id, user: Id) -> Answer {
        let now = self.now_ms();
        let channel = self.channel_mut(thread)?;
        if !channel.kind.is_thread() {
            return Err(Refusal::NOT_ON_THIS_CHANNEL);
        }
        if channel.archived {
            return Err(Refusal::THREAD_IS_ARCHIVED);
        }
        if channel.thread_members.insert(user, now).is_some() {
            return Ok(());
        }
        let added = vec![self.thread_member_json(thread, user)?];
        self.emit_thread_members(thread, &added, &[]);
        Ok(())
    }

    pub fn remove_thread_member(&mut self, thread: Id, user: Id) -> Answer {
        let channel = self.channel_mut(thread)?;
        if !channel.kind.is_thread() {
            return Err(Refusal::NOT_ON_THIS_CHANNEL);
        }
        if channel.thread_members.remove(&user).is_none() {
            return Err(Refusal::UNKNOWN_THREAD_MEMBER);
        }
        self.emit_thread_members(thread, &[], &[user]);
        Ok(())
    }

    pub fn thread_member_json(&self, thread: Id, user: Id) -> Answer<Value> {
        let joined = self.channel(thread)?.thread_members.get(&user);
        let joined = joined.ok_or(Refusal::UNKNOWN_THREAD_MEMBER)?;
        Ok(json!({
            "id": thread,
            "user_id": user,
            "join_timestamp": timestamp(*joined),
            "flags": 0,
        }))
    }

    fn emit_thread_members(&self, thread: Id, added: &[Value], removed: &[Id]) {
        let Some(channel) = self.channels.get(&thread) else { return };
        let Some(guild) = channel.guild.and_then(|guild| self.guilds.get(&guild)) else { return };
        let added = added.iter().map(|member| {
            let mut member = member.clone();
            let user = member["user_id"].as_str().and_then(|user| user.parse().ok());
            if let Some(user) = user {
                member["member"] = self.member_json(guild, user);
            }
            member["presence"] = Value::Null;
            member
        });
        let added: Vec<_> = added.collect();
        let wire = json!({
            "id": thread,
            "guild_id": guild.id,
            "member_count": channel.thread_members.len().min(50),
            "added_members": added,
            "removed_member_ids": removed,
        });
        self.emit_in("THREAD_MEMBERS_UPDATE", thread, wire);
    }

    /// Threads that sleep wake when somebody writes; those nobody wrote in fall asleep.
    pub fn archive_quiet_threads(&mut self) {
        let now = self.now_ms();
        let quiet = self.channels.values().filter(|channel| {
            let last = channel.last_message.map_or(channel.made_ms, Id::made_at_ms);
            channel.kind.is_thread()
                && !channel.archived
                && now.saturating_sub(last) > channel.auto_archive_minutes * 60_000
        });
        let quiet: Vec<_> = quiet.map(|channel| channel.id).collect();
        for id in quiet {
            if let Some(channel) = self.channels.get_mut(&id) {
                channel.archived = true;
                channel.archive_changed_ms = now;
            }
            if let Ok(wire) = self.channel_json(id) {
                self.emit_in("THREAD_UPDATE", id, wire);
            }
        }
    }
}
