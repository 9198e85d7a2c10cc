//! Making a backup while the log is written.

use std::{os::unix::fs::DirBuilderExt as _, path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{
    BackupError, ERASURES, Entry, FORMAT, GUILDS, HEADER, Header, MANIFEST, MAX_FILE_BYTES,
    Manifest, NUMBERS, SEGMENT_BYTES, SIGNING_KEYS, Sink, is_segment, is_signed, lines,
    read::numbers_line, segment_name, shelf, signed_name,
};
use crate::{
    contract_version,
    envelope::{Position, Recorded},
    log::{EventLog, LogError},
    moving::{Filling, Mark, Pages, Tally, log_id, read},
    people::{Erasures, Registry},
    proof::{Records, SigningKey},
};

/// What is backed up.
#[derive(Debug)]
pub struct Making<'a> {
    pub log: &'a Arc<dyn EventLog>,
    pub people: &'a Registry,
    pub proofs: &'a Records,
    /// The list of erasures.
    pub erasures: &'a Path,
    pub now: Timestamp,
    /// Most events of one segment: what a killed backup may have to read again.
    pub segment: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Made {
    pub id: String,
    pub events: u64,
    pub guilds: u64,
    pub bytes: u64,
    pub files: usize,
    /// Events that a backup which was cut short held already.
    pub resumed: u64,
}

/// A backup that grows.
struct Growing<'a> {
    sink: &'a mut Sink,
    files: Vec<Entry>,
    tally: Tally,
    text: Vec<u8>,
    /// Events in `text`.
    pending: usize,
    segments: usize,
    most: usize,
}

/// Everything that is in the log now. A folder in which a backup was begun is gone on with.
pub async fn make(
    making: &Making<'_>,
    sink: &mut Sink,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Made, BackupError> {
    let log = making.log;
    if let Some(filling) = read::<Filling>(&**log, Mark::Filling).await? {
        return Err(BackupError::Refused(format!(
            "the log is not complete: it is being filled from {}; finish that first",
            filling.from
        )));
    }
    // A log only grows, and becomes visible in order: what is there now is a whole history.
    let head = log.head().await?;
    let found = match &sink {
        Sink::Folder(folder) => begun(folder)?,
        Sink::Tar(_) => None,
    };
    let mut growing = Growing {
        sink,
        files: Vec::new(),
        tally: Tally::default(),
        text: Vec::new(),
        pending: 0,
        segments: 0,
        most: making.segment,
    };
    let (header, after) = match found {
        Some(header) => growing.go_on(header, log).await?,
        None => (growing.begin(making).await?, Position::START),
    };
    let resumed = growing.tally.events;
    let mut pages = Pages::new(Arc::clone(log), after, head).ahead();
    while let Some(page) = pages.recv().await {
        let page = page?;
        crate::sql::off_the_workers(|| growing.add(&page))?;
        progress(growing.tally.events, head.0);
    }
    let manifest = growing.end(making, &header).await?;
    let bytes = manifest.files.iter().map(|file| file.bytes).sum();
    let (id, files) = (manifest.id, manifest.files.len() + 1);
    Ok(Made { id, events: manifest.events, guilds: manifest.guilds, bytes, files, resumed })
}

/// The header of a backup that was begun in this folder; none in an empty one.
fn begun(folder: &Path) -> Result<Option<Header>, BackupError> {
    let created = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    created.map_err(|error| shelf::io_error(folder.display(), &error))?;
    let names = shelf::files(folder)?;
    let refused = |text: &str| {
        Err(BackupError::Refused(format!("{} {text}; choose an empty folder", folder.display())))
    };
    if names.is_empty() {
        return Ok(None);
    }
    if names.iter().any(|name| name == MANIFEST) {
        return refused("holds a finished backup");
    }
    if names[0] != HEADER {
        return refused("is not empty and holds no backup");
    }
    match serde_json::from_slice::<Header>(&shelf::read(&folder.join(HEADER))?) {
        Ok(header) if header.reeve_backup == FORMAT => Ok(Some(header)),
        _ => refused("holds a backup that another version of reeve began"),
    }
}

impl Growing<'_> {
    async fn begin(&mut self, making: &Making<'_>) -> Result<Header, BackupError> {
        let key_check = making.people.key_check().await?.map(|check| STANDARD.encode(check));
        let header = Header {
            reeve_backup: FORMAT,
            id: Uuid::new_v4().to_string(),
            log: log_id(&**making.log).await?,
            contract: contract_version(),
            begun: making.now,
            key_check,
        };
        let text = to_json(&header)?;
        self.put(HEADER, &text)?;
        Ok(header)
    }

    /// Checks and counts what an earlier run left, and answers where it ended.
    async fn go_on(
        &mut self,
        mut header: Header,
        log: &Arc<dyn EventLog>,
    ) -> Result<(Header, Position), BackupError> {
        let Sink::Folder(folder) = &*self.sink else { return Ok((header, Position::START)) };
        let folder = folder.clone();
        if header.log != log_id(&**log).await? {
            return Err(BackupError::Refused(format!(
                "{} holds the beginning of another log's backup; choose an empty folder",
                folder.display()
            )));
        }
        // What is added now may be of this version.
        header.contract = contract_version();
        let text = to_json(&header)?;
        self.put(HEADER, &text)?;
        let mut last: Option<Recorded> = None;
        let mut whole = true;
        for name in shelf::files(&folder)? {
            let path = folder.join(&name);
            let next = segment_name(self.segments + 1);
            if whole && name == next {
                let bytes = shelf::read(&path)?;
                match events_of(&bytes) {
                    Some(events) => {
                        for event in &events {
                            self.tally.check(event)?;
                        }
                        last = events.into_iter().next_back().or(last);
                        self.segments += 1;
                        self.files.push(entry(&name, &bytes));
                        continue;
                    }
                    None => whole = false,
                }
            }
            let made_at_the_end = [NUMBERS, ERASURES, GUILDS, SIGNING_KEYS];
            if is_segment(&name) || is_signed(&name) || made_at_the_end.contains(&name.as_str()) {
                std::fs::remove_file(&path)
                    .map_err(|error| shelf::io_error(path.display(), &error))?;
            }
        }
        let Some(last) = last else { return Ok((header, Position::START)) };
        match log.find(last.id).await? {
            Some(found) if found.hash == last.hash => Ok((header, found.position)),
            _ => Err(BackupError::Refused(format!(
                "{} holds the beginning of a backup that is not of this log's history; choose an \
                 empty folder",
                folder.display()
            ))),
        }
    }

    fn add(&mut self, page: &[Recorded]) -> Result<(), BackupError> {
        for event in page {
            self.tally.check(event)?;
            lines::write(&mut self.text, event)?;
            self.pending += 1;
            if self.text.len() >= SEGMENT_BYTES || self.pending >= self.most {
                self.close_segment()?;
            }
        }
        Ok(())
    }

    fn close_segment(&mut self) -> Result<(), BackupError> {
        if self.pending > 0 {
            self.segments += 1;
            let text = std::mem::take(&mut self.text);
            self.put(&segment_name(self.segments), &text)?;
            self.text = text;
            self.text.clear();
            self.pending = 0;
        }
        Ok(())
    }

    async fn end(&mut self, making: &Making<'_>, header: &Header) -> Result<Manifest, BackupError> {
        self.close_segment()?;
        // After the events, so that everybody who is in them is counted.
        let mut text = Vec::new();
        let mut after = None;
        loop {
            let page = making.people.numbers_after(after, 1_000).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.guild);
            text.extend(lines::json_lines(page.iter().map(numbers_line))?);
        }
        self.put(NUMBERS, &text)?;
        let erasures = Erasures::read(making.erasures)?;
        self.put(ERASURES, &lines::json_lines(erasures.iter())?)?;
        let guilds = self.tally.guilds().map(|(guild, tally)| {
            json!({ "guild": guild, "events": tally.events, "chain": tally.chain.to_string() })
        });
        let text = lines::json_lines(guilds)?;
        self.put(GUILDS, &text)?;
        self.put_proofs(making.proofs).await?;
        let manifest = Manifest {
            reeve_backup: FORMAT,
            id: header.id.clone(),
            events: self.tally.events,
            guilds: self.tally.guilds().len() as u64,
            last_at: (self.tally.events > 0).then_some(self.tally.last_at),
            made: making.now,
            files: self.files.clone(),
        };
        let mut text = to_json(&manifest)?;
        text.extend(format!("{}\n", lines::sha256(&text)).into_bytes());
        self.put(MANIFEST, &text)?;
        self.sink.finish()?;
        Ok(manifest)
    }

    /// The public keys, and what they signed of the events that are in the backup.
    async fn put_proofs(&mut self, proofs: &Records) -> Result<(), BackupError> {
        let keys = proofs.keys().await?.into_iter().map(SigningKey::public_part);
        self.put(SIGNING_KEYS, &lines::json_lines(keys)?)?;
        let (mut guild, mut size, mut segments) = (i64::MIN, 0, 0);
        let mut text = Vec::new();
        loop {
            let page = proofs.after(guild, size).await?;
            let last = page.last().map(|last| (last.guild.as_i64(), last.size));
            let held = page.into_iter().filter(|one| one.size <= self.tally.of(one.guild));
            text.extend(lines::json_lines(held)?);
            if !text.is_empty() && (text.len() >= SEGMENT_BYTES || last.is_none()) {
                segments += 1;
                self.put(&signed_name(segments), &std::mem::take(&mut text))?;
            }
            let Some(last) = last else { return Ok(()) };
            (guild, size) = last;
        }
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(BackupError::Refused(format!(
                "{name} would be larger than any file of a backup may be ({MAX_FILE_BYTES} bytes)"
            )));
        }
        self.sink.put(name, bytes)?;
        self.files.push(entry(name, bytes));
        Ok(())
    }
}

/// All events of a segment, or none where one of them is not whole.
fn events_of(segment: &[u8]) -> Option<Vec<Recorded>> {
    segment.ends_with(b"\n").then_some(())?;
    lines::split(segment)
        .map(|(_, line)| lines::read(line).filter(|event| event.verify().is_ok()))
        .collect()
}

fn entry(name: &str, bytes: &[u8]) -> Entry {
    Entry { name: name.to_owned(), bytes: bytes.len() as u64, sha256: lines::sha256(bytes) }
}

fn to_json(value: &impl serde::Serialize) -> Result<Vec<u8>, LogError> {
    let mut text = serde_json::to_vec(value).map_err(|error| LogError::Setup(error.to_string()))?;
    text.push(b'\n');
    Ok(text)
}
