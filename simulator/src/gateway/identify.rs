//! Identify: who connects, for which shard, and what they may hear.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{close::Close, intents, payload::Identify, session::Session};
use crate::{
    limits,
    shared::Shared,
    snowflake::Id,
    world::{World, application::Application},
};

/// What comes of it.
pub(super) enum Identified {
    Session(Arc<Session>),
    /// Too soon after another: the client is to wait and identify again.
    TooSoon,
}

pub(super) fn identify(shared: &Shared, identify: Identify) -> Result<Identified, Close> {
    let mut world = shared.world.lock();
    let application = world.application_by_token(&identify.token);
    let application = application.ok_or(Close::AUTHENTICATION_FAILED)?;
    let (id, bot) = (application.id, application.bot);
    let asked = identify.intents.as_ref().and_then(Value::as_u64);
    let asked = asked.filter(|asked| asked & !intents::ALL == 0);
    let asked = asked.ok_or(Close::INVALID_INTENTS)?;
    if asked & intents::PRIVILEGED & !application.privileged != 0 {
        return Err(Close::DISALLOWED_INTENTS);
    }
    let (shard, shards) = read_shard(identify.shard.as_deref())?;
    let bucket = shard % application.max_concurrency.max(1);
    let guilds: Vec<Id> = world
        .guilds
        .values()
        .filter(|guild| guild.apps.contains(&id) && guild.id.shard(shards) == shard)
        .map(|guild| guild.id)
        .collect();
    if guilds.len() > limits::GUILDS_IN_SHARD {
        return Err(Close::SHARDING_REQUIRED);
    }
    if !shared.hub.may_identify(id, bucket, shared.options.identify_every, Instant::now()) {
        return Ok(Identified::TooSoon);
    }
    note_identify(&mut world, id)?;
    let session_id = world.secret(32).to_lowercase();
    let session = Session::new(session_id, id, bot, (shard, shards), asked);
    let wire = ready(&world, &session, &guilds, &shared.gateway_url());
    session.push("READY", wire);
    if asked & intents::GUILDS != 0 {
        let threshold = identify.large_threshold.unwrap_or(limits::LARGE_GUILD);
        let shown = asked & intents::GUILD_PRESENCES != 0;
        for guild in guilds {
            if let Ok(wire) = world.guild_create_json(guild, bot, threshold, shown) {
                session.push("GUILD_CREATE", bytes(&wire));
            }
        }
    }
    if let Some(presence) = identify.presence.filter(Value::is_object) {
        let status = presence["status"].as_str().unwrap_or("online").to_owned();
        let activities = presence["activities"].as_array().cloned().unwrap_or_default();
        world.set_presence(bot, &status, activities);
    }
    let session = Arc::new(session);
    // Still under the world's lock, so that nothing happens between what it was told and what it
    // will hear.
    shared.hub.add(Arc::clone(&session));
    Ok(Identified::Session(session))
}

fn read_shard(shard: Option<&[u64]>) -> Result<(u32, u32), Close> {
    match shard {
        None => Ok((0, 1)),
        Some([shard, shards]) if shard < shards => {
            let number = |value: &u64| u32::try_from(*value).map_err(|_| Close::INVALID_SHARD);
            Ok((number(shard)?, number(shards)?))
        }
        Some(_) => Err(Close::INVALID_SHARD),
    }
}

/// Counts it. Who identifies more often in a day than Discord allows loses the token.
fn note_identify(world: &mut World, app: Id) -> Result<(), Close> {
    let now = world.now_ms();
    let Ok(application) = world.application_mut(app) else {
        return Err(Close::AUTHENTICATION_FAILED);
    };
    application.identifies.retain(|at| now.saturating_sub(*at) < 86_400_000);
    if application.identifies.len() >= limits::IDENTIFIES_PER_DAY as usize {
        application.identifies.clear();
        let _ = world.reset_token(app);
        return Err(Close::AUTHENTICATION_FAILED);
    }
    application.identifies.push(now);
    Ok(())
}

pub(super) fn bytes(wire: &Value) -> Bytes {
    serde_json::to_vec(wire).map(Bytes::from).unwrap_or_default()
}

fn ready(world: &World, session: &Session, guilds: &[Id], url: &str) -> Bytes {
    let guilds = guilds.iter().map(|guild| json!({ "id": guild, "unavailable": true }));
    let guilds: Vec<_> = guilds.collect();
    let user = world.users.get(&session.bot);
    let flags = world.application(session.application).map_or(0, Application::flags);
    bytes(&json!({
        "v": 10,
        "user_settings": {},
        "user": user.map(|user| user.to_own_json(false)),
        "session_type": "normal",
        "session_id": session.id,
        "resume_gateway_url": url,
        "relationships": [],
        "private_channels": [],
        "presences": [],
        "guilds": guilds,
        "guild_join_requests": [],
        "geo_ordered_rtc_regions": ["local"],
        "game_relationships": [],
        "auth": {},
        "application": { "id": session.application, "flags": flags },
        "shard": [session.shard, session.shards],
        "_trace": ["[\"simulator\"]"],
    }))
}
