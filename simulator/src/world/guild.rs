//! Guilds.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Answer, By, Refusal, World,
    audit::{Change, Entry, GUILD_UPDATE},
    automod::Rule,
    ban::Ban,
    channel::Kind,
    member::Member,
    role::Role,
    voice::VoiceState,
};
use crate::{clock::timestamp, limits, permissions::Permissions, snowflake::Id};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Guild {
    pub id: Id,
    pub name: String,
    pub icon: Option<String>,
    pub description: Option<String>,
    pub owner: Id,
    pub made_ms: u64,
    pub preferred_locale: String,
    pub system_channel: Option<Id>,
    pub verification_level: u8,
    pub features: Vec<String>,
    /// @everyone has the guild's id.
    pub roles: BTreeMap<Id, Role>,
    pub channels: BTreeSet<Id>,
    pub threads: BTreeSet<Id>,
    pub members: BTreeMap<Id, Member>,
    pub bans: BTreeMap<Id, Ban>,
    pub voice: BTreeMap<Id, VoiceState>,
    pub emojis: Vec<Value>,
    pub automod: BTreeMap<Id, Rule>,
    pub audit_log: VecDeque<Entry>,
    /// Applications whose bot is a member.
    #[serde(skip)]
    pub apps: Arc<[Id]>,
}

impl Guild {
    fn settings_json(&self) -> Map<String, Value> {
        let settings = json!({
            "id": self.id,
            "name": self.name,
            "icon": self.icon,
            "description": self.description,
            "home_header": null,
            "splash": null,
            "discovery_splash": null,
            "features": self.features,
            "banner": null,
            "owner_id": self.owner,
            "application_id": null,
            "region": "deprecated",
            "afk_channel_id": null,
            "afk_timeout": 300,
            "system_channel_id": self.system_channel,
            // Nobody writes notices of who joins or boosts.
            "system_channel_flags": 3,
            "widget_enabled": false,
            "widget_channel_id": null,
            "verification_level": self.verification_level,
            "default_message_notifications": 1,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": null,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": null,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": self.preferred_locale,
            "rules_channel_id": null,
            "safety_alerts_channel_id": null,
            "public_updates_channel_id": null,
            "hub_type": null,
            "premium_progress_bar_enabled": false,
            "latest_onboarding_question_id": null,
            "incidents_data": null,
            "nsfw": false,
            "nsfw_level": 0,
            "emojis": self.emojis,
            "stickers": [],
        });
        let Value::Object(mut settings) = settings else { return Map::new() };
        let roles = self.roles.values().map(Role::to_json).collect();
        settings.insert("roles".to_owned(), Value::Array(roles));
        settings
    }

    /// As `GET /guilds/{id}` answers.
    pub fn to_json(&self, with_counts: bool) -> Value {
        let mut guild = self.settings_json();
        if with_counts {
            guild.insert("approximate_member_count".to_owned(), json!(self.members.len()));
            guild.insert("approximate_presence_count".to_owned(), json!(self.members.len()));
        }
        Value::Object(guild)
    }

    /// As the list of one's own guilds shows it.
    pub fn to_partial_json(&self, permissions: Permissions, owner: bool) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "icon": self.icon,
            "banner": null,
            "owner": owner,
            "permissions": permissions,
            "features": self.features,
            "approximate_member_count": self.members.len(),
            "approximate_presence_count": self.members.len(),
        })
    }
}

/// What of a guild should change.
#[derive(Clone, Debug, Default)]
pub struct GuildEdit {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub preferred_locale: Option<String>,
    pub system_channel: Option<Option<Id>>,
    pub verification_level: Option<u8>,
}

impl World {
    pub fn guild(&self, id: Id) -> Answer<&Guild> {
        self.guilds.get(&id).ok_or(Refusal::UNKNOWN_GUILD)
    }

    pub fn guild_mut(&mut self, id: Id) -> Answer<&mut Guild> {
        self.guilds.get_mut(&id).ok_or(Refusal::UNKNOWN_GUILD)
    }

    /// A new guild with @everyone and a channel `general`; its owner is the first member.
    pub fn create_guild(&mut self, name: &str, owner: Id) -> Answer<Id> {
        self.user(owner)?;
        if self.guilds.len() >= limits::MOST_GUILDS {
            return Err(Refusal::MOST_GUILDS);
        }
        let id = self.next_id();
        let everyone = Role {
            id,
            name: "@everyone".to_owned(),
            color: 0,
            hoist: false,
            mentionable: false,
            position: 0,
            permissions: Permissions::of_everyone(),
            bot: None,
            unicode_emoji: None,
        };
        let guild = Guild {
            id,
            name: name.to_owned(),
            icon: None,
            description: None,
            owner,
            made_ms: self.now_ms(),
            preferred_locale: "en-US".to_owned(),
            system_channel: None,
            verification_level: 0,
            features: Vec::new(),
            roles: [(id, everyone)].into(),
            channels: BTreeSet::new(),
            threads: BTreeSet::new(),
            members: BTreeMap::new(),
            bans: BTreeMap::new(),
            voice: BTreeMap::new(),
            emojis: Vec::new(),
            automod: BTreeMap::new(),
            audit_log: VecDeque::new(),
            apps: Arc::from([]),
        };
        self.guilds.insert(id, guild);
        self.add_member(id, owner)?;
        let by = By::user(owner);
        let general = self.create_channel(id, Kind::Text, "general", None, &by)?;
        self.guild_mut(id)?.system_channel = Some(general);
        Ok(id)
    }

    pub fn edit_guild(&mut self, id: Id, edit: GuildEdit, by: &By) -> Answer {
        if let Some(Some(channel)) = edit.system_channel {
            self.channel(channel)?;
        }
        let guild = self.guild_mut(id)?;
        let mut changes = Vec::new();
        let mut note = |key, old: Value, new: Value| {
            if old != new {
                changes.push(Change { key: Cow::Borrowed(key), old, new });
            }
        };
        if let Some(name) = edit.name {
            note("name", json!(guild.name), json!(name));
            guild.name = name;
        }
        if let Some(description) = edit.description {
            note("description", json!(guild.description), json!(description));
            guild.description = description;
        }
        if let Some(locale) = edit.preferred_locale {
            note("preferred_locale", json!(guild.preferred_locale), json!(locale));
            guild.preferred_locale = locale;
        }
        if let Some(channel) = edit.system_channel {
            note("system_channel_id", json!(guild.system_channel), json!(channel));
            guild.system_channel = channel;
        }
        if let Some(level) = edit.verification_level {
            note("verification_level", json!(guild.verification_level), json!(level));
            guild.verification_level = level;
        }
        if changes.is_empty() {
            return Ok(());
        }
        let mut wire = guild.to_json(false);
        wire["member_count"] = json!(guild.members.len());
        self.emit("GUILD_UPDATE", id, wire);
        self.audit(id, GUILD_UPDATE, Some(id), by, changes, None);
        Ok(())
    }

    /// The guild is gone for good.
    pub fn delete_guild(&mut self, id: Id) -> Answer {
        self.guild(id)?;
        self.emit("GUILD_DELETE", id, json!({ "id": id }));
        if let Some(guild) = self.guilds.remove(&id) {
            for channel in guild.channels.iter().chain(&guild.threads) {
                self.channels.remove(channel);
            }
            self.webhooks.retain(|_, webhook| webhook.guild != id);
            self.invites.retain(|_, invite| invite.guild != id);
        }
        Ok(())
    }

    /// What a bot hears of a guild when it connects or is added. Of the members it names only the
    /// bot and who is in a voice channel; with the intent for presences all of a guild that is not
    /// large.
    pub fn guild_create_json(
        &self,
        id: Id,
        bot: Id,
        large_threshold: u64,
        with_presences: bool,
    ) -> Answer<Value> {
        let guild = self.guild(id)?;
        let mut wire = guild.settings_json();
        let large = guild.members.len() as u64 > large_threshold;
        let all = with_presences && !large;
        let shown = |user: &&Id| all || **user == bot || guild.voice.contains_key(*user);
        let shown: Vec<Id> = guild.members.keys().filter(shown).copied().collect();
        let members: Vec<_> = shown.iter().map(|user| self.member_json(guild, *user)).collect();
        let presences = shown.iter().filter(|_| with_presences);
        let presences: Vec<_> = presences.map(|user| self.presence_json(*user, None)).collect();
        let channels = guild.channels.iter().filter_map(|channel| self.channels.get(channel));
        let channels: Vec<_> = channels.map(|channel| self.channel_wire(channel, false)).collect();
        let threads = guild.threads.iter().filter_map(|thread| self.channels.get(thread));
        let threads =
            threads.filter(|thread| !thread.is_archived() && self.may_see(thread, guild, bot));
        let threads: Vec<_> = threads.map(|thread| self.channel_wire(thread, false)).collect();
        let voice: Vec<_> =
            guild.voice.values().map(|state| state.to_json(None, Value::Null)).collect();
        let joined = guild.members.get(&bot).map_or(guild.made_ms, |bot| bot.joined_ms);
        let more = json!({
            "joined_at": timestamp(joined),
            "large": large,
            "unavailable": false,
            "geo_restricted": false,
            "member_count": guild.members.len(),
            "members": members,
            "channels": channels,
            "threads": threads,
            "voice_states": voice,
            "presences": presences,
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
            "embedded_activities": [],
            "activity_instances": [],
            "version": 1,
        });
        if let Value::Object(more) = more {
            wire.extend(more);
        }
        Ok(Value::Object(wire))
    }
}
