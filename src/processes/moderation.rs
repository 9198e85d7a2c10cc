//! Does in Discord what moderation ordered, tells it what Discord said, and keeps its time.
//!
//! | step | repeated | refused | killed |
//! |---|---|---|---|
//! | an order: an effect, and for who is removed a farewell before it | the same effects, left as they are; none where the answer is known already | never | the event comes again |
//! | before each call: is it still waited for? | asked again | what was decided otherwise since is dropped | asked again |
//! | the effect ended: report it; who was told farewell and is still here is told so | the key reports once, and the same letter; an answer that nobody waits for changes nothing | never | the outcome is told again |
//! | something gets a time: one timer of the guild, no later than that | the same timer | never | the event comes again |
//! | the timer fires: what is due is asked for by its case | the key asks once; a case that means nothing any more does nothing | never | it fires again |
//! | a lift or a renewal failed: it is asked for again, later each time | the same timer | never | the event comes again |
//!
//! A guild has one timer for all that falls due, so that nothing has to be refused in a raid; when
//! it fires, the aggregate is asked what is due. Many who are banned at once are banned in one call,
//! and whoever that did not reach in one of their own.
//!
//! It begins at the start of the log: an order whose answer is known is passed over, so a log that
//! moved here has its timers again and nothing is done twice.

mod letters;

use actions::Actions;
use async_trait::async_trait;
use domain::{
    CaseNumber, GuildId, PersonId, Timestamp,
    moderation::{self, Deed, Event, Failure, Origin, SanctionKind, Stage},
};
use eventlog::Recorded;

use super::{
    Begin, Deed as Call, Effect, Ended, Process, Reaction, Timer, Trouble,
    effect::{
        code::{ERASED, MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_MEMBER, UNKNOWN_USER},
        read_missed,
    },
};

/// Everything of a guild that falls due has one timer: that of what is due next.
const DUE: &str = "moderation_due";
/// What failed is asked for again under timers of its own, by its case.
const AGAIN: &str = "moderation_again";
const AGAIN_TIMERS: u32 = 4_096;
/// What is asked for when a timer fires; the rest when it fires next, at once.
const AT_ONCE: usize = 200;
/// From a minute, doubling up to a day.
const FIRST_AGAIN_SECS: i64 = 60;
const LAST_AGAIN_SECS: i64 = 86_400;

#[derive(Debug)]
pub struct Moderation;

/// Behind the note of a call before which the member was told of it.
const TOLD: &str = "/told";

/// Which call of which case an effect is, as its note has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticket {
    case: CaseNumber,
    stage: Stage,
}

#[async_trait]
impl Process for Moderation {
    fn name(&self) -> &'static str {
        "moderation"
    }

    fn begins(&self) -> Begin {
        Begin::Start
    }

    fn follows(&self, type_name: &str) -> bool {
        matches!(
            type_name,
            "moderation.member_warned"
                | "moderation.deed_ordered"
                | "moderation.deed_applied"
                | "moderation.deed_observed"
                | "moderation.renewal_ordered"
                | "moderation.renewal_applied"
                | "moderation.renewal_failed"
                | "moderation.lift_ordered"
                | "moderation.lift_failed"
                | "moderation.sanction_retimed"
        )
    }

    async fn react(&self, recorded: &Recorded, reaction: &mut Reaction) -> Result<(), Trouble> {
        let event: Event = eventlog::decode(recorded)?;
        match &event {
            Event::MemberWarned { decays, .. } => {
                if let Some(decays) = decays {
                    reaction.set_timer_no_later(DUE, "due", *decays).await?;
                }
                letters::warned(recorded, &event, reaction).await
            }
            Event::DeedOrdered { .. } => ordered(recorded, &event, reaction).await,
            Event::DeedApplied { case, person, .. } => {
                keep(*case, *person, reaction).await?;
                letters::applied(recorded, &event, reaction).await
            }
            Event::DeedObserved { case, person, .. }
            | Event::RenewalApplied { case, person, .. }
            | Event::SanctionRetimed { case, person, .. } => keep(*case, *person, reaction).await,
            Event::RenewalOrdered { case, person, attempt, covered_until, .. } => {
                let ticket = Ticket { case: *case, stage: Stage::Renewal { attempt: *attempt } };
                let why = letters::plainly(*person, format!("Case {case}, continued."));
                let call = Call::Timeout { person: *person, until: *covered_until, why };
                call_for(ticket, *person, call, reaction).await
            }
            Event::LiftOrdered { case, person, kind, attempt, .. } => {
                let ticket = Ticket { case: *case, stage: Stage::Lift { attempt: *attempt } };
                let why = letters::lifted(recorded, &event, reaction).await?;
                let person = *person;
                let call = match kind {
                    SanctionKind::Timeout => Call::EndTimeout { person, why },
                    SanctionKind::Ban => Call::Unban { person, why },
                };
                call_for(ticket, person, call, reaction).await
            }
            Event::RenewalFailed { case, attempt, .. } => {
                again(*case, *attempt, recorded.at, reaction).await
            }
            Event::LiftFailed { case, person, attempt, why, .. } => {
                let held = reaction.actions().sanction_of(reaction.guild(), (*case, *person));
                let Some(held) = held.await? else { return Ok(()) };
                // What somebody wanted lifted before its time, somebody asks for again. And of a ban
                // whose account is gone nothing is left to be lifted.
                let over = held.until.is_some_and(|until| until <= recorded.at);
                let gone = held.kind == SanctionKind::Ban && *why == Failure::MemberGone;
                if over && !gone {
                    again(*case, *attempt, recorded.at, reaction).await?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn timers(&self) -> &'static [&'static str] {
        &[DUE, AGAIN]
    }

    async fn fire(&self, timer: &Timer, reaction: &mut Reaction) -> Result<(), Trouble> {
        let guild = timer.guild;
        let (due, next) = if timer.kind == AGAIN {
            let slot = timer.key.parse().unwrap_or(0);
            let is_meant = |case: CaseNumber| case.0 % AGAIN_TIMERS == slot;
            let due = reaction.actions().punishments_overdue(guild, is_meant, AT_ONCE).await?;
            (due, None)
        } else {
            reaction.actions().punishments_due(guild, timer.due, AT_ONCE).await?
        };
        for one in due {
            let key = reaction.key(&format!("{:?}/{}", one.what, one.case.0).to_lowercase())?;
            reaction.actions().keep_time(guild, one, &key).await?;
        }
        match next {
            Some(next) => reaction.set_timer_no_later(DUE, "due", next).await,
            None => Ok(()),
        }
    }

    async fn wants(&self, effect: &Effect, actions: &Actions) -> Result<bool, Trouble> {
        if let Call::Timeout { until, .. } = effect.deed
            && until <= actions.now()
        {
            return Ok(false);
        }
        for (ticket, person) in tickets(effect) {
            let case = (ticket.case, person);
            if actions.awaits_answer(effect.guild, case, ticket.stage).await? {
                return Ok(true);
            }
        }
        // A word about what happened is no answer to anything.
        Ok(matches!(effect.deed, Call::PrivateNotice { .. }))
    }

    async fn outcome(
        &self,
        effect: &Effect,
        ended: &Ended,
        reaction: &mut Reaction,
    ) -> Result<(), Trouble> {
        match &effect.deed {
            Call::Farewell { .. } | Call::PrivateNotice { .. } => Ok(()),
            Call::BulkBan { delete_secs, .. } => {
                bulk_ended(effect, *delete_secs, ended, reaction).await
            }
            _ => {
                let outcome = outcome_of(ended);
                for (ticket, person) in tickets(effect) {
                    report(effect.guild, ticket, person, outcome, reaction).await?;
                    let failed = moderation::Outcome::Failed;
                    // Who has left by themselves was told nothing wrong.
                    if effect.note.ends_with(TOLD)
                        && (outcome == failed(Failure::NotAllowed)
                            || outcome == failed(Failure::Unavailable))
                    {
                        letters::still_here(ticket.case, person, reaction).await?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// Everything of one order, unless its answer is known already.
async fn ordered(
    recorded: &Recorded,
    event: &Event,
    reaction: &mut Reaction,
) -> Result<(), Trouble> {
    let Event::DeedOrdered { case, deed, person, origin, covered_until, delete_secs, .. } = event
    else {
        return Ok(());
    };
    let (case, person, origin) = (*case, *person, *origin);
    if let Origin::Batch(_) = origin
        && *deed == Deed::Ban
    {
        return many(recorded, origin, reaction).await;
    }
    let ticket = Ticket { case, stage: Stage::Deed };
    let answer = reaction.actions().awaits_answer(reaction.guild(), (case, person), ticket.stage);
    if !answer.await? {
        return Ok(());
    }
    let why = letters::why(recorded, event, reaction).await?;
    let delete_secs = delete_secs.unwrap_or(0);
    let call = match deed {
        Deed::Timeout => {
            // A timeout always has an end.
            let Some(until) = *covered_until else { return Ok(()) };
            Call::Timeout { person, until, why }
        }
        Deed::EndTimeout => Call::EndTimeout { person, why },
        Deed::Kick => Call::Kick { person, why },
        Deed::Ban => Call::Ban { person, delete_secs, why },
        Deed::Unban => Call::Unban { person, why },
        Deed::Softban => Call::Softban { person, delete_secs, why },
    };
    let mut note = ticket.note();
    if matches!(deed, Deed::Kick | Deed::Ban | Deed::Softban)
        && origin_is_single(origin)
        && letters::farewell(recorded, event, &note, reaction).await?
    {
        note.push_str(TOLD);
    }
    reaction.effect("call", call, &note).await.map(|_| ())
}

/// Whoever is removed among many is not told: a hundred private messages at once are what Discord
/// takes for spam.
const fn origin_is_single(origin: Origin) -> bool {
    !matches!(origin, Origin::Batch(_))
}

async fn call_for(
    ticket: Ticket,
    person: PersonId,
    call: Call,
    reaction: &mut Reaction,
) -> Result<(), Trouble> {
    let case = (ticket.case, person);
    if reaction.actions().awaits_answer(reaction.guild(), case, ticket.stage).await? {
        reaction.effect("call", call, &ticket.note()).await?;
    }
    Ok(())
}

/// The first order of a batch stands for all of them: they were written together.
async fn many(recorded: &Recorded, origin: Origin, reaction: &mut Reaction) -> Result<(), Trouble> {
    let (guild, seq) = (reaction.guild(), recorded.guild_seq);
    let log = reaction.actions().bus().log().clone();
    if seq > 1 {
        let before = log.read_guild(guild, seq - 2, 1).await?;
        if before.first().is_some_and(|event| of_batch(event, origin).is_some()) {
            return Ok(());
        }
    }
    let following = log.read_guild(guild, seq - 1, moderation::MAX_BATCH).await?;
    let (mut people, mut cases, mut delete) = (Vec::new(), Vec::new(), 0);
    for event in following.iter().map_while(|event| of_batch(event, origin)) {
        let Event::DeedOrdered { case, person, delete_secs, .. } = event else { continue };
        if reaction.actions().awaits_answer(guild, (case, person), Stage::Deed).await? {
            people.push(person);
            cases.push(case);
            delete = delete_secs.unwrap_or(0);
        }
    }
    let (Some(first), Some(last)) = (cases.first(), cases.last()) else { return Ok(()) };
    let why = letters::openly(format!("Cases {first} to {last}."));
    let note = Ticket::note_of_many(&cases);
    let call = Call::BulkBan { people, delete_secs: delete, why };
    reaction.effect("call", call, &note).await.map(|_| ())
}

fn of_batch(recorded: &Recorded, origin: Origin) -> Option<Event> {
    if recorded.type_name != "moderation.deed_ordered" {
        return None;
    }
    let event: Event = eventlog::decode(recorded).ok()?;
    let same = matches!(&event, Event::DeedOrdered { origin: other, .. } if *other == origin);
    same.then_some(event)
}

/// Whoever the one call did not reach gets one of their own, which says why.
async fn bulk_ended(
    effect: &Effect,
    delete_secs: u32,
    ended: &Ended,
    reaction: &mut Reaction,
) -> Result<(), Trouble> {
    let left = match ended {
        Ended::Done(result) => read_missed(result.as_deref().unwrap_or_default()),
        // Discord wants more rights for many than for one.
        Ended::Failed { code: MISSING_ACCESS | MISSING_PERMISSIONS, .. } => {
            tickets(effect).into_iter().map(|(_, person)| person).collect()
        }
        Ended::Failed { .. } | Ended::Dropped => {
            for (ticket, person) in tickets(effect) {
                report(effect.guild, ticket, person, outcome_of(ended), reaction).await?;
            }
            return Ok(());
        }
    };
    for (ticket, person) in tickets(effect) {
        if left.contains(&person) {
            let why = letters::plainly(person, format!("Case {}.", ticket.case));
            let call = Call::Ban { person, delete_secs, why };
            reaction.effect(&format!("single/{}", ticket.case.0), call, &ticket.note()).await?;
        } else {
            let applied = moderation::Outcome::Applied;
            report(effect.guild, ticket, person, applied, reaction).await?;
        }
    }
    Ok(())
}

async fn report(
    guild: GuildId,
    Ticket { case, stage }: Ticket,
    person: PersonId,
    outcome: moderation::Outcome,
    reaction: &Reaction,
) -> Result<(), Trouble> {
    let key = reaction.key(&format!("report/{}", case.0))?;
    let case = (case, person);
    Ok(reaction.actions().report_punishment(guild, case, (stage, outcome), &key).await?)
}

/// What is in force gets its time.
async fn keep(case: CaseNumber, person: PersonId, reaction: &mut Reaction) -> Result<(), Trouble> {
    let held = reaction.actions().sanction_of(reaction.guild(), (case, person)).await?;
    let next = held.and_then(|held| held.due(person).map(|due| due.at).min());
    match next {
        Some(next) => reaction.set_timer_no_later(DUE, "due", next).await,
        None => Ok(()),
    }
}

async fn again(
    case: CaseNumber,
    attempt: u32,
    failed: Timestamp,
    reaction: &mut Reaction,
) -> Result<(), Trouble> {
    let pause = (FIRST_AGAIN_SECS << attempt.saturating_sub(1).min(12)).min(LAST_AGAIN_SECS);
    let slot = (case.0 % AGAIN_TIMERS).to_string();
    reaction.set_timer_no_later(AGAIN, &slot, failed.plus_secs(pause)).await
}

impl Ticket {
    fn note(self) -> String {
        let case = self.case.0;
        match self.stage {
            Stage::Deed => format!("deed/{case}"),
            Stage::Renewal { attempt } => format!("renewal/{case}/{attempt}"),
            Stage::Lift { attempt } => format!("lift/{case}/{attempt}"),
        }
    }

    fn note_of_many(cases: &[CaseNumber]) -> String {
        let numbers: Vec<_> = cases.iter().map(|case| case.0.to_string()).collect();
        format!("deeds/{}", numbers.join(","))
    }

    fn read(note: &str) -> Option<Self> {
        let mut parts = note.split('/');
        let kind = parts.next()?;
        let case = CaseNumber(parts.next()?.parse().ok()?);
        let mut attempt = || parts.next().and_then(|number| number.parse().ok());
        let stage = match kind {
            "deed" => Stage::Deed,
            "renewal" => Stage::Renewal { attempt: attempt()? },
            "lift" => Stage::Lift { attempt: attempt()? },
            _ => return None,
        };
        Some(Self { case, stage })
    }
}

/// Which cases an effect is about, and who each is about.
fn tickets(effect: &Effect) -> Vec<(Ticket, PersonId)> {
    match &effect.deed {
        Call::BulkBan { people, .. } => {
            let numbers = effect.note.strip_prefix("deeds/").unwrap_or_default().split(',');
            let cases = numbers.filter_map(|number| number.parse().ok()).map(CaseNumber);
            let ticket = |case| Ticket { case, stage: Stage::Deed };
            cases.map(ticket).zip(people.iter().copied()).collect()
        }
        Call::Timeout { person, .. }
        | Call::EndTimeout { person, .. }
        | Call::Kick { person, .. }
        | Call::Ban { person, .. }
        | Call::Unban { person, .. }
        | Call::Softban { person, .. }
        | Call::Farewell { person, .. } => {
            Ticket::read(&effect.note).map(|ticket| (ticket, *person)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn outcome_of(ended: &Ended) -> moderation::Outcome {
    let failure = match ended {
        Ended::Done(_) => return moderation::Outcome::Applied,
        Ended::Failed { code: UNKNOWN_MEMBER | UNKNOWN_USER | ERASED, .. } => Failure::MemberGone,
        Ended::Failed { code: MISSING_ACCESS | MISSING_PERMISSIONS, .. } => Failure::NotAllowed,
        Ended::Failed { .. } | Ended::Dropped => Failure::Unavailable,
    };
    moderation::Outcome::Failed(failure)
}
