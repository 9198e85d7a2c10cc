//! Posts every case in the community's log channel, once, and keeps the post true.
//!
//! | step | repeated | refused | killed |
//! |---|---|---|---|
//! | a case is new: a row, and a timer | the row stays as it is, the timer is the same | never | the event comes again |
//! | a case changes: a timer | the same timer | never | the event comes again |
//! | the timer fires: the case is written down as it is now, and posted or edited | the row says what is shown or under way; what is shown already is left | an error parks the timer, not the guild | it fires again, and orders the same effect |
//! | the post is there: its id is kept, and the timer looks for what changed meanwhile | the outcome is told once | – | it is told again |
//! | the channel is gone or closed to us: the row waits, and the community hears of it once | one notice for each channel | – | it is told again |
//! | a channel is chosen: what waits is posted there | the same timers | never | the event comes again |
//!
//! Several changes within a moment are one post or one edit. A post that somebody deleted is not
//! written again. Notes of moderators are not posted. It begins at the head of the log: old cases
//! are not news.

mod render;

use async_trait::async_trait;
use domain::{
    CaseNumber, ChannelId, MessageId, PersonId, Timestamp,
    moderation::{Event, Failure},
    people,
};
use eventlog::{LogError, Recorded, sql::Row, values};
use serde_json::Value;

use super::{
    Content, Deed as Call, Effect, Ended, Letter, Process, Reaction, Timer, Trouble,
    effect::code::{ERASED, MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_CHANNEL, UNKNOWN_MESSAGE},
};

const TIMER: &str = "case_post";
/// So long other changes are waited for.
const MOMENT_SECS: i64 = 1;
/// Posts that are written once there is a channel again; the rest with their next change.
const CATCH_UP: u64 = 500;
/// And so many in a minute, so that they do not stand before what happens now.
const CATCH_UP_A_MINUTE: i64 = 30;

#[derive(Debug)]
pub struct CasePosts;

/// The row of a case.
struct Post {
    case: CaseNumber,
    opened_seq: u64,
    person: PersonId,
    channel: Option<ChannelId>,
    message: Option<MessageId>,
    shown: Option<String>,
    state: String,
    failure: Option<String>,
}

#[async_trait]
impl Process for CasePosts {
    fn name(&self) -> &'static str {
        "case_posts"
    }

    fn follows(&self, type_name: &str) -> bool {
        matches!(
            type_name,
            "moderation.member_warned"
                | "moderation.deed_ordered"
                | "moderation.deed_observed"
                | "moderation.deed_applied"
                | "moderation.deed_failed"
                | "moderation.sanction_retimed"
                | "moderation.sanction_ended"
                | "case.reason_edited"
                | "case.status_changed"
                | "case.hidden"
                | "case.shown"
                | "case.end_set"
                | "moderation_settings.changed"
                | "people.person_erased"
        )
    }

    async fn react(&self, recorded: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        match &*recorded.type_name {
            "moderation_settings.changed" => return catch_up(recorded.at, reaction).await,
            "people.person_erased" => {
                let people::Event::PersonErased { person } = eventlog::decode(recorded)?;
                return look_at_all_of(person, recorded.at, reaction).await;
            }
            name if name.starts_with("case.") => {
                let within = recorded.stream.within_guild();
                let number = within.rsplit('/').next().and_then(|number| number.parse().ok());
                return match number {
                    Some(number) => look_at(CaseNumber(number), recorded.at, reaction).await,
                    None => Ok(()),
                };
            }
            _ => {}
        }
        let case = match eventlog::decode(recorded)? {
            Event::MemberWarned { case, person, .. }
            | Event::DeedOrdered { case, person, .. }
            | Event::DeedObserved { case, person, .. } => {
                open(recorded, case, person, reaction);
                case
            }
            Event::DeedFailed { case, why, .. } => {
                let sql = "UPDATE case_posts SET failure = $3 \
                           WHERE guild = $1 AND case_number = $2";
                let why: Failure = why;
                reaction.row(sql, &values![reaction.guild(), case.0, why.told()]);
                case
            }
            Event::DeedApplied { case, .. }
            | Event::SanctionRetimed { case, .. }
            | Event::SanctionEnded { case, .. } => case,
            _ => return Ok(()),
        };
        look_at(case, recorded.at, reaction).await
    }

    fn timers(&self) -> &'static [&'static str] {
        &[TIMER]
    }

    async fn fire(&self, timer: &Timer, reaction: &mut Reaction) -> Result<(), Trouble> {
        let case = timer.key.parse().map_err(|_| Trouble::Poison("no case".to_owned()))?;
        let Some(post) = read(CaseNumber(case), reaction).await? else { return Ok(()) };
        match (post.state.as_str(), post.channel, post.message) {
            ("posted", Some(channel), Some(message)) => {
                edit(&post, channel, message, reaction).await
            }
            ("new" | "lost", ..) => send(&post, reaction).await,
            // It is on its way, and looked at again when it is there; or it was deleted.
            _ => Ok(()),
        }
    }

    async fn outcome(
        &self,
        effect: &Effect,
        ended: &Ended,
        reaction: &mut Reaction,
    ) -> Result<(), Trouble> {
        let Ok(case) = effect.note.parse().map(CaseNumber) else { return Ok(()) };
        let sent = matches!(effect.deed, Call::SendMessage { .. });
        match ended {
            Ended::Done(message) if sent => {
                let message = message.as_deref().and_then(|id| id.parse::<MessageId>().ok());
                let Some(message) = message else { return Ok(()) };
                let sql = "UPDATE case_posts SET message = $3, state = 'posted' \
                           WHERE guild = $1 AND case_number = $2";
                reaction.row(sql, &values![reaction.guild(), case.0, message]);
                look_at(case, reaction.now(), reaction).await
            }
            Ended::Done(_) => Ok(()),
            Ended::Failed { code: UNKNOWN_MESSAGE | ERASED, .. } => {
                let sql = "UPDATE case_posts SET state = 'gone' \
                           WHERE guild = $1 AND case_number = $2";
                reaction.row(sql, &values![reaction.guild(), case.0]);
                Ok(())
            }
            Ended::Failed {
                code: code @ (UNKNOWN_CHANNEL | MISSING_ACCESS | MISSING_PERMISSIONS),
                ..
            } => {
                lose(case, reaction);
                tell(effect, *code, reaction).await
            }
            Ended::Failed { .. } | Ended::Dropped if sent => {
                lose(case, reaction);
                Ok(())
            }
            Ended::Failed { .. } | Ended::Dropped => {
                // With the next change it is tried again.
                let sql = "UPDATE case_posts SET shown = NULL \
                           WHERE guild = $1 AND case_number = $2";
                reaction.row(sql, &values![reaction.guild(), case.0]);
                Ok(())
            }
        }
    }
}

fn open(recorded: &Recorded, case: CaseNumber, person: PersonId, reaction: &mut Reaction) {
    let sql = "INSERT INTO case_posts (guild, case_number, opened_seq, person, state) \
               VALUES ($1, $2, $3, $4, 'new') ON CONFLICT (guild, case_number) DO NOTHING";
    let row = values![reaction.guild(), case.0, recorded.guild_seq, person.0];
    reaction.row(sql, &row);
}

/// In a moment.
async fn look_at(case: CaseNumber, at: Timestamp, reaction: &mut Reaction) -> Result<(), Trouble> {
    let due = at.plus_secs(MOMENT_SECS);
    reaction.set_timer_no_later(TIMER, &case.0.to_string(), due).await
}

/// Settings were changed: where there is a channel now, what waits is posted.
async fn catch_up(at: Timestamp, reaction: &mut Reaction) -> Result<(), Trouble> {
    let select = "SELECT case_number FROM case_posts WHERE guild = $1 AND state = 'lost' \
                  ORDER BY case_number DESC LIMIT $2";
    let rows = reaction.rows().query(select, &values![reaction.guild(), CATCH_UP]).await?;
    let newest_first = rows.iter().rev().zip(0..);
    for (row, place) in newest_first {
        let case = CaseNumber(small(row.count(0)?));
        look_at(case, at.plus_secs(place * 60 / CATCH_UP_A_MINUTE), reaction).await?;
    }
    Ok(())
}

/// Their posts name them no longer.
async fn look_at_all_of(
    person: PersonId,
    at: Timestamp,
    reaction: &mut Reaction,
) -> Result<(), Trouble> {
    let select = "SELECT case_number FROM case_posts WHERE guild = $1 AND person = $2 \
                  AND state IN ('posted', 'sending') ORDER BY case_number DESC LIMIT $3";
    let parameters = values![reaction.guild(), person.0, CATCH_UP];
    for row in reaction.rows().query(select, &parameters).await? {
        look_at(CaseNumber(small(row.count(0)?)), at, reaction).await?;
    }
    Ok(())
}

async fn send(post: &Post, reaction: &mut Reaction) -> Result<(), Trouble> {
    let terms = reaction.actions().moderation_terms(reaction.guild()).await?;
    let Some(channel) = terms.values.log_channel.first().copied() else { return Ok(()) };
    let rendered = render::render(post, reaction).await?;
    let Some((letter, shown)) = rendered else { return Ok(()) };
    let call = Call::SendMessage { channel, letter };
    reaction.effect("post", call, &post.case.0.to_string()).await?;
    let sql = "UPDATE case_posts SET state = 'sending', channel = $3, shown = $4, message = NULL \
               WHERE guild = $1 AND case_number = $2";
    reaction.row(sql, &values![reaction.guild(), post.case.0, channel.as_i64(), shown]);
    Ok(())
}

async fn edit(
    post: &Post,
    channel: ChannelId,
    message: MessageId,
    reaction: &mut Reaction,
) -> Result<(), Trouble> {
    let rendered = render::render(post, reaction).await?;
    let Some((letter, shown)) = rendered else { return Ok(()) };
    if post.shown.as_ref() == Some(&shown) {
        return Ok(());
    }
    let call = Call::EditMessage { channel, message, letter };
    reaction.effect("edit", call, &post.case.0.to_string()).await?;
    let sql = "UPDATE case_posts SET shown = $3 WHERE guild = $1 AND case_number = $2";
    reaction.row(sql, &values![reaction.guild(), post.case.0, shown]);
    Ok(())
}

/// The case waits for a channel.
fn lose(case: CaseNumber, reaction: &mut Reaction) {
    let sql = "UPDATE case_posts SET state = 'lost', message = NULL \
               WHERE guild = $1 AND case_number = $2";
    reaction.row(sql, &values![reaction.guild(), case.0]);
}

/// Those who run the community hear once that a channel does not take its posts.
async fn tell(effect: &Effect, code: u64, reaction: &mut Reaction) -> Result<(), Trouble> {
    let (Call::SendMessage { channel, .. } | Call::EditMessage { channel, .. }) = &effect.deed
    else {
        return Ok(());
    };
    let why = if code == UNKNOWN_CHANNEL { "is gone" } else { "does not let me write" };
    let text = format!(
        "Moderation's log channel <#{channel}> {why}. No case is lost. Choose another channel with \
         `/settings set` (moderation.log_channel), or let me see it, write and embed links there \
         and set it again: what could not be posted meanwhile is posted then."
    );
    let letter = Letter::Open(Content::text(text));
    reaction
        .effect_once(&format!("lost/{channel}"), Call::TellModerators { letter }, "")
        .await
        .map(|_| ())
}

async fn read(case: CaseNumber, reaction: &Reaction) -> Result<Option<Post>, Trouble> {
    let select = "SELECT case_number, opened_seq, person, channel, message, shown, state, failure \
                  FROM case_posts WHERE guild = $1 AND case_number = $2";
    let rows = reaction.rows().query(select, &values![reaction.guild(), case.0]).await?;
    Ok(rows.first().map(post).transpose()?)
}

fn post(row: &Row) -> Result<Post, LogError> {
    let text = |column| Ok::<_, LogError>(row.opt_text(column)?.map(str::to_owned));
    Ok(Post {
        case: CaseNumber(small(row.count(0)?)),
        opened_seq: row.count(1)?,
        person: PersonId(small(row.count(2)?)),
        channel: row.opt_int(3)?.and_then(|id| ChannelId::from_i64(id).ok()),
        message: row.opt_int(4)?.and_then(|id| MessageId::from_i64(id).ok()),
        shown: text(5)?,
        state: row.text(6)?.to_owned(),
        failure: text(7)?,
    })
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// One line of an embed.
fn field(name: &str, value: &str, inline: bool) -> Value {
    serde_json::json!({ "name": name, "value": value, "inline": inline })
}
