//! What members are told about their cases, and what Discord's audit log is told about ours.
//!
//! Whoever is kicked or banned hears it before, because afterwards a bot cannot write to them.
//! Everybody else hears it when it has happened. Nobody hears who did it. All of it is sealed with
//! the member's key, and what is old news is not told: a log that moved tells nobody anything twice.

use domain::{
    CaseNumber, PersonId, Personal, Timestamp,
    moderation::{Deed, Event, ModerationSettings, Reason},
};
use eventlog::Recorded;

use super::super::{Content, Deed as Call, Letter, Reaction, Trouble};
use crate::discord::reply::plain;

/// What happened longer ago is told to nobody.
const NEWS_SECS: i64 = 3_600;

/// About somebody.
pub fn plainly(person: PersonId, text: String) -> Letter {
    Letter::About(Personal::clear(person, Content::text(text)))
}

/// About nobody in particular.
pub fn openly(text: String) -> Letter {
    Letter::Open(Content::text(text))
}

/// For the audit log: the case, and what the moderator wrote.
pub async fn why(
    recorded: &Recorded,
    event: &Event,
    reaction: &Reaction,
) -> Result<Letter, Trouble> {
    let Event::DeedOrdered { case, person, reason, .. } = event else {
        return Ok(openly(String::new()));
    };
    let text = match read(recorded, event, reason, reaction).await? {
        Some(reason) => format!("Case {case}: {reason}"),
        None => format!("Case {case}."),
    };
    Ok(plainly(*person, text))
}

/// The same of a punishment that is taken back.
pub async fn lifted(
    recorded: &Recorded,
    event: &Event,
    reaction: &Reaction,
) -> Result<Letter, Trouble> {
    let Event::LiftOrdered { case, person, reason, .. } = event else {
        return Ok(openly(String::new()));
    };
    let text = match read(recorded, event, reason, reaction).await? {
        Some(reason) => format!("Case {case} is over: {reason}"),
        None => format!("Case {case} is over."),
    };
    Ok(plainly(*person, text))
}

pub async fn warned(
    recorded: &Recorded,
    event: &Event,
    reaction: &mut Reaction,
) -> Result<(), Trouble> {
    let Event::MemberWarned { case, person, reason, .. } = event else { return Ok(()) };
    let Some(settings) = wanted(recorded.at, reaction).await? else { return Ok(()) };
    let reason = read(recorded, event, reason, reaction).await?;
    let text = text(
        "You were warned in {community}.",
        *case,
        reason,
        None,
        &appeal(&settings, Way::Command),
    );
    private(*person, text, reaction).await
}

/// A timeout is told once it is in force.
pub async fn applied(
    recorded: &Recorded,
    event: &Event,
    reaction: &mut Reaction,
) -> Result<(), Trouble> {
    let Event::DeedApplied { case, person, deed, .. } = event else { return Ok(()) };
    let head = match deed {
        Deed::Timeout => "You were timed out in {community}.",
        Deed::EndTimeout => "Your timeout in {community} has ended.",
        Deed::Kick | Deed::Ban | Deed::Unban | Deed::Softban => return Ok(()),
    };
    let Some(settings) = wanted(recorded.at, reaction).await? else { return Ok(()) };
    let held = reaction.actions().sanction_of(reaction.guild(), (*case, *person)).await?;
    let until = held.and_then(|held| held.until);
    let appeal =
        if *deed == Deed::Timeout { appeal(&settings, Way::Command) } else { String::new() };
    let text = text(head, *case, None, until, &appeal);
    private(*person, text, reaction).await
}

/// Before somebody is removed; whether they are told at all.
pub async fn farewell(
    recorded: &Recorded,
    event: &Event,
    note: &str,
    reaction: &mut Reaction,
) -> Result<bool, Trouble> {
    let Event::DeedOrdered { case, deed, person, reason, until, .. } = event else {
        return Ok(false);
    };
    let head = match deed {
        Deed::Kick | Deed::Softban => "You are being removed from {community}. You may come back.",
        _ => "You are being banned from {community}.",
    };
    let Some(settings) = wanted(recorded.at, reaction).await? else { return Ok(false) };
    let reason = read(recorded, event, reason, reaction).await?;
    let way = match deed {
        Deed::Ban => Way::Outside(reaction.actions().dashboard()),
        _ => Way::Command,
    };
    let text = text(head, *case, reason, *until, &appeal(&settings, way));
    let letter = plainly(*person, text);
    let call = Call::Farewell { person: *person, letter };
    reaction.effect("farewell", call, note).await.map(|_| true)
}

/// Discord did not do what they were told before.
pub async fn still_here(
    case: CaseNumber,
    person: PersonId,
    reaction: &mut Reaction,
) -> Result<(), Trouble> {
    // The farewell may have come too late, or they take no messages: whether they heard is unknown.
    let head = "You are still a member of {community}. If you were told otherwise a moment ago: it \
                did not happen.";
    private(person, text(head, case, None, None, ""), reaction).await
}

async fn private(person: PersonId, text: String, reaction: &mut Reaction) -> Result<(), Trouble> {
    let letter = plainly(person, text);
    reaction.effect("letter", Call::PrivateNotice { person, letter }, "").await.map(|_| ())
}

/// The settings, where members are to be told and this is still news.
async fn wanted(at: Timestamp, reaction: &Reaction) -> Result<Option<ModerationSettings>, Trouble> {
    if reaction.now().secs_since(at) > NEWS_SECS {
        return Ok(None);
    }
    let terms = reaction.actions().moderation_terms(reaction.guild()).await?;
    Ok(terms.values.tell_members.then(|| terms.values.clone()))
}

/// From where somebody can appeal.
#[derive(Clone, Copy)]
enum Way<'a> {
    /// They are in the community, or may come back.
    Command,
    /// They cannot come back; with where the dashboard is, if that is known.
    Outside(Option<&'a str>),
}

/// How they can have it looked at again.
fn appeal(settings: &ModerationSettings, way: Way<'_>) -> String {
    match way {
        _ if !settings.appeals => String::new(),
        Way::Command => "You can appeal there with `/appeal`.".to_owned(),
        Way::Outside(Some(dashboard)) => {
            format!("You can appeal: sign in at {dashboard}/me/appeals.")
        }
        Way::Outside(None) => {
            "You can appeal: write to those who run it, and name the case's number.".to_owned()
        }
    }
}

fn text(
    head: &str,
    case: CaseNumber,
    reason: Option<String>,
    until: Option<Timestamp>,
    appeal: &str,
) -> String {
    let mut lines = vec![head.to_owned()];
    lines.extend(reason.map(|reason| format!("Reason: {}", plain(&reason))));
    lines.extend(until.map(|until| format!("Until <t:{}:f>.", until.as_secs())));
    lines.push(format!("Case {case}. {appeal}").trim().to_owned());
    lines.join("\n")
}

/// What somebody wrote, where it can still be read.
async fn read(
    recorded: &Recorded,
    event: &Event,
    reason: &Reason,
    reaction: &Reaction,
) -> Result<Option<String>, Trouble> {
    if reason.is_none() {
        return Ok(None);
    }
    let mut opened = event.clone();
    let people = reaction.people();
    people.open_event(reaction.guild(), recorded.id, &mut opened).await?;
    let (Event::DeedOrdered { reason, .. }
    | Event::MemberWarned { reason, .. }
    | Event::LiftOrdered { reason, .. }) = &opened
    else {
        return Ok(None);
    };
    Ok(reason.as_ref().and_then(Personal::value).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_somebody_who_cannot_come_back_then_they_are_told_where_they_can_appeal() {
        let settings = ModerationSettings::default();
        assert_eq!(appeal(&settings, Way::Command), "You can appeal there with `/appeal`.");
        let told = appeal(&settings, Way::Outside(Some("https://reeve.example")));
        assert_eq!(told, "You can appeal: sign in at https://reeve.example/me/appeals.");
        assert!(appeal(&settings, Way::Outside(None)).contains("write to those who run it"));
        let closed = ModerationSettings { appeals: false, ..settings };
        assert_eq!(appeal(&closed, Way::Outside(Some("https://reeve.example"))), "");
    }
}
