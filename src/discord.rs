//! Discord's edge: what happens there comes in, becomes actions, and answers go out. No rule of a
//! community lives here.
//!
//! An event's way: `shard` (one connection) → `messages` or `hands` → `respond` (in time) →
//! `dispatch` (gates, then the command's handler in `commands/`) → `actions` → `mouth`.

pub mod activity;
mod audit;
pub mod cdn;
pub mod command;
pub mod commands;
pub mod confirm;
pub mod connect;
pub mod ctx;
pub mod custom_id;
pub mod deploy;
pub mod dispatch;
pub mod documents;
pub mod edge;
pub mod effects;
pub mod failure;
mod gaps;
mod gate;
pub mod gateway;
pub mod guilds;
pub mod hands;
pub mod health;
mod learn;
pub mod limits;
mod logs;
pub mod members;
mod messages;
pub mod mirror;
pub mod mouth;
pub mod options;
mod places;
mod prefix;
pub mod registration;
pub mod reply;
pub mod report;
pub mod respond;
pub mod rest;
mod rewards;
pub mod sessions;
pub mod shard;
pub mod studio;
#[cfg(test)]
mod tests;
pub mod text;
pub mod wire;

use std::sync::Arc;

use tokio::sync::watch;
use twilight_gateway::Intents;

use self::{
    audit::AuditLog,
    command::intents,
    commands::CAPABILITIES,
    connect::{ConnectError, Http},
    edge::Edge,
    gaps::Gaps,
    gateway::Gateway,
    hands::Hands,
    health::Health,
    mirror::Mirror,
    places::Places,
    rewards::Rewards,
    sessions::Sessions,
    shard::Line,
};
use crate::{config::shard_range, node::Node};

/// Discord, as long as this process speaks with it.
#[derive(Debug)]
pub struct Discord {
    pub health: Health,
    pub http: Http,
    edge: Arc<Edge>,
    gateway: Gateway,
}

impl Discord {
    /// Connects. Waits for Discord where it does not answer; a refused token ends it at once.
    pub async fn start(node: &Node, http: Http, health: Health) -> Result<Self, ConnectError> {
        let config = &node.config.discord;
        let token = config.token.clone().ok_or(ConnectError::NoToken)?;
        let identity = connect::patiently(|| connect::identity(&http)).await?;
        let now = || (node.clock)();
        let way = connect::patiently(|| connect::gateway(&http, now)).await?;
        if config.deploy_commands {
            deploy_at_start(&http, identity.application).await;
        }
        let mut wanted = intents(CAPABILITIES);
        // What moderators do by hand.
        wanted |= Intents::GUILD_MODERATION;
        if config.prefix_commands || config.message_content {
            wanted |= Intents::MESSAGE_CONTENT;
        }
        if config.member_events {
            wanted |= Intents::GUILD_MEMBERS;
        }
        let mut edge = Edge::new(
            node.actions.clone(),
            identity.us,
            CAPABILITIES,
            health.clone(),
            config.prefix_commands,
        );
        edge.reads_content |= config.message_content;
        edge.clock_is_ahead(way.clock_ahead_millis);
        let _ = edge.members.set(Arc::new(members::AskDiscord(Arc::clone(&http))));
        let edge = Arc::new(edge);
        let _ = edge.made_of.set(Places::start(&edge, &http));
        if config.member_events {
            let _ = edge.mirror.set(Mirror::start(&edge, &http));
        }
        let rest = effects::rest(config, &node.limits);
        let rest = rest.map_err(|error| ConnectError::Refused(error.to_string()))?;
        if let Some(rest) = rest {
            let _ = edge.gaps.set(Gaps::start(&edge, rest));
        }
        let recommended = way.shards.max(1);
        let (first, last, shards) =
            shard_range(&config.shards).unwrap_or((0, recommended - 1, recommended));
        let (stop, stopped) = watch::channel(false);
        let line = Line {
            edge: Arc::clone(&edge),
            audit: AuditLog::start(&edge, &http, node.work.clone()),
            hands: Hands::new(Arc::clone(&http), identity.application),
            rewards: Rewards::start(&edge),
            sessions: Sessions::new(node.work.clone(), identity.application, shards),
            gateway_url: way.url.clone(),
            token,
            intents: wanted,
            queue: way.queue(),
            shards,
            stop: stopped,
        };
        let gateway = Gateway::start(line, first..=last, stop);
        tracing::info!(shards, first, last, "connecting to Discord");
        Ok(Self { health, http, edge, gateway })
    }

    /// Until Discord will not have us any more; what a person has to do then.
    pub async fn refused(&mut self) -> String {
        self.gateway.refused().await
    }

    /// Whether a shard has had a session.
    pub fn has_session(&self, shard: u32) -> bool {
        self.edge.place(shard).is_some()
    }

    /// Until everything that a shard's session has brought up to this number is done. What goes on
    /// is recorded a moment later.
    pub async fn reached(&self, shard: u32, seq: u64) {
        if let Some(place) = self.edge.place(shard) {
            place.reached(seq).await;
        }
    }

    /// Finishes what is being answered, and keeps the place in each session.
    pub async fn shutdown(self) {
        self.gateway.shutdown().await;
    }
}

/// Where that fails, the commands of before still work: no reason not to start.
async fn deploy_at_start(http: &Http, application: u64) {
    let commands = registration::commands(CAPABILITIES);
    match deploy::deploy(http, application, None, &commands).await {
        Ok(deployed) => tracing::info!(
            commands = deployed.commands,
            changed = deployed.changed,
            "Discord knows our commands"
        ),
        Err(problem) => tracing::warn!(
            problem,
            "Discord did not take our commands; `reeve commands deploy` tries again"
        ),
    }
}
