//! What a question about other settings is answered with.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::Refusal;
use crate::{Bytes, PersonId, Refusal as _, Timestamp};

/// Members in the lists of an answer.
const TOP: usize = 10;

/// As it was, and as it would have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pair {
    pub recorded: Bytes,
    pub other: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub person: PersonId,
    #[serde(flatten)]
    pub balance: Pair,
}

/// What would have been refused, by the rule that says no.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refused {
    pub count: u64,
    pub amount: Bytes,
    pub by_rule: BTreeMap<&'static str, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedTransfer {
    pub seq: u64,
    pub at: Timestamp,
    pub from: PersonId,
    pub to: PersonId,
    pub amount: Bytes,
    pub rule: &'static str,
    /// What the sender would have been told.
    pub text: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Transfers {
    pub recorded: u64,
    pub recorded_amount: Bytes,
    pub refused: Refused,
    /// The first of them.
    pub examples: Vec<RefusedTransfer>,
    pub newly_allowed: NewlyAllowed,
}

/// Of the refused transfers that were kept, those that the other settings allow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NewlyAllowed {
    /// Refused transfers that were kept.
    pub of: u64,
    pub count: u64,
    pub amount: Bytes,
    /// The first of them.
    pub examples: Vec<AllowedTransfer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AllowedTransfer {
    pub seq: u64,
    pub at: Timestamp,
    pub from: PersonId,
    pub to: PersonId,
    pub amount: Bytes,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Movements of bytes that were asked for again.
    pub movements: u64,
    pub supply: Pair,
    pub daily_rewards: Pair,
    pub starting_balances: Pair,
    /// The richest of both, the richest under the other settings first.
    pub top: Vec<Line>,
    /// Whose balance differs most, the largest difference first.
    pub most_changed: Vec<Line>,
    pub transfers: Transfers,
    /// Everything else that would have been refused, by kind.
    pub refused: BTreeMap<&'static str, Refused>,
    pub facts_lacking: Vec<String>,
}

impl Refused {
    pub(super) fn add(&mut self, refusal: &Refusal, amount: Bytes) {
        self.count += 1;
        add(&mut self.amount, amount);
        *self.by_rule.entry(refusal.rule()).or_default() += 1;
    }
}

pub(super) fn add(sum: &mut Bytes, amount: Bytes) {
    *sum = Bytes(sum.0.saturating_add(amount.0));
}

pub(super) fn top(lines: &[Line]) -> Vec<Line> {
    let richest = |side: fn(&Pair) -> Bytes| {
        let mut lines: Vec<&Line> = lines.iter().collect();
        lines.sort_by_key(|line| (std::cmp::Reverse(side(&line.balance)), line.person));
        lines.into_iter().take(TOP)
    };
    let mut top: Vec<Line> = richest(|pair| pair.other).cloned().collect();
    let others: Vec<Line> =
        richest(|pair| pair.recorded).filter(|line| !top.contains(line)).cloned().collect();
    top.extend(others);
    top
}

pub(super) fn most_changed(mut lines: Vec<Line>) -> Vec<Line> {
    let difference = |line: &Line| line.balance.other.0.abs_diff(line.balance.recorded.0);
    lines.retain(|line| difference(line) > 0);
    lines.sort_by_key(|line| (std::cmp::Reverse(difference(line)), line.person));
    lines.truncate(TOP);
    lines
}
