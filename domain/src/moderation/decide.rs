//! Every rule of moderation: from a command to events or a refusal.

use super::{
    AuditEntry, By, CaseNumber, Command, Deed, EndReason, Event, Failure, LiftReason,
    MAX_ACTIVE_WARNINGS, MAX_BATCH, MAX_DELETE_SECS, MAX_DURATION_SECS, MAX_OPEN_ORDERS,
    MAX_REASON_CHARS, MAX_RULE_CHARS, MIN_DURATION_SECS, Origin, Outcome, Punishment,
    RENEW_AHEAD_SECS, Reason, Refusal, SEEN_AUDIT_ENTRIES, Sanction, Severity, Stage, State,
    Target, Terms, Work, covered,
};
use crate::{BatchId, PersonId, Timestamp};

type Decided = Result<Vec<Event>, Refusal>;

impl State {
    pub(super) fn decide(&self, command: &Command) -> Decided {
        match command {
            Command::Warn { person, by, severity, reason, at, terms } => {
                self.warn(*person, by, *severity, reason, *at, terms)
            }
            Command::Note { person, by, text, at } => {
                check_by(by, *person)?;
                let chars = text.value().map_or(0, |text| text.chars().count());
                if !(1..=MAX_REASON_CHARS).contains(&chars) {
                    return Err(Refusal::TextInvalid);
                }
                let (case, by, text) = (self.case(1)?, by.clone(), text.clone());
                Ok(vec![Event::MemberNoted { case, person: *person, by, text, at: *at }])
            }
            Command::Punish { target, order } => {
                order.check()?;
                check_reason(&target.reason)?;
                check_by(&order.by, target.person)?;
                self.check_free(target.person, order.deed, order.duration_secs.is_none())?;
                self.check_orders(1)?;
                Ok(vec![order.event(self.case(1)?, target, Origin::Order)])
            }
            Command::PunishMany { batch, targets, order } => {
                self.punish_many(*batch, targets, order)
            }
            Command::Report { case, person, stage, outcome, at } => {
                Ok(self.report(*case, *person, *stage, *outcome, *at))
            }
            Command::Observe { entry, at } => self.observe(entry, *at),
            Command::Decay { case, person, at } => {
                let over = self.members.get(person).is_some_and(|record| {
                    record.warnings.iter().any(|held| held.case == *case && !held.counts(*at))
                });
                let event = Event::WarningDecayed { case: *case, person: *person, at: *at };
                Ok(over.then_some(event).into_iter().collect())
            }
            Command::Expire { case, person, at } => {
                let sanction = self.sanction_of_case(*person, *case);
                Ok(sanction.and_then(|held| self.expire(*person, held, *at)).into_iter().collect())
            }
            Command::Renew { case, person, at } => {
                let sanction = self.sanction_of_case(*person, *case);
                Ok(sanction.and_then(|held| renew(*person, held, *at)).into_iter().collect())
            }
            Command::Retime { case, person, by, duration_secs, at } => {
                self.retime(*case, *person, by, *duration_secs, *at)
            }
            Command::Pardon { case, person, by, reason, at } => {
                check_by(by, *person)?;
                check_reason(reason)?;
                let busy = |held: &Sanction| held.case == *case && held.work.is_some();
                if self.sanctions(*person).iter().any(busy) {
                    return Err(Refusal::BeingChanged { case: *case });
                }
                let event = self.take_back(*case, *person, by, reason, None, *at);
                event.map(|event| vec![event]).ok_or(Refusal::NotInForce { case: *case })
            }
            Command::Undo { undo, cases, by, at } => self.undo(*undo, cases, by, *at),
        }
    }

    fn warn(
        &self,
        person: PersonId,
        by: &By,
        severity: Severity,
        reason: &Reason,
        at: Timestamp,
        terms: &Terms,
    ) -> Decided {
        check_by(by, person)?;
        check_reason(reason)?;
        let record = self.members.get(&person);
        if record.is_some_and(|record| record.warnings.len() >= MAX_ACTIVE_WARNINGS) {
            return Err(Refusal::TooManyWarnings);
        }
        let before = record.map_or(0, |record| record.active(at));
        let active = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1);
        let taken = record.map_or(0, super::Record::highest_step);
        let ladder_restarted = terms.values.ladder_restarts && before == 0 && taken > 0;
        let (case, policy) = (self.case(1)?, terms.version);
        let mut events = vec![Event::MemberWarned {
            case,
            person,
            by: by.clone(),
            severity,
            reason: reason.clone(),
            decays: terms.values.decays(severity, at),
            active,
            ladder_restarted,
            policy,
            at,
        }];
        let taken = if ladder_restarted { 0 } else { taken };
        let Some(step) = terms.values.step(active).filter(|step| step.at > taken) else {
            return Ok(events);
        };
        let order = Punishment {
            deed: step.deed.deed(),
            by: By::Rule("ladder".to_owned()),
            duration_secs: (step.duration_secs > 0).then_some(step.duration_secs),
            delete_secs: None,
            at,
            terms: terms.clone(),
        };
        let punished = match self.check_free(person, order.deed, order.duration_secs.is_none()) {
            Ok(()) => Some(self.case(2)?),
            Err(Refusal::UnderWay { .. } | Refusal::BannedAlready { .. }) => None,
            Err(refusal) => return Err(refusal),
        };
        events.push(Event::LadderStepTaken {
            warning: case,
            person,
            step: step.at,
            deed: step.deed,
            case: punished,
            policy,
            at,
        });
        if let Some(number) = punished {
            self.check_orders(1)?;
            let target = Target { person, reason: reason.clone() };
            let origin = Origin::Ladder { warning: case, step: step.at };
            events.push(order.event(number, &target, origin));
        }
        Ok(events)
    }

    fn punish_many(&self, batch: BatchId, targets: &[Target], order: &Punishment) -> Decided {
        order.check()?;
        let again = |(place, target): (usize, &Target)| {
            targets[..place].iter().any(|other| other.person == target.person)
        };
        let sound = (1..=MAX_BATCH).contains(&targets.len());
        if !sound || targets.iter().enumerate().any(again) {
            return Err(Refusal::BatchInvalid);
        }
        let mut left = Vec::with_capacity(targets.len());
        for target in targets {
            check_by(&order.by, target.person)?;
            check_reason(&target.reason)?;
            let for_good = order.duration_secs.is_none();
            match self.check_free(target.person, order.deed, for_good) {
                Ok(()) => left.push(target),
                Err(Refusal::UnderWay { .. } | Refusal::BannedAlready { .. }) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        if left.is_empty() {
            return Err(Refusal::NobodyLeft);
        }
        self.check_orders(left.len())?;
        let one = |(target, place): (&Target, u32)| {
            Ok(order.event(self.case(place)?, target, Origin::Batch(batch)))
        };
        left.into_iter().zip(1..).map(one).collect()
    }

    /// What Discord said. An answer to what is no longer asked changes nothing.
    fn report(
        &self,
        case: CaseNumber,
        person: PersonId,
        stage: Stage,
        outcome: Outcome,
        at: Timestamp,
    ) -> Vec<Event> {
        let work = |attempt| {
            let held = self.sanction_of_case(person, case)?;
            (held.attempts == attempt).then_some((held, held.work?))
        };
        match (stage, outcome) {
            (Stage::Deed, _) => self.report_deed(case, person, outcome, at),
            (Stage::Renewal { attempt }, outcome) => {
                let Some((held, Work::Renewal { covered_until })) = work(attempt) else {
                    return Vec::new();
                };
                let (event, covered_until) = match outcome {
                    Outcome::Applied => {
                        let event = Event::RenewalApplied { case, person, attempt, at };
                        (event, Some(covered_until))
                    }
                    Outcome::Failed(why) => {
                        let event = Event::RenewalFailed { case, person, attempt, why, at };
                        (event, held.covered_until)
                    }
                };
                // Its time may have run out meanwhile, when nothing could be done about it.
                let free = Sanction { work: None, covered_until, ..*held };
                [event].into_iter().chain(self.expire(person, &free, at)).collect()
            }
            (Stage::Lift { attempt }, outcome) => {
                let Some((held, Work::Lift(lift))) = work(attempt) else { return Vec::new() };
                let kind = held.kind;
                let Outcome::Failed(why) = outcome else {
                    let why = lift.into();
                    return vec![Event::SanctionEnded { case, person, kind, why, at }];
                };
                let free = Sanction { work: None, ..*held };
                // What failed because its time is over is tried again by whoever keeps the time.
                let due = (lift != LiftReason::Expired).then(|| self.expire(person, &free, at));
                let event = Event::LiftFailed { case, person, attempt, why, at };
                [event].into_iter().chain(due.flatten()).collect()
            }
        }
    }

    fn report_deed(
        &self,
        case: CaseNumber,
        person: PersonId,
        outcome: Outcome,
        at: Timestamp,
    ) -> Vec<Event> {
        let Some(order) = self.orders.get(&(person, case)) else { return Vec::new() };
        let deed = order.deed;
        match outcome {
            Outcome::Applied => {
                let mut events = vec![Event::DeedApplied { case, person, deed, at }];
                events.extend(self.replaced(person, deed, case, at));
                events
            }
            Outcome::Failed(why) => {
                let mut events = vec![Event::DeedFailed { case, person, deed, why, at }];
                // What waited for it to take its place is over now by itself.
                let held = deed.opens().and_then(|kind| self.sanction(person, kind));
                events.extend(held.and_then(|held| lift_expired(person, held, at)));
                events
            }
        }
    }

    /// What a deed that was done ends: an older punishment of its kind, or itself if it is older.
    fn replaced(
        &self,
        person: PersonId,
        deed: Deed,
        case: CaseNumber,
        at: Timestamp,
    ) -> Option<Event> {
        let kind = deed.opens().or(deed.ends())?;
        let held = self.sanction(person, kind)?;
        let (ended, why) = match (deed.opens().is_some(), held.case < case) {
            (true, true) => (held.case, EndReason::ReplacedBy(case)),
            (true, false) => (case, EndReason::ReplacedBy(held.case)),
            (false, true) => (held.case, EndReason::LiftedBy(case)),
            (false, false) => return None,
        };
        Some(Event::SanctionEnded { case: ended, person, kind, why, at })
    }

    fn observe(&self, entry: &AuditEntry, at: Timestamp) -> Decided {
        let AuditEntry { id: audit, deed, person, by, reason, until } = entry;
        let oldest = self.audit.first().filter(|_| self.audit.len() >= SEEN_AUDIT_ENTRIES);
        if self.audit.contains(audit) || oldest.is_some_and(|oldest| audit < oldest) {
            return Ok(Vec::new());
        }
        // What happened is on record whoever did it, and whatever length its reason has.
        let case = self.case(1)?;
        let mut events = vec![Event::DeedObserved {
            case,
            audit: *audit,
            deed: *deed,
            person: *person,
            by: by.clone(),
            reason: reason.clone(),
            until: *until,
            at,
        }];
        events.extend(self.replaced(*person, *deed, case, at));
        Ok(events)
    }

    fn expire(&self, person: PersonId, held: &Sanction, at: Timestamp) -> Option<Event> {
        // A newer punishment of this kind that is under way takes its place.
        if self.under_way(person, held.kind.deed()).is_some() {
            return None;
        }
        lift_expired(person, held, at)
    }

    fn retime(
        &self,
        case: CaseNumber,
        person: PersonId,
        by: &By,
        duration_secs: Option<u32>,
        at: Timestamp,
    ) -> Decided {
        check_by(by, person)?;
        let held = self.sanction_of_case(person, case).ok_or(Refusal::NotInForce { case })?;
        if held.work.is_some() {
            return Err(Refusal::BeingChanged { case });
        }
        check_duration(held.kind.deed(), duration_secs)?;
        let until = duration_secs.map(|secs| at.plus_secs(i64::from(secs)));
        let kind = held.kind;
        let mut events =
            vec![Event::SanctionRetimed { case, person, kind, by: by.clone(), until, at }];
        let covered_until = covered(kind.deed(), until, at);
        if let Some(covered_until) = covered_until.filter(|_| covered_until != held.covered_until) {
            let attempt = held.attempts.saturating_add(1);
            events.push(Event::RenewalOrdered { case, person, attempt, covered_until, at });
        }
        Ok(events)
    }

    fn undo(
        &self,
        undo: BatchId,
        cases: &[(CaseNumber, PersonId)],
        by: &By,
        at: Timestamp,
    ) -> Decided {
        let again = |(place, one): (usize, &(CaseNumber, PersonId))| cases[..place].contains(one);
        let sound = (1..=MAX_BATCH).contains(&cases.len());
        if !sound || cases.iter().enumerate().any(again) {
            return Err(Refusal::BatchInvalid);
        }
        for (_, person) in cases {
            check_by(by, *person)?;
        }
        let one = |(case, person): &(CaseNumber, PersonId)| {
            let busy = self.sanction_of_case(*person, *case).is_some_and(|s| s.work.is_some());
            let free = Some(*case).filter(|_| !busy)?;
            self.take_back(free, *person, by, &None, Some(undo), at)
        };
        Ok(cases.iter().filter_map(one).collect())
    }

    /// What takes back what a case still means; none where it means nothing any more.
    fn take_back(
        &self,
        case: CaseNumber,
        person: PersonId,
        by: &By,
        reason: &Reason,
        undo: Option<BatchId>,
        at: Timestamp,
    ) -> Option<Event> {
        let record = self.members.get(&person)?;
        let (by, reason) = (by.clone(), reason.clone());
        if record.warnings.iter().any(|held| held.case == case && held.counts(at)) {
            return Some(Event::WarningPardoned { case, person, by, reason, undo, at });
        }
        let held = self.sanction_of_case(person, case)?;
        let why = undo.map_or(LiftReason::Pardoned, LiftReason::Undone);
        let (kind, attempt, by) = (held.kind, held.attempts.saturating_add(1), Some(by));
        Some(Event::LiftOrdered { case, person, kind, attempt, why, by, reason, at })
    }

    /// The number of the first, second … new case.
    fn case(&self, place: u32) -> Result<CaseNumber, Refusal> {
        self.last_case.checked_add(place).map(CaseNumber).ok_or(Refusal::NoNumbersLeft)
    }

    fn check_orders(&self, more: usize) -> Result<(), Refusal> {
        let room = self.orders.len() + more <= MAX_OPEN_ORDERS;
        if room { Ok(()) } else { Err(Refusal::TooManyOrders) }
    }

    /// Whether that can be ordered against somebody now.
    fn check_free(&self, person: PersonId, deed: Deed, for_good: bool) -> Result<(), Refusal> {
        if let Some(case) = self.under_way(person, deed) {
            return Err(Refusal::UnderWay { case });
        }
        let kind = deed.opens().or(deed.ends());
        let Some(held) = kind.and_then(|kind| self.sanction(person, kind)) else { return Ok(()) };
        let case = held.case;
        if held.work.is_some() {
            return Err(Refusal::BeingChanged { case });
        }
        if deed == Deed::Ban && for_good && held.until.is_none() {
            return Err(Refusal::BannedAlready { case });
        }
        Ok(())
    }
}

impl Punishment {
    fn check(&self) -> Result<(), Refusal> {
        check_duration(self.deed, self.duration_secs)?;
        let deletes = matches!(self.deed, Deed::Ban | Deed::Softban);
        let most = if deletes { MAX_DELETE_SECS } else { 0 };
        if self.delete_secs.is_some_and(|secs| secs > most) {
            return Err(Refusal::DeleteInvalid);
        }
        Ok(())
    }

    fn event(&self, case: CaseNumber, target: &Target, origin: Origin) -> Event {
        let until = self.duration_secs.map(|secs| self.at.plus_secs(i64::from(secs)));
        Event::DeedOrdered {
            case,
            deed: self.deed,
            person: target.person,
            by: self.by.clone(),
            origin,
            reason: target.reason.clone(),
            until,
            covered_until: covered(self.deed, until, self.at),
            delete_secs: self.delete_secs.filter(|secs| *secs > 0),
            policy: self.terms.version,
            at: self.at,
        }
    }
}

fn lift_expired(person: PersonId, held: &Sanction, at: Timestamp) -> Option<Event> {
    let over = held.work.is_none() && held.until.is_some_and(|until| until <= at);
    let (case, kind) = Some((held.case, held.kind)).filter(|_| over)?;
    if held.covered_until.is_some_and(|covered| covered <= at) {
        // Discord has let it lapse by itself.
        return Some(Event::SanctionEnded { case, person, kind, why: EndReason::Expired, at });
    }
    let (attempt, why) = (held.attempts.saturating_add(1), LiftReason::Expired);
    Some(Event::LiftOrdered { case, person, kind, attempt, why, by: None, reason: None, at })
}

fn renew(person: PersonId, held: &Sanction, at: Timestamp) -> Option<Event> {
    let (until, covered_now) = (held.until?, held.covered_until?);
    let due = covered_now < until && at < until && at.plus_secs(RENEW_AHEAD_SECS) >= covered_now;
    let covered_until = covered(held.kind.deed(), Some(until), at)?;
    let (case, attempt) = (held.case, held.attempts.saturating_add(1));
    (due && held.work.is_none()).then_some(Event::RenewalOrdered {
        case,
        person,
        attempt,
        covered_until,
        at,
    })
}

fn check_by(by: &By, target: PersonId) -> Result<(), Refusal> {
    match by {
        By::Member(person) if *person == target => Err(Refusal::Yourself),
        By::ActingFor { moderator, .. } if *moderator == target => Err(Refusal::Yourself),
        By::ActingFor { moderator, whom } if whom == moderator || *whom == target => {
            Err(Refusal::ActingFor)
        }
        By::Rule(name) if !(1..=MAX_RULE_CHARS).contains(&name.chars().count()) => {
            Err(Refusal::RuleName)
        }
        By::Member(_) | By::ActingFor { .. } | By::Rule(_) | By::Unknown => Ok(()),
    }
}

fn check_reason(reason: &Reason) -> Result<(), Refusal> {
    let text = reason.as_ref().and_then(crate::Personal::value);
    let chars = text.map_or(0, |text| text.chars().count());
    if chars > MAX_REASON_CHARS { Err(Refusal::ReasonTooLong) } else { Ok(()) }
}

fn check_duration(deed: Deed, secs: Option<u32>) -> Result<(), Refusal> {
    match (deed, secs) {
        (Deed::Timeout, None) => Err(Refusal::DurationNeeded),
        (Deed::Timeout | Deed::Ban, Some(secs)) => {
            let sound = (MIN_DURATION_SECS..=MAX_DURATION_SECS).contains(&secs);
            if sound { Ok(()) } else { Err(Refusal::DurationInvalid) }
        }
        (_, Some(_)) => Err(Refusal::NoDuration),
        (_, None) => Ok(()),
    }
}

impl Failure {
    /// What the moderator is told.
    pub const fn told(self) -> &'static str {
        match self {
            Self::MemberGone => "the member has left",
            Self::NotAllowed => "this bot may not do that to this member",
            Self::Unavailable => "Discord could not be reached",
        }
    }
}
