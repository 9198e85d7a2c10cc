//! What the post of a case says.
//!
//! It is written from what is recorded: the event that made the case, what was said of it since, and
//! what is in force. Which state of the case that is, is told beside it without a word of what it
//! says, so that it can be kept in the clear.

use domain::{
    CaseNumber, Decider as _, PersonId, Personal, Timestamp,
    case::{self, Case, Kind, Status},
    moderation::{By, Event, Stage},
};
use eventlog::StreamId;
use serde_json::json;

use super::{Post, field};
use crate::{
    discord::reply::plain,
    processes::{Content, Letter, Reaction, Trouble, cases},
};

/// Of a case's history: notes and evidence have limits of their own.
const MAX_EVENTS: usize = 2_000;
/// Discord's limit for a field, less what a mark at its end takes.
const MAX_FIELD_CHARS: usize = 1_000;
const GREY: u32 = 0x80_84_8e;
const ORANGE: u32 = 0xe6_7e_22;
const RED: u32 = 0xd8_3c_3e;
const GREEN: u32 = 0x3b_a5_5d;

/// How a case began.
struct Began {
    kind: Kind,
    by: By,
    reason: Option<String>,
    until: Option<Timestamp>,
}

/// The letter, and which state of the case it shows; none where the case cannot be found.
pub(super) async fn render(
    post: &Post,
    reaction: &Reaction,
) -> Result<Option<(Letter, String)>, Trouble> {
    let (guild, case, person) = (reaction.guild(), post.case, post.person);
    let Some(user) = reaction.people().user(guild, person).await? else {
        let text = format!("Case {case} was about somebody whose data has been erased.");
        return Ok(Some((Letter::Open(Content::text(text)), "erased".to_owned())));
    };
    let stream = StreamId::part(Case::CAPABILITY, guild, &case.0.to_string());
    let read = |state: &case::State, version| (state.status(), state.is_hidden(), version);
    let (status, hidden, version) =
        reaction.actions().bus().read::<Case, _>(&stream, read).await.map_err(Trouble::from)?;
    if hidden {
        let text = format!("Case {case} is hidden.");
        return Ok(Some((Letter::Open(Content::text(text)), format!("hidden {version}"))));
    }
    let Some(mut began) = began(post, reaction).await? else { return Ok(None) };
    if let Some(edited) = edited(&stream, reaction).await? {
        began.reason = Some(edited);
    }
    let held = reaction.actions().sanction_of(guild, (case, person)).await?;
    if let Some(held) = held {
        began.until = held.until;
    }
    let under_way = reaction.actions().awaits_answer(guild, (case, person), Stage::Deed).await?;
    let standing = standing(post, status, under_way, held.is_some());
    let by = named(&began.by, reaction).await?;
    let mut fields = vec![
        field("Member", &format!("<@{user}>"), true),
        field("By", &by, true),
        field("Status", &standing, true),
    ];
    if let Some(until) = began.until {
        fields.push(field("Until", &format!("<t:{}:f>", until.as_secs()), true));
    }
    if let Some(reason) = began.reason.as_deref().filter(|reason| !reason.is_empty()) {
        fields.push(field("Reason", &shortened(&plain(reason)), false));
    }
    let embed = json!({
        "title": title(case, began.kind),
        "color": color(began.kind, status),
        "fields": fields,
    });
    let content = Content { embeds: vec![embed], ..Content::default() };
    let until = began.until.map_or(0, Timestamp::as_secs);
    let shown = format!("{version} {standing} {until}");
    Ok(Some((Letter::About(Personal::clear(person, content)), shown)))
}

async fn began(post: &Post, reaction: &Reaction) -> Result<Option<Began>, Trouble> {
    let (guild, log) = (reaction.guild(), reaction.actions().bus().log());
    let found = log.read_guild(guild, post.opened_seq - 1, 1).await?;
    let Some(recorded) = found.first() else { return Ok(None) };
    let mut event: Event = eventlog::decode(recorded)?;
    reaction.people().open_event(guild, recorded.id, &mut event).await?;
    let read = |reason: Option<Personal<String>>| reason.and_then(|text| text.value().cloned());
    Ok(match event {
        Event::MemberWarned { by, reason, .. } => {
            Some(Began { kind: Kind::Warning, by, reason: read(reason), until: None })
        }
        Event::DeedOrdered { deed, by, reason, until, .. }
        | Event::DeedObserved { deed, by, reason, until, .. } => {
            Some(Began { kind: cases::kind(deed), by, reason: read(reason), until })
        }
        _ => None,
    })
}

/// The reason as it was edited last.
async fn edited(stream: &StreamId, reaction: &Reaction) -> Result<Option<String>, Trouble> {
    let log = reaction.actions().bus().log();
    let events = log.read_stream(stream, 0, MAX_EVENTS).await?;
    let last = events.iter().rev().find(|event| event.type_name == "case.reason_edited");
    let Some(recorded) = last else { return Ok(None) };
    let mut event: case::Event = eventlog::decode(recorded)?;
    reaction.people().open_event(reaction.guild(), recorded.id, &mut event).await?;
    let case::Event::ReasonEdited { text, .. } = event else { return Ok(None) };
    // Edited to something that was erased since: then there is none.
    Ok(Some(text.value().cloned().unwrap_or_default()))
}

fn standing(post: &Post, status: Status, under_way: bool, in_force: bool) -> String {
    match (status, &post.failure) {
        (Status::Open | Status::Failed, Some(why)) => format!("not carried out: {why}"),
        (Status::Open, None) if under_way => "being carried out".to_owned(),
        (Status::Open, None) if in_force => "in force".to_owned(),
        (status, _) => status.word().to_owned(),
    }
}

async fn named(by: &By, reaction: &Reaction) -> Result<String, Trouble> {
    Ok(match by {
        By::Member(person) => mention(*person, reaction).await?,
        By::ActingFor { moderator, whom } => {
            let (moderator, whom) =
                (mention(*moderator, reaction).await?, mention(*whom, reaction).await?);
            format!("{whom}, entered by {moderator}")
        }
        By::Rule(name) => format!("the rule {}", plain(name)),
        By::Unknown => "unknown".to_owned(),
    })
}

async fn mention(person: PersonId, reaction: &Reaction) -> Result<String, Trouble> {
    let user = reaction.people().user(reaction.guild(), person).await?;
    Ok(user
        .map_or_else(|| "somebody whose data was erased".to_owned(), |user| format!("<@{user}>")))
}

fn title(case: CaseNumber, kind: Kind) -> String {
    let word = match kind {
        Kind::Warning => "warning",
        Kind::Note => "note",
        Kind::Timeout => "timeout",
        Kind::EndTimeout => "end of a timeout",
        Kind::Kick => "kick",
        Kind::Ban => "ban",
        Kind::Unban => "unban",
        Kind::Softban => "softban",
    };
    format!("Case {case}: {word}")
}

const fn color(kind: Kind, status: Status) -> u32 {
    match (status, kind) {
        (Status::Failed | Status::Revoked | Status::Pardoned | Status::Expired, _)
        | (_, Kind::Note) => GREY,
        (_, Kind::Warning | Kind::Timeout | Kind::Kick | Kind::Softban) => ORANGE,
        (_, Kind::Ban) => RED,
        (_, Kind::Unban | Kind::EndTimeout) => GREEN,
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_FIELD_CHARS {
        return text.to_owned();
    }
    text.chars().take(MAX_FIELD_CHARS).chain(['…']).collect()
}
