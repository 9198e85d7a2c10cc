//! Webhooks: kept by bots, used by whoever has the token. The token of an interaction is used the
//! same way, with the application in the webhook's place.

use serde_json::Value;

use super::{
    attachment,
    call::{Answer, Call, Done},
    form,
    refusal::{Refusal, UNKNOWN_MESSAGE},
};
use crate::{
    permissions::Permissions,
    snowflake::Id,
    world::{
        By, World,
        channel::Kind,
        message::{Author, Message},
        thread::NewThread,
        webhook::Webhook,
    },
};

pub fn list(
    call: &Call,
    world: &World,
    wanted: impl Fn(&Webhook) -> bool,
) -> Result<Value, Refusal> {
    let (application, _) = call.bot()?;
    let found = world.webhooks.values().filter(|webhook| wanted(webhook));
    // The token of a webhook is for the application that made it.
    let found = found
        .map(|webhook| world.webhook_json(webhook, webhook.application == Some(application), true));
    Ok(found.collect())
}

pub fn create(call: &Call) -> Done {
    let mut world = call.world();
    let channel = call.channel_for(&world, Permissions::MANAGE_WEBHOOKS)?;
    let wanted = form::webhook::create(&call.sent.json)?;
    let name = wanted.name.clone().unwrap_or_default();
    let id = world.create_webhook(channel, &name, &call.by()?)?;
    set_avatar(&mut world, id, &wanted);
    Ok(Answer::json(world.webhook_json(world.webhook(id)?, true, true)))
}

/// A picture becomes a hash, as everywhere; the picture itself is drawn from it.
fn set_avatar(world: &mut World, id: Id, wanted: &form::webhook::Webhook) {
    if let (Some(avatar), Some(webhook)) = (&wanted.avatar, world.webhooks.get_mut(&id)) {
        webhook.avatar = avatar.as_deref().map(super::cdn::hash);
    }
}

/// The webhook in the path, which the bot may manage.
fn managed(call: &Call, world: &World) -> Result<Id, Refusal> {
    let id = call.id("webhook_id")?;
    let webhook = world.webhook(id)?;
    let (_, bot) = call.bot()?;
    world.require_in(webhook.channel, bot, Permissions::MANAGE_WEBHOOKS)?;
    Ok(id)
}

pub fn get(call: &Call) -> Done {
    let world = call.world();
    let webhook = world.webhook(managed(call, &world)?)?;
    let own = webhook.application == Some(call.bot()?.0);
    Ok(Answer::json(world.webhook_json(webhook, own, true)))
}

pub fn edit(call: &Call) -> Done {
    let mut world = call.world();
    let id = managed(call, &world)?;
    let wanted = form::webhook::edit(&call.sent.json)?;
    if let Some(channel) = wanted.channel_id {
        let (_, bot) = call.bot()?;
        world.require_in(channel, bot, Permissions::MANAGE_WEBHOOKS)?;
    }
    set_avatar(&mut world, id, &wanted);
    world.edit_webhook(id, wanted.name, wanted.channel_id, &call.by()?)?;
    let webhook = world.webhook(id)?;
    let own = webhook.application == Some(call.bot()?.0);
    Ok(Answer::json(world.webhook_json(webhook, own, true)))
}

pub fn delete(call: &Call) -> Done {
    let mut world = call.world();
    let id = managed(call, &world)?;
    world.delete_webhook(id, &call.by()?)?;
    Ok(Answer::EMPTY)
}

fn with_token<'a>(call: &Call, world: &'a World) -> Result<&'a Webhook, Refusal> {
    Ok(world.webhook_with_token(call.id("webhook_id")?, call.part("webhook_token"))?)
}

/// Whether the path means an interaction's token, of this application.
pub fn application(call: &Call, world: &World) -> Result<Option<Id>, Refusal> {
    let id = call.id("webhook_id")?;
    Ok(world.applications.contains_key(&id).then_some(id))
}

pub fn get_by_token(call: &Call) -> Done {
    let world = call.world();
    let webhook = with_token(call, &world)?;
    Ok(Answer::json(world.webhook_json(webhook, true, false)))
}

pub fn edit_by_token(call: &Call) -> Done {
    let mut world = call.world();
    let webhook = with_token(call, &world)?;
    let (id, by) = (webhook.id, By { user: webhook.creator, reason: call.reason.clone() });
    let wanted = form::webhook::edit(&call.sent.json)?;
    set_avatar(&mut world, id, &wanted);
    // Who has no more than the token cannot carry the webhook to another channel.
    world.edit_webhook(id, wanted.name, None, &by)?;
    Ok(Answer::json(world.webhook_json(world.webhook(id)?, true, false)))
}

pub fn delete_by_token(call: &Call) -> Done {
    let mut world = call.world();
    let webhook = with_token(call, &world)?;
    let (id, by) = (webhook.id, By { user: webhook.creator, reason: call.reason.clone() });
    world.delete_webhook(id, &by)?;
    Ok(Answer::EMPTY)
}

/// Where a webhook speaks: its channel, or a thread in it.
fn place(call: &Call, world: &World, webhook: &Webhook) -> Result<Id, Refusal> {
    let Some(thread) = call.asked_id("thread_id")? else { return Ok(webhook.channel) };
    let found = world.channel(thread)?;
    let inside = found.kind.is_thread() && found.parent == Some(webhook.channel);
    if inside { Ok(thread) } else { Err(super::refusal::UNKNOWN_CHANNEL) }
}

pub fn execute(call: &Call) -> Done {
    let mut world = call.world();
    if let Some(application) = application(call, &world)? {
        return super::interaction::follow_up(call, &mut world, application);
    }
    let webhook = with_token(call, &world)?.clone();
    let channel = place(call, &world, &webhook)?;
    let mut message = form::message::webhook(&call.sent.json, call.sent.files.len())?;
    let forum = matches!(world.channel(channel)?.kind, Kind::Forum | Kind::Media);
    let author = Author::Webhook {
        id: webhook.id,
        name: message.username.take().unwrap_or_else(|| webhook.name.clone()),
        avatar: message.avatar_url.take().or_else(|| webhook.avatar.clone()),
    };
    let by = By { user: webhook.creator, reason: None };
    let channel = match message.thread_name.take() {
        Some(name) if forum => world.create_thread(channel, None, NewThread::public(&name), &by)?,
        None if forum => return Err(super::refusal::NEEDS_THREAD),
        _ => channel,
    };
    let attachments = attachment::keep(call, &mut world, channel, &mut message)?;
    let mut new = message.into_new(attachments);
    new.application = webhook.application;
    let made = world.create_message(channel, author, new)?;
    if call.asked_flag("wait") {
        Ok(Answer::json(world.message_json(channel, made)?))
    } else {
        Ok(Answer::EMPTY)
    }
}

/// A message that this webhook sent.
fn sent<'a>(call: &Call, world: &'a World) -> Result<&'a Message, Refusal> {
    let webhook = with_token(call, world)?;
    let channel = place(call, world, webhook)?;
    let message = world.message(channel, call.id("message_id")?)?;
    match message.author {
        Author::Webhook { id, .. } if id == webhook.id => Ok(message),
        _ => Err(UNKNOWN_MESSAGE),
    }
}

pub fn get_message(call: &Call) -> Done {
    let world = call.world();
    if let Some(application) = application(call, &world)? {
        let id = call.id("message_id")?;
        return super::interaction::get(call, &world, application, Some(id));
    }
    let message = sent(call, &world)?;
    Ok(Answer::json(world.message_json(message.channel, message.id)?))
}

pub fn edit_message(call: &Call) -> Done {
    let mut world = call.world();
    if let Some(application) = application(call, &world)? {
        let id = call.id("message_id")?;
        return super::interaction::edit(call, &mut world, application, Some(id));
    }
    let known = sent(call, &world)?;
    let (channel, id) = (known.channel, known.id);
    let mut change = form::message::edit(&call.sent.json, call.sent.files.len())?;
    let attachments = attachment::keep_in_edit(call, &mut world, channel, id, &mut change)?;
    super::message::check_edit(world.message(channel, id)?, &change, attachments.as_deref())?;
    world.edit_message(channel, id, change.into_edit(attachments))?;
    Ok(Answer::json(world.message_json(channel, id)?))
}

pub fn delete_message(call: &Call) -> Done {
    let mut world = call.world();
    if let Some(application) = application(call, &world)? {
        let id = call.id("message_id")?;
        return super::interaction::delete(call, &mut world, application, Some(id));
    }
    let known = sent(call, &world)?;
    let (channel, id) = (known.channel, known.id);
    let webhook = with_token(call, &world)?.id;
    world.delete_message(channel, id, &By { user: webhook, reason: None })?;
    Ok(Answer::EMPTY)
}
