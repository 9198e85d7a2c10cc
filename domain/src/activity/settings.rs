//! What a community decides about its statistics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    EventType,
    settings::{Configurable, Field, FieldValue, Kind},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivitySettings {
    /// By its name in the IANA database. Which names there are is known outside.
    pub time_zone: String,
}

impl Default for ActivitySettings {
    fn default() -> Self {
        Self { time_zone: "UTC".to_owned() }
    }
}

const FIELDS: &[Field] = &[Field {
    name: "time_zone",
    title: "Time zone",
    help: "In which days and hours are counted, such as Europe/Berlin or UTC.",
    kind: Kind::Text { min_chars: 1, max_chars: 64 },
}];

impl Configurable for ActivitySettings {
    const CAPABILITY: &'static str = "activity_settings";
    const TYPES: &'static [EventType] = &[EventType::new("activity_settings.changed", 1)];

    fn fields() -> &'static [Field] {
        FIELDS
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        (field == "time_zone").then(|| FieldValue::Text(self.time_zone.clone()))
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        match (field, value) {
            ("time_zone", FieldValue::Text(name)) => self.time_zone = name,
            _ => return false,
        }
        true
    }

    fn problems_together(&self) -> Vec<String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
        if self.time_zone.chars().all(plain) {
            return Vec::new();
        }
        vec!["time_zone: use a name such as Europe/Berlin or UTC".to_owned()]
    }

    fn weight_bytes(&self) -> usize {
        self.time_zone.len()
    }
}
