//! Refusals worth keeping, so that they can be looked at later: actions that somebody was not
//! allowed, and transfers that a guild's settings, or what the sender had, did not allow (with
//! them it can be told what other settings would have allowed).
//!
//! Rules:
//! - Of transfers those are kept that other settings might have allowed: too large, too soon, or
//!   not enough there. What no settings allow is forgotten.
//! - Of one sender at most one transfer is kept in [`EVERY_SECS`]. Of actions, the same one by the
//!   same member on the same target for the same reason is kept once in [`EVERY_SECS`], and at
//!   most [`MOST_OF_ONE_A_DAY`] of one member in a UTC day.
//! - Of a guild at most [`MOST_A_DAY`] transfers and as many actions are kept in one UTC day.
//!   Nobody fills a log by being refused.
//! - What is not kept is no error; nobody waits for it.
//!
//! Memory: at most [`MOST_A_DAY`] transfers and [`MOST_A_DAY`] actions of one day.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bytes, Decider, DomainEvent, EventType, PersonId, Timestamp, UtcDay, Weigh, people::Never,
};

pub const EVERY_SECS: i64 = 10 * 60;
pub const MOST_A_DAY: u32 = 500;
pub const MOST_OF_ONE_A_DAY: u32 = 50;
/// Of the name of an action, and of a rule's.
pub const MAX_NAME_CHARS: usize = 100;

#[derive(Debug)]
pub struct Refusals;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    day: UtcDay,
    kept: u32,
    last: HashMap<PersonId, Timestamp>,
    actions: Actions,
}

/// Of actions, on the day at hand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Actions {
    kept: u32,
    /// By what they have in common, hashed.
    last: HashMap<u64, Timestamp>,
    of_one: HashMap<PersonId, u32>,
}

/// The rule that said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    AmountTooLarge,
    Cooldown,
    NotEnough,
}

/// Keep what was refused just now.
#[derive(Clone, Debug)]
pub enum Command {
    Transfer(Keep),
    Action(Denied),
}

#[derive(Clone, Debug)]
pub struct Keep {
    pub from: PersonId,
    pub to: PersonId,
    pub amount: Bytes,
    pub at: Timestamp,
    pub rule: Rule,
}

/// An action that a guard refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    pub who: PersonId,
    pub whom: Option<PersonId>,
    /// The action by its name, such as `warn`.
    pub what: String,
    /// The rule's stable name, such as `guard.rank`.
    pub rule: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    TransferRefused {
        from: PersonId,
        to: PersonId,
        amount: Bytes,
        at: Timestamp,
        rule: Rule,
    },
    ActionRefused {
        who: PersonId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        whom: Option<PersonId>,
        what: String,
        rule: String,
        at: Timestamp,
    },
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

    /// And back.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AmountTooLarge => "economy.amount_too_large",
            Self::Cooldown => "economy.cooldown",
            Self::NotEnough => "economy.not_enough",
        }
    }
}

impl Default for State {
    fn default() -> Self {
        let (last, actions) = (HashMap::new(), Actions::default());
        Self { day: UtcDay::NEVER, kept: 0, last, actions }
    }
}

impl Decider for Refusals {
    const CAPABILITY: &'static str = "refusals";
    const SNAPSHOT_VERSION: u32 = 2;
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Never;

    fn decide(state: &State, command: &Command) -> Result<Vec<Event>, Never> {
        let recent = |last: Option<&Timestamp>, at: Timestamp| {
            last.is_some_and(|last| at < last.plus_secs(EVERY_SECS))
        };
        // A refusal of an earlier day that comes late counts for the day at hand.
        let full = |kept: u32, most: u32, at: Timestamp| at.utc_day() <= state.day && kept >= most;
        Ok(match command {
            Command::Transfer(Keep { from, to, amount, at, rule }) => {
                let (from, to, amount, at, rule) = (*from, *to, *amount, *at, *rule);
                if recent(state.last.get(&from), at) || full(state.kept, MOST_A_DAY, at) {
                    return Ok(Vec::new());
                }
                vec![Event::TransferRefused { from, to, amount, at, rule }]
            }
            Command::Action(denied) => {
                let (kept, at) = (&state.actions, denied.at);
                let of_one = kept.of_one.get(&denied.who).copied().unwrap_or(0);
                if recent(kept.last.get(&denied.sameness()), at)
                    || full(kept.kept, MOST_A_DAY, at)
                    || full(of_one, MOST_OF_ONE_A_DAY, at)
                {
                    return Ok(Vec::new());
                }
                let short = |name: &str| name.chars().take(MAX_NAME_CHARS).collect();
                let (what, rule) = (short(&denied.what), short(&denied.rule));
                vec![Event::ActionRefused { who: denied.who, whom: denied.whom, what, rule, at }]
            }
        })
    }

    fn evolve(state: &mut State, event: &Event) {
        match event {
            Event::TransferRefused { from, at, .. } => {
                state.begin_day_of(*at);
                state.kept += 1;
                state.last.insert(*from, *at);
            }
            Event::ActionRefused { who, whom, what, rule, at } => {
                state.begin_day_of(*at);
                let (what, rule) = (what.clone(), rule.clone());
                let denied = Denied { who: *who, whom: *whom, what, rule, at: *at };
                state.actions.kept += 1;
                state.actions.last.insert(denied.sameness(), *at);
                *state.actions.of_one.entry(*who).or_default() += 1;
            }
        }
    }
}

impl State {
    fn begin_day_of(&mut self, at: Timestamp) {
        if at.utc_day() <= self.day {
            return;
        }
        self.day = at.utc_day();
        self.kept = 0;
        self.last.retain(|_, last| at < last.plus_secs(EVERY_SECS));
        self.actions.kept = 0;
        self.actions.last.retain(|_, last| at < last.plus_secs(EVERY_SECS));
        self.actions.of_one.clear();
    }
}

impl Denied {
    /// What repetitions have in common, by FNV-1a: the same on every machine, so that a snapshot
    /// can be taken along. Two that share it by chance cost one record.
    fn sameness(&self) -> u64 {
        let whom = self.whom.map_or(0, |whom| u64::from(whom.0) + 1);
        let numbers = [u64::from(self.who.0), whom].map(u64::to_be_bytes);
        let short = |name: &str| name.chars().take(MAX_NAME_CHARS).collect::<String>();
        let (what, rule) = (short(&self.what), short(&self.rule));
        let parts = [&numbers[0][..], &numbers[1], what.as_bytes(), b"\n", rule.as_bytes()];
        let bytes = parts.into_iter().flatten();
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }
}

impl DomainEvent for Event {
    const TYPES: &'static [EventType] = &[
        EventType::new("refusals.transfer_refused", 1),
        EventType::new("refusals.action_refused", 1),
    ];

    fn event_type(&self) -> EventType {
        Self::TYPES[match self {
            Self::TransferRefused { .. } => 0,
            Self::ActionRefused { .. } => 1,
        }]
    }
}

impl Weigh for State {
    fn weight_bytes(&self) -> usize {
        let entries = self.last.capacity() + self.actions.last.capacity();
        let entries = entries + self.actions.of_one.capacity();
        size_of::<Self>() + entries * 8 / 7 * (size_of::<(u64, Timestamp)>() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(from: u32, at: Timestamp) -> Command {
        Command::Transfer(Keep {
            from: PersonId(from),
            to: PersonId(9_999),
            amount: Bytes(5),
            at,
            rule: Rule::Cooldown,
        })
    }

    fn denied(who: u32, whom: u32, what: &str, at: Timestamp) -> Command {
        Command::Action(Denied {
            who: PersonId(who),
            whom: Some(PersonId(whom)),
            what: what.to_owned(),
            rule: "guard.rank".to_owned(),
            at,
        })
    }

    /// Whether it was kept.
    fn keep(state: &mut State, command: &Command) -> bool {
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

    // proves: GRD-06
    #[test]
    fn given_the_same_denial_again_and_again_then_it_is_kept_once_in_ten_minutes() {
        let mut state = State::default();
        let kept: Vec<i64> = (0..1_300)
            .filter(|secs| keep(&mut state, &denied(1, 2, "warn", noon().plus_secs(*secs))))
            .collect();
        assert_eq!(kept, [0, 600, 1_200]);
        let now = noon().plus_secs(1_300);
        assert!(keep(&mut state, &denied(1, 3, "warn", now)), "another target");
        assert!(keep(&mut state, &denied(1, 2, "ban", now)), "another action");
        assert!(keep(&mut state, &denied(4, 2, "warn", now)), "another member");
        assert!(keep(&mut state, &refused(1, now)), "a transfer is another matter");
    }

    // proves: GRD-06
    #[test]
    fn given_one_member_who_tries_everybody_then_the_others_refusals_are_kept_too() {
        let mut state = State::default();
        let try_all = |state: &mut State, who: u32, at| {
            (100..700).filter(|whom| keep(state, &denied(who, *whom, "ban", at))).count()
        };
        assert_eq!(try_all(&mut state, 1, noon()), MOST_OF_ONE_A_DAY as usize);
        assert_eq!(try_all(&mut state, 2, noon()), MOST_OF_ONE_A_DAY as usize);
        let all: usize = (3..40).map(|who| try_all(&mut state, who, noon())).sum();
        assert_eq!(all, (MOST_A_DAY - 2 * MOST_OF_ONE_A_DAY) as usize);
        assert_eq!(try_all(&mut state, 1, noon().plus_secs(86_400)), MOST_OF_ONE_A_DAY as usize);
        assert!(state.weight_bytes() < 64 * 1024);
    }

    #[test]
    fn given_names_too_long_to_keep_then_they_are_cut_and_still_throttled() {
        let mut state = State::default();
        let long = "x".repeat(5_000);
        let events = Refusals::decide(&state, &denied(1, 2, &long, noon())).unwrap();
        let [Event::ActionRefused { what, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(what.len(), MAX_NAME_CHARS);
        assert!(keep(&mut state, &denied(1, 2, &long, noon())));
        assert!(!keep(&mut state, &denied(1, 2, &long, noon())));
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
            assert!(expected.is_none_or(|rule| rule.name() == refusal.rule()));
        }
    }
}
