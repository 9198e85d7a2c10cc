//! A flood of messages, to see how fast a client takes them: many guilds, many members, one
//! MESSAGE_CREATE after another, made so cheaply that the client is what is measured.

use std::{
    num::NonZeroU64,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::json;

use crate::{
    clock::timestamp,
    gateway::hub::Audience,
    people::{Failed, PATIENCE},
    permissions::Permissions,
    server::Sim,
    snowflake::Id,
    world::{Answer, By},
};

/// A client may lag behind by so many; then the flood waits for it.
const AHEAD: u64 = 4_096;
const TEXTS: [&str; 8] = [
    "good morning everyone",
    "has anybody tried the new build?",
    "I finally finished the shelf, pictures later",
    "lol",
    "see you at eight in the fireside channel",
    "that is not how I remember it, but fine",
    "the rules say one giveaway a week, so I will wait for the next one",
    "thanks!",
];

/// Guilds that a flood can go to.
#[derive(Clone, Debug)]
pub struct Ground {
    pub application: Id,
    pub guilds: Vec<Id>,
    channels: Vec<Id>,
    members: Vec<Vec<Id>>,
}

impl Ground {
    /// One guild that is there already, with everybody in it.
    pub fn of(sim: &Sim, application: Id, guild: Id) -> Self {
        let world = sim.world.lock();
        let members = world.guilds.get(&guild).map(|guild| guild.members.keys().copied());
        Self {
            application,
            guilds: vec![guild],
            channels: world.channel_named(guild, "general").into_iter().collect(),
            members: members.map(Iterator::collect).into_iter().collect(),
        }
    }
}

/// What came of a flood.
#[derive(Clone, Copy, Debug)]
pub struct Flooded {
    pub messages: u64,
    pub took: Duration,
}

impl Sim {
    /// Founds guilds for a flood, each with so many members, the application among them.
    pub fn ground(&self, application: Id, guilds: usize, members: usize) -> Answer<Ground> {
        let mut ground = Ground {
            application,
            guilds: Vec::with_capacity(guilds),
            channels: Vec::with_capacity(guilds),
            members: Vec::with_capacity(guilds),
        };
        for place in 0..guilds {
            let mut world = self.world.lock();
            let owner = world.add_user(&format!("owner{place}"), None)?;
            let guild = world.create_guild(&format!("Guild {place}"), owner)?;
            let mut here = vec![owner];
            for member in 2..members {
                let user = world.add_user(&format!("member{place}_{member}"), None)?;
                world.add_member(guild, user)?;
                here.push(user);
            }
            let permissions = Permissions::of_everyone() | Permissions::MANAGE_ROLES;
            world.add_bot(guild, application, permissions, &By::user(owner))?;
            let channel = world.channel_named(guild, "general");
            ground.channels.extend(channel);
            ground.guilds.push(guild);
            ground.members.push(here);
        }
        Ok(ground)
    }

    /// Sends so many messages over all guilds and members in turn, as fast as the connected clients
    /// take them, and comes back when the last was handed to every connection. They are not kept.
    pub async fn flood(&self, ground: &Ground, messages: u64) -> Result<Flooded, Failed> {
        self.flood_at(ground, messages, None).await
    }

    /// The same, at most so many a second.
    pub async fn flood_at(
        &self,
        ground: &Ground,
        messages: u64,
        per_second: Option<NonZeroU64>,
    ) -> Result<Flooded, Failed> {
        let audiences: Vec<Audience> = {
            let world = self.world.lock();
            let guilds = ground.guilds.iter().filter_map(|id| world.guilds.get(id));
            guilds
                .map(|guild| Audience { apps: Arc::clone(&guild.apps), guild: Some(guild.id) })
                .collect()
        };
        let templates = self.templates(ground);
        let begun = Instant::now();
        for number in 0..messages {
            let guild = usize::try_from(number).unwrap_or(0) % audiences.len();
            let round = usize::try_from(number).unwrap_or(0) / audiences.len();
            let (id, now) = {
                let mut world = self.world.lock();
                (world.next_id(), world.now_ms())
            };
            let authors = &templates[guild];
            let template = &authors[round % authors.len()];
            let text = TEXTS[round % TEXTS.len()];
            let body = format!(
                "{{\"id\":\"{id}\",\"timestamp\":\"{}\",\"content\":\"{text}\",{}",
                timestamp(now),
                template
            );
            self.hub.publish_bytes("MESSAGE_CREATE", &audiences[guild], &Bytes::from(body));
            if let Some(rate) = per_second
                && number % 64 == 63
            {
                let due = begun + Duration::from_micros(number * 1_000_000 / rate);
                tokio::time::sleep_until(due.into()).await;
            }
            if number % 256 == 255 {
                self.until_drained(ground.application, AHEAD).await?;
            }
        }
        self.until_drained(ground.application, 1).await?;
        Ok(Flooded { messages, took: begun.elapsed() })
    }

    /// Waits until every connection of an application has fewer than so many events to send.
    pub async fn until_drained(&self, application: Id, fewer_than: u64) -> Result<(), Failed> {
        for session in self.hub.sessions() {
            if session.application == application && session.is_connected() {
                let drained = session.until_fewer_than(fewer_than);
                tokio::time::timeout(PATIENCE, drained).await.map_err(|_| Failed::Patience {
                    what: "a client that reads".to_owned(),
                    secs: PATIENCE.as_secs(),
                })?;
            }
        }
        Ok(())
    }

    /// What stays the same of every message of a member, ready to be sent.
    fn templates(&self, ground: &Ground) -> Vec<Vec<String>> {
        let world = self.world.lock();
        let mut all = Vec::with_capacity(ground.guilds.len());
        for ((guild, channel), members) in
            ground.guilds.iter().zip(&ground.channels).zip(&ground.members)
        {
            let Some(found) = world.guilds.get(guild) else { continue };
            let of_member = |user: &Id| {
                let wire = json!({
                    "channel_id": channel, "guild_id": guild, "type": 0, "tts": false,
                    "author": world.user_json(*user),
                    "member": world.partial_member_json(found, *user),
                    "edited_timestamp": null, "mention_everyone": false, "mentions": [],
                    "mention_roles": [], "attachments": [], "embeds": [], "components": [],
                    "pinned": false, "flags": 0,
                });
                wire.to_string().trim_start_matches('{').to_owned()
            };
            all.push(members.iter().map(of_member).collect());
        }
        all
    }
}
