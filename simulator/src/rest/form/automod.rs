//! Rules of Discord's own auto-moderation.

use serde_json::{Map, Value, json};

use super::Form;
use crate::{rest::refusal::Refusal, snowflake::Id};

const MOST_KEYWORDS: usize = 1000;
const KEYWORD: usize = 60;
const MOST_REGEXES: usize = 10;
const REGEX: usize = 260;
const MOST_ALLOWED: usize = 100;
const MOST_ALLOWED_PRESET: usize = 1000;
const MOST_MENTIONS: i64 = 50;
const MOST_EXEMPT_ROLES: usize = 20;
const MOST_EXEMPT_CHANNELS: usize = 50;
const LONGEST_TIMEOUT: i64 = 4 * 7 * 86_400;

pub const KEYWORDS: i64 = 1;
pub const SPAM: i64 = 3;
pub const PRESETS: i64 = 4;
pub const MENTIONS: i64 = 5;
pub const PROFILE: i64 = 6;

/// How many rules of a kind a guild may have.
pub fn most_of(kind: i64) -> usize {
    if kind == KEYWORDS { 6 } else { 1 }
}

/// The rule's fields as they were given, checked.
pub fn create(body: &Value) -> Result<Map<String, Value>, Refusal> {
    super::read(body, |form| {
        if !form.is_object() {
            return Map::new();
        }
        for field in ["name", "event_type", "trigger_type", "actions"] {
            form.require(field);
        }
        let kind = form.choice("trigger_type", &[KEYWORDS, SPAM, PRESETS, MENTIONS, PROFILE]);
        let kind = kind.unwrap_or(KEYWORDS);
        let mut rule = fields(form, kind);
        rule.insert("trigger_type".into(), kind.into());
        if [KEYWORDS, PRESETS, MENTIONS, PROFILE].contains(&kind) {
            form.require("trigger_metadata");
        }
        rule
    })
}

pub fn edit(body: &Value, kind: i64) -> Result<Map<String, Value>, Refusal> {
    super::read(body, |form| if form.is_object() { fields(form, kind) } else { Map::new() })
}

fn fields(form: &Form<'_>, kind: i64) -> Map<String, Value> {
    let mut rule = Map::new();
    if let Some(name) = form.text("name", 1..=100) {
        rule.insert("name".into(), name.into());
    }
    if let Some(event) = form.choice("event_type", &[1, 2]) {
        rule.insert("event_type".into(), event.into());
    }
    if let Some(on) = form.boolean("enabled") {
        rule.insert("enabled".into(), on.into());
    }
    let lists = [("exempt_roles", MOST_EXEMPT_ROLES), ("exempt_channels", MOST_EXEMPT_CHANNELS)];
    for (field, most) in lists {
        if let Some(ids) = form.snowflakes(field, 0..=most) {
            let ids: Vec<_> = ids.iter().map(Id::to_string).collect();
            rule.insert(field.into(), json!(ids));
        }
    }
    if let Some(metadata) = form.object("trigger_metadata") {
        rule.insert("trigger_metadata".into(), trigger(&metadata, kind));
    }
    if let Some(actions) = form.objects("actions", 1..=5) {
        let actions: Vec<_> = actions.iter().map(|item| action(item, kind)).collect();
        rule.insert("actions".into(), actions.into());
    }
    rule
}

fn words(form: &Form<'_>, field: &str, most: usize, length: usize) -> Vec<String> {
    let items = form.list(field, 0..=most).unwrap_or_default();
    let mut words = Vec::with_capacity(items.len());
    for item in &items {
        match item.value().as_str() {
            Some(word) if (1..=length).contains(&word.chars().count()) => {
                words.push(word.to_owned());
            }
            _ => {
                let message = format!("Must be between 1 and {length} in length.");
                item.refuse("", "BASE_TYPE_BAD_LENGTH", message);
            }
        }
    }
    words
}

fn trigger(form: &Form<'_>, kind: i64) -> Value {
    match kind {
        KEYWORDS | PROFILE => json!({
            "keyword_filter": words(form, "keyword_filter", MOST_KEYWORDS, KEYWORD),
            "regex_patterns": words(form, "regex_patterns", MOST_REGEXES, REGEX),
            "allow_list": words(form, "allow_list", MOST_ALLOWED, KEYWORD),
        }),
        PRESETS => {
            let presets = form.list("presets", 0..=3).unwrap_or_default();
            for preset in &presets {
                if !matches!(preset.value().as_i64(), Some(1..=3)) {
                    preset.refuse("", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3}.");
                }
            }
            let presets: Vec<_> = presets.iter().map(|preset| preset.value().clone()).collect();
            let allowed = words(form, "allow_list", MOST_ALLOWED_PRESET, KEYWORD);
            json!({"presets": presets, "allow_list": allowed})
        }
        MENTIONS => json!({
            "mention_total_limit": form.integer("mention_total_limit", 0..=MOST_MENTIONS).unwrap_or(20),
            "mention_raid_protection_enabled":
                form.boolean("mention_raid_protection_enabled").unwrap_or(false),
        }),
        _ => json!({}),
    }
}

fn action(form: &Form<'_>, kind: i64) -> Value {
    form.require("type");
    let action = form.choice("type", &[1, 2, 3, 4]).unwrap_or_default();
    let metadata = form.object("metadata");
    let mut shown = json!({});
    match (action, &metadata) {
        (1, Some(metadata)) => {
            if let Some(text) = metadata.text("custom_message", 1..=150) {
                shown["custom_message"] = text.into();
            }
        }
        (2, Some(metadata)) => {
            metadata.require("channel_id");
            shown["channel_id"] = json!(metadata.snowflake("channel_id").map(|id| id.to_string()));
        }
        (3, Some(metadata)) => {
            metadata.require("duration_seconds");
            shown["duration_seconds"] =
                json!(metadata.integer("duration_seconds", 0..=LONGEST_TIMEOUT));
        }
        (2 | 3, None) => {
            form.require("metadata");
        }
        _ => {}
    }
    if action == 3 && ![KEYWORDS, MENTIONS].contains(&kind) {
        let message = "Timeouts can only be set for keyword and mention spam rules";
        form.refuse("type", "AUTO_MODERATION_ACTION_TYPE_NOT_ALLOWED", message);
    }
    json!({"type": action, "metadata": shown})
}
