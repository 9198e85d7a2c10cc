//! What a message brings: that it was written, the day's reward, and a command where a community
//! wants a prefix.
//!
//! This is the busiest path of all. What is written is kept in memory and recorded with others; a
//! member whose day is settled costs a look into memory and nothing else.

use std::sync::Arc;

use actions::activity::Heard;
use domain::Timestamp;

use super::{
    activity::{Lane, told},
    edge::Edge,
    hands::Hands,
    logs, prefix,
    rewards::{Due, Rewards},
    sessions::Progress,
    wire,
};

pub async fn hear(
    (edge, hands, rewards, lane): (&Arc<Edge>, &Hands, &Rewards, &Lane),
    progress: &Arc<Progress>,
    seq: u64,
    message: wire::Message,
) {
    if !message.is_by_a_person() {
        return;
    }
    let Some(guild) = message.guild_id else { return };
    if edge.prefix_commands {
        prefix::hear(edge, hands, progress, seq, guild, &message);
    }
    let (user, id) = (message.author.id, message.id.get());
    let at = Timestamp::of_snowflake(id);
    lane.is_alive(at);
    let what = told::message(&message, lane.burst(guild, user, at));
    lane.hear(progress, guild, Heard { seq, at, what }).await;
    if edge.reads_content && edge.actions.keeps_messages(guild).await {
        logs::said(lane, progress, (seq, at), guild, message).await;
    }
    if edge.actions.was_paid_that_day(guild, user, at) {
        return;
    }
    rewards.owe(Due { guild, user, message: id, working: progress.begin(seq) }).await;
}
