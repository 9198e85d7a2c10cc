//! What events leave behind. Folding never fails and never checks.

use super::{
    CaseNumber, DISCORD_TIMEOUT_SECS, Deed, Event, LiftReason, Order, Record, SEEN_AUDIT_ENTRIES,
    Sanction, State, Warning, Work,
};
use crate::{PersonId, Timestamp};

/// What Discord is told of a timeout's end; it takes no end further ahead than that.
pub(super) fn covered(deed: Deed, until: Option<Timestamp>, at: Timestamp) -> Option<Timestamp> {
    let most = at.plus_secs(i64::from(DISCORD_TIMEOUT_SECS));
    until.filter(|_| deed == Deed::Timeout).map(|until| until.min(most))
}

impl State {
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::MemberWarned { case, person, decays, ladder_restarted, .. } => {
                self.count(*case);
                let record = self.members.entry(*person).or_default();
                if *ladder_restarted {
                    record.steps.clear();
                }
                // One place at a time while there are few: most members never get a second one.
                if record.warnings.len() < 4 {
                    record.warnings.reserve_exact(1);
                }
                record.warnings.push(Warning { case: *case, decays: *decays });
            }
            Event::MemberNoted { case, .. } => self.count(*case),
            Event::LadderStepTaken { warning, person, step, .. } => {
                let steps = &mut self.members.entry(*person).or_default().steps;
                steps.retain(|(at, _)| at != step);
                steps.push((*step, *warning));
            }
            Event::DeedOrdered { case, deed, person, until, covered_until, .. } => {
                self.count(*case);
                let order = Order { deed: *deed, until: *until, covered_until: *covered_until };
                self.orders.insert((*person, *case), order);
            }
            Event::DeedApplied { case, person, .. } => {
                if let Some(order) = self.orders.remove(&(*person, *case)) {
                    self.open(*person, *case, &order);
                }
            }
            Event::DeedFailed { case, person, .. } => {
                self.orders.remove(&(*person, *case));
            }
            Event::DeedObserved { case, audit, deed, person, until, .. } => {
                self.count(*case);
                self.audit.insert(*audit);
                if self.audit.len() > SEEN_AUDIT_ENTRIES {
                    self.audit.pop_first();
                }
                let covered_until = until.filter(|_| *deed == Deed::Timeout);
                self.open(*person, *case, &Order { deed: *deed, until: *until, covered_until });
            }
            Event::WarningDecayed { case, person, .. } => {
                self.change(*person, |record| record.warnings.retain(|held| held.case != *case));
            }
            Event::WarningPardoned { case, person, .. } => self.change(*person, |record| {
                record.warnings.retain(|held| held.case != *case);
                record.steps.retain(|(_, warning)| warning != case);
            }),
            Event::RenewalOrdered { case, person, attempt, covered_until, .. } => {
                let work = Work::Renewal { covered_until: *covered_until };
                self.begin(*person, *case, *attempt, work);
            }
            Event::RenewalApplied { case, person, .. } => self.held(*person, *case, |held| {
                if let Some(Work::Renewal { covered_until }) = held.work.take() {
                    held.covered_until = Some(covered_until);
                }
            }),
            Event::RenewalFailed { case, person, .. } | Event::LiftFailed { case, person, .. } => {
                self.held(*person, *case, |held| held.work = None);
            }
            Event::LiftOrdered { case, person, attempt, why, .. } => {
                let why: LiftReason = *why;
                self.begin(*person, *case, *attempt, Work::Lift(why));
            }
            Event::SanctionRetimed { case, person, until, .. } => {
                self.held(*person, *case, |held| held.until = *until);
            }
            Event::SanctionEnded { case, person, .. } => {
                self.change(*person, |record| record.sanctions.retain(|held| held.case != *case));
            }
        }
    }

    fn count(&mut self, case: CaseNumber) {
        self.last_case = self.last_case.max(case.0);
    }

    /// A deed was done: what it puts in force takes the place of what is older.
    fn open(&mut self, person: PersonId, case: CaseNumber, order: &Order) {
        let Some(kind) = order.deed.opens() else { return };
        let sanctions = &mut self.members.entry(person).or_default().sanctions;
        if sanctions.iter().any(|held| held.kind == kind && held.case > case) {
            return;
        }
        sanctions.retain(|held| held.kind != kind);
        sanctions.reserve_exact(1);
        sanctions.push(Sanction {
            case,
            kind,
            until: order.until,
            covered_until: order.covered_until,
            work: None,
            attempts: 0,
        });
    }

    fn begin(&mut self, person: PersonId, case: CaseNumber, attempt: u32, work: Work) {
        self.held(person, case, |held| {
            held.attempts = attempt;
            held.work = Some(work);
        });
    }

    fn held(&mut self, person: PersonId, case: CaseNumber, change: impl FnOnce(&mut Sanction)) {
        let sanctions = self.members.get_mut(&person).map(|record| &mut record.sanctions);
        let held = sanctions.and_then(|all| all.iter_mut().find(|held| held.case == case));
        if let Some(held) = held {
            change(held);
        }
    }

    /// A member of whom nothing is left to remember takes no room.
    fn change(&mut self, person: PersonId, change: impl FnOnce(&mut Record)) {
        let Some(record) = self.members.get_mut(&person) else { return };
        change(record);
        if record.is_empty() {
            self.members.remove(&person);
        }
    }
}
