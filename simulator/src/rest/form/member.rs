//! What may be done to members: changes, timeouts, bans.

use serde_json::Value;

use super::Form;
use crate::{
    clock::read_timestamp, rest::refusal::Refusal, snowflake::Id, world::member::MemberEdit,
};

pub const MOST_BULK_BANS: usize = 200;
/// Seven days of messages go with a ban at most.
const MOST_DELETED: i64 = 604_800;
const LONGEST_TIMEOUT_MS: u64 = 28 * 24 * 3_600_000;
const MOST_ROLES: usize = 250;

/// A change of a member, and where in voice they shall be; `Some(None)` is nowhere.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub edit: MemberEdit,
    pub channel_id: Option<Option<Id>>,
}

pub fn change(body: &Value, now_ms: u64) -> Result<Change, Refusal> {
    super::read(body, |form| {
        if !form.is_object() {
            return Change::default();
        }
        let nick = if form.clears("nick") {
            Some(None)
        } else {
            let nick = form.text("nick", 0..=32).map(|nick| nick.trim().to_owned());
            nick.map(|nick| (!nick.is_empty()).then_some(nick))
        };
        let cleared_roles = form.clears("roles").then(Vec::new);
        let moved = form.snowflake("channel_id").map(Some);
        let edit = MemberEdit {
            nick,
            roles: form.snowflakes("roles", 0..=MOST_ROLES).or(cleared_roles),
            mute: form.boolean("mute"),
            deaf: form.boolean("deaf"),
            timeout_until_ms: timeout(form, now_ms),
        };
        let channel_id = moved.or_else(|| form.clears("channel_id").then_some(None));
        Change { edit, channel_id }
    })
}

/// Nothing where nothing is said of it; `Some(None)` ends one.
#[expect(clippy::option_option, reason = "unsaid, ended and set are three things")]
fn timeout(form: &Form<'_>, now_ms: u64) -> Option<Option<u64>> {
    let field = "communication_disabled_until";
    if form.clears(field) {
        return Some(None);
    }
    let text = form.text(field, 1..=64)?;
    let Some(until) = read_timestamp(text) else {
        let message = format!("Could not parse {text}. Should be ISO8601.");
        form.refuse(field, "DATE_TIME_TYPE_PARSE", message);
        return None;
    };
    // Discord grants a minute for clocks that differ.
    if until > now_ms + LONGEST_TIMEOUT_MS + 60_000 {
        let message = "Timestamps must be within 28 days.";
        form.refuse(field, "TIMEOUT_OUT_OF_RANGE", message);
        return None;
    }
    Some((until > now_ms).then_some(until))
}

/// How far back the messages of somebody banned are deleted, in seconds.
pub fn ban(body: &Value) -> Result<u64, Refusal> {
    if body.is_null() {
        return Ok(0);
    }
    super::read(body, |form| if form.is_object() { deleted(form) } else { 0 })
}

fn deleted(form: &Form<'_>) -> u64 {
    let seconds = form.integer("delete_message_seconds", 0..=MOST_DELETED);
    let days = form.integer("delete_message_days", 0..=7).map(|days| days * 86_400);
    seconds.or(days).and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default()
}

pub fn bulk_ban(body: &Value) -> Result<(Vec<Id>, u64), Refusal> {
    super::read(body, |form| {
        if !form.is_object() || !form.require("user_ids") {
            return (Vec::new(), 0);
        }
        let ids = form.snowflakes("user_ids", 1..=MOST_BULK_BANS);
        (ids.unwrap_or_default(), deleted(form))
    })
}
