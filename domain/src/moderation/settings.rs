//! What a guild decides about its moderation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Deed, Severity};
use crate::{
    ChannelId, EventType, Timestamp,
    settings::{Column, Configurable, Field, FieldValue, Kind, channels_in, channels_of},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on a page")]
pub struct ModerationSettings {
    /// What follows from how many active warnings, fewest first.
    pub ladder: Vec<LadderStep>,
    /// Whether somebody whose last warning has gone begins at the foot of the ladder again.
    pub ladder_restarts: bool,
    /// After how long a minor warning no longer counts; 0: never.
    pub minor_decay_secs: u32,
    /// After how long a major warning no longer counts; 0: never.
    pub major_decay_secs: u32,
    /// Whether members are told about their cases in a private message.
    pub tell_members: bool,
    /// Whether members may look at their own record.
    pub members_see_record: bool,
    pub appeals: bool,
    /// Where each case is posted; at most one channel.
    pub log_channel: Vec<ChannelId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LadderStep {
    /// Active warnings, with the one just given.
    pub at: u32,
    pub deed: StepDeed,
    /// How long; 0: for good. Only a ban can be for good, and a kick has no length.
    pub duration_secs: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepDeed {
    Timeout,
    Kick,
    Ban,
}

impl StepDeed {
    const WORDS: [&str; 3] = ["timeout", "kick", "ban"];

    const fn word(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Kick => "kick",
            Self::Ban => "ban",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::Timeout, Self::Kick, Self::Ban].into_iter().find(|deed| deed.word() == word)
    }

    pub const fn deed(self) -> Deed {
        match self {
            Self::Timeout => Deed::Timeout,
            Self::Kick => Deed::Kick,
            Self::Ban => Deed::Ban,
        }
    }
}

impl Default for ModerationSettings {
    fn default() -> Self {
        let step = |at, deed, duration_secs| LadderStep { at, deed, duration_secs };
        Self {
            ladder: vec![
                step(3, StepDeed::Timeout, 24 * 60 * 60),
                step(5, StepDeed::Kick, 0),
                step(7, StepDeed::Ban, 0),
            ],
            ladder_restarts: false,
            minor_decay_secs: 30 * 24 * 60 * 60,
            major_decay_secs: 0,
            tell_members: true,
            members_see_record: true,
            appeals: true,
            log_channel: Vec::new(),
        }
    }
}

impl ModerationSettings {
    pub const MAX_STEPS: usize = 20;
    pub const MAX_STEP_AT: u32 = 1_000;
    pub const MAX_DECAY_SECS: u32 = 10 * 365 * 24 * 60 * 60;

    /// The highest step that so many active warnings reach.
    pub fn step(&self, active: u32) -> Option<&LadderStep> {
        self.ladder.iter().rev().find(|step| step.at <= active)
    }

    /// When a warning of this severity no longer counts.
    pub fn decays(&self, severity: Severity, at: Timestamp) -> Option<Timestamp> {
        let secs = match severity {
            Severity::Minor => self.minor_decay_secs,
            Severity::Major => self.major_decay_secs,
        };
        (secs > 0).then(|| at.plus_secs(i64::from(secs)))
    }
}

const STEP: &[Column] = &[
    Column { name: "warnings", kind: Kind::Count { min: 1, max: ModerationSettings::MAX_STEP_AT } },
    Column { name: "action", kind: Kind::Choice(&StepDeed::WORDS) },
    Column {
        name: "length",
        kind: Kind::Duration { min_secs: 0, max_secs: super::MAX_DURATION_SECS },
    },
];
const DECAY: Kind = Kind::Duration { min_secs: 0, max_secs: ModerationSettings::MAX_DECAY_SECS };
const FIELDS: &[Field] = &[
    Field {
        name: "ladder",
        title: "Escalation ladder",
        help: "What follows from how many active warnings, each as warnings:action:length, such \
               as 3:timeout:1d, 5:kick:0s, 7:ban:0s. A ban of 0s is for good.",
        kind: Kind::List { most: ModerationSettings::MAX_STEPS, columns: STEP },
    },
    Field {
        name: "ladder_restarts",
        title: "Ladder starts anew",
        help: "On: whoever has no active warning left begins at the foot of the ladder again. \
               Off: a step is taken once.",
        kind: Kind::Switch,
    },
    Field {
        name: "minor_decay_secs",
        title: "Minor warnings count for",
        help: "After that long a minor warning no longer counts; it stays on record. 0s: never.",
        kind: DECAY,
    },
    Field {
        name: "major_decay_secs",
        title: "Major warnings count for",
        help: "After that long a major warning no longer counts; it stays on record. 0s: never.",
        kind: DECAY,
    },
    Field {
        name: "tell_members",
        title: "Tell members",
        help: "Whether members are told about their cases in a private message.",
        kind: Kind::Switch,
    },
    Field {
        name: "members_see_record",
        title: "Members see their record",
        help: "Whether members may look at their own cases.",
        kind: Kind::Switch,
    },
    Field {
        name: "appeals",
        title: "Appeals",
        help: "Whether members may appeal against their cases.",
        kind: Kind::Switch,
    },
    Field {
        name: "log_channel",
        title: "Log channel",
        help: "Where each case is posted. None: nowhere.",
        kind: Kind::channels(1),
    },
];

impl Configurable for ModerationSettings {
    const CAPABILITY: &'static str = "moderation_settings";
    const TYPES: &'static [EventType] = &[EventType::new("moderation_settings.changed", 1)];

    fn fields() -> &'static [Field] {
        FIELDS
    }

    fn get(&self, field: &str) -> Option<FieldValue> {
        Some(match field {
            "ladder" => FieldValue::List(self.ladder.iter().map(LadderStep::row).collect()),
            "ladder_restarts" => FieldValue::Switch(self.ladder_restarts),
            "minor_decay_secs" => FieldValue::Duration(self.minor_decay_secs),
            "major_decay_secs" => FieldValue::Duration(self.major_decay_secs),
            "tell_members" => FieldValue::Switch(self.tell_members),
            "members_see_record" => FieldValue::Switch(self.members_see_record),
            "appeals" => FieldValue::Switch(self.appeals),
            "log_channel" => channels_in(&self.log_channel),
            _ => return None,
        })
    }

    fn put(&mut self, field: &str, value: FieldValue) -> bool {
        match (field, value) {
            ("ladder", FieldValue::List(rows)) => {
                let ladder = rows.iter().map(|row| LadderStep::of(row)).collect();
                let Some(mut ladder): Option<Vec<LadderStep>> = ladder else { return false };
                ladder.sort_by_key(|step| step.at);
                self.ladder = ladder;
            }
            ("ladder_restarts", FieldValue::Switch(on)) => self.ladder_restarts = on,
            ("minor_decay_secs", FieldValue::Duration(secs)) => self.minor_decay_secs = secs,
            ("major_decay_secs", FieldValue::Duration(secs)) => self.major_decay_secs = secs,
            ("tell_members", FieldValue::Switch(on)) => self.tell_members = on,
            ("members_see_record", FieldValue::Switch(on)) => self.members_see_record = on,
            ("appeals", FieldValue::Switch(on)) => self.appeals = on,
            ("log_channel", list) => match channels_of(list) {
                Some(channels) => self.log_channel = channels,
                None => return false,
            },
            _ => return false,
        }
        true
    }

    fn problems_together(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.ladder.is_sorted_by(|one, next| one.at < next.at) {
            problems.push("ladder: name each number of warnings once, fewest first".to_owned());
        }
        for step in &self.ladder {
            let problem = match (step.deed, step.duration_secs) {
                (StepDeed::Timeout, secs) if secs < super::MIN_DURATION_SECS => {
                    "a timeout needs a length of at least 1m"
                }
                (StepDeed::Kick, 1..) => "a kick has no length, write 0s",
                (StepDeed::Ban, secs) if secs > 0 && secs < super::MIN_DURATION_SECS => {
                    "a ban needs a length of at least 1m, or 0s for good"
                }
                _ => continue,
            };
            problems.push(format!("ladder: at {} warnings: {problem}", step.at));
        }
        problems
    }

    fn weight_bytes(&self) -> usize {
        self.ladder.len() * size_of::<LadderStep>()
            + self.log_channel.len() * size_of::<ChannelId>()
    }
}

impl LadderStep {
    fn row(&self) -> Vec<FieldValue> {
        vec![
            FieldValue::Count(self.at),
            FieldValue::Choice(self.deed.word().to_owned()),
            FieldValue::Duration(self.duration_secs),
        ]
    }

    fn of(row: &[FieldValue]) -> Option<Self> {
        match row {
            [FieldValue::Count(at), FieldValue::Choice(word), FieldValue::Duration(secs)] => {
                Some(Self { at: *at, deed: StepDeed::of(word)?, duration_secs: *secs })
            }
            _ => None,
        }
    }
}
