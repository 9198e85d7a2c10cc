//! The economy's ledger written a second time, to check the first against.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;

pub(super) const LIMIT: i64 = Bytes::LIMIT.0;
pub(super) const DAY_MICROS: i64 = 86_400_000_000;

/// The ledger as a bookkeeper keeps it: every line that was ever written, nothing summed up
/// ahead, every question answered by going through the book again.
#[derive(Clone, Default)]
pub(super) struct Book {
    lines: Vec<(PersonId, i64)>,
    sent: Vec<(PersonId, i64)>,
    days_paid: BTreeSet<(PersonId, i64)>,
    open_spends: BTreeMap<SpendId, (PersonId, i64)>,
}

impl Book {
    pub(super) fn balance(&self, person: PersonId) -> i64 {
        self.lines.iter().filter(|(whose, _)| *whose == person).map(|(_, amount)| amount).sum()
    }

    /// Writes the lines of this command, all or none; false when the rules forbid it.
    pub(super) fn enter(&mut self, command: &Command) -> bool {
        let mut page = self.clone();
        let entered = page.lines_of(command).is_some();
        if entered {
            *self = page;
        }
        entered
    }

    fn lines_of(&mut self, command: &Command) -> Option<()> {
        match command {
            Command::Grant { to, amount, terms, .. } => {
                self.open(*to, terms);
                self.pay_in(*to, one_to(LIMIT, *amount)?)
            }
            Command::Take { from, amount, terms, .. } => {
                self.open(*from, terms);
                self.pay_out(*from, one_to(LIMIT, *amount)?)
            }
            Command::Transfer { from, to, amount, at, terms, .. } => {
                let amount = one_to(terms.values.max_transfer.0, *amount)?;
                let now = at.as_micros();
                let cooldown = i64::from(terms.values.transfer_cooldown_secs) * 1_000_000;
                let waited = |(who, sent): &(PersonId, i64)| who != from || now - sent >= cooldown;
                (from != to && self.sent.iter().all(waited)).then_some(())?;
                self.open(*from, terms);
                self.open(*to, terms);
                self.sent.push((*from, now));
                self.pay_out(*from, amount)?;
                self.pay_in(*to, amount)
            }
            Command::AwardDaily { to, trigger, at, terms } => {
                let wanted = match terms.values.daily {
                    DailyMode::Automatic => Some(DailyTrigger::Message),
                    DailyMode::Command => Some(DailyTrigger::Request),
                    DailyMode::Off => None,
                };
                let today = at.as_micros() / DAY_MICROS;
                let paid = |day: i64| self.days_paid.contains(&(*to, day));
                let from_today_on = (*to, today)..=(*to, i64::MAX);
                let free = self.days_paid.range(from_today_on).next().is_none();
                (free && wanted == Some(*trigger)).then_some(())?;
                let days_before = (1..=today).take_while(|back| paid(today - back)).count();
                let times = [1, 2, 4][days_before.min(2)];
                self.open(*to, terms);
                self.days_paid.insert((*to, today));
                self.pay_in(*to, terms.values.daily_amount.0 * times)
            }
            Command::AwardDailyToAll { to, day, terms } => {
                let (trigger, at) = (DailyTrigger::Message, day.start());
                (terms.values.daily == DailyMode::Automatic).then_some(())?;
                for to in to {
                    let terms = Arc::clone(terms);
                    // Whoever cannot be paid is no hindrance to the others.
                    self.enter(&Command::AwardDaily { to: *to, trigger, at, terms });
                }
                Some(())
            }
            Command::Spend { spend, from, amount, terms, .. } => {
                let amount = one_to(LIMIT, *amount)?;
                self.open(*from, terms);
                let before = self.open_spends.insert(*spend, (*from, amount));
                before.is_none().then_some(())?;
                self.pay_out(*from, amount)
            }
            Command::SettleSpend { spend } => self.open_spends.remove(spend).map(|_| ()),
            Command::RefundSpend { spend } => {
                let line = self.open_spends.remove(spend)?;
                self.lines.push(line);
                Some(())
            }
        }
    }

    fn open(&mut self, person: PersonId, terms: &Terms) {
        if !self.lines.iter().any(|(whose, _)| *whose == person) {
            self.lines.push((person, terms.values.starting_balance.0));
        }
    }

    fn pay_in(&mut self, person: PersonId, amount: i64) -> Option<()> {
        self.lines.push((person, amount));
        (self.balance(person) <= LIMIT).then_some(())
    }

    fn pay_out(&mut self, person: PersonId, amount: i64) -> Option<()> {
        self.lines.push((person, -amount));
        (self.balance(person) >= 0).then_some(())
    }
}

fn one_to(most: i64, amount: Bytes) -> Option<i64> {
    (amount.0 >= 1 && amount.0 <= most).then_some(amount.0)
}

/// What the events themselves say, read from their stored form and from nothing else.
pub(super) fn stored_lines(event: &Event) -> Vec<(PersonId, i64)> {
    let json = serde_json::to_value(event).expect("JSON");
    let body = json.as_object().and_then(|object| object.values().next()).expect("a body");
    let number = |field: &str| body[field].as_str().map_or(0, |text| text.parse().expect("amount"));
    let (amount, starting): (i64, i64) = (number("amount"), number("starting"));
    let side = |field: &str, amount: i64| {
        let person = body.get(field).and_then(Value::as_u64)?;
        Some((PersonId(u32::try_from(person).expect("a person's number")), amount))
    };
    [side("person", starting), side("from", -amount), side("to", amount)]
        .into_iter()
        .flatten()
        .collect()
}
