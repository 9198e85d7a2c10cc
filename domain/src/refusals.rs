//! Refusals worth keeping: transfers that a guild's settings, or what the sender had, did not
//! allow. With them it can be told what other settings would have allowed.
//!
//! Rules:
//! - Kept is a transfer that other settings might have allowed: too large, too soon, or not
//!   enough there. What no settings allow is forgotten.
//! - Of one sender at most one is kept in [`EVERY_SECS`], and of a guild at most [`MOST_A_DAY`] in
//!   one UTC day, so that nobody fills a log by being refused.
//! - What is not kept is no error; nobody waits for it.
//!
//! Memory: at most [`MOST_A_DAY`] senders of one day.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bytes, Decider, DomainEvent, EventType, PersonId, Timestamp, UtcDay, Weigh, people::Never,
};

pub const EVERY_SECS: i64 = 10 * 60;
pub const MOST_A_DAY: u32 = 500;

#[derive(Debug)]
pub struct Refusals;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    day: UtcDay,
    kept: u32,
    last: HashMap<PersonId, Timestamp>,
}

/// The rule that said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    AmountTooLarge,
    Cooldown,
    NotEnough,
}

/// Keep a transfer that was refused just now.
#[derive(Clone, Debug)]
pub struct Keep {
    pub from: PersonId,
    pub to: PersonId,
    pub amount: Bytes,
    pub at: Timestamp,
    pub rule: Rule,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    TransferRefused { from: PersonId, to: PersonId, amount: Bytes, at: Timestamp, rule: Rule },
}

impl Rule {
    /// From the economy's name of the rule; none for refusals that are not kept.
    pub fn of(rule: &str) -> Option<Self> {
        match rule {
            "economy.amount_too_large" => Some(Self::AmountTooLarge),
            "economy.cooldown" => Some(Self::Cooldown),
            "economy.not_enough" => Some(Self::NotEnough),
            _ => None,
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self { day: UtcDay::NEVER, kept: 0, last: HashMap::new() }
    }
}

impl Decider for Refusals {
    const CAPABILITY: &'static str = "refusals";
    const SNAPSHOT_VERSION: u32 = 1;
    type State = State;
    type Command = Keep;
    type Event = Event;
    type Refusal = Never;

    fn decide(state: &State, command: &Keep) -> Result<Vec<Event>, Never> {
        let Keep { from, to, amount, at, rule } = *command;
        let recent = state.last.get(&from).is_some_and(|last| at < last.plus_secs(EVERY_SECS));
        // A refusal of an earlier day that comes late counts for the day at hand.
        let full = at.utc_day() <= state.day && state.kept >= MOST_A_DAY;
        if recent || full {
            return Ok(Vec::new());
        }
        Ok(vec![Event::TransferRefused { from, to, amount, at, rule }])
    }

    fn evolve(state: &mut State, event: &Event) {
        let Event::TransferRefused { from, at, .. } = event;
        if at.utc_day() > state.day {
            state.day = at.utc_day();
            state.kept = 0;
            state.last.retain(|_, last| *at < last.plus_secs(EVERY_SECS));
        }
        state.kept += 1;
        state.last.insert(*from, *at);
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[EventType::new("refusals.transfer_refused", 1)];

    fn event_type(&self) -> EventType {
        Self::TYPES[0]
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        size_of::<Self>() + self.last.capacity() * 8 / 7 * (size_of::<(PersonId, Timestamp)>() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(from: u32, at: Timestamp) -> Keep {
        Keep {
            from: PersonId(from),
            to: PersonId(9_999),
            amount: Bytes(5),
            at,
            rule: Rule::Cooldown,
        }
    }

    /// Whether it was kept.
    fn keep(state: &mut State, command: &Keep) -> bool {
        let events = Refusals::decide(state, command).unwrap();
        for event in &events {
            Refusals::evolve(state, event);
        }
        !events.is_empty()
    }

    fn noon() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn given_a_sender_who_tries_again_and_again_then_one_in_ten_minutes_is_kept() {
        let mut state = State::default();
        let kept: Vec<i64> = (0..1_300)
            .filter(|secs| keep(&mut state, &refused(1, noon().plus_secs(*secs))))
            .collect();
        assert_eq!(kept, [0, 600, 1_200]);
        assert!(keep(&mut state, &refused(2, noon())), "another sender");
    }

    #[test]
    fn given_a_guild_of_many_then_a_days_refusals_end_and_the_next_days_begin() {
        let mut state = State::default();
        let kept = (1..=2_000).filter(|from| keep(&mut state, &refused(*from, noon()))).count();
        assert_eq!(kept, MOST_A_DAY as usize);
        let late = noon().plus_secs(-86_400);
        assert!(!keep(&mut state, &refused(3_000, late)), "yesterday's do not come on top");
        let next = noon().plus_secs(86_400);
        let kept = (1..=2_000).filter(|from| keep(&mut state, &refused(*from, next))).count();
        assert_eq!(kept, MOST_A_DAY as usize);
        assert_eq!(state.last.len(), MOST_A_DAY as usize, "the day before is forgotten");
        assert!(state.weight_bytes() < 64 * 1024);
    }

    #[test]
    fn given_the_economys_refusals_then_those_of_transfers_that_settings_decide_are_kept() {
        use crate::{Refusal as _, economy::Refusal};
        let (balance, needed) = (Bytes(1), Bytes(2));
        for (refusal, expected) in [
            (Refusal::AmountTooLarge { max: needed }, Some(Rule::AmountTooLarge)),
            (Refusal::Cooldown { wait_secs: 5 }, Some(Rule::Cooldown)),
            (Refusal::NotEnough { balance, needed }, Some(Rule::NotEnough)),
            (Refusal::SelfTransfer, None),
            (Refusal::AmountTooSmall, None),
            (Refusal::BalanceLimit, None),
            (Refusal::ReasonTooLong, None),
        ] {
            assert_eq!(Rule::of(refusal.rule()), expected, "{refusal:?}");
        }
    }
}
