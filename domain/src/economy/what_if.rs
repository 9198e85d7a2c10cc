//! What a recorded history would have come to under other settings.
//!
//! Every recorded movement of bytes is asked for again, in its order, by the command that its
//! event tells of, and decided under the settings that were in force then with the changes over
//! them. Beside that the history is folded as it was; the answer is the difference.
//!
//! Transfers that were refused, as far as they were kept (see [`refusals`](crate::refusals)), are
//! tried in their places too: those are what other settings would have newly allowed.
//!
//! Honest about what the log does not hold: most refused attempts, and how people would have
//! behaved. [`Outcome::facts_lacking`] says which such facts this answer lacks.

mod answer;
mod changes;

use std::collections::{BTreeMap, BTreeSet};

pub use self::answer::{
    AllowedTransfer, Line, NewlyAllowed, Outcome, Pair, Refused, RefusedTransfer, Transfers,
};
use self::answer::{add, most_changed, top};
pub use self::changes::{Changes, InvalidChange};

use super::{
    Command, DailyMode, DailyTrigger, Economy, EconomySettings, Event, Refusal, State, Terms,
};
use crate::{
    Bytes, Decider, PersonId, Refusal as _, Timestamp,
    settings::{Configurable as _, InForce},
};

/// Transfers that are shown of those that would have been refused.
pub const EXAMPLES: usize = 10;

/// A recorded event, its place in the guild's history, and the settings that ruled it.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    pub seq: u64,
    pub at: Timestamp,
    pub event: &'a Event,
    pub terms: &'a Terms,
}

/// A transfer that was refused and kept.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    pub seq: u64,
    pub from: PersonId,
    pub to: PersonId,
    pub amount: Bytes,
    /// When it was asked for.
    pub at: Timestamp,
    pub terms: &'a Terms,
}

/// The two histories side by side.
#[derive(Debug)]
pub struct WhatIf {
    changes: Changes,
    recorded: State,
    other: State,
    /// Settings that were in force, with the changes over them.
    terms: BTreeMap<u32, Terms>,
    /// Accounts that were opened for the movement that comes next.
    opened: Vec<PersonId>,
    movements: u64,
    daily_rewards: Pair,
    starting_balances: Pair,
    transfers: Transfers,
    refused: BTreeMap<&'static str, Refused>,
    other_trigger: u64,
    after_refused_spend: u64,
    missing_tiers: BTreeSet<String>,
}

impl WhatIf {
    pub fn new(changes: Changes) -> Self {
        Self {
            changes,
            recorded: State::default(),
            other: State::default(),
            terms: BTreeMap::new(),
            opened: Vec::new(),
            movements: 0,
            daily_rewards: Pair::default(),
            starting_balances: Pair::default(),
            transfers: Transfers::default(),
            refused: BTreeMap::new(),
            other_trigger: 0,
            after_refused_spend: 0,
            missing_tiers: BTreeSet::new(),
        }
    }

    /// The next event of the guild's economy. Refuses changes that no guild could have saved over
    /// the settings of that time.
    pub fn take(&mut self, fact: Fact<'_>) -> Result<(), InvalidChange> {
        let terms = self.changed(fact.terms)?;
        self.tally_recorded(fact.event);
        Economy::evolve(&mut self.recorded, fact.event);
        if let Event::AccountOpened { person, .. } = fact.event {
            self.opened.push(*person);
            return Ok(());
        }
        self.movements += 1;
        let opened = std::mem::take(&mut self.opened);
        for person in opened.into_iter().filter(|person| !concerns(fact.event, *person)) {
            self.open(person, &terms);
        }
        let follows = match fact.event {
            Event::SpendSettled { spend } | Event::SpendRefunded { spend, .. } => Some(spend),
            _ => None,
        };
        if follows.is_some_and(|spend| !self.other.open_spends.contains_key(spend)) {
            self.after_refused_spend += 1;
            return Ok(());
        }
        if let Some(command) = self.command(fact, terms) {
            match Economy::decide(&self.other, &command) {
                Ok(events) => events.iter().for_each(|event| self.happen(event)),
                Err(refusal) => self.refuse(fact, &refusal),
            }
        }
        Ok(())
    }

    /// A transfer that was refused at this place of the history.
    pub fn attempt(&mut self, attempt: Attempt<'_>) -> Result<(), InvalidChange> {
        let terms = self.changed(attempt.terms)?;
        let Attempt { seq, from, to, amount, at, .. } = attempt;
        self.transfers.newly_allowed.of += 1;
        let command = Command::Transfer { from, to, amount, reason: None, at, terms };
        let Ok(events) = Economy::decide(&self.other, &command) else { return Ok(()) };
        for event in &events {
            self.happen(event);
        }
        let allowed = &mut self.transfers.newly_allowed;
        allowed.count += 1;
        add(&mut allowed.amount, amount);
        if allowed.examples.len() < EXAMPLES {
            allowed.examples.push(AllowedTransfer { seq, at, from, to, amount });
        }
        Ok(())
    }

    /// The answer, once every event was taken.
    pub fn outcome(mut self) -> Outcome {
        // Accounts that nothing followed on.
        let last = self.terms.values().next_back().cloned().unwrap_or_default();
        for person in std::mem::take(&mut self.opened) {
            self.open(person, &last);
        }
        let lines: Vec<Line> = self.lines();
        let sum = |side: fn(&Pair) -> Bytes| {
            Bytes(lines.iter().map(|line| side(&line.balance).0).fold(0, i64::saturating_add))
        };
        let supply = Pair { recorded: sum(|pair| pair.recorded), other: sum(|pair| pair.other) };
        let facts_lacking = self.facts_lacking();
        Outcome {
            movements: self.movements,
            supply,
            daily_rewards: self.daily_rewards,
            starting_balances: self.starting_balances,
            top: top(&lines),
            most_changed: most_changed(lines),
            transfers: self.transfers,
            refused: self.refused,
            facts_lacking,
        }
    }

    /// The settings in force then, with the changes over them.
    fn changed(&mut self, terms: &Terms) -> Result<Terms, InvalidChange> {
        if let Some(known) = self.terms.get(&terms.version) {
            return Ok(Terms::clone(known));
        }
        let mut values = terms.values.clone();
        self.missing_tiers.extend(self.changes.over(&mut values));
        let problems = values.problems();
        if !problems.is_empty() {
            return Err(InvalidChange::Unsound { version: terms.version, problems });
        }
        let changed = Terms::new(InForce { version: terms.version, values });
        self.terms.insert(terms.version, Terms::clone(&changed));
        Ok(changed)
    }

    /// What asks for this event again. Time is as it was, for it is part of what was asked.
    fn command(&mut self, fact: Fact<'_>, terms: Terms) -> Option<Command> {
        let reason = None;
        Some(match fact.event {
            Event::AccountOpened { .. } => return None,
            Event::BytesGranted { to, amount, .. } => {
                Command::Grant { to: *to, amount: *amount, reason, terms }
            }
            Event::BytesTaken { from, amount, .. } => {
                Command::Take { from: *from, amount: *amount, reason, terms }
            }
            Event::BytesTransferred { from, to, amount, at, .. } => {
                let (from, to, amount, at) = (*from, *to, *amount, *at);
                Command::Transfer { from, to, amount, reason, at, terms }
            }
            Event::DailyAwarded { to, day, .. } => {
                let trigger = self.trigger(&fact.terms.values, &terms.values);
                Command::AwardDaily { to: *to, trigger, at: day.start(), terms }
            }
            Event::BytesSpent { spend, from, amount, purpose } => {
                let (spend, from, amount) = (*spend, *from, *amount);
                Command::Spend { spend, from, amount, purpose: purpose.clone(), terms }
            }
            Event::SpendSettled { spend } => Command::SettleSpend { spend: *spend },
            Event::SpendRefunded { spend, .. } => Command::RefundSpend { spend: *spend },
        })
    }

    /// Who was rewarded for a message is taken to have asked, where one has to ask, and the other
    /// way round.
    fn trigger(&mut self, recorded: &EconomySettings, other: &EconomySettings) -> DailyTrigger {
        let differs = recorded.daily != other.daily && other.daily != DailyMode::Off;
        self.other_trigger += u64::from(differs);
        match other.daily {
            DailyMode::Command => DailyTrigger::Request,
            DailyMode::Automatic | DailyMode::Off => DailyTrigger::Message,
        }
    }

    fn open(&mut self, person: PersonId, terms: &Terms) {
        if !self.other.accounts.contains_key(&person) {
            self.happen(&Event::AccountOpened { person, starting: terms.values.starting_balance });
        }
    }

    /// Under the other settings.
    fn happen(&mut self, event: &Event) {
        match event {
            Event::AccountOpened { starting, .. } => {
                add(&mut self.starting_balances.other, *starting);
            }
            Event::DailyAwarded { amount, .. } => add(&mut self.daily_rewards.other, *amount),
            _ => {}
        }
        Economy::evolve(&mut self.other, event);
    }

    fn tally_recorded(&mut self, event: &Event) {
        match event {
            Event::AccountOpened { starting, .. } => {
                add(&mut self.starting_balances.recorded, *starting);
            }
            Event::DailyAwarded { amount, .. } => add(&mut self.daily_rewards.recorded, *amount),
            Event::BytesTransferred { amount, .. } => {
                self.transfers.recorded += 1;
                add(&mut self.transfers.recorded_amount, *amount);
            }
            _ => {}
        }
    }

    fn refuse(&mut self, fact: Fact<'_>, refusal: &Refusal) {
        let (kind, amount) = match fact.event {
            Event::BytesTransferred { from, to, amount, .. } => {
                if self.transfers.examples.len() < EXAMPLES {
                    self.transfers.examples.push(RefusedTransfer {
                        seq: fact.seq,
                        at: fact.at,
                        from: *from,
                        to: *to,
                        amount: *amount,
                        rule: refusal.rule(),
                        text: refusal.to_string(),
                    });
                }
                self.transfers.refused.add(refusal, *amount);
                return;
            }
            Event::BytesGranted { amount, .. } => ("grants", *amount),
            Event::BytesTaken { amount, .. } => ("takes", *amount),
            Event::DailyAwarded { amount, .. } => ("daily_rewards", *amount),
            Event::BytesSpent { amount, .. } => ("spends", *amount),
            Event::SpendRefunded { amount, .. } => ("refunds", *amount),
            Event::SpendSettled { .. } | Event::AccountOpened { .. } => {
                ("settlements", Bytes::ZERO)
            }
        };
        self.refused.entry(kind).or_default().add(refusal, amount);
    }

    fn lines(&self) -> Vec<Line> {
        let persons: BTreeSet<PersonId> =
            self.recorded.accounts.keys().chain(self.other.accounts.keys()).copied().collect();
        let line = |person| Line {
            person,
            balance: Pair {
                recorded: self.recorded.balance(person),
                other: self.other.balance(person),
            },
        };
        persons.into_iter().map(line).collect()
    }

    fn facts_lacking(&self) -> Vec<String> {
        let mut lacking = vec![
            format!(
                "Of the refusals only those of transfers are kept, of each sender one in {} minutes \
                 and {} a day in all, and none from before they were kept; other transfers, \
                 purchases and rewards that would have been newly allowed are unknown.",
                crate::refusals::EVERY_SECS / 60,
                crate::refusals::MOST_A_DAY
            ),
            "People would have done other things; here they do what they did.".to_owned(),
        ];
        if self.other_trigger > 0 {
            lacking.push(format!(
                "Who would have asked for a daily reward, or written a message, is not recorded: \
                 for {} rewards it is taken that they did.",
                self.other_trigger
            ));
        }
        if self.changes.touches_daily() {
            lacking.push(
                "Days on which somebody was due no reward, because rewards were off or not asked \
                 for, are not recorded."
                    .to_owned(),
            );
        }
        if self.after_refused_spend > 0 {
            lacking.push(format!(
                "{} purchases were settled or refunded that would not have been made; both were \
                 left out.",
                self.after_refused_spend
            ));
        }
        for tier in &self.missing_tiers {
            lacking.push(format!(
                "There was no tier {tier} in some of the settings that were in force; those were \
                 left as they were."
            ));
        }
        lacking
    }
}

/// Whether an account was opened because of this movement.
fn concerns(event: &Event, person: PersonId) -> bool {
    match event {
        Event::BytesGranted { to, .. } | Event::DailyAwarded { to, .. } => *to == person,
        Event::BytesTaken { from, .. } | Event::BytesSpent { from, .. } => *from == person,
        Event::BytesTransferred { from, to, .. } => *from == person || *to == person,
        Event::AccountOpened { .. } | Event::SpendSettled { .. } | Event::SpendRefunded { .. } => {
            false
        }
    }
}
