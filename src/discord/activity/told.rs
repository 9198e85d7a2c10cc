//! From what Discord tells to what activity knows of it. Bots are nobody.

use actions::activity::{Told, Used};
use domain::{
    ChannelId, GuildId, Timestamp, UserId,
    activity::{Length, UseOutcome, Written},
    voice::Place,
};

use crate::discord::wire;

pub fn message(message: &wire::Message, burst: u32) -> Told {
    let roles = message.member.as_ref().map(|member| member.roles.clone());
    Told::Message {
        id: message.id,
        user: message.author.id,
        channel: message.channel_id,
        roles: roles.unwrap_or_default(),
        how: written(message),
        burst,
    }
}

pub fn written(message: &wire::Message) -> Written {
    const ANSWER: u8 = 19;
    Written {
        reply: message.kind == ANSWER,
        attachments: !message.attachments.is_empty(),
        length: Length::of(message.content.chars().count()),
    }
}

pub fn reaction(reaction: &wire::Reaction) -> Option<(GuildId, Told)> {
    let is_bot = reaction.member.as_ref().is_some_and(|member| member.user.bot);
    let guild = reaction.guild_id.filter(|_| !is_bot)?;
    Some((guild, Told::Reaction { user: reaction.user_id, channel: reaction.channel_id }))
}

pub fn coming(coming: &wire::Coming, came: bool) -> Option<(GuildId, Told)> {
    let user = coming.user.id;
    let told = if came { Told::Joined(user) } else { Told::Left(user) };
    (!coming.user.bot).then_some((coming.guild_id, told))
}

pub fn voice(
    state: &wire::VoiceState,
    away_in: impl Fn(GuildId) -> Option<ChannelId>,
) -> Option<(GuildId, Told)> {
    let guild = state.guild_id?;
    if state.member.as_ref().is_some_and(|member| member.user.bot) {
        return None;
    }
    let roles = state.member.as_ref().map(|member| member.roles.clone()).unwrap_or_default();
    let place = place(state, away_in(guild));
    Some((guild, Told::Voice { user: state.user_id, roles, place }))
}

/// Who is in voice when a community is told of as a whole.
pub fn everybody(guild: &wire::Guild) -> Told {
    let member = |user: UserId| guild.members.iter().find(|member| member.user.id == user);
    let here = guild.voice_states.iter().filter_map(|state| {
        let known = state.member.as_ref().or_else(|| member(state.user_id));
        if known.is_some_and(|member| member.user.bot) {
            return None;
        }
        let roles = known.map(|member| member.roles.clone()).unwrap_or_default();
        Some((state.user_id, roles, place(state, guild.afk_channel_id)?))
    });
    Told::VoiceIs(here.collect())
}

fn place(state: &wire::VoiceState, away_in: Option<ChannelId>) -> Option<Place> {
    let channel = state.channel_id?;
    Some(Place {
        channel,
        muted: state.mute || state.self_mute || state.suppress,
        deafened: state.deaf || state.self_deaf,
        away: away_in == Some(channel),
    })
}

/// What is recorded of a command that was used.
pub fn used(
    interaction: u64,
    user: UserId,
    label: &str,
    outcome: &str,
    took: std::time::Duration,
) -> Used {
    let outcome = match outcome {
        "done" | "answered_before" => UseOutcome::Done,
        "refused" | "misunderstood" => UseOutcome::Refused,
        _ => UseOutcome::Failed,
    };
    Used {
        interaction,
        at: Timestamp::of_snowflake(interaction),
        user,
        command: label.trim_start_matches('/').to_owned(),
        outcome,
        millis: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
    }
}
