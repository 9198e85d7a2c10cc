//! Keys to the API: what a member's own programs sign in with, in one community.
//!
//! Rules:
//! - A key belongs to whoever made it. It may what its owner may at that moment, and of that only
//!   what its scopes name.
//! - It has a name, at least one scope, and an end: an hour to a year from now.
//! - At most [`MAX_OF_ONE`] of one person are in force at a time, and [`MAX_HERE`] in a community.
//! - Its owner can revoke it, and so can whoever manages access. A key that is no longer in force
//!   never is again.
//!
//! Of the key itself only a hash is here. It is 256 random bits, so nobody finds it by guessing
//! what has that hash; a hash that is slow on purpose would protect nothing more.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Decider, DomainEvent, EventType, KeyId, PersonId, Personal, PersonalField, Timestamp, Weigh,
    digest::Digest,
};

pub const MAX_OF_ONE: usize = 25;
pub const MAX_HERE: usize = 1_000;
pub const MAX_NAME_CHARS: usize = 60;
pub const SHORTEST_SECS: i64 = 3_600;
pub const LONGEST_SECS: i64 = 366 * 86_400;

#[derive(Debug)]
pub struct Keys;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Made and not revoked; some may have ended.
    keys: BTreeMap<KeyId, Key>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    pub owner: PersonId,
    pub hash: Digest,
    pub scopes: Vec<Scope>,
    pub made_at: Timestamp,
    pub ends_at: Timestamp,
}

/// What a key is for, in words that people who make one understand.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See what every member sees, and numbers where its owner may.
    Read,
    /// See what is kept of members: cases, logs, refusals.
    Records,
    /// See the whole history, and the settings.
    Audit,
    /// Grant, take and send bytes, codes and tiers.
    Economy,
    /// Warn and punish, and keep the cases.
    Moderation,
    /// Run giveaways.
    Giveaways,
    /// Make squads, change and delete them.
    Squads,
    /// Change settings, and switch modules.
    Settings,
    /// Say whom this bot does not serve.
    Access,
    /// Make keys that may no more than this one, and end its owner's.
    Keys,
}

impl Scope {
    pub const ALL: [Self; 10] = [
        Self::Read,
        Self::Records,
        Self::Audit,
        Self::Economy,
        Self::Moderation,
        Self::Giveaways,
        Self::Squads,
        Self::Settings,
        Self::Access,
        Self::Keys,
    ];

    /// As it is written in requests and documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Records => "records",
            Self::Audit => "audit",
            Self::Economy => "economy",
            Self::Moderation => "moderation",
            Self::Giveaways => "giveaways",
            Self::Squads => "squads",
            Self::Settings => "settings",
            Self::Access => "access",
            Self::Keys => "keys",
        }
    }

    /// What it lets somebody's program do.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Read => "See what every member sees, and numbers where its owner may.",
            Self::Records => "See what is kept of members: cases, logs and refusals.",
            Self::Audit => "See the whole history, and the settings.",
            Self::Economy => "Grant, take and send bytes, and manage codes and tiers.",
            Self::Moderation => "See cases, warn and punish, and keep the cases.",
            Self::Giveaways => "See and run giveaways.",
            Self::Squads => "Make, change and delete squads.",
            Self::Settings => "Change settings and switch modules.",
            Self::Access => "Say whom this bot does not serve, and manage webhooks.",
            Self::Keys => "Make keys that may no more than this one, and end its owner's.",
        }
    }

    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

#[derive(Clone, Debug)]
pub enum Command {
    Create {
        key: KeyId,
        owner: PersonId,
        name: Personal<String>,
        hash: Digest,
        scopes: Vec<Scope>,
        ends_at: Timestamp,
        at: Timestamp,
    },
    /// `of`: only where it is this person's; anybody's where whoever asks manages access.
    Revoke { key: KeyId, of: Option<PersonId>, at: Timestamp },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Created {
        key: KeyId,
        owner: PersonId,
        name: Personal<String>,
        /// SHA-256 of the key.
        hash: Digest,
        scopes: Vec<Scope>,
        ends_at: Timestamp,
        at: Timestamp,
    },
    Revoked {
        key: KeyId,
        owner: PersonId,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("Give the key a name of 1 to {MAX_NAME_CHARS} characters, so that you know it again.")]
    NameInvalid,
    #[error("Choose at least one scope: without one, the key may do nothing.")]
    NoScope,
    #[error("The key must end in an hour at the earliest, and in a year at the latest.")]
    EndInvalid,
    #[error(
        "You have {MAX_OF_ONE} keys here already. Revoke one that is no longer needed, and try \
         again."
    )]
    TooMany,
    #[error(
        "This community has {MAX_HERE} keys already. Somebody who manages access can revoke some."
    )]
    TooManyHere,
    #[error("There is no such key of yours; it may have been revoked already.")]
    NoSuchKey,
}

impl Decider for Keys {
    const CAPABILITY: &'static str = "keys";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Create { key, owner, name, hash, scopes, ends_at, at } => {
                let chars = name.value().map_or(0, |text| text.chars().count());
                if !(1..=MAX_NAME_CHARS).contains(&chars) {
                    return Err(Refusal::NameInvalid);
                }
                let mut scopes = scopes.clone();
                scopes.sort_unstable();
                scopes.dedup();
                if scopes.is_empty() {
                    return Err(Refusal::NoScope);
                }
                if !(SHORTEST_SECS..=LONGEST_SECS).contains(&ends_at.secs_since(*at)) {
                    return Err(Refusal::EndInvalid);
                }
                let in_force = || state.keys.values().filter(|key| key.holds(*at));
                if in_force().filter(|key| key.owner == *owner).count() >= MAX_OF_ONE {
                    return Err(Refusal::TooMany);
                }
                if in_force().count() >= MAX_HERE {
                    return Err(Refusal::TooManyHere);
                }
                let (key, owner, name) = (*key, *owner, name.clone());
                let (hash, ends_at, at) = (*hash, *ends_at, *at);
                Ok(vec![Event::Created { key, owner, name, hash, scopes, ends_at, at }])
            }
            Command::Revoke { key, of, at } => {
                let there = state.keys.get(key).filter(|key| key.holds(*at));
                let theirs = there.filter(|key| of.is_none_or(|of| key.owner == of));
                let owner = theirs.ok_or(Refusal::NoSuchKey)?.owner;
                Ok(vec![Event::Revoked { key: *key, owner, at: *at }])
            }
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::Created { key, owner, hash, scopes, ends_at, at, .. } => {
                state.keys.retain(|_, key| key.holds(*at));
                let (owner, hash, scopes) = (*owner, *hash, scopes.clone());
                let made = Key { owner, hash, scopes, made_at: *at, ends_at: *ends_at };
                state.keys.insert(*key, made);
            }
            Event::Revoked { key, .. } => {
                state.keys.remove(key);
            }
        }
    }
}

impl Key {
    pub fn holds(&self, at: Timestamp) -> bool {
        at < self.ends_at
    }
}

impl State {
    /// Those that were made and not revoked; some may have ended.
    pub fn all(&self) -> impl Iterator<Item = (KeyId, &Key)> {
        self.keys.iter().map(|(id, key)| (*id, key))
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] =
        &[EventType::new("keys.created", 1), EventType::new("keys.revoked", 1)];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::Created { .. } => 0,
            Self::Revoked { .. } => 1,
        }]
    }

    fn visit_personal(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn PersonalField)) {
        if let Self::Created { name, .. } = self {
            visit("name", name);
        }
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        let scopes = Scope::ALL.len() * size_of::<Scope>();
        size_of::<Self>() + self.keys.len() * (2 * size_of::<(KeyId, Key)>() + scopes)
    }
}

impl crate::Refusal for Refusal {
    fn rule(&self) -> &'static str {
        match self {
            Self::NameInvalid => "keys.name_invalid",
            Self::NoScope => "keys.no_scope",
            Self::EndInvalid => "keys.end_invalid",
            Self::TooMany => "keys.too_many",
            Self::TooManyHere => "keys.too_many_here",
            Self::NoSuchKey => "keys.no_such_key",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Refusal as _;

    const ANN: PersonId = PersonId(1);
    const BEN: PersonId = PersonId(2);
    const DAY: i64 = 86_400;

    fn noon() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn id(number: usize) -> KeyId {
        KeyId(uuid::Uuid::from_u128(number as u128))
    }

    fn create(number: usize, owner: PersonId, days: i64) -> Command {
        Command::Create {
            key: id(number),
            owner,
            name: Personal::clear(owner, "the website".to_owned()),
            hash: Digest::of(&[&number.to_be_bytes()]),
            scopes: vec![Scope::Economy, Scope::Read, Scope::Economy],
            ends_at: noon().plus_secs(days * DAY),
            at: noon(),
        }
    }

    fn act(state: &mut State, command: &Command) -> Result<Vec<Event>, Refusal> {
        let events = Keys::decide(state, command)?;
        for event in &events {
            Keys::evolve(state, event);
        }
        Ok(events)
    }

    // proves: API-02
    #[test]
    fn given_a_key_then_it_holds_until_its_end_or_until_it_is_revoked() {
        let mut state = State::default();
        let events = act(&mut state, &create(1, ANN, 30)).unwrap();
        let Event::Created { scopes, .. } = &events[0] else { unreachable!() };
        assert_eq!(scopes, &[Scope::Read, Scope::Economy], "each once, in order");
        let key = state.all().next().unwrap().1.clone();
        assert!(key.holds(noon().plus_secs(30 * DAY - 1)));
        assert!(!key.holds(noon().plus_secs(30 * DAY)));

        let revoke =
            |of, days| Command::Revoke { key: id(1), of, at: noon().plus_secs(days * DAY) };
        assert_eq!(act(&mut state, &revoke(Some(BEN), 1)), Err(Refusal::NoSuchKey), "not Ben's");
        assert_eq!(act(&mut state, &revoke(Some(ANN), 30)), Err(Refusal::NoSuchKey), "it ended");
        assert_eq!(act(&mut state, &revoke(Some(ANN), 1)).unwrap().len(), 1);
        assert_eq!(state.all().count(), 0);
        assert_eq!(act(&mut state, &revoke(Some(ANN), 1)), Err(Refusal::NoSuchKey), "once");

        act(&mut state, &create(2, ANN, 30)).unwrap();
        let by_an_admin = Command::Revoke { key: id(2), of: None, at: noon() };
        assert_eq!(act(&mut state, &by_an_admin).unwrap().len(), 1);
    }

    #[test]
    fn given_a_key_without_name_scope_or_a_sound_end_then_it_is_refused() {
        let mut state = State::default();
        let long = "x".repeat(MAX_NAME_CHARS + 1);
        for wrong in ["", long.as_str()] {
            let mut command = create(1, ANN, 30);
            if let Command::Create { name, .. } = &mut command {
                *name = Personal::clear(ANN, wrong.to_owned());
            }
            assert_eq!(act(&mut state, &command), Err(Refusal::NameInvalid));
        }
        let mut command = create(1, ANN, 30);
        if let Command::Create { scopes, .. } = &mut command {
            scopes.clear();
        }
        assert_eq!(act(&mut state, &command), Err(Refusal::NoScope));
        for days in [-1, 0, 367] {
            assert_eq!(act(&mut state, &create(1, ANN, days)), Err(Refusal::EndInvalid), "{days}");
        }
        assert!(act(&mut state, &create(1, ANN, 366)).is_ok());
    }

    #[test]
    fn given_as_many_keys_as_one_may_have_then_there_is_room_when_one_ends() {
        let mut state = State::default();
        for number in 1..=MAX_OF_ONE {
            act(&mut state, &create(number, ANN, if number == 1 { 1 } else { 30 })).unwrap();
        }
        let refusal = act(&mut state, &create(99, ANN, 30)).unwrap_err();
        assert_eq!((refusal.clone(), refusal.rule()), (Refusal::TooMany, "keys.too_many"));
        assert!(act(&mut state, &create(100, BEN, 30)).is_ok(), "others have their own");
        let mut later = create(99, ANN, 30);
        if let Command::Create { at, .. } = &mut later {
            *at = noon().plus_secs(DAY);
        }
        assert!(act(&mut state, &later).is_ok());
        assert!(!state.all().any(|(key, _)| key == id(1)), "what ended is forgotten");
    }

    #[test]
    fn given_a_community_full_of_keys_then_no_more_fit() {
        let mut state = State::default();
        for number in 0..MAX_HERE {
            let owner = PersonId(u32::try_from(number / MAX_OF_ONE).unwrap() + 10);
            act(&mut state, &create(number, owner, 30)).unwrap();
        }
        assert_eq!(act(&mut state, &create(5_000, ANN, 30)), Err(Refusal::TooManyHere));
        assert!(state.weight_bytes() < 1024 * 1024);
    }

    #[test]
    fn given_every_scope_then_its_word_leads_back_to_it() {
        for scope in Scope::ALL {
            assert_eq!(Scope::of(scope.word()), Some(scope));
            let json = serde_json::to_value(scope).unwrap();
            assert_eq!(json, scope.word(), "the word is what is stored");
        }
        assert_eq!(Scope::of("everything"), None);
    }
}
