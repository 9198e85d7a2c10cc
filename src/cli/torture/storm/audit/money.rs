//! The ledger: balances are what all payments come to.

use std::collections::HashMap;

use domain::{
    Decider as _, PersonId,
    economy::{Economy, Event, State},
};
use simulator::Id;
use uuid::Uuid;

use super::{
    super::{Report, record::Deed, scene::Scene},
    Made,
};
use crate::cli::bench::Failed;

/// What every member is told when they ask for their balance.
pub(in super::super) async fn balances_told(scene: &Scene) -> Result<HashMap<Id, i64>, Failed> {
    let mut balances = HashMap::with_capacity(scene.town.people.len());
    for person in &scene.town.people {
        let answer = person.uses(scene.town.channel, "/bytes read", Vec::new()).await?;
        let text = answer.all_text();
        let amount = text.split("**").nth(1).unwrap_or_default();
        let digits: String = amount.chars().filter(char::is_ascii_digit).collect();
        let balance = digits.parse().map_err(|_| format!("an odd balance: {text}"))?;
        balances.insert(person.user, balance);
    }
    Ok(balances)
}

/// One payment of a move between squads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spend {
    pub paid: usize,
    pub settled: usize,
    pub refunded: usize,
}

#[derive(Default)]
pub(super) struct Books {
    state: State,
    /// As anybody could add it up.
    sums: HashMap<PersonId, i64>,
    transfers: u64,
    pub spends: HashMap<Uuid, Spend>,
    /// Grants by their keys.
    pub grants: HashMap<String, usize>,
}

impl Books {
    pub fn enter(&mut self, key: &str, event: &Event) -> Option<Made> {
        Economy::evolve(&mut self.state, event);
        let mut moves = |who: PersonId, amount: i64| *self.sums.entry(who).or_default() += amount;
        match *event {
            Event::AccountOpened { person, starting } => moves(person, starting.0),
            Event::BytesGranted { to, amount, .. } => {
                moves(to, amount.0);
                *self.grants.entry(key.to_owned()).or_default() += 1;
            }
            Event::BytesTaken { from, amount, .. } => moves(from, -amount.0),
            Event::DailyAwarded { to, amount, .. } => moves(to, amount.0),
            Event::BytesTransferred { from, to, amount, .. } => {
                moves(from, -amount.0);
                moves(to, amount.0);
                self.transfers += 1;
                let gift = Some((to, amount.0));
                return Some(Made { deed: Deed::Transfer, who: from, gift });
            }
            Event::BytesSpent { spend, from, amount, .. } => {
                moves(from, -amount.0);
                self.spends.entry(spend.0).or_default().paid += 1;
            }
            Event::SpendSettled { spend } => {
                self.spends.entry(spend.0).or_default().settled += 1;
            }
            Event::SpendRefunded { spend, to, amount } => {
                moves(to, amount.0);
                self.spends.entry(spend.0).or_default().refunded += 1;
            }
        }
        None
    }

    pub fn audit(
        &self,
        people: &HashMap<Id, PersonId>,
        told: &HashMap<Id, i64>,
        report: &mut Report,
    ) {
        report.transfers = self.transfers;
        for (user, told) in told {
            let Some(person) = people.get(user) else { continue };
            let by_log = self.state.balance(*person).0;
            let by_sums = self.sums.get(person).copied().unwrap_or_default();
            // Who never took part has no account.
            if by_log != by_sums || *told != by_sums {
                report.wrong_balances += 1;
                report.find("wrong balance", || {
                    format!("{user} was told {told}, the log says {by_log}, payments {by_sums}")
                });
            }
        }
    }
}
