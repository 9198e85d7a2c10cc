//! What a guild decides about its giveaways.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Bonus, MAX_CLAIM_SECS, MAX_DURATION_SECS, MAX_REROLLS, MAX_ROLES, MAX_WEIGHT, MAX_WINNERS,
    MIN_DURATION_SECS, Requirements,
};
use crate::{
    ChannelId, EventType, RoleId, Upcaster,
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
    /// Which roles the templates name.
    pub template_roles: Vec<TemplateRole>,
}

/// A role that a template names, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateRole {
    pub template: String,
    pub needs: Needs,
    pub role: RoleId,
    /// How many more chances it gives, of a bonus; else 0.
    pub entries: u32,
}

/// What a role is named for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// Entrants need all of these.
    All,
    /// And one of these.
    Any,
    /// And none of these.
    None,
    /// Whoever has it has more chances.
    Bonus,
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

impl Needs {
    pub const WORDS: [&str; 4] = ["all", "any", "none", "bonus"];

    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Any => "any",
            Self::None => "none",
            Self::Bonus => "bonus",
        }
    }

    pub fn of(word: &str) -> Option<Self> {
        [Self::All, Self::Any, Self::None, Self::Bonus].into_iter().find(|one| one.word() == word)
    }
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
            template_roles: Vec::new(),
        }
    }
}

impl GiveawaySettings {
    pub const MAX_TEMPLATES: usize = 25;
    pub const MAX_NAME_CHARS: usize = 32;
    pub const MAX_DAYS: u32 = 3_650;
    /// Of all templates together.
    pub const MAX_TEMPLATE_ROLES: usize = 100;

    pub fn template(&self, name: &str) -> Option<&Template> {
        self.templates.iter().find(|template| template.name == name)
    }

    /// What a template asks of entrants.
    pub fn requires(&self, template: &Template) -> Requirements {
        let named = |needs| self.roles_of(template, needs).map(|named| named.role).collect();
        Requirements {
            all_of: named(Needs::All),
            any_of: named(Needs::Any),
            none_of: named(Needs::None),
            account_days: template.account_days,
            member_days: template.member_days,
            ..Requirements::default()
        }
    }

    /// Which roles give more chances by a template.
    pub fn bonus(&self, template: &Template) -> Vec<Bonus> {
        let bonus = |named: &TemplateRole| Bonus { role: named.role, entries: named.entries };
        self.roles_of(template, Needs::Bonus).map(bonus).collect()
    }

    fn roles_of(&self, template: &Template, needs: Needs) -> impl Iterator<Item = &TemplateRole> {
        let name = template.name.clone();
        self.template_roles.iter().filter(move |one| one.template == name && one.needs == needs)
    }

    fn problems_of_roles(&self) -> Option<String> {
        for (place, named) in self.template_roles.iter().enumerate() {
            let TemplateRole { template, needs, role, entries } = named;
            if self.template(template).is_none() {
                return Some(format!(
                    "there is no template {template}; take its roles out as well"
                ));
            }
            let before = &self.template_roles[..place];
            let same = |other: &&TemplateRole| other.template == *template && other.needs == *needs;
            if before.iter().filter(same).any(|other| other.role == *role) {
                return Some("name each role once for each template and purpose".to_owned());
            }
            if before.iter().filter(same).count() >= MAX_ROLES {
                return Some(format!("name at most {MAX_ROLES} roles for one purpose"));
            }
            if (*needs == Needs::Bonus) != (*entries > 0) {
                return Some("chances are 1 or more for a bonus, and 0 for the others".to_owned());
            }
        }
        None
    }
}

impl TemplateRole {
    /// As a row of the setting.
    pub fn row(&self) -> Vec<FieldValue> {
        vec![
            FieldValue::Text(self.template.clone()),
            FieldValue::Choice(self.needs.word().to_owned()),
            FieldValue::Role(self.role),
            FieldValue::Count(self.entries),
        ]
    }

    fn of(row: Vec<FieldValue>) -> Option<Self> {
        match <[FieldValue; 4]>::try_from(row) {
            Ok(
                [
                    FieldValue::Text(template),
                    FieldValue::Choice(needs),
                    FieldValue::Role(role),
                    FieldValue::Count(entries),
                ],
            ) => Some(Self { template, needs: Needs::of(&needs)?, role, entries }),
            _ => None,
        }
    }
}

impl Template {
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

const TEMPLATE_ROLE: &[Column] = &[
    Column {
        name: "template",
        kind: Kind::Text { min_chars: 1, max_chars: GiveawaySettings::MAX_NAME_CHARS },
    },
    Column { name: "needs", kind: Kind::Choice(&Needs::WORDS) },
    Column { name: "role", kind: Kind::Role },
    Column { name: "chances", kind: Kind::Count { min: 0, max: MAX_WEIGHT - 1 } },
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
    Field {
        name: "template_roles",
        title: "Roles of templates",
        help: "Which roles the templates name, each as template:needs:role:chances. Entrants need \
               all of them, any of them or none of them; a bonus gives so many more chances. Such \
               as weekly:all:@Gardeners:0 or weekly:bonus:@Boosters:3.",
        kind: Kind::List { most: GiveawaySettings::MAX_TEMPLATE_ROLES, columns: TEMPLATE_ROLE },
    },
];

impl Configurable for GiveawaySettings {
    const CAPABILITY: &'static str = "giveaway_settings";
    const TYPES: &'static [EventType] = &[EventType::new("giveaway_settings.changed", 2)];
    const UPCASTERS: &'static [Upcaster] =
        &[Upcaster { name: "giveaway_settings.changed", from: 1, up: without_roles }];

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
            "template_roles" => {
                FieldValue::List(self.template_roles.iter().map(TemplateRole::row).collect())
            }
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
            ("template_roles", FieldValue::List(rows)) => {
                match rows.into_iter().map(TemplateRole::of).collect() {
                    Some(roles) => self.template_roles = roles,
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
        let twice = twice.then(|| "templates: name each template once".to_owned());
        let roles = self.problems_of_roles().map(|problem| format!("template_roles: {problem}"));
        twice.into_iter().chain(roles).collect()
    }

    fn weight_bytes(&self) -> usize {
        self.log_channel.len() * size_of::<ChannelId>()
            + self.templates.len() * (size_of::<Template>() + Self::MAX_NAME_CHARS)
            + self.template_roles.len() * (size_of::<TemplateRole>() + Self::MAX_NAME_CHARS)
    }
}

/// The first version's templates named no roles.
fn without_roles(mut payload: serde_json::Value) -> serde_json::Value {
    let values = payload.pointer_mut("/changed/values");
    if let Some(values) = values.and_then(serde_json::Value::as_object_mut) {
        values.insert("template_roles".to_owned(), serde_json::json!([]));
    }
    payload
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
            ("template_roles", "weekly:all:<@&7>:0, weekly:bonus:<@&8>:3"),
        ] {
            assert!(settings.put(name, field(name).parse(text).unwrap()), "{name}");
            assert_eq!(settings.get(name).unwrap().to_string(), text, "{name}");
            assert!(!settings.put(name, FieldValue::Role(crate::RoleId::new(1).unwrap())));
        }
        assert_eq!(settings.problems(), Vec::<String>::new());
        let weekly = settings.template("weekly").unwrap();
        let requires = settings.requires(weekly);
        assert_eq!((weekly.winners, requires.account_days), (1, 30));
        assert_eq!(requires.all_of, [crate::RoleId::new(7).unwrap()]);
        let bonus = Bonus { role: crate::RoleId::new(8).unwrap(), entries: 3 };
        assert_eq!(settings.bonus(weekly), [bonus]);
        let flash = settings.template("flash").unwrap();
        assert_eq!(settings.requires(flash), Requirements::default());
        assert!(settings.bonus(flash).is_empty());
        assert!(field("templates").parse("weekly:51:7d:1d:30:0").is_err());
        let twice = field("templates").parse("a:1:7d:1d:0:0, a:2:7d:1d:0:0").unwrap();
        assert!(settings.put("templates", twice));
        assert!(settings.put("template_roles", FieldValue::List(Vec::new())));
        assert_eq!(settings.problems(), ["templates: name each template once"]);
        assert!(settings.get("nothing").is_none());
    }

    #[test]
    fn given_roles_of_templates_then_what_makes_no_sense_is_named() {
        for (roles, problem) in [
            ("monthly:all:7:0", "there is no template monthly"),
            ("weekly:any:7:0, weekly:any:7:0", "once for each template and purpose"),
            ("weekly:bonus:7:0", "chances are 1 or more for a bonus"),
            ("weekly:none:7:2", "chances are 1 or more for a bonus"),
        ] {
            let mut settings = GiveawaySettings::default();
            let templates = field("templates").parse("weekly:1:7d:1d:30:0").unwrap();
            assert!(settings.put("templates", templates));
            assert!(settings.put("template_roles", field("template_roles").parse(roles).unwrap()));
            let problems = settings.problems();
            assert!(problems[..].iter().any(|one| one.contains(problem)), "{roles}: {problems:?}");
        }
        assert!(field("template_roles").parse("weekly:some:7:0").is_err());
    }
}
