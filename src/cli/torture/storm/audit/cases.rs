//! Cases: numbered without gap or duplicate, each step of the ladder once, each punishment done once.

use std::collections::{BTreeMap, HashMap};

use domain::{
    CaseNumber, PersonId,
    moderation::{Deed as Punishment, Event},
};
use simulator::world::audit::{MEMBER_KICK, MEMBER_UPDATE};

use super::{
    super::{Report, record::Deed, scene::LADDER},
    Ground, Made, title,
};

const TIMEOUT: &str = "communication_disabled_until";

#[derive(Default)]
pub(super) struct Books {
    /// In the order in which they were opened.
    opened: Vec<CaseNumber>,
    warnings: HashMap<PersonId, usize>,
    /// How many active warnings each warning said there are, where it is not their number.
    miscounted: Vec<CaseNumber>,
    steps: HashMap<PersonId, Vec<u32>>,
    ordered: BTreeMap<CaseNumber, (PersonId, Punishment)>,
    applied: HashMap<CaseNumber, usize>,
    failed: HashMap<CaseNumber, usize>,
    /// Taken for the deed of somebody else.
    observed: Vec<CaseNumber>,
}

impl Books {
    pub fn enter(&mut self, event: &Event) -> Option<Made> {
        match *event {
            Event::MemberWarned { case, person, active, .. } => {
                self.opened.push(case);
                let warnings = self.warnings.entry(person).or_default();
                *warnings += 1;
                if usize::try_from(active) != Ok(*warnings) {
                    self.miscounted.push(case);
                }
                return Some(Made::of(Deed::Warning, person));
            }
            Event::LadderStepTaken { person, step, .. } => {
                self.steps.entry(person).or_default().push(step);
            }
            Event::MemberNoted { case, .. } => self.opened.push(case),
            Event::DeedOrdered { case, deed, person, .. } => {
                self.opened.push(case);
                self.ordered.insert(case, (person, deed));
            }
            Event::DeedApplied { case, .. } => *self.applied.entry(case).or_default() += 1,
            Event::DeedFailed { case, .. } => *self.failed.entry(case).or_default() += 1,
            Event::DeedObserved { case, .. } => {
                self.opened.push(case);
                self.observed.push(case);
            }
            _ => {}
        }
        None
    }

    pub fn audit(&self, ground: &Ground<'_>, report: &mut Report) {
        report.warnings = self.warnings.values().sum::<usize>() as u64;
        report.cases = self.opened.len() as u64;
        report.steps = self.steps.values().map(Vec::len).sum::<usize>() as u64;
        for (expected, case) in (1..).zip(&self.opened) {
            if case.0 != expected {
                report.untrue(|| format!("case {case} is the {expected}. that was opened"));
            }
        }
        for case in &self.miscounted {
            report.untrue(|| format!("case {case} counts the active warnings wrongly"));
        }
        for case in &self.observed {
            report.doubled(|| format!("case {case}: a punishment of ours was taken for another's"));
        }
        self.steps(report);
        self.punishments(ground, report);
        self.posts(ground, report);
    }

    /// Each that the warnings reached, once.
    fn steps(&self, report: &mut Report) {
        for (person, warnings) in &self.warnings {
            let taken = self.steps.get(person).map_or(&[][..], Vec::as_slice);
            for step in LADDER {
                let due = usize::try_from(step).is_ok_and(|step| step <= *warnings);
                let often = taken.iter().filter(|taken| **taken == step).count();
                report.as_often(often, usize::from(due), || {
                    format!("step {step} of member #{}, who has {warnings} warnings", person.0)
                });
            }
        }
    }

    /// Each has one outcome, and what was done stands in Discord's own audit log as often.
    fn punishments(&self, ground: &Ground<'_>, report: &mut Report) {
        let mut done: HashMap<(PersonId, bool), usize> = HashMap::new();
        for (case, (person, deed)) in &self.ordered {
            let of = |outcomes: &HashMap<CaseNumber, usize>| {
                outcomes.get(case).copied().unwrap_or_default()
            };
            let (applied, failed) = (of(&self.applied), of(&self.failed));
            report.once(applied + failed, || format!("the outcome of case {case}"));
            *done.entry((*person, *deed == Punishment::Kick)).or_default() += applied;
        }
        for ((person, kicked), often) in done {
            let Some(user) = ground.user(person) else { continue };
            let there = if kicked {
                ground.entries(MEMBER_KICK, user).count()
            } else {
                let timeouts = ground.entries(MEMBER_UPDATE, user);
                timeouts.filter(|entry| entry.changes.iter().any(|one| one.key == TIMEOUT)).count()
            };
            let what = if kicked { "kicks" } else { "timeouts" };
            report.as_often(there, often, || format!("{what} of {user} in the audit log"));
        }
    }

    /// One in the log channel for each case.
    fn posts(&self, ground: &Ground<'_>, report: &mut Report) {
        let mut posts: HashMap<u32, usize> = HashMap::new();
        for message in ground.messages(ground.scene.log) {
            let number = title(message).strip_prefix("Case #");
            let number = number.and_then(|rest| rest.split(':').next()?.parse().ok());
            if let Some(number) = number {
                *posts.entry(number).or_default() += 1;
            }
        }
        for case in &self.opened {
            let often = posts.get(&case.0).copied().unwrap_or_default();
            report.once(often, || format!("the post of case {case} ({often})"));
        }
    }
}
