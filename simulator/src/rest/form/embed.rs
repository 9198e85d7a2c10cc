//! Embeds: ten to a message, each field with its limit, 6,000 characters in all.

use serde_json::{Map, Value, json};

use super::Form;

const MOST_EMBEDS: usize = 10;
const MOST_FIELDS: usize = 25;
const TITLE: usize = 256;
const DESCRIPTION: usize = 4096;
const FIELD_NAME: usize = 256;
const FIELD_VALUE: usize = 1024;
const FOOTER: usize = 2048;
const AUTHOR: usize = 256;
const ALL_TEXT: usize = 6000;
const WHITE: i64 = 0xFF_FFFF;
const ADDRESSES: [&str; 3] = ["http", "https", "attachment"];

/// The embeds as they will be shown.
pub fn embeds(form: &Form<'_>) -> Option<Vec<Value>> {
    let list = form.objects("embeds", 0..=MOST_EMBEDS)?;
    let mut characters = 0;
    let mut shown = Vec::with_capacity(list.len());
    for (place, embed) in list.iter().enumerate() {
        shown.push(one(embed, &mut characters));
        if characters > ALL_TEXT {
            let message = format!("Embed size exceeds maximum size of {ALL_TEXT}");
            form.refuse(&format!("embeds/{place}"), "MAX_EMBED_SIZE_EXCEEDED", message);
            return None;
        }
    }
    Some(shown)
}

fn one(embed: &Form<'_>, characters: &mut usize) -> Value {
    let mut shown = Map::new();
    shown.insert("type".into(), json!("rich"));
    let mut count = |text: &str| *characters += text.trim().chars().count();
    for (field, most) in [("title", TITLE), ("description", DESCRIPTION)] {
        if let Some(text) = embed.text(field, 0..=most).filter(|text| !text.is_empty()) {
            count(text);
            shown.insert(field.into(), text.into());
        }
    }
    if let Some(color) = embed.integer("color", 0..=WHITE) {
        shown.insert("color".into(), color.into());
    }
    if let Some(url) = embed.url("url", &["http", "https"]) {
        shown.insert("url".into(), url.into());
    }
    if let Some(time) = embed.text("timestamp", 1..=64) {
        if crate::clock::read_timestamp(time).is_some() {
            shown.insert("timestamp".into(), time.into());
        } else {
            let message = format!("Could not parse {time}. Should be ISO8601.");
            embed.refuse("timestamp", "DATE_TIME_TYPE_PARSE", message);
        }
    }
    if let Some(footer) = embed.object("footer") {
        let text = footer.required_text("text", 1..=FOOTER).unwrap_or_default();
        count(text);
        let mut part = json!({"text": text});
        icon(&footer, &mut part);
        shown.insert("footer".into(), part);
    }
    if let Some(author) = embed.object("author") {
        let name = author.required_text("name", 1..=AUTHOR).unwrap_or_default();
        count(name);
        let mut part = json!({"name": name});
        icon(&author, &mut part);
        if let Some(url) = author.url("url", &["http", "https"]) {
            part["url"] = url.into();
        }
        shown.insert("author".into(), part);
    }
    for field in ["image", "thumbnail"] {
        let Some(picture) = embed.object(field) else { continue };
        if picture.require("url")
            && let Some(url) = picture.url("url", &ADDRESSES)
        {
            let part = json!({"url": url, "proxy_url": url, "width": 0, "height": 0});
            shown.insert(field.into(), part);
        }
    }
    if let Some(fields) = embed.objects("fields", 0..=MOST_FIELDS) {
        let mut parts = Vec::with_capacity(fields.len());
        for field in &fields {
            let name = field.required_text("name", 1..=FIELD_NAME).unwrap_or_default();
            let value = field.required_text("value", 1..=FIELD_VALUE).unwrap_or_default();
            count(name);
            count(value);
            let inline = field.boolean("inline").unwrap_or(false);
            parts.push(json!({"name": name, "value": value, "inline": inline}));
        }
        if !parts.is_empty() {
            shown.insert("fields".into(), parts.into());
        }
    }
    shown.into()
}

fn icon(form: &Form<'_>, part: &mut Value) {
    if let Some(url) = form.url("icon_url", &ADDRESSES) {
        part["icon_url"] = url.into();
        part["proxy_icon_url"] = url.into();
    }
}
