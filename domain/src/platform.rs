//! What holds for the whole installation: whether it is under maintenance, and what people are
//! told then. It lies in the platform's own scope, [`GuildId::PLATFORM`](crate::GuildId::PLATFORM).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    EventType,
    settings::{Configurable, Field, FieldValue, Kind},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlatformSettings {
    pub maintenance: bool,
    /// What people are told during maintenance.
    pub notice: String,
}

impl PlatformSettings {
    pub const MAX_NOTICE_CHARS: usize = 300;
}

impl Default for PlatformSettings {
    fn default() -> Self {
        let notice = "This bot is being worked on at the moment. Please try again a little later.";
        Self { maintenance: false, notice: notice.to_owned() }
    }
}

impl Configurable for PlatformSettings {
    const CAPABILITY: &'static str = "platform_settings";
    const TYPES: &'static [EventType] = &[EventType::new("platform_settings.changed", 1)];

    fn fields() -> &'static [Field] {
        &[
            Field {
                name: "maintenance",
                title: "Maintenance",
                help: "On: only operators are served, everybody else is told the notice.",
                kind: Kind::Switch,
            },
            Field {
                name: "notice",
                title: "Notice",
                help: "What people are told during maintenance.",
                kind: Kind::Text { min_chars: 1, max_chars: PlatformSettings::MAX_NOTICE_CHARS },
            },
        ]
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        match field {
            "maintenance" => Some(FieldValue::Switch(self.maintenance)),
            "notice" => Some(FieldValue::Text(self.notice.clone())),
            _ => None,
        }
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        match (field, value) {
            ("maintenance", FieldValue::Switch(on)) => self.maintenance = on,
            ("notice", FieldValue::Text(notice)) => self.notice = notice,
            _ => return false,
        }
        true
    }

    fn weight_bytes(&self) -> usize {
        self.notice.len()
    }
}
