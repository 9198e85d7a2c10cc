//! Application commands: of every guild, and of one.

use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Caller, Done},
    form,
    refusal::{
        MISSING_ACCESS, NOT_A_BOT, NOT_YOUR_APPLICATION, Refusal, TOO_MANY_COMMAND_CREATES,
        UNKNOWN_COMMAND_PERMISSIONS,
    },
};
use crate::{snowflake::Id, world::World};

/// New commands of a day, in each guild and globally.
const CREATES_PER_DAY: u32 = 200;
const MOST_PERMISSIONS: usize = 100;

/// The bot's own application, and the guild it means, if any.
fn scope(call: &Call, world: &World) -> Result<(Id, Option<Id>), Refusal> {
    let (application, bot) = call.bot()?;
    if call.id("application_id")? != application {
        return Err(NOT_YOUR_APPLICATION);
    }
    if call.part("guild_id").is_empty() {
        return Ok((application, None));
    }
    let guild = call.id("guild_id")?;
    let known = world.guilds.get(&guild).is_some_and(|guild| guild.members.contains_key(&bot));
    if known { Ok((application, Some(guild))) } else { Err(MISSING_ACCESS) }
}

/// The commands as they are listed: translations only for who asks for them.
pub fn list(call: &Call) -> Done {
    let world = call.world();
    let (application, guild) = scope(call, &world)?;
    let translated = call.asked_flag("with_localizations");
    let commands = world.commands(application, guild)?;
    let commands = commands.iter().map(|command| {
        let mut wire = command.to_json();
        if !translated {
            without_translations(&mut wire);
        }
        wire
    });
    Ok(Answer::json(commands.collect()))
}

fn without_translations(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("name_localizations");
            fields.remove("description_localizations");
            fields.values_mut().for_each(without_translations);
        }
        Value::Array(items) => items.iter_mut().for_each(without_translations),
        _ => {}
    }
}

pub fn get(call: &Call) -> Done {
    let world = call.world();
    let (application, guild) = scope(call, &world)?;
    Ok(Answer::json(world.command(application, guild, call.id("command_id")?)?.to_json()))
}

/// Counts new commands against the day's limit.
fn count(
    call: &Call,
    world: &World,
    application: Id,
    guild: Option<Id>,
    new: usize,
) -> Result<(), Refusal> {
    if new == 0 {
        return Ok(());
    }
    let day = world.now_ms() / 86_400_000;
    let mut creates = call.sim.rest.creates.lock();
    creates.retain(|_, (known, _)| *known == day);
    let (_, made) = creates.entry((application, guild)).or_insert((day, 0));
    let wanted = made.saturating_add(u32::try_from(new).unwrap_or(u32::MAX));
    if wanted > CREATES_PER_DAY {
        return Err(TOO_MANY_COMMAND_CREATES);
    }
    *made = wanted;
    Ok(())
}

fn is_known(world: &World, application: Id, guild: Option<Id>, body: &Value) -> bool {
    let commands = world.commands(application, guild).unwrap_or_default();
    commands.iter().any(|known| {
        body["name"] == known.name.as_str() && body["type"].as_u64() == Some(known.kind.into())
    })
}

pub fn create(call: &Call) -> Done {
    let mut world = call.world();
    let (application, guild) = scope(call, &world)?;
    let body = form::command::create(&call.sent.json)?;
    let kind = body.get("type").and_then(Value::as_i64).unwrap_or(form::command::CHAT);
    if !is_known(&world, application, guild, &Value::Object(body.clone())) {
        let of_kind = world.commands(application, guild)?.into_iter();
        let of_kind = of_kind.filter(|command| i64::from(command.kind) == kind).count();
        if of_kind >= form::command::most_of(kind) {
            return Err(form::command::too_many(kind));
        }
        count(call, &world, application, guild, 1)?;
    }
    let (id, new) = world.put_command(application, guild, body)?;
    let wire = world.command(application, guild, id)?.to_json();
    Ok(if new { Answer::created(wire) } else { Answer::json(wire) })
}

/// All at once. What did not change keeps its id and its version.
pub fn overwrite(call: &Call) -> Done {
    let mut world = call.world();
    let (application, guild) = scope(call, &world)?;
    let bodies = form::command::bulk(&call.sent.json)?;
    let new = bodies
        .iter()
        .filter(|body| !is_known(&world, application, guild, &Value::Object((*body).clone())))
        .count();
    count(call, &world, application, guild, new)?;
    let ids = world.set_commands(application, guild, bodies)?;
    let commands = ids.iter().map(|id| Ok(world.command(application, guild, *id)?.to_json()));
    Ok(Answer::json(commands.collect::<Result<_, Refusal>>()?))
}

pub fn edit(call: &Call) -> Done {
    let mut world = call.world();
    let (application, guild) = scope(call, &world)?;
    let id = call.id("command_id")?;
    let kind = world.command(application, guild, id)?.kind;
    let changes = form::command::edit(&call.sent.json, i64::from(kind))?;
    world.edit_command(application, guild, id, changes)?;
    Ok(Answer::json(world.command(application, guild, id)?.to_json()))
}

pub fn delete(call: &Call) -> Done {
    let mut world = call.world();
    let (application, guild) = scope(call, &world)?;
    world.delete_command(application, guild, call.id("command_id")?)?;
    Ok(Answer::EMPTY)
}

pub fn all_permissions(call: &Call) -> Done {
    let world = call.world();
    let (application, guild) = scope(call, &world)?;
    let kept = call.sim.rest.command_permissions.lock();
    let found =
        kept.iter().filter(|((app, place, _), _)| *app == application && Some(*place) == guild);
    Ok(Answer::json(found.map(|(_, wire)| wire.clone()).collect()))
}

pub fn permissions(call: &Call) -> Done {
    let world = call.world();
    let (application, guild) = scope(call, &world)?;
    let guild = guild.ok_or(MISSING_ACCESS)?;
    let command = call.id("command_id")?;
    let kept = call.sim.rest.command_permissions.lock();
    let found = kept.get(&(application, guild, command));
    Ok(Answer::json(found.ok_or(UNKNOWN_COMMAND_PERMISSIONS)?.clone()))
}

/// Only a person who manages the guild may say who uses a command there; a bot may not.
pub fn set_permissions(call: &Call) -> Done {
    let world = call.world();
    let Caller::Person { user, application, .. } = &call.caller else { return Err(NOT_A_BOT) };
    call.scope("applications.commands.permissions.update")?;
    let (user, application) = (*user, *application);
    if call.id("application_id")? != application {
        return Err(NOT_YOUR_APPLICATION);
    }
    let guild = call.id("guild_id")?;
    let need = crate::permissions::Permissions::MANAGE_GUILD
        | crate::permissions::Permissions::MANAGE_ROLES;
    world.require(guild, user, need)?;
    let command = call.id("command_id")?;
    if command != application {
        let here = world.command(application, Some(guild), command).map(|_| ());
        here.or_else(|_| world.command(application, None, command).map(|_| ()))?;
    }
    let list = form::read(&call.sent.json, |form| {
        if !form.is_object() || !form.require("permissions") {
            return Vec::new();
        }
        let items = form.objects("permissions", 0..=MOST_PERMISSIONS).unwrap_or_default();
        let one = |item: &form::Form<'_>| {
            for field in ["id", "type", "permission"] {
                item.require(field);
            }
            let kind = item.choice("type", &[1, 2, 3])?;
            let id = item.snowflake("id")?;
            Some(json!({"id": id, "type": kind, "permission": item.boolean("permission")?}))
        };
        items.iter().filter_map(one).collect::<Vec<_>>()
    })?;
    let wire = json!({
        "id": command, "application_id": application, "guild_id": guild, "permissions": list,
    });
    let mut kept = call.sim.rest.command_permissions.lock();
    if kept.len() >= super::MOST_COMMAND_PERMISSIONS {
        kept.pop_first();
    }
    kept.insert((application, guild, command), wire.clone());
    let kind = "APPLICATION_COMMAND_PERMISSIONS_UPDATE";
    world.emit_to(kind, application, Some(guild), wire.clone());
    Ok(Answer::json(wire))
}
