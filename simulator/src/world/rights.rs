//! Who may do what, and to whom.

use super::{Answer, Refusal, World, channel::Channel, guild::Guild};
use crate::{
    permissions::{Holder, Permissions},
    snowflake::Id,
};

impl World {
    /// What a member may do in a guild; nothing where they are not member.
    pub fn permissions(&self, guild: Id, user: Id) -> Permissions {
        let guild = self.guilds.get(&guild);
        guild.map_or(Permissions::NONE, |guild| {
            self.with_holder(guild, user, |holder| holder.in_guild())
        })
    }

    /// What somebody may do in a channel. A thread takes what its parent gives.
    pub fn permissions_in(&self, channel: Id, user: Id) -> Permissions {
        let Some(channel) = self.channels.get(&channel) else { return Permissions::NONE };
        let Some(guild) = channel.guild else {
            let inside = channel.recipients.contains(&user);
            return if inside { Permissions::all() } else { Permissions::NONE };
        };
        let Some(guild) = self.guilds.get(&guild) else { return Permissions::NONE };
        self.in_channel(channel, guild, user)
    }

    fn in_channel(&self, channel: &Channel, guild: &Guild, user: Id) -> Permissions {
        let place = if channel.kind.is_thread() {
            channel.parent.and_then(|parent| self.channels.get(&parent)).unwrap_or(channel)
        } else {
            channel
        };
        self.with_holder(guild, user, |holder| holder.in_channel(&place.overwrites))
    }

    fn with_holder(
        &self,
        guild: &Guild,
        user: Id,
        compute: impl FnOnce(Holder<'_>) -> Permissions,
    ) -> Permissions {
        let Some(member) = guild.members.get(&user) else { return Permissions::NONE };
        let roles = member.roles.iter().filter_map(|role| guild.roles.get(role));
        let roles: Vec<_> = roles.map(|role| (role.id, role.permissions)).collect();
        let everyone =
            guild.roles.get(&guild.id).map_or(Permissions::NONE, |role| role.permissions);
        compute(Holder {
            guild: guild.id,
            user,
            is_owner: guild.owner == user,
            is_timed_out: member.is_timed_out(self.now_ms()),
            everyone,
            roles: &roles,
        })
    }

    pub fn may(&self, guild: Id, user: Id, what: Permissions) -> bool {
        self.permissions(guild, user).has(what)
    }

    pub fn may_in(&self, channel: Id, user: Id, what: Permissions) -> bool {
        self.permissions_in(channel, user).has(what)
    }

    /// Whether somebody hears what happens in a channel. A private thread is for those in it, and
    /// for those who manage threads.
    pub(super) fn may_see(&self, channel: &Channel, guild: &Guild, user: Id) -> bool {
        let held = self.in_channel(channel, guild, user);
        let private = channel.kind == super::channel::Kind::PrivateThread;
        held.has(Permissions::VIEW_CHANNEL)
            && (!private
                || channel.thread_members.contains_key(&user)
                || held.has(Permissions::MANAGE_THREADS))
    }

    /// Refuses with what Discord says: unknown where somebody does not see it, missing access where
    /// they may not look, missing permissions where they may not do it.
    pub fn require_in(&self, channel: Id, user: Id, what: Permissions) -> Answer {
        self.channel(channel)?;
        let held = self.permissions_in(channel, user);
        if !held.has(Permissions::VIEW_CHANNEL) {
            return Err(Refusal::MISSING_ACCESS);
        }
        if held.has(what) { Ok(()) } else { Err(Refusal::MISSING_PERMISSIONS) }
    }

    /// The same for a whole guild.
    pub fn require(&self, guild: Id, user: Id, what: Permissions) -> Answer {
        let found = self.guild(guild)?;
        if !found.members.contains_key(&user) {
            return Err(Refusal::MISSING_ACCESS);
        }
        if self.may(guild, user, what) { Ok(()) } else { Err(Refusal::MISSING_PERMISSIONS) }
    }

    /// The place of somebody's highest role; 0 is @everyone.
    pub fn highest_position(&self, guild: Id, user: Id) -> i64 {
        let Some(guild) = self.guilds.get(&guild) else { return 0 };
        let Some(member) = guild.members.get(&user) else { return 0 };
        let positions = member.roles.iter().filter_map(|role| guild.roles.get(role));
        positions.map(|role| role.position).max().unwrap_or(0)
    }

    /// Whether one member stands above another: the owner above all, else by the highest role.
    /// Somebody who is not member stands below everybody.
    pub fn can_act_on(&self, guild: Id, actor: Id, target: Id) -> bool {
        let Some(found) = self.guilds.get(&guild) else { return false };
        if found.owner == target {
            return false;
        }
        if found.owner == actor || !found.members.contains_key(&target) {
            return true;
        }
        self.highest_position(guild, actor) > self.highest_position(guild, target)
    }

    /// Whether somebody may change or give a role: only those below their own highest.
    pub fn can_manage_role(&self, guild: Id, actor: Id, role: Id) -> bool {
        let Some(found) = self.guilds.get(&guild) else { return false };
        let Some(role) = found.roles.get(&role) else { return false };
        found.owner == actor || self.highest_position(guild, actor) > role.position
    }
}
