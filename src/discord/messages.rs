//! What a message brings: that it was written, with that the day's reward, and a command where a
//! community wants a prefix.
//!
//! This is the busiest path of all. What is written is kept in memory and recorded with others,
//! and whoever is due is paid then.

use std::sync::Arc;

use actions::activity::Heard;

use super::{
    activity::{Lane, told},
    edge::Edge,
    hands::Hands,
    logs, prefix,
    sessions::Progress,
    wire,
};

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
    if edge.actions.may_be_due(guild, user, at).await {
        lane.soon();
    }
}
