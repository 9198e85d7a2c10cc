//! Writing a bundle: events with everything that their hashes cover, and the hashes that lead from
//! them to a signed checkpoint. `docs/proof-bundle.md` says what every line means.

mod lines;

use std::{
    collections::BTreeSet,
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
};

use domain::{DomainEvent as _, GuildId, PersonId, people};
use ed25519_dalek::SigningKey;
use serde::Serialize;

use self::lines::{Lines, concerns, owners};
use super::{
    ProofError, Proofs,
    checkpoint::{self, Signed},
    prover::Prover,
    tree::{Frontier, consistency_path, cover, inclusion_path, leaf},
};
use crate::{
    codec::decode,
    envelope::{Recorded, StreamId},
    log::{EventLog, LogError},
};

const PAGE: usize = 2_000;

/// Which events are proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All events of the guild from one sequence to another; up to the last sealed one where no
    /// end is given. Proven complete.
    Range { from: u64, to: Option<u64> },
    /// Those of one stream, such as a case, from its first on.
    Stream(StreamId),
    /// Those that name a person: what they did, gave and received.
    Person(PersonId),
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exported {
    pub guild: GuildId,
    pub events: u64,
    /// Persons among them whose erasure the bundle proves.
    pub erased_persons: u64,
    /// Events under the checkpoint.
    pub size: u64,
    pub verifier_key: String,
    pub bytes: u64,
}

/// Writes a bundle over the newest checkpoint. With `since`, an older checkpoint as somebody has
/// kept it, it also proves that history was only added to.
pub async fn export(
    proofs: &Proofs,
    log: &dyn EventLog,
    guild: GuildId,
    selection: &Selection,
    since: Option<&str>,
    path: &Path,
) -> Result<Exported, ProofError> {
    let signed = proofs.latest(guild).await?.ok_or_else(|| {
        ProofError::Refused(format!(
            "nothing of guild {guild} is sealed: it has no events, or `reeve serve` has not run \
             since the first"
        ))
    })?;
    if let Selection::Stream(stream) = selection
        && stream.guild() != guild
    {
        let text =
            format!("{stream} is a stream of guild {}, not of guild {guild}", stream.guild());
        return Err(ProofError::Refused(text));
    }
    let since = since.map(|note| older(guild, &signed, note)).transpose()?;
    let prover = Prover::new(proofs, log, guild);
    let key = proofs.current_key().await?.key;
    let (partial, mut lines) = create(path)?;
    let mut export = Export { log, guild, signed: &signed, key: &key, prover, lines: &mut lines };
    let written = match export.write(selection, since.as_ref()).await {
        Ok((events, erased_persons)) => lines.end(guild, events, &key).map(|bytes| Exported {
            guild,
            events,
            erased_persons,
            size: signed.checkpoint.size,
            verifier_key: checkpoint::verifier_key(guild, &key.verifying_key().to_bytes()),
            bytes,
        }),
        Err(error) => Err(error),
    };
    let written = written.and_then(|written| {
        std::fs::rename(&partial, path).map_err(|error| failed(path, &error))?;
        Ok(written)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    written
}

fn create(path: &Path) -> Result<(PathBuf, Lines), ProofError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let file = File::create(&partial).map_err(|error| failed(&partial, &error))?;
    Ok((partial, Lines::new(BufWriter::with_capacity(1 << 16, file))))
}

fn failed(path: &Path, error: &std::io::Error) -> ProofError {
    ProofError::Write(format!("{}: {error}", path.display()))
}

/// The older checkpoint that somebody has kept; it must be one of this guild.
fn older(guild: GuildId, signed: &Signed, note: &str) -> Result<(u64, String), ProofError> {
    let refused = |text: String| Err(ProofError::Refused(text));
    let Some(kept) = checkpoint::read(note) else {
        return refused(
            "the older checkpoint is none: its first lines are reeve/<guild>, a number and a root"
                .to_owned(),
        );
    };
    if kept.guild != guild {
        return refused(format!(
            "the older checkpoint is one of guild {}, not of guild {guild}",
            kept.guild
        ));
    }
    if kept.size > signed.checkpoint.size {
        return refused(format!(
            "the older checkpoint holds {} events, and only {} are sealed here",
            kept.size, signed.checkpoint.size
        ));
    }
    Ok((kept.size, note.to_owned()))
}

struct Export<'a> {
    log: &'a dyn EventLog,
    guild: GuildId,
    signed: &'a Signed,
    /// Signs the bundle; another one than has signed the checkpoint, where keys were changed.
    key: &'a SigningKey,
    prover: Prover<'a>,
    lines: &'a mut Lines,
}

impl Export<'_> {
    /// Answers how many events and erased persons were written.
    async fn write(
        &mut self,
        selection: &Selection,
        since: Option<&(u64, String)>,
    ) -> Result<(u64, u64), ProofError> {
        let size = self.signed.checkpoint.size;
        if self.prover.frontier(size).await?.root() != self.signed.checkpoint.root {
            return Err(self.contradiction());
        }
        let range = self.range(selection)?;
        self.lines.header(self.guild, selection, range)?;
        let signer = checkpoint::verifier_key(self.guild, &self.key.verifying_key().to_bytes());
        self.lines.key(&signer)?;
        if signer != self.signed.verifier_key() {
            self.lines.key(&self.signed.verifier_key())?;
        }
        self.lines.checkpoint(&self.signed.note())?;
        if let Some((older, note)) = since {
            let path = self.prover.subtrees(&consistency_path(*older, size)).await?;
            self.lines.since(note, &path)?;
        }
        let mentioned = self.owners(selection, range).await?;
        let erased = self.erasures(&mentioned).await?;
        let events = match range {
            Some((from, to)) => self.all_of(from, to).await?,
            None => self.some_of(selection).await?,
        };
        Ok((events, erased))
    }

    fn range(&self, selection: &Selection) -> Result<Option<(u64, u64)>, ProofError> {
        let Selection::Range { from, to } = selection else { return Ok(None) };
        let size = self.signed.checkpoint.size;
        let to = to.unwrap_or(size.max(*from));
        if *from == 0 || *from > to {
            let text = "a range goes from an event, counted from 1, to the same or a later one";
            return Err(ProofError::Refused(text.to_owned()));
        }
        if to > size {
            return Err(ProofError::Refused(format!(
                "only {size} events of guild {} are sealed; ask for a range up to there",
                self.guild
            )));
        }
        Ok(Some((*from, to)))
    }

    /// Whose sealed texts are in the events.
    async fn owners(
        &self,
        selection: &Selection,
        range: Option<(u64, u64)>,
    ) -> Result<BTreeSet<u32>, ProofError> {
        let mut found = BTreeSet::new();
        let (mut after, to) = match range {
            Some((from, to)) => (from - 1, to),
            None => (0, self.signed.checkpoint.size),
        };
        while let Some(page) = self.page(selection, &mut after, to).await? {
            for event in &page {
                owners(&event.payload, &mut found);
            }
        }
        Ok(found)
    }

    /// The next events of a selection, sound ones; none at its end.
    async fn page(
        &self,
        selection: &Selection,
        after: &mut u64,
        to: u64,
    ) -> Result<Option<Vec<Recorded>>, ProofError> {
        let mut page = match selection {
            Selection::Stream(stream) => self.log.read_stream(stream, *after, PAGE).await?,
            Selection::Range { .. } | Selection::Person(_) => {
                let left = usize::try_from(to - *after).unwrap_or(PAGE);
                self.log.read_guild(self.guild, *after, left.min(PAGE)).await?
            }
        };
        let Some(last) = page.last() else { return Ok(None) };
        *after = match selection {
            Selection::Stream(_) => last.version,
            Selection::Range { .. } | Selection::Person(_) => last.guild_seq,
        };
        // What came after the checkpoint is not proven by it.
        page.retain(|event| event.guild_seq <= to);
        if let Selection::Person(person) = selection {
            page.retain(|event| concerns(event, *person));
        }
        page.iter().try_for_each(Recorded::check)?;
        Ok(Some(page))
    }

    /// Proves of those persons who were erased that they were.
    async fn erasures(&mut self, mentioned: &BTreeSet<u32>) -> Result<u64, ProofError> {
        if mentioned.is_empty() {
            return Ok(0);
        }
        let category = people::Event::TYPES[0].name.split('.').next().unwrap_or_default();
        let stream = StreamId::of_guild(category, self.guild);
        let (mut after, mut count) = (0, 0);
        loop {
            let events = self.log.read_stream(&stream, after, PAGE).await?;
            let Some(last) = events.last() else { return Ok(count) };
            after = last.version;
            for event in events {
                let people::Event::PersonErased { person } = decode(&event)?;
                let sealed = event.guild_seq <= self.signed.checkpoint.size;
                if sealed && mentioned.contains(&person.0) {
                    let path = self.path(&event).await?;
                    self.lines.erased(&event, &path)?;
                    count += 1;
                }
            }
        }
    }

    async fn path(&mut self, event: &Recorded) -> Result<Vec<[u8; 32]>, ProofError> {
        let path = inclusion_path(event.guild_seq - 1, self.signed.checkpoint.size);
        self.prover.subtrees(&path).await
    }

    /// All events of a range, with the hashes left and right of them.
    async fn all_of(&mut self, from: u64, to: u64) -> Result<u64, ProofError> {
        let size = self.signed.checkpoint.size;
        let left = self.prover.cover(0..from - 1).await?;
        let right = self.prover.cover(to..size).await?;
        self.lines.range(&left, &right)?;
        let mut tree = Frontier::new(from - 1, left);
        let selection = Selection::Range { from, to: Some(to) };
        let mut after = from - 1;
        while let Some(page) = self.page(&selection, &mut after, to).await? {
            for event in page {
                if event.guild_seq != tree.size() + 1 {
                    let text =
                        format!("guild {}: event {} is missing", self.guild, tree.size() + 1);
                    return Err(LogError::Corrupt(text).into());
                }
                tree.push(leaf(&event.hash), |_, _| {});
                self.lines.event(&event, None)?;
            }
        }
        // What is handed out has been checked.
        for (place, hash) in cover(to..size).iter().zip(&right) {
            tree.push_perfect(place.level, *hash, |_, _| {});
        }
        let complete = tree.size() == size && tree.root() == self.signed.checkpoint.root;
        if complete { Ok(to - from + 1) } else { Err(self.contradiction()) }
    }

    async fn some_of(&mut self, selection: &Selection) -> Result<u64, ProofError> {
        let (mut after, mut count) = (0, 0);
        while let Some(page) = self.page(selection, &mut after, self.signed.checkpoint.size).await?
        {
            for event in page {
                let path = self.path(&event).await?;
                self.lines.event(&event, Some(&path))?;
                count += 1;
            }
        }
        if count == 0 {
            let text = "there is no sealed event of that kind, so there is nothing to prove";
            return Err(ProofError::Refused(text.to_owned()));
        }
        Ok(count)
    }

    fn contradiction(&self) -> ProofError {
        ProofError::Contradiction(format!(
            "the log of guild {guild} is not what was signed of it; run `reeve proof check --guild \
             {guild}`",
            guild = self.guild
        ))
    }
}
