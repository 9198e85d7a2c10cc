//! Reading a backup from its first file to its manifest, and believing nothing of it.

use std::collections::HashSet;

use domain::{GuildId, PersonId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    BackupError, ERASURES, Entry, FORMAT, GUILDS, HEADER, Header, MANIFEST, Manifest, NUMBERS,
    SIGNING_KEYS, Shelf, is_segment, is_signed, lines, segment_name, signed_name,
};
use crate::{
    contract_version,
    envelope::Recorded,
    moving::Tally,
    people::{Erasure, Numbers},
    proof::{Signature, SigningKey},
};

/// Parts that are read ahead.
const AHEAD: usize = 2;

/// A backup's contents, in order.
#[derive(Debug)]
pub(super) enum Part {
    Header(Header),
    Events(Vec<Recorded>),
    Numbers(Vec<Numbers>),
    Erasures(Vec<Erasure>),
    /// Public ones.
    Keys(Vec<SigningKey>),
    /// Of no more events than the backup holds.
    Checkpoints(Vec<Signature>),
    /// Everything was there and is what it was.
    End(Kept),
}

/// What a whole backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    pub id: String,
    pub events: u64,
    pub guilds: u64,
    pub made: Timestamp,
    pub last_at: Option<Timestamp>,
    pub erasures: usize,
    pub checkpoints: u64,
}

#[derive(Serialize, Deserialize)]
struct NumbersLine {
    guild: GuildId,
    last: PersonId,
}

pub(super) fn numbers_line(numbers: &Numbers) -> Value {
    json!(NumbersLine { guild: numbers.guild, last: numbers.last })
}

struct Reading {
    shelf: Shelf,
    seen: Vec<Entry>,
    header: Option<Header>,
    tally: Tally,
    segments: usize,
    signed_segments: usize,
    checkpoints: u64,
    /// Numbers of the keys that signed them.
    keys: HashSet<u32>,
    erasures: usize,
    guilds_checked: bool,
}

/// Reads on while the parts before are worked on.
pub(super) fn parts(shelf: Shelf) -> mpsc::Receiver<Result<Part, BackupError>> {
    let (parts, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut reading = Reading {
            shelf,
            seen: Vec::new(),
            header: None,
            tally: Tally::default(),
            segments: 0,
            signed_segments: 0,
            checkpoints: 0,
            keys: HashSet::new(),
            erasures: 0,
            guilds_checked: false,
        };
        loop {
            match reading.next() {
                Ok(None) => {}
                Ok(Some(part)) => {
                    let end = matches!(part, Part::End(_));
                    if parts.blocking_send(Ok(part)).is_err() || end {
                        return;
                    }
                }
                Err(error) => {
                    let _ = parts.blocking_send(Err(error));
                    return;
                }
            }
        }
    });
    receiver
}

/// Looks at everything that a backup holds.
pub async fn verify(shelf: Shelf, progress: &(dyn Fn(u64) + Sync)) -> Result<Kept, BackupError> {
    let mut parts = parts(shelf);
    let mut events = 0;
    while let Some(part) = parts.recv().await {
        match part? {
            Part::Events(page) => {
                events += page.len() as u64;
                progress(events);
            }
            Part::End(kept) => return Ok(kept),
            Part::Header(_)
            | Part::Numbers(_)
            | Part::Erasures(_)
            | Part::Keys(_)
            | Part::Checkpoints(_) => {}
        }
    }
    Err(BackupError::CutShort("its reader ended early".to_owned()))
}

impl Reading {
    fn next(&mut self) -> Result<Option<Part>, BackupError> {
        let Some((name, bytes)) = self.shelf.next()? else {
            let what = if self.header.is_none() { HEADER } else { MANIFEST };
            return Err(BackupError::CutShort(format!("{what} is missing")));
        };
        let damaged = |text: String| BackupError::Damaged(format!("{name} {text}"));
        let line = |number: usize| damaged(format!("does not parse at line {number}"));
        if self.header.is_none() && name != HEADER {
            return Err(BackupError::Refused(format!(
                "{} holds no backup: it begins with {name:?}",
                self.shelf.name()
            )));
        }
        if name == MANIFEST {
            return self.end(&bytes).map(|kept| Some(Part::End(kept)));
        }
        let part = match name.as_str() {
            HEADER => {
                let header = header(&bytes)?;
                self.header = Some(header.clone());
                Some(Part::Header(header))
            }
            NUMBERS => {
                let lines = lines::from_json_lines::<NumbersLine>(&bytes).map_err(line)?;
                let numbers = lines.into_iter();
                let numbers = numbers.map(|NumbersLine { guild, last }| Numbers { guild, last });
                Some(Part::Numbers(numbers.collect()))
            }
            ERASURES => {
                let erasures = lines::from_json_lines::<Erasure>(&bytes).map_err(line)?;
                self.erasures = erasures.len();
                Some(Part::Erasures(erasures))
            }
            GUILDS => {
                self.check_guilds(&bytes)?;
                None
            }
            SIGNING_KEYS => {
                let keys = lines::from_json_lines::<SigningKey>(&bytes).map_err(line)?;
                self.keys.extend(keys.iter().map(|key| key.number));
                Some(Part::Keys(keys))
            }
            signed if is_signed(signed) => {
                self.signed_segments += 1;
                let expected = signed_name(self.signed_segments);
                if signed != expected {
                    return Err(BackupError::Damaged(format!("{expected} is missing")));
                }
                let page = lines::from_json_lines::<Signature>(&bytes).map_err(line)?;
                if page.iter().any(|one| one.size > self.tally.of(one.guild)) {
                    return Err(damaged("was signed over more events than there are".to_owned()));
                }
                if page.iter().any(|one| !self.keys.contains(&one.key)) {
                    return Err(damaged(format!("names a key that {SIGNING_KEYS} does not hold")));
                }
                self.checkpoints += page.len() as u64;
                Some(Part::Checkpoints(page))
            }
            segment if is_segment(segment) => {
                self.segments += 1;
                let expected = segment_name(self.segments);
                if segment != expected {
                    return Err(BackupError::Damaged(format!("{expected} is missing")));
                }
                let mut events = Vec::new();
                for (number, text) in lines::split(&bytes) {
                    let event = lines::read(text).ok_or_else(|| line(number))?;
                    self.tally
                        .check(&event)
                        .map_err(|error| damaged(format!("at line {number}: {error}")))?;
                    events.push(event);
                }
                Some(Part::Events(events))
            }
            _ => return Err(damaged("is no file of a backup".to_owned())),
        };
        let (sha256, size) = (lines::sha256(&bytes), bytes.len() as u64);
        self.seen.push(Entry { name, bytes: size, sha256 });
        Ok(part)
    }

    /// The ends of all guilds are what the events came to.
    fn check_guilds(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        let line = |number| BackupError::Damaged(format!("{GUILDS} does not parse at {number}"));
        let listed = lines::from_json_lines::<Value>(bytes).map_err(line)?;
        let ours = self.tally.guilds().map(|(guild, tally)| {
            json!({ "guild": guild, "events": tally.events, "chain": tally.chain.to_string() })
        });
        let differs = listed.len() != ours.len()
            || listed.iter().zip(ours).any(|(theirs, ours)| *theirs != ours);
        if differs {
            return Err(BackupError::Damaged(format!("{GUILDS} says otherwise than the events")));
        }
        self.guilds_checked = true;
        Ok(())
    }

    fn end(&mut self, bytes: &[u8]) -> Result<Kept, BackupError> {
        let cut = || BackupError::CutShort(format!("{MANIFEST} is not whole"));
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(cut)? + 1;
        let (text, sum) = bytes.split_at(end);
        if sum.len() < 65 {
            return Err(cut());
        }
        let damaged = |text: String| BackupError::Damaged(text);
        if sum != format!("{}\n", lines::sha256(text)).as_bytes() {
            return Err(damaged(format!("{MANIFEST} is not what was written")));
        }
        let manifest: Manifest = serde_json::from_slice(text)
            .map_err(|error| damaged(format!("{MANIFEST} does not parse: {error}")))?;
        for (listed, seen) in manifest.files.iter().zip(&self.seen) {
            if !self.seen.iter().any(|one| one.name == listed.name) {
                return Err(damaged(format!("{} is missing", listed.name)));
            }
            if listed != seen {
                return Err(damaged(format!("{} is not the file that was written", seen.name)));
            }
        }
        if manifest.files.len() != self.seen.len() {
            let (listed, seen) = (manifest.files.len(), self.seen.len());
            return Err(damaged(format!("{listed} files were written and {seen} are there")));
        }
        let id = self.header.as_ref().map_or("", |header| &header.id);
        if !self.guilds_checked || manifest.id != id || manifest.events != self.tally.events {
            return Err(damaged(format!("{MANIFEST} is of another backup")));
        }
        Ok(Kept {
            id: manifest.id,
            events: manifest.events,
            guilds: manifest.guilds,
            made: manifest.made,
            last_at: manifest.last_at,
            erasures: self.erasures,
            checkpoints: self.checkpoints,
        })
    }
}

/// Refuses what this version cannot read, before anything else is looked at.
fn header(bytes: &[u8]) -> Result<Header, BackupError> {
    let damaged = |what: &str| BackupError::Damaged(format!("{HEADER} {what}"));
    let header: Value = serde_json::from_slice(bytes).map_err(|_| damaged("does not parse"))?;
    let format =
        header["reeve_backup"].as_u64().ok_or_else(|| damaged("does not say its format"))?;
    if format > u64::from(FORMAT) {
        return Err(BackupError::Refused(format!(
            "the backup was made by a newer reeve (format {format}, this one reads up to \
             {FORMAT}); install that version or a newer one"
        )));
    }
    let header: Header =
        serde_json::from_value(header).map_err(|error| damaged(&error.to_string()))?;
    let ours = contract_version();
    if header.contract > ours {
        return Err(BackupError::Refused(format!(
            "the backup was made by a newer reeve (contract {}, this one reads up to {ours}); \
             install that version or a newer one",
            header.contract
        )));
    }
    Ok(header)
}
