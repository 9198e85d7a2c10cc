//! What falls due by itself, and which answers are waited for: for whoever keeps the time and does
//! what was ordered. Nothing is decided here.

use super::{RENEW_AHEAD_SECS, Sanction, Stage, State, Work};
use crate::{CaseNumber, PersonId, Timestamp};

/// Something that is to be looked at when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    pub at: Timestamp,
    pub case: CaseNumber,
    pub person: PersonId,
    pub what: DueKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DueKind {
    Decay,
    Renew,
    Expire,
}

impl State {
    /// Everything that has a time, in no order; what is being worked on is left out.
    pub fn falls_due(&self) -> impl Iterator<Item = Due> {
        self.members.iter().flat_map(|(person, record)| {
            let person = *person;
            let warnings = record.warnings.iter().filter_map(move |held| {
                let (at, case, what) = (held.decays?, held.case, DueKind::Decay);
                Some(Due { at, case, person, what })
            });
            let sanctions = record.sanctions.iter().flat_map(move |held| held.due(person));
            warnings.chain(sanctions)
        })
    }

    /// Whether Discord's answer to this call is still waited for.
    pub fn awaits(&self, person: PersonId, case: CaseNumber, stage: Stage) -> bool {
        let work = |attempt| {
            let held = self.sanction_of_case(person, case)?;
            held.work.filter(|_| held.attempts == attempt)
        };
        match stage {
            Stage::Deed => self.orders.contains_key(&(person, case)),
            Stage::Renewal { attempt } => matches!(work(attempt), Some(Work::Renewal { .. })),
            Stage::Lift { attempt } => matches!(work(attempt), Some(Work::Lift(_))),
        }
    }
}

impl Sanction {
    /// When something is to be done about it; nothing while something is.
    pub fn due(&self, person: PersonId) -> impl Iterator<Item = Due> + use<> {
        let case = self.case;
        let due = |at, what| Due { at, case, person, what };
        let until = self.until.filter(|_| self.work.is_none());
        let lapses = self.covered_until.filter(|covered| until.is_some_and(|end| *covered < end));
        let renew = lapses.map(|at| due(at.plus_secs(-RENEW_AHEAD_SECS), DueKind::Renew));
        renew.into_iter().chain(until.map(|at| due(at, DueKind::Expire)))
    }
}
