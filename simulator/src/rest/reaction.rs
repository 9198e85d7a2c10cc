//! Reactions on messages.

use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Done},
    form, query,
    refusal::{Refusal, UNKNOWN_EMOJI},
};
use crate::{
    permissions::Permissions,
    snowflake::Id,
    world::{
        World,
        reaction::{read_emoji, same_emoji},
    },
};

/// The emoji in the path: a character, or `name:id` of one that a guild has.
fn emoji(call: &Call, world: &World) -> Result<Value, Refusal> {
    let text = query::decode(call.part("emoji_name"));
    let emoji = read_emoji(&text);
    let known = match emoji["id"].as_str() {
        Some(id) => {
            let mut all = world.guilds.values().flat_map(|guild| &guild.emojis);
            all.any(|known| known["id"] == id)
        }
        // What is only letters is a name, and no emoji.
        None => !text.is_empty() && text.chars().count() <= 16 && !is_word(&text),
    };
    if known { Ok(emoji) } else { Err(UNKNOWN_EMOJI) }
}

fn is_word(text: &str) -> bool {
    let keycap = text.contains('\u{20e3}');
    !keycap && text.chars().all(|letter| letter.is_ascii() || letter.is_alphabetic())
}

fn place(call: &Call, world: &World, need: Permissions) -> Result<(Id, Id), Refusal> {
    let channel = call.channel_for(world, need)?;
    let message = call.id("message_id")?;
    world.message(channel, message)?;
    Ok((channel, message))
}

pub fn add(call: &Call) -> Done {
    let mut world = call.world();
    let (channel, message) = place(call, &world, Permissions::READ_MESSAGE_HISTORY)?;
    let emoji = emoji(call, &world)?;
    // Joining a reaction that is there needs less than beginning one.
    let begun = world
        .message(channel, message)?
        .reactions
        .iter()
        .any(|reaction| same_emoji(&reaction.emoji, &emoji));
    if !begun {
        call.need_in(&world, channel, Permissions::ADD_REACTIONS)?;
    }
    world.add_reaction(channel, message, call.user()?, &emoji)?;
    Ok(Answer::EMPTY)
}

pub fn remove_own(call: &Call) -> Done {
    let mut world = call.world();
    let (channel, message) = place(call, &world, Permissions::READ_MESSAGE_HISTORY)?;
    let emoji = emoji(call, &world)?;
    world.remove_reaction(channel, message, call.user()?, &emoji)?;
    Ok(Answer::EMPTY)
}

pub fn remove(call: &Call) -> Done {
    let mut world = call.world();
    let (channel, message) = place(call, &world, Permissions::MANAGE_MESSAGES)?;
    let emoji = emoji(call, &world)?;
    world.remove_reaction(channel, message, call.id("user_id")?, &emoji)?;
    Ok(Answer::EMPTY)
}

pub fn clear(call: &Call) -> Done {
    let mut world = call.world();
    let (channel, message) = place(call, &world, Permissions::MANAGE_MESSAGES)?;
    world.clear_reactions(channel, message, None)?;
    Ok(Answer::EMPTY)
}

pub fn clear_emoji(call: &Call) -> Done {
    let mut world = call.world();
    let (channel, message) = place(call, &world, Permissions::MANAGE_MESSAGES)?;
    let emoji = emoji(call, &world)?;
    world.clear_reactions(channel, message, Some(&emoji))?;
    Ok(Answer::EMPTY)
}

/// Who reacted so.
pub fn list(call: &Call) -> Done {
    let world = call.world();
    let (channel, message) = place(call, &world, Permissions::READ_MESSAGE_HISTORY)?;
    let emoji = emoji(call, &world)?;
    let limit = call.limit(1, 100, 25)?;
    let after = call.asked_id("after")?;
    let kind = call.asked("type").unwrap_or("0");
    if !["0", "1"].contains(&kind) {
        let message = "Value must be one of {0, 1}.";
        return Err(form::refused("type", "BASE_TYPE_CHOICES", message));
    }
    let reactions = &world.message(channel, message)?.reactions;
    let found = reactions.iter().find(|reaction| same_emoji(&reaction.emoji, &emoji));
    let mut users: Vec<Id> = found.map(|reaction| reaction.by.clone()).unwrap_or_default();
    users.sort_unstable();
    users.retain(|user| after.is_none_or(|after| *user > after) && kind == "0");
    let users: Vec<_> = users.iter().take(limit).map(|user| world.user_json(*user)).collect();
    Ok(Answer::json(json!(users)))
}
