//! What the post of an entry says: one embed for each. What somebody wrote is sealed with their
//! key until it is sent.

use actions::logs::{LogLine, Said};
use domain::{
    PersonId, Personal, UserId,
    logs::{Difference, Kind},
};
use serde_json::{Value, json};

use super::told;
use crate::{
    discord::reply::plain,
    processes::{Content, Letter},
};

/// Discord's limit for all embeds of a message, less some room for what counts otherwise there.
const MAX_CHARS: usize = 5_500;
/// Of what a message said.
const MAX_SAID: usize = 1_000;
/// Of an embed; Discord takes a little more.
const MAX_TEXT: usize = 4_000;
const MAX_PURGED: usize = 8;
/// Of one message.
const MAX_EMBEDS: usize = 10;
const MAX_PURGED_CHARS: usize = 150;
const GREY: u32 = 0x80_84_8e;
const ORANGE: u32 = 0xe6_7e_22;
const RED: u32 = 0xd8_3c_3e;
const GREEN: u32 = 0x3b_a5_5d;
const BLUE: u32 = 0x5b_6e_e1;

/// As many as one message takes, beside a line about those that are left out, and the last of them.
pub(super) fn letters(lines: &[LogLine], left_out: u64) -> (Vec<Letter>, u64) {
    let most = if left_out > 0 { MAX_EMBEDS - 1 } else { MAX_EMBEDS };
    let (mut letters, mut chars, mut last) = (Vec::new(), 0, 0);
    for line in lines {
        let texts = texts(line);
        chars += texts.iter().map(|(_, text)| text.chars().count() + 32).sum::<usize>();
        let is_full = chars > MAX_CHARS || letters.len() + texts.len() > most;
        if is_full && !letters.is_empty() {
            break;
        }
        for (place, (owner, text)) in texts.into_iter().enumerate() {
            let mut embed = json!({ "description": text, "color": color(line.kind) });
            if place == 0 {
                embed["title"] = json!(title(line.kind));
            }
            letters.push(letter(owner, embed));
        }
        last = line.seq;
    }
    (letters, last)
}

/// What is told of an entry, each part with the key of whose it is.
fn texts(line: &LogLine) -> Vec<(Option<PersonId>, String)> {
    let purged = line.purged.iter().take(MAX_PURGED).map(|one| {
        let text = shortened(&plain(&one.said.text), MAX_PURGED_CHARS);
        (Some(one.owner), format!("{}: {text}", mention(one.author)))
    });
    std::iter::once((line.owner, shortened(&text(line), MAX_TEXT))).chain(purged).collect()
}

pub(super) fn left_out(entries: u64) -> Letter {
    let text =
        format!("Too much happened at once: {entries} entries before this are in `/logs list`.");
    let embed = json!({ "description": text, "color": GREY });
    Letter::Open(Content { embeds: vec![embed], ..Content::default() })
}

fn letter(owner: Option<PersonId>, embed: Value) -> Letter {
    let content = Content { embeds: vec![embed], ..Content::default() };
    match owner {
        Some(owner) => Letter::About(Personal::clear(owner, content)),
        None => Letter::Open(content),
    }
}

const fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::MessageEdited => "Message edited",
        Kind::MessageDeleted => "Message deleted",
        Kind::MessagesPurged => "Messages deleted at once",
        Kind::MemberJoined => "Member joined",
        Kind::MemberLeft => "Member left",
        Kind::MemberRenamed => "Nickname changed",
        Kind::MemberRoles => "Roles of a member changed",
        Kind::RoleCreated => "Role created",
        Kind::RoleUpdated => "Role changed",
        Kind::RoleDeleted => "Role deleted",
        Kind::ChannelCreated => "Channel created",
        Kind::ChannelUpdated => "Channel changed",
        Kind::ChannelDeleted => "Channel deleted",
        Kind::VoiceJoined => "Joined voice",
        Kind::VoiceLeft => "Left voice",
        Kind::VoiceMoved => "Moved in voice",
        Kind::InviteCreated => "Invite created",
        Kind::InviteDeleted => "Invite deleted",
        Kind::CommandUsed => "Command used",
    }
}

const fn color(kind: Kind) -> u32 {
    match kind {
        Kind::MessageEdited
        | Kind::MemberRenamed
        | Kind::MemberRoles
        | Kind::RoleUpdated
        | Kind::ChannelUpdated => ORANGE,
        Kind::MessageDeleted
        | Kind::MessagesPurged
        | Kind::RoleDeleted
        | Kind::ChannelDeleted
        | Kind::InviteDeleted => RED,
        Kind::MemberJoined | Kind::RoleCreated | Kind::ChannelCreated | Kind::InviteCreated => {
            GREEN
        }
        Kind::MemberLeft | Kind::VoiceLeft | Kind::CommandUsed => GREY,
        Kind::VoiceJoined | Kind::VoiceMoved => BLUE,
    }
}

fn text(line: &LogLine) -> String {
    let mut lines = vec![format!("{} · {}", headline(line), told(line.at))];
    match line.kind {
        Kind::MessageEdited => {
            lines.push(format!("**Before:** {}", said(line.before.as_deref())));
            lines.push(format!("**After:** {}", said(line.after.as_deref())));
        }
        Kind::MessageDeleted => lines.push(said(line.before.as_deref())),
        Kind::MessagesPurged => lines.extend(not_shown(line)),
        Kind::MemberRenamed => lines.extend(line.names.as_ref().map(|names| {
            let name = |name: &Option<String>| {
                name.as_deref()
                    .map_or_else(|| "none".to_owned(), |name| format!("**{}**", plain(name)))
            };
            format!("{} → {}", name(&names.was), name(&names.is))
        })),
        _ => {}
    }
    lines.extend(line.changes.iter().map(difference));
    if deleted(line.kind) || line.by.is_some() {
        lines.push(by(line));
    }
    lines.join("\n")
}

fn headline(line: &LogLine) -> String {
    let who = mention(line.person);
    let place = line.channel.map(|channel| format!("<#{channel}>")).unwrap_or_default();
    let subject = line.subject.as_deref().unwrap_or_default();
    match line.kind {
        Kind::MessageEdited | Kind::MessageDeleted => format!("{who} in {place}"),
        Kind::MessagesPurged => format!("{} messages in {place}", line.messages),
        Kind::VoiceJoined | Kind::VoiceLeft => format!("{who} · {place}"),
        Kind::VoiceMoved => {
            let from = line.from.map(|from| format!("<#{from}>")).unwrap_or_default();
            format!("{who} · {from} → {place}")
        }
        Kind::RoleCreated | Kind::RoleUpdated => format!("<@&{subject}>"),
        Kind::ChannelCreated | Kind::ChannelUpdated => format!("<#{subject}>"),
        Kind::RoleDeleted | Kind::ChannelDeleted | Kind::InviteCreated | Kind::InviteDeleted => {
            format!("`{}`", plain(subject))
        }
        Kind::CommandUsed => format!("{who} · `/{}`", plain(subject)),
        Kind::MemberJoined | Kind::MemberLeft | Kind::MemberRenamed | Kind::MemberRoles => who,
    }
}

fn mention(user: Option<UserId>) -> String {
    user.map_or_else(|| "Somebody who is not known".to_owned(), |user| format!("<@{user}>"))
}

const fn deleted(kind: Kind) -> bool {
    matches!(kind, Kind::MessageDeleted | Kind::MessagesPurged)
}

fn by(line: &LogLine) -> String {
    match line.by {
        Some(user) => format!("by <@{user}>"),
        None if line.kind == Kind::MessageDeleted => "by its author, or by a bot".to_owned(),
        None => "nobody knows by whom".to_owned(),
    }
}

fn said(said: Option<&Said>) -> String {
    let Some(said) = said else { return "*what it said is not known*".to_owned() };
    let text = shortened(&plain(&said.text), MAX_SAID);
    let files: Vec<_> = said.files.iter().map(|file| format!("`{}`", plain(file))).collect();
    match (text.is_empty(), files.is_empty()) {
        (true, true) => "*no text*".to_owned(),
        (true, false) => files.join(" "),
        (false, true) => text,
        (false, false) => format!("{text}\n{}", files.join(" ")),
    }
}

/// How many of those that were deleted at once are not shown below.
fn not_shown(line: &LogLine) -> Option<String> {
    let rest = line.messages.saturating_sub(line.purged.len().min(MAX_PURGED));
    let all = rest == line.messages;
    (rest > 0).then(|| {
        let which = if all {
            "what they said is not known".to_owned()
        } else {
            format!("{rest} are not shown")
        };
        format!("*{which}*")
    })
}

fn difference(change: &Difference) -> String {
    let value = |value: &Option<String>| {
        value.as_deref().map_or_else(
            || "none".to_owned(),
            |value| {
                // Roles are shown by their names; nobody is pinged by an embed.
                if value.starts_with("<@&") {
                    value.to_owned()
                } else {
                    format!("**{}**", plain(value))
                }
            },
        )
    };
    let field = match change.field.as_str() {
        "$add" => return format!("given: {}", value(&change.is)),
        "$remove" => return format!("taken: {}", value(&change.is)),
        field => plain(&field.replace('_', " ")),
    };
    match (&change.was, &change.is) {
        (None, is) => format!("{field}: {}", value(is)),
        (was, is) => format!("{field}: {} → {}", value(was), value(is)),
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}
