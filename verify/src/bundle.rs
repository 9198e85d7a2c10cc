//! From the first line of a bundle to the last.

use std::{collections::HashSet, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use sha2::Digest as _;

use crate::{
    event::Event,
    events::{Frame, Seen, What, check_all, decode, proven},
    lines::Lines,
    note::{self, Checkpoint, Key, number},
    report::{Options, Report, Unreadable, count},
    tree::{Growing, Hash, is_consistent},
};

const MAX_KEYS: usize = 16;
/// Erased people that a bundle may name.
const MAX_ERASED: usize = 1_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    reeve_proof: u64,
    guild: String,
    from: Option<String>,
    to: Option<String>,
    stream: Option<String>,
    person: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyLine {
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointLine {
    checkpoint: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SinceLine {
    since: String,
    consistency: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErasedLine<'a> {
    #[serde(borrow)]
    erased: Event<'a>,
    proof: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeLine {
    left: Vec<String>,
    right: Vec<String>,
}

/// Why a bundle is not valid, or cannot be read.
enum Stop {
    Problem(String),
    Unreadable(Unreadable),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Unreadable(Unreadable::Io(error))
    }
}

fn problem<T>(text: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Problem(text.into()))
}

/// Reads a bundle once and says whether it proves what it shows.
pub fn verify(path: &Path, options: &Options) -> Result<Report, Unreadable> {
    let mut check = Check::new(Lines::open(path)?);
    let stopped = check.run(options);
    let mut report = check.report;
    match stopped {
        Ok(()) => report.valid = true,
        Err(Stop::Problem(text)) => {
            report.problems.push(text);
            report.trusted_key = false;
        }
        Err(Stop::Unreadable(unreadable)) => return Err(unreadable),
    }
    Ok(report)
}

struct Check {
    lines: Lines,
    report: Report,
    keys: Vec<Key>,
    erased: HashSet<u64>,
}

impl Check {
    fn new(lines: Lines) -> Self {
        let report = Report {
            valid: false,
            events: 0,
            erased: 0,
            problems: Vec::new(),
            guild: String::new(),
            size: 0,
            trusted_key: false,
            proves: Vec::new(),
        };
        Self { lines, report, keys: Vec::new(), erased: HashSet::new() }
    }

    fn run(&mut self, options: &Options) -> Result<(), Stop> {
        let (guild, what) = self.header()?;
        self.keys(options)?;
        let checkpoint = self.checkpoint(guild)?;
        let since = self.since(&checkpoint)?;
        self.erasures(&checkpoint)?;
        let kept = self.kept(options, &checkpoint, since.as_ref())?;
        let mut tree = Growing::default();
        let right = self.range(&what, &checkpoint, &mut tree)?;
        let wanted =
            kept.filter(|kept| Self::leads_to(kept, &checkpoint, since.as_ref()).is_none());
        self.events(&what, &checkpoint, &mut tree, wanted.as_ref())?;
        if let What::Range { to, .. } = what {
            Self::complete(to, &checkpoint, &mut tree, &right)?;
        }
        self.end()?;
        self.in_words(&what, options, since.as_ref());
        Ok(())
    }

    fn header(&mut self) -> Result<(u64, What), Stop> {
        let not_one = || Stop::Unreadable(Unreadable::NotABundle);
        if !self.lines.peek().is_some_and(|line| line.starts_with(b"{\"reeve_proof\":")) {
            return Err(not_one());
        }
        let line = self.lines.take()?;
        // Looked at first: a newer form may well have other fields.
        match format_of(&line) {
            Some(1) => {}
            Some(newer) => return Err(Stop::Unreadable(Unreadable::Newer(newer))),
            None => return Err(not_one()),
        }
        let header: Header = parse(1, &line)?;
        if header.reeve_proof != 1 {
            return problem("line 1 names two formats");
        }
        let Some(guild) = number(&header.guild) else {
            return problem("line 1: the guild is not a number");
        };
        header.guild.clone_into(&mut self.report.guild);
        let read = |text: &Option<String>| text.as_deref().and_then(number);
        let what = match (&header.stream, &header.person, read(&header.from), read(&header.to)) {
            (Some(stream), None, None, None) => What::Stream(stream.clone()),
            (None, Some(person), None, None) => match number(person) {
                Some(person) => What::Person(person),
                None => return problem("line 1: the person is not a number"),
            },
            (None, None, Some(from), Some(to)) if from >= 1 && from <= to => {
                What::Range { from, to }
            }
            _ => return problem("line 1 does not say which events these are"),
        };
        Ok((guild, what))
    }

    /// A line of the part before the events, where it begins like this.
    fn line(&mut self, begin: &str) -> Result<Option<(u64, Vec<u8>)>, Stop> {
        if !self.lines.peek().is_some_and(|line| line.starts_with(begin.as_bytes())) {
            return Ok(None);
        }
        let number = self.lines.number();
        Ok(Some((number, self.lines.take()?)))
    }

    /// The keys to trust: those that were given, else those of the bundle.
    fn keys(&mut self, options: &Options) -> Result<(), Stop> {
        let mut inside = Vec::new();
        while let Some((number, line)) = self.line("{\"key\":")? {
            let KeyLine { key } = parse(number, &line)?;
            match Key::parse(&key) {
                Some(key) if inside.len() < MAX_KEYS => inside.push(key),
                _ => {
                    return problem(format!(
                        "line {number} holds no key of the form name+hash+base64"
                    ));
                }
            }
        }
        self.keys = inside;
        if !options.keys.is_empty() {
            self.keys.clear();
            for key in &options.keys {
                let key = Key::parse(key.trim()).ok_or_else(|| {
                    Stop::Unreadable(Unreadable::Given(format!(
                        "{key:?} is no key; `reeve proof key` prints one of the form \
                         name+hash+base64"
                    )))
                })?;
                self.keys.push(key);
            }
            self.report.trusted_key = true;
        }
        Ok(())
    }

    fn checkpoint(&mut self, guild: u64) -> Result<Checkpoint, Stop> {
        let Some((number, line)) = self.line("{\"checkpoint\":")? else {
            return problem(format!("line {} should hold the checkpoint", self.lines.number()));
        };
        let CheckpointLine { checkpoint } = parse(number, &line)?;
        let checkpoint = note::open(&checkpoint, &self.keys)
            .or_else(|text| problem(format!("the checkpoint {text}")))?;
        if checkpoint.guild != guild {
            return problem(format!(
                "the checkpoint is one of guild {}, and the bundle is of guild {guild}",
                checkpoint.guild
            ));
        }
        self.report.size = checkpoint.size;
        Ok(checkpoint)
    }

    /// An older checkpoint in the bundle, to which the newer one only adds.
    fn since(&mut self, newer: &Checkpoint) -> Result<Option<Checkpoint>, Stop> {
        let Some((number, line)) = self.line("{\"since\":")? else { return Ok(None) };
        let SinceLine { since, consistency } = parse(number, &line)?;
        let older = note::open(&since, &self.keys)
            .or_else(|text| problem(format!("the older checkpoint {text}")))?;
        if older.guild != newer.guild {
            return problem(format!("the older checkpoint is one of guild {}", older.guild));
        }
        let path = hashes(number, &consistency)?;
        if !is_consistent((older.size, older.root), (newer.size, newer.root), &path) {
            return problem(format!(
                "the history was rewritten: it does not begin with the {} events of the older \
                 checkpoint",
                older.size
            ));
        }
        Ok(Some(older))
    }

    fn erasures(&mut self, checkpoint: &Checkpoint) -> Result<(), Stop> {
        let mut last = 0;
        while let Some((number, line)) = self.line("{\"erased\":")? {
            let ErasedLine { erased, proof } = parse(number, &line)?;
            let path = hashes(number, &proof)?;
            let Some(person) = erased.erased_person() else {
                return problem(format!("line {number} does not say that somebody was erased"));
            };
            let (_, place) = proven(&erased, &path, checkpoint)
                .or_else(|text| problem(format!("line {number}: {text}")))?;
            if place.guild_seq <= last {
                return problem(format!("line {number} is not in its order"));
            }
            last = place.guild_seq;
            if self.erased.len() >= MAX_ERASED {
                return problem("more people are erased than a bundle may name");
            }
            self.erased.insert(person);
        }
        Ok(())
    }

    /// The checkpoint that whoever asks has kept.
    fn kept(
        &self,
        options: &Options,
        checkpoint: &Checkpoint,
        since: Option<&Checkpoint>,
    ) -> Result<Option<Checkpoint>, Stop> {
        let Some(note) = &options.checkpoint else { return Ok(None) };
        let kept = note::open(note, &self.keys)
            .or_else(|text| problem(format!("the checkpoint that you gave {text}")))?;
        if kept.guild != checkpoint.guild {
            return problem(format!(
                "the checkpoint that you gave is one of guild {}, and the bundle is of guild {}",
                kept.guild, checkpoint.guild
            ));
        }
        if kept.size > checkpoint.size {
            return problem(format!(
                "the checkpoint that you gave holds {} events, the bundle's only {}: the bundle is \
                 older, or events were taken away",
                kept.size, checkpoint.size
            ));
        }
        if Self::leads_to(&kept, checkpoint, since) == Some(false) {
            return problem(rewritten(kept.size));
        }
        Ok(Some(kept))
    }

    /// Whether it is one of the bundle's own checkpoints; none where it is of another size.
    fn leads_to(
        kept: &Checkpoint,
        checkpoint: &Checkpoint,
        since: Option<&Checkpoint>,
    ) -> Option<bool> {
        let mut own = [Some(checkpoint), since].into_iter().flatten();
        own.find(|own| own.size == kept.size).map(|own| own.root == kept.root)
    }

    /// What lies left of a range goes into the tree; what lies right of it is answered.
    fn range(
        &mut self,
        what: &What,
        checkpoint: &Checkpoint,
        tree: &mut Growing,
    ) -> Result<Vec<Hash>, Stop> {
        let What::Range { from, to } = what else { return Ok(Vec::new()) };
        let Some((number, line)) = self.line("{\"left\":")? else {
            let number = self.lines.number();
            return problem(format!("line {number} should hold what is beside the range"));
        };
        let RangeLine { left, right } = parse(number, &line)?;
        if *to > checkpoint.size || !tree.add_up_to(from - 1, &hashes(number, &left)?) {
            return problem(format!("line {number}: the range is not one of the signed history"));
        }
        hashes(number, &right)
    }

    fn events(
        &mut self,
        what: &What,
        checkpoint: &Checkpoint,
        tree: &mut Growing,
        wanted: Option<&Checkpoint>,
    ) -> Result<(), Stop> {
        let (mut last_seq, mut version) = (0, 0);
        let mut unproven = wanted;
        loop {
            // A kept checkpoint of a size that the range passes is checked in passing.
            if unproven
                .is_some_and(|kept| matches!(what, What::Range { .. }) && kept.size == tree.size())
            {
                if unproven.is_some_and(|kept| kept.root != tree.root()) {
                    return problem(rewritten(tree.size()));
                }
                unproven = None;
            }
            let batch = self.lines.batch()?;
            if batch.lines.is_empty() {
                break;
            }
            let frame = Frame { what, checkpoint, erased: &self.erased };
            let digest = &mut self.lines.digest;
            let seen = check_all(&batch, &frame, || digest.update(&batch.bytes));
            for (number, seen) in (batch.first..).zip(seen) {
                let Seen { leaf, place, erased } =
                    seen.or_else(|text| problem(format!("line {number}: {text}")))?;
                let expected = match what {
                    What::Range { .. } => {
                        let in_order = place.guild_seq == tree.size() + 1;
                        tree.add_leaf(leaf);
                        in_order
                    }
                    What::Stream(_) => place.version == version + 1 && place.guild_seq > last_seq,
                    What::Person(_) => place.guild_seq > last_seq,
                };
                if !expected {
                    return problem(format!(
                        "line {number}: event {} is not the next one: events are missing, doubled \
                         or in another order",
                        place.guild_seq
                    ));
                }
                (last_seq, version) = (place.guild_seq, place.version);
                self.report.events += 1;
                self.report.erased += u64::from(erased);
                if let Some(kept) = unproven.filter(|kept| kept.size == tree.size()) {
                    if kept.root != tree.root() {
                        return problem(rewritten(kept.size));
                    }
                    unproven = None;
                }
            }
        }
        match unproven {
            Some(kept) => problem(format!(
                "nothing in the bundle leads from the checkpoint that you gave, over {} events, to \
                 its own; export it again with --since and that checkpoint",
                kept.size
            )),
            None => Ok(()),
        }
    }

    fn complete(
        to: u64,
        checkpoint: &Checkpoint,
        tree: &mut Growing,
        right: &[Hash],
    ) -> Result<(), Stop> {
        if tree.size() != to {
            return problem(format!(
                "the range ends at event {to}, and the last event is {}: the bundle was cut",
                tree.size()
            ));
        }
        if !tree.add_up_to(checkpoint.size, right) {
            return problem("what is said to follow the range does not fit the signed history");
        }
        if tree.root() != checkpoint.root {
            return problem(
                "the events are not those that were signed: at least one was altered, left out, \
                 added or moved",
            );
        }
        Ok(())
    }

    /// The last line says what came before it, and is signed: a part that was left out is missed.
    fn end(&mut self) -> Result<(), Stop> {
        let digest = self.lines.digest.clone().finalize();
        let note = self.lines.end()?.or_else(problem)?;
        let text = note::signed_text(&note, &self.keys)
            .or_else(|text| problem(format!("the last line {text}")))?;
        let Report { guild, events, .. } = &self.report;
        let digest = STANDARD.encode(digest);
        if text != format!("reeve/{guild}\nbundle of {events} events\n{digest}\n") {
            return problem(
                "the last line does not fit what is before it: a part of the bundle was changed, \
                 added or taken away",
            );
        }
        Ok(())
    }

    fn in_words(&mut self, what: &What, options: &Options, since: Option<&Checkpoint>) {
        let Report { events, erased, guild, size, .. } = &self.report;
        let mut says = vec![match what {
            What::Range { from, to } => format!(
                "These are all events of guild {guild} from number {from} to {to}, in their order: \
                 none is left out, none was altered."
            ),
            What::Stream(stream) => format!(
                "These are the first {} of {stream}, in their order: none between them is left \
                 out, none was altered. That there are no later ones, whoever signed it says; only \
                 a range proves it.",
                count(*events, "event")
            ),
            What::Person(person) => format!(
                "These events of guild {guild} name person {person}, and none was altered. That \
                 there are no others, whoever signed it says; only a range proves it."
            ),
        }];
        says.push(format!("They are part of a signed history of {}.", count(*size, "event")));
        if let Some(older) = since {
            let older = count(older.size, "event");
            says.push(format!("Since the older checkpoint, over {older}, it was only added to."));
        }
        if options.checkpoint.is_some() {
            says.push("It is the history of the checkpoint that you gave.".to_owned());
        }
        if *erased > 0 {
            says.push(format!(
                "{} of these hold texts of people who were erased: the texts are gone for good, \
                 what happened stays proven.",
                count(*erased, "event")
            ));
        }
        says.push(if self.report.trusted_key {
            "The signature is of the key that you gave.".to_owned()
        } else {
            "The signature was only checked against the key in the bundle itself, and whoever makes \
             a bundle can make a key: give the one you know with --key."
                .to_owned()
        });
        self.report.proves = says;
    }
}

fn rewritten(size: u64) -> String {
    format!(
        "the history was rewritten: its first {size} events are not those of the checkpoint that you gave"
    )
}

fn parse<'a, T: Deserialize<'a>>(number: u64, line: &'a [u8]) -> Result<T, Stop> {
    serde_json::from_slice(line)
        .or_else(|error| problem(format!("line {number} is not what it should be: {error}")))
}

fn hashes(number: u64, texts: &[String]) -> Result<Vec<Hash>, Stop> {
    decode(texts).or_else(|text| problem(format!("line {number}: {text}")))
}

/// The number behind the first name of a header.
fn format_of(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?.strip_prefix("{\"reeve_proof\":")?;
    let digits = text.split(|c: char| !c.is_ascii_digit()).next()?;
    number(digits).filter(|format| *format >= 1)
}
