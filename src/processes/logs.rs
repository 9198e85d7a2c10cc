//! Posts what is logged in the community's channels, several entries in one message, and drops
//! what messages said once it is not kept any longer.
//!
//! | step | repeated | refused | killed |
//! |---|---|---|---|
//! | something was noted: a row that waits, and a timer of its channel | the same row, the same timer | never | the event comes again |
//! | who deleted it is told: the row that waits says so | the same row | never | the event comes again |
//! | the timer fires: what waits is written down and posted, some of it at a time | the same notice | an error parks the timer, not the guild | it fires again, and orders the same notice |
//! | it is posted, or nobody knows: what was in it is forgotten | nothing is left to forget | – | it is told again |
//! | the channel is gone or closed to us: what was in it waits, and those who run the community hear of it, once | one notice for each channel | – | it is told again |
//! | another channel is chosen: what waits is posted there | the same rows, the same timer | never | the event comes again |
//! | somebody is erased: what they wrote and were called is dropped | nothing is left to drop | never | the event comes again |
//!
//! A post that Discord does not take for another reason is not posted again: the entry itself is in
//! the log, and `/logs list` shows it. Of what waits for another channel the newest [`MAX_WAITING`]
//! are kept. It begins at the head of the log: old entries are no news.

mod render;

use std::{collections::BTreeSet, time::Duration};

use actions::Actions;
use async_trait::async_trait;
use domain::{
    ChannelId, EventId, PersonId, Timestamp,
    logs::{Entry, Event},
    people,
};
use eventlog::{
    LogError, Recorded,
    sql::{Row, Value},
    values,
};
use projections::logs::Line;
use tokio::{sync::watch, time::MissedTickBehavior};

use super::{
    Content, Deed, Effect, Ended, Letter, Process, Reaction, Timer, Trouble,
    effect::code::{MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_CHANNEL},
    stopped,
};

const TIMER: &str = "log_posts";
/// So long others are waited for, and so long it is at least between two messages in a channel:
/// Discord takes five in as many seconds.
const MOMENT_SECS: i64 = 3;
/// In one message; Discord takes no more.
const AT_ONCE: u64 = 10;
/// Beyond it the rest is left to whoever looks at the log itself.
const MAX_WAITING: u64 = 200;
/// Of the entries that are posted in another channel, after theirs was lost.
const MAX_CAUGHT_UP: u64 = 2_000;
/// The batch of entries that wait for another channel.
const LOST: &str = "lost";
/// How often it is looked for what is not kept any longer.
const SWEEP: Duration = Duration::from_mins(10);

#[derive(Debug)]
pub struct Logs;

#[async_trait]
impl Process for Logs {
    fn name(&self) -> &'static str {
        "logs"
    }

    fn follows(&self, type_name: &str) -> bool {
        matches!(
            type_name,
            "logs.noted"
                | "logs.deletion_attributed"
                | "log_settings.changed"
                | "people.person_erased"
        )
    }

    async fn react(&self, recorded: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        if recorded.type_name == "people.person_erased" {
            let people::Event::PersonErased { person } = eventlog::decode(recorded)?;
            reaction.actions().forget_messages_of(reaction.guild(), person).await?;
            reaction.actions().forget_member(reaction.guild(), person).await?;
            return Ok(());
        }
        if recorded.type_name == "log_settings.changed" {
            return catch_up(recorded.at, reaction).await;
        }
        match eventlog::decode(recorded)? {
            Event::Noted { entry, .. } => wait(recorded, &entry, reaction).await,
            Event::DeletionAttributed { message, by, author, .. } => {
                let sql = "UPDATE log_posts SET by_whom = $3, author = $4 \
                           WHERE guild = $1 AND message = $2";
                let [guild, message, by] = values![reaction.guild(), message, by];
                let author = Value::Int(author.map(|author| i64::from(author.0)));
                reaction.row(sql, &[guild, message, by, author]);
                Ok(())
            }
            Event::MemberLeftOut { .. } | Event::MemberTakenIn { .. } => Ok(()),
        }
    }

    fn timers(&self) -> &'static [&'static str] {
        &[TIMER]
    }

    async fn fire(&self, timer: &Timer, reaction: &mut Reaction) -> Result<(), Trouble> {
        let channel: ChannelId =
            timer.key.parse().map_err(|_| Trouble::Poison("no channel".to_owned()))?;
        post(channel, reaction).await
    }

    async fn outcome(
        &self,
        effect: &Effect,
        ended: &Ended,
        reaction: &mut Reaction,
    ) -> Result<(), Trouble> {
        let Deed::PostEntries { channel, .. } = &effect.deed else { return Ok(()) };
        let batch = effect.id.to_string();
        if let Ended::Failed {
            code: code @ (UNKNOWN_CHANNEL | MISSING_ACCESS | MISSING_PERMISSIONS),
            ..
        } = ended
        {
            lose(*channel, &batch, reaction);
            return tell(*channel, *code, reaction).await;
        }
        let delete = "DELETE FROM log_posts WHERE guild = $1 AND batch = $2";
        reaction.row(delete, &values![reaction.guild(), batch]);
        Ok(())
    }
}

/// It is posted in a moment, with others.
async fn wait(recorded: &Recorded, entry: &Entry, reaction: &mut Reaction) -> Result<(), Trouble> {
    let guild = reaction.guild();
    let Some(channel) = reaction.actions().log_channel(guild, entry.kind.topic()).await? else {
        return Ok(());
    };
    let stored = serde_json::to_string(entry)
        .map_err(|error| Trouble::Poison(format!("an entry cannot be written: {error}")))?;
    let message = entry.messages.first().map(|message| message.as_i64());
    let sql = "INSERT INTO log_posts (guild, channel, seq, event, entry, message) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (guild, channel, seq) DO NOTHING";
    let event = recorded.id.0.to_string();
    let [guild, channel_value, seq, event, stored] =
        values![guild, channel.as_i64(), recorded.guild_seq, event, stored];
    reaction.row(sql, &[guild, channel_value, seq, event, stored, Value::Int(message)]);
    let due = recorded.at.plus_secs(MOMENT_SECS);
    reaction.set_timer_no_later(TIMER, &channel.to_string(), due).await
}

/// What was in a message waits for another channel, the newest of it.
fn lose(channel: ChannelId, batch: &str, reaction: &mut Reaction) {
    let [guild, channel, batch, lost, most] =
        values![reaction.guild(), channel.as_i64(), batch, LOST, MAX_WAITING];
    let keep = "UPDATE log_posts SET batch = $3 WHERE guild = $1 AND batch = $2";
    reaction.row(keep, &[guild.clone(), batch, lost.clone()]);
    let forget = "DELETE FROM log_posts WHERE guild = $1 AND channel = $2 AND batch = $3 \
                  AND seq NOT IN (SELECT seq FROM log_posts WHERE guild = $1 AND channel = $2 \
                  AND batch = $3 ORDER BY seq DESC LIMIT $4)";
    reaction.row(forget, &[guild, channel, lost, most]);
}

/// Settings were changed: what waits for another channel is posted where its entries are posted now.
async fn catch_up(at: Timestamp, reaction: &mut Reaction) -> Result<(), Trouble> {
    let guild = reaction.guild();
    let select = "SELECT channel, seq, entry FROM log_posts WHERE guild = $1 AND batch = $2 \
                  ORDER BY channel, seq LIMIT $3";
    let rows = reaction.rows().query(select, &values![guild, LOST, MAX_CAUGHT_UP]).await?;
    let mut channels = BTreeSet::new();
    for row in &rows {
        let entry: Entry = serde_json::from_str(row.text(2)?)
            .map_err(|error| LogError::Corrupt(format!("log_posts: {error}")))?;
        let now = reaction.actions().log_channel(guild, entry.kind.topic()).await?;
        let Some(now) = now.filter(|now| row.int(0).is_ok_and(|was| was != now.as_i64())) else {
            continue;
        };
        let update = "UPDATE log_posts SET channel = $4, batch = NULL \
                      WHERE guild = $1 AND channel = $2 AND seq = $3";
        reaction.row(update, &values![guild, row.int(0)?, row.int(1)?, now.as_i64()]);
        channels.insert(now);
    }
    for channel in channels {
        let due = at.plus_secs(MOMENT_SECS);
        reaction.set_timer_no_later(TIMER, &channel.to_string(), due).await?;
    }
    Ok(())
}

/// What waits for this channel, as much as one message takes.
async fn post(channel: ChannelId, reaction: &mut Reaction) -> Result<(), Trouble> {
    let guild = reaction.guild();
    let count = "SELECT COUNT(*) FROM log_posts \
                 WHERE guild = $1 AND channel = $2 AND batch IS NULL";
    let place = values![guild, channel.as_i64()];
    let rows = reaction.rows().query(count, &place).await?;
    let waiting = rows.first().map_or(Ok(0), |row| row.count(0))?;
    // Room for a line that says how many are left out.
    let room = if waiting > MAX_WAITING { AT_ONCE - 1 } else { AT_ONCE };
    let left_out = if waiting > MAX_WAITING { waiting - room } else { 0 };
    let select = "SELECT seq, event, entry, by_whom, author FROM log_posts \
                  WHERE guild = $1 AND channel = $2 AND batch IS NULL \
                  ORDER BY seq LIMIT $3 OFFSET $4";
    let parameters = values![guild, channel.as_i64(), room, left_out];
    let rows = reaction.rows().query(select, &parameters).await?;
    let lines = rows.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let Some(last) = lines.last().map(|line| line.seq) else { return Ok(()) };
    let shown = reaction.actions().log_lines(guild, lines).await?;
    let (mut letters, posted) = render::letters(&shown, left_out);
    if left_out > 0 {
        letters.insert(0, render::left_out(left_out));
    }
    let deed = Deed::PostEntries { channel, letters };
    let batch = reaction.effect("post", deed, "").await?.to_string();
    let mark = "UPDATE log_posts SET batch = $4 \
                WHERE guild = $1 AND channel = $2 AND seq <= $3 AND batch IS NULL";
    reaction.row(mark, &values![guild, channel.as_i64(), posted, batch]);
    if waiting > left_out + room || posted < last {
        let due = reaction.now().plus_secs(MOMENT_SECS);
        reaction.set_timer(TIMER, &channel.to_string(), due, &serde_json::Value::Null).await?;
    }
    Ok(())
}

fn line(row: &Row) -> Result<Line, LogError> {
    let corrupt = |what: &str| LogError::Corrupt(format!("log_posts: {what}"));
    let person = |column| {
        let number = row.opt_int(column)?.and_then(|number| u32::try_from(number).ok());
        Ok::<_, LogError>(number.map(PersonId))
    };
    let entry: Entry =
        serde_json::from_str(row.text(2)?).map_err(|error| corrupt(&error.to_string()))?;
    Ok(Line {
        seq: row.count(0)?,
        event: EventId(row.text(1)?.parse().map_err(|_| corrupt("an id is no id"))?),
        at: entry.at,
        kind: entry.kind,
        person: entry.person.or(person(4)?),
        by: entry.by.or(person(3)?),
        channel: entry.channel,
        from: entry.from,
        messages: entry.messages,
        subject: entry.subject,
        changes: entry.changes,
        names: entry.names,
    })
}

/// Those who run the community hear once that a channel does not take its entries.
async fn tell(channel: ChannelId, code: u64, reaction: &mut Reaction) -> Result<(), Trouble> {
    let why = if code == UNKNOWN_CHANNEL { "is gone" } else { "does not let me write" };
    let text = format!(
        "The log channel <#{channel}> {why}. Nothing is lost: `/logs list` shows every entry. \
         Choose another channel with `/logs set`, and what could not be posted is posted there, or \
         let me see this one, write and embed links there."
    );
    let letter = Letter::Open(Content::text(text));
    reaction
        .effect_once(&format!("lost/{channel}"), Deed::TellModerators { letter }, "")
        .await
        .map(|_| ())
}

/// Drops what messages said, as soon as no community keeps it any longer.
pub(super) async fn sweep(actions: Actions, mut stop: watch::Receiver<bool>) {
    let mut round = tokio::time::interval(SWEEP);
    round.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stopped(&mut stop) => return,
            _ = round.tick() => {}
        }
        match actions.sweep_message_archive().await {
            Ok(0) => {}
            Ok(days) => tracing::info!(days, "messages that are not kept any longer are destroyed"),
            Err(error) => tracing::warn!(%error, "messages are still kept; it is tried again"),
        }
    }
}

/// How old a moment is told.
fn told(at: Timestamp) -> String {
    format!("<t:{}:T>", at.as_secs())
}
