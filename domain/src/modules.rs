//! Which modules a guild uses, and how its members' commands behave.
//!
//! Rules:
//! - A module that nobody has switched is as its default says.
//! - What the operator has switched off no guild can switch on: that is looked at where modules
//!   are asked for, not here, because it changes with the installation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    EventType,
    settings::{Column, Configurable, Field, FieldValue, Kind},
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModuleSettings {
    pub switched: Vec<Switched>,
}

/// A module that was switched by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Switched {
    pub module: String,
    pub on: bool,
}

impl ModuleSettings {
    pub const MAX_SWITCHED: usize = 64;

    /// What was decided for this module; none where nobody did.
    pub fn decided(&self, module: &str) -> Option<bool> {
        self.switched.iter().find(|switched| switched.module == module).map(|found| found.on)
    }

    /// With this module switched so.
    #[must_use]
    pub fn with(&self, module: &str, on: bool) -> Self {
        let mut switched = self.switched.clone();
        switched.retain(|other| other.module != module);
        switched.push(Switched { module: module.to_owned(), on });
        switched.sort_by(|one, other| one.module.cmp(&other.module));
        Self { switched }
    }
}

impl Configurable for ModuleSettings {
    const CAPABILITY: &'static str = "module_settings";
    const TYPES: &'static [EventType] = &[EventType::new("module_settings.changed", 1)];

    fn fields() -> &'static [Field] {
        const COLUMNS: &[Column] = &[
            Column { name: "module", kind: Kind::Text { min_chars: 1, max_chars: 32 } },
            Column { name: "on", kind: Kind::Switch },
        ];
        &[Field {
            name: "switched",
            title: "Modules",
            help: "Modules that are switched on or off here, such as economy:off.",
            kind: Kind::List { most: ModuleSettings::MAX_SWITCHED, columns: COLUMNS },
        }]
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        let row = |switched: &Switched| {
            vec![FieldValue::Text(switched.module.clone()), FieldValue::Switch(switched.on)]
        };
        (field == "switched").then(|| FieldValue::List(self.switched.iter().map(row).collect()))
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        let ("switched", FieldValue::List(rows)) = (field, value) else { return false };
        let mut settings = Self::default();
        for row in rows {
            match <[FieldValue; 2]>::try_from(row) {
                Ok([FieldValue::Text(module), FieldValue::Switch(on)]) => {
                    settings = settings.with(&module, on);
                }
                _ => return false,
            }
        }
        *self = settings;
        true
    }

    fn weight_bytes(&self) -> usize {
        self.switched.len() * (size_of::<Switched>() + 32)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandSettings {
    /// How long a member waits before using a command again, over what the operator says.
    pub cooldowns: Vec<CommandCooldown>,
    /// Whether commands may be written as messages too.
    pub prefix_commands: bool,
    pub prefix: String,
    pub prefix_per_minute: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandCooldown {
    pub command: String,
    pub secs: u32,
}

impl CommandSettings {
    pub const MAX_COOLDOWNS: usize = 64;
    pub const MAX_COOLDOWN_SECS: u32 = 30 * 24 * 60 * 60;
    pub const MAX_COMMAND_CHARS: usize = 100;
    pub const MAX_PREFIX_CHARS: usize = 5;
    pub const MAX_PER_MINUTE: u32 = 60;

    pub fn cooldown_secs(&self, command: &str) -> Option<u32> {
        self.cooldowns.iter().find(|cooldown| cooldown.command == command).map(|found| found.secs)
    }
}

impl Default for CommandSettings {
    fn default() -> Self {
        Self {
            cooldowns: Vec::new(),
            prefix_commands: false,
            prefix: "!".to_owned(),
            prefix_per_minute: 10,
        }
    }
}

impl Configurable for CommandSettings {
    const CAPABILITY: &'static str = "command_settings";
    const TYPES: &'static [EventType] = &[EventType::new("command_settings.changed", 1)];

    fn fields() -> &'static [Field] {
        const COLUMNS: &[Column] = &[
            Column {
                name: "command",
                kind: Kind::Text { min_chars: 1, max_chars: CommandSettings::MAX_COMMAND_CHARS },
            },
            Column {
                name: "wait",
                kind: Kind::Duration { min_secs: 0, max_secs: CommandSettings::MAX_COOLDOWN_SECS },
            },
        ];
        &[
            Field {
                name: "cooldowns",
                title: "Cooldowns",
                help: "How long a member waits between two uses, such as help:5s, bytes heap:1m.",
                kind: Kind::List { most: CommandSettings::MAX_COOLDOWNS, columns: COLUMNS },
            },
            Field {
                name: "prefix_commands",
                title: "Commands as messages",
                help: "On: commands may be written as messages too, after the prefix.",
                kind: Kind::Switch,
            },
            Field {
                name: "prefix",
                title: "Prefix",
                help: "What such a message begins with.",
                kind: Kind::Text { min_chars: 1, max_chars: CommandSettings::MAX_PREFIX_CHARS },
            },
            Field {
                name: "prefix_per_minute",
                title: "Messages per minute",
                help: "How many such messages of one member are answered in a minute.",
                kind: Kind::Count { min: 1, max: CommandSettings::MAX_PER_MINUTE },
            },
        ]
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        let row = |cooldown: &CommandCooldown| {
            vec![FieldValue::Text(cooldown.command.clone()), FieldValue::Duration(cooldown.secs)]
        };
        Some(match field {
            "cooldowns" => FieldValue::List(self.cooldowns.iter().map(row).collect()),
            "prefix_commands" => FieldValue::Switch(self.prefix_commands),
            "prefix" => FieldValue::Text(self.prefix.clone()),
            "prefix_per_minute" => FieldValue::Count(self.prefix_per_minute),
            _ => return None,
        })
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        let cooldown = |row: Vec<FieldValue>| match <[FieldValue; 2]>::try_from(row) {
            Ok([FieldValue::Text(command), FieldValue::Duration(secs)]) => {
                Some(CommandCooldown { command, secs })
            }
            _ => None,
        };
        match (field, value) {
            ("cooldowns", FieldValue::List(rows)) => {
                match rows.into_iter().map(cooldown).collect() {
                    Some(cooldowns) => self.cooldowns = cooldowns,
                    None => return false,
                }
            }
            ("prefix_commands", FieldValue::Switch(on)) => self.prefix_commands = on,
            ("prefix", FieldValue::Text(prefix)) => self.prefix = prefix,
            ("prefix_per_minute", FieldValue::Count(count)) => self.prefix_per_minute = count,
            _ => return false,
        }
        true
    }

    fn problems_together(&self) -> Vec<String> {
        let again = |(place, cooldown): (usize, &CommandCooldown)| {
            self.cooldowns[..place].iter().any(|other| other.command == cooldown.command)
        };
        let twice = self.cooldowns.iter().enumerate().any(again);
        twice.then(|| "cooldowns: name each command once".to_owned()).into_iter().collect()
    }

    fn weight_bytes(&self) -> usize {
        self.prefix.len()
            + self.cooldowns.len() * (size_of::<CommandCooldown>() + Self::MAX_COMMAND_CHARS / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_switches_then_the_last_one_of_each_module_holds() {
        let settings = ModuleSettings::default();
        assert_eq!(settings.decided("economy"), None);
        let settings = settings.with("economy", false).with("audit", true).with("economy", true);
        assert_eq!(settings.decided("economy"), Some(true));
        assert_eq!(settings.get("switched").unwrap().to_string(), "audit:on, economy:on");
        let off = [FieldValue::Text("audit".to_owned()), FieldValue::Switch(false)];
        let list = settings.get("switched").unwrap().with(&off).unwrap();
        assert_eq!(list.to_string(), "audit:off, economy:on");
    }

    #[test]
    fn given_a_command_named_twice_then_that_is_said() {
        let field = &CommandSettings::fields()[0];
        let mut settings = CommandSettings::default();
        assert!(settings.put("cooldowns", field.parse("help:5s, bytes heap:1m, help:9s").unwrap()));
        assert_eq!(settings.problems(), ["cooldowns: name each command once"]);
        assert!(settings.put("cooldowns", field.parse("help:5s, bytes heap:1m").unwrap()));
        assert_eq!(settings.cooldown_secs("bytes heap"), Some(60));
        assert_eq!(settings.cooldown_secs("ping"), None);
    }
}
