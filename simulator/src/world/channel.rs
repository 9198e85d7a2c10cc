//! Channels: of a guild, of two people, and threads.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Answer, By, Refusal, World,
    audit::{self, Change},
    message::Message,
};
use crate::{
    clock::timestamp,
    limits,
    permissions::{Overwrite, OverwriteOf},
    snowflake::Id,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    Text = 0,
    Direct = 1,
    Voice = 2,
    Category = 4,
    Announcement = 5,
    AnnouncementThread = 10,
    PublicThread = 11,
    PrivateThread = 12,
    Stage = 13,
    Forum = 15,
    Media = 16,
}

impl Kind {
    pub fn from_wire(kind: u64) -> Option<Self> {
        Some(match kind {
            0 => Self::Text,
            1 => Self::Direct,
            2 => Self::Voice,
            4 => Self::Category,
            5 => Self::Announcement,
            10 => Self::AnnouncementThread,
            11 => Self::PublicThread,
            12 => Self::PrivateThread,
            13 => Self::Stage,
            15 => Self::Forum,
            16 => Self::Media,
            _ => return None,
        })
    }

    pub const fn is_thread(self) -> bool {
        matches!(self, Self::AnnouncementThread | Self::PublicThread | Self::PrivateThread)
    }

    pub const fn is_voice(self) -> bool {
        matches!(self, Self::Voice | Self::Stage)
    }

    /// Whether messages can be written there.
    pub const fn is_text(self) -> bool {
        !matches!(self, Self::Category | Self::Forum | Self::Media)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of Discord's own")]
pub struct Channel {
    pub id: Id,
    pub kind: Kind,
    pub guild: Option<Id>,
    pub name: String,
    pub topic: Option<String>,
    pub position: i64,
    pub parent: Option<Id>,
    pub nsfw: bool,
    /// Seconds between two messages of one person.
    pub slowmode_secs: u64,
    pub bitrate: u64,
    pub user_limit: u64,
    pub available_tags: Vec<Value>,
    pub applied_tags: Vec<Value>,
    pub overwrites: Vec<Overwrite>,
    /// Of a direct message.
    pub recipients: Vec<Id>,
    #[serde(serialize_with = "super::kept::newest")]
    pub messages: BTreeMap<Id, Message>,
    pub pins: BTreeSet<Id>,
    pub last_message: Option<Id>,
    pub last_pin_ms: Option<u64>,
    // Of a thread.
    pub owner: Option<Id>,
    pub archived: bool,
    pub archive_changed_ms: u64,
    pub auto_archive_minutes: u64,
    pub locked: bool,
    pub invitable: bool,
    pub made_ms: u64,
    pub message_count: u64,
    /// Who is in it, and since when.
    pub thread_members: BTreeMap<Id, u64>,
}

impl Channel {
    pub(super) fn new(id: Id, kind: Kind, guild: Option<Id>, name: &str, made_ms: u64) -> Self {
        Self {
            id,
            kind,
            guild,
            name: name.to_owned(),
            topic: None,
            position: 0,
            parent: None,
            nsfw: false,
            slowmode_secs: 0,
            bitrate: 64_000,
            user_limit: 0,
            available_tags: Vec::new(),
            applied_tags: Vec::new(),
            overwrites: Vec::new(),
            recipients: Vec::new(),
            messages: BTreeMap::new(),
            pins: BTreeSet::new(),
            last_message: None,
            last_pin_ms: None,
            owner: None,
            archived: false,
            archive_changed_ms: made_ms,
            auto_archive_minutes: 1_440,
            locked: false,
            invitable: true,
            made_ms,
            message_count: 0,
            thread_members: BTreeMap::new(),
        }
    }

    pub const fn is_archived(&self) -> bool {
        self.archived
    }

    fn overwrites_json(&self) -> Vec<Value> {
        let overwrites = self.overwrites.iter().map(|overwrite| {
            json!({
                "id": overwrite.id,
                "type": u8::from(overwrite.of == OverwriteOf::Member),
                "allow": overwrite.allow,
                "deny": overwrite.deny,
            })
        });
        overwrites.collect()
    }

    /// As Discord describes a thread.
    fn thread_json(&self) -> Map<String, Value> {
        let mut metadata = json!({
            "archived": self.archived,
            "archive_timestamp": timestamp(self.archive_changed_ms),
            "auto_archive_duration": self.auto_archive_minutes,
            "locked": self.locked,
            "create_timestamp": timestamp(self.made_ms),
        });
        if self.kind == Kind::PrivateThread {
            metadata["invitable"] = json!(self.invitable);
        }
        let thread = json!({
            "owner_id": self.owner,
            "parent_id": self.parent,
            "last_message_id": self.last_message,
            "rate_limit_per_user": self.slowmode_secs,
            "message_count": self.message_count,
            "total_message_sent": self.message_count,
            "member_count": self.thread_members.len().min(50),
            "thread_metadata": metadata,
            "applied_tags": self.applied_tags,
        });
        match thread {
            Value::Object(thread) => thread,
            _ => Map::new(),
        }
    }
}

/// What of a channel should be otherwise.
#[derive(Clone, Debug, Default)]
pub struct ChannelEdit {
    pub name: Option<String>,
    pub topic: Option<Option<String>>,
    pub position: Option<i64>,
    pub parent: Option<Option<Id>>,
    pub nsfw: Option<bool>,
    pub slowmode_secs: Option<u64>,
    pub bitrate: Option<u64>,
    pub user_limit: Option<u64>,
    pub overwrites: Option<Vec<Overwrite>>,
    pub available_tags: Option<Vec<Value>>,
    pub applied_tags: Option<Vec<Value>>,
    pub archived: Option<bool>,
    pub locked: Option<bool>,
    pub invitable: Option<bool>,
    pub auto_archive_minutes: Option<u64>,
}

impl ChannelEdit {
    pub(super) fn apply(self, channel: &mut Channel, now_ms: u64) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut note = |key, old: Value, new: Value| {
            if old != new {
                changes.push(Change { key: Cow::Borrowed(key), old, new });
            }
        };
        macro_rules! take {
            ($($field:ident as $key:literal),* $(,)?) => {
                $(if let Some(new) = self.$field {
                    note($key, json!(channel.$field), json!(new));
                    channel.$field = new;
                })*
            };
        }
        if self.archived.is_some_and(|archived| archived != channel.archived) {
            channel.archive_changed_ms = now_ms;
        }
        take! {
            name as "name",
            topic as "topic",
            position as "position",
            parent as "parent_id",
            nsfw as "nsfw",
            slowmode_secs as "rate_limit_per_user",
            bitrate as "bitrate",
            user_limit as "user_limit",
            available_tags as "available_tags",
            applied_tags as "applied_tags",
            archived as "archived",
            locked as "locked",
            invitable as "invitable",
            auto_archive_minutes as "auto_archive_duration",
        }
        if let Some(overwrites) = self.overwrites
            && overwrites != channel.overwrites
        {
            let old = json!(channel.overwrites_json());
            channel.overwrites = overwrites;
            let new = json!(channel.overwrites_json());
            changes.push(Change { key: Cow::Borrowed("permission_overwrites"), old, new });
        }
        changes
    }
}

impl World {
    pub fn channel(&self, id: Id) -> Answer<&Channel> {
        self.channels.get(&id).ok_or(Refusal::UNKNOWN_CHANNEL)
    }

    pub fn channel_mut(&mut self, id: Id) -> Answer<&mut Channel> {
        self.channels.get_mut(&id).ok_or(Refusal::UNKNOWN_CHANNEL)
    }

    pub fn channel_json(&self, id: Id) -> Answer<Value> {
        Ok(self.channel_wire(self.channel(id)?, true))
    }

    /// A channel on the wire; in Guild Create its guild goes without saying.
    pub fn channel_wire(&self, channel: &Channel, with_guild: bool) -> Value {
        let mut wire = Map::new();
        let mut put = |key: &str, value: Value| {
            wire.insert(key.to_owned(), value);
        };
        put("id", json!(channel.id));
        put("type", json!(channel.kind as u8));
        put("flags", json!(0));
        if let Some(guild) = channel.guild.filter(|_| with_guild || channel.kind.is_thread()) {
            put("guild_id", json!(guild));
        }
        if channel.kind == Kind::Direct {
            put("last_message_id", json!(channel.last_message));
            let others = channel
                .recipients
                .iter()
                .filter(|user| self.users.get(user).is_none_or(|user| !user.bot));
            let others: Vec<_> = others.map(|user| self.user_json(*user)).collect();
            put("recipients", json!(others));
            return Value::Object(wire);
        }
        put("name", json!(channel.name));
        if channel.kind.is_thread() {
            wire.extend(channel.thread_json());
            return Value::Object(wire);
        }
        put("position", json!(channel.position));
        put("parent_id", json!(channel.parent));
        put("permission_overwrites", json!(channel.overwrites_json()));
        if channel.kind == Kind::Category {
            return Value::Object(wire);
        }
        put("topic", json!(channel.topic));
        put("nsfw", json!(channel.nsfw));
        put("rate_limit_per_user", json!(channel.slowmode_secs));
        put("last_message_id", json!(channel.last_message));
        if channel.kind.is_voice() {
            put("bitrate", json!(channel.bitrate));
            put("user_limit", json!(channel.user_limit));
            put("rtc_region", Value::Null);
        } else {
            put("last_pin_timestamp", json!(channel.last_pin_ms.map(timestamp)));
        }
        if matches!(channel.kind, Kind::Forum | Kind::Media) {
            put("available_tags", json!(channel.available_tags));
            put("default_reaction_emoji", Value::Null);
            put("default_sort_order", Value::Null);
            put("default_forum_layout", json!(0));
            put("default_auto_archive_duration", json!(channel.auto_archive_minutes));
        }
        Value::Object(wire)
    }

    /// A new channel of a guild, below the others.
    pub fn create_channel(
        &mut self,
        guild: Id,
        kind: Kind,
        name: &str,
        parent: Option<Id>,
        by: &By,
    ) -> Answer<Id> {
        let edit = ChannelEdit { parent: Some(parent), ..ChannelEdit::default() };
        self.create_channel_with(guild, kind, name, edit, by)
    }

    /// The same, with more said about it.
    pub fn create_channel_with(
        &mut self,
        guild: Id,
        kind: Kind,
        name: &str,
        edit: ChannelEdit,
        by: &By,
    ) -> Answer<Id> {
        if kind.is_thread() || kind == Kind::Direct {
            return Err(Refusal::NOT_ON_THIS_CHANNEL);
        }
        let found = self.guild(guild)?;
        if found.channels.len() >= limits::MOST_CHANNELS {
            return Err(Refusal::MOST_CHANNELS);
        }
        if let Some(Some(parent)) = edit.parent {
            let category = self.channel(parent)?;
            if category.kind != Kind::Category || category.guild != Some(guild) {
                return Err(Refusal::wrong("parent_id: it takes a category of this guild"));
            }
        }
        let position = i64::try_from(found.channels.len()).unwrap_or(i64::MAX);
        let (id, now) = (self.next_id(), self.now_ms());
        let mut channel = Channel::new(id, kind, Some(guild), name, now);
        channel.position = position;
        edit.apply(&mut channel, now);
        self.channels.insert(id, channel);
        self.guild_mut(guild)?.channels.insert(id);
        let wire = self.channel_json(id)?;
        self.emit_in("CHANNEL_CREATE", id, wire);
        let change = Change { key: Cow::Borrowed("name"), old: Value::Null, new: json!(name) };
        self.audit(guild, audit::CHANNEL_CREATE, Some(id), by, vec![change], None);
        Ok(id)
    }

    pub fn edit_channel(&mut self, id: Id, edit: ChannelEdit, by: &By) -> Answer {
        let now = self.now_ms();
        let channel = self.channel_mut(id)?;
        let (guild, thread) = (channel.guild, channel.kind.is_thread());
        let changes = edit.apply(channel, now);
        if changes.is_empty() {
            return Ok(());
        }
        let wire = self.channel_json(id)?;
        let (kind, action) = if thread {
            ("THREAD_UPDATE", audit::THREAD_UPDATE)
        } else {
            ("CHANNEL_UPDATE", audit::CHANNEL_UPDATE)
        };
        self.emit_in(kind, id, wire);
        if let Some(guild) = guild {
            self.audit(guild, action, Some(id), by, changes, None);
        }
        Ok(())
    }

    /// The channel goes, with its threads and messages.
    pub fn delete_channel(&mut self, id: Id, by: &By) -> Answer {
        let channel = self.channel(id)?;
        let Some(guild) = channel.guild else { return Err(Refusal::NOT_THIS_DM) };
        let (thread, name) = (channel.kind.is_thread(), channel.name.clone());
        let (kind, action, wire) = if thread {
            let wire = json!({
                "id": id, "guild_id": guild, "parent_id": channel.parent,
                "type": channel.kind as u8,
            });
            ("THREAD_DELETE", audit::THREAD_DELETE, wire)
        } else {
            ("CHANNEL_DELETE", audit::CHANNEL_DELETE, self.channel_json(id)?)
        };
        let inside = self.guild(guild)?.voice.values().filter(|state| state.channel == id);
        let inside: Vec<_> = inside.map(|state| state.user).collect();
        for user in inside {
            self.leave_voice(guild, user)?;
        }
        self.emit_in(kind, id, wire);
        let found = self.guild(guild)?;
        let children = found.threads.iter().copied().filter(|thread| {
            self.channels.get(thread).is_some_and(|thread| thread.parent == Some(id))
        });
        let children: Vec<_> = children.collect();
        let found = self.guild_mut(guild)?;
        for gone in children.iter().chain([&id]) {
            found.channels.remove(gone);
            found.threads.remove(gone);
        }
        if found.system_channel == Some(id) {
            found.system_channel = None;
        }
        for gone in children.iter().chain([&id]) {
            self.channels.remove(gone);
        }
        for other in self.channels.values_mut().filter(|other| other.parent == Some(id)) {
            other.parent = None;
        }
        self.webhooks.retain(|_, webhook| webhook.channel != id);
        self.invites.retain(|_, invite| invite.channel != id);
        let change = Change { key: Cow::Borrowed("name"), old: json!(name), new: Value::Null };
        self.audit(guild, action, Some(id), by, vec![change], None);
        Ok(())
    }

    /// What a role or a member may do here otherwise than elsewhere.
    pub fn set_overwrite(&mut self, id: Id, overwrite: Overwrite, by: &By) -> Answer {
        let channel = self.channel_mut(id)?;
        let Some(guild) = channel.guild else { return Err(Refusal::NOT_THIS_DM) };
        let full = channel.overwrites.len() >= limits::MOST_OVERWRITES;
        let known = channel.overwrites.iter_mut().find(|known| known.id == overwrite.id);
        let action = match known {
            Some(known) if *known == overwrite => return Ok(()),
            Some(known) => {
                *known = overwrite;
                audit::OVERWRITE_UPDATE
            }
            None if full => return Err(Refusal::MOST_OVERWRITES),
            None => {
                channel.overwrites.push(overwrite);
                audit::OVERWRITE_CREATE
            }
        };
        let wire = self.channel_json(id)?;
        self.emit_in("CHANNEL_UPDATE", id, wire);
        let of = if overwrite.of == OverwriteOf::Member { "1" } else { "0" };
        let options = json!({ "id": overwrite.id, "type": of });
        self.audit(guild, action, Some(id), by, Vec::new(), Some(options));
        Ok(())
    }

    pub fn delete_overwrite(&mut self, id: Id, target: Id, by: &By) -> Answer {
        let channel = self.channel_mut(id)?;
        let Some(guild) = channel.guild else { return Err(Refusal::NOT_THIS_DM) };
        let before = channel.overwrites.len();
        channel.overwrites.retain(|overwrite| overwrite.id != target);
        if channel.overwrites.len() == before {
            return Err(Refusal::UNKNOWN_OVERWRITE);
        }
        let wire = self.channel_json(id)?;
        self.emit_in("CHANNEL_UPDATE", id, wire);
        let options = json!({ "id": target });
        self.audit(guild, audit::OVERWRITE_DELETE, Some(id), by, Vec::new(), Some(options));
        Ok(())
    }

    /// The channel of two people, made at first use.
    pub fn open_direct(&mut self, from: Id, to: Id) -> Answer<Id> {
        if from == to {
            return Err(Refusal::wrong("recipient_id: nobody writes to themselves"));
        }
        self.user(to)?;
        let known = self.user(from)?.direct.iter().find(|(other, _)| *other == to);
        if let Some((_, channel)) = known {
            return Ok(*channel);
        }
        let (id, now) = (self.next_id(), self.now_ms());
        let mut channel = Channel::new(id, Kind::Direct, None, "", now);
        channel.recipients = vec![from, to];
        self.channels.insert(id, channel);
        self.user_mut(from)?.direct.push((to, id));
        self.user_mut(to)?.direct.push((from, id));
        Ok(id)
    }

    /// A channel of a guild by its name, without the `#`.
    pub fn channel_named(&self, guild: Id, name: &str) -> Option<Id> {
        let name = name.strip_prefix('#').unwrap_or(name);
        let guild = self.guilds.get(&guild)?;
        let all = guild.channels.iter().chain(&guild.threads);
        all.copied().find(|id| self.channels.get(id).is_some_and(|channel| channel.name == name))
    }
}
