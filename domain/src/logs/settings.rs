//! What a community decides about its logs.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Topic;
use crate::{
    ChannelId, EventType,
    settings::{Column, Configurable, Field, FieldValue, InForce, Kind, channels_in, channels_of},
};

/// The settings in force, with their version.
pub type Terms = Arc<InForce<LogSettings>>;

const DAY_SECS: u32 = 86_400;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Where everything is posted that has no channel of its own; at most one.
    pub channel: Vec<ChannelId>,
    /// Topics that were switched by hand.
    pub topics: Vec<Switched>,
    /// Topics with a channel of their own.
    pub routes: Vec<Route>,
    pub left_out_channels: Vec<ChannelId>,
    /// Whether what bots do is noted too.
    pub bots: bool,
    /// How long it is kept what messages said.
    pub retention_secs: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Switched {
    pub topic: Topic,
    pub on: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub topic: Topic,
    pub channel: ChannelId,
}

impl LogSettings {
    pub const MAX_LEFT_OUT_CHANNELS: usize = 100;
    pub const MIN_RETENTION_SECS: u32 = DAY_SECS;
    pub const MAX_RETENTION_SECS: u32 = 90 * DAY_SECS;

    /// Everything but the use of commands, which statistics count anyway.
    pub fn notes(&self, topic: Topic) -> bool {
        let switched = self.topics.iter().find(|switched| switched.topic == topic);
        switched.map_or(topic != Topic::Commands, |switched| switched.on)
    }

    /// Whether it is kept what messages say, so that it can be told once they are changed.
    pub fn keeps_messages(&self) -> bool {
        self.notes(Topic::Edits) || self.notes(Topic::Deletions)
    }

    /// Where entries of this topic are posted.
    pub fn posted_in(&self, topic: Topic) -> Option<ChannelId> {
        let own = self.routes.iter().find(|route| route.topic == topic);
        own.map(|route| route.channel).or_else(|| self.channel.first().copied())
    }

    /// With this topic switched so, and posted there where that is said.
    #[must_use]
    pub fn with(&self, topic: Topic, on: Option<bool>, channel: Option<ChannelId>) -> Self {
        let mut new = self.clone();
        if let Some(on) = on {
            new.topics.retain(|switched| switched.topic != topic);
            new.topics.push(Switched { topic, on });
            new.topics.sort_by_key(|switched| switched.topic);
        }
        if let Some(channel) = channel {
            new.routes.retain(|route| route.topic != topic);
            new.routes.push(Route { topic, channel });
            new.routes.sort_by_key(|route| route.topic);
        }
        new
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            channel: Vec::new(),
            topics: Vec::new(),
            routes: Vec::new(),
            left_out_channels: Vec::new(),
            bots: false,
            retention_secs: 30 * DAY_SECS,
        }
    }
}

const TOPIC: Column = Column { name: "topic", kind: Kind::Choice(Topic::WORDS) };
const FIELDS: &[Field] = &[
    Field {
        name: "channel",
        title: "Log channel",
        help: "Where entries are posted that have no channel of their own. Without one they are \
               kept and not posted.",
        kind: Kind::channels(1),
    },
    Field {
        name: "topics",
        title: "Topics",
        help: "What is logged, such as voice:off, commands:on. Topics: edits, deletions, members, \
               roles, channels, voice, invites, commands. All but commands are on.",
        kind: Kind::List {
            most: Topic::ALL.len(),
            columns: &[TOPIC, Column { name: "on", kind: Kind::Switch }],
        },
    },
    Field {
        name: "routes",
        title: "Channels of topics",
        help: "Topics with a channel of their own, such as deletions:#mod-log, voice:#voice-log.",
        kind: Kind::List {
            most: Topic::ALL.len(),
            columns: &[TOPIC, Column { name: "channel", kind: Kind::Channel }],
        },
    },
    Field {
        name: "left_out_channels",
        title: "Channels that are left out",
        help: "Nothing that happens there is logged.",
        kind: Kind::channels(LogSettings::MAX_LEFT_OUT_CHANNELS),
    },
    Field {
        name: "bots",
        title: "Log bots",
        help: "Whether what bots do is logged too.",
        kind: Kind::Switch,
    },
    Field {
        name: "retention",
        title: "How long messages are kept",
        help: "How long it is kept what messages said, sealed, so that edits and deletions can \
               show it. After that it is destroyed.",
        kind: Kind::Duration {
            min_secs: LogSettings::MIN_RETENTION_SECS,
            max_secs: LogSettings::MAX_RETENTION_SECS,
        },
    },
];

impl Configurable for LogSettings {
    const CAPABILITY: &'static str = "log_settings";
    const TYPES: &'static [EventType] = &[EventType::new("log_settings.changed", 1)];

    fn fields() -> &'static [Field] {
        FIELDS
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        let word = |topic: Topic| FieldValue::Choice(topic.word().to_owned());
        Some(match field {
            "channel" => channels_in(&self.channel),
            "topics" => {
                let row = |s: &Switched| vec![word(s.topic), FieldValue::Switch(s.on)];
                FieldValue::List(self.topics.iter().map(row).collect())
            }
            "routes" => {
                let row = |r: &Route| vec![word(r.topic), FieldValue::Channel(r.channel)];
                FieldValue::List(self.routes.iter().map(row).collect())
            }
            "left_out_channels" => channels_in(&self.left_out_channels),
            "bots" => FieldValue::Switch(self.bots),
            "retention" => FieldValue::Duration(self.retention_secs),
            _ => return None,
        })
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        self.try_put(field, value).is_some()
    }

    fn weight_bytes(&self) -> usize {
        self.topics.len() * size_of::<Switched>()
            + self.routes.len() * size_of::<Route>()
            + self.left_out_channels.len() * 8
    }
}

impl LogSettings {
    fn try_put(&mut self, field: &str, value: FieldValue) -> Option<()> {
        match (field, value) {
            ("channel", list) => self.channel = channels_of(list)?,
            ("topics", FieldValue::List(rows)) => {
                let mut new = Self { topics: Vec::new(), ..self.clone() };
                for row in rows {
                    let [FieldValue::Choice(word), FieldValue::Switch(on)] = &row[..] else {
                        return None;
                    };
                    new = new.with(Topic::of(word)?, Some(*on), None);
                }
                *self = new;
            }
            ("routes", FieldValue::List(rows)) => {
                let mut new = Self { routes: Vec::new(), ..self.clone() };
                for row in rows {
                    let [FieldValue::Choice(word), FieldValue::Channel(channel)] = &row[..] else {
                        return None;
                    };
                    new = new.with(Topic::of(word)?, None, Some(*channel));
                }
                *self = new;
            }
            ("left_out_channels", list) => self.left_out_channels = channels_of(list)?,
            ("bots", FieldValue::Switch(on)) => self.bots = on,
            ("retention", FieldValue::Duration(secs)) => self.retention_secs = secs,
            _ => return None,
        }
        Some(())
    }
}
