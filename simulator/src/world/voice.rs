//! Who is in which voice channel, and how.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, By, Refusal, World, audit};
use crate::snowflake::Id;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of Discord's own")]
pub struct VoiceState {
    pub user: Id,
    pub channel: Id,
    pub session: String,
    pub self_mute: bool,
    pub self_deaf: bool,
    pub self_stream: bool,
    pub self_video: bool,
    pub mute: bool,
    pub deaf: bool,
}

impl VoiceState {
    pub fn to_json(&self, guild: Option<Id>, member: Value) -> Value {
        let mut wire = json!({
            "user_id": self.user,
            "channel_id": self.channel,
            "session_id": self.session,
            "deaf": self.deaf,
            "mute": self.mute,
            "self_deaf": self.self_deaf,
            "self_mute": self.self_mute,
            "self_stream": self.self_stream,
            "self_video": self.self_video,
            "suppress": false,
            "request_to_speak_timestamp": null,
        });
        if let Some(guild) = guild {
            wire["guild_id"] = json!(guild);
        }
        if !member.is_null() {
            wire["member"] = member;
        }
        wire
    }
}

impl World {
    /// Somebody enters a voice channel, or goes from one to another.
    pub fn join_voice(&mut self, guild: Id, user: Id, channel: Id) -> Answer {
        let found = self.channel(channel)?;
        if found.guild != Some(guild) || !found.kind.is_voice() {
            return Err(Refusal::NOT_ON_THIS_CHANNEL);
        }
        let member = self.member(guild, user)?;
        let (mute, deaf) = (member.mute, member.deaf);
        let session = self.secret(32);
        let voice = &mut self.guild_mut(guild)?.voice;
        let state = voice.entry(user).or_insert(VoiceState {
            user,
            channel,
            session,
            self_mute: false,
            self_deaf: false,
            self_stream: false,
            self_video: false,
            mute,
            deaf,
        });
        state.channel = channel;
        self.emit_voice_state(guild, user);
        Ok(())
    }

    pub fn leave_voice(&mut self, guild: Id, user: Id) -> Answer {
        let state = self.guild_mut(guild)?.voice.remove(&user);
        let state = state.ok_or(Refusal::NOT_CONNECTED_TO_VOICE)?;
        let found = self.guild(guild)?;
        let mut wire = state.to_json(Some(guild), self.member_json(found, user));
        wire["channel_id"] = Value::Null;
        self.emit("VOICE_STATE_UPDATE", guild, wire);
        Ok(())
    }

    /// What somebody does with their own microphone, ears and screen.
    pub fn set_own_voice(
        &mut self,
        guild: Id,
        user: Id,
        change: impl FnOnce(&mut VoiceState),
    ) -> Answer {
        let state = self.guild_mut(guild)?.voice.get_mut(&user);
        change(state.ok_or(Refusal::NOT_CONNECTED_TO_VOICE)?);
        self.emit_voice_state(guild, user);
        Ok(())
    }

    /// Somebody else moves them, or throws them out where there is no channel.
    pub fn move_voice(&mut self, guild: Id, user: Id, to: Option<Id>, by: &By) -> Answer {
        if !self.guild(guild)?.voice.contains_key(&user) {
            return Err(Refusal::NOT_CONNECTED_TO_VOICE);
        }
        let (action, options) = if let Some(channel) = to {
            self.join_voice(guild, user, channel)?;
            (audit::MEMBER_MOVE, json!({ "channel_id": channel, "count": "1" }))
        } else {
            self.leave_voice(guild, user)?;
            (audit::MEMBER_DISCONNECT, json!({ "count": "1" }))
        };
        self.audit(guild, action, None, by, Vec::new(), Some(options));
        Ok(())
    }

    /// Tells how somebody is in voice, with what the server says of them.
    pub(super) fn emit_voice_state(&mut self, guild: Id, user: Id) {
        let Some(found) = self.guilds.get_mut(&guild) else { return };
        let Some(member) = found.members.get(&user) else { return };
        let Some(state) = found.voice.get_mut(&user) else { return };
        (state.mute, state.deaf) = (member.mute, member.deaf);
        let state = state.clone();
        let Some(found) = self.guilds.get(&guild) else { return };
        let wire = state.to_json(Some(guild), self.member_json(found, user));
        self.emit("VOICE_STATE_UPDATE", guild, wire);
    }
}
