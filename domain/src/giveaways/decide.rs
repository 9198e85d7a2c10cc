//! Every rule of a giveaway: from a command to events or a refusal.

use super::{
    Command, Draw, DrawnFor, Event, Exclusion, Facts, MAX_ENTRIES, MAX_LEFT_OUT, MAX_REASON_CHARS,
    Made, Phase, Refusal, Standing, State, Terms, UNCALLED_SECS, Winner, WinnerState, commitment,
    extract, pick,
};
use crate::{
    ChannelId, GiveawayId, MessageId, PersonId, Timestamp,
    digest::{Digest, merkle_root},
};

type Decided = Result<Vec<Event>, Refusal>;

impl State {
    pub(super) fn decide(&self, command: &Command) -> Decided {
        if let Command::Create { id, by, channel, terms, commitment, at } = command {
            return self.create((*id, *channel), *by, terms, *commitment, *at);
        }
        let made = self.made.as_ref().ok_or(Refusal::NoSuchGiveaway)?;
        match command {
            Command::Create { .. } => Ok(Vec::new()),
            Command::NotePosted { message, at } => {
                let first = made.message.is_none();
                let event = Event::Posted { message: *message, at: *at };
                Ok(first.then_some(event).into_iter().collect())
            }
            Command::NotePostFailed { code, at } => {
                let hidden = made.message.is_none() && self.check_running().is_ok();
                let event = Event::PostFailed { code: *code, at: *at };
                Ok(hidden.then_some(event).into_iter().collect())
            }
            Command::Edit { by, terms, at } => {
                self.check_running()?;
                terms.check(*at)?;
                let event = Event::Edited { by: *by, terms: terms.clone(), at: *at };
                Ok((made.terms != *terms).then_some(event).into_iter().collect())
            }
            Command::Enter { person, facts, salt, at } => {
                self.enter_by(made, *person, facts, *salt, *at)
            }
            Command::Leave { person, at } => self.exclude(*person, Exclusion::Left, None, *at),
            Command::Remove { person, by, at } => {
                self.exclude(*person, Exclusion::Removed, Some(*by), *at)
            }
            Command::Pause { by, at } => {
                self.check_running()?;
                let open = self.phase == Phase::Open;
                Ok(open.then_some(Event::Paused { by: *by, at: *at }).into_iter().collect())
            }
            Command::Resume { by, at } => {
                self.check_running()?;
                let Phase::Paused(since) = self.phase else { return Ok(Vec::new()) };
                let ends_at = made.terms.ends_at.plus_secs(at.secs_since(since));
                Ok(vec![Event::Resumed { by: *by, ends_at, at: *at }])
            }
            Command::Close { by, at } => self.close(made, *by, *at),
            Command::Cancel { by, at } => match self.phase {
                Phase::Drawn => Err(Refusal::DrawnAlready),
                Phase::Cancelled => Ok(Vec::new()),
                Phase::Open | Phase::Paused(_) | Phase::Closed => {
                    Ok(vec![Event::Cancelled { by: *by, at: *at }])
                }
            },
            Command::Draw { message, seed, left_out, at } => {
                self.draw_now(made, *message, seed, left_out, *at)
            }
            Command::Confirm { entry, at } => {
                let winner = *self.winner_of(*entry)?;
                let secs = made.terms.claim_secs;
                let claim_until = (secs > 0).then(|| at.plus_secs(i64::from(secs)));
                let (entry, person) = (winner.entry, winner.person);
                let event = Event::WinnerConfirmed { entry, person, claim_until, at: *at };
                let candidate = winner.state == WinnerState::Candidate;
                Ok(candidate.then_some(event).into_iter().collect())
            }
            Command::Disqualify { entry, why, at } => {
                let winner = *self.winner_of(*entry)?;
                if winner.state != WinnerState::Candidate {
                    return Ok(Vec::new());
                }
                let (entry, person, why) = (winner.entry, winner.person, *why);
                let mut events = vec![Event::CandidateDisqualified { entry, person, why, at: *at }];
                events.extend(self.next(made, DrawnFor::Disqualification, *at));
                Ok(events)
            }
            Command::OpenClaim { entry, message, at } => {
                let winner = *self.winner_of(*entry)?;
                let waits = matches!(winner.state, WinnerState::Confirmed { claim_until: Some(_) });
                let least = if message.is_some() { 0 } else { UNCALLED_SECS };
                let claim_until = at.plus_secs(i64::from(made.terms.claim_secs.max(least)));
                let (entry, person, message) = (winner.entry, winner.person, *message);
                let event = Event::ClaimOpened { entry, person, message, claim_until, at: *at };
                Ok((waits && !winner.called).then_some(event).into_iter().collect())
            }
            Command::Claim { person, at } => self.claim(*person, *at),
            Command::Lapse { entry, at } => self.lapse(made, *entry, *at),
            Command::Reroll { entry, by, reason, at } => {
                let winner = *self.winner_of(*entry)?;
                let chars = reason.value().map_or(0, |text| text.chars().count());
                if !(1..=MAX_REASON_CHARS).contains(&chars) {
                    return Err(Refusal::ReasonInvalid);
                }
                match winner.state {
                    WinnerState::Candidate => return Err(Refusal::NotConfirmed),
                    WinnerState::Gone | WinnerState::Lapsed => return Err(Refusal::NotTheWinner),
                    WinnerState::Confirmed { .. } | WinnerState::Claimed => {}
                }
                let most = made.terms.max_rerolls;
                if self.rerolls() >= most {
                    return Err(Refusal::NoRerollsLeft { most });
                }
                let (entry, person, by) = (winner.entry, winner.person, *by);
                let reason = reason.clone();
                let mut events = vec![Event::WinnerRerolled { entry, person, by, reason, at: *at }];
                events.extend(self.next(made, DrawnFor::Reroll, *at));
                Ok(events)
            }
        }
    }

    fn create(
        &self,
        (id, channel): (GiveawayId, ChannelId),
        by: PersonId,
        terms: &Terms,
        commitment: Digest,
        at: Timestamp,
    ) -> Decided {
        if self.made.is_some() {
            return Err(Refusal::Exists);
        }
        terms.check(at)?;
        let (channel, terms) = (Some(channel), terms.clone());
        Ok(vec![Event::Created { id, by, channel, terms, commitment, at }])
    }

    fn enter_by(
        &self,
        made: &Made,
        person: PersonId,
        facts: &Facts,
        salt: Digest,
        at: Timestamp,
    ) -> Decided {
        self.check_running()?;
        if matches!(self.phase, Phase::Paused(_)) {
            return Err(Refusal::Paused);
        }
        if at >= made.terms.ends_at {
            return Err(Refusal::Ended);
        }
        let known = self.entry_of(person);
        if known.is_some_and(|(_, entry)| entry.standing == Standing::In) {
            return Ok(Vec::new());
        }
        if known.is_some_and(|(_, entry)| entry.standing == Standing::Removed) {
            return Err(Refusal::TakenOut);
        }
        made.terms.requires.check(facts)?;
        if known.is_none() && self.entries.len() >= MAX_ENTRIES {
            return Err(Refusal::Full);
        }
        let next = u32::try_from(self.entries.len()).unwrap_or(u32::MAX).saturating_add(1);
        Ok(vec![Event::Entered {
            entry: known.map_or(next, |(number, _)| number),
            person,
            weight: made.terms.weight(&facts.roles),
            salt,
            again: known.is_some(),
            roles: made.terms.named(&facts.roles),
            level: facts.level,
            account_days: facts.account_days,
            member_days: facts.member_days,
            at,
        }])
    }

    fn exclude(
        &self,
        person: PersonId,
        why: Exclusion,
        by: Option<PersonId>,
        at: Timestamp,
    ) -> Decided {
        self.check_running()?;
        let standing = if by.is_some() { Standing::Removed } else { Standing::Out };
        let Some((entry, known)) = self.entry_of(person) else { return Ok(Vec::new()) };
        let over = known.standing == standing || known.standing == Standing::Removed;
        let event = Event::EntryExcluded { entry, person, why, by, at };
        Ok((!over).then_some(event).into_iter().collect())
    }

    fn close(&self, made: &Made, by: Option<PersonId>, at: Timestamp) -> Decided {
        match self.phase {
            Phase::Cancelled => return Err(Refusal::Cancelled),
            Phase::Closed | Phase::Drawn => return Ok(Vec::new()),
            // Its end moves on while it is paused.
            Phase::Paused(_) if by.is_none() => return Err(Refusal::Paused),
            Phase::Open | Phase::Paused(_) => {}
        }
        let over = at >= made.terms.ends_at;
        if by.is_none() && !over {
            return Err(Refusal::NotOverYet);
        }
        let leaves: Vec<Digest> = self.entries.iter().map(|entry| entry.leaf).collect();
        let weights = self.weights();
        let standing = weights.iter().filter(|weight| **weight > 0).count();
        Ok(vec![Event::Closed {
            entries: u32::try_from(leaves.len()).unwrap_or(u32::MAX),
            standing: u32::try_from(standing).unwrap_or(u32::MAX),
            weight: weights.iter().map(|weight| u64::from(*weight)).sum(),
            root: merkle_root(&leaves),
            by: by.filter(|_| !over),
            at,
        }])
    }

    fn draw_now(
        &self,
        made: &Made,
        message: MessageId,
        seed: &Digest,
        left_out: &[(PersonId, Exclusion)],
        at: Timestamp,
    ) -> Decided {
        match self.phase {
            Phase::Cancelled => return Err(Refusal::Cancelled),
            Phase::Open | Phase::Paused(_) => return Err(Refusal::NotClosed),
            Phase::Drawn => return Ok(Vec::new()),
            Phase::Closed => {}
        }
        if commitment(made.id, seed) != made.commitment {
            return Err(Refusal::WrongSeed);
        }
        if left_out.len() > MAX_LEFT_OUT {
            return Err(Refusal::TooManyLeftOut);
        }
        let root = made.root.ok_or(Refusal::NotClosed)?;
        let mut events = vec![Event::DrawBegun { message, seed: *seed, at }];
        let mut weights = self.weights();
        for (person, why) in left_out {
            let Some((entry, _)) = self.entry_of(*person) else { continue };
            let weight = weights.get_mut(place(entry));
            if let Some(weight) = weight.filter(|weight| **weight > 0) {
                *weight = 0;
                let (person, why) = (*person, *why);
                events.push(Event::EntryExcluded { entry, person, why, by: None, at });
            }
        }
        let key = extract(message, &root, seed);
        for k in 0..made.terms.winners {
            let Some(event) = self.picked(made, &key, k, &mut weights, DrawnFor::Prize, at) else {
                let prizes = made.terms.winners - k;
                events.push(Event::NobodyLeft { k, prizes, at });
                break;
            };
            events.push(event);
        }
        Ok(events)
    }

    /// Somebody else, where the draw stopped.
    fn next(&self, made: &Made, why: DrawnFor, at: Timestamp) -> Option<Event> {
        let draw = self.draw.as_ref()?;
        let nobody = Event::NobodyLeft { k: draw.next, prizes: 1, at };
        let event = self.picked(made, &draw.key, draw.next, &mut self.weights(), why, at);
        Some(event.unwrap_or(nobody))
    }

    fn picked(
        &self,
        made: &Made,
        key: &Digest,
        k: u32,
        weights: &mut [u32],
        why: DrawnFor,
        at: Timestamp,
    ) -> Option<Event> {
        let picked = pick(key, made.id, k, weights)?;
        weights[picked.place] = 0;
        let person = self.entries.get(picked.place)?.person;
        let entry = u32::try_from(picked.place).ok()?.saturating_add(1);
        Some(Event::CandidateDrawn { k, j: picked.j, entry, person, why, at })
    }

    fn claim(&self, person: PersonId, at: Timestamp) -> Decided {
        if self.draw.is_none() {
            return Err(Refusal::NotDrawn);
        }
        let mine = self.winners().iter().find(|winner| winner.person == person);
        let Winner { entry, state, called, .. } = *mine.ok_or(Refusal::NotTheWinner)?;
        match state {
            WinnerState::Candidate => Err(Refusal::NotConfirmed),
            WinnerState::Gone => Err(Refusal::NotTheWinner),
            WinnerState::Lapsed => Err(Refusal::ClaimTooLate),
            WinnerState::Claimed => Ok(Vec::new()),
            WinnerState::Confirmed { claim_until: Some(end) } if called && at >= end => {
                Err(Refusal::ClaimTooLate)
            }
            WinnerState::Confirmed { .. } => Ok(vec![Event::PrizeClaimed { entry, person, at }]),
        }
    }

    fn lapse(&self, made: &Made, entry: u32, at: Timestamp) -> Decided {
        let winner = *self.winner_of(entry)?;
        if self.lapses_at(entry).is_none_or(|end| at < end) {
            return Ok(Vec::new());
        }
        let mut events = vec![Event::ClaimLapsed { entry, person: winner.person, at }];
        let rerolls = self.rerolls();
        if rerolls < made.terms.max_rerolls {
            events.extend(self.next(made, DrawnFor::Lapse, at));
        } else {
            events.push(Event::RerollsExhausted { rerolls, at });
        }
        Ok(events)
    }

    fn rerolls(&self) -> u32 {
        self.draw.as_ref().map_or(0, |draw: &Draw| draw.rerolls)
    }

    fn winner_of(&self, entry: u32) -> Result<&Winner, Refusal> {
        if self.draw.is_none() {
            return Err(Refusal::NotDrawn);
        }
        self.winner(entry).ok_or(Refusal::NotTheWinner)
    }

    fn check_running(&self) -> Result<(), Refusal> {
        match self.phase {
            Phase::Open | Phase::Paused(_) => Ok(()),
            Phase::Closed | Phase::Drawn => Err(Refusal::Ended),
            Phase::Cancelled => Err(Refusal::Cancelled),
        }
    }
}

fn place(entry: u32) -> usize {
    entry.checked_sub(1).and_then(|place| usize::try_from(place).ok()).unwrap_or(usize::MAX)
}
