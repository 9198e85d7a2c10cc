//! Channels, their overwrites, and threads.

use serde_json::Value;

use super::Form;
use crate::{
    permissions::{Overwrite, OverwriteOf, Permissions},
    rest::refusal::Refusal,
    snowflake::Id,
    world::{
        channel::{ChannelEdit, Kind},
        thread::NewThread,
    },
};

/// The kinds a bot may create.
const CREATABLE: [i64; 7] = [0, 2, 4, 5, 13, 15, 16];

const PUBLIC_THREAD: i64 = 11;
const THREADS: [i64; 3] = [10, PUBLIC_THREAD, 12];

const NAME: usize = 100;
const TOPIC: usize = 1024;
const FORUM_TOPIC: usize = 4096;
const SLOWEST: i64 = 21_600;
const MOST_OVERWRITES: usize = 1000;
const ARCHIVE_AFTER: [i64; 4] = [60, 1440, 4320, 10_080];

/// A channel to be made.
#[derive(Debug, Clone)]
pub struct NewChannel {
    pub kind: Kind,
    pub edit: ChannelEdit,
}

pub fn create(body: &Value) -> Result<NewChannel, Refusal> {
    super::read(body, |form| {
        let mut new = NewChannel { kind: Kind::Text, edit: ChannelEdit::default() };
        if form.is_object() {
            form.require("name");
            let kind = form.choice("type", &CREATABLE).and_then(|kind| u64::try_from(kind).ok());
            new.kind = kind.and_then(Kind::from_wire).unwrap_or(Kind::Text);
            new.edit = fields(form, new.kind);
        }
        new
    })
}

/// `kind` is what the channel is now.
pub fn edit(body: &Value, kind: Kind) -> Result<ChannelEdit, Refusal> {
    super::read(body, |form| {
        if !form.is_object() {
            return ChannelEdit::default();
        }
        let wanted = form.integer("type", i64::MIN..=i64::MAX);
        if wanted.is_some_and(|wanted| wanted != i64::from(kind as u8)) {
            let message = "The simulator does not change the kind of a channel.";
            form.refuse("type", "BASE_TYPE_CHOICES", message);
        }
        fields(form, kind)
    })
}

fn fields(form: &Form<'_>, kind: Kind) -> ChannelEdit {
    let topic = if matches!(kind, Kind::Forum | Kind::Media) { FORUM_TOPIC } else { TOPIC };
    let number = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
    let topic = if form.clears("topic") {
        Some(None)
    } else {
        form.text("topic", 0..=topic).map(|text| Some(text.to_owned()))
    };
    let parent = form.snowflake("parent_id").map(Some);
    let is_thread = kind.is_thread();
    ChannelEdit {
        name: form.text("name", 1..=NAME).map(|name| name.trim().to_owned()),
        topic,
        position: form.integer("position", 0..=i64::from(i32::MAX)).filter(|_| !is_thread),
        parent: parent.or_else(|| form.clears("parent_id").then_some(None)).filter(|_| !is_thread),
        nsfw: form.boolean("nsfw"),
        slowmode_secs: number(form.integer("rate_limit_per_user", 0..=SLOWEST)),
        bitrate: number(form.integer("bitrate", 8_000..=96_000)),
        user_limit: number(form.integer("user_limit", 0..=10_000)),
        overwrites: overwrites(form).filter(|_| !is_thread),
        available_tags: None,
        applied_tags: None,
        archived: form.boolean("archived").filter(|_| is_thread),
        locked: form.boolean("locked").filter(|_| is_thread),
        invitable: form.boolean("invitable").filter(|_| is_thread),
        auto_archive_minutes: archive_after(form).filter(|_| is_thread),
    }
}

fn archive_after(form: &Form<'_>) -> Option<u64> {
    let minutes = form.choice("auto_archive_duration", &ARCHIVE_AFTER);
    minutes.and_then(|minutes| u64::try_from(minutes).ok())
}

fn overwrites(form: &Form<'_>) -> Option<Vec<Overwrite>> {
    if form.clears("permission_overwrites") {
        return Some(Vec::new());
    }
    let items = form.objects("permission_overwrites", 0..=MOST_OVERWRITES)?;
    let read = |item: &Form<'_>| {
        item.require("id");
        let id = item.snowflake("id")?;
        Some(overwrite_of(item, id))
    };
    Some(items.iter().filter_map(read).collect())
}

fn overwrite_of(form: &Form<'_>, id: Id) -> Overwrite {
    let of = match form.choice("type", &[0, 1]) {
        Some(1) => OverwriteOf::Member,
        _ => OverwriteOf::Role,
    };
    let allow = form.permissions("allow").unwrap_or(Permissions::NONE);
    let deny = form.permissions("deny").unwrap_or(Permissions::NONE);
    Overwrite { id, of, allow, deny }
}

/// One overwrite, for the role or member in the path.
pub fn overwrite(body: &Value, id: Id) -> Result<Overwrite, Refusal> {
    super::read(body, |form| {
        if form.is_object() {
            form.require("type");
        }
        overwrite_of(form, id)
    })
}

/// A thread; one on a message is always for everybody.
pub fn thread(body: &Value, on_message: bool) -> Result<NewThread, Refusal> {
    super::read(body, |form| {
        if form.is_object() {
            form.require("name");
        }
        let kind = if on_message { Some(PUBLIC_THREAD) } else { form.choice("type", &THREADS) };
        let kind = match kind {
            Some(10) => Kind::AnnouncementThread,
            Some(PUBLIC_THREAD) => Kind::PublicThread,
            // Without a kind it is private, which is older than public threads without messages.
            _ => Kind::PrivateThread,
        };
        let slowmode = form.integer("rate_limit_per_user", 0..=SLOWEST);
        NewThread {
            name: form.text("name", 1..=NAME).unwrap_or_default().trim().to_owned(),
            kind,
            auto_archive_minutes: archive_after(form).unwrap_or(1440),
            slowmode_secs: slowmode.and_then(|secs| u64::try_from(secs).ok()).unwrap_or_default(),
            invitable: form.boolean("invitable").unwrap_or(true),
            applied_tags: Vec::new(),
        }
    })
}

/// An invitation: for how long, and for how many.
pub fn invite(body: &Value) -> Result<(u64, u64, bool), Refusal> {
    let nothing = serde_json::json!({});
    let body = if body.is_null() { &nothing } else { body };
    super::read(body, |form| {
        if !form.is_object() {
            return (0, 0, false);
        }
        let number = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        let age = number(form.integer("max_age", 0..=604_800)).unwrap_or(86_400);
        let uses = number(form.integer("max_uses", 0..=100)).unwrap_or(0);
        (age, uses, form.boolean("temporary").unwrap_or(false))
    })
}
