//! A message as a person sees it: its text, its buttons, its lists.

use serde_json::Value;

/// A message as it was on the wire at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct View(pub Value);

/// Kinds of components on the wire.
pub mod component {
    pub const BUTTON: u64 = 2;
    pub const TEXT_SELECT: u64 = 3;
    pub const TEXT_INPUT: u64 = 4;
    pub const USER_SELECT: u64 = 5;
    pub const ROLE_SELECT: u64 = 6;
    pub const MENTIONABLE_SELECT: u64 = 7;
    pub const CHANNEL_SELECT: u64 = 8;
    pub const TEXT: u64 = 10;
}

/// A button that can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    pub label: String,
    /// Absent where it only opens an address.
    pub custom_id: Option<String>,
    pub disabled: bool,
}

/// Every component below this one, and itself, from the top down.
pub fn walk(component: &Value, see: &mut dyn FnMut(&Value)) {
    see(component);
    for list in ["components", "options"].iter().take(1) {
        for inner in component[*list].as_array().into_iter().flatten() {
            walk(inner, see);
        }
    }
    for single in ["accessory", "component"] {
        if component[single].is_object() {
            walk(&component[single], see);
        }
    }
}

impl View {
    /// The content; of a message made of components its texts, in lines.
    pub fn text(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        let content = self.0["content"].as_str().unwrap_or_default();
        if !content.is_empty() {
            lines.push(content.to_owned());
        }
        self.each_component(&mut |component| {
            if component["type"] == component::TEXT
                && let Some(text) = component["content"].as_str()
            {
                lines.push(text.to_owned());
            }
        });
        lines.join("\n")
    }

    /// Everything that can be read: the text, then titles, descriptions, fields and footers.
    pub fn all_text(&self) -> String {
        let mut lines = vec![self.text()];
        for embed in self.embeds() {
            let mut put = |value: &Value| {
                if let Some(text) = value.as_str() {
                    lines.push(text.to_owned());
                }
            };
            put(&embed["author"]["name"]);
            put(&embed["title"]);
            put(&embed["description"]);
            for field in embed["fields"].as_array().into_iter().flatten() {
                put(&field["name"]);
                put(&field["value"]);
            }
            put(&embed["footer"]["text"]);
        }
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }

    pub fn embeds(&self) -> Vec<Value> {
        self.0["embeds"].as_array().cloned().unwrap_or_default()
    }

    pub fn attachments(&self) -> Vec<Value> {
        self.0["attachments"].as_array().cloned().unwrap_or_default()
    }

    pub fn flags(&self) -> u64 {
        self.0["flags"].as_u64().unwrap_or(0)
    }

    pub fn is_ephemeral(&self) -> bool {
        self.flags() & crate::world::message::flags::EPHEMERAL != 0
    }

    pub fn is_loading(&self) -> bool {
        self.flags() & crate::world::message::flags::LOADING != 0
    }

    fn each_component(&self, see: &mut dyn FnMut(&Value)) {
        for component in self.0["components"].as_array().into_iter().flatten() {
            walk(component, see);
        }
    }

    pub fn buttons(&self) -> Vec<Button> {
        let mut found = Vec::new();
        self.each_component(&mut |component| {
            if component["type"] == component::BUTTON {
                let emoji = component["emoji"]["name"].as_str();
                let label = component["label"].as_str().or(emoji).unwrap_or_default();
                found.push(Button {
                    label: label.to_owned(),
                    custom_id: component["custom_id"].as_str().map(ToOwned::to_owned),
                    disabled: component["disabled"].as_bool().unwrap_or(false),
                });
            }
        });
        found
    }

    /// A button by its label, or by its custom id.
    pub fn button(&self, label: &str) -> Option<Button> {
        let mut buttons = self.buttons().into_iter();
        buttons.find(|button| button.label == label || button.custom_id.as_deref() == Some(label))
    }

    /// A list to pick from, by what it says while nothing is picked, or by its custom id.
    pub fn select(&self, name: &str) -> Option<Value> {
        let mut found = None;
        self.each_component(&mut |component| {
            let is_select = component["type"].as_u64().is_some_and(|kind| {
                kind == component::TEXT_SELECT
                    || (component::USER_SELECT..=component::CHANNEL_SELECT).contains(&kind)
            });
            let named = [&component["custom_id"], &component["placeholder"]];
            if is_select && named.iter().any(|value| value.as_str() == Some(name)) {
                found.get_or_insert_with(|| component.clone());
            }
        });
        found
    }

    /// How many reacted with an emoji.
    pub fn reactions(&self, emoji: &str) -> u64 {
        let reactions = self.0["reactions"].as_array();
        let mut reactions = reactions.into_iter().flatten();
        let found = reactions.find(|reaction| reaction["emoji"]["name"] == emoji);
        found.and_then(|reaction| reaction["count"].as_u64()).unwrap_or(0)
    }
}
