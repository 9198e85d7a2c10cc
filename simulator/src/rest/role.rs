//! Roles.

use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Done},
    form,
    refusal::{INVALID_ROLE, MISSING_PERMISSIONS, Refusal},
};
use crate::{
    limits,
    permissions::Permissions,
    snowflake::Id,
    world::{
        World,
        role::{Role, RoleEdit},
    },
};

pub fn list(call: &Call) -> Done {
    let world = call.world();
    let guild = world.guild(call.guild(&world)?)?;
    Ok(Answer::json(guild.roles.values().map(Role::to_json).collect()))
}

pub fn get(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild(&world)?;
    Ok(Answer::json(world.role(guild, call.id("role_id")?)?.to_json()))
}

pub fn counts(call: &Call) -> Done {
    let world = call.world();
    let guild = world.guild(call.guild(&world)?)?;
    let count =
        |role: &Id| guild.members.values().filter(|member| member.roles.contains(role)).count();
    let counts = guild.roles.keys().filter(|role| **role != guild.id);
    let counts = counts.map(|role| (role.to_string(), json!(count(role))));
    Ok(Answer::json(Value::Object(counts.collect())))
}

/// Nobody gives by a role what they may not do themselves.
fn check(call: &Call, world: &World, guild: Id, edit: &RoleEdit) -> Result<(), Refusal> {
    let (_, bot) = call.bot()?;
    let may = edit.permissions.is_none_or(|wanted| world.may(guild, bot, wanted));
    if may { Ok(()) } else { Err(MISSING_PERMISSIONS) }
}

pub fn create(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_ROLES)?;
    let edit = form::role::role(&call.sent.json)?;
    check(call, &world, guild, &edit)?;
    let role = world.create_role(guild, edit, &call.by()?)?;
    Ok(Answer::json(world.role(guild, role)?.to_json()))
}

/// @everyone can be changed by whoever manages roles, others only from above.
fn manageable(call: &Call, world: &World, guild: Id, role: Id) -> Result<(), Refusal> {
    world.role(guild, role)?;
    let (_, bot) = call.bot()?;
    let may = role == guild || world.can_manage_role(guild, bot, role);
    if may { Ok(()) } else { Err(MISSING_PERMISSIONS) }
}

pub fn edit(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_ROLES)?;
    let role = call.id("role_id")?;
    manageable(call, &world, guild, role)?;
    let mut edit = form::role::role(&call.sent.json)?;
    // Permissions that it has already are not given anew.
    let held = world.role(guild, role)?.permissions;
    let added = edit.permissions.map(|wanted| wanted - held);
    let only_new = RoleEdit { permissions: added, ..RoleEdit::default() };
    check(call, &world, guild, &only_new)?;
    if role == guild {
        edit = RoleEdit { permissions: edit.permissions, ..RoleEdit::default() };
    }
    world.edit_role(guild, role, edit, &call.by()?)?;
    Ok(Answer::json(world.role(guild, role)?.to_json()))
}

pub fn delete(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_ROLES)?;
    let role = call.id("role_id")?;
    if role == guild {
        return Err(INVALID_ROLE);
    }
    manageable(call, &world, guild, role)?;
    world.delete_role(guild, role, &call.by()?)?;
    Ok(Answer::EMPTY)
}

pub fn reorder(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_ROLES)?;
    let places = form::role::positions(&call.sent.json, limits::MOST_ROLES)?;
    let (_, bot) = call.bot()?;
    for (role, place) in &places {
        manageable(call, &world, guild, *role)?;
        let own = world.highest_position(guild, bot);
        let is_owner = world.guild(guild)?.owner == bot;
        let above = !is_owner && place.is_some_and(|place| place >= own);
        if *role == guild || above {
            return Err(MISSING_PERMISSIONS);
        }
    }
    let places = places.into_iter().filter_map(|(role, place)| Some((role, place?)));
    world.move_roles(guild, &places.collect::<Vec<_>>(), &call.by()?)?;
    let roles = world.guild(guild)?.roles.values().map(Role::to_json).collect();
    Ok(Answer::json(roles))
}
