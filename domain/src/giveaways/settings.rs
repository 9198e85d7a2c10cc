//! What a guild decides about its giveaways.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    MAX_CLAIM_SECS, MAX_DURATION_SECS, MAX_REROLLS, MAX_WINNERS, MIN_DURATION_SECS, Requirements,
};
use crate::{
    ChannelId, EventType,
    settings::{Column, Configurable, Field, FieldValue, Kind, channels_in, channels_of},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveawaySettings {
    /// How long winners have to claim, where nothing else is said; 0: nothing is to be claimed.
    pub claim_secs: u32,
    /// How often a prize goes on to somebody else, where nothing else is said.
    pub max_rerolls: u32,
    /// Whether whoever won a giveaway here before is left out of the draw.
    pub exclude_past_winners: bool,
    /// Of what is posted for everybody.
    pub language: Language,
    /// Where failed claims, rerolls and disqualifications are posted; at most one channel.
    pub log_channel: Vec<ChannelId>,
    pub templates: Vec<Template>,
}

/// What a giveaway can be made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Template {
    pub name: String,
    pub winners: u32,
    pub duration_secs: u32,
    pub claim_secs: u32,
    pub account_days: u32,
    pub member_days: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    #[default]
    En,
    De,
}

impl Language {
    const WORDS: [&str; 2] = ["en", "de"];

    const fn word(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::En, Self::De].into_iter().find(|language| language.word() == word)
    }
}

impl Default for GiveawaySettings {
    fn default() -> Self {
        Self {
            claim_secs: 5 * 60,
            max_rerolls: 3,
            exclude_past_winners: false,
            language: Language::En,
            log_channel: Vec::new(),
            templates: Vec::new(),
        }
    }
}

impl GiveawaySettings {
    pub const MAX_TEMPLATES: usize = 25;
    pub const MAX_NAME_CHARS: usize = 32;
    pub const MAX_DAYS: u32 = 3_650;

    pub fn template(&self, name: &str) -> Option<&Template> {
        self.templates.iter().find(|template| template.name == name)
    }
}

impl Template {
    pub fn requires(&self) -> Requirements {
        Requirements {
            account_days: self.account_days,
            member_days: self.member_days,
            ..Requirements::default()
        }
    }

    /// As a row of the setting.
    pub fn row(&self) -> Vec<FieldValue> {
        vec![
            FieldValue::Text(self.name.clone()),
            FieldValue::Count(self.winners),
            FieldValue::Duration(self.duration_secs),
            FieldValue::Duration(self.claim_secs),
            FieldValue::Count(self.account_days),
            FieldValue::Count(self.member_days),
        ]
    }

    fn of(row: Vec<FieldValue>) -> Option<Self> {
        match <[FieldValue; 6]>::try_from(row) {
            Ok(
                [
                    FieldValue::Text(name),
                    FieldValue::Count(winners),
                    FieldValue::Duration(duration_secs),
                    FieldValue::Duration(claim_secs),
                    FieldValue::Count(account_days),
                    FieldValue::Count(member_days),
                ],
            ) => Some(Self { name, winners, duration_secs, claim_secs, account_days, member_days }),
            _ => None,
        }
    }
}

const CLAIM: Kind = Kind::Duration { min_secs: 0, max_secs: MAX_CLAIM_SECS };
const DAYS: Kind = Kind::Count { min: 0, max: GiveawaySettings::MAX_DAYS };
const LONGEST_SECS: u32 = 365 * 24 * 60 * 60;
const SHORTEST_SECS: u32 = 10;
const _: () = assert!(
    LONGEST_SECS as i64 == MAX_DURATION_SECS && SHORTEST_SECS as i64 == MIN_DURATION_SECS,
    "one limit"
);

const TEMPLATE: &[Column] = &[
    Column {
        name: "name",
        kind: Kind::Text { min_chars: 1, max_chars: GiveawaySettings::MAX_NAME_CHARS },
    },
    Column { name: "winners", kind: Kind::Count { min: 1, max: MAX_WINNERS } },
    Column {
        name: "length",
        kind: Kind::Duration { min_secs: SHORTEST_SECS, max_secs: LONGEST_SECS },
    },
    Column { name: "claim", kind: CLAIM },
    Column { name: "account days", kind: DAYS },
    Column { name: "member days", kind: DAYS },
];

const FIELDS: &[Field] = &[
    Field {
        name: "claim_secs",
        title: "Time to claim",
        help: "How long a winner has to claim before the prize goes on. 0s: nothing is to be \
               claimed.",
        kind: CLAIM,
    },
    Field {
        name: "max_rerolls",
        title: "Rerolls",
        help: "How often a giveaway's prizes go on to somebody else, by time and by hand together.",
        kind: Kind::Count { min: 0, max: MAX_REROLLS },
    },
    Field {
        name: "exclude_past_winners",
        title: "Past winners sit out",
        help: "On: whoever won a giveaway here before is left out of the draw.",
        kind: Kind::Switch,
    },
    Field {
        name: "language",
        title: "Language of posts",
        help: "The language of what is posted for everybody.",
        kind: Kind::Choice(&Language::WORDS),
    },
    Field {
        name: "log_channel",
        title: "Log channel",
        help: "Where failed claims, rerolls and disqualifications are posted. None: nowhere.",
        kind: Kind::channels(1),
    },
    Field {
        name: "templates",
        title: "Templates",
        help: "What giveaways can be made from, each as name:winners:length:claim:account \
               days:member days, such as weekly:1:7d:1d:30:0.",
        kind: Kind::List { most: GiveawaySettings::MAX_TEMPLATES, columns: TEMPLATE },
    },
];

impl Configurable for GiveawaySettings {
    const CAPABILITY: &'static str = "giveaway_settings";
    const TYPES: &'static [EventType] = &[EventType::new("giveaway_settings.changed", 1)];

    fn fields() -> &'static [Field] {
        FIELDS
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        Some(match field {
            "claim_secs" => FieldValue::Duration(self.claim_secs),
            "max_rerolls" => FieldValue::Count(self.max_rerolls),
            "exclude_past_winners" => FieldValue::Switch(self.exclude_past_winners),
            "language" => FieldValue::Choice(self.language.word().to_owned()),
            "log_channel" => channels_in(&self.log_channel),
            "templates" => FieldValue::List(self.templates.iter().map(Template::row).collect()),
            _ => return None,
        })
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        match (field, value) {
            ("claim_secs", FieldValue::Duration(secs)) => self.claim_secs = secs,
            ("max_rerolls", FieldValue::Count(count)) => self.max_rerolls = count,
            ("exclude_past_winners", FieldValue::Switch(on)) => self.exclude_past_winners = on,
            ("language", FieldValue::Choice(word)) => match Language::of(&word) {
                Some(language) => self.language = language,
                None => return false,
            },
            ("log_channel", list) => match channels_of(list) {
                Some(channels) => self.log_channel = channels,
                None => return false,
            },
            ("templates", FieldValue::List(rows)) => {
                match rows.into_iter().map(Template::of).collect() {
                    Some(templates) => self.templates = templates,
                    None => return false,
                }
            }
            _ => return false,
        }
        true
    }

    fn problems_together(&self) -> Vec<String> {
        let again = |(place, template): (usize, &Template)| {
            self.templates[..place].iter().any(|other| other.name == template.name)
        };
        let twice = self.templates.iter().enumerate().any(again);
        twice.then(|| "templates: name each template once".to_owned()).into_iter().collect()
    }

    fn weight_bytes(&self) -> usize {
        self.log_channel.len() * size_of::<ChannelId>()
            + self.templates.len() * (size_of::<Template>() + Self::MAX_NAME_CHARS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str) -> &'static Field {
        FIELDS.iter().find(|field| field.name == name).unwrap()
    }

    // proves: GIV-08, GIV-10
    #[test]
    fn given_nothing_decided_then_winners_have_five_minutes_and_three_rerolls() {
        let settings = GiveawaySettings::default();
        assert_eq!((settings.claim_secs, settings.max_rerolls), (300, 3));
        assert_eq!(settings.problems(), Vec::<String>::new());
    }

    #[test]
    fn given_every_field_then_what_is_written_reads_back() {
        let mut settings = GiveawaySettings::default();
        for (name, text) in [
            ("claim_secs", "1h"),
            ("max_rerolls", "7"),
            ("exclude_past_winners", "on"),
            ("language", "de"),
            ("log_channel", "<#77>"),
            ("templates", "weekly:1:7d:1d:30:0, flash:2:10m:1m:0:0"),
        ] {
            assert!(settings.put(name, field(name).parse(text).unwrap()), "{name}");
            assert_eq!(settings.get(name).unwrap().to_string(), text, "{name}");
            assert!(!settings.put(name, FieldValue::Role(crate::RoleId::new(1).unwrap())));
        }
        assert_eq!(settings.problems(), Vec::<String>::new());
        let weekly = settings.template("weekly").unwrap();
        assert_eq!((weekly.winners, weekly.requires().account_days), (1, 30));
        assert!(field("templates").parse("weekly:51:7d:1d:30:0").is_err());
        let twice = field("templates").parse("a:1:7d:1d:0:0, a:2:7d:1d:0:0").unwrap();
        assert!(settings.put("templates", twice));
        assert_eq!(settings.problems(), ["templates: name each template once"]);
        assert!(settings.get("nothing").is_none());
    }
}
