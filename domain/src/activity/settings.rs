//! What a community decides about its statistics, and about the report of each week.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ChannelId, EventType, Upcaster,
    settings::{Configurable, Field, FieldValue, Kind, channels_in, channels_of},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivitySettings {
    /// By its name in the IANA database. Which names there are is known outside.
    pub time_zone: String,
    /// Where each week's report is posted; one channel at most, and without one there is none.
    pub report_channel: Vec<ChannelId>,
    /// When, in the community's time zone.
    pub report_day: ReportDay,
    pub report_hour: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportDay {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

const WORDS: &[&str] =
    &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl ReportDay {
    const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// Monday is 0.
    pub const fn number(self) -> u32 {
        self as u32
    }

    fn word(self) -> &'static str {
        WORDS.get(self as usize).copied().unwrap_or_default()
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.word() == word)
    }
}

impl Default for ActivitySettings {
    fn default() -> Self {
        Self {
            time_zone: "UTC".to_owned(),
            report_channel: Vec::new(),
            report_day: ReportDay::Monday,
            report_hour: 9,
        }
    }
}

const FIELDS: &[Field] = &[
    Field {
        name: "time_zone",
        title: "Time zone",
        help: "In which days and hours are counted, such as Europe/Berlin or UTC.",
        kind: Kind::Text { min_chars: 1, max_chars: 64 },
    },
    Field {
        name: "report_channel",
        title: "Channel of the weekly report",
        help: "What went on in the week is posted there once a week. Nothing: no report.",
        kind: Kind::channels(1),
    },
    Field {
        name: "report_day",
        title: "Day of the weekly report",
        help: "On which day of the week it is posted.",
        kind: Kind::Choice(WORDS),
    },
    Field {
        name: "report_hour",
        title: "Hour of the weekly report",
        help: "At which hour of that day, from 0 to 23, in the community's time zone.",
        kind: Kind::Count { min: 0, max: 23 },
    },
];

impl Configurable for ActivitySettings {
    const CAPABILITY: &'static str = "activity_settings";
    const TYPES: &'static [EventType] = &[EventType::new("activity_settings.changed", 2)];
    const UPCASTERS: &'static [Upcaster] =
        &[Upcaster { name: "activity_settings.changed", from: 1, up: without_report }];

    fn fields() -> &'static [Field] {
        FIELDS
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        Some(match field {
            "time_zone" => FieldValue::Text(self.time_zone.clone()),
            "report_channel" => channels_in(&self.report_channel),
            "report_day" => FieldValue::Choice(self.report_day.word().to_owned()),
            "report_hour" => FieldValue::Count(self.report_hour),
            _ => return None,
        })
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        self.try_put(field, value).is_some()
    }

    fn problems_together(&self) -> Vec<String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
        if self.time_zone.chars().all(plain) {
            return Vec::new();
        }
        vec!["time_zone: use a name such as Europe/Berlin or UTC".to_owned()]
    }

    fn weight_bytes(&self) -> usize {
        self.time_zone.len() + self.report_channel.len() * size_of::<ChannelId>()
    }
}

impl ActivitySettings {
    fn try_put(&mut self, field: &str, value: FieldValue) -> Option<()> {
        match (field, value) {
            ("time_zone", FieldValue::Text(name)) => self.time_zone = name,
            ("report_channel", list) => self.report_channel = channels_of(list)?,
            ("report_day", FieldValue::Choice(word)) => self.report_day = ReportDay::of(&word)?,
            ("report_hour", FieldValue::Count(hour)) => self.report_hour = hour,
            _ => return None,
        }
        Some(())
    }
}

/// Version 1 knew no report.
fn without_report(mut payload: serde_json::Value) -> serde_json::Value {
    let values = payload.pointer_mut("/changed/values");
    if let Some(values) = values.and_then(serde_json::Value::as_object_mut) {
        values.insert("report_channel".to_owned(), serde_json::json!([]));
        values.insert("report_day".to_owned(), serde_json::json!("monday"));
        values.insert("report_hour".to_owned(), serde_json::json!(9));
    }
    payload
}
