//! Webhooks and their names.

use serde_json::Value;

use super::Form;
use crate::{rest::refusal::Refusal, snowflake::Id};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Webhook {
    pub name: Option<String>,
    /// `Some(None)` takes the picture away.
    pub avatar: Option<Option<String>>,
    pub channel_id: Option<Id>,
}

pub fn create(body: &Value) -> Result<Webhook, Refusal> {
    super::read(body, |form| {
        form.require("name");
        fields(form)
    })
}

pub fn edit(body: &Value) -> Result<Webhook, Refusal> {
    super::read(body, fields)
}

fn fields(form: &Form<'_>) -> Webhook {
    let name = form.text("name", 1..=80).map(|name| name.trim().to_owned());
    if let Some(name) = &name {
        check_name(form, "name", name);
    }
    Webhook { name, avatar: image(form, "avatar"), channel_id: form.snowflake("channel_id") }
}

/// Nobody may speak as Discord.
pub fn check_name(form: &Form<'_>, field: &str, name: &str) {
    let lower = name.to_lowercase();
    for word in ["clyde", "discord"] {
        if lower.contains(word) {
            let message = format!("Username cannot contain \"{word}\"");
            form.refuse(field, "USERNAME_INVALID_CONTAINS", message);
        }
    }
    if ["everyone", "here"].contains(&lower.as_str()) {
        let message = format!("Username cannot be \"{lower}\"");
        form.refuse(field, "USERNAME_INVALID", message);
    }
}

/// A picture as a data URI; `Some(None)` takes it away.
pub fn image(form: &Form<'_>, field: &str) -> Option<Option<String>> {
    if form.clears(field) {
        return Some(None);
    }
    let text = form.text(field, 0..=10 << 20)?;
    let kinds = [
        "data:image/png;base64,",
        "data:image/jpeg;base64,",
        "data:image/gif;base64,",
        "data:image/webp;base64,",
    ];
    if !kinds.iter().any(|kind| text.starts_with(kind)) {
        form.refuse(field, "IMAGE_INVALID", "Invalid image data");
        return None;
    }
    Some(Some(text.to_owned()))
}
