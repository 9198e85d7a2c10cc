//! What a message brings: that it was written, the day's reward, and a command where a community
//! wants a prefix.
//!
//! This is the busiest path of all. What is written is kept in memory and recorded with others; a
//! member whose day is settled costs a look into memory and nothing else.

use std::{sync::Arc, time::Duration};

use domain::{GuildId, IdempotencyKey, UserId};

use actions::activity::Heard;

use super::{
    activity::{Lane, told},
    edge::Edge,
    hands::Hands,
    logs, prefix,
    sessions::Progress,
    wire,
};

/// Waits before a reward that failed is tried again; after the last, it is given up and logged.
const AGAIN: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
];

pub async fn hear(
    (edge, hands, lane): (&Arc<Edge>, &Hands, &Lane),
    progress: &Arc<Progress>,
    seq: u64,
    message: &wire::Message,
    json: &str,
) {
    if !message.is_by_a_person() {
        return;
    }
    let Some(guild) = message.guild_id else { return };
    if edge.prefix_commands {
        prefix::hear(edge, hands, progress, seq, guild, message, json);
    }
    let (user, id) = (message.author.id, message.id.get());
    let at = wire::made_at(id);
    lane.is_alive(at);
    let what = told::message(message, lane.burst(guild, user, at));
    lane.hear(progress, guild, Heard { seq, at, what }).await;
    if edge.reads_content && edge.actions.keeps_messages(guild).await {
        logs::said(lane, progress, (seq, at), guild, message, json).await;
    }
    if edge.actions.was_paid_that_day(guild, user, at) {
        return;
    }
    let working = progress.begin(seq);
    let Ok(place) = Arc::clone(&hands.rewarding).acquire_owned().await else { return };
    let edge = Arc::clone(edge);
    tokio::spawn(async move {
        reward(&edge, guild, user, id).await;
        drop((working, place));
    });
}

/// Pays the day's reward, once per member and day however often this is done.
async fn reward(edge: &Edge, guild: GuildId, user: UserId, message: u64) {
    let Ok(key) = IdempotencyKey::new(format!("message/{message}/daily")) else { return };
    let at = wire::made_at(message);
    let mut waits = AGAIN.iter();
    let outcome = loop {
        match edge.actions.award_daily_for_message(guild, user, at, &key).await {
            Ok(Some(daily)) if daily.repeated => break "repeated",
            Ok(Some(_)) => break "paid",
            Ok(None) => break "not_due",
            Err(error) => {
                if let Some(wait) = waits.next() {
                    tracing::warn!(guild.id = %guild, %error, "a daily reward waits");
                    tokio::time::sleep(*wait).await;
                    continue;
                }
                let id = projections::error_id();
                tracing::error!(error.id = id, guild.id = %guild, %error, "a daily reward was not paid");
                break "failed";
            }
        }
    };
    metrics::counter!("reeve_discord_daily_rewards_total", "outcome" => outcome).increment(1);
}
