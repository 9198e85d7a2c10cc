//! Giveaways: posted and drawn once, entries numbered without gap, every prize with one end.

use std::collections::{HashMap, HashSet};

use domain::{
    Decider as _, PersonId,
    giveaways::{Event, Exclusion, Giveaway, Phase, State, WinnerState},
};

use super::{
    super::{Report, record::Deed},
    Ground, Made, title,
};

#[derive(Default)]
pub(super) struct Books {
    pub prize: String,
    pub claimed: HashSet<PersonId>,
    state: State,
    winners: usize,
    closed: usize,
    begun: usize,
    not_posted: bool,
    /// Numbers of new entries, in their order.
    numbers: Vec<u32>,
    entries: u64,
    drawn: HashMap<u32, usize>,
    confirmed: HashMap<PersonId, usize>,
    claims: usize,
    lapses: usize,
    /// Prizes that stayed with nobody.
    left_over: usize,
}

impl Books {
    pub fn enter(&mut self, event: Event) -> Option<Made> {
        Giveaway::evolve(&mut self.state, &event);
        match event {
            Event::Created { by, terms, .. } => {
                self.prize = terms.prize;
                self.winners = usize::try_from(terms.winners).unwrap_or(usize::MAX);
                return Some(Made::of(Deed::Giveaway, by));
            }
            Event::Entered { entry, person, again, .. } => {
                self.entries += 1;
                if !again {
                    self.numbers.push(entry);
                }
                return Some(Made::of(Deed::Entry, person));
            }
            Event::EntryExcluded { person, why: Exclusion::Left, .. } => {
                return Some(Made::of(Deed::Leaving, person));
            }
            Event::PrizeClaimed { person, .. } => {
                self.claims += 1;
                self.claimed.insert(person);
                return Some(Made::of(Deed::Claim, person));
            }
            Event::Closed { .. } => self.closed += 1,
            Event::DrawBegun { .. } => self.begun += 1,
            Event::PostFailed { .. } => self.not_posted = true,
            Event::CandidateDrawn { entry, .. } => *self.drawn.entry(entry).or_default() += 1,
            Event::WinnerConfirmed { person, .. } => {
                *self.confirmed.entry(person).or_default() += 1;
            }
            Event::ClaimLapsed { .. } => self.lapses += 1,
            Event::RerollsExhausted { .. } => self.left_over += 1,
            Event::NobodyLeft { prizes, .. } => {
                self.left_over += usize::try_from(prizes).unwrap_or(usize::MAX);
            }
            _ => {}
        }
        None
    }

    pub fn audit(&self, ground: &Ground<'_>, report: &mut Report) {
        let prize = &self.prize;
        report.giveaways += 1;
        report.entries += self.entries;
        report.drawn += self.drawn.values().sum::<usize>() as u64;
        report.claims += self.claims as u64;
        if self.not_posted {
            report.lost(|| format!("{prize} was never posted"));
            return;
        }
        for (expected, entry) in (1..).zip(&self.numbers) {
            if *entry != expected {
                report.untrue(|| format!("{prize}: entry {entry} came {expected}."));
            }
        }
        report.once(self.closed, || format!("the end of {prize}"));
        report.once(self.begun, || format!("the draw of {prize}"));
        if self.state.phase() != Phase::Drawn {
            report.lost(|| format!("{prize} was not drawn: {:?}", self.state.phase()));
        }
        for (entry, often) in &self.drawn {
            report.once(*often, || format!("{prize}: entry {entry} was drawn"));
        }
        report.as_often(self.claims + self.left_over, self.winners, || format!("prizes: {prize}"));
        for winner in self.state.winners() {
            let waits = matches!(
                winner.state,
                WinnerState::Candidate | WinnerState::Confirmed { claim_until: Some(_) }
            );
            if waits {
                report.lost(|| format!("{prize}: entry {} waits for ever", winner.entry));
            }
        }
        self.posts(ground, report);
    }

    /// What everybody could read of it, each once.
    fn posts(&self, ground: &Ground<'_>, report: &mut Report) {
        let prize = &self.prize;
        for end in ["", ": entries are closed", ": drawn"] {
            let wanted = format!("{prize}{end}");
            let messages = ground.messages(ground.scene.prizes);
            let often = messages.filter(|message| title(message) == wanted).count();
            report.once(often, || format!("the message {wanted:?} ({often})"));
        }
        let won = format!("you have won **{prize}**!");
        for (person, often) in &self.confirmed {
            let Some(user) = ground.user(*person) else { continue };
            let messages = ground.messages(ground.scene.prizes);
            let calls = messages.filter(|message| {
                message.content.contains(&won) && message.mentions.contains(&user)
            });
            report.as_often(calls.count(), *often, || format!("{prize}: calls of {user}"));
        }
        let lapsed = format!("**{prize}**: entry ");
        let messages = ground.messages(ground.scene.prizes);
        let told = messages.filter(|message| message.content.starts_with(&lapsed)).count();
        report.as_often(told, self.lapses, || format!("{prize}: lapses told"));
    }
}
