//! What is news of what the gateway tells, and wanted, and the entries that it makes.

use std::collections::BTreeMap;

use super::{Entry, Event, Kind, LogSettings, Loose, Notice, State, TOGETHER_SECS, Use, What};
use crate::{ChannelId, MessageId, PersonId, Timestamp, heard::Told};

pub fn note(
    state: &State,
    session: &str,
    notices: &[Notice],
    uses: &[Use],
    terms: &LogSettings,
) -> Vec<Event> {
    let mut noting = Noting {
        state,
        session,
        terms,
        voice: None,
        loose: state.loose.iter().cloned().collect(),
        words: Vec::new(),
        events: Vec::new(),
    };
    for notice in notices {
        let told = Told { seq: notice.seq, message: None, at: notice.at };
        if state.mark.is_news(session, &told) {
            noting.take(notice);
        }
    }
    for used in uses.iter().filter(|used| !state.knows_use(used.id)) {
        noting.used(used);
    }
    noting.events
}

/// Who deleted something, told before it was told that it was.
struct Word {
    by: PersonId,
    author: Option<PersonId>,
    channel: ChannelId,
    purge: bool,
    at: Timestamp,
}

struct Noting<'a> {
    state: &'a State,
    session: &'a str,
    terms: &'a LogSettings,
    /// As it becomes; only where somebody's voice changes.
    voice: Option<BTreeMap<PersonId, ChannelId>>,
    loose: Vec<Loose>,
    words: Vec<Word>,
    events: Vec<Event>,
}

impl Noting<'_> {
    fn take(&mut self, notice: &Notice) {
        let Notice { seq, at, ref what } = *notice;
        let about = |kind, person| Entry { person: Some(person), ..Entry::new(kind, at) };
        match what {
            What::Edited { bot: true, .. } | What::Done { by_bot: true, .. }
                if !self.terms.bots => {}
            What::Edited { message, channel, author, .. } => {
                let (messages, channel) = (vec![*message], Some(*channel));
                self.push(seq, Entry { channel, messages, ..about(Kind::MessageEdited, *author) });
            }
            What::Deleted { message, channel, author } => {
                let messages = vec![*message];
                let entry = Entry::new(Kind::MessageDeleted, at);
                let channel = Some(*channel);
                self.deleted(seq, Entry { person: *author, channel, messages, ..entry });
            }
            What::Purged { messages, channel } => {
                let (messages, channel) = (messages.clone(), Some(*channel));
                let entry = Entry::new(Kind::MessagesPurged, at);
                self.deleted(seq, Entry { channel, messages, ..entry });
            }
            What::Came { person } => self.push(seq, about(Kind::MemberJoined, *person)),
            What::Went { person } => self.push(seq, about(Kind::MemberLeft, *person)),
            What::Voice { person, channel } => self.voice(seq, at, *person, *channel),
            What::VoiceIs { here } => self.voice_is(seq, at, here),
            What::Done { entry, .. } => self.push(seq, entry.clone()),
            What::DeletedBy { by, author, channel, purge } => {
                let word = Word { by: *by, author: *author, channel: *channel, purge: *purge, at };
                self.deleted_by(seq, word);
            }
        }
    }

    fn push(&mut self, seq: u64, entry: Entry) {
        if self.is_wanted(&entry) {
            let session = if seq > 0 { self.session.to_owned() } else { String::new() };
            self.events.push(Event::Noted { session, seq, entry });
        }
    }

    fn is_wanted(&self, entry: &Entry) -> bool {
        let left_out = |person: Option<PersonId>| {
            person.is_some_and(|person| self.state.left_out.contains(&person))
        };
        let channel_out = |channel: Option<ChannelId>| {
            channel.is_some_and(|channel| self.terms.left_out_channels.contains(&channel))
        };
        // Who moves from there to elsewhere is seen elsewhere.
        let out =
            channel_out(entry.channel) && entry.from.is_none_or(|from| channel_out(Some(from)));
        let who = entry.person.or(entry.by);
        self.terms.notes(entry.kind.topic()) && !left_out(who) && !out
    }

    /// Who did it may have been told already.
    fn deleted(&mut self, seq: u64, mut entry: Entry) {
        let (Some(message), Some(channel)) = (entry.messages.first().copied(), entry.channel)
        else {
            return;
        };
        let purge = entry.kind == Kind::MessagesPurged;
        let (author, at) = (entry.person, entry.at);
        let loose = Loose { message, channel, author, at, purge };
        if let Some(place) = self.words.iter().position(|word| word.is_about(&loose)) {
            let word = self.words.swap_remove(place);
            entry.by = Some(word.by);
            entry.person = entry.person.or(word.author);
        } else {
            self.loose.push(loose);
        }
        self.push(seq, entry);
    }

    fn deleted_by(&mut self, seq: u64, word: Word) {
        // The last that fits: what was deleted before had its word before.
        let Some(place) = self.loose.iter().rposition(|loose| word.is_about(loose)) else {
            return self.words.push(word);
        };
        let loose = self.loose.remove(place);
        let author = word.author.filter(|_| loose.author.is_none());
        // In the same breath it is one entry.
        let noted = self.events.iter_mut().find_map(|event| match event {
            Event::Noted { seq: noted, entry, .. } if entry.is_deletion_of(loose.message) => {
                Some((noted, entry))
            }
            _ => None,
        });
        if let Some((noted, entry)) = noted {
            entry.by = Some(word.by);
            entry.person = entry.person.or(author);
            *noted = (*noted).max(seq);
        } else if self.state.loose.iter().any(|known| known.message == loose.message) {
            let (session, message) = (self.session.to_owned(), loose.message);
            let (at, by) = (word.at, word.by);
            self.events.push(Event::DeletionAttributed { session, seq, at, message, by, author });
        }
    }

    fn voice(&mut self, seq: u64, at: Timestamp, person: PersonId, channel: Option<ChannelId>) {
        let rooms = self.voice.get_or_insert_with(|| self.state.voice.clone());
        let before = match channel {
            Some(channel) => rooms.insert(person, channel),
            None => rooms.remove(&person),
        };
        let (kind, channel, from) = match (before, channel) {
            (None, Some(channel)) => (Kind::VoiceJoined, channel, None),
            (Some(before), None) => (Kind::VoiceLeft, before, None),
            (Some(before), Some(channel)) if before != channel => {
                (Kind::VoiceMoved, channel, Some(before))
            }
            _ => return,
        };
        let (person, channel) = (Some(person), Some(channel));
        self.push(seq, Entry { person, channel, from, ..Entry::new(kind, at) });
    }

    fn voice_is(&mut self, seq: u64, at: Timestamp, here: &[(PersonId, ChannelId)]) {
        let rooms = self.voice.get_or_insert_with(|| self.state.voice.clone());
        let is_gone = |known: &&PersonId| here.iter().all(|(person, _)| person != *known);
        let gone: Vec<_> = rooms.keys().filter(is_gone).copied().collect();
        for person in gone {
            self.voice(seq, at, person, None);
        }
        for (person, channel) in here {
            self.voice(seq, at, *person, Some(*channel));
        }
    }

    fn used(&mut self, used: &Use) {
        let Ok(id) = MessageId::new(used.id) else { return };
        let (person, subject) = (Some(used.person), Some(used.command.clone()));
        let entry = Entry::new(Kind::CommandUsed, used.at);
        self.push(0, Entry { person, subject, messages: vec![id], ..entry });
    }
}

impl Word {
    fn is_about(&self, loose: &Loose) -> bool {
        let apart = self.at.secs_since(loose.at).max(loose.at.secs_since(self.at));
        let same_author = match (self.author, loose.author) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        self.purge == loose.purge
            && self.channel == loose.channel
            && (self.purge || same_author)
            && apart <= TOGETHER_SECS
    }
}

impl Entry {
    fn is_deletion_of(&self, message: MessageId) -> bool {
        matches!(self.kind, Kind::MessageDeleted | Kind::MessagesPurged)
            && self.messages.first() == Some(&message)
    }
}
