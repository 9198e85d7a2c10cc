//! Roles.

use serde_json::Value;

use super::Form;
use crate::{rest::refusal::Refusal, snowflake::Id, world::role::RoleEdit};

pub fn role(body: &Value) -> Result<RoleEdit, Refusal> {
    super::read(body, fields)
}

fn fields(form: &Form<'_>) -> RoleEdit {
    if !form.value().is_null() && !form.is_object() {
        return RoleEdit::default();
    }
    // A gradient is for guilds with boosts; of its colors the first is the role's.
    let colors = form.object("colors");
    let primary = colors.and_then(|colors| {
        colors.require("primary_color");
        color(&colors, "primary_color")
    });
    let emoji = if form.clears("unicode_emoji") {
        Some(None)
    } else {
        form.text("unicode_emoji", 0..=32).map(|text| Some(text.to_owned()))
    };
    RoleEdit {
        name: form.text("name", 1..=100).map(|name| name.trim().to_owned()),
        permissions: form.permissions("permissions"),
        color: primary.or_else(|| color(form, "color")),
        hoist: form.boolean("hoist"),
        mentionable: form.boolean("mentionable"),
        unicode_emoji: emoji,
    }
}

fn color(form: &Form<'_>, field: &str) -> Option<u32> {
    form.integer(field, 0..=0xFF_FFFF).and_then(|color| u32::try_from(color).ok())
}

/// New places: (role, position).
pub fn positions(body: &Value, most: usize) -> Result<Vec<(Id, Option<i64>)>, Refusal> {
    let wrapped = serde_json::json!({"roles": body});
    super::read(&wrapped, |form| {
        let items = form.objects("roles", 0..=most).unwrap_or_default();
        let place = |item: &Form<'_>| {
            item.require("id");
            let position = item.integer("position", 0..=i64::from(i32::MAX));
            item.snowflake("id").map(|id| (id, position))
        };
        items.iter().filter_map(place).collect()
    })
}
