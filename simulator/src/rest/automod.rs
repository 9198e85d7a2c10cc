//! Rules of Discord's own auto-moderation.

use super::{
    call::{Answer, Call, Done},
    form,
};
use crate::{permissions::Permissions, world::automod::Rule};

pub fn list(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_GUILD)?;
    let rules = world.guild(guild)?.automod.values();
    Ok(Answer::json(rules.map(Rule::to_json).collect()))
}

pub fn get(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_GUILD)?;
    Ok(Answer::json(world.automod_rule(guild, call.id("rule_id")?)?.to_json()))
}

pub fn create(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_GUILD)?;
    let rule = form::automod::create(&call.sent.json)?;
    if times_out(&rule) {
        call.need(&world, guild, Permissions::MODERATE_MEMBERS)?;
    }
    let id = world.create_automod_rule(guild, rule, &call.by()?)?;
    Ok(Answer::json(world.automod_rule(guild, id)?.to_json()))
}

pub fn edit(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_GUILD)?;
    let id = call.id("rule_id")?;
    let kind = world.automod_rule(guild, id)?.trigger();
    let kind = i64::try_from(kind).unwrap_or_default();
    let changes = form::automod::edit(&call.sent.json, kind)?;
    if times_out(&changes) {
        call.need(&world, guild, Permissions::MODERATE_MEMBERS)?;
    }
    world.edit_automod_rule(guild, id, changes, &call.by()?)?;
    Ok(Answer::json(world.automod_rule(guild, id)?.to_json()))
}

/// A rule that silences people is for who may do so by hand.
fn times_out(rule: &serde_json::Map<String, serde_json::Value>) -> bool {
    let actions = rule.get("actions").and_then(serde_json::Value::as_array);
    actions.is_some_and(|actions| actions.iter().any(|action| action["type"] == 3))
}

pub fn delete(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_GUILD)?;
    world.delete_automod_rule(guild, call.id("rule_id")?, &call.by()?)?;
    Ok(Answer::EMPTY)
}
