//! What a community decides about its levels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ChannelId, EventType, MessageId, RoleId, Upcaster,
    settings::{
        Column, Configurable, Field, FieldValue, Kind, channels_in, channels_of, roles_in, roles_of,
    },
};

/// Once over, in percent.
pub const FULL: u32 = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelSettings {
    /// What a message earns, between these two.
    pub text_min: u32,
    pub text_max: u32,
    pub cooldown_secs: u32,
    /// Messages within ten seconds; whoever writes more floods. 0: nobody does.
    pub flood_messages: u32,
    /// For each minute in voice that counts.
    pub voice_xp: u32,
    pub curve: Curve,
    /// How much more than the curve says a level takes, in percent.
    pub curve_percent: u32,
    /// For everything, in percent.
    pub percent: u32,
    pub role_percents: Vec<RolePercent>,
    pub channel_percents: Vec<ChannelPercent>,
    pub no_xp_roles: Vec<RoleId>,
    pub no_xp_channels: Vec<ChannelId>,
    pub role_rewards: Vec<LevelReward>,
    pub rewards: Rewards,
    pub announce: Announce,
    pub announce_channel: Vec<ChannelId>,
    /// Whether boards and places leave out who is no member any more.
    pub hide_leavers: bool,
}

/// How much a level takes more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Curve {
    /// Every level takes as much.
    Even,
    /// As other bots have it: 5n² + 50n + 100 for the level after n.
    Classic,
    /// For communities that write very much.
    Steep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rewards {
    /// A member keeps every role they have earned.
    Stack,
    /// Only the highest.
    Replace,
}

/// Where it is told that somebody has reached a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Announce {
    Nowhere,
    /// Where they wrote.
    There,
    /// In one channel.
    Channel,
    /// To the member alone.
    Direct,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolePercent {
    pub role: RoleId,
    pub percent: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelPercent {
    pub channel: ChannelId,
    pub percent: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelReward {
    pub level: u32,
    pub role: RoleId,
}

macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ }) => {
        impl $name {
            const WORDS: &'static [&'static str] = &[$($word),+];

            const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            fn of(word: &str) -> Option<Self> {
                [$(Self::$variant),+].into_iter().find(|one| one.word() == word)
            }
        }
    };
}

words!(Curve { Even = "even", Classic = "classic", Steep = "steep" });
words!(Rewards { Stack = "stack", Replace = "replace" });
words!(Announce { Nowhere = "nowhere", There = "there", Channel = "channel", Direct = "direct" });

impl Default for LevelSettings {
    fn default() -> Self {
        Self {
            text_min: 15,
            text_max: 25,
            cooldown_secs: 60,
            flood_messages: 8,
            voice_xp: 5,
            curve: Curve::Classic,
            curve_percent: FULL,
            percent: FULL,
            role_percents: Vec::new(),
            channel_percents: Vec::new(),
            no_xp_roles: Vec::new(),
            no_xp_channels: Vec::new(),
            role_rewards: Vec::new(),
            rewards: Rewards::Stack,
            announce: Announce::Nowhere,
            announce_channel: Vec::new(),
            hide_leavers: false,
        }
    }
}

impl LevelSettings {
    pub const MAX_XP_AT_ONCE: u32 = 10_000;
    pub const MAX_COOLDOWN_SECS: u32 = 24 * 60 * 60;
    pub const MAX_PERCENT: u32 = 1_000;
    pub const MAX_LEVEL: u32 = 1_000;
    pub const MAX_ROWS: usize = 25;

    /// What a message earns before anything multiplies it; the same message always the same.
    pub fn text_xp(&self, message: MessageId) -> u32 {
        let range = u64::from(self.text_max.saturating_sub(self.text_min)) + 1;
        let drawn = u32::try_from(scattered(message.get()) % range).unwrap_or(0);
        self.text_min + drawn
    }

    /// What is earned with these roles in this channel is multiplied with; 0 earns nothing.
    pub fn percent(&self, roles: &[RoleId], channel: ChannelId) -> u32 {
        let none = roles.iter().any(|role| self.no_xp_roles.contains(role));
        if none || self.no_xp_channels.contains(&channel) {
            return 0;
        }
        let theirs = self.role_percents.iter().filter(|row| roles.contains(&row.role));
        let of_roles = theirs.map(|row| row.percent).max().unwrap_or(FULL);
        let here = self.channel_percents.iter().find(|row| row.channel == channel);
        let of_channel = here.map_or(FULL, |row| row.percent);
        let all = u64::from(self.percent) * u64::from(of_roles) * u64::from(of_channel);
        u32::try_from(all / u64::from(FULL * FULL)).unwrap_or(u32::MAX)
    }

    /// The roles that whoever has reached a level is due, each with the level that brings it.
    pub fn due(&self, level: u32) -> Vec<(RoleId, u32)> {
        let reached = self.role_rewards.iter().filter(|reward| reward.level <= level);
        let highest = reached.clone().map(|reward| reward.level).max();
        let keeps = |at| self.rewards == Rewards::Stack || Some(at) == highest;
        let due = reached.filter(|reward| keeps(reward.level));
        due.map(|reward| (reward.role, reward.level)).collect()
    }

    /// What the level after `level` takes.
    pub fn step(&self, level: u32) -> u64 {
        let n = u64::from(level);
        let step = match self.curve {
            Curve::Even => 1_000,
            Curve::Classic => 5 * n * n + 50 * n + 100,
            Curve::Steep => n * n * n + 10 * n * n + 100 * n + 100,
        };
        (step * u64::from(self.curve_percent) / u64::from(FULL)).max(1)
    }

    /// What a level takes in all, from nothing on.
    pub fn sum(&self, level: u32) -> u64 {
        (0..level.min(Self::MAX_LEVEL)).map(|level| self.step(level)).sum()
    }

    /// The level that so much experience has reached.
    pub fn level(&self, xp: u64) -> u32 {
        self.progress(xp).0
    }

    /// The level, how much of the next is there, and how much that takes.
    pub fn progress(&self, xp: u64) -> (u32, u64, u64) {
        let mut rest = xp;
        for level in 0..Self::MAX_LEVEL {
            let step = self.step(level);
            if rest < step {
                return (level, rest, step);
            }
            rest -= step;
        }
        (Self::MAX_LEVEL, rest, rest.max(1))
    }
}

/// Neighbouring ids lead to numbers that have nothing to do with each other (`splitmix64`).
const fn scattered(id: u64) -> u64 {
    let mixed = id.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

const XP: Kind = Kind::Count { min: 0, max: LevelSettings::MAX_XP_AT_ONCE };
const PERCENT: Kind = Kind::Count { min: 0, max: LevelSettings::MAX_PERCENT };
const ROLE_PERCENT: &[Column] =
    &[Column { name: "role", kind: Kind::Role }, Column { name: "percent", kind: PERCENT }];
const CHANNEL_PERCENT: &[Column] =
    &[Column { name: "channel", kind: Kind::Channel }, Column { name: "percent", kind: PERCENT }];
const REWARD: &[Column] = &[
    Column { name: "level", kind: Kind::Count { min: 1, max: LevelSettings::MAX_LEVEL } },
    Column { name: "role", kind: Kind::Role },
];

const FIELDS: &[Field] = &[
    Field {
        name: "text_min",
        title: "Least for a message",
        help: "A message earns at least this much XP.",
        kind: XP,
    },
    Field {
        name: "text_max",
        title: "Most for a message",
        help: "And at most this much.",
        kind: XP,
    },
    Field {
        name: "cooldown_secs",
        title: "Time between messages that earn",
        help: "One message earns in that time, however many are written.",
        kind: Kind::Duration { min_secs: 0, max_secs: LevelSettings::MAX_COOLDOWN_SECS },
    },
    Field {
        name: "flood_messages",
        title: "Flood",
        help: "Whoever writes more than this many messages within 10 seconds earns nothing with \
               them. 0: no limit.",
        kind: Kind::Count { min: 0, max: 100 },
    },
    Field {
        name: "voice_xp",
        title: "For a minute in voice",
        help: "Earned while neither muted nor deafened, and not alone. 0: nothing.",
        kind: XP,
    },
    Field {
        name: "curve",
        title: "Curve",
        help: "Even: every level takes 1,000 XP. Classic: as other bots have it. Steep: high \
               levels take very much.",
        kind: Kind::Choice(Curve::WORDS),
    },
    Field {
        name: "curve_percent",
        title: "Height of the curve",
        help: "200: every level takes twice as much as the curve says.",
        kind: Kind::Count { min: 10, max: LevelSettings::MAX_PERCENT },
    },
    Field {
        name: "percent",
        title: "Multiplier",
        help: "Of everything that is earned, in percent. 200: twice as much.",
        kind: PERCENT,
    },
    Field {
        name: "role_percents",
        title: "Multipliers of roles",
        help: "In percent, such as @Booster:150. The highest of a member's counts.",
        kind: Kind::List { most: LevelSettings::MAX_ROWS, columns: ROLE_PERCENT },
    },
    Field {
        name: "channel_percents",
        title: "Multipliers of channels",
        help: "In percent, such as #ideas:200.",
        kind: Kind::List { most: LevelSettings::MAX_ROWS, columns: CHANNEL_PERCENT },
    },
    Field {
        name: "no_xp_roles",
        title: "Roles that earn nothing",
        help: "Whoever has one of these earns nothing.",
        kind: Kind::roles(LevelSettings::MAX_ROWS),
    },
    Field {
        name: "no_xp_channels",
        title: "Channels that earn nothing",
        help: "Nobody earns anything there, by writing or by voice.",
        kind: Kind::channels(LevelSettings::MAX_ROWS),
    },
    Field {
        name: "role_rewards",
        title: "Role rewards",
        help: "Roles for levels, such as 5:@Regular, 20:@Veteran.",
        kind: Kind::List { most: LevelSettings::MAX_ROWS, columns: REWARD },
    },
    Field {
        name: "rewards",
        title: "Earned roles",
        help: "Stack: members keep them all. Replace: only the highest.",
        kind: Kind::Choice(Rewards::WORDS),
    },
    Field {
        name: "announce",
        title: "Tell of new levels",
        help: "Nowhere, there (where the member wrote), in a channel, or direct (to the member \
               alone).",
        kind: Kind::Choice(Announce::WORDS),
    },
    Field {
        name: "announce_channel",
        title: "Channel for new levels",
        help: "Where they are told, where that is a channel.",
        kind: Kind::channels(1),
    },
    Field {
        name: "hide_leavers",
        title: "Boards without leavers",
        help: "On: who has left stands on no board and takes nobody's place. They keep their XP \
               and are there again when they come back.",
        kind: Kind::Switch,
    },
];

impl Configurable for LevelSettings {
    const CAPABILITY: &'static str = "level_settings";
    const TYPES: &'static [EventType] = &[EventType::new("level_settings.changed", 2)];
    const UPCASTERS: &'static [Upcaster] =
        &[Upcaster { name: "level_settings.changed", from: 1, up: with_leavers }];

    fn fields() -> &'static [Field] {
        FIELDS
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        let rows = |rows: Vec<Vec<FieldValue>>| FieldValue::List(rows);
        Some(match field {
            "text_min" => FieldValue::Count(self.text_min),
            "text_max" => FieldValue::Count(self.text_max),
            "cooldown_secs" => FieldValue::Duration(self.cooldown_secs),
            "flood_messages" => FieldValue::Count(self.flood_messages),
            "voice_xp" => FieldValue::Count(self.voice_xp),
            "curve" => FieldValue::Choice(self.curve.word().to_owned()),
            "curve_percent" => FieldValue::Count(self.curve_percent),
            "percent" => FieldValue::Count(self.percent),
            "role_percents" => rows(self.role_percents.iter().map(RolePercent::row).collect()),
            "channel_percents" => {
                rows(self.channel_percents.iter().map(ChannelPercent::row).collect())
            }
            "no_xp_roles" => roles_in(&self.no_xp_roles),
            "no_xp_channels" => channels_in(&self.no_xp_channels),
            "role_rewards" => rows(self.role_rewards.iter().map(LevelReward::row).collect()),
            "rewards" => FieldValue::Choice(self.rewards.word().to_owned()),
            "announce" => FieldValue::Choice(self.announce.word().to_owned()),
            "announce_channel" => channels_in(&self.announce_channel),
            "hide_leavers" => FieldValue::Switch(self.hide_leavers),
            _ => return None,
        })
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        self.try_put(field, value).is_some()
    }

    fn problems_together(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.text_min > self.text_max {
            problems.push("text_min: it is more than text_max; set the other first".to_owned());
        }
        if self.announce == Announce::Channel && self.announce_channel.is_empty() {
            problems.push("announce_channel: name a channel first, then announce there".to_owned());
        }
        let again = |(place, reward): (usize, &LevelReward)| {
            self.role_rewards[..place].iter().any(|other| other.role == reward.role)
        };
        if self.role_rewards.iter().enumerate().any(again) {
            problems.push("role_rewards: name each role once".to_owned());
        }
        problems
    }

    fn weight_bytes(&self) -> usize {
        self.role_percents.len() * size_of::<RolePercent>()
            + self.channel_percents.len() * size_of::<ChannelPercent>()
            + self.role_rewards.len() * size_of::<LevelReward>()
            + (self.no_xp_roles.len() + self.no_xp_channels.len()) * 8
    }
}

impl LevelSettings {
    fn try_put(&mut self, field: &str, value: FieldValue) -> Option<()> {
        match (field, value) {
            ("text_min", FieldValue::Count(xp)) => self.text_min = xp,
            ("text_max", FieldValue::Count(xp)) => self.text_max = xp,
            ("cooldown_secs", FieldValue::Duration(secs)) => self.cooldown_secs = secs,
            ("flood_messages", FieldValue::Count(most)) => self.flood_messages = most,
            ("voice_xp", FieldValue::Count(xp)) => self.voice_xp = xp,
            ("curve", FieldValue::Choice(word)) => self.curve = Curve::of(&word)?,
            ("curve_percent", FieldValue::Count(percent)) => self.curve_percent = percent,
            ("percent", FieldValue::Count(percent)) => self.percent = percent,
            ("role_percents", FieldValue::List(rows)) => {
                self.role_percents =
                    rows.iter().map(|row| RolePercent::of(row)).collect::<Option<_>>()?;
            }
            ("channel_percents", FieldValue::List(rows)) => {
                let rows = rows.iter().map(|row| ChannelPercent::of(row));
                self.channel_percents = rows.collect::<Option<_>>()?;
            }
            ("no_xp_roles", list) => self.no_xp_roles = roles_of(list)?,
            ("no_xp_channels", list) => self.no_xp_channels = channels_of(list)?,
            ("role_rewards", FieldValue::List(rows)) => {
                let rewards = rows.iter().map(|row| LevelReward::of(row));
                let mut rewards = rewards.collect::<Option<Vec<_>>>()?;
                rewards.sort_by_key(|reward| (reward.level, reward.role));
                self.role_rewards = rewards;
            }
            ("rewards", FieldValue::Choice(word)) => self.rewards = Rewards::of(&word)?,
            ("announce", FieldValue::Choice(word)) => self.announce = Announce::of(&word)?,
            ("announce_channel", list) => self.announce_channel = channels_of(list)?,
            ("hide_leavers", FieldValue::Switch(on)) => self.hide_leavers = on,
            _ => return None,
        }
        Some(())
    }
}

/// Version 1 showed everybody.
fn with_leavers(mut payload: serde_json::Value) -> serde_json::Value {
    let values = payload.pointer_mut("/changed/values");
    if let Some(values) = values.and_then(serde_json::Value::as_object_mut) {
        values.insert("hide_leavers".to_owned(), serde_json::json!(false));
    }
    payload
}

impl RolePercent {
    fn row(&self) -> Vec<FieldValue> {
        vec![FieldValue::Role(self.role), FieldValue::Count(self.percent)]
    }

    fn of(row: &[FieldValue]) -> Option<Self> {
        let [FieldValue::Role(role), FieldValue::Count(percent)] = *row else { return None };
        Some(Self { role, percent })
    }
}

impl ChannelPercent {
    fn row(&self) -> Vec<FieldValue> {
        vec![FieldValue::Channel(self.channel), FieldValue::Count(self.percent)]
    }

    fn of(row: &[FieldValue]) -> Option<Self> {
        let [FieldValue::Channel(channel), FieldValue::Count(percent)] = *row else { return None };
        Some(Self { channel, percent })
    }
}

impl LevelReward {
    fn row(&self) -> Vec<FieldValue> {
        vec![FieldValue::Count(self.level), FieldValue::Role(self.role)]
    }

    fn of(row: &[FieldValue]) -> Option<Self> {
        let [FieldValue::Count(level), FieldValue::Role(role)] = *row else { return None };
        Some(Self { level, role })
    }
}
