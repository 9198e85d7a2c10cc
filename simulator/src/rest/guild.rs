//! Guilds: reading, settings, channels, the audit log, invites, webhooks, what is live.

use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Done},
    form::{self, Form},
    refusal::{MISSING_PERMISSIONS, Refusal},
};
use crate::{
    permissions::Permissions,
    snowflake::Id,
    world::{
        World,
        channel::{ChannelEdit, Kind},
        guild::GuildEdit,
        user::User,
    },
};

pub fn get(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild(&world)?;
    Ok(Answer::json(world.guild(guild)?.to_json(call.asked_flag("with_counts"))))
}

pub fn preview(call: &Call) -> Done {
    let world = call.world();
    let guild = world.guild(call.guild(&world)?)?;
    Ok(Answer::json(json!({
        "id": guild.id, "name": guild.name, "icon": guild.icon, "splash": null,
        "discovery_splash": null, "home_header": null, "features": guild.features,
        "description": guild.description, "approximate_member_count": guild.members.len(),
        "approximate_presence_count": guild.members.len(), "emojis": guild.emojis,
        "stickers": [],
    })))
}

pub fn edit(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_GUILD)?;
    let edit = form::read(&call.sent.json, settings)?;
    world.edit_guild(guild, edit, &call.by()?)?;
    Ok(Answer::json(world.guild(guild)?.to_json(false)))
}

fn settings(form: &Form<'_>) -> GuildEdit {
    let clear = |field: &str| form.clears(field);
    GuildEdit {
        name: form.text("name", 2..=100).map(str::to_owned),
        description: if clear("description") {
            Some(None)
        } else {
            form.text("description", 0..=300).map(|text| Some(text.to_owned()))
        },
        preferred_locale: form.text("preferred_locale", 2..=10).map(str::to_owned),
        system_channel: if clear("system_channel_id") {
            Some(None)
        } else {
            form.snowflake("system_channel_id").map(Some)
        },
        verification_level: form
            .choice("verification_level", &[0, 1, 2, 3, 4])
            .and_then(|level| u8::try_from(level).ok()),
    }
}

pub fn channels(call: &Call) -> Done {
    let world = call.world();
    let guild = world.guild(call.guild(&world)?)?;
    let channels = guild.channels.iter().filter_map(|id| world.channels.get(id));
    let channels = channels.map(|channel| world.channel_wire(channel, true)).collect();
    Ok(Answer::json(Value::Array(channels)))
}

pub fn create_channel(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_CHANNELS)?;
    let new = form::channel::create(&call.sent.json)?;
    check_overwrites(call, &world, guild, &new.edit)?;
    let name = new.edit.name.clone().unwrap_or_default();
    let name = if matches!(new.kind, Kind::Text | Kind::Announcement) {
        as_text_channel(&name)
    } else {
        name
    };
    let edit = ChannelEdit { name: None, ..new.edit };
    let id = world.create_channel_with(guild, new.kind, &name, edit, &call.by()?)?;
    Ok(Answer::created(world.channel_json(id)?))
}

/// Names of text channels have no capitals and no spaces.
pub fn as_text_channel(name: &str) -> String {
    name.trim().to_lowercase().replace(char::is_whitespace, "-")
}

/// Nobody gives away by an overwrite what they may not do themselves.
pub fn check_overwrites(
    call: &Call,
    world: &World,
    guild: Id,
    edit: &ChannelEdit,
) -> Result<(), Refusal> {
    let Some(overwrites) = &edit.overwrites else { return Ok(()) };
    let named = overwrites.iter().fold(Permissions::NONE, |sum, one| sum | one.allow | one.deny);
    call.need(world, guild, Permissions::MANAGE_ROLES)?;
    let (_, bot) = call.bot()?;
    if world.may(guild, bot, named) { Ok(()) } else { Err(MISSING_PERMISSIONS) }
}

pub fn move_channels(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_CHANNELS)?;
    let wrapped = json!({"channels": call.sent.json});
    let places = form::read(&wrapped, |form| {
        let items = form.objects("channels", 0..=500).unwrap_or_default();
        let place = |item: &Form<'_>| {
            item.require("id");
            let parent = if item.clears("parent_id") {
                Some(None)
            } else {
                item.snowflake("parent_id").map(Some)
            };
            let position = item.integer("position", 0..=i64::from(i32::MAX));
            item.snowflake("id").map(|id| (id, position, parent))
        };
        items.iter().filter_map(place).collect::<Vec<_>>()
    })?;
    if places.iter().any(|(id, _, _)| world.channels.get(id).and_then(|c| c.guild) != Some(guild)) {
        return Err(super::refusal::UNKNOWN_CHANNEL);
    }
    for (id, position, parent) in places {
        let edit = ChannelEdit { position, parent, ..ChannelEdit::default() };
        world.edit_channel(id, edit, &call.by()?)?;
    }
    Ok(Answer::EMPTY)
}

pub fn active_threads(call: &Call) -> Done {
    let world = call.world();
    let guild = world.guild(call.guild(&world)?)?;
    let (_, bot) = call.bot()?;
    let threads = guild.threads.iter().filter_map(|id| world.channels.get(id));
    let threads: Vec<_> = threads
        .filter(|thread| !thread.is_archived())
        .filter(|thread| world.may_in(thread.id, bot, Permissions::VIEW_CHANNEL))
        .collect();
    let members = threads.iter().filter_map(|thread| world.thread_member_json(thread.id, bot).ok());
    let members: Vec<_> = members.collect();
    let threads: Vec<_> = threads.iter().map(|thread| world.channel_wire(thread, true)).collect();
    Ok(Answer::json(json!({"threads": threads, "members": members, "has_more": false})))
}

pub fn audit_log(call: &Call) -> Done {
    let world = call.world();
    let id = call.guild_for(&world, Permissions::VIEW_AUDIT_LOG)?;
    let guild = world.guild(id)?;
    let limit = call.limit(1, 100, 50)?;
    let action = call.asked("action_type").and_then(|action| action.parse().ok());
    let (user, before) = (call.asked_id("user_id")?, call.asked_id("before")?);
    let after = call.asked_id("after")?;
    let target = call.asked_id("target_id")?;
    let wanted = World::audit_log(guild, user, action, before)
        .filter(|entry| after.is_none_or(|after| entry.id > after))
        .filter(|entry| target.is_none_or(|target| entry.target == Some(target)));
    let entries: Vec<_> = if after.is_some() {
        // After somebody means the ones nearest to it, oldest first.
        let all: Vec<_> = wanted.collect();
        all.into_iter().rev().take(limit).collect()
    } else {
        wanted.take(limit).collect()
    };
    let mut users: Vec<_> =
        entries.iter().flat_map(|entry| [Some(entry.user), entry.target]).flatten().collect();
    users.sort_unstable();
    users.dedup();
    let users: Vec<_> =
        users.iter().filter_map(|id| world.users.get(id)).map(User::to_json).collect();
    let entries: Vec<_> = entries.iter().map(|entry| entry.to_json()).collect();
    Ok(Answer::json(json!({
        "audit_log_entries": entries, "users": users, "integrations": [], "webhooks": [],
        "guild_scheduled_events": [], "threads": [], "application_commands": [],
        "auto_moderation_rules": [],
    })))
}

pub fn webhooks(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_WEBHOOKS)?;
    Ok(Answer::json(super::webhook::list(call, &world, |webhook| webhook.guild == guild)?))
}

pub fn invites(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_GUILD)?;
    let invites = world.invites.values().filter(|invite| invite.guild == guild);
    let invites = invites.map(|invite| world.invite_json(invite, true)).collect();
    Ok(Answer::json(Value::Array(invites)))
}

pub fn emojis(call: &Call) -> Done {
    let world = call.world();
    let guild = world.guild(call.guild(&world)?)?;
    Ok(Answer::json(json!(guild.emojis)))
}

/// The simulator keeps no stickers, so there are none to list.
pub fn stickers(call: &Call) -> Done {
    let world = call.world();
    call.guild(&world)?;
    Ok(Answer::json(json!([])))
}

pub fn voice_state(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild(&world)?;
    let user = call.id("user_id")?;
    one_voice_state(&world, guild, user)
}

pub fn own_voice_state(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild(&world)?;
    let (_, bot) = call.bot()?;
    one_voice_state(&world, guild, bot)
}

fn one_voice_state(world: &World, id: Id, user: Id) -> Done {
    let guild = world.guild(id)?;
    let state = guild.voice.get(&user).ok_or(super::refusal::UNKNOWN_VOICE_STATE)?;
    Ok(Answer::json(state.to_json(Some(id), world.member_json(guild, user))))
}
