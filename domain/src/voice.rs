//! Who is in which voice channel, and how long they were there in a way that counts.
//!
//! Rules:
//! - A *stretch* is a time in which one member was in one channel and nothing about it changed.
//!   Stretches of a member follow each other without a hole and without an overlap, so the time in
//!   voice is their sum.
//! - A stretch counts while its member is neither muted nor deafened, is not in the channel for
//!   those who are away, and somebody else is in the channel too. Bots are nobody.
//! - A time in which nobody looked ([`Rooms::skip`]) belongs to no stretch.
//! - Moments that come out of order make no negative time: a stretch ends where it began then.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChannelId, PersonId, Timestamp};

/// Members in voice that one community is followed with; more than a stage holds.
pub const MAX_IN_VOICE: usize = 10_000;

/// Where somebody is in voice, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    pub channel: ChannelId,
    pub muted: bool,
    pub deafened: bool,
    /// In the channel where Discord puts those who are away.
    pub away: bool,
}

/// A time in voice in which nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stretch {
    pub person: PersonId,
    pub channel: ChannelId,
    pub from: Timestamp,
    pub until: Timestamp,
    pub counts: bool,
}

/// Everybody who is in voice, each with something that whoever keeps this wants to know of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rooms<T> {
    here: BTreeMap<PersonId, Here<T>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Here<T> {
    place: Place,
    since: Timestamp,
    counts: bool,
    with: T,
}

impl<T> Default for Rooms<T> {
    fn default() -> Self {
        Self { here: BTreeMap::new() }
    }
}

impl Stretch {
    pub const fn micros(&self) -> i64 {
        self.until.as_micros() - self.from.as_micros()
    }
}

impl<T: Copy> Rooms<T> {
    pub fn is_empty(&self) -> bool {
        self.here.is_empty()
    }

    pub fn len(&self) -> usize {
        self.here.len()
    }

    pub fn place(&self, person: PersonId) -> Option<Place> {
        self.here.get(&person).map(|here| here.place)
    }

    pub fn with(&self, person: PersonId) -> Option<T> {
        self.here.get(&person).map(|here| here.with)
    }

    pub fn people(&self) -> impl Iterator<Item = PersonId> {
        self.here.keys().copied()
    }

    /// Somebody comes, goes, moves or changes. Tells the stretches that end by it: their own, and
    /// those of whoever is not alone any more, or is from now on.
    pub fn change(
        &mut self,
        person: PersonId,
        to: Option<(Place, T)>,
        at: Timestamp,
    ) -> Vec<Stretch> {
        let mut ended = Vec::new();
        let left = self.here.remove(&person).map(|here| {
            ended.extend(here.stretch(person, at));
            here.place.channel
        });
        let came = to.map(|(place, _)| place.channel);
        if let Some((place, with)) = to
            && self.here.len() < MAX_IN_VOICE
        {
            self.here.insert(person, Here { place, since: at, counts: false, with });
        }
        for channel in [left, came].into_iter().flatten() {
            self.look_again(channel, at, &mut ended);
        }
        ended
    }

    /// Ends every stretch here and begins it anew, so that what counts is told in time.
    pub fn accrue(&mut self, at: Timestamp) -> Vec<Stretch> {
        let mut ended = Vec::new();
        for (person, here) in &mut self.here {
            ended.extend(here.stretch(*person, at));
            here.since = here.since.max(at);
        }
        ended
    }

    /// Nobody looked from one moment to another: stretches end at the first, and begin anew at the
    /// second.
    pub fn skip(&mut self, from: Timestamp, until: Timestamp) -> Vec<Stretch> {
        let ended = self.accrue(from);
        for here in self.here.values_mut() {
            here.since = here.since.max(until);
        }
        ended
    }

    fn look_again(&mut self, channel: ChannelId, at: Timestamp, ended: &mut Vec<Stretch>) {
        let in_it = |here: &Here<T>| here.place.channel == channel;
        let alone = self.here.values().filter(|here| in_it(here)).count() < 2;
        for (person, here) in self.here.iter_mut().filter(|(_, here)| in_it(here)) {
            let Place { muted, deafened, away, .. } = here.place;
            let counts = !(alone || muted || deafened || away);
            if counts != here.counts {
                ended.extend(here.stretch(*person, at));
                (here.counts, here.since) = (counts, here.since.max(at));
            }
        }
    }

    pub fn weight_bytes(&self) -> usize {
        self.here.len() * (size_of::<(PersonId, Here<T>)>() + 16)
    }
}

impl<T> Here<T> {
    fn stretch(&self, person: PersonId, until: Timestamp) -> Option<Stretch> {
        let (channel, from, counts) = (self.place.channel, self.since, self.counts);
        (until > from).then_some(Stretch { person, channel, from, until, counts })
    }
}

#[cfg(test)]
mod tests;
