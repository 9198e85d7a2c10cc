//! What an application answers to an interaction, and everything that follows by its token.

use super::{
    attachment,
    call::{Answer, Call, Done},
    form,
    form::interaction::Answer as Reply,
    refusal::{INVALID_WEBHOOK_TOKEN, Refusal, UNKNOWN_INTERACTION, UNKNOWN_MESSAGE},
    webhook::application,
};
use crate::{
    snowflake::Id,
    world::{World, message::Message, response::Callback},
};

pub fn callback(call: &Call) -> Done {
    let mut world = call.world();
    let id = call.id("interaction_id")?;
    let token = call.part("interaction_token");
    let asked = world.interaction(id)?;
    if asked.token != token {
        return Err(UNKNOWN_INTERACTION);
    }
    let (kind, channel) = (asked.kind as u8, asked.channel);
    let source = asked.message;
    let body = &call.sent.json;
    let reply = form::interaction::answer(body, kind, source.is_some(), call.sent.files.len())?;
    let callback = match reply {
        Reply::Message(mut message) => {
            let attachments = attachment::keep(call, &mut world, channel, &mut message)?;
            Callback::Message(message.into_new(attachments))
        }
        Reply::Deferred { ephemeral } => Callback::Defer { ephemeral },
        Reply::DeferredUpdate => Callback::DeferUpdate,
        Reply::Update(mut change) => {
            let source = source.ok_or(UNKNOWN_MESSAGE)?;
            let attachments =
                attachment::keep_in_edit(call, &mut world, channel, source, &mut change)?;
            let known = shown(&world, channel, source)?;
            super::message::check_edit(known, &change, attachments.as_deref())?;
            Callback::Update(change.into_edit(attachments))
        }
        Reply::Choices(choices) => Callback::Choices(choices),
        Reply::Modal(modal) => Callback::Modal(modal),
        Reply::Pong | Reply::Activity => {
            let message = "The simulator has no pings over HTTP and no activities to launch.";
            return Err(form::refused("type", "BASE_TYPE_CHOICES", message));
        }
    };
    world.answer_interaction(id, token, callback)?;
    if call.asked_flag("with_response") {
        Ok(Answer::json(world.callback_json(id)?))
    } else {
        Ok(Answer::EMPTY)
    }
}

fn shown(world: &World, channel: Id, id: Id) -> Result<&Message, Refusal> {
    match world.ephemeral.get(&id) {
        Some(message) => Ok(message),
        None => Ok(world.message(channel, id)?),
    }
}

pub fn follow_up(call: &Call, world: &mut World, application: Id) -> Done {
    let token = call.part("webhook_token");
    let asked = world.interaction_by_token(application, token)?;
    let channel = asked.channel;
    let mut message = form::message::create(&call.sent.json, call.sent.files.len())?;
    let attachments = attachment::keep(call, world, channel, &mut message)?;
    let id = world.follow_up(application, token, message.into_new(attachments))?;
    // What follows an interaction always comes back, whether it was waited for or not.
    Ok(Answer::json(world.shown_message_json(channel, id)?))
}

pub fn get(call: &Call, world: &World, application: Id, message: Option<Id>) -> Done {
    let token = call.part("webhook_token");
    Ok(Answer::json(world.response_json(application, token, message)?))
}

pub fn edit(call: &Call, world: &mut World, application: Id, message: Option<Id>) -> Done {
    let token = call.part("webhook_token");
    let asked = world.interaction_by_token(application, token)?;
    let channel = asked.channel;
    let original = asked.original();
    // That the message belongs to the interaction is asked before anything is kept for it.
    world.response_json(application, token, message)?;
    let id = message.or(original).ok_or(UNKNOWN_MESSAGE)?;
    let mut change = form::message::edit(&call.sent.json, call.sent.files.len())?;
    let attachments = attachment::keep_in_edit(call, world, channel, id, &mut change)?;
    super::message::check_edit(shown(world, channel, id)?, &change, attachments.as_deref())?;
    let change = change.into_edit(attachments);
    let id = world.edit_response(application, token, message, change)?;
    Ok(Answer::json(world.shown_message_json(channel, id)?))
}

pub fn delete(call: &Call, world: &mut World, application: Id, message: Option<Id>) -> Done {
    world.delete_response(application, call.part("webhook_token"), message)?;
    Ok(Answer::EMPTY)
}

fn of_interaction(call: &Call, world: &World) -> Result<Id, Refusal> {
    application(call, world)?.ok_or(INVALID_WEBHOOK_TOKEN)
}

pub fn get_original(call: &Call) -> Done {
    let world = call.world();
    let application = of_interaction(call, &world)?;
    get(call, &world, application, None)
}

pub fn edit_original(call: &Call) -> Done {
    let mut world = call.world();
    let application = of_interaction(call, &world)?;
    edit(call, &mut world, application, None)
}

pub fn delete_original(call: &Call) -> Done {
    let mut world = call.world();
    let application = of_interaction(call, &world)?;
    delete(call, &mut world, application, None)
}
