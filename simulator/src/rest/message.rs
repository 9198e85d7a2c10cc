//! Messages in a channel.

use serde_json::{Value, json};

use super::{
    attachment,
    call::{Answer, Call, Done},
    form,
    form::message::Message,
    refusal::{
        BULK_DELETE_COUNT, CLOSED_DMS, EMPTY_MESSAGE, MISSING_PERMISSIONS, NEEDS_READ_HISTORY,
        NOT_A_TEXT_CHANNEL, NOT_THE_AUTHOR, Refusal, THREAD_ARCHIVED, THREAD_LOCKED,
        TOO_OLD_TO_BULK_DELETE, UNKNOWN_MESSAGE,
    },
};
use crate::{
    permissions::Permissions,
    snowflake::Id,
    world::{
        World,
        message::{Author, Message as Kept, flags},
    },
};

const BULK: std::ops::RangeInclusive<usize> = 2..=100;
const OLDEST_IN_BULK_MS: u64 = 14 * 86_400_000;

pub fn list(call: &Call) -> Done {
    let world = call.world();
    let id = call.channel(&world)?;
    let limit = call.limit(1, 100, 50)?;
    // Without the history there is nothing to read, which is no error.
    if call.need_in(&world, id, Permissions::READ_MESSAGE_HISTORY).is_err() {
        return Ok(Answer::json(json!([])));
    }
    let channel = world.channel(id)?;
    if !channel.kind.is_text() {
        return Err(NOT_A_TEXT_CHANNEL);
    }
    let messages = &channel.messages;
    let newest = |before: Id, limit: usize| messages.range(..before).rev().take(limit);
    let mut found: Vec<_> = if let Some(around) = call.asked_id("around")? {
        let half = limit / 2;
        let mut found: Vec<_> = newest(around, half).collect();
        found.extend(messages.range(around..).take(limit - found.len()));
        found
    } else if let Some(before) = call.asked_id("before")? {
        newest(before, limit).collect()
    } else if let Some(after) = call.asked_id("after")? {
        messages.range(after..).filter(|(id, _)| **id != after).take(limit).collect()
    } else {
        messages.iter().rev().take(limit).collect()
    };
    found.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(**id));
    Ok(Answer::json(found.into_iter().map(|(_, message)| shown(call, &world, message)).collect()))
}

/// A message as the bot sees it now: its own reactions marked, and addresses that are still good.
fn shown(call: &Call, world: &World, message: &Kept) -> Value {
    let mut wire = world.message_wire(message, false);
    let reactions = wire.get_mut("reactions").and_then(Value::as_array_mut);
    if let (Ok(user), Some(reactions)) = (call.user(), reactions) {
        for (reaction, known) in reactions.iter_mut().zip(&message.reactions) {
            reaction["me"] = known.by.contains(&user).into();
        }
    }
    attachment::refresh(call, &mut wire, world.now_ms());
    wire
}

pub fn get(call: &Call) -> Done {
    let world = call.world();
    let id = call.channel(&world)?;
    if call.need_in(&world, id, Permissions::READ_MESSAGE_HISTORY).is_err() {
        return Err(super::refusal::MISSING_ACCESS);
    }
    let message = world.message(id, call.id("message_id")?)?;
    Ok(Answer::json(shown(call, &world, message)))
}

pub fn create(call: &Call) -> Done {
    let mut world = call.world();
    let id = call.channel(&world)?;
    may_write(call, &world, id)?;
    let mut message = form::message::create(&call.sent.json, call.sent.files.len())?;
    if message.flag(flags::EPHEMERAL) {
        // Only an interaction has somebody to show it to.
        message.flags = message.flags.map(|flags| flags & !flags::EPHEMERAL);
    }
    may_contain(call, &world, id, &mut message)?;
    let attachments = attachment::keep(call, &mut world, id, &mut message)?;
    let new = message.into_new(attachments);
    let author = Author::User(call.user()?);
    let made = world.create_message(id, author, new)?;
    let mut wire = world.message_json(id, made)?;
    // Whoever sent a nonce gets it back, and nobody else.
    if let Some(nonce) = &world.message(id, made)?.nonce {
        wire["nonce"] = nonce.clone();
    }
    Ok(Answer::json(wire))
}

fn may_write(call: &Call, world: &World, id: Id) -> Result<(), Refusal> {
    let channel = world.channel(id)?;
    let (_, bot) = call.bot()?;
    if !channel.kind.is_text() {
        return Err(NOT_A_TEXT_CHANNEL);
    }
    if channel.guild.is_none() {
        let other = channel.recipients.iter().find(|user| **user != bot);
        return other.map_or(Ok(()), |other| may_write_to(world, bot, *other));
    }
    let thread = channel.kind.is_thread();
    let need =
        if thread { Permissions::SEND_MESSAGES_IN_THREADS } else { Permissions::SEND_MESSAGES };
    call.need_in(world, id, need)?;
    let manages = world.may_in(id, bot, Permissions::MANAGE_THREADS);
    if channel.locked && !manages {
        return Err(if channel.archived { THREAD_ARCHIVED } else { THREAD_LOCKED });
    }
    Ok(())
}

/// Somebody can be written to who shares a guild with the bot and has not closed their door.
pub fn may_write_to(world: &World, bot: Id, user: Id) -> Result<(), Refusal> {
    let open = world.user(user)?.takes_direct_messages && !world.user(user)?.bot;
    let shares = world
        .guilds
        .values()
        .any(|guild| guild.members.contains_key(&bot) && guild.members.contains_key(&user));
    if open && shares { Ok(()) } else { Err(CLOSED_DMS) }
}

/// What of a message needs a permission of its own.
fn may_contain(call: &Call, world: &World, id: Id, message: &mut Message) -> Result<(), Refusal> {
    let needs = [
        (!call.sent.files.is_empty(), Permissions::ATTACH_FILES),
        (message.embeds.as_ref().is_some_and(|list| !list.is_empty()), Permissions::EMBED_LINKS),
        (message.tts, Permissions::SEND_TTS_MESSAGES),
    ];
    for (used, permission) in needs {
        if used {
            call.need_in(world, id, permission)?;
        }
    }
    if let Some(reference) = &message.reference {
        if call.need_in(world, id, Permissions::READ_MESSAGE_HISTORY).is_err() {
            return Err(NEEDS_READ_HISTORY);
        }
        let here = reference.channel_id.is_none_or(|channel| channel == id)
            && world.message(id, reference.message_id).is_ok();
        if !here && reference.fail_if_not_exists {
            let message = "Unknown message";
            return Err(form::refused("message_reference", "REPLIES_UNKNOWN_MESSAGE", message));
        }
        if !here {
            message.reference = None;
        }
    }
    let may_wake_all = call.need_in(world, id, Permissions::MENTION_EVERYONE).is_ok();
    if !may_wake_all {
        let mut allowed = message.mentions.take().unwrap_or_else(everything);
        allowed.everyone = false;
        message.mentions = Some(allowed);
    }
    Ok(())
}

/// What a message wakes that says nothing about it.
pub fn everything() -> crate::world::message::AllowedMentions {
    crate::world::message::AllowedMentions {
        everyone: true,
        all_users: true,
        all_roles: true,
        replied_user: true,
        ..crate::world::message::AllowedMentions::default()
    }
}

pub fn edit(call: &Call) -> Done {
    let mut world = call.world();
    let id = call.channel(&world)?;
    let message_id = call.id("message_id")?;
    let (_, bot) = call.bot()?;
    let known = world.message(id, message_id)?;
    let own = known.author == Author::User(bot);
    let mut change = form::message::edit(&call.sent.json, call.sent.files.len())?;
    if !own {
        // Of another's message only the embeds can be folded away, by whoever manages messages.
        let only_flags = change.content.is_none()
            && change.embeds.is_none()
            && change.components.is_none()
            && change.files.is_none()
            && change.flags.is_some();
        let manages = call.need_in(&world, id, Permissions::MANAGE_MESSAGES).is_ok();
        if !only_flags {
            return Err(NOT_THE_AUTHOR);
        }
        if !manages {
            return Err(MISSING_PERMISSIONS);
        }
    }
    let attachments = attachment::keep_in_edit(call, &mut world, id, message_id, &mut change)?;
    check_edit(world.message(id, message_id)?, &change, attachments.as_deref())?;
    world.edit_message(id, message_id, change.into_edit(attachments))?;
    Ok(Answer::json(world.message_json(id, message_id)?))
}

/// After an edit something must be left to see, and layout cannot go back to text.
pub fn check_edit(
    known: &Kept,
    change: &Message,
    attachments: Option<&[Value]>,
) -> Result<(), Refusal> {
    let is_v2 = known.flags & flags::COMPONENTS_V2 != 0;
    if is_v2 {
        let text = change.content.as_ref().is_some_and(|content| !content.is_empty());
        let embeds = change.embeds.as_ref().is_some_and(|embeds| !embeds.is_empty());
        for (used, field) in [(text, "content"), (embeds, "embeds")] {
            if used {
                let message = format!(
                    "The '{field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
                );
                let code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2";
                return Err(form::refused(field, code, message));
            }
        }
    }
    let left = |new: &Option<Vec<Value>>, old: &[Value]| !new.as_deref().unwrap_or(old).is_empty();
    let content = change.content.as_deref().unwrap_or(&known.content);
    let visible = !content.is_empty()
        || left(&change.embeds, &known.embeds)
        || left(&change.components, &known.components)
        || !attachments.unwrap_or(&known.attachments).is_empty();
    if visible { Ok(()) } else { Err(EMPTY_MESSAGE) }
}

pub fn delete(call: &Call) -> Done {
    let mut world = call.world();
    let id = call.channel(&world)?;
    let message_id = call.id("message_id")?;
    let (_, bot) = call.bot()?;
    let message = world.message(id, message_id)?;
    if message.author != Author::User(bot) {
        if world.channel(id)?.guild.is_none() {
            return Err(super::refusal::NOT_IN_A_DM);
        }
        call.need_in(&world, id, Permissions::MANAGE_MESSAGES)?;
    }
    world.delete_message(id, message_id, &call.by()?)?;
    Ok(Answer::EMPTY)
}

pub fn bulk_delete(call: &Call) -> Done {
    let mut world = call.world();
    let id = call.channel_for(&world, Permissions::MANAGE_MESSAGES)?;
    if world.channel(id)?.guild.is_none() {
        return Err(super::refusal::NOT_IN_A_DM);
    }
    let ids = form::read(&call.sent.json, |form| {
        if form.is_object() && form.require("messages") {
            form.snowflakes("messages", 0..=1000).unwrap_or_default()
        } else {
            Vec::new()
        }
    })?;
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    if !BULK.contains(&ids.len()) || unique.len() != ids.len() {
        return Err(BULK_DELETE_COUNT);
    }
    let oldest = Id::first_of(world.now_ms().saturating_sub(OLDEST_IN_BULK_MS));
    if ids.iter().any(|id| *id < oldest) {
        return Err(TOO_OLD_TO_BULK_DELETE);
    }
    world.bulk_delete_messages(id, &ids, &call.by()?)?;
    Ok(Answer::EMPTY)
}

/// The simulator keeps no followers of announcement channels: a crosspost only marks the message.
pub fn crosspost(call: &Call) -> Done {
    let world = call.world();
    let id = call.channel_for(&world, Permissions::SEND_MESSAGES)?;
    let message = call.id("message_id")?;
    if world.channel(id)?.kind != crate::world::channel::Kind::Announcement {
        return Err(super::refusal::WRONG_CHANNEL_TYPE);
    }
    world.message(id, message).map_err(|_| UNKNOWN_MESSAGE)?;
    Ok(Answer::json(world.message_json(id, message)?))
}
