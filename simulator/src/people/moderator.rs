//! What moderators and admins do by hand, in Discord itself: it is in the audit log, and no bot
//! had a say.

use std::time::Duration;

use super::{Failed, Person};
use crate::{
    limits,
    permissions::Permissions,
    snowflake::Id,
    world::{By, Refusal, member::MemberEdit, role::RoleEdit},
};

impl Person {
    fn by(&self, reason: &str) -> By {
        let reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
        By { user: self.user, reason }
    }

    /// They may do it, and stand above the other.
    fn stands_above(&self, target: &Self, needed: Permissions) -> Result<(), Failed> {
        let world = self.sim.world.lock();
        world.require(self.guild, self.user, needed)?;
        if self.user == target.user || world.can_act_on(self.guild, self.user, target.user) {
            return Ok(());
        }
        Err(Refusal::MISSING_PERMISSIONS.into())
    }

    pub fn bans(&self, target: &Self, reason: &str) -> Result<(), Failed> {
        self.bans_and_deletes(target, Duration::ZERO, reason)
    }

    pub fn bans_and_deletes(
        &self,
        target: &Self,
        messages_of: Duration,
        reason: &str,
    ) -> Result<(), Failed> {
        self.stands_above(target, Permissions::BAN_MEMBERS)?;
        let seconds = messages_of.as_secs().min(604_800);
        let mut world = self.sim.world.lock();
        Ok(world.ban(self.guild, target.user, seconds, &self.by(reason))?)
    }

    pub fn unbans(&self, target: &Self) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        world.require(self.guild, self.user, Permissions::BAN_MEMBERS)?;
        Ok(world.unban(self.guild, target.user, &self.by(""))?)
    }

    pub fn kicks(&self, target: &Self, reason: &str) -> Result<(), Failed> {
        self.stands_above(target, Permissions::KICK_MEMBERS)?;
        Ok(self.sim.world.lock().kick(self.guild, target.user, &self.by(reason))?)
    }

    /// Keeps somebody from writing and speaking for a while; no time at all ends it.
    pub fn times_out(&self, target: &Self, long: Duration, reason: &str) -> Result<(), Failed> {
        if long > limits::LONGEST_TIMEOUT {
            return Err(Failed::client("a timeout has at most 28 days"));
        }
        self.stands_above(target, Permissions::MODERATE_MEMBERS)?;
        let mut world = self.sim.world.lock();
        if world.may(self.guild, target.user, Permissions::ADMINISTRATOR) {
            return Err(Refusal::MISSING_PERMISSIONS.into());
        }
        let milliseconds = u64::try_from(long.as_millis()).unwrap_or(u64::MAX);
        let until = (!long.is_zero()).then(|| world.now_ms().saturating_add(milliseconds));
        let edit = MemberEdit { timeout_until_ms: Some(until), ..MemberEdit::default() };
        Ok(world.edit_member(self.guild, target.user, edit, &self.by(reason))?)
    }

    pub fn gives_role(&self, target: &Self, role: Id) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        self.manages_role(&world, role)?;
        Ok(world.add_member_role(self.guild, target.user, role, &self.by(""))?)
    }

    pub fn takes_role(&self, target: &Self, role: Id) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        self.manages_role(&world, role)?;
        Ok(world.remove_member_role(self.guild, target.user, role, &self.by(""))?)
    }

    fn manages_role(&self, world: &crate::World, role: Id) -> Result<(), Failed> {
        world.require(self.guild, self.user, Permissions::MANAGE_ROLES)?;
        world.role(self.guild, role)?;
        if world.can_manage_role(self.guild, self.user, role) {
            return Ok(());
        }
        Err(Refusal::MISSING_PERMISSIONS.into())
    }

    /// A new role, with these permissions beside those of everybody.
    pub fn makes_role(&self, name: &str, permissions: Permissions) -> Result<Id, Failed> {
        let mut world = self.sim.world.lock();
        world.require(self.guild, self.user, Permissions::MANAGE_ROLES)?;
        let edit = RoleEdit { permissions: Some(permissions), ..RoleEdit::named(name) };
        Ok(world.create_role(self.guild, edit, &self.by(""))?)
    }

    /// Puts a role right above another one, both below their own.
    pub fn raises_role(&self, role: Id, above: Id) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        self.manages_role(&world, role)?;
        self.manages_role(&world, above)?;
        let place = world.role(self.guild, above)?.position;
        Ok(world.move_roles(self.guild, &[(role, place)], &self.by(""))?)
    }

    pub fn moves_in_voice(&self, target: &Self, to: Option<Id>) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        world.require(self.guild, self.user, Permissions::MOVE_MEMBERS)?;
        Ok(world.move_voice(self.guild, target.user, to, &self.by(""))?)
    }

    pub fn mutes(&self, target: &Self, muted: bool) -> Result<(), Failed> {
        self.stands_above(target, Permissions::MUTE_MEMBERS)?;
        let edit = MemberEdit { mute: Some(muted), ..MemberEdit::default() };
        let mut world = self.sim.world.lock();
        Ok(world.edit_member(self.guild, target.user, edit, &self.by(""))?)
    }

    pub fn makes_channel(&self, name: &str) -> Result<Id, Failed> {
        let mut world = self.sim.world.lock();
        world.require(self.guild, self.user, Permissions::MANAGE_CHANNELS)?;
        let kind = crate::world::channel::Kind::Text;
        Ok(world.create_channel(self.guild, kind, name, None, &self.by(""))?)
    }

    pub fn deletes_channel(&self, channel: Id) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        world.require_in(channel, self.user, Permissions::MANAGE_CHANNELS)?;
        Ok(world.delete_channel(channel, &self.by(""))?)
    }

    /// Throws a bot out, which hears of it.
    pub fn removes_bot(&self, bot: Id) -> Result<(), Failed> {
        let mut world = self.sim.world.lock();
        world.require(self.guild, self.user, Permissions::KICK_MEMBERS)?;
        Ok(world.kick(self.guild, bot, &self.by(""))?)
    }
}
