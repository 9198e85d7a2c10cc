//! Users, applications, and the address of the gateway.

use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Caller, Done},
    form,
    refusal::{MISSING_SCOPE, UNAUTHORIZED, UNKNOWN_GUILD, WRONG_ACCOUNT_TYPE},
};
use crate::{limits, snowflake::Id, world::World};

#[expect(clippy::unnecessary_wraps, reason = "every route has this shape")]
pub fn gateway(call: &Call) -> Done {
    Ok(Answer::json(json!({"url": gateway_url(call)})))
}

fn gateway_url(call: &Call) -> String {
    format!("ws://{}", call.host)
}

/// With how many shards are wise, and how often the bot may still identify.
pub fn gateway_bot(call: &Call) -> Done {
    let world = call.world();
    let application = world.application(call.bot()?.0)?;
    let now = world.now_ms();
    let day_ago = now.saturating_sub(86_400_000);
    let recent: Vec<_> = application.identifies.iter().filter(|time| **time > day_ago).collect();
    let used = u32::try_from(recent.len()).unwrap_or(u32::MAX);
    let reset = recent.first().map_or(0, |first| **first + 86_400_000 - now);
    Ok(Answer::json(json!({
        "url": gateway_url(call),
        "shards": application.shards,
        "session_start_limit": {
            "total": limits::IDENTIFIES_PER_DAY,
            "remaining": limits::IDENTIFIES_PER_DAY.saturating_sub(used),
            "reset_after": reset,
            "max_concurrency": application.max_concurrency,
        },
    })))
}

pub fn me(call: &Call) -> Done {
    let world = call.world();
    let user = world.user(call.user()?)?;
    let wire = match &call.caller {
        Caller::Person { scopes, .. } => {
            let has = |scope: &str| scopes.iter().any(|known| known == scope);
            if !has("identify") {
                return Err(MISSING_SCOPE);
            }
            let mut wire = user.to_own_json(has("email"));
            if !has("email")
                && let Some(fields) = wire.as_object_mut()
            {
                fields.remove("email");
                fields.remove("verified");
            }
            wire
        }
        _ => user.to_own_json(false),
    };
    Ok(Answer::json(wire))
}

pub fn edit_me(call: &Call) -> Done {
    let mut world = call.world();
    let (_, bot) = call.bot()?;
    let (name, avatar) = form::read(&call.sent.json, |form| {
        if !form.is_object() {
            return (None, None);
        }
        let name = form.text("username", 2..=32).map(str::to_owned);
        (name, form::webhook::image(form, "avatar"))
    })?;
    let avatar = avatar.map(|avatar| avatar.map(|picture| super::cdn::hash(&picture)));
    let avatar = avatar.as_ref().map(Option::as_deref);
    world.edit_user(bot, name.as_deref(), avatar)?;
    Ok(Answer::json(world.user(bot)?.to_own_json(false)))
}

pub fn get(call: &Call) -> Done {
    let world = call.world();
    call.bot()?;
    Ok(Answer::json(world.user(call.id("user_id")?)?.to_json()))
}

/// The guilds one is in, with what one may do there.
pub fn my_guilds(call: &Call) -> Done {
    call.scope("guilds")?;
    let world = call.world();
    let user = call.user()?;
    let limit = call.limit(1, 200, 200)?;
    let (before, after) = (call.asked_id("before")?, call.asked_id("after")?);
    let mine = world.guilds.values().filter(|guild| guild.members.contains_key(&user));
    let mine = mine.filter(|guild| after.is_none_or(|after| guild.id > after));
    let mine: Vec<_> = mine.filter(|guild| before.is_none_or(|before| guild.id < before)).collect();
    let skip = if before.is_some() { mine.len().saturating_sub(limit) } else { 0 };
    let counts = call.asked_flag("with_counts");
    let guilds = mine.iter().skip(skip).take(limit).map(|guild| {
        let held = world.permissions(guild.id, user);
        let mut wire = guild.to_partial_json(held, guild.owner == user);
        if !counts && let Some(fields) = wire.as_object_mut() {
            fields.remove("approximate_member_count");
            fields.remove("approximate_presence_count");
        }
        wire
    });
    Ok(Answer::json(guilds.collect()))
}

pub fn my_member(call: &Call) -> Done {
    call.scope("guilds.members.read")?;
    let Caller::Person { user, .. } = &call.caller else { return Err(WRONG_ACCOUNT_TYPE) };
    let world = call.world();
    let guild = world.guilds.get(&call.id("guild_id")?).ok_or(UNKNOWN_GUILD)?;
    let wire = world.member_json(guild, *user);
    if wire.is_null() { Err(UNKNOWN_GUILD) } else { Ok(Answer::json(wire)) }
}

pub fn leave(call: &Call) -> Done {
    let mut world = call.world();
    let (_, bot) = call.bot()?;
    let guild = call.guild(&world)?;
    world.remove_member(guild, bot)?;
    Ok(Answer::EMPTY)
}

pub fn open_direct(call: &Call) -> Done {
    let mut world = call.world();
    let (_, bot) = call.bot()?;
    let to = form::read(&call.sent.json, |form| {
        if form.is_object() && form.require("recipient_id") {
            form.snowflake("recipient_id")
        } else {
            None
        }
    })?;
    let to = to.ok_or(super::refusal::INVALID_RECIPIENTS)?;
    world.user(to).map_err(|_| super::refusal::INVALID_RECIPIENTS)?;
    if to == bot || world.user(to)?.bot {
        return Err(super::refusal::CLOSED_DMS);
    }
    let channel = world.open_direct(bot, to)?;
    Ok(Answer::json(world.channel_json(channel)?))
}

fn application_wire(world: &World, id: Id) -> Done {
    let mut wire = world.application_json(id)?;
    let flags = wire["flags"].as_u64().unwrap_or_default();
    wire["flags_new"] = flags.to_string().into();
    wire["eligible_oauth2_scopes"] = json!(super::oauth::SCOPES);
    Ok(Answer::json(wire))
}

pub fn application(call: &Call) -> Done {
    let world = call.world();
    application_wire(&world, call.bot()?.0)
}

pub fn edit_application(call: &Call) -> Done {
    let mut world = call.world();
    let (id, _) = call.bot()?;
    let description = form::read(&call.sent.json, |form| {
        if form.is_object() { form.text("description", 0..=400).map(str::to_owned) } else { None }
    })?;
    if let Some(description) = description {
        world.application_mut(id)?.description = description;
    }
    application_wire(&world, id)
}

/// What an access token is good for.
pub fn authorization(call: &Call) -> Done {
    let Caller::Person { user, application, scopes, expires_ms } = &call.caller else {
        return Err(UNAUTHORIZED);
    };
    let world = call.world();
    let mut app = world.application_json(*application)?;
    let public = [
        "id",
        "name",
        "icon",
        "description",
        "type",
        "bot",
        "bot_public",
        "bot_require_code_grant",
        "verify_key",
        "flags",
        "tags",
    ];
    if let Some(fields) = app.as_object_mut() {
        fields.retain(|name, _| public.contains(&name.as_str()));
        let flags = fields.get("flags").and_then(Value::as_u64).unwrap_or_default();
        fields.insert("flags_new".to_owned(), flags.to_string().into());
    }
    let mut wire = json!({
        "application": app,
        "scopes": scopes,
        "expires": crate::clock::timestamp(*expires_ms),
    });
    if scopes.iter().any(|scope| scope == "identify") {
        wire["user"] = world.user_json(*user);
    }
    Ok(Answer::json(wire))
}

/// A bot brings somebody in who granted that to its application.
pub fn add_member(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, crate::permissions::Permissions::CREATE_INSTANT_INVITE)?;
    let (application, _) = call.bot()?;
    let user = call.id("user_id")?;
    let token = form::read(&call.sent.json, |form| {
        if form.is_object() { form.required_text("access_token", 1..=256) } else { None }
            .map(str::to_owned)
    })?;
    let granted = call.sim.rest.grants.lock().person(&token.unwrap_or_default(), world.now_ms());
    let fits = matches!(&granted, Some(Caller::Person { user: known, application: app, scopes, .. })
        if *known == user && *app == application && scopes.iter().any(|s| s == "guilds.join"));
    if !fits {
        return Err(super::refusal::INVALID_ACCESS_TOKEN);
    }
    if world.guild(guild)?.members.contains_key(&user) {
        return Ok(Answer::EMPTY);
    }
    world.add_member(guild, user)?;
    Ok(Answer::created(world.member_json(world.guild(guild)?, user)))
}
