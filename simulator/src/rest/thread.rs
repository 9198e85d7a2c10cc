//! Threads and their members.

use serde_json::json;

use super::{
    attachment,
    call::{Answer, Call, Done},
    form,
    refusal::{MISSING_PERMISSIONS, Refusal, WRONG_CHANNEL_TYPE},
};
use crate::{
    permissions::Permissions,
    snowflake::Id,
    world::{
        World,
        channel::{Channel, Kind},
    },
};

/// Begun from a message.
pub fn create_on_message(call: &Call) -> Done {
    let mut world = call.world();
    let parent = call.channel_for(&world, Permissions::CREATE_PUBLIC_THREADS)?;
    let message = call.id("message_id")?;
    let new = form::channel::thread(&call.sent.json, true)?;
    let id = world.create_thread(parent, Some(message), new, &call.by()?)?;
    Ok(Answer::created(world.channel_json(id)?))
}

/// Begun in a channel, or as a post of a forum with its first message.
pub fn create(call: &Call) -> Done {
    let mut world = call.world();
    let parent = call.channel(&world)?;
    let kind = world.channel(parent)?.kind;
    let new = form::channel::thread(&call.sent.json, false)?;
    let by = call.by()?;
    if matches!(kind, Kind::Forum | Kind::Media) {
        call.need_in(&world, parent, Permissions::SEND_MESSAGES)?;
        let body = call.sent.json.get("message").cloned().unwrap_or_else(|| json!({}));
        let mut first = form::message::create(&body, call.sent.files.len())
            .map_err(|refusal| under("message", refusal))?;
        let attachments = attachment::keep(call, &mut world, parent, &mut first)?;
        let (id, message) = world.create_post(parent, new, first.into_new(attachments), &by)?;
        let mut wire = world.channel_json(id)?;
        wire["message"] = world.message_json(id, message)?;
        return Ok(Answer::created(wire));
    }
    let need = if new.kind == Kind::PrivateThread {
        Permissions::CREATE_PRIVATE_THREADS
    } else {
        Permissions::CREATE_PUBLIC_THREADS
    };
    call.need_in(&world, parent, need)?;
    let id = world.create_thread(parent, None, new, &by)?;
    Ok(Answer::created(world.channel_json(id)?))
}

fn under(field: &str, refusal: Refusal) -> Refusal {
    match refusal.errors {
        Some(errors) => Refusal::form(json!({field: errors})),
        None => refusal,
    }
}

fn thread<'a>(call: &Call, world: &'a World) -> Result<&'a Channel, Refusal> {
    let channel = world.channel(call.channel(world)?)?;
    if channel.kind.is_thread() { Ok(channel) } else { Err(WRONG_CHANNEL_TYPE) }
}

pub fn members(call: &Call) -> Done {
    let world = call.world();
    let thread = thread(call, &world)?;
    let limit = call.limit(1, 100, 100)?;
    let after = call.asked_id("after")?;
    let users = thread.thread_members.keys().filter(|user| after.is_none_or(|id| **user > id));
    let with_member = call.asked_flag("with_member");
    let members = users.take(limit).map(|user| one(&world, thread, *user, with_member));
    Ok(Answer::json(members.collect::<Result<_, _>>()?))
}

fn one(
    world: &World,
    thread: &Channel,
    user: Id,
    with_member: bool,
) -> Result<serde_json::Value, Refusal> {
    let mut wire = world.thread_member_json(thread.id, user)?;
    if let Some(guild) = thread.guild.filter(|_| with_member) {
        wire["member"] = world.member_json(world.guild(guild)?, user);
    }
    Ok(wire)
}

pub fn member(call: &Call) -> Done {
    let world = call.world();
    let thread = thread(call, &world)?;
    let user = call.id("user_id")?;
    Ok(Answer::json(one(&world, thread, user, call.asked_flag("with_member"))?))
}

pub fn join(call: &Call) -> Done {
    let mut world = call.world();
    let id = thread(call, &world)?.id;
    world.add_thread_member(id, call.user()?)?;
    Ok(Answer::EMPTY)
}

pub fn leave(call: &Call) -> Done {
    let mut world = call.world();
    let id = thread(call, &world)?.id;
    world.remove_thread_member(id, call.user()?)?;
    Ok(Answer::EMPTY)
}

pub fn add(call: &Call) -> Done {
    let mut world = call.world();
    let found = thread(call, &world)?;
    let (id, guild) = (found.id, found.guild);
    call.need_in(&world, id, Permissions::SEND_MESSAGES_IN_THREADS)?;
    let user = call.id("user_id")?;
    if let Some(guild) = guild {
        world.member(guild, user)?;
    }
    world.add_thread_member(id, user)?;
    Ok(Answer::EMPTY)
}

pub fn remove(call: &Call) -> Done {
    let mut world = call.world();
    let found = thread(call, &world)?;
    let (id, owner, kind) = (found.id, found.owner, found.kind);
    let (_, bot) = call.bot()?;
    let manages = world.may_in(id, bot, Permissions::MANAGE_THREADS);
    let own = owner == Some(bot) && kind == Kind::PrivateThread;
    if !manages && !own {
        return Err(MISSING_PERMISSIONS);
    }
    world.remove_thread_member(id, call.id("user_id")?)?;
    Ok(Answer::EMPTY)
}

pub fn archived_public(call: &Call) -> Done {
    archived(call, |kind| kind != Kind::PrivateThread, Permissions::READ_MESSAGE_HISTORY)
}

pub fn archived_private(call: &Call) -> Done {
    let need = Permissions::READ_MESSAGE_HISTORY | Permissions::MANAGE_THREADS;
    archived(call, |kind| kind == Kind::PrivateThread, need)
}

fn archived(call: &Call, of: fn(Kind) -> bool, need: Permissions) -> Done {
    let world = call.world();
    let parent = call.channel_for(&world, need)?;
    let Some(guild) = world.channel(parent)?.guild else { return Err(WRONG_CHANNEL_TYPE) };
    let limit = call.limit(2, 100, 50)?;
    let before = call.asked("before").and_then(crate::clock::read_timestamp);
    let threads = world.guild(guild)?.threads.iter().filter_map(|id| world.channels.get(id));
    let mut found: Vec<_> = threads
        .filter(|thread| thread.parent == Some(parent) && thread.archived && of(thread.kind))
        .filter(|thread| before.is_none_or(|before| thread.archive_changed_ms < before))
        .collect();
    found.sort_unstable_by_key(|thread| std::cmp::Reverse(thread.archive_changed_ms));
    let has_more = found.len() > limit;
    found.truncate(limit);
    let user = call.user()?;
    let members = found.iter().filter_map(|thread| world.thread_member_json(thread.id, user).ok());
    let members: Vec<_> = members.collect();
    let threads: Vec<_> = found.iter().map(|thread| world.channel_wire(thread, true)).collect();
    Ok(Answer::json(json!({"threads": threads, "members": members, "has_more": has_more})))
}
