//! Channels: reading, settings, overwrites, typing, pins, invites, webhooks.

use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Done},
    form, guild,
    refusal::{
        MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_MEMBER, UNKNOWN_ROLE, WRONG_CHANNEL_TYPE,
    },
};
use crate::{
    clock::timestamp,
    permissions::{OverwriteOf, Permissions},
    world::channel::Kind,
};

pub fn get(call: &Call) -> Done {
    let world = call.world();
    let id = call.channel(&world)?;
    Ok(Answer::json(world.channel_json(id)?))
}

pub fn edit(call: &Call) -> Done {
    let mut world = call.world();
    let id = call.channel(&world)?;
    let channel = world.channel(id)?;
    let (kind, owner, locked) = (channel.kind, channel.owner, channel.locked);
    let Some(guild) = channel.guild else { return Err(WRONG_CHANNEL_TYPE) };
    let (_, bot) = call.bot()?;
    let mut edit = form::channel::edit(&call.sent.json, kind)?;
    if kind.is_thread() {
        let manages = world.may_in(id, bot, Permissions::MANAGE_THREADS);
        // Whoever began a thread may name it and put it away, as long as nobody locked it.
        let only_own = edit.locked.is_none() && edit.slowmode_secs.is_none() && !locked;
        let may = manages || (owner == Some(bot) && only_own);
        if !may {
            return Err(MISSING_PERMISSIONS);
        }
    } else {
        call.need_in(&world, id, Permissions::MANAGE_CHANNELS)?;
        guild::check_overwrites(call, &world, guild, &edit)?;
    }
    if matches!(kind, Kind::Text | Kind::Announcement) {
        edit.name = edit.name.map(|name| guild::as_text_channel(&name));
    }
    world.edit_channel(id, edit, &call.by()?)?;
    Ok(Answer::json(world.channel_json(id)?))
}

pub fn delete(call: &Call) -> Done {
    let mut world = call.world();
    let id = call.channel(&world)?;
    let channel = world.channel(id)?;
    let wire = world.channel_json(id)?;
    if channel.guild.is_none() {
        // A direct message is only closed; it is there when somebody writes again.
        return Ok(Answer::json(wire));
    }
    let need = if channel.kind.is_thread() {
        Permissions::MANAGE_THREADS
    } else {
        Permissions::MANAGE_CHANNELS
    };
    call.need_in(&world, id, need)?;
    world.delete_channel(id, &call.by()?)?;
    Ok(Answer::json(wire))
}

pub fn set_overwrite(call: &Call) -> Done {
    let mut world = call.world();
    let id = call.channel_for(&world, Permissions::MANAGE_ROLES)?;
    let channel = world.channel(id)?;
    let Some(guild) = channel.guild else { return Err(WRONG_CHANNEL_TYPE) };
    if channel.kind.is_thread() {
        return Err(WRONG_CHANNEL_TYPE);
    }
    let target = call.id("overwrite_id")?;
    let overwrite = form::channel::overwrite(&call.sent.json, target)?;
    match overwrite.of {
        OverwriteOf::Role => world.role(guild, target).map(|_| ()).map_err(|_| UNKNOWN_ROLE)?,
        OverwriteOf::Member => {
            world.member(guild, target).map(|_| ()).map_err(|_| UNKNOWN_MEMBER)?;
        }
    }
    let (_, bot) = call.bot()?;
    if !world.may(guild, bot, overwrite.allow | overwrite.deny) {
        return Err(MISSING_PERMISSIONS);
    }
    world.set_overwrite(id, overwrite, &call.by()?)?;
    Ok(Answer::EMPTY)
}

pub fn delete_overwrite(call: &Call) -> Done {
    let mut world = call.world();
    let id = call.channel_for(&world, Permissions::MANAGE_ROLES)?;
    world.delete_overwrite(id, call.id("overwrite_id")?, &call.by()?)?;
    Ok(Answer::EMPTY)
}

pub fn typing(call: &Call) -> Done {
    let world = call.world();
    let id = call.channel_for(&world, Permissions::SEND_MESSAGES)?;
    world.typing(id, call.user()?)?;
    Ok(Answer::EMPTY)
}

/// Pins from the newest on, with when they were pinned.
pub fn pins(call: &Call) -> Done {
    let world = call.world();
    let id = call.channel_for(&world, Permissions::READ_MESSAGE_HISTORY)?;
    let limit = call.limit(1, 50, 50)?;
    let channel = world.channel(id)?;
    let before = call.asked("before").and_then(crate::clock::read_timestamp);
    let pins: Vec<_> = channel
        .pins
        .iter()
        .rev()
        .filter_map(|id| channel.messages.get(id))
        .filter(|message| before.is_none_or(|before| message.made_ms < before))
        .collect();
    let items = pins.iter().take(limit).map(|message| {
        json!({
            "pinned_at": timestamp(message.made_ms),
            "message": world.message_wire(message, false),
        })
    });
    let items: Vec<_> = items.collect();
    Ok(Answer::json(json!({"items": items, "has_more": pins.len() > limit})))
}

/// The same as a plain list, as it was before there could be more than fifty.
pub fn old_pins(call: &Call) -> Done {
    let world = call.world();
    let id = call.channel_for(&world, Permissions::READ_MESSAGE_HISTORY)?;
    let channel = world.channel(id)?;
    let pins = channel.pins.iter().rev().filter_map(|id| channel.messages.get(id)).take(50);
    Ok(Answer::json(pins.map(|message| world.message_wire(message, false)).collect()))
}

pub fn pin(call: &Call) -> Done {
    let mut world = call.world();
    let id = call.channel(&world)?;
    let (_, bot) = call.bot()?;
    let may = world.may_in(id, bot, Permissions::PIN_MESSAGES)
        || world.may_in(id, bot, Permissions::MANAGE_MESSAGES);
    if !may {
        return Err(MISSING_PERMISSIONS);
    }
    world.pin_message(id, call.id("message_id")?, &call.by()?)?;
    Ok(Answer::EMPTY)
}

pub fn unpin(call: &Call) -> Done {
    let mut world = call.world();
    let id = call.channel(&world)?;
    let (_, bot) = call.bot()?;
    let may = world.may_in(id, bot, Permissions::PIN_MESSAGES)
        || world.may_in(id, bot, Permissions::MANAGE_MESSAGES);
    if !may {
        return Err(MISSING_PERMISSIONS);
    }
    world.unpin_message(id, call.id("message_id")?, &call.by()?)?;
    Ok(Answer::EMPTY)
}

pub fn invites(call: &Call) -> Done {
    let world = call.world();
    let id = call.channel_for(&world, Permissions::MANAGE_CHANNELS)?;
    let invites = world.invites.values().filter(|invite| invite.channel == id);
    let invites = invites.map(|invite| world.invite_json(invite, true)).collect();
    Ok(Answer::json(Value::Array(invites)))
}

pub fn create_invite(call: &Call) -> Done {
    let mut world = call.world();
    let id = call.channel_for(&world, Permissions::CREATE_INSTANT_INVITE)?;
    let (age, uses, temporary) = form::channel::invite(&call.sent.json)?;
    let code = world.create_invite(id, age, uses, temporary, &call.by()?)?;
    Ok(Answer::json(world.invite_json(world.invite(&code)?, true)))
}

pub fn get_invite(call: &Call) -> Done {
    let world = call.world();
    let invite = world.invite(call.part("code"))?;
    let mut wire = world.invite_json(invite, false);
    if call.asked_flag("with_counts") {
        let members = world.guild(invite.guild)?.members.len();
        wire["approximate_member_count"] = json!(members);
        wire["approximate_presence_count"] = json!(members);
    }
    Ok(Answer::json(wire))
}

pub fn delete_invite(call: &Call) -> Done {
    let mut world = call.world();
    let code = call.part("code");
    let invite = world.invite(code)?;
    let (guild, channel) = (invite.guild, invite.channel);
    let (_, bot) = call.bot()?;
    if !world.guild(guild)?.members.contains_key(&bot) {
        return Err(MISSING_ACCESS);
    }
    let may = world.may(guild, bot, Permissions::MANAGE_GUILD)
        || world.may_in(channel, bot, Permissions::MANAGE_CHANNELS);
    if !may {
        return Err(MISSING_PERMISSIONS);
    }
    let wire = world.invite_json(invite, false);
    world.delete_invite(code, &call.by()?)?;
    Ok(Answer::json(wire))
}

pub fn webhooks(call: &Call) -> Done {
    let world = call.world();
    let id = call.channel_for(&world, Permissions::MANAGE_WEBHOOKS)?;
    Ok(Answer::json(super::webhook::list(call, &world, |webhook| webhook.channel == id)?))
}
