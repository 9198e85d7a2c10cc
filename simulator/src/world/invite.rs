//! Invites into a guild.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, By, Refusal, World, audit, audit::Change};
use crate::{clock::timestamp, limits, snowflake::Id};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invite {
    pub code: String,
    pub guild: Id,
    pub channel: Id,
    pub inviter: Id,
    pub made_ms: u64,
    pub max_age_secs: u64,
    pub max_uses: u64,
    pub uses: u64,
    pub temporary: bool,
}

impl Invite {
    fn is_over(&self, now_ms: u64) -> bool {
        let old = self.max_age_secs > 0 && now_ms >= self.made_ms + self.max_age_secs * 1_000;
        old || (self.max_uses > 0 && self.uses >= self.max_uses)
    }
}

impl World {
    pub fn create_invite(
        &mut self,
        channel: Id,
        max_age_secs: u64,
        max_uses: u64,
        temporary: bool,
        by: &By,
    ) -> Answer<String> {
        let guild = self.channel(channel)?.guild.ok_or(Refusal::NOT_THIS_DM)?;
        let now = self.now_ms();
        self.invites.retain(|_, invite| !invite.is_over(now));
        if self.invites.values().filter(|invite| invite.guild == guild).count()
            >= limits::MOST_INVITES
        {
            return Err(Refusal::MOST_INVITES);
        }
        let code = self.secret(8);
        let invite = Invite {
            code: code.clone(),
            guild,
            channel,
            inviter: by.user,
            made_ms: now,
            max_age_secs,
            max_uses,
            uses: 0,
            temporary,
        };
        let wire = json!({
            "channel_id": channel,
            "code": code,
            "created_at": timestamp(now),
            "guild_id": guild,
            "inviter": self.user_json(by.user),
            "max_age": max_age_secs,
            "max_uses": max_uses,
            "temporary": temporary,
            "type": 0,
            "uses": 0,
        });
        self.invites.insert(code.clone(), invite);
        self.emit_in("INVITE_CREATE", channel, wire);
        let change = Change { key: "code".into(), old: Value::Null, new: json!(code) };
        self.audit(guild, audit::INVITE_CREATE, None, by, vec![change], None);
        Ok(code)
    }

    pub fn invite(&self, code: &str) -> Answer<&Invite> {
        let invite = self.invites.get(code).filter(|invite| !invite.is_over(self.now_ms()));
        invite.ok_or(Refusal::UNKNOWN_INVITE)
    }

    /// Somebody comes in by an invite.
    pub fn use_invite(&mut self, code: &str, user: Id) -> Answer<Id> {
        let guild = self.invite(code)?.guild;
        self.add_member(guild, user)?;
        if let Some(invite) = self.invites.get_mut(code) {
            invite.uses += 1;
        }
        Ok(guild)
    }

    pub fn delete_invite(&mut self, code: &str, by: &By) -> Answer {
        let invite = self.invites.remove(code).ok_or(Refusal::UNKNOWN_INVITE)?;
        let (guild, channel) = (invite.guild, invite.channel);
        let wire = json!({ "channel_id": channel, "guild_id": guild, "code": code });
        self.emit_in("INVITE_DELETE", channel, wire);
        let change = Change { key: "code".into(), old: json!(code), new: Value::Null };
        self.audit(guild, audit::INVITE_DELETE, None, by, vec![change], None);
        Ok(())
    }

    /// With how it was used, for those who manage it.
    pub fn invite_json(&self, invite: &Invite, with_uses: bool) -> Value {
        let guild = self.guilds.get(&invite.guild);
        let channel = self.channels.get(&invite.channel);
        let expires = (invite.max_age_secs > 0)
            .then(|| timestamp(invite.made_ms + invite.max_age_secs * 1_000));
        let mut wire = json!({
            "type": 0,
            "code": invite.code,
            "expires_at": expires,
            "flags": 0,
            "guild": guild.map(|guild| json!({
                "id": guild.id, "name": guild.name, "icon": guild.icon, "splash": null,
                "banner": null, "description": guild.description, "features": guild.features,
                "verification_level": guild.verification_level, "vanity_url_code": null,
                "nsfw_level": 0, "nsfw": false, "premium_subscription_count": 0,
                "premium_tier": 0,
            })),
            "guild_id": invite.guild,
            "channel": channel.map(|channel| json!({
                "id": channel.id, "type": channel.kind as u8, "name": channel.name,
            })),
            "inviter": self.user_json(invite.inviter),
        });
        if with_uses {
            wire["uses"] = json!(invite.uses);
            wire["max_uses"] = json!(invite.max_uses);
            wire["max_age"] = json!(invite.max_age_secs);
            wire["temporary"] = json!(invite.temporary);
            wire["created_at"] = json!(timestamp(invite.made_ms));
        }
        wire
    }
}
