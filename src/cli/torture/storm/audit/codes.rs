//! Codes: never over the limit, and every use rewarded once.

use std::collections::BTreeMap;

use domain::{
    PersonId,
    campaign::{Event, Reward},
};
use simulator::Id;

use super::{
    super::{Report, record::Deed},
    Ground, Made, money,
};

#[derive(Default)]
pub(super) struct Books {
    name: String,
    limit: Option<u32>,
    reward: Option<Reward>,
    /// By number: who, and how often the reward was noted as delivered, and as failed.
    uses: BTreeMap<u32, (PersonId, usize, usize)>,
    /// Numbers that were given out, in their order.
    numbers: Vec<u32>,
}

impl Books {
    pub fn enter(&mut self, event: Event) -> Option<Made> {
        match event {
            Event::Created { name, by, reward, limits, .. } => {
                (self.name, self.limit, self.reward) = (name, limits.uses, Some(reward));
                return Some(Made::of(Deed::Campaign, by));
            }
            Event::Redeemed { number, person, .. } => {
                self.numbers.push(number);
                self.uses.insert(number, (person, 0, 0));
                return Some(Made::of(Deed::Redemption, person));
            }
            Event::RewardDelivered { number, .. } => {
                self.uses.entry(number).and_modify(|of| of.1 += 1);
            }
            Event::RewardFailed { number, .. } => {
                self.uses.entry(number).and_modify(|of| of.2 += 1);
            }
            _ => {}
        }
        None
    }

    pub fn audit(
        &self,
        campaign: &str,
        money: &money::Books,
        ground: &Ground<'_>,
        report: &mut Report,
    ) {
        let name = &self.name;
        report.redemptions += self.numbers.len() as u64;
        for (expected, number) in (1..).zip(&self.numbers) {
            if *number != expected {
                report.untrue(|| format!("{name}: use {number} came {expected}."));
            }
        }
        let most = self.limit.and_then(|limit| usize::try_from(limit).ok());
        if most.is_some_and(|most| self.numbers.len() > most) {
            report.doubled(|| format!("{name}: {} uses of {most:?}", self.numbers.len()));
        }
        for (number, (person, delivered, failed)) in &self.uses {
            report
                .once(*delivered, || format!("{name}: delivery of use {number}, {failed} failed"));
            let Some(user) = ground.user(*person) else { continue };
            if let Some(Reward::Role { role }) = self.reward
                && let Some(role) = Id::new(role.get())
            {
                let given = ground.changes(user, role, "$add");
                report.once(given, || format!("{name}: role {role} of {user} ({given})"));
            }
        }
        let Some(Reward::Bytes { .. }) = self.reward else { return };
        // So the ledger knows what pays for a use.
        let of = format!("codes/{campaign}/");
        let paid = money.grants.iter().filter(|(key, _)| key.starts_with(&of));
        let (uses, often) = paid.fold((0, 0), |(uses, all), (_, often)| (uses + 1, all + often));
        report.as_often(uses, self.uses.len(), || format!("{name}: uses that were paid"));
        report.as_often(often, self.uses.len(), || format!("{name}: payments"));
    }
}
