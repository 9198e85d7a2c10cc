//! From what Discord tells to what the logs know of it. What was done to members, roles, channels
//! and invites comes from Discord's audit log: it says what was before, and who did it.
//!
//! Text of messages is read here only where a community keeps it, and goes nowhere but into the
//! archive.

use std::sync::Arc;

use actions::logs::{Done, Noticed, Said, Seen};
use domain::{
    ChannelId, GuildId, MessageId, Timestamp, UserId,
    logs::{Difference, Kind, MAX_CHANGES, MAX_TEXT_CHARS, Names},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value as Json;

use super::{
    activity::Lane,
    sessions::Progress,
    wire::{Coming, Dispatch, File, Guild, Message, VoiceState, moment},
};

/// As Discord numbers what was done.
mod action {
    pub const CHANNEL_CREATE: u16 = 10;
    pub const CHANNEL_UPDATE: u16 = 11;
    pub const CHANNEL_DELETE: u16 = 12;
    pub const OVERWRITE_CREATE: u16 = 13;
    pub const OVERWRITE_UPDATE: u16 = 14;
    pub const OVERWRITE_DELETE: u16 = 15;
    pub const MEMBER_UPDATE: u16 = 24;
    pub const MEMBER_ROLE_UPDATE: u16 = 25;
    pub const ROLE_CREATE: u16 = 30;
    pub const ROLE_UPDATE: u16 = 31;
    pub const ROLE_DELETE: u16 = 32;
    pub const INVITE_CREATE: u16 = 40;
    pub const INVITE_DELETE: u16 = 42;
    pub const MESSAGE_DELETE: u16 = 72;
    pub const MESSAGE_BULK_DELETE: u16 = 73;
}

#[derive(Deserialize)]
struct Edit {
    id: MessageId,
    channel_id: ChannelId,
    #[serde(default)]
    guild_id: Option<GuildId>,
    #[serde(default)]
    author: Option<Writer>,
    #[serde(default)]
    webhook_id: Option<serde::de::IgnoredAny>,
    #[serde(default, deserialize_with = "moment")]
    edited_timestamp: Option<Timestamp>,
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    attachments: Vec<File>,
}

#[derive(Deserialize)]
struct Writer {
    id: UserId,
    #[serde(default)]
    bot: bool,
}

#[derive(Deserialize)]
struct Gone {
    #[serde(default)]
    id: Option<MessageId>,
    #[serde(default)]
    ids: Vec<MessageId>,
    channel_id: ChannelId,
    #[serde(default)]
    guild_id: Option<GuildId>,
}

/// An entry of the audit log.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    guild_id: Option<GuildId>,
    action_type: u16,
    #[serde(default)]
    user_id: Option<UserId>,
    #[serde(default)]
    target_id: Option<String>,
    #[serde(default)]
    changes: Vec<Change>,
    #[serde(default)]
    options: Json,
}

#[derive(Deserialize)]
struct Change {
    key: String,
    #[serde(default)]
    old_value: Json,
    #[serde(default)]
    new_value: Json,
}

/// Keeps what a new message says.
pub async fn said(
    lane: &Lane,
    progress: &Arc<Progress>,
    (seq, at): (u64, Timestamp),
    guild: GuildId,
    message: Message,
) {
    let (id, channel, author) = (message.id, message.channel_id, message.author.id);
    let said = says(message.content, message.attachments);
    let what = Seen::Said { message: id, channel, author, said };
    lane.notice(progress, guild, Noticed { seq, at, what }).await;
}

/// What the logs know of an event; none where it is not for them.
pub fn seen(
    name: &str,
    json: &str,
    us: UserId,
    reads_content: bool,
) -> Result<Option<(GuildId, Seen)>, ()> {
    Ok(match name {
        "MESSAGE_UPDATE" => edited(read(json)?, reads_content),
        "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK" => gone(read(json)?),
        "GUILD_MEMBER_ADD" | "GUILD_MEMBER_REMOVE" => {
            let coming: Coming = read(json)?;
            let user = coming.user.id;
            let seen = if name == "GUILD_MEMBER_ADD" { Seen::Came(user) } else { Seen::Went(user) };
            (!coming.user.bot).then_some((coming.guild_id, seen))
        }
        "VOICE_STATE_UPDATE" => voice(&read(json)?),
        "GUILD_AUDIT_LOG_ENTRY_CREATE" => audited(read(json)?, us),
        _ => None,
    })
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, ()> {
    serde_json::from_str::<Dispatch<T>>(json).map(|dispatch| dispatch.d).map_err(|_| ())
}

fn says(text: String, files: Vec<File>) -> Arc<Said> {
    let files = files.into_iter().map(|file| file.filename).collect();
    Arc::new(Said { text, files })
}

/// Discord also tells of a message once it has found a picture to show below it: then nobody has
/// edited it.
fn edited(edit: Edit, reads_content: bool) -> Option<(GuildId, Seen)> {
    let author = edit.author.filter(|_| edit.webhook_id.is_none())?;
    let edited_at = edit.edited_timestamp?;
    let text = edit.content.filter(|_| reads_content);
    let said = text.map(|text| says(text, edit.attachments));
    let (message, channel) = (edit.id, edit.channel_id);
    let Writer { id: author, bot } = author;
    Some((edit.guild_id?, Seen::Edited { message, channel, author, bot, edited_at, said }))
}

fn gone(gone: Gone) -> Option<(GuildId, Seen)> {
    let channel = gone.channel_id;
    let seen = match gone.id {
        Some(message) => Seen::Deleted { message, channel },
        None => Seen::Purged { messages: gone.ids, channel },
    };
    Some((gone.guild_id?, seen))
}

fn voice(state: &VoiceState) -> Option<(GuildId, Seen)> {
    let is_bot = state.member.as_ref().is_some_and(|member| member.user.bot);
    let guild = state.guild_id.filter(|_| !is_bot)?;
    Some((guild, Seen::Voice { user: state.user_id, channel: state.channel_id }))
}

/// Who is in voice when a community is told of as a whole.
pub fn everybody(guild: &Guild) -> Seen {
    let is_bot =
        |user: UserId| guild.members.iter().any(|member| member.user.id == user && member.user.bot);
    let here = guild.voice_states.iter().filter_map(|state| {
        let bot = state.member.as_ref().is_some_and(|member| member.user.bot);
        let known = !bot && !is_bot(state.user_id);
        Some((state.user_id, state.channel_id.filter(|_| known)?))
    });
    Seen::VoiceIs(here.collect())
}

fn audited(entry: Entry, us: UserId) -> Option<(GuildId, Seen)> {
    let guild = entry.guild_id?;
    let channel = || entry.options["channel_id"].as_str().and_then(|id| id.parse().ok());
    let kind = match entry.action_type {
        action::MESSAGE_DELETE => {
            let author = entry.user_of_target();
            let (by, channel) = (entry.user_id?, channel()?);
            return Some((guild, Seen::DeletedBy { by, author, channel, purge: false }));
        }
        action::MESSAGE_BULK_DELETE => {
            let channel = entry.target_id.as_deref()?.parse().ok()?;
            let by = entry.user_id?;
            return Some((guild, Seen::DeletedBy { by, author: None, channel, purge: true }));
        }
        action::CHANNEL_CREATE => Kind::ChannelCreated,
        action::CHANNEL_UPDATE
        | action::OVERWRITE_CREATE
        | action::OVERWRITE_UPDATE
        | action::OVERWRITE_DELETE => Kind::ChannelUpdated,
        action::CHANNEL_DELETE => Kind::ChannelDeleted,
        action::MEMBER_UPDATE => {
            entry.changes.iter().find(|change| change.key == "nick")?;
            Kind::MemberRenamed
        }
        action::MEMBER_ROLE_UPDATE => Kind::MemberRoles,
        action::ROLE_CREATE => Kind::RoleCreated,
        action::ROLE_UPDATE => Kind::RoleUpdated,
        action::ROLE_DELETE => Kind::RoleDeleted,
        action::INVITE_CREATE => Kind::InviteCreated,
        action::INVITE_DELETE => Kind::InviteDeleted,
        _ => return None,
    };
    Some((guild, Seen::Done(entry.done(kind, us))))
}

impl Entry {
    fn user_of_target(&self) -> Option<UserId> {
        self.target_id.as_deref()?.parse().ok()
    }

    fn done(self, kind: Kind, us: UserId) -> Done {
        let about_member = matches!(kind, Kind::MemberRenamed | Kind::MemberRoles);
        let whom = self.user_of_target().filter(|_| about_member);
        let names = (kind == Kind::MemberRenamed).then(|| self.nicks());
        let of_invite = matches!(kind, Kind::InviteCreated | Kind::InviteDeleted);
        let subject = if of_invite {
            self.value_of("code")
        } else {
            self.target_id.clone().filter(|_| !about_member)
        };
        // A nickname belongs to its member, and is sealed.
        let changes = if names.is_some() { Vec::new() } else { self.differences(kind) };
        Done {
            kind,
            by: self.user_id,
            by_bot: self.user_id == Some(us),
            whom,
            subject,
            changes,
            names,
        }
    }

    fn nicks(&self) -> Names {
        let change = self.changes.iter().find(|change| change.key == "nick");
        let value =
            |pick: fn(&Change) -> &Json| change.and_then(|change| pick(change).as_str().map(short));
        Names { was: value(|change| &change.old_value), is: value(|change| &change.new_value) }
    }

    fn value_of(&self, key: &str) -> Option<String> {
        let change = self.changes.iter().find(|change| change.key == key)?;
        shown(&change.new_value).or_else(|| shown(&change.old_value))
    }

    fn differences(&self, kind: Kind) -> Vec<Difference> {
        let mut changes: Vec<_> = self.changes.iter().map(Change::difference).collect();
        if matches!(
            self.action_type,
            action::OVERWRITE_CREATE | action::OVERWRITE_UPDATE | action::OVERWRITE_DELETE
        ) {
            // Whose permissions they are: a role's, by name, or a member's, who is not named here.
            let whose = self.options["role_name"].as_str().map(short);
            let field = "permissions_of".to_owned();
            changes.insert(0, Difference { field, was: None, is: whose });
        }
        if kind == Kind::InviteCreated || kind == Kind::InviteDeleted {
            changes.retain(|change| matches!(&*change.field, "max_uses" | "max_age" | "temporary"));
        }
        changes.truncate(MAX_CHANGES);
        changes
    }
}

impl Change {
    fn difference(&self) -> Difference {
        let field = short(&self.key);
        Difference { field, was: shown(&self.old_value), is: shown(&self.new_value) }
    }
}

/// Roles that were given or taken by their names; everything else as Discord writes it.
fn shown(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(short(text)),
        Json::Array(all) => {
            let name = |one: &Json| {
                let id = one["id"].as_str();
                id.map_or_else(|| one.to_string(), |id| format!("<@&{id}>"))
            };
            Some(short(&all.iter().map(name).collect::<Vec<_>>().join(", ")))
        }
        other => Some(short(&other.to_string())),
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT_CHARS).collect()
}

#[cfg(test)]
mod tests;
