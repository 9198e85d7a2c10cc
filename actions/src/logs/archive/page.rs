//! A page of the archive: versions of messages that were written within one minute, and kept at
//! the same time. A line of its text is a version: message, moment, channel, person, sealed text.

use std::{collections::BTreeMap, fmt::Write as _};

use domain::{MessageId, PersonId, Timestamp};
use eventlog::LogError;

use super::Version;

/// A page that is longer is followed by another.
const LONG_BYTES: usize = 64 * 1024;
const MINUTE_MICROS: i64 = 60_000_000;
/// Messages of one minute are less than this apart.
pub(super) const MINUTE_OF_IDS: i64 = 60_000 << 22;

#[derive(Debug, PartialEq)]
pub(super) struct Page {
    pub first: MessageId,
    pub last: MessageId,
    /// Of the same versions the same: what is kept once more is there already.
    pub number: i64,
    pub lines: String,
}

/// Sealed versions in pages, in the order of their messages.
pub(super) fn bind<'a>(sealed: impl Iterator<Item = (&'a Version, String)>) -> Vec<Page> {
    let mut minutes = BTreeMap::<i64, Vec<Page>>::new();
    for (version, sealed) in sealed {
        let minute = super::made_at(version.message).as_micros().div_euclid(MINUTE_MICROS);
        let pages = minutes.entry(minute).or_default();
        match pages.last_mut().filter(|page| page.lines.len() < LONG_BYTES) {
            Some(page) => page.add(version, &sealed),
            None => pages.push(Page::of(version, &sealed)),
        }
    }
    minutes.into_values().flatten().collect()
}

impl Page {
    fn of(version: &Version, sealed: &str) -> Self {
        let message = version.message;
        let mut page = Self { first: message, last: message, number: 0, lines: String::new() };
        page.add(version, sealed);
        page
    }

    fn add(&mut self, version: &Version, sealed: &str) {
        const SPREAD: i64 = 0x0100_0000_01b3;
        let (message, at) = (version.message, version.at.as_micros());
        self.first = self.first.min(message);
        self.last = self.last.max(message);
        for part in [message.as_i64(), at] {
            self.number = (self.number ^ part).wrapping_mul(SPREAD);
        }
        if !self.lines.is_empty() {
            self.lines.push('\n');
        }
        let (channel, person) = (version.channel, version.person.0);
        let _ = write!(self.lines, "{message} {at} {channel} {person} {sealed}");
    }
}

/// What stands in a page: versions, still closed, with what is sealed of them.
pub(super) fn versions(lines: &str) -> impl Iterator<Item = Result<(Version, &str), LogError>> {
    lines.lines().map(|line| {
        version(line)
            .ok_or_else(|| LogError::Corrupt("message_pages: a line is no version".to_owned()))
    })
}

fn version(line: &str) -> Option<(Version, &str)> {
    let mut parts = line.splitn(5, ' ');
    let message = parts.next()?.parse().ok()?;
    let at = Timestamp::from_micros(parts.next()?.parse().ok()?);
    let channel = parts.next()?.parse().ok()?;
    let person = PersonId(parts.next()?.parse().ok()?);
    Some((Version { message, channel, person, at, said: None }, parts.next()?))
}

/// What stands in the page that this person did not write.
pub(super) fn without(lines: &str, person: PersonId) -> Result<String, LogError> {
    let mut rest = Vec::new();
    for (line, version) in lines.lines().zip(versions(lines)) {
        if version?.0.person != person {
            rest.push(line);
        }
    }
    Ok(rest.join("\n"))
}

#[cfg(test)]
mod tests {
    use domain::ChannelId;

    use super::*;

    fn version(message: u64, person: u32) -> Version {
        let message = MessageId::new(message).unwrap();
        let (channel, person) = (ChannelId::new(5).unwrap(), PersonId(person));
        Version { message, channel, person, at: super::super::made_at(message), said: None }
    }

    fn bound(versions: &[Version], sealed: &str) -> Vec<Page> {
        bind(versions.iter().map(|version| (version, sealed.to_owned())))
    }

    #[test]
    fn given_versions_then_those_of_a_minute_are_a_page_and_come_out_as_they_went_in() {
        let later = MINUTE_OF_IDS.cast_unsigned();
        let all = [version(later + 9, 1), version(7, 2), version(3, 1), version(later * 2, 1)];
        let pages = bound(&all, "sealed");
        let spans: Vec<_> = pages.iter().map(|page| (page.first.get(), page.last.get())).collect();
        assert_eq!(spans, [(3, 7), (later + 9, later + 9), (later * 2, later * 2)]);
        assert!(spans.iter().all(|(first, last)| last - first < later));
        // As migration 0021 writes it.
        let first = format!("7 {} 5 2 sealed", all[1].at.as_micros());
        assert_eq!(pages[0].lines.lines().next(), Some(&*first));
        let read: Vec<_> = versions(&pages[0].lines).map(Result::unwrap).collect();
        let read: Vec<_> =
            read.iter().map(|(one, text)| (one.message, one.at, one.person.0, *text)).collect();
        let went_in = |one: &Version| (one.message, one.at, one.person.0, "sealed");
        assert_eq!(read, [went_in(&all[1]), went_in(&all[2])]);
        assert_eq!(bound(&all, "sealed anew")[0].number, pages[0].number, "the same versions");
        assert_ne!(bound(&all[1..2], "sealed")[0].number, pages[0].number);
        assert!(versions("3 4 5").all(|version| version.is_err()));
    }

    #[test]
    fn given_long_texts_then_a_page_ends_where_it_is_long() {
        let all: Vec<_> = (1..=40).map(|message| version(message, 1)).collect();
        let pages = bound(&all, &"x".repeat(16_000));
        assert_eq!(pages.len(), 8);
        assert!(pages.iter().all(|page| page.lines.len() < 2 * LONG_BYTES));
    }

    #[test]
    fn given_somebody_who_is_erased_then_what_others_wrote_stays() {
        let pages = bound(&[version(3, 1), version(4, 2), version(5, 1)], "sealed");
        let lines = &pages[0].lines;
        let rest = without(lines, PersonId(1)).unwrap();
        assert_eq!(rest, lines.lines().nth(1).unwrap());
        assert_eq!(without(&rest, PersonId(2)).unwrap(), "");
        assert_eq!(without(lines, PersonId(3)).unwrap(), *lines);
    }
}
