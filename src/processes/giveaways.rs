//! Posts giveaways, ends them at their time, draws, and sees every prize to somebody.
//!
//! | step | repeated | refused | killed |
//! |---|---|---|---|
//! | `created`: an effect that posts it, a timer for its end | the same effect and timer | Discord will not post it: it is called off, and that is noted | the event comes again |
//! | it is posted: note which message it is | the key notes once | never | the outcome is told again |
//! | somebody comes or goes: a timer for the count on the message, one for each [`WINDOW_SECS`] | the same timer | never | the event comes again |
//! | the count's timer: an effect that edits the message | the same effect | the message is gone: it is left; Discord is away: another timer | it fires again |
//! | the end's timer: close | closed once | paused, called off or made longer: nothing | it fires again |
//! | `closed`: an effect that posts what is drawn from | the same effect | a timer tries again, for a day | the event comes again |
//! | that is posted: draw with its id | drawn once | called off: nothing; the seed's key is gone: it waits for a person | the outcome is told again |
//! | somebody is drawn: an effect that looks at them | the same effect | they are gone: the next one is drawn; Discord is away: a timer looks again, for a day | the event comes again |
//! | they were looked at: confirm them, or draw the next | a candidate is settled once | never | the outcome is told again |
//! | `winner_confirmed`: an effect that calls them, a timer for the longest that they may have | the same effect and timer | the call cannot be posted: they have a day, and the host is told | the event comes again |
//! | they were called: note it, and their time to claim begins | it begins once | somebody was quicker | the outcome is told again |
//! | `claim_opened`: a timer for the claim, in place of the longer one | the same timer | never | the event comes again |
//! | the claim's timer: it lapses, and the next one is drawn | a claim lapses once | it was claimed: nothing | it fires again |

mod posts;

pub use posts::CAPABILITY;

use std::str::FromStr;

use actions::{
    ActionError,
    giveaways::{MODULE, Seen, Shown},
};
use async_trait::async_trait;
use domain::{
    GiveawayId, MessageId, PersonId, RoleId, Timestamp,
    giveaways::{Event, Exclusion, GiveawaySettings, Phase, UNCALLED_SECS},
};
use eventlog::Recorded;
use serde_json::json;
use uuid::Uuid;

use self::posts::Posts;
use super::{
    Content, Deed, Effect, Ended, Letter, Process, Reaction, Timer, Trouble,
    effect::code::{ERASED, UNKNOWN_MEMBER},
};

/// The count on a message is brought up to date once in so long, while people come and go.
pub const WINDOW_SECS: i64 = 8;
/// After Discord dropped one, the next is tried so much later.
const COUNT_AGAIN_SECS: i64 = 60;
/// What Discord refused or did not answer is asked for again so often.
const AGAIN_SECS: i64 = 600;
const MOST_AGAIN: u32 = 144;

const END: &str = "giveaway.end";
const COUNT: &str = "giveaway.count";
const CLAIM: &str = "giveaway.claim";
const CLOSE_AGAIN: &str = "giveaway.close_again";
const LOOK_AGAIN: &str = "giveaway.look_again";

#[derive(Debug)]
pub struct Giveaways;

/// What an effect was ordered for: `look/<giveaway>/<entry>/<attempt>`.
struct Note {
    what: String,
    id: GiveawayId,
    entry: u32,
    attempt: u32,
}

impl Note {
    fn text(what: &str, id: GiveawayId, entry: u32, attempt: u32) -> String {
        format!("{what}/{id}/{entry}/{attempt}")
    }
}

impl FromStr for Note {
    type Err = Trouble;

    fn from_str(text: &str) -> Result<Self, Trouble> {
        let parts: Vec<_> = text.split('/').collect();
        let read = || {
            let [what, id, entry, attempt] = parts[..] else { return None };
            let id = GiveawayId(Uuid::parse_str(id).ok()?);
            let (entry, attempt) = (entry.parse().ok()?, attempt.parse().ok()?);
            Some(Self { what: what.to_owned(), id, entry, attempt })
        };
        read().ok_or_else(|| Trouble::Poison(format!("no effect of a giveaway is named {text:?}")))
    }
}

#[async_trait]
impl Process for Giveaways {
    fn name(&self) -> &'static str {
        "giveaways"
    }

    fn follows(&self, type_name: &str) -> bool {
        type_name.starts_with("giveaway.")
    }

    async fn react(&self, event: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        let name = event.stream.aggregate_id();
        let id = name.split_once('/').and_then(|(_, id)| Uuid::parse_str(id).ok());
        let id = GiveawayId(id.ok_or_else(|| Trouble::Poison(format!("{name} is no giveaway")))?);
        let event = eventlog::decode(event)?;
        match &event {
            Event::Created { .. }
            | Event::Posted { .. }
            | Event::PostFailed { .. }
            | Event::Edited { .. }
            | Event::Paused { .. }
            | Event::Resumed { .. }
            | Event::Cancelled { .. } => its_course(id, &event, reaction).await,
            // Whoever left may be many; the count is looked at when its time comes.
            Event::Entered { at, .. } => count_soon(id, *at, reaction).await,
            Event::EntryExcluded { why, at, .. } => match why {
                Exclusion::Left | Exclusion::Removed => count_soon(id, *at, reaction).await,
                _ => Ok(()),
            },
            Event::Closed { .. } => {
                reaction.cancel_timer(END, &id.to_string());
                post_close(id, 0, reaction).await?;
                edit(id, reaction).await
            }
            _ => the_draw(id, &event, reaction).await,
        }
    }

    fn timers(&self) -> &'static [&'static str] {
        &[END, COUNT, CLAIM, CLOSE_AGAIN, LOOK_AGAIN]
    }

    async fn fire(&self, timer: &Timer, reaction: &mut Reaction) -> Result<(), Trouble> {
        let number = |name: &str| {
            timer.payload[name].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
        };
        let id = timer.payload["giveaway"].as_str().and_then(|id| Uuid::parse_str(id).ok());
        let id = id.ok_or_else(|| Trouble::Poison("a timer names no giveaway".to_owned()))?;
        let (id, guild) = (GiveawayId(id), reaction.guild());
        match timer.kind.as_str() {
            END => {
                let key = reaction.key("close")?;
                overtaken(reaction.actions().close_giveaway(guild, id, &key).await)
            }
            CLAIM => {
                let (entry, key) = (number("entry"), reaction.key("lapse")?);
                match reaction.actions().lapse_claim(guild, id, entry, &key).await {
                    // They were not called when this timer was set.
                    Ok(Some(until)) => lapse_at(id, entry, until, reaction).await,
                    lapsed => overtaken(lapsed.map(drop)),
                }
            }
            COUNT => refresh(id, reaction).await,
            CLOSE_AGAIN => post_close(id, number("attempt"), reaction).await,
            LOOK_AGAIN => {
                let shown = reaction.actions().shown_giveaway(guild, id).await?;
                let entry = number("entry");
                let winner = shown.winners.iter().find(|winner| winner.entry == entry);
                match winner {
                    Some(winner) => {
                        look(&shown, entry, winner.person, number("attempt"), reaction).await
                    }
                    None => Ok(()),
                }
            }
            other => Err(Trouble::Poison(format!("giveaways know no timers of kind {other}"))),
        }
    }

    async fn outcome(
        &self,
        effect: &Effect,
        ended: &Ended,
        reaction: &mut Reaction,
    ) -> Result<(), Trouble> {
        if effect.note.is_empty() {
            return Ok(());
        }
        let note: Note = effect.note.parse()?;
        match note.what.as_str() {
            "post" => posted(&note, ended, reaction).await,
            "close" => close_posted(&note, ended, reaction).await,
            "look" => looked_at(&note, effect, ended, reaction).await,
            "count" => counted(&note, ended, reaction).await,
            "call" => called(&note, ended, reaction).await,
            other => Err(Trouble::Poison(format!("giveaways order no effects for {other:?}"))),
        }
    }
}

/// From the making to the end.
async fn its_course(id: GiveawayId, event: &Event, reaction: &mut Reaction) -> Result<(), Trouble> {
    match event {
        Event::Created { channel, terms, commitment, at, .. } => {
            let Some(channel) = *channel else { return Ok(()) };
            let posts = Posts::of(reaction).await?;
            let letter = Letter::Open(posts.fresh(id, terms, *commitment)?);
            let deed = Deed::SendMessage { channel, letter };
            reaction.effect("post", deed, &Note::text("post", id, 0, 0)).await?;
            end_at(id, terms.ends_at.max(*at), reaction).await
        }
        Event::Posted { at, .. } => count_soon(id, *at, reaction).await,
        Event::Edited { terms, .. } => {
            let shown = shown(id, reaction).await?;
            if shown.phase == Phase::Open {
                end_at(id, terms.ends_at, reaction).await?;
            }
            edit(id, reaction).await
        }
        Event::Resumed { ends_at, .. } => {
            end_at(id, *ends_at, reaction).await?;
            edit(id, reaction).await
        }
        Event::PostFailed { .. } => {
            reaction.cancel_timer(END, &id.to_string());
            Ok(())
        }
        _ => {
            reaction.cancel_timer(END, &id.to_string());
            edit(id, reaction).await
        }
    }
}

/// From the draw to the last claim.
async fn the_draw(id: GiveawayId, event: &Event, reaction: &mut Reaction) -> Result<(), Trouble> {
    let posts = Posts::of(reaction).await?;
    match event {
        Event::DrawBegun { message, seed, .. } => {
            let shown = shown(id, reaction).await?;
            say(&shown, "reveal", posts.reveal(&shown, *message, seed), reaction).await?;
            edit(id, reaction).await
        }
        Event::CandidateDrawn { entry, person, .. } => {
            let shown = shown(id, reaction).await?;
            look(&shown, *entry, *person, 0, reaction).await
        }
        Event::WinnerConfirmed { entry, person, claim_until, .. } => {
            let shown = shown(id, reaction).await?;
            if let Some(channel) = shown.channel {
                let letter = Letter::Open(posts.call(&shown, claim_until.is_some())?);
                let deed = Deed::CallMember { channel, person: *person, letter };
                reaction.effect("call", deed, &Note::text("call", id, *entry, 0)).await?;
            }
            // Nothing waits for ever, even if it is never known what became of the call.
            let Some(until) = claim_until else { return Ok(()) };
            lapse_at(id, *entry, until.plus_secs(i64::from(UNCALLED_SECS)), reaction).await
        }
        Event::ClaimOpened { entry, message, claim_until, .. } => {
            if message.is_none() {
                let shown = shown(id, reaction).await?;
                let text = posts.not_called(&shown, *entry, *claim_until);
                // The hands know the community's name.
                let words = text.content.clone().unwrap_or_default();
                let letter = Letter::Open(Content::text(format!("{{community}}: {words}")));
                let deed = Deed::PrivateNotice { person: shown.host, letter };
                reaction.effect("host", deed, "").await?;
                note(text, reaction).await?;
            }
            lapse_at(id, *entry, *claim_until, reaction).await
        }
        Event::PrizeClaimed { entry, .. } => {
            reaction.cancel_timer(CLAIM, &claim_key(id, *entry));
            Ok(())
        }
        Event::ClaimLapsed { entry, .. } => {
            let shown = shown(id, reaction).await?;
            let text = posts.lapsed(&shown, *entry);
            say(&shown, "lapsed", text.clone(), reaction).await?;
            note(text, reaction).await
        }
        Event::WinnerRerolled { entry, .. } => {
            reaction.cancel_timer(CLAIM, &claim_key(id, *entry));
            let shown = shown(id, reaction).await?;
            let text = posts.rerolled(&shown, *entry);
            say(&shown, "rerolled", text.clone(), reaction).await?;
            note(text, reaction).await
        }
        Event::RerollsExhausted { rerolls, .. } => {
            let shown = shown(id, reaction).await?;
            let text = posts.exhausted(&shown, *rerolls);
            say(&shown, "exhausted", text.clone(), reaction).await?;
            note(text, reaction).await
        }
        Event::NobodyLeft { prizes, .. } => {
            let shown = shown(id, reaction).await?;
            let text = posts.nobody_left(&shown, *prizes);
            say(&shown, "nobody", text, reaction).await
        }
        Event::CandidateDisqualified { entry, why, .. } => {
            let shown = shown(id, reaction).await?;
            note(posts.disqualified(&shown, *entry, *why), reaction).await
        }
        _ => Ok(()),
    }
}

async fn shown(id: GiveawayId, reaction: &Reaction) -> Result<Shown, Trouble> {
    Ok(reaction.actions().shown_giveaway(reaction.guild(), id).await?)
}

fn claim_key(id: GiveawayId, entry: u32) -> String {
    format!("{id}/{entry}")
}

async fn lapse_at(
    id: GiveawayId,
    entry: u32,
    due: Timestamp,
    reaction: &mut Reaction,
) -> Result<(), Trouble> {
    let payload = json!({ "giveaway": id, "entry": entry });
    reaction.set_timer(CLAIM, &claim_key(id, entry), due, &payload).await
}

async fn end_at(id: GiveawayId, due: Timestamp, reaction: &mut Reaction) -> Result<(), Trouble> {
    reaction.set_timer(END, &id.to_string(), due, &json!({ "giveaway": id })).await
}

/// At the end of the window that this falls into: however many come and go, one timer.
async fn count_soon(id: GiveawayId, at: Timestamp, reaction: &mut Reaction) -> Result<(), Trouble> {
    let due = Timestamp::from_secs((at.as_secs().div_euclid(WINDOW_SECS) + 1) * WINDOW_SECS);
    reaction.set_timer(COUNT, &id.to_string(), due, &json!({ "giveaway": id })).await
}

/// Brings the message up to date, if nothing newer comes.
async fn refresh(id: GiveawayId, reaction: &mut Reaction) -> Result<(), Trouble> {
    let shown = shown(id, reaction).await?;
    let (Some(channel), Some(message)) = (shown.channel, shown.message) else { return Ok(()) };
    let letter = Letter::Open(Posts::of(reaction).await?.now(&shown)?);
    let deed = Deed::RefreshMessage { channel, message, letter };
    reaction.effect("count", deed, &Note::text("count", id, 0, 0)).await.map(drop)
}

/// Brings the message up to date in any case: it says something else now.
async fn edit(id: GiveawayId, reaction: &mut Reaction) -> Result<(), Trouble> {
    let shown = shown(id, reaction).await?;
    let (Some(channel), Some(message)) = (shown.channel, shown.message) else { return Ok(()) };
    let letter = Letter::Open(Posts::of(reaction).await?.now(&shown)?);
    reaction.effect("edit", Deed::EditMessage { channel, message, letter }, "").await.map(drop)
}

/// Tells everybody what is drawn from: the id of this message goes into the draw.
async fn post_close(id: GiveawayId, attempt: u32, reaction: &mut Reaction) -> Result<(), Trouble> {
    let shown = shown(id, reaction).await?;
    let Some(channel) = shown.channel.filter(|_| shown.phase == Phase::Closed) else {
        return Ok(());
    };
    let letter = Letter::Open(Posts::of(reaction).await?.close(&shown));
    let deed = Deed::SendMessage { channel, letter };
    let note = Note::text("close", id, 0, attempt);
    reaction.effect("close", deed, &note).await.map(drop)
}

async fn look(
    shown: &Shown,
    entry: u32,
    person: PersonId,
    attempt: u32,
    reaction: &mut Reaction,
) -> Result<(), Trouble> {
    let requires = &shown.terms.requires;
    let asked = [&requires.all_of, &requires.any_of, &requires.none_of];
    let mut roles: Vec<RoleId> = asked.into_iter().flatten().copied().collect();
    roles.sort_unstable();
    roles.dedup();
    let note = Note::text("look", shown.id, entry, attempt);
    let step = format!("look/{entry}");
    reaction.effect(&step, Deed::LookAtMember { person, roles }, &note).await.map(drop)
}

/// Says something where the giveaway is.
async fn say(
    shown: &Shown,
    step: &str,
    text: Content,
    reaction: &mut Reaction,
) -> Result<(), Trouble> {
    let Some(channel) = shown.channel else { return Ok(()) };
    let deed = Deed::SendMessage { channel, letter: Letter::Open(text) };
    reaction.effect(step, deed, "").await.map(drop)
}

/// A line in the log channel, where there is one.
async fn note(text: Content, reaction: &mut Reaction) -> Result<(), Trouble> {
    let settings = reaction.actions().settings::<GiveawaySettings>(reaction.guild()).await?;
    let Some(channel) = settings.values.log_channel.first().copied() else { return Ok(()) };
    let deed = Deed::PostNotice { channel, letter: Letter::Open(text) };
    reaction.effect("note", deed, "").await.map(drop)
}

async fn posted(note: &Note, ended: &Ended, reaction: &mut Reaction) -> Result<(), Trouble> {
    let (guild, key) = (reaction.guild(), reaction.key("posted")?);
    let noted = match message_of(ended) {
        Ok(message) => reaction.actions().note_giveaway_posted(guild, note.id, message, &key).await,
        Err(code) => reaction.actions().note_giveaway_not_posted(guild, note.id, code, &key).await,
    };
    overtaken(noted)
}

async fn close_posted(note: &Note, ended: &Ended, reaction: &mut Reaction) -> Result<(), Trouble> {
    match message_of(ended) {
        Ok(message) => {
            let (guild, key) = (reaction.guild(), reaction.key("draw")?);
            overtaken(reaction.actions().draw_giveaway(guild, note.id, message, &key).await)
        }
        Err(_) => again(CLOSE_AGAIN, note, reaction).await,
    }
}

async fn looked_at(
    note: &Note,
    effect: &Effect,
    ended: &Ended,
    reaction: &mut Reaction,
) -> Result<(), Trouble> {
    let Deed::LookAtMember { .. } = effect.deed else { return Ok(()) };
    let seen = match ended {
        Ended::Done(has) => {
            let has = has.as_deref().unwrap_or_default();
            let roles = has.split(',').filter_map(|role| role.parse().ok()).collect();
            Seen::Member { roles }
        }
        Ended::Failed { code: UNKNOWN_MEMBER | ERASED, .. } => Seen::NotAMember,
        Ended::Failed { .. } | Ended::Dropped => return again(LOOK_AGAIN, note, reaction).await,
    };
    let (guild, key) = (reaction.guild(), reaction.key("settle")?);
    let settled = reaction.actions().settle_candidate(guild, note.id, note.entry, &seen, &key);
    overtaken(settled.await)
}

/// The message stands, or never will.
async fn called(note: &Note, ended: &Ended, reaction: &mut Reaction) -> Result<(), Trouble> {
    let (guild, key) = (reaction.guild(), reaction.key("open")?);
    let call = (note.entry, message_of(ended).ok());
    overtaken(reaction.actions().open_claim(guild, note.id, call, &key).await)
}

async fn counted(note: &Note, ended: &Ended, reaction: &mut Reaction) -> Result<(), Trouble> {
    // Refused for good: the message is gone, or we are.
    let stale = matches!(ended, Ended::Dropped | Ended::Failed { code: 0, .. });
    if !stale {
        return Ok(());
    }
    let due = reaction.now().plus_secs(COUNT_AGAIN_SECS);
    reaction.set_timer(COUNT, &note.id.to_string(), due, &json!({ "giveaway": note.id })).await
}

/// Tries once more after a while, not for ever.
async fn again(kind: &'static str, note: &Note, reaction: &mut Reaction) -> Result<(), Trouble> {
    let attempt = note.attempt + 1;
    if attempt > MOST_AGAIN {
        tracing::error!(
            guild.id = %reaction.guild(), giveaway = %note.id, kind,
            "Discord has refused for a day; the giveaway waits for somebody to end or cancel it"
        );
        return Ok(());
    }
    let due = reaction.now().plus_secs(AGAIN_SECS);
    let payload = json!({ "giveaway": note.id, "entry": note.entry, "attempt": attempt });
    reaction.set_timer(kind, &claim_key(note.id, note.entry), due, &payload).await
}

/// The message that was made of an effect, or the number of Discord's reason why not.
fn message_of(ended: &Ended) -> Result<MessageId, u64> {
    match ended {
        Ended::Done(Some(id)) => id.parse().map_err(|_| 0_u64),
        Ended::Failed { code, .. } => Err(*code),
        Ended::Done(None) | Ended::Dropped => Err(0),
    }
}

/// A rule that says no here says that somebody was quicker: it was called off, paused, claimed.
fn overtaken(result: Result<(), ActionError>) -> Result<(), Trouble> {
    match result {
        Err(ActionError::Refused { rule, .. }) if rule != "giveaway.wrong_seed" => {
            tracing::debug!(module = MODULE.name, rule, "a step of a giveaway was overtaken");
            Ok(())
        }
        other => Ok(other?),
    }
}
