//! Members: listed, changed, given roles, kicked, banned, pruned.

use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Done},
    form,
    refusal::{BULK_BAN_FAILED, INVALID_ROLE, MISSING_PERMISSIONS, Refusal, UNKNOWN_MEMBER},
};
use crate::{
    permissions::Permissions,
    snowflake::Id,
    world::{World, member::MemberEdit},
};

pub fn list(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild(&world)?;
    let limit = call.limit(1, 1000, 1)?;
    let members = world.list_members(guild, call.asked_id("after")?, limit)?;
    shown(&world, guild, &members)
}

pub fn search(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild(&world)?;
    let limit = call.limit(1, 1000, 1)?;
    let Some(begins) = call.asked("query") else {
        return Err(form::refused("query", "BASE_TYPE_REQUIRED", "This field is required"));
    };
    let members = world.search_members(guild, begins, limit)?;
    shown(&world, guild, &members)
}

fn shown(world: &World, guild: Id, members: &[Id]) -> Done {
    let guild = world.guild(guild)?;
    let members = members.iter().map(|user| world.member_json(guild, *user)).collect();
    Ok(Answer::json(Value::Array(members)))
}

fn one(world: &World, guild: Id, user: Id) -> Done {
    let wire = world.member_json(world.guild(guild)?, user);
    if wire.is_null() {
        world.user(user)?;
        return Err(UNKNOWN_MEMBER);
    }
    Ok(Answer::json(wire))
}

pub fn get(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild(&world)?;
    one(&world, guild, call.id("user_id")?)
}

/// What a change needs: the permission for each part of it, and standing above the member.
pub fn edit(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild(&world)?;
    let user = call.id("user_id")?;
    world.member(guild, user)?;
    let (_, bot) = call.bot()?;
    let change = form::member::change(&call.sent.json, world.now_ms())?;
    let own = user == bot;
    if change.edit.nick.is_some() {
        let need = if own { Permissions::CHANGE_NICKNAME } else { Permissions::MANAGE_NICKNAMES };
        call.need(&world, guild, need)?;
        above_or_self(call, &world, guild, user)?;
    }
    if let Some(roles) = &change.edit.roles {
        call.need(&world, guild, Permissions::MANAGE_ROLES)?;
        let held = &world.member(guild, user)?.roles;
        let moved = roles.iter().filter(|role| !held.contains(role));
        let moved = moved.chain(held.iter().filter(|role| !roles.contains(role)));
        for role in moved {
            may_give(call, &world, guild, *role)?;
        }
    }
    if let Some(until) = change.edit.timeout_until_ms {
        call.need(&world, guild, Permissions::MODERATE_MEMBERS)?;
        call.above(&world, guild, user)?;
        // Whoever administrates cannot be silenced, whatever their rank.
        if until.is_some() && (own || world.may(guild, user, Permissions::ADMINISTRATOR)) {
            return Err(MISSING_PERMISSIONS);
        }
    }
    if change.edit.mute.is_some() {
        call.need(&world, guild, Permissions::MUTE_MEMBERS)?;
    }
    if change.edit.deaf.is_some() {
        call.need(&world, guild, Permissions::DEAFEN_MEMBERS)?;
    }
    let in_voice = world.guild(guild)?.voice.contains_key(&user);
    if (change.edit.mute.is_some() || change.edit.deaf.is_some() || change.channel_id.is_some())
        && !in_voice
    {
        return Err(super::refusal::NOT_IN_VOICE);
    }
    let by = call.by()?;
    if let Some(channel) = change.channel_id {
        call.need(&world, guild, Permissions::MOVE_MEMBERS)?;
        world.move_voice(guild, user, channel, &by)?;
    }
    world.edit_member(guild, user, change.edit, &by)?;
    one(&world, guild, user)
}

fn above_or_self(call: &Call, world: &World, guild: Id, user: Id) -> Result<(), Refusal> {
    let (_, bot) = call.bot()?;
    if user == bot { Ok(()) } else { call.above(world, guild, user) }
}

pub fn edit_own(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild(&world)?;
    let (_, bot) = call.bot()?;
    let change = form::member::change(&call.sent.json, world.now_ms())?;
    if change.edit.nick.is_some() {
        call.need(&world, guild, Permissions::CHANGE_NICKNAME)?;
    }
    let edit = MemberEdit { nick: change.edit.nick, ..MemberEdit::default() };
    world.edit_member(guild, bot, edit, &call.by()?)?;
    one(&world, guild, bot)
}

/// A role below the bot's own highest, that belongs to nobody else and is not everyone's.
pub fn may_give(call: &Call, world: &World, guild: Id, role: Id) -> Result<(), Refusal> {
    let found = world.role(guild, role)?;
    if role == guild || found.bot.is_some() {
        return Err(INVALID_ROLE);
    }
    let (_, bot) = call.bot()?;
    if world.can_manage_role(guild, bot, role) { Ok(()) } else { Err(MISSING_PERMISSIONS) }
}

pub fn add_role(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_ROLES)?;
    let (user, role) = (call.id("user_id")?, call.id("role_id")?);
    world.member(guild, user)?;
    may_give(call, &world, guild, role)?;
    world.add_member_role(guild, user, role, &call.by()?)?;
    Ok(Answer::EMPTY)
}

pub fn remove_role(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::MANAGE_ROLES)?;
    let (user, role) = (call.id("user_id")?, call.id("role_id")?);
    world.member(guild, user)?;
    may_give(call, &world, guild, role)?;
    world.remove_member_role(guild, user, role, &call.by()?)?;
    Ok(Answer::EMPTY)
}

pub fn kick(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::KICK_MEMBERS)?;
    let user = call.id("user_id")?;
    world.member(guild, user)?;
    call.above(&world, guild, user)?;
    world.kick(guild, user, &call.by()?)?;
    Ok(Answer::EMPTY)
}

pub fn bans(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild_for(&world, Permissions::BAN_MEMBERS)?;
    let limit = call.limit(1, 1000, 1000)?;
    let (before, after) = (call.asked_id("before")?, call.asked_id("after")?);
    let found = world.guild(guild)?.bans.values();
    let found = found.filter(|ban| after.is_none_or(|after| ban.user > after));
    let found = found.filter(|ban| before.is_none_or(|before| ban.user < before));
    let mut found: Vec<_> = found.collect();
    if before.is_some() && after.is_none() {
        found = found.split_off(found.len().saturating_sub(limit));
    }
    found.truncate(limit);
    let found = found.into_iter().map(|ban| world.ban_json(ban)).collect();
    Ok(Answer::json(Value::Array(found)))
}

pub fn get_ban(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild_for(&world, Permissions::BAN_MEMBERS)?;
    let user = call.id("user_id")?;
    let ban = world.guild(guild)?.bans.get(&user).ok_or(super::refusal::UNKNOWN_BAN)?;
    Ok(Answer::json(world.ban_json(ban)))
}

pub fn ban(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::BAN_MEMBERS)?;
    let user = call.id("user_id")?;
    let seconds = form::member::ban(&call.sent.json)?;
    world.user(user)?;
    // Somebody who is not here can be banned by whoever may ban.
    if world.member(guild, user).is_ok() {
        call.above(&world, guild, user)?;
    }
    world.ban(guild, user, seconds, &call.by()?)?;
    Ok(Answer::EMPTY)
}

pub fn unban(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, Permissions::BAN_MEMBERS)?;
    world.unban(guild, call.id("user_id")?, &call.by()?)?;
    Ok(Answer::EMPTY)
}

/// Each of them on its own: one who cannot be banned does not save the others.
pub fn bulk_ban(call: &Call) -> Done {
    let mut world = call.world();
    let need = Permissions::BAN_MEMBERS | Permissions::MANAGE_GUILD;
    let guild = call.guild_for(&world, need)?;
    let (users, seconds) = form::member::bulk_ban(&call.sent.json)?;
    let by = call.by()?;
    let (mut banned, mut failed) = (Vec::new(), Vec::new());
    for user in users {
        let here = world.member(guild, user).is_ok();
        let known = world.guild(guild)?.bans.contains_key(&user);
        let may = !here || call.above(&world, guild, user).is_ok();
        if may && !known && world.ban(guild, user, seconds, &by).is_ok() {
            banned.push(user);
        } else {
            failed.push(user);
        }
    }
    if banned.is_empty() {
        return Err(BULK_BAN_FAILED);
    }
    Ok(Answer::json(json!({"banned_users": banned, "failed_users": failed})))
}

/// Who would go: nobody heard of them for so long, and they have no role but those named.
fn prunable(call: &Call, world: &World, guild: Id, days: u64, roles: &[Id]) -> Vec<Id> {
    let since = Id::first_of(world.now_ms().saturating_sub(days * 86_400_000));
    let Ok(found) = world.guild(guild) else { return Vec::new() };
    let quiet = |user: Id| {
        let all = found.channels.iter().chain(&found.threads);
        let mut recent = all.filter_map(|id| world.channels.get(id)).flat_map(|channel| {
            channel.messages.range(since..).map(|(_, message)| &message.author)
        });
        !recent.any(|author| *author == crate::world::message::Author::User(user))
    };
    let members = found.members.values().filter(|member| {
        member.joined_ms < since.made_at_ms()
            && member.roles.iter().all(|role| roles.contains(role))
            && world.users.get(&member.user).is_some_and(|user| !user.bot)
            && call.above(world, guild, member.user).is_ok()
            && quiet(member.user)
    });
    members.map(|member| member.user).collect()
}

fn days(text: Option<&str>) -> Result<u64, Refusal> {
    let days = text.map_or(Some(7), |text| text.parse().ok());
    days.filter(|days| (1..=30).contains(days)).ok_or_else(|| {
        form::refused("days", "BASE_TYPE_CHOICES", "int value should be between 1 and 30.")
    })
}

const PRUNE: fn() -> Permissions = || Permissions::KICK_MEMBERS | Permissions::MANAGE_GUILD;

pub fn prune_count(call: &Call) -> Done {
    let world = call.world();
    let guild = call.guild_for(&world, PRUNE())?;
    let roles = call.asked("include_roles").unwrap_or_default();
    let roles: Vec<Id> = roles.split(',').filter_map(|id| id.parse().ok()).collect();
    let found = prunable(call, &world, guild, days(call.asked("days"))?, &roles);
    Ok(Answer::json(json!({"pruned": found.len()})))
}

pub fn prune(call: &Call) -> Done {
    let mut world = call.world();
    let guild = call.guild_for(&world, PRUNE())?;
    let read = form::read(&call.sent.json, |form| {
        let days = form.integer("days", 1..=30).unwrap_or(7);
        let roles = form.snowflakes("include_roles", 0..=100).unwrap_or_default();
        (u64::try_from(days).unwrap_or(7), roles, form.boolean("compute_prune_count"))
    });
    let (days, roles, count) = read?;
    let by = call.by()?;
    let gone = prunable(call, &world, guild, days, &roles);
    for user in &gone {
        world.remove_member(guild, *user)?;
    }
    let options = json!({
        "delete_member_days": days.to_string(), "members_removed": gone.len().to_string(),
    });
    let action = crate::world::audit::MEMBER_PRUNE;
    world.audit(guild, action, None, &by, Vec::new(), Some(options));
    let pruned = count.unwrap_or(true).then_some(gone.len());
    Ok(Answer::json(json!({"pruned": pruned})))
}
