//! Components of a message: rows of buttons and selects, and the layout kinds of Components V2.
//! What comes out is as Discord would send it back, every component with its number.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Form;

/// What may stand in one message with the V2 flag.
pub const MOST_COMPONENTS: usize = 40;
pub const MOST_TEXT: usize = 4000;
const MOST_ROWS: usize = 5;
const MOST_BUTTONS: usize = 5;
const MOST_OPTIONS: usize = 25;
const CUSTOM_ID: usize = 100;
const LABEL: usize = 80;

pub const ROW: i64 = 1;
const BUTTON: i64 = 2;
const STRING_SELECT: i64 = 3;
pub const TEXT_INPUT: i64 = 4;
const USER_SELECT: i64 = 5;
const CHANNEL_SELECT: i64 = 8;
const SECTION: i64 = 9;
pub const TEXT_DISPLAY: i64 = 10;
const THUMBNAIL: i64 = 11;
const GALLERY: i64 = 12;
const FILE: i64 = 13;
const SEPARATOR: i64 = 14;
const CONTAINER: i64 = 17;

const LINK: i64 = 5;
const PREMIUM: i64 = 6;

/// What has been counted over the whole message.
#[derive(Debug, Default)]
pub struct Tally {
    custom_ids: BTreeSet<String>,
    pub components: usize,
    pub text: usize,
    pub next_id: u64,
}

impl Tally {
    /// The component's number: its own, or the next one.
    pub fn number(&mut self, form: &Form<'_>) -> u64 {
        self.components += 1;
        let own = form.integer("id", 0..=i64::from(i32::MAX)).filter(|id| *id > 0);
        self.next_id += 1;
        own.and_then(|id| u64::try_from(id).ok()).unwrap_or(self.next_id)
    }

    /// The name under which it will be heard of again: required, and only once in a message.
    pub fn custom_id(&mut self, form: &Form<'_>) -> Option<String> {
        if !form.has("custom_id") {
            form.refuse("custom_id", "BASE_TYPE_REQUIRED", "A custom id required");
            return None;
        }
        let id = form.text("custom_id", 1..=CUSTOM_ID)?;
        if !self.custom_ids.insert(id.to_owned()) {
            let message = "Component custom id cannot be duplicated";
            form.refuse("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", message);
            return None;
        }
        Some(id.to_owned())
    }
}

/// The components of a message; `v2` is the flag that allows layout and forbids everything else.
pub fn components(form: &Form<'_>, v2: bool) -> Option<Vec<Value>> {
    let most = if v2 { MOST_COMPONENTS } else { MOST_ROWS };
    let list = form.objects("components", 0..=most)?;
    let mut tally = Tally::default();
    let allowed: &[i64] = if v2 {
        &[ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER]
    } else {
        &[ROW]
    };
    let shown = list.iter().map(|item| any(item, allowed, &mut tally)).collect();
    if v2 && tally.components > MOST_COMPONENTS {
        let message = format!("The total number of components exceeds {MOST_COMPONENTS}.");
        form.refuse("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message);
    }
    if v2 && tally.text > MOST_TEXT {
        let message = format!("The total length of displayable text exceeds {MOST_TEXT}.");
        form.refuse("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message);
    }
    Some(shown)
}

/// The component's kind, if it may stand here.
pub fn kind(form: &Form<'_>, allowed: &[i64]) -> Option<i64> {
    if !form.is_object() || !form.require("type") {
        return None;
    }
    let kind = form.integer("type", i64::MIN..=i64::MAX)?;
    if !allowed.contains(&kind) {
        let listed: Vec<_> = allowed.iter().map(i64::to_string).collect();
        let message = format!("Value of field \"type\" must be one of ({},).", listed.join(", "));
        form.refuse("type", "UNION_TYPE_CHOICES", message);
        return None;
    }
    Some(kind)
}

fn any(form: &Form<'_>, allowed: &[i64], tally: &mut Tally) -> Value {
    let Some(kind) = kind(form, allowed) else { return Value::Null };
    let id = tally.number(form);
    let mut shown = match kind {
        ROW => row(form, tally),
        BUTTON => button(form, tally),
        STRING_SELECT..=CHANNEL_SELECT => select(form, kind, tally),
        SECTION => section(form, tally),
        TEXT_DISPLAY => text_display(form, tally),
        THUMBNAIL => thumbnail(form),
        GALLERY => gallery(form),
        FILE => {
            let file = media(form, "file", &["attachment"]);
            json!({"file": file, "name": null, "size": null, "spoiler": spoiler(form)})
        }
        SEPARATOR => {
            let divider = form.boolean("divider").unwrap_or(true);
            let spacing = form.choice("spacing", &[1, 2]).unwrap_or(1);
            json!({"divider": divider, "spacing": spacing})
        }
        _ => {
            let allowed = [ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR];
            let inner = form.require("components").then(|| form.objects("components", 1..=39));
            let inner = inner.flatten().unwrap_or_default();
            let inner: Vec<_> = inner.iter().map(|item| any(item, &allowed, tally)).collect();
            let color = form.integer("accent_color", 0..=0xFF_FFFF);
            json!({"components": inner, "accent_color": color, "spoiler": spoiler(form)})
        }
    };
    shown["type"] = kind.into();
    shown["id"] = id.into();
    shown
}

fn row(form: &Form<'_>, tally: &mut Tally) -> Value {
    if !form.require("components") {
        return json!({});
    }
    let Some(inner) = form.objects("components", 1..=MOST_BUTTONS) else { return json!({}) };
    let is_select = |item: &Form<'_>| item.value().get("type") != Some(&BUTTON.into());
    if inner.len() > 1 && inner.iter().any(is_select) {
        let message = "The specified component exceeds the maximum width";
        form.refuse("components/1", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message);
    }
    let allowed = [BUTTON, STRING_SELECT, USER_SELECT, 6, 7, CHANNEL_SELECT];
    let inner: Vec<_> = inner.iter().map(|item| any(item, &allowed, tally)).collect();
    json!({"components": inner})
}

fn button(form: &Form<'_>, tally: &mut Tally) -> Value {
    let style =
        if form.require("style") { form.choice("style", &[1, 2, 3, 4, 5, 6]) } else { None };
    let mut shown = json!({"style": style});
    match style {
        Some(LINK) => {
            if form.has("custom_id") {
                let message = "A custom id and url cannot both be specified";
                form.refuse(
                    "custom_id",
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                    message,
                );
            }
            if form.require("url")
                && let Some(url) = form.url("url", &["http", "https", "discord"])
            {
                shown["url"] = url.into();
            }
        }
        Some(PREMIUM) => {
            if form.require("sku_id") {
                shown["sku_id"] = json!(form.snowflake("sku_id").map(|id| id.to_string()));
            }
        }
        _ => {
            if form.has("url") {
                form.refuse("url", "BUTTON_COMPONENT_URL_NOT_ALLOWED", "A url is not allowed here");
            }
            shown["custom_id"] = json!(tally.custom_id(form));
        }
    }
    let label = form.text("label", 0..=LABEL).filter(|label| !label.is_empty());
    if let Some(label) = label {
        shown["label"] = label.into();
    }
    if let Some(emoji) = emoji(form) {
        shown["emoji"] = emoji;
    } else if label.is_none() && style != Some(PREMIUM) && !form.has("label") {
        form.refuse(
            "label",
            "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED",
            "A label or an emoji is required",
        );
    }
    if form.boolean("disabled") == Some(true) {
        shown["disabled"] = true.into();
    }
    shown
}

fn emoji(form: &Form<'_>) -> Option<Value> {
    let emoji = form.object("emoji")?;
    let id = emoji.snowflake("id");
    let name = emoji.text("name", 1..=32);
    if id.is_none() && name.is_none_or(str::is_empty) {
        emoji.refuse("id", "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji");
    }
    let mut shown = json!({"name": name.unwrap_or("_")});
    if let Some(id) = id {
        shown["id"] = id.to_string().into();
        if emoji.boolean("animated") == Some(true) {
            shown["animated"] = true.into();
        }
    }
    Some(shown)
}

/// A select of texts, or of users, roles, both, or channels.
pub fn select(form: &Form<'_>, kind: i64, tally: &mut Tally) -> Value {
    let mut shown = Map::new();
    shown.insert("custom_id".into(), json!(tally.custom_id(form)));
    if let Some(text) = form.text("placeholder", 0..=150) {
        shown.insert("placeholder".into(), text.into());
    }
    let least = form.integer("min_values", 0..=25).unwrap_or(1);
    let most = form.integer("max_values", 1..=25).unwrap_or(1);
    if least > most {
        let message = "Min values must be less than or equal to max values";
        form.refuse("min_values", "SELECT_COMPONENT_MIN_VALUES_GREATER_THAN_MAX", message);
    }
    shown.insert("min_values".into(), least.into());
    shown.insert("max_values".into(), most.into());
    if form.boolean("disabled") == Some(true) {
        shown.insert("disabled".into(), true.into());
    }
    if kind == STRING_SELECT {
        let options = if form.require("options") { options(form, most) } else { Vec::new() };
        shown.insert("options".into(), options.into());
    } else if let Some(defaults) = form.objects("default_values", 0..=25) {
        let ids = defaults.iter().filter_map(|item| {
            item.require("id")
                .then(|| item.snowflake("id"))
                .flatten()
                .map(|id| json!({"id": id.to_string(), "type": item.value()["type"].clone()}))
        });
        shown.insert("default_values".into(), ids.collect());
    }
    if kind == CHANNEL_SELECT
        && let Some(kinds) = form.list("channel_types", 0..=20)
    {
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.value().clone()).collect();
        shown.insert("channel_types".into(), kinds.into());
    }
    shown.into()
}

fn options(form: &Form<'_>, most: i64) -> Vec<Value> {
    let options = form.objects("options", 1..=MOST_OPTIONS).unwrap_or_default();
    if usize::try_from(most).is_ok_and(|most| most > options.len()) && !options.is_empty() {
        let message = "max_values cannot exceed the number of options";
        form.refuse("max_values", "SELECT_COMPONENT_MAX_VALUES_EXCEEDED", message);
    }
    let mut values = BTreeSet::new();
    let mut shown = Vec::with_capacity(options.len());
    for option in &options {
        let label = option.required_text("label", 1..=100).unwrap_or_default();
        let value = option.required_text("value", 1..=100).unwrap_or_default();
        if !values.insert(value) {
            let message = "The specified option value is already used";
            option.refuse("value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message);
        }
        let mut part = json!({"label": label, "value": value});
        if let Some(text) = option.text("description", 0..=100) {
            part["description"] = text.into();
        }
        if let Some(emoji) = emoji(option) {
            part["emoji"] = emoji;
        }
        if let Some(default) = option.boolean("default") {
            part["default"] = default.into();
        }
        shown.push(part);
    }
    shown
}

fn section(form: &Form<'_>, tally: &mut Tally) -> Value {
    let texts = form.require("components").then(|| form.objects("components", 1..=3)).flatten();
    let texts: Vec<_> =
        texts.unwrap_or_default().iter().map(|text| any(text, &[TEXT_DISPLAY], tally)).collect();
    let accessory = form.require("accessory").then(|| form.object("accessory")).flatten();
    let accessory = accessory.map(|part| any(&part, &[BUTTON, THUMBNAIL], tally));
    json!({"components": texts, "accessory": accessory})
}

pub fn text_display(form: &Form<'_>, tally: &mut Tally) -> Value {
    let text = form.required_text("content", 1..=MOST_TEXT).unwrap_or_default();
    tally.text += text.chars().count();
    json!({"content": text})
}

fn thumbnail(form: &Form<'_>) -> Value {
    let media = media(form, "media", &["http", "https", "attachment"]);
    json!({"media": media, "description": description(form), "spoiler": spoiler(form)})
}

fn gallery(form: &Form<'_>) -> Value {
    let items = form.require("items").then(|| form.objects("items", 1..=10)).flatten();
    let items: Vec<_> = items.unwrap_or_default().iter().map(thumbnail).collect();
    json!({"items": items})
}

fn media(form: &Form<'_>, field: &str, schemes: &[&str]) -> Value {
    let inner = form.require(field).then(|| form.object(field)).flatten();
    let url = inner.and_then(|media| media.require("url").then(|| media.url("url", schemes))?);
    json!({"id": "0", "url": url, "proxy_url": url})
}

fn description(form: &Form<'_>) -> Option<String> {
    form.text("description", 0..=1024).map(str::to_owned)
}

fn spoiler(form: &Form<'_>) -> bool {
    form.boolean("spoiler").unwrap_or(false)
}
