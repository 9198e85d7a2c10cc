//! Webhooks: addresses of a community's own to which what happens there is told.
//!
//! Rules:
//! - A community has at most [`MAX_HERE`], each with a name, an address and at least one kind of
//!   thing that it wants to hear of.
//! - One that is switched off hears nothing. People switch it off and on; it is switched off by
//!   itself where its receiver is gone for good, where it could not be reached for a day or too much
//!   waits for it, and where whoever gave its address was erased.
//! - Its secret can be turned: another one signs from then on. Here is only how often that was done;
//!   the secret follows from it and from a key of the community.
//! - It is tried out at most every [`TEST_PAUSE_SECS`] seconds.
//!
//! Name and address are sealed with the key of whoever gave them: an address may let whoever knows it
//! write somewhere.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Decider, DomainEvent, EventType, PersonId, Personal, PersonalField, Timestamp, WebhookId, Weigh,
};

pub const MAX_HERE: usize = 10;
pub const MAX_NAME_CHARS: usize = 60;
pub const MAX_ADDRESS_CHARS: usize = 500;
pub const TEST_PAUSE_SECS: i64 = 10;
/// What tries a webhook out, as it is stored.
pub const TEST: &str = "webhooks.test_asked";

#[derive(Debug)]
pub struct Webhooks;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    webhooks: BTreeMap<WebhookId, Webhook>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub by: PersonId,
    pub kinds: Vec<Kind>,
    /// Why it hears nothing, and since when; none where it does.
    pub off: Option<(Off, Timestamp)>,
    /// How often its secret was turned.
    pub turn: u32,
    pub made_at: Timestamp,
    pub tested_at: Option<Timestamp>,
}

/// Why a webhook is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Off {
    /// Somebody switched it off.
    Asked,
    /// Its receiver says that it is gone for good.
    Gone,
    /// It could not be reached for a day.
    Failing,
    /// Too much waits for it.
    Overrun,
    /// Whoever gave its address was erased, and the address with them.
    Erased,
}

/// What a webhook can hear of, in words that people who make one understand.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Who joins and leaves, and when the bot saw nothing.
    Members,
    /// Bytes that move, and roles that are earned by them.
    Economy,
    /// Warnings, punishments and cases.
    Moderation,
    /// Giveaways, their entries, draws and prizes.
    Giveaways,
    /// Codes, campaigns and who redeems them.
    Codes,
    /// Squads and who is in them.
    Squads,
    /// Tiers and who holds them.
    Tiers,
    /// Levels that are reached.
    Levels,
    /// What the server logs note.
    Logs,
    /// Settings and modules that change.
    Settings,
    /// Blocks, roles for a time, keys, webhooks and visits of operators.
    Access,
}

impl Kind {
    pub const ALL: [Self; 11] = [
        Self::Members,
        Self::Economy,
        Self::Moderation,
        Self::Giveaways,
        Self::Codes,
        Self::Squads,
        Self::Tiers,
        Self::Levels,
        Self::Logs,
        Self::Settings,
        Self::Access,
    ];

    /// As it is written in requests and documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Economy => "economy",
            Self::Moderation => "moderation",
            Self::Giveaways => "giveaways",
            Self::Codes => "codes",
            Self::Squads => "squads",
            Self::Tiers => "tiers",
            Self::Levels => "levels",
            Self::Logs => "logs",
            Self::Settings => "settings",
            Self::Access => "access",
        }
    }

    /// What it tells of.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Members => "Who joins and leaves, and when the bot saw nothing.",
            Self::Economy => "Bytes that move, and roles that are earned by them.",
            Self::Moderation => "Warnings, punishments and cases, without what was written.",
            Self::Giveaways => "Giveaways, their entries, draws and prizes.",
            Self::Codes => "Campaigns of codes, and who redeems them.",
            Self::Squads => "Squads, and who joins and leaves them.",
            Self::Tiers => "Tiers, and who holds them.",
            Self::Levels => "Levels that are reached, and experience that is changed by hand.",
            Self::Logs => "What the server logs note, without what was written.",
            Self::Settings => "Settings and modules that change.",
            Self::Access => "Blocks, roles for a time, keys, webhooks and visits of operators.",
        }
    }

    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What an event of this type belongs to; none for what is told to nobody: counts of what goes
    /// on, who looked at what, what was refused, and whom nobody can name any more.
    pub fn of_type(type_name: &str) -> Option<Self> {
        let (family, what) = type_name.split_once('.')?;
        Some(match family {
            "activity" => match what {
                "member_joined" | "member_left" | "observation_gap" | "gap_recovered" => {
                    Self::Members
                }
                _ => return None,
            },
            "levels" => match what {
                "earned" | "voice_changed" | "voice_skipped" => return None,
                _ => Self::Levels,
            },
            "webhooks" if type_name == TEST => return None,
            "economy" | "awards" => Self::Economy,
            "moderation" | "case" => Self::Moderation,
            "giveaway" => Self::Giveaways,
            "campaign" | "codes" => Self::Codes,
            "squads" => Self::Squads,
            "tiers" => Self::Tiers,
            "logs" => Self::Logs,
            "blocks" | "grants" | "visits" | "keys" | "webhooks" => Self::Access,
            _ if family.ends_with("_settings") => Self::Settings,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug)]
pub enum Command {
    Create {
        webhook: WebhookId,
        by: PersonId,
        name: Personal<String>,
        address: Personal<String>,
        kinds: Vec<Kind>,
        at: Timestamp,
    },
    Change {
        webhook: WebhookId,
        name: Personal<String>,
        /// None leaves it as it is.
        address: Option<Personal<String>>,
        kinds: Vec<Kind>,
        at: Timestamp,
    },
    TurnSecret {
        webhook: WebhookId,
        at: Timestamp,
    },
    SwitchOff {
        webhook: WebhookId,
        why: Off,
        at: Timestamp,
    },
    SwitchOn {
        webhook: WebhookId,
        at: Timestamp,
    },
    Test {
        webhook: WebhookId,
        at: Timestamp,
    },
    Delete {
        webhook: WebhookId,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Created {
        webhook: WebhookId,
        by: PersonId,
        name: Personal<String>,
        address: Personal<String>,
        kinds: Vec<Kind>,
        at: Timestamp,
    },
    Changed {
        webhook: WebhookId,
        name: Personal<String>,
        /// None where it stayed as it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<Personal<String>>,
        kinds: Vec<Kind>,
        at: Timestamp,
    },
    SecretTurned {
        webhook: WebhookId,
        turn: u32,
        at: Timestamp,
    },
    SwitchedOff {
        webhook: WebhookId,
        why: Off,
        at: Timestamp,
    },
    SwitchedOn {
        webhook: WebhookId,
        at: Timestamp,
    },
    TestAsked {
        webhook: WebhookId,
        at: Timestamp,
    },
    Deleted {
        webhook: WebhookId,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "Give the webhook a name of 1 to {MAX_NAME_CHARS} characters, so that you know it again."
    )]
    NameInvalid,
    #[error("Give the webhook an address of 1 to {MAX_ADDRESS_CHARS} characters.")]
    AddressInvalid,
    #[error("Choose at least one kind of events: without one, the webhook would hear nothing.")]
    NoKind,
    #[error(
        "This community has {MAX_HERE} webhooks already. Delete one that is no longer needed, and \
         try again."
    )]
    TooMany,
    #[error("There is no such webhook here; it may have been deleted already.")]
    NoSuchWebhook,
    #[error("It was tried out just now. Wait {TEST_PAUSE_SECS} seconds, and try again.")]
    TestedJustNow,
}

impl Decider for Webhooks {
    const CAPABILITY: &'static str = "webhooks";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        let there = |webhook| state.webhooks.get(webhook).ok_or(Refusal::NoSuchWebhook);
        match command {
            Command::Create { webhook, by, name, address, kinds, at } => {
                let (kinds, name) = (sound(name, Some(address), kinds)?, name.clone());
                if state.webhooks.len() >= MAX_HERE {
                    return Err(Refusal::TooMany);
                }
                let (webhook, by, address, at) = (*webhook, *by, address.clone(), *at);
                Ok(vec![Event::Created { webhook, by, name, address, kinds, at }])
            }
            Command::Change { webhook, name, address, kinds, at } => {
                there(webhook)?;
                let kinds = sound(name, address.as_ref(), kinds)?;
                let (webhook, name, address, at) = (*webhook, name.clone(), address.clone(), *at);
                Ok(vec![Event::Changed { webhook, name, address, kinds, at }])
            }
            Command::TurnSecret { webhook, at } => {
                let turn = there(webhook)?.turn + 1;
                Ok(vec![Event::SecretTurned { webhook: *webhook, turn, at: *at }])
            }
            Command::SwitchOff { webhook, why, at } => match there(webhook)?.off {
                Some(_) => Ok(Vec::new()),
                None => Ok(vec![Event::SwitchedOff { webhook: *webhook, why: *why, at: *at }]),
            },
            Command::SwitchOn { webhook, at } => match there(webhook)?.off {
                Some(_) => Ok(vec![Event::SwitchedOn { webhook: *webhook, at: *at }]),
                None => Ok(Vec::new()),
            },
            Command::Test { webhook, at } => {
                let before = there(webhook)?.tested_at;
                if before.is_some_and(|before| at.secs_since(before) < TEST_PAUSE_SECS) {
                    return Err(Refusal::TestedJustNow);
                }
                Ok(vec![Event::TestAsked { webhook: *webhook, at: *at }])
            }
            Command::Delete { webhook, at } => {
                there(webhook)?;
                Ok(vec![Event::Deleted { webhook: *webhook, at: *at }])
            }
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Created { webhook, by, kinds, at, .. } => {
                let (by, kinds, made_at) = (*by, kinds.clone(), *at);
                let made = Webhook { by, kinds, off: None, turn: 0, made_at, tested_at: None };
                state.webhooks.insert(*webhook, made);
            }
            Event::Changed { webhook, kinds, .. } => {
                state.on(*webhook, |of| of.kinds.clone_from(kinds));
            }
            Event::SecretTurned { webhook, turn, .. } => state.on(*webhook, |of| of.turn = *turn),
            Event::SwitchedOff { webhook, why, at } => {
                state.on(*webhook, |of| of.off = Some((*why, *at)));
            }
            Event::SwitchedOn { webhook, .. } => state.on(*webhook, |of| of.off = None),
            Event::TestAsked { webhook, at } => {
                state.on(*webhook, |of| of.tested_at = Some(*at));
            }
            Event::Deleted { webhook, .. } => {
                state.webhooks.remove(webhook);
            }
        }
    }
}

/// The kinds, each once and in order; what whoever asks gave must be sound.
fn sound(
    name: &Personal<String>,
    address: Option<&Personal<String>>,
    kinds: &[Kind],
) -> Result<Vec<Kind>, Refusal> {
    let chars = |text: &Personal<String>| text.value().map_or(0, |text| text.chars().count());
    if !(1..=MAX_NAME_CHARS).contains(&chars(name)) {
        return Err(Refusal::NameInvalid);
    }
    if address.is_some_and(|address| !(1..=MAX_ADDRESS_CHARS).contains(&chars(address))) {
        return Err(Refusal::AddressInvalid);
    }
    let mut kinds = kinds.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() { Err(Refusal::NoKind) } else { Ok(kinds) }
}

impl State {
    pub fn all(&self) -> impl Iterator<Item = (WebhookId, &Webhook)> {
        self.webhooks.iter().map(|(id, webhook)| (*id, webhook))
    }

    pub fn get(&self, webhook: WebhookId) -> Option<&Webhook> {
        self.webhooks.get(&webhook)
    }

    fn on(&mut self, webhook: WebhookId, change: impl FnOnce(&mut Webhook)) {
        if let Some(webhook) = self.webhooks.get_mut(&webhook) {
            change(webhook);
        }
    }
}

impl Event {
    pub const fn webhook(&self) -> WebhookId {
        match self {
            Self::Created { webhook, .. }
            | Self::Changed { webhook, .. }
            | Self::SecretTurned { webhook, .. }
            | Self::SwitchedOff { webhook, .. }
            | Self::SwitchedOn { webhook, .. }
            | Self::TestAsked { webhook, .. }
            | Self::Deleted { webhook, .. } => *webhook,
        }
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("webhooks.created", 1),
        EventType::new("webhooks.changed", 1),
        EventType::new("webhooks.secret_turned", 1),
        EventType::new("webhooks.switched_off", 1),
        EventType::new("webhooks.switched_on", 1),
        EventType::new(TEST, 1),
        EventType::new("webhooks.deleted", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::Created { .. } => 0,
            Self::Changed { .. } => 1,
            Self::SecretTurned { .. } => 2,
            Self::SwitchedOff { .. } => 3,
            Self::SwitchedOn { .. } => 4,
            Self::TestAsked { .. } => 5,
            Self::Deleted { .. } => 6,
        }]
    }

    fn visit_personal(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn PersonalField)) {
        match self {
            Self::Created { name, address, .. } => {
                visit("name", name);
                visit("address", address);
            }
            Self::Changed { name, address, .. } => {
                visit("name", name);
                if let Some(address) = address {
                    visit("address", address);
                }
            }
            _ => {}
        }
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        let kinds = Kind::ALL.len() * size_of::<Kind>();
        size_of::<Self>() + self.webhooks.len() * (2 * size_of::<(WebhookId, Webhook)>() + kinds)
    }
}

impl crate::Refusal for Refusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::NameInvalid => "webhooks.name_invalid",
            Self::AddressInvalid => "webhooks.address_invalid",
            Self::NoKind => "webhooks.no_kind",
            Self::TooMany => "webhooks.too_many",
            Self::NoSuchWebhook => "webhooks.no_such_webhook",
            Self::TestedJustNow => "webhooks.tested_just_now",
        }
    }
}
