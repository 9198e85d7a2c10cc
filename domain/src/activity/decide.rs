//! What is news of what the gateway tells, and the events that it makes.

use std::collections::BTreeSet;

use super::{Blindness, Event, Fact, Length, State, Tally, Use, What, Written, gap_label};
use crate::{
    MessageId, PersonId, Timestamp,
    heard::Told,
    voice::{Place, Rooms, Stretch},
};

pub fn record(
    state: &State,
    session: &str,
    facts: &[Fact],
    uses: &[Use],
    voice_until: Option<Timestamp>,
) -> Vec<Event> {
    let news: Vec<_> =
        facts.iter().filter(|fact| state.mark.is_news(session, &fact.told())).collect();
    let uses: Vec<_> = uses.iter().filter(|used| !state.knows_use(used.id)).cloned().collect();
    let mut taken = Taken::of(state, news.iter().any(|fact| fact.is_about_voice()));
    for fact in &news {
        taken.take(fact);
    }
    let ticked = voice_until.filter(|_| !taken.rooms(state).is_empty());
    if let Some(at) = ticked {
        let more = taken.own_rooms(state).accrue(at);
        taken.voice.extend(more);
    }
    // What changes nothing changes nothing when it is told again either.
    if taken.is_nothing() && uses.is_empty() {
        return Vec::new();
    }
    let last = news.iter().map(|fact| fact.seq).max();
    let first = news.iter().map(|fact| fact.seq).min();
    let Taken { mut events, tally, voice, newest, heard_until, .. } = taken;
    events.push(Event::Recorded {
        session: session.to_owned(),
        from_seq: first.unwrap_or_default(),
        to_seq: last.unwrap_or_default(),
        newest,
        heard_until,
        minutes: tally.minutes(),
        voice,
        voice_until: ticked,
        uses,
    });
    events
}

pub fn gap(state: &State, from: Timestamp, until: Timestamp, why: Blindness) -> Vec<Event> {
    // A part of it may be known already: what is said twice is said once.
    let from = state.blind_until.map_or(from, |known| known.max(from));
    if until <= from {
        return Vec::new();
    }
    let voice = state.rooms.clone().skip(from, until);
    vec![Event::ObservationGap { from, until, why, voice }]
}

/// Whoever asked afterwards knows that nothing of this was told live: the mark is not asked.
pub fn recover(state: &State, gap: Timestamp, facts: &[Fact]) -> Vec<Event> {
    let mut taken = Taken::of(state, false);
    for fact in facts {
        if let What::Written { .. } | What::Joined { .. } | What::Left { .. } = fact.what {
            taken.take(fact);
        }
    }
    let Taken { mut events, tally, .. } = taken;
    if !tally.0.is_empty() {
        events.push(Event::Recorded {
            session: gap_label(gap),
            from_seq: 0,
            to_seq: 0,
            newest: None,
            heard_until: None,
            minutes: tally.minutes(),
            voice: Vec::new(),
            voice_until: None,
            uses: Vec::new(),
        });
    }
    events
}

/// What facts come to.
struct Taken {
    events: Vec<Event>,
    tally: Tally,
    voice: Vec<Stretch>,
    /// As they become; only where somebody's voice changes.
    rooms: Option<Rooms<()>>,
    newest: Option<MessageId>,
    heard_until: Option<Timestamp>,
}

impl Taken {
    fn of(state: &State, voice_changes: bool) -> Self {
        Self {
            events: Vec::new(),
            tally: Tally::default(),
            voice: Vec::new(),
            rooms: voice_changes.then(|| state.rooms.clone()),
            newest: None,
            heard_until: None,
        }
    }

    fn is_nothing(&self) -> bool {
        self.events.is_empty() && self.tally.0.is_empty() && self.voice.is_empty()
    }

    fn rooms<'a>(&'a self, state: &'a State) -> &'a Rooms<()> {
        self.rooms.as_ref().unwrap_or(&state.rooms)
    }

    fn own_rooms(&mut self, state: &State) -> &mut Rooms<()> {
        self.rooms.get_or_insert_with(|| state.rooms.clone())
    }

    fn take(&mut self, fact: &Fact) {
        let at = fact.at;
        if fact.told().message.is_none() {
            self.heard_until = self.heard_until.max(Some(at));
        }
        match &fact.what {
            What::Written { id, person, channel, how } => {
                self.newest = self.newest.max(Some(*id));
                self.tally.row(at, *person, *channel).add(*how);
            }
            What::Reacted { person, channel } => {
                self.tally.row(at, *person, *channel).reactions += 1;
            }
            What::Joined { person } => {
                self.events.push(Event::MemberJoined { person: *person, at });
            }
            What::Left { person } => self.events.push(Event::MemberLeft { person: *person, at }),
            What::Voice { person, place } => self.voice(*person, *place, at),
            What::VoiceIs { here } => {
                let there: BTreeSet<_> = here.iter().map(|(person, _)| *person).collect();
                let known = self.rooms.iter().flat_map(Rooms::people);
                let gone: Vec<_> = known.filter(|person| !there.contains(person)).collect();
                for person in gone {
                    self.voice(person, None, at);
                }
                for (person, place) in here {
                    self.voice(*person, Some(*place), at);
                }
            }
        }
    }

    fn voice(&mut self, person: PersonId, place: Option<Place>, at: Timestamp) {
        let Some(rooms) = &mut self.rooms else { return };
        if rooms.place(person) == place {
            return;
        }
        self.voice.extend(rooms.change(person, place.map(|place| (place, ())), at));
        self.events.push(Event::VoiceChanged { person, at, place });
    }
}

impl Fact {
    fn told(&self) -> Told {
        let message = match self.what {
            What::Written { id, .. } => Some(id),
            _ => None,
        };
        Told { seq: self.seq, message, at: self.at }
    }

    const fn is_about_voice(&self) -> bool {
        matches!(self.what, What::Voice { .. } | What::VoiceIs { .. })
    }
}

impl super::Counts {
    fn add(&mut self, how: Written) {
        self.messages += 1;
        self.replies += u32::from(how.reply);
        self.attachments += u32::from(how.attachments);
        match how.length {
            None => {}
            Some(Length::Short) => self.short += 1,
            Some(Length::Medium) => self.medium += 1,
            Some(Length::Long) => self.long += 1,
        }
    }
}
